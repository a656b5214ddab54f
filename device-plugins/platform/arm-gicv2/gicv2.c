/* SPDX-License-Identifier: MIT */
/* gicv2.c - Arm Generic Interrupt Controller, version 2: the device around its parts.
 * IHI 0048B.b (GIC architecture 2.0); sections in dist.c, cpuif.c, virt.c. Identifies itself as a
 * GIC-400: 5 bits of priority, SGIs always enabled.
 *
 * Lines come from any thread and CPUs access at once (PB_DEV_PARALLEL): one mutex, held for
 * one register access or one change of a line. An access knows its CPU by the transaction.
 *
 * Not modelled: other CPUs' virtualization interfaces (5.3: by an address each), GICD_NSACR,
 * bypass of the CPU interface's signals, power management.
 */
#include "gicv2.h"

#include <plugboard/arm.h>
#include <plugboard/plugin.h>

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

enum { P_IRQS, P_SECURITY, P_VIRTUALIZATION };

#define SPIS (IRQS - 32) /* input n < SPIS is interrupt 32 + n, then 16 PPIs a CPU */

uint32_t gicv2_who(struct gicv2 *g, const struct pb_txn *t, struct access *a)
{
    *a = (struct access){g, t->requester < g->n_cpus ? t->requester : 0,
                         g->security && !(t->attrs & PB_TXN_SECURE)};
    return a->cpu;
}

static void line_in(void *self, uint32_t n, int32_t level)
{
    struct gicv2 *g = self;
    uint32_t cpu = n < SPIS ? 0 : (n - SPIS) / 16;
    uint32_t irq = n < SPIS ? n + 32 : 16 + (n - SPIS) % 16;

    if (irq >= g->n_irqs || cpu >= g->n_cpus)
        return;
    pthread_mutex_lock(&g->lock);
    gicv2_input(g, cpu, irq, level != 0);
    pthread_mutex_unlock(&g->lock);
}

/* ---- Device tree ------------------------------------------------------------------- */

/* Linux Documentation/devicetree/bindings/interrupt-controller/arm,gic.yaml */
static uint32_t fdt_interrupt(void *self, uint32_t n, uint32_t cells[4])
{
    struct gicv2 *g = self;

    cells[0] = n >= SPIS;
    cells[1] = n < SPIS ? n : (n - SPIS) % 16;
    cells[2] = 4; /* level, active high */
    return n < SPIS + 16 * g->n_cpus ? 3 : 0;
}

static const struct pb_fdt_node fdt_node = {.size = sizeof fdt_node, .interrupt = fdt_interrupt};

/* ---- Life -------------------------------------------------------------------------- */

static void unrealize(void *self)
{
    struct gicv2 *g = self;

    pthread_mutex_destroy(&g->lock);
}

static int publish(struct gicv2 *g, const struct pb_svc_mem *mem, pb_err *e)
{
    static const struct pb_region_ops dist = {.access = gicv2_dist_access, .min = 1, .max = 4,
        .impl_min = 1, .impl_max = 4};
    static const struct pb_region_ops cpu = {.access = gicv2_cpu_access, .min = 4, .max = 4,
        .impl_min = 4, .impl_max = 4};
    static const struct pb_region_ops hyp = {.access = gicv2_hyp_access, .min = 4, .max = 4,
        .impl_min = 4, .impl_max = 4};
    static const struct pb_region_ops vcpu = {.access = gicv2_vcpu_access, .min = 4, .max = 4,
        .impl_min = 4, .impl_max = 4};
    pb_region *d = mem->io(g->dev, "distributor", 0x1000, &dist, g, e);
    pb_region *c = d ? mem->io(g->dev, "cpu-interface", 0x2000, &cpu, g, e) : NULL;
    pb_region *h = c ? mem->io(g->dev, "hypervisor", 0x1000, &hyp, g, e) : NULL;
    pb_region *v = h ? mem->io(g->dev, "virtual-cpu", 0x2000, &vcpu, g, e) : NULL;
    int rc = v ? mem->publish(g->dev, 0, d, e) : PB_ENOMEM;

    if (rc == PB_OK)
        rc = mem->publish(g->dev, 1, c, e);
    if (rc == PB_OK)
        rc = mem->publish(g->dev, 2, h, e);
    return rc < 0 ? rc : mem->publish(g->dev, 3, v, e);
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    const struct pb_svc_line *line = h->get(h, PB_SVC_LINE);
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    struct gicv2 *g = self;

    g->h = h;
    g->dev = d;
    g->n_irqs = (uint32_t)prop->get_int(d, P_IRQS);
    g->security = (uint32_t)prop->get_int(d, P_SECURITY);
    g->virtualization = (uint32_t)prop->get_int(d, P_VIRTUALIZATION);
    g->n_cpus = line->count(d, "irq");
    g->words = (g->n_irqs + 31) / 32;
    if (g->n_irqs % 32 && g->n_irqs != IRQS)
        return h->fail(e, PB_EINVAL, "arm-gicv2: num-irq takes a multiple of 32, or 1020");
    if (g->n_cpus < 1 || g->n_cpus > CPUS)
        return h->fail(e, PB_EINVAL, "arm-gicv2: output irq has to be wired to 1 to 8 CPUs; with "
                                     "more of them the board needs a GICv3");
    for (uint32_t c = 0; c < g->n_cpus; c++) {
        g->cpu[c].irq = line->out(d, "irq", c);
        g->cpu[c].fiq = line->out(d, "fiq", c);
        g->virt[c].virq = line->out(d, "virq", c);
        g->virt[c].vfiq = line->out(d, "vfiq", c);
    }
    pthread_mutex_init(&g->lock, NULL);
    int rc = publish(g, h->get(h, PB_SVC_MEM), e);
    if (rc < 0)
        unrealize(g);
    return rc;
}

static void clear(struct gicv2 *g)
{
    struct bits *const zero[] = {&g->enable, &g->pending, &g->active, &g->group, &g->edge};
    uint8_t prio = g->nonsecure ? 0x80 : 0; /* the highest that is Non-secure's (3.8.3) */

    g->ctlr = 0;
    for (uint32_t i = 0; i < sizeof zero / sizeof *zero; i++)
        memset(zero[i], 0, sizeof **zero);
    if (g->nonsecure)
        memset(&g->group, 0xff, sizeof g->group);
    memset(g->prio_bank, prio, sizeof g->prio_bank);
    memset(g->prio, prio, sizeof g->prio);
    memset(g->target, 0, sizeof g->target);
    memset(g->sgi, 0, sizeof g->sgi);
    for (uint32_t c = 0; c < CPUS; c++) {
        struct cpu_interface *i = &g->cpu[c];
        g->enable.bank[c] = g->edge.bank[c] = 0xffff;
        i->pmr = prio;
        i->ctlr = i->apr[0] = i->apr[1] = 0;
        i->bpr = MIN_BPR;
        i->abpr = MIN_BPR + 1;
        gicv2_virt_reset(&g->virt[c]);
    }
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct gicv2 *g = self;

    (void)kind;
    pthread_mutex_lock(&g->lock);
    if (phase == PB_RESET_ENTER)
        clear(g);
    else if (phase == PB_RESET_HOLD)
        gicv2_update_all(g);
    for (uint32_t c = 0; phase == PB_RESET_HOLD && c < g->n_cpus; c++)
        gicv2_virt_update(g, c);
    pthread_mutex_unlock(&g->lock);
}

static void start(void *self, uint32_t state)
{
    struct gicv2 *g = self;

    g->nonsecure = g->security && state == PB_ARM_START_NONSECURE;
}

/* ---- State ------------------------------------------------------------------------- */

/* What a saved state may not say: interrupts and CPUs that are not there, fields too wide. */
static int load(void *self, pb_state *s, pb_err *e)
{
    struct gicv2 *g = self;
    struct bits *const all[] = {&g->enable, &g->pending, &g->active, &g->level, &g->edge,
                                &g->group};

    (void)s, (void)e;
    g->ctlr &= 3;
    for (uint32_t i = 0; i < sizeof all / sizeof *all; i++) {
        for (uint32_t w = g->words; w < 32; w++)
            all[i]->spi[w - 1] = 0;
        if (g->n_irqs % 32)
            all[i]->spi[30] &= (1u << g->n_irqs % 32) - 1;
    }
    for (uint32_t n = 0; n < IRQS; n++)
        g->target[n] &= (uint8_t)((1u << g->n_cpus) - 1);
    for (uint32_t c = 0; c < CPUS; c++) {
        g->cpu[c].bpr &= 7;
        g->cpu[c].abpr &= 7;
        gicv2_virt_load(&g->virt[c]);
    }
    return PB_OK;
}

#define WORDS(m) PB_FIELD_ARRAY(struct gicv2, m.bank, PB_S_U32, CPUS), \
    PB_FIELD_ARRAY(struct gicv2, m.spi, PB_S_U32, 31)
#define CPU(c) PB_FIELD(struct gicv2, cpu[c].ctlr, PB_S_U32), \
    PB_FIELD(struct gicv2, cpu[c].pmr, PB_S_U32), PB_FIELD(struct gicv2, cpu[c].bpr, PB_S_U32), \
    PB_FIELD(struct gicv2, cpu[c].abpr, PB_S_U32), \
    PB_FIELD_ARRAY(struct gicv2, cpu[c].apr, PB_S_U32, 2)
#define SINCE2(m, n) {#m, PB_S_U32, (uint32_t)offsetof(struct gicv2, m), n, 2}
#define VIRT(c) SINCE2(virt[c].hcr, 1), SINCE2(virt[c].ctlr, 1), SINCE2(virt[c].pmr, 1), \
    SINCE2(virt[c].bpr, 1), SINCE2(virt[c].abpr, 1), SINCE2(virt[c].apr, 1), SINCE2(virt[c].lr, LRS)
static const struct pb_field state[] = {
    PB_FIELD(struct gicv2, ctlr, PB_S_U32), WORDS(enable), WORDS(pending), WORDS(active),
    WORDS(level), WORDS(edge), WORDS(group),
    {"prio_bank", PB_S_U8, offsetof(struct gicv2, prio_bank), CPUS * 32, 1},
    PB_FIELD_ARRAY(struct gicv2, prio, PB_S_U8, IRQS),
    PB_FIELD_ARRAY(struct gicv2, target, PB_S_U8, IRQS),
    {"sgi", PB_S_U8, offsetof(struct gicv2, sgi), CPUS * 16, 1},
    CPU(0), CPU(1), CPU(2), CPU(3), CPU(4), CPU(5), CPU(6), CPU(7),
    VIRT(0), VIRT(1), VIRT(2), VIRT(3), VIRT(4), VIRT(5), VIRT(6), VIRT(7),
};
static const struct pb_prop props[] = {
    {.name = "num-irq", .doc = "Interrupts, with 16 SGIs and 16 PPIs", .def = "288", .min = 32,
     .max = IRQS, .type = PB_T_UINT, .qemu_type = "uint32"},
    {.name = "has-security-extensions", .doc = "Group 0 is Secure", .def = "off",
     .type = PB_T_BOOL, .qemu_type = "bool"},
    {.name = "has-virtualization-extensions", .doc = "A hypervisor has list registers",
     .def = "off", .type = PB_T_BOOL, .qemu_type = "bool"},
};
static const char *const lines_out[] = {"irq[]", "fiq[]", "virq[]", "vfiq[]", NULL};
static const char *const lines_in[] = {"spi[988]", "ppi[128]", NULL};
static const char *const aliases[] = {"arm_gic", NULL};
static const struct pb_arm_start arm_start = {sizeof arm_start, 0, start};
static const struct pb_provide provides[] = {{PB_FDT_NODE, &fdt_node}, {PB_ARM_START, &arm_start}};

static const struct pb_device_class gicv2 = {
    .size = sizeof gicv2, .flags = PB_DEV_NO_USER | PB_DEV_PARALLEL, .id = "arm-gicv2",
    .aliases = aliases, .title = "Arm Generic Interrupt Controller (GICv2)",
    .category = "misc", .spec = "ARM IHI 0048B.b", .props = props,
    .n_props = sizeof props / sizeof *props, .n_regions = 4, .lines_out = lines_out,
    .lines_in = lines_in, .provides = provides, .n_provides = 2,
    .instance_size = sizeof(struct gicv2), .state_version = 2,
    .n_state = sizeof state / sizeof *state, .state = state, .regs = &gicv2_dist_table,
    .realize = realize, .unrealize = unrealize, .reset = reset, .line_in = line_in,
    .load = load,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &gicv2},
                                              {PB_CLASS_DEVICE, &gicv2m_class}};
static const char *const needs[] = {PB_SVC_MEM, PB_SVC_LINE, PB_SVC_PROP, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.plugboard.arm-gicv2",
    .version = "1.0", .license = "MIT", .vendor = "Plugboard",
    .doc = "Arm Generic Interrupt Controller (GICv2) and its message frame", .needs = needs,
    .classes = classes, .n_classes = 2};
