/* SPDX-License-Identifier: MIT */
/* What -drive's werror, rerror, cache and detect-zeroes promise, for any driver and device: on
 * a driver that fails when it is told to. */
#include "hand-block.h"
#include "host.h"

#include "backend/block-policy.h"

/* ---- A request that may be kept ------------------------------------------------------------ */

static gint ended;
static uint8_t data[512];
static struct pb_iov iov = {data, sizeof data};
static struct pb_block_req req;

static void on_done(struct pb_block_req *r)
{
    (void)r;
    g_atomic_int_set(&ended, 1);
}

static void start(struct bk_dev *d, uint32_t op)
{
    g_atomic_int_set(&ended, 0);
    req = (struct pb_block_req){.size = sizeof req, .op = op, .bytes = sizeof data, .iov = &iov,
                                .n_iov = 1, .done = on_done};
    bk_blk->submit(d->blk, &req);
}

static gboolean stopped(void *user)
{
    (void)user;
    return bk_m->state == PB_RUN_IO_ERROR;
}

static gboolean over(void *user)
{
    (void)user;
    return g_atomic_int_get(&ended);
}

static void policy(struct pb_block_policy p)
{
    pb_block_set_policy(hand_block.node, &p);
}

static void errors(struct bk_dev *d)
{
    g_atomic_int_set(&hand_block.status, PB_EIO);
    CU_ASSERT_EQUAL(bk_io(d, PB_BLK_READ, 0, data, 512, 0), PB_EIO); /* no policy */
    policy((struct pb_block_policy){.read = PB_ON_ERROR_IGNORE, .write = PB_ON_ERROR_ENOSPC});
    CU_ASSERT_EQUAL(bk_io(d, PB_BLK_READ, 0, data, 512, 0), PB_OK);
    CU_ASSERT_EQUAL(bk_io(d, PB_BLK_WRITE, 0, data, 512, 0), PB_EIO);
    CU_ASSERT_EQUAL(bk_io(d, PB_BLK_READ, 1 << 20, data, 512, 0), PB_EINVAL); /* the guest's */
    pb_machine_start(bk_m);
    g_atomic_int_set(&hand_block.status, PB_ENOSPC);
    for (int again = 0; again < 3; again++) { /* kept as often as it fails */
        if (again)
            pb_machine_start(bk_m);
        else
            start(d, PB_BLK_WRITE);
        CU_ASSERT(bk_until(stopped, NULL, 5000));
        CU_ASSERT(!g_atomic_int_get(&ended));
    }
    g_atomic_int_set(&hand_block.status, PB_OK);
    int before = g_atomic_int_get(&hand_block.submits);
    pb_machine_start(bk_m);
    CU_ASSERT(bk_until(over, NULL, 5000));
    CU_ASSERT_EQUAL(req.status, PB_OK);
    CU_ASSERT_EQUAL(g_atomic_int_get(&hand_block.submits), before + 1);
    CU_ASSERT_EQUAL(bk_m->state, PB_RUN_RUNNING);
}

/* A reset, or an end, cannot wait for a "cont" that nobody will say. */
static void given_up(struct bk_dev *d)
{
    policy((struct pb_block_policy){.read = PB_ON_ERROR_STOP, .write = PB_ON_ERROR_STOP});
    g_atomic_int_set(&hand_block.status, PB_EIO);
    CU_ASSERT_EQUAL(bk_io(d, PB_BLK_READ, 0, data, 512, PB_BLK_REPORT), PB_EIO);
    CU_ASSERT_EQUAL(bk_m->state, PB_RUN_RUNNING);
    start(d, PB_BLK_READ);
    CU_ASSERT(bk_until(stopped, NULL, 5000));
    pb_machine_reset(bk_m, PB_RESET_COLD);
    CU_ASSERT(bk_until(over, NULL, 5000));
    CU_ASSERT_EQUAL(req.status, PB_EIO);
    start(d, PB_BLK_FLUSH); /* the state is not running: kept all the same */
    bk_loop(20);
    CU_ASSERT(!g_atomic_int_get(&ended));
}

/* Where the main thread is about to wait in a device nothing is kept; and the state of a machine
 * whose drive keeps a request is not saved: the device would wait for that in its drain(). */
static void refused(struct bk_dev *d)
{
    g_autoptr(GByteArray) state = g_byte_array_new();
    pb_err e = {0};

    pb_machine_reset(bk_m, PB_RESET_COLD);
    CU_ASSERT(bk_until(over, NULL, 5000));
    pb_block_refuse(bk_m, d->d, TRUE);
    start(d, PB_BLK_READ);
    CU_ASSERT(bk_until(over, NULL, 5000));
    CU_ASSERT_EQUAL(req.status, PB_EIO);
    pb_block_refuse(bk_m, d->d, FALSE);
    CU_ASSERT_FALSE(pb_block_keeps(bk_m));
    start(d, PB_BLK_READ);
    CU_ASSERT_EQUAL(pb_machine_save(bk_m, state, &e), PB_EBUSY); /* waits until it is kept */
    pb_err_clear(&e);
    CU_ASSERT(pb_block_keeps(bk_m) && !g_atomic_int_get(&ended));
    pb_machine_reset(bk_m, PB_RESET_COLD);
    CU_ASSERT(bk_until(over, NULL, 5000));
    CU_ASSERT_EQUAL(pb_machine_save(bk_m, state, &e), PB_OK);
    start(d, PB_BLK_FLUSH);
    bk_loop(20);
    CU_ASSERT(!g_atomic_int_get(&ended));
}

static void shapes(struct bk_dev *d)
{
    g_atomic_int_set(&hand_block.status, PB_OK);
    memset(data, 0, sizeof data);
    policy((struct pb_block_policy){.write_through = TRUE});
    CU_ASSERT_EQUAL(bk_io(d, PB_BLK_WRITE, 0, data, 512, 0), PB_OK);
    CU_ASSERT(hand_block.op == PB_BLK_WRITE && hand_block.flags == PB_BLK_FUA);
    policy((struct pb_block_policy){.zeroes = PB_ZEROES_UNMAP});
    start(d, PB_BLK_WRITE);
    CU_ASSERT(bk_until(over, NULL, 5000));
    CU_ASSERT(hand_block.op == PB_BLK_ZERO && hand_block.flags == PB_BLK_MAY_UNMAP);
    CU_ASSERT_EQUAL(req.op, PB_BLK_WRITE); /* the device finds what it asked for */
    data[511] = 1;
    policy((struct pb_block_policy){.zeroes = PB_ZEROES_ON});
    CU_ASSERT_EQUAL(bk_io(d, PB_BLK_WRITE, 0, data, 512, 0), PB_OK);
    CU_ASSERT(hand_block.op == PB_BLK_WRITE && hand_block.flags == 0);
}

static void test(void)
{
    hand_block_register();
    pb_dev *n = bk_node(PB_KIND_BLOCK, "by-hand", "m", "");
    struct bk_dev *d = bk_device(PB_KIND_BLOCK, "m");

    shapes(d);
    policy((struct pb_block_policy){0});
    errors(d);
    given_up(d);
    refused(d);
    bk_undevice(d); /* with a request kept */
    CU_ASSERT_EQUAL(req.status, PB_EIO);
    CU_ASSERT(g_atomic_int_get(&ended));
    bk_drop(n);
}

int main(void)
{
    return bk_run("a drive's policy holds for every driver and device", test);
}
