/* schema_fill: values of a column or link table that is new: conversions of the column that it replaces, sums of rollups. In batches while people work, and once more, for
 * what they changed meanwhile, under the switch's lock. Reads and writes the table directly: these are the same values in another form, no changes of records. */
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fiber.h"
#include "meta/registry.h"
#include "meta/schema_apply.h"
#include "pg/pg.h"
#include "pg/pg_sql.h"

/* BATCH_ROWS: who writes one of these rows waits for the batch, on a table with many indexes about 0.1 s */
/* WRITERS_MS: for the transactions at work to end */
enum { BATCH_ROWS = 1000, PASSES = 3, FEW_ROWS = 1000, FILL_LOCK_MS = 2000, TOLD_MS = 5000, WRITERS_MS = 5000, WRITERS_POLL_MS = 20 };

struct fill {
	const struct schema_op *op;
	struct pg_sql sql;
	const char *text;
	int64_t after, upto; /* ids of this batch */
	int64_t changed;     /* rows written */
};

/* The rollup with the names that its columns have, or NULL. */
static const struct field *rollup_field(struct schema_run *x, const struct schema_op *op)
{
	const struct section *s = registry_find(x->registry, op->item->section->expr.name);
	return s ? section_find(s, op->item->field->expr.name) : NULL;
}

/* Appends the value of the row `t`. */
static int value_add(struct schema_run *x, struct fill *f, struct err *err)
{
	const struct schema_op *op = f->op;
	buf_putc(&f->sql.text, '(');
	if (op->sql) {
		buf_puts(&f->sql.text, op->sql);
	} else {
		const struct field *field = rollup_field(x, op);
		if (!field || !field->rollup.expr)
			return err_set(err, ERR_INTERNAL, "%s has no expression", op->place);
		struct expr_sql opts = {.sql = &f->sql, .alias = "t"};
		if (expr_sql_value(field->rollup.expr, &opts, err) < 0)
			return -1;
	}
	buf_printf(&f->sql.text, ")::%s", op->link ? "bigint" : shape_column_type(x->arena, op->item->field));
	return 0;
}

/* " AND …": which rows this statement looks at. */
static void rows_add(struct schema_run *x, struct fill *f, const struct schema_op *op, bool whole)
{
	struct buf *b = &f->sql.text;
	if (!whole) {
		buf_puts(b, " AND t.id > ");
		pg_sql_input(&f->sql, PG_INT8, 0);
		buf_puts(b, " AND t.id <= ");
		pg_sql_input(&f->sql, PG_INT8, 1);
	} else if (!op->sql && op->mark >= 0) {
		/* as an array: the sum is computed of these alone */
		buf_printf(b, " AND t.id = ANY(ARRAY(%s))", schema_rollup_changed(x, op, rollup_field(x, op)));
	} else if (op->sql && op->since) {
		/* all that older transactions wrote was seen by the last pass; an xid's age counts on where xids begin anew */
		buf_printf(b, " AND (age(t.xmin) <= age('%s'::xid)", op->since);
		if (schema_object_is_link(op->item->old))
			buf_printf(b, " OR t.id IN (SELECT record FROM app.%s l WHERE age(l.xmin) <= age('%s'::xid))",
					   schema_ident(f->sql.arena, op->item->replaced), op->since);
		buf_puts(b, ")");
	}
}

static int column_build(struct schema_run *x, struct fill *f, bool whole, struct err *err)
{
	const char *column = schema_ident(x->arena, f->op->name);
	buf_printf(&f->sql.text, "UPDATE %s t SET %s = ", schema_table_sql(x->arena, f->op->table), column);
	if (value_add(x, f, err) < 0)
		return -1;
	buf_printf(&f->sql.text, " WHERE t.%s IS DISTINCT FROM ", column);
	if (value_add(x, f, err) < 0)
		return -1;
	rows_add(x, f, f->op, whole);
	return 0;
}

/* The one target of a record becomes the only row of its link. */
static int link_build(struct schema_run *x, struct fill *f, bool whole, struct err *err)
{
	const char *link = schema_table_sql(x->arena, f->op->name), *table = schema_table_sql(x->arena, f->op->table);
	buf_printf(&f->sql.text, "WITH gone AS (DELETE FROM %s l USING %s t WHERE l.record = t.id AND l.target IS DISTINCT FROM ", link, table);
	if (value_add(x, f, err) < 0)
		return -1;
	rows_add(x, f, f->op, whole);
	buf_printf(&f->sql.text, ") INSERT INTO %s (record, target) SELECT t.id, ", link);
	if (value_add(x, f, err) < 0)
		return -1;
	buf_printf(&f->sql.text, " FROM %s t WHERE ", table);
	if (value_add(x, f, err) < 0)
		return -1;
	buf_puts(&f->sql.text, " IS NOT NULL");
	rows_add(x, f, f->op, whole);
	/* a record that is being deleted is waited for, and gone then */
	buf_puts(&f->sql.text, " FOR KEY SHARE OF t ON CONFLICT DO NOTHING");
	return 0;
}

/* The statement that writes what differs. */
static int fill_build(struct schema_run *x, struct fill *f, bool whole, struct err *err)
{
	pg_sql_create(&f->sql, x->arena);
	if ((f->op->link ? link_build : column_build)(x, f, whole, err) < 0)
		return -1;
	f->text = pg_sql_finish(&f->sql);
	return 0;
}

int schema_run_mark(struct schema_run *x, const char **since, int64_t *mark, struct err *err)
{
	static const char xmin[] =
		"SELECT (pg_snapshot_xmin(pg_current_snapshot())::text::numeric % 4294967296)::text,"
		" pg_snapshot_xmin(pg_current_snapshot())::text::bigint, pg_snapshot_xmax(pg_current_snapshot())::text::bigint";
	struct pg_rows *rows;
	if (pg_read(x->pg, PG_LANE_SLOW, x->arena, "SELECT coalesce(max(id), 0) FROM ostov.change", NULL, &rows, err) < 0)
		return -1;
	if (mark)
		*mark = pg_rows_int(rows, 0, 0);
	uint64_t end = clock_monotonic_ms() + WRITERS_MS;
	int64_t wanted = -1;
	for (;;) {
		if (pg_read(x->pg, PG_LANE_SLOW, x->arena, xmin, NULL, &rows, err) < 0)
			return -1;
		wanted = wanted < 0 ? pg_rows_int(rows, 0, 2) : wanted;
		if (!mark || pg_rows_int(rows, 0, 1) >= wanted)
			break;
		if (clock_monotonic_ms() >= end) {
			*mark = -1;
			break;
		}
		fiber_sleep(WRITERS_POLL_MS);
	}
	*since = arena_strdup(x->arena, pg_rows_text(rows, 0, 0));
	return 0;
}

static int fill_run(struct schema_run *x, struct pg_tx *tx, void *ctx, struct err *err)
{
	struct fill *f = ctx;
	struct value inputs[2] = {value_int(f->after), value_int(f->upto)};
	struct pg_bindings bindings = {.zone = x->registry->zone, .inputs = inputs, .ninputs = 2};
	struct pg_params params = {0};
	struct pg_rows *rows;
	pg_sql_bind(&f->sql, x->arena, &bindings, &params);
	if (schema_run_do(x, tx, f->text, &params, &rows, err) < 0)
		return -1;
	f->changed += pg_rows_affected(rows);
	return 0;
}

/* The id up to which the next batch goes; -1 when there are no more rows. */
static int batch_end(struct schema_run *x, const struct fill *f, int64_t *upto, struct err *err)
{
	struct pg_params params = {0};
	struct pg_rows *rows;
	const char *table = schema_table_sql(x->arena, f->op->table);
	const char *sql =
		arena_printf(x->arena, "SELECT max(id) FROM (SELECT id FROM %s WHERE id > $1 ORDER BY id LIMIT %d) b", table, BATCH_ROWS);
	pg_params_int(x->arena, &params, f->after);
	if (pg_read(x->pg, PG_LANE_SLOW, x->arena, sql, &params, &rows, err) < 0)
		return -1;
	*upto = pg_rows_null(rows, 0, 0) ? -1 : pg_rows_int(rows, 0, 0);
	return 0;
}

int schema_fill(struct schema_run *x, struct schema_op *op, struct pg_tx *whole, struct err *err)
{
	struct fill f = {.op = op};
	if (fill_build(x, &f, whole != NULL, err) < 0)
		return -1;
	if (whole)
		return fill_run(x, whole, &f, err);
	uint64_t told = clock_monotonic_ms() + TOLD_MS;
	/* again for what changed meanwhile, so that little is left for the time when writes stop */
	for (int pass = 0; pass < PASSES; pass++) {
		int64_t done = 0;
		const char *since;
		int64_t mark = -1;
		if (schema_run_mark(x, &since, op->sql ? NULL : &mark, err) < 0)
			return -1;
		f.after = INT64_MIN;
		f.changed = 0;
		for (;;) {
			if (batch_end(x, &f, &f.upto, err) < 0)
				return -1;
			if (f.upto < 0)
				break;
			if (schema_run_retry(x, FILL_LOCK_MS, op->place, fill_run, &f, err) < 0)
				return -1;
			f.after = f.upto;
			done += BATCH_ROWS;
			if (clock_monotonic_ms() >= told && op->rows > done) {
				schema_run_say(x, "filling %s: %d %%", op->place, (int)(done * 100 / op->rows));
				told = clock_monotonic_ms() + TOLD_MS;
			}
			fiber_sleep(1);
		}
		op->since = since;
		if (!op->sql && mark >= 0 && !schema_rollup_whole(x->plan, op->item->field))
			op->mark = mark;
		if (f.changed < FEW_ROWS || op->link)
			break;
	}
	return 0;
}
