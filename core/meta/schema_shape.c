#include "meta/schema_shape.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/date.h"
#include "base/err.h"
#include "meta/registry.h"
#include "pg/pg_sql.h"

enum { NAME_MAX_BYTES = 63, UNIQUE_MAX = 16 };

const char *shape_column_type(struct arena *a, const struct field *f)
{
	switch (schema_value_type(f)) {
	case FIELD_TEXT:
	case FIELD_EMAIL:
	case FIELD_PHONE:
	case FIELD_URL:
	case FIELD_AUTONUMBER:
	case FIELD_CHOICE:
	case FIELD_STAGE: return "text";
	case FIELD_INTEGER:
	case FIELD_DURATION:
	case FIELD_LOOKUP:
	case FIELD_FILE:
	case FIELD_ID: return "bigint";
	case FIELD_DECIMAL:
	case FIELD_MONEY:
	case FIELD_PERCENT:
		/* ten digits before the point at least */
		return arena_printf(a, "numeric(%d,%d)", f->scale > 8 ? 10 + f->scale : 18, f->scale);
	case FIELD_BOOLEAN: return "boolean";
	case FIELD_DATE: return "date";
	case FIELD_DATETIME: return "timestamp with time zone";
	case FIELD_DETAIL:
	case FIELD_FORMULA:
	case FIELD_ROLLUP:
	case FIELD_TYPE_COUNT: break;
	}
	return NULL;
}

const char *shape_column_sql(struct arena *a, const struct field *f)
{
	const char *type = shape_column_type(a, f);
	return type && strcmp(type, "text") == 0 ? "text COLLATE \"C\"" : type;
}

/* FNV-1a, enough to tell names apart. */
static uint64_t text_hash(const char *s)
{
	uint64_t h = 1469598103934665603u;
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211u;
	return h;
}

const char *shape_name(struct arena *a, const char *name, size_t room)
{
	size_t max = NAME_MAX_BYTES - room;
	if (strlen(name) <= max)
		return name;
	return arena_printf(a, "%.*s_%08x", (int)(max - 9), name, (unsigned)(text_hash(name) & 0xffffffffu));
}

const char *shape_quote(struct arena *a, const char *text)
{
	struct buf b = BUF_INIT;
	/* E'' where a backslash would otherwise depend on standard_conforming_strings */
	buf_puts(&b, strchr(text, '\\') ? "E'" : "'");
	for (const char *p = text; *p; p++) {
		if (*p == '\'' || *p == '\\')
			buf_putc(&b, *p);
		buf_putc(&b, *p);
	}
	buf_putc(&b, '\'');
	const char *out = arena_strdup(a, b.data);
	buf_destroy(&b);
	return out;
}

const char *shape_literal(struct arena *a, const struct field *f, const struct value *v)
{
	struct buf b = BUF_INIT;
	const char *text = "";
	switch (v->kind) {
	case VALUE_NIL:
	case VALUE_LIST: return "NULL";
	case VALUE_BOOL: return v->b ? "true" : "false";
	case VALUE_INT:
	case VALUE_DURATION: text = arena_printf(a, "%lld", (long long)v->i); break;
	case VALUE_DEC:
	case VALUE_TEXT: text = arena_strndup(a, v->text.s, v->text.len); break;
	case VALUE_DATE:
		date_write(&b, v->i);
		text = arena_strdup(a, b.data);
		break;
	case VALUE_TIME:
		time_write(&b, v->i);
		text = arena_strdup(a, b.data);
		break;
	}
	buf_destroy(&b);
	return arena_printf(a, "%s::%s", shape_quote(a, text), shape_column_type(a, f));
}

void shape_create(struct schema_shape *s, struct arena *a, const struct registry *r, const struct schema_items *items,
				  const char *trgm_schema)
{
	memset(s, 0, sizeof *s);
	s->arena = a;
	s->registry = r;
	s->items = items;
	s->trgm_schema = trgm_schema;
	map_create(&s->by_path, a);
	map_create(&s->names, a);
	for (size_t i = 0; i < items->count; i++)
		map_put(&s->by_path, arena_printf(a, "%s %s", items->items[i]->kind, items->items[i]->path), items->items[i]);
}

struct schema_item *shape_find(const struct schema_shape *s, const char *kind, const char *path)
{
	return map_find(&s->by_path, arena_printf(s->arena, "%s %s", kind, path));
}

struct schema_item *shape_field(const struct schema_shape *s, const struct field *f)
{
	return shape_find(s, "field", arena_printf(s->arena, "%s.%s", f->section->expr.name, f->expr.name));
}

/* The physical column, or NULL when the field has none. */
static const char *column_of(const struct schema_shape *s, const struct field *f)
{
	if (!schema_is_column(f))
		return NULL;
	const struct schema_item *it = shape_field(s, f);
	return it ? it->physical : NULL;
}

static const char *ident(struct arena *a, const char *name)
{
	struct buf b = BUF_INIT;
	buf_ident(&b, name);
	const char *out = arena_strdup(a, b.data);
	buf_destroy(&b);
	return out;
}

/* Name of an index from what it is. */
static const char *index_name(struct arena *a, const char *table, const char *hint, const char *body, bool unique)
{
	char stem[NAME_MAX_BYTES + 1];
	snprintf(stem, sizeof stem, "%s_%s", table, hint);
	return arena_printf(a, "%.48s_%08x_%s", stem, (unsigned)(text_hash(body) & 0xffffffffu), unique ? "ux" : "ix");
}

static struct shape_index *index_add(struct schema_shape *s, const struct section *section, const char *hint, const char *body,
									 const char *why, bool unique)
{
	const struct schema_item *it = shape_find(s, "section", section->expr.name);
	if (!it || !it->physical)
		return NULL;
	const char *name = index_name(s->arena, it->physical, hint, body, unique);
	if (map_find(&s->names, name))
		return NULL;
	map_put(&s->names, name, (void *)name);
	struct shape_index x = {.name = name, .table = it->physical, .body = body, .why = why, .section = it};
	arena_push(s->arena, &s->indexes, x);
	return &s->indexes.items[s->indexes.count - 1];
}

bool shape_is_text(const struct field *f)
{
	switch (schema_value_type(f)) {
	case FIELD_TEXT:
	case FIELD_EMAIL:
	case FIELD_PHONE:
	case FIELD_URL:
	case FIELD_AUTONUMBER: return true;
	default: return false;
	}
}

/* An index on one column by its values. */
static void index_plain(struct schema_shape *s, const struct field *f, const char *why)
{
	const char *col = column_of(s, f);
	if (!col || f->type == FIELD_ID)
		return;
	struct shape_index *x = index_add(s, f->section, col, arena_printf(s->arena, "USING btree (%s)", ident(s->arena, col)), why, false);
	if (x) {
		const struct field **held = arena_array(s->arena, const struct field *, 1);
		held[0] = f;
		x->held = held;
		x->nheld = 1;
	}
}

/* The body of a unique index over columns; NULLs never collide. */
static const char *unique_body(struct arena *a, const char *const *columns, size_t n)
{
	struct buf b = BUF_INIT;
	buf_puts(&b, "USING btree (");
	for (size_t i = 0; i < n; i++) {
		buf_puts(&b, i ? ", " : "");
		buf_ident(&b, columns[i]);
	}
	buf_puts(&b, ") WHERE ");
	for (size_t i = 0; i < n; i++) {
		buf_puts(&b, i ? " AND " : "");
		buf_ident(&b, columns[i]);
		buf_puts(&b, " IS NOT NULL");
	}
	const char *out = arena_strdup(a, b.data);
	buf_destroy(&b);
	return out;
}

static void index_unique(struct schema_shape *s, const struct section *section, struct field *const *fields, size_t n)
{
	const char *columns[UNIQUE_MAX];
	if (n == 0 || n > UNIQUE_MAX)
		return;
	struct buf hint = BUF_INIT;
	for (size_t i = 0; i < n; i++) {
		columns[i] = column_of(s, fields[i]);
		if (!columns[i]) {
			buf_destroy(&hint);
			return;
		}
		buf_printf(&hint, "%s%s", i ? "_" : "", columns[i]);
	}
	struct shape_index *x = index_add(s, section, hint.data, unique_body(s->arena, columns, n), "unique", true);
	buf_destroy(&hint);
	if (!x)
		return;
	const struct field **copy = arena_array(s->arena, const struct field *, n);
	for (size_t i = 0; i < n; i++)
		copy[i] = fields[i];
	x->fields = x->held = copy;
	x->nfields = x->nheld = n;
}

static const char *physical_of(void *ctx, const struct expr_field *f)
{
	const struct schema_shape *s = ctx;
	const struct field *field = (const struct field *)f;
	const char *col = field->builtin && field->type != FIELD_STAGE ? NULL : column_of(s, field);
	return col ? ident(s->arena, col) : f->column;
}

/* A formula over the record's own columns as reading writes it, in parentheses, of rows of `table`; NULL where no index can hold it. */
static const char *formula_of(const struct schema_shape *s, const struct field *f)
{
	const struct schema_item *it = shape_find(s, "section", f->section->expr.name);
	if (f->expr.storage != EXPR_FORMULA || !f->expr.formula || !expr_is_immutable(f->expr.formula) || !it || !it->physical)
		return NULL;
	struct pg_sql sql;
	struct err err;
	err_init(&err, s->arena);
	pg_sql_create(&sql, s->arena);
	struct expr_sql opts = {.sql = &sql, .alias = ident(s->arena, it->physical), .physical = physical_of, .ctx = (void *)s};
	int r = expr_sql_field(&f->expr, &opts, &err);
	const char *text = pg_sql_finish_constant(&sql);
	return r || !text ? NULL : arena_printf(s->arena, "(%s)", text);
}

/* A column, or a formula that an index can hold, as SQL and as a part of the index's name; NULL: none. */
static const char *key_of(const struct schema_shape *s, const struct field *f, const char **hint)
{
	const char *col = column_of(s, f);
	*hint = col ? col : f->expr.name;
	return col ? ident(s->arena, col) : formula_of(s, f);
}

/* It as it stands in an order and its index: of a text so much as an index can always hold, where so many texts order together (serve/plan_order). */
static const char *order_key(struct arena *a, const struct field *f, const char *key, size_t texts)
{
	return shape_is_text(f) ? arena_printf(a, "left(%s, %d) COLLATE \"und-x-icu\"", key, field_order_length(texts)) : key;
}

/* The index that a formula asks for: texts are found by what they are, however long. */
static void index_formula(struct schema_shape *s, const struct field *f)
{
	const char *key = formula_of(s, f);
	if (key)
		index_add(s, f->section, f->expr.name, arena_printf(s->arena, shape_is_text(f) ? "USING hash (%s)" : "USING btree (%s, id)", key),
				  "index", false);
}

/* The index that serves a declared list's ORDER BY, in exactly the shape that reading writes. */
static void index_sort(struct schema_shape *s, const struct section *section, const struct list *l)
{
	struct buf body = BUF_INIT, hint = BUF_INIT;
	bool descending = false, whole = l->nsort > 0;
	size_t texts = 0;
	for (size_t i = 0; i < l->nsort; i++) {
		const struct field *f = section_find(section, l->sort[i] + (l->sort[i][0] == '-'));
		texts += f && shape_is_text(f);
	}
	buf_puts(&body, "USING btree (");
	for (size_t i = 0; i < l->nsort && whole; i++) {
		const char *name = l->sort[i];
		descending = name[0] == '-';
		const struct field *f = section_find(section, descending ? name + 1 : name);
		const char *part, *key = f ? key_of(s, f, &part) : NULL;
		/* what is shown of a lookup is its record's title, and that is not of this table */
		whole = key && schema_value_type(f) != FIELD_LOOKUP && f->type != FIELD_LOOKUP && f->type != FIELD_FILE && f->type != FIELD_ID;
		if (!whole)
			break;
		buf_printf(&body, "%s%s%s", i ? ", " : "", order_key(s->arena, f, key, texts), descending ? " DESC NULLS LAST" : "");
		buf_printf(&hint, "%s%s", i ? "_" : "", part);
	}
	buf_printf(&body, ", id%s)", descending ? " DESC" : "");
	if (whole)
		index_add(s, section, hint.data, arena_strdup(s->arena, body.data), "list", false);
	buf_destroy(&body);
	buf_destroy(&hint);
}

/* The index of a lookup's target that serves an order by one of its columns, both ways: `path` is a lookup, which is ordered by its target's name, or leads through one. */
static void index_target(struct schema_shape *s, const struct section *section, const char *path)
{
	size_t n = strcspn(path, ".");
	const struct field *nav = section_find_n(section, path, n), *f = NULL;
	if (!nav || nav->type != FIELD_LOOKUP || !nav->to || !column_of(s, nav))
		return;
	if (path[n])
		f = section_find(nav->to, path + n + 1);
	for (size_t i = 0; !path[n] && i < nav->to->nfields && !f; i++)
		f = field_is_name(nav->to->fields[i]) ? nav->to->fields[i] : NULL;
	const char *col = f ? column_of(s, f) : NULL;
	if (!col || f->type == FIELD_LOOKUP || f->type == FIELD_FILE || f->type == FIELD_ID || f->is_long)
		return;
	index_add(s, nav->to, col, arena_printf(s->arena, "USING btree (%s, id)", order_key(s->arena, f, ident(s->arena, col), 1)), "list",
			  false);
}

static void list_indexes(struct schema_shape *s, const struct section *section, const struct list *l)
{
	index_sort(s, section, l);
	/* several keys are read without it */
	if (l->nsort == 1)
		index_target(s, section, l->sort[0] + (l->sort[0][0] == '-'));
	for (size_t i = 0; i < l->ncolumns; i++)
		if (!strchr(l->columns[i].path, '.'))
			index_target(s, section, l->columns[i].path);
}

static void index_search(struct schema_shape *s, const struct field *f)
{
	const char *col = column_of(s, f);
	if (!col || !s->trgm_schema || !shape_is_text(f))
		return;
	const char *body = arena_printf(s->arena, "USING gin ((%s COLLATE \"und-x-icu\") %s.gin_trgm_ops)", ident(s->arena, col),
									ident(s->arena, s->trgm_schema));
	index_add(s, f->section, col, body, "search", false);
}

static void search_visit(void *ctx, const struct expr_table *t, const struct expr_field *f, bool of_old)
{
	(void)t;
	(void)of_old;
	index_search(ctx, (const struct field *)f);
}

static void rule_visit(void *ctx, const struct expr_table *t, const struct expr_field *f, bool of_old)
{
	(void)t;
	struct schema_shape *s = ctx;
	const struct field *field = (const struct field *)f;
	if (of_old || field->type == FIELD_BOOLEAN || field->is_long || field->unique || field->index)
		return;
	const char *col = column_of(s, field);
	/* rules ask whether texts are the same, and a hash is short however long its text is */
	if (col && shape_is_text(field) && field->type != FIELD_AUTONUMBER)
		index_add(s, field->section, col, arena_printf(s->arena, "USING hash (%s)", ident(s->arena, col)), "rule", false);
	else
		index_plain(s, field, "rule");
}

static void section_indexes(struct schema_shape *s, const struct section *section)
{
	for (size_t i = 0; i < section->nfields; i++) {
		struct field *f = section->fields[i];
		bool own_lookup = !f->builtin && (f->type == FIELD_LOOKUP || f->type == FIELD_FILE);
		if (own_lookup)
			index_plain(s, f, "lookup");
		if (f->unique || f->type == FIELD_AUTONUMBER)
			index_unique(s, section, &f, 1);
		if (f->index && f->expr.storage == EXPR_FORMULA)
			index_formula(s, f);
		else if (f->index)
			index_plain(s, f, "index");
		if (f->search)
			index_search(s, f);
	}
	for (size_t i = 0; i < section->nuniques; i++)
		index_unique(s, section, section->uniques[i].fields, section->uniques[i].nfields);
	for (size_t i = 0; i < section->nlists; i++)
		list_indexes(s, section, section->lists[i]);
	if (section->title.expr)
		expr_walk_fields(section->title.expr, search_visit, s);
}

static void key_add(struct schema_shape *s, const char *table, const char *column, const char *target, bool cascade, bool late)
{
	const char *name = arena_printf(s->arena, "%s_fk", shape_name(s->arena, arena_printf(s->arena, "%s_%s", table, column), 3));
	struct shape_key k = {name, table, column, target, cascade, late};
	arena_push(s->arena, &s->keys, k);
}

static void section_keys(struct schema_shape *s, const struct section *section)
{
	const struct schema_item *own = shape_find(s, "section", section->expr.name);
	for (size_t i = 0; i < section->nfields; i++) {
		const struct field *f = section->fields[i];
		if (f->builtin || (f->type != FIELD_LOOKUP && f->type != FIELD_FILE) || !f->stored)
			continue;
		const struct section *to = f->to ? f->to : f->type == FIELD_FILE ? s->registry->file : NULL;
		const struct schema_item *it = shape_field(s, f), *target = to ? shape_find(s, "section", to->expr.name) : NULL;
		if (!it || !it->physical || !target || !target->physical)
			continue;
		if (schema_is_link(f)) {
			key_add(s, it->physical, "record", own->physical, true, false);
			key_add(s, it->physical, "target", target->physical, false, it->replaced != NULL);
		} else {
			key_add(s, own->physical, it->physical, target->physical, false, it->replaced != NULL);
		}
	}
}

/* A plain index whose column leads another one in the same order serves nothing that the other does not. */
static void indexes_prune(struct schema_shape *s)
{
	size_t kept = 0;
	for (size_t i = 0; i < s->indexes.count; i++) {
		const struct shape_index *x = &s->indexes.items[i];
		size_t n = strlen(x->body);
		bool led = false;
		for (size_t k = 0; k < s->indexes.count && !led && !x->fields; k++) {
			const struct shape_index *y = &s->indexes.items[k];
			led = k != i && strcmp(x->table, y->table) == 0 && strncmp(x->body, y->body, n - 1) == 0 &&
				  strncmp(y->body + n - 1, ", id)", 5) == 0;
		}
		if (!led)
			s->indexes.items[kept++] = *x;
	}
	/* pruned ones are not wanted: what an earlier version made of them goes */
	s->indexes.count = kept;
	map_create(&s->names, s->arena);
	for (size_t i = 0; i < kept; i++)
		map_put(&s->names, s->indexes.items[i].name, (void *)s->indexes.items[i].name);
}

void shape_fill(struct schema_shape *s)
{
	const struct registry *r = s->registry;
	for (size_t i = 0; i < r->nsections; i++) {
		section_indexes(s, r->sections[i]);
		section_keys(s, r->sections[i]);
	}
	for (size_t i = 0; i < r->ngrants; i++)
		for (int k = 0; k < GRANT_ACTIONS; k++)
			if (r->grants[i]->on[k].expr)
				expr_walk_fields(r->grants[i]->on[k].expr, rule_visit, s);
	indexes_prune(s);
}
