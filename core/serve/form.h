/* form: what a form needs to know about a draft: computed values, which fields are required, read-only, hidden, what is wrong, which moves are open; the same
 * of each line of owned details that comes with it.
 *
 * Runs in a unit that is rolled back: nothing is written, hooks do not run. Values that the actor may not read are left out. Lines of lines are drafts that sums and rules see;
 * they are answered by what is wrong with them alone. */
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
	const char *reason; /* NULL when open */
};

struct form_task {
	const struct task_item *item;
	const char *label;
	bool may; /* the actor may tick it or take it back */
};

/* One record of the form: the record itself, or a line. */
struct form_face {
	struct record_set *values; /* what differs from the draft sent: initial, fill, default, formulas */
	size_t nvalues;
	struct form_field *fields; /* readable fields; of a line those that a rule or its stage speaks of, the others are as they are defined */
	size_t nfields;
};

struct form_line {
	const struct record_line *line; /* as it was given */
	struct form_face face;
	bool can_update;
	struct err *errors; /* list by next, NULL none; targets within the line ("amount"), NULL: the line itself */
};

/* The fields that were edited last: their dependants are filled again. Not `known`: whatever differs from the row, and what was given wins. */
struct form_edit {
	struct field **fields;
	size_t count;
	bool known;
};

struct form {
	struct form_face face;
	struct form_line *lines; /* those that the actor may see, in the order given; not the removed ones */
	size_t nlines;
	struct err *errors;      /* list by next, NULL none; target and message */
	struct form_move *moves; /* from the record's stage, judged on the draft */
	size_t nmoves;
	struct form_task *tasks; /* the checklist of the record's stage */
	size_t ntasks;
	bool can_update, can_delete;
	const struct stage *stage; /* NULL without stages */
};

/* Evaluates the draft `in` on the record (id 0: a new one); `lines` has one edit for each line of `in`. */
int form_evaluate(struct unit *u, struct section *s, int64_t id, const struct record_input *in, const struct form_edit *edit,
				  const struct form_edit *lines, struct form *out, struct err *err);

/* The draft of a record that another question is about (what a lookup of it offers), `owner` is the draft of the record whose line it is, or NULL. ERR_NOT_FOUND
 * for what the actor does not see. The unit is a form's from now on. */
int form_draft(struct unit *u, struct section *s, int64_t id, const struct record_input *in, struct record *owner, struct record **out,
			   struct err *err);

#endif
