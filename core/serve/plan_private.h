/* plan_private: the compiled form of a plan, shared by plan_sql (makes it) and plan_run (runs it); nobody else includes it. */
#ifndef OST_SERVE_PLAN_PRIVATE_H
#define OST_SERVE_PLAN_PRIVATE_H

#include "serve/plan.h"

/* One step of writing a row as JSON. */
enum plan_op_kind {
	OP_TEXT,      /* text as it is */
	OP_CELL,      /* column as JSON */
	OP_EXACT,     /* column of a number, or of several, as texts */
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

/* A lookup's target joined to a statement. */
struct plan_join {
	const struct field *nav;
	const char *owner; /* alias of the row that the lookup is of */
	const char *alias;
	bool inner; /* rows without a target are not of this statement */
	struct plan_join *next;
};

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
	const char *order_aliases[PLAN_ORDERS + 1]; /* of the joined rows whose fields order, NULL: the order's own expression */
	unsigned norders;
	bool by_target;          /* the first order is a column of a lookup's target, read through its index */
	bool valued;             /* of these, only rows that have a value */
	struct plan_query *rest; /* the rows without one, which follow on the first page, or NULL */
	bool one, keyset;        /* keyset: the order can be continued by a token */
	bool first_nullable;     /* by one field that may be empty, then the key: two phases */
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

/* The alias of the joined target of a lookup; `joins` collects the joins to be written after FROM, owners first. */
const char *plan_join_of(struct plan *p, struct plan_query *q, struct plan_join **joins, const char *owner, const struct field *nav,
						 bool inner);

/* Joins what the order's paths lead through, before anything else is written. `phases`: rows without a value may be left to a statement of their own. */
void plan_order_joins(struct plan *p, struct plan_query *q, const char *alias, bool phases, struct plan_join **joins);
/* Writes the value of order i. */
int plan_order_sql(struct plan *p, struct plan_query *q, const char *alias, size_t i, bool collate, struct err *err);
/* Appends " AND (…)" of the position where the page begins, and of the statement's phase. */
int plan_place_sql(struct plan *p, struct plan_query *q, const char *alias, struct err *err);
/* Appends ORDER BY, LIMIT and OFFSET. `link`: alias of the link row of several lookups, or NULL. */
int plan_page_sql(struct plan *p, struct plan_query *q, const char *alias, const char *link, struct err *err);
/* True when rows without the first order's value come last, as a phase of their own. */
bool plan_first_nullable(const struct plan *p);
/* Makes the key the last order, when it is none yet. */
int plan_complete_order(struct plan *p, struct err *err);
/* The direction of the key behind the orders: that of the last; without any records come newest first, owned lines as they were entered. */
bool plan_key_desc(const struct plan *p);
/* Writes the statement of plan_rows; with `positions` the values of the order follow the fields. `from` is scratch. */
int plan_build_rows(struct plan *p, struct plan_query *q, bool positions, struct buf *from, struct err *err);

/* Appends " AND (…)" for every word of plan->search. */
int plan_search_sql(struct plan *p, struct pg_sql *sql, const char *alias, struct err *err);

#endif
