/* worker_job: a job worker: leases and runs jobs until told to stop. Looks every 2 s and at every hint; takes back what dead workers held. */
#include <stdatomic.h>
#include <string.h>
#include <uv.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fiber.h"
#include "base/log.h"
#include "edge/app.h"
#include "edge/import.h"
#include "edge/lua_hooks.h"
#include "edge/worker.h"
#include "pg/pg.h"
#include "serve/event.h"
#include "serve/file_sweep.h"
#include "serve/job.h"
#include "serve/unit.h"

enum { POLL_MS = 2000, REAP_MS = 5000, SWEEP_FIRST_MS = 60 * 1000, SWEEP_MS = 3600 * 1000, SWEEP_AGAIN_MS = 60 * 1000 };

static struct app app;
static struct fiber_queue hints;
static int exit_status;
static bool running;
static bool sweeping, sweep_asked;
static uint64_t sweep_at; /* monotonic ms */

static void on_hint(void *ctx, const char *payload)
{
	(void)ctx;
	/* an operator who wants room now: NOTIFY ostov_job, 'sweep' */
	if (payload && strcmp(payload, "sweep") == 0)
		sweep_asked = true;
	fiber_queue_wake_all(&hints);
}

static void stop(void *ctx)
{
	(void)ctx;
	/* a job in hand may finish; what does not within the drain is leased again by another worker */
	if (running)
		fiber_queue_wake_all(&hints);
	else
		worker_done();
}

static void reload_fiber(void *arg)
{
	(void)arg;
	struct err err;
	err_init(&err, NULL);
	if (app_reload(&app, &err))
		log_error("%s", err.message);
}

static void on_stale(void *ctx)
{
	(void)ctx;
	fiber_start(reload_fiber, NULL);
}

/* One step of clearing away what uploads left; true when the next one is due at once. */
static bool sweep_step(struct err *err)
{
	static struct file_sweep sweep;
	if (!sweeping) {
		if (!sweep_asked && clock_monotonic_ms() < sweep_at)
			return false;
		sweep_asked = false;
		sweeping = true;
		sweep = (struct file_sweep){0};
	}
	int r = file_sweep(&sweep, app.pg, app.reg, err);
	if (r > 0)
		return true;
	if (r < 0)
		log_warn("uploads cannot be cleared away now: %s", err->message);
	else if (sweep.files + sweep.freed > 0)
		log_info("cleared away: %lld uploads that no record took, %lld bodies", (long long)sweep.files, (long long)sweep.freed);
	sweeping = false;
	sweep_at = clock_monotonic_ms() + (r < 0 ? SWEEP_AGAIN_MS : SWEEP_MS);
	return sweep_asked;
}

static void work(void)
{
	uint64_t reaped = 0;
	sweep_at = clock_monotonic_ms() + SWEEP_FIRST_MS;
	while (!worker_stopping()) {
		struct arena *a = arena_new_sized(0);
		struct err err;
		err_init(&err, a);
		int ran = 0;
		bool more = false;
		if (app.reg && !app.failed) {
			atomic_store(&app.config->beat->busy, 1);
			if (clock_monotonic_ms() - reaped >= REAP_MS && job_reap(app.pg, &err) == 0)
				reaped = clock_monotonic_ms();
			/* one at a time: a stop waits for one job, and a new generation is seen between two */
			do {
				/* each would fail and count the attempt */
				if (pg_room(app.pg, &err))
					break;
				ran = job_run_due(app.pg, app.reg, 1, &err);
				if (ran < 0)
					log_warn("jobs cannot be read: %s", err.message);
			} while (ran > 0 && !worker_stopping());
			more = !worker_stopping() && sweep_step(&err);
			atomic_store(&app.config->beat->busy, 0);
		}
		arena_delete(a);
		if (!worker_stopping() && !more)
			fiber_queue_wait(&hints, POLL_MS);
	}
}

static void begin(void *arg)
{
	const struct worker_config *c = arg;
	struct arena *a = arena_new_sized(0);
	struct err err;
	err_init(&err, a);
	if (app_open(c, &app, &err) || app_watch(&app, NULL, &err) || pg_listen(app.pg, "ostov_job", on_hint, NULL, &err)) {
		log_error("%s", err.message);
		exit_status = 3;
		arena_delete(a);
		worker_done();
		return;
	}
	arena_delete(a);
	lua_hooks_setup();
	import_register_jobs();
	unit_on_stale(on_stale, NULL);
	running = true;
	worker_serving(c);
	work();
	worker_done();
}

int worker_job_run(const struct worker_config *c)
{
	worker_setup(c, stop, NULL);
	fiber_start(begin, (void *)(uintptr_t)c);
	uv_run(fiber_loop(), UV_RUN_DEFAULT);
	return exit_status;
}
