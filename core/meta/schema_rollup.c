/* schema_rollup: stored sums of records that are there: the order in which new ones need each other, and which records the switch computes once more.
 *
 * A sum changes with lines, and these say so in the change log, deleted and moved ones with what they belonged to before; values that the switch itself writes (conversions, codes,
 * other sums) show in the rows. From there it goes back over what the expression leads through. Not here: computing them (schema_fill), every write from then on (serve/rollup). */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "meta/reach.h"
#include "meta/registry.h"
#include "meta/schema_apply.h"

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

/* True when rows of the place show what the log does not: values that the apply itself writes, sums that change with their lines. */
static bool is_shown(const struct schema_plan *p, const struct expr_reach *r)
{
	for (size_t i = 0; i < r->nreads; i++) {
		const struct field *f = (const struct field *)r->reads[i];
		if ((f->type == FIELD_ROLLUP && f->stored) || field_op(p, f))
			return true;
	}
	return false;
}

bool schema_rollup_whole(const struct schema_plan *p, const struct field *rollup)
{
	for (const struct expr_reach *r = rollup->reach; r; r = r->next)
		for (size_t i = 0; i < r->nreads; i++) {
			const struct field *f = (const struct field *)r->reads[i];
			const struct schema_op *op = field_op(p, f);
			/* link rows are no rows of the section, and what a line belonged to is not what the log calls it */
			if (op && op->kind == OP_FILL && (op->link || f == reach_line(r)))
				return true;
		}
	return false;
}

int64_t schema_rollup_stop(struct schema_diff *d, const struct field *rollup, int64_t rows)
{
	struct schema_plan *p = d->plan;
	if (schema_rollup_whole(p, rollup))
		return schema_stop_for(rows, 100);
	int64_t stop = 0;
	struct map seen;
	map_create(&seen, p->arena);
	for (const struct expr_reach *r = rollup->reach; r; r = r->next) {
		const struct schema_item *it = shape_find(&p->shape, "section", r->table->name);
		if (map_find(&seen, r->table->name) || !is_shown(p, r) || !it || !map_find(&p->current->tables, it->physical))
			continue;
		map_put(&seen, r->table->name, p->arena);
		stop +=
			schema_stop_for(schema_count(d, arena_printf(p->arena, "SELECT count(*) FROM %s", schema_table_sql(p->arena, it->physical))),
							4000);
	}
	return stop;
}

static bool needs(const struct field *rollup, const struct field *other)
{
	for (const struct expr_reach *r = rollup->reach; r; r = r->next)
		if (reach_reads(r, other))
			return true;
	return false;
}

void schema_rollup_order(struct schema_op *ops, size_t n)
{
	for (size_t done = 0; done < n; done++) {
		size_t next = done;
		for (size_t i = done; i < n; i++) {
			bool waits = false;
			for (size_t k = done; k < n && !waits; k++)
				waits = k != i && needs(ops[i].item->field, ops[k].item->field);
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

static void found(struct buf *sql, const char *ids)
{
	buf_puts(sql, sql->len ? " UNION " : "");
	buf_puts(sql, ids);
}

const char *schema_rollup_changed(struct schema_run *x, const struct schema_op *op, const struct field *rollup)
{
	struct arena *a = x->arena;
	struct buf sql = BUF_INIT;
	for (const struct expr_reach *r = rollup->reach; r; r = r->next) {
		const struct section *s = (const struct section *)r->table;
		if (!r->leads)
			continue;
		const char *set = arena_printf(a, "SELECT c.record_id FROM ostov.change c WHERE c.id > %lld AND c.section_id = %lld",
									   (long long)op->mark, (long long)s->id);
		if (is_shown(x->plan, r))
			set = arena_printf(a, "%s UNION SELECT r.id FROM %s r WHERE age(r.xmin) <= age('%s'::xid)", set, s->expr.sql, op->since);
		found(&sql, reach_back(a, r, set));
		const struct field *by = reach_line(r);
		if (!by)
			continue;
		/* what lines belonged to that are gone, or another's now */
		found(&sql, reach_back(a, r->from,
							   arena_printf(
								   a,
								   "SELECT (c.fields -> '%lld' ->> 0)::bigint FROM ostov.change c WHERE c.id > %lld AND c.section_id = %lld"
								   " AND c.fields ? '%lld'",
								   (long long)by->id, (long long)op->mark, (long long)s->id, (long long)by->id)));
	}
	const char *out = arena_strdup(a, sql.data);
	buf_destroy(&sql);
	return out;
}
