/* SPDX-License-Identifier: MIT */
/* test-usb-net-rndis.c - claim: the adapter's second configuration speaks [MS-RNDIS]: answers are
 * fetched in order, the filter opens it, a frame has its head of 44 bytes; all that waits crosses a
 * reload. (CDC-ECM is in test-dwc2-transfers.c.) */
#include "suite.h"
#include "usb-driver.h"

#include <string.h>

#define BUF (u.ram + (UD_BUF - UD_RAM))

static struct ud u;
static pb_dev *wire;

static void plug(void)
{
    ud_init(&u);
    pbt_load(u.b, "usb-net");
    wire = pbt_net_new(u.b, "w");
    pbt_add_child(u.hc, 0, "usb-net", "n", "netdev=w,port=1");
    CU_ASSERT_EQUAL(ud_configure(&u, 5, 2), 0);
}

/* A message of n words; what SEND_ENCAPSULATED_COMMAND gave. */
static int say(uint32_t *w, uint32_t n)
{
    w[1] = 4 * n;
    return ud_control(&u, 5, 0x21, 0, 0, 0, w, 4 * n);
}

/* GET_ENCAPSULATED_RESPONSE into w[64]; its length. */
static int hear(uint32_t *w)
{
    return ud_control(&u, 5, 0xa1, 1, 0, 0, w, 256);
}

static void initialize(void)
{
    uint32_t init[6] = {2, 0, 77, 1, 0, 0x4000}, w[64];

    CU_ASSERT_EQUAL(say(init, 6), 24);
    CU_ASSERT_EQUAL(hear(w), 52);
    CU_ASSERT(w[0] == 0x80000002 && w[2] == 77 && w[3] == 0 && w[4] == 1);
}

/* OID_GEN_CURRENT_PACKET_FILTER */
static void filter(uint32_t bits)
{
    uint32_t set[8] = {5, 0, 78, 0x0001010e, 4, 20, 0, bits}, w[64];

    CU_ASSERT_EQUAL(say(set, 8), 32);
    CU_ASSERT_EQUAL(hear(w), 16);
    CU_ASSERT(w[0] == 0x80000005 && w[2] == 78 && w[3] == 0);
}

static void answers_wait(void)
{
    uint32_t address[7] = {4, 0, 1, 0x01010101}, size[7] = {4, 0, 2, 0x00010106}, w[64];
    uint32_t odd[7] = {4, 0, 3, 0x12345678}, keep[3] = {8, 0, 4};

    plug();
    initialize();
    u.type = PB_USB_EP_INTERRUPT;
    CU_ASSERT_EQUAL(ud_in(&u, 5, 1, 8), 8); /* of the answer that was fetched */
    CU_ASSERT_EQUAL(ud_in(&u, 5, 1, 8), UD_WAITS);
    u.type = PB_USB_EP_BULK;
    ud_cancel(&u);
    CU_ASSERT_EQUAL(say(address, 7), 28);
    CU_ASSERT_EQUAL(say(size, 7), 28);
    CU_ASSERT_EQUAL(say(odd, 7), 28);
    CU_ASSERT_EQUAL(say(keep, 3), 12);
    pbt_reload(u.b);
    CU_ASSERT_EQUAL(hear(w), 30);
    CU_ASSERT(w[0] == 0x80000004 && w[2] == 1 && w[3] == 0 && w[4] == 6 && w[5] == 16);
    CU_ASSERT_EQUAL(memcmp(w + 6, "\x52\x54\x00\x12\x34\x56", 6), 0);
    pbt_reload(u.b);
    CU_ASSERT_EQUAL(hear(w), 28);
    CU_ASSERT(w[2] == 2 && w[6] == 1500);
    CU_ASSERT_EQUAL(hear(w), 24);
    CU_ASSERT(w[2] == 3 && w[3] == 0xc00000bb); /* not supported */
    CU_ASSERT_EQUAL(hear(w), 16);
    CU_ASSERT(w[0] == 0x80000008 && w[2] == 4);
    CU_ASSERT_EQUAL(hear(w), 1); /* there is no more */
    ud_fini(&u);
}

static void frames(void)
{
    uint8_t f[700], got[800], m[744] = {1, [4] = 744 & 255, [5] = 744 >> 8, [8] = 36,
                                        [12] = 700 & 255, [13] = 700 >> 8};

    plug();
    for (uint32_t i = 0; i < sizeof f; i++)
        f[i] = (uint8_t)(i * 7);
    memcpy(f, "\x52\x54\x00\x12\x34\x56", 6);
    initialize();
    pbt_net_inject(wire, f, sizeof f, 0); /* before there is a filter: nobody's */
    filter(0x2f);
    CU_ASSERT_EQUAL(ud_in(&u, 5, 2, 512), UD_WAITS);
    ud_cancel(&u);
    pbt_net_inject(wire, f, sizeof f, 0);
    CU_ASSERT_EQUAL(ud_in(&u, 5, 2, 512), 512);
    CU_ASSERT_EQUAL(memcmp(BUF, m, 44), 0); /* the same head as ours */
    CU_ASSERT_EQUAL(memcmp(BUF + 44, f, 512 - 44), 0);
    pbt_reload(u.b); /* a part of it has come */
    CU_ASSERT_EQUAL(ud_in(&u, 5, 2, 512), 744 - 512);
    CU_ASSERT_EQUAL(memcmp(BUF, f + 512 - 44, 744 - 512), 0);
    memcpy(m + 44, f, sizeof f);
    CU_ASSERT_EQUAL(ud_out(&u, 5, 2, m, 512), 512);
    pbt_reload(u.b); /* a part of it has gone */
    CU_ASSERT_EQUAL(ud_out(&u, 5, 2, m + 512, 744 - 512), 744 - 512);
    CU_ASSERT_EQUAL(pbt_net_take(wire, got, sizeof got, NULL), sizeof f);
    CU_ASSERT_EQUAL(memcmp(got, f, sizeof f), 0);
    filter(0);
    CU_ASSERT_EQUAL(ud_out(&u, 5, 2, m, 744), 744);
    CU_ASSERT_EQUAL(pbt_net_sent(wire), 0); /* closed again */
    ud_fini(&u);
}

static void broken_messages(void)
{
    uint32_t init[6] = {2, 0, 77, 1, 0, 0x4000}, w[64];
    uint32_t far[8] = {5, 0, 1, 0x0001010e, 4, 0xfffffff8, 0, 1};
    uint32_t wide[8] = {5, 0, 1, 0x0001010e, 0xffffffff, 20, 0, 1};
    uint32_t head[15] = {1, 60, 0xfffffff0, 14}, longer[15] = {1, 61, 36, 14};

    plug();
    CU_ASSERT_EQUAL(say(init, 5), PB_USB_STALL); /* too short for its kind */
    init[0] = 99;
    CU_ASSERT_EQUAL(say(init, 6), PB_USB_STALL);
    initialize();
    CU_ASSERT_EQUAL(say(far, 8), 32);
    CU_ASSERT_EQUAL(hear(w), 16);
    CU_ASSERT_EQUAL(w[3], 0xc0010015);
    CU_ASSERT_EQUAL(say(wide, 8), 32);
    CU_ASSERT_EQUAL(hear(w), 16);
    CU_ASSERT_EQUAL(w[3], 0xc0010015);
    filter(0x2f);
    CU_ASSERT_EQUAL(ud_out(&u, 5, 2, head, 60), 60);
    CU_ASSERT_EQUAL(ud_out(&u, 5, 2, longer, 60), 60);
    CU_ASSERT_EQUAL(pbt_net_sent(wire), 0);
    ud_fini(&u);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"answers wait", answers_wait},
        {"frames", frames},
        {"broken messages", broken_messages},
    };
    return SUITE_RUN("usb-net RNDIS", tests);
}
