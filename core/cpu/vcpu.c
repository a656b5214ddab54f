/* SPDX-License-Identifier: MIT */
/* vcpu.c - the threads of vCPUs and the one protocol that stops them.
 *
 * A thread runs its CPU until run() returns, sleeps while it is halted, and parks when it
 * is asked to. Asking: set the bit, kick, wake. Acknowledging: parked is set under the
 * lock. `inside` says whether a vCPU may be executing translated code: it is cleared
 * around waits and device callbacks, so that exclusive sections (service.c) need not wait
 * for those.
 */
#include "cpu.h"

#include "../backend/block-policy.h"
#include "../mem/epoch.h"
#include "../thread/thread.h"
#include "../time/clock.h"
#include "vcpu.h"

#include <string.h>
#include <time.h>

#define ASK_PARK 1u
#define ASK_QUIT 2u

guint pb_cpu_patience = 10;
struct pb_cpu_gate pb_gate = {.lock = PTHREAD_MUTEX_INITIALIZER,
                              .cond = PTHREAD_COND_INITIALIZER};

static struct pb_cpu *cpu_at(struct pb_machine *m, guint i)
{
    return ((pb_dev *)g_ptr_array_index(m->cpus, i))->cpu;
}

void pb_cpu_wake(struct pb_cpu *c)
{
    if (atomic_exchange(&c->sleeping, 0))
        pb_futex_wake(&c->sleeping, 1);
}

void pb_cpu_kick(struct pb_cpu *c)
{
    if (c->dev->realized)
        c->cls->kick(c->dev->self);
    pb_cpu_wake(c);
}

void pb_cpu_kick_all(struct pb_machine *m)
{
    for (guint i = 0; i < m->cpus->len; i++)
        if (cpu_at(m, i) != pb_tl.cpu)
            pb_cpu_kick(cpu_at(m, i));
}

void pb_cpu_code_written(struct pb_machine *m, struct pb_cpu *by, uint64_t gpa, uint64_t len)
{
    for (guint i = 0; i < m->cpus->len; i++) {
        struct pb_cpu *c = cpu_at(m, i);
        if (c != by && c->dev->realized && PB_HAS(struct pb_cpu_class, c->cls, code_written))
            c->cls->code_written(c->dev->self, gpa, len);
    }
}

void pb_cpu_sleep(struct pb_cpu *c, gboolean (*ready)(struct pb_cpu *c))
{
    atomic_exchange(&c->sleeping, 1);
    if (!atomic_load(&c->asks) && !ready(c))
        while (atomic_load(&c->sleeping))
            pb_futex_wait(&c->sleeping, 1, NULL);
    atomic_store(&c->sleeping, 0);
}

static gboolean can_run(struct pb_cpu *c)
{
    return c->cls->can_run(c->dev->self) || atomic_load(&c->power) != CPU_ON;
}

/* Sleep until something may have changed. */
static void halt(struct pb_cpu *c)
{
    pb_cpu_sleep(c, can_run);
    c->halted = !c->cls->can_run(c->dev->self);
}

/* Parked until asked otherwise. */
static void park(struct pb_cpu *c)
{
    pthread_mutex_lock(&pb_gate.lock);
    c->parked = 1;
    pthread_cond_broadcast(&pb_gate.cond);
    while ((atomic_load(&c->asks) & (ASK_PARK | ASK_QUIT)) == ASK_PARK)
        pthread_cond_wait(&pb_gate.cond, &pb_gate.lock);
    c->parked = 0;
    pthread_mutex_unlock(&pb_gate.lock);
}

static void debug_stop(void *opaque)
{
    struct pb_cpu *c = opaque;

    if (c->m->state != PB_RUN_RUNNING)
        return;
    pb_machine_stop(c->m, PB_RUN_DEBUG);
    if (c->m->debug)
        c->m->debug(c->m, c->dev);
}

static void error_stop(void *opaque)
{
    struct pb_cpu *c = opaque;

    pb_machine_stop(c->m, PB_RUN_INTERNAL_ERROR);
}

static void run_once(struct pb_cpu *c)
{
    pb_gate_enter(c);
    pb_epoch_enter();
    uint32_t why = c->cls->run(c->dev->self);
    pb_epoch_leave();
    pb_gate_leave(c);
    if (why == PB_EXIT_HALT) {
        c->halted = 1;
    } else if (why == PB_EXIT_DEBUG || why == PB_EXIT_ERROR) {
        atomic_fetch_or(&c->asks, ASK_PARK); /* until the main thread resumes us */
        pb_main_soon(c->dev, why == PB_EXIT_DEBUG ? debug_stop : error_stop, c);
    }
}

static void *cpu_thread(void *arg)
{
    struct pb_cpu *c = arg;
    char name[16];

    /* by the thread itself: a system call, where another's name is a file in /proc */
    g_snprintf(name, sizeof name, "CPU %u", c->index);
    pthread_setname_np(pthread_self(), name);
    atomic_store(&c->tid, gettid());
    pb_tl.kind = PB_THREAD_CPU;
    pb_tl.cpu = c;
    for (;;) {
        uint32_t asks = atomic_load(&c->asks);
        if (asks & ASK_QUIT)
            return NULL;
        if (asks & ASK_PARK)
            park(c);
        else if (pb_cpu_power_step(c))
            continue;
        else if (c->halted)
            halt(c);
        else
            run_once(c);
    }
}

static int start_thread(struct pb_cpu *c, pb_err *e)
{
    int rc = pthread_create(&c->thread, NULL, cpu_thread, c);
    if (rc != 0)
        return pb_err_set(e, PB_ENOMEM, "cannot start the thread of CPU %u: %s", c->index,
                          g_strerror(rc));
    c->started = TRUE;
    return 0;
}

int pb_cpus_start_threads(struct pb_machine *m, pb_err *e)
{
    int rc = 0;

    for (guint i = 0; rc == 0 && i < m->cpus->len; i++)
        if (!cpu_at(m, i)->started && cpu_at(m, i)->dev->realized)
            rc = start_thread(cpu_at(m, i), e);
    return rc;
}

void pb_cpus_ask(struct pb_machine *m)
{
    for (guint i = 0; i < m->cpus->len; i++) {
        struct pb_cpu *c = cpu_at(m, i);
        atomic_fetch_or(&c->asks, ASK_PARK);
        if (c->started)
            pb_cpu_kick(c);
    }
}

/* One that resets its disk waits there for a request that block-policy.c may keep until a "cont"
 * that nobody can say before this CPU is here: then the request fails after all. Holds the lock. */
static void wait_for_cpus(struct pb_machine *m)
{
    struct timespec at;

    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_sec += pb_cpu_patience;
    if (pthread_cond_timedwait(&pb_gate.cond, &pb_gate.lock, &at) == 0)
        return;
    pthread_mutex_unlock(&pb_gate.lock);
    pb_block_give_up(m, NULL);
    pthread_mutex_lock(&pb_gate.lock);
}

void pb_cpus_stop(struct pb_machine *m)
{
    pb_cpus_ask(m);
    pthread_mutex_lock(&pb_gate.lock);
    for (guint i = 0; i < m->cpus->len; i++)
        while (cpu_at(m, i)->started && !cpu_at(m, i)->parked)
            wait_for_cpus(m);
    pthread_mutex_unlock(&pb_gate.lock);
}

void pb_cpus_resume(struct pb_machine *m)
{
    pthread_mutex_lock(&pb_gate.lock);
    for (guint i = 0; i < m->cpus->len; i++)
        if (!cpu_at(m, i)->held)
            atomic_fetch_and(&cpu_at(m, i)->asks, ~ASK_PARK);
    pthread_cond_broadcast(&pb_gate.cond);
    pthread_mutex_unlock(&pb_gate.lock);
}

void pb_cpu_hold(pb_dev *d, gboolean on)
{
    pthread_mutex_lock(&pb_gate.lock);
    ((struct pb_cpu *)d->cpu)->held = (uint32_t)on;
    pthread_mutex_unlock(&pb_gate.lock);
}

/* ---- Life ------------------------------------------------------------------------------ */

int pb_cpu_attach(pb_dev *d, const char *model, uint32_t index, pb_err *e)
{
    struct pb_cpu *c = g_new0(struct pb_cpu, 1);

    (void)e;
    c->dev = d;
    c->m = d->m;
    c->cls = d->cls->table;
    c->index = index;
    c->model = g_strdup(model);
    c->pc = UINT64_MAX;
    d->cpu = c;
    return 0;
}

int pb_cpu_realize(pb_dev *d, pb_err *e)
{
    struct pb_cpu *c = d->cpu;

    atomic_store(&c->asks, ASK_PARK);
    return c->cls->realize(d->self, c, d, &pb_the_host, c->model, e);
}

void pb_cpu_unrealize(pb_dev *d)
{
    struct pb_cpu *c = d->cpu;

    if (c->started) {
        pthread_mutex_lock(&pb_gate.lock);
        atomic_fetch_or(&c->asks, ASK_QUIT);
        pthread_cond_broadcast(&pb_gate.cond);
        pthread_mutex_unlock(&pb_gate.lock);
        pb_cpu_kick(c);
        pthread_join(c->thread, NULL);
        c->started = FALSE;
    }
    if (c->cls->unrealize)
        c->cls->unrealize(d->self);
}

void pb_cpu_free(pb_dev *d)
{
    struct pb_cpu *c = d->cpu;

    if (!c)
        return;
    g_free(c->model);
    g_free(c);
    d->cpu = NULL;
}
