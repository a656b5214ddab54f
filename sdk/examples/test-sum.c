/* SPDX-License-Identifier: MIT */
/* test-sum.c - the checksum device under a transport that is the test: a class that provides
 * PB_VIRTIO and hands out one chain at a time. (Rings and a real transport: plugboard_checks() and
 * plugboard_fuzz() of CMakeLists.txt, and the test of `plugboard new virtio`.) */
#include <plugboard/bench.h>
#include <plugboard/virtio.h>

#include <CUnit/Basic.h>
#include <string.h>

static const struct pb_iov *chain; /* what pop() gives, once */
static uint32_t chain_out, chain_in, written, pushes, notifies;

static pb_vq *queue(void *bus, uint32_t q)
{
    CU_ASSERT_EQUAL(q, 0);
    return bus; /* a handle, no more */
}

static int pop(pb_vq *q, struct pb_vchain *c)
{
    (void)q;
    if (!chain)
        return 0;
    c->n_out = chain_out;
    c->n_in = chain_in;
    c->out_bytes = c->in_bytes = 0;
    for (uint32_t i = 0; i < chain_out + chain_in; i++) {
        c->iov[i] = chain[i];
        *(i < chain_out ? &c->out_bytes : &c->in_bytes) += (uint32_t)chain[i].len;
    }
    chain = NULL;
    return 1;
}

static void push(pb_vq *q, const struct pb_vchain *c, uint32_t n)
{
    (void)q, (void)c;
    written = n;
    pushes++;
}

static void notify(pb_vq *q)
{
    (void)q;
    notifies++;
}

static const struct pb_virtio virtio = {.size = sizeof virtio, .queue = queue, .pop = pop,
                                        .push = push, .notify = notify};
static const struct pb_provide provides[] = {{PB_VIRTIO, &virtio}};
static const char *const buses[] = {PB_VIRTIO_BUS, NULL};

static int realize_bus(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    (void)self, (void)d, (void)h, (void)e;
    return PB_OK;
}

static const struct pb_device_class transport = {
    .size = sizeof transport, .id = "test-transport", .title = "the test", .buses_out = buses,
    .provides = provides, .n_provides = 1, .instance_size = 8, .realize = realize_bus};

/* Give the device v[out + in]; bytes that it says it wrote. */
static uint32_t ask(pb_dev *d, const struct pb_iov *v, uint32_t out, uint32_t in)
{
    const struct pb_virtio_dev *t = pbt_provides(d, PB_VIRTIO_DEV);

    chain = v;
    chain_out = out;
    chain_in = in;
    pushes = notifies = 0;
    pbt_enter(d);
    t->kick(pbt_self(d), 0);
    pbt_leave(d);
    CU_ASSERT_EQUAL(pushes, 1);
    CU_ASSERT_EQUAL(notifies, 1);
    return written;
}

static void test_sums(void)
{
    static uint8_t big[100000];
    char text[] = "Wikipedia";
    uint8_t sum[8] = {0};
    pbt *b = pbt_new();

    pbt_class(b, PB_CLASS_DEVICE, &transport);
    pbt_load(b, "sum");
    pb_dev *bus = pbt_add(b, "test-transport", "bus", NULL);
    pb_dev *d = pbt_add_child(bus, 0, "example-sum", "d", NULL);
    struct pb_iov cut[] = {{text, 4}, {text + 4, 5}, {sum, 1}, {sum + 1, 7}};
    CU_ASSERT_EQUAL(ask(d, cut, 2, 2), 4);
    CU_ASSERT_EQUAL(memcmp(sum, "\x98\x03\xe6\x11\0\0\0", 8), 0); /* 0x11e60398 */
    struct pb_iov empty[] = {{sum, 4}};
    CU_ASSERT_EQUAL(ask(d, empty, 0, 1), 4);
    CU_ASSERT_EQUAL(memcmp(sum, "\1\0\0", 4), 0); /* of nothing it is 1 */
    memset(big, 0xff, sizeof big); /* both halves pass their modulus many times */
    struct pb_iov much[] = {{big, sizeof big}, {sum, 4}};
    uint64_t lo = 1, hi = 0;
    for (size_t i = 0; i < sizeof big; i++)
        hi += lo += 0xff;
    CU_ASSERT_EQUAL(ask(d, much, 1, 1), 4);
    CU_ASSERT_EQUAL(sum[0] | sum[1] << 8, lo % 65521);
    CU_ASSERT_EQUAL(sum[2] | sum[3] << 8, hi % 65521);
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 0);
    struct pb_iov tight[] = {{text, 9}, {sum, 2}};
    CU_ASSERT_EQUAL(ask(d, tight, 1, 1), 2); /* as much as there is room for */
    CU_ASSERT_EQUAL(ask(d, tight, 1, 0), 0);
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 2);
    pbt_reload(b);
    pbt_free(b);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("example-sum", NULL, NULL);
    CU_add_test(s, "sums", test_sums);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
