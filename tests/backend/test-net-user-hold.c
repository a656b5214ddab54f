/* SPDX-License-Identifier: MIT */
/* While the machine stands, at first too, no frame reaches a device, also when none is attached for
 * a while: the wire is asked to keep it. When the machine goes on, both ends are told. */
#include "host.h"

static uint32_t frames, readies;

static int frame(void *self, const struct pb_iov *v, uint32_t n, uint32_t flags)
{
    (void)self, (void)n, (void)flags;
    frames++;
    return (int)v->len;
}

static void ready(void *self)
{
    (void)self;
    readies++;
}

static void test(void)
{
    static const struct pb_net_ops ops = {.size = sizeof ops, .frame = frame, .ready = ready};
    pb_dev *node = bk_node(PB_KIND_NET, "user", "n", "");
    struct bk_dev *f = bk_device(PB_KIND_NET, "n");
    char data[60] = "";
    struct pb_iov v = {data, sizeof data};

    bk_net->attach(f->net, &ops, f);
    CU_ASSERT_EQUAL(bk_net->to_device(node, &v, 1, 0), PB_EAGAIN);
    pb_net_hold(bk_m, FALSE);
    CU_ASSERT_EQUAL(readies, 1);
    readies = 0;
    CU_ASSERT_EQUAL(bk_net->to_device(node, &v, 1, 0), 60);
    CU_ASSERT_EQUAL(frames, 1);
    pb_net_hold(bk_m, TRUE);
    CU_ASSERT_EQUAL(bk_net->to_device(node, &v, 1, 0), PB_EAGAIN);
    bk_net->wire_ready(node);
    bk_net->attach(f->net, NULL, NULL); /* an exchange */
    CU_ASSERT_EQUAL(bk_net->to_device(node, &v, 1, 0), PB_EAGAIN);
    bk_net->attach(f->net, &ops, f);
    CU_ASSERT_EQUAL(bk_net->to_device(node, &v, 1, 0), PB_EAGAIN);
    CU_ASSERT_EQUAL(frames, 1);
    CU_ASSERT_EQUAL(readies, 0);
    pb_net_hold(bk_m, FALSE);
    CU_ASSERT_EQUAL(readies, 1);
    CU_ASSERT_EQUAL(bk_net->to_device(node, &v, 1, 0), 60);
    CU_ASSERT_EQUAL(frames, 2);
    bk_undevice(f);
    bk_drop(node);
}

int main(void)
{
    return bk_run("frames wait while the machine stands", test);
}
