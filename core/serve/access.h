/* access: what an actor may do with a section: grants × rows × fields, for readers (SQL) and for the write path (in process).
 *
 * Each `allow` of a role held is one grant; rights are the union. A struct access is made once for a set of roles and a section and lives as long as the registry.
 * Owned lines take their parent's rights: reading a line is reading the detail on the parent, writing it is updating the detail on the parent.
 * Built-in fields (id, stage, created_at, created_by, changed_at, changed_by) come with the row. Rules see with the system's eyes.
 * Not here: plans, which put these pieces into statements (plan.h). */
#ifndef OST_SERVE_ACCESS_H
#define OST_SERVE_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "expr/expr.h"
#include "meta/registry.h"
#include "pg/pg_sql.h"
#include "serve/actor.h"

enum access_level {
	ACCESS_NONE, /* on no row */
	ACCESS_SOME, /* on some of the rows that are visible */
	ACCESS_ALL   /* on every row that is visible */
};

struct access {
	const struct registry *reg;
	struct section *section;
	const struct actor *actor;     /* a copy with the roles; its id is 0: rules take `me` from the statement */
	bool system;                   /* everything is allowed */
	const struct grant **grants;   /* of this section (of the root parent for owned lines), for the roles held */
	size_t ngrants;
	const struct access *parent;   /* of owned lines: rights on the parent */
	unsigned char rows[GRANT_ACTIONS];     /* enum access_level: NONE no rule, SOME by rules, ALL a rule is constantly true */
	unsigned char *fields[GRANT_ACTIONS];  /* by field->pos: enum access_level */
};

/* The rights of the actor's roles on the section; cached. Never NULL. */
const struct access *access_get(const struct registry *reg, const struct actor *actor, struct section *s);
/* On which of the visible rows the field may be read (or set by create or update). */
enum access_level access_field(const struct access *x, enum grant_action action, const struct field *f);
/* True when the actor sees anything of the section at all (else it does not exist for them). */
bool access_exists(const struct access *x);
/* expr_scope.find for what a user sends: only fields that are readable somewhere. ctx is a struct access_eyes. */
struct access_eyes {
	const struct registry *reg;
	const struct actor *actor;
};
const struct expr_field *access_find(void *eyes, const struct expr_table *t, const char *name, size_t len);

/* Appends the condition under which a row (alias) may be acted on: true exactly on granted rows. With `f`: under which this field is granted. */
int access_sql_rows(const struct access *x, enum grant_action action, const struct field *f, struct pg_sql *sql, const char *alias, struct err *err);
/* The arms of that condition as separate statements may want them (one per grant that is not constant); their number. */
size_t access_arms(const struct access *x, enum grant_action action, const struct field *f, const struct grant **arms, size_t max);
/* Appends the field's value as the actor sees it: column, or CASE WHEN granted THEN column END. Storage COLUMN only. */
int access_sql_column(const struct access *x, const struct field *f, struct pg_sql *sql, const char *alias, struct err *err);
/* expr_sql.table: the row-filtered self `(SELECT * FROM app.x a WHERE granted) AS alias`, or the bare table when every row is visible. ctx is a struct access_eyes. */
int access_sql_table(void *eyes, struct pg_sql *sql, const struct expr_table *t, const char *alias, struct err *err);
/* expr_sql.column with the same ctx: a column of any table as the user sees it. */
int access_sql_field(void *eyes, struct pg_sql *sql, const struct expr_field *f, const char *alias, struct err *err);
/* expr_sql.has_role with the same ctx. */
bool access_has_role(void *eyes, const char *role);

struct unit;
struct record;

/* In process, on a record of the unit (as it is now, or as it was): is the act granted, and with `f` for this field? `named`, when not NULL, tells whether
 * a grant that holds names the field expressly (it pierces readonly). */
int access_test(struct unit *u, const struct access *x, enum grant_action action, const struct record *r, bool old, const struct field *f, bool *granted, bool *named,
				struct err *err);

#endif
