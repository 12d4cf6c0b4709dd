#include "edge/lua_hooks.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/say.h"
#include "edge/lua_private.h"
#include "edge/lua_sandbox.h"
#include "edge/lua_value.h"
#include "meta/words.h"
#include "pg/pg.h"
#include "serve/event.h"

#define FAILURE "ostov.failure"
#define GHOST "ostov.elsewhere"

enum { NESTING = 8 };

/* Keys of the state's registry. */
static const char ENVIRONMENT, CHUNKS, HOOKS;

struct lua_hooks *lua_hooks_of(lua_State *L)
{
	return lua_state_of(L)->owner;
}

struct unit *lua_unit(lua_State *L, int64_t serial)
{
	struct lua_hooks *k = lua_hooks_of(L);
	if (!k->unit || k->serial != serial)
		luaL_error(L, "a record or ctx is used after its transaction has ended");
	return k->unit;
}

/* ---- failures of the platform ---- */

int lua_fail(lua_State *L, const struct err *err)
{
	struct lua_hooks *k = lua_hooks_of(L);
	k->failed = *err;
	lua_newuserdatauv(L, 1, 0);
	luaL_setmetatable(L, FAILURE);
	return lua_error(L);
}

bool lua_is_failure(lua_State *L, int index)
{
	return luaL_testudata(L, index, FAILURE) != NULL;
}

static int failure_tostring(lua_State *L)
{
	struct lua_hooks *k = lua_hooks_of(L);
	lua_pushstring(L, k->failed.message ? k->failed.message : "failed");
	return 1;
}

static int failure_concat(lua_State *L)
{
	for (int i = 1; i <= 2; i++) {
		if (lua_is_failure(L, i))
			failure_tostring(L);
		else if (lua_isstring(L, i))
			lua_pushvalue(L, i);
		else
			return luaL_error(L, "attempt to concatenate a %s value", luaL_typename(L, i));
	}
	lua_concat(L, 2);
	return 1;
}

/* ---- words of the language: hooks are taken down, all else was read when the configuration was loaded ---- */

static int ghost_call(lua_State *L)
{
	lua_settop(L, 1);
	return 1;
}

static int word_elsewhere(lua_State *L)
{
	lua_newuserdatauv(L, 1, 0);
	luaL_setmetatable(L, GHOST);
	return 1;
}

/* on "deal.before_save" "name" (function): the function goes into the hooks of this unit. */
static int on_function(lua_State *L)
{
	struct lua_hooks *k = lua_hooks_of(L);
	if (lua_type(L, 1) == LUA_TSTRING) {
		lua_pushvalue(L, lua_upvalueindex(1));
		lua_pushvalue(L, 1);
		lua_pushcclosure(L, on_function, 2);
		return 1;
	}
	luaL_checktype(L, 1, LUA_TFUNCTION);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &HOOKS);
	lua_pushfstring(L, "%s\n%s\n%s", k->file, lua_tostring(L, lua_upvalueindex(1)),
					lua_isstring(L, lua_upvalueindex(2)) ? lua_tostring(L, lua_upvalueindex(2)) : "");
	lua_pushvalue(L, 1);
	lua_rawset(L, -3);
	return 0;
}

static int word_on(lua_State *L)
{
	luaL_checkstring(L, 1);
	lua_settop(L, 1);
	lua_pushnil(L);
	lua_pushcclosure(L, on_function, 2);
	return 1;
}

/* ---- the state ---- */

static int state_open(lua_State *L)
{
	luaL_newmetatable(L, FAILURE);
	lua_pushcfunction(L, failure_tostring);
	lua_setfield(L, -2, "__tostring");
	lua_pushcfunction(L, failure_concat);
	lua_setfield(L, -2, "__concat");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	luaL_newmetatable(L, GHOST);
	lua_pushcfunction(L, ghost_call);
	lua_setfield(L, -2, "__call");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_settop(L, 0);
	lua_value_open(L);
	lua_record_open(L);
	lua_ctx_open(L);
	lua_newtable(L);
#define PUT_WORD(id, text)                                                                                                                 \
	lua_pushcfunction(L, word_elsewhere);                                                                                                  \
	lua_setfield(L, -2, text);
	WORDS(PUT_WORD)
#undef PUT_WORD
	lua_pushcfunction(L, word_on);
	lua_setfield(L, -2, "on");
	lua_sandbox_open(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &ENVIRONMENT);
	lua_newtable(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &CHUNKS);
	lua_newtable(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &HOOKS);
	return 0;
}

static void hooks_delete(void *arg)
{
	struct lua_hooks *k = arg;
	if (!k)
		return;
	lua_state_delete(k->state);
	registry_unref(k->reg);
	arena_delete(k->arena);
	free(k);
}

static struct lua_hooks *hooks_new(struct registry *reg)
{
	struct lua_state *s = lua_state_new();
	struct lua_hooks *k = calloc(1, sizeof *k);
	if (!s || !k) {
		lua_state_delete(s);
		free(k);
		return NULL;
	}
	k->state = s;
	k->reg = registry_ref(reg);
	k->arena = arena_new_sized(1024);
	s->owner = k;
	lua_state_refill(s);
	lua_pushcfunction(s->L, state_open);
	if (lua_pcall(s->L, 0, 0, 0) != LUA_OK) {
		log_error("a Lua state cannot be made: %s", lua_sandbox_error_text(s->L, -1));
		hooks_delete(k);
		return NULL;
	}
	return k;
}

/* The state of the unit's connection, made anew at a new generation and after a budget was gone. */
static struct lua_hooks *hooks_take(struct unit *u)
{
	struct lua_hooks **slot = (struct lua_hooks **)pg_tx_slot(u->tx, hooks_delete);
	if (*slot && ((*slot)->reg != u->reg || ((*slot)->spoilt && !(*slot)->nesting))) {
		hooks_delete(*slot);
		*slot = NULL;
	}
	if (!*slot)
		*slot = hooks_new(u->reg);
	return *slot;
}

/* ---- one hook ---- */

/* Runs the hook's file in a coroutine of its own: its locals are new in every unit, so nothing that a hook keeps reaches another request. */
static int open_file(struct lua_hooks *k, lua_State *L, const struct hook *h)
{
	const struct config_file *f = config_file_find(k->reg->config, h->module->name, h->place.file);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &CHUNKS);
	lua_pushstring(L, k->file);
	lua_rawget(L, -2);
	if (lua_isnil(L, -1)) {
		lua_pop(L, 1);
		if (!f)
			return luaL_error(L, "the file %s is gone", h->place.file);
		if (luaL_loadbufferx(L, f->bytes, f->len,
							 lua_pushfstring(L, "=%s", config_path(k->arena, k->reg->config, h->module->name, h->place.file)),
							 "t") != LUA_OK)
			return lua_error(L);
		lua_rawgetp(L, LUA_REGISTRYINDEX, &ENVIRONMENT);
		lua_setupvalue(L, -2, 1);
		lua_pushstring(L, k->file);
		lua_pushvalue(L, -2);
		lua_rawset(L, -5);
	}
	lua_call(L, 0, 0);
	return 0;
}

/* Pushes the hook's function, running its file when this unit has not yet. */
static void push_hook(struct lua_hooks *k, lua_State *L, const struct hook *h)
{
	char event[128];
	snprintf(event, sizeof event, "%s.%s", h->section->expr.name, event_name(h->event));
	for (int turn = 0; turn < 2; turn++) {
		lua_rawgetp(L, LUA_REGISTRYINDEX, &HOOKS);
		lua_pushfstring(L, "%s\n%s\n%s", k->file, event, h->name);
		lua_rawget(L, -2);
		if (lua_isfunction(L, -1))
			return;
		lua_settop(L, 1);
		if (turn == 0)
			open_file(k, L, h);
	}
	luaL_error(L, "the hook '%s' of %s is not in %s", h->name, event, h->place.file);
}

static int run_body(lua_State *L)
{
	struct lua_hooks *k = lua_hooks_of(L);
	const struct hook *h = lua_touserdata(L, 1);
	push_hook(k, L, h);
	lua_record_push(L, h->section, k->record->id, false, false);
	lua_ctx_push(L, false);
	if (lua_record_old(k->record) && !k->record->fresh)
		lua_record_push(L, h->section, k->record->id, true, false);
	else
		lua_pushnil(L);
	lua_call(L, 3, 0);
	return 0;
}

static int say_failed(struct lua_hooks *k, struct unit *u, const struct hook *h, lua_State *co, struct err *err)
{
	struct arena *a = u->arena;
	struct arena *to = err->arena ? err->arena : a;
	const char *file = config_path(to, k->reg->config, h->module->name, h->place.file);
	if (!k->state->over && lua_gettop(co) && lua_is_failure(co, -1)) {
		/* the platform's own refusal goes through as it is; what the hook got from the database is told by its code */
		return err_copy(err, &k->failed);
	}
	const char *place = arena_printf(to, "%s:%d", file, h->place.line),
			   *of = arena_printf(to, "%s.%s", h->section->expr.name, event_name(h->event));
	if (k->state->over) {
		k->spoilt = true;
		err_say(err, ERR_SCRIPT_LIMIT, u->lang, SAY_HOOK_LIMIT);
		err_tell_hint(err, SAY_HOOK_PLACE_LIMIT, place, h->name, of, k->state->over);
		log_warn("%s", err->hint ? err->hint : "a hook went over its budget");
	} else {
		err_say(err, ERR_SCRIPT, u->lang, SAY_HOOK_FAILED);
		err_tell_hint(err, SAY_HOOK_PLACE, place, h->name, of,
					  arena_printf(to, "%.500s", lua_gettop(co) ? lua_sandbox_error_text(co, -1) : "failed"));
		log_warn("%s", err->hint ? err->hint : "a hook failed");
	}
	return err_place(err, file, h->place.line, 0);
}

static void new_unit(struct lua_hooks *k, struct unit *u)
{
	lua_State *L = k->state->L;
	k->serial = u->serial;
	lua_newtable(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &HOOKS);
}

static int run(struct unit *u, const struct hook *h, struct record *r, struct err *err)
{
	struct lua_hooks *k = hooks_take(u);
	if (!k)
		return err_tell(err, ERR_UNAVAILABLE, SAY_HOOK_BUSY);
	if (k->nesting >= NESTING)
		return err_say(err, ERR_SCRIPT, u->lang, SAY_HOOK_DEPTH);
	struct lua_state *s = k->state;
	const struct hook *outer_hook = k->hook;
	struct record *outer_record = k->record;
	const char *outer_file = k->file;
	bool outer_write = k->may_write;
	if (k->nesting == 0) {
		lua_state_refill(s);
		if (k->serial != u->serial)
			new_unit(k, u);
	}
	k->unit = u;
	k->hook = h;
	k->record = r;
	k->file = arena_printf(u->arena, "%s/%s", h->module->name, h->place.file);
	k->may_write =
		h->event == HOOK_BEFORE_CREATE || h->event == HOOK_BEFORE_UPDATE || h->event == HOOK_BEFORE_SAVE || h->event == HOOK_BEFORE_DELETE;
	k->nesting++;
	/* the coroutine is kept from the collector by its place in the registry */
	lua_State *running = s->running;
	s->running = NULL; /* what the platform itself needs is not refused: here nobody could catch it */
	lua_State *co = lua_newthread(s->L);
	int ref = luaL_ref(s->L, LUA_REGISTRYINDEX);
	s->running = running;
	lua_pushcfunction(co, run_body);
	lua_pushlightuserdata(co, (void *)(uintptr_t)h);
	int failed = lua_state_run(s, co, 1);
	if (failed)
		say_failed(k, u, h, co, err);
	luaL_unref(s->L, LUA_REGISTRYINDEX, ref);
	k->nesting--;
	k->hook = outer_hook;
	k->record = outer_record;
	k->file = outer_file;
	k->may_write = outer_write;
	if (k->nesting == 0)
		k->unit = NULL;
	return failed ? -1 : 0;
}

static const struct event_engine engine = {.run = run};

void lua_hooks_setup(void)
{
	event_set_engine(&engine);
	event_register_jobs();
}
