/* SPDX-License-Identifier: MIT */
/* vcpu.h - the gate between a vCPU thread and translated code. */
#ifndef PB_CORE_VCPU_H
#define PB_CORE_VCPU_H

#include "../mem/epoch.h"
#include "cpu.h"

struct pb_cpu_gate {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    _Atomic uint32_t closed; /* an exclusive section wants in, or is on */
    struct pb_cpu *owner;
};
extern struct pb_cpu_gate pb_gate;

void pb_gate_wait(struct pb_cpu *c); /* until it is open; `inside` is then set */
void pb_gate_left(struct pb_cpu *c); /* the owner waits for us */
void pb_cpu_kick(struct pb_cpu *c);
/* Sleep until pb_cpu_wake(), unless `ready` says that there is something to do, or the thread
 * was asked for something. */
void pb_cpu_sleep(struct pb_cpu *c, gboolean (*ready)(struct pb_cpu *c));

/* Into translated code. The store cannot pass the load as far as the one that closes the
 * gate sees: that one has a barrier for all threads between its store and its loads. */
static inline void pb_gate_enter(struct pb_cpu *c)
{
    PB_STORE_THEN_LOAD(&c->inside, 1);
    if (atomic_load_explicit(&pb_gate.closed, memory_order_acquire))
        pb_gate_wait(c);
}

static inline void pb_gate_leave(struct pb_cpu *c)
{
    PB_STORE_THEN_LOAD(&c->inside, 0);
    if (atomic_load_explicit(&pb_gate.closed, memory_order_acquire))
        pb_gate_left(c);
}

#endif
