#include "edge/import_cell.h"

#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/say.h"
#include "base/text.h"
#include "edge/export.h"
#include "edge/import_seen.h"
#include "expr/expr.h"
#include "pg/pg.h"
#include "serve/access.h"
#include "serve/plan.h"
#include "serve/record.h"
#include "serve/unit.h"

enum { SHEET_TEXT_MAX = 32767 };

int64_t *import_cell_boxed(struct arena *a, int64_t id)
{
	int64_t *p = arena_new(a, int64_t);
	*p = id;
	return p;
}

/* The cell of a column as the mapping has it: beginning stripped, replaced by `values`. */
void import_cell_text(const struct import_source_column *c, const struct import_row *r, size_t column, const char **text, size_t *len)
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
static bool as_brought(struct import_batch *b, const struct field *f, const char *text, struct value *out)
{
	struct import_format format = {.kind = "xlsx", .decimal = '.', .date = IMPORT_DATE_YMD, .zone = b->g->run->reg->zone};
	const char *reason;
	return import_value(b->a, f, &format, b->g->run->actor->lang, text, strlen(text), out, &reason) == 0;
}

/* A title as a value, the blanks at its ends taken off. */
static const struct field titles = {.type = FIELD_TEXT, .is_long = true};

struct value import_cell_title(struct import_batch *b, const char *title)
{
	struct value v;
	as_brought(b, &titles, title ? title : "", &v);
	return v;
}

/* id and key of the visible records of a section whose field is one of the texts; `by` NULL: whose title is. */
static int find_by(struct import_batch *b, struct section *s, struct field *by, const struct value *values, size_t n, struct map *out,
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
		struct value v = by ? pg_rows_value(rows, b->a, i, 2) : import_cell_title(b, pg_rows_text(rows, i, 1));
		struct buf key = BUF_INIT;
		value_json(&key, &v);
		if (map_put_n(out, key.data, key.len, import_cell_boxed(out->arena, pg_rows_int(rows, i, 0))))
			map_put_n(out, key.data, key.len, import_cell_boxed(out->arena, IMPORT_AMBIGUOUS));
		buf_destroy(&key);
	}
	return 0;
}

/* A value's text in maps: its JSON. */
const char *import_cell_key(struct arena *a, const struct value *v)
{
	struct buf key = BUF_INIT;
	value_json(&key, v);
	const char *out = arena_strndup(a, key.data, key.len);
	buf_destroy(&key);
	return out;
}

void import_cell_reject(struct import_row *r, const char *column, const char *reason)
{
	if (r->rejected)
		return;
	r->rejected = true;
	r->column = column;
	r->reason = reason;
}

/* The value of a plain column, coerced to its field. */
bool import_cell_value(struct import_batch *b, struct import_row *r, const struct import_source_column *c, const struct field *f,
					   const char *text, size_t len, struct value *out)
{
	struct import_run *run = b->g->run;
	const char *reason = NULL;
	struct value raw;
	/* a sheet's cell that is full to the last character is the beginning of a longer text (export_xlsx.c) */
	if (len >= SHEET_TEXT_MAX && strcmp(run->plan->format.kind, "xlsx") == 0 && text_length(text, len) >= SHEET_TEXT_MAX) {
		import_cell_reject(r, c->name,
						   say_text(b->a, run->actor->lang, SAY_IMPORT_CUT, label_get(&c->to->label, run->actor->lang),
									say_number(b->a, SHEET_TEXT_MAX)));
		return false;
	}
	struct err one;
	err_init(&one, b->a);
	struct import_format format = run->plan->format;
	format.zone = run->reg->zone;
	if (import_value(b->a, f, &format, run->actor->lang, text, len, &raw, &reason)) {
		import_cell_reject(r, c->name, reason);
		return false;
	}
	if (record_coerce(b->a, run->actor->lang, f, &raw, out, &one)) {
		import_cell_reject(r, c->name, arena_strdup(b->a, err_message(&one, run->actor->lang)));
		return false;
	}
	return true;
}

bool import_cell_is_lookup(const struct import_source_column *c)
{
	return c->to && c->to->to && (c->by || c->titled);
}

bool import_cell_is_self(const struct import_plan *p, size_t c)
{
	return import_cell_is_lookup(&p->columns[c]) && p->columns[c].to->to == p->section;
}

const char *import_cell_names(struct import_batch *b, const struct import_row *r, size_t c)
{
	const struct import_source_column *col = &b->g->run->plan->columns[c];
	struct field *by = import_cell_is_lookup(col) ? col->by : col->to;
	struct import_row probe = *r;
	struct value v;
	const char *text;
	size_t len;
	if (!by)
		return NULL;
	import_cell_text(col, &probe, c, &text, &len);
	return import_cell_value(b, &probe, col, by, text, len, &v) && v.kind != VALUE_NIL ? import_cell_key(b->a, &v) : NULL;
}

/* Asks for the records of a section whose field (NULL: title) stands in the column's cells, those that are not known yet. */
static int prefetch_column(struct import_batch *b, size_t c, struct section *s, struct field *by, struct map *known, struct err *err)
{
	struct value *values = arena_array(b->a, struct value, b->nrows ? b->nrows : 1);
	struct map asked;
	size_t n = 0;
	map_create(&asked, b->a);
	for (size_t i = 0; i < b->nrows; i++) {
		struct import_row probe = b->rows[i];
		struct value v;
		const char *text;
		size_t len;
		import_cell_text(&b->g->run->plan->columns[c], &probe, c, &text, &len);
		if (!import_cell_value(b, &probe, &b->g->run->plan->columns[c], by ? by : &titles, text, len, &v) || v.kind == VALUE_NIL)
			continue;
		const char *k = import_cell_key(b->a, &v);
		const int64_t *id = map_find(known, k);
		/* a key that several records have may be the title of one */
		if (map_put(&asked, k, b) || (id && (by || *id != IMPORT_AMBIGUOUS)))
			continue;
		values[n++] = v;
	}
	if (by) {
		int there = import_seen_find(b, c, s, by, values, n, known, err);
		return there ? (there < 0 ? -1 : 0) : find_by(b, s, by, values, n, known, err);
	}
	struct map titled;
	map_create(&titled, known->arena);
	int found = import_seen_find(b, c, s, NULL, values, n, &titled, err);
	if (found < 0 || (!found && find_by(b, s, NULL, values, n, &titled, err)))
		return -1;
	for (size_t i = 0; i < titled.count; i++)
		map_put_n(known, titled.items[i].key, titled.items[i].len, titled.items[i].value);
	return 0;
}

/* Looks up at once what the batch needs: records by key, and targets of lookups. */
int import_cell_prefetch(struct import_batch *b, struct err *err)
{
	const struct import_plan *p = b->g->run->plan;
	for (size_t c = 0; c < p->ncolumns; c++) {
		const struct import_source_column *col = &p->columns[c];
		if (!col->to)
			continue;
		if (import_cell_is_lookup(col)) {
			/* by the key first: an index serves it, composed titles none */
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

void import_cell_reject_err(struct import_batch *b, struct import_row *r, const struct err *e)
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
	import_cell_reject(r, column, reason ? reason : "");
}

/* The title of a target in the user's eyes, nil when there is none to see. */
static int title_of(struct import_batch *b, size_t c, int64_t id, struct value *out, struct err *err)
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
	*out = import_cell_title(b, title);
	return 0;
}

/* Does the cell say what an export would of the target that the record has? So nothing is lost by a title that the user may not see, that is empty, or that several records have. */
static int says_current(struct import_batch *b, struct unit *u, size_t c, int64_t record_id, const struct value *cell, struct value *out,
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
static int64_t *find_target(struct import_batch *b, struct import_row *r, size_t c, bool titled, struct value *v)
{
	const struct import_source_column *col = &b->g->run->plan->columns[c];
	const char *text;
	size_t len;
	*v = value_nil();
	import_cell_text(col, r, c, &text, &len);
	if (!import_cell_value(b, r, col, titled ? &titles : col->by, text, len, v) || v->kind == VALUE_NIL)
		return NULL;
	const char *k = import_cell_key(b->a, v);
	int64_t *id = map_find(&b->row_made[c], k);
	if (!id)
		id = map_find(&b->made[c], k);
	return id ? id : map_find(&b->g->targets[c], k);
}

/* The id of a lookup's target, nil when the cell is empty or the row was rejected. `existing`: of the record that the row is about, or NULL. */
int import_cell_target(struct import_batch *b, struct unit *u, struct import_row *r, size_t c, const int64_t *existing, struct value *out,
					   struct err *err)
{
	struct import_run *run = b->g->run;
	const struct import_source_column *col = &run->plan->columns[c];
	struct value v;
	*out = value_nil();
	int64_t *id = find_target(b, r, c, col->titled, &v);
	if (r->rejected)
		return 0;
	if (existing && *existing != IMPORT_AMBIGUOUS && col->shown && (v.kind == VALUE_NIL || (id && *id == IMPORT_AMBIGUOUS))) {
		bool same;
		if (says_current(b, u, c, *existing, &v, out, &same, err))
			return -1;
		if (same)
			return 0;
	}
	if (v.kind == VALUE_NIL)
		return 0;
	const char *label = label_get(&col->to->label, run->actor->lang), *k = import_cell_key(b->a, &v),
			   *shown = v.kind == VALUE_TEXT ? v.text.s : k;
	if (!id && col->titled && col->by) {
		id = find_target(b, r, c, false, &v);
		if (r->rejected)
			return 0;
		k = import_cell_key(b->a, &v);
	}
	if (id && *id == IMPORT_AMBIGUOUS) {
		import_cell_reject(r, col->name, say_text(b->a, run->actor->lang, SAY_IMPORT_AMBIGUOUS, label, shown));
		return 0;
	}
	if (id) {
		*out = value_int(*id);
		return 0;
	}
	if (!col->create || !col->by || v.kind == VALUE_NIL) {
		import_cell_reject(r, col->name, say_text(b->a, run->actor->lang, SAY_IMPORT_LOOKUP, label, shown));
		return 0;
	}
	struct record_input in = {.flags = RECORD_IMPORT};
	int64_t made;
	record_input_set(b->a, &in, col->by, v);
	if (record_create(u, col->to->to, &in, &made, err))
		return -1;
	map_put(&b->row_made[c], k, import_cell_boxed(b->a, made));
	*out = value_int(made);
	return 0;
}

/* Would a file that was exported from the value bring this one? Blanks that cells do not keep, choices of one label, an hour that the clock shows twice are no difference. */
bool import_cell_says(struct import_batch *b, const struct field *f, const struct value *now, const struct value *brought)
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
