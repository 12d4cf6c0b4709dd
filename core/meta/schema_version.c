#include "meta/schema_version.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fiber.h"
#include "meta/registry.h"
#include "meta/schema_apply.h"
#include "pg/pg.h"

/* PAIRS: a function takes at most 100 arguments */
/* VERSIONS_A_MS: rows that the switch looks through in a millisecond for those that changed */
enum { VERSIONS_A_MS = 4000, PAIRS = 45, BATCH_ROWS = 1000, BATCH_LOCK_MS = 2000 };

/* ---- statements ---- */

static bool is_kept(const struct field *f)
{
	return (f->expr.storage == EXPR_COLUMN || f->expr.storage == EXPR_LINK) && f->type != FIELD_ID;
}

/* The row `t` as one object. */
static void row_json(struct buf *b, const struct section *s)
{
	size_t n = 0;
	buf_puts(b, "jsonb_strip_nulls(");
	for (size_t i = 0; i < s->nfields; i++) {
		const struct field *f = s->fields[i];
		if (!is_kept(f))
			continue;
		buf_puts(b, n == 0 ? "jsonb_build_object(" : n % PAIRS == 0 ? ") || jsonb_build_object(" : ", ");
		n++;
		if (f->id)
			buf_printf(b, "'%lld', ", (long long)f->id);
		else
			buf_printf(b, "'%s', ", f->expr.name);
		if (f->expr.storage == EXPR_LINK)
			buf_printf(b, "(SELECT jsonb_agg(l.target ORDER BY l.position, l.target) FROM %s l WHERE l.record = t.id)", f->expr.link);
		else
			buf_printf(b, "t.%s", f->expr.column);
	}
	buf_puts(b, n ? "))" : "'{}')");
}

const char *schema_version_keep(struct arena *a, const struct section *s)
{
	struct buf b = BUF_INIT;
	buf_puts(&b, "WITH n AS (SELECT t.id, t.row_version AS version, ");
	row_json(&b, s);
	buf_printf(&b, " AS \"row\" FROM %s AS t WHERE t.id = ANY($2::bigint[])), ", s->expr.sql);
	buf_puts(&b,
			 "o AS (SELECT v.record_id, v.valid_from, v.unit, v.row_version <> n.version OR v.\"row\" <> n.\"row\" AS differs FROM "
			 "ostov.version_row v JOIN n ON n.id = v.record_id"
			 " WHERE v.section_id = $1::bigint AND v.valid_till IS NULL), "
			 "same AS (UPDATE ostov.version_row v SET \"row\" = n.\"row\", row_version = n.version FROM n, o WHERE o.record_id = n.id AND "
			 "o.unit = $4::bigint AND o.differs"
			 " AND v.section_id = $1::bigint AND v.record_id = n.id AND v.valid_till IS NULL), "
			 "shut AS (UPDATE ostov.version_row v SET valid_till = greatest($3::timestamptz, o.valid_from + interval '1 microsecond') FROM "
			 "o WHERE o.unit <> $4::bigint AND o.differs"
			 " AND v.section_id = $1::bigint AND v.record_id = o.record_id AND v.valid_till IS NULL RETURNING v.record_id, v.valid_till) "
			 "INSERT INTO ostov.version_row (section_id, record_id, valid_from, unit, row_version, \"row\")"
			 " SELECT $1::bigint, n.id, coalesce(shut.valid_till, $3::timestamptz), $4::bigint, n.version, n.\"row\" FROM n LEFT JOIN shut "
			 "ON shut.record_id = n.id"
			 " LEFT JOIN o ON o.record_id = n.id WHERE shut.record_id IS NOT NULL OR o.record_id IS NULL");
	const char *sql = arena_strndup(a, b.data, b.len);
	buf_destroy(&b);
	return sql;
}

const char *schema_version_end(void)
{
	/* what the unit itself began was never seen by anybody */
	return "WITH own AS (DELETE FROM ostov.version_row WHERE section_id = $1::bigint AND record_id = ANY($2::bigint[]) AND valid_till IS "
		   "NULL AND unit = $4::bigint)"
		   " UPDATE ostov.version_row SET valid_till = greatest($3::timestamptz, valid_from + interval '1 microsecond')"
		   " WHERE section_id = $1::bigint AND record_id = ANY($2::bigint[]) AND valid_till IS NULL AND unit <> $4::bigint";
}

/* ---- what a plan has to do ---- */

static bool touches(const struct schema_plan *p, const struct schema_item *section)
{
	/* a role that goes leaves its users */
	for (size_t i = 0; strcmp(section->path, "user") == 0 && i < p->dropped.count; i++)
		if (strcmp(p->dropped.items[i]->kind, "role") == 0)
			return true;
	for (size_t i = 0; i < p->ops.count; i++) {
		const struct schema_op *op = &p->ops.items[i];
		if (op->kind == OP_COLUMNS && strcmp(op->table, section->physical) == 0)
			return true;
		if ((op->kind == OP_FILL || op->kind == OP_CODES) && op->item && op->item->section == section->section)
			return true;
		if ((op->kind == OP_FILL || op->kind == OP_CODES) && strcmp(op->table, section->physical) == 0)
			return true;
	}
	return false;
}

/* Sections with something to do that an apply left when it died: ids that `sql` reads, in one look. */
static bool ids_read(struct schema_diff *d, const char *sql, struct map *out)
{
	struct arena *a = d->plan->arena;
	struct pg_rows *rows;
	map_create(out, a);
	if (d->failed)
		return false;
	if (pg_read(d->pg, PG_LANE_SLOW, a, sql, NULL, &rows, d->err) < 0) {
		d->failed = true;
		return false;
	}
	for (size_t i = 0; i < pg_rows_count(rows); i++)
		map_put(out, arena_strdup(a, pg_rows_text(rows, i, 0)), a);
	return true;
}

static bool id_in(struct schema_plan *p, const struct map *ids, int64_t id)
{
	return map_find(ids, arena_printf(p->arena, "%lld", (long long)id)) != NULL;
}

static bool keeps(const struct schema_definition *d)
{
	return schema_definition_get(d, "history") != NULL;
}

/* What of it holds writers up, and how many rows it is. */
static void versions_lock(struct schema_diff *d, struct schema_op *op)
{
	struct schema_plan *p = d->plan;
	struct arena *a = p->arena;
	if (op->kind == OP_VERSIONS_END) {
		int64_t id = op->item ? op->item->old->id : op->object->id;
		op->rows = schema_count(d, arena_printf(a, "SELECT count(*) FROM ostov.version_row WHERE section_id = %lld AND valid_till IS NULL",
												(long long)id));
		if (op->rows != 0)
			schema_lock_add(p, op->place,
							arena_printf(a, "the open versions of %s end after the switch, and nobody waits", schema_records(a, op->rows)),
							0);
		return;
	}
	op->rows = schema_count(d, arena_printf(a, "SELECT count(*) FROM %s", schema_table_sql(a, op->table)));
	if (op->rows == 0)
		return;
	if (op->kind == OP_VERSIONS)
		schema_lock_add(p, op->table,
						arena_printf(a, "first versions of %s in batches of %d, then of what changed meanwhile: writes stop",
									 schema_records(a, op->rows), BATCH_ROWS),
						schema_stop_for(op->rows, VERSIONS_A_MS));
	else
		schema_lock_add(
			p, op->table,
			arena_printf(a,
						 "versions of %s in their new form after the switch: who writes these waits for batches of %d, some tens of "
						 "milliseconds each",
						 schema_records(a, op->rows), BATCH_ROWS),
			0);
}

void schema_version_ops(struct schema_diff *d)
{
	struct schema_plan *p = d->plan;
	struct map open, again;
	if (!p->current->generation ||
		!ids_read(d,
				  "SELECT o.id::text FROM ostov.object o WHERE o.kind = 'section' AND EXISTS (SELECT 1 FROM ostov.version_row v"
				  " WHERE v.section_id = o.id AND v.valid_till IS NULL)"
				  /* all of them ended, and the apply died before it said so */
				  " UNION SELECT place FROM ostov.apply_step WHERE state = 'open' AND action = 'versions_end'",
				  &open) ||
		!ids_read(d, "SELECT place FROM ostov.apply_step WHERE state = 'open' AND action = 'versions'", &again))
		return;
	for (size_t i = 0; i < p->items.count; i++) {
		struct schema_item *it = p->items.items[i];
		if (strcmp(it->kind, "section") != 0 || !it->old)
			continue;
		bool had = keeps(&it->old->definition), has = it->section->history;
		enum schema_op_kind kind = OP_VERSIONS;
		/* open ones of a section that keeps none: the option was taken away, now or by an apply that did not come to its end, or one died that was to give it */
		if (!has && !had && !id_in(p, &open, it->old->id))
			continue;
		if (!has) {
			kind = OP_VERSIONS_END;
		} else if (had) {
			if (!touches(p, it) && !id_in(p, &again, it->old->id))
				continue;
			kind = OP_VERSIONS_AGAIN;
		}
		struct schema_op *op = schema_op_add(p, kind, it->physical, it->physical, NULL);
		op->place = it->path;
		op->item = it;
		versions_lock(d, op);
	}
	for (size_t i = 0; i < p->current->objects.count; i++) {
		const struct schema_object *o = p->current->objects.items[i];
		if (strcmp(o->kind, "section") != 0 || o->claimed || (!id_in(p, &open, o->id) && (o->dropped || !keeps(&o->definition))))
			continue;
		struct schema_op *op = schema_op_add(p, OP_VERSIONS_END, o->physical, o->physical, NULL);
		op->place = o->path;
		op->object = o;
		versions_lock(d, op);
	}
}

/* ---- batches ---- */

struct batch {
	const struct schema_op *op;
	const char *first; /* what goes before, of the same $1 and $2, or NULL */
	const char *pick;  /* the ids of a batch behind $1, locked where rows are kept */
	const char *sql;
	int64_t unit, after, seen;
	const char *moment; /* SQL of it */
};

static const struct section *section_of(struct schema_run *x, const struct schema_op *op)
{
	return registry_find(x->registry, op->item->section->expr.name);
}

static int64_t section_id(const struct schema_op *op)
{
	return op->item ? op->item->id : op->object->id;
}

static int unit_take(struct schema_run *x, int64_t *unit, struct err *err)
{
	struct pg_rows *rows;
	if (pg_read(x->pg, PG_LANE_SLOW, x->arena, "SELECT nextval('ostov.unit')", NULL, &rows, err) < 0)
		return -1;
	*unit = pg_rows_int(rows, 0, 0);
	return 0;
}

static int batch_run(struct schema_run *x, struct pg_tx *tx, void *ctx, struct err *err)
{
	struct batch *b = ctx;
	struct arena *a = x->arena;
	struct pg_params from = {0}, params = {0};
	struct pg_rows *rows, *now;
	pg_params_int(a, &from, b->after);
	pg_params_int(a, &from, section_id(b->op));
	if (schema_run_do(x, tx, b->pick, &from, &rows, err) < 0 || schema_run_do(x, tx, b->moment, NULL, &now, err) < 0)
		return -1;
	size_t n = pg_rows_count(rows);
	struct value list = {.kind = VALUE_LIST}, *ids = arena_array(a, struct value, n + 1), at = pg_rows_value(now, a, 0, 0);
	for (size_t i = 0; i < n; i++)
		ids[i] = value_int(pg_rows_int(rows, i, 0));
	list.list.items = ids;
	list.list.count = n;
	b->seen = (int64_t)n;
	if (!n)
		return 0;
	if (b->first) {
		struct pg_params two = {0};
		pg_params_int(a, &two, section_id(b->op));
		pg_params_value(a, &two, PG_INT8_ARRAY, &list);
		if (schema_run_do(x, tx, b->first, &two, NULL, err) < 0)
			return -1;
	}
	pg_params_int(a, &params, section_id(b->op));
	pg_params_value(a, &params, PG_INT8_ARRAY, &list);
	pg_params_value(a, &params, PG_TIMESTAMPTZ, &at);
	pg_params_int(a, &params, b->unit);
	if (schema_run_do(x, tx, b->sql, &params, NULL, err) < 0)
		return -1;
	b->after = ids[n - 1].i;
	return 0;
}

static int batches_run(struct schema_run *x, struct batch *b, struct err *err)
{
	b->after = INT64_MIN;
	do {
		int64_t after = b->after;
		if (schema_run_retry(x, BATCH_LOCK_MS, b->op->place, batch_run, b, err) < 0)
			return -1;
		if (b->after == after)
			break;
		fiber_sleep(1);
	} while (b->seen == BATCH_ROWS);
	return 0;
}

static const char NOW[] = "SELECT clock_timestamp()";

/* All rows of the section, so that each is kept as it stands. */
static int keep_all(struct schema_run *x, const struct schema_op *op, struct err *err)
{
	const struct section *s = section_of(x, op);
	struct batch b = {.op = op, .moment = NOW};
	if (!s || !s->expr.sql)
		return err_set(err, ERR_INTERNAL, "%s has no table", op->place);
	b.pick = arena_printf(x->arena, "SELECT t.id FROM %s AS t WHERE t.id > $1 AND $2::bigint > 0 ORDER BY t.id LIMIT %d FOR NO KEY UPDATE",
						  s->expr.sql, BATCH_ROWS);
	b.sql = schema_version_keep(x->arena, s);
	schema_run_say(x, "keeping versions of %s", op->place);
	return unit_take(x, &b.unit, err) < 0 ? -1 : batches_run(x, &b, err);
}

static int moment_delete(struct schema_run *x, struct pg_tx *tx, void *ctx, struct err *err)
{
	return schema_run_do(x, tx, ctx, NULL, NULL, err);
}

/* The versions of a section that keeps none by the generation in force until `before` it: what was kept when that took the option away ends there, and what began later was
 * made by an apply that died before its switch: nobody kept it. */
static int settle(struct schema_run *x, const struct schema_op *op, struct err *err)
{
	struct arena *a = x->arena;
	long long id = section_id(op);
	const char *since =
		arena_printf(a,
					 "coalesce((SELECT min(at) FROM ostov.apply_step WHERE state = 'open' AND action = 'versions_end' AND place = "
					 "'%lld'), (SELECT applied_at FROM ostov.generation WHERE current))",
					 id);
	/* what was kept may be of a time to come, where tests set the clock: it is deleted only where nobody kept any */
	const char *gone =
		arena_printf(a,
					 "DELETE FROM ostov.version_row WHERE section_id = %lld AND valid_till IS NULL AND valid_from >= %s AND NOT"
					 " EXISTS (SELECT 1 FROM ostov.apply_step WHERE state = 'open' AND action = 'versions_end' AND place = '%lld'"
					 " AND detail = 'kept')",
					 id, since, id);
	struct batch b = {.op = op, .sql = schema_version_end(), .moment = arena_printf(a, "SELECT %s", since)};
	b.pick = arena_printf(a,
						  "SELECT record_id FROM ostov.version_row WHERE section_id = $2 AND record_id > $1 AND valid_till IS NULL ORDER "
						  "BY record_id LIMIT %d",
						  BATCH_ROWS);
	return schema_run_retry(x, BATCH_LOCK_MS, op->place, moment_delete, (void *)gone, err) < 0 || unit_take(x, &b.unit, err) < 0
			   ? -1
			   : batches_run(x, &b, err);
}

/* What the journal had open for the section is done. */
static int settled(struct schema_run *x, struct pg_tx *tx, void *ctx, struct err *err)
{
	struct pg_params params = {0};
	pg_params_text(x->arena, &params, PG_TEXT, arena_printf(x->arena, "%lld", (long long)section_id(ctx)));
	return schema_run_do(x, tx, "UPDATE ostov.apply_step SET state = 'finished' WHERE state = 'open' AND place = $1", &params, NULL, err);
}

int schema_version_expand(struct schema_run *x, struct err *err)
{
	for (size_t i = 0; i < x->plan->ops.count; i++) {
		struct schema_op *op = &x->plan->ops.items[i];
		if (op->kind == OP_VERSIONS &&
			(settle(x, op, err) < 0 || schema_run_retry(x, BATCH_LOCK_MS, op->place, settled, (void *)op, err) < 0 ||
			 schema_run_mark(x, &op->since, &op->mark, err) < 0 || keep_all(x, op, err) < 0))
			return -1;
	}
	return 0;
}

static const char OPEN_DELETE[] = "DELETE FROM ostov.version_row WHERE section_id = $1 AND record_id = ANY($2) AND valid_till IS NULL";

/* Records with an open version that are not there. */
static const char *gone_pick(struct arena *a, const struct section *s)
{
	return arena_printf(
		a,
		"SELECT v.record_id FROM ostov.version_row v WHERE v.section_id = $2::bigint AND v.record_id > $1::bigint AND v.valid_till IS NULL"
		" AND NOT EXISTS (SELECT 1 FROM %s t WHERE t.id = v.record_id) ORDER BY v.record_id LIMIT %d",
		s->expr.sql, BATCH_ROWS);
}

/* In the switch, where nobody else writes: what changed since the first versions were made begins here, and of what is gone nobody kept any. */
static int refresh(struct schema_run *x, struct pg_tx *tx, const struct schema_op *op, struct err *err)
{
	struct arena *a = x->arena;
	const struct section *s = section_of(x, op);
	struct batch b = {.op = op, .moment = NOW, .after = INT64_MIN, .first = OPEN_DELETE, .sql = schema_version_keep(a, s)};
	/* links change with the row's version, so that every change shows in the row */
	b.pick =
		arena_printf(a,
					 "SELECT t.id FROM %s AS t WHERE t.id > $1 AND $2::bigint > 0 AND age(t.xmin) <= age('%s'::xid) ORDER BY t.id LIMIT %d",
					 s->expr.sql, op->since, BATCH_ROWS);
	if (unit_take(x, &b.unit, err) < 0)
		return -1;
	do {
		if (batch_run(x, tx, &b, err) < 0)
			return -1;
	} while (b.seen == BATCH_ROWS);
	struct batch gone = {.op = op, .moment = NOW, .after = INT64_MIN, .unit = b.unit, .first = OPEN_DELETE, .sql = schema_version_end()};
	if (op->mark >= 0)
		gone.pick =
			arena_printf(a,
						 "SELECT DISTINCT c.record_id FROM ostov.change c WHERE c.id > %lld AND c.section_id = $2::bigint AND c.record_id >"
						 " $1::bigint AND c.kind = 'deleted' ORDER BY c.record_id LIMIT %d",
						 (long long)op->mark, BATCH_ROWS);
	else
		gone.pick = gone_pick(a, s);
	do {
		if (batch_run(x, tx, &gone, err) < 0)
			return -1;
	} while (gone.seen == BATCH_ROWS);
	return 0;
}

/* The rows of roles, which the switch itself writes. */
static int refresh_roles(struct schema_run *x, struct pg_tx *tx, const struct schema_op *op, struct err *err)
{
	struct arena *a = x->arena;
	const struct section *s = section_of(x, op);
	struct batch b = {.op = op, .moment = NOW, .after = INT64_MIN, .sql = schema_version_keep(a, s)},
				 gone = {.op = op, .moment = NOW, .after = INT64_MIN, .sql = schema_version_end()};
	b.pick = arena_printf(a, "SELECT id FROM %s WHERE id > $1 AND $2::bigint > 0 ORDER BY id LIMIT %d", s->expr.sql, BATCH_ROWS);
	gone.pick = gone_pick(a, s);
	if (unit_take(x, &b.unit, err) < 0)
		return -1;
	gone.unit = b.unit;
	struct batch *both[] = {&b, &gone};
	for (size_t i = 0; i < 2; i++) {
		do {
			if (batch_run(x, tx, both[i], err) < 0)
				return -1;
		} while (both[i]->seen == BATCH_ROWS);
	}
	return 0;
}

int schema_version_roles(struct schema_run *x, struct pg_tx *tx, struct err *err)
{
	for (size_t i = 0; i < x->plan->items.count; i++) {
		const struct schema_item *it = x->plan->items.items[i];
		if (strcmp(it->kind, "section") != 0 || strcmp(it->path, "role") != 0 || !it->section->history)
			continue;
		const struct schema_op op = {.item = it, .place = it->path};
		if (section_of(x, &op)->expr.sql && refresh_roles(x, tx, &op, err) < 0)
			return -1;
	}
	return 0;
}

/* Notes what is to be done after the switch: a later apply finds it when this one dies. */
static int note(struct schema_run *x, struct pg_tx *tx, const struct schema_op *op, struct err *err)
{
	bool end = op->kind == OP_VERSIONS_END, had = keeps(op->item ? &op->item->old->definition : &op->object->definition);
	struct pg_params params = {0};
	pg_params_text(x->arena, &params, PG_TEXT, x->registry->hash ? x->registry->hash : "");
	pg_params_text(x->arena, &params, PG_TEXT, end ? "versions_end" : "versions");
	pg_params_text(x->arena, &params, PG_TEXT, arena_printf(x->arena, "%lld", (long long)section_id(op)));
	return schema_run_do(
		x, tx,
		arena_printf(x->arena,
					 "INSERT INTO ostov.apply_step (hash, action, place, detail, state, at) SELECT $1, $2, $3, '%s', 'open', %s"
					 " WHERE NOT EXISTS (SELECT 1 FROM ostov.apply_step WHERE state = 'open' AND action = $2 AND place = $3)",
					 had ? "kept" : "", end && !had ? "(SELECT applied_at FROM ostov.generation WHERE current)" : "clock_timestamp()"),
		&params, NULL, err);
}

int schema_version_switch(struct schema_run *x, struct pg_tx *tx, struct err *err)
{
	for (size_t i = 0; i < x->plan->ops.count; i++) {
		const struct schema_op *op = &x->plan->ops.items[i];
		int rc = 0;
		if (op->kind == OP_VERSIONS)
			rc = refresh(x, tx, op, err);
		else if (op->kind == OP_VERSIONS_AGAIN || op->kind == OP_VERSIONS_END)
			rc = note(x, tx, op, err);
		if (rc < 0)
			return -1;
	}
	return 0;
}

int schema_version_finish(struct schema_run *x, struct err *err)
{
	for (size_t i = 0; i < x->plan->ops.count; i++) {
		const struct schema_op *op = &x->plan->ops.items[i];
		if (op->kind != OP_VERSIONS_AGAIN && op->kind != OP_VERSIONS_END)
			continue;
		if (op->kind == OP_VERSIONS_END)
			schema_run_say(x, "ending the versions of %s", op->place);
		if ((op->kind == OP_VERSIONS_END ? settle(x, op, err) : keep_all(x, op, err)) < 0 ||
			schema_run_retry(x, BATCH_LOCK_MS, op->place, settled, (void *)op, err) < 0)
			return -1;
	}
	return 0;
}
