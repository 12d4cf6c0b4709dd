/* schema_rules: rules that a configuration sets anew (required, min, max, check, where, forms of texts, stages and paths, trees, owners), and the records that are
 * there and break them. They are rules for what is written from now on: nothing happens to those records, and the plan counts them and shows some.
 *
 * Expressions are compiled over the tables as they will be: where a column, code or table is not there yet, a subselect stands in its place. */
#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/date.h"
#include "base/err.h"
#include "meta/schema_diff.h"
#include "pg/pg.h"
#include "pg/pg_sql.h"

/* SHORT_TEXT: what the write path takes into a text that is not long (serve/record_value) */
enum { SHOWN_ROWS = 3, SHOWN_BYTES = 40, PARTS = 64, SHORT_TEXT = 4000 };

/* Forms that the write path asks of texts (serve/record_value). */
static const char email_form[] =
	"^[^[:cntrl:][:space:]<>()\\[\\],;:\\\\\"@]+@[^[:cntrl:][:space:]<>()\\[\\],;:\\\\\"@.][^[:cntrl:][:space:]<>()\\[\\],;:\\\\\"@]*[.]"
	"[^[:cntrl:][:space:]<>()\\[\\],;:\\\\\"@]*[^[:cntrl:][:space:]<>()\\[\\],;:\\\\\"@.]$";
static const char phone_form[] = "^[^0-9]*([0-9][^0-9]*){3,40}$";
static const char url_form[] = "^https?://[^[:cntrl:][:space:]\"<>\\\\]+$";

struct rules {
	struct schema_diff *d;
	struct schema_plan *plan;
	struct arena *arena;
	const struct registry *future; /* with the names that tables and columns will have */
	struct pg_bindings bindings;
	struct map unknown; /* paths of stored rollups whose values are still to be computed */
};

/* ---- the tables as they will be ---- */

/* Codes that are renamed, or NULL: "CASE c WHEN … END" over the column. */
static const char *codes_renamed(struct rules *x, const struct schema_item *owner, const char *kind, const char *column)
{
	struct buf b = BUF_INIT;
	for (size_t i = 0; i < x->plan->items.count; i++) {
		const struct schema_item *it = x->plan->items.items[i];
		if (it->parent != owner || strcmp(it->kind, kind) != 0 || !it->was)
			continue;
		buf_printf(&b, " WHEN %s THEN %s", shape_quote(x->arena, it->was + 1), shape_quote(x->arena, it->tail + 1));
	}
	const char *out = b.len ? arena_printf(x->arena, "CASE %s%s ELSE %s END", column, b.data, column) : NULL;
	buf_destroy(&b);
	return out;
}

/* The section's rows with all columns of the new configuration: the table itself where nothing of it changes. */
static const char *section_view(struct rules *x, const struct schema_item *section)
{
	struct schema_plan *p = x->plan;
	const struct schema_table *t = map_find(&p->current->tables, section->physical);
	bool plain = t != NULL;
	struct buf b = BUF_INIT;
	for (size_t i = 0; i < p->items.count; i++) {
		const struct schema_item *it = p->items.items[i];
		if (it->parent != section || strcmp(it->kind, "field") != 0 || !schema_is_column(it->field) || !it->physical)
			continue;
		const char *type = shape_column_type(x->arena, it->field), *value = NULL, *name = schema_ident(x->arena, it->physical);
		if (!t)
			value = arena_printf(x->arena, "NULL::%s", type);
		else if (!map_find(&t->columns, it->physical))
			value = arena_printf(x->arena, "(%s)::%s", schema_future_value(p, it), type);
		else if (it->field->type == FIELD_CHOICE)
			value = codes_renamed(x, it, "value", arena_printf(x->arena, "t.%s", name));
		else if (it->field->type == FIELD_STAGE)
			value = codes_renamed(x, section, "stage", arena_printf(x->arena, "t.%s", name));
		if (it->field->type == FIELD_ROLLUP && t && !map_find(&t->columns, it->physical))
			map_put(&x->unknown, it->path, (void *)it);
		plain &= value == NULL;
		buf_printf(&b, "%s%s AS %s", b.len ? ", " : "", value ? value : arena_printf(x->arena, "t.%s", name), name);
	}
	const char *out = plain ? NULL
					  : t   ? arena_printf(x->arena, "(SELECT %s FROM %s t)", b.data, schema_table_sql(x->arena, section->physical))
							: arena_printf(x->arena, "(SELECT %s WHERE false)", b.len ? b.data : "NULL::bigint AS id");
	buf_destroy(&b);
	return out;
}

/* A link table that is still to be made. */
static const char *link_view(struct rules *x, const struct schema_item *it)
{
	struct schema_plan *p = x->plan;
	if (map_find(&p->current->tables, it->physical))
		return NULL;
	if (it->replaced && !schema_object_is_link(it->old)) {
		struct schema_convert c = schema_item_convert(p, it);
		if (c.value && !(c.misfit && strcmp(c.misfit, "true") == 0))
			return arena_printf(x->arena, "(SELECT t.id AS record, %s AS target, 0 AS position FROM %s t WHERE t.%s IS NOT NULL)", c.value,
								schema_table_sql(x->arena, it->parent->physical), schema_ident(x->arena, it->replaced));
	}
	return "(SELECT 0::bigint AS record, 0::bigint AS target, 0 AS position WHERE false)";
}

/* The registry is the plan's own: nobody else sees what stands in it for tables. */
static void views_put(struct rules *x)
{
	for (size_t i = 0; i < x->plan->items.count; i++) {
		const struct schema_item *it = x->plan->items.items[i];
		bool section = strcmp(it->kind, "section") == 0;
		if (!section && (strcmp(it->kind, "field") != 0 || !schema_is_link(it->field)))
			continue;
		struct section *s = registry_find(x->future, it->section->expr.name);
		const char *view = section ? section_view(x, it) : link_view(x, it);
		if (!s || !view)
			continue;
		struct field *f = section ? NULL : section_find(s, it->field->expr.name);
		if (section)
			s->expr.sql = view;
		else if (f)
			f->expr.link = view;
	}
}

/* ---- counting ---- */

static const char *examples_of(struct rules *x, const struct pg_rows *rows, const char *section, bool values)
{
	struct buf b = BUF_INIT;
	for (size_t i = 0; i < pg_rows_count(rows); i++) {
		buf_printf(&b, "%s%s/%" PRId64, i ? ", " : "", section, pg_rows_int(rows, i, 0));
		if (values && !pg_rows_null(rows, i, 1))
			buf_printf(&b, " '%s'", pg_rows_text(rows, i, 1));
	}
	const char *out = b.len ? arena_strdup(x->arena, b.data) : NULL;
	buf_destroy(&b);
	return out;
}

const char *schema_examples(struct schema_diff *d, const char *section, const char *from, const char *value, const char *where)
{
	struct rules x = {.d = d, .plan = d->plan, .arena = d->plan->arena};
	struct pg_rows *rows;
	struct err ignored;
	err_init(&ignored, x.arena);
	if (d->failed)
		return NULL;
	const char *sql =
		arena_printf(x.arena, "SELECT t.id%s%s%s FROM %s WHERE %s ORDER BY t.id LIMIT %d", value ? ", left((" : "", value ? value : "",
					 value ? arena_printf(x.arena, ")::text, %d)", SHOWN_BYTES) : "", from, where, SHOWN_ROWS);
	if (pg_read(d->pg, PG_LANE_SLOW, x.arena, sql, NULL, &rows, &ignored) < 0)
		return NULL;
	return examples_of(&x, rows, section, value != NULL);
}

/* A rule of one section: conditions over its row `t` under which a record breaks it. */
struct broken {
	struct pg_sql sql;
	const char *name, *section, *value;
	bool unknown; /* it reads what is still to be computed */
};

static void broken_begin(struct rules *x, struct broken *b, const struct section *s, const char *name, const char *value)
{
	*b = (struct broken){.name = name, .section = s->expr.name, .value = value};
	pg_sql_create(&b->sql, x->arena);
	buf_printf(&b->sql.text, " FROM %s AS t WHERE ", s->expr.sql);
}

static void broken_add(struct rules *x, const char *name, int64_t rows, const char *what, const char *examples)
{
	struct schema_broken one = {name, what, rows, examples};
	arena_push(x->arena, &x->plan->broken, one);
}

/* Counts, and keeps what breaks the rule. `fmt` says what: its %s is "3 records". */
static void broken_end(struct rules *x, struct broken *b, const char *what)
{
	struct pg_rows *rows;
	struct err one;
	const char *where = pg_sql_finish(&b->sql);
	struct pg_params params = {0};
	err_init(&one, x->arena);
	if (x->d->failed)
		return;
	if (b->unknown) {
		broken_add(x, b->name, -1, arena_printf(x->arena, "records %s are not counted: it reads what is still to be computed", what), NULL);
		return;
	}
	pg_sql_bind(&b->sql, x->arena, &x->bindings, &params);
	if (pg_read(x->d->pg, PG_LANE_SLOW, x->arena, arena_printf(x->arena, "SELECT count(*)%s", where), &params, &rows, &one) < 0) {
		if (one.code == ERR_DB_TIMEOUT) {
			broken_add(x, b->name, -1, arena_printf(x->arena, "records %s: too many to count in time", what), NULL);
			return;
		}
		x->d->failed = true;
		err_copy(x->d->err, &one);
		return;
	}
	int64_t n = pg_rows_int(rows, 0, 0);
	if (n == 0)
		return;
	const char *value = b->value ? arena_printf(x->arena, ", left((%s)::text, %d)", b->value, SHOWN_BYTES) : "";
	const char *examples = NULL;
	const char *sql = arena_printf(x->arena, "SELECT t.id%s%s ORDER BY t.id LIMIT %d", value, where, SHOWN_ROWS);
	if (pg_read(x->d->pg, PG_LANE_SLOW, x->arena, sql, &params, &rows, &one) == 0)
		examples = examples_of(x, rows, b->section, b->value != NULL);
	broken_add(x, b->name, n, arena_printf(x->arena, n == 1 ? "%" PRId64 " record %s" : "%" PRId64 " records %s", n, what), examples);
}

/* What an expression names: the clock's and user's parts decide whether it says anything of a record that is not being written. */
struct reads {
	struct rules *x;
	bool old, unknown;
};

static void reads_visit(void *ctx, const struct expr_table *t, const struct expr_field *f, bool of_old)
{
	struct reads *r = ctx;
	r->old |= of_old;
	r->unknown |= map_find(&r->x->unknown, arena_printf(r->x->arena, "%s.%s", t->name, f->name)) != NULL;
}

/* False where the rule depends on who writes, or on what was before: then no record breaks it by itself. */
static bool is_countable(struct rules *x, const struct expr *e, struct broken *b)
{
	struct reads r = {.x = x};
	expr_walk_fields(e, reads_visit, &r);
	if (b)
		b->unknown |= r.unknown;
	return !r.old && !expr_uses_me(e);
}

static void condition_add(struct rules *x, struct broken *b, const struct expr *e, const char *alias, const char *record)
{
	struct expr_sql opts = {.sql = &b->sql, .alias = alias, .record_alias = record};
	struct err one;
	err_init(&one, x->arena);
	buf_putc(&b->sql.text, '(');
	if (!x->d->failed && expr_sql_condition(e, &opts, &one) < 0) {
		x->d->failed = true;
		err_copy(x->d->err, &one);
	}
	buf_putc(&b->sql.text, ')');
}

/* "t.column IS NULL", or that no row of the link is there. */
static void empty_add(struct broken *b, const struct field *f, bool empty)
{
	if (f->expr.storage == EXPR_LINK)
		buf_printf(&b->sql.text, "%s (SELECT 1 FROM %s AS l WHERE l.record = t.id)", empty ? "NOT EXISTS" : "EXISTS", f->expr.link);
	else
		buf_printf(&b->sql.text, "t.%s IS %sNULL", f->expr.column, empty ? "" : "NOT ");
}

/* ---- the rules of a field ---- */

static const char *before_of(const struct schema_item *it, const char *key)
{
	return it->old ? schema_definition_get(&it->old->definition, key) : NULL;
}

static bool is_new(const struct schema_item *it, const char *key)
{
	const char *was = before_of(it, key), *now = schema_definition_get(&it->definition, key);
	/* values that are converted meet every rule anew */
	return now && (!was || strcmp(was, now) != 0 || it->replaced);
}

/* A bound as SQL, compared with the column or, of a text, its length; NULL when the type has none. */
static const char *bound_sql(struct rules *x, const struct field *f, const char *bound)
{
	size_t len = strlen(bound);
	int64_t i;
	switch (f->type) {
	case FIELD_INTEGER:
	case FIELD_DECIMAL:
	case FIELD_MONEY:
	case FIELD_PERCENT:
	case FIELD_TEXT:
	case FIELD_EMAIL:
	case FIELD_PHONE:
	case FIELD_URL: return arena_printf(x->arena, "%s::numeric", shape_quote(x->arena, bound));
	case FIELD_DATE: return date_parse(bound, len, &i) ? arena_printf(x->arena, "%s::date", shape_quote(x->arena, bound)) : NULL;
	case FIELD_DATETIME: return time_parse(bound, len, &i) ? arena_printf(x->arena, "%s::timestamptz", shape_quote(x->arena, bound)) : NULL;
	case FIELD_DURATION: return duration_parse(bound, len, &i) ? arena_printf(x->arena, "%" PRId64, i) : NULL;
	default: return NULL;
	}
}

static void bounds(struct rules *x, const struct schema_item *it, const struct section *s, const struct field *f)
{
	static const char *const keys[] = {"min", "max"};
	bool text = schema_same_class(f->type, FIELD_TEXT);
	for (int i = 0; i < 2; i++) {
		const char *bound = i ? f->max : f->min, *sql = bound ? bound_sql(x, f, bound) : NULL;
		if (!sql || !is_new(it, keys[i]))
			continue;
		const char *value = arena_printf(x->arena, "t.%s", f->expr.column);
		struct broken b;
		broken_begin(x, &b, s, it->path, value);
		buf_printf(&b.sql.text, "%s %s %s", text ? arena_printf(x->arena, "length(%s)", value) : value, i ? ">" : "<", sql);
		broken_end(x, &b,
				   arena_printf(x->arena,
								text ? (i ? "longer than its max of %s characters" : "shorter than its min of %s characters")
									 : (i ? "above its max of %s" : "below its min of %s"),
								bound));
	}
}

static void required(struct rules *x, const struct schema_item *it, const struct section *s, const struct field *f)
{
	if (!f->required.set || !is_new(it, "required") || (f->required.constant && !f->required.value) || f->type == FIELD_AUTONUMBER)
		return;
	struct broken b;
	broken_begin(x, &b, s, it->path, NULL);
	empty_add(&b, f, true);
	if (f->required.expr) {
		if (!is_countable(x, f->required.expr, &b)) {
			buf_destroy(&b.sql.text);
			return;
		}
		buf_puts(&b.sql.text, " AND ");
		condition_add(x, &b, f->required.expr, "t", NULL);
	}
	broken_end(x, &b, "without the value that is required now");
}

static void check(struct rules *x, const struct schema_item *it, const struct section *s, const struct field *f)
{
	const struct rule *rule = f ? &f->check : &s->check;
	if (!rule->expr || !is_new(it, "check"))
		return;
	struct broken b;
	broken_begin(x, &b, s, it->path, f && schema_is_column(f) ? arena_printf(x->arena, "t.%s", f->expr.column) : NULL);
	if (!is_countable(x, rule->expr, &b)) {
		buf_destroy(&b.sql.text);
		return;
	}
	if (f) {
		empty_add(&b, f, false);
		buf_puts(&b.sql.text, " AND ");
	}
	condition_add(x, &b, rule->expr, "t", NULL);
	buf_puts(&b.sql.text, " IS NOT TRUE");
	broken_end(x, &b, "against its check");
}

struct outers {
	const struct section *section;
	struct {
		const struct field **items;
		size_t count, cap;
	} found;
	struct arena *arena;
};

static void outers_visit(void *ctx, const struct expr_table *t, const struct expr_field *e, bool of_old)
{
	struct outers *o = ctx;
	const struct field *f = (const struct field *)e;
	(void)t;
	(void)of_old;
	if (f->section == o->section && (schema_is_column(f) || schema_is_link(f)))
		arena_push(o->arena, &o->found, f);
}

/* As writing does: a record breaks the filter when a part of it fails that compares with no empty field of the record. */
static void where(struct rules *x, const struct schema_item *it, const struct section *s, const struct field *f)
{
	const struct expr *e = f->where.expr;
	if (!e || !f->to || (!is_new(it, "where") && !is_new(it, "to")))
		return;
	struct broken b;
	broken_begin(x, &b, s, it->path, NULL);
	if (!is_countable(x, e, &b)) {
		buf_destroy(&b.sql.text);
		return;
	}
	if (schema_is_link(f))
		buf_printf(&b.sql.text, "EXISTS (SELECT 1 FROM %s AS l JOIN %s AS w ON w.id = l.target WHERE l.record = t.id AND ", f->expr.link,
				   f->to->expr.sql);
	else
		buf_printf(&b.sql.text, "EXISTS (SELECT 1 FROM %s AS w WHERE w.id = t.%s AND ", f->to->expr.sql, f->expr.column);
	condition_add(x, &b, e, "w", "t");
	buf_puts(&b.sql.text, " IS NOT TRUE AND (");
	const struct expr *parts[PARTS];
	size_t n = expr_parts(e, parts, PARTS);
	for (size_t i = 0; i < n; i++) {
		struct outers o = {.section = s, .arena = x->arena};
		expr_walk_fields(parts[i], outers_visit, &o);
		buf_puts(&b.sql.text, i ? " OR (" : "(");
		condition_add(x, &b, parts[i], "w", "t");
		buf_puts(&b.sql.text, " IS NOT TRUE");
		for (size_t k = 0; k < o.found.count; k++) {
			buf_puts(&b.sql.text, " AND ");
			empty_add(&b, o.found.items[k], false);
		}
		buf_putc(&b.sql.text, ')');
	}
	buf_puts(&b.sql.text, "))");
	broken_end(x, &b, "with a choice that its filter leaves out");
}

static void form(struct rules *x, const struct schema_item *it, const struct section *s, const struct field *f)
{
	const char *form = f->type == FIELD_EMAIL ? email_form : f->type == FIELD_PHONE ? phone_form : f->type == FIELD_URL ? url_form : NULL;
	const char *was = before_of(it, "type");
	if (!form || !it->old || (was && strcmp(was, field_type_name(f->type)) == 0))
		return;
	struct broken b;
	broken_begin(x, &b, s, it->path, arena_printf(x->arena, "t.%s", f->expr.column));
	buf_printf(&b.sql.text, "t.%s !~* %s", f->expr.column, shape_quote(x->arena, form));
	broken_end(x, &b, arena_printf(x->arena, "with a text that is no %s", field_type_name(f->type)));
}

static void shortened(struct rules *x, const struct schema_item *it, const struct section *s, const struct field *f)
{
	if (f->type != FIELD_TEXT || f->is_long || !before_of(it, "long"))
		return;
	struct broken b;
	broken_begin(x, &b, s, it->path, NULL);
	buf_printf(&b.sql.text, "length(t.%s) > %d", f->expr.column, SHORT_TEXT);
	broken_end(x, &b, arena_printf(x->arena, "longer than the %d characters of a text that is not long", SHORT_TEXT));
}

/* Lines that belong to nobody have nobody's rights. */
static void owned(struct rules *x, const struct schema_item *it, const struct field *f)
{
	if (f->type != FIELD_DETAIL || !f->owned || !is_new(it, "owned") || !f->to || !f->by)
		return;
	struct broken b;
	broken_begin(x, &b, f->to, it->path, NULL);
	empty_add(&b, f->by, true);
	broken_end(x, &b, arena_printf(x->arena, "of '%s' without a record to own them: nobody sees such lines", f->to->expr.name));
}

/* ---- the rules of a section ---- */

static bool names_has(const char *names, const char *name)
{
	size_t n = strlen(name);
	for (const char *p = names; p && (p = strstr(p, name)); p += n)
		if ((p == names || p[-1] == ' ') && (p[n] == '\0' || p[n] == ','))
			return true;
	return false;
}

static void stage_required(struct rules *x, const struct schema_item *it, const struct section *s)
{
	const struct stage *stage = section_find_stage(s, it->stage->name);
	const struct field *column = section_find(s, "stage");
	for (size_t i = 0; stage && column && it->old && i < stage->nrequired; i++) {
		const struct field *f = stage->required[i];
		if (names_has(before_of(it, "required"), f->was ? f->was : f->expr.name) || names_has(before_of(it, "required"), f->expr.name))
			continue;
		struct broken b;
		broken_begin(x, &b, s, arena_printf(x->arena, "%s.%s", s->expr.name, f->expr.name), NULL);
		buf_printf(&b.sql.text, "t.%s = %s AND ", column->expr.column, shape_quote(x->arena, stage->name));
		empty_add(&b, f, true);
		broken_end(x, &b, arena_printf(x->arena, "on the stage '%s' without the value that it requires now", stage->name));
	}
}

/* Records on a stage of another path than the one that their data point to: they are refused a write of what decides about it. */
static void paths(struct rules *x, const struct schema_item *section, const struct section *s)
{
	const struct field *column = section_find(s, "stage");
	bool changed = false;
	for (size_t i = 0; i < x->plan->items.count; i++) {
		const struct schema_item *it = x->plan->items.items[i];
		changed |= it->parent == section && strcmp(it->kind, "path") == 0 && (!it->old || is_new(it, "when") || is_new(it, "stages"));
	}
	if (!changed || s->npaths < 2 || !column)
		return;
	const struct stage_path *rest = NULL;
	struct broken b;
	broken_begin(x, &b, s, s->expr.name, arena_printf(x->arena, "t.%s", column->expr.column));
	buf_printf(&b.sql.text, "t.%s IS NOT NULL AND t.%s <> ALL (CASE", column->expr.column, column->expr.column);
	for (size_t i = 0; i <= s->npaths; i++) {
		const struct stage_path *p = i < s->npaths ? s->paths[i] : rest ? rest : s->paths[0];
		if (i < s->npaths && (!p->when.set || !p->nstages)) {
			rest = rest || !p->nstages ? rest : p;
			continue;
		}
		if (i < s->npaths) {
			if (p->when.expr && !is_countable(x, p->when.expr, &b)) {
				buf_destroy(&b.sql.text);
				return;
			}
			buf_puts(&b.sql.text, " WHEN ");
			if (p->when.expr)
				condition_add(x, &b, p->when.expr, "t", NULL);
			else
				buf_puts(&b.sql.text, p->when.value ? "true" : "false");
			buf_puts(&b.sql.text, " THEN ARRAY[");
		} else {
			buf_puts(&b.sql.text, " ELSE ARRAY[");
		}
		for (size_t k = 0; k < p->nstages; k++)
			buf_printf(&b.sql.text, "%s%s", k ? ", " : "", shape_quote(x->arena, p->stages[k]->name));
		buf_puts(&b.sql.text, "]");
	}
	buf_puts(&b.sql.text, " END)");
	broken_end(x, &b, "on a stage of another path than the one that their data point to");
}

static void tree(struct rules *x, const struct schema_item *it, const struct section *s)
{
	if (!s->tree || !is_new(it, "tree"))
		return;
	const char *up = s->tree->expr.column;
	struct broken b;
	broken_begin(x, &b, s, it->path, NULL);
	buf_printf(
		&b.sql.text,
		"t.id IN (WITH RECURSIVE above (id, parent) AS (SELECT c.id, c.%s FROM %s AS c WHERE c.%s IS NOT NULL UNION SELECT a.id, c.%s FROM "
		"above a JOIN %s AS c ON c.id = a.parent WHERE c.%s IS NOT NULL AND a.parent <> a.id) SELECT id FROM above WHERE parent = id)",
		up, s->expr.sql, up, up, s->expr.sql, up);
	broken_end(x, &b, "in a circle of the tree");
}

static void item_rules(struct rules *x, const struct schema_item *it)
{
	const struct schema_item *section = strcmp(it->kind, "section") == 0 ? it : it->parent;
	if (!section || strcmp(section->kind, "section") != 0 || !section->old || !map_find(&x->plan->current->tables, section->physical))
		return;
	const struct section *s = registry_find(x->future, section->section->expr.name);
	if (!s)
		return;
	if (it == section) {
		check(x, it, s, NULL);
		tree(x, it, s);
		paths(x, it, s);
	} else if (strcmp(it->kind, "stage") == 0) {
		stage_required(x, it, s);
	} else if (strcmp(it->kind, "field") == 0) {
		const struct field *f = section_find(s, it->field->expr.name);
		if (!f || f->builtin)
			return;
		owned(x, it, f);
		if (!it->physical || f->type == FIELD_ROLLUP || f->type == FIELD_FORMULA)
			return;
		if (schema_is_column(f)) {
			bounds(x, it, s, f);
			form(x, it, s, f);
			shortened(x, it, s, f);
		}
		required(x, it, s, f);
		check(x, it, s, f);
		where(x, it, s, f);
	}
}

void schema_rules(struct schema_diff *d)
{
	struct schema_plan *p = d->plan;
	struct rules x = {.d = d, .plan = p, .arena = p->arena};
	struct object_map map = schema_plan_map(p);
	if (d->failed || !d->build || !p->current->exists || !p->new_generation)
		return;
	if (d->build->rebuild(d->build->ctx, &map, &x.future, d->err) < 0) {
		d->failed = true;
		return;
	}
	map_create(&x.unknown, x.arena);
	x.bindings.now_us = clock_real_us();
	x.bindings.zone = x.future->zone ? x.future->zone : "UTC";
	x.bindings.today = zone_date_of(x.bindings.zone, x.bindings.now_us);
	views_put(&x);
	for (size_t i = 0; i < p->items.count && !d->failed; i++)
		item_rules(&x, p->items.items[i]);
}
