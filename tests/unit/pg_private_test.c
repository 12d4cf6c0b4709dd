/* pg_private: a real cluster is made, found, killed, restarted and stopped. time-limit: 600 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <dirent.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fiber.h"
#include "base/log.h"
#include "pg/pg.h"
#include "pg/pg_private.h"
#include "pg/pg_private_files.h"

static char root[64];
static struct arena *arena;
static struct err err;

static int fiber_result;
static const char *fiber_conninfo;

static void connect_fiber(void *arg)
{
	(void)arg;
	struct pg_config config = {.conninfo = fiber_conninfo, .name = "private_test"};
	struct pg *pg;
	struct pg_rows *r;
	fiber_result = -1;
	struct arena *a = arena_new_sized(0);
	if (pg_open(&config, &pg, &err) == 0) {
		if (pg_read(
				pg, PG_LANE_FAST, a,
				"select current_database(), current_setting('data_checksums'), current_setting('listen_addresses'), "
				"current_setting('fsync'), pg_encoding_to_char(encoding) from pg_catalog.pg_database where datname = current_database()",
				NULL, &r, &err) == 0 &&
			strcmp(pg_rows_text(r, 0, 0), "ostov") == 0 && strcmp(pg_rows_text(r, 0, 1), "on") == 0 &&
			strcmp(pg_rows_text(r, 0, 2), "") == 0 && strcmp(pg_rows_text(r, 0, 3), "on") == 0 &&
			strcmp(pg_rows_text(r, 0, 4), "UTF8") == 0)
			fiber_result = 0;
		pg_close(pg);
	}
	arena_delete(a);
}

static int connects(const struct pg_private *p)
{
	fiber_conninfo = p->conninfo;
	fiber_run(connect_fiber, NULL);
	for (int i = 0; i < 5; i++)
		uv_run(fiber_loop(), UV_RUN_NOWAIT);
	if (fiber_result)
		print_error("%s\n", err.message);
	return fiber_result;
}

static int start(const char *dir, struct pg_private *p)
{
	err_init(&err, arena);
	int r = pg_private_start(arena, dir, p, &err);
	if (r)
		print_error("%s\n", err.message);
	return r;
}

static bool runs(pid_t pid)
{
	/* one that ended and waits for a parent to read its status has no program any more */
	char path[40], to[8];
	snprintf(path, sizeof path, "/proc/%d/cwd", (int)pid);
	return readlink(path, to, sizeof to) > 0;
}

static void life_test(void **state)
{
	(void)state;
	char dir[100];
	snprintf(dir, sizeof dir, "%s/data", root);
	struct pg_private p, other;
	uint64_t began = clock_monotonic_ms();
	assert_int_equal(start(dir, &p), 0);
	uint64_t making = clock_monotonic_ms() - began;
	assert_true(p.created && p.pid > 0 && p.lock_fd >= 0);
	assert_int_equal(connects(&p), 0);
	struct stat st;
	assert_int_equal(stat(p.socket, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	if (geteuid() == 0)
		assert_int_equal(st.st_uid, getpwnam(PG_PRIVATE_USER)->pw_uid);

	/* a second process finds the first one's */
	pid_t child = fork();
	if (child == 0) {
		bool ok = pg_private_start(arena, dir, &other, &err) == 0 && other.lock_fd == -1 && other.pid == 0 && other.holder == getppid() &&
				  strcmp(other.conninfo, p.conninfo) == 0;
		_exit(ok ? 0 : 1);
	}
	int status;
	waitpid(child, &status, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_false(pg_private_died(&p));

	/* SAFETY 69: the postmaster is killed: back at once, although its back ends hold the shared memory for a moment */
	kill(p.pid, SIGKILL);
	began = clock_monotonic_ms();
	while (!pg_private_died(&p))
		usleep(1000);
	bool back = false;
	while (!back && clock_monotonic_ms() - began < 60000) {
		if (p.pid == 0 || pg_private_died(&p))
			assert_int_equal(pg_private_restart(&p, &err), 0);
		usleep(100000);
		struct pg_private q = p;
		back = !pg_private_died(&p) && connects(&q) == 0;
	}
	assert_true(back);
	pid_t pid = p.pid;
	pg_private_stop(&p);
	assert_false(runs(pid));

	/* a later start is quicker, for it makes nothing: the best of three, on a machine that may be busy */
	uint64_t quickest = UINT64_MAX;
	for (int i = 0; i < 3; i++) {
		began = clock_monotonic_ms();
		assert_int_equal(start(dir, &p), 0);
		uint64_t took = clock_monotonic_ms() - began;
		quickest = took < quickest ? took : quickest;
		assert_false(p.created);
		if (i < 2)
			pg_private_stop(&p);
	}
	assert_true(quickest < making);
	pg_private_stop(&p);
}

/* The owner dies by SIGKILL: its server goes, too, and the next owner starts cleanly. */
static void orphan_test(void **state)
{
	(void)state;
	char dir[100];
	snprintf(dir, sizeof dir, "%s/data", root);
	int pipes[2];
	assert_int_equal(pipe(pipes), 0);
	pid_t child = fork();
	if (child == 0) {
		struct pg_private p;
		if (pg_private_start(arena, dir, &p, &err) || write(pipes[1], &p.pid, sizeof p.pid) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	pid_t server = 0;
	close(pipes[1]);
	assert_int_equal(read(pipes[0], &server, sizeof server), sizeof server);
	close(pipes[0]);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	struct pg_private p;
	assert_int_equal(start(dir, &p), 0);
	assert_true(p.pid != server && p.lock_fd >= 0);
	assert_int_equal(connects(&p), 0);
	assert_false(runs(server));
	pg_private_stop(&p);
}

/* An initdb that was killed in the middle is begun anew. */
static void half_test(void **state)
{
	(void)state;
	char dir[100], half[160];
	snprintf(dir, sizeof dir, "%s/half", root);
	assert_int_equal(mkdir(dir, 0755), 0);
	const char *base;
	assert_int_equal(pg_private_base(arena, dir, &base, &err), 0);
	snprintf(half, sizeof half, "%s/postgresql.new", base);
	assert_int_equal(mkdir(half, 0700), 0);
	snprintf(half, sizeof half, "%s/postgresql.new/PG_VERSION", base);
	FILE *f = fopen(half, "w");
	assert_non_null(f);
	fputs("15\n", f);
	fclose(f);
	struct pg_private p;
	assert_int_equal(start(dir, &p), 0);
	assert_true(p.created);
	pg_private_stop(&p);
}

/* A path longer than a socket's address, and one closed to the cluster's user. */
static void place_test(void **state)
{
	(void)state;
	char dir[300];
	int n = snprintf(dir, sizeof dir, "%s/", root);
	memset(dir + n, 'l', 120);
	dir[n + 120] = 0;
	struct pg_private p;
	assert_int_equal(start(dir, &p), 0);
	assert_true(strlen(p.socket) < 80);
	assert_int_equal(connects(&p), 0);
	pg_private_stop(&p);
	rmdir(p.socket);
	if (geteuid() != 0) {
		print_message("closed folders matter to root only\n");
		return;
	}
	snprintf(dir, sizeof dir, "%s/closed", root);
	assert_int_equal(mkdir(dir, 0700), 0);
	snprintf(dir, sizeof dir, "%s/closed/data", root);
	assert_int_equal(start(dir, &p), 0);
	assert_int_equal(strncmp(p.base, "/var/lib/ostov/", 15), 0);
	assert_int_equal(connects(&p), 0);
	pg_private_stop(&p);
	assert_int_equal(start(dir, &p), 0);
	assert_false(p.created);
	pg_private_stop(&p);
	assert_int_equal(private_tree_remove(p.base), 0);
}

int main(void)
{
	if (!getenv("OSTOV_TEST_DATABASE")) {
		printf("skip pg_private_test no PostgreSQL on this machine\n");
		return 0;
	}
	if (geteuid() == 0 && !getpwnam(PG_PRIVATE_USER)) {
		printf("skip pg_private_test no system user " PG_PRIVATE_USER "\n");
		return 0;
	}
	log_setup(LOG_ERROR + 1, "test");
	cmocka_set_message_output(CM_OUTPUT_TAP);
	arena = arena_new_sized(0);
	err_init(&err, arena);
	snprintf(root, sizeof root, "/tmp/ostov-private-%d", (int)getpid());
	mkdir(root, 0755);
	const struct CMUnitTest tests[] = {cmocka_unit_test(life_test), cmocka_unit_test(orphan_test), cmocka_unit_test(half_test),
									   cmocka_unit_test(place_test)};
	int r = cmocka_run_group_tests(tests, NULL, NULL);
	private_tree_remove(root);
	arena_delete(arena);
	return r;
}
