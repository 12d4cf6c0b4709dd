/* resolve: names: lookups, details, titles, lists, stages of sections; roles and grants; hooks. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "meta/build.h"

static struct section *section_get(struct build *b, const struct decl *d, struct spot at, const char *name)
{
	struct section *s = map_find(&b->r->by_name, name);
	if (!s && !build_lost(b, name) && !build_absent(b, NULL, map_nearest(&b->r->by_name, name)))
		build_fail(b, d, at, hint_near(b, map_nearest(&b->r->by_name, name)), "there is no section '%s'", name);
	return s;
}

static struct field *field_get(struct build *b, const struct decl *d, struct spot at, struct section *s, const char *name)
{
	struct field *f = section_find(s, name);
	if (!f && !build_lost(b, name) && !build_absent(b, s->module, map_nearest(&s->by_name, name)))
		build_fail(b, d, at, hint_near(b, map_nearest(&s->by_name, name)), "section '%s' has no field '%s'", s->expr.name, name);
	return f;
}

static struct stage *stage_get(struct build *b, const struct decl *d, struct spot at, struct section *s, const char *name)
{
	struct stage *st = section_find_stage(s, name);
	if (!st && !build_lost(b, name))
		build_fail(b, d, at, hint_near(b, map_nearest(&s->stages, name)), "section '%s' has no stage '%s'", s->expr.name, name);
	return st;
}

/* --- fields --- */

static void referrer_add(struct build *b, struct section *to, struct field *f)
{
	struct {
		struct field **items;
		size_t count, cap;
	} v = {to->referrers, to->nreferrers, to->capreferrers};
	arena_push(b->arena, &v, f);
	to->referrers = v.items;
	to->nreferrers = v.count;
	to->capreferrers = v.cap;
}

static void lookup_resolve(struct build *b, struct node *n, struct field *f)
{
	const struct setting *to = node_find(n, "to");
	if (to)
		f->to = section_get(b, to->from, spot_value(b, to), to->value->text.s);
	if (!f->to)
		return;
	referrer_add(b, f->to, f);
	define_rule(b, n, "where", &f->where, f->to, f->section, f, false, true);
	if (f->on_delete == ON_DELETE_CLEAR && f->required.constant && f->required.value) {
		const struct setting *s = node_find(n, "on_delete");
		build_fail(b, n->decl, s ? spot_value(b, s) : spot_decl(b, n->decl), "\"restrict\" or \"cascade\"",
				   "a required lookup cannot be cleared when its target is deleted");
	}
}

/* True when the section is `owner`, or its records are lines of it, directly or of its lines. */
static bool is_owned_by(const struct section *s, const struct section *owner)
{
	for (; s != owner; s = s->owner_detail->section)
		if (!s->owner_detail)
			return false;
	return true;
}

static void detail_resolve(struct build *b, struct node *n, struct field *f)
{
	const struct setting *section = node_find(n, "section"), *by = node_find(n, "by");
	if (section)
		f->to = section_get(b, section->from, spot_value(b, section), section->value->text.s);
	if (!f->to || !by)
		return;
	f->by = field_get(b, by->from, spot_value(b, by), f->to, by->value->text.s);
	if (!f->by)
		return;
	if (f->by->type != FIELD_LOOKUP || f->by->many || f->by->to != f->section) {
		if (f->by->type != FIELD_LOOKUP || f->by->many || f->by->to)
			build_fail(b, by->from, spot_value(b, by),
					   f->by->many ? "a lookup with many has no lines behind it: a section of pairs between the two has" : NULL,
					   "'%s' of section '%s' is no lookup to '%s'", f->by->expr.name, f->to->expr.name, f->section->expr.name);
		f->by = NULL;
		return;
	}
	f->expr.by = &f->by->expr;
	if (!f->owned)
		return;
	if (f->to->owner_detail)
		build_fail(b, n->decl, spot_key(b, n->decl, "owned"), NULL, "the lines of '%s' are owned already by '%s' of section '%s'",
				   f->to->expr.name, f->to->owner_detail->expr.name, f->to->owner_detail->section->expr.name);
	else if (is_owned_by(f->section, f->to))
		build_fail(b, n->decl, spot_key(b, n->decl, "owned"), NULL, "a section does not own itself, nor what owns it");
	else {
		f->to->owner = f->by;
		f->to->owner_detail = f;
	}
}

static void field_resolve(struct build *b, struct node *n)
{
	struct field *f = n->made;
	if (!f)
		return;
	if (f->type == FIELD_DETAIL)
		detail_resolve(b, n, f);
	if (f->type == FIELD_FILE && f->to)
		referrer_add(b, f->to, f);
	const struct setting *currency = node_find(n, "currency");
	if (currency) {
		struct field *c = field_get(b, currency->from, spot_value(b, currency), f->section, currency->value->text.s);
		if (c && c->type != FIELD_TEXT && c->type != FIELD_CHOICE)
			build_fail(b, currency->from, spot_value(b, currency), NULL, "the currency is a text or choice field, '%s' is %s", c->expr.name,
					   field_type_name(c->type));
		else if (c)
			f->currency = c->expr.name;
	}
	const struct setting *at = node_find(n, "at");
	if (at && !stage_get(b, at->from, spot_value(b, at), f->section, at->value->text.s))
		f->at = NULL;
	define_expr_type(b, f);
}

/* --- lists, uniques, title --- */

/* "account.name": the last field of a path through lookups. */
static struct field *path_get(struct build *b, const struct setting *s, size_t i, struct section *section, const char *path, size_t skip)
{
	struct section *at = section;
	struct field *f = NULL;
	for (const char *p = path + skip;;) {
		size_t n = strcspn(p, ".");
		const char *name = arena_strndup(b->scratch, p, n);
		f = field_get(b, s->from, spot_item(b, s, i), at, name);
		if (!f || !p[n])
			return f;
		if (f->type != FIELD_LOOKUP || f->many || !f->to) {
			if (f->type != FIELD_LOOKUP || f->to)
				build_fail(b, s->from, spot_item(b, s, i), NULL, "'%s' is no lookup: the path '%s' ends there", name, path + skip);
			return NULL;
		}
		at = f->to;
		p += n + 1;
	}
}

static void list_make(struct build *b, struct section *s, struct node *n)
{
	struct list *l = arena_new(b->arena, struct list);
	const struct setting *columns = node_find(n, "columns"), *sort = node_find(n, "sort");
	const char **names = NULL;
	l->name = n->name;
	l->was = node_text(n, "was");
	l->place = n->decl->place;
	l->label = label_take(b, n->decl, node_find(n, "label"), arena_printf(b->scratch, "%s.list.%s", s->expr.name, n->name), n->name);
	define_rule(b, n, "where", &l->where, s, NULL, NULL, false, false);
	size_t count = node_names(b, columns, &names);
	l->columns = arena_array(b->arena, struct list_column, count + 1);
	for (size_t i = 0; i < count; i++) {
		struct field *f = path_get(b, columns, i, s, names[i], 0);
		if (f && f->type == FIELD_DETAIL)
			build_fail(b, columns->from, spot_item(b, columns, i), NULL, "a detail is no column");
		else if (f)
			l->columns[l->ncolumns++] = (struct list_column){f, names[i]};
	}
	count = node_names(b, sort, &names);
	l->sort = names;
	for (size_t i = 0; i < count; i++) {
		struct field *f = path_get(b, sort, i, s, names[i], *names[i] == '-');
		if (f && (f->many || f->type == FIELD_DETAIL))
			build_fail(b, sort->from, spot_item(b, sort, i), NULL, "nothing is sorted by several values");
		else if (f)
			l->sort[l->nsort++] = names[i];
	}
	struct {
		struct list **items;
		size_t count, cap;
	} v = {s->lists, s->nlists, s->caplists};
	arena_push(b->arena, &v, l);
	s->lists = v.items;
	s->nlists = v.count;
	s->caplists = v.cap;
}

static void unique_make(struct build *b, struct section *s, struct node *n)
{
	struct unique u = {.place = n->decl->place};
	u.fields = arena_array(b->arena, struct field *, n->settings.count + 1);
	for (size_t i = 0; i < n->settings.count; i++) {
		const struct setting *one = &n->settings.items[i];
		if (one->key || one->value->kind != DECL_TEXT)
			continue;
		struct field *f = field_get(b, one->from, spot_value(b, one), s, one->value->text.s);
		bool twice = false;
		for (size_t k = 0; k < u.nfields; k++)
			twice |= u.fields[k] == f;
		if (twice)
			build_fail(b, one->from, spot_value(b, one), NULL, "'%s' is named twice", f->expr.name);
		else if (f && (!f->stored || f->many))
			build_fail(b, one->from, spot_value(b, one), NULL, "'%s' holds no single stored value", f->expr.name);
		else if (f)
			u.fields[u.nfields++] = f;
	}
	if (!n->settings.count)
		build_fail(b, n->decl, spot_decl(b, n->decl), "unique { \"account\", \"number\" }", "names no field");
	struct {
		struct unique *items;
		size_t count, cap;
	} v = {s->uniques, s->nuniques, s->capuniques};
	arena_push(b->arena, &v, u);
	s->uniques = v.items;
	s->nuniques = v.count;
	s->capuniques = v.cap;
}

static void title_make(struct build *b, struct section *s, struct node *n)
{
	const struct setting *title = node_find(n, "title");
	struct pending p = {.kind = PENDING_TITLE, .title = &s->title, .section = s};
	if (title) {
		s->title.text = title->value->text.s;
	} else {
		s->title.text = "{id}";
		for (size_t i = s->nfields; i-- > 0;)
			if (!s->fields[i]->builtin && text_is_name(s->fields[i]->expr.name, strlen(s->fields[i]->expr.name)) &&
				!word_expression_name(s->fields[i]->expr.name) &&
				(s->fields[i]->type == FIELD_TEXT || s->fields[i]->type == FIELD_AUTONUMBER))
				s->title.text = arena_printf(b->arena, "{%s}", s->fields[i]->expr.name);
		struct decl_value *v = arena_new(b->scratch, struct decl_value);
		*v = (struct decl_value){.kind = DECL_TEXT, .text = {s->title.text, strlen(s->title.text)}, .line = n->decl->place.line};
		struct setting *made = arena_new(b->scratch, struct setting);
		*made = (struct setting){"title", v, n->decl};
		title = made;
	}
	p.setting = title;
	arena_push(b->scratch, &b->pending, p);
}

/* --- stages --- */

static void stages_resolve(struct build *b, struct section *s, struct node *path)
{
	for (size_t i = 0; i < path->children.count; i++) {
		struct node *n = path->children.items[i];
		const char **names = NULL;
		if (n->word == WORD_STAGE) {
			struct stage *st = n->made;
			const struct setting *required = node_find(n, "required");
			size_t count = node_names(b, required, &names);
			st->required = arena_array(b->arena, struct field *, count + 1);
			for (size_t k = 0; k < count; k++) {
				struct field *f = field_get(b, required->from, spot_item(b, required, k), s, names[k]);
				if (f)
					st->required[st->nrequired++] = f;
			}
			continue;
		}
		struct move *m = n->made;
		if (n->word != WORD_MOVE || !m)
			continue;
		const struct setting *from = node_find(n, "from"), *to = node_find(n, "to");
		if (!from && !decl_option(n->decl, "from"))
			build_fail(b, n->decl, spot_decl(b, n->decl), "from = \"stage\", to = \"stage\"", "'from' is missing");
		if (!to && !decl_option(n->decl, "to"))
			build_fail(b, n->decl, spot_decl(b, n->decl), "from = \"stage\", to = \"stage\"", "'to' is missing");
		size_t count = node_names(b, from, &names);
		if (from && from->value->kind == DECL_TABLE && !count)
			build_fail(b, from->from, spot_value(b, from), "from = \"stage\", or a list of them", "'from' names no stage");
		m->from = arena_array(b->arena, struct stage *, count + 1);
		for (size_t k = 0; k < count; k++) {
			struct spot at = from->value->kind == DECL_TABLE ? spot_item(b, from, k) : spot_value(b, from);
			struct stage *st = stage_get(b, from->from, at, s, names[k]);
			if (st && st->path != m->path)
				build_fail(b, from->from, at, NULL, "stage '%s' belongs to the path '%s'", st->name, st->path->name);
			else if (st)
				m->from[m->nfrom++] = st;
		}
		m->to = to ? stage_get(b, to->from, spot_value(b, to), s, to->value->text.s) : NULL;
		if (m->to && m->to->path != m->path)
			build_fail(b, to->from, spot_value(b, to), NULL, "stage '%s' belongs to the path '%s'", m->to->name, m->to->path->name);
	}
}

/* --- sections --- */

static void each_field(struct build *b, struct node *n, void (*fn)(struct build *, struct node *))
{
	for (size_t i = 0; i < n->children.count; i++) {
		struct node *c = n->children.items[i];
		if (word_field_type(c->word) != FIELD_TYPE_COUNT)
			fn(b, c);
		else if (c->word == WORD_TAB || c->word == WORD_GROUP)
			each_field(b, c, fn);
	}
}

static void lookups_of(struct build *b, struct node *n)
{
	struct field *f = n->made;
	if (f && f->type == FIELD_LOOKUP)
		lookup_resolve(b, n, f);
}

/* Properties of the API: a lookup `x` is `x_id`, several are `x_ids`. */
static void properties_check(struct build *b, struct section *s)
{
	for (size_t i = 0; i < s->nfields; i++) {
		const struct field *f = s->fields[i];
		const char *name = field_property(b->arena, f);
		const struct field *clash = name != f->expr.name ? section_find(s, name) : NULL;
		if (clash) {
			struct spot at = verify_spot(b, &clash->place, name);
			build_fail(b, NULL, at, NULL, "field '%s': the name belongs to %s '%s' at %s, whose property in the API it is", name,
					   field_type_name(f->type), f->expr.name, place_text(b, &f->place));
		}
	}
}

static void calendar_check(struct build *b, struct section *s, struct node *n)
{
	const struct field *day = section_find(s, "day"), *working = section_find(s, "working");
	if (!day || day->type != FIELD_DATE || !working || working->type != FIELD_BOOLEAN)
		build_fail(b, n->decl, spot_key(b, n->decl, "calendar"), NULL, "a calendar has a date field 'day' and a boolean 'working'");
	for (size_t i = 0; i < b->r->nsections; i++)
		if (b->r->sections[i] != s && b->r->sections[i]->calendar) {
			if (b->r->sections[i] < s || strcmp(b->r->sections[i]->expr.name, s->expr.name) < 0)
				build_fail(b, n->decl, spot_key(b, n->decl, "calendar"), NULL, "section '%s' is the calendar already, at %s",
						   b->r->sections[i]->expr.name, place_text(b, &b->r->sections[i]->place));
			break;
		}
}

static void section_resolve(struct build *b, struct node *n)
{
	struct section *s = n->made;
	each_field(b, n, field_resolve);
	const struct setting *tree = node_find(n, "tree");
	if (tree) {
		s->tree = field_get(b, tree->from, spot_value(b, tree), s, tree->value->text.s);
		if (s->tree && (s->tree->type != FIELD_LOOKUP || s->tree->many || (s->tree->to && s->tree->to != s))) {
			build_fail(b, tree->from, spot_value(b, tree), NULL, "'%s' is no lookup to '%s'", s->tree->expr.name, s->expr.name);
			s->tree = NULL;
		}
		if (s->tree)
			s->expr.tree = &s->tree->expr;
	}
	for (size_t i = 0; i < n->children.count; i++) {
		struct node *c = n->children.items[i];
		if (c->word == WORD_LIST)
			list_make(b, s, c);
		else if (c->word == WORD_UNIQUE)
			unique_make(b, s, c);
		else if (c->word == WORD_STAGES)
			stages_resolve(b, s, c);
	}
	title_make(b, s, n);
	properties_check(b, s);
	if (s->calendar)
		calendar_check(b, s, n);
}

static void stage_values(struct build *b, struct section *s)
{
	struct field *f = section_find(s, "stage");
	if (!f)
		return;
	const char **codes = arena_array(b->arena, const char *, s->stages.count + 1);
	for (size_t i = 0; i < s->stages.count; i++)
		codes[i] = s->stages.items[i].key;
	f->expr.type = (struct expr_type){.kind = EXPR_CHOICE, .values = codes, .nvalues = s->stages.count};
}

void resolve_sections(struct build *b)
{
	for (size_t i = 0; i < b->r->nsections; i++)
		stage_values(b, b->r->sections[i]);
	for (size_t i = 0; i < b->nodes.count; i++)
		each_field(b, b->nodes.items[i].value, lookups_of);
	for (size_t i = 0; i < b->nodes.count; i++)
		section_resolve(b, b->nodes.items[i].value);
}

/* --- hooks --- */

static int hook_compare(const void *x, const void *y)
{
	const struct hook *a = *(struct hook *const *)x, *b = *(struct hook *const *)y;
	if (a->section != b->section)
		return strcmp(a->section->expr.name, b->section->expr.name);
	if (a->event != b->event)
		return a->event < b->event ? -1 : 1;
	if (a->module != b->module) /* the order of loading is kept in function numbers' module: see hook_add */
		return 0;
	return strcmp(a->name, b->name);
}

static void hook_add(struct build *b, struct decl *d)
{
	static const char *const events[HOOK_EVENTS] = {"before_create", "before_update", "before_save", "before_delete",
													"created",       "updated",       "deleted",     "stage_entered"};
	const struct decl_value *name = decl_position(d, 0), *function = decl_position(d, 1);
	if (!name || name->kind != DECL_TEXT || !function || function->kind != DECL_FUNCTION)
		return;
	const char *dot = strchr(d->name, '.');
	if (!dot) {
		build_fail(b, d, spot_decl(b, d), "on \"section.before_save\"", "an event is section.event");
		return;
	}
	const char *section = arena_strndup(b->arena, d->name, (size_t)(dot - d->name));
	struct section *s = section_get(b, d, spot_decl(b, d), section);
	size_t event = 0;
	while (event < HOOK_EVENTS && strcmp(events[event], dot + 1) != 0)
		event++;
	if (event == HOOK_EVENTS) {
		const char *near = text_nearest(dot + 1, events, HOOK_EVENTS);
		build_fail(b, d, spot_decl(b, d),
				   near ? hint_near(b, arena_printf(b->arena, "%s.%s", section, near))
						: "events are before_create, before_update, before_save, before_delete, created, updated, deleted, stage_entered",
				   "there is no event '%s'", dot + 1);
		return;
	}
	if (!s)
		return;
	struct registry *r = b->r;
	for (size_t i = 0; i < r->nhooks; i++) {
		struct hook *old = r->hooks[i];
		if (old->section != s || old->event != event || strcmp(old->name, name->text.s) != 0)
			continue;
		struct module *m = map_find(&b->modules, d->place.module);
		if (old->module == m) {
			build_fail(b, d, spot_decl(b, d), NULL, "hook '%s' of this event is there already, at %s", old->name,
					   place_text(b, &old->place));
			return;
		}
		/* the later module's replaces it and takes its own module's turn */
		for (size_t k = i; k + 1 < r->nhooks; k++)
			r->hooks[k] = r->hooks[k + 1];
		r->nhooks--;
		break;
	}
	struct hook *h = arena_new(b->arena, struct hook);
	h->section = s;
	h->event = (enum hook_event)event;
	h->name = name->text.s;
	h->module = map_find(&b->modules, d->place.module);
	h->place = d->place;
	h->function = function->function;
	struct {
		struct hook **items;
		size_t count, cap;
	} v = {r->hooks, r->nhooks, r->caphooks};
	arena_push(b->arena, &v, h);
	r->hooks = v.items;
	r->nhooks = v.count;
	r->caphooks = v.cap;
}

void resolve_hooks(struct build *b)
{
	struct registry *r = b->r;
	for (size_t i = 0; i < b->decls->count; i++)
		if (strcmp(b->decls->items[i]->word, "on") == 0 && b->decls->items[i]->name)
			hook_add(b, b->decls->items[i]);
	/* insertion sort: stable, so that modules keep their order of loading */
	for (size_t i = 1; i < r->nhooks; i++) {
		struct hook *h = r->hooks[i];
		size_t k = i;
		for (; k > 0 && hook_compare(&r->hooks[k - 1], &h) > 0; k--)
			r->hooks[k] = r->hooks[k - 1];
		r->hooks[k] = h;
	}
}
