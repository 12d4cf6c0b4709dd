#include "edge/import_csv.h"

#include <string.h>

#include "base/err.h"
#include "base/say.h"

void csv_create(struct csv_reader *r, const char *text, size_t len, struct csv_format format)
{
	memset(r, 0, sizeof *r);
	r->p = text;
	r->end = text + len;
	r->format = format;
	r->line = 1;
}

void csv_destroy(struct csv_reader *r)
{
	buf_destroy(&r->text);
}

static bool line_end(const struct csv_reader *r)
{
	return r->p >= r->end || *r->p == '\n' || *r->p == '\r';
}

static void take_line_end(struct csv_reader *r)
{
	if (r->p < r->end && *r->p == '\r')
		r->p++;
	if (r->p < r->end && *r->p == '\n')
		r->p++;
	r->line++;
}

/* The quoted part of a cell; the cursor stands behind its opening quote. */
static int quoted(struct csv_reader *r, struct err *err)
{
	while (r->p < r->end) {
		const char *from = r->p;
		while (r->p < r->end && *r->p != '"' && *r->p != '\n' && !(*r->p == '\\' && r->format.quote == CSV_BACKSLASH))
			r->p++;
		buf_add(&r->text, from, (size_t)(r->p - from));
		if (r->p >= r->end)
			break;
		char c = *r->p++;
		if (c == '\n') {
			r->line++;
			buf_putc(&r->text, c);
		} else if (c == '\\') {
			if (r->p < r->end && (*r->p == '"' || *r->p == '\\'))
				c = *r->p++;
			buf_putc(&r->text, c);
		} else if (r->p < r->end && *r->p == '"') {
			buf_putc(&r->text, '"');
			r->p++;
		} else {
			return 0;
		}
	}
	err_tell(err, ERR_UNPROCESSABLE, SAY_CSV_QUOTE, say_number(err->arena, r->row_line));
	return -1;
}

int csv_next(struct csv_reader *r, struct err *err)
{
	size_t starts[IMPORT_COLUMNS];
	/* a row has at least one character: an empty line is none */
	while (r->p < r->end && (*r->p == '\n' || *r->p == '\r'))
		take_line_end(r);
	if (r->p >= r->end)
		return 0;
	buf_clear(&r->text);
	r->ncells = 0;
	r->row_line = r->line;
	for (;;) {
		if (r->ncells == IMPORT_COLUMNS)
			return err_tell(err, ERR_UNPROCESSABLE, SAY_CSV_COLUMNS, say_number(err->arena, r->row_line), "500");
		size_t start = starts[r->ncells] = r->text.len;
		if (r->p < r->end && *r->p == '"') {
			r->p++;
			if (quoted(r, err))
				return -1;
		}
		/* what stands behind a closing quote, or a cell without quotes */
		const char *from = r->p;
		while (!line_end(r) && *r->p != r->format.separator)
			r->p++;
		buf_add(&r->text, from, (size_t)(r->p - from));
		if (r->text.len - start > IMPORT_CELL)
			return err_tell(err, ERR_UNPROCESSABLE, SAY_CSV_CELL, say_number(err->arena, r->row_line));
		r->cells[r->ncells++].len = r->text.len - start;
		buf_putc(&r->text, 0);
		if (line_end(r))
			break;
		r->p++;
	}
	if (r->p < r->end)
		take_line_end(r);
	for (size_t i = 0; i < r->ncells; i++)
		r->cells[i].text = r->text.data + starts[i];
	return 1;
}

void csv_write_cell(struct buf *out, const char *text, size_t len, struct csv_format format)
{
	bool quote = false;
	for (size_t i = 0; i < len && !quote; i++)
		quote = text[i] == format.separator || text[i] == '"' || text[i] == '\n' || text[i] == '\r' || (text[i] == '\\' && format.quote == CSV_BACKSLASH);
	if (!quote) {
		buf_add(out, text, len);
		return;
	}
	buf_putc(out, '"');
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			buf_putc(out, format.quote == CSV_BACKSLASH ? '\\' : '"');
		else if (text[i] == '\\' && format.quote == CSV_BACKSLASH)
			buf_putc(out, '\\');
		buf_putc(out, text[i]);
	}
	buf_putc(out, '"');
}
