/* Conditions and fields as SQL. How a path is looked up decides about speed: in a condition it is an EXISTS that PostgreSQL may turn into a join driven from either
 * side; a path from `me` is a scalar subselect, computed once; elsewhere a path is a scalar subselect for each row. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "expr/expr_emit.h"

void emit_put(struct emit *c, const char *s)
{
	buf_puts(&c->sql->text, s);
}

static void put_alias(struct emit *c, const char *alias, const char *column)
{
	emit_put(c, alias);
	emit_put(c, ".");
	emit_put(c, column);
}

static int broken(struct emit *c, const char *what)
{
	return err_set(c->err, ERR_INTERNAL, "%s", what);
}

int emit_step(struct emit *c)
{
	if (++c->count <= EXPR_MAX_EMITTED)
		return 0;
	return err_set(c->err, ERR_TOO_COMPLEX, "the expression is too large once its formulas are written out");
}

enum pg_type emit_type(enum expr_kind kind)
{
	switch (kind) {
	case EXPR_BOOL: return PG_BOOL;
	case EXPR_INT: case EXPR_RECORD: case EXPR_DURATION: return PG_INT8;
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

/* A from-item under an alias. */
static int emit_table(struct emit *c, const struct expr_table *t, const char *alias)
{
	if (!c->system && c->opts->table)
		return c->opts->table(c->opts->ctx, c->sql, t, alias, c->err);
	emit_put(c, t->sql);
	emit_put(c, " AS ");
	emit_put(c, alias);
	return 0;
}

static bool has_eyes(const struct emit *c)
{
	return !c->system && (c->opts->table || c->opts->column);
}

/* The value of a record that is no row of the statement. */
static int given_value(struct emit *c, struct row row, const struct expr_field *f, struct value *out)
{
	int (*get)(void *, const struct expr_field *, struct value *, struct err *) = row.kind == ROW_OLD ? c->opts->old_value : c->opts->record_value;
	if (!get)
		return broken(c, row.kind == ROW_OLD ? "no values of old were given" : "no values of record were given");
	return get(c->opts->ctx, f, out, c->err);
}

/* How a formula is written out. */
enum formula_form { FORMULA_VALUE, FORMULA_TRUE, FORMULA_NOT_TRUE };

static int emit_formula(struct emit *c, struct row row, const struct expr_field *f, enum formula_form form)
{
	const struct expr *e = f->formula;
	if (!e)
		return broken(c, "a formula was not compiled");
	if (c->formulas >= EXPR_MAX_FORMULAS) {
		err_set(c->err, ERR_TOO_COMPLEX, "the formula '%s' goes round in a circle or is nested too deeply", f->name);
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
		return broken(c, "an expression has no row to look at");
	if (row.kind == ROW_ALIAS) {
		put_alias(c, row.alias, "id");
		return 0;
	}
	const struct expr_field *id = t->find(t, "id", 2);
	struct value v;
	if (!id)
		return broken(c, "a table has no id");
	if (given_value(c, row, id, &v))
		return -1;
	emit_given(c, EXPR_INT, v);
	return 0;
}

int emit_record(struct emit *c, const struct expr *e)
{
	return emit_id(c, c->outer, e->type.table);
}

/* The row that a field's node names without a step to another table; false when there is a step. */
static bool row_of(const struct emit *c, const struct expr *e, struct row *row)
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

/* The id under which a link or detail finds its rows. */
static int emit_owner(struct emit *c, const struct expr *e)
{
	struct row row;
	if (row_of(c, e, &row)) {
		if (row.kind == ROW_ALIAS && !c->system && c->opts->column)
			return c->opts->column(c->opts->ctx, c->sql, e->field, row.alias, c->err);
		return emit_id(c, row, e->table);
	}
	if (!has_eyes(c))
		return emit_value(c, e->items[0]);
	const char *alias = pg_sql_alias(c->sql);
	emit_put(c, "(SELECT ");
	if (c->opts->column) {
		if (c->opts->column(c->opts->ctx, c->sql, e->field, alias, c->err))
			return -1;
	} else {
		put_alias(c, alias, "id");
	}
	emit_put(c, " FROM ");
	if (emit_table(c, e->table, alias))
		return -1;
	emit_put(c, " WHERE ");
	put_alias(c, alias, "id");
	emit_put(c, " = ");
	if (emit_value(c, e->items[0]))
		return -1;
	emit_put(c, ")");
	return 0;
}

/* The ids of a link whose record is no row of the statement. */
static bool is_given_list(const struct emit *c, const struct expr *e)
{
	struct row row;
	return e->node == NODE_FIELD && e->field->storage == EXPR_LINK && row_of(c, e, &row) && row.kind != ROW_ALIAS && row.kind != ROW_NONE;
}

static int emit_given_list(struct emit *c, const struct expr *e)
{
	struct row row = {ROW_NONE, NULL};
	struct value v;
	row_of(c, e, &row);
	if (given_value(c, row, e->field, &v))
		return -1;
	emit_given(c, EXPR_RECORDS, v);
	return 0;
}

static void emit_role(struct emit *c, const struct expr *call)
{
	emit_put(c, "role = ");
	pg_sql_value(c->sql, PG_TEXT, call->items[0]->value);
}

int emit_lines(struct emit *c, const struct expr *e, const char **out)
{
	const char *alias = *out = pg_sql_alias(c->sql);
	const struct expr_table *t = e->type.table;
	emit_put(c, " FROM ");
	if (e->node == NODE_CALL || is_given_list(c, e)) {
		if (emit_table(c, t, alias))
			return -1;
		emit_put(c, " WHERE ");
		put_alias(c, alias, "id");
		if (e->node != NODE_CALL) {
			emit_put(c, " = ANY(");
			if (emit_given_list(c, e))
				return -1;
			emit_put(c, ")");
			return 0;
		}
		const char *m = pg_sql_alias(c->sql);
		emit_put(c, " IN (SELECT ");
		put_alias(c, m, "user_id FROM ostov.role_member AS ");
		emit_put(c, m);
		emit_put(c, " WHERE ");
		emit_put(c, m);
		emit_put(c, ".");
		emit_role(c, e);
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
		put_alias(c, alias, "id = ");
		put_alias(c, l, "target WHERE ");
		put_alias(c, l, "record = ");
		return emit_owner(c, e);
	}
	if (f->storage != EXPR_DETAIL || !f->by)
		return broken(c, "several records are neither link nor detail");
	if (emit_table(c, t, alias))
		return -1;
	emit_put(c, " WHERE ");
	put_alias(c, alias, f->by->column);
	emit_put(c, " = ");
	return emit_owner(c, e);
}

/* Several records as an array of ids. */
static int emit_ids(struct emit *c, const struct expr *e)
{
	const struct expr_field *f = e->field;
	if (is_given_list(c, e))
		return emit_given_list(c, e);
	emit_put(c, "ARRAY(SELECT ");
	if (f->storage == EXPR_LINK && !has_eyes(c)) {
		const char *l = pg_sql_alias(c->sql);
		put_alias(c, l, "target FROM ");
		emit_put(c, f->link);
		emit_put(c, " AS ");
		emit_put(c, l);
		emit_put(c, " WHERE ");
		put_alias(c, l, "record = ");
		if (emit_owner(c, e))
			return -1;
		emit_put(c, " ORDER BY ");
		put_alias(c, l, "position)");
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
	put_alias(c, alias, "id");
	buf_add(text, from, n);
	emit_put(c, " ORDER BY 1)");
	return 0;
}

/* A field's value on a row. */
static int emit_on_row(struct emit *c, struct row row, const struct expr *e)
{
	const struct expr_field *f = e->field;
	if (row.kind == ROW_NONE)
		return broken(c, "an expression has no row to look at");
	if (row.kind == ROW_ALIAS && !c->system && c->opts->column)
		return c->opts->column(c->opts->ctx, c->sql, f, row.alias, c->err);
	if (f->storage == EXPR_FORMULA)
		return emit_formula(c, row, f, FORMULA_VALUE);
	if (row.kind == ROW_ALIAS) {
		put_alias(c, row.alias, f->column);
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
	return e->node == NODE_FIELD && e->count && e != c->override && expr_field_is_id(e->field) && !row_of(c, e, &row);
}

int emit_field(struct emit *c, const struct expr *e)
{
	struct row row;
	if (e->field->storage == EXPR_LINK || e->field->storage == EXPR_DETAIL)
		return emit_ids(c, e);
	if (row_of(c, e, &row))
		return emit_on_row(c, row, e);
	if (is_own_id(c, e))
		return emit_value(c, e->items[0]);
	row = (struct row){ROW_ALIAS, pg_sql_alias(c->sql)};
	emit_put(c, "(SELECT ");
	if (emit_on_row(c, row, e))
		return -1;
	emit_put(c, " FROM ");
	if (emit_table(c, e->table, row.alias))
		return -1;
	emit_put(c, " WHERE ");
	put_alias(c, row.alias, "id = ");
	if (emit_value(c, e->items[0]))
		return -1;
	emit_put(c, ")");
	return 0;
}

/* The path in an operand that can be looked up by EXISTS: it starts at a row of the statement. */
static const struct expr *path_in(const struct emit *c, const struct expr *e)
{
	while (is_own_id(c, e))
		e = e->items[0];
	struct row row;
	if (e->node != NODE_FIELD || e->field->storage == EXPR_LINK || e->field->storage == EXPR_DETAIL || row_of(c, e, &row))
		return NULL;
	const struct expr *root = e->items[0];
	while (root->node == NODE_FIELD && !row_of(c, root, &row))
		root = root->items[0];
	return root->node == NODE_FIELD && row.kind == ROW_ALIAS ? e : NULL;
}

/* "EXISTS (SELECT 1 FROM … AND " for every step of the path; what follows sees its field. Adds the parentheses to close to *open. */
static int open_path(struct emit *c, const struct expr *e, int *open)
{
	struct row row;
	const struct expr *base = e->items[0];
	while (is_own_id(c, base))
		base = base->items[0];
	if (base->node == NODE_FIELD && !row_of(c, base, &row) && open_path(c, base, open))
		return -1;
	row = (struct row){ROW_ALIAS, pg_sql_alias(c->sql)};
	emit_put(c, "EXISTS (SELECT 1 FROM ");
	if (emit_table(c, e->table, row.alias))
		return -1;
	emit_put(c, " WHERE ");
	put_alias(c, row.alias, "id = ");
	if (emit_value(c, e->items[0]))
		return -1;
	emit_put(c, " AND ");
	c->override = e;
	c->override_row = row;
	++*open;
	return 0;
}

/* Begins a condition on operands, any of which may be a path; what stands between begin and end is positive. */
struct begun {
	const struct expr *override;
	struct row row;
	int open;
	bool wrapped;
};

static int begin(struct emit *c, const struct expr *x, const struct expr *y, bool negated, struct begun *b)
{
	*b = (struct begun){c->override, c->override_row, 0, false};
	const struct expr *path = path_in(c, x);
	if (!path && y)
		path = path_in(c, y);
	if (path) {
		if (negated)
			emit_put(c, "NOT ");
		return open_path(c, path, &b->open);
	}
	if (negated) {
		b->wrapped = true;
		emit_put(c, "(");
	}
	return 0;
}

static void end(struct emit *c, const struct begun *b)
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

int emit_constant(struct emit *c, const struct expr *e)
{
	if (e->node == NODE_LITERAL && e->input < 0 && e->type.kind <= EXPR_BOOL)
		return e->value.kind == VALUE_BOOL && e->value.b;
	if (e->node == NODE_CALL) {
		int first;
		switch (e->function->code) {
		case FUNCTION_HAS_ROLE: return c->opts->has_role ? c->opts->has_role(c->opts->ctx, e->items[0]->value.text.s) : -1;
		case FUNCTION_ANY: return e->count == 2 && emit_constant(c, e->items[1]) == 0 ? 0 : -1;
		case FUNCTION_IIF:
			if (e->type.kind != EXPR_BOOL || (first = emit_constant(c, e->items[0])) < 0)
				return -1;
			return emit_constant(c, e->items[first ? 1 : 2]);
		default: return -1;
		}
	}
	if (e->node != NODE_OP)
		return -1;
	switch (e->op) {
	case EXPR_NOT: {
		int x = emit_constant(c, e->items[0]);
		return x < 0 ? -1 : !x;
	}
	case EXPR_AND: case EXPR_OR: {
		int absorbs = e->op == EXPR_OR, all = !absorbs;
		for (size_t i = 0; i < e->count; i++) {
			int x = emit_constant(c, e->items[i]);
			if (x == absorbs)
				return absorbs;
			if (x < 0)
				all = -1;
		}
		return all;
	}
	case EXPR_IN: case EXPR_NOT_IN:
		return e->items[1]->node == NODE_SET && e->items[1]->count == 0 ? e->op == EXPR_NOT_IN : -1;
	case EXPR_EQ: case EXPR_NE: case EXPR_EQ_NULLS: case EXPR_NE_NULLS: {
		const struct expr *x = e->items[0], *y = e->items[1];
		if (!expr_is_nil(x) && !expr_is_nil(y))
			return -1;
		const struct expr *other = expr_is_nil(x) ? y : x;
		bool ne = e->op == EXPR_NE || e->op == EXPR_NE_NULLS;
		if (other->node == NODE_LITERAL && other->input < 0)
			return expr_is_nil(other) != ne;
		return other->condition ? ne : -1;
	}
	default: return -1;
	}
}

static int emit_junction(struct emit *c, const struct expr *e, bool negated)
{
	const char *word = (e->op == EXPR_AND) != negated ? " AND " : " OR ";
	size_t live = 0, written = 0;
	for (size_t i = 0; i < e->count; i++)
		live += emit_constant(c, e->items[i]) < 0;
	if (live > 1)
		emit_put(c, "(");
	for (size_t i = 0; i < e->count; i++) {
		if (emit_constant(c, e->items[i]) >= 0)
			continue;
		if (written++)
			emit_put(c, word);
		if (emit_condition(c, e->items[i], negated))
			return -1;
	}
	if (live > 1)
		emit_put(c, ")");
	return 0;
}

static int emit_nil_test(struct emit *c, const struct expr *x, bool negated)
{
	if (x->type.kind == EXPR_RECORDS) {
		const char *alias;
		emit_put(c, negated ? "EXISTS (SELECT 1" : "NOT EXISTS (SELECT 1");
		if (emit_lines(c, x, &alias))
			return -1;
		emit_put(c, ")");
		return 0;
	}
	struct begun b = {c->override, c->override_row, 0, false};
	const struct expr *path = path_in(c, x);
	if (path) {
		if (!negated)
			emit_put(c, "NOT ");
		if (open_path(c, path, &b.open))
			return -1;
		negated = true;
	}
	if (emit_value(c, x))
		return -1;
	emit_put(c, negated ? " IS NOT NULL" : " IS NULL");
	end(c, &b);
	return 0;
}

/* A boolean against a literal one: 1 written, 0 not this case. */
static int emit_boolean_test(struct emit *c, const struct expr *x, const struct expr *literal, bool negated)
{
	if (literal->node != NODE_LITERAL || literal->input >= 0 || literal->value.kind != VALUE_BOOL || x->type.kind != EXPR_BOOL)
		return 0;
	if (literal->value.b || x->condition)
		return emit_condition(c, x, literal->value.b ? negated : !negated) ? -1 : 1;
	struct begun b;
	if (begin(c, x, NULL, negated, &b) || emit_value(c, x))
		return -1;
	emit_put(c, " = false");
	end(c, &b);
	return 1;
}

static int emit_compare(struct emit *c, const struct expr *e, bool negated)
{
	static const char *const signs[] = {[EXPR_EQ] = " = ", [EXPR_LT] = " < ", [EXPR_LE] = " <= ", [EXPR_GT] = " > ", [EXPR_GE] = " >= "};
	const struct expr *x = e->items[0], *y = e->items[1];
	enum expr_op op = e->op;
	if (op == EXPR_NE || op == EXPR_NE_NULLS) {
		negated = !negated;
		op = op == EXPR_NE ? EXPR_EQ : EXPR_EQ_NULLS;
	}
	if (expr_is_nil(x) || expr_is_nil(y))
		return emit_nil_test(c, expr_is_nil(x) ? y : x, negated);
	int r = emit_boolean_test(c, x, y, negated);
	if (r == 0)
		r = emit_boolean_test(c, y, x, negated);
	if (r)
		return r < 0 ? -1 : 0;
	if (op == EXPR_EQ_NULLS && x->node != NODE_LITERAL && y->node != NODE_LITERAL) {
		emit_put(c, "(");
		if (emit_value(c, x))
			return -1;
		emit_put(c, negated ? " IS DISTINCT FROM " : " IS NOT DISTINCT FROM ");
		if (emit_value(c, y))
			return -1;
		emit_put(c, ")");
		return 0;
	}
	if (op == EXPR_EQ_NULLS)
		op = EXPR_EQ;
	struct begun b;
	if (begin(c, x, y, negated, &b) || emit_value(c, x))
		return -1;
	if (op != EXPR_EQ && x->type.kind == EXPR_TEXT && !(x->node == NODE_FIELD && x->field->storage == EXPR_COLUMN && x->count == 0))
		emit_put(c, " COLLATE \"C\"");
	emit_put(c, signs[op]);
	if (emit_value(c, y))
		return -1;
	end(c, &b);
	return 0;
}

/* x among the records of a link, detail or role. */
static int emit_member(struct emit *c, const struct expr *x, const struct expr *y, bool negated)
{
	if (is_given_list(c, y)) {
		struct begun b;
		if (begin(c, x, NULL, negated, &b) || emit_value(c, x))
			return -1;
		emit_put(c, " = ANY(");
		if (emit_given_list(c, y))
			return -1;
		emit_put(c, ")");
		end(c, &b);
		return 0;
	}
	emit_put(c, negated ? "NOT EXISTS (SELECT 1" : "EXISTS (SELECT 1");
	const char *alias;
	const char *member = "id = ";
	if (y->node == NODE_CALL || (y->field->storage == EXPR_LINK && !has_eyes(c))) {
		alias = pg_sql_alias(c->sql);
		emit_put(c, " FROM ");
		emit_put(c, y->node == NODE_CALL ? "ostov.role_member" : y->field->link);
		emit_put(c, " AS ");
		emit_put(c, alias);
		emit_put(c, " WHERE ");
		emit_put(c, alias);
		emit_put(c, ".");
		if (y->node == NODE_CALL) {
			emit_role(c, y);
			member = "user_id = ";
		} else {
			emit_put(c, "record = ");
			if (emit_owner(c, y))
				return -1;
			member = "target = ";
		}
	} else if (emit_lines(c, y, &alias)) {
		return -1;
	}
	emit_put(c, " AND ");
	put_alias(c, alias, member);
	if (emit_value(c, x))
		return -1;
	emit_put(c, ")");
	return 0;
}

static int emit_in(struct emit *c, const struct expr *e, bool negated)
{
	const struct expr *x = e->items[0], *y = e->items[1];
	if (e->op == EXPR_NOT_IN)
		negated = !negated;
	if (y->node != NODE_SET && y->node != NODE_LITERAL)
		return emit_member(c, x, y, negated);
	struct begun b;
	if (begin(c, x, NULL, negated, &b) || emit_value(c, x))
		return -1;
	if (y->node == NODE_LITERAL) {
		emit_put(c, " = ANY(");
		pg_sql_input(c->sql, emit_array_type(x->type.kind), y->input);
		emit_put(c, ")");
		end(c, &b);
		return 0;
	}
	bool literal = true;
	enum expr_kind kind = x->type.kind;
	for (size_t i = 0; i < y->count; i++) {
		literal = literal && y->items[i]->node == NODE_LITERAL && y->items[i]->input < 0;
		if (y->items[i]->type.kind == EXPR_DEC)
			kind = EXPR_DEC;
	}
	if (literal && y->count > 1) {
		struct value *items = arena_array(c->sql->arena, struct value, y->count);
		for (size_t i = 0; i < y->count; i++)
			items[i] = y->items[i]->value;
		struct value list = {.kind = VALUE_LIST};
		list.list.items = items;
		list.list.count = y->count;
		emit_put(c, " = ANY(");
		pg_sql_value(c->sql, emit_array_type(kind), list);
		emit_put(c, ")");
	} else {
		emit_put(c, y->count > 1 ? " IN (" : " = ");
		for (size_t i = 0; i < y->count; i++) {
			if (i)
				emit_put(c, ", ");
			if (emit_value(c, y->items[i]))
				return -1;
		}
		emit_put(c, y->count > 1 ? ")" : "");
	}
	end(c, &b);
	return 0;
}

static int emit_any(struct emit *c, const struct expr *e, bool negated)
{
	const char *alias;
	emit_put(c, negated ? "NOT EXISTS (SELECT 1" : "EXISTS (SELECT 1");
	if (emit_lines(c, e->items[0], &alias))
		return -1;
	if (e->count == 2 && emit_constant(c, e->items[1]) < 0) {
		struct scope_kept kept = emit_scope(c, e, alias);
		emit_put(c, " AND ");
		if (emit_condition(c, e->items[1], false))
			return -1;
		emit_scope_end(c, kept);
	}
	emit_put(c, ")");
	return 0;
}

/* %part% with what LIKE would read as signs escaped. */
static int emit_pattern(struct emit *c, const struct expr *e, const struct expr *part)
{
	enum expr_function_code code = e->function->code;
	const char *before = code == FUNCTION_STARTS_WITH ? "" : "%", *after = code == FUNCTION_ENDS_WITH ? "" : "%";
	if (part->node == NODE_LITERAL && part->input < 0 && part->value.kind == VALUE_TEXT) {
		struct buf b = BUF_INIT;
		buf_puts(&b, before);
		for (size_t i = 0; i < part->value.text.len; i++) {
			char ch = part->value.text.s[i];
			if (ch == '\\' || ch == '%' || ch == '_')
				buf_putc(&b, '\\');
			buf_putc(&b, ch);
		}
		buf_puts(&b, after);
		pg_sql_value(c->sql, PG_TEXT, value_text(arena_strndup(c->sql->arena, b.data, b.len), b.len));
		buf_destroy(&b);
		return 0;
	}
	emit_put(c, *before ? "('%' || ostov.like_escape(" : "(ostov.like_escape(");
	if (emit_value(c, part))
		return -1;
	emit_put(c, *after ? ") || '%')" : "))");
	return 0;
}

static int emit_text_test(struct emit *c, const struct expr *e, bool negated)
{
	const struct expr *x = e->items[0];
	bool regex = e->function->code == FUNCTION_MATCHES;
	struct begun b;
	if (begin(c, x, e->items[1], negated, &b))
		return -1;
	emit_put(c, "(");
	if (emit_value(c, x))
		return -1;
	emit_put(c, regex ? " COLLATE \"C\") ~ " : " COLLATE \"und-x-icu\") ILIKE ");
	if (regex)
		pg_sql_value(c->sql, PG_TEXT, e->items[1]->value);
	else if (emit_pattern(c, e, e->items[1]))
		return -1;
	end(c, &b);
	return 0;
}

bool emit_is_same_for_rows(const struct emit *c, const struct expr *e)
{
	struct row row;
	if (e->node == NODE_FIELD && row_of(c, e, &row))
		return row.kind != ROW_ALIAS;
	if (e->node == NODE_RECORD)
		return c->outer.kind != ROW_ALIAS;
	for (size_t i = 0; i < e->count; i++)
		if (!emit_is_same_for_rows(c, e->items[i]))
			return false;
	return true;
}

/* Down from y when that is done once for all rows, and then an index on x serves; else up from x. UNION ends circles. */
static int emit_under(struct emit *c, const struct expr *e, bool negated)
{
	const struct expr *x = e->items[0], *y = e->items[1];
	const char *parent = e->table->tree->column;
	bool down = emit_is_same_for_rows(c, y);
	struct begun b;
	if (begin(c, x, down ? NULL : y, negated, &b) || emit_value(c, down ? x : y))
		return -1;
	const char *walk = pg_sql_alias(c->sql), *alias = pg_sql_alias(c->sql);
	emit_put(c, " = ANY (ARRAY(WITH RECURSIVE ");
	emit_put(c, walk);
	emit_put(c, "(id) AS (SELECT ");
	if (emit_value(c, down ? y : x))
		return -1;
	emit_put(c, " UNION SELECT ");
	put_alias(c, alias, down ? "id" : parent);
	emit_put(c, " FROM ");
	if (emit_table(c, e->table, alias))
		return -1;
	emit_put(c, " JOIN ");
	emit_put(c, walk);
	emit_put(c, " ON ");
	put_alias(c, alias, down ? parent : "id");
	emit_put(c, " = ");
	put_alias(c, walk, "id) SELECT ");
	put_alias(c, walk, "id FROM ");
	emit_put(c, walk);
	emit_put(c, "))");
	end(c, &b);
	return 0;
}

static int emit_has_role(struct emit *c, const struct expr *e, bool negated)
{
	emit_put(c, negated ? "NOT EXISTS (SELECT 1 FROM ostov.role_member WHERE " : "EXISTS (SELECT 1 FROM ostov.role_member WHERE ");
	emit_role(c, e);
	emit_put(c, " AND user_id = ");
	pg_sql_slot(c->sql, (struct pg_slot){.kind = PG_SLOT_ME, .type = PG_INT8});
	emit_put(c, ")");
	return 0;
}

/* A formula that is a condition, on a row that is there, is written out as one; 0 when e is not. */
static int emit_formula_condition(struct emit *c, const struct expr *e, bool negated)
{
	struct row row;
	if (e->node != NODE_FIELD || e->field->storage != EXPR_FORMULA || !e->field->formula || !e->field->formula->condition || !row_of(c, e, &row) ||
	    row.kind == ROW_NONE || (row.kind == ROW_ALIAS && !c->system && c->opts->column))
		return 0;
	return emit_formula(c, row, e->field, negated ? FORMULA_NOT_TRUE : FORMULA_TRUE) ? -1 : 1;
}

/* Any boolean value as a condition. */
static int emit_truth(struct emit *c, const struct expr *e, bool negated)
{
	struct begun b;
	int r = emit_formula_condition(c, e, negated);
	if (r)
		return r < 0 ? -1 : 0;
	if (begin(c, e, NULL, negated, &b) || (r = emit_formula_condition(c, e, false)) < 0 || (r == 0 && emit_value(c, e)))
		return -1;
	end(c, &b);
	return 0;
}

int emit_condition(struct emit *c, const struct expr *e, bool negated)
{
	int constant = emit_constant(c, e);
	if (emit_step(c))
		return -1;
	if (constant >= 0) {
		emit_put(c, constant != negated ? "true" : "false");
		return 0;
	}
	if (e->node == NODE_OP) {
		switch (e->op) {
		case EXPR_AND: case EXPR_OR: return emit_junction(c, e, negated);
		case EXPR_NOT: return emit_condition(c, e->items[0], !negated);
		case EXPR_IN: case EXPR_NOT_IN: return emit_in(c, e, negated);
		default: return emit_compare(c, e, negated);
		}
	}
	if (e->node == NODE_CALL) {
		switch (e->function->code) {
		case FUNCTION_ANY: return emit_any(c, e, negated);
		case FUNCTION_CONTAINS: case FUNCTION_STARTS_WITH: case FUNCTION_ENDS_WITH: case FUNCTION_MATCHES: return emit_text_test(c, e, negated);
		case FUNCTION_UNDER: return emit_under(c, e, negated);
		case FUNCTION_HAS_ROLE: return emit_has_role(c, e, negated);
		case FUNCTION_IIF: {
			int first = emit_constant(c, e->items[0]);
			if (first >= 0)
				return emit_condition(c, e->items[first ? 1 : 2], negated);
			break;
		}
		default: break;
		}
	}
	return emit_truth(c, e, negated);
}

static struct emit start(const struct expr_sql *opts, struct err *err)
{
	struct emit c = {.opts = opts, .sql = opts->sql, .err = err};
	if (opts->alias)
		c.row = (struct row){ROW_ALIAS, opts->alias};
	if (opts->record_alias)
		c.outer = (struct row){ROW_ALIAS, opts->record_alias};
	else if (opts->record_value)
		c.outer = (struct row){ROW_RECORD, NULL};
	return c;
}

int expr_sql_condition(const struct expr *e, const struct expr_sql *opts, struct err *err)
{
	struct emit c = start(opts, err);
	return emit_condition(&c, e, false);
}

int expr_sql_value(const struct expr *e, const struct expr_sql *opts, struct err *err)
{
	struct emit c = start(opts, err);
	return emit_value(&c, e);
}

int expr_sql_field(const struct expr_field *f, const struct expr_sql *opts, struct err *err)
{
	struct emit c = start(opts, err);
	c.system = true;
	if (f->storage == EXPR_FORMULA)
		return emit_formula(&c, c.row, f, FORMULA_VALUE);
	put_alias(&c, opts->alias, f->storage == EXPR_COLUMN ? f->column : "id");
	return 0;
}
