/* Random typed expressions over random records: what PostgreSQL says of them and what expr_eval says must be the same. time-limit: 600
 *
 *   expr_property_test [--cases N] [--seed S] [--expr TEXT]
 *
 * A case is one expression on one record; every expression is asked as a value and, when it is boolean, as a condition and as a negated condition, and is printed
 * and parsed again. A disagreement is shrunk and printed with the seed. OSTOV_TEST_PG or OSTOV_TEST_DATABASE names a server in which a database is made and dropped. */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/date.h"
#include "base/decimal.h"
#include "expr/expr_private.h"
#include "expr/expr_system.h"
#include "expr_random.h"
#include "pg/pg_sql.h"

enum { MAX_RECORDS = 64 };

struct record {
	struct value values[FIXTURE_FIELDS];
};

static struct record records[FIXTURE_TABLES][MAX_RECORDS];
static const int sizes[FIXTURE_TABLES] = {9, 8, 12, 32, 60};
static struct arena *data; /* of records and catalogue */
static PGconn *pg;
static unsigned week;
static struct {
	int64_t day;
	int works;
} calendar[40];
static bool membership[3][MAX_RECORDS];
static struct value dec_value(const char *s)
{
	struct value v;
	if (!decimal_parse(data, s, strlen(s), &v))
		abort();
	return v;
}

static int64_t day_value(const char *s)
{
	int64_t v;
	if (!date_parse(s, strlen(s), &v))
		abort();
	return v;
}

static int64_t time_value(const char *s)
{
	int64_t v;
	if (!time_parse(s, strlen(s), &v))
		abort();
	return v;
}

/* A stored value of a field; nil rather often. */
static struct value random_value(const struct expr_field *f)
{
	if (chance(18))
		return value_nil();
	switch (f->type.kind) {
	case EXPR_BOOL: return value_bool(chance(50));
	case EXPR_INT: return value_int(chance(50) ? below(10) : PICK(ints));
	case EXPR_DEC: {
		struct value v = f->type.scale > 2 ? dec_value(PICK(huges))
						 : chance(60)      ? dec_value(PICK(decimals))
										   : decimal_from_int(data, below(2000) - 500);
		return decimal_round(data, &v, f->type.scale);
	}
	case EXPR_TEXT: return value_textz(PICK(texts));
	case EXPR_CHOICE: return value_textz(f->type.values[below((int)f->type.nvalues)]);
	case EXPR_DATE: return value_date(chance(60) ? day_value(PICK(dates)) : 20500 + below(400));
	case EXPR_TIME:
		return value_time(chance(60) ? time_value(PICK(times))
									 : (20500 + below(400)) * INT64_C(86400000000) + (int64_t)(rng() % 86400000000u));
	case EXPR_DURATION: return value_duration(chance(50) ? PICK(durations) : below(1000) * INT64_C(1800000000));
	case EXPR_RECORD: return value_int(1 + below(sizes[(const struct fixture_table *)f->type.table - fixture]));
	default: return value_nil();
	}
}

/* --- the server --- */
static void run(const char *sql)
{
	PGresult *r = PQexec(pg, sql);
	if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK) {
		printf("not ok expr_property_setup\n# %s\n# %.400s\n", PQerrorMessage(pg), sql);
		exit(1);
	}
	PQclear(r);
}

static void put_value(struct buf *b, const struct value *v)
{
	struct buf text = BUF_INIT;
	if (v->kind == VALUE_NIL) {
		buf_puts(b, "NULL");
		return;
	}
	if (v->kind == VALUE_TEXT) {
		char *s = PQescapeLiteral(pg, v->text.s, v->text.len);
		buf_puts(b, s);
		PQfreemem(s);
		return;
	}
	if (v->kind == VALUE_DURATION || v->kind == VALUE_INT)
		buf_int(&text, v->i);
	else
		value_json(&text, v);
	bool quoted = text.data[0] == '"';
	if (quoted)
		text.data[0] = text.data[text.len - 1] = '\'';
	buf_add(b, text.data, text.len);
	buf_destroy(&text);
}

static void make_records(void)
{
	struct buf b = BUF_INIT;
	for (int t = 0; t < FIXTURE_TABLES; t++) {
		for (int i = 0; i < sizes[t]; i++) {
			for (size_t k = 0; k < fixture[t].count; k++) {
				const struct expr_field *f = &fixture[t].fields[k];
				struct value *v = &records[t][i].values[k];
				*v = f->storage == EXPR_COLUMN ? random_value(f) : value_nil();
				if (strcmp(f->name, "id") == 0)
					*v = value_int(i + 1);
				if (f->storage == EXPR_LINK) {
					struct value *items = arena_array(data, struct value, 4);
					*v = (struct value){.kind = VALUE_LIST};
					v->list.items = items;
					int from = below(sizes[FIXTURE_USER]), n = below(4);
					for (int m = 0; m < n; m++)
						items[v->list.count++] = value_int(1 + (from + m * 2) % sizes[FIXTURE_USER]);
				}
			}
		}
	}
	/* a tree, with a circle at its end that others lead into */
	for (int i = 0; i < sizes[FIXTURE_DEPARTMENT]; i++)
		records[FIXTURE_DEPARTMENT][i].values[2] = i == 0 ? value_nil() : i < 5 ? value_int(1 + below(i)) : value_int(i == 7 ? 6 : i + 2);
	for (int t = 0; t < FIXTURE_TABLES; t++) {
		for (int i = 0; i < sizes[t]; i++) {
			buf_printf(&b, "INSERT INTO %s VALUES (", fixture[t].table.sql);
			bool first = true;
			for (size_t k = 0; k < fixture[t].count; k++) {
				if (fixture[t].fields[k].storage != EXPR_COLUMN)
					continue;
				buf_puts(&b, first ? "" : ", ");
				put_value(&b, &records[t][i].values[k]);
				first = false;
			}
			buf_puts(&b, ");");
			for (size_t k = 0; k < fixture[t].count; k++)
				for (size_t m = 0; fixture[t].fields[k].storage == EXPR_LINK && m < records[t][i].values[k].list.count; m++)
					buf_printf(&b, "INSERT INTO %s VALUES (%d, %lld, %d);", fixture[t].fields[k].link, i + 1,
							   (long long)records[t][i].values[k].list.items[m].i, (int)m);
		}
		run(b.data);
		buf_clear(&b);
	}
	week = chance(50) ? 31 : (unsigned)below(128);
	buf_printf(&b, "INSERT INTO ostov.organisation VALUES ('UTC', 'RUB', %u);", week);
	for (int i = 0; i < 40; i++) {
		calendar[i].day = 20500 + i * 9 + below(9);
		calendar[i].works = chance(50);
		buf_printf(&b, "INSERT INTO ostov.calendar_day VALUES (date '1970-01-01' + %d, %s);", (int)calendar[i].day,
				   calendar[i].works ? "true" : "false");
	}
	for (int r = 0; r < 3; r++)
		for (int i = 0; i < sizes[FIXTURE_USER]; i++)
			if ((membership[r][i] = chance(35)))
				buf_printf(&b, "INSERT INTO app.membership VALUES ('%s', %d);", role_names[r], i + 1);
	run(b.data);
	buf_destroy(&b);
}

static bool connect_server(char *name, size_t size)
{
	const char *address = getenv("OSTOV_TEST_PG");
	if (!address)
		address = getenv("OSTOV_TEST_DATABASE");
	if (!address)
		return false;
	PGconn *first = PQconnectdb(address);
	if (PQstatus(first) != CONNECTION_OK) {
		printf("not ok expr_property_connect\n# %s\n", PQerrorMessage(first));
		exit(1);
	}
	snprintf(name, size, "expr_property_%d", (int)getpid());
	pg = first;
	char sql[200];
	snprintf(sql, sizeof sql, "CREATE DATABASE %s TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'", name);
	run(sql);
	const char *keywords[] = {"dbname", "dbname", "options", NULL},
			   *values[] = {address, name, "-c client_min_messages=error -c TimeZone=Asia/Tokyo", NULL};
	pg = PQconnectdbParams(keywords, values, 1);
	if (PQstatus(pg) != CONNECTION_OK) {
		printf("not ok expr_property_connect\n# %s\n", PQerrorMessage(pg));
		exit(1);
	}
	PQfinish(first);
	run("SET statement_timeout = '20s'");
	run(expr_system_sql());
	run(expr_system_sql());
	run(fixture_sql(data));
	run("CREATE VIEW ostov.role_member AS SELECT role, user_id FROM app.membership");
	return true;
}

static void drop_server(const char *name)
{
	const char *address = getenv("OSTOV_TEST_PG") ? getenv("OSTOV_TEST_PG") : getenv("OSTOV_TEST_DATABASE");
	char sql[200];
	PQfinish(pg);
	pg = PQconnectdb(address);
	snprintf(sql, sizeof sql, "DROP DATABASE IF EXISTS %s", name);
	run(sql);
	PQfinish(pg);
}

/* --- in process --- */
struct world {
	enum fixture_table_code table; /* of bare names */
	int record_table;              /* of `record`, -1 none */
	int record, old;               /* index, -1 none */
	bool record_is_row;            /* `record` is a row of the statement, not a value */
	bool has_role_known;
	bool eyes;   /* some rows and some fields are hidden */
	bool nulls;  /* == and ~= are OData's eq and ne */
	bool inputs; /* literals are inputs */
	int64_t me, now_us, today;
	const char *zone;
};

/* What a user with limited rights sees: not every third field on odd rows, not every fifth row. */
static bool row_hidden(const struct world *w, int64_t id)
{
	return w->eyes && id % 5 == 3;
}

static bool field_guarded(const struct expr_field *f)
{
	return strcmp(f->name, "id") != 0 && (unsigned char)(f->name[0] + f->name[1]) % 3 == 0;
}

static const struct expr_field *eyes_find(void *ctx, const struct expr_table *t, const char *name, size_t len)
{
	(void)ctx;
	const struct expr_field *f = fixture_find(t, name, len);
	return f && f->storage != EXPR_FORMULA ? f : NULL;
}

static struct value seen_value(const struct world *w, int table, const struct record *r, const struct expr_field *f)
{
	struct value v = r->values[f - fixture[table].fields];
	if (!w->eyes)
		return v;
	if (field_guarded(f) && r->values[0].i % 2)
		return f->storage == EXPR_LINK ? (struct value){.kind = VALUE_LIST} : value_nil();
	if (f->storage == EXPR_LINK) {
		struct value *items = arena_array(data, struct value, v.list.count + 1);
		size_t n = 0;
		for (size_t i = 0; i < v.list.count; i++)
			if (!row_hidden(w, v.list.items[i].i))
				items[n++] = v.list.items[i];
		v.list.items = items;
		v.list.count = n;
	}
	return v;
}

static int eyes_table(void *ctx, struct pg_sql *sql, const struct expr_table *t, const char *alias, struct err *err)
{
	(void)ctx, (void)err;
	buf_printf(&sql->text, "(SELECT * FROM %s AS s WHERE s.id %% 5 <> 3) AS %s", t->sql, alias);
	return 0;
}

static int eyes_column(void *ctx, struct pg_sql *sql, const struct expr_field *f, const char *alias, struct err *err)
{
	struct expr_sql opts = {.sql = sql, .alias = alias, .ctx = ctx};
	if (!field_guarded(f))
		return expr_sql_field(f, &opts, err);
	buf_printf(&sql->text, "CASE WHEN %s.id %% 2 = 0 THEN ", alias);
	int r = expr_sql_field(f, &opts, err);
	buf_puts(&sql->text, " END");
	return r;
}

static int env_get(void *ctx, struct arena *a, const struct expr_table *t, const void *record, const struct expr_field *f,
				   struct value *out, struct err *err)
{
	(void)a, (void)err;
	*out = seen_value(ctx, table_index(t), record, f);
	return 0;
}

static int env_load(void *ctx, struct arena *a, const struct expr_table *t, int64_t id, const void **record, struct err *err)
{
	(void)a, (void)err;
	int k = table_index(t);
	*record = id >= 1 && id <= sizes[k] && !row_hidden(ctx, id) ? &records[k][id - 1] : NULL;
	return 0;
}

static int env_lines(void *ctx, struct arena *a, const struct expr_field *detail, const void *record, const void ***out, size_t *n,
					 struct err *err)
{
	(void)err;
	const struct world *w = ctx;
	int k = table_index(detail->type.table);
	int64_t id = ((const struct record *)record)->values[0].i;
	bool none = w->eyes && field_guarded(detail) && id % 2;
	size_t by = (size_t)(detail->by - fixture[k].fields);
	*out = arena_array(a, const void *, MAX_RECORDS);
	*n = 0;
	for (int i = 0; i < sizes[k]; i++)
		if (!none && !row_hidden(w, i + 1) && records[k][i].values[by].kind == VALUE_INT && records[k][i].values[by].i == id)
			(*out)[(*n)++] = &records[k][i];
	return 0;
}

static int role_index(const char *role)
{
	for (int i = 0; i < 3; i++)
		if (strcmp(role_names[i], role) == 0)
			return i;
	return -1;
}

static int env_role_users(void *ctx, struct arena *a, const char *role, struct value *list, struct err *err)
{
	(void)ctx, (void)err;
	int r = role_index(role);
	struct value *items = arena_array(a, struct value, MAX_RECORDS);
	*list = (struct value){.kind = VALUE_LIST};
	list->list.items = items;
	for (int i = 0; i < sizes[FIXTURE_USER]; i++)
		if (membership[r][i])
			items[list->list.count++] = value_int(i + 1);
	return 0;
}

static bool env_has_role(void *ctx, const char *role)
{
	const struct world *w = ctx;
	return w->me && membership[role_index(role)][w->me - 1];
}

static int env_work_day(void *ctx, int64_t day)
{
	(void)ctx;
	for (int i = 0; i < 40; i++)
		if (calendar[i].day == day)
			return calendar[i].works;
	return -1;
}

static int sql_record_value(void *ctx, const struct expr_field *f, struct value *out, struct err *err)
{
	(void)err;
	const struct world *w = ctx;
	*out = w->record < 0 ? value_nil() : seen_value(w, w->record_table, &records[w->record_table][w->record], f);
	return 0;
}

static int sql_old_value(void *ctx, const struct expr_field *f, struct value *out, struct err *err)
{
	(void)err;
	const struct world *w = ctx;
	*out = w->old < 0 ? value_nil() : seen_value(w, w->table, &records[w->table][w->old], f);
	return 0;
}

/* --- one expression, both ways --- */
struct tally {
	long expressions, cases, yes, no, nil, values, refused;
};

static int failures;

/* The value of a cell; TIME and DATE are selected as numbers. */
static struct value cell_value(struct arena *a, const PGresult *r, int row, int col, enum expr_kind kind)
{
	if (PQgetisnull(r, row, col))
		return value_nil();
	const char *s = PQgetvalue(r, row, col);
	size_t len = strlen(s);
	struct value v = value_nil();
	switch (kind) {
	case EXPR_BOOL: return value_bool(s[0] == 't');
	case EXPR_DEC:
		if (!decimal_parse(a, s, len, &v))
			printf("# not a decimal: %s\n", s);
		return v;
	case EXPR_INT:
	case EXPR_RECORD: return value_int(strtoll(s, NULL, 10));
	case EXPR_DURATION: return value_duration(strtoll(s, NULL, 10));
	case EXPR_DATE: return value_date(strtoll(s, NULL, 10));
	case EXPR_TIME: return value_time(strtoll(s, NULL, 10));
	case EXPR_RECORDS: {
		struct value *items = arena_array(a, struct value, len + 1);
		v = (struct value){.kind = VALUE_LIST};
		v.list.items = items;
		for (const char *p = s + 1; *p && *p != '}';) {
			char *after;
			items[v.list.count++] = value_int(strtoll(p, &after, 10));
			p = *after == ',' ? after + 1 : after;
		}
		return v;
	}
	default: return value_text(s, len);
	}
}

static bool same(const struct value *x, const struct value *y)
{
	if (x->kind == VALUE_LIST && y->kind == VALUE_LIST) {
		/* the order of details and roles is not promised */
		size_t found = 0;
		for (size_t i = 0; i < x->list.count; i++)
			for (size_t j = 0; j < y->list.count; j++)
				found += x->list.items[i].i == y->list.items[j].i;
		return x->list.count == y->list.count && found == x->list.count;
	}
	if ((x->kind == VALUE_DEC && y->kind == VALUE_INT) || (x->kind == VALUE_INT && y->kind == VALUE_DEC)) {
		int64_t i;
		const struct value *d = x->kind == VALUE_DEC ? x : y, *n = d == x ? y : x;
		return decimal_to_int(d, &i) && i == n->i;
	}
	return value_same(x, y);
}

static const char *shown(struct arena *a, const struct value *v)
{
	struct buf b = BUF_INIT;
	value_json(&b, v);
	const char *s = arena_strndup(a, b.data, b.len);
	buf_destroy(&b);
	return s;
}

static struct value inputs[EXPR_MAX_NODES];

/* Makes OData's operators and inputs of what was parsed. */
static void transform(const struct world *w, struct expr *e, int *n)
{
	if (w->nulls && e->node == NODE_OP && (e->op == EXPR_EQ || e->op == EXPR_NE))
		e->op = e->op == EXPR_EQ ? EXPR_EQ_NULLS : EXPR_NE_NULLS;
	if (w->inputs && e->node == NODE_LITERAL && e->value.kind != VALUE_NIL) {
		inputs[*n] = e->value;
		e->input = (*n)++;
	}
	static const char *const fixed[] = {"has_role", "role", "matches", "round"};
	for (size_t i = 0; e->node == NODE_CALL && i < 4; i++)
		if (strcmp(e->name, fixed[i]) == 0) {
			if (i > 1 && e->count)
				transform(w, e->items[0], n);
			return;
		}
	for (size_t i = 0; i < e->count; i++)
		transform(w, e->items[i], n);
}

static int compile(struct arena *a, const struct world *w, const char *text, struct expr **e, struct err *err)
{
	struct expr_scope scope = fixture_scope(w->table);
	int n = 0;
	scope.old = w->old >= 0;
	scope.record = w->record_table >= 0 ? &fixture[w->record_table].table : NULL;
	if (w->eyes)
		scope.find = eyes_find;
	if (expr_parse(a, text, strlen(text), e, err))
		return -1;
	transform(w, *e, &n);
	return expr_check(a, *e, &scope, NULL, err);
}

/* 0 both agree, 1 they do not (message in *why), -1 the text does not type. */
static int try_text(const struct world *w, const char *text, struct tally *tally, char *why, size_t size)
{
	struct arena *a = arena_new_sized(64 * 1024);
	struct err err;
	struct expr *e, *negated = NULL, *again;
	int result = 0;
	PGresult *r = NULL;
	err_init(&err, a);
	if (compile(a, w, text, &e, &err)) {
		if (err.code == ERR_SYNTAX) {
			snprintf(why, size, "does not parse: %s", err.message);
			arena_delete(a);
			return 1;
		}
		arena_delete(a);
		return -1;
	}
	struct buf printed = BUF_INIT, reprinted = BUF_INIT;
	expr_print(&printed, e);
	if (printed.len <= 4096 && !w->nulls && !w->inputs) {
		if (compile(a, w, printed.data, &again, &err) == 0)
			expr_print(&reprinted, again);
		if (!reprinted.data || strcmp(printed.data, reprinted.data) != 0) {
			snprintf(why, size, "printed as %s, which is read as %s", printed.data, reprinted.data ? reprinted.data : err.message);
			result = 1;
		}
	}
	buf_destroy(&printed);
	buf_destroy(&reprinted);
	if (result)
		goto done;
	enum expr_kind kind = e->type.kind == EXPR_NIL ? EXPR_TEXT : e->type.kind;
	if (kind == EXPR_BOOL && compile(a, w, arena_printf(a, "not (%s)", text), &negated, &err))
		negated = NULL;

	struct pg_sql sql;
	pg_sql_create(&sql, a);
	struct expr_sql opts = {
		.sql = &sql, .alias = "t", .old_value = sql_old_value, .ctx = (void *)w, .has_role = w->has_role_known ? env_has_role : NULL};
	if (w->eyes) {
		opts.table = eyes_table;
		opts.column = eyes_column;
	}
	if (w->record_is_row)
		opts.record_alias = "r";
	else
		opts.record_value = sql_record_value;
	buf_puts(&sql.text, kind == EXPR_TIME ? "SELECT t.id, (extract(epoch FROM " : kind == EXPR_DATE ? "SELECT t.id, (" : "SELECT t.id, ");
	int failed = expr_sql_value(e, &opts, &err);
	buf_puts(&sql.text, kind == EXPR_TIME ? ") * 1000000)::bigint" : kind == EXPR_DATE ? ") - date '1970-01-01'" : "");
	if (kind == EXPR_BOOL && !failed) {
		buf_puts(&sql.text, ", (");
		failed = expr_sql_condition(e, &opts, &err);
		buf_puts(&sql.text, ") IS TRUE");
		if (negated && !failed) {
			buf_puts(&sql.text, ", (");
			failed = expr_sql_condition(negated, &opts, &err);
			buf_puts(&sql.text, ") IS TRUE");
		}
	}
	buf_printf(&sql.text, " FROM %s AS t", fixture[w->table].table.sql);
	if (w->record_is_row)
		buf_printf(&sql.text, ", %s AS r WHERE r.id = %d", fixture[w->record_table].table.sql, w->record + 1);
	buf_puts(&sql.text, " ORDER BY 1");
	const char *statement = pg_sql_finish(&sql);
	if (failed) {
		result = 1;
		snprintf(why, size, "cannot be written as SQL: %s", err.message);
		goto done;
	}
	struct pg_params params = {0};
	pg_sql_bind(&sql, a,
				&(struct pg_bindings){
					.me = w->me, .now_us = w->now_us, .today = w->today, .zone = w->zone, .inputs = inputs, .ninputs = EXPR_MAX_NODES},
				&params);
	Oid *types = arena_array(a, Oid, params.count + 1);
	const char **values = arena_array(a, const char *, params.count + 1);
	for (size_t i = 0; i < params.count; i++) {
		types[i] = (Oid)params.items[i].type;
		values[i] = params.items[i].text;
	}
	r = PQexecParams(pg, statement, (int)params.count, types, values, NULL, NULL, 0);
	if (PQresultStatus(r) != PGRES_TUPLES_OK) {
		snprintf(why, size, "PostgreSQL: %s# in %s", PQerrorMessage(pg), statement);
		result = 1;
		goto done;
	}
	struct expr_env env = {.get = env_get,
						   .load = env_load,
						   .lines = env_lines,
						   .role_users = env_role_users,
						   .has_role = env_has_role,
						   .work_day = env_work_day,
						   .week = week,
						   .me = w->me,
						   .now_us = w->now_us,
						   .today = w->today,
						   .zone = w->zone,
						   .inputs = inputs,
						   .ctx = (void *)w};
	const void *outer = w->record_table >= 0 && w->record >= 0 ? &records[w->record_table][w->record] : NULL,
			   *old = w->old >= 0 ? &records[w->table][w->old] : NULL;
	for (int i = 0; i < PQntuples(r) && !result; i++) {
		struct value mine, theirs = cell_value(a, r, i, 1, kind);
		if (expr_eval(a, e, &env, &records[w->table][i], outer, old, &mine, &err)) {
			result = err.code == ERR_TOO_COMPLEX ? -1 : 1;
			snprintf(why, size, "record %d: in process: %s", i + 1, err.message);
			break;
		}
		if (mine.kind == VALUE_INT && kind == EXPR_DURATION)
			mine.kind = VALUE_DURATION;
		bool yes = mine.kind == VALUE_BOOL && mine.b;
		if (!same(&mine, &theirs)) {
			snprintf(why, size, "record %d: in process %s, in SQL %s\n# %s", i + 1, shown(a, &mine), shown(a, &theirs), statement);
			result = 1;
		} else if (kind == EXPR_BOOL && (PQgetvalue(r, i, 2)[0] == 't') != yes) {
			snprintf(why, size, "record %d: in process %s, as a condition the other way\n# %s", i + 1, shown(a, &mine), statement);
			result = 1;
		} else if (negated && (PQgetvalue(r, i, 3)[0] == 't') == yes) {
			snprintf(why, size, "record %d: in process %s, negated the same\n# %s", i + 1, shown(a, &mine), statement);
			result = 1;
		}
		if (tally) {
			tally->cases++;
			if (mine.kind == VALUE_NIL)
				tally->nil++;
			else if (kind == EXPR_BOOL)
				*(yes ? &tally->yes : &tally->no) += 1;
			else
				tally->values++;
		}
	}
done:
	PQclear(r);
	arena_delete(a);
	return result;
}

/* --- shrinking --- */
static bool still_fails(const struct world *w, const struct expr *root, char *best, size_t size)
{
	struct buf b = BUF_INIT;
	char why[8192];
	expr_print(&b, root);
	bool smaller = b.len < strlen(best) && try_text(w, b.data, NULL, why, sizeof why) == 1;
	if (smaller)
		snprintf(best, size, "%s", b.data);
	buf_destroy(&b);
	return smaller;
}

/* Tries each part in the place of what it stands in, and lists without one item; true when something smaller fails as well. */
static bool shrink_at(const struct world *w, struct expr *root, struct expr *e, char *best, size_t size)
{
	for (size_t i = 0; i < e->count; i++) {
		struct expr kept = *e;
		*e = *e->items[i];
		if (still_fails(w, root, best, size))
			return true;
		*e = kept;
	}
	if (e->node == NODE_SET || e->node == NODE_CALL || (e->node == NODE_OP && e->count > 2)) {
		for (size_t i = 0; i < e->count; i++) {
			struct expr *item = e->items[i];
			memmove(e->items + i, e->items + i + 1, (e->count - i - 1) * sizeof *e->items);
			e->count--;
			if (still_fails(w, root, best, size))
				return true;
			e->count++;
			memmove(e->items + i + 1, e->items + i, (e->count - i - 1) * sizeof *e->items);
			e->items[i] = item;
		}
	}
	for (size_t i = 0; i < e->count; i++)
		if (shrink_at(w, root, e->items[i], best, size))
			return true;
	return false;
}

static void shrink(const struct world *w, char *best, size_t size)
{
	for (int round = 0; round < 200; round++) {
		struct arena *a = arena_new_sized(0);
		struct err err;
		struct expr *e;
		err_init(&err, a);
		bool smaller = expr_parse(a, best, strlen(best), &e, &err) == 0 && shrink_at(w, e, e, best, size);
		arena_delete(a);
		if (!smaller)
			return;
	}
}

static struct world random_world(void)
{
	struct world w = {.table = FIXTURE_CONTRACT, .record_table = -1, .record = -1, .old = -1};
	int r = below(10);
	if (r < 6) {
		w.old = below(sizes[FIXTURE_CONTRACT]);
	} else if (r < 8) {
		w.table = chance(50) ? FIXTURE_ACCOUNT : FIXTURE_USER;
		w.record_table = FIXTURE_CONTRACT;
		w.record = below(sizes[FIXTURE_CONTRACT]);
	} else {
		w.table = chance(50) ? FIXTURE_CONTRACT : FIXTURE_PAYMENT;
		w.record_table = chance(50) ? FIXTURE_ACCOUNT : FIXTURE_CONTRACT;
		w.record = below(sizes[w.record_table]);
		w.record_is_row = true;
	}
	w.has_role_known = chance(50);
	w.eyes = chance(25);
	w.nulls = chance(15);
	w.inputs = chance(25);
	w.me = chance(85) ? 1 + below(sizes[FIXTURE_USER]) : 0;
	w.zone = PICK(zones);
	/* what is stored may be of any day; the clock shows one that every zone has */
	do
		w.now_us = chance(50) ? time_value(PICK(times)) : (20500 + below(400)) * INT64_C(86400000000) + (int64_t)(rng() % 86400000000u);
	while (w.now_us < time_value("0001-01-02T00:00:00Z") || w.now_us > time_value("9999-12-31T00:00:00Z"));
	w.today = zone_date_of(w.zone, w.now_us);
	return w;
}

static void one(struct tally *tally, uint64_t seed)
{
	static const enum expr_kind kinds[] = {EXPR_INT, EXPR_DEC, EXPR_TEXT, EXPR_DATE, EXPR_TIME, EXPR_DURATION, EXPR_RECORD, EXPR_RECORDS};
	rng_state = seed;
	struct world w = random_world();
	struct writer writer = {.table = w.table, .record = w.record_table, .old = w.old >= 0};
	static char why[16384], text[8192], smallest[8192];
	write_kind(&writer, chance(75) ? EXPR_BOOL : PICK(kinds), chance(50) ? FIXTURE_USER : FIXTURE_ACCOUNT, 1 + below(5));
	snprintf(text, sizeof text, "%s", writer.b.data ? writer.b.data : "nil");
	buf_destroy(&writer.b);
	int r = try_text(&w, text, tally, why, sizeof why);
	if (r < 0) {
		tally->refused++;
		return;
	}
	tally->expressions++;
	if (r == 0)
		return;
	failures++;
	snprintf(smallest, sizeof smallest, "%s", text);
	shrink(&w, smallest, sizeof smallest);
	printf("# DISAGREE (case seed %llu) %s\n", (unsigned long long)seed, text);
	if (try_text(&w, smallest, NULL, why, sizeof why) == 1)
		printf("# shrunk to: %s\n# table %s, me %lld, now %lld, zone %s, record %d, old %d%s%s%s\n# %s\n", smallest,
			   fixture[w.table].table.name, (long long)w.me, (long long)w.now_us, w.zone, w.record + 1, w.old + 1, w.eyes ? ", eyes" : "",
			   w.nulls ? ", nulls" : "", w.inputs ? ", inputs" : "", why);
}

int main(int argc, char **argv)
{
	long wanted = getenv("OSTOV_PROPERTY_CASES") ? strtol(getenv("OSTOV_PROPERTY_CASES"), NULL, 10) : 40000;
	uint64_t seed = getenv("OSTOV_PROPERTY_SEED") ? strtoull(getenv("OSTOV_PROPERTY_SEED"), NULL, 10) : 20260501, only = 0;
	char name[64];
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--cases") == 0)
			wanted = strtol(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--seed") == 0)
			seed = strtoull(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--case") == 0)
			only = strtoull(argv[i + 1], NULL, 10);
	}
	data = arena_new_sized(0);
	fixture_create(data);
	if (!connect_server(name, sizeof name)) {
		printf("skip expr_property no PostgreSQL\n");
		arena_delete(data);
		return 0;
	}
	rng_state = seed;
	make_records();
	struct tally tally = {0};
	if (only)
		one(&tally, only);
	for (uint64_t i = 0; !only && tally.cases < wanted && failures < 5; i++)
		one(&tally, seed * 1000003 + i);
	drop_server(name);
	printf("# seed %llu: %ld expressions (%ld refused by type), %ld cases: %ld true, %ld false, %ld nil, %ld other values\n",
		   (unsigned long long)seed, tally.expressions, tally.refused, tally.cases, tally.yes, tally.no, tally.nil, tally.values);
	bool balanced = only || (tally.yes > wanted / 20 && tally.no > wanted / 20 && tally.nil > wanted / 50);
	printf("%s expr_property_sql_and_process_agree\n", failures ? "not ok" : "ok");
	printf("%s expr_property_cases_are_balanced\n", balanced ? "ok" : "not ok");
	arena_delete(data);
	return failures || !balanced;
}
