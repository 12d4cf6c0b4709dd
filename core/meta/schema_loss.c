/* schema_loss: what a plan loses or what would not fit, counted in the rows that are there; codes that change; drops. */
#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "meta/registry.h"
#include "meta/schema_diff.h"
#include "pg/pg.h"

/* What a row of a btree may have, pages being of 8 KB. */
enum { INDEX_BYTES = 2704 };

int64_t schema_count(struct schema_diff *d, const char *sql)
{
	struct pg_rows *rows;
	struct err one;
	err_init(&one, d->plan->arena);
	if (d->failed)
		return -1;
	if (pg_read(d->pg, PG_LANE_SLOW, d->plan->arena, sql, NULL, &rows, &one) < 0) {
		/* a count that takes too long is no failure: the plan says that it does not know */
		if (one.code != ERR_DB_TIMEOUT) {
			struct arena *a = d->err->arena;
			*d->err = one;
			d->err->arena = a;
			d->failed = true;
		}
		return -1;
	}
	return pg_rows_int(rows, 0, 0);
}

static bool is_allowed(const struct schema_diff *d, const char *name)
{
	for (size_t i = 0; i < d->allow->count; i++)
		if (strcmp(d->allow->names[i], name) == 0)
			return true;
	return false;
}

static struct schema_loss *loss_add(struct schema_diff *d, const char *name, int64_t rows, const char *what)
{
	struct schema_loss l = {.name = name, .what = what, .rows = rows, .allowed = is_allowed(d, name)};
	arena_push(d->plan->arena, &d->plan->losses, l);
	return &d->plan->losses.items[d->plan->losses.count - 1];
}

const char *schema_records(struct arena *a, int64_t rows)
{
	return rows < 0 ? "records (too many to count in time)"
					: arena_printf(a, rows == 1 ? "%" PRId64 " record" : "%" PRId64 " records", rows);
}

const struct schema_object *schema_object_by_id(const struct schema_current *c, int64_t id)
{
	size_t lo = 0, hi = c->objects.count;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (c->objects.items[mid]->id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < c->objects.count && c->objects.items[lo]->id == id ? c->objects.items[lo] : NULL;
}

static bool is_kind(const struct schema_object *o, const char *kind)
{
	return strcmp(o->kind, kind) == 0;
}

static const char *count_column(struct arena *a, const char *table, const char *column)
{
	return arena_printf(a, "SELECT count(*) FROM %s WHERE %s IS NOT NULL", schema_table_sql(a, table), schema_ident(a, column));
}

/* A column, link or table that the configuration no longer has. `pending`: dropped by an earlier apply that left it. */
static void drop_one(struct schema_diff *d, const struct schema_object *o, bool pending)
{
	struct schema_plan *p = d->plan;
	struct arena *a = p->arena;
	const struct schema_object *section = is_kind(o, "field") ? schema_object_by_id(p->current, o->parent) : NULL;
	const char *sql = NULL, *counting = NULL, *table = o->physical, *what = NULL;
	if (is_kind(o, "section") || schema_object_is_link(o)) {
		if (map_find(&p->current->tables, o->physical)) {
			sql = arena_printf(a, "DROP TABLE IF EXISTS %s", schema_table_sql(a, o->physical));
			counting = arena_printf(a, "SELECT count(*) FROM %s", schema_table_sql(a, o->physical));
			what = is_kind(o, "section") ? "%s: deleted with the section" : "%s: the values of the field would be lost";
		}
	} else if (section && section->physical) {
		const struct schema_table *t = map_find(&p->current->tables, section->physical);
		/* the columns of a section that goes as a whole go with it */
		bool with_table = section->dropped || !section->claimed;
		table = section->physical;
		if (with_table && !pending)
			return;
		if (t && map_find(&t->columns, o->physical) && !with_table) {
			sql = arena_printf(a, "ALTER TABLE %s DROP COLUMN IF EXISTS %s", schema_table_sql(a, table), schema_ident(a, o->physical));
			counting = count_column(a, table, o->physical);
			what = "%s: the value of the field would be lost";
		} else if (with_table && t) {
			return;
		}
	}
	bool lost = false;
	if (counting && !o->loss_allowed) {
		int64_t rows = schema_count(d, counting);
		if (rows != 0 && pending) {
			if (!is_allowed(d, o->path)) {
				arena_push(a, &p->warnings,
						   arena_printf(a, "%s is no longer in the configuration but has values (%s); '--allow-loss %s' drops it", o->path,
										schema_records(a, rows), o->path));
				return;
			}
			lost = true;
		} else if (rows != 0) {
			loss_add(d, o->path, rows, arena_printf(a, what, schema_records(a, rows)));
			lost = true;
		}
	}
	struct schema_op *op = schema_op_add(p, OP_DROP, table, o->physical, sql);
	op->object = o;
	op->place = o->path;
	op->detail = lost || o->loss_allowed ? NULL : counting;
}

static void drops(struct schema_diff *d)
{
	struct schema_plan *p = d->plan;
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < p->dropped.count; i++)
			if (p->dropped.items[i]->physical && is_kind(p->dropped.items[i], round ? "section" : "field"))
				drop_one(d, p->dropped.items[i], false);
		for (size_t i = 0; i < p->current->objects.count; i++) {
			const struct schema_object *o = p->current->objects.items[i];
			if (o->dropped && o->physical && is_kind(o, round ? "section" : "field"))
				drop_one(d, o, true);
		}
	}
}

/* A column that takes another's place: values that the new type does not hold. */
static void misfits(struct schema_diff *d)
{
	struct schema_plan *p = d->plan;
	struct arena *a = p->arena;
	for (size_t i = 0; i < p->items.count; i++) {
		const struct schema_item *it = p->items.items[i];
		if (!it->replaced)
			continue;
		bool from_link = schema_object_is_link(it->old), to_link = schema_is_link(it->field);
		const char *misfit = from_link && to_link ? "true" : schema_item_convert(p, it).misfit;
		if (!misfit)
			continue;
		bool all = strcmp(misfit, "true") == 0;
		const char *sql;
		if (from_link)
			sql = all ? arena_printf(a, "SELECT count(DISTINCT record) FROM %s", schema_table_sql(a, it->replaced))
					  : arena_printf(a, "SELECT count(*) FROM %s t WHERE %s", schema_table_sql(a, it->parent->physical), misfit);
		else
			sql = arena_printf(a, "SELECT count(*) FROM %s t WHERE t.%s IS NOT NULL AND (%s)", schema_table_sql(a, it->parent->physical),
							   schema_ident(a, it->replaced), misfit);
		int64_t rows = schema_count(d, sql);
		if (rows == 0)
			continue;
		struct schema_loss *l =
			loss_add(d, it->path, rows,
					 arena_printf(a, all ? "%s: the value has no place in the new type" : "%s: the value does not fit the new type",
								  schema_records(a, rows)));
		const char *table = schema_table_sql(a, it->parent->physical),
				   *column = from_link ? NULL : arena_printf(a, "t.%s", schema_ident(a, it->replaced));
		if (from_link && all)
			misfit = arena_printf(a, "EXISTS (SELECT 1 FROM %s l WHERE l.record = t.id)", schema_table_sql(a, it->replaced));
		else if (!from_link)
			misfit = arena_printf(a, "%s IS NOT NULL AND (%s)", column, misfit);
		l->shown = schema_examples(d, it->parent->path, arena_printf(a, "%s t", table), column, misfit);
	}
}

static const char *code_of(const struct schema_object *o)
{
	const char *dot = strrchr(o->path, '.');
	return dot ? dot + 1 : o->path;
}

/* The object of a code that the configuration dropped, but a renamed one names by `was`: its rows go over to that. */
static const struct schema_item *merged_into(const struct schema_plan *p, const struct schema_item *parent, const struct schema_object *o)
{
	for (size_t i = 0; i < p->items.count; i++) {
		const struct schema_item *it = p->items.items[i];
		if (it->parent == parent && strcmp(it->kind, o->kind) == 0 && it->was && strcmp(it->was + 1, code_of(o)) == 0)
			return it;
	}
	return NULL;
}

/* Stages are children of the section, values of their field. */
static const struct schema_item *codes_owner(const struct schema_item *it, const char **kind)
{
	bool stage = it->field->type == FIELD_STAGE;
	*kind = stage ? "stage" : "value";
	return stage ? it->parent : it;
}

static bool was_choice(const struct schema_item *it)
{
	const char *type = schema_definition_get(&it->old->definition, "type");
	return !type || strcmp(type, "choice") == 0 || it->field->type == FIELD_STAGE;
}

const char *schema_codes(struct schema_diff *d, const struct schema_item *it, const char *column, const char **where)
{
	struct schema_plan *p = d->plan;
	struct arena *a = p->arena;
	struct buf cases = BUF_INIT, codes = BUF_INIT;
	const char *kind, *out = NULL;
	const struct schema_item *owner = codes_owner(it, &kind);
	if (!was_choice(it)) {
		for (size_t i = 0; i < it->field->nvalues; i++)
			buf_printf(&codes, "%s%s", i ? ", " : "", shape_quote(a, it->field->values[i].code));
		*where = arena_printf(a, "%s NOT IN (%s)", column, codes.len ? codes.data : "''");
		buf_destroy(&codes);
		return arena_printf(a, "CASE WHEN %s THEN NULL ELSE %s END", *where, column);
	}
	for (size_t i = 0; i < p->items.count; i++) {
		const struct schema_item *one = p->items.items[i];
		if (one->parent != owner || strcmp(one->kind, kind) != 0 || !one->old || strcmp(code_of(one->old), one->tail + 1) == 0)
			continue;
		buf_printf(&cases, " WHEN %s THEN %s", shape_quote(a, code_of(one->old)), shape_quote(a, one->tail + 1));
		buf_printf(&codes, "%s%s", codes.len ? ", " : "", shape_quote(a, code_of(one->old)));
	}
	for (size_t i = 0; i < p->dropped.count; i++) {
		const struct schema_object *o = p->dropped.items[i];
		if (!owner->old || o->parent != owner->old->id || !is_kind(o, kind))
			continue;
		const struct schema_item *into = merged_into(p, owner, o);
		if (!into && (it->field->type == FIELD_STAGE || !is_allowed(d, o->path)))
			continue;
		buf_printf(&cases, " WHEN %s THEN %s", shape_quote(a, code_of(o)), into ? shape_quote(a, into->tail + 1) : "NULL");
		buf_printf(&codes, "%s%s", codes.len ? ", " : "", shape_quote(a, code_of(o)));
	}
	if (cases.len) {
		*where = arena_printf(a, "%s IN (%s)", column, codes.data);
		out = arena_printf(a, "CASE %s%s ELSE %s END", column, cases.data, column);
	}
	buf_destroy(&cases);
	buf_destroy(&codes);
	return out;
}

/* Codes that go and that nothing takes over. */
static void codes_lost(struct schema_diff *d, const struct schema_item *it, const char *column)
{
	struct schema_plan *p = d->plan;
	struct arena *a = p->arena;
	const char *kind, *t = arena_printf(a, "%s t", schema_table_sql(a, it->parent->physical));
	const struct schema_item *owner = codes_owner(it, &kind);
	bool final = it->field->type == FIELD_STAGE;
	for (size_t i = 0; i < p->dropped.count; i++) {
		const struct schema_object *o = p->dropped.items[i];
		if (o->parent != owner->old->id || !is_kind(o, kind) || merged_into(p, owner, o))
			continue;
		const char *where = arena_printf(a, "%s = %s", column, shape_quote(a, code_of(o)));
		const char *sql = arena_printf(a, "SELECT count(*) FROM %s WHERE %s", t, where);
		int64_t rows = schema_count(d, sql);
		if (rows == 0) {
			/* counted again under the lock: nobody may have chosen it meanwhile */
			loss_add(d, o->path, 0, final ? "records on this stage" : "records with this value")->check = sql;
			continue;
		}
		struct schema_loss *l =
			loss_add(d, o->path, rows, arena_printf(a, final ? "%s on this stage" : "%s with this value", schema_records(a, rows)));
		l->shown = schema_examples(d, it->parent->path, t, NULL, where);
		if (!final)
			continue;
		l->final = true;
		l->allowed = false;
		l->hint =
			arena_printf(a, "say where they go: `was = \"%s\"` on the stage that takes its place, or move the records first", code_of(o));
	}
}

/* Codes of one column (a choice, or the stage): renamed, merged, removed, and texts that are no code of what becomes a choice. */
static void codes_of(struct schema_diff *d, const struct schema_item *it)
{
	struct schema_plan *p = d->plan;
	struct arena *a = p->arena;
	const char *t = schema_table_sql(a, it->parent->physical), *name = schema_ident(a, it->replaced ? it->replaced : it->physical);
	const char *where, *column = arena_printf(a, "t.%s", name), *value = schema_codes(d, it, column, &where);
	if (was_choice(it)) {
		codes_lost(d, it, column);
	} else {
		int64_t rows = schema_count(d, arena_printf(a, "SELECT count(*) FROM %s t WHERE %s", t, where));
		if (rows == 0)
			return;
		struct schema_loss *l =
			loss_add(d, it->path, rows, arena_printf(a, "%s: the text is no value of the choice", schema_records(a, rows)));
		l->shown = schema_examples(d, it->parent->path, arena_printf(a, "%s t", t), column, where);
		if (!l->allowed)
			return;
	}
	if (!value || it->recoded)
		return;
	int64_t rows = schema_count(d, arena_printf(a, "SELECT count(*) FROM %s t WHERE %s", t, where));
	struct schema_op *op = schema_op_add(p, OP_CODES, it->parent->physical, it->physical,
										 arena_printf(a, "UPDATE %s t SET %s = %s WHERE %s", t, name, value, where));
	op->rows = rows;
	op->place = it->path;
	struct schema_lock lock = {it->parent->physical, arena_printf(a, "new codes of %s: writes stop", schema_records(a, rows)),
							   rows > 0 ? 20 + rows / 60 : 0};
	arena_push(a, &p->locks, lock);
}

static void codes(struct schema_diff *d)
{
	struct schema_plan *p = d->plan;
	for (size_t i = 0; i < p->items.count; i++) {
		const struct schema_item *it = p->items.items[i];
		if (strcmp(it->kind, "field") != 0 || !it->old || !it->old->physical || (it->replaced && !it->recoded) || !it->physical)
			continue;
		if (it->field->type == FIELD_CHOICE || it->field->type == FIELD_STAGE)
			codes_of(d, it);
	}
}

/* "item.code", or "item(place, code)" of several. */
static const char *index_place(struct arena *a, const struct shape_index *x, const struct field *const *fields, size_t n)
{
	if (n == 1)
		return arena_printf(a, "%s.%s", x->section->path, fields[0]->expr.name);
	struct buf b = BUF_INIT;
	for (size_t k = 0; k < n; k++)
		buf_printf(&b, "%s%s", k ? ", " : "", fields[k]->expr.name);
	const char *out = arena_printf(a, "%s(%s)", x->section->path, b.data);
	buf_destroy(&b);
	return out;
}

/* True for an index that is to be built over rows which are there. */
static bool index_is_built(const struct schema_plan *p, const struct shape_index *x)
{
	const struct schema_index *there = map_find(&p->current->indexes, x->name);
	return !(there && there->valid) && map_find(&p->current->tables, x->table);
}

/* Unique indexes over rows that are there. */
static void duplicates(struct schema_diff *d, const struct shape_index *x)
{
	struct schema_plan *p = d->plan;
	struct arena *a = p->arena;
	struct buf values = BUF_INIT, values_only = BUF_INIT, some = BUF_INIT, group = BUF_INIT;
	for (size_t k = 0; k < x->nfields; k++) {
		const char *value = schema_future_value(p, shape_field(&p->shape, x->fields[k]));
		buf_printf(&values, "%s%s AS c%zu", k ? ", " : "", value, k);
		buf_printf(&values_only, "%s%s", k ? ", " : "", value);
		buf_printf(&some, "%sc%zu IS NOT NULL", k ? " AND " : "", k);
		buf_printf(&group, "%sc%zu", k ? ", " : "", k);
	}
	int64_t rows = schema_count(
		d, arena_printf(a,
						"SELECT coalesce(sum(n), 0)::bigint FROM (SELECT count(*) AS n FROM (SELECT %s FROM %s t) v WHERE %s GROUP BY %s"
						" HAVING count(*) > 1) w",
						values.data, schema_table_sql(a, x->table), some.data, group.data));
	if (rows != 0) {
		struct schema_loss *l =
			loss_add(d, index_place(a, x, x->fields, x->nfields), rows,
					 arena_printf(a, "%s: another one has the same value, and it shall be unique", schema_records(a, rows)));
		l->final = true;
		l->allowed = false;
		l->hint = "change the records first, or leave `unique` out";
		l->shown = schema_examples(d, x->section->path,
								   arena_printf(a, "(SELECT t.id, %s, count(*) OVER (PARTITION BY %s) AS n FROM %s t) t", values.data,
												values_only.data, schema_table_sql(a, x->table)),
								   x->nfields == 1 ? "t.c0" : NULL, arena_printf(a, "n > 1 AND %s", some.data));
	}
	buf_destroy(&values);
	buf_destroy(&values_only);
	buf_destroy(&some);
	buf_destroy(&group);
}

/* Texts that an index does not hold: it would fail, and refuses such texts from then on. A row of the table keeps them packed as the index would. */
static void too_long(struct schema_diff *d, const struct shape_index *x)
{
	struct schema_plan *p = d->plan;
	struct arena *a = p->arena;
	struct buf size = BUF_INIT, some = BUF_INIT;
	const char *longest = NULL;
	buf_puts(&size, "0");
	for (size_t k = 0; k < x->nheld; k++) {
		const struct field *f = x->held[k];
		const char *value = schema_future_value(p, shape_field(&p->shape, f));
		buf_printf(&size, " + pg_column_size(%s)", value);
		buf_printf(&some, "%s(%s) IS NOT NULL", k ? " AND " : "", value);
		if (!longest && shape_is_text(f) && f->type != FIELD_AUTONUMBER)
			longest = value;
	}
	/* the head of an index's row, and what it is rounded up to for each value */
	const char *where = arena_printf(a, "%s AND %s > %d", some.data ? some.data : "false", size.data, INDEX_BYTES - 8 - 8 * (int)x->nheld);
	const char *table = arena_printf(a, "%s t", schema_table_sql(a, x->table));
	int64_t rows = longest ? schema_count(d, arena_printf(a, "SELECT count(*) FROM %s WHERE %s", table, where)) : 0;
	if (rows != 0) {
		struct schema_loss *l =
			loss_add(d, index_place(a, x, x->held, x->nheld), rows,
					 arena_printf(a, "%s: the text is longer than its index holds, about 2,700 bytes", schema_records(a, rows)));
		l->final = true;
		l->allowed = false;
		l->hint = x->fields ? "shorten the texts first, or leave `unique` out" : "shorten the texts first, or leave `index` out";
		l->shown = schema_examples(d, x->section->path, table, longest, where);
	}
	buf_destroy(&size);
	buf_destroy(&some);
}

static void indexes(struct schema_diff *d)
{
	struct schema_plan *p = d->plan;
	for (size_t i = 0; i < p->shape.indexes.count; i++) {
		const struct shape_index *x = &p->shape.indexes.items[i];
		if (!index_is_built(p, x))
			continue;
		if (x->fields)
			duplicates(d, x);
		if (x->held)
			too_long(d, x);
	}
}

/* Roles that go, and people who hold them. */
static void roles(struct schema_diff *d)
{
	struct schema_plan *p = d->plan;
	struct arena *a = p->arena;
	const struct registry *r = p->registry;
	if (!r->user || !r->role)
		return;
	struct field *link = section_find(r->user, "roles"), *code = section_find(r->role, "code");
	const struct schema_item *l = link ? shape_field(&p->shape, link) : NULL, *c = code ? shape_field(&p->shape, code) : NULL;
	if (!l || !c || !map_find(&p->current->tables, l->physical) || !map_find(&p->current->tables, c->parent->physical))
		return;
	for (size_t i = 0; i < p->dropped.count; i++) {
		const struct schema_object *o = p->dropped.items[i];
		if (!is_kind(o, "role"))
			continue;
		const char *sql =
			arena_printf(a, "SELECT count(*) FROM %s l JOIN %s r ON r.id = l.target WHERE r.%s = %s", schema_table_sql(a, l->physical),
						 schema_table_sql(a, c->parent->physical), schema_ident(a, c->physical), shape_quote(a, o->path));
		int64_t rows = schema_count(d, sql);
		struct schema_loss *loss =
			loss_add(d, o->path, rows, rows != 0 ? arena_printf(a, "people who hold this role: %" PRId64, rows) : "people hold this role");
		loss->check = sql;
	}
}

void schema_losses(struct schema_diff *d)
{
	drops(d);
	misfits(d);
	codes(d);
	indexes(d);
	roles(d);
}
