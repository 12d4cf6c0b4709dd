/* lua_load: load-time Lua: runs the files of a configuration in a closed world and records what they declare.
 *
 * The world has no clock, I/O, randomness, `load`, metatables or coroutines, `pairs` goes in a fixed order, globals can be neither set nor missed, and it
 * ends at LUA_LOAD_INSTRUCTIONS and LUA_LOAD_MEMORY. The state is gone when lua_load_config returns; declarations live in the arena.
 * Not here: hooks at run time (their functions are only counted), what declarations mean (meta/). */
#ifndef OST_EDGE_LUA_LOAD_H
#define OST_EDGE_LUA_LOAD_H

#include "meta/decl.h"

struct arena;
struct err;

/* What loading one configuration may use: instructions (one per 16 bytes allocated counts too), bytes at a time. */
#define LUA_LOAD_INSTRUCTIONS 50000000
#define LUA_LOAD_MEMORY (64 * 1024 * 1024)
/* Most values of all options together, and depth of tables within one. */
#define LUA_LOAD_VALUES 500000
#define LUA_LOAD_DEPTH 16

/* Runs every Lua file in order within `instructions` (0: LUA_LOAD_INSTRUCTIONS). Errors of all files are appended to *errs; -1 when there was any, `out` then holds what the other files declared.
 * The n-th `on` of a module with a function has DECL_FUNCTION n, from 0, in the order of the module's files and within a file of running. */
int lua_load_config(struct arena *a, const struct config *config, int64_t instructions, struct decls *out, struct err *errs);

#endif
