#include "serve/file_sweep.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "pg/pg.h"
#include "serve/actor.h"
#include "serve/record_private.h"

enum { FILES = 100, BODIES = 20 };

/* " AND NOT EXISTS …" for whatever may hold the file x. */
static void unheld(struct buf *sql, const struct registry *reg)
{
	for (size_t i = 0; i < reg->nsections; i++) {
		for (size_t k = 0; k < reg->sections[i]->nfields; k++) {
			const struct field *f = reg->sections[i]->fields[k];
			if (f->builtin || f->to != reg->file || !record_stores(f))
				continue;
			if (f->expr.storage == EXPR_LINK)
				buf_printf(sql, " AND NOT EXISTS (SELECT 1 FROM %s h WHERE h.target = x.id)", f->expr.link);
			else if (f->expr.storage == EXPR_COLUMN)
				buf_printf(sql, " AND NOT EXISTS (SELECT 1 FROM %s h WHERE h.%s = x.id)", f->section->expr.sql, f->expr.column);
		}
	}
	buf_printf(sql,
			   " AND NOT EXISTS (SELECT 1 FROM ostov.import h WHERE h.file_id = x.id AND (h.state IN ('detecting', 'checking', 'running') "
			   "OR h.created_at > "
			   "clock_timestamp() - interval '%d days'))",
			   FILE_SWEEP_IMPORT_DAYS);
}

struct removal {
	int64_t id;
	bool done;
};

static int remove_file(struct unit *u, void *ctx, struct err *err)
{
	struct removal *r = ctx;
	struct buf sql = BUF_INIT;
	struct pg_params p = {0};
	struct pg_rows *rows;
	const char *table = u->reg->file->expr.sql;
	r->done = false;
	/* the lock stops whoever is about to take it; the next statement sees all who have */
	pg_params_int(u->arena, &p, r->id);
	if (unit_ready(u, err) ||
		pg_tx_run(u->tx, u->arena, arena_printf(u->arena, "SELECT 1 FROM %s x WHERE x.id = $1 FOR UPDATE SKIP LOCKED", table), &p, &rows,
				  err))
		return -1;
	if (!pg_rows_count(rows))
		return 0;
	buf_printf(&sql, "SELECT 1 FROM %s x WHERE x.id = $1", table);
	unheld(&sql, u->reg);
	const char *text = arena_strndup(u->arena, sql.data, sql.len);
	buf_destroy(&sql);
	if (pg_tx_run(u->tx, u->arena, text, &p, &rows, err))
		return -1;
	if (!pg_rows_count(rows))
		return 0;
	r->done = true;
	return record_delete(u, u->reg->file, r->id, NULL, err);
}

static int sweep_files(struct file_sweep *s, struct arena *a, struct pg *pg, struct registry *reg, struct err *err)
{
	struct buf sql = BUF_INIT;
	struct pg_params p = {0};
	struct pg_rows *rows;
	struct actor system;
	buf_printf(&sql, "SELECT x.id FROM %s x WHERE x.id > $1 AND x.created_at < clock_timestamp() - interval '%d hours'",
			   reg->file->expr.sql, FILE_SWEEP_HOURS);
	unheld(&sql, reg);
	buf_printf(&sql, " ORDER BY x.id LIMIT %d", FILES);
	const char *text = arena_strndup(a, sql.data, sql.len);
	buf_destroy(&sql);
	pg_params_int(a, &p, s->after);
	if (pg_read(pg, PG_LANE_SLOW, a, text, &p, &rows, err))
		return -1;
	actor_system(&system, LANG_EN);
	struct unit_config config = {.pg = pg, .reg = reg, .actor = &system, .lane = PG_LANE_TX};
	for (size_t i = 0; i < pg_rows_count(rows); i++) {
		struct removal r = {.id = pg_rows_int(rows, i, 0)};
		struct err one;
		err_init(&one, a);
		if (unit_run(&config, remove_file, &r, &one)) {
			if (one.code == ERR_UNAVAILABLE || one.code == ERR_OUTCOME_UNKNOWN)
				return err_copy(err, &one);
			/* held by a column that this configuration no longer knows: its turn comes when that is gone */
			log_info("upload %lld is not removed: %s", (long long)r.id, one.message);
		} else {
			s->files += r.done;
		}
		s->after = r.id;
	}
	s->bodies = pg_rows_count(rows) < FILES;
	return 1;
}

static int sweep_bodies(struct file_sweep *s, struct arena *a, struct pg *pg, struct registry *reg, struct err *err)
{
	const char *used = arena_printf(a, "EXISTS (SELECT 1 FROM %s x WHERE x.%s = encode(b.sha256, 'hex'))", reg->file->expr.sql,
									section_find(reg->file, "sha256")->expr.column);
	struct pg_params p = {0};
	struct pg_rows *rows;
	struct pg_tx *tx;
	if (pg_tx_open(pg, PG_LANE_SLOW, &tx, err))
		return -1;
	/* whoever makes a row for a body holds its first chunk until the row is there (file.c) */
	const char *find = arena_printf(
		a, "SELECT encode(b.sha256, 'hex') FROM ostov.file_body b WHERE b.chunk = 0 AND NOT %s LIMIT %d FOR UPDATE OF b SKIP LOCKED", used,
		BODIES);
	if (pg_tx_run(tx, a, find, NULL, &rows, err))
		goto failed;
	size_t n = pg_rows_count(rows);
	if (!n) {
		pg_tx_rollback(tx);
		return 0;
	}
	struct value *items = arena_array(a, struct value, n), list = {.kind = VALUE_LIST, .list = {items, n}};
	for (size_t i = 0; i < n; i++)
		items[i] = value_textz(pg_rows_text(rows, i, 0));
	pg_params_value(a, &p, PG_TEXT_ARRAY, &list);
	const char *drop = arena_printf(a,
									"WITH gone AS (DELETE FROM ostov.file_body b WHERE b.sha256 IN (SELECT decode(h, 'hex') FROM "
									"unnest($1) h) AND NOT %s RETURNING b.chunk)"
									" SELECT count(*) FROM gone WHERE chunk = 0",
									used);
	if (pg_tx_run(tx, a, drop, &p, &rows, err))
		goto failed;
	int64_t gone = pg_rows_int(rows, 0, 0);
	if (pg_tx_commit(tx, err))
		return -1;
	s->freed += gone;
	/* none went though some were found: all were taken up again meanwhile */
	return gone > 0;
failed:
	pg_tx_rollback(tx);
	return -1;
}

int file_sweep(struct file_sweep *s, struct pg *pg, struct registry *reg, struct err *err)
{
	struct arena *a = arena_new_sized(0);
	struct err one;
	err_init(&one, a);
	int r = s->bodies ? sweep_bodies(s, a, pg, reg, &one) : sweep_files(s, a, pg, reg, &one);
	if (r < 0)
		err_copy(err, &one);
	arena_delete(a);
	return r;
}
