/* schema_shape: what the items of a configuration need in schema `app`: column types, indexes and foreign keys, with their physical names.
 *
 * Works on items whose physical names are known (schema_diff gives them). Names of indexes and keys follow from what they are, so that the same need has
 * the same name in every run. Everything lives in the arena given. Not here: which of it is there already (schema_diff). */
#ifndef OST_META_SCHEMA_SHAPE_H
#define OST_META_SCHEMA_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "meta/schema_describe.h"

struct arena;
struct registry;

/* An index that the configuration needs. */
struct shape_index {
	const char *name, *table;
	const char *body; /* SQL after the table: "USING btree (…)" */
	const char *why;  /* "unique", "lookup", "rule", "list", "search", "index" */
	const struct schema_item *section;
	const struct field *const *fields; /* of a unique one: what must not repeat; else NULL */
	size_t nfields;
	const struct field *const *held; /* fields whose values it holds whole: texts among them may be too long for it; or NULL */
	size_t nheld;
};

/* A foreign key that the configuration needs. */
struct shape_key {
	const char *name, *table, *column, *target;
	bool cascade; /* rows of link tables go with their record */
	bool late;    /* its column is filled while people work with the one that it replaces: the key is made by the switch */
};

struct schema_shape {
	struct arena *arena;
	const struct registry *registry;
	const struct schema_items *items;
	struct map by_path;      /* "kind path" → struct schema_item */
	const char *trgm_schema; /* of the extension pg_trgm, or NULL */
	struct {
		struct shape_index *items;
		size_t count, cap;
	} indexes;
	struct {
		struct shape_key *items;
		size_t count, cap;
	} keys;
	struct map names; /* of the indexes found so far */
};

/* The item of a kind and path, or NULL. */
struct schema_item *shape_find(const struct schema_shape *s, const char *kind, const char *path);
/* The item of a field. */
struct schema_item *shape_field(const struct schema_shape *s, const struct field *f);
/* Prepares the lookup by path; the items' physical names may be filled in later. */
void shape_create(struct schema_shape *s, struct arena *a, const struct registry *r, const struct schema_items *items,
				  const char *trgm_schema);
/* Finds all indexes and keys; physical names must be known. */
void shape_fill(struct schema_shape *s);
/* The column's type with its collation ("text COLLATE \"C\""), and the bare type as the catalogue writes it. */
const char *shape_column_sql(struct arena *a, const struct field *f);
const char *shape_column_type(struct arena *a, const struct field *f);
/* `name` or, when that is over PostgreSQL's 63 bytes less `room`, a shorter one that is as unique. */
const char *shape_name(struct arena *a, const char *name, size_t room);
/* A literal of SQL with its quotes and cast, of a field's default. */
const char *shape_literal(struct arena *a, const struct field *f, const struct value *v);
/* True when the field's values are texts of any length, sorted by the ICU collation. */
bool shape_is_text(const struct field *f);
/* A text as a literal of SQL. */
const char *shape_quote(struct arena *a, const char *text);

#endif
