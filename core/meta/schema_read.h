/* schema_read: what the database holds now: the object map with its definitions, and the tables, columns, indexes and keys of schema `app` as they are.
 *
 * A snapshot in the arena of the caller; it does not change when the database does. A database without Ostov's tables reads as an empty snapshot.
 * Physical names are plain ("order", not quoted). Not here: comparing (schema_diff), changing (schema_apply). */
#ifndef OST_META_SCHEMA_READ_H
#define OST_META_SCHEMA_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "meta/decl.h"
#include "meta/registry.h"

struct arena;
struct err;
struct pg;

/* One key of a definition. */
struct schema_pair {
	const char *key, *value;
};

/* A definition as the comparison sees it: keys in the order of description, values as text, absent when not given. */
struct schema_definition {
	struct schema_pair *items;
	size_t count, cap;
};

/* One row of ostov.object. */
struct schema_object {
	int64_t id, parent; /* parent: id of the section of a field, of the field of a value; 0 none */
	const char *kind, *path, *physical, *module;
	struct schema_definition definition;
	bool dropped;      /* no longer in the configuration; its column or table may still be there */
	bool loss_allowed; /* dropped with the operator's word that its data may go */
	bool claimed;      /* schema_diff: a definition of the new configuration continues it */
};

struct schema_column {
	const char *name, *type; /* type as format_type writes it */
	bool has_default;
};

struct schema_table {
	const char *name;
	struct map columns; /* name → struct schema_column */
	double estimate;    /* rows, as the statistics say; -1 never analysed */
};

struct schema_index {
	const char *name, *table;
	bool valid, unique;
};

struct schema_key {
	const char *name, *table, *target;
	bool valid;
};

/* A table, link or column that an unfinished apply made, and that no generation knows yet. */
struct schema_leftover {
	int64_t id;           /* of ostov.apply_step */
	const char *action;   /* "table", "link", "column" */
	const char *place;    /* path of the definition it was made for */
	const char *physical; /* "table" or "table.column" */
	const char *detail;   /* type and origin, compared before it is adopted */
};

struct schema_current {
	struct arena *arena;
	bool exists;        /* Ostov's own tables are there */
	int step;           /* of the platform's tables */
	int64_t generation; /* 0 none */
	const char *hash;   /* of the current generation, or NULL */
	const char *server; /* version of PostgreSQL */
	bool trgm;          /* the extension pg_trgm is there */
	const char *trgm_schema;
	struct {
		struct schema_object **items;
		size_t count, cap;
	} objects;
	struct map live;                  /* "kind path" → struct schema_object, not dropped */
	struct map tables, indexes, keys; /* of schema app, by name */
	struct {
		struct schema_leftover *items;
		size_t count, cap;
	} leftovers;
};

/* Reads everything in one snapshot. */
int schema_read(struct pg *pg, struct arena *a, struct schema_current **out, struct err *err);
/* The object of that kind and path that is not dropped, or NULL. */
struct schema_object *schema_find(const struct schema_current *c, const char *kind, const char *path);
/* The value of a key, or NULL. */
const char *schema_definition_get(const struct schema_definition *d, const char *key);
/* The snapshot as registry_build wants it; valid as long as the snapshot. */
struct object_map schema_map(struct schema_current *c);

/* The current generation and the map that belongs to it, from one snapshot: what a worker loads. `config` is NULL when nothing was applied yet. */
struct schema_generation {
	int64_t id;
	struct config *config;
	struct object_map map;
};
int schema_read_generation(struct pg *pg, struct arena *a, struct schema_generation *out, struct err *err);

#endif
