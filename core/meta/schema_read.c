#include "meta/schema_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "pg/pg.h"

static const char tables_sql[] =
	"SELECT c.relname, c.reltuples::float8::text, a.attname, format_type(a.atttypid, a.atttypmod),"
	" a.atthasdef FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
	" WHERE c.relnamespace = to_regnamespace('app') AND c.relkind = 'r' ORDER BY c.relname, a.attnum";
static const char indexes_sql[] = "SELECT i.relname, t.relname, x.indisvalid AND x.indisready, x.indisunique FROM pg_index x"
								  " JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid"
								  " WHERE t.relnamespace = to_regnamespace('app') AND NOT x.indisprimary ORDER BY 1";
static const char keys_sql[] =
	"SELECT k.conname, t.relname, r.relname, k.convalidated FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid"
	" JOIN pg_class r ON r.oid = k.confrelid WHERE k.contype = 'f' AND t.relnamespace = to_regnamespace('app') ORDER BY 1";
static const char objects_sql[] =
	"SELECT id, coalesce(parent, 0), kind, path, physical, module, dropped_at IS NOT NULL, loss_allowed FROM ostov.object"
	" WHERE removed_at IS NULL ORDER BY id";
static const char definitions_sql[] =
	"SELECT o.id, d.key, d.value FROM ostov.object o, jsonb_each_text(o.definition) d WHERE o.removed_at IS NULL ORDER BY o.id";
static const char leftovers_sql[] =
	"SELECT id, action, place, physical, coalesce(detail, '') FROM ostov.apply_step WHERE state = 'made' ORDER BY id";

static int run(struct pg_tx *tx, struct arena *a, const char *sql, struct pg_rows **rows, struct err *err)
{
	return pg_tx_run(tx, a, sql, NULL, rows, err);
}

static const char *cell(const struct pg_rows *rows, struct arena *a, size_t row, size_t col)
{
	return pg_rows_null(rows, row, col) ? NULL : arena_strdup(a, pg_rows_text(rows, row, col));
}

static int read_catalogue(struct pg_tx *tx, struct schema_current *c, struct err *err)
{
	struct arena *a = c->arena;
	struct pg_rows *rows;
	if (run(tx, a, tables_sql, &rows, err) < 0)
		return -1;
	struct schema_table *t = NULL;
	for (size_t i = 0; i < pg_rows_count(rows); i++) {
		const char *name = pg_rows_text(rows, i, 0);
		if (!t || strcmp(t->name, name) != 0) {
			t = arena_new(a, struct schema_table);
			t->name = arena_strdup(a, name);
			t->estimate = strtod(pg_rows_text(rows, i, 1), NULL);
			map_create(&t->columns, a);
			map_put(&c->tables, t->name, t);
		}
		struct schema_column *col = arena_new(a, struct schema_column);
		col->name = cell(rows, a, i, 2);
		col->type = cell(rows, a, i, 3);
		col->has_default = pg_rows_bool(rows, i, 4);
		map_put(&t->columns, col->name, col);
	}
	if (run(tx, a, indexes_sql, &rows, err) < 0)
		return -1;
	for (size_t i = 0; i < pg_rows_count(rows); i++) {
		struct schema_index *x = arena_new(a, struct schema_index);
		*x = (struct schema_index){cell(rows, a, i, 0), cell(rows, a, i, 1), pg_rows_bool(rows, i, 2), pg_rows_bool(rows, i, 3)};
		map_put(&c->indexes, x->name, x);
	}
	if (run(tx, a, keys_sql, &rows, err) < 0)
		return -1;
	for (size_t i = 0; i < pg_rows_count(rows); i++) {
		struct schema_key *k = arena_new(a, struct schema_key);
		*k = (struct schema_key){cell(rows, a, i, 0), cell(rows, a, i, 1), cell(rows, a, i, 2), pg_rows_bool(rows, i, 3)};
		map_put(&c->keys, k->name, k);
	}
	if (run(tx, a, "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm'", &rows,
			err) < 0)
		return -1;
	c->trgm = pg_rows_count(rows) > 0;
	c->trgm_schema = c->trgm ? cell(rows, a, 0, 0) : NULL;
	return 0;
}

static const char *map_key(struct arena *a, const char *kind, const char *path)
{
	return arena_printf(a, "%s %s", kind, path);
}

static int read_objects(struct pg_tx *tx, struct schema_current *c, struct err *err)
{
	struct arena *a = c->arena;
	struct pg_rows *rows;
	if (run(tx, a, objects_sql, &rows, err) < 0)
		return -1;
	for (size_t i = 0; i < pg_rows_count(rows); i++) {
		struct schema_object *o = arena_new(a, struct schema_object);
		o->id = pg_rows_int(rows, i, 0);
		o->parent = pg_rows_int(rows, i, 1);
		o->kind = cell(rows, a, i, 2);
		o->path = cell(rows, a, i, 3);
		o->physical = cell(rows, a, i, 4);
		o->module = cell(rows, a, i, 5);
		o->dropped = pg_rows_bool(rows, i, 6);
		o->loss_allowed = pg_rows_bool(rows, i, 7);
		arena_push(a, &c->objects, o);
		if (!o->dropped)
			map_put(&c->live, map_key(a, o->kind, o->path), o);
	}
	if (run(tx, a, definitions_sql, &rows, err) < 0)
		return -1;
	size_t at = 0;
	for (size_t i = 0; i < pg_rows_count(rows); i++) {
		int64_t id = pg_rows_int(rows, i, 0);
		while (at < c->objects.count && c->objects.items[at]->id < id)
			at++;
		if (at == c->objects.count)
			break;
		struct schema_pair pair = {cell(rows, a, i, 1), cell(rows, a, i, 2)};
		if (pair.value)
			arena_push(a, &c->objects.items[at]->definition, pair);
	}
	if (run(tx, a, leftovers_sql, &rows, err) < 0)
		return -1;
	for (size_t i = 0; i < pg_rows_count(rows); i++) {
		struct schema_leftover l = {pg_rows_int(rows, i, 0), cell(rows, a, i, 1), cell(rows, a, i, 2), cell(rows, a, i, 3),
									cell(rows, a, i, 4)};
		arena_push(a, &c->leftovers, l);
	}
	return 0;
}

static int tx_snapshot(struct pg *pg, struct arena *a, struct pg_tx **tx, struct err *err)
{
	struct pg_rows *rows;
	if (pg_tx_open(pg, PG_LANE_TX, tx, err) < 0)
		return -1;
	if (pg_tx_run(*tx, a, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", NULL, &rows, err) < 0) {
		pg_tx_rollback(*tx);
		return -1;
	}
	return 0;
}

static struct schema_current *current_new(struct arena *a)
{
	struct schema_current *c = arena_new(a, struct schema_current);
	c->arena = a;
	map_create(&c->live, a);
	map_create(&c->tables, a);
	map_create(&c->indexes, a);
	map_create(&c->keys, a);
	return c;
}

static int read_all(struct pg_tx *tx, struct schema_current *c, struct err *err)
{
	struct arena *a = c->arena;
	struct pg_rows *rows;
	if (run(tx, a,
			"SELECT to_regclass('ostov.worker') IS NOT NULL, current_setting('server_version'), current_setting('server_version_num')::int",
			&rows, err) < 0)
		return -1;
	c->exists = pg_rows_bool(rows, 0, 0);
	c->server = cell(rows, a, 0, 1);
	if (pg_rows_int(rows, 0, 2) < 150000) {
		err_set(err, ERR_ENVIRONMENT, "the database is PostgreSQL %s", c->server);
		return err_hint(err, "Ostov needs PostgreSQL 15 or newer");
	}
	if (read_catalogue(tx, c, err) < 0)
		return -1;
	if (!c->exists)
		return 0;
	if (run(tx, a, "SELECT step FROM ostov.version", &rows, err) < 0)
		return -1;
	c->step = pg_rows_count(rows) ? (int)pg_rows_int(rows, 0, 0) : 0;
	if (run(tx, a, "SELECT id, hash FROM ostov.generation WHERE current", &rows, err) < 0)
		return -1;
	if (pg_rows_count(rows)) {
		c->generation = pg_rows_int(rows, 0, 0);
		c->hash = cell(rows, a, 0, 1);
	}
	return read_objects(tx, c, err);
}

int schema_read(struct pg *pg, struct arena *a, struct schema_current **out, struct err *err)
{
	struct pg_tx *tx;
	struct schema_current *c = current_new(a);
	if (tx_snapshot(pg, a, &tx, err) < 0)
		return -1;
	int rc = read_all(tx, c, err);
	pg_tx_rollback(tx);
	if (rc == 0)
		*out = c;
	return rc;
}

struct schema_object *schema_find(const struct schema_current *c, const char *kind, const char *path)
{
	char key[256];
	int n = snprintf(key, sizeof key, "%s %s", kind, path);
	if (n > 0 && (size_t)n < sizeof key)
		return map_find_n(&c->live, key, (size_t)n);
	return map_find(&c->live, map_key(c->arena, kind, path));
}

const char *schema_definition_get(const struct schema_definition *d, const char *key)
{
	for (size_t i = 0; i < d->count; i++)
		if (strcmp(d->items[i].key, key) == 0)
			return d->items[i].value;
	return NULL;
}

static bool current_find(void *ctx, const char *kind, const char *path, int64_t *id, const char **physical)
{
	const struct schema_object *o = schema_find(ctx, kind, path);
	if (!o)
		return false;
	*id = o->id;
	*physical = o->physical;
	return true;
}

struct object_map schema_map(struct schema_current *c)
{
	return (struct object_map){current_find, c};
}

static int read_files(struct pg_tx *tx, struct arena *a, struct config *config, struct err *err)
{
	static const char sql[] =
		"SELECT f->>'module', f->>'path', f->>'text' FROM ostov.generation g, jsonb_array_elements(g.files) WITH ORDINALITY AS x(f, n)"
		" WHERE g.current ORDER BY n";
	struct pg_rows *rows;
	if (run(tx, a, sql, &rows, err) < 0)
		return -1;
	config->nfiles = pg_rows_count(rows);
	config->files = arena_array(a, struct config_file, config->nfiles);
	for (size_t i = 0; i < config->nfiles; i++) {
		struct config_file *f = &config->files[i];
		f->module = cell(rows, a, i, 0);
		f->path = cell(rows, a, i, 1);
		f->bytes = cell(rows, a, i, 2);
		f->len = strlen(f->bytes);
	}
	return 0;
}

int schema_read_generation(struct pg *pg, struct arena *a, struct schema_generation *out, struct err *err)
{
	struct pg_tx *tx;
	struct pg_rows *rows;
	memset(out, 0, sizeof *out);
	struct schema_current *c = current_new(a);
	out->map = schema_map(c);
	if (tx_snapshot(pg, a, &tx, err) < 0)
		return -1;
	if (run(tx, a, "SELECT to_regclass('ostov.worker') IS NOT NULL", &rows, err) < 0)
		goto fail;
	if (pg_rows_bool(rows, 0, 0)) {
		if (run(tx, a, "SELECT id, hash, name FROM ostov.generation WHERE current", &rows, err) < 0)
			goto fail;
		if (pg_rows_count(rows)) {
			out->id = pg_rows_int(rows, 0, 0);
			out->config = arena_new(a, struct config);
			snprintf(out->config->hash, sizeof out->config->hash, "%s", pg_rows_text(rows, 0, 1));
			out->config->name = cell(rows, a, 0, 2);
			c->generation = out->id;
			if (read_files(tx, a, out->config, err) < 0 || read_objects(tx, c, err) < 0)
				goto fail;
		}
	}
	pg_tx_rollback(tx);
	return 0;
fail:
	pg_tx_rollback(tx);
	return -1;
}
