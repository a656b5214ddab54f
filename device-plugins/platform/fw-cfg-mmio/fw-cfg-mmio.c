/* SPDX-License-Identifier: MIT */
/* fw-cfg-mmio.c - items that the machine hands to its firmware: by a selector and a data
 * register, and by DMA.
 * QEMU documentation, docs/specs/fw_cfg.rst; section names are of it.
 *
 * All registers are big-endian; the data register gives the item's bytes in order, whatever
 * the width. Other devices and the user add named files through PB_FW_FILES.
 *
 * Not modelled: items that the guest may write, traditional (non-file) items other than
 * signature, id, RAM size, CPU counts, the directory, and what boot plugins give by item().
 */
#include "fw-cfg.h"

#include <plugboard/plugin.h>
#include <plugboard/reg.h>

#include <stdlib.h>
#include <string.h>

enum { DMA_ERROR = 1, DMA_READ = 2, DMA_SKIP = 4, DMA_SELECT = 8, DMA_WRITE = 16 };
enum { ID_TRADITIONAL = 1, ID_DMA = 2 };
enum { R_DATA, R_SELECTOR, R_DMA };

#define CHUNK 4096u

static void put_be(uint8_t *at, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        at[i] = (uint8_t)(v >> 8 * (bytes - 1 - i));
}

static uint64_t get_be(const uint8_t *at, unsigned bytes)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < bytes; i++)
        v = v << 8 | at[i];
    return v;
}

/* ---- Items ------------------------------------------------------------------------- */

static const struct item *selected(const struct fw_cfg *f)
{
    static const struct item none;
    uint32_t key = f->key & 0x3fff; /* 0x4000: to write; 0x8000: of the architecture */

    if (f->key & 0x8000)
        return &none;
    if (key < KEY_FILES)
        return &f->fixed[key];
    return key - KEY_FILES < f->n_files ? &f->file[key - KEY_FILES] : &none;
}

static int set_item(struct item *i, const void *data, uint32_t n)
{
    uint8_t *copy = malloc(n ? n : 1);

    if (!copy)
        return PB_ENOMEM;
    if (n)
        memcpy(copy, data, n);
    free(i->data);
    i->data = copy;
    i->len = n;
    return PB_OK;
}

static int set_number(struct fw_cfg *f, uint32_t key, uint64_t v, unsigned bytes)
{
    uint8_t le[8];

    for (unsigned i = 0; i < bytes; i++)
        le[i] = (uint8_t)(v >> 8 * i);
    return set_item(&f->fixed[key], le, bytes);
}

/* "File Directory": a count, then 64 bytes a file. */
int fw_cfg_make_directory(struct fw_cfg *f)
{
    uint8_t dir[4 + 64 * MAX_FILES] = {0};

    put_be(dir, f->n_files, 4);
    for (uint32_t i = 0; i < f->n_files; i++) {
        uint8_t *p = dir + 4 + 64 * i;
        put_be(p, f->file[i].len, 4);
        put_be(p + 4, KEY_FILES + i, 2);
        memcpy(p + 8, f->file[i].name, sizeof f->file[i].name);
    }
    return set_item(&f->fixed[KEY_DIR], dir, 4 + 64 * f->n_files);
}

static int add(void *self, const char *name, const void *data, uint32_t n, pb_err *e)
{
    struct fw_cfg *f = self;
    char text[160];

    if (!*name || strlen(name) > NAME_MAX_LEN)
        return f->h->fail(e, PB_EINVAL, "fw_cfg: a file name has 1 to 55 characters");
    for (uint32_t i = 0; i < f->n_files; i++) {
        if (strcmp(f->file[i].name, name) == 0) {
            snprintf(text, sizeof text, "fw_cfg: there is a file '%s' already", name);
            return f->h->fail(e, PB_EBUSY, text);
        }
    }
    if (f->n_files == MAX_FILES)
        return f->h->fail(e, PB_ENOSPC, "fw_cfg: no room for more than 128 files");
    struct item *i = &f->file[f->n_files];
    if (set_item(i, data, n) < 0)
        return f->h->fail(e, PB_ENOMEM, "fw_cfg: out of memory");
    snprintf(i->name, sizeof i->name, "%s", name);
    f->n_files++;
    return fw_cfg_make_directory(f) < 0 ? f->h->fail(e, PB_ENOMEM, "fw_cfg: out of memory") : PB_OK;
}

static const uint8_t given[] = FW_CFG_GIVEN;

static int item(void *self, uint32_t key, const void *data, uint32_t n, pb_err *e)
{
    struct fw_cfg *f = self;

    if (!memchr(given, (int)key, sizeof given))
        return f->h->fail(e, PB_EINVAL, "fw_cfg: items of that number are the device's own");
    return set_item(&f->fixed[key], data, n) < 0
               ? f->h->fail(e, PB_ENOMEM, "fw_cfg: out of memory") : PB_OK;
}

static const struct pb_fw_files fw_files = {sizeof fw_files, 0, add, item};

/* ---- Reading ----------------------------------------------------------------------- */

static void skip(struct fw_cfg *f, uint32_t n)
{
    f->offset = n > UINT32_MAX - f->offset ? UINT32_MAX : f->offset + n;
}

/* The next `n` bytes of the item; zeros behind its end. */
static void take(struct fw_cfg *f, uint8_t *buf, uint32_t n)
{
    const struct item *i = selected(f);
    uint32_t have = f->offset < i->len ? i->len - f->offset : 0;

    if (have > n)
        have = n;
    if (have)
        memcpy(buf, i->data + f->offset, have);
    memset(buf + have, 0, n - have);
    skip(f, n);
}

static void select_key(struct fw_cfg *f, uint16_t key)
{
    f->key = key;
    f->offset = 0;
}

/* ---- "Guest-side DMA Interface" ---------------------------------------------------- */

static int dma_read(struct fw_cfg *f, pb_as *as, uint64_t gpa, uint32_t n)
{
    uint8_t buf[CHUNK];

    while (n) {
        uint32_t k = n < CHUNK ? n : CHUNK;
        take(f, buf, k);
        if (gpa > UINT64_MAX - k || f->mem->write(as, gpa, buf, k) < 0)
            return PB_EFAULT;
        gpa += k;
        n -= k;
    }
    return PB_OK;
}

static void dma(struct fw_cfg *f, uint64_t gpa)
{
    pb_as *as = f->mem->as(f->dev);
    uint8_t desc[16], result[4];
    int rc = PB_OK;

    if (f->mem->read(as, gpa, desc, sizeof desc) < 0) {
        if (f->h->log_on[PB_LOG_GUEST])
            f->h->log(f->h, f->dev, PB_LOG_GUEST, "fw-cfg-mmio: the DMA descriptor is not in RAM");
        return;
    }
    uint32_t control = (uint32_t)get_be(desc, 4), n = (uint32_t)get_be(desc + 4, 4);
    if (control & DMA_SELECT)
        select_key(f, (uint16_t)(control >> 16));
    if (control & DMA_READ)
        rc = dma_read(f, as, get_be(desc + 8, 8), n);
    else if (control & DMA_WRITE)
        rc = n ? PB_EROFS : PB_OK;
    else if (control & DMA_SKIP)
        skip(f, n);
    put_be(result, rc < 0 ? DMA_ERROR : 0, 4);
    if (f->mem->write(as, gpa, result, sizeof result) < 0 && f->h->log_on[PB_LOG_GUEST])
        f->h->log(f->h, f->dev, PB_LOG_GUEST, "fw-cfg-mmio: the DMA descriptor is read-only");
}

/* ---- Registers --------------------------------------------------------------------- */

#define DMA_SIGNATURE 0x51454d5520434647ull /* "QEMU CFG" */

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    (void)self, (void)r; /* only the DMA register is readable here */
    return i ? DMA_SIGNATURE & 0xffffffff : DMA_SIGNATURE >> 32;
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t v)
{
    struct fw_cfg *f = self;

    if (r->id == R_SELECTOR) {
        select_key(f, (uint16_t)v);
    } else if (r->id == R_DMA && i == 0) {
        f->dma_high = (uint32_t)v;
    } else if (r->id == R_DMA) {
        uint64_t gpa = (uint64_t)f->dma_high << 32 | v;
        f->dma_high = 0;
        dma(f, gpa);
    } else if (f->h->log_on[PB_LOG_GUEST]) {
        f->h->log(f->h, f->dev, PB_LOG_GUEST, "fw-cfg-mmio: no item is writable");
    }
}

static const struct pb_reg regs[] = {
    {.name = "DATA", .off = 0, .width = 1, .access = PB_R_RW, .id = R_DATA,
     .flags = PB_REG_HOOK_R | PB_REG_HOOK_W, .section = "Data Register",
     .doc = "the item's next bytes; 1, 2, 4 and 8 wide"},
    {.name = "SELECTOR", .off = 8, .width = 2, .access = PB_R_WO, .id = R_SELECTOR,
     .flags = PB_REG_HOOK_W, .section = "Selector (Control) Register"},
    {.name = "DMA", .off = 16, .width = 4, .access = PB_R_RW, .id = R_DMA, .count = 2, .stride = 4,
     .flags = PB_REG_HOOK_R | PB_REG_HOOK_W, .section = "Guest-side DMA Interface",
     .doc = "high and low half of the descriptor's address; also 8 wide"},
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs, "fw-cfg-mmio",
                                     reg_read, reg_write};

static uint64_t mmio_read(void *self, uint64_t off, uint32_t bytes)
{
    struct fw_cfg *f = self;
    uint8_t buf[8];

    if (off == 0) {
        take(f, buf, bytes);
        return get_be(buf, bytes);
    }
    if (off == 16 && bytes == 8)
        return DMA_SIGNATURE;
    return pb_regs_read(&table, f, f->h, f->dev, off, bytes);
}

static void mmio_write(void *self, uint64_t off, uint64_t val, uint32_t bytes)
{
    struct fw_cfg *f = self;

    if (off == 16 && bytes == 8) {
        f->dma_high = 0;
        dma(f, val);
        return;
    }
    pb_regs_write(&table, f, f->h, f->dev, off, val, off ? bytes : 1);
}

/* ---- Life -------------------------------------------------------------------------- */

static void unrealize(void *self)
{
    struct fw_cfg *f = self;

    for (uint32_t i = 0; i < KEY_FILES; i++)
        free(f->fixed[i].data);
    for (uint32_t i = 0; i < f->n_files; i++)
        free(f->file[i].data);
}

static int fixed_items(struct fw_cfg *f)
{
    const struct pb_svc_board *board = f->h->get(f->h, PB_SVC_BOARD);
    struct pb_board_reg ram[8];
    uint64_t bytes = 0;
    uint32_t n = board->ram(f->dev, ram, 8), cpus = board->n_cpus(f->dev);

    for (uint32_t i = 0; i < n && i < 8; i++)
        bytes += ram[i].len;
    int rc = set_item(&f->fixed[KEY_SIGNATURE], "QEMU", 4);
    rc |= set_number(f, KEY_ID, ID_TRADITIONAL | ID_DMA, 4);
    rc |= set_number(f, KEY_RAM_SIZE, bytes, 8);
    rc |= set_number(f, KEY_NB_CPUS, cpus, 2);
    rc |= set_number(f, KEY_MAX_CPUS, cpus, 2);
    return rc | fw_cfg_make_directory(f);
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {mmio_read, mmio_write, .min = 1, .max = 8,
        .impl_min = 1, .impl_max = 8, .flags = PB_RO_BIG};
    struct fw_cfg *f = self;

    f->h = h;
    f->dev = d;
    f->mem = h->get(h, PB_SVC_MEM);
    pb_region *r = fixed_items(f) < 0 ? NULL : f->mem->io(d, "regs", 0x18, &ops, f, e);
    int rc = r ? f->mem->publish(d, 0, r, e) : PB_ENOMEM;
    if (rc < 0)
        unrealize(f);
    return rc;
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct fw_cfg *f = self;

    (void)kind;
    if (phase == PB_RESET_ENTER) {
        select_key(f, 0);
        f->dma_high = 0;
    }
}

static const struct pb_field state[] = {
    PB_FIELD(struct fw_cfg, key, PB_S_U16),
    PB_FIELD(struct fw_cfg, offset, PB_S_U32),
    PB_FIELD(struct fw_cfg, dma_high, PB_S_U32),
};
static const struct pb_provide provides[] = {{PB_FW_FILES, &fw_files}};

static const struct pb_device_class fw_cfg_mmio = {
    .size = sizeof fw_cfg_mmio, .flags = PB_DEV_NO_USER, .id = "fw-cfg-mmio",
    .title = "Firmware configuration (fw_cfg)", .category = "misc",
    .spec = "QEMU docs/specs/fw_cfg.rst", .n_regions = 1, .provides = provides, .n_provides = 1,
    .instance_size = sizeof(struct fw_cfg), .state_version = 3,
    .n_state = sizeof state / sizeof *state, .state = state, .regs = &table,
    .realize = realize, .unrealize = unrealize, .reset = reset,
    .save = fw_cfg_save, .load = fw_cfg_load,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &fw_cfg_mmio}};
static const char *const needs[] = {PB_SVC_MEM, PB_SVC_BOARD, PB_SVC_STATE, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.fw-cfg-mmio", .version = "1.0", .license = "MIT",
    .vendor = "Plugboard", .doc = "Firmware configuration", .needs = needs, .classes = classes,
    .n_classes = 1};
