#include "meta/schema_apply.h"

#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/fiber.h"
#include "base/log.h"
#include "meta/registry.h"
#include "meta/schema_system.h"
#include "meta/schema_version.h"
#include "pg/pg.h"

/* DDL_LOCK_MS is under the 250 ms that a reader's statement may take: who queues behind a waiting ALTER still gets through. */
enum { DDL_LOCK_MS = 100, LOCK_POLL_MS = 200, BACKOFF_MIN_MS = 50, BACKOFF_MAX_MS = 2000, WORKER_POLL_MS = 200, JOURNAL_ROWS = 5000 };

void schema_run_say(struct schema_run *x, const char *fmt, ...)
{
	if (!x->options->progress)
		return;
	va_list ap;
	va_start(ap, fmt);
	const char *text = arena_vprintf(x->arena, fmt, ap);
	va_end(ap);
	x->options->progress(x->options->ctx, text);
}

/* ---- running statements ---- */

int schema_run_open(struct schema_run *x, int lock_ms, struct pg_tx **tx, struct err *err)
{
	if (pg_tx_open(x->pg, PG_LANE_OPERATOR, tx, err) < 0)
		return -1;
	struct pg_rows *rows;
	const char *sql =
		arena_printf(x->arena, "SELECT set_config('lock_timeout', '%dms', true), set_config('statement_timeout', '600s', true)", lock_ms);
	if (pg_tx_run(*tx, x->arena, sql, NULL, &rows, err) == 0)
		return 0;
	pg_tx_rollback(*tx);
	return -1;
}

int schema_run_do(struct schema_run *x, struct pg_tx *tx, const char *sql, const struct pg_params *params, struct pg_rows **rows,
				  struct err *err)
{
	struct pg_rows *ignored;
	if (fault_hit("apply.statement"))
		return err_set(err, ERR_ENVIRONMENT, "the apply was stopped for a test");
	if (pg_tx_run(tx, x->arena, sql, params, rows ? rows : &ignored, err) == 0)
		return 0;
	if (err->code == ERR_INTERNAL)
		err_hint(err, "while: %.300s", sql);
	return -1;
}

static int run_outside(struct schema_run *x, const char *sql, struct pg_rows **rows, struct err *err)
{
	struct pg_rows *ignored;
	if (fault_hit("apply.statement"))
		return err_set(err, ERR_ENVIRONMENT, "the apply was stopped for a test");
	return pg_run_outside(x->pg, x->arena, sql, NULL, rows ? rows : &ignored, err);
}

/* Who holds locks on the tables of sections, for the operator who waits. */
static const char *blockers(struct schema_run *x)
{
	static const char sql[] =
		"SELECT string_agg(DISTINCT format('process %s (%s, in its transaction for %s s)', a.pid, coalesce(nullif(a.application_name, ''), "
		"'unnamed'),"
		" extract(epoch FROM clock_timestamp() - a.xact_start)::int), ', ') FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
		" WHERE l.granted AND a.pid <> pg_backend_pid() AND a.xact_start < clock_timestamp() - interval '1 second' AND ("
		" (l.locktype = 'relation' AND l.relation IN (SELECT oid FROM pg_class WHERE relnamespace = to_regnamespace('app')))"
		" OR (l.locktype = 'advisory' AND l.objid = 7001))";
	struct pg_rows *rows;
	struct err ignored;
	err_init(&ignored, x->arena);
	if (pg_read(x->pg, PG_LANE_SLOW, x->arena, sql, NULL, &rows, &ignored) < 0 || pg_rows_null(rows, 0, 0))
		return NULL;
	return pg_rows_text(rows, 0, 0);
}

int schema_run_retry(struct schema_run *x, int lock_ms, const char *what,
					 int (*body)(struct schema_run *x, struct pg_tx *tx, void *ctx, struct err *err), void *ctx, struct err *err)
{
	uint64_t pause = BACKOFF_MIN_MS, told = clock_monotonic_ms() + 3000;
	for (;;) {
		struct pg_tx *tx;
		struct err one;
		err_init(&one, x->arena);
		if (schema_run_open(x, lock_ms, &tx, &one) == 0) {
			if (body(x, tx, ctx, &one) == 0) {
				if (pg_tx_commit(tx, &one) == 0)
					return 0;
			} else {
				pg_tx_rollback(tx);
			}
		}
		uint64_t now = clock_monotonic_ms();
		if (one.code != ERR_RETRY) {
			struct arena *a = err->arena;
			*err = one;
			err->arena = a;
			return -1;
		}
		if (now >= x->deadline) {
			const char *who = blockers(x);
			err_set(err, ERR_UNAVAILABLE, "%s: others hold its locks for too long%s%s", what, who ? ": " : "", who ? who : "");
			return err_hint(err, "what was done so far stays and nobody sees it; apply again when they have ended");
		}
		if (now >= told) {
			const char *who = blockers(x);
			schema_run_say(x, "waiting for the locks of: %s%s%s", what, who ? "; held by " : "", who ? who : "");
			told = now + 10000;
		}
		fiber_sleep(pause);
		pause = pause * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : pause * 2;
	}
}

static void patience(struct schema_run *x)
{
	x->deadline = clock_monotonic_ms() + (x->options->patience_ms ? x->options->patience_ms : 60000);
}

/* ---- the lock of the whole ---- */

static int lock_take(struct schema_run *x, struct err *err)
{
	uint64_t end = clock_monotonic_ms() + (x->options->lock_wait_ms ? x->options->lock_wait_ms : 60000);
	struct pg_rows *rows;
	bool told = false;
	/* a program that is killed must not leave its session at work for long */
	if (run_outside(x, "SELECT set_config('client_connection_check_interval', '1s', false), set_config('statement_timeout', '6h', false)",
					NULL, err) < 0)
		return -1;
	for (;;) {
		if (run_outside(x, arena_printf(x->arena, "SELECT pg_try_advisory_lock(%d)", SCHEMA_LOCK_APPLY), &rows, err) < 0)
			return -1;
		if (pg_rows_bool(rows, 0, 0))
			return 0;
		if (!told)
			schema_run_say(x, "another apply is at work on this database: waiting for its end");
		told = true;
		if (clock_monotonic_ms() >= end) {
			err_set(err, ERR_CONFLICT, "another apply is at work on this database and does not end");
			return err_hint(err, "its session holds the advisory lock %d", SCHEMA_LOCK_APPLY);
		}
		fiber_sleep(LOCK_POLL_MS);
	}
}

static void lock_give(struct schema_run *x)
{
	struct pg_rows *rows;
	struct err ignored;
	err_init(&ignored, x->arena);
	pg_run_outside(x->pg, x->arena, arena_printf(x->arena, "SELECT pg_advisory_unlock(%d)", SCHEMA_LOCK_APPLY), NULL, &rows, &ignored);
}

/* ---- the journal ---- */

static int journal_add(struct schema_run *x, struct pg_tx *tx, const char *action, const char *place, const char *physical,
					   const char *state, struct err *err)
{
	struct pg_params params = {0};
	pg_params_text(x->arena, &params, PG_TEXT, x->registry->hash ? x->registry->hash : "");
	pg_params_text(x->arena, &params, PG_TEXT, action);
	pg_params_text(x->arena, &params, PG_TEXT, place);
	pg_params_text(x->arena, &params, PG_TEXT, physical);
	pg_params_text(x->arena, &params, PG_TEXT, state);
	return schema_run_do(
		x, tx, "INSERT INTO ostov.apply_step (hash, action, place, physical, state, at) VALUES ($1, $2, $3, $4, $5, clock_timestamp())",
		&params, NULL, err);
}

static int leftover_drop(struct schema_run *x, struct pg_tx *tx, void *ctx, struct err *err)
{
	const struct schema_leftover *l = ctx;
	struct arena *a = x->arena;
	const char *dot = strcmp(l->action, "column") == 0 ? strchr(l->physical, '.') : NULL;
	const char *sql =
		dot ? arena_printf(a, "ALTER TABLE IF EXISTS %s DROP COLUMN IF EXISTS %s",
						   schema_table_sql(a, arena_strndup(a, l->physical, (size_t)(dot - l->physical))), schema_ident(a, dot + 1))
			: arena_printf(a, "DROP TABLE IF EXISTS %s CASCADE", schema_table_sql(a, l->physical));
	struct pg_params params = {0};
	pg_params_int(a, &params, l->id);
	if (schema_run_do(x, tx, sql, NULL, NULL, err) < 0)
		return -1;
	return schema_run_do(x, tx, "UPDATE ostov.apply_step SET state = 'removed' WHERE id = $1", &params, NULL, err);
}

/* What an interrupted apply made is taken away: no generation knows it, and this configuration may be another one. Whole indexes stay: their names say what they are. */
static int leftovers_remove(struct schema_run *x, struct err *err)
{
	struct schema_current *c;
	if (schema_read(x->pg, x->arena, &c, err) < 0)
		return -1;
	for (size_t i = c->leftovers.count; i-- > 0;) {
		struct schema_leftover *l = &c->leftovers.items[i];
		schema_run_say(x, "removing what an interrupted apply left: %s", l->physical);
		patience(x);
		if (schema_run_retry(x, DDL_LOCK_MS, l->physical, leftover_drop, l, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- expand ---- */

static bool op_is_fresh(const struct schema_op *op)
{
	return op->fresh && (op->kind == OP_TABLE || op->kind == OP_KEY || op->kind == OP_INDEX);
}

/* All new tables with their keys and indexes: one transaction, since nobody uses them. */
static int tables_create(struct schema_run *x, struct pg_tx *tx, void *ctx, struct err *err)
{
	(void)ctx;
	for (size_t i = 0; i < x->plan->ops.count; i++) {
		const struct schema_op *op = &x->plan->ops.items[i];
		if (!op_is_fresh(op))
			continue;
		if (schema_run_do(x, tx, op->sql, NULL, NULL, err) < 0)
			return -1;
		if (op->kind == OP_TABLE &&
			journal_add(x, tx, strcmp(op->item->kind, "field") == 0 ? "link" : "table", op->place, op->table, "made", err) < 0)
			return -1;
	}
	return 0;
}

static int columns_create(struct schema_run *x, struct pg_tx *tx, void *ctx, struct err *err)
{
	const struct schema_op *op = ctx;
	for (size_t i = 0; i + 1 < op->columns.count; i += 2)
		if (journal_add(x, tx, "column", op->columns.items[i + 1], arena_printf(x->arena, "%s.%s", op->table, op->columns.items[i]), "made",
						err) < 0)
			return -1;
	return schema_run_do(x, tx, op->sql, NULL, NULL, err);
}

static int one_statement(struct schema_run *x, struct pg_tx *tx, void *ctx, struct err *err)
{
	const struct schema_op *op = ctx;
	return schema_run_do(x, tx, op->sql, NULL, NULL, err);
}

static int index_create(struct schema_run *x, const struct schema_op *op, struct err *err)
{
	const char *drop = arena_printf(x->arena, "DROP INDEX CONCURRENTLY IF EXISTS app.%s", schema_ident(x->arena, op->name));
	if (op->rebuild && run_outside(x, drop, NULL, err) < 0)
		return -1;
	schema_run_say(x, "building the index %s", op->name);
	for (int tries = 0;; tries++) {
		if (run_outside(x, op->sql, NULL, err) == 0)
			return 0;
		enum err_code code = err->code;
		struct err ignored;
		err_init(&ignored, x->arena);
		/* what failed leaves an invalid index: it costs every write and serves nobody */
		run_outside(x, drop, NULL, &ignored);
		if (code == ERR_NOT_UNIQUE) {
			err_set(err, ERR_CONFLICT, "%s: two records got the same value while the index was built", op->place);
			return err_hint(err, "'ostov plan' counts them; change the records, then apply again");
		}
		if (code == ERR_INVALID) {
			err_set(err, ERR_CONFLICT, "%s: a record got a text that is too long for the index %s while it was built", op->place, op->name);
			return err_hint(err, "'ostov plan' counts them; change the records, then apply again");
		}
		if (code != ERR_RETRY || tries == 4)
			return -1;
		fiber_sleep(BACKOFF_MIN_MS << tries);
	}
}

static const struct schema_item *builtin_item(struct schema_run *x, const char *kind, const char *path)
{
	const struct schema_item *it = shape_find(&x->plan->shape, kind, path);
	return it && it->physical ? it : NULL;
}

struct platform_keys {
	const char *users; /* SQL name of the users' table */
	struct pg_rows *there;
};

/* Sessions and the like go with their user. */
static int platform_keys_create(struct schema_run *x, struct pg_tx *tx, void *ctx, struct err *err)
{
	static const char *const tables[] = {"credential", "session", "token", "setting"};
	const struct platform_keys *k = ctx;
	struct pg_rows *rows;
	if (schema_run_do(x, tx, "SELECT conname FROM pg_constraint WHERE connamespace = 'ostov'::regnamespace AND contype = 'f'", NULL, &rows,
					  err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		const char *name = arena_printf(x->arena, "%s_user_fk", tables[i]);
		bool there = false;
		for (size_t n = 0; n < pg_rows_count(rows) && !there; n++)
			there = strcmp(pg_rows_text(rows, n, 0), name) == 0;
		if (!there &&
			schema_run_do(x, tx,
						  arena_printf(x->arena,
									   "ALTER TABLE ostov.%s ADD CONSTRAINT %s FOREIGN KEY (user_id) REFERENCES %s (id) ON DELETE CASCADE",
									   tables[i], name, k->users),
						  NULL, NULL, err) < 0)
			return -1;
	}
	return 0;
}

static int view_create(struct schema_run *x, struct pg_tx *tx, void *ctx, struct err *err)
{
	const char *sql = ctx;
	struct pg_rows *rows;
	if (schema_run_do(x, tx, "SELECT coalesce(obj_description(to_regclass('ostov.role_member'), 'pg_class'), '')", NULL, &rows, err) < 0)
		return -1;
	if (strcmp(pg_rows_text(rows, 0, 0), sql) == 0)
		return 0;
	if (schema_run_do(x, tx, arena_printf(x->arena, "CREATE OR REPLACE VIEW ostov.role_member AS %s", sql), NULL, NULL, err) < 0)
		return -1;
	return schema_run_do(x, tx, arena_printf(x->arena, "COMMENT ON VIEW ostov.role_member IS %s", shape_quote(x->arena, sql)), NULL, NULL,
						 err);
}

/* What of the platform's own stands on the tables of users and roles. */
static int platform_expand(struct schema_run *x, struct err *err)
{
	struct arena *a = x->arena;
	const struct schema_item *user = builtin_item(x, "section", "user"), *role = builtin_item(x, "section", "role"),
							 *roles = builtin_item(x, "field", "user.roles");
	const struct schema_item *code = builtin_item(x, "field", "role.code"), *active = builtin_item(x, "field", "user.active");
	if (user) {
		struct platform_keys keys = {.users = schema_table_sql(a, user->physical)};
		if (schema_run_retry(x, DDL_LOCK_MS, "the users' table", platform_keys_create, &keys, err) < 0)
			return -1;
	}
	if (!user || !role || !roles || !code)
		return 0;
	const char *sql = arena_printf(
		a,
		"SELECT DISTINCT i.role, l.record AS user_id FROM ostov.role_include i JOIN %s r ON r.%s = i.holder JOIN %s l ON l.target = r.id"
		" JOIN %s u ON u.id = l.record%s%s",
		schema_table_sql(a, role->physical), schema_ident(a, code->physical), schema_table_sql(a, roles->physical),
		schema_table_sql(a, user->physical), active ? " WHERE u." : "", active ? schema_ident(a, active->physical) : "");
	return schema_run_retry(x, DDL_LOCK_MS, "the view of roles", view_create, (void *)sql, err);
}

static int expand(struct schema_run *x, struct err *err)
{
	struct schema_plan *p = x->plan;
	static const enum schema_op_kind order[] = {OP_COLUMNS, OP_FILL, OP_FILL, OP_KEY, OP_VALIDATE, OP_INDEX};
	bool fresh = false;
	patience(x);
	for (size_t i = 0; i < p->ops.count && !fresh; i++)
		fresh = op_is_fresh(&p->ops.items[i]);
	if (fresh) {
		schema_run_say(x, "making new tables");
		if (schema_run_retry(x, DDL_LOCK_MS, "new tables", tables_create, NULL, err) < 0)
			return -1;
	}
	for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
		bool filled = k > 0 && order[k - 1] == OP_FILL;
		for (size_t i = 0; i < p->ops.count; i++) {
			struct schema_op *op = &p->ops.items[i];
			/* sums are computed of what is converted by then */
			bool second = op->kind == OP_FILL && !op->sql;
			if (op->kind != order[k] || op_is_fresh(op) || op->late || (op->kind == OP_FILL && second != filled))
				continue;
			patience(x);
			int rc = 0;
			switch (op->kind) {
			case OP_COLUMNS:
				schema_run_say(x, "adding columns to %s", op->table);
				rc = schema_run_retry(x, DDL_LOCK_MS, op->table, columns_create, op, err);
				break;
			case OP_FILL:
				schema_run_say(x, "filling %s", op->place);
				rc = schema_fill(x, op, NULL, err);
				break;
			case OP_KEY:
			case OP_VALIDATE: rc = schema_run_retry(x, DDL_LOCK_MS, op->table, one_statement, op, err); break;
			case OP_INDEX: rc = index_create(x, op, err); break;
			default: break;
			}
			if (rc < 0)
				return -1;
		}
	}
	patience(x);
	if (schema_version_expand(x, err) < 0)
		return -1;
	patience(x);
	return platform_expand(x, err);
}

/* ---- finish ---- */

/* True when every live worker runs the new generation. */
static bool workers_over(struct schema_run *x, const char **who, struct err *err)
{
	struct pg_params params = {0};
	struct pg_rows *rows;
	pg_params_int(x->arena, &params, x->out->generation);
	if (pg_read(
			x->pg, PG_LANE_SLOW, x->arena,
			"SELECT id, generation FROM ostov.worker WHERE seen_at > clock_timestamp() - interval '5 seconds' AND generation < $1 LIMIT 1",
			&params, &rows, err) < 0 ||
		pg_rows_count(rows) == 0) {
		*who = NULL;
		return err->code == ERR_OK;
	}
	*who = arena_printf(x->arena, "worker %s still runs generation %lld", pg_rows_text(rows, 0, 0), (long long)pg_rows_int(rows, 0, 1));
	return false;
}

static int drop_do(struct schema_run *x, struct pg_tx *tx, void *ctx, struct err *err)
{
	const struct schema_op *op = ctx;
	if (op->sql && schema_run_do(x, tx, op->sql, NULL, NULL, err) < 0)
		return -1;
	struct pg_params params = {0};
	if (op->object) {
		pg_params_int(x->arena, &params, op->object->id);
		if (strcmp(op->object->kind, "section") == 0 &&
			schema_run_do(x, tx, "DELETE FROM ostov.task WHERE section_id = $1", &params, NULL, err) < 0)
			return -1;
		return schema_run_do(x, tx,
							 "UPDATE ostov.object SET removed_at = clock_timestamp() WHERE removed_at IS NULL AND dropped_at IS NOT NULL "
							 "AND (id = $1 OR parent = $1)",
							 &params, NULL, err);
	}
	pg_params_int(x->arena, &params, op->item->parent->id);
	pg_params_text(x->arena, &params, PG_TEXT, op->name);
	return schema_run_do(x, tx,
						 "UPDATE ostov.object SET removed_at = clock_timestamp() WHERE removed_at IS NULL AND dropped_at IS NOT NULL AND "
						 "parent = $1 AND physical = $2",
						 &params, NULL, err);
}

static int drop_one(struct schema_run *x, struct schema_op *op, struct err *err)
{
	struct pg_rows *rows;
	/* nobody allowed to lose what was written since the plan was made */
	if (op->detail) {
		if (pg_read(x->pg, PG_LANE_SLOW, x->arena, op->detail, NULL, &rows, err) < 0)
			return -1;
		if (pg_rows_int(rows, 0, 0) > 0) {
			x->out->left++;
			x->out->left_why = arena_printf(x->arena, "%s got values meanwhile; '--allow-loss %s' drops it", op->place, op->place);
			return 0;
		}
	}
	schema_run_say(x, "dropping %s", op->place);
	return schema_run_retry(x, DDL_LOCK_MS, op->table, drop_do, op, err);
}

static int journal_one(struct schema_run *x, const char *state, const char *detail, struct err *err)
{
	struct pg_tx *tx;
	if (schema_run_open(x, DDL_LOCK_MS, &tx, err) < 0)
		return -1;
	struct pg_params params = {0};
	pg_params_int(x->arena, &params, JOURNAL_ROWS);
	if (journal_add(x, tx, "apply", detail, NULL, state, err) < 0 ||
		schema_run_do(
			x, tx, "DELETE FROM ostov.apply_step WHERE state NOT IN ('made', 'open') AND id < (SELECT max(id) - $1 FROM ostov.apply_step)",
			&params, NULL, err) < 0 ||
		schema_run_do(x, tx, "DELETE FROM ostov.worker WHERE seen_at < clock_timestamp() - interval '1 day'", NULL, NULL, err) < 0) {
		pg_tx_rollback(tx);
		return -1;
	}
	return pg_tx_commit(tx, err);
}

static int finish(struct schema_run *x, struct err *err)
{
	struct schema_plan *p = x->plan;
	bool drops = false;
	patience(x);
	if (schema_version_finish(x, err) < 0)
		return -1;
	patience(x);
	if (schema_tasks_run(x, err) < 0)
		return -1;
	for (size_t i = 0; i < p->ops.count; i++) {
		struct schema_op *op = &p->ops.items[i];
		int rc = 0;
		patience(x);
		if (op->kind == OP_KEY_DROP || op->kind == OP_DEFAULT_DROP || (op->kind == OP_VALIDATE && op->late))
			rc = schema_run_retry(x, DDL_LOCK_MS, op->table, one_statement, op, err);
		else if (op->kind == OP_INDEX_DROP)
			rc = run_outside(x, op->sql, NULL, err);
		drops |= op->kind == OP_DROP;
		if (rc < 0)
			return -1;
	}
	if (!drops)
		return journal_one(x, "finished", "", err);
	uint64_t end = clock_monotonic_ms() + (x->options->worker_wait_ms ? x->options->worker_wait_ms : 15000);
	const char *who;
	struct err one;
	err_init(&one, x->arena);
	while (!workers_over(x, &who, &one)) {
		if (one.code != ERR_OK)
			return err_set(err, one.code, "%s", one.message);
		if (clock_monotonic_ms() >= end) {
			for (size_t i = 0; i < p->ops.count; i++)
				x->out->left += p->ops.items[i].kind == OP_DROP;
			x->out->left_why = who;
			return journal_one(x, "left", who, err);
		}
		fiber_sleep(WORKER_POLL_MS);
	}
	patience(x);
	for (size_t i = 0; i < p->ops.count; i++)
		if (p->ops.items[i].kind == OP_DROP && drop_one(x, &p->ops.items[i], err) < 0)
			return -1;
	return journal_one(x, x->out->left ? "left" : "finished", x->out->left_why ? x->out->left_why : "", err);
}

/* ---- the whole ---- */

static int apply_locked(struct schema_run *x, const struct registry *bare, struct err *err)
{
	struct schema_current *current;
	bool trgm;
	if (schema_system_apply(x->pg, x->arena, &trgm, err) < 0 || leftovers_remove(x, err) < 0 ||
		schema_read(x->pg, x->arena, &current, err) < 0 ||
		schema_diff(x->pg, x->arena, bare, current, &x->options->allow, x->options->build.rebuild ? &x->options->build : NULL, &x->plan,
					err) < 0)
		return -1;
	x->out->plan = x->plan;
	x->out->generation = current->generation;
	const struct schema_loss *refused = schema_plan_refused(x->plan);
	if (refused) {
		err_set(err, ERR_LOSS, "%s: %s", refused->name, refused->what);
		return err_hint(err, refused->hint ? "%s" : "'--allow-loss %s' applies all the same",
						refused->hint ? refused->hint : refused->name);
	}
	if (schema_plan_nothing(x->plan)) {
		x->out->nothing = true;
		return 0;
	}
	for (size_t i = 0; i < x->plan->broken.count; i++)
		schema_run_say(x, "note: %s: %s", x->plan->broken.items[i].name, x->plan->broken.items[i].what);
	if (schema_switch_ids(x, err) < 0)
		return -1;
	if (x->options->build.rebuild) {
		struct object_map map = schema_plan_map(x->plan);
		if (x->options->build.rebuild(x->options->build.ctx, &map, &x->registry, err) < 0)
			return -1;
	}
	if (expand(x, err) < 0)
		return -1;
	patience(x);
	if (schema_switch(x, err) < 0)
		return -1;
	if (finish(x, err) < 0) {
		/* the new generation is in force: what is left is tidying, and the next apply does it */
		log_warn("the configuration is applied, but not tidied up: %s", err->message);
		x->out->left++;
		x->out->left_why = err->message;
	}
	return 0;
}

int schema_apply(struct pg *pg, struct arena *a, const struct registry *registry, const struct config *config,
				 const struct schema_apply_options *options, struct schema_applied *out, struct err *err)
{
	struct schema_run x = {.pg = pg, .arena = a, .registry = registry, .config = config, .options = options, .out = out};
	memset(out, 0, sizeof *out);
	if (lock_take(&x, err) < 0)
		return -1;
	int rc = apply_locked(&x, registry, err);
	lock_give(&x);
	return rc;
}
