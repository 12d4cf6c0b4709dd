/* extend: what all modules declare about a section becomes one tree: `section` makes it, `extend` adds to it, `change` sets options of what is there. */
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "meta/build.h"

const struct setting *node_find(const struct node *n, const char *key)
{
	for (size_t i = 0; i < n->settings.count; i++)
		if (n->settings.items[i].key && strcmp(n->settings.items[i].key, key) == 0)
			return n->settings.items[i].value->kind == DECL_NIL ? NULL : &n->settings.items[i];
	return NULL;
}

const struct setting *node_position(const struct node *n, size_t i)
{
	for (size_t k = 0; k < n->settings.count; k++)
		if (!n->settings.items[k].key && i-- == 0)
			return &n->settings.items[k];
	return NULL;
}

bool node_bool(const struct node *n, const char *key)
{
	const struct setting *s = node_find(n, key);
	return s && s->value->kind == DECL_BOOL && s->value->b;
}

const char *node_text(const struct node *n, const char *key)
{
	const struct setting *s = node_find(n, key);
	return s && s->value->kind == DECL_TEXT ? s->value->text.s : NULL;
}

size_t node_names(struct build *b, const struct setting *s, const char ***out)
{
	size_t n = 0;
	if (!s)
		return 0;
	if (s->value->kind == DECL_TEXT) {
		*out = arena_array(b->arena, const char *, 1);
		(*out)[n++] = s->value->text.s;
	} else if (s->value->kind == DECL_TABLE) {
		*out = arena_array(b->arena, const char *, s->value->table.count + 1);
		for (size_t i = 0; i < s->value->table.count; i++)
			if (s->value->table.pairs[i].value.kind == DECL_TEXT)
				(*out)[n++] = s->value->table.pairs[i].value.text.s;
	}
	return n;
}

static struct module *module_of(struct build *b, const struct decl *d)
{
	return map_find(&b->modules, d->place.module);
}

/* Sets an option; two modules of which none depends on the other must agree. */
static void setting_put(struct build *b, struct node *n, const struct decl_pair *p, struct decl *from)
{
	struct setting s = {p->key, &p->value, from};
	for (size_t i = 0; p->key && i < n->settings.count; i++) {
		struct setting *old = &n->settings.items[i];
		if (!old->key || strcmp(old->key, p->key) != 0)
			continue;
		struct module *before = module_of(b, old->from), *now = module_of(b, from);
		if (before && now && before != now && !module_depends(b, now, before) && !decl_same(old->value, &p->value))
			build_fail(b, from, spot_key(b, from, p->key),
					   arena_printf(b->scratch, "let module '%s' depend on '%s', or one of them leave it alone", now->name, before->name),
					   "option '%s' is set differently by module '%s' at %s, and neither depends on the other", p->key, before->name,
					   place_text(b, &old->from->place));
		else if (before == now && old->from != from && !decl_same(old->value, &p->value) && strcmp(old->from->word, from->word) == 0)
			build_fail(b, from, spot_key(b, from, p->key), NULL, "option '%s' is set differently at %s", p->key,
					   place_text(b, &old->from->place));
		*old = s;
		return;
	}
	arena_push(b->scratch, &n->settings, s);
}

static struct node *node_new(struct build *b, struct node *parent, struct decl *d, enum word_id word)
{
	struct node *n = arena_new(b->scratch, struct node);
	n->word = word;
	n->name = d->name;
	n->decl = d;
	n->module = module_of(b, d);
	n->parent = parent;
	return n;
}

static bool is_field_word(enum word_id w)
{
	return word_field_type(w) != FIELD_TYPE_COUNT;
}

static bool holds_fields(enum word_id w)
{
	return w == WORD_SECTION || w == WORD_TAB || w == WORD_GROUP;
}

/* The first descendant of that name for which `is` holds; fields stand in tabs and groups too. */
static struct node *node_within(struct node *n, const char *name, bool (*is)(enum word_id))
{
	for (size_t i = 0; i < n->children.count; i++) {
		struct node *c = n->children.items[i];
		if (c->name && strcmp(c->name, name) == 0 && is(c->word))
			return c;
		if (holds_fields(c->word) || c->word == WORD_STAGES) {
			struct node *found = node_within(c, name, is);
			if (found)
				return found;
		}
	}
	return NULL;
}

static bool is_tab(enum word_id w)
{
	return w == WORD_TAB;
}
static bool is_group(enum word_id w)
{
	return w == WORD_GROUP;
}
static bool is_list(enum word_id w)
{
	return w == WORD_LIST;
}
static bool is_stage(enum word_id w)
{
	return w == WORD_STAGE;
}
static bool is_move(enum word_id w)
{
	return w == WORD_MOVE;
}
static bool is_value(enum word_id w)
{
	return w == WORD_VALUE;
}
static bool is_task(enum word_id w)
{
	return w == WORD_TASK;
}

static struct node *section_of(struct node *n)
{
	while (n->parent)
		n = n->parent;
	return n;
}

/* Names that must be free in the section; reports who has it. */
static bool name_taken(struct build *b, struct node *section, struct decl *d, enum word_id word)
{
	struct node *old = NULL;
	if (is_field_word(word))
		old = node_within(section, d->name, is_field_word);
	else if (word == WORD_STAGE)
		old = node_within(section, d->name, is_stage);
	else if (word == WORD_MOVE)
		old = node_within(section, d->name, is_move);
	else if (word == WORD_LIST)
		old = node_within(section, d->name, is_list);
	if (!old)
		return false;
	const char *hint =
		module_of(b, d) != old->module ? arena_printf(b->scratch, "change \"%s\" { … } sets other options of it", d->name) : NULL;
	build_fail(b, d, spot_decl(b, d), hint, "the name is taken by %s '%s' at %s", old->decl->word, old->name,
			   place_text(b, &old->decl->place));
	return true;
}

static void children_add(struct build *b, struct node *into, struct decl *d);

static void settings_add(struct build *b, struct node *n, struct decl *d)
{
	for (size_t i = 0; i < d->noptions; i++)
		if (d->options[i].key || d->options[i].value.kind != DECL_DECL)
			setting_put(b, n, &d->options[i], d);
}

static const char *change_near(struct build *b, struct node *section, const char *name)
{
	const char *names[BUILD_MAX_FIELDS];
	size_t n = 0;
	struct node *stack[64];
	size_t depth = 0;
	stack[depth++] = section;
	while (depth) {
		struct node *at = stack[--depth];
		for (size_t i = 0; i < at->children.count; i++) {
			struct node *c = at->children.items[i];
			if (c->name && n < BUILD_MAX_FIELDS && c->word != WORD_VALUE && c->word != WORD_TASK && c->word != WORD_TAB &&
				c->word != WORD_GROUP && c->word != WORD_STAGES)
				names[n++] = c->name;
			if (c->children.count && depth < 64)
				stack[depth++] = c;
		}
	}
	return hint_near(b, text_nearest(name, names, n));
}

/* Everything that the change says can be said of such a thing. */
static bool change_fits(const struct decl *d, enum word_id word)
{
	for (size_t i = 0; i < d->noptions; i++) {
		const struct decl_pair *p = &d->options[i];
		if (p->key ? !word_option_find(word, p->key) : p->value.kind != DECL_DECL)
			return false;
		enum word_id inside = p->key ? WORD_COUNT : word_find(p->value.decl->word);
		if (inside != WORD_COUNT && !(words[inside].places & WORD_IN(word)))
			return false;
	}
	return true;
}

static void change_apply(struct build *b, struct node *section, struct decl *d)
{
	/* a stage and a list may share a name: what the change says tells which is meant, else the first of this order */
	bool (*const kinds[])(enum word_id) = {is_field_word, is_stage, is_move, is_list};
	struct node *n = NULL;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct node *found = node_within(section, d->name, kinds[i]);
		if (!found || (n && change_fits(d, n->word)) || (n && !change_fits(d, found->word)))
			continue;
		n = found;
	}
	if (!n) {
		const char *near = change_near(b, section, d->name);
		if (!build_lost(b, d->name) && !build_absent(b, section->module, near))
			build_fail(b, d, spot_decl(b, d), near, "section '%s' has no field, stage, move or list of this name", section->name);
		return;
	}
	shape_options(b, d, n->word);
	settings_add(b, n, d);
	children_add(b, n, d);
}

/* Puts n where `after` says, else at the end. */
static void child_place(struct build *b, struct node *into, struct node *n)
{
	const struct setting *after = node_find(n, "after");
	struct node *before =
		after && after->value->kind == DECL_TEXT ? node_within(section_of(into), after->value->text.s, is_field_word) : NULL;
	if (!before) {
		const char *name = after && after->value->kind == DECL_TEXT ? after->value->text.s : NULL,
				   *near = name ? change_near(b, section_of(into), name) : NULL;
		if (name && !build_lost(b, name) && !build_absent(b, section_of(into)->module, near))
			build_fail(b, n->decl, spot_value(b, after), near, "there is no field '%s' to stand after", after->value->text.s);
		arena_push(b->scratch, &into->children, n);
		return;
	}
	into = n->parent = before->parent;
	arena_push(b->scratch, &into->children, n);
	size_t i = into->children.count - 1;
	for (; i > 0 && into->children.items[i - 1] != before; i--)
		into->children.items[i] = into->children.items[i - 1];
	into->children.items[i] = n;
}

static void child_add(struct build *b, struct node *into, struct decl *d)
{
	enum word_id word = word_find(d->word);
	struct node *section = section_of(into), *n = NULL;
	if (word == WORD_COUNT || (words[word].naming == NAMED && !d->name))
		return;
	if (word == WORD_TASK && into->word != WORD_STAGE) {
		if (is_field_word(into->word) || into->word == WORD_MOVE || into->word == WORD_LIST) /* another place is reported as such */
			build_fail(b, d, spot_decl(b, d), NULL, "only a stage has tasks, and '%s' is a %s", into->name, words[into->word].text);
		return;
	}
	if ((into->word == WORD_CHOICE && word == WORD_VALUE && (n = node_within(into, d->name, is_value))) ||
		(word == WORD_TASK && (n = node_within(into, d->name, is_task)))) {
		if (n->module == module_of(b, d)) {
			build_fail(b, d, spot_decl(b, d), NULL, "the %s is there already, at %s", d->word, place_text(b, &n->decl->place));
			return;
		}
		settings_add(b, n, d);
		return;
	}
	if (word == WORD_CHANGE) {
		change_apply(b, section, d);
		return;
	}
	if (word == WORD_TAB)
		n = node_within(section, d->name, is_tab);
	else if (word == WORD_GROUP)
		n = node_within(into, d->name, is_group);
	else if (word == WORD_STAGES)
		for (size_t i = 0; i < section->children.count && !n; i++) {
			struct node *c = section->children.items[i];
			if (c->word == WORD_STAGES && strcmp(c->name, d->name ? d->name : "main") == 0)
				n = c;
		}
	if (n && n->module == module_of(b, d) && word == WORD_STAGES) {
		build_fail(b, d, spot_decl(b, d), "stages \"name\" { … } makes another path", "the path '%s' is declared already at %s", n->name,
				   place_text(b, &n->decl->place));
		return;
	}
	if (n && n->module == module_of(b, d) && strcmp(n->decl->place.file, d->place.file) == 0 && word != WORD_STAGES && n->parent == into) {
		build_fail(b, d, spot_decl(b, d), NULL, "the name is taken by %s '%s' at %s", n->decl->word, n->name,
				   place_text(b, &n->decl->place));
		return;
	}
	if (!n) {
		if (name_taken(b, section, d, word))
			return;
		n = node_new(b, into, d, word);
		if (word == WORD_STAGES && !n->name)
			n->name = "main";
		settings_add(b, n, d);
		child_place(b, into, n);
	} else {
		settings_add(b, n, d);
	}
	children_add(b, n, d);
}

static void children_add(struct build *b, struct node *into, struct decl *d)
{
	for (size_t i = 0; i < d->noptions; i++)
		if (!d->options[i].key && d->options[i].value.kind == DECL_DECL)
			child_add(b, into, d->options[i].value.decl);
}

static bool is_reserved(const char *name)
{
	for (size_t i = 0; word_reserved_sections[i]; i++)
		if (strcmp(word_reserved_sections[i], name) == 0)
			return true;
	return false;
}

static void section_add(struct build *b, struct decl *d)
{
	struct node *old = map_find(&b->nodes, d->name);
	if (old) {
		if (is_reserved(d->name) && strcmp(old->decl->place.module, "core") == 0)
			build_fail(b, d, spot_decl(b, d), arena_printf(b->scratch, "extend \"%s\" { … } adds to it", d->name),
					   "the name belongs to a built-in section");
		else
			build_fail(b, d, spot_decl(b, d),
					   old->module != module_of(b, d) ? arena_printf(b->scratch, "extend \"%s\" { … } adds to it", d->name) : NULL,
					   "the name is taken by section '%s' at %s", d->name, place_text(b, &old->decl->place));
		return;
	}
	if (is_reserved(d->name) && strcmp(d->place.module, "core") != 0) {
		build_fail(b, d, spot_decl(b, d), NULL, "the name belongs to a built-in section");
		return;
	}
	if (b->nodes.count == BUILD_MAX_SECTIONS) {
		build_fail(b, d, spot_decl(b, d), NULL, "a configuration has at most %d sections", BUILD_MAX_SECTIONS);
		return;
	}
	struct node *n = node_new(b, NULL, d, WORD_SECTION);
	map_put(&b->nodes, n->name, n);
	settings_add(b, n, d);
	children_add(b, n, d);
}

static void extend_apply(struct build *b, struct decl *d)
{
	struct node *n = map_find(&b->nodes, d->name);
	struct module *m = module_of(b, d);
	if (!n) {
		if (!build_lost(b, d->name) && !build_absent(b, NULL, map_nearest(&b->nodes, d->name)))
			build_fail(b, d, spot_decl(b, d), hint_near(b, map_nearest(&b->nodes, d->name)), "there is no section '%s'", d->name);
		return;
	}
	if (m && m->place.file && n->module && !module_depends(b, m, n->module)) {
		build_fail(b, d, spot_decl(b, d), arena_printf(b->scratch, "add %s = \"1\" to depends in module.lua", n->module->name),
				   "the section belongs to module '%s', on which '%s' does not depend", n->module->name, m->name);
		return;
	}
	settings_add(b, n, d);
	children_add(b, n, d);
}

void extend_merge(struct build *b)
{
	/* within a module the order of files does not matter: sections first, then what extends them */
	for (size_t i = 0; i < b->decls->count; i++)
		if (strcmp(b->decls->items[i]->word, "section") == 0 && b->decls->items[i]->name)
			section_add(b, b->decls->items[i]);
	for (size_t i = 0; i < b->decls->count; i++)
		if (strcmp(b->decls->items[i]->word, "extend") == 0 && b->decls->items[i]->name)
			extend_apply(b, b->decls->items[i]);
}
