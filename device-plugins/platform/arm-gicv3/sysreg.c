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

#define CTLR_FACTS(c) (4u << 8 | 1u << 15 | ((c)->g->n_cpus > 16 ? 1u << 18 : 0)) /* A3V, RSS */

/* ICC_CTLR_EL3 (12.2.7): the bits of both states' ICC_CTLR_EL1, and an EOImode of its own. */
static uint32_t read_ctlr3(const struct cpu *c)
{
    uint32_t s = c->icc_ctlr[GROUP1S], ns = c->icc_ctlr[GROUP1];

    return (s & CTLR_CBPR) | (ns & CTLR_CBPR) << 1 | (c->icc_ctlr[0] & CTLR_EOIMODE) << 1 |
           (s & CTLR_EOIMODE) << 2 | (ns & CTLR_EOIMODE) << 3 | CTLR_FACTS(c);
}

static void write_ctlr3(struct cpu *c, uint64_t v)
{
    c->icc_ctlr[0] = v >> 1 & CTLR_EOIMODE;
    c->icc_ctlr[GROUP1S] = (v & CTLR_CBPR) | (v >> 2 & CTLR_EOIMODE);
    c->icc_ctlr[GROUP1] = (v >> 1 & CTLR_CBPR) | (v >> 3 & CTLR_EOIMODE);
}

/* Does the access see priorities as Non-secure software does: when EL3 takes FIQs (4.8.1)? */
static uint32_t ns_view(const struct cpu *c, uint32_t at)
{
    return !c->g->ds && !(at & PB_ARM_AT_SECURE) && at & PB_ARM_AT_FIQ;
}

static uint32_t running(const struct cpu *c, uint32_t at)
{
    uint32_t v = gicv3_running(c->apr[0], c->apr[1] | c->apr[2]);

    return v == IDLE ? 0xff : ns_view(c, at) ? ns_shows(v) : v;
}

static void write_pmr(struct cpu *c, uint64_t v, uint32_t at)
{
    if (!ns_view(c, at))
        c->pmr = v & PRIO_MASK;
    else if (c->pmr & 0x80) /* else it masks Non-secure interrupts, which is not theirs to change */
        c->pmr = ns_means((uint32_t)v);
}

static uint32_t at_least(uint64_t v, uint32_t least)
{
    return (v & 7) < least ? least : v & 7;
}

/* ICC_BPR1_EL1 (12.2.5), where one binary point may serve both groups. */
static uint32_t read_bpr1(const struct cpu *c, uint32_t bank)
{
    if (!(c->icc_ctlr[bank] & CTLR_CBPR))
        return c->bpr[bank];
    return bank == GROUP1S ? c->bpr[0] : c->bpr[0] < 7 ? c->bpr[0] + 1 : 7;
}

static void write_bpr1(struct cpu *c, uint32_t bank, uint64_t v)
{
    uint32_t common = c->icc_ctlr[bank] & CTLR_CBPR;

    if (bank == GROUP1S)
        c->bpr[common ? 0 : GROUP1S] = at_least(v, MIN_BPR);
    else if (!common)
        c->bpr[GROUP1] = at_least(v, MIN_BPR + 1);
}

static int read_icc(struct cpu *c, uint32_t id, uint32_t at, uint64_t *v)
{
    uint32_t bank = gicv3_bank(c, at);

    switch (id) {
    case S_ICC_PMR_EL1:
        *v = ns_view(c, at) ? ns_shows(c->pmr) : c->pmr;
        break;
    case S_ICC_IAR0_EL1:
    case S_ICC_IAR1_EL1:
        *v = gicv3_acknowledge(c, id == S_ICC_IAR1_EL1, at);
        break;
    case S_ICC_HPPIR0_EL1:
    case S_ICC_HPPIR1_EL1:
        *v = gicv3_hppi(c, id == S_ICC_HPPIR1_EL1, at);
        break;
    case S_ICC_BPR0_EL1:
        *v = c->bpr[0];
        break;
    case S_ICC_BPR1_EL1:
        *v = read_bpr1(c, bank);
        break;
    case S_ICC_AP0R0_EL1:
        *v = c->apr[0];
        break;
    case S_ICC_AP1R0_EL1:
        *v = c->apr[bank];
        break;
    case S_ICC_RPR_EL1:
        *v = running(c, at);
        break;
    case S_ICC_CTLR_EL1:
        *v = c->icc_ctlr[bank] | CTLR_FACTS(c);
        break;
    case S_ICC_CTLR_EL3:
        *v = read_ctlr3(c);
        break;
    case S_ICC_SRE_EL1:
        *v = 7;
        break;
    case S_ICC_SRE_EL2:
    case S_ICC_SRE_EL3:
        *v = 15;
        break;
    case S_ICC_IGRPEN0_EL1:
        *v = c->enable[0];
        break;
    case S_ICC_IGRPEN1_EL1:
        *v = c->enable[bank];
        break;
    case S_ICC_IGRPEN1_EL3:
        *v = c->enable[GROUP1] | c->enable[GROUP1S] << 1;
        break;
    default: /* write-only */
        return PB_ENOENT;
    }
    return PB_OK;
}

static int write_icc(struct cpu *c, uint32_t id, uint32_t at, uint64_t v)
{
    uint32_t bank = gicv3_bank(c, at);

    switch (id) {
    case S_ICC_PMR_EL1:
        write_pmr(c, v, at);
        break;
    case S_ICC_EOIR0_EL1:
    case S_ICC_EOIR1_EL1:
        gicv3_end(c, id == S_ICC_EOIR1_EL1, v & 0xffffff, at);
        return PB_OK;
    case S_ICC_DIR_EL1:
        gicv3_deactivate(c, v & 0xffffff, at);
        return PB_OK;
    case S_ICC_BPR0_EL1:
        c->bpr[0] = at_least(v, MIN_BPR);
        break;
    case S_ICC_BPR1_EL1:
        write_bpr1(c, bank, v);
        break;
    case S_ICC_AP0R0_EL1:
        c->apr[0] = (uint32_t)v;
        break;
    case S_ICC_AP1R0_EL1:
        c->apr[bank] = (uint32_t)v;
        break;
    case S_ICC_SGI0R_EL1:
    case S_ICC_SGI1R_EL1:
    case S_ICC_ASGI1R_EL1:
        gicv3_sgi(c, v, gicv3_sgi_group(c, id != S_ICC_SGI0R_EL1, id == S_ICC_ASGI1R_EL1, at));
        return PB_OK;
    case S_ICC_SRE_EL1:
    case S_ICC_SRE_EL2:
    case S_ICC_SRE_EL3:
        return PB_OK;
    case S_ICC_CTLR_EL1:
        c->icc_ctlr[bank] = v & (CTLR_CBPR | CTLR_EOIMODE);
        break;
    case S_ICC_CTLR_EL3:
        write_ctlr3(c, v);
        break;
    case S_ICC_IGRPEN0_EL1:
        c->enable[0] = v & 1;
        break;
    case S_ICC_IGRPEN1_EL1:
        c->enable[bank] = v & 1;
        break;
    case S_ICC_IGRPEN1_EL3:
        c->enable[GROUP1] = v & 1;
        c->enable[GROUP1S] = v >> 1 & 1;
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
        rc = write ? write_icc(c, id, attrs, *v) : read_icc(c, id, attrs, v);
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

static void moved(void *self, uint32_t cpu, uint32_t attrs)
{
    struct gicv3 *g = self;

    if (cpu >= g->n_cpus)
        return;
    pthread_mutex_lock(&g->lock);
    g->cpu[cpu].at = attrs & (PB_ARM_AT_EL | PB_ARM_AT_SECURE);
    gicv3_update(&g->cpu[cpu]);
    pthread_mutex_unlock(&g->lock);
}

const struct pb_arm_sysreg gicv3_sysreg = {sizeof gicv3_sysreg, 0, sys_read, sys_write, moved};
