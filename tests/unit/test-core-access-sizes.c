/* SPDX-License-Identifier: MIT */
/* Splitting and widening: for every combination of what the bus accepts, what the callbacks
 * take, byte order and alignment, the bytes that a guest sees are those of the device, and
 * what does not fit is a bus error. The device is 64 bytes of memory behind callbacks. */
#include "core-fixture.h"

static uint8_t mem[64]; /* in bus order */
static unsigned calls, bad_calls;
static struct pb_region_ops ops;

static uint64_t rd(void *opaque, uint64_t off, uint32_t bytes)
{
    uint64_t v = 0;
    gboolean big = (ops.flags & PB_RO_BIG) != 0;

    (void)opaque;
    calls++;
    bad_calls += bytes < ops.impl_min || bytes > ops.impl_max || off + bytes > 64;
    for (uint32_t i = 0; i < bytes; i++)
        v |= (uint64_t)mem[off + (big ? bytes - 1 - i : i)] << i * 8;
    return v | (bytes < 8 ? (uint64_t)0xff << bytes * 8 : 0); /* rubbish above */
}

static void wr(void *opaque, uint64_t off, uint64_t val, uint32_t bytes)
{
    gboolean big = (ops.flags & PB_RO_BIG) != 0;

    (void)opaque;
    calls++;
    bad_calls += bytes < ops.impl_min || bytes > ops.impl_max || off + bytes > 64;
    bad_calls += bytes < 8 && val >> bytes * 8;
    for (uint32_t i = 0; i < bytes; i++)
        mem[off + (big ? bytes - 1 - i : i)] = (uint8_t)(val >> i * 8);
}

static void fill(void)
{
    for (int i = 0; i < 64; i++)
        mem[i] = (uint8_t)(0x40 + i);
}

/* What the bytes [off, off+n) read as, little-endian. */
static uint64_t expect(uint64_t off, uint32_t n)
{
    uint64_t v = 0;

    for (uint32_t i = 0; i < n; i++)
        v |= (uint64_t)mem[off + i] << i * 8;
    return v;
}

static unsigned one(pb_region *r, uint64_t off, uint32_t n)
{
    gboolean ok = n >= ops.min && n <= ops.max && off + n <= 64 &&
                  (off % n == 0 || (ops.flags & PB_RO_UNALIGNED));
    struct pb_txn t = {.off = off, .bytes = n};
    unsigned wrong = 0;

    fill();
    calls = 0;
    int rc = pb_region_access(r, &t);
    wrong += ok ? rc != PB_OK || t.val != expect(off, n) : rc != PB_EFAULT || calls;
    if (ok && n > ops.impl_max)
        wrong += calls != n / ops.impl_max;
    t = (struct pb_txn){.off = off, .bytes = n, .is_write = 1, .val = 0xfedcba9876543210};
    rc = pb_region_access(r, &t);
    wrong += rc != (ok ? PB_OK : PB_EFAULT);
    for (uint32_t i = 0; ok && i < n; i++)
        wrong += mem[off + i] != (uint8_t)(0xfedcba9876543210 >> i * 8);
    for (uint64_t i = 0; ok && i < 64; i++) { /* widened writes clear their lanes, no more */
        gboolean near = i + ops.impl_min > off && i < off + n + ops.impl_min;
        wrong += !near && mem[i] != 0x40 + i;
    }
    return wrong;
}

static void test(void)
{
    struct pb_machine *m = fx_machine();
    struct fx_dev *f = fx_make(m, "fx-serial", "d");
    unsigned wrong = 0, cases = 0;
    pb_err e = {0};

    for (uint32_t k = 0; k < 4 * 4 * 4 * 4 * 4; k++) {
        ops = (struct pb_region_ops){
            .read = rd, .write = wr, .min = (uint8_t)(1 << k % 4),
            .max = (uint8_t)(1 << k / 4 % 4), .impl_min = (uint8_t)(1 << k / 16 % 4),
            .impl_max = (uint8_t)(1 << k / 64 % 4),
            .flags = (k / 256 & 1 ? PB_RO_BIG : 0) | (k / 512 & 1 ? PB_RO_UNALIGNED : 0)};
        pb_region *r = pb_mem_service.io(f->d, "t", 64, &ops, NULL, &e);
        if (ops.min > ops.max || ops.impl_min > ops.impl_max) {
            CU_ASSERT_PTR_NULL(r);
            pb_err_clear(&e);
            continue;
        }
        CU_ASSERT_PTR_NOT_NULL_FATAL(r);
        for (uint32_t n = 1; n <= 8; n *= 2)
            for (uint64_t off = 0; off < 66; off++, cases++)
                wrong += one(r, off, n);
        pb_region_free(r);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(bad_calls, 0);
    CU_ASSERT(cases > 50000);
    pb_machine_free(m);
}

int main(void)
{
    return fx_run("core", "accesses are split and widened", test);
}
