/* Rules of records that look further than at their own lines: at lines of these (`any(positions, any(parts, …))`), or at sums that lines keep. Whoever writes such a row alone
 * asks the rules of the record above it, which is locked, with all that lies between. */
#include <string.h>

#include "base/arena.h"
#include "meta/reach.h"
#include "serve/record_private.h"

static const struct record_input NOTHING;

static bool reads_sums(const struct expr_reach *r)
{
	for (size_t i = 0; i < r->nreads; i++)
		if (record_field(r->reads[i])->type == FIELD_ROLLUP)
			return true;
	return false;
}

/* The lookups from the place up to the record itself; 0 where a step is not one from a line to its owner, or to who does not own it although that is asked. */
static size_t steps_of(struct arena *a, const struct expr_reach *r, bool owned, struct field ***out)
{
	size_t n = 0;
	for (const struct expr_reach *at = r; at->from; at = at->from, n++)
		if (!reach_line(at) || (owned && !record_field(at->by)->owned))
			return 0;
	*out = arena_array(a, struct field *, n + 1);
	for (size_t i = 0; i < n; i++, r = r->from)
		(*out)[i] = reach_line(r);
	return n;
}

static struct record_watch *watch_of(struct record_plan *p, struct arena *a, struct field **steps, size_t n)
{
	for (size_t i = 0; i < p->nwatches; i++)
		if (p->watches[i].nsteps == n && memcmp(p->watches[i].steps, steps, n * sizeof *steps) == 0)
			return &p->watches[i];
	p->watches = arena_grow(a, p->watches, p->nwatches * sizeof *p->watches, (p->nwatches + 1) * sizeof *p->watches);
	p->watches[p->nwatches] = (struct record_watch){.steps = steps, .nsteps = n};
	return &p->watches[p->nwatches++];
}

static void watch_add(struct record_plan *p, struct arena *a, const struct expr_reach *r, struct field **steps, size_t n)
{
	struct record_watch *w = watch_of(p, a, steps, n);
	w->reads = arena_grow(a, w->reads, w->nreads * sizeof *w->reads, (w->nreads + r->nreads) * sizeof *w->reads);
	for (size_t i = 0; i < r->nreads; i++)
		w->reads[w->nreads++] = record_field(r->reads[i]);
	w->sums |= reads_sums(r);
	if (n > 1)
		rollup_plan_parent(p, a, steps[0])->watched = true;
}

void record_watch_plan(struct record_plan *p, struct arena *a, const struct section *owner, const struct expr *e, bool owned)
{
	for (const struct expr_reach *r = expr_reach(a, e, &owner->expr); r; r = r->next) {
		struct field **steps;
		if (r->table != &p->section->expr || !r->nreads)
			continue;
		size_t n = steps_of(a, r, owned, &steps);
		/* who writes a line itself asks its owner anyway */
		if (n > 1 || (n && reads_sums(r)))
			watch_add(p, a, r, steps, n);
	}
}

bool record_watch_sums(const struct record_plan *p)
{
	for (size_t i = 0; i < p->nwatches; i++)
		if (p->watches[i].sums)
			return true;
	return false;
}

static int climb(struct unit *u, const struct record_watch *w, size_t step, const struct record *r, struct err *err);

/* The record `id` by the step: the one with the rule, or one on the way to it. */
static int climb_to(struct unit *u, const struct record_watch *w, size_t step, int64_t id, struct err *err)
{
	struct record *up;
	struct err one;
	err_init(&one, u->arena);
	if (record_lock(u, w->steps[step]->to, id, false, &NOTHING, &up, &one) < 0)
		return one.code == ERR_NOT_FOUND ? 0 : err_copy(err, &one);
	if (step + 1 < w->nsteps)
		return climb(u, w, step + 1, up, err);
	record_late_note(up);
	return 0;
}

/* Both ways of a row that goes from one to the other. */
static int climb(struct unit *u, const struct record_watch *w, size_t step, const struct record *r, struct err *err)
{
	size_t pos = (size_t)w->steps[step]->pos;
	const struct value nil = value_nil(), *was = r->was.values ? &r->was.values[pos] : &nil, *now = r->gone ? &nil : &r->now.values[pos];
	if (now->kind == VALUE_INT && climb_to(u, w, step, now->i, err) < 0)
		return -1;
	return was->kind == VALUE_INT && !value_same(was, now) ? climb_to(u, w, step, was->i, err) : 0;
}

static bool changed(const struct record *r, const struct record_watch *w)
{
	for (size_t i = 0; i < w->nreads; i++)
		if (record_changed(r, w->reads[i]))
			return true;
	return r->gone || r->fresh;
}

int record_watch_touch(struct record *r, struct err *err)
{
	struct record_plan *p = record_plan_get(r->unit->reg, r->section);
	for (size_t i = 0; i < p->nwatches; i++)
		if (p->watches[i].nsteps > 1 && changed(r, &p->watches[i]) && climb(r->unit, &p->watches[i], 0, r, err) < 0)
			return -1;
	return 0;
}

int record_watch_recomputed(struct unit *u, struct section *s, const int64_t *ids, size_t n, struct err *err)
{
	struct record_plan *p = record_plan_get(u->reg, s);
	if (!record_watch_sums(p))
		return 0;
	for (size_t i = 0; i < n; i++)
		record_prefetch(u, s, ids[i]);
	for (size_t i = 0; i < n; i++) {
		struct record *r;
		if (record_load(u, s, ids[i], &r, err) < 0)
			return -1;
		for (size_t k = 0; r && k < p->nwatches; k++)
			if (p->watches[k].sums && climb(u, &p->watches[k], 0, r, err) < 0)
				return -1;
	}
	return 0;
}
