#include <string.h>

#include "base/arena.h"
#include "pg/pg.h"
#include "serve/event.h"
#include "serve/record_private.h"
#include "serve/rollup.h"
#include "serve/stage.h"

enum { DEPTH = 16 };

struct deletion {
	struct unit *u;
	struct err *err;
	int depth;
	const struct record *path[DEPTH]; /* what is being removed, each because it points to the one before */
	struct buf blockers;              /* labels of the sections that stop it, as far as the actor may know */
	bool blocked;
};

static bool owns(const struct field *by)
{
	return by->section->owner == by;
}

static enum on_delete what_happens(const struct field *by)
{
	return owns(by) ? ON_DELETE_CASCADE : by->on_delete;
}

/* Ids of the records that point to `id` by the lookup, in order; at most UNIT_RECORDS. */
static int pointing(struct unit *u, const struct field *by, int64_t id, struct pg_rows **rows, struct err *err)
{
	struct pg_params params = {0};
	pg_params_int(u->arena, &params, id);
	const char *sql =
		by->expr.storage == EXPR_LINK
			? arena_printf(u->arena, "SELECT record FROM %s WHERE target = $1 ORDER BY record LIMIT %d", by->expr.link, UNIT_RECORDS)
			: arena_printf(u->arena, "SELECT id FROM %s WHERE %s = $1 ORDER BY id LIMIT %d", by->section->expr.sql, by->expr.column,
						   UNIT_RECORDS);
	return pg_tx_run(u->tx, u->arena, sql, &params, rows, err);
}

static bool already_gone(struct unit *u, const struct section *s, int64_t id)
{
	const struct record *r = record_find(u, s, id);
	return r && r->gone;
}

static bool readable_row(struct unit *u, struct section *s, int64_t id)
{
	struct record *r;
	struct err err;
	bool ok = false;
	err_init(&err, u->arena);
	if (record_load(u, s, id, &r, &err) < 0 || !r ||
		access_test(u, access_get(u->reg, u->user, s), GRANT_READ, r, true, NULL, &ok, NULL, &err) < 0)
		return false;
	return ok;
}

static void block(struct deletion *d, const struct field *by, int64_t id)
{
	struct unit *u = d->u;
	d->blocked = true;
	if (!readable_row(u, by->section, id))
		return;
	const char *plural = label_get(&by->section->plural, u->lang);
	if (d->blockers.data && strstr(d->blockers.data, plural))
		return;
	if (d->blockers.len)
		buf_puts(&d->blockers, ", ");
	buf_puts(&d->blockers, plural);
}

/* Some rule may ask for a value that clearing takes away. */
static bool may_need(const struct field *by)
{
	bool any = by->required.expr != NULL;
	for (size_t i = 0; i < by->section->npaths; i++)
		for (size_t k = 0; k < by->section->paths[i]->nstages; k++)
			for (size_t n = 0; n < by->section->paths[i]->stages[k]->nrequired; n++)
				any |= by->section->paths[i]->stages[k]->required[n] == by;
	return any;
}

/* Clearing would leave the record without a value that it must have. */
static int cannot_clear(struct record *r, const struct field *by, bool *out, struct err *err)
{
	const struct value *v = &r->now.values[by->pos];
	*out = false;
	return may_need(by) && !(v->kind == VALUE_LIST && v->list.count > 1) ? record_needs(r, by, out, err) : 0;
}

static int clear(struct deletion *d, struct record *r, const struct field *by, int64_t id)
{
	struct unit *u = d->u;
	struct value *v = &r->now.values[by->pos];
	struct err faults;
	err_init(&faults, u->arena);
	r->priv->faults = &faults;
	if (by->expr.storage == EXPR_LINK) {
		struct value *kept = arena_array(u->arena, struct value, v->list.count + 1);
		size_t n = 0;
		for (size_t i = 0; i < v->list.count; i++)
			if (v->list.items[i].i != id)
				kept[n++] = v->list.items[i];
		v->list.items = kept;
		v->list.count = n;
	} else {
		*v = value_nil();
	}
	if (record_lock_parents(u, &r, 1, d->err) < 0 || record_write(r, CHANGE_CHANGED, d->err) < 0)
		return -1;
	event_after(u, HOOK_UPDATED, r);
	record_settled(r);
	return 0;
}

static int remove_one(struct deletion *d, struct record *r);

static int follow(struct deletion *d, struct record *r, const struct field *by)
{
	struct unit *u = d->u;
	struct pg_rows *rows;
	if (by->builtin || !record_stores(by))
		return 0;
	if (pointing(u, by, r->id, &rows, d->err) < 0)
		return -1;
	for (size_t i = 0; i < pg_rows_count(rows); i++) {
		int64_t id = pg_rows_int(rows, i, 0);
		struct record *other;
		if (already_gone(u, by->section, id) || (by->section == r->section && id == r->id))
			continue;
		if (what_happens(by) == ON_DELETE_RESTRICT) {
			block(d, by, id);
			return 0;
		}
		if (record_lock(u, by->section, id, what_happens(by) == ON_DELETE_CASCADE, NULL, &other, d->err) < 0) {
			/* gone meanwhile: nothing points here any more */
			if (d->err->code != ERR_NOT_FOUND)
				return -1;
			err_init(d->err, d->err->arena);
			continue;
		}
		bool going = false, stays;
		for (int k = 0; k < d->depth; k++)
			going |= d->path[k] == other;
		/* records that go along in a circle: each would have to go before the other */
		stays = going && what_happens(by) == ON_DELETE_CASCADE;
		if (!going && what_happens(by) == ON_DELETE_CLEAR && cannot_clear(other, by, &stays, d->err) < 0)
			return -1;
		if (stays) {
			block(d, by, id);
			return 0;
		}
		if (what_happens(by) == ON_DELETE_CLEAR ? clear(d, other, by, r->id) < 0 : remove_one(d, other) < 0)
			return -1;
		if (d->blocked)
			return 0;
	}
	return 0;
}

static int remove_one(struct deletion *d, struct record *r)
{
	struct unit *u = d->u;
	struct err faults;
	if (r->gone)
		return 0;
	if (d->depth >= DEPTH)
		return err_say(d->err, ERR_TOO_COMPLEX, u->lang, SAY_DELETE_DEPTH, arena_printf(u->arena, "%d", DEPTH));
	err_init(&faults, u->arena);
	struct err *outer = r->priv->faults;
	r->priv->faults = &faults;
	int done = event_before(u, HOOK_BEFORE_DELETE, r, d->err);
	r->priv->faults = outer;
	if (done < 0)
		return -1;
	if (faults.code != ERR_OK)
		return err_copy(d->err, &faults);
	d->path[d->depth++] = r;
	for (size_t i = 0; i < r->section->nreferrers && !d->blocked; i++)
		if (follow(d, r, r->section->referrers[i]) < 0)
			return -1;
	d->depth--;
	if (d->blocked)
		return 0;
	if (record_lock_parents(u, &r, 1, d->err) < 0)
		return -1;
	/* the row is told as it stands, whatever a hook wrote into the draft */
	memcpy(r->now.values, r->was.values, r->section->nfields * sizeof *r->now.values);
	if (record_erase(r, d->err) < 0)
		return -1;
	event_after(u, HOOK_DELETED, r);
	return 0;
}

int record_remove(struct record *r, struct err *err)
{
	struct deletion d = {.u = r->unit, .err = err};
	int done = remove_one(&d, r);
	if (done == 0 && d.blocked) {
		err_say(err, ERR_IN_USE, r->unit->lang, d.blockers.len ? SAY_IN_USE_BY : SAY_IN_USE,
				d.blockers.len ? arena_strndup(r->unit->arena, d.blockers.data, d.blockers.len) : "");
		done = -1;
	}
	buf_destroy(&d.blockers);
	return done;
}

static int frozen(struct unit *u, struct record *r, struct err *err)
{
	const struct stage *s;
	if (u->actor->system)
		return 0;
	if (record_frozen(r, &s, err) < 0)
		return -1;
	return s ? err_say(err, ERR_CONFLICT, u->lang, SAY_FROZEN, label_get(&s->label, u->lang)) : 0;
}

int record_delete(struct unit *u, struct section *s, int64_t id, const int64_t *if_version, struct err *err)
{
	const struct access *x = access_get(u->reg, u->actor, s);
	struct record *r;
	bool ok;
	if (!access_exists(x))
		return err_say(err, ERR_NOT_FOUND, u->lang, SAY_NOT_FOUND);
	if (record_lock(u, s, id, true, NULL, &r, err) < 0 || access_test(u, x, GRANT_READ, r, true, NULL, &ok, NULL, err) < 0)
		return -1;
	if (!ok)
		return err_say(err, ERR_NOT_FOUND, u->lang, SAY_NOT_FOUND);
	if (if_version && *if_version != r->version)
		return err_say(err, ERR_STALE, u->lang, SAY_STALE);
	if (r->priv->writing)
		return err_say(err, ERR_CONFLICT, u->lang, SAY_BEING_WRITTEN);
	if (access_test(u, x, GRANT_DELETE, r, true, NULL, &ok, NULL, err) < 0)
		return -1;
	if (!ok)
		return err_say(err, ERR_FORBIDDEN, u->lang, SAY_NO_DELETE);
	if (frozen(u, r, err) < 0 || record_remove(r, err) < 0)
		return -1;
	if (u->bulk && !u->priv->checks.count)
		return 0;
	return rollup_recompute(u, err) < 0 || record_late_run(u, err) < 0 ? -1 : 0;
}

/* ---- what a deletion would do ---- */

struct preview {
	struct unit *u;
	struct {
		struct record_effect *items;
		size_t count, cap;
	} effects;
	struct map seen; /* "section id" of what goes along */
	bool blocked;
	int depth;
};

static void effect_add(struct preview *p, struct section *s, bool blocked, int64_t id)
{
	for (size_t i = 0; i < p->effects.count; i++) {
		struct record_effect *e = &p->effects.items[i];
		if (e->section == s && e->blocked == blocked) {
			e->count++;
			return;
		}
	}
	struct record_effect e = {.section = s, .blocked = blocked, .count = 1, .readable = readable_row(p->u, s, id)};
	arena_push(p->u->arena, &p->effects, e);
}

static int look(struct preview *p, struct section *s, int64_t id, struct err *err)
{
	if (++p->depth > DEPTH) {
		p->depth--;
		return 0;
	}
	for (size_t i = 0; i < s->nreferrers; i++) {
		const struct field *by = s->referrers[i];
		struct pg_rows *rows;
		bool clears = what_happens(by) == ON_DELETE_CLEAR;
		if (by->builtin || !record_stores(by) || (clears && !may_need(by)))
			continue;
		if (pointing(p->u, by, id, &rows, err) < 0)
			return -1;
		for (size_t k = 0; k < pg_rows_count(rows); k++) {
			int64_t other = pg_rows_int(rows, k, 0);
			const char *key = arena_printf(p->u->arena, "%s %lld", by->section->expr.name, (long long)other);
			if (map_find(&p->seen, key))
				continue;
			bool stops = what_happens(by) == ON_DELETE_RESTRICT;
			if (clears) {
				struct record *r;
				if (record_load(p->u, by->section, other, &r, err) < 0 || (r && cannot_clear(r, by, &stops, err) < 0))
					return -1;
				if (!stops)
					continue;
			}
			if (!stops)
				map_put(&p->seen, key, p);
			effect_add(p, by->section, stops, other);
			p->blocked |= stops;
			if (!stops && look(p, by->section, other, err) < 0)
				return -1;
		}
	}
	p->depth--;
	return 0;
}

int record_delete_preview(struct unit *u, struct section *s, const int64_t *ids, size_t nids, struct record_effect **out, size_t *n,
						  size_t *deletable, struct err *err)
{
	struct preview p = {.u = u};
	const struct access *x = access_get(u->reg, u->actor, s);
	map_create(&p.seen, u->arena);
	*deletable = 0;
	if (unit_ready(u, err) < 0)
		return -1;
	for (size_t i = 0; i < nids; i++)
		record_prefetch(u, s, ids[i]);
	for (size_t i = 0; i < nids; i++)
		map_put(&p.seen, arena_printf(u->arena, "%s %lld", s->expr.name, (long long)ids[i]), &p);
	for (size_t i = 0; i < nids; i++) {
		struct record *r;
		bool seen = false, ok = false;
		if (record_load(u, s, ids[i], &r, err) < 0)
			return -1;
		if (!r)
			continue;
		if (access_test(u, x, GRANT_READ, r, true, NULL, &seen, NULL, err) < 0 ||
			access_test(u, x, GRANT_DELETE, r, true, NULL, &ok, NULL, err) < 0)
			return -1;
		if (!seen || !ok)
			continue;
		p.blocked = false;
		if (look(&p, s, ids[i], err) < 0)
			return -1;
		*deletable += !p.blocked;
	}
	*out = p.effects.items;
	*n = p.effects.count;
	return 0;
}
