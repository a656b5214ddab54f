/* SPDX-License-Identifier: MIT */
/* id.c - identification registers, from the model's constants and the features.
 * DDI 0487: D19.2 (ID_AA64*); the models' manuals (models.c), identification registers in each.
 *
 * Where a real core has AArch32 or big-endian data, the fields say that they are not there; the
 * AArch32 registers are zero.
 */
#include "except.h"
#include "sysreg.h"

struct identity {
    uint64_t midr, revidr, mmfr0, dfr0, clidr, ctr, ccsidr[3], pmcr;
    uint64_t csv; /* CSV2 and CSV3 of ID_AA64PFR0_EL1 */
};
#define CSV (0x11ull << 56) /* there is no speculation */

static const struct identity ids[A64_MODELS] = {
    /* cortex-a57 */
    {0x411fd070, 0, 0x1024, 0x10305006, 0x0a200023, 0x8444c004,
     {0x701fe00a, 0x201fe012, 0x70ffe07a}, 0x41010000, 0},
    /* cortex-a53 */
    {0x410fd034, 0, 0x1022, 0x10305006, 0x0a200023, 0x84448004,
     {0x700fe01a, 0x201fe00a, 0x707fe07a}, 0x41030000, 0},
    /* cortex-a72 */
    {0x410fd083, 0, 0x1024, 0x10305006, 0x0a200023, 0x8444c004,
     {0x701fe00a, 0x201fe012, 0x707fe07a}, 0x41020000, 0},
    /* max: implementer 0, for software */
    {0x000f0510, 0, 0x101025, 0x10305006, 0x0a200023, 0x8444c004,
     {0x701fe00a, 0x201fe012, 0x70ffe07a}, 0, CSV},
    /* cortex-a35 */
    {0x411fd040, 0, 0x101022, 0x10305006, 0x0a200023, 0x84448004,
     {0x700fe01a, 0x201fe00a, 0x703fe07a}, 0x410a0000, 0},
    /* cortex-a55 */
    {0x412fd050, 0, 0x101022, 0x10305006, 0x0a200023, 0x84448004,
     {0x700fe01a, 0x200fe01a, 0x703fe07a}, 0x41450000, 0},
    /* cortex-a76 */
    {0x414fd0b1, 0, 0x101022, 0x10305006, 0x0a200023, 0x8444c004,
     {0x701fe01a, 0x201fe01a, 0x707fe03a}, 0x410b0000, CSV},
    /* neoverse-n1 */
    {0x414fd0c1, 0, 0x101025, 0x10305006, 0x0a200023, 0x8444c004,
     {0x701fe01a, 0x201fe01a, 0x70ffe03a}, 0x410c0000, CSV},
};

static uint64_t put(const struct a64 *c, uint64_t feature, uint64_t value, uint32_t at)
{
    return c->isa & feature ? value << at : 0;
}

static uint64_t pfr0(const struct a64 *c)
{
    uint64_t v = 0x11 | put(c, A64_BIT(EL2), 1, 8) | put(c, A64_BIT(EL3), 1, 12);
    if (c->isa & A64_BIT(FP))
        v |= put(c, A64_BIT(FP16), 0x11, 16);
    else
        v |= 0xffull << 16;
    return v | ids[c->model].csv | (c->gic ? 1ull << 24 : 0);
}

static uint64_t isar0(const struct a64 *c)
{
    return put(c, A64_BIT(AES), 2, 4) | put(c, A64_BIT(SHA1), 1, 8) |
           (c->isa & A64_BIT(SHA512) ? 2ull << 12 : put(c, A64_BIT(SHA256), 1, 12)) |
           put(c, A64_BIT(CRC32), 1, 16) | put(c, A64_BIT(LSE), 2, 20) |
           put(c, A64_BIT(RDM), 1, 28) | put(c, A64_BIT(SHA3), 1, 32) |
           put(c, A64_BIT(SM3), 1, 36) | put(c, A64_BIT(SM4), 1, 40) |
           put(c, A64_BIT(DOTPROD), 1, 44) | put(c, A64_BIT(FHM), 1, 48) |
           (c->isa & A64_BIT(FLAGM2) ? 2ull << 52 : put(c, A64_BIT(FLAGM), 1, 52)) |
           (c->isa & A64_BIT(TLBIR) ? 2ull << 56 : put(c, A64_BIT(TLBIOS), 1, 56)) |
           put(c, A64_BIT(RNG), 1, 60);
}

/* The algorithm of pointer authentication is our own: API and GPI. */
static uint64_t isar1(const struct a64 *c)
{
    return put(c, A64_BIT(DPB), 1, 0) | put(c, A64_BIT(PAUTH), 1, 8) |
           put(c, A64_BIT(JSCVT), 1, 12) | put(c, A64_BIT(FCMA), 1, 16) |
           (c->isa & A64_BIT(LRCPC2) ? 2ull << 20 : put(c, A64_BIT(LRCPC), 1, 20)) |
           put(c, A64_BIT(PAUTH), 1, 28) | put(c, A64_BIT(FRINTTS), 1, 32) |
           put(c, A64_BIT(SB), 1, 36);
}

static uint64_t mmfr1(const struct a64 *c)
{
    return put(c, A64_BIT(HAFDBS), 2, 0) | put(c, A64_BIT(VMID16), 2, 4) |
           put(c, A64_BIT(VHE), 1, 8) | put(c, A64_BIT(HPDS), 1, 12) |
           put(c, A64_BIT(LOR), 1, 16) |
           (c->isa & A64_BIT(PAN2) ? 2ull << 20 : put(c, A64_BIT(PAN), 1, 20)) |
           put(c, A64_BIT(XNX), 1, 28);
}

uint64_t a64_mmfr0(const struct a64 *c)
{
    return ids[c->model].mmfr0;
}

void a64_id_init(struct a64 *c)
{
    const struct identity *m = &ids[c->model];
    uint64_t *r = c->sr;
    r[SR_MIDR_EL1] = m->midr;
    r[SR_REVIDR_EL1] = m->revidr;
    r[SR_MPIDR_EL1] = c->mpidr;
    r[SR_ID_AA64PFR0_EL1] = pfr0(c);
    r[SR_ID_AA64PFR1_EL1] = put(c, A64_BIT(SSBS), 2, 4);
    r[SR_ID_AA64DFR0_EL1] = m->dfr0 | put(c, A64_BIT(PMU), 1, 8);
    r[SR_ID_AA64ISAR0_EL1] = isar0(c);
    r[SR_ID_AA64ISAR1_EL1] = isar1(c);
    r[SR_ID_AA64MMFR0_EL1] = a64_mmfr0(c);
    r[SR_ID_AA64MMFR1_EL1] = mmfr1(c);
    r[SR_ID_AA64MMFR2_EL1] = put(c, A64_BIT(UAO), 1, 4) | put(c, A64_BIT(E0PD), 1, 60);
    r[SR_CLIDR_EL1] = m->clidr;
    r[SR_CTR_EL0] = m->ctr;
    r[SR_DCZID_EL0] = 4; /* 64 bytes */
    r[SR_PMCR_EL0] |= m->pmcr;
    r[SR_PMCEID0_EL0] = 1 | 1u << 0x11 | 1u << 0x1e; /* SW_INCR, CPU_CYCLES, CHAIN */
    r[SR_RVBAR_EL1] = r[SR_RVBAR_EL2] = r[SR_RVBAR_EL3] = c->reset_pc;
    for (uint32_t i = 0; i < 3; i++)
        c->ccsidr[i] = m->ccsidr[i];
}

/* Linux, arch/arm64 documentation, cpu-feature-registers: what user programs get to see. */
uint64_t a64_id_user(const struct a64 *c, uint32_t id)
{
    switch (id) {
    case SR_MIDR_EL1: return c->sr[id];
    case SR_MPIDR_EL1: return 1ull << 31;
    case SR_REVIDR_EL1: return 0;
    case SR_ID_AA64PFR0_EL1: return (c->sr[id] & 0xff0000) | 0x11;
    case SR_ID_AA64ISAR0_EL1:
    case SR_ID_AA64ISAR1_EL1:
    case SR_ID_AA64PFR1_EL1: return c->sr[id];
    default: return 0;
    }
}
