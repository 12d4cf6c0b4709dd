#include "edge/import_rejected.h"

#include <string.h>

#include "base/say.h"
#include "edge/import_map.h"

static struct csv_format layout(const struct import_plan *p)
{
	return strcmp(p->format.kind, "csv") == 0 && p->format.csv.separator ? p->format.csv : (struct csv_format){';', CSV_DOUBLED};
}

size_t import_rejected_columns(const struct import_plan *p)
{
	const char *names[IMPORT_COLUMNS];
	struct import_format ignored;
	size_t n = p->ncolumns < IMPORT_COLUMNS ? p->ncolumns : IMPORT_COLUMNS;
	for (size_t i = 0; i < n; i++)
		names[i] = p->columns[i].name;
	return import_rejected_own(names, n, &ignored);
}

void import_rejected_heading(struct buf *out, const struct import_plan *p, int lang)
{
	struct csv_format format = layout(p);
	struct buf reason = BUF_INIT;
	size_t own = import_rejected_columns(p);
	const char *names[IMPORT_REJECTED_COLUMNS] = {say_format(lang, SAY_IMPORT_ROW), say_format(lang, SAY_IMPORT_COLUMN)};
	buf_printf(&reason, "%s (1%c5 %s)", say_format(lang, SAY_REASON), p->format.decimal, import_date_name(p->format.date));
	names[2] = reason.data;
	for (size_t i = 0; i < own + IMPORT_REJECTED_COLUMNS; i++) {
		const char *name = i < own ? p->columns[i].name : names[i - own];
		if (i)
			buf_putc(out, format.separator);
		csv_write_cell(out, name, strlen(name), format);
	}
	buf_puts(out, "\r\n");
	buf_destroy(&reason);
}

/* A text of a sheet would be a formula in CSV; "+7 (495) 123-45-67" and "-1.5" are none. */
static bool is_formula(const struct csv_cell *c)
{
	const char *s = c->text + strspn(c->text, "'");
	if (!*s || !strchr("=+-@\t\r", *s))
		return false;
	return !strchr("+-", *s) || s[strspn(s, "+-0123456789.,() ")] != 0;
}

void import_rejected_row(struct buf *out, const struct import_plan *p, const struct csv_cell *cells, size_t ncells, int64_t row,
						 const char *column, const char *reason)
{
	struct csv_format format = layout(p);
	struct buf text = BUF_INIT;
	bool sheet = strcmp(p->format.kind, "csv") != 0;
	size_t own = import_rejected_columns(p);
	/* cells for which there is no column stand in their place, too: what is wrong with the row is to be seen */
	for (size_t i = 0; i < own || (own == p->ncolumns && i < ncells); i++) {
		buf_clear(&text);
		if (i < ncells && sheet && is_formula(&cells[i]))
			buf_putc(&text, '\'');
		if (i < ncells)
			buf_add(&text, cells[i].text, cells[i].len);
		csv_write_cell(out, text.data ? text.data : "", text.len, format);
		buf_putc(out, format.separator);
	}
	buf_printf(out, "%lld%c", (long long)row, format.separator);
	csv_write_cell(out, column ? column : "", column ? strlen(column) : 0, format);
	buf_putc(out, format.separator);
	csv_write_cell(out, reason, strlen(reason), format);
	buf_puts(out, "\r\n");
	buf_destroy(&text);
}

/* "Reason (1,5 dd.mm.yyyy)" → the format. */
static bool read_reason(const char *name, int lang, struct import_format *format)
{
	const char *word = say_format(lang, SAY_REASON);
	size_t n = strlen(word);
	enum import_date date;
	char written[16];
	if (strncmp(name, word, n) != 0)
		return false;
	name += n;
	size_t rest = strlen(name);
	if (rest < 7 || strncmp(name, " (1", 3) != 0 || !strchr(",.", name[3]) || strncmp(name + 4, "5 ", 2) != 0 || name[rest - 1] != ')' ||
		rest - 7 >= sizeof written)
		return false;
	memcpy(written, name + 6, rest - 7);
	written[rest - 7] = 0;
	if (!import_date_find(written, &date))
		return false;
	format->decimal = name[3];
	format->date = date;
	return true;
}

size_t import_rejected_own(const char *const *names, size_t n, struct import_format *format)
{
	if (n <= IMPORT_REJECTED_COLUMNS)
		return n;
	const char *const *last = names + n - IMPORT_REJECTED_COLUMNS;
	for (int lang = 0; lang < LANG_COUNT; lang++)
		if (strcmp(last[0], say_format(lang, SAY_IMPORT_ROW)) == 0 && strcmp(last[1], say_format(lang, SAY_IMPORT_COLUMN)) == 0 &&
			read_reason(last[2], lang, format))
			return n - IMPORT_REJECTED_COLUMNS;
	return n;
}
