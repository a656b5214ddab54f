/* SPDX-License-Identifier: MIT */
/* power.c - vCPUs that are switched on and off while the machine runs.
 *
 * What is asked for is a state that the CPU's own thread takes up when it is outside run():
 * STARTING leads to reset() and ON, STOPPING to OFF. Only OFF can become STARTING, so of two
 * that start the same CPU one is refused.
 */
#include "vcpu.h"

#include "../line/line.h"

int pb_cpu_power_on(struct pb_cpu *c, uint64_t pc, const uint64_t *args, uint32_t n)
{
    int rc = PB_EBUSY;

    if (n > G_N_ELEMENTS(c->start_args))
        return PB_EINVAL;
    pthread_mutex_lock(&pb_gate.lock);
    if (atomic_load(&c->power) == CPU_OFF) {
        c->start_pc = pc;
        c->n_start = n;
        for (uint32_t i = 0; i < n; i++)
            c->start_args[i] = args[i];
        atomic_store(&c->power, CPU_STARTING);
        rc = PB_OK;
    }
    pthread_mutex_unlock(&pb_gate.lock);
    if (rc == PB_OK)
        pb_cpu_wake(c);
    return rc;
}

void pb_cpu_power_off(struct pb_cpu *c)
{
    uint32_t on = CPU_ON;

    if (atomic_compare_exchange_strong(&c->power, &on, CPU_STOPPING))
        pb_cpu_kick(c);
}

void pb_cpu_power_reset(struct pb_cpu *c)
{
    atomic_store(&c->power, c->m->start_first && c->index ? CPU_OFF : CPU_ON);
}

static gboolean is_not_off(struct pb_cpu *c)
{
    return atomic_load(&c->power) != CPU_OFF;
}

static void start(struct pb_cpu *c)
{
    uint64_t pc, args[G_N_ELEMENTS(c->start_args)];
    uint32_t n;

    pthread_mutex_lock(&pb_gate.lock);
    pc = c->start_pc;
    n = c->n_start;
    for (uint32_t i = 0; i < n; i++)
        args[i] = c->start_args[i];
    pthread_mutex_unlock(&pb_gate.lock);
    c->halted = 0;
    c->cls->reset(c->dev->self, pc, args, n);
    pb_line_retell(c->dev);
    atomic_store(&c->power, CPU_ON);
}

gboolean pb_cpu_power_step(struct pb_cpu *c)
{
    switch (atomic_load(&c->power)) {
    case CPU_ON:
        return FALSE;
    case CPU_STARTING:
        start(c);
        break;
    case CPU_STOPPING:
        atomic_store(&c->power, CPU_OFF);
        break;
    default:
        pb_cpu_sleep(c, is_not_off);
    }
    return TRUE;
}
