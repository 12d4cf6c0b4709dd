#include "edge/import_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/say.h"
#include "edge/json.h"
#include "pg/pg.h"
#include "serve/unit.h"

/* One statement in a transaction of its own; *changed (may be NULL) how many rows it changed. */
static int run_alone(struct arena *a, struct pg *pg, const char *sql, const struct pg_params *p, size_t *changed, struct err *err)
{
	struct pg_tx *tx;
	struct pg_rows *rows;
	if (pg_tx_open(pg, PG_LANE_TX, &tx, err))
		return -1;
	if (pg_tx_run(tx, a, sql, p, &rows, err)) {
		pg_tx_rollback(tx);
		return -1;
	}
	if (changed)
		*changed = pg_rows_affected(rows);
	return pg_tx_commit(tx, err);
}

static int taken(struct err *err)
{
	return err_tell(err, ERR_CONFLICT, SAY_CANCELLED);
}

int import_store_new(struct unit *u, struct arena *a, const char *section, int64_t file_id, const char *mapping, int64_t *id,
					 struct err *err)
{
	struct pg_params p = {0};
	struct pg_rows *rows;
	pg_params_text(a, &p, PG_TEXT, section);
	pg_params_int(a, &p, file_id);
	pg_params_text(a, &p, PG_TEXT, mapping);
	pg_params_int(a, &p, u->user->id);
	if (pg_tx_run(u->tx, a,
				  "INSERT INTO ostov.import (section, file_id, mapping, state, user_id, created_at) VALUES ($1, $2, "
				  "jsonb_build_object('name', $3::text), 'detecting', $4, "
				  "clock_timestamp()) RETURNING id",
				  &p, &rows, err))
		return -1;
	*id = pg_rows_int(rows, 0, 0);
	return 0;
}

static int64_t number(const struct json *counts, const char *key)
{
	long long n = 0;
	json_get_int(counts, key, &n);
	return n;
}

int import_store_find(struct arena *a, struct pg *pg, int lang, int64_t id, int64_t user_id, struct import_row *out, struct err *err)
{
	struct pg_params p = {0};
	struct pg_rows *rows;
	struct json *counts;
	struct err none;
	err_init(&none, a);
	pg_params_int(a, &p, id);
	pg_params_int(a, &p, user_id);
	if (pg_read(pg, PG_LANE_FAST, a,
				"SELECT id, file_id, user_id, section, mapping->>'name', state, format::text, columns::text, key, error, counts::text, "
				"position, dry, run FROM ostov.import WHERE id = "
				"$1 AND ($2 = 0 OR user_id = $2)",
				&p, &rows, err))
		return -1;
	if (!pg_rows_count(rows))
		return err_say(err, ERR_NOT_FOUND, lang, SAY_NO_IMPORT);
	*out = (struct import_row){.id = id,
							   .file_id = pg_rows_int(rows, 0, 1),
							   .user_id = pg_rows_int(rows, 0, 2),
							   .section = pg_rows_text(rows, 0, 3),
							   .mapping = pg_rows_text(rows, 0, 4),
							   .state = pg_rows_text(rows, 0, 5),
							   .format = pg_rows_text(rows, 0, 6),
							   .columns = pg_rows_text(rows, 0, 7),
							   .key = pg_rows_text(rows, 0, 8),
							   .error = pg_rows_text(rows, 0, 9),
							   .dry = pg_rows_bool(rows, 0, 12)};
	const char *text = pg_rows_text(rows, 0, 10);
	if (text && json_read(a, text, strlen(text), &counts, &none) == 0) {
		out->rows = number(counts, "rows");
		out->counts = (struct import_counts){.done = number(counts, "done"),
											 .created = number(counts, "created"),
											 .updated = number(counts, "updated"),
											 .unchanged = number(counts, "unchanged"),
											 .rejected = number(counts, "rejected")};
	}
	out->counts.position = pg_rows_int(rows, 0, 11);
	out->run = pg_rows_int(rows, 0, 13);
	return 0;
}

int import_store_claim(struct arena *a, struct pg *pg, int lang, int64_t id, struct import_row *out, struct err *err)
{
	struct pg_params p = {0};
	struct pg_tx *tx;
	struct pg_rows *rows;
	pg_params_int(a, &p, id);
	if (pg_tx_open(pg, PG_LANE_TX, &tx, err))
		return -1;
	if (pg_tx_run(tx, a,
				  "UPDATE ostov.import SET run = run + 1 WHERE id = $1 AND state IN ('detecting', 'checking', 'running') RETURNING run", &p,
				  &rows, err)) {
		pg_tx_rollback(tx);
		return -1;
	}
	int64_t run = pg_rows_count(rows) ? pg_rows_int(rows, 0, 0) : -1;
	if (pg_tx_commit(tx, err) || import_store_find(a, pg, lang, id, 0, out, err))
		return -1;
	return out->run == run ? 0 : taken(err);
}

static const char *counts_json(struct arena *a, const struct import_counts *n, int64_t rows)
{
	return arena_printf(a, "{\"rows\":%lld,\"done\":%lld,\"created\":%lld,\"updated\":%lld,\"unchanged\":%lld,\"rejected\":%lld}",
						(long long)rows, (long long)n->done, (long long)n->created, (long long)n->updated, (long long)n->unchanged,
						(long long)n->rejected);
}

static void plan_params(struct arena *a, struct pg_params *p, int64_t id, const struct import_plan *plan)
{
	struct buf b = BUF_INIT;
	struct import_counts none = {0};
	pg_params_int(a, p, id);
	import_plan_format_json(&b, plan);
	pg_params_text(a, p, PG_TEXT, arena_strdup(a, b.data));
	buf_clear(&b);
	import_plan_columns_json(&b, plan);
	pg_params_text(a, p, PG_TEXT, arena_strdup(a, b.data));
	buf_destroy(&b);
	pg_params_text(a, p, PG_TEXT, plan->key ? plan->key->expr.name : NULL);
	pg_params_text(a, p, PG_TEXT, counts_json(a, &none, (int64_t)plan->rows));
}

int import_store_plan(struct arena *a, struct pg *pg, int64_t id, int64_t run, const struct import_plan *plan, const char *state,
					  struct err *err)
{
	struct pg_params p = {0};
	size_t changed;
	plan_params(a, &p, id, plan);
	pg_params_text(a, &p, PG_TEXT, state);
	pg_params_int(a, &p, run);
	pg_params_bool(a, &p, plan->map != NULL);
	if (run_alone(a, pg,
				  "UPDATE ostov.import SET format = $2::jsonb, columns = $3::jsonb, key = $4, counts = $5::jsonb, state = coalesce($6, "
				  "state), error = NULL, position = 0, "
				  "mapping = CASE WHEN $8 THEN mapping ELSE jsonb_build_object('name', NULL) END WHERE id = $1 AND run = $7",
				  &p, &changed, err))
		return -1;
	return changed ? 0 : taken(err);
}

/* What a user may begin anew: not what is at work. */
static int start(struct unit *u, struct arena *a, int64_t id, const struct import_plan *plan, const char *state, bool dry, struct err *err)
{
	struct pg_params p = {0}, one = {0};
	struct pg_rows *rows;
	pg_params_int(a, &one, id);
	plan_params(a, &p, id, plan);
	pg_params_text(a, &p, PG_TEXT, state);
	pg_params_bool(a, &p, dry);
	if (pg_tx_run(u->tx, a,
				  "UPDATE ostov.import SET format = $2::jsonb, columns = $3::jsonb, key = $4, counts = $5::jsonb, state = $6, dry = $7, "
				  "error = NULL, position = 0, run = run + 1 "
				  "WHERE id = $1 AND state IN ('ready', 'done', 'failed', 'cancelled')",
				  &p, &rows, err))
		return -1;
	if (pg_rows_affected(rows) != 1)
		return err_say(err, ERR_CONFLICT, u->user->lang, SAY_IMPORT_AT_WORK);
	unit_send(u, "DELETE FROM ostov.import_error WHERE import_id = $1", &one);
	return 0;
}

int import_store_detect(struct unit *u, struct arena *a, int64_t id, const struct import_plan *plan, struct err *err)
{
	return start(u, a, id, plan, "detecting", false, err);
}

int import_store_begin(struct unit *u, struct arena *a, int64_t id, const struct import_plan *plan, bool dry, struct err *err)
{
	return start(u, a, id, plan, dry ? "checking" : "running", dry, err);
}

int import_store_counts(struct unit *u, struct arena *a, int64_t id, int64_t run, const struct import_counts *n, int64_t rows,
						struct err *err)
{
	struct pg_params p = {0};
	struct pg_rows *done;
	pg_params_int(a, &p, id);
	pg_params_text(a, &p, PG_TEXT, counts_json(a, n, rows));
	pg_params_int(a, &p, n->position);
	pg_params_int(a, &p, run);
	if (pg_tx_run(u->tx, a, "UPDATE ostov.import SET counts = $2::jsonb, position = $3 WHERE id = $1 AND run = $4", &p, &done, err))
		return -1;
	return pg_rows_affected(done) == 1 ? 0 : taken(err);
}

int import_store_state(struct arena *a, struct pg *pg, int64_t id, int64_t run, const struct import_counts *n, int64_t rows,
					   const char *state, const char *error, struct err *err)
{
	struct pg_params p = {0};
	pg_params_int(a, &p, id);
	pg_params_text(a, &p, PG_TEXT, counts_json(a, n, rows));
	pg_params_text(a, &p, PG_TEXT, state);
	pg_params_text(a, &p, PG_TEXT, error);
	pg_params_int(a, &p, run);
	return run_alone(a, pg,
					 "UPDATE ostov.import SET counts = $2::jsonb, state = coalesce($3, state), error = $4 WHERE id = $1 AND run = $5", &p,
					 NULL, err);
}

/* The lock makes a run that begins wait, or this one see it. */
static const char reject_sql[] = "INSERT INTO ostov.import_error (import_id, \"row\", \"column\", reason, cells) SELECT id, $2, $3, $4, "
								 "$5::jsonb FROM ostov.import WHERE id = $1 AND run = $6 FOR SHARE";

static struct pg_params reject_params(struct arena *a, int64_t id, int64_t run, const struct import_rejected *r)
{
	struct pg_params p = {0};
	struct buf b = BUF_INIT;
	buf_putc(&b, '[');
	for (size_t i = 0; i < r->ncells; i++) {
		if (i)
			buf_putc(&b, ',');
		buf_json(&b, r->cells[i].text, r->cells[i].len);
	}
	buf_putc(&b, ']');
	pg_params_int(a, &p, id);
	pg_params_int(a, &p, r->row);
	pg_params_text(a, &p, PG_TEXT, r->column);
	pg_params_text(a, &p, PG_TEXT, r->reason);
	pg_params_text(a, &p, PG_TEXT, arena_strdup(a, b.data));
	pg_params_int(a, &p, run);
	buf_destroy(&b);
	return p;
}

void import_store_reject(struct unit *u, struct arena *a, int64_t id, int64_t run, const struct import_rejected *r)
{
	struct pg_params p = reject_params(a, id, run, r);
	unit_send(u, reject_sql, &p);
}

int import_store_reject_all(struct arena *a, struct pg *pg, int64_t id, int64_t run, const struct import_rejected *list, size_t n,
							struct err *err)
{
	struct pg_tx *tx;
	if (!n)
		return 0;
	if (pg_tx_open(pg, PG_LANE_TX, &tx, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct pg_params p = reject_params(a, id, run, &list[i]);
		pg_tx_send(tx, a, reject_sql, &p);
	}
	return pg_tx_commit(tx, err);
}

int import_store_forget(struct arena *a, struct pg *pg, int64_t id, int64_t run, struct err *err)
{
	struct pg_params p = {0};
	pg_params_int(a, &p, id);
	pg_params_int(a, &p, run);
	return run_alone(a, pg,
					 "WITH mine AS (SELECT id FROM ostov.import WHERE id = $1 AND run = $2 FOR SHARE) DELETE FROM ostov.import_error e "
					 "USING mine WHERE e.import_id = mine.id",
					 &p, NULL, err);
}

int import_store_cancel(struct arena *a, struct pg *pg, int64_t id, struct err *err)
{
	struct pg_params p = {0};
	pg_params_int(a, &p, id);
	return run_alone(a, pg,
					 "UPDATE ostov.import SET state = 'cancelled', run = run + 1 WHERE id = $1 AND state IN ('detecting', 'ready', "
					 "'checking', 'running')",
					 &p, NULL, err);
}

int import_store_mine(struct arena *a, struct pg *pg, int64_t id, int64_t run, struct err *err)
{
	struct pg_params p = {0};
	struct pg_rows *rows;
	pg_params_int(a, &p, id);
	pg_params_int(a, &p, run);
	if (pg_read(pg, PG_LANE_FAST, a, "SELECT 1 FROM ostov.import WHERE id = $1 AND run = $2", &p, &rows, err))
		return -1;
	return pg_rows_count(rows) ? 0 : taken(err);
}

int import_store_take_up(struct arena *a, struct pg *pg, const char *section, const char *mark, int64_t user_id, bool anew,
						 struct import_row *out, struct err *err)
{
	/* what nobody has taken up for a week nobody will */
	static const char *const forget[2] = {
		"DELETE FROM ostov.import WHERE mapping ? 'command' AND created_at < clock_timestamp() - interval '7 days'",
		"DELETE FROM ostov.import WHERE mapping->>'command' = $1"};
	struct pg_params none = {0}, p = {0}, make = {0};
	struct pg_tx *tx;
	struct pg_rows *rows;
	pg_params_text(a, &p, PG_TEXT, mark);
	pg_params_text(a, &make, PG_TEXT, mark);
	pg_params_text(a, &make, PG_TEXT, section);
	pg_params_int(a, &make, user_id);
	if (pg_tx_open(pg, PG_LANE_TX, &tx, err))
		return -1;
	if (pg_tx_run(tx, a, forget[anew], anew ? &p : &none, &rows, err) ||
		pg_tx_run(tx, a, "UPDATE ostov.import SET run = run + 1 WHERE mapping->>'command' = $1 RETURNING id", &p, &rows, err) ||
		(!pg_rows_count(rows) && pg_tx_run(tx, a,
										   "INSERT INTO ostov.import (section, mapping, state, user_id, created_at) VALUES ($2, "
										   "jsonb_build_object('name', NULL, 'command', $1::text), 'running', nullif($3, 0), "
										   "clock_timestamp()) RETURNING id",
										   &make, &rows, err))) {
		pg_tx_rollback(tx);
		return -1;
	}
	int64_t id = pg_rows_int(rows, 0, 0);
	return pg_tx_commit(tx, err) || import_store_find(a, pg, LANG_EN, id, 0, out, err) ? -1 : 0;
}

int import_store_drop(struct arena *a, struct pg *pg, int64_t id, struct err *err)
{
	struct pg_params p = {0};
	pg_params_int(a, &p, id);
	return run_alone(a, pg, "DELETE FROM ostov.import WHERE id = $1", &p, NULL, err);
}

int import_store_each_rejected(struct pg *pg, int64_t id, int (*fn)(void *ctx, const struct import_rejected *r), void *ctx, struct err *err)
{
	enum { PAGE = 500 };
	struct arena *a = arena_new_sized(64 * 1024);
	int failed = 0;
	for (int64_t after = 0, got = PAGE; !failed && got == PAGE;) {
		struct pg_params p = {0};
		struct pg_rows *rows;
		arena_reset(a);
		pg_params_int(a, &p, id);
		pg_params_int(a, &p, after);
		pg_params_int(a, &p, PAGE);
		failed = pg_read(pg, PG_LANE_SLOW, a,
						 "SELECT \"row\", \"column\", reason, cells::text FROM ostov.import_error WHERE import_id = $1 AND \"row\" > $2 "
						 "ORDER BY \"row\" LIMIT $3",
						 &p, &rows, err);
		got = failed ? 0 : (int64_t)pg_rows_count(rows);
		for (size_t i = 0; !failed && i < (size_t)got; i++) {
			struct json *cells = NULL;
			const char *text = pg_rows_text(rows, i, 3);
			after = pg_rows_int(rows, i, 0);
			if (text && json_read(a, text, strlen(text), &cells, err)) {
				failed = -1;
				break;
			}
			struct csv_cell *own = arena_array(a, struct csv_cell, cells ? cells->count + 1 : 1);
			struct import_rejected one = {after, pg_rows_text(rows, i, 1), pg_rows_text(rows, i, 2), own, 0};
			for (const struct json *c = cells ? cells->first : NULL; c; c = c->next)
				own[one.ncells++] = (struct csv_cell){c->text ? c->text : "", c->text ? c->len : 0};
			failed = fn(ctx, &one);
		}
	}
	arena_delete(a);
	return failed;
}
