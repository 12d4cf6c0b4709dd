#include "meta/source.h"

#include <string.h>

#include "base/arena.h"

/* Deepest nesting of brackets and blocks that is followed; Lua's own parser ends at 200. */
#define MAX_DEPTH 250

static bool is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_keyword(const char *s, size_t len)
{
	static const char *const words[] = {"and", "break", "do",  "else", "elseif", "end",    "false",  "for",  "function", "goto",  "if",
										"in",  "local", "nil", "not",  "or",     "repeat", "return", "then", "true",     "until", "while"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i]) == len && memcmp(words[i], s, len) == 0)
			return true;
	return false;
}

/* The bytes of a long bracket `[[`, `[=[` at p, or 0; *level is the number of '='. */
static size_t long_open(const char *p, const char *end, size_t *level)
{
	const char *q = p;
	if (q >= end || *q != '[')
		return 0;
	for (q++, *level = 0; q < end && *q == '='; q++)
		++*level;
	return q < end && *q == '[' ? (size_t)(q - p) + 1 : 0;
}

/* The end of a long bracket whose content begins at p. */
static const char *long_end(const char *p, const char *end, size_t level)
{
	for (; p < end; p++) {
		if (*p != ']')
			continue;
		const char *q = p + 1;
		size_t n = 0;
		while (q < end && *q == '=' && n < level)
			q++, n++;
		if (n == level && q < end && *q == ']')
			return q + 1;
	}
	return end;
}

static const char *quoted_end(const char *p, const char *end)
{
	char quote = *p++;
	while (p < end && *p != quote && *p != '\n') {
		if (*p == '\\' && p + 1 < end) {
			if (p[1] == 'z') {
				for (p += 2; p < end && strchr(" \t\r\n\v\f", *p);)
					p++;
				continue;
			}
			p++;
		}
		p++;
	}
	return p < end && *p == quote ? p + 1 : p;
}

/* Splits the text into tokens; comments and spaces vanish. */
static void tokenize(struct arena *a, struct source *s)
{
	struct {
		struct source_token *items;
		size_t count, cap;
	} tokens = {0};
	struct {
		const char **items;
		size_t count, cap;
	} lines = {0};
	const char *p = s->text, *end = s->text + s->len, *line_start = p;
	int line = 1;
	arena_push(a, &lines, p);
	if (s->len && *p == '#')
		while (p < end && *p != '\n')
			p++;
	while (p < end) {
		const char *from = p;
		struct source_token t = {SOURCE_MARK, (uint32_t)(p - s->text), 1, line, (int)(p - line_start) + 1};
		size_t level, open;
		bool token = true;
		if (*p == '-' && p + 1 < end && p[1] == '-') {
			token = false;
			p += 2;
			if ((open = long_open(p, end, &level)))
				p = long_end(p + open, end, level);
			else
				while (p < end && *p != '\n')
					p++;
		} else if (strchr(" \t\r\n\v\f", *p)) {
			token = false;
			p++;
		} else if (is_name_start(*p)) {
			while (p < end && (is_name_start(*p) || is_digit(*p)))
				p++;
			t.kind = is_keyword(from, (size_t)(p - from)) ? SOURCE_KEYWORD : SOURCE_NAME;
		} else if (is_digit(*p) || (*p == '.' && p + 1 < end && is_digit(p[1]))) {
			while (p < end &&
				   (is_name_start(*p) || is_digit(*p) || *p == '.' || ((*p == '+' || *p == '-') && strchr("eEpP", p[-1]) && p > from)))
				p++;
			t.kind = SOURCE_NUMBER;
		} else if (*p == '"' || *p == '\'') {
			p = quoted_end(p, end);
			t.kind = SOURCE_STRING;
		} else if ((open = long_open(p, end, &level))) {
			p = long_end(p + open, end, level);
			t.kind = SOURCE_STRING;
		} else {
			static const char *const twos[] = {"==", "~=", "<=", ">=", "//", "..", "::", "<<", ">>"};
			for (size_t i = 0; i < sizeof twos / sizeof *twos; i++)
				if (p + 1 < end && p[0] == twos[i][0] && p[1] == twos[i][1]) {
					p++;
					break;
				}
			p++;
		}
		if (token) {
			t.len = (uint32_t)(p - from);
			arena_push(a, &tokens, t);
		}
		for (const char *q = from; q < p; q++)
			if (*q == '\n') {
				line++;
				line_start = q + 1;
				arena_push(a, &lines, line_start);
			}
	}
	s->tokens = tokens.items;
	s->ntokens = tokens.count;
	s->lines = lines.items;
	s->nlines = lines.count;
}

static bool token_is(const struct source *s, size_t i, const char *text)
{
	return i < s->ntokens && s->tokens[i].len == strlen(text) && memcmp(s->text + s->tokens[i].at, text, s->tokens[i].len) == 0 &&
		   s->tokens[i].kind != SOURCE_STRING;
}

/* The content of a literal string without escapes; NULL when it has some or is no string. */
static const char *plain_string(struct arena *a, const struct source *s, size_t i)
{
	if (i >= s->ntokens || s->tokens[i].kind != SOURCE_STRING)
		return NULL;
	const char *p = s->text + s->tokens[i].at;
	size_t len = s->tokens[i].len;
	if (*p == '[' || len < 2 || memchr(p, '\\', len))
		return NULL;
	return arena_strndup(a, p + 1, len - 2);
}

/* Finds the word (and name) that stand before the brace at token i. */
static void table_name(struct arena *a, const struct source *s, size_t i, struct source_table *t)
{
	if (i == 0)
		return;
	size_t p = i - 1;
	if (token_is(s, p, "(") && p > 0)
		p--;
	if (s->tokens[p].kind == SOURCE_STRING) {
		t->name = plain_string(a, s, p);
		t->computed = !t->name;
		if (p == 0)
			return;
		p--;
	} else if (token_is(s, p, ")")) {
		size_t depth = 1, close = p;
		while (p > 0 && depth > 0) {
			p--;
			if (token_is(s, p, ")"))
				depth++;
			else if (token_is(s, p, "("))
				depth--;
		}
		if (depth || p == 0)
			return;
		if (close == p + 2)
			t->name = plain_string(a, s, p + 1);
		t->computed = !t->name;
		p--;
	}
	if (s->tokens[p].kind != SOURCE_NAME ||
		(p > 0 && (token_is(s, p - 1, ".") || token_is(s, p - 1, ":") || token_is(s, p - 1, "function")))) {
		t->name = NULL;
		t->computed = false;
		return;
	}
	t->word = arena_strndup(a, s->text + s->tokens[p].at, s->tokens[p].len);
	t->token = (uint32_t)p;
	t->line = s->tokens[p].line;
}

struct frame {
	enum { FRAME_TABLE, FRAME_PAREN, FRAME_BLOCK } kind;
	struct source_table *table; /* of FRAME_TABLE */
	bool in_item;               /* an item has begun */
	struct source_item item;
};

static void item_end(struct arena *a, struct frame *f, size_t last)
{
	if (!f->in_item)
		return;
	f->in_item = false;
	f->item.last = (uint32_t)last;
	if (f->item.last < f->item.first) /* `key =` with nothing after it */
		f->item.last = f->item.first;
	arena_push(a, f->table, f->item);
}

static size_t item_begin(struct arena *a, const struct source *s, struct frame *f, size_t i)
{
	f->in_item = true;
	memset(&f->item, 0, sizeof f->item);
	f->item.key_token = f->item.first = (uint32_t)i;
	if (s->tokens[i].kind == SOURCE_NAME && token_is(s, i + 1, "=")) {
		f->item.key = arena_strndup(a, s->text + s->tokens[i].at, s->tokens[i].len);
		f->item.first = (uint32_t)i + 2;
		return i + 2;
	}
	if (token_is(s, i, "[") && token_is(s, i + 2, "]") && token_is(s, i + 3, "=")) {
		f->item.key = plain_string(a, s, i + 1);
		f->item.key_token = (uint32_t)i + 1;
		f->item.first = (uint32_t)i + 4;
		return i + 4;
	}
	return i;
}

static int by_line(const void *x, const void *y)
{
	const struct source_table *const *s = x, *const *t = y;
	return (*s)->token < (*t)->token ? -1 : (*s)->token > (*t)->token;
}

static void find_tables(struct arena *a, struct source *s)
{
	struct {
		struct source_table **items;
		size_t count, cap;
	} all = {0};
	struct frame *stack = arena_array(a, struct frame, MAX_DEPTH);
	size_t depth = 0;
	for (size_t i = 0; i < s->ntokens; i++) {
		struct frame *top = depth ? &stack[depth - 1] : NULL;
		if (top && top->kind == FRAME_TABLE) {
			if (token_is(s, i, ",") || token_is(s, i, ";")) {
				item_end(a, top, i - 1);
				continue;
			}
			if (!token_is(s, i, "}") && !top->in_item) {
				size_t to = item_begin(a, s, top, i);
				if (to >= s->ntokens)
					break;
				i = to;
				if (token_is(s, i, "}") || token_is(s, i, ",")) {
					i--;
					continue;
				}
			}
		}
		bool open_table = token_is(s, i, "{");
		if (open_table || token_is(s, i, "(") || token_is(s, i, "[") || token_is(s, i, "function") || token_is(s, i, "if") ||
			token_is(s, i, "do") || token_is(s, i, "repeat")) {
			if (depth == MAX_DEPTH)
				return;
			struct frame *f = &stack[depth++];
			memset(f, 0, sizeof *f);
			f->kind = open_table ? FRAME_TABLE : token_is(s, i, "(") || token_is(s, i, "[") ? FRAME_PAREN : FRAME_BLOCK;
			if (open_table) {
				struct source_table *t = f->table = arena_new(a, struct source_table);
				t->line = s->tokens[i].line;
				t->token = (uint32_t)i;
				table_name(a, s, i, t);
				for (size_t k = depth - 1; k-- > 0;)
					if (stack[k].kind == FRAME_TABLE) {
						t->parent = stack[k].table;
						if (k == depth - 2 && stack[k].in_item && (stack[k].item.first == t->token || stack[k].item.first == i))
							stack[k].item.table = t;
						break;
					}
				arena_push(a, &all, t);
			}
		} else if (token_is(s, i, "}") || token_is(s, i, ")") || token_is(s, i, "]") || token_is(s, i, "end") || token_is(s, i, "until")) {
			if (!top)
				continue;
			if (top->kind == FRAME_TABLE)
				item_end(a, top, i - 1);
			depth--;
		}
	}
	s->tables = all.items;
	s->ntables = all.count;
	s->calls = arena_array(a, struct source_table *, all.count + 1);
	for (size_t i = 0; i < all.count; i++)
		if (all.items[i]->word)
			s->calls[s->ncalls++] = all.items[i];
	/* a table is met at its brace, which follows its word: nested ones stay in order, but be sure */
	for (size_t i = 1; i < s->ncalls; i++)
		if (by_line(&s->calls[i - 1], &s->calls[i]) > 0) {
			struct source_table *t = s->calls[i];
			size_t k = i;
			for (; k > 0 && by_line(&s->calls[k - 1], &t) > 0; k--)
				s->calls[k] = s->calls[k - 1];
			s->calls[k] = t;
		}
}

struct source *source_scan(struct arena *a, const char *text, size_t len)
{
	struct source *s = arena_new(a, struct source);
	s->text = text;
	s->len = len;
	tokenize(a, s);
	find_tables(a, s);
	return s;
}

const struct source_table *source_find(const struct source *s, const char *word, const char *name, int line, int nth)
{
	size_t lo = 0, hi = s->ncalls;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (s->calls[mid]->line < line)
			lo = mid + 1;
		else
			hi = mid;
	}
	const struct source_table *computed = NULL, *found = NULL;
	for (; lo < s->ncalls && s->calls[lo]->line == line; lo++) {
		const struct source_table *t = s->calls[lo];
		if (strcmp(t->word, word) != 0)
			continue;
		if (t->name && name ? strcmp(t->name, name) == 0 : !t->name && !name && !t->computed) {
			found = t;
			if (nth-- == 0)
				return t;
		} else if (t->computed && !computed) {
			computed = t;
		}
	}
	return found ? found : computed;
}

const struct source_token *source_name(const struct source *s, const struct source_table *t)
{
	const struct source_token *word = &s->tokens[t->token];
	return t->name && t->token + 1 < s->ntokens && word[1].kind == SOURCE_STRING && word[1].line == word->line ? word + 1 : word;
}

const struct source_item *source_key(const struct source_table *t, const char *key)
{
	for (size_t i = 0; t && i < t->count; i++)
		if (t->items[i].key && strcmp(t->items[i].key, key) == 0)
			return &t->items[i];
	return NULL;
}

const struct source_item *source_position(const struct source_table *t, size_t n)
{
	for (size_t i = 0; t && i < t->count; i++)
		if (!t->items[i].key && n-- == 0)
			return &t->items[i];
	return NULL;
}

const struct source_token *source_word(const struct source *s, int line, const char *word)
{
	size_t len = strlen(word), lo = 0, hi = s->ntokens;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (s->tokens[mid].line < line)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < s->ntokens && s->tokens[lo].line == line; lo++) {
		const struct source_token *t = &s->tokens[lo];
		const char *p = s->text + t->at;
		if (t->kind == SOURCE_NAME && t->len == len && memcmp(p, word, len) == 0)
			return t;
		if (t->kind == SOURCE_STRING && t->len == len + 2 && memcmp(p + 1, word, len) == 0)
			return t;
	}
	return NULL;
}

bool source_is_string(const struct source *s, const struct source_item *item)
{
	return item->first == item->last && item->first < s->ntokens && s->tokens[item->first].kind == SOURCE_STRING;
}

bool source_is_bool(const struct source *s, const struct source_item *item)
{
	return item->first == item->last && (token_is(s, item->first, "true") || token_is(s, item->first, "false"));
}

/* Bytes of one escape sequence at p and bytes that it gives. */
static size_t escape_len(const char *p, const char *end, size_t *gives)
{
	*gives = 1;
	if (p + 1 >= end)
		return 1;
	size_t n = 2;
	switch (p[1]) {
	case 'x': return p + 4 <= end ? 4 : (size_t)(end - p);
	case 'z':
		*gives = 0;
		while (p + n < end && strchr(" \t\r\n\v\f", p[n]))
			n++;
		return n;
	case 'u': {
		uint32_t cp = 0;
		for (n = 3; p + n < end && p[n] != '}'; n++) {
			char c = p[n];
			cp = cp * 16 + (uint32_t)(is_digit(c) ? c - '0' : (c | 32) - 'a' + 10);
		}
		*gives = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
		return p + n < end ? n + 1 : n;
	}
	default:
		if (is_digit(p[1]))
			while (n < 4 && p + n < end && is_digit(p[n]))
				n++;
		return n;
	}
}

void source_inside(const struct source *s, const struct source_token *string, size_t offset, int *line, int *column)
{
	const char *p = s->text + string->at, *end = p + string->len;
	size_t level, open = long_open(p, end, &level);
	*line = string->line;
	*column = string->column;
	const char *stop;
	if (open) {
		p += open;
		if (p < end && *p == '\r')
			p++;
		if (p < end && *p == '\n')
			p++;
		stop = p + offset < end ? p + offset : end;
	} else {
		p++;
		while (offset > 0 && p < end) {
			size_t gives = 1, n = *p == '\\' ? escape_len(p, end, &gives) : 1;
			p += n;
			offset -= gives < offset ? gives : offset;
		}
		stop = p;
	}
	for (const char *q = s->text + string->at; q < stop; q++) {
		if (*q == '\n') {
			++*line;
			*column = 1;
		} else {
			++*column;
		}
	}
}

const char *source_line(const struct source *s, int line, size_t *len)
{
	*len = 0;
	if (line < 1 || (size_t)line > s->nlines)
		return "";
	const char *p = s->lines[line - 1], *end = s->text + s->len;
	const char *q = memchr(p, '\n', (size_t)(end - p));
	if (!q)
		q = end;
	*len = (size_t)(q - p);
	if (*len && p[*len - 1] == '\r')
		--*len;
	return p;
}
