/* Resolves names and finds types, in place. What stands in a node before and after is written in expr_private.h; calls are typed in expr_call.c. */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/date.h"
#include "base/decimal.h"
#include "base/err.h"
#include "base/text.h"
#include "expr/expr_check.h"

const char *expr_type_name(struct arena *a, const struct expr_type *t)
{
	switch (t->kind) {
	case EXPR_ANY: return "anything";
	case EXPR_NIL: return "nil";
	case EXPR_BOOL: return "a boolean";
	case EXPR_INT: return "an integer";
	case EXPR_DEC: return "a decimal";
	case EXPR_TEXT: return "a text";
	case EXPR_CHOICE: return "a choice";
	case EXPR_DATE: return "a date";
	case EXPR_TIME:
	case EXPR_DEADLINE: return "a datetime";
	case EXPR_DURATION: return "a duration";
	case EXPR_SPAN: return "a span of days or months";
	case EXPR_RECORD: return t->table ? arena_printf(a, "a record of %s", t->table->name) : "a record";
	case EXPR_RECORDS: return t->table ? arena_printf(a, "several records of %s", t->table->name) : "a set";
	}
	return "a value";
}

const char *check_text(struct checker *c, const struct expr *e)
{
	struct buf b = BUF_INIT;
	expr_print(&b, e);
	size_t n = b.len;
	if (n > 60) {
		n = 57;
		while (n && ((unsigned char)b.data[n] & 0xc0) == 0x80)
			n--;
	}
	const char *s = arena_printf(c->arena, "%.*s%s", (int)n, b.data, n < b.len ? "…" : "");
	buf_destroy(&b);
	return s;
}

int check_place(struct checker *c, const struct expr *e)
{
	if (c->err) {
		c->err->column = e->column;
		c->err->width = e->width;
	}
	return -1;
}

static const struct expr_field *find_field(struct checker *c, const struct expr_table *t, const char *name)
{
	const struct expr_scope *s = c->scope;
	return s->find ? s->find(s->ctx, t, name, strlen(name)) : t->find(t, name, strlen(name));
}

/* Hints at a near name; one that this user may not see is not given away. */
static int hint_name(struct checker *c, const struct expr *e, const struct expr_table *t)
{
	static const char *const words[] = {"me", "record", "old", "true", "false", "nil"};
	const char *near = t && t->nearest ? t->nearest(t, e->name) : NULL;
	if (near && !find_field(c, t, near))
		near = NULL;
	if (!near && e->count == 0 && expr_function_find(e->name))
		return err_hint(c->err, "%s is a function: %s", e->name, expr_function_find(e->name)->signature);
	if (!near && e->count == 0)
		near = text_nearest(e->name, words, sizeof words / sizeof *words);
	return near ? err_tell_hint(c->err, SAY_DID_YOU_MEAN, near) : -1;
}

void check_type_set(struct expr *e, enum expr_kind kind)
{
	e->type = (struct expr_type){.kind = kind};
}

void check_condition_set(struct expr *e)
{
	check_type_set(e, EXPR_BOOL);
	e->condition = true;
}

bool check_is_number(const struct expr *e)
{
	return e->type.kind == EXPR_INT || e->type.kind == EXPR_DEC;
}

static const char *path_of(struct checker *c, const struct expr *e)
{
	if (e->node == NODE_OLD)
		return "";
	const char *base = e->node == NODE_FIELD && e->count ? path_of(c, e->items[0]) : "";
	return arena_printf(c->arena, "%s%s.", base, e->node == NODE_FIELD ? e->name : e->node == NODE_RECORD ? "record" : "");
}

const char *check_path(struct checker *c, const struct expr *field)
{
	const char *path = path_of(c, field);
	size_t len = strlen(path);
	return len ? arena_strndup(c->arena, path, len - 1) : path;
}

static void take_field(struct checker *c, struct expr *e, const struct expr_table *t, const struct expr_field *f)
{
	e->field = f;
	e->table = t;
	e->type = f->type;
	e->digits = f->type.kind == EXPR_INT ? 19 : EXPR_FIELD_DIGITS;
	if (f->type.kind == EXPR_DEC && f->type.currency && e->count)
		e->type.currency = arena_printf(c->arena, "%s%s", path_of(c, e->items[0]), f->type.currency);
}

static int check_bare(struct checker *c, struct expr *e)
{
	if (strcmp(e->name, "me") == 0 && c->scope->user) {
		e->node = NODE_ME;
		e->type = (struct expr_type){.kind = EXPR_RECORD, .table = c->scope->user};
		return 0;
	}
	if (strcmp(e->name, "record") == 0 && c->record) {
		e->node = NODE_RECORD;
		e->type = (struct expr_type){.kind = EXPR_RECORD, .table = c->record};
		return 0;
	}
	const struct expr_field *f = c->table ? find_field(c, c->table, e->name) : NULL;
	bool process = strcmp(e->name, "starter") == 0 || strcmp(e->name, "step") == 0;
	if (f) {
		take_field(c, e, c->table, f);
		return 0;
	}
	if (strcmp(e->name, "old") == 0 && c->scope->old) {
		check_fail(c, e, ERR_TYPE, SAY_EXPR_OLD);
		return err_hint(c->err, "write old.amount");
	}
	if (strcmp(e->name, "me") == 0 || strcmp(e->name, "record") == 0 || strcmp(e->name, "old") == 0) {
		check_fail(c, e, ERR_UNKNOWN_FIELD, SAY_EXPR_NOT_HERE, e->name);
		if (e->name[0] == 'o')
			err_hint(c->err, "old.field stands in checks and hooks");
		else if (e->name[0] == 'r')
			err_hint(c->err, "record is the outer record inside any(…), sum(…) and where");
		return -1;
	}
	if (c->table)
		check_fail(c, e, ERR_UNKNOWN_FIELD, SAY_EXPR_NO_FIELD, e->name, c->table->name);
	else
		check_fail(c, e, ERR_UNKNOWN_FIELD, SAY_EXPR_NO_NAME, e->name);
	err_target(c->err, e->name);
	if (process)
		return err_hint(c->err, "%s stands in processes", e->name);
	if (strcmp(e->name, "approvals") == 0 || strcmp(e->name, "tasks") == 0)
		return err_hint(c->err, "not yet: %s come with processes", e->name);
	return hint_name(c, e, c->table);
}

static int check_step(struct checker *c, struct expr *e)
{
	struct expr *base = e->items[0];
	const struct expr_table *t;
	if (base->node == NODE_FIELD && base->count == 0 && strcmp(base->name, "old") == 0 &&
		(c->scope->old || !c->table || !find_field(c, c->table, "old"))) {
		if (!c->scope->old || !c->scope->table)
			return check_bare(c, base);
		base->node = NODE_OLD;
		base->type = (struct expr_type){.kind = EXPR_RECORD, .table = c->scope->table};
		t = c->scope->table;
	} else {
		if (check_node(c, base, NULL))
			return -1;
		t = base->type.table;
		if (base->type.kind == EXPR_RECORDS && t) {
			check_fail(c, e, ERR_TYPE, SAY_EXPR_OVER_ONE, check_text(c, base), expr_type_name(c->arena, &base->type));
			return err_hint(c->err, "any(%s, …), count, sum, min, max and avg look at each of them", check_text(c, base));
		}
		if (base->type.kind != EXPR_RECORD)
			return check_fail(c, e, ERR_TYPE, SAY_EXPR_NO_FIELDS, check_text(c, base), expr_type_name(c->arena, &base->type));
	}
	const struct expr_field *f = find_field(c, t, e->name);
	if (!f) {
		check_fail(c, e, ERR_UNKNOWN_FIELD, SAY_EXPR_NO_FIELD, e->name, t->name);
		err_target(c->err, e->name);
		return hint_name(c, e, t);
	}
	if (base->node == NODE_OLD && f->storage == EXPR_DETAIL) {
		check_fail(c, e, ERR_TYPE, SAY_EXPR_OLD_LINES, e->name);
		return -1;
	}
	take_field(c, e, t, f);
	return 0;
}

static int digits_of(const struct value *v)
{
	int n = 0;
	if (v->kind == VALUE_INT)
		return 19;
	for (size_t i = 0; i < v->text.len && v->text.s[i] != '.'; i++)
		n++;
	return n;
}

/* A text literal where a code is wanted. */
static int check_code(struct checker *c, struct expr *e, const struct expr_type *want)
{
	e->literal = 0;
	for (size_t i = 0; i < want->nvalues; i++)
		if (strcmp(want->values[i], e->value.text.s) == 0 && strlen(want->values[i]) == e->value.text.len) {
			e->type = *want;
			return 0;
		}
	check_fail(c, e, ERR_TYPE, SAY_EXPR_NO_CODE, e->value.text.s);
	const char *near = text_nearest(e->value.text.s, want->values, want->nvalues);
	if (near)
		return err_tell_hint(c->err, SAY_DID_YOU_MEAN, near);
	struct buf b = BUF_INIT;
	for (size_t i = 0; i < want->nvalues && i < 12; i++)
		buf_printf(&b, "%s%s", i ? ", " : "", want->values[i]);
	if (want->nvalues > 12)
		buf_puts(&b, ", …");
	if (b.len)
		err_tell_hint(c->err, SAY_EXPR_VALUES, b.data);
	buf_destroy(&b);
	return -1;
}

static int check_text_literal(struct checker *c, struct expr *e, const struct expr_type *want)
{
	const char *s = e->value.text.s;
	size_t len = e->value.text.len;
	int64_t i;
	check_type_set(e, EXPR_TEXT);
	if (!want)
		return 0;
	if (want->kind == EXPR_CHOICE) {
		if (e->input < 0)
			return check_code(c, e, want);
		e->type = *want;
		return 0;
	}
	if (e->input >= 0)
		return 0;
	if (want->kind != EXPR_TEXT)
		e->literal = 0;
	if (want->kind == EXPR_DATE || (want->kind == EXPR_DEADLINE && len == 10)) {
		if (!date_parse(s, len, &i)) {
			check_fail(c, e, ERR_TYPE, SAY_EXPR_NO_DATE, s);
			return err_tell_hint(c->err, SAY_EXPR_DATES);
		}
		e->value = value_date(i);
		check_type_set(e, EXPR_DATE);
	} else if (want->kind == EXPR_TIME || want->kind == EXPR_DEADLINE) {
		if (!time_parse(s, len, &i)) {
			check_fail(c, e, ERR_TYPE, SAY_EXPR_NO_TIME, s);
			return err_hint(c->err, date_parse(s, len, &i) ? "a date is no datetime: compare date_of(…) with it"
														   : "datetimes are written \"2026-05-01T10:00:00+03:00\"");
		}
		e->value = value_time(i);
		check_type_set(e, EXPR_TIME);
	} else if (want->kind == EXPR_DURATION) {
		if (!duration_parse(s, len, &i)) {
			check_fail(c, e, ERR_TYPE, SAY_EXPR_NO_DURATION, s);
			return err_hint(c->err, "durations are written \"PT1H30M\", or hours(1.5)");
		}
		e->value = value_duration(i);
		check_type_set(e, EXPR_DURATION);
	}
	return 0;
}

static int check_literal(struct checker *c, struct expr *e, const struct expr_type *want)
{
	switch (e->value.kind) {
	case VALUE_NIL:
		if (e->input >= 0 && want) {
			e->type = *want;
			return 0;
		}
		check_type_set(e, EXPR_NIL);
		return 0;
	case VALUE_BOOL:
		check_type_set(e, EXPR_BOOL);
		e->condition = e->input < 0;
		return 0;
	case VALUE_INT:
		check_type_set(e, EXPR_INT);
		e->digits = 19;
		if (want && want->kind == EXPR_DEC) {
			if (e->input < 0)
				e->value = decimal_from_int(c->arena, e->value.i);
			check_type_set(e, EXPR_DEC);
		}
		return 0;
	case VALUE_DEC:
		check_type_set(e, EXPR_DEC);
		e->type.scale = e->input < 0 ? decimal_scale(&e->value) : 100;
		e->digits = e->input < 0 ? digits_of(&e->value) : 100;
		return 0;
	case VALUE_TEXT: return check_text_literal(c, e, want);
	case VALUE_DATE: check_type_set(e, EXPR_DATE); return 0;
	case VALUE_TIME: check_type_set(e, EXPR_TIME); return 0;
	case VALUE_DURATION: check_type_set(e, EXPR_DURATION); return 0;
	case VALUE_LIST: check_type_set(e, EXPR_RECORDS); return 0;
	}
	return -1;
}

bool check_is_flexible(const struct expr *e)
{
	if (e->node == NODE_LITERAL)
		return true;
	if (e->node != NODE_CALL || (strcmp(e->name, "iif") && strcmp(e->name, "coalesce")))
		return false;
	for (size_t i = e->name[0] == 'i'; i < e->count; i++)
		if (!check_is_flexible(e->items[i]))
			return false;
	return true;
}

static bool same_codes(const struct expr_type *x, const struct expr_type *y)
{
	if (x->values == y->values)
		return true;
	for (size_t i = 0; i < x->nvalues; i++)
		for (size_t j = 0; j < y->nvalues; j++)
			if (strcmp(x->values[i], y->values[j]) == 0)
				return true;
	return false;
}

bool check_currency(struct checker *c, const struct expr *at, const struct expr *x, const struct expr *y)
{
	const char *p = x->type.kind == EXPR_DEC ? x->type.currency : NULL, *q = y->type.kind == EXPR_DEC ? y->type.currency : NULL;
	if (x->node == NODE_LITERAL || y->node == NODE_LITERAL || p == q || (p && q && strcmp(p, q) == 0))
		return true;
	check_fail(c, at, ERR_TYPE, SAY_EXPR_CURRENCY, check_text(c, x), check_text(c, y));
	err_hint(c->err, "amounts of one currency field go together, and numbers that are written down");
	return false;
}

/* Why x and y cannot be compared; the error names both. */
static int mismatch(struct checker *c, const struct expr *at, const struct expr *x, const struct expr *y)
{
	enum expr_kind p = x->type.kind, q = y->type.kind;
	const char *xs = check_text(c, x), *ys = check_text(c, y);
	check_fail(c, at, ERR_TYPE, SAY_EXPR_COMPARE, xs, expr_type_name(c->arena, &x->type), ys, expr_type_name(c->arena, &y->type));
	if ((p == EXPR_DATE && q == EXPR_TIME) || (p == EXPR_TIME && q == EXPR_DATE))
		return err_hint(c->err, "a date is not a datetime: compare with date_of(%s)", p == EXPR_TIME ? xs : ys);
	if (p == EXPR_RECORDS || q == EXPR_RECORDS)
		return err_hint(c->err, "write 'in', or any(…) with a condition");
	if (p == EXPR_RECORD || q == EXPR_RECORD)
		return err_hint(c->err, "name a field of it: %s.…", p == EXPR_RECORD ? xs : ys);
	if (p == EXPR_CHOICE || q == EXPR_CHOICE)
		return err_hint(c->err, "a choice compares with its codes and with choices that have the same codes");
	if (p == EXPR_SPAN || q == EXPR_SPAN)
		return err_hint(c->err, "a span is added to a date: today() + days(3)");
	return -1;
}

bool check_comparable(const struct expr *x, const struct expr *y)
{
	enum expr_kind p = x->type.kind, q = y->type.kind;
	if (check_is_number(x) && check_is_number(y))
		return true;
	if ((p == EXPR_RECORD && q == EXPR_INT) || (p == EXPR_INT && q == EXPR_RECORD))
		return true;
	if (p != q || p == EXPR_SPAN || p == EXPR_RECORDS)
		return false;
	if (p == EXPR_RECORD)
		return x->type.table == y->type.table;
	if (p == EXPR_CHOICE)
		return same_codes(&x->type, &y->type);
	return true;
}

static int check_compare(struct checker *c, struct expr *e)
{
	struct expr *x = e->items[0], *y = e->items[1];
	bool equality = e->op == EXPR_EQ || e->op == EXPR_NE || e->op == EXPR_EQ_NULLS || e->op == EXPR_NE_NULLS;
	check_condition_set(e);
	if (expr_is_nil(x) || expr_is_nil(y)) {
		struct expr *nil = expr_is_nil(x) ? x : y, *other = nil == x ? y : x;
		if (check_node(c, other, NULL))
			return -1;
		if (!equality) {
			check_fail(c, e, ERR_TYPE, SAY_EXPR_NIL_ORDER);
			return err_hint(c->err, "write == nil or ~= nil");
		}
		if (other->type.kind == EXPR_SPAN || (other->type.kind == EXPR_RECORDS && !other->type.table))
			return check_fail(c, e, ERR_TYPE, SAY_EXPR_NEVER_NIL, check_text(c, other), expr_type_name(c->arena, &other->type));
		nil->type = other->type;
		return 0;
	}
	if (check_is_flexible(x) && !check_is_flexible(y)) {
		if (check_node(c, y, NULL) || check_node(c, x, &y->type))
			return -1;
	} else if (check_node(c, x, NULL) || check_node(c, y, &x->type)) {
		return -1;
	}
	if (!check_comparable(x, y))
		return mismatch(c, e, x, y);
	if (!check_currency(c, e, x, y))
		return -1;
	if (!equality &&
		(x->type.kind == EXPR_BOOL || x->type.kind == EXPR_CHOICE || x->type.kind == EXPR_RECORD || y->type.kind == EXPR_RECORD)) {
		check_fail(c, e, ERR_TYPE, SAY_EXPR_NO_ORDER, expr_type_name(c->arena, x->type.kind == EXPR_INT ? &y->type : &x->type));
		return err_hint(c->err, "== and ~= compare it");
	}
	return 0;
}

static int check_in(struct checker *c, struct expr *e)
{
	struct expr *x = e->items[0], *y = e->items[1];
	check_condition_set(e);
	if (y->node == NODE_SET) {
		check_type_set(y, EXPR_RECORDS);
		if (check_node(c, x, NULL))
			return -1;
		if (x->type.kind == EXPR_NIL)
			return check_fail(c, e, ERR_TYPE, SAY_EXPR_NIL_SET);
		if (x->type.kind == EXPR_SPAN || x->type.kind == EXPR_RECORDS)
			return check_fail(c, e, ERR_TYPE, SAY_EXPR_IN_NO_SET, check_text(c, x), expr_type_name(c->arena, &x->type));
		for (size_t i = 0; i < y->count; i++) {
			struct expr *item = y->items[i];
			if (check_node(c, item, &x->type))
				return -1;
			if (expr_is_nil(item)) {
				check_fail(c, item, ERR_TYPE, SAY_EXPR_NIL_SET);
				return err_hint(c->err, "write %s == nil or …", check_text(c, x));
			}
			if (!check_comparable(x, item))
				return mismatch(c, item, x, item);
			if (!check_currency(c, item, x, item))
				return -1;
		}
		return 0;
	}
	if (check_node(c, x, NULL) || check_node(c, y, NULL))
		return -1;
	if (y->node == NODE_LITERAL && y->value.kind == VALUE_LIST) {
		y->type.nvalues = 0;
		return 0;
	}
	if (y->type.kind != EXPR_RECORDS || !y->type.table) {
		check_fail(c, e, ERR_TYPE, SAY_EXPR_NO_SET, check_text(c, y), expr_type_name(c->arena, &y->type));
		return err_hint(c->err, y->type.kind == EXPR_RECORD ? "one record is compared by =="
															: "sets are {…}, details, lookups with many and role('…')");
	}
	if (!(x->type.kind == EXPR_RECORD && x->type.table == y->type.table) && x->type.kind != EXPR_INT)
		return check_fail(c, e, ERR_TYPE, SAY_EXPR_SETS, check_text(c, x), expr_type_name(c->arena, &x->type), check_text(c, y),
						  expr_type_name(c->arena, &y->type));
	return 0;
}

int check_is_condition(struct checker *c, struct expr *e, const char *who)
{
	if (check_node(c, e, NULL))
		return -1;
	if (e->type.kind == EXPR_BOOL)
		return 0;
	check_fail(c, e, ERR_TYPE, SAY_EXPR_CONDITION, who, check_text(c, e), expr_type_name(c->arena, &e->type));
	if (strcmp(who, "not") == 0)
		return err_hint(
			c->err, "'not' binds more tightly than comparisons: write not (x == y), x ~= y, x not in …; whether it is there is %s == nil",
			check_text(c, e));
	if (strcmp(who, "or") == 0 && e->type.kind != EXPR_NIL)
		return err_hint(c->err, "for the first value that is there write coalesce(a, b); to test it write %s ~= nil", check_text(c, e));
	return err_hint(c->err, "compare it: %s ~= nil", check_text(c, e));
}

int check_digits(struct checker *c, struct expr *e)
{
	if (e->type.kind == EXPR_INT && e->digits > 19)
		e->digits = 19;
	if (e->digits + e->type.scale <= EXPR_MAX_DIGITS)
		return 0;
	return check_fail(c, e, ERR_TOO_COMPLEX, SAY_EXPR_DIGITS, say_number(c->arena, EXPR_MAX_DIGITS));
}

static int cannot(struct checker *c, const struct expr *e, const struct expr *x, const struct expr *y)
{
	static const enum say_text verbs[] = {
		[EXPR_ADD] = SAY_EXPR_ADD, [EXPR_SUB] = SAY_EXPR_SUBTRACT, [EXPR_MUL] = SAY_EXPR_MULTIPLY, [EXPR_DIV] = SAY_EXPR_DIVIDE};
	const struct expr *first = e->op == EXPR_ADD || e->op == EXPR_SUB ? y : x, *second = first == y ? x : y;
	enum expr_kind p = x->type.kind, q = y->type.kind;
	check_fail(c, e, ERR_TYPE, verbs[e->op], expr_type_name(c->arena, &first->type), expr_type_name(c->arena, &second->type));
	if (p == EXPR_TEXT || q == EXPR_TEXT)
		return err_hint(c->err, "texts are joined by ..");
	if ((p == EXPR_DATE || p == EXPR_TIME) && (q == EXPR_INT || q == EXPR_DEC))
		return err_hint(c->err, "write days(%s), workdays(…) or months(…)%s", check_text(c, y), p == EXPR_TIME ? ", or hours(…)" : "");
	if (p == EXPR_DATE && q == EXPR_DURATION)
		return err_hint(c->err, "a date has no hours: write days(…)");
	if ((p == EXPR_DATE && q == EXPR_TIME) || (p == EXPR_TIME && q == EXPR_DATE))
		return err_hint(c->err, "a date is not a datetime: date_of(…) gives its date");
	if (p == EXPR_SPAN || q == EXPR_SPAN)
		return err_hint(c->err, "a span is added to a date, one after the other: today() + months(1) + days(2)");
	return -1;
}

static int check_numbers(struct checker *c, struct expr *e, const struct expr *x, const struct expr *y)
{
	bool whole = x->type.kind == EXPR_INT && y->type.kind == EXPR_INT && e->op != EXPR_DIV;
	check_type_set(e, whole ? EXPR_INT : EXPR_DEC);
	const char *p = x->type.currency, *q = y->type.currency;
	if (e->op == EXPR_ADD || e->op == EXPR_SUB) {
		if (!check_currency(c, e, x, y))
			return -1;
		e->type.scale = x->type.scale > y->type.scale ? x->type.scale : y->type.scale;
		e->digits = (x->digits > y->digits ? x->digits : y->digits) + 1;
		e->type.currency = p ? p : q;
	} else if (e->op == EXPR_MUL) {
		e->type.scale = x->type.scale + y->type.scale;
		e->digits = x->digits + y->digits;
		e->type.currency = p && q ? NULL : p ? p : q;
	} else {
		e->type.scale = DECIMAL_DIVISION_SCALE;
		e->digits = x->digits + y->type.scale + 1;
		e->type.currency = q ? NULL : p;
	}
	if (whole)
		e->type.scale = 0;
	return check_digits(c, e);
}

static int check_arithmetic(struct checker *c, struct expr *e)
{
	struct expr *x = e->items[0], *y = e->items[1];
	if (check_node(c, x, NULL) || check_node(c, y, NULL))
		return -1;
	/* "2026-05-01" + days(1), and nil in sums, take their type from the other side */
	if (x->node == NODE_LITERAL && x->type.kind == EXPR_TEXT && (y->type.kind == EXPR_SPAN || y->type.kind == EXPR_DATE)) {
		const struct expr_type date = {.kind = EXPR_DATE};
		if (check_node(c, x, &date))
			return -1;
	} else if (y->node == NODE_LITERAL && y->type.kind == EXPR_TEXT && (x->type.kind == EXPR_DATE || x->type.kind == EXPR_TIME) &&
			   e->op == EXPR_SUB) {
		if (check_node(c, y, &x->type))
			return -1;
	}
	if (expr_is_nil(x) || expr_is_nil(y))
		return check_fail(c, e, ERR_TYPE, SAY_EXPR_NIL_SUM);
	enum expr_kind p = x->type.kind, q = y->type.kind;
	if (check_is_number(x) && check_is_number(y))
		return check_numbers(c, e, x, y);
	bool add = e->op == EXPR_ADD, sub = e->op == EXPR_SUB;
	enum expr_kind result = EXPR_NIL;
	if ((add || sub) && (p == EXPR_DATE || p == EXPR_TIME) && q == EXPR_SPAN)
		result = p;
	else if (add && p == EXPR_SPAN && (q == EXPR_DATE || q == EXPR_TIME))
		result = q;
	else if ((add || sub) && p == EXPR_TIME && q == EXPR_DURATION)
		result = EXPR_TIME;
	else if (add && p == EXPR_DURATION && q == EXPR_TIME)
		result = EXPR_TIME;
	else if ((add || sub) && p == EXPR_DURATION && q == EXPR_DURATION)
		result = EXPR_DURATION;
	else if (sub && p == EXPR_TIME && q == EXPR_TIME)
		result = EXPR_DURATION;
	else if (sub && p == EXPR_DATE && q == EXPR_DATE)
		result = EXPR_INT;
	else if (e->op == EXPR_DIV && p == EXPR_DURATION && q == EXPR_DURATION)
		result = EXPR_DEC;
	if (result == EXPR_NIL)
		return cannot(c, e, x, y);
	check_type_set(e, result);
	e->digits = 19;
	if (result == EXPR_DEC)
		e->type.scale = DECIMAL_DIVISION_SCALE;
	return 0;
}

static int check_concat(struct checker *c, struct expr *e)
{
	check_type_set(e, EXPR_TEXT);
	for (size_t i = 0; i < e->count; i++) {
		struct expr *x = e->items[i];
		if (check_node(c, x, NULL))
			return -1;
		switch (x->type.kind) {
		case EXPR_TEXT:
		case EXPR_CHOICE:
		case EXPR_INT:
		case EXPR_DEC:
		case EXPR_DATE:
		case EXPR_TIME:
		case EXPR_NIL: break;
		default:
			check_fail(c, x, ERR_TYPE, SAY_EXPR_NO_TEXT, check_text(c, x), expr_type_name(c->arena, &x->type));
			return x->type.kind == EXPR_RECORD ? err_hint(c->err, "name a field of it: %s.…", check_text(c, x)) : -1;
		}
	}
	return 0;
}

static int check_op(struct checker *c, struct expr *e)
{
	switch (e->op) {
	case EXPR_OR:
	case EXPR_AND:
		check_condition_set(e);
		for (size_t i = 0; i < e->count; i++)
			if (check_is_condition(c, e->items[i], e->op == EXPR_OR ? "or" : "and"))
				return -1;
		return 0;
	case EXPR_NOT: check_condition_set(e); return check_is_condition(c, e->items[0], "not");
	case EXPR_IN:
	case EXPR_NOT_IN: return check_in(c, e);
	case EXPR_ADD:
	case EXPR_SUB:
	case EXPR_MUL:
	case EXPR_DIV: return check_arithmetic(c, e);
	case EXPR_CONCAT: return check_concat(c, e);
	case EXPR_NEG: {
		struct expr *x = e->items[0];
		if (check_node(c, x, NULL))
			return -1;
		if (!check_is_number(x) && x->type.kind != EXPR_DURATION) {
			check_fail(c, e, ERR_TYPE, SAY_EXPR_NO_SIGN, check_text(c, x), expr_type_name(c->arena, &x->type));
			return x->type.kind == EXPR_SPAN ? err_hint(c->err, "write days(-3), or subtract it") : -1;
		}
		e->type = x->type;
		e->digits = x->digits;
		return 0;
	}
	default: return check_compare(c, e);
	}
}

int check_node(struct checker *c, struct expr *e, const struct expr_type *want)
{
	switch (e->node) {
	case NODE_LITERAL: return check_literal(c, e, want);
	case NODE_SET: check_fail(c, e, ERR_TYPE, SAY_EXPR_SET_PLACE); return -1;
	case NODE_FIELD: return e->count ? check_step(c, e) : check_bare(c, e);
	case NODE_OP: return check_op(c, e);
	case NODE_CALL: return check_call(c, e, want);
	default: return 0;
	}
}

/* The place's type against the tree's. */
static int check_wanted(struct checker *c, struct expr *e, const struct expr_type *want)
{
	enum expr_kind w = want->kind, k = e->type.kind;
	bool fits = false;
	if (k == EXPR_SPAN || (k == EXPR_RECORDS && !e->type.table)) {
		check_fail(c, e, ERR_TYPE, SAY_EXPR_NO_VALUE, check_text(c, e), expr_type_name(c->arena, &e->type));
		return k == EXPR_SPAN ? err_hint(c->err, "add it to a date: today() + %s", check_text(c, e)) : -1;
	}
	if (w == EXPR_ANY)
		return 0;
	if (k == EXPR_NIL) {
		e->type = *want;
		if (w == EXPR_DEADLINE)
			e->type.kind = EXPR_TIME;
		return 0;
	}
	switch (w) {
	case EXPR_INT:
	case EXPR_DEC: fits = k == EXPR_INT || k == EXPR_DEC; break;
	case EXPR_TEXT: fits = k == EXPR_TEXT || k == EXPR_CHOICE; break;
	case EXPR_CHOICE: fits = k == EXPR_CHOICE && same_codes(want, &e->type); break;
	case EXPR_DEADLINE: fits = k == EXPR_TIME || k == EXPR_DATE; break;
	case EXPR_RECORD: fits = k == EXPR_RECORD && (!want->table || want->table == e->type.table); break;
	case EXPR_RECORDS: fits = (k == EXPR_RECORDS || k == EXPR_RECORD) && (!want->table || want->table == e->type.table); break;
	default: fits = w == k;
	}
	if (!fits) {
		check_fail(c, e, ERR_TYPE, SAY_EXPR_WANTED, w == EXPR_BOOL ? "a condition" : expr_type_name(c->arena, want), check_text(c, e),
				   expr_type_name(c->arena, &e->type));
		if (w == EXPR_BOOL)
			return err_hint(c->err, "compare it: %s ~= nil", check_text(c, e));
		if (w == EXPR_TEXT)
			return err_hint(c->err, "\"\" .. %s makes a text of it", check_text(c, e));
		if (w == EXPR_DATE && k == EXPR_TIME)
			return err_hint(c->err, "date_of(%s) gives its date", check_text(c, e));
		return -1;
	}
	if (w == EXPR_DEC && want->currency && e->type.currency && strcmp(want->currency, e->type.currency) != 0)
		return check_fail(c, e, ERR_TYPE, SAY_EXPR_OTHER_CURRENCY, check_text(c, e));
	if (w == EXPR_DEADLINE && k == EXPR_DATE) {
		struct expr *date = arena_new(c->arena, struct expr);
		*date = *e;
		struct expr *call = expr_node_new(c->arena, NODE_CALL);
		call->name = "end_of_day";
		call->function = expr_function_find("end_of_day");
		call->column = e->column;
		call->width = e->width;
		expr_node_add(c->arena, call, date);
		check_type_set(call, EXPR_TIME);
		*e = *call;
	}
	return 0;
}

int expr_check(struct arena *a, struct expr *e, const struct expr_scope *scope, const struct expr_type *want, struct err *err)
{
	static const struct expr_type any = {.kind = EXPR_ANY};
	struct checker c = {.arena = a, .scope = scope, .table = scope->table, .record = scope->record, .err = err};
	if (e->depth > EXPR_MAX_DEPTH || e->nodes > EXPR_MAX_NODES)
		return check_fail(&c, e, ERR_TOO_COMPLEX, e->nodes > EXPR_MAX_NODES ? SAY_EXPR_PARTS : SAY_EXPR_LEVELS);
	if (!want)
		want = &any;
	if (check_node(&c, e, want->kind == EXPR_ANY ? NULL : want))
		return -1;
	return check_wanted(&c, e, want);
}
