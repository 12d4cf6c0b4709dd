/* import_job: the work of an import in the job worker: finding out what the file is, and bringing in its rows. */
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/say.h"
#include "edge/import.h"
#include "edge/import_rejected.h"
#include "edge/import_store.h"
#include "edge/json.h"
#include "pg/pg.h"
#include "serve/actor.h"
#include "serve/file.h"
#include "serve/job.h"
#include "serve/unit.h"

enum { MAX_BYTES = 200 << 20, LEASE_MS = 20000, TELL_MS = 500 };

struct work {
	struct job *job;
	struct import_row row;
	struct import_plan plan;
	struct actor actor;
	struct buf bytes;
	struct arena *scratch;                         /* of one batch's notes */
	bool reread, decide;                           /* the columns are to be read by a changed format; and its marks found out */
	struct import_rejected rejected[IMPORT_BATCH]; /* of a trial's batch, until it is over */
	size_t nrejected;
	uint64_t told_ms;
};

/* The whole file in memory: a job worker has the room, and a zip is read from its end. */
static int read_file(struct work *w, struct err *err)
{
	struct file_info info;
	struct job *j = w->job;
	if (file_find(j->arena, j->pg, j->reg, w->actor.lang, w->row.file_id, &info, err))
		return -1;
	if (info.created_by != w->row.user_id)
		return err_say(err, ERR_NOT_FOUND, w->actor.lang, SAY_NO_FILE);
	if (info.size > MAX_BYTES)
		return err_say(err, ERR_UNPROCESSABLE, w->actor.lang, SAY_IMPORT_BIG);
	while ((int64_t)w->bytes.len < info.size) {
		const char *data;
		size_t len;
		arena_reset(w->scratch);
		if (file_read(w->scratch, j->pg, &info, (int64_t)w->bytes.len, &data, &len, err))
			return -1;
		buf_add(&w->bytes, data, len);
	}
	return 0;
}

static int open_work(struct job *job, struct work *w, struct err *err)
{
	struct json *payload;
	long long id = 0;
	memset(w, 0, sizeof *w);
	w->job = job;
	w->scratch = arena_new_sized(64 * 1024);
	if (json_read(job->arena, job->payload, strlen(job->payload), &payload, err) || !json_get_int(payload, "import", &id))
		return err_set(err, ERR_INTERNAL, "the job names no import");
	const struct json *reread = json_get(payload, "reread"), *decide = json_get(payload, "decide");
	w->reread = reread && reread->kind == JSON_TRUE;
	w->decide = decide && decide->kind == JSON_TRUE;
	return import_store_claim(job->arena, job->pg, job->reg->language, id, &w->row, err);
}

/* Nothing is left to do: the import was cancelled, is done, or somebody else has taken it up. */
static int nothing(struct work *w, struct err *err)
{
	buf_destroy(&w->bytes);
	arena_delete(w->scratch);
	if (err->code != ERR_CONFLICT && err->code != ERR_NOT_FOUND)
		return -1;
	err_init(err, err->arena);
	return 0;
}

static void close_work(struct work *w)
{
	buf_destroy(&w->bytes);
	arena_delete(w->scratch);
}

/* A failure that a repetition would meet again: told to the user, not to the queue. */
static int tell_failure(struct work *w, struct err *failure, struct err *err)
{
	bool passing = failure->code == ERR_UNAVAILABLE || failure->code == ERR_RETRY || failure->code == ERR_OUTCOME_UNKNOWN ||
				   failure->code == ERR_DB_TIMEOUT;
	if (passing) {
		*err = *failure;
		return -1;
	}
	if (failure->code == ERR_CONFLICT)
		return 0; /* cancelled, or taken up by another */
	return import_store_state(w->job->arena, w->job->pg, w->row.id, w->row.run, &w->row.counts, w->row.rows, "failed",
							  err_message(failure, w->actor.lang), err);
}

static int prepare(struct work *w, const struct import_map **map, struct section **section, struct err *err)
{
	struct job *j = w->job;
	if (actor_load(j->arena, j->pg, NULL, j->reg, w->row.user_id, &w->actor, err))
		return -1;
	*section = registry_find(j->reg, w->row.section);
	*map = w->row.mapping ? registry_find_import(j->reg, w->row.mapping) : NULL;
	if (!*section || (w->row.mapping && (!*map || (*map)->section != *section)))
		return err_say(err, ERR_NOT_FOUND, w->actor.lang, SAY_IMPORT_GONE);
	return read_file(w, err);
}

/* Format, columns and key as they are kept. */
static int kept_plan(struct work *w, struct section *section, const struct import_map *map, struct err *err)
{
	struct job *j = w->job;
	struct json *format = NULL, *columns = NULL;
	w->plan = (struct import_plan){.section = section, .map = map, .rows = (size_t)w->row.rows};
	w->plan.format =
		(struct import_format){.kind = "csv", .decimal = ',', .date = IMPORT_DATE_DMY, .header_row = 1, .csv = {';', CSV_DOUBLED}};
	if (strstr(w->row.format, "\"xlsx\""))
		w->plan.format.kind = "xlsx";
	return json_read(j->arena, w->row.format, strlen(w->row.format), &format, err) ||
				   json_read(j->arena, w->row.columns, strlen(w->row.columns), &columns, err) ||
				   import_plan_read(j->arena, j->reg, &w->actor, format, columns, w->row.key ? w->row.key : "", &w->plan, err)
			   ? -1
			   : 0;
}

static int reread(struct work *w, struct err *err)
{
	return import_plan_reread(w->job->arena, w->job->reg, &w->actor, w->bytes.data ? w->bytes.data : "", w->bytes.len, w->decide, &w->plan,
							  err);
}

static bool takes_any(const struct import_plan *plan)
{
	for (size_t i = 0; i < plan->ncolumns; i++)
		if (plan->columns[i].to)
			return true;
	return false;
}

/* Rows that were rejected and corrected go where they went before: what was chosen by hand need not be chosen again. */
static int follow_earlier(struct work *w, struct section *section, struct err *err)
{
	enum { EARLIER = 20 };
	struct job *j = w->job;
	struct pg_params p = {0};
	struct pg_rows *rows;
	struct json *columns;
	if (import_rejected_columns(&w->plan) == w->plan.ncolumns)
		return 0;
	pg_params_int(j->arena, &p, w->row.user_id);
	pg_params_text(j->arena, &p, PG_TEXT, section->expr.name);
	pg_params_int(j->arena, &p, w->row.id);
	pg_params_int(j->arena, &p, EARLIER);
	if (pg_read(j->pg, PG_LANE_FAST, j->arena,
				"SELECT columns::text, key FROM ostov.import WHERE user_id = $1 AND section = $2 AND id < $3 AND state = 'done' AND "
				"columns IS NOT "
				"NULL ORDER BY id DESC LIMIT $4",
				&p, &rows, err))
		return -1;
	for (size_t i = 0; i < pg_rows_count(rows); i++) {
		const char *text = pg_rows_text(rows, i, 0);
		if (json_read(j->arena, text, strlen(text), &columns, err))
			return -1;
		if (import_plan_follow(j->arena, j->reg, &w->actor, columns, pg_rows_text(rows, i, 1), &w->plan))
			break;
	}
	return 0;
}

static int find_out(struct work *w, struct err *err)
{
	const struct import_map *map;
	struct section *section;
	struct job *j = w->job;
	if (prepare(w, &map, &section, err))
		return -1;
	const char *bytes = w->bytes.data ? w->bytes.data : "";
	if (!w->reread || !w->row.format || !w->row.columns) {
		if (import_plan_detect(j->arena, j->reg, &w->actor, section, map, bytes, w->bytes.len, &w->plan, err))
			return -1;
		/* a mapping that knows none of the columns is one of other files: the names decide, as without it */
		if (map && !takes_any(&w->plan) &&
			import_plan_detect(j->arena, j->reg, &w->actor, section, NULL, bytes, w->bytes.len, &w->plan, err))
			return -1;
		return map ? 0 : follow_earlier(w, section, err);
	}
	return kept_plan(w, section, map, err) || reread(w, err) ? -1 : 0;
}

static int detect(struct job *job, struct err *err)
{
	struct work w;
	struct err failure;
	err_init(&failure, job->arena);
	if (open_work(job, &w, err))
		return nothing(&w, err);
	int failed = 0;
	if (strcmp(w.row.state, "detecting") == 0) {
		failed = find_out(&w, &failure) || import_store_plan(job->arena, job->pg, w.row.id, w.row.run, &w.plan, "ready", &failure);
		if (failed)
			failed = tell_failure(&w, &failure, err);
	}
	close_work(&w);
	return failed;
}

static int store(void *ctx, struct unit *u, const struct import_counts *n, struct err *err)
{
	struct work *w = ctx;
	return import_store_counts(u, u->arena, w->row.id, w->row.run, n, w->row.rows, err);
}

static int reject(void *ctx, struct unit *u, const struct import_rejected *r, struct err *err)
{
	struct work *w = ctx;
	(void)err;
	if (u)
		import_store_reject(u, u->arena, w->row.id, w->row.run, r);
	else
		w->rejected[w->nrejected++] = *r;
	return 0;
}

static int progress(void *ctx, const struct import_counts *n, struct err *err)
{
	struct work *w = ctx;
	uint64_t now = clock_monotonic_ms();
	w->row.counts = *n;
	arena_reset(w->scratch);
	size_t rejected = w->nrejected;
	w->nrejected = 0;
	if (import_store_reject_all(w->scratch, w->job->pg, w->row.id, w->row.run, w->rejected, rejected, err))
		return -1;
	if (now - w->told_ms < TELL_MS)
		return 0;
	w->told_ms = now;
	arena_reset(w->scratch);
	if (import_store_mine(w->scratch, w->job->pg, w->row.id, w->row.run, err))
		return -1;
	if (w->row.dry && import_store_state(w->scratch, w->job->pg, w->row.id, w->row.run, n, w->row.rows, NULL, NULL, err))
		return -1;
	return job_progress(w->job, arena_printf(w->scratch, "{\"done\":%lld}", (long long)n->done), err);
}

/* All that stands before the first row. */
static int begin(struct work *w, struct err *err)
{
	const struct import_map *map;
	struct section *section;
	struct job *j = w->job;
	if (prepare(w, &map, &section, err) || kept_plan(w, section, map, err))
		return -1;
	if (w->row.dry) {
		/* a trial begins anew */
		memset(&w->row.counts, 0, sizeof w->row.counts);
		if (import_store_forget(j->arena, j->pg, w->row.id, w->row.run, err))
			return -1;
	}
	if (w->reread && !w->row.counts.position) {
		if (reread(w, err) || import_store_plan(j->arena, j->pg, w->row.id, w->row.run, &w->plan, NULL, err))
			return -1;
		w->row.rows = (int64_t)w->plan.rows;
	}
	return import_plan_check(&w->plan, &w->actor, err);
}

static int bring_in(struct job *job, struct err *err)
{
	struct work w;
	struct err failure;
	err_init(&failure, job->arena);
	if (open_work(job, &w, err))
		return nothing(&w, err);
	int failed = 0;
	if (strcmp(w.row.state, "running") == 0 || strcmp(w.row.state, "checking") == 0) {
		failed = begin(&w, &failure);
		struct import_run run = {.pg = job->pg,
								 .reg = job->reg,
								 .actor = &w.actor,
								 .plan = &w.plan,
								 .bytes = w.bytes.data ? w.bytes.data : "",
								 .len = w.bytes.len,
								 .dry = w.row.dry,
								 .counts = w.row.counts,
								 .store = store,
								 .reject = reject,
								 .progress = progress,
								 .ctx = &w};
		if (!failed)
			failed = import_run(&run, &failure);
		w.row.counts = run.counts;
		if (failed)
			failed = tell_failure(&w, &failure, err);
		else
			failed = import_store_state(job->arena, job->pg, w.row.id, w.row.run, &run.counts, w.row.rows, "done", NULL, err);
	}
	close_work(&w);
	return failed;
}

void import_register_jobs(void)
{
	job_register("import_detect", detect, LEASE_MS);
	job_register("import_run", bring_in, LEASE_MS);
}
