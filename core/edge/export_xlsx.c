#include "edge/export_xlsx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xlsxwriter.h>

#include "base/buf.h"
#include "base/temp.h"

#define ESCAPED "_x005F"

enum { SCALES = 10, TEXT_MAX = 32767 };

struct export_xlsx {
	char path[TEMP_PATH];
	int fd; /* of what is written under `path` */
	lxw_workbook *book;
	lxw_worksheet *sheet;
	lxw_format *date, *time, *number[SCALES + 1];
	const struct export_column *columns;
	size_t ncolumns;
	lxw_row_t row;
	int failed;
};

/* The library's own way to a temporary file, not in its header: made with a name that is removed a moment later, so that a kill between the two leaves it behind. Defined here, the
 * dynamic linker brings the library's calls to us, and the file never has a name. */
FILE *tmpfileplus(const char *dir, const char *prefix, char **path, int keep);

FILE *tmpfileplus(const char *dir, const char *prefix, char **path, int keep)
{
	(void)dir;
	(void)prefix;
	(void)keep;
	if (path)
		*path = NULL;
	int fd = temp_open();
	FILE *f = fd >= 0 ? fdopen(fd, "w+b") : NULL;
	if (!f && fd >= 0)
		close(fd);
	return f;
}

static lxw_format *format_of(struct export_xlsx *x, const struct export_cell *cell, size_t column)
{
	if (cell->kind == EXPORT_DATE)
		return x->date;
	if (cell->kind == EXPORT_TIME)
		return x->time;
	int scale = x->columns[column].scale;
	scale = scale < 0 ? 0 : scale > SCALES ? SCALES : scale;
	if (!x->number[scale]) {
		char text[32] = "0";
		if (scale)
			snprintf(text, sizeof text, "#,##0.%.*s", scale, "0000000000");
		x->number[scale] = workbook_add_format(x->book);
		format_set_num_format(x->number[scale], text);
	}
	return x->number[scale];
}

struct export_xlsx *export_xlsx_new(const struct export_column *columns, size_t ncolumns, const char *sheet)
{
	struct export_xlsx *x = calloc(1, sizeof *x);
	if (!x)
		abort();
	x->fd = temp_open();
	if (x->fd < 0) {
		free(x);
		return NULL;
	}
	temp_path(x->fd, x->path);
	lxw_workbook_options options = {.constant_memory = LXW_TRUE};
	x->book = workbook_new_opt(x->path, &options);
	x->columns = columns;
	x->ncolumns = ncolumns;
	if (x->book) {
		/* a name that the format refuses is replaced by the library's own */
		char name[32 * 4] = {0};
		size_t n = 0, chars = 0;
		for (const char *p = sheet; *p && chars < 31; p++) {
			if (((unsigned char)*p & 0xc0) != 0x80)
				chars++;
			if (chars > 31)
				break;
			name[n++] = strchr("[]:*?/\\'", *p) ? ' ' : *p;
		}
		x->sheet = workbook_add_worksheet(x->book, n && workbook_validate_sheet_name(x->book, name) == LXW_NO_ERROR ? name : NULL);
	}
	if (!x->sheet) {
		close(x->fd);
		free(x);
		return NULL;
	}
	lxw_format *head = workbook_add_format(x->book);
	format_set_bold(head);
	format_set_text_wrap(head);
	x->date = workbook_add_format(x->book);
	format_set_num_format(x->date, "dd.mm.yyyy");
	x->time = workbook_add_format(x->book);
	format_set_num_format(x->time, "dd.mm.yyyy hh:mm");
	worksheet_freeze_panes(x->sheet, 1, 0);
	for (size_t i = 0; i < ncolumns; i++) {
		worksheet_set_column(x->sheet, (lxw_col_t)i, (lxw_col_t)i, columns[i].width, NULL);
		worksheet_write_string(x->sheet, 0, (lxw_col_t)i, columns[i].title, head);
	}
	x->row = 1;
	return x;
}

/* The text within the format's bound of characters, cut between them. What looks like the format's own escape of a character is escaped itself. */
static void write_text(struct export_xlsx *x, lxw_col_t column, const char *text)
{
	struct buf cut = BUF_INIT;
	size_t len = strlen(text), chars = 0;
	for (size_t at = 0; at < len; at++) {
		bool escape = len - at >= 7 && text[at] == '_' && text[at + 1] == 'x' && text[at + 6] == '_' &&
					  strspn(text + at + 2, "0123456789abcdefABCDEF") >= 4;
		chars += escape ? sizeof ESCAPED : ((unsigned char)text[at] & 0xc0) != 0x80;
		if (chars > TEXT_MAX)
			break;
		if (escape)
			buf_puts(&cut, ESCAPED);
		buf_putc(&cut, text[at]);
	}
	x->failed |= worksheet_write_string(x->sheet, x->row, column, cut.data ? cut.data : "", NULL) != LXW_NO_ERROR;
	buf_destroy(&cut);
}

void export_xlsx_row(struct export_xlsx *x, const struct export_cell *cells)
{
	for (size_t i = 0; i < x->ncolumns; i++) {
		const struct export_cell *c = &cells[i];
		if (c->kind == EXPORT_TEXT || c->kind == EXPORT_DIGITS)
			write_text(x, (lxw_col_t)i, c->text);
		else if (c->kind != EXPORT_EMPTY)
			x->failed |= worksheet_write_number(x->sheet, x->row, (lxw_col_t)i, c->number, format_of(x, c, i)) != LXW_NO_ERROR;
	}
	x->row++;
}

int export_xlsx_end(struct export_xlsx *x, uint64_t *size)
{
	struct stat st;
	int failed = x->failed | (workbook_close(x->book) != LXW_NO_ERROR);
	int fd = x->fd;
	free(x);
	if (failed || fstat(fd, &st) != 0) {
		close(fd);
		return -1;
	}
	*size = (uint64_t)st.st_size;
	return fd;
}
