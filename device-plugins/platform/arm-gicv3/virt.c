/* SPDX-License-Identifier: MIT */
/* virt.c - the virtual CPU interface: list registers that a hypervisor fills (ICH_*), and what
 * its guest sees of them (ICV_*, under the names ICC_*).
 * IHI 0069H, chapter 6; 12.3, 12.4. The maintenance interrupt is the CPU's INTID 25. */
#include "gicv3.h"

#define MAINTENANCE 25u
#define LR_PENDING (1ull << 62)
#define LR_ACTIVE (1ull << 63)
#define LR_STATE (LR_PENDING | LR_ACTIVE)
#define LR_HW (1ull << 61)
#define LR_EOI (1ull << 41)
enum { HCR_EN = 1, HCR_UIE = 2, HCR_LRENPIE = 4, HCR_NPIE = 8, HCR_MASK = 0x7cff };

static uint32_t lr_prio(uint64_t lr)
{
    return lr >> 48 & PRIO_MASK;
}

static uint32_t lr_group(uint64_t lr)
{
    return lr >> 60 & 1;
}

/* ---- State of the list registers (6.3) ------------------------------------------------- */

static uint32_t eisr(const struct cpu *c)
{
    uint32_t v = 0;

    for (uint32_t i = 0; i < LRS; i++)
        v |= (uint32_t)(!(c->lr[i] & (LR_STATE | LR_HW)) && c->lr[i] & LR_EOI) << i;
    return v;
}

static uint32_t elrsr(const struct cpu *c)
{
    uint32_t v = 0;

    for (uint32_t i = 0; i < LRS; i++)
        v |= (uint32_t)(!(c->lr[i] & LR_STATE) && (c->lr[i] & LR_HW || !(c->lr[i] & LR_EOI))) << i;
    return v;
}

static uint32_t misr(const struct cpu *c)
{
    uint32_t used = 0, pending = 0, v = eisr(c) ? 1 : 0;

    for (uint32_t i = 0; i < LRS; i++) {
        used += (c->lr[i] & LR_STATE) != 0;
        pending += (c->lr[i] & LR_STATE) == LR_PENDING;
    }
    v |= c->hcr & HCR_UIE && used <= 1 ? 2 : 0;
    v |= c->hcr & HCR_LRENPIE && c->hcr >> 27 ? 4 : 0;
    v |= c->hcr & HCR_NPIE && !pending ? 8 : 0;
    for (uint32_t k = 0; k < 2; k++) { /* enabled, disabled; for each group */
        v |= c->hcr >> (4 + 2 * k) & 1 && c->venable[k] ? 16u << 2 * k : 0;
        v |= c->hcr >> (5 + 2 * k) & 1 && !c->venable[k] ? 32u << 2 * k : 0;
    }
    return v;
}

static uint32_t vmask(const struct cpu *c, uint32_t group)
{
    return group && !(c->vctlr & CTLR_CBPR) ? ~0u << c->vbpr[1] & 0xff
                                            : ~0u << (c->vbpr[0] + 1) & 0xff;
}

/* The pending list register of the highest priority; LRS: none. */
static uint32_t best(const struct cpu *c)
{
    uint32_t found = LRS, floor = IDLE;

    for (uint32_t i = 0; c->hcr & HCR_EN && i < LRS; i++) {
        uint64_t lr = c->lr[i];
        if ((lr & LR_STATE) == LR_PENDING && c->venable[lr_group(lr)] && lr_prio(lr) < floor) {
            floor = lr_prio(lr);
            found = i;
        }
    }
    return found;
}

static uint32_t candidate(const struct cpu *c)
{
    uint32_t i = best(c);

    if (i == LRS)
        return i;
    uint32_t mask = vmask(c, lr_group(c->lr[i])), prio = lr_prio(c->lr[i]);
    uint32_t run = gicv3_running(c->vapr[0], c->vapr[1]);
    return prio >= c->vpmr || (prio & mask) >= (run & (mask | IDLE)) ? LRS : i;
}

void gicv3_virt_update(struct cpu *c)
{
    uint32_t i = candidate(c), on = i < LRS;

    pb_line_set(c->vfiq, on && !lr_group(c->lr[i % LRS]));
    pb_line_set(c->virq, on && lr_group(c->lr[i % LRS]));
    gicv3_ppi(c, MAINTENANCE, c->hcr & HCR_EN && misr(c));
}

/* ---- The guest's side -------------------------------------------------------------------- */

static uint32_t acknowledge(struct cpu *c, uint32_t group)
{
    uint32_t i = candidate(c);

    if (i == LRS || lr_group(c->lr[i]) != group)
        return SPURIOUS;
    uint32_t intid = (uint32_t)c->lr[i];
    c->vapr[group] |= 1u << ((lr_prio(c->lr[i]) & vmask(c, group)) >> 3);
    c->lr[i] &= ~LR_PENDING;
    if (intid < FIRST_LPI)
        c->lr[i] |= LR_ACTIVE;
    return intid;
}

static void deactivate(struct cpu *c, uint32_t intid)
{
    for (uint32_t i = 0; i < LRS; i++) {
        if ((uint32_t)c->lr[i] != intid || !(c->lr[i] & LR_ACTIVE))
            continue;
        c->lr[i] &= ~LR_ACTIVE;
        if (c->lr[i] & LR_HW && (c->lr[i] >> 32 & 0x1fff) < INTIDS)
            gicv3_deactivate(c, c->lr[i] >> 32 & 0x1fff, PB_ARM_AT_SECURE);
        return;
    }
    if (c->hcr & HCR_EN) /* EOIcount (12.4.3) */
        c->hcr += 1u << 27;
}

static void end(struct cpu *c, uint32_t group, uint32_t intid)
{
    uint32_t had = c->vapr[group];

    if (intid >= INTIDS && intid < FIRST_LPI)
        return;
    c->vapr[group] &= c->vapr[group] - 1;
    if (!(c->vctlr & CTLR_EOIMODE) && had && intid < FIRST_LPI)
        deactivate(c, intid);
}

static int icv_read(struct cpu *c, uint32_t id, uint64_t *v)
{
    uint32_t i;

    switch (id) {
    case S_ICC_PMR_EL1:
        *v = c->vpmr;
        break;
    case S_ICC_IAR0_EL1:
    case S_ICC_IAR1_EL1:
        *v = acknowledge(c, id == S_ICC_IAR1_EL1);
        gicv3_virt_update(c);
        break;
    case S_ICC_HPPIR0_EL1:
    case S_ICC_HPPIR1_EL1:
        i = best(c);
        *v = i < LRS && lr_group(c->lr[i]) == (id == S_ICC_HPPIR1_EL1) ? (uint32_t)c->lr[i]
                                                                         : SPURIOUS;
        break;
    case S_ICC_BPR0_EL1:
        *v = c->vbpr[0];
        break;
    case S_ICC_BPR1_EL1:
        *v = c->vctlr & CTLR_CBPR ? c->vbpr[0] < 7 ? c->vbpr[0] + 1 : 7 : c->vbpr[1];
        break;
    case S_ICC_AP0R0_EL1:
    case S_ICC_AP1R0_EL1:
        *v = c->vapr[id == S_ICC_AP1R0_EL1];
        break;
    case S_ICC_RPR_EL1:
        *v = gicv3_running(c->vapr[0], c->vapr[1]);
        *v = *v == IDLE ? 0xff : *v;
        break;
    case S_ICC_CTLR_EL1:
        *v = c->vctlr | 4u << 8 | 1u << 15;
        break;
    case S_ICC_IGRPEN0_EL1:
    case S_ICC_IGRPEN1_EL1:
        *v = c->venable[id == S_ICC_IGRPEN1_EL1];
        break;
    default:
        return PB_ENOENT;
    }
    return PB_OK;
}

static uint32_t at_least(uint64_t v, uint32_t least)
{
    return (v & 7) < least ? least : v & 7;
}

static int icv_write(struct cpu *c, uint32_t id, uint64_t v)
{
    switch (id) {
    case S_ICC_PMR_EL1:
        c->vpmr = v & PRIO_MASK;
        break;
    case S_ICC_EOIR0_EL1:
    case S_ICC_EOIR1_EL1:
        end(c, id == S_ICC_EOIR1_EL1, v & 0xffffff);
        break;
    case S_ICC_DIR_EL1:
        deactivate(c, v & 0xffffff);
        break;
    case S_ICC_BPR0_EL1:
        c->vbpr[0] = at_least(v, MIN_BPR);
        break;
    case S_ICC_BPR1_EL1:
        if (!(c->vctlr & CTLR_CBPR))
            c->vbpr[1] = at_least(v, MIN_BPR + 1);
        break;
    case S_ICC_AP0R0_EL1:
    case S_ICC_AP1R0_EL1:
        c->vapr[id == S_ICC_AP1R0_EL1] = (uint32_t)v;
        break;
    case S_ICC_CTLR_EL1:
        c->vctlr = v & (CTLR_CBPR | CTLR_EOIMODE);
        break;
    case S_ICC_IGRPEN0_EL1:
    case S_ICC_IGRPEN1_EL1:
        c->venable[id == S_ICC_IGRPEN1_EL1] = v & 1;
        break;
    default:
        return PB_ENOENT;
    }
    gicv3_virt_update(c);
    return PB_OK;
}

int gicv3_icv(struct cpu *c, uint32_t id, uint32_t write, uint64_t *v)
{
    return write ? icv_write(c, id, *v) : icv_read(c, id, v);
}

/* ---- The hypervisor's side --------------------------------------------------------------- */

static uint32_t read_vmcr(const struct cpu *c)
{
    return c->venable[0] | c->venable[1] << 1 | 1u << 3 | (c->vctlr & CTLR_CBPR) << 4 |
           (c->vctlr & CTLR_EOIMODE) << 8 | c->vbpr[1] << 18 | c->vbpr[0] << 21 | c->vpmr << 24;
}

static void write_vmcr(struct cpu *c, uint64_t v)
{
    c->venable[0] = v & 1;
    c->venable[1] = v >> 1 & 1;
    c->vctlr = (v >> 4 & CTLR_CBPR) | (v >> 8 & CTLR_EOIMODE);
    c->vbpr[1] = at_least(v >> 18, MIN_BPR + 1);
    c->vbpr[0] = at_least(v >> 21, MIN_BPR);
    c->vpmr = v >> 24 & PRIO_MASK;
}

static int ich_read(struct cpu *c, uint32_t id, uint64_t *v)
{
    if (id >= S_ICH_LR0_EL2) {
        *v = c->lr[id - S_ICH_LR0_EL2];
        return PB_OK;
    }
    switch (id) {
    case S_ICH_AP0R0_EL2:
    case S_ICH_AP1R0_EL2:
        *v = c->vapr[id == S_ICH_AP1R0_EL2];
        break;
    case S_ICH_HCR_EL2:
        *v = c->hcr;
        break;
    case S_ICH_VTR_EL2: /* five bits of priority and preemption, A3V, no direct injection */
        *v = (LRS - 1) | 1u << 20 | 1u << 21 | 4u << 26 | 4u << 29;
        break;
    case S_ICH_MISR_EL2:
        *v = misr(c);
        break;
    case S_ICH_EISR_EL2:
        *v = eisr(c);
        break;
    case S_ICH_ELRSR_EL2:
        *v = elrsr(c);
        break;
    default:
        *v = read_vmcr(c);
    }
    return PB_OK;
}

static int ich_write(struct cpu *c, uint32_t id, uint64_t v)
{
    if (id >= S_ICH_LR0_EL2) {
        c->lr[id - S_ICH_LR0_EL2] = v & 0xf0ff1fffffffffff; /* bits 59:56, 47:45: RES0 */
    } else if (id == S_ICH_AP0R0_EL2 || id == S_ICH_AP1R0_EL2) {
        c->vapr[id == S_ICH_AP1R0_EL2] = (uint32_t)v;
    } else if (id == S_ICH_HCR_EL2) {
        c->hcr = v & (HCR_MASK | 0xf8000000);
    } else if (id == S_ICH_VMCR_EL2) {
        write_vmcr(c, v);
    } else {
        return PB_ENOENT; /* read-only */
    }
    gicv3_virt_update(c);
    return PB_OK;
}

int gicv3_ich(struct cpu *c, uint32_t id, uint32_t write, uint64_t *v)
{
    return write ? ich_write(c, id, *v) : ich_read(c, id, v);
}
