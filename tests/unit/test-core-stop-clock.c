/* SPDX-License-Identifier: MIT */
/* While the last CPU is long in stopping no time passes for the guest: a request that a stopped CPU
 * waits for is not late because of it. */
#include "core-fixture.h"

#define LONG 300000 /* us */

static _Atomic uint32_t busy;

/* As a vCPU whose thread the host does not run. */
static uint32_t run(struct fx_cpu *c)
{
    if (atomic_exchange(&busy, 1) == 0)
        g_usleep(LONG);
    while (!atomic_exchange(&c->kicked, 0))
        ;
    return PB_EXIT_KICK;
}

static void test(void)
{
    struct pb_machine *m = fx_machine();
    pb_err e = {0};

    fx_cpu_run = run;
    fx_make_cpu(m);
    CU_ASSERT_EQUAL_FATAL(pb_machine_ready(m, &e), 0);
    pb_machine_start(m);
    CU_ASSERT_TRUE_FATAL(fx_wait(&busy, 1, 5000));
    int64_t real = pb_clock_now(PB_CLK_REAL), guest = pb_clock_now(PB_CLK_VIRTUAL);
    pb_machine_stop(m, PB_RUN_PAUSED);
    real = pb_clock_now(PB_CLK_REAL) - real;
    guest = pb_clock_now(PB_CLK_VIRTUAL) - guest;
    CU_ASSERT(real > LONG * 500); /* it was long */
    CU_ASSERT(guest < real / 4);
    pb_machine_free(m);
}

int main(void)
{
    return fx_run("core", "time stands before the CPUs do", test);
}
