/* import_store: the rows of ostov.import and ostov.import_error. Texts live in the arena given.
 *
 * An import belongs to whoever raised its `run` last: a job that takes it up, a new run, a cancellation. Writes name the run that they belong to and change nothing
 * when another has begun: two workers never bring in the same import at once, however late one of them wakes up. */
#ifndef OST_EDGE_IMPORT_STORE_H
#define OST_EDGE_IMPORT_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "edge/import_run.h"

struct arena;
struct err;
struct pg;
struct unit;

struct import_row {
	int64_t id, file_id, user_id;
	const char *section, *mapping, *state; /* mapping: name, or NULL */
	const char *format, *columns;          /* JSON, or NULL until they are found out */
	const char *key, *error;
	struct import_counts counts;
	int64_t rows, run;
	bool dry;
};

/* Makes the row in the unit's transaction. */
int import_store_new(struct unit *u, struct arena *a, const char *section, int64_t file_id, const char *mapping, int64_t *id,
					 struct err *err);
/* Reads it; `user_id` 0: whoever's. ERR_NOT_FOUND. */
int import_store_find(struct arena *a, struct pg *pg, int lang, int64_t id, int64_t user_id, struct import_row *out, struct err *err);
/* Takes the import up for a job: raises its run and reads it. ERR_CONFLICT when there is nothing to do (cancelled, done, taken up by another meanwhile). */
int import_store_claim(struct arena *a, struct pg *pg, int lang, int64_t id, struct import_row *out, struct err *err);
/* Takes up the interrupted run of a command that `mark` tells apart from others (file, columns, user), else begins one; *out->counts say how far it is. `anew`: the interrupted one is forgotten. */
int import_store_take_up(struct arena *a, struct pg *pg, const char *section, const char *mark, int64_t user_id, bool anew,
						 struct import_row *out, struct err *err);
/* Forgets a command's run with its rejected rows. */
int import_store_drop(struct arena *a, struct pg *pg, int64_t id, struct err *err);
/* Calls fn for every rejected row that was noted, in the file's order, until it gives other than 0. */
int import_store_each_rejected(struct pg *pg, int64_t id, int (*fn)(void *ctx, const struct import_rejected *r), void *ctx,
							   struct err *err);
/* Stores what was found out, and the state ("ready"; NULL: as it is). ERR_CONFLICT: another run has begun. */
int import_store_plan(struct arena *a, struct pg *pg, int64_t id, int64_t run, const struct import_plan *plan, const char *state,
					  struct err *err);
/* Has the columns read again by a format (the state "detecting") in the unit. */
int import_store_detect(struct unit *u, struct arena *a, int64_t id, const struct import_plan *plan, struct err *err);
/* Begins a run in the unit: columns and format as edited, state, counts at zero, old errors gone. */
int import_store_begin(struct unit *u, struct arena *a, int64_t id, const struct import_plan *plan, bool dry, struct err *err);
/* Stores position and counts in the unit of the batch. ERR_CONFLICT: another run has begun. */
int import_store_counts(struct unit *u, struct arena *a, int64_t id, int64_t run, const struct import_counts *n, int64_t rows,
						struct err *err);
/* The same in a transaction of its own, with the state (NULL: as it is) and an error (may be NULL). */
int import_store_state(struct arena *a, struct pg *pg, int64_t id, int64_t run, const struct import_counts *n, int64_t rows,
					   const char *state, const char *error, struct err *err);
/* Queues a rejected row with the unit. */
void import_store_reject(struct unit *u, struct arena *a, int64_t id, int64_t run, const struct import_rejected *r);
/* Stores the rejected rows of a trial's batch at once, in a transaction of their own. */
int import_store_reject_all(struct arena *a, struct pg *pg, int64_t id, int64_t run, const struct import_rejected *list, size_t n,
							struct err *err);
/* Stops it in the state "cancelled", unless it is over. */
int import_store_cancel(struct arena *a, struct pg *pg, int64_t id, struct err *err);
/* ERR_CONFLICT when another run has begun. */
int import_store_mine(struct arena *a, struct pg *pg, int64_t id, int64_t run, struct err *err);
/* Takes away the rejected rows that were noted. */
int import_store_forget(struct arena *a, struct pg *pg, int64_t id, int64_t run, struct err *err);

#endif
