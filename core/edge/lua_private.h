/* lua_private: what the files of run-time Lua share: the hooks of one connection's state and the unit that it serves now. Not for others. */
#ifndef OST_EDGE_LUA_PRIVATE_H
#define OST_EDGE_LUA_PRIVATE_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "edge/lua_state.h"
#include "meta/registry.h"
#include "serve/record.h"
#include "serve/unit.h"

/* What the database does for a script is paid in instructions: a query, a created record, a look at a record that is not the hook's own. */
enum { LUA_PRICE_QUERY = 2000, LUA_PRICE_CREATE = 5000, LUA_PRICE_RECORD = 100 };

struct lua_hooks {
	struct lua_state *state;
	struct registry *reg;    /* referenced */
	struct unit *unit;       /* served now, NULL between units */
	int64_t serial;          /* of the unit whose instances of files the state holds */
	const struct hook *hook; /* that runs */
	struct record *record;   /* its record */
	bool may_write;          /* a before-hook: the record can be set */
	int nesting;             /* hooks within hooks */
	bool spoilt;             /* a budget was gone: the state is thrown away */
	struct err failed;       /* behind the failure object that was raised last */
	const char *file;        /* whose `on` calls are taken down */
	struct map *texts;       /* module → struct po, of the language ru; made when asked for */
	struct arena *arena;     /* of texts */
};

struct lua_hooks *lua_hooks_of(lua_State *L);
/* The unit that is served; raises outside of one or when the handle's `serial` is another's. */
struct unit *lua_unit(lua_State *L, int64_t serial);
/* Raises an object that stands for a failure of the platform; uncaught it becomes the write's error as it is. */
int lua_fail(lua_State *L, const struct err *err);
/* The failure at `index`, or NULL. */
bool lua_is_failure(lua_State *L, int index);

/* lua_record.c */
void lua_record_open(lua_State *L);
/* Pushes a handle of a record: section, id and the unit's serial; `old`: as it was; `eyes`: with the user's rights. */
void lua_record_push(lua_State *L, struct section *s, int64_t id, bool old, bool eyes);
/* The values that a hook sees as `old`, by pos of the fields; NULL for a new record. */
const struct value *lua_record_old(const struct record *r);
/* The section and id of the record at `index`; false when it is none. */
bool lua_record_at(lua_State *L, int index, struct section **s, int64_t *id);
/* The value at `index` for a field, in the unit's arena: records become ids, tables lists of ids; raises when it cannot be one. */
void lua_record_value(lua_State *L, int index, const struct field *f, struct value *out);
/* The field of that name; raises with the nearest name. */
struct field *lua_record_field(lua_State *L, const struct section *s, const char *name);

/* lua_ctx.c */
void lua_ctx_open(lua_State *L);
/* Pushes the ctx of the unit; `eyes`: with the user's rights. */
void lua_ctx_push(lua_State *L, bool eyes);

#endif
