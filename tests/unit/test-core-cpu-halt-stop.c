/* SPDX-License-Identifier: MIT */
/* A halted vCPU sleeps until a line, a timer or a stop; stop and start lose nothing; an
 * exclusive section keeps every other vCPU out of translated code. */
#include "core-fixture.h"

static _Atomic uint32_t exclusive, violations, sections;

/* "Translated code": spins until kicked; CPU 0 takes exclusive sections. */
static uint32_t run(struct fx_cpu *c)
{
    while (!atomic_exchange(&c->kicked, 0)) {
        if (c->index == 0) {
            pb_cpu_service.stop_others(c->c);
            atomic_store(&exclusive, 1);
            for (volatile int i = 0; i < 1000; i++)
                ;
            atomic_store(&exclusive, 0);
            pb_cpu_service.resume_others(c->c);
            atomic_fetch_add(&sections, 1);
        } else if (atomic_load(&exclusive)) {
            atomic_fetch_add(&violations, 1);
        }
    }
    return PB_EXIT_KICK;
}

static void test(void)
{
    struct pb_machine *m = fx_machine();
    struct fx_cpu *cpu[3];
    pb_err e = {0};

    for (int i = 0; i < 3; i++)
        cpu[i] = fx_make_cpu(m);
    pb_dev *d = fx_add(m, "fx-serial", "dev");
    CU_ASSERT_EQUAL(pb_dev_wire(d, "out", 0, cpu[1]->c->dev, 3, FALSE, &e), 0);
    CU_ASSERT_EQUAL(pb_dev_realize(d, &e), 0);
    struct fx_dev *f = d->self;
    CU_ASSERT_EQUAL_FATAL(pb_machine_ready(m, &e), 0);
    CU_ASSERT_EQUAL(cpu[1]->reset_pc, UINT64_MAX);
    pb_machine_start(m);
    g_usleep(20000);
    uint32_t runs = atomic_load(&cpu[1]->runs);
    CU_ASSERT(runs >= 1 && runs < 4); /* asleep, not polling */
    pb_line_set(fx_out(f, 0), 1);
    g_usleep(20000);
    CU_ASSERT(atomic_load(&cpu[1]->runs) > runs + 10); /* pending: it runs and runs */
    pb_line_set(fx_out(f, 0), 0);
    pb_machine_stop(m, PB_RUN_PAUSED);
    CU_ASSERT_EQUAL(m->state, PB_RUN_PAUSED);
    runs = atomic_load(&cpu[1]->runs);
    int64_t now = pb_clock_now(PB_CLK_VIRTUAL);
    g_usleep(20000);
    CU_ASSERT_EQUAL(atomic_load(&cpu[1]->runs), runs);
    CU_ASSERT_EQUAL(pb_clock_now(PB_CLK_VIRTUAL), now);

    fx_cpu_run = run;
    for (int i = 0; i < 3; i++)
        atomic_store(&cpu[i]->pending, 1);
    for (int round = 0; round < 20; round++) {
        pb_machine_start(m);
        g_usleep(5000);
        pb_machine_stop(m, PB_RUN_PAUSED);
    }
    CU_ASSERT(atomic_load(&sections) > 20);
    CU_ASSERT_EQUAL(atomic_load(&violations), 0);
    pb_machine_start(m);
    pb_machine_request(m, 1, 7);
    fx_loop(50);
    CU_ASSERT_EQUAL(m->state, PB_RUN_SHUTDOWN);
    CU_ASSERT_EQUAL(m->exit_code, 7);
    pb_machine_free(m);
}

int main(void)
{
    return fx_run("core", "vCPUs halt, wake, stop and exclude", test);
}
