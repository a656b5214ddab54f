/* SPDX-License-Identifier: MIT */
/* riscv-aplic.c - advanced platform-level interrupt controller: one interrupt domain.
 * The RISC-V Advanced Interrupt Architecture 1.0, chapter 4; sections are of it.
 *
 * A machine-level domain is the root; a supervisor-level one is its child and names it by
 * `parent`. Wires may enter either: the root keeps their levels and says which domain hears them
 * (sourcecfg.D). A domain interrupts harts by lines, or with `msimode` by messages to what link
 * `msi` names. Pending bits follow 4.7 case by case.
 *
 * Lines come from any thread: one mutex, the root's, held for a few loads and stores. A message
 * is sent with it held; who hears it never asks back.
 *
 * Not modelled: more than one child, delivery modes that change, big-endian registers.
 */
#include "aplic.h"

#include <plugboard/plugin.h>

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#define IDC_AT 0x4000u
#define MAX_HARTS 512u
#define DOMAIN "pb.riscv.aplic-domain/1" /* parent to child, inside this plugin */

enum { P_SOURCES, P_HARTS, P_IPRIO, P_MSIMODE, P_PARENT, P_MSI };

/* ---- Device tree, ACPI ---------------------------------------------------------------------- */

static uint32_t fdt_interrupt(void *self, uint32_t n, uint32_t cells[4])
{
    struct aplic *a = self;

    cells[0] = n;
    cells[1] = 4; /* level, high */
    return n >= 1 && n <= a->n_sources ? 2 : 0;
}

static int fdt_fill(void *self, void *fdt, int32_t node, pb_err *e)
{
    struct aplic *a = self;

    (void)e;
    if (fdt_setprop_u32(fdt, node, "riscv,num-sources", a->n_sources) ||
        fdt_setprop_u32(fdt, node, "#address-cells", 0))
        return PB_ENOSPC;
    return PB_OK;
}

/* What ACPI tables say that a device tree's node says, too. */
static int number(void *self, const char *name, uint64_t *v)
{
    const struct aplic *a = self;

    if (strcmp(name, "num-sources") == 0) {
        *v = a->n_sources;
        return PB_OK;
    }
    return PB_ENOENT;
}

static const struct pb_board_facts facts = {sizeof facts, 0, number};

/* ---- Life ---------------------------------------------------------------------------------- */

static int adopt(struct aplic *a, struct aplic *parent, pb_err *e)
{
    if (parent->parent || parent->child || parent == a)
        return a->h->fail(e, PB_EINVAL, "riscv-aplic: parent is a domain that has a child or a "
                                        "parent already; a root has one child");
    a->parent = parent;
    parent->child = a;
    return PB_OK;
}

static void unrealize(void *self)
{
    struct aplic *a = self;

    if (a->parent)
        a->parent->child = NULL;
    if (a->child)
        a->child->parent = NULL;
    free(a->idc);
    pthread_mutex_destroy(&a->lock);
}

static int set_up(struct aplic *a, const struct pb_svc_prop *prop, pb_err *e)
{
    const struct pb_svc_line *line = a->h->get(a->h, PB_SVC_LINE);
    void *parent = NULL;

    a->n_sources = (uint32_t)prop->get_int(a->dev, P_SOURCES);
    a->prio_mask = (uint32_t)prop->get_int(a->dev, P_IPRIO);
    a->msimode = prop->get_int(a->dev, P_MSIMODE) != 0;
    a->msi = prop->get_link(a->dev, P_MSI, PB_MSI, &a->msi_self);
    a->n_harts = (uint32_t)prop->get_int(a->dev, P_HARTS);
    if (!a->n_harts)
        a->n_harts = line->count(a->dev, "irq");
    if (a->prio_mask & (a->prio_mask + 1))
        return a->h->fail(e, PB_EINVAL, "riscv-aplic: iprio-mask takes 1, 3, 7, … 255: priorities "
                                        "are whole bits");
    if (a->msimode && !a->msi)
        return a->h->fail(e, PB_EINVAL, "riscv-aplic: msimode=on needs msi=DEVICE, which hears "
                                        "the messages");
    if (a->n_harts == 0 || a->n_harts > MAX_HARTS)
        return a->h->fail(e, PB_EINVAL, "riscv-aplic: give num-harts, 1 to 512, or wire irq to as "
                                        "many harts");
    if (prop->get_link(a->dev, P_PARENT, DOMAIN, &parent) && adopt(a, parent, e) < 0)
        return PB_EINVAL;
    a->idc = calloc(a->n_harts, sizeof *a->idc);
    if (!a->idc)
        return a->h->fail(e, PB_ENOMEM, "riscv-aplic: no memory for the harts");
    for (uint32_t i = 0; i < a->n_harts; i++)
        a->idc[i].out = line->out(a->dev, "irq", i);
    return PB_OK;
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {aplic_read, aplic_write, .min = 4, .max = 4,
        .impl_min = 4, .impl_max = 4};
    const struct pb_svc_mem *mem = h->get(h, PB_SVC_MEM);
    struct aplic *a = self;

    a->h = h;
    a->dev = d;
    pthread_mutex_init(&a->lock, NULL);
    int rc = set_up(a, h->get(h, PB_SVC_PROP), e);
    uint64_t size = (IDC_AT + 32ull * a->n_harts + 0xfff) & ~0xfffull;
    pb_region *r = rc < 0 ? NULL : mem->io(d, "regs", size, &ops, a, e);
    if (rc == PB_OK)
        rc = r ? mem->publish(d, 0, r, e) : PB_ENOMEM;
    if (rc < 0)
        unrealize(a);
    return rc;
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct aplic *a = self;
    pthread_mutex_t *lock = &aplic_root(a)->lock;

    (void)kind;
    pthread_mutex_lock(lock);
    if (phase == PB_RESET_ENTER) {
        a->domaincfg = a->genmsi = 0;
        memset(a->sourcecfg, 0, sizeof a->sourcecfg);
        memset(a->target, 0, sizeof a->target);
        memset(a->ip, 0, sizeof a->ip);
        memset(a->ie, 0, sizeof a->ie);
        memset(a->msiaddrcfg, 0, sizeof a->msiaddrcfg);
        for (uint32_t i = 0; i < a->n_harts; i++)
            a->idc[i].idelivery = a->idc[i].iforce = a->idc[i].ithreshold = 0;
    } else if (phase == PB_RESET_HOLD) {
        for (uint32_t i = 0; i < a->n_harts; i++)
            aplic_drive(a, i);
    }
    pthread_mutex_unlock(lock);
}

static int save(void *self, pb_state *s, pb_err *e)
{
    struct aplic *a = self;
    const struct pb_svc_state *st = a->h->get(a->h, PB_SVC_STATE);
    char name[32];
    int rc = PB_OK;

    for (uint32_t i = 0; i < a->n_harts && rc >= 0; i++) {
        const uint32_t v[3] = {a->idc[i].idelivery, a->idc[i].iforce, a->idc[i].ithreshold};
        snprintf(name, sizeof name, "idc%u", i);
        rc = st->put(s, name, PB_S_U32, v, 3);
    }
    return rc < 0 ? a->h->fail(e, rc, "riscv-aplic: cannot save a hart's registers") : PB_OK;
}

/* Saved state is a file: every value is one that registers could hold. */
static void make_valid(struct aplic *a)
{
    a->domaincfg &= DOMAINCFG_IE;
    for (uint32_t n = 0; n < SOURCES; n++) {
        uint32_t m = a->sourcecfg[n];
        int there = n >= 1 && n <= a->n_sources;
        a->sourcecfg[n] = !there ? 0 : m & SOURCECFG_D ? SOURCECFG_D : m & 7;
        if (a->target[n] >> 18 >= a->n_harts)
            a->target[n] &= 0x3ffff;
        if (aplic_active(a, n))
            continue;
        a->target[n] = 0;
        aplic_put_bit(a->ip, n, 0);
        aplic_put_bit(a->ie, n, 0);
    }
}

static int load(void *self, pb_state *s, pb_err *e)
{
    struct aplic *a = self;
    const struct pb_svc_state *st = a->h->get(a->h, PB_SVC_STATE);
    uint32_t v[3];
    char name[32];

    for (uint32_t i = 0; i < a->n_harts; i++) {
        snprintf(name, sizeof name, "idc%u", i);
        if (st->get(s, name, PB_S_U32, v, 3) < 0)
            return a->h->fail(e, PB_EINVAL, "riscv-aplic: the saved state has fewer harts");
        a->idc[i].idelivery = v[0] & 1;
        a->idc[i].iforce = v[1] & 1;
        a->idc[i].ithreshold = v[2] & a->prio_mask;
    }
    make_valid(a);
    return PB_OK;
}

static const struct pb_field state[] = {
    PB_FIELD(struct aplic, domaincfg, PB_S_U32), PB_FIELD(struct aplic, genmsi, PB_S_U32),
    PB_FIELD_ARRAY(struct aplic, sourcecfg, PB_S_U32, SOURCES),
    PB_FIELD_ARRAY(struct aplic, target, PB_S_U32, SOURCES),
    PB_FIELD_ARRAY(struct aplic, ip, PB_S_U32, WORDS),
    PB_FIELD_ARRAY(struct aplic, ie, PB_S_U32, WORDS),
    PB_FIELD_ARRAY(struct aplic, level, PB_S_U32, WORDS),
    PB_FIELD_ARRAY(struct aplic, msiaddrcfg, PB_S_U32, 4),
};
static const char *const domain_iface[] = {DOMAIN, NULL};
static const char *const msi_iface[] = {PB_MSI, NULL};
static const struct pb_prop props[] = {
    {.name = "num-irqs", .doc = "Highest source number", .def = "95", .min = 1, .max = 1023,
     .type = PB_T_UINT, .qemu_type = "uint32"},
    {.name = "num-harts", .doc = "Harts served; 0: as many as are wired", .def = "0", .min = 0,
     .max = MAX_HARTS, .type = PB_T_UINT, .qemu_type = "uint32"},
    {.name = "iprio-mask", .doc = "Lowest priority, one less than a power of two", .def = "7",
     .min = 1, .max = 255, .type = PB_T_UINT, .qemu_type = "uint32"},
    {.name = "msimode", .doc = "Delivers by messages", .def = "off", .type = PB_T_BOOL,
     .qemu_type = "bool"},
    {.name = "parent", .doc = "Machine-level domain that delegates to this one",
     .type = PB_T_LINK, .choices = domain_iface},
    {.name = "msi", .doc = "Device that hears the messages", .type = PB_T_LINK,
     .choices = msi_iface},
};
static const char *const lines_out[] = {"irq[]", NULL};
static const char *const lines_in[] = {"irq[1024]", NULL};
static const struct pb_fdt_node fdt_node = {sizeof fdt_node, 0, fdt_interrupt, fdt_fill};
static const uint32_t domain_table[2] = {sizeof domain_table, 0}; /* `self` says it all */
static const struct pb_provide provides[] = {{PB_FDT_NODE, &fdt_node}, {DOMAIN, domain_table},
                                              {PB_BOARD_FACTS, &facts}};

static const struct pb_device_class riscv_aplic = {
    .size = sizeof riscv_aplic, .flags = PB_DEV_NO_USER | PB_DEV_PARALLEL, .id = "riscv-aplic",
    .title = "RISC-V advanced platform-level interrupt controller", .category = "misc",
    .spec = "RISC-V AIA 1.0", .props = props, .n_props = sizeof props / sizeof *props,
    .n_regions = 1, .lines_out = lines_out, .lines_in = lines_in, .provides = provides,
    .n_provides = 3, .instance_size = sizeof(struct aplic), .state_version = 1,
    .n_state = sizeof state / sizeof *state, .state = state, .regs = &aplic_regs,
    .realize = realize, .unrealize = unrealize, .reset = reset, .line_in = aplic_line,
    .save = save, .load = load,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &riscv_aplic}};
static const char *const needs[] = {PB_SVC_MEM, PB_SVC_LINE, PB_SVC_PROP, PB_SVC_STATE, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.riscv-aplic", .version = "1.0", .license = "MIT",
    .vendor = "Plugboard", .doc = "RISC-V advanced platform-level interrupt controller",
    .needs = needs, .classes = classes, .n_classes = 1};
