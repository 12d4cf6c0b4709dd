/* worker_job: a job worker: leases due jobs and runs them one after the other, woken by NOTIFY and every two seconds. */
#include <stdatomic.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fiber.h"
#include "base/log.h"
#include "edge/app.h"
#include "edge/worker.h"
#include "meta/registry.h"
#include "pg/pg.h"
#include "serve/event.h"
#include "serve/job.h"

enum { POLL_MS = 2000, REAP_EVERY = 5, BATCH = 20, EXIT_ENVIRONMENT = 3 };

static struct app app;
static struct fiber_queue hints;
static bool running;
static int exit_status;

static void on_hint(void *ctx, const char *payload)
{
	(void)ctx;
	(void)payload;
	fiber_queue_wake_all(&hints);
}

static void stop(void *ctx)
{
	(void)ctx;
	if (!running)
		worker_done();
	fiber_queue_wake_all(&hints);
}

static void run(void *arg)
{
	const struct worker_config *c = arg;
	struct arena *a = arena_new_sized(0);
	struct err err;
	char name[64];
	err_init(&err, a);
	if (app_open(c, &app, &err) || app_watch(&app, NULL, &err) || pg_listen(app.pg, "ostov_job", on_hint, NULL, &err)) {
		log_error("%s", err.message);
		arena_delete(a);
		exit_status = EXIT_ENVIRONMENT;
		worker_done();
		return;
	}
	event_register_jobs();
	running = true;
	worker_serving(c);
	snprintf(name, sizeof name, "job-%d-%d", c->index, atomic_load(&c->beat->pid));
	for (unsigned turn = 0; !worker_stopping(); turn++) {
		int done = 0;
		arena_reset(a);
		err_init(&err, a);
		if (app.reg && !app.failed) {
			struct registry *reg = registry_ref(app.reg);
			atomic_store(&c->beat->busy, 1);
			if (turn % REAP_EVERY == 0 && job_reap(app.pg, &err))
				log_warn("jobs: %s", err.message);
			done = job_run_due(app.pg, reg, name, BATCH, &err);
			if (done < 0)
				log_warn("jobs: %s", err.message);
			atomic_store(&c->beat->busy, 0);
			registry_unref(reg);
		}
		/* more may be due when the batch was full */
		if (done < BATCH && !worker_stopping())
			fiber_queue_wait(&hints, POLL_MS);
	}
	running = false;
	arena_delete(a);
	worker_done();
}

int worker_job_run(const struct worker_config *c)
{
	worker_setup(c, stop, NULL);
	fiber_start(run, (void *)(uintptr_t)c);
	uv_run(fiber_loop(), UV_RUN_DEFAULT);
	return exit_status;
}
