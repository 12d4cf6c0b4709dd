#include "serve/job.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/fiber.h"
#include "base/log.h"
#include "base/say.h"
#include "meta/registry.h"
#include "pg/pg.h"
#include "serve/record_private.h"

enum { KINDS = 32, LEASE_MS = 60 * 1000, HINT_MS = 20, BACKOFF_S = 2, BACKOFF_MAX_S = 3600, ERROR_MAX = 2000 };

static struct kind {
	const char *name;
	job_fn fn;
	unsigned lease_ms;
} kinds[KINDS];
static size_t nkinds;

void job_register(const char *kind, job_fn fn, unsigned lease_ms)
{
	for (size_t i = 0; i < nkinds; i++) {
		if (strcmp(kinds[i].name, kind) == 0) {
			kinds[i].fn = fn;
			return;
		}
	}
	if (nkinds < KINDS)
		kinds[nkinds++] = (struct kind){kind, fn, lease_ms ? lease_ms : LEASE_MS};
}

static const struct kind *kind_find(const char *name)
{
	for (size_t i = 0; i < nkinds; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

/* ---- queueing ---- */

static const char INSERT[] = "INSERT INTO ostov.job (kind, payload, run_at, max_attempts, created_at, user_id) VALUES"
							 " ($1, $2, coalesce($3::timestamptz, clock_timestamp()), $4::bigint, clock_timestamp(), $5) RETURNING id";

static void insert_params(struct unit *u, struct pg_params *p, const char *kind, const char *payload, int64_t run_at_us, int max_attempts)
{
	struct value at = run_at_us ? value_time(run_at_us) : value_nil(), user = u->user->id ? value_int(u->user->id) : value_nil();
	pg_params_text(u->arena, p, PG_TEXT, kind);
	pg_params_text(u->arena, p, PG_JSONB, payload);
	pg_params_value(u->arena, p, PG_TIMESTAMPTZ, &at);
	pg_params_int(u->arena, p, max_attempts > 0 ? max_attempts : 8);
	pg_params_value(u->arena, p, PG_INT8, &user);
}

void job_queue(struct unit *u, const char *kind, const char *payload, int64_t run_at_us, int max_attempts)
{
	struct pg_params p = {0};
	insert_params(u, &p, kind, payload, run_at_us, max_attempts);
	unit_send(u, INSERT, &p);
	u->priv->jobs = true;
}

int job_create(struct unit *u, const char *kind, const char *payload, int64_t *id, struct err *err)
{
	struct pg_params p = {0};
	struct pg_rows *rows;
	insert_params(u, &p, kind, payload, 0, 0);
	if (unit_ready(u, err) < 0 || pg_tx_run(u->tx, u->arena, INSERT, &p, &rows, err) < 0)
		return -1;
	*id = pg_rows_int(rows, 0, 0);
	u->priv->jobs = true;
	return 0;
}

static bool hinting;

static void hint(void *arg)
{
	fiber_sleep(HINT_MS);
	hinting = false;
	struct arena *a = arena_new_sized(0);
	struct pg_rows *rows;
	struct err err;
	err_init(&err, a);
	/* a hint that is lost costs a poll's interval */
	if (pg_read(arg, PG_LANE_FAST, a, "SELECT pg_notify('ostov_job', '')", NULL, &rows, &err) < 0)
		log_debug("the hint for job workers was not sent: %s", err.message);
	arena_delete(a);
}

void job_hint(struct pg *pg)
{
	/* one NOTIFY in every write would cost a third of the throughput of writes */
	if (hinting)
		return;
	hinting = true;
	fiber_start(hint, pg);
}

/* ---- running ---- */

static int lost(struct err *err)
{
	return err_tell(err, ERR_CONFLICT, SAY_LEASE_LOST);
}

int job_complete(struct job *job, struct unit *u, struct err *err)
{
	struct pg_params p = {0};
	struct pg_rows *rows;
	pg_params_int(u->arena, &p, job->id);
	pg_params_int(u->arena, &p, job->fence);
	if (unit_ready(u, err) < 0 || pg_tx_run(u->tx, u->arena,
											"UPDATE ostov.job SET state = 'done', done_at = clock_timestamp(), lease_until = NULL, error = "
											"NULL WHERE id = $1 AND fence = $2 AND state = 'running'",
											&p, &rows, err) < 0)
		return -1;
	if (pg_rows_affected(rows) != 1)
		return lost(err);
	job->completed = true;
	return 0;
}

int job_progress(struct job *job, const char *progress, struct err *err)
{
	struct arena *a = arena_new_sized(0);
	struct pg_params p = {0};
	struct pg_rows *rows;
	const struct kind *k = kind_find(job->kind);
	unsigned lease = k ? k->lease_ms : LEASE_MS;
	pg_params_int(a, &p, job->id);
	pg_params_int(a, &p, job->fence);
	pg_params_text(a, &p, PG_JSONB, progress);
	pg_params_int(a, &p, lease);
	uint64_t from = clock_monotonic_ms();
	int r = pg_run_outside(
		job->pg, a,
		"UPDATE ostov.job SET progress = coalesce($3, progress), lease_until = clock_timestamp() + $4 * interval '1 millisecond'"
		" WHERE id = $1 AND fence = $2 AND state = 'running'",
		&p, &rows, err);
	if (r == 0 && pg_rows_affected(rows) != 1)
		r = lost(err);
	else if (r == 0)
		job->lease_until_ms = from + lease;
	arena_delete(a);
	return r;
}

static void finish(struct job *job, const struct err *failed)
{
	struct pg_params p = {0};
	struct pg_rows *rows;
	struct err err;
	err_init(&err, job->arena);
	pg_params_int(job->arena, &p, job->id);
	pg_params_int(job->arena, &p, job->fence);
	const char *sql = "UPDATE ostov.job SET state = 'done', done_at = clock_timestamp(), lease_until = NULL, error = NULL WHERE id = $1 "
					  "AND fence = $2 AND state = 'running'";
	if (failed) {
		int64_t wait = BACKOFF_S;
		for (int i = 1; i < job->attempts && wait < BACKOFF_MAX_S; i++)
			wait *= 2;
		const char *place = failed->file ? arena_printf(job->arena, "%s:%d: ", failed->file, failed->line) : "";
		pg_params_text(job->arena, &p, PG_TEXT,
					   arena_printf(job->arena, "%s%s: %.*s%s%.*s", place, err_code_name(failed->code), ERROR_MAX,
									failed->message ? failed->message : "", failed->hint ? ": " : "", ERROR_MAX,
									failed->hint ? failed->hint : ""));
		pg_params_int(job->arena, &p, wait < BACKOFF_MAX_S ? wait : BACKOFF_MAX_S);
		sql =
			"UPDATE ostov.job SET state = CASE WHEN attempts >= max_attempts THEN 'dead' ELSE 'queued' END, error = $3, lease_until = NULL,"
			" done_at = CASE WHEN attempts >= max_attempts THEN clock_timestamp() END, run_at = clock_timestamp() + $4 * interval '1 "
			"second'"
			" WHERE id = $1 AND fence = $2 AND state = 'running'";
	}
	if (fault_hit("job_finish"))
		return;
	if (pg_run_outside(job->pg, job->arena, sql, &p, &rows, &err) < 0)
		log_warn("job %lld (%s): its end could not be stored: %s", (long long)job->id, job->kind, err.message);
	else if (pg_rows_affected(rows) != 1)
		log_warn("job %lld (%s) ended after its lease was lost", (long long)job->id, job->kind);
}

static void run_one(struct job *job)
{
	const struct kind *k = kind_find(job->kind);
	struct err err;
	err_init(&err, job->arena);
	int r = k ? k->fn(job, &err) : err_set(&err, ERR_INTERNAL, "no worker knows jobs of the kind '%s'", job->kind);
	if (r == 0 && job->completed)
		return;
	if (r < 0)
		log_warn("job %lld (%s), attempt %d: %s", (long long)job->id, job->kind, job->attempts, err.message);
	finish(job, r < 0 ? &err : NULL);
}

/* Takes the job that is due first; false when there is none. */
static int lease(struct pg *pg, struct registry *reg, struct arena *a, struct job *out, bool *found, struct err *err)
{
	struct buf sql = BUF_INIT;
	struct pg_params p = {0};
	struct pg_rows *rows;
	struct value list = {.kind = VALUE_LIST}, *names = arena_array(a, struct value, nkinds + 1);
	buf_puts(&sql, "UPDATE ostov.job j SET state = 'running', attempts = attempts + 1, fence = fence + 1, lease_until = clock_timestamp() "
				   "+ interval '1 millisecond' * CASE kind");
	for (size_t i = 0; i < nkinds; i++) {
		names[i] = value_textz(kinds[i].name);
		buf_printf(&sql, " WHEN '%s' THEN %u", kinds[i].name, kinds[i].lease_ms);
	}
	buf_printf(&sql,
			   " ELSE %d END WHERE id = (SELECT id FROM ostov.job WHERE state = 'queued' AND run_at <= clock_timestamp() AND kind = "
			   "ANY($1) ORDER BY run_at, id LIMIT 1"
			   " FOR UPDATE SKIP LOCKED) RETURNING id, fence, kind, payload, attempts, user_id",
			   LEASE_MS);
	const char *text = arena_strndup(a, sql.data, sql.len);
	buf_destroy(&sql);
	list.list.items = names;
	list.list.count = nkinds;
	pg_params_value(a, &p, PG_TEXT_ARRAY, &list);
	uint64_t from = clock_monotonic_ms();
	if (!nkinds || pg_run_outside(pg, a, text, &p, &rows, err) < 0)
		return nkinds ? -1 : 0;
	*found = pg_rows_count(rows) > 0;
	if (!*found)
		return 0;
	*out = (struct job){
		.id = pg_rows_int(rows, 0, 0),
		.fence = pg_rows_int(rows, 0, 1),
		.kind = pg_rows_text(rows, 0, 2),
		.payload = pg_rows_text(rows, 0, 3),
		.attempts = (int)pg_rows_int(rows, 0, 4),
		.user_id = pg_rows_int(rows, 0, 5),
		.pg = pg,
		.reg = reg,
		.arena = a,
	};
	const struct kind *k = kind_find(out->kind);
	out->lease_until_ms = from + (k ? k->lease_ms : LEASE_MS);
	return 0;
}

int job_run_due(struct pg *pg, struct registry *reg, int max, struct err *err)
{
	int done = 0;
	registry_ref(reg);
	for (; done < max; done++) {
		struct arena *a = arena_new_sized(0);
		struct job job;
		bool found = false;
		int r = lease(pg, reg, a, &job, &found, err);
		if (r == 0 && found)
			run_one(&job);
		arena_delete(a);
		if (r < 0) {
			registry_unref(reg);
			return -1;
		}
		if (!found)
			break;
	}
	registry_unref(reg);
	return done;
}

int job_reap(struct pg *pg, struct err *err)
{
	static const char *const statements[] = {
		"UPDATE ostov.job SET state = CASE WHEN attempts >= max_attempts THEN 'dead' ELSE 'queued' END, fence = fence + 1, lease_until = "
		"NULL, run_at = clock_timestamp(),"
		" error = coalesce(error, 'the worker died or was too slow'), done_at = CASE WHEN attempts >= max_attempts THEN clock_timestamp() "
		"END"
		" WHERE id IN (SELECT id FROM ostov.job WHERE state = 'running' AND lease_until < clock_timestamp() LIMIT 100 FOR UPDATE SKIP "
		"LOCKED)",
		"DELETE FROM ostov.job WHERE id IN (SELECT id FROM ostov.job WHERE done_at < clock_timestamp() - interval '7 days' AND state = "
		"'done' LIMIT 1000)",
		"DELETE FROM ostov.idempotency WHERE ctid = ANY(ARRAY(SELECT ctid FROM ostov.idempotency WHERE at < clock_timestamp() - interval "
		"'2 days' LIMIT 1000))",
	};
	for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
		struct arena *a = arena_new_sized(0);
		struct pg_rows *rows;
		int r = pg_run_outside(pg, a, statements[i], NULL, &rows, err);
		arena_delete(a);
		if (r < 0)
			return -1;
	}
	return 0;
}
