/* SPDX-License-Identifier: MIT */
/* asm.c - the x86-64 encoder; formats: Intel SDM volume 2, 2.1 (legacy), 2.2.1 (REX), 2.3 (VEX).
 *
 * Every encoder begins by room(): an instruction is at most 15 bytes, so code can overrun
 * `limit` by less than the reserve behind it.
 *
 * Not modelled: 16-bit addresses, high byte registers, EVEX, 256-bit vectors.
 */
#include "asm.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static void room(struct xasm *a)
{
    if (a->p > a->limit) {
        a->full = 1;
        a->p = a->limit;
    }
    if (a->head && a->n_begun < XA_BEGUN)
        a->begun[a->n_begun++] = (uint16_t)(a->p - a->head);
}

static void put8(struct xasm *a, uint32_t b)
{
    *a->p++ = (uint8_t)b;
}

static void put32(struct xasm *a, uint32_t v)
{
    memcpy(a->p, &v, 4);
    a->p += 4;
}

/* Four bytes are written where one counts, here and below: there is room. */
static void put_imm(struct xasm *a, int32_t imm, int n)
{
    memcpy(a->p, &imm, 4);
    a->p += n;
}

/* The two that follow are half of all encoding: `p` is in a register, which a->p could not be, as
 * bytes may be written to anything. */
static uint8_t *word(uint8_t *p, uint32_t v)
{
    memcpy(p, &v, 4);
    return p + 4;
}

/* ModRM, SIB and displacement. `tail`: bytes that follow, for addresses relative to rip. */
static uint8_t *modrm(uint8_t *p, intptr_t rx, int reg, const struct xrm *rm, int tail)
{
    uint32_t r = (uint32_t)(reg & 7) << 3, mod, sib;

    if (rm->reg >= 0) {
        *p++ = (uint8_t)(0xc0u | r | (uint32_t)(rm->reg & 7));
        return p;
    }
    if (rm->base < 0 && rm->rip) {
        *p++ = (uint8_t)(r | 5);
        return word(p, (uint32_t)((intptr_t)rm->rip - ((intptr_t)p + rx + 4 + tail)));
    }
    sib = (uint32_t)rm->scale << 6 | (uint32_t)((rm->index < 0 ? 4 : rm->index & 7) << 3);
    if (rm->base < 0) { /* [disp32] or [index*scale + disp32] */
        *p++ = (uint8_t)(r | 4);
        *p++ = (uint8_t)(sib | 5);
        return word(p, (uint32_t)rm->disp);
    }
    mod = rm->disp == 0 && (rm->base & 7) != RBP ? 0 : rm->disp == (int8_t)rm->disp ? 1 : 2;
    if (rm->index >= 0 || (rm->base & 7) == RSP) {
        assert(rm->index != RSP);
        *p++ = (uint8_t)(mod << 6 | r | 4);
        *p++ = (uint8_t)(sib | (uint32_t)(rm->base & 7));
    } else {
        *p++ = (uint8_t)(mod << 6 | r | (uint32_t)(rm->base & 7));
    }
    word(p, (uint32_t)rm->disp);
    return p + (mod == 2 ? 4 : mod);
}

static uint32_t high(int reg)
{
    return reg >= 8;
}

static void op_tail(struct xasm *a, uint32_t op, int w, int reg, const struct xrm *rm, int tail)
{
    static const uint8_t prefix[4] = {0, 0x66, 0xf3, 0xf2};
    uint32_t rex = (w ? 8u : 0u) | high(reg) << 2 | high(rm->index) << 1 |
                   (rm->reg >= 0 ? high(rm->reg) : high(rm->base));
    uint8_t *p;

    room(a);
    p = a->p;
    if ((op & XO_BREG && reg >= 4) || (op & XO_BRM && rm->reg >= 4))
        rex |= 0x40;
    if (op & XO_LOCK)
        *p++ = 0xf0;
    if (rm->gs)
        *p++ = 0x65;
    if (XO_PP(op))
        *p++ = prefix[XO_PP(op)];
    if (rex)
        *p++ = (uint8_t)(0x40u | rex);
    if (op & XO_3A) { /* a two-bit number: 1 is 0F, 2 is 0F 38, 3 is 0F 3A */
        *p++ = 0x0f;
        if ((op & XO_3A) != XO_0F)
            *p++ = (op & XO_3A) == XO_3A ? 0x3a : 0x38;
    }
    *p++ = (uint8_t)op;
    a->p = modrm(p, a->rx, reg, rm, tail);
}

void xa_op(struct xasm *a, uint32_t op, int w, int reg, struct xrm rm)
{
    op_tail(a, op, w, reg, &rm, 0);
}

void xa_opi(struct xasm *a, uint32_t op, int w, int reg, struct xrm rm, int32_t imm, int n)
{
    op_tail(a, op, w, reg, &rm, n);
    put_imm(a, imm, n);
}

void xa_vex(struct xasm *a, uint32_t op, int w, int reg, int v, struct xrm rm, int imm)
{
    uint32_t r = !high(reg), x = !high(rm.index), map = (op >> 8) & 3u;
    uint32_t b = rm.reg >= 0 ? !high(rm.reg) : !high(rm.base);
    uint32_t last = (uint32_t)(~v & 15) << 3 | XO_PP(op);

    room(a);
    if (rm.gs)
        put8(a, 0x65);
    if (x && b && !w && map == 1) {
        put8(a, 0xc5);
        put8(a, r << 7 | last);
    } else {
        put8(a, 0xc4);
        put8(a, r << 7 | x << 6 | b << 5 | map);
        put8(a, (w ? 0x80u : 0u) | last);
    }
    put8(a, op & 0xff);
    a->p = modrm(a->p, a->rx, reg, &rm, imm >= 0);
    if (imm >= 0)
        put8(a, (uint32_t)imm);
}

/* ---- Common instructions ---------------------------------------------------------- */

void xa_mov(struct xasm *a, int w, int dst, int src)
{
    if (dst != src)
        xa_op(a, XO_MOV, w, dst, xr(src));
}

void xa_movi(struct xasm *a, int dst, uint64_t v)
{
    room(a);
    if (v == (uint32_t)v) { /* mov r32, imm32 */
        if (dst >= 8)
            put8(a, 0x41);
        put8(a, 0xb8u | (uint32_t)(dst & 7));
        put32(a, (uint32_t)v);
    } else if ((int64_t)v == (int32_t)v) {
        xa_opi(a, XO_MOV_I, 1, 0, xr(dst), (int32_t)v, 4);
    } else {
        put8(a, dst >= 8 ? 0x49 : 0x48);
        put8(a, 0xb8u | (uint32_t)(dst & 7));
        xa_u64(a, v);
    }
}

void xa_alu(struct xasm *a, int op, int w, int dst, struct xrm rm)
{
    xa_op(a, XO_ALU(op), w, dst, rm);
}

void xa_alui(struct xasm *a, int op, int w, struct xrm rm, int32_t imm)
{
    if (imm == (int8_t)imm)
        xa_opi(a, 0x83, w, op, rm, imm, 1);
    else
        xa_opi(a, 0x81, w, op, rm, imm, 4);
}

void xa_shift(struct xasm *a, int op, int w, struct xrm rm, uint32_t n)
{
    xa_opi(a, 0xc1, w, op, rm, (int32_t)n, 1);
}

void xa_setcc(struct xasm *a, int cc, int dst)
{
    xa_op(a, XO_SETCC + (uint32_t)cc, 0, 0, xr(dst));
}

void xa_push(struct xasm *a, int reg)
{
    room(a);
    if (reg >= 8)
        put8(a, 0x41);
    put8(a, 0x50u | (uint32_t)(reg & 7));
}

void xa_pop(struct xasm *a, int reg)
{
    room(a);
    if (reg >= 8)
        put8(a, 0x41);
    put8(a, 0x58u | (uint32_t)(reg & 7));
}

void xa_bswap(struct xasm *a, int w, int reg)
{
    room(a);
    if (w || reg >= 8)
        put8(a, 0x40u | (w ? 8u : 0u) | high(reg));
    put8(a, 0x0f);
    put8(a, 0xc8u | (uint32_t)(reg & 7));
}

void xa_byte(struct xasm *a, uint32_t b)
{
    room(a);
    put8(a, b);
}

void xa_u32(struct xasm *a, uint32_t v)
{
    room(a);
    put32(a, v);
}

void xa_u64(struct xasm *a, uint64_t v)
{
    room(a);
    memcpy(a->p, &v, 8);
    a->p += 8;
}

/* The multi-byte forms that SDM volume 2, NOP, recommends. */
void xa_nop(struct xasm *a, uint32_t n)
{
    static const uint8_t nops[9][9] = {
        {0x90},
        {0x66, 0x90},
        {0x0f, 0x1f, 0x00},
        {0x0f, 0x1f, 0x40, 0x00},
        {0x0f, 0x1f, 0x44, 0x00, 0x00},
        {0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00},
        {0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00},
        {0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
        {0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
    };

    while (n) {
        uint32_t k = n < 9 ? n : 9;
        room(a);
        memcpy(a->p, nops[k - 1], sizeof(nops[0]));
        a->p += k;
        n -= k;
    }
}

void xa_gsbase(struct xasm *a, int reg)
{
    xa_op(a, 0xae | XO_0F | XO_F3, 1, 3, xr(reg));
}

void xa_csr(struct xasm *a, int store, struct xrm m)
{
    xa_op(a, 0xae | XO_0F, 0, store ? 3 : 2, m);
}

/* ---- Jumps ------------------------------------------------------------------------ */

uint8_t *xa_jmp(struct xasm *a)
{
    room(a);
    put8(a, 0xe9);
    put32(a, 0);
    return a->p - 4;
}

uint8_t *xa_jcc(struct xasm *a, int cc)
{
    room(a);
    put8(a, 0x0f);
    put8(a, 0x80u | (uint32_t)cc);
    put32(a, 0);
    return a->p - 4;
}

uint8_t *xa_jcc8(struct xasm *a, int cc)
{
    room(a);
    put8(a, 0x70u | (uint32_t)cc);
    put8(a, 0);
    return a->p - 1;
}

void xa_patch(uint8_t *site, const uint8_t *target)
{
    int32_t d = (int32_t)(target - (site + 4));
    memcpy(site, &d, 4);
}

void xa_patch8(uint8_t *site, const uint8_t *target)
{
    ptrdiff_t d = target - (site + 1);
    *site = (uint8_t)d;
}

static void to(struct xasm *a, uint8_t *site, const uint8_t *rx)
{
    xa_patch(site, (const uint8_t *)((intptr_t)rx - a->rx));
}

void xa_jmp_to(struct xasm *a, const uint8_t *rx)
{
    to(a, xa_jmp(a), rx);
}

void xa_jcc_to(struct xasm *a, int cc, const uint8_t *rx)
{
    to(a, xa_jcc(a, cc), rx);
}

void xa_call_to(struct xasm *a, const uint8_t *rx)
{
    room(a);
    put8(a, 0xe8);
    put32(a, 0);
    to(a, a->p - 4, rx);
}
