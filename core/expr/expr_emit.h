/* expr_emit: what the files that write SQL share: rows, fields and paths in expr_sql_field.c, conditions in expr_sql.c, values in expr_sql_value.c.
 *
 * A value is always written as an operand that needs no further parentheses. A condition is true exactly when the tree is; where the tree is false it may be
 * NULL, so whoever negates a piece writes IS NOT TRUE behind it. */
#ifndef OST_EXPR_EXPR_EMIT_H
#define OST_EXPR_EXPR_EMIT_H

#include "base/err.h"
#include "expr/expr_private.h"

enum row_kind {
	ROW_NONE,
	ROW_ALIAS,  /* a row of the statement */
	ROW_RECORD, /* opts->record_value */
	ROW_OLD     /* opts->old_value */
};

struct row {
	enum row_kind kind;
	const char *alias;
};

struct emit {
	const struct expr_sql *opts;
	struct pg_sql *sql;
	struct row row, outer;       /* of bare names and of `record` */
	const struct expr *override; /* a path whose row is already there: */
	struct row override_row;
	bool system;  /* no callbacks for tables and columns */
	int formulas; /* depth */
	int count;    /* nodes written */
	struct err *err;
};

void emit_put(struct emit *c, const char *s);
int emit_value(struct emit *c, const struct expr *e);
/* A condition, negated when `negated`. */
int emit_condition(struct emit *c, const struct expr *e, bool negated);
/* 1 always true, 0 never, -1 not known when the statement is made. */
int emit_constant(struct emit *c, const struct expr *e);
/* "alias.column" */
void emit_alias(struct emit *c, const char *alias, const char *column);
/* A from-item under an alias. */
int emit_table(struct emit *c, const struct expr_table *t, const char *alias);
/* Fails for a reason that is ours. */
int emit_broken(struct emit *c, const char *what);
/* A user's eyes look: tables or columns are the caller's. */
bool emit_has_eyes(const struct emit *c);
/* The row that a field's node names without a step to another table; false when there is a step. */
bool emit_row_of(const struct emit *c, const struct expr *e, struct row *row);
/* The id under which a link or detail finds its rows. */
int emit_owner(struct emit *c, const struct expr *e);
/* Whether a link's ids are given, since its record is no row of the statement; and these ids. */
bool emit_is_given_list(const struct emit *c, const struct expr *e);
int emit_given_list(struct emit *c, const struct expr *e);
/* The value of an aggregate over lines of a record that the caller knows better than the tables do. */
int emit_lines_given(struct emit *c, const struct expr *e, bool *given, struct value *out);
/* "role = $n" of role() and has_role(). */
void emit_role_is(struct emit *c, const struct expr *call);
/* How a formula is written out. */
enum formula_form { FORMULA_VALUE, FORMULA_TRUE, FORMULA_NOT_TRUE };
int emit_formula(struct emit *c, struct row row, const struct expr_field *f, enum formula_form form);
/* The path in an operand that can be looked up by EXISTS, since it starts at a row of the statement; or NULL. */
const struct expr *emit_path_in(const struct emit *c, const struct expr *e);
/* "EXISTS (SELECT 1 FROM … AND " for every step of the path; what follows sees its field. Adds the parentheses to close to *open. */
int emit_path_open(struct emit *c, const struct expr *e, int *open);
/* Begins a condition on operands, any of which may be a path; what stands between begin and end is positive. */
struct emit_begun {
	const struct expr *override;
	struct row row;
	int open;
	bool wrapped;
};
int emit_begin(struct emit *c, const struct expr *x, const struct expr *y, bool negated, struct emit_begun *b);
void emit_end(struct emit *c, const struct emit_begun *b);
/* A field's value on the row that its node names. */
int emit_field(struct emit *c, const struct expr *e);
/* The key of `record`. */
int emit_record(struct emit *c, const struct expr *e);
/* "FROM … WHERE …" over the records of a detail, link or role; *alias is their row's. More may be appended by AND. */
int emit_lines(struct emit *c, const struct expr *lines, const char **alias);
/* The bare names' row becomes `alias` while an aggregate's items are written; undone by emit_scope_end. */
struct scope_kept {
	struct row row, outer;
};
struct scope_kept emit_scope(struct emit *c, const struct expr *aggregate, const char *alias);
void emit_scope_end(struct emit *c, struct scope_kept kept);
/* The column type of a kind, and of several. */
enum pg_type emit_type(enum expr_kind kind);
enum pg_type emit_array_type(enum expr_kind kind);
const char *emit_type_name(enum expr_kind kind);
/* The tree's value is the same for all rows of the statement. */
bool emit_is_same_for_rows(const struct emit *c, const struct expr *e);
/* Counts a node; fails when there are too many. */
int emit_step(struct emit *c);
/* A value given by a callback or literal: NULL with its type, or a parameter. */
void emit_given(struct emit *c, enum expr_kind kind, struct value v);

#endif
