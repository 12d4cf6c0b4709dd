/* change_name: what codes of the past are called now: the values of choices, stages and moves that the history names, carried through the renames that configurations
 * have made since (ostov.renamed, written by each switch).
 *
 * Everything lives in the arena given. Not here: codes that are gone without a successor; the history shows them as they were. */
#ifndef OST_SERVE_CHANGE_NAME_H
#define OST_SERVE_CHANGE_NAME_H

#include <stddef.h>
#include <stdint.h>

#include "meta/registry.h"

struct arena;
struct err;
struct pg;

/* One rename: what was written up to the change `mark` under the name `was` is called `now`; those of one switch have one number. */
struct renamed {
	int64_t owner, mark, batch; /* owner: id of the field of a value, of the section of a stage or move */
	const char *kind, *was, *now;
};

struct change_names {
	struct arena *arena;
	struct renamed *items; /* in their order */
	size_t count;
};

/* The renames that concern the section and the lines that it owns. */
int change_names_load(struct arena *a, struct pg *pg, const struct section *s, struct change_names *out, struct err *err);
/* Today's name of a stage or move ("stage", "move") that the change named. */
const char *change_name(const struct change_names *n, int64_t owner, const char *kind, int64_t change, const char *code);
/* The same of a field's value as JSON ("\"open\""); of other fields than choices and stages, and of null, what was given. */
const char *change_value(const struct change_names *n, const struct field *f, int64_t change, const char *json);

#endif
