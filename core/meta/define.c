/* define: modules and sections with their stages, lists and layout, from merged declarations. Names of other sections are resolved later. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/date.h"
#include "base/text.h"
#include "meta/build.h"

#define PLATFORM_CORE "1"

static const char *text_option(const struct decl *d, const char *key)
{
	const struct decl_value *v = decl_option(d, key);
	return v && v->kind == DECL_TEXT ? v->text.s : NULL;
}

static struct setting setting_of(const struct decl *d, const char *key)
{
	return (struct setting){key, decl_option(d, key), d};
}

static bool is_version(const char *s)
{
	int dots = 0;
	for (bool digit = false;; s++) {
		if (*s >= '0' && *s <= '9')
			digit = true;
		else if (*s == '.' && digit)
			digit = false, dots++;
		else
			return !*s && digit && dots == 2;
	}
}

/* "1" and "1.4.0" have the same major version. */
static bool same_major(const char *wanted, const char *version)
{
	size_t n = strcspn(wanted, "."), m = strcspn(version, ".");
	return n == m && memcmp(wanted, version, n) == 0;
}

static void module_fill(struct build *b, struct module *m, struct decl *d)
{
	m->place = d->place;
	m->version = text_option(d, "version");
	m->core = text_option(d, "core");
	m->language = text_option(d, "language");
	m->zone = text_option(d, "zone");
	m->currency = text_option(d, "currency");
	struct setting label = setting_of(d, "label");
	const struct decl_value *week = decl_option(d, "week");
	for (size_t i = 0; week && week->kind == DECL_TABLE && i < week->table.count; i++)
		m->week |= 1u << (week->table.pairs[i].value.i - 1);
	if (!m->version && !decl_option(d, "version"))
		build_fail(b, d, spot_decl(b, d), "version = \"1.0.0\"", "'version' is missing");
	else if (m->version && !is_version(m->version))
		build_fail(b, d, spot_key(b, d, "version"), NULL, "version '%s' is not major.minor.patch", m->version);
	if (!m->core && !decl_option(d, "core"))
		build_fail(b, d, spot_decl(b, d), "core = \"" PLATFORM_CORE "\"", "'core' is missing");
	else if (m->core && !same_major(m->core, PLATFORM_CORE))
		build_fail(b, d, spot_key(b, d, "core"), NULL, "is written for core %s, this is core " PLATFORM_CORE, m->core);
	if (m->zone && !zone_known(m->zone))
		build_fail(b, d, spot_key(b, d, "zone"), "an IANA name such as Europe/Moscow", "unknown time zone '%s'", m->zone);
	if (m->currency && (strlen(m->currency) != 3 || strspn(m->currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3))
		build_fail(b, d, spot_key(b, d, "currency"), NULL, "currency '%s' is not three capital letters of ISO 4217", m->currency);
	m->label = label_take(b, d, label.value && label.value->kind == DECL_TEXT ? &label : NULL,
						  arena_printf(b->scratch, "module.%s", m->name), m->name);
}

static void module_depend(struct build *b, struct module *m, struct decl *d)
{
	const struct decl_value *v = decl_option(d, "depends");
	if (!v || v->kind != DECL_TABLE) {
		for (size_t i = 0; i < d->noptions; i++) /* what was refused may have been meant so */
			b->unsure |= d->options[i].value.kind == DECL_NIL;
		return;
	}
	m->depends = arena_array(b->arena, struct module *, v->table.count + 1);
	for (size_t i = 0; i < v->table.count; i++) {
		const struct decl_pair *p = &v->table.pairs[i];
		struct module *on = map_find(&b->modules, p->key);
		bool absent = false;
		for (size_t k = 0; k < b->config->nabsent && !absent; k++)
			absent = strcmp(b->config->absent[k], p->key) == 0;
		if (absent || (on && map_find(&b->lacking, on->name)))
			map_put(&b->lacking, m->name, m);
		if (!on && !absent) /* reading the folders says so, unless the table is computed */
			build_fail(b, d, spot_key(b, d, "depends"), "write depends as a literal table", "module '%s' was not read", p->key);
		else if (on && on->version && !same_major(p->value.text.s, on->version))
			build_fail(b, d, spot_key(b, d, "depends"), NULL, "depends on '%s' %s, which is %s", p->key, p->value.text.s, on->version);
		if (on && on != m)
			m->depends[m->ndepends++] = on;
	}
}

static size_t module_index(const struct build *b, const struct module *m)
{
	size_t i = 0;
	while (i < b->r->nmodules && b->r->modules[i] != m)
		i++;
	return i;
}

/* A module is loaded after what it depends on, so one turn in that order is enough. */
static void reach_fill(struct build *b)
{
	size_t n = b->r->nmodules;
	b->reach = arena_array(b->scratch, bool, n *n + 1);
	for (size_t i = 0; i < n; i++) {
		const struct module *m = b->r->modules[i];
		for (size_t k = 0; k < m->ndepends; k++) {
			size_t on = module_index(b, m->depends[k]);
			if (on >= i)
				continue;
			b->reach[i * n + on] = true;
			for (size_t j = 0; j < on; j++)
				b->reach[i * n + j] |= b->reach[on * n + j];
		}
	}
}

bool module_depends(struct build *b, const struct module *m, const struct module *on)
{
	size_t i = module_index(b, m), k = module_index(b, on);
	return m == on || strcmp(on->name, "core") == 0 || (i < b->r->nmodules && k < b->r->nmodules && b->reach[i * b->r->nmodules + k]);
}

void define_modules(struct build *b)
{
	struct registry *r = b->r;
	for (size_t i = 0; i < b->config->nfiles; i++)
		if (!map_find(&b->modules, b->config->files[i].module)) {
			struct module *m = arena_new(b->arena, struct module);
			m->name = b->config->files[i].module;
			map_put(&b->modules, m->name, m);
		}
	r->modules = arena_array(b->arena, struct module *, b->modules.count + 1);
	for (size_t i = 0; i < b->modules.count; i++)
		r->modules[r->nmodules++] = b->modules.items[i].value;
	for (size_t i = 0; i < b->decls->count; i++) {
		struct decl *d = b->decls->items[i];
		if (strcmp(d->word, "module") != 0 || !d->name)
			continue;
		struct module *m = map_find(&b->modules, d->place.module);
		bool named = text_is_name(d->place.module, strlen(d->place.module));
		if (named && strcmp(d->name, d->place.module) != 0)
			build_fail(b, d, spot_decl(b, d), NULL, "the folder's module is '%s'", d->place.module);
		else if (m->place.file)
			build_fail(b, d, spot_decl(b, d), NULL, "the module is declared already at %s", place_text(b, &m->place));
		else
			module_fill(b, m, d);
	}
	for (size_t i = 0; i < b->decls->count; i++)
		if (strcmp(b->decls->items[i]->word, "module") == 0) {
			struct module *m = map_find(&b->modules, b->decls->items[i]->place.module);
			if (!m->depends)
				module_depend(b, m, b->decls->items[i]);
		}
	reach_fill(b);
	/* the top module is loaded last, and its say wins */
	r->zone = "UTC";
	r->currency = "RUB";
	r->week = 0x1f;
	for (size_t i = 0; i < r->nmodules; i++) {
		const struct module *m = r->modules[i];
		if (m->zone)
			r->zone = m->zone;
		if (m->currency)
			r->currency = m->currency;
		if (m->week)
			r->week = m->week;
		if (strcmp(m->name, r->name) == 0)
			r->language = m->language && strcmp(m->language, "ru") == 0 ? LANG_RU : LANG_EN;
	}
}

/* --- stages --- */

static struct stage *stage_make(struct build *b, struct section *s, struct stage_path *path, struct node *n)
{
	struct stage *st = arena_new(b->arena, struct stage);
	const struct setting *label = node_find(n, "label");
	st->name = n->name;
	st->was = node_text(n, "was");
	st->place = n->decl->place;
	st->final = node_bool(n, "final");
	st->freeze = node_bool(n, "freeze");
	st->path = path;
	st->label = label_take(b, n->decl, label, arena_printf(b->scratch, "%s.stage.%s", s->expr.name, n->name), n->name);
	map_put(&s->stages, st->name, st);
	n->made = st;
	define_tasks(b, s, st, n);
	return st;
}

/* Without a condition of its own; one that is written and faulty is reported as such. */
static bool path_is_open(struct build *b, const struct node *n)
{
	const struct place *p = &n->decl->place;
	const struct source *s = build_source(b, p->module, p->file);
	return !node_find(n, "when") && !source_key(source_find(s, n->decl->word, n->decl->name, p->line, p->nth), "when");
}

static void path_make(struct build *b, struct section *s, struct node *n)
{
	struct stage_path *p = arena_new(b->arena, struct stage_path);
	p->name = n->name;
	p->place = n->decl->place;
	p->label = label_take(b, n->decl, node_find(n, "label"), arena_printf(b->scratch, "%s.stages.%s", s->expr.name, n->name),
						  n->decl->name ? n->name : NULL);
	if (!p->label.text[LANG_EN])
		p->label = s->label;
	define_rule(b, n, "when", &p->when, s, NULL, NULL, false, true);
	for (size_t i = 0; path_is_open(b, n) && n->parent->children.items[i] != n; i++) {
		const struct node *other = n->parent->children.items[i];
		if (other->word != WORD_STAGES || !path_is_open(b, other))
			continue;
		build_fail(b, n->decl, spot_decl(b, n->decl),
				   "when = \"…\": a record goes the first path whose condition is true, else the one without",
				   "has no 'when', and neither has the path '%s' at %s", other->name, place_text(b, &other->decl->place));
		break;
	}
	p->stages = arena_array(b->arena, struct stage *, n->children.count + 1);
	for (size_t i = 0; i < n->children.count; i++)
		if (n->children.items[i]->word == WORD_STAGE)
			p->stages[p->nstages++] = stage_make(b, s, p, n->children.items[i]);
	n->made = p;
	struct {
		struct stage_path **items;
		size_t count, cap;
	} v = {s->paths, s->npaths, s->cappaths};
	arena_push(b->arena, &v, p);
	s->paths = v.items;
	s->npaths = v.count;
	s->cappaths = v.cap;
	bool declared = false; /* those whose name was taken are reported */
	for (size_t i = 0; i < n->decl->noptions; i++)
		declared |= n->decl->options[i].value.kind == DECL_DECL && strcmp(n->decl->options[i].value.decl->word, "stage") == 0;
	if (!p->nstages && !declared)
		build_fail(b, n->decl, spot_decl(b, n->decl), NULL, "has no stage");
}

static void move_make(struct build *b, struct section *s, struct stage_path *path, struct node *n)
{
	struct move *m = arena_new(b->arena, struct move);
	const char *at = arena_printf(b->scratch, "%s.%s", s->expr.name, n->name);
	m->name = n->name;
	m->was = node_text(n, "was");
	m->place = n->decl->place;
	m->path = path;
	m->comment = node_bool(n, "comment");
	m->label = label_take(b, n->decl, node_find(n, "label"), at, n->name);
	m->message = label_take(b, n->decl, node_find(n, "message"), at, NULL);
	define_rule(b, n, "allow", &m->allow, s, NULL, NULL, false, false);
	define_rule(b, n, "when", &m->when, s, NULL, NULL, false, true);
	static const char *const actions[] = {"create", "read", "update", "delete"};
	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
		if (strcmp(m->name, actions[i]) == 0)
			build_fail(b, n->decl, spot_decl(b, n->decl), "give the move another name", "every section has an action '%s' of its own",
					   m->name);
	const struct field *clash = section_find(s, m->name);
	if (clash)
		build_fail(b, n->decl, spot_decl(b, n->decl), "a move is an action of the API beside the fields: give it another name",
				   "the name is taken by field '%s' at %s", m->name, place_text(b, &clash->place));
	map_put(&s->moves, m->name, m);
	n->made = m;
}

/* --- layout --- */

static void layout_push(struct build *b, struct layout *into, struct layout *one)
{
	struct {
		struct layout **items;
		size_t count, cap;
	} v = {into->items, into->nitems, into->capitems};
	arena_push(b->arena, &v, one);
	into->items = v.items;
	into->nitems = v.count;
	into->capitems = v.cap;
}

static void section_push(struct build *b, struct section *s, struct field *f)
{
	struct {
		struct field **items;
		size_t count, cap;
	} v = {s->fields, s->nfields, s->capfields};
	f->pos = (int)v.count;
	arena_push(b->arena, &v, f);
	s->fields = v.items;
	s->nfields = v.count;
	s->capfields = v.cap;
	map_put(&s->by_name, f->expr.name, f);
}

static void field_add(struct build *b, struct section *s, struct layout *into, struct node *n)
{
	for (size_t i = 0; word_reserved_fields[i]; i++)
		if (strcmp(word_reserved_fields[i], n->name) == 0) {
			build_fail(b, n->decl, spot_decl(b, n->decl), NULL, "every section has a field '%s' of its own", n->name);
			return;
		}
	if (word_expression_name(n->name))
		build_fail(b, n->decl, spot_decl(b, n->decl), "give the field another name",
				   "expressions could not name it: '%s' means something else there", n->name);
	if (s->nfields == BUILD_MAX_FIELDS) {
		build_fail(b, n->decl, spot_decl(b, n->decl), NULL, "a section has at most %d fields", BUILD_MAX_FIELDS);
		return;
	}
	struct field *f = define_field(b, s, n);
	section_push(b, s, f);
	struct layout *l = arena_new(b->arena, struct layout);
	l->kind = LAYOUT_FIELD;
	l->name = f->expr.name;
	l->field = f;
	l->place = n->decl->place;
	layout_push(b, into, l);
}

static void layout_make(struct build *b, struct section *s, struct layout *into, struct node *n)
{
	for (size_t i = 0; i < n->children.count; i++) {
		struct node *c = n->children.items[i];
		if (word_field_type(c->word) != FIELD_TYPE_COUNT) {
			field_add(b, s, into, c);
		} else if (c->word == WORD_TAB || c->word == WORD_GROUP) {
			struct layout *l = arena_new(b->arena, struct layout);
			l->kind = c->word == WORD_TAB ? LAYOUT_TAB : LAYOUT_GROUP;
			l->name = c->name;
			l->place = c->decl->place;
			l->label = label_take(b, c->decl, node_find(c, "label"),
								  arena_printf(b->scratch, "%s.%s.%s", s->expr.name, c->decl->word, c->name), c->name);
			layout_push(b, into, l);
			layout_make(b, s, l, c);
		}
	}
}

/* What stands outside any tab comes first. */
static void layout_sort(struct build *b, struct layout *root)
{
	struct layout **items = arena_array(b->scratch, struct layout *, root->nitems + 1);
	size_t n = 0;
	for (int tabs = 0; tabs < 2; tabs++)
		for (size_t i = 0; i < root->nitems; i++)
			if ((root->items[i]->kind == LAYOUT_TAB) == (tabs == 1))
				items[n++] = root->items[i];
	if (n)
		memcpy(root->items, items, n * sizeof *items);
}

/* --- sections --- */

static const struct expr_field *catalogue_find(const struct expr_table *t, const char *name, size_t len)
{
	const struct field *f = section_find_n((const struct section *)t, name, len);
	return f ? &f->expr : NULL;
}

static const char *catalogue_nearest(const struct expr_table *t, const char *name)
{
	return map_nearest(&((const struct section *)t)->by_name, name);
}

static void physical_find(struct build *b, struct section *s)
{
	const char *physical = NULL;
	if (b->map && b->map->find(b->map->ctx, "section", s->expr.name, &s->id, &physical))
		s->table = arena_strdup(b->arena, physical);
	struct buf sql = BUF_INIT;
	buf_puts(&sql, "\"app\".");
	buf_ident(&sql, s->table ? s->table : s->expr.name);
	s->expr.sql = arena_strdup(b->arena, sql.data);
	buf_destroy(&sql);
}

static struct section *section_make(struct build *b, struct node *n)
{
	struct registry *r = b->r;
	struct section *s = arena_new(b->arena, struct section);
	n->made = s;
	s->expr.name = n->name;
	s->expr.find = catalogue_find;
	s->expr.nearest = catalogue_nearest;
	s->module = n->module;
	s->place = n->decl->place;
	s->was = node_text(n, "was");
	s->history = node_bool(n, "history");
	s->calendar = node_bool(n, "calendar");
	s->builtin = strcmp(n->decl->place.module, "core") == 0;
	map_create(&s->by_name, b->arena);
	map_create(&s->stages, b->arena);
	map_create(&s->moves, b->arena);
	physical_find(b, s);
	s->label = label_take(b, n->decl, node_find(n, "label"), n->name, n->name);
	s->plural = node_find(n, "plural") ? label_take(b, n->decl, node_find(n, "plural"), n->name, NULL) : s->label;
	s->check_message = label_take(b, n->decl, node_find(n, "message"), n->name, NULL);
	struct {
		struct section **items;
		size_t count, cap;
	} v = {r->sections, r->nsections, r->capsections};
	arena_push(b->arena, &v, s);
	r->sections = v.items;
	r->nsections = v.count;
	r->capsections = v.cap;
	map_put(&r->by_name, s->expr.name, s);
	return s;
}

static void section_fill(struct build *b, struct node *n)
{
	struct section *s = n->made;
	bool stages = false;
	for (size_t i = 0; i < n->children.count; i++)
		stages |= n->children.items[i]->word == WORD_STAGES;
	define_builtin(b, s, stages);
	s->layout = arena_new(b->arena, struct layout);
	s->layout->kind = LAYOUT_GROUP;
	s->layout->name = "";
	layout_make(b, s, s->layout, n);
	layout_sort(b, s->layout);
	for (size_t i = 0; i < n->children.count; i++)
		if (n->children.items[i]->word == WORD_STAGES)
			path_make(b, s, n->children.items[i]);
	for (size_t i = 0; i < n->children.count; i++) {
		struct node *path = n->children.items[i];
		for (size_t k = 0; path->word == WORD_STAGES && k < path->children.count; k++)
			if (path->children.items[k]->word == WORD_MOVE)
				move_make(b, s, path->made, path->children.items[k]);
	}
	define_rule(b, n, "check", &s->check, s, NULL, NULL, true, true);
}

void define_sections(struct build *b)
{
	for (size_t i = 0; i < b->nodes.count; i++)
		section_make(b, b->nodes.items[i].value);
	b->r->user = map_find(&b->r->by_name, "user");
	b->r->role = map_find(&b->r->by_name, "role");
	b->r->file = map_find(&b->r->by_name, "file");
	for (size_t i = 0; i < b->nodes.count; i++)
		section_fill(b, b->nodes.items[i].value);
}
