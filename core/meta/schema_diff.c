#include "meta/schema_diff.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "meta/registry.h"
#include "meta/schema_version.h"

/* Longest value that a line of the plan shows, in bytes. */
enum { SHOWN_MAX = 40, SHOWN_KEYS = 3 };

static void change_add(struct schema_plan *p, char mark, const char *kind, const char *path, const char *was, const char *text)
{
	struct schema_change c = {mark, kind, path, was, text};
	arena_push(p->arena, &p->changes, c);
}

/* "required: false → true, label", or NULL when nothing differs. */
static const char *difference(struct schema_plan *p, const struct schema_item *it)
{
	const struct schema_definition *was = &it->old->definition, *now = &it->definition;
	struct buf b = BUF_INIT;
	size_t shown = 0;
	for (int round = 0; round < 2; round++) {
		const struct schema_definition *d = round ? was : now;
		for (size_t i = 0; i < d->count; i++) {
			const char *key = d->items[i].key, *x = schema_definition_get(was, key), *y = schema_definition_get(now, key);
			if ((x && y && strcmp(x, y) == 0) || (round && y) || strcmp(key, "reads") == 0 || strcmp(key, "was") == 0)
				continue;
			buf_printf(&b, "%s%s", b.len ? ", " : "", key);
			if (shown < SHOWN_KEYS && (!x || strlen(x) <= SHOWN_MAX) && (!y || strlen(y) <= SHOWN_MAX)) {
				buf_printf(&b, ": %s → %s", x ? x : "nothing", y ? y : "nothing");
				shown++;
			}
		}
	}
	const char *text = b.len ? arena_strdup(p->arena, b.data) : NULL;
	buf_destroy(&b);
	return text;
}

static const char *text_of_new(struct schema_plan *p, const struct schema_item *it)
{
	struct arena *a = p->arena;
	if (strcmp(it->kind, "section") == 0) {
		size_t n = 0;
		for (size_t i = 0; i < it->section->nfields; i++)
			n += !it->section->fields[i]->builtin;
		return arena_printf(a, "%zu fields", n);
	}
	if (strcmp(it->kind, "task") == 0)
		return schema_task_text(p, it, NULL);
	if (strcmp(it->kind, "field") == 0) {
		const char *type = field_type_name(it->field->type);
		const struct schema_table *t = map_find(&p->current->tables, it->parent->physical);
		if (t && it->field->has_default && !it->field->builtin && schema_is_column(it->field))
			return arena_printf(a, "%s; existing records get the default", type);
		return type;
	}
	return NULL;
}

static const char *last_of(const struct schema_item *it)
{
	const char *path = it->old->path;
	return it->parent && it->parent->old ? path + strlen(it->parent->old->path) : path;
}

static void changes(struct schema_plan *p)
{
	for (size_t i = 0; i < p->items.count; i++) {
		struct schema_item *it = p->items.items[i];
		bool hidden = strcmp(it->kind, "field") == 0 && it->field->builtin && it->field->type != FIELD_STAGE;
		if (!it->old) {
			if (!hidden && (!it->parent || it->parent->old))
				change_add(p, '+', it->kind, it->path, NULL, text_of_new(p, it));
			continue;
		}
		if (hidden)
			continue;
		if (strcmp(last_of(it), it->tail) != 0)
			change_add(p, '>', it->kind, it->path, it->old->path, NULL);
		const char *text = difference(p, it);
		if (text)
			change_add(p, '~', it->kind, it->path, NULL, it->replaced ? arena_printf(p->arena, "%s; values are converted", text) : text);
	}
	for (size_t i = 0; i < p->dropped.count; i++) {
		const struct schema_object *o = p->dropped.items[i], *parent = o->parent ? schema_object_by_id(p->current, o->parent) : NULL;
		if (!parent || parent->claimed)
			change_add(p, '-', o->kind, o->path, NULL, schema_task_text(p, NULL, o));
	}
}

int schema_diff(struct pg *pg, struct arena *a, const struct registry *registry, struct schema_current *current,
				const struct schema_allow *allow, const struct schema_build *build, struct schema_plan **out, struct err *err)
{
	static const struct schema_allow nothing = {NULL, 0};
	struct schema_plan *p = arena_new(a, struct schema_plan);
	p->arena = a;
	p->registry = registry;
	p->current = current;
	p->new_generation = !current->hash || !registry->hash || strcmp(current->hash, registry->hash) != 0;
	schema_describe(a, registry, &p->items);
	shape_create(&p->shape, a, registry, &p->items, current->trgm_schema);
	struct schema_diff d = {.pg = pg, .plan = p, .allow = allow ? allow : &nothing, .build = build, .err = err};
	schema_match(&d);
	if (d.failed)
		return -1;
	/* another name of a column is another map, that is another generation, even where the files are the same (a newer Ostov may store a thing in another way) */
	for (size_t i = 0; i < p->items.count; i++) {
		const struct schema_item *it = p->items.items[i];
		const char *was = it->old ? it->old->physical : NULL;
		p->new_generation |= it->old && (!was || !it->physical ? was != it->physical : strcmp(was, it->physical) != 0);
	}
	shape_fill(&p->shape);
	schema_ops(&d);
	schema_tasks(&d);
	schema_losses(&d);
	schema_sums_locks(&d);
	schema_rules(&d);
	schema_version_ops(&d);
	if (d.failed)
		return -1;
	changes(p);
	*out = p;
	return 0;
}

bool schema_plan_nothing(const struct schema_plan *p)
{
	return !p->new_generation && p->ops.count == 0;
}

const struct schema_loss *schema_plan_refused(const struct schema_plan *p)
{
	for (size_t i = 0; i < p->losses.count; i++)
		if (p->losses.items[i].rows != 0 && !p->losses.items[i].allowed)
			return &p->losses.items[i];
	return NULL;
}

static bool plan_find(void *ctx, const char *kind, const char *path, int64_t *id, const char **physical)
{
	const struct schema_plan *p = ctx;
	const struct schema_item *it = shape_find(&p->shape, kind, path);
	if (!it)
		return false;
	*id = it->id;
	*physical = it->physical;
	return true;
}

struct object_map schema_plan_map(struct schema_plan *p)
{
	return (struct object_map){plan_find, p};
}
