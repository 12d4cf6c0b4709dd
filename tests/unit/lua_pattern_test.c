/* The bounded pattern functions give what Lua's own give, on known cases and on random patterns and texts; and they end where Lua's do not. */
#include <lauxlib.h>
#include <lualib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "edge/lua_pattern.h"
#include "edge/lua_sandbox.h"
#include "edge/lua_state.h"

enum { ROUNDS = 40000 };

static lua_State *theirs;
static struct lua_state *ours;

static const char DRIVER[] =
	"local string, tostring, pcall, select, table, tonumber = ...\n"
	"local function flat(ok, ...)\n"
	"  if not ok then return 'error' end\n"
	"  local t = {}\n"
	"  for i = 1, select('#', ...) do t[i] = tostring((select(i, ...))) end\n"
	"  return table.concat(t, '|')\n"
	"end\n"
	"return function(fn, s, p)\n"
	"  if fn == 'gmatch' then\n"
	"    return flat(pcall(function()\n"
	"      local t = {}\n"
	"      for a, b in string.gmatch(s, p) do t[#t + 1] = tostring(a) .. ',' .. tostring(b) end\n"
	"      return table.concat(t, ';')\n"
	"    end))\n"
	"  elseif fn == 'gsub' then return flat(pcall(string.gsub, s, p, '<%0>'))\n"
	"  elseif fn == 'gsubf' then return flat(pcall(string.gsub, s, p, function(a, b) return b and a .. b end))\n"
	"  elseif fn == 'init' then return flat(pcall(string.find, s, p, -3))\n"
	"  end\n"
	"  return flat(pcall(string[fn], s, p))\n"
	"end\n";

/* Leaves the driver's function on the stack. */
static void driver(lua_State *L)
{
	static const char *const names[] = {"tostring", "pcall", "select", "table", "tonumber"};
	assert_int_equal(luaL_loadstring(L, DRIVER), LUA_OK);
	lua_insert(L, -2);
	for (size_t i = 0; i < 5; i++)
		lua_getglobal(L, names[i]);
	assert_int_equal(lua_pcall(L, 6, 1, 0), LUA_OK);
}

static int setup(void **state)
{
	(void)state;
	theirs = luaL_newstate();
	luaL_openlibs(theirs);
	lua_getglobal(theirs, "string");
	driver(theirs);
	ours = lua_state_new();
	lua_state_refill(ours);
	luaL_openlibs(ours->L);
	lua_newtable(ours->L);
	lua_pattern_open(ours->L);
	driver(ours->L);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lua_close(theirs);
	lua_state_delete(ours);
	return 0;
}

static const char *ask(lua_State *L, const char *fn, const char *s, size_t len, const char *p, size_t plen)
{
	lua_settop(L, 1);
	lua_pushvalue(L, 1);
	lua_pushstring(L, fn);
	lua_pushlstring(L, s, len);
	lua_pushlstring(L, p, plen);
	if (lua_pcall(L, 3, 1, 0) != LUA_OK)
		fail_msg("%s", lua_tostring(L, -1));
	return lua_tostring(L, -1);
}

static void same(const char *fn, const char *s, size_t len, const char *p, size_t plen)
{
	lua_state_refill(ours);
	const char *x = ask(theirs, fn, s, len, p, plen), *y = ask(ours->L, fn, s, len, p, plen);
	if (strcmp(x, y) != 0)
		fail_msg("%s(\"%.*s\", \"%.*s\"): Lua's own gives %s, ours %s", fn, (int)len, s, (int)plen, p, x, y);
}

static const char *const functions[] = {"find", "match", "gmatch", "gsub", "gsubf", "init"};

static void known(void **state)
{
	static const char *const cases[][2] = {
		{"hello world", "o w"}, {"hello", "l+"}, {"key = value", "^(%w+)%s*=%s*(%w+)$"}, {"THE (quick) fox", "%((%a+)%)"}, {"f(a(b)c)d", "%b()"},
		{"THE END", "%f[%a]%a+%f[%A]"}, {"abcabc", "(a)(b)(c)%1%2%3"}, {"  trim  ", "^%s*(.-)%s*$"}, {"a,b,,c", "([^,]*)"}, {"x", "()"}, {"2026-05-01", "(%d+)-(%d+)-(%d+)"},
		{"a]b", "[]]"}, {"a-b", "[a%-]"}, {"a^b", "[b^]"}, {"aaa", "a-$"}, {"", ""}, {"abc", ""}, {"a.b", "%."}, {"$x$", "%$(%w+)%$"}, {"x", "x?"}, {"\xd0\x9e\xd0\x9e", "[\x80-\xff]+"},
		{"abc", "(()b())"}, {"aXb", "%u"}, {"tab\there", "%c"}, {"a+b", "a+b"}, {"a", "^^"}, {"foo.bar", "%f[%w]%w+"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (size_t f = 0; f < sizeof functions / sizeof *functions; f++)
			same(functions[f], cases[i][0], strlen(cases[i][0]), cases[i][1], strlen(cases[i][1]));
}

static uint64_t seed = 20261122;

static unsigned pick(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed % n);
}

static void random_agreement(void **state)
{
	static const char *const bits[] = {"a",  "b", ".",  "%a", "%d", "%s",  "%w", "[ab]", "[^a]", "[a-c]", "(", ")", "()", "*", "+", "-", "?", "^", "$", "%1",
									   "%b()", "%f[a]", "%%", "[", "]", "%", "(a)", "(.-)", "[%a_]", " "};
	static const char letters[] = "aabbc ()1_";
	(void)state;
	unsigned matched = 0, errors = 0;
	for (int i = 0; i < ROUNDS; i++) {
		char p[64] = "", s[16];
		unsigned n = pick(6);
		for (unsigned k = 0; k <= n; k++)
			strcat(p, bits[pick(sizeof bits / sizeof *bits)]);
		size_t len = pick(sizeof s);
		for (size_t k = 0; k < len; k++)
			s[k] = letters[pick(sizeof letters - 1)];
		const char *fn = functions[pick(sizeof functions / sizeof *functions)];
		same(fn, s, len, p, strlen(p));
		const char *r = lua_tostring(theirs, -1);
		errors += strcmp(r, "error") == 0;
		matched += strcmp(r, "error") != 0 && strcmp(r, "nil") != 0;
	}
	print_message("%d patterns: %u gave something, %u are malformed\n", ROUNDS, matched, errors);
	assert_true(matched > ROUNDS / 10);
}

static void ends(void **state)
{
	char s[20001];
	(void)state;
	memset(s, 'a', sizeof s - 1);
	s[sizeof s - 1] = '\0';
	lua_state_refill(ours);
	lua_settop(ours->L, 1);
	lua_pushvalue(ours->L, 1);
	lua_pushliteral(ours->L, "find");
	lua_pushlstring(ours->L, s, sizeof s - 1);
	lua_pushliteral(ours->L, ".-.-.-b");
	/* the driver's pcall catches the error, but nothing goes on behind it */
	assert_int_not_equal(lua_pcall(ours->L, 3, 1, 0), LUA_OK);
	assert_non_null(ours->over);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(known), cmocka_unit_test(random_agreement), cmocka_unit_test(ends)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
