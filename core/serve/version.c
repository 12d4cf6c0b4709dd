#include "serve/version.h"

#include "base/arena.h"
#include "meta/schema_version.h"
#include "pg/pg.h"
#include "serve/record_private.h"

static void send(struct unit *u, const char *sql, const struct section *s, const int64_t *ids, size_t n)
{
	struct pg_params p = {0};
	struct value at = value_time(u->now_us), list = {.kind = VALUE_LIST}, *items = arena_array(u->arena, struct value, n + 1);
	for (size_t i = 0; i < n; i++)
		items[i] = value_int(ids[i]);
	list.list.items = items;
	list.list.count = n;
	pg_params_int(u->arena, &p, s->id);
	pg_params_value(u->arena, &p, PG_INT8_ARRAY, &list);
	pg_params_value(u->arena, &p, PG_TIMESTAMPTZ, &at);
	pg_params_int(u->arena, &p, u->priv->number);
	unit_send(u, sql, &p);
}

void version_keep(struct unit *u, struct section *s, const int64_t *ids, size_t n)
{
	struct record_plan *plan = record_plan_get(u->reg, s);
	if (!plan->keep)
		plan->keep = schema_version_keep(u->reg->arena, s);
	send(u, plan->keep, s, ids, n);
}

void version_end(struct unit *u, struct section *s, int64_t id)
{
	send(u, schema_version_end(), s, &id, 1);
}
