/* SPDX-License-Identifier: MIT */
/* nvme.c - an NVM Express controller on PCI Express. NVM Express 1.4; x.y below are of it.
 *
 * BAR 0: registers (3.1), doorbells with stride 4 at 0x1000, the MSI-X table at 0x2000. The
 * controller is parallel: its own lock guards it, and requests are handed to the block layer
 * without it, so that queues on different CPUs wait for each other only while an entry is
 * taken. A controller that is switched off is off (CSTS.RDY) when its last request came back.
 * Not modelled: subsystems and multipath, namespace management (attachment only), metadata and
 * protection information, fused commands, reservations, firmware download, self-tests,
 * directives, zoned namespaces, controller memory buffer, doorbell buffers, power states but
 * one; interrupt coalescing and arbitration are taken as the hints that they are.
 */
#include "nvme.h"

#include <plugboard/plugin.h>
#include <plugboard/reg.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOORBELLS 0x1000u
#define TABLE 0x2000u
#define BAR_BYTES 0x4000u

enum { P_DRIVE = PB_PCI_P_N, P_SERIAL, P_PAIRS, P_VECTORS, P_MDTS, P_AERL, P_LBS, P_INTEL };
enum { R_INTMS, R_INTMC, R_CC, R_plain };

#define RO(n, o, c)                                                                            \
    {.name = #n, .off = o, .width = 4, .access = PB_R_RO, .id = R_plain, .count = c,           \
     .stride = 4, .var = PB_REG_VAR(struct nvme, n), .section = "3.1"}
#define RW(n, o, c, m)                                                                         \
    {.name = #n, .off = o, .width = 4, .access = PB_R_RW, .id = R_plain, .count = c,           \
     .stride = 4, .mask = m, .var = PB_REG_VAR(struct nvme, n), .section = "3.1"}
#define HOOK(n, o, v)                                                                          \
    {.name = #n, .off = o, .width = 4, .access = PB_R_RW, .id = R_##n,                         \
     .flags = PB_REG_HOOK_W, .var = PB_REG_VAR(struct nvme, v), .section = "3.1"}

static const struct pb_reg nvme_reg[] = {
    RO(CAP, 0x00, 2),
    RO(VS, 0x08, 1),
    HOOK(INTMS, 0x0c, INTM),
    HOOK(INTMC, 0x10, INTM),
    HOOK(CC, 0x14, CC),
    RO(CSTS, 0x1c, 1),
    RW(AQA, 0x24, 1, 0x0fff0fff),
    RW(ASQ, 0x28, 2, UINT32_MAX),
    RW(ACQ, 0x30, 2, UINT32_MAX),
};

/* ---- On and off: 3.1.5, 7.3.1, 7.6 ------------------------------------------------------- */

void controller_enable(struct nvme *n)
{
    uint32_t mps = n->CC >> 7 & 15, as = (n->AQA & 0xfff) + 1, ac = (n->AQA >> 16 & 0xfff) + 1;

    n->want_enable = 0;
    n->CC |= CC_EN;
    n->page = 4096u << mps;
    if (mps > 4 || (n->CC & 0x3870) || as < 2 || ac < 2 || as > ENTRIES_MAX * 2 ||
        (pair(n->ASQ) & (n->page - 1)) || (pair(n->ACQ) & (n->page - 1))) {
        n->page = 4096;
        fatal(n, "nvme: enabled with settings that cannot be");
        return;
    }
    n->sq[0] = (struct sq){.gpa = pair(n->ASQ), .exists = 1, .size = as,
                           .busy = n->sq[0].busy};
    n->cq[0] = (struct cq){.gpa = pair(n->ACQ), .exists = 1, .size = ac, .phase = 1, .ien = 1};
    n->cq[0].wait_tail = &n->cq[0].wait;
    n->since = n->time->now(n->h, PB_CLK_VIRTUAL);
    n->CSTS |= CSTS_RDY;
}

static void disable(struct nvme *n)
{
    n->epoch++; /* what is under way answers to nobody */
    n->CC &= ~CC_EN;
    n->want_enable = 0;
    if (!n->in_flight)
        queues_reset(n);
}

static void write_cc(struct nvme *n, uint32_t v)
{
    uint32_t was = n->CC, on = v & CC_EN;

    if ((was & CC_EN) && on) { /* what may change while it is on: shutdown */
        n->CC = (was & ~0xc000u) | (v & 0xc000);
        if ((v & 0xc000) && !(was & 0xc000))
            shutdown_begin(n);
        else if (!(v & 0xc000))
            n->CSTS &= ~0xcu;
        return;
    }
    n->CC = (v & 0x00fffff0) | (was & CC_EN);
    if ((was & CC_EN) && !on) {
        disable(n);
    } else if (on) {
        if (n->CSTS & CSTS_RDY)
            n->want_enable = 1; /* before it was off */
        else
            controller_enable(n);
    }
    if (!on && (v & 0xc000)) /* shut down while off: it is */
        n->CSTS = (n->CSTS & ~0xcu) | 0x8;
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t val)
{
    struct nvme *n = self;

    (void)i;
    switch (r->id) {
    case R_INTMS:
        n->INTM |= (uint32_t)val;
        queue_irq(n);
        break;
    case R_INTMC:
        n->INTM &= ~(uint32_t)val;
        queue_irq(n);
        break;
    default:
        write_cc(n, (uint32_t)val);
        break;
    }
}

static const struct pb_regs nvme_regs = {
    .size = sizeof nvme_regs,
    .n = sizeof nvme_reg / sizeof *nvme_reg,
    .reg = nvme_reg,
    .name = "nvme",
    .write = reg_write,
};

/* ---- Doorbells: 3.1.16, 3.1.17, 4.1 ------------------------------------------------------ */

enum { BAD_REGISTER = 0, BAD_VALUE = 1 }; /* 5.2, Figure 146 */

static void doorbell(struct nvme *n, uint32_t k, uint32_t val)
{
    uint32_t qid = k / 2;
    struct sq *s = qid < QUEUES_MAX ? &n->sq[qid] : NULL;
    struct cq *c = qid < QUEUES_MAX ? &n->cq[qid] : NULL;

    if (!(n->CSTS & CSTS_RDY) || (n->CSTS & CSTS_CFS))
        return;
    if (!s || (k & 1 ? !c->exists : !s->exists)) {
        event(n, 0, BAD_REGISTER, 1);
    } else if (!(k & 1)) {
        if (val >= s->size) {
            event(n, 0, BAD_VALUE, 1);
            return;
        }
        s->tail = val;
        queue_run(n, qid);
    } else {
        uint32_t filled = (c->tail + c->size - c->head) % c->size;
        if (val >= c->size || (val + c->size - c->head) % c->size > filled) {
            event(n, 0, BAD_VALUE, 1);
            return;
        }
        c->head = val;
        queue_head(n, qid);
    }
}

static uint64_t bar_read(void *opaque, uint64_t off, uint32_t bytes)
{
    struct nvme *n = opaque;
    uint64_t v = 0;

    pthread_mutex_lock(&n->lock);
    if (off < DOORBELLS)
        v = pb_regs_read(&nvme_regs, n, n->h, n->dev, off, bytes);
    pthread_mutex_unlock(&n->lock);
    return v;
}

static void bar_write(void *opaque, uint64_t off, uint64_t val, uint32_t bytes)
{
    struct nvme *n = opaque;

    pthread_mutex_lock(&n->lock);
    if (off < DOORBELLS)
        pb_regs_write(&nvme_regs, n, n->h, n->dev, off, val, bytes);
    else if (bytes == 4)
        doorbell(n, (uint32_t)(off - DOORBELLS) / 4, (uint32_t)val & 0xffff);
    pthread_mutex_unlock(&n->lock);
}

/* ---- Life -------------------------------------------------------------------------------- */

static void wait_idle(struct nvme *n)
{
    while (n->in_flight)
        pthread_cond_wait(&n->idle, &n->lock);
}

/* As after power-on; waits for what is under way. */
static void everything_off(void *self)
{
    struct nvme *n = self;

    pthread_mutex_lock(&n->lock);
    n->epoch++;
    n->CC = 0;
    n->want_enable = 0;
    wait_idle(n);
    queues_reset(n);
    n->AQA = 0;
    memset(n->ASQ, 0, sizeof n->ASQ);
    memset(n->ACQ, 0, sizeof n->ACQ);
    n->page = 4096;
    pthread_mutex_unlock(&n->lock);
}

static void services(struct nvme *n, pb_dev *d, const pb_host *h)
{
    n->dev = d;
    n->h = h;
    n->mem = h->get(h, PB_SVC_MEM);
    n->bus = h->get(h, PB_SVC_BUS);
    n->block = h->get(h, PB_SVC_BLOCK);
    n->prop = h->get(h, PB_SVC_PROP);
    n->time = h->get(h, PB_SVC_TIME);
    pthread_mutex_init(&n->lock, NULL);
    pthread_cond_init(&n->idle, NULL);
}

/* CAP, 3.1.1: 2048 entries in one piece, 7.5 s to get ready, NVM commands, pages to 64 KiB. */
static void capabilities(struct nvme *n)
{
    const struct pb_svc_prop *p = n->prop;
    const char *serial = p->get_str(n->dev, P_SERIAL);

    memset(n->serial, ' ', sizeof n->serial);
    memcpy(n->serial, serial, strnlen(serial, sizeof n->serial));
    n->max_pairs = (uint32_t)p->get_int(n->dev, P_PAIRS);
    n->n_vectors = (uint32_t)p->get_int(n->dev, P_VECTORS);
    n->mdts = (uint32_t)p->get_int(n->dev, P_MDTS);
    n->aerl = (uint32_t)p->get_int(n->dev, P_AERL);
    n->CAP[0] = (ENTRIES_MAX - 1) | 1u << 16 | 15u << 24;
    n->CAP[1] = 1u << 5 | 4u << 20;
    n->VS = 0x00010400;
    n->page = 4096;
    n->power_cycles = 1;
}

static int make_function(struct nvme *n, pb_err *e)
{
    static const struct pb_region_ops ops = {.read = bar_read, .write = bar_write, .min = 4,
                                             .max = 8, .impl_min = 4, .impl_max = 4};
    uint32_t intel = (uint32_t)n->prop->get_int(n->dev, P_INTEL);
    const struct pb_pci_info info = {.size = sizeof info, .vendor = intel ? 0x8086 : 0x1b36,
                                     .device = intel ? 0x5845 : 0x0010, .sub_vendor = 0x1af4,
                                     .sub_device = 0x1100, .class_code = 0x010802,
                                     .revision = 2, .pin = 1, .express = 1, .self = n,
                                     .reset = everything_off};
    void *at;

    n->pci = n->bus->parent(n->dev, PB_PCI, &at);
    n->fn = n->pci ? n->pci->add(at, n->dev, &info, e) : NULL;
    if (!n->fn)
        return PB_EINVAL;
    n->as = n->mem->as(n->dev);
    pb_region *box = n->mem->container(n->dev, "nvme-bar", BAR_BYTES, e);
    pb_region *regs = n->mem->io(n->dev, "nvme", TABLE, &ops, n, e);
    if (!box || !regs)
        return PB_ENOMEM;
    int rc = n->mem->place(box, regs, 0, 0, e);
    rc = rc < 0 ? rc : n->pci->bar(n->fn, 0, PB_PCI_BAR_MEM64, box, BAR_BYTES, e);
    return rc < 0 ? rc : n->pci->msix(n->fn, n->n_vectors, 0, box, TABLE, e);
}

static void unrealize(void *self)
{
    struct nvme *n = self;

    if (n->own.node) {
        ns_watch(&n->own, 0);
        ns_remove(n, &n->own);
    }
    everything_off(n);
    while (n->spare) {
        struct req *q = n->spare;
        n->spare = q->next;
        free(q);
    }
    pthread_mutex_destroy(&n->lock);
    pthread_cond_destroy(&n->idle);
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    struct nvme *n = self;
    int rc;

    services(n, d, h);
    if (!n->prop->get_str(d, P_SERIAL) || !*n->prop->get_str(d, P_SERIAL))
        return h->fail(e, PB_EINVAL, "serial property not set");
    capabilities(n);
    rc = make_function(n, e);
    if (rc < 0)
        return rc;
    queues_reset(n);
    pb_block *node = n->prop->get_block(d, P_DRIVE);
    if (!node)
        return PB_OK;
    rc = ns_init(&n->own, n, d, node, 1, (uint32_t)n->prop->get_int(d, P_LBS), e);
    rc = rc < 0 ? rc : ns_add(n, &n->own, e);
    if (rc == PB_OK)
        ns_watch(&n->own, 1);
    return rc;
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct nvme *n = self;

    (void)kind;
    if (phase == PB_RESET_ENTER)
        everything_off(n);
    else if (phase == PB_RESET_HOLD)
        n->pci->intx(n->fn, 0);
}

static void drain(void *self)
{
    struct nvme *n = self;

    pthread_mutex_lock(&n->lock);
    wait_idle(n);
    pthread_mutex_unlock(&n->lock);
}

/* The controller, to its namespaces: the instance is all they need. */
static const struct {
    uint32_t size;
} controller_side = {sizeof controller_side};
static int path_element(void *self, pb_dev *d, char *buf, uint32_t n)
{
    (void)self, (void)d;
    return snprintf(buf, n, "namespace@1,0");
}

static const struct pb_boot_path boot_path = {sizeof boot_path, 0, path_element};
static const struct pb_provide provides[] = {{NVME_CTRL, &controller_side},
                                             {PB_BOOT_PATH, &boot_path}};
static const char *const block_kinds[] = {PB_IF_BLOCK, NULL};
static const char *const buses_out[] = {"@=" NVME_BUS, NULL};
static const struct pb_prop props[] = {
    PB_PCI_PROPS,
    {.name = "drive", .doc = "Node name or ID of a block device: namespace 1",
     .choices = block_kinds, .type = PB_T_LINK, .qemu_type = "str"},
    {.name = "serial", .doc = "serial number, 20 characters are seen", .type = PB_T_STR},
    {.name = "max_ioqpairs", .doc = "I/O queue pairs", .def = "64", .type = PB_T_UINT, .min = 1,
     .max = QUEUES_MAX - 1, .qemu_type = "uint32"},
    {.name = "msix_qsize", .doc = "MSI-X vectors", .def = "65", .type = PB_T_UINT, .min = 1,
     .max = QUEUES_MAX, .qemu_type = "uint16"},
    {.name = "mdts", .doc = "most that a command moves: 4 KiB << mdts", .def = "7",
     .type = PB_T_UINT, .min = 1, .max = 7, .qemu_type = "uint8"},
    {.name = "aerl", .doc = "commands that may wait for events, less one", .def = "3",
     .type = PB_T_UINT, .min = 0, .max = AER_MAX - 1, .qemu_type = "uint8"},
    {.name = "logical_block_size", .doc = "block size of namespace 1: 512 or 4096",
     .def = "512", .type = PB_T_SIZE, .min = 512, .max = 4096},
    {.name = "use-intel-id", .doc = "be 8086:5845, as QEMU's once was", .def = "off",
     .type = PB_T_BOOL},
};

static const struct pb_device_class nvme_class = {
    .size = sizeof nvme_class,
    .flags = PB_DEV_PARALLEL | PB_DEV_HOTPLUG,
    .id = "nvme",
    .title = "Non-Volatile Memory Express",
    .category = "storage",
    .spec = "NVM Express 1.4",
    .bus = PB_PCI_BUS,
    .props = props,
    .n_props = sizeof props / sizeof *props,
    .buses_out = buses_out,
    .provides = provides,
    .n_provides = 2,
    .instance_size = sizeof(struct nvme),
    .state_version = 1,
    .regs = &nvme_regs,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .save = nvme_save,
    .load = nvme_load,
    .drain = drain,
};

static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &nvme_class},
                                              {PB_CLASS_DEVICE, &ns_class}};
static const char *const needs[] = {PB_SVC_MEM,  PB_SVC_BUS,  PB_SVC_BLOCK, PB_SVC_PROP,
                                    PB_SVC_TIME, PB_SVC_STATE, NULL};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin),
    .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR,
    .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.nvme",
    .version = "0.1.0",
    .license = "MIT",
    .doc = "NVM Express controller and namespaces",
    .needs = needs,
    .classes = classes,
    .n_classes = 2,
};
