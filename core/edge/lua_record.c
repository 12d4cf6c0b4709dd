#include <lauxlib.h>
#include <string.h>

#include "base/arena.h"
#include "edge/lua_private.h"
#include "edge/lua_value.h"
#include "serve/access.h"

#define RECORD "ostov.record"

enum { LIST_MAX = 1000 };

/* No pointer to a record: it is looked up at every use, so that one kept too long is an error and not a crash. */
struct handle {
	int64_t serial;
	struct section *section;
	int64_t id;
	bool old, eyes;
};

const struct value *lua_record_old(const struct record *r)
{
	return r->after ? r->before : r->was.values;
}

void lua_record_push(lua_State *L, struct section *s, int64_t id, bool old, bool eyes)
{
	struct handle *h = lua_newuserdatauv(L, sizeof *h, 0);
	*h = (struct handle){lua_hooks_of(L)->serial, s, id, old, eyes};
	luaL_setmetatable(L, RECORD);
}

bool lua_record_at(lua_State *L, int index, struct section **s, int64_t *id)
{
	const struct handle *h = luaL_testudata(L, index, RECORD);
	if (!h)
		return false;
	lua_unit(L, h->serial);
	*s = h->section;
	*id = h->id;
	return true;
}

struct field *lua_record_field(lua_State *L, const struct section *s, const char *name)
{
	struct field *f = section_find(s, name);
	if (f)
		return f;
	const char *near = map_nearest(&s->by_name, name);
	if (near)
		luaL_error(L, "%s has no field '%s'; did you mean '%s'?", s->expr.name, name, near);
	else
		luaL_error(L, "%s has no field '%s'", s->expr.name, name);
	return NULL;
}

static struct record *open_record(lua_State *L, struct unit *u, const struct handle *h)
{
	struct record *r;
	struct err err;
	err_init(&err, u->arena);
	lua_state_pause(lua_state_of(L));
	int failed = record_load(u, h->section, h->id, &r, &err);
	lua_state_resume(lua_state_of(L));
	if (failed)
		lua_fail(L, &err);
	if (!r)
		luaL_error(L, "the record of %s with id %I is gone", h->section->expr.name, (LUAI_UACINT)h->id);
	return r;
}

/* With the user's eyes what no grant gives on this row is nil; f NULL: whether the row is there for him. */
static bool visible(lua_State *L, struct unit *u, const struct handle *h, struct record *r, const struct field *f)
{
	if (!h->eyes)
		return true;
	const struct access *x = access_get(u->reg, u->user, r->section);
	struct err err;
	bool ok = false;
	if (f && access_field(x, GRANT_READ, f) == ACCESS_NONE)
		return false;
	err_init(&err, u->arena);
	lua_state_pause(lua_state_of(L));
	int failed = access_test(u, x, GRANT_READ, r, true, f, &ok, NULL, &err);
	lua_state_resume(lua_state_of(L));
	if (failed)
		lua_fail(L, &err);
	return ok;
}

static void push_lines(lua_State *L, struct unit *u, const struct handle *h, struct record *r, const struct field *detail)
{
	struct record **lines;
	struct err err;
	size_t n;
	err_init(&err, u->arena);
	lua_state_pause(lua_state_of(L));
	int failed = record_lines(u, detail, r, &lines, &n, &err);
	lua_state_resume(lua_state_of(L));
	if (failed)
		lua_fail(L, &err);
	lua_state_spend(L, (int64_t)n);
	lua_createtable(L, (int)n, 0);
	for (size_t i = 0, shown = 0; i < n; i++) {
		if (!visible(L, u, h, lines[i], NULL))
			continue;
		lua_record_push(L, detail->to, lines[i]->id, false, h->eyes);
		lua_rawseti(L, -2, (lua_Integer)++shown);
	}
}

/* The currency of an amount: the organisation's, or what the record's own field says, "" when nothing. */
static const char *currency_of(const struct unit *u, const struct handle *h, const struct record *r, const struct field *f)
{
	const struct field *c = f->currency ? section_find(f->section, f->currency) : NULL;
	const struct value *values = h->old ? lua_record_old(r) : r->now.values;
	if (!f->currency && !f->expr.type.currency)
		return u->reg->currency ? u->reg->currency : "";
	return c && c->expr.storage == EXPR_COLUMN && values && values[c->pos].kind == VALUE_TEXT ? values[c->pos].text.s : "";
}

static int record_index(lua_State *L)
{
	const struct handle *h = luaL_checkudata(L, 1, RECORD);
	const char *name = luaL_checkstring(L, 2);
	struct unit *u = lua_unit(L, h->serial);
	struct field *f = lua_record_field(L, h->section, name);
	const struct record *own = lua_hooks_of(L)->record;
	if (own->section != h->section || own->id != h->id)
		lua_state_spend(L, LUA_PRICE_RECORD);
	struct record *r = open_record(L, u, h);
	struct value v;
	struct err err;
	if (!visible(L, u, h, r, f)) {
		lua_pushnil(L);
		return 1;
	}
	if (f->type == FIELD_DETAIL) {
		push_lines(L, u, h, r, f);
		return 1;
	}
	err_init(&err, u->arena);
	lua_state_pause(lua_state_of(L));
	int failed = h->old ? record_get_old(r, u->arena, f, &v, &err) : record_get(r, u->arena, f, &v, &err);
	lua_state_resume(lua_state_of(L));
	if (failed)
		lua_fail(L, &err);
	if (!f->to && f->value_type == FIELD_MONEY && v.kind == VALUE_DEC) {
		lua_value_push_money(L, &v, currency_of(u, h, r, f));
	} else if (!f->to) {
		lua_value_push(L, &v);
	} else if (v.kind == VALUE_LIST) {
		lua_state_spend(L, (int64_t)v.list.count);
		lua_createtable(L, (int)v.list.count, 0);
		for (size_t i = 0; i < v.list.count; i++) {
			lua_record_push(L, f->to, v.list.items[i].i, false, h->eyes);
			lua_rawseti(L, -2, (lua_Integer)i + 1);
		}
	} else if (v.kind == VALUE_INT) {
		lua_record_push(L, f->to, v.i, false, h->eyes);
	} else {
		lua_pushnil(L);
	}
	return 1;
}

static int64_t target_id(lua_State *L, int index, const struct field *f)
{
	struct section *s;
	int64_t id;
	if (lua_isinteger(L, index))
		return lua_tointeger(L, index);
	if (!lua_record_at(L, index, &s, &id))
		return luaL_error(L, "%s takes a record of %s, not a %s", f->expr.name, f->to->expr.name, luaL_typename(L, index));
	if (s != f->to)
		return luaL_error(L, "%s takes a record of %s, not of %s", f->expr.name, f->to->expr.name, s->expr.name);
	return id;
}

void lua_record_value(lua_State *L, int index, const struct field *f, struct value *out)
{
	struct unit *u = lua_hooks_of(L)->unit;
	struct value raw;
	struct err err;
	index = lua_absindex(L, index);
	if (f->to && f->type != FIELD_DETAIL && !lua_isnil(L, index)) {
		if (!f->many) {
			*out = value_int(target_id(L, index, f));
			return;
		}
		luaL_argexpected(L, lua_istable(L, index), index, "table of records");
		size_t n = lua_rawlen(L, index);
		if (n > LIST_MAX)
			luaL_error(L, "%s takes at most %d records", f->expr.name, LIST_MAX);
		struct value *items = arena_array(u->arena, struct value, n + 1);
		for (size_t i = 0; i < n; i++) {
			lua_rawgeti(L, index, (lua_Integer)i + 1);
			items[i] = value_int(target_id(L, -1, f));
			lua_pop(L, 1);
		}
		raw = (struct value){.kind = VALUE_LIST};
		raw.list.items = items;
		raw.list.count = n;
	} else if (!lua_value_take(L, index, u->arena, &raw)) {
		luaL_error(L, "%s cannot be set to a %s", f->expr.name, luaL_typename(L, index));
	}
	err_init(&err, u->arena);
	/* one that has no place is refused, and is not nothing */
	struct value whole = raw;
	record_round(u->arena, f, &whole);
	if (whole.kind != VALUE_NIL)
		raw = whole;
	if (record_coerce(u->arena, u->lang, f, &raw, out, &err) < 0)
		lua_fail(L, &err);
}

static int record_newindex(lua_State *L)
{
	const struct handle *h = luaL_checkudata(L, 1, RECORD);
	const char *name = luaL_checkstring(L, 2);
	struct lua_hooks *k = lua_hooks_of(L);
	struct unit *u = lua_unit(L, h->serial);
	struct field *f = lua_record_field(L, h->section, name);
	struct err err;
	struct value v;
	if (h->old)
		return luaL_error(L, "what was cannot be set");
	if (!k->may_write || h->section != k->record->section || h->id != k->record->id)
		return luaL_error(L, k->may_write ? "only the hook's own record can be set" : "a hook after commit cannot set its record");
	lua_record_value(L, 3, f, &v);
	err_init(&err, u->arena);
	if (record_put(k->record, f, &v, &err) < 0)
		return lua_fail(L, &err);
	return 0;
}

static int record_eq(lua_State *L)
{
	const struct handle *x = luaL_testudata(L, 1, RECORD), *y = luaL_testudata(L, 2, RECORD);
	lua_pushboolean(L, x && y && x->section == y->section && x->id == y->id);
	return 1;
}

static int record_tostring(lua_State *L)
{
	const struct handle *h = luaL_checkudata(L, 1, RECORD);
	lua_pushfstring(L, "%s %I", h->section->expr.name, (LUAI_UACINT)h->id);
	return 1;
}

void lua_record_open(lua_State *L)
{
	static const luaL_Reg methods[] = {
		{"__index", record_index}, {"__newindex", record_newindex}, {"__eq", record_eq}, {"__tostring", record_tostring}, {NULL, NULL}};
	luaL_newmetatable(L, RECORD);
	luaL_setfuncs(L, methods, 0);
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 1);
}
