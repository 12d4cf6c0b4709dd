/* The tree's value in process: records, fields, conditions, aggregates. The operators on plain values are in expr_eval_value.c. */
#include <string.h>

#include "base/arena.h"
#include "base/decimal.h"
#include "base/say.h"
#include "expr/expr_run.h"

/* The record that a node names, NULL when there is none. */
static int run_record(struct run *r, const struct expr *e, const void **record)
{
	struct value id;
	switch (e->node) {
	case NODE_RECORD: *record = r->outer; return 0;
	case NODE_OLD: *record = r->old; return 0;
	case NODE_ME: id = r->env->me ? value_int(r->env->me) : value_nil(); break;
	default:
		if (run_value(r, e, &id))
			return -1;
	}
	*record = NULL;
	if (id.kind != VALUE_INT)
		return 0;
	return r->env->load(r->env->ctx, r->arena, e->type.table, id.i, record, r->err);
}

static int run_owner(struct run *r, const struct expr *e, const void **record)
{
	if (e->count)
		return run_record(r, e->items[0], record);
	*record = r->row;
	return 0;
}

static int run_formula(struct run *r, const struct expr_field *f, const void *record, struct value *out)
{
	if (!f->formula)
		return err_set(r->err, ERR_INTERNAL, "a formula was not compiled");
	if (r->formulas >= EXPR_MAX_FORMULAS) {
		err_tell(r->err, ERR_TOO_COMPLEX, SAY_EXPR_CIRCLE, f->name);
		return -1;
	}
	struct run kept = *r;
	r->row = record;
	r->outer = r->old = NULL;
	r->formulas++;
	int result = run_value(r, f->formula, out);
	int steps = r->steps;
	*r = kept;
	r->steps = steps;
	if (result)
		return -1;
	if (expr_formula_needs_fit(f))
		*out = f->type.kind == EXPR_INT ? run_fit_int(r, out) : expr_fit(r->arena, out, f->type.scale);
	return 0;
}

/* Lines of a detail as ids. */
static int run_ids(struct run *r, const struct expr *e, const void *record, struct value *out)
{
	const void **lines;
	size_t n;
	const struct expr_table *t = e->type.table;
	const struct expr_field *id = t->find(t, "id", 2);
	if (!id)
		return err_set(r->err, ERR_INTERNAL, "a table has no id");
	if (r->env->lines(r->env->ctx, r->arena, e->field, record, &lines, &n, r->err))
		return -1;
	struct value *items = arena_array(r->arena, struct value, n ? n : 1);
	for (size_t i = 0; i < n; i++)
		if (r->env->get(r->env->ctx, r->arena, t, lines[i], id, &items[i], r->err))
			return -1;
	out->kind = VALUE_LIST;
	out->list.items = items;
	out->list.count = n;
	return 0;
}

static int run_field(struct run *r, const struct expr *e, struct value *out)
{
	const struct expr_field *f = e->field;
	const struct expr *base = e->count ? e->items[0] : NULL;
	*out = value_nil();
	if (base && expr_field_is_id(f) && base->node != NODE_RECORD && base->node != NODE_OLD)
		return run_value(r, base, out);
	const void *record;
	if (run_owner(r, e, &record))
		return -1;
	if (!record) {
		if (e->type.kind == EXPR_RECORDS)
			*out = (struct value){.kind = VALUE_LIST};
		return 0;
	}
	if (f->storage == EXPR_FORMULA)
		return run_formula(r, f, record, out);
	if (f->storage == EXPR_DETAIL)
		return run_ids(r, e, record, out);
	if (r->env->get(r->env->ctx, r->arena, e->table, record, f, out, r->err))
		return -1;
	if (f->storage == EXPR_LINK && out->kind == VALUE_NIL)
		*out = (struct value){.kind = VALUE_LIST};
	return 0;
}

static int run_literal(struct run *r, const struct expr *e, struct value *out)
{
	*out = e->input >= 0 && r->env->inputs ? r->env->inputs[e->input] : e->value;
	return 0;
}

int run_compare(struct run *r, const struct value *x, const struct value *y)
{
	if (x->kind == VALUE_TEXT && y->kind == VALUE_TEXT) {
		/* the order of UTF-8 bytes is that of code points */
		size_t n = x->text.len < y->text.len ? x->text.len : y->text.len;
		int d = memcmp(x->text.s, y->text.s, n);
		return d ? (d < 0 ? -1 : 1) : x->text.len < y->text.len ? -1 : x->text.len > y->text.len;
	}
	if (x->kind == VALUE_BOOL)
		return (int)x->b - (int)y->b;
	if (x->kind == VALUE_DEC || y->kind == VALUE_DEC) {
		struct value p = run_decimal(r, x), q = run_decimal(r, y);
		return decimal_compare(&p, &q);
	}
	return x->i < y->i ? -1 : x->i > y->i;
}

static bool is_nil(const struct value *v)
{
	return v->kind == VALUE_NIL;
}

static int run_comparison(struct run *r, const struct expr *e, bool *out)
{
	const struct expr *x = e->items[0], *y = e->items[1];
	bool ne = e->op == EXPR_NE || e->op == EXPR_NE_NULLS, nulls = e->op == EXPR_EQ_NULLS || e->op == EXPR_NE_NULLS;
	struct value p, q;
	if (expr_is_nil(x) || expr_is_nil(y)) {
		const struct expr *other = expr_is_nil(x) ? y : x;
		if (run_value(r, other, &p))
			return -1;
		*out = (is_nil(&p) || (p.kind == VALUE_LIST && p.list.count == 0)) != ne;
		return 0;
	}
	if (run_value(r, x, &p) || run_value(r, y, &q))
		return -1;
	if (is_nil(&p) || is_nil(&q)) {
		nulls = nulls && x->node != NODE_LITERAL && y->node != NODE_LITERAL;
		*out = (nulls && is_nil(&p) && is_nil(&q)) != ne;
		return 0;
	}
	int d = run_compare(r, &p, &q);
	switch (e->op) {
	case EXPR_LT: *out = d < 0; break;
	case EXPR_LE: *out = d <= 0; break;
	case EXPR_GT: *out = d > 0; break;
	case EXPR_GE: *out = d >= 0; break;
	default: *out = (d == 0) != ne;
	}
	return 0;
}

static int run_in(struct run *r, const struct expr *e, bool *out)
{
	const struct expr *set = e->items[1];
	struct value x, y;
	bool found = false;
	if (run_value(r, e->items[0], &x))
		return -1;
	if (set->node == NODE_SET) {
		for (size_t i = 0; i < set->count && !found && !is_nil(&x); i++) {
			if (run_value(r, set->items[i], &y))
				return -1;
			found = !is_nil(&y) && run_compare(r, &x, &y) == 0;
		}
	} else if (!is_nil(&x)) {
		if (run_value(r, set, &y))
			return -1;
		for (size_t i = 0; y.kind == VALUE_LIST && i < y.list.count && !found; i++)
			found = !is_nil(&y.list.items[i]) && run_compare(r, &x, &y.list.items[i]) == 0;
	}
	*out = found != (e->op == EXPR_NOT_IN);
	return 0;
}

/* The records of a detail, link or role. */
static int run_lines(struct run *r, const struct expr *e, const void ***out, size_t *n)
{
	struct value ids;
	*n = 0;
	if (e->node == NODE_FIELD && e->field->storage == EXPR_DETAIL) {
		const void *record;
		if (run_owner(r, e, &record))
			return -1;
		return record ? r->env->lines(r->env->ctx, r->arena, e->field, record, out, n, r->err) : 0;
	}
	if (run_value(r, e, &ids))
		return -1;
	size_t count = ids.kind == VALUE_LIST ? ids.list.count : 0;
	*out = arena_array(r->arena, const void *, count ? count : 1);
	for (size_t i = 0; i < count; i++) {
		const void *record;
		if (ids.list.items[i].kind != VALUE_INT)
			continue;
		if (r->env->load(r->env->ctx, r->arena, e->type.table, ids.list.items[i].i, &record, r->err))
			return -1;
		if (record)
			(*out)[(*n)++] = record;
	}
	return 0;
}

/* Takes one line's value into the sum, least or greatest. */
static int take(struct run *r, enum expr_function_code code, const struct value *v, struct value *result, int64_t *counted)
{
	if (is_nil(v))
		return 0;
	++*counted;
	if (code == FUNCTION_SUM || code == FUNCTION_AVG) {
		struct value p = run_decimal(r, result), q = run_decimal(r, v);
		*result = decimal_add(r->arena, &p, &q);
	} else if (is_nil(result)) {
		*result = *v;
	} else {
		int d = run_compare(r, v, result);
		if (code == FUNCTION_MIN ? d < 0 : d > 0)
			*result = *v;
	}
	return 0;
}

/* An integer of the tree's kind, or nil. */
static struct value whole(struct run *r, const struct value *v, enum expr_kind kind)
{
	struct value i = run_fit_int(r, v);
	if (i.kind == VALUE_INT && kind == EXPR_DURATION)
		i.kind = VALUE_DURATION;
	return i;
}

static int run_aggregate(struct run *r, const struct expr *e, struct value *out)
{
	enum expr_function_code code = e->function->code;
	const void **lines = NULL;
	size_t n, at = code >= FUNCTION_SUM ? 2 : 1;
	if (run_lines(r, e->items[0], &lines, &n))
		return -1;
	const void *row = r->row, *outer = r->outer;
	if (e->shifts)
		r->outer = row;
	struct value result = code == FUNCTION_SUM || code == FUNCTION_AVG ? value_int(0) : value_nil();
	int64_t counted = 0;
	int failed = 0;
	for (size_t i = 0; i < n && !failed; i++) {
		bool holds = true;
		r->row = lines[i];
		if (e->count > at)
			failed = run_test(r, e->items[at], &holds);
		if (failed || !holds)
			continue;
		if (code == FUNCTION_ANY || code == FUNCTION_COUNT) {
			counted++;
			if (code == FUNCTION_ANY)
				break;
			continue;
		}
		struct value v;
		failed = run_value(r, e->items[1], &v) || take(r, code, &v, &result, &counted);
	}
	r->row = row;
	r->outer = outer;
	if (failed)
		return -1;
	if (code == FUNCTION_ANY) {
		*out = value_bool(counted > 0);
	} else if (code == FUNCTION_COUNT) {
		*out = value_int(counted);
	} else if (code == FUNCTION_AVG) {
		struct value p = run_decimal(r, &result), q = decimal_from_int(r->arena, counted);
		*out = decimal_divide(r->arena, &p, &q);
	} else if (code == FUNCTION_SUM) {
		*out = e->type.kind == EXPR_DEC ? run_decimal(r, &result) : whole(r, &result, e->type.kind);
	} else {
		*out = result;
	}
	return 0;
}

/* x is y or below it: up from x, no further than a circle's first record. */
static int run_under(struct run *r, const struct expr *e, bool *out)
{
	enum { MAX_LEVELS = 10000 };
	struct value x, y;
	*out = false;
	if (run_value(r, e->items[0], &x) || run_value(r, e->items[1], &y))
		return -1;
	if (x.kind != VALUE_INT || y.kind != VALUE_INT)
		return 0;
	int64_t at = x.i, mark = x.i;
	for (int i = 1; i < MAX_LEVELS; i++) {
		if (at == y.i) {
			*out = true;
			return 0;
		}
		const void *record;
		struct value parent;
		if (r->env->load(r->env->ctx, r->arena, e->table, at, &record, r->err))
			return -1;
		if (!record)
			return 0;
		if (r->env->get(r->env->ctx, r->arena, e->table, record, e->table->tree, &parent, r->err))
			return -1;
		if (parent.kind != VALUE_INT || parent.i == mark)
			return 0;
		at = parent.i;
		/* the mark moves at powers of two, so that a circle that x only leads into meets it as well */
		if ((i & (i - 1)) == 0)
			mark = at;
	}
	return err_tell(r->err, ERR_TOO_COMPLEX, SAY_EXPR_TREE, e->table->name);
}

static int run_op(struct run *r, const struct expr *e, struct value *out)
{
	bool b = false;
	switch (e->op) {
	case EXPR_AND:
	case EXPR_OR:
		for (size_t i = 0; i < e->count; i++) {
			if (run_test(r, e->items[i], &b))
				return -1;
			if (b == (e->op == EXPR_OR))
				break;
		}
		break;
	case EXPR_NOT:
		if (run_test(r, e->items[0], &b))
			return -1;
		b = !b;
		break;
	case EXPR_IN:
	case EXPR_NOT_IN:
		if (run_in(r, e, &b))
			return -1;
		break;
	case EXPR_ADD:
	case EXPR_SUB:
	case EXPR_MUL:
	case EXPR_DIV:
	case EXPR_NEG: return run_arithmetic(r, e, out);
	case EXPR_CONCAT: return run_concat(r, e, out);
	default:
		if (run_comparison(r, e, &b))
			return -1;
	}
	*out = value_bool(b);
	return 0;
}

int run_value(struct run *r, const struct expr *e, struct value *out)
{
	bool b;
	if (++r->steps > EXPR_MAX_STEPS)
		return err_tell(r->err, ERR_TOO_COMPLEX, SAY_EXPR_STEPS);
	switch (e->node) {
	case NODE_LITERAL: return run_literal(r, e, out);
	case NODE_FIELD: return run_field(r, e, out);
	case NODE_ME: *out = r->env->me ? value_int(r->env->me) : value_nil(); return 0;
	case NODE_RECORD: {
		const struct expr_table *t = e->type.table;
		const struct expr_field *id = t->find(t, "id", 2);
		*out = value_nil();
		return r->outer && id ? r->env->get(r->env->ctx, r->arena, t, r->outer, id, out, r->err) : 0;
	}
	case NODE_OP: return run_op(r, e, out);
	case NODE_CALL:
		if (expr_is_aggregate(e))
			return run_aggregate(r, e, out);
		switch (e->function->code) {
		case FUNCTION_HAS_ROLE: *out = value_bool(r->env->has_role && r->env->has_role(r->env->ctx, e->items[0]->value.text.s)); return 0;
		case FUNCTION_ROLE: return r->env->role_users(r->env->ctx, r->arena, e->items[0]->value.text.s, out, r->err);
		case FUNCTION_UNDER:
			if (run_under(r, e, &b))
				return -1;
			*out = value_bool(b);
			return 0;
		default: return run_call(r, e, out);
		}
	default: return err_set(r->err, ERR_INTERNAL, "a set is no value");
	}
}

int run_test(struct run *r, const struct expr *e, bool *out)
{
	struct value v;
	if (run_value(r, e, &v))
		return -1;
	*out = v.kind == VALUE_BOOL && v.b;
	return 0;
}

int expr_eval(struct arena *a, const struct expr *e, const struct expr_env *env, const void *record, const void *outer, const void *old,
			  struct value *out, struct err *err)
{
	struct run r = {.arena = a, .env = env, .row = record, .outer = outer, .old = old, .err = err};
	return run_value(&r, e, out);
}

int expr_test(struct arena *a, const struct expr *e, const struct expr_env *env, const void *record, const void *outer, const void *old,
			  bool *out, struct err *err)
{
	struct run r = {.arena = a, .env = env, .row = record, .outer = outer, .old = old, .err = err};
	return run_test(&r, e, out);
}

static bool is_of_record(const struct expr *e)
{
	while (e->node == NODE_FIELD && e->count)
		e = e->items[0];
	return e->node == NODE_RECORD;
}

int expr_outer_empty(struct arena *a, const struct expr *e, const struct expr_env *env, const void *outer, bool *empty, struct err *err)
{
	struct value v;
	*empty = false;
	if (e->node == NODE_FIELD && is_of_record(e)) {
		if (e->field->storage == EXPR_DETAIL)
			return 0;
		if (expr_eval(a, e, env, outer, outer, NULL, &v, err))
			return -1;
		*empty = v.kind == VALUE_NIL || (v.kind == VALUE_LIST && v.list.count == 0);
		return 0;
	}
	/* within any(…) and sum(…) `record` is another */
	size_t n = expr_is_aggregate(e) && e->count ? 1 : e->count;
	for (size_t i = 0; i < n && !*empty; i++)
		if (expr_outer_empty(a, e->items[i], env, outer, empty, err))
			return -1;
	return 0;
}

int expr_without_empty(struct arena *a, const struct expr *e, const struct expr_env *env, const void *outer, const struct expr **out,
					   struct err *err)
{
	*out = e;
	if (e->node != NODE_OP || (e->op != EXPR_AND && e->op != EXPR_OR)) {
		bool empty;
		if (expr_outer_empty(a, e, env, outer, &empty, err))
			return -1;
		if (empty)
			*out = NULL;
		return 0;
	}
	struct expr **kept = arena_array(a, struct expr *, e->count + 1);
	size_t n = 0;
	for (size_t i = 0; i < e->count; i++) {
		const struct expr *part;
		if (expr_without_empty(a, e->items[i], env, outer, &part, err))
			return -1;
		if (part)
			kept[n++] = (struct expr *)part;
		else if (e->op == EXPR_OR) {
			*out = NULL;
			return 0;
		}
	}
	if (n == 0) {
		*out = NULL;
	} else {
		struct expr *copy = arena_new(a, struct expr);
		*copy = *e;
		copy->items = kept;
		copy->count = copy->cap = n;
		*out = n == 1 ? kept[0] : copy;
	}
	return 0;
}
