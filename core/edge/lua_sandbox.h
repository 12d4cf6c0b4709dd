/* lua_sandbox: what scripts may call at run time: Lua's own functions, each bounded, without those that reach out of the state or cannot be interrupted.
 *
 * There is no load, dofile, require, io, os, debug, string.dump, collectgarbage, rawset on libraries, xpcall, __gc, __close. Libraries are frozen and the
 * metatable of texts is hidden, so nothing that a script does outlives it. Not here: the record and ctx (lua_hooks). */
#ifndef OST_EDGE_LUA_SANDBOX_H
#define OST_EDGE_LUA_SANDBOX_H

#include <lua.h>

/* Pushes the environment of scripts: a table that can be read and not set. `extra`: functions further to the library's, in a table on top of the stack, which
 * is replaced by the environment. */
void lua_sandbox_open(lua_State *L);
/* The error object at `index` as text without calling anything of the script's. */
const char *lua_sandbox_error_text(lua_State *L, int index);

#endif
