/* SPDX-License-Identifier: MIT */
/* lift-simd-struct.c - loads and stores of structures: LD1 to LD4, ST1 to ST4, LD1R to LD4R.
 * Arm Architecture Reference Manual, DDI 0487: C4.1.94, C7.2.
 *
 * Whole structures are moved as vectors and sorted out in registers: by unzipping and zipping
 * for two and four, by table lookups for three.
 * Not modelled: alignment checks of elements (SCTLR_ELx.A) where whole vectors are moved.
 */
#include "lift-simd.h"

/* ---- Memory of vectors ---------------------------------------------------------------------- */

/* 16 or 8 bytes, the rest zero. */
static xl_val load(struct lift *l, xl_val base, uint32_t at, uint32_t bytes)
{
    if (bytes == 16)
        return xl_load(l->b, XL_V128, base, (int32_t)at, XL_M_SIZE(4));
    return xl_f2v(l->b, xl_load(l->b, XL_F64, base, (int32_t)at, XL_M_SIZE(3)));
}

static void store(struct lift *l, xl_val base, uint32_t at, uint32_t bytes, xl_val v)
{
    if (bytes == 16)
        xl_store(l->b, base, (int32_t)at, v, XL_M_SIZE(4));
    else
        xl_store(l->b, base, (int32_t)at, xl_v2f(l->b, XL_F64, v), XL_M_SIZE(3));
}

static xl_val base_of(struct lift *l)
{
    return lift_xsp(l, l->i.rn);
}

static void write_back(struct lift *l, xl_val base)
{
    if (!(l->i.raw >> 23 & 1))
        return;
    xl_val by = l->i.rm == 31 ? lift_const(l, (uint64_t)l->i.imm) : lift_x(l, l->i.rm);
    lift_put_sp(l, l->i.rn, lift_op2(l, XL_OP_add, base, by));
}

static uint32_t reg(const struct lift *l, uint32_t k)
{
    return (l->i.rd + k) & 31;
}

/* ---- LD1, ST1 of one to four registers ------------------------------------------------------ */

static void load_plain(struct lift *l)
{
    xl_val base = base_of(l), v[4];
    uint32_t bytes = l->i.sf ? 16 : 8;
    for (uint32_t k = 0; k < l->i.amount; k++)
        v[k] = load(l, base, k * bytes, bytes);
    write_back(l, base);
    for (uint32_t k = 0; k < l->i.amount; k++)
        v_put(l, reg(l, k), v[k]);
}

static void store_plain(struct lift *l)
{
    xl_val base = base_of(l);
    uint32_t bytes = l->i.sf ? 16 : 8;
    for (uint32_t k = 0; k < l->i.amount; k++)
        store(l, base, k * bytes, bytes, v_get(l, reg(l, k)));
    write_back(l, base);
}

/* ---- Two and four --------------------------------------------------------------------------- */

/* What is in memory, as vectors; the last one may be half. Returns their number. */
static uint32_t load_all(struct lift *l, xl_val base, xl_val v[4])
{
    uint32_t bytes = (l->i.sf ? 16u : 8u) * l->i.amount, n = 0;
    for (uint32_t at = 0; at < bytes; at += 16, n++)
        v[n] = load(l, base, at, bytes - at < 16 ? 8 : 16);
    return n;
}

static void store_all(struct lift *l, xl_val base, const xl_val v[4])
{
    uint32_t bytes = (l->i.sf ? 16u : 8u) * l->i.amount;
    for (uint32_t at = 0; at < bytes; at += 16)
        store(l, base, at, bytes - at < 16 ? 8 : 16, v[at / 16]);
}

static xl_val even(struct lift *l, xl_val a, xl_val c)
{
    return v_op2(l, XL_OP_vuzp1, l->i.size, a, c);
}

static xl_val odd(struct lift *l, xl_val a, xl_val c)
{
    return v_op2(l, XL_OP_vuzp2, l->i.size, a, c);
}

static void unzip2(struct lift *l, xl_val v[4], uint32_t n)
{
    xl_val a = v[0], c = n > 1 ? v[1] : v[0];
    v[0] = even(l, a, c);
    v[1] = odd(l, a, c);
}

static void unzip4(struct lift *l, xl_val v[4], uint32_t n)
{
    if (n == 2) {
        v[2] = v[0];
        v[3] = v[1];
    }
    xl_val e1 = even(l, v[0], v[1]), e2 = even(l, v[2], v[3]);
    xl_val o1 = odd(l, v[0], v[1]), o2 = odd(l, v[2], v[3]);
    v[0] = even(l, e1, e2);
    v[2] = odd(l, e1, e2);
    v[1] = even(l, o1, o2);
    v[3] = odd(l, o1, o2);
}

static void zip(struct lift *l, xl_val a, xl_val c, xl_val *low, xl_val *high)
{
    *low = v_op2(l, XL_OP_vzip1, l->i.size, a, c);
    *high = v_op2(l, XL_OP_vzip2, l->i.size, a, c);
}

/* Of 64-bit registers everything is in the low halves of the first zips. */
static void zip4(struct lift *l, xl_val v[4])
{
    xl_val a, b, c, d;
    zip(l, v[0], v[2], &a, &b);
    zip(l, v[1], v[3], &c, &d);
    zip(l, a, c, &v[0], &v[1]);
    zip(l, b, d, &v[2], &v[3]);
}

/* ---- Three ---------------------------------------------------------------------------------- */

/* Byte `at` of register r, or of memory, comes from where? Lookups take it from there. */
static uint32_t source3(const struct lift *l, int to_memory, uint32_t r, uint32_t at)
{
    uint32_t size = l->i.size, bytes = 1u << size;
    if (!to_memory) /* byte of memory; registers in memory have no gaps */
        return ((at >> size) * 3 + r) * bytes + (at & (bytes - 1));
    at += 16 * r; /* byte of 16 * register + byte */
    return at / bytes % 3 * 16 + at / bytes / 3 * bytes + (at & (bytes - 1));
}

static void shuffle3(struct lift *l, int to_memory, xl_val v[4])
{
    uint32_t bytes = l->i.sf ? 16 : 8, vectors = l->i.sf || !to_memory ? 3 : 2;
    xl_val out[3];
    for (uint32_t r = 0; r < vectors; r++) {
        for (uint32_t s = 0; s < (to_memory || l->i.sf ? 3 : 2); s++) {
            uint8_t index[16];
            uint64_t half[2] = {0, 0};
            for (uint32_t at = 0; at < 16; at++) {
                uint32_t from = source3(l, to_memory, r, at) - 16 * s;
                index[at] = from < 16 && (to_memory || at < bytes) ? (uint8_t)from : 255;
                half[at / 8] |= (uint64_t)index[at] << (at % 8 * 8);
            }
            xl_val t = v_const2(l, half[0], half[1]);
            out[r] = s ? xl_v3(l->b, XL_OP_vtbx, 0, v[s], t, out[r], 0)
                       : v_op2(l, XL_OP_vtbl, 0, v[0], t);
        }
    }
    for (uint32_t r = 0; r < vectors; r++)
        v[r] = out[r];
}

/* ---- Structures whole, one lane of them, replicated ----------------------------------------- */

static void load_structures(struct lift *l)
{
    xl_val base = base_of(l), v[4] = {0};
    uint32_t n = load_all(l, base, v);
    write_back(l, base);
    if (l->i.amount == 2)
        unzip2(l, v, n);
    else if (l->i.amount == 4)
        unzip4(l, v, n);
    else
        shuffle3(l, 0, v);
    for (uint32_t k = 0; k < l->i.amount; k++)
        v_put(l, reg(l, k), l->i.sf || l->i.amount == 3 ? v[k] : v_low64(l, v[k]));
}

static void store_structures(struct lift *l)
{
    xl_val base = base_of(l), v[4] = {0};
    for (uint32_t k = 0; k < l->i.amount; k++)
        v[k] = v_get(l, reg(l, k));
    if (l->i.amount == 2)
        zip(l, v[0], v[1], &v[0], &v[1]);
    else if (l->i.amount == 4)
        zip4(l, v);
    else
        shuffle3(l, 1, v);
    store_all(l, base, v);
    write_back(l, base);
}

static void load_lane(struct lift *l, int replicate)
{
    xl_val base = base_of(l), v[4];
    for (uint32_t k = 0; k < l->i.amount; k++)
        v[k] = xl_load(l->b, XL_I64, base, (int32_t)(k << l->i.size), lift_memop(l, l->i.size));
    write_back(l, base);
    for (uint32_t k = 0; k < l->i.amount; k++) {
        if (replicate)
            v[k] = v_finish(l, l->i.size, v_op1(l, XL_OP_vdup, l->i.size, v[k]));
        else
            v[k] = xl_v2(l->b, XL_OP_vins, l->i.size, v_get(l, reg(l, k)), v[k], l->i.nzcv);
        v_put(l, reg(l, k), v[k]);
    }
}

static void store_lane(struct lift *l)
{
    xl_val base = base_of(l);
    for (uint32_t k = 0; k < l->i.amount; k++) {
        xl_val v = v_imm1(l, XL_OP_vlane, l->i.size, v_get(l, reg(l, k)), l->i.nzcv);
        xl_store(l->b, base, (int32_t)(k << l->i.size), v, lift_memop(l, l->i.size));
    }
    write_back(l, base);
}

/* C4.1.94.1 to .4: bit 24 one lane, bits 15:13 11x replicated, bit 22 load. */
int lift_simd_struct(struct lift *l)
{
    uint32_t w = l->i.raw, is_load = w >> 22 & 1, opcode = w >> 12 & 15;
    if ((w & 0xbe000000) != 0x0c000000)
        return 0;
    if (w >> 24 & 1) {
        if (is_load)
            load_lane(l, opcode >> 2 == 3);
        else
            store_lane(l);
    } else if (opcode == 7 || opcode == 10 || opcode == 6 || opcode == 2) {
        if (is_load)
            load_plain(l);
        else
            store_plain(l);
    } else if (is_load) {
        load_structures(l);
    } else {
        store_structures(l);
    }
    return 1;
}
