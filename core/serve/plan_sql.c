/* plan_sql: a plan becomes SQL and the program that writes its rows. */
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "serve/plan_private.h"
#include "serve/task.h"

static int build(struct plan *p, struct plan_query *q, const char *parents, struct err *err);

static void user_eyes(struct plan *p, struct pg_sql *sql, const char *alias, struct expr_sql *out)
{
	*out = (struct expr_sql){
		.sql = sql, .alias = alias, .table = access_sql_table, .column = access_sql_field, .has_role = access_has_role, .ctx = &p->eyes};
}

static void system_eyes(struct plan *p, struct pg_sql *sql, const char *alias, struct expr_sql *out)
{
	*out = (struct expr_sql){.sql = sql, .alias = alias, .has_role = access_has_role, .ctx = &p->eyes};
}

static void op_text(struct plan_query *q, const char *text)
{
	struct plan_op op = {.kind = OP_TEXT, .text = text, .len = strlen(text)};
	struct plan_op *last = q->ops.count ? &q->ops.items[q->ops.count - 1] : NULL;
	if (last && last->kind == OP_TEXT && q->ops.count > q->closed) {
		last->text = arena_printf(q->arena, "%s%s", last->text, text);
		last->len = strlen(last->text);
		return;
	}
	arena_push(q->arena, &q->ops, op);
}

static void op_column(struct plan_query *q, enum plan_op_kind kind, unsigned column)
{
	struct plan_op op = {.kind = kind, .column = column};
	arena_push(q->arena, &q->ops, op);
}

/* Begins the next column of the select list and returns its number. */
static unsigned column(struct plan_query *q)
{
	if (q->columns)
		buf_puts(&q->sql.text, ", ");
	return q->columns++;
}

/* "CASE WHEN granted THEN " when the field is not granted on every visible row. */
static int grant_open(struct plan *p, struct pg_sql *sql, const char *alias, const struct field *f, bool *opened, struct err *err)
{
	*opened = access_field(p->access, GRANT_READ, f) == ACCESS_SOME;
	if (!*opened)
		return 0;
	buf_puts(&sql->text, "CASE WHEN ");
	if (access_sql_rows(p->access, GRANT_READ, f, sql, alias, err))
		return -1;
	buf_puts(&sql->text, " THEN ");
	return 0;
}

/* The field's value as the actor sees it. */
static int value_sql(struct plan *p, struct pg_sql *sql, const char *alias, const struct field *f, struct err *err)
{
	struct expr_sql opts;
	bool opened;
	if (f->expr.storage == EXPR_COLUMN)
		return access_sql_column(p->access, f, sql, alias, err);
	if (grant_open(p, sql, alias, f, &opened, err))
		return -1;
	if (f->expr.storage == EXPR_LINK) {
		buf_printf(&sql->text, "ARRAY(SELECT l.target FROM %s l WHERE l.record = %s.id ORDER BY l.position, l.target)", f->expr.link,
				   alias);
	} else {
		/* as a path, so that the value has the field's scale, like everywhere in expressions */
		const char *name = f->expr.name;
		struct expr *e = expr_make_path(p->arena, &name, 1);
		struct expr_scope scope = {.table = &p->section->expr, .user = &p->reg->user->expr};
		struct expr_type any = {.kind = EXPR_ANY};
		system_eyes(p, sql, alias, &opts);
		if (expr_check(p->arena, e, &scope, &any, err) || expr_sql_value(e, &opts, err))
			return -1;
	}
	if (opened)
		buf_puts(&sql->text, " END");
	return 0;
}

/* What people see of a record, in the user's eyes. */
static int title_sql(struct plan *p, struct pg_sql *sql, const char *alias, struct err *err)
{
	struct expr_sql opts;
	user_eyes(p, sql, alias, &opts);
	if (!p->section->title.expr) {
		buf_printf(&sql->text, "%s.id::text", alias);
		return 0;
	}
	return expr_sql_value(p->section->title.expr, &opts, err);
}

const char *plan_join_of(struct plan *p, struct plan_query *q, struct plan_join **joins, const char *owner, const struct field *nav,
						 bool inner)
{
	struct plan_join **end = joins;
	for (; *end; end = &(*end)->next)
		if ((*end)->nav == nav && strcmp((*end)->owner, owner) == 0)
			return (*end)->alias;
	struct plan_join *j = *end = arena_new(p->arena, struct plan_join);
	j->nav = nav;
	j->owner = owner;
	j->alias = pg_sql_alias(&q->sql);
	j->inner = inner;
	return j->alias;
}

static int fields_sql(struct plan *p, struct plan_query *q, const char *alias, struct plan_join **joins, struct buf *from, struct err *err);

/* Writes the joins of one level into `from`. */
static int joins_sql(struct plan *p, struct plan_query *q, struct plan_join *joins, struct buf *from, struct err *err)
{
	/* parameters are numbered where they are made, so the joins go through the same statement and are moved into `from` */
	for (struct plan_join *j = joins; j; j = j->next) {
		size_t mark = q->sql.text.len;
		buf_puts(&q->sql.text, j->inner ? " JOIN " : " LEFT JOIN ");
		if (access_sql_table(&p->eyes, &q->sql, &j->nav->to->expr, j->alias, err))
			return -1;
		buf_printf(&q->sql.text, " ON %s.id = ", j->alias);
		if (access_sql_field(&p->eyes, &q->sql, &j->nav->expr, j->owner, err))
			return -1;
		buf_add(from, q->sql.text.data + mark, q->sql.text.len - mark);
		q->sql.text.len = mark;
		q->sql.text.data[mark] = 0;
	}
	return 0;
}

static int file_sql(struct plan *p, struct plan_query *q, const char *alias, const struct field *f, struct err *err)
{
	static const char *const names[] = {"name", "size", "media_type"};
	struct section *file = p->reg->file;
	struct buf *b = &q->sql.text;
	buf_puts(b, f->many ? "(SELECT coalesce(json_agg(json_build_object('id', x.id" : "(SELECT json_build_object('id', x.id");
	for (size_t i = 0; i < 3; i++) {
		struct field *part = section_find(file, names[i]);
		if (part)
			buf_printf(b, ", '%s', x.%s", names[i], part->expr.column);
	}
	if (f->many) {
		buf_printf(b, ") ORDER BY l.position), '[]') FROM %s l JOIN %s x ON x.id = l.target WHERE l.record = %s.id)", f->expr.link,
				   file->expr.sql, alias);
		return 0;
	}
	buf_printf(b, ") FROM %s x WHERE x.id = ", file->expr.sql);
	if (value_sql(p, &q->sql, alias, f, err))
		return -1;
	buf_putc(b, ')');
	return 0;
}

/* Titles of what a lookup, or several, point to. */
static int titles_sql(struct plan *p, struct plan_query *q, const char *alias, const struct field *f, struct plan_join **joins,
					  struct err *err)
{
	struct plan *target;
	struct err ignored;
	err_init(&ignored, p->arena);
	const char *name = f->expr.name;
	if (f->to == p->reg->file) {
		op_text(q, arena_printf(p->arena, ",\"%s@ostov.file%s\":", name, f->many ? "s" : ""));
		unsigned c = column(q);
		bool opened = false;
		if (f->many && grant_open(p, &q->sql, alias, f, &opened, err))
			return -1;
		if (file_sql(p, q, alias, f, err))
			return -1;
		if (opened)
			buf_puts(&q->sql.text, " END");
		op_column(q, OP_CELL, c);
		return 0;
	}
	op_text(q, arena_printf(p->arena, ",\"%s@ostov.title%s\":", name, f->many ? "s" : ""));
	if (plan_create(p->arena, p->reg, p->actor, f->to, &target, &ignored)) {
		op_text(q, f->many ? "[]" : "null");
		return 0;
	}
	unsigned c = column(q);
	if (!f->many) {
		const char *joined = plan_join_of(p, q, joins, alias, f, false);
		buf_printf(&q->sql.text, "CASE WHEN %s.id IS NOT NULL THEN ", joined);
		if (title_sql(target, &q->sql, joined, err))
			return -1;
		buf_puts(&q->sql.text, " END");
		op_column(q, OP_CELL, c);
		return 0;
	}
	bool opened;
	const char *t = pg_sql_alias(&q->sql);
	if (grant_open(p, &q->sql, alias, f, &opened, err))
		return -1;
	buf_puts(&q->sql.text, "ARRAY(SELECT CASE WHEN ");
	buf_printf(&q->sql.text, "%s.id IS NOT NULL THEN ", t);
	if (title_sql(target, &q->sql, t, err))
		return -1;
	buf_printf(&q->sql.text, " END FROM %s l LEFT JOIN ", f->expr.link);
	if (access_sql_table(&p->eyes, &q->sql, &f->to->expr, t, err))
		return -1;
	buf_printf(&q->sql.text, " ON %s.id = l.target WHERE l.record = %s.id ORDER BY l.position, l.target)", t, alias);
	if (opened)
		buf_puts(&q->sql.text, " END");
	op_column(q, OP_CELL, c);
	return 0;
}

static int collection(struct plan *p, struct plan_query *q, const char *alias, const struct plan_expand *e, struct err *err)
{
	struct plan_child *child = arena_new(p->arena, struct plan_child);
	child->name = e->nav->expr.name;
	unsigned c = column(q);
	bool opened;
	/* not granted: no parent, so no lines */
	if (grant_open(p, &q->sql, alias, e->nav, &opened, err))
		return -1;
	buf_printf(&q->sql.text, "%s.id", alias);
	if (opened)
		buf_puts(&q->sql.text, " END");
	child->parent_column = c;
	child->query.arena = p->arena;
	struct plan_op op = {.kind = OP_COLLECTION, .column = c, .child = (unsigned)q->children.count};
	arena_push(p->arena, &q->children, child);
	arena_push(p->arena, &q->ops, op);
	const char *link = NULL;
	if (e->nav->expr.storage == EXPR_LINK)
		link = e->nav->expr.link;
	else
		e->plan->by = (const struct field *)e->nav->expr.by;
	return build(e->plan, &child->query, link ? link : "", err);
}

static int fields_sql(struct plan *p, struct plan_query *q, const char *alias, struct plan_join **joins, struct buf *from, struct err *err)
{
	unsigned version = column(q);
	buf_printf(&q->sql.text, "%s.row_version", alias);
	q->version_column = q->ops.count ? q->version_column : version;
	op_text(q, "{\"@odata.etag\":");
	op_column(q, OP_ETAG, version);
	if (p->titles) {
		op_text(q, ",\"@ostov.title\":");
		unsigned c = column(q);
		if (title_sql(p, &q->sql, alias, err))
			return -1;
		op_column(q, OP_CELL, c);
	}
	for (size_t i = 0; i < p->fields.count; i++) {
		const struct field *f = p->fields.items[i];
		op_text(q, arena_printf(p->arena, ",\"%s\":", field_property(p->arena, f)));
		unsigned c = column(q);
		if (value_sql(p, &q->sql, alias, f, err))
			return -1;
		bool number = f->to || f->expr.type.kind == EXPR_INT || f->expr.type.kind == EXPR_DEC || f->type == FIELD_ID;
		op_column(q, f->expr.type.kind == EXPR_DURATION ? OP_DURATION : p->exact && number ? OP_EXACT : OP_CELL, c);
		if (p->titles && f->to && titles_sql(p, q, alias, f, joins, err))
			return -1;
	}
	for (size_t i = 0; i < p->expands.count; i++) {
		struct plan_expand *e = &p->expands.items[i];
		if (!e->plan->fields.count && !e->plan->all)
			plan_select_all(e->plan);
		op_text(q, arena_printf(p->arena, ",\"%s\":", e->nav->expr.name));
		if (e->nav->many || e->nav->type == FIELD_DETAIL) {
			if (collection(p, q, alias, e, err))
				return -1;
			continue;
		}
		const char *joined = plan_join_of(p, q, joins, alias, e->nav, false);
		unsigned c = column(q);
		buf_printf(&q->sql.text, "%s.id", joined);
		size_t open = q->ops.count;
		op_column(q, OP_OPEN, c);
		struct plan_join *below = NULL;
		struct buf deeper = BUF_INIT;
		int failed = fields_sql(e->plan, q, joined, &below, &deeper, err) || joins_sql(e->plan, q, below, from, err);
		/* what lies deeper refers to these, and stands behind them */
		if (!failed)
			buf_add(from, deeper.data ? deeper.data : "", deeper.len);
		buf_destroy(&deeper);
		if (failed)
			return -1;
		q->ops.items[open].skip = (unsigned)(q->ops.count - open - 1);
		q->closed = q->ops.count;
	}
	if (p->tasks) {
		op_text(q, ",\"tasks\":");
		unsigned c = column(q);
		if (task_sql(&p->eyes, p->section, &q->sql, alias, p->task_one, err))
			return -1;
		op_column(q, OP_CELL, c);
	}
	op_text(q, "}");
	return 0;
}

/* WHERE of the rows that the plan wants. `link` is the alias of the link row of several lookups, or NULL. */
static int where_sql(struct plan *p, struct plan_query *q, const char *alias, struct err *err)
{
	struct buf *b = &q->sql.text;
	struct expr_sql opts;
	buf_puts(b, " WHERE ");
	if (access_sql_rows(p->access, GRANT_READ, NULL, &q->sql, alias, err))
		return -1;
	if (p->one) {
		buf_printf(b, " AND %s.id = ", alias);
		pg_sql_input(&q->sql, PG_INT8, 0);
	}
	if (p->where && (!p->where->constant || !p->where->value)) {
		buf_puts(b, " AND ");
		system_eyes(p, &q->sql, alias, &opts);
		if (p->where->constant)
			buf_puts(b, "false");
		else if (expr_sql_condition(p->where->expr, &opts, err))
			return -1;
	}
	if (p->filter) {
		buf_puts(b, " AND ");
		user_eyes(p, &q->sql, alias, &opts);
		if (expr_sql_condition(p->filter, &opts, err))
			return -1;
	}
	if (p->search && plan_search_sql(p, &q->sql, alias, err))
		return -1;
	if (p->ids) {
		buf_printf(b, " AND %s.id = ANY(", alias);
		pg_sql_input(&q->sql, PG_INT8_ARRAY, 0);
		buf_putc(b, ')');
	}
	if (p->titled) {
		buf_puts(b, " AND btrim(");
		if (title_sql(p, &q->sql, alias, err))
			return -1;
		buf_puts(b, ", E' \\t\\n\\r\\f\\x0b\xc2\xa0') = ANY(");
		pg_sql_value(&q->sql, PG_TEXT_ARRAY, *p->titled);
		buf_putc(b, ')');
	}
	if (p->choice) {
		struct expr_sql choice;
		system_eyes(p, &q->sql, alias, &choice);
		choice.record_value = p->record_value;
		choice.record_path = p->record_path;
		choice.ctx = p->record_ctx;
		choice.has_role = NULL;
		buf_puts(b, " AND ");
		if (expr_sql_condition(p->choice, &choice, err))
			return -1;
	}
	return 0;
}

/* What a person sees of a field: a lookup's title, a file's name. */
static int shown_sql(struct plan *p, struct plan_query *q, const char *alias, const struct field *f, struct plan_join **joins,
					 struct err *err)
{
	struct plan *target;
	struct err ignored;
	bool opened;
	err_init(&ignored, p->arena);
	if (!f->to || f->type == FIELD_DETAIL)
		return value_sql(p, &q->sql, alias, f, err);
	if (f->to == p->reg->file) {
		if (f->many && grant_open(p, &q->sql, alias, f, &opened, err))
			return -1;
		buf_printf(&q->sql.text,
				   f->many ? "ARRAY(SELECT x.%s FROM %s l JOIN %s x ON x.id = l.target WHERE l.record = %s.id ORDER BY l.position)%s"
						   : "(SELECT x.%s FROM %s x WHERE x.id = ",
				   section_find(f->to, "name")->expr.column, f->many ? f->expr.link : f->to->expr.sql, f->to->expr.sql, alias,
				   f->many && opened ? " END" : "");
		if (!f->many) {
			if (value_sql(p, &q->sql, alias, f, err))
				return -1;
			buf_putc(&q->sql.text, ')');
		}
		return 0;
	}
	if (plan_create(p->arena, p->reg, p->actor, f->to, &target, &ignored)) {
		buf_puts(&q->sql.text, "NULL::text");
		return 0;
	}
	if (!f->many) {
		const char *joined = plan_join_of(p, q, joins, alias, f, false);
		buf_printf(&q->sql.text, "CASE WHEN %s.id IS NOT NULL THEN ", joined);
		if (title_sql(target, &q->sql, joined, err))
			return -1;
		buf_puts(&q->sql.text, " END");
		return 0;
	}
	const char *t = pg_sql_alias(&q->sql);
	if (grant_open(p, &q->sql, alias, f, &opened, err))
		return -1;
	buf_puts(&q->sql.text, "ARRAY(SELECT ");
	if (title_sql(target, &q->sql, t, err))
		return -1;
	buf_printf(&q->sql.text, " FROM %s l JOIN ", f->expr.link);
	if (access_sql_table(&p->eyes, &q->sql, &f->to->expr, t, err))
		return -1;
	buf_printf(&q->sql.text, " ON %s.id = l.target WHERE l.record = %s.id ORDER BY l.position, l.target)%s", t, alias,
			   opened ? " END" : "");
	return 0;
}

/* The same of a field beyond lookups. */
static int path_sql(struct plan *p, struct plan_query *q, const char *alias, const struct field *last, const struct expr *e,
					struct err *err)
{
	struct buf *b = &q->sql.text;
	struct plan *target;
	struct expr_sql opts;
	struct err ignored;
	err_init(&ignored, p->arena);
	user_eyes(p, &q->sql, alias, &opts);
	if (!last->to)
		return expr_sql_value(e, &opts, err);
	if (last->to != p->reg->file && plan_create(p->arena, p->reg, p->actor, last->to, &target, &ignored)) {
		buf_puts(b, "NULL::text");
		return 0;
	}
	const char *t = pg_sql_alias(&q->sql);
	buf_puts(b, "(SELECT ");
	if (last->to == p->reg->file)
		buf_printf(b, "%s.%s FROM %s %s", t, section_find(last->to, "name")->expr.column, last->to->expr.sql, t);
	else if (title_sql(target, &q->sql, t, err))
		return -1;
	if (last->to != p->reg->file) {
		buf_puts(b, " FROM ");
		if (access_sql_table(&p->eyes, &q->sql, &last->to->expr, t, err))
			return -1;
	}
	buf_printf(b, " WHERE %s.id = ", t);
	if (expr_sql_value(e, &opts, err))
		return -1;
	buf_putc(b, ')');
	return 0;
}

/* `parents`: NULL for the statement of the plan itself; "" for lines by plan->by; else the link table. */
static int build(struct plan *p, struct plan_query *q, const char *parents, struct err *err)
{
	struct arena *a = p->arena;
	q->arena = a;
	pg_sql_create(&q->sql, a);
	if (!p->fields.count && !p->all)
		plan_select_all(p);
	if (!p->one && plan_complete_order(p, err))
		return -1;
	const char *alias = pg_sql_alias(&q->sql);
	struct buf from = BUF_INIT, *b = &q->sql.text;
	struct plan_join *joins = NULL;
	if (!p->one)
		plan_order_joins(p, q, alias, !parents, &joins);
	buf_puts(b, "SELECT ");
	if (parents) {
		buf_puts(b, "p.id, x.* FROM unnest(");
		pg_sql_input(&q->sql, PG_INT8_ARRAY, 0);
		buf_puts(b, ") AS p(id) CROSS JOIN LATERAL (SELECT ");
		/* column 0 of the result is the parent's id; the inner select list begins at 1 without a comma */
	}
	if (fields_sql(p, q, alias, &joins, &from, err))
		goto failed;
	if (!p->one && !parents)
		for (size_t i = 0; i < p->orders.count; i++) {
			q->order_columns[i] = column(q);
			if (plan_order_sql(p, q, alias, i, false, err))
				goto failed;
			q->norders++;
		}
	if (parents) {
		/* result columns are shifted by the parent's id */
		for (size_t i = 0; i < q->ops.count; i++)
			q->ops.items[i].column++;
		for (size_t i = 0; i < q->children.count; i++)
			q->children.items[i]->parent_column++;
	}
	/* this level's joins come before the deeper ones, which refer to them */
	struct buf own = BUF_INIT;
	if (joins_sql(p, q, joins, &own, err)) {
		buf_destroy(&own);
		goto failed;
	}
	const char *link = parents && *parents ? pg_sql_alias(&q->sql) : NULL;
	if (link)
		buf_printf(b, " FROM %s %s JOIN %s %s ON %s.id = %s.target", parents, link, p->section->expr.sql, alias, alias, link);
	else
		buf_printf(b, " FROM %s %s", p->section->expr.sql, alias);
	if (own.len)
		buf_add(b, own.data, own.len);
	buf_destroy(&own);
	if (from.len)
		buf_add(b, from.data, from.len);
	buf_destroy(&from);
	if (where_sql(p, q, alias, err))
		return -1;
	if (link)
		buf_printf(b, " AND %s.record = p.id", link);
	else if (parents)
		buf_printf(b, " AND %s.%s = p.id", alias, p->by->expr.column);
	else if (p->by) {
		buf_printf(b, " AND %s.%s = ", alias, p->by->expr.column);
		pg_sql_input(&q->sql, PG_INT8, 0);
	}
	q->one = p->one;
	q->top = p->top;
	if (p->one)
		return 0;
	if (plan_place_sql(p, q, alias, err))
		return -1;
	q->after = p->after;
	q->after_nulls = p->after_nulls;
	q->id_desc = p->orders.items[p->orders.count - 1].desc;
	q->first_nullable = plan_first_nullable(p);
	q->keyset = true;
	if (plan_page_sql(p, q, alias, link, err))
		return -1;
	if (parents)
		buf_puts(b, ") x");
	return 0;
failed:
	buf_destroy(&from);
	return -1;
}

static void finish(struct plan_query *q)
{
	q->text = pg_sql_finish(&q->sql);
	for (size_t i = 0; i < q->children.count; i++)
		finish(&q->children.items[i]->query);
}

int plan_compile(struct plan *p, struct plan_query **out, struct err *err)
{
	struct plan_query *q = arena_new(p->arena, struct plan_query);
	if (build(p, q, NULL, err)) {
		buf_destroy(&q->sql.text);
		return -1;
	}
	finish(q);
	*out = q;
	if (!q->valued || p->after)
		return 0;
	/* the first page goes on with the rows that this statement leaves out */
	q->rest = arena_new(p->arena, struct plan_query);
	p->after = p->after_nulls = true;
	int failed = build(p, q->rest, NULL, err);
	p->after = p->after_nulls = false;
	if (failed) {
		buf_destroy(&q->rest->sql.text);
		return -1;
	}
	finish(q->rest);
	return 0;
}

int plan_build_rows(struct plan *p, struct plan_query *q, bool positions, struct buf *from, struct err *err)
{
	struct buf *b = &q->sql.text;
	struct plan_join *joins = NULL;
	const char *alias = pg_sql_alias(&q->sql);
	plan_order_joins(p, q, alias, positions, &joins);
	buf_printf(b, "SELECT %s.id, ", alias);
	if (!p->titles)
		buf_puts(b, "NULL::text");
	else if (title_sql(p, &q->sql, alias, err))
		return -1;
	for (size_t i = 0, k = 0; i < p->fields.count; i++) {
		const struct field *f = p->fields.items[i];
		bool path = k < p->paths.count && p->paths.items[k].at == i;
		buf_puts(b, ", ");
		if (path ? path_sql(p, q, alias, f, p->paths.items[k++].expr, err) : shown_sql(p, q, alias, f, &joins, err))
			return -1;
	}
	for (size_t i = 0; positions && i < p->orders.count; i++) {
		buf_puts(b, ", ");
		if (plan_order_sql(p, q, alias, i, false, err))
			return -1;
	}
	if (joins_sql(p, q, joins, from, err))
		return -1;
	buf_printf(b, " FROM %s %s%s", p->section->expr.sql, alias, from->data ? from->data : "");
	if (where_sql(p, q, alias, err))
		return -1;
	if (plan_place_sql(p, q, alias, err))
		return -1;
	if (p->ids)
		return 0;
	return plan_page_sql(p, q, alias, NULL, err);
}

int plan_rows(struct plan *p, struct pg *pg, enum pg_lane lane, struct arena *a, const struct pg_bindings *bindings, struct pg_rows **rows,
			  struct err *err)
{
	struct plan_query q = {.arena = p->arena};
	struct buf from = BUF_INIT;
	struct pg_params params = {0};
	pg_sql_create(&q.sql, p->arena);
	int failed = plan_complete_order(p, err) || plan_build_rows(p, &q, false, &from, err);
	buf_destroy(&from);
	if (failed) {
		buf_destroy(&q.sql.text);
		return -1;
	}
	const char *text = pg_sql_finish(&q.sql);
	pg_sql_bind(&q.sql, a, bindings, &params);
	return pg_read(pg, lane, a, text, &params, rows, err);
}

/* The visible ones of these records: column 0 their ids, 1 their titles when asked for; *rows NULL when the section is not visible at all. */
static int rows_of_ids(struct arena *a, struct pg *pg, const struct registry *reg, const struct actor *actor, struct section *s,
					   const int64_t *ids, size_t n, bool titles, struct pg_rows **rows, struct err *err)
{
	struct plan *p;
	struct pg_bindings b;
	struct value *items = arena_array(a, struct value, n ? n : 1), list = {.kind = VALUE_LIST};
	struct err invisible;
	err_init(&invisible, a);
	*rows = NULL;
	if (!n || plan_create(a, reg, actor, s, &p, &invisible))
		return 0;
	for (size_t i = 0; i < n; i++)
		items[i] = value_int(ids[i]);
	p->titles = titles;
	p->ids = true;
	plan_bindings(reg, actor, &b);
	list.list.items = items;
	list.list.count = n;
	b.inputs = &list;
	b.ninputs = 1;
	return plan_rows(p, pg, PG_LANE_FAST, a, &b, rows, err);
}

int plan_titles(struct arena *a, struct pg *pg, const struct registry *reg, const struct actor *actor, struct section *s,
				const int64_t *ids, size_t n, const char **titles, struct err *err)
{
	struct pg_rows *rows;
	memset(titles, 0, n * sizeof *titles);
	if (rows_of_ids(a, pg, reg, actor, s, ids, n, true, &rows, err))
		return -1;
	for (size_t r = 0; rows && r < pg_rows_count(rows); r++)
		for (size_t i = 0; i < n; i++)
			if (ids[i] == pg_rows_int(rows, r, 0))
				titles[i] = pg_rows_text(rows, r, 1);
	return 0;
}

int plan_visible(struct arena *a, struct pg *pg, const struct registry *reg, const struct actor *actor, struct section *s,
				 const int64_t *ids, size_t n, bool *visible, struct err *err)
{
	struct pg_rows *rows;
	memset(visible, 0, n * sizeof *visible);
	if (rows_of_ids(a, pg, reg, actor, s, ids, n, false, &rows, err))
		return -1;
	for (size_t r = 0; rows && r < pg_rows_count(rows); r++)
		for (size_t i = 0; i < n; i++)
			visible[i] = visible[i] || ids[i] == pg_rows_int(rows, r, 0);
	return 0;
}

int plan_compile_count(struct plan *p, int64_t bound, struct pg_sql *out, struct err *err)
{
	struct plan_query q = {.arena = p->arena};
	pg_sql_create(&q.sql, p->arena);
	const char *alias = pg_sql_alias(&q.sql);
	buf_printf(&q.sql.text, bound ? "SELECT count(*) FROM (SELECT 1 FROM %s %s" : "SELECT count(*) FROM %s %s", p->section->expr.sql,
			   alias);
	if (where_sql(p, &q, alias, err)) {
		buf_destroy(&q.sql.text);
		return -1;
	}
	if (p->by) {
		buf_printf(&q.sql.text, " AND %s.%s = ", alias, p->by->expr.column);
		pg_sql_input(&q.sql, PG_INT8, 0);
	}
	if (bound) {
		buf_puts(&q.sql.text, " LIMIT ");
		pg_sql_value(&q.sql, PG_INT8, value_int(bound + 1));
		buf_puts(&q.sql.text, ") c");
	}
	*out = q.sql;
	return 0;
}
