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
enum { PAIRS = 45, BATCH_ROWS = 1000, BATCH_LOCK_MS = 2000 };

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

/* Open versions of a section that keeps none: the option was taken away, now or by an apply that did not come to its end. */
static bool any_open(struct schema_diff *d, int64_t section)
{
	struct pg_params params = {0};
	struct pg_rows *rows;
	const char *sql = "SELECT EXISTS (SELECT 1 FROM ostov.version_row WHERE section_id = $1 AND valid_till IS NULL)";
	pg_params_int(d->plan->arena, &params, section);
	if (d->failed)
		return false;
	if (pg_read(d->pg, PG_LANE_SLOW, d->plan->arena, sql, &params, &rows, d->err) < 0) {
		d->failed = true;
		return false;
	}
	return pg_rows_bool(rows, 0, 0);
}

void schema_version_ops(struct schema_diff *d)
{
	struct schema_plan *p = d->plan;
	for (size_t i = 0; i < p->items.count; i++) {
		struct schema_item *it = p->items.items[i];
		if (strcmp(it->kind, "section") != 0 || !it->old || !p->current->generation)
			continue;
		bool had = schema_definition_get(&it->old->definition, "history") != NULL, has = it->section->history;
		enum schema_op_kind kind = OP_VERSIONS;
		if (!has && !(had || any_open(d, it->old->id)))
			continue;
		if (!has) {
			kind = OP_VERSIONS_END;
		} else if (had) {
			if (!touches(p, it))
				continue;
			kind = OP_VERSIONS_AGAIN;
		}
		struct schema_op *op = schema_op_add(p, kind, it->physical, it->physical, NULL);
		op->place = it->path;
		op->item = it;
	}
}

/* ---- batches ---- */

struct batch {
	const struct schema_op *op;
	const char *pick; /* the ids of a batch behind $1, locked where rows are kept */
	const char *sql;
	int64_t unit, after, seen;
	const char *moment; /* SQL of it */
};

static const struct section *section_of(struct schema_run *x, const struct schema_op *op)
{
	return registry_find(x->registry, op->item->section->expr.name);
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
	pg_params_int(a, &from, b->op->item->id);
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
	pg_params_int(a, &params, b->op->item->id);
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

int schema_version_expand(struct schema_run *x, struct err *err)
{
	for (size_t i = 0; i < x->plan->ops.count; i++)
		if (x->plan->ops.items[i].kind == OP_VERSIONS && keep_all(x, &x->plan->ops.items[i], err) < 0)
			return -1;
	return 0;
}

/* The rows whose open version is not of their row_version, and those with another value of a rollup, which leaves row_version alone. */
static const char *stale_rows(struct arena *a, const struct section *s)
{
	struct buf b = BUF_INIT;
	buf_printf(&b,
			   "SELECT t.id FROM %s AS t LEFT JOIN ostov.version_row v ON v.section_id = $2::bigint AND v.record_id = t.id AND "
			   "v.valid_till IS NULL WHERE t.id > $1::bigint AND ("
			   "v.record_id IS NULL OR v.row_version <> t.row_version",
			   s->expr.sql);
	for (size_t i = 0; i < s->nfields; i++) {
		const struct field *f = s->fields[i];
		if (f->type == FIELD_ROLLUP && is_kept(f))
			buf_printf(&b, " OR to_jsonb(t.%s) IS DISTINCT FROM v.\"row\" -> '%lld'", f->expr.column, (long long)f->id);
	}
	buf_printf(&b, ") ORDER BY t.id LIMIT %d", BATCH_ROWS);
	const char *sql = arena_strndup(a, b.data, b.len);
	buf_destroy(&b);
	return sql;
}

/* In the switch, where nobody else writes: `all` rows, or those of which row_version and rollups tell that they changed. */
static int refresh(struct schema_run *x, struct pg_tx *tx, const struct schema_op *op, bool all, struct err *err)
{
	const struct section *s = section_of(x, op);
	struct batch b = {.op = op, .moment = NOW, .after = INT64_MIN};
	b.pick =
		all ? arena_printf(x->arena, "SELECT id FROM %s WHERE id > $1 AND $2::bigint > 0 ORDER BY id LIMIT %d", s->expr.sql, BATCH_ROWS)
			: stale_rows(x->arena, s);
	b.sql = schema_version_keep(x->arena, s);
	if (unit_take(x, &b.unit, err) < 0)
		return -1;
	do {
		if (batch_run(x, tx, &b, err) < 0)
			return -1;
	} while (b.seen == BATCH_ROWS);
	struct batch gone = {.op = op, .moment = NOW, .after = INT64_MIN, .unit = b.unit, .sql = schema_version_end()};
	gone.pick = arena_printf(
		x->arena,
		"SELECT v.record_id FROM ostov.version_row v WHERE v.section_id = $2::bigint AND v.record_id > $1::bigint AND v.valid_till IS NULL"
		" AND NOT EXISTS (SELECT 1 FROM %s t WHERE t.id = v.record_id) ORDER BY v.record_id LIMIT %d",
		s->expr.sql, BATCH_ROWS);
	do {
		if (batch_run(x, tx, &gone, err) < 0)
			return -1;
	} while (gone.seen == BATCH_ROWS);
	return 0;
}

int schema_version_roles(struct schema_run *x, struct pg_tx *tx, struct err *err)
{
	for (size_t i = 0; i < x->plan->items.count; i++) {
		const struct schema_item *it = x->plan->items.items[i];
		if (strcmp(it->kind, "section") != 0 || strcmp(it->path, "role") != 0 || !it->section->history)
			continue;
		const struct schema_op op = {.item = it, .place = it->path};
		if (section_of(x, &op)->expr.sql && refresh(x, tx, &op, true, err) < 0)
			return -1;
	}
	return 0;
}

int schema_version_switch(struct schema_run *x, struct pg_tx *tx, struct err *err)
{
	for (size_t i = 0; i < x->plan->ops.count; i++)
		if (x->plan->ops.items[i].kind == OP_VERSIONS && refresh(x, tx, &x->plan->ops.items[i], false, err) < 0)
			return -1;
	return 0;
}

/* From the switch on nobody kept them: what they say ends there. */
static int end_all(struct schema_run *x, const struct schema_op *op, struct err *err)
{
	struct batch b = {.op = op, .sql = schema_version_end(), .moment = "SELECT applied_at FROM ostov.generation WHERE current"};
	b.pick = arena_printf(x->arena,
						  "SELECT record_id FROM ostov.version_row WHERE section_id = $2 AND record_id > $1 AND valid_till IS NULL ORDER "
						  "BY record_id LIMIT %d",
						  BATCH_ROWS);
	schema_run_say(x, "ending the versions of %s", op->place);
	return unit_take(x, &b.unit, err) < 0 ? -1 : batches_run(x, &b, err);
}

int schema_version_finish(struct schema_run *x, struct err *err)
{
	for (size_t i = 0; i < x->plan->ops.count; i++) {
		const struct schema_op *op = &x->plan->ops.items[i];
		if ((op->kind == OP_VERSIONS_AGAIN && keep_all(x, op, err) < 0) || (op->kind == OP_VERSIONS_END && end_all(x, op, err) < 0))
			return -1;
	}
	return 0;
}
