#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "pg/pg.h"
#include "serve/live.h"
#include "serve/number.h"
#include "serve/record_private.h"
#include "serve/rollup.h"
#include "serve/stage.h"
#include "serve/task.h"
#include "serve/version.h"

enum { NUMBERS = 8 };

/* Numbers that this write assigns, each by a counter's update in front of the statement. */
struct numbers {
	struct field *fields[NUMBERS];
	struct number_shape shapes[NUMBERS];
	size_t n;
};

static int param(struct pg_params *p)
{
	return (int)p->count;
}

static void value_param(struct unit *u, struct pg_params *p, const struct field *f, const struct value *v)
{
	pg_params_value(u->arena, p, field_pg_type(f), v);
}

/* ---- numbers ---- */

static int numbers_due(struct record *r, struct numbers *out, struct err *err)
{
	struct unit *u = r->unit;
	const struct stage *stage = stage_of(r);
	out->n = 0;
	for (size_t i = 0; i < r->section->nfields && out->n < NUMBERS; i++) {
		struct field *f = r->section->fields[i];
		if (f->type != FIELD_AUTONUMBER)
			continue;
		struct value *v = &r->now.values[i];
		if (v->kind != VALUE_NIL) {
			/* a number brought along by the configuration's own rows: the counter goes on behind it */
			struct number_shape shape;
			number_shape(u, f, &shape);
			int64_t n = record_changed(r, f) ? number_parse(&shape, v->text.s) : -1;
			if (n < 0)
				continue;
			struct pg_params p = {0};
			pg_params_text(u->arena, &p, PG_TEXT, shape.series);
			pg_params_int(u->arena, &p, n);
			unit_send(u,
					  "INSERT INTO ostov.counter AS c (series, value) VALUES ($1, $2) ON CONFLICT (series) DO UPDATE SET value = "
					  "greatest(c.value, $2)",
					  &p);
			continue;
		}
		bool due = f->at ? stage && strcmp(stage->name, f->at) == 0 && stage != stage_was(r) : r->fresh;
		if (!due)
			continue;
		if (u->bulk && !f->gapless) {
			const char *text;
			if (number_reserve(u, f, &text, err) < 0)
				return -1;
			*v = value_textz(text);
			continue;
		}
		out->fields[out->n] = f;
		number_shape(u, f, &out->shapes[out->n++]);
	}
	return 0;
}

static void numbers_with(struct unit *u, struct buf *sql, struct pg_params *p, const struct numbers *n)
{
	for (size_t i = 0; i < n->n; i++) {
		pg_params_text(u->arena, p, PG_TEXT, n->shapes[i].series);
		buf_printf(sql,
				   "n%zu AS (INSERT INTO ostov.counter AS c (series, value) VALUES ($%d, 1) ON CONFLICT (series) DO UPDATE SET value = "
				   "c.value + 1 RETURNING value), ",
				   i, param(p));
	}
}

static void number_expr(struct unit *u, struct buf *sql, struct pg_params *p, const struct numbers *n, size_t i)
{
	pg_params_text(u->arena, p, PG_TEXT, n->shapes[i].before);
	int before = param(p);
	pg_params_text(u->arena, p, PG_TEXT, n->shapes[i].after);
	buf_printf(sql, "$%d || lpad(n%zu.value::text, greatest(length(n%zu.value::text), %d), '0') || $%d", before, i, i, n->shapes[i].digits,
			   param(p));
}

static size_t number_of(const struct numbers *n, const struct field *f)
{
	for (size_t i = 0; i < n->n; i++)
		if (n->fields[i] == f)
			return i;
	return n->n;
}

static void numbers_from(struct buf *sql, const struct numbers *n, const char *word)
{
	for (size_t i = 0; i < n->n; i++)
		buf_printf(sql, "%s n%zu", i ? "," : word, i);
}

/* ---- the change log, in the same statement ---- */

static void ids_add(struct buf *b, const struct value *v)
{
	size_t n = v->kind == VALUE_LIST ? v->list.count : v->kind == VALUE_INT;
	for (size_t i = 0; i < n; i++)
		buf_printf(b, "%s%lld", b->len > 1 ? "," : "", (long long)(v->kind == VALUE_LIST ? v->list.items[i].i : v->i));
}

/* The names of the files that a field held and holds, beside them: a file that was replaced is cleared away, and its name with it. `fields`: the number of the parameter. */
static void change_names(const struct record *r, enum change_kind kind, struct buf *sql, struct pg_params *p, int fields)
{
	struct unit *u = r->unit;
	const struct value nil = value_nil();
	for (size_t i = 0; i < r->section->nfields; i++) {
		const struct field *f = r->section->fields[i];
		if (f->type != FIELD_FILE || !record_stores(f) || (kind != CHANGE_DELETED && !record_changed(r, f)))
			continue;
		struct buf ids = BUF_INIT;
		buf_putc(&ids, '{');
		ids_add(&ids, r->was.values ? &r->was.values[i] : &nil);
		ids_add(&ids, kind == CHANGE_DELETED ? &nil : &r->now.values[i]);
		bool any = ids.len > 1;
		buf_putc(&ids, '}');
		if (any) {
			pg_params_text(u->arena, p, PG_INT8_ARRAY, arena_strndup(u->arena, ids.data, ids.len));
			buf_printf(sql,
					   " || jsonb_build_object('%lld', ($%d::jsonb -> '%lld') || jsonb_build_array((SELECT "
					   "coalesce(jsonb_object_agg(x.id::text, x.%s), '{}') FROM %s x WHERE x.id = ANY($%d))))",
					   (long long)f->id, fields, (long long)f->id, section_find(u->reg->file, "name")->expr.column, u->reg->file->expr.sql,
					   param(p));
		}
		buf_destroy(&ids);
	}
}

static void change_insert(struct record *r, enum change_kind kind, struct buf *sql, struct pg_params *p, const struct numbers *n, int id)
{
	struct unit *u = r->unit;
	struct buf json = BUF_INIT;
	int64_t parent_section, parent_id;
	change_json(&json, r, kind);
	change_parent(r, &parent_section, &parent_id);
	buf_puts(sql, "INSERT INTO ostov.change (section_id, record_id, at, user_id, kind, move, comment, fields, row_version, unit, "
				  "parent_section, parent_record) SELECT ");
	pg_params_int(u->arena, p, r->section->id);
	buf_printf(sql, "$%d::bigint, $%d::bigint", param(p), id);
	struct value at = value_time(u->now_us);
	pg_params_value(u->arena, p, PG_TIMESTAMPTZ, &at);
	buf_printf(sql, ", $%d::timestamptz", param(p));
	struct value by = u->user->id ? value_int(u->user->id) : value_nil();
	pg_params_value(u->arena, p, PG_INT8, &by);
	buf_printf(sql, ", $%d::bigint, '%s'", param(p), change_kind_name(kind));
	pg_params_text(u->arena, p, PG_TEXT, r->priv->move);
	buf_printf(sql, ", $%d::text", param(p));
	pg_params_text(u->arena, p, PG_TEXT, r->priv->comment);
	buf_printf(sql, ", $%d::text", param(p));
	pg_params_text(u->arena, p, PG_JSONB, arena_strndup(u->arena, json.data, json.len));
	buf_destroy(&json);
	int fields = param(p);
	buf_printf(sql, ", $%d::jsonb", fields);
	change_names(r, kind, sql, p, fields);
	for (size_t i = 0; i < n->n; i++)
		buf_printf(sql, " || jsonb_build_object('%lld', jsonb_build_array(null, r.%s))", (long long)n->fields[i]->id,
				   n->fields[i]->expr.column);
	pg_params_int(u->arena, p, r->version + 1);
	buf_printf(sql, ", $%d::bigint", param(p));
	pg_params_int(u->arena, p, u->priv->number);
	buf_printf(sql, ", $%d::bigint", param(p));
	struct value ps = parent_id ? value_int(parent_section) : value_nil(), pi = parent_id ? value_int(parent_id) : value_nil();
	pg_params_value(u->arena, p, PG_INT8, &ps);
	buf_printf(sql, ", $%d::bigint", param(p));
	pg_params_value(u->arena, p, PG_INT8, &pi);
	buf_printf(sql, ", $%d::bigint FROM r", param(p));
}

/* ---- rows ---- */

static void insert(struct record *r, const struct record_plan *plan, const struct numbers *n)
{
	struct unit *u = r->unit;
	struct buf sql = BUF_INIT;
	struct pg_params p = {0};
	buf_puts(&sql, "WITH ");
	numbers_with(u, &sql, &p, n);
	buf_printf(&sql, "r AS (INSERT INTO %s (id", r->section->expr.sql);
	for (size_t i = 0; i < plan->ncolumns; i++)
		buf_printf(&sql, ", %s", plan->columns[i]->expr.column);
	pg_params_int(u->arena, &p, r->id);
	int id = param(&p);
	buf_printf(&sql, ") OVERRIDING SYSTEM VALUE SELECT $%d", id);
	for (size_t i = 0; i < plan->ncolumns; i++) {
		const struct field *f = plan->columns[i];
		size_t k = number_of(n, f);
		buf_puts(&sql, ", ");
		if (k < n->n) {
			number_expr(u, &sql, &p, n, k);
			continue;
		}
		value_param(u, &p, f, &r->now.values[f->pos]);
		buf_printf(&sql, "$%d", param(&p));
	}
	numbers_from(&sql, n, " FROM");
	buf_puts(&sql, " RETURNING *) ");
	change_insert(r, CHANGE_CREATED, &sql, &p, n, id);
	unit_send(u, sql.data, &p);
	buf_destroy(&sql);
}

static void update(struct record *r, const struct record_plan *plan, enum change_kind kind, const struct numbers *n)
{
	struct unit *u = r->unit;
	struct buf sql = BUF_INIT;
	struct pg_params p = {0};
	buf_puts(&sql, "WITH ");
	numbers_with(u, &sql, &p, n);
	buf_printf(&sql, "r AS (UPDATE %s AS t SET row_version = t.row_version + 1", r->section->expr.sql);
	for (size_t i = 0; i < plan->ncolumns; i++) {
		const struct field *f = plan->columns[i];
		size_t k = number_of(n, f);
		if (k < n->n) {
			buf_printf(&sql, ", %s = ", f->expr.column);
			number_expr(u, &sql, &p, n, k);
		} else if (record_changed(r, f) && f->type != FIELD_ROLLUP) {
			value_param(u, &p, f, &r->now.values[f->pos]);
			buf_printf(&sql, ", %s = $%d", f->expr.column, param(&p));
		}
	}
	numbers_from(&sql, n, " FROM");
	pg_params_int(u->arena, &p, r->id);
	int id = param(&p);
	buf_printf(&sql, " WHERE t.id = $%d RETURNING t.*) ", id);
	change_insert(r, kind, &sql, &p, n, id);
	unit_send(u, sql.data, &p);
	buf_destroy(&sql);
}

static void write_link(struct record *r, const struct field *f)
{
	struct unit *u = r->unit;
	struct pg_params p = {0};
	pg_params_int(u->arena, &p, r->id);
	if (!r->fresh)
		unit_send(u, arena_printf(u->arena, "DELETE FROM %s WHERE record = $1", f->expr.link), &p);
	const struct value *v = &r->now.values[f->pos];
	if (v->kind != VALUE_LIST || !v->list.count)
		return;
	pg_params_value(u->arena, &p, PG_INT8_ARRAY, v);
	unit_send(
		u,
		arena_printf(u->arena,
					 "INSERT INTO %s (record, target, position) SELECT $1, x.id, x.n FROM unnest($2::bigint[]) WITH ORDINALITY AS x(id, n)",
					 f->expr.link),
		&p);
}

/* ---- what hangs on some sections ---- */

static void write_version(struct record *r)
{
	if (r->gone)
		version_end(r->unit, r->section, r->id);
	else
		version_keep(r->unit, r->section, &r->id, 1);
}

static void forget_user(void *arg)
{
	actor_forget(*(int64_t *)arg);
}

/* Whoever is switched off is out at once; roles are read afresh everywhere within half a second. */
static void write_user(struct record *r)
{
	struct unit *u = r->unit;
	const struct field *active = section_find(r->section, "active");
	struct pg_params p = {0};
	if (r->fresh)
		return;
	pg_params_int(u->arena, &p, r->id);
	bool on = !r->gone && active && r->now.values[active->pos].kind == VALUE_BOOL && r->now.values[active->pos].b;
	if (!on) {
		unit_send(u, "DELETE FROM ostov.session WHERE user_id = $1", &p);
		unit_send(u, "UPDATE ostov.token SET revoked_at = clock_timestamp() WHERE user_id = $1 AND revoked_at IS NULL", &p);
	}
	if (r->gone)
		unit_send(u, "DELETE FROM ostov.credential WHERE user_id = $1", &p);
	unit_send(u, "SELECT pg_notify('ostov_session', $1::bigint::text)", &p);
	int64_t *id = arena_new(u->arena, int64_t);
	*id = r->id;
	unit_after_commit(u, forget_user, id);
}

static void write_calendar(struct record *r)
{
	struct unit *u = r->unit;
	const struct field *day = section_find(r->section, "day"), *working = section_find(r->section, "working");
	if (!day || !working)
		return;
	if (r->was.values && r->was.values[day->pos].kind == VALUE_DATE) {
		struct pg_params p = {0};
		pg_params_value(u->arena, &p, PG_DATE, &r->was.values[day->pos]);
		unit_send(u, "DELETE FROM ostov.calendar_day WHERE day = $1", &p);
	}
	if (r->gone || r->now.values[day->pos].kind != VALUE_DATE)
		return;
	struct pg_params p = {0};
	pg_params_value(u->arena, &p, PG_DATE, &r->now.values[day->pos]);
	pg_params_bool(u->arena, &p, r->now.values[working->pos].kind == VALUE_BOOL && r->now.values[working->pos].b);
	unit_send(u, "INSERT INTO ostov.calendar_day (day, works) VALUES ($1, $2) ON CONFLICT (day) DO UPDATE SET works = excluded.works", &p);
	u->priv->calendar_loaded = false;
}

static void write_rest(struct record *r)
{
	int64_t parent_section, parent;
	live_note(r->unit, r->section->id, r->id);
	change_parent(r, &parent_section, &parent);
	if (parent)
		live_note(r->unit, parent_section, parent);
	if (r->section->history)
		write_version(r);
	if (r->section == r->unit->reg->user)
		write_user(r);
	if (r->section->calendar)
		write_calendar(r);
	task_follow(r);
}

/* ---- the write ---- */

static int count(struct unit *u, struct err *err)
{
	if (++u->priv->written <= UNIT_RECORDS)
		return 0;
	return err_say(err, ERR_TOO_COMPLEX, u->lang, SAY_TOO_MANY_RECORDS, arena_printf(u->arena, "%d", UNIT_RECORDS));
}

/* Rollups of a new record come from its drafts: nobody else can have lines for it. */
static int own_rollups(struct record *r, const struct record_plan *plan, struct err *err)
{
	struct unit *u = r->unit;
	for (size_t i = 0; i < plan->nrollups; i++) {
		struct field *f = plan->rollups[i];
		struct value v;
		if (expr_eval(u->arena, f->rollup.expr, &u->env, &r->now, NULL, NULL, &v, err) < 0)
			return -1;
		record_fit(u->arena, f, &v);
		r->now.values[f->pos] = v;
	}
	return 0;
}

static bool any_change(const struct record *r, const struct record_plan *plan)
{
	for (size_t i = 0; i < plan->ncolumns; i++)
		if (plan->columns[i]->type != FIELD_ROLLUP && record_changed(r, plan->columns[i]))
			return true;
	for (size_t i = 0; i < plan->nlinks; i++)
		if (record_changed(r, plan->links[i]))
			return true;
	return false;
}

int record_write(struct record *r, enum change_kind kind, struct err *err)
{
	struct unit *u = r->unit;
	struct record_plan *plan = record_plan_get(u->reg, r->section);
	struct numbers n;
	if (!r->fresh && kind == CHANGE_CHANGED && !r->priv->touched && !any_change(r, plan))
		return 0;
	if (count(u, err) < 0)
		return -1;
	struct value by = u->user->id ? value_int(u->user->id) : value_nil();
	r->now.values[plan->changed_at->pos] = value_time(u->now_us);
	r->now.values[plan->changed_by->pos] = by;
	if (r->fresh) {
		r->now.values[plan->created_at->pos] = value_time(u->now_us);
		r->now.values[plan->created_by->pos] = by;
	}
	if (numbers_due(r, &n, err) < 0 || (r->fresh && own_rollups(r, plan, err) < 0))
		return -1;
	if (r->fresh)
		insert(r, plan, &n);
	else
		update(r, plan, kind, &n);
	for (size_t i = 0; i < plan->nlinks; i++)
		if (record_changed(r, plan->links[i]))
			write_link(r, plan->links[i]);
	write_rest(r);
	if (n.n)
		r->priv->reread = true;
	if (rollup_touch(u, r, err) < 0)
		return -1;
	for (size_t i = 0; i <= plan->nfields; i++) {
		const struct expr *e = i < plan->nfields  ? (plan->late[i] ? r->section->fields[i]->check.expr : NULL)
							   : plan->late_check ? r->section->check.expr
												  : NULL;
		if (e && (r->priv->touched || record_names_changed(r, e))) {
			record_late_note(r);
			break;
		}
	}
	return 0;
}

void record_settled(struct record *r)
{
	struct unit *u = r->unit;
	size_t n = record_plan_get(u->reg, r->section)->nfields;
	if (!r->was.values)
		r->was.values = arena_array(u->arena, struct value, n);
	memcpy(r->was.values, r->now.values, n * sizeof *r->was.values);
	r->version++;
	r->fresh = false;
	r->locked = true;
	r->priv->writing = false;
	r->priv->touched = false;
	r->priv->faults = NULL;
	r->priv->move = r->priv->comment = NULL;
	r->priv->tasks = NULL;
}

int record_erase(struct record *r, struct err *err)
{
	struct unit *u = r->unit;
	struct buf sql = BUF_INIT;
	struct pg_params p = {0};
	struct numbers none = {.n = 0};
	if (count(u, err) < 0)
		return -1;
	pg_params_int(u->arena, &p, r->id);
	buf_printf(&sql, "WITH r AS (DELETE FROM %s WHERE id = $1 RETURNING id) ", r->section->expr.sql);
	change_insert(r, CHANGE_DELETED, &sql, &p, &none, 1);
	unit_send(u, sql.data, &p);
	buf_destroy(&sql);
	r->gone = true;
	write_rest(r);
	return rollup_touch(u, r, err);
}
