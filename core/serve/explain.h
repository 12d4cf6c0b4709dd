/* explain: why somebody may or may not do something with a record: every grant that could allow it, with the parts of its rule and what they come to here.
 *
 * Sees with the system's eyes: for administrators and implementers, never an answer to the user who is explained. Results live in the unit's arena. */
#ifndef OST_SERVE_EXPLAIN_H
#define OST_SERVE_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meta/section.h"

struct err;
struct unit;

/* A path that a rule names and its value on this record. */
struct explain_value {
	const char *path, *value;
};

/* A part of a rule's top-level `and` or `or`; the rule itself when it has none. */
struct explain_part {
	const char *text;
	bool holds;
	struct explain_value *values;
	size_t nvalues;
};

/* One rule that speaks for or against. */
struct explain_rule {
	const char *
		kind; /* "grant", "read" (a grant to read, where the record is not seen), "freeze", "readonly", "allow", "when", "task" (a required one of the stage), "who" (may tick) */
	const char *role;   /* of a grant, else NULL */
	const char *place;  /* "roles/orders.lua:12" */
	const char *text;   /* the expression, or "true" */
	const char *fields; /* "note, watchers" of a grant that names them, else NULL */
	bool holds;         /* the rule is true here */
	bool covers;        /* a grant that gives the field asked for */
	struct explain_part *parts;
	size_t nparts;
};

struct explain {
	bool allowed;
	const char *why;   /* one sentence */
	const char *title; /* of the record; NULL of a new one */
	const char *stage; /* of a new one the first; NULL without stages */
	struct explain_rule *rules;
	size_t nrules;
};

/* May the unit's user do it? `action`: create read update delete, or the name of a move; id 0 with create and only there: a new record as it begins, with what
 * defaults and `initial` give. With `task`, the name of a line of a checklist, the action is finish or reopen. `field` and `task` may be NULL. ERR_INVALID for an unknown action, and for a new line of an owned detail: its owner is asked. */
int explain_record(struct unit *u, struct section *s, int64_t id, const char *action, const struct field *field, const char *task,
				   struct explain *out, struct err *err);

#endif
