/* import_xlsx: rows of a worksheet (ECMA-376): a zip of XML parts, read piece by piece.
 *
 * Hostile files are ERR_UNPROCESSABLE: document types, parts over the limits, a ratio of compression that no honest file has. Nothing is fetched and nothing
 * is unpacked to disk. Dates come as "2017-09-04", times as "2017-09-04 10:30:00", booleans as TRUE and FALSE, numbers with a point. */
#ifndef OST_EDGE_IMPORT_XLSX_H
#define OST_EDGE_IMPORT_XLSX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "edge/import_csv.h"

struct arena;
struct err;
struct xlsx;

/* True when the bytes begin like a zip. */
bool xlsx_is(const char *bytes, size_t len);
/* Opens the sheet of that name, NULL: the first. */
int xlsx_open(struct arena *a, const char *bytes, size_t len, const char *sheet, struct xlsx **out, struct err *err);
/* The name of the opened sheet. */
const char *xlsx_sheet(const struct xlsx *x);
/* The next row that has a cell: 1, 0 at the end, -1. */
int xlsx_next(struct xlsx *x, const struct csv_cell **cells, size_t *ncells, int64_t *row, struct err *err);
void xlsx_close(struct xlsx *x);

#endif
