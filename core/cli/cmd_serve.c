/* cmd_serve: `ostov serve`: database, configuration, workers, in this order, each step with its time. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/fiber.h"
#include "base/log.h"
#include "cli/apply.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/database.h"
#include "cli/paths.h"
#include "cli/serve_files.h"
#include "cli/supervisor.h"
#include "edge/config_load.h"
#include "edge/http_proxy.h"
#include "meta/schema_read.h"
#include "pg/pg.h"
#include "pg/pg_private.h"

static const char help[] = "usage: ostov serve CONFIG|- [OPTION...]\n"
						   "\n"
						   "Applies the configuration in the folder CONFIG and serves it; '-' serves what was applied last.\n"
						   "Without --database it creates and runs a PostgreSQL of its own under the data folder.\n"
						   "\n"
						   "  --listen HOST:PORT      address to serve on (default 127.0.0.1:8080)\n"
						   "  --data DIR              folder for the database (default ./var)\n"
						   "  --database URL          PostgreSQL to use instead: postgresql://user@host/name\n"
						   "  --base-url URL          address under which people reach this server, when it is another\n"
						   "  --proxy ADDRESS,...     proxies in front on other machines, whose X-Forwarded-For and -Proto count\n"
						   "  --sample                load the configuration's sample data, once; --no-sample, the default, does not\n"
						   "  --workers N             web workers (default: half of the processors, at least 2)\n"
						   "  --log-statements FILE   append every unit of work sent to PostgreSQL, once each, as JSON (for benchmarks)\n"
						   "\n"
						   "Ends on Ctrl-C or SIGTERM, after the requests in hand.\n"
						   "exit status: 0 stopped, 1 the configuration is at fault, 2 usage, 3 database, disk or port\n";

enum { WORKERS_MAX = 256, LOCK_WAIT_MS = 5000 };

struct serve {
	struct arena *arena;
	const char *config, *listen, *data, *database, *base_url, *proxies, *log_statements;
	bool sample;
	int workers;
	struct pg_private cluster;
	struct supervisor supervisor;
	uint64_t began, step_began;
	int port;
};

/* A title at once, its time when it is over; lines between belong to it. */
static void step_begin(struct serve *s, const char *title)
{
	s->step_began = clock_monotonic_ms();
	printf("%s ...\n", title);
	fflush(stdout);
}

static void step_end(struct serve *s, const char *what)
{
	printf("    %.1f s  %s\n", (double)(clock_monotonic_ms() - s->step_began) / 1000, what);
	fflush(stdout);
}

/* ---- what uses a loop or Lua happens in children: the supervisor itself stays clean ---- */

static int in_child(struct serve *s, int (*fn)(struct serve *s))
{
	fflush(NULL);
	pid_t parent = getpid(), pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (s->cluster.lock_fd >= 0)
			close(s->cluster.lock_fd);
		if (getppid() != parent)
			_exit(CLI_ENV);
		int status = fn(s);
		fflush(NULL);
		_exit(status);
	}
	int status = 0;
	if (pid < 0) {
		fprintf(stderr, "ostov serve: no process can be started: %s\n", strerror(errno));
		return CLI_ENV;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		fprintf(stderr, "ostov serve: ended by signal %d (%s)\n", WTERMSIG(status), strsignal(WTERMSIG(status)));
	return WIFEXITED(status) ? WEXITSTATUS(status) : CLI_ENV;
}

static int reach_status;

static void reach_fiber(void *arg)
{
	struct serve *s = arg;
	struct pg_config config = {.conninfo = s->database, .name = "ostov serve"};
	struct pg *pg;
	struct err err;
	err_init(&err, s->arena);
	if (pg_open(&config, &pg, &err)) {
		reach_status = cli_fail("serve", &err);
		return;
	}
	pg_close(pg);
	reach_status = CLI_OK;
}

static int reach(struct serve *s)
{
	log_setup(LOG_ERROR, "serve");
	fiber_run(reach_fiber, s);
	return reach_status;
}

static void in_force_fiber(void *arg)
{
	struct serve *s = arg;
	struct pg_config config = {.conninfo = s->supervisor.worker.conninfo, .name = "ostov serve"};
	struct schema_generation g = {0};
	struct pg *pg;
	struct err err;
	err_init(&err, s->arena);
	if (pg_open(&config, &pg, &err)) {
		reach_status = cli_fail("serve", &err);
		return;
	}
	if (schema_read_generation(pg, s->arena, &g, &err) < 0) {
		reach_status = cli_fail("serve", &err);
	} else if (!g.config) {
		err_set(&err, ERR_CONFIG, "no configuration was applied to this database");
		err_hint(&err, "'ostov serve CONFIG' applies one and serves it");
		reach_status = cli_fail("serve", &err);
	}
	pg_close(pg);
}

/* '-' serves what is there: without anything there is nothing to serve. */
static int in_force(struct serve *s)
{
	log_setup(LOG_ERROR, "serve");
	fiber_run(in_force_fiber, s);
	return reach_status;
}

static int check(struct serve *s)
{
	return apply_check(s->config);
}

static int apply(struct serve *s)
{
	return apply_config(s->supervisor.worker.conninfo, s->config, s->sample);
}

static const char *text_of(const struct decl_value *row, const char *key)
{
	for (size_t i = 0; row->kind == DECL_TABLE && i < row->table.count; i++) {
		const struct decl_pair *p = &row->table.pairs[i];
		if (p->key && strcmp(p->key, key) == 0 && p->value.kind == DECL_TEXT)
			return p->value.text.s;
	}
	return NULL;
}

/* The people of the sample rows who have a password there. */
static int sign_ins(struct serve *s)
{
	char lua[PATH_MAX], modules[PATH_MAX];
	struct err errs;
	struct registry *r = NULL;
	err_init(&errs, s->arena);
	if (paths_join(lua, sizeof lua, "lua") || paths_join(modules, sizeof modules, "modules") ||
		config_load_dir(s->arena, s->config, lua, modules, NULL, &r, &errs))
		return CLI_OK;
	const char *last = NULL;
	for (size_t i = 0; i < r->ndata; i++) {
		const struct data_rows *d = r->data[i];
		if (!d->sample || strcmp(d->section->expr.name, "user") != 0)
			continue;
		for (size_t k = 0; k < d->rows.table.count; k++) {
			const struct decl_value *row = &d->rows.table.pairs[k].value;
			const char *login = text_of(row, "login"), *password = text_of(row, "password");
			if (!login || !password)
				continue;
			if (!last || strcmp(last, password) != 0)
				printf("%spassword %s: %s", last ? "\n" : "sample sign-ins, ", password, login);
			else
				printf(", %s", login);
			last = password;
		}
	}
	if (last)
		printf("\n");
	return CLI_OK;
}

static void people_fiber(void *arg)
{
	struct serve *s = arg;
	struct pg_config config = {.conninfo = s->supervisor.worker.conninfo, .name = "ostov serve"};
	struct pg *pg;
	struct pg_rows *rows;
	struct err err;
	err_init(&err, s->arena);
	if (pg_open(&config, &pg, &err))
		return;
	if (pg_read(pg, PG_LANE_SLOW, s->arena, "SELECT 1 FROM ostov.credential LIMIT 1", NULL, &rows, &err) == 0 && !pg_rows_count(rows))
		printf("nobody can sign in yet: 'ostov user add LOGIN %s%s' makes the first administrator\n", s->data ? "--data " : "--database ",
			   s->data ? s->data : "URL");
	pg_close(pg);
}

/* Says how the first person comes in while there is none; a database that does not answer is told of elsewhere. */
static int people(struct serve *s)
{
	log_setup(LOG_ERROR, "serve");
	fiber_run(people_fiber, s);
	return CLI_OK;
}

static void ready(void *ctx)
{
	struct serve *s = ctx;
	char more[60];
	snprintf(more, sizeof more, "%d for the web, %d for jobs", s->supervisor.web, s->supervisor.job);
	step_end(s, more);
	if (s->sample && s->config)
		in_child(s, sign_ins);
	else
		in_child(s, people);
	if (s->base_url)
		printf("serving %s", s->base_url);
	else
		printf("serving http://%.*s:%d", (int)(strrchr(s->listen, ':') - s->listen), s->listen, s->port);
	printf(" after %.2f s; Ctrl-C stops\n", (double)(clock_monotonic_ms() - s->began) / 1000);
	fflush(stdout);
}

/* ---- steps ---- */

static int database_step(struct serve *s)
{
	struct err err;
	err_init(&err, s->arena);
	step_begin(s, "database");
	s->cluster.lock_fd = -1;
	if (s->database) {
		int status = in_child(s, reach);
		if (status != CLI_OK)
			return status;
		s->supervisor.worker.conninfo = s->database;
		step_end(s, "answers");
		return CLI_OK;
	}
	/* a command that uses the cluster for a moment lets it go again */
	uint64_t end = clock_monotonic_ms() + LOCK_WAIT_MS;
	for (;;) {
		if (pg_private_start(s->arena, s->data, &s->cluster, &err))
			return cli_fail("serve", &err);
		if (s->cluster.lock_fd >= 0)
			break;
		if (clock_monotonic_ms() > end) {
			err_set(&err, ERR_ENVIRONMENT, "process %d runs the database in '%s' already", (int)s->cluster.holder, s->data);
			err_hint(&err, "stop it, or choose another folder with --data");
			return cli_fail("serve", &err);
		}
		usleep(200000);
	}
	s->supervisor.worker.conninfo = s->cluster.conninfo;
	s->supervisor.cluster = &s->cluster;
	step_end(s, s->cluster.created ? "made and started" : "started");
	return CLI_OK;
}

/* Who the workers are, and what they can read and write. */
static int place_step(struct serve *s)
{
	struct err err;
	err_init(&err, s->arena);
	struct supervisor *v = &s->supervisor;
	v->uid = geteuid();
	v->gid = getegid();
	if (geteuid() == 0) {
		const struct passwd *pw = getpwnam(PG_PRIVATE_USER);
		if (!pw) {
			fprintf(stderr, "ostov serve: workers do not run as root, and there is no system user '" PG_PRIVATE_USER "'\n"
							"hint: useradd --system --user-group --shell /usr/sbin/nologin " PG_PRIVATE_USER "\n");
			return CLI_ENV;
		}
		v->drop = true;
		v->uid = pw->pw_uid;
		v->gid = pw->pw_gid;
	}
	const char *base = NULL, *home = paths_home();
	if (s->data && pg_private_base(s->arena, s->data, &base, &err))
		goto bad;
	if (v->drop && serve_files_home(s->arena, base ? base : "/var/lib/ostov", v->uid, v->gid, &home, &err))
		goto bad;
	v->worker.lua_dir = arena_printf(s->arena, "%s/lua", home);
	v->worker.modules_dir = arena_printf(s->arena, "%s/modules", home);
	v->worker.web_dir = arena_printf(s->arena, "%s/web/dist", home);
	v->worker.data_dir = base;
	if (s->log_statements) {
		/* made by us and given to the workers' user, who may not write to its folder */
		char path[PATH_MAX];
		int fd = open(s->log_statements, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0 || (v->drop && fchown(fd, v->uid, v->gid)) || !realpath(s->log_statements, path)) {
			err_set(&err, ERR_ENVIRONMENT, "cannot write to '%s': %m", s->log_statements);
			goto bad;
		}
		close(fd);
		v->worker.log_statements = arena_strdup(s->arena, path);
	}
	return CLI_OK;
bad:
	fprintf(stderr, "ostov serve: %s\n", err.message);
	return CLI_ENV;
}

static int serve(struct serve *s)
{
	struct err err;
	struct supervisor *v = &s->supervisor;
	err_init(&err, s->arena);
	/* the port first: nothing was done yet when it is taken */
	v->worker.listen_fd = supervisor_listen(s->listen, &s->port, &err);
	if (v->worker.listen_fd < 0) {
		if (err.code == ERR_INVALID)
			return args_fault("serve", "%s", err.message);
		err_hint(&err, "choose another address with --listen");
		return cli_fail("serve", &err);
	}
	/* a configuration at fault makes no database */
	int status = s->config ? in_child(s, check) : CLI_OK;
	if (!s->config && !s->database && !pg_private_there(s->arena, s->data)) {
		err_set(&err, ERR_ENVIRONMENT, "there is no database under '%s'", s->data);
		err_hint(&err, "'ostov serve CONFIG' makes one, applies the configuration and serves it");
		status = cli_fail("serve", &err);
	}
	if (status == CLI_OK)
		status = database_step(s);
	if (status == CLI_OK && !s->config)
		status = in_child(s, in_force);
	if (status == CLI_OK && s->config) {
		step_begin(s, "configuration");
		status = in_child(s, apply);
		if (status == CLI_OK)
			step_end(s, "in force");
	}
	if (status == CLI_OK)
		status = place_step(s);
	if (status == CLI_OK) {
		long cores = sysconf(_SC_NPROCESSORS_ONLN);
		v->web = s->workers ? s->workers : cores / 2 > 2 ? (int)(cores / 2) : 2;
		v->job = 1;
		v->worker.base_url = s->base_url;
		v->worker.proxies = s->proxies;
		v->worker.sample = s->sample;
		v->web_run = worker_web_run;
		v->job_run = worker_job_run;
		v->ready = ready;
		v->ctx = s;
		step_begin(s, "workers");
		status = supervisor_run(v);
	}
	if (v->worker.listen_fd >= 0)
		close(v->worker.listen_fd);
	/* the database last: the workers have stored what they had */
	pg_private_stop(&s->cluster);
	return status;
}

int cmd_serve(int argc, char **argv)
{
	struct serve s = {.listen = "127.0.0.1:8080", .cluster = {.lock_fd = -1}};
	const char *config = NULL, *workers = NULL;
	bool no_sample = false;
	int code;
	const struct args_option options[] = {{.name = "--listen", .value = &s.listen},
										  {.name = "--data", .value = &s.data},
										  {.name = "--database", .value = &s.database},
										  {.name = "--base-url", .value = &s.base_url},
										  {.name = "--proxy", .value = &s.proxies},
										  {.name = "--workers", .value = &workers},
										  {.name = "--log-statements", .value = &s.log_statements},
										  {.name = "--sample", .flag = &s.sample},
										  {.name = "--no-sample", .flag = &no_sample}};
	const struct args args = {"serve", help, options, sizeof options / sizeof *options, &config, 1};
	if (!args_read(&args, argc, argv, &code))
		return code;
	if (s.sample && no_sample)
		return args_fault("serve", "--sample and --no-sample exclude each other");
	if (!config) {
		fputs(help, stderr);
		return CLI_USAGE;
	}
	if (workers) {
		char *end;
		long n = strtol(workers, &end, 10);
		if (*end || n < 1 || n > WORKERS_MAX)
			return args_fault("serve", "--workers takes a number from 1 to 256, not '%s'", workers);
		s.workers = (int)n;
	}
	if (s.base_url) {
		const char *slashes = strstr(s.base_url, "://");
		bool http = strncmp(s.base_url, "http://", 7) == 0 || strncmp(s.base_url, "https://", 8) == 0;
		if (!http || !slashes[3] || strpbrk(slashes + 3, "/?#@ \"<>\\"))
			return args_fault("serve", "--base-url takes an address such as https://ostov.example, without a path, not '%s'", s.base_url);
	}
	if (s.proxies && !s.base_url)
		return args_fault("serve", "--proxy says who stands before the address of --base-url, which is missing");
	if (s.proxies) {
		struct arena *a = arena_new_sized(0);
		struct http_proxies *parsed;
		const char *bad;
		int status = http_proxies_parse(a, s.proxies, &parsed, &bad)
						 ? args_fault("serve", "--proxy takes addresses such as 10.0.0.5,10.1.0.0/16, not '%s'", bad)
						 : CLI_OK;
		arena_delete(a);
		if (status != CLI_OK)
			return status;
	}
	if (strcmp(config, "-") != 0) {
		struct stat st;
		if (stat(config, &st) || !S_ISDIR(st.st_mode)) {
			fprintf(stderr, "ostov serve: no configuration folder '%s'\n", config);
			return CLI_INPUT;
		}
		s.config = config;
	}
	s.arena = arena_new_sized(0);
	struct err err;
	err_init(&err, s.arena);
	if (s.database && database_url_check(s.arena, s.database, &err) < 0)
		return args_fault("serve", "%s", err.message);
	if (!s.data && !s.database)
		s.data = "var";
	s.began = clock_monotonic_ms();
	log_setup(LOG_INFO, "supervisor");
	int status = serve(&s);
	arena_delete(s.arena);
	return status;
}
