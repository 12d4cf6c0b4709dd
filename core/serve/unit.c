#include "serve/unit.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/date.h"
#include "base/fault.h"
#include "base/fiber.h"
#include "base/log.h"
#include "base/say.h"
#include "serve/job.h"
#include "serve/live.h"
#include "serve/moment.h"
#include "serve/record_private.h"
#include "serve/rollup.h"

enum { RUNS = 3, KEY_MAX = 200 };

static int64_t serials;
static void (*stale_fn)(void *);
static void *stale_ctx;

void unit_on_stale(void (*fn)(void *), void *ctx)
{
	stale_fn = fn;
	stale_ctx = ctx;
}

int unit_begin(const struct unit_config *config, struct unit **out, struct err *err)
{
	struct pg_tx *tx;
	if (pg_tx_open(config->pg, config->lane, &tx, err) < 0)
		return -1;
	struct arena *a = arena_new_sized(16 * 1024);
	struct unit *u = arena_new(a, struct unit);
	u->pg = config->pg;
	u->tx = tx;
	u->arena = a;
	u->reg = registry_ref(config->reg);
	u->actor = u->user = config->actor;
	u->lang = config->actor->lang;
	u->zone = u->reg->zone ? u->reg->zone : "UTC";
	u->bulk = config->bulk;
	u->depth = config->depth;
	u->priv = arena_new(a, struct unit_private);
	u->priv->config = *config;
	u->serial = ++serials;
	actor_system(&u->priv->system, u->lang);
	/* two statements: the second sees what a switch committed while the first waited for it */
	pg_tx_send(tx, a, "SELECT pg_advisory_xact_lock_shared(7001)", NULL);
	u->priv->clock =
		pg_tx_send(tx, a, "SELECT (SELECT id FROM ostov.generation WHERE current), clock_timestamp(), nextval('ostov.unit')", NULL);
	*out = u;
	return 0;
}

int unit_ready(struct unit *u, struct err *err)
{
	struct unit_private *p = u->priv;
	if (p->ready)
		return 0;
	struct pg_rows *rows;
	if (pg_tx_wait(p->clock, &rows, err) < 0)
		return -1;
	if (!p->config.any_generation && u->reg->generation && pg_rows_int(rows, 0, 0) != u->reg->generation) {
		if (stale_fn)
			stale_fn(stale_ctx);
		err_say(err, ERR_UNAVAILABLE, u->lang, SAY_RELOAD);
		if (err)
			err->reload = true;
		return -1;
	}
	u->now_us = moment_seen(pg_rows_value(rows, u->arena, 0, 1).i);
	u->today = zone_date_of(u->zone, u->now_us);
	p->number = pg_rows_int(rows, 0, 2);
	p->ready = true;
	record_env(u);
	return 0;
}

/* ---- violated constraints, in the words of the configuration ---- */

static bool same_name(const char *sql, const char *plain)
{
	/* "app"."contract__watchers" or app.contract__watchers against contract__watchers */
	if (!sql)
		return false;
	size_t n = strlen(plain), len = strlen(sql);
	if (len && sql[len - 1] == '"')
		len--;
	return len >= n && strncmp(sql + len - n, plain, n) == 0 && (len == n || sql[len - n - 1] == '"' || sql[len - n - 1] == '.');
}

static struct field *field_by_column(struct section *s, const char *column)
{
	for (size_t i = 0; i < s->nfields; i++)
		if (s->fields[i]->expr.storage == EXPR_COLUMN && same_name(s->fields[i]->expr.column, column))
			return s->fields[i];
	return NULL;
}

static const char CONSTRAINT[] = "SELECT t.relname::text, ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = t.oid AND "
								 "a.attnum = ANY(x.indkey::int2[]) ORDER BY a.attnum)"
								 " FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid"
								 " WHERE i.relname = $1::text AND i.relnamespace = 'app'::regnamespace"
								 " UNION ALL SELECT t.relname::text, ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = "
								 "t.oid AND a.attnum = ANY(c.conkey) ORDER BY a.attnum)"
								 " FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid WHERE c.conname = $1::text AND "
								 "c.connamespace = 'app'::regnamespace AND c.contype <> 'u' LIMIT 1";

/* The declared set of these fields, for they are told in its order; NULL: there is none. */
static const struct unique *declared_set(const struct section *s, struct field *const *fields, size_t n)
{
	for (size_t i = 0; i < s->nuniques; i++) {
		size_t same = 0;
		for (size_t k = 0; k < n; k++)
			for (size_t j = 0; j < s->uniques[i].nfields; j++)
				same += s->uniques[i].fields[j] == fields[k];
		if (same == n && s->uniques[i].nfields == n)
			return &s->uniques[i];
	}
	return NULL;
}

static void explain_fields(struct unit *u, struct section *s, const struct value *columns, struct err *err)
{
	struct arena *a = err->arena ? err->arena : u->arena;
	struct buf labels = BUF_INIT;
	struct field **found = arena_array(u->arena, struct field *, columns->list.count + 1), *const *fields = found;
	size_t n = 0;
	for (size_t i = 0; i < columns->list.count; i++) {
		struct field *f = field_by_column(s, columns->list.items[i].text.s);
		if (f)
			found[n++] = f;
	}
	const struct unique *set = declared_set(s, fields, n);
	fields = set ? set->fields : fields;
	for (size_t i = 0; i < n; i++)
		buf_printf(&labels, "%s%s", i ? ", " : "", label_get(&fields[i]->label, u->lang));
	const struct field *first = n ? fields[0] : NULL;
	const char *label = arena_strndup(a, labels.data ? labels.data : "", labels.len);
	buf_destroy(&labels);
	if (!first)
		return;
	enum err_code code = err->code;
	if (code == ERR_NOT_UNIQUE)
		err_say(err, code, u->lang, n > 1 ? SAY_NOT_UNIQUE_SET : SAY_NOT_UNIQUE, label);
	else if (code == ERR_IN_USE)
		err_say(err, code, u->lang, SAY_IN_USE);
	else
		err_say(err, code, u->lang, SAY_BAD_LOOKUP, label);
	if (code != ERR_IN_USE)
		err_target(err, first->expr.name);
}

/* What PostgreSQL refused, told with fields; the connection itself can only roll back, so the catalogue is asked on another. */
static int explain(struct unit *u, struct err *err)
{
	if (!err || !err->constraint || (err->code != ERR_NOT_UNIQUE && err->code != ERR_INVALID && err->code != ERR_IN_USE))
		return -1;
	struct pg_params params = {0};
	struct pg_rows *rows;
	struct err other;
	err_init(&other, u->arena);
	pg_params_text(u->arena, &params, PG_TEXT, err->constraint);
	if (pg_read(u->pg, PG_LANE_FAST, u->arena, CONSTRAINT, &params, &rows, &other) < 0 || pg_rows_count(rows) == 0)
		return -1;
	const char *table = pg_rows_text(rows, 0, 0);
	struct value columns = pg_rows_value(rows, u->arena, 0, 1);
	for (size_t i = 0; i < u->reg->nsections; i++) {
		struct section *s = u->reg->sections[i];
		if (same_name(s->expr.sql, table)) {
			explain_fields(u, s, &columns, err);
			return -1;
		}
		for (size_t k = 0; k < s->nfields; k++) {
			struct field *f = s->fields[k];
			if (f->expr.storage != EXPR_LINK || !same_name(f->expr.link, table))
				continue;
			enum err_code code = err->code;
			err_say(err, code, u->lang, code == ERR_IN_USE ? SAY_IN_USE : SAY_BAD_LOOKUP, label_get(&f->label, u->lang));
			if (code != ERR_IN_USE)
				err_target(err, f->expr.name);
			return -1;
		}
	}
	return -1;
}

int unit_flush(struct unit *u, struct err *err)
{
	if (unit_ready(u, err) < 0)
		return -1;
	struct pg_query *q = pg_tx_send(u->tx, u->arena, "SELECT 1", NULL);
	return pg_tx_wait(q, NULL, err) < 0 ? explain(u, err) : 0;
}

static void unit_end(struct unit *u)
{
	registry_unref(u->reg);
	arena_delete(u->arena);
}

int unit_commit(struct unit *u, struct err *err)
{
	struct unit_private *p = u->priv;
	assert(p->nests == 0);
	if (unit_ready(u, err) < 0) {
		unit_rollback(u);
		return -1;
	}
	if (p->notes.count && (rollup_recompute(u, err) < 0 || record_late_run(u, err) < 0)) {
		unit_rollback(u);
		return -1;
	}
	if (fault_hit("unit_commit")) {
		unit_rollback(u);
		return err_set(err, ERR_UNAVAILABLE, "stopped for a test");
	}
	int r = pg_tx_commit(u->tx, err);
	u->tx = NULL;
	if (r < 0) {
		explain(u, err);
	} else {
		if (p->jobs)
			job_hint(u->pg);
		live_tell(u);
		for (struct unit_callback *c = p->after; c; c = c->next)
			c->fn(c->arg);
	}
	unit_end(u);
	return r;
}

void unit_rollback(struct unit *u)
{
	if (!u)
		return;
	pg_tx_rollback(u->tx);
	unit_end(u);
}

/* The database refused one thing and said no more: the next run looks for all that it would refuse, so that the answer tells everything at once. */
static bool wants_thorough(bool *thorough, const struct err *e)
{
	if (*thorough || !e->constraint || (e->code != ERR_NOT_UNIQUE && e->code != ERR_INVALID))
		return false;
	*thorough = true;
	return true;
}

int unit_run(const struct unit_config *config, int (*fn)(struct unit *u, void *ctx, struct err *err), void *ctx, struct err *err)
{
	bool thorough = false;
	for (int run = 1;; run++) {
		struct unit *u;
		if (pg_room(config->pg, err) || unit_begin(config, &u, err) < 0)
			return -1;
		u->priv->thorough = thorough;
		struct err one;
		err_init(&one, err ? err->arena : NULL);
		int r = fn(u, ctx, &one);
		bool again = r < 0 && (wants_thorough(&thorough, &one) || (one.code == ERR_RETRY && run < RUNS));
		if (r < 0) {
			if (one.constraint && !again)
				explain(u, &one);
			/* what the unit's arena holds of the error goes with the unit */
			if (!again)
				err_copy(err, &one);
			unit_rollback(u);
		} else {
			r = unit_commit(u, &one);
			again = r < 0 && (wants_thorough(&thorough, &one) || (one.code == ERR_RETRY && run < RUNS));
			if (r < 0 && !again)
				err_copy(err, &one);
		}
		if (!again)
			return r;
		log_debug("a unit of work runs again (%d)", run + 1);
		if (one.code == ERR_RETRY)
			fiber_sleep((uint64_t)run * 5);
	}
}

int unit_nest(struct unit *u, struct err *err)
{
	struct unit_private *p = u->priv;
	if (p->nests == UNIT_NESTS)
		return err_tell(err, ERR_TOO_COMPLEX, SAY_TOO_NESTED);
	if (unit_ready(u, err) < 0 || pg_tx_nest(u->tx, err) < 0)
		return -1;
	p->notes_at[p->nests] = p->notes.count;
	p->notes_kept[p->nests] = NULL;
	p->checks_at[p->nests++] = p->checks.count;
	return 0;
}

void unit_notes_keep(struct unit *u)
{
	struct unit_private *p = u->priv;
	for (int i = 0; i < p->nests; i++) {
		size_t n = p->notes_at[i];
		if (p->notes_kept[i] || !n)
			continue;
		p->notes_kept[i] = arena_array(u->arena, struct rollup_note, n);
		memcpy(p->notes_kept[i], p->notes.items, n * sizeof *p->notes_kept[i]);
	}
}

/* Records are read again; what earlier rows of the unit left to recompute stays. */
static void nest_undo(struct unit *u)
{
	struct unit_private *p = u->priv;
	record_forget_all(u);
	p->held.count = 0; /* the savepoint gave their locks back */
	if (p->notes_kept[p->nests]) {
		memcpy(p->notes.items, p->notes_kept[p->nests], p->notes_at[p->nests] * sizeof *p->notes.items);
		p->notes.count = p->notes_at[p->nests];
	}
	if (p->notes.count > p->notes_at[p->nests])
		p->notes.count = p->notes_at[p->nests];
	if (p->checks.count > p->checks_at[p->nests])
		p->checks.count = p->checks_at[p->nests];
}

int unit_unnest(struct unit *u, bool keep, struct err *err)
{
	/* what is refused when sums are recomputed is refused with these writes, not with the whole unit */
	int top = u->priv->nests - 1;
	bool late = keep && rollup_due(u, u->priv->notes_kept[top] ? 0 : u->priv->notes_at[top]);
	int checked = late && (rollup_recompute(u, err) < 0 || record_late_run(u, err) < 0) ? -1 : 0;
	u->priv->nests--;
	if (checked < 0) {
		nest_undo(u);
		pg_tx_unnest(u->tx, false, NULL);
		return -1;
	}
	int r = pg_tx_unnest(u->tx, keep, err);
	if (keep && r < 0) {
		/* the writes failed on their way: back to the savepoint, so that the unit may go on */
		explain(u, err);
		nest_undo(u);
		pg_tx_unnest(u->tx, false, NULL);
		return -1;
	}
	if (!keep)
		nest_undo(u);
	return r;
}

int unit_join(struct unit *u, struct err *err)
{
	u->priv->nests--;
	return pg_tx_join(u->tx, err);
}

void unit_send(struct unit *u, const char *sql, const struct pg_params *params)
{
	pg_tx_send(u->tx, u->arena, sql, params);
}

void unit_after_commit(struct unit *u, void (*fn)(void *), void *arg)
{
	struct unit_callback *c = arena_new(u->arena, struct unit_callback), **last = &u->priv->after;
	c->fn = fn;
	c->arg = arg;
	while (*last)
		last = &(*last)->next;
	*last = c;
}

const struct actor *unit_act_as(struct unit *u, const struct actor *actor)
{
	const struct actor *was = u->actor;
	u->actor = actor ? actor : &u->priv->system;
	return was;
}

/* ---- requests that are sent again ---- */

int unit_idempotency(struct unit *u, const char *key, const char *method_path, const unsigned char body_hash[32], struct unit_answer *out,
					 struct err *err)
{
	*out = (struct unit_answer){0};
	if (strlen(key) > KEY_MAX)
		return err_tell(err, ERR_INVALID, SAY_KEY_LENGTH, say_number(u->arena, KEY_MAX));
	if (unit_ready(u, err) < 0)
		return -1;
	struct pg_params claim = {0};
	pg_params_int(u->arena, &claim, u->user->id);
	pg_params_text(u->arena, &claim, PG_TEXT, key);
	pg_params_text(u->arena, &claim, PG_TEXT, method_path);
	pg_params_bytes(u->arena, &claim, body_hash, 32);
	struct pg_rows *rows;
	/* the second of two at once waits here for the first one's end */
	if (pg_tx_run(u->tx, u->arena,
				  "INSERT INTO ostov.idempotency (user_id, key, method_path, body_hash, at) VALUES ($1, $2, $3, $4, clock_timestamp()) ON "
				  "CONFLICT DO NOTHING",
				  &claim, &rows, err) < 0)
		return -1;
	if (pg_rows_affected(rows) == 1)
		return 0;
	struct pg_params ask = {0};
	pg_params_int(u->arena, &ask, u->user->id);
	pg_params_text(u->arena, &ask, PG_TEXT, key);
	if (pg_tx_run(u->tx, u->arena,
				  "SELECT method_path, body_hash, status, answer, headers FROM ostov.idempotency WHERE user_id = $1 AND key = $2", &ask,
				  &rows, err) < 0)
		return -1;
	if (pg_rows_count(rows) == 0)
		return err_tell(err, ERR_RETRY, SAY_KEY_UNDONE);
	size_t len;
	const char *hash = pg_rows_bytes(rows, 0, 1, &len);
	if (strcmp(pg_rows_text(rows, 0, 0), method_path) != 0 || len != 32 || memcmp(hash, body_hash, 32) != 0)
		return err_say(err, ERR_CONFLICT, u->lang, SAY_KEY_REUSED);
	out->found = true;
	out->status = (int)pg_rows_int(rows, 0, 2);
	out->body = pg_rows_bytes(rows, 0, 3, &out->body_len);
	out->headers = pg_rows_text(rows, 0, 4);
	return 0;
}

void unit_idempotency_store(struct unit *u, const char *key, int status, const char *headers, const void *body, size_t len)
{
	struct pg_params p = {0};
	pg_params_int(u->arena, &p, u->user->id);
	pg_params_text(u->arena, &p, PG_TEXT, key);
	pg_params_int(u->arena, &p, status);
	pg_params_bytes(u->arena, &p, body, len);
	pg_params_text(u->arena, &p, PG_JSONB, headers);
	unit_send(u, "UPDATE ostov.idempotency SET status = $3::bigint, answer = $4, headers = $5 WHERE user_id = $1 AND key = $2", &p);
}
