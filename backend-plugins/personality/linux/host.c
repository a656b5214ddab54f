/* SPDX-License-Identifier: MIT */
/* host.c - calls of the host that signals interrupt reliably, and copies that may fault.
 *
 * A blocking call made just after a look at t->pending would miss a signal that comes between
 * the two. So look and call are a few instructions with a name: when a handler finds its thread
 * at one of them, before the call was done, it sends it to the exit that says "again". The
 * kernel itself sets a restartable call's thread back to the same place, so the handler need not
 * know which calls restart.
 *
 * x86-64 only: System V ABI 3.2, Linux's calling convention there.
 */
#include "linux.h"

#include <errno.h>
#include <ucontext.h>

__asm__(".section .text.hot, \"ax\", @progbits\n"
        ".type lx_call_asm, @function\n"
        "lx_call_asm:\n" /* (nr, a, &pending) */
        "    mov %rdi, %rax\n"
        "    mov %rsi, %r11\n"
        "    mov %rdx, %rcx\n"
        "    mov 0(%r11), %rdi\n"
        "    mov 8(%r11), %rsi\n"
        "    mov 16(%r11), %rdx\n"
        "    mov 24(%r11), %r10\n"
        "    mov 32(%r11), %r8\n"
        "    mov 40(%r11), %r9\n"
        "lx_call_begin:\n"
        "    cmpl $0, (%rcx)\n"
        "    jne lx_call_again\n"
        "    syscall\n"
        "lx_call_end:\n"
        "    ret\n"
        "lx_call_again:\n"
        "    mov $-512, %rax\n"
        "    ret\n"
        ".size lx_call_asm, . - lx_call_asm\n"
        ".type lx_copy_asm, @function\n"
        "lx_copy_asm:\n" /* (to, from, n): bytes not copied */
        "    mov %rdx, %rcx\n"
        "lx_copy_begin:\n"
        "    rep movsb\n"
        "lx_copy_end:\n"
        "    mov %rcx, %rax\n"
        "    ret\n"
        ".size lx_copy_asm, . - lx_copy_asm\n"
        ".type lx_string_asm, @function\n"
        "lx_string_asm:\n" /* (to, from, n): length, n, or -1 */
        "    xor %eax, %eax\n"
        "1:  cmp %rdx, %rax\n"
        "    je 2f\n"
        "lx_string_begin:\n"
        "    movb (%rsi,%rax), %cl\n"
        "lx_string_end:\n"
        "    movb %cl, (%rdi,%rax)\n"
        "    test %cl, %cl\n"
        "    je 2f\n"
        "    inc %rax\n"
        "    jmp 1b\n"
        "2:  ret\n"
        "lx_string_bad:\n"
        "    mov $-1, %rax\n"
        "    ret\n"
        ".size lx_string_asm, . - lx_string_asm\n"
        ".text\n");

extern int64_t lx_call_asm(long nr, const uint64_t *a, const volatile uint32_t *pending)
    __attribute__((visibility("hidden")));
extern uint64_t lx_copy_asm(void *to, const void *from, uint64_t n)
    __attribute__((visibility("hidden")));
extern int64_t lx_string_asm(char *to, const void *from, uint64_t n)
    __attribute__((visibility("hidden")));
extern const char lx_call_begin[] __attribute__((visibility("hidden")));
extern const char lx_call_end[] __attribute__((visibility("hidden")));
extern const char lx_call_again[] __attribute__((visibility("hidden")));
extern const char lx_copy_begin[] __attribute__((visibility("hidden")));
extern const char lx_copy_end[] __attribute__((visibility("hidden")));
extern const char lx_string_begin[] __attribute__((visibility("hidden")));
extern const char lx_string_end[] __attribute__((visibility("hidden")));
extern const char lx_string_bad[] __attribute__((visibility("hidden")));

int64_t lx_host(struct lx_thread *t, long nr, const uint64_t *a)
{
    return lx_call_asm(nr, a, &t->pending);
}

int lx_get(void *to, uint64_t from, uint64_t n)
{
    if (lx_bad(from) || n > L.svc->top - from)
        return -EFAULT;
    return lx_copy_asm(to, (const void *)(uintptr_t)from, n) ? -EFAULT : 0;
}

int lx_put(uint64_t to, const void *from, uint64_t n)
{
    if (lx_bad(to) || n > L.svc->top - to)
        return -EFAULT;
    return lx_copy_asm((void *)(uintptr_t)to, from, n) ? -EFAULT : 0;
}

int64_t lx_string(char *to, uint64_t from, uint64_t n)
{
    int64_t r;

    if (lx_bad(from))
        return -EFAULT;
    r = lx_string_asm(to, (const void *)(uintptr_t)from, n);
    return r < 0 ? -EFAULT : (uint64_t)r == n ? -ENAMETOOLONG : r;
}

static int within(greg_t pc, const char *from, const char *to)
{
    return (uintptr_t)pc >= (uintptr_t)from && (uintptr_t)pc < (uintptr_t)to;
}

int lx_host_fault(void *ucontext)
{
    greg_t *g = ((ucontext_t *)ucontext)->uc_mcontext.gregs;

    if (within(g[REG_RIP], lx_copy_begin, lx_copy_end))
        g[REG_RIP] = (greg_t)(uintptr_t)lx_copy_end;
    else if (within(g[REG_RIP], lx_string_begin, lx_string_end))
        g[REG_RIP] = (greg_t)(uintptr_t)lx_string_bad;
    else
        return 0;
    return 1;
}

void lx_host_interrupt(void *ucontext)
{
    greg_t *g = ((ucontext_t *)ucontext)->uc_mcontext.gregs;

    if (within(g[REG_RIP], lx_call_begin, lx_call_end))
        g[REG_RIP] = (greg_t)(uintptr_t)lx_call_again;
}
