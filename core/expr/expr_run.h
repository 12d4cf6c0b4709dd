/* expr_run: what the files of the evaluator share: records, fields and logic in expr_eval.c, operators and functions on values in expr_eval_value.c. */
#ifndef OST_EXPR_EXPR_RUN_H
#define OST_EXPR_EXPR_RUN_H

#include "base/err.h"
#include "expr/expr_private.h"

struct run {
	struct arena *arena;
	const struct expr_env *env;
	const void *row, *outer, *old; /* of bare names, `record`, `old` */
	int formulas, steps;
	struct err *err;
};

int run_value(struct run *r, const struct expr *e, struct value *out);
/* nil is false. */
int run_test(struct run *r, const struct expr *e, bool *out);
/* Operators and functions whose operands are plain values. */
int run_arithmetic(struct run *r, const struct expr *e, struct value *out);
int run_concat(struct run *r, const struct expr *e, struct value *out);
int run_call(struct run *r, const struct expr *e, struct value *out);
/* -1, 0, 1 of two values that are there. */
int run_compare(struct run *r, const struct value *x, const struct value *y);
/* A number as a decimal. */
struct value run_decimal(struct run *r, const struct value *v);
/* A decimal as an integer, half away from zero; nil when it does not fit. */
struct value run_fit_int(struct run *r, const struct value *v);

#endif
