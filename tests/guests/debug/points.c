/* SPDX-License-Identifier: MIT */
/* points.c - a debugger's hardware breakpoints, watchpoints and single steps by ptrace(), and
 * perf's counts of what passes such points. */
#include "debug.h"

#include <asm/ptrace.h>
#include <elf.h>
#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define STORES (2u << 3)

static volatile uint64_t watched[2];

static __attribute__((noinline)) void passed(void)
{
    __asm__ volatile("" ::: "memory");
}

/* What the parent watches. */
static void child(void)
{
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    watched[1] = 1;
    passed();
    _exit((int)watched[1]);
}

static int set_point(int pid, int kind, uint64_t addr, uint32_t ctrl, unsigned *slots)
{
    struct user_hwdebug_state s = {0};
    struct iovec v = {&s, sizeof s};
    if (ptrace(PTRACE_GETREGSET, pid, (void *)(intptr_t)kind, &v))
        return -1;
    *slots = s.dbg_info & 255;
    memset(s.dbg_regs, 0, sizeof s.dbg_regs);
    s.dbg_regs[0].addr = addr;
    s.dbg_regs[0].ctrl = ctrl;
    v.iov_len = offsetof(struct user_hwdebug_state, dbg_regs) + *slots * sizeof s.dbg_regs[0];
    return (int)ptrace(PTRACE_SETREGSET, pid, (void *)(intptr_t)kind, &v);
}

static uint64_t pc_of(int pid)
{
    struct user_pt_regs r = {0};
    struct iovec v = {&r, sizeof r};
    ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &v);
    return r.pc;
}

/* Goes on; the address that stopped it, 0: it ended. */
static uint64_t go_on(int pid, int how)
{
    siginfo_t info = {0};
    int status;
    ptrace(how, pid, NULL, NULL);
    waitpid(pid, &status, 0);
    if (!WIFSTOPPED(status))
        return 0;
    ptrace(PTRACE_GETSIGINFO, pid, NULL, &info);
    return info.si_signo == SIGTRAP ? (uint64_t)(uintptr_t)info.si_addr : 1;
}

static int stopped_child(void)
{
    int pid = fork(), status;
    if (!pid)
        child();
    waitpid(pid, &status, 0);
    return pid;
}

static void stops(const char *name, int kind, uint64_t addr, uint32_t ctrl)
{
    int pid = stopped_child();
    unsigned slots = 0;
    if (set_point(pid, kind, addr, ctrl, &slots))
        printf("PB-FAILED %s: %s\n", name, strerror(errno));
    int hit = go_on(pid, PTRACE_CONT) == addr;
    int there = kind != NT_ARM_HW_BREAK || pc_of(pid) == addr;
    set_point(pid, kind, 0, 0, &slots);
    printf("PB-%s slots %u hit %d there %d ended %d\n", name, slots, hit, there,
           go_on(pid, PTRACE_CONT) == 0);
}

static void steps(void)
{
    int pid = stopped_child(), n = 0, same = 0;
    uint64_t pc = 0;
    while (n < 500 && go_on(pid, PTRACE_SINGLESTEP)) {
        same += pc == pc_of(pid);
        pc = pc_of(pid);
        n++;
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    printf("PB-STEPS %d same %d\n", n > 10, same);
}

static int counter(uint32_t type, uint64_t addr)
{
    struct perf_event_attr a = {.type = PERF_TYPE_BREAKPOINT, .bp_type = type, .bp_addr = addr,
                                .bp_len = type == HW_BREAKPOINT_X ? sizeof(long) : 8};
    int fd = perf_open(&a, 0, -1);
    if (fd < 0)
        printf("PB-FAILED perf's point %u: %s\n", type, strerror(errno));
    return fd;
}

static void counts(void)
{
    int w = counter(HW_BREAKPOINT_W, (uintptr_t)&watched[0]);
    int r = counter(HW_BREAKPOINT_R, (uintptr_t)&watched[0]);
    int x = counter(HW_BREAKPOINT_X, (uintptr_t)passed);
    uint64_t n[3] = {0};
    for (int i = 0; i < 5; i++) {
        watched[0] += 1;
        if (i & 1)
            passed();
        (void)watched[1];
    }
    if (read(w, &n[0], 8) != 8 || read(r, &n[1], 8) != 8 || read(x, &n[2], 8) != 8)
        printf("PB-FAILED read: %s\n", strerror(errno));
    printf("PB-POINTS stores %d loads %d calls %d\n", (int)n[0], (int)n[1], (int)n[2]);
    close(w), close(r), close(x);
}

void test_points(void)
{
    stops("WATCH", NT_ARM_HW_WATCH, (uintptr_t)&watched[1], 0xffu << 5 | STORES | 1);
    stops("BREAK", NT_ARM_HW_BREAK, (uintptr_t)passed, 0xfu << 5 | 1);
    steps();
    counts();
}
