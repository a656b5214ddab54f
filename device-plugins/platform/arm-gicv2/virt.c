/* SPDX-License-Identifier: MIT */
/* virt.c - the virtualization interface of a GICv2: list registers that a hypervisor fills
 * (GICH_*), and the CPU interface that its guest sees in the place of the real one (GICV_*).
 * IHI 0048B.b, chapter 5: 5.3 (GICH), 5.5 (GICV). Four list registers, five bits of priority, as
 * in a GIC-400. Each CPU reaches its own; the maintenance interrupt is its interrupt 25. */
#include "gicv2.h"

#define MAINTENANCE 25u
#define IDLE 0x100u /* no running priority */

/* GICH_LR (5.3.10) */
#define LR_ID(lr) ((lr) & 0x3ff)
#define LR_PHYSICAL(lr) ((lr) >> 10 & 0x3ff)
#define LR_SOURCE 0x1c00u /* of an SGI, where GICV_IAR has it */
#define LR_EOI (1u << 19)
#define LR_PRIO(lr) ((lr) >> 20 & PRIO_MASK)
#define LR_PENDING (1u << 28)
#define LR_ACTIVE (1u << 29)
#define LR_STATE (LR_PENDING | LR_ACTIVE)
#define LR_GROUP(lr) ((lr) >> 30 & 1)
#define LR_HW (1u << 31)

enum { HCR_EN = 1, HCR_UIE = 2, HCR_LRENPIE = 4, HCR_NPIE = 8, HCR_MASK = 0xf80000ffu };
enum { V_CTLR, V_PMR, V_BPR, V_IAR, V_EOIR, V_RPR, V_HPPIR, V_ABPR, V_AIAR, V_AEOIR, V_AHPPIR,
       V_APR, V_IIDR, V_DIR };
enum { H_HCR, H_VTR, H_VMCR, H_MISR, H_EISR, H_ELRSR, H_APR, H_LR };
enum { CTLR_MASK = GICC_ENABLE0 | GICC_ENABLE1 | GICC_ACKCTL | GICC_FIQEN | GICC_CBPR |
       GICC_EOIMODES };

/* ---- State of the list registers ----------------------------------------------------------- */

static uint32_t eisr(const struct virt_interface *v)
{
    uint32_t m = 0;

    for (uint32_t i = 0; i < LRS; i++)
        m |= (uint32_t)(!(v->lr[i] & (LR_STATE | LR_HW)) && v->lr[i] & LR_EOI) << i;
    return m;
}

static uint32_t elrsr(const struct virt_interface *v)
{
    uint32_t m = 0;

    for (uint32_t i = 0; i < LRS; i++)
        m |= (uint32_t)(!(v->lr[i] & LR_STATE) && (v->lr[i] & LR_HW || !(v->lr[i] & LR_EOI))) << i;
    return m;
}

static uint32_t misr(const struct virt_interface *v)
{
    uint32_t used = 0, pending = 0, m = eisr(v) ? 1 : 0;

    for (uint32_t i = 0; i < LRS; i++) {
        used += (v->lr[i] & LR_STATE) != 0;
        pending += (v->lr[i] & LR_STATE) == LR_PENDING;
    }
    m |= v->hcr & HCR_UIE && used <= 1 ? 2 : 0;
    m |= v->hcr & HCR_LRENPIE && v->hcr >> 27 ? 4 : 0;
    m |= v->hcr & HCR_NPIE && !pending ? 8 : 0;
    for (uint32_t k = 0; k < 2; k++) { /* enabled, disabled; for each group */
        m |= v->hcr >> (4 + 2 * k) & 1 && v->ctlr >> k & 1 ? 16u << 2 * k : 0;
        m |= v->hcr >> (5 + 2 * k) & 1 && !(v->ctlr >> k & 1) ? 32u << 2 * k : 0;
    }
    return m;
}

static uint32_t group_mask(const struct virt_interface *v, uint32_t group)
{
    return ~0u << (group && !(v->ctlr & GICC_CBPR) ? v->abpr : v->bpr + 1) & 0xff;
}

static uint32_t running(const struct virt_interface *v)
{
    return v->apr ? (uint32_t)__builtin_ctz(v->apr) << 3 : IDLE;
}

/* The pending list register of the highest priority; LRS: none. */
static uint32_t best(const struct virt_interface *v)
{
    uint32_t found = LRS, floor = IDLE;

    for (uint32_t i = 0; v->hcr & HCR_EN && i < LRS; i++) {
        uint32_t lr = v->lr[i];
        if ((lr & LR_STATE) == LR_PENDING && v->ctlr >> LR_GROUP(lr) & 1 && LR_PRIO(lr) < floor) {
            floor = LR_PRIO(lr);
            found = i;
        }
    }
    return found;
}

static uint32_t candidate(const struct virt_interface *v)
{
    uint32_t i = best(v);

    if (i == LRS)
        return i;
    uint32_t mask = group_mask(v, LR_GROUP(v->lr[i])), prio = LR_PRIO(v->lr[i]);
    return prio >= v->pmr || (prio & mask) >= (running(v) & (mask | IDLE)) ? LRS : i;
}

void gicv2_virt_update(struct gicv2 *g, uint32_t cpu)
{
    struct virt_interface *v = &g->virt[cpu];
    uint32_t i = candidate(v);
    uint32_t fiq = i < LRS && !LR_GROUP(v->lr[i]) && v->ctlr & GICC_FIQEN;

    if (!g->virtualization)
        return;
    pb_line_set(v->vfiq, (int32_t)fiq);
    pb_line_set(v->virq, i < LRS && !fiq);
    gicv2_input(g, cpu, MAINTENANCE, v->hcr & HCR_EN && misr(v));
}

/* ---- The guest's side (5.5) ---------------------------------------------------------------- */

/* 4.4.4 for list register i: Group 1 needs AckCtl, or the aliased register. */
static uint32_t answer(const struct virt_interface *v, uint32_t i, int alias)
{
    if (i == LRS)
        return SPURIOUS;
    uint32_t lr = v->lr[i], id = LR_ID(lr) | (lr & LR_HW ? 0 : lr & LR_SOURCE);
    if (alias)
        return LR_GROUP(lr) ? id : SPURIOUS;
    return LR_GROUP(lr) && !(v->ctlr & GICC_ACKCTL) ? 1022 : id;
}

static uint32_t acknowledge(struct virt_interface *v, int alias)
{
    uint32_t i = candidate(v), id = answer(v, i, alias);

    if ((id & 0x3ff) >= 1020)
        return id;
    v->apr |= 1u << ((LR_PRIO(v->lr[i]) & group_mask(v, LR_GROUP(v->lr[i]))) >> 3);
    v->lr[i] = (v->lr[i] & ~LR_PENDING) | LR_ACTIVE;
    return id;
}

static void deactivate(struct gicv2 *g, uint32_t cpu, uint32_t id)
{
    struct virt_interface *v = &g->virt[cpu];

    for (uint32_t i = 0; i < LRS; i++) {
        if (LR_ID(v->lr[i]) != id || !(v->lr[i] & LR_ACTIVE))
            continue;
        v->lr[i] &= ~LR_ACTIVE;
        if (v->lr[i] & LR_HW && LR_PHYSICAL(v->lr[i]) < g->n_irqs) {
            assign(&g->active, cpu, LR_PHYSICAL(v->lr[i]), 0);
            gicv2_update_irq(g, cpu, LR_PHYSICAL(v->lr[i]));
        }
        return;
    }
    if (v->hcr & HCR_EN) /* EOICount (5.3.2) */
        v->hcr += 1u << 27;
}

static void end(struct gicv2 *g, uint32_t cpu, uint32_t id)
{
    struct virt_interface *v = &g->virt[cpu];
    uint32_t had = v->apr;

    if (id >= 1020)
        return;
    v->apr &= v->apr - 1;
    if (!(v->ctlr & GICC_EOIMODES) && had)
        deactivate(g, cpu, id);
}

static uint64_t v_read(void *self, const struct pb_reg *r, uint32_t i)
{
    struct access *a = self;
    struct virt_interface *v = &a->g->virt[a->cpu];
    uint32_t id;

    switch (r->id) {
    case V_CTLR:
        return v->ctlr;
    case V_PMR:
        return v->pmr;
    case V_BPR:
        return v->bpr;
    case V_ABPR:
        return v->ctlr & GICC_CBPR ? v->bpr < 7 ? v->bpr + 1 : 7 : v->abpr;
    case V_IAR:
    case V_AIAR:
        id = acknowledge(v, r->id == V_AIAR);
        gicv2_virt_update(a->g, a->cpu);
        return id;
    case V_HPPIR:
    case V_AHPPIR:
        return answer(v, best(v), r->id == V_AHPPIR);
    case V_RPR:
        return running(v) == IDLE ? 0xff : running(v);
    default: /* V_APR */
        return i ? 0 : v->apr;
    }
}

static uint32_t at_least(uint32_t v, uint32_t least)
{
    return (v & 7) < least ? least : v & 7;
}

static void v_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t val)
{
    struct access *a = self;
    struct virt_interface *v = &a->g->virt[a->cpu];
    uint32_t x = (uint32_t)val;

    if (r->id == V_CTLR)
        v->ctlr = x & CTLR_MASK;
    else if (r->id == V_PMR)
        v->pmr = x & PRIO_MASK;
    else if (r->id == V_BPR)
        v->bpr = at_least(x, MIN_BPR);
    else if (r->id == V_ABPR)
        v->abpr = at_least(x, MIN_BPR + 1);
    else if (r->id == V_EOIR || r->id == V_AEOIR)
        end(a->g, a->cpu, x & 0x3ff);
    else if (r->id == V_DIR)
        deactivate(a->g, a->cpu, x & 0x3ff);
    else if (r->id == V_APR && i == 0)
        v->apr = x;
    gicv2_virt_update(a->g, a->cpu);
}

#define HOOKS (PB_REG_HOOK_R | PB_REG_HOOK_W)
#define REG(p, n, o, acc, cnt, sec) {.name = p "_" #n, .off = o, .width = 4, .access = acc, \
    .mask = 0xffffffff, .count = cnt, .stride = 4, .flags = HOOKS, .section = sec
#define V(n, o, acc, cnt, sec) REG("GICV", n, o, acc, cnt, sec), .id = V_##n}
static const struct pb_reg v_regs[] = {
    V(CTLR, 0x00, PB_R_RW, 1, "5.5.1"), V(PMR, 0x04, PB_R_RW, 1, "5.5.2"),
    V(BPR, 0x08, PB_R_RW, 1, "5.5.3"), V(IAR, 0x0c, PB_R_RO, 1, "5.5.4"),
    V(EOIR, 0x10, PB_R_WO, 1, "5.5.5"), V(RPR, 0x14, PB_R_RO, 1, "5.5.6"),
    V(HPPIR, 0x18, PB_R_RO, 1, "5.5.7"), V(ABPR, 0x1c, PB_R_RW, 1, "5.5.8"),
    V(AIAR, 0x20, PB_R_RO, 1, "5.5.9"), V(AEOIR, 0x24, PB_R_WO, 1, "5.5.10"),
    V(AHPPIR, 0x28, PB_R_RO, 1, "5.5.11"), V(APR, 0xd0, PB_R_RW, 4, "5.5.12"),
    {.name = "GICV_IIDR", .off = 0xfc, .width = 4, .access = PB_R_RO, .id = V_IIDR,
     .reset = 0x0202143b, .section = "5.5.13"},
    V(DIR, 0x1000, PB_R_WO, 1, "5.5.14"),
};
static const struct pb_regs v_table = {sizeof v_table, sizeof v_regs / sizeof *v_regs, v_regs,
                                       "arm-gicv2", v_read, v_write};

/* ---- The hypervisor's side (5.3) ----------------------------------------------------------- */

static uint32_t read_vmcr(const struct virt_interface *v)
{
    return v->ctlr | v->abpr << 18 | v->bpr << 21 | v->pmr << 24;
}

static void write_vmcr(struct virt_interface *v, uint32_t x)
{
    v->ctlr = x & CTLR_MASK;
    v->abpr = at_least(x >> 18, MIN_BPR + 1);
    v->bpr = at_least(x >> 21, MIN_BPR);
    v->pmr = x >> 24 & PRIO_MASK;
}

static uint64_t h_read(void *self, const struct pb_reg *r, uint32_t i)
{
    struct access *a = self;
    const struct virt_interface *v = &a->g->virt[a->cpu];

    switch (r->id) {
    case H_HCR:
        return v->hcr;
    case H_VMCR:
        return read_vmcr(v);
    case H_MISR:
        return misr(v);
    case H_EISR:
        return i ? 0 : eisr(v);
    case H_ELRSR:
        return i ? 0 : elrsr(v);
    case H_APR:
        return v->apr;
    default:
        return v->lr[i];
    }
}

static void h_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t val)
{
    struct access *a = self;
    struct virt_interface *v = &a->g->virt[a->cpu];
    uint32_t x = (uint32_t)val;

    if (r->id == H_HCR)
        v->hcr = x & HCR_MASK;
    else if (r->id == H_VMCR)
        write_vmcr(v, x);
    else if (r->id == H_APR)
        v->apr = x;
    else if (r->id == H_LR)
        v->lr[i] = x & ~0x00700000u;
    gicv2_virt_update(a->g, a->cpu);
}

#define H(n, o, acc, cnt, sec) REG("GICH", n, o, acc, cnt, sec), .id = H_##n}
static const struct pb_reg h_regs[] = {
    H(HCR, 0x00, PB_R_RW, 1, "5.3.2"),
    {.name = "GICH_VTR", .off = 0x04, .width = 4, .access = PB_R_RO, .id = H_VTR,
     .reset = 4u << 29 | 4u << 26 | (LRS - 1), .section = "5.3.3"},
    H(VMCR, 0x08, PB_R_RW, 1, "5.3.4"), H(MISR, 0x10, PB_R_RO, 1, "5.3.5"),
    H(EISR, 0x20, PB_R_RO, 2, "5.3.6"), H(ELRSR, 0x30, PB_R_RO, 2, "5.3.7"),
    H(APR, 0xf0, PB_R_RW, 1, "5.3.8"), H(LR, 0x100, PB_R_RW, LRS, "5.3.9"),
};
static const struct pb_regs h_table = {sizeof h_table, sizeof h_regs / sizeof *h_regs, h_regs,
                                       "arm-gicv2", h_read, h_write};

/* ---- Access -------------------------------------------------------------------------------- */

static int reach(struct gicv2 *g, const struct pb_regs *table, struct pb_txn *t)
{
    struct access a;

    gicv2_who(g, t, &a);
    pthread_mutex_lock(&g->lock);
    if (t->is_write)
        pb_regs_write(table, &a, g->h, g->dev, t->off, t->val, t->bytes);
    else
        t->val = pb_regs_read(table, &a, g->h, g->dev, t->off, t->bytes);
    pthread_mutex_unlock(&g->lock);
    return PB_OK;
}

int gicv2_vcpu_access(void *self, struct pb_txn *t)
{
    if (t->attrs & PB_TXN_DEBUG && !t->is_write && (t->off == 0x0c || t->off == 0x20)) {
        t->val = SPURIOUS; /* a debugger acknowledges nothing */
        return PB_OK;
    }
    return reach(self, &v_table, t);
}

int gicv2_hyp_access(void *self, struct pb_txn *t)
{
    return reach(self, &h_table, t);
}

void gicv2_virt_reset(struct virt_interface *v)
{
    v->hcr = v->ctlr = v->pmr = v->apr = 0;
    v->bpr = MIN_BPR;
    v->abpr = MIN_BPR + 1;
    for (uint32_t i = 0; i < LRS; i++)
        v->lr[i] = 0;
}

void gicv2_virt_load(struct virt_interface *v)
{
    v->hcr &= HCR_MASK;
    write_vmcr(v, (v->ctlr & CTLR_MASK) | (v->abpr & 7) << 18 | (v->bpr & 7) << 21 |
                      (v->pmr & PRIO_MASK) << 24);
}
