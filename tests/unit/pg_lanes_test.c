/* pg: the lanes of reads: what shares a connection, what is cancelled, what is kept. time-limit: 600 */
#include "pg_fixture.h"

/* ---- the fast lane ---- */

struct many {
	int id, left, wrong;
	struct fiber *parent;
};

static struct many many;

static void one_read(void *arg)
{
	int id = (int)(intptr_t)arg;
	struct arena *a = arena_new_sized(0);
	for (int i = 0; i < 20; i++) {
		struct pg_params p = {0};
		struct pg_rows *r;
		struct err err;
		pg_params_int(a, &p, id * 1000 + i);
		/* every seventh fails: its neighbours in the pipeline must not notice */
		const char *sql = id % 7 == 3 ? "select 1 / ($1::int8 - $1::int8)" : i % 2 ? "select $1::int8" : "select $1::int8 as other";
		int bad, tries = 0;
		do {
			err_init(&err, a);
			bad = pg_read(pg, PG_LANE_FAST, a, sql, &p, &r, &err);
		} while (full_now(bad, &err, &tries));
		if (bad && id % 7 != 3)
			print_error("%s %s\n", err_code_name(err.code), err.message);
		if (id % 7 == 3) {
			if (!bad || err.code != ERR_INVALID || strcmp(err.sqlstate, "22012") != 0)
				many.wrong++;
		} else if (bad || pg_rows_int(r, 0, 0) != id * 1000 + i) {
			many.wrong++;
		}
	}
	arena_delete(a);
	if (--many.left == 0)
		fiber_wake(many.parent);
}

static void many_body(void)
{
	many = (struct many){.left = 700, .parent = fiber_self()};
	for (int i = 0; i < 700; i++)
		fiber_start(one_read, (void *)(intptr_t)i);
	while (many.left)
		fiber_suspend();
	CHECK(many.wrong == 0);
	CHECK(number("select count(*) from pg_catalog.pg_stat_activity where application_name = 'pg_test'") <= 6); /* four fast, two slow */
}

static void many_test(void **state)
{
	(void)state;
	run(many_body);
}

static void session_body(void)
{
	struct pg_rows *r;
	CHECK_OK(pg_read(
		pg, PG_LANE_FAST, arena,
		"select current_setting('TimeZone'), current_setting('search_path'), current_setting('client_encoding'), current_setting('jit'),"
		" current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout'),"
		" current_setting('default_transaction_isolation'), current_setting('plan_cache_mode')",
		NULL, &r, err));
	static const char *const want[] = {"UTC", "", "UTF8", "off", "250ms", "1min", "read committed", "auto"};
	for (size_t i = 0; i < 8; i++) {
		if (strcmp(pg_rows_text(r, 0, i), want[i]) != 0) {
			print_error("%zu: '%s'\n", i, pg_rows_text(r, 0, i));
			failures++;
		}
	}
	CHECK_ERR(pg_read(pg, PG_LANE_FAST, arena, "create table public.no_such(a int)", NULL, NULL, err), ERR_UNAVAILABLE);
}

static void session_test(void **state)
{
	(void)state;
	run(session_body);
}

/* Over 250 ms: runs once more on the slow lane, where it takes the time it needs. */
static void slow_body(void)
{
	uint64_t began = clock_monotonic_ms();
	CHECK(number("select 5 from pg_sleep(0.6)") == 5);
	uint64_t took = clock_monotonic_ms() - began;
	CHECK(took >= 850);
	CHECK(number("select 1") == 1);
}

static void slow_test(void **state)
{
	(void)state;
	run(slow_body);
}

static int cancelled;

static void long_read(void *arg)
{
	*(struct fiber **)arg = fiber_self();
	struct arena *a = arena_new_sized(0);
	struct err err;
	err_init(&err, a);
	if (pg_read(pg, PG_LANE_SLOW, a, "select pg_sleep(20)", NULL, NULL, &err) && err.code == ERR_DB_TIMEOUT)
		cancelled++;
	arena_delete(a);
	*(struct fiber **)arg = NULL;
}

/* SAFETY 67: the client leaves: its statement ends, its neighbour's does not. */
static void cancel_body(void)
{
	struct fiber *one = NULL, *two = NULL;
	cancelled = 0;
	fiber_start(long_read, &one);
	fiber_start(long_read, &two);
	int64_t active = 0;
	for (int i = 0; i < 3000 && active < 2; i++) {
		fiber_sleep(10);
		active = number(
			"select count(*) from pg_catalog.pg_stat_activity where application_name = 'pg_test' and query = 'select pg_sleep(20)' and "
			"state = 'active'");
	}
	CHECK(active == 2 && one && two);
	pg_cancel(pg, fiber_self());
	pg_cancel(pg, one);
	pg_cancel(pg, one);
	uint64_t began = clock_monotonic_ms();
	/* not by itself, which it does after 20 s */
	while (one && clock_monotonic_ms() - began < 15000)
		fiber_sleep(10);
	CHECK(!one && two && cancelled == 1);
	/* the connection is used by nobody else: the cancel could come late */
	struct pg_rows *r;
	CHECK_OK(pg_read(pg, PG_LANE_SLOW, arena, "select 1 from pg_sleep(0.3)", NULL, &r, err));
	pg_cancel(pg, two);
	while (two && clock_monotonic_ms() - began < 15000)
		fiber_sleep(10);
	CHECK(!two && cancelled == 2);
}

struct going_on {
	struct fiber *fiber;
	enum pg_lane lane;
	int rc;
};

static void going_on(void *arg)
{
	struct going_on *g = arg;
	struct arena *a = arena_new_sized(0);
	struct pg_rows *r;
	struct pg_tx *tx;
	struct err err;
	err_init(&err, a);
	g->fiber = fiber_self();
	if (g->lane == PG_LANE_FAST) {
		g->rc = pg_read(pg, PG_LANE_FAST, a, "select 1 from pg_sleep(0.05)", NULL, &r, &err);
	} else {
		g->rc =
			pg_tx_open(pg, g->lane, &tx, &err) || pg_tx_run(tx, a, "select 1 from pg_sleep(0.3)", NULL, &r, &err) || pg_tx_commit(tx, &err);
	}
	arena_delete(a);
	g->fiber = NULL;
}

static unsigned sleepers;

static void sleeper(void *arg)
{
	struct arena *mine = arena_new_sized(0);
	struct pg_rows *r;
	struct err e;
	(void)arg;
	err_init(&e, mine);
	sleepers++;
	CHECK(pg_read(pg, PG_LANE_FAST, mine, "select 1 from pg_sleep(0.24)", NULL, &r, &e) == 0);
	sleepers--;
	arena_delete(mine);
}

/* Two reads that take long keep others from their two connections, not from an answer: another connection opens. */
static void stuck_body(void)
{
	bool meanwhile = false;
	/* on a machine that is busy otherwise the answer may need more than one of their turns */
	for (int turn = 0; turn < 40 && !meanwhile; turn++) {
		fiber_start(sleeper, NULL);
		fiber_start(sleeper, NULL);
		fiber_sleep(20); /* what has just begun is not known as long yet */
		CHECK(number("select 1") == 1);
		meanwhile = turn && sleepers == 2; /* in the first one the second connection was still to be opened */
		while (sleepers)
			fiber_sleep(5);
	}
	CHECK(meanwhile);
}

static void stuck_test(void **state)
{
	(void)state;
	run(stuck_body);
}

/* The fast lane is shared and a write may have been promised: a client that leaves ends neither. */
static void no_cancel_body(void)
{
	struct going_on fast = {.lane = PG_LANE_FAST, .rc = -2}, tx = {.lane = PG_LANE_TX, .rc = -2};
	fiber_start(going_on, &fast);
	fiber_start(going_on, &tx);
	for (int i = 0; i < 3000 && (fast.rc == -2 || tx.rc == -2); i++) {
		if (fast.fiber)
			pg_cancel(pg, fast.fiber);
		if (tx.fiber)
			pg_cancel(pg, tx.fiber);
		fiber_sleep(10);
	}
	CHECK(fast.rc == 0 && tx.rc == 0);
}

static void no_cancel_test(void **state)
{
	(void)state;
	run(no_cancel_body);
}

static void cancel_test(void **state)
{
	(void)state;
	run(cancel_body);
}

static void neighbour(void *arg)
{
	int id = (int)(intptr_t)arg;
	struct arena *a = arena_new_sized(0);
	struct pg_params p = {0};
	struct pg_rows *r;
	struct err err;
	err_init(&err, a);
	pg_params_int(a, &p, id);
	if (pg_read(pg, PG_LANE_FAST, a, id == 3 ? "select $1::int8 from pg_sleep(0.5)" : "select $1::int8", &p, &r, &err) ||
		pg_rows_int(r, 0, 0) != id)
		many.wrong++;
	arena_delete(a);
	if (--many.left == 0)
		fiber_wake(many.parent);
}

/* Statements of one turn share a sync: one that takes too long takes nobody along. */
static void neighbours_body(void)
{
	many = (struct many){.left = 24, .parent = fiber_self()};
	for (int i = 0; i < 24; i++)
		fiber_start(neighbour, (void *)(intptr_t)i);
	while (many.left)
		fiber_suspend();
	CHECK(many.wrong == 0);
}

static void neighbours_test(void **state)
{
	(void)state;
	run(neighbours_body);
}

/* More statements than a connection keeps: the oldest leave the server, too. */
static void cache_body(void)
{
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 700; i++) {
			char sql[60];
			snprintf(sql, sizeof sql, "select %d::int8", i);
			CHECK(number(sql) == i);
		}
	}
	int64_t kept = number("select count(*) from pg_catalog.pg_prepared_statements");
	CHECK(kept > 400 && kept <= 513);
}

static void cache_test(void **state)
{
	(void)state;
	run(cache_body);
}

static void stale_body(void)
{
	CHECK(execute("drop table if exists public.stale") == 0);
	CHECK(execute("create table public.stale as select 1::int4 as a") == 0);
	for (int i = 0; i < 8; i++)
		CHECK(number("select * from public.stale") == 1);
	CHECK(execute("alter table public.stale alter a type text using 'x'") == 0);
	struct pg_rows *r;
	CHECK_OK(pg_read(pg, PG_LANE_FAST, arena, "select * from public.stale", NULL, &r, err));
	CHECK(strcmp(pg_rows_text(r, 0, 0), "x") == 0);
	/* unknown to the server: after somebody said DEALLOCATE ALL */
	struct pg_tx *tx;
	CHECK_OK(pg_tx_open(pg, PG_LANE_TX, &tx, err));
	CHECK_OK(pg_tx_run(tx, arena, "select * from public.stale", NULL, &r, err));
	CHECK_OK(pg_tx_run(tx, arena, "deallocate all", NULL, &r, err));
	CHECK_ERR(pg_tx_run(tx, arena, "select * from public.stale", NULL, &r, err), ERR_RETRY);
	pg_tx_rollback(tx);
	CHECK(execute("drop table public.stale") == 0);
}

static void stale_test(void **state)
{
	(void)state;
	run(stale_body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_test),       cmocka_unit_test(session_test),   cmocka_unit_test(slow_test),
		cmocka_unit_test(stuck_test),      cmocka_unit_test(no_cancel_test), cmocka_unit_test(cancel_test),
		cmocka_unit_test(neighbours_test), cmocka_unit_test(cache_test),     cmocka_unit_test(stale_test),
	};
	return pg_fixture_main("pg_lanes_test", tests, sizeof tests / sizeof *tests);
}
