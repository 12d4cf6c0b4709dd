#include "edge/lua_hooks.h"

#include "serve/event.h"

void lua_hooks_setup(void)
{
	event_register_jobs();
}
