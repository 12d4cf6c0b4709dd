/* schema_ops: the operations that lead from the tables there are to those wanted: tables, columns, values, keys, indexes. */
#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "meta/schema_diff.h"

const char *schema_ident(struct arena *a, const char *name)
{
	struct buf b = BUF_INIT;
	buf_ident(&b, name);
	const char *out = arena_strdup(a, b.data);
	buf_destroy(&b);
	return out;
}

const char *schema_table_sql(struct arena *a, const char *table)
{
	return arena_printf(a, "app.%s", schema_ident(a, table));
}

struct schema_op *schema_op_add(struct schema_plan *p, enum schema_op_kind kind, const char *table, const char *name, const char *sql)
{
	struct schema_op op = {.kind = kind, .table = table, .name = name, .sql = sql, .mark = -1, .rows = -1};
	arena_push(p->arena, &p->ops, op);
	return &p->ops.items[p->ops.count - 1];
}

void schema_lock_add(struct schema_plan *p, const char *table, const char *text, int64_t stop_ms)
{
	for (size_t i = 0; i < p->locks.count; i++) {
		struct schema_lock *l = &p->locks.items[i];
		if (strcmp(l->table, table) == 0 && strcmp(l->text, text) == 0) {
			l->stop_ms += stop_ms;
			return;
		}
	}
	struct schema_lock l = {table, text, stop_ms};
	arena_push(p->arena, &p->locks, l);
}

bool schema_object_is_link(const struct schema_object *o)
{
	const char *type = schema_definition_get(&o->definition, "type");
	return schema_definition_get(&o->definition, "many") && type && (strcmp(type, "lookup") == 0 || strcmp(type, "file") == 0);
}

struct schema_convert schema_item_convert(struct schema_plan *p, const struct schema_item *it)
{
	struct arena *a = p->arena;
	const struct field *f = it->field;
	const struct schema_definition *d = &it->old->definition;
	const char *type = schema_definition_get(d, "type"), *value = schema_definition_get(d, "value_type");
	if (it->recoded)
		return (struct schema_convert){it->recoded, NULL};
	enum field_type was = schema_type_by_name(value ? value : type);
	if (f->type == FIELD_ROLLUP)
		return (struct schema_convert){NULL, value && strcmp(type, "rollup") == 0 ? NULL : "true"};
	if (was == FIELD_LOOKUP && schema_value_type(f) == FIELD_LOOKUP) {
		const char *to = schema_definition_get(d, "to");
		const struct schema_item *wanted = f->to ? shape_find(&p->shape, "section", f->to->expr.name) : NULL;
		if (!to || !wanted || wanted->old != schema_find(p->current, "section", to))
			return (struct schema_convert){"NULL::bigint", "true"};
	}
	if (schema_object_is_link(it->old)) {
		const char *link = schema_table_sql(a, it->replaced);
		return (struct schema_convert){
			arena_printf(a, "(SELECT l.target FROM %s l WHERE l.record = t.id ORDER BY l.position, l.target LIMIT 1)", link),
			arena_printf(a, "(SELECT count(*) FROM %s l WHERE l.record = t.id) > 1", link)};
	}
	return schema_convert(a, was, f, arena_printf(a, "t.%s", schema_ident(a, it->replaced)), p->registry->zone);
}

/* The stage that records get which had none. */
static const char *first_stage(const struct section *s)
{
	return s->npaths && s->paths[0]->nstages ? s->paths[0]->stages[0]->name : NULL;
}

/* The literal that fills the column of existing records, or NULL. */
static const char *column_default(struct schema_plan *p, const struct schema_item *it)
{
	const struct field *f = it->field;
	if (f->type == FIELD_STAGE) {
		const char *stage = first_stage(f->section);
		return stage ? shape_quote(p->arena, stage) : NULL;
	}
	return f->has_default && !f->builtin && f->default_value.kind != VALUE_NIL ? shape_literal(p->arena, f, &f->default_value) : NULL;
}

const char *schema_future_value(struct schema_plan *p, const struct schema_item *it)
{
	if (it->replaced) {
		struct schema_convert c = schema_item_convert(p, it);
		return c.value ? c.value : "NULL";
	}
	const struct schema_table *t = map_find(&p->current->tables, it->parent->physical);
	if (t && map_find(&t->columns, it->physical))
		return arena_printf(p->arena, "t.%s", schema_ident(p->arena, it->physical));
	const char *literal = column_default(p, it);
	return literal ? literal : arena_printf(p->arena, "NULL::%s", shape_column_type(p->arena, it->field));
}

static bool is_item_column(const struct schema_item *it, const struct schema_item *section)
{
	return it->parent == section && strcmp(it->kind, "field") == 0 && schema_is_column(it->field);
}

static void column_sql(struct buf *b, struct arena *a, const struct schema_item *it)
{
	buf_ident(b, it->physical);
	buf_printf(b, " %s", shape_column_sql(a, it->field));
}

static void table_new(struct schema_plan *p, const struct schema_item *section)
{
	struct arena *a = p->arena;
	struct buf b = BUF_INIT;
	buf_printf(&b, "CREATE TABLE %s (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", schema_table_sql(a, section->physical));
	buf_puts(&b, ", created_at timestamptz NOT NULL, created_by bigint, changed_at timestamptz NOT NULL, changed_by bigint, row_version "
				 "bigint NOT NULL DEFAULT 1");
	for (size_t i = 0; i < p->items.count; i++) {
		const struct schema_item *it = p->items.items[i];
		if (!is_item_column(it, section) || (it->field->builtin && it->field->type != FIELD_STAGE))
			continue;
		buf_puts(&b, ", ");
		column_sql(&b, a, it);
	}
	buf_putc(&b, ')');
	struct schema_op *op = schema_op_add(p, OP_TABLE, section->physical, section->physical, arena_strdup(a, b.data));
	op->place = section->path;
	op->item = section;
	op->fresh = true;
	buf_destroy(&b);
}

static void columns_new(struct schema_plan *p, const struct schema_item *section, const struct schema_table *t)
{
	struct arena *a = p->arena;
	struct buf b = BUF_INIT;
	struct schema_op found = {.rows = -1};
	for (size_t i = 0; i < p->items.count; i++) {
		const struct schema_item *it = p->items.items[i];
		if (!is_item_column(it, section) || map_find(&t->columns, it->physical))
			continue;
		buf_puts(&b, found.columns.count ? ", ADD COLUMN " : " ADD COLUMN ");
		column_sql(&b, a, it);
		const char *literal = it->replaced ? NULL : column_default(p, it);
		if (literal)
			buf_printf(&b, " DEFAULT %s", literal);
		arena_push(a, &found.columns, it->physical);
		arena_push(a, &found.columns, it->path);
	}
	if (found.columns.count) {
		struct schema_op *op =
			schema_op_add(p, OP_COLUMNS, t->name, t->name, arena_printf(a, "ALTER TABLE %s%s", schema_table_sql(a, t->name), b.data));
		op->place = section->path;
		op->columns.items = found.columns.items;
		op->columns.count = found.columns.count;
		op->columns.cap = found.columns.cap;
		schema_lock_add(p, t->name, "new columns: the table is locked for an instant, in attempts of at most 0.1 s", 0);
	}
	buf_destroy(&b);
}

static void link_new(struct schema_plan *p, const struct schema_item *it)
{
	struct arena *a = p->arena;
	const char *sql = arena_printf(
		a,
		"CREATE TABLE %s (record bigint NOT NULL, target bigint NOT NULL, position int NOT NULL DEFAULT 0, PRIMARY KEY (record, target))",
		schema_table_sql(a, it->physical));
	struct schema_op *op = schema_op_add(p, OP_TABLE, it->physical, it->physical, sql);
	op->place = it->path;
	op->item = it;
	op->fresh = true;
}

static bool is_fresh(const struct schema_plan *p, const char *table)
{
	return !map_find(&p->current->tables, table);
}

static void tables_ops(struct schema_plan *p)
{
	for (size_t i = 0; i < p->items.count; i++) {
		const struct schema_item *it = p->items.items[i];
		if (strcmp(it->kind, "section") == 0) {
			if (is_fresh(p, it->physical))
				table_new(p, it);
		} else if (strcmp(it->kind, "field") == 0 && schema_is_link(it->field) && is_fresh(p, it->physical)) {
			link_new(p, it);
		}
	}
	for (size_t i = 0; i < p->items.count; i++) {
		const struct schema_item *it = p->items.items[i];
		const struct schema_table *t = strcmp(it->kind, "section") == 0 ? map_find(&p->current->tables, it->physical) : NULL;
		if (t)
			columns_new(p, it, t);
	}
}

/* Milliseconds in which about so many rows are compared and, where they changed, written. */
int64_t schema_stop_for(int64_t rows, int64_t rows_a_ms)
{
	return rows > 0 ? rows / rows_a_ms : 0;
}

/* Sums stand in the order in which they read each other, behind what they read. */
static void sums_order(struct schema_diff *d)
{
	struct schema_plan *p = d->plan;
	size_t n = 0, kept = 0;
	struct schema_op *sums = arena_array(p->arena, struct schema_op, p->ops.count + 1);
	for (size_t i = 0; i < p->ops.count; i++) {
		if (p->ops.items[i].kind == OP_FILL && !p->ops.items[i].sql && !p->ops.items[i].link)
			sums[n++] = p->ops.items[i];
		else
			p->ops.items[kept++] = p->ops.items[i];
	}
	if (!n)
		return;
	schema_rollup_order(sums, n);
	memcpy(p->ops.items + kept, sums, n * sizeof *sums);
}

void schema_sums_locks(struct schema_diff *d)
{
	struct schema_plan *p = d->plan;
	for (size_t i = 0; i < p->ops.count; i++) {
		const struct schema_op op = p->ops.items[i];
		if (op.kind == OP_FILL && !op.sql && !op.link)
			schema_lock_add(p, op.table,
							schema_rollup_whole(p, op.item->field)
								? "sums are computed in batches, then compared once more: writes stop"
								: "sums are computed in batches, then those whose lines changed meanwhile: writes stop",
							schema_rollup_stop(d, op.item->field, op.rows));
	}
}

/* Values of columns that take another's place, and of rollups over records that are there. */
static void fill_ops(struct schema_diff *d)
{
	struct schema_plan *p = d->plan;
	struct arena *a = p->arena;
	for (size_t i = 0; i < p->items.count; i++) {
		const struct schema_item *it = p->items.items[i];
		if (strcmp(it->kind, "field") != 0 || !it->physical || !it->parent->old || is_fresh(p, it->parent->physical))
			continue;
		const struct schema_table *t = map_find(&p->current->tables, it->parent->physical);
		bool rollup = it->field->type == FIELD_ROLLUP;
		if (!it->replaced && !(rollup && !map_find(&t->columns, it->physical)))
			continue;
		int64_t rows = schema_count(d, arena_printf(a, "SELECT count(*) FROM %s", schema_table_sql(a, t->name)));
		if (rows == 0 && !schema_is_link(it->field))
			continue;
		if (schema_is_link(it->field)) {
			const struct schema_convert c =
				schema_object_is_link(it->old) ? (struct schema_convert){NULL, "true"} : schema_item_convert(p, it);
			if (c.misfit && strcmp(c.misfit, "true") == 0)
				continue;
			struct schema_op *op = schema_op_add(p, OP_FILL, t->name, it->physical, c.value);
			op->place = it->path;
			op->item = it;
			op->rows = rows;
			op->link = true;
			schema_lock_add(p, t->name, "values go into a link table in batches, then what changed once more: writes stop",
							schema_stop_for(rows, 8000));
			continue;
		}
		const char *value = rollup ? NULL : schema_item_convert(p, it).value;
		struct schema_op *op = schema_op_add(p, OP_FILL, t->name, it->physical, value);
		op->place = it->path;
		op->item = it;
		op->rows = rows;
		if (!rollup)
			schema_lock_add(p, t->name, "values are converted in batches, then what changed once more: writes stop",
							schema_stop_for(rows, 8000));
	}
	sums_order(d);
}

static void keys_ops(struct schema_plan *p)
{
	struct arena *a = p->arena;
	for (size_t i = 0; i < p->shape.keys.count; i++) {
		const struct shape_key *k = &p->shape.keys.items[i];
		const struct schema_key *there = map_find(&p->current->keys, k->name);
		bool late = k->late, fresh = is_fresh(p, k->table) && !late;
		if (!there) {
			struct schema_op *op = schema_op_add(p, OP_KEY, k->table, k->name,
												 arena_printf(a, "ALTER TABLE %s ADD CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s (id)%s%s",
															  schema_table_sql(a, k->table), schema_ident(a, k->name),
															  schema_ident(a, k->column), schema_table_sql(a, k->target),
															  k->cascade ? " ON DELETE CASCADE" : "", fresh ? "" : " NOT VALID"));
			op->fresh = fresh;
			op->late = late;
			op->detail = k->target;
			if (!late && (!is_fresh(p, k->target) || !fresh))
				schema_lock_add(p, fresh ? k->target : k->table, "foreign keys: writes stop for an instant, in attempts of at most 0.1 s",
								0);
		}
		if (!fresh && (!there || !there->valid))
			schema_op_add(p, OP_VALIDATE, k->table, k->name,
						  arena_printf(a, "ALTER TABLE %s VALIDATE CONSTRAINT %s", schema_table_sql(a, k->table), schema_ident(a, k->name)))
				->late = late;
	}
}

static void indexes_ops(struct schema_plan *p)
{
	struct arena *a = p->arena;
	for (size_t i = 0; i < p->shape.indexes.count; i++) {
		const struct shape_index *x = &p->shape.indexes.items[i];
		const struct schema_index *there = map_find(&p->current->indexes, x->name);
		if (there && there->valid)
			continue;
		bool fresh = is_fresh(p, x->table);
		struct schema_op *op =
			schema_op_add(p, OP_INDEX, x->table, x->name,
						  arena_printf(a, "CREATE %sINDEX %s%s ON %s %s", x->fields ? "UNIQUE " : "", fresh ? "" : "CONCURRENTLY ",
									   schema_ident(a, x->name), schema_table_sql(a, x->table), x->body));
		op->fresh = fresh;
		op->rebuild = there != NULL;
		op->place = x->section->path;
		op->detail = x->why;
		if (!fresh)
			schema_lock_add(p, x->table, "indexes are built while people read and write", 0);
	}
	for (size_t i = 0; i < p->items.count; i++) {
		const struct schema_item *it = p->items.items[i];
		if (strcmp(it->kind, "field") != 0 || !schema_is_link(it->field))
			continue;
		const char *name = arena_printf(a, "%s_ix", shape_name(a, arena_printf(a, "%s_target", it->physical), 3));
		const struct schema_index *there = map_find(&p->current->indexes, name);
		map_put(&p->shape.names, name, (void *)name);
		if (there && there->valid)
			continue;
		bool fresh = is_fresh(p, it->physical);
		struct schema_op *op = schema_op_add(p, OP_INDEX, it->physical, name,
											 arena_printf(a, "CREATE INDEX %s%s ON %s (target)", fresh ? "" : "CONCURRENTLY ",
														  schema_ident(a, name), schema_table_sql(a, it->physical)));
		op->fresh = fresh;
		op->rebuild = there != NULL;
		op->place = it->path;
		op->detail = "lookup";
	}
}

static bool ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);
	return n >= m && strcmp(s + n - m, suffix) == 0;
}

/* Made by apply: an operator's own indexes stay. */
static bool index_is_ours(const char *name)
{
	size_t n = strlen(name);
	if (n < 12 || !(ends_with(name, "_ix") || ends_with(name, "_ux")))
		return false;
	for (size_t i = n - 11; i < n - 3; i++)
		if (!isxdigit((unsigned char)name[i]))
			return false;
	return name[n - 12] == '_';
}

/* The columns and links whose place another one takes: their values are carried over by then. */
static void replaced_drops(struct schema_plan *p)
{
	struct arena *a = p->arena;
	for (size_t i = 0; i < p->items.count; i++) {
		const struct schema_item *it = p->items.items[i];
		if (!it->replaced)
			continue;
		bool link = schema_object_is_link(it->old);
		const char *table = link ? it->replaced : it->parent->physical;
		const char *sql =
			link ? arena_printf(a, "DROP TABLE IF EXISTS %s", schema_table_sql(a, table))
				 : arena_printf(a, "ALTER TABLE %s DROP COLUMN IF EXISTS %s", schema_table_sql(a, table), schema_ident(a, it->replaced));
		struct schema_op *op = schema_op_add(p, OP_DROP, table, it->replaced, sql);
		op->item = it;
		op->place = it->path;
	}
}

static void finish_ops(struct schema_plan *p)
{
	struct arena *a = p->arena;
	for (size_t i = 0; i < p->current->keys.count; i++) {
		const struct schema_key *k = p->current->keys.items[i].value;
		bool wanted = !ends_with(k->name, "_fk");
		for (size_t n = 0; n < p->shape.keys.count && !wanted; n++)
			wanted = strcmp(p->shape.keys.items[n].name, k->name) == 0;
		if (!wanted)
			schema_op_add(p, OP_KEY_DROP, k->table, k->name,
						  arena_printf(a, "ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s", schema_table_sql(a, k->table),
									   schema_ident(a, k->name)));
	}
	for (size_t i = 0; i < p->current->indexes.count; i++) {
		const struct schema_index *x = p->current->indexes.items[i].value;
		if (index_is_ours(x->name) && !map_find(&p->shape.names, x->name))
			schema_op_add(p, OP_INDEX_DROP, x->table, x->name,
						  arena_printf(a, "DROP INDEX CONCURRENTLY IF EXISTS app.%s", schema_ident(a, x->name)));
	}
	for (size_t i = 0; i < p->items.count; i++) {
		const struct schema_item *it = p->items.items[i];
		if (strcmp(it->kind, "field") != 0 || !schema_is_column(it->field) || it->field->type == FIELD_ID ||
			is_fresh(p, it->parent->physical))
			continue;
		const struct schema_table *t = map_find(&p->current->tables, it->parent->physical);
		const struct schema_column *c = map_find(&t->columns, it->physical);
		if (c ? c->has_default : !it->replaced && column_default(p, it))
			schema_op_add(p, OP_DEFAULT_DROP, t->name, it->physical,
						  arena_printf(a, "ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT", schema_table_sql(a, t->name),
									   schema_ident(a, it->physical)));
	}
}

void schema_ops(struct schema_diff *d)
{
	struct schema_plan *p = d->plan;
	tables_ops(p);
	fill_ops(d);
	keys_ops(p);
	indexes_ops(p);
	finish_ops(p);
	replaced_drops(p);
}
