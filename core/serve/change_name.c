#include "serve/change_name.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "pg/pg.h"

static void owners_add(struct buf *b, const struct section *s)
{
	buf_printf(b, "%c%lld", b->len ? ',' : '{', (long long)s->id);
	for (size_t i = 0; i < s->nfields; i++)
		if (s->fields[i]->type == FIELD_CHOICE)
			buf_printf(b, ",%lld", (long long)s->fields[i]->id);
}

int change_names_load(struct arena *a, struct pg *pg, const struct section *s, struct change_names *out, struct err *err)
{
	struct buf owners = BUF_INIT;
	struct pg_params params = {0};
	struct pg_rows *rows;
	owners_add(&owners, s);
	for (size_t i = 0; i < s->nfields; i++)
		if (s->fields[i]->type == FIELD_DETAIL && s->fields[i]->owned && s->fields[i]->to)
			owners_add(&owners, s->fields[i]->to);
	buf_putc(&owners, '}');
	pg_params_text(a, &params, PG_INT8_ARRAY, owners.data);
	buf_destroy(&owners);
	if (pg_read(pg, PG_LANE_FAST, a, "SELECT owner, mark, batch, kind, was, now FROM ostov.renamed WHERE owner = ANY ($1) ORDER BY id",
				&params, &rows, err) < 0)
		return -1;
	*out = (struct change_names){.arena = a, .count = pg_rows_count(rows)};
	out->items = arena_array(a, struct renamed, out->count + 1);
	for (size_t i = 0; i < out->count; i++)
		out->items[i] = (struct renamed){.owner = pg_rows_int(rows, i, 0),
										 .mark = pg_rows_int(rows, i, 1),
										 .batch = pg_rows_int(rows, i, 2),
										 .kind = pg_rows_text(rows, i, 3),
										 .was = pg_rows_text(rows, i, 4),
										 .now = pg_rows_text(rows, i, 5)};
	return 0;
}

const char *change_name(const struct change_names *n, int64_t owner, const char *kind, int64_t change, const char *code)
{
	int64_t batch = 0;
	for (size_t i = 0; code && i < n->count; i++) {
		const struct renamed *r = &n->items[i];
		/* of one switch only one rename concerns a code: two may have changed names with one another */
		if (r->owner != owner || r->mark < change || r->batch == batch || strcmp(r->kind, kind) != 0 || strcmp(r->was, code) != 0)
			continue;
		code = r->now;
		batch = r->batch;
	}
	return code;
}

const char *change_value(const struct change_names *n, const struct field *f, int64_t change, const char *json)
{
	size_t len = json ? strlen(json) : 0;
	if (!n->count || len < 2 || json[0] != '"' || (f->type != FIELD_CHOICE && f->type != FIELD_STAGE))
		return json;
	bool stage = f->type == FIELD_STAGE;
	const char *code = arena_strndup(n->arena, json + 1, len - 2);
	const char *now = change_name(n, stage ? f->section->id : f->id, stage ? "stage" : "value", change, code);
	return now == code ? json : arena_printf(n->arena, "\"%s\"", now);
}
