#include "edge/worker.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "base/fiber.h"
#include "base/log.h"

enum { DRAIN_MS = 10000 };

static const struct worker_config *config;
static void (*stop_fn)(void *);
static void *stop_ctx;
static bool stopping;
static uv_timer_t tick_timer, drain_timer;
static uv_signal_t term_signal;
static pid_t parent;

static void on_drained_too_long(uv_timer_t *t)
{
	(void)t;
	log_warn("%d requests did not end within %d s of the stop", atomic_load(&config->beat->busy), DRAIN_MS / 1000);
	uv_stop(fiber_loop());
}

static void stop(void)
{
	if (stopping)
		return;
	stopping = true;
	atomic_store(&config->beat->state, WORKER_DRAINING);
	uv_timer_start(&drain_timer, on_drained_too_long, DRAIN_MS, 0);
	stop_fn(stop_ctx);
}

static void on_term(uv_signal_t *s, int number)
{
	(void)s;
	(void)number;
	stop();
}

static void on_tick(uv_timer_t *t)
{
	(void)t;
	atomic_fetch_add(&config->beat->ticks, 1);
	/* a supervisor that was killed takes its workers along: PR_SET_PDEATHSIG is lost where privileges were dropped after it */
	if (getppid() != parent)
		stop();
}

void worker_setup(const struct worker_config *c, void (*stop_when_asked)(void *), void *ctx)
{
	char name[32];
	snprintf(name, sizeof name, "%s %d", c->kind == WORKER_WEB ? "web" : "job", c->index + 1);
	log_setup(LOG_INFO, name);
	config = c;
	stop_fn = stop_when_asked;
	stop_ctx = ctx;
	parent = getppid();
	/* Ctrl-C reaches the whole group: the supervisor alone decides, and a client that goes away is no signal */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	uv_loop_t *loop = uv_default_loop();
	fiber_setup(loop);
	uv_timer_init(loop, &tick_timer);
	uv_timer_start(&tick_timer, on_tick, WORKER_TICK_MS, WORKER_TICK_MS);
	uv_timer_init(loop, &drain_timer);
	uv_signal_init(loop, &term_signal);
	uv_signal_start(&term_signal, on_term, SIGTERM);
}

void worker_serving(const struct worker_config *c)
{
	if (!stopping)
		atomic_store(&c->beat->state, WORKER_SERVING);
}

void worker_done(void)
{
	uv_stop(fiber_loop());
}

bool worker_stopping(void)
{
	return stopping;
}
