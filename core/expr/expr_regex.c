#include "expr/expr_regex.h"

#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

#define MAX_PATTERN 256
#define MAX_STATES 1000
#define MAX_REPEAT 255
#define MAX_NESTING 16

enum piece_kind { PIECE_CHAR, PIECE_ANY, PIECE_CLASS, PIECE_BEGIN, PIECE_END, PIECE_SEQUENCE, PIECE_CHOICE, PIECE_REPEAT };

struct range {
	uint32_t from, to;
};

struct char_class {
	bool negated;
	struct range *items;
	size_t count, cap;
};

/* A piece of the pattern's tree. */
struct piece {
	enum piece_kind kind;
	uint32_t cp;
	struct char_class *class;
	struct piece **items;
	size_t count, cap;
	int min, max; /* of PIECE_REPEAT, max -1: no end */
};

enum code { CODE_CHAR, CODE_ANY, CODE_CLASS, CODE_BEGIN, CODE_END, CODE_SPLIT, CODE_JUMP, CODE_MATCH };

struct instruction {
	enum code code;
	uint32_t cp;
	const struct char_class *class;
	int x, y; /* where to go on */
};

struct expr_regex {
	struct instruction *items;
	size_t count;
};

struct compiler {
	struct arena *arena;
	const char *pattern, *p, *end;
	int nesting;
	struct instruction *code;
	size_t count;
	const char *problem;
};

static int refuse(struct compiler *c, const char *at, const char *problem)
{
	c->p = at;
	c->problem = problem;
	return -1;
}

static struct piece *piece_new(struct compiler *c, enum piece_kind kind)
{
	struct piece *p = arena_new(c->arena, struct piece);
	p->kind = kind;
	return p;
}

static void class_add(struct compiler *c, struct char_class *k, uint32_t from, uint32_t to)
{
	struct range r = {from, to};
	arena_push(c->arena, k, r);
}

/* \d \w \s into the class; false when the letter is none of them. */
static bool class_add_shorthand(struct compiler *c, struct char_class *k, char letter)
{
	switch (letter) {
	case 'd': class_add(c, k, '0', '9'); return true;
	case 'w':
		class_add(c, k, '0', '9');
		class_add(c, k, 'A', 'Z');
		class_add(c, k, 'a', 'z');
		class_add(c, k, '_', '_');
		return true;
	case 's':
		class_add(c, k, '\t', '\r');
		class_add(c, k, ' ', ' ');
		return true;
	default: return false;
	}
}

static bool is_punctuation(char ch)
{
	return ch && strchr("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ ", ch);
}

/* The character behind a backslash, c->p behind it. */
static int escaped(struct compiler *c, uint32_t *cp)
{
	const char *at = c->p - 1;
	if (c->p == c->end)
		return refuse(c, at, "the pattern ends in a backslash");
	char ch = *c->p;
	if (ch == 'n' || ch == 't' || ch == 'r')
		*cp = ch == 'n' ? '\n' : ch == 't' ? '\t' : '\r';
	else if (is_punctuation(ch) && ch != '_' && ch != ' ')
		*cp = (uint32_t)ch;
	else
		return refuse(c, at, "this escape is not known: \\d \\w \\s \\D \\W \\S \\n \\t \\r, and \\ before punctuation are");
	c->p++;
	return 0;
}

/* One end of a range; sets *shorthand when a whole class was added instead. */
static int class_member(struct compiler *c, struct char_class *k, uint32_t *cp, bool *shorthand)
{
	*shorthand = false;
	if (*c->p == '\\') {
		c->p++;
		if (c->p < c->end && class_add_shorthand(c, k, *c->p)) {
			c->p++;
			*shorthand = true;
			return 0;
		}
		return escaped(c, cp);
	}
	if (*c->p == '[')
		return refuse(c, c->p, "write \\[ for a bracket inside brackets");
	*cp = text_next(&c->p, c->end);
	return 0;
}

static int parse_class(struct compiler *c, struct piece **out)
{
	const char *start = c->p++;
	struct piece *piece = piece_new(c, PIECE_CLASS);
	struct char_class *k = piece->class = arena_new(c->arena, struct char_class);
	if (c->p < c->end && *c->p == '^') {
		k->negated = true;
		c->p++;
	}
	if (c->p < c->end && *c->p == ']')
		return refuse(c, c->p, "write \\] for a bracket inside brackets");
	while (c->p < c->end && *c->p != ']') {
		const char *at = c->p;
		uint32_t from, to;
		bool shorthand;
		if (*c->p == '-' && c->p > start + 1 + k->negated && c->p + 1 < c->end && c->p[1] != ']')
			return refuse(c, c->p, "write \\- for a hyphen inside brackets");
		if (class_member(c, k, &from, &shorthand))
			return -1;
		if (shorthand) {
			if (c->p < c->end && *c->p == '-' && c->p + 1 < c->end && c->p[1] != ']')
				return refuse(c, at, "a class is no end of a range");
			continue;
		}
		to = from;
		if (c->p + 1 < c->end && *c->p == '-' && c->p[1] != ']') {
			c->p++;
			if (class_member(c, k, &to, &shorthand))
				return -1;
			if (shorthand || to < from)
				return refuse(c, at, shorthand ? "a class is no end of a range" : "the range ends before it begins");
		}
		class_add(c, k, from, to);
	}
	if (c->p == c->end)
		return refuse(c, start, "the bracket is not closed");
	c->p++;
	*out = piece;
	return 0;
}

static int parse_choice(struct compiler *c, struct piece **out);

static int parse_atom(struct compiler *c, struct piece **out)
{
	const char *at = c->p;
	switch (*c->p) {
	case '(':
		if (++c->nesting > MAX_NESTING)
			return refuse(c, at, "groups are nested too deeply");
		c->p++;
		if (c->p == c->end)
			return refuse(c, at, "the group is not closed");
		if (*c->p == '?')
			return refuse(c, c->p, "(? … ) is not known");
		if (parse_choice(c, out))
			return -1;
		if (c->p == c->end || *c->p != ')')
			return refuse(c, at, "the group is not closed");
		c->p++;
		c->nesting--;
		return 0;
	case '[': return parse_class(c, out);
	case '.':
		c->p++;
		*out = piece_new(c, PIECE_ANY);
		return 0;
	case '*':
	case '+':
	case '?':
	case '{': return refuse(c, at, "there is nothing to repeat here");
	case '}':
	case ']': return refuse(c, at, "write a backslash before a bracket that stands for itself");
	case '^': return refuse(c, at, "^ stands only at the beginning of a pattern or of its alternatives");
	case '$': return refuse(c, at, "$ stands only at the end of a pattern or of its alternatives");
	case '\\': {
		c->p++;
		struct piece *piece = piece_new(c, PIECE_CLASS);
		piece->class = arena_new(c->arena, struct char_class);
		char letter = c->p < c->end ? *c->p : 0;
		bool negated = letter == 'D' || letter == 'W' || letter == 'S';
		if (class_add_shorthand(c, piece->class, (char)(negated ? letter + 32 : letter))) {
			piece->class->negated = negated;
			c->p++;
		} else {
			piece->kind = PIECE_CHAR;
			if (escaped(c, &piece->cp))
				return -1;
		}
		*out = piece;
		return 0;
	}
	default:
		*out = piece_new(c, PIECE_CHAR);
		(*out)->cp = text_next(&c->p, c->end);
		return 0;
	}
}

static int parse_count(struct compiler *c, int *n)
{
	const char *at = c->p;
	*n = 0;
	while (c->p < c->end && *c->p >= '0' && *c->p <= '9' && c->p < at + 4)
		*n = *n * 10 + (*c->p++ - '0');
	if (c->p == at)
		return refuse(c, at, "a repetition is written {n}, {n,} or {n,m}");
	return *n > MAX_REPEAT ? refuse(c, at, "a repetition goes up to 255") : 0;
}

static int parse_repeat(struct compiler *c, struct piece **atom)
{
	if (c->p == c->end || !strchr("*+?{", *c->p))
		return 0;
	struct piece *r = piece_new(c, PIECE_REPEAT);
	const char *at = c->p;
	char ch = *c->p++;
	r->min = ch == '+';
	r->max = ch == '?' ? 1 : -1;
	if (ch == '{') {
		if (parse_count(c, &r->min))
			return -1;
		r->max = r->min;
		if (c->p < c->end && *c->p == ',') {
			c->p++;
			r->max = -1;
			if (c->p < c->end && *c->p != '}' && parse_count(c, &r->max))
				return -1;
		}
		if (c->p == c->end || *c->p != '}')
			return refuse(c, at, "a repetition is written {n}, {n,} or {n,m}");
		c->p++;
		if (r->max == 0 || (r->max > 0 && r->max < r->min))
			return refuse(c, at, "the repetition ends before it begins");
	}
	if (c->p < c->end && strchr("*+?{", *c->p))
		return refuse(c, c->p, "a repetition of a repetition is written with a group");
	arena_push(c->arena, r, *atom);
	*atom = r;
	return 0;
}

static int parse_branch(struct compiler *c, struct piece **out)
{
	struct piece *s = *out = piece_new(c, PIECE_SEQUENCE);
	const char *at = c->p;
	if (c->nesting == 0 && c->p < c->end && *c->p == '^') {
		c->p++;
		arena_push(c->arena, s, piece_new(c, PIECE_BEGIN));
		if (c->p < c->end && strchr("*+?{", *c->p))
			return refuse(c, c->p, "there is nothing to repeat here");
	}
	while (c->p < c->end && *c->p != '|' && *c->p != ')') {
		if (*c->p == '$' && c->nesting == 0 && (c->p + 1 == c->end || c->p[1] == '|')) {
			c->p++;
			arena_push(c->arena, s, piece_new(c, PIECE_END));
			break;
		}
		struct piece *atom;
		if (parse_atom(c, &atom) || parse_repeat(c, &atom))
			return -1;
		arena_push(c->arena, s, atom);
	}
	return s->count ? 0 : refuse(c, at, "an alternative is empty");
}

static int parse_choice(struct compiler *c, struct piece **out)
{
	struct piece *choice = piece_new(c, PIECE_CHOICE), *branch;
	for (;;) {
		if (parse_branch(c, &branch))
			return -1;
		arena_push(c->arena, choice, branch);
		if (c->p == c->end || *c->p != '|')
			break;
		c->p++;
	}
	*out = choice->count == 1 ? branch : choice;
	return 0;
}

static int emit(struct compiler *c, enum code code)
{
	if (c->count == MAX_STATES)
		return refuse(c, c->pattern, "the pattern is too large");
	c->code[c->count] = (struct instruction){.code = code, .x = (int)c->count + 1};
	return (int)c->count++;
}

static int generate(struct compiler *c, const struct piece *p)
{
	int at;
	switch (p->kind) {
	case PIECE_CHAR:
	case PIECE_ANY:
	case PIECE_CLASS:
	case PIECE_BEGIN:
	case PIECE_END: {
		static const enum code codes[] = {[PIECE_CHAR] = CODE_CHAR,
										  [PIECE_ANY] = CODE_ANY,
										  [PIECE_CLASS] = CODE_CLASS,
										  [PIECE_BEGIN] = CODE_BEGIN,
										  [PIECE_END] = CODE_END};
		if ((at = emit(c, codes[p->kind])) < 0)
			return -1;
		c->code[at].cp = p->cp;
		c->code[at].class = p->class;
		return 0;
	}
	case PIECE_SEQUENCE:
		for (size_t i = 0; i < p->count; i++)
			if (generate(c, p->items[i]))
				return -1;
		return 0;
	case PIECE_CHOICE: {
		int *jumps = arena_array(c->arena, int, p->count);
		for (size_t i = 0; i < p->count; i++) {
			int split = -1;
			if (i + 1 < p->count && (split = emit(c, CODE_SPLIT)) < 0)
				return -1;
			if (generate(c, p->items[i]))
				return -1;
			if (i + 1 < p->count) {
				if ((jumps[i] = emit(c, CODE_JUMP)) < 0)
					return -1;
				c->code[split].y = (int)c->count;
			}
		}
		for (size_t i = 0; i + 1 < p->count; i++)
			c->code[jumps[i]].x = (int)c->count;
		return 0;
	}
	case PIECE_REPEAT: {
		for (int i = 0; i < p->min; i++)
			if (generate(c, p->items[0]))
				return -1;
		if (p->max < 0) {
			int split = emit(c, CODE_SPLIT);
			if (split < 0 || generate(c, p->items[0]) || (at = emit(c, CODE_JUMP)) < 0)
				return -1;
			c->code[at].x = split;
			c->code[split].y = (int)c->count;
			return 0;
		}
		int *splits = arena_array(c->arena, int, p->max - p->min + 1);
		for (int i = 0; i < p->max - p->min; i++)
			if ((splits[i] = emit(c, CODE_SPLIT)) < 0 || generate(c, p->items[0]))
				return -1;
		for (int i = 0; i < p->max - p->min; i++)
			c->code[splits[i]].y = (int)c->count;
		return 0;
	}
	}
	return 0;
}

int expr_regex_compile(struct arena *a, const char *pattern, size_t len, struct expr_regex **out, const char **problem, size_t *at)
{
	struct compiler c = {.arena = a, .pattern = pattern, .p = pattern, .end = pattern + len};
	struct piece *tree;
	int r;
	if (len == 0 || len > MAX_PATTERN) {
		r = refuse(&c, pattern, len ? "the pattern is longer than 256 bytes" : "the pattern is empty");
	} else {
		c.code = arena_array(a, struct instruction, MAX_STATES);
		r = parse_choice(&c, &tree);
		if (r == 0 && c.p < c.end)
			r = refuse(&c, c.p, "the group was not opened");
		if (r == 0)
			r = generate(&c, tree) || emit(&c, CODE_MATCH) < 0 ? -1 : 0;
	}
	if (r) {
		*problem = c.problem;
		*at = (size_t)(c.p - pattern);
		return -1;
	}
	struct expr_regex *re = *out = arena_new(a, struct expr_regex);
	re->items = arena_array(a, struct instruction, c.count);
	memcpy(re->items, c.code, sizeof *re->items * c.count);
	re->count = c.count;
	return 0;
}

/* States that a position is in: each once. */
struct states {
	int *items;
	size_t count;
	unsigned *seen; /* the position's number when the state is in */
};

static bool class_has(const struct char_class *k, uint32_t cp)
{
	bool in = false;
	for (size_t i = 0; i < k->count && !in; i++)
		in = cp >= k->items[i].from && cp <= k->items[i].to;
	return in != k->negated;
}

/* Adds a state and all that it reaches without reading; true when it reaches the match. The stack holds every state at most once. */
static bool states_add(const struct expr_regex *re, struct states *s, int *stack, unsigned mark, int state, bool first, bool last)
{
	size_t n = 0;
	stack[n++] = state;
	while (n) {
		int i = stack[--n];
		if (s->seen[i] == mark)
			continue;
		s->seen[i] = mark;
		const struct instruction *in = &re->items[i];
		switch (in->code) {
		case CODE_MATCH: return true;
		case CODE_JUMP: stack[n++] = in->x; break;
		case CODE_SPLIT:
			stack[n++] = in->x;
			stack[n++] = in->y;
			break;
		case CODE_BEGIN:
			if (first)
				stack[n++] = in->x;
			break;
		case CODE_END:
			if (last)
				stack[n++] = in->x;
			break;
		default: s->items[s->count++] = i;
		}
	}
	return false;
}

bool expr_regex_search(struct arena *a, const struct expr_regex *re, const char *s, size_t len)
{
	struct states lists[2];
	for (int i = 0; i < 2; i++) {
		lists[i].items = arena_array(a, int, re->count);
		lists[i].seen = arena_array(a, unsigned, re->count);
		lists[i].count = 0;
	}
	int *stack = arena_array(a, int, re->count * 2 + 1);
	struct states *now = &lists[0], *after = &lists[1];
	const char *p = s, *end = s + len;
	unsigned mark = 1;
	if (states_add(re, now, stack, mark, 0, true, p == end))
		return true;
	while (p < end) {
		uint32_t cp = text_next(&p, end);
		mark++;
		after->count = 0;
		for (size_t i = 0; i < now->count; i++) {
			const struct instruction *in = &re->items[now->items[i]];
			bool goes = in->code == CODE_ANY || (in->code == CODE_CHAR ? in->cp == cp : in->code == CODE_CLASS && class_has(in->class, cp));
			if (goes && states_add(re, after, stack, mark, in->x, false, p == end))
				return true;
		}
		if (states_add(re, after, stack, mark, 0, false, p == end))
			return true;
		struct states *t = now;
		now = after;
		after = t;
	}
	return false;
}
