/* pg_lanes: reads through pg_read by many fibers of one process, to be compared with pgbench on the same statement.
 *   pg_lanes CONNINFO FIBERS SECONDS [ROWS]
 * Prints statements per second. tests/bench/pg_lanes.sh makes the table and runs both. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fiber.h"
#include "pg/pg.h"

static const char *conninfo;
static int fibers, seconds, rows = 1;
static struct pg *pg;
static uint64_t end_ms, done, failed;
static int left;
static struct fiber *parent;

static const char *sql(void)
{
	return rows == 1 ? "SELECT id, number, name, amount, signed, active, changed FROM public.bench_contract WHERE id = $1::int8"
					 : "SELECT id, number, name, amount, signed, active, changed FROM public.bench_contract WHERE id >= $1::int8 ORDER BY "
					   "id LIMIT 50";
}

static void reader(void *arg)
{
	uint64_t seed = 88172645463325252u ^ ((uint64_t)(uintptr_t)arg << 32);
	struct arena *a = arena_new_sized(4096);
	struct buf json = BUF_INIT;
	const char *text = sql();
	while (clock_monotonic_ms() < end_ms) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		struct pg_params p = {0};
		struct pg_rows *r;
		struct err err;
		err_init(&err, a);
		pg_params_int(a, &p, (int64_t)(seed % 990000) + 1);
		if (pg_read(pg, PG_LANE_FAST, a, text, &p, &r, &err)) {
			failed++;
		} else {
			done++;
			buf_clear(&json);
			for (size_t i = 0; i < pg_rows_count(r); i++)
				for (size_t k = 0; k < pg_rows_columns(r); k++)
					pg_rows_json(r, &json, i, k);
		}
		arena_reset(a);
	}
	buf_destroy(&json);
	arena_delete(a);
	if (--left == 0)
		fiber_wake(parent);
}

static double cpu(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void run(void *arg)
{
	(void)arg;
	struct pg_config config = {.conninfo = conninfo, .name = "pg_lanes"};
	struct err err;
	err_init(&err, NULL);
	if (pg_open(&config, &pg, &err)) {
		fprintf(stderr, "pg_lanes: %s\n", err.message);
		exit(3);
	}
	end_ms = clock_monotonic_ms() + (uint64_t)seconds * 1000;
	left = fibers;
	parent = fiber_self();
	double began = cpu();
	for (int i = 0; i < fibers; i++)
		fiber_start(reader, (void *)(uintptr_t)(i + 1));
	while (left)
		fiber_suspend();
	printf("%.0f %.2f\n", (double)done / seconds, (cpu() - began) / (double)done * 1e6);
	if (failed)
		fprintf(stderr, "pg_lanes: %llu failed\n", (unsigned long long)failed);
	pg_close(pg);
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fputs("usage: pg_lanes CONNINFO FIBERS SECONDS [ROWS]\n", stderr);
		return 2;
	}
	conninfo = argv[1];
	fibers = atoi(argv[2]);
	seconds = atoi(argv[3]);
	if (argc > 4)
		rows = atoi(argv[4]);
	fiber_run(run, NULL);
	return failed ? 1 : 0;
}
