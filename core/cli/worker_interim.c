/* worker_interim: workers that only answer /health, for a tree whose serve/ and edge/ do not link yet. Goes, with its line of cli/sources.am, when edge/worker_web,
 * edge/worker_job link. */
#include <string.h>

#include "base/err.h"
#include "base/fiber.h"
#include "base/log.h"
#include "cli/cli.h"
#include "edge/http.h"
#include "edge/worker.h"
#include "pg/pg.h"

static struct http_server *http;
static struct pg *pg;

static void stop(void *ctx)
{
	(void)ctx;
	if (http)
		http_server_quiesce(http);
	worker_done();
}

static void handle(struct http_request *r)
{
	struct pg_rows *rows;
	struct err err;
	err_init(&err, r->arena);
	if (strcmp(r->path, "/health") != 0) {
		http_reply_text(r, 404, "text/plain", "this build serves /health only\n");
		return;
	}
	if (pg_read(pg, PG_LANE_FAST, r->arena, "SELECT 1", NULL, &rows, &err)) {
		http_reply_err(r, &err);
		return;
	}
	buf_puts(&r->out, "{\"status\":\"ok\"}");
	http_reply_json(r, 200);
}

static bool streams(enum http_method method, const char *path)
{
	(void)method;
	(void)path;
	return false;
}

static void begin(void *arg)
{
	const struct worker_config *c = arg;
	struct pg_config config = {.conninfo = c->conninfo, .name = "ostov", .log_statements = c->log_statements};
	struct err err;
	err_init(&err, NULL);
	struct http_config h = {
		.listen_fd = c->listen_fd, .listen = "127.0.0.1", .base_url = c->base_url, .handle = handle, .streams = streams};
	if (pg_open(&config, &pg, &err) || (c->kind == WORKER_WEB && http_server_start(&h, &http, &err))) {
		log_error("%s", err.message);
		worker_done();
		return;
	}
	worker_serving(c);
}

static int run(const struct worker_config *c)
{
	worker_setup(c, stop, NULL);
	fiber_start(begin, (void *)(uintptr_t)c);
	uv_run(fiber_loop(), UV_RUN_DEFAULT);
	return pg ? 0 : CLI_ENV;
}

int worker_web_run(const struct worker_config *c)
{
	return run(c);
}

int worker_job_run(const struct worker_config *c)
{
	return run(c);
}
