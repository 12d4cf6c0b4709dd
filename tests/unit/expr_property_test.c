/* Random typed expressions over random records: what PostgreSQL says of them and what expr_eval says must be the same. time-limit: 300
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
#include "expr_fixture.h"
#include "pg/pg_sql.h"

enum { MAX_RECORDS = 64, MAX_TEXT = 3500 };

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
static const char *const role_names[] = {"lawyer", "ceo", "office"};

/* --- chance --- */
static uint64_t rng_state;

static uint64_t rng(void)
{
	uint64_t z = (rng_state += 0x9e3779b97f4a7c15u);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static int below(int n)
{
	return (int)(rng() % (uint64_t)n);
}

static bool chance(int percent)
{
	return below(100) < percent;
}

#define PICK(list) (list)[below((int)(sizeof(list) / sizeof *(list)))]

static const char *const texts[] = {"Ромашка", "РОМАШКА", "ромашка", "ООО «Ёлка»", "ооо «ёлка»", "Straße", "STRASSE", "İstanbul", "istanbul", "ΟΔΟΣ", "οδός", "ΣΑΣ Σ.",
	"a%b_c\\d", "50%", "abc", "ABC", "aBc123", "x y", "Z", "Я", "я", "ǅ", "é", "e\xcc\x81", "😀 ok", "C-2026-00001", "two\nlines", "A", "b", "0", "12.50", "й", "Ⅷ", "ﬁ"};
static const char *const parts[] = {"а", "Ё", "ромаш", "СС", "ss", "i", "Σ", "ς", "%", "_", "\\", "b_c", "abc", "АШК", "», ", " ", "0", "\n", "É", "", "ок", "ok"};
static const char *const patterns[] = {"^[А-Яа-я]+$", "abc", "[a-z]{2,4}[0-9]*", "^(a|b|Z)$", "\\\\d+", "C-\\\\d{4}-", "\\\\w+ \\\\w+", ".", "^.{3}$", "[^a-z]", "ё|Ё", "\\\\s", "(ab)*c",
	"\\\\.", "^\\\\W", "[\\\\d%_]", "a.b", "a?B?c?1", "s+e"};
static const char *const decimals[] = {"0", "0.00", "1", "-1", "0.01", "-0.01", "12.50", "-12.5", "999999.99", "9999999999999999.99", "-9999999999999999.99", "33.33", "1000000", "0.05",
	"2", "3", "7", "100", "0.1"};
static const char *const huges[] = {"123456789012345678901234567890.0123456789", "-123456789012345678901234567890", "0", "0.0000000001", "1", "999999999999999999999999999999.9999999999",
	"-0.5", "3", "99999999999999999999", "12345678901234567890.5"};
static const int64_t ints[] = {0, 1, -1, 2, 3, 7, 10, 100, -100, 12, 31, 365, 4000000000, 9223372036854775807, -9223372036854775807 - 1, 5000, 5001};
static const char *const dates[] = {"2024-02-29", "2026-01-31", "2026-03-28", "2026-03-29", "2026-03-30", "2026-05-01", "2026-10-24", "2026-10-25", "2026-12-31", "2027-02-28", "0001-01-01",
	"9999-12-31", "2018-11-03", "2018-11-04", "2026-08-31", "2023-02-28", "1999-12-31", "1970-01-01", "2011-12-29", "2011-12-31"};
static const char *const times[] = {"2026-03-29T00:59:59.999999Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z",
	"2018-11-04T02:59:59Z", "2018-11-04T03:00:00Z", "2026-03-08T07:00:00Z", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z", "2026-05-01T21:00:00Z", "2026-05-01T20:59:59Z", "1970-01-01T00:00:00Z",
	"1969-12-31T23:59:59.5Z", "2026-04-04T15:00:00Z", "2026-04-04T15:15:00Z", "2026-10-03T15:45:00Z", "2011-12-30T09:59:59Z", "2011-12-30T10:00:00Z", "2014-10-25T22:00:00Z", "2026-01-31T12:00:00Z",
	"0001-01-02T00:00:00Z", "9999-12-30T23:59:59.999999Z"};
static const int64_t durations[] = {0, 1, -1, 3600000000, 5400000000, -86400000000, 999999, 9223372036854775807, -9223372036854775807 - 1, 86400000001};
static const char *const zones[] = {"Europe/Berlin", "Europe/Moscow", "America/Sao_Paulo", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia", "UTC"};

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
		struct value v = f->type.scale > 2 ? dec_value(PICK(huges)) : chance(60) ? dec_value(PICK(decimals)) : decimal_from_int(data, below(2000) - 500);
		return decimal_round(data, &v, f->type.scale);
	}
	case EXPR_TEXT: return value_textz(PICK(texts));
	case EXPR_CHOICE: return value_textz(f->type.values[below((int)f->type.nvalues)]);
	case EXPR_DATE: return value_date(chance(60) ? day_value(PICK(dates)) : 20500 + below(400));
	case EXPR_TIME: return value_time(chance(60) ? time_value(PICK(times)) : (20500 + below(400)) * INT64_C(86400000000) + (int64_t)(rng() % 86400000000u));
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
					buf_printf(&b, "INSERT INTO %s VALUES (%d, %lld, %d);", fixture[t].fields[k].link, i + 1, (long long)records[t][i].values[k].list.items[m].i, (int)m);
		}
		run(b.data);
		buf_clear(&b);
	}
	week = chance(50) ? 31 : (unsigned)below(128);
	buf_printf(&b, "INSERT INTO ostov.organisation VALUES ('UTC', 'RUB', %u);", week);
	for (int i = 0; i < 40; i++) {
		calendar[i].day = 20500 + i * 9 + below(9);
		calendar[i].works = chance(50);
		buf_printf(&b, "INSERT INTO ostov.calendar_day VALUES (date '1970-01-01' + %d, %s);", (int)calendar[i].day, calendar[i].works ? "true" : "false");
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
	const char *keywords[] = {"dbname", "dbname", "options", NULL}, *values[] = {address, name, "-c client_min_messages=error -c TimeZone=Asia/Tokyo", NULL};
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

static int table_index(const struct expr_table *t)
{
	return (int)((const struct fixture_table *)t - fixture);
}

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

static int env_get(void *ctx, struct arena *a, const struct expr_table *t, const void *record, const struct expr_field *f, struct value *out, struct err *err)
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

static int env_lines(void *ctx, struct arena *a, const struct expr_field *detail, const void *record, const void ***out, size_t *n, struct err *err)
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

/* --- random expressions --- */
struct writer {
	struct buf b;
	int table;    /* of bare names */
	int record;   /* -1 none */
	bool old;
};

static void write_kind(struct writer *w, enum expr_kind kind, int table, int depth);

static void put(struct writer *w, const char *s)
{
	buf_puts(&w->b, s);
}

static void put_text(struct writer *w, const char *s)
{
	struct buf q = BUF_INIT;
	for (; *s; s++) {
		if (*s == '\n')
			buf_puts(&q, "\\n");
		else if (*s == '\\' || *s == '"')
			buf_printf(&q, "\\%c", *s);
		else
			buf_putc(&q, *s);
	}
	buf_printf(&w->b, "\"%s\"", q.data ? q.data : "");
	buf_destroy(&q);
}

/* A field of that kind of table t (or one behind its lookups), behind `prefix`; false when there is none. */
static bool write_field(struct writer *w, int t, const char *prefix, enum expr_kind kind, int target, int depth)
{
	const struct expr_field *fit[FIXTURE_FIELDS], *lookups[FIXTURE_FIELDS];
	int nfit = 0, nlookups = 0;
	for (size_t i = 0; i < fixture[t].count; i++) {
		const struct expr_field *f = &fixture[t].fields[i];
		if (f->type.kind == kind && (target < 0 || f->type.table == &fixture[target].table))
			fit[nfit++] = f;
		if (f->type.kind == EXPR_RECORD)
			lookups[nlookups++] = f;
	}
	if (nlookups && depth > 0 && chance(nfit ? 25 : 100)) {
		const struct expr_field *f = lookups[below(nlookups)];
		char longer[400];
		snprintf(longer, sizeof longer, "%s%s.", prefix, f->name);
		if (write_field(w, table_index(f->type.table), longer, kind, target, depth - 1))
			return true;
	}
	if (!nfit)
		return false;
	buf_printf(&w->b, "%s%s", prefix, fit[below(nfit)]->name);
	return true;
}

static void write_any_field(struct writer *w, enum expr_kind kind, int target, int depth)
{
	int r = below(12);
	bool done;
	if (r == 0 && w->record >= 0)
		done = write_field(w, w->record, "record.", kind, target, depth);
	else if (r == 1 && w->old && kind != EXPR_RECORDS)
		done = write_field(w, FIXTURE_CONTRACT, "old.", kind, target, depth);
	else if (r == 2)
		done = write_field(w, FIXTURE_USER, "me.", kind, target, depth);
	else
		done = write_field(w, w->table, "", kind, target, depth);
	if (!done && !write_field(w, w->table, "", kind, target, 3) && !write_field(w, FIXTURE_USER, "me.", kind, target, 4))
		put(w, "nil");
}

static int lines_table(const struct writer *w, const char *from, size_t at)
{
	/* the table of the lines just written is found by its last name */
	(void)w;
	const char *name = strrchr(from + at, '.');
	name = name ? name + 1 : from + at;
	return strncmp(name, "payments", 8) == 0 ? FIXTURE_PAYMENT : strncmp(name, "contracts", 9) == 0 ? FIXTURE_CONTRACT : FIXTURE_USER;
}

/* fn(lines, …) with its items in the lines' scope; `value` is EXPR_NIL for none. */
static void write_aggregate(struct writer *w, const char *fn, enum expr_kind value, int condition, int depth)
{
	buf_printf(&w->b, "%s(", fn);
	size_t at = w->b.len;
	int inner;
	if (chance(8)) {
		buf_printf(&w->b, "role('%s')", PICK(role_names));
		inner = FIXTURE_USER;
	} else {
		write_any_field(w, EXPR_RECORDS, -1, 1);
		inner = lines_table(w, w->b.data, at);
	}
	int table = w->table, record = w->record;
	w->record = table;
	w->table = inner;
	if (value != EXPR_NIL) {
		put(w, ", ");
		write_kind(w, value, -1, depth > 1 ? 1 : 0);
	}
	if (chance(condition)) {
		put(w, ", ");
		write_kind(w, EXPR_BOOL, -1, depth > 2 ? 2 : depth - 1);
	}
	w->table = table;
	w->record = record;
	put(w, ")");
}

static void write_choice(struct writer *w, enum expr_kind kind, int target, int depth)
{
	if (chance(50)) {
		put(w, "iif(");
		write_kind(w, EXPR_BOOL, -1, depth - 1);
		put(w, ", ");
		write_kind(w, kind, target, depth - 1);
		put(w, ", ");
		write_kind(w, kind, target, depth - 1);
	} else {
		put(w, "coalesce(");
		write_kind(w, kind, target, depth - 1);
		put(w, ", ");
		if (chance(20))
			put(w, "nil");
		else
			write_kind(w, kind, target, depth - 1);
	}
	put(w, ")");
}

static void write_span(struct writer *w, int depth)
{
	static const char *const units[] = {"days", "months", "workdays"};
	buf_printf(&w->b, "%s(", PICK(units));
	if (chance(70) || depth < 1)
		buf_printf(&w->b, "%d", below(40) - 10);
	else
		write_kind(w, EXPR_INT, -1, depth - 1);
	put(w, ")");
}

static void write_pair(struct writer *w, enum expr_kind x, const char *op, enum expr_kind y, int depth)
{
	put(w, "(");
	write_kind(w, x, -1, depth - 1);
	put(w, op);
	write_kind(w, y, -1, depth - 1);
	put(w, ")");
}

static void write_leaf(struct writer *w, enum expr_kind kind, int target, int depth)
{
	int r = below(10);
	switch (kind) {
	case EXPR_BOOL:
		if (r == 0)
			put(w, chance(50) ? "true" : "false");
		else
			write_any_field(w, kind, -1, depth);
		break;
	case EXPR_INT:
		if (r < 3)
			buf_printf(&w->b, "%lld", (long long)(chance(70) ? below(20) - 3 : PICK(ints) == INT64_MIN ? 5 : PICK(ints)));
		else
			write_any_field(w, kind, -1, depth);
		break;
	case EXPR_DEC:
		if (r < 3)
			put(w, chance(70) ? PICK(decimals) : PICK(huges));
		else
			write_any_field(w, kind, -1, depth);
		break;
	case EXPR_TEXT:
		if (r < 2)
			put_text(w, PICK(texts));
		else
			write_any_field(w, kind, -1, depth);
		break;
	case EXPR_DATE:
		if (r == 0)
			put(w, "today()");
		else if (r == 1)
			buf_printf(&w->b, "(\"%s\" + days(%d))", PICK(dates), below(3) - 1);
		else
			write_any_field(w, kind, -1, depth);
		break;
	case EXPR_TIME:
		if (r == 0)
			put(w, "now()");
		else
			write_any_field(w, kind, -1, depth);
		break;
	case EXPR_DURATION:
		if (r < 2)
			buf_printf(&w->b, "hours(%s)", chance(50) ? "4" : "0.25");
		else
			write_any_field(w, kind, -1, depth);
		break;
	case EXPR_RECORD:
		if (target == FIXTURE_USER && r < 3)
			put(w, "me");
		else if (target == w->record && r < 5)
			put(w, "record");
		else
			write_any_field(w, kind, target, depth);
		break;
	default: write_any_field(w, kind, target, depth);
	}
}

static void write_compare(struct writer *w, int depth)
{
	static const char *const ops[] = {" == ", " ~= ", " < ", " <= ", " > ", " >= "};
	static const enum expr_kind kinds[] = {EXPR_INT, EXPR_DEC, EXPR_DEC, EXPR_TEXT, EXPR_DATE, EXPR_TIME, EXPR_DURATION};
	static const int targets[] = {FIXTURE_USER, FIXTURE_ACCOUNT, FIXTURE_DEPARTMENT};
	int r = below(14), target;
	if (r < 7) {
		enum expr_kind k = PICK(kinds);
		write_kind(w, k, -1, depth - 1);
		put(w, PICK(ops));
		if (k == EXPR_DATE && chance(30))
			put_text(w, PICK(dates));
		else if (k == EXPR_TIME && chance(30))
			put_text(w, PICK(times));
		else if (k == EXPR_INT && chance(30))
			write_kind(w, EXPR_DEC, -1, depth - 1);
		else
			write_kind(w, k, -1, depth - 1);
	} else if (r < 9) {
		static const enum expr_kind any[] = {EXPR_BOOL, EXPR_INT, EXPR_DEC, EXPR_TEXT, EXPR_CHOICE, EXPR_DATE, EXPR_TIME, EXPR_DURATION, EXPR_RECORD, EXPR_RECORDS};
		write_any_field(w, PICK(any), -1, 2);
		put(w, chance(50) ? " == nil" : " ~= nil");
	} else if (r < 11) {
		target = PICK(targets);
		write_kind(w, EXPR_RECORD, target, depth - 1);
		put(w, chance(60) ? " == " : " ~= ");
		write_kind(w, EXPR_RECORD, target, depth - 1);
	} else if (r < 12) {
		write_kind(w, EXPR_BOOL, -1, 0);
		put(w, chance(60) ? " == " : " ~= ");
		put(w, "(");
		write_kind(w, EXPR_BOOL, -1, depth - 1);
		put(w, ")");
	} else if (r < 13) {
		put(w, w->table == FIXTURE_CONTRACT ? "stage" : w->table == FIXTURE_ACCOUNT ? "kind" : w->record == FIXTURE_CONTRACT ? "record.stage" : "me.account.kind");
		const char *const *codes = w->table == FIXTURE_CONTRACT || (w->table != FIXTURE_ACCOUNT && w->record == FIXTURE_CONTRACT) ? fixture_stages : fixture_kinds;
		if (chance(50))
			buf_printf(&w->b, " %s '%s'", chance(60) ? "==" : "~=", codes[below(3)]);
		else
			buf_printf(&w->b, " %s {'%s', '%s'}", chance(60) ? "in" : "not in", codes[below(3)], codes[below(3)]);
	} else {
		write_kind(w, EXPR_DEC, -1, depth - 1);
		put(w, chance(50) ? " in {" : " not in {");
		for (int i = below(4); i >= 0; i--) {
			if (chance(80))
				put(w, PICK(decimals));
			else
				write_kind(w, EXPR_DEC, -1, 0);
			put(w, i ? ", " : "");
		}
		put(w, "}");
	}
}

static void write_bool(struct writer *w, int depth)
{
	int r = below(20);
	if (r < 8) {
		write_compare(w, depth);
	} else if (r < 12) {
		const char *op = chance(50) ? " and " : " or ";
		put(w, "(");
		for (int i = 1 + below(3); i >= 0; i--) {
			write_kind(w, EXPR_BOOL, -1, depth - 1);
			put(w, i ? op : ")");
		}
	} else if (r < 14) {
		put(w, "not (");
		write_kind(w, EXPR_BOOL, -1, depth - 1);
		put(w, ")");
	} else if (r < 15) {
		write_choice(w, EXPR_BOOL, -1, depth);
	} else if (r < 16) {
		write_aggregate(w, "any", EXPR_NIL, 85, depth);
	} else if (r < 17) {
		static const char *const tests[] = {"contains", "starts_with", "ends_with"};
		if (chance(30)) {
			put(w, "matches(");
			write_kind(w, EXPR_TEXT, -1, depth - 1);
			buf_printf(&w->b, ", \"%s\")", PICK(patterns));
			return;
		}
		buf_printf(&w->b, "%s(", PICK(tests));
		write_kind(w, EXPR_TEXT, -1, depth - 1);
		put(w, ", ");
		if (chance(60))
			put_text(w, PICK(parts));
		else
			write_kind(w, EXPR_TEXT, -1, depth - 1);
		put(w, ")");
	} else if (r < 18) {
		write_kind(w, EXPR_RECORD, FIXTURE_USER, 1);
		put(w, chance(60) ? " in " : " not in ");
		if (chance(30))
			buf_printf(&w->b, "role('%s')", PICK(role_names));
		else
			put(w, w->table == FIXTURE_CONTRACT || w->table == FIXTURE_ACCOUNT ? "watchers" : w->table == FIXTURE_PAYMENT ? "contract.watchers" : "me.department.people");
	} else if (r < 19) {
		put(w, "under(");
		write_kind(w, EXPR_RECORD, FIXTURE_DEPARTMENT, 1);
		put(w, ", ");
		write_kind(w, EXPR_RECORD, FIXTURE_DEPARTMENT, 1);
		put(w, ")");
	} else {
		buf_printf(&w->b, "has_role('%s')", PICK(role_names));
	}
}

static void write_kind(struct writer *w, enum expr_kind kind, int target, int depth)
{
	static const char *const plus[] = {" + ", " - "}, *const times_or[] = {" * ", " / ", " + ", " - "}, *const least[] = {"min", "max"};
	if (w->b.len > MAX_TEXT || depth <= 0 || chance(15)) {
		write_leaf(w, kind, target, depth > 0 ? depth : 1);
		return;
	}
	int r = below(10);
	switch (kind) {
	case EXPR_BOOL: write_bool(w, depth); return;
	case EXPR_INT:
		if (r < 3)
			write_pair(w, EXPR_INT, times_or[below(4)][1] == '/' ? " * " : PICK(plus), EXPR_INT, depth);
		else if (r < 4)
			write_aggregate(w, "count", EXPR_NIL, 70, depth);
		else if (r < 5)
			write_aggregate(w, chance(60) ? "sum" : PICK(least), EXPR_INT, 50, depth);
		else if (r < 6)
			write_pair(w, EXPR_DATE, " - ", EXPR_DATE, depth);
		else if (r < 8) {
			static const char *const fns[] = {"year(", "month(", "round(", "abs(", "-("};
			int f = below(5);
			put(w, fns[f]);
			write_kind(w, f < 2 ? EXPR_DATE : f == 2 ? EXPR_DEC : EXPR_INT, -1, depth - 1);
			put(w, ")");
		} else
			write_choice(w, kind, -1, depth);
		return;
	case EXPR_DEC:
		if (r < 4)
			write_pair(w, chance(80) ? EXPR_DEC : EXPR_INT, PICK(times_or), chance(80) ? EXPR_DEC : EXPR_INT, depth);
		else if (r < 6) {
			static const char *const fns[] = {"sum", "avg", "min", "max"};
			write_aggregate(w, PICK(fns), chance(80) ? EXPR_DEC : EXPR_INT, 50, depth);
		} else if (r < 7) {
			buf_puts(&w->b, "round(");
			write_kind(w, kind, -1, depth - 1);
			buf_printf(&w->b, ", %d)", below(6));
		} else if (r < 8) {
			put(w, chance(50) ? "abs(" : "-(");
			write_kind(w, kind, -1, depth - 1);
			put(w, ")");
		} else if (r < 9)
			write_pair(w, EXPR_DURATION, " / ", EXPR_DURATION, depth);
		else
			write_choice(w, kind, -1, depth);
		return;
	case EXPR_TEXT:
		if (r < 4) {
			static const enum expr_kind joined[] = {EXPR_TEXT, EXPR_TEXT, EXPR_INT, EXPR_DEC, EXPR_DATE, EXPR_TIME, EXPR_CHOICE};
			put(w, "(");
			write_kind(w, PICK(joined), -1, depth - 1);
			put(w, " .. ");
			write_kind(w, PICK(joined), -1, depth - 1);
			put(w, ")");
		} else if (r < 6) {
			put(w, "lower(");
			write_kind(w, kind, -1, depth - 1);
			put(w, ")");
		} else
			write_choice(w, kind, -1, depth);
		return;
	case EXPR_DATE:
		if (r < 5) {
			put(w, "(");
			write_kind(w, kind, -1, depth - 1);
			put(w, PICK(plus));
			write_span(w, depth - 1);
			put(w, ")");
		} else if (r < 7) {
			put(w, "date_of(");
			write_kind(w, EXPR_TIME, -1, depth - 1);
			put(w, ")");
		} else if (r < 8)
			write_aggregate(w, PICK(least), kind, 50, depth);
		else
			write_choice(w, kind, -1, depth);
		return;
	case EXPR_TIME:
		if (r < 4) {
			put(w, "(");
			write_kind(w, kind, -1, depth - 1);
			put(w, PICK(plus));
			write_span(w, depth - 1);
			put(w, ")");
		} else if (r < 6)
			write_pair(w, kind, PICK(plus), EXPR_DURATION, depth);
		else if (r < 7) {
			put(w, "end_of_day(");
			write_kind(w, EXPR_DATE, -1, depth - 1);
			put(w, ")");
		} else if (r < 8)
			write_aggregate(w, PICK(least), kind, 50, depth);
		else
			write_choice(w, kind, -1, depth);
		return;
	case EXPR_DURATION:
		if (r < 3)
			write_pair(w, kind, PICK(plus), kind, depth);
		else if (r < 5)
			write_pair(w, EXPR_TIME, " - ", EXPR_TIME, depth);
		else if (r < 6) {
			put(w, "hours(");
			write_kind(w, chance(50) ? EXPR_INT : EXPR_DEC, -1, depth - 1);
			put(w, ")");
		} else if (r < 8)
			write_aggregate(w, chance(60) ? "sum" : PICK(least), kind, 50, depth);
		else
			write_choice(w, kind, -1, depth);
		return;
	case EXPR_RECORD:
		if (r < 2)
			write_choice(w, kind, target, depth);
		else
			write_leaf(w, kind, target, depth);
		return;
	default: write_leaf(w, kind, target, depth);
	}
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
	case EXPR_INT: case EXPR_RECORD: return value_int(strtoll(s, NULL, 10));
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
			if (i > 1)
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
	struct expr_sql opts = {.sql = &sql, .alias = "t", .old_value = sql_old_value, .ctx = (void *)w, .has_role = w->has_role_known ? env_has_role : NULL};
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
	pg_sql_bind(&sql, a, &(struct pg_bindings){.me = w->me, .now_us = w->now_us, .today = w->today, .zone = w->zone, .inputs = inputs, .ninputs = EXPR_MAX_NODES}, &params);
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
	struct expr_env env = {.get = env_get, .load = env_load, .lines = env_lines, .role_users = env_role_users, .has_role = env_has_role, .work_day = env_work_day,
	                       .week = week, .me = w->me, .now_us = w->now_us, .today = w->today, .zone = w->zone, .inputs = inputs, .ctx = (void *)w};
	const void *outer = w->record_table >= 0 && w->record >= 0 ? &records[w->record_table][w->record] : NULL, *old = w->old >= 0 ? &records[w->table][w->old] : NULL;
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
	w.now_us = chance(50) ? time_value(PICK(times)) : (20500 + below(400)) * INT64_C(86400000000) + (int64_t)(rng() % 86400000000u);
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
		printf("# shrunk to: %s\n# table %s, me %lld, now %lld, zone %s, record %d, old %d%s%s%s\n# %s\n", smallest, fixture[w.table].table.name, (long long)w.me,
		       (long long)w.now_us, w.zone, w.record + 1, w.old + 1, w.eyes ? ", eyes" : "", w.nulls ? ", nulls" : "", w.inputs ? ", inputs" : "", why);
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
	printf("# seed %llu: %ld expressions (%ld refused by type), %ld cases: %ld true, %ld false, %ld nil, %ld other values\n", (unsigned long long)seed, tally.expressions, tally.refused,
	       tally.cases, tally.yes, tally.no, tally.nil, tally.values);
	bool balanced = only || (tally.yes > wanted / 20 && tally.no > wanted / 20 && tally.nil > wanted / 50);
	printf("%s expr_property_sql_and_process_agree\n", failures ? "not ok" : "ok");
	printf("%s expr_property_cases_are_balanced\n", balanced ? "ok" : "not ok");
	arena_delete(data);
	return failures || !balanced;
}
