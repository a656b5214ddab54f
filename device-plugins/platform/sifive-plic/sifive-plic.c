/* SPDX-License-Identifier: MIT */
/* sifive-plic.c - the platform-level interrupt controller of RISC-V.
 * RISC-V Platform-Level Interrupt Controller Specification 1.0.0; chapters are of it.
 *
 * Sources are level-triggered (chapter 1, gateways): a high line makes the source pending
 * once; it becomes pending again only after completion, if the line is still (or again)
 * high. A request stays pending when its line falls before it is claimed.
 * Contexts are numbered hart by hart, by the modes that `contexts` lists for each.
 *
 * Lines come from any thread (PB_DEV_PARALLEL): one mutex, held for a few loads and stores.
 *
 * Not modelled: edge-triggered and message gateways, contexts beyond 1024.
 */
#include <plugboard/board.h>
#include <plugboard/device.h>
#include <plugboard/plugin.h>
#include <plugboard/reg.h>

#include <libfdt.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define WORDS 32u /* 1024 sources */
#define MAX_CONTEXTS 1024u

enum { PRIORITY = 0, PENDING = 0x1000, ENABLE = 0x2000, CONTEXT = 0x200000 };
enum { R_PRIORITY, R_PENDING, R_ENABLE, R_THRESHOLD, R_CLAIM };
enum { P_SOURCES, P_PRIORITIES, P_CONTEXTS, P_HARTS };

struct context {
    uint32_t enable[WORDS];
    uint32_t threshold;
    const struct pb_line *out;
};

struct plic {
    const pb_host *h;
    pb_dev *dev;
    uint32_t n_sources, words; /* sources are 1..n_sources */
    uint32_t prio_mask;
    uint32_t n_contexts;
    struct context *ctx; /* ctx[n_contexts] */
    pthread_mutex_t lock;
    uint32_t priority[WORDS * 32];
    uint32_t level[WORDS], pending[WORDS], claimed[WORDS];
};

/* The register hooks' `self`: offsets of contexts are folded onto context 0. */
struct access {
    struct plic *p;
    uint32_t ctx;
};

static int test(const uint32_t *bits, uint32_t n)
{
    return bits[n / 32] >> n % 32 & 1;
}

static void set(uint32_t *bits, uint32_t n, uint32_t on)
{
    bits[n / 32] = (bits[n / 32] & ~(1u << n % 32)) | on << n % 32;
}

/* Chapter 8: the pending and enabled source of the highest priority above `floor`, the
 * lowest number among equals; 0: none. */
static uint32_t best(const struct plic *p, const struct context *c, uint32_t floor)
{
    uint32_t found = 0;

    for (uint32_t w = 0; w < p->words; w++) {
        for (uint32_t m = p->pending[w] & c->enable[w]; m; m &= m - 1) {
            uint32_t n = w * 32 + (uint32_t)__builtin_ctz(m);
            if (p->priority[n] > floor) {
                floor = p->priority[n];
                found = n;
            }
        }
    }
    return found;
}

static void drive(struct plic *p, struct context *c)
{
    pb_line_set(c->out, best(p, c, c->threshold) != 0);
}

/* Something about source `n` changed. */
static void drive_source(struct plic *p, uint32_t n)
{
    for (uint32_t i = 0; i < p->n_contexts; i++) {
        if (test(p->ctx[i].enable, n))
            drive(p, &p->ctx[i]);
    }
}

static void line_in(void *self, uint32_t n, int32_t level)
{
    struct plic *p = self;

    if (n == 0 || n > p->n_sources)
        return;
    pthread_mutex_lock(&p->lock);
    set(p->level, n, level != 0);
    if (level && !test(p->pending, n) && !test(p->claimed, n)) {
        set(p->pending, n, 1);
        drive_source(p, n);
    }
    pthread_mutex_unlock(&p->lock);
}

static uint32_t claim(struct plic *p, struct context *c)
{
    uint32_t n = best(p, c, 0); /* the threshold does not matter here (chapter 9) */

    if (n) {
        set(p->pending, n, 0);
        set(p->claimed, n, 1);
        drive_source(p, n);
    }
    return n;
}

static void complete(struct plic *p, struct context *c, uint32_t n)
{
    if (n == 0 || n > p->n_sources || !test(c->enable, n) || !test(p->claimed, n))
        return; /* silently ignored (chapter 10) */
    set(p->claimed, n, 0);
    if (test(p->level, n)) {
        set(p->pending, n, 1);
        drive_source(p, n);
    }
}

/* ---- Registers --------------------------------------------------------------------- */

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    struct access *a = self;
    struct plic *p = a->p;

    switch (r->id) {
    case R_PRIORITY:
        return p->priority[i];
    case R_PENDING:
        return p->pending[i];
    case R_ENABLE:
        return p->ctx[a->ctx].enable[i];
    case R_THRESHOLD:
        return p->ctx[a->ctx].threshold;
    default:
        return claim(p, &p->ctx[a->ctx]);
    }
}

/* Bits of word `w` that are sources. */
static uint32_t valid(const struct plic *p, uint32_t w)
{
    uint32_t m = w ? ~0u : ~1u;

    if (w * 32 > p->n_sources)
        return 0;
    if (p->n_sources - w * 32 < 31)
        m &= (2u << (p->n_sources - w * 32)) - 1;
    return m;
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t val)
{
    struct access *a = self;
    struct plic *p = a->p;
    uint32_t v = (uint32_t)val;

    switch (r->id) {
    case R_PRIORITY:
        if (i == 0 || i > p->n_sources)
            return; /* not there: hardwired to 0 */
        p->priority[i] = v & p->prio_mask;
        drive_source(p, i);
        break;
    case R_ENABLE:
        p->ctx[a->ctx].enable[i] = v & valid(p, i);
        drive(p, &p->ctx[a->ctx]);
        break;
    case R_THRESHOLD:
        p->ctx[a->ctx].threshold = v & p->prio_mask;
        drive(p, &p->ctx[a->ctx]);
        break;
    default:
        complete(p, &p->ctx[a->ctx], v);
    }
}

#define HOOKS (PB_REG_HOOK_R | PB_REG_HOOK_W)
#define REG(n, o, acc, cnt, sec, d) {.name = #n, .off = o, .width = 4, .access = acc, \
    .mask = 0xffffffff, .id = R_##n, .count = cnt, .stride = 4, .flags = HOOKS, \
    .section = sec, .doc = d}
static const struct pb_reg regs[] = {
    REG(PRIORITY, PRIORITY, PB_R_RW, 1024, "4", "of source n; 0: never interrupts"),
    REG(PENDING, PENDING, PB_R_RO, WORDS, "5", "one bit a source"),
    REG(ENABLE, ENABLE, PB_R_RW, WORDS, "6", "one bit a source; contexts 0x80 apart"),
    REG(THRESHOLD, CONTEXT, PB_R_RW, 1, "7", "contexts 0x1000 apart"),
    REG(CLAIM, CONTEXT + 4, PB_R_RW, 1, "8, 9", "read: claim; write: complete"),
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs,
                                     "sifive-plic", reg_read, reg_write};

/* Fold the context out of `*off`; 0 when there is no such context. */
static int fold(const struct plic *p, uint64_t *off, uint32_t *ctx)
{
    *ctx = 0;
    if (*off >= CONTEXT) {
        *ctx = (uint32_t)((*off - CONTEXT) >> 12);
        *off = CONTEXT + ((*off - CONTEXT) & 0xfff);
    } else if (*off >= ENABLE) {
        *ctx = (uint32_t)((*off - ENABLE) >> 7);
        *off = ENABLE + ((*off - ENABLE) & 0x7f);
    }
    return *ctx < p->n_contexts;
}

static void no_context(struct plic *p, uint32_t ctx)
{
    char text[80];

    if (!p->h->log_on[PB_LOG_GUEST])
        return;
    snprintf(text, sizeof text, "sifive-plic: access to context %u, there are %u", ctx,
             p->n_contexts);
    p->h->log(p->h, p->dev, PB_LOG_GUEST, text);
}

static uint64_t mmio_read(void *self, uint64_t off, uint32_t bytes)
{
    struct access a = {self, 0};
    uint64_t v;

    if (!fold(a.p, &off, &a.ctx)) {
        no_context(a.p, a.ctx);
        return 0;
    }
    pthread_mutex_lock(&a.p->lock);
    v = pb_regs_read(&table, &a, a.p->h, a.p->dev, off, bytes);
    pthread_mutex_unlock(&a.p->lock);
    return v;
}

static void mmio_write(void *self, uint64_t off, uint64_t val, uint32_t bytes)
{
    struct access a = {self, 0};

    if (!fold(a.p, &off, &a.ctx)) {
        no_context(a.p, a.ctx);
        return;
    }
    pthread_mutex_lock(&a.p->lock);
    pb_regs_write(&table, &a, a.p->h, a.p->dev, off, val, bytes);
    pthread_mutex_unlock(&a.p->lock);
}

/* ---- Device tree, ACPI ------------------------------------------------------------- */

static uint32_t fdt_interrupt(void *self, uint32_t n, uint32_t cells[4])
{
    struct plic *p = self;

    cells[0] = n;
    return n >= 1 && n <= p->n_sources;
}

static int fdt_fill(void *self, void *fdt, int32_t node, pb_err *e)
{
    struct plic *p = self;

    if (fdt_setprop_u32(fdt, node, "riscv,ndev", p->n_sources) ||
        fdt_setprop_u32(fdt, node, "#address-cells", 0))
        return p->h->fail(e, PB_ENOSPC, "sifive-plic: the device tree is full");
    return PB_OK;
}

static const struct pb_fdt_node fdt_node = {sizeof fdt_node, 0, fdt_interrupt, fdt_fill};

/* What ACPI tables say that a device tree's node says, too. */
static int number(void *self, const char *name, uint64_t *v)
{
    const struct plic *p = self;

    if (strcmp(name, "num-sources") == 0) {
        *v = p->n_sources;
        return PB_OK;
    }
    if (strcmp(name, "max-priority") == 0) {
        *v = p->prio_mask;
        return PB_OK;
    }
    return PB_ENOENT;
}

static const struct pb_board_facts facts = {sizeof facts, 0, number};

/* ---- Life -------------------------------------------------------------------------- */

/* Walk "M,MS,…": the last word repeats. Counts contexts, or gives them their lines. */
static int lay_out(struct plic *p, const char *modes, uint32_t harts,
                   const struct pb_svc_line *line)
{
    const char *word = modes;
    uint32_t n = 0;

    for (uint32_t h = 0; h < harts; h++) {
        size_t len = strcspn(word, ",");
        if (len == 0 || strspn(word, "MS") < len)
            return PB_EINVAL;
        for (size_t k = 0; k < len; k++, n++) {
            if (n == MAX_CONTEXTS)
                return PB_EINVAL;
            if (p->ctx)
                p->ctx[n].out = line->out(p->dev, word[k] == 'M' ? "m" : "s", h);
        }
        if (word[len])
            word += len + 1;
    }
    p->n_contexts = n;
    return PB_OK;
}

static int make_contexts(struct plic *p, const struct pb_svc_prop *prop, pb_err *e)
{
    const struct pb_svc_line *line = p->h->get(p->h, PB_SVC_LINE);
    const char *modes = prop->get_str(p->dev, P_CONTEXTS);
    uint32_t harts = (uint32_t)prop->get_int(p->dev, P_HARTS);

    if (!harts)
        harts = line->count(p->dev, "m");
    if (harts < line->count(p->dev, "s"))
        harts = line->count(p->dev, "s");
    if (harts == 0 || lay_out(p, modes, harts, NULL) < 0)
        return p->h->fail(e, PB_EINVAL, "sifive-plic: contexts takes words of M and S such as "
                          "\"M,MS\", for at least one wired hart and 1024 contexts at most");
    p->ctx = calloc(p->n_contexts, sizeof *p->ctx);
    if (!p->ctx)
        return p->h->fail(e, PB_ENOMEM, "sifive-plic: no memory for the contexts");
    return lay_out(p, modes, harts, line);
}

static void unrealize(void *self)
{
    struct plic *p = self;

    free(p->ctx);
    pthread_mutex_destroy(&p->lock);
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {mmio_read, mmio_write, .min = 4, .max = 4,
        .impl_min = 4, .impl_max = 4};
    const struct pb_svc_mem *mem = h->get(h, PB_SVC_MEM);
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    struct plic *p = self;
    uint32_t max = (uint32_t)prop->get_int(d, P_PRIORITIES);

    p->h = h;
    p->dev = d;
    p->n_sources = (uint32_t)prop->get_int(d, P_SOURCES);
    p->words = p->n_sources / 32 + 1;
    if (max & (max + 1))
        return h->fail(e, PB_EINVAL, "sifive-plic: priorities takes 1, 3, 7, 15, …: the "
                                     "register keeps whole bits");
    p->prio_mask = max;
    int rc = make_contexts(p, prop, e);
    if (rc < 0)
        return rc;
    pthread_mutex_init(&p->lock, NULL);
    pb_region *r = mem->io(d, "regs", CONTEXT + 0x1000ull * MAX_CONTEXTS, &ops, p, e);
    rc = r ? mem->publish(d, 0, r, e) : PB_ENOMEM;
    if (rc < 0)
        unrealize(p);
    return rc;
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct plic *p = self;

    (void)kind;
    pthread_mutex_lock(&p->lock);
    if (phase == PB_RESET_ENTER) {
        memset(p->priority, 0, sizeof p->priority);
        memset(p->pending, 0, sizeof p->pending);
        memset(p->claimed, 0, sizeof p->claimed);
        for (uint32_t i = 0; i < p->n_contexts; i++) {
            memset(p->ctx[i].enable, 0, sizeof p->ctx[i].enable);
            p->ctx[i].threshold = 0;
        }
    } else if (phase == PB_RESET_HOLD) {
        for (uint32_t i = 0; i < p->n_contexts; i++)
            pb_line_set(p->ctx[i].out, 0);
    } else { /* lines that stayed high are requests again */
        for (uint32_t w = 0; w < p->words; w++)
            p->pending[w] |= p->level[w];
    }
    pthread_mutex_unlock(&p->lock);
}

static int save(void *self, pb_state *s, pb_err *e)
{
    struct plic *p = self;
    const struct pb_svc_state *st = p->h->get(p->h, PB_SVC_STATE);
    char name[32];

    for (uint32_t i = 0; i < p->n_contexts; i++) {
        snprintf(name, sizeof name, "enable%u", i);
        int rc = st->put(s, name, PB_S_U32, p->ctx[i].enable, WORDS);
        snprintf(name, sizeof name, "threshold%u", i);
        if (rc < 0 || (rc = st->put(s, name, PB_S_U32, &p->ctx[i].threshold, 1)) < 0)
            return p->h->fail(e, rc, "sifive-plic: cannot save a context");
    }
    return PB_OK;
}

static int load(void *self, pb_state *s, pb_err *e)
{
    struct plic *p = self;
    const struct pb_svc_state *st = p->h->get(p->h, PB_SVC_STATE);
    char name[32];

    for (uint32_t i = 0; i < p->n_contexts; i++) {
        snprintf(name, sizeof name, "enable%u", i);
        int rc = st->get(s, name, PB_S_U32, p->ctx[i].enable, WORDS);
        snprintf(name, sizeof name, "threshold%u", i);
        if (rc < 0 || (rc = st->get(s, name, PB_S_U32, &p->ctx[i].threshold, 1)) < 0)
            return p->h->fail(e, rc, "sifive-plic: the saved state has fewer contexts");
        for (uint32_t w = 0; w < WORDS; w++)
            p->ctx[i].enable[w] &= valid(p, w);
    }
    for (uint32_t w = 0; w < WORDS; w++)
        p->pending[w] &= valid(p, w);
    return PB_OK;
}

static const struct pb_field state[] = {
    PB_FIELD_ARRAY(struct plic, priority, PB_S_U32, WORDS * 32),
    PB_FIELD_ARRAY(struct plic, level, PB_S_U32, WORDS),
    PB_FIELD_ARRAY(struct plic, pending, PB_S_U32, WORDS),
    PB_FIELD_ARRAY(struct plic, claimed, PB_S_U32, WORDS),
};
static const struct pb_prop props[] = {
    {.name = "sources", .doc = "Highest source number", .def = "95", .min = 1, .max = 1023,
     .type = PB_T_UINT, .qemu_type = "uint32"},
    {.name = "priorities", .doc = "Highest priority, one less than a power of two",
     .def = "7", .min = 1, .max = 0x7fffffff, .type = PB_T_UINT, .qemu_type = "uint32"},
    {.name = "contexts", .doc = "Modes of each hart, \"M,MS\"; the last word repeats",
     .def = "MS", .type = PB_T_STR, .qemu_type = "str"},
    {.name = "harts", .doc = "Harts served; 0: as many as are wired", .def = "0", .min = 0,
     .max = 1024, .type = PB_T_UINT, .qemu_type = "uint32"},
};
static const char *const lines_out[] = {"m[]", "s[]", NULL};
static const char *const lines_in[] = {"irq[1024]", NULL};
static const struct pb_provide provides[] = {{PB_FDT_NODE, &fdt_node}, {PB_BOARD_FACTS, &facts}};

static const struct pb_device_class sifive_plic = {
    .size = sizeof sifive_plic, .flags = PB_DEV_NO_USER | PB_DEV_PARALLEL, .id = "sifive-plic",
    .title = "RISC-V platform-level interrupt controller", .category = "misc",
    .spec = "RISC-V PLIC 1.0.0", .props = props, .n_props = sizeof props / sizeof *props,
    .n_regions = 1, .lines_out = lines_out, .lines_in = lines_in, .provides = provides,
    .n_provides = 2, .instance_size = sizeof(struct plic), .state_version = 1,
    .n_state = sizeof state / sizeof *state, .state = state, .regs = &table,
    .realize = realize, .unrealize = unrealize, .reset = reset, .line_in = line_in,
    .save = save, .load = load,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &sifive_plic}};
static const char *const needs[] = {PB_SVC_MEM, PB_SVC_LINE, PB_SVC_PROP, PB_SVC_STATE, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.sifive-plic", .version = "1.0", .license = "MIT",
    .vendor = "Plugboard", .doc = "RISC-V platform-level interrupt controller", .needs = needs,
    .classes = classes, .n_classes = 1};
