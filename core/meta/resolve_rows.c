/* resolve_rows: names in roles and grants, in rows of data and in mappings of imports. */
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "meta/build.h"

static struct setting setting_of(const struct decl *d, const char *key)
{
	const struct decl_value *v = decl_option(d, key);
	return (struct setting){key, v && v->kind != DECL_NIL ? v : NULL, d};
}

/* The name given by an option that must be there; NULL (reported) otherwise. */
static const char *name_get(struct build *b, const struct decl *d, const char *key, const char *example)
{
	const struct decl_value *v = decl_option(d, key);
	if (!v)
		build_fail(b, d, spot_decl(b, d), example, "'%s' is missing", key);
	return v && v->kind == DECL_TEXT ? v->text.s : NULL;
}

static struct section *section_get(struct build *b, const struct decl *d, struct spot at, const char *name)
{
	struct section *s = map_find(&b->r->by_name, name);
	if (!s && !build_lost(b, name) && !build_absent(b, NULL, map_nearest(&b->r->by_name, name)))
		build_fail(b, d, at, hint_near(b, map_nearest(&b->r->by_name, name)), "there is no section '%s'", name);
	return s;
}

static struct field *field_get(struct build *b, const struct decl *d, struct spot at, const struct section *s, const char *name)
{
	struct field *f = section_find(s, name);
	if (!f && !build_lost(b, name) && !build_absent(b, s->module, map_nearest(&s->by_name, name)))
		build_fail(b, d, at, hint_near(b, map_nearest(&s->by_name, name)), "section '%s' has no field '%s'", s->expr.name, name);
	return f;
}

static struct role *role_get(struct build *b, const struct decl *d, struct spot at, const char *name)
{
	struct role *r = map_find(&b->r->roles, name);
	if (r)
		return r;
	if (build_lost(b, name) || build_absent(b, NULL, map_nearest(&b->r->roles, name))) {
		/* what is allowed to it is not missed: the registry is not for use by then */
		r = arena_new(b->arena, struct role);
		r->name = name;
		return r;
	}
	build_fail(b, d, at, hint_near(b, map_nearest(&b->r->roles, name)), "there is no role '%s'", name);
	return NULL;
}

/* --- roles, grants --- */

/* True when r includes `wanted`, through others too; each role is looked at once. */
static bool role_within(struct build *b, struct role *r, const struct role *wanted)
{
	struct map seen;
	map_create(&seen, b->scratch);
	map_put(&seen, r->name, r);
	for (size_t i = 0; i < seen.count; i++) {
		const struct role *one = seen.items[i].value;
		for (size_t k = 0; k < one->nincludes; k++) {
			if (one->includes[k] == wanted)
				return true;
			map_put(&seen, one->includes[k]->name, one->includes[k]);
		}
	}
	return false;
}

static void role_make(struct build *b, struct decl *d)
{
	struct role *old = map_find(&b->r->roles, d->name);
	struct module *module = map_find(&b->modules, d->place.module);
	struct setting label = setting_of(d, "label"), was = setting_of(d, "was");
	struct setting *here = arena_new(b->scratch, struct setting);
	*here = (struct setting){NULL, NULL, d};
	const struct setting *again = map_put(&b->rows, arena_printf(b->scratch, "role %s %s", d->place.module, d->name), here);
	if (old && again) {
		build_fail(b, d, spot_decl(b, d), NULL, "the name is taken by role '%s' at %s", old->name, place_text(b, &again->from->place));
		return;
	}
	/* a role of a module below may be named again: the same role, with what is said of it here */
	if (old && old->module != module && (!module || !old->module || module_depends(b, module, old->module))) {
		if (label.value && (!old->label.text[LANG_EN] || strcmp(label.value->text.s, old->label.text[LANG_EN]) != 0))
			old->label = label_take(b, d, &label, arena_printf(b->scratch, "role.%s", d->name), d->name);
		if (was.value && !old->was)
			old->was = was.value->text.s;
		return;
	}
	if (old) {
		const char *hint = old->module != module ? arena_printf(b->scratch, "let module '%s' depend on '%s', if they mean the same role",
																module->name, old->module->name)
												 : NULL;
		build_fail(b, d, spot_decl(b, d), hint, "the name is taken by role '%s' at %s", old->name, place_text(b, &old->place));
		return;
	}
	struct role *r = arena_new(b->arena, struct role);
	r->name = d->name;
	r->place = d->place;
	r->module = module;
	r->was = was.value ? was.value->text.s : NULL;
	r->label = label_take(b, d, label.value ? &label : NULL, arena_printf(b->scratch, "role.%s", d->name), d->name);
	map_put(&b->r->roles, r->name, r);
}

static bool role_has(const struct role *r, const struct role *in)
{
	for (size_t i = 0; i < r->nincludes; i++)
		if (r->includes[i] == in)
			return true;
	return false;
}

static void role_includes(struct build *b, struct decl *d)
{
	struct role *r = map_find(&b->r->roles, d->name);
	struct setting includes = setting_of(d, "includes");
	const char **names = NULL;
	if (!r || !includes.value)
		return;
	size_t n = node_names(b, &includes, &names);
	struct role **all = arena_array(b->arena, struct role *, r->nincludes + n + 1);
	for (size_t i = 0; i < r->nincludes; i++)
		all[i] = r->includes[i];
	r->includes = all;
	for (size_t i = 0; i < n; i++) {
		struct role *in = role_get(b, d, spot_item(b, &includes, i), names[i]);
		if (!in)
			continue;
		if (in == r || role_within(b, in, r))
			build_fail(b, d, spot_item(b, &includes, i), NULL, "roles include each other: '%s' and '%s'", r->name, in->name);
		else if (!role_has(r, in))
			r->includes[r->nincludes++] = in;
	}
}

static void grant_rule(struct build *b, struct decl *d, const char *key, struct grant *g, enum grant_action action)
{
	struct setting s = setting_of(d, key);
	struct rule *out = &g->on[action];
	if (!s.value) {
		/* written, and faulty: what it would have allowed is not missed too */
		const struct source *source = build_source(b, d->place.module, d->place.file);
		out->set = out->constant = out->value = source_key(source_find(source, d->word, d->name, d->place.line, d->place.nth), key) != NULL;
		return;
	}
	out->set = true;
	out->place = d->place;
	out->place.line = s.value->line;
	if (s.value->kind == DECL_BOOL) {
		out->constant = true;
		out->value = s.value->b;
		return;
	}
	out->text = s.value->text.s;
	struct setting *copy = arena_new(b->scratch, struct setting);
	*copy = s;
	struct pending p = {.kind = PENDING_RULE, .rule = out, .section = g->section, .setting = copy};
	arena_push(b->scratch, &b->pending, p);
}

static void grant_make(struct build *b, struct decl *d, struct role *role, struct section *s)
{
	static const char *const actions[GRANT_ACTIONS] = {"create", "read", "update", "delete"};
	struct grant *g = arena_new(b->arena, struct grant);
	struct setting fields = setting_of(d, "fields");
	g->role = role;
	g->section = s;
	g->place = d->place;
	bool any = false;
	for (int i = 0; i < GRANT_ACTIONS; i++) {
		grant_rule(b, d, actions[i], g, (enum grant_action)i);
		any |= decl_option(d, actions[i]) != NULL;
	}
	if (!any)
		build_fail(b, d, spot_decl(b, d), "read = true", "allows nothing: none of create, read, update, delete is given");
	if (fields.value) {
		const char **names = NULL;
		size_t n = node_names(b, &fields, &names);
		g->fields = arena_array(b->arena, struct field *, n + 1);
		for (size_t i = 0; i < n; i++) {
			struct field *f =
				field_get(b, d, fields.value->kind == DECL_TABLE ? spot_item(b, &fields, i) : spot_value(b, &fields), s, names[i]);
			if (f)
				g->fields[g->nfields++] = f;
		}
	}
	struct registry *r = b->r;
	struct {
		struct grant **items;
		size_t count, cap;
	} v = {r->grants, r->ngrants, r->capgrants};
	arena_push(b->arena, &v, g);
	r->grants = v.items;
	r->ngrants = v.count;
	r->capgrants = v.cap;
}

static void allow_make(struct build *b, struct decl *d)
{
	struct role *role = role_get(b, d, spot_decl(b, d), d->name), nobody = {.name = d->name};
	struct setting on = setting_of(d, "on"), fields = setting_of(d, "fields");
	const char **names = NULL;
	if (!decl_option(d, "on"))
		build_fail(b, d, spot_decl(b, d), "on = \"section\"", "'on' is missing");
	size_t n = node_names(b, on.value ? &on : NULL, &names);
	if (on.value && !n)
		build_fail(b, d, spot_value(b, &on), "on = \"section\"", "'on' names no section");
	if (fields.value && fields.value->kind == DECL_TABLE && !fields.value->table.count)
		build_fail(b, d, spot_value(b, &fields), "left out, it gives all fields", "'fields' names no field");
	if (!role) { /* reported; what is allowed to it is not missed too: the registry is not for use by then */
		role = arena_new(b->arena, struct role);
		*role = nobody;
	}
	for (size_t i = 0; i < n; i++) {
		struct spot at = on.value->kind == DECL_TABLE ? spot_item(b, &on, i) : spot_value(b, &on);
		struct section *s = section_get(b, d, at, names[i]);
		if (!s)
			continue;
		if (s->owner_detail)
			build_fail(b, d, at, NULL, "the lines of '%s' take the rights of '%s', which owns them", s->expr.name,
					   s->owner_detail->section->expr.name);
		else
			grant_make(b, d, role, s);
	}
}

void resolve_roles(struct build *b)
{
	for (size_t i = 0; i < b->decls->count; i++)
		if (strcmp(b->decls->items[i]->word, "role") == 0 && b->decls->items[i]->name)
			role_make(b, b->decls->items[i]);
	for (size_t i = 0; i < b->decls->count; i++)
		if (strcmp(b->decls->items[i]->word, "role") == 0 && b->decls->items[i]->name)
			role_includes(b, b->decls->items[i]);
	for (size_t i = 0; i < b->decls->count; i++)
		if (strcmp(b->decls->items[i]->word, "allow") == 0 && b->decls->items[i]->name)
			allow_make(b, b->decls->items[i]);
}

/* --- data --- */

/* The field by whose value rows of the section are found when only a value is given. */
static struct field *key_field(const struct section *s)
{
	for (size_t i = 0; i < s->nfields; i++)
		if (s->fields[i]->unique && s->fields[i]->type == FIELD_TEXT)
			return s->fields[i];
	return NULL;
}

/* A lookup's value: the target's key, or { field = value }. */
static void reference_check(struct build *b, const struct decl *d, struct spot at, const struct field *f, const struct decl_value *v)
{
	struct value unused;
	if (!f->to)
		return;
	if (v->kind == DECL_TABLE && v->table.count == 1 && v->table.pairs[0].key) {
		const struct decl_pair *p = &v->table.pairs[0];
		struct field *by = field_get(b, d, at, f->to, p->key);
		if (by)
			define_literal(b, d, at, by, &p->value, &unused);
	} else if (v->kind == DECL_TEXT) {
		if (!key_field(f->to) && strcmp(f->to->expr.name, "role") != 0)
			build_fail(b, d, at, arena_printf(b->arena, "%s = { field = \"value\" }", f->expr.name),
					   "section '%s' has no unique text field to find a record by", f->to->expr.name);
	} else {
		build_fail(b, d, at, NULL, "field '%s' takes the key of a record of '%s'", f->expr.name, f->to->expr.name);
	}
}

static bool is_plain_list(const struct decl_value *v)
{
	if (v->kind != DECL_TABLE)
		return false;
	for (size_t i = 0; i < v->table.count; i++)
		if (v->table.pairs[i].key)
			return false;
	return true;
}

static void cell_check(struct build *b, const struct decl *d, struct spot at, const struct section *s, const struct decl_pair *p, bool user)
{
	struct value unused;
	if (user && strcmp(p->key, "password") == 0) {
		if (p->value.kind != DECL_TEXT)
			build_fail(b, d, at, NULL, "a password is a text");
		return;
	}
	if (strcmp(p->key, "stage") == 0 && s->npaths) {
		if (p->value.kind != DECL_TEXT || (!section_find_stage(s, p->value.text.s) && !build_lost(b, p->value.text.s)))
			build_fail(b, d, at, p->value.kind == DECL_TEXT ? hint_near(b, map_nearest(&s->stages, p->value.text.s)) : NULL,
					   "section '%s' has no stage '%s'", s->expr.name, p->value.kind == DECL_TEXT ? p->value.text.s : "?");
		return;
	}
	struct field *f = section_find(s, p->key);
	if (!f) {
		const char *path = arena_printf(b->scratch, "%s.%s", s->expr.name, p->key);
		if (!map_put(&b->missing, path, b))
			field_get(b, d, at, s, p->key);
		return;
	}
	if (f->builtin || f->type == FIELD_DETAIL || f->type == FIELD_FORMULA || f->type == FIELD_ROLLUP || f->type == FIELD_FILE) {
		build_fail(b, d, at, NULL, "field '%s' is not set by rows", f->expr.name);
	} else if (f->type == FIELD_LOOKUP && f->many) {
		if (!is_plain_list(&p->value))
			build_fail(b, d, at, NULL, "field '%s' takes a list", f->expr.name);
		for (size_t i = 0; is_plain_list(&p->value) && i < p->value.table.count; i++) {
			const struct decl_value *one = &p->value.table.pairs[i].value;
			if (f->to == b->r->role && one->kind == DECL_TEXT && !map_find(&b->r->roles, one->text.s) && !build_lost(b, one->text.s) &&
				!build_absent(b, NULL, map_nearest(&b->r->roles, one->text.s)))
				build_fail(b, d, at, hint_near(b, map_nearest(&b->r->roles, one->text.s)), "there is no role '%s'", one->text.s);
			else
				reference_check(b, d, at, f, one);
		}
	} else if (f->type == FIELD_LOOKUP) {
		reference_check(b, d, at, f, &p->value);
	} else {
		define_literal(b, d, at, f, &p->value, &unused);
	}
}

/* What tells one row of a section from another; NULL when the row has no such value. */
static const char *row_key(struct build *b, const struct decl *d, const struct section *s, const char *key, const struct decl_value *row)
{
	for (size_t i = 0; i < row->table.count; i++) {
		const struct decl_pair *p = &row->table.pairs[i];
		if (!p->key || strcmp(p->key, key) != 0)
			continue;
		const char *text = p->value.kind == DECL_TEXT     ? p->value.text.s
						   : p->value.kind == DECL_NUMBER ? p->value.number
						   : p->value.kind == DECL_INT    ? arena_printf(b->scratch, "%lld", (long long)p->value.i)
														  : NULL;
		return text ? arena_printf(b->scratch, "%s %s %s %s %s", d->place.module, s->expr.name, key,
								   strncmp(d->place.file, "sample/", 7) == 0 ? "sample" : "data", text)
					: NULL;
	}
	return NULL;
}

/* What two rows set differently would be set anew at every apply. A row may complete another, so that records can point to each other. */
static void row_once(struct build *b, struct decl *d, const struct section *s, const char *key, const struct decl_value *row, size_t at)
{
	const char *name = row_key(b, d, s, key, row);
	if (!name)
		return;
	struct setting *here = arena_new(b->scratch, struct setting);
	*here = (struct setting){key, row, d};
	const struct setting *first = map_put(&b->rows, arena_printf(b->scratch, "%p %s", (const void *)d, name), here);
	if (first) {
		struct place there = {d->place.module, d->place.file, first->value->line, 0, 0};
		build_fail(b, d, spot_row(b, d, NULL, at, key), "one row a key", "a row with this '%s' is there already, at %s", key,
				   place_text(b, &there));
		return;
	}
	for (size_t i = 0; i < row->table.count; i++) {
		const struct decl_pair *p = &row->table.pairs[i];
		if (!p->key || strcmp(p->key, key) == 0)
			continue;
		here = arena_new(b->scratch, struct setting);
		*here = (struct setting){p->key, &p->value, d};
		first = map_put(&b->rows, arena_printf(b->scratch, "%s %s", p->key, name), here);
		if (!first || decl_same(first->value, &p->value))
			continue;
		struct place there = first->from->place;
		there.line = first->value->line;
		build_fail(b, d, spot_row(b, d, NULL, at, p->key), NULL, "'%s' of this row is set differently at %s", p->key,
				   place_text(b, &there));
	}
}

static void data_make(struct build *b, struct decl *d)
{
	struct section *s = section_get(b, d, spot_decl(b, d), d->name);
	const char *key = name_get(b, d, "key", "key = \"code\"");
	if (!s)
		return;
	struct field *f = key ? field_get(b, d, spot_key(b, d, "key"), s, key) : NULL;
	if (f && (!f->stored || f->many || f->type == FIELD_LOOKUP))
		build_fail(b, d, spot_key(b, d, "key"), NULL, "'%s' is no field by whose value a row is found", f->expr.name);
	struct data_rows *rows = arena_new(b->arena, struct data_rows);
	rows->section = s;
	rows->key = key;
	rows->place = d->place;
	rows->sample = strncmp(d->place.file, "sample/", 7) == 0;
	rows->rows.kind = DECL_TABLE;
	rows->rows.line = d->place.line;
	rows->rows.table.pairs = arena_array(b->arena, struct decl_pair, d->noptions + 1);
	size_t n = 0;
	for (size_t i = 0; i < d->noptions; i++) {
		const struct decl_value *row = &d->options[i].value;
		if (d->options[i].key)
			continue;
		size_t at = n++;
		if (row->kind != DECL_TABLE)
			continue;
		rows->rows.table.pairs[rows->rows.table.count++] = d->options[i];
		bool has_key = false;
		for (size_t k = 0; k < row->table.count; k++) {
			const struct decl_pair *p = &row->table.pairs[k];
			if (!p->key) {
				build_fail(b, d, spot_row(b, d, NULL, at, NULL), NULL, "a row holds field = value");
				continue;
			}
			has_key |= key && strcmp(p->key, key) == 0;
			cell_check(b, d, spot_row(b, d, NULL, at, p->key), s, p, s == b->r->user);
		}
		if (key && !has_key)
			build_fail(b, d, spot_row(b, d, NULL, at, NULL), NULL, "the row has no '%s', which is its key", key);
		else if (f)
			row_once(b, d, s, key, row, at);
	}
	struct registry *r = b->r;
	struct {
		struct data_rows **items;
		size_t count, cap;
	} v = {r->data, r->ndata, r->capdata};
	arena_push(b->arena, &v, rows);
	r->data = v.items;
	r->ndata = v.count;
	r->capdata = v.cap;
}

void resolve_data(struct build *b)
{
	for (size_t i = 0; i < b->decls->count; i++)
		if (strcmp(b->decls->items[i]->word, "data") == 0 && b->decls->items[i]->name)
			data_make(b, b->decls->items[i]);
}

/* --- imports --- */

static void column_make(struct build *b, struct decl *d, struct import_map *m, size_t at, const struct decl_value *v)
{
	static const char *const options[] = {"to", "by", "create", "strip", "values", "skip"};
	static const enum decl_kind kinds[] = {DECL_TEXT, DECL_TEXT, DECL_BOOL, DECL_TEXT, DECL_TABLE, DECL_BOOL};
	const struct decl_value *given[6] = {0};
	struct import_column *c = &m->columns[m->ncolumns];
	for (size_t i = 0; i < v->table.count; i++) {
		const struct decl_pair *p = &v->table.pairs[i];
		size_t k = 0;
		if (!p->key) {
			if (c->source || p->value.kind != DECL_TEXT)
				build_fail(b, d, spot_row(b, d, "columns", at, NULL), NULL, "a column begins with one text, its title in the file");
			else
				c->source = p->value.text.s;
			continue;
		}
		while (k < 6 && strcmp(options[k], p->key) != 0)
			k++;
		if (k == 6)
			build_fail(b, d, spot_row(b, d, "columns", at, p->key), hint_near(b, text_nearest(p->key, options, 6)),
					   "unknown option '%s' of a column", p->key);
		else if (p->value.kind != kinds[k])
			build_fail(b, d, spot_row(b, d, "columns", at, p->key), NULL, "option '%s' of a column takes %s", p->key,
					   kinds[k] == DECL_TEXT   ? "a text"
					   : kinds[k] == DECL_BOOL ? "true or false"
											   : "a table");
		else
			given[k] = &p->value;
	}
	if (!c->source)
		build_fail(b, d, spot_row(b, d, "columns", at, NULL), "{ \"title in the file\", to = \"field\" }", "a column has no title");
	m->ncolumns++;
	bool skip = given[5] && given[5]->b;
	if (!given[0] && !skip)
		build_fail(b, d, spot_row(b, d, "columns", at, NULL), "to = \"field\", or skip = true", "column '%s' goes nowhere",
				   c->source ? c->source : "");
	if (!given[0])
		return;
	c->to = field_get(b, d, spot_row(b, d, "columns", at, "to"), m->section, given[0]->text.s);
	if (!c->to)
		return;
	if (c->to->type == FIELD_DETAIL || c->to->type == FIELD_FORMULA || c->to->type == FIELD_ROLLUP || c->to->type == FIELD_FILE ||
		(c->to->builtin && c->to->type != FIELD_STAGE))
		build_fail(b, d, spot_row(b, d, "columns", at, "to"), NULL, "field '%s' is not imported", c->to->expr.name);
	bool lookup = c->to->type == FIELD_LOOKUP;
	if ((given[1] || given[2]) && !lookup)
		build_fail(b, d, spot_row(b, d, "columns", at, given[1] ? "by" : "create"), NULL, "'%s' is for lookups, '%s' is %s",
				   given[1] ? "by" : "create", c->to->expr.name, field_type_name(c->to->type));
	if (lookup && c->to->to) {
		c->by = given[1] ? field_get(b, d, spot_row(b, d, "columns", at, "by"), c->to->to, given[1]->text.s) : key_field(c->to->to);
		if (!given[1] && !c->by)
			build_fail(b, d, spot_row(b, d, "columns", at, "to"), "by = \"name\"",
					   "section '%s' has no unique text field to find a record by", c->to->to->expr.name);
		c->create = given[2] && given[2]->b;
	}
	c->strip = given[3] ? given[3]->text.s : NULL;
	for (size_t i = 0; given[4] && i < given[4]->table.count; i++) {
		const struct decl_pair *p = &given[4]->table.pairs[i];
		struct value unused;
		if (!p->key)
			build_fail(b, d, spot_row(b, d, "columns", at, "values"), "values = { [\"text in the file\"] = \"code\" }",
					   "'values' goes from text to value");
		else if (!lookup)
			define_literal(b, d, spot_row(b, d, "columns", at, "values"), c->to, &p->value, &unused);
	}
	if (given[4]) {
		c->values = given[4]->table.pairs;
		c->nvalues = given[4]->table.count;
	}
}

static void import_make(struct build *b, struct decl *d)
{
	struct registry *r = b->r;
	struct import_map *old = registry_find_import(r, d->name);
	const char *on = name_get(b, d, "on", "on = \"section\"");
	struct setting label = setting_of(d, "label"), key = setting_of(d, "key"), columns = setting_of(d, "columns"),
				   set = setting_of(d, "set"), at = setting_of(d, "on");
	if (old) {
		build_fail(b, d, spot_decl(b, d), NULL, "the name is taken by import '%s' at %s", old->name, place_text(b, &old->place));
		return;
	}
	struct import_map *m = arena_new(b->arena, struct import_map);
	m->name = d->name;
	m->place = d->place;
	m->label = label_take(b, d, label.value ? &label : NULL, arena_printf(b->scratch, "import.%s", d->name), d->name);
	m->section = on ? section_get(b, d, spot_value(b, &at), on) : NULL;
	if (!decl_option(d, "columns"))
		build_fail(b, d, spot_decl(b, d), "columns = { { \"title in the file\", to = \"field\" } }", "'columns' is missing");
	if (!m->section)
		return;
	if (key.value) {
		m->key = field_get(b, d, spot_value(b, &key), m->section, key.value->text.s);
		if (m->key && !m->key->unique)
			build_fail(b, d, spot_value(b, &key), "unique = true", "the key '%s' is no unique field", m->key->expr.name);
	}
	if (columns.value) {
		m->columns = arena_array(b->arena, struct import_column, columns.value->table.count + 1);
		for (size_t i = 0; i < columns.value->table.count; i++)
			column_make(b, d, m, i, &columns.value->table.pairs[i].value);
	}
	if (set.value) {
		m->set = set.value->table.pairs;
		m->nset = set.value->table.count;
		for (size_t i = 0; i < m->nset; i++)
			cell_check(b, d, spot_value(b, &set), m->section, &m->set[i], false);
	}
	struct {
		struct import_map **items;
		size_t count, cap;
	} v = {r->imports, r->nimports, r->capimports};
	arena_push(b->arena, &v, m);
	r->imports = v.items;
	r->nimports = v.count;
	r->capimports = v.cap;
}

void resolve_imports(struct build *b)
{
	for (size_t i = 0; i < b->decls->count; i++)
		if (strcmp(b->decls->items[i]->word, "import") == 0 && b->decls->items[i]->name)
			import_make(b, b->decls->items[i]);
}
