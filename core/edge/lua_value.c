#include "edge/lua_value.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/date.h"
#include "base/decimal.h"
#include "edge/lua_state.h"

#define DECIMAL "ostov.decimal"

enum { DIGITS_MAX = 100 };

/* The userdata is the decimal's text with its NUL, and behind it its currency with one: "" of what has none. */
static void push_dec(lua_State *L, const struct value *v, const char *currency)
{
	size_t len = v->text.len, n = strlen(currency);
	char *p = lua_newuserdatauv(L, len + n + 2, 0);
	memcpy(p, v->text.s, len);
	p[len] = '\0';
	memcpy(p + len + 1, currency, n + 1);
	luaL_setmetatable(L, DECIMAL);
}

static const char *currency_at(lua_State *L, int index)
{
	const char *d = luaL_testudata(L, index, DECIMAL);
	return d ? d + strlen(d) + 1 : "";
}

/* The currency of both operands; raises when they have two. */
static const char *one_currency(lua_State *L)
{
	const char *x = currency_at(L, 1), *y = currency_at(L, 2);
	if (*x && *y && strcasecmp(x, y) != 0)
		luaL_error(L, "amounts in %s and %s do not mix; tostring(x) is the number alone", x, y);
	return *x ? x : y;
}

static bool dec_at(lua_State *L, int index, struct arena *a, struct value *out)
{
	const char *d = luaL_testudata(L, index, DECIMAL);
	if (d) {
		*out = value_dec(d, strlen(d));
		return true;
	}
	if (lua_isinteger(L, index)) {
		*out = decimal_from_int(a, lua_tointeger(L, index));
		return true;
	}
	if (lua_type(L, index) == LUA_TNUMBER) {
		/* what the author wrote: 0.1 is 0.1 and not the nearest binary fraction */
		char text[64];
		int n = snprintf(text, sizeof text, "%.15g", lua_tonumber(L, index));
		return decimal_parse(a, text, (size_t)n, out);
	}
	if (lua_type(L, index) == LUA_TSTRING) {
		size_t len;
		const char *s = lua_tolstring(L, index, &len);
		return len <= DIGITS_MAX && decimal_parse(a, s, len, out);
	}
	return false;
}

static void operand(lua_State *L, int index, struct arena *a, struct value *out)
{
	if (!dec_at(L, index, a, out)) {
		arena_reset(a);
		luaL_error(L, "arithmetic of money needs numbers, not a %s", luaL_typename(L, index));
	}
}

enum op { ADD, SUB, MUL, DIV, NEG };

static int compute(lua_State *L, enum op op)
{
	struct arena *a = lua_state_of(L)->scratch;
	struct value x, y, r;
	const char *cx = currency_at(L, 1), *cy = currency_at(L, 2);
	/* a price times a number is a price, two prices divided are a number */
	const char *currency = op == MUL ? (*cx && *cy ? "" : *cx ? cx : cy) : op == DIV ? (*cy ? "" : cx) : op == NEG ? cx : one_currency(L);
	operand(L, 1, a, &x);
	operand(L, 2, a, &y);
	lua_state_spend(L, (int64_t)(x.text.len + y.text.len) / 4 + 1);
	switch (op) {
	case ADD: r = decimal_add(a, &x, &y); break;
	case SUB: r = decimal_subtract(a, &x, &y); break;
	case MUL: r = decimal_multiply(a, &x, &y); break;
	case DIV: r = decimal_divide(a, &x, &y); break;
	default: r = decimal_negate(a, &x); break;
	}
	if (r.kind == VALUE_NIL) {
		arena_reset(a);
		return luaL_error(L, "division by zero");
	}
	if (r.text.len > DIGITS_MAX) {
		arena_reset(a);
		return luaL_error(L, "the number has more than %d digits", DIGITS_MAX);
	}
	push_dec(L, &r, currency);
	arena_reset(a);
	return 1;
}

static int dec_add(lua_State *L)
{
	return compute(L, ADD);
}

static int dec_sub(lua_State *L)
{
	return compute(L, SUB);
}

static int dec_mul(lua_State *L)
{
	return compute(L, MUL);
}

static int dec_div(lua_State *L)
{
	return compute(L, DIV);
}

static int dec_unm(lua_State *L)
{
	return compute(L, NEG);
}

static int compare(lua_State *L)
{
	struct arena *a = lua_state_of(L)->scratch;
	struct value x, y;
	one_currency(L);
	operand(L, 1, a, &x);
	operand(L, 2, a, &y);
	int c = decimal_compare(&x, &y);
	arena_reset(a);
	return c;
}

static int dec_eq(lua_State *L)
{
	lua_pushboolean(L, compare(L) == 0);
	return 1;
}

static int dec_lt(lua_State *L)
{
	lua_pushboolean(L, compare(L) < 0);
	return 1;
}

static int dec_le(lua_State *L)
{
	lua_pushboolean(L, compare(L) <= 0);
	return 1;
}

static int dec_tostring(lua_State *L)
{
	lua_pushstring(L, luaL_checkudata(L, 1, DECIMAL));
	return 1;
}

/* d:round(2) */
static int dec_round(lua_State *L)
{
	struct arena *a = lua_state_of(L)->scratch;
	const char *d = luaL_checkudata(L, 1, DECIMAL);
	lua_Integer scale = luaL_optinteger(L, 2, 0);
	luaL_argcheck(L, scale >= 0 && scale <= 20, 2, "0 to 20 digits");
	struct value x = value_dec(d, strlen(d)), r = decimal_round(a, &x, (int)scale);
	push_dec(L, &r, currency_at(L, 1));
	arena_reset(a);
	return 1;
}

static int dec_concat(lua_State *L)
{
	for (int i = 1; i <= 2; i++) {
		const char *d = luaL_testudata(L, i, DECIMAL);
		if (d)
			lua_pushstring(L, d);
		else if (lua_isstring(L, i))
			lua_pushvalue(L, i);
		else
			return luaL_error(L, "attempt to concatenate a %s value", luaL_typename(L, i));
	}
	lua_concat(L, 2);
	return 1;
}

void lua_value_open(lua_State *L)
{
	static const luaL_Reg methods[] = {{"__add", dec_add},           {"__sub", dec_sub},       {"__mul", dec_mul}, {"__div", dec_div},
									   {"__unm", dec_unm},           {"__eq", dec_eq},         {"__lt", dec_lt},   {"__le", dec_le},
									   {"__tostring", dec_tostring}, {"__concat", dec_concat}, {NULL, NULL}};
	luaL_newmetatable(L, DECIMAL);
	luaL_setfuncs(L, methods, 0);
	lua_newtable(L);
	lua_pushcfunction(L, dec_round);
	lua_setfield(L, -2, "round");
	lua_setfield(L, -2, "__index");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 1);
}

static void push_written(lua_State *L, void (*write)(struct buf *, int64_t), int64_t v)
{
	struct buf b = BUF_INIT;
	char text[64];
	write(&b, v);
	snprintf(text, sizeof text, "%s", b.data);
	buf_destroy(&b);
	lua_pushstring(L, text);
}

void lua_value_push(lua_State *L, const struct value *v)
{
	switch (v->kind) {
	case VALUE_NIL: lua_pushnil(L); break;
	case VALUE_BOOL: lua_pushboolean(L, v->b); break;
	case VALUE_INT: lua_pushinteger(L, v->i); break;
	case VALUE_DEC: push_dec(L, v, ""); break;
	case VALUE_TEXT: lua_pushlstring(L, v->text.s, v->text.len); break;
	case VALUE_DATE: push_written(L, date_write, v->i); break;
	case VALUE_TIME: push_written(L, time_write, v->i); break;
	case VALUE_DURATION: push_written(L, duration_write, v->i); break;
	case VALUE_LIST:
		luaL_checkstack(L, 3, "a list");
		lua_createtable(L, (int)v->list.count, 0);
		for (size_t i = 0; i < v->list.count; i++) {
			lua_value_push(L, &v->list.items[i]);
			lua_rawseti(L, -2, (lua_Integer)i + 1);
		}
		break;
	}
}

bool lua_value_take(lua_State *L, int index, struct arena *a, struct value *out)
{
	size_t len;
	const char *s;
	struct value v;
	switch (lua_type(L, index)) {
	case LUA_TNONE:
	case LUA_TNIL: *out = value_nil(); return true;
	case LUA_TBOOLEAN: *out = value_bool(lua_toboolean(L, index)); return true;
	case LUA_TSTRING:
		s = lua_tolstring(L, index, &len);
		*out = value_text(arena_strndup(a, s, len), len);
		return true;
	case LUA_TNUMBER:
		if (lua_isinteger(L, index)) {
			*out = value_int(lua_tointeger(L, index));
			return true;
		}
		return dec_at(L, index, a, out);
	case LUA_TUSERDATA:
		if (!luaL_testudata(L, index, DECIMAL))
			return false;
		dec_at(L, index, a, &v);
		*out = value_copy(a, &v);
		return true;
	default: return false;
	}
}

void lua_value_push_decimal(lua_State *L, int index)
{
	struct arena *a = lua_state_of(L)->scratch;
	struct value v;
	index = lua_absindex(L, index);
	if (!dec_at(L, index, a, &v)) {
		arena_reset(a);
		luaL_error(L, "money takes a number or a text with digits, not %s",
				   lua_type(L, index) == LUA_TSTRING ? "this text" : luaL_typename(L, index));
	}
	push_dec(L, &v, currency_at(L, index));
	arena_reset(a);
}

void lua_value_push_money(lua_State *L, const struct value *v, const char *currency)
{
	if (v->kind == VALUE_DEC)
		push_dec(L, v, currency);
	else
		lua_value_push(L, v);
}
