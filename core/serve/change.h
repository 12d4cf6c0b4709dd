/* change: the history of records, field by field: written by the write path, read by the record page.
 *
 * A row of ostov.change holds old and new of each field by field id, so that a renamed field keeps its past. Readers see it with today's rights: the record
 * must be visible and each field granted on it. Values come as JSON of the API's shape; titles of lookups are the reader's work. */
#ifndef OST_SERVE_CHANGE_H
#define OST_SERVE_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meta/registry.h"
#include "serve/actor.h"

struct arena;
struct err;
struct pg;
struct record;
struct unit;

enum change_kind { CHANGE_CREATED, CHANGE_CHANGED, CHANGE_MOVED, CHANGE_DELETED, CHANGE_TICKED, CHANGE_REOPENED };

struct change_field {
	const struct field *field;
	const char *was, *now; /* JSON: 12.50, "text", null, 17 (a lookup's id), [1,2] */
	const char *names;     /* of a field of files: their names then, JSON {"17":"page.pdf"}; or NULL */
};

struct change_item {
	int64_t id, at_us, user_id;
	const char *kind;           /* created changed moved deleted ticked reopened */
	const char *move, *comment; /* or NULL */
	struct section *section;    /* of the record or of the owned line */
	int64_t record_id;
	const struct stage_task *task; /* ticked, reopened: which, or NULL when the configuration has it no more */
	const struct field *detail;    /* the detail whose line it was, or NULL */
	int64_t row_version;
	struct change_field *fields;
	size_t nfields;
};

/* Newest first, the record and its owned lines, before the change `before` (0: from the newest), at most limit (100). ERR_NOT_FOUND when the record is not visible. */
int change_list(struct arena *a, struct pg *pg, const struct registry *reg, const struct actor *actor, struct section *s, int64_t id,
				int64_t before, size_t limit, struct change_item **out, size_t *n, bool *more, struct err *err);
/* What happened to the record since row_version `since`, readable fields only, merged by field (for 412): old of the first, new of the last change. */
int change_since(struct arena *a, struct pg *pg, const struct registry *reg, const struct actor *actor, struct section *s, int64_t id,
				 int64_t since, struct change_field **out, size_t *n, int64_t *by, int64_t *at_us, struct err *err);

/* "moved" for CHANGE_MOVED. */
const char *change_kind_name(enum change_kind kind);

#endif
