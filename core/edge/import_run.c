#include "edge/import_run.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fiber.h"
#include "base/map.h"
#include "base/say.h"
#include "edge/import_cell.h"
#include "edge/import_source.h"
#include "edge/import_trial.h"
#include "pg/pg.h"
#include "serve/access.h"
#include "serve/record.h"
#include "serve/unit.h"

enum { TRIES = 5, PAUSE_MS = 20, CALM = 50, MEASURE_FIRST = 1000 };

/* What stands in the configuration's `set`. */
static int constants(struct import_batch *b, struct import_row *r, struct record_input *in)
{
	struct import_run *run = b->g->run;
	const struct import_map *m = run->plan->map;
	for (size_t i = 0; m && i < m->nset; i++) {
		struct field *f = m->set[i].key ? section_find(run->plan->section, m->set[i].key) : NULL;
		const struct decl_value *d = &m->set[i].value;
		struct value raw, v;
		struct err one;
		err_init(&one, b->a);
		if (!f)
			continue;
		switch (d->kind) {
		case DECL_BOOL: raw = value_bool(d->b); break;
		case DECL_INT: raw = value_int(d->i); break;
		case DECL_NUMBER: raw = value_dec(d->number, strlen(d->number)); break;
		case DECL_TEXT: raw = value_text(d->text.s, d->text.len); break;
		default: continue;
		}
		if (record_coerce(b->a, run->actor->lang, f, &raw, &v, &one)) {
			import_cell_reject_err(b, r, &one);
			return -1;
		}
		record_input_set(b->a, in, f, v);
	}
	return 0;
}

/* Keeps in the input only what differs from the record; *same when nothing does. What the user may not read here counts as different: nobody finds out a value by guessing it. */
static int differences(struct import_batch *b, struct unit *u, int64_t id, struct record_input *in, bool *same, struct err *err)
{
	const struct access *x = access_get(u->reg, u->actor, b->g->run->plan->section);
	struct record *record;
	size_t kept = 0;
	*same = false;
	if (record_load(u, b->g->run->plan->section, id, &record, err))
		return -1;
	if (!record)
		return 0;
	for (size_t i = 0; i < in->sets.count; i++) {
		const struct field *f = in->sets.items[i].field;
		struct value now;
		bool seen = access_field(x, GRANT_READ, f) == ACCESS_ALL;
		if ((!seen && access_test(u, x, GRANT_READ, record, true, f, &seen, NULL, err)) || record_get(record, b->a, f, &now, err))
			return -1;
		if (!seen || !(value_same(&now, &in->sets.items[i].value) || import_cell_says(b, f, &now, &in->sets.items[i].value)))
			in->sets.items[kept++] = in->sets.items[i];
	}
	in->sets.count = kept;
	*same = kept == 0;
	return 0;
}

/* By what the row's record is found again, as text of maps; NULL: by nothing. -1 when the row was rejected for it. */
static int row_key(struct import_batch *b, struct import_row *r, const char **key)
{
	const struct import_plan *p = b->g->run->plan;
	const char *text;
	size_t len;
	struct value v;
	for (size_t c = 0; c < p->ncolumns; c++) {
		const struct import_source_column *col = &p->columns[c];
		if (!col->to || col->to != p->key || import_cell_is_lookup(col))
			continue;
		import_cell_text(col, r, c, &text, &len);
		if (!import_cell_value(b, r, col, col->to, text, len, &v))
			return -1;
		/* a row without an id is a new record */
		if (v.kind == VALUE_NIL && p->key->type == FIELD_ID)
			return 0;
		if (v.kind == VALUE_NIL) {
			import_cell_reject(r, col->name,
							   say_text(b->a, b->g->run->actor->lang, SAY_REQUIRED, label_get(&col->to->label, b->g->run->actor->lang)));
			return -1;
		}
		*key = import_cell_key(b->a, &v);
		if (p->key->type == FIELD_ID && !map_find(&b->existing, *key)) {
			import_cell_reject(r, col->name, say_text(b->a, b->g->run->actor->lang, SAY_IMPORT_NO_ID, *key));
			return -1;
		}
	}
	return 0;
}

/* What the row has made of its record, for the rows behind it: they may look it up, and a trial remembers it. */
static int row_wrote(struct import_batch *b, struct unit *u, struct import_row *r, const char *key, int64_t id, struct err *err)
{
	const struct import_plan *p = b->g->run->plan;
	struct record *record = NULL;
	for (size_t c = 0; c < p->ncolumns; c++) {
		const struct field *by = p->columns[c].by;
		if (!import_cell_is_self(p, c) || !by)
			continue;
		if (!record && (record_load(u, p->section, id, &record, err) || !record))
			return record ? -1 : 0;
		const struct value *v = &record->now.values[by->pos];
		if (by->expr.storage != EXPR_COLUMN || v->kind == VALUE_NIL)
			continue;
		const char *name = import_cell_key(b->a, v);
		if (!r->selves)
			r->selves = arena_array(b->a, const char *, p->ncolumns);
		r->selves[c] = name;
		if (!map_find(&b->g->targets[c], name))
			map_put(&b->row_made[c], name, import_cell_boxed(b->a, id));
	}
	return b->g->trial ? import_trial_check(b, u, r, key, id, err) : 0;
}

/* One row; -1 with err when the unit cannot go on as it is. A row that is at fault by itself is rejected and gives 0. */
static int write_row(struct import_batch *b, struct unit *u, struct import_row *r, struct err *err)
{
	struct import_run *run = b->g->run;
	const struct import_plan *p = run->plan;
	struct record_input in = {.flags = RECORD_IMPORT};
	int64_t *existing = NULL, id;
	const char *key = NULL;
	/* empty cells behind the last column say nothing */
	while (r->ncells > p->ncolumns && !r->cells[r->ncells - 1].len)
		r->ncells--;
	if (r->ncells > p->ncolumns) {
		import_cell_reject(r, NULL,
						   say_text(b->a, run->actor->lang, SAY_IMPORT_WIDE, arena_printf(b->a, "%zu", r->ncells),
									arena_printf(b->a, "%zu", p->ncolumns)));
		return 0;
	}
	if (constants(b, r, &in) || row_key(b, r, &key))
		return 0;
	existing = key ? map_find(&b->existing, key) : NULL;
	for (size_t c = 0; c < p->ncolumns; c++) {
		const struct import_source_column *col = &p->columns[c];
		const char *text;
		size_t len;
		struct value v;
		if (!col->to || col->to->type == FIELD_ID)
			continue;
		if (import_cell_is_lookup(col)) {
			if (import_cell_target(b, u, r, c, existing, &v, err))
				return -1;
		} else {
			import_cell_text(col, r, c, &text, &len);
			import_cell_value(b, r, col, col->to, text, len, &v);
		}
		if (r->rejected)
			return 0;
		record_input_set(b->a, &in, col->to, v);
	}
	if (existing && *existing == IMPORT_AMBIGUOUS) {
		import_cell_reject(r, NULL,
						   say_text(b->a, run->actor->lang, SAY_IMPORT_AMBIGUOUS, label_get(&p->key->label, run->actor->lang), key));
		return 0;
	}
	if (existing) {
		bool same;
		if (differences(b, u, *existing, &in, &same, err))
			return -1;
		if (same) {
			b->counts.unchanged++;
			return 0;
		}
		if (record_update(u, p->section, *existing, &in, NULL, err) || row_wrote(b, u, r, key, *existing, err))
			return -1;
		b->counts.updated++;
		return 0;
	}
	/* an empty cell of a new record is no value: defaults and rules decide */
	size_t kept = 0;
	for (size_t i = 0; i < in.sets.count; i++)
		if (in.sets.items[i].value.kind != VALUE_NIL)
			in.sets.items[kept++] = in.sets.items[i];
	in.sets.count = kept;
	if (record_create(u, p->section, &in, &id, err) || row_wrote(b, u, r, key, id, err))
		return -1;
	b->row_key = key;
	b->row_id = id;
	b->counts.created++;
	return 0;
}

static void row_begin(struct import_batch *b)
{
	for (size_t c = 0; c < b->g->run->plan->ncolumns; c++)
		map_create(&b->row_made[c], b->a);
	b->row_key = NULL;
}

/* What the row made is there for the next rows. */
static void row_keep(struct import_batch *b)
{
	for (size_t c = 0; c < b->g->run->plan->ncolumns; c++)
		for (size_t i = 0; i < b->row_made[c].count; i++) {
			const struct map_entry *e = &b->row_made[c].items[i];
			map_put_n(&b->made[c], e->key, e->len, e->value);
		}
	if (b->row_key)
		map_put(&b->existing, b->row_key, import_cell_boxed(b->a, b->row_id));
}

/* True when the row created a record before it turned out to be at fault. */
static bool row_left_something(const struct import_batch *b)
{
	for (size_t c = 0; c < b->g->run->plan->ncolumns; c++)
		if (b->row_made[c].count)
			return true;
	return false;
}

static void batch_reset(struct import_batch *b)
{
	const struct import_plan *p = b->g->run->plan;
	b->counts = b->g->run->counts;
	map_create(&b->existing, b->a);
	b->made = arena_array(b->a, struct map, p->ncolumns ? p->ncolumns : 1);
	b->row_made = arena_array(b->a, struct map, p->ncolumns ? p->ncolumns : 1);
	for (size_t c = 0; c < p->ncolumns; c++)
		map_create(&b->made[c], b->a);
	b->undone = false;
	for (size_t i = 0; i < b->nrows; i++) {
		struct import_row *r = &b->rows[i];
		r->rejected = r->written = false;
		r->selves = NULL;
	}
}

static int note_rejected(struct import_batch *b, struct unit *u, struct err *err)
{
	struct import_run *run = b->g->run;
	for (size_t i = 0; i < b->nrows; i++) {
		struct import_row *r = &b->rows[i];
		struct import_rejected one = {r->number, r->column, r->reason, r->cells, r->ncells};
		if (r->rejected && !r->replayed && run->reject && run->reject(run->ctx, run->dry ? NULL : u, &one, err))
			return -1;
	}
	return 0;
}

/* A failure that is not the row's: the database was away, or somebody else was in the way. */
static bool passing(const struct err *e)
{
	return e->code == ERR_RETRY || e->code == ERR_UNAVAILABLE || e->code == ERR_OUTCOME_UNKNOWN || e->code == ERR_DB_TIMEOUT;
}

/* Ends a row that was written behind a savepoint; -1 when the unit cannot go on. *blurred: the database refused something, and nobody knows of which row. */
static int row_end(struct import_batch *b, struct unit *u, struct import_row *r, bool bad, const struct err *why, enum import_way way,
				   bool *blurred, struct err *err)
{
	struct err one;
	err_init(&one, b->a);
	if (way == JOINED && pg_tx_failed(u->tx)) {
		*blurred = true;
		return -1;
	}
	if (bad || r->rejected) {
		if (bad)
			import_cell_reject_err(b, r, why);
		b->undone = true;
		return unit_unnest(u, false, err);
	}
	if (way == JOINED) {
		*blurred = unit_join(u, err) < 0;
		return *blurred ? -1 : 0;
	}
	if (unit_unnest(u, true, &one)) {
		if (passing(&one)) {
			*err = one;
			return -1;
		}
		import_cell_reject_err(b, r, &one);
		b->undone = true;
	}
	return 0;
}

static int write_rows(struct import_batch *b, struct unit *u, enum import_way way, bool *again, struct err *err)
{
	for (size_t i = 0; i < b->nrows; i++) {
		struct import_row *r = &b->rows[i];
		struct import_counts before = b->counts;
		struct err one;
		err_init(&one, b->a);
		if (way != TOGETHER && unit_nest(u, err))
			return -1;
		row_begin(b);
		bool bad = write_row(b, u, r, &one) < 0;
		if (bad && passing(&one)) {
			*err = one;
			return -1;
		}
		if (way == TOGETHER && (bad || (r->rejected && row_left_something(b)))) {
			*again = true;
			return -1;
		}
		if (way != TOGETHER && row_end(b, u, r, bad, &one, way, again, err))
			return -1;
		if (r->rejected || r->replayed)
			b->counts = before;
		if (!r->rejected)
			row_keep(b);
		if (r->replayed)
			continue;
		b->counts.done++;
		b->counts.rejected += r->rejected;
		b->counts.position = r->number;
	}
	return 0;
}

/* Tries the batch; *again when it should be done in the next way. */
static int attempt(struct import_batch *b, enum import_way way, bool *again, struct err *err)
{
	struct import_run *run = b->g->run;
	struct unit_config config = {.pg = run->pg, .reg = run->reg, .actor = run->actor, .lane = PG_LANE_SLOW, .bulk = true};
	struct unit *u;
	struct err one;
	err_init(&one, b->a);
	*again = false;
	batch_reset(b);
	if (pg_room(run->pg, err) || import_cell_prefetch(b, err) || unit_begin(&config, &u, err))
		return -1;
	if (unit_ready(u, err) || write_rows(b, u, way, again, err))
		goto failed;
	/* what constraints say shows when the statements run */
	if (unit_flush(u, &one)) {
		*again = way != ALONE && !passing(&one);
		*err = one;
		goto failed;
	}
	if (run->dry) {
		unit_rollback(u);
		return note_rejected(b, NULL, err);
	}
	if (note_rejected(b, u, err) || (run->store && run->store(run->ctx, u, &b->counts, err)))
		goto failed;
	if (unit_commit(u, &one)) {
		*err = one;
		*again = way != ALONE && !passing(&one) && one.code != ERR_CONFLICT;
		return -1;
	}
	return 0;
failed:
	unit_rollback(u);
	return -1;
}

/* What the unit made is there for the next batches. */
static void batch_keep(struct import_batch *b)
{
	struct import_running *g = b->g;
	g->run->counts = b->counts;
	if (g->trial) {
		import_trial_keep(b);
		return;
	}
	for (size_t c = 0; c < g->run->plan->ncolumns; c++)
		for (size_t i = 0; i < b->made[c].count; i++) {
			const struct map_entry *e = &b->made[c].items[i];
			map_put_n(&g->targets[c], e->key, e->len, import_cell_boxed(g->arena, *(int64_t *)e->value));
		}
}

static int do_batch(struct import_batch *b, struct err *err);

/* Rows that lock much stand in the way of people who lock it in another order: few at a time they come through. */
static int do_halves(struct import_batch *b, struct err *err)
{
	struct import_row *rows = b->rows;
	size_t n = b->nrows;
	b->nrows = n / 2;
	int r = do_batch(b, err);
	if (r == 0) {
		b->rows = rows + n / 2;
		b->nrows = n - n / 2;
		r = do_batch(b, err);
	}
	b->rows = rows;
	b->nrows = n;
	return r;
}

static int do_batch(struct import_batch *b, struct err *err)
{
	enum import_way way = b->g->way;
	struct import_running *g = b->g;
	if (g->trial)
		import_trial_extend(b);
	else if (b->nrows > g->most)
		return do_halves(b, err);
	for (int tries = 0;; tries++) {
		struct err one;
		bool again;
		err_init(&one, b->a);
		if (attempt(b, way, &again, &one) == 0) {
			g->way = b->undone ? way : TOGETHER;
			if (g->most < IMPORT_BATCH && ++g->calm == CALM) {
				g->most *= 2;
				g->calm = 0;
			}
			batch_keep(b);
			return 0;
		}
		if (again) {
			way++;
			continue;
		}
		if (one.code == ERR_RETRY && !g->trial && b->nrows > 1) {
			g->most = b->nrows > 4 ? b->nrows / 4 : 1;
			g->calm = 0;
			return do_halves(b, err);
		}
		if (one.code != ERR_RETRY || tries >= TRIES)
			return err_copy(err, &one);
		fiber_sleep((uint64_t)(tries + 1) * PAUSE_MS);
	}
}

static void keep_row(struct import_batch *b, int64_t number, const struct csv_cell *cells, size_t ncells)
{
	struct import_row *r = &b->rows[b->nrows++];
	*r = (struct import_row){.number = number, .ncells = ncells};
	r->cells = arena_array(b->a, struct csv_cell, ncells ? ncells : 1);
	for (size_t i = 0; i < ncells; i++)
		r->cells[i] = (struct csv_cell){arena_strndup(b->a, cells[i].text, cells[i].len), cells[i].len};
}

/* The searches by key were planned for a small table and would read all of a large one; the database counts again by itself only after minutes. */
static void measure(struct import_running *g, struct arena *a, int64_t made)
{
	const struct import_plan *p = g->run->plan;
	struct err ignored;
	if (g->run->dry || made < g->measure_at)
		return;
	g->measure_at = made * 4;
	err_init(&ignored, a);
	pg_run_outside(g->run->pg, a, arena_printf(a, "ANALYZE %s", p->section->expr.sql), NULL, NULL, &ignored);
	for (size_t c = 0; c < p->ncolumns; c++)
		if (p->columns[c].to && p->columns[c].to->to && p->columns[c].create)
			pg_run_outside(g->run->pg, a, arena_printf(a, "ANALYZE %s", p->columns[c].to->to->expr.sql), NULL, NULL, &ignored);
}

int import_run(struct import_run *run, struct err *err)
{
	struct arena *whole = arena_new_sized(64 * 1024), *a = arena_new_sized(256 * 1024);
	struct import_running g = {.run = run, .arena = whole, .measure_at = MEASURE_FIRST, .most = IMPORT_BATCH};
	int64_t before = run->counts.created;
	struct import_source *source = NULL;
	const struct csv_cell *cells;
	size_t ncells;
	int64_t number;
	int more = 1, failed = -1;
	bool headed = false;
	g.targets = arena_array(whole, struct map, run->plan->ncolumns ? run->plan->ncolumns : 1);
	for (size_t c = 0; c < run->plan->ncolumns; c++)
		map_create(&g.targets[c], whole);
	if (run->dry)
		import_trial_create(&g);
	map_create(&g.titles, whole);
	g.seen = arena_array(whole, struct import_seen *, 2 * run->plan->ncolumns + 1);
	if (import_source_open(whole, run->bytes, run->len, &run->plan->format, &source, err))
		goto out;
	while (more == 1) {
		arena_reset(a);
		struct import_batch b = {.g = &g, .a = a, .rows = arena_array(a, struct import_row, IMPORT_BATCH)};
		while (b.nrows < IMPORT_BATCH && (more = import_source_next(source, &cells, &ncells, &number, err)) == 1)
			if (!import_above_rows(&run->plan->format, number, &headed) && number > run->counts.position)
				keep_row(&b, number, cells, ncells);
		if (more < 0)
			goto out;
		if (!b.nrows)
			continue;
		if (do_batch(&b, err) || (run->progress && run->progress(run->ctx, &run->counts, err)))
			goto out;
		measure(&g, a, run->counts.created - before);
	}
	failed = 0;
out:
	import_source_close(source);
	arena_delete(a);
	arena_delete(whole);
	return failed;
}
