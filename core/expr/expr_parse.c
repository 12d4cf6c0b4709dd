/* Text to tree: Lua's grammar of expressions, cut down to what the language has, plus `in` and `not in`. */
#include <string.h>

#include "base/arena.h"
#include "base/decimal.h"
#include "base/err.h"
#include "base/text.h"
#include "expr/expr_private.h"

enum token_kind { TOKEN_END, TOKEN_NAME, TOKEN_NUMBER, TOKEN_TEXT, TOKEN_SIGN };

struct token {
	enum token_kind kind;
	size_t at, len; /* place in the text */
	char sign[3];   /* of TOKEN_SIGN, NUL-terminated */
	struct value v; /* of numbers and texts */
};

struct parser {
	struct arena *arena;
	const char *text;
	size_t len, at;
	struct token token; /* the next one */
	int depth;
	int nodes;
	struct err *err;
};

/* Lua's priorities; `..` is flattened, so its associativity does not matter. */
static const struct {
	const char *text;
	enum expr_op op;
	int priority;
} binary[] = {
	{"or", EXPR_OR, 1},     {"and", EXPR_AND, 2}, {"==", EXPR_EQ, 3}, {"~=", EXPR_NE, 3}, {"<", EXPR_LT, 3},
	{"<=", EXPR_LE, 3},     {">", EXPR_GT, 3},    {">=", EXPR_GE, 3}, {"in", EXPR_IN, 3}, {"not", EXPR_NOT_IN, 3},
	{"..", EXPR_CONCAT, 4}, {"+", EXPR_ADD, 5},   {"-", EXPR_SUB, 5}, {"*", EXPR_MUL, 6}, {"/", EXPR_DIV, 6},
};
#define UNARY_PRIORITY 7

static int fail_at(struct parser *p, size_t at, size_t len, const char *message, const char *hint)
{
	err_set(p->err, ERR_SYNTAX, "%s", message);
	if (p->err) {
		p->err->column = (int)at + 1;
		p->err->width = (int)(len ? len : 1);
		if (hint)
			err_hint(p->err, "%s", hint);
	}
	return -1;
}

static int fail_complex(struct parser *p, size_t at, const char *what)
{
	err_set(p->err, ERR_TOO_COMPLEX, "the expression has %s", what);
	if (p->err)
		p->err->column = (int)at + 1;
	return -1;
}

static bool is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int hex(char c)
{
	return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One escape behind the backslash at p->text[*i]; appends to out. */
static int read_escape(struct parser *p, size_t *i, char *out, size_t *n)
{
	static const char from[] = "abfnrtv\\\"'\n", to[] = "\a\b\f\n\r\t\v\\\"'\n";
	size_t at = *i - 1;
	if (*i >= p->len)
		return fail_at(p, at, 1, "the text has no end", "close it with the quote that it began with");
	char c = p->text[(*i)++];
	const char *simple = memchr(from, c, sizeof from - 1);
	if (simple) {
		out[(*n)++] = to[simple - from];
		return 0;
	}
	if (c == 'z') {
		while (*i < p->len && memchr(" \t\r\n\v\f", p->text[*i], 6))
			++*i;
		return 0;
	}
	unsigned code = 0;
	if (c == 'x' && *i + 2 <= p->len && hex(p->text[*i]) >= 0 && hex(p->text[*i + 1]) >= 0) {
		code = (unsigned)(hex(p->text[*i]) * 16 + hex(p->text[*i + 1]));
		*i += 2;
		out[(*n)++] = (char)code;
		return 0;
	}
	if (is_digit(c)) {
		code = (unsigned)(c - '0');
		for (int k = 0; k < 2 && *i < p->len && is_digit(p->text[*i]); k++)
			code = code * 10 + (unsigned)(p->text[(*i)++] - '0');
		if (code < 256) {
			out[(*n)++] = (char)code;
			return 0;
		}
	}
	if (c == 'u' && *i < p->len && p->text[*i] == '{') {
		size_t k = *i + 1;
		for (; k < p->len && hex(p->text[k]) >= 0 && code <= 0x10ffff; k++)
			code = code * 16 + (unsigned)hex(p->text[k]);
		if (k < p->len && p->text[k] == '}' && k > *i + 1 && code <= 0x10ffff) {
			*n += text_encode(code, out + *n);
			*i = k + 1;
			return 0;
		}
	}
	return fail_at(p, at, 2, "the text has an unknown escape", "write \\\\ for a backslash");
}

static int read_text(struct parser *p, size_t at)
{
	char quote = p->text[at], *out = arena_alloc(p->arena, p->len - at + 1);
	size_t i = at + 1, n = 0;
	for (;;) {
		if (i >= p->len || p->text[i] == '\n')
			return fail_at(p, at, 1, "the text has no end", "close it with the quote that it began with");
		char c = p->text[i++];
		if (c == quote)
			break;
		if (c != '\\')
			out[n++] = c;
		else if (read_escape(p, &i, out, &n))
			return -1;
	}
	if (!text_valid(out, n))
		return fail_at(p, at, i - at, "the text is not valid UTF-8", NULL);
	p->token.kind = TOKEN_TEXT;
	p->token.v = value_text(out, n);
	p->token.len = i - at;
	p->at = i;
	return 0;
}

/* [[text]], [=[text]=]: returns 1 when it is none. */
static int read_long_text(struct parser *p, size_t at)
{
	size_t level = 0, i = at + 1;
	while (i < p->len && p->text[i] == '=')
		i++, level++;
	if (i >= p->len || p->text[i] != '[')
		return 1;
	size_t start = ++i;
	if (start < p->len && p->text[start] == '\n')
		start = ++i;
	for (; i < p->len; i++) {
		if (p->text[i] != ']')
			continue;
		size_t k = i + 1;
		while (k < p->len && p->text[k] == '=')
			k++;
		if (k - i - 1 == level && k < p->len && p->text[k] == ']') {
			p->token.kind = TOKEN_TEXT;
			p->token.v = value_text(arena_strndup(p->arena, p->text + start, i - start), i - start);
			p->token.len = k + 1 - at;
			p->at = k + 1;
			return 0;
		}
	}
	return fail_at(p, at, 2, "the text has no end", "close it with ]]");
}

static int read_number(struct parser *p, size_t at)
{
	size_t i = at, digits = 0;
	bool point = false, exponent = false;
	if (p->text[i] == '0' && i + 1 < p->len && (p->text[i + 1] == 'x' || p->text[i + 1] == 'X'))
		return fail_at(p, at, 2, "numbers are written in decimal", NULL);
	for (; i < p->len; i++) {
		char c = p->text[i];
		if (is_digit(c)) {
			digits += !exponent;
		} else if (c == '.' && !point && !exponent) {
			point = true;
		} else if ((c == 'e' || c == 'E') && !exponent) {
			exponent = true;
			if (i + 1 < p->len && (p->text[i + 1] == '+' || p->text[i + 1] == '-'))
				i++;
		} else {
			break;
		}
	}
	if (i < p->len && (is_name_start(p->text[i]) || p->text[i] == '.'))
		return fail_at(p, at, i - at + 1, "malformed number", p->text[i] == '.' ? "a space stands between a number and .." : NULL);
	/* Lua takes ".5" and "5."; decimals take neither */
	size_t len = i - at;
	char *s = arena_alloc(p->arena, len + 3);
	size_t n = 0;
	for (size_t k = at; k < i; k++) {
		if (p->text[k] == '.' && (k == at || !is_digit(p->text[k - 1])))
			s[n++] = '0';
		s[n++] = p->text[k];
		if (p->text[k] == '.' && (k + 1 == i || !is_digit(p->text[k + 1])))
			s[n++] = '0';
	}
	struct value v;
	if (digits > EXPR_MAX_LITERAL)
		return fail_complex(p, at, "a number of more than 100 digits");
	if (!decimal_parse(p->arena, s, n, &v))
		return fail_at(p, at, len, "malformed number", NULL);
	if (v.text.len - (memchr(v.text.s, '.', v.text.len) != NULL) > EXPR_MAX_LITERAL)
		return fail_complex(p, at, "a number of more than 100 digits");
	int64_t whole;
	if (!point && !exponent && decimal_to_int(&v, &whole))
		v = value_int(whole);
	p->token.kind = TOKEN_NUMBER;
	p->token.v = v;
	p->token.len = len;
	p->at = i;
	return 0;
}

static int read_sign(struct parser *p, size_t at)
{
	static const char *const pairs[] = {"==", "~=", "<=", ">=", ".."};
	static const struct {
		const char *text, *hint;
	} foreign[] = {{"!=", "not equal is written ~="},
				   {"<>", "not equal is written ~="},
				   {"&&", "write and"},
				   {"||", "write or; texts are joined by .."},
				   {"--", "comments do not stand in expressions; write a space between two minus signs"},
				   {"//", "write round(x / y)"},
				   {"::", NULL},
				   {"=", "equal is written =="},
				   {"!", "write not"},
				   {"%", NULL},
				   {"^", NULL},
				   {"#", "write count(…)"},
				   {"&", "write and"},
				   {"|", "write or"},
				   {"?", "write iif(condition, a, b)"},
				   {":", NULL},
				   {";", NULL},
				   {"[", "a set is written {…}"},
				   {"]", NULL},
				   {"~", "not equal is written ~="}};
	const char *s = p->text + at;
	size_t left = p->len - at;
	p->token.kind = TOKEN_SIGN;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		if (left >= 2 && memcmp(s, pairs[i], 2) == 0) {
			memcpy(p->token.sign, s, 2);
			p->token.len = 2;
			p->at = at + 2;
			return 0;
		}
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
		size_t n = strlen(foreign[i].text);
		if (left >= n && memcmp(s, foreign[i].text, n) == 0)
			return fail_at(p, at, n, arena_printf(p->arena, "unexpected '%s'", foreign[i].text), foreign[i].hint);
	}
	if (!strchr("<>+-*/(){},.", *s)) {
		size_t n = 1;
		while (n < left && ((unsigned char)s[n] & 0xc0) == 0x80)
			n++;
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return fail_at(p, at, 1, "unexpected control character", NULL);
		return fail_at(p, at, n, arena_printf(p->arena, "unexpected '%.*s'", (int)n, s),
					   (unsigned char)*s >= 0x80 ? "names are written in Latin letters; texts stand in quotes" : NULL);
	}
	p->token.sign[0] = *s;
	p->token.len = 1;
	p->at = at + 1;
	return 0;
}

static int next(struct parser *p)
{
	while (p->at < p->len && memchr(" \t\r\n\v\f", p->text[p->at], 6))
		p->at++;
	size_t at = p->at;
	p->token = (struct token){.kind = TOKEN_END, .at = at};
	if (at >= p->len)
		return 0;
	char c = p->text[at];
	if (is_name_start(c)) {
		while (p->at < p->len && (is_name_start(p->text[p->at]) || is_digit(p->text[p->at])))
			p->at++;
		p->token.kind = TOKEN_NAME;
		p->token.len = p->at - at;
		return 0;
	}
	if (is_digit(c) || (c == '.' && at + 1 < p->len && is_digit(p->text[at + 1])))
		return read_number(p, at);
	if (c == '"' || c == '\'')
		return read_text(p, at);
	if (c == '[') {
		int r = read_long_text(p, at);
		if (r <= 0)
			return r;
	}
	return read_sign(p, at);
}

static bool is_sign(const struct parser *p, const char *sign)
{
	return p->token.kind == TOKEN_SIGN && strcmp(p->token.sign, sign) == 0;
}

static bool is_word(const struct parser *p, const char *word)
{
	return p->token.kind == TOKEN_NAME && p->token.len == strlen(word) && memcmp(p->text + p->token.at, word, p->token.len) == 0;
}

static bool is_reserved(const struct parser *p)
{
	static const char *const words[] = {"and", "or", "not", "in"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (is_word(p, words[i]))
			return true;
	return false;
}

static int unexpected(struct parser *p, const char *wanted)
{
	if (p->token.kind == TOKEN_END)
		return fail_at(p, p->token.at, 1, arena_printf(p->arena, "the expression ends where %s is expected", wanted), NULL);
	return fail_at(p, p->token.at, p->token.len,
				   arena_printf(p->arena, "%s is expected here, not '%.*s'", wanted, (int)(p->token.len > 40 ? 40 : p->token.len),
								p->text + p->token.at),
				   NULL);
}

static int expect(struct parser *p, const char *sign)
{
	if (!is_sign(p, sign))
		return unexpected(p, arena_printf(p->arena, "'%s'", sign));
	return next(p);
}

static struct expr *node_at(struct parser *p, enum expr_node node, size_t at, size_t len)
{
	struct expr *e = expr_node_new(p->arena, node);
	e->column = (int)at + 1;
	e->width = (int)len;
	return e;
}

static int parse(struct parser *p, int limit, struct expr **out);

/* Items up to the closing sign, the opening one already read. */
static int parse_items(struct parser *p, struct expr *into, const char *close)
{
	while (!is_sign(p, close)) {
		struct expr *item;
		if (parse(p, 0, &item))
			return -1;
		expr_node_add(p->arena, into, item);
		if (is_sign(p, ",")) {
			if (next(p))
				return -1;
		} else if (!is_sign(p, close)) {
			return unexpected(p, arena_printf(p->arena, "',' or '%s'", close));
		}
	}
	return next(p);
}

static int parse_name(struct parser *p, struct expr **out)
{
	size_t at = p->token.at, len = p->token.len;
	if (is_word(p, "nil") || is_word(p, "true") || is_word(p, "false")) {
		struct expr *e = node_at(p, NODE_LITERAL, at, len);
		if (!is_word(p, "nil"))
			e->value = value_bool(is_word(p, "true"));
		*out = e;
		return next(p);
	}
	if (is_reserved(p))
		return unexpected(p, "a value");
	char *name = arena_strndup(p->arena, p->text + at, len);
	if (next(p))
		return -1;
	bool call = is_sign(p, "(");
	if (call || p->token.kind == TOKEN_TEXT || is_sign(p, "{")) {
		struct expr *e = node_at(p, NODE_CALL, at, len);
		e->name = name;
		*out = e;
		if (call)
			return next(p) || parse_items(p, e, ")") ? -1 : 0;
		if (p->token.kind != TOKEN_TEXT)
			return unexpected(p, "an operator");
		struct expr *text = node_at(p, NODE_LITERAL, p->token.at, p->token.len);
		text->value = p->token.v;
		expr_node_add(p->arena, e, text);
		return next(p);
	}
	struct expr *e = node_at(p, NODE_FIELD, at, len);
	e->name = name;
	*out = e;
	return 0;
}

static int parse_simple(struct parser *p, struct expr **out)
{
	struct token t = p->token;
	if (t.kind == TOKEN_NUMBER || t.kind == TOKEN_TEXT) {
		*out = node_at(p, NODE_LITERAL, t.at, t.len);
		(*out)->value = t.v;
		return next(p);
	}
	if (is_sign(p, "{")) {
		*out = node_at(p, NODE_SET, t.at, 1);
		return next(p) || parse_items(p, *out, "}") ? -1 : 0;
	}
	if (t.kind == TOKEN_NAME) {
		if (parse_name(p, out))
			return -1;
	} else if (is_sign(p, "(")) {
		if (next(p) || parse(p, 0, out) || expect(p, ")"))
			return -1;
	} else {
		return unexpected(p, "a value");
	}
	while (is_sign(p, ".")) {
		if (next(p))
			return -1;
		if (p->token.kind != TOKEN_NAME || is_reserved(p))
			return unexpected(p, "a field's name");
		struct expr *e = node_at(p, NODE_FIELD, p->token.at, p->token.len);
		e->name = arena_strndup(p->arena, p->text + p->token.at, p->token.len);
		expr_node_add(p->arena, e, *out);
		if (e->depth > EXPR_MAX_DEPTH)
			return fail_complex(p, p->token.at, "too many levels: 32 are the limit");
		*out = e;
		if (next(p))
			return -1;
		if (is_sign(p, "("))
			return fail_at(p, p->token.at, 1, "a path is no function", NULL);
	}
	return 0;
}

/* The binary operator at the next token, or -1. */
static int binary_at(const struct parser *p)
{
	for (size_t i = 0; i < sizeof binary / sizeof *binary; i++)
		if (p->token.kind == TOKEN_NAME ? is_word(p, binary[i].text) : is_sign(p, binary[i].text))
			return (int)i;
	return -1;
}

static int parse_inner(struct parser *p, int limit, struct expr **out)
{
	size_t at = p->token.at, len = p->token.len;
	if (is_word(p, "not") || is_sign(p, "-")) {
		enum expr_op op = is_sign(p, "-") ? EXPR_NEG : EXPR_NOT;
		struct expr *x;
		if (next(p) || parse(p, UNARY_PRIORITY, &x))
			return -1;
		*out = expr_make_unary(p->arena, op, x);
		(*out)->column = (int)at + 1;
		(*out)->width = (int)len;
	} else if (parse_simple(p, out)) {
		return -1;
	}
	for (;;) {
		int i = binary_at(p);
		if (i < 0 || binary[i].priority <= limit)
			return 0;
		at = p->token.at;
		len = p->token.len;
		if (next(p))
			return -1;
		if (binary[i].op == EXPR_NOT_IN) {
			if (!is_word(p, "in"))
				return fail_at(p, at, len, "'not' stands before a condition, or before 'in'", NULL);
			len = p->token.at + p->token.len - at;
			if (next(p))
				return -1;
		}
		struct expr *y;
		if (parse(p, binary[i].priority, &y))
			return -1;
		*out = expr_make_binary(p->arena, binary[i].op, *out, y);
		(*out)->column = (int)at + 1;
		(*out)->width = (int)len;
		if ((*out)->depth > EXPR_MAX_DEPTH)
			return fail_complex(p, at, "too many levels: 32 are the limit");
		if ((*out)->nodes > EXPR_MAX_NODES)
			return fail_complex(p, at, "too many parts: 500 are the limit");
	}
}

static int parse(struct parser *p, int limit, struct expr **out)
{
	if (++p->depth > EXPR_MAX_DEPTH)
		return fail_complex(p, p->token.at, "too many levels: 32 are the limit");
	int r = parse_inner(p, limit, out);
	p->depth--;
	if (r == 0 && ((*out)->depth > EXPR_MAX_DEPTH || (*out)->nodes > EXPR_MAX_NODES))
		return fail_complex(p, p->token.at,
							(*out)->nodes > EXPR_MAX_NODES ? "too many parts: 500 are the limit" : "too many levels: 32 are the limit");
	return r;
}

int expr_parse(struct arena *a, const char *text, size_t len, struct expr **out, struct err *err)
{
	struct parser p = {.arena = a, .text = text, .len = len, .err = err};
	if (len > EXPR_MAX_TEXT)
		return err_set(err, ERR_TOO_COMPLEX, "the expression is longer than 4096 bytes");
	if (!text_valid(text, len))
		return err_set(err, ERR_SYNTAX, "the expression is not valid UTF-8");
	if (next(&p) || parse(&p, 0, out))
		return -1;
	if (p.token.kind != TOKEN_END)
		return unexpected(&p, "an operator");
	return 0;
}
