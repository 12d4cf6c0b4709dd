#include "base/fiber.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fiber_switch.h"

#if defined(__SANITIZE_ADDRESS__)
#define FIBER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBER_ASAN 1
#endif
#endif
#ifdef FIBER_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

enum { POOLED = 64 };

struct fiber {
	struct fiber_context context;
	void (*fn)(void *);
	void *arg;
	char *stack; /* lowest mapped byte: the guard page */
	char *low;   /* lowest usable byte */
	struct fiber *next;
	bool queued, done, running;
};

static uv_loop_t *loop_of_process;
static uv_check_t ready_check;
static uv_idle_t ready_idle; /* active only while the ready list is not empty, so that the loop does not sleep */
static struct fiber *ready_head, *ready_tail, *pool, *current;
static unsigned pooled, alive;
static struct fiber_context loop_context;
#ifdef FIBER_ASAN
static const void *loop_stack;
static size_t loop_stack_size;
#endif

static void *must(void *p)
{
	if (!p || p == MAP_FAILED) {
		fputs("ostov: out of memory for a fiber\n", stderr);
		abort();
	}
	return p;
}

static void entry(void)
{
#ifdef FIBER_ASAN
	__sanitizer_finish_switch_fiber(NULL, &loop_stack, &loop_stack_size);
#endif
	for (;;) {
		struct fiber *f = current;
		f->fn(f->arg);
		f->done = true;
#ifdef FIBER_ASAN
		void *fake;
		__sanitizer_start_switch_fiber(&fake, loop_stack, loop_stack_size);
#endif
		fiber_context_switch(&f->context, &loop_context);
#ifdef FIBER_ASAN
		__sanitizer_finish_switch_fiber(fake, &loop_stack, &loop_stack_size);
#endif
		/* taken from the pool again: the context continues here with a new fn */
	}
}

static struct fiber *fiber_new(void)
{
	long page = sysconf(_SC_PAGESIZE);
	struct fiber *const f = must(calloc(1, sizeof *f));
	f->stack = must(mmap(NULL, FIBER_STACK + (size_t)page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
	mprotect(f->stack, (size_t)page, PROT_NONE);
	f->low = f->stack + page;
	fiber_context_make(&f->context, f->low, FIBER_STACK, entry);
	return f;
}

static struct fiber *fiber_take(void)
{
	struct fiber *f = pool;
	if (!f)
		return fiber_new();
	pool = f->next;
	pooled--;
	f->next = NULL;
	f->done = f->queued = false;
	return f;
}

static void fiber_give(struct fiber *f)
{
	if (pooled < POOLED) {
		f->next = pool;
		pool = f;
		pooled++;
		return;
	}
#ifdef FIBER_ASAN
	/* what the sanitizer knows of these addresses would outlive the mapping */
	ASAN_UNPOISON_MEMORY_REGION(f->low, FIBER_STACK);
#endif
	munmap(f->stack, FIBER_STACK + (size_t)sysconf(_SC_PAGESIZE));
	free(f);
}

static uint64_t turns;

uint64_t fiber_turns(void)
{
	return turns;
}

static void switch_to(struct fiber *f)
{
	assert(!current);
	turns++;
	current = f;
	f->running = true;
#ifdef FIBER_ASAN
	void *fake;
	__sanitizer_start_switch_fiber(&fake, f->low, FIBER_STACK);
#endif
	fiber_context_switch(&loop_context, &f->context);
#ifdef FIBER_ASAN
	__sanitizer_finish_switch_fiber(fake, NULL, NULL);
#endif
	current = NULL;
	f->running = false;
	if (f->done) {
		alive--;
		fiber_give(f);
	}
}

static void run_ready(void)
{
	/* only what is ready now: what these make ready runs in the next turn, so that the loop sees its sockets */
	struct fiber *f = ready_head;
	ready_head = ready_tail = NULL;
	while (f) {
		struct fiber *next = f->next;
		f->next = NULL;
		f->queued = false;
		switch_to(f);
		f = next;
	}
	if (!ready_head)
		uv_idle_stop(&ready_idle);
}

static void on_check(uv_check_t *h)
{
	(void)h;
	if (ready_head)
		run_ready();
}

static void on_idle(uv_idle_t *h)
{
	(void)h;
}

void fiber_setup(uv_loop_t *loop)
{
	if (loop_of_process == loop)
		return;
	loop_of_process = loop;
	uv_check_init(loop, &ready_check);
	uv_check_start(&ready_check, on_check);
	uv_unref((uv_handle_t *)&ready_check);
	uv_idle_init(loop, &ready_idle);
}

uv_loop_t *fiber_loop(void)
{
	return loop_of_process;
}

static void make_ready(struct fiber *f)
{
	if (f->queued)
		return;
	f->queued = true;
	f->next = NULL;
	if (ready_tail)
		ready_tail->next = f;
	else
		ready_head = f;
	ready_tail = f;
	uv_idle_start(&ready_idle, on_idle);
}

void fiber_start(void (*fn)(void *), void *arg)
{
	struct fiber *f = fiber_take();
	f->fn = fn;
	f->arg = arg;
	alive++;
	if (current)
		make_ready(f);
	else
		switch_to(f);
}

struct run {
	void (*fn)(void *);
	void *arg;
	bool done;
};

static void run_entry(void *arg)
{
	struct run *r = arg;
	r->fn(r->arg);
	r->done = true;
	uv_stop(loop_of_process);
}

void fiber_run(void (*fn)(void *), void *arg)
{
	if (!loop_of_process)
		fiber_setup(uv_default_loop());
	assert(!current);
	struct run r = {fn, arg, false};
	fiber_start(run_entry, &r);
	while (!r.done)
		uv_run(loop_of_process, UV_RUN_DEFAULT);
}

struct fiber *fiber_self(void)
{
	return current;
}

unsigned fiber_count(void)
{
	return alive;
}

void fiber_suspend(void)
{
	struct fiber *f = current;
	assert(f);
#ifdef FIBER_ASAN
	void *fake;
	__sanitizer_start_switch_fiber(&fake, loop_stack, loop_stack_size);
#endif
	fiber_context_switch(&f->context, &loop_context);
#ifdef FIBER_ASAN
	__sanitizer_finish_switch_fiber(fake, &loop_stack, &loop_stack_size);
#endif
}

void fiber_wake(struct fiber *f)
{
	if (f->queued)
		return;
	if (current)
		make_ready(f);
	else
		switch_to(f);
}

static void timer_closed(uv_handle_t *h)
{
	free(h);
}

/* The loop's time stands still while something computes: without this a wait that begins behind it would be over by as much too soon. */
static void timer_begin(uv_timer_t *t, uv_timer_cb fn, uint64_t ms)
{
	uv_update_time(loop_of_process);
	uv_timer_start(t, fn, ms, 0);
}

static void on_sleep(uv_timer_t *t)
{
	struct fiber *f = t->data;
	uv_close((uv_handle_t *)t, timer_closed);
	fiber_wake(f);
}

void fiber_sleep(uint64_t ms)
{
	uv_timer_t *t = must(malloc(sizeof *t));
	uv_timer_init(loop_of_process, t);
	t->data = current;
	timer_begin(t, on_sleep, ms);
	fiber_suspend();
}

struct work {
	uv_work_t req;
	void (*fn)(void *);
	void *arg;
	struct fiber *fiber;
};

static void on_work(uv_work_t *req)
{
	struct work *w = req->data;
	w->fn(w->arg);
}

static void after_work(uv_work_t *req, int status)
{
	(void)status;
	struct work *w = req->data;
	fiber_wake(w->fiber);
}

void fiber_work(void (*fn)(void *), void *arg)
{
	struct work w = {.fn = fn, .arg = arg, .fiber = current};
	w.req.data = &w;
	uv_queue_work(loop_of_process, &w.req, on_work, after_work);
	fiber_suspend();
}

struct fiber_waiter {
	struct fiber *fiber;
	struct fiber_waiter *next;
	uv_timer_t *timer;
	struct fiber_queue *queue;
	bool woken;
};

static void waiter_remove(struct fiber_waiter *w)
{
	struct fiber_waiter **p = &w->queue->head, *last = NULL;
	while (*p && *p != w) {
		last = *p;
		p = &(*p)->next;
	}
	if (*p) {
		*p = w->next;
		if (w->queue->tail == w)
			w->queue->tail = last;
	}
}

static void on_queue_timeout(uv_timer_t *t)
{
	struct fiber_waiter *w = t->data;
	waiter_remove(w);
	fiber_wake(w->fiber);
}

int fiber_queue_wait(struct fiber_queue *q, uint64_t timeout_ms)
{
	struct fiber_waiter w = {.fiber = current, .queue = q};
	if (q->tail)
		q->tail->next = &w;
	else
		q->head = &w;
	q->tail = &w;
	if (timeout_ms) {
		w.timer = must(malloc(sizeof *w.timer));
		uv_timer_init(loop_of_process, w.timer);
		w.timer->data = &w;
		timer_begin(w.timer, on_queue_timeout, timeout_ms);
	}
	fiber_suspend();
	if (w.timer) {
		uv_timer_stop(w.timer);
		uv_close((uv_handle_t *)w.timer, timer_closed);
	}
	return w.woken ? 0 : -1;
}

bool fiber_queue_wake(struct fiber_queue *q)
{
	struct fiber_waiter *w = q->head;
	if (!w)
		return false;
	q->head = w->next;
	if (!q->head)
		q->tail = NULL;
	w->woken = true;
	if (w->timer)
		uv_timer_stop(w->timer);
	fiber_wake(w->fiber);
	return true;
}

void fiber_queue_wake_all(struct fiber_queue *q)
{
	while (fiber_queue_wake(q))
		;
}
