/* The tree: its constructors, its canonical text, and what may be asked of it once it is typed. */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/date.h"
#include "base/decimal.h"
#include "base/text.h"
#include "expr/expr_private.h"

static const struct expr_function functions[] = {
	{"any", FUNCTION_ANY, 1, 2, "any(lines, condition)"},
	{"count", FUNCTION_COUNT, 1, 2, "count(lines, condition)"},
	{"sum", FUNCTION_SUM, 2, 3, "sum(lines, number, condition)"},
	{"min", FUNCTION_MIN, 2, 3, "min(lines, value, condition)"},
	{"max", FUNCTION_MAX, 2, 3, "max(lines, value, condition)"},
	{"avg", FUNCTION_AVG, 2, 3, "avg(lines, number, condition)"},
	{"today", FUNCTION_TODAY, 0, 0, "today()"},
	{"now", FUNCTION_NOW, 0, 0, "now()"},
	{"days", FUNCTION_DAYS, 1, 1, "days(number)"},
	{"workdays", FUNCTION_WORKDAYS, 1, 1, "workdays(number)"},
	{"months", FUNCTION_MONTHS, 1, 1, "months(number)"},
	{"hours", FUNCTION_HOURS, 1, 1, "hours(number)"},
	{"year", FUNCTION_YEAR, 1, 1, "year(date)"},
	{"month", FUNCTION_MONTH, 1, 1, "month(date)"},
	{"date_of", FUNCTION_DATE_OF, 1, 1, "date_of(datetime)"},
	{"end_of_day", FUNCTION_END_OF_DAY, 1, 1, "end_of_day(date)"},
	{"lower", FUNCTION_LOWER, 1, 1, "lower(text)"},
	{"contains", FUNCTION_CONTAINS, 2, 2, "contains(text, part)"},
	{"starts_with", FUNCTION_STARTS_WITH, 2, 2, "starts_with(text, part)"},
	{"ends_with", FUNCTION_ENDS_WITH, 2, 2, "ends_with(text, part)"},
	{"matches", FUNCTION_MATCHES, 2, 2, "matches(text, 'pattern')"},
	{"iif", FUNCTION_IIF, 3, 3, "iif(condition, value, otherwise)"},
	{"coalesce", FUNCTION_COALESCE, 1, -1, "coalesce(value, …)"},
	{"round", FUNCTION_ROUND, 1, 2, "round(number, digits)"},
	{"abs", FUNCTION_ABS, 1, 1, "abs(number)"},
	{"has_role", FUNCTION_HAS_ROLE, 1, 1, "has_role('role')"},
	{"role", FUNCTION_ROLE, 1, 1, "role('role')"},
	{"under", FUNCTION_UNDER, 2, 2, "under(record, above)"},
};
#define FUNCTIONS (sizeof functions / sizeof *functions)

const struct expr_function *expr_function_find(const char *name)
{
	for (size_t i = 0; i < FUNCTIONS; i++)
		if (strcmp(functions[i].name, name) == 0)
			return &functions[i];
	return NULL;
}

const char *expr_function_nearest(const char *name)
{
	const char *names[FUNCTIONS];
	for (size_t i = 0; i < FUNCTIONS; i++)
		names[i] = functions[i].name;
	return text_nearest(name, names, FUNCTIONS);
}

struct expr *expr_node_new(struct arena *a, enum expr_node node)
{
	struct expr *e = arena_new(a, struct expr);
	e->node = node;
	e->input = -1;
	e->depth = e->nodes = 1;
	return e;
}

void expr_node_add(struct arena *a, struct expr *e, struct expr *item)
{
	if (e->count == e->cap) {
		size_t cap = e->cap ? e->cap * 2 : 4;
		e->items = arena_grow(a, e->items, sizeof *e->items * e->count, sizeof *e->items * cap);
		e->cap = cap;
	}
	e->items[e->count++] = item;
	e->nodes += item->nodes;
	if (item->depth >= e->depth)
		e->depth = item->depth + 1;
}

struct expr *expr_make_literal(struct arena *a, struct value v)
{
	struct expr *e = expr_node_new(a, v.kind == VALUE_LIST ? NODE_SET : NODE_LITERAL);
	if (v.kind == VALUE_LIST) {
		for (size_t i = 0; i < v.list.count; i++)
			expr_node_add(a, e, expr_make_literal(a, v.list.items[i]));
		return e;
	}
	e->value = value_copy(a, &v);
	return e;
}

struct expr *expr_make_input(struct arena *a, struct value v, int index)
{
	struct expr *e = expr_node_new(a, NODE_LITERAL);
	e->value = value_copy(a, &v);
	e->input = index;
	return e;
}

void expr_literal_mark(struct expr *e, int n)
{
	e->literal = n;
}

int expr_literal_of(const struct expr *e)
{
	return e->literal;
}

struct expr *expr_make_path(struct arena *a, const char *const *names, size_t n)
{
	struct expr *base = NULL;
	for (size_t i = 0; i < n; i++) {
		struct expr *e = expr_node_new(a, NODE_FIELD);
		e->name = arena_strdup(a, names[i]);
		if (base)
			expr_node_add(a, e, base);
		base = e;
	}
	return base;
}

struct expr *expr_make_unary(struct arena *a, enum expr_op op, struct expr *x)
{
	/* a negative number is a literal, so that it goes where literals go */
	if (op == EXPR_NEG && x->node == NODE_LITERAL && x->input < 0) {
		x->literal = 0;
		if (x->value.kind == VALUE_INT && x->value.i != INT64_MIN) {
			x->value.i = -x->value.i;
			return x;
		}
		if (x->value.kind == VALUE_DEC) {
			x->value = decimal_negate(a, &x->value);
			return x;
		}
	}
	struct expr *e = expr_node_new(a, NODE_OP);
	e->op = op;
	expr_node_add(a, e, x);
	return e;
}

struct expr *expr_make_binary(struct arena *a, enum expr_op op, struct expr *x, struct expr *y)
{
	bool flat = op == EXPR_AND || op == EXPR_OR || op == EXPR_CONCAT;
	struct expr *e = x;
	if (!flat || x->node != NODE_OP || x->op != op) {
		e = expr_node_new(a, NODE_OP);
		e->op = op;
		expr_node_add(a, e, x);
	}
	if (flat && y->node == NODE_OP && y->op == op)
		for (size_t i = 0; i < y->count; i++)
			expr_node_add(a, e, y->items[i]);
	else
		expr_node_add(a, e, y);
	return e;
}

struct expr *expr_make_set(struct arena *a, struct expr *const *items, size_t n)
{
	struct expr *e = expr_node_new(a, NODE_SET);
	for (size_t i = 0; i < n; i++)
		expr_node_add(a, e, items[i]);
	return e;
}

struct expr *expr_make_call(struct arena *a, const char *function, struct expr *const *args, size_t n)
{
	struct expr *e = expr_node_new(a, NODE_CALL);
	e->name = arena_strdup(a, function);
	for (size_t i = 0; i < n; i++)
		expr_node_add(a, e, args[i]);
	return e;
}

bool expr_is_nil(const struct expr *e)
{
	return e->node == NODE_LITERAL && e->input < 0 && e->value.kind == VALUE_NIL;
}

bool expr_is_aggregate(const struct expr *e)
{
	return e->node == NODE_CALL && e->function && e->function->code <= FUNCTION_AVG;
}

bool expr_field_is_id(const struct expr_field *f)
{
	return f->storage == EXPR_COLUMN && strcmp(f->name, "id") == 0;
}

bool expr_formula_needs_fit(const struct expr_field *f)
{
	const struct expr *e = f->formula;
	if (f->type.kind == EXPR_INT)
		return e->type.kind != EXPR_INT;
	return f->type.kind == EXPR_DEC &&
		   !(e->digits <= EXPR_FIELD_DIGITS && (e->type.kind == EXPR_INT || (e->type.kind == EXPR_DEC && e->type.scale <= f->type.scale)));
}

struct value expr_fit(struct arena *a, const struct value *v, int scale)
{
	if (v->kind == VALUE_NIL)
		return *v;
	struct value d = v->kind == VALUE_INT ? decimal_from_int(a, v->i) : *v;
	d = decimal_round(a, &d, scale);
	const char *s = d.text.s + (d.text.s[0] == '-');
	return strcspn(s, ".") > EXPR_FIELD_DIGITS ? value_nil() : d;
}

const struct expr_type *expr_type_of(const struct expr *e)
{
	return &e->type;
}

size_t expr_parts(const struct expr *e, const struct expr **parts, size_t max)
{
	if (max && !(e->node == NODE_OP && (e->op == EXPR_AND || e->op == EXPR_OR))) {
		parts[0] = e;
		return 1;
	}
	size_t n = 0;
	for (; n < e->count && n < max; n++)
		parts[n] = e->items[n];
	return n;
}

static const struct {
	const char *text;
	int priority;
} operators[] = {
	[EXPR_OR] = {"or", 1},         [EXPR_AND] = {"and", 2}, [EXPR_NOT] = {"not", 7},     [EXPR_EQ] = {"==", 3},       [EXPR_NE] = {"~=", 3},
	[EXPR_LT] = {"<", 3},          [EXPR_LE] = {"<=", 3},   [EXPR_GT] = {">", 3},        [EXPR_GE] = {">=", 3},       [EXPR_IN] = {"in", 3},
	[EXPR_NOT_IN] = {"not in", 3}, [EXPR_ADD] = {"+", 5},   [EXPR_SUB] = {"-", 5},       [EXPR_MUL] = {"*", 6},       [EXPR_DIV] = {"/", 6},
	[EXPR_CONCAT] = {"..", 4},     [EXPR_NEG] = {"-", 7},   [EXPR_EQ_NULLS] = {"==", 3}, [EXPR_NE_NULLS] = {"~=", 3},
};

static void print_text(struct buf *out, const char *s, size_t len)
{
	buf_putc(out, '"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			buf_printf(out, "\\%03u", c);
		else
			buf_putc(out, (char)c);
	}
	buf_putc(out, '"');
}

static void print_value(struct buf *out, const struct value *v)
{
	struct buf b = BUF_INIT;
	switch (v->kind) {
	case VALUE_NIL: buf_puts(out, "nil"); break;
	case VALUE_BOOL: buf_puts(out, v->b ? "true" : "false"); break;
	case VALUE_INT: buf_int(out, v->i); break;
	case VALUE_DEC: buf_add(out, v->text.s, v->text.len); break;
	case VALUE_TEXT: print_text(out, v->text.s, v->text.len); break;
	case VALUE_DATE: date_write(&b, v->i); break;
	case VALUE_TIME: time_write(&b, v->i); break;
	case VALUE_DURATION: duration_write(&b, v->i); break;
	case VALUE_LIST:
		buf_putc(out, '{');
		for (size_t i = 0; i < v->list.count; i++) {
			if (i)
				buf_puts(out, ", ");
			print_value(out, &v->list.items[i]);
		}
		buf_putc(out, '}');
		break;
	}
	if (b.len)
		print_text(out, b.data, b.len);
	buf_destroy(&b);
}

static void print_items(struct buf *out, const struct expr *e)
{
	for (size_t i = 0; i < e->count; i++) {
		if (i)
			buf_puts(out, ", ");
		expr_print(out, e->items[i]);
	}
}

/* In parentheses when it binds less tightly than its place asks for. */
static void print_operand(struct buf *out, const struct expr *e, int priority)
{
	bool group = e->node == NODE_OP && operators[e->op].priority < priority;
	if (group)
		buf_putc(out, '(');
	expr_print(out, e);
	if (group)
		buf_putc(out, ')');
}

static void print_op(struct buf *out, const struct expr *e)
{
	const char *text = operators[e->op].text;
	int priority = operators[e->op].priority;
	if (e->op == EXPR_NOT || e->op == EXPR_NEG) {
		buf_puts(out, e->op == EXPR_NOT ? "not " : "-");
		const struct expr *x = e->items[0];
		bool minus = e->op == EXPR_NEG &&
					 ((x->node == NODE_OP && x->op == EXPR_NEG) ||
					  (x->node == NODE_LITERAL &&
					   (x->value.kind == VALUE_INT ? x->value.i < 0 : x->value.kind == VALUE_DEC && x->value.text.s[0] == '-')));
		if (minus)
			buf_putc(out, '(');
		print_operand(out, x, priority);
		if (minus)
			buf_putc(out, ')');
		return;
	}
	for (size_t i = 0; i < e->count; i++) {
		if (i)
			buf_printf(out, " %s ", text);
		print_operand(out, e->items[i], priority + (i > 0));
	}
}

void expr_print(struct buf *out, const struct expr *e)
{
	switch (e->node) {
	case NODE_LITERAL: print_value(out, &e->value); break;
	case NODE_SET:
		buf_putc(out, '{');
		print_items(out, e);
		buf_putc(out, '}');
		break;
	case NODE_FIELD:
		if (e->count) {
			bool group = e->items[0]->node == NODE_OP || e->items[0]->node == NODE_LITERAL || e->items[0]->node == NODE_SET;
			buf_puts(out, group ? "(" : "");
			expr_print(out, e->items[0]);
			buf_puts(out, group ? ")." : ".");
		}
		buf_puts(out, e->name);
		break;
	case NODE_ME: buf_puts(out, "me"); break;
	case NODE_RECORD: buf_puts(out, "record"); break;
	case NODE_OLD: buf_puts(out, "old"); break;
	case NODE_OP: print_op(out, e); break;
	case NODE_CALL:
		buf_printf(out, "%s(", e->name);
		print_items(out, e);
		buf_putc(out, ')');
		break;
	}
}

/* One walk over a tree and the formulas that it names, each formula once. */
struct walk {
	void (*fn)(void *ctx, const struct expr_table *t, const struct expr_field *f, bool of_old);
	void *ctx;
	const struct expr_field *formulas[256];
	size_t nformulas;
	int depth;
	bool clock, me, people, zone, calls_only;
};

static void walk_node(struct walk *w, const struct expr *e);

static void walk_field(struct walk *w, const struct expr *e)
{
	const struct expr_field *f = e->field;
	if (!f)
		return;
	if (w->fn) {
		w->fn(w->ctx, e->table, f, e->count && e->items[0]->node == NODE_OLD);
		if (f->storage == EXPR_DETAIL && f->by && f->type.table)
			w->fn(w->ctx, f->type.table, f->by, false);
	}
	if (f->storage != EXPR_FORMULA || !f->formula || w->depth >= EXPR_MAX_FORMULAS)
		return;
	for (size_t i = 0; i < w->nformulas; i++)
		if (w->formulas[i] == f)
			return;
	if (w->nformulas == sizeof w->formulas / sizeof *w->formulas)
		return;
	w->formulas[w->nformulas++] = f;
	w->depth++;
	walk_node(w, f->formula);
	w->depth--;
}

/* True when a node takes a moment for a day or writes days as text: the first asks for the zone, and PostgreSQL calls both no constant function. */
static bool asks_zone(const struct expr *e)
{
	bool time = false, date = false, span = false;
	for (size_t i = 0; i < e->count; i++) {
		enum expr_kind k = e->items[i]->type.kind;
		time |= k == EXPR_TIME;
		date |= k == EXPR_DATE;
		span |= k == EXPR_SPAN;
	}
	if (e->node == NODE_CALL && e->function)
		switch (e->function->code) {
		case FUNCTION_DATE_OF:
		case FUNCTION_END_OF_DAY: return true;
		case FUNCTION_YEAR:
		case FUNCTION_MONTH: return time;
		default: return false;
		}
	return e->node == NODE_OP && (e->op == EXPR_CONCAT ? time || date : time && (span || date));
}

static void walk_node(struct walk *w, const struct expr *e)
{
	for (size_t i = 0; i < e->count; i++)
		walk_node(w, e->items[i]);
	w->zone |= asks_zone(e);
	if (e->node == NODE_FIELD) {
		walk_field(w, e);
	} else if (e->node == NODE_ME) {
		w->me = true;
	} else if (e->node == NODE_CALL && e->function) {
		enum expr_function_code c = e->function->code;
		w->me |= c == FUNCTION_HAS_ROLE;
		w->clock |= c == FUNCTION_TODAY || c == FUNCTION_NOW;
		w->people |= c == FUNCTION_ROLE || c == FUNCTION_WORKDAYS;
		if (c == FUNCTION_UNDER && w->fn && e->table && e->table->tree)
			w->fn(w->ctx, e->table, e->table->tree, false);
	}
}

void expr_walk_fields(const struct expr *e, void (*fn)(void *ctx, const struct expr_table *t, const struct expr_field *f, bool of_old),
					  void *ctx)
{
	struct walk w = {.fn = fn, .ctx = ctx};
	walk_node(&w, e);
}

bool expr_uses_clock(const struct expr *e)
{
	struct walk w = {0};
	walk_node(&w, e);
	return w.clock;
}

bool expr_uses_me(const struct expr *e)
{
	struct walk w = {0};
	walk_node(&w, e);
	return w.me;
}

bool expr_uses_people(const struct expr *e)
{
	struct walk w = {0};
	walk_node(&w, e);
	return w.people;
}

static bool is_local(const struct expr *e, int depth)
{
	if (depth > EXPR_MAX_FORMULAS)
		return false;
	if (e->node == NODE_RECORD)
		return false;
	if (e->node == NODE_FIELD) {
		if (e->count && e->items[0]->node != NODE_OLD)
			return false;
		if (e->field->storage == EXPR_FORMULA)
			return e->field->formula && is_local(e->field->formula, depth + 1);
		return e->field->storage == EXPR_COLUMN;
	}
	if (e->node == NODE_CALL) {
		enum expr_function_code c = e->function->code;
		if (expr_is_aggregate(e) || c == FUNCTION_ROLE || c == FUNCTION_UNDER || c == FUNCTION_WORKDAYS)
			return false;
	}
	for (size_t i = 0; i < e->count; i++)
		if (!is_local(e->items[i], depth))
			return false;
	return true;
}

bool expr_is_local(const struct expr *e)
{
	return is_local(e, 0);
}

bool expr_is_immutable(const struct expr *e)
{
	struct walk w = {0};
	walk_node(&w, e);
	return !w.clock && !w.me && !w.people && !w.zone && expr_is_local(e);
}
