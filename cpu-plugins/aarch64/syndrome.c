/* SPDX-License-Identifier: MIT */
/* syndrome.c - what a data abort of stage 2 says of its instruction, so that a hypervisor can do
 * the access in its place.
 * Arm DDI 0487, D19.2.37 (ESR_ELx, ISS of a data abort): ISV, SAS, SSE, SRT, SF, AR. It is so for
 * loads and stores of one general register that write no address back; C4.1.94 has their encodings.
 *
 * Not modelled: ISV for the loads and stores of FEAT_LRCPC2.
 */
#include "except.h"

#define ISV (1u << 24)
#define SSE (1u << 21)
#define SF (1u << 15)
#define AR (1u << 14)

/* opc: 0 store, 1 load, 2 and 3 load and extend the sign to 64 and 32 bits. */
static uint32_t single(uint32_t size, uint32_t opc, uint32_t rt)
{
    uint32_t wide = opc == 2 || (opc < 2 && size == 3);

    if (size == 3 && opc == 2) /* a prefetch */
        return 0;
    return ISV | size << 22 | (opc >= 2 ? SSE : 0) | rt << 16 | (wide ? SF : 0);
}

uint32_t a64_reads_and_writes(uint32_t insn)
{
    return (insn & 0x3f200c00) == 0x38200000 || /* LDADD to LDUMIN, SWP (and LDAPR, a load) */
           (insn & 0x3fa07c00) == 0x08a07c00 || /* CAS */
           (insn & 0xbfa07c00) == 0x08207c00;   /* CASP */
}

uint32_t a64_access_syndrome(uint32_t insn)
{
    uint32_t size = insn >> 30, opc = insn >> 22 & 3, rt = insn & 31;

    if ((insn & 0x3f000000) == 0x39000000 ||           /* unsigned offset */
        (insn & 0x3f200400) == 0x38000000 ||           /* unscaled, unprivileged */
        (insn & 0x3f200c00) == 0x38200800)             /* register offset */
        return single(size, opc, rt);
    if ((insn & 0x3fa00000) == 0x08800000 ||           /* LDAR, STLR, LDLAR, STLLR */
        (insn & 0x3ffffc00) == 0x38bfc000)             /* LDAPR */
        return single(size, 0, rt) | AR;
    if ((insn & 0x3f000000) == 0x18000000 && size < 3) /* literal: W, X, SW */
        return single(size == 1 ? 3 : 2, size == 2 ? 2 : 1, rt);
    return 0;
}
