/* import_title: targets of lookups by composed titles, which no index serves.
 *
 * The first searches of a run go to the database. A run that searches on reads the titles of all targets once, and then, before each search, those made meanwhile; so a search costs what is new, however
 * many targets there are. Beyond TITLES targets or TITLE_BYTES of titles every search goes to the database. Renamed targets keep, for the run, the title that was read. */
#ifndef OST_EDGE_IMPORT_TITLE_H
#define OST_EDGE_IMPORT_TITLE_H

#include <stddef.h>

#include "edge/import_cell.h"

struct err;
struct map;
struct value;

/* Ids of the visible targets of the column that have one of the titles, put into `out` by their keys (IMPORT_AMBIGUOUS: several). 1, 0 when the database has to be asked, -1. */
int import_title_find(struct import_batch *b, size_t c, const struct value *titles, size_t n, struct map *out, struct err *err);

#endif
