#include <ctype.h>
#include <lauxlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/date.h"
#include "edge/lua_private.h"
#include "edge/lua_value.h"
#include "meta/po.h"
#include "pg/pg_sql.h"
#include "serve/access.h"
#include "serve/event.h"

#define CTX "ostov.ctx"

enum { QUERY_DEFAULT = 100, QUERY_MAX = 1000, WHERE_MAX = 4096, SORTS = 8 };

struct ctx {
	int64_t serial;
	bool eyes;
};

void lua_ctx_push(lua_State *L, bool eyes)
{
	struct ctx *c = lua_newuserdatauv(L, sizeof *c, 0);
	*c = (struct ctx){lua_hooks_of(L)->serial, eyes};
	luaL_setmetatable(L, CTX);
}

static struct unit *self(lua_State *L, struct ctx **out)
{
	struct ctx *c = luaL_testudata(L, 1, CTX);
	if (!c)
		luaL_error(L, "call it with a colon: ctx:query(…)");
	if (out)
		*out = c;
	return lua_unit(L, c->serial);
}

static struct section *section_arg(lua_State *L, struct unit *u, int index)
{
	const char *name = luaL_checkstring(L, index);
	struct section *s = registry_find(u->reg, name);
	if (!s) {
		const char *near = map_nearest(&u->reg->by_name, name);
		if (near)
			luaL_error(L, "there is no section '%s'; did you mean '%s'?", name, near);
		luaL_error(L, "there is no section '%s'", name);
	}
	return s;
}

/* ---- query ---- */

static void put_text(struct buf *b, const char *s, size_t len)
{
	buf_putc(b, '\'');
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\'' || s[i] == '\\')
			buf_putc(b, '\\');
		if (s[i] == '\n')
			buf_puts(b, "\\n");
		else if ((unsigned char)s[i] < ' ')
			buf_printf(b, "\\%03d", s[i]);
		else
			buf_putc(b, s[i]);
	}
	buf_putc(b, '\'');
}

/* args.name as a literal of the rule language. False when the value on top has none. */
static bool put_arg(lua_State *L, struct buf *b)
{
	struct section *s;
	int64_t id;
	size_t len;
	struct value v;
	switch (lua_type(L, -1)) {
	case LUA_TNIL: buf_puts(b, "nil"); return true;
	case LUA_TBOOLEAN: buf_puts(b, lua_toboolean(L, -1) ? "true" : "false"); return true;
	case LUA_TSTRING: {
		const char *t = lua_tolstring(L, -1, &len);
		put_text(b, t, len);
		return true;
	}
	default: break;
	}
	if (lua_type(L, -1) == LUA_TUSERDATA && lua_record_at(L, -1, &s, &id)) {
		buf_int(b, id);
		return true;
	}
	struct arena *a = lua_hooks_of(L)->unit->arena;
	if (!lua_value_take(L, -1, a, &v))
		return false;
	buf_puts(b, "(");
	if (v.kind == VALUE_INT)
		buf_int(b, v.i);
	else
		buf_add(b, v.text.s, v.text.len);
	buf_puts(b, ")");
	return true;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static void buf_drop(void *b)
{
	buf_destroy(b);
}

/* A buffer that goes with the unit: a raised error cannot leave it behind. */
static struct buf *unit_buf(struct unit *u)
{
	struct buf *b = arena_new(u->arena, struct buf);
	arena_defer(u->arena, buf_drop, b);
	return b;
}

/* The condition with every args.name outside of quotes replaced by its value; it is on the stack afterwards. */
static const char *fill_args(lua_State *L, const char *where, size_t len, int args)
{
	struct buf *b = unit_buf(lua_hooks_of(L)->unit);
	const char *fault = NULL;
	char quote = 0;
	for (size_t i = 0; i < len && !fault;) {
		char c = where[i];
		if (quote) {
			buf_putc(b, c);
			if (c == '\\' && i + 1 < len)
				buf_putc(b, where[++i]);
			else if (c == quote)
				quote = 0;
			i++;
			continue;
		}
		if (c == '\'' || c == '"')
			quote = c;
		bool begins = strncmp(where + i, "args.", 5) == 0 && (i == 0 || (!is_word(where[i - 1]) && where[i - 1] != '.'));
		if (!begins) {
			buf_putc(b, c);
			i++;
			continue;
		}
		size_t n = i + 5;
		while (n < len && is_word(where[n]))
			n++;
		char name[64];
		size_t size = n - i - 5 < sizeof name - 1 ? n - i - 5 : sizeof name - 1;
		memcpy(name, where + i + 5, size);
		name[size] = '\0';
		if (args) {
			lua_pushstring(L, name);
			lua_rawget(L, args);
		} else {
			lua_pushnil(L);
		}
		if (!put_arg(L, b))
			fault = "an argument must be a text, number, boolean, record or nil";
		lua_pop(L, 1);
		i = n;
	}
	if (b->len > WHERE_MAX)
		fault = "the condition is too long";
	if (fault)
		luaL_error(L, "query: %s", fault);
	return b->data ? b->data : "";
}

static void sort_check(lua_State *L, const struct unit *u, struct section *s, bool eyes, const char *name)
{
	const struct field *f = lua_record_field(L, s, name + (*name == '-'));
	if (f->expr.storage != EXPR_COLUMN || (eyes && access_field(access_get(u->reg, u->user, s), GRANT_READ, f) != ACCESS_ALL))
		luaL_error(L, "query: cannot sort by '%s'", f->expr.name);
}

static int failed_query(lua_State *L, struct pg_sql *sql, const struct err *err)
{
	buf_destroy(&sql->text);
	return luaL_error(L, "query: %s%s%s", err->message, err->hint ? "; " : "", err->hint ? err->hint : "");
}

/* One that is not known would be a condition that is not asked. */
static void check_options(lua_State *L, int index)
{
	static const char *const known[] = {"where", "args", "sort", "limit"};
	lua_pushnil(L);
	while (lua_next(L, index)) {
		const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
		size_t i = 0;
		while (key && i < sizeof known / sizeof *known && strcmp(key, known[i]) != 0)
			i++;
		if (!key || i == sizeof known / sizeof *known)
			luaL_error(L, "query: unknown option '%s'; it takes where, args, sort, limit", key ? key : luaL_typename(L, -2));
		lua_pop(L, 1);
	}
}

static int ctx_query(lua_State *L)
{
	struct ctx *c;
	struct unit *u = self(L, &c);
	struct section *s = section_arg(L, u, 2);
	const char *where = NULL;
	lua_Integer limit = QUERY_DEFAULT;
	size_t len = 0;
	struct err err;
	lua_settop(L, 3);
	lua_state_spend(L, LUA_PRICE_QUERY);
	/* the author knows the section; whoever may read nothing of it finds nothing there */
	if (c->eyes && !access_exists(access_get(u->reg, u->user, s))) {
		lua_newtable(L);
		return 1;
	}
	err_init(&err, u->arena);
	struct access_eyes eyes = {u->reg, c->eyes ? u->user : u->actor};
	const char *sorts[SORTS];
	size_t nsorts = 0;
	if (!lua_isnil(L, 3)) {
		luaL_checktype(L, 3, LUA_TTABLE);
		check_options(L, 3);
		lua_getfield(L, 3, "args");
		int args = lua_istable(L, -1) ? lua_gettop(L) : 0;
		lua_getfield(L, 3, "where");
		if (!lua_isnil(L, -1)) {
			where = luaL_checklstring(L, -1, &len);
			if (len > WHERE_MAX)
				return luaL_error(L, "query: the condition is too long");
			where = fill_args(L, where, len, args);
		}
		lua_getfield(L, 3, "limit");
		limit = luaL_optinteger(L, -1, QUERY_DEFAULT);
		luaL_argcheck(L, limit >= 1 && limit <= QUERY_MAX, 3, "limit is 1 to 1000");
		lua_getfield(L, 3, "sort");
		if (lua_istable(L, -1)) {
			int list = lua_gettop(L);
			for (size_t i = 1; i <= lua_rawlen(L, list) && nsorts < SORTS; i++) {
				lua_rawgeti(L, list, (lua_Integer)i);
				sorts[nsorts++] = luaL_checkstring(L, -1);
			}
		} else if (!lua_isnil(L, -1)) {
			sorts[nsorts++] = luaL_checkstring(L, -1);
		}
	}
	for (size_t i = 0; i < nsorts; i++)
		sort_check(L, u, s, c->eyes, sorts[i]);
	struct expr *e = NULL;
	struct expr_scope scope = {.table = &s->expr, .user = &u->reg->user->expr, .ctx = &eyes};
	struct expr_type want = {.kind = EXPR_BOOL};
	if (c->eyes)
		scope.find = access_find;
	if (where && (expr_parse(u->arena, where, strlen(where), &e, &err) < 0 || expr_check(u->arena, e, &scope, &want, &err) < 0))
		return luaL_error(L, "query: %s%s%s", err.message, err.hint ? "; " : "", err.hint ? err.hint : "");
	struct pg_sql sql;
	pg_sql_create(&sql, u->arena);
	buf_printf(&sql.text, "SELECT t.id FROM %s AS t WHERE ", s->expr.sql);
	struct expr_sql opts = {.sql = &sql, .alias = "t", .has_role = access_has_role, .ctx = &eyes};
	if (c->eyes) {
		opts.table = access_sql_table;
		opts.column = access_sql_field;
		if (access_sql_rows(access_get(u->reg, u->user, s), GRANT_READ, NULL, &sql, "t", &err) < 0)
			return failed_query(L, &sql, &err);
	} else {
		buf_puts(&sql.text, "true");
	}
	if (e) {
		buf_puts(&sql.text, " AND (");
		if (expr_sql_condition(e, &opts, &err) < 0)
			return failed_query(L, &sql, &err);
		buf_putc(&sql.text, ')');
	}
	for (size_t i = 0; i < nsorts; i++)
		buf_printf(&sql.text, "%s t.%s%s", i ? "," : " ORDER BY", section_find(s, sorts[i] + (*sorts[i] == '-'))->expr.column,
				   *sorts[i] == '-' ? " DESC NULLS LAST" : "");
	buf_printf(&sql.text, "%s t.id LIMIT %d", nsorts ? "," : " ORDER BY", (int)limit);
	const char *text = pg_sql_finish(&sql);
	struct pg_bindings b = {.me = u->user->id, .now_us = u->now_us, .today = u->today, .zone = u->zone};
	struct pg_params params = {0};
	struct pg_rows *rows;
	pg_sql_bind(&sql, u->arena, &b, &params);
	lua_state_pause(lua_state_of(L));
	int failed = pg_tx_run(u->tx, u->arena, text, &params, &rows, &err);
	lua_state_resume(lua_state_of(L));
	if (failed)
		return lua_fail(L, &err);
	size_t n = pg_rows_count(rows);
	for (size_t i = 0; i < n; i++)
		record_prefetch(u, s, pg_rows_int(rows, i, 0));
	lua_state_spend(L, (int64_t)n * 10);
	lua_createtable(L, (int)n, 0);
	for (size_t i = 0; i < n; i++) {
		lua_record_push(L, s, pg_rows_int(rows, i, 0), false, c->eyes);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
	return 1;
}

/* ---- create ---- */

static void read_values(lua_State *L, int index, struct unit *u, struct section *s, struct record_input *in, int depth)
{
	luaL_checkstack(L, 6, "values");
	lua_pushnil(L);
	while (lua_next(L, index)) {
		lua_state_spend(L, 1);
		if (lua_type(L, -2) != LUA_TSTRING)
			luaL_error(L, "create: values are given by field name");
		struct field *f = lua_record_field(L, s, lua_tostring(L, -2));
		if (f->type == FIELD_DETAIL) {
			if (!f->owned || !lua_istable(L, -1) || depth > 2)
				luaL_error(L, "create: %s takes a table of its own lines", f->expr.name);
			size_t n = lua_rawlen(L, -1);
			for (size_t i = 1; i <= n; i++) {
				lua_rawgeti(L, -1, (lua_Integer)i);
				luaL_checktype(L, -1, LUA_TTABLE);
				read_values(L, lua_gettop(L), u, f->to, record_input_line(u->arena, in, f, RECORD_LINE_CREATE, 0), depth + 1);
				lua_pop(L, 1);
			}
		} else {
			struct value v;
			lua_record_value(L, -1, f, &v);
			record_input_set(u->arena, in, f, v);
		}
		lua_pop(L, 1);
	}
}

static int ctx_create(lua_State *L)
{
	struct ctx *c;
	struct unit *u = self(L, &c);
	struct section *s = section_arg(L, u, 2);
	struct record_input *in = arena_new(u->arena, struct record_input);
	struct err err;
	int64_t id;
	luaL_checktype(L, 3, LUA_TTABLE);
	lua_state_spend(L, LUA_PRICE_CREATE);
	read_values(L, 3, u, s, in, 0);
	err_init(&err, u->arena);
	lua_state_pause(lua_state_of(L));
	const struct actor *was = unit_act_as(u, c->eyes ? u->user : NULL);
	int failed = record_create(u, s, in, &id, &err);
	unit_act_as(u, was);
	lua_state_resume(lua_state_of(L));
	if (failed)
		return lua_fail(L, &err);
	lua_record_push(L, s, id, false, c->eyes);
	return 1;
}

/* ---- the rest ---- */

/* The hook's text in the user's language, when its module's po file has it. */
static const char *translate(struct lua_hooks *k, const char *text)
{
	const struct hook *h = k->hook;
	if (k->unit->lang != LANG_RU)
		return text;
	if (!k->texts) {
		k->texts = arena_new(k->arena, struct map);
		map_create(k->texts, k->arena);
	}
	struct po *po = map_find(k->texts, h->module->name);
	if (!po) {
		const struct config_file *f = config_file_find(k->reg->config, h->module->name, "po/ru.po");
		struct po_fault faults[4];
		po = arena_new(k->arena, struct po);
		map_create(&po->texts, k->arena);
		if (f)
			po_read(k->arena, f->bytes, f->len, po, faults, 4);
		map_put(k->texts, h->module->name, po);
	}
	struct arena *a = k->unit->arena;
	const char *said = po_find(po, a, arena_printf(a, "hook.%s.%s.%s", h->section->expr.name, event_name(h->event), h->name), text);
	return said ? said : text;
}

static int ctx_refuse(lua_State *L)
{
	struct lua_hooks *k = lua_hooks_of(L);
	struct ctx *c;
	self(L, &c);
	int message = lua_gettop(L) >= 3 ? 3 : 2;
	if (!k->may_write)
		return luaL_error(L, "refuse: what is committed cannot be refused; a before_ hook can");
	const struct field *f = message == 3 && !lua_isnil(L, 2) ? lua_record_field(L, k->record->section, luaL_checkstring(L, 2)) : NULL;
	record_refuse(k->record, f, arena_strdup(k->unit->arena, translate(k, luaL_checkstring(L, message))));
	return 0;
}

static int ctx_money(lua_State *L)
{
	self(L, NULL);
	luaL_checkany(L, 2);
	lua_value_push_decimal(L, 2);
	return 1;
}

static int ctx_as_user(lua_State *L)
{
	struct unit *u = self(L, NULL);
	if (!u->user->id)
		return luaL_error(L, "as_user: nobody is signed in, the system works on its own");
	lua_ctx_push(L, true);
	return 1;
}

static int ctx_setting(lua_State *L)
{
	struct unit *u = self(L, NULL);
	const char *name = luaL_checkstring(L, 2);
	if (strcmp(name, "zone") == 0)
		lua_pushstring(L, u->zone);
	else if (strcmp(name, "currency") == 0)
		lua_pushstring(L, u->reg->currency);
	else if (strcmp(name, "language") == 0)
		lua_pushstring(L, u->reg->language == LANG_RU ? "ru" : "en");
	else
		return luaL_error(L, "there is no setting '%s'; there are zone, currency, language", name);
	return 1;
}

static int ctx_index(lua_State *L)
{
	static const luaL_Reg methods[] = {{"query", ctx_query}, {"create", ctx_create},   {"refuse", ctx_refuse},
									   {"money", ctx_money}, {"as_user", ctx_as_user}, {"setting", ctx_setting},
									   {NULL, NULL}};
	struct ctx *c = luaL_checkudata(L, 1, CTX);
	const char *name = luaL_checkstring(L, 2);
	struct lua_hooks *k = lua_hooks_of(L);
	struct unit *u = lua_unit(L, c->serial);
	for (const luaL_Reg *m = methods; m->name; m++) {
		if (strcmp(m->name, name) == 0) {
			lua_pushcfunction(L, m->func);
			return 1;
		}
	}
	struct value v;
	if (strcmp(name, "now") == 0) {
		v = value_time(u->now_us);
		lua_value_push(L, &v);
	} else if (strcmp(name, "today") == 0) {
		v = value_date(u->today);
		lua_value_push(L, &v);
	} else if (strcmp(name, "user") == 0) {
		if (u->user->id)
			lua_record_push(L, u->reg->user, u->user->id, false, false);
		else
			lua_pushnil(L);
	} else if (strcmp(name, "old") == 0) {
		if (lua_record_old(k->record))
			lua_record_push(L, k->record->section, k->record->id, true, c->eyes);
		else
			lua_pushnil(L);
	} else {
		return luaL_error(L, "ctx has no '%s'; it has user, now, today, old, money, query, create, refuse, as_user, setting", name);
	}
	return 1;
}

static int ctx_newindex(lua_State *L)
{
	return luaL_error(L, "ctx cannot be set");
}

void lua_ctx_open(lua_State *L)
{
	luaL_newmetatable(L, CTX);
	lua_pushcfunction(L, ctx_index);
	lua_setfield(L, -2, "__index");
	lua_pushcfunction(L, ctx_newindex);
	lua_setfield(L, -2, "__newindex");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 1);
}
