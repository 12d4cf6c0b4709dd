#include "meta/reach.h"

#include "base/arena.h"

static const struct field *field_of(const struct expr_field *f)
{
	return (const struct field *)f;
}

struct field *reach_line(const struct expr_reach *r)
{
	return r->from && r->by->storage == EXPR_DETAIL ? field_of(r->by)->by : NULL;
}

bool reach_reads(const struct expr_reach *r, const struct field *f)
{
	for (size_t i = 0; i < r->nreads; i++)
		if (r->reads[i] == &f->expr)
			return true;
	return false;
}

static const char *step_back(struct arena *a, const struct expr_reach *r, const char *set)
{
	const struct expr_field *f = r->by;
	const char *from = r->from->table->sql;
	if (r->above)
		return arena_printf(a,
							"SELECT w.id FROM (WITH RECURSIVE w(id) AS (SELECT x.id FROM %s x WHERE x.%s IN (%s) UNION SELECT x.id FROM %s "
							"x JOIN w ON x.%s = "
							"w.id) SELECT w.id FROM w) w",
							from, f->column, set, from, f->column);
	if (f->storage == EXPR_DETAIL)
		return arena_printf(a, "SELECT x.%s FROM %s x WHERE x.id IN (%s)", f->by->column, r->table->sql, set);
	if (f->storage == EXPR_LINK)
		return arena_printf(a, "SELECT x.record FROM %s x WHERE x.target IN (%s)", f->link, set);
	return arena_printf(a, "SELECT x.id FROM %s x WHERE x.%s IN (%s)", from, f->column, set);
}

const char *reach_back(struct arena *a, const struct expr_reach *r, const char *set)
{
	for (; r->from; r = r->from)
		set = step_back(a, r, set);
	return set;
}

const char *reach_on(struct arena *a, const struct expr_reach *r, const char *set)
{
	const struct expr_field *f = r->by;
	const char *from = r->from->table->sql;
	if (r->above)
		return arena_printf(
			a,
			"WITH RECURSIVE w(id) AS (SELECT y.%s FROM %s y WHERE y.id IN (%s) UNION SELECT y.%s FROM %s y JOIN w ON y.id = w.id) SELECT "
			"w.id FROM w",
			f->column, from, set, f->column, from);
	if (f->storage == EXPR_DETAIL)
		return arena_printf(a, "SELECT y.id FROM %s y WHERE y.%s IN (%s)", r->table->sql, f->by->column, set);
	if (f->storage == EXPR_LINK)
		return arena_printf(a, "SELECT y.target FROM %s y WHERE y.record IN (%s)", f->link, set);
	return arena_printf(a, "SELECT y.%s FROM %s y WHERE y.id IN (%s)", f->column, from, set);
}
