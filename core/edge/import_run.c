#include "edge/import_run.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "base/say.h"
#include "base/text.h"
#include "edge/export.h"
#include "edge/import_source.h"
#include "expr/expr.h"
#include "pg/pg.h"
#include "serve/access.h"
#include "serve/plan.h"
#include "serve/record.h"
#include "serve/unit.h"

enum { BATCH = 200, TRIES = 3, AMBIGUOUS = -1, MEASURE_FIRST = 1000, SHEET_TEXT_MAX = 32767 };

/* How a batch is written. Each way gets along with rows that the one before does not, and takes longer. */
enum way {
	TOGETHER, /* a row that fails undoes the batch */
	JOINED, /* a savepoint a row, not waited for: a row that the rules refuse is undone alone; one that the database refuses undoes the batch */
	ALONE /* each row is known to be in the database before the next one begins */
};

struct row {
	int64_t number;
	struct csv_cell *cells;
	size_t ncells;
	const char *column, *reason; /* of a rejection */
	bool rejected;
};

/* What a run knows beyond its batches. */
struct running {
	struct import_run *run;
	struct arena *arena; /* of the whole run */
	struct map *targets; /* by column: text of the key → id of the target (boxed) */
	struct map titles;   /* "column/id" of a target → its title in the user's eyes ("" none) */
	struct map keys;     /* keys that a dry run has "created" */
	int64_t measure_at;  /* records made by this run at which PostgreSQL counts the tables again */
	enum way way;        /* that the last batch needed: dirty files are dirty all over */
};

/* One batch; its arena dies with it. */
struct batch {
	struct running *g;
	struct arena *a;
	struct row *rows;
	size_t nrows;
	struct map existing;  /* key → id of the record */
	struct map *made;     /* by column: targets created in this unit */
	struct map *row_made; /* the same of the row at hand, which may yet be undone */
	const char *row_key;  /* of the record that the row at hand created, or NULL */
	int64_t row_id;
	struct import_counts counts;
	bool undone; /* a row was undone alone */
};

static int64_t *boxed(struct arena *a, int64_t id)
{
	int64_t *p = arena_new(a, int64_t);
	*p = id;
	return p;
}

/* The cell of a column as the mapping has it: beginning stripped, replaced by `values`. */
static void cell_text(const struct import_source_column *c, const struct row *r, size_t column, const char **text, size_t *len)
{
	*text = column < r->ncells ? r->cells[column].text : "";
	*len = column < r->ncells ? r->cells[column].len : 0;
	size_t n = c->strip ? strlen(c->strip) : 0;
	/* the beginning may stand behind blanks */
	const char *s = *text;
	size_t left = *len;
	while (n && left && (*s == ' ' || *s == '\t')) {
		s++;
		left--;
	}
	if (n && left >= n && memcmp(s, c->strip, n) == 0) {
		*text = s + n;
		*len = left - n;
	}
	for (size_t i = 0; i < c->nvalues; i++)
		if (strlen(c->values[i].from) == *len && memcmp(c->values[i].from, *text, *len) == 0) {
			*text = c->values[i].to;
			*len = strlen(*text);
			return;
		}
}

/* A text of the database (no cell, which may have an apostrophe before it) as a file would bring it to this field. */
static bool as_brought(struct batch *b, const struct field *f, const char *text, struct value *out)
{
	struct import_format format = {.kind = "xlsx", .decimal = '.', .date = IMPORT_DATE_YMD, .zone = b->g->run->reg->zone};
	const char *reason;
	return import_value(b->a, f, &format, b->g->run->actor->lang, text, strlen(text), out, &reason) == 0;
}

/* A title as a value, the blanks at its ends taken off. */
static const struct field titles = {.type = FIELD_TEXT, .is_long = true};

static struct value title_value(struct batch *b, const char *title)
{
	struct value v;
	as_brought(b, &titles, title ? title : "", &v);
	return v;
}

/* id and key of the visible records of a section whose field is one of the texts; `by` NULL: whose title is. */
static int find_by(struct batch *b, struct section *s, struct field *by, const struct value *values, size_t n, struct map *out,
				   struct err *err)
{
	struct import_run *run = b->g->run;
	struct plan *p;
	struct pg_bindings bindings;
	struct pg_rows *rows;
	struct err unseen;
	err_init(&unseen, b->a);
	if (!n || plan_create(b->a, run->reg, run->actor, s, &p, &unseen))
		return 0;
	p->top = PLAN_TOP_MAX;
	if (by) {
		const char *name = by->expr.name, *property = field_property(b->a, by);
		struct expr **items = arena_array(b->a, struct expr *, n);
		for (size_t i = 0; i < n; i++)
			items[i] = expr_make_literal(b->a, values[i]);
		struct expr *e = expr_make_binary(b->a, EXPR_IN, expr_make_path(b->a, &name, 1), expr_make_set(b->a, items, n));
		if (plan_select(p, property, strlen(property), run->actor->lang, err) || plan_filter(p, e, err))
			return -1;
	} else {
		struct value *list = arena_new(b->a, struct value);
		*list = (struct value){.kind = VALUE_LIST, .list = {(struct value *)values, n}};
		p->titled = list;
		p->titles = true;
	}
	plan_bindings(run->reg, run->actor, &bindings);
	if (plan_rows(p, run->pg, PG_LANE_SLOW, b->a, &bindings, &rows, err))
		return -1;
	/* so many of the same key that not all were read: by halves, down to one key that is there often enough */
	if (pg_rows_count(rows) > PLAN_TOP_MAX && n > 1)
		return find_by(b, s, by, values, n / 2, out, err) || find_by(b, s, by, values + n / 2, n - n / 2, out, err) ? -1 : 0;
	for (size_t i = 0; i < pg_rows_count(rows); i++) {
		struct value v = by ? pg_rows_value(rows, b->a, i, 2) : title_value(b, pg_rows_text(rows, i, 1));
		struct buf key = BUF_INIT;
		value_json(&key, &v);
		if (map_put_n(out, key.data, key.len, boxed(out->arena, pg_rows_int(rows, i, 0))))
			map_put_n(out, key.data, key.len, boxed(out->arena, AMBIGUOUS));
		buf_destroy(&key);
	}
	return 0;
}

/* A value's text in maps: its JSON. */
static const char *map_key(struct arena *a, const struct value *v)
{
	struct buf key = BUF_INIT;
	value_json(&key, v);
	const char *out = arena_strndup(a, key.data, key.len);
	buf_destroy(&key);
	return out;
}

static void reject(struct row *r, const char *column, const char *reason)
{
	if (r->rejected)
		return;
	r->rejected = true;
	r->column = column;
	r->reason = reason;
}

/* The value of a plain column, coerced to its field. */
static bool plain_value(struct batch *b, struct row *r, const struct import_source_column *c, const struct field *f, const char *text,
						size_t len, struct value *out)
{
	struct import_run *run = b->g->run;
	const char *reason = NULL;
	struct value raw;
	/* a sheet's cell that is full to the last character is the beginning of a longer text (export_xlsx.c) */
	if (len >= SHEET_TEXT_MAX && strcmp(run->plan->format.kind, "xlsx") == 0 && text_length(text, len) >= SHEET_TEXT_MAX) {
		reject(r, c->name,
			   say_text(b->a, run->actor->lang, SAY_IMPORT_CUT, label_get(&c->to->label, run->actor->lang),
						say_number(b->a, SHEET_TEXT_MAX)));
		return false;
	}
	struct err one;
	err_init(&one, b->a);
	struct import_format format = run->plan->format;
	format.zone = run->reg->zone;
	if (import_value(b->a, f, &format, run->actor->lang, text, len, &raw, &reason)) {
		reject(r, c->name, reason);
		return false;
	}
	if (record_coerce(b->a, run->actor->lang, f, &raw, out, &one)) {
		reject(r, c->name, arena_strdup(b->a, err_message(&one, run->actor->lang)));
		return false;
	}
	return true;
}

static bool is_lookup(const struct import_source_column *c)
{
	return c->to && c->to->to && (c->by || c->titled);
}

/* Asks for the records of a section whose field (NULL: title) stands in the column's cells, those that are not known yet. */
static int prefetch_column(struct batch *b, size_t c, struct section *s, struct field *by, struct map *known, struct err *err)
{
	struct value *values = arena_array(b->a, struct value, b->nrows ? b->nrows : 1);
	struct map asked;
	size_t n = 0;
	map_create(&asked, b->a);
	for (size_t i = 0; i < b->nrows; i++) {
		struct row probe = b->rows[i];
		struct value v;
		const char *text;
		size_t len;
		cell_text(&b->g->run->plan->columns[c], &probe, c, &text, &len);
		if (!plain_value(b, &probe, &b->g->run->plan->columns[c], by ? by : &titles, text, len, &v) || v.kind == VALUE_NIL)
			continue;
		const char *k = map_key(b->a, &v);
		const int64_t *id = map_find(known, k);
		/* a key that several records have may be the title of one */
		if (map_put(&asked, k, b) || (id && (by || *id != AMBIGUOUS)))
			continue;
		values[n++] = v;
	}
	if (by)
		return find_by(b, s, by, values, n, known, err);
	struct map titled;
	map_create(&titled, known->arena);
	if (find_by(b, s, NULL, values, n, &titled, err))
		return -1;
	for (size_t i = 0; i < titled.count; i++)
		map_put_n(known, titled.items[i].key, titled.items[i].len, titled.items[i].value);
	return 0;
}

/* Looks up at once what the batch needs: records by key, and targets of lookups. */
static int prefetch(struct batch *b, struct err *err)
{
	const struct import_plan *p = b->g->run->plan;
	for (size_t c = 0; c < p->ncolumns; c++) {
		const struct import_source_column *col = &p->columns[c];
		if (!col->to)
			continue;
		if (is_lookup(col)) {
			/* by the key first: an index serves it, while composed titles are looked for among all records */
			if (col->by && prefetch_column(b, c, col->to->to, col->by, &b->g->targets[c], err))
				return -1;
			if (col->titled && prefetch_column(b, c, col->to->to, NULL, &b->g->targets[c], err))
				return -1;
		} else if (col->to == p->key && prefetch_column(b, c, p->section, col->to, &b->existing, err)) {
			return -1;
		}
	}
	return 0;
}

static void reject_err(struct batch *b, struct row *r, const struct err *e)
{
	const struct import_plan *p = b->g->run->plan;
	const char *column = NULL, *reason = NULL;
	for (const struct err *one = e; one && one->message; one = one->next) {
		const char *message = err_message(one, b->g->run->actor->lang);
		reason = reason ? arena_printf(b->a, "%s; %s", reason, message) : arena_strdup(b->a, message);
		for (size_t c = 0; !column && one->target && c < p->ncolumns; c++)
			if (p->columns[c].to && strcmp(p->columns[c].to->expr.name, one->target) == 0)
				column = p->columns[c].name;
	}
	reject(r, column, reason ? reason : "");
}

/* The title of a target in the user's eyes, nil when there is none to see. */
static int title_of(struct batch *b, size_t c, int64_t id, struct value *out, struct err *err)
{
	struct import_run *run = b->g->run;
	const char *key = arena_printf(b->a, "%zu/%lld", c, (long long)id);
	const char *title = map_find(&b->g->titles, key);
	if (!title) {
		if (plan_titles(b->a, run->pg, run->reg, run->actor, run->plan->columns[c].to->to, &id, 1, &title, err))
			return -1;
		title = arena_strdup(b->g->arena, title ? title : "");
		map_put(&b->g->titles, arena_strdup(b->g->arena, key), (void *)title);
	}
	*out = title_value(b, title);
	return 0;
}

/* Does the cell say what an export would of the target that the record has? So nothing is lost by a title that the user may not see, that is empty, or that several records have. */
static int says_current(struct batch *b, struct unit *u, size_t c, int64_t record_id, const struct value *cell, struct value *out,
						bool *same, struct err *err)
{
	const struct import_source_column *col = &b->g->run->plan->columns[c];
	const struct access *x = access_get(u->reg, u->actor, b->g->run->plan->section);
	struct record *record;
	struct value now, title;
	bool seen = access_field(x, GRANT_READ, col->to) == ACCESS_ALL;
	*same = false;
	if (record_load(u, b->g->run->plan->section, record_id, &record, err))
		return -1;
	if (!record || (!seen && access_test(u, x, GRANT_READ, record, true, col->to, &seen, NULL, err)))
		return record ? -1 : 0;
	if (!seen)
		return 0;
	if (record_get(record, b->a, col->to, &now, err))
		return -1;
	if (now.kind != VALUE_INT)
		return 0;
	if (title_of(b, c, now.i, &title, err))
		return -1;
	*same = cell->kind == title.kind && (cell->kind == VALUE_NIL || value_same(cell, &title));
	if (*same)
		*out = now;
	return 0;
}

/* The target that the cell names among what is known; NULL none. *v: what it says, nil when it is empty. */
static int64_t *find_target(struct batch *b, struct row *r, size_t c, bool titled, struct value *v)
{
	const struct import_source_column *col = &b->g->run->plan->columns[c];
	const char *text;
	size_t len;
	*v = value_nil();
	cell_text(col, r, c, &text, &len);
	if (!plain_value(b, r, col, titled ? &titles : col->by, text, len, v) || v->kind == VALUE_NIL)
		return NULL;
	const char *k = map_key(b->a, v);
	int64_t *id = map_find(&b->row_made[c], k);
	if (!id)
		id = map_find(&b->made[c], k);
	return id ? id : map_find(&b->g->targets[c], k);
}

/* The id of a lookup's target, nil when the cell is empty or the row was rejected. `existing`: of the record that the row is about, or NULL. */
static int lookup_value(struct batch *b, struct unit *u, struct row *r, size_t c, const int64_t *existing, struct value *out,
						struct err *err)
{
	struct import_run *run = b->g->run;
	const struct import_source_column *col = &run->plan->columns[c];
	struct value v;
	*out = value_nil();
	int64_t *id = find_target(b, r, c, col->titled, &v);
	if (r->rejected)
		return 0;
	if (existing && *existing != AMBIGUOUS && col->shown && (v.kind == VALUE_NIL || (id && *id == AMBIGUOUS))) {
		bool same;
		if (says_current(b, u, c, *existing, &v, out, &same, err))
			return -1;
		if (same)
			return 0;
	}
	if (v.kind == VALUE_NIL)
		return 0;
	const char *label = label_get(&col->to->label, run->actor->lang), *k = map_key(b->a, &v), *shown = v.kind == VALUE_TEXT ? v.text.s : k;
	if (!id && col->titled && col->by) {
		id = find_target(b, r, c, false, &v);
		if (r->rejected)
			return 0;
		k = map_key(b->a, &v);
	}
	if (id && *id == AMBIGUOUS) {
		reject(r, col->name, say_text(b->a, run->actor->lang, SAY_IMPORT_AMBIGUOUS, label, shown));
		return 0;
	}
	if (id) {
		*out = value_int(*id);
		return 0;
	}
	if (!col->create || !col->by || v.kind == VALUE_NIL) {
		reject(r, col->name, say_text(b->a, run->actor->lang, SAY_IMPORT_LOOKUP, label, shown));
		return 0;
	}
	struct record_input in = {.flags = RECORD_IMPORT};
	int64_t made;
	record_input_set(b->a, &in, col->by, v);
	if (record_create(u, col->to->to, &in, &made, err))
		return -1;
	map_put(&b->row_made[c], k, boxed(b->a, made));
	*out = value_int(made);
	return 0;
}

/* What stands in the configuration's `set`. */
static int constants(struct batch *b, struct row *r, struct record_input *in)
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
			reject_err(b, r, &one);
			return -1;
		}
		record_input_set(b->a, in, f, v);
	}
	return 0;
}

/* Would a file that was exported from the value bring this one? Blanks that cells do not keep, choices of one label, an hour that the clock shows twice are no difference. */
static bool says_value(struct batch *b, const struct field *f, const struct value *now, const struct value *brought)
{
	struct import_run *run = b->g->run;
	struct export_cell cell;
	struct value raw, v;
	struct err one;
	err_init(&one, b->a);
	if (f->to || now->kind == VALUE_LIST)
		return false;
	export_cell_make(b->a, run->reg->zone, run->actor->lang, f, now, &cell);
	return as_brought(b, f, cell.text, &raw) && record_coerce(b->a, run->actor->lang, f, &raw, &v, &one) == 0 && value_same(&v, brought);
}

/* Keeps in the input only what differs from the record; *same when nothing does. What the user may not read here counts as different: nobody finds out a value by guessing it. */
static int differences(struct batch *b, struct unit *u, int64_t id, struct record_input *in, bool *same, struct err *err)
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
		if (!seen || !(value_same(&now, &in->sets.items[i].value) || says_value(b, f, &now, &in->sets.items[i].value)))
			in->sets.items[kept++] = in->sets.items[i];
	}
	in->sets.count = kept;
	*same = kept == 0;
	return 0;
}

/* By what the row's record is found again, as text of maps; NULL: by nothing. -1 when the row was rejected for it. */
static int row_key(struct batch *b, struct row *r, const char **key)
{
	const struct import_plan *p = b->g->run->plan;
	const char *text;
	size_t len;
	struct value v;
	for (size_t c = 0; c < p->ncolumns; c++) {
		const struct import_source_column *col = &p->columns[c];
		if (!col->to || col->to != p->key || is_lookup(col))
			continue;
		cell_text(col, r, c, &text, &len);
		if (!plain_value(b, r, col, col->to, text, len, &v))
			return -1;
		if (v.kind == VALUE_NIL) {
			reject(r, col->name, say_text(b->a, b->g->run->actor->lang, SAY_REQUIRED, label_get(&col->to->label, b->g->run->actor->lang)));
			return -1;
		}
		*key = map_key(b->a, &v);
	}
	return 0;
}

/* One row; -1 with err when the unit cannot go on as it is. A row that is at fault by itself is rejected and gives 0. */
static int write_row(struct batch *b, struct unit *u, struct row *r, struct err *err)
{
	struct import_run *run = b->g->run;
	const struct import_plan *p = run->plan;
	struct record_input in = {.flags = RECORD_IMPORT};
	int64_t *existing = NULL, id;
	const char *key = NULL;
	if (r->ncells > p->ncolumns) {
		reject(r, NULL,
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
		if (!col->to)
			continue;
		if (is_lookup(col)) {
			if (lookup_value(b, u, r, c, existing, &v, err))
				return -1;
		} else {
			cell_text(col, r, c, &text, &len);
			plain_value(b, r, col, col->to, text, len, &v);
		}
		if (r->rejected)
			return 0;
		record_input_set(b->a, &in, col->to, v);
	}
	if (existing && *existing == AMBIGUOUS) {
		reject(r, NULL, say_text(b->a, run->actor->lang, SAY_IMPORT_AMBIGUOUS, label_get(&p->key->label, run->actor->lang), key));
		return 0;
	}
	if (key && !existing && run->dry && map_find(&b->g->keys, key)) {
		/* an earlier row of this trial would have made it */
		b->counts.updated++;
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
		if (record_update(u, p->section, *existing, &in, NULL, err))
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
	if (record_create(u, p->section, &in, &id, err))
		return -1;
	b->row_key = key;
	b->row_id = id;
	b->counts.created++;
	return 0;
}

static void row_begin(struct batch *b)
{
	for (size_t c = 0; c < b->g->run->plan->ncolumns; c++)
		map_create(&b->row_made[c], b->a);
	b->row_key = NULL;
}

/* What the row made is there for the next rows. */
static void row_keep(struct batch *b)
{
	for (size_t c = 0; c < b->g->run->plan->ncolumns; c++)
		for (size_t i = 0; i < b->row_made[c].count; i++) {
			const struct map_entry *e = &b->row_made[c].items[i];
			map_put_n(&b->made[c], e->key, e->len, e->value);
		}
	if (b->row_key)
		map_put(&b->existing, b->row_key, boxed(b->a, b->row_id));
}

/* True when the row created a record before it turned out to be at fault. */
static bool row_left_something(const struct batch *b)
{
	for (size_t c = 0; c < b->g->run->plan->ncolumns; c++)
		if (b->row_made[c].count)
			return true;
	return false;
}

static void batch_reset(struct batch *b)
{
	const struct import_plan *p = b->g->run->plan;
	b->counts = b->g->run->counts;
	map_create(&b->existing, b->a);
	b->made = arena_array(b->a, struct map, p->ncolumns ? p->ncolumns : 1);
	b->row_made = arena_array(b->a, struct map, p->ncolumns ? p->ncolumns : 1);
	for (size_t c = 0; c < p->ncolumns; c++)
		map_create(&b->made[c], b->a);
	b->undone = false;
	for (size_t i = 0; i < b->nrows; i++)
		b->rows[i].rejected = false;
}

static int note_rejected(struct batch *b, struct unit *u, struct err *err)
{
	struct import_run *run = b->g->run;
	for (size_t i = 0; i < b->nrows; i++) {
		struct row *r = &b->rows[i];
		struct import_rejected one = {r->number, r->column, r->reason, r->cells, r->ncells};
		if (r->rejected && run->reject && run->reject(run->ctx, run->dry ? NULL : u, &one, err))
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
static int row_end(struct batch *b, struct unit *u, struct row *r, bool bad, const struct err *why, enum way way, bool *blurred,
				   struct err *err)
{
	struct err one;
	err_init(&one, b->a);
	if (way == JOINED && pg_tx_failed(u->tx)) {
		*blurred = true;
		return -1;
	}
	if (bad || r->rejected) {
		if (bad)
			reject_err(b, r, why);
		b->undone = true;
		return unit_unnest(u, false, err);
	}
	if (way == JOINED) {
		*blurred = unit_join(u, err) < 0;
		return *blurred ? -1 : 0;
	}
	if (unit_unnest(u, true, &one)) {
		reject_err(b, r, &one);
		b->undone = true;
	}
	return 0;
}

static int write_rows(struct batch *b, struct unit *u, enum way way, bool *again, struct err *err)
{
	for (size_t i = 0; i < b->nrows; i++) {
		struct row *r = &b->rows[i];
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
		if (r->rejected)
			b->counts = before;
		else
			row_keep(b);
		b->counts.done++;
		b->counts.rejected += r->rejected;
		b->counts.position = r->number;
	}
	return 0;
}

/* Tries the batch; *again when it should be done in the next way. */
static int attempt(struct batch *b, enum way way, bool *again, struct err *err)
{
	struct import_run *run = b->g->run;
	struct unit_config config = {.pg = run->pg, .reg = run->reg, .actor = run->actor, .lane = PG_LANE_SLOW, .bulk = true};
	struct unit *u;
	struct err one;
	err_init(&one, b->a);
	*again = false;
	batch_reset(b);
	if (pg_room(run->pg, err) || prefetch(b, err) || unit_begin(&config, &u, err))
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
static void batch_keep(struct batch *b)
{
	struct running *g = b->g;
	g->run->counts = b->counts;
	if (g->run->dry) {
		for (size_t i = 0; i < b->existing.count; i++)
			map_put_n(&g->keys, b->existing.items[i].key, b->existing.items[i].len, g);
		return;
	}
	for (size_t c = 0; c < g->run->plan->ncolumns; c++)
		for (size_t i = 0; i < b->made[c].count; i++) {
			const struct map_entry *e = &b->made[c].items[i];
			map_put_n(&g->targets[c], e->key, e->len, boxed(g->arena, *(int64_t *)e->value));
		}
}

static int do_batch(struct batch *b, struct err *err)
{
	enum way way = b->g->way;
	for (int tries = 0;; tries++) {
		struct err one;
		bool again;
		err_init(&one, b->a);
		if (attempt(b, way, &again, &one) == 0) {
			b->g->way = b->undone ? way : TOGETHER;
			batch_keep(b);
			return 0;
		}
		if (again)
			way++;
		else if (one.code != ERR_RETRY || tries >= TRIES)
			return err_copy(err, &one);
	}
}

static void keep_row(struct batch *b, int64_t number, const struct csv_cell *cells, size_t ncells)
{
	struct row *r = &b->rows[b->nrows++];
	*r = (struct row){.number = number, .ncells = ncells};
	r->cells = arena_array(b->a, struct csv_cell, ncells ? ncells : 1);
	for (size_t i = 0; i < ncells; i++)
		r->cells[i] = (struct csv_cell){arena_strndup(b->a, cells[i].text, cells[i].len), cells[i].len};
}

/* The searches by key were planned for a small table and would read all of a large one; the database counts again by itself only after minutes. */
static void measure(struct running *g, struct arena *a, int64_t made)
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
	struct running g = {.run = run, .arena = whole, .measure_at = MEASURE_FIRST};
	int64_t before = run->counts.created;
	struct import_source *source = NULL;
	const struct csv_cell *cells;
	size_t ncells;
	int64_t number;
	int more = 1, seen = 0, failed = -1;
	g.targets = arena_array(whole, struct map, run->plan->ncolumns ? run->plan->ncolumns : 1);
	for (size_t c = 0; c < run->plan->ncolumns; c++)
		map_create(&g.targets[c], whole);
	map_create(&g.keys, whole);
	map_create(&g.titles, whole);
	if (import_source_open(whole, run->bytes, run->len, &run->plan->format, &source, err))
		goto out;
	while (more == 1) {
		arena_reset(a);
		struct batch b = {.g = &g, .a = a, .rows = arena_array(a, struct row, BATCH)};
		while (b.nrows < BATCH && (more = import_source_next(source, &cells, &ncells, &number, err)) == 1)
			if (++seen > run->plan->format.header_row && number > run->counts.position)
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
