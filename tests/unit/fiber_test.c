/* fiber: switching, waiting, queues, the thread pool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fenv.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "base/fiber.h"

static char trace[200];

static void say(const char *s)
{
	strncat(trace, s, sizeof trace - strlen(trace) - 1);
}

static struct fiber *first, *second;

static void ping(void *arg)
{
	(void)arg;
	first = fiber_self();
	say("a");
	fiber_suspend();
	say("c");
	fiber_wake(second); /* from a fiber: at the next turn */
	say("d");
	fiber_suspend();
	say("f");
}

static void pong(void *arg)
{
	(void)arg;
	second = fiber_self();
	say("b");
	fiber_suspend();
	say("e");
	fiber_wake(first);
	fiber_wake(first); /* twice is once */
}

static void order_test(void **state)
{
	(void)state;
	trace[0] = 0;
	fiber_start(ping, NULL);
	fiber_start(pong, NULL);
	assert_int_equal(fiber_count(), 2);
	assert_string_equal(trace, "ab");
	fiber_wake(first); /* from the loop: at once */
	assert_string_equal(trace, "abcd");
	for (int i = 0; i < 5; i++)
		uv_run(fiber_loop(), UV_RUN_NOWAIT);
	assert_string_equal(trace, "abcdef");
	assert_int_equal(fiber_count(), 0);
	assert_null(fiber_self());
}

/* What the compiler keeps in registers over a call survives a switch; the rounding mode belongs to the fiber. */
static double sums[2];

static void registers(void *arg)
{
	int which = (int)(intptr_t)arg;
	uint64_t w = (uint64_t)which, a = 1 + w, b = 2 + w, c = 3 + w, d = 4 + w, e = 5 + w, f = 6 + w;
	double x = 0.5 + which, y = 0.25 + which;
	fesetround(which ? FE_UPWARD : FE_DOWNWARD);
	for (int i = 0; i < 100; i++) {
		fiber_sleep(0);
		a += b;
		b ^= c;
		c += d;
		d -= e;
		e += f;
		f ^= a;
		x += 0.125;
		y *= 1.0000001;
		if (fegetround() != (which ? FE_UPWARD : FE_DOWNWARD))
			a = 0;
	}
	sums[which] = (double)(a + b + c + d + e + f) + x + y;
	fesetround(FE_TONEAREST);
}

static double registers_alone;

static void both(void *arg)
{
	(void)arg;
	registers((void *)0);
	registers_alone = sums[0];
	sums[0] = sums[1] = 0;
	fiber_start(registers, (void *)0);
	fiber_start(registers, (void *)1);
	while (fiber_count() > 1)
		fiber_sleep(1);
}

static void registers_test(void **state)
{
	(void)state;
	fiber_run(both, NULL);
	assert_true(sums[0] == registers_alone);
	assert_true(sums[1] != 0 && sums[1] != sums[0]);
	assert_int_equal(fegetround(), FE_TONEAREST);
}

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature) /* clang */
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

/* The stack is as large as promised, and what runs over it ends the process instead of another fiber's data. */
static int __attribute__((noinline)) deep(int n)
{
	volatile char space[1024];
	memset((char *)space, n, sizeof space);
	return n ? deep(n - 1) + space[n % 1024] : 0;
}

static void deep_fiber(void *arg)
{
	*(volatile int *)arg = deep(*(int *)arg);
}

static void stack_test(void **state)
{
	(void)state;
	/* sanitizers make frames several times as large */
#ifdef SANITIZED
	int depth = 60;
#else
	int depth = (FIBER_STACK - 16 * 1024) / 1200;
#endif
	fiber_run(deep_fiber, &depth);
	pid_t pid = fork();
	if (pid == 0) {
		int endless = 1000000;
		signal(SIGSEGV, SIG_DFL);
		fiber_run(deep_fiber, &endless);
		_exit(0);
	}
	int status;
	waitpid(pid, &status, 0);
	assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static struct fiber_queue queue;
static int woken, late;

static void waiter(void *arg)
{
	if (fiber_queue_wait(&queue, (uint64_t)(intptr_t)arg))
		late++;
	else
		woken++;
}

static void queue_fiber(void *arg)
{
	(void)arg;
	for (int i = 0; i < 10; i++)
		fiber_start(waiter, (void *)(intptr_t)(i % 2 ? 20 : 0));
	fiber_sleep(100);
	assert_int_equal(late, 5);
	assert_int_equal(woken, 0);
	assert_true(fiber_queue_wake(&queue));
	fiber_sleep(1);
	assert_int_equal(woken, 1);
	fiber_queue_wake_all(&queue);
	assert_false(fiber_queue_wake(&queue));
	fiber_sleep(1);
	assert_int_equal(woken, 5);
	/* woken in time, although the limit passes before it runs */
	fiber_start(waiter, (void *)30);
	fiber_sleep(1);
	fiber_queue_wake(&queue);
	usleep(40000);
	fiber_sleep(1);
	assert_int_equal(woken, 6);
	assert_int_equal(late, 5);
}

static void queue_test(void **state)
{
	(void)state;
	fiber_run(queue_fiber, NULL);
}

static _Atomic int turns;

/* Goes on until the loop was seen to turn meanwhile: who blocked it would end with the bound. */
/* What computes does not let the loop's time go on: a wait behind it is as long as it says. */
static void patience_fiber(void *arg)
{
	struct fiber_queue q = {0};
	uint64_t *waited = arg, from;
	usleep(80000);
	from = uv_hrtime();
	assert_int_equal(fiber_queue_wait(&q, 40), -1);
	waited[0] = (uv_hrtime() - from) / 1000000;
	usleep(80000);
	from = uv_hrtime();
	fiber_sleep(40);
	waited[1] = (uv_hrtime() - from) / 1000000;
}

static void patience_test(void **state)
{
	uint64_t waited[2] = {0};
	(void)state;
	uv_update_time(fiber_loop());
	fiber_start(patience_fiber, waited);
	uv_run(fiber_loop(), UV_RUN_DEFAULT);
	assert_true(waited[0] >= 39);
	assert_true(waited[1] >= 39);
}

static void work(void *arg)
{
	for (int i = 0; i < 30000 && turns < 3; i++)
		usleep(1000);
	*(int *)arg = fiber_self() == NULL;
}

static void count_turns(void *arg)
{
	(void)arg;
	for (int i = 0; i < 5; i++) {
		fiber_sleep(5);
		turns++;
	}
}

static void work_fiber(void *arg)
{
	turns = 0;
	fiber_start(count_turns, NULL);
	fiber_work(work, arg);
	assert_true(turns >= 3);
	while (fiber_count() > 1)
		fiber_sleep(1);
}

static void work_test(void **state)
{
	(void)state;
	int in_thread = 0;
	fiber_run(work_fiber, &in_thread);
	assert_int_equal(turns, 5);
}

static int ran;

static void short_life(void *arg)
{
	(void)arg;
	fiber_sleep(0);
	ran++;
}

static void many_fiber(void *arg)
{
	(void)arg;
	for (int i = 0; i < 3000; i++)
		fiber_start(short_life, NULL);
	while (fiber_count() > 1)
		fiber_sleep(1);
}

static void many_test(void **state)
{
	(void)state;
	fiber_run(many_fiber, NULL);
	fiber_run(many_fiber, NULL);
	assert_int_equal(ran, 6000);
}

int main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	fiber_setup(uv_default_loop());
	const struct CMUnitTest tests[] = {cmocka_unit_test(order_test), cmocka_unit_test(registers_test), cmocka_unit_test(stack_test),
									   cmocka_unit_test(queue_test), cmocka_unit_test(work_test),      cmocka_unit_test(patience_test),
									   cmocka_unit_test(many_test)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
