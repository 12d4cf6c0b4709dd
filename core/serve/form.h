/* form: what a form needs to know about a draft: computed values, which fields are required, read-only, hidden, what is wrong, which moves are open.
 *
 * Runs in a unit that is rolled back: nothing is written, hooks do not run. Values that the actor may not read are left out. */
#ifndef OST_SERVE_FORM_H
#define OST_SERVE_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "serve/record.h"
#include "serve/stage.h"
#include "serve/task.h"

struct form_field {
	const struct field *field;
	bool required, readonly, hidden;
};

struct form_move {
	const struct move *move;
	enum stage_verdict verdict;
	const char *reason;    /* NULL when open */
};

struct form_task {
	const struct task_item *item;
	const char *label;
	bool may;              /* the actor may tick it or take it back */
};

struct form {
	struct record_set *values;  /* what differs from the draft sent: initial, fill, default */
	size_t nvalues;
	struct form_field *fields;  /* readable fields of the form */
	size_t nfields;
	struct err *errors;         /* list by next, NULL none; target and message */
	struct form_move *moves;    /* from the record's stage, judged on the draft */
	size_t nmoves;
	struct form_task *tasks;    /* the checklist of the record's stage */
	size_t ntasks;
	bool can_update, can_delete;
	const struct stage *stage;  /* NULL without stages */
};

/* Evaluates the draft `in` on the record (id 0: a new one). `changed` are the fields edited last (their dependants are filled again); NULL: all in `in`. */
int form_evaluate(struct unit *u, struct section *s, int64_t id, const struct record_input *in, struct field *const *changed, size_t nchanged, struct form *out,
				  struct err *err);

#endif
