/* worker_web: a web worker: connects, loads the configuration, serves HTTP on the shared socket until told to stop. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <uv.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fiber.h"
#include "base/log.h"
#include "edge/app.h"
#include "edge/http.h"
#include "edge/http_route.h"
#include "edge/http_static.h"
#include "edge/lua_hooks.h"
#include "edge/ui_events.h"
#include "edge/worker.h"
#include "pg/pg.h"
#include "serve/session.h"
#include "serve/unit.h"

enum {
	DRAIN_POLL_MS = 20,
	CONNECTIONS = 10000,
	OTHER_FILES = 4096 /* descriptors for all else: files of the web application (http_static), uploads, the database */
};

static struct app app;
static uv_timer_t drain;
static int exit_status;
static unsigned max_connections = CONNECTIONS;

static void on_drain(uv_timer_t *t)
{
	(void)t;
	if (http_server_active(app.http) == 0)
		worker_done();
}

static void stop(void *ctx)
{
	(void)ctx;
	if (!app.http) {
		worker_done();
		return;
	}
	http_server_quiesce(app.http);
	ui_events_stop();
	uv_timer_init(fiber_loop(), &drain);
	uv_timer_start(&drain, on_drain, DRAIN_POLL_MS, DRAIN_POLL_MS);
}

/* Its long read ends with it; a write goes on, and its key tells how it ended. */
static void on_left(void *ctx, const struct fiber *f)
{
	(void)ctx;
	pg_cancel(app.pg, f);
}

static void count_busy(uv_timer_t *t)
{
	(void)t;
	atomic_store(&app.config->beat->busy, (int)http_server_active(app.http));
}

static void count_connections(void *ctx, unsigned connections)
{
	(void)ctx;
	atomic_store_explicit(&app.config->beat->connections, (int)connections, memory_order_relaxed);
}

static int fewest_connections(void *ctx)
{
	(void)ctx;
	const struct worker_config *c = app.config;
	int fewest = -1;
	for (int i = 0; i < c->nbeats; i++) {
		struct worker_beat *b = &c->beats[i];
		if (b == c->beat || atomic_load(&b->kind) != WORKER_WEB || atomic_load(&b->state) != WORKER_SERVING || !atomic_load(&b->pid))
			continue;
		int n = atomic_load_explicit(&b->connections, memory_order_relaxed);
		if (fewest < 0 || n < fewest)
			fewest = n;
	}
	return fewest;
}

static void reload_fiber(void *arg)
{
	(void)arg;
	struct err err;
	err_init(&err, NULL);
	if (app_reload(&app, &err))
		log_error("%s", err.message);
}

/* A write saw that the configuration has moved on. */
static void on_stale(void *ctx)
{
	(void)ctx;
	fiber_start(reload_fiber, NULL);
}

/* "127.0.0.1:8080" of the listening socket. */
static const char *listen_name(struct arena *a, int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	char host[INET6_ADDRSTRLEN] = "";
	if (getsockname(fd, (struct sockaddr *)&ss, &len) != 0)
		return "127.0.0.1";
	if (ss.ss_family == AF_INET6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ss;
		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
		return arena_printf(a, "[%s]:%d", host, ntohs(in6->sin6_port));
	}
	struct sockaddr_in *in = (struct sockaddr_in *)&ss;
	inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
	return arena_printf(a, "%s:%d", host, ntohs(in->sin_port));
}

static void begin(void *arg)
{
	const struct worker_config *c = arg;
	struct arena *a = arena_new_sized(0), *names = arena_new_sized(0); /* names: as long as the process */
	struct err err;
	err_init(&err, a);
	struct http_config http = {.listen_fd = c->listen_fd,
							   .listen = listen_name(names, c->listen_fd),
							   .base_url = c->base_url,
							   .proxies = c->proxies,
							   .max_connections = max_connections,
							   .fewest = fewest_connections,
							   .count = count_connections,
							   .handle = http_route,
							   .streams = http_route_streams,
							   .left = on_left,
							   .language = http_route_language,
							   .ctx = &app};
	if (app_open(c, &app, &err) || app_watch(&app, NULL, &err) || session_watch(app.pg, &err) || ui_events_watch(app.pg, &err))
		goto failed;
	lua_hooks_setup();
	unit_on_stale(on_stale, NULL);
	app.web = http_static_new(c->web_dir);
	http_static_watch(app.web);
	if (!http_static_built(app.web))
		log_warn("no built web application in %s", c->web_dir);
	if (http_server_start(&http, &app.http, &err))
		goto failed;
	static uv_timer_t busy;
	uv_timer_init(fiber_loop(), &busy);
	uv_timer_start(&busy, count_busy, 200, 200);
	worker_serving(c);
	arena_delete(a);
	return;
failed:
	log_error("%s", err.message);
	arena_delete(a);
	exit_status = 3;
	worker_done();
}

int worker_web_run(const struct worker_config *c)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		/* no more than what may be raised without privileges, which are gone */
		rlim_t want = CONNECTIONS + OTHER_FILES;
		files.rlim_cur = want < files.rlim_max ? want : files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
		getrlimit(RLIMIT_NOFILE, &files);
		if (files.rlim_cur < want)
			max_connections = (unsigned)(files.rlim_cur > 2 * OTHER_FILES ? files.rlim_cur - OTHER_FILES : files.rlim_cur / 2);
	}
	worker_setup(c, stop, NULL);
	fiber_start(begin, (void *)(uintptr_t)c);
	uv_run(fiber_loop(), UV_RUN_DEFAULT);
	return exit_status;
}
