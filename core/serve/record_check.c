#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/date.h"
#include "base/decimal.h"
#include "base/text.h"
#include "pg/pg.h"
#include "serve/record_private.h"
#include "serve/stage.h"

enum { TREE_DEPTH = 200 };

int record_rule(struct record *r, const struct rule *rule, bool unset, bool *out, struct err *err)
{
	if (!rule->set) {
		*out = unset;
		return 0;
	}
	if (rule->constant || !rule->expr) {
		*out = rule->value;
		return 0;
	}
	return expr_test(r->unit->arena, rule->expr, &r->unit->env, &r->now, NULL, r->was.values ? &r->was : NULL, out, err);
}

void record_fault_add(struct record *r, const struct err *fault)
{
	for (const struct err *e = r->priv->faults; fault->target && e && e->code != ERR_OK; e = e->next)
		if (e->target && strcmp(e->target, fault->target) == 0)
			return;
	err_append(r->priv->faults, fault);
}

void record_fault(struct record *r, enum err_code code, const struct field *f, const char *message)
{
	struct arena *a = r->unit->arena;
	struct err one;
	err_init(&one, a);
	err_set(&one, code, "%s", message);
	if (f)
		err_target(&one, arena_printf(a, "%s%s", r->priv->prefix, f->expr.name));
	else if (*r->priv->prefix)
		err_target(&one, arena_strndup(a, r->priv->prefix, strlen(r->priv->prefix) - 1));
	record_fault_add(r, &one);
}

static void fault(struct record *r, const struct field *f, enum say_text text)
{
	struct unit *u = r->unit;
	record_fault(r, ERR_INVALID, f, say_text(u->arena, u->lang, text, label_get(&f->label, u->lang)));
}

bool record_empty(const struct value *v)
{
	return v->kind == VALUE_NIL || (v->kind == VALUE_LIST && v->list.count == 0);
}

bool record_changed(const struct record *r, const struct field *f)
{
	if (!record_stores(f))
		return false;
	if (!r->was.values)
		return true;
	return !value_same(&r->now.values[f->pos], &r->was.values[f->pos]);
}

struct names_changed {
	const struct record *r;
	bool any;
};

static void look(void *ctx, const struct expr_table *t, const struct expr_field *f, bool of_old)
{
	(void)t;
	(void)of_old;
	struct names_changed *n = ctx;
	struct field *field = record_field(f);
	if (field->section != n->r->section)
		return;
	bool by_lines = field->type == FIELD_DETAIL || field->type == FIELD_ROLLUP;
	n->any |= record_changed(n->r, field) || (by_lines && n->r->priv->touched);
}

bool record_rollup_open(const struct record *r, const struct field *f)
{
	return f->type == FIELD_ROLLUP && f->rollup.expr && r->priv->writing && (r->fresh || r->priv->touched);
}

bool record_names_changed(const struct record *r, const struct expr *e)
{
	if (!r->was.values)
		return true;
	struct names_changed n = {r, false};
	if (e)
		expr_walk_fields(e, look, &n);
	return n.any;
}

struct names_unread {
	const struct record *r;
	bool any;
};

static void look_unread(void *ctx, const struct expr_table *t, const struct expr_field *f, bool of_old)
{
	(void)t;
	(void)of_old;
	struct names_unread *n = ctx;
	struct field *field = record_field(f);
	n->any |= field->section == n->r->section && record_unread(n->r, field);
}

bool record_names_unread(const struct record *r, const struct expr *e)
{
	struct names_unread n = {r, false};
	if (e && r->priv->unread)
		expr_walk_fields(e, look_unread, &n);
	return n.any;
}

/* ---- one field ---- */

static int check_required(struct record *r, const struct field *f, const struct stage *stage, bool entered, struct err *err)
{
	struct unit *u = r->unit;
	/* a number that is still to come is not missing */
	if (u->priv->form || f->type == FIELD_AUTONUMBER || !record_empty(&r->now.values[f->pos]))
		return 0;
	bool touched = entered || record_changed(r, f) || record_names_changed(r, f->required.expr);
	if (!touched || record_names_unread(r, f->required.expr))
		return 0;
	bool needed;
	if (record_rule(r, &f->required, false, &needed, err) < 0)
		return -1;
	if (needed) {
		fault(r, f, SAY_REQUIRED);
		return 0;
	}
	for (size_t i = 0; stage && i < stage->nrequired; i++) {
		if (stage->required[i] == f) {
			record_fault(r, ERR_INVALID, f,
						 say_text(u->arena, u->lang, SAY_STAGE_REQUIRED, label_get(&f->label, u->lang), label_get(&stage->label, u->lang)));
			return 0;
		}
	}
	return 0;
}

int record_needs(struct record *r, const struct field *f, bool *out, struct err *err)
{
	const struct stage *stage = stage_of(r);
	if (record_rule(r, &f->required, false, out, err) < 0)
		return -1;
	for (size_t i = 0; stage && i < stage->nrequired; i++)
		*out |= stage->required[i] == f;
	return 0;
}

/* -1, 0, 1 of the value against a bound written as text. */
static bool bound_compare(struct arena *a, const struct field *f, const struct value *v, const char *bound, int *out)
{
	struct value b;
	int64_t i;
	size_t len = strlen(bound);
	switch (v->kind) {
	case VALUE_INT:
	case VALUE_DEC: {
		struct value d = v->kind == VALUE_INT ? decimal_from_int(a, v->i) : *v;
		if (!decimal_parse(a, bound, len, &b))
			return false;
		*out = decimal_compare(&d, &b);
		return true;
	}
	case VALUE_TEXT:
		if (!decimal_parse(a, bound, len, &b) || !decimal_to_int(&b, &i))
			return false;
		*out = (int64_t)text_length(v->text.s, v->text.len) < i ? -1 : (int64_t)text_length(v->text.s, v->text.len) > i;
		return true;
	case VALUE_DATE:
		if (!date_parse(bound, len, &i))
			return false;
		break;
	case VALUE_TIME:
		if (!time_parse(bound, len, &i))
			return false;
		break;
	case VALUE_DURATION:
		if (!duration_parse(bound, len, &i))
			return false;
		break;
	default: return false;
	}
	(void)f;
	*out = v->i < i ? -1 : v->i > i;
	return true;
}

static void check_bounds(struct record *r, const struct field *f)
{
	struct unit *u = r->unit;
	const struct value *v = &r->now.values[f->pos];
	int c;
	if (f->min && bound_compare(u->arena, f, v, f->min, &c) && c < 0)
		record_fault(r, ERR_INVALID, f, say_text(u->arena, u->lang, SAY_MIN, label_get(&f->label, u->lang), f->min));
	if (f->max && bound_compare(u->arena, f, v, f->max, &c) && c > 0)
		record_fault(r, ERR_INVALID, f, say_text(u->arena, u->lang, SAY_MAX, label_get(&f->label, u->lang), f->max));
}

static int check_check(struct record *r, const struct field *f, bool touched, struct err *err)
{
	struct unit *u = r->unit;
	if (!f->check.expr || record_empty(&r->now.values[f->pos]) ||
		!(touched || record_changed(r, f) || record_names_changed(r, f->check.expr)) || record_names_unread(r, f->check.expr))
		return 0;
	bool ok;
	if (record_rule(r, &f->check, true, &ok, err) < 0)
		return -1;
	if (!ok) {
		const char *said = label_get(&f->message, u->lang);
		record_fault(r, ERR_INVALID, f, *said ? said : say_text(u->arena, u->lang, SAY_CHECK, label_get(&f->label, u->lang)));
	}
	return 0;
}

/* ---- lookups ---- */

int record_where(struct record *r, const struct field *f, struct record *target, bool *out, struct err *err)
{
	struct unit *u = r->unit;
	*out = true;
	if (!f->where.set)
		return 0;
	if (!f->where.expr) {
		*out = f->where.value;
		return 0;
	}
	const struct expr *binds;
	if (expr_without_empty(u->arena, f->where.expr, &u->env, &r->now, &binds, err) < 0)
		return -1;
	return binds ? expr_test(u->arena, binds, &u->env, &target->now, &r->now, NULL, out, err) : 0;
}

static int check_target(struct record *r, const struct field *f, int64_t id, bool fresh_choice, struct err *err)
{
	struct unit *u = r->unit;
	bool ask = fresh_choice && r->priv->given && r->priv->given[f->pos] && !u->actor->system;
	const struct access *x = access_get(u->reg, u->actor, f->to);
	/* what everybody in this role may see and no filter narrows is left to the foreign key, until something is wrong anyway */
	if (!f->where.set && (!ask || x->rows[GRANT_READ] == ACCESS_ALL) && !u->priv->thorough)
		return 0;
	struct record *target;
	if (record_load(u, f->to, id, &target, err) < 0)
		return -1;
	bool ok = target != NULL;
	if (ok && ask && access_test(u, x, GRANT_READ, target, false, NULL, &ok, NULL, err) < 0)
		return -1;
	if (!ok) {
		fault(r, f, SAY_BAD_LOOKUP);
		return 1;
	}
	if (u->actor->system)
		return 0;
	if (record_where(r, f, target, &ok, err) < 0)
		return -1;
	if (!ok) {
		fault(r, f, SAY_LOOKUP_WHERE);
		return 1;
	}
	return 0;
}

static bool list_has(const struct value *v, int64_t id)
{
	if (v->kind == VALUE_INT)
		return v->i == id;
	for (size_t i = 0; v->kind == VALUE_LIST && i < v->list.count; i++)
		if (v->list.items[i].i == id)
			return true;
	return false;
}

/* Does the actor see whatever else the lookup points to now? */
static int sees_targets(struct record *r, const struct field *f, const struct access *x, bool *out, struct err *err)
{
	const struct value *now = &r->now.values[f->pos], nil = value_nil(), *was = r->was.values ? &r->was.values[f->pos] : &nil;
	const struct value *items = now->kind == VALUE_LIST ? now->list.items : now;
	size_t n = now->kind == VALUE_LIST ? now->list.count : 1;
	*out = true;
	for (size_t i = 0; i < n && *out; i++) {
		struct record *target;
		if (items[i].kind != VALUE_INT || list_has(was, items[i].i))
			continue;
		if (record_load(r->unit, f->to, items[i].i, &target, err) < 0)
			return -1;
		*out = target != NULL;
		if (target && access_test(r->unit, x, GRANT_READ, target, false, NULL, out, NULL, err) < 0)
			return -1;
	}
	return 0;
}

int record_conceal(struct record *r, struct err *err)
{
	struct unit *u = r->unit;
	for (size_t i = 0; i < r->section->nfields && !u->actor->system; i++) {
		const struct field *f = r->section->fields[i];
		if (f->type != FIELD_LOOKUP || f->builtin || !r->priv->given[i] || record_unread(r, f) || !record_changed(r, f))
			continue;
		/* a line has the rights of its owner: writing it to another's is refused whole */
		if (f == r->section->owner && !u->priv->form)
			continue;
		const struct access *x = access_get(u->reg, u->actor, f->to);
		bool sees = true;
		if (x->rows[GRANT_READ] != ACCESS_ALL && sees_targets(r, f, x, &sees, err) < 0)
			return -1;
		if (sees)
			continue;
		fault(r, f, SAY_BAD_LOOKUP);
		if (!r->priv->unread)
			r->priv->unread = arena_array(u->arena, bool, r->section->nfields + 1);
		r->priv->unread[i] = true;
		r->now.values[i] = f->many ? (struct value){.kind = VALUE_LIST} : value_nil();
	}
	return 0;
}

/* An upload belongs to one record: it must be the actor's own, and nothing may hold it yet. */
static int check_file(struct record *r, const struct field *f, int64_t id, struct err *err)
{
	struct unit *u = r->unit;
	struct section *files = f->to;
	struct record *file;
	if (record_load(u, files, id, &file, err) < 0)
		return -1;
	const struct field *by = section_find(files, "created_by");
	if (!file || file->now.values[by->pos].kind != VALUE_INT || file->now.values[by->pos].i != u->user->id) {
		fault(r, f, SAY_BAD_FILE);
		return 0;
	}
	struct buf sql = BUF_INIT;
	buf_puts(&sql, "SELECT ");
	size_t n = 0;
	for (size_t i = 0; i < u->reg->nsections; i++) {
		for (size_t k = 0; k < u->reg->sections[i]->nfields; k++) {
			const struct field *g = u->reg->sections[i]->fields[k];
			if (g->type != FIELD_FILE || !record_stores(g))
				continue;
			buf_puts(&sql, n++ ? " OR " : "");
			if (g->expr.storage == EXPR_LINK)
				buf_printf(&sql, "EXISTS (SELECT 1 FROM %s WHERE target = $1)", g->expr.link);
			else
				buf_printf(&sql, "EXISTS (SELECT 1 FROM %s WHERE %s = $1)", g->section->expr.sql, g->expr.column);
		}
	}
	const char *text = arena_strndup(u->arena, sql.data, sql.len);
	buf_destroy(&sql);
	struct pg_params params = {0};
	struct pg_rows *rows;
	pg_params_int(u->arena, &params, id);
	if (pg_tx_run(u->tx, u->arena, text, &params, &rows, err) < 0)
		return -1;
	if (pg_rows_bool(rows, 0, 0))
		fault(r, f, SAY_BAD_FILE);
	return 0;
}

static int check_references(struct record *r, const struct field *f, struct err *err)
{
	struct unit *u = r->unit;
	const struct value *now = &r->now.values[f->pos], nil = value_nil(), *was = r->was.values ? &r->was.values[f->pos] : &nil;
	if (!f->to || record_empty(now))
		return 0;
	bool changed = record_changed(r, f);
	if (!changed && !(f->where.expr && !u->actor->system && record_names_changed(r, f->where.expr)))
		return 0;
	if (record_names_unread(r, f->where.expr))
		return 0;
	struct value one = *now;
	const struct value *items = now->kind == VALUE_LIST ? now->list.items : &one;
	size_t n = now->kind == VALUE_LIST ? now->list.count : 1;
	for (size_t i = 0; i < n; i++) {
		bool fresh_choice = !list_has(was, items[i].i);
		if (f->type == FIELD_FILE) {
			if (fresh_choice && r->priv->given && r->priv->given[f->pos] && !u->actor->system && check_file(r, f, items[i].i, err) < 0)
				return -1;
			continue;
		}
		int c = check_target(r, f, items[i].i, fresh_choice, err);
		if (c < 0)
			return -1;
		if (c > 0)
			break;
	}
	return 0;
}

enum { TREE_LOCK = 7003 };

/* Two who hang records below each other at one time see each other's rows only here: whoever comes second waits for the first and looks at what he left. */
static int tree_closes(struct record *r, const struct field *f, bool *out, struct err *err)
{
	struct unit *u = r->unit;
	struct pg_params lock = {0}, params = {0};
	struct pg_rows *rows;
	pg_params_int(u->arena, &lock, r->section->id);
	pg_tx_send(u->tx, u->arena, arena_printf(u->arena, "SELECT pg_advisory_xact_lock(%d, $1::bigint::integer)", TREE_LOCK), &lock);
	pg_params_int(u->arena, &params, r->now.values[f->pos].i);
	pg_params_int(u->arena, &params, r->id);
	if (pg_tx_run(u->tx, u->arena,
				  arena_printf(u->arena,
							   "WITH RECURSIVE up AS (SELECT id, %s AS parent FROM %s WHERE id = $1 UNION SELECT t.id, t.%s FROM %s AS t "
							   "JOIN up ON t.id = "
							   "up.parent) SELECT EXISTS (SELECT 1 FROM up WHERE id = $2)",
							   f->expr.column, r->section->expr.sql, f->expr.column, r->section->expr.sql),
				  &params, &rows, err) < 0)
		return -1;
	*out = pg_rows_bool(rows, 0, 0);
	return 0;
}

static int check_tree(struct record *r, struct err *err)
{
	const struct field *f = r->section->tree;
	if (!f || record_unread(r, f) || !record_changed(r, f) || r->now.values[f->pos].kind != VALUE_INT)
		return 0;
	int64_t id = r->now.values[f->pos].i;
	for (int depth = 0; depth < TREE_DEPTH; depth++) {
		struct record *up;
		if (id == r->id)
			break;
		if (record_load(r->unit, r->section, id, &up, err) < 0)
			return -1;
		if (!up || up->now.values[f->pos].kind != VALUE_INT) {
			bool closes = false;
			/* nothing hangs below a new record yet */
			if (!r->fresh && !r->unit->priv->form && tree_closes(r, f, &closes, err) < 0)
				return -1;
			if (closes)
				fault(r, f, SAY_LOOKUP_WHERE);
			return 0;
		}
		id = up->now.values[f->pos].i;
	}
	fault(r, f, SAY_LOOKUP_WHERE);
	return 0;
}

static void ask_targets(struct record *r, const struct field *f)
{
	const struct value *now = &r->now.values[f->pos];
	if (!f->to || f->type == FIELD_FILE || !record_changed(r, f))
		return;
	const struct value *items = now->kind == VALUE_LIST ? now->list.items : now;
	size_t n = now->kind == VALUE_LIST ? now->list.count : 1;
	for (size_t i = 0; i < n; i++)
		if (items[i].kind == VALUE_INT && items[i].i > 0)
			record_prefetch(r->unit, f->to, items[i].i);
}

static bool may_point(const struct record *r, const struct field *f)
{
	return !f->builtin && record_stores(f) && f->type != FIELD_ROLLUP && !record_unread(r, f);
}

void record_ask_references(struct record *r)
{
	for (size_t i = 0; i < r->section->nfields; i++)
		if (may_point(r, r->section->fields[i]))
			ask_targets(r, r->section->fields[i]);
}

int record_check_references(struct record *r, struct err *err)
{
	for (size_t i = 0; i < r->section->nfields; i++)
		if (may_point(r, r->section->fields[i]) && check_references(r, r->section->fields[i], err) < 0)
			return -1;
	return 0;
}

/* ---- the path of stages that the data point to ---- */

static int check_path(struct record *r, struct err *err)
{
	struct unit *u = r->unit;
	struct stage *s = stage_of(r), *first;
	if (!s || r->fresh || r->section->npaths < 2)
		return 0;
	bool touched = false;
	for (size_t i = 0; i < r->section->npaths; i++) {
		touched |= r->section->paths[i]->when.expr && record_names_changed(r, r->section->paths[i]->when.expr);
		if (record_names_unread(r, r->section->paths[i]->when.expr))
			return 0;
	}
	if (!touched)
		return 0;
	if (stage_first(u, r, &first, err) < 0)
		return -1;
	if (first && first->path != s->path)
		record_fault(r, ERR_INVALID, NULL, say_text(u->arena, u->lang, SAY_PATH, label_get(&s->label, u->lang)));
	return 0;
}

static int check_whole(struct record *r, bool touched, struct err *err)
{
	struct unit *u = r->unit;
	const struct expr *e = r->section->check.expr;
	if (!e || !(touched || record_names_changed(r, e)) || record_names_unread(r, e))
		return 0;
	bool ok;
	if (record_rule(r, &r->section->check, true, &ok, err) < 0)
		return -1;
	if (!ok) {
		const char *said = label_get(&r->section->check_message, u->lang);
		record_fault(r, ERR_INVALID, NULL, *said ? said : say_text(u->arena, u->lang, SAY_CHECK_RECORD));
	}
	return 0;
}

int record_check(struct record *r, struct err *err)
{
	struct unit *u = r->unit;
	struct record_plan *p = record_plan_get(u->reg, r->section);
	const struct stage *stage = stage_of(r), *was = stage_was(r);
	bool entered = r->fresh || stage != was;
	for (size_t i = 0; i < p->nfields; i++) {
		struct field *f = r->section->fields[i];
		if (f->builtin || !record_stores(f) || f->type == FIELD_ROLLUP || record_unread(r, f))
			continue;
		if (check_required(r, f, stage, entered, err) < 0)
			return -1;
		if (record_changed(r, f))
			check_bounds(r, f);
		if ((!p->late[i] || u->priv->form) && check_check(r, f, false, err) < 0)
			return -1;
		if (check_references(r, f, err) < 0)
			return -1;
	}
	if ((!p->late_check || u->priv->form) && check_whole(r, false, err) < 0)
		return -1;
	return check_tree(r, err) < 0 || check_path(r, err) < 0 ? -1 : 0;
}

int record_check_late(struct record *r, struct err *err)
{
	struct record_plan *p = record_plan_get(r->unit->reg, r->section);
	for (size_t i = 0; i < p->nfields; i++)
		if (p->late[i] && !record_unread(r, r->section->fields[i]) && check_check(r, r->section->fields[i], r->priv->touched, err) < 0)
			return -1;
	return p->late_check ? check_whole(r, r->priv->touched, err) : 0;
}

/* ---- late checks: what reads lines and rollups is asked of the database when they are written ---- */

void record_late_note(struct record *r)
{
	struct unit_private *p = r->unit->priv;
	struct rollup_note note = {r->section, r->id};
	for (size_t i = 0; i < p->checks.count; i++)
		if (p->checks.items[i].section == note.section && p->checks.items[i].id == note.id)
			return;
	arena_push(r->unit->arena, &p->checks, note);
}

struct late {
	struct unit *u;
	struct record *r;
};

static int late_old(void *ctx, const struct expr_field *f, struct value *out, struct err *err)
{
	(void)err;
	struct late *l = ctx;
	const struct record_face *face = l->r && l->r->was.values ? &l->r->was : NULL;
	*out = face && record_stores(record_field(f)) ? face->values[record_field(f)->pos] : value_nil();
	return 0;
}

static bool late_has_role(void *ctx, const char *role)
{
	return actor_has_role(((struct late *)ctx)->u->user, role);
}

/* What is asked of a row: a check, that holds or whose field is empty, or that a field is filled if its rule says so. */
struct late_question {
	const struct field *field; /* NULL: the section's check */
	bool required;
};

static int late_ask(struct pg_sql *sql, const struct expr_sql *opts, const struct field *f, const struct expr *e, bool required,
					struct err *err)
{
	const char *none = required ? "" : "NOT ";
	if (f && f->expr.storage == EXPR_LINK)
		buf_printf(&sql->text, "%sEXISTS (SELECT 1 FROM %s AS l WHERE l.record = t.id) OR ", none, f->expr.link);
	else if (f)
		buf_printf(&sql->text, "t.%s IS %sNULL OR ", f->expr.column, required ? "NOT " : "");
	buf_puts(&sql->text, required ? "NOT (" : "(");
	if (expr_sql_condition(e, opts, err) < 0)
		return -1;
	buf_putc(&sql->text, ')');
	return 0;
}

static void late_fault(struct unit *u, const struct section *s, const struct late_question *q, struct err *faults)
{
	const struct field *f = q->field;
	const char *said = q->required ? "" : label_get(f ? &f->message : &s->check_message, u->lang);
	struct err one;
	err_init(&one, u->arena);
	if (*said)
		err_set(&one, ERR_INVALID, "%s", said);
	else
		err_say(&one, ERR_INVALID, u->lang,
				q->required ? SAY_REQUIRED
				: f         ? SAY_CHECK
							: SAY_CHECK_RECORD,
				f ? label_get(&f->label, u->lang) : "");
	if (f)
		err_target(&one, f->expr.name);
	err_append(faults, &one);
}

static int late_one(struct unit *u, struct section *s, int64_t id, struct err *err)
{
	struct record_plan *p = record_plan_get(u->reg, s);
	struct record *r = record_find(u, s, id);
	struct late late = {u, r};
	struct pg_sql sql;
	struct {
		struct late_question *items;
		size_t count, cap;
	} asked = {0};
	pg_sql_create(&sql, u->arena);
	buf_puts(&sql.text, "SELECT ");
	struct expr_sql opts = {.sql = &sql, .alias = "t", .old_value = late_old, .has_role = late_has_role, .ctx = &late};
	for (size_t i = 0; i <= 2 * p->nfields; i++) {
		struct late_question q = {i < 2 * p->nfields ? s->fields[i / 2] : NULL, i % 2 && i < 2 * p->nfields};
		const struct expr *e = !q.field         ? (p->late_check ? s->check.expr : NULL)
							   : q.required     ? (p->late_required[i / 2] ? q.field->required.expr : NULL)
							   : p->late[i / 2] ? q.field->check.expr
												: NULL;
		if (!e)
			continue;
		buf_puts(&sql.text, asked.count ? ", " : "");
		if (late_ask(&sql, &opts, q.field, e, q.required, err) < 0)
			return -1;
		arena_push(u->arena, &asked, q);
	}
	if (!asked.count) {
		buf_destroy(&sql.text);
		return 0;
	}
	buf_printf(&sql.text, " FROM %s AS t WHERE t.id = ", s->expr.sql);
	pg_sql_value(&sql, PG_INT8, value_int(id));
	const char *text = pg_sql_finish(&sql);
	struct pg_bindings b = {.me = u->user->id, .now_us = u->now_us, .today = u->today, .zone = u->zone};
	struct pg_params params = {0};
	struct pg_rows *rows;
	pg_sql_bind(&sql, u->arena, &b, &params);
	if (pg_tx_run(u->tx, u->arena, text, &params, &rows, err) < 0)
		return -1;
	struct err faults;
	err_init(&faults, u->arena);
	for (size_t i = 0; i < asked.count && pg_rows_count(rows); i++)
		if (!pg_rows_bool(rows, 0, i))
			late_fault(u, s, &asked.items[i], &faults);
	return faults.code == ERR_OK ? 0 : err_copy(err, &faults);
}

int record_late_run(struct unit *u, struct err *err)
{
	struct unit_private *p = u->priv;
	for (size_t i = 0; i < p->checks.count; i++)
		if (late_one(u, p->checks.items[i].section, p->checks.items[i].id, err) < 0)
			return -1;
	p->checks.count = 0;
	return 0;
}
