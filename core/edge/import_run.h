/* import_run: rows become records, by the write path, as the user who imports: rights, rules and hooks hold as for any write.
 *
 * Rows go in batches, each one unit of work. A batch in which a row fails is undone and done again with a savepoint a row, so that only that row is left out; it is
 * noted with its number, column and reason. Batches behind a dirty one begin with savepoints. The position is stored in the same transaction as the batch: after a crash the import goes on behind it. Not here: jobs and HTTP (import). */
#ifndef OST_EDGE_IMPORT_RUN_H
#define OST_EDGE_IMPORT_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "edge/import_map.h"
#include "serve/actor.h"

struct err;
struct pg;
struct unit;

struct import_counts {
	int64_t done, created, updated, unchanged, rejected;
	int64_t position; /* number of the last row of the file that is dealt with */
};

struct import_rejected {
	int64_t row;
	const char *column; /* in the file, or NULL */
	const char *reason;
	const struct csv_cell *cells;
	size_t ncells;
};

struct import_run {
	struct pg *pg;
	struct registry *reg;
	const struct actor *actor;
	const struct import_plan *plan;
	const char *bytes; /* of the file */
	size_t len;
	bool dry;                    /* everything is tried and undone */
	struct import_counts counts; /* where to go on; counted on */
	/* Queues into the unit what must be stored with the batch: position and counts. NULL: nothing. Not called when dry. */
	int (*store)(void *ctx, struct unit *u, const struct import_counts *counts, struct err *err);
	/* Notes a rejected row, whose texts live until `progress`; u is the batch's unit, NULL when dry. */
	int (*reject)(void *ctx, struct unit *u, const struct import_rejected *r, struct err *err);
	/* Called after every batch: -1 stops (ERR_CONFLICT: cancelled). NULL: nothing. */
	int (*progress)(void *ctx, const struct import_counts *counts, struct err *err);
	void *ctx;
};

/* Most rows of a batch. */
enum { IMPORT_BATCH = 200 };

/* Runs to the end; -1 when the whole failed (the file, the database), not for rejected rows. */
int import_run(struct import_run *run, struct err *err);

#endif
