/* What expressions mean, on two contracts that are written down here: the sentences of docs/implementers/expressions.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/date.h"
#include "expr/expr_reach.h"
#include "expr_fixture.h"
#include "pg/pg_sql.h"

static struct arena *a;

/* Contract 1 has everything, contract 2 nothing but its number. */
static const struct {
	enum fixture_table_code table;
	int id;
	const char *field, *value;
} facts[] = {
	{FIXTURE_CONTRACT, 1, "number", "C-7"},
	{FIXTURE_CONTRACT, 1, "note", "Договор О Поставке 50%"},
	{FIXTURE_CONTRACT, 1, "amount", "100.00"},
	{FIXTURE_CONTRACT, 1, "quantity", "3"},
	{FIXTURE_CONTRACT, 1, "signed", "false"},
	{FIXTURE_CONTRACT, 1, "starts_on", "2027-01-31"},
	{FIXTURE_CONTRACT, 1, "ends_on", "2027-06-30"},
	{FIXTURE_CONTRACT, 1, "signed_at", "2027-03-27T02:30:00Z"},
	{FIXTURE_CONTRACT, 1, "spent", "PT1H30M"},
	{FIXTURE_CONTRACT, 1, "stage", "draft"},
	{FIXTURE_CONTRACT, 1, "route", "full"},
	{FIXTURE_CONTRACT, 1, "account", "1"},
	{FIXTURE_CONTRACT, 1, "owner", "1"},
	{FIXTURE_CONTRACT, 1, "department", "3"},
	{FIXTURE_CONTRACT, 1, "watchers", "{1,2}"},
	{FIXTURE_CONTRACT, 2, "number", "C-8"},
	{FIXTURE_ACCOUNT, 1, "name", "ООО «Ромашка»"},
	{FIXTURE_ACCOUNT, 1, "country", "RU"},
	{FIXTURE_ACCOUNT, 1, "owner", "2"},
	{FIXTURE_USER, 1, "login", "manager"},
	{FIXTURE_USER, 1, "department", "3"},
	{FIXTURE_USER, 2, "login", "head"},
	{FIXTURE_USER, 2, "department", "1"},
	{FIXTURE_DEPARTMENT, 1, "name", "all"},
	{FIXTURE_DEPARTMENT, 1, "head", "2"},
	{FIXTURE_DEPARTMENT, 2, "parent", "1"},
	{FIXTURE_DEPARTMENT, 3, "parent", "2"},
	{FIXTURE_DEPARTMENT, 3, "head", "2"},
	{FIXTURE_DEPARTMENT, 4, "parent", "5"},
	{FIXTURE_DEPARTMENT, 5, "parent", "4"},
	{FIXTURE_PAYMENT, 1, "contract", "1"},
	{FIXTURE_PAYMENT, 1, "amount", "60.00"},
	{FIXTURE_PAYMENT, 1, "paid_on", "2027-02-01"},
	{FIXTURE_PAYMENT, 2, "contract", "1"},
	{FIXTURE_PAYMENT, 2, "amount", "50.00"},
	{FIXTURE_PAYMENT, 3, "contract", "1"},
};
static const int handles[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};

static struct value parsed(const struct expr_field *f, const char *s)
{
	int64_t i = strtoll(s, NULL, 10);
	switch (f->type.kind) {
	case EXPR_BOOL: return value_bool(s[0] == 't');
	case EXPR_INT:
	case EXPR_RECORD: return value_int(i);
	case EXPR_DEC: return value_dec(s, strlen(s));
	case EXPR_DATE: assert_true(date_parse(s, strlen(s), &i)); return value_date(i);
	case EXPR_TIME: assert_true(time_parse(s, strlen(s), &i)); return value_time(i);
	case EXPR_DURATION: assert_true(duration_parse(s, strlen(s), &i)); return value_duration(i);
	case EXPR_RECORDS: {
		static const struct value items[] = {{.kind = VALUE_INT, .i = 1}, {.kind = VALUE_INT, .i = 2}};
		struct value v = {.kind = VALUE_LIST};
		v.list.items = items;
		v.list.count = 2;
		return v;
	}
	default: return value_textz(s);
	}
}

static int get(void *ctx, struct arena *arena, const struct expr_table *t, const void *record, const struct expr_field *f,
			   struct value *out, struct err *err)
{
	(void)ctx, (void)arena, (void)err;
	int id = *(const int *)record;
	*out = strcmp(f->name, "id") == 0 ? value_int(id) : value_nil();
	for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
		if (&fixture[facts[i].table].table == t && facts[i].id == id && strcmp(facts[i].field, f->name) == 0)
			*out = parsed(f, facts[i].value);
	return 0;
}

static int load(void *ctx, struct arena *arena, const struct expr_table *t, int64_t id, const void **record, struct err *err)
{
	(void)ctx, (void)arena, (void)t, (void)err;
	*record = id > 0 && id < 9 ? &handles[id] : NULL;
	return 0;
}

static int lines(void *ctx, struct arena *arena, const struct expr_field *detail, const void *record, const void ***out, size_t *n,
				 struct err *err)
{
	(void)ctx, (void)err;
	*out = arena_array(arena, const void *, 8);
	*n = 0;
	if (strcmp(detail->name, "payments") == 0 && *(const int *)record == 1)
		for (int i = 1; i <= 3; i++)
			(*out)[(*n)++] = &handles[i];
	return 0;
}

static int role_users(void *ctx, struct arena *arena, const char *role, struct value *list, struct err *err)
{
	(void)ctx, (void)err;
	struct value *items = arena_array(arena, struct value, 1);
	items[0] = value_int(2);
	*list = (struct value){.kind = VALUE_LIST};
	list->list.items = items;
	list->list.count = strcmp(role, "lawyer") == 0;
	return 0;
}

static bool has_role(void *ctx, const char *role)
{
	(void)ctx;
	return strcmp(role, "office") == 0;
}

static int work_day(void *ctx, int64_t day)
{
	(void)ctx;
	int64_t eve;
	date_parse("2027-02-23", 10, &eve);
	return day == eve ? 0 : day == eve - 3 ? 1 : -1; /* Tuesday rests, the Saturday before works */
}

static struct expr_env environment(void)
{
	struct expr_env env = {.get = get,
						   .load = load,
						   .lines = lines,
						   .role_users = role_users,
						   .has_role = has_role,
						   .work_day = work_day,
						   .week = 31,
						   .me = 1,
						   .zone = "Europe/Berlin"};
	time_parse("2027-02-19T23:30:00Z", 20, &env.now_us); /* Saturday 0:30 in Berlin */
	env.today = zone_date_of(env.zone, env.now_us);
	return env;
}

static struct expr *compiled(const char *text, enum expr_kind want)
{
	struct err err;
	struct expr *e;
	struct expr_scope scope = fixture_scope(FIXTURE_CONTRACT);
	struct expr_type type = {.kind = want, .scale = 2};
	err_init(&err, a);
	if (expr_parse(a, text, strlen(text), &e, &err) || expr_check(a, e, &scope, &type, &err))
		fail_msg("%s: %s (%s)", text, err.message, err.hint ? err.hint : "");
	return e;
}

/* The value on contract `id` as JSON. */
static const char *value_of(const char *text, int id, enum expr_kind want)
{
	struct err err;
	struct value v;
	struct expr_env env = environment();
	err_init(&err, a);
	if (expr_eval(a, compiled(text, want), &env, &handles[id], NULL, &handles[2], &v, &err))
		fail_msg("%s: %s", text, err.message);
	struct buf b = BUF_INIT;
	value_json(&b, &v);
	const char *s = arena_strndup(a, b.data, b.len);
	buf_destroy(&b);
	return s;
}

struct expected {
	const char *text, *full, *empty; /* on contract 1 and 2; NULL: not asked */
};

static void check_all(const struct expected *e, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (e[i].full && strcmp(value_of(e[i].text, 1, EXPR_ANY), e[i].full) != 0)
			fail_msg("%s is %s on the full contract", e[i].text, value_of(e[i].text, 1, EXPR_ANY));
		if (e[i].empty && strcmp(value_of(e[i].text, 2, EXPR_ANY), e[i].empty) != 0)
			fail_msg("%s is %s on the empty contract", e[i].text, value_of(e[i].text, 2, EXPR_ANY));
	}
}

#define CHECK_ALL(list) check_all(list, sizeof(list) / sizeof *(list))

static void nil(void **state)
{
	(void)state;
	static const struct expected e[] = {
		{"amount == nil", "false", "true"},
		{"amount ~= nil", "true", "false"},
		{"watchers == nil", "false", "true"},
		{"payments == nil", "false", "true"},
		{"account.owner == nil", "false", "true"},
		{"amount == discount", "false", "false"},
		{"amount ~= discount", "true", "true"},
		{"discount == discount", "false", "false"},
		{"amount < 5", "false", "false"},
		{"not (amount < 5)", "true", "true"},
		{"amount > 5 or amount <= 5", "true", "false"},
		{"signed", "false", "null"},
		{"not signed", "true", "true"},
		{"signed == false", "true", "false"},
		{"signed ~= true", "true", "true"},
		{"stage not in {'active'}", "true", "true"},
		{"stage in {'draft'}", "true", "false"},
		{"me in watchers", "true", "false"},
		{"deputy in watchers", "false", "false"},
		{"deputy not in watchers", "true", "true"},
		{"amount + discount", "null", "null"},
		{"amount / 0", "null", "null"},
		{"amount / (quantity - 3)", "null", "null"},
		{"sum(payments, amount)", "110.00", "0"},
		{"avg(payments, amount)", "55.00000000000000000000", "null"},
		{"max(payments, amount)", "60.00", "null"},
		{"note .. '!'", "\"Договор О Поставке 50%!\"", "\"!\""},
		{"coalesce(discount, amount, 0)", "100.00", "0"},
		{"contains(note, 'x')", "false", "false"},
		{"not contains(note, 'x')", "true", "true"},
		{"iif(signed, 1, 2)", "2", "2"},
		{"under(department, me.department)", "true", "false"},
		{"account == me.account", "false", "false"},
	};
	CHECK_ALL(e);
}

static void texts(void **state)
{
	(void)state;
	static const struct expected e[] = {
		{"number == 'c-7'", "false", NULL},
		{"lower(number) == 'c-7'", "true", NULL},
		{"'Я' < 'а'", "true", NULL},
		{"'a' < 'B'", "false", NULL},
		{"contains(note, 'ПОСТАВКЕ')", "true", NULL},
		{"contains(note, '0%')", "true", NULL},
		{"contains(note, '_')", "false", NULL},
		{"starts_with(note, 'дог')", "true", NULL},
		{"ends_with(note, '50')", "false", NULL},
		{"matches(number, '^C-[0-9]+$')", "true", NULL},
		{"matches(number, 'c')", "false", NULL},
		{"number .. ' · ' .. account.name", "\"C-7 · ООО «Ромашка»\"", "\"C-8 · \""},
		{"'' .. amount .. ' ' .. amount * 2 .. ' ' .. quantity .. ' ' .. starts_on", "\"100.00 200 3 2027-01-31\"", NULL},
		{"'' .. signed_at", "\"2027-03-27 03:30\"", NULL},
		{"account.caption", "\"ООО «Ромашка» · RU\"", NULL},
	};
	CHECK_ALL(e);
}

static void numbers(void **state)
{
	(void)state;
	static const struct expected e[] = {
		{"amount / quantity", "33.33333333333333333333", NULL},
		{"round(amount / quantity, 2)", "33.33", NULL},
		{"round(2.5)", "3", NULL},
		{"round(-2.5)", "-3", NULL},
		{"0.1 + 0.2 == 0.3", "true", NULL},
		{"123456789012345678901234567890.5 * 2", "246913578024691357802469135781.0", NULL},
		{"9223372036854775807 + 1 == nil", "true", NULL},
		{"quantity == 3.0", "true", NULL},
		{"-amount", "-100.00", NULL},
		{"abs(quantity - 5)", "2", NULL},
		{"spent / hours(1)", "1.50000000000000000000", NULL},
		{"left", "40.00", "null"},
		{"share", "13.3333", "null"},
		{"term", "150", "null"},
		{"amount in {1, 100}", "true", NULL},
		{"count(payments)", "3", "0"},
		{"count(payments, paid_on ~= nil)", "1", NULL},
		{"count(watchers)", "2", NULL},
		{"any(payments, amount > record.amount / 2)", "true", "false"},
	};
	CHECK_ALL(e);
}

static void time_and_dates(void **state)
{
	(void)state;
	static const struct expected e[] = {
		{"today()", "\"2027-02-20\"", NULL},
		{"starts_on + months(1)", "\"2027-02-28\"", "null"},
		{"starts_on + days(1) - months(1)", "\"2027-01-01\"", NULL},
		{"ends_on - starts_on", "150", NULL},
		/* Saturday the 20th works, Tuesday the 23rd rests */
		{"'2027-02-19' + workdays(1)", "\"2027-02-20\"", NULL},
		{"today() + workdays(1)", "\"2027-02-22\"", NULL},
		{"today() + workdays(2)", "\"2027-02-24\"", NULL},
		{"today() - workdays(1)", "\"2027-02-19\"", NULL},
		{"today() + workdays(0)", "\"2027-02-20\"", NULL},
		{"'9999-12-31' + days(1)", "null", NULL},
		/* 3:30 in Berlin, the night before the clocks go forward */
		{"signed_at + days(1)", "\"2027-03-28T01:30:00Z\"", NULL},
		{"signed_at + hours(24)", "\"2027-03-28T02:30:00Z\"", NULL},
		{"date_of(signed_at)", "\"2027-03-27\"", NULL},
		{"now() - signed_at", "\"-P35DT3H\"", NULL},
		{"year(starts_on) * 100 + month(starts_on)", "202701", NULL},
		{"end_of_day(starts_on)", "\"2027-01-31T22:59:59.999999Z\"", NULL},
		{"starts_on == '2027-01-31'", "true", "false"},
		{"signed_at > '2027-03-27T05:00:00+03:00'", "true", NULL},
		{"late", "false", "false"},
		{"old.number", "\"C-8\"", NULL},
	};
	CHECK_ALL(e);
	assert_string_equal(value_of("ends_on", 1, EXPR_DEADLINE), "\"2027-06-30T21:59:59.999999Z\"");
	assert_string_equal(value_of("now()", 1, EXPR_DEADLINE), "\"2027-02-19T23:30:00Z\"");
}

static void records(void **state)
{
	(void)state;
	static const struct expected e[] = {
		{"owner == me", "true", "false"},
		{"owner.department.head.login", "\"head\"", "null"},
		{"chief == account.owner", "true", "false"},
		{"account.id", "1", "null"},
		{"watchers", "[1,2]", "[]"},
		{"payments", "[1,2,3]", "[]"},
		{"role('lawyer')", "[2]", NULL},
		{"me in role('lawyer')", "false", NULL},
		{"chief in role('lawyer')", "true", "false"},
		{"has_role('office')", "true", NULL},
		{"has_role('ceo')", "false", NULL},
		{"any(role('lawyer'), id == record.account.owner.id)", "true", "false"},
		{"coalesce(deputy, owner).login", "\"manager\"", "null"},
		{"any(watchers, department == record.department)", "true", NULL},
		{"under(me.department, department)", "true", NULL},
		{"under(account.owner.department, department)", "false", NULL},
		{"under(department, account.owner.department)", "true", NULL},
	};
	CHECK_ALL(e);
}

static void circle_in_a_tree_ends(void **state)
{
	(void)state;
	struct err err;
	struct expr *e;
	struct value v;
	struct expr_env env = environment();
	struct expr_scope scope = fixture_scope(FIXTURE_DEPARTMENT);
	err_init(&err, a);
	assert_int_equal(expr_parse(a, "under(parent, me.department)", 28, &e, &err) || expr_check(a, e, &scope, NULL, &err), 0);
	assert_int_equal(expr_eval(a, e, &env, &handles[4], NULL, NULL, &v, &err), 0);
	assert_false(v.b);
}

static void bounds(void **state)
{
	(void)state;
	struct err err;
	struct expr *e;
	struct buf b = BUF_INIT;
	err_init(&err, a);
	assert_int_equal(expr_parse(a, "", 0, &e, &err), -1);
	assert_int_equal(err.code, ERR_SYNTAX);
	for (int i = 0; i < 5000; i++)
		buf_putc(&b, '1');
	assert_int_equal(expr_parse(a, b.data, 4097, &e, &err), -1);
	assert_int_equal(err.code, ERR_TOO_COMPLEX);
	buf_clear(&b);
	buf_puts(&b, "quantity == 0");
	for (int i = 1; i < 120; i++)
		buf_printf(&b, " or quantity == %d", i);
	assert_int_equal(expr_parse(a, b.data, b.len, &e, &err), 0); /* one level, 361 parts */
	for (int i = 120; i < 180; i++)
		buf_printf(&b, " or quantity == %d", i);
	assert_int_equal(expr_parse(a, b.data, b.len, &e, &err), -1);
	assert_int_equal(err.code, ERR_TOO_COMPLEX);
	buf_clear(&b);
	buf_puts(&b, "1");
	for (int i = 0; i < 40; i++)
		buf_puts(&b, " + 1");
	assert_int_equal(expr_parse(a, b.data, b.len, &e, &err), -1);
	assert_int_equal(err.code, ERR_TOO_COMPLEX);
	buf_destroy(&b);
	/* bytes that are no UTF-8, and NUL */
	assert_int_equal(expr_parse(a, "'\xff'", 3, &e, &err), -1);
	assert_int_equal(expr_parse(a, "'\0'", 3, &e, &err), -1);
	assert_int_equal(err.code, ERR_SYNTAX);
}

static void formulas_in_a_circle_fail(void **state)
{
	(void)state;
	struct expr_field *f = (struct expr_field *)fixture_find(&fixture[FIXTURE_CONTRACT].table, "term", 4);
	const struct expr *kept = f->formula;
	struct err err;
	struct value v;
	struct expr_env env = environment();
	struct pg_sql sql;
	err_init(&err, a);
	f->formula = compiled("term + 1", EXPR_INT);
	struct expr *e = compiled("term > 5", EXPR_BOOL);
	assert_int_equal(expr_eval(a, e, &env, &handles[1], NULL, NULL, &v, &err), -1);
	assert_int_equal(err.code, ERR_TOO_COMPLEX);
	pg_sql_create(&sql, a);
	struct expr_sql opts = {.sql = &sql, .alias = "t"};
	assert_int_equal(expr_sql_condition(e, &opts, &err), -1);
	assert_int_equal(err.code, ERR_TOO_COMPLEX);
	pg_sql_finish(&sql);
	assert_false(expr_is_local(e));
	f->formula = kept;
}

static void count_fields(void *ctx, const struct expr_table *t, const struct expr_field *f, bool of_old)
{
	buf_printf(ctx, "%s%s.%s ", of_old ? "old " : "", t->name, f->name);
}

static void questions(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	expr_walk_fields(
		compiled("old.amount ~= amount and owner.department.head == me and any(payments, paid) and under(department, me.department)",
				 EXPR_BOOL),
		count_fields, &b);
	assert_string_equal(b.data, "old contract.amount contract.amount contract.owner user.department department.head contract.payments "
								"payment.contract payment.paid "
								"contract.department user.department department.parent ");
	buf_clear(&b);
	expr_walk_fields(compiled("share > 1", EXPR_BOOL), count_fields, &b); /* through two formulas */
	assert_string_equal(b.data, "contract.share contract.left contract.amount contract.payments payment.contract payment.amount "
								"payment.paid_on contract.quantity ");
	buf_destroy(&b);

	static const struct {
		const char *text;
		bool clock, me, local;
	} cases[] = {
		{"amount > 5", false, false, true},
		{"ends_on < today()", true, false, true},
		{"owner == me", false, true, true},
		{"has_role('ceo')", false, true, true},
		{"late", true, false, true},
		{"owner.login == 'x'", false, false, false},
		{"any(payments)", false, false, false},
		{"me in watchers", false, true, false},
		{"left > 5", false, false, false},
		{"term > 5", false, false, true},
		{"old.amount ~= amount", false, false, true},
		{"me in role('ceo')", false, true, false},
		{"ends_on < today() + workdays(1)", true, false, false},
		{"account.id == 5", false, false, false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct expr *e = compiled(cases[i].text, EXPR_BOOL);
		if (expr_uses_clock(e) != cases[i].clock || expr_uses_me(e) != cases[i].me || expr_is_local(e) != cases[i].local)
			fail_msg("%s: clock %d, me %d, local %d", cases[i].text, expr_uses_clock(e), expr_uses_me(e), expr_is_local(e));
	}
	const struct expr *parts[4];
	assert_int_equal(expr_parts(compiled("signed or owner == me or (amount > 5 and late)", EXPR_BOOL), parts, 4), 3);
	assert_int_equal(expr_parts(compiled("signed or owner == me or late", EXPR_BOOL), parts, 2), 2);
	assert_int_equal(expr_parts(compiled("not signed", EXPR_BOOL), parts, 4), 1);
}

/* Trees made without text, as OData's are. */
static void made_trees(void **state)
{
	(void)state;
	struct err err;
	struct value v;
	struct expr_env env = environment();
	struct expr_scope scope = fixture_scope(FIXTURE_CONTRACT);
	const char *amount[] = {"amount"}, *discount[] = {"discount"}, *account[] = {"account", "name"}, *stage[] = {"stage"};
	struct value inputs[] = {value_int(100), value_textz("draft")};
	err_init(&err, a);
	struct expr *args[] = {expr_make_path(a, account, 2), expr_make_literal(a, value_textz("ромашка"))};
	struct expr *e =
		expr_make_binary(a, EXPR_AND, expr_make_binary(a, EXPR_EQ, expr_make_path(a, amount, 1), expr_make_input(a, value_int(1), 0)),
						 expr_make_call(a, "contains", args, 2));
	struct expr *set[] = {expr_make_input(a, value_textz("x"), 1), expr_make_literal(a, value_textz("active"))};
	e = expr_make_binary(a, EXPR_AND, e, expr_make_binary(a, EXPR_IN, expr_make_path(a, stage, 1), expr_make_set(a, set, 2)));
	assert_int_equal(expr_check(a, e, &scope, NULL, &err), 0);
	env.inputs = inputs;
	assert_int_equal(expr_eval(a, e, &env, &handles[1], NULL, NULL, &v, &err), 0);
	assert_true(v.b);
	env.inputs = NULL;
	assert_int_equal(expr_eval(a, e, &env, &handles[1], NULL, NULL, &v, &err), 0);
	assert_false(v.b);

	e = expr_make_binary(a, EXPR_EQ_NULLS, expr_make_path(a, amount, 1), expr_make_path(a, discount, 1));
	assert_int_equal(expr_check(a, e, &scope, NULL, &err), 0);
	assert_int_equal(expr_eval(a, e, &env, &handles[2], NULL, NULL, &v, &err), 0);
	assert_true(v.b); /* null eq null */
	assert_int_equal(expr_eval(a, e, &env, &handles[1], NULL, NULL, &v, &err), 0);
	assert_false(v.b);

	struct expr *deep = expr_make_path(a, amount, 1);
	for (int i = 0; i < 40; i++)
		deep = expr_make_binary(a, EXPR_SUB, deep, expr_make_literal(a, value_int(1)));
	assert_int_equal(expr_check(a, deep, &scope, NULL, &err), -1);
	assert_int_equal(err.code, ERR_TOO_COMPLEX);
}

/* Names that this user may not see are unknown, and no hint gives them away. */
static const struct expr_field *blind_find(void *ctx, const struct expr_table *t, const char *name, size_t len)
{
	(void)ctx;
	const struct expr_field *f = fixture_find(t, name, len);
	return f && strcmp(f->name, "amount") != 0 && strcmp(f->name, "owner") != 0 ? f : NULL;
}

static void eyes(void **state)
{
	(void)state;
	static const char *const texts_[] = {"amount > 5", "amuont > 5", "account.owner == me", "any(payments, amount > 5)",
										 "coalesce(owner, me) == me"};
	struct expr_scope scope = fixture_scope(FIXTURE_CONTRACT);
	scope.find = blind_find;
	for (size_t i = 0; i < sizeof texts_ / sizeof *texts_; i++) {
		struct err err;
		struct expr *e;
		err_init(&err, a);
		assert_int_equal(expr_parse(a, texts_[i], strlen(texts_[i]), &e, &err), 0);
		assert_int_equal(expr_check(a, e, &scope, NULL, &err), -1);
		assert_int_equal(err.code, ERR_UNKNOWN_FIELD);
		if (err.hint && (strstr(err.hint, "amount") || strstr(err.hint, "owner")))
			fail_msg("%s: %s", texts_[i], err.hint);
	}
}

/* Each place that leads to something, with what is read there: "payments: amount paid_on". */
static const char *reached(enum fixture_table_code t, const char *text)
{
	struct expr_scope scope = fixture_scope(t);
	struct expr *e;
	struct err err;
	struct buf b = BUF_INIT;
	err_init(&err, a);
	assert_int_equal(expr_parse(a, text, strlen(text), &e, &err), 0);
	assert_int_equal(expr_check(a, e, &scope, &(struct expr_type){.kind = EXPR_ANY}, &err), 0);
	for (const struct expr_reach *r = expr_reach(a, e, scope.table); r; r = r->next) {
		const char *way = "";
		if (!r->leads)
			continue;
		for (const struct expr_reach *up = r; up->from; up = up->from)
			way = arena_printf(a, "%s%s%s%s", up->by->name, up->above ? "*" : "", *way ? "." : "", way);
		buf_printf(&b, "%s%s:", b.len ? ", " : "", way);
		for (size_t i = 0; i < r->nreads; i++)
			buf_printf(&b, "%s%s", i ? " " : "", r->reads[i]->name);
	}
	const char *out = arena_strndup(a, b.data ? b.data : "", b.len);
	buf_destroy(&b);
	return out;
}

static void places(void **state)
{
	(void)state;
	assert_string_equal(reached(FIXTURE_CONTRACT, "amount + 1"), ":amount");
	assert_string_equal(reached(FIXTURE_CONTRACT, "account.owner.login"), ":account, account:owner, account.owner:login");
	/* what is only compared with leads to nothing, an id neither */
	assert_string_equal(reached(FIXTURE_CONTRACT, "owner == deputy"), ":owner deputy");
	assert_string_equal(reached(FIXTURE_CONTRACT, "account.id == 7"), ":account");
	assert_string_equal(reached(FIXTURE_CONTRACT, "sum(payments, amount, payer.vip and record.signed)"),
						":signed, payments:contract amount payer, payments.payer:vip");
	/* one way twice is another place */
	assert_string_equal(reached(FIXTURE_ACCOUNT, "sum(contracts, sum(payments, amount, payer == record.account))"),
						":, contracts:account, contracts.payments:contract amount payer");
	assert_string_equal(reached(FIXTURE_DEPARTMENT, "parent.parent.name"), ":parent, parent:parent, parent.parent:name");
	assert_string_equal(reached(FIXTURE_DEPARTMENT, "count(people, mentor.mentor.active)"),
						":, people:department mentor, people.mentor:mentor, people.mentor.mentor:active");
	assert_string_equal(reached(FIXTURE_CONTRACT, "coalesce(deputy, owner).login"), ":deputy owner, deputy:login, owner:login");
	assert_string_equal(reached(FIXTURE_CONTRACT, "under(department, owner.department)"),
						":department owner, department:parent, owner:department, department.parent*:parent");
	/* formulas are followed, also where they lead to a record */
	assert_string_equal(reached(FIXTURE_CONTRACT, "share > 1"), ":amount quantity, payments:contract amount paid_on");
	assert_string_equal(reached(FIXTURE_CONTRACT, "chief.login"),
						":owner, owner:department, owner.department:head, owner.department.head:login");
	assert_string_equal(reached(FIXTURE_CONTRACT, "any(watchers, department.name == 'x')"),
						":watchers, watchers:department, watchers.department:name");
}

static int setup(void **state)
{
	(void)state;
	a = arena_new_sized(0);
	fixture_create(a);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_delete(a);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nil),       cmocka_unit_test(texts),
		cmocka_unit_test(numbers),   cmocka_unit_test(time_and_dates),
		cmocka_unit_test(records),   cmocka_unit_test(circle_in_a_tree_ends),
		cmocka_unit_test(bounds),    cmocka_unit_test(formulas_in_a_circle_fail),
		cmocka_unit_test(questions), cmocka_unit_test(made_trees),
		cmocka_unit_test(eyes),      cmocka_unit_test(places),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
