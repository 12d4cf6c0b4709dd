/* schema_task: checklists of the records that stand on a stage already: who lacks the row of a task, and rows whose task is gone.
 *
 * Counted for the plan, written after the switch in batches: a record that entered meanwhile has its rows from the write path. Until a row is there the task
 * holds nobody up, so an apply that is cut off here changes nothing by halves; the next one finds what is missing and goes on. */
#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fiber.h"
#include "meta/schema_apply.h"
#include "meta/schema_system.h"
#include "pg/pg.h"

enum { BATCH_ROWS = 1000, TASK_LOCK_MS = 2000, TOLD_MS = 5000 };

static bool is_kind(const struct schema_item *it, const char *kind)
{
	return strcmp(it->kind, kind) == 0;
}

static const char *code_of(const struct schema_object *o)
{
	const char *dot = strrchr(o->path, '.');
	return dot ? dot + 1 : o->path;
}

/* The condition on `t` for records that will stand on the stage; NULL: nobody does. */
static const char *standing(struct schema_plan *p, const struct schema_item *stage)
{
	struct arena *a = p->arena;
	const struct schema_item *section = stage->parent, *field = shape_find(&p->shape, "field", arena_printf(a, "%s.stage", section->path));
	const struct schema_table *t = map_find(&p->current->tables, section->physical);
	if (!t || !field)
		return NULL;
	/* renamed codes of many records are filled into a column of their own: the former one has the codes of now */
	const char *column = field->replaced ? field->replaced : field->physical;
	if (!map_find(&t->columns, column)) /* stages are new: everybody begins on the first one */
		return section->section->paths[0]->stages[0] == stage->stage ? "true" : NULL;
	struct buf codes = BUF_INIT;
	if (stage->old)
		buf_puts(&codes, shape_quote(a, code_of(stage->old)));
	for (size_t i = 0; i < p->dropped.count; i++) {
		const struct schema_object *o = p->dropped.items[i];
		/* a stage that this one takes over */
		if (stage->was && section->old && o->parent == section->old->id && strcmp(o->kind, "stage") == 0 &&
			strcmp(code_of(o), stage->was + 1) == 0)
			buf_printf(&codes, "%s%s", codes.len ? ", " : "", shape_quote(a, code_of(o)));
	}
	const char *sql = codes.len ? arena_printf(a, "t.%s IN (%s)", schema_ident(a, column), codes.data) : NULL;
	buf_destroy(&codes);
	return sql;
}

static struct schema_op *op_add(struct schema_plan *p, const char *place, int64_t rows)
{
	struct schema_op *op = schema_op_add(p, OP_TASKS, NULL, NULL, NULL);
	op->place = place;
	op->rows = rows;
	return op;
}

static void lacking(struct schema_diff *d, const struct schema_item *task)
{
	struct schema_plan *p = d->plan;
	struct arena *a = p->arena;
	const struct schema_item *section = task->parent->parent;
	const char *where = section->old ? standing(p, task->parent) : NULL;
	if (!where)
		return;
	const char *there = "";
	if (task->old && p->current->step >= SCHEMA_STEP_TASK)
		there = arena_printf(a,
							 " AND NOT EXISTS (SELECT 1 FROM ostov.task k WHERE k.section_id = %" PRId64
							 " AND k.record_id = t.id AND k.task_id = %" PRId64 " AND k.left_at IS NULL)",
							 section->old->id, task->old->id);
	int64_t rows =
		schema_count(d, arena_printf(a, "SELECT count(*) FROM %s t WHERE %s%s", schema_table_sql(a, section->physical), where, there));
	if (rows == 0)
		return;
	op_add(p, task->path, rows)->item = task;
	schema_lock_add(
		p, section->physical,
		arena_printf(a, "the task %s is written for %s after the switch: who writes these waits for batches of %d, some milliseconds each",
					 task->tail + 1, schema_records(a, rows), BATCH_ROWS),
		0);
}

static const char *live_ids(const struct schema_plan *p)
{
	struct buf ids = BUF_INIT;
	for (size_t i = 0; i < p->items.count; i++) {
		const struct schema_item *it = p->items.items[i];
		int64_t id = !is_kind(it, "task") ? 0 : it->old ? it->old->id : it->id;
		if (id)
			buf_printf(&ids, "%s%" PRId64, ids.len ? "," : "", id);
	}
	const char *text = arena_printf(p->arena, "'{%s}'::bigint[]", ids.len ? ids.data : "");
	buf_destroy(&ids);
	return text;
}

void schema_tasks(struct schema_diff *d)
{
	struct schema_plan *p = d->plan;
	struct arena *a = p->arena;
	for (size_t i = 0; i < p->items.count; i++)
		if (is_kind(p->items.items[i], "task"))
			lacking(d, p->items.items[i]);
	if (p->current->step < SCHEMA_STEP_TASK)
		return;
	bool ends = false;
	for (size_t i = 0; i < p->dropped.count; i++) {
		const struct schema_object *o = p->dropped.items[i];
		if (strcmp(o->kind, "task") != 0)
			continue;
		int64_t rows = schema_count(d, arena_printf(a,
													"SELECT count(*) FROM ostov.task WHERE task_id = %" PRId64
													" AND left_at IS NULL AND state = 'open'",
													o->id));
		ends = true;
		if (rows != 0) {
			op_add(p, o->path, rows)->object = o;
			schema_lock_add(p, o->path,
							arena_printf(a, "it is cancelled on %s after the switch, in batches of %d", schema_records(a, rows),
										 BATCH_ROWS),
							0);
		}
	}
	/* those of a task that an earlier apply took away */
	int64_t rest =
		schema_count(d, arena_printf(a, "SELECT count(*) FROM ostov.task WHERE left_at IS NULL AND task_id <> ALL (%s)", live_ids(p)));
	if (rest != 0 || ends)
		op_add(p, "checklists", rest);
}

const char *schema_task_text(const struct schema_plan *p, const struct schema_item *it, const struct schema_object *o)
{
	for (size_t i = 0; i < p->ops.count; i++) {
		const struct schema_op *op = &p->ops.items[i];
		if (op->kind != OP_TASKS || op->item != it || op->object != o)
			continue;
		const char *rows = op->rows < 0    ? "many records"
						   : op->rows == 1 ? "1 record"
										   : arena_printf(p->arena, "%" PRId64 " records", op->rows);
		return arena_printf(p->arena, o ? "open on %s: cancelled" : "for %s on this stage already", rows);
	}
	return NULL;
}

/* ---- after the switch ---- */

struct batch {
	const char *sql;
	int64_t after;
	int64_t rows;
};

static int batch_run(struct schema_run *x, struct pg_tx *tx, void *ctx, struct err *err)
{
	struct batch *b = ctx;
	struct pg_params params = {0};
	struct pg_rows *rows;
	pg_params_int(x->arena, &params, b->after);
	if (schema_run_do(x, tx, b->sql, &params, &rows, err) < 0)
		return -1;
	b->rows = pg_rows_int(rows, 0, 0);
	if (b->rows)
		b->after = pg_rows_int(rows, 0, 1);
	return 0;
}

static int batches(struct schema_run *x, const char *sql, const char *place, int64_t wanted, struct err *err)
{
	struct batch b = {.sql = sql, .after = INT64_MIN};
	uint64_t told = clock_monotonic_ms() + TOLD_MS;
	int64_t done = 0;
	do {
		if (schema_run_retry(x, TASK_LOCK_MS, place, batch_run, &b, err) < 0)
			return -1;
		done += b.rows;
		if (clock_monotonic_ms() >= told && wanted > done) {
			schema_run_say(x, "checklists, %s: %d %%", place, (int)(done * 100 / wanted));
			told = clock_monotonic_ms() + TOLD_MS;
		}
		fiber_sleep(1);
	} while (b.rows);
	return 0;
}

/* Who lacks the row is found first, then locked and looked at once more, so that nobody leaves the stage between the look and the row and writers wait for
 * the insertion alone. */
static const char *open_sql(struct schema_run *x, const struct schema_item *task)
{
	struct arena *a = x->arena;
	const struct schema_item *section = task->parent->parent,
							 *field = shape_find(&x->plan->shape, "field", arena_printf(a, "%s.stage", section->path));
	const char *table = schema_table_sql(a, section->physical);
	const char *stands = arena_printf(a, "t.%s = %s", schema_ident(a, field->physical), shape_quote(a, task->parent->tail + 1));
	return arena_printf(
		a,
		"WITH c AS MATERIALIZED (SELECT t.id FROM %s t WHERE t.id > $1 AND %s AND NOT EXISTS (SELECT 1 FROM ostov.task k WHERE"
		" k.section_id = %" PRId64 " AND k.record_id = t.id AND k.task_id = %" PRId64 " AND k.left_at IS NULL) ORDER BY t.id LIMIT %d),"
		" r AS (SELECT t.id FROM c JOIN %s t ON t.id = c.id WHERE %s ORDER BY t.id FOR NO KEY UPDATE OF t),"
		" n AS (INSERT INTO ostov.task (section_id, record_id, task_id, created_at) SELECT %" PRId64 ", id, %" PRId64
		", clock_timestamp() FROM r ON CONFLICT DO NOTHING) SELECT count(*), max(id) FROM c",
		table, stands, section->id, task->id, BATCH_ROWS, table, stands, section->id, task->id);
}

static const char *close_sql(struct schema_run *x)
{
	return arena_printf(
		x->arena,
		"WITH k AS (SELECT id FROM ostov.task WHERE id > $1 AND left_at IS NULL AND task_id <> ALL (%s) ORDER BY id LIMIT %d FOR UPDATE),"
		" u AS (UPDATE ostov.task t SET left_at = clock_timestamp(), state = CASE t.state WHEN 'open' THEN 'cancelled' ELSE t.state END"
		" FROM k WHERE t.id = k.id) SELECT count(*), max(id) FROM k",
		live_ids(x->plan), BATCH_ROWS);
}

int schema_tasks_run(struct schema_run *x, struct err *err)
{
	for (size_t i = 0; i < x->plan->ops.count; i++) {
		const struct schema_op *op = &x->plan->ops.items[i];
		if (op->kind != OP_TASKS || op->object)
			continue;
		schema_run_say(x, op->item ? "checklists of %s" : "%s whose task is gone", op->place);
		if (batches(x, op->item ? open_sql(x, op->item) : close_sql(x), op->place, op->rows, err) < 0)
			return -1;
	}
	return 0;
}
