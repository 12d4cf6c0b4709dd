#include "edge/lua_load.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "base/text.h"
#include "edge/lua_world.h"
#include "meta/source.h"
#include "meta/words.h"

#define HANDLE "ostov.declaration"
#define GHOST "ostov.undefined"

/* One run over all files. */
struct load {
	struct arena *arena;   /* declarations */
	struct arena *scratch; /* everything else; gone with the state */
	const struct config *config;
	const struct config_file *file; /* that runs now */
	struct source *source;          /* its text */
	struct decls *out;
	struct err *errs;
	bool failed;
	int functions;   /* `on` so far in this module */
	size_t values;   /* of LUA_LOAD_VALUES */
	struct map keys; /* kept texts of keys */
	struct {         /* made by this file, in order */
		struct handle **items;
		size_t count, cap;
	} made;
};

/* SAME_LINE: declarations of one line that are told apart */
enum { SAME_LINE = 256 };

/* What a word's call gives to Lua. */
struct handle {
	struct decl *decl;
	bool filled; /* its table was given */
	bool placed; /* it stands in another declaration */
	struct {
		struct decl_pair *items;
		size_t count, cap;
	} pairs;
};

static struct load *load_of(lua_State *L)
{
	return lua_touserdata(L, lua_upvalueindex(1));
}

static void file_add(struct load *l, const struct config_file ***files, size_t *count)
{
	const struct config_file **all = arena_array(l->arena, const struct config_file *, *count + 1);
	for (size_t i = 0; i < *count; i++)
		all[i] = (*files)[i];
	all[(*count)++] = l->file;
	*files = all;
}

/* What the rest of the file declares is unknown. */
static void file_broken(struct load *l)
{
	file_add(l, &l->out->broken, &l->out->nbroken);
}

static void report(struct load *l, int line, int column, int width, const char *hint, const char *message)
{
	struct err one;
	err_init(&one, l->errs->arena);
	err_set(&one, ERR_CONFIG, "%s", message);
	if (hint)
		err_hint(&one, "%s", hint);
	err_place(&one, config_path(l->errs->arena, l->config, l->file->module, l->file->path), line, column);
	one.width = width;
	err_append(l->errs, &one);
	l->failed = true;
}

/* A fault of one declaration: the file goes on. */
static void report_at(struct load *l, const struct place *p, const char *word, const char *name, const char *hint, const char *message)
{
	const struct source_table *t = source_find(l->source, word, name, p->line, p->nth);
	const struct source_token *at = t && !t->computed ? source_name(l->source, t) : source_word(l->source, p->line, name ? name : word);
	report(l, p->line, at ? at->column : 0, at ? (int)at->len : 0, hint, message);
}

static int line_now(lua_State *L)
{
	lua_Debug ar;
	if (!lua_getstack(L, 1, &ar))
		return 1;
	lua_getinfo(L, "l", &ar);
	return ar.currentline > 0 ? ar.currentline : 1;
}

/* --- values --- */

static void value_read(lua_State *L, struct load *l, int index, const struct source_item *item, int line, int depth, struct decl_value *out,
					   bool *skip);
static void handles_place(lua_State *L, int index);
static int ghost_self(lua_State *L);

/* Each key is kept once: the same few stand in every declaration. */
static const char *key_keep(struct load *l, const char *s, size_t len)
{
	char *kept = map_find_n(&l->keys, s, len);
	if (!kept) {
		kept = arena_strndup(l->arena, s, len);
		map_put_n(&l->keys, s, len, kept);
	}
	return kept;
}

struct key {
	const char *text; /* NULL: a position */
	lua_Integer position;
	size_t order; /* of the source, for texts */
};

static int key_compare(const void *x, const void *y)
{
	const struct key *a = x, *b = y;
	if (!a->text != !b->text)
		return a->text ? 1 : -1;
	if (!a->text)
		return a->position < b->position ? -1 : a->position > b->position;
	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	return strcmp(a->text, b->text);
}

/* Reads the table at `index` into pairs in the arena: positions first, then keys as the source has them. */
static void table_read(lua_State *L, struct load *l, int index, const struct source_table *table, int line, int depth,
					   struct decl_pair **pairs, size_t *count)
{
	struct {
		struct key *items;
		size_t count, cap;
	} keys = {0};
	luaL_checkstack(L, 8, "tables are nested too deep");
	if (depth > LUA_LOAD_DEPTH)
		luaL_error(L, "tables are nested more than %d deep", LUA_LOAD_DEPTH);
	lua_pushnil(L);
	while (lua_next(L, index)) {
		struct key k = {0};
		if (++l->values > LUA_LOAD_VALUES)
			luaL_error(L, "the configuration has more than %d values", LUA_LOAD_VALUES);
		if (lua_isinteger(L, -2)) {
			k.position = lua_tointeger(L, -2);
		} else if (lua_type(L, -2) == LUA_TSTRING) {
			size_t len;
			const char *s = lua_tolstring(L, -2, &len);
			if (strlen(s) != len)
				luaL_error(L, "a key holds a zero byte");
			k.text = key_keep(l, s, len);
			k.order = SIZE_MAX;
			for (size_t i = 0; table && i < table->count; i++)
				if (table->items[i].key && strcmp(table->items[i].key, k.text) == 0)
					k.order = i;
		} else {
			luaL_error(L, "a key of an option's table is a %s; only names and positions are taken", luaL_typename(L, -2));
		}
		arena_push(l->scratch, &keys, k);
		lua_pop(L, 1);
	}
	if (keys.count)
		qsort(keys.items, keys.count, sizeof *keys.items, key_compare);
	*pairs = arena_array(l->arena, struct decl_pair, keys.count + 1);
	*count = 0;
	size_t position = 0;
	for (size_t i = 0; i < keys.count; i++) {
		const struct source_item *item;
		if (keys.items[i].text) {
			lua_pushstring(L, keys.items[i].text);
			item = source_key(table, keys.items[i].text);
		} else {
			lua_pushinteger(L, keys.items[i].position);
			item = source_position(table, position++);
		}
		lua_rawget(L, index);
		struct decl_pair p = {.key = keys.items[i].text};
		bool skip = false;
		value_read(L, l, lua_gettop(L), item, line, depth + 1, &p.value, &skip);
		lua_pop(L, 1);
		if (!skip)
			(*pairs)[(*count)++] = p;
	}
}

static void value_read(lua_State *L, struct load *l, int index, const struct source_item *item, int line, int depth, struct decl_value *out,
					   bool *skip)
{
	memset(out, 0, sizeof *out);
	out->line = item ? l->source->tokens[item->key_token].line : line;
	switch (lua_type(L, index)) {
	case LUA_TBOOLEAN:
		out->kind = DECL_BOOL;
		out->b = lua_toboolean(L, index);
		break;
	case LUA_TNUMBER:
		if (lua_isinteger(L, index)) {
			out->kind = DECL_INT;
			out->i = lua_tointeger(L, index);
		} else {
			char text[64];
			out->kind = DECL_NUMBER;
			snprintf(text, sizeof text, "%.14g", lua_tonumber(L, index));
			out->number = arena_strdup(l->arena, text);
			if (item && item->first == item->last && l->source->tokens[item->first].kind == SOURCE_NUMBER) {
				const struct source_token *t = &l->source->tokens[item->first];
				out->number = arena_strndup(l->arena, l->source->text + t->at, t->len);
			}
		}
		break;
	case LUA_TSTRING: {
		size_t len;
		const char *s = lua_tolstring(L, index, &len);
		if (!text_valid(s, len))
			luaL_error(L, "a text is not valid UTF-8");
		out->kind = DECL_TEXT;
		out->text.s = arena_strndup(l->arena, s, len);
		out->text.len = len;
		break;
	}
	case LUA_TTABLE:
		out->kind = DECL_TABLE;
		table_read(L, l, index, item ? item->table : NULL, out->line, depth, &out->table.pairs, &out->table.count);
		break;
	case LUA_TFUNCTION:
		out->kind = DECL_FUNCTION;
		out->function = -1;
		break;
	case LUA_TUSERDATA: {
		struct handle **h = luaL_testudata(L, index, HANDLE);
		if (h) {
			(*h)->placed = true;
			out->kind = DECL_DECL;
			out->decl = (*h)->decl;
			out->line = out->decl->place.line;
		} else {
			*skip = true; /* an undefined name, reported already */
		}
		break;
	}
	default: out->kind = DECL_NIL; break;
	}
}

/* --- declarations --- */

static void options_read(lua_State *L, struct load *l, struct handle *h, int index)
{
	const struct source_table *t = source_find(l->source, h->decl->word, h->decl->name, h->decl->place.line, h->decl->place.nth);
	h->filled = true;
	table_read(L, l, index, t, h->decl->place.line, 1, &h->decl->options, &h->decl->noptions);
}

static void pair_add(struct load *l, struct handle *h, struct decl_value value)
{
	struct decl_pair p = {NULL, value};
	arena_push(l->arena, &h->pairs, p);
	h->decl->options = h->pairs.items;
	h->decl->noptions = h->pairs.count;
}

/* One more argument of a declaration: `word "name" {…}`, `on "event" "name" (function)`. */
static void argument_read(lua_State *L, struct load *l, struct handle *h, int index)
{
	bool hook = strcmp(h->decl->word, "on") == 0;
	const char *who = h->decl->name ? arena_printf(l->scratch, "%s '%s'", h->decl->word, h->decl->name) : h->decl->word;
	if (h->filled) {
		report_at(l, &h->decl->place, h->decl->word, h->decl->name, NULL,
				  arena_printf(l->scratch, "%s: options were given already; a comma is missing before this", who));
		handles_place(L, index);
		return;
	}
	if (lua_type(L, index) == LUA_TTABLE && !hook) {
		options_read(L, l, h, index);
	} else if (lua_type(L, index) == LUA_TSTRING && hook && h->pairs.count == 0) {
		struct decl_value v;
		bool skip;
		value_read(L, l, index, NULL, h->decl->place.line, 1, &v, &skip);
		pair_add(l, h, v);
	} else if (lua_type(L, index) == LUA_TFUNCTION && hook) {
		struct decl_value v = {.kind = DECL_FUNCTION, .line = line_now(L)};
		v.function = l->functions++;
		pair_add(l, h, v);
		h->filled = true;
	} else if (lua_type(L, index) == LUA_TFUNCTION && word_later(h->decl->word)) {
		h->filled = true;
	} else if (luaL_testudata(L, index, GHOST)) {
		h->filled = true;
	} else {
		const char *wants = !hook ? "a table of options" : h->pairs.count ? "a function" : "a name and a function";
		h->filled = true;
		h->placed |= hook; /* a hook without its function is no more than this */
		report_at(l, &h->decl->place, h->decl->word, h->decl->name, NULL,
				  arena_printf(l->scratch, "%s takes %s, not a %s", who, wants, luaL_typename(L, index)));
	}
}

/* Where in its line the declaration stands: others there may look the same. */
static void handle_place(struct load *l, struct handle *h)
{
	struct place *p = &h->decl->place;
	for (size_t i = l->made.count, seen = 0; i > 0 && seen < SAME_LINE; i--, seen++) {
		const struct decl *d = l->made.items[i - 1]->decl;
		p->nth += d->place.line == p->line && strcmp(d->word, h->decl->word) == 0 &&
				  (d->name && h->decl->name ? strcmp(d->name, h->decl->name) == 0 : d->name == h->decl->name);
	}
	const struct source_table *t = source_find(l->source, h->decl->word, h->decl->name, p->line, p->nth);
	if (t && !t->computed)
		p->column = source_name(l->source, t)->column;
}

static int word_call(lua_State *L)
{
	struct load *l = load_of(L);
	const char *word = lua_tostring(L, lua_upvalueindex(2));
	bool none = lua_gettop(L) == 0 || lua_isnil(L, 1);
	if (!none && luaL_testudata(L, 1, GHOST)) { /* its name was reported as undefined */
		lua_settop(L, 1);
		return 1;
	}
	if (none || (lua_type(L, 1) != LUA_TSTRING && lua_type(L, 1) != LUA_TTABLE)) {
		struct place here = {.line = line_now(L)};
		report_at(l, &here, word, NULL, arena_printf(l->scratch, "%s \"name\" { … }", word),
				  arena_printf(l->scratch, "%s takes a name or a table, not %s%s", word, none ? "nothing" : "a ",
							   none ? "" : luaL_typename(L, 1)));
		return ghost_self(L);
	}
	lua_settop(L, 1);
	if (++l->values > LUA_LOAD_VALUES)
		return luaL_error(L, "the configuration has more than %d values", LUA_LOAD_VALUES);
	struct handle *h = arena_new(l->scratch, struct handle);
	h->decl = arena_new(l->arena, struct decl);
	enum word_id id = word_find(word);
	h->decl->word = id != WORD_COUNT ? words[id].text : arena_strdup(l->arena, word);
	h->decl->place = (struct place){.module = l->file->module, .file = l->file->path, .line = line_now(L)};
	*(struct handle **)lua_newuserdatauv(L, sizeof h, 0) = h;
	luaL_setmetatable(L, HANDLE);
	if (lua_type(L, 1) == LUA_TSTRING) {
		size_t len;
		const char *s = lua_tolstring(L, 1, &len);
		if (!text_valid(s, len))
			return luaL_error(L, "%s: the name is not valid UTF-8", word);
		h->decl->name = arena_strndup(l->arena, s, len);
		handle_place(l, h);
	} else {
		handle_place(l, h);
		options_read(L, l, h, 1);
	}
	arena_push(l->scratch, &l->made, h);
	return 1;
}

static int handle_call(lua_State *L)
{
	struct load *l = load_of(L);
	struct handle **h = luaL_checkudata(L, 1, HANDLE);
	lua_settop(L, 2);
	argument_read(L, l, *h, 2);
	lua_settop(L, 1);
	return 1;
}

/* A declaration is no table: say what was meant instead of "attempt to index a userdata value". */
static int handle_index(lua_State *L)
{
	struct handle **h = luaL_checkudata(L, 1, HANDLE);
	return luaL_error(L, "%s '%s' is a declaration: it has no '%s' to read or set", (*h)->decl->word,
					  (*h)->decl->name ? (*h)->decl->name : "", lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "key");
}

/* --- undefined names --- */

/* What an undefined word was given is not complained of for having no place. */
static void handles_place(lua_State *L, int index)
{
	struct handle **h = luaL_testudata(L, index, HANDLE);
	if (h)
		(*h)->placed = true;
	if (lua_type(L, index) != LUA_TTABLE)
		return;
	lua_pushnil(L);
	while (lua_next(L, index)) {
		h = luaL_testudata(L, -1, HANDLE);
		if (h)
			(*h)->placed = true;
		lua_pop(L, 1);
	}
}

static int ghost_self(lua_State *L)
{
	luaL_checkstack(L, 4, "arguments");
	for (int i = lua_gettop(L); i > 0; i--)
		handles_place(L, i);
	lua_settop(L, 0);
	lua_newuserdatauv(L, 1, 0);
	luaL_setmetatable(L, GHOST);
	return 1;
}

static int ghost_false(lua_State *L)
{
	lua_pushboolean(L, 0);
	return 1;
}

/* True when the token stands within an option that takes an expression: the check of the text says that its quotes are missing. */
static bool in_expression(const struct source *s, uint32_t at)
{
	for (size_t i = 0; i < s->ncalls; i++) {
		const struct source_table *table = s->calls[i];
		enum word_id word = word_find(table->word);
		if (word == WORD_COUNT)
			continue;
		for (size_t k = 0; k < table->count; k++) {
			const struct source_item *item = &table->items[k];
			if (at >= item->first && at <= item->last && !item->table && word_takes_expression(word, item->key))
				return true;
		}
	}
	return false;
}

static bool token_names(const struct source *s, const struct source_token *t, const char *name, size_t len)
{
	return t->kind == SOURCE_NAME && t->len == len && memcmp(s->text + t->at, name, len) == 0;
}

/* The first token of that name on the line, one within an expression only when there is no other; the last one before it where the line has none: an operand that ends its
 * line is evaluated with what follows. */
static const struct source_token *name_token(const struct source *s, int line, const char *name, bool *expression)
{
	const struct source_token *found = NULL, *before = NULL;
	size_t len = strlen(name);
	*expression = false;
	for (size_t i = 0; i < s->ntokens && s->tokens[i].line <= line; i++) {
		const struct source_token *t = &s->tokens[i];
		if (!token_names(s, t, name, len))
			continue;
		if (t->line != line) {
			before = t;
			continue;
		}
		if (!in_expression(s, (uint32_t)i)) {
			*expression = false;
			return t;
		}
		if (!found)
			found = t;
		*expression = true;
	}
	if (!found && before)
		*expression = in_expression(s, (uint32_t)(before - s->tokens));
	return found ? found : before;
}

static int global_missing(lua_State *L)
{
	static const char *const literals[] = {"true", "false", "nil"};
	struct load *l = load_of(L);
	const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "?";
	int line = line_now(L);
	bool expression;
	const struct source_token *t = name_token(l->source, line, name, &expression);
	if (expression)
		return ghost_self(L);
	bool call = false;
	if (t && t + 1 < l->source->tokens + l->source->ntokens) {
		const char *next = l->source->text + t[1].at;
		call = t[1].kind == SOURCE_STRING || *next == '{';
	}
	const char *near = call ? word_nearest(name) : text_nearest(name, literals, 3), *hint = NULL;
	if (world_withheld(name))
		hint = arena_printf(l->scratch, "'%s' is not there while a configuration loads", name);
	else if (near)
		hint = arena_printf(l->scratch, "did you mean '%s'?", near);
	report(l, t ? t->line : line, t ? t->column : 0, (int)strlen(name), hint,
		   arena_printf(l->scratch, call ? "unknown word '%s'" : "undefined global '%s'", name));
	return ghost_self(L);
}

static int global_set(lua_State *L)
{
	return luaL_error(L, "global '%s' cannot be set: write 'local %s'", luaL_tolstring(L, 2, NULL), luaL_tolstring(L, 2, NULL));
}

static void words_open(lua_State *L, struct load *l)
{
	static const luaL_Reg handle_methods[] = {{"__call", handle_call},
											  {"__index", handle_index},
											  {"__newindex", handle_index},
											  {NULL, NULL}};
	static const char *const ghostly[] = {"__call", "__index", "__newindex", "__add", "__sub",    "__mul", "__div",
										  "__mod",  "__unm",   "__idiv",     "__pow", "__concat", NULL};
	luaL_newmetatable(L, HANDLE);
	lua_pushlightuserdata(L, l);
	luaL_setfuncs(L, handle_methods, 1);
	lua_pop(L, 1);
	luaL_newmetatable(L, GHOST);
	for (size_t i = 0; ghostly[i]; i++) {
		lua_pushcfunction(L, ghost_self);
		lua_setfield(L, -2, ghostly[i]);
	}
	for (size_t i = 0; i < 3; i++) {
		static const char *const compared[] = {"__lt", "__le", "__eq"};
		lua_pushcfunction(L, ghost_false);
		lua_setfield(L, -2, compared[i]);
	}
	lua_pop(L, 1);
}

/* Leaves the environment of all chunks on the stack: words and the world's functions to read, nothing to set. */
static void environment_open(lua_State *L, struct load *l)
{
	lua_newtable(L); /* environment */
	lua_newtable(L); /* its metatable */
	lua_newtable(L); /* what can be read */
	world_open(L);
#define PUT_WORD(id, text)                                                                                                                 \
	lua_pushlightuserdata(L, l);                                                                                                           \
	lua_pushstring(L, text);                                                                                                               \
	lua_pushcclosure(L, word_call, 2);                                                                                                     \
	lua_setfield(L, -2, text);
	WORDS(PUT_WORD)
#undef PUT_WORD
	for (size_t i = 0; word_later_at(i); i++) {
		lua_pushlightuserdata(L, l);
		lua_pushstring(L, word_later_at(i));
		lua_pushcclosure(L, word_call, 2);
		lua_setfield(L, -2, word_later_at(i));
	}
	lua_newtable(L);
	lua_pushlightuserdata(L, l);
	lua_pushcclosure(L, global_missing, 1);
	lua_setfield(L, -2, "__index");
	lua_setmetatable(L, -2);
	lua_setfield(L, -2, "__index");
	lua_pushcfunction(L, global_set);
	lua_setfield(L, -2, "__newindex");
	lua_setmetatable(L, -2);
}

/* --- files --- */

/* "?:12: message" → line and message. */
static const char *message_split(const char *message, int *line)
{
	*line = 1;
	if (strncmp(message, "?:", 2) != 0)
		return message;
	char *end;
	long n = strtol(message + 2, &end, 10);
	if (end == message + 2 || *end != ':')
		return message;
	*line = (int)n;
	return end[1] == ' ' ? end + 2 : end + 1;
}

/* The first byte of the line outside of texts and comments that no Lua is made of. */
static const struct source_token *letter_foreign(const struct source *s, int line)
{
	for (size_t i = 0; i < s->ntokens && s->tokens[i].line <= line; i++)
		if (s->tokens[i].line == line && s->tokens[i].kind == SOURCE_MARK && (unsigned char)s->text[s->tokens[i].at] >= 0x80)
			return &s->tokens[i];
	return NULL;
}

static void failure_report(lua_State *L, struct load *l)
{
	int line = 1;
	const char *message = "an error that is no text";
	if (lua_type(L, -1) == LUA_TSTRING)
		message = message_split(lua_tostring(L, -1), &line);
	if (strcmp(message, "not enough memory") == 0)
		message = arena_printf(l->scratch, "the configuration needs more than %d MB of memory to load", LUA_LOAD_MEMORY >> 20);
	char *text = arena_strdup(l->scratch, message);
	for (char *p = text; *p; p++) /* Lua quotes tokens with their line ends */
		if (*p == '\n' || *p == '\r')
			*p = ' ';
	if (!text_valid(text, strlen(text)))
		text = arena_strdup(l->scratch, "an error whose text is not valid UTF-8");
	/* Lua tells a letter of another script by its first byte: the letter itself says more, for it often looks like a Latin one */
	const struct source_token *letter = strstr(text, " near '<\\") ? letter_foreign(l->source, line) : NULL;
	if (letter) {
		size_t len = 1;
		const char *s = l->source->text + letter->at;
		while (letter->at + len < l->source->len && ((unsigned char)s[len] & 0xc0) == 0x80)
			len++;
		report(l, line, letter->column, (int)len, "names are written in Latin letters; texts stand in quotes",
			   arena_printf(l->scratch, "unexpected '%.*s'", (int)len, s));
		return;
	}
	/* the token that Lua names gets the caret */
	int column = 0, width = 0;
	char *near = strstr(text, " near '");
	if (near) {
		char *token = arena_strdup(l->scratch, near + 7), *quote = strrchr(token, '\'');
		size_t len;
		const char *source = source_line(l->source, line, &len);
		if (quote && quote > token) {
			*quote = 0;
			char *found = strstr(arena_strndup(l->scratch, source, len), token);
			if (found) {
				column = (int)strlen(arena_strndup(l->scratch, source, len)) - (int)strlen(found) + 1;
				width = (int)strlen(token);
			}
		}
	}
	report(l, line, column, width, strstr(text, "'}' expected") ? "is a comma missing before it?" : NULL, text);
}

static void file_run(lua_State *L, struct load *l, int environment)
{
	const struct config_file *f = l->file;
	int top = lua_gettop(L);
	memset(&l->made, 0, sizeof l->made);
	l->source = source_scan(l->scratch, f->bytes, f->len);
	if (strncmp(f->path, "processes/", 10) == 0 || strncmp(f->path, "tests/", 6) == 0) {
		bool tests = *f->path == 't';
		report(l, 1, 0, 0, "take the file out of the folder",
			   tests ? "not yet: tests come with a later version" : "not yet: processes come with a later version");
		return;
	}
	if (!text_valid(f->bytes, f->len)) {
		report(l, 1, 0, 0, "save the file as UTF-8", "the file is not valid UTF-8");
		return;
	}
	if (luaL_loadbufferx(L, f->bytes, f->len, "=?", "t") != LUA_OK) {
		failure_report(L, l);
		file_broken(l);
		file_add(l, &l->out->unparsed, &l->out->nunparsed);
		lua_settop(L, top);
		return;
	}
	lua_pushvalue(L, environment);
	lua_setupvalue(L, -2, 1);
	bool broken = lua_pcall(L, 0, 0, 0) != LUA_OK;
	if (broken) {
		failure_report(L, l);
		file_broken(l);
	}
	lua_settop(L, top);
	for (size_t i = 0; i < l->made.count; i++) {
		struct decl *d = l->made.items[i]->decl;
		enum word_id word = word_find(d->word);
		/* of a file that broke off, what waited for its place is not complained of */
		if (l->made.items[i]->placed || (broken && (word == WORD_COUNT || !(words[word].places & WORD_TOP))))
			continue;
		arena_push(l->arena, l->out, d);
	}
}

/* Everything that may raise runs under one protected call. */
static int run_all(lua_State *L)
{
	struct load *l = lua_touserdata(L, 1);
	words_open(L, l);
	environment_open(L, l);
	int environment = lua_gettop(L);
	const char *module = NULL;
	for (size_t i = 0; i < l->config->nfiles; i++) {
		const struct config_file *f = &l->config->files[i];
		size_t n = strlen(f->path);
		if (!module || strcmp(module, f->module) != 0)
			l->functions = 0;
		module = f->module;
		if (n < 4 || strcmp(f->path + n - 4, ".lua") != 0)
			continue;
		l->file = f;
		file_run(L, l, environment);
		if (world_exhausted(L))
			return 0;
	}
	return 0;
}

int lua_load_config(struct arena *a, const struct config *config, int64_t instructions, struct decls *out, struct err *errs)
{
	struct load l = {.arena = a, .scratch = arena_new_sized(64 * 1024), .config = config, .out = out, .errs = errs};
	struct world *world;
	lua_State *L = world_new(&world, instructions ? instructions : LUA_LOAD_INSTRUCTIONS, LUA_LOAD_MEMORY);
	map_create(&l.keys, l.scratch);
	if (!L) {
		arena_delete(l.scratch);
		return err_set(errs, ERR_ENVIRONMENT, "no memory for loading a configuration");
	}
	if (config->nfiles)
		l.file = &config->files[0];
	lua_pushcfunction(L, run_all);
	lua_pushlightuserdata(L, &l);
	if (lua_pcall(L, 1, 0, 0) != LUA_OK && l.file) {
		if (!l.source)
			l.source = source_scan(l.scratch, "", 0);
		failure_report(L, &l);
	}
	world_delete(L, world);
	arena_delete(l.scratch);
	return l.failed ? -1 : 0;
}
