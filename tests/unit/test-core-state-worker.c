/* SPDX-License-Identifier: MIT */
/* A worker that was kicked before the machine was stopped has done its work, and what it kicked the
 * second worker for, before the state is taken. */
#include "core-fixture.h"

static struct fx_dev *f;
static pb_worker *second;

static void first_work(void *opaque)
{
    (void)opaque;
    g_usleep(100000); /* as on a host that has other things to do */
    f->reg[0] = 0x600d;
    pb_thread_service.kick(second);
}

static void second_work(void *opaque)
{
    (void)opaque;
    g_usleep(100000);
    f->reg[1] = f->reg[0];
}

static void test(void)
{
    struct pb_machine *m = fx_machine();
    g_autoptr(GByteArray) state = g_byte_array_new();
    pb_err e = {0};

    fx_make_cpu(m);
    f = fx_make(m, "fx-own", "f");
    /* the later one is looked at first */
    pb_worker *first = pb_thread_service.worker(f->d, "first", first_work, NULL, &e);
    second = pb_thread_service.worker(f->d, "second", second_work, NULL, &e);
    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    CU_ASSERT_PTR_NOT_NULL_FATAL(second);
    CU_ASSERT_EQUAL_FATAL(pb_machine_ready(m, &e), 0);
    pb_machine_start(m);
    pb_thread_service.kick(first);
    pb_machine_stop(m, PB_RUN_PAUSED);
    CU_ASSERT_EQUAL(pb_machine_save(m, state, &e), 0);
    g_usleep(300000);
    f->reg[0] = f->reg[1] = 0;
    CU_ASSERT_EQUAL(pb_machine_load(m, state->data, state->len, &e), 0);
    CU_ASSERT_EQUAL(f->reg[0], 0x600d);
    CU_ASSERT_EQUAL(f->reg[1], 0x600d);
    pb_err_clear(&e);
    pb_machine_free(m);
}

int main(void)
{
    return fx_run("core", "a worker's work is in the state", test);
}
