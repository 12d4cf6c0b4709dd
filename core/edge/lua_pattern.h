/* lua_pattern: Lua's patterns with a step limit: find, match, gmatch, gsub. The library's own backtrack without end on some patterns. */
#ifndef OST_EDGE_LUA_PATTERN_H
#define OST_EDGE_LUA_PATTERN_H

#include <lua.h>

/* Sets the four functions into the table on top of the stack. */
void lua_pattern_open(lua_State *L);

#endif
