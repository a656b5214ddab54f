/* SPDX-License-Identifier: MIT */
/* regs.c - the control region of an interrupt domain.
 * The RISC-V Advanced Interrupt Architecture 1.0, 4.5 (registers), 4.8.1 (delivery to harts). */
#include "aplic.h"

enum { R_DOMAINCFG, R_SOURCECFG, R_MSIADDRCFG, R_SETIP, R_SETIPNUM, R_IN_CLRIP, R_CLRIPNUM,
       R_SETIE, R_SETIENUM, R_CLRIE, R_CLRIENUM, R_SETIPNUM_LE, R_SETIPNUM_BE, R_GENMSI, R_TARGET,
       R_IDELIVERY, R_ITHRESHOLD, R_IFORCE, R_TOPI, R_CLAIMI };

#define IDC 0x4000u
#define IDC_SIZE 32u
#define LOCKED (1u << 31)

/* The hooks' `self`: offsets of harts are folded onto the first. */
struct access {
    struct aplic *a;
    uint32_t hart;
};

/* ---- Reading ----------------------------------------------------------------------------- */

static uint64_t inputs(struct aplic *a, uint32_t w)
{
    uint32_t v = 0;

    for (uint32_t b = 0; b < 32; b++)
        v |= (uint32_t)aplic_input(a, w * 32 + b) << b;
    return v;
}

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    struct access *x = self;
    struct aplic *a = x->a;

    switch (r->id) {
    case R_DOMAINCFG:
        return 0x80000000u | a->domaincfg | a->msimode << 2;
    case R_SOURCECFG:
        return a->sourcecfg[i + 1];
    case R_MSIADDRCFG:
        return a->parent ? 0 : a->msiaddrcfg[i];
    case R_SETIP:
        return a->ip[i];
    case R_IN_CLRIP:
        return inputs(a, i);
    case R_SETIE:
        return a->ie[i];
    case R_GENMSI:
        return a->genmsi;
    case R_TARGET:
        return a->target[i + 1];
    case R_IDELIVERY:
        return a->idc[x->hart].idelivery;
    case R_IFORCE:
        return a->idc[x->hart].iforce;
    case R_ITHRESHOLD:
        return a->idc[x->hart].ithreshold;
    case R_TOPI:
        return aplic_topi(a, x->hart);
    case R_CLAIMI:
        return aplic_claim(a, x->hart);
    default:
        return 0;
    }
}

/* ---- Writing ----------------------------------------------------------------------------- */

/* Only the root's, and not once L is set, which locks all four (4.5.3, 4.5.4). */
static void write_msiaddrcfg(struct aplic *a, uint32_t i, uint32_t v)
{
    static const uint32_t mask[] = {0xffffffff, 0x9f77ffff, 0xffffffff, 0x00700fff};

    if (!a->parent && a->msimode && !(a->msiaddrcfg[1] & LOCKED))
        a->msiaddrcfg[i] = v & mask[i];
}

static uint32_t fit_target(const struct aplic *a, uint32_t v)
{
    uint32_t hart = v >> 18;

    if (hart >= a->n_harts)
        hart = 0; /* WLRL: an index that there is */
    if (!a->msimode)
        return hart << 18 | (v & a->prio_mask ? v & a->prio_mask : 1);
    return hart << 18 | (v & (a->parent ? 0x3f7ff : 0x7ff)); /* machine level has no guests */
}

static void write_word(struct aplic *a, const struct pb_reg *r, uint32_t i, uint32_t v)
{
    for (; v; v &= v - 1) {
        uint32_t n = i * 32 + (uint32_t)__builtin_ctz(v);
        if (r->id == R_SETIP || r->id == R_IN_CLRIP)
            aplic_set_pending(a, n, r->id == R_SETIP);
        else
            aplic_set_enabled(a, n, r->id == R_SETIE);
    }
}

static void write_number(struct aplic *a, const struct pb_reg *r, uint32_t n)
{
    if (r->id == R_SETIENUM || r->id == R_CLRIENUM)
        aplic_set_enabled(a, n, r->id == R_SETIENUM);
    else
        aplic_set_pending(a, n, r->id != R_CLRIPNUM);
}

static void write_idc(struct aplic *a, const struct pb_reg *r, uint32_t hart, uint32_t v)
{
    struct idc *c = &a->idc[hart];

    if (r->id == R_IDELIVERY)
        c->idelivery = v & 1;
    else if (r->id == R_IFORCE)
        c->iforce = v & 1;
    else if (r->id == R_ITHRESHOLD)
        c->ithreshold = v & a->prio_mask;
    aplic_drive(a, hart);
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t val)
{
    struct access *x = self;
    struct aplic *a = x->a;
    uint32_t v = (uint32_t)val;

    switch (r->id) {
    case R_DOMAINCFG:
        a->domaincfg = v & DOMAINCFG_IE;
        aplic_deliver(a);
        break;
    case R_SOURCECFG:
        aplic_configure(a, i + 1, v);
        break;
    case R_MSIADDRCFG:
        write_msiaddrcfg(a, i, v);
        break;
    case R_GENMSI:
        if (!a->msimode)
            break; /* read-only zero (4.5.15) */
        a->genmsi = fit_target(a, v) & ~0x3f000u;
        aplic_message(a, a->genmsi >> 18, 0, a->genmsi & 0x7ff);
        break;
    case R_TARGET:
        if (aplic_active(a, i + 1))
            a->target[i + 1] = fit_target(a, v);
        aplic_deliver(a);
        break;
    case R_SETIPNUM_BE:
        aplic_set_pending(a, __builtin_bswap32(v), 1);
        break;
    case R_SETIP: case R_IN_CLRIP: case R_SETIE: case R_CLRIE:
        write_word(a, r, i, v);
        break;
    case R_IDELIVERY: case R_IFORCE: case R_ITHRESHOLD: case R_TOPI: case R_CLAIMI:
        write_idc(a, r, x->hart, v);
        break;
    default:
        write_number(a, r, v);
    }
}

/* ---- The table ---------------------------------------------------------------------------- */

#define REG(n, o, cnt, sec, d) {.name = #n, .off = o, .width = 4, .access = PB_R_RW, \
    .mask = 0xffffffff, .id = R_##n, .count = cnt, .stride = 4, \
    .flags = PB_REG_HOOK_R | PB_REG_HOOK_W, .section = sec, .doc = d}
static const struct pb_reg regs[] = {
    REG(DOMAINCFG, 0x0000, 1, "4.5.1", "IE, and whether delivery is by messages"),
    REG(SOURCECFG, 0x0004, SOURCES - 1, "4.5.2", "mode of source n, or its delegation"),
    REG(MSIADDRCFG, 0x1bc0, 4, "4.5.3", "mmsiaddrcfg[h], smsiaddrcfg[h]: where messages go"),
    REG(SETIP, 0x1c00, WORDS, "4.5.5", "pending; write 1: becomes so"),
    REG(SETIPNUM, 0x1cdc, 1, "4.5.6", "number of one that becomes pending"),
    REG(IN_CLRIP, 0x1d00, WORDS, "4.5.7", "inputs; write 1: is not pending any more"),
    REG(CLRIPNUM, 0x1ddc, 1, "4.5.8", "number of one that is not"),
    REG(SETIE, 0x1e00, WORDS, "4.5.9", "enabled; write 1: becomes so"),
    REG(SETIENUM, 0x1edc, 1, "4.5.10", "number of one that is enabled"),
    REG(CLRIE, 0x1f00, WORDS, "4.5.11", "write 1: is not enabled any more"),
    REG(CLRIENUM, 0x1fdc, 1, "4.5.12", "number of one that is not"),
    REG(SETIPNUM_LE, 0x2000, 1, "4.5.13", "as setipnum"),
    REG(SETIPNUM_BE, 0x2004, 1, "4.5.14", "as setipnum, most significant byte first"),
    REG(GENMSI, 0x3000, 1, "4.5.15", "sends a message: hart, number"),
    REG(TARGET, 0x3004, SOURCES - 1, "4.5.16", "of source n: hart; priority, or guest and number"),
    REG(IDELIVERY, IDC, 1, "4.8.1.1", "of hart n, 32 bytes apart: is interrupted at all"),
    REG(IFORCE, IDC + 0x04, 1, "4.8.1.2", "is interrupted for nothing"),
    REG(ITHRESHOLD, IDC + 0x08, 1, "4.8.1.3", "priorities from here on do not interrupt"),
    REG(TOPI, IDC + 0x18, 1, "4.8.1.4", "source << 16 | priority of the first"),
    REG(CLAIMI, IDC + 0x1c, 1, "4.8.1.5", "the same; reading takes it"),
};
const struct pb_regs aplic_regs = {sizeof aplic_regs, sizeof regs / sizeof *regs, regs,
                                   "riscv-aplic", reg_read, reg_write};

/* Folds the hart out of the offset; 0 where there is nothing: reads zero (4.5). */
static int fold(const struct aplic *a, uint64_t *off, uint32_t *hart)
{
    *hart = 0;
    if (*off < IDC)
        return 1;
    uint64_t n = (*off - IDC) / IDC_SIZE;
    *off = IDC + *off % IDC_SIZE;
    *hart = (uint32_t)n;
    return n < a->n_harts && !a->msimode;
}

/* What lies between the registers reads zero, and writes to it are ignored. */
static int known(uint64_t off)
{
    for (size_t i = 0; i < sizeof regs / sizeof *regs; i++) {
        if (off >= regs[i].off && off < regs[i].off + 4ull * regs[i].count)
            return 1;
    }
    return 0;
}

uint64_t aplic_read(void *self, uint64_t off, uint32_t bytes)
{
    struct access x = {self, 0};
    struct aplic *root = aplic_root(self);

    if (!fold(self, &off, &x.hart) || !known(off))
        return 0;
    pthread_mutex_lock(&root->lock);
    uint64_t v = pb_regs_read(&aplic_regs, &x, x.a->h, x.a->dev, off, bytes);
    pthread_mutex_unlock(&root->lock);
    return v;
}

void aplic_write(void *self, uint64_t off, uint64_t v, uint32_t bytes)
{
    struct access x = {self, 0};
    struct aplic *root = aplic_root(self);

    if (!fold(self, &off, &x.hart) || !known(off))
        return;
    pthread_mutex_lock(&root->lock);
    pb_regs_write(&aplic_regs, &x, x.a->h, x.a->dev, off, v, bytes);
    pthread_mutex_unlock(&root->lock);
}
