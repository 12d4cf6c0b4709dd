#include "serve/change.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/date.h"
#include "pg/pg.h"
#include "serve/change_name.h"
#include "serve/moment.h"
#include "serve/record_private.h"

enum { LIST_MAX = 100, SINCE_MAX = 500 };

const char *change_kind_name(enum change_kind kind)
{
	static const char *const names[] = {"created", "changed", "moved", "deleted", "ticked", "reopened"};
	return names[kind];
}

/* ---- writing ---- */

/* What the history does not repeat: it has its own columns for these. */
static bool is_logged(const struct field *f)
{
	return record_stores(f) && (!f->builtin || f->type == FIELD_STAGE) && f->type != FIELD_ROLLUP;
}

static void key(struct buf *out, const struct field *f)
{
	if (f->id)
		buf_printf(out, "\"%lld\"", (long long)f->id);
	else
		buf_json(out, f->expr.name, strlen(f->expr.name));
}

void change_json(struct buf *out, const struct record *r, enum change_kind kind)
{
	const struct value nil = value_nil();
	bool any = false;
	buf_putc(out, '{');
	for (size_t i = 0; i < r->section->nfields; i++) {
		const struct field *f = r->section->fields[i];
		if (!is_logged(f))
			continue;
		const struct value *was = r->was.values ? &r->was.values[i] : &nil, *now = kind == CHANGE_DELETED ? &nil : &r->now.values[i];
		if (record_empty(was) && record_empty(now))
			continue;
		if (kind != CHANGE_DELETED && !record_changed(r, f))
			continue;
		if (any)
			buf_putc(out, ',');
		any = true;
		key(out, f);
		buf_puts(out, ":[");
		value_json(out, was);
		buf_putc(out, ',');
		value_json(out, now);
		buf_putc(out, ']');
	}
	buf_putc(out, '}');
}

void change_parent(const struct record *r, int64_t *section, int64_t *id)
{
	const struct field *owner = r->section->owner;
	*section = *id = 0;
	if (!owner)
		return;
	const struct value *v = r->gone && r->was.values ? &r->was.values[owner->pos] : &r->now.values[owner->pos];
	if (v->kind != VALUE_INT)
		return;
	*section = owner->to->id;
	*id = v->i;
}

/* ---- reading ---- */

struct reader {
	struct arena *arena;
	struct pg *pg;
	const struct registry *reg;
	const struct actor *actor;
};

static struct section *section_by_id(const struct registry *reg, int64_t id)
{
	for (size_t i = 0; i < reg->nsections; i++)
		if (reg->sections[i]->id == id)
			return reg->sections[i];
	return NULL;
}

static struct field *field_by_key(const struct section *s, const char *key_text)
{
	int64_t id = strtoll(key_text, NULL, 10);
	for (size_t i = 0; i < s->nfields; i++)
		if (id ? s->fields[i]->id == id : strcmp(s->fields[i]->expr.name, key_text) == 0)
			return s->fields[i];
	return NULL;
}

/* Which fields of the record the actor may read now: by pos. ERR_NOT_FOUND when the record is not visible. */
static int readable(const struct reader *rd, struct section *s, int64_t id, bool **out, struct err *err)
{
	const struct access *x = access_get(rd->reg, rd->actor, s);
	struct pg_sql sql;
	struct {
		struct field **items;
		size_t count, cap;
	} asked = {0};
	*out = arena_array(rd->arena, bool, s->nfields + 1);
	pg_sql_create(&sql, rd->arena);
	buf_puts(&sql.text, "SELECT 1");
	for (size_t i = 0; i < s->nfields; i++) {
		struct field *f = s->fields[i];
		enum access_level level = access_field(x, GRANT_READ, f);
		(*out)[i] = level == ACCESS_ALL;
		if (level != ACCESS_SOME)
			continue;
		buf_puts(&sql.text, ", ");
		if (access_sql_rows(x, GRANT_READ, f, &sql, "t", err) < 0)
			return -1;
		arena_push(rd->arena, &asked, f);
	}
	buf_printf(&sql.text, " FROM %s AS t WHERE t.id = ", s->expr.sql);
	pg_sql_value(&sql, PG_INT8, value_int(id));
	buf_puts(&sql.text, " AND ");
	if (access_sql_rows(x, GRANT_READ, NULL, &sql, "t", err) < 0)
		return -1;
	const char *text = pg_sql_finish(&sql), *zone = rd->reg->zone ? rd->reg->zone : "UTC";
	int64_t now = moment_now();
	struct pg_bindings b = {.me = rd->actor->id, .now_us = now, .today = zone_date_of(zone, now), .zone = zone};
	struct pg_params params = {0};
	struct pg_rows *rows;
	pg_sql_bind(&sql, rd->arena, &b, &params);
	if (pg_read(rd->pg, PG_LANE_FAST, rd->arena, text, &params, &rows, err) < 0)
		return -1;
	if (pg_rows_count(rows) == 0)
		return err_say(err, ERR_NOT_FOUND, rd->actor->lang, SAY_NOT_FOUND);
	for (size_t i = 0; i < asked.count; i++)
		(*out)[asked.items[i]->pos] = pg_rows_bool(rows, 0, 1 + i);
	return 0;
}

/* The detail on s whose lines live in `lines`, when the actor may read it on this record. */
static struct field *detail_of(const struct section *s, const struct section *lines, const bool *may)
{
	for (size_t i = 0; i < s->nfields; i++)
		if (s->fields[i]->type == FIELD_DETAIL && s->fields[i]->owned && s->fields[i]->to == lines)
			return may[i] ? s->fields[i] : NULL;
	return NULL;
}

/* One row of the statement is one field of one change; a change without fields gives one row with a null key. */
static const char LIST[] = "SELECT c.id, c.at, c.user_id, c.kind, c.move, c.comment, c.section_id, c.record_id, c.row_version, e.key, "
						   "(e.value -> 0)::text, (e.value -> 1)::text, (e.value -> 2)::text FROM"
						   " (SELECT * FROM ((SELECT * FROM ostov.change WHERE section_id = $1 AND record_id = $2 AND ($3 = 0 OR id < $3) "
						   "ORDER BY id DESC LIMIT $4)"
						   " UNION ALL (SELECT * FROM ostov.change WHERE parent_section = $1 AND parent_record = $2 AND ($3 = 0 OR id < "
						   "$3) ORDER BY id DESC LIMIT $4)) u"
						   " ORDER BY id DESC LIMIT $4) c LEFT JOIN LATERAL jsonb_each(c.fields) e ON true ORDER BY c.id DESC, e.key";

int change_list(struct arena *a, struct pg *pg, const struct registry *reg, const struct actor *actor, struct section *s, int64_t id,
				int64_t before, size_t limit, struct change_item **out, size_t *n, bool *more, struct err *err)
{
	struct reader rd = {a, pg, reg, actor};
	struct change_names names;
	bool *may;
	if (readable(&rd, s, id, &may, err) < 0 || change_names_load(a, pg, s, &names, err) < 0)
		return -1;
	if (limit == 0 || limit > LIST_MAX)
		limit = LIST_MAX;
	struct pg_params params = {0};
	struct pg_rows *rows;
	pg_params_int(a, &params, s->id);
	pg_params_int(a, &params, id);
	pg_params_int(a, &params, before);
	pg_params_int(a, &params, (int64_t)limit + 1);
	if (pg_read(pg, PG_LANE_FAST, a, LIST, &params, &rows, err) < 0)
		return -1;
	struct {
		struct change_item *items;
		size_t count, cap;
	} items = {0};
	int64_t last = 0;
	size_t seen = 0;
	*more = false;
	for (size_t i = 0; i < pg_rows_count(rows); i++) {
		int64_t change = pg_rows_int(rows, i, 0);
		struct section *of = section_by_id(reg, pg_rows_int(rows, i, 6));
		bool own = of == s && pg_rows_int(rows, i, 7) == id;
		struct field *detail = of && !own ? detail_of(s, of, may) : NULL;
		if (change != last) {
			last = change;
			if (++seen > limit) {
				*more = true;
				break;
			}
			if (of && (own || detail)) {
				struct change_item item = {
					.id = change,
					.at_us = pg_rows_value(rows, a, i, 1).i,
					.user_id = pg_rows_int(rows, i, 2),
					.kind = pg_rows_text(rows, i, 3),
					.move = pg_rows_null(rows, i, 4) ? NULL : change_name(&names, of->id, "move", change, pg_rows_text(rows, i, 4)),
					.comment = pg_rows_text(rows, i, 5),
					.section = of,
					.record_id = pg_rows_int(rows, i, 7),
					.row_version = pg_rows_int(rows, i, 8),
					.detail = own ? NULL : detail,
				};
				arena_push(a, &items, item);
			}
		}
		if (!of || (!own && !detail) || pg_rows_null(rows, i, 9))
			continue;
		struct field *f = field_by_key(of, pg_rows_text(rows, i, 9));
		if (!f)
			items.items[items.count - 1].task = section_find_task(of, strtoll(pg_rows_text(rows, i, 9), NULL, 10));
		if (!f || (own && !may[f->pos]))
			continue;
		struct change_item *item = &items.items[items.count - 1];
		item->fields = arena_grow(a, item->fields, item->nfields * sizeof *item->fields, (item->nfields + 1) * sizeof *item->fields);
		const char *was = pg_rows_text(rows, i, 10), *now = pg_rows_text(rows, i, 11);
		item->fields[item->nfields++] = (struct change_field){f, was ? change_value(&names, f, change, was) : "null",
															  now ? change_value(&names, f, change, now) : "null",
															  f->type == FIELD_FILE ? pg_rows_text(rows, i, 12) : NULL};
	}
	/* a change of which nothing is left to show is not shown; creation, deletion and moves are news by themselves */
	size_t kept = 0;
	for (size_t i = 0; i < items.count; i++)
		if (items.items[i].nfields || strcmp(items.items[i].kind, "changed") != 0)
			items.items[kept++] = items.items[i];
	*out = items.items;
	*n = kept;
	return 0;
}

int change_since(struct arena *a, struct pg *pg, const struct registry *reg, const struct actor *actor, struct section *s, int64_t id,
				 int64_t since, struct change_field **out, size_t *n, int64_t *by, int64_t *at_us, struct err *err)
{
	struct reader rd = {a, pg, reg, actor};
	struct change_names names;
	bool *may;
	if (readable(&rd, s, id, &may, err) < 0 || change_names_load(a, pg, s, &names, err) < 0)
		return -1;
	struct pg_params params = {0};
	struct pg_rows *rows;
	pg_params_int(a, &params, s->id);
	pg_params_int(a, &params, id);
	pg_params_int(a, &params, since);
	pg_params_int(a, &params, SINCE_MAX);
	if (pg_read(pg, PG_LANE_FAST, a,
				"SELECT c.user_id, c.at, e.key, (e.value -> 0)::text, (e.value -> 1)::text, c.id FROM (SELECT * FROM ostov.change WHERE "
				"section_id = $1 AND record_id = $2 AND"
				" row_version > $3 ORDER BY id DESC LIMIT $4) c LEFT JOIN LATERAL jsonb_each(c.fields) e ON true ORDER BY c.id, e.key",
				&params, &rows, err) < 0)
		return -1;
	*out = arena_array(a, struct change_field, s->nfields + 1);
	*n = 0;
	*by = *at_us = 0;
	for (size_t i = 0; i < pg_rows_count(rows); i++) {
		*by = pg_rows_int(rows, i, 0);
		*at_us = pg_rows_value(rows, a, i, 1).i;
		struct field *f = pg_rows_null(rows, i, 2) ? NULL : field_by_key(s, pg_rows_text(rows, i, 2));
		if (!f || !may[f->pos])
			continue;
		const char *was = change_value(&names, f, pg_rows_int(rows, i, 5), pg_rows_text(rows, i, 3));
		const char *now = change_value(&names, f, pg_rows_int(rows, i, 5), pg_rows_text(rows, i, 4));
		size_t k = 0;
		while (k < *n && (*out)[k].field != f)
			k++;
		if (k == *n)
			(*out)[(*n)++] = (struct change_field){f, was ? was : "null", NULL, NULL};
		(*out)[k].now = now ? now : "null";
	}
	return 0;
}
