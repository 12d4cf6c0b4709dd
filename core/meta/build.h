/* build: what the passes of registry_build share: the registry under construction, merged declarations, places for messages.
 *
 * Private to core/meta. Everything lives in the registry's arena; texts of errors are copied to the arena of the errors. Order of the passes: shape (words and
 * options), extend (declarations of all modules become one tree a section), define and resolve (definitions and names), rules (expressions), verify. */
#ifndef OST_META_BUILD_H
#define OST_META_BUILD_H

#include "base/err.h"
#include "meta/registry.h"
#include "meta/source.h"
#include "meta/words.h"

/* Errors, and warnings, that are reported one by one; the rest is counted. */
#define BUILD_MAX_ERRORS 200
#define BUILD_MAX_WARNINGS 50
#define BUILD_MAX_SECTIONS 1000
#define BUILD_MAX_FIELDS 500
#define BUILD_MAX_TASKS 100

/* An option as one declaration set it. */
struct setting {
	const char *key; /* NULL: positional */
	const struct decl_value *value;
	const struct decl *from; /* a word of its own, `extend` or `change` */
};

/* One thing with what all modules say about it. */
struct node {
	enum word_id word;
	const char *name;
	const struct decl *decl; /* that introduced it */
	struct module *module;
	struct node *parent;
	struct {
		struct setting *items;
		size_t count, cap;
	} settings;
	struct {
		struct node **items;
		size_t count, cap;
	} children;
	void *made; /* the definition made of it */
};

/* Where an error stands. */
struct spot {
	const char *module, *file;
	int line, column, width;
};

/* An expression that waits for the third pass. */
struct pending {
	enum { PENDING_RULE, PENDING_VALUE, PENDING_TITLE, PENDING_WHO } kind;
	struct rule *rule;       /* of PENDING_RULE */
	struct formula *formula; /* of PENDING_VALUE and PENDING_WHO */
	struct template *title;  /* of PENDING_TITLE */
	bool translated;         /* its text is not the setting's own but the translation of it */
	struct section *section; /* bare names */
	struct section *record;  /* `record`, or NULL */
	struct field *field;     /* whose option it is, or NULL */
	bool old;                /* `old` is there */
	bool of_form;            /* the form asks again when a field that it names changes */
	const struct setting *setting;
};

struct build {
	struct arena *arena;   /* of the registry: what lasts */
	struct arena *scratch; /* of the build: sources, merged declarations, maps, hints */
	struct registry *r;
	const struct config *config;
	const struct decls *decls;
	const struct object_map *map;
	struct err *errs;
	struct err *last; /* of the list at errs */
	size_t nerrors, nwarnings;
	struct map sources; /* "module/path" → struct source */
	struct map modules; /* name → struct module */
	bool *reach;        /* modules × modules in order of loading: depends on, through others too */
	struct map nodes;   /* section → struct node */
	struct map states;  /* "section.field" of formulas → how far typing came */
	struct map missing; /* "section.field" that rows name and that is not there: said once */
	struct map rows;    /* what roles and rows of data say, by their names and keys → struct setting */
	struct map pos;     /* module → struct po */
	struct {
		struct pending *items;
		size_t count, cap;
	} pending;
	size_t untranslated;
	struct map former;             /* former names that something took, with the place of it */
	bool unsure;                   /* on what some module depends could not be read */
	struct map lacking;            /* modules that need a missing one, themselves or through others */
	const struct section *unfound; /* where the expression in hand looked last for a field that is not there */
	bool tainted;                  /* the expression in hand needs something whose fault was reported elsewhere */
	const char *taint;             /* the name of that */
	enum err_code code;            /* of the next report; ERR_OK: ERR_CONFIG */
};

/* --- build.c: places and messages --- */

struct source *build_source(struct build *b, const char *module, const char *file);
/* The declaration's name; the key, value, nth item of a list value, nth positional value of one of its options. Fall back to the declaration's line. */
struct spot spot_decl(struct build *b, const struct decl *d);
struct spot spot_key(struct build *b, const struct decl *d, const char *key);
struct spot spot_value(struct build *b, const struct setting *s);
struct spot spot_item(struct build *b, const struct setting *s, size_t n);
/* The key of the nth row (positional table) of a declaration. */
struct spot spot_row(struct build *b, const struct decl *d, const char *list, size_t n, const char *key);
/* The byte `offset` of a text value, `width` bytes. */
struct spot spot_inside(struct build *b, const struct setting *s, size_t offset, int width);
/* "sections/order.lua:12" for messages that name a second place. */
const char *place_text(struct build *b, const struct place *p);
/* Reports; `hint` may be NULL. The message begins with "word 'name': " of the declaration when one is given. */
void build_fail(struct build *b, const struct decl *d, struct spot at, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
void build_warn(struct build *b, const struct decl *d, struct spot at, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* Says how many errors were not shown. */
void build_finish(struct build *b);
/* "did you mean 'x'?", or NULL when there is no near name. */
const char *hint_near(struct build *b, const char *near);
/* True when a declaration of that name stands where it could not be read (a broken file, an unknown word): its absence is not reported again. */
bool build_lost(struct build *b, const char *name);
/* True when a grant on the section is written that could not be read (an unknown word, an option of another type): what it would have allowed is not missed too. */
bool build_grant_lost(struct build *b, const char *section);
/* True when an unknown word stands within a declaration of that word that begins on the place's line. */
bool build_holds_unknown(struct build *b, const struct place *p, const char *word);
/* True when a name to which nothing is `near` may be declared in what is not there: in a missing module or a file that cannot be read. `of`: the module of the section that
 * it is looked for in, or NULL; what a module misses adds nothing to it. */
bool build_absent(struct build *b, const struct module *of, const char *near);

/* --- shape.c: the first pass --- */

void shape_check(struct build *b);
/* Checks the options of a `change` as those of `word`. */
void shape_options(struct build *b, struct decl *d, enum word_id word);

/* --- globals.c --- */

/* Names in functions that are declared nowhere. */
void globals_check(struct build *b, const struct config_file *f, const struct source *s);

/* --- extend.c: one tree a section --- */

void extend_merge(struct build *b);
const struct setting *node_find(const struct node *n, const char *key);
/* The nth positional value that is no declaration. */
const struct setting *node_position(const struct node *n, size_t i);
bool node_bool(const struct node *n, const char *key);
/* The text of the option, or NULL. */
const char *node_text(const struct node *n, const char *key);
/* The names of an option of names, in the arena; returns their number. */
size_t node_names(struct build *b, const struct setting *s, const char ***out);
/* True when `m` is `on` or depends on it, directly or through others; everything depends on core. */
bool module_depends(struct build *b, const struct module *m, const struct module *on);

/* --- define.c, define_field.c: definitions --- */

void define_modules(struct build *b);
void define_sections(struct build *b);
struct field *define_field(struct build *b, struct section *s, struct node *n);
void define_builtin(struct build *b, struct section *s, bool stages);
/* The value of a literal for a field of that type, in the scratch; false (reported) when it does not fit. */
bool define_literal(struct build *b, const struct decl *d, struct spot at, const struct field *f, const struct decl_value *v,
					struct value *out);
/* Takes the option as a rule that waits for the third pass. */
void define_rule(struct build *b, struct node *n, const char *key, struct rule *out, struct section *s, struct section *record,
				 struct field *f, bool old, bool of_form);
void define_formula(struct build *b, const struct setting *s, struct formula *out, struct section *section, struct field *f, bool of_form);
/* Fills what a field's type means to expressions; its target must be known. */
void define_expr_type(struct build *b, struct field *f);

/* --- define_task.c: checklists --- */

void define_tasks(struct build *b, struct section *s, struct stage *st, struct node *n);
/* What holds together: a required task gates a move. */
void verify_tasks(struct build *b, const struct section *s);

/* --- resolve.c, resolve_rows.c: names --- */

void resolve_sections(struct build *b);
void resolve_roles(struct build *b);
void resolve_hooks(struct build *b);
void resolve_data(struct build *b);
void resolve_imports(struct build *b);

/* --- label.c --- */

/* The texts of an option (or, without it, made of `name` when not NULL) with their translation. */
struct label label_take(struct build *b, const struct decl *d, const struct setting *s, const char *path, const char *name);
void label_finish(struct build *b);

/* --- rules.c: the third pass --- */

void rules_check(struct build *b);

/* --- verify.c: what holds together --- */

void verify_check(struct build *b);
/* Where a definition stands, with a caret under its name. */
struct spot verify_spot(struct build *b, const struct place *p, const char *name);
/* A former name that is its own, or that of another thing. */
void verify_was(struct build *b, const char *what, const char *name, const char *was, const struct map *names, const struct place *p);

/* --- rank.c: the order of locks --- */

/* Sets section->rank: sources of stored rollups before what holds them, owned lines directly behind their owner; what reads each other in a circle as it is declared. */
void rank_sections(struct registry *r);

#endif
