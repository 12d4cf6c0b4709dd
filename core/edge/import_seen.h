/* import_seen: records that are found by what no index serves: composed titles, and keys that nobody declared unique.
 *
 * The first searches of a run go to the database. A run that searches on reads the titles or values of all records once, and then, before each search, those made meanwhile; so a search costs what is
 * new, however many records there are. Beyond RECORDS of them or BYTES of texts every search goes to the database. Records that somebody renames keep, for the run, what was read. */
#ifndef OST_EDGE_IMPORT_SEEN_H
#define OST_EDGE_IMPORT_SEEN_H

#include <stddef.h>

#include "edge/import_cell.h"

struct err;
struct field;
struct map;
struct section;
struct value;

/* Ids of the visible records of the section that have one of the values in the field (NULL: as their title), put into `out` by the values' keys (IMPORT_AMBIGUOUS: several). `c`: the column that
 * asks. 1, 0 when the database has to be asked, -1. */
int import_seen_find(struct import_batch *b, size_t c, struct section *s, struct field *by, const struct value *values, size_t n,
					 struct map *out, struct err *err);

#endif
