#include "serve/access.h"

#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "serve/record_private.h"

/* The rights of a section by set of roles: a list behind section->access, in the registry's arena. */
struct shelf {
	struct access access;
	const char *key;
	struct shelf *next;
};

static bool holds(const struct actor *actor, const struct role *role)
{
	for (size_t i = 0; i < actor->nroles; i++)
		if (actor->roles[i] == role)
			return true;
	return false;
}

static bool rule_given(const struct rule *r)
{
	return r->set && !(r->constant && !r->value);
}

static bool rule_always(const struct rule *r)
{
	return r->set && r->constant && r->value;
}

static bool names_field(const struct grant *g, const struct field *f)
{
	for (size_t i = 0; i < g->nfields; i++)
		if (g->fields[i] == f)
			return true;
	return false;
}

static bool gives_field(const struct grant *g, const struct field *f)
{
	return !g->fields || f->builtin || names_field(g, f);
}

static enum access_level level_of(const struct access *x, enum grant_action action, const struct field *f)
{
	bool any = false, all = true;
	for (size_t i = 0; i < x->ngrants; i++) {
		const struct grant *g = x->grants[i];
		if (!rule_given(&g->on[action]))
			continue;
		if (f && !gives_field(g, f)) {
			all = false;
			continue;
		}
		any = true;
		if (rule_always(&g->on[action]))
			return ACCESS_ALL;
	}
	return !any ? ACCESS_NONE : f && all ? ACCESS_ALL : ACCESS_SOME;
}

/* What acting on a line asks of its parent. */
static enum grant_action parent_action(enum grant_action action)
{
	return action == GRANT_READ ? GRANT_READ : GRANT_UPDATE;
}

static void fill_owned(struct access *x, struct arena *a)
{
	const struct section *s = x->section;
	x->parent = access_get(x->reg, x->actor, s->owner->to);
	for (int i = 0; i < GRANT_ACTIONS; i++) {
		enum grant_action pa = parent_action(i);
		enum access_level detail = access_field(x->parent, pa, s->owner_detail);
		x->rows[i] = detail == ACCESS_ALL && x->parent->rows[pa] == ACCESS_ALL ? ACCESS_ALL
					 : detail == ACCESS_NONE                                   ? ACCESS_NONE
																			   : ACCESS_SOME;
		x->fields[i] = arena_alloc(a, s->nfields + 1);
		memset(x->fields[i], x->rows[i] == ACCESS_NONE ? ACCESS_NONE : ACCESS_ALL, s->nfields);
	}
}

static void fill(struct access *x, struct arena *a)
{
	const struct section *s = x->section;
	x->grants = arena_array(a, const struct grant *, x->reg->ngrants + 1);
	for (size_t i = 0; i < x->reg->ngrants; i++)
		if (x->reg->grants[i]->section == s && holds(x->actor, x->reg->grants[i]->role))
			x->grants[x->ngrants++] = x->reg->grants[i];
	for (int i = 0; i < GRANT_ACTIONS; i++) {
		x->rows[i] = x->system ? ACCESS_ALL : level_of(x, i, NULL);
		x->fields[i] = arena_alloc(a, s->nfields + 1);
		for (size_t k = 0; k < s->nfields; k++)
			x->fields[i][k] = x->system ? ACCESS_ALL : level_of(x, i, s->fields[k]);
	}
}

const struct access *access_get(const struct registry *reg, const struct actor *actor, struct section *s)
{
	for (struct shelf *k = s->access; k; k = k->next)
		if (k->access.system == actor->system && k->access.actor->lang == actor->lang && strcmp(k->key, actor->roles_key) == 0)
			return &k->access;
	struct arena *a = reg->arena;
	record_plan_get(reg, s);
	struct shelf *k = arena_new(a, struct shelf);
	k->key = arena_strdup(a, actor->roles_key);
	struct actor *copy = arena_new(a, struct actor);
	*copy = *actor;
	copy->id = 0;
	copy->login = copy->name = "";
	copy->roles_key = k->key;
	copy->roles = arena_array(a, const struct role *, actor->nroles + 1);
	if (actor->nroles)
		memcpy(copy->roles, actor->roles, actor->nroles * sizeof *actor->roles);
	k->access = (struct access){.reg = reg, .section = s, .actor = copy, .system = actor->system};
	k->next = s->access;
	if (s->owner && s->owner_detail && !actor->system)
		fill_owned(&k->access, a);
	else
		fill(&k->access, a);
	s->access = k;
	return &k->access;
}

enum access_level access_field(const struct access *x, enum grant_action action, const struct field *f)
{
	return x->fields[action][f->pos];
}

bool access_exists(const struct access *x)
{
	return x->rows[GRANT_READ] != ACCESS_NONE || x->rows[GRANT_CREATE] != ACCESS_NONE;
}

const struct expr_field *access_find(void *ctx, const struct expr_table *t, const char *name, size_t len)
{
	const struct access_eyes *eyes = ctx;
	struct section *s = record_section(t);
	struct field *f = section_find_n(s, name, len);
	if (!f || access_field(access_get(eyes->reg, eyes->actor, s), GRANT_READ, f) == ACCESS_NONE)
		return NULL;
	return &f->expr;
}

bool access_has_role(void *ctx, const char *role)
{
	const struct access_eyes *eyes = ctx;
	return actor_has_role(eyes->actor, role);
}

/* ---- SQL ---- */

static int rule_sql(const struct access *x, const struct rule *rule, struct pg_sql *sql, const char *alias, struct err *err)
{
	struct access_eyes eyes = {x->reg, x->actor};
	struct expr_sql opts = {.sql = sql, .alias = alias, .has_role = access_has_role, .ctx = &eyes};
	buf_putc(&sql->text, '(');
	if (expr_sql_condition(rule->expr, &opts, err) < 0)
		return -1;
	buf_putc(&sql->text, ')');
	return 0;
}

size_t access_arms(const struct access *x, enum grant_action action, const struct field *f, const struct grant **arms, size_t max)
{
	size_t n = 0;
	for (size_t i = 0; i < x->ngrants && n < max; i++)
		if (rule_given(&x->grants[i]->on[action]) && (!f || gives_field(x->grants[i], f)))
			arms[n++] = x->grants[i];
	return n;
}

int access_sql_rows(const struct access *x, enum grant_action action, const struct field *f, struct pg_sql *sql, const char *alias,
					struct err *err)
{
	if (x->system) {
		buf_puts(&sql->text, "true");
		return 0;
	}
	if (x->parent) {
		const struct section *s = x->section;
		enum grant_action pa = parent_action(action);
		if (x->rows[action] != ACCESS_SOME) {
			buf_puts(&sql->text, x->rows[action] == ACCESS_ALL ? "true" : "false");
			return 0;
		}
		const char *p = pg_sql_alias(sql);
		buf_printf(&sql->text, "EXISTS (SELECT 1 FROM %s AS %s WHERE %s.id = %s.%s AND ", s->owner->to->expr.sql, p, p, alias,
				   s->owner->expr.column);
		if (access_sql_rows(x->parent, pa, s->owner_detail, sql, p, err) < 0)
			return -1;
		buf_putc(&sql->text, ')');
		return 0;
	}
	bool any = false;
	for (size_t i = 0; i < x->ngrants; i++) {
		const struct grant *g = x->grants[i];
		if (rule_always(&g->on[action]) && (!f || gives_field(g, f))) {
			buf_puts(&sql->text, "true");
			return 0;
		}
		any |= rule_given(&g->on[action]) && (!f || gives_field(g, f));
	}
	if (!any) {
		buf_puts(&sql->text, "false");
		return 0;
	}
	buf_putc(&sql->text, '(');
	any = false;
	for (size_t i = 0; i < x->ngrants; i++) {
		const struct grant *g = x->grants[i];
		if (!rule_given(&g->on[action]) || (f && !gives_field(g, f)))
			continue;
		if (any)
			buf_puts(&sql->text, " OR ");
		any = true;
		if (rule_sql(x, &g->on[action], sql, alias, err) < 0)
			return -1;
	}
	buf_putc(&sql->text, ')');
	return 0;
}

/* A role's label is stored as the configuration words it; a reader of another language reads the translation, unless somebody gave the role a name of his own. */
static int role_label(const struct access *x, const struct field *f, struct pg_sql *sql, const char *alias)
{
	struct buf *b = &sql->text;
	const struct field *code = section_find(x->reg->role, "code");
	size_t n = 0;
	for (size_t i = 0; code && i < x->reg->roles.count; i++) {
		const struct role *r = x->reg->roles.items[i].value;
		const char *stored = label_get(&r->label, x->reg->language), *read = label_get(&r->label, x->actor->lang);
		if (strcmp(stored, read) == 0)
			continue;
		buf_puts(b, n++ ? " WHEN " : "(CASE WHEN ");
		buf_printf(b, "%s.%s = ", alias, code->expr.column);
		pg_sql_value(sql, PG_TEXT, value_textz(r->name));
		buf_printf(b, " AND %s.%s = ", alias, f->expr.column);
		pg_sql_value(sql, PG_TEXT, value_textz(stored));
		buf_puts(b, " THEN ");
		pg_sql_value(sql, PG_TEXT, value_textz(read));
	}
	buf_printf(b, n ? " ELSE %s.%s END)" : "%s.%s", alias, f->expr.column);
	return 0;
}

/* The column; of a formula its tree, of links and details the id of their owner (expr_sql.column). */
static int bare_column(const struct access *x, const struct field *f, struct pg_sql *sql, const char *alias, struct err *err)
{
	struct access_eyes eyes = {x->reg, x->actor};
	struct expr_sql opts = {.sql = sql, .alias = alias, .has_role = access_has_role, .ctx = &eyes};
	if (!x->system && f->section == x->reg->role && strcmp(f->expr.name, "label") == 0)
		return role_label(x, f, sql, alias);
	return expr_sql_field(&f->expr, &opts, err);
}

int access_sql_column(const struct access *x, const struct field *f, struct pg_sql *sql, const char *alias, struct err *err)
{
	const char *type;
	switch (access_field(x, GRANT_READ, f)) {
	case ACCESS_ALL: return bare_column(x, f, sql, alias, err);
	case ACCESS_NONE:
		type = field_sql_type(sql->arena, f);
		buf_printf(&sql->text, "NULL::%s", type ? type : "bigint");
		return 0;
	case ACCESS_SOME: break;
	}
	buf_puts(&sql->text, "CASE WHEN ");
	if (access_sql_rows(x, GRANT_READ, f, sql, alias, err) < 0)
		return -1;
	buf_puts(&sql->text, " THEN ");
	if (bare_column(x, f, sql, alias, err) < 0)
		return -1;
	buf_puts(&sql->text, " END");
	return 0;
}

int access_sql_table(void *ctx, struct pg_sql *sql, const struct expr_table *t, const char *alias, struct err *err)
{
	const struct access_eyes *eyes = ctx;
	const struct access *x = access_get(eyes->reg, eyes->actor, record_section(t));
	if (x->rows[GRANT_READ] == ACCESS_ALL) {
		buf_printf(&sql->text, "%s AS %s", t->sql, alias);
		return 0;
	}
	const char *in = pg_sql_alias(sql);
	buf_printf(&sql->text, "(SELECT %s.* FROM %s AS %s WHERE ", in, t->sql, in);
	if (access_sql_rows(x, GRANT_READ, NULL, sql, in, err) < 0)
		return -1;
	buf_printf(&sql->text, ") AS %s", alias);
	return 0;
}

int access_sql_field(void *ctx, struct pg_sql *sql, const struct expr_field *f, const char *alias, struct err *err)
{
	const struct access_eyes *eyes = ctx;
	struct field *field = record_field(f);
	return access_sql_column(access_get(eyes->reg, eyes->actor, field->section), field, sql, alias, err);
}

/* ---- in process ---- */

static int test_owned(struct unit *u, const struct access *x, enum grant_action action, const struct record *r, bool old, bool *granted,
					  struct err *err)
{
	const struct section *s = x->section;
	const struct value *by = old && r->was.values ? &r->was.values[s->owner->pos] : &r->now.values[s->owner->pos];
	struct record *parent;
	*granted = false;
	if (by->kind != VALUE_INT)
		return 0;
	if (record_load(u, s->owner->to, by->i, &parent, err) < 0)
		return -1;
	if (!parent)
		return 0;
	enum grant_action pa = action == GRANT_READ ? GRANT_READ : parent->fresh ? GRANT_CREATE : GRANT_UPDATE;
	return access_test(u, x->parent, pa, parent, pa == GRANT_UPDATE, s->owner_detail, granted, NULL, err);
}

int access_test(struct unit *u, const struct access *x, enum grant_action action, const struct record *r, bool old, const struct field *f,
				bool *granted, bool *named, struct err *err)
{
	*granted = x->system;
	if (named)
		*named = x->system;
	if (x->system)
		return 0;
	if (x->parent)
		return test_owned(u, x, action, r, old, granted, err);
	const struct record_face *face = old && r->was.values ? &r->was : &r->now;
	for (size_t i = 0; i < x->ngrants; i++) {
		const struct grant *g = x->grants[i];
		const struct rule *rule = &g->on[action];
		if (!rule_given(rule) || (f && !gives_field(g, f)))
			continue;
		bool names = named && f && names_field(g, f);
		if (*granted && !names)
			continue;
		bool ok = true;
		if (!rule_always(rule) && expr_test(u->arena, rule->expr, &u->env, face, NULL, NULL, &ok, err) < 0)
			return -1;
		*granted |= ok;
		if (ok && names)
			*named = true;
		if (*granted && (!named || *named))
			return 0;
	}
	return 0;
}
