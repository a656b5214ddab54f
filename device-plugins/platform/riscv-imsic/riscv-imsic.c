/* SPDX-License-Identifier: MIT */
/* riscv-imsic.c - incoming message controllers: the interrupt files of one privilege level.
 * The RISC-V Advanced Interrupt Architecture 1.0, chapter 3; sections are of it.
 *
 * One device holds the files of all harts: hart h's own at page h << bits of the region, those of
 * its guests behind it (3.6). A store of a number to a page, or a message that a bus resolved
 * (PB_MSI), makes that number pending; harts reach enables, thresholds and the first number by
 * their CSRs (PB_RISCV_IMSIC). Numbers are their own priorities, the lowest first.
 *
 * Messages come from any thread: one mutex a file, held for a few words.
 *
 * Not modelled: delivery by an APLIC beside the files (eidelivery 0x40000000), outputs of guest
 * files (harts have no H), groups of harts.
 */
#include <plugboard/board.h>
#include <plugboard/device.h>
#include <plugboard/msi.h>
#include <plugboard/plugin.h>
#include <plugboard/reg.h>
#include <plugboard/riscv.h>

#include <libfdt.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define WORDS 32u /* 2048 numbers */
#define PAGE 0x1000u
#define MAX_HARTS 512u

/* What *iselect selects (3.8). */
enum { EIDELIVERY = 0x70, EITHRESHOLD = 0x72, EIP = 0x80, EIE = 0xc0, END = 0x100 };
enum { R_LE, R_BE };
enum { P_IRQS, P_GUESTS, P_ADDR };

struct file {
    pthread_mutex_t lock;
    uint64_t eip[WORDS], eie[WORDS];
    uint32_t delivery, threshold;
    const struct pb_line *out; /* NULL: a guest's */
};

struct imsic {
    const pb_host *h;
    pb_dev *dev;
    uint32_t n_ids; /* numbers are 1 to n_ids */
    uint32_t n_harts, guest_bits, n_files;
    uint64_t addr; /* of the region, for resolve() */
    struct file *file; /* file[n_files], by page */
};

/* ---- Interrupt files --------------------------------------------------------------------- */

/* The lowest number that is pending, enabled and below the threshold (3.9); 0: none. */
static uint32_t first(const struct imsic *s, const struct file *f)
{
    for (uint32_t w = 0; w <= s->n_ids / 64; w++) {
        uint64_t m = f->eip[w] & f->eie[w];
        if (!m)
            continue;
        uint32_t id = w * 64 + (uint32_t)__builtin_ctzll(m);
        return f->threshold && id >= f->threshold ? 0 : id;
    }
    return 0;
}

static void drive(const struct imsic *s, struct file *f)
{
    if (f->out)
        pb_line_set(f->out, f->delivery && first(s, f));
}

/* [any] sink of a message: number a for file b. */
static void send(void *sink, uint64_t a, uint64_t b)
{
    struct imsic *s = sink;

    if (a == 0 || a > s->n_ids || b >= s->n_files)
        return; /* ignored (3.5) */
    struct file *f = &s->file[b];
    pthread_mutex_lock(&f->lock);
    f->eip[a / 64] |= 1ull << a % 64;
    drive(s, f);
    pthread_mutex_unlock(&f->lock);
}

static int resolve(void *self, uint32_t requester, uint64_t addr, uint32_t data,
                   struct pb_msi_route *r)
{
    struct imsic *s = self;
    uint64_t off = addr - s->addr, reg = off % PAGE;

    (void)requester;
    if (addr < s->addr || off / PAGE >= s->n_files || (reg != 0 && reg != 4))
        return PB_ENOENT;
    *r = (struct pb_msi_route){send, s, reg ? __builtin_bswap32(data) : data, off / PAGE};
    return PB_OK;
}

static struct file *file_of(const struct imsic *s, uint32_t hart, uint32_t file)
{
    return hart < s->n_harts && file >> s->guest_bits == 0
               ? &s->file[(hart << s->guest_bits) + file] : NULL;
}

/* Bits of word `w` of eip and eie that are numbers: n_ids + 1 is a multiple of 64 (3.1). */
static uint64_t valid(const struct imsic *s, uint32_t w)
{
    return w > s->n_ids / 64 ? 0 : w ? ~0ull : ~1ull;
}

static void change(uint64_t *word, uint64_t mask, uint64_t v, uint64_t *old)
{
    *old = *word;
    *word = (*word & ~mask) | (v & mask);
}

/* eidelivery takes 0 and 1, eithreshold what is a number; all else keeps what it was. */
static void scalar(const struct imsic *s, struct file *f, uint32_t reg, uint64_t mask, uint64_t v,
                   uint64_t *old)
{
    uint32_t *var = reg == EIDELIVERY ? &f->delivery : &f->threshold;
    uint64_t next = *var;

    change(&next, mask, v, old);
    if (next <= (reg == EIDELIVERY ? 1 : s->n_ids))
        *var = (uint32_t)next;
}

static int access_file(void *self, uint32_t hart, uint32_t file, uint32_t reg, uint64_t mask,
                       uint64_t v, uint64_t *old)
{
    struct imsic *s = self;
    struct file *f = file_of(s, hart, file);

    *old = 0;
    if (!f || reg < EIDELIVERY || reg >= END || (reg >= EIP && reg & 1))
        return PB_ENOENT;
    uint32_t w = (reg & 0x3f) / 2;
    pthread_mutex_lock(&f->lock);
    if (reg >= EIE)
        change(&f->eie[w], mask & valid(s, w), v, old);
    else if (reg >= EIP)
        change(&f->eip[w], mask & valid(s, w), v, old);
    else if (reg == EIDELIVERY || reg == EITHRESHOLD)
        scalar(s, f, reg, mask, v, old);
    if (mask)
        drive(s, f);
    pthread_mutex_unlock(&f->lock);
    return PB_OK;
}

static uint32_t top(void *self, uint32_t hart, uint32_t file, uint32_t claim)
{
    struct imsic *s = self;
    struct file *f = file_of(s, hart, file);

    if (!f)
        return 0;
    pthread_mutex_lock(&f->lock);
    uint32_t id = first(s, f);
    if (id && claim) {
        f->eip[id / 64] &= ~(1ull << id % 64);
        drive(s, f);
    }
    pthread_mutex_unlock(&f->lock);
    return id << 16 | id;
}

/* ---- Pages ------------------------------------------------------------------------------- */

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t v)
{
    send(self, r->id == R_BE ? __builtin_bswap32((uint32_t)v) : v, i);
}

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    (void)self, (void)r, (void)i;
    return 0;
}

#define HOOKS (PB_REG_HOOK_R | PB_REG_HOOK_W)
static const struct pb_reg regs[] = {
    {.name = "seteipnum_le", .off = 0, .width = 4, .access = PB_R_RW, .mask = 0xffffffff,
     .id = R_LE, .flags = HOOKS, .section = "3.5", .doc = "makes that number pending"},
    {.name = "seteipnum_be", .off = 4, .width = 4, .access = PB_R_RW, .mask = 0xffffffff,
     .id = R_BE, .flags = HOOKS, .section = "3.5", .doc = "the same, most significant byte first"},
    {.name = "reserved", .off = 8, .width = 4, .access = PB_R_RSVD, .count = PAGE / 4 - 2,
     .stride = 4, .section = "3.5"},
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs, "riscv-imsic",
                                     reg_read, reg_write};

static uint64_t mmio_read(void *self, uint64_t off, uint32_t bytes)
{
    struct imsic *s = self;

    return pb_regs_read(&table, s, s->h, s->dev, off % PAGE, bytes);
}

static void mmio_write(void *self, uint64_t off, uint64_t val, uint32_t bytes)
{
    struct imsic *s = self;

    if (off % PAGE == 0 || off % PAGE == 4)
        reg_write(s, &regs[off % PAGE / 4], (uint32_t)(off / PAGE), val);
    else
        pb_regs_write(&table, s, s->h, s->dev, off % PAGE, val, bytes);
}

/* ---- Device tree, ACPI ---------------------------------------------------------------------- */

/* Linux Documentation/devicetree/bindings/interrupt-controller/riscv,imsics.yaml. */
static int fdt_fill(void *self, void *fdt, int32_t node, pb_err *e)
{
    struct imsic *s = self;

    (void)e;
    if (fdt_setprop(fdt, node, "interrupt-controller", NULL, 0) ||
        fdt_setprop_u32(fdt, node, "#interrupt-cells", 0) ||
        fdt_setprop(fdt, node, "msi-controller", NULL, 0) ||
        fdt_setprop_u32(fdt, node, "#msi-cells", 0) ||
        fdt_setprop_u32(fdt, node, "riscv,num-ids", s->n_ids) ||
        (s->guest_bits && fdt_setprop_u32(fdt, node, "riscv,guest-index-bits", s->guest_bits)))
        return PB_ENOSPC;
    return PB_OK;
}

/* What ACPI tables say that a device tree's node says, too. */
static int number(void *self, const char *name, uint64_t *v)
{
    const struct imsic *s = self;

    if (strcmp(name, "num-ids") == 0) {
        *v = s->n_ids;
        return PB_OK;
    }
    if (strcmp(name, "guest-index-bits") == 0) {
        *v = s->guest_bits;
        return PB_OK;
    }
    return PB_ENOENT;
}

static const struct pb_board_facts facts = {sizeof facts, 0, number};

/* ---- Life ----------------------------------------------------------------------------------- */

static void unrealize(void *self)
{
    struct imsic *s = self;

    for (uint32_t i = 0; s->file && i < s->n_files; i++)
        pthread_mutex_destroy(&s->file[i].lock);
    free(s->file);
    s->file = NULL;
}

static int make_files(struct imsic *s, pb_err *e)
{
    const struct pb_svc_line *line = s->h->get(s->h, PB_SVC_LINE);

    s->n_harts = line->count(s->dev, "irq");
    if (s->n_harts == 0 || s->n_harts > MAX_HARTS)
        return s->h->fail(e, PB_EINVAL, "riscv-imsic: irq goes to 1 to 512 harts");
    s->n_files = s->n_harts << s->guest_bits;
    s->file = calloc(s->n_files, sizeof *s->file);
    if (!s->file)
        return s->h->fail(e, PB_ENOMEM, "riscv-imsic: no memory for the interrupt files");
    for (uint32_t i = 0; i < s->n_files; i++) {
        pthread_mutex_init(&s->file[i].lock, NULL);
        if (i % (1u << s->guest_bits) == 0)
            s->file[i].out = line->out(s->dev, "irq", i >> s->guest_bits);
    }
    return PB_OK;
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {mmio_read, mmio_write, .min = 4, .max = 4,
        .impl_min = 4, .impl_max = 4};
    const struct pb_svc_mem *mem = h->get(h, PB_SVC_MEM);
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    struct imsic *s = self;

    s->h = h;
    s->dev = d;
    s->n_ids = (uint32_t)prop->get_int(d, P_IRQS);
    s->addr = (uint64_t)prop->get_int(d, P_ADDR);
    if ((s->n_ids + 1) % 64)
        return h->fail(e, PB_EINVAL, "riscv-imsic: num-irqs is one less than a multiple of 64: "
                                     "63, 127, … 2047");
    for (uint32_t guests = (uint32_t)prop->get_int(d, P_GUESTS); guests >> s->guest_bits;)
        s->guest_bits++;
    int rc = make_files(s, e);
    pb_region *r = rc < 0 ? NULL : mem->io(d, "files", (uint64_t)s->n_files * PAGE, &ops, s, e);
    if (rc == PB_OK)
        rc = r ? mem->publish(d, 0, r, e) : PB_ENOMEM;
    if (rc < 0)
        unrealize(s);
    return rc;
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct imsic *s = self;

    (void)kind;
    for (uint32_t i = 0; i < s->n_files; i++) {
        struct file *f = &s->file[i];
        pthread_mutex_lock(&f->lock);
        if (phase == PB_RESET_ENTER) {
            memset(f->eip, 0, sizeof f->eip);
            memset(f->eie, 0, sizeof f->eie);
            f->delivery = f->threshold = 0;
        } else if (phase == PB_RESET_HOLD) {
            drive(s, f);
        }
        pthread_mutex_unlock(&f->lock);
    }
}

static int save(void *self, pb_state *st, pb_err *e)
{
    struct imsic *s = self;
    const struct pb_svc_state *svc = s->h->get(s->h, PB_SVC_STATE);
    char name[32];
    int rc = PB_OK;

    for (uint32_t i = 0; i < s->n_files && rc >= 0; i++) {
        struct file *f = &s->file[i];
        const uint32_t regs2[2] = {f->delivery, f->threshold};
        snprintf(name, sizeof name, "eip%u", i);
        rc = svc->put(st, name, PB_S_U64, f->eip, WORDS);
        snprintf(name, sizeof name, "eie%u", i);
        if (rc >= 0)
            rc = svc->put(st, name, PB_S_U64, f->eie, WORDS);
        snprintf(name, sizeof name, "file%u", i);
        if (rc >= 0)
            rc = svc->put(st, name, PB_S_U32, regs2, 2);
    }
    return rc < 0 ? s->h->fail(e, rc, "riscv-imsic: cannot save an interrupt file") : PB_OK;
}

static int load_file(struct imsic *s, const struct pb_svc_state *svc, pb_state *st, uint32_t i)
{
    struct file *f = &s->file[i];
    uint32_t regs2[2];
    char name[32];

    snprintf(name, sizeof name, "eip%u", i);
    if (svc->get(st, name, PB_S_U64, f->eip, WORDS) < 0)
        return PB_EINVAL;
    snprintf(name, sizeof name, "eie%u", i);
    if (svc->get(st, name, PB_S_U64, f->eie, WORDS) < 0)
        return PB_EINVAL;
    snprintf(name, sizeof name, "file%u", i);
    if (svc->get(st, name, PB_S_U32, regs2, 2) < 0 || regs2[1] > s->n_ids)
        return PB_EINVAL;
    f->delivery = regs2[0] & 1;
    f->threshold = regs2[1];
    for (uint32_t w = 0; w < WORDS; w++) {
        f->eip[w] &= valid(s, w);
        f->eie[w] &= valid(s, w);
    }
    return PB_OK;
}

static int load(void *self, pb_state *st, pb_err *e)
{
    struct imsic *s = self;
    const struct pb_svc_state *svc = s->h->get(s->h, PB_SVC_STATE);

    for (uint32_t i = 0; i < s->n_files; i++) {
        if (load_file(s, svc, st, i) < 0)
            return s->h->fail(e, PB_EINVAL, "riscv-imsic: the saved state has fewer or other "
                                            "interrupt files");
    }
    return PB_OK;
}

static const struct pb_prop props[] = {
    {.name = "num-irqs", .doc = "Numbers of a file, one less than a multiple of 64", .def = "255",
     .min = 63, .max = 2047, .type = PB_T_UINT, .qemu_type = "uint32"},
    {.name = "guests", .doc = "Guest files of a hart; pages are a power of two", .def = "0",
     .min = 0, .max = 63, .type = PB_T_UINT},
    {.name = "addr", .doc = "Address that messages are sent to: the manifest's reg",
     .type = PB_T_UINT, .flags = PB_P_REQUIRED},
};
static const char *const lines_out[] = {"irq[]", NULL};
static const struct pb_fdt_node fdt_node = {.size = sizeof fdt_node, .fill = fdt_fill};
static const struct pb_msi msi = {.size = sizeof msi, .resolve = resolve};
static const struct pb_riscv_imsic csrs = {sizeof csrs, 0, access_file, top};
static const struct pb_provide provides[] = {{PB_MSI, &msi}, {PB_RISCV_IMSIC, &csrs},
                                              {PB_FDT_NODE, &fdt_node}, {PB_BOARD_FACTS, &facts}};

static const struct pb_device_class riscv_imsic = {
    .size = sizeof riscv_imsic, .flags = PB_DEV_NO_USER | PB_DEV_PARALLEL, .id = "riscv-imsic",
    .title = "RISC-V incoming message controllers", .category = "misc", .spec = "RISC-V AIA 1.0",
    .props = props, .n_props = sizeof props / sizeof *props, .n_regions = 1,
    .lines_out = lines_out, .provides = provides, .n_provides = sizeof provides / sizeof *provides,
    .instance_size = sizeof(struct imsic), .state_version = 1, .regs = &table,
    .realize = realize, .unrealize = unrealize, .reset = reset, .save = save, .load = load,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &riscv_imsic}};
static const char *const needs[] = {PB_SVC_MEM, PB_SVC_LINE, PB_SVC_PROP, PB_SVC_STATE, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.riscv-imsic", .version = "1.0", .license = "MIT",
    .vendor = "Plugboard", .doc = "RISC-V incoming message controllers", .needs = needs,
    .classes = classes, .n_classes = 1};
