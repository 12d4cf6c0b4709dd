#include "edge/import_map.h"

#include <stdio.h>
#include <string.h>
#include <unicode/ucnv.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/say.h"
#include "base/text.h"
#include "edge/import_rejected.h"
#include "edge/import_source.h"
#include "serve/access.h"

enum { SAMPLE_BYTES = 200, HEADING_WITHIN = 20, HEADER_ROW_MAX = 1000 };

/* A field that this actor's import may fill. */
static bool fillable(const struct registry *reg, const struct actor *actor, const struct field *f)
{
	/* by its id a record is found again; nothing is written there */
	if (f->type == FIELD_ID)
		return true;
	if (f->builtin || f->type == FIELD_DETAIL || f->type == FIELD_FORMULA || f->type == FIELD_ROLLUP || f->type == FIELD_FILE || f->many)
		return false;
	const struct access *x = access_get(reg, actor, f->section);
	return actor->system || access_field(x, GRANT_CREATE, f) != ACCESS_NONE || access_field(x, GRANT_UPDATE, f) != ACCESS_NONE;
}

/* Letters and digits in lower case: "Postal address" and "postal_address" are the same name. */
static const char *folded(struct arena *a, const char *s)
{
	size_t len, n = 0;
	char *low = text_lower(a, s, strlen(s), &len);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)low[i] >= 0x80 || (low[i] >= 'a' && low[i] <= 'z') || (low[i] >= '0' && low[i] <= '9'))
			low[n++] = low[i];
	low[n] = 0;
	return low;
}

/* What a mapping finds a record of the section by when it says nothing: its first unique text, else its first text. */
static struct field *natural_key(const struct section *s)
{
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < s->nfields; i++) {
			struct field *f = s->fields[i];
			if (!f->builtin && f->expr.storage == EXPR_COLUMN && f->expr.type.kind == EXPR_TEXT && (pass || f->unique))
				return f;
		}
	return NULL;
}

/* The field of which the title consists, when it is one text; NULL: it is composed. */
static struct field *title_field(struct arena *a, const struct section *s)
{
	size_t n = s->title.text ? strlen(s->title.text) : 0;
	struct field *f = n > 2 && s->title.text[0] == '{' && strchr(s->title.text, '}') == s->title.text + n - 1
						  ? section_find(s, arena_strndup(a, s->title.text + 1, n - 2))
						  : NULL;
	return f && !f->builtin && f->expr.storage == EXPR_COLUMN && f->expr.type.kind == EXPR_TEXT && f->type != FIELD_CHOICE ? f : NULL;
}

/* How a lookup's target is found: by the field named, else as people and exports name it. */
static void find_by(struct arena *a, struct import_source_column *c, struct field *by)
{
	struct field *title = c->to && c->to->to ? title_field(a, c->to->to) : NULL;
	c->by = NULL;
	c->titled = c->shown = false;
	if (!c->to || !c->to->to)
		return;
	c->by = by ? by : title ? title : natural_key(c->to->to);
	c->titled = !by && !title;
	c->shown = c->titled || c->by == title;
}

static bool is_taken(const struct import_plan *p, const struct field *f)
{
	for (size_t c = 0; c < p->ncolumns; c++)
		if (p->columns[c].to == f)
			return true;
	return false;
}

/* "Account: City", as exports head a column beyond lookups: no field of the section, whatever it sounds like. */
static bool beyond_lookup(const struct section *s, const char *name)
{
	size_t n = strcspn(name, ",:");
	if (!strstr(name, ": "))
		return false;
	for (size_t i = 0; i < s->nfields; i++)
		for (int l = 0; l < LANG_COUNT; l++) {
			const char *label = label_get(&s->fields[i]->label, (enum lang)l);
			if (s->fields[i]->type == FIELD_LOOKUP && strlen(label) == n && strncmp(label, name, n) == 0)
				return true;
		}
	return false;
}

enum likeness { THE_LABEL, THE_EXPORTS_HEADING, LIKE_A_NAME, LIKENESSES };

/* What a heading may be to a field, the nearest first. */
static bool is_like(struct arena *a, const struct field *f, const char *name, const char *like, enum lang lang, enum likeness how)
{
	const char *label = label_get(&f->label, lang);
	if (how == THE_LABEL)
		return strcmp(label, name) == 0;
	if (how == THE_EXPORTS_HEADING)
		return strcmp(arena_printf(a, "%s (%s)", label, f->expr.name), name) == 0;
	if (strcmp(folded(a, f->expr.name), like) == 0 || strcmp(folded(a, field_property(a, f)), like) == 0)
		return true;
	for (int l = 0; l < LANG_COUNT; l++)
		if (strcmp(folded(a, label_get(&f->label, (enum lang)l)), like) == 0)
			return true;
	return false;
}

/* Columns that are `settled` (may be NULL) stay as they are. A field of the configuration goes before the id: its label may be the same. */
static void map_by_name(struct arena *a, const struct registry *reg, const struct actor *actor, struct import_plan *p, const bool *settled)
{
	for (int turn = 0; turn < 2 * LIKENESSES; turn++)
		for (size_t c = 0; c < p->ncolumns; c++) {
			enum likeness how = (enum likeness)(turn % LIKENESSES);
			struct import_source_column *to = &p->columns[c];
			const char *like = folded(a, to->name);
			if ((settled && settled[c]) || to->to || !*like || (how == LIKE_A_NAME && beyond_lookup(p->section, to->name)))
				continue;
			for (size_t i = 0; i < p->section->nfields && !to->to; i++) {
				struct field *f = p->section->fields[i];
				if ((f->type == FIELD_ID) != (turn >= LIKENESSES) || !fillable(reg, actor, f) ||
					!is_like(a, f, to->name, like, actor->lang, how) || is_taken(p, f))
					continue;
				to->to = f;
				find_by(a, to, NULL);
			}
		}
}

/* By what records are found again when nobody says: the first unique field. */
static void key_by_fields(struct import_plan *p)
{
	for (size_t c = 0; c < p->ncolumns; c++)
		if (p->columns[c].to && (p->columns[c].to->unique || p->columns[c].to->type == FIELD_AUTONUMBER) && !p->key)
			p->key = p->columns[c].to;
}

static const char *decl_text(struct arena *a, const struct decl_value *v)
{
	switch (v->kind) {
	case DECL_TEXT: return v->text.s;
	case DECL_INT: return arena_printf(a, "%lld", (long long)v->i);
	case DECL_NUMBER: return v->number;
	case DECL_BOOL: return v->b ? "true" : "false";
	default: return "";
	}
}

static void map_by_configuration(struct arena *a, struct import_plan *p, const bool *settled)
{
	for (size_t i = 0; i < p->map->ncolumns; i++) {
		const struct import_column *from = &p->map->columns[i];
		for (size_t c = 0; c < p->ncolumns; c++) {
			struct import_source_column *to = &p->columns[c];
			if (strcmp(to->name, from->source) != 0 || to->to || (settled && settled[c]) || (settled && from->to && is_taken(p, from->to)))
				continue;
			to->to = from->to;
			find_by(a, to, from->by ? from->by : from->to && from->to->to ? natural_key(from->to->to) : NULL);
			to->create = from->create;
			to->strip = from->strip;
			to->nvalues = from->nvalues;
			to->values = arena_array(a, struct import_pair, from->nvalues ? from->nvalues : 1);
			for (size_t k = 0; k < from->nvalues; k++)
				to->values[k] = (struct import_pair){from->values[k].key ? from->values[k].key : "", decl_text(a, &from->values[k].value)};
			break;
		}
	}
}

static const char *cell_name(struct arena *a, const struct csv_cell *c)
{
	size_t n = c->len < SAMPLE_BYTES ? c->len : SAMPLE_BYTES;
	while (n < c->len && n && ((unsigned char)c->text[n] & 0xc0) == 0x80)
		n--;
	return arena_strndup(a, c->text, n);
}

/* 0 → "A", 25 → "Z", 26 → "AA". */
static const char *sheet_name(struct arena *a, size_t column)
{
	return column < 26 ? arena_printf(a, "%c", (char)('A' + column))
					   : arena_printf(a, "%s%c", sheet_name(a, column / 26 - 1), (char)('A' + column % 26));
}

/* Columns that say why rows were rejected go nowhere; and they say how numbers and dates are written. */
static void skip_reasons(struct import_plan *p, bool *skipped)
{
	const char *names[IMPORT_COLUMNS];
	for (size_t i = 0; i < p->ncolumns; i++)
		names[i] = p->columns[i].name;
	size_t own = import_rejected_own(names, p->ncolumns, &p->format);
	for (size_t i = 0; i < p->ncolumns; i++)
		skipped[i] = i >= own;
}

/* Reads heading, samples and the number of rows; `decide`: the marks of numbers and dates, too. */
static int read_columns(struct arena *a, const struct actor *actor, const char *bytes, size_t len, bool decide, struct import_plan *p,
						struct err *err)
{
	struct import_source *source;
	const struct csv_cell *cells;
	struct import_votes votes = {0};
	size_t ncells;
	int64_t row;
	int more;
	bool headed = false;
	p->columns = arena_array(a, struct import_source_column, IMPORT_COLUMNS);
	p->ncolumns = p->rows = 0;
	if (import_source_open(a, bytes, len, &p->format, &source, err))
		return -1;
	while ((more = import_source_next(source, &cells, &ncells, &row, err)) == 1) {
		if (import_above_rows(&p->format, row, &headed)) {
			if (!headed)
				continue;
			for (; p->ncolumns < ncells; p->ncolumns++)
				p->columns[p->ncolumns].name = cell_name(a, &cells[p->ncolumns]);
			continue;
		}
		/* without a heading columns are called as in a sheet */
		for (; !p->format.header_row && p->ncolumns < ncells; p->ncolumns++)
			p->columns[p->ncolumns].name = sheet_name(a, p->ncolumns);
		p->rows++;
		if (p->rows > IMPORT_SAMPLE_ROWS)
			continue;
		for (size_t i = 0; i < ncells && i < p->ncolumns; i++) {
			struct import_source_column *c = &p->columns[i];
			import_vote(&votes, cells[i].text, cells[i].len);
			if (!cells[i].len || c->nsamples == IMPORT_SAMPLES)
				continue;
			c->samples[c->nsamples++] = cell_name(a, &cells[i]);
		}
	}
	import_source_close(source);
	if (more < 0)
		return -1;
	if (!p->ncolumns)
		return err_say(err, ERR_UNPROCESSABLE, actor->lang, SAY_IMPORT_HEADLESS);
	if (decide)
		import_decide(&votes, &p->format);
	if (strcmp(p->format.kind, "xlsx") == 0)
		p->format.decimal = '.';
	return 0;
}

/* The columns of a file that nobody has mapped yet. */
static void map_columns(struct arena *a, const struct registry *reg, const struct actor *actor, struct import_plan *p)
{
	bool *skipped = arena_array(a, bool, p->ncolumns + 1);
	skip_reasons(p, skipped);
	if (p->map)
		map_by_configuration(a, p, skipped);
	else
		map_by_name(a, reg, actor, p, skipped);
}

/* Above the heading there may be a title, a date, empty rows: the heading is the row that names the most fields, the first one when none does. */
static int find_heading(struct arena *a, const struct registry *reg, const struct actor *actor, const char *bytes, size_t len,
						struct import_plan *p, struct err *err)
{
	struct import_source *source;
	const struct csv_cell *cells;
	size_t ncells, most = 0;
	int64_t row = 0;
	int more;
	if (import_source_open(a, bytes, len, &p->format, &source, err))
		return -1;
	for (int seen = 1; seen <= HEADING_WITHIN && (more = import_source_next(source, &cells, &ncells, &row, err)) == 1; seen++) {
		struct import_plan probe = *p;
		size_t named = 0;
		probe.ncolumns = ncells;
		probe.columns = arena_array(a, struct import_source_column, ncells ? ncells : 1);
		for (size_t i = 0; i < ncells; i++)
			probe.columns[i].name = cell_name(a, &cells[i]);
		map_columns(a, reg, actor, &probe);
		for (size_t i = 0; i < ncells; i++)
			named += probe.columns[i].to != NULL;
		if (named > most && row <= HEADER_ROW_MAX) {
			most = named;
			p->format.header_row = (int)row;
		}
	}
	import_source_close(source);
	/* what is wrong with the file is told when it is read */
	return 0;
}

int import_plan_detect(struct arena *a, const struct registry *reg, const struct actor *actor, struct section *s,
					   const struct import_map *map, const char *bytes, size_t len, struct import_plan *p, struct err *err)
{
	memset(p, 0, sizeof *p);
	p->section = s;
	p->map = map;
	if (import_source_detect(a, bytes, len, &p->format, err) || find_heading(a, reg, actor, bytes, len, p, err) ||
		read_columns(a, actor, bytes, len, true, p, err))
		return -1;
	map_columns(a, reg, actor, p);
	if (map)
		p->key = map->key;
	else
		key_by_fields(p);
	return 0;
}

int import_plan_reread(struct arena *a, const struct registry *reg, const struct actor *actor, const char *bytes, size_t len, bool decide,
					   struct import_plan *p, struct err *err)
{
	const struct import_source_column *old = p->columns;
	size_t nold = p->ncolumns, kept = 0;
	if (read_columns(a, actor, bytes, len, decide, p, err))
		return -1;
	bool *settled = arena_array(a, bool, p->ncolumns), *used = arena_array(a, bool, nold ? nold : 1);
	for (size_t c = 0; c < p->ncolumns; c++)
		for (size_t k = 0; k < nold && !settled[c]; k++) {
			struct import_source_column *to = &p->columns[c];
			const struct import_source_column *from = &old[k];
			if (used[k] || strcmp(from->name, to->name) != 0)
				continue;
			used[k] = settled[c] = true;
			to->to = from->to;
			to->by = from->by;
			to->titled = from->titled;
			to->shown = from->shown;
			to->create = from->create;
			to->strip = from->strip;
			to->values = from->values;
			to->nvalues = from->nvalues;
			kept += to->to != NULL;
		}
	bool *skipped = arena_array(a, bool, p->ncolumns + 1);
	skip_reasons(p, skipped);
	for (size_t c = 0; c < p->ncolumns; c++)
		settled[c] |= skipped[c];
	if (p->map)
		map_by_configuration(a, p, settled);
	else
		map_by_name(a, reg, actor, p, settled);
	/* no key was chosen for columns that are still there: none is what is wanted */
	if (p->key ? !is_taken(p, p->key) : !kept) {
		p->key = p->map && p->map->key && is_taken(p, p->map->key) ? p->map->key : NULL;
		if (!p->key && !p->map)
			key_by_fields(p);
	}
	return 0;
}

bool import_plan_follow(struct arena *a, const struct registry *reg, const struct actor *actor, const struct json *columns, const char *key,
						struct import_plan *p)
{
	struct import_plan old = {.section = p->section};
	struct err gone;
	size_t own = import_rejected_columns(p);
	err_init(&gone, a);
	if (import_plan_read(a, reg, actor, NULL, columns, key ? key : "", &old, &gone) || import_rejected_columns(&old) != own)
		return false;
	for (size_t c = 0; c < own; c++)
		if (strcmp(old.columns[c].name, p->columns[c].name) != 0)
			return false;
	for (size_t c = 0; c < own; c++) {
		struct import_source_column *to = &p->columns[c];
		const char *name = to->name, *samples[IMPORT_SAMPLES];
		size_t n = to->nsamples;
		memcpy(samples, to->samples, sizeof samples);
		*to = old.columns[c];
		to->name = name;
		to->nsamples = n;
		memcpy(to->samples, samples, sizeof samples);
	}
	p->key = old.key;
	return true;
}

static bool same_text(const char *x, const char *y)
{
	return strcmp(x ? x : "", y ? y : "") == 0;
}

bool import_format_recuts(const struct import_format *x, const struct import_format *y)
{
	return x->header_row != y->header_row || x->csv.separator != y->csv.separator || x->csv.quote != y->csv.quote ||
		   !same_text(x->sheet, y->sheet) || !same_text(x->encoding, y->encoding);
}

static bool brings_any(const struct import_plan *p)
{
	for (size_t i = 0; i < p->ncolumns; i++)
		if (p->columns[i].to && p->columns[i].to->type != FIELD_ID)
			return true;
	return false;
}

int import_plan_check(const struct import_plan *p, const struct actor *actor, struct err *err)
{
	if (!brings_any(p)) {
		err_say(err, ERR_INVALID, actor->lang, SAY_IMPORT_COLUMNLESS, label_get(&p->section->plural, actor->lang));
		return err_target(err, "columns");
	}
	if (!p->key || is_taken(p, p->key))
		return 0;
	err_say(err, ERR_INVALID, actor->lang, SAY_IMPORT_KEY, label_get(&p->key->label, actor->lang));
	return err_target(err, "key");
}

struct field *import_plan_suggest(const struct import_plan *p)
{
	for (int pass = 0; pass < 2 && !p->key; pass++)
		for (size_t c = 0; c < p->ncolumns; c++) {
			struct field *f = p->columns[c].to;
			if (f && (pass ? f->type == FIELD_ID : f->unique || f->type == FIELD_AUTONUMBER))
				return f;
		}
	return NULL;
}

static void text(struct buf *b, const char *s)
{
	if (s)
		buf_json(b, s, strlen(s));
	else
		buf_puts(b, "null");
}

void import_plan_format_json(struct buf *b, const struct import_plan *p)
{
	const struct import_format *f = &p->format;
	char separator[2] = {f->csv.separator, 0}, decimal[2] = {f->decimal, 0};
	buf_printf(b, "{\"kind\":\"%s\",", f->kind);
	if (strcmp(f->kind, "csv") == 0) {
		buf_puts(b, "\"encoding\":");
		text(b, f->encoding);
		buf_puts(b, ",\"separator\":");
		text(b, separator);
		buf_printf(b, ",\"quote\":\"%s\",", f->csv.quote == CSV_DOUBLED ? "doubled" : "backslash");
	} else {
		buf_puts(b, "\"sheet\":");
		text(b, f->sheet);
		buf_putc(b, ',');
	}
	buf_puts(b, "\"decimal\":");
	text(b, decimal);
	buf_printf(b, ",\"date\":\"%s\",\"header_row\":%d}", import_date_name(f->date), f->header_row);
}

void import_plan_columns_json(struct buf *b, const struct import_plan *p)
{
	buf_putc(b, '[');
	for (size_t i = 0; i < p->ncolumns; i++) {
		const struct import_source_column *c = &p->columns[i];
		buf_puts(b, i ? ",{\"name\":" : "{\"name\":");
		text(b, c->name);
		buf_puts(b, ",\"samples\":[");
		for (size_t k = 0; k < c->nsamples; k++) {
			if (k)
				buf_putc(b, ',');
			text(b, c->samples[k]);
		}
		buf_puts(b, "],\"to\":");
		text(b, c->to ? c->to->expr.name : NULL);
		if (c->by || c->titled) {
			buf_puts(b, ",\"by\":");
			text(b, c->titled ? NULL : c->by->expr.name);
			buf_printf(b, ",\"create\":%s", c->create ? "true" : "false");
		}
		if (c->strip) {
			buf_puts(b, ",\"strip\":");
			text(b, c->strip);
		}
		if (c->nvalues) {
			buf_puts(b, ",\"values\":{");
			for (size_t k = 0; k < c->nvalues; k++) {
				if (k)
					buf_putc(b, ',');
				text(b, c->values[k].from);
				buf_putc(b, ':');
				text(b, c->values[k].to);
			}
			buf_putc(b, '}');
		}
		buf_putc(b, '}');
	}
	buf_putc(b, ']');
}

static int invalid(struct err *err, int lang, const char *target, const char *choices)
{
	err_say(err, ERR_INVALID, lang, SAY_IMPORT_OPTION, target, choices);
	return err_target(err, target);
}

static int read_format(struct arena *a, int lang, const struct json *j, struct import_format *f, struct err *err)
{
	const char *s;
	long long n;
	if ((s = json_get_text(j, "encoding"))) {
		UErrorCode status = U_ZERO_ERROR;
		if (strlen(s) > 60 || !ucnv_countAliases(s, &status))
			return err_tell(err, ERR_INVALID, SAY_NO_ENCODING, arena_strndup(a, s, strlen(s) < 60 ? strlen(s) : 60)),
				   err_target(err, "encoding");
		f->encoding = ucnv_compareNames(s, "UTF-8") == 0 ? "UTF-8" : arena_strdup(a, s);
	}
	if ((s = json_get_text(j, "separator"))) {
		if (strlen(s) != 1 || !strchr(";,\t|", *s))
			return invalid(err, lang, "separator", "; , | \\t");
		f->csv.separator = *s;
	}
	if ((s = json_get_text(j, "quote"))) {
		if (strcmp(s, "doubled") != 0 && strcmp(s, "backslash") != 0)
			return invalid(err, lang, "quote", "doubled | backslash");
		f->csv.quote = *s == 'd' ? CSV_DOUBLED : CSV_BACKSLASH;
	}
	if ((s = json_get_text(j, "decimal"))) {
		if (strcmp(s, ",") != 0 && strcmp(s, ".") != 0)
			return invalid(err, lang, "decimal", "',' | '.'");
		f->decimal = *s;
	}
	if ((s = json_get_text(j, "date")) && !import_date_find(s, &f->date))
		return invalid(err, lang, "date", "dd.mm.yyyy | yyyy-mm-dd | mm/dd/yyyy");
	if ((s = json_get_text(j, "sheet")))
		f->sheet = arena_strdup(a, s);
	if (json_get_int(j, "header_row", &n)) {
		if (n < 0 || n > HEADER_ROW_MAX)
			return invalid(err, lang, "header_row", "0…1000");
		f->header_row = (int)n;
	}
	return 0;
}

int import_plan_set(struct arena *a, const struct registry *reg, const struct actor *actor, struct import_plan *p,
					struct import_source_column *c, const char *to, const char *by, bool create, struct err *err)
{
	c->to = to ? section_find(p->section, to) : NULL;
	c->by = NULL;
	c->create = c->titled = c->shown = false;
	if (to && (!c->to || !fillable(reg, actor, c->to)))
		return err_say(err, ERR_INVALID, actor->lang, SAY_UNKNOWN_FIELD, to), err_target(err, c->name);
	if (c->to && c->to->to) {
		struct field *key = by ? section_find(c->to->to, by) : NULL;
		if (by && !key)
			return err_say(err, ERR_INVALID, actor->lang, SAY_UNKNOWN_FIELD, by), err_target(err, c->name);
		find_by(a, c, key);
		c->create = create;
	}
	return 0;
}

static int read_column(struct arena *a, const struct registry *reg, const struct actor *actor, const struct json *j, struct import_plan *p,
					   struct import_source_column *c, struct err *err)
{
	const char *to = json_get_text(j, "to"), *by = json_get_text(j, "by"), *strip = json_get_text(j, "strip");
	const struct json *create = json_get(j, "create"), *values = json_get(j, "values"), *samples = json_get(j, "samples");
	const char *name = json_get_text(j, "name");
	c->name = name ? arena_strdup(a, name) : "";
	for (const struct json *s = samples && samples->kind == JSON_LIST ? samples->first : NULL; s && c->nsamples < IMPORT_SAMPLES;
		 s = s->next)
		if (s->kind == JSON_TEXT)
			c->samples[c->nsamples++] = arena_strndup(a, s->text, s->len);
	if (import_plan_set(a, reg, actor, p, c, to, by, create && create->kind == JSON_TRUE, err))
		return -1;
	c->strip = strip && *strip ? arena_strdup(a, strip) : NULL;
	if (values && values->kind == JSON_MAP && values->count) {
		c->values = arena_array(a, struct import_pair, values->count);
		for (const struct json *v = values->first; v; v = v->next)
			if (v->kind == JSON_TEXT)
				c->values[c->nvalues++] = (struct import_pair){arena_strdup(a, v->key), arena_strdup(a, v->text)};
	}
	return 0;
}

int import_plan_read(struct arena *a, const struct registry *reg, const struct actor *actor, const struct json *format,
					 const struct json *columns, const char *key, struct import_plan *p, struct err *err)
{
	if (format && format->kind == JSON_MAP && read_format(a, actor->lang, format, &p->format, err))
		return -1;
	if (columns) {
		if (columns->kind != JSON_LIST || columns->count > IMPORT_COLUMNS)
			return invalid(err, actor->lang, "columns", "[…]");
		p->columns = arena_array(a, struct import_source_column, columns->count ? columns->count : 1);
		p->ncolumns = 0;
		for (const struct json *c = columns->first; c; c = c->next)
			if (read_column(a, reg, actor, c, p, &p->columns[p->ncolumns++], err))
				return -1;
	}
	if (key) {
		p->key = *key ? section_find(p->section, key) : NULL;
		if (*key && !p->key)
			return err_say(err, ERR_INVALID, actor->lang, SAY_UNKNOWN_FIELD, key), err_target(err, "key");
	}
	return 0;
}
