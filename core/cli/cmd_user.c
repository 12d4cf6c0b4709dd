/* cmd_user: `ostov user`, people who sign in, from the command line: the first administrator, a forgotten password. */
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fiber.h"
#include "base/text.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/database.h"
#include "edge/config_load.h"
#include "edge/lua_hooks.h"
#include "meta/registry.h"
#include "meta/schema_read.h"
#include "pg/pg.h"
#include "serve/actor.h"
#include "serve/record.h"
#include "serve/session.h"
#include "serve/unit.h"

enum { ROLES_MAX = 50, PASSWORD_MAX = 1024 };

static const char help[] =
	"usage: ostov user add LOGIN [--name NAME] [--email ADDRESS] [--role ROLE]... [--language en|ru] [OPTION...]\n"
	"       ostov user password LOGIN [OPTION...]\n"
	"       ostov user deactivate LOGIN [OPTION...]\n"
	"       ostov user list [OPTION...]\n"
	"\n"
	"add         makes a person who may sign in; --role may be repeated. The first one becomes administrator if no role is named\n"
	"password    sets a password and ends the person's sessions\n"
	"deactivate  switches a person off: no signing in, sessions and tokens end; the records stay\n"
	"list        everybody, with roles\n"
	"\n"
	"The password is asked for on the terminal, or read as one line from standard input, where there is no terminal or with "
	"--password-stdin:\n"
	"8 to 200 characters.\n"
	"\n"
	"  --password-stdin   read the password from standard input\n"
	"  --database URL     the database (postgresql://…); without it the private cluster under --data\n"
	"  --data DIR         folder of the private cluster (default ./var), started when it does not run\n"
	"  --json             the person, or with list all of them, as JSON\n"
	"\n"
	"exit status: 0 done; 1 refused, with the reason; 2 usage; 3 the database\n";

/* the role of the platform's own lua/core/roles that manages people */
static const char ADMINISTRATOR[] = "administrator";

enum act { ACT_ADD, ACT_PASSWORD, ACT_DEACTIVATE, ACT_LIST };

struct user {
	enum act act;
	const char *login, *name, *email, *language, *url, *data;
	const char *roles[ROLES_MAX];
	size_t nroles;
	bool from_stdin, json, first; /* first: nobody could sign in before */
	char password[PASSWORD_MAX];
	const char *hash;
	struct arena *arena;
	struct database database;
	struct pg *pg;
	struct registry *reg;
	struct actor actor;
	int64_t id; /* of the person named */
	int code;
};

/* ---- the password ---- */

static bool line_read(FILE *from, char out[PASSWORD_MAX])
{
	if (!fgets(out, PASSWORD_MAX, from))
		return false;
	size_t n = strlen(out);
	if (n == PASSWORD_MAX - 1 && out[n - 1] != '\n')
		return false;
	out[strcspn(out, "\r\n")] = '\0';
	return true;
}

static bool line_ask(FILE *tty, const char *question, char out[PASSWORD_MAX])
{
	struct termios was, quiet;
	fputs(question, stderr);
	fflush(stderr);
	if (tcgetattr(fileno(tty), &was) != 0)
		return false;
	quiet = was;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(fileno(tty), TCSAFLUSH, &quiet);
	bool ok = line_read(tty, out);
	tcsetattr(fileno(tty), TCSAFLUSH, &was);
	fputc('\n', stderr);
	return ok;
}

static int say_fault(struct user *u, const char *message)
{
	struct err err;
	err_init(&err, u->arena);
	err_set(&err, ERR_INVALID, "%s", message);
	return cli_fail("user", &err);
}

static int password_get(struct user *u)
{
	FILE *tty = u->from_stdin ? NULL : fopen("/dev/tty", "r+");
	char again[PASSWORD_MAX] = "";
	if (!tty) { /* without a terminal it can come from nowhere else */
		if (line_read(stdin, u->password))
			return CLI_OK;
		if (!u->from_stdin)
			return args_fault("user", "there is no terminal to ask for a password, and standard input has no line with one");
		return say_fault(u, "standard input has no line with a password");
	}
	bool asked = line_ask(tty, "Password: ", u->password) && line_ask(tty, "Once more: ", again);
	fclose(tty);
	bool same = asked && strcmp(u->password, again) == 0;
	explicit_bzero(again, sizeof again);
	return same ? CLI_OK : say_fault(u, asked ? "the two are not the same" : "no password was given");
}

/* ---- in the database ---- */

static int find_person(struct user *u, struct err *err)
{
	struct field *login = section_find(u->reg->user, "login");
	struct pg_params params = {0};
	struct pg_rows *rows;
	pg_params_text(u->arena, &params, PG_TEXT, u->login);
	const char *sql = arena_printf(u->arena, "SELECT id FROM %s WHERE %s = $1", u->reg->user->expr.sql, login->expr.column);
	if (pg_read(u->pg, PG_LANE_SLOW, u->arena, sql, &params, &rows, err) < 0)
		return -1;
	u->id = pg_rows_count(rows) ? pg_rows_int(rows, 0, 0) : 0;
	return 0;
}

static int set_text(struct user *u, struct record_input *in, const char *field, const char *text, struct err *err)
{
	struct field *f = section_find(u->reg->user, field);
	struct value raw = text ? value_textz(text) : value_nil(), v;
	if (!f || !text)
		return 0;
	if (record_coerce(u->arena, u->actor.lang, f, &raw, &v, err) < 0)
		return -1;
	record_input_set(u->arena, in, f, v);
	return 0;
}

/* The names of the configuration's roles, ROLES_MAX at most, in a row. */
static const char *roles_named(struct user *u)
{
	struct buf b = BUF_INIT;
	for (size_t i = 0; i < u->reg->roles.count && i < ROLES_MAX; i++)
		buf_printf(&b, "%s%s", i ? ", " : "", u->reg->roles.items[i].key);
	const char *names = arena_printf(u->arena, "%s%s", b.data ? b.data : "", u->reg->roles.count > ROLES_MAX ? ", …" : "");
	buf_destroy(&b);
	return names;
}

/* A system that nobody can sign in to needs an administrator first: the one who is added without roles becomes that. */
static int first_role(struct user *u, struct err *err)
{
	struct pg_rows *rows;
	const struct field *active = section_find(u->reg->user, "active");
	const char *sql = arena_printf(u->arena, "SELECT 1 FROM ostov.credential c JOIN %s u ON u.id = c.user_id WHERE u.%s LIMIT 1",
								   u->reg->user->expr.sql, active->expr.column);
	if (u->nroles || !registry_find_role(u->reg, ADMINISTRATOR))
		return 0;
	if (pg_read(u->pg, PG_LANE_SLOW, u->arena, sql, NULL, &rows, err) < 0)
		return -1;
	if (!pg_rows_count(rows)) {
		u->roles[u->nroles++] = ADMINISTRATOR;
		u->first = true;
	}
	return 0;
}

static int roles_find(struct user *u, struct value *list, struct err *err)
{
	struct field *code = section_find(u->reg->role, "code");
	struct value *ids = arena_array(u->arena, struct value, u->nroles + 1);
	for (size_t i = 0; i < u->nroles; i++) {
		struct pg_params params = {0};
		struct pg_rows *rows;
		if (!registry_find_role(u->reg, u->roles[i])) {
			const char *near = map_nearest(&u->reg->roles, u->roles[i]);
			err_set(err, ERR_INVALID, "there is no role '%s'", u->roles[i]);
			return near ? err_hint(err, "did you mean '%s'?", near) : err_hint(err, "the roles are %s", roles_named(u));
		}
		pg_params_text(u->arena, &params, PG_TEXT, u->roles[i]);
		const char *sql = arena_printf(u->arena, "SELECT id FROM %s WHERE %s = $1", u->reg->role->expr.sql, code->expr.column);
		if (pg_read(u->pg, PG_LANE_SLOW, u->arena, sql, &params, &rows, err) < 0)
			return -1;
		if (!pg_rows_count(rows))
			return err_set(err, ERR_INVALID, "the role '%s' has no row in the database", u->roles[i]);
		ids[i] = value_int(pg_rows_int(rows, 0, 0));
	}
	*list = (struct value){.kind = VALUE_LIST};
	list->list.items = ids;
	list->list.count = u->nroles;
	return 0;
}

static void credential_send(struct user *u, struct unit *unit)
{
	struct pg_params params = {0};
	pg_params_int(unit->arena, &params, u->id);
	pg_params_text(unit->arena, &params, PG_TEXT, u->hash);
	unit_send(unit,
			  "INSERT INTO ostov.credential (user_id, hash, changed_at) VALUES ($1, $2, clock_timestamp()) ON CONFLICT (user_id)"
			  " DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at",
			  &params);
}

static void sessions_end(struct user *u, struct unit *unit)
{
	struct pg_params params = {0}, note = {0};
	pg_params_int(unit->arena, &params, u->id);
	pg_params_text(unit->arena, &note, PG_TEXT, arena_printf(unit->arena, "%lld", (long long)u->id));
	unit_send(unit, "DELETE FROM ostov.session WHERE user_id = $1", &params);
	unit_send(unit, "SELECT pg_notify('ostov_session', $1)", &note);
}

static int add(struct unit *unit, void *ctx, struct err *err)
{
	struct user *u = ctx;
	struct record_input in = {.flags = RECORD_DATA};
	struct value roles;
	struct field *field = section_find(u->reg->user, "roles");
	if (unit_ready(unit, err) < 0 || set_text(u, &in, "login", u->login, err) < 0 || set_text(u, &in, "name", u->name, err) < 0 ||
		set_text(u, &in, "email", u->email, err) < 0 || set_text(u, &in, "language", u->language, err) < 0 ||
		roles_find(u, &roles, err) < 0)
		return -1;
	if (field)
		record_input_set(u->arena, &in, field, roles);
	if (record_create(unit, u->reg->user, &in, &u->id, err) < 0 || unit_flush(unit, err) < 0)
		return -1;
	credential_send(u, unit);
	return 0;
}

static int password(struct unit *unit, void *ctx, struct err *err)
{
	if (unit_ready(unit, err) < 0)
		return -1;
	credential_send(ctx, unit);
	sessions_end(ctx, unit);
	return 0;
}

static int deactivate(struct unit *unit, void *ctx, struct err *err)
{
	struct user *u = ctx;
	struct record_input in = {.flags = RECORD_DATA};
	struct field *active = section_find(u->reg->user, "active");
	struct pg_params params = {0};
	if (unit_ready(unit, err) < 0)
		return -1;
	record_input_set(u->arena, &in, active, value_bool(false));
	if (record_update(unit, u->reg->user, u->id, &in, NULL, err) < 0)
		return -1;
	pg_params_int(unit->arena, &params, u->id);
	unit_send(unit, "UPDATE ostov.token SET revoked_at = clock_timestamp() WHERE user_id = $1 AND revoked_at IS NULL", &params);
	sessions_end(u, unit);
	return 0;
}

/* Blanks up to a width in letters, one at least. */
static void pad(struct buf *b, const char *text, size_t width)
{
	size_t n = text_length(text, strlen(text));
	do
		buf_putc(b, ' ');
	while (++n < width);
}

static int list(struct user *u, struct err *err)
{
	const struct section *s = u->reg->user;
	const struct field *login = section_find(s, "login"), *name = section_find(s, "name"), *active = section_find(s, "active"),
					   *roles = section_find(s, "roles"), *code = section_find(u->reg->role, "code");
	struct pg_rows *rows;
	const char *sql = arena_printf(u->arena,
								   "SELECT u.%s, u.%s, coalesce(u.%s, false), (SELECT string_agg(r.%s, ', ' ORDER BY l.position, r.%s) "
								   "FROM %s l JOIN %s r ON r.id = l.target WHERE l.record = u.id),"
								   " EXISTS (SELECT 1 FROM ostov.credential c WHERE c.user_id = u.id) FROM %s u ORDER BY 1 LIMIT 10000",
								   login->expr.column, name->expr.column, active->expr.column, code->expr.column, code->expr.column,
								   roles->expr.link, u->reg->role->expr.sql, s->expr.sql);
	if (pg_read(u->pg, PG_LANE_SLOW, u->arena, sql, NULL, &rows, err) < 0)
		return -1;
	struct buf b = BUF_INIT;
	for (size_t i = 0; i < pg_rows_count(rows); i++) {
		const char *cells[4];
		for (size_t k = 0; k < 4; k++)
			cells[k] = k == 2 ? NULL : pg_rows_null(rows, i, k) ? "" : pg_rows_text(rows, i, k);
		bool on = pg_rows_bool(rows, i, 2), secret = pg_rows_bool(rows, i, 4);
		if (!u->json) {
			buf_puts(&b, cells[0]);
			pad(&b, cells[0], 20);
			buf_puts(&b, cells[1]);
			pad(&b, cells[1], 32);
			buf_printf(&b, "%s%s%s\n", cells[3], on ? "" : "  (switched off)", secret ? "" : "  (no password)");
			continue;
		}
		buf_puts(&b, i ? ",{\"login\":" : "[{\"login\":");
		buf_json(&b, cells[0], strlen(cells[0]));
		buf_puts(&b, ",\"name\":");
		buf_json(&b, cells[1], strlen(cells[1]));
		buf_puts(&b, ",\"roles\":[");
		for (const char *role = cells[3]; *role; role += strspn(role, ", ")) {
			size_t n = strcspn(role, ",");
			buf_puts(&b, role == cells[3] ? "" : ",");
			buf_json(&b, role, n);
			role += n;
		}
		buf_puts(&b, "]");
		buf_printf(&b, ",\"active\":%s,\"password\":%s}", on ? "true" : "false", secret ? "true" : "false");
	}
	if (u->json)
		buf_puts(&b, b.len ? "]\n" : "[]\n");
	fputs(b.data ? b.data : "", stdout);
	buf_destroy(&b);
	return 0;
}

static int registry_load(struct user *u, struct err *err)
{
	struct schema_generation g;
	struct err errs;
	err_init(&errs, u->arena);
	if (schema_read_generation(u->pg, u->arena, &g, err) < 0)
		return -1;
	if (!g.config) {
		err_set(err, ERR_CONFIG, "no configuration was applied to this database");
		return err_hint(err, "'ostov apply CONFIG' makes one the one in force");
	}
	if (config_load_generation(g.config, &g.map, &u->reg, &errs) < 0)
		return err_set(err, ERR_CONFIG, "the configuration in force cannot be loaded: %s", errs.message);
	u->reg->generation = g.id;
	if (!u->reg->user || !u->reg->role)
		return err_set(err, ERR_CONFIG, "the configuration in force has no users");
	return 0;
}

static int act(struct user *u, struct err *err)
{
	static int (*const acts[])(struct unit *, void *, struct err *) = {add, password, deactivate};
	if (registry_load(u, err) < 0)
		return -1;
	if (u->act == ACT_LIST)
		return list(u, err);
	if (find_person(u, err) < 0)
		return -1;
	if (u->act == ACT_ADD && u->id)
		return err_set(err, ERR_NOT_UNIQUE, "somebody signs in as '%s' already", u->login);
	if (u->act == ACT_ADD && first_role(u, err) < 0)
		return -1;
	if (u->act != ACT_ADD && !u->id) {
		err_set(err, ERR_NOT_FOUND, "nobody signs in as '%s'", u->login);
		return err_hint(err, "'ostov user list' shows everybody");
	}
	if (u->act != ACT_DEACTIVATE &&
		(session_check_password(u->password, err) < 0 || session_hash_password(u->arena, u->password, &u->hash, err) < 0))
		return -1;
	lua_hooks_setup();
	actor_system(&u->actor, LANG_EN);
	struct unit_config config = {.pg = u->pg, .reg = u->reg, .actor = &u->actor, .lane = PG_LANE_TX};
	return unit_run(&config, acts[u->act], u, err);
}

static void done_json(const struct user *u)
{
	struct buf b = BUF_INIT;
	buf_puts(&b, "{\"login\":");
	buf_json(&b, u->login, strlen(u->login));
	buf_printf(&b, ",\"id\":%lld", (long long)u->id);
	for (size_t i = 0; u->act == ACT_ADD && i < u->nroles; i++) {
		buf_puts(&b, i ? "," : ",\"roles\":[");
		buf_json(&b, u->roles[i], strlen(u->roles[i]));
	}
	buf_puts(&b, u->act == ACT_ADD ? u->nroles ? "]" : ",\"roles\":[]" : "");
	buf_printf(&b, ",\"active\":%s}", u->act == ACT_DEACTIVATE ? "false" : "true");
	puts(b.data);
	buf_destroy(&b);
}

static void in_fiber(void *arg)
{
	static const char *const done[] = {"may sign in now", "has a new password", "is switched off"};
	struct user *u = arg;
	struct err err;
	err_init(&err, u->arena);
	struct pg_config config = {.conninfo = u->database.conninfo, .name = "ostov user", .fast = 1, .slow = 1, .tx = 2};
	if (pg_open(&config, &u->pg, &err) < 0) {
		u->code = cli_fail("user", &err);
		return;
	}
	if (act(u, &err) < 0)
		u->code = cli_fail("user", &err);
	else if (u->act != ACT_LIST && u->json)
		done_json(u);
	else if (u->act != ACT_LIST)
		printf("%s %s%s\n", u->login, done[u->act], u->first ? ", as administrator: the first one" : "");
	pg_close(u->pg);
}

/* ---- the command line ---- */

/* False with what to exit with. */
static bool options_read(int argc, char **argv, struct user *u, int *code)
{
	static const char *const acts[] = {"add", "password", "deactivate", "list"};
	/* those of every act first, then that of passwords, then those of adding */
	const struct args_option options[] = {
		{.name = "--json", .flag = &u->json},          {.name = "--database", .value = &u->url},
		{.name = "--data", .value = &u->data},         {.name = "--password-stdin", .flag = &u->from_stdin},
		{.name = "--name", .value = &u->name},         {.name = "--email", .value = &u->email},
		{.name = "--language", .value = &u->language}, {.name = "--role", .list = u->roles, .count = &u->nroles, .max = ROLES_MAX - 1}};
	static const size_t known[] = {8, 4, 3, 3};
	struct args args = {"user", help, options, 0, &u->login, 1};
	size_t act = 0;
	bool asks = false;
	for (int i = 2; i < argc; i++)
		asks |= strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0;
	if (argc < 2 || argv[1][0] == '-' || asks) {
		if (args_read(&args, argc, argv, code)) {
			fputs(help, stderr);
			*code = CLI_USAGE;
		}
		return false;
	}
	while (act < 4 && strcmp(argv[1], acts[act]) != 0)
		act++;
	if (act == 4) {
		const char *near = text_nearest(argv[1], acts, 4);
		*code = args_fault("user", near ? "unknown word '%s': did you mean '%s'?" : "unknown word '%s'", argv[1], near);
		return false;
	}
	u->act = (enum act)act;
	args.noptions = known[act];
	args.nnames = u->act == ACT_LIST ? 0 : 1;
	if (!args_read(&args, argc - 1, argv + 1, code))
		return false;
	if (u->act != ACT_LIST && !u->login) {
		*code = args_fault("user", "%s whom? a login is missing", argv[1]);
		return false;
	}
	if (!u->name)
		u->name = u->login;
	return true;
}

int cmd_user(int argc, char **argv)
{
	struct user u = {.code = CLI_OK};
	int code;
	if (!options_read(argc, argv, &u, &code))
		return code;
	struct err err;
	u.arena = arena_new_sized(64 * 1024);
	err_init(&err, u.arena);
	if (database_open(u.arena, u.url, u.data, true, &u.database, &err) < 0)
		u.code = err.code == ERR_INVALID ? args_fault("user", "%s", err.message) : cli_fail("user", &err);
	else if (u.act == ACT_ADD || u.act == ACT_PASSWORD)
		u.code = password_get(&u);
	if (u.code == CLI_OK)
		fiber_run(in_fiber, &u);
	database_close(&u.database);
	explicit_bzero(u.password, sizeof u.password);
	registry_unref(u.reg);
	arena_delete(u.arena);
	return u.code;
}
