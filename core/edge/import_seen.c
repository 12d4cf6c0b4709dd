#include "edge/import_seen.h"

#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "expr/expr.h"
#include "pg/pg.h"
#include "serve/plan.h"

enum { SEARCHES = 3, RECORDS = 500000, BYTES = 64 << 20 };

/* What is known of a column's records. */
struct import_seen {
	struct arena *arena; /* NULL: too many */
	struct map ids;      /* key of a title or value → id (boxed) */
	int64_t last;        /* the greatest id that was read */
	int searches;
};

static void forget(void *arg)
{
	struct import_seen *t = arg;
	if (t->arena)
		arena_delete(t->arena);
	t->arena = NULL;
}

static struct import_seen *of_column(struct import_running *g, size_t c, const struct field *by)
{
	struct import_seen **at = &g->seen[2 * c + (by != NULL)];
	if (!*at) {
		struct import_seen *t = *at = arena_new(g->arena, struct import_seen);
		t->arena = arena_new_sized(64 * 1024);
		map_create(&t->ids, t->arena);
		arena_defer(g->arena, forget, t);
	}
	return *at;
}

/* An index serves the search for its values. */
static bool has_index(const struct field *by)
{
	return by->unique || by->index || by->to || by->type == FIELD_AUTONUMBER || by->type == FIELD_ID;
}

/* The next page of records behind the last one; *more: there are further ones. */
static int read_page(struct import_batch *b, struct import_seen *t, struct section *s, struct field *by, struct arena *a, bool *more,
					 struct err *err)
{
	static const char *const id[] = {"id"};
	struct import_run *run = b->g->run;
	struct plan *p;
	struct pg_bindings bindings;
	struct pg_rows *rows;
	struct err unseen;
	err_init(&unseen, a);
	*more = false;
	if (plan_create(a, run->reg, run->actor, s, &p, &unseen))
		return 0;
	struct expr *behind = expr_make_binary(a, EXPR_GT, expr_make_path(a, id, 1), expr_make_literal(a, value_int(t->last)));
	p->top = PLAN_TOP_MAX;
	p->titles = !by;
	const char *property = by ? field_property(a, by) : NULL;
	if (by && plan_select(p, property, strlen(property), run->actor->lang, err))
		return -1;
	if (plan_filter(p, behind, err) || plan_order(p, id, 1, false, err))
		return -1;
	plan_bindings(run->reg, run->actor, &bindings);
	if (plan_rows(p, run->pg, PG_LANE_SLOW, a, &bindings, &rows, err))
		return -1;
	size_t n = pg_rows_count(rows);
	*more = n > PLAN_TOP_MAX;
	for (size_t i = 0; i < n && i < PLAN_TOP_MAX; i++) {
		struct value v = by ? pg_rows_value(rows, a, i, 2) : import_cell_title(b, pg_rows_text(rows, i, 1));
		t->last = pg_rows_int(rows, i, 0);
		if (v.kind == VALUE_NIL)
			continue;
		const char *key = import_cell_key(a, &v);
		int64_t *there = map_find(&t->ids, key);
		if (there)
			*there = IMPORT_AMBIGUOUS;
		else
			map_put(&t->ids, key, import_cell_boxed(t->arena, t->last));
	}
	return 0;
}

static int read_new(struct import_batch *b, struct import_seen *t, struct section *s, struct field *by, struct err *err)
{
	struct arena *whole = b->a, *page = arena_new_sized(256 * 1024);
	bool more = true;
	int failed = 0;
	while (more && !failed && t->arena) {
		struct err one;
		arena_reset(page);
		err_init(&one, page);
		/* what values are read into goes with the page */
		b->a = page;
		failed = read_page(b, t, s, by, page, &more, &one);
		if (failed)
			err_copy(err, &one);
		if (t->ids.count > RECORDS || arena_used(t->arena) > BYTES)
			forget(t);
	}
	b->a = whole;
	arena_delete(page);
	return failed;
}

int import_seen_find(struct import_batch *b, size_t c, struct section *s, struct field *by, const struct value *values, size_t n,
					 struct map *out, struct err *err)
{
	if (!n)
		return 1;
	if (by && has_index(by))
		return 0;
	struct import_seen *t = of_column(b->g, c, by);
	if (t->searches++ < SEARCHES || !t->arena)
		return 0;
	if (read_new(b, t, s, by, err))
		return -1;
	if (!t->arena)
		return 0;
	for (size_t i = 0; i < n; i++) {
		const char *key = import_cell_key(b->a, &values[i]);
		const int64_t *id = map_find(&t->ids, key);
		if (id)
			map_put(out, key, import_cell_boxed(out->arena, *id));
	}
	return 1;
}
