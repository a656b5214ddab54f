/* SPDX-License-Identifier: MIT */
/* target.c - which host features may be used, and which guest slot lives in which register.
 *
 * Slots are pinned by rising rank, integer and floating point apart, until the registers are
 * used up. The order below puts callee-saved registers under both busy and less busy slots:
 * it does not matter which, the thunks save all that C could lose.
 */
#include "x86.h"

#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

/* The C library has asked the processor already. CPUID leaves a guest for its host: a dozen of
 * them, as the compiler's own inquiry makes, are a hundredth of the time of a short run. */
#if __has_include(<sys/platform/x86.h>)
#include <sys/platform/x86.h>
#define HAS(libc_name, gcc_name) CPU_FEATURE_ACTIVE(libc_name)
#else
#define HAS(libc_name, gcc_name) __builtin_cpu_supports(gcc_name)
#endif

#ifndef HWCAP2_FSGSBASE
#define HWCAP2_FSGSBASE 2
#endif

uint32_t xl_x86_hide_features;

static const int8_t gpr_pins[] = {RBX, RSI, RDI, R12, R13, R14, R15, R8, R9, R10};
#define N_GPR_PINS 10
#define N_XMM_PINS 10

static uint32_t find_features(void)
{
    uint32_t f = 0;

    if (HAS(BMI1, "bmi"))
        f |= XF_BMI1;
    if (HAS(BMI2, "bmi2"))
        f |= XF_BMI2;
    if (HAS(BMI1, "bmi") && HAS(AVX2, "avx2"))
        f |= XF_LZCNT; /* no host has AVX2 without it; gcc 12 cannot ask for it by name */
    if (HAS(POPCNT, "popcnt"))
        f |= XF_POPCNT;
    if (HAS(SSE4_1, "sse4.1"))
        f |= XF_SSE41;
    if (HAS(AVX, "avx"))
        f |= XF_AVX;
    if (HAS(AVX, "avx") && HAS(FMA, "fma"))
        f |= XF_FMA;
    if (HAS(PCLMULQDQ, "pclmul"))
        f |= XF_PCLMUL;
    if (HAS(AVX2, "avx2"))
        f |= XF_AVX2;
    if (HAS(AES, "aes"))
        f |= XF_AES;
    if (getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE)
        f |= XF_GS;
    f &= ~xl_x86_hide_features;
    if (!(f & XF_AVX))
        f &= ~(uint32_t)(XF_FMA | XF_AVX2);
    if (!(f & XF_AVX2))
        f &= ~(uint32_t)XF_AES;
    return f;
}

static int is_float(uint32_t type)
{
    return type == XL_F32 || type == XL_F64 || type == XL_V128;
}

/* The slot of lowest rank, beyond `after`, of a class; UINT32_MAX: none. */
static uint32_t next_slot(const struct xl_guest *g, int fp, uint32_t *rank, uint32_t after)
{
    uint32_t best = UINT32_MAX;

    for (uint32_t i = 0; i < g->n_slots; i++) {
        const struct xl_slot *s = &g->slots[i];

        if (s->rank == 0 || s->type > XL_V128 || is_float(s->type) != fp)
            continue;
        if (s->rank < *rank || (s->rank == *rank && i <= after && after != UINT32_MAX))
            continue;
        if (best == UINT32_MAX || s->rank < g->slots[best].rank)
            best = i;
    }
    if (best != UINT32_MAX)
        *rank = g->slots[best].rank;
    return best;
}

static void pin(struct x86_target *t, const struct xl_guest *g, int fp, uint32_t n)
{
    uint32_t rank = 1, slot = UINT32_MAX;

    for (uint32_t i = 0; i < n; i++) {
        struct x86_pin *p = &t->pin[t->n_pins];

        slot = next_slot(g, fp, &rank, slot);
        if (slot == UINT32_MAX)
            return;
        p->slot = (uint16_t)slot;
        p->reg = fp ? (int8_t)XMM(i) : gpr_pins[i];
        p->type = g->slots[slot].type;
        p->off = SOFF(&g->slots[slot]);
        t->slot_reg[slot] = p->reg;
        t->pinned |= BIT(p->reg);
        t->halves |= p->type == XL_F32 ? BIT(p->reg) : 0;
        t->shorts |= p->type == XL_F32 || p->type == XL_F64 ? BIT(p->reg) : 0;
        t->n_pins++;
    }
}

int x86_target_init(struct x86_target *t, const struct xl_guest *g, uint32_t direct)
{
    memset(t, 0, sizeof(*t));
    t->features = find_features();
    t->ctx_reg = direct ? CTX_NONE : t->features & XF_GS ? CTX_GS : CTX_R10;
    t->nan_rule = g->fp_nan_rule;
    t->tiny_before = g->fp_tininess == 1; /* SF_TINY_BEFORE */
    t->slot_reg = malloc(g->n_slots ? g->n_slots : 1);
    if (!t->slot_reg)
        return PB_ENOMEM;
    memset(t->slot_reg, -1, g->n_slots);
    for (uint32_t i = 0; i < g->n_slots; i++)
        t->vectors |= g->slots[i].type == XL_V128;
    pin(t, g, 0, t->ctx_reg == CTX_R10 ? N_GPR_PINS - 1 : N_GPR_PINS);
    pin(t, g, 1, N_XMM_PINS);
    t->temps = ~t->pinned & ~(BIT(RSP) | BIT(RBP));
    if (t->ctx_reg == CTX_R10)
        t->temps &= ~BIT(R10);
    return PB_OK;
}

void x86_target_fini(struct x86_target *t)
{
    free(t->slot_reg);
    t->slot_reg = NULL;
}

/* A field of the current context, where there is a register for it. */
struct xrm x86_ctx(const struct x86_target *t, int index, int32_t off)
{
    if (t->ctx_reg == CTX_GS)
        return xmgs(index, off);
    return index < 0 ? xm(R10, off) : xmx(R10, index, 0, off);
}
