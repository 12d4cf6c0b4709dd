/* shape: the first pass: every word stands where it may, every option is known and its value has the right type. */
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "meta/build.h"

static const char *kind_name(const struct decl_value *v)
{
	switch (v->kind) {
	case DECL_NIL: return "nothing";
	case DECL_BOOL: return v->b ? "true" : "false";
	case DECL_INT:
	case DECL_NUMBER: return "a number";
	case DECL_TEXT: return "a text";
	case DECL_TABLE: return "a table";
	case DECL_FUNCTION: return "a function";
	case DECL_DECL: return "a declaration";
	}
	return "something";
}

static bool is_name(const struct decl_value *v)
{
	return v->kind == DECL_TEXT && text_is_name(v->text.s, v->text.len);
}

static bool is_list_of(const struct decl_value *v, bool (*one)(const struct decl_value *))
{
	if (v->kind != DECL_TABLE)
		return false;
	for (size_t i = 0; i < v->table.count; i++)
		if (v->table.pairs[i].key || !one(&v->table.pairs[i].value))
			return false;
	return true;
}

static bool is_text(const struct decl_value *v)
{
	return v->kind == DECL_TEXT;
}

static bool is_day(const struct decl_value *v)
{
	return v->kind == DECL_INT && v->i >= 1 && v->i <= 7;
}

static bool is_table(const struct decl_value *v)
{
	return v->kind == DECL_TABLE;
}

static bool is_scalar(const struct decl_value *v)
{
	return v->kind == DECL_TEXT || v->kind == DECL_INT || v->kind == DECL_NUMBER || v->kind == DECL_BOOL;
}

/* One of the space-separated codes. */
static bool is_code(const struct decl_value *v, const char *codes)
{
	if (v->kind != DECL_TEXT || !v->text.len)
		return false;
	for (const char *p = codes; *p;) {
		size_t n = strcspn(p, " ");
		if (n == v->text.len && memcmp(p, v->text.s, n) == 0)
			return true;
		p += n + (p[n] == ' ');
	}
	return false;
}

static const char *code_nearest(struct build *b, const char *codes, const char *given)
{
	const char *names[32];
	size_t n = 0;
	for (const char *p = codes; *p && n < 32;) {
		size_t len = strcspn(p, " ");
		names[n++] = arena_strndup(b->scratch, p, len);
		p += len + (p[len] == ' ');
	}
	return text_nearest(given, names, n);
}

/* NULL when the value fits, else what the option takes. */
static const char *misfit(struct build *b, const struct word_option *o, const struct decl_value *v)
{
	switch (o->type) {
	case OPTION_BOOL: return v->kind == DECL_BOOL ? NULL : "true or false";
	case OPTION_TEXT:
	case OPTION_LABEL:
	case OPTION_TITLE: return v->kind == DECL_TEXT && v->text.len ? NULL : "a text";
	case OPTION_NAME: return is_name(v) ? NULL : "a name";
	case OPTION_NAMES: return is_name(v) || is_list_of(v, is_name) ? NULL : "a name or a list of names";
	case OPTION_PATHS: return is_list_of(v, is_text) ? NULL : "a list of names";
	case OPTION_INT: return v->kind == DECL_INT ? NULL : "a whole number";
	case OPTION_NUMBER: return v->kind == DECL_INT || v->kind == DECL_NUMBER ? NULL : "a number";
	case OPTION_RULE:
		return v->kind == DECL_BOOL || (v->kind == DECL_TEXT && v->text.len) ? NULL : "true, false or an expression in quotes";
	case OPTION_EXPR: return v->kind == DECL_TEXT && v->text.len ? NULL : "an expression in quotes";
	case OPTION_LITERAL: return is_scalar(v) ? NULL : "a text, a number, true or false";
	case OPTION_CODE: return is_code(v, o->codes) ? NULL : arena_printf(b->scratch, "one of %s", o->codes);
	case OPTION_VERSIONS:
		if (v->kind != DECL_TABLE)
			return "a table { module = \"1\" }";
		for (size_t i = 0; i < v->table.count; i++)
			if (!v->table.pairs[i].key || v->table.pairs[i].value.kind != DECL_TEXT)
				return "a table { module = \"1\" }";
		return NULL;
	case OPTION_DAYS: return is_list_of(v, is_day) ? NULL : "a list of days, 1 (Monday) to 7";
	case OPTION_ROW:
		if (v->kind != DECL_TABLE)
			return "a table of values by field";
		for (size_t i = 0; i < v->table.count; i++)
			if (!v->table.pairs[i].key || !is_scalar(&v->table.pairs[i].value))
				return "a table of values by field";
		return NULL;
	case OPTION_COLUMNS: return is_list_of(v, is_table) ? NULL : "a list of tables, one for each column";
	case OPTION_FUNCTION: return v->kind == DECL_FUNCTION ? NULL : "a function";
	}
	return NULL;
}

/* An expression that lost its quotes, or is computed. */
static bool is_unquoted(const struct source *s, enum word_id word, const struct source_item *item)
{
	if (!word_takes_expression(word, item->key) || source_is_string(s, item) || item->table)
		return false;
	/* a literal of another type is a matter of the value's own check */
	if (item->first != item->last)
		return true;
	return s->tokens[item->first].kind != SOURCE_NUMBER && !source_is_bool(s, item);
}

/* A word that stands inside may be taken for an option. */
static const char *option_hint(struct build *b, enum word_id word, const char *key)
{
	enum word_id inside = word_find(key);
	if (inside != WORD_COUNT && words[word].content == HOLDS_WORDS && words[inside].places & WORD_IN(word))
		return arena_printf(b->scratch, "it is a declaration: %s \"name\" { … }", key);
	return hint_near(b, word_option_nearest(word, key));
}

static void option_check(struct build *b, struct decl *d, enum word_id word, struct decl_pair *p)
{
	const struct word_option *o = word_option_find(word, p->key);
	if (!o) {
		const char *later = word_option_later(word, p->key);
		if (later)
			build_fail(b, d, spot_key(b, d, p->key), NULL, "not yet: %s come with a later version", later);
		else
			build_fail(b, d, spot_key(b, d, p->key), option_hint(b, word, p->key), "unknown option '%s'", p->key);
		p->value.kind = DECL_NIL;
		return;
	}
	const struct source *source = build_source(b, d->place.module, d->place.file);
	const struct source_table *table = source_find(source, d->word, d->name, d->place.line, d->place.nth);
	const struct source_item *item = source_key(table, p->key);
	bool expression = o->type == OPTION_RULE || o->type == OPTION_EXPR;
	if (expression && item && is_unquoted(source, word, item)) { /* reported already */
		p->value.kind = DECL_NIL;
		return;
	}
	const char *wants = misfit(b, o, &p->value);
	if (wants) {
		struct setting s = {p->key, &p->value, d};
		const char *hint = NULL;
		if (o->type == OPTION_CODE && p->value.kind == DECL_TEXT)
			hint = hint_near(b, code_nearest(b, o->codes, p->value.text.s));
		if (p->value.kind == DECL_TEXT)
			build_fail(b, d, spot_value(b, &s), hint, "option '%s' takes %s, not '%s'", p->key, wants, p->value.text.s);
		else if (p->value.kind == DECL_TABLE && strncmp(wants, "a ", 2) == 0 && strstr(wants, "list"))
			build_fail(b, d, spot_value(b, &s), hint, "option '%s' takes %s; something else stands in it", p->key, wants);
		else if (p->value.kind == DECL_NUMBER)
			build_fail(b, d, spot_value(b, &s), hint, "option '%s' takes %s, not %s", p->key, wants, p->value.number);
		else
			build_fail(b, d, spot_value(b, &s), hint, "option '%s' takes %s, not %s", p->key, wants, kind_name(&p->value));
		p->value.kind = DECL_NIL;
		return;
	}
	/* the text is looked over as a whole; what it does not show was made by a function or a variable */
	if (expression && !item)
		build_fail(b, d, spot_decl(b, d), "write the options in the declaration itself",
				   "option '%s' takes a literal text%s, nothing computed", p->key, o->type == OPTION_RULE ? ", true or false" : "");
}

void shape_options(struct build *b, struct decl *d, enum word_id word)
{
	for (size_t i = 0; i < d->noptions; i++)
		if (d->options[i].key && d->options[i].value.kind != DECL_NIL)
			option_check(b, d, word, &d->options[i]);
}

static const char *places_text(struct build *b, word_set places)
{
	const char *text = "";
	if (places & WORD_TOP)
		return "a file, outside any other declaration";
	for (size_t i = 0; i < WORD_COUNT; i++)
		if (places & WORD_IN(i))
			text = arena_printf(b->scratch, "%s%s'%s'", text, *text ? ", " : "", words[i].text);
	return text;
}

static void decl_check(struct build *b, struct decl *d, enum word_id parent, int depth);

static void position_check(struct build *b, struct decl *d, enum word_id word, size_t n, struct decl_pair *p, int depth)
{
	struct setting s = {NULL, &p->value, d};
	if (p->value.kind == DECL_DECL) {
		if (words[word].content == HOLDS_WORDS || word_later(p->value.decl->word))
			decl_check(b, p->value.decl, word, depth + 1);
		else
			build_fail(b, p->value.decl, spot_decl(b, p->value.decl), NULL, "does not stand in '%s'", words[word].text);
		return;
	}
	const char *wants = NULL;
	switch (words[word].content) {
	case HOLDS_NOTHING: wants = "only named options"; break;
	case HOLDS_WORDS: wants = "declarations and named options"; break;
	case HOLDS_EXPR:
		if (n > 0 || p->value.kind != DECL_TEXT)
			wants = "one expression in quotes";
		break;
	case HOLDS_NAMES:
		if (!is_name(&p->value))
			wants = "names";
		break;
	case HOLDS_ROWS:
		if (p->value.kind != DECL_TABLE)
			wants = "rows, each a table";
		break;
	case HOLDS_HOOK: break;
	}
	if (!wants)
		return;
	if (p->value.kind == DECL_TEXT)
		build_fail(b, d, spot_value(b, &s), "a value without a name?", "takes %s, not '%s'", wants, p->value.text.s);
	else
		build_fail(b, d, spot_value(b, &s),
				   p->value.kind == DECL_TABLE ? "an option without its name, or a word is missing before the table" : NULL,
				   "takes %s, not %s", wants, kind_name(&p->value));
	p->value.kind = DECL_NIL;
}

static void decl_check(struct build *b, struct decl *d, enum word_id parent, int depth)
{
	const char *later = word_later(d->word);
	enum word_id word = word_find(d->word);
	if (later) {
		build_fail(b, d, spot_decl(b, d), NULL, "not yet: %s come with a later version", later);
		return;
	}
	if (word == WORD_COUNT || depth > 16)
		return;
	word_set here = parent == WORD_COUNT ? WORD_TOP : WORD_IN(parent);
	if (!(words[word].places & here)) {
		const char *hint =
			arena_printf(b->scratch, "its place is %s%s", words[word].places & WORD_TOP ? "" : "in ", places_text(b, words[word].places));
		if (parent == WORD_COUNT)
			build_fail(b, d, spot_decl(b, d), hint, "stands by itself");
		else
			build_fail(b, d, spot_decl(b, d), hint, "does not stand in '%s'", words[parent].text);
	}
	if (words[word].naming == NAMED && !d->name)
		build_fail(b, d, spot_decl(b, d), arena_printf(b->scratch, "%s \"name\" { … }", d->word), "has no name");
	else if (words[word].naming == NAMELESS && d->name)
		build_fail(b, d, spot_decl(b, d), NULL, "takes no name");
	else if (d->name && word != WORD_ON && !text_is_name(d->name, strlen(d->name)))
		build_fail(b, d, spot_decl(b, d), "names are [a-z][a-z0-9_]*, at most 48 characters", "this is no name");
	if (word == WORD_ON) {
		const struct decl_value *name = decl_position(d, 0), *function = decl_position(d, 1);
		if (!name || name->kind != DECL_TEXT || !is_name(name) || !function || function->kind != DECL_FUNCTION)
			build_fail(b, d, spot_decl(b, d), "on \"section.before_save\" \"what_it_does\" (function(record, ctx) … end)",
					   "a hook has an event, a name and a function");
		return;
	}
	/* which options a change takes is known when the thing that it changes is found */
	if (word != WORD_CHANGE)
		shape_options(b, d, word);
	size_t n = 0;
	for (size_t i = 0; i < d->noptions; i++)
		if (!d->options[i].key)
			position_check(b, d, word, n++, &d->options[i], depth);
}

/* The same key twice, which Lua swallows. */
static void duplicates_check(struct build *b, const struct config_file *f, const struct source *s)
{
	for (size_t i = 0; i < s->ntables; i++) {
		const struct source_table *t = s->tables[i];
		if (t->count < 2)
			continue;
		struct map keys;
		map_create(&keys, b->scratch);
		for (size_t k = 0; k < t->count; k++) {
			const struct source_item *item = &t->items[k];
			if (!item->key)
				continue;
			const struct source_token *first = map_put(&keys, item->key, &s->tokens[item->key_token]);
			if (!first)
				continue;
			const struct source_token *again = &s->tokens[item->key_token];
			struct spot at = {f->module, f->path, again->line, again->column, (int)again->len};
			const char *name = t->word && t->name ? arena_printf(b->scratch, "%s '%s': ", t->word, t->name) : "";
			build_fail(b, NULL, at, "Lua keeps only one of them", "%s'%s' is given twice, first in line %d", name, item->key, first->line);
		}
	}
}

/* Expressions that lost their quotes, or are computed. */
static void quotes_check(struct build *b, const struct config_file *f, const struct source *s)
{
	for (size_t i = 0; i < s->ncalls; i++) {
		const struct source_table *t = s->calls[i];
		enum word_id word = word_find(t->word);
		if (word == WORD_COUNT)
			continue;
		for (size_t k = 0; k < t->count; k++) {
			const struct source_item *item = &t->items[k];
			if (!is_unquoted(s, word, item))
				continue;
			bool rule = item->key && word_option_find(word, item->key)->type == OPTION_RULE;
			const struct source_token *from = &s->tokens[item->first], *to = &s->tokens[item->last];
			const char *text = arena_strndup(b->scratch, s->text + from->at, to->at + to->len - from->at);
			struct spot at = {f->module, f->path, from->line, from->column,
							  to->line == from->line ? to->column + (int)to->len - from->column : (int)from->len};
			const char *name = t->name ? arena_printf(b->scratch, "%s '%s'", t->word, t->name) : t->word;
			const char *quote = memchr(text, '"', strlen(text)) ? "'" : "\"";
			const char *hint =
				strlen(text) > 80 || memchr(text, '\n', strlen(text)) ? "put it in quotes"
				: memchr(text, '\'', strlen(text)) && *quote == '\''
					? arena_printf(b->scratch, "write %s%s[[%s]]", item->key ? item->key : "", item->key ? " = " : "", text)
					: arena_printf(b->scratch, "write %s%s%s%s%s", item->key ? item->key : "", item->key ? " = " : "", quote, text, quote);
			build_fail(b, NULL, at, hint, "%s: an expression without quotes: Lua would compute it once, now%s%s%s", name,
					   item->key ? "; '" : "", item->key ? item->key : "",
					   item->key ? (rule ? "' takes a quoted text, true or false" : "' takes a quoted text") : "");
		}
	}
}

void shape_check(struct build *b)
{
	for (size_t i = 0; i < b->config->nfiles; i++) {
		const struct config_file *f = &b->config->files[i];
		size_t n = strlen(f->path);
		if (n < 4 || strcmp(f->path + n - 4, ".lua") != 0)
			continue;
		bool parsed = true;
		for (size_t k = 0; k < b->decls->nunparsed; k++)
			parsed &= b->decls->unparsed[k] != f;
		const struct source *s = build_source(b, f->module, f->path);
		if (parsed) {
			duplicates_check(b, f, s);
			quotes_check(b, f, s);
			globals_check(b, f, s);
		}
	}
	for (size_t i = 0; i < b->decls->count; i++)
		decl_check(b, b->decls->items[i], WORD_COUNT, 0);
}
