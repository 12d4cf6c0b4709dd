/* plan_order: the order of a plan as SQL, and where a page begins and ends in it. */
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "serve/plan_private.h"

bool plan_first_nullable(const struct plan *p)
{
	const struct plan_order *first = &p->orders.items[0];
	/* beyond a lookup every value may be absent */
	return p->orders.count == 2 && !(first->steps == 1 && first->last->builtin && first->last->type == FIELD_DATETIME);
}

/* True when the first value can be taken from an index of the lookup's target: both are columns that the actor reads on every row they see, and the page is one of a
 * whole list. Other orders read as well, in one statement. */
static bool by_target(const struct plan *p)
{
	const struct plan_order *first = &p->orders.items[0];
	if (p->orders.count != 2 || first->steps != 2 || !first->joins || p->one || p->ids || p->by || p->skip || p->skip_literal || p->top < 1)
		return false;
	const struct field *nav = first->path[0], *last = first->last;
	return last->expr.storage == EXPR_COLUMN && access_field(p->access, GRANT_READ, nav) == ACCESS_ALL &&
		   access_field(access_get(p->reg, p->actor, nav->to), GRANT_READ, last) == ACCESS_ALL;
}

void plan_order_joins(struct plan *p, struct plan_query *q, const char *alias, bool phases, struct plan_join **joins)
{
	q->by_target = phases && by_target(p);
	q->valued = q->by_target && !p->after_nulls;
	for (size_t i = 0; i < p->orders.count; i++) {
		const struct plan_order *o = &p->orders.items[i];
		q->order_aliases[i] = NULL;
		if (!o->joins)
			continue;
		q->order_aliases[i] = alias;
		for (size_t k = 0; k + 1 < o->steps; k++)
			q->order_aliases[i] = plan_join_of(p, q, joins, q->order_aliases[i], o->path[k], q->valued);
	}
}

static enum pg_type order_type(const struct plan_order *o)
{
	return o->id ? PG_INT8 : field_pg_type(o->last);
}

static bool order_text(const struct plan_order *o)
{
	return !o->id && order_type(o) == PG_TEXT && o->last->expr.type.kind == EXPR_TEXT;
}

static int order_length(const struct plan *p)
{
	size_t texts = 0;
	for (size_t i = 0; i < p->orders.count; i++)
		texts += order_text(&p->orders.items[i]);
	return field_order_length(texts);
}

int plan_order_sql(struct plan *p, struct plan_query *q, const char *alias, size_t i, bool collate, struct err *err)
{
	const struct plan_order *o = &p->orders.items[i];
	struct expr_sql opts = {.sql = &q->sql,
							.alias = alias,
							.table = access_sql_table,
							.column = access_sql_field,
							.has_role = access_has_role,
							.ctx = &p->eyes};
	q->order_types[i] = order_type(o);
	if (o->id) {
		buf_printf(&q->sql.text, "%s.id", alias);
		return 0;
	}
	/* what an index of it holds (meta/schema_shape), in the same words */
	bool text = order_text(o);
	buf_puts(&q->sql.text, text ? "left(" : "");
	if (q->order_aliases[i] ? access_sql_field(&p->eyes, &q->sql, &o->last->expr, q->order_aliases[i], err)
							: expr_sql_value(o->expr, &opts, err))
		return -1;
	if (text)
		buf_printf(&q->sql.text, ", %d)%s", order_length(p), collate ? " COLLATE \"und-x-icu\"" : "");
	return 0;
}

/* The rows without a value, as PostgreSQL finds them by indexes: no target, or one of those targets that have none. Where the actor does not see every target, the join tells. */
static int nulls_of_target(struct plan *p, struct plan_query *q, const char *alias, struct err *err)
{
	const struct plan_order *first = &p->orders.items[0];
	const struct field *nav = first->path[0];
	if (access_get(p->reg, p->actor, nav->to)->rows[GRANT_READ] != ACCESS_ALL)
		return 0;
	const char *t = pg_sql_alias(&q->sql);
	buf_printf(&q->sql.text, " AND (%s.%s IS NULL OR %s.%s = ANY(ARRAY(SELECT %s.id FROM ", alias, nav->expr.column, alias,
			   nav->expr.column, t);
	if (access_sql_table(&p->eyes, &q->sql, &nav->to->expr, t, err))
		return -1;
	if (order_text(first)) /* as the index has it */
		buf_printf(&q->sql.text, " WHERE left(%s.%s, %d) IS NULL)))", t, first->last->expr.column, order_length(p));
	else
		buf_printf(&q->sql.text, " WHERE %s.%s IS NULL)))", t, first->last->expr.column);
	return 0;
}

/* Rows behind the position of a token. Inputs 1…: values of the order, the key last. */
static int after_sql(struct plan *p, struct plan_query *q, const char *alias, struct err *err)
{
	struct buf *b = &q->sql.text;
	size_t n = p->orders.count;
	const struct plan_order *first = &p->orders.items[0];
	bool down = p->orders.items[n - 1].desc;
	if (n == 1) { /* the key alone */
		buf_printf(b, "%s.id %s ", alias, down ? "<" : ">");
		pg_sql_input(&q->sql, PG_INT8, 1);
		return 0;
	}
	if (n == 2 && p->after_nulls) {
		if (plan_order_sql(p, q, alias, 0, false, err))
			return -1;
		buf_puts(b, " IS NULL");
		if (q->by_target && nulls_of_target(p, q, alias, err))
			return -1;
		buf_printf(b, " AND %s.id %s ", alias, down ? "<" : ">");
		pg_sql_input(&q->sql, PG_INT8, 2);
		return 0;
	}
	if (n == 2) {        /* one range of the index; rows without a value are another phase */
		if (q->valued) { /* of the target's index: the pair stands in two tables */
			if (plan_order_sql(p, q, alias, 0, true, err))
				return -1;
			buf_puts(b, first->desc ? " <= " : " >= ");
			pg_sql_input(&q->sql, order_type(first), 1);
			buf_puts(b, " AND ");
		}
		buf_putc(b, '(');
		if (plan_order_sql(p, q, alias, 0, true, err))
			return -1;
		if (first->desc != down) { /* the key the other way: no pair is compared at once */
			buf_puts(b, first->desc ? " < " : " > ");
			pg_sql_input(&q->sql, order_type(first), 1);
			buf_puts(b, " OR (");
			if (plan_order_sql(p, q, alias, 0, true, err))
				return -1;
			buf_puts(b, " = ");
			pg_sql_input(&q->sql, order_type(first), 1);
			buf_printf(b, " AND %s.id %s ", alias, down ? "<" : ">");
			pg_sql_input(&q->sql, PG_INT8, 2);
			buf_puts(b, "))");
			return 0;
		}
		buf_printf(b, ", %s.id) %s (", alias, down ? "<" : ">");
		pg_sql_input(&q->sql, order_type(first), 1);
		buf_puts(b, ", ");
		pg_sql_input(&q->sql, PG_INT8, 2);
		buf_putc(b, ')');
		return 0;
	}
	/* several fields: (a after) or (a same and (b after or …)); an empty value is last */
	for (size_t i = 0; i < n; i++) {
		const struct plan_order *o = &p->orders.items[i];
		buf_putc(b, '(');
		if (plan_order_sql(p, q, alias, i, true, err))
			return -1;
		buf_printf(b, " %s ", o->desc ? "<" : ">");
		pg_sql_input(&q->sql, order_type(o), (int)i + 1);
		if (!o->id) {
			buf_puts(b, " OR (");
			if (plan_order_sql(p, q, alias, i, false, err))
				return -1;
			buf_puts(b, " IS NULL AND ");
			pg_sql_input(&q->sql, order_type(o), (int)i + 1);
			buf_puts(b, " IS NOT NULL)");
		}
		if (i + 1 < n) {
			buf_puts(b, " OR (");
			if (plan_order_sql(p, q, alias, i, false, err))
				return -1;
			buf_puts(b, " IS NOT DISTINCT FROM ");
			pg_sql_input(&q->sql, order_type(o), (int)i + 1);
			buf_puts(b, " AND ");
		}
	}
	for (size_t i = 0; i < n; i++)
		buf_puts(b, i + 1 < n ? "))" : ")");
	return 0;
}

int plan_place_sql(struct plan *p, struct plan_query *q, const char *alias, struct err *err)
{
	if (!p->after && !q->valued)
		return 0;
	buf_puts(&q->sql.text, " AND ");
	if (p->after)
		return after_sql(p, q, alias, err);
	if (plan_order_sql(p, q, alias, 0, false, err))
		return -1;
	buf_puts(&q->sql.text, " IS NOT NULL");
	return 0;
}

int plan_page_sql(struct plan *p, struct plan_query *q, const char *alias, const char *link, struct err *err)
{
	struct buf *b = &q->sql.text;
	/* without values only the key orders; without empty ones the target's index serves both directions */
	size_t from = q->by_target && !q->valued ? 1 : 0;
	for (size_t i = from; i < p->orders.count; i++) {
		const struct plan_order *o = &p->orders.items[i];
		bool filled = o->id || (q->valued && i == 0);
		buf_puts(b, i > from ? ", " : " ORDER BY ");
		if (i == from && link && p->orders.count == 1)
			buf_printf(b, "%s.position, ", link);
		if (plan_order_sql(p, q, alias, i, true, err))
			return -1;
		buf_puts(b, filled ? (o->desc ? " DESC" : "") : o->desc ? " DESC NULLS LAST" : " ASC NULLS LAST");
	}
	buf_puts(b, " LIMIT ");
	pg_sql_value(&q->sql, PG_INT8, value_int(p->top + 1));
	if (p->skip) {
		buf_puts(b, " OFFSET ");
		pg_sql_literal(&q->sql, PG_INT8, value_int(p->skip), p->skip_literal);
	}
	return 0;
}

int plan_order_by_name(struct plan *p, struct err *err)
{
	for (size_t i = 0; i < p->section->nfields; i++) {
		const struct field *f = p->section->fields[i];
		if (f->builtin || f->expr.storage != EXPR_COLUMN || f->expr.type.kind != EXPR_TEXT ||
			access_field(p->access, GRANT_READ, f) == ACCESS_NONE)
			continue;
		return plan_order(p, &f->expr.name, 1, false, err);
	}
	return 0;
}

bool plan_key_desc(const struct plan *p)
{
	return p->orders.count ? p->orders.items[p->orders.count - 1].desc : !p->section->owner;
}

int plan_complete_order(struct plan *p, struct err *err)
{
	static const char *const id[] = {"id"};
	for (size_t i = 0; i < p->orders.count; i++)
		if (p->orders.items[i].id) {
			p->orders.count = i + 1; /* the key decides: what stands behind it says nothing */
			return 0;
		}
	bool desc = plan_key_desc(p);
	if (p->orders.count == PLAN_ORDERS)
		p->orders.count--;
	return plan_order(p, id, 1, desc, err);
}
