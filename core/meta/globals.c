/* globals: names in the bodies of functions that are declared nowhere. A hook runs long after the check, and then a misspelt name is nil.
 *
 * By the text: a name counts as declared when it is a local, a parameter or a loop's variable anywhere in the file, so nothing right is refused; what runs while the
 * configuration loads is found by running it. */
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "meta/build.h"

/* What the hooks' sandbox has (core/edge/lua_sandbox.c), and no more of Lua's own. */
static const char *const known[] = {"_ENV",      "type",         "ipairs",       "pairs",  "select", "tonumber", "tostring",
									"error",     "assert",       "pcall",        "next",   "rawget", "rawset",   "rawequal",
									"rawlen",    "setmetatable", "getmetatable", "string", "table",  "math",     "utf8",
									"coroutine", "self",         "true",         "false",  "nil"};
#define KNOWN (sizeof known / sizeof *known)

static bool is(const struct source *s, size_t i, const char *text)
{
	return i < s->ntokens && s->tokens[i].kind != SOURCE_STRING && s->tokens[i].len == strlen(text) &&
		   memcmp(s->text + s->tokens[i].at, text, strlen(text)) == 0;
}

static const char *name_at(struct build *b, const struct source *s, size_t i)
{
	return arena_strndup(b->scratch, s->text + s->tokens[i].at, s->tokens[i].len);
}

static void declare_list(struct build *b, const struct source *s, size_t i, struct map *names)
{
	for (; i < s->ntokens && s->tokens[i].kind == SOURCE_NAME; i += 2) {
		map_put(names, name_at(b, s, i), b);
		if (is(s, i + 1, "<") && is(s, i + 3, ">")) { /* local x <const> */
			i += 3;
		}
		if (!is(s, i + 1, ","))
			break;
	}
}

static void declared_collect(struct build *b, const struct source *s, struct map *names)
{
	for (size_t i = 0; i < s->ntokens; i++) {
		if (is(s, i, "local") || is(s, i, "for"))
			declare_list(b, s, i + 1 + is(s, i + 1, "function"), names);
		if (is(s, i, "function")) {
			size_t k = i + 1;
			while (k < s->ntokens && !is(s, k, "("))
				k++;
			declare_list(b, s, k + 1, names);
		}
		if (is(s, i, "goto") || is(s, i, "::"))
			declare_list(b, s, i + 1, names);
	}
}

static bool reported(const struct build *b, const char *file, int line, int column)
{
	for (const struct err *e = b->errs; e && e->code != ERR_OK; e = e->next)
		if (e->file && e->line == line && e->column == column && strcmp(e->file, file) == 0)
			return true;
	return false;
}

/* True for a name that stands by itself: no field, no method, no key of a table. */
static bool is_variable(const struct source *s, size_t i, const bool *keys)
{
	if (s->tokens[i].kind != SOURCE_NAME || keys[i])
		return false;
	if (i == 0)
		return true;
	return !is(s, i - 1, ".") && !is(s, i - 1, ":") && !(is(s, i - 1, "<") && is(s, i + 1, ">"));
}

static bool is_known(const char *name)
{
	for (size_t i = 0; i < KNOWN; i++)
		if (strcmp(known[i], name) == 0)
			return true;
	return word_find(name) != WORD_COUNT || word_later(name) != NULL;
}

static const char *near_name(struct build *b, const char *name, const struct map *names)
{
	const char *near = map_nearest(names, name);
	return hint_near(b, near ? near : text_nearest(name, known, KNOWN));
}

void globals_check(struct build *b, const struct config_file *f, const struct source *s)
{
	struct map names;
	bool *keys = arena_array(b->scratch, bool, s->ntokens + 1);
	const char *shown = config_path(b->scratch, b->config, f->module, f->path);
	int blocks[256] = {0}, depth = 0, functions = 0;
	bool any = false;
	for (size_t i = 0; i < s->ntokens && !any; i++)
		any = is(s, i, "function");
	if (!any)
		return;
	map_create(&names, b->scratch);
	declared_collect(b, s, &names);
	for (size_t i = 0; i < s->ntables; i++)
		for (size_t k = 0; k < s->tables[i]->count; k++)
			if (s->tables[i]->items[k].key)
				keys[s->tables[i]->items[k].key_token] = true;
	for (size_t i = 0; i < s->ntokens; i++) {
		bool opens = is(s, i, "function") || is(s, i, "if") || is(s, i, "do") || is(s, i, "repeat");
		if (opens && depth < 256) {
			blocks[depth++] = is(s, i, "function");
			functions += is(s, i, "function");
		} else if (opens) {
			return;
		}
		if ((is(s, i, "end") || is(s, i, "until")) && depth > 0)
			functions -= blocks[--depth];
		if (!functions || !is_variable(s, i, keys))
			continue;
		const char *name = name_at(b, s, i);
		const struct source_token *t = &s->tokens[i];
		if (map_find(&names, name) || is_known(name) || reported(b, shown, t->line, t->column))
			continue;
		build_fail(b, NULL, (struct spot){f->module, f->path, t->line, t->column, (int)t->len}, near_name(b, name, &names),
				   "undefined global '%s'", name);
		map_put(&names, name, b); /* once a file */
	}
}
