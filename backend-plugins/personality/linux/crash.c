/* SPDX-License-Identifier: MIT */
/* crash.c - what is said when the program, or the emulator, is killed by a fault.
 *
 * Whose fault it was, where, in which file, and the last system call. One write to stderr, so
 * nothing of it is lost in a pipe.
 */
#include "linux.h"

#include <string.h>
#include <ucontext.h>
#include <unistd.h>

/* The host's line of /proc/self/maps for an address, or "". */
static void mapping(uint64_t addr, char *to, size_t n)
{
    FILE *f = fopen("/proc/self/maps", "re");
    unsigned long long lo, hi, off;
    char line[512], name[300];

    snprintf(to, n, "nothing is mapped there");
    while (f && fgets(line, sizeof line, f)) {
        name[0] = 0;
        if (sscanf(line, "%llx-%llx %*s %llx %*s %*s %299s", &lo, &hi, &off, name) < 3 ||
            addr < lo || addr >= hi)
            continue;
        snprintf(to, n, "%s+0x%llx", name[0] ? name : "anonymous memory",
                 (unsigned long long)(addr - lo + off));
        break;
    }
    if (f)
        fclose(f);
}

void lx_crash_guest(struct lx_thread *t, int sig, const siginfo_t *si)
{
    uint64_t pc = L.cpu->pc(t->self);
    char at[340], where[340] = "";
    int has_addr = sig == SIGSEGV || sig == SIGBUS || sig == SIGILL || sig == SIGTRAP;

    mapping(pc, at, sizeof at);
    if (has_addr && si->si_addr && (uint64_t)(uintptr_t)si->si_addr != pc)
        mapping((uint64_t)(uintptr_t)si->si_addr, where, sizeof where);
    lx_say("uncaught target signal %d (%s)\n"
           "  the program's fault: at pc 0x%llx, %s\n"
           "  address %p%s%s, code %d; thread %d of %s\n"
           "  last system call: number %llu (0x%llx, 0x%llx, 0x%llx)",
           sig, strsignal(sig), (unsigned long long)pc, at, si->si_addr, where[0] ? ", " : "",
           where, si->si_code, t->tid, L.exe, (unsigned long long)t->nr,
           (unsigned long long)t->a[0], (unsigned long long)t->a[1],
           (unsigned long long)t->a[2]);
}

_Noreturn void lx_crash_host(int sig, const siginfo_t *si, void *ucontext)
{
    uint64_t pc = (uint64_t)((ucontext_t *)ucontext)->uc_mcontext.gregs[REG_RIP];
    struct lx_thread *t = lx_self;
    char at[340];

    mapping(pc, at, sizeof at);
    lx_say("internal error: signal %d (%s), the emulator's fault, not the program's\n"
           "  at host pc 0x%llx, %s, address %p\n"
           "  the program was near pc 0x%llx; last system call: number %lld\n"
           "  please report this with the program and these lines",
           sig, strsignal(sig), (unsigned long long)pc, at, si->si_addr,
           t ? (unsigned long long)L.cpu->pc(t->self) : 0, t ? (long long)t->nr : -1);
    lx_die(sig);
}
