/* export: GET /ui/export/SECTION.csv and .xlsx: a list as people keep it: lookups by title, choices by label, times in the organisation's zone.
 *
 * Rows come page by page through the read path, so the file holds what the list shows and no more (SAFETY 21). Not here: the workbook itself (export_xlsx). */
#ifndef OST_EDGE_EXPORT_H
#define OST_EDGE_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct actor;
struct app_request;
struct arena;
struct err;
struct http_request;
struct pg;
struct registry;
struct section;

/* Answers the file; `name` is "deal.csv". */
int export_handle(struct http_request *r, struct app_request *q, const char *name, struct err *err);

/* Writes the section's rows that the actor sees into `to`, as a workbook or as CSV; `list` (may be NULL) names a declared list: its rows and columns. */
int export_file(struct arena *a, struct pg *pg, struct registry *reg, const struct actor *actor, struct section *section, const char *list,
				bool workbook, FILE *to, int64_t *rows, struct err *err);

/* DIGITS: a number with more of them than a sheet's arithmetic holds, or a duration: written as a text, and never a formula. */
enum export_kind { EXPORT_EMPTY, EXPORT_TEXT, EXPORT_DIGITS, EXPORT_NUMBER, EXPORT_DATE, EXPORT_TIME };

/* One cell as people read it. */
struct export_cell {
	enum export_kind kind;
	const char *text; /* also of numbers (exact) and of dates and times ("2026-05-01", "2026-05-01 10:00:00") */
	double number;    /* NUMBER, and the day of a sheet (since 1899-12-30) for DATE and TIME */
};

struct export_column {
	const char *title;
	enum export_kind kind; /* of its values, TEXT when they vary */
	int scale;             /* digits after the point of numbers */
	unsigned width;        /* in characters */
};

struct export_cell;
struct field;
struct value;

/* What a file says of a value: `out` and its text in `a`. Of lookups the value is their title. */
void export_cell_make(struct arena *a, const char *zone, int lang, const struct field *f, const struct value *v, struct export_cell *out);

#endif
