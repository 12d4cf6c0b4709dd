/* decl: what a configuration declared, as passive trees: the form between load-time Lua (edge/lua_load) and definitions (meta/registry).
 *
 * One call in Lua (`lookup "account" { to = "account" }`) is one `struct decl` with its options and children in order. Everything lives in
 * the arena of the load. No meaning here: words and options are checked in meta/words (shape), names in meta/resolve, expressions in meta/rules. */
#ifndef OST_META_DECL_H
#define OST_META_DECL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct decl;

enum decl_kind { DECL_NIL, DECL_BOOL, DECL_INT, DECL_NUMBER, DECL_TEXT, DECL_TABLE, DECL_FUNCTION, DECL_DECL };

/* Where something stands; texts are relative to the module's folder. */
struct place {
	const char *module; /* name of the module */
	const char *file;   /* "sections/order.lua" */
	int line;           /* 1-based */
	int nth;            /* of a declaration: which of its word and name on the line, from 0 */
	int column;         /* of a declaration: its name in the line, its word where it has none; 0 unknown */
};

/* A value of an option. */
struct decl_value {
	enum decl_kind kind;
	union {
		bool b;
		int64_t i;
		const char *number; /* DECL_NUMBER: a non-integer as Lua wrote it ("0.5") */
		struct {
			const char *s;
			size_t len;
		} text;
		struct {
			struct decl_pair *pairs; /* in source order where the source tells, else positions then keys sorted */
			size_t count;
		} table;
		struct decl *decl;
		int function; /* DECL_FUNCTION: which `on` of its module it belongs to, from 0; -1 elsewhere */
	};
	int line; /* of the value where known, else of the declaration */
};

struct decl_pair {
	const char *key; /* NULL: positional */
	struct decl_value value;
};

struct decl {
	const char *word; /* "lookup" */
	const char *name; /* "account", or NULL where the word takes none */
	struct place place;
	struct decl_pair *options; /* keys and positional values, nested declarations (DECL_DECL) included, in order */
	size_t noptions;
};

/* One file of a configuration; the bytes are not changed. */
struct config_file {
	const char *module; /* folder's module name */
	const char *path;   /* relative, with '/' */
	const char *bytes;
	size_t len;
};

/* A whole configuration as files, modules in the order of loading: what a generation stores and a worker loads. */
struct config {
	const char *name; /* of the top module */
	struct config_file *files;
	size_t nfiles;
	char hash[65];       /* SHA-256 over names and bytes, hex */
	const char **absent; /* modules that are needed and not there, or NULL */
	size_t nabsent;
	bool unread; /* a file of it could not be read */
	bool strict; /* a text without Russian is an error where its module has translations; else it is shown in English */
};

/* All declarations of a configuration. */
struct decls {
	struct decl **items; /* modules in order of loading, files in order of name, declarations in source order */
	size_t count, cap;
	const struct config_file **broken; /* files that did not run to their end */
	size_t nbroken;
	const struct config_file **unparsed; /* those of them that are no Lua: their text tells nothing */
	size_t nunparsed;
};

/* The value of the option, or NULL. */
const struct decl_value *decl_option(const struct decl *d, const char *key);
/* The nth (from 0) positional value, or NULL. */
const struct decl_value *decl_position(const struct decl *d, size_t n);
/* True when both say the same, tables in all their parts. */
bool decl_same(const struct decl_value *x, const struct decl_value *y);
/* How people are told of a file: "sections/order.lua" in the top module, "crm/sections/account.lua" in others. In `a`. */
const char *config_path(struct arena *a, const struct config *config, const char *module, const char *path);
/* The file, or NULL. */
const struct config_file *config_file_find(const struct config *config, const char *module, const char *path);

#endif
