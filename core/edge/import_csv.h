/* import_csv: rows of a CSV text (RFC 4180, and what programs really write): separators, quotes doubled or escaped by a backslash, line breaks within quotes.
 *
 * Works on UTF-8 text in memory (import_detect makes it so); cells live in the reader until the next row. Bounds: 500 columns, 1 MB a cell. */
#ifndef OST_EDGE_IMPORT_CSV_H
#define OST_EDGE_IMPORT_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct err;

enum { IMPORT_COLUMNS = 500, IMPORT_CELL = 1024 * 1024 };

enum csv_quote { CSV_DOUBLED, CSV_BACKSLASH };

struct csv_format {
	char separator;
	enum csv_quote quote;
};

struct csv_cell {
	const char *text; /* NUL after len */
	size_t len;
};

struct csv_reader {
	const char *p, *end;
	struct csv_format format;
	int64_t line;     /* 1-based, where the next row begins */
	int64_t row_line; /* where the last row began */
	struct buf text;  /* of the row's cells */
	struct csv_cell cells[IMPORT_COLUMNS];
	size_t ncells;
};

/* Begins at text[0..len); the reader is the caller's, csv_destroy frees its buffer. */
void csv_create(struct csv_reader *r, const char *text, size_t len, struct csv_format format);
void csv_destroy(struct csv_reader *r);
/* Reads the next row into r->cells: 1, 0 at the end, -1 when it is over the bounds or a quote is never closed (ERR_UNPROCESSABLE with the line). Empty lines are passed over. */
int csv_next(struct csv_reader *r, struct err *err);
/* Appends one cell, quoted where it must be. */
void csv_write_cell(struct buf *out, const char *text, size_t len, struct csv_format format);

#endif
