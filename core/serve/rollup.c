#include "serve/rollup.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "expr/expr_reach.h"
#include "pg/pg.h"
#include "serve/live.h"
#include "serve/record_private.h"
#include "serve/version.h"

/* Rows that keep sums of what one write changes, and how often sums of sums may follow: more than any chain of formulas that is taken. */
enum { ROLLUP_ROWS = 100000, ROUNDS = 1000, DEPTH = 8 };

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

/* ---- looked-up records that a rollup reads through a line ----
 *
 * One person gives a line another ware while somebody changes that ware's weight: neither sees what the other has not committed, and the sum of weights would keep
 * the old one. So who writes the line first holds the ware (FOR SHARE, which waits for its writer and makes it wait), and computes afterwards. The same for a line
 * that goes elsewhere with all that its own lines look up. */

/* Targets to hold by one lookup. */
struct holding {
	const struct record_hold *hold;
	struct value *ids;
	size_t n, cap;
};

struct holdings {
	struct holding *items;
	size_t count, cap;
};

/* True when the unit has done so. */
static bool held(struct unit *u, const struct record_hold *hold, int64_t id)
{
	struct unit_private *p = u->priv;
	for (size_t i = p->held.count; i > 0 && p->held.count - i < 64; i--)
		if (p->held.items[i - 1].hold == hold && p->held.items[i - 1].id == id)
			return true;
	struct rollup_held h = {hold, id};
	arena_push(u->arena, &p->held, h);
	return false;
}

static void holding_add(struct unit *u, struct holdings *all, const struct record_hold *hold, int64_t id)
{
	struct holding *h = NULL;
	for (size_t i = 0; i < all->count && !h; i++)
		if (all->items[i].hold == hold)
			h = &all->items[i];
	if (!h) {
		struct holding one = {.hold = hold};
		arena_push(u->arena, all, one);
		h = &all->items[all->count - 1];
	}
	struct {
		struct value *items;
		size_t count, cap;
	} ids = {h->ids, h->n, h->cap};
	arena_push(u->arena, &ids, value_int(id));
	h->ids = ids.items;
	h->n = ids.count;
	h->cap = ids.cap;
}

static void targets_add(struct unit *u, struct holdings *all, const struct record_hold *hold, const struct value *v)
{
	const struct value *items = v->kind == VALUE_LIST ? v->list.items : v;
	size_t n = v->kind == VALUE_LIST ? v->list.count : v->kind == VALUE_INT;
	for (size_t i = 0; i < n; i++)
		if (items[i].kind == VALUE_INT && !held(u, hold, items[i].i))
			holding_add(u, all, hold, items[i].i);
}

/* What is read before what leads to it is no order of locks, but nobody waits here who has a lock that those who have these wait for. */
static void hold_send(struct unit *u, const struct holdings *all)
{
	for (size_t i = 0; i < all->count; i++) {
		struct value list = {.kind = VALUE_LIST};
		list.list.items = all->items[i].ids;
		list.list.count = all->items[i].n;
		for (size_t k = 0; k < all->items[i].hold->ntexts; k++) {
			struct pg_params params = {0};
			pg_params_value(u->arena, &params, PG_INT8_ARRAY, &list);
			unit_send(u, all->items[i].hold->texts[k], &params);
		}
	}
}

static void input_gather(struct unit *u, struct section *s, int64_t id, const struct record_input *in, struct holdings *all)
{
	struct record_plan *p = record_plan_get(u->reg, s);
	bool moved = false;
	for (size_t i = 0; i < p->nparents && id; i++)
		moved |= record_input_find(in, p->parents[i].by) != NULL;
	for (size_t i = 0; i < p->nholds; i++) {
		const struct record_hold *hold = &p->holds[i];
		const struct record_set *set = hold->by ? record_input_find(in, hold->by) : NULL;
		if (set)
			targets_add(u, all, hold, &set->value);
		else if (!hold->by && moved)
			holding_add(u, all, hold, id);
	}
	for (size_t i = 0; i < in->lines.count; i++)
		if (in->lines.items[i].values)
			input_gather(u, in->lines.items[i].detail->to, 0, in->lines.items[i].values, all);
}

void rollup_hold(struct unit *u, struct section *s, int64_t id, const struct record_input *in)
{
	struct holdings all = {0};
	if (!in)
		return;
	input_gather(u, s, id, in, &all);
	hold_send(u, &all);
}

static void hold_record(struct unit *u, struct record *r, const struct record_plan *p)
{
	struct holdings all = {0};
	bool moved = false;
	for (size_t i = 0; i < p->nparents && !r->fresh; i++)
		moved |= record_changed(r, p->parents[i].by);
	for (size_t i = 0; i < p->nholds && !r->gone; i++) {
		const struct record_hold *hold = &p->holds[i];
		if (!hold->by && moved)
			holding_add(u, &all, hold, r->id);
		else if (hold->by && (moved || record_changed(r, hold->by)))
			targets_add(u, &all, hold, &r->now.values[hold->by->pos]);
	}
	hold_send(u, &all);
}

/* ---- from a record that a rollup reads back to the records that hold it ---- */

/* Ways back that are asked: several rollups of a section lie on one way, and one of them brings all to be computed. */
struct seeds {
	struct unit *u;
	struct {
		struct seed *items;
		size_t count, cap;
	} asked;
};

struct seed {
	struct section *goal;
	const char *sql;
	const int64_t *ids; /* in the caller's hands until seeds_take */
	size_t n;
	struct pg_query *query;
};

static void ids_of(struct arena *a, const int64_t *ids, size_t n, struct pg_params *params)
{
	struct value list = {.kind = VALUE_LIST}, *items = arena_array(a, struct value, n + 1);
	for (size_t i = 0; i < n; i++)
		items[i] = value_int(ids[i]);
	list.list.items = items;
	list.list.count = n;
	pg_params_value(a, params, PG_INT8_ARRAY, &list);
}

static void seed(struct seeds *s, struct section *goal, const char *sql, const int64_t *ids, size_t n)
{
	for (size_t i = 0; i < s->asked.count; i++) {
		const struct seed *one = &s->asked.items[i];
		if (one->goal == goal && one->n == n && strcmp(one->sql, sql) == 0 && memcmp(one->ids, ids, n * sizeof *ids) == 0)
			return;
	}
	struct pg_params params = {0};
	struct seed one = {goal, sql, ids, n, NULL};
	ids_of(s->u->arena, ids, n, &params);
	one.query = pg_tx_send(s->u->tx, s->u->arena,
						   arena_printf(s->u->arena, "SELECT DISTINCT d.id FROM (%s) d(id) LIMIT %d", sql, ROLLUP_ROWS + 1), &params);
	arena_push(s->u->arena, &s->asked, one);
}

static int seeds_take(struct seeds *s, struct err *err)
{
	struct unit *u = s->u;
	for (size_t i = 0; i < s->asked.count; i++) {
		struct pg_rows *rows;
		if (pg_tx_wait(s->asked.items[i].query, &rows, err) < 0)
			return -1;
		if (pg_rows_count(rows) > ROLLUP_ROWS)
			return err_say(err, ERR_TOO_COMPLEX, u->lang, SAY_TOO_MANY_RECORDS, arena_printf(u->arena, "%d", ROLLUP_ROWS));
		for (size_t k = 0; k < pg_rows_count(rows); k++)
			note(u, s->asked.items[i].goal, pg_rows_int(rows, k, 0));
	}
	return 0;
}

/* The rows `from` on the way change what is read of them. */
static void seed_from(struct seeds *s, const struct record_feed *feed, const struct record_place *place, const int64_t *id)
{
	if (place->back_from)
		seed(s, feed->rollup->section, place->back_from, id, 1);
	else
		note(s->u, place->from, *id);
}

/* A new record whose write is under way computes its rollups itself, from the drafts. */
static bool computes_itself(struct unit *u, struct section *s, const struct value *id)
{
	struct record *r = id->kind == VALUE_INT ? record_find(u, s, id->i) : NULL;
	return r && r->fresh;
}

static bool place_changed(const struct record *r, const struct record_place *place)
{
	for (size_t i = 0; i < place->reach->nreads; i++)
		if (record_changed(r, record_field(place->reach->reads[i])))
			return true;
	return false;
}

static void touch_place(struct seeds *s, struct record *r, const struct record_feed *feed, const struct record_place *place)
{
	struct unit *u = s->u;
	bool changed = r->gone || r->fresh || place_changed(r, place);
	if (!changed)
		return;
	if (place->by) {
		const struct value nil = value_nil();
		const struct value *was = r->was.values ? &r->was.values[place->by->pos] : &nil,
						   *now = r->gone ? &nil : &r->now.values[place->by->pos];
		/* what the record's own process read through a lookup was read before that was held */
		if (now->kind == VALUE_INT && (feed->through || !computes_itself(u, place->from, now)))
			seed_from(s, feed, place, &now->i);
		if (was->kind == VALUE_INT && !value_same(was, now))
			seed_from(s, feed, place, &was->i);
	} else if (place->from) {
		/* nobody else's row leads to a new one, nor to one that is gone */
		if (!r->fresh && !r->gone)
			seed(s, feed->rollup->section, place->back, &r->id, 1);
	} else if (!r->gone && (!r->fresh || feed->through)) {
		note(u, r->section, r->id);
	}
}

int rollup_touch(struct unit *u, struct record *r, struct err *err)
{
	struct record_plan *p = record_plan_get(u->reg, r->section);
	struct seeds seeds = {.u = u};
	const struct value nil = value_nil();
	hold_record(u, r, p);
	for (size_t i = 0; i < p->nfeeds; i++)
		for (size_t k = 0; k < p->feeds[i].nplaces; k++)
			touch_place(&seeds, r, &p->feeds[i], &p->feeds[i].places[k]);
	if (seeds_take(&seeds, err) < 0)
		return -1;
	for (size_t i = 0; i < p->nparents; i++) {
		const struct record_parent *up = &p->parents[i];
		if (!up->checks)
			continue;
		const struct value *ends[] = {r->was.values ? &r->was.values[up->by->pos] : &nil, r->gone ? &nil : &r->now.values[up->by->pos]};
		for (size_t k = 0; k < 2; k++) {
			struct record *parent;
			if (ends[k]->kind != VALUE_INT)
				continue;
			if (record_load(u, up->by->to, ends[k]->i, &parent, err) < 0)
				return -1;
			if (parent)
				record_late_note(parent);
		}
	}
	return record_watch_touch(r, err);
}

/* UPDATE of all stored rollups of a section on the rows of $1. */
static int update_build(struct arena *a, struct record_plan *p, struct pg_sql *sql, const char **text, struct err *err)
{
	pg_sql_create(sql, a);
	pg_sql_input(sql, PG_INT8_ARRAY, 0);
	buf_clear(&sql->text);
	buf_printf(&sql->text, "UPDATE %s AS t SET ", p->section->expr.sql);
	struct expr_sql opts = {.sql = sql, .alias = "t"};
	for (size_t i = 0; i < p->nrollups; i++) {
		buf_printf(&sql->text, "%s%s = ", i ? ", " : "", p->rollups[i]->expr.column);
		if (expr_sql_value(p->rollups[i]->rollup.expr, &opts, err) < 0)
			return -1;
	}
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
	struct seeds seeds = {.u = u};
	for (size_t i = 0; i < p->nfeeds; i++)
		for (size_t k = 0; k < p->feeds[i].nplaces; k++) {
			const struct record_place *place = &p->feeds[i].places[k];
			bool reads = false;
			for (size_t f = 0; f < place->reach->nreads; f++)
				reads |= record_field(place->reach->reads[f])->type == FIELD_ROLLUP;
			if (reads && place->from)
				seed(&seeds, p->feeds[i].rollup->section, place->back, ids, n);
		}
	return seeds_take(&seeds, err);
}

static bool any_late(const struct record_plan *p)
{
	bool any = p->late_check;
	for (size_t i = 0; i < p->nfields; i++)
		any |= p->late[i] || p->late_required[i];
	return any;
}

static int recompute(struct unit *u, struct section *s, int64_t *ids, size_t n, struct err *err)
{
	struct record_plan *p = record_plan_get(u->reg, s);
	if (!p->nrollups)
		return 0;
	qsort(ids, n, sizeof *ids, order);
	size_t distinct = 0;
	for (size_t i = 0; i < n; i++)
		if (!i || ids[i] != ids[distinct - 1])
			ids[distinct++] = ids[i];
	n = distinct;
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
	if (update_build(u->arena, p, &sql, &text, err) < 0)
		return -1;
	struct value list = {.kind = VALUE_LIST}, *items = arena_array(u->arena, struct value, n);
	for (size_t i = 0; i < n; i++)
		items[i] = value_int(ids[i]);
	list.list.items = items;
	list.list.count = n;
	struct pg_bindings b = {.me = u->user->id, .now_us = u->now_us, .today = u->today, .zone = u->zone, .inputs = &list, .ninputs = 1};
	struct pg_params params = {0};
	pg_sql_bind(&sql, u->arena, &b, &params);
	for (int pass = 0; pass < p->passes; pass++)
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
	return record_watch_recomputed(u, s, ids, n, err) < 0 ? -1 : cascade(u, p, ids, n, err);
}

/* A check of the section, or of one that keeps sums of its sums, names them. */
static bool late_reached(const struct registry *reg, struct record_plan *p, int depth)
{
	bool any = any_late(p) || record_watch_sums(p);
	for (size_t i = 0; i < p->nfeeds && !any && depth < DEPTH; i++)
		for (size_t k = 0; k < p->feeds[i].nreads && !any; k++)
			if (p->feeds[i].reads[k]->type == FIELD_ROLLUP)
				any = late_reached(reg, record_plan_get(reg, p->feeds[i].rollup->section), depth + 1);
	return any;
}

bool rollup_due(const struct unit *u, size_t first)
{
	const struct unit_private *p = u->priv;
	const struct section *last = NULL;
	for (size_t i = first; i < p->notes.count; i++) {
		struct section *s = p->notes.items[i].section;
		if (s != last && late_reached(u->reg, record_plan_get(u->reg, s), 0))
			return true;
		last = s;
	}
	return false;
}

int rollup_recompute(struct unit *u, struct err *err)
{
	struct unit_private *p = u->priv;
	if (p->notes.count)
		unit_notes_keep(u);
	for (int round = 0; p->notes.count; round++) {
		/* in the order of locks, which is that in which one reads the other */
		struct section *s = p->notes.items[0].section;
		for (size_t i = 1; i < p->notes.count; i++)
			if (p->notes.items[i].section->rank < s->rank)
				s = p->notes.items[i].section;
		int64_t *ids = arena_array(u->arena, int64_t, p->notes.count);
		size_t n = 0, rest = 0;
		for (size_t i = 0; i < p->notes.count; i++) {
			if (p->notes.items[i].section == s)
				ids[n++] = p->notes.items[i].id;
			else
				p->notes.items[rest++] = p->notes.items[i];
		}
		p->notes.count = rest;
		if (round > ROUNDS)
			return err_say(err, ERR_TOO_COMPLEX, u->lang, SAY_TOO_MANY_RECORDS, arena_printf(u->arena, "%d", ROUNDS));
		if (recompute(u, s, ids, n, err) < 0)
			return -1;
	}
	return 0;
}
