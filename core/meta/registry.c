#include "meta/registry.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "meta/build.h"

struct section *registry_find(const struct registry *r, const char *name)
{
	return map_find(&r->by_name, name);
}

struct role *registry_find_role(const struct registry *r, const char *name)
{
	return map_find(&r->roles, name);
}

struct import_map *registry_find_import(const struct registry *r, const char *name)
{
	for (size_t i = 0; i < r->nimports; i++)
		if (strcmp(r->imports[i]->name, name) == 0)
			return r->imports[i];
	return NULL;
}

struct registry *registry_ref(struct registry *r)
{
	r->refs++;
	return r;
}

void registry_unref(struct registry *r)
{
	if (!r)
		return;
	assert(r->refs > 0);
	if (--r->refs == 0)
		arena_delete(r->arena); /* the registry itself lives there */
}

/* The passes in order. */
static void passes_run(struct build *b)
{
	shape_check(b);
	define_modules(b);
	extend_merge(b);
	define_sections(b);
	resolve_sections(b);
	resolve_roles(b);
	resolve_hooks(b);
	resolve_data(b);
	resolve_imports(b);
	rules_check(b);
	verify_check(b);
	label_finish(b);
	build_finish(b);
}

int registry_build(struct arena *own, const struct config *config, const struct decls *decls, const struct object_map *map,
				   struct registry **out, struct err *errs)
{
	struct build b = {.arena = own, .scratch = arena_new_sized(64 * 1024), .config = config, .decls = decls, .map = map, .errs = errs};
	struct registry *r = b.r = arena_new(own, struct registry);
	r->arena = own;
	r->refs = 1;
	r->hash = config->hash;
	r->name = config->name;
	r->config = config;
	map_create(&r->by_name, own);
	map_create(&r->roles, own);
	map_create(&b.sources, b.scratch);
	map_create(&b.modules, b.scratch);
	map_create(&b.nodes, b.scratch);
	map_create(&b.states, b.scratch);
	map_create(&b.missing, b.scratch);
	map_create(&b.rows, b.scratch);
	map_create(&b.pos, b.scratch);
	map_create(&b.lacking, b.scratch);
	map_create(&b.former, b.scratch);
	passes_run(&b);
	arena_delete(b.scratch);
	if (b.nerrors)
		return -1;
	*out = r;
	return 0;
}
