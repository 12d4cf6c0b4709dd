/* fiber: a function that may wait without blocking the loop.
 *
 * Everything that serves a request runs in a fiber: code reads straight down, and a call that waits (a statement, a timer, work in
 * the thread pool) suspends the fiber and lets the libuv loop run. One thread, no preemption: between two waits nothing
 * else of this process runs. Stacks are mapped with a guard page, FIBER_STACK bytes, and reused. See docs/decisions/0001-fibers.md.
 * Not here: PostgreSQL (pg/), HTTP (edge/). */
#ifndef OST_BASE_FIBER_H
#define OST_BASE_FIBER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct fiber;

/* Bytes of a fiber's stack: room for Lua's C recursion limit and ICU; a sanitizer's frames are several times larger. */
#ifdef __SANITIZE_ADDRESS__
#define FIBER_STACK (2048 * 1024)
#else
#define FIBER_STACK (256 * 1024)
#endif

/* Ties fibers to the loop of this process; called once after fork, before any fiber. */
void fiber_setup(uv_loop_t *loop);
/* The loop given to fiber_setup. */
uv_loop_t *fiber_loop(void);
/* Starts fn(arg) at once (when called from the loop) or at the next turn of the loop (when called from a fiber). */
void fiber_start(void (*fn)(void *), void *arg);
/* Runs fn(arg) in a fiber and the loop until it ends: for commands and tests. */
void fiber_run(void (*fn)(void *), void *arg);
/* The running fiber, or NULL on the loop's own stack. */
struct fiber *fiber_self(void);
/* Number of fibers that have started and not ended. */
unsigned fiber_count(void);
/* How often any fiber was switched to: the same number twice means that nothing else of this process ran in between. */
uint64_t fiber_turns(void);
/* Gives up the processor until fiber_wake; only within a fiber. */
void fiber_suspend(void);
/* Makes a suspended fiber run: at once when called from the loop's stack, at the next turn when called from a fiber. Waking a fiber twice
 * before it ran is one wake. */
void fiber_wake(struct fiber *f);
/* Waits at least `ms` milliseconds of real time. */
void fiber_sleep(uint64_t ms);
/* Runs fn(arg) in the thread pool and waits for its end. */
void fiber_work(void (*fn)(void *), void *arg);

/* A queue in which fibers wait for something (a free connection, a change): first in, first out. */
struct fiber_queue {
	struct fiber_waiter *head, *tail;
};

/* Waits in the queue; 0 when woken by fiber_queue_wake, -1 after timeout_ms (0: no limit). */
int fiber_queue_wait(struct fiber_queue *q, uint64_t timeout_ms);
/* Wakes the first waiter; false when nobody waits. */
bool fiber_queue_wake(struct fiber_queue *q);
/* Wakes all. */
void fiber_queue_wake_all(struct fiber_queue *q);

#endif
