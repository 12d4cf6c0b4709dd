/* stage: where a record stands and how it may go on. Passive questions; the move itself is record_move. */
#ifndef OST_SERVE_STAGE_H
#define OST_SERVE_STAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "meta/section.h"

struct err;
struct record;
struct unit;

/* The stage of the record as it stands in the unit, NULL without stages. */
struct stage *stage_of(const struct record *r);
/* The stage as it was when the unit took the record. */
struct stage *stage_was(const struct record *r);
/* The stage in which a new record begins: the first stage of the first path whose `when` holds, else of the path without one. */
int stage_first(struct unit *u, struct record *r, struct stage **out, struct err *err);

enum stage_verdict {
	STAGE_OPEN,      /* the move may be made */
	STAGE_NOT_FROM,  /* not from this stage */
	STAGE_NOT_YOURS, /* `allow` says no */
	STAGE_NOT_NOW    /* `when` says no: `reason` is the message; or required tasks are open: it names them */
};

/* Whether the unit's actor may make the move now; `reason` in the unit's arena and language (NULL when open). */
int stage_may(struct unit *u, struct record *r, const struct move *m, enum stage_verdict *verdict, const char **reason, struct err *err);

#endif
