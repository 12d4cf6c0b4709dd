/* schema_match: which object of the database each definition continues (renames by `was`), and what its table or column is called. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "meta/schema_convert.h"
#include "meta/schema_diff.h"

/* Rows whose codes are written in a few milliseconds. */
enum { CODES_FEW = 1000 };

static struct schema_object *object_of(const struct schema_plan *p, const struct schema_item *it, const char *tail)
{
	if (it->parent && !it->parent->old)
		return NULL;
	const char *path = it->parent ? arena_printf(p->arena, "%s%s", it->parent->old->path, tail) : tail;
	return schema_find(p->current, it->kind, path);
}

static void claim(struct schema_item *it, struct schema_object *o)
{
	it->old = o;
	it->id = o->id;
	o->claimed = true;
}

static int depth_of(const struct schema_item *it)
{
	int n = 0;
	for (; it->parent; it = it->parent)
		n++;
	return n;
}

static const struct schema_item *sibling(const struct schema_plan *p, const struct schema_item *it, const char *tail)
{
	for (size_t i = 0; i < p->items.count; i++) {
		const struct schema_item *one = p->items.items[i];
		if (one->parent == it->parent && strcmp(one->kind, it->kind) == 0 && strcmp(one->tail, tail) == 0)
			return one;
	}
	return NULL;
}

/* True when names go round (two that change places): each former name is a sibling's new one. What the object already says of its former name is done. */
static bool swaps(const struct schema_plan *p, const struct schema_item *it)
{
	const struct schema_item *at = it;
	for (size_t i = 0; i < p->items.count; i++) {
		struct schema_object *o = object_of(p, at, at->tail);
		const char *done = o ? schema_definition_get(&o->definition, "was") : NULL;
		if (!at->was || !o || (done && strcmp(done, at->was) == 0))
			return false;
		at = sibling(p, at, at->was);
		if (!at || at == it)
			return at != NULL;
	}
	return false;
}

/* Parents first, so that a child is looked for under its parent's former path; at each depth renames before names, so that the place of a renamed thing
 * may be taken by a new one in the same configuration. */
static void match_objects(struct schema_plan *p)
{
	for (int depth = 0; depth < 4; depth++) {
		/* a name that another rename takes away in this very configuration is free for the next: a, b → b, c in whatever order */
		for (bool more = true; more;) {
			more = false;
			for (size_t i = 0; i < p->items.count; i++) {
				struct schema_item *it = p->items.items[i];
				if (depth_of(it) != depth || !it->was || it->old)
					continue;
				struct schema_object *own = object_of(p, it, it->tail), *o = object_of(p, it, it->was);
				if (!o || o->claimed || (own && !own->claimed && !swaps(p, it)))
					continue;
				claim(it, o);
				more = true;
			}
		}
		for (size_t i = 0; i < p->items.count; i++) {
			struct schema_item *it = p->items.items[i];
			if (depth_of(it) != depth || it->old)
				continue;
			struct schema_object *o = object_of(p, it, it->tail);
			if (o && !o->claimed)
				claim(it, o);
		}
	}
}

/* PostgreSQL's own columns, and the one of every section's table that is no field. */
static bool column_reserved(const char *name)
{
	static const char *const names[] = {"xmin", "xmax", "cmin", "cmax", "ctid", "tableoid", "oid", "row_version"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static bool is_taken(const struct map *a, const struct map *b, const char *name)
{
	return map_find(a, name) || (b && map_find(b, name));
}

/* `base`, or with _2, _3 … when something else has that name. */
static const char *name_give(struct arena *a, const char *base, const struct map *taken, const struct map *there, bool column)
{
	base = shape_name(a, base, 6);
	const char *name = base;
	for (int n = 2; is_taken(taken, there, name) || (column && column_reserved(name)); n++)
		name = arena_printf(a, "%s_%d", base, n);
	return name;
}

static bool item_is_stored(const struct schema_item *it)
{
	if (strcmp(it->kind, "section") == 0)
		return true;
	return strcmp(it->kind, "field") == 0 && (schema_is_column(it->field) || schema_is_link(it->field));
}

static void name_tables(struct schema_plan *p, struct map *tables)
{
	struct arena *a = p->arena;
	for (size_t i = 0; i < p->items.count; i++) {
		struct schema_item *it = p->items.items[i];
		if (strcmp(it->kind, "section") != 0)
			continue;
		if (it->old && it->old->physical)
			it->physical = it->old->physical;
		else
			it->physical = name_give(a, it->tail, tables, &p->current->tables, false);
		map_put(tables, it->physical, it);
	}
}

static void name_columns(struct schema_plan *p, struct schema_item *section, struct map *tables)
{
	struct arena *a = p->arena;
	struct map taken;
	map_create(&taken, a);
	const struct schema_table *t = section->old ? map_find(&p->current->tables, section->physical) : NULL;
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < p->items.count; i++) {
			struct schema_item *it = p->items.items[i];
			if (it->parent != section || strcmp(it->kind, "field") != 0 || !item_is_stored(it))
				continue;
			bool kept = it->old && it->old->physical && !it->replaced;
			if (kept != (round == 0))
				continue;
			bool link = schema_is_link(it->field);
			const char *name = it->tail + 1;
			if (kept)
				it->physical = it->old->physical;
			else if (link)
				it->physical = name_give(a, arena_printf(a, "%s__%s", section->physical, name), tables, &p->current->tables, false);
			else
				it->physical = name_give(a, name, &taken, t ? &t->columns : NULL, true);
			map_put(link ? tables : &taken, it->physical, it);
		}
	}
}

static void match_names(struct schema_plan *p)
{
	struct map tables;
	map_create(&tables, p->arena);
	name_tables(p, &tables);
	for (size_t i = 0; i < p->items.count; i++)
		if (strcmp(p->items.items[i]->kind, "section") == 0)
			name_columns(p, p->items.items[i], &tables);
}

/* Same place of storage: a link stays a link, a lookup stays with its target, values stay of their class and scale. */
static bool storage_same(const struct schema_plan *p, const struct schema_item *it)
{
	const struct schema_definition *d = &it->old->definition;
	const struct field *f = it->field;
	const char *type = schema_definition_get(d, "type"), *value = schema_definition_get(d, "value_type"),
			   *to = schema_definition_get(d, "to");
	const char *scale = schema_definition_get(d, "scale"), *many = schema_definition_get(d, "many");
	enum field_type was = schema_type_by_name(value ? value : type), now = schema_value_type(f);
	bool was_link = many && (was == FIELD_LOOKUP || was == FIELD_FILE);
	if (was_link != schema_is_link(f) || !schema_same_class(was, now))
		return false;
	if (now == FIELD_LOOKUP) {
		const struct schema_object *target = to ? schema_find(p->current, "section", to) : NULL;
		const struct schema_item *wanted = f->to ? shape_find(&p->shape, "section", f->to->expr.name) : NULL;
		return target && wanted && wanted->old == target;
	}
	if (scale && (now == FIELD_DECIMAL || now == FIELD_MONEY || now == FIELD_PERCENT) &&
		strcmp(scale, arena_printf(p->arena, "%d", f->scale)) != 0)
		return false;
	if (f->type == FIELD_ROLLUP) {
		const char *rollup = schema_definition_get(d, "rollup"), *reads = schema_definition_get(d, "reads"),
				   *now_reads = schema_definition_get(&it->definition, "reads");
		if (!rollup || strcmp(rollup, f->rollup.text) != 0)
			return false;
		return (!reads && !now_reads) || (reads && now_reads && strcmp(reads, now_reads) == 0);
	}
	return true;
}

/* Codes that change in more rows than are written while writes stop: the field gets a new column, filled beforehand. */
static void match_codes(struct schema_diff *d)
{
	struct schema_plan *p = d->plan;
	struct arena *a = p->arena;
	for (size_t i = 0; i < p->items.count && !d->failed; i++) {
		struct schema_item *it = p->items.items[i];
		if (strcmp(it->kind, "field") != 0 || !it->old || !it->old->physical || it->replaced ||
			(it->field->type != FIELD_CHOICE && it->field->type != FIELD_STAGE))
			continue;
		const struct schema_object *section = it->parent->old;
		const char *where, *recoded = schema_codes(d, it, arena_printf(a, "t.%s", schema_ident(a, it->old->physical)), &where);
		if (!recoded || !section || !section->physical || !map_find(&p->current->tables, section->physical))
			continue;
		int64_t rows = schema_count(d, arena_printf(a, "SELECT count(*) FROM (SELECT 1 FROM %s t WHERE %s LIMIT %d) x",
													schema_table_sql(a, section->physical), where, CODES_FEW + 1));
		if (rows >= 0 && rows <= CODES_FEW)
			continue;
		it->recoded = recoded;
		it->replaced = it->old->physical;
	}
}

void schema_match(struct schema_diff *d)
{
	struct schema_plan *p = d->plan;
	match_objects(p);
	for (size_t i = 0; i < p->items.count; i++) {
		struct schema_item *it = p->items.items[i];
		if (strcmp(it->kind, "field") == 0 && it->old && it->old->physical && item_is_stored(it) && !it->field->builtin &&
			!storage_same(p, it))
			it->replaced = it->old->physical;
	}
	for (size_t i = 0; i < p->current->objects.count; i++) {
		const struct schema_object *o = p->current->objects.items[i];
		if (!o->dropped && !o->claimed)
			arena_push(p->arena, &p->dropped, o);
	}
	match_codes(d);
	match_names(p);
}
