/* SPDX-License-Identifier: MIT */
/* user.c - the engine without a machine: guest addresses are the process's own.
 *
 * Everything below x->top is the guest's, everything of the emulator lies at least 2 GiB above
 * it, so an access is the instruction itself behind one comparison of its base; displacements
 * have 31 bits and end in the gap, or below zero, where nothing is. A unit's "physical" address
 * is its address. Whether a mapping is there the host's MMU knows: it raises SIGSEGV or SIGBUS,
 * and xl_host_fault() makes the guest's exception of it, from generated code by the map of host
 * to guest pcs, from C code (slow paths, fetches) because `touch` says that it was at the
 * guest's memory.
 *
 * Where data addresses may carry a tag in their top bits (guest->tag_bits), C takes it off when
 * the comparison fails. Later accesses off the same base are not compared, until one of them
 * faults for its tag: then everything is translated anew with a comparison for each access.
 *
 * Code is as coherent as the architectures promise, without looking at stores: a unit whose
 * bytes may change unseen (writable, or mapped elsewhere too) keeps a copy of them, and when the
 * guest says that it has written code (fence.i, IC IVAU, a system call) those that differ are
 * dropped. So a guest that writes code all the time loses only what it changed. When mappings
 * change, what lay under them is dropped.
 *
 * Before fork() the locks are taken in their order, so the child finds the tables in order; not
 * where only one vCPU ever was: each lock is a page that both processes would copy. A process
 * that borrows our memory (vfork) may be killed at any time. So it runs the units that there are,
 * but makes none: what is not there it translates for itself (r->own), and interprets that.
 */
#include "priv.h"

#include "../cache/cache.h"

#include <signal.h>
#include <string.h>
#include <ucontext.h>

#define FAULT_TAG (-1100)   /* an address that is none, for its tag: translate anew */
#define TOUCH_CHECK 2u      /* r->touch: in xl_code_check() */
#define PAGE_FAULT_WRITE 2u /* x86 page-fault error code (Intel SDM volume 3, 4.7) */

/* ---- Code that changes --------------------------------------------------------------------- */

void xl_user_unmapped(struct xl_vcpu *x, uint64_t va, uint64_t len)
{
    struct xl_engine *e = x->engine;

    pthread_mutex_lock(&e->lock);
    __atomic_fetch_add(&e->map_gen, 1, __ATOMIC_SEQ_CST);
    xl_drop_range(e, va, len);
    pthread_mutex_unlock(&e->lock);
    xl_tell_all(e, XL_REQ_FLUSH); /* what a page allows is remembered as well */
}

/* Another thread may unmap what is being compared: then it goes, and the rest is tried again. */
void xl_code_check(struct xl_vcpu *x, uint64_t va, uint64_t len)
{
    struct xl_engine *e = x->engine;
    struct xl_run *r = xl_r(x);
    volatile uint32_t n = 0;

    pthread_mutex_lock(&e->lock);
    __atomic_fetch_add(&e->map_gen, 1, __ATOMIC_SEQ_CST); /* who is reading now reads again */
    if (_setjmp(r->check))
        n += xl_drop_range(e, r->fault_va & ~(uint64_t)XL_PAGE_MASK, XL_PAGE_SIZE);
    r->touch = TOUCH_CHECK;
    n += xl_drop_changed(e, va, len);
    r->touch = 0;
    pthread_mutex_unlock(&e->lock);
    if (n)
        xl_tell_all(e, XL_REQ_JC);
}

/* ---- Faults ---------------------------------------------------------------------------------- */

static _Noreturn void take_fault(struct xl_vcpu *x)
{
    struct xl_run *r = xl_r(x);

    if (r->touch == TOUCH_CHECK || r->learning)
        longjmp(r->check, 1);
    r->touch = 0;
    if (r->fault_code == FAULT_TAG) {
        struct xl_engine *e = x->engine;

        pthread_mutex_lock(&e->lock);
        e->tagged = 1;
        __atomic_fetch_add(&e->map_gen, 1, __ATOMIC_SEQ_CST);
        xl_drop_range(e, 0, UINT64_MAX);
        pthread_mutex_unlock(&e->lock);
        xl_tell_all(e, XL_REQ_JC);
        xl_leave(x); /* x->pc is the instruction */
    }
    xl_sync(x); /* nothing if the handler has found the pc */
    x->guest->fault(x, r->fault_va, r->fault_access, r->fault_code);
    xl_leave(x);
}

static int fault_code(const struct xl_vcpu *x, int sig, const siginfo_t *si)
{
    if (sig == SIGSEGV && si->si_code == SI_KERNEL && x->guest->tag_bits)
        return FAULT_TAG; /* not canonical: the CPU tells no address */
    if (sig == SIGBUS)
        return si->si_code == BUS_ADRALN ? XL_FAULT_ALIGN : XL_FAULT_BUS;
    return si->si_code == SEGV_ACCERR ? XL_FAULT_PROT : XL_FAULT_MAP;
}

#if defined(__x86_64__)
int xl_host_fault(struct xl_vcpu *x, int sig, void *siginfo, void *ucontext)
{
    struct xl_run *r = x->run;
    const struct xl_host *h = x->engine ? x->engine->host_code : NULL;
    ucontext_t *uc = ucontext;
    const siginfo_t *si = siginfo;
    greg_t *g = uc->uc_mcontext.gregs;
    uint64_t pc = x->pc;

    if (!r || !x->top || si->si_code <= 0)
        return 0;
    if (sig == SIGFPE)
        return h && h->fp_trap && h->fp_trap(x, uc);
    r->fault_va = (uint64_t)(uintptr_t)si->si_addr;
    r->fault_access = (uint64_t)g[REG_ERR] & PAGE_FAULT_WRITE ? XL_W : XL_R;
    r->fault_code = fault_code(x, sig, si);
    if (r->touch == TOUCH_CHECK) {
        ; /* take_fault() knows */
    } else if (r->in_host && h && h->rescue && h->rescue(x, uc, &pc)) {
        x->ret_pc = 0;
        x->pc = pc;
    } else if (!r->touch && !r->in_interp) {
        return 0;
    } else if (!r->in_host && !r->in_interp) {
        r->fault_access = XL_X; /* fetching */
    }
    /* As if it had been called from there, below what that function may keep under its stack
     * pointer (System V ABI for x86-64, 3.2.2). */
    g[REG_RSP] = (greg_t)((((uint64_t)g[REG_RSP] - 256) & ~(uint64_t)15) - 8);
    g[REG_RDI] = (greg_t)(uintptr_t)x;
    g[REG_RIP] = (greg_t)(uintptr_t)take_fault;
    g[REG_EFL] &= ~(greg_t)0x400; /* DF */
    return 1;
}
#else
int xl_host_fault(struct xl_vcpu *x, int sig, void *siginfo, void *ucontext)
{
    (void)x, (void)sig, (void)siginfo, (void)ucontext;
    return 0;
}
#endif

/* ---- fork() ------------------------------------------------------------------------------ */

static void unlock_all(struct xl_engine *e)
{
    pthread_mutex_unlock(&e->lock);
    pthread_mutex_unlock(&e->watch_lock);
    pthread_mutex_unlock(&e->excl_lock);
}

/* The caller holds locks that a vCPU may want before it gives these: no waiting here. */
static int try_lock_all(struct xl_engine *e)
{
    if (pthread_mutex_trylock(&e->excl_lock))
        return PB_EAGAIN;
    if (pthread_mutex_trylock(&e->watch_lock)) {
        pthread_mutex_unlock(&e->excl_lock);
        return PB_EAGAIN;
    }
    if (pthread_mutex_trylock(&e->lock)) {
        pthread_mutex_unlock(&e->watch_lock);
        pthread_mutex_unlock(&e->excl_lock);
        return PB_EAGAIN;
    }
    return PB_OK;
}

int xl_fork(struct xl_vcpu *x, uint32_t stage)
{
    struct xl_engine *e = x->engine;
    const struct xl_host *h = e->host_code;
    int alone = __atomic_load_n(&e->n_vcpus, __ATOMIC_ACQUIRE) == 1, rc = PB_OK;

    if (stage == 4) {
        xl_borrow(x, 1);
        return PB_OK;
    }
    if (stage == 3) {
        xl_borrow(x, 0);
        __atomic_store_n(&xl_r(x)->inside, 0, __ATOMIC_SEQ_CST);
        xl_out(x);
        xl_r(x)->in_host = xl_r(x)->in_interp = 0;
        return PB_OK;
    }
    if (stage == 0 && !alone && (rc = try_lock_all(e)) != PB_OK)
        return rc;
    if (h && h->fork && stage == 0)
        h->fork(e);
    xl_learn_fork(e, stage);
    if (stage == 2 && !alone) { /* the others do not run here; whoever frees them comes later */
        for (uint32_t i = 0; i < e->n_vcpus; i++) {
            if (e->vcpu[i] != x)
                e->vcpu[i] = NULL;
        }
        e->n_vcpus = x->svc->index(x->cpu) + 1;
    }
    if (!alone && (stage != 0 || rc != PB_OK))
        unlock_all(e);
    return rc;
}
