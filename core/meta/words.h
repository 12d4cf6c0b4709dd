/* words: the one table of the configuration language: every word, where it may stand, its options, their types and one line of documentation.
 *
 * The shape of declarations is checked against it (shape.h), the reference and the editor's types are generated from it. Constant data, no memory of its own.
 * Not here: what the words mean (registry, resolve, rules). */
#ifndef OST_META_WORDS_H
#define OST_META_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meta/section.h"

struct buf;

/* X(enum, word as written) */
#define WORDS(X)                                                                                                                           \
	X(MODULE, "module")                                                                                                                    \
	X(SECTION, "section")                                                                                                                  \
	X(EXTEND, "extend")                                                                                                                    \
	X(ROLE, "role")                                                                                                                        \
	X(ALLOW, "allow") X(ON, "on") X(DATA, "data") X(IMPORT, "import") X(CHANGE, "change") X(TAB, "tab") X(GROUP, "group")                  \
		X(VALUE, "value") X(STAGES, "stages") X(STAGE, "stage") X(MOVE, "move") X(TASK, "task") X(LIST, "list") X(UNIQUE, "unique")        \
			X(TEXT, "text") X(INTEGER, "integer") X(DECIMAL, "decimal") X(MONEY, "money") X(PERCENT, "percent") X(BOOLEAN, "boolean")      \
				X(DATE, "date") X(DATETIME, "datetime") X(DURATION, "duration") X(CHOICE, "choice") X(LOOKUP, "lookup")                    \
					X(DETAIL, "detail") X(FILE, "file") X(EMAIL, "email") X(PHONE, "phone") X(URL, "url") X(AUTONUMBER, "autonumber")      \
						X(FORMULA, "formula") X(ROLLUP, "rollup")

enum word_id {
#define WORD_ENUM(id, text) WORD_##id,
	WORDS(WORD_ENUM)
#undef WORD_ENUM
		WORD_COUNT
};

/* Set of words. */
typedef uint64_t word_set;
#define WORD_IN(id) ((word_set)1 << (id))
/* Where a declaration stands by itself in a file. */
#define WORD_TOP WORD_IN(63)

/* What an option takes. */
enum option_type {
	OPTION_BOOL,     /* true or false */
	OPTION_TEXT,     /* any text */
	OPTION_LABEL,    /* text that users see, translated */
	OPTION_TITLE,    /* text with {path} */
	OPTION_NAME,     /* one name */
	OPTION_NAMES,    /* a name or a list of names */
	OPTION_PATHS,    /* list of paths of fields, "-" before one sorts downwards */
	OPTION_INT,      /* whole number */
	OPTION_NUMBER,   /* number */
	OPTION_RULE,     /* true, false or an expression */
	OPTION_EXPR,     /* an expression */
	OPTION_LITERAL,  /* text, number, true or false */
	OPTION_CODE,     /* one of `codes` */
	OPTION_VERSIONS, /* { org = "1" } */
	OPTION_DAYS,     /* list of 1 (Monday) … 7 */
	OPTION_ROW,      /* table of values by field */
	OPTION_COLUMNS,  /* columns of an import */
	OPTION_FUNCTION  /* a Lua function */
};

enum word_naming {
	NAMED,       /* a name must be given */
	NAMED_MAYBE, /* a name may be given */
	NAMELESS     /* no name */
};

/* What stands in the positional part of the table. */
enum word_content {
	HOLDS_NOTHING,
	HOLDS_WORDS, /* declarations */
	HOLDS_EXPR,  /* one expression */
	HOLDS_NAMES, /* names */
	HOLDS_ROWS,  /* tables of values */
	HOLDS_HOOK   /* a name and a function, by calls */
};

struct word {
	const char *text;
	word_set places; /* the words it may stand in, WORD_TOP for a file */
	enum word_naming naming;
	enum word_content content;
	const char *doc; /* one sentence */
};

struct word_option {
	const char *name;
	word_set words; /* that take it */
	enum option_type type;
	const char *codes;    /* of OPTION_CODE: "restrict clear cascade" */
	const char *fallback; /* what holds when it is left out, as text, or NULL */
	const char *doc;      /* one sentence */
};

extern const struct word words[WORD_COUNT];
extern const struct word_option word_options[];
extern const size_t word_option_count;

/* All words of fields, and those that hold a column. */
extern const word_set word_fields, word_stored;

/* The word, or WORD_COUNT. */
enum word_id word_find(const char *text);
/* What a word of a later version belongs to ("processes"), or NULL when it is none. */
const char *word_later(const char *text);
/* The i-th word of later versions, NULL after the last. */
const char *word_later_at(size_t i);
/* The same for an option. */
const char *word_option_later(enum word_id word, const char *option);
/* The option of the word, or NULL. */
const struct word_option *word_option_find(enum word_id word, const char *name);
/* True when the option (NULL: the positional value) takes an expression, so that it is written in quotes. */
bool word_takes_expression(enum word_id word, const char *option);
/* The nearest word or option for "did you mean", or NULL. */
const char *word_nearest(const char *text);
const char *word_option_nearest(enum word_id word, const char *name);
/* The type of a field's word; FIELD_TYPE_COUNT when it declares no field. */
enum field_type word_field_type(enum word_id word);
/* Appends the editor's annotations (lua/types/ostov.lua). */
void words_write_lua(struct buf *b);
/* Appends the reference of words and options in Markdown. */
void words_write_markdown(struct buf *b);

/* Names that no section may take, and those that no field may take, ended by NULL. */
extern const char *const word_reserved_sections[];
extern const char *const word_reserved_fields[];
/* True for what a bare name in an expression is taken for, whatever fields there are. */
bool word_expression_name(const char *name);
/* Colours of choice values, ended by NULL. */
extern const char *const word_colours[];

#endif
