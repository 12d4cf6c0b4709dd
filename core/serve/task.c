#include "serve/task.h"

#include <string.h>

#include "base/arena.h"
#include "base/date.h"
#include "pg/pg.h"
#include "serve/live.h"
#include "serve/plan.h"
#include "serve/record_private.h"
#include "serve/stage.h"

/* ---- labels ---- */

/* The label's expression in the language, NULL when it is a plain text. */
static const struct expr *title_of(const struct stage_task *t, enum lang lang)
{
	return t->titles[t->label.text[lang] ? lang : LANG_EN].expr;
}

static void user_eyes(const struct access_eyes *eyes, struct pg_sql *sql, const char *alias, struct expr_sql *out)
{
	*out = (struct expr_sql){.sql = sql,
							 .alias = alias,
							 .table = access_sql_table,
							 .column = access_sql_field,
							 .has_role = access_has_role,
							 .ctx = (void *)(uintptr_t)eyes};
}

static int label_sql(const struct access_eyes *eyes, const struct stage_task *t, struct pg_sql *sql, const char *alias, struct err *err)
{
	struct expr_sql opts;
	const struct expr *title = title_of(t, eyes->actor->lang);
	if (!title) {
		pg_sql_value(sql, PG_TEXT, value_textz(label_get(&t->label, eyes->actor->lang)));
		return 0;
	}
	user_eyes(eyes, sql, alias, &opts);
	return expr_sql_value(title, &opts, err);
}

/* "SELECT label, label … FROM section t WHERE t.id = …" over the tasks whose labels have braces; their number. */
static int labels_build(const struct access_eyes *eyes, struct section *s, int64_t id, const struct task_item *items, size_t n,
						struct pg_sql *sql, size_t *asked, struct err *err)
{
	*asked = 0;
	pg_sql_create(sql, sql->arena);
	const char *alias = pg_sql_alias(sql);
	buf_puts(&sql->text, "SELECT ");
	for (size_t i = 0; i < n; i++) {
		if (!title_of(items[i].task, eyes->actor->lang))
			continue;
		buf_puts(&sql->text, (*asked)++ ? ", " : "");
		if (label_sql(eyes, items[i].task, sql, alias, err) < 0) {
			buf_destroy(&sql->text);
			return -1;
		}
	}
	buf_printf(&sql->text, " FROM %s AS %s WHERE %s.id = ", s->expr.sql, alias, alias);
	pg_sql_value(sql, PG_INT8, value_int(id));
	return 0;
}

static const char **labels_take(struct arena *a, enum lang lang, const struct task_item *items, size_t n, const struct pg_rows *rows)
{
	const char **labels = arena_array(a, const char *, n + 1);
	size_t at = 0;
	for (size_t i = 0; i < n; i++) {
		const char *text = label_get(&items[i].task->label, lang);
		if (rows && title_of(items[i].task, lang)) {
			const char *filled = pg_rows_count(rows) ? pg_rows_text(rows, 0, at) : NULL;
			text = filled ? arena_strdup(a, filled) : text;
			at++;
		}
		labels[i] = text;
	}
	return labels;
}

int task_labels(struct unit *u, struct record *r, const struct task_item *items, size_t n, const char ***out, struct err *err)
{
	struct access_eyes eyes = {u->reg, u->actor};
	struct pg_sql sql = {.arena = u->arena};
	struct pg_rows *rows = NULL;
	size_t asked;
	if (labels_build(&eyes, r->section, r->id, items, n, &sql, &asked, err) < 0)
		return -1;
	const char *text = pg_sql_finish(&sql);
	if (asked) {
		struct pg_bindings b = {.me = u->actor->id, .now_us = u->now_us, .today = u->today, .zone = u->zone};
		struct pg_params params = {0};
		pg_sql_bind(&sql, u->arena, &b, &params);
		if (pg_tx_run(u->tx, u->arena, text, &params, &rows, err) < 0)
			return -1;
	}
	*out = labels_take(u->arena, u->lang, items, n, rows);
	return 0;
}

int task_label(struct arena *a, struct pg *pg, const struct registry *reg, const struct actor *actor, struct section *s, int64_t id,
			   const struct stage_task *t, const char **out, struct err *err)
{
	struct access_eyes eyes = {reg, actor};
	struct pg_sql sql = {.arena = a};
	struct pg_rows *rows = NULL;
	struct task_item item = {.task = t};
	size_t asked;
	if (labels_build(&eyes, s, id, &item, 1, &sql, &asked, err) < 0)
		return -1;
	const char *text = pg_sql_finish(&sql);
	if (asked) {
		struct pg_bindings b;
		struct pg_params params = {0};
		plan_bindings(reg, actor, &b);
		pg_sql_bind(&sql, a, &b, &params);
		if (pg_read(pg, PG_LANE_FAST, a, text, &params, &rows, err) < 0)
			return -1;
	}
	*out = labels_take(a, actor->lang, &item, 1, rows)[0];
	return 0;
}

/* ---- the checklist in force ---- */

int task_list(struct unit *u, struct record *r, struct task_item **out, size_t *n, struct err *err)
{
	const struct stage *stage = stage_of(r);
	*out = NULL;
	*n = 0;
	if (!stage || !stage->ntasks || r->fresh)
		return 0;
	if (!r->priv->tasks) {
		struct pg_params params = {0};
		struct pg_rows *rows;
		struct task_item *items = arena_array(u->arena, struct task_item, stage->ntasks + 1);
		size_t count = 0;
		pg_params_int(u->arena, &params, r->section->id);
		pg_params_int(u->arena, &params, r->id);
		if (pg_tx_run(u->tx, u->arena,
					  "SELECT id, task_id, state = 'done', done_by, done_at FROM ostov.task WHERE section_id = $1 AND record_id = $2 AND "
					  "left_at IS NULL",
					  &params, &rows, err) < 0)
			return -1;
		for (size_t i = 0; i < stage->ntasks; i++)
			for (size_t k = 0; k < pg_rows_count(rows); k++)
				if (pg_rows_int(rows, k, 1) == stage->tasks[i]->id)
					items[count++] = (struct task_item){.id = pg_rows_int(rows, k, 0),
														.task = stage->tasks[i],
														.done = pg_rows_bool(rows, k, 2),
														.done_by = pg_rows_int(rows, k, 3),
														.done_at_us = pg_rows_null(rows, k, 4) ? 0 : pg_rows_value(rows, u->arena, k, 4).i};
		r->priv->tasks = items;
		r->priv->ntasks = count;
	}
	*out = r->priv->tasks;
	*n = r->priv->ntasks;
	return 0;
}

int task_may(struct unit *u, struct record *r, const struct stage_task *t, bool *out, struct err *err)
{
	struct value v;
	*out = u->actor->system;
	if (*out)
		return 0;
	if (!t->who.text)
		return access_test(u, access_get(u->reg, u->actor, r->section), GRANT_UPDATE, r, true, NULL, out, NULL, err);
	if (expr_eval(u->arena, t->who.expr, &u->env, &r->now, NULL, NULL, &v, err) < 0)
		return -1;
	*out = v.kind == VALUE_INT && v.i == u->actor->id;
	for (size_t i = 0; v.kind == VALUE_LIST && i < v.list.count && !*out; i++)
		*out = v.list.items[i].kind == VALUE_INT && v.list.items[i].i == u->actor->id;
	return 0;
}

int task_gate(struct unit *u, struct record *r, const char **reason, struct err *err)
{
	struct task_item *items, *open;
	const char **labels;
	size_t n, count = 0;
	*reason = NULL;
	if (task_list(u, r, &items, &n, err) < 0)
		return -1;
	open = arena_array(u->arena, struct task_item, n + 1);
	for (size_t i = 0; i < n; i++)
		if (items[i].task->required && !items[i].done)
			open[count++] = items[i];
	if (!count)
		return 0;
	if (task_labels(u, r, open, count, &labels, err) < 0)
		return -1;
	struct buf names = BUF_INIT;
	for (size_t i = 0; i < count; i++)
		buf_printf(&names, "%s%s", i ? "; " : "", labels[i]);
	*reason = say_text(u->arena, u->lang, SAY_TASKS_OPEN, arena_strndup(u->arena, names.data, names.len));
	buf_destroy(&names);
	return 0;
}

/* ---- ticking ---- */

static int already(struct unit *u, bool done, const char *label, int64_t by, struct err *err)
{
	const char *who = NULL;
	struct err ignored;
	err_init(&ignored, u->arena);
	if (done && by)
		plan_titles(u->arena, u->pg, u->reg, u->actor, u->reg->user, &by, 1, &who, &ignored);
	if (who)
		return err_say(err, ERR_CONFLICT, u->lang, SAY_TASK_DONE_BY, label, who);
	return err_say(err, ERR_CONFLICT, u->lang, done ? SAY_TASK_DONE : SAY_TASK_OPEN, label);
}

static void write_tick(struct record *r, const struct stage_task *t, int64_t id, bool done)
{
	struct unit *u = r->unit;
	struct pg_params p = {0};
	struct value at = value_time(u->now_us), by = u->user->id ? value_int(u->user->id) : value_nil();
	pg_params_int(u->arena, &p, id);
	pg_params_value(u->arena, &p, PG_INT8, done ? &by : &(struct value){.kind = VALUE_NIL});
	pg_params_value(u->arena, &p, PG_TIMESTAMPTZ, done ? &at : &(struct value){.kind = VALUE_NIL});
	unit_send(u,
			  done ? "UPDATE ostov.task SET state = 'done', done_by = $2, done_at = $3 WHERE id = $1"
				   : "UPDATE ostov.task SET state = 'open', done_by = $2, done_at = $3 WHERE id = $1",
			  &p);
	struct pg_params c = {0};
	int64_t parent_section, parent_id;
	change_parent(r, &parent_section, &parent_id);
	struct value ps = parent_id ? value_int(parent_section) : value_nil(), pi = parent_id ? value_int(parent_id) : value_nil();
	pg_params_int(u->arena, &c, r->section->id);
	pg_params_int(u->arena, &c, r->id);
	pg_params_value(u->arena, &c, PG_TIMESTAMPTZ, &at);
	pg_params_value(u->arena, &c, PG_INT8, &by);
	pg_params_text(u->arena, &c, PG_TEXT, change_kind_name(done ? CHANGE_TICKED : CHANGE_REOPENED));
	pg_params_text(u->arena, &c, PG_JSONB,
				   arena_printf(u->arena, done ? "{\"%lld\":[\"open\",\"done\"]}" : "{\"%lld\":[\"done\",\"open\"]}", (long long)t->id));
	pg_params_int(u->arena, &c, r->version);
	pg_params_int(u->arena, &c, u->priv->number);
	pg_params_value(u->arena, &c, PG_INT8, &ps);
	pg_params_value(u->arena, &c, PG_INT8, &pi);
	unit_send(
		u,
		"INSERT INTO ostov.change (section_id, record_id, at, user_id, kind, fields, row_version, unit, parent_section, parent_record)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
		&c);
	live_note(u, r->section->id, r->id);
	r->priv->tasks = NULL;
}

int task_set(struct unit *u, struct section *s, int64_t record, int64_t id, bool done, struct err *err)
{
	const struct access *x = access_get(u->reg, u->actor, s);
	struct record *r;
	struct pg_params params = {0};
	struct pg_rows *rows;
	bool ok;
	if (!access_exists(x))
		return err_say(err, ERR_NOT_FOUND, u->lang, SAY_NOT_FOUND);
	if (record_lock(u, s, record, false, NULL, &r, err) < 0 || unit_ready(u, err) < 0 ||
		access_test(u, x, GRANT_READ, r, true, NULL, &ok, NULL, err) < 0)
		return -1;
	if (!ok)
		return err_say(err, ERR_NOT_FOUND, u->lang, SAY_NOT_FOUND);
	if (r->priv->writing)
		return err_say(err, ERR_CONFLICT, u->lang, SAY_BEING_WRITTEN);
	pg_params_int(u->arena, &params, id);
	pg_params_int(u->arena, &params, s->id);
	pg_params_int(u->arena, &params, record);
	if (pg_tx_run(
			u->tx, u->arena,
			"SELECT task_id, left_at IS NULL, state = 'done', done_by FROM ostov.task WHERE id = $1 AND section_id = $2 AND record_id = $3",
			&params, &rows, err) < 0)
		return -1;
	struct task_item item = {.id = id, .task = pg_rows_count(rows) ? section_find_task(s, pg_rows_int(rows, 0, 0)) : NULL};
	const char **labels;
	if (!item.task)
		return err_say(err, ERR_NOT_FOUND, u->lang, SAY_NO_TASK);
	if (task_labels(u, r, &item, 1, &labels, err) < 0)
		return -1;
	if (!pg_rows_bool(rows, 0, 1))
		return err_say(err, ERR_CONFLICT, u->lang, SAY_TASK_LEFT, labels[0], label_get(&item.task->stage->label, u->lang));
	if (task_may(u, r, item.task, &ok, err) < 0)
		return -1;
	if (!ok)
		return err_say(err, ERR_FORBIDDEN, u->lang, SAY_NO_TICK, labels[0]);
	if (pg_rows_bool(rows, 0, 2) == done)
		return already(u, done, labels[0], pg_rows_int(rows, 0, 3), err);
	write_tick(r, item.task, id, done);
	return 0;
}

/* ---- what the write path does ---- */

void task_follow(struct record *r)
{
	struct unit *u = r->unit;
	const struct stage *now = r->gone ? NULL : stage_of(r), *was = r->fresh ? NULL : stage_was(r);
	struct pg_params p = {0};
	struct value at = value_time(u->now_us);
	if (!r->section->npaths || (now == was && !r->gone))
		return;
	pg_params_int(u->arena, &p, r->section->id);
	pg_params_int(u->arena, &p, r->id);
	if (r->gone) {
		unit_send(u, "DELETE FROM ostov.task WHERE section_id = $1 AND record_id = $2", &p);
		return;
	}
	pg_params_value(u->arena, &p, PG_TIMESTAMPTZ, &at);
	if (was && was->ntasks)
		unit_send(u,
				  "UPDATE ostov.task SET left_at = $3, state = CASE state WHEN 'open' THEN 'cancelled' ELSE state END"
				  " WHERE section_id = $1 AND record_id = $2 AND left_at IS NULL",
				  &p);
	struct value *ids = arena_array(u->arena, struct value, now->ntasks + 1), list = {.kind = VALUE_LIST};
	for (size_t i = 0; i < now->ntasks; i++)
		ids[i] = value_int(now->tasks[i]->id);
	list.list.items = ids;
	list.list.count = now->ntasks;
	if (!now->ntasks)
		return;
	pg_params_value(u->arena, &p, PG_INT8_ARRAY, &list);
	unit_send(u,
			  "INSERT INTO ostov.task (section_id, record_id, created_at, task_id) SELECT $1, $2, $3, x.id FROM unnest($4::bigint[]) WITH "
			  "ORDINALITY AS x(id, n) ORDER BY x.n",
			  &p);
}

/* ---- readers ---- */

int task_sql(const struct access_eyes *eyes, struct section *s, struct pg_sql *sql, const char *alias, bool one, struct err *err)
{
	struct buf *b = &sql->text;
	const char *k = pg_sql_alias(sql), *d = pg_sql_alias(sql);
	bool any = false;
	if (!s->ntasks) {
		buf_puts(b, "'[]'::json");
		return 0;
	}
	buf_printf(b,
			   "(SELECT coalesce(json_agg(json_build_object('id', %1$s.id, 'name', %2$s.name, 'stage', %2$s.stage, 'label', %2$s.label, "
			   "'required', %2$s.required,"
			   " 'state', %1$s.state, 'done_by_id', %1$s.done_by, 'done_at', to_char(%1$s.done_at AT TIME ZONE 'UTC', "
			   "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'))"
			   " ORDER BY %1$s.id), '[]') FROM (SELECT * FROM ostov.task WHERE section_id = ",
			   k, d);
	pg_sql_value(sql, PG_INT8, value_int(s->id));
	buf_printf(b, " AND record_id = %s.id", alias);
	if (one) {
		buf_puts(b, " AND id = ");
		pg_sql_input(sql, PG_INT8, 1);
	}
	buf_printf(b, " ORDER BY id DESC LIMIT %d) %s JOIN (VALUES ", TASK_ROWS, k);
	for (size_t i = 0; i < s->stages.count; i++) {
		const struct stage *st = s->stages.items[i].value;
		for (size_t n = 0; n < st->ntasks; n++) {
			const struct stage_task *t = st->tasks[n];
			/* names are [a-z0-9_]: nothing to quote */
			buf_printf(b, "%s(%lld::bigint, '%s', '%s', %s, ", any ? ", " : "", (long long)t->id, t->name, st->name,
					   t->required ? "true" : "false");
			any = true;
			if (label_sql(eyes, t, sql, alias, err) < 0)
				return -1;
			buf_putc(b, ')');
		}
	}
	buf_printf(b, ") AS %s(id, name, stage, required, label) ON %s.id = %s.task_id)", d, d, k);
	return 0;
}
