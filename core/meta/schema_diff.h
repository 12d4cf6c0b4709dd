/* schema_diff: from what a configuration wants and what the database has to a plan: what changes, what is lost, what is locked, and the operations.
 *
 * Reads the database (counts rows), changes nothing. The plan lives in the arena given, and the registry and the snapshot must outlive it.
 * Not here: carrying it out (schema_apply), printing it (cli/cmd_plan). */
#ifndef OST_META_SCHEMA_DIFF_H
#define OST_META_SCHEMA_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meta/schema_convert.h"
#include "meta/schema_describe.h"
#include "meta/schema_read.h"
#include "meta/schema_shape.h"

struct arena;
struct err;
struct pg;

/* One line of the plan. */
struct schema_change {
	char mark; /* + created, ~ changed, > renamed, - dropped */
	const char *kind, *path;
	const char *was;  /* of a rename: the former path */
	const char *text; /* type of a new field, names of what changed, or NULL */
};

/* Data that applying would lose or change. */
struct schema_loss {
	const char *name;  /* what --allow-loss names */
	const char *what;  /* "3 of 120 records hold a value: …" */
	const char *hint;  /* or NULL */
	int64_t rows;      /* -1: not counted in time */
	bool allowed;      /* named by --allow-loss */
	bool final;        /* cannot be allowed: the configuration has to change, or the data */
	const char *check; /* SQL that counts the rows again under the switch's lock, or NULL */
	const char *shown; /* some of the records, or NULL */
};

/* Records that break a rule which is new: it holds for what is written from now on, and nothing happens to them. */
struct schema_broken {
	const char *name;  /* path of the field, section or detail */
	const char *what;  /* "3 records above its max of 10" */
	int64_t rows;      /* -1: not counted */
	const char *shown; /* some of them, or NULL */
};

/* What is held up, and how long. */
struct schema_lock {
	const char *table, *text;
	int64_t stop_ms; /* writes stop for about so long; 0: unnoticeable */
};

enum schema_op_kind {
	/* expand */
	OP_TABLE,    /* a new table or link table */
	OP_COLUMNS,  /* new columns of a table that was there */
	OP_FILL,     /* values of a column or link table that takes another's place, or of a rollup */
	OP_KEY,      /* a foreign key, not valid yet */
	OP_VALIDATE, /* its check */
	OP_INDEX,    /* concurrently */
	OP_VERSIONS, /* first versions of rows, for `history = true`; what was written meanwhile: under the switch's lock */
	/* switch */
	OP_CODES, /* renamed or removed codes of choices and stages, where few rows have them */
	/* finish */
	OP_VERSIONS_AGAIN, /* versions of rows whose values got another form */
	OP_VERSIONS_END,   /* of a section that keeps none any more */
	OP_DEFAULT_DROP,   /* the default that filled a new column */
	OP_KEY_DROP,
	OP_INDEX_DROP,
	OP_TASKS, /* checklists: rows of a task for the records that stand on its stage (item), or its rows end (object; neither: all that are nobody's) */
	OP_DROP /* a column, link or table */
};

struct schema_op {
	enum schema_op_kind kind;
	const char *table;                  /* physical, of schema app */
	const char *name;                   /* of the column, index or key */
	const char *sql;                    /* whole statement; of OP_FILL the value's expression, NULL for a rollup */
	const char *place;                  /* path of the definition */
	const char *detail;                 /* for the journal */
	const struct schema_item *item;     /* or NULL */
	const struct schema_object *object; /* of OP_DROP */
	bool rebuild;                       /* OP_INDEX: an invalid one of an interrupted run is there */
	bool fresh;                         /* the table is new: nobody uses it yet */
	bool link;                          /* OP_FILL: `table` is the section's, `name` the link table */
	bool late;         /* OP_KEY in the switch, OP_VALIDATE after it: who still works with the old generation must not meet the key */
	const char *since; /* OP_FILL, OP_VERSIONS: what older transactions wrote is filled; set by the last pass of the expand phase */
	int64_t
		mark; /* OP_FILL of a rollup, OP_VERSIONS: the last change that the last pass saw for certain; -1 none: all rows are compared in the switch */
	int64_t rows; /* that it touches, -1 unknown */
	struct {
		const char **items; /* OP_COLUMNS: names of the columns and what they were made for, in turn */
		size_t count, cap;
	} columns;
};

struct schema_plan {
	struct arena *arena;
	const struct registry *registry;
	struct schema_current *current;
	struct schema_items items;
	struct schema_shape shape;
	bool new_generation; /* the configuration is not the one in force */
	struct {
		struct schema_change *items;
		size_t count, cap;
	} changes;
	struct {
		struct schema_loss *items;
		size_t count, cap;
	} losses;
	struct {
		struct schema_broken *items;
		size_t count, cap;
	} broken;
	struct {
		const char **items;
		size_t count, cap;
	} warnings;
	struct {
		struct schema_lock *items;
		size_t count, cap;
	} locks;
	struct {
		struct schema_op *items;
		size_t count, cap;
	} ops;
	struct {
		const struct schema_object **items; /* objects that the configuration no longer has */
		size_t count, cap;
	} dropped;
};

/* Names of --allow-loss. */
struct schema_allow {
	const char *const *names;
	size_t count;
};

/* How the caller builds the configuration with a map: the registry stays the caller's, until it builds the next one. */
struct schema_build {
	int (*rebuild)(void *ctx, const struct object_map *map, const struct registry **out, struct err *err);
	void *ctx;
};

/* Makes the plan. `registry` may be one without a map (ids and physical names come from the plan). `build`, or NULL: then no rules are counted; what it builds is
 * changed here and serves nothing else. */
int schema_diff(struct pg *pg, struct arena *a, const struct registry *registry, struct schema_current *current,
				const struct schema_allow *allow, const struct schema_build *build, struct schema_plan **out, struct err *err);
/* True when nothing is left to do: no new generation, no operation. */
bool schema_plan_nothing(const struct schema_plan *p);
/* The first loss that is not allowed, or NULL. */
const struct schema_loss *schema_plan_refused(const struct schema_plan *p);
/* Ids and physical names as they will be: registry_build with this map gives a registry whose SQL fits the expanded tables. */
struct object_map schema_plan_map(struct schema_plan *p);

/* The parts of schema_diff that stand in files of their own. */
struct schema_diff {
	struct pg *pg;
	struct schema_plan *plan;
	const struct schema_allow *allow;
	const struct schema_build *build; /* or NULL */
	struct err *err;
	bool failed; /* the database went away: *err tells */
};
/* schema_match: finds the object that each item continues and gives physical names. */
void schema_match(struct schema_diff *d);
/* The new code of a choice or stage, SQL over its column: renamed, taken over, NULL where a code goes that may be lost; `where`: the rows that change. NULL when none does. */
const char *schema_codes(struct schema_diff *d, const struct schema_item *it, const char *column, const char **where);
/* schema_ops: the operations that lead from the tables there are to those wanted. */
void schema_ops(struct schema_diff *d);
/* schema_ops: how long the switch computes sums once more: when all operations are known. */
void schema_sums_locks(struct schema_diff *d);
/* schema_loss: what is lost or does not fit, counted; codes that change; drops. */
void schema_losses(struct schema_diff *d);
/* schema_rollup: true when the switch has to compare the sum of every record. */
bool schema_rollup_whole(const struct schema_plan *p, const struct field *rollup);
/* schema_rollup: how long the switch takes for what may have changed, in ms. */
int64_t schema_rollup_stop(struct schema_diff *d, const struct field *rollup, int64_t rows);
/* schema_rollup: puts the operations that fill rollups into the order in which they read each other. */
void schema_rollup_order(struct schema_op *ops, size_t n);
/* schema_rules: records that break the rules that are new. */
void schema_rules(struct schema_diff *d);
/* "item/3 'much', item/7": the first records of `from` (SQL, alias t) for which `where` holds, with `value` where it is not NULL; NULL when there is none. */
const char *schema_examples(struct schema_diff *d, const char *section, const char *from, const char *value, const char *where);
/* schema_task: checklists of records that stand on a stage already. */
void schema_tasks(struct schema_diff *d);
/* What the plan says of a task that is new (item) or that goes (object), or NULL. */
const char *schema_task_text(const struct schema_plan *p, const struct schema_item *it, const struct schema_object *o);
/* One number from the database, -1 when it took too long. */
int64_t schema_count(struct schema_diff *d, const char *sql);
/* SQL of a value of the field as it will be in the rows there are: the column, the conversion of the one it replaces, the default, or NULL. */
const char *schema_future_value(struct schema_plan *p, const struct schema_item *it);
/* Adds an operation and returns it; valid until the next one is added. */
struct schema_op *schema_op_add(struct schema_plan *p, enum schema_op_kind kind, const char *table, const char *name, const char *sql);
/* Notes what is held up; the same again adds to it. A text that ends in "writes stop" is followed by how long. */
void schema_lock_add(struct schema_plan *p, const char *table, const char *text, int64_t stop_ms);
/* Milliseconds in which about so many rows are compared and, where they changed, written. */
int64_t schema_stop_for(int64_t rows, int64_t rows_a_ms);
/* "3 records", "1 record", "records (too many to count in time)". */
const char *schema_records(struct arena *a, int64_t rows);
/* "app"."name" */
const char *schema_table_sql(struct arena *a, const char *table);
const char *schema_ident(struct arena *a, const char *name);
/* The conversion from the column that this one replaces. */
struct schema_convert schema_item_convert(struct schema_plan *p, const struct schema_item *it);
/* True when the object's values are a link table of their own. */
bool schema_object_is_link(const struct schema_object *o);
/* The object with that id, dropped ones included, or NULL. */
const struct schema_object *schema_object_by_id(const struct schema_current *c, int64_t id);

#endif
