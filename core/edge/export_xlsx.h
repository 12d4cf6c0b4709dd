/* export_xlsx: one sheet written row by row into a temporary file by libxlsxwriter, which keeps only the current row in memory.
 *
 * Every call blocks (files, compression): make it in the thread pool. Texts are written as texts: a cell that begins with "=" is no formula (SAFETY 59). */
#ifndef OST_EDGE_EXPORT_XLSX_H
#define OST_EDGE_EXPORT_XLSX_H

#include <stdint.h>

#include "edge/export.h"

struct export_xlsx;

/* Begins a workbook with a heading row; NULL when no temporary file can be made. */
struct export_xlsx *export_xlsx_new(const struct export_column *columns, size_t ncolumns, const char *sheet);
/* Appends a row of ncolumns cells. */
void export_xlsx_row(struct export_xlsx *x, const struct export_cell *cells);
/* Closes the workbook and frees it: an open descriptor of `*size` bytes, whose file has no name any more; -1 on failure. */
int export_xlsx_end(struct export_xlsx *x, uint64_t *size);

#endif
