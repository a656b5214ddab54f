/* SPDX-License-Identifier: MIT */
/* fuzz-nvme.c - a hostile driver against an NVMe controller behind a root port.
 *
 *     fuzz-nvme [--count N] [--seed S]
 *
 * Mixes commands of every opcode with wild fields, lists that lead nowhere and in circles,
 * wild doorbells and registers, configuration space (BARs, command, bridge windows, the slot),
 * failing and held requests, resets and reloads. Exits 0 when the controller survived and
 * serves a driver that behaves, after every restart. */
#include "nvme-driver.h"

#include <stdlib.h>
#include <string.h>

static struct pd p;
static struct nd d;
static pb_dev *node;
static uint64_t seed = 1, served, restarts, heap;

static uint32_t rnd(uint32_t n)
{
    return (uint32_t)(pbt_rand(&seed) % n);
}

static uint64_t wild(void)
{
    static const uint32_t some[] = {0, 1, 2, 7, 8, 15, 16, 64, 255, 4095, 4096, 0x7fff, 0xffff,
                                    0x10000, 0x7fffffff, 0x80000000, 0xffffffff};
    switch (rnd(5)) {
    case 0:
        return pbt_rand(&seed);
    case 1:
        return PD_RAM + rnd(PD_RAM_LEN);
    case 2:
        return (PD_RAM + rnd(PD_RAM_LEN)) & ~4095ull;
    case 3:
        return d.bar + rnd(0x4000); /* our own registers */
    default:
        return some[rnd(sizeof some / sizeof *some)];
    }
}

static void restart(void)
{
    pbt_settle(p.b);
    pbt_block_hold(node, 0);
    for (uint32_t op = 1; op < 6; op++)
        pbt_block_fail(node, op, 0);
    pbt_settle(p.b);
    if (!pbt_find(p.b, "n0")) /* it was let go: another comes */
        pbt_add_child(pbt_find(p.b, "rp"), 0, "nvme", "n0", "serial=f,drive=k0,logical_block_size="
                      "4096");
    pbt_reset_all(p.b, PB_RESET_COLD);
    p.mem = PD_MEM;
    p.high = PD_HIGH;
    p.heap = heap;
    pd_set(&p, 0x08, 0x18, 0x00010100, 4);
    pd_set(&p, 0x08, 0x20, 0x7ff04000, 4);
    pd_set(&p, 0x08, 0x24, 0x0001fff1, 4);
    pd_set(&p, 0x08, 0x28, 4, 4);
    pd_set(&p, 0x08, 0x2c, 8, 4);
    pd_set(&p, 0x08, 0x24, 0xfff10001, 4);
    pd_set(&p, 0x08, 4, 7, 2);
    pd_setup(&p, 0x100);
    d.bar = pd_bar(&p, 0x100, 0);
    uint64_t buf = pd_alloc(&p, 4096, 4096);
    int up = nd_enable(&d) && nd_queues(&d, 1) && nd_queues(&d, 2);
    pd_host(&p, buf)[0] = 1;
    if (up) /* attachment outlives resets */
        nd_do(&d, 0, 0x15, 1, buf, 0, 0, 0, 0, NULL);
    if (!up || nd_do(&d, 1, 2, 1, buf, 0, 1, 0, 0, NULL) != 0) {
        fprintf(stderr, "fuzz-nvme: a reset did not recover the controller\n");
        exit(1);
    }
    restarts++;
}

static void command(void)
{
    static const uint8_t admin[] = {0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 0x15, 0x80, 0x77};
    static const uint8_t nvm[] = {0, 1, 2, 2, 1, 5, 8, 9, 4};
    uint32_t q = rnd(3), cmd[16];

    for (uint32_t i = 0; i < 16; i++)
        cmd[i] = rnd(4) ? rnd(8) : (uint32_t)wild();
    cmd[0] = q ? nvm[rnd(sizeof nvm)] : admin[rnd(sizeof admin)];
    if (rnd(4) == 0)
        cmd[0] |= 1 << 14; /* an SGL */
    if (rnd(64) == 0)
        cmd[0] = (uint32_t)wild();
    if (rnd(8))
        cmd[1] = 1;
    for (uint32_t i = 6; i < 10; i += 2) {
        uint64_t at = rnd(8) ? (PD_RAM + rnd(PD_RAM_LEN)) & ~(rnd(2) ? 4095ull : 15ull) : wild();
        cmd[i] = (uint32_t)at;
        cmd[i + 1] = (uint32_t)(at >> 32);
    }
    if (cmd[0] & 1 << 14) {
        cmd[8] = rnd(2) ? 16 * rnd(64) : (uint32_t)wild();
        cmd[9] = (rnd(5) << 4 | (rnd(16) ? 0 : rnd(16))) << 24;
    }
    nd_put(&d, q, cmd);
    if (rnd(2))
        nd_ring(&d, q);
}

/* Lists and descriptors that may be followed. */
static void damage(void)
{
    uint64_t at = PD_RAM + rnd(PD_RAM_LEN - 8192), v;

    for (uint32_t i = 0; i < 1 + rnd(32); i++) {
        v = wild();
        if (rnd(2))
            v &= ~4095ull;
        memcpy(pd_host(&p, (at & ~7ull) + 8 * i), &v, 8);
    }
}

static void registers(void)
{
    uint32_t off = rnd(2) ? 4 * rnd(16) : 0x1000 + 4 * rnd(140);

    pbt_block_hold(node, 0); /* a function's reset waits; on one thread nobody would come */
    pbt_settle(p.b);
    switch (rnd(6)) {
    case 0:
        pd_write(&p, d.bar + off, wild(), 4);
        break;
    case 1:
        pd_read(&p, d.bar + off, 1u << rnd(4));
        break;
    case 2:
        pd_write(&p, d.bar + 0x2000 + 4 * rnd(300), wild(), 4);
        break;
    case 3:
        pd_set(&p, 0x100, rnd(256) & ~3u, (uint32_t)wild(), 4);
        break;
    case 4:
        pd_set(&p, 0x08, rnd(256), (uint32_t)wild(), 1u << rnd(3));
        break;
    default:
        pd_cfg(&p, rnd(0x300), rnd(4096) & ~3u, 4);
        break;
    }
}

static void step(void)
{
    uint32_t what = rnd(1000), cqe[4];

    if (what < 600) {
        command();
    } else if (what < 750) {
        for (uint32_t q = 0; q < 3; q++)
            while (nd_done(&d, q, cqe))
                served++;
    } else if (what < 800) {
        damage();
    } else if (what < 830) {
        registers();
    } else if (what < 860) {
        pbt_block_fail(node, 1 + rnd(5), rnd(3) ? 0 : PB_EIO);
        pbt_block_hold(node, rnd(4) == 0);
    } else if (what < 985) {
        pbt_settle(p.b);
    } else if (what < 990) {
        pbt_remap(p.b);
    } else if (what < 991) {
        pbt_block_hold(node, 0);
        pbt_settle(p.b);
        pbt_reload(p.b);
        node = pbt_find(p.b, "k0");
    } else {
        restart();
    }
    if (!pbt_find(p.b, "n0"))
        restart();
}

int main(int argc, char **argv)
{
    uint64_t count = pbt_count_arg(argc, argv, 100000);

    seed = pbt_seed_arg(argc, argv, seed);
    pd_init(&p, 1);
    pbt_load(p.b, "nvme");
    node = pbt_block_new(p.b, "k0", 1 << 20, 0);
    pb_dev *rp = pbt_add_child(p.host, 0, "pcie-root-port", "rp", "addr=1");
    pbt_add_child(rp, 0, "nvme", "n0", "serial=f,drive=k0");
    memset(&d, 0, sizeof d);
    d.p = &p;
    heap = p.heap;
    restart();
    for (uint64_t i = 0; i < count; i++)
        step();
    restart();
    printf("nvme: %llu steps, %llu completions, %llu restarts, %llu guest errors\n",
           (unsigned long long)count, (unsigned long long)served, (unsigned long long)restarts,
           (unsigned long long)pbt_guest_errors(p.b));
    pbt_free(p.b);
    return served == 0;
}
