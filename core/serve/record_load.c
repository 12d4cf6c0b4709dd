#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "pg/pg.h"
#include "serve/record_private.h"
#include "serve/rollup.h"

enum { CALENDAR_DAYS = 36600 };

static uint64_t key_hash(const struct section *s, int64_t id)
{
	uint64_t h = (uint64_t)(uintptr_t)s * 0x9e3779b97f4a7c15u ^ (uint64_t)id * 0xc2b2ae3d27d4eb4fu;
	return h ^ h >> 29;
}

struct record *record_find(struct unit *u, const struct section *s, int64_t id)
{
	struct unit_private *p = u->priv;
	if (!p->nslots)
		return NULL;
	for (uint64_t i = key_hash(s, id);; i++) {
		struct record *r = p->slots[i & (p->nslots - 1)];
		if (!r || (r->section == s && r->id == id))
			return r;
	}
}

static void slot_put(struct unit_private *p, struct record *r)
{
	uint64_t i = key_hash(r->section, r->id);
	while (p->slots[i & (p->nslots - 1)])
		i++;
	p->slots[i & (p->nslots - 1)] = r;
}

struct record *record_new(struct unit *u, struct section *s, int64_t id)
{
	struct unit_private *p = u->priv;
	if ((p->nrecords + 1) * 2 > p->nslots) {
		struct record **old = p->slots;
		size_t n = p->nslots;
		p->nslots = n ? n * 2 : 32;
		p->slots = arena_array(u->arena, struct record *, p->nslots);
		for (size_t i = 0; i < n; i++)
			if (old[i])
				slot_put(p, old[i]);
	}
	struct record *r = arena_new(u->arena, struct record);
	r->unit = u;
	r->section = s;
	r->id = id;
	r->now.record = r->was.record = r;
	r->priv = arena_new(u->arena, struct record_private);
	r->priv->prefix = "";
	slot_put(p, r);
	p->nrecords++;
	return r;
}

void record_forget_all(struct unit *u)
{
	struct unit_private *p = u->priv;
	if (p->nslots)
		memset(p->slots, 0, p->nslots * sizeof *p->slots);
	p->nrecords = 0;
	p->drafted = NULL;
}

void record_set_drafted(struct record *r)
{
	if (r->priv->drafted)
		return;
	r->priv->drafted = true;
	r->priv->next_drafted = r->unit->priv->drafted;
	r->unit->priv->drafted = r;
}

static struct value of_kind(const struct field *f, struct value v)
{
	if (v.kind == VALUE_INT && f->value_type == FIELD_DURATION)
		v.kind = VALUE_DURATION;
	return v;
}

void record_read_row(const struct record_plan *p, struct arena *a, const struct pg_rows *rows, size_t row, int64_t *id, int64_t *version,
					 struct value *values)
{
	*id = pg_rows_int(rows, row, 0);
	*version = pg_rows_int(rows, row, 1);
	for (size_t i = 0; i < p->ncolumns; i++)
		values[p->columns[i]->pos] = of_kind(p->columns[i], pg_rows_value(rows, a, row, 2 + i));
	for (size_t i = 0; i < p->nlinks; i++) {
		struct value v = pg_rows_value(rows, a, row, 2 + p->ncolumns + i);
		if (v.kind != VALUE_LIST)
			v = (struct value){.kind = VALUE_LIST};
		values[p->links[i]->pos] = v;
	}
	const struct field *f = section_find(p->section, "id");
	if (f)
		values[f->pos] = value_int(*id);
}

static void values_take(struct record *r, const struct pg_rows *rows, size_t row)
{
	struct unit *u = r->unit;
	struct record_plan *p = record_plan_get(u->reg, r->section);
	r->was.values = arena_array(u->arena, struct value, p->nfields);
	r->now.values = arena_array(u->arena, struct value, p->nfields);
	int64_t id;
	record_read_row(p, u->arena, rows, row, &id, &r->version, r->was.values);
	memcpy(r->now.values, r->was.values, p->nfields * sizeof *r->now.values);
}

void record_prefetch(struct unit *u, struct section *s, int64_t id)
{
	if (record_find(u, s, id))
		return;
	struct record *r = record_new(u, s, id);
	struct pg_params params = {0};
	pg_params_int(u->arena, &params, id);
	r->priv->query = pg_tx_send(u->tx, u->arena, record_plan_get(u->reg, s)->by_id, &params);
}

int record_settle(struct record *r, struct err *err)
{
	struct pg_query *q = r->priv->query;
	if (r->priv->reread) {
		struct pg_params params = {0};
		pg_params_int(r->unit->arena, &params, r->id);
		q = pg_tx_send(r->unit->tx, r->unit->arena, record_plan_get(r->unit->reg, r->section)->by_id, &params);
		r->now.values = NULL;
		r->priv->reread = false;
	}
	if (!q)
		return 0;
	struct pg_rows *rows;
	if (unit_ready(r->unit, err) < 0 || pg_tx_wait(q, &rows, err) < 0)
		return -1;
	r->priv->query = NULL;
	if (pg_rows_count(rows) == 0)
		r->priv->absent = true;
	else if (!r->now.values)
		values_take(r, rows, 0);
	return 0;
}

int record_load(struct unit *u, struct section *s, int64_t id, struct record **out, struct err *err)
{
	*out = NULL;
	struct record *r = record_find(u, s, id);
	/* no row has such an id: a draft of a form that is new */
	if (id <= 0) {
		if (r && u->priv->form && r->fresh && !r->gone)
			*out = r;
		return 0;
	}
	if (!r) {
		record_prefetch(u, s, id);
		r = record_find(u, s, id);
	}
	if (record_settle(r, err) < 0)
		return -1;
	if (!r->priv->absent && !r->gone)
		*out = r;
	return 0;
}

/* A row that was read under its lock replaces what was read without one, unless a draft is in hand. */
static struct record *take_locked(struct unit *u, struct section *s, const struct pg_rows *rows, size_t row)
{
	int64_t id = pg_rows_int(rows, row, 0);
	struct record *r = record_find(u, s, id);
	if (!r)
		r = record_new(u, s, id);
	if (r->locked || r->fresh)
		return r;
	r->priv->query = NULL;
	r->priv->absent = false;
	values_take(r, rows, row);
	r->locked = true;
	return r;
}

static bool input_sets(const struct record_feed *feed, const struct record_input *in)
{
	for (size_t k = 0; k < feed->nreads; k++)
		if (record_input_find(in, feed->reads[k]) || (in->lines.count && feed->reads[k]->type == FIELD_ROLLUP))
			return true;
	return false;
}

/* The input changes what parents by the lookup keep, or which these are. */
static bool input_touches(const struct record_plan *p, const struct record_parent *up, const struct record_input *in)
{
	if (!in || up->checks || up->watched || record_input_find(in, up->by))
		return true;
	for (size_t i = 0; i < p->nfeeds; i++)
		for (size_t k = 0; k < p->feeds[i].nplaces; k++)
			if (p->feeds[i].places[k].by == up->by && input_sets(&p->feeds[i], in))
				return true;
	return false;
}

/* The parent that the input gives by the lookup, unless the unit has it locked. */
static bool input_parent(struct unit *u, const struct field *by, const struct record_input *in, struct value *out)
{
	const struct record_set *set = in ? record_input_find(in, by) : NULL;
	if (!set || set->value.kind != VALUE_INT)
		return false;
	struct record *r = record_find(u, by->to, set->value.i);
	*out = set->value;
	return !r || !r->locked;
}

void record_ask_parents(struct unit *u, struct section *s, int64_t id, const struct record_input *in, bool after)
{
	struct record_plan *p = record_plan_get(u->reg, s);
	if (!after)
		rollup_hold(u, s, id, in);
	if (!p->nabove)
		return;
	struct value *given = arena_array(u->arena, struct value, p->nparents + 1);
	bool *asked = arena_array(u->arena, bool, p->nparents + 1), any = false;
	for (size_t i = 0; i < p->nparents; i++) {
		bool sets = input_parent(u, p->parents[i].by, in, &given[i]);
		if (!sets)
			given[i] = value_nil();
		asked[i] = id ? input_touches(p, &p->parents[i], in) : sets;
		any |= asked[i];
	}
	for (size_t i = 0; any && i < p->nabove; i++) {
		const struct record_above *above = &p->above[i];
		struct buf ids = BUF_INIT;
		if ((above->section->rank > s->rank) != after)
			continue;
		for (size_t k = 0; k < above->nways; k++)
			if (asked[above->ways[k].parent])
				buf_printf(&ids, "%s(%s)", ids.len ? " || " : "", above->ways[k].ids);
		if (ids.len) {
			struct pg_params params = {0};
			pg_params_int(u->arena, &params, id);
			for (size_t k = 0; k < p->nparents; k++) {
				struct value list = {.kind = VALUE_LIST};
				list.list.items = &given[k];
				list.list.count = given[k].kind == VALUE_INT;
				pg_params_value(u->arena, &params, PG_INT8_ARRAY, &list);
			}
			struct parent_query q = {pg_tx_send(u->tx, u->arena,
												arena_printf(u->arena, "%st.id = ANY(%s) ORDER BY t.id FOR NO KEY UPDATE OF t",
															 record_plan_get(u->reg, above->section)->select, ids.data),
												&params),
									 above->section};
			arena_push(u->arena, &u->priv->asked, q);
		}
		buf_destroy(&ids);
	}
}

static int parents_take(struct unit *u, struct err *err)
{
	struct unit_private *p = u->priv;
	for (size_t i = 0; i < p->asked.count; i++) {
		struct pg_rows *rows;
		if (pg_tx_wait(p->asked.items[i].query, &rows, err) < 0)
			return -1;
		for (size_t k = 0; k < pg_rows_count(rows); k++)
			take_locked(u, p->asked.items[i].section, rows, k);
	}
	p->asked.count = 0;
	return 0;
}

static int not_found(struct unit *u, struct err *err)
{
	return err_say(err, ERR_NOT_FOUND, u->lang, SAY_NOT_FOUND);
}

int record_lock(struct unit *u, struct section *s, int64_t id, bool to_delete, const struct record_input *in, struct record **out,
				struct err *err)
{
	struct record *r = record_find(u, s, id);
	if (r && r->locked) {
		*out = r;
		return record_settle(r, err) < 0 ? -1 : r->gone ? not_found(u, err) : 0;
	}
	if (id <= 0)
		return unit_ready(u, err) < 0 ? -1 : not_found(u, err);
	struct record_plan *p = record_plan_get(u->reg, s);
	struct pg_params params = {0};
	pg_params_int(u->arena, &params, id);
	record_ask_parents(u, s, id, in, false);
	struct pg_query *q = pg_tx_send(u->tx, u->arena, to_delete ? p->lock_delete : p->lock, &params), *again = NULL;
	/* a row that was waited for comes with its newest columns, but with the links of the statement's own moment: they are read once more */
	if (p->nlinks)
		again = pg_tx_send(u->tx, u->arena, p->by_id, &params);
	record_ask_parents(u, s, id, in, true);
	struct pg_rows *rows;
	if (unit_ready(u, err) < 0 || pg_tx_wait(q, &rows, err) < 0 || (again && pg_tx_wait(again, &rows, err) < 0) || parents_take(u, err) < 0)
		return -1;
	if (pg_rows_count(rows) == 0)
		return not_found(u, err);
	*out = take_locked(u, s, rows, 0);
	return 0;
}

struct lock_want {
	struct section *section;
	int64_t id;
};

static int want_order(const void *x, const void *y)
{
	const struct lock_want *a = x, *b = y;
	if (a->section->rank != b->section->rank)
		return a->section->rank < b->section->rank ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

/* The draft changes what a parent by the lookup keeps or checks, or which it is. A record without changes is one that goes. */
static bool draft_touches(const struct record *r, const struct record_plan *p, const struct record_parent *up)
{
	bool any = r->fresh || up->checks || up->watched || record_changed(r, up->by);
	for (size_t i = 0; i < p->nfeeds && !any; i++)
		for (size_t k = 0; k < p->feeds[i].nplaces && !any; k++)
			for (size_t f = 0; p->feeds[i].places[k].by == up->by && f < p->feeds[i].nreads && !any; f++)
				any = record_changed(r, p->feeds[i].reads[f]) || (r->priv->touched && p->feeds[i].reads[f]->type == FIELD_ROLLUP);
	if (any)
		return true;
	for (size_t i = 0; i < p->nfields; i++)
		if (record_stores(r->section->fields[i]) && record_changed(r, r->section->fields[i]))
			return false;
	return true;
}

int record_lock_parents(struct unit *u, struct record **rs, size_t n, struct err *err)
{
	struct {
		struct lock_want *items;
		size_t count, cap;
	} wants = {0};
	if (parents_take(u, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct record_plan *p = record_plan_get(u->reg, rs[i]->section);
		for (size_t k = 0; k < p->nparents; k++) {
			const struct record_parent *up = &p->parents[k];
			if (!draft_touches(rs[i], p, up))
				continue;
			const struct value *ends[] = {&rs[i]->now.values[up->by->pos], rs[i]->was.values ? &rs[i]->was.values[up->by->pos] : NULL};
			for (size_t e = 0; e < 2; e++) {
				if (!ends[e] || ends[e]->kind != VALUE_INT)
					continue;
				struct record *r = record_find(u, up->by->to, ends[e]->i);
				if (r && (r->locked || r->fresh || r->gone))
					continue;
				struct lock_want w = {up->by->to, ends[e]->i};
				arena_push(u->arena, &wants, w);
			}
		}
	}
	if (!wants.count)
		return 0;
	qsort(wants.items, wants.count, sizeof *wants.items, want_order);
	for (size_t i = 0; i < wants.count;) {
		struct section *s = wants.items[i].section;
		struct value *ids = arena_array(u->arena, struct value, wants.count);
		struct value list = {.kind = VALUE_LIST};
		for (; i < wants.count && wants.items[i].section == s; i++)
			if (!list.list.count || ids[list.list.count - 1].i != wants.items[i].id)
				ids[list.list.count++] = value_int(wants.items[i].id);
		list.list.items = ids;
		struct pg_params params = {0};
		pg_params_value(u->arena, &params, PG_INT8_ARRAY, &list);
		struct parent_query q = {
			pg_tx_send(u->tx, u->arena,
					   arena_printf(u->arena, "%s ORDER BY t.id FOR NO KEY UPDATE OF t", record_plan_get(u->reg, s)->by_ids), &params),
			s};
		arena_push(u->arena, &u->priv->asked, q);
	}
	return parents_take(u, err);
}

static bool line_of(const struct record *r, const struct field *detail, int64_t parent)
{
	const struct value *v = r->now.values ? &r->now.values[detail->by->pos] : NULL;
	return !r->gone && !r->priv->leaving && v && v->kind == VALUE_INT && v->i == parent;
}

static int order_by_id(const void *x, const void *y)
{
	const struct record *a = *(struct record *const *)x, *b = *(struct record *const *)y;
	return a->id < b->id ? -1 : a->id > b->id;
}

int record_lines(struct unit *u, const struct field *detail, struct record *parent, struct record ***out, size_t *n, struct err *err)
{
	struct section *s = detail->to;
	struct record_plan *p = record_plan_get(u->reg, s);
	struct {
		struct record **items;
		size_t count, cap;
	} found = {0};
	if (!parent->fresh) {
		struct pg_params params = {0};
		struct pg_rows *rows;
		pg_params_int(u->arena, &params, parent->id);
		const char *sql =
			arena_printf(u->arena, "%st.%s = $1 ORDER BY t.id LIMIT %d", p->select, detail->by->expr.column, UNIT_RECORDS + 1);
		if (unit_ready(u, err) < 0 || pg_tx_run(u->tx, u->arena, sql, &params, &rows, err) < 0)
			return -1;
		if (pg_rows_count(rows) > UNIT_RECORDS)
			return err_say(err, ERR_TOO_COMPLEX, u->lang, SAY_TOO_MANY_RECORDS, arena_printf(u->arena, "%d", UNIT_RECORDS));
		for (size_t i = 0; i < pg_rows_count(rows); i++) {
			int64_t id = pg_rows_int(rows, i, 0);
			struct record *r = record_find(u, s, id);
			if (!r)
				r = record_new(u, s, id);
			if (!r->now.values) {
				r->priv->query = NULL;
				values_take(r, rows, i);
			}
			if (!r->priv->drafted && line_of(r, detail, parent->id))
				arena_push(u->arena, &found, r);
		}
	}
	for (struct record *r = u->priv->drafted; r; r = r->priv->next_drafted)
		if (r->section == s && line_of(r, detail, parent->id))
			arena_push(u->arena, &found, r);
	if (found.count)
		qsort(found.items, found.count, sizeof *found.items, order_by_id);
	*out = found.items;
	*n = found.count;
	return 0;
}

/* ---- ids ---- */

static struct id_pool *pool_of(struct unit *u, struct section *s)
{
	for (struct id_pool *p = u->priv->pools; p; p = p->next)
		if (p->section == s)
			return p;
	struct id_pool *p = arena_new(u->arena, struct id_pool);
	p->section = s;
	p->next = u->priv->pools;
	u->priv->pools = p;
	return p;
}

void record_ask_id(struct unit *u, struct section *s)
{
	struct id_pool *p = pool_of(u, s);
	/* the second record of many: record_take_id reserves a block, and the rows between need no answer */
	if (u->bulk && p->taken)
		return;
	if (!p->query && p->used == p->n)
		p->query = pg_tx_send(u->tx, u->arena, record_plan_get(u->reg, s)->next_id, NULL);
}

int record_take_id(struct unit *u, struct section *s, int64_t *id, struct err *err)
{
	struct id_pool *p = pool_of(u, s);
	struct pg_rows *rows;
	p->taken++;
	if (p->query) {
		struct pg_query *q = p->query;
		p->query = NULL;
		if (unit_ready(u, err) < 0 || pg_tx_wait(q, &rows, err) < 0)
			return -1;
		*id = pg_rows_int(rows, 0, 0);
		return 0;
	}
	if (p->used == p->n) {
		/* the more were taken, the more are likely to follow: ids of a unit that fails are lost, so not too many */
		int64_t n = p->taken < 4 ? 4 : p->taken < 32 ? 16 : u->bulk ? 100 : 32;
		struct pg_params params = {0};
		pg_params_int(u->arena, &params, n);
		if (unit_ready(u, err) < 0 || pg_tx_run(u->tx, u->arena, record_plan_get(u->reg, s)->next_ids, &params, &rows, err) < 0)
			return -1;
		p->n = pg_rows_count(rows);
		p->used = 0;
		p->ids = arena_array(u->arena, int64_t, p->n);
		for (size_t i = 0; i < p->n; i++)
			p->ids[i] = pg_rows_int(rows, i, 0);
	}
	*id = p->ids[p->used++];
	return 0;
}

/* ---- what expressions see ---- */

static int env_get(void *ctx, struct arena *a, const struct expr_table *t, const void *record, const struct expr_field *f,
				   struct value *out, struct err *err)
{
	(void)t;
	struct unit *u = ctx;
	const struct record_face *face = record;
	struct field *field = record_field(f);
	bool drafts = u->priv->form ? field->type == FIELD_ROLLUP && field->rollup.expr : record_rollup_open(face->record, field);
	if (drafts && face == &face->record->now) {
		if (expr_eval(a, field->rollup.expr, &u->env, face, NULL, NULL, out, err) < 0)
			return -1;
		record_fit(a, field, out);
		return 0;
	}
	if (record_settle(face->record, err) < 0)
		return -1;
	*out = face->values ? face->values[field->pos] : value_nil();
	return 0;
}

static int env_load(void *ctx, struct arena *a, const struct expr_table *t, int64_t id, const void **record, struct err *err)
{
	(void)a;
	struct record *r;
	if (record_load(ctx, record_section(t), id, &r, err) < 0)
		return -1;
	*record = r ? &r->now : NULL;
	return 0;
}

static int env_lines(void *ctx, struct arena *a, const struct expr_field *detail, const void *record, const void ***records, size_t *n,
					 struct err *err)
{
	const struct record_face *face = record;
	struct record **rs;
	if (record_lines(ctx, record_field(detail), face->record, &rs, n, err) < 0)
		return -1;
	*records = arena_array(a, const void *, *n + 1);
	for (size_t i = 0; i < *n; i++)
		(*records)[i] = &rs[i]->now;
	return 0;
}

static int env_role_users(void *ctx, struct arena *a, const char *role, struct value *list, struct err *err)
{
	struct unit *u = ctx;
	struct pg_params params = {0};
	struct pg_rows *rows;
	pg_params_text(u->arena, &params, PG_TEXT, role);
	if (pg_tx_run(u->tx, u->arena, "SELECT ARRAY(SELECT user_id FROM ostov.role_member WHERE role = $1 ORDER BY user_id)", &params, &rows,
				  err) < 0)
		return -1;
	*list = pg_rows_value(rows, a, 0, 0);
	return 0;
}

static bool env_has_role(void *ctx, const char *role)
{
	struct unit *u = ctx;
	return actor_has_role(u->user, role);
}

int unit_calendar(struct unit *u, struct err *err)
{
	struct unit_private *p = u->priv;
	if (p->calendar_loaded)
		return 0;
	struct pg_rows *rows;
	if (pg_tx_run(u->tx, u->arena, "SELECT day, works FROM ostov.calendar_day ORDER BY day LIMIT 40000", NULL, &rows, err) < 0)
		return -1;
	p->calendar_loaded = true;
	size_t n = pg_rows_count(rows);
	if (!n)
		return 0;
	int64_t first = pg_rows_value(rows, u->arena, 0, 0).i, last = pg_rows_value(rows, u->arena, n - 1, 0).i;
	if (last - first > CALENDAR_DAYS)
		last = first + CALENDAR_DAYS;
	signed char *days = arena_alloc(u->arena, (size_t)(last - first + 1));
	memset(days, -1, (size_t)(last - first + 1));
	for (size_t i = 0; i < n; i++) {
		int64_t day = pg_rows_value(rows, u->arena, i, 0).i;
		if (day <= last)
			days[day - first] = pg_rows_bool(rows, i, 1);
	}
	p->calendar = days;
	p->calendar_first = first;
	p->calendar_count = last - first + 1;
	return 0;
}

static int env_work_day(void *ctx, int64_t day)
{
	struct unit *u = ctx;
	struct err err;
	err_init(&err, NULL);
	/* a failure shows at the next statement: the transaction is gone */
	if (unit_calendar(u, &err) < 0)
		return -1;
	struct unit_private *p = u->priv;
	int64_t i = day - p->calendar_first;
	return p->calendar && i >= 0 && i < p->calendar_count ? p->calendar[i] : -1;
}

void record_env(struct unit *u)
{
	u->env = (struct expr_env){
		.get = env_get,
		.load = env_load,
		.lines = env_lines,
		.role_users = env_role_users,
		.has_role = env_has_role,
		.work_day = env_work_day,
		.week = u->reg->week,
		.me = u->user->id,
		.now_us = u->now_us,
		.today = u->today,
		.zone = u->zone,
		.ctx = u,
	};
}
