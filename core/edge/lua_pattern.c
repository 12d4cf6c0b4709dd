#include "edge/lua_pattern.h"

#include <ctype.h>
#include <lauxlib.h>
#include <string.h>

#include "edge/lua_state.h"

enum { CAPTURES = 32, DEPTH = 150, PATTERN_MAX = 1000 };

enum { OPEN = -1, POSITION = -2 };

struct capture {
	const char *at;
	ptrdiff_t len; /* or OPEN, POSITION */
};

struct match {
	lua_State *L;
	const char *text, *text_end, *pattern_end;
	struct capture captures[CAPTURES];
	int ncaptures;
	int depth;
	int64_t steps; /* not yet paid */
};

static const char *go(struct match *m, const char *s, const char *p);

/* Steps are paid in lots: the budget raises an error, which leaves nothing behind here. */
static void step(struct match *m)
{
	if (++m->steps >= 256) {
		int64_t due = m->steps;
		m->steps = 0;
		lua_state_spend(m->L, due);
	}
}

static int broken(struct match *m, const char *why)
{
	return luaL_error(m->L, "malformed pattern: %s", why);
}

/* Behind the single item (a character, %x, a [set]) that begins at p. */
static const char *item_end(struct match *m, const char *p)
{
	if (*p == '%') {
		if (p + 1 >= m->pattern_end)
			broken(m, "it ends with '%'");
		return p + 2;
	}
	if (*p != '[')
		return p + 1;
	p++;
	if (p < m->pattern_end && *p == '^')
		p++;
	for (bool first = true;; first = false) {
		if (p >= m->pattern_end)
			broken(m, "']' is missing");
		if (*p == ']' && !first)
			return p + 1;
		p += *p == '%' && p + 1 < m->pattern_end ? 2 : 1;
	}
}

static bool in_class(int c, int class)
{
	bool r;
	switch (tolower(class)) {
	case 'a': r = isalpha(c); break;
	case 'c': r = iscntrl(c); break;
	case 'd': r = isdigit(c); break;
	case 'g': r = isgraph(c); break;
	case 'l': r = islower(c); break;
	case 'p': r = ispunct(c); break;
	case 's': r = isspace(c); break;
	case 'u': r = isupper(c); break;
	case 'w': r = isalnum(c); break;
	case 'x': r = isxdigit(c); break;
	default: return class == c;
	}
	return isupper(class) ? !r : r;
}

/* p at '[', end behind its ']'. */
static bool in_set(int c, const char *p, const char *end)
{
	bool yes = true;
	end--;
	if (*++p == '^') {
		yes = false;
		p++;
	}
	while (p < end) {
		if (*p == '%') {
			if (in_class(c, (unsigned char)p[1]))
				return yes;
			p += 2;
		} else if (p + 2 < end && p[1] == '-') {
			if ((unsigned char)p[0] <= c && c <= (unsigned char)p[2])
				return yes;
			p += 3;
		} else {
			if ((unsigned char)*p == c)
				return yes;
			p++;
		}
	}
	return !yes;
}

static bool fits(struct match *m, const char *s, const char *p, const char *end)
{
	step(m);
	if (s >= m->text_end)
		return false;
	int c = (unsigned char)*s;
	switch (*p) {
	case '.': return true;
	case '%': return in_class(c, (unsigned char)p[1]);
	case '[': return in_set(c, p, end);
	default: return (unsigned char)*p == c;
	}
}

static const char *longest(struct match *m, const char *s, const char *p, const char *end)
{
	const char *t = s;
	while (fits(m, t, p, end))
		t++;
	for (;; t--) {
		const char *r = go(m, t, end + 1);
		if (r || t == s)
			return r;
	}
}

static const char *shortest(struct match *m, const char *s, const char *p, const char *end)
{
	for (;; s++) {
		const char *r = go(m, s, end + 1);
		if (r)
			return r;
		if (!fits(m, s, p, end))
			return NULL;
	}
}

static const char *balanced(struct match *m, const char *s, const char *p)
{
	if (p + 1 >= m->pattern_end)
		broken(m, "'%b' needs two characters");
	if (s >= m->text_end || *s != p[0])
		return NULL;
	int level = 1;
	while (++s < m->text_end) {
		step(m);
		if (*s == p[1]) {
			if (--level == 0)
				return s + 1;
		} else if (*s == p[0]) {
			level++;
		}
	}
	return NULL;
}

static const char *frontier(struct match *m, const char *s, const char *p, const char **next)
{
	if (p >= m->pattern_end || *p != '[')
		broken(m, "'%f' needs a '[set]'");
	const char *end = item_end(m, p);
	int before = s == m->text ? 0 : (unsigned char)s[-1], after = s == m->text_end ? 0 : (unsigned char)*s;
	*next = end;
	return !in_set(before, p, end) && in_set(after, p, end) ? s : NULL;
}

static const char *same_again(struct match *m, const char *s, int digit)
{
	int i = digit - '1';
	if (i < 0 || i >= m->ncaptures || m->captures[i].len == OPEN) {
		broken(m, "it refers to a capture that is not closed");
		return NULL;
	}
	if (m->captures[i].len == POSITION)
		return NULL;
	size_t len = (size_t)m->captures[i].len;
	m->steps += (int64_t)(len / 16);
	step(m);
	return (size_t)(m->text_end - s) >= len && memcmp(m->captures[i].at, s, len) == 0 ? s + len : NULL;
}

static const char *capture_open(struct match *m, const char *s, const char *p)
{
	if (m->ncaptures >= CAPTURES)
		broken(m, "too many captures");
	bool position = p < m->pattern_end && *p == ')';
	m->captures[m->ncaptures++] = (struct capture){s, position ? POSITION : OPEN};
	const char *r = go(m, s, position ? p + 1 : p);
	if (!r)
		m->ncaptures--;
	return r;
}

static const char *capture_close(struct match *m, const char *s, const char *p)
{
	int i = m->ncaptures - 1;
	while (i >= 0 && m->captures[i].len != OPEN)
		i--;
	if (i < 0) {
		broken(m, "')' without '('");
		return NULL;
	}
	m->captures[i].len = s - m->captures[i].at;
	const char *r = go(m, s, p);
	if (!r)
		m->captures[i].len = OPEN;
	return r;
}

/* The end of the match of the pattern from p on at s, or NULL. */
static const char *go(struct match *m, const char *s, const char *p)
{
	if (++m->depth > DEPTH)
		luaL_error(m->L, "the pattern is too complex");
	const char *r = NULL;
	for (;;) {
		step(m);
		if (p == m->pattern_end) {
			r = s;
			break;
		}
		if (*p == '(') {
			r = capture_open(m, s, p + 1);
			break;
		}
		if (*p == ')') {
			r = capture_close(m, s, p + 1);
			break;
		}
		if (*p == '$' && p + 1 == m->pattern_end) {
			r = s == m->text_end ? s : NULL;
			break;
		}
		if (*p == '%' && p + 1 < m->pattern_end) {
			const char *next = NULL, *t = NULL;
			bool special = true;
			if (p[1] == 'b') {
				t = balanced(m, s, p + 2);
				next = p + 4;
			} else if (p[1] == 'f') {
				t = frontier(m, s, p + 2, &next);
			} else if (isdigit((unsigned char)p[1])) {
				t = same_again(m, s, p[1]);
				next = p + 2;
			} else {
				special = false;
			}
			if (special) {
				if (!t)
					break;
				s = t;
				p = next;
				continue;
			}
		}
		const char *end = item_end(m, p);
		char suffix = end < m->pattern_end ? *end : '\0';
		if (suffix == '*') {
			r = longest(m, s, p, end);
			break;
		}
		if (suffix == '+') {
			r = fits(m, s, p, end) ? longest(m, s + 1, p, end) : NULL;
			break;
		}
		if (suffix == '-') {
			r = shortest(m, s, p, end);
			break;
		}
		if (suffix == '?') {
			if (fits(m, s, p, end) && (r = go(m, s + 1, end + 1)))
				break;
			p = end + 1;
			continue;
		}
		if (!fits(m, s, p, end))
			break;
		s++;
		p = end;
	}
	m->depth--;
	return r;
}

static void push_capture(struct match *m, int i, const char *s, const char *e)
{
	if (i >= m->ncaptures) {
		if (i != 0)
			luaL_error(m->L, "there is no capture %%%d", i + 1);
		lua_pushlstring(m->L, s, (size_t)(e - s));
		return;
	}
	const struct capture *c = &m->captures[i];
	if (c->len == OPEN)
		luaL_error(m->L, "a capture is not closed");
	else if (c->len == POSITION)
		lua_pushinteger(m->L, c->at - m->text + 1);
	else
		lua_pushlstring(m->L, c->at, (size_t)c->len);
}

/* All captures, or the whole match when there are none and s is not NULL. */
static int push_captures(struct match *m, const char *s, const char *e)
{
	int n = m->ncaptures == 0 && s ? 1 : m->ncaptures;
	luaL_checkstack(m->L, n, "too many captures");
	for (int i = 0; i < n; i++)
		push_capture(m, i, s, e);
	return n;
}

static void begin(struct match *m, lua_State *L, const char *text, size_t len, const char *p, size_t plen)
{
	if (plen > PATTERN_MAX)
		luaL_error(L, "a pattern has at most %d characters", PATTERN_MAX);
	m->L = L;
	m->text = text;
	m->text_end = text + len;
	m->pattern_end = p + plen;
	m->steps = 0;
}

static const char *attempt(struct match *m, const char *s, const char *p)
{
	m->ncaptures = m->depth = 0;
	return go(m, s, p);
}

static size_t start_of(lua_Integer init, size_t len)
{
	if (init > 0)
		return (size_t)init - 1;
	if (init == 0 || init < -(lua_Integer)len)
		return 0;
	return len - (size_t)-init;
}

static bool is_plain(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (strchr("^$*+?.([%-", p[i]) && p[i])
			return false;
	return true;
}

static int find_or_match(lua_State *L, bool find)
{
	size_t len, plen;
	const char *s = luaL_checklstring(L, 1, &len), *p = luaL_checklstring(L, 2, &plen);
	size_t from = start_of(luaL_optinteger(L, 3, 1), len);
	if (from > len) {
		lua_pushnil(L);
		return 1;
	}
	if (find && (lua_toboolean(L, 4) || is_plain(p, plen))) {
		lua_state_spend(L, (int64_t)(len - from) / 8 + 1);
		const char *at = memmem(s + from, len - from, p, plen);
		if (!at) {
			lua_pushnil(L);
			return 1;
		}
		lua_pushinteger(L, at - s + 1);
		lua_pushinteger(L, at - s + (lua_Integer)plen);
		return 2;
	}
	struct match m;
	begin(&m, L, s, len, p, plen);
	bool anchor = plen && *p == '^';
	for (const char *t = s + from; t <= s + len; t++) {
		const char *e = attempt(&m, t, p + anchor);
		if (e && find) {
			lua_pushinteger(L, t - s + 1);
			lua_pushinteger(L, e - s);
			return push_captures(&m, NULL, NULL) + 2;
		}
		if (e)
			return push_captures(&m, t, e);
		if (anchor)
			break;
	}
	lua_pushnil(L);
	return 1;
}

static int pattern_find(lua_State *L)
{
	return find_or_match(L, true);
}

static int pattern_match(lua_State *L)
{
	return find_or_match(L, false);
}

/* Upvalues: text, pattern, where to go on, end of the last match. */
static int gmatch_next(lua_State *L)
{
	size_t len, plen;
	const char *s = lua_tolstring(L, lua_upvalueindex(1), &len), *p = lua_tolstring(L, lua_upvalueindex(2), &plen);
	lua_Integer from = lua_tointeger(L, lua_upvalueindex(3)), last = lua_tointeger(L, lua_upvalueindex(4));
	struct match m;
	begin(&m, L, s, len, p, plen);
	for (const char *t = s + from; t <= s + len; t++) {
		const char *e = attempt(&m, t, p);
		if (!e || e - s == last)
			continue;
		lua_pushinteger(L, e - s);
		lua_copy(L, -1, lua_upvalueindex(3));
		lua_replace(L, lua_upvalueindex(4));
		return push_captures(&m, t, e);
	}
	return 0;
}

static int pattern_gmatch(lua_State *L)
{
	size_t len;
	luaL_checklstring(L, 1, &len);
	luaL_checkstring(L, 2);
	size_t from = start_of(luaL_optinteger(L, 3, 1), len);
	lua_settop(L, 2);
	lua_pushinteger(L, (lua_Integer)(from > len ? len + 1 : from));
	lua_pushinteger(L, -1);
	lua_pushcclosure(L, gmatch_next, 4);
	return 1;
}

/* Appends what a text with %0…%9 makes of the match. */
static void add_text(struct match *m, luaL_Buffer *b, const char *s, const char *e)
{
	size_t len;
	const char *r = lua_tolstring(m->L, 3, &len);
	for (size_t i = 0; i < len; i++) {
		if (r[i] != '%') {
			luaL_addchar(b, r[i]);
			continue;
		}
		i++;
		if (i < len && r[i] == '%') {
			luaL_addchar(b, '%');
		} else if (i < len && isdigit((unsigned char)r[i])) {
			if (r[i] == '0') {
				luaL_addlstring(b, s, (size_t)(e - s));
			} else {
				push_capture(m, r[i] - '1', s, e);
				luaL_tolstring(m->L, -1, NULL);
				lua_remove(m->L, -2);
				luaL_addvalue(b);
			}
		} else {
			luaL_error(m->L, "'%%' in the replacement must be followed by a digit or '%%'");
		}
	}
}

static bool add_value(struct match *m, luaL_Buffer *b, const char *s, const char *e)
{
	lua_State *L = m->L;
	switch (lua_type(L, 3)) {
	case LUA_TFUNCTION: {
		lua_state_enter(L);
		lua_pushvalue(L, 3);
		int n = push_captures(m, s, e);
		lua_call(L, n, 1);
		lua_state_leave(L);
		lua_state_check(L);
		break;
	}
	case LUA_TTABLE:
		push_capture(m, 0, s, e);
		lua_rawget(L, 3);
		break;
	default: add_text(m, b, s, e); return true;
	}
	if (!lua_toboolean(L, -1)) {
		lua_pop(L, 1);
		luaL_addlstring(b, s, (size_t)(e - s));
		return false;
	}
	if (!lua_isstring(L, -1))
		luaL_error(L, "the replacement is a %s", luaL_typename(L, -1));
	luaL_addvalue(b);
	return true;
}

static int pattern_gsub(lua_State *L)
{
	size_t len, plen;
	const char *s = luaL_checklstring(L, 1, &len), *p = luaL_checklstring(L, 2, &plen);
	int type = lua_type(L, 3);
	luaL_argexpected(L, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE, 3, "string/function/table");
	lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)len + 1), n = 0;
	if (type == LUA_TNUMBER)
		lua_tostring(L, 3);
	lua_settop(L, 3);
	struct match m;
	luaL_Buffer b;
	begin(&m, L, s, len, p, plen);
	luaL_buffinit(L, &b);
	bool anchor = plen && *p == '^';
	const char *t = s, *last = NULL;
	while (n < most) {
		const char *e = attempt(&m, t, p + anchor);
		if (e && e != last) {
			n++;
			add_value(&m, &b, t, e);
			t = last = e;
		} else if (t < s + len) {
			luaL_addchar(&b, *t++);
		} else {
			break;
		}
		if (anchor)
			break;
	}
	luaL_addlstring(&b, t, (size_t)(s + len - t));
	luaL_pushresult(&b);
	lua_pushinteger(L, n);
	return 2;
}

void lua_pattern_open(lua_State *L)
{
	static const luaL_Reg functions[] = {{"find", pattern_find}, {"match", pattern_match}, {"gmatch", pattern_gmatch}, {"gsub", pattern_gsub}, {NULL, NULL}};
	luaL_setfuncs(L, functions, 0);
}
