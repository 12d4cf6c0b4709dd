/* task: the checklist of the stage on which a record stands: rows of ostov.task, ticked one by one, and what they hold up.
 *
 * The write path makes a row for each task when a record enters the stage and ends them when it leaves (open ones are cancelled), in the statements of that very
 * write. A tick is a write of its own: the record is locked, so of two people one ticks and the other is told; it stands in the record's history, but leaves its
 * row_version alone, since no field of it changed. Everything lives in the unit's arena unless said otherwise.
 * Not here: definitions (meta/section.h), records that stand on the stage when a task is configured (meta/schema_task.c), tasks as JSON (plan). */
#ifndef OST_SERVE_TASK_H
#define OST_SERVE_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meta/section.h"
#include "serve/access.h"

struct arena;
struct err;
struct pg;
struct record;
struct unit;

/* Rows that a reader gets of one record, the newest: the checklist in force and those of stages that it left. */
enum { TASK_ROWS = 200 };

struct task_item {
	int64_t id; /* of the row */
	const struct stage_task *task;
	bool done;
	int64_t done_by, done_at_us; /* user; 0 when open */
};

/* The checklist in force, in the order of the configuration. Kept with the record until it is written. */
int task_list(struct unit *u, struct record *r, struct task_item **out, size_t *n, struct err *err);
/* Labels with their braces filled as the unit's actor may read them. */
int task_labels(struct unit *u, struct record *r, const struct task_item *items, size_t n, const char ***out, struct err *err);
/* The label of one task of a record, for readers without a unit; in `a`. */
int task_label(struct arena *a, struct pg *pg, const struct registry *reg, const struct actor *actor, struct section *s, int64_t id,
			   const struct stage_task *t, const char **out, struct err *err);
/* May the unit's actor tick it? `who` decides where it is given, else the right to change the record. */
int task_may(struct unit *u, struct record *r, const struct stage_task *t, bool *out, struct err *err);
/* Why the stage cannot be left: the required tasks that are open, by name; NULL when nothing holds it. */
int task_gate(struct unit *u, struct record *r, const char **reason, struct err *err);

/* Ticks (`done`) or takes back the row `id` of the record. ERR_NOT_FOUND, ERR_FORBIDDEN; ERR_CONFLICT when it is so already, or the stage was left. */
int task_set(struct unit *u, struct section *s, int64_t record, int64_t id, bool done, struct err *err);

/* Called by the write path: queues what a change of stage, or the deletion, does to the rows. */
void task_follow(struct record *r);

/* Appends a JSON list of the record's rows (alias) as the eyes see them; with `one` only that whose id is input 1. */
int task_sql(const struct access_eyes *eyes, struct section *s, struct pg_sql *sql, const char *alias, bool one, struct err *err);

#endif
