#include "edge/http_route.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fiber.h"
#include "base/say.h"
#include "edge/app.h"
#include "edge/auth.h"
#include "edge/files.h"
#include "edge/http_static.h"
#include "edge/odata.h"
#include "edge/odata_read.h"
#include "edge/ui.h"
#include "edge/worker.h"
#include "meta/registry.h"
#include "pg/pg.h"
#include "serve/actor.h"

enum { RELOAD_MS = 3000 };

static bool below(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);
	return strncmp(path, prefix, n) == 0 && (path[n] == 0 || path[n] == '/');
}

int http_route_language(void *ctx)
{
	const struct app *app = ctx;
	return app->reg ? (int)app->reg->language : LANG_EN;
}

bool http_route_streams(enum http_method method, const char *path)
{
	return method == HTTP_POST && strcmp(path, "/files") == 0;
}

/* Liveness and readiness: no secrets, no sign-in. */
static void health(struct http_request *r, struct app *app)
{
	uint64_t down = pg_down_ms(app->pg);
	bool ready = !down && app->reg && !app->failed;
	buf_printf(&r->out, "{\"status\":\"%s\",\"database\":\"%s\",\"generation\":%lld}", ready ? "ok" : "unavailable", down ? "down" : "up",
			   app->reg ? (long long)app->reg->generation : 0);
	if (!ready)
		http_set_header(r, "Retry-After", "2");
	http_reply_json(r, ready ? 200 : 503);
}

static void metrics(struct http_request *r, struct app *app)
{
	const struct http_counters *c = http_server_counters(r->server);
	const char *worker = arena_printf(r->arena, "worker=\"%d\"", app->config->index);
	struct buf *b = &r->out;
	buf_puts(b, "# HELP ostov_requests_total Requests answered, by class of status.\n# TYPE ostov_requests_total counter\n");
	for (int i = 2; i <= 5; i++)
		buf_printf(b, "ostov_requests_total{%s,class=\"%dxx\"} %llu\n", worker, i, (unsigned long long)c->by_class[i]);
	buf_puts(b, "# HELP ostov_request_seconds_total Time of all requests together.\n# TYPE ostov_request_seconds_total counter\n");
	buf_printf(b, "ostov_request_seconds_total{%s} %.6f\n", worker, (double)c->micros / 1e6);
	buf_puts(b, "# HELP ostov_requests_active Requests being served.\n# TYPE ostov_requests_active gauge\n");
	buf_printf(b, "ostov_requests_active{%s} %u\n", worker, c->active);
	buf_puts(b, "# HELP ostov_connections Open client connections.\n# TYPE ostov_connections gauge\n");
	buf_printf(b, "ostov_connections{%s} %u\n", worker, c->connections);
	buf_puts(b, "# HELP ostov_generation Configuration in force.\n# TYPE ostov_generation gauge\n");
	buf_printf(b, "ostov_generation{%s} %lld\n", worker, app->reg ? (long long)app->reg->generation : 0);
	uint64_t compiled, found;
	odata_read_counts(&compiled, &found);
	buf_puts(b, "# HELP ostov_plans_total Reads by whether their plan was compiled or kept from another request.\n# TYPE ostov_plans_total "
				"counter\n");
	buf_printf(b, "ostov_plans_total{%s,plan=\"compiled\"} %llu\n", worker, (unsigned long long)compiled);
	buf_printf(b, "ostov_plans_total{%s,plan=\"kept\"} %llu\n", worker, (unsigned long long)found);
	buf_puts(b, "# HELP ostov_database_up Whether PostgreSQL answers.\n# TYPE ostov_database_up gauge\n");
	buf_printf(b, "ostov_database_up{%s} %d\n", worker, pg_down_ms(app->pg) ? 0 : 1);
	r->status = 200;
	http_set_header(r, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
}

static void drop_registry(void *reg)
{
	registry_unref(reg);
}

/* What every resource needs: a configuration, and who asks. */
static int prepare(struct http_request *r, struct app *app, struct app_request *q, struct err *err)
{
	if (!app->reg || app->failed)
		return err_tell(err, ERR_UNAVAILABLE, app->failed ? SAY_BROKEN_CONFIGURATION : SAY_NO_CONFIGURATION);
	q->app = app;
	q->pg = app->pg;
	q->reg = registry_ref(app->reg);
	arena_defer(r->arena, drop_registry, q->reg);
	r->user_data = q;
	int failed = auth_identify(r, q, err);
	/* who is known is refused in his own language, too */
	if (q->session.lang[0])
		r->lang = strcmp(q->session.lang, "ru") == 0 ? LANG_RU : LANG_EN;
	if (failed)
		return -1;
	if (!q->session.user_id)
		return 0;
	q->actor = arena_new(r->arena, struct actor);
	if (actor_get(r->arena, q->pg, q->reg, q->session.user_id, q->actor, err))
		return -1;
	q->actor->lang = (enum lang)r->lang;
	return 0;
}

static void refuse(struct http_request *r, struct err *err)
{
	if (err->code == ERR_UNAUTHORIZED || err->code == ERR_BAD_CREDENTIALS)
		http_challenge(r);
	http_reply_err(r, err);
}

/* A resource, for whoever asks. */
static void serve(struct http_request *r, struct app *app)
{
	const char *path = r->path;
	struct app_request *q = arena_new(r->arena, struct app_request);
	struct err err;
	err_init(&err, r->arena);
	r->reload = false;
	if (prepare(r, app, q, &err)) {
		refuse(r, &err);
		return;
	}
	if (below(path, "/auth")) {
		auth_handle(r);
		return;
	}
	if (!q->actor) {
		err_tell(&err, ERR_UNAUTHORIZED, SAY_SIGN_IN);
		refuse(r, &err);
		return;
	}
	if (below(path, "/api"))
		odata_handle(r);
	else if (below(path, "/ui"))
		ui_handle(r);
	else
		files_handle(r);
}

/* A write met a newer configuration than its own and did nothing: true when this worker has gone over to it. */
static bool await_reload(const struct http_request *r, const struct app *app)
{
	const struct app_request *q = r->user_data;
	uint64_t end = clock_monotonic_ms() + RELOAD_MS;
	while (app->reg == q->reg && !app->failed && clock_monotonic_ms() < end)
		fiber_sleep(10);
	return app->reg != q->reg && !app->failed;
}

void http_route(struct http_request *r)
{
	struct app *app = http_server_ctx(r->server);
	struct err err;
	err_init(&err, r->arena);
	const char *path = r->path;
	bool open = strcmp(path, "/health") == 0, measures = strcmp(path, "/metrics") == 0;
	if (r->method == HTTP_OPTIONS && !auth_own_origin(r)) {
		/* a browser asks on behalf of a page of another site */
		err_tell(&err, ERR_CSRF, SAY_CSRF);
		http_reply_err(r, &err);
		return;
	}
	if ((open || measures) && r->method != HTTP_GET && r->method != HTTP_HEAD) {
		http_refuse_method(r, "GET, HEAD", &err);
		http_reply_err(r, &err);
		return;
	}
	if (open) {
		health(r, app);
		return;
	}
	bool resource = below(path, "/api") || below(path, "/ui") || below(path, "/files") || below(path, "/auth");
	if (measures) {
		struct app_request q = {0};
		if (!r->local && (prepare(r, app, &q, &err) || q.session.kind != SESSION_TOKEN || !q.session.user_id)) {
			err_tell(&err, ERR_UNAUTHORIZED, SAY_METRICS);
			refuse(r, &err);
			return;
		}
		metrics(r, app);
		return;
	}
	if (!resource) {
		http_static_handle(app->web, r);
		return;
	}
	serve(r, app);
	if (r->reload && !http_route_streams(r->method, path) && await_reload(r, app)) {
		r->headers.count = 0;
		buf_clear(&r->out);
		serve(r, app);
	}
}
