/* What stored rollups mean for writes of one section, made once with its record_plan: which of them read it and from where, what such a write locks before it writes
 * (rows above its lines), and what it keeps others from writing meanwhile (rows that rollups read beyond it). */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "meta/reach.h"
#include "serve/record_private.h"

enum { DEPTH = 8, STEPS = 1000, WAYS = 64, TEXTS = 64, PASSES = 16 };

static const char ROWS[] = "SELECT unnest($1::bigint[])";

/* Appends to an array that has no capacity: it is short and stays. */
#define append(a, items, n, item)                                                                                                          \
	((items) = arena_grow((a), (items), (n) * sizeof *(items), ((n) + 1) * sizeof *(items)), (items)[(n)++] = (item))

/* ---- which rollups read the section ---- */

static void field_add(struct arena *a, struct field ***items, size_t *n, struct field *f)
{
	for (size_t i = 0; i < *n; i++)
		if ((*items)[i] == f)
			return;
	append(a, *items, *n, f);
}

static void feed_add(struct record_plan *p, struct arena *a, struct field *rollup)
{
	struct record_feed feed = {.rollup = rollup};
	for (const struct expr_reach *r = rollup->reach; r; r = r->next) {
		feed.through |= r->from && r->leads && r->by->storage != EXPR_DETAIL;
		if (r->table != &p->section->expr || !r->leads)
			continue;
		struct record_place place = {.reach = r, .by = reach_line(r)};
		if (r->from) {
			place.from = record_section(r->from->table);
			place.back = reach_back(a, r, ROWS);
			place.back_from = r->from->from ? reach_back(a, r->from, ROWS) : NULL;
		}
		append(a, feed.places, feed.nplaces, place);
		for (size_t i = 0; i < r->nreads; i++)
			field_add(a, &feed.reads, &feed.nreads, record_field(r->reads[i]));
	}
	if (feed.nplaces)
		append(a, p->feeds, p->nfeeds, feed);
}

/* A rollup over a rollup of its own row reads the old one in the same UPDATE. */
static int passes(const struct record_plan *p)
{
	int most = 1, *level = calloc(p->nrollups + 1, sizeof *level);
	if (!level)
		abort();
	for (int round = 0; round < PASSES; round++)
		for (size_t i = 0; i < p->nrollups; i++) {
			level[i] = level[i] ? level[i] : 1;
			for (const struct expr_reach *r = p->rollups[i]->reach; r; r = r->next)
				for (size_t k = 0; r->table == &p->section->expr && k < p->nrollups; k++)
					if (reach_reads(r, p->rollups[k]) && level[k] >= level[i] && level[i] < PASSES)
						level[i] = level[k] + 1;
			most = level[i] > most ? level[i] : most;
		}
	free(level);
	return most;
}

void rollup_plan_feeds(struct record_plan *p, struct arena *a, const struct registry *reg)
{
	for (size_t i = 0; i < reg->nsections; i++)
		for (size_t k = 0; k < reg->sections[i]->nfields; k++)
			if (reg->sections[i]->fields[k]->reach)
				feed_add(p, a, reg->sections[i]->fields[k]);
	for (size_t i = 0; i < p->nfeeds; i++)
		for (size_t k = 0; k < p->feeds[i].nplaces; k++)
			if (p->feeds[i].places[k].by)
				rollup_plan_parent(p, a, p->feeds[i].places[k].by);
	p->passes = passes(p);
}

struct record_parent *rollup_plan_parent(struct record_plan *p, struct arena *a, struct field *by)
{
	for (size_t i = 0; i < p->nparents; i++)
		if (p->parents[i].by == by)
			return &p->parents[i];
	struct record_parent up = {.by = by};
	append(a, p->parents, p->nparents, up);
	return &p->parents[p->nparents - 1];
}

/* ---- what a line's write locks above it ---- */

struct climb {
	struct record_plan *plan;
	struct arena *arena;
	const struct registry *reg;
	size_t parent, nways, steps;
};

/* Of too many the rest is locked when it is written. */
static void way_add(struct climb *c, struct section *s, const char *ids)
{
	struct record_plan *p = c->plan;
	struct record_above *above = NULL;
	for (size_t i = 0; i < p->nabove && !above; i++)
		if (p->above[i].section == s)
			above = &p->above[i];
	if (!above) {
		struct record_above one = {.section = s};
		append(c->arena, p->above, p->nabove, one);
		above = &p->above[p->nabove - 1];
	}
	for (size_t i = 0; i < above->nways; i++)
		if (strcmp(above->ways[i].ids, ids) == 0)
			return;
	if (c->nways == WAYS)
		return;
	c->nways++;
	struct record_way way = {c->parent, ids};
	append(c->arena, above->ways, above->nways, way);
}

static void climb_rollup(struct climb *c, const struct field *rollup, const char *ids, int depth);

/* Rows of `r` are lines of the rows `ids`; these are locked, and what is above them. */
static void climb_up(struct climb *c, const struct field *rollup, const struct expr_reach *r, const char *ids, int depth)
{
	struct section *s = record_section(r->from->table);
	const struct expr_reach *up = r->from;
	if (depth > DEPTH || c->steps++ > STEPS)
		return;
	way_add(c, s, ids);
	if (!up->from)
		climb_rollup(c, rollup, ids, depth);
	else if (reach_line(up))
		climb_up(c, rollup, up,
				 arena_printf(c->arena, "ARRAY(SELECT y.%s FROM %s y WHERE y.id = ANY(%s))", reach_line(up)->expr.column, up->table->sql,
							  ids),
				 depth + 1);
}

/* Rules further up look at rows whose owners by the watch's `step` are the rows `ids`: what lies above these. */
static void climb_watch(struct climb *c, const struct record_watch *w, size_t step, const char *ids)
{
	way_add(c, w->steps[step]->to, ids);
	for (size_t i = step + 1; i < w->nsteps; i++) {
		const struct field *by = w->steps[i];
		ids = arena_printf(c->arena, "ARRAY(SELECT y.%s FROM %s y WHERE y.id = ANY(%s))", by->expr.column, by->section->expr.sql, ids);
		way_add(c, by->to, ids);
	}
}

static bool watch_reads(const struct record_watch *w, const struct field *f)
{
	for (size_t i = 0; i < w->nreads; i++)
		if (w->reads[i] == f)
			return true;
	return false;
}

/* The rollup on rows `ids` changes: so do those that read it there. */
static void climb_rollup(struct climb *c, const struct field *rollup, const char *ids, int depth)
{
	const struct record_plan *p = record_plan_get(c->reg, rollup->section);
	for (size_t i = 0; i < p->nwatches; i++)
		if (watch_reads(&p->watches[i], rollup))
			climb_watch(c, &p->watches[i], 0,
						arena_printf(c->arena, "ARRAY(SELECT y.%s FROM %s y WHERE y.id = ANY(%s))", p->watches[i].steps[0]->expr.column,
									 p->section->expr.sql, ids));
	for (size_t i = 0; i < p->nfeeds; i++)
		for (size_t k = 0; k < p->feeds[i].nplaces; k++) {
			const struct record_place *place = &p->feeds[i].places[k];
			if (!reach_reads(place->reach, rollup))
				continue;
			if (place->by)
				climb_up(c, p->feeds[i].rollup, place->reach,
						 arena_printf(c->arena, "ARRAY(SELECT y.%s FROM %s y WHERE y.id = ANY(%s))", place->by->expr.column,
									  p->section->expr.sql, ids),
						 depth + 1);
			else if (!place->from && depth < DEPTH && c->steps++ < STEPS)
				climb_rollup(c, p->feeds[i].rollup, ids, depth + 1);
		}
}

static int by_rank(const void *x, const void *y)
{
	const struct record_above *a = x, *b = y;
	return a->section->rank < b->section->rank ? -1 : a->section->rank > b->section->rank;
}

void rollup_plan_above(struct record_plan *p, struct arena *a, const struct registry *reg)
{
	struct climb c = {.plan = p, .arena = a, .reg = reg};
	for (c.parent = 0; c.parent < p->nparents; c.parent++) {
		struct field *by = p->parents[c.parent].by;
		const char *ids = arena_printf(a, "ARRAY(SELECT x.%s FROM %s x WHERE x.id = $1) || $%zu::bigint[]", by->expr.column,
									   p->section->expr.sql, c.parent + 2);
		way_add(&c, by->to, ids);
		for (size_t i = 0; i < p->nwatches; i++)
			if (p->watches[i].nsteps > 1 && p->watches[i].steps[0] == by)
				climb_watch(&c, &p->watches[i], 0, ids);
		/* the rows themselves are the same for all, what is above them is each rollup's own */
		for (size_t i = 0; i < p->nfeeds; i++)
			for (size_t k = 0; k < p->feeds[i].nplaces; k++) {
				const struct expr_reach *r = p->feeds[i].places[k].reach, *up = r->from;
				if (p->feeds[i].places[k].by != by)
					continue;
				if (!up->from)
					climb_rollup(&c, p->feeds[i].rollup, ids, 0);
				else if (reach_line(up))
					climb_up(&c, p->feeds[i].rollup, up,
							 arena_printf(a, "ARRAY(SELECT y.%s FROM %s y WHERE y.id = ANY(%s))", reach_line(up)->expr.column,
										  up->table->sql, ids),
							 0);
			}
	}
	if (p->nabove)
		qsort(p->above, p->nabove, sizeof *p->above, by_rank);
}

/* ---- what a write keeps others from writing ---- */

static void text_add(struct record_hold *h, struct arena *a, const char *text)
{
	for (size_t i = 0; i < h->ntexts; i++)
		if (strcmp(h->texts[i], text) == 0)
			return;
	append(a, h->texts, h->ntexts, text);
}

static void hold_all(struct record_hold *h, struct arena *a, const struct expr_reach *r, const char *set);

/* The rows `set` at the place, and all that is read from there on. Lines change under the lock of what they are lines of. */
static void hold_rows(struct record_hold *h, struct arena *a, const struct expr_reach *r, const char *set)
{
	if (h->ntexts == TEXTS)
		return;
	if (r->by->storage != EXPR_DETAIL)
		text_add(h, a, arena_printf(a, "SELECT 1 FROM %s x WHERE x.id IN (%s) ORDER BY x.id FOR SHARE", r->table->sql, set));
	hold_all(h, a, r, set);
}

static void hold_all(struct record_hold *h, struct arena *a, const struct expr_reach *r, const char *set)
{
	for (const struct expr_reach *on = r->next; on; on = on->next)
		if (on->from == r && on->leads)
			hold_rows(h, a, on, reach_on(a, on, set));
}

static int by_target(const void *x, const void *y)
{
	const struct record_hold *a = x, *b = y;
	if (!a->by || !b->by)
		return !a->by - !b->by;
	return a->by->to->rank < b->by->to->rank ? -1 : a->by->to->rank > b->by->to->rank;
}

static struct record_hold *hold_of(struct record_plan *p, struct arena *a, struct field *by)
{
	for (size_t i = 0; i < p->nholds; i++)
		if (p->holds[i].by == by)
			return &p->holds[i];
	struct record_hold one = {.by = by};
	append(a, p->holds, p->nholds, one);
	return &p->holds[p->nholds - 1];
}

void rollup_plan_holds(struct record_plan *p, struct arena *a)
{
	for (size_t i = 0; i < p->nfeeds; i++)
		for (size_t k = 0; k < p->feeds[i].nplaces; k++) {
			const struct expr_reach *r = p->feeds[i].places[k].reach;
			for (const struct expr_reach *on = r->next; on; on = on->next) {
				if (on->from != r || !on->leads || on->by->storage == EXPR_DETAIL)
					continue;
				const char *above =
					arena_printf(a, "WITH RECURSIVE w(id) AS (%s UNION SELECT y.%s FROM %s y JOIN w ON y.id = w.id) SELECT w.id FROM w",
								 ROWS, on->by->column, on->table->sql);
				hold_rows(hold_of(p, a, record_field(on->by)), a, on, on->above ? above : ROWS);
			}
			/* a row that goes to another place brings all of it along */
			if (p->feeds[i].places[k].by)
				hold_all(hold_of(p, a, NULL), a, r, ROWS);
		}
	size_t kept = 0;
	for (size_t i = 0; i < p->nholds; i++)
		if (p->holds[i].ntexts)
			p->holds[kept++] = p->holds[i];
	p->nholds = kept;
	if (p->nholds)
		qsort(p->holds, p->nholds, sizeof *p->holds, by_target);
}
