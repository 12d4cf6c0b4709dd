/* import_rejected: the file of rejected rows: the source's columns, and behind them row, column and reason, to be corrected and imported again.
 *
 * The heading of the last column says how numbers and dates are written, for the few rows of such a file may not show it. Pure functions over texts. */
#ifndef OST_EDGE_IMPORT_REJECTED_H
#define OST_EDGE_IMPORT_REJECTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "edge/import_detect.h"

struct import_plan;

enum { IMPORT_REJECTED_COLUMNS = 3 };

/* How many of the plan's columns are the source's own: fewer than all in a file of rejected rows. */
size_t import_rejected_columns(const struct import_plan *plan);
/* Appends the line that names the columns, in the language. */
void import_rejected_heading(struct buf *out, const struct import_plan *plan, int lang);
/* Appends a row with why it was rejected; `column` may be NULL. */
void import_rejected_row(struct buf *out, const struct import_plan *plan, const struct csv_cell *cells, size_t ncells, int64_t row,
						 const char *column, const char *reason);
/* How many of the names are the source's own: all, or those before row, column and reason of such a file, whose format is then set. */
size_t import_rejected_own(const char *const *names, size_t n, struct import_format *format);

#endif
