/* export: GET /ui/export/SECTION.csv and .xlsx: a list as people keep it: lookups by title, choices by label, times in the organisation's zone.
 *
 * Rows come page by page through the read path, so the file holds what the list shows and no more (SAFETY 21). Not here: the workbook itself (export_xlsx). */
#ifndef OST_EDGE_EXPORT_H
#define OST_EDGE_EXPORT_H

#include <stddef.h>

struct app_request;
struct err;
struct http_request;

/* Answers the file; `name` is "deal.csv". */
int export_handle(struct http_request *r, struct app_request *q, const char *name, struct err *err);

enum export_kind { EXPORT_EMPTY, EXPORT_TEXT, EXPORT_NUMBER, EXPORT_DATE, EXPORT_TIME };

/* One cell as people read it. */
struct export_cell {
	enum export_kind kind;
	const char *text;  /* also of numbers (exact) and of dates and times ("2026-05-01", "2026-05-01 10:00:00") */
	double number;     /* NUMBER, and the day of a sheet (since 1899-12-30) for DATE and TIME */
};

struct export_column {
	const char *title;
	enum export_kind kind; /* of its values, TEXT when they vary */
	int scale;             /* digits after the point of numbers */
	unsigned width;        /* in characters */
};

#endif
