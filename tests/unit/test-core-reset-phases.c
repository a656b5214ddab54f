/* SPDX-License-Identifier: MIT */
/* Reset runs its phases over all devices in creation order, CPUs are reset before lines are
 * driven, images are written after HOLD and before EXIT, again at every reset. */
#include "core-fixture.h"

static char seen[512];
static struct pb_machine *m;
static struct fx_cpu *cpu;

static uint32_t word(void)
{
    uint32_t v = 0;

    pb_dma_read(&pb_mem(m)->system, 0x80000000, &v, 4);
    return v;
}

static void on_reset(struct fx_dev *f, uint32_t kind, uint32_t phase)
{
    snprintf(seen + strlen(seen), 16, "%s%u%s ", f->d->id, phase, word() == 0xabcd ? "+" : "");
    CU_ASSERT_EQUAL(kind, PB_RESET_COLD);
    if (phase == PB_RESET_HOLD && !strcmp(f->d->id, "b"))
        pb_line_set(fx_out(f, 0), 1);
}

static void test(void)
{
    pb_err e = {0};
    uint32_t image = 0xabcd, other = 1;

    m = fx_machine();
    pb_machine_add_ram(m, "ram", 0x80000000, 0x10000, &e);
    cpu = fx_make_cpu(m);
    struct fx_dev *a = fx_make(m, "fx-serial", "a");
    pb_dev *b = fx_add(m, "fx-own", "b");
    CU_ASSERT_EQUAL(pb_dev_wire(b, "out", 0, cpu->c->dev, 2, FALSE, &e), 0);
    pb_dev_realize(b, &e);
    pb_dev *c = fx_add(m, "fx-child", "c");
    CU_ASSERT_EQUAL(pb_dev_plug(c, &e), 0); /* on a's bus */
    CU_ASSERT_PTR_EQUAL(c->bus->ctl, a->d);
    const uint64_t args[2] = {UINT64_MAX, 5};
    CU_ASSERT_EQUAL(pb_board_service.load(a->d, "image", 0x80000000, &image, 4, &e), 0);
    CU_ASSERT_EQUAL(pb_board_service.entry(a->d, UINT32_MAX, 0x80000000, args, 2, &e), 0);
    CU_ASSERT_EQUAL(pb_board_service.entry(a->d, 1, 0, args, 2, &e), PB_EINVAL);
    pb_err_clear(&e);
    fx_reset = on_reset;
    CU_ASSERT_EQUAL(pb_machine_ready(m, &e), 0);
    CU_ASSERT_STRING_EQUAL(seen, "a0 b0 c0 a1 b1 c1 a2+ b2+ c2+ ");
    CU_ASSERT_EQUAL(cpu->reset_pc, 0x80000000);
    CU_ASSERT_EQUAL(cpu->reset_arg0, 0);
    CU_ASSERT_EQUAL(atomic_load(&cpu->pending), 4); /* b's line survived the CPU's reset */
    pb_dma_write(&pb_mem(m)->system, 0x80000000, &other, 4);
    seen[0] = 0;
    pb_machine_start(m);
    pb_machine_request(m, 0, 0);
    fx_loop(30);
    CU_ASSERT_EQUAL(m->state, PB_RUN_RUNNING);
    CU_ASSERT_STRING_EQUAL(seen, "a0 b0 c0 a1 b1 c1 a2+ b2+ c2+ ");
    CU_ASSERT_EQUAL(atomic_load(&cpu->pending), 4); /* the level stayed: told again */
    m->no_reboot = TRUE;
    pb_machine_request(m, 0, 0);
    fx_loop(30);
    CU_ASSERT_EQUAL(m->state, PB_RUN_SHUTDOWN);
    pb_machine_free(m);
}

int main(void)
{
    return fx_run("core", "reset keeps its phases and order", test);
}
