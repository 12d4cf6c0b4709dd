#include "cli/apply.h"

#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fiber.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/paths.h"
#include "edge/config_load.h"
#include "edge/config_read.h"
#include "edge/config_report.h"
#include "edge/lua_hooks.h"
#include "meta/schema_apply.h"
#include "pg/pg.h"
#include "serve/seed.h"

/* One run of either command. */
struct run {
	const struct apply_request *request;
	struct arena *arena;
	struct config config;
	struct registry *bare, *named; /* without and with names of the database */
	struct pg *pg;
	uint64_t begun;
	bool apply;
	bool serve; /* for a server: faulty sample rows do not keep it from starting */
	int code;
};

static int exit_of(const struct err *err)
{
	return err->code == ERR_LOSS || err->code == ERR_CONFIG || err->code == ERR_CONFLICT ? CLI_INPUT : CLI_ENV;
}

/* Errors and warnings of the configuration, in words; true when it can be used. */
static bool config_load(struct run *x)
{
	char lua[PATH_MAX], modules[PATH_MAX];
	struct err errs;
	size_t errors, warnings;
	err_init(&errs, x->arena);
	if (paths_join(lua, sizeof lua, "lua") != 0 || paths_join(modules, sizeof modules, "modules") != 0) {
		fputs("ostov: the program's folder has too long a name\n", stderr);
		x->code = CLI_ENV;
		return false;
	}
	if (config_read_dir(x->arena, x->request->dir, lua, modules, &x->config, &errs) == 0 || x->config.nfiles)
		config_load_generation(&x->config, NULL, &x->bare, &errs);
	config_report_count(&errs, &errors, &warnings);
	if (errors)
		x->code = cli_fail_config(&x->config, &errs);
	return errors == 0;
}

static void say(void *ctx, const char *text)
{
	struct run *x = ctx;
	uint64_t ms = clock_monotonic_ms() - x->begun;
	if (!x->request->quiet && !x->request->json)
		printf("%5llu.%llu s  %s\n", (unsigned long long)(ms / 1000), (unsigned long long)(ms / 100 % 10), text);
	fflush(stdout);
}

/* The configuration once more, with the names that its tables will have. */
static int rebuild(void *ctx, const struct object_map *map, const struct registry **out, struct err *err)
{
	struct run *x = ctx;
	struct err errs;
	err_init(&errs, x->arena);
	registry_unref(x->named);
	x->named = NULL;
	if (config_load_generation(&x->config, map, &x->named, &errs) < 0)
		return err_set(err, ERR_CONFIG, "%s", errs.message ? errs.message : "the configuration cannot be built with the database's names");
	*out = x->named;
	return 0;
}

static void print(struct buf *b)
{
	fwrite(b->data ? b->data : "", 1, b->len, stdout);
	fflush(stdout);
	buf_destroy(b);
}

static const char *who_applies(struct run *x)
{
	char host[256] = "";
	struct passwd *pw = getpwuid(getuid());
	if (x->request->by)
		return x->request->by;
	gethostname(host, sizeof host - 1);
	return arena_printf(x->arena, "%s@%s", pw ? pw->pw_name : "unknown", host);
}

/* The loss that a name which none has may mean: its last part, or a slip of the pen. */
static const char *loss_near(struct run *x, const struct schema_plan *plan, const char *name)
{
	const char **names = arena_array(x->arena, const char *, plan->losses.count + 1);
	for (size_t i = 0; i < plan->losses.count; i++) {
		const char *dot = strrchr(plan->losses.items[i].name, '.');
		names[i] = plan->losses.items[i].name;
		if (dot && strcmp(dot + 1, name) == 0)
			return names[i];
	}
	return text_nearest(name, names, plan->losses.count);
}

/* A name that no loss has is most likely misspelt. */
static void allow_check(struct run *x, const struct schema_plan *plan)
{
	for (size_t i = 0; i < x->request->nallow; i++) {
		const char *name = x->request->allow[i];
		bool found = false;
		for (size_t k = 0; k < plan->losses.count && !found; k++)
			found = strcmp(plan->losses.items[k].name, name) == 0;
		for (size_t k = 0; k < plan->ops.count && !found; k++)
			found = plan->ops.items[k].place && strcmp(plan->ops.items[k].place, name) == 0;
		const char *near = found ? NULL : loss_near(x, plan, name);
		if (!found)
			fprintf(stderr,
					near ? "note: --allow-loss '%s' names nothing that would be lost: did you mean '%s'?\n"
						 : "note: --allow-loss '%s' names nothing that would be lost\n",
					name, near);
	}
}

/* What apply would do to the rows of `data`, beside the definitions. */
static int rows_plan(struct run *x, struct seed_plan *out, struct err *err)
{
	struct schema_generation g;
	struct registry *now = NULL;
	struct err errs;
	err_init(&errs, x->arena);
	if (schema_read_generation(x->pg, x->arena, &g, err) < 0)
		return -1;
	/* a configuration that does not load any more is replaced whole: its rows are looked at when they are written */
	if (g.config && config_load_generation(g.config, &g.map, &now, &errs) < 0) {
		memset(out, 0, sizeof *out);
		return 0;
	}
	int failed = seed_plan(x->pg, now, x->bare, x->arena, out, err);
	registry_unref(now);
	return failed;
}

static void plan_run(struct run *x)
{
	struct schema_current *current;
	struct schema_plan *plan;
	struct schema_allow allow = {x->request->allow, x->request->nallow};
	struct schema_build build = {rebuild, x};
	struct err err;
	err_init(&err, x->arena);
	if (schema_read(x->pg, x->arena, &current, &err) < 0 ||
		schema_diff(x->pg, x->arena, x->bare, current, &allow, &build, &plan, &err) < 0) {
		cli_fail("plan", &err);
		x->code = exit_of(&err);
		return;
	}
	struct buf b = BUF_INIT;
	struct seed_plan rows;
	if (rows_plan(x, &rows, &err) < 0) {
		x->code = cli_fail("plan", &err);
		return;
	}
	allow_check(x, plan);
	if (x->request->json)
		apply_print_json(&b, plan, &rows, NULL);
	else
		apply_print(&b, plan, &rows);
	print(&b);
	x->code = schema_plan_refused(plan) ? CLI_INPUT : CLI_OK;
}

static void result_print(struct run *x, const struct schema_applied *done)
{
	const struct apply_request *r = x->request;
	if (r->json) {
		printf("{\"generation\":%lld,\"nothing\":%s,\"left\":%d}\n", (long long)done->generation, done->nothing ? "true" : "false",
			   done->left);
	} else if (!r->quiet || done->left) {
		if (done->nothing)
			printf("nothing to do: generation %lld is in force\n", (long long)done->generation);
		else
			say(x, arena_printf(x->arena, "generation %lld is in force", (long long)done->generation));
		if (done->left)
			printf("%d drops are left for the next apply: %s\n", done->left, done->left_why ? done->left_why : "");
	}
	fflush(stdout);
}

static void faults_print(struct run *x, struct err *errs)
{
	struct buf b = BUF_INIT;
	config_report_text(&b, &x->config, errs);
	fputs(b.data ? b.data : "", stderr);
	buf_destroy(&b);
}

/* The rows of the configuration, written as anybody writes: by the configuration in force. */
static int rows_write(struct run *x)
{
	struct schema_generation g;
	struct registry *reg = NULL;
	struct seed_report data, sample = {.nothing = true};
	struct err err, errs;
	err_init(&err, x->arena);
	err_init(&errs, x->arena);
	if (schema_read_generation(x->pg, x->arena, &g, &err) < 0) {
		cli_fail("apply", &err);
		return CLI_ENV;
	}
	if (!g.config || config_load_generation(g.config, &g.map, &reg, &errs) < 0) {
		faults_print(x, &errs);
		return CLI_INPUT;
	}
	reg->generation = g.id;
	err_init(&errs, x->arena); /* warnings were shown before */
	lua_hooks_setup();
	int failed = seed_rows(x->pg, reg, x->arena, false, &data, &errs);
	if (!failed && !data.nothing && data.created + data.changed)
		say(x, arena_printf(x->arena, "reference rows: %zu created, %zu changed", data.created, data.changed));
	int sample_failed = !failed && x->request->sample && seed_rows(x->pg, reg, x->arena, true, &sample, &errs) < 0;
	if (!sample.nothing)
		say(x, arena_printf(x->arena, "sample rows: %zu created, %zu changed", sample.created, sample.changed));
	registry_unref(reg);
	if (failed || sample_failed)
		faults_print(x, &errs);
	return failed || (sample_failed && !x->serve) ? CLI_INPUT : CLI_OK;
}

static void apply_in(struct run *x)
{
	const struct apply_request *r = x->request;
	struct schema_apply_options options = {.by = who_applies(x),
										   .allow = {r->allow, r->nallow},
										   .lock_wait_ms = r->wait_ms,
										   .patience_ms = r->wait_ms,
										   .worker_wait_ms = r->wait_ms < 15000 ? r->wait_ms : 0,
										   .build = {rebuild, x},
										   .progress = say,
										   .ctx = x};
	struct schema_applied done;
	struct err err;
	err_init(&err, x->arena);
	if (schema_apply(x->pg, x->arena, x->bare, &x->config, &options, &done, &err) < 0) {
		bool loss = err.code == ERR_LOSS && done.plan;
		if (loss) {
			struct buf b = BUF_INIT;
			if (r->json)
				apply_print_json(&b, done.plan, &(struct seed_plan){0}, &err);
			else
				apply_print(&b, done.plan, &(struct seed_plan){0});
			print(&b);
		}
		if (done.plan)
			allow_check(x, done.plan);
		if (loss)
			cli_fail_text("apply", &err);
		else
			cli_fail("apply", &err);
		x->code = exit_of(&err);
		return;
	}
	allow_check(x, done.plan);
	x->code = rows_write(x);
	result_print(x, &done);
}

static void in_fiber(void *arg)
{
	struct run *x = arg;
	struct err err;
	err_init(&err, x->arena);
	struct pg_config config = {
		.conninfo = x->request->conninfo, .name = x->apply ? "ostov apply" : "ostov plan", .fast = 1, .slow = 1, .tx = 2};
	if (pg_open(&config, &x->pg, &err) < 0) {
		cli_fail(x->apply ? "apply" : "plan", &err);
		x->code = CLI_ENV;
		return;
	}
	if (x->apply)
		apply_in(x);
	else
		plan_run(x);
	pg_close(x->pg);
}

static int run(const struct apply_request *r, bool apply, bool serve)
{
	struct run x = {
		.serve = serve, .request = r, .arena = arena_new_sized(256 * 1024), .begun = clock_monotonic_ms(), .apply = apply, .code = CLI_OK};
	if (config_load(&x))
		fiber_run(in_fiber, &x);
	registry_unref(x.named);
	registry_unref(x.bare);
	arena_delete(x.arena);
	return x.code;
}

int apply_check(const char *dir)
{
	struct apply_request r = {.dir = dir};
	struct run x = {.request = &r, .arena = arena_new_sized(256 * 1024), .code = CLI_OK};
	config_load(&x);
	registry_unref(x.bare);
	arena_delete(x.arena);
	return x.code;
}

int apply_run(const struct apply_request *r)
{
	return run(r, true, false);
}

int apply_config(const char *conninfo, const char *dir, bool sample)
{
	struct apply_request r = {.conninfo = conninfo, .dir = dir, .sample = sample};
	return run(&r, true, true);
}

int apply_plan(const struct apply_request *r)
{
	return run(r, false, false);
}
