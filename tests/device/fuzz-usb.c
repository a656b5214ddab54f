/* SPDX-License-Identifier: MIT */
/* fuzz-usb.c - a hostile driver, and hostile requests, against the USB controller and a device.
 *
 *     fuzz-usb CLASS PROPS [--count N] [--seed S]
 *
 * Requests of every kind with likely and wild fields, data to and from every endpoint, splits,
 * halts, resets, registers, events, a backend that fills up, time, plugging, reloads. Behind a hub
 * a keyboard comes and goes. Exits 0 when everything survived and the device could be configured
 * after every restart. */
#include "usb-driver.h"

#include <plugboard/input.h>

#include <stdlib.h>
#include <string.h>

static struct ud u;
static pb_dev *dev, *wire, *line, *disk, *below; /* the last: behind dev, a hub */
static const char *cls, *props;
static uint64_t seed = 1, restarts, asked, answered;
static uint32_t home; /* the device's address */

static uint32_t rnd(uint32_t n)
{
    return (uint32_t)(pbt_rand(&seed) % n);
}

static uint32_t wild(void)
{
    static const uint32_t some[] = {0, 1, 2, 3, 8, 13, 31, 63, 64, 65, 127, 255, 512, 1514, 4095,
                                    4096, 0x7fff, 0xffff, 0x7ffff, 0x80000000u, 0xffffffffu,
                                    UD_BUF};

    return rnd(3) ? some[rnd(sizeof some / sizeof *some)] : (uint32_t)pbt_rand(&seed);
}

#define BELOW 101u /* its address */

static void plug_below(uint32_t on)
{
    if (below && !on) {
        pbt_remove(below);
        below = NULL;
    } else if (!below && on) {
        below = pbt_add_child(u.hc, 0, "usb-kbd", "b", "port=1.1");
    }
}

static void plug(void)
{
    dev = pbt_add_child(u.hc, 0, cls, "d", props);
    plug_below(!strcmp(cls, "usb-hub"));
}

/* CDC-ECM with its data interface in use, or RNDIS initialized and with a filter. */
static void network(void)
{
    uint8_t init[24] = {2, [4] = 24, [12] = 1}, set[32] = {5, [4] = 32, [20] = 20, [16] = 4};

    ud_control(&u, home, 1, 11, 1, 1, NULL, 0);
    if (rnd(2))
        return;
    ud_control(&u, home, 0, 9, 2, 0, NULL, 0);
    memcpy(set + 12, &(uint32_t){0x0001010e}, 4);
    set[28] = 0x2f;
    ud_control(&u, home, 0x21, 0, 0, 0, init, 24);
    ud_control(&u, home, 0x21, 0, 0, 0, set, 32);
}

static void restart(void)
{
    u.split = 0;
    u.type = PB_USB_EP_BULK;
    u.packet = 512;
    pbt_net_full(wire, 0);
    pbt_char_limit(line, UINT32_MAX);
    pbt_block_fail(disk, PB_BLK_READ, 0);
    if (rnd(8) == 0) {
        plug_below(0);
        pbt_remove(dev);
        plug();
    }
    if (rnd(2))
        pbt_reset_all(u.b, PB_RESET_COLD);
    ud_start(&u);
    home = 1 + rnd(100);
    if (ud_configure(&u, home, 1) < 0) {
        fprintf(stderr, "fuzz-usb: the device cannot be configured after a reset\n");
        exit(1);
    }
    if (!strcmp(cls, "usb-net"))
        network();
    if (below && ud_configure_below(&u, home, 1, BELOW, 1) < 0) {
        fprintf(stderr, "fuzz-usb: what is behind the hub cannot be configured\n");
        exit(1);
    }
    restarts++;
}

static uint32_t address(void)
{
    if (below && rnd(4) == 0)
        return BELOW;
    return rnd(32) ? home : rnd(128);
}

/* A request, often one that means something. */
static void request(uint32_t to)
{
    static const uint8_t types[] = {0x00, 0x01, 0x02, 0x80, 0x81, 0x82, 0x20, 0x21, 0x23, 0xa0,
                                    0xa1, 0xa3, 0x40, 0xc0};
    static const uint8_t requests[] = {0, 1, 3, 5, 6, 8, 9, 10, 11, 0x43, 0x90, 0xfe, 0xff};
    static uint8_t data[5000];
    uint32_t type = rnd(8) ? types[rnd(sizeof types)] : rnd(256);
    uint32_t q = rnd(8) ? requests[rnd(sizeof requests)] : rnd(256);
    uint32_t value = rnd(2) ? rnd(4) << 8 | rnd(4) : wild(), n = rnd(4) ? rnd(80) : rnd(5000);

    if (type == 0 && (q == 5 || q == 9) && rnd(16)) /* it stays reachable most of the time */
        return;
    for (uint32_t i = 0; i < 64; i++)
        data[i] = (uint8_t)(rnd(2) ? rnd(9) : rnd(256));
    if (rnd(4) == 0) /* RNDIS: a message of a known type */
        memcpy(data, &(uint32_t){1 + rnd(8)}, 4), memcpy(data + 4, &n, 4);
    ud_control(&u, to, type, q, value, rnd(3) ? rnd(4) : wild() & 0xffff, data, n);
}

/* Data for an endpoint: bytes, a frame, an RNDIS frame, a command block. */
static void data_out(uint32_t to)
{
    static uint8_t d[4096];
    uint32_t n = rnd(3) ? rnd(200) : rnd(sizeof d);

    for (uint32_t i = 0; i < 64; i++)
        d[i] = (uint8_t)rnd(256);
    if (rnd(2)) {
        static const uint8_t ops[] = {0, 3, 8, 0x0a, 0x12, 0x15, 0x1a, 0x23, 0x25, 0x28, 0x2a, 0x2f,
                                      0x35, 0x41, 0x42, 0x55, 0x5a, 0x88, 0x8a, 0x93, 0x9e, 0xa0};
        memcpy(d, "USBC", 4);
        memcpy(d + 8, &(uint32_t){rnd(4) ? 512 * rnd(5) : wild()}, 4);
        d[12] = (uint8_t)(rnd(2) << 7);
        d[13] = 0;
        d[14] = (uint8_t)(rnd(8) ? 10 : rnd(20));
        memset(d + 15, 0, 16);
        d[15] = ops[rnd(sizeof ops)];
        d[20] = (uint8_t)rnd(8);
        d[23] = (uint8_t)rnd(6);
        if (rnd(4) == 0)
            d[15 + rnd(16)] = (uint8_t)rnd(256);
        n = rnd(16) ? 31 : n;
    } else if (rnd(2)) {
        memcpy(d, (uint32_t[]){1, 44 + 60, rnd(8) ? 36 : wild(), rnd(8) ? 60 : wild()}, 16);
    }
    u.packet = rnd(16) ? 512 : 1 + rnd(1024);
    asked++;
    answered += ud_out(&u, to, rnd(8) ? 2 : rnd(16), d, n) >= 0;
}

static void event(void)
{
    pb_dev *hand = below ? below : dev;
    const struct pb_input *p = pbt_provides(hand, PB_INPUT);
    struct pb_input_event v[3];

    for (uint32_t i = 0; i < 3; i++)
        v[i] = (struct pb_input_event){1 + rnd(4), rnd(2) ? rnd(4) : rnd(0x118),
                                       (int32_t)wild(), 0};
    if (p)
        p->events(pbt_self(hand), v, 1 + rnd(3));
}

static void from_outside(void)
{
    static uint8_t f[2000];
    uint32_t what = rnd(8);

    memcpy(f, rnd(2) ? "\x52\x54\x00\x12\x34\x56" : "\xff\xff\xff\xff\xff\xff", 6);
    if (what < 3)
        pbt_net_inject(wire, f, rnd(16) ? 14 + rnd(1505) : rnd(sizeof f), 0);
    else if (what < 5)
        pbt_char_type(line, f, rnd(300));
    else if (what == 5)
        event();
    else if (what == 6)
        pbt_net_full(wire, rnd(2)), pbt_char_limit(line, rnd(2) ? UINT32_MAX : rnd(100));
    else
        pbt_block_fail(disk, rnd(2) ? PB_BLK_READ : PB_BLK_WRITE, rnd(2) ? 0 : PB_EIO);
    pbt_char_event(line, PB_CHR_BREAK + rnd(3));
    pbt_char_clear(line);
    while (pbt_net_take(wire, NULL, 0, NULL))
        ;
}

static void step(void)
{
    uint32_t what = rnd(1000), to = address();

    u.type = rnd(4) ? (uint32_t)PB_USB_EP_BULK : rnd(4);
    if (what < 250) {
        request(to);
    } else if (what < 450) {
        data_out(to);
    } else if (what < 650) {
        u.packet = rnd(16) ? 512 : 1 + rnd(1024);
        asked++;
        answered += ud_in(&u, to, rnd(4) ? 1 + rnd(2) : rnd(16), rnd(4) ? 512 : rnd(70000)) >= 0;
    } else if (what < 750) {
        from_outside();
    } else if (what < 850) {
        uint32_t r = 0x500 + 0x20 * rnd(8) + 4 * rnd(6);
        r = rnd(32) ? r : 4 * rnd(0x400); /* few of those undo what channels need */
        if (rnd(4))
            ud_set(&u, r, wild());
        else
            ud_get(&u, r);
        ud_set(&u, HCINTMSK, 0x7ff);
    } else if (what < 880) {
        ud_cancel(&u);
    } else if (what < 910) {
        if (rnd(2)) /* a disk's reset recovery */
            ud_control(&u, home, 0x21, 0xff, 0, 0, NULL, 0);
        ud_control(&u, home, 2, 1, 0, 2, NULL, 0); /* halts go */
        ud_control(&u, home, 2, 1, 0, 0x81 + rnd(2), NULL, 0);
    } else if (what < 920) {
        u.split = rnd(4) ? 0 : wild() | 1u << 31;
    } else if (what < 975) {
        pbt_run_ns(u.b, 1000ll * rnd(40000));
    } else if (what < 978) {
        pbt_reload(u.b);
    } else if (what < 981) {
        plug_below(!strcmp(cls, "usb-hub") && rnd(2));
    } else if (what > 990) {
        restart();
    }
}

int main(int argc, char **argv)
{
    uint64_t n = pbt_count_arg(argc, argv, 60000);

    if (argc < 3) {
        fprintf(stderr, "usage: fuzz-usb CLASS PROPS [--count N] [--seed S]\n");
        return 2;
    }
    seed = pbt_seed_arg(argc, argv, seed);
    cls = argv[1];
    props = argv[2];
    ud_init(&u);
    for (const char *const *p = (const char *const[]){"usb-net", "usb-hid", "usb-storage",
                                                      "usb-serial", NULL}; *p; p++)
        pbt_load(u.b, *p);
    wire = pbt_net_new(u.b, "net0");
    line = pbt_char_new(u.b, "chr0");
    disk = pbt_block_new(u.b, "blk0", 1 << 20, 0);
    plug();
    restart();
    for (uint64_t i = 0; i < n; i++) {
        pbt_quiet(u.b, i % 64 != 0);
        step();
    }
    restart();
    printf("%s: %llu steps, %llu transfers of %llu done, %llu restarts\n", cls,
           (unsigned long long)n, (unsigned long long)answered,
           (unsigned long long)asked, (unsigned long long)restarts);
    pbt_free(u.b);
    return !answered;
}
