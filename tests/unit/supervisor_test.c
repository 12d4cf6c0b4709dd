/* supervisor: workers that die, hang and drain, with workers made for the purpose. time-limit: 600 mostly-waits */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fiber.h"
#include "base/log.h"
#include "cli/supervisor.h"

/* What the test asks of its workers, and what they say. */
struct board {
	_Atomic int pids[3]; /* web 1, web 2, job 1 */
	_Atomic int hang;    /* web 1: 1 spins, 2 spins in the thread pool and ticks on, 3 sleeps */
	_Atomic int drained; /* workers that were asked to stop and did */
	_Atomic int ready;
	_Atomic int drain_ms; /* how long a worker takes to drain */
	_Atomic int uid;      /* of web 1 */
};
static struct board *board;

static void drain_over(uv_timer_t *t)
{
	(void)t;
	atomic_fetch_add(&board->drained, 1);
	worker_done();
}

static void on_stop(void *ctx)
{
	(void)ctx;
	static uv_timer_t t;
	uv_timer_init(fiber_loop(), &t);
	uv_timer_start(&t, drain_over, (uint64_t)atomic_load(&board->drain_ms), 0);
}

static void spin(void *arg)
{
	(void)arg;
	uint64_t end = clock_monotonic_ms() + 3000;
	while (clock_monotonic_ms() < end)
		;
}

static void spin_fiber(void *arg)
{
	fiber_work(spin, arg);
	atomic_store(&board->hang, 0);
}

static void on_look(uv_timer_t *t)
{
	const struct worker_config *c = t->data;
	if (c->kind != WORKER_WEB || c->index != 0)
		return;
	switch (atomic_load(&board->hang)) {
	case 1:
		atomic_store(&board->hang, 0);
		for (;;)
			;
	case 2:
		atomic_store(&board->hang, -1);
		fiber_start(spin_fiber, NULL);
		break;
	default: break;
	}
}

static int toy_run(const struct worker_config *c)
{
	worker_setup(c, on_stop, NULL);
	static uv_timer_t look;
	uv_timer_init(fiber_loop(), &look);
	look.data = (void *)(uintptr_t)c;
	uv_timer_start(&look, on_look, 10, 10);
	worker_serving(c);
	if (c->kind == WORKER_WEB && c->index == 0)
		atomic_store(&board->uid, (int)getuid());
	atomic_store(&board->pids[c->kind == WORKER_JOB ? 2 : c->index], (int)getpid());
	uv_run(fiber_loop(), UV_RUN_DEFAULT);
	return 0;
}

static int bad_run(const struct worker_config *c)
{
	(void)c;
	return 3;
}

static void on_ready(void *ctx)
{
	(void)ctx;
	atomic_store(&board->ready, 1);
}

static pid_t supervise(int (*web)(const struct worker_config *))
{
	memset(board, 0, sizeof *board);
	pid_t pid = fork();
	if (pid == 0) {
		struct supervisor s = {.worker = {.listen_fd = -1}, .web = 2, .job = 1, .web_run = web, .job_run = toy_run, .ready = on_ready};
		if (geteuid() == 0) {
			s.drop = true;
			s.uid = s.gid = 65534;
		}
		_exit(supervisor_run(&s));
	}
	return pid;
}

/* Far beyond what a loaded machine takes: what never comes fails all the same. */
#define PATIENCE_MS 60000
#define UNTIL(x)                                                                                                                           \
	do {                                                                                                                                   \
		uint64_t end_ = clock_monotonic_ms() + PATIENCE_MS;                                                                                \
		while (!(x) && clock_monotonic_ms() < end_)                                                                                        \
			usleep(5000);                                                                                                                  \
		assert_true(x);                                                                                                                    \
	} while (0)

static bool serve(void)
{
	return atomic_load(&board->pids[0]) && atomic_load(&board->pids[1]) && atomic_load(&board->pids[2]) && atomic_load(&board->ready);
}

static bool alive(int pid)
{
	char path[40], to[8];
	snprintf(path, sizeof path, "/proc/%d/cwd", pid);
	return kill(pid, 0) == 0 && (readlink(path, to, sizeof to) > 0 || errno == EACCES);
}

static int ended(pid_t pid)
{
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool changed(int place, int old)
{
	int now = atomic_load(&board->pids[place]);
	return now != old && alive(now);
}

/* SAFETY 69: a killed worker is back within a second, again and again. */
static void restart_test(void **state)
{
	(void)state;
	pid_t pid = supervise(toy_run);
	UNTIL(serve());
	if (geteuid() == 0)
		assert_int_equal(atomic_load(&board->uid), 65534);
	/* the quickest of some turns tells: a busy machine makes others late, a pause that grows makes all of them late */
	uint64_t quickest[3] = {PATIENCE_MS, PATIENCE_MS, PATIENCE_MS};
	for (int i = 0; i < 12 && (i < 3 || quickest[0] > 1000 || quickest[1] > 1000 || quickest[2] > 1000); i++) {
		for (int place = 0; place < 3; place++) {
			int old = atomic_load(&board->pids[place]);
			uint64_t began = clock_monotonic_ms();
			kill(old, SIGKILL);
			UNTIL(changed(place, old));
			uint64_t took = clock_monotonic_ms() - began;
			/* of the first turns each is a worker's first, second, third death */
			if (i >= 2 && took < quickest[place])
				quickest[place] = took;
		}
		usleep(1100000);
	}
	for (int place = 0; place < 3; place++)
		assert_true(quickest[place] <= 1000);
	kill(pid, SIGTERM);
	assert_int_equal(ended(pid), 0);
	assert_int_equal(atomic_load(&board->drained), 3);
}

static void watchdog_test(void **state)
{
	(void)state;
	pid_t pid = supervise(toy_run);
	UNTIL(serve());
	/* its threads may compute */
	int old = atomic_load(&board->pids[0]);
	atomic_store(&board->hang, 2);
	UNTIL(atomic_load(&board->hang) == 0);
	assert_int_equal(atomic_load(&board->pids[0]), old);
	/* the loop may not */
	int other = atomic_load(&board->pids[1]);
	atomic_store(&board->hang, 1);
	UNTIL(changed(0, old));
	/* neither may it sleep for 10 s; the machine's own sleep is not the worker's */
	old = atomic_load(&board->pids[0]);
	uint64_t stopped = clock_monotonic_ms();
	kill(old, SIGSTOP);
	UNTIL(changed(0, old));
	assert_true(clock_monotonic_ms() - stopped >= 8000);
	assert_int_equal(atomic_load(&board->pids[1]), other);
	kill(pid, SIGINT);
	assert_int_equal(ended(pid), 0);
}

/* SAFETY 70: workers finish what they have; a second signal does not wait. */
static void drain_test(void **state)
{
	(void)state;
	pid_t pid = supervise(toy_run);
	UNTIL(serve());
	atomic_store(&board->drain_ms, 1500);
	uint64_t began = clock_monotonic_ms();
	kill(pid, SIGTERM);
	assert_int_equal(ended(pid), 0);
	assert_int_equal(atomic_load(&board->drained), 3);
	assert_true(clock_monotonic_ms() - began >= 1400);

	pid = supervise(toy_run);
	UNTIL(serve());
	atomic_store(&board->drain_ms, 60000);
	kill(pid, SIGTERM);
	usleep(300000);
	began = clock_monotonic_ms();
	kill(pid, SIGINT);
	assert_int_equal(ended(pid), 0);
	/* a second signal ends those that would have been given 11 s */
	assert_true(clock_monotonic_ms() - began < 9000);
	assert_int_equal(atomic_load(&board->drained), 0);
}

static void killed_test(void **state)
{
	(void)state;
	pid_t pid = supervise(toy_run);
	UNTIL(serve());
	int pids[3];
	for (int i = 0; i < 3; i++)
		pids[i] = atomic_load(&board->pids[i]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (int i = 0; i < 3; i++)
		UNTIL(!alive(pids[i]));
}

static void hopeless_test(void **state)
{
	(void)state;
	/* it ends: a supervisor that went on trying would last as long as the suite's limit */
	pid_t pid = supervise(bad_run);
	assert_int_equal(ended(pid), 3);
}

static void listen_test(void **state)
{
	(void)state;
	struct err err;
	struct arena *a = arena_new_sized(0);
	err_init(&err, a);
	int port = 0, fd = supervisor_listen("127.0.0.1:0", &port, &err);
	assert_true(fd >= 0 && port > 0);
	char address[40];
	snprintf(address, sizeof address, "127.0.0.1:%d", port);
	assert_int_equal(supervisor_listen(address, NULL, &err), -1);
	assert_int_equal(err.code, ERR_ENVIRONMENT);
	assert_non_null(strstr(err.message, "another program listens"));
	close(fd);
	/* the port is free again at once */
	fd = supervisor_listen(address, NULL, &err);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(supervisor_listen("8080", NULL, &err), -1);
	assert_int_equal(supervisor_listen(":8080", NULL, &err), -1);
	assert_int_equal(supervisor_listen("127.0.0.1:http", NULL, &err), -1);
	fd = supervisor_listen("[::1]:0", &port, &err);
	if (fd >= 0)
		close(fd);
	arena_delete(a);
}

int main(void)
{
	log_setup(getenv("VERBOSE") ? LOG_INFO : LOG_ERROR + 1, "test");
	cmocka_set_message_output(CM_OUTPUT_TAP);
	board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct CMUnitTest tests[] = {cmocka_unit_test(restart_test), cmocka_unit_test(watchdog_test), cmocka_unit_test(drain_test),
									   cmocka_unit_test(killed_test),  cmocka_unit_test(hopeless_test), cmocka_unit_test(listen_test)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
