/* SPDX-License-Identifier: MIT */
/* CPUs that the firmware switches: off after reset, started once with pc and arguments, told
 * of lines that are high, off again, saved; a CPU's output drives a device. */
#include "core-fixture.h"

static const struct pb_svc_board *board;

/* Runs until kicked. */
static uint32_t spin(struct fx_cpu *c)
{
    while (!atomic_exchange(&c->kicked, 0))
        ;
    return PB_EXIT_KICK;
}

static gboolean power_is(pb_dev *d, uint32_t i, int want)
{
    for (int k = 0; k < 2000; k++) {
        if (board->cpu_power(d, i) == want)
            return TRUE;
        g_usleep(1000);
    }
    return FALSE;
}

static void start_and_stop(pb_dev *d, struct fx_cpu **cpu, struct fx_dev *f)
{
    const uint64_t args[] = {7, 8};

    CU_ASSERT_EQUAL(board->cpu_power(d, 0), PB_CPU_ON);
    CU_ASSERT_EQUAL(board->cpu_power(d, 1), PB_CPU_OFF);
    CU_ASSERT_EQUAL(board->cpu_power(d, 3), PB_EINVAL);
    CU_ASSERT_EQUAL(board->cpu_start(d, 0, 0, NULL, 0), PB_EBUSY);
    CU_ASSERT_EQUAL(board->cpu_start(d, 3, 0, NULL, 0), PB_EINVAL);
    CU_ASSERT_EQUAL(atomic_load(&cpu[1]->runs), 0);
    pb_line_set(fx_out(f, 0), 1);
    CU_ASSERT_EQUAL(board->cpu_start(d, 1, 0x4000, args, 9), PB_EINVAL);
    CU_ASSERT_EQUAL(board->cpu_start(d, 1, 0x4000, args, 2), PB_OK);
    CU_ASSERT_TRUE(power_is(d, 1, PB_CPU_ON));
    CU_ASSERT_EQUAL(cpu[1]->reset_pc, 0x4000);
    CU_ASSERT_EQUAL(cpu[1]->reset_arg0, 7);
    CU_ASSERT_EQUAL(atomic_load(&cpu[1]->pending), 1 << 3); /* the line, told again */
    CU_ASSERT_EQUAL(board->cpu_start(d, 1, 0x5000, args, 2), PB_EBUSY);
    CU_ASSERT_EQUAL(board->cpu_stop(d, 1), PB_OK);
    CU_ASSERT_TRUE(power_is(d, 1, PB_CPU_OFF));
    uint32_t runs = atomic_load(&cpu[1]->runs);
    pb_line_set(fx_out(f, 0), 0);
    pb_line_set(fx_out(f, 0), 1);
    g_usleep(10000);
    CU_ASSERT_EQUAL(atomic_load(&cpu[1]->runs), runs); /* no line wakes what is off */
}

static void test(void)
{
    struct pb_machine *m = fx_machine();
    struct fx_cpu *cpu[3];
    pb_err e = {0};

    board = &pb_board_service;
    m->start_first = TRUE;
    fx_cpu_run = spin;
    for (int i = 0; i < 3; i++)
        cpu[i] = fx_make_cpu(m);
    pb_dev *d = fx_add(m, "fx-serial", "dev");
    CU_ASSERT_EQUAL(pb_dev_wire(d, "out", 0, cpu[1]->c->dev, 3, FALSE, &e), 0);
    CU_ASSERT_EQUAL(pb_dev_wire(cpu[2]->c->dev, "tick", 0, d, 5, FALSE, &e), 0);
    CU_ASSERT_EQUAL(pb_dev_realize(d, &e), 0);
    CU_ASSERT_EQUAL_FATAL(pb_machine_ready(m, &e), 0);
    pb_line_set(pb_line_service.out(cpu[2]->c->dev, "tick", 0), 1);
    CU_ASSERT_EQUAL(((struct fx_dev *)d->self)->level[5], 1);
    pb_machine_start(m);
    start_and_stop(d, cpu, d->self);

    CU_ASSERT_EQUAL(board->cpu_start(d, 2, 0x6000, NULL, 0), PB_OK);
    CU_ASSERT_TRUE(power_is(d, 2, PB_CPU_ON));
    pb_machine_stop(m, PB_RUN_PAUSED);
    g_autoptr(GByteArray) saved = g_byte_array_new();
    CU_ASSERT_EQUAL(pb_machine_save(m, saved, &e), 0);
    pb_machine_reset(m, PB_RESET_COLD);
    CU_ASSERT_EQUAL(board->cpu_power(d, 2), PB_CPU_OFF); /* reset: the first alone */
    CU_ASSERT_EQUAL(pb_machine_load(m, saved->data, saved->len, &e), 0);
    CU_ASSERT_EQUAL(board->cpu_power(d, 2), PB_CPU_ON);
    CU_ASSERT_EQUAL(board->cpu_power(d, 1), PB_CPU_OFF);
    pb_machine_start(m);
    CU_ASSERT_EQUAL(board->cpu_start(d, 1, 0x7000, NULL, 0), PB_OK);
    CU_ASSERT_TRUE(power_is(d, 1, PB_CPU_ON));
    pb_machine_free(m);
}

int main(void)
{
    return fx_run("core", "firmware switches CPUs on and off", test);
}
