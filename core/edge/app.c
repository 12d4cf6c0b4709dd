#include "edge/app.h"

#include <stdatomic.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fiber.h"
#include "base/log.h"
#include "edge/config_load.h"
#include "edge/worker.h"
#include "meta/registry.h"
#include "meta/schema_read.h"
#include "pg/pg.h"
#include "serve/actor.h"

enum {
	CONNECT_MS = 30000, /* how long a worker waits for the database at its start */
	POLL_MS = 500,
	REPORT_MS = 1000
};

int app_reload(struct app *app, struct err *err)
{
	struct arena *a = arena_new_sized(64 * 1024);
	struct schema_generation g;
	struct registry *reg = NULL;
	struct err errs;
	err_init(&errs, a);
	int failed = schema_read_generation(app->pg, a, &g, &errs);
	if (failed || !g.config || (app->reg && app->reg->generation == g.id)) {
		if (failed)
			err_set(err, errs.code, "%s", errs.message);
		arena_delete(a);
		return failed ? -1 : 0;
	}
	if (config_load_generation(g.config, &g.map, &reg, &errs)) {
		app->failed = g.id;
		err_set(err, ERR_CONFIG, "generation %lld cannot be loaded: %s:%d: %s", (long long)g.id, errs.file ? errs.file : "", errs.line,
				errs.message);
		arena_delete(a);
		return -1;
	}
	reg->generation = g.id;
	struct registry *old = app->reg;
	app->reg = reg;
	app->failed = 0;
	actor_forget(0);
	if (old)
		registry_unref(old);
	atomic_store(&app->config->beat->generation, g.id);
	arena_delete(a);
	return 0;
}

/* Tells the others which generation runs here: an apply waits with its drops until nobody runs the old one. */
static void report(struct app *app)
{
	struct arena *a = arena_new_sized(1024);
	struct pg_params p = {0};
	struct pg_rows *rows;
	struct err err;
	err_init(&err, a);
	pg_params_text(a, &p, PG_TEXT,
				   arena_printf(a, "%s-%d-%d", app->config->kind == WORKER_WEB ? "web" : "job", app->config->index,
								atomic_load(&app->config->beat->pid)));
	pg_params_text(a, &p, PG_TEXT, app->config->kind == WORKER_WEB ? "web" : "job");
	pg_params_int(a, &p, app->reg ? app->reg->generation : 0);
	struct pg_tx *tx;
	if (pg_tx_open(app->pg, PG_LANE_TX, &tx, &err) == 0) {
		if (pg_tx_run(tx, a,
					  "INSERT INTO ostov.worker (id, kind, generation, seen_at) VALUES ($1, $2, $3, clock_timestamp()) ON CONFLICT (id) DO "
					  "UPDATE SET generation = "
					  "excluded.generation, seen_at = excluded.seen_at",
					  &p, &rows, &err))
			pg_tx_rollback(tx);
		else
			pg_tx_commit(tx, &err);
	}
	arena_delete(a);
}

static struct fiber_queue hints;

static void on_hint(void *ctx, const char *payload)
{
	(void)ctx;
	(void)payload;
	fiber_queue_wake_all(&hints);
}

struct watch {
	struct app *app;
	void (*changed)(struct app *app);
};

static void watch_run(void *arg)
{
	static struct watch w;
	w = *(struct watch *)arg;
	uint64_t reported = 0;
	int64_t complained = 0;
	while (!worker_stopping()) {
		struct arena *a = arena_new_sized(4096);
		struct pg_rows *rows;
		struct err err;
		err_init(&err, a);
		int64_t before = w.app->reg ? w.app->reg->generation : 0;
		if (pg_read(w.app->pg, PG_LANE_FAST, a, "SELECT id FROM ostov.generation WHERE current", NULL, &rows, &err) == 0 &&
			pg_rows_count(rows) == 1 && pg_rows_int(rows, 0, 0) != before) {
			if (app_reload(w.app, &err)) {
				if (complained != w.app->failed)
					log_error("%s", err.message);
				complained = w.app->failed;
			}
		}
		if (w.app->reg && w.app->reg->generation != before) {
			log_info("serving generation %lld", (long long)w.app->reg->generation);
			if (w.changed)
				w.changed(w.app);
			reported = 0;
		}
		arena_delete(a);
		if (w.app->reg && clock_monotonic_ms() - reported >= REPORT_MS) {
			report(w.app);
			reported = clock_monotonic_ms();
		}
		fiber_queue_wait(&hints, POLL_MS);
	}
}

int app_watch(struct app *app, void (*changed)(struct app *app), struct err *err)
{
	static struct watch w;
	w.app = app;
	w.changed = changed;
	if (pg_listen(app->pg, "ostov_generation", on_hint, NULL, err))
		return -1;
	app->watching = true;
	fiber_start(watch_run, &w);
	return 0;
}

int app_open(const struct worker_config *config, struct app *app, struct err *err)
{
	memset(app, 0, sizeof *app);
	app->config = config;
	struct pg_config pc = {.conninfo = config->conninfo,
						   .name = config->kind == WORKER_WEB ? "ostov web" : "ostov job",
						   .log_statements = config->log_statements,
						   .disk_short = config->disk_short};
	uint64_t begun = clock_monotonic_ms();
	while (pg_open(&pc, &app->pg, err)) {
		if (clock_monotonic_ms() - begun > CONNECT_MS || worker_stopping())
			return -1;
		fiber_sleep(200);
	}
	struct err first;
	err_init(&first, err ? err->arena : NULL);
	/* a database that goes away just now comes back: a worker that began without a configuration would refuse everybody meanwhile */
	while (app_reload(app, &first)) {
		if (first.code != ERR_UNAVAILABLE || clock_monotonic_ms() - begun > CONNECT_MS || worker_stopping()) {
			log_error("%s", first.message);
			break;
		}
		fiber_sleep(200);
	}
	return 0;
}
