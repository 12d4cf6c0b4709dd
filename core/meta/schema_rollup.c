/* schema_rollup: stored sums of records that are there: the order in which new ones need each other, and which records the switch computes once more.
 *
 * A sum changes with lines, and these say so in the change log, deleted and moved ones with what they belonged to before; values that the switch itself writes (conversions, codes,
 * other sums) show in the rows. From there it goes back over what the expression leads through. Not here: computing them (schema_fill), every write from then on (serve/rollup). */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "meta/registry.h"
#include "meta/schema_apply.h"

/* What an expression reads. */
struct reads {
	struct arena *arena;
	struct {
		const struct field **items;
		size_t count, cap;
	} fields;
};

static void reads_note(void *ctx, const struct expr_table *t, const struct expr_field *e, bool of_old)
{
	struct reads *r = ctx;
	const struct field *f = (const struct field *)e;
	(void)t;
	(void)of_old;
	for (size_t i = 0; i < r->fields.count; i++)
		if (r->fields.items[i] == f)
			return;
	arena_push(r->arena, &r->fields, f);
}

static struct reads reads_of(struct arena *a, const struct field *rollup)
{
	struct reads r = {.arena = a};
	if (rollup->rollup.expr)
		expr_walk_fields(rollup->rollup.expr, reads_note, &r);
	return r;
}

/* The operation that writes the field's values in the switch, or NULL. */
static const struct schema_op *field_op(const struct schema_plan *p, const struct field *f)
{
	const char *path = arena_printf(p->arena, "%s.%s", f->section->expr.name, f->expr.name);
	for (size_t i = 0; i < p->ops.count; i++) {
		const struct schema_op *op = &p->ops.items[i];
		if ((op->kind == OP_FILL || op->kind == OP_CODES) && strcmp(op->place, path) == 0)
			return op;
	}
	return NULL;
}

/* True when rows of the section show what the log does not: values that the apply itself writes, sums that change with their lines. */
static bool is_shown(const struct schema_plan *p, const struct reads *r, const struct section *s)
{
	for (size_t i = 0; i < r->fields.count; i++) {
		const struct field *f = r->fields.items[i];
		if (f->section == s && ((f->type == FIELD_ROLLUP && f->stored) || field_op(p, f)))
			return true;
	}
	return false;
}

bool schema_rollup_whole(const struct schema_plan *p, const struct field *rollup)
{
	const struct reads r = reads_of(p->arena, rollup);
	for (size_t i = 0; i < r.fields.count; i++) {
		const struct field *f = r.fields.items[i];
		const struct schema_op *op = f->expr.storage == EXPR_DETAIL ? field_op(p, f->by) : field_op(p, f);
		/* link rows are no rows of the section, and what a line belonged to is not what the log calls it */
		if (op && op->kind == OP_FILL && (op->link || f->expr.storage == EXPR_DETAIL))
			return true;
	}
	return false;
}

int64_t schema_rollup_stop(struct schema_diff *d, const struct field *rollup, int64_t rows)
{
	struct schema_plan *p = d->plan;
	if (schema_rollup_whole(p, rollup))
		return schema_stop_for(rows, 100);
	const struct reads r = reads_of(p->arena, rollup);
	int64_t stop = 0;
	const struct section *seen = NULL;
	for (size_t i = 0; i < r.fields.count; i++) {
		const struct section *s = r.fields.items[i]->section;
		const struct schema_item *it = shape_find(&p->shape, "section", s->expr.name);
		if (s == seen || !is_shown(p, &r, s) || !it || !map_find(&p->current->tables, it->physical))
			continue;
		seen = s;
		stop +=
			schema_stop_for(schema_count(d, arena_printf(p->arena, "SELECT count(*) FROM %s", schema_table_sql(p->arena, it->physical))),
							4000);
	}
	return stop;
}

void schema_rollup_order(struct schema_plan *p, struct schema_op *ops, size_t n)
{
	for (size_t done = 0; done < n; done++) {
		size_t next = done;
		for (size_t i = done; i < n; i++) {
			const struct reads r = reads_of(p->arena, ops[i].item->field);
			bool waits = false;
			for (size_t k = done; k < n && !waits; k++)
				for (size_t f = 0; k != i && f < r.fields.count && !waits; f++)
					waits = r.fields.items[f] == ops[k].item->field;
			if (!waits) {
				next = i;
				break;
			}
		}
		struct schema_op op = ops[next];
		memmove(&ops[done + 1], &ops[done], (next - done) * sizeof *ops);
		ops[done] = op;
	}
}

/* ---- from what changed back to the records that hold the sum ---- */

struct back {
	struct arena *arena;
	const struct reads *reads;
	bool *walked; /* by field of the reads */
	const struct section *goal;
	struct buf sql; /* SELECTs of ids of the goal */
};

static void found(struct back *b, const char *ids)
{
	buf_puts(&b->sql, b->sql.len ? " UNION " : "");
	buf_puts(&b->sql, ids);
}

static void walk(struct back *b, const struct section *at, const char *set)
{
	for (size_t i = 0; i < b->reads->fields.count; i++) {
		const struct field *f = b->reads->fields.items[i];
		bool detail = f->expr.storage == EXPR_DETAIL;
		if (b->walked[i] || f->to != at || !(detail || f->expr.storage == EXPR_LINK || f->expr.storage == EXPR_COLUMN))
			continue;
		const char *ids;
		if (detail)
			ids = arena_printf(b->arena, "SELECT x.%s FROM %s x WHERE x.id IN (%s)", f->by->expr.column, at->expr.sql, set);
		else if (f->expr.storage == EXPR_LINK)
			ids = arena_printf(b->arena, "SELECT x.record FROM %s x WHERE x.target IN (%s)", f->expr.link, set);
		else
			ids = arena_printf(b->arena, "SELECT x.id FROM %s x WHERE x.%s IN (%s)", f->section->expr.sql, f->expr.column, set);
		if (f->section == b->goal)
			found(b, ids);
		b->walked[i] = true;
		walk(b, f->section, ids);
		b->walked[i] = false;
	}
}

static void changed(struct back *b, const struct schema_plan *p, const struct section *s, const struct schema_op *op)
{
	const char *set = arena_printf(b->arena, "SELECT c.record_id FROM ostov.change c WHERE c.id > %lld AND c.section_id = %lld",
								   (long long)op->mark, (long long)s->id);
	if (is_shown(p, b->reads, s))
		set = arena_printf(b->arena, "%s UNION SELECT r.id FROM %s r WHERE age(r.xmin) <= age('%s'::xid)", set, s->expr.sql, op->since);
	if (s == b->goal)
		found(b, set);
	walk(b, s, set);
}

const char *schema_rollup_changed(struct schema_run *x, const struct schema_op *op, const struct field *rollup)
{
	struct arena *a = x->arena;
	const struct reads r = reads_of(a, rollup);
	struct back b = {.arena = a, .reads = &r, .goal = rollup->section, .walked = arena_array(a, bool, r.fields.count + 1)};
	memset(b.walked, 0, (r.fields.count + 1) * sizeof *b.walked);
	struct map seen;
	map_create(&seen, a);
	map_put(&seen, rollup->section->expr.name, a);
	changed(&b, x->plan, rollup->section, op);
	for (size_t i = 0; i < r.fields.count; i++) {
		const struct field *f = r.fields.items[i];
		const struct section *s = f->expr.storage == EXPR_DETAIL ? f->to : f->section;
		if (s && !map_find(&seen, s->expr.name)) {
			map_put(&seen, s->expr.name, a);
			changed(&b, x->plan, s, op);
		}
		if (f->expr.storage != EXPR_DETAIL)
			continue;
		/* what lines belonged to that are gone, or another's now */
		const char *was =
			arena_printf(a,
						 "SELECT (c.fields -> '%lld' ->> 0)::bigint FROM ostov.change c WHERE c.id > %lld AND c.section_id = %lld"
						 " AND c.fields ? '%lld'",
						 (long long)f->by->id, (long long)op->mark, (long long)f->to->id, (long long)f->by->id);
		if (f->section == rollup->section)
			found(&b, was);
		walk(&b, f->section, was);
	}
	const char *sql = arena_strdup(a, b.sql.data);
	buf_destroy(&b.sql);
	return sql;
}
