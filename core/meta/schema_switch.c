/* schema_switch: the one short transaction in which a new generation takes force: writes wait for it, readers do not. */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fault.h"
#include "meta/registry.h"
#include "meta/schema_apply.h"
#include "meta/schema_system.h"
#include "meta/schema_version.h"
#include "pg/pg.h"

enum { SWITCH_LOCK_MS = 500, WEEK_STANDARD = 31 };

static int run(struct schema_run *x, struct pg_tx *tx, const char *sql, const struct pg_params *params, struct pg_rows **rows,
			   struct err *err)
{
	return schema_run_do(x, tx, sql, params, rows, err);
}

/* ---- what may have changed since the plan ---- */

static int losses_check(struct schema_run *x, struct pg_tx *tx, struct err *err)
{
	for (size_t i = 0; i < x->plan->losses.count; i++) {
		const struct schema_loss *l = &x->plan->losses.items[i];
		struct pg_rows *rows;
		if (!l->check || l->allowed)
			continue;
		if (run(x, tx, l->check, NULL, &rows, err) < 0)
			return -1;
		if (pg_rows_int(rows, 0, 0) > 0) {
			err_set(err, ERR_LOSS, "%s: %lld %s since the plan was made", l->name, (long long)pg_rows_int(rows, 0, 0), l->what);
			return err_hint(err, "apply again: the plan tells what to do");
		}
	}
	return 0;
}

/* ---- rows of sections: values in their new form ---- */

/* What sums read first, then the sums. */
static int values_switch(struct schema_run *x, struct pg_tx *tx, struct err *err)
{
	for (int sums = 0; sums < 2; sums++) {
		for (size_t i = 0; i < x->plan->ops.count; i++) {
			struct schema_op *op = &x->plan->ops.items[i];
			int rc = 0;
			if (op->kind == OP_FILL && (!op->sql && !op->link) == sums)
				rc = schema_fill(x, op, tx, err);
			else if (!sums && (op->kind == OP_CODES || (op->kind == OP_KEY && op->late)))
				rc = run(x, tx, op->sql, NULL, NULL, err);
			if (rc < 0)
				return -1;
		}
	}
	return 0;
}

/* ---- the object map ---- */

static bool same_definition(const struct schema_definition *x, const struct schema_definition *y)
{
	if (x->count != y->count)
		return false;
	for (size_t i = 0; i < x->count; i++) {
		const char *other = schema_definition_get(y, x->items[i].key);
		if (!other || strcmp(other, x->items[i].value) != 0)
			return false;
	}
	return true;
}

static bool same_text(const char *x, const char *y)
{
	return x == y || (x && y && strcmp(x, y) == 0);
}

static bool item_changed(const struct schema_item *it)
{
	const struct schema_object *o = it->old;
	return !o || strcmp(o->path, it->path) != 0 || !same_text(o->physical, it->physical) || !same_text(o->module, it->module) ||
		   o->parent != (it->parent ? it->parent->id : 0) || !same_definition(&o->definition, &it->definition);
}

static void json_text(struct buf *b, const char *key, const char *value)
{
	if (!value)
		return;
	buf_printf(b, ",\"%s\":", key);
	buf_json(b, value, strlen(value));
}

int schema_switch_ids(struct schema_run *x, struct err *err)
{
	struct schema_items *items = &x->plan->items;
	int64_t wanted = 0;
	for (size_t i = 0; i < items->count; i++)
		wanted += items->items[i]->id == 0;
	if (!wanted)
		return 0;
	struct pg_params params = {0};
	struct pg_rows *rows;
	pg_params_int(x->arena, &params, wanted);
	/* before the transaction: a switch that is tried again uses the same ones */
	if (pg_run_outside(x->pg, x->arena, "SELECT nextval('ostov.object_id_seq') FROM generate_series(1, $1)", &params, &rows, err) < 0)
		return -1;
	size_t at = 0;
	for (size_t i = 0; i < items->count; i++)
		if (items->items[i]->id == 0)
			items->items[i]->id = pg_rows_int(rows, at++, 0);
	return 0;
}

/* Ids as an array of PostgreSQL. */
static void ids_add(struct buf *b, int64_t id)
{
	buf_printf(b, "%s%lld", b->len ? "," : "{", (long long)id);
}

static int ids_run(struct schema_run *x, struct pg_tx *tx, const char *sql, struct buf *ids, struct err *err)
{
	int rc = 0;
	if (ids->len) {
		struct pg_params params = {0};
		buf_putc(ids, '}');
		pg_params_text(x->arena, &params, PG_INT8_ARRAY, ids->data);
		rc = run(x, tx, sql, &params, NULL, err);
	}
	buf_destroy(ids);
	return rc;
}

static bool loss_allowed(const struct schema_run *x, const char *name)
{
	for (size_t i = 0; i < x->options->allow.count; i++)
		if (strcmp(x->options->allow.names[i], name) == 0)
			return true;
	return false;
}

static int objects_drop(struct schema_run *x, struct pg_tx *tx, struct err *err)
{
	struct buf kept = BUF_INIT, allowed = BUF_INIT;
	for (size_t i = 0; i < x->plan->dropped.count; i++) {
		const struct schema_object *o = x->plan->dropped.items[i];
		ids_add(loss_allowed(x, o->path) ? &allowed : &kept, o->id);
	}
	static const char sql[] = "UPDATE ostov.object SET dropped_at = clock_timestamp(), removed_at = CASE WHEN physical IS NULL THEN "
							  "clock_timestamp() END WHERE id = ANY ($1)";
	static const char sql_allowed[] = "UPDATE ostov.object SET dropped_at = clock_timestamp(), loss_allowed = true,"
									  " removed_at = CASE WHEN physical IS NULL THEN clock_timestamp() END WHERE id = ANY ($1)";
	if (ids_run(x, tx, sql, &kept, err) < 0) {
		buf_destroy(&allowed);
		return -1;
	}
	return ids_run(x, tx, sql_allowed, &allowed, err);
}

/* Paths that change step aside first: two things may have changed places. */
static int objects_rename(struct schema_run *x, struct pg_tx *tx, struct err *err)
{
	struct buf ids = BUF_INIT;
	for (size_t i = 0; i < x->plan->items.count; i++) {
		const struct schema_item *it = x->plan->items.items[i];
		if (it->old && strcmp(it->old->path, it->path) != 0)
			ids_add(&ids, it->id);
	}
	return ids_run(x, tx, "UPDATE ostov.object SET path = '#' || id WHERE id = ANY ($1)", &ids, err);
}

static int objects_put(struct schema_run *x, struct pg_tx *tx, struct err *err)
{
	static const char sql[] = "INSERT INTO ostov.object (id, parent, kind, path, physical, module, definition, created_at)"
							  " SELECT id, parent, kind, path, physical, module, definition, clock_timestamp() FROM jsonb_to_recordset($1)"
							  " AS o (id bigint, parent bigint, kind text, path text, physical text, module text, definition jsonb)"
							  " ON CONFLICT (id) DO UPDATE SET parent = excluded.parent, path = excluded.path, physical = "
							  "excluded.physical, module = excluded.module,"
							  " definition = excluded.definition";
	struct buf b = BUF_INIT;
	for (size_t i = 0; i < x->plan->items.count; i++) {
		const struct schema_item *it = x->plan->items.items[i];
		if (!item_changed(it))
			continue;
		buf_printf(&b, "%c{\"id\":%lld", b.len ? ',' : '[', (long long)it->id);
		if (it->parent)
			buf_printf(&b, ",\"parent\":%lld", (long long)it->parent->id);
		json_text(&b, "kind", it->kind);
		json_text(&b, "path", it->path);
		json_text(&b, "physical", it->physical);
		json_text(&b, "module", it->module);
		buf_puts(&b, ",\"definition\":");
		schema_definition_json(&b, &it->definition);
		buf_putc(&b, '}');
	}
	if (!b.len)
		return 0;
	buf_putc(&b, ']');
	struct pg_params params = {0};
	pg_params_text(x->arena, &params, PG_JSONB, b.data);
	buf_destroy(&b);
	return run(x, tx, sql, &params, NULL, err);
}

/* Columns and links that another one replaced wait for their drop under the definition's former path. */
static int objects_replaced(struct schema_run *x, struct pg_tx *tx, struct err *err)
{
	for (size_t i = 0; i < x->plan->items.count; i++) {
		const struct schema_item *it = x->plan->items.items[i];
		if (!it->replaced)
			continue;
		struct pg_params params = {0};
		struct buf b = BUF_INIT;
		schema_definition_json(&b, &it->old->definition);
		pg_params_int(x->arena, &params, it->parent->id);
		pg_params_text(x->arena, &params, PG_TEXT, it->path);
		pg_params_text(x->arena, &params, PG_TEXT, it->replaced);
		pg_params_text(x->arena, &params, PG_JSONB, b.data);
		buf_destroy(&b);
		if (run(x, tx,
				"INSERT INTO ostov.object (parent, kind, path, physical, definition, created_at, dropped_at, loss_allowed)"
				" VALUES ($1, 'field', $2, $3, $4, clock_timestamp(), clock_timestamp(), true)",
				&params, NULL, err) < 0)
			return -1;
	}
	return 0;
}

static void renamed_add(struct buf *b, int64_t owner, const char *kind, const char *was, const char *now)
{
	buf_printf(b, "%c{\"owner\":%lld", b->len ? ',' : '[', (long long)owner);
	json_text(b, "kind", kind);
	json_text(b, "was", was);
	json_text(b, "now", now);
	buf_putc(b, '}');
}

static const char *last_name(const char *path)
{
	const char *dot = strrchr(path, '.');
	return dot ? dot + 1 : path;
}

/* The history keeps codes: what it calls them is carried over to their new names when it is read. */
static int codes_renamed(struct schema_run *x, struct pg_tx *tx, struct err *err)
{
	struct buf b = BUF_INIT;
	for (size_t i = 0; i < x->plan->items.count; i++) {
		const struct schema_item *it = x->plan->items.items[i];
		bool code = strcmp(it->kind, "value") == 0 || strcmp(it->kind, "stage") == 0 || strcmp(it->kind, "move") == 0;
		if (!code || !it->parent->old)
			continue;
		if (it->old && strcmp(last_name(it->old->path), it->tail + 1) != 0)
			renamed_add(&b, it->parent->id, it->kind, last_name(it->old->path), it->tail + 1);
		for (size_t k = 0; it->was && k < x->plan->dropped.count; k++) {
			const struct schema_object *o = x->plan->dropped.items[k];
			if (o->parent == it->parent->id && strcmp(o->kind, it->kind) == 0 && strcmp(last_name(o->path), it->was + 1) == 0)
				renamed_add(&b, it->parent->id, it->kind, it->was + 1, it->tail + 1);
		}
	}
	if (!b.len)
		return 0;
	buf_putc(&b, ']');
	struct pg_params params = {0};
	pg_params_text(x->arena, &params, PG_JSONB, b.data);
	buf_destroy(&b);
	return run(x, tx,
			   "INSERT INTO ostov.renamed (owner, kind, was, now, mark, batch) SELECT r.owner, r.kind, r.was, r.now, c.mark, b.batch FROM"
			   " jsonb_to_recordset($1) AS r (owner bigint, kind text, was text, now text), (SELECT coalesce(max(id), 0) AS mark FROM"
			   " ostov.change) c, (SELECT coalesce(max(batch), 0) + 1 AS batch FROM ostov.renamed) b",
			   &params, NULL, err);
}

/* ---- roles ---- */

static const char *physical_of(struct schema_run *x, const char *kind, const char *path)
{
	const struct schema_item *it = shape_find(&x->plan->shape, kind, path);
	return it ? it->physical : NULL;
}

static int role_rows(struct schema_run *x, struct pg_tx *tx, struct err *err)
{
	struct arena *a = x->arena;
	const char *table = physical_of(x, "section", "role"), *code = physical_of(x, "field", "role.code"),
			   *label = physical_of(x, "field", "role.label");
	const char *link = physical_of(x, "field", "user.roles");
	if (!table || !code || !label)
		return 0;
	const char *t = schema_table_sql(a, table), *c = schema_ident(a, code), *l = schema_ident(a, label);
	for (size_t i = 0; i < x->plan->dropped.count; i++) {
		const struct schema_object *o = x->plan->dropped.items[i];
		struct pg_params params = {0};
		if (strcmp(o->kind, "role") != 0)
			continue;
		pg_params_text(a, &params, PG_TEXT, o->path);
		if (link &&
			run(x, tx, arena_printf(a, "DELETE FROM %s WHERE target IN (SELECT id FROM %s WHERE %s = $1)", schema_table_sql(a, link), t, c),
				&params, NULL, err) < 0)
			return -1;
		if (run(x, tx, arena_printf(a, "DELETE FROM %s WHERE %s = $1", t, c), &params, NULL, err) < 0) {
			if (err->code == ERR_IN_USE) {
				err_set(err, ERR_LOSS, "%s: records refer to this role", o->path);
				return err_hint(err, "rename it by `was`, or change the records first");
			}
			return -1;
		}
	}
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < x->plan->items.count; i++) {
			const struct schema_item *it = x->plan->items.items[i];
			bool renamed = strcmp(it->kind, "role") == 0 && it->old && strcmp(it->old->path, it->path) != 0;
			if (!renamed)
				continue;
			/* two roles may have changed names with one another */
			struct pg_params params = {0};
			pg_params_text(a, &params, PG_TEXT, round ? arena_printf(a, "#%s", it->old->path) : it->old->path);
			pg_params_text(a, &params, PG_TEXT, round ? it->path : arena_printf(a, "#%s", it->old->path));
			if (run(x, tx, arena_printf(a, "UPDATE %s SET %s = $2 WHERE %s = $1", t, c, c), &params, NULL, err) < 0)
				return -1;
		}
	}
	const char *insert = arena_printf(a,
									  "INSERT INTO %s (%s, %s, created_at, changed_at) SELECT $1, $2, clock_timestamp(), clock_timestamp()"
									  " WHERE NOT EXISTS (SELECT 1 FROM %s WHERE %s = $1)",
									  t, c, l, t, c);
	const char *update = arena_printf(
		a, "UPDATE %s SET %s = $2, changed_at = clock_timestamp(), row_version = row_version + 1 WHERE %s = $1 AND %s IS DISTINCT FROM $2",
		t, l, c, l);
	for (size_t i = 0; i < x->registry->roles.count; i++) {
		const struct role *r = x->registry->roles.items[i].value;
		const char *text = label_get(&r->label, x->registry->language);
		struct pg_params params = {0};
		pg_params_text(a, &params, PG_TEXT, r->name);
		pg_params_text(a, &params, PG_TEXT, text[0] ? text : r->name);
		if (run(x, tx, insert, &params, NULL, err) < 0 || run(x, tx, update, &params, NULL, err) < 0)
			return -1;
	}
	return 0;
}

static void includes_add(struct schema_run *x, struct map *seen, const struct role *r)
{
	if (map_find(seen, r->name))
		return;
	map_put(seen, r->name, (void *)r);
	for (size_t i = 0; i < r->nincludes; i++)
		includes_add(x, seen, r->includes[i]);
}

/* Who holds a role holds what it includes. */
static int role_includes(struct schema_run *x, struct pg_tx *tx, struct err *err)
{
	struct buf roles = BUF_INIT, holders = BUF_INIT;
	for (size_t i = 0; i < x->registry->roles.count; i++) {
		const struct role *r = x->registry->roles.items[i].value;
		struct map seen;
		map_create(&seen, x->arena);
		includes_add(x, &seen, r);
		for (size_t k = 0; k < seen.count; k++) {
			buf_printf(&roles, "%c%s", roles.len ? ',' : '{', seen.items[k].key);
			buf_printf(&holders, "%c%s", holders.len ? ',' : '{', r->name);
		}
	}
	buf_puts(&roles, roles.len ? "}" : "{}");
	buf_puts(&holders, holders.len ? "}" : "{}");
	struct pg_params params = {0};
	pg_params_text(x->arena, &params, PG_TEXT_ARRAY, roles.data);
	pg_params_text(x->arena, &params, PG_TEXT_ARRAY, holders.data);
	buf_destroy(&roles);
	buf_destroy(&holders);
	if (run(x, tx,
			"DELETE FROM ostov.role_include i WHERE NOT EXISTS (SELECT 1 FROM unnest($1, $2) AS n (role, holder) WHERE n.role = i.role AND "
			"n.holder = i.holder)",
			&params, NULL, err) < 0)
		return -1;
	return run(x, tx, "INSERT INTO ostov.role_include (role, holder) SELECT * FROM unnest($1, $2) ON CONFLICT DO NOTHING", &params, NULL,
			   err);
}

/* ---- organisation and calendar ---- */

static int organisation(struct schema_run *x, struct pg_tx *tx, struct err *err)
{
	const struct registry *r = x->registry;
	struct pg_params params = {0};
	pg_params_text(x->arena, &params, PG_TEXT, r->zone ? r->zone : "UTC");
	pg_params_text(x->arena, &params, PG_TEXT, r->currency ? r->currency : "");
	pg_params_int(x->arena, &params, r->week ? r->week : WEEK_STANDARD);
	if (run(x, tx,
			"INSERT INTO ostov.organisation (zone, currency, week) VALUES ($1, $2, $3) ON CONFLICT (one)"
			" DO UPDATE SET zone = excluded.zone, currency = excluded.currency, week = excluded.week",
			&params, NULL, err) < 0)
		return -1;
	const struct section *days = NULL;
	for (size_t i = 0; i < r->nsections; i++)
		if (r->sections[i]->calendar)
			days = r->sections[i];
	const char *name = days ? days->expr.name : "";
	const char *table = physical_of(x, "section", name), *day = physical_of(x, "field", arena_printf(x->arena, "%s.day", name));
	const char *works = physical_of(x, "field", arena_printf(x->arena, "%s.working", name));
	if (run(x, tx, "DELETE FROM ostov.calendar_day", NULL, NULL, err) < 0)
		return -1;
	if (!table || !day || !works)
		return 0;
	return run(
		x, tx,
		arena_printf(
			x->arena,
			"INSERT INTO ostov.calendar_day (day, works) SELECT %s, bool_or(coalesce(%s, false)) FROM %s WHERE %s IS NOT NULL GROUP BY 1",
			schema_ident(x->arena, day), schema_ident(x->arena, works), schema_table_sql(x->arena, table), schema_ident(x->arena, day)),
		NULL, NULL, err);
}

/* ---- the generation ---- */

static int generation_put(struct schema_run *x, struct pg_tx *tx, struct err *err)
{
	const struct config *config = x->config;
	struct pg_params params = {0};
	struct pg_rows *rows;
	struct buf b = BUF_INIT;
	buf_putc(&b, '[');
	for (size_t i = 0; config && i < config->nfiles; i++) {
		const struct config_file *f = &config->files[i];
		buf_puts(&b, i ? ",{\"module\":" : "{\"module\":");
		buf_json(&b, f->module, strlen(f->module));
		buf_puts(&b, ",\"path\":");
		buf_json(&b, f->path, strlen(f->path));
		buf_puts(&b, ",\"text\":");
		buf_json(&b, f->bytes, f->len);
		buf_putc(&b, '}');
	}
	buf_putc(&b, ']');
	pg_params_text(x->arena, &params, PG_TEXT, x->registry->hash ? x->registry->hash : "");
	pg_params_text(x->arena, &params, PG_TEXT, x->registry->name ? x->registry->name : "");
	pg_params_text(x->arena, &params, PG_JSONB, b.data);
	pg_params_text(x->arena, &params, PG_TEXT, x->options->by ? x->options->by : "");
	buf_destroy(&b);
	if (run(x, tx, "UPDATE ostov.generation SET current = false WHERE current", NULL, NULL, err) < 0 ||
		run(x, tx,
			"INSERT INTO ostov.generation (hash, name, files, applied_by, applied_at, current) VALUES ($1, $2, $3, $4, clock_timestamp(), "
			"true) RETURNING id",
			&params, &rows, err) < 0)
		return -1;
	x->out->generation = pg_rows_int(rows, 0, 0);
	struct pg_params note = {0};
	pg_params_text(x->arena, &note, PG_TEXT, arena_printf(x->arena, "%lld", (long long)x->out->generation));
	return run(x, tx, "SELECT pg_notify('ostov_generation', $1)", &note, NULL, err);
}

static int switch_body(struct schema_run *x, struct pg_tx *tx, void *ctx, struct err *err)
{
	(void)ctx;
	if (run(x, tx, arena_printf(x->arena, "SELECT pg_advisory_xact_lock(%d)", SCHEMA_LOCK_SWITCH), NULL, NULL, err) < 0)
		return -1;
	if (losses_check(x, tx, err) < 0 || values_switch(x, tx, err) < 0 || schema_version_switch(x, tx, err) < 0 ||
		objects_drop(x, tx, err) < 0 || objects_rename(x, tx, err) < 0 || objects_put(x, tx, err) < 0 || objects_replaced(x, tx, err) < 0 ||
		codes_renamed(x, tx, err) < 0 || role_rows(x, tx, err) < 0 || schema_version_roles(x, tx, err) < 0 ||
		role_includes(x, tx, err) < 0 || organisation(x, tx, err) < 0)
		return -1;
	if (x->plan->new_generation && generation_put(x, tx, err) < 0)
		return -1;
	if (run(x, tx, "UPDATE ostov.apply_step SET state = 'kept' WHERE state = 'made'", NULL, NULL, err) < 0)
		return -1;
	fault_hit("apply.switch_commit");
	return 0;
}

int schema_switch(struct schema_run *x, struct err *err)
{
	schema_run_say(x,
				   x->plan->new_generation ? "switching to the new configuration" : "repairing the tables of the configuration in force");
	return schema_run_retry(x, SWITCH_LOCK_MS, "the switch", switch_body, NULL, err);
}
