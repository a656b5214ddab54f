/* SPDX-License-Identifier: MIT */
/* test-virtio-console-bytes.c - claim: no byte is lost or doubled between the guest's
 * console and its backend, whichever side is full (VIRTIO 1.2, 5.3). */
#include "suite.h"
#include "virtio-driver.h"

#include <string.h>

#define V1 PB_VIRTIO_F_VERSION_1

static pbt *b;
static pb_dev *m, *chr;
static struct vd v;

static void plug(uint64_t f)
{
    b = pbt_new();
    pbt_load(b, "virtio-mmio");
    pbt_load(b, "virtio-console");
    chr = pbt_char_new(b, "c0");
    m = pbt_add(b, "virtio-mmio", "m0", "packed=on");
    pbt_add_child(m, 0, "virtio-console-device", "d0", "chardev=c0,cols=80,rows=25");
    vd_init(&v, b, m, NULL);
    CU_ASSERT_TRUE_FATAL(vd_start(&v, V1 | f, 2, 16));
}

static void say(const char *text, uint32_t cut)
{
    uint32_t n = (uint32_t)strlen(text);
    uint64_t at = vd_alloc(&v, n, 1);
    struct vd_buf buf[] = {{at, cut, 0}, {at + cut, n - cut, 0}};

    memcpy(vd_host(&v, at), text, n);
    CU_ASSERT_TRUE(vd_add(&v, 1, buf, 2, 0) >= 0);
    vd_kick(&v, 1);
}

static int sent_is(const char *text)
{
    size_t n;
    const uint8_t *p = pbt_char_sent(chr, &n);

    return n == strlen(text) && (n == 0 || !memcmp(p, text, n));
}

static const uint64_t layouts[] = {0, PB_VIRTIO_F_EVENT_IDX, PB_VIRTIO_F_RING_PACKED,
                                   PB_VIRTIO_F_RING_PACKED | PB_VIRTIO_F_EVENT_IDX};

static void partial_writes(void)
{
    for (uint32_t l = 0; l < 4; l++) {
        uint32_t id, len;
        plug(layouts[l]);
        pbt_char_limit(chr, 4);
        say("hello, ", 2);
        say("world\n", 5);
        CU_ASSERT_TRUE(sent_is("hell"));
        CU_ASSERT_EQUAL(vd_used(&v, 1, &id, &len), 0);
        pbt_char_limit(chr, 5); /* over the end of the first chain */
        pbt_settle(b);
        CU_ASSERT_TRUE(sent_is("hello, wo"));
        CU_ASSERT_EQUAL(vd_used(&v, 1, &id, &len), 1);
        CU_ASSERT_EQUAL(vd_used(&v, 1, &id, &len), 0);
        pbt_reload(b); /* the chain's bytes that are out stay out; nobody kicks again */
        pbt_char_limit(chr, UINT32_MAX);
        pbt_settle(b);
        CU_ASSERT_TRUE(sent_is("hello, world\n"));
        CU_ASSERT_EQUAL(vd_used(&v, 1, &id, &len), 1);
        pbt_free(b);
    }
}

static void typing_waits_for_buffers(void)
{
    for (uint32_t l = 0; l < 4; l++) {
        uint32_t id, len;
        plug(layouts[l]);
        CU_ASSERT_EQUAL(pbt_read(m, 0, VR_Config, 2), 80);
        CU_ASSERT_EQUAL(pbt_read(m, 0, VR_Config + 2, 2), 25);
        CU_ASSERT_EQUAL(pbt_char_type(chr, "abc", 3), 0); /* no buffers yet */
        uint64_t at = vd_alloc(&v, 2, 1), at2 = vd_alloc(&v, 8, 1);
        struct vd_buf one = {at, 2, 1}, two = {at2, 8, 1};
        vd_add(&v, 0, &one, 1, 0);
        vd_kick(&v, 0);
        CU_ASSERT_EQUAL(pbt_char_type(chr, "abc", 3), 2);
        CU_ASSERT_EQUAL(pbt_char_type(chr, "c", 1), 0);
        vd_add(&v, 0, &two, 1, 0);
        vd_kick(&v, 0);
        CU_ASSERT_EQUAL(pbt_char_type(chr, "c", 1), 1);
        CU_ASSERT_EQUAL(vd_used(&v, 0, &id, &len), 1);
        CU_ASSERT_EQUAL(len, 2);
        CU_ASSERT_EQUAL(vd_used(&v, 0, &id, &len), 1);
        CU_ASSERT_EQUAL(len, 1);
        CU_ASSERT_EQUAL(memcmp(vd_host(&v, at), "ab", 2), 0);
        CU_ASSERT_EQUAL(*vd_host(&v, at2), 'c');
        pbt_free(b);
    }
}

static void not_running(void)
{
    plug(0);
    vd_set(&v, VR_Status, 0);
    CU_ASSERT_EQUAL(pbt_char_type(chr, "abc", 3), 0);
    pbt_char_limit(chr, 0);
    CU_ASSERT_TRUE_FATAL(vd_start(&v, V1, 2, 16));
    say("lost", 1);
    vd_set(&v, VR_Status, 0);
    pbt_char_limit(chr, UINT32_MAX); /* what a reset forgot does not come out */
    pbt_settle(b);
    CU_ASSERT_TRUE(sent_is(""));
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"partial writes", partial_writes},
        {"typing waits for buffers", typing_waits_for_buffers},
        {"not running", not_running},
    };
    return SUITE_RUN("virtio-console", tests);
}
