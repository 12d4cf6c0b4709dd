/* import_source: the rows of an imported file, one after the other, whatever the file is.
 *
 * The bytes belong to the caller and stay until the source is closed. Rows are numbered as people see them: lines of a CSV, rows of a sheet. */
#ifndef OST_EDGE_IMPORT_SOURCE_H
#define OST_EDGE_IMPORT_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "edge/import_detect.h"

struct arena;
struct err;
struct import_source;

/* Finds out what the file is: format->kind, encoding, separator, quotes, sheet; header_row 1. Numbers and dates are decided by import_decide later. */
int import_source_detect(struct arena *a, const char *bytes, size_t len, struct import_format *format, struct err *err);
/* Opens the rows of the file as the format says. Texts in `a`. */
int import_source_open(struct arena *a, const char *bytes, size_t len, const struct import_format *format, struct import_source **out, struct err *err);
/* The next row: 1 with its cells (valid until the next call) and number, 0 at the end, -1. */
int import_source_next(struct import_source *s, const struct csv_cell **cells, size_t *ncells, int64_t *row, struct err *err);
void import_source_close(struct import_source *s);

#endif
