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

/* A pointer that was good, moved on in the same block: by a little, by as much as one instruction
 * adds, and what lies off it by a displacement. Each is the third instruction's fault. */
typedef long (*walk)(uintptr_t p);
long walk_8(uintptr_t p), walk_far(uintptr_t p), walk_back(uintptr_t p);
#if defined(__riscv)
#define WALK(name, add) ".balign 4\n" #name ": ld a1, 0(a0)\n" add "\n ld a0, 0(a0)\n ret\n"
#define FAR 2040
__asm__(".option push\n.option norvc\n.global walk_8, walk_far, walk_back\n"
        WALK(walk_8, "addi a0, a0, 8") WALK(walk_far, "addi a0, a0, 2040")
        WALK(walk_back, "addi a0, a0, -2048") ".option pop\n");
#else
#define WALK(name, add) #name ": ldr x1, [x0]\n" add "\n ldr x0, [x0]\n ret\n"
#define FAR 0x400000
__asm__(".global walk_8, walk_far, walk_back\n"
        WALK(walk_8, "add x0, x0, #8") WALK(walk_far, "add x0, x0, #0x400, lsl #12")
        WALK(walk_back, "sub x0, x0, #2048"));
#endif

static void step_off(walk f, uintptr_t from, uintptr_t to)
{
    if (sigsetjmp(back, 1) == 0) {
        f(from);
        CHECK(0);
    }
    CHECK(sig == SIGSEGV && code == SEGV_MAPERR && addr == to && pc == (uintptr_t)f + 8);
}

static void moved(void)
{
    uintptr_t end = (uintptr_t)&end & ~(uintptr_t)4095; /* the stack's is the highest there is */
    char *low = mmap((void *)0x200000, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    while (!faults(0, end))
        end += 4096;
    step_off(walk_8, end - 8, end);
    step_off(walk_far, end - 8, end - 8 + FAR);
    CHECK(low != MAP_FAILED);
    if (faults(0, (uintptr_t)low - 2048))
        step_off(walk_back, (uintptr_t)low, (uintptr_t)low - 2048);
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
    moved();
    everywhere();
    return 0;
}
