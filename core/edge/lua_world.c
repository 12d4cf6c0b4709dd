#include "edge/lua_world.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Instructions between two looks at the budget. */
#define STEP 1000
/* Bytes allocated that cost one instruction. */
#define BYTES_PER_INSTRUCTION 16
/* Seconds of processor time after which nothing goes on: comparing huge texts costs few instructions. */
#define MAX_SECONDS 20
/* Longest text that rep makes. */
#define MAX_REPEAT (1 << 20)

struct world {
	int64_t left, given; /* instructions */
	size_t held, memory; /* bytes */
	const char *over;    /* what ran out, NULL nothing */
	struct timespec began;
};

static struct world *world_of(lua_State *L)
{
	return *(struct world **)lua_getextraspace(L);
}

static void *world_alloc(void *ud, void *p, size_t old, size_t size)
{
	struct world *w = ud;
	if (!p)
		old = 0;
	if (size == 0) {
		free(p);
		w->held -= old;
		return NULL;
	}
	if (size > old) {
		if (w->held + (size - old) > w->memory)
			return NULL; /* Lua collects and tries again; what a pcall catches is bounded by instructions */
		w->left -= (int64_t)((size - old) / BYTES_PER_INSTRUCTION);
	}
	void *q = realloc(p, size);
	if (q)
		w->held += size - old;
	return q;
}

static int raise_over(lua_State *L)
{
	struct world *w = world_of(L);
	if (strcmp(w->over, "time") == 0)
		return luaL_error(L, "the configuration needs more than %d s to load", MAX_SECONDS);
	return luaL_error(L, "the configuration needs more than %I instructions to load", (LUAI_UACINT)w->given);
}

static void world_hook(lua_State *L, lua_Debug *ar)
{
	(void)ar;
	struct world *w = world_of(L);
	if (!w->over) {
		struct timespec now;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
		w->left -= STEP;
		if (w->left < 0)
			w->over = "instructions";
		else if (now.tv_sec - w->began.tv_sec > MAX_SECONDS)
			w->over = "time";
	}
	if (w->over) {
		lua_sethook(L, world_hook, LUA_MASKCOUNT, 1); /* from now on at every instruction: no pcall goes on */
		raise_over(L);
	}
}

void world_spend(lua_State *L, int64_t n)
{
	struct world *w = world_of(L);
	w->left -= n;
	if (w->left < 0 && !w->over)
		w->over = "instructions";
	if (w->over)
		raise_over(L);
}

bool world_exhausted(lua_State *L)
{
	return world_of(L)->over != NULL;
}

static int world_panic(lua_State *L)
{
	(void)L;
	return 0;
}

lua_State *world_new(struct world **out, int64_t instructions, size_t memory)
{
	struct world *w = calloc(1, sizeof *w);
	if (!w)
		return NULL;
	w->left = w->given = instructions;
	w->memory = memory;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &w->began);
	lua_State *L = lua_newstate(world_alloc, w);
	if (!L) {
		free(w);
		return NULL;
	}
	*(struct world **)lua_getextraspace(L) = w;
	lua_atpanic(L, world_panic);
	lua_sethook(L, world_hook, LUA_MASKCOUNT, STEP);
	*out = w;
	return L;
}

void world_delete(lua_State *L, struct world *w)
{
	lua_close(L);
	free(w);
}

/* --- functions --- */

/* Pushes a copy of the value that shows no address. */
static void push_plain(lua_State *L, int index)
{
	switch (lua_type(L, index)) {
	case LUA_TSTRING:
	case LUA_TNUMBER:
	case LUA_TBOOLEAN:
	case LUA_TNIL: luaL_tolstring(L, index, NULL); break;
	default: lua_pushstring(L, luaL_typename(L, index)); break;
	}
}

static int world_tostring(lua_State *L)
{
	luaL_checkany(L, 1);
	push_plain(L, 1);
	return 1;
}

static int world_pcall(lua_State *L)
{
	luaL_checkany(L, 1);
	int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
	if (world_exhausted(L))
		return raise_over(L);
	lua_pushboolean(L, status == LUA_OK);
	lua_insert(L, 1);
	return lua_gettop(L);
}

static int key_rank(lua_State *L, int index)
{
	switch (lua_type(L, index)) {
	case LUA_TNUMBER: return 1;
	case LUA_TSTRING: return 2;
	case LUA_TBOOLEAN: return 3;
	default: return luaL_error(L, "pairs: a key is a %s; only numbers, texts and booleans have an order", luaL_typename(L, index));
	}
}

/* x before y, by rank, then by value; both on the stack. */
static bool key_before(lua_State *L, int x, int y)
{
	int rx = key_rank(L, x), ry = key_rank(L, y);
	if (rx != ry)
		return rx < ry;
	if (rx == 1)
		return lua_compare(L, x, y, LUA_OPLT);
	if (rx == 3)
		return !lua_toboolean(L, x) && lua_toboolean(L, y);
	size_t nx, ny;
	const char *sx = lua_tolstring(L, x, &nx), *sy = lua_tolstring(L, y, &ny);
	int c = memcmp(sx, sy, nx < ny ? nx : ny);
	return c ? c < 0 : nx < ny;
}

static bool value_before(lua_State *L, int x, int y, int compare)
{
	if (compare == -1)
		return key_before(L, x, y);
	if (compare == 0)
		return lua_compare(L, x, y, LUA_OPLT);
	x = lua_absindex(L, x);
	y = lua_absindex(L, y);
	lua_pushvalue(L, compare);
	lua_pushvalue(L, x);
	lua_pushvalue(L, y);
	lua_call(L, 2, 1);
	bool before = lua_toboolean(L, -1);
	lua_pop(L, 1);
	return before;
}

/* Stable merge sort of the n values of the table at `t`: Lua's own takes pivots from the clock. `compare`: 0 `<`, -1 keys, else a function's index. */
static void table_order(lua_State *L, int t, lua_Integer n, int compare)
{
	luaL_checkstack(L, 8, "sort");
	lua_newtable(L);
	int spare = lua_gettop(L);
	for (lua_Integer width = 1; width < n; width *= 2) {
		world_spend(L, n);
		for (lua_Integer from = 1; from <= n; from += 2 * width) {
			lua_Integer mid = from + width <= n + 1 ? from + width : n + 1, to = from + 2 * width <= n + 1 ? from + 2 * width : n + 1;
			lua_Integer i = from, j = mid;
			for (lua_Integer k = from; k < to; k++) {
				bool right = i >= mid;
				if (!right && j < to) {
					lua_rawgeti(L, t, j);
					lua_rawgeti(L, t, i);
					right = value_before(L, -2, -1, compare);
					lua_pop(L, 2);
				}
				lua_rawgeti(L, t, right ? j++ : i++);
				lua_rawseti(L, spare, k);
			}
		}
		for (lua_Integer k = 1; k <= n; k++) {
			lua_rawgeti(L, spare, k);
			lua_rawseti(L, t, k);
		}
	}
	lua_settop(L, spare - 1);
}

static int pairs_next(lua_State *L)
{
	lua_Integer i = lua_tointeger(L, lua_upvalueindex(3)) + 1;
	lua_pushinteger(L, i);
	lua_replace(L, lua_upvalueindex(3));
	lua_rawgeti(L, lua_upvalueindex(2), i);
	if (lua_isnil(L, -1))
		return 1;
	lua_pushvalue(L, -1);
	lua_rawget(L, lua_upvalueindex(1));
	return 2;
}

static int world_pairs(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	lua_newtable(L);
	lua_Integer n = 0;
	lua_pushnil(L);
	while (lua_next(L, 1)) {
		lua_pop(L, 1);
		key_rank(L, -1);
		lua_pushvalue(L, -1);
		lua_rawseti(L, 2, ++n);
	}
	world_spend(L, n);
	table_order(L, 2, n, -1);
	lua_pushinteger(L, 0);
	lua_pushcclosure(L, pairs_next, 3);
	return 1;
}

static int table_sort(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	if (!lua_isnoneornil(L, 2))
		luaL_checktype(L, 2, LUA_TFUNCTION);
	lua_settop(L, 2);
	table_order(L, 1, (lua_Integer)lua_rawlen(L, 1), lua_isnil(L, 2) ? 0 : 2);
	return 0;
}

/* Functions of the standard library that shift values: their cost is what they may shift. */
static int table_shift(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	world_spend(L, (int64_t)lua_rawlen(L, 1) / 4 + 1);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
	return lua_gettop(L);
}

static int string_rep(lua_State *L)
{
	size_t len, sep;
	luaL_checklstring(L, 1, &len);
	lua_Integer n = luaL_checkinteger(L, 2);
	luaL_optlstring(L, 3, "", &sep);
	if (n > 0 && (len + sep) > 0 && (size_t)n > MAX_REPEAT / (len + sep))
		return luaL_error(L, "string.rep makes at most %d bytes", MAX_REPEAT);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, 1);
	return 1;
}

static int string_format(lua_State *L)
{
	const char *f = luaL_checkstring(L, 1);
	for (; *f; f++)
		if (*f == '%') {
			for (f++; *f && strchr("-+ #0123456789.", *f);)
				f++;
			if (*f == 'p')
				return luaL_error(L, "string.format: '%%p' shows an address");
			if (!*f)
				break;
		}
	for (int i = 2; i <= lua_gettop(L); i++)
		if (lua_type(L, i) >= LUA_TTABLE || lua_type(L, i) == LUA_TLIGHTUSERDATA) {
			push_plain(L, i);
			lua_replace(L, i);
		}
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, 1);
	return 1;
}

static bool plain_equal(const char *s, size_t n, const char *p)
{
	return memcmp(s, p, n) == 0;
}

/* find without patterns: matching them has no bound of its own. */
static int string_find(lua_State *L)
{
	size_t len, n;
	const char *s = luaL_checklstring(L, 1, &len), *p = luaL_checklstring(L, 2, &n);
	lua_Integer from = luaL_optinteger(L, 3, 1);
	if (!lua_toboolean(L, 4) && strpbrk(p, "^$*+?.([%-"))
		return luaL_error(
			L, "string.find: patterns are not there while a configuration loads; pass true as the fourth argument for plain text");
	if (from < 0)
		from = (lua_Integer)len + from < 0 ? 1 : (lua_Integer)len + from + 1;
	if (from < 1)
		from = 1;
	world_spend(L, (int64_t)len / 8);
	for (size_t i = (size_t)from - 1; i <= len && n <= len - i; i++)
		if (plain_equal(s + i, n, p)) {
			lua_pushinteger(L, (lua_Integer)i + 1);
			lua_pushinteger(L, (lua_Integer)(i + n));
			return 2;
		}
	lua_pushnil(L);
	return 1;
}

/* Copies named functions of the library table on top into a new table, which replaces it. */
static void keep(lua_State *L, const char *const *names)
{
	lua_newtable(L);
	for (; *names; names++) {
		lua_getfield(L, -2, *names);
		lua_setfield(L, -2, *names);
	}
	lua_remove(L, -2);
}

static void wrap(lua_State *L, const char *name, lua_CFunction fn)
{
	lua_getfield(L, -1, name);
	lua_pushcclosure(L, fn, 1);
	lua_setfield(L, -2, name);
}

/* Replaces the table on top by a view that cannot be set. */
static void freeze(lua_State *L)
{
	lua_newtable(L);
	lua_newtable(L);
	lua_pushvalue(L, -3);
	lua_setfield(L, -2, "__index");
	lua_setmetatable(L, -2);
	lua_remove(L, -2);
}

static int frozen_set(lua_State *L)
{
	return luaL_error(L, "Lua's own tables cannot be changed");
}

static void library(lua_State *L, const char *name, lua_CFunction open, const char *const *names)
{
	lua_pushcfunction(L, open);
	lua_pushstring(L, name);
	lua_call(L, 1, 1);
	keep(L, names);
}

static void library_set(lua_State *L, const char *name)
{
	freeze(L);
	lua_getmetatable(L, -1);
	lua_pushcfunction(L, frozen_set);
	lua_setfield(L, -2, "__newindex");
	lua_pop(L, 1);
	lua_setfield(L, -2, name);
}

void world_open(lua_State *L)
{
	static const char *const base[] = {"type", "ipairs", "select", "tonumber", "error", "assert", NULL};
	static const char *const string[] = {"byte", "char", "format", "len", "lower", "rep", "reverse", "sub", "upper", "find", NULL};
	static const char *const table[] = {"concat", "insert", "remove", "unpack", "pack", "sort", NULL};
	static const char *const math[] = {"abs",  "ceil", "floor",      "fmod",       "max",  "min", "modf", "tointeger",
									   "type", "ult",  "maxinteger", "mininteger", "huge", "pi",  NULL};
	static const char *const utf8[] = {"char", "codepoint", "len", "offset", NULL};
	static const luaL_Reg own[] = {{"tostring", world_tostring}, {"pairs", world_pairs}, {"pcall", world_pcall}, {NULL, NULL}};

	/* luaopen_base fills the state's own globals, which no chunk sees: take from there */
	lua_pushcfunction(L, luaopen_base);
	lua_call(L, 0, 1);
	for (size_t i = 0; base[i]; i++) {
		lua_getfield(L, -1, base[i]);
		lua_setfield(L, -3, base[i]);
	}
	lua_pop(L, 1);
	luaL_setfuncs(L, own, 0);

	library(L, "string", luaopen_string, string);
	wrap(L, "rep", string_rep);
	wrap(L, "format", string_format);
	lua_pushcfunction(L, string_find);
	lua_setfield(L, -2, "find");
	/* methods of texts are these functions, and their metatable is out of reach */
	lua_pushstring(L, "");
	lua_newtable(L);
	lua_pushvalue(L, -3);
	lua_setfield(L, -2, "__index");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_setmetatable(L, -2);
	lua_pop(L, 1);
	library_set(L, "string");

	library(L, "table", luaopen_table, table);
	wrap(L, "insert", table_shift);
	wrap(L, "remove", table_shift);
	wrap(L, "concat", table_shift);
	lua_pushcfunction(L, table_sort);
	lua_setfield(L, -2, "sort");
	library_set(L, "table");
	library(L, "math", luaopen_math, math);
	library_set(L, "math");
	library(L, "utf8", luaopen_utf8, utf8);
	library_set(L, "utf8");
}

bool world_withheld(const char *name)
{
	static const char *const names[] = {"os",           "io",     "require", "package",   "load",   "loadstring",
										"loadfile",     "dofile", "debug",   "coroutine", "print",  "collectgarbage",
										"next",         "rawget", "rawset",  "rawequal",  "rawlen", "setmetatable",
										"getmetatable", "xpcall", "warn",    NULL};
	for (size_t i = 0; names[i]; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}
