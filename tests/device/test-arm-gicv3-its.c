/* SPDX-License-Identifier: MIT */
/* arm-gicv3-its: commands build the translation of a message to an LPI of a CPU, move it, take it
 * away; what is wrong in the tables or the queue is skipped; then commands at random. */
#include "suite.h"

#include <plugboard/arm.h>
#include <plugboard/msi.h>

#define RAM 0x40000000ull
#define PROP RAM               /* 64 KiB: configuration */
#define PEND (RAM + 0x10000)   /* 64 KiB for each of two CPUs */
#define DEVS (RAM + 0x30000)   /* 4 KiB: 512 devices */
#define COLS (RAM + 0x31000)
#define QUEUE (RAM + 0x32000)  /* 4 KiB: 128 commands */
#define ITT (RAM + 0x33000)
#define FRAME 0x8080000ull
#define LPIS (0x10000u - 8192)
#define VALID (1ull << 63)
enum { IAR1 = PB_ARM_SYSREG_NO(3, 0, 12, 12, 0), EOIR1 = PB_ARM_SYSREG_NO(3, 0, 12, 12, 1),
       PMR = PB_ARM_SYSREG_NO(3, 0, 4, 6, 0), IGRPEN1 = PB_ARM_SYSREG_NO(3, 0, 12, 12, 7) };
enum { MOVI = 1, INT = 3, CLEAR = 4, SYNC = 5, MAPD = 8, MAPC = 9, MAPTI = 10, INV = 12,
       INVALL = 13, MOVALL = 14, DISCARD = 15 };

static pbt *b;
static pb_dev *g, *its;
static uint8_t *ram;
static const struct pb_arm_sysreg *sys;

static void find(void)
{
    g = pbt_find(b, "gic");
    its = pbt_find(b, "its");
    sys = pbt_provides(g, PB_ARM_SYSREG);
}

static uint64_t iar(uint32_t cpu)
{
    uint64_t v = 0;

    sys->read(pbt_self(g), cpu, IAR1, 1, &v);
    if (v != 1023)
        sys->write(pbt_self(g), cpu, EOIR1, 1, v);
    return v;
}

static void bench(void)
{
    b = pbt_new();
    ram = pbt_ram(b, RAM, 0x40000);
    pbt_load(b, "arm-gicv3");
    g = pbt_create(b, NULL, 0, "arm-gicv3", "gic", "has-lpi=on");
    pbt_outputs_all(g, 2);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(g), PB_OK);
    pbt_reset(g, PB_RESET_COLD);
    its = pbt_add(b, "arm-gicv3-its", "its", "gic=gic,frame=0x8080000");
    find();
    memset(ram, 0xa1, 0x100); /* 256 LPIs are enabled */
    pbt_write(g, 0, 0, 2, 4);
    for (uint32_t c = 0; c < 2; c++) {
        pbt_write(g, 1, c * 0x20000 + 0x14, 0, 4);
        pbt_write(g, 1, c * 0x20000 + 0x70, PROP | 15, 8);
        pbt_write(g, 1, c * 0x20000 + 0x78, PEND + c * 0x10000, 8);
        pbt_write(g, 1, c * 0x20000, 1, 4);
        sys->write(pbt_self(g), c, PMR, 1, 0xff);
        sys->write(pbt_self(g), c, IGRPEN1, 1, 1);
    }
    pbt_write(its, 0, 0x100, VALID | DEVS, 8);
    pbt_write(its, 0, 0x108, VALID | COLS, 8);
    pbt_write(its, 0, 0x80, VALID | QUEUE, 8);
    pbt_write(its, 0, 0, 1, 4);
}

static void command(uint64_t a, uint64_t c, uint64_t d, uint64_t e)
{
    uint64_t at = pbt_read(its, 0, 0x88, 8), v[4] = {a, c, d, e};

    memcpy(ram + (QUEUE - RAM) + at, v, sizeof v);
    at = (at + 32) % 0x1000;
    pbt_write(its, 0, 0x88, at, 8);
    CU_ASSERT_EQUAL(pbt_read(its, 0, 0x90, 8), at);
}

static void map_all(void)
{
    command(MAPC, 0, VALID | 0 << 16 | 1, 0);
    command(MAPC, 0, VALID | 1 << 16 | 2, 0);
    command(MAPD | 8ull << 32, 4, VALID | ITT, 0); /* device 8: 32 events */
    command(MAPTI | 8ull << 32, 8200ull << 32 | 5, 1, 0);
    command(MAPTI | 8ull << 32, 8201ull << 32 | 6, 2, 0);
}

static void message(uint32_t device, uint32_t event)
{
    const struct pb_msi *msi = pbt_provides(its, PB_MSI);
    struct pb_msi_route r;

    CU_ASSERT_EQUAL(msi->resolve(pbt_self(its), device, FRAME, event, &r), PB_ENOENT);
    CU_ASSERT_EQUAL_FATAL(msi->resolve(pbt_self(its), device, FRAME + 0x10040, event, &r), PB_OK);
    pb_msi_send(&r);
}

static void test_registers(void)
{
    bench();
    CU_ASSERT_EQUAL(pbt_read(its, 0, 0, 4), 0x80000001);
    CU_ASSERT_EQUAL(pbt_read(its, 0, 8, 8), 1 | 7 << 4 | 15 << 8 | 15 << 13);
    CU_ASSERT_EQUAL(pbt_read(its, 0, 0x100, 8) >> 56 & 7, 1);
    CU_ASSERT_EQUAL(pbt_read(its, 0, 0x108, 8) >> 56 & 7, 4);
    CU_ASSERT_EQUAL(pbt_read(its, 0, 0x108, 8) >> 48 & 31, 7);
    CU_ASSERT_EQUAL(pbt_read(its, 0, 0x110, 8), 0);
    pbt_write(its, 0, 0, 0, 4);
    pbt_write(its, 0, 0x100, ~0ull, 8);
    CU_ASSERT_EQUAL(pbt_read(its, 0, 0x100, 8) & 1ull << 62, 0); /* no two-level tables */
    pbt_free(b);
}

static void test_translation(void)
{
    bench();
    map_all();
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 0);
    message(8, 5);
    message(8, 6);
    CU_ASSERT_EQUAL(pbt_level(g, "irq", 0) + pbt_level(g, "irq", 1), 2);
    CU_ASSERT_EQUAL(iar(0), 8200);
    CU_ASSERT_EQUAL(iar(1), 8201);
    pbt_reload(b);
    find();
    message(8, 7);  /* no such event */
    message(9, 5);  /* no such device */
    message(8, 40); /* beyond the device's events */
    message(600, 5);
    message(1 << 16, 5);
    CU_ASSERT_EQUAL(iar(0), 1023);
    command(INT | 8ull << 32, 5, 0, 0);
    command(MOVI | 8ull << 32, 5, 2, 0); /* with what is pending */
    CU_ASSERT_EQUAL(iar(0), 1023);
    CU_ASSERT_EQUAL(iar(1), 8200);
    command(INT | 8ull << 32, 6, 0, 0);
    command(MOVALL, 0, 1 << 16, 0);
    CU_ASSERT_EQUAL(iar(0), 8201);
    command(INT | 8ull << 32, 5, 0, 0);
    command(CLEAR | 8ull << 32, 5, 0, 0);
    CU_ASSERT_EQUAL(iar(1), 1023);
    ram[8] = 0xa0; /* LPI 8200 off, as soon as the ITS is told */
    command(INV | 8ull << 32, 5, 0, 0);
    message(8, 5);
    CU_ASSERT_EQUAL(iar(1), 1023);
    ram[8] = 0xa1;
    command(INVALL, 0, 2, 0);
    CU_ASSERT_EQUAL(iar(1), 8200);
    command(DISCARD | 8ull << 32, 5, 0, 0);
    message(8, 5);
    CU_ASSERT_EQUAL(iar(1), 1023);
    command(MAPD | 8ull << 32, 0, 0, 0);
    message(8, 6);
    CU_ASSERT_EQUAL(iar(0) + iar(1), 2046);
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 0);
    pbt_free(b);
}

static void test_wrong(void)
{
    uint64_t v;

    bench();
    map_all();
    command(MAPTI | 8ull << 32, 8191ull << 32 | 1, 1, 0);    /* no LPI */
    command(MAPTI | 8ull << 32, 0x10000ull << 32 | 1, 1, 0);
    command(MAPTI | 8ull << 32, 8210ull << 32 | 32, 1, 0);   /* no such event */
    command(MAPC, 0, VALID | 2 << 16 | 3, 0);                /* no such CPU */
    command(MAPC, 0, VALID | 0 << 16 | 600, 0);              /* beyond the table */
    command(MAPD | 600ull << 32, 4, VALID | ITT, 0);
    command(MAPD | 9ull << 32, 31, VALID | ITT, 0);          /* too many events */
    command(INV | 8ull << 32, 9, 0, 0);                      /* not mapped */
    command(0x77, 0, 0, 0);
    command(MOVALL, 0, 0, 7ull << 16);
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 10);
    v = VALID | 0xfff0; /* the guest scribbles: a CPU that is not there */
    memcpy(ram + (COLS - RAM) + 8, &v, 8);
    message(8, 5);
    v = VALID | 2ull << 32 | 17; /* an LPI that is none */
    memcpy(ram + (ITT - RAM) + 8 * 6, &v, 8);
    message(8, 6);
    v = VALID | 0xffffffffff00ull | 15; /* a table that is not in memory */
    memcpy(ram + (DEVS - RAM) + 8 * 8, &v, 8);
    message(8, 6);
    CU_ASSERT_EQUAL(iar(0) + iar(1), 2046);
    pbt_write(its, 0, 0, 0, 4);
    pbt_write(its, 0, 0x80, VALID | 0x10000000, 8); /* a queue that is not */
    pbt_write(its, 0, 0, 1, 4);
    pbt_write(its, 0, 0x88, 32, 8);
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 11);
    CU_ASSERT_EQUAL(pbt_read(its, 0, 0x90, 8), 32);
    pbt_free(b);
}

static void test_random(void)
{
    uint64_t s = 8;

    bench();
    map_all();
    pbt_quiet(b, 1);
    for (uint32_t i = 0; i < 100000; i++) {
        uint64_t r = pbt_rand(&s);
        uint64_t id = r >> 8 & 0x1ff, lpi = 8192 + (r >> 20 & 0xff);
        command((r & 15) | id << 32, lpi << 32 | (r >> 30 & 63),
                (r & 0x100000 ? VALID : 0) | (r >> 40 & 0x3f00) | (r >> 60) | (r & 0x200000 ? ITT : 0),
                pbt_rand(&s));
        message((uint32_t)id, r >> 30 & 63);
        if (r >> 50 & 1)
            memcpy(ram + 0x30000 + (r >> 20 & 0x3ff8), &r, 8);
        iar(0), iar(1);
        if (i % 10000 == 0) {
            pbt_reload(b);
            find();
        }
    }
    pbt_free(b);
}

/* The best by a look at all of them; ICC_PMR_EL1 hides the lowest priority. */
static uint64_t best(const uint8_t *conf, const uint8_t *pend)
{
    uint32_t at = 1023 - 8192, prio = 0xf8;

    for (uint32_t i = 0; i < LPIS; i++)
        if (pend[i] && conf[i] & 1 && (conf[i] & 0xf8u) < prio) {
            at = i;
            prio = conf[i] & 0xf8;
        }
    return 8192 + at;
}

/* What the ITS was told about an LPI of CPU 0, or about all. */
static void told(uint64_t r, uint8_t *conf, uint8_t *pend)
{
    uint32_t i = 8 + (r >> 8 & 1), event = i - 3; /* map_all() */

    switch (r & 3) {
    case 0:
        ram[r >> 16 & 0xff] = ram[i] = (uint8_t)(r >> 32);
        conf[i] = ram[i];
        command(INV | 8ull << 32, event, 0, 0);
        break;
    case 1:
        ram[(r >> 16 & 0xffff) % LPIS] = (uint8_t)(r >> 32);
        memcpy(conf, ram, LPIS);
        command(INVALL, 0, 1, 0);
        break;
    case 2:
        command(INT | 8ull << 32, event, 0, 0);
        pend[i] = 1;
        break;
    default:
        command(CLEAR | 8ull << 32, event, 0, 0);
        pend[i] = 0;
    }
}

static void test_all_pending(void)
{
    static uint8_t conf[LPIS], pend[LPIS];
    uint64_t s = 8;

    bench();
    map_all();
    command(MAPC, 0, VALID | 0 << 16 | 2, 0); /* both events are CPU 0's */
    pbt_write(g, 1, 0, 0, 4);
    for (uint32_t i = 0; i < LPIS; i++)
        conf[i] = ram[i] = (uint8_t)(i < 50000 ? 0xfe : pbt_rand(&s)); /* many do not count */
    memset(pend, 1, sizeof pend);
    memset(ram + 0x10000, 0xff, 0x2000);
    pbt_write(g, 1, 0, 1, 4);
    for (uint32_t i = 0; i < 3000; i++) {
        told(pbt_rand(&s), conf, pend);
        uint64_t want = best(conf, pend);
        CU_ASSERT_EQUAL_FATAL(iar(0), want);
        if (want >= 8192)
            pend[want - 8192] = 0;
        if (i % 1000 == 999) {
            pbt_reload(b);
            find();
            memcpy(conf, ram, LPIS);
        }
    }
    command(MAPC, 0, VALID | 1 << 16 | 2, 0);
    command(INVALL, 0, 2, 0);
    command(MOVALL, 0, 0, 1 << 16);
    CU_ASSERT_EQUAL(iar(0), 1023);
    memcpy(conf, ram, LPIS);
    for (uint64_t want; (want = best(conf, pend)) != 1023; pend[want - 8192] = 0)
        CU_ASSERT_EQUAL_FATAL(iar(1), want);
    CU_ASSERT_EQUAL(iar(1), 1023);
    pbt_write(g, 1, 0x20000, 0, 4); /* what is left goes back */
    for (uint32_t i = 0; i < LPIS; i++)
        CU_ASSERT_FATAL((ram[0x20400 + i / 8] >> i % 8 & 1) == pend[i]);
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"registers", test_registers},
        {"translation and its commands", test_translation},
        {"what is wrong is skipped", test_wrong},
        {"commands at random", test_random},
        {"all LPIs pending", test_all_pending},
    };

    return SUITE_RUN("arm-gicv3-its", tests);
}
