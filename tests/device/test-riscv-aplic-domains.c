/* SPDX-License-Identifier: MIT */
/* riscv-aplic: a root and its child, by lines and by messages: delegation, the source modes,
 * priorities and thresholds, claims, what sets and clears a pending bit (4.7), addresses of
 * messages and their lock, values that registers do not hold, save and load. */
#include "suite.h"

#include <plugboard/msi.h>

enum { DOMAINCFG = 0, SOURCECFG = 0, MMSI = 0x1bc0, SETIP = 0x1c00, SETIPNUM = 0x1cdc,
       IN_CLRIP = 0x1d00, CLRIPNUM = 0x1ddc, SETIE = 0x1e00, SETIENUM = 0x1edc, CLRIENUM = 0x1fdc,
       SETIPNUM_BE = 0x2004, GENMSI = 0x3000, TARGET = 0x3000, IDC = 0x4000 };
enum { DELEGATE = 0x400, DETACHED = 1, EDGE1 = 4, EDGE0, LEVEL1, LEVEL0, IE = 0x100 };

static pbt *b;
static pb_dev *m, *s;
static uint64_t count;

static uint64_t rd(pb_dev *d, uint64_t off)
{
    return pbt_read(d, 0, off, 4);
}

static void wr(pb_dev *d, uint64_t off, uint32_t v)
{
    pbt_write(d, 0, off, v, 4);
}

/* A listener that keeps the last message, in the place of an IMSIC. */
static struct {
    uint64_t addr;
    uint32_t data, n;
} heard;

static void hear(void *sink, uint64_t addr, uint64_t data)
{
    (void)sink;
    heard.addr = addr;
    heard.data = (uint32_t)data;
    heard.n++;
}

static int resolve(void *self, uint32_t requester, uint64_t addr, uint32_t data,
                   struct pb_msi_route *r)
{
    (void)self, (void)requester;
    *r = (struct pb_msi_route){hear, NULL, addr, data};
    return addr >> 24 == 0x24 || addr >> 24 == 0x28 ? PB_OK : PB_ENOENT;
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    (void)self, (void)d, (void)h, (void)e;
    return PB_OK;
}

static const struct pb_msi msi = {.size = sizeof msi, .resolve = resolve};
static const struct pb_provide provides[] = {{PB_MSI, &msi}};
static const struct pb_device_class ear = {.size = sizeof ear, .id = "ear", .provides = provides,
    .n_provides = 1, .instance_size = 8, .state_version = 1, .realize = realize};

static pb_dev *domain(const char *name, const char *props)
{
    pb_dev *d = pbt_create(b, NULL, 0, "riscv-aplic", name, props);

    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    pbt_outputs(d, "irq", 2);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(d), PB_OK);
    return d;
}

/* Source 7 is delegated. */
static void bench(int messages)
{
    b = pbt_new();
    memset(&heard, 0, sizeof heard);
    pbt_load(b, "riscv-aplic");
    pbt_class(b, PB_CLASS_DEVICE, &ear);
    pbt_add(b, "ear", "ear", NULL);
    m = domain("m", messages ? "msimode=on,msi=ear" : NULL);
    s = domain("s", messages ? "msimode=on,msi=ear,parent=m" : "parent=m");
    pbt_reset_all(b, PB_RESET_COLD);
    wr(m, SOURCECFG + 4 * 7, DELEGATE);
    wr(s, DOMAINCFG, IE);
    wr(m, DOMAINCFG, IE);
    for (uint32_t h = 0; h < 2; h++) {
        wr(s, IDC + 32 * h, 1);
        wr(m, IDC + 32 * h, 1);
    }
}

static void source(pb_dev *d, uint32_t n, uint32_t mode, uint32_t target)
{
    wr(d, SOURCECFG + 4 * n, mode);
    wr(d, TARGET + 4 * n, target);
    wr(d, SETIENUM, n);
}

static void test_direct(void)
{
    bench(0);
    source(s, 7, LEVEL1, 1u << 18 | 3);
    source(m, 8, EDGE1, 2);
    pbt_line(s, 7, 1); /* wires may enter at either domain */
    CU_ASSERT_EQUAL(pbt_level(s, "irq", 1), 1);
    CU_ASSERT_EQUAL(pbt_level(s, "irq", 0) | pbt_level(m, "irq", 0) | pbt_level(m, "irq", 1), 0);
    CU_ASSERT_EQUAL(rd(s, IDC + 32 + 0x18), 7u << 16 | 3);
    CU_ASSERT_EQUAL(rd(s, IDC + 32 + 0x1c), 7u << 16 | 3);
    CU_ASSERT_EQUAL(pbt_level(s, "irq", 1), 1); /* a level stays until it falls */
    pbt_reload(b);
    wr(s, IDC + 32 + 8, 3); /* threshold */
    CU_ASSERT_EQUAL(pbt_level(s, "irq", 1), 0);
    wr(s, IDC + 32 + 8, 4);
    CU_ASSERT_EQUAL(pbt_level(s, "irq", 1), 1);
    pbt_line(s, 7, 0);
    CU_ASSERT_EQUAL(pbt_level(s, "irq", 1), 0);
    pbt_line(s, 8, 1);
    pbt_line(s, 8, 0);
    CU_ASSERT_EQUAL(pbt_level(m, "irq", 0), 1);
    CU_ASSERT_EQUAL(rd(m, IDC + 0x1c), 8u << 16 | 2);
    CU_ASSERT_EQUAL(pbt_level(m, "irq", 0), 0); /* an edge is taken by the claim */
    wr(m, IDC + 4, 1);
    CU_ASSERT_EQUAL(pbt_level(m, "irq", 0), 1); /* forced, and spurious */
    CU_ASSERT_EQUAL(rd(m, IDC + 0x1c), 0);
    CU_ASSERT_EQUAL(pbt_level(m, "irq", 0), 0);
    pbt_free(b);
}

static void test_pending_bits(void)
{
    bench(0);
    source(m, 1, DETACHED, 1);
    pbt_line(m, 1, 1);
    CU_ASSERT_EQUAL(rd(m, SETIP), 0);
    wr(m, SETIPNUM_BE, 0x01000000);
    CU_ASSERT_EQUAL(rd(m, SETIP), 2);
    wr(m, CLRIPNUM, 1);
    CU_ASSERT_EQUAL(rd(m, SETIP), 0);
    source(m, 2, LEVEL0, 1); /* low, so there */
    CU_ASSERT_EQUAL(rd(m, SETIP), 4);
    CU_ASSERT_EQUAL(rd(m, IN_CLRIP), 4);
    wr(m, IN_CLRIP, 4);
    CU_ASSERT_EQUAL(rd(m, SETIP), 4); /* not cleared by software (direct mode) */
    pbt_line(m, 2, 1);
    wr(m, SETIPNUM, 2);
    CU_ASSERT_EQUAL(rd(m, SETIP), 0); /* nor set */
    source(m, 3, EDGE0, 1);
    pbt_line(m, 3, 1);
    CU_ASSERT_EQUAL(rd(m, SETIP), 0);
    pbt_line(m, 3, 0);
    CU_ASSERT_EQUAL(rd(m, SETIP), 8);
    wr(m, SOURCECFG + 12, 0);
    CU_ASSERT_EQUAL(rd(m, SETIP) | rd(m, TARGET + 12) | (rd(m, SETIE) & 8), 0);
    wr(m, SOURCECFG + 12, DELEGATE | 5);
    CU_ASSERT_EQUAL(rd(m, SOURCECFG + 12), DELEGATE);
    pbt_free(b);
}

static void test_delegation(void)
{
    bench(0);
    wr(s, SOURCECFG + 4 * 8, LEVEL1); /* the root's */
    CU_ASSERT_EQUAL(rd(s, SOURCECFG + 4 * 8), 0);
    wr(s, SOURCECFG + 4 * 7, DELEGATE); /* a leaf hands nothing down */
    CU_ASSERT_EQUAL(rd(s, SOURCECFG + 4 * 7), 0);
    source(s, 7, LEVEL1, 1);
    pbt_line(s, 7, 1);
    CU_ASSERT_EQUAL(pbt_level(s, "irq", 0), 1);
    wr(m, SOURCECFG + 4 * 7, EDGE1); /* taken back */
    CU_ASSERT_EQUAL(pbt_level(s, "irq", 0), 0);
    CU_ASSERT_EQUAL(rd(s, SOURCECFG + 4 * 7) | rd(s, SETIE) | rd(s, SETIP), 0);
    pbt_free(b);
}

static void test_messages(void)
{
    bench(1);
    CU_ASSERT_EQUAL(rd(s, DOMAINCFG), 0x80000104);
    wr(m, MMSI, 0x24000);
    wr(m, MMSI + 4, 1u << 12); /* one bit of hart */
    wr(m, MMSI + 8, 0x28000);
    wr(m, MMSI + 12, 2u << 20); /* four pages a hart */
    wr(s, MMSI + 8, 0x1234);    /* not the child's */
    source(s, 7, LEVEL1, 1u << 18 | 1u << 12 | 0x42);
    pbt_line(s, 7, 1);
    CU_ASSERT_EQUAL(heard.n, 1);
    CU_ASSERT_EQUAL(heard.addr, 0x28005000);
    CU_ASSERT_EQUAL(heard.data, 0x42);
    CU_ASSERT_EQUAL(rd(s, SETIP), 0);
    wr(s, SETIPNUM, 7); /* still high: again */
    CU_ASSERT_EQUAL(heard.n, 2);
    pbt_line(s, 7, 0);
    wr(s, SETIPNUM, 7);
    CU_ASSERT_EQUAL(heard.n, 2);
    wr(s, DOMAINCFG, 0);
    pbt_line(s, 7, 1);
    CU_ASSERT_EQUAL(heard.n, 2);
    wr(s, DOMAINCFG, IE);
    CU_ASSERT_EQUAL(heard.n, 3);
    wr(m, GENMSI, 1u << 18 | 1u << 12 | 9);
    CU_ASSERT_EQUAL(heard.addr, 0x24001000);
    CU_ASSERT_EQUAL(heard.data, 9);
    wr(m, MMSI + 4, 1u << 31 | 1u << 12);
    wr(m, MMSI, 0);
    wr(m, MMSI + 8, 0);
    CU_ASSERT_EQUAL(rd(m, MMSI), 0x24000);
    CU_ASSERT_EQUAL(rd(m, MMSI + 8), 0x28000);
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 0);
    pbt_free(b);
}

static void test_limits(void)
{
    bench(0);
    source(m, 1, LEVEL1, 0x3ffffu << 18 | 0x3f8); /* no such hart; priority 0 is 1 */
    CU_ASSERT_EQUAL(rd(m, TARGET + 4), 1);
    wr(m, SOURCECFG + 4, 2); /* reserved */
    CU_ASSERT_EQUAL(rd(m, SOURCECFG + 4), 0);
    wr(m, SOURCECFG + 4 * 96, LEVEL1); /* 95 sources */
    CU_ASSERT_EQUAL(rd(m, SOURCECFG + 4 * 96), 0);
    wr(m, SETIENUM, 0xffffffff);
    wr(m, CLRIENUM, 5000);
    wr(m, SETIPNUM, 0);
    wr(m, IDC + 64, 1); /* hart 2 of 2 */
    CU_ASSERT_EQUAL(rd(m, IDC + 64), 0);
    CU_ASSERT_EQUAL(rd(m, MMSI), 0);
    wr(m, GENMSI, 5);
    CU_ASSERT_EQUAL(rd(m, GENMSI), 0);
    pbt_line(m, 1000, 1);
    pb_dev *d = pbt_create(b, NULL, 0, "riscv-aplic", "third", "parent=m");
    pbt_outputs(d, "irq", 1);
    CU_ASSERT_EQUAL(pbt_realize(d), PB_EINVAL); /* one child */
    pbt_free(b);
}

/* Registers and wires of both domains at random; what delivers never leaves the harts there are. */
static void random_traffic(int messages)
{
    uint64_t seed = 1;

    bench(messages);
    pbt_quiet(b, 1);
    for (uint64_t i = 0; i < count; i++) {
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        uint32_t r = (uint32_t)(seed >> 33), at = r >> 3 & 0x43fc, v = (uint32_t)(seed >> 20);
        pb_dev *d = r & 1 ? m : s;
        if (v % 7 == 0)
            pbt_line(d, r >> 8 & 0x7f, v >> 3 & 1);
        else if (v % 5 == 0)
            rd(d, at);
        else
            wr(d, at, v % 3 ? v & 0x7ff : v);
        if (i % 4096 == 0)
            pbt_reload(b);
    }
    CU_ASSERT_EQUAL(rd(m, DOMAINCFG) & ~0x104u, 0x80000000);
    pbt_free(b);
}

static void test_random(void)
{
    random_traffic(0);
    random_traffic(1);
}

int main(int argc, char **argv)
{
    static const struct suite_test tests[] = {
        {"by lines", test_direct}, {"pending bits", test_pending_bits},
        {"delegation", test_delegation}, {"by messages", test_messages}, {"limits", test_limits},
        {"at random", test_random},
    };

    count = pbt_count_arg(argc, argv, 100000);
    printf("seed 1, %llu accesses\n", (unsigned long long)count);
    return SUITE_RUN("riscv-aplic", tests);
}
