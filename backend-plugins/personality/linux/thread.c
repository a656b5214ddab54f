/* SPDX-License-Identifier: MIT */
/* thread.c - the program's threads: a host thread and a vCPU each.
 *
 * What the kernel does at a thread's end (Documentation/locking/robust-futex-ABI.rst, clone(2)
 * CLONE_CHILD_CLEARTID) is done here, in its order, before the thread is gone: whoever waits for
 * the cleared word may free the memory that the robust list is in.
 */
#include "linux.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HOST_STACK (512u << 10)
#define ROBUST_MAX 2048u

struct lx_thread *lx_thread_new(pb_err *e)
{
    struct lx_thread *t = aligned_alloc(512, (sizeof *t + 511) & ~(size_t)511);

    if (!t)
        return NULL;
    memset(t, 0, sizeof *t);
    t->cpu = L.svc->cpu_new(e);
    if (!t->cpu) {
        free(t);
        return NULL;
    }
    t->self = L.svc->cpu_self(t->cpu);
    t->gpr = L.user->gpr(t->self);
    t->sigs = &L.sigs;
    return t;
}

void lx_thread_link(struct lx_thread *t)
{
    pthread_mutex_lock(&L.lock);
    t->next = L.threads;
    L.threads = t;
    pthread_mutex_unlock(&L.lock);
}

/* Take it out; are there others? */
static int unlink_thread(struct lx_thread *t)
{
    struct lx_thread **at;
    int others;

    pthread_mutex_lock(&L.lock);
    for (at = &L.threads; *at && *at != t; at = &(*at)->next)
        ;
    others = L.threads && (L.threads != t || t->next);
    if (*at && others)
        *at = t->next;
    pthread_mutex_unlock(&L.lock);
    return others;
}

void lx_thread_free(struct lx_thread *t)
{
    L.svc->cpu_free(t->cpu);
    free(t->exec_args);
    free(t);
}

/* What an operation does not take may be anything. */
LX_HANDLER(futex)
{
    uint32_t op = (uint32_t)a[1] & FUTEX_CMD_MASK;
    int waits = op == FUTEX_WAIT || op == FUTEX_WAIT_BITSET || op == FUTEX_LOCK_PI ||
                op == FUTEX_LOCK_PI2 || op == FUTEX_WAIT_REQUEUE_PI;
    int two = op == FUTEX_REQUEUE || op == FUTEX_CMP_REQUEUE || op == FUTEX_WAKE_OP ||
              op == FUTEX_WAIT_REQUEUE_PI || op == FUTEX_CMP_REQUEUE_PI;

    if (lx_bad(a[0]) || (waits && lx_bad(a[3])) || (two && lx_bad(a[4])))
        return -EFAULT;
    return lx_host(t, c->host, a);
}

/* ---- The end of a thread -------------------------------------------------------------------- */

static void wake(uint64_t addr, int n)
{
    syscall(SYS_futex, addr, FUTEX_WAKE, n, NULL, NULL, 0);
}

/* The owner of the futex at addr is gone. */
static void owner_died(const struct lx_thread *t, uint64_t addr, int pi)
{
    uint32_t v, want;

    if ((addr & 3) || lx_bad(addr) || lx_get(&v, addr, 4) < 0)
        return;
    do { /* readable and ours: it was written by us */
        if ((v & FUTEX_TID_MASK) != (uint32_t)t->tid)
            return;
        want = (v & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
    } while (!__atomic_compare_exchange_n((uint32_t *)(uintptr_t)addr, &v, want, 0,
                                          __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    if ((v & FUTEX_WAITERS) && !pi)
        wake(addr, 1);
}

static void leave_robust(const struct lx_thread *t)
{
    uint64_t head[3], at; /* first entry, offset of the futex, entry being changed */

    if (!t->robust || lx_get(head, t->robust, sizeof head) < 0)
        return;
    at = head[0];
    for (uint32_t i = 0; i < ROBUST_MAX && (at & ~(uint64_t)1) != t->robust; i++) {
        uint64_t next, entry = at & ~(uint64_t)1;

        if (lx_get(&next, entry, 8) < 0)
            break;
        if (entry != (head[2] & ~(uint64_t)1))
            owner_died(t, entry + head[1], at & 1);
        at = next;
    }
    if (head[2])
        owner_died(t, (head[2] & ~(uint64_t)1) + head[1], head[2] & 1);
}

LX_HANDLER(exit)
{
    uint32_t zero = 0;

    (void)c;
    if (t->vforked || !unlink_thread(t))
        lx_exit_group((int)a[0]);
    lx_block_all();
    leave_robust(t);
    syscall(SYS_set_robust_list, NULL, 24);
    if (t->clear_tid && lx_put(t->clear_tid, &zero, 4) == 0)
        wake(t->clear_tid, 1);
    t->exiting = 1;
    return LX_JUMPED;
}

_Noreturn void lx_exit_group(int code)
{
    if (L.svc->debugged && (!lx_self || !lx_self->vforked))
        L.svc->debug_end(code);
    for (;;)
        syscall(SYS_exit_group, code);
}

LX_NEAR LX_HANDLER(exit_group)
{
    (void)t, (void)c;
    lx_exit_group((int)a[0]);
}

/* ---- Its begin --------------------------------------------------------------------------- */

struct birth {
    struct lx_thread *t;
    const struct lx_clone *c;
    sem_t born;
    int failed, tid; /* the thread may be gone when its parent reads them */
};

static void *thread_main(void *arg)
{
    struct birth *b = arg;
    struct lx_thread *t = b->t;
    uint64_t mask = t->mask;
    uint32_t tid;

    t->tid = (int)syscall(SYS_gettid);
    tid = (uint32_t)t->tid;
    b->tid = t->tid;
    b->failed = lx_signal_thread(t) < 0;
    if (b->failed) {
        sem_post(&b->born);
        return NULL;
    }
    lx_clone_apply(t, b->c);
    if (b->c->flags & CLONE_PARENT_SETTID)
        lx_put(b->c->parent_tid, &tid, 4);
    lx_thread_link(t);
    lx_self = t;
    sem_post(&b->born); /* b is gone from here on */
    lx_set_mask(t, mask);
    lx_loop(t);
    lx_self = NULL;
    lx_signal_thread_end(t);
    lx_thread_free(t);
    return NULL;
}

static int start(struct birth *b)
{
    pthread_attr_t attr;
    pthread_t id;
    int r;

    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, HOST_STACK);
    r = pthread_create(&id, &attr, thread_main, b);
    pthread_attr_destroy(&attr);
    if (r)
        return -EAGAIN;
    while (sem_wait(&b->born) < 0 && errno == EINTR)
        ;
    return b->failed ? -EAGAIN : b->tid;
}

int64_t lx_clone_thread(struct lx_thread *t, const struct lx_clone *c)
{
    struct birth b = {.t = lx_thread_new(NULL), .c = c};
    int64_t r;

    if (!b.t)
        return -EAGAIN;
    __atomic_store_n(&L.threaded, 1, __ATOMIC_RELAXED);
    L.user->copy(b.t->self, t->self);
    b.t->sigs = t->sigs;
    b.t->mask = t->mask;
    sem_init(&b.born, 0, 0);
    lx_block_all();
    r = start(&b);
    lx_set_mask(t, t->mask);
    sem_destroy(&b.born);
    if (r < 0)
        lx_thread_free(b.t);
    return r;
}
