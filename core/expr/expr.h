/* expr: the rule language: parse → type → SQL, or → a value in process. One tree, and what it means is docs/implementers/expressions.md.
 *
 * This floor knows no definitions: names come through a catalogue (struct expr_table, struct expr_field) that its caller provides, and a scope may narrow
 * it (a user's eyes). Trees live in the arena given to expr_parse and are immutable after expr_type. Bounds: 4,096 bytes of text, depth 32, 500 nodes. */
#ifndef OST_EXPR_EXPR_H
#define OST_EXPR_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/value.h"
#include "pg/pg_sql.h"

struct arena;
struct err;
struct expr;
struct expr_table;

enum expr_kind {
	EXPR_ANY, /* wanted type of a caller that takes all */
	EXPR_NIL, /* the literal nil */
	EXPR_BOOL,
	EXPR_INT, /* whole number, also a record's id */
	EXPR_DEC, /* decimal, money, percent: `scale`, `currency` */
	EXPR_TEXT,
	EXPR_CHOICE, /* a code out of `values`; compares with text literals, which are checked against them */
	EXPR_DATE,
	EXPR_TIME,     /* datetime */
	EXPR_DURATION, /* field type and hours(4) */
	EXPR_SPAN,     /* days(3) months(1) workdays(2): only added to dates and times */
	EXPR_RECORD,   /* one record of `table`: a lookup, me, record */
	EXPR_RECORDS,  /* several records of `table`: a detail, lookups with many, role('x'); or a literal set of a scalar */
	EXPR_DEADLINE  /* only as a wanted type: a datetime, or a date, which then means the end of that day */
};

struct expr_type {
	enum expr_kind kind;
	const struct expr_table *table; /* of RECORD and RECORDS */
	int scale;                      /* of DEC, digits after the point */
	const char *currency;           /* of money with its own currency field: the field's name; NULL: the organisation's or none */
	const char *const *values;      /* of CHOICE: codes */
	size_t nvalues;
};

/* How a field is stored. */
enum expr_storage {
	EXPR_COLUMN, /* a column of the table */
	EXPR_LINK,   /* several lookups or files: rows (record, target) of `link` */
	EXPR_DETAIL, /* rows of `type.table` whose lookup `by` points here */
	EXPR_FORMULA /* computed: `formula`, typed over this table */
};

/* One field of the catalogue; meta's struct field begins with it. */
struct expr_field {
	const char *name; /* as written in expressions */
	struct expr_type type;
	enum expr_storage storage;
	const char *column;          /* SQL identifier, quoted where needed, of COLUMN */
	const char *link;            /* SQL name of the link table, of LINK */
	const struct expr_field *by; /* of DETAIL */
	const struct expr *formula;  /* of FORMULA */
};

/* One table of the catalogue; meta's struct section begins with it. */
struct expr_table {
	const char *name; /* as in configurations */
	const char *sql;  /* schema-qualified SQL name ("app"."order"); key column is always "id" */
	/* The field of that name, or NULL. `id`, `stage` and the other built-in fields are found here like any. */
	const struct expr_field *(*find)(const struct expr_table *t, const char *name, size_t len);
	/* The nearest name for "did you mean", or NULL. */
	const char *(*nearest)(const struct expr_table *t, const char *name);
	const struct expr_field *tree; /* the lookup to the parent of a tree section, or NULL */
};

/* What names an expression may use. */
struct expr_scope {
	const struct expr_table *table;  /* of bare names; NULL: none */
	const struct expr_table *record; /* of `record`, NULL: not available */
	const struct expr_table *user;   /* of `me`, role() and starter; NULL: not available */
	bool old;                        /* `old.x` is available (checks and hooks) */
	/* Replaces table->find where a user's eyes look (NULL: system's eyes); every step of every path asks it. */
	const struct expr_field *(*find)(void *ctx, const struct expr_table *t, const char *name, size_t len);
	bool (*role_known)(void *ctx, const char *role); /* NULL: any */
	void *ctx;
};

/* Parses text (len bytes). On failure err has column (1-based), message, hint; ERR_SYNTAX or ERR_TOO_COMPLEX. */
int expr_parse(struct arena *a, const char *text, size_t len, struct expr **out, struct err *err);
/* Resolves and types the tree in place; `want` is the type that the place needs (EXPR_ANY: all). ERR_UNKNOWN_FIELD, ERR_TYPE with column, hint ("did you mean"). */
int expr_check(struct arena *a, struct expr *e, const struct expr_scope *scope, const struct expr_type *want, struct err *err);
/* The type found by expr_check. */
const struct expr_type *expr_type_of(const struct expr *e);
/* Calls fn for every field that the tree names, by table, paths, details and formulas included: dependencies, indexes, `live` fields. */
void expr_walk_fields(const struct expr *e, void (*fn)(void *ctx, const struct expr_table *t, const struct expr_field *f, bool of_old),
					  void *ctx);
/* True when the value depends on the clock or on the user. */
bool expr_uses_clock(const struct expr *e);
bool expr_uses_me(const struct expr *e);
/* True when the value depends on who holds a role or when people work: role('…'), workdays(n). */
bool expr_uses_people(const struct expr *e);
/* True when the tree needs only the record's own columns, me's id and roles, and the clock. */
bool expr_is_local(const struct expr *e);
/* True when the value follows from the record's own columns alone, whoever reads it, whenever and wherever: an index can hold it. */
bool expr_is_immutable(const struct expr *e);
/* Appends the tree as canonical text. */
void expr_print(struct buf *out, const struct expr *e);
/* Children for explain: the parts of the top-level and/or (itself when there is none), in order; returns their number (at most max). */
size_t expr_parts(const struct expr *e, const struct expr **parts, size_t max);

/* Building trees without text (OData's $filter is a second grammar for the same tree): the constructors mirror the grammar. Untyped until expr_check. */
enum expr_op {
	EXPR_OR,
	EXPR_AND,
	EXPR_NOT,
	EXPR_EQ,
	EXPR_NE,
	EXPR_LT,
	EXPR_LE,
	EXPR_GT,
	EXPR_GE,
	EXPR_IN,
	EXPR_NOT_IN,
	EXPR_ADD,
	EXPR_SUB,
	EXPR_MUL,
	EXPR_DIV,
	EXPR_CONCAT,
	EXPR_NEG,
	/* OData's eq and ne between two values: null eq null is true */
	EXPR_EQ_NULLS,
	EXPR_NE_NULLS
};
struct expr *expr_make_literal(struct arena *a, struct value v);
/* A literal whose value is inputs[index] at run time: cached shapes; `v` serves for typing and in-process evaluation. */
struct expr *expr_make_input(struct arena *a, struct value v, int index);
/* Marks a literal as the n-th of a request (from 1): its parameter takes bindings.literals[n - 1] in a run that has some. The mark goes when the literal's value, not
 * only its kind, decided about the tree: a code of a choice, a text that became a date, a sign. */
void expr_literal_mark(struct expr *e, int n);
/* Which literal of a request it is, from 1; 0: none. */
int expr_literal_of(const struct expr *e);
struct expr *expr_make_path(struct arena *a, const char *const *names, size_t n);
struct expr *expr_make_unary(struct arena *a, enum expr_op op, struct expr *x);
struct expr *expr_make_binary(struct arena *a, enum expr_op op, struct expr *x, struct expr *y);
struct expr *expr_make_set(struct arena *a, struct expr *const *items, size_t n);
struct expr *expr_make_call(struct arena *a, const char *function, struct expr *const *args, size_t n);

/* SQL: how tables and columns are written is the caller's (that is how access rewrites a plan). */
struct expr_sql {
	struct pg_sql *sql;       /* appended to */
	const char *alias;        /* alias of the row of scope.table */
	const char *record_alias; /* alias of the row of `record`, or NULL when `record` is given by record_value */
	/* Appends a from-item ("app"."x" AS t1, or a row-filtered subselect); NULL: t->sql AS alias. */
	int (*table)(void *ctx, struct pg_sql *sql, const struct expr_table *t, const char *alias, struct err *err);
	/* Appends a field's value on that row (CASE WHEN grant THEN expr_sql_field END); NULL: just that. It is asked for columns and formulas, and for links and
	 * details: of these it appends the row's id, NULL where the field is not granted. */
	int (*column)(void *ctx, struct pg_sql *sql, const struct expr_field *f, const char *alias, struct err *err);
	/* The SQL name of a column that it does not bear yet, in formulas too; NULL: f->column. */
	const char *(*physical)(void *ctx, const struct expr_field *f);
	/* Values of `record.x` and `old.x` where they are no rows of the statement. */
	int (*record_value)(void *ctx, const struct expr_field *f, struct value *out, struct err *err);
	int (*old_value)(void *ctx, const struct expr_field *f, struct value *out, struct err *err);
	/* The value of a path from such a `record` through a lookup (`record.deal.firm`), for drafts of more than one record; `e` is for expr_eval, with that record as
	 * `record` and as the row of bare names. NULL: read where it is stored. */
	int (*record_path)(void *ctx, const struct expr *e, struct value *out, struct err *err);
	/* has_role('x') is decided when the statement is made. */
	bool (*has_role)(void *ctx, const char *role);
	void *ctx;
};

/* What a condition is whatever the record: 1 always true, 0 never, -1 it depends; `has_role` as in struct expr_sql. */
int expr_constant(const struct expr *e, bool (*has_role)(void *ctx, const char *role), void *ctx);
/* Appends a condition: true exactly when the tree is true (bare operators that an index serves; `not` is pushed down). */
int expr_sql_condition(const struct expr *e, const struct expr_sql *opts, struct err *err);
/* Appends a value of the tree's type; a boolean may be NULL for nil. */
int expr_sql_value(const struct expr *e, const struct expr_sql *opts, struct err *err);
/* Appends what `column` guards, with the system's eyes, on the row opts->alias: the column, a formula written out, the id of a link's or detail's owner. */
int expr_sql_field(const struct expr_field *f, const struct expr_sql *opts, struct err *err);

/* In process. Records are the caller's handles. */
struct expr_env {
	/* The value of a stored field (COLUMN, LINK as a list of ids; not FORMULA, DETAIL) of a record of table t. May suspend the fiber. */
	int (*get)(void *ctx, struct arena *a, const struct expr_table *t, const void *record, const struct expr_field *f, struct value *out,
			   struct err *err);
	/* The record of table t with that id, NULL when there is none. */
	int (*load)(void *ctx, struct arena *a, const struct expr_table *t, int64_t id, const void **record, struct err *err);
	/* The lines of a detail of a record. */
	int (*lines)(void *ctx, struct arena *a, const struct expr_field *detail, const void *record, const void ***records, size_t *n,
				 struct err *err);
	/* Ids of the users that hold a role, and has_role of the signed-in user. */
	int (*role_users)(void *ctx, struct arena *a, const char *role, struct value *list, struct err *err);
	bool (*has_role)(void *ctx, const char *role);
	/* The organisation's exceptions from the working week: 1 works, 0 rests, -1 says nothing. */
	int (*work_day)(void *ctx, int64_t day);
	unsigned week;         /* bit 0 Monday … bit 6 Sunday works */
	int64_t me;            /* user id, 0 nobody */
	int64_t now_us, today; /* business time */
	const char *zone;
	const struct value *inputs; /* of expr_make_input, or NULL: the literals */
	void *ctx;
};

/* The tree's value. `record` is the row of bare names, `outer` the one of `record`, `old` the one of `old`; each may be NULL where the scope has none. */
int expr_eval(struct arena *a, const struct expr *e, const struct expr_env *env, const void *record, const void *outer, const void *old,
			  struct value *out, struct err *err);
/* As a condition: nil is false. */
int expr_test(struct arena *a, const struct expr *e, const struct expr_env *env, const void *record, const void *outer, const void *old,
			  bool *out, struct err *err);
/* Whether something that the tree asks of `record`, directly or along a path, is nil or an empty list. */
int expr_outer_empty(struct arena *a, const struct expr *e, const struct expr_env *env, const void *outer, bool *empty, struct err *err);
/* A computed number as a formula gives it: a decimal rounded to scale, nil with more than 40 digits before the point. Integers pass as decimals. */
struct value expr_fit(struct arena *a, const struct value *v, int scale);
/* The tree without the parts of its `and` and `or` that ask something of `record` that is empty, which count as true; NULL when nothing is left to ask. In `a` where it differs. */
int expr_without_empty(struct arena *a, const struct expr *e, const struct expr_env *env, const void *outer, const struct expr **out,
					   struct err *err);

#endif
