/* SPDX-License-Identifier: MIT */
/* sysreg.c - system registers of the CPU interface (PB_ARM_SYSREG).
 * IHI 0069H, 12.2 (ICC_*), 12.3 (ICV_*), 12.4 (ICH_*). System registers are always on: the
 * ICC_SRE_ELx registers read so and keep nothing. */
#include "gicv3.h"

#include <string.h>

#define NO(name, op1, crn, crm, op2) [S_##name] = PB_ARM_SYSREG_NO(3, op1, crn, crm, op2),
static const uint32_t number[S_COUNT] = {GICV3_SYSREGS(NO)};
#undef NO

static uint32_t find(uint32_t reg)
{
    for (uint32_t i = 0; i < S_COUNT; i++)
        if (number[i] == reg)
            return i;
    return S_COUNT;
}

static uint32_t ctlr(const struct cpu *c)
{
    return c->icc_ctlr | 4u << 8 | 1u << 15 | (c->g->n_cpus > 16 ? 1u << 18 : 0); /* A3V, RSS */
}

static int read_icc(struct cpu *c, uint32_t id, uint64_t *v)
{
    switch (id) {
    case S_ICC_PMR_EL1:
        *v = c->pmr;
        break;
    case S_ICC_IAR0_EL1:
    case S_ICC_IAR1_EL1:
        *v = gicv3_acknowledge(c, id == S_ICC_IAR1_EL1);
        break;
    case S_ICC_HPPIR0_EL1:
    case S_ICC_HPPIR1_EL1:
        *v = gicv3_hppi(c, id == S_ICC_HPPIR1_EL1);
        break;
    case S_ICC_BPR0_EL1:
        *v = c->bpr[0];
        break;
    case S_ICC_BPR1_EL1:
        *v = c->icc_ctlr & CTLR_CBPR ? c->bpr[0] < 7 ? c->bpr[0] + 1 : 7 : c->bpr[1];
        break;
    case S_ICC_AP0R0_EL1:
    case S_ICC_AP1R0_EL1:
        *v = c->apr[id == S_ICC_AP1R0_EL1];
        break;
    case S_ICC_RPR_EL1:
        *v = gicv3_running(c->apr[0], c->apr[1]);
        *v = *v == IDLE ? 0xff : *v;
        break;
    case S_ICC_CTLR_EL1:
    case S_ICC_CTLR_EL3:
        *v = ctlr(c);
        break;
    case S_ICC_SRE_EL1:
        *v = 7;
        break;
    case S_ICC_SRE_EL2:
    case S_ICC_SRE_EL3:
        *v = 15;
        break;
    case S_ICC_IGRPEN0_EL1:
    case S_ICC_IGRPEN1_EL1:
        *v = c->enable[id == S_ICC_IGRPEN1_EL1];
        break;
    case S_ICC_IGRPEN1_EL3:
        *v = c->enable[1] * 3;
        break;
    default: /* write-only */
        return PB_ENOENT;
    }
    return PB_OK;
}

static uint32_t at_least(uint64_t v, uint32_t least)
{
    return (v & 7) < least ? least : v & 7;
}

static int write_icc(struct cpu *c, uint32_t id, uint64_t v)
{
    switch (id) {
    case S_ICC_PMR_EL1:
        c->pmr = v & PRIO_MASK;
        break;
    case S_ICC_EOIR0_EL1:
    case S_ICC_EOIR1_EL1:
        gicv3_end(c, id == S_ICC_EOIR1_EL1, v & 0xffffff);
        return PB_OK;
    case S_ICC_DIR_EL1:
        gicv3_deactivate(c, v & 0xffffff);
        return PB_OK;
    case S_ICC_BPR0_EL1:
        c->bpr[0] = at_least(v, MIN_BPR);
        break;
    case S_ICC_BPR1_EL1:
        if (!(c->icc_ctlr & CTLR_CBPR))
            c->bpr[1] = at_least(v, MIN_BPR + 1);
        break;
    case S_ICC_AP0R0_EL1:
    case S_ICC_AP1R0_EL1:
        c->apr[id == S_ICC_AP1R0_EL1] = (uint32_t)v;
        break;
    case S_ICC_SGI0R_EL1:
        gicv3_sgi(c, v, 0);
        return PB_OK;
    case S_ICC_SGI1R_EL1:
        gicv3_sgi(c, v, 1);
        return PB_OK;
    case S_ICC_ASGI1R_EL1: /* the other Security state's: there is none */
    case S_ICC_SRE_EL1:
    case S_ICC_SRE_EL2:
    case S_ICC_SRE_EL3:
        return PB_OK;
    case S_ICC_CTLR_EL1:
    case S_ICC_CTLR_EL3:
        c->icc_ctlr = v & (CTLR_CBPR | CTLR_EOIMODE);
        break;
    case S_ICC_IGRPEN0_EL1:
    case S_ICC_IGRPEN1_EL1:
        c->enable[id == S_ICC_IGRPEN1_EL1] = v & 1;
        break;
    case S_ICC_IGRPEN1_EL3:
        c->enable[1] = (v & 3) != 0;
        break;
    default: /* read-only */
        return PB_ENOENT;
    }
    gicv3_update(c);
    return PB_OK;
}

static int access(struct gicv3 *g, uint32_t cpu, uint32_t reg, uint32_t attrs, uint32_t write,
                  uint64_t *v)
{
    uint32_t id = find(reg);
    int rc;

    if (id == S_COUNT || cpu >= g->n_cpus)
        return PB_ENOENT;
    struct cpu *c = &g->cpu[cpu];
    pthread_mutex_lock(&g->lock);
    if (id >= S_ICH_AP0R0_EL2)
        rc = g->has_virt ? gicv3_ich(c, id, write, v) : PB_ENOENT;
    else if (attrs & PB_ARM_AT_VIRT && g->has_virt && (rc = gicv3_icv(c, id, write, v)) !=
                                                         PB_ENOENT)
        ;
    else
        rc = write ? write_icc(c, id, *v) : read_icc(c, id, v);
    pthread_mutex_unlock(&g->lock);
    return rc;
}

static int sys_read(void *self, uint32_t cpu, uint32_t reg, uint32_t attrs, uint64_t *v)
{
    *v = 0;
    return access(self, cpu, reg, attrs, 0, v);
}

static int sys_write(void *self, uint32_t cpu, uint32_t reg, uint32_t attrs, uint64_t v)
{
    return access(self, cpu, reg, attrs, 1, &v);
}

const struct pb_arm_sysreg gicv3_sysreg = {sizeof gicv3_sysreg, 0, sys_read, sys_write};
