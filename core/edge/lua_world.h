/* lua_world: the closed world in which a configuration loads: a Lua state with a budget and the few functions that give the same everywhere.
 *
 * The budget counts instructions and bytes allocated; when it is gone every further instruction fails, also under pcall. The caller owns the state and
 * ends it by world_delete. Not here: words of the language (lua_load), the world of hooks, which may wait and be interrupted. */
#ifndef OST_EDGE_LUA_WORLD_H
#define OST_EDGE_LUA_WORLD_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct world;

/* A state that may run `instructions` and hold `memory` bytes; NULL when there is no memory for it. */
lua_State *world_new(struct world **out, int64_t instructions, size_t memory);
void world_delete(lua_State *L, struct world *w);
/* Sets the functions into the table on top of the stack: pairs, type, string, table, math, utf8 … */
void world_open(lua_State *L);
/* Takes n from the budget; raises when it is gone. */
void world_spend(lua_State *L, int64_t n);
/* True when a limit was met: nothing more runs in this state. */
bool world_exhausted(lua_State *L);
/* True for a function of Lua that this world does not have. */
bool world_withheld(const char *name);

#endif
