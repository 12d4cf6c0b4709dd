/* pg: transactions, results and errors against a real PostgreSQL. time-limit: 600 */
#include "pg_fixture.h"

/* ---- results ---- */

static void same_json(const char *sql, const char *want)
{
	struct pg_rows *r;
	CHECK_OK(pg_read(pg, PG_LANE_FAST, arena, sql, NULL, &r, err));
	struct buf direct = BUF_INIT, by_value = BUF_INIT;
	for (size_t i = 0; i < pg_rows_columns(r); i++) {
		if (i) {
			buf_putc(&direct, ' ');
			buf_putc(&by_value, ' ');
		}
		pg_rows_json(r, &direct, 0, i);
		struct value v = pg_rows_value(r, arena, 0, i);
		value_json(&by_value, &v);
	}
	if (strcmp(direct.data, want) != 0) {
		print_error("%s: %s instead of %s\n", sql, direct.data, want);
		failures++;
	}
	if (!strstr(sql, "json") && strcmp(by_value.data, want) != 0) {
		print_error("%s as values: %s instead of %s\n", sql, by_value.data, want);
		failures++;
	}
	buf_destroy(&direct);
	buf_destroy(&by_value);
}

static void types_body(void)
{
	same_json("select true, false, null::bool, 7::int2, -7::int4, 9223372036854775807, '-9223372036854775808'::int8",
			  "true false null 7 -7 9223372036854775807 -9223372036854775808");
	same_json("select 'a\"b'::text, 'Ёж'::varchar, ''::text, null::text", "\"a\\\"b\" \"Ёж\" \"\" null");
	same_json("select date '2026-05-01', date '1969-12-31', date '0001-01-01'", "\"2026-05-01\" \"1969-12-31\" \"0001-01-01\"");
	same_json("select timestamptz '2026-05-01 10:00:00+03', timestamptz '1999-12-31 23:59:59.5+00'",
			  "\"2026-05-01T07:00:00Z\" \"1999-12-31T23:59:59.5Z\"");
	same_json("select '{1,NULL,3}'::int8[], '{}'::int8[], '{a,\"b c\",\"d\\\"e\"}'::text[], '{1.50,-0.01}'::numeric[], '{t,f}'::bool[]",
			  "[1,null,3] [] [\"a\",\"b c\",\"d\\\"e\"] [1.50,-0.01] [true,false]");
	same_json("select '{2026-05-01}'::date[], '{1,2}'::int4[]", "[\"2026-05-01\"] [1,2]");
	same_json("select '{\"a\": [1, 2]}'::jsonb, '{ \"a\":1}'::json", "{\"a\": [1, 2]} { \"a\":1}");
	same_json("select 'abc'::name, '6f8a1c52-0000-4000-8000-0123456789ab'::uuid", "\"abc\" \"6f8a1c52-0000-4000-8000-0123456789ab\"");
}

static void types_test(void **state)
{
	(void)state;
	run(types_body);
}

/* Whatever PostgreSQL prints for a numeric is what we print. */
static void numeric_body(void)
{
	static const char *const fixed[] = {"0",
										"0.00",
										"-0.01",
										"28.49",
										"1",
										"10000",
										"9999",
										"10001",
										"100000000",
										"0.0001",
										"0.00001",
										"0.12345678901",
										"123456789012345678901234567890.123456789012345678901234567890",
										"-99999999999999999999.9999",
										"1e-20",
										"1e30",
										"5000.5",
										"100000000.00000001",
										"0.10000",
										"3.000000001"};
	struct pg_rows *r;
	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
		struct pg_params p = {0};
		pg_params_text(arena, &p, PG_TEXT, fixed[i]);
		CHECK_OK(pg_read(pg, PG_LANE_FAST, arena, "select $1::numeric, $1::numeric::text", &p, &r, err));
		if (strcmp(pg_rows_text(r, 0, 0), pg_rows_text(r, 0, 1)) != 0) {
			print_error("%s: %s\n", pg_rows_text(r, 0, 1), pg_rows_text(r, 0, 0));
			failures++;
		}
	}
	CHECK_OK(pg_read(
		pg, PG_LANE_SLOW, arena,
		"select n, n::text from (select (random()-0.5)::numeric * (10::numeric ^ (i % 40 - 10)) as n from generate_series(1, 3000) i) s",
		NULL, &r, err));
	CHECK(pg_rows_count(r) == 3000);
	for (size_t i = 0; i < 3000; i++) {
		if (strcmp(pg_rows_text(r, i, 0), pg_rows_text(r, i, 1)) != 0) {
			print_error("%s: %s\n", pg_rows_text(r, i, 1), pg_rows_text(r, i, 0));
			failures++;
			return;
		}
	}
	CHECK_OK(pg_read(pg, PG_LANE_FAST, arena, "select 'NaN'::numeric, 12.9::numeric", NULL, &r, err));
	struct buf b = BUF_INIT;
	pg_rows_json(r, &b, 0, 0);
	CHECK(strcmp(b.data, "null") == 0);
	buf_destroy(&b);
	CHECK(pg_rows_int(r, 0, 1) == 12);
}

static void numeric_test(void **state)
{
	(void)state;
	run(numeric_body);
}

static void params_body(void)
{
	struct pg_params p = {0};
	struct value items[] = {value_textz("a"), value_textz("b,\"c\\"), value_textz("NULL"), value_nil(), value_textz("{}")};
	struct value list = {.kind = VALUE_LIST};
	list.list.items = items;
	list.list.count = 5;
	struct value v = value_dec("12345678901234567890.10", 23), d = value_date(0), t = value_time(-1), n = value_nil(), b = value_bool(true);
	pg_params_value(arena, &p, PG_NUMERIC, &v);
	pg_params_value(arena, &p, PG_DATE, &d);
	pg_params_value(arena, &p, PG_TIMESTAMPTZ, &t);
	pg_params_value(arena, &p, PG_TEXT_ARRAY, &list);
	pg_params_value(arena, &p, PG_INT8, &n);
	pg_params_value(arena, &p, PG_BOOL, &b);
	pg_params_bytes(arena, &p, "\0\1\377", 3);
	pg_params_int(arena, &p, INT64_MIN);
	struct pg_rows *r;
	CHECK_OK(pg_read(pg, PG_LANE_FAST, arena, "select $1, $2, $3, $4, $5, $6, $7, $8", &p, &r, err));
	CHECK(strcmp(pg_rows_text(r, 0, 0), "12345678901234567890.10") == 0);
	CHECK(pg_rows_int(r, 0, 1) == 0);
	CHECK(pg_rows_int(r, 0, 2) == -1);
	struct value back = pg_rows_value(r, arena, 0, 3);
	CHECK(value_same(&back, &list));
	CHECK(pg_rows_null(r, 0, 4) && pg_rows_text(r, 0, 4) == NULL && pg_rows_int(r, 0, 4) == 0);
	CHECK(pg_rows_bool(r, 0, 5));
	size_t len;
	const char *bytes = pg_rows_bytes(r, 0, 6, &len);
	CHECK(len == 3 && memcmp(bytes, "\0\1\377", 3) == 0);
	CHECK(pg_rows_int(r, 0, 7) == INT64_MIN);
	struct pg_params many = {0};
	for (int i = 0; i < 66000; i++)
		pg_params_int(arena, &many, i);
	CHECK_ERR(pg_read(pg, PG_LANE_FAST, arena, "select 1", &many, &r, err), ERR_TOO_COMPLEX);
}

static void params_test(void **state)
{
	(void)state;
	run(params_body);
}

static void sql_body(void)
{
	struct pg_sql s;
	pg_sql_create(&s, arena);
	buf_puts(&s.text, "select ");
	pg_sql_slot(&s, (struct pg_slot){.kind = PG_SLOT_ME, .type = PG_INT8});
	buf_puts(&s.text, " + ");
	pg_sql_value(&s, PG_INT8, value_int(5));
	buf_puts(&s.text, " + ");
	pg_sql_slot(&s, (struct pg_slot){.kind = PG_SLOT_ME, .type = PG_INT8});
	buf_puts(&s.text, " + ");
	pg_sql_input(&s, PG_INT8, 1);
	buf_puts(&s.text, ", ");
	pg_sql_slot(&s, (struct pg_slot){.kind = PG_SLOT_TODAY, .type = PG_DATE});
	CHECK(strcmp(pg_sql_alias(&s), "t1") == 0 && strcmp(pg_sql_alias(&s), "t2") == 0);
	const char *sql = pg_sql_finish(&s);
	CHECK(strcmp(sql, "select $1::int8 + $2::int8 + $1::int8 + $3::int8, $4::date") == 0);
	struct value inputs[] = {value_nil(), value_int(100)};
	struct pg_bindings b = {.me = 7, .today = 20000, .inputs = inputs, .ninputs = 2};
	struct pg_params p = {0};
	pg_sql_bind(&s, arena, &b, &p);
	struct pg_rows *r;
	CHECK_OK(pg_read(pg, PG_LANE_FAST, arena, sql, &p, &r, err));
	CHECK(pg_rows_int(r, 0, 0) == 119 && pg_rows_int(r, 0, 1) == 20000);
}

static void sql_test(void **state)
{
	(void)state;
	run(sql_body);
}

/* ---- transactions ---- */

static void tx_body(void)
{
	CHECK(execute("drop table if exists public.things") == 0);
	CHECK(execute("create table public.things(id int8 primary key, v int8 not null check (v >= 0), parent int8 constraint things_parent "
				  "references public.things)") == 0);
	struct pg_tx *tx;
	struct pg_rows *r;
	/* one round trip of several statements */
	CHECK_OK(pg_tx_open(pg, PG_LANE_TX, &tx, err));
	struct pg_query *q1 = pg_tx_send(tx, arena, "insert into public.things values (1, 10, null)", NULL);
	struct pg_query *q2 = pg_tx_send(tx, arena, "insert into public.things values (2, 20, 1) returning id", NULL);
	struct pg_query *q3 = pg_tx_send(tx, arena, "update public.things set v = v + 1", NULL);
	CHECK_OK(pg_tx_wait(q2, &r, err));
	CHECK(pg_rows_int(r, 0, 0) == 2);
	CHECK_OK(pg_tx_wait(q3, &r, err));
	CHECK(pg_rows_affected(r) == 2);
	CHECK_OK(pg_tx_wait(q1, NULL, err));
	CHECK(number("select count(*) from public.things") == 0);
	pg_tx_send(tx, arena, "insert into public.things values (3, 30, null)", NULL);
	CHECK_OK(pg_tx_commit(tx, err));
	CHECK(number("select sum(v) from public.things") == 62);

	/* nothing done: nothing sent */
	CHECK_OK(pg_tx_open(pg, PG_LANE_TX, &tx, err));
	CHECK_OK(pg_tx_commit(tx, err));
	CHECK_OK(pg_tx_open(pg, PG_LANE_TX, &tx, err));
	pg_tx_send(tx, arena, "delete from public.things", NULL);
	pg_tx_rollback(tx);

	/* a failure in the middle of a batch is the error of all that follow, and COMMIT stores nothing */
	CHECK_OK(pg_tx_open(pg, PG_LANE_TX, &tx, err));
	pg_tx_send(tx, arena, "insert into public.things values (4, 40, null)", NULL);
	pg_tx_send(tx, arena, "insert into public.things values (1, 40, null)", NULL);
	struct pg_query *after = pg_tx_send(tx, arena, "insert into public.things values (5, 40, null)", NULL);
	CHECK_ERR(pg_tx_wait(after, NULL, err), ERR_NOT_UNIQUE);
	CHECK(strcmp(last.constraint, "things_pkey") == 0 && strcmp(last.sqlstate, "23505") == 0);
	CHECK(pg_tx_failed(tx));
	CHECK_ERR(pg_tx_run(tx, arena, "select 1", NULL, &r, err), ERR_NOT_UNIQUE);
	CHECK_ERR(pg_tx_commit(tx, err), ERR_NOT_UNIQUE);
	CHECK_OK(pg_tx_open(pg, PG_LANE_TX, &tx, err));
	pg_tx_send(tx, arena, "insert into public.things values (6, 60, null)", NULL);
	pg_tx_send(tx, arena, "insert into public.things values (7, -1, null)", NULL);
	CHECK_ERR(pg_tx_commit(tx, err), ERR_INVALID);
	CHECK(number("select count(*) from public.things") == 3);

	/* meanings */
	static const struct {
		const char *sql;
		enum err_code code;
	} wrong[] = {
		{"insert into public.things values (8, null, null)", ERR_INVALID},
		{"insert into public.things values (8, 1, 99)", ERR_INVALID},
		{"delete from public.things where id = 1", ERR_IN_USE},
		{"selec 1", ERR_INTERNAL},
		{"select 'x'::int8 + 1", ERR_INVALID},
		{"do $$ begin raise exception using errcode = '40001'; end $$", ERR_RETRY},
		{"do $$ begin raise exception using errcode = '40P01'; end $$", ERR_RETRY},
		{"do $$ begin raise exception using errcode = '53100'; end $$", ERR_UNAVAILABLE},
		{"do $$ begin raise exception using errcode = '25006'; end $$", ERR_UNAVAILABLE},
		{"do $$ begin raise exception using errcode = '57014'; end $$", ERR_DB_TIMEOUT},
		{"select '12a'::text::int8", ERR_INVALID},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		CHECK_OK(pg_tx_open(pg, PG_LANE_TX, &tx, err));
		CHECK_ERR(pg_tx_run(tx, arena, wrong[i].sql, NULL, &r, err), wrong[i].code);
		pg_tx_rollback(tx);
	}
	CHECK(number("select count(*) from public.things") == 3);
	/* the last ROLLBACK is on its way */
	int64_t open = 1;
	for (int i = 0; i < 3000 && open; i++) {
		open =
			number("select count(*) from pg_catalog.pg_stat_activity where application_name = 'pg_test' and state like '%in transaction%'");
		fiber_sleep(10);
	}
	CHECK(open == 0);
}

static void tx_test(void **state)
{
	(void)state;
	run(tx_body);
}

static void nest_body(void)
{
	CHECK(execute("drop table if exists public.nested") == 0);
	CHECK(execute("create table public.nested(id int8 primary key)") == 0);
	struct pg_tx *tx;
	CHECK_OK(pg_tx_open(pg, PG_LANE_TX, &tx, err));
	pg_tx_send(tx, arena, "insert into public.nested values (1)", NULL);
	CHECK_OK(pg_tx_nest(tx, err));
	pg_tx_send(tx, arena, "insert into public.nested values (2)", NULL);
	CHECK_OK(pg_tx_nest(tx, err));
	pg_tx_send(tx, arena, "insert into public.nested values (1)", NULL);
	CHECK_ERR(pg_tx_unnest(tx, true, err), ERR_NOT_UNIQUE);
	CHECK(pg_tx_failed(tx));
	CHECK_OK(pg_tx_unnest(tx, false, err));
	CHECK(!pg_tx_failed(tx));
	CHECK_OK(pg_tx_run(tx, arena, "insert into public.nested values (3)", NULL, NULL, err));
	CHECK_OK(pg_tx_unnest(tx, true, err));
	/* never sent */
	CHECK_OK(pg_tx_nest(tx, err));
	pg_tx_send(tx, arena, "insert into public.nested values (4)", NULL);
	CHECK_OK(pg_tx_unnest(tx, false, err));
	CHECK_OK(pg_tx_nest(tx, err));
	CHECK_OK(pg_tx_unnest(tx, true, err));
	/* sent and taken back */
	CHECK_OK(pg_tx_nest(tx, err));
	CHECK_OK(pg_tx_run(tx, arena, "insert into public.nested values (5)", NULL, NULL, err));
	CHECK_OK(pg_tx_unnest(tx, false, err));
	pg_tx_send(tx, arena, "insert into public.nested values (6)", NULL);
	CHECK_OK(pg_tx_commit(tx, err));
	struct pg_rows *r;
	CHECK_OK(pg_read(pg, PG_LANE_FAST, arena, "select array_agg(id order by id) from public.nested", NULL, &r, err));
	struct buf b = BUF_INIT;
	pg_rows_json(r, &b, 0, 0);
	CHECK(strcmp(b.data, "[1,2,3,6]") == 0);
	buf_destroy(&b);
	/* a failure before the inner unit began is not healed by leaving it */
	CHECK_OK(pg_tx_open(pg, PG_LANE_TX, &tx, err));
	pg_tx_send(tx, arena, "insert into public.nested values (1)", NULL);
	CHECK_OK(pg_tx_nest(tx, err));
	CHECK_ERR(pg_tx_run(tx, arena, "select 1", NULL, NULL, err), ERR_NOT_UNIQUE);
	CHECK_ERR(pg_tx_unnest(tx, false, err), ERR_NOT_UNIQUE);
	CHECK_ERR(pg_tx_commit(tx, err), ERR_NOT_UNIQUE);
}

static void nest_test(void **state)
{
	(void)state;
	run(nest_body);
}

static int dropped;

static void slot_drop(void *slot)
{
	dropped++;
	free(slot);
}

static void slot_body(void)
{
	struct pg_tx *tx;
	dropped = 0;
	CHECK_OK(pg_tx_open(pg, PG_LANE_TX, &tx, err));
	void **slot = pg_tx_slot(tx, slot_drop);
	CHECK(*slot == NULL);
	*slot = strdup("state");
	CHECK_OK(pg_tx_run(tx, arena, "select 1", NULL, NULL, err));
	CHECK_OK(pg_tx_commit(tx, err));
	CHECK_OK(pg_tx_open(pg, PG_LANE_TX, &tx, err));
	slot = pg_tx_slot(tx, slot_drop);
	CHECK(*slot && strcmp(*slot, "state") == 0);
	/* the connection dies under the transaction: the slot stays until it is given back */
	CHECK_ERR(pg_tx_run(tx, arena, "select pg_terminate_backend(pg_backend_pid())", NULL, NULL, err), ERR_UNAVAILABLE);
	CHECK(dropped == 0);
	CHECK_ERR(pg_tx_commit(tx, err), ERR_UNAVAILABLE);
	CHECK(dropped == 1);
	CHECK_OK(pg_tx_open(pg, PG_LANE_TX, &tx, err));
	CHECK(*pg_tx_slot(tx, slot_drop) == NULL);
	pg_tx_rollback(tx);
}

static void slot_test(void **state)
{
	(void)state;
	run(slot_body);
}

static int late;

/* Wakes a little after the moment by which something was promised: a loaded machine keeps the order of timers, whatever it does to their times. */
static void alarm_fiber(void *arg)
{
	fiber_sleep((uint64_t)(intptr_t)arg);
	late++;
}

/* SAFETY 64: the pool is exhausted: an error within 2 s; the operator's connection is still there. */
static void full_body(void)
{
	struct pg_tx *held[3], *tx;
	for (int i = 0; i < 3; i++)
		CHECK_OK(pg_tx_open(pg, PG_LANE_TX, &held[i], err));
	late = 0;
	fiber_start(alarm_fiber, (void *)2300);
	uint64_t began = clock_monotonic_ms();
	CHECK_ERR(pg_tx_open(pg, PG_LANE_TX, &tx, err), ERR_UNAVAILABLE);
	bool in_time = !late;
	CHECK(clock_monotonic_ms() - began >= 1900);
	while (!late)
		fiber_sleep(10);
	CHECK(in_time);
	CHECK_OK(pg_tx_open(pg, PG_LANE_OPERATOR, &tx, err));
	CHECK_OK(pg_tx_run(tx, arena, "select 1", NULL, NULL, err));
	CHECK_OK(pg_tx_commit(tx, err));
	for (int i = 0; i < 3; i++)
		pg_tx_rollback(held[i]);
	CHECK_OK(pg_tx_open(pg, PG_LANE_TX, &tx, err));
	pg_tx_rollback(tx);
}

static void full_test(void **state)
{
	(void)state;
	run(full_body);
}

static int inside, most_inside;
static struct {
	int left, wrong;
	struct fiber *parent;
} turns;

static void one_tx(void *arg)
{
	(void)arg;
	struct arena *a = arena_new_sized(0);
	struct err err;
	struct pg_tx *tx;
	int bad, tries = 0;
	do {
		err_init(&err, a);
		bad = pg_tx_open(pg, PG_LANE_TX, &tx, &err);
	} while (full_now(bad, &err, &tries));
	if (bad) {
		turns.wrong++;
	} else {
		if (++inside > most_inside)
			most_inside = inside;
		if (pg_tx_run(tx, a, "update public.counted set n = n + 1", NULL, NULL, &err))
			turns.wrong++;
		inside--;
		if (pg_tx_commit(tx, &err))
			turns.wrong++;
	}
	arena_delete(a);
	if (--turns.left == 0)
		fiber_wake(turns.parent);
}

static void queue_body(void)
{
	CHECK(execute("drop table if exists public.counted") == 0);
	CHECK(execute("create table public.counted as select 0::int8 as n") == 0);
	turns.wrong = 0;
	turns.left = 200;
	turns.parent = fiber_self();
	most_inside = 0;
	for (int i = 0; i < 200; i++)
		fiber_start(one_tx, NULL);
	while (turns.left)
		fiber_suspend();
	CHECK(turns.wrong == 0 && most_inside <= 3);
	CHECK(number("select n from public.counted") == 200);
}

static void queue_test(void **state)
{
	(void)state;
	run(queue_body);
}

/* ---- faults ---- */

/* SAFETY 63: a read whose connection dies runs again; down_ms tells of the time without. */
static void lost_body(void)
{
	CHECK(pg_down_ms(pg) == 0);
	for (int i = 0; i < 10; i++) {
		/* the statement that kills its own session is lost with each of its connections, then given up */
		CHECK_ERR(pg_read(pg, PG_LANE_FAST, arena, "select pg_terminate_backend(pg_backend_pid())", NULL, NULL, err), ERR_UNAVAILABLE);
		CHECK(number("select 1") == 1);
	}
	CHECK(execute("select pg_terminate_backend(pid) from pg_catalog.pg_stat_activity where application_name = 'pg_test' and pid <> "
				  "pg_backend_pid()") == 0);
	CHECK(number("select 2") == 2);
	for (int i = 0; i < 3000 && pg_down_ms(pg); i++)
		fiber_sleep(10);
	CHECK(pg_down_ms(pg) == 0);
}

static void lost_test(void **state)
{
	(void)state;
	run(lost_body);
}

static bool killed;

/* Looks until the COMMIT is at work, and ends its session. */
static void killer(void *arg)
{
	(void)arg;
	int64_t n = 0;
	for (int i = 0; i < 1000 && n == 0; i++) {
		fiber_sleep(10);
		n = number("select count(pg_terminate_backend(pid)) from pg_catalog.pg_stat_activity where application_name = 'pg_test' and query "
				   "= 'COMMIT' "
				   "and state = 'active'");
	}
	killed = true;
}

/* The connection dies while COMMIT runs: nobody knows. */
static void commit_lost_body(void)
{
	CHECK(execute("drop table if exists public.deferred") == 0);
	CHECK(execute("create table public.deferred(id int8 primary key)") == 0);
	CHECK(execute("create or replace function public.deferred_wait() returns trigger language plpgsql as $$ begin perform pg_sleep(15); "
				  "return null; end $$") == 0);
	CHECK(execute("create constraint trigger deferred_wait after insert on public.deferred deferrable initially deferred for each row "
				  "execute function public.deferred_wait()") == 0);
	struct pg_tx *tx;
	CHECK_OK(pg_tx_open(pg, PG_LANE_TX, &tx, err));
	CHECK_OK(pg_tx_run(tx, arena, "insert into public.deferred values (1)", NULL, NULL, err));
	killed = false;
	fiber_start(killer, NULL);
	CHECK_ERR(pg_tx_commit(tx, err), ERR_OUTCOME_UNKNOWN);
	while (!killed)
		fiber_sleep(10);
	/* an error before the COMMIT is known to have stored nothing */
	CHECK_OK(pg_tx_open(pg, PG_LANE_TX, &tx, err));
	pg_tx_send(tx, arena, "select pg_terminate_backend(pg_backend_pid())", NULL);
	CHECK_ERR(pg_tx_commit(tx, err), ERR_OUTCOME_UNKNOWN);
	CHECK_OK(pg_tx_open(pg, PG_LANE_TX, &tx, err));
	CHECK_ERR(pg_tx_run(tx, arena, "select pg_terminate_backend(pg_backend_pid())", NULL, NULL, err), ERR_UNAVAILABLE);
	CHECK_ERR(pg_tx_commit(tx, err), ERR_UNAVAILABLE);
}

static void commit_lost_test(void **state)
{
	(void)state;
	run(commit_lost_body);
}

static void open_bad(void *arg)
{
	(void)arg;
	struct err err;
	struct arena *a = arena_new_sized(0);
	err_init(&err, a);
	struct pg_config bad = {.conninfo = "host=127.0.0.1 port=1 connect_timeout=1", .name = "pg_test"};
	struct pg *none = NULL;
	uint64_t began = clock_monotonic_ms();
	CHECK(pg_open(&bad, &none, &err) == -1 && err.code == ERR_UNAVAILABLE);
	CHECK(strstr(err.message, "refused") != NULL);
	uint64_t took = clock_monotonic_ms() - began;
	CHECK(took > 8000);
	arena_delete(a);
}

static void open_test(void **state)
{
	(void)state;
	failures = 0;
	fiber_run(open_bad, NULL);
	assert_int_equal(failures, 0);
}

/* ---- LISTEN ---- */

static int heard, rescans;
static char payload_heard[64];

static void on_news(void *ctx, const char *payload)
{
	(void)ctx;
	if (payload) {
		heard++;
		snprintf(payload_heard, sizeof payload_heard, "%s", payload);
	} else {
		rescans++;
	}
}

static void listen_body(void)
{
	heard = rescans = 0;
	CHECK_OK(pg_listen(pg, "news \"1\"", on_news, NULL, err));
	CHECK_OK(pg_listen(pg, "other", on_news, NULL, err));
	for (int i = 0; i < 3000 && rescans < 2; i++)
		fiber_sleep(10);
	CHECK(rescans == 2);
	CHECK(execute("select pg_notify('news \"1\"', 'Ёж')") == 0);
	for (int i = 0; i < 3000 && !heard; i++)
		fiber_sleep(10);
	CHECK(heard == 1 && strcmp(payload_heard, "Ёж") == 0);
	CHECK(execute("select pg_terminate_backend(pid) from pg_catalog.pg_stat_activity where application_name = 'pg_test' and query like "
				  "'LISTEN%'") == 0);
	for (int i = 0; i < 3000 && rescans < 4; i++)
		fiber_sleep(10);
	CHECK(rescans == 4);
	CHECK(execute("select pg_notify('other', '2')") == 0);
	for (int i = 0; i < 3000 && heard < 2; i++)
		fiber_sleep(10);
	CHECK(heard == 2);
}

static void listen_test(void **state)
{
	(void)state;
	run(listen_body);
}

/* ---- outside a transaction, the statement log ---- */

static void outside_body(void)
{
	CHECK(execute("drop table if exists public.indexed") == 0);
	CHECK(execute("create table public.indexed as select i::int8 as a from generate_series(1, 1000) i") == 0);
	CHECK(execute("create index concurrently indexed_a on public.indexed(a)") == 0);
	CHECK(execute("drop index concurrently public.indexed_a") == 0);
}

static void outside_test(void **state)
{
	(void)state;
	run(outside_body);
}

static void log_body(void)
{
	struct pg_tx *tx;
	for (int i = 0; i < 3; i++) {
		struct pg_params p = {0};
		pg_params_int(arena, &p, i);
		CHECK_OK(pg_tx_open(pg, PG_LANE_TX, &tx, err));
		CHECK_OK(pg_tx_run(tx, arena, "select $1::int8", &p, NULL, err));
		CHECK_OK(pg_tx_commit(tx, err));
		CHECK(number("select 3") == 3);
	}
}

static void log_test(void **state)
{
	(void)state;
	char path[] = "/tmp/ostov-pg-log-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	config.log_statements = path;
	run(log_body);
	config.log_statements = NULL;
	char text[2000];
	ssize_t n = read(fd, text, sizeof text - 1);
	text[n > 0 ? n : 0] = 0;
	close(fd);
	unlink(path);
	assert_string_equal(
		text, "{\"kind\":\"tx\",\"statements\":[{\"sql\":\"BEGIN\",\"params\":[]},{\"sql\":\"select "
			  "$1::int8\",\"params\":[{\"type\":20,\"value\":\"0\"}]},"
			  "{\"sql\":\"COMMIT\",\"params\":[]}]}\n{\"kind\":\"read\",\"statements\":[{\"sql\":\"select 3\",\"params\":[]}]}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_test),  cmocka_unit_test(numeric_test), cmocka_unit_test(params_test),      cmocka_unit_test(sql_test),
		cmocka_unit_test(tx_test),     cmocka_unit_test(nest_test),    cmocka_unit_test(slot_test),        cmocka_unit_test(full_test),
		cmocka_unit_test(queue_test),  cmocka_unit_test(lost_test),    cmocka_unit_test(commit_lost_test), cmocka_unit_test(open_test),
		cmocka_unit_test(listen_test), cmocka_unit_test(outside_test), cmocka_unit_test(log_test),
	};
	return pg_fixture_main("pg_test", tests, sizeof tests / sizeof *tests);
}
