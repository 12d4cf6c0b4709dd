/* Values as SQL. Wherever PostgreSQL could raise an error on a row (overflow, division by zero, dates out of range) a function of schema ostov gives NULL instead:
 * expr_system.c has them. */
#include <stdio.h>

#include "base/arena.h"
#include "expr/expr_emit.h"

static int emit_pair(struct emit *c, const char *open, const struct expr *x, const char *between, const struct expr *y, const char *close)
{
	emit_put(c, open);
	if (emit_value(c, x))
		return -1;
	emit_put(c, between);
	if (emit_value(c, y))
		return -1;
	emit_put(c, close);
	return 0;
}

static int emit_one(struct emit *c, const char *open, const struct expr *x, const char *close)
{
	emit_put(c, open);
	if (emit_value(c, x))
		return -1;
	emit_put(c, close);
	return 0;
}

static void emit_zone(struct emit *c)
{
	pg_sql_slot(c->sql, (struct pg_slot){.kind = PG_SLOT_ZONE, .type = PG_TEXT});
}

/* A date or datetime moved by a span. */
static int emit_moved(struct emit *c, const struct expr *when, const struct expr *span, bool back)
{
	enum expr_function_code code = span->function->code;
	/* counting working days reads the calendar: once, not for each row */
	bool once = code == FUNCTION_WORKDAYS && emit_is_same_for_rows(c, when) && emit_is_same_for_rows(c, span);
	emit_put(c, once ? "(SELECT " : "");
	emit_put(c, code == FUNCTION_DAYS ? "ostov.add_days(" : code == FUNCTION_MONTHS ? "ostov.add_months(" : "ostov.add_workdays(");
	if (emit_pair(c, "", when, back ? ", - " : ", ", span->items[0], "::numeric"))
		return -1;
	if (when->type.kind == EXPR_TIME) {
		emit_put(c, ", ");
		emit_zone(c);
	}
	emit_put(c, once ? "))" : ")");
	return 0;
}

static int emit_arithmetic(struct emit *c, const struct expr *e)
{
	const struct expr *x = e->items[0], *y = e->items[1];
	enum expr_kind p = x->type.kind, q = y->type.kind;
	bool back = e->op == EXPR_SUB;
	if (e->op == EXPR_DIV)
		return emit_pair(c, "ostov.divide(", x, ", ", y, ")");
	if (q == EXPR_SPAN)
		return emit_moved(c, x, y, back);
	if (p == EXPR_SPAN)
		return emit_moved(c, y, x, false);
	if (p == EXPR_TIME && q == EXPR_TIME)
		return emit_pair(c, "ostov.time_between(", x, ", ", y, ")");
	if (p == EXPR_TIME)
		return emit_pair(c, "ostov.add_time(", x, back ? ", - " : ", ", y, "::numeric)");
	if (q == EXPR_TIME)
		return emit_pair(c, "ostov.add_time(", y, ", ", x, "::numeric)");
	if (p == EXPR_DATE)
		return emit_pair(c, "(", x, " - ", y, ")::bigint");
	const char *sign = e->op == EXPR_ADD ? " + " : back ? " - " : " * ";
	if (e->type.kind == EXPR_DEC)
		return emit_pair(c, "(", x, sign, y, ")");
	char between[24];
	snprintf(between, sizeof between, "::numeric%s", sign);
	return emit_pair(c, "ostov.fit_int(", x, between, y, ")");
}

static int emit_text_of(struct emit *c, const struct expr *e)
{
	char scale[32];
	switch (e->type.kind) {
	case EXPR_INT: return emit_one(c, "", e, "::text");
	case EXPR_DEC:
		if (e->node == NODE_FIELD) {
			snprintf(scale, sizeof scale, ", %d)::text", e->type.scale);
			return emit_one(c, "round(", e, scale);
		}
		return emit_one(c, "trim_scale(", e, ")::text");
	case EXPR_DATE: return emit_one(c, "to_char(", e, "::timestamp, 'YYYY-MM-DD')");
	case EXPR_TIME:
		if (emit_one(c, "ostov.time_text(", e, ", "))
			return -1;
		emit_zone(c);
		emit_put(c, ")");
		return 0;
	default: return emit_value(c, e);
	}
}

static int emit_concat(struct emit *c, const struct expr *e)
{
	emit_put(c, "(");
	for (size_t i = 0; i < e->count; i++) {
		const struct expr *x = e->items[i];
		bool there = x->node == NODE_LITERAL && x->input < 0 && x->value.kind != VALUE_NIL;
		emit_put(c, i ? " || " : "");
		emit_put(c, there ? "" : "COALESCE(");
		if (emit_text_of(c, x))
			return -1;
		emit_put(c, there ? "" : ", '')");
	}
	emit_put(c, ")");
	return 0;
}

static int emit_value_op(struct emit *c, const struct expr *e)
{
	switch (e->op) {
	case EXPR_CONCAT: return emit_concat(c, e);
	case EXPR_NEG:
		if (e->type.kind == EXPR_DEC)
			return emit_one(c, "(- ", e->items[0], ")");
		return emit_one(c, "ostov.fit_int(- ", e->items[0], "::numeric)");
	default: return emit_arithmetic(c, e);
	}
}

/* before VALUE after FROM … WHERE … of an aggregate; the lines' alias is known once they are written, so these move. */
static int emit_lines_of(struct emit *c, const struct expr *e, size_t at, const char *before, const char *after)
{
	struct buf *text = &c->sql->text;
	size_t start = text->len;
	const char *alias;
	if (emit_lines(c, e->items[0], &alias))
		return -1;
	size_t n = text->len - start;
	char *from = arena_strndup(c->sql->arena, text->data + start, n);
	text->len = start;
	struct scope_kept kept = emit_scope(c, e, alias);
	emit_put(c, before);
	if (at == 2 && emit_value(c, e->items[1]))
		return -1;
	emit_put(c, after);
	buf_add(text, from, n);
	if (e->count > at && emit_constant(c, e->items[at]) != 1) {
		emit_put(c, " AND ");
		if (emit_condition(c, e->items[at], false))
			return -1;
	}
	emit_scope_end(c, kept);
	return 0;
}

static int emit_aggregate(struct emit *c, const struct expr *e)
{
	static const char *const wrapped[] = {[FUNCTION_SUM] = "COALESCE(sum(v.x), 0)",
										  [FUNCTION_MIN] = "min(v.x)",
										  [FUNCTION_MAX] = "max(v.x)",
										  [FUNCTION_AVG] = "ostov.divide(sum(v.x), count(v.x))"};
	static const char *const before[] = {[FUNCTION_SUM] = "COALESCE(sum(", [FUNCTION_MIN] = "min(", [FUNCTION_MAX] = "max("};
	static const char *const after[] = {[FUNCTION_SUM] = "), 0)", [FUNCTION_MIN] = ")", [FUNCTION_MAX] = ")"};
	enum expr_function_code code = e->function->code;
	struct value v;
	bool given;
	if (emit_lines_given(c, e, &given, &v))
		return -1;
	if (given) {
		emit_given(c, e->type.kind, v);
		return 0;
	}
	bool fit = code == FUNCTION_SUM && e->type.kind != EXPR_DEC;
	emit_put(c, fit ? "ostov.fit_int((SELECT " : "(SELECT ");
	if (code == FUNCTION_COUNT) {
		if (emit_lines_of(c, e, 1, "count(*)", ""))
			return -1;
	} else if (code != FUNCTION_AVG && e->items[1]->node == NODE_FIELD && e->items[1]->count == 0 &&
			   e->items[1]->field->storage == EXPR_COLUMN) {
		if (emit_lines_of(c, e, 2, before[code], after[code]))
			return -1;
	} else {
		/* an aggregate belongs to the query of the columns in it: here that is always this one, even when its value is of the outer record alone */
		emit_put(c, wrapped[code]);
		if (emit_lines_of(c, e, 2, " FROM (SELECT ", " AS x"))
			return -1;
		emit_put(c, ") AS v");
	}
	emit_put(c, fit ? "))" : ")");
	return 0;
}

static int emit_iif(struct emit *c, const struct expr *e)
{
	int constant = emit_constant(c, e->items[0]);
	if (constant >= 0)
		return emit_value(c, e->items[constant ? 1 : 2]);
	emit_put(c, "(CASE WHEN ");
	if (emit_condition(c, e->items[0], false))
		return -1;
	return emit_pair(c, " THEN ", e->items[1], " ELSE ", e->items[2], " END)");
}

static int emit_value_call(struct emit *c, const struct expr *e)
{
	char tail[32];
	const struct expr *x = e->count ? e->items[0] : NULL;
	switch (e->function->code) {
	case FUNCTION_COUNT:
	case FUNCTION_SUM:
	case FUNCTION_MIN:
	case FUNCTION_MAX:
	case FUNCTION_AVG: return emit_aggregate(c, e);
	case FUNCTION_TODAY: pg_sql_slot(c->sql, (struct pg_slot){.kind = PG_SLOT_TODAY, .type = PG_DATE}); return 0;
	case FUNCTION_NOW: pg_sql_slot(c->sql, (struct pg_slot){.kind = PG_SLOT_NOW, .type = PG_TIMESTAMPTZ}); return 0;
	case FUNCTION_HOURS: return emit_one(c, "ostov.hours(", x, ")");
	case FUNCTION_YEAR: return emit_one(c, "extract(year FROM ", x, ")::bigint");
	case FUNCTION_MONTH: return emit_one(c, "extract(month FROM ", x, ")::bigint");
	case FUNCTION_DATE_OF:
		if (emit_one(c, "ostov.date_of(", x, ", "))
			return -1;
		emit_zone(c);
		emit_put(c, ")");
		return 0;
	case FUNCTION_END_OF_DAY:
		if (emit_one(c, "ostov.end_of_day(", x, ", "))
			return -1;
		emit_zone(c);
		emit_put(c, ")");
		return 0;
	case FUNCTION_LOWER: return emit_one(c, "ostov.lower(", x, ")");
	case FUNCTION_IIF: return emit_iif(c, e);
	case FUNCTION_COALESCE:
		emit_put(c, "COALESCE(");
		for (size_t i = 0; i < e->count; i++)
			if (emit_one(c, i ? ", " : "", e->items[i], ""))
				return -1;
		emit_put(c, ")");
		return 0;
	case FUNCTION_ROUND:
		if (x->type.kind == EXPR_INT)
			return emit_value(c, x);
		if (e->type.kind == EXPR_INT)
			return emit_one(c, "ostov.fit_int(", x, ")");
		snprintf(tail, sizeof tail, ", %d)", e->type.scale);
		return emit_one(c, "round(", x, tail);
	case FUNCTION_ABS: return e->type.kind == EXPR_DEC ? emit_one(c, "abs(", x, ")") : emit_one(c, "ostov.fit_int(abs(", x, "::numeric))");
	case FUNCTION_ROLE:
		emit_put(c, "ARRAY(SELECT user_id FROM ostov.role_member WHERE role = ");
		pg_sql_value(c->sql, PG_TEXT, x->value);
		emit_put(c, " ORDER BY 1)");
		return 0;
	default: return err_set(c->err, ERR_INTERNAL, "%s gives no value", e->name);
	}
}

static void emit_literal(struct emit *c, const struct expr *e)
{
	if (e->input >= 0)
		pg_sql_input(c->sql, emit_type(e->type.kind), e->input);
	else if (e->literal)
		pg_sql_literal(c->sql, emit_type(e->type.kind), e->value, e->literal);
	else
		emit_given(c, e->type.kind, e->value);
}

int emit_value(struct emit *c, const struct expr *e)
{
	if (emit_step(c))
		return -1;
	bool choice = e->node == NODE_CALL && (e->function->code == FUNCTION_IIF || e->function->code == FUNCTION_COALESCE);
	if (e->condition && !choice) {
		int constant = emit_constant(c, e);
		if (constant >= 0) {
			emit_put(c, constant ? "true" : "false");
			return 0;
		}
		emit_put(c, "((");
		if (emit_condition(c, e, false))
			return -1;
		emit_put(c, ") IS TRUE)");
		return 0;
	}
	switch (e->node) {
	case NODE_LITERAL: emit_literal(c, e); return 0;
	case NODE_FIELD: return emit_field(c, e);
	case NODE_ME: pg_sql_slot(c->sql, (struct pg_slot){.kind = PG_SLOT_ME, .type = PG_INT8}); return 0; /* NULL for nobody */
	case NODE_RECORD: return emit_record(c, e);
	case NODE_OP: return emit_value_op(c, e);
	case NODE_CALL: return emit_value_call(c, e);
	default: return err_set(c->err, ERR_INTERNAL, "a set is no value");
	}
}
