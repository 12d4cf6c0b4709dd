/* expr_check: what the two files of the type checker share: names and operators in expr_type.c, calls in expr_call.c. */
#ifndef OST_EXPR_EXPR_CHECK_H
#define OST_EXPR_EXPR_CHECK_H

#include "base/err.h"
#include "base/say.h"
#include "expr/expr_private.h"

struct checker {
	struct arena *arena;
	const struct expr_scope *scope;
	const struct expr_table *table;  /* of bare names at this place */
	const struct expr_table *record; /* of `record` at this place */
	struct err *err;
};

/* Types a tree; `want` (may be NULL) is what literals become, it is not enforced. */
int check_node(struct checker *c, struct expr *e, const struct expr_type *want);
int check_call(struct checker *c, struct expr *e, const struct expr_type *want);
/* Types a tree that must be a condition; `who` asks for it. */
int check_is_condition(struct checker *c, struct expr *e, const char *who);
/* An error at a node, its arguments const char * as of err_tell; returns -1. */
#define check_fail(c, e, code, ...) (err_tell((c)->err, code, __VA_ARGS__), check_place(c, e))
/* Puts the node's place into the error; -1. */
int check_place(struct checker *c, const struct expr *e);
/* The tree as text for a message, cut at 60 bytes. */
const char *check_text(struct checker *c, const struct expr *e);
void check_type_set(struct expr *e, enum expr_kind kind);
/* A boolean that is never nil. */
void check_condition_set(struct expr *e);
bool check_is_number(const struct expr *e);
/* A tree whose type follows the place: a literal, or iif and coalesce of literals. */
bool check_is_flexible(const struct expr *e);
/* == takes both. */
bool check_comparable(const struct expr *x, const struct expr *y);
/* False, with an error, when two amounts may be in different currencies. */
bool check_currency(struct checker *c, const struct expr *at, const struct expr *x, const struct expr *y);
/* The path of a field as currencies are named by it: "account.currency", "record.currency". */
const char *check_path(struct checker *c, const struct expr *field);
/* Refuses a number that may grow over EXPR_MAX_DIGITS. */
int check_digits(struct checker *c, struct expr *e);

#endif
