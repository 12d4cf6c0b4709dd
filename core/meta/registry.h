/* registry: an immutable snapshot of all definitions of one generation, swapped whole on reload.
 *
 * registry_build turns declarations into definitions in three passes (shape, references, expressions) and reports every error of all files at once.
 * Counted references: whoever uses a registry over a wait holds one. Not here: Lua (edge/lua_load), the database (schema_*). */
#ifndef OST_META_REGISTRY_H
#define OST_META_REGISTRY_H

#include "meta/section.h"

struct arena;
struct err;

struct registry {
	struct arena *arena;
	int refs;
	int64_t generation;      /* 0: not from a database */
	const char *hash;        /* of the configuration */
	const char *name;        /* of the top module */
	struct module **modules; /* in order of loading, "core" first */
	size_t nmodules;
	struct section **sections; /* in order of declaration */
	size_t nsections, capsections;
	struct map by_name; /* section by name */
	struct map roles;   /* role by name, in order */
	struct grant **grants;
	size_t ngrants, capgrants;
	struct hook **hooks; /* sorted by section, event, module order, name */
	size_t nhooks, caphooks;
	struct data_rows **data;
	size_t ndata, capdata;
	struct import_map **imports;
	size_t nimports, capimports;
	struct section *user, *role, *file; /* built-in sections */
	const char *zone, *currency;
	unsigned week;
	enum lang language;          /* of the configuration's default */
	const struct config *config; /* the files, for run-time Lua (hooks) and explain's source lines */
};

/* What the database knows: physical names and ids. Passed to registry_build when loading a generation. */
struct object_map {
	/* id and physical name (table or column; link table for links) of an object by kind ("section", "field") and its path ("order", "order.amount");
	 * false when there is none yet. */
	bool (*find)(void *ctx, const char *kind, const char *path, int64_t *id, const char **physical);
	void *ctx;
};

/* Builds and checks. Everything is made in `own`, where config and decls live already; on success the registry owns that arena (registry_unref deletes it), on
 * failure the caller deletes it. Errors and warnings (err.warning) are appended to *errs, their texts copied to its arena; -1 when any error. */
int registry_build(struct arena *own, const struct config *config, const struct decls *decls, const struct object_map *map,
				   struct registry **out, struct err *errs);
struct registry *registry_ref(struct registry *r);
void registry_unref(struct registry *r);
struct section *registry_find(const struct registry *r, const char *name);
struct role *registry_find_role(const struct registry *r, const char *name);
struct import_map *registry_find_import(const struct registry *r, const char *name);

#endif
