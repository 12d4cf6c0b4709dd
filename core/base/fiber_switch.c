#include "base/fiber_switch.h"

#include <stdint.h>
#include <string.h>

#ifdef FIBER_SWITCH_ASM

/* Saves the callee-saved registers on the running stack, its pointer in *save, and goes on with those saved at `to`. */
void fiber_switch_stacks(void **save, void *to);

#if defined(__x86_64__)

/* System V: rbx, rbp, r12 to r15, the control words of SSE and x87 */
enum { FRAME = 64, RETURN = 56 };

__asm__(".pushsection .text\n"
		".globl fiber_switch_stacks\n"
		".type fiber_switch_stacks,@function\n"
		"fiber_switch_stacks:\n"
		"	pushq %rbp\n"
		"	pushq %rbx\n"
		"	pushq %r12\n"
		"	pushq %r13\n"
		"	pushq %r14\n"
		"	pushq %r15\n"
		"	subq $8, %rsp\n"
		"	stmxcsr (%rsp)\n"
		"	fnstcw 4(%rsp)\n"
		"	movq %rsp, (%rdi)\n"
		"	movq %rsi, %rsp\n"
		"	ldmxcsr (%rsp)\n"
		"	fldcw 4(%rsp)\n"
		"	addq $8, %rsp\n"
		"	popq %r15\n"
		"	popq %r14\n"
		"	popq %r13\n"
		"	popq %r12\n"
		"	popq %rbx\n"
		"	popq %rbp\n"
		"	ret\n"
		".size fiber_switch_stacks,.-fiber_switch_stacks\n"
		".popsection\n");

void fiber_context_make(struct fiber_context *c, void *low, size_t size, void (*entry)(void))
{
	/* at the entry of a function the stack is 8 below a multiple of 16: the place of its return address, here 0 so that a debugger stops */
	uintptr_t top = ((uintptr_t)low + size) & ~(uintptr_t)15;
	char *sp = (char *)(top - 8 - FRAME);
	memset(sp, 0, FRAME + 8);
	uint32_t mxcsr = 0x1F80;
	uint16_t x87 = 0x037F;
	memcpy(sp, &mxcsr, sizeof mxcsr);
	memcpy(sp + 4, &x87, sizeof x87);
	memcpy(sp + RETURN, &entry, sizeof entry);
	c->sp = sp;
}

#else

/* AAPCS64: x19 to x30, the low halves of v8 to v15 */
enum { FRAME = 160, RETURN = 88 };

__asm__(".pushsection .text\n"
		".globl fiber_switch_stacks\n"
		".type fiber_switch_stacks,%function\n"
		"fiber_switch_stacks:\n"
		"	sub sp, sp, #160\n"
		"	stp x19, x20, [sp, #0]\n"
		"	stp x21, x22, [sp, #16]\n"
		"	stp x23, x24, [sp, #32]\n"
		"	stp x25, x26, [sp, #48]\n"
		"	stp x27, x28, [sp, #64]\n"
		"	stp x29, x30, [sp, #80]\n"
		"	stp d8, d9, [sp, #96]\n"
		"	stp d10, d11, [sp, #112]\n"
		"	stp d12, d13, [sp, #128]\n"
		"	stp d14, d15, [sp, #144]\n"
		"	mov x2, sp\n"
		"	str x2, [x0]\n"
		"	mov sp, x1\n"
		"	ldp x19, x20, [sp, #0]\n"
		"	ldp x21, x22, [sp, #16]\n"
		"	ldp x23, x24, [sp, #32]\n"
		"	ldp x25, x26, [sp, #48]\n"
		"	ldp x27, x28, [sp, #64]\n"
		"	ldp x29, x30, [sp, #80]\n"
		"	ldp d8, d9, [sp, #96]\n"
		"	ldp d10, d11, [sp, #112]\n"
		"	ldp d12, d13, [sp, #128]\n"
		"	ldp d14, d15, [sp, #144]\n"
		"	add sp, sp, #160\n"
		"	ret\n"
		".size fiber_switch_stacks,.-fiber_switch_stacks\n"
		".popsection\n");

void fiber_context_make(struct fiber_context *c, void *low, size_t size, void (*entry)(void))
{
	uintptr_t top = ((uintptr_t)low + size) & ~(uintptr_t)15;
	char *sp = (char *)(top - FRAME);
	memset(sp, 0, FRAME);
	memcpy(sp + RETURN, &entry, sizeof entry);
	c->sp = sp;
}

#endif

void fiber_context_switch(struct fiber_context *from, struct fiber_context *to)
{
	fiber_switch_stacks(&from->sp, to->sp);
}

#else

void fiber_context_make(struct fiber_context *c, void *low, size_t size, void (*entry)(void))
{
	getcontext(&c->ucontext);
	c->ucontext.uc_stack.ss_sp = low;
	c->ucontext.uc_stack.ss_size = size;
	c->ucontext.uc_link = NULL;
	makecontext(&c->ucontext, entry, 0);
}

void fiber_context_switch(struct fiber_context *from, struct fiber_context *to)
{
	swapcontext(&from->ucontext, &to->ucontext);
}

#endif
