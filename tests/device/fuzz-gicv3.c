/* SPDX-License-Identifier: MIT */
/* fuzz-gicv3.c - hostile CPUs and devices against a GICv3 with its ITS.
 *
 *     fuzz-gicv3 [PROPS] [--count N] [--seed S]
 *
 * Registers of distributor, redistributors and ITS, system registers of every level and state, lines,
 * messages, commands of all kinds whose tables are anywhere or hold anything, LPIs that are switched
 * on and off, resets and reloads. PROPS are more for the GIC. Exits 0 when a message still becomes an
 * LPI after every restart. */
#include <plugboard/arm.h>
#include <plugboard/bench.h>
#include <plugboard/msi.h>
#include <plugboard/reg.h>

#include <stdlib.h>
#include <string.h>

enum { CPUS = 3, RAM = 0x40000000, RAM_LEN = 1 << 20, FRAME = 0x8080000, QUEUE = RAM + 0x10000,
       DEVICES = RAM + 0x20000, COLLECTIONS = RAM + 0x30000, ITT = RAM + 0x40000,
       PROP = RAM + 0x50000, PEND = RAM + 0x80000, SLOTS = 128 };
#define R(op1, crn, crm, op2) PB_ARM_SYSREG_NO(3, op1, crn, crm, op2)
#define VALID (1ull << 63)
#define RD(cpu) ((cpu) * 0x20000ull)

static pbt *b;
static pb_dev *gic, *its;
static uint8_t *ram;
static uint64_t seed = 1, commands, restarts;
static uint32_t writer;

static uint32_t rnd(uint32_t n)
{
    return (uint32_t)(pbt_rand(&seed) % n);
}

static uint64_t wild(void)
{
    switch (rnd(5)) {
    case 0:
        return pbt_rand(&seed);
    case 1:
        return RAM + (rnd(RAM_LEN) & ~0xfffu);
    case 2:
        return 8190 + rnd(20);
    case 3:
        return 1ull << rnd(64);
    default:
        return rnd(3) ? rnd(20) : ~0ull;
    }
}

static void system_register(uint32_t cpu, uint32_t reg, uint32_t write, uint64_t v)
{
    const struct pb_arm_sysreg *s = pbt_provides(gic, PB_ARM_SYSREG);

    if (write)
        s->write(pbt_self(gic), cpu, reg, rnd(64), v);
    else
        s->read(pbt_self(gic), cpu, reg, rnd(64), &v);
}

static void any_system_register(void)
{
    static const uint8_t crm[] = {6, 8, 9, 11, 12, 13};
    uint32_t c = rnd(6);

    system_register(rnd(CPUS + 1), R(rnd(4) * 2, c ? 12 : 4, crm[c], rnd(8)), rnd(2), wild());
}

static int message(uint32_t device, uint32_t event)
{
    const struct pb_msi *m = pbt_provides(its, PB_MSI);
    struct pb_msi_route r;

    if (m->resolve(pbt_self(its), device, FRAME + 0x10040, event, &r) < 0)
        return 0;
    r.send(r.sink, r.a, r.b);
    return 1;
}

static void command(uint64_t op, uint64_t c0, uint64_t c1, uint64_t c2, uint64_t c3)
{
    uint64_t c[4] = {c0 << 32 | op, c1, c2, c3};

    memcpy(ram + (QUEUE - RAM) + 32 * writer, c, sizeof c);
    writer = (writer + 1) % SLOTS;
    commands++;
}

static void any_command(void)
{
    static const uint8_t ops[] = {1, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 0, 2, 7, 0xff};
    uint64_t c1 = rnd(4) ? rnd(32) | (8192ull + rnd(32)) << 32 : wild();
    uint64_t c2 = rnd(4) ? VALID * rnd(2) | rnd(CPUS + 1) << 16 | rnd(6) : wild();

    if (rnd(4) == 0) /* as MAPD wants it */
        c1 = rnd(20), c2 = VALID | (rnd(3) ? (uint64_t)ITT : wild());
    command(ops[rnd(sizeof ops)], rnd(4) ? rnd(20) : (uint32_t)wild(), c1, c2,
            rnd(2) ? rnd(CPUS + 1) << 16 : wild());
    if (rnd(3) == 0)
        pbt_write(its, 0, 0x88, rnd(50) ? 32 * writer : wild(), 8);
}

static void damage(void)
{
    static const uint64_t at[] = {QUEUE, DEVICES, COLLECTIONS, ITT, PROP, PEND + 1024};
    uint64_t v = rnd(2) ? VALID | wild() : wild();

    memcpy(ram + (at[rnd(6)] - RAM) + 8 * rnd(32), &v, sizeof v);
}

static void registers(void)
{
    uint32_t n = 1u << rnd(4), region = rnd(2);
    pb_dev *d = rnd(3) ? gic : its;
    uint64_t off;

    if (d == its)
        off = rnd(2) ? 8 * rnd(0x30) : rnd(0x20000), region = 0;
    else if (region == 0)
        off = rnd(3) ? 4 * rnd(0x400) : rnd(0x10000);
    else
        off = RD(rnd(CPUS)) + rnd(2) * 0x10000 + (rnd(3) ? 4 * rnd(0x380) : rnd(0x10000));
    pbt_as(b, rnd(5), rnd(8));
    if (rnd(2))
        pbt_write(d, region, off & ~(n - 1ull), wild(), n);
    else
        pbt_read(d, region, off & ~(n - 1ull), n);
    pbt_as(b, 0, 0);
}

static void tables(uint32_t cpu)
{
    if (rnd(4) == 0) /* all of them pending */
        memset(ram + (PEND - RAM), 0xff, 0x2000);
    pbt_write(gic, 1, RD(cpu), 0, 4);
    pbt_write(gic, 1, RD(cpu) + 0x70, rnd(8) ? PROP | 15 : wild(), 8);
    pbt_write(gic, 1, RD(cpu) + 0x78, rnd(8) ? PEND : wild(), 8);
    pbt_write(gic, 1, RD(cpu), 1, 4);
}

/* The way of Linux: tables, one device, one event, and it arrives. */
static void restart(void)
{
    const struct pb_arm_sysreg *s = pbt_provides(gic, PB_ARM_SYSREG);
    uint32_t ns = 1;
    uint64_t v = 0;

    memset(ram, 0, RAM_LEN);
    pbt_reset_all(b, PB_RESET_COLD);
    writer = 0;
    pbt_as(b, 0, PB_TXN_SECURE);
    memset(ram + (PROP - RAM), 0xa1, 0x2000);
    pbt_write(gic, 0, 0, 7, 4);
    pbt_write(gic, 1, RD(1) + 0x14, 0, 4);
    pbt_write(gic, 1, RD(1) + 0x70, PROP | 15, 8);
    pbt_write(gic, 1, RD(1) + 0x78, PEND, 8);
    pbt_write(gic, 1, RD(1), 1, 4);
    pbt_write(its, 0, 0x100, VALID | DEVICES | 15, 8);
    pbt_write(its, 0, 0x108, VALID | COLLECTIONS, 8);
    pbt_write(its, 0, 0x80, VALID | QUEUE, 8);
    pbt_write(its, 0, 0, 1, 4);
    command(9, 0, 0, VALID | 1 << 16 | 3, 0);
    command(8, 5, 4, VALID | ITT, 0);
    command(10, 5, 8200ull << 32 | 7, 3, 0);
    pbt_write(its, 0, 0x88, 32 * writer, 8);
    pbt_as(b, 0, 0);
    s->write(pbt_self(gic), 1, R(0, 4, 6, 0), ns, 0xff);
    s->write(pbt_self(gic), 1, R(0, 12, 12, 7), ns, 1);
    message(5, 7);
    s->read(pbt_self(gic), 1, R(0, 12, 12, 0), ns, &v);
    if (v != 8200) {
        fprintf(stderr, "fuzz-gicv3: after a reset a message became %llu, not LPI 8200\n",
                (unsigned long long)v);
        exit(1);
    }
    restarts++;
}

static void step(void)
{
    uint32_t what = rnd(1000);

    if (what < 300)
        any_system_register();
    else if (what < 550)
        any_command();
    else if (what < 600)
        damage();
    else if (what < 750)
        registers();
    else if (what < 850)
        message(rnd(4) ? 5 : (uint32_t)wild(), rnd(4) ? rnd(32) : (uint32_t)wild());
    else if (what < 970)
        pbt_line(gic, rnd(2) ? rnd(300) : 988 + rnd(16 * CPUS + 1), (int32_t)rnd(2));
    else if (what < 990)
        tables(rnd(CPUS));
    else if (what == 990 && rnd(8) == 0) {
        pbt_reload(b);
        gic = pbt_find(b, "gic");
        its = pbt_find(b, "its");
    } else if (what > 997)
        restart();
}

int main(int argc, char **argv)
{
    uint64_t n = pbt_count_arg(argc, argv, 100000);
    char props[120] = "has-lpi=on,has-virtualization=on";

    seed = pbt_seed_arg(argc, argv, seed);
    if (argc > 1 && *argv[1] != '-')
        snprintf(props, sizeof props, "has-lpi=on,has-virtualization=on,%s", argv[1]);
    b = pbt_new();
    pbt_load(b, "arm-gicv3");
    ram = pbt_ram(b, RAM, RAM_LEN);
    gic = pbt_create(b, NULL, 0, "arm-gicv3", "gic", props);
    if (gic)
        pbt_outputs_all(gic, CPUS);
    if (!gic || pbt_realize(gic) < 0) {
        fprintf(stderr, "fuzz-gicv3: %s\n", pbt_error(b));
        return 2;
    }
    its = pbt_add(b, "arm-gicv3-its", "its", "gic=gic,frame=0x8080000");
    restart();
    for (uint64_t i = 0; i < n; i++) {
        pbt_quiet(b, i % 64 != 0);
        step();
    }
    restart();
    printf("arm-gicv3 %s: %llu steps, %llu commands, %llu restarts\n", props,
           (unsigned long long)n, (unsigned long long)commands, (unsigned long long)restarts);
    pbt_free(b);
    return 0;
}
