/* config_load: from files to a registry: the Lua runs, the declarations are checked, the definitions stand.
 *
 * The registry owns everything that it points to, its copy of the files included (registry->config); whoever gets one calls registry_unref. Errors and
 * warnings of all files are appended to *errs (texts in errs->arena), each with file, line and, where known, column and width.
 * Not here: reading folders (config_read.h), showing errors (config_report.h), the database (meta/schema_*). */
#ifndef OST_EDGE_CONFIG_LOAD_H
#define OST_EDGE_CONFIG_LOAD_H

#include "meta/registry.h"

/* The configuration folder `dir` with the modules it depends on (looked for in modules_dir and beside `dir`) and the platform's own declarations in
 * lua_dir/core. `map` may be NULL (nothing was applied yet); `a` is scratch. -1 when any error. */
int config_load_dir(struct arena *a, const char *dir, const char *lua_dir, const char *modules_dir, const struct object_map *map,
					struct registry **out, struct err *errs);
/* The same from files already read (config_read_dir, a stored generation); `config` is copied. */
int config_load_generation(const struct config *config, const struct object_map *map, struct registry **out, struct err *errs);

#endif
