/* Types of calls. */
#include <string.h>

#include "base/arena.h"
#include "base/decimal.h"
#include "base/text.h"
#include "expr/expr_check.h"
#include "expr/expr_regex.h"

static int arguments(struct checker *c, struct expr *e)
{
	const struct expr_function *f = e->function;
	int n = (int)e->count;
	if (n >= f->min && (f->max < 0 || n <= f->max))
		return 0;
	if (f->min == f->max)
		f->min == 1 ? check_fail(c, e, ERR_TYPE, SAY_EXPR_ARG, e->name, say_number(c->arena, n))
					: check_fail(c, e, ERR_TYPE, SAY_EXPR_ARGS, e->name, say_number(c->arena, f->min), say_number(c->arena, n));
	else if (f->max < 0)
		check_fail(c, e, ERR_TYPE, f->min == 1 ? SAY_EXPR_ARG_MIN : SAY_EXPR_ARGS_MIN, e->name, say_number(c->arena, f->min));
	else
		check_fail(c, e, ERR_TYPE, SAY_EXPR_ARGS_RANGE, e->name, say_number(c->arena, f->min), say_number(c->arena, f->max),
				   say_number(c->arena, n));
	return err_hint(c->err, "%s", f->signature);
}

/* Types argument i, which must be of a kind; `what` names it. */
static int argument(struct checker *c, struct expr *e, size_t i, enum expr_kind kind)
{
	const struct expr_type want = {.kind = kind};
	struct expr *x = e->items[i];
	if (check_node(c, x, kind == EXPR_DEC ? NULL : &want))
		return -1;
	if (expr_is_nil(x))
		x->type = want;
	bool fits = x->type.kind == kind || (kind == EXPR_DEC && x->type.kind == EXPR_INT);
	if (fits)
		return 0;
	check_fail(c, x, ERR_TYPE, SAY_EXPR_TAKES, e->name, kind == EXPR_DEC ? "a number" : expr_type_name(c->arena, &want), check_text(c, x),
			   expr_type_name(c->arena, &x->type));
	if (kind == EXPR_DATE && x->type.kind == EXPR_TIME)
		return err_hint(c->err, "%s(date_of(%s))", e->name, check_text(c, x));
	return err_hint(c->err, "%s", e->function->signature);
}

/* Arms that are one value: each gets the type of the whole. */
static int unify(struct checker *c, struct expr *e, size_t first, const struct expr_type *want)
{
	struct expr_type type = {.kind = EXPR_NIL};
	const struct expr *of = NULL; /* the arm that gave the type */
	int digits = 0, scale = 0;
	bool condition = true;
	for (int flexible = 0; flexible < 2; flexible++) {
		for (size_t i = first; i < e->count; i++) {
			struct expr *x = e->items[i];
			if (check_is_flexible(x) != (bool)flexible)
				continue;
			if (check_node(c, x, want ? want : of ? &type : NULL))
				return -1;
			if (expr_is_nil(x)) {
				condition = false;
				continue;
			}
			if (x->type.kind == EXPR_SPAN || x->type.kind == EXPR_RECORDS) {
				check_fail(c, x, ERR_TYPE, SAY_EXPR_CHOSEN, check_text(c, x), expr_type_name(c->arena, &x->type));
				return x->type.kind == EXPR_SPAN ? err_hint(c->err, "write days(%s(…)) of numbers", e->name) : -1;
			}
			if (of && (!check_comparable(of, x) || (of->type.kind != x->type.kind && !(check_is_number(of) && check_is_number(x)))))
				return check_fail(c, x, ERR_TYPE, SAY_EXPR_ONE_TYPE, e->name, check_text(c, of), expr_type_name(c->arena, &of->type),
								  check_text(c, x), expr_type_name(c->arena, &x->type));
			if (of && !check_currency(c, x, of, x))
				return -1;
			if (!of || (type.kind == EXPR_INT && x->type.kind == EXPR_DEC)) {
				type = x->type;
				of = x;
			}
			if (x->digits > digits)
				digits = x->digits;
			if (x->type.scale > scale)
				scale = x->type.scale;
			condition = condition && x->condition;
		}
	}
	type.scale = scale;
	e->type = type;
	e->digits = digits;
	e->condition = condition && type.kind == EXPR_BOOL;
	for (size_t i = first; i < e->count; i++)
		if (expr_is_nil(e->items[i]))
			e->items[i]->type = type;
	return check_digits(c, e);
}

/* The condition says that every line's `currency` is that of the outer record ("currency == record.currency"): the path of that one from there, else NULL. */
static const char *one_currency(struct checker *c, const struct expr *condition, const char *currency)
{
	if (condition->node != NODE_OP || (condition->op != EXPR_AND && condition->op != EXPR_EQ))
		return NULL;
	if (condition->op == EXPR_AND) {
		const char *found = NULL;
		for (size_t i = 0; i < condition->count && !found; i++)
			found = one_currency(c, condition->items[i], currency);
		return found;
	}
	for (int i = 0; i < 2; i++) {
		const struct expr *own = condition->items[i], *outer = condition->items[1 - i];
		const char *path = outer->node == NODE_FIELD ? check_path(c, outer) : "";
		if (own->node == NODE_FIELD && strcmp(check_path(c, own), currency) == 0 && strncmp(path, "record.", 7) == 0)
			return path + 7;
	}
	return NULL;
}

static int check_aggregate(struct checker *c, struct expr *e)
{
	struct expr *lines = e->items[0];
	enum expr_function_code code = e->function->code;
	if (check_node(c, lines, NULL))
		return -1;
	if (lines->type.kind != EXPR_RECORDS || !lines->type.table) {
		check_fail(c, lines, ERR_TYPE, SAY_EXPR_SEVERAL, e->name, check_text(c, lines), expr_type_name(c->arena, &lines->type));
		if (lines->type.kind == EXPR_RECORD)
			return err_hint(c->err, "one record's fields are named by a path: %s.…", check_text(c, lines));
		return err_hint(c->err, "%s", e->function->signature);
	}
	e->table = lines->type.table;
	struct checker outer = *c;
	e->shifts = c->table != NULL;
	if (c->table)
		c->record = c->table;
	c->table = e->table;
	bool valued = code >= FUNCTION_SUM;
	size_t at = valued ? 2 : 1;
	int r = valued ? check_node(c, e->items[1], NULL) : 0;
	if (r == 0 && e->count > at)
		r = check_is_condition(c, e->items[at], e->name);
	c->table = outer.table;
	c->record = outer.record;
	if (r)
		return -1;
	if (code == FUNCTION_ANY) {
		check_condition_set(e);
		return 0;
	}
	if (code == FUNCTION_COUNT) {
		check_type_set(e, EXPR_INT);
		e->digits = 19;
		return 0;
	}
	struct expr *x = e->items[1];
	enum expr_kind k = x->type.kind;
	bool number = k == EXPR_INT || k == EXPR_DEC, fits = number || (k == EXPR_DURATION && code != FUNCTION_AVG);
	if (code == FUNCTION_MIN || code == FUNCTION_MAX)
		fits = fits || k == EXPR_DATE || k == EXPR_TIME;
	if (!fits) {
		check_fail(c, x, ERR_TYPE, SAY_EXPR_TAKES_NO, e->name, expr_type_name(c->arena, &x->type) + (k == EXPR_NIL ? 0 : 2));
		return err_hint(c->err, "%s", e->function->signature);
	}
	const char *currency = x->type.currency;
	if (currency)
		currency = strncmp(currency, "record.", 7) == 0 ? currency + 7 : e->count > 2 ? one_currency(c, e->items[2], currency) : NULL;
	if (x->type.currency && !currency) {
		check_fail(c, x, ERR_TYPE, SAY_EXPR_MIXED, e->name);
		return err_hint(c->err, "with the condition %s == record.… those of one currency of the outer record are taken", x->type.currency);
	}
	e->type = x->type;
	e->type.currency = currency;
	e->digits = x->digits + (code == FUNCTION_SUM ? 19 : 0);
	if (code == FUNCTION_AVG) {
		check_type_set(e, EXPR_DEC);
		e->type.scale = DECIMAL_DIVISION_SCALE;
	}
	return check_digits(c, e);
}

static int check_matches(struct checker *c, struct expr *e)
{
	struct expr *p = e->items[1];
	if (argument(c, e, 0, EXPR_TEXT))
		return -1;
	if (p->node != NODE_LITERAL || p->input >= 0 || p->value.kind != VALUE_TEXT) {
		check_fail(c, p, ERR_TYPE, SAY_EXPR_PATTERN);
		return err_hint(c->err, "%s", e->function->signature);
	}
	check_type_set(p, EXPR_TEXT);
	struct expr_regex *re;
	const char *problem;
	size_t at;
	if (expr_regex_compile(c->arena, p->value.text.s, p->value.text.len, &re, &problem, &at)) {
		check_fail(c, p, ERR_TYPE, SAY_EXPR_BAD_PATTERN, p->value.text.s, problem);
		if (c->err && p->column && (int)(p->value.text.len + 2) == p->width) {
			c->err->column = p->column + 1 + (int)at;
			c->err->width = 1;
		}
		return -1;
	}
	e->regex = re;
	check_condition_set(e);
	return 0;
}

static int check_role(struct checker *c, struct expr *e)
{
	struct expr *x = e->items[0];
	if (x->node != NODE_LITERAL || x->input >= 0 || x->value.kind != VALUE_TEXT) {
		check_fail(c, x, ERR_TYPE, SAY_EXPR_ROLE_NAME, e->name);
		return err_hint(c->err, "%s", e->function->signature);
	}
	check_type_set(x, EXPR_TEXT);
	if (!c->scope->user)
		return check_fail(c, e, ERR_TYPE, SAY_EXPR_CALL_NOT_HERE, e->name);
	if (c->scope->role_known && !c->scope->role_known(c->scope->ctx, x->value.text.s))
		return check_fail(c, x, ERR_UNKNOWN_FIELD, SAY_EXPR_NO_ROLE, x->value.text.s);
	if (e->function->code == FUNCTION_HAS_ROLE) {
		check_condition_set(e);
	} else {
		check_type_set(e, EXPR_RECORDS);
		e->type.table = c->scope->user;
	}
	return 0;
}

static int check_under(struct checker *c, struct expr *e)
{
	struct expr *x = e->items[0], *y = e->items[1];
	for (size_t i = 0; i < 2; i++) {
		if (check_node(c, e->items[i], NULL))
			return -1;
		if (e->items[i]->type.kind != EXPR_RECORD) {
			check_fail(c, e->items[i], ERR_TYPE, SAY_EXPR_UNDER, check_text(c, e->items[i]), expr_type_name(c->arena, &e->items[i]->type));
			return err_hint(c->err, "%s", e->function->signature);
		}
	}
	if (x->type.table != y->type.table)
		return check_fail(c, e, ERR_TYPE, SAY_EXPR_UNDER_BOTH, check_text(c, x), expr_type_name(c->arena, &x->type), check_text(c, y),
						  expr_type_name(c->arena, &y->type));
	if (!x->type.table->tree) {
		check_fail(c, e, ERR_TYPE, SAY_EXPR_NO_TREE, x->type.table->name);
		return err_hint(c->err, "a section is one with tree = \"parent\"");
	}
	e->table = x->type.table;
	check_condition_set(e);
	return 0;
}

static int check_round(struct checker *c, struct expr *e)
{
	if (argument(c, e, 0, EXPR_DEC))
		return -1;
	const struct expr *x = e->items[0];
	int scale = 0;
	if (e->count == 2) {
		struct expr *n = e->items[1];
		if (n->node != NODE_LITERAL || n->input >= 0 || n->value.kind != VALUE_INT || n->value.i < 0 ||
			n->value.i > DECIMAL_DIVISION_SCALE) {
			check_fail(c, n, ERR_TYPE, SAY_EXPR_ROUND, say_number(c->arena, DECIMAL_DIVISION_SCALE));
			return err_hint(c->err, "%s", e->function->signature);
		}
		check_type_set(n, EXPR_INT);
		scale = (int)n->value.i;
	}
	e->digits = x->digits + 1;
	e->type = x->type;
	e->type.kind = e->count == 1 || x->type.kind == EXPR_INT ? EXPR_INT : EXPR_DEC;
	e->type.scale = e->type.kind == EXPR_INT ? 0 : scale;
	if (e->type.kind == EXPR_INT)
		e->type.currency = NULL;
	return check_digits(c, e);
}

int check_call(struct checker *c, struct expr *e, const struct expr_type *want)
{
	e->function = expr_function_find(e->name);
	if (!e->function) {
		check_fail(c, e, ERR_UNKNOWN_FIELD, SAY_EXPR_NO_FUNCTION, e->name);
		if (strcmp(e->name, "convert") == 0)
			return err_hint(c->err, "not yet: keep the rate beside the amount, and amount * rate as a formula of type decimal");
		const char *near = expr_function_nearest(e->name);
		return near ? err_tell_hint(c->err, SAY_DID_YOU_MEAN, near) : -1;
	}
	if (arguments(c, e))
		return -1;
	switch (e->function->code) {
	case FUNCTION_ANY:
	case FUNCTION_COUNT:
	case FUNCTION_SUM:
	case FUNCTION_MIN:
	case FUNCTION_MAX:
	case FUNCTION_AVG: return check_aggregate(c, e);
	case FUNCTION_TODAY: check_type_set(e, EXPR_DATE); return 0;
	case FUNCTION_NOW: check_type_set(e, EXPR_TIME); return 0;
	case FUNCTION_DAYS:
	case FUNCTION_WORKDAYS:
	case FUNCTION_MONTHS: check_type_set(e, EXPR_SPAN); return argument(c, e, 0, EXPR_INT);
	case FUNCTION_HOURS: check_type_set(e, EXPR_DURATION); return argument(c, e, 0, EXPR_DEC);
	case FUNCTION_YEAR:
	case FUNCTION_MONTH:
		check_type_set(e, EXPR_INT);
		e->digits = 4;
		return argument(c, e, 0, EXPR_DATE);
	case FUNCTION_DATE_OF: check_type_set(e, EXPR_DATE); return argument(c, e, 0, EXPR_TIME);
	case FUNCTION_END_OF_DAY: check_type_set(e, EXPR_TIME); return argument(c, e, 0, EXPR_DATE);
	case FUNCTION_LOWER: check_type_set(e, EXPR_TEXT); return argument(c, e, 0, EXPR_TEXT);
	case FUNCTION_CONTAINS:
	case FUNCTION_STARTS_WITH:
	case FUNCTION_ENDS_WITH: check_condition_set(e); return argument(c, e, 0, EXPR_TEXT) || argument(c, e, 1, EXPR_TEXT) ? -1 : 0;
	case FUNCTION_MATCHES: return check_matches(c, e);
	case FUNCTION_IIF: return check_is_condition(c, e->items[0], "iif") || unify(c, e, 1, want) ? -1 : 0;
	case FUNCTION_COALESCE: return unify(c, e, 0, want);
	case FUNCTION_ROUND: return check_round(c, e);
	case FUNCTION_ABS:
		if (argument(c, e, 0, EXPR_DEC))
			return -1;
		e->type = e->items[0]->type;
		e->digits = e->items[0]->digits;
		return 0;
	case FUNCTION_HAS_ROLE:
	case FUNCTION_ROLE: return check_role(c, e);
	case FUNCTION_UNDER: return check_under(c, e);
	}
	return -1;
}
