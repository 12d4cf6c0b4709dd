#include "edge/lua_sandbox.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "edge/lua_pattern.h"
#include "edge/lua_state.h"

enum { UNPACK_MAX = 250, BYTES_MAX = 1000, FORMAT_MAX = 4000 };

/* ---- base ---- */

static int base_pcall(lua_State *L)
{
	luaL_checkany(L, 1);
	struct lua_state *s = lua_state_of(L);
	int depth = s->depth;
	lua_state_enter(L);
	int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
	/* an error comes past functions that had entered and not left */
	s->depth = depth;
	lua_state_check(L);
	lua_pushboolean(L, status == LUA_OK);
	lua_insert(L, 1);
	return lua_gettop(L);
}

static const char *const withheld[] = {"__gc", "__close", "__mode"};

/* The table gets a copy: what is put into the original afterwards does not count. */
static int base_setmetatable(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	int type = lua_type(L, 2);
	luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
	lua_settop(L, 2);
	if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
		return luaL_error(L, "the metatable is protected");
	if (type == LUA_TNIL) {
		lua_pushnil(L);
	} else {
		lua_newtable(L);
		lua_pushnil(L);
		while (lua_next(L, 2)) {
			lua_state_spend(L, 1);
			lua_pushvalue(L, -2);
			lua_insert(L, -2);
			lua_rawset(L, 3);
		}
		for (size_t i = 0; i < sizeof withheld / sizeof *withheld; i++) {
			lua_pushstring(L, withheld[i]);
			lua_pushnil(L);
			lua_rawset(L, 3);
		}
	}
	lua_setmetatable(L, 1);
	lua_settop(L, 1);
	return 1;
}

static int base_getmetatable(lua_State *L)
{
	luaL_checkany(L, 1);
	if (lua_type(L, 1) != LUA_TTABLE || !lua_getmetatable(L, 1)) {
		lua_pushnil(L);
		return 1;
	}
	luaL_getmetafield(L, 1, "__metatable");
	return 1;
}

static int base_tostring(lua_State *L)
{
	luaL_checkany(L, 1);
	switch (lua_type(L, 1)) {
	case LUA_TTABLE:
	case LUA_TUSERDATA:
		lua_state_enter(L);
		luaL_tolstring(L, 1, NULL);
		lua_state_leave(L);
		if (luaL_getmetafield(L, 1, "__tostring") == LUA_TNIL)
			lua_pushstring(L, luaL_typename(L, 1)); /* no address */
		else
			lua_pop(L, 1);
		return 1;
	case LUA_TFUNCTION:
	case LUA_TTHREAD: lua_pushstring(L, luaL_typename(L, 1)); return 1;
	default: luaL_tolstring(L, 1, NULL); return 1;
	}
}

static int base_rawset(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
		return luaL_error(L, "the table cannot be changed");
	lua_settop(L, 3);
	lua_rawset(L, 1);
	return 1;
}

static int base_tonumber(lua_State *L)
{
	if (lua_type(L, 1) == LUA_TSTRING)
		lua_state_spend(L, (int64_t)lua_rawlen(L, 1) / 16 + 1);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, 1);
	return 1;
}

/* ---- string ---- */

static int string_rep(lua_State *L)
{
	size_t len, sep;
	const char *s = luaL_checklstring(L, 1, &len), *between = luaL_optlstring(L, 3, "", &sep);
	lua_Integer n = luaL_checkinteger(L, 2);
	if (n <= 0) {
		lua_pushliteral(L, "");
		return 1;
	}
	if (len + sep < len || (len + sep > 0 && (size_t)n > LUA_VALUE / (len + sep))) {
		lua_state_of(L)->over = "memory (2 MB for one value)";
		lua_state_check(L);
	}
	lua_state_spend(L, (int64_t)((len + sep) * (size_t)n / 16) + (len + sep ? n / 4 : 0) + 1);
	luaL_Buffer b;
	luaL_buffinit(L, &b);
	if (len + sep > 0) {
		while (n-- > 1) {
			luaL_addlstring(&b, s, len);
			luaL_addlstring(&b, between, sep);
		}
		luaL_addlstring(&b, s, len);
	}
	luaL_pushresult(&b);
	return 1;
}

/* Calls the library's function (upvalue 1) after paying for the length of the first argument. */
static int string_paid(lua_State *L)
{
	size_t len;
	luaL_checklstring(L, 1, &len);
	lua_state_spend(L, (int64_t)len / 16 + 1);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
	return lua_gettop(L);
}

static int string_byte(lua_State *L)
{
	size_t len;
	luaL_checklstring(L, 1, &len);
	lua_Integer from = luaL_optinteger(L, 2, 1), to = luaL_optinteger(L, 3, from);
	if (from < 0)
		from += (lua_Integer)len + 1;
	if (to < 0)
		to += (lua_Integer)len + 1;
	if (to > (lua_Integer)len)
		to = (lua_Integer)len;
	if (to - from >= BYTES_MAX)
		return luaL_error(L, "string.byte gives at most %d bytes", BYTES_MAX);
	return string_paid(L);
}

static int string_format(lua_State *L)
{
	size_t len, all;
	luaL_checklstring(L, 1, &len);
	if (len > FORMAT_MAX)
		return luaL_error(L, "a format has at most %d characters", FORMAT_MAX);
	for (const char *f = strchr(lua_tostring(L, 1), '%'); f; f = strchr(f, '%')) {
		f += 1 + strspn(f + 1, "-+ #0123456789.");
		if (*f == 'p')
			return luaL_error(L, "'%%p' shows an address");
		f += *f != '\0';
	}
	all = len;
	for (int i = 2; i <= lua_gettop(L); i++) {
		if (lua_type(L, i) >= LUA_TTABLE && lua_type(L, i) != LUA_TUSERDATA) {
			lua_pushstring(L, luaL_typename(L, i));
			lua_replace(L, i);
		} else if (lua_type(L, i) == LUA_TSTRING) {
			all += lua_rawlen(L, i);
		}
	}
	lua_state_spend(L, (int64_t)all / 16 + 1);
	lua_state_enter(L);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, 1);
	lua_state_leave(L);
	lua_state_check(L);
	return 1;
}

/* ---- table: raw, so that no metamethod lies about lengths ---- */

static lua_Integer length_of(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	return (lua_Integer)lua_rawlen(L, 1);
}

static void unlocked(lua_State *L)
{
	if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
		luaL_error(L, "the table cannot be changed");
}

static int table_insert(lua_State *L)
{
	lua_Integer n = length_of(L), at = n + 1;
	unlocked(L);
	if (lua_gettop(L) == 3) {
		at = luaL_checkinteger(L, 2);
		luaL_argcheck(L, at >= 1 && at <= n + 1, 2, "position out of bounds");
	} else if (lua_gettop(L) != 2) {
		return luaL_error(L, "wrong number of arguments to 'insert'");
	}
	lua_state_spend(L, (n - at) / 4 + 1);
	for (lua_Integer i = n; i >= at; i--) {
		lua_rawgeti(L, 1, i);
		lua_rawseti(L, 1, i + 1);
	}
	lua_rawseti(L, 1, at);
	return 0;
}

static int table_remove(lua_State *L)
{
	lua_Integer n = length_of(L), at = luaL_optinteger(L, 2, n);
	unlocked(L);
	if (lua_gettop(L) > 1 && n + 1 != at)
		luaL_argcheck(L, at >= 1 && at <= n + 1, 2, "position out of bounds");
	lua_state_spend(L, (n - at) / 4 + 1);
	lua_rawgeti(L, 1, at);
	for (; at < n; at++) {
		lua_rawgeti(L, 1, at + 1);
		lua_rawseti(L, 1, at);
	}
	if (at <= n) {
		lua_pushnil(L);
		lua_rawseti(L, 1, at);
	}
	return 1;
}

static int table_concat(lua_State *L)
{
	size_t sep;
	lua_Integer n = length_of(L);
	const char *between = luaL_optlstring(L, 2, "", &sep);
	lua_Integer from = luaL_optinteger(L, 3, 1), to = luaL_optinteger(L, 4, n);
	if (from > to) {
		lua_pushliteral(L, "");
		return 1;
	}
	if (to > n || from < 1)
		return luaL_error(L, "table.concat: the positions go beyond the table");
	luaL_Buffer b;
	luaL_buffinit(L, &b);
	for (lua_Integer i = from; i <= to; i++) {
		lua_rawgeti(L, 1, i);
		if (!lua_isstring(L, -1))
			return luaL_error(L, "table.concat: value %d is a %s", (int)i, luaL_typename(L, -1));
		lua_state_spend(L, 1 + (int64_t)(lua_rawlen(L, -1) + sep) / 16);
		luaL_addvalue(&b);
		if (i < to)
			luaL_addlstring(&b, between, sep);
	}
	luaL_pushresult(&b);
	return 1;
}

static int table_unpack(lua_State *L)
{
	lua_Integer n = length_of(L), from = luaL_optinteger(L, 2, 1), to = luaL_optinteger(L, 3, n);
	if (from > to)
		return 0;
	if (from < -UNPACK_MAX || to > UNPACK_MAX || to - from >= UNPACK_MAX)
		return luaL_error(L, "table.unpack gives at most %d values", UNPACK_MAX);
	luaL_checkstack(L, (int)(to - from) + 1, "too many values");
	for (lua_Integer i = from; i <= to; i++)
		lua_rawgeti(L, 1, i);
	return (int)(to - from + 1);
}

static int table_pack(lua_State *L)
{
	int n = lua_gettop(L);
	lua_createtable(L, n, 1);
	lua_insert(L, 1);
	for (int i = n; i >= 1; i--)
		lua_rawseti(L, 1, i);
	lua_pushinteger(L, n);
	lua_setfield(L, 1, "n");
	return 1;
}

static bool before(lua_State *L, bool compare)
{
	lua_state_spend(L, 1);
	bool r;
	lua_state_enter(L);
	if (compare) {
		lua_pushvalue(L, 2);
		lua_pushvalue(L, -3);
		lua_pushvalue(L, -3);
		lua_call(L, 2, 1);
		r = lua_toboolean(L, -1);
		lua_pop(L, 1);
	} else {
		r = lua_compare(L, -2, -1, LUA_OPLT);
	}
	lua_state_leave(L);
	lua_state_check(L);
	return r;
}

/* Merge sort, stable: a comparison that contradicts itself gives some order and no error. */
static int table_sort(lua_State *L)
{
	lua_Integer n = length_of(L);
	unlocked(L);
	bool compare = !lua_isnoneornil(L, 2);
	if (compare)
		luaL_checktype(L, 2, LUA_TFUNCTION);
	lua_settop(L, 2);
	luaL_checkstack(L, 10, "sort");
	lua_createtable(L, 0, 0);
	for (lua_Integer width = 1; width < n; width *= 2) {
		lua_state_spend(L, n);
		for (lua_Integer from = 1; from <= n; from += 2 * width) {
			lua_Integer mid = from + width < n + 1 ? from + width : n + 1, to = from + 2 * width < n + 1 ? from + 2 * width : n + 1, i = from, j = mid;
			for (lua_Integer k = from; k < to; k++) {
				bool right = i >= mid;
				if (!right && j < to) {
					lua_rawgeti(L, 1, j);
					lua_rawgeti(L, 1, i);
					right = before(L, compare);
					lua_pop(L, 2);
				}
				lua_rawgeti(L, 1, right ? j++ : i++);
				lua_rawseti(L, 3, k);
			}
		}
		for (lua_Integer k = 1; k <= n; k++) {
			lua_rawgeti(L, 3, k);
			lua_rawseti(L, 1, k);
		}
	}
	return 0;
}

static int table_move(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_Integer from = luaL_checkinteger(L, 2), end = luaL_checkinteger(L, 3), to = luaL_checkinteger(L, 4);
	int target = lua_isnoneornil(L, 5) ? 1 : 5;
	luaL_checktype(L, target, LUA_TTABLE);
	if (luaL_getmetafield(L, target, "__metatable") != LUA_TNIL)
		return luaL_error(L, "the table cannot be changed");
	if (end >= from) {
		luaL_argcheck(L, from > 0 || end < LUA_MAXINTEGER + from, 3, "too many elements to move");
		lua_Integer n = end - from + 1;
		luaL_argcheck(L, to <= LUA_MAXINTEGER - n + 1, 4, "destination wrap around");
		lua_state_spend(L, n);
		bool down = to > end || to <= from || target != 1;
		for (lua_Integer i = 0; i < n; i++) {
			lua_Integer k = down ? i : n - 1 - i;
			lua_rawgeti(L, 1, from + k);
			lua_rawseti(L, target, to + k);
		}
	}
	lua_pushvalue(L, target);
	return 1;
}

/* ---- coroutine ---- */

static lua_State *checked_co(lua_State *L)
{
	lua_State *co = lua_tothread(L, 1);
	luaL_argexpected(L, co, 1, "coroutine");
	return co;
}

static int co_create(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TFUNCTION);
	lua_State *co = lua_newthread(L);
	lua_pushvalue(L, 1);
	lua_xmove(L, co, 1);
	return 1;
}

/* Results or the error object on top of L: their number, or -1. */
static int co_run(lua_State *L, lua_State *co, int nargs)
{
	int nres;
	struct lua_state *s = lua_state_of(L);
	if (lua_status(co) == LUA_OK && lua_gettop(co) == 0) {
		lua_pushliteral(L, "cannot resume dead coroutine");
		return -1;
	}
	if (!lua_checkstack(co, nargs))
		return luaL_error(L, "too many arguments to resume");
	lua_xmove(L, co, nargs);
	int depth = s->depth;
	lua_state_enter(L);
	lua_State *outer = s->running;
	s->running = co;
	int status = lua_resume(co, L, nargs, &nres);
	s->running = outer;
	s->depth = depth;
	lua_state_check(L);
	if (status == LUA_OK || status == LUA_YIELD) {
		luaL_checkstack(L, nres + 1, "too many results to resume");
		lua_xmove(co, L, nres);
		return nres;
	}
	lua_xmove(co, L, 1);
	return -1;
}

static int co_resume(lua_State *L)
{
	lua_State *co = checked_co(L);
	int n = co_run(L, co, lua_gettop(L) - 1);
	lua_pushboolean(L, n >= 0);
	lua_insert(L, n < 0 ? -2 : -(n + 1));
	return n < 0 ? 2 : n + 1;
}

static int wrapped(lua_State *L)
{
	lua_State *co = lua_tothread(L, lua_upvalueindex(1));
	int n = co_run(L, co, lua_gettop(L));
	return n < 0 ? lua_error(L) : n;
}

static int co_wrap(lua_State *L)
{
	co_create(L);
	lua_pushcclosure(L, wrapped, 1);
	return 1;
}

static int co_yield(lua_State *L)
{
	/* the hook's own coroutine has nobody to yield to */
	struct lua_state *s = lua_state_of(L);
	if (!lua_isyieldable(L) || s->depth == 0)
		return luaL_error(L, "attempt to yield from outside a coroutine");
	return lua_yield(L, lua_gettop(L));
}

static int co_status(lua_State *L)
{
	lua_State *co = checked_co(L);
	lua_Debug ar;
	const char *s = "dead";
	if (co == L)
		s = "running";
	else if (lua_status(co) == LUA_YIELD)
		s = "suspended";
	else if (lua_status(co) == LUA_OK)
		s = lua_getstack(co, 0, &ar) ? "normal" : lua_gettop(co) ? "suspended" : "dead";
	lua_pushstring(L, s);
	return 1;
}

static int co_isyieldable(lua_State *L)
{
	lua_pushboolean(L, lua_isyieldable(L) && lua_state_of(L)->depth > 0);
	return 1;
}

/* ---- putting it together ---- */

static int refuse_set(lua_State *L)
{
	const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "?";
	return luaL_error(L, "'%s' cannot be set: what outlives the hook would reach others; write 'local %s'", name, name);
}

static int refuse_get(lua_State *L)
{
	const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "?";
	return luaL_error(L, "undefined global '%s'", name);
}

/* Replaces the table on top by a view that can be read only. */
static void freeze(lua_State *L, lua_CFunction missing)
{
	lua_newtable(L);
	lua_newtable(L);
	if (missing) {
		/* names that are there come from the table, others are errors */
		lua_newtable(L);
		lua_pushcfunction(L, missing);
		lua_setfield(L, -2, "__index");
		lua_setmetatable(L, -4);
	}
	lua_pushvalue(L, -3);
	lua_setfield(L, -2, "__index");
	lua_pushcfunction(L, refuse_set);
	lua_setfield(L, -2, "__newindex");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_setmetatable(L, -2);
	lua_remove(L, -2);
}

/* Opens a library and pushes a table with the named functions only. */
static void library(lua_State *L, const char *name, lua_CFunction open, const char *const *names)
{
	lua_pushcfunction(L, open);
	lua_pushstring(L, name);
	lua_call(L, 1, 1);
	lua_newtable(L);
	for (; *names; names++) {
		lua_getfield(L, -2, *names);
		lua_setfield(L, -2, *names);
	}
	lua_remove(L, -2);
}

static void pay(lua_State *L, const char *const *names, lua_CFunction fn)
{
	for (; *names; names++) {
		lua_getfield(L, -1, *names);
		lua_pushcclosure(L, fn, 1);
		lua_setfield(L, -2, *names);
	}
}

static void open_string(lua_State *L)
{
	static const char *const names[] = {"byte", "char", "format", "len", "lower", "reverse", "sub", "upper", NULL};
	static const char *const paid[] = {"lower", "reverse", "upper", "sub", NULL};
	static const luaL_Reg own[] = {{"rep", string_rep}, {NULL, NULL}};
	library(L, "string", luaopen_string, names);
	pay(L, paid, string_paid);
	pay(L, (const char *const[]){"byte", NULL}, string_byte);
	pay(L, (const char *const[]){"format", NULL}, string_format);
	luaL_setfuncs(L, own, 0);
	lua_pattern_open(L);
	/* ("x"):rep(3) finds the bounded functions, and nobody finds the metatable */
	lua_pushliteral(L, "");
	lua_newtable(L);
	lua_pushvalue(L, -3);
	lua_setfield(L, -2, "__index");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_setmetatable(L, -2);
	lua_pop(L, 1);
}

void lua_sandbox_open(lua_State *L)
{
	static const char *const base[] = {"assert", "error", "ipairs", "next", "pairs", "rawequal", "rawget", "rawlen", "select", "tonumber", "type", NULL};
	static const char *const math[] = {"abs", "ceil", "floor", "fmod", "huge", "max", "maxinteger", "min", "mininteger", "modf", "pi", "sqrt", "tointeger", "type", "ult", NULL};
	static const char *const utf8[] = {"char", "charpattern", "codepoint", "codes", "len", "offset", NULL};
	static const char *const utf8_paid[] = {"codepoint", "codes", "len", "offset", NULL};
	static const luaL_Reg base_own[] = {{"pcall", base_pcall},
										{"setmetatable", base_setmetatable},
										{"getmetatable", base_getmetatable},
										{"tostring", base_tostring},
										{"rawset", base_rawset},
										{NULL, NULL}};
	static const luaL_Reg table[] = {{"insert", table_insert}, {"remove", table_remove}, {"concat", table_concat}, {"unpack", table_unpack},
									 {"pack", table_pack},     {"sort", table_sort},     {"move", table_move},     {NULL, NULL}};
	static const luaL_Reg coroutine[] = {{"create", co_create}, {"resume", co_resume},           {"wrap", co_wrap}, {"yield", co_yield},
										 {"status", co_status}, {"isyieldable", co_isyieldable}, {NULL, NULL}};
	int extra = lua_gettop(L);
	library(L, "_G", luaopen_base, base);
	pay(L, (const char *const[]){"tonumber", NULL}, base_tonumber);
	luaL_setfuncs(L, base_own, 0);
	open_string(L);
	freeze(L, NULL);
	lua_setfield(L, -2, "string");
	luaL_newlib(L, table);
	freeze(L, NULL);
	lua_setfield(L, -2, "table");
	library(L, "math", luaopen_math, math);
	freeze(L, NULL);
	lua_setfield(L, -2, "math");
	library(L, "utf8", luaopen_utf8, utf8);
	pay(L, utf8_paid, string_paid);
	freeze(L, NULL);
	lua_setfield(L, -2, "utf8");
	luaL_newlib(L, coroutine);
	freeze(L, NULL);
	lua_setfield(L, -2, "coroutine");
	lua_pushnil(L);
	while (lua_next(L, extra)) {
		lua_pushvalue(L, -2);
		lua_insert(L, -2);
		lua_rawset(L, extra + 1);
	}
	freeze(L, refuse_get);
	lua_remove(L, extra);
}

const char *lua_sandbox_error_text(lua_State *L, int index)
{
	switch (lua_type(L, index)) {
	case LUA_TSTRING: return lua_tostring(L, index);
	case LUA_TNUMBER: return "a number was thrown";
	case LUA_TNIL: return "nil was thrown";
	default: return "an object was thrown that is no text";
	}
}
