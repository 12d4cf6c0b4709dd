/* Any bytes as an expression: parse, type, print and read again, write as SQL, evaluate on made-up records. The first byte chooses the place. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/expr_fixture.h"
#include "expr/expr_private.h"
#include "pg/pg_sql.h"

enum { RECORDS = 6 };

/* A record is its number; id i is handle i. */
static const int handles[RECORDS + 1] = {0, 1, 2, 3, 4, 5, 6};

static struct value made_up(struct arena *a, const struct expr_field *f, int64_t id)
{
	static const char *const texts[] = {"", "Ромашка", "a%b", "ΟΔΟΣ", "12.50", "\n", "x"};
	static const char *const decimals[] = {"0", "-12.50", "123456789012345678901234567890.1234567890", "0.01", "9999999999999999.99"};
	static const int64_t numbers[] = {0, -1, 7, INT64_MAX, INT64_MIN, 100};
	unsigned h = (unsigned)id * 31u + (unsigned)strlen(f->name) * 7u + (unsigned char)f->name[0];
	if (strcmp(f->name, "id") == 0)
		return value_int(id);
	if (f->storage == EXPR_LINK) {
		struct value *items = arena_array(a, struct value, 2), list = {.kind = VALUE_LIST};
		items[0] = value_int(1 + h % RECORDS);
		items[1] = value_int(1 + (h + 1) % RECORDS);
		list.list.items = items;
		list.list.count = h % 3;
		return list;
	}
	if (h % 6 == 0)
		return value_nil();
	switch (f->type.kind) {
	case EXPR_BOOL: return value_bool(h & 1);
	case EXPR_INT: return value_int(numbers[h % 6]);
	case EXPR_DEC: return value_dec(decimals[h % 5], strlen(decimals[h % 5]));
	case EXPR_TEXT: return value_textz(texts[h % 7]);
	case EXPR_CHOICE: return value_textz(f->type.values[h % f->type.nvalues]);
	case EXPR_DATE: return value_date(h % 4 == 0 ? -719162 : h % 4 == 1 ? 2932896 : 20000 + h);
	case EXPR_TIME:
		return value_time(h % 4 == 0   ? INT64_C(-62135596800000000)
						  : h % 4 == 1 ? INT64_C(253402300799999999)
									   : INT64_C(1774747800000000) + h * 1000003);
	case EXPR_DURATION: return value_duration(numbers[h % 6]);
	case EXPR_RECORD: return value_int(1 + h % RECORDS);
	default: return value_nil();
	}
}

static int get(void *ctx, struct arena *a, const struct expr_table *t, const void *record, const struct expr_field *f, struct value *out,
			   struct err *err)
{
	(void)ctx, (void)t, (void)err;
	*out = made_up(a, f, *(const int *)record);
	return 0;
}

static int load(void *ctx, struct arena *a, const struct expr_table *t, int64_t id, const void **record, struct err *err)
{
	(void)ctx, (void)a, (void)t, (void)err;
	*record = id > 0 && id <= RECORDS ? &handles[id] : NULL;
	return 0;
}

static int lines(void *ctx, struct arena *a, const struct expr_field *detail, const void *record, const void ***out, size_t *n,
				 struct err *err)
{
	(void)ctx, (void)detail, (void)err;
	*out = arena_array(a, const void *, RECORDS);
	*n = 0;
	for (int i = 1; i <= RECORDS; i += 1 + *(const int *)record % 3)
		(*out)[(*n)++] = &handles[i];
	return 0;
}

static int role_users(void *ctx, struct arena *a, const char *role, struct value *list, struct err *err)
{
	(void)ctx, (void)role, (void)err;
	struct value *items = arena_array(a, struct value, 2);
	items[0] = value_int(1);
	items[1] = value_int(4);
	*list = (struct value){.kind = VALUE_LIST};
	list->list.items = items;
	list->list.count = 2;
	return 0;
}

static bool has_role(void *ctx, const char *role)
{
	(void)ctx;
	return role[0] == 'l';
}

static int work_day(void *ctx, int64_t day)
{
	(void)ctx;
	return day % 11 == 0 ? (int)(day % 2 & 1) : -1;
}

static int given(void *ctx, const struct expr_field *f, struct value *out, struct err *err)
{
	(void)err;
	*out = made_up(ctx, f, 2);
	return 0;
}

static int table(void *ctx, struct pg_sql *sql, const struct expr_table *t, const char *alias, struct err *err)
{
	(void)ctx, (void)err;
	buf_printf(&sql->text, "(SELECT * FROM %s) AS %s", t->sql, alias);
	return 0;
}

static int column(void *ctx, struct pg_sql *sql, const struct expr_field *f, const char *alias, struct err *err)
{
	struct expr_sql opts = {.sql = sql, .alias = alias, .ctx = ctx};
	return expr_sql_field(f, &opts, err);
}

static void ignore_field(void *ctx, const struct expr_table *t, const struct expr_field *f, bool of_old)
{
	(void)ctx, (void)t, (void)f, (void)of_old;
}

static void must(bool holds)
{
	if (!holds)
		abort();
}

static struct expr *compile(struct arena *a, const char *text, size_t len, const struct expr_scope *scope, const struct expr_type *want)
{
	struct err err;
	struct expr *e;
	err_init(&err, a);
	if (expr_parse(a, text, len, &e, &err) || expr_check(a, e, scope, want, &err)) {
		must(err.code != ERR_OK && err.code != ERR_INTERNAL && err.message && err.column >= 0 && (size_t)err.column <= len + 1);
		return NULL;
	}
	return e;
}

static bool is_deep(const struct expr *e)
{
	return e->depth > EXPR_MAX_DEPTH / 3;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct arena *catalogue;
	if (!catalogue) {
		catalogue = arena_new_sized(0);
		fixture_create(catalogue);
	}
	if (size < 1)
		return 0;
	unsigned place = data[0];
	struct arena *a = arena_new_sized(0);
	struct expr_scope scope = fixture_scope(place % FIXTURE_TABLES);
	static const enum expr_kind wanted[] = {EXPR_ANY, EXPR_BOOL, EXPR_DEC, EXPR_TEXT, EXPR_DATE, EXPR_DEADLINE, EXPR_INT, EXPR_DURATION};
	struct expr_type want = {.kind = wanted[place / 8 % 8], .scale = 2};
	if (place & 64)
		scope.record = &fixture[FIXTURE_CONTRACT].table;
	struct expr *e = compile(a, (const char *)data + 1, size - 1, &scope, &want);
	if (e) {
		struct buf first = BUF_INIT, second = BUF_INIT;
		expr_print(&first, e);
		if (first.len <= 4096) {
			struct expr *again = compile(a, first.data, first.len, &scope, &want);
			/* parentheses that printing adds may come over the parser's depth */
			if (again)
				expr_print(&second, again);
			must(again ? strcmp(first.data, second.data) == 0 : is_deep(e));
		}
		buf_destroy(&first);
		buf_destroy(&second);
		expr_walk_fields(e, ignore_field, NULL);
		(void)expr_uses_clock(e);
		(void)expr_uses_me(e);
		(void)expr_is_local(e);

		struct err err;
		err_init(&err, a);
		for (int as_value = 0; as_value < 2; as_value++) {
			struct pg_sql sql;
			pg_sql_create(&sql, a);
			struct expr_sql opts = {
				.sql = &sql, .alias = "t", .record_alias = place & 128 ? "r" : NULL, .record_value = given, .old_value = given, .ctx = a};
			if (place & 1) {
				opts.table = table;
				opts.column = column;
				opts.has_role = has_role;
			}
			int r = as_value ? expr_sql_value(e, &opts, &err) : expr_type_of(e)->kind == EXPR_BOOL ? expr_sql_condition(e, &opts, &err) : 0;
			must(r == 0 || err.code == ERR_TOO_COMPLEX);
			pg_sql_finish(&sql);
		}
		struct expr_env env = {.get = get,
							   .load = load,
							   .lines = lines,
							   .role_users = role_users,
							   .has_role = has_role,
							   .work_day = work_day,
							   .week = place & 31,
							   .me = place % 4,
							   .now_us = INT64_C(1774747800000000),
							   .today = 20541,
							   .zone = "Europe/Berlin"};
		struct value v;
		must(expr_eval(a, e, &env, &handles[1], &handles[2], place & 2 ? &handles[3] : NULL, &v, &err) == 0 || err.code == ERR_TOO_COMPLEX);
	}
	arena_delete(a);
	return 0;
}
