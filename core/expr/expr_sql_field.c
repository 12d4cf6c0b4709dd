/* Rows, fields and paths as SQL. How a path is looked up decides about speed: in a condition it is an EXISTS that PostgreSQL may turn into a join driven from
 * either side; a path from `me` is a scalar subselect, computed once; elsewhere a path is a scalar subselect for each row. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/say.h"
#include "expr/expr_emit.h"

void emit_put(struct emit *c, const char *s)
{
	buf_puts(&c->sql->text, s);
}

void emit_alias(struct emit *c, const char *alias, const char *column)
{
	emit_put(c, alias);
	emit_put(c, ".");
	emit_put(c, column);
}

int emit_broken(struct emit *c, const char *what)
{
	return err_set(c->err, ERR_INTERNAL, "%s", what);
}

int emit_step(struct emit *c)
{
	if (++c->count <= EXPR_MAX_EMITTED)
		return 0;
	return err_tell(c->err, ERR_TOO_COMPLEX, SAY_EXPR_LARGE);
}

enum pg_type emit_type(enum expr_kind kind)
{
	switch (kind) {
	case EXPR_BOOL: return PG_BOOL;
	case EXPR_INT:
	case EXPR_RECORD:
	case EXPR_DURATION: return PG_INT8;
	case EXPR_DEC: return PG_NUMERIC;
	case EXPR_DATE: return PG_DATE;
	case EXPR_TIME: return PG_TIMESTAMPTZ;
	case EXPR_RECORDS: return PG_INT8_ARRAY;
	default: return PG_TEXT;
	}
}

enum pg_type emit_array_type(enum expr_kind kind)
{
	switch (emit_type(kind)) {
	case PG_BOOL: return PG_BOOL_ARRAY;
	case PG_INT8: return PG_INT8_ARRAY;
	case PG_NUMERIC: return PG_NUMERIC_ARRAY;
	case PG_DATE: return PG_DATE_ARRAY;
	case PG_TIMESTAMPTZ: return PG_TIMESTAMPTZ_ARRAY;
	default: return PG_TEXT_ARRAY;
	}
}

const char *emit_type_name(enum expr_kind kind)
{
	switch (emit_type(kind)) {
	case PG_BOOL: return "boolean";
	case PG_INT8: return "bigint";
	case PG_NUMERIC: return "numeric";
	case PG_DATE: return "date";
	case PG_TIMESTAMPTZ: return "timestamptz";
	case PG_INT8_ARRAY: return "bigint[]";
	default: return "text";
	}
}

void emit_given(struct emit *c, enum expr_kind kind, struct value v)
{
	if (v.kind == VALUE_NIL) {
		emit_put(c, "NULL::");
		emit_put(c, emit_type_name(kind));
	} else if (v.kind == VALUE_BOOL) {
		emit_put(c, v.b ? "true" : "false");
	} else {
		pg_sql_value(c->sql, emit_type(kind), v);
	}
}

int emit_table(struct emit *c, const struct expr_table *t, const char *alias)
{
	if (!c->system && c->opts->table)
		return c->opts->table(c->opts->ctx, c->sql, t, alias, c->err);
	emit_put(c, t->sql);
	emit_put(c, " AS ");
	emit_put(c, alias);
	return 0;
}

bool emit_has_eyes(const struct emit *c)
{
	return !c->system && (c->opts->table || c->opts->column);
}

/* The value of a record that is no row of the statement. */
static int given_value(struct emit *c, struct row row, const struct expr_field *f, struct value *out)
{
	int (*get)(void *, const struct expr_field *, struct value *, struct err *) =
		row.kind == ROW_OLD ? c->opts->old_value : c->opts->record_value;
	if (!get)
		return emit_broken(c, row.kind == ROW_OLD ? "no values of old were given" : "no values of record were given");
	return get(c->opts->ctx, f, out, c->err);
}

int emit_formula(struct emit *c, struct row row, const struct expr_field *f, enum formula_form form)
{
	const struct expr *e = f->formula;
	if (!e)
		return emit_broken(c, "a formula was not compiled");
	if (c->formulas >= EXPR_MAX_FORMULAS) {
		err_tell(c->err, ERR_TOO_COMPLEX, SAY_EXPR_CIRCLE, f->name);
		return -1;
	}
	struct emit kept = *c;
	c->row = row;
	c->outer = (struct row){ROW_NONE, NULL};
	c->override = NULL;
	c->system = true;
	c->formulas++;
	bool fit = expr_formula_needs_fit(f), widen = !fit && f->type.kind == EXPR_DEC && e->type.kind == EXPR_INT;
	if (fit)
		emit_put(c, f->type.kind == EXPR_INT ? "ostov.fit_int(" : "ostov.fit(");
	else if (widen)
		emit_put(c, "(");
	int r = form == FORMULA_VALUE ? emit_value(c, e) : emit_condition(c, e, form == FORMULA_NOT_TRUE);
	if (fit && f->type.kind == EXPR_DEC) {
		char scale[24];
		snprintf(scale, sizeof scale, ", %d", f->type.scale);
		emit_put(c, scale);
	}
	if (fit)
		emit_put(c, ")");
	else if (widen)
		emit_put(c, ")::numeric");
	int count = c->count;
	*c = kept;
	c->count = count;
	return r;
}

static int emit_id(struct emit *c, struct row row, const struct expr_table *t)
{
	if (row.kind == ROW_NONE)
		return emit_broken(c, "an expression has no row to look at");
	if (row.kind == ROW_ALIAS) {
		emit_alias(c, row.alias, "id");
		return 0;
	}
	const struct expr_field *id = t->find(t, "id", 2);
	struct value v;
	if (!id)
		return emit_broken(c, "a table has no id");
	if (given_value(c, row, id, &v))
		return -1;
	emit_given(c, EXPR_INT, v);
	return 0;
}

int emit_record(struct emit *c, const struct expr *e)
{
	return emit_id(c, c->outer, e->type.table);
}

bool emit_row_of(const struct emit *c, const struct expr *e, struct row *row)
{
	if (e == c->override)
		*row = c->override_row;
	else if (e->count == 0)
		*row = c->row;
	else if (e->items[0]->node == NODE_RECORD)
		*row = c->outer;
	else if (e->items[0]->node == NODE_OLD)
		*row = (struct row){ROW_OLD, NULL};
	else
		return false;
	return true;
}

int emit_owner(struct emit *c, const struct expr *e)
{
	struct row row;
	if (emit_row_of(c, e, &row)) {
		if (row.kind == ROW_ALIAS && !c->system && c->opts->column)
			return c->opts->column(c->opts->ctx, c->sql, e->field, row.alias, c->err);
		return emit_id(c, row, e->table);
	}
	if (!emit_has_eyes(c))
		return emit_value(c, e->items[0]);
	const char *alias = pg_sql_alias(c->sql);
	emit_put(c, "(SELECT ");
	if (c->opts->column) {
		if (c->opts->column(c->opts->ctx, c->sql, e->field, alias, c->err))
			return -1;
	} else {
		emit_alias(c, alias, "id");
	}
	emit_put(c, " FROM ");
	if (emit_table(c, e->table, alias))
		return -1;
	emit_put(c, " WHERE ");
	emit_alias(c, alias, "id");
	emit_put(c, " = ");
	if (emit_value(c, e->items[0]))
		return -1;
	emit_put(c, ")");
	return 0;
}

bool emit_is_given_list(const struct emit *c, const struct expr *e)
{
	struct row row;
	return e->node == NODE_FIELD && e->field->storage == EXPR_LINK && emit_row_of(c, e, &row) && row.kind != ROW_ALIAS &&
		   row.kind != ROW_NONE;
}

int emit_given_list(struct emit *c, const struct expr *e)
{
	struct row row = {ROW_NONE, NULL};
	struct value v;
	emit_row_of(c, e, &row);
	if (given_value(c, row, e->field, &v))
		return -1;
	emit_given(c, EXPR_RECORDS, v);
	return 0;
}

void emit_role_is(struct emit *c, const struct expr *call)
{
	emit_put(c, "role = ");
	pg_sql_value(c->sql, PG_TEXT, call->items[0]->value);
}

int emit_lines(struct emit *c, const struct expr *e, const char **out)
{
	const char *alias = *out = pg_sql_alias(c->sql);
	const struct expr_table *t = e->type.table;
	emit_put(c, " FROM ");
	if (e->node == NODE_CALL || emit_is_given_list(c, e)) {
		if (emit_table(c, t, alias))
			return -1;
		emit_put(c, " WHERE ");
		emit_alias(c, alias, "id");
		if (e->node != NODE_CALL) {
			emit_put(c, " = ANY(");
			if (emit_given_list(c, e))
				return -1;
			emit_put(c, ")");
			return 0;
		}
		const char *m = pg_sql_alias(c->sql);
		emit_put(c, " IN (SELECT ");
		emit_alias(c, m, "user_id FROM ostov.role_member AS ");
		emit_put(c, m);
		emit_put(c, " WHERE ");
		emit_put(c, m);
		emit_put(c, ".");
		emit_role_is(c, e);
		emit_put(c, ")");
		return 0;
	}
	const struct expr_field *f = e->field;
	if (f->storage == EXPR_LINK) {
		const char *l = pg_sql_alias(c->sql);
		emit_put(c, f->link);
		emit_put(c, " AS ");
		emit_put(c, l);
		emit_put(c, " JOIN ");
		if (emit_table(c, t, alias))
			return -1;
		emit_put(c, " ON ");
		emit_alias(c, alias, "id = ");
		emit_alias(c, l, "target WHERE ");
		emit_alias(c, l, "record = ");
		return emit_owner(c, e);
	}
	if (f->storage != EXPR_DETAIL || !f->by)
		return emit_broken(c, "several records are neither link nor detail");
	if (emit_table(c, t, alias))
		return -1;
	emit_put(c, " WHERE ");
	emit_alias(c, alias, f->by->column);
	emit_put(c, " = ");
	return emit_owner(c, e);
}

/* Several records as an array of ids. */
static int emit_ids(struct emit *c, const struct expr *e)
{
	const struct expr_field *f = e->field;
	if (emit_is_given_list(c, e))
		return emit_given_list(c, e);
	emit_put(c, "ARRAY(SELECT ");
	if (f->storage == EXPR_LINK && !emit_has_eyes(c)) {
		const char *l = pg_sql_alias(c->sql);
		emit_alias(c, l, "target FROM ");
		emit_put(c, f->link);
		emit_put(c, " AS ");
		emit_put(c, l);
		emit_put(c, " WHERE ");
		emit_alias(c, l, "record = ");
		if (emit_owner(c, e))
			return -1;
		emit_put(c, " ORDER BY ");
		emit_alias(c, l, "position)");
		return 0;
	}
	/* the lines' alias is known once they are written; what is selected of them moves before them */
	const char *alias;
	struct buf *text = &c->sql->text;
	size_t at = text->len;
	if (emit_lines(c, e, &alias))
		return -1;
	size_t n = text->len - at;
	char *from = arena_strndup(c->sql->arena, text->data + at, n);
	text->len = at;
	emit_alias(c, alias, "id");
	buf_add(text, from, n);
	emit_put(c, " ORDER BY 1)");
	return 0;
}

/* A field's value on a row. */
static int emit_on_row(struct emit *c, struct row row, const struct expr *e)
{
	const struct expr_field *f = e->field;
	if (row.kind == ROW_NONE)
		return emit_broken(c, "an expression has no row to look at");
	if (row.kind == ROW_ALIAS && !c->system && c->opts->column)
		return c->opts->column(c->opts->ctx, c->sql, f, row.alias, c->err);
	if (f->storage == EXPR_FORMULA)
		return emit_formula(c, row, f, FORMULA_VALUE);
	if (row.kind == ROW_ALIAS) {
		emit_alias(c, row.alias, c->opts->physical ? c->opts->physical(c->opts->ctx, f) : f->column);
		return 0;
	}
	struct value v;
	if (given_value(c, row, f, &v))
		return -1;
	emit_given(c, f->type.kind, v);
	return 0;
}

/* `x.id` is x itself: who may read a lookup knows its id, whether its record shows or not. */
static bool is_own_id(const struct emit *c, const struct expr *e)
{
	struct row row;
	return e->node == NODE_FIELD && e->count && e != c->override && expr_field_is_id(e->field) && !emit_row_of(c, e, &row);
}

/* A path whose value the caller knows better than the tables do. */
static bool is_given_path(const struct emit *c, const struct expr *e)
{
	struct row row = {ROW_NONE, NULL};
	if (!c->opts->record_path)
		return false;
	while (e->node == NODE_FIELD && !emit_row_of(c, e, &row))
		e = e->items[0];
	return row.kind == ROW_RECORD;
}

static bool mentions_record(const struct expr *e)
{
	bool any = e->node == NODE_RECORD;
	for (size_t i = 0; i < e->count && !any; i++)
		any = mentions_record(e->items[i]);
	return any;
}

int emit_lines_given(struct emit *c, const struct expr *e, bool *given, struct value *out)
{
	*given = is_given_path(c, e->items[0]);
	/* inside of it `record` is the row of the statement */
	for (size_t i = 1; i < e->count && *given; i++)
		*given = !mentions_record(e->items[i]);
	return *given ? c->opts->record_path(c->opts->ctx, e, out, c->err) : 0;
}

int emit_field(struct emit *c, const struct expr *e)
{
	struct row row;
	if (e->field->storage == EXPR_LINK || e->field->storage == EXPR_DETAIL)
		return emit_ids(c, e);
	if (emit_row_of(c, e, &row))
		return emit_on_row(c, row, e);
	if (is_own_id(c, e))
		return emit_value(c, e->items[0]);
	if (is_given_path(c, e)) {
		struct value v;
		if (c->opts->record_path(c->opts->ctx, e, &v, c->err))
			return -1;
		emit_given(c, e->field->type.kind, v);
		return 0;
	}
	row = (struct row){ROW_ALIAS, pg_sql_alias(c->sql)};
	emit_put(c, "(SELECT ");
	if (emit_on_row(c, row, e))
		return -1;
	emit_put(c, " FROM ");
	if (emit_table(c, e->table, row.alias))
		return -1;
	emit_put(c, " WHERE ");
	emit_alias(c, row.alias, "id = ");
	if (emit_value(c, e->items[0]))
		return -1;
	emit_put(c, ")");
	return 0;
}

const struct expr *emit_path_in(const struct emit *c, const struct expr *e)
{
	while (is_own_id(c, e))
		e = e->items[0];
	struct row row;
	if (e->node != NODE_FIELD || e->field->storage == EXPR_LINK || e->field->storage == EXPR_DETAIL || emit_row_of(c, e, &row))
		return NULL;
	const struct expr *root = e->items[0];
	while (root->node == NODE_FIELD && !emit_row_of(c, root, &row))
		root = root->items[0];
	return root->node == NODE_FIELD && row.kind == ROW_ALIAS ? e : NULL;
}

int emit_path_open(struct emit *c, const struct expr *e, int *open)
{
	struct row row;
	const struct expr *base = e->items[0];
	while (is_own_id(c, base))
		base = base->items[0];
	if (base->node == NODE_FIELD && !emit_row_of(c, base, &row) && emit_path_open(c, base, open))
		return -1;
	row = (struct row){ROW_ALIAS, pg_sql_alias(c->sql)};
	emit_put(c, "EXISTS (SELECT 1 FROM ");
	if (emit_table(c, e->table, row.alias))
		return -1;
	emit_put(c, " WHERE ");
	emit_alias(c, row.alias, "id = ");
	if (emit_value(c, e->items[0]))
		return -1;
	emit_put(c, " AND ");
	c->override = e;
	c->override_row = row;
	++*open;
	return 0;
}

int emit_begin(struct emit *c, const struct expr *x, const struct expr *y, bool negated, struct emit_begun *b)
{
	*b = (struct emit_begun){c->override, c->override_row, 0, false};
	const struct expr *path = emit_path_in(c, x);
	if (!path && y)
		path = emit_path_in(c, y);
	if (path) {
		if (negated)
			emit_put(c, "NOT ");
		return emit_path_open(c, path, &b->open);
	}
	if (negated) {
		b->wrapped = true;
		emit_put(c, "(");
	}
	return 0;
}

void emit_end(struct emit *c, const struct emit_begun *b)
{
	for (int i = 0; i < b->open; i++)
		emit_put(c, ")");
	if (b->wrapped)
		emit_put(c, ") IS NOT TRUE");
	c->override = b->override;
	c->override_row = b->row;
}

struct scope_kept emit_scope(struct emit *c, const struct expr *aggregate, const char *alias)
{
	struct scope_kept kept = {c->row, c->outer};
	if (aggregate->shifts)
		c->outer = c->row;
	c->row = (struct row){ROW_ALIAS, alias};
	return kept;
}

void emit_scope_end(struct emit *c, struct scope_kept kept)
{
	c->row = kept.row;
	c->outer = kept.outer;
}
