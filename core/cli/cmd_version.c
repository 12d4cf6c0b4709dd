/* cmd_version: `ostov version`, which Ostov this is and what it runs with. */
#include "cli/args.h"
#include "cli/cli.h"
#include "config.h"

#include <lua.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

static const char help[] = "usage: ostov version [--json]\n\nPrints the versions of Ostov and of the main libraries it runs with.\n";

int cmd_version(int argc, char **argv)
{
	bool json = false;
	int code;
	const struct args_option options[] = {{.name = "--json", .flag = &json}};
	const struct args args = {"version", help, options, 1, NULL, 0};
	if (!args_read(&args, argc, argv, &code))
		return code;
	const char *lua = LUA_VERSION_MAJOR "." LUA_VERSION_MINOR "." LUA_VERSION_RELEASE;
	const char *format = json ? "{\"ostov\":\"%s\",\"lua\":\"%s\",\"libmicrohttpd\":\"%s\",\"libuv\":\"%s\"}\n"
							  : "ostov %s\nLua %s, libmicrohttpd %s, libuv %s\n";
	printf(format, PACKAGE_VERSION, lua, MHD_get_version(), uv_version_string());
	return CLI_OK;
}
