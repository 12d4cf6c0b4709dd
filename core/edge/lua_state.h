/* lua_state: a Lua state at run time that cannot hold anybody up: instructions, memory and processor time are counted.
 *
 * One run may execute LUA_STEPS instructions (functions in C pay for what they work through), hold LUA_MEMORY bytes (LUA_VALUE in
 * one text or table), allocate LUA_FUEL in all and use
 * LUA_CPU_MS of the processor; waiting for the database does not count. When a budget is gone nothing goes on in that state, not under pcall, not in a
 * coroutine, and the owner throws it away. Not here: what scripts may call (lua_sandbox), hooks (lua_hooks). */
#ifndef OST_EDGE_LUA_STATE_H
#define OST_EDGE_LUA_STATE_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define LUA_STEPS 1000000
#define LUA_MEMORY (8u * 1024 * 1024)
#define LUA_VALUE (2u * 1024 * 1024)
#define LUA_FUEL (64u * 1024 * 1024)
#define LUA_CPU_MS 200
/* Calls from C back into Lua, one in another: sort, gsub, pcall, coroutines. */
#define LUA_DEPTH 40

struct arena;

struct lua_state {
	lua_State *L;          /* main thread: never runs scripts itself */
	lua_State *running;    /* coroutine in which a script runs now, NULL none */
	int64_t left;          /* instructions */
	size_t held;           /* bytes */
	size_t refused;        /* bytes that were asked for and not given last */
	int64_t fuel;          /* bytes that may still be allocated */
	const char *over;      /* which budget is gone, in words for a person; NULL none */
	int depth;             /* of LUA_DEPTH */
	int64_t cpu_ns;        /* processor time left */
	struct timespec since; /* when the processor time was last looked at */
	uint64_t turn;         /* of the fibers, when it was looked at before something that may wait */
	struct arena *scratch; /* for arithmetic; emptied by whoever used it */
	void *owner;           /* of lua_hooks */
};

/* A state without any library; NULL when there is no memory. */
struct lua_state *lua_state_new(void);
void lua_state_delete(struct lua_state *s);
struct lua_state *lua_state_of(lua_State *L);
/* Gives the full budgets back: before a run that is not inside another. */
void lua_state_refill(struct lua_state *s);
/* Runs the function and its nargs arguments on top of co's stack to its end: 0, or -1 with the error object on top (or s->over set). */
int lua_state_run(struct lua_state *s, lua_State *co, int nargs);
/* Takes n instructions; raises when there are none left. */
void lua_state_spend(lua_State *L, int64_t n);
/* Raises in the way that nothing catches, if a budget is gone. */
void lua_state_check(lua_State *L);
/* Enters a call from C into Lua; raises when too many are open. lua_state_leave undoes it. */
void lua_state_enter(lua_State *L);
void lua_state_leave(lua_State *L);
/* The processor time between the two belongs to somebody else (the database, other requests) where something was waited for; else it is the script's own. */
void lua_state_pause(struct lua_state *s);
void lua_state_resume(struct lua_state *s);

#endif
