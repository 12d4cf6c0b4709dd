/* plan_walk: all rows of a plan, page after page by key. */
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "serve/plan_private.h"

enum phase { WALK_FIRST, WALK_AFTER, WALK_NULLS, WALK_DONE };

struct plan_walk {
	struct plan *plan;
	struct plan_query query[WALK_DONE]; /* compiled when its phase begins */
	enum phase phase;
	bool nullable;       /* rows without the first order's value come last, as a phase of their own */
	struct arena *place; /* of the position's values */
	struct value *inputs;
};

static void walk_end(void *arg)
{
	struct plan_walk *w = arg;
	arena_delete(w->place);
}

int plan_walk_new(struct plan *p, struct plan_walk **out, struct err *err)
{
	if (plan_complete_order(p, err))
		return -1;
	struct plan_walk *w = arena_new(p->arena, struct plan_walk);
	w->plan = p;
	w->nullable = plan_first_nullable(p);
	arena_defer(p->arena, walk_end, w);
	*out = w;
	return 0;
}

static int compile(struct plan_walk *w, struct err *err)
{
	struct plan *p = w->plan;
	struct plan_query *q = &w->query[w->phase];
	struct buf from = BUF_INIT;
	if (q->text)
		return 0;
	q->arena = p->arena;
	p->after = w->phase != WALK_FIRST;
	p->after_nulls = w->phase == WALK_NULLS;
	pg_sql_create(&q->sql, p->arena);
	int failed = plan_build_rows(p, q, true, &from, err);
	buf_destroy(&from);
	if (failed) {
		buf_destroy(&q->sql.text);
		return -1;
	}
	q->text = pg_sql_finish(&q->sql);
	return 0;
}

/* Remembers where the page ended: input 0 is the caller's, the values of the order follow. */
static void remember(struct plan_walk *w, const struct pg_rows *rows, size_t last)
{
	struct plan *p = w->plan;
	struct arena *a = arena_new_sized(512);
	size_t first = 2 + p->fields.count;
	w->inputs = arena_array(a, struct value, p->orders.count + 1);
	for (size_t i = 0; i < p->orders.count; i++)
		w->inputs[i + 1] = pg_rows_value(rows, a, last, first + i);
	/* texts of a row belong to the page's arena */
	for (size_t i = 1; i <= p->orders.count; i++)
		w->inputs[i] = value_copy(a, &w->inputs[i]);
	arena_delete(w->place);
	w->place = a;
	if (w->phase == WALK_FIRST)
		w->phase = WALK_AFTER;
	if (w->nullable && pg_rows_null(rows, last, first))
		w->phase = WALK_NULLS;
}

/* From the first row without a value on. */
static void begin_nulls(struct plan_walk *w)
{
	struct plan *p = w->plan;
	w->phase = WALK_NULLS;
	if (!w->inputs) {
		w->place = arena_new_sized(512);
		w->inputs = arena_array(w->place, struct value, p->orders.count + 1);
	}
	w->inputs[1] = value_nil();
	w->inputs[2] = value_int(p->orders.items[1].desc ? INT64_MAX : 0);
}

int plan_walk_next(struct plan_walk *w, struct pg *pg, enum pg_lane lane, struct arena *a, const struct pg_bindings *b,
				   struct pg_rows **rows, size_t *n, struct err *err)
{
	*n = 0;
	while (!*n && w->phase != WALK_DONE) {
		struct plan_query *q = &w->query[w->phase];
		struct pg_bindings bindings = *b;
		struct pg_params params = {0};
		if (compile(w, err))
			return -1;
		if (w->inputs) {
			w->inputs[0] = b->ninputs ? b->inputs[0] : value_nil();
			bindings.inputs = w->inputs;
			bindings.ninputs = w->plan->orders.count + 1;
		}
		pg_sql_bind(&q->sql, a, &bindings, &params);
		if (pg_read(pg, lane, a, q->text, &params, rows, err))
			return -1;
		size_t count = pg_rows_count(*rows), top = (size_t)w->plan->top;
		*n = count > top ? top : count;
		if (count > top)
			remember(w, *rows, top - 1);
		else if (w->nullable && (w->phase == WALK_AFTER || q->valued))
			begin_nulls(w);
		else
			w->phase = WALK_DONE;
	}
	return 0;
}
