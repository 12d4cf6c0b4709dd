#include "cli/session.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fiber.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "edge/config_load.h"
#include "edge/lua_hooks.h"
#include "meta/schema_read.h"
#include "pg/pg.h"

struct running {
	const char *command, *user;
	const struct database *db;
	int (*fn)(struct cli_session *s, void *ctx);
	void *ctx;
	int code;
};

static int find_user(struct cli_session *s, const char *login, struct err *err)
{
	struct pg_params p = {0};
	struct pg_rows *rows;
	pg_params_text(s->arena, &p, PG_TEXT, login);
	const char *sql =
		arena_printf(s->arena, "SELECT id FROM %s WHERE %s = $1", s->reg->user->expr.sql, section_find(s->reg->user, "login")->expr.column);
	if (pg_read(s->pg, PG_LANE_SLOW, s->arena, sql, &p, &rows, err))
		return -1;
	if (!pg_rows_count(rows))
		return err_set(err, ERR_NOT_FOUND, "nobody signs in as '%s'", login), err_hint(err, "'ostov user list' shows everybody");
	return actor_load(s->arena, s->pg, NULL, s->reg, pg_rows_int(rows, 0, 0), &s->actor, err);
}

static void run(void *arg)
{
	struct running *r = arg;
	struct arena *a = arena_new_sized(64 * 1024);
	struct cli_session s = {.arena = a};
	struct pg_config config = {.conninfo = r->db->conninfo, .name = "ostov command"};
	struct schema_generation g;
	struct err err;
	err_init(&err, a);
	r->code = CLI_ENV;
	if (pg_open(&config, &s.pg, &err) || schema_read_generation(s.pg, a, &g, &err)) {
		r->code = cli_fail(r->command, &err);
	} else if (!g.config) {
		err_set(&err, ERR_CONFIG, "no configuration was applied to this database yet");
		err_hint(&err, "'ostov apply CONFIG' makes one the one in force, 'ostov serve CONFIG' does it too");
		r->code = cli_fail(r->command, &err);
	} else if (config_load_generation(g.config, &g.map, &s.reg, &err)) {
		r->code = cli_fail(r->command, &err);
	} else {
		s.reg->generation = g.id;
		lua_hooks_setup();
		actor_system(&s.actor, s.reg->language);
		if (r->user && find_user(&s, r->user, &err))
			r->code = cli_fail(r->command, &err);
		else
			r->code = r->fn(&s, r->ctx);
		registry_unref(s.reg);
	}
	if (s.pg)
		pg_close(s.pg);
	arena_delete(a);
}

int cli_session_run(const char *command, const struct session_options *options, int (*fn)(struct cli_session *s, void *ctx), void *ctx)
{
	struct arena *a = arena_new_sized(4096);
	struct database db;
	struct err err;
	err_init(&err, a);
	if (database_open(a, options->url, options->data, true, &db, &err)) {
		int code = err.code == ERR_INVALID ? args_fault(command, "%s", err.message) : cli_fail(command, &err);
		arena_delete(a);
		return code;
	}
	struct running r = {.command = command, .user = options->user, .db = &db, .fn = fn, .ctx = ctx};
	fiber_run(run, &r);
	database_close(&db);
	arena_delete(a);
	return r.code;
}
