#include "edge/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/date.h"
#include "base/err.h"
#include "base/fiber.h"
#include "base/log.h"
#include "base/say.h"
#include "base/text.h"
#include "edge/app.h"
#include "edge/export_xlsx.h"
#include "edge/http.h"
#include "edge/odata_url.h"
#include "serve/access.h"
#include "serve/plan.h"

#define DAY INT64_C(86400000000)

enum { PAGE = 1000, COLUMNS = 100, STEPS = 8, ROWS = 1000000, WORKBOOKS = 2, EXACT_DIGITS = 15, SHEET_EPOCH = 25569 };

struct export
{
	struct http_request *r; /* NULL: into a file of the caller */
	struct arena *arena;
	struct pg *pg;
	struct registry *reg;
	const struct actor *actor;
	struct section *section;
	struct plan *plan;
	struct plan_walk *walk;
	struct pg_bindings bindings;
	struct export_column *columns;
	const char *titles[COLUMNS]; /* of columns beyond lookups: with the lookups' labels */
	int64_t rows;
};

/* ---- cells ---- */

static void cell_text(struct export_cell *c, const char *text)
{
	c->kind = text && *text ? EXPORT_TEXT : EXPORT_EMPTY;
	c->text = text ? text : "";
}

static const char *choice_label(const struct field *f, const struct value *v, enum lang lang)
{
	if (f->type == FIELD_STAGE) {
		const struct stage *s = section_find_stage(f->section, v->text.s);
		return s ? label_get(&s->label, lang) : v->text.s;
	}
	for (size_t i = 0; i < f->nvalues; i++)
		if (strcmp(f->values[i].code, v->text.s) == 0)
			return label_get(&f->values[i].label, lang);
	return v->text.s;
}

/* A number that a sheet's arithmetic can hold digit for digit; longer ones stay texts. */
static void cell_decimal(struct export_cell *c, const char *text)
{
	size_t digits = 0;
	for (const char *p = text; *p; p++)
		digits += *p >= '0' && *p <= '9';
	c->text = text;
	c->kind = digits <= EXACT_DIGITS ? EXPORT_NUMBER : EXPORT_DIGITS;
	c->number = strtod(text, NULL);
}

static const char *taken(struct arena *a, struct buf *b)
{
	const char *out = arena_strndup(a, b->data ? b->data : "", b->len);
	buf_destroy(b);
	return out;
}

static void cell_list(struct arena *a, const struct value *v, struct export_cell *c)
{
	struct buf b = BUF_INIT;
	for (size_t i = 0; i < v->list.count; i++) {
		const struct value *one = &v->list.items[i];
		if (one->kind != VALUE_TEXT)
			continue;
		if (b.len)
			buf_puts(&b, ", ");
		buf_add(&b, one->text.s, one->text.len);
	}
	cell_text(c, taken(a, &b));
}

/* "2026-05-01 10:00:00" of the zone's clock, as people write it, with what there is of a second. */
static void cell_time(struct arena *a, const char *zone, int64_t us, struct export_cell *c)
{
	struct buf b = BUF_INIT;
	int64_t local = zone_local(zone, us), offset = local - us;
	time_write(&b, local);
	char *text = (char *)taken(a, &b);
	size_t len = strlen(text);
	text[10] = ' ';
	text[len - 1] = '\0';
	c->text = text;
	/* sheets count days from 1900 on, in numbers that do not hold every microsecond */
	c->kind = local % 1000000 == 0 && local > (60 - SHEET_EPOCH) * DAY ? EXPORT_TIME : EXPORT_TEXT;
	c->number = (double)local / (double)DAY + SHEET_EPOCH;
	if (zone_moment(zone, local) == us)
		return;
	/* an hour that the clock shows twice: which of them is meant */
	c->kind = EXPORT_TEXT;
	if (offset % 60000000 == 0) {
		int minutes = (int)(offset / 60000000);
		c->text = arena_printf(a, "%s%c%02d:%02d", text, minutes < 0 ? '-' : '+', abs(minutes) / 60, abs(minutes) % 60);
	} else {
		time_write(&b, us);
		c->text = taken(a, &b);
	}
}

void export_cell_make(struct arena *a, const char *zone, int lang, const struct field *f, const struct value *v, struct export_cell *c)
{
	struct buf b = BUF_INIT;
	memset(c, 0, sizeof *c);
	c->text = "";
	switch (v->kind) {
	case VALUE_NIL: break;
	case VALUE_BOOL: cell_text(c, say_format(lang, v->b ? SAY_YES : SAY_NO)); break;
	case VALUE_DEC: cell_decimal(c, v->text.s); break;
	case VALUE_TEXT: cell_text(c, f->type == FIELD_CHOICE || f->type == FIELD_STAGE ? choice_label(f, v, lang) : v->text.s); break;
	case VALUE_LIST: cell_list(a, v, c); break;
	case VALUE_DATE:
		date_write(&b, v->i);
		c->text = taken(a, &b);
		/* sheets count days from 1900 on */
		c->kind = v->i > -SHEET_EPOCH + 60 ? EXPORT_DATE : EXPORT_TEXT;
		c->number = (double)(v->i + SHEET_EPOCH);
		break;
	case VALUE_TIME: cell_time(a, zone, v->i, c); break;
	case VALUE_DURATION:
	case VALUE_INT:
		if (f->expr.type.kind == EXPR_DURATION) {
			/* "-PT1H": a sheet takes no duration for a formula */
			duration_write(&b, v->i);
			c->kind = EXPORT_DIGITS;
			c->text = taken(a, &b);
		} else {
			cell_decimal(c, arena_printf(a, "%lld", (long long)v->i));
		}
		break;
	}
}

/* ---- what is exported ---- */

static enum export_kind column_kind(const struct field *f)
{
	switch (f->expr.type.kind) {
	case EXPR_DATE: return EXPORT_DATE;
	case EXPR_TIME: return EXPORT_TIME;
	case EXPR_INT:
	case EXPR_DEC: return EXPORT_NUMBER;
	default: return EXPORT_TEXT;
	}
}

static unsigned column_width(const struct field *f, const char *title)
{
	unsigned by_title = (unsigned)text_length(title, strlen(title)) + 2, by_kind = f->is_long                       ? 50
																				   : f->to                          ? 32
																				   : f->expr.type.kind == EXPR_TEXT ? 26
																													: 15;
	return by_title > by_kind ? (by_title < 50 ? by_title : 50) : by_kind;
}

/* "account.city": a column beyond lookups, headed "Account: City". */
static int add_path(struct export *x, const char *name, size_t len, struct err *err)
{
	struct plan *p = x->plan;
	const char *names[STEPS];
	const struct field *last = NULL;
	struct buf title = BUF_INIT;
	size_t n = 0;
	char *rest = arena_strndup(x->arena, name, len);
	if (p->fields.count >= COLUMNS)
		return 0; /* choose_columns tells the bound */
	while (rest && n < STEPS)
		names[n++] = strsep(&rest, ".");
	if (rest)
		return err_say(err, ERR_UNKNOWN_FIELD, x->actor->lang, SAY_UNKNOWN_FIELD, arena_strndup(x->arena, name, len < 100 ? len : 100));
	if (plan_select_path(p, names, n, &last, err))
		return -1;
	struct section *s = x->section;
	for (size_t i = 0; i < n; i++) {
		const struct field *f = section_find(s, names[i]);
		buf_printf(&title, "%s%s", i == 0 ? "" : i + 1 < n ? ", " : ": ", label_get(&f->label, x->actor->lang));
		s = f->to;
	}
	x->titles[p->fields.count - 1] = taken(x->arena, &title);
	return 0;
}

static int add_column(struct export *x, const char *name, size_t len, struct err *err)
{
	struct plan *p = x->plan;
	if (memchr(name, '.', len))
		return add_path(x, name, len, err);
	const struct field *f = section_find_n(p->section, name, len);
	if (f && f->type == FIELD_DETAIL && access_field(p->access, GRANT_READ, f) != ACCESS_NONE)
		return 0; /* lines have no place in a row */
	const char *property = f ? field_property(x->arena, f) : arena_strndup(x->arena, name, len);
	return plan_select(p, property, strlen(property), x->actor->lang, err);
}

/* Headings: what stands beyond lookups has one already. Fields of one label are told apart by their names, so that an import knows them again. */
static void name_apart(struct export *x)
{
	struct plan *p = x->plan;
	bool beyond[COLUMNS];
	for (size_t i = 0; i < p->fields.count; i++) {
		beyond[i] = x->titles[i] != NULL;
		if (!beyond[i])
			x->titles[i] = label_get(&p->fields.items[i]->label, x->actor->lang);
	}
	for (size_t i = 0; i < p->fields.count; i++) {
		const char *label = label_get(&p->fields.items[i]->label, x->actor->lang);
		bool same = false;
		for (size_t k = 0; k < p->section->nfields && !beyond[i]; k++)
			same |= p->section->fields[k] != p->fields.items[i] &&
					access_field(p->access, GRANT_READ, p->section->fields[k]) != ACCESS_NONE &&
					strcmp(label_get(&p->section->fields[k]->label, x->actor->lang), label) == 0;
		if (same)
			x->titles[i] = arena_printf(x->arena, "%s (%s)", label, p->fields.items[i]->expr.name);
	}
}

/* The columns asked for; else those of the list; else every readable field. */
static int choose_columns(struct export *x, const char *wanted, const char *view, struct err *err)
{
	struct plan *p = x->plan;
	enum lang lang = x->actor->lang;
	for (const char *at = wanted ? wanted : ""; *at;) {
		size_t n = strcspn(at, ",");
		if (n && add_column(x, at, n, err))
			return -1;
		at += n + (at[n] == ',');
	}
	for (size_t i = 0; view && !wanted && i < p->section->nlists; i++)
		for (size_t k = 0; strcmp(p->section->lists[i]->name, view) == 0 && k < p->section->lists[i]->ncolumns; k++) {
			const struct list_column *c = &p->section->lists[i]->columns[k];
			struct err unreadable;
			err_init(&unreadable, x->arena);
			add_column(x, c->path, strlen(c->path), &unreadable);
		}
	if (!p->fields.count && !wanted)
		plan_select_all(p);
	if (!p->fields.count || p->fields.count > COLUMNS) {
		err_say(err, ERR_INVALID, lang, SAY_EXPORT_COLUMNS, arena_printf(x->arena, "%d", COLUMNS));
		return err_target(err, "columns");
	}
	name_apart(x);
	x->columns = arena_array(x->arena, struct export_column, p->fields.count);
	for (size_t i = 0; i < p->fields.count; i++) {
		const struct field *f = p->fields.items[i];
		const char *title = x->titles[i];
		x->columns[i] =
			(struct export_column){.title = title, .kind = column_kind(f), .scale = f->expr.type.scale, .width = column_width(f, title)};
	}
	return 0;
}

/* The next page's cells, row by row; *n rows, 0 at the end. */
static int next_page(struct export *x, struct arena *a, struct export_cell **cells, size_t *n, struct err *err)
{
	struct pg_rows *rows = NULL;
	size_t width = x->plan->fields.count;
	if (plan_walk_next(x->walk, x->pg, PG_LANE_SLOW, a, &x->bindings, &rows, n, err))
		return -1;
	x->rows += (int64_t)*n;
	if (x->rows > ROWS)
		return err_say(err, ERR_TOO_COMPLEX, x->actor->lang, SAY_EXPORT_ROWS, "1 000 000");
	*cells = arena_array(a, struct export_cell, *n * width + 1);
	for (size_t i = 0; i < *n; i++)
		for (size_t k = 0; k < width; k++) {
			struct value v = pg_rows_value(rows, a, i, k + 2);
			export_cell_make(a, x->reg->zone, x->actor->lang, x->plan->fields.items[k], &v, &(*cells)[i * width + k]);
		}
	return 0;
}

/* ---- CSV ---- */

/* RFC 4180. A text that a spreadsheet would take for a formula is given a leading apostrophe (SAFETY 59). */
static void csv_cell(struct buf *b, const struct export_cell *c)
{
	const char *s = c->text;
	/* one that has apostrophes already gets one more, so that an import knows which one to take away */
	char first = s[strspn(s, "'")];
	bool formula = c->kind == EXPORT_TEXT && first && strchr("=+-@\t\r", first);
	if (!formula && !strpbrk(s, "\",;\r\n\t")) {
		buf_puts(b, s);
		return;
	}
	buf_putc(b, '"');
	if (formula)
		buf_putc(b, '\'');
	for (; *s; s++) {
		if (*s == '"')
			buf_putc(b, '"');
		buf_putc(b, *s);
	}
	buf_putc(b, '"');
}

static void csv_heading(const struct export *x, struct buf *b)
{
	/* the mark tells spreadsheets that this is UTF-8 */
	buf_puts(b, "\xef\xbb\xbf");
	for (size_t i = 0; i < x->plan->fields.count; i++) {
		struct export_cell head = {.kind = EXPORT_TEXT, .text = x->columns[i].title};
		csv_cell(b, &head);
		buf_puts(b, i + 1 < x->plan->fields.count ? "," : "\r\n");
	}
}

static void csv_rows(const struct export *x, struct buf *b, const struct export_cell *cells, size_t n)
{
	size_t width = x->plan->fields.count;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < width; k++) {
			csv_cell(b, &cells[i * width + k]);
			buf_puts(b, k + 1 < width ? "," : "\r\n");
		}
}

/* The first page is read before the answer begins, so that what is wrong with the request is told as an error. */
static int export_csv(struct export *x, struct err *err)
{
	struct arena *a = arena_new_sized(64 * 1024);
	struct export_cell *cells;
	struct buf out = BUF_INIT;
	size_t n;
	if (next_page(x, a, &cells, &n, err)) {
		arena_delete(a);
		return -1;
	}
	http_set_header(x->r, "Content-Type", "text/csv; charset=utf-8");
	http_set_attachment(x->r, arena_printf(x->arena, "%s.csv", label_get(&x->section->plural, x->actor->lang)));
	csv_heading(x, &out);
	int failed = http_stream_begin(x->r, 200, -1, err);
	while (!failed) {
		csv_rows(x, &out, cells, n);
		arena_delete(a);
		a = NULL;
		failed = http_stream_write(x->r, out.data ? out.data : "", out.len);
		buf_clear(&out);
		if (failed || !n)
			break;
		a = arena_new_sized(64 * 1024);
		failed = next_page(x, a, &cells, &n, err);
		if (failed)
			log_warn("an export of %s broke off: %s", x->section->expr.name, err->message ? err->message : "");
	}
	arena_delete(a);
	buf_destroy(&out);
	if (x->r->streaming)
		http_stream_end(x->r, !failed);
	return 0;
}

/* ---- xlsx ---- */

struct work {
	struct export *x;
	struct export_xlsx *book;
	const struct export_cell *cells;
	size_t n;
	int fd;
	uint64_t size;
};

static void work_begin(void *arg)
{
	struct work *w = arg;
	w->book = export_xlsx_new(w->x->columns, w->x->plan->fields.count, label_get(&w->x->section->plural, w->x->actor->lang));
}

static void work_rows(void *arg)
{
	struct work *w = arg;
	for (size_t i = 0; i < w->n; i++)
		export_xlsx_row(w->book, w->cells + i * w->x->plan->fields.count);
}

static void work_end(void *arg)
{
	struct work *w = arg;
	w->fd = export_xlsx_end(w->book, &w->size);
}

/* Writes the workbook into a file without a name: its descriptor and size. */
static int make_workbook(struct export *x, int *fd, uint64_t *size, struct err *err)
{
	static unsigned running;
	struct work w = {.x = x, .fd = -1};
	int failed = 0;
	if (running >= WORKBOOKS)
		return err_say(err, ERR_UNAVAILABLE, x->actor->lang, SAY_EXPORT_BUSY);
	running++;
	fiber_work(work_begin, &w);
	if (!w.book) {
		running--;
		return err_set(err, ERR_INTERNAL, "no temporary file for an export");
	}
	do {
		struct arena *a = arena_new_sized(64 * 1024);
		struct export_cell *cells = NULL;
		failed = next_page(x, a, &cells, &w.n, err);
		w.cells = cells;
		if (!failed && w.n)
			fiber_work(work_rows, &w);
		arena_delete(a);
	} while (!failed && w.n);
	fiber_work(work_end, &w);
	running--;
	if (failed) {
		if (w.fd >= 0)
			close(w.fd);
		return -1;
	}
	if (w.fd < 0)
		return err_set(err, ERR_INTERNAL, "an export's workbook could not be written");
	*fd = w.fd;
	*size = w.size;
	return 0;
}

static int export_workbook(struct export *x, struct err *err)
{
	int fd;
	uint64_t size;
	if (make_workbook(x, &fd, &size, err))
		return -1;
	http_set_header(x->r, "Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
	http_set_attachment(x->r, arena_printf(x->arena, "%s.xlsx", label_get(&x->section->plural, x->actor->lang)));
	http_reply_file(x->r, 200, fd, size);
	return 0;
}

/* ---- into a file ---- */

static int file_failed(struct err *err)
{
	return err_set(err, ERR_ENVIRONMENT, "the file cannot be written");
}

static int file_csv(struct export *x, FILE *to, struct err *err)
{
	struct buf out = BUF_INIT;
	size_t n;
	int failed;
	csv_heading(x, &out);
	do {
		struct arena *a = arena_new_sized(64 * 1024);
		struct export_cell *cells;
		failed = next_page(x, a, &cells, &n, err);
		if (!failed)
			csv_rows(x, &out, cells, n);
		if (!failed && fwrite(out.data, 1, out.len, to) != out.len)
			failed = file_failed(err);
		buf_clear(&out);
		arena_delete(a);
	} while (!failed && n);
	buf_destroy(&out);
	return failed;
}

static int file_workbook(struct export *x, FILE *to, struct err *err)
{
	char piece[64 * 1024];
	int fd;
	uint64_t size, at = 0;
	if (make_workbook(x, &fd, &size, err))
		return -1;
	while (at < size) {
		ssize_t n = pread(fd, piece, sizeof piece, (off_t)at);
		if (n <= 0 || fwrite(piece, 1, (size_t)n, to) != (size_t)n)
			break;
		at += (uint64_t)n;
	}
	close(fd);
	return at == size ? 0 : file_failed(err);
}

int export_file(struct arena *a, struct pg *pg, struct registry *reg, const struct actor *actor, struct section *section, const char *list,
				bool workbook, FILE *to, int64_t *rows, struct err *err)
{
	struct export *x = arena_new(a, struct export);
	*x = (struct export){.arena = a, .pg = pg, .reg = reg, .actor = actor, .section = section};
	const struct list *view = NULL;
	for (size_t i = 0; list && i < section->nlists; i++)
		if (strcmp(section->lists[i]->name, list) == 0 && plan_list_offered(a, reg, actor, section, section->lists[i]))
			view = section->lists[i];
	/* every section has the list "all", declared or not */
	if (list && !view && strcmp(list, "all") != 0)
		return err_tell(err, ERR_NOT_FOUND, SAY_NO_LIST, list);
	if (plan_create(a, reg, actor, section, &x->plan, err) || (view && plan_list(x->plan, view, err)) || choose_columns(x, NULL, list, err))
		return -1;
	x->plan->top = PAGE;
	x->plan->titles = false;
	if (plan_walk_new(x->plan, &x->walk, err))
		return -1;
	plan_bindings(reg, actor, &x->bindings);
	if (workbook ? file_workbook(x, to, err) : file_csv(x, to, err))
		return -1;
	*rows = x->rows;
	return fflush(to) == 0 ? 0 : file_failed(err);
}

int export_handle(struct http_request *r, struct app_request *q, const char *name, struct err *err)
{
	struct export *x = arena_new(r->arena, struct export);
	struct odata_options options;
	enum lang lang = q->actor->lang;
	const char *dot = strrchr(name, '.');
	if (r->method != HTTP_GET)
		return http_refuse_method(r, "GET", err);
	if (!dot || (strcmp(dot, ".csv") != 0 && strcmp(dot, ".xlsx") != 0))
		return err_say(err, ERR_NOT_FOUND, lang, SAY_EXPORT_KIND);
	const char *of = arena_strndup(r->arena, name, (size_t)(dot - name));
	*x = (struct export){.r = r, .arena = r->arena, .pg = q->pg, .reg = q->reg, .actor = q->actor};
	x->section = registry_find(q->reg, of);
	if (!x->section || !access_exists(access_get(q->reg, q->actor, x->section)))
		return err_say(err, ERR_NOT_FOUND, lang, SAY_NO_SECTION, of);
	if (plan_create(r->arena, q->reg, q->actor, x->section, &x->plan, err) || odata_options_parse(r, x->plan, &options, err))
		return -1;
	if (options.paged || options.ninputs || options.count || x->plan->expands.count || x->plan->fields.count)
		return err_say(err, ERR_SYNTAX, lang, SAY_EXPORT_OPTIONS);
	if (choose_columns(x, http_query(r, "columns"), http_query(r, "$ostov.list"), err))
		return -1;
	x->plan->top = PAGE;
	x->plan->titles = false;
	if (plan_walk_new(x->plan, &x->walk, err))
		return -1;
	plan_bindings(q->reg, q->actor, &x->bindings);
	return strcmp(dot, ".csv") == 0 ? export_csv(x, err) : export_workbook(x, err);
}
