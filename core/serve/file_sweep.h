/* file_sweep: removes uploads that no record took, and bodies that no upload has.
 *
 * An upload is left over when its page was closed before it was saved, when its record was deleted or holds another file now; a body when the process died
 * between storing it and its row, or when its last row went. Everything is decided anew under a lock, so that a save or an upload of just now wins.
 * Not here: who calls it and when (edge/worker_job). */
#ifndef OST_SERVE_FILE_SWEEP_H
#define OST_SERVE_FILE_SWEEP_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct pg;
struct registry;

enum {
	FILE_SWEEP_HOURS = 24,      /* how long an upload may wait for its record */
	FILE_SWEEP_IMPORT_DAYS = 30 /* how long an import keeps its file */
};

/* How far a sweep has come; all zero at its beginning. */
struct file_sweep {
	int64_t after;        /* uploads up to this id were looked at */
	bool bodies;          /* all uploads were: now the bodies */
	int64_t files, freed; /* removed so far: uploads, bodies */
};

/* One step, bounded: 1 there is more, 0 all was looked at, -1 the database is away (the sweep may be begun again at any time). */
int file_sweep(struct file_sweep *s, struct pg *pg, struct registry *reg, struct err *err);

#endif
