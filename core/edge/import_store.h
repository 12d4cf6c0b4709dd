/* import_store: the rows of ostov.import and ostov.import_error. Texts live in the arena given. */
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
	int64_t rows;
	bool dry;
};

/* Makes the row in the unit's transaction. */
int import_store_new(struct unit *u, struct arena *a, const char *section, int64_t file_id, const char *mapping, int64_t *id, struct err *err);
/* Reads it; `user_id` 0: whoever's. ERR_NOT_FOUND. */
int import_store_find(struct arena *a, struct pg *pg, int lang, int64_t id, int64_t user_id, struct import_row *out, struct err *err);
/* Stores what was found out, and the state "ready". */
int import_store_plan(struct arena *a, struct pg *pg, int64_t id, const struct import_plan *plan, const char *state, struct err *err);
/* Begins a run in the unit: columns and format as edited, state, counts at zero, old errors gone. */
int import_store_begin(struct unit *u, struct arena *a, int64_t id, const struct import_plan *plan, bool dry, struct err *err);
/* Queues position and counts with the batch. */
int import_store_counts(struct unit *u, struct arena *a, int64_t id, const struct import_counts *n, int64_t rows);
/* The same in a transaction of its own, with the state (NULL: as it is) and an error (may be NULL). */
int import_store_state(struct arena *a, struct pg *pg, int64_t id, const struct import_counts *n, int64_t rows, const char *state, const char *error, struct err *err);
/* Queues a rejected row with the unit, or stores it at once when u is NULL. */
int import_store_reject(struct unit *u, struct arena *a, struct pg *pg, int64_t id, const struct import_rejected *r, struct err *err);
/* "running" … as it stands now. */
int import_store_current(struct arena *a, struct pg *pg, int64_t id, const char **state, struct err *err);
/* Takes away the rejected rows that were noted. */
int import_store_forget(struct arena *a, struct pg *pg, int64_t id, struct err *err);

#endif
