/* source: the text of a configuration file as text: where the tables, options and names stand in it.
 *
 * Lua forgets columns, swallows duplicate keys and evaluates what lost its quotes; this reads the same bytes once more and remembers. It is no parser:
 * tokens, brackets and the shape `word "name" { key = value, … }`. Everything lives in the arena given. Not here: what words and options mean (words.h). */
#ifndef OST_META_SOURCE_H
#define OST_META_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

enum source_token_kind { SOURCE_NAME, SOURCE_KEYWORD, SOURCE_STRING, SOURCE_NUMBER, SOURCE_MARK };

struct source_token {
	enum source_token_kind kind;
	uint32_t at, len; /* bytes of the text, quotes included */
	int line, column; /* 1-based, bytes */
};

struct source_item {
	const char *key;            /* NULL: positional */
	uint32_t key_token;         /* of the key, else of the value */
	uint32_t first, last;       /* tokens of the value */
	struct source_table *table; /* when the value is a table or a declaration with one */
};

/* One table constructor. */
struct source_table {
	const char *word; /* of `word "name" { … }`, or NULL */
	const char *name; /* NULL: none, or computed */
	bool computed;    /* the name is no literal */
	int line;         /* of the word, else of the brace */
	uint32_t token;   /* the word, else the brace */
	struct source_item *items;
	size_t count, cap;
	struct source_table *parent;
};

struct source {
	const char *text;
	size_t len;
	struct source_token *tokens;
	size_t ntokens, captokens;
	struct source_table **tables; /* in order of their words' lines */
	size_t ntables, captables;
	struct source_table **calls; /* those with a word, sorted by line */
	size_t ncalls;
	const char **lines; /* start of each line */
	size_t nlines;
};

/* Reads the text; bytes that are no Lua are skipped (Lua itself reports them). `text` must outlive the result. */
struct source *source_scan(struct arena *a, const char *text, size_t len);
/* The table of the declaration `word "name" {` that begins on the line, or NULL: the nth (from 0) of those that look the same, the last one where they are fewer. */
const struct source_table *source_find(const struct source *s, const char *word, const char *name, int line, int nth);
/* The token of the declaration's name, or of its word. */
const struct source_token *source_name(const struct source *s, const struct source_table *t);
/* The item with that key; NULL when there is none. */
const struct source_item *source_key(const struct source_table *t, const char *key);
/* The nth (from 0) positional item. */
const struct source_item *source_position(const struct source_table *t, size_t n);
/* The first token on the line that is this name or a string with this content; NULL when there is none. */
const struct source_token *source_word(const struct source *s, int line, const char *word);
/* True when the value is one literal string. */
bool source_is_string(const struct source *s, const struct source_item *item);
/* True when the value is the literal true or false. */
bool source_is_bool(const struct source *s, const struct source_item *item);
/* Where the byte `offset` of a literal string's content stands in the source. */
void source_inside(const struct source *s, const struct source_token *string, size_t offset, int *line, int *column);
/* The line's bytes without its end; "" when there is none. */
const char *source_line(const struct source *s, int line, size_t *len);

#endif
