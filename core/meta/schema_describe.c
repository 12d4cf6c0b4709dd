#include "meta/schema_describe.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "meta/registry.h"

enum field_type schema_value_type(const struct field *f)
{
	return f->type == FIELD_FORMULA || f->type == FIELD_ROLLUP ? f->value_type : f->type;
}

bool schema_is_link(const struct field *f)
{
	return f->stored && f->many && (f->type == FIELD_LOOKUP || f->type == FIELD_FILE);
}

bool schema_is_column(const struct field *f)
{
	enum field_type t = schema_value_type(f);
	return f->stored && !schema_is_link(f) && f->type != FIELD_FORMULA && t != FIELD_DETAIL && t != FIELD_FORMULA && t != FIELD_ROLLUP;
}

void schema_definition_json(struct buf *b, const struct schema_definition *d)
{
	buf_putc(b, '{');
	for (size_t i = 0; i < d->count; i++) {
		if (i)
			buf_putc(b, ',');
		buf_json(b, d->items[i].key, strlen(d->items[i].key));
		buf_putc(b, ':');
		buf_json(b, d->items[i].value, strlen(d->items[i].value));
	}
	buf_putc(b, '}');
}

/* State of one description. */
struct describe {
	struct arena *arena;
	const char *zone;
	struct schema_items *out;
	struct schema_item *item; /* the one whose definition is being filled */
};

static struct schema_item *item_add(struct describe *d, const char *kind, struct schema_item *parent, const char *tail,
									const struct module *module)
{
	struct schema_item *it = arena_new(d->arena, struct schema_item);
	it->kind = kind;
	it->parent = parent;
	it->tail = tail;
	it->path = parent ? arena_printf(d->arena, "%s%s", parent->path, tail) : tail;
	it->module = module ? module->name : NULL;
	if (parent) {
		it->section = parent->section;
		it->role = parent->role;
	}
	arena_push(d->arena, d->out, it);
	d->item = it;
	return it;
}

static void put(struct describe *d, const char *key, const char *value)
{
	if (value)
		arena_push(d->arena, &d->item->definition, ((struct schema_pair){key, value}));
}

static void put_flag(struct describe *d, const char *key, bool on)
{
	if (on)
		put(d, key, "true");
}

static void put_label(struct describe *d, const char *key, const struct label *l)
{
	static const char *const suffix[LANG_COUNT] = {"", ".ru"};
	for (int i = 0; i < LANG_COUNT; i++)
		if (l->text[i] && l->text[i][0])
			put(d, i ? arena_printf(d->arena, "%s%s", key, suffix[i]) : key, l->text[i]);
}

static void put_rule(struct describe *d, const char *key, const struct rule *r)
{
	if (r->set)
		put(d, key, r->constant ? (r->value ? "true" : "false") : r->text);
}

/* The pieces with ", " between them, in the arena. */
static void put_names(struct describe *d, const char *key, struct field *const *fields, size_t n)
{
	struct buf b = BUF_INIT;
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s%s", i ? ", " : "", fields[i]->expr.name);
	if (n)
		put(d, key, arena_strdup(d->arena, b.data));
	buf_destroy(&b);
}

static const char *value_print(struct arena *a, const struct value *v)
{
	struct buf b = BUF_INIT;
	value_json(&b, v);
	const char *text = arena_strdup(a, b.data ? b.data : "");
	buf_destroy(&b);
	return text;
}

/* What a rollup reads: when any of it is stored in another way, or a formula or rollup among it says something else, its values are computed anew. */
struct reading {
	struct arena *arena;
	struct buf text;
	struct {
		const struct field **items;
		size_t count, cap;
	} rollups; /* that were followed */
	bool times;
};

static void reads_visit(void *ctx, const struct expr_table *t, const struct expr_field *e, bool of_old)
{
	struct reading *r = ctx;
	const struct field *f = (const struct field *)e;
	(void)of_old;
	bool rollup = f->type == FIELD_ROLLUP && f->stored && f->rollup.expr;
	buf_printf(&r->text, "%s.%s %s %d %s; ", t->name, e->name, field_type_name(schema_value_type(f)), f->scale,
			   rollup            ? f->rollup.text
			   : f->formula.text ? f->formula.text
								 : "");
	r->times |= e->type.kind == EXPR_TIME;
	for (size_t i = 0; i < r->rollups.count && rollup; i++)
		rollup = r->rollups.items[i] != f;
	if (!rollup)
		return;
	arena_push(r->arena, &r->rollups, f);
	expr_walk_fields(f->rollup.expr, reads_visit, r);
}

/* Which date a moment has depends on the organisation's zone. */
static const char *reads_print(struct arena *a, const struct field *rollup, const char *zone)
{
	struct reading r = {.arena = a, .text = BUF_INIT};
	expr_walk_fields(rollup->rollup.expr, reads_visit, &r);
	if (r.times && zone)
		buf_printf(&r.text, "zone %s; ", zone);
	const char *text = arena_strdup(a, r.text.data ? r.text.data : "");
	buf_destroy(&r.text);
	return text;
}

static void describe_values(struct describe *d, const struct field *f, struct schema_item *of)
{
	for (size_t i = 0; i < f->nvalues; i++) {
		const struct choice_value *v = &f->values[i];
		struct schema_item *it = item_add(d, "value", of, arena_printf(d->arena, ".%s", v->code), f->module);
		it->field = f;
		it->value = v;
		it->was = v->was ? arena_printf(d->arena, ".%s", v->was) : NULL;
		put_label(d, "label", &v->label);
		put(d, "colour", v->colour);
	}
}

static void describe_field(struct describe *d, const struct field *f, struct schema_item *section)
{
	struct schema_item *it = item_add(d, "field", section, arena_printf(d->arena, ".%s", f->expr.name), f->module);
	it->field = f;
	it->was = f->was ? arena_printf(d->arena, ".%s", f->was) : NULL;
	put(d, "type", field_type_name(f->type));
	if (f->type == FIELD_FORMULA || f->type == FIELD_ROLLUP)
		put(d, "value_type", field_type_name(f->value_type));
	put_label(d, "label", &f->label);
	put_label(d, "help", &f->help);
	put(d, "to", f->to ? f->to->expr.name : NULL);
	put(d, "by", f->by ? f->by->expr.name : NULL);
	put_flag(d, "many", f->many);
	put_flag(d, "owned", f->owned);
	put_flag(d, "stored", f->stored);
	put_flag(d, "long", f->is_long);
	put_flag(d, "unique", f->unique);
	put_flag(d, "index", f->index);
	put_flag(d, "search", f->search);
	put_flag(d, "create", f->create);
	put_flag(d, "gapless", f->gapless);
	if (schema_value_type(f) == FIELD_DECIMAL || schema_value_type(f) == FIELD_MONEY || schema_value_type(f) == FIELD_PERCENT)
		put(d, "scale", arena_printf(d->arena, "%d", f->scale));
	put(d, "currency", f->currency);
	put(d, "min", f->min);
	put(d, "max", f->max);
	put_rule(d, "required", &f->required);
	put_rule(d, "readonly", &f->readonly);
	put_rule(d, "hidden", &f->hidden);
	put_rule(d, "check", &f->check);
	put_label(d, "message", &f->message);
	put_rule(d, "where", &f->where);
	if (f->has_default)
		put(d, "default", value_print(d->arena, &f->default_value));
	put(d, "initial", f->initial.text);
	put(d, "fill", f->fill.text);
	put(d, "formula", f->formula.text);
	put(d, "rollup", f->rollup.text);
	if (f->type == FIELD_ROLLUP && f->stored && f->rollup.expr)
		put(d, "reads", reads_print(d->arena, f, d->zone));
	if (f->type == FIELD_LOOKUP && !f->builtin) {
		static const char *const on_delete[] = {"restrict", "clear", "cascade"};
		put(d, "on_delete", on_delete[f->on_delete]);
	}
	put(d, "pattern", f->pattern);
	put(d, "at", f->at);
	describe_values(d, f, it);
}

static void describe_paths(struct describe *d, const struct section *s, struct schema_item *of)
{
	for (size_t i = 0; i < s->npaths; i++) {
		const struct stage_path *p = s->paths[i];
		item_add(d, "path", of, arena_printf(d->arena, ".%s", p->name), s->module);
		put_label(d, "label", &p->label);
		put_rule(d, "when", &p->when);
		struct buf b = BUF_INIT;
		for (size_t k = 0; k < p->nstages; k++)
			buf_printf(&b, "%s%s", k ? ", " : "", p->stages[k]->name);
		put(d, "stages", arena_strdup(d->arena, b.data ? b.data : ""));
		buf_destroy(&b);
	}
	for (size_t i = 0; i < s->stages.count; i++) {
		const struct stage *st = s->stages.items[i].value;
		struct schema_item *it = item_add(d, "stage", of, arena_printf(d->arena, ".%s", st->name), s->module);
		it->stage = st;
		it->was = st->was ? arena_printf(d->arena, ".%s", st->was) : NULL;
		put_label(d, "label", &st->label);
		put_flag(d, "final", st->final);
		put_flag(d, "freeze", st->freeze);
		put_names(d, "required", st->required, st->nrequired);
		for (size_t k = 0; k < st->ntasks; k++) {
			const struct stage_task *t = st->tasks[k];
			struct schema_item *task = item_add(d, "task", it, arena_printf(d->arena, ".%s", t->name), s->module);
			task->stage = st;
			task->was = t->was ? arena_printf(d->arena, ".%s", t->was) : NULL;
			put_label(d, "label", &t->label);
			put_flag(d, "required", t->required);
			put(d, "who", t->who.text);
		}
	}
	for (size_t i = 0; i < s->moves.count; i++) {
		const struct move *m = s->moves.items[i].value;
		struct schema_item *it = item_add(d, "move", of, arena_printf(d->arena, ".%s", m->name), s->module);
		it->was = m->was ? arena_printf(d->arena, ".%s", m->was) : NULL;
		put_label(d, "label", &m->label);
		struct buf b = BUF_INIT;
		for (size_t k = 0; k < m->nfrom; k++)
			buf_printf(&b, "%s%s", k ? ", " : "", m->from[k]->name);
		put(d, "from", arena_strdup(d->arena, b.data ? b.data : ""));
		buf_destroy(&b);
		put(d, "to", m->to ? m->to->name : NULL);
		put_rule(d, "allow", &m->allow);
		put_rule(d, "when", &m->when);
		put_label(d, "message", &m->message);
		put_flag(d, "comment", m->comment);
	}
}

static void layout_print(struct buf *b, const struct layout *l)
{
	static const char *const words[] = {"", "tab ", "group "};
	if (l->kind == LAYOUT_FIELD) {
		buf_puts(b, l->field ? l->field->expr.name : "");
		return;
	}
	buf_printf(b, "%s%s {", words[l->kind], l->name ? l->name : "");
	for (size_t i = 0; i < l->nitems; i++) {
		buf_puts(b, i ? ", " : " ");
		layout_print(b, l->items[i]);
	}
	buf_puts(b, " }");
}

static void describe_lists(struct describe *d, const struct section *s, struct schema_item *of)
{
	for (size_t i = 0; i < s->nlists; i++) {
		const struct list *l = s->lists[i];
		struct schema_item *it = item_add(d, "list", of, arena_printf(d->arena, ".%s", l->name), s->module);
		it->was = l->was ? arena_printf(d->arena, ".%s", l->was) : NULL;
		put_label(d, "label", &l->label);
		struct buf b = BUF_INIT;
		for (size_t k = 0; k < l->ncolumns; k++)
			buf_printf(&b, "%s%s", k ? ", " : "", l->columns[k].path);
		put(d, "columns", arena_strdup(d->arena, b.data ? b.data : ""));
		buf_clear(&b);
		for (size_t k = 0; k < l->nsort; k++)
			buf_printf(&b, "%s%s", k ? ", " : "", l->sort[k]);
		if (l->nsort)
			put(d, "sort", arena_strdup(d->arena, b.data));
		buf_destroy(&b);
		put_rule(d, "where", &l->where);
	}
}

static void describe_section(struct describe *d, const struct section *s)
{
	struct schema_item *it = item_add(d, "section", NULL, s->expr.name, s->module);
	it->section = s;
	it->was = s->was;
	put_label(d, "label", &s->label);
	put_label(d, "plural", &s->plural);
	put(d, "title", s->title.text);
	put_rule(d, "check", &s->check);
	put_label(d, "message", &s->check_message);
	put_flag(d, "history", s->history);
	put_flag(d, "calendar", s->calendar);
	put(d, "tree", s->tree ? s->tree->expr.name : NULL);
	struct buf b = BUF_INIT;
	for (size_t i = 0; i < s->nuniques; i++) {
		buf_puts(&b, i ? "; " : "");
		for (size_t k = 0; k < s->uniques[i].nfields; k++)
			buf_printf(&b, "%s%s", k ? ", " : "", s->uniques[i].fields[k]->expr.name);
	}
	if (s->nuniques)
		put(d, "unique", arena_strdup(d->arena, b.data));
	buf_clear(&b);
	if (s->layout) {
		for (size_t i = 0; i < s->layout->nitems; i++) {
			buf_puts(&b, i ? ", " : "");
			layout_print(&b, s->layout->items[i]);
		}
		put(d, "layout", arena_strdup(d->arena, b.data ? b.data : ""));
	}
	buf_destroy(&b);
	for (size_t i = 0; i < s->nfields; i++)
		describe_field(d, s->fields[i], it);
	describe_paths(d, s, it);
	describe_lists(d, s, it);
}

static void describe_grants(struct describe *d, const struct registry *r, const struct schema_items *roles)
{
	for (size_t i = 0; i < r->ngrants; i++) {
		const struct grant *g = r->grants[i];
		size_t same = 1;
		for (size_t k = 0; k < i; k++)
			same += r->grants[k]->role == g->role && r->grants[k]->section == g->section;
		struct schema_item *of = NULL;
		for (size_t k = 0; k < roles->count && !of; k++)
			if (strcmp(roles->items[k]->kind, "role") == 0 && roles->items[k]->role == g->role)
				of = roles->items[k];
		const char *mark = same > 1 ? arena_printf(d->arena, " #%zu", same) : "";
		struct schema_item *it = item_add(d, "grant", of, arena_printf(d->arena, " on %s%s", g->section->expr.name, mark), g->role->module);
		it->section = g->section;
		if (g->section->was)
			it->was = arena_printf(d->arena, " on %s%s", g->section->was, mark);
		static const char *const actions[GRANT_ACTIONS] = {"create", "read", "update", "delete"};
		for (int k = 0; k < GRANT_ACTIONS; k++)
			put_rule(d, actions[k], &g->on[k]);
		put_names(d, "fields", g->fields, g->nfields);
	}
}

static struct schema_item *section_item(const struct describe *d, const struct section *s)
{
	for (size_t i = 0; i < d->out->count; i++)
		if (d->out->items[i]->section == s && strcmp(d->out->items[i]->kind, "section") == 0)
			return d->out->items[i];
	return NULL;
}

static void describe_rest(struct describe *d, const struct registry *r)
{
	static const char *const events[HOOK_EVENTS] = {"before_create", "before_update", "before_save", "before_delete",
													"created",       "updated",       "deleted",     "stage_entered"};
	for (size_t i = 0; i < r->nhooks; i++) {
		const struct hook *h = r->hooks[i];
		item_add(d, "hook", section_item(d, h->section), arena_printf(d->arena, ".%s.%s", events[h->event], h->name), h->module);
		put(d, "module", h->module ? h->module->name : NULL);
	}
	for (size_t i = 0; i < r->nimports; i++) {
		const struct import_map *m = r->imports[i];
		item_add(d, "import", NULL, m->name, NULL);
		put_label(d, "label", &m->label);
		put(d, "section", m->section->expr.name);
		put(d, "key", m->key ? m->key->expr.name : NULL);
		struct buf b = BUF_INIT;
		for (size_t k = 0; k < m->ncolumns; k++)
			buf_printf(&b, "%s%s = %s", k ? ", " : "", m->columns[k].source, m->columns[k].to ? m->columns[k].to->expr.name : "(skipped)");
		put(d, "columns", arena_strdup(d->arena, b.data ? b.data : ""));
		buf_destroy(&b);
	}
}

void schema_describe(struct arena *a, const struct registry *r, struct schema_items *out)
{
	struct describe d = {.arena = a, .zone = r->zone, .out = out};
	for (size_t i = 0; i < r->nmodules; i++) {
		const struct module *m = r->modules[i];
		item_add(&d, "module", NULL, m->name, m);
		put_label(&d, "label", &m->label);
		put(&d, "version", m->version);
		put(&d, "language", m->language);
		put(&d, "zone", m->zone);
		put(&d, "currency", m->currency);
	}
	for (size_t i = 0; i < r->roles.count; i++) {
		const struct role *role = r->roles.items[i].value;
		struct schema_item *it = item_add(&d, "role", NULL, role->name, role->module);
		it->role = role;
		it->was = role->was;
		put_label(&d, "label", &role->label);
		struct buf b = BUF_INIT;
		for (size_t k = 0; k < role->nincludes; k++)
			buf_printf(&b, "%s%s", k ? ", " : "", role->includes[k]->name);
		if (role->nincludes)
			put(&d, "includes", arena_strdup(a, b.data));
		buf_destroy(&b);
	}
	for (size_t i = 0; i < r->nsections; i++)
		describe_section(&d, r->sections[i]);
	describe_grants(&d, r, out);
	describe_rest(&d, r);
	/* so that names which changed places do not change back when the same is applied again */
	for (size_t i = 0; i < out->count; i++) {
		d.item = out->items[i];
		put(&d, "was", d.item->was);
	}
}
