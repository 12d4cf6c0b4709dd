/* label: texts that users see, with their translation from the module's po/ru.po. */
#include <string.h>

#include "base/arena.h"
#include "meta/build.h"
#include "meta/po.h"

/* "ends_on" → "Ends on" */
static const char *name_text(struct build *b, const char *name)
{
	char *s = arena_strdup(b->arena, name);
	for (char *p = s; *p; p++)
		if (*p == '_')
			*p = ' ';
	if (*s >= 'a' && *s <= 'z')
		*s = (char)(*s - 32);
	return s;
}

static struct po *po_of(struct build *b, const char *module)
{
	struct po *po = map_find(&b->pos, module);
	if (po)
		return po;
	const struct config_file *f = config_file_find(b->config, module, "po/ru.po");
	if (!f)
		return NULL;
	struct po_fault faults[20];
	po = arena_new(b->scratch, struct po);
	size_t n = po_read(b->scratch, f->bytes, f->len, po, faults, 20);
	for (size_t i = 0; i < n; i++)
		build_fail(b, NULL, (struct spot){f->module, f->path, faults[i].line, 0, 0}, NULL, "%s", faults[i].message);
	map_put(&b->pos, module, po);
	return po;
}

/* True when the module asks for no translation. */
static bool is_russian(struct build *b, const char *module)
{
	for (size_t i = 0; i < b->decls->count; i++) {
		const struct decl *d = b->decls->items[i];
		if (strcmp(d->word, "module") != 0 || strcmp(d->place.module, module) != 0)
			continue;
		const struct decl_value *v = decl_option(d, "language");
		return v && (v->kind != DECL_TEXT || strcmp(v->text.s, "ru") == 0); /* one that is no language is reported as such */
	}
	return true; /* the declaration itself could not be read: nobody knows, so nothing is missed */
}

struct label label_take(struct build *b, const struct decl *d, const struct setting *s, const char *path, const char *name)
{
	struct label l = {{0}};
	if (s && s->value->kind == DECL_TEXT)
		l.text[LANG_EN] = s->value->text.s;
	else if (name)
		l.text[LANG_EN] = name_text(b, name);
	if (!l.text[LANG_EN])
		return l;
	if (s)
		d = s->from;
	const char *module = d->place.module;
	struct po *po = po_of(b, module);
	if (po)
		l.text[LANG_RU] = arena_strdup(b->arena, po_find(po, b->scratch, path, l.text[LANG_EN]));
	if (l.text[LANG_RU] || is_russian(b, module))
		return l;
	struct spot at = s && s->key ? spot_value(b, s) : spot_decl(b, d);
	const char *hint = arena_printf(b->scratch, "in %s: msgctxt \"%s\" msgid \"%s\"",
									config_path(b->scratch, b->config, module, "po/ru.po"), path, l.text[LANG_EN]);
	b->untranslated++;
	if (po && b->config->strict)
		build_fail(b, d, at, hint, "no Russian for %s \"%s\"", s && s->key ? s->key : "label", l.text[LANG_EN]);
	else
		build_warn(b, d, at, hint, "no Russian for %s \"%s\"", s && s->key ? s->key : "label", l.text[LANG_EN]);
	return l;
}

void label_finish(struct build *b)
{
	if (!b->untranslated)
		return;
	/* one line for people; what is above it names the places as far as the bounds go */
	build_warn(b, NULL, (struct spot){0}, NULL, "%zu texts without Russian", b->untranslated);
}
