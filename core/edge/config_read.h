/* config_read: a configuration as files: from a folder and the modules it depends on, and from and to the JSON that a generation stores.
 *
 * Texts live in the arena given. Bounds: CONFIG_READ_FILES files, CONFIG_READ_FILE bytes each, CONFIG_READ_ALL together. Symbolic links are followed as any
 * reader of the folder would. Not here: running them (lua_load), what they mean (meta/). */
#ifndef OST_EDGE_CONFIG_READ_H
#define OST_EDGE_CONFIG_READ_H

#include "meta/decl.h"

struct arena;
struct buf;
struct err;

#define CONFIG_READ_FILES 2000
#define CONFIG_READ_FILE (1 << 20)
#define CONFIG_READ_ALL (32 << 20)
#define CONFIG_READ_MODULES 100

/* Reads the folder `dir` (its module.lua says the name and `depends`), the modules it needs (beside `dir`, then in modules_dir) and lua_dir/core, in the order of
 * loading: "core", then what is depended on, by name where free, `dir` last. Errors are appended to *errs; what could be read is in *out then (no file: nothing at
 * all), so that its own errors can be told too, and what it is of cannot be used. */
int config_read_dir(struct arena *a, const char *dir, const char *lua_dir, const char *modules_dir, struct config *out, struct err *errs);
/* Appends the files as JSON: [{"module","path","text"}] in order. */
void config_read_to_json(struct buf *b, const struct config *config);
/* The reverse; the top module is the last. */
int config_read_from_json(struct arena *a, const char *json, size_t len, struct config *out, struct err *err);
/* A deep copy. */
void config_read_copy(struct arena *a, const struct config *config, struct config *out);
/* Fills out->hash: SHA-256 over modules, paths and bytes. */
void config_read_hash(struct config *config);

#endif
