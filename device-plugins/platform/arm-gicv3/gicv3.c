/* SPDX-License-Identifier: MIT */
/* gicv3.c - Arm Generic Interrupt Controller, version 3: the device around its parts.
 * IHI 0069H; sections in dist.c, redist.c, cpuif.c, lpi.c, virt.c.
 *
 * Lines come from any thread and CPUs access at once, memory and system registers alike
 * (PB_DEV_PARALLEL): one mutex, held for one register access or one change of a line. CPUs link
 * to it for their system registers.
 *
 * Not modelled: GICD_NSACR and GICR_NSACR (they are 0), legacy operation without affinity routing,
 * 1-of-N routing, extended SPI and PPI ranges, GICv4, traps of the CPU interface by ICH_HCR_EL2 (TC,
 * TALL0, TALL1, TDIR).
 */
#include "gicv3.h"

#include <plugboard/plugin.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { P_IRQS, P_LPI, P_VIRT, P_AWAKE, P_SECURITY };

#define PPI_INPUTS (16 * MAX_CPUS) /* input n < SPIS is INTID 32 + n, then 16 PPIs a CPU */

static void line_in(void *self, uint32_t n, int32_t level)
{
    struct gicv3 *g = self;
    uint32_t cpu = n < SPIS ? 0 : (n - SPIS) / 16, ppi = n < SPIS ? 0 : 16 + (n - SPIS) % 16;

    if (n < SPIS ? n + 32 >= g->n_irqs : cpu >= g->n_cpus)
        return;
    pthread_mutex_lock(&g->lock);
    if (n < SPIS)
        gicv3_input(g, n + 32, level != 0);
    else
        gicv3_ppi(&g->cpu[cpu], ppi, level != 0);
    pthread_mutex_unlock(&g->lock);
}

/* Linux Documentation/devicetree/bindings/interrupt-controller/arm,gic-v3.yaml */
static uint32_t fdt_interrupt(void *self, uint32_t n, uint32_t cells[4])
{
    struct gicv3 *g = self;

    cells[0] = n >= SPIS;
    cells[1] = n < SPIS ? n : (n - SPIS) % 16;
    cells[2] = 4; /* level, active high */
    return n < SPIS + 16 * g->n_cpus ? 3 : 0;
}

static const struct pb_fdt_node fdt_node = {.size = sizeof fdt_node, .interrupt = fdt_interrupt};

/* ---- For the ITS ------------------------------------------------------------------- */

static uint32_t lpis_enabled(void *self)
{
    return ((struct gicv3 *)self)->has_lpi;
}

static uint32_t lpis_cpus(void *self)
{
    return ((struct gicv3 *)self)->n_cpus;
}

static void lpis_pend(void *self, uint32_t cpu, uint32_t intid, uint32_t on)
{
    struct gicv3 *g = self;

    pthread_mutex_lock(&g->lock);
    if (cpu < g->n_cpus)
        gicv3_lpi_pend(&g->cpu[cpu], intid, on);
    pthread_mutex_unlock(&g->lock);
}

static uint32_t lpis_pending(void *self, uint32_t cpu, uint32_t intid)
{
    struct gicv3 *g = self;

    pthread_mutex_lock(&g->lock);
    uint32_t on = cpu < g->n_cpus && gicv3_lpi_pending(&g->cpu[cpu], intid);
    pthread_mutex_unlock(&g->lock);
    return on;
}

static void lpis_reload(void *self, uint32_t cpu, uint32_t first, uint32_t last)
{
    struct gicv3 *g = self;

    pthread_mutex_lock(&g->lock);
    if (cpu < g->n_cpus) {
        gicv3_lpi_reload(&g->cpu[cpu], first, last);
        gicv3_update(&g->cpu[cpu]);
    }
    pthread_mutex_unlock(&g->lock);
}

static int lpis_move(void *self, uint64_t from, uint64_t to)
{
    struct gicv3 *g = self;

    if (from >= g->n_cpus || to >= g->n_cpus)
        return PB_EINVAL;
    pthread_mutex_lock(&g->lock);
    gicv3_lpi_move(&g->cpu[from], &g->cpu[to]);
    pthread_mutex_unlock(&g->lock);
    return PB_OK;
}

static const struct gicv3_lpis lpis = {sizeof lpis, 0, lpis_enabled, lpis_cpus, lpis_pend,
                                       lpis_pending, lpis_reload, lpis_move};

/* ---- Life -------------------------------------------------------------------------- */

static void drop_lpis(struct gicv3 *g)
{
    for (uint32_t i = 0; i < g->n_cpus; i++) {
        free(g->cpu[i].lpi);
        g->cpu[i].lpi = NULL;
    }
}

static void unrealize(void *self)
{
    struct gicv3 *g = self;

    drop_lpis(g);
    free(g->cpu);
    pthread_mutex_destroy(&g->lock);
}

static int publish(struct gicv3 *g, pb_err *e)
{
    static const struct pb_region_ops dist = {.access = gicv3_dist_access, .min = 1, .max = 8,
        .impl_min = 1, .impl_max = 8};
    static const struct pb_region_ops redist = {.access = gicv3_redist_access, .min = 1, .max = 8,
        .impl_min = 1, .impl_max = 8};
    pb_region *d = g->mem->io(g->dev, "distributor", 0x10000, &dist, g, e);
    pb_region *r = d ? g->mem->io(g->dev, "redistributors", 0x20000ull * g->n_cpus, &redist, g, e)
                     : NULL;
    int rc = r ? g->mem->publish(g->dev, 0, d, e) : PB_ENOMEM;

    return rc < 0 ? rc : g->mem->publish(g->dev, 1, r, e);
}

static int make_cpus(struct gicv3 *g, const struct pb_svc_line *line)
{
    g->cpu = calloc(g->n_cpus, sizeof *g->cpu);
    for (uint32_t i = 0; g->cpu && i < g->n_cpus; i++) {
        g->cpu[i].g = g;
        g->cpu[i].affinity = i / 16 << 8 | i % 16; /* until the CPU says otherwise: reset() */
        g->cpu[i].irq = line->out(g->dev, "irq", i);
        g->cpu[i].fiq = line->out(g->dev, "fiq", i);
        g->cpu[i].virq = line->out(g->dev, "virq", i);
        g->cpu[i].vfiq = line->out(g->dev, "vfiq", i);
    }
    return g->cpu ? PB_OK : PB_ENOMEM;
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    const struct pb_svc_line *line = h->get(h, PB_SVC_LINE);
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    struct gicv3 *g = self;

    g->h = h;
    g->dev = d;
    g->mem = h->get(h, PB_SVC_MEM);
    g->as = g->mem->as(d);
    g->n_irqs = (uint32_t)prop->get_int(d, P_IRQS);
    g->has_lpi = (uint32_t)prop->get_int(d, P_LPI);
    g->has_virt = (uint32_t)prop->get_int(d, P_VIRT);
    g->awake = (uint32_t)prop->get_int(d, P_AWAKE);
    g->security = (uint32_t)prop->get_int(d, P_SECURITY);
    g->n_cpus = line->count(d, "irq");
    g->words = (g->n_irqs + 31) / 32;
    if (g->n_irqs % 32 && g->n_irqs != INTIDS)
        return h->fail(e, PB_EINVAL, "arm-gicv3: num-irq takes a multiple of 32, or 1020");
    if (g->n_cpus < 1 || g->n_cpus > MAX_CPUS)
        return h->fail(e, PB_EINVAL, "arm-gicv3: output irq has to be wired to 1 to 512 CPUs");
    if (make_cpus(g, line) < 0)
        return h->fail(e, PB_ENOMEM, "arm-gicv3: no memory for the redistributors");
    pthread_mutex_init(&g->lock, NULL);
    int rc = publish(g, e);
    if (rc < 0)
        unrealize(g);
    return rc;
}

static void clear_cpu(struct cpu *c)
{
    uint32_t level = c->own.level;

    c->own = (struct bank){.level = level, .edge = 0xffff, .group = c->g->nonsecure ? ~0u : 0};
    memset(c->prio, 0, sizeof c->prio);
    c->ctlr = 0;
    c->waker = c->g->awake || c->g->nonsecure ? 0 : WAKER_SLEEP | WAKER_ASLEEP;
    c->propbaser = c->pendbaser = 0;
    c->pmr = 0;
    for (uint32_t i = 0; i < GROUPS; i++)
        c->icc_ctlr[i] = c->enable[i] = c->apr[i] = 0;
    c->bpr[0] = c->bpr[GROUP1S] = c->vbpr[0] = MIN_BPR;
    c->bpr[1] = c->vbpr[1] = MIN_BPR + 1;
    memset(c->lr, 0, sizeof c->lr);
    c->hcr = c->vctlr = c->vpmr = c->venable[0] = c->venable[1] = c->vapr[0] = c->vapr[1] = 0;
}

static void clear(struct gicv3 *g)
{
    uint32_t *const zero[] = {g->enable, g->pending, g->active, g->edge, g->mod};

    g->ctlr = 0;
    g->ds = !g->security;
    for (uint32_t i = 0; i < sizeof zero / sizeof *zero; i++)
        memset(zero[i], 0, sizeof g->enable);
    memset(g->group, 0, sizeof g->group);
    for (uint32_t n = 32; g->nonsecure && n < g->n_irqs; n++)
        set_bit(g->group, n, 1);
    memset(g->prio, 0, sizeof g->prio);
    memset(g->router, 0, sizeof g->router);
    drop_lpis(g);
    for (uint32_t i = 0; i < g->n_cpus; i++)
        clear_cpu(&g->cpu[i]);
    gicv3_routes(g);
}

/* CPUs are realized by the first reset, not by our realize(): they link to us. */
static void learn_cpus(struct gicv3 *g)
{
    const struct pb_svc_board *board = g->h->get(g->h, PB_SVC_BOARD);

    for (uint32_t i = 0; !g->known && board && i < g->n_cpus; i++) {
        const char *v = i < board->n_cpus(g->dev) ? board->cpu_fact(g->dev, i, "mpidr") : NULL;
        uint64_t m = v ? strtoull(v, NULL, 0) : 0;
        if (v)
            g->cpu[i].affinity = (m & 0xffffff) | (m >> 32 & 0xff) << 24;
    }
    g->known = 1;
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct gicv3 *g = self;

    (void)kind;
    if (phase == PB_RESET_ENTER)
        learn_cpus(g);
    pthread_mutex_lock(&g->lock);
    if (phase == PB_RESET_ENTER)
        clear(g);
    for (uint32_t i = 0; phase == PB_RESET_HOLD && i < g->n_cpus; i++) {
        gicv3_update(&g->cpu[i]);
        gicv3_virt_update(&g->cpu[i]);
    }
    pthread_mutex_unlock(&g->lock);
}

/* Before the first reset: who starts below is Non-secure. */
static void start(void *self, uint32_t state)
{
    struct gicv3 *g = self;

    g->nonsecure = g->security && state == PB_ARM_START_NONSECURE;
}

static const struct pb_arm_start arm_start = {sizeof arm_start, 0, start};

/* ---- State ------------------------------------------------------------------------- */

/* What one CPU has, by name: the same list saves and loads. Its last part is that of two Security
 * states. */
static int each_field(struct cpu *c, int (*fn)(void *, const char *, uint32_t, void *, uint32_t),
                      void *user)
{
#define X(m, type) {#m, type, &c->m, sizeof c->m / (type == PB_S_U64 ? 8 : type == PB_S_U8 ? 1 : 4)}
#define S(m, i) {"secure." #m, PB_S_U32, &c->m[i], 1}
    const struct { const char *name; uint32_t type; void *at; size_t n; } f[] = {
        X(own.enable, PB_S_U32), X(own.pending, PB_S_U32), X(own.active, PB_S_U32),
        X(own.level, PB_S_U32), X(own.edge, PB_S_U32), X(own.group, PB_S_U32), X(prio, PB_S_U8),
        X(ctlr, PB_S_U32), X(waker, PB_S_U32), X(propbaser, PB_S_U64), X(pendbaser, PB_S_U64),
        {"icc_ctlr", PB_S_U32, &c->icc_ctlr[1], 1}, X(pmr, PB_S_U32),
        {"bpr", PB_S_U32, c->bpr, 2}, {"enable", PB_S_U32, c->enable, 2},
        {"apr", PB_S_U32, c->apr, 2}, X(lr, PB_S_U64), X(hcr, PB_S_U32), X(vctlr, PB_S_U32),
        X(vpmr, PB_S_U32), X(vbpr, PB_S_U32), X(venable, PB_S_U32), X(vapr, PB_S_U32),
        X(own.mod, PB_S_U32), X(at, PB_S_U32), S(icc_ctlr, GROUP1S), S(bpr, GROUP1S),
        S(enable, GROUP1S), S(apr, GROUP1S), {"el3.icc_ctlr", PB_S_U32, c->icc_ctlr, 1}};
    enum { SECURE_FIELDS = 7 };
#undef X
#undef S
    uint32_t index = (uint32_t)(c - c->g->cpu);
    char name[40];

    for (size_t i = 0; i < sizeof f / sizeof *f - (c->g->security ? 0 : SECURE_FIELDS); i++) {
        snprintf(name, sizeof name, "cpu%u.%s", index, f[i].name);
        int rc = fn(user, name, f[i].type, f[i].at, (uint32_t)f[i].n);
        if (rc < 0)
            return rc;
    }
    snprintf(name, sizeof name, "cpu%u.lpis", index);
    if (c->lpi)
        return fn(user, name, PB_S_U64, c->lpi->pending, LPI_WORDS);
    return PB_OK;
}

struct stream { const struct pb_svc_state *st; pb_state *s; };

static int put(void *user, const char *name, uint32_t type, void *at, uint32_t n)
{
    struct stream *x = user;

    return x->st->put(x->s, name, type, at, n);
}

static int get(void *user, const char *name, uint32_t type, void *at, uint32_t n)
{
    struct stream *x = user;

    return x->st->get(x->s, name, type, at, n);
}

static int save(void *self, pb_state *s, pb_err *e)
{
    struct gicv3 *g = self;
    struct stream x = {g->h->get(g->h, PB_SVC_STATE), s};

    if (g->security && (put(&x, "ds", PB_S_U32, &g->ds, 1) < 0 ||
                        put(&x, "mod", PB_S_U32, g->mod, WORDS) < 0))
        return g->h->fail(e, PB_EIO, "arm-gicv3: cannot save the groups");
    for (uint32_t i = 0; i < g->n_cpus; i++)
        if (each_field(&g->cpu[i], put, &x) < 0)
            return g->h->fail(e, PB_EIO, "arm-gicv3: cannot save a redistributor");
    return PB_OK;
}

/* A CPU whose LPIs were enabled gets room for them before its fields are read. */
static int load_cpu(struct cpu *c, struct stream *x)
{
    char name[40];
    uint32_t on = 0;

    snprintf(name, sizeof name, "cpu%u.ctlr", (uint32_t)(c - c->g->cpu));
    int rc = x->st->get(x->s, name, PB_S_U32, &on, 1);
    if (rc < 0)
        return rc;
    if (on & GICR_ENABLE_LPIS && !c->lpi && !(c->lpi = calloc(1, sizeof *c->lpi)))
        return PB_ENOMEM;
    rc = each_field(c, get, x);
    gicv3_lpi_loaded(c);
    if (rc < 0)
        return rc;
    c->ctlr &= GICR_ENABLE_LPIS;
    c->at &= PB_ARM_AT_EL | PB_ARM_AT_SECURE;
    for (uint32_t k = 0; k < GROUPS; k++) {
        c->bpr[k] = c->bpr[k] > 7 ? 7 : c->bpr[k];
        c->enable[k] &= 1;
    }
    c->vbpr[0] = c->vbpr[0] > 7 ? 7 : c->vbpr[0];
    c->vbpr[1] = c->vbpr[1] > 7 ? 7 : c->vbpr[1];
    c->venable[0] &= 1;
    c->venable[1] &= 1;
    return PB_OK;
}

static int load(void *self, pb_state *s, pb_err *e)
{
    struct gicv3 *g = self;
    struct stream x = {g->h->get(g->h, PB_SVC_STATE), s};
    uint32_t *const all[] = {g->enable, g->pending, g->active, g->level, g->edge, g->group,
                             g->mod};

    g->ds = 1;
    if (g->security && (get(&x, "ds", PB_S_U32, &g->ds, 1) < 0 ||
                        get(&x, "mod", PB_S_U32, g->mod, WORDS) < 0))
        return g->h->fail(e, PB_EINVAL, "arm-gicv3: the saved state is of a GIC with one Security "
                          "state; load it with secure=off");
    g->ds = g->ds != 0;
    for (uint32_t i = 0; i < g->n_cpus; i++)
        if (load_cpu(&g->cpu[i], &x) < 0)
            return g->h->fail(e, PB_EINVAL, "arm-gicv3: the saved state has other CPUs");
    g->ctlr &= g->ds ? 3 : 7;
    for (uint32_t i = 0; i < sizeof all / sizeof *all; i++) { /* nothing that is not there */
        all[i][0] = 0;
        for (uint32_t n = g->n_irqs; n < 32 * WORDS; n++)
            set_bit(all[i], n, 0);
    }
    gicv3_routes(g);
    return PB_OK;
}

#define BITS(m) PB_FIELD_ARRAY(struct gicv3, m, PB_S_U32, WORDS)
static const struct pb_field state[] = {
    PB_FIELD(struct gicv3, ctlr, PB_S_U32), BITS(enable), BITS(pending), BITS(active),
    BITS(level), BITS(edge), BITS(group), PB_FIELD_ARRAY(struct gicv3, prio, PB_S_U8, INTIDS),
    PB_FIELD_ARRAY(struct gicv3, router, PB_S_U64, INTIDS),
};
static const struct pb_prop props[] = {
    {.name = "num-irq", .doc = "Interrupts, with 16 SGIs and 16 PPIs", .def = "288", .min = 32,
     .max = INTIDS, .type = PB_T_UINT, .qemu_type = "uint32"},
    {.name = "has-lpi", .doc = "Has LPIs, for an ITS", .def = "off", .type = PB_T_BOOL,
     .qemu_type = "bool"},
    {.name = "has-virtualization", .doc = "Has the virtual CPU interface (ICH_*)", .def = "off",
     .type = PB_T_BOOL, .qemu_type = "bool"},
    {.name = "awake", .doc = "After reset redistributors are awake, as firmware at EL3 leaves "
     "them (GICR_WAKER)", .def = "off", .type = PB_T_BOOL, .qemu_type = "bool"},
    {.name = "has-security-extensions", .doc = "Has two Security states", .def = "off",
     .type = PB_T_BOOL, .qemu_type = "bool"},
};
static const char *const lines_out[] = {"irq[]", "fiq[]", "virq[]", "vfiq[]", NULL};
static const char *const lines_in[] = {"spi[988]", "ppi[8192]", NULL};
PB_STATIC_ASSERT(SPIS == 988 && PPI_INPUTS == 8192, "lines_in counts them");
static const struct pb_provide provides[] = {{PB_FDT_NODE, &fdt_node},
                                             {PB_ARM_SYSREG, &gicv3_sysreg},
                                             {GICV3_LPIS, &lpis},
                                             {PB_ARM_START, &arm_start}};

static const struct pb_device_class gicv3 = {
    .size = sizeof gicv3, .flags = PB_DEV_NO_USER | PB_DEV_PARALLEL, .id = "arm-gicv3",
    .title = "Arm Generic Interrupt Controller (GICv3)", .category = "misc",
    .spec = "ARM IHI 0069H", .props = props, .n_props = sizeof props / sizeof *props,
    .n_regions = 2, .lines_out = lines_out, .lines_in = lines_in, .provides = provides,
    .n_provides = 4, .instance_size = sizeof(struct gicv3), .state_version = 1,
    .n_state = sizeof state / sizeof *state, .state = state, .regs = &gicv3_dist_table,
    .realize = realize, .unrealize = unrealize, .reset = reset, .line_in = line_in,
    .save = save, .load = load,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &gicv3},
                                              {PB_CLASS_DEVICE, &gicv3_its_class}};
static const char *const needs[] = {PB_SVC_MEM, PB_SVC_LINE, PB_SVC_PROP, PB_SVC_STATE, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.plugboard.arm-gicv3",
    .version = "1.0", .license = "MIT", .vendor = "Plugboard",
    .doc = "Arm Generic Interrupt Controller (GICv3)", .needs = needs, .classes = classes,
    .n_classes = 2};
