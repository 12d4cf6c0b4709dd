/* seed: rows that the configuration declares (`data`): reference rows of modules, and sample rows, written through record as the system.
 *
 * Rows are found again by their key: reference rows are created once and their fields kept as declared; sample rows are created, and their fields filled only
 * where they are empty, so that what people changed stays. Rows may point to one another in any order. Each row is a unit of its own: an interrupted run goes
 * on where it was. Not here: reading the rows (meta/resolve_rows). */
#ifndef OST_SERVE_SEED_H
#define OST_SERVE_SEED_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct err;
struct pg;
struct registry;

struct seed_report {
	size_t created, changed; /* records */
	bool nothing;            /* these rows were written before, as they are now */
};

/* What seed_rows would do to the rows of one section. */
struct seed_planned {
	const char *section;
	size_t created, changed; /* records */
	size_t back;             /* of those changed: people changed what the configuration declares as before, and it is set back */
	const char *shown;       /* some of these with their fields, or NULL */
};

struct seed_plan {
	struct seed_planned *items;
	size_t count, cap;
};

/* What writing the reference rows of `next` would do to the database, in which `now` is in force (NULL: nothing). Empty when these rows were written before. In a fiber. */
int seed_plan(struct pg *pg, struct registry *now, const struct registry *next, struct arena *a, struct seed_plan *out, struct err *err);
/* Writes the reference rows, or the sample rows, of the generation in force (`reg` is its registry). Faults are appended to *errs with their file:line; -1 when any. */
int seed_rows(struct pg *pg, struct registry *reg, struct arena *a, bool sample, struct seed_report *out, struct err *errs);

#endif
