/* import_job: the work of an import in the job worker: finding out what the file is, and bringing in its rows. */
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/say.h"
#include "edge/import.h"
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
	struct arena *scratch; /* of one batch's notes */
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
	return import_store_find(job->arena, job->pg, job->reg->language, id, 0, &w->row, err);
}

static void close_work(struct work *w)
{
	buf_destroy(&w->bytes);
	arena_delete(w->scratch);
}

/* A failure that a repetition would meet again: told to the user, not to the queue. */
static int tell_failure(struct work *w, struct err *failure, struct err *err)
{
	bool passing = failure->code == ERR_UNAVAILABLE || failure->code == ERR_RETRY || failure->code == ERR_OUTCOME_UNKNOWN || failure->code == ERR_DB_TIMEOUT;
	if (passing) {
		*err = *failure;
		return -1;
	}
	if (failure->code == ERR_CONFLICT)
		return 0; /* cancelled */
	return import_store_state(w->job->arena, w->job->pg, w->row.id, &w->row.counts, w->row.rows, "failed", err_message(failure, w->actor.lang), err);
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

static int detect(struct job *job, struct err *err)
{
	struct work w;
	const struct import_map *map;
	struct section *section;
	struct err failure;
	err_init(&failure, job->arena);
	int failed = open_work(job, &w, err);
	if (!failed && strcmp(w.row.state, "detecting") == 0) {
		if (prepare(&w, &map, &section, &failure) || import_plan_detect(job->arena, job->reg, &w.actor, section, map, w.bytes.data ? w.bytes.data : "", w.bytes.len, &w.plan, &failure))
			failed = tell_failure(&w, &failure, err);
		else
			failed = import_store_plan(job->arena, job->pg, w.row.id, &w.plan, "ready", err);
	}
	close_work(&w);
	return failed;
}

static int store(void *ctx, struct unit *u, const struct import_counts *n, struct err *err)
{
	struct work *w = ctx;
	(void)err;
	return import_store_counts(u, u->arena, w->row.id, n, w->row.rows);
}

static int reject(void *ctx, struct unit *u, const struct import_rejected *r, struct err *err)
{
	struct work *w = ctx;
	return import_store_reject(u, u ? u->arena : w->scratch, w->job->pg, w->row.id, r, err);
}

static int progress(void *ctx, const struct import_counts *n, struct err *err)
{
	struct work *w = ctx;
	uint64_t now = clock_monotonic_ms();
	const char *state;
	w->row.counts = *n;
	if (now - w->told_ms < TELL_MS)
		return 0;
	w->told_ms = now;
	arena_reset(w->scratch);
	if (import_store_current(w->scratch, w->job->pg, w->row.id, &state, err))
		return -1;
	if (strcmp(state, "cancelled") == 0)
		return err_tell(err, ERR_CONFLICT, SAY_CANCELLED);
	if (w->row.dry && import_store_state(w->scratch, w->job->pg, w->row.id, n, w->row.rows, NULL, NULL, err))
		return -1;
	return job_progress(w->job, arena_printf(w->scratch, "{\"done\":%lld}", (long long)n->done), err);
}

static int bring_in(struct job *job, struct err *err)
{
	struct work w;
	const struct import_map *map;
	struct section *section;
	struct json *format = NULL, *columns = NULL;
	struct err failure;
	err_init(&failure, job->arena);
	int failed = open_work(job, &w, err);
	bool open = !failed && (strcmp(w.row.state, "running") == 0 || strcmp(w.row.state, "checking") == 0);
	if (open) {
		failed = prepare(&w, &map, &section, &failure);
		if (!failed) {
			w.plan = (struct import_plan){.section = section, .map = map, .rows = (size_t)w.row.rows};
			w.plan.format = (struct import_format){.kind = "csv", .decimal = ',', .date = IMPORT_DATE_DMY, .header_row = 1, .csv = {';', CSV_DOUBLED}};
			failed = json_read(job->arena, w.row.format, strlen(w.row.format), &format, &failure) ||
			         json_read(job->arena, w.row.columns, strlen(w.row.columns), &columns, &failure) ||
			         import_plan_read(job->arena, job->reg, &w.actor, format, columns, w.row.key ? w.row.key : "", &w.plan, &failure);
		}
		if (w.row.dry) {
			/* a trial begins anew */
			memset(&w.row.counts, 0, sizeof w.row.counts);
			failed = failed || import_store_forget(job->arena, job->pg, w.row.id, &failure);
		}
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
			failed = import_store_state(job->arena, job->pg, w.row.id, &run.counts, w.row.rows, "done", NULL, err);
	}
	close_work(&w);
	return failed;
}

void import_register_jobs(void)
{
	job_register("import_detect", detect, LEASE_MS);
	job_register("import_run", bring_in, LEASE_MS);
}
