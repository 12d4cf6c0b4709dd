/* import_trial: what a trial remembers of the batches that it has undone, so that its counts are those of the run.
 *
 * A trial's batch is rolled back, and the next one finds nothing of it. Rows that need what an earlier batch made (the same key again, a parent in the same section) get those rows
 * before their batch once more, uncounted; a unique value that an earlier batch took is refused as the database would. What rules count over other records is seen within
 * a batch only. Everything lives in the arena of the run; beyond TRIAL_BYTES nothing more is remembered. Not here: writing rows (import_run). */
#ifndef OST_EDGE_IMPORT_TRIAL_H
#define OST_EDGE_IMPORT_TRIAL_H

#include "edge/import_cell.h"

struct err;
struct unit;

/* Prepares what the trial of this run remembers. */
void import_trial_create(struct import_running *g);
/* Puts before the rows of a batch those that they need again, marked. */
void import_trial_extend(struct import_batch *b);
/* Refuses what the record that the row has written would have in common with another record of the trial; -1 with the database's own words for it. */
int import_trial_check(struct import_batch *b, struct unit *u, struct import_row *r, const char *key, int64_t id, struct err *err);
/* Remembers the rows of a batch that went well. */
void import_trial_keep(struct import_batch *b);

#endif
