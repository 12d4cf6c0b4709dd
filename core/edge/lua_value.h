/* lua_value: values of records as scripts see them, and exact decimals as userdata.
 *
 * Whole numbers are Lua integers, booleans and texts their own, a date is "2026-05-01", a moment "2026-05-01T10:00:00Z", a duration "PT1H30M"; decimal, money
 * and percent are userdata with + - * / comparison and tostring, never Lua's floating point. Records are the caller's (lua_hooks). */
#ifndef OST_EDGE_LUA_VALUE_H
#define OST_EDGE_LUA_VALUE_H

#include <lua.h>
#include <stdbool.h>

#include "base/value.h"

struct arena;

/* Makes the metatable of decimals; once a state. */
void lua_value_open(lua_State *L);
/* Pushes a value; ids and lists as plain numbers. */
void lua_value_push(lua_State *L, const struct value *v);
/* The value at `index` (nil, boolean, number, text, decimal) in `a`; false for anything else. */
bool lua_value_take(lua_State *L, int index, struct arena *a, struct value *out);
/* The same of an amount: with its currency ("" none), so that amounts in two currencies are neither added nor compared. */
void lua_value_push_money(lua_State *L, const struct value *v, const char *currency);
/* Pushes a decimal out of a number, text or decimal at `index`; raises when it is none. */
void lua_value_push_decimal(lua_State *L, int index);

#endif
