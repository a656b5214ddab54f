/* SPDX-License-Identifier: MIT */
/* faults.c - a wild pointer is the program's own fault: it gets SIGSEGV with the exact address,
 * reason and pc, wherever in 64 bits it points to, and the emulator goes on. */
#include "check.h"

#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define TRIES 20000

static sigjmp_buf back;
static volatile uintptr_t addr, pc;
static volatile int sig, code;

static void on_fault(int s, siginfo_t *si, void *uc)
{
    sig = s;
    code = si->si_code;
    addr = (uintptr_t)si->si_addr;
#if defined(__riscv)
    pc = ((ucontext_t *)uc)->uc_mcontext.__gregs[0];
#else
    pc = ((ucontext_t *)uc)->uc_mcontext.pc;
#endif
    siglongjmp(back, 1);
}

/* The access is the function's first instruction. */
long load_at(uintptr_t p);
void store_at(uintptr_t p, long v);
#if defined(__riscv)
__asm__(".global load_at\nload_at: ld a0, 0(a0)\n ret\n"
        ".global store_at\nstore_at: sd a1, 0(a0)\n ret\n");
#else
__asm__(".global load_at\nload_at: ldr x0, [x0]\n ret\n"
        ".global store_at\nstore_at: str x1, [x0]\n ret\n");
#endif

static int faults(int write, uintptr_t p)
{
    sig = 0;
    if (sigsetjmp(back, 1))
        return 1;
    if (write)
        store_at(p, 1);
    else
        load_at(p);
    return 0;
}

static void exact(void)
{
    static const uintptr_t wild[] = {0, 8, 0x1000, 0x400000000000, 0x555555554000,
                                     0x7ffff7dd0000, 0xffffffff80000000, ~(uintptr_t)7};

    for (unsigned i = 0; i < sizeof wild / sizeof *wild; i++)
        for (int write = 0; write < 2; write++) {
            CHECK(faults(write, wild[i]));
            CHECK(sig == SIGSEGV && code == SEGV_MAPERR && addr == wild[i]);
            CHECK(pc == (write ? (uintptr_t)store_at : (uintptr_t)load_at));
        }
}

static void permissions(void)
{
    char *volatile p = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char name[] = "/tmp/user-faults-XXXXXX";
    int fd = mkstemp(name);

    CHECK(p != MAP_FAILED && !faults(0, (uintptr_t)p));
    CHECK(faults(1, (uintptr_t)p + 8) && code == SEGV_ACCERR && addr == (uintptr_t)p + 8);
    CHECK(mprotect(p, 4096, PROT_NONE) == 0);
    CHECK(faults(0, (uintptr_t)p + 16) && code == SEGV_ACCERR);
    if (sigsetjmp(back, 1) == 0) {
        ((void (*)(void))(p + 4096))();
        CHECK(0);
    }
    CHECK(sig == SIGSEGV && code == SEGV_ACCERR && addr == (uintptr_t)p + 4096 && pc == addr);
    CHECK(fd >= 0 && ftruncate(fd, 4096) == 0);
    unlink(name);
    p = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, fd, 0);
    CHECK(p != MAP_FAILED && !faults(0, (uintptr_t)p));
    CHECK(faults(0, (uintptr_t)p + 4096) && sig == SIGBUS && code == BUS_ADRERR);
    CHECK(addr == (uintptr_t)p + 4096);
    if (sigsetjmp(back, 1) == 0)
        __builtin_trap(); /* an illegal instruction, or EBREAK */
    CHECK(sig == SIGILL || sig == SIGTRAP);
}

/* Reads only: what is mapped may be read. */
static void everywhere(void)
{
    unsigned long long s = 88172645463325252ull;
    unsigned n = 0;

    for (int i = 0; i < TRIES; i++) {
        uintptr_t p = next_random(&s) >> (next_random(&s) & 31);

        n += faults(0, p & ~(uintptr_t)7);
    }
    CHECK(n > TRIES / 2);
}

int main(void)
{
    struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    const int sigs[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP};

    for (int i = 0; i < 4; i++)
        CHECK(sigaction(sigs[i], &sa, NULL) == 0);
    exact();
    permissions();
    everywhere();
    return 0;
}
