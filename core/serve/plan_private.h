/* plan_private: the compiled form of a plan, shared by plan_sql (makes it) and plan_run (runs it); nobody else includes it. */
#ifndef OST_SERVE_PLAN_PRIVATE_H
#define OST_SERVE_PLAN_PRIVATE_H

#include "serve/plan.h"

/* One step of writing a row as JSON. */
enum plan_op_kind {
	OP_TEXT,      /* text as it is */
	OP_CELL,      /* column as JSON */
	OP_DURATION,  /* column of microseconds as ISO 8601 */
	OP_ETAG,      /* W/"column" with its quotes */
	OP_OPEN,      /* when the column is null: writes null and skips `skip` steps */
	OP_COLLECTION /* rows of child `child` whose parent is the column */
};

struct plan_op {
	enum plan_op_kind kind;
	unsigned column, skip, child;
	const char *text;
	size_t len;
};

struct plan_child;

struct plan_query {
	struct arena *arena;
	struct pg_sql sql;
	const char *text; /* of the statement */
	struct {
		struct plan_op *items;
		size_t count, cap;
	} ops;
	size_t closed; /* a skip ends before this step: text that follows it is a step of its own */
	struct {
		struct plan_child **items;
		size_t count, cap;
	} children;
	unsigned columns; /* of the select list so far */
	unsigned version_column;
	unsigned order_columns[PLAN_ORDERS + 1]; /* raw values of the order, for tokens */
	enum pg_type order_types[PLAN_ORDERS + 1];
	unsigned norders;
	bool one, keyset;    /* keyset: the order can be continued by a token */
	bool first_nullable; /* by one field that may be empty, then the key: two phases */
	bool after, after_nulls, id_desc;
	int64_t top;
	size_t bytes; /* of JSON that the last run wrote: the next one will be about as long */
};

/* A collection expanded below rows of the query: its own statement over the ids of all parents. */
struct plan_child {
	struct plan_query query; /* column 0 is the parent's id */
	unsigned parent_column;  /* of the parent's row: the id that the lines belong to */
	const char *name;        /* of the navigation */
};

/* Makes the key the last order, when it is none yet. */
int plan_complete_order(struct plan *p, struct err *err);
/* Writes the statement of plan_rows; with `positions` the values of the order follow the fields. `from` is scratch. */
int plan_build_rows(struct plan *p, struct plan_query *q, bool positions, struct buf *from, struct err *err);

/* Appends " AND (…)" for every word of plan->search. */
int plan_search_sql(struct plan *p, struct pg_sql *sql, const char *alias, struct err *err);

#endif
