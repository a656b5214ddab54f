/* SPDX-License-Identifier: MIT */
/* signal.c - signals: the host's kernel keeps them, we hand them on.
 * POSIX.1-2017, 2.4; signal(7); Linux kernel/signal.c is what programs expect.
 *
 * The program's dispositions and masks are the process's, but for SIGSEGV, SIGBUS and SIGFPE, which
 * the emulator needs itself. So pending signals, their order, process groups, sigwait and signalfd
 * are the kernel's own. The host's handler of a signal only notes it, blocks all others and
 * makes the thread come out of translated code or of a call (host.c); the loop then builds the
 * program's frame and sets the masks that its handler shall have.
 *
 * Not modelled: core dumps of the program itself (the emulator's is made), SA_EXPOSE_TAGBITS.
 */
#include "linux.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BIT(sig) ((uint64_t)1 << ((sig) - 1))
#define NEVER (BIT(SIGKILL) | BIT(SIGSTOP))   /* cannot be blocked */
#define OURS (BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGFPE)) /* the emulator needs them */
#define ALT_BYTES 65536u
#define FRAME_MAX 8192u

/* Flags of struct sigaction; the same on all architectures here. */
#define F_NOCLDSTOP 1u
#define F_NOCLDWAIT 2u
#define F_SIGINFO 4u
#define F_RESTORER 0x04000000u
#define F_ONSTACK 0x08000000u
#define F_RESTART 0x10000000u
#define F_NODEFER 0x40000000u
#define F_RESETHAND 0x80000000u

struct host_action { /* the kernel's on x86-64 */
    void (*handler)(int, siginfo_t *, void *);
    uint64_t flags;
    void (*restorer)(void);
    uint64_t mask;
};

extern void lx_restorer(void) __attribute__((visibility("hidden")));
__asm__(".text\n"
        ".type lx_restorer, @function\n"
        "lx_restorer:\n"
        "    mov $15, %eax\n" /* rt_sigreturn */
        "    syscall\n"
        ".size lx_restorer, . - lx_restorer\n");

static uint64_t host_mask(int how, uint64_t mask)
{
    uint64_t old = 0;

    syscall(SYS_rt_sigprocmask, how, &mask, &old, 8);
    return old;
}

uint64_t lx_block_all(void)
{
    return host_mask(SIG_SETMASK, ~OURS);
}

void lx_set_mask(struct lx_thread *t, uint64_t mask)
{
    t->mask = mask & ~NEVER;
    host_mask(SIG_SETMASK, t->mask & ~OURS);
}

/* ---- The host's handler -------------------------------------------------------------------- */

static void on_signal(int sig, siginfo_t *si, void *ucontext)
{
    struct lx_thread *t = lx_self;
    ucontext_t *uc = ucontext;
    uint64_t all = ~OURS;

    if ((BIT(sig) & OURS) && si->si_code > 0) {
        if (lx_host_fault(uc) || (t && L.user->host_fault(t->self, sig, si, uc)))
            return;
        lx_crash_host(sig, si, uc);
    }
    if (!t) /* a thread that is just being made or ended: its process gets it again */
        return;
    if (t->pending < LX_QUEUE) {
        t->queue[t->pending] = *si;
        t->queue[t->pending].si_signo = sig;
        t->pending = t->pending + 1;
    }
    memcpy(&uc->uc_sigmask, &all, sizeof all);
    lx_host_interrupt(uc);
    L.cpu->kick(t->self);
}

/* Make the host do for `sig` what the program wants. */
static int install(int sig, const struct lx_action *act)
{
    struct host_action h = {.restorer = lx_restorer, .mask = ~(uint64_t)0};
    const uint64_t keep = F_RESTART | F_NOCLDSTOP | F_NOCLDWAIT;

    h.flags = (act->flags & keep) | F_RESTORER | F_SIGINFO | F_ONSTACK;
    if (act->handler > 1 || (BIT(sig) & OURS))
        h.handler = on_signal;
    else
        h.handler = (void (*)(int, siginfo_t *, void *))(uintptr_t)act->handler;
    h.mask &= ~OURS;
    return syscall(SYS_rt_sigaction, sig, &h, NULL, 8) < 0 ? -errno : 0;
}

/* What was ignored when we were started is ignored. */
void lx_signal_init(void)
{
    struct host_action h;
    struct lx_action ours = {.handler = 0};

    for (int sig = 1; sig <= LX_NSIG; sig++) {
        if (syscall(SYS_rt_sigaction, sig, NULL, &h, 8) == 0 &&
            h.handler == (void (*)(int, siginfo_t *, void *))(uintptr_t)1)
            L.sigs.act[sig].handler = 1;
    }
    install(SIGSEGV, &ours);
    install(SIGBUS, &ours);
    install(SIGFPE, &ours);
}

int lx_signal_thread(struct lx_thread *t)
{
    stack_t s = {.ss_size = ALT_BYTES};
    uint64_t now = host_mask(SIG_BLOCK, 0);

    s.ss_sp = mmap(NULL, ALT_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (s.ss_sp == MAP_FAILED)
        return -ENOMEM;
    t->host_alt = s.ss_sp;
    t->mask = now & ~NEVER;
    return sigaltstack(&s, NULL) < 0 ? -errno : 0;
}

void lx_signal_thread_end(struct lx_thread *t)
{
    stack_t s = {.ss_flags = SS_DISABLE};

    sigaltstack(&s, NULL);
    if (t->host_alt)
        munmap(t->host_alt, ALT_BYTES);
    t->host_alt = NULL;
}

/* ---- Delivery ---------------------------------------------------------------------------- */

_Noreturn void lx_die(int sig)
{
    struct host_action h = {.restorer = lx_restorer, .flags = F_RESTORER};
    uint64_t only = BIT(sig);

    syscall(SYS_rt_sigaction, sig, &h, NULL, 8);
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), sig);
    host_mask(SIG_UNBLOCK, only);
    _exit(128 + sig);
}

/* The program is killed by it. */
static _Noreturn void die(struct lx_thread *t, int sig)
{
    lx_debug(t, PB_DEBUG_ENTER);
    if (!t->vforked)
        L.svc->debug_end(PB_DEBUG_KILLED + sig);
    lx_die(sig);
}

static int on_alt(const struct lx_thread *t)
{
    uint64_t sp = t->gpr[L.arch->r_sp];

    return sp - (uint64_t)(uintptr_t)t->alt.ss_sp < t->alt.ss_size;
}

static int alt_flags(const struct lx_thread *t)
{
    return !t->alt.ss_size ? SS_DISABLE : on_alt(t) ? SS_ONSTACK : 0;
}

/* Enter the program's handler; `saved` is the mask that its return brings back. */
static void enter(struct lx_thread *t, int sig, const siginfo_t *si, uint64_t saved,
                  uint64_t addr)
{
    const struct lx_arch *arch = L.arch;
    struct lx_action act = t->sigs->act[sig];
    uint64_t sp = t->gpr[arch->r_sp], blocked = t->waits ? t->wait_mask : t->mask, ret;
    _Alignas(16) uint8_t frame[FRAME_MAX];
    int flags = (int)t->alt.ss_flags;

    if ((act.flags & F_ONSTACK) && alt_flags(t) == 0)
        sp = (uint64_t)(uintptr_t)t->alt.ss_sp + t->alt.ss_size;
    sp = (sp - arch->frame_bytes) & ~(uint64_t)(arch->frame_align - 1);
    t->alt.ss_flags = alt_flags(t);
    arch->frame_put(t, frame, si, saved, addr);
    t->alt.ss_flags = flags;
    if (lx_put(sp, frame, arch->frame_bytes) < 0) { /* no stack to tell it on */
        siginfo_t segv = {.si_signo = SIGSEGV, .si_code = SEGV_MAPERR};

        segv.si_addr = (void *)(uintptr_t)sp;
        lx_crash_guest(t, SIGSEGV, &segv);
        die(t, SIGSEGV);
    }
    ret = (act.flags & F_RESTORER) && act.restorer && arch->r_link == 30 ? act.restorer
                                                                        : L.trampoline;
    t->gpr[arch->r_args] = (uint64_t)sig;
    t->gpr[arch->r_args + 1] = sp + arch->frame_info;
    t->gpr[arch->r_args + 2] = sp + arch->frame_uc;
    t->gpr[arch->r_sp] = sp;
    t->gpr[arch->r_link] = ret;
    if (arch->frame_record)
        t->gpr[29] = sp + arch->frame_record;
    L.cpu->set_pc(t->self, act.handler);
    blocked |= act.mask | (act.flags & F_NODEFER ? 0 : BIT(sig));
    if (act.flags & F_RESETHAND) {
        t->sigs->act[sig].handler = 0;
        install(sig, &t->sigs->act[sig]);
    }
    t->waits = 0;
    t->mask = blocked & ~NEVER; /* the host's follows when all are delivered */
}

/* Those whose default is to do nothing; the kernel stops and continues by itself. */
static int default_ignored(int sig)
{
    return sig == SIGCHLD || sig == SIGURG || sig == SIGWINCH || sig == SIGCONT;
}

static void deliver_one(struct lx_thread *t, const siginfo_t *si)
{
    int sig = si->si_signo;
    const struct lx_action *act = &t->sigs->act[sig];

    lx_strace_signal(t, sig, si);
    if (lx_debug(t, sig))
        return;
    if (act->handler == 1 || (act->handler == 0 && default_ignored(sig)))
        return;
    if (act->handler == 0) {
        if ((sig == SIGSEGV || sig == SIGBUS) && !(t->mask & BIT(sig)))
            lx_crash_guest(t, sig, si);
        die(t, sig);
    }
    enter(t, sig, si, t->mask, 0);
}

void lx_deliver(struct lx_thread *t)
{
    siginfo_t si[LX_QUEUE];
    uint32_t n;

    lx_block_all();
    n = t->pending;
    memcpy(si, t->queue, n * sizeof si[0]);
    t->pending = 0;
    for (uint32_t i = 0; i < n; i++)
        deliver_one(t, &si[i]);
    t->waits = 0;
    lx_set_mask(t, t->mask);
}

/* ---- Faults ------------------------------------------------------------------------------ */

void lx_fault(struct lx_thread *t, const struct pb_trap *trap)
{
    static const struct { int sig, code; } how[] = {
        [PB_TRAP_ILLEGAL] = {SIGILL, ILL_ILLOPC}, [PB_TRAP_BREAK] = {SIGTRAP, TRAP_BRKPT},
        [PB_TRAP_MAP] = {SIGSEGV, SEGV_MAPERR},   [PB_TRAP_PROT] = {SIGSEGV, SEGV_ACCERR},
        [PB_TRAP_BUS] = {SIGBUS, BUS_ADRERR},     [PB_TRAP_ALIGN] = {SIGBUS, BUS_ADRALN}};
    siginfo_t si;
    int sig = how[trap->kind].sig;

    memset(&si, 0, sizeof si);
    si.si_signo = sig;
    si.si_code = how[trap->kind].code;
    si.si_addr = (void *)(uintptr_t)trap->addr;
    lx_strace_signal(t, sig, &si);
    if (lx_debug(t, sig))
        return;
    if (t->sigs->act[sig].handler <= 1 || (t->mask & BIT(sig))) {
        lx_crash_guest(t, sig, &si);
        die(t, sig);
    }
    lx_block_all();
    enter(t, sig, &si, t->mask, trap->addr);
    lx_set_mask(t, t->mask);
}

int64_t lx_rt_sigreturn(struct lx_thread *t)
{
    uint64_t sp = t->gpr[L.arch->r_sp], mask;
    _Alignas(16) uint8_t frame[FRAME_MAX];
    stack_t alt;

    if (t->pending)
        return LX_RESTART;
    if (lx_get(frame, sp, L.arch->frame_bytes) < 0 ||
        L.arch->frame_get(t, frame, &mask, &alt) < 0) {
        siginfo_t si = {.si_signo = SIGSEGV, .si_code = SEGV_MAPERR};

        si.si_addr = (void *)(uintptr_t)sp;
        lx_crash_guest(t, SIGSEGV, &si);
        die(t, SIGSEGV);
    }
    if (!on_alt(t) && !(alt.ss_flags & ~(SS_ONSTACK | SS_DISABLE))) {
        t->alt = alt;
        t->alt.ss_flags = 0;
        if (alt.ss_flags & SS_DISABLE)
            t->alt.ss_size = 0;
    }
    lx_set_mask(t, mask);
    return LX_JUMPED;
}

/* ---- Calls ------------------------------------------------------------------------------- */

LX_HANDLER(rt_sigreturn)
{
    (void)c, (void)a;
    return lx_rt_sigreturn(t);
}

/* The structure in the program's memory: Arm has a restorer, RISC-V has not. */
static uint32_t action_words(void)
{
    return L.arch->r_link == 30 ? 4 : 3;
}

LX_HANDLER(rt_sigaction)
{
    int sig = (int)a[0], r = 0;
    uint32_t n = action_words();
    struct lx_action old, act;
    uint64_t w[4];

    (void)c;
    if (a[3] != 8 || sig < 1 || sig > LX_NSIG)
        return -EINVAL;
    old = t->sigs->act[sig];
    if (a[1]) {
        if (lx_get(w, a[1], n * 8) < 0)
            return -EFAULT;
        if (sig == SIGKILL || sig == SIGSTOP)
            return -EINVAL;
        act = (struct lx_action){w[0], w[1], n == 4 ? w[2] : 0, w[n - 1] & ~NEVER};
        t->sigs->act[sig] = act; /* before the host can find it */
        r = install(sig, &act);
        if (r < 0)
            t->sigs->act[sig] = old;
    }
    if (!r && a[2]) {
        w[0] = old.handler;
        w[1] = old.flags;
        w[2] = old.restorer;
        w[n - 1] = old.mask;
        r = lx_put(a[2], w, n * 8);
    }
    return r;
}

LX_HANDLER(rt_sigprocmask)
{
    uint64_t old = t->mask, set;

    (void)c;
    if (a[3] != 8)
        return -EINVAL;
    if (a[1]) {
        if (lx_get(&set, a[1], 8) < 0)
            return -EFAULT;
        if (a[0] > SIG_SETMASK)
            return -EINVAL;
        lx_block_all();
        if (t->pending) /* it came before the change */
            return LX_RESTART;
        set = a[0] == SIG_BLOCK ? old | set : a[0] == SIG_UNBLOCK ? old & ~set : set;
        lx_set_mask(t, set);
    }
    return a[2] ? lx_put(a[2], &old, 8) : 0;
}

LX_HANDLER(rt_sigsuspend)
{
    uint64_t mask;

    if (a[1] != 8)
        return -EINVAL;
    if (lx_get(&mask, a[0], 8) < 0)
        return -EFAULT;
    t->wait_mask = mask & ~NEVER;
    t->waits = 1;
    mask &= ~OURS;
    uint64_t args[6] = {(uint64_t)(uintptr_t)&mask, 8};
    return lx_host(t, c->host, args);
}

LX_HANDLER(sigaltstack)
{
    stack_t s, old = t->alt;
    int busy = on_alt(t);

    (void)c;
    old.ss_flags = alt_flags(t);
    if (a[0]) {
        if (lx_get(&s, a[0], sizeof s) < 0)
            return -EFAULT;
        if (busy)
            return -EPERM;
        if (s.ss_flags & ~(SS_DISABLE | SS_ONSTACK))
            return -EINVAL;
        if (!(s.ss_flags & SS_DISABLE) && s.ss_size < 2048)
            return -ENOMEM;
        if (s.ss_flags & SS_DISABLE)
            s.ss_size = 0;
        s.ss_flags = 0;
        t->alt = s;
    }
    return a[1] ? lx_put(a[1], &old, sizeof old) : 0;
}
