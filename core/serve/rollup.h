/* rollup: stored sums and counts over details, recomputed by the database in a new statement after the lines were written, under the parents' locks.
 *
 * Under contention a recomputation in the statement that writes the line stored 5 where 15 was right. Rollups change neither the parent's ETag nor its hooks. */
#ifndef OST_SERVE_ROLLUP_H
#define OST_SERVE_ROLLUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meta/registry.h"

struct err;
struct record;
struct record_input;
struct unit;

/* Holds what rollups read beyond record `id` (0: a new one) and is new to them by the input: what it looks up, with its lines, and all that a record
 * brings along that goes to another parent. Before parents are locked; queued. */
void rollup_hold(struct unit *u, struct section *s, int64_t id, const struct record_input *in);
/* Notes which stored rollups a written record touches (its own, its parents' by old and new lookup, deeper ones). */
int rollup_touch(struct unit *u, struct record *r, struct err *err);
/* Of what was noted from `first` on something may be refused when it is recomputed: a check names sums. */
bool rollup_due(const struct unit *u, size_t first);
/* Recomputes what was noted and forgets it; queued, does not wait. */
int rollup_recompute(struct unit *u, struct err *err);

#endif
