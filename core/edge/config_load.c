#include "edge/config_load.h"

#include <malloc.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "edge/config_read.h"
#include "edge/config_report.h"
#include "edge/lua_load.h"

int config_load_generation(const struct config *config, const struct object_map *map, struct registry **out, struct err *errs)
{
	struct arena *own = arena_new_sized(64 * 1024);
	struct config *copy = arena_new(own, struct config);
	struct decls decls = {0};
	config_read_copy(own, config, copy);
	int failed = lua_load_config(own, copy, 0, &decls, errs);
	struct registry *r = NULL;
	failed |= registry_build(own, copy, &decls, map, &r, errs);
	config_report_sort(copy, errs);
	malloc_trim(0); /* building takes several times what stays: a worker gives the rest back */
	if (failed) {
		arena_delete(own);
		return -1;
	}
	*out = r;
	return 0;
}

int config_load_dir(struct arena *a, const char *dir, const char *lua_dir, const char *modules_dir, const struct object_map *map,
					struct registry **out, struct err *errs)
{
	struct config config;
	int failed = config_read_dir(a, dir, lua_dir, modules_dir, &config, errs);
	if (failed && !config.nfiles)
		return -1;
	/* of what could not be read whole the other errors are told, and nothing is made */
	struct registry *r = NULL;
	if (config_load_generation(&config, map, &r, errs) < 0 || failed) {
		registry_unref(r);
		return -1;
	}
	*out = r;
	return 0;
}
