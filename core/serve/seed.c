#include "serve/seed.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/decimal.h"
#include "base/err.h"
#include "base/fault.h"
#include "meta/registry.h"
#include "pg/pg.h"
#include "serve/actor.h"
#include "serve/record.h"
#include "serve/session.h"
#include "serve/unit.h"

/* Faults after which the rest is not tried. */
enum { FAULTS_MAX = 20 };

/* Rows that people changed and that a plan names, of a section. */
enum { SHOWN_MAX = 5 };

struct row {
	const struct data_rows *block;
	const struct decl_value *cells;
	const struct decl_pair *key;
	int64_t id;   /* 0: not there yet */
	bool created; /* in this run */
	bool done;
};

struct seed {
	struct pg *pg;
	struct registry *reg;
	struct arena *arena, *scratch; /* scratch: of one row */
	struct seed_report *out;
	struct err *errs;
	size_t faults;
	struct actor actor;
	bool sample;
	struct {
		struct row *items;
		size_t count, cap;
	} rows;
};

/* ---- which rows, and whether they are new ---- */

static void value_hash(uint64_t *h, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		*h = (*h ^ (unsigned char)s[i]) * 1099511628211u;
	*h = (*h ^ 0xff) * 1099511628211u;
}

static void decl_hash(uint64_t *h, const struct decl_value *v)
{
	char number[32];
	value_hash(h, (const char *)&(char){(char)v->kind}, 1);
	switch (v->kind) {
	case DECL_BOOL: value_hash(h, v->b ? "t" : "f", 1); break;
	case DECL_INT: value_hash(h, number, (size_t)snprintf(number, sizeof number, "%" PRId64, v->i)); break;
	case DECL_NUMBER: value_hash(h, v->number, strlen(v->number)); break;
	case DECL_TEXT: value_hash(h, v->text.s, v->text.len); break;
	case DECL_TABLE:
		for (size_t i = 0; i < v->table.count; i++) {
			const char *key = v->table.pairs[i].key ? v->table.pairs[i].key : "";
			value_hash(h, key, strlen(key));
			decl_hash(h, &v->table.pairs[i].value);
		}
		break;
	default: break;
	}
}

/* Collects the rows; the text tells these rows from others, in whatever generation. */
static const char *rows_collect(struct seed *s)
{
	uint64_t h = 1469598103934665603u;
	for (size_t i = 0; i < s->reg->ndata; i++) {
		const struct data_rows *block = s->reg->data[i];
		if (block->sample != s->sample)
			continue;
		value_hash(&h, block->section->expr.name, strlen(block->section->expr.name));
		decl_hash(&h, &block->rows);
		for (size_t k = 0; k < block->rows.table.count; k++) {
			struct row r = {.block = block, .cells = &block->rows.table.pairs[k].value};
			for (size_t n = 0; n < r.cells->table.count; n++)
				if (strcmp(r.cells->table.pairs[n].key, block->key) == 0)
					r.key = &r.cells->table.pairs[n];
			arena_push(s->arena, &s->rows, r);
		}
	}
	return arena_printf(s->arena, "%016" PRIx64 "-%zu", h, s->rows.count);
}

static int written_before(struct seed *s, const char *mark, bool *yes, struct err *err)
{
	struct pg_rows *rows;
	const char *sql = s->sample ? "SELECT sample_rows FROM ostov.version" : "SELECT data_rows FROM ostov.version";
	if (pg_read(s->pg, PG_LANE_SLOW, s->scratch, sql, NULL, &rows, err) < 0)
		return -1;
	*yes = pg_rows_count(rows) && !pg_rows_null(rows, 0, 0) && strcmp(pg_rows_text(rows, 0, 0), mark) == 0;
	return 0;
}

static int mark_written(struct seed *s, const char *mark, struct err *err)
{
	struct pg_tx *tx;
	struct pg_rows *rows;
	struct pg_params params = {0};
	pg_params_text(s->scratch, &params, PG_TEXT, mark);
	if (pg_tx_open(s->pg, PG_LANE_TX, &tx, err) < 0)
		return -1;
	if (pg_tx_run(tx, s->scratch, s->sample ? "UPDATE ostov.version SET sample_rows = $1" : "UPDATE ostov.version SET data_rows = $1",
				  &params, &rows, err) < 0) {
		pg_tx_rollback(tx);
		return -1;
	}
	return pg_tx_commit(tx, err);
}

/* ---- values ---- */

static int plain_value(struct seed *s, const struct field *f, const struct decl_value *v, struct value *out, struct err *err)
{
	struct value raw = value_nil();
	switch (v->kind) {
	case DECL_BOOL: raw = value_bool(v->b); break;
	case DECL_INT: raw = value_int(v->i); break;
	case DECL_NUMBER:
		if (!decimal_parse(s->scratch, v->number, strlen(v->number), &raw))
			return err_set(err, ERR_INVALID, "'%s' is no number", v->number);
		break;
	case DECL_TEXT: raw = value_text(v->text.s, v->text.len); break;
	case DECL_NIL: break;
	default: return err_set(err, ERR_INVALID, "a plain value is expected");
	}
	return record_coerce(s->scratch, s->actor.lang, f, &raw, out, err);
}

/* Id of the record whose field has the value; 0 when there is none. */
static int find_by(struct seed *s, const struct section *section, const struct field *by, const struct decl_value *v, int64_t *id,
				   struct err *err)
{
	struct value value;
	struct pg_params params = {0};
	struct pg_rows *rows;
	*id = 0;
	if (plain_value(s, by, v, &value, err) < 0)
		return -1;
	if (value.kind == VALUE_NIL)
		return 0;
	pg_params_value(s->scratch, &params, field_pg_type(by), &value);
	if (pg_read(s->pg, PG_LANE_SLOW, s->scratch,
				arena_printf(s->scratch, "SELECT id FROM %s WHERE %s = $1 ORDER BY id LIMIT 1", section->expr.sql, by->expr.column),
				&params, &rows, err) < 0)
		return -1;
	if (pg_rows_count(rows))
		*id = pg_rows_int(rows, 0, 0);
	return 0;
}

/* The field by which a text finds a record: the first unique text field. */
static const struct field *key_field(const struct section *section)
{
	for (size_t i = 0; i < section->nfields; i++)
		if (section->fields[i]->unique && section->fields[i]->type == FIELD_TEXT)
			return section->fields[i];
	return NULL;
}

/* The record that a lookup's cell names; 0 when it is not there (yet). */
static int reference(struct seed *s, const struct field *f, const struct decl_value *v, int64_t *id, struct err *err)
{
	*id = 0;
	if (v->kind == DECL_TABLE && v->table.count == 1 && v->table.pairs[0].key) {
		const struct field *by = section_find(f->to, v->table.pairs[0].key);
		return by ? find_by(s, f->to, by, &v->table.pairs[0].value, id, err) : 0;
	}
	const struct field *by = key_field(f->to);
	return by ? find_by(s, f->to, by, v, id, err) : 0;
}

/* ---- one row ---- */

struct writing {
	struct seed *seed;
	struct row *row;
	struct record_input input;
	const char *password; /* hash, or NULL */
	const char *missing;  /* a field whose record is not there yet, or NULL */
	bool partial;         /* write without what is missing */
	bool changed;
};

/* The row's cells as an input. */
static int input_make(struct writing *w, struct err *err)
{
	struct seed *s = w->seed;
	const struct section *section = w->row->block->section;
	for (size_t i = 0; i < w->row->cells->table.count; i++) {
		const struct decl_pair *p = &w->row->cells->table.pairs[i];
		if (section == s->reg->user && strcmp(p->key, "password") == 0)
			continue;
		struct field *f = section_find(section, p->key);
		struct value v;
		if (!f)
			return err_set(err, ERR_CONFIG, "there is no field '%s'", p->key);
		if (f->type == FIELD_LOOKUP && f->many) {
			struct value *ids = arena_array(s->scratch, struct value, p->value.table.count + 1);
			size_t n = 0;
			for (size_t k = 0; k < p->value.table.count; k++) {
				int64_t id;
				if (reference(s, f, &p->value.table.pairs[k].value, &id, err) < 0)
					return -1;
				if (id)
					ids[n++] = value_int(id);
				else
					w->missing = f->expr.name;
			}
			v = (struct value){.kind = VALUE_LIST};
			v.list.items = ids;
			v.list.count = n;
		} else if (f->type == FIELD_LOOKUP) {
			int64_t id;
			if (reference(s, f, &p->value, &id, err) < 0)
				return -1;
			if (!id) {
				w->missing = f->expr.name;
				continue;
			}
			v = value_int(id);
		} else if (plain_value(s, f, &p->value, &v, err) < 0) {
			return -1;
		}
		record_input_set(s->scratch, &w->input, f, v);
	}
	return 0;
}

/* The sets that change something: a sample row fills only what is empty, unless this run created the record. */
static int input_reduce(struct writing *w, struct record *r, struct record_input *out, struct err *err)
{
	struct seed *s = w->seed;
	for (size_t i = 0; i < w->input.sets.count; i++) {
		struct record_set *set = &w->input.sets.items[i];
		struct value now;
		if (record_get(r, s->scratch, set->field, &now, err) < 0)
			return -1;
		bool empty = now.kind == VALUE_NIL || (now.kind == VALUE_LIST && now.list.count == 0);
		if (!value_same(&now, &set->value) && (empty || !s->sample || w->row->created) && !(set->field->type == FIELD_STAGE))
			record_input_set(s->scratch, out, set->field, set->value);
	}
	out->flags = RECORD_DATA;
	return 0;
}

static int row_write(struct unit *u, void *ctx, struct err *err)
{
	struct writing *w = ctx;
	struct section *section = w->row->block->section;
	w->changed = false;
	if (unit_ready(u, err) < 0)
		return -1;
	int64_t id = w->row->id;
	if (!id) {
		w->input.flags = RECORD_DATA;
		if (record_create(u, section, &w->input, &id, err) < 0)
			return -1;
		w->changed = true;
	} else {
		struct record *r;
		struct record_input in = {0};
		if (record_load(u, section, id, &r, err) < 0)
			return -1;
		if (r && input_reduce(w, r, &in, err) < 0)
			return -1;
		if (r && in.sets.count) {
			if (record_update(u, section, id, &in, NULL, err) < 0)
				return -1;
			w->changed = true;
		}
	}
	if (w->password) {
		struct pg_params params = {0};
		pg_params_int(u->arena, &params, id);
		pg_params_text(u->arena, &params, PG_TEXT, w->password);
		if (unit_flush(u, err) < 0)
			return -1;
		unit_send(u, "INSERT INTO ostov.credential (user_id, hash, changed_at) VALUES ($1, $2, clock_timestamp()) ON CONFLICT DO NOTHING",
				  &params);
	}
	return 0;
}

/* The hash of the row's password for a person who has none. */
static int password_make(struct writing *w, struct err *err)
{
	struct seed *s = w->seed;
	const struct decl_pair *found = NULL;
	if (w->row->block->section != s->reg->user)
		return 0;
	for (size_t i = 0; i < w->row->cells->table.count; i++)
		if (strcmp(w->row->cells->table.pairs[i].key, "password") == 0)
			found = &w->row->cells->table.pairs[i];
	if (!found)
		return 0;
	if (w->row->id) {
		struct pg_params params = {0};
		struct pg_rows *rows;
		pg_params_int(s->scratch, &params, w->row->id);
		if (pg_read(s->pg, PG_LANE_SLOW, s->scratch, "SELECT 1 FROM ostov.credential WHERE user_id = $1", &params, &rows, err) < 0)
			return -1;
		if (pg_rows_count(rows))
			return 0;
	}
	if (session_check_password(found->value.text.s, err) < 0)
		return -1;
	return session_hash_password(s->scratch, found->value.text.s, &w->password, err);
}

static int row_try(struct seed *s, struct row *row, bool partial, bool *progress, struct err *err)
{
	struct writing w = {.seed = s, .row = row, .partial = partial};
	struct unit_config config = {.pg = s->pg, .reg = s->reg, .actor = &s->actor, .lane = PG_LANE_TX};
	const struct field *by = section_find(row->block->section, row->block->key);
	bool there = row->id != 0;
	if (!by || !row->key)
		return err_set(err, ERR_CONFIG, "the row has no key");
	if (!there && find_by(s, row->block->section, by, &row->key->value, &row->id, err) < 0)
		return -1;
	if (input_make(&w, err) < 0)
		return -1;
	/* first the records that stand on their own, then those that point to them; a circle is closed by writing without the pointers first */
	if (w.missing && !partial)
		return 0;
	if (password_make(&w, err) < 0 || unit_run(&config, row_write, &w, err) < 0)
		return -1;
	if (!row->id) {
		if (find_by(s, row->block->section, by, &row->key->value, &row->id, err) < 0)
			return -1;
		row->created = true;
		s->out->created++;
	} else if (w.changed && !row->created) {
		s->out->changed++;
	}
	*progress |= !w.missing || !there;
	row->done = !w.missing;
	if (fault_hit("seed.row"))
		return err_set(err, ERR_ENVIRONMENT, "stopped for a test");
	return 0;
}

static void fault_add(struct seed *s, const struct row *row, const struct err *one)
{
	struct err e = *one;
	struct buf key = BUF_INIT;
	if (row->key && row->key->value.kind == DECL_TEXT)
		buf_puts(&key, row->key->value.text.s);
	else if (row->key && row->key->value.kind == DECL_INT)
		buf_int(&key, row->key->value.i);
	/* of a record with several faults the first says enough, with its field */
	e.message = arena_printf(s->errs->arena, "row '%s' of section '%s': %s%s%s", key.data ? key.data : "", row->block->section->expr.name,
							 one->target ? one->target : "", one->target ? ": " : "", one->message);
	if (one->next && one->next->message)
		e.message = arena_printf(s->errs->arena, "%s: %s%s%s", e.message, one->next->target ? one->next->target : "",
								 one->next->target ? ": " : "", one->next->message);
	e.file = row->block->place.file;
	e.line = row->cells->line ? row->cells->line : row->block->place.line;
	e.next = NULL;
	e.arena = s->errs->arena;
	buf_destroy(&key);
	err_append(s->errs, &e);
	s->faults++;
}

/* One pass over what is left; true when anything was written. */
static bool pass(struct seed *s, bool partial)
{
	bool progress = false;
	for (size_t i = 0; i < s->rows.count && s->faults < FAULTS_MAX; i++) {
		struct row *row = &s->rows.items[i];
		struct err one;
		if (row->done)
			continue;
		arena_reset(s->scratch);
		err_init(&one, s->errs->arena);
		if (row_try(s, row, partial, &progress, &one) < 0) {
			fault_add(s, row, &one);
			row->done = true;
		}
		/* with one circle broken the plain way goes on */
		if (partial && progress)
			break;
	}
	return progress;
}

int seed_rows(struct pg *pg, struct registry *reg, struct arena *a, bool sample, struct seed_report *out, struct err *errs)
{
	struct seed s = {.pg = pg, .reg = reg, .arena = a, .scratch = arena_new_sized(16 * 1024), .out = out, .errs = errs, .sample = sample};
	struct err one;
	err_init(&one, errs->arena);
	memset(out, 0, sizeof *out);
	actor_system(&s.actor, LANG_EN); /* of what the command prints */
	const char *mark = rows_collect(&s);
	if (written_before(&s, mark, &out->nothing, &one) < 0) {
		err_append(errs, &one);
		s.faults++;
	} else if (!out->nothing) {
		/* what waits for a row that has a fault is not at fault itself */
		while (s.faults < FAULTS_MAX && (pass(&s, false) || (s.faults == 0 && pass(&s, true))))
			;
		bool waits = s.faults > 0;
		for (size_t i = 0; i < s.rows.count && s.faults < FAULTS_MAX && !waits; i++) {
			if (s.rows.items[i].done)
				continue;
			struct writing w = {.seed = &s, .row = &s.rows.items[i]};
			err_init(&one, errs->arena);
			if (input_make(&w, &one) == 0)
				err_set(&one, ERR_CONFIG, "%s: there is no such record", w.missing ? w.missing : "a field");
			fault_add(&s, &s.rows.items[i], &one);
		}
		if (s.faults == 0 && mark_written(&s, mark, &one) < 0) {
			err_append(errs, &one);
			s.faults++;
		}
	}
	arena_delete(s.scratch);
	return s.faults ? -1 : 0;
}

/* ---- what writing them would do ---- */

struct look {
	struct seed *seed;
	const struct row *row;
	struct section *section; /* of the configuration in force */
	bool changed;
	const char *back; /* the fields that people changed, or NULL */
};

/* The value that the configuration in force declares for the cell; NULL when it declares none. */
static const struct decl_value *declared(const struct registry *now, const struct look *l, const struct field *f)
{
	for (size_t i = 0; i < now->ndata; i++) {
		const struct data_rows *block = now->data[i];
		if (block->sample || block->section != l->section)
			continue;
		for (size_t k = 0; k < block->rows.table.count; k++) {
			const struct decl_value *cells = &block->rows.table.pairs[k].value, *found = NULL;
			bool same = false;
			for (size_t n = 0; n < cells->table.count; n++) {
				const struct decl_pair *p = &cells->table.pairs[n];
				same |= strcmp(p->key, block->key) == 0 && decl_same(&p->value, &l->row->key->value);
				if (strcmp(p->key, f->expr.name) == 0)
					found = &p->value;
			}
			if (same && found)
				return found;
		}
	}
	return NULL;
}

/* The cell's value by the configuration in force; false when it cannot be told before apply, because what it names is only made there. */
static bool cell_value(struct seed *s, const struct field *f, const struct decl_value *v, struct value *out)
{
	struct err ignored;
	int64_t id = 0;
	err_init(&ignored, s->scratch);
	if (f->type != FIELD_LOOKUP)
		return plain_value(s, f, v, out, &ignored) == 0;
	if (!f->many) {
		*out = value_int(0);
		return reference(s, f, v, &out->i, &ignored) == 0 && out->i;
	}
	struct value *ids = arena_array(s->scratch, struct value, v->table.count + 1);
	for (size_t i = 0; i < v->table.count; i++) {
		if (reference(s, f, &v->table.pairs[i].value, &id, &ignored) < 0 || !id)
			return false;
		ids[i] = value_int(id);
	}
	*out = (struct value){.kind = VALUE_LIST};
	out->list.items = ids;
	out->list.count = v->table.count;
	return true;
}

static int row_look(struct unit *u, void *ctx, struct err *err)
{
	struct look *l = ctx;
	struct seed *s = l->seed;
	struct record *r;
	l->changed = false;
	l->back = NULL;
	if (unit_ready(u, err) < 0 || record_load(u, l->section, l->row->id, &r, err) < 0)
		return -1;
	for (size_t i = 0; r && i < l->row->cells->table.count; i++) {
		const struct decl_pair *p = &l->row->cells->table.pairs[i];
		const struct field *next = section_find(l->row->block->section, p->key);
		const struct field *f = section_find(l->section, next && next->was && !section_find(l->section, p->key) ? next->was : p->key);
		struct value now, v;
		if (p == l->row->key || !next || next->type == FIELD_STAGE)
			continue;
		if (!f || f->type != next->type || f->many != next->many || !cell_value(s, f, &p->value, &v)) {
			l->changed = true;
			continue;
		}
		if (record_get(r, s->scratch, f, &now, err) < 0)
			return -1;
		if (value_same(&now, &v))
			continue;
		const struct decl_value *before = declared(s->reg, l, f);
		if (before && decl_same(before, &p->value))
			l->back = l->back ? arena_printf(s->arena, "%s, %s", l->back, p->key) : p->key;
		else
			l->changed = true;
	}
	return 0;
}

static struct seed_planned *planned_of(struct seed_plan *plan, struct arena *a, const char *section)
{
	for (size_t i = 0; i < plan->count; i++)
		if (strcmp(plan->items[i].section, section) == 0)
			return &plan->items[i];
	arena_push(a, plan, ((struct seed_planned){.section = section}));
	return &plan->items[plan->count - 1];
}

static int row_plan(struct seed *s, struct row *row, struct seed_plan *plan, struct err *err)
{
	const struct section *next = row->block->section;
	struct section *now = s->reg ? registry_find(s->reg, next->expr.name) : NULL;
	struct seed_planned *p = planned_of(plan, s->arena, next->expr.name);
	if (!now && s->reg && next->was)
		now = registry_find(s->reg, next->was);
	const struct field *key = section_find(next, row->block->key), *by = now ? section_find(now, row->block->key) : NULL;
	if (now && !by && key && key->was)
		by = section_find(now, key->was);
	/* a key of another type than now finds nothing yet */
	if (by && key && row->key && by->type == key->type && find_by(s, now, by, &row->key->value, &row->id, err) < 0)
		return -1;
	if (!row->id) {
		p->created++;
		return 0;
	}
	struct look l = {.seed = s, .row = row, .section = now};
	struct unit_config config = {.pg = s->pg, .reg = s->reg, .actor = &s->actor, .lane = PG_LANE_TX};
	if (unit_run(&config, row_look, &l, err) < 0)
		return -1;
	p->changed += l.changed || l.back;
	if (l.back && p->back++ < SHOWN_MAX) {
		const char *name = row->key->value.kind == DECL_TEXT ? row->key->value.text.s : "";
		p->shown = arena_printf(s->arena, "%s%s'%s' (%s)", p->shown ? p->shown : "", p->shown ? ", " : "", name, l.back);
	}
	return 0;
}

int seed_plan(struct pg *pg, struct registry *now, const struct registry *next, struct arena *a, struct seed_plan *out, struct err *err)
{
	struct registry rows_of = *next;
	struct seed s = {.pg = pg, .reg = &rows_of, .arena = a, .scratch = arena_new_sized(16 * 1024)};
	bool before = false;
	memset(out, 0, sizeof *out);
	actor_system(&s.actor, LANG_EN);
	const char *mark = rows_collect(&s);
	s.reg = now;
	int failed = now ? written_before(&s, mark, &before, err) : 0;
	for (size_t i = 0; !failed && !before && i < s.rows.count; i++) {
		arena_reset(s.scratch);
		failed = row_plan(&s, &s.rows.items[i], out, err);
	}
	arena_delete(s.scratch);
	return failed;
}
