/* schema_apply: makes a configuration the one in force, in three phases that may be cut off anywhere and run again: expand, switch, finish.
 *
 * Everything happens on the operator's connection, whose session holds the apply lock: what dies, dies together. Readers are never kept waiting: locks on
 * tables are asked for in short attempts. Runs in a fiber. Not here: reading configurations (edge/config_load), rows of `data` (serve/seed). */
#ifndef OST_META_SCHEMA_APPLY_H
#define OST_META_SCHEMA_APPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "meta/schema_diff.h"

struct arena;
struct config;
struct err;
struct pg;

struct schema_apply_options {
	const char *by;            /* who applies, for the generation's row */
	struct schema_allow allow; /* losses that the operator accepts */
	unsigned lock_wait_ms;     /* for another apply to end; 0: 60 s */
	unsigned patience_ms;      /* for locks on tables and for the switch; 0: 60 s */
	unsigned worker_wait_ms;   /* for workers to go over before the drops; 0: 15 s */
	struct schema_build build; /* the last registry that it built must live as long as the apply: its SQL computes rollups */
	void (*progress)(void *ctx, const char *text); /* one line a step, or NULL */
	void *ctx;
};

struct schema_applied {
	struct schema_plan *plan; /* what was to do; set also when it was refused */
	int64_t generation;       /* in force now */
	bool nothing;             /* there was nothing to do */
	int left;                 /* drops left for the next apply */
	const char *left_why;     /* or NULL */
};

/* ERR_LOSS when a loss is not allowed, ERR_CONFLICT when another apply does not end, ERR_UNAVAILABLE when a table stays locked; the old generation is in force then. */
int schema_apply(struct pg *pg, struct arena *a, const struct registry *registry, const struct config *config,
				 const struct schema_apply_options *options, struct schema_applied *out, struct err *err);

/* The parts of an apply that stand in files of their own. */
struct schema_run {
	struct pg *pg;
	struct arena *arena;
	struct schema_plan *plan;
	const struct registry *registry; /* with the plan's names */
	const struct config *config;
	const struct schema_apply_options *options;
	struct schema_applied *out;
	uint64_t deadline; /* monotonic ms: patience with the locks of this phase */
};

/* Starts a transaction on the operator's connection whose locks are waited for at most lock_ms. */
int schema_run_open(struct schema_run *x, int lock_ms, struct pg_tx **tx, struct err *err);
/* One statement of it; a test may stop the program before each. */
int schema_run_do(struct schema_run *x, struct pg_tx *tx, const char *sql, const struct pg_params *params, struct pg_rows **rows,
				  struct err *err);
/* Runs body(ctx) in such a transaction until it succeeds, while others are in the way (ERR_RETRY) and the deadline allows. `what` is named to the waiting operator. */
int schema_run_retry(struct schema_run *x, int lock_ms, const char *what,
					 int (*body)(struct schema_run *x, struct pg_tx *tx, void *ctx, struct err *err), void *ctx, struct err *err);
/* Reports a step. */
void schema_run_say(struct schema_run *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* schema_fill: values of a column or link table, in batches of their own; whole: in the transaction given, of the rows that were written since the last of them. */
int schema_fill(struct schema_run *x, struct schema_op *op, struct pg_tx *whole, struct err *err);
/* schema_fill: the moment from which on the switch looks for what changed. `since`: the oldest transaction at work: what earlier ones wrote is seen by every statement from now
 * on; `mark`: a change up to which all are seen, which needs those at work to end: -1 when one does not; NULL
 * where it is not wanted. */
int schema_run_mark(struct schema_run *x, const char **since, int64_t *mark, struct err *err);
/* schema_rollup: SQL of the ids of the records whose sum may have changed since the operation's mark. */
const char *schema_rollup_changed(struct schema_run *x, const struct schema_op *op, const struct field *rollup);
/* schema_task: what OP_TASKS says, in batches, while people work with the new generation. */
int schema_tasks_run(struct schema_run *x, struct err *err);
/* schema_switch: ids of what is new, before the registry is built that knows them. */
int schema_switch_ids(struct schema_run *x, struct err *err);
/* schema_switch: the new generation takes force. */
int schema_switch(struct schema_run *x, struct err *err);

#endif
