/* schema_version: whole versions of the rows of sections with `history = true`: what is kept of a row, the statements that keep it, and what an apply has to do
 * where the option changes or values get another form.
 *
 * ostov.version_row holds a row as it was in [valid_from, valid_till); the open one (valid_till NULL) is the row as it is. Values stand under the ids of their fields
 * (built-in ones under their names), nil is left out: a version is read back as columns of the section whatever was renamed since. The versions of a record tile the time
 * from its first to its deletion. Not here: when the write path keeps one (serve/record_write, serve/rollup). */
#ifndef OST_META_SCHEMA_VERSION_H
#define OST_META_SCHEMA_VERSION_H

#include <stdint.h>

#include "meta/section.h"

struct arena;
struct err;
struct pg_tx;
struct schema_diff;
struct schema_run;

/* One statement that keeps the rows as they stand now where they differ from their open version. $1 section id, $2 record ids, $3 moment, $4 number of the unit of work:
 * what one unit writes twice is one version, and a moment before the open version's begin gives way by a microsecond. The rows are locked, or nobody else writes them. */
const char *schema_version_keep(struct arena *a, const struct section *s);
/* One statement that ends the open versions of records that are gone; the same parameters. */
const char *schema_version_end(void);

/* The operations of a plan: the option switched on or off, values in another form. */
void schema_version_ops(struct schema_diff *d);
/* expand: the first versions of the rows that are there, in batches. */
int schema_version_expand(struct schema_run *x, struct err *err);
/* switch: what was written meanwhile by those who do not keep versions yet. */
int schema_version_switch(struct schema_run *x, struct pg_tx *tx, struct err *err);
/* switch: the rows of roles, once they are written. */
int schema_version_roles(struct schema_run *x, struct pg_tx *tx, struct err *err);
/* finish: versions of values in their new form, and the end of versions that nobody keeps any more; in batches. */
int schema_version_finish(struct schema_run *x, struct err *err);

#endif
