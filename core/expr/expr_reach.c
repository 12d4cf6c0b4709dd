/* What an expression reads, as a tree of ways: from the record that it is about over lookups, details and links to the records whose fields it names. */
#include "expr/expr_reach.h"

#include <string.h>

#include "base/arena.h"
#include "expr/expr_private.h"

struct places {
	struct expr_reach **items;
	size_t count, cap;
};

/* A formula on one place: what it gives is found once. */
struct known {
	const struct expr_reach *at;
	const struct expr_field *formula;
	struct places found;
};

struct reaching {
	struct arena *arena;
	struct expr_reach *first, *last;
	struct {
		struct known **items;
		size_t count, cap;
	} formulas;
	int depth, count;
};

/* The rows of bare names, and those that `record` is. */
struct scope {
	const struct places *here, *record;
};

static const struct places NOWHERE;

static void place_add(struct reaching *c, struct places *p, struct expr_reach *at)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->items[i] == at)
			return;
	arena_push(c->arena, p, at);
}

static struct expr_reach *reach_new(struct reaching *c, struct expr_reach *from, const struct expr_field *by, bool above,
									const struct expr_table *table)
{
	for (struct expr_reach *r = c->first; r; r = r->next)
		if (r->from == from && r->by == by && r->above == above)
			return r;
	struct expr_reach *r = arena_new(c->arena, struct expr_reach);
	*r = (struct expr_reach){.from = from, .by = by, .above = above, .table = table};
	if (c->last)
		c->last->next = r;
	else
		c->first = r;
	c->last = r;
	return r;
}

static void read_add(struct reaching *c, struct expr_reach *at, const struct expr_field *f)
{
	if (expr_field_is_id(f))
		return;
	for (size_t i = 0; i < at->nreads; i++)
		if (at->reads[i] == f)
			return;
	at->reads = arena_grow(c->arena, at->reads, at->nreads * sizeof f, (at->nreads + 1) * sizeof f);
	at->reads[at->nreads++] = f;
}

static void walk(struct reaching *c, const struct expr *e, const struct scope *s, struct places *out);

static void walk_formula(struct reaching *c, struct expr_reach *at, const struct expr_field *f, struct places *out)
{
	struct known *k = NULL;
	for (size_t i = 0; i < c->formulas.count && !k; i++)
		if (c->formulas.items[i]->at == at && c->formulas.items[i]->formula == f)
			k = c->formulas.items[i];
	if (!k) {
		k = arena_new(c->arena, struct known);
		k->at = at;
		k->formula = f;
		arena_push(c->arena, &c->formulas, k);
		struct places here = {0};
		place_add(c, &here, at);
		if (f->formula && c->depth < EXPR_MAX_FORMULAS) {
			c->depth++;
			walk(c, f->formula, &(struct scope){&here, &NOWHERE}, &k->found);
			c->depth--;
		}
	}
	for (size_t i = 0; i < k->found.count; i++)
		place_add(c, out, k->found.items[i]);
}

static void walk_field(struct reaching *c, const struct expr *e, const struct scope *s, struct places *out)
{
	struct places based = {0};
	const struct places *bases = s->here;
	const struct expr_field *f = e->field;
	if (e->count && e->items[0]->node != NODE_OLD) {
		walk(c, e->items[0], s, &based);
		bases = &based;
	}
	for (size_t i = 0; f && i < bases->count; i++) {
		struct expr_reach *at = bases->items[i];
		if (f->storage == EXPR_FORMULA) {
			walk_formula(c, at, f, out);
			continue;
		}
		if (f->storage != EXPR_DETAIL)
			read_add(c, at, f);
		if ((f->type.kind != EXPR_RECORD && f->type.kind != EXPR_RECORDS) || !f->type.table)
			continue;
		struct expr_reach *to = reach_new(c, at, f, false, f->type.table);
		if (f->storage == EXPR_DETAIL && f->by)
			read_add(c, to, f->by);
		place_add(c, out, to);
	}
}

/* The first record or one above it: its own step up, and those of all above. */
static void walk_under(struct reaching *c, const struct expr *e, const struct scope *s)
{
	struct places low = {0}, ignored = {0};
	walk(c, e->items[0], s, &low);
	walk(c, e->items[1], s, &ignored);
	const struct expr_field *tree = e->table ? e->table->tree : NULL;
	for (size_t i = 0; tree && i < low.count; i++) {
		read_add(c, low.items[i], tree);
		read_add(c, reach_new(c, low.items[i], tree, true, e->table), tree);
	}
}

static void walk(struct reaching *c, const struct expr *e, const struct scope *s, struct places *out)
{
	/* a statement of more parts is refused where the value is computed */
	if (++c->count > EXPR_MAX_EMITTED)
		return;
	struct places ignored = {0};
	switch (e->node) {
	case NODE_FIELD: walk_field(c, e, s, out); return;
	case NODE_RECORD:
		for (size_t i = 0; i < s->record->count; i++)
			place_add(c, out, s->record->items[i]);
		return;
	case NODE_CALL:
		if (e->function && e->function->code == FUNCTION_UNDER) {
			walk_under(c, e, s);
			return;
		}
		if (expr_is_aggregate(e) && e->count) {
			struct places lines = {0};
			walk(c, e->items[0], s, &lines);
			const struct scope inside = {&lines, e->shifts ? s->here : s->record};
			for (size_t i = 1; i < e->count; i++)
				walk(c, e->items[i], &inside, &ignored);
			return;
		}
		/* iif and coalesce give one of their records */
		for (size_t i = 0; i < e->count; i++)
			walk(c, e->items[i], s, out);
		return;
	default:
		for (size_t i = 0; i < e->count; i++)
			walk(c, e->items[i], s, &ignored);
	}
}

struct expr_reach *expr_reach(struct arena *a, const struct expr *e, const struct expr_table *table)
{
	struct reaching c = {.arena = a};
	struct places here = {0};
	place_add(&c, &here, reach_new(&c, NULL, NULL, false, table));
	walk(&c, e, &(struct scope){&here, &NOWHERE}, &(struct places){0});
	/* a place that is only compared with is not read */
	for (struct expr_reach *r = c.first; r; r = r->next)
		for (struct expr_reach *up = r; up && r->nreads; up = up->from)
			up->leads = true;
	return c.first;
}
