#include "serve/rollup.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "pg/pg.h"
#include "serve/live.h"
#include "serve/record_private.h"
#include "serve/version.h"

enum { ROUNDS = 8, EDGES = 64 };

static void note(struct unit *u, struct section *s, int64_t id)
{
	struct unit_private *p = u->priv;
	struct record *r = record_find(u, s, id);
	if (id <= 0 || (r && r->gone))
		return;
	for (size_t i = p->notes.count; i > 0 && p->notes.count - i < 64; i--)
		if (p->notes.items[i - 1].section == s && p->notes.items[i - 1].id == id)
			return;
	struct rollup_note n = {s, id};
	arena_push(u->arena, &p->notes, n);
}

/* ---- from a record that a rollup reads back to the records that hold it ---- */

struct edges {
	struct arena *arena;
	struct field *items[EDGES];
	bool walked[EDGES];
	size_t n;
	struct section *goal;
	struct buf sql; /* SELECTs of ids of the goal, joined by UNION; $1 the ids one begins with */
};

static void edge_note(void *ctx, const struct expr_table *t, const struct expr_field *f, bool of_old)
{
	(void)t;
	(void)of_old;
	struct edges *e = ctx;
	struct field *field = record_field(f);
	bool leads = field->to && (f->storage == EXPR_DETAIL || record_stores(field));
	for (size_t i = 0; leads && i < e->n; i++)
		leads = e->items[i] != field;
	if (leads && e->n < EDGES)
		e->items[e->n++] = field;
}

static void walk_back(struct edges *e, const struct section *at, const char *set)
{
	for (size_t i = 0; i < e->n; i++) {
		struct field *f = e->items[i];
		if (e->walked[i] || f->to != at)
			continue;
		const char *ids;
		if (f->expr.storage == EXPR_DETAIL)
			ids = arena_printf(e->arena, "SELECT x.%s FROM %s x WHERE x.id IN (%s)", f->by->expr.column, at->expr.sql, set);
		else if (f->expr.storage == EXPR_LINK)
			ids = arena_printf(e->arena, "SELECT x.record FROM %s x WHERE x.target IN (%s)", f->expr.link, set);
		else
			ids = arena_printf(e->arena, "SELECT x.id FROM %s x WHERE x.%s IN (%s)", f->section->expr.sql, f->expr.column, set);
		if (f->section == e->goal) {
			buf_puts(&e->sql, e->sql.len ? " UNION " : "");
			buf_puts(&e->sql, ids);
		}
		e->walked[i] = true;
		walk_back(e, f->section, ids);
		e->walked[i] = false;
	}
}

static int seed(struct unit *u, const struct field *rollup, struct section *at, const struct value *id, bool reached, struct err *err)
{
	if (id->kind != VALUE_INT)
		return 0;
	if (at == rollup->section && !reached) {
		note(u, at, id->i);
		return 0;
	}
	struct edges e = {.arena = u->arena, .goal = rollup->section};
	expr_walk_fields(rollup->rollup.expr, edge_note, &e);
	walk_back(&e, at, "SELECT unnest($1::bigint[])");
	if (!e.sql.len)
		return 0;
	const char *sql = arena_printf(u->arena, "%s LIMIT %d", e.sql.data, UNIT_RECORDS);
	buf_destroy(&e.sql);
	struct value list = {.kind = VALUE_LIST};
	list.list.items = id;
	list.list.count = 1;
	struct pg_params params = {0};
	struct pg_rows *rows;
	pg_params_value(u->arena, &params, PG_INT8_ARRAY, &list);
	if (pg_tx_run(u->tx, u->arena, sql, &params, &rows, err) < 0)
		return -1;
	for (size_t i = 0; i < pg_rows_count(rows); i++)
		note(u, rollup->section, pg_rows_int(rows, i, 0));
	return 0;
}

/* ---- looked-up records that a rollup reads through a line ----
 *
 * One person gives a line another ware while somebody changes that ware's weight: neither sees what the other has not committed, and the sum of weights would keep
 * the old one. So who writes the line first holds the ware (FOR SHARE, which waits for its writer and makes it wait), and computes afterwards. */

/* A rollup reads a field of what the section's lookup leads to. */
struct beyond {
	const struct field *lookup;
	bool found;
};

static void beyond_note(void *ctx, const struct expr_table *t, const struct expr_field *f, bool of_old)
{
	(void)t;
	(void)of_old;
	struct beyond *b = ctx;
	const struct field *field = record_field(f);
	b->found = b->found || (field->section == b->lookup->to && f->storage != EXPR_DETAIL && strcmp(f->name, "id") != 0);
}

static bool reads_beyond(const struct field *rollup, const struct field *lookup)
{
	struct beyond b = {.lookup = lookup};
	expr_walk_fields(rollup->rollup.expr, beyond_note, &b);
	return b.found;
}

/* True when the unit has done so for this sum, lookup and record. */
static bool held(struct unit *u, const struct field *rollup, const struct field *f, int64_t id)
{
	struct unit_private *p = u->priv;
	for (size_t i = p->held.count; i > 0 && p->held.count - i < 64; i--)
		if (p->held.items[i - 1].rollup == rollup && p->held.items[i - 1].lookup == f && p->held.items[i - 1].id == id)
			return true;
	struct rollup_held h = {rollup, f, id};
	arena_push(u->arena, &p->held, h);
	return false;
}

/* Locks the rows `set` of what the lookup leads to, and what they look up in their turn. */
static void hold_chain(struct unit *u, struct edges *e, const struct field *rollup, struct field *f, const char *set,
					   const struct pg_params *params)
{
	unit_send(u, arena_printf(u->arena, "SELECT 1 FROM %s x WHERE x.id IN (%s) ORDER BY x.id FOR SHARE", f->to->expr.sql, set), params);
	for (size_t i = 0; i < e->n; i++) {
		struct field *g = e->items[i];
		if (e->walked[i] || g->section != f->to || !record_stores(g) || !reads_beyond(rollup, g))
			continue;
		e->walked[i] = true;
		const char *next = g->expr.storage == EXPR_LINK
							   ? arena_printf(u->arena, "SELECT l.target FROM %s l WHERE l.record IN (%s)", g->expr.link, set)
							   : arena_printf(u->arena, "SELECT y.%s FROM %s y WHERE y.id IN (%s)", g->expr.column, f->to->expr.sql, set);
		hold_chain(u, e, rollup, g, next, params);
	}
}

static void hold(struct unit *u, const struct field *rollup, struct field *f, const struct value *now)
{
	struct value list = {.kind = VALUE_LIST};
	if (now->kind != VALUE_INT && now->kind != VALUE_LIST)
		return;
	const struct value *items = now->kind == VALUE_LIST ? now->list.items : now;
	struct value *fresh = arena_array(u->arena, struct value, now->kind == VALUE_LIST ? now->list.count + 1 : 1);
	for (size_t i = 0; i < (now->kind == VALUE_LIST ? now->list.count : 1); i++)
		if (items[i].kind == VALUE_INT && !held(u, rollup, f, items[i].i))
			fresh[list.list.count++] = items[i];
	if (!list.list.count)
		return;
	list.list.items = fresh;
	struct edges e = {.arena = u->arena};
	struct pg_params params = {0};
	expr_walk_fields(rollup->rollup.expr, edge_note, &e);
	pg_params_value(u->arena, &params, PG_INT8_ARRAY, &list);
	hold_chain(u, &e, rollup, f, "SELECT unnest($1::bigint[])", &params);
}

/* True when the feed's rollup reads fields of other records through a lookup of the section. */
static bool reads_through(const struct record_feed *feed)
{
	for (size_t k = 0; k < feed->nreads; k++)
		if (feed->reads[k]->to && record_stores(feed->reads[k]) && reads_beyond(feed->rollup, feed->reads[k]))
			return true;
	return false;
}

void rollup_hold(struct unit *u, struct section *s, const struct record_input *in)
{
	struct record_plan *p = record_plan_get(u->reg, s);
	for (size_t i = 0; in && i < p->nfeeds; i++)
		for (size_t k = 0; k < p->feeds[i].nreads; k++) {
			struct field *f = p->feeds[i].reads[k];
			const struct record_set *set = f->to && record_stores(f) ? record_input_find(in, f) : NULL;
			if (set && reads_beyond(p->feeds[i].rollup, f))
				hold(u, p->feeds[i].rollup, f, &set->value);
		}
}

static void hold_record(struct unit *u, struct record *r, const struct record_feed *feed)
{
	/* a line that goes to another parent brings along what it looks up */
	bool moved = r->fresh;
	for (size_t k = 0; k < feed->nbys && !moved; k++)
		moved = record_changed(r, feed->bys[k]);
	for (size_t k = 0; k < feed->nreads && !r->gone; k++) {
		struct field *f = feed->reads[k];
		if (f->to && record_stores(f) && (moved || record_changed(r, f)) && reads_beyond(feed->rollup, f))
			hold(u, feed->rollup, f, &r->now.values[f->pos]);
	}
}

/* A new record whose write is under way computes its rollups itself, from the drafts. */
static bool computes_itself(struct unit *u, struct section *s, const struct value *id)
{
	struct record *r = id->kind == VALUE_INT ? record_find(u, s, id->i) : NULL;
	return r && r->fresh;
}

int rollup_touch(struct unit *u, struct record *r, struct err *err)
{
	struct record_plan *p = record_plan_get(u->reg, r->section);
	const struct value nil = value_nil();
	for (size_t i = 0; i < p->nfeeds; i++) {
		const struct record_feed *feed = &p->feeds[i];
		bool changed = r->gone || r->fresh, through = reads_through(feed);
		hold_record(u, r, feed);
		for (size_t k = 0; k < feed->nreads && !changed; k++)
			changed = record_changed(r, feed->reads[k]);
		for (size_t k = 0; k < feed->nbys; k++) {
			const struct field *by = feed->bys[k];
			const struct value *was = r->was.values ? &r->was.values[by->pos] : &nil, *now = r->gone ? &nil : &r->now.values[by->pos];
			if (!changed && value_same(was, now))
				continue;
			/* what the record's own process read through a lookup was read before that was held */
			if ((through || !computes_itself(u, by->to, now)) && seed(u, feed->rollup, by->to, now, false, err) < 0)
				return -1;
			if (!value_same(was, now) && seed(u, feed->rollup, by->to, was, false, err) < 0)
				return -1;
		}
		struct value id = value_int(r->id);
		if (changed && !r->fresh && !r->gone && feed->rollup->section == r->section)
			note(u, r->section, r->id);
		if (changed && !r->fresh && feed->looked_up && seed(u, feed->rollup, r->section, &id, true, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < p->nparents; i++) {
		const struct record_parent *up = &p->parents[i];
		if (!up->checks)
			continue;
		const struct value *ends[] = {r->was.values ? &r->was.values[up->by->pos] : &nil, r->gone ? &nil : &r->now.values[up->by->pos]};
		for (size_t k = 0; k < 2; k++) {
			struct record *parent;
			if (ends[k]->kind != VALUE_INT)
				continue;
			if (record_load(u, up->detail->section, ends[k]->i, &parent, err) < 0)
				return -1;
			if (parent)
				record_late_note(parent);
		}
	}
	return 0;
}

static void ids_of(struct arena *a, const int64_t *ids, size_t n, struct pg_params *params)
{
	struct value list = {.kind = VALUE_LIST}, *items = arena_array(a, struct value, n + 1);
	for (size_t i = 0; i < n; i++)
		items[i] = value_int(ids[i]);
	list.list.items = items;
	list.list.count = n;
	pg_params_value(a, params, PG_INT8_ARRAY, &list);
}

/* UPDATE of all stored rollups of a section on the rows of $1 (all rows when `all`). */
static int update_build(struct arena *a, struct record_plan *p, bool all, struct pg_sql *sql, const char **text, struct err *err)
{
	pg_sql_create(sql, a);
	if (!all)
		pg_sql_input(sql, PG_INT8_ARRAY, 0);
	buf_clear(&sql->text);
	buf_printf(&sql->text, "UPDATE %s AS t SET ", p->section->expr.sql);
	struct expr_sql opts = {.sql = sql, .alias = "t"};
	for (size_t i = 0; i < p->nrollups; i++) {
		buf_printf(&sql->text, "%s%s = ", i ? ", " : "", p->rollups[i]->expr.column);
		if (expr_sql_value(p->rollups[i]->rollup.expr, &opts, err) < 0)
			return -1;
	}
	if (!all)
		buf_puts(&sql->text, " WHERE t.id = ANY($1)");
	*text = pg_sql_finish(sql);
	return 0;
}

static int order(const void *x, const void *y)
{
	const int64_t *a = x, *b = y;
	return *a < *b ? -1 : *a > *b;
}

/* What reads the rollups of these rows in its turn. */
static int cascade(struct unit *u, struct record_plan *p, const int64_t *ids, size_t n, struct err *err)
{
	for (size_t i = 0; i < p->nfeeds; i++) {
		const struct record_feed *feed = &p->feeds[i];
		bool reads = false;
		for (size_t k = 0; k < feed->nreads; k++)
			reads |= feed->reads[k]->type == FIELD_ROLLUP;
		if (!reads)
			continue;
		for (size_t k = 0; k < feed->nbys; k++) {
			struct pg_params params = {0};
			struct pg_rows *rows;
			ids_of(u->arena, ids, n, &params);
			const char *sql = arena_printf(u->arena, "SELECT DISTINCT %s FROM %s WHERE id = ANY($1) AND %s IS NOT NULL",
										   feed->bys[k]->expr.column, p->section->expr.sql, feed->bys[k]->expr.column);
			if (pg_tx_run(u->tx, u->arena, sql, &params, &rows, err) < 0)
				return -1;
			for (size_t r = 0; r < pg_rows_count(rows); r++) {
				struct value id = value_int(pg_rows_int(rows, r, 0));
				if (seed(u, feed->rollup, feed->bys[k]->to, &id, false, err) < 0)
					return -1;
			}
		}
		for (size_t k = 0; feed->looked_up && k < n; k++) {
			struct value id = value_int(ids[k]);
			if (seed(u, feed->rollup, p->section, &id, true, err) < 0)
				return -1;
		}
	}
	return 0;
}

static bool any_late(const struct record_plan *p)
{
	bool any = p->late_check;
	for (size_t i = 0; i < p->nfields; i++)
		any |= p->late[i] || p->late_required[i];
	return any;
}

static bool reads_own(const struct record_plan *p)
{
	for (size_t i = 0; i < p->nfeeds; i++)
		for (size_t k = 0; p->feeds[i].rollup->section == p->section && k < p->feeds[i].nreads; k++)
			if (p->feeds[i].reads[k]->type == FIELD_ROLLUP)
				return true;
	return false;
}

static int recompute(struct unit *u, struct section *s, int64_t *ids, size_t n, struct err *err)
{
	struct record_plan *p = record_plan_get(u->reg, s);
	if (!p->nrollups)
		return 0;
	qsort(ids, n, sizeof *ids, order);
	bool locked = true;
	for (size_t i = 0; i < n && locked; i++) {
		struct record *r = record_find(u, s, ids[i]);
		locked = r && (r->locked || r->fresh);
	}
	if (!locked) {
		struct pg_params params = {0};
		ids_of(u->arena, ids, n, &params);
		pg_tx_send(u->tx, u->arena,
				   arena_printf(u->arena, "SELECT 1 FROM %s WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE", s->expr.sql), &params);
	}
	struct pg_sql sql;
	const char *text;
	if (update_build(u->arena, p, false, &sql, &text, err) < 0)
		return -1;
	struct value list = {.kind = VALUE_LIST}, *items = arena_array(u->arena, struct value, n);
	for (size_t i = 0; i < n; i++)
		items[i] = value_int(ids[i]);
	list.list.items = items;
	list.list.count = n;
	struct pg_bindings b = {.me = u->user->id, .now_us = u->now_us, .today = u->today, .zone = u->zone, .inputs = &list, .ninputs = 1};
	struct pg_params params = {0};
	pg_sql_bind(&sql, u->arena, &b, &params);
	pg_tx_send(u->tx, u->arena, text, &params);
	/* a rollup over a rollup of its own row reads the old one in the same UPDATE */
	if (reads_own(p))
		pg_tx_send(u->tx, u->arena, text, &params);
	if (s->history)
		version_keep(u, s, ids, n);
	for (size_t i = 0; i < n; i++) {
		struct record *r = record_find(u, s, ids[i]);
		live_note(u, s->id, ids[i]);
		if (r && !r->priv->writing)
			r->priv->reread = true;
		if (any_late(p)) {
			if (!r && record_load(u, s, ids[i], &r, err) < 0)
				return -1;
			if (r)
				record_late_note(r);
		}
	}
	return cascade(u, p, ids, n, err);
}

int rollup_recompute(struct unit *u, struct err *err)
{
	struct unit_private *p = u->priv;
	for (int round = 0; p->notes.count && round < ROUNDS; round++) {
		size_t n = p->notes.count;
		struct rollup_note *notes = arena_array(u->arena, struct rollup_note, n);
		memcpy(notes, p->notes.items, n * sizeof *notes);
		p->notes.count = 0;
		while (n) {
			struct section *s = notes[0].section;
			for (size_t i = 1; i < n; i++)
				if (notes[i].section->id < s->id)
					s = notes[i].section;
			int64_t *ids = arena_array(u->arena, int64_t, n);
			size_t nids = 0, rest = 0;
			for (size_t i = 0; i < n; i++) {
				if (notes[i].section == s)
					ids[nids++] = notes[i].id;
				else
					notes[rest++] = notes[i];
			}
			n = rest;
			if (recompute(u, s, ids, nids, err) < 0)
				return -1;
		}
	}
	return 0;
}

int rollup_rebuild(struct arena *a, struct pg_tx *tx, const struct registry *reg, struct section *s, const int64_t *ids, size_t n,
				   struct err *err)
{
	struct record_plan *p = record_plan_get(reg, s);
	struct pg_sql sql;
	const char *text;
	if (!p->nrollups)
		return 0;
	if (update_build(a, p, !ids, &sql, &text, err) < 0)
		return -1;
	struct value list = {.kind = VALUE_LIST}, *items = arena_array(a, struct value, n + 1);
	for (size_t i = 0; i < n; i++)
		items[i] = value_int(ids[i]);
	list.list.items = items;
	list.list.count = n;
	struct pg_bindings b = {.zone = reg->zone ? reg->zone : "UTC", .inputs = &list, .ninputs = 1};
	struct pg_params params = {0};
	struct pg_rows *rows;
	pg_sql_bind(&sql, a, &b, &params);
	return pg_tx_run(tx, a, text, &params, &rows, err);
}
