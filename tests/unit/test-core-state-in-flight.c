/* SPDX-License-Identifier: MIT */
/* A machine that is stopped while the timer's thread has taken a timer off its list and is on the
 * way to, or in, the callback is saved with what the callback does: else neither the timer nor that
 * would be in the state. */
#include "core-fixture.h"

#define LATER 1000000000000000

static struct fx_dev *f;
static pb_timer *timer;
static _Atomic uint32_t inside;

static void on_timer(void *opaque)
{
    (void)opaque;
    atomic_store(&inside, 1);
    g_usleep(200000); /* as on a host that has other things to do */
    f->reg[0] = 0x600d;
    pb_timer_arm(timer, LATER);
}

static void test(void)
{
    struct pb_machine *m = fx_machine();
    g_autoptr(GByteArray) state = g_byte_array_new();
    pb_err e = {0};

    fx_make_cpu(m);
    f = fx_make(m, "fx-parallel", "p");
    timer = pb_timer_new(f->d, "tick", PB_CLK_VIRTUAL, on_timer, NULL, &e);
    CU_ASSERT_EQUAL_FATAL(pb_machine_ready(m, &e), 0);
    pb_machine_start(m);
    pb_timer_arm(timer, pb_clock_now(PB_CLK_VIRTUAL) + 1000000);
    CU_ASSERT_TRUE_FATAL(fx_wait(&inside, 1, 5000));
    pb_machine_stop(m, PB_RUN_PAUSED);
    CU_ASSERT_EQUAL(pb_machine_save(m, state, &e), 0);
    g_usleep(400000);
    f->reg[0] = 0;
    pb_timer_disarm(timer);
    CU_ASSERT_EQUAL(pb_machine_load(m, state->data, state->len, &e), 0);
    CU_ASSERT_EQUAL(f->reg[0], 0x600d);
    CU_ASSERT_EQUAL(pb_timer_deadline(timer), LATER);
    pb_err_clear(&e);
    pb_machine_free(m);
}

int main(void)
{
    return fx_run("core", "a timer on its way to its callback is in the state", test);
}
