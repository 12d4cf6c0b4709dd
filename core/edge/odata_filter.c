#include "edge/odata_filter.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/date.h"
#include "base/decimal.h"
#include "base/err.h"
#include "base/say.h"
#include "base/text.h"
#include "edge/odata_shape.h"
#include "expr/expr.h"
#include "meta/section.h"

enum { MAX_DEPTH = 32, MAX_PATH = 8, MAX_ITEMS = 500, MAX_LAMBDAS = 2 };

struct lambda {
	const char *name;
	size_t len;
	const struct section *section;
	bool ids; /* over "watchers_ids": the variable is a key */
};

struct parser {
	struct arena *a;
	const char *begin, *p, *end;
	const struct section *section; /* of the request */
	struct lambda lambdas[MAX_LAMBDAS];
	int nlambdas, depth;
	struct odata_shape *shape; /* or NULL */
	size_t nliterals;          /* parsed so far */
	const struct expr *path;   /* the path that was parsed last, */
	const struct field *field; /* and the field that it ends with, NULL where there is none */
	struct err *err;
};

static int fail_at(struct parser *s, enum err_code code, enum say_text what, const char *arg)
{
	err_tell(s->err, code, what, arg);
	s->err->column = (int)(s->p - s->begin) + 1;
	err_target(s->err, "$filter");
	return -1;
}

static int fail(struct parser *s, enum err_code code, enum say_text what)
{
	return fail_at(s, code, what, NULL);
}

static void blanks(struct parser *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t'))
		s->p++;
}

/* The word (letters, digits, '_', '$', '@') at the cursor; its length. */
static size_t word(const struct parser *s)
{
	const char *q = s->p;
	while (q < s->end && (isalnum((unsigned char)*q) || *q == '_' || *q == '$' || *q == '@'))
		q++;
	return (size_t)(q - s->p);
}

/* Operators and functions may be written in any letters (v4.01, 5.1.1). */
static bool is_word(const struct parser *s, const char *text)
{
	return word(s) == strlen(text) && strncasecmp(s->p, text, strlen(text)) == 0;
}

/* Takes an operator word between blanks. */
static bool take_word(struct parser *s, const char *text)
{
	const char *at = s->p;
	blanks(s);
	if (is_word(s, text)) {
		s->p += strlen(text);
		return true;
	}
	s->p = at;
	return false;
}

static int expect(struct parser *s, char c)
{
	blanks(s);
	if (s->p < s->end && *s->p == c) {
		s->p++;
		return 0;
	}
	return fail_at(s, ERR_SYNTAX, SAY_FILTER_EXPECTED, arena_strndup(s->a, &c, 1));
}

static int parse_or(struct parser *s, struct expr **out);

/* The literal that began at `from`: the shape's next one, when it reads the text as this parser does. */
static void literal_note(struct parser *s, const char *from, struct expr *e)
{
	struct odata_shape *shape = s->shape;
	size_t i = s->nliterals++;
	if (!shape || i >= shape->nliterals || shape->literals[i].at != (size_t)(from - s->begin) ||
		shape->literals[i].len != (size_t)(s->p - from))
		return;
	shape->literals[i].node = e;
	expr_literal_mark(e, (int)i + 1);
}

struct value odata_literal_text(struct arena *a, const char *p, size_t len)
{
	char *text = arena_alloc(a, len);
	size_t n = 0;
	for (size_t i = 1; i + 1 < len; i++) {
		text[n++] = p[i];
		if (p[i] == '\'')
			i++;
	}
	return value_text(text, n);
}

static int literal_text(struct parser *s, struct expr **out)
{
	const char *from = s->p;
	for (s->p++;; s->p++) {
		if (s->p >= s->end)
			return fail(s, ERR_SYNTAX, SAY_FILTER_QUOTE);
		if (*s->p == '\'') {
			if (s->p + 1 < s->end && s->p[1] == '\'')
				s->p++;
			else
				break;
		}
	}
	s->p++;
	*out = expr_make_literal(s->a, odata_literal_text(s->a, from, (size_t)(s->p - from)));
	literal_note(s, from, *out);
	return 0;
}

size_t odata_literal_number(struct arena *a, const char *p, const char *end, struct value *v)
{
	size_t len = 0;
	int64_t i;
	while (p + len < end && (isalnum((unsigned char)p[len]) || p[len] == '.' || p[len] == ':' || p[len] == '-' || p[len] == '+'))
		len++;
	/* the plus of an offset that nobody escaped has become a blank, which nothing else can be here */
	if (len >= 16 && len <= 32 && memchr(p, 'T', len) && (size_t)(end - p) >= len + 6 && p[len] == ' ' && p[len + 3] == ':') {
		char *whole = arena_strndup(a, p, len + 6);
		whole[len] = '+';
		if (time_parse(whole, len + 6, &i)) {
			*v = value_time(i);
			return len + 6;
		}
	}
	if (date_parse(p, len, &i))
		*v = value_date(i);
	else if (time_parse(p, len, &i))
		*v = value_time(i);
	else if (len > 100 || !decimal_parse(a, p, len, v))
		return 0;
	else if (!memchr(p, '.', len) && decimal_to_int(v, &i))
		*v = value_int(i);
	return len;
}

/* Numbers, dates and times begin with a digit or a sign. */
static int literal_number(struct parser *s, struct expr **out)
{
	const char *from = s->p;
	struct value v;
	size_t len = odata_literal_number(s->a, from, s->end, &v);
	if (!len)
		return fail(s, ERR_SYNTAX, SAY_FILTER_NUMBER);
	s->p += len;
	*out = expr_make_literal(s->a, v);
	literal_note(s, from, *out);
	return 0;
}

/* The field that a property name stands for, and whether it is the key of a lookup ("account_id", "watchers_ids"). */
static struct field *property(const struct section *sec, struct arena *a, const char *name, size_t len, bool *key)
{
	struct field *f = section_find_n(sec, name, len);
	*key = false;
	if (f)
		return f;
	for (size_t i = 0; i < sec->nfields; i++) {
		const char *prop = field_property(a, sec->fields[i]);
		if (strlen(prop) == len && memcmp(prop, name, len) == 0) {
			*key = sec->fields[i]->to != NULL;
			return sec->fields[i];
		}
	}
	return NULL;
}

static size_t path_names(struct arena *a, const struct section *sec, const char *text, size_t len, const char **names, size_t max,
						 const struct section **last)
{
	size_t n = 0, at = 0;
	while (at <= len && n < max) {
		size_t part = 0;
		while (at + part < len && text[at + part] != '/')
			part++;
		if (!part)
			return 0;
		bool key = false;
		struct field *f = sec ? property(sec, a, text + at, part, &key) : NULL;
		names[n++] = f ? f->expr.name : arena_strndup(a, text + at, part);
		/* a file is its key: the record behind it is nobody's */
		if (key && !f->many && f->type != FIELD_FILE) {
			if (n == max)
				return 0;
			names[n++] = "id";
		}
		sec = f ? f->to : NULL;
		at += part + 1;
		if (at > len)
			break;
	}
	*last = sec;
	return at > len ? n : 0;
}

size_t odata_path_names(struct arena *a, const struct section *s, const char *text, size_t len, const char **names, size_t max,
						struct err *err)
{
	const struct section *last;
	size_t n = path_names(a, s, text, len, names, max, &last);
	if (!n)
		err_tell(err, ERR_SYNTAX, SAY_BAD_PATH, arena_strndup(a, text, text_cut(text, len, 100)));
	return n;
}

static const struct field *path_field(struct arena *a, const struct section *sec, const char *text, size_t len)
{
	const struct field *f = NULL;
	for (size_t at = 0; at <= len && sec; sec = f ? f->to : NULL) {
		const char *slash = memchr(text + at, '/', len - at);
		size_t part = slash ? (size_t)(slash - text) - at : len - at;
		bool key;
		f = property(sec, a, text + at, part, &key);
		at += part + 1;
		if (at > len)
			return f;
	}
	return NULL;
}

static int lambda(struct parser *s, const char *const *names, size_t n, const struct section *inner, bool ids, bool all, struct expr **out)
{
	struct expr *args[2], *cond = NULL;
	args[0] = expr_make_path(s->a, names, n);
	if (expect(s, '('))
		return -1;
	blanks(s);
	if (!all && s->p < s->end && *s->p == ')') {
		s->p++;
		*out = expr_make_call(s->a, "any", args, 1);
		return 0;
	}
	if (s->nlambdas == MAX_LAMBDAS - 1)
		return fail(s, ERR_NOT_EXECUTED, SAY_FILTER_NESTED);
	size_t len = word(s);
	if (!len || !inner)
		return fail(s, ERR_SYNTAX, len ? SAY_FILTER_LINES : SAY_FILTER_VARIABLE);
	s->lambdas[s->nlambdas++] = (struct lambda){s->p, len, inner, ids};
	s->p += len;
	if (expect(s, ':') || parse_or(s, &cond) || expect(s, ')'))
		return -1;
	s->nlambdas--;
	args[1] = all ? expr_make_unary(s->a, EXPR_NOT, cond) : cond;
	*out = expr_make_call(s->a, "any", args, 2);
	if (all)
		*out = expr_make_unary(s->a, EXPR_NOT, *out);
	return 0;
}

/* A path of properties, perhaps ending in /any(…), /all(…), /$count. */
static int parse_path(struct parser *s, struct expr **out)
{
	if (*s->p == '@' || is_word(s, "$root") || is_word(s, "$this") || is_word(s, "INF") || is_word(s, "NaN"))
		return fail_at(s, ERR_NOT_EXECUTED, SAY_FILTER_OPERATOR, arena_strndup(s->a, s->p, text_cut(s->p, word(s), 60)));
	if (s->section->ntasks && is_word(s, "tasks") && s->p + 5 < s->end && s->p[5] == '/')
		return fail_at(s, ERR_NOT_EXECUTED, SAY_FILTER_OPERATOR, "tasks");
	const char *from = s->p;
	const struct section *sec = s->section;
	size_t prefix = 0;
	const char *names[MAX_PATH + 2];
	size_t first = word(s);
	if (s->nlambdas) {
		const struct lambda *l = &s->lambdas[s->nlambdas - 1];
		if (first == l->len && memcmp(s->p, l->name, first) == 0) {
			if (s->p + first >= s->end || s->p[first] != '/') {
				static const char *const id[] = {"id"};
				if (!l->ids)
					return fail(s, ERR_NOT_EXECUTED, SAY_FILTER_VARIABLE_ALONE);
				s->p += first;
				*out = expr_make_path(s->a, id, 1);
				return 0;
			}
			s->p += first + 1;
			from = s->p;
			sec = l->section;
		} else {
			names[prefix++] = "record";
			if (is_word(s, "$it") && s->p + 3 < s->end && s->p[3] == '/')
				from = s->p += 4;
		}
	} else if (is_word(s, "$it") && s->p + 3 < s->end && s->p[3] == '/') {
		s->p += 4;
		from = s->p;
	}
	for (;;) {
		size_t len = word(s);
		if (!len)
			return fail(s, ERR_SYNTAX, SAY_FILTER_PROPERTY);
		s->p += len;
		if (s->p >= s->end || *s->p != '/')
			break;
		const char *slash = s->p++;
		bool any = is_word(s, "any"), all = is_word(s, "all"), count = is_word(s, "$count");
		if (!any && !all && !count)
			continue;
		const struct section *inner;
		size_t n = path_names(s->a, sec, from, (size_t)(slash - from), names + prefix, MAX_PATH, &inner);
		if (!n)
			return fail(s, ERR_TOO_COMPLEX, SAY_FILTER_PATH);
		s->p += any || all ? 3 : 6;
		if (count) {
			struct expr *path = expr_make_path(s->a, names, n + prefix);
			*out = expr_make_call(s->a, "count", &path, 1);
			return 0;
		}
		/* "watchers_ids" was read as "watchers" */
		const char *last = slash;
		while (last > from && last[-1] != '/')
			last--;
		bool ids = (size_t)(slash - last) != strlen(names[prefix + n - 1]);
		return lambda(s, names, n + prefix, inner, ids, all, out);
	}
	const struct section *last;
	size_t n = path_names(s->a, sec, from, (size_t)(s->p - from), names + prefix, MAX_PATH, &last);
	if (!n)
		return fail(s, ERR_TOO_COMPLEX, SAY_FILTER_PATH);
	*out = expr_make_path(s->a, names, n + prefix);
	s->path = *out;
	s->field = path_field(s->a, sec, from, (size_t)(s->p - from));
	return 0;
}

static const struct {
	const char *odata, *own;
	int args;
	bool dated; /* of a date, or of the date of a moment */
} functions[] = {{"contains", "contains", 2, false},  {"startswith", "starts_with", 2, false},
				 {"endswith", "ends_with", 2, false}, {"tolower", "lower", 1, false},
				 {"year", "year", 1, true},           {"month", "month", 1, true},
				 {"date", "date_of", 1, false},       {"now", "now", 0, false},
				 {"round", "round", 1, false}};

static const char *const not_executed[] = {"length",
										   "indexof",
										   "substring",
										   "toupper",
										   "trim",
										   "concat",
										   "day",
										   "hour",
										   "minute",
										   "second",
										   "fractionalseconds",
										   "time",
										   "totaloffsetminutes",
										   "totalseconds",
										   "mindatetime",
										   "maxdatetime",
										   "floor",
										   "ceiling",
										   "cast",
										   "isof",
										   "geo",
										   "matchesPattern",
										   "hassubset",
										   "hassubsequence",
										   "case"};

static int parse_call(struct parser *s, size_t len, struct expr **out)
{
	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
		if (strlen(functions[i].odata) != len || strncasecmp(functions[i].odata, s->p, len) != 0)
			continue;
		struct expr *args[2];
		s->p += len + 1;
		for (int k = 0; k < functions[i].args; k++)
			if ((k && expect(s, ',')) || parse_or(s, &args[k]))
				return -1;
		if (expect(s, ')'))
			return -1;
		/* of a moment the year is that of its day, as date() has it */
		if (functions[i].dated && s->path == args[0] && s->field && s->field->expr.type.kind == EXPR_TIME)
			args[0] = expr_make_call(s->a, "date_of", args, 1);
		*out = expr_make_call(s->a, functions[i].own, args, (size_t)functions[i].args);
		return 0;
	}
	for (size_t i = 0; i < sizeof not_executed / sizeof *not_executed; i++)
		if (strlen(not_executed[i]) == len && strncasecmp(not_executed[i], s->p, len) == 0)
			return fail_at(s, ERR_NOT_EXECUTED, SAY_FILTER_FUNCTION_LATER, not_executed[i]);
	return fail_at(s, ERR_SYNTAX, SAY_FILTER_FUNCTION, arena_strndup(s->a, s->p, len < 60 ? len : 60));
}

static int parse_primary(struct parser *s, struct expr **out)
{
	blanks(s);
	if (s->p >= s->end)
		return fail(s, ERR_SYNTAX, SAY_FILTER_END);
	if (*s->p == '(') {
		s->p++;
		return parse_or(s, out) || expect(s, ')') ? -1 : 0;
	}
	if (*s->p == '\'')
		return literal_text(s, out);
	if (isdigit((unsigned char)*s->p) || ((*s->p == '-' || *s->p == '+') && s->p + 1 < s->end && isdigit((unsigned char)s->p[1])))
		return literal_number(s, out);
	if (*s->p == '-') {
		struct expr *x;
		s->p++;
		if (parse_primary(s, &x))
			return -1;
		*out = expr_make_unary(s->a, EXPR_NEG, x);
		return 0;
	}
	size_t len = word(s);
	if (!len)
		return fail(s, ERR_SYNTAX, SAY_FILTER_VALUE);
	/* of all words these two have small letters alone */
	bool yes = len == 4 && memcmp(s->p, "true", 4) == 0, no = len == 5 && memcmp(s->p, "false", 5) == 0;
	if (yes || no || is_word(s, "null")) {
		struct value v = yes || no ? value_bool(yes) : value_nil();
		s->p += len;
		*out = expr_make_literal(s->a, v);
		return 0;
	}
	if (is_word(s, "duration") && s->p + len < s->end && s->p[len] == '\'') {
		int64_t us;
		const char *from = s->p + len + 1, *close = memchr(from, '\'', (size_t)(s->end - from));
		if (!close || !duration_parse(from, (size_t)(close - from), &us))
			return fail(s, ERR_SYNTAX, SAY_FILTER_DURATION);
		s->p = close + 1;
		*out = expr_make_literal(s->a, value_duration(us));
		return 0;
	}
	if (s->p + len < s->end && s->p[len] == '(')
		return parse_call(s, len, out);
	if (s->p + len < s->end && s->p[len] == '.') {
		/* "geo.distance", the name of a type */
		while (s->p + len < s->end && (isalnum((unsigned char)s->p[len]) || s->p[len] == '_' || s->p[len] == '.'))
			len++;
		return fail_at(s, ERR_NOT_EXECUTED, SAY_FILTER_OPERATOR, arena_strndup(s->a, s->p, text_cut(s->p, len, 60)));
	}
	return parse_path(s, out);
}

static int parse_unary(struct parser *s, struct expr **out)
{
	int failed = 0;
	if (++s->depth > MAX_DEPTH)
		return fail(s, ERR_TOO_COMPLEX, SAY_FILTER_DEPTH);
	blanks(s);
	if (is_word(s, "not")) {
		struct expr *x;
		s->p += 3;
		failed = parse_unary(s, &x);
		if (!failed)
			*out = expr_make_unary(s->a, EXPR_NOT, x);
	} else {
		failed = parse_primary(s, out);
	}
	s->depth--;
	return failed;
}

static int parse_times(struct parser *s, struct expr **out)
{
	if (parse_unary(s, out))
		return -1;
	for (;;) {
		enum expr_op op;
		struct expr *y;
		if (take_word(s, "mul"))
			op = EXPR_MUL;
		else if (take_word(s, "div") || take_word(s, "divby"))
			op = EXPR_DIV;
		else if (take_word(s, "mod"))
			return fail_at(s, ERR_NOT_EXECUTED, SAY_FILTER_OPERATOR, "mod");
		else
			return 0;
		if (parse_unary(s, &y))
			return -1;
		*out = expr_make_binary(s->a, op, *out, y);
	}
}

static int parse_plus(struct parser *s, struct expr **out)
{
	if (parse_times(s, out))
		return -1;
	for (;;) {
		bool add = take_word(s, "add");
		struct expr *y;
		if (!add && !take_word(s, "sub"))
			return 0;
		if (parse_times(s, &y))
			return -1;
		*out = expr_make_binary(s->a, add ? EXPR_ADD : EXPR_SUB, *out, y);
	}
}

/* The text at p begins with exactly this word. */
static bool starts_word(const char *p, const char *end, const char *text)
{
	size_t n = strlen(text);
	while (p < end && *p == ' ')
		p++;
	return (size_t)(end - p) >= n && strncasecmp(p, text, n) == 0 &&
		   ((size_t)(end - p) == n || !(isalnum((unsigned char)p[n]) || p[n] == '_' || p[n] == '/'));
}

/* What is never true, of an operand that has to exist all the same. */
static struct expr *never(struct parser *s, struct expr *x)
{
	struct expr *nil = expr_make_literal(s->a, value_nil());
	return expr_make_binary(s->a, EXPR_AND, expr_make_binary(s->a, EXPR_EQ, x, nil),
							expr_make_binary(s->a, EXPR_NE, x, expr_make_literal(s->a, value_nil())));
}

/* `x in (…)`: null among the items is what is empty; `x in watchers_ids`: a collection of keys. */
static int parse_in(struct parser *s, struct expr *x, struct expr **out)
{
	struct expr **items = arena_array(s->a, struct expr *, MAX_ITEMS);
	size_t n = 0, count = 0;
	bool nulls = false;
	blanks(s);
	if (s->p < s->end && *s->p != '(' && word(s)) {
		struct expr *many;
		if (parse_path(s, &many))
			return -1;
		*out = expr_make_binary(s->a, EXPR_IN, x, many);
		return 0;
	}
	if (expect(s, '('))
		return -1;
	blanks(s);
	bool empty = s->p < s->end && *s->p == ')';
	while (!empty) {
		if (count++ == MAX_ITEMS)
			return fail(s, ERR_TOO_COMPLEX, SAY_FILTER_LIST);
		blanks(s);
		if (is_word(s, "null")) {
			nulls = true;
			s->p += 4;
		} else if (parse_unary(s, &items[n++])) {
			return -1;
		}
		blanks(s);
		if (s->p >= s->end || *s->p != ',')
			break;
		s->p++;
	}
	if (expect(s, ')'))
		return -1;
	struct expr *among = n ? expr_make_binary(s->a, EXPR_IN, x, expr_make_set(s->a, items, n)) : NULL;
	struct expr *nothing = nulls ? expr_make_binary(s->a, EXPR_EQ, x, expr_make_literal(s->a, value_nil())) : NULL;
	*out = among && nothing ? expr_make_binary(s->a, EXPR_OR, among, nothing) : among ? among : nothing ? nothing : never(s, x);
	return 0;
}

static int parse_compare(struct parser *s, struct expr **out)
{
	static const struct {
		const char *name;
		enum expr_op op;
	} ops[] = {{"eq", EXPR_EQ_NULLS}, {"ne", EXPR_NE_NULLS}, {"gt", EXPR_GT}, {"ge", EXPR_GE}, {"lt", EXPR_LT}, {"le", EXPR_LE}};
	const char *left = s->p;
	if (parse_plus(s, out))
		return -1;
	if (take_word(s, "has"))
		return fail_at(s, ERR_NOT_EXECUTED, SAY_FILTER_OPERATOR, "has");
	if (take_word(s, "in"))
		return parse_in(s, *out, out);
	for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
		if (!take_word(s, ops[i].name))
			continue;
		struct expr *y;
		const char *right = s->p;
		enum expr_op op = ops[i].op;
		if (parse_plus(s, &y))
			return -1;
		/* a literal null tests emptiness; a literal on one side cannot be null, so the plain operator, which an index serves, means the same */
		blanks(s);
		while (right < s->p && *right == ' ')
			right++;
		bool literal =
			*right == '\'' || isdigit((unsigned char)*right) || starts_word(right, s->end, "true") || starts_word(right, s->end, "false");
		bool nil = starts_word(right, s->end, "null"), nil_left = starts_word(left, s->end, "null");
		if ((nil || nil_left) && op != EXPR_EQ_NULLS && op != EXPR_NE_NULLS) {
			/* null is neither less nor greater than anything (v4.01, 5.1.1.1) */
			*out = never(s, nil ? *out : y);
			return 0;
		}
		if (op == EXPR_EQ_NULLS && (literal || nil || nil_left))
			op = EXPR_EQ;
		else if (op == EXPR_NE_NULLS && (literal || nil || nil_left))
			op = EXPR_NE;
		*out = expr_make_binary(s->a, op, *out, y);
		return 0;
	}
	return 0;
}

static int parse_and(struct parser *s, struct expr **out)
{
	if (parse_compare(s, out))
		return -1;
	while (take_word(s, "and")) {
		struct expr *y;
		if (parse_compare(s, &y))
			return -1;
		*out = expr_make_binary(s->a, EXPR_AND, *out, y);
	}
	return 0;
}

static int parse_or(struct parser *s, struct expr **out)
{
	if (++s->depth > MAX_DEPTH)
		return fail(s, ERR_TOO_COMPLEX, SAY_FILTER_DEPTH);
	if (parse_and(s, out))
		return -1;
	while (take_word(s, "or")) {
		struct expr *y;
		if (parse_and(s, &y))
			return -1;
		*out = expr_make_binary(s->a, EXPR_OR, *out, y);
	}
	s->depth--;
	return 0;
}

int odata_filter_parse(struct arena *a, const struct section *sec, const char *text, size_t len, struct odata_shape *shape,
					   struct expr **out, struct err *err)
{
	struct parser s = {.a = a, .begin = text, .p = text, .end = text + len, .section = sec, .shape = shape, .err = err};
	if (len > ODATA_FILTER_MAX)
		return fail(&s, ERR_TOO_COMPLEX, SAY_FILTER_LONG);
	if (parse_or(&s, out))
		return -1;
	blanks(&s);
	if (s.p != s.end)
		return fail_at(&s, ERR_SYNTAX, SAY_FILTER_REST, arena_strndup(a, s.p, text_cut(s.p, (size_t)(s.end - s.p), 40)));
	return 0;
}
