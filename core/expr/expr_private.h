/* expr_private: the tree as the files of this floor see it.
 *
 * expr_parse and the constructors make nodes; expr_check fills `type`, `table`, `field`, `function` and may turn a name into ME, RECORD or OLD; expr_sql and
 * expr_eval only read. Scopes are not stored: `any`, `count` and the like open one for all their items but the first, and both evaluators keep a row
 * for bare names and one for `record` while they walk. */
#ifndef OST_EXPR_EXPR_PRIVATE_H
#define OST_EXPR_EXPR_PRIVATE_H

#include "expr/expr.h"

enum {
	EXPR_MAX_TEXT = 4096,     /* bytes of an expression */
	EXPR_MAX_DEPTH = 32,      /* levels of a tree */
	EXPR_MAX_NODES = 500,     /* nodes of a tree */
	EXPR_MAX_FORMULAS = 16,   /* formulas within formulas */
	EXPR_MAX_EMITTED = 4000,  /* nodes that one tree may write into a statement, formulas included */
	EXPR_MAX_STEPS = 2000000, /* nodes that one evaluation may visit */
	EXPR_MAX_LITERAL = 100,   /* digits of a number that is written down */
	EXPR_MAX_DIGITS = 900,    /* digits that a calculation may come to */
	EXPR_MAX_WORKDAYS = 5000  /* workdays(n) that are counted */
};

/* Digits before the point of a stored number, and of a formula's value: beyond them it is nil. */
#define EXPR_FIELD_DIGITS 40

enum expr_node {
	NODE_LITERAL, /* value; input >= 0: inputs[input] at run time */
	NODE_SET,     /* items */
	NODE_FIELD,   /* name, of items[0] when count is 1, else of the bare scope */
	NODE_ME,
	NODE_RECORD,
	NODE_OLD, /* only as the base of a field */
	NODE_OP,  /* op over items; and, or, concat have two or more */
	NODE_CALL /* name(items) */
};

enum expr_function_code {
	FUNCTION_ANY,
	FUNCTION_COUNT,
	FUNCTION_SUM,
	FUNCTION_MIN,
	FUNCTION_MAX,
	FUNCTION_AVG,
	FUNCTION_TODAY,
	FUNCTION_NOW,
	FUNCTION_DAYS,
	FUNCTION_WORKDAYS,
	FUNCTION_MONTHS,
	FUNCTION_HOURS,
	FUNCTION_YEAR,
	FUNCTION_MONTH,
	FUNCTION_DATE_OF,
	FUNCTION_END_OF_DAY,
	FUNCTION_LOWER,
	FUNCTION_CONTAINS,
	FUNCTION_STARTS_WITH,
	FUNCTION_ENDS_WITH,
	FUNCTION_MATCHES,
	FUNCTION_IIF,
	FUNCTION_COALESCE,
	FUNCTION_ROUND,
	FUNCTION_ABS,
	FUNCTION_HAS_ROLE,
	FUNCTION_ROLE,
	FUNCTION_UNDER
};

struct expr_function {
	const char *name;
	enum expr_function_code code;
	int min, max;          /* arguments; max -1: any number */
	const char *signature; /* for hints */
};

struct expr {
	enum expr_node node;
	enum expr_op op;
	struct expr **items;
	size_t count, cap;
	struct value value;
	int input;        /* of NODE_LITERAL, -1 none */
	int literal;      /* of NODE_LITERAL: expr_literal_mark, 0 none */
	const char *name; /* NUL-terminated */
	const struct expr_field *field;
	const struct expr_table *table; /* where `field` stands; of aggregates: the lines' */
	const struct expr_function *function;
	const struct expr_regex *regex; /* of matches() */
	struct expr_type type;
	int digits;        /* of numbers: digits before the point at most */
	bool condition;    /* true or false, never nil */
	bool shifts;       /* of aggregates: the row of bare names becomes `record` inside */
	int column, width; /* 1-based place in the text, 0 when there is none */
	int depth, nodes;  /* of the tree below, itself included */
};

/* The function of that name, or NULL. */
const struct expr_function *expr_function_find(const char *name);
/* The nearest function's name, or NULL. */
const char *expr_function_nearest(const char *name);
/* A node without items, in `a`. */
struct expr *expr_node_new(struct arena *a, enum expr_node node);
/* Adds an item and keeps depth and nodes right. */
void expr_node_add(struct arena *a, struct expr *e, struct expr *item);
/* The literal nil. */
bool expr_is_nil(const struct expr *e);
/* any, count, sum, min, max, avg. */
bool expr_is_aggregate(const struct expr *e);
/* The field is the record's key. */
bool expr_field_is_id(const struct expr_field *f);
/* "record of account" for messages, in `a`. */
const char *expr_type_name(struct arena *a, const struct expr_type *t);
/* A formula's value must be rounded or bounded to be one of its field's type. */
bool expr_formula_needs_fit(const struct expr_field *f);

#endif
