/* words_doc: the table of words as editor types (LuaLS) and as a reference in Markdown. */
#include <string.h>

#include "base/buf.h"
#include "meta/words.h"

static void codes_write(struct buf *b, const char *codes, const char *before, const char *after, const char *between)
{
	for (const char *p = codes; *p;) {
		size_t n = strcspn(p, " ");
		buf_puts(b, before);
		buf_add(b, p, n);
		buf_puts(b, after);
		p += n;
		if (*p) {
			buf_puts(b, between);
			p++;
		}
	}
}

static void type_write(struct buf *b, const struct word_option *o)
{
	switch (o->type) {
	case OPTION_BOOL: buf_puts(b, "boolean"); break;
	case OPTION_TEXT:
	case OPTION_LABEL:
	case OPTION_TITLE:
	case OPTION_NAME:
	case OPTION_EXPR: buf_puts(b, "string"); break;
	case OPTION_NAMES: buf_puts(b, "string|string[]"); break;
	case OPTION_PATHS: buf_puts(b, "string[]"); break;
	case OPTION_INT: buf_puts(b, "integer"); break;
	case OPTION_NUMBER: buf_puts(b, "number"); break;
	case OPTION_RULE: buf_puts(b, "boolean|string"); break;
	case OPTION_LITERAL: buf_puts(b, "string|number|boolean"); break;
	case OPTION_CODE: codes_write(b, o->codes, "\"", "\"", "|"); break;
	case OPTION_VERSIONS: buf_puts(b, "table<string, string>"); break;
	case OPTION_DAYS: buf_puts(b, "integer[]"); break;
	case OPTION_ROW: buf_puts(b, "table<string, string|number|boolean>"); break;
	case OPTION_COLUMNS: buf_puts(b, "ostov.column[]"); break;
	case OPTION_FUNCTION: buf_puts(b, "function"); break;
	}
}

static void word_write(struct buf *b, enum word_id id)
{
	const struct word *w = &words[id];
	if (id == WORD_ON) {
		buf_printf(b,
				   "---%s\n---@param event string \"section.before_save\"\n"
				   "---@return fun(name: string): fun(handler: fun(record: table, ctx: ostov.context))\nfunction on(event) end\n\n",
				   w->doc);
		return;
	}
	buf_printf(b, "---@class ostov.%s\n", w->text);
	static const char *const positional[] = {NULL, "ostov.declaration", "string", "string", "table<string, any>", NULL};
	if (positional[w->content])
		buf_printf(b, "---@field [integer] %s\n", positional[w->content]);
	for (size_t i = 0; i < word_option_count; i++) {
		const struct word_option *o = &word_options[i];
		bool again = false; /* `change` takes what several words call alike */
		for (size_t k = 0; k < i; k++)
			again |= (word_options[k].words & WORD_IN(id)) && strcmp(word_options[k].name, o->name) == 0;
		if (again || !(o->words & WORD_IN(id)))
			continue;
		buf_printf(b, "---@field %s? ", o->name);
		type_write(b, o);
		buf_printf(b, " %s", o->doc);
		if (o->fallback)
			buf_printf(b, " Default: %s.", o->fallback);
		buf_putc(b, '\n');
	}
	buf_printf(b, "\n---%s\n", w->doc);
	if (w->naming == NAMELESS)
		buf_printf(b, "---@param options ostov.%s\n---@return ostov.declaration\nfunction %s(options) end\n\n", w->text, w->text);
	else if (w->naming == NAMED_MAYBE)
		buf_printf(b,
				   "---@overload fun(options: ostov.%s): ostov.declaration\n---@param name string\n---@return fun(options: ostov.%s): "
				   "ostov.declaration\nfunction %s(name) end\n\n",
				   w->text, w->text, w->text);
	else
		buf_printf(b, "---@param name string\n---@return fun(options: ostov.%s): ostov.declaration\nfunction %s(name) end\n\n", w->text,
				   w->text);
}

void words_write_lua(struct buf *b)
{
	buf_puts(b, "---@meta\n"
				"-- luacheck: ignore\n"
				"-- Types of the configuration language for editors with the Lua language server. Made by `ostov doc types`: do not edit.\n"
				"-- In a configuration's .luarc.json: { \"workspace.library\": [\".../lua/types\"] }\n\n"
				"---@class ostov.declaration\n\n"
				"---One column of an imported file; its title there is the first value.\n"
				"---@class ostov.column\n"
				"---@field [integer] string\n"
				"---@field to? string The field.\n"
				"---@field by? string Of a lookup: the field of the target that the cell holds.\n"
				"---@field create? boolean Of a lookup: create the target when there is none.\n"
				"---@field strip? string Removed from the beginning of the cell.\n"
				"---@field values? table<string, string|number|boolean> Text in the file → value.\n"
				"---@field skip? boolean Leave the column out.\n\n"
				"---What a hook may use.\n"
				"---@class ostov.context\n"
				"---@field user any The signed-in user's record.\n"
				"---@field now any Business time.\n"
				"---@field money fun(self: ostov.context, amount: number|string): any An exact decimal.\n"
				"---@field query fun(self: ostov.context, section: string, where?: string): any Records.\n"
				"---@field create fun(self: ostov.context, section: string, values: table): any A new record.\n"
				"---@field refuse fun(self: ostov.context, field: string|nil, message: string) Ends the write with this message.\n"
				"---@field as_user fun(self: ostov.context): ostov.context The same with the user's rights.\n"
				"---@field setting fun(self: ostov.context, name: string): any\n\n");
	for (size_t i = 0; i < WORD_COUNT; i++)
		word_write(b, (enum word_id)i);
	/* one line end at the end */
	while (b->len > 1 && b->data[b->len - 1] == '\n' && b->data[b->len - 2] == '\n')
		b->data[--b->len] = '\0';
}

static const char *type_text(enum option_type t)
{
	switch (t) {
	case OPTION_BOOL: return "boolean";
	case OPTION_TEXT:
	case OPTION_LABEL:
	case OPTION_TITLE: return "text";
	case OPTION_NAME: return "name";
	case OPTION_NAMES: return "name or names";
	case OPTION_PATHS: return "names";
	case OPTION_INT: return "whole number";
	case OPTION_NUMBER: return "number";
	case OPTION_RULE: return "rule";
	case OPTION_EXPR: return "expression";
	case OPTION_LITERAL: return "literal";
	case OPTION_CODE: return "one of";
	case OPTION_VERSIONS: return "module → version";
	case OPTION_DAYS: return "days";
	case OPTION_ROW: return "field → value";
	case OPTION_COLUMNS: return "columns";
	case OPTION_FUNCTION: return "function";
	}
	return "";
}

void words_write_markdown(struct buf *b)
{
	buf_puts(b, "# Words and options\n");
	for (size_t i = 0; i < WORD_COUNT; i++) {
		const struct word *w = &words[i];
		buf_printf(b, "\n## %s\n%s Stands in", w->text, w->doc);
		const char *between = " ";
		if (w->places & WORD_TOP)
			buf_puts(b, " a file");
		for (size_t k = 0; k < WORD_COUNT; k++)
			if (w->places & WORD_IN(k)) {
				buf_printf(b, "%s`%s`", between, words[k].text);
				between = ", ";
			}
		buf_puts(b, ".\n");
		bool any = false;
		for (size_t k = 0; k < word_option_count; k++) {
			const struct word_option *o = &word_options[k];
			if (!(o->words & WORD_IN(i)))
				continue;
			if (!any)
				buf_puts(b, "\n| option | type | default | meaning |\n|---|---|---|---|\n");
			any = true;
			buf_printf(b, "| `%s` | %s", o->name, type_text(o->type));
			if (o->codes) {
				buf_putc(b, ' ');
				codes_write(b, o->codes, "`", "`", " ");
			}
			buf_printf(b, " | %s | %s |\n", o->fallback ? o->fallback : "", o->doc);
		}
	}
}
