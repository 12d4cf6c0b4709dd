/* Operators and functions on plain values. Each says what its SQL in expr_sql_value.c and expr_system.c says. */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/date.h"
#include "base/decimal.h"
#include "base/text.h"
#include "expr/expr_regex.h"
#include "expr/expr_run.h"

#define DAY INT64_C(86400000000)
#define FIRST_DAY INT64_C(-719162) /* 0001-01-01 */
#define LAST_DAY INT64_C(2932896)  /* 9999-12-31 */

struct value run_decimal(struct run *r, const struct value *v)
{
	return v->kind == VALUE_DEC ? *v : decimal_from_int(r->arena, v->i);
}

struct value run_fit_int(struct run *r, const struct value *v)
{
	int64_t i;
	if (v->kind != VALUE_DEC)
		return v->kind == VALUE_NIL ? *v : value_int(v->i);
	struct value rounded = decimal_round(r->arena, v, 0);
	return decimal_to_int(&rounded, &i) ? value_int(i) : value_nil();
}

static bool is_nil(const struct value *v)
{
	return v->kind == VALUE_NIL;
}

static int64_t day_of(int64_t us)
{
	return us / DAY - (us % DAY < 0);
}

static struct value date_or_nil(int64_t day)
{
	return day < FIRST_DAY || day > LAST_DAY ? value_nil() : value_date(day);
}

static struct value time_or_nil(int64_t us)
{
	return time_fits(us) ? value_time(us) : value_nil();
}

static struct value add_workdays(struct run *r, int64_t day, int64_t n)
{
	if (n < -EXPR_MAX_WORKDAYS || n > EXPR_MAX_WORKDAYS)
		return value_nil();
	int64_t left = n < 0 ? -n : n;
	int idle = 0;
	while (left > 0) {
		day += n < 0 ? -1 : 1;
		if (day < FIRST_DAY || day > LAST_DAY || idle > 400)
			return value_nil();
		int works = r->env->work_day ? r->env->work_day(r->env->ctx, day) : -1;
		if (works < 0)
			works = r->env->week >> (date_weekday(day) - 1) & 1;
		if (works) {
			left--;
			idle = 0;
		} else {
			idle++;
		}
	}
	return value_date(day);
}

/* A date moved by a span. */
static struct value move_date(struct run *r, int64_t day, enum expr_function_code unit, int64_t n)
{
	if (unit == FUNCTION_WORKDAYS)
		return add_workdays(r, day, n);
	if (n < -4000000 || n > 4000000)
		return value_nil();
	if (unit == FUNCTION_DAYS)
		return date_or_nil(day + n);
	int64_t year;
	int month, d;
	date_to_civil(day, &year, &month, &d);
	int64_t index = year * 12 + month - 1 + n;
	return index < 12 || index > 119999 ? value_nil() : value_date(date_add_months(day, n));
}

static int run_moved(struct run *r, const struct expr *when, const struct expr *span, bool back, struct value *out)
{
	struct value t, n;
	if (run_value(r, when, &t) || run_value(r, span->items[0], &n))
		return -1;
	*out = value_nil();
	if (is_nil(&t) || is_nil(&n) || n.i == INT64_MIN)
		return 0;
	int64_t steps = back ? -n.i : n.i;
	if (t.kind == VALUE_DATE) {
		*out = move_date(r, t.i, span->function->code, steps);
		return 0;
	}
	int64_t local = zone_local(r->env->zone, t.i), day = day_of(local);
	struct value moved = move_date(r, day, span->function->code, steps);
	if (!is_nil(&moved))
		*out = time_or_nil(zone_moment(r->env->zone, moved.i * DAY + (local - day * DAY)));
	return 0;
}

/* A moment some microseconds later. */
static struct value later(int64_t t, int64_t us, bool back)
{
	int64_t sum;
	if (back ? __builtin_sub_overflow(t, us, &sum) : __builtin_add_overflow(t, us, &sum))
		return value_nil();
	return time_or_nil(sum);
}

/* Whole numbers and durations. */
static struct value combine_ints(enum expr_op op, int64_t x, int64_t y, enum expr_kind kind)
{
	int64_t result;
	bool over = op == EXPR_ADD   ? __builtin_add_overflow(x, y, &result)
				: op == EXPR_SUB ? __builtin_sub_overflow(x, y, &result)
								 : __builtin_mul_overflow(x, y, &result);
	if (over)
		return value_nil();
	return kind == EXPR_DURATION ? value_duration(result) : value_int(result);
}

static int run_negative(struct run *r, const struct expr *e, struct value *out)
{
	struct value x;
	if (run_value(r, e->items[0], &x))
		return -1;
	if (is_nil(&x))
		*out = x;
	else if (e->type.kind == EXPR_DEC) {
		x = run_decimal(r, &x);
		*out = decimal_negate(r->arena, &x);
	} else
		*out = combine_ints(EXPR_SUB, 0, x.i, e->type.kind);
	return 0;
}

int run_arithmetic(struct run *r, const struct expr *e, struct value *out)
{
	if (e->op == EXPR_NEG)
		return run_negative(r, e, out);
	const struct expr *x = e->items[0], *y = e->items[1];
	enum expr_kind p = x->type.kind, q = y->type.kind;
	if (q == EXPR_SPAN)
		return run_moved(r, x, y, e->op == EXPR_SUB, out);
	if (p == EXPR_SPAN)
		return run_moved(r, y, x, false, out);
	struct value v, w;
	if (run_value(r, x, &v) || run_value(r, y, &w))
		return -1;
	*out = value_nil();
	if (is_nil(&v) || is_nil(&w))
		return 0;
	if (e->op == EXPR_DIV) {
		struct value n = run_decimal(r, &v), d = run_decimal(r, &w);
		*out = decimal_divide(r->arena, &n, &d);
	} else if (e->type.kind == EXPR_DEC) {
		struct value n = run_decimal(r, &v), m = run_decimal(r, &w);
		*out = e->op == EXPR_ADD   ? decimal_add(r->arena, &n, &m)
			   : e->op == EXPR_SUB ? decimal_subtract(r->arena, &n, &m)
								   : decimal_multiply(r->arena, &n, &m);
	} else if (p == EXPR_TIME && q == EXPR_DURATION) {
		*out = later(v.i, w.i, e->op == EXPR_SUB);
	} else if (p == EXPR_DURATION && q == EXPR_TIME) {
		*out = later(w.i, v.i, false);
	} else {
		*out = combine_ints(e->op, v.i, w.i, e->type.kind);
	}
	return 0;
}

/* Without zeros at the end of the fraction. */
static void write_trimmed(struct buf *b, const struct value *v)
{
	size_t n = v->text.len;
	if (memchr(v->text.s, '.', n)) {
		while (v->text.s[n - 1] == '0')
			n--;
		if (v->text.s[n - 1] == '.')
			n--;
	}
	buf_add(b, v->text.s, n);
}

static void write_text(struct run *r, struct buf *b, const struct expr *e, const struct value *v)
{
	switch (v->kind) {
	case VALUE_NIL: break;
	case VALUE_TEXT: buf_add(b, v->text.s, v->text.len); break;
	case VALUE_DATE: date_write(b, v->i); break;
	case VALUE_TIME: {
		int64_t local = zone_local(r->env->zone, v->i), day = day_of(local), minute = (local - day * DAY) / 60000000;
		if (day < FIRST_DAY || day > LAST_DAY)
			break;
		date_write(b, day);
		buf_printf(b, " %02d:%02d", (int)(minute / 60), (int)(minute % 60));
		break;
	}
	case VALUE_INT:
		if (e->type.kind != EXPR_DEC) {
			buf_int(b, v->i);
			break;
		}
		/* fall through */
	default: {
		struct value d = run_decimal(r, v);
		if (e->node == NODE_FIELD) {
			d = decimal_round(r->arena, &d, e->type.scale);
			buf_add(b, d.text.s, d.text.len);
		} else {
			write_trimmed(b, &d);
		}
	}
	}
}

int run_concat(struct run *r, const struct expr *e, struct value *out)
{
	struct buf b = BUF_INIT;
	for (size_t i = 0; i < e->count; i++) {
		struct value v;
		if (run_value(r, e->items[i], &v)) {
			buf_destroy(&b);
			return -1;
		}
		write_text(r, &b, e->items[i], &v);
	}
	*out = value_text(arena_strndup(r->arena, b.data ? b.data : "", b.len), b.len);
	buf_destroy(&b);
	return 0;
}

static bool text_test(struct run *r, const struct expr *e, const struct value *x, const struct value *y)
{
	if (e->function->code == FUNCTION_MATCHES)
		return expr_regex_search(r->arena, e->regex, x->text.s, x->text.len);
	size_t n, m;
	const char *s = text_lower(r->arena, x->text.s, x->text.len, &n), *part = text_lower(r->arena, y->text.s, y->text.len, &m);
	if (m > n)
		return false;
	switch (e->function->code) {
	case FUNCTION_STARTS_WITH: return memcmp(s, part, m) == 0;
	case FUNCTION_ENDS_WITH: return memcmp(s + n - m, part, m) == 0;
	default: return m == 0 || memmem(s, n, part, m) != NULL;
	}
}

static int run_round(struct run *r, const struct expr *e, const struct value *x, struct value *out)
{
	if (x->kind == VALUE_NIL || e->items[0]->type.kind == EXPR_INT)
		*out = *x;
	else if (e->type.kind == EXPR_INT)
		*out = run_fit_int(r, x);
	else {
		struct value d = run_decimal(r, x);
		*out = decimal_round(r->arena, &d, e->type.scale);
	}
	return 0;
}

static int run_choice(struct run *r, const struct expr *e, struct value *out)
{
	bool holds;
	if (e->function->code == FUNCTION_IIF)
		return run_test(r, e->items[0], &holds) || run_value(r, e->items[holds ? 1 : 2], out) ? -1 : 0;
	*out = value_nil();
	for (size_t i = 0; i < e->count && is_nil(out); i++)
		if (run_value(r, e->items[i], out))
			return -1;
	return 0;
}

int run_call(struct run *r, const struct expr *e, struct value *out)
{
	enum expr_function_code code = e->function->code;
	struct value x = value_nil(), y;
	if (code == FUNCTION_IIF || code == FUNCTION_COALESCE)
		return run_choice(r, e, out);
	if (code == FUNCTION_TODAY || code == FUNCTION_NOW) {
		*out = code == FUNCTION_TODAY ? value_date(r->env->today) : value_time(r->env->now_us);
		return 0;
	}
	if (run_value(r, e->items[0], &x))
		return -1;
	switch (code) {
	case FUNCTION_CONTAINS:
	case FUNCTION_STARTS_WITH:
	case FUNCTION_ENDS_WITH:
	case FUNCTION_MATCHES:
		if (run_value(r, e->items[1], &y))
			return -1;
		*out = value_bool(!is_nil(&x) && !is_nil(&y) && text_test(r, e, &x, &y));
		return 0;
	case FUNCTION_ROUND: return run_round(r, e, &x, out);
	default: break;
	}
	*out = x;
	if (is_nil(&x))
		return 0;
	int64_t year;
	int month, day;
	switch (code) {
	case FUNCTION_HOURS: {
		struct value n = run_decimal(r, &x), unit = decimal_from_int(r->arena, INT64_C(3600000000));
		n = decimal_multiply(r->arena, &n, &unit);
		*out = run_fit_int(r, &n);
		if (!is_nil(out))
			out->kind = VALUE_DURATION;
		return 0;
	}
	case FUNCTION_YEAR:
	case FUNCTION_MONTH:
		date_to_civil(x.i, &year, &month, &day);
		*out = value_int(code == FUNCTION_YEAR ? year : month);
		return 0;
	case FUNCTION_DATE_OF: *out = date_or_nil(zone_date_of(r->env->zone, x.i)); return 0;
	case FUNCTION_END_OF_DAY: *out = time_or_nil(zone_midnight(r->env->zone, x.i + 1) - 1); return 0;
	case FUNCTION_LOWER: {
		size_t n;
		const char *s = text_lower(r->arena, x.text.s, x.text.len, &n);
		*out = value_text(s, n);
		return 0;
	}
	case FUNCTION_ABS:
		if (e->type.kind == EXPR_DEC) {
			*out = run_decimal(r, &x);
			if (out->text.s[0] == '-')
				*out = decimal_negate(r->arena, out);
		} else if (x.i < 0) {
			*out = combine_ints(EXPR_SUB, 0, x.i, EXPR_INT);
		}
		return 0;
	default: return err_set(r->err, ERR_INTERNAL, "%s gives no value", e->name);
	}
}
