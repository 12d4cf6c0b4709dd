#include "meta/build.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"

struct source *build_source(struct build *b, const char *module, const char *file)
{
	const char *key = arena_printf(b->scratch, "%s/%s", module, file);
	struct source *s = map_find(&b->sources, key);
	if (s)
		return s;
	const struct config_file *f = config_file_find(b->config, module, file);
	s = source_scan(b->scratch, f ? f->bytes : "", f ? f->len : 0);
	map_put(&b->sources, key, s);
	return s;
}

static struct source *source_of(struct build *b, const struct decl *d)
{
	return build_source(b, d->place.module, d->place.file);
}

static const struct source_table *table_of(struct build *b, const struct decl *d)
{
	return source_find(source_of(b, d), d->word, d->name, d->place.line, d->place.nth);
}

static struct spot spot_line(const struct decl *d, int line)
{
	return (struct spot){d->place.module, d->place.file, line, 0, 0};
}

static struct spot spot_token(const struct decl *d, const struct source_token *t)
{
	return (struct spot){d->place.module, d->place.file, t->line, t->column, (int)t->len};
}

/* The tokens of a value that begin on its first line. */
static struct spot spot_tokens(struct build *b, const struct decl *d, const struct source_item *item)
{
	const struct source *s = source_of(b, d);
	struct spot at = spot_token(d, &s->tokens[item->first]);
	for (uint32_t i = item->first; i <= item->last && i < s->ntokens && s->tokens[i].line == at.line; i++)
		at.width = s->tokens[i].column + (int)s->tokens[i].len - at.column;
	size_t len;
	source_line(s, at.line, &len);
	if (at.column + at.width > (int)len + 1)
		at.width = (int)len + 1 - at.column;
	return at;
}

struct spot spot_decl(struct build *b, const struct decl *d)
{
	const struct source_table *table = table_of(b, d);
	if (table && !table->computed)
		return spot_token(d, source_name(source_of(b, d), table));
	const struct source_token *t = source_word(source_of(b, d), d->place.line, d->name ? d->name : d->word);
	return t ? spot_token(d, t) : spot_line(d, d->place.line);
}

struct spot spot_key(struct build *b, const struct decl *d, const char *key)
{
	const struct source_item *item = source_key(table_of(b, d), key);
	return item ? spot_token(d, &source_of(b, d)->tokens[item->key_token]) : spot_decl(b, d);
}

static const struct source_item *setting_item(struct build *b, const struct setting *s)
{
	const struct source_table *t = table_of(b, s->from);
	if (s->key)
		return source_key(t, s->key);
	size_t n = 0;
	for (size_t i = 0; i < s->from->noptions; i++) {
		if (&s->from->options[i].value == s->value)
			return source_position(t, n);
		n += s->from->options[i].key == NULL;
	}
	return NULL;
}

struct spot spot_value(struct build *b, const struct setting *s)
{
	const struct source_item *item = setting_item(b, s);
	return item ? spot_tokens(b, s->from, item) : spot_line(s->from, s->value->line ? s->value->line : s->from->place.line);
}

struct spot spot_item(struct build *b, const struct setting *s, size_t n)
{
	const struct source_item *item = setting_item(b, s);
	const struct source_item *one = item && item->table ? source_position(item->table, n) : NULL;
	return one ? spot_tokens(b, s->from, one) : spot_value(b, s);
}

struct spot spot_row(struct build *b, const struct decl *d, const char *list, size_t n, const char *key)
{
	const struct source_table *t = table_of(b, d);
	const struct source_item *item;
	if (list) {
		item = source_key(t, list);
		t = item ? item->table : NULL;
	}
	item = source_position(t, n);
	if (!item)
		return spot_decl(b, d);
	if (!key || !item->table)
		return spot_tokens(b, d, item);
	const struct source_item *one = source_key(item->table, key);
	return one ? spot_token(d, &source_of(b, d)->tokens[one->key_token]) : spot_tokens(b, d, item);
}

struct spot spot_inside(struct build *b, const struct setting *s, size_t offset, int width)
{
	const struct source_item *item = setting_item(b, s);
	const struct source *source = source_of(b, s->from);
	if (!item || !source_is_string(source, item))
		return spot_value(b, s);
	struct spot at = spot_line(s->from, 0);
	source_inside(source, &source->tokens[item->first], offset, &at.line, &at.column);
	at.width = width > 0 ? width : 1;
	return at;
}

const char *place_text(struct build *b, const struct place *p)
{
	return arena_printf(b->scratch, "%s:%d", config_path(b->scratch, b->config, p->module, p->file), p->line);
}

static void report(struct build *b, bool warning, const struct decl *d, struct spot at, const char *hint, const char *fmt, va_list ap)
{
	enum err_code code = b->code != ERR_OK ? b->code : ERR_CONFIG;
	b->code = ERR_OK;
	if (warning ? ++b->nwarnings > BUILD_MAX_WARNINGS : ++b->nerrors > BUILD_MAX_ERRORS)
		return;
	struct err one;
	struct arena *a = b->errs->arena;
	err_init(&one, a);
	const char *text = arena_vprintf(a, fmt, ap);
	if (d && d->name)
		err_set(&one, code, "%s '%s': %s", d->word, d->name, text);
	else if (d)
		err_set(&one, code, "%s: %s", d->word, text);
	else
		err_set(&one, code, "%s", text);
	if (hint)
		err_hint(&one, "%s", hint);
	if (at.file)
		err_place(&one, config_path(a, b->config, at.module, at.file), at.line, at.column);
	one.width = at.width;
	one.warning = warning;
	err_append(b->errs, &one);
}

void build_fail(struct build *b, const struct decl *d, struct spot at, const char *hint, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	report(b, false, d, at, hint, fmt, ap);
	va_end(ap);
}

void build_warn(struct build *b, const struct decl *d, struct spot at, const char *hint, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	report(b, true, d, at, hint, fmt, ap);
	va_end(ap);
}

void build_finish(struct build *b)
{
	if (b->nerrors <= BUILD_MAX_ERRORS)
		return;
	struct err one;
	err_init(&one, b->errs->arena);
	err_set(&one, ERR_CONFIG, "%zu more errors are not shown", b->nerrors - BUILD_MAX_ERRORS);
	err_append(b->errs, &one);
}

const char *hint_near(struct build *b, const char *near)
{
	return near ? arena_printf(b->scratch, "did you mean '%s'?", near) : NULL;
}

/* A function of the file itself, by which declarations are written. */
static bool is_local_call(const struct source *s, const struct source_table *t)
{
	for (size_t i = 0; i + 1 < t->token && i + 1 < s->ntokens; i++) {
		const struct source_token *k = &s->tokens[i], *name = &s->tokens[i + 1];
		if (k->kind != SOURCE_KEYWORD || name->kind != SOURCE_NAME)
			continue;
		bool makes =
			(k->len == 8 && memcmp(s->text + k->at, "function", 8) == 0) || (k->len == 5 && memcmp(s->text + k->at, "local", 5) == 0);
		if (makes && name->len == strlen(t->word) && memcmp(s->text + name->at, t->word, name->len) == 0)
			return true;
	}
	return false;
}

bool build_lost(struct build *b, const char *name)
{
	for (size_t i = 0; i < b->config->nfiles; i++) {
		const struct config_file *f = &b->config->files[i];
		size_t n = strlen(f->path);
		if (n < 4 || strcmp(f->path + n - 4, ".lua") != 0)
			continue;
		bool broken = false;
		for (size_t k = 0; k < b->decls->nbroken; k++)
			broken |= b->decls->broken[k] == f;
		const struct source *s = build_source(b, f->module, f->path);
		for (size_t k = 0; k < s->ncalls; k++) {
			const struct source_table *t = s->calls[k];
			if (!t->name || strcmp(t->name, name) != 0)
				continue;
			bool lost = broken;
			for (const struct source_table *up = t; up && !lost; up = up->parent)
				lost = up->word && word_find(up->word) == WORD_COUNT && !is_local_call(s, up);
			if (lost)
				return true;
		}
	}
	return false;
}

static bool is_unknown(const struct source *s, const struct source_table *t)
{
	return t->word && word_find(t->word) == WORD_COUNT && !word_later(t->word) && !is_local_call(s, t);
}

bool build_holds_unknown(struct build *b, const struct place *p, const char *word)
{
	const struct source *s = build_source(b, p->module, p->file);
	for (size_t i = 0; i < s->ncalls; i++)
		if (is_unknown(s, s->calls[i]))
			for (const struct source_table *up = s->calls[i]->parent; up; up = up->parent)
				if (up->word && up->line == p->line && strcmp(up->word, word) == 0)
					return true;
	return false;
}

static bool item_says(const struct source *s, const struct source_item *item, const char *text)
{
	size_t len = strlen(text);
	for (uint32_t i = item ? item->first : 1; i <= (item ? item->last : 0) && i < s->ntokens; i++) {
		const struct source_token *t = &s->tokens[i];
		if (t->kind == SOURCE_STRING && t->len == len + 2 && memcmp(s->text + t->at + 1, text, len) == 0)
			return true;
	}
	return false;
}

static bool grant_is_made(const struct build *b, const struct config_file *f, int line, const char *section)
{
	for (size_t i = 0; i < b->r->ngrants; i++) {
		const struct grant *g = b->r->grants[i];
		if (g->place.line == line && strcmp(g->section->expr.name, section) == 0 && strcmp(g->place.file, f->path) == 0 &&
			strcmp(g->place.module, f->module) == 0)
			return true;
	}
	return false;
}

bool build_grant_lost(struct build *b, const char *section)
{
	if (!b->nerrors && !b->decls->nbroken && b->errs->code == ERR_OK)
		return false;
	for (size_t i = 0; i < b->config->nfiles; i++) {
		const struct config_file *f = &b->config->files[i];
		size_t n = strlen(f->path);
		if (n < 4 || strcmp(f->path + n - 4, ".lua") != 0)
			continue;
		const struct source *s = build_source(b, f->module, f->path);
		for (size_t k = 0; k < s->ncalls; k++) {
			const struct source_table *t = s->calls[k];
			bool grant = strcmp(t->word, words[WORD_ALLOW].text) == 0;
			if ((grant || (!t->parent && is_unknown(s, t))) && item_says(s, source_key(t, "on"), section) &&
				!(grant && grant_is_made(b, f, t->line, section)))
				return true;
		}
	}
	return false;
}

bool build_absent(struct build *b, const struct module *of, const char *near)
{
	return !near && (b->unsure || b->config->unread || (b->config->nabsent && !(of && map_find(&b->lacking, of->name))));
}
