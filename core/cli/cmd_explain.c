/* cmd_explain: `ostov explain`, why somebody may or may not do something with a record: by which role and rule, with the rule's parts and their values. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fiber.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/database.h"
#include "cli/paths.h"
#include "edge/config_load.h"
#include "edge/config_read.h"
#include "meta/registry.h"
#include "meta/schema_read.h"
#include "pg/pg.h"
#include "serve/actor.h"
#include "serve/explain.h"
#include "serve/unit.h"

static const char help[] =
	"usage: ostov explain CONFIG --user LOGIN --record SECTION/ID --action ACTION [--field FIELD | --task TASK] [OPTION...]\n"
	"\n"
	"Says whether LOGIN may do ACTION with the record, by which role and which rule, with the parts of each rule and what they come to "
	"here.\n"
	"ACTION is create, read, update, delete or the name of a move; finish or reopen with --task. create goes with SECTION alone (without "
	"/ID): a new record as it begins.\n"
	"The rules are those in force in the database; CONFIG names the folder that was applied ('-': whatever was).\n"
	"\n"
	"  --field FIELD      asks about this field of the record\n"
	"  --task TASK        asks about this task of its stage's checklist: who may tick it\n"
	"  --json             machine output; \"applied\": false when CONFIG is not what is in force\n"
	"  --database URL     the database (postgresql://…); without it the private cluster under --data\n"
	"  --data DIR         folder of the private cluster (default ./var), started when it does not run\n"
	"\n"
	"exit status: 0 explained, whatever the answer; 1 something named does not exist; 2 usage; 3 the database\n";

struct request {
	const char *config, *login, *record, *action, *field, *task, *url, *data;
	bool json, differs;
	struct arena *arena;
	struct database database;
	struct pg *pg;
	struct registry *reg;
	int code;
};

/* The rules are those in force; that the folder holds others is said. */
static int config_compare(struct request *q, struct err *err)
{
	char lua[PATH_MAX], modules[PATH_MAX];
	struct config config;
	struct err errs;
	err_init(&errs, q->arena);
	if (strcmp(q->config, "-") == 0)
		return 0;
	if (paths_join(lua, sizeof lua, "lua") != 0 || paths_join(modules, sizeof modules, "modules") != 0)
		return err_set(err, ERR_ENVIRONMENT, "the program's folder has too long a name");
	if (config_read_dir(q->arena, q->config, lua, modules, &config, &errs) < 0 && !config.nfiles) {
		err_set(err, ERR_CONFIG, "%s", errs.message);
		return err_hint(err, "'-' instead of a folder: whatever is in force");
	}
	q->differs = strcmp(config.hash, q->reg->hash) != 0;
	if (q->differs)
		fprintf(stderr, "note: %s is not what is in force: the answer is by what was applied last ('ostov plan %s' shows the difference)\n",
				q->config, q->config);
	return 0;
}

static int registry_open(struct request *q, struct err *err)
{
	struct schema_generation g;
	struct err errs;
	err_init(&errs, q->arena);
	if (schema_read_generation(q->pg, q->arena, &g, err) < 0)
		return -1;
	if (!g.config) {
		err_set(err, ERR_CONFIG, "no configuration was applied to this database");
		return err_hint(err, "'ostov apply %s' makes it the one in force", q->config);
	}
	if (config_load_generation(g.config, &g.map, &q->reg, &errs) < 0)
		return err_set(err, ERR_CONFIG, "the configuration in force cannot be loaded: %s", errs.message);
	q->reg->generation = g.id;
	return config_compare(q, err);
}

static int user_find(struct request *q, int64_t *id, struct err *err)
{
	const struct field *login = section_find(q->reg->user, "login");
	struct pg_params params = {0};
	struct pg_rows *rows;
	pg_params_text(q->arena, &params, PG_TEXT, q->login);
	const char *sql = arena_printf(q->arena, "SELECT id FROM %s WHERE %s = $1", q->reg->user->expr.sql, login->expr.column);
	if (pg_read(q->pg, PG_LANE_SLOW, q->arena, sql, &params, &rows, err) < 0)
		return -1;
	if (pg_rows_count(rows) == 0) {
		err_set(err, ERR_NOT_FOUND, "nobody signs in as '%s'", q->login);
		return err_hint(err, "'ostov user list' shows everybody");
	}
	*id = pg_rows_int(rows, 0, 0);
	return 0;
}

static int section_of(struct request *q, struct section **s, int64_t *id, const struct field **f, struct err *err)
{
	const char *slash = strchr(q->record, '/');
	const char *name = slash ? arena_strndup(q->arena, q->record, (size_t)(slash - q->record)) : q->record;
	*s = registry_find(q->reg, name);
	*id = 0;
	*f = NULL;
	if (!*s) {
		const char *near = map_nearest(&q->reg->by_name, name);
		err_set(err, ERR_NOT_FOUND, "there is no section '%s'", name);
		return near ? err_hint(err, "did you mean '%s'?", near) : -1;
	}
	if (slash) {
		char *end;
		*id = strtoll(slash + 1, &end, 10);
		if (*end || *id <= 0)
			return err_set(err, ERR_INVALID, "'%s' is no record: write %s/17", q->record, name);
	}
	if (!q->field)
		return 0;
	*f = section_find(*s, q->field);
	if (!*f) {
		const char *near = map_nearest(&(*s)->by_name, q->field);
		err_set(err, ERR_NOT_FOUND, "%s has no field '%s'", name, q->field);
		return near ? err_hint(err, "did you mean '%s'?", near) : -1;
	}
	return 0;
}

/* ---- answers ---- */

static void print_text(const struct request *q, const struct actor *actor, const struct explain *x)
{
	printf("%s may%s %s %s", q->login, x->allowed ? "" : " NOT", q->action, q->record);
	if (q->field)
		printf(", field %s", q->field);
	if (q->task)
		printf(", task %s", q->task);
	printf(": %s\n", x->why);
	printf("roles: %s\n", actor->nroles ? actor->roles_key : "none");
	if (!strchr(q->record, '/'))
		printf("record: a new one, with nothing given but what it begins with%s%s\n", x->stage ? ", stage " : "", x->stage ? x->stage : "");
	else if (x->title)
		printf("record: %s%s%s\n", x->title, x->stage ? ", stage " : "", x->stage ? x->stage : "");
	for (size_t i = 0; i < x->nrules; i++) {
		const struct explain_rule *r = &x->rules[i];
		printf("\n%s  %s%s%s  %s  %s", r->holds ? (r->covers ? "yes" : "yes, but not this field") : "no ",
			   strcmp(r->kind, "read") == 0 ? "grant (read)" : r->kind, r->role ? " to " : "", r->role ? r->role : "", r->place, r->text);
		if (r->fields)
			printf("  (fields: %s)", r->fields);
		putchar('\n');
		for (size_t k = 0; k < r->nparts; k++) {
			printf("     %s  %s\n", r->parts[k].holds ? "yes" : "no ", r->parts[k].text);
			for (size_t v = 0; v < r->parts[k].nvalues; v++)
				printf("            %s = %s\n", r->parts[k].values[v].path, r->parts[k].values[v].value);
		}
	}
}

static void put(struct buf *b, const char *key, const char *text)
{
	buf_printf(b, ",\"%s\":", key);
	if (text)
		buf_json(b, text, strlen(text));
	else
		buf_puts(b, "null");
}

static void print_json(const struct request *q, const struct actor *actor, const struct explain *x)
{
	struct buf b = BUF_INIT;
	buf_printf(&b, "{\"allowed\":%s", x->allowed ? "true" : "false");
	put(&b, "why", x->why);
	put(&b, "user", q->login);
	put(&b, "record", q->record);
	put(&b, "action", q->action);
	put(&b, "field", q->field);
	if (q->task)
		put(&b, "task", q->task);
	buf_printf(&b, ",\"applied\":%s", q->differs ? "false" : "true");
	put(&b, "title", x->title);
	put(&b, "stage", x->stage);
	buf_puts(&b, ",\"roles\":[");
	for (size_t i = 0; i < actor->nroles; i++) {
		buf_puts(&b, i ? "," : "");
		buf_json(&b, actor->roles[i]->name, strlen(actor->roles[i]->name));
	}
	buf_puts(&b, "],\"rules\":[");
	for (size_t i = 0; i < x->nrules; i++) {
		const struct explain_rule *r = &x->rules[i];
		buf_printf(&b, "%s{\"holds\":%s,\"covers\":%s", i ? "," : "", r->holds ? "true" : "false", r->covers ? "true" : "false");
		put(&b, "kind", r->kind);
		put(&b, "role", r->role);
		put(&b, "place", r->place);
		put(&b, "rule", r->text);
		put(&b, "fields", r->fields);
		buf_puts(&b, ",\"parts\":[");
		for (size_t k = 0; k < r->nparts; k++) {
			const struct explain_part *part = &r->parts[k];
			buf_printf(&b, "%s{\"holds\":%s", k ? "," : "", part->holds ? "true" : "false");
			put(&b, "text", part->text);
			buf_puts(&b, ",\"values\":{");
			for (size_t v = 0; v < part->nvalues; v++) {
				buf_puts(&b, v ? "," : "");
				buf_json(&b, part->values[v].path, strlen(part->values[v].path));
				buf_putc(&b, ':');
				buf_json(&b, part->values[v].value, strlen(part->values[v].value));
			}
			buf_puts(&b, "}}");
		}
		buf_puts(&b, "]}");
	}
	buf_puts(&b, "]}");
	puts(b.data);
	buf_destroy(&b);
}

static int explain(struct request *q, struct err *err)
{
	struct section *s;
	const struct field *f;
	struct actor actor;
	struct explain x;
	struct unit *u;
	int64_t user = 0, id = 0;
	if (registry_open(q, err) < 0 || user_find(q, &user, err) < 0 || section_of(q, &s, &id, &f, err) < 0 ||
		actor_load(q->arena, q->pg, NULL, q->reg, user, &actor, err) < 0)
		return -1;
	struct unit_config config = {.pg = q->pg, .reg = q->reg, .actor = &actor, .lane = PG_LANE_TX};
	if (unit_begin(&config, &u, err) < 0)
		return -1;
	int failed = explain_record(u, s, id, q->action, f, q->task, &x, err);
	if (!failed) {
		if (q->json)
			print_json(q, &actor, &x);
		else
			print_text(q, &actor, &x);
	}
	unit_rollback(u);
	return failed;
}

static void in_fiber(void *arg)
{
	struct request *q = arg;
	struct err err;
	err_init(&err, q->arena);
	struct pg_config config = {.conninfo = q->database.conninfo, .name = "ostov explain", .fast = 1, .slow = 1, .tx = 1};
	if (pg_open(&config, &q->pg, &err) < 0) {
		q->code = cli_fail("explain", &err);
		return;
	}
	if (explain(q, &err) < 0)
		q->code = cli_fail("explain", &err);
	if (q->reg)
		registry_unref(q->reg);
	pg_close(q->pg);
}

int cmd_explain(int argc, char **argv)
{
	struct request q = {.code = CLI_OK};
	struct err err;
	const struct args_option options[] = {{.name = "--user", .value = &q.login},    {.name = "--record", .value = &q.record},
										  {.name = "--action", .value = &q.action}, {.name = "--field", .value = &q.field},
										  {.name = "--task", .value = &q.task},     {.name = "--database", .value = &q.url},
										  {.name = "--data", .value = &q.data},     {.name = "--json", .flag = &q.json}};
	const struct args args = {"explain", help, options, sizeof options / sizeof *options, &q.config, 1};
	if (!args_read(&args, argc, argv, &q.code))
		return q.code;
	if (!q.config || !q.login || !q.record || !q.action)
		return args_fault("explain", "%s is needed",
						  !q.config  ? "CONFIG, the folder that was applied, or '-'"
						  : !q.login ? "--user LOGIN"
						  : q.record ? "--action ACTION"
									 : "--record SECTION/ID");
	if (q.field && q.task)
		return args_fault("explain", "--field and --task are two questions");
	q.arena = arena_new_sized(64 * 1024);
	err_init(&err, q.arena);
	if (database_open(q.arena, q.url, q.data, true, &q.database, &err) < 0) {
		q.code = err.code == ERR_INVALID ? args_fault("explain", "%s", err.message) : cli_fail("explain", &err);
	} else {
		fiber_run(in_fiber, &q);
		database_close(&q.database);
	}
	arena_delete(q.arena);
	return q.code;
}
