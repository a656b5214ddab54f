/* SPDX-License-Identifier: MIT */
/* A CPU waits in a device for a request that fails and is kept by the drive's policy: the machine
 * stops all the same, for the request fails after all. */
#include "core-fixture.h"
#include "hand-block.h"

#include "backend/block-policy.h"

static pb_block *end;
static _Atomic uint32_t sent, ended;
static struct pb_block_req req;

static void on_done(struct pb_block_req *r)
{
    (void)r;
    atomic_store(&ended, 1);
}

/* The guest resets its disk, which waits for what is under way. */
static uint32_t run(struct fx_cpu *c)
{
    if (!atomic_exchange(&sent, 1)) {
        req = (struct pb_block_req){.size = sizeof req, .op = PB_BLK_FLUSH, .done = on_done};
        pb_block_service.submit(end, &req);
        while (!atomic_load(&ended))
            g_usleep(1000);
    }
    atomic_store(&c->kicked, 0);
    return PB_EXIT_HALT;
}

static void test(void)
{
    struct pb_machine *m = fx_machine();
    struct pb_block_policy stop = {.write = PB_ON_ERROR_STOP};
    pb_err e = {0};

    hand_block_register();
    hand_block.status = PB_ENOSPC;
    fx_make_cpu(m);
    struct fx_dev *f = fx_make(m, "fx-serial", "d");
    pb_dev *node = pb_dev_new(m, pb_class_find(PB_KIND_BLOCK, "by-hand"), "drive", NULL, &e);
    CU_ASSERT_PTR_NOT_NULL_FATAL(node);
    CU_ASSERT_EQUAL_FATAL(pb_dev_realize(node, &e), 0);
    end = pb_backend_attach(f->d, node, &e);
    CU_ASSERT_PTR_NOT_NULL_FATAL(end);
    pb_block_set_policy(node, &stop);
    CU_ASSERT_EQUAL_FATAL(pb_machine_ready(m, &e), 0);
    fx_cpu_run = run;
    pb_cpu_patience = 1;
    pb_machine_start(m);
    CU_ASSERT_TRUE(fx_wait(&ended, 1, 20000));
    CU_ASSERT_EQUAL(req.status, PB_ENOSPC);
    CU_ASSERT_EQUAL(m->state, PB_RUN_IO_ERROR);
    pb_backend_detach(node, end);
    pb_err_clear(&e);
    pb_machine_free(m);
}

int main(void)
{
    return fx_run("core", "a CPU that waits for a kept request can be stopped", test);
}
