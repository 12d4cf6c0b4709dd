/* Conditions as SQL: positive comparisons stay bare operators, `not` is pushed down to them, what is known when the statement is made vanishes. */
#include <string.h>

#include "base/arena.h"
#include "expr/expr_emit.h"

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
	case EXPR_AND:
	case EXPR_OR: {
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
	case EXPR_IN:
	case EXPR_NOT_IN: return e->items[1]->node == NODE_SET && e->items[1]->count == 0 ? e->op == EXPR_NOT_IN : -1;
	case EXPR_EQ:
	case EXPR_NE:
	case EXPR_EQ_NULLS:
	case EXPR_NE_NULLS: {
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

int expr_constant(const struct expr *e, bool (*has_role)(void *ctx, const char *role), void *ctx)
{
	struct expr_sql opts = {.has_role = has_role, .ctx = ctx};
	return emit_constant(&(struct emit){.opts = &opts}, e);
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
	struct emit_begun b = {c->override, c->override_row, 0, false};
	const struct expr *path = emit_path_in(c, x);
	if (path) {
		if (!negated)
			emit_put(c, "NOT ");
		if (emit_path_open(c, path, &b.open))
			return -1;
		negated = true;
	}
	if (emit_value(c, x))
		return -1;
	emit_put(c, negated ? " IS NOT NULL" : " IS NULL");
	emit_end(c, &b);
	return 0;
}

/* A boolean against a literal one: 1 written, 0 not this case. */
static int emit_boolean_test(struct emit *c, const struct expr *x, const struct expr *literal, bool negated)
{
	if (literal->node != NODE_LITERAL || literal->input >= 0 || literal->value.kind != VALUE_BOOL || x->type.kind != EXPR_BOOL)
		return 0;
	if (literal->value.b || x->condition)
		return emit_condition(c, x, literal->value.b ? negated : !negated) ? -1 : 1;
	struct emit_begun b;
	if (emit_begin(c, x, NULL, negated, &b) || emit_value(c, x))
		return -1;
	emit_put(c, " = false");
	emit_end(c, &b);
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
	struct emit_begun b;
	if (emit_begin(c, x, y, negated, &b) || emit_value(c, x))
		return -1;
	if (op != EXPR_EQ && x->type.kind == EXPR_TEXT && !(x->node == NODE_FIELD && x->field->storage == EXPR_COLUMN && x->count == 0))
		emit_put(c, " COLLATE \"C\"");
	emit_put(c, signs[op]);
	if (emit_value(c, y))
		return -1;
	emit_end(c, &b);
	return 0;
}

/* x among the records of a link, detail or role. */
static int emit_member(struct emit *c, const struct expr *x, const struct expr *y, bool negated)
{
	if (emit_is_given_list(c, y)) {
		struct emit_begun b;
		if (emit_begin(c, x, NULL, negated, &b) || emit_value(c, x))
			return -1;
		emit_put(c, " = ANY(");
		if (emit_given_list(c, y))
			return -1;
		emit_put(c, ")");
		emit_end(c, &b);
		return 0;
	}
	emit_put(c, negated ? "NOT EXISTS (SELECT 1" : "EXISTS (SELECT 1");
	const char *alias;
	const char *member = "id = ";
	if (y->node == NODE_CALL || (y->field->storage == EXPR_LINK && !emit_has_eyes(c))) {
		alias = pg_sql_alias(c->sql);
		emit_put(c, " FROM ");
		emit_put(c, y->node == NODE_CALL ? "ostov.role_member" : y->field->link);
		emit_put(c, " AS ");
		emit_put(c, alias);
		emit_put(c, " WHERE ");
		emit_put(c, alias);
		emit_put(c, ".");
		if (y->node == NODE_CALL) {
			emit_role_is(c, y);
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
	emit_alias(c, alias, member);
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
	struct emit_begun b;
	if (emit_begin(c, x, NULL, negated, &b) || emit_value(c, x))
		return -1;
	if (y->node == NODE_LITERAL) {
		emit_put(c, " = ANY(");
		pg_sql_input(c->sql, emit_array_type(x->type.kind), y->input);
		emit_put(c, ")");
		emit_end(c, &b);
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
		int *literals = arena_array(c->sql->arena, int, y->count);
		for (size_t i = 0; i < y->count; i++) {
			items[i] = y->items[i]->value;
			literals[i] = y->items[i]->literal;
		}
		struct value list = {.kind = VALUE_LIST};
		list.list.items = items;
		list.list.count = y->count;
		emit_put(c, " = ANY(");
		pg_sql_literals(c->sql, emit_array_type(kind), list, literals);
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
	emit_end(c, &b);
	return 0;
}

static int emit_any(struct emit *c, const struct expr *e, bool negated)
{
	const char *alias;
	struct value v;
	bool given;
	if (emit_lines_given(c, e, &given, &v))
		return -1;
	if (given) {
		emit_put(c, (v.kind == VALUE_BOOL && v.b) != negated ? "true" : "false");
		return 0;
	}
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
		pg_sql_pattern(c->sql, part->value, *before, *after, part->literal);
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
	struct emit_begun b;
	if (emit_begin(c, x, e->items[1], negated, &b))
		return -1;
	emit_put(c, "(");
	if (emit_value(c, x))
		return -1;
	emit_put(c, regex ? " COLLATE \"C\") ~ " : " COLLATE \"und-x-icu\") ILIKE ");
	if (regex)
		pg_sql_value(c->sql, PG_TEXT, e->items[1]->value);
	else if (emit_pattern(c, e, e->items[1]))
		return -1;
	emit_end(c, &b);
	return 0;
}

bool emit_is_same_for_rows(const struct emit *c, const struct expr *e)
{
	struct row row;
	if (e->node == NODE_FIELD && emit_row_of(c, e, &row))
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
	struct emit_begun b;
	if (emit_begin(c, x, down ? NULL : y, negated, &b) || emit_value(c, down ? x : y))
		return -1;
	const char *walk = pg_sql_alias(c->sql), *alias = pg_sql_alias(c->sql);
	emit_put(c, " = ANY (ARRAY(WITH RECURSIVE ");
	emit_put(c, walk);
	emit_put(c, "(id) AS (SELECT ");
	if (emit_value(c, down ? y : x))
		return -1;
	emit_put(c, " UNION SELECT ");
	emit_alias(c, alias, down ? "id" : parent);
	emit_put(c, " FROM ");
	if (emit_table(c, e->table, alias))
		return -1;
	emit_put(c, " JOIN ");
	emit_put(c, walk);
	emit_put(c, " ON ");
	emit_alias(c, alias, down ? parent : "id");
	emit_put(c, " = ");
	emit_alias(c, walk, "id) SELECT ");
	emit_alias(c, walk, "id FROM ");
	emit_put(c, walk);
	emit_put(c, "))");
	emit_end(c, &b);
	return 0;
}

static int emit_has_role(struct emit *c, const struct expr *e, bool negated)
{
	emit_put(c, negated ? "NOT EXISTS (SELECT 1 FROM ostov.role_member WHERE " : "EXISTS (SELECT 1 FROM ostov.role_member WHERE ");
	emit_role_is(c, e);
	emit_put(c, " AND user_id = ");
	pg_sql_slot(c->sql, (struct pg_slot){.kind = PG_SLOT_ME, .type = PG_INT8});
	emit_put(c, ")");
	return 0;
}

/* A formula that is a condition, on a row that is there, is written out as one; 0 when e is not. */
static int emit_formula_condition(struct emit *c, const struct expr *e, bool negated)
{
	struct row row;
	if (e->node != NODE_FIELD || e->field->storage != EXPR_FORMULA || !e->field->formula || !e->field->formula->condition ||
		!emit_row_of(c, e, &row) || row.kind == ROW_NONE || (row.kind == ROW_ALIAS && !c->system && c->opts->column))
		return 0;
	return emit_formula(c, row, e->field, negated ? FORMULA_NOT_TRUE : FORMULA_TRUE) ? -1 : 1;
}

/* Any boolean value as a condition. */
static int emit_truth(struct emit *c, const struct expr *e, bool negated)
{
	struct emit_begun b;
	int r = emit_formula_condition(c, e, negated);
	if (r)
		return r < 0 ? -1 : 0;
	if (emit_begin(c, e, NULL, negated, &b) || (r = emit_formula_condition(c, e, false)) < 0 || (r == 0 && emit_value(c, e)))
		return -1;
	emit_end(c, &b);
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
		case EXPR_AND:
		case EXPR_OR: return emit_junction(c, e, negated);
		case EXPR_NOT: return emit_condition(c, e->items[0], !negated);
		case EXPR_IN:
		case EXPR_NOT_IN: return emit_in(c, e, negated);
		default: return emit_compare(c, e, negated);
		}
	}
	if (e->node == NODE_CALL) {
		switch (e->function->code) {
		case FUNCTION_ANY: return emit_any(c, e, negated);
		case FUNCTION_CONTAINS:
		case FUNCTION_STARTS_WITH:
		case FUNCTION_ENDS_WITH:
		case FUNCTION_MATCHES: return emit_text_test(c, e, negated);
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
	emit_alias(&c, opts->alias, f->storage == EXPR_COLUMN ? f->column : "id");
	return 0;
}
