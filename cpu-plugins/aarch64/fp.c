/* SPDX-License-Identifier: MIT */
/* fp.c - FPCR and FPSR (DDI 0487: C5.2.8, C5.2.10).
 *
 * The cumulative flags live in the engine (x.fp_flags, the host's MXCSR), QC in its slot. The
 * rounding mode is the engine's too; all control bits are in the mode word.
 */
#include "aarch64.h"

#include "soft/soft.h"

#define FPSR_QC (1ull << 27)

uint64_t a64_fpsr(struct a64 *c)
{
    uint32_t f = xl_fp_flags(&c->x);
    uint64_t v = c->qc.d[0] | c->qc.d[1] | c->qc_helper ? FPSR_QC : 0;
    v |= (f & SF_NV ? 1u : 0) | (f & SF_DZ ? 2u : 0) | (f & SF_OF ? 4u : 0) |
         (f & SF_UF ? 8u : 0) | (f & SF_NX ? 16u : 0) | (f & SF_ID ? 128u : 0);
    return v;
}

void a64_set_fpsr(struct a64 *c, uint64_t v)
{
    uint32_t f = (v & 1 ? SF_NV : 0) | (v & 2 ? SF_DZ : 0) | (v & 4 ? SF_OF : 0) |
                 (v & 8 ? SF_UF : 0) | (v & 16 ? SF_NX : 0) | (v & 128 ? SF_ID : 0);
    c->qc = (struct a64_v){{0}};
    c->qc_helper = (v & FPSR_QC) != 0;
    xl_fp_set_flags(&c->x, f);
}

void a64_set_fpcr(struct a64 *c, uint64_t v)
{
    static const uint8_t rm[] = {SF_RNE, SF_RUP, SF_RDN, SF_RTZ};
    uint64_t keep = 0x07c00000; /* AHP DN FZ RMode; trapped exceptions are not there */
    if (c->isa & A64_BIT(FP16))
        keep |= 1u << 19;
    c->fpcr = v & keep;
    xl_fp_set_rm(&c->x, rm[v >> 22 & 3]);
}
