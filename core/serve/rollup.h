/* rollup: stored sums and counts over details, recomputed by the database in a new statement after the lines were written, under the parents' locks.
 *
 * Under contention a recomputation in the statement that writes the line stored 5 where 15 was right. Rollups change neither the parent's ETag nor its hooks. */
#ifndef OST_SERVE_ROLLUP_H
#define OST_SERVE_ROLLUP_H

#include <stddef.h>
#include <stdint.h>

#include "meta/registry.h"

struct arena;
struct err;
struct pg_tx;
struct record;
struct record_input;
struct unit;

/* Holds the records that the input newly looks up and a rollup reads through it, before parents are locked; queued. */
void rollup_hold(struct unit *u, struct section *s, const struct record_input *in);
/* Notes which stored rollups a written record touches (its own, its parents' by old and new lookup, deeper ones). */
int rollup_touch(struct unit *u, struct record *r, struct err *err);
/* Recomputes what was noted and forgets it; queued, does not wait. */
int rollup_recompute(struct unit *u, struct err *err);
/* Recomputes every stored rollup of the section's rows (ids NULL: all): after apply and restore. */
int rollup_rebuild(struct arena *a, struct pg_tx *tx, const struct registry *reg, struct section *s, const int64_t *ids, size_t n,
				   struct err *err);

#endif
