/* fiber_switch: from one stack to another: the few instructions under base/fiber.
 *
 * Private to base/fiber. The signal mask stays as it is (swapcontext saves it with two system calls, most of its cost); a context is a stack pointer with the
 * callee-saved registers on that stack. On machines without instructions written here it is a ucontext.
 * The stacks belong to the caller. */
#ifndef OST_BASE_FIBER_SWITCH_H
#define OST_BASE_FIBER_SWITCH_H

#include <stddef.h>

#if defined(__x86_64__) || defined(__aarch64__)
#define FIBER_SWITCH_ASM 1
struct fiber_context {
	void *sp; /* where the registers are saved */
};
#else
#include <ucontext.h>
struct fiber_context {
	ucontext_t ucontext;
};
#endif

/* Prepares a context that will run `entry`, which never returns, on the stack of `size` bytes at `low`. */
void fiber_context_make(struct fiber_context *c, void *low, size_t size, void (*entry)(void));
/* Saves the running context in *from and goes on in *to. */
void fiber_context_switch(struct fiber_context *from, struct fiber_context *to);

#endif
