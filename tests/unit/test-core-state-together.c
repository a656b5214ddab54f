/* SPDX-License-Identifier: MIT */
/* A device that goes on by a deferred call when its state is loaded, and one whose timer of the
 * host's clock is due, find that the others have theirs, whoever comes first in the stream. */
#include "core-fixture.h"

static struct fx_dev *first, *middle, *last;
static pb_timer *timer;
static _Atomic uint32_t called, fired;
static uint32_t seen_by_call, seen_by_timer;

static void go_on(void *opaque)
{
    (void)opaque;
    seen_by_call = last->reg[0];
    atomic_store(&called, 1);
}

static void on_timer(void *opaque)
{
    (void)opaque;
    seen_by_timer = last->reg[0];
    atomic_store(&fired, 1);
}

/* In the order of creation. */
static void load(struct fx_dev *f)
{
    if (f == first)
        pb_time_service.soon(f->d, go_on, NULL);
    else if (f == middle)
        g_usleep(200000); /* the timer's thread has time for both */
}

static void test(void)
{
    struct pb_machine *m = fx_machine();
    g_autoptr(GByteArray) state = g_byte_array_new();
    pb_err e = {0};

    fx_load = load;
    fx_make_cpu(m);
    first = fx_make(m, "fx-loader", "first");
    middle = fx_make(m, "fx-loader", "middle");
    last = fx_make(m, "fx-loader", "last");
    timer = pb_timer_new(first->d, "tick", PB_CLK_REAL, on_timer, NULL, &e);
    CU_ASSERT_EQUAL_FATAL(pb_machine_ready(m, &e), 0);
    last->reg[0] = 0x600d;
    pb_timer_arm(timer, pb_clock_now(PB_CLK_REAL) + 100000000);
    CU_ASSERT_EQUAL(pb_machine_save(m, state, &e), 0);
    pb_timer_disarm(timer);
    last->reg[0] = 0;
    g_usleep(150000);
    CU_ASSERT_EQUAL(pb_machine_load(m, state->data, state->len, &e), 0);
    CU_ASSERT_TRUE(fx_wait(&called, 1, 5000));
    CU_ASSERT_TRUE(fx_wait(&fired, 1, 5000));
    CU_ASSERT_EQUAL(seen_by_call, 0x600d);
    CU_ASSERT_EQUAL(seen_by_timer, 0x600d);
    pb_err_clear(&e);
    pb_machine_free(m);
}

int main(void)
{
    return fx_run("core", "devices go on when all have their state", test);
}
