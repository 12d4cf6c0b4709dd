/* record: the one way to write: create, update, delete, move. Only this file's family issues DML on section tables.
 *
 * lock → access → initial, default, fill → readonly, required, check, min, max, choice, lookups → before-hooks (then checks again) → write → change log →
 * rollups → jobs. All faults of a record are reported at once: ERR_INVALID whose list (err->next) has one entry a fault with its target ("amount",
 * "payments/2/amount"). Records of a unit are in its identity map: a rule, a hook and a later write see what earlier ones did.
 * Not here: transactions (unit.h), moves' conditions (stage.h), values from JSON (edge). */
#ifndef OST_SERVE_RECORD_H
#define OST_SERVE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/value.h"
#include "meta/section.h"

struct arena;
struct err;
struct unit;
struct record_input;

/* A field and its new value: of the field's own kind (record_coerce makes it so), nil to empty it, a list of ids for several. */
struct record_set {
	struct field *field;
	struct value value;
};

enum record_line_op { RECORD_LINE_CREATE, RECORD_LINE_UPDATE, RECORD_LINE_REMOVE };

/* A line of an owned detail, written with its parent. */
struct record_line {
	struct field *detail;
	enum record_line_op op;
	int64_t id;                  /* UPDATE, REMOVE */
	struct record_input *values; /* CREATE, UPDATE */
	size_t position;             /* among the lines of this detail as they were sent, from 0: targets name it */
};

/* What could not be read of an input: told together with what the write itself finds. */
struct record_unread {
	struct field *field; /* left as it is, nothing that depends on it is judged; NULL: of no field */
	struct err *fault;   /* with its target, prefix included */
};

enum record_flags {
	RECORD_DATA = 1,   /* rows of the configuration: stage, number and readonly fields may be set (system only) */
	RECORD_IMPORT = 2, /* a row of an import: the history says so */
	RECORD_DRY = 4     /* everything but the write */
};

struct record_input {
	struct {
		struct record_set *items;
		size_t count, cap;
	} sets;
	struct {
		struct record_line *items;
		size_t count, cap;
	} lines;
	struct {
		struct field **items;
		size_t count, cap;
	} whole; /* details of which `lines` has all: stored ones that it does not name go */
	struct {
		struct record_unread *items;
		size_t count, cap;
	} unread;
	unsigned flags; /* enum record_flags */
};

/* A record of the unit: as it stands now (drafts included) and as it was. Values by field->pos; only stored fields have one. */
struct record_face {
	struct record *record;
	struct value *values;
};

struct record {
	struct unit *unit;
	struct section *section;
	int64_t id;                  /* of a new record too */
	int64_t version;             /* row_version; 0 new */
	struct record_face now, was; /* handles for expr_eval: &r->now, &r->was; was.values is NULL for a new record */
	bool fresh;                  /* created in this unit */
	bool locked, gone;           /* gone: deleted in this unit */
	bool after;                  /* a hook after commit runs on it, for which `old` is: */
	const struct value *before;  /* the row as the event found it, NULL for a new record */
	struct record_private *priv;
};

/* Adds field = value to the input, in `a`. */
void record_input_set(struct arena *a, struct record_input *in, struct field *f, struct value v);
/* The set of the field in the input, or NULL. */
const struct record_set *record_input_find(const struct record_input *in, const struct field *f);
/* Adds a fault that was found while the input was read; a copy in `a`, the texts stay the caller's and must outlive the write. */
void record_input_fault(struct arena *a, struct record_input *in, struct field *f, const struct err *fault);
/* Adds a line; returns its input (NULL for REMOVE). */
struct record_input *record_input_line(struct arena *a, struct record_input *in, struct field *detail, enum record_line_op op, int64_t id);
/* The lines of the detail are all that there are to be: those stored that the input does not name are removed. */
void record_input_whole(struct arena *a, struct record_input *in, struct field *detail);
/* Turns what a client sent (text, integer, decimal, boolean, list) into a value of the field's kind, exactly; err has the target. Empty text is nil. */
int record_coerce(struct arena *a, int lang, const struct field *f, const struct value *in, struct value *out, struct err *err);
/* A decimal that is assigned to a whole number: rounded half away from zero, as to any scale; nil when it has no place. */
void record_round(struct arena *a, const struct field *f, struct value *v);

/* Creates a record; *id is set before the write (the id is reserved). */
int record_create(struct unit *u, struct section *s, const struct record_input *in, int64_t *id, struct err *err);
/* Changes a record. if_version: the ETag's row_version, NULL: whatever it is. ERR_NOT_FOUND when not visible. */
int record_update(struct unit *u, struct section *s, int64_t id, const struct record_input *in, const int64_t *if_version, struct err *err);
/* Deletes a record with its owned lines, as on_delete of every lookup that points here says. */
int record_delete(struct unit *u, struct section *s, int64_t id, const int64_t *if_version, struct err *err);
/* Moves a record along its stages. `in` may be NULL. */
int record_move(struct unit *u, struct section *s, int64_t id, const char *move, const char *comment, const struct record_input *in,
				const int64_t *if_version, struct err *err);

/* What deleting these would do; counts are bounded by UNIT_RECORDS. In the unit's arena. */
struct record_effect {
	struct section *section;
	bool blocked;  /* these records stop the deletion; else they go with it */
	bool readable; /* the actor may know of them */
	int64_t count;
};
int record_delete_preview(struct unit *u, struct section *s, const int64_t *ids, size_t nids, struct record_effect **out, size_t *n,
						  size_t *deletable, struct err *err);

/* The record of the unit, read when needed (not locked); *out is NULL when there is none. System's eyes. */
int record_load(struct unit *u, struct section *s, int64_t id, struct record **out, struct err *err);
/* Starts reading a record that record_load will be asked for; queued, does not wait. */
void record_prefetch(struct unit *u, struct section *s, int64_t id);
/* The lines of a detail with the unit's drafts, in order of id; at most UNIT_RECORDS. */
int record_lines(struct unit *u, const struct field *detail, struct record *parent, struct record ***out, size_t *n, struct err *err);
/* The current value of a field in the draft, formulas computed. In `a`. */
int record_get(struct record *r, struct arena *a, const struct field *f, struct value *out, struct err *err);
/* The same of what a hook sees as `old`: stored values, and formulas over them; details have none, nor formulas that look at lines. */
int record_get_old(struct record *r, struct arena *a, const struct field *f, struct value *out, struct err *err);
/* Sets a draft's value from a before-hook: coerced; read-only, stage and computed fields are refused. */
int record_put(struct record *r, const struct field *f, const struct value *v, struct err *err);
/* A before-hook refuses: `field` may be NULL. Collected; the write fails with all refusals. */
void record_refuse(struct record *r, const struct field *field, const char *message);

#endif
