/* pg_fixture: what tests of core/pg share: a body runs in a fiber with an open pool, its failures are counted and asserted outside of it. */
#ifndef OSTOV_TEST_PG_FIXTURE_H
#define OSTOV_TEST_PG_FIXTURE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fiber.h"
#include "base/log.h"
#include "pg/pg.h"
#include "pg/pg_sql.h"

static const char *database;

/* Each test is a function in a fiber; cmocka's longjmp must not leave a fiber, so failures are counted and asserted outside. */
static int failures;
static struct pg *pg;
static struct arena *arena;

#define CHECK(x)                                                                                                                           \
	do {                                                                                                                                   \
		if (!(x)) {                                                                                                                        \
			print_error("%s:%d: %s\n", __FILE__, __LINE__, #x);                                                                            \
			failures++;                                                                                                                    \
			return;                                                                                                                        \
		}                                                                                                                                  \
	} while (0)
#define CHECK_OK(call)                                                                                                                     \
	do {                                                                                                                                   \
		struct err e_;                                                                                                                     \
		err_init(&e_, arena);                                                                                                              \
		struct err *err = &e_;                                                                                                             \
		if ((call) != 0) {                                                                                                                 \
			print_error("%s:%d: %s: %s (%s)\n", __FILE__, __LINE__, #call, err->message, err->sqlstate);                                   \
			failures++;                                                                                                                    \
			return;                                                                                                                        \
		}                                                                                                                                  \
	} while (0)
#define CHECK_ERR(call, want)                                                                                                              \
	do {                                                                                                                                   \
		err_init(&last, arena);                                                                                                            \
		struct err *err = &last;                                                                                                           \
		int r_ = (call);                                                                                                                   \
		if (r_ != -1 || last.code != (want)) {                                                                                             \
			print_error("%s:%d: %s: %d %s %s\n", __FILE__, __LINE__, #call, r_, err_code_name(last.code), last.message);                   \
			failures++;                                                                                                                    \
			return;                                                                                                                        \
		}                                                                                                                                  \
	} while (0)

static struct err last;
static void (*body)(void);
static struct pg_config config = {.name = "pg_test", .tx = 3};

static inline void in_fiber(void *arg)
{
	(void)arg;
	arena = arena_new_sized(0);
	struct err err;
	err_init(&err, arena);
	config.conninfo = database;
	if (pg_open(&config, &pg, &err)) {
		print_error("pg_open: %s\n", err.message);
		failures++;
	} else {
		body();
	}
	pg_close(pg);
	pg = NULL;
	arena_delete(arena);
}

static inline void run(void (*fn)(void))
{
	body = fn;
	failures = 0;
	fiber_run(in_fiber, NULL);
	for (int i = 0; i < 5; i++)
		uv_run(fiber_loop(), UV_RUN_NOWAIT);
	assert_int_equal(failures, 0);
}

static inline int64_t number(const char *sql)
{
	struct pg_rows *r;
	struct err err;
	err_init(&err, arena);
	if (pg_read(pg, PG_LANE_FAST, arena, sql, NULL, &r, &err)) {
		print_error("%s: %s\n", sql, err.message);
		return -999;
	}
	return pg_rows_int(r, 0, 0);
}

/* Whether a call found its lane full and may be made again a little later: a busy machine takes long over what many ask at once. */
static inline bool full_now(int failed, const struct err *err, int *tries)
{
	if (!failed || err->code != ERR_UNAVAILABLE || err->sqlstate[0] || ++*tries > 200)
		return false;
	fiber_sleep(50);
	return true;
}

static inline int execute(const char *sql)
{
	struct err err;
	err_init(&err, arena);
	int r = pg_run_outside(pg, arena, sql, NULL, NULL, &err);
	if (r)
		print_error("%s: %s\n", sql, err.message);
	return r;
}

/* Runs the tests against the database of the environment; says so when there is none. */
static inline int pg_fixture_main(const char *name, const struct CMUnitTest *tests, size_t n)
{
	database = getenv("OSTOV_TEST_DATABASE");
	if (!database) {
		printf("skip %s no PostgreSQL on this machine\n", name);
		return 0;
	}
	log_setup(getenv("PG_TEST_VERBOSE") ? LOG_DEBUG : LOG_ERROR + 1, name);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return _cmocka_run_group_tests(name, tests, n, NULL, NULL);
}

#endif
