/* section: the definitions that make a configuration: sections with fields, details, stages, lists; roles and grants. Passive data.
 *
 * Everything lives in the arena of its registry and never changes after registry_build. Physical names and ids come from the database's object map
 * (0 and NULL until then, that is for `ostov check`). Not here: finding things by name (registry.h), the files (decl.h). */
#ifndef OST_META_SECTION_H
#define OST_META_SECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "base/value.h"
#include "expr/expr.h"
#include "meta/decl.h"

struct expr_reach;
struct section;
struct module;

enum lang { LANG_EN, LANG_RU, LANG_COUNT };

/* A text that users see, in every language; ru falls back to en. */
struct label {
	const char *text[LANG_COUNT];
};

/* An option that takes true, false or an expression. */
struct rule {
	bool set;      /* the option was given */
	bool constant; /* `value` decides */
	bool value;
	const char *text;  /* source of the expression */
	struct expr *expr; /* typed tree, NULL when constant or not set */
	struct place place;
};

/* An expression that gives a value (initial, fill, formula, rollup). */
struct formula {
	const char *text; /* NULL: not given */
	struct expr *expr;
	struct place place;
};

/* "{number} · {account.name}": pieces in turn, compiled also as one expression of text. */
struct template
{
	const char *text;
	struct expr *expr; /* text-typed: literals and paths joined by `..` */
};

enum field_type {
	FIELD_TEXT,
	FIELD_INTEGER,
	FIELD_DECIMAL,
	FIELD_MONEY,
	FIELD_PERCENT,
	FIELD_BOOLEAN,
	FIELD_DATE,
	FIELD_DATETIME,
	FIELD_DURATION,
	FIELD_CHOICE,
	FIELD_LOOKUP,
	FIELD_DETAIL,
	FIELD_FILE,
	FIELD_EMAIL,
	FIELD_PHONE,
	FIELD_URL,
	FIELD_AUTONUMBER,
	FIELD_FORMULA,
	FIELD_ROLLUP,
	FIELD_ID,    /* built-in id */
	FIELD_STAGE, /* built-in stage */
	FIELD_TYPE_COUNT
};

enum on_delete { ON_DELETE_RESTRICT, ON_DELETE_CLEAR, ON_DELETE_CASCADE };

struct choice_value {
	const char *code;
	struct label label;
	const char *colour; /* of the palette, or NULL */
	const char *was;    /* former code, or NULL */
	struct place place;
};

struct field {
	struct expr_field expr;  /* must stay first: the catalogue's view (name, type, storage, column, link, by, formula) */
	struct section *section; /* the one it belongs to */
	struct module *module;   /* that declared it (an extending one, perhaps) */
	int pos;                 /* its place in section->fields */
	int64_t id;              /* of the object map, stable over renames; 0 before apply */
	const char *was;         /* former name, or NULL */
	struct place place;
	enum field_type type;
	enum field_type value_type; /* of formula and rollup: the type of their value; else = type */
	struct label label, help, message;
	bool builtin; /* id stage created_at created_by changed_at changed_by */
	bool many;    /* several lookups or files */
	bool is_long; /* text in several lines */
	bool unique, index, search, create, owned, gapless;
	bool stored;                                          /* a column or link exists (not formula, detail, unstored rollup) */
	int scale;                                            /* digits after the point of decimal, money (2), percent (2) */
	const char *currency;                                 /* name of the currency field, or NULL: the organisation's */
	const char *min, *max;                                /* as text, or NULL */
	struct rule required, readonly, hidden, check, where; /* `where`: of a lookup, over the target with `record` */
	bool has_default;
	struct value default_value;
	struct formula initial, fill, formula, rollup;
	struct expr_reach *reach; /* of a stored rollup: the places that it reads; NULL: none */
	struct section *to;       /* lookup, file: target; detail: the other section */
	struct field *by;         /* detail: the lookup there */
	enum on_delete on_delete;
	struct choice_value *values; /* choice */
	size_t nvalues;
	const char *pattern; /* autonumber */
	const char *at;      /* autonumber: stage that assigns it, or NULL: on create */
	bool live;           /* another rule, fill, check or cascade names it */
	/* Stored rollups and checks elsewhere that read this field: filled by registry_build. */
	struct field **rollups; /* rollup fields (of parents) to recompute when this field changes */
	size_t nrollups;
};

/* One line of a stage's checklist. */
struct stage_task {
	const char *name;
	const char *was; /* former name, or NULL */
	int64_t id;      /* of the object map; 0 before apply */
	struct label label;
	struct template titles[LANG_COUNT]; /* of a label with braces: the whole, by language; else expr is NULL */
	bool required;                      /* gates leaving the stage */
	struct formula who;                 /* gives a user or several; not given: whoever may update the record */
	struct stage *stage;
	struct place place;
};

struct stage {
	const char *name;
	const char *was; /* former code, or NULL */
	struct label label;
	bool final, freeze;
	struct field **required; /* fields that must be there to enter and stay */
	size_t nrequired;
	struct stage_task **tasks; /* the checklist, in order */
	size_t ntasks;
	struct stage_path *path;
	struct place place;
};

struct stage_path {
	const char *name; /* "main" when none was given */
	struct label label;
	struct rule when; /* which records go this path; not set: all */
	struct stage **stages;
	size_t nstages;
	struct place place;
};

struct move {
	const char *name;
	const char *was; /* former name, or NULL */
	struct label label, message;
	struct stage **from;
	size_t nfrom;
	struct stage *to;
	struct rule allow; /* who may; not set: everybody who may update */
	struct rule when;  /* when it is possible */
	bool comment;      /* a comment is required */
	struct stage_path *path;
	struct place place;
};

struct list_column {
	const struct field *field;
	const char *path; /* as written ("account.name") */
};

struct list {
	const char *name;
	const char *was; /* former name, or NULL */
	struct label label;
	struct list_column *columns;
	size_t ncolumns;
	struct rule where;
	const char **sort; /* "-created_at" */
	size_t nsort;
	struct place place;
};

enum layout_kind { LAYOUT_FIELD, LAYOUT_TAB, LAYOUT_GROUP };

struct layout {
	enum layout_kind kind;
	const char *name;
	struct label label;  /* tab, group */
	struct field *field; /* field or detail */
	struct layout **items;
	size_t nitems, capitems;
	struct place place;
};

struct unique {
	struct field **fields;
	size_t nfields;
	struct place place;
};

struct section {
	struct expr_table expr; /* must stay first: the catalogue's view (name, sql, find, tree) */
	int64_t id;             /* of the object map; 0 before apply */
	const char *table;      /* physical name in schema app, or NULL before apply */
	const char *was;
	struct module *module;
	struct place place;
	struct label label, plural;
	struct template title;
	struct rule check;
	struct label check_message;
	struct field **fields; /* built-in first, then in order of the form */
	size_t nfields, capfields;
	struct map by_name;    /* name → struct field */
	struct layout *layout; /* root; items in order */
	struct unique *uniques;
	size_t nuniques, capuniques;
	struct stage_path **paths;
	size_t npaths, cappaths;
	struct map stages; /* code → struct stage, unique across paths */
	struct map moves;  /* name → struct move, in order */
	struct list **lists;
	size_t nlists, caplists;
	bool history;               /* whole versions too */
	bool builtin;               /* user role file */
	size_t ntasks;              /* of all its stages: more than BUILD_MAX_TASKS are refused */
	bool calendar;              /* its rows (day, working) are the organisation's exceptions */
	struct field *tree;         /* lookup to the parent, or NULL */
	struct field *owner;        /* of owned lines: the lookup to their parent, or NULL */
	struct field *owner_detail; /* the detail on the parent that owns them */
	struct field **referrers;   /* lookups (of any section) that point here: on_delete */
	size_t nreferrers, capreferrers;
	int rank; /* in the order in which a write locks: what stored rollups read before what holds them, owned lines behind their owner */
	void *record_plan; /* what the write path derives from the definition, made once in the registry's arena */
	void *access;      /* rights by set of roles, likewise */
};

struct role {
	const char *name;
	struct label label;
	struct role **includes;
	size_t nincludes;
	struct module *module;
	const char *was;
	struct place place;
};

enum grant_action { GRANT_CREATE, GRANT_READ, GRANT_UPDATE, GRANT_DELETE, GRANT_ACTIONS };

/* One `allow`: these fields (all when fields is NULL) on these rows. */
struct grant {
	struct role *role;
	struct section *section;
	struct rule on[GRANT_ACTIONS]; /* row rules by action; not set: no */
	struct field **fields;         /* NULL: all */
	size_t nfields;
	struct place place;
};

/* Events of hooks; the order within an event is the modules', then the name. */
enum hook_event {
	HOOK_BEFORE_CREATE,
	HOOK_BEFORE_UPDATE,
	HOOK_BEFORE_SAVE,
	HOOK_BEFORE_DELETE,
	HOOK_CREATED,
	HOOK_UPDATED,
	HOOK_DELETED,
	HOOK_STAGE_ENTERED,
	HOOK_EVENTS
};

struct hook {
	struct section *section;
	enum hook_event event;
	const char *name;
	struct module *module;
	struct place place;
	int function; /* number by which the run-time Lua state finds it */
};

struct module {
	const char *name, *version, *core, *language, *zone, *currency;
	struct label label;
	struct module **depends;
	size_t ndepends;
	unsigned week; /* bit 0 Monday; 0: not given */
	struct place place;
};

/* A block of reference or sample rows. */
struct data_rows {
	struct section *section;
	const char *key;        /* field */
	struct decl_value rows; /* DECL_TABLE of DECL_TABLEs */
	bool sample;
	struct place place;
};

struct import_column {
	const char *source; /* column's title in the file */
	struct field *to;   /* NULL: skipped */
	struct field *by;   /* lookup key in the target, or NULL */
	bool create;
	const char *strip;        /* prefix to remove, or NULL */
	struct decl_pair *values; /* text in the file → value */
	size_t nvalues;
};

/* A mapping kept in the configuration. */
struct import_map {
	const char *name;
	struct label label;
	struct section *section;
	struct field *key;
	struct import_column *columns;
	size_t ncolumns;
	struct decl_pair *set; /* literals for every row */
	size_t nset;
	struct place place;
};

/* The text in the language, English when there is none, "" when nothing was given. */
const char *label_get(const struct label *l, enum lang lang);
/* The field of that name, or NULL. */
struct field *section_find(const struct section *s, const char *name);
struct field *section_find_n(const struct section *s, const char *name, size_t len);
/* True when people may know a record by the field: a text in a column of its own. Lookups are ordered by the first of these. */
bool field_is_name(const struct field *f);
/* Characters of a text that order, where so many texts order one after the other: an index holds about 2,700 bytes of a row, and a text of four bytes a character must not
 * make it fail. What is the same up to there follows the next key. */
int field_order_length(size_t texts);
struct stage *section_find_stage(const struct section *s, const char *code);
struct move *section_find_move(const struct section *s, const char *name);
/* The task with that id of the object map, of whatever stage, or NULL. */
struct stage_task *section_find_task(const struct section *s, int64_t id);
/* "money" for FIELD_MONEY, as written in configurations. */
const char *field_type_name(enum field_type t);
/* The PostgreSQL type of a stored field's column ("numeric(18,2)", "text"), NULL for links and unstored ones. */
const char *field_sql_type(struct arena *a, const struct field *f);
/* The parameter type of its values. */
enum pg_type field_pg_type(const struct field *f);
/* The API's property: "account_id" for lookups, "watchers_ids" for several, else the name. In `a`. */
const char *field_property(struct arena *a, const struct field *f);

#endif
