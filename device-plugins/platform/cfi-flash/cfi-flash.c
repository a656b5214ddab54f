/* SPDX-License-Identifier: MIT */
/* cfi-flash.c - a NOR flash bank of 32 bits: two x16 chips of the Intel command set.
 * JEDEC JESD68.01 (CFI); Intel 306666 (P30). See chip.c for the chips.
 *
 * While both chips are in array mode the region is read like ROM, without a callback; any
 * command switches it to I/O. A 32-bit cycle reaches both chips, a 16-bit one that at its
 * address. Without a drive the contents are zero at start.
 *
 * Not modelled: burst mode, protection registers, program and erase times, suspend, and
 * block locks at power-up (blocks start unlocked, as guests of virtual boards expect).
 */
#include "cfi-flash.h"

#include <plugboard/plugin.h>

enum { P_DRIVE, P_SIZE, P_SECTOR };

static void set_rom_mode(struct cfi_flash *f)
{
    uint32_t on = 1;

    for (uint32_t c = 0; c < CHIPS; c++)
        on &= f->chip[c].mode == MODE_ARRAY && f->chip[c].setup == SETUP_NONE;
    if (on != f->rom_on)
        f->store.mem->rom_mode(f->store.region, on);
    f->rom_on = on;
}

static uint64_t mmio_read(void *self, uint64_t off, uint32_t bytes)
{
    struct cfi_flash *f = self;
    uint32_t w = (uint32_t)(off / (2 * CHIPS)), c = (uint32_t)(off / 2) % CHIPS;

    if (bytes == 4)
        return chip_read(f, 0, w) | (uint32_t)chip_read(f, 1, w) << 16;
    uint32_t v = chip_read(f, c, w);
    return bytes == 2 ? v : v >> 8 * (off & 1) & 0xff;
}

static void mmio_write(void *self, uint64_t off, uint64_t val, uint32_t bytes)
{
    struct cfi_flash *f = self;
    uint32_t w = (uint32_t)(off / (2 * CHIPS)), c = (uint32_t)(off / 2) % CHIPS;

    if (bytes == 4) {
        chip_write(f, 0, w, (uint16_t)val);
        chip_write(f, 1, w, (uint16_t)(val >> 16));
    } else if (bytes == 2) {
        chip_write(f, c, w, (uint16_t)val);
    } else { /* the other lane floats high: programs nothing */
        chip_write(f, c, w, (uint16_t)(off & 1 ? val << 8 | 0xff : 0xff00 | val));
    }
    set_rom_mode(f);
}

static void drain(void *self)
{
    flash_store_drain(&((struct cfi_flash *)self)->store);
}

static void unrealize(void *self)
{
    flash_store_close(&((struct cfi_flash *)self)->store);
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {mmio_read, mmio_write, .min = 1, .max = 8,
        .impl_min = 1, .impl_max = 4};
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    const struct pb_svc_mem *mem = h->get(h, PB_SVC_MEM);
    struct cfi_flash *f = self;
    uint64_t sector = (uint64_t)prop->get_int(d, P_SECTOR);

    f->store = (struct flash_store){.h = h, .dev = d, .what = "cfi-flash",
                                    .size = (uint64_t)prop->get_int(d, P_SIZE),
                                    .drive = prop->get_block(d, P_DRIVE)};
    f->rom_on = 1;
    uint64_t size = f->store.size;
    if ((size & (size - 1)) || (sector & (sector - 1)) || size < sector || size / sector > 256)
        return h->fail(e, PB_EINVAL, "cfi-flash: size and sector-length are powers of two, and "
                                     "size is 1 to 256 sectors");
    f->block_words = (uint32_t)(sector / CHIPS / 2);
    f->blocks = (uint32_t)(size / sector);
    f->store.region = mem->rom_device(d, "contents", size, &ops, f, &f->store.host, e);
    if (!f->store.region)
        return PB_ENOMEM;
    int rc = flash_store_open(&f->store, e);
    if (rc == PB_OK)
        rc = mem->publish(d, 0, f->store.region, e);
    if (rc < 0)
        unrealize(f);
    return rc;
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct cfi_flash *f = self;

    (void)kind;
    if (phase != PB_RESET_ENTER)
        return;
    for (uint32_t c = 0; c < CHIPS; c++)
        chip_reset(&f->chip[c]);
    set_rom_mode(f);
}

static int load(void *self, pb_state *s, pb_err *e)
{
    struct cfi_flash *f = self;

    (void)s;
    for (uint32_t c = 0; c < CHIPS; c++) {
        struct chip *k = &f->chip[c];
        int filling = k->setup == SETUP_DATA || k->setup == SETUP_CONFIRM;
        if (k->mode > MODE_CFI || k->setup >= SETUP_LAST ||
            (filling && (k->wanted == 0 || k->wanted > BUFFER_WORDS || k->got > k->wanted ||
                         (k->setup == SETUP_DATA) != (k->got < k->wanted))))
            return f->store.h->fail(e, PB_EINVAL, "cfi-flash: the saved command state is "
                                                  "impossible");
        for (uint32_t i = 0; filling && i < k->got; i++) {
            if (k->addr[i] >= f->blocks * f->block_words)
                return f->store.h->fail(e, PB_EINVAL, "cfi-flash: a saved address is too high");
        }
    }
    f->rom_on = 2; /* tell the host, whatever it has */
    set_rom_mode(f);
    /* the contents came with the state: the drive has what was written back before */
    if (f->store.drive && !f->store.read_only)
        flash_store_touch(&f->store, 0, f->store.size);
    return PB_OK;
}

#define CHIP_STATE(n) \
    PB_FIELD(struct cfi_flash, chip[n].mode, PB_S_U8), \
    PB_FIELD(struct cfi_flash, chip[n].setup, PB_S_U8), \
    PB_FIELD(struct cfi_flash, chip[n].status, PB_S_U8), \
    PB_FIELD_ARRAY(struct cfi_flash, chip[n].locked, PB_S_U8, 256), \
    PB_FIELD(struct cfi_flash, chip[n].wanted, PB_S_U16), \
    PB_FIELD(struct cfi_flash, chip[n].got, PB_S_U16), \
    PB_FIELD_ARRAY(struct cfi_flash, chip[n].addr, PB_S_U32, BUFFER_WORDS), \
    PB_FIELD_ARRAY(struct cfi_flash, chip[n].data, PB_S_U16, BUFFER_WORDS)
static const struct pb_field state[] = {CHIP_STATE(0), CHIP_STATE(1)};
static const char *const drive_ifs[] = {PB_IF_BLOCK, NULL};
static const struct pb_prop props[] = {
    {.name = "drive", .doc = "Node that keeps the contents", .choices = drive_ifs,
     .type = PB_T_LINK, .qemu_type = "str"},
    {.name = "size", .doc = "Bytes of both chips", .def = "32M", .min = 0x1000,
     .max = 0x4000000, .unit = "bytes", .type = PB_T_SIZE, .qemu_type = "size"},
    {.name = "sector-length", .doc = "Bytes that one erase clears, both chips", .def = "256K",
     .min = 0x1000, .max = 0x1000000, .unit = "bytes", .type = PB_T_SIZE,
     .qemu_type = "uint64"},
};

static const struct pb_device_class cfi_flash = {
    .size = sizeof cfi_flash, .flags = PB_DEV_NO_USER, .id = "cfi-flash",
    .title = "CFI NOR flash, Intel command set", .category = "storage",
    .spec = "JESD68.01, Intel 306666", .props = props, .n_props = sizeof props / sizeof *props,
    .n_regions = 1, .instance_size = sizeof(struct cfi_flash), .state_version = 1,
    .n_state = sizeof state / sizeof *state, .state = state, .realize = realize,
    .unrealize = unrealize, .reset = reset, .load = load, .drain = drain,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &cfi_flash}};
static const char *const needs[] = {PB_SVC_MEM, PB_SVC_TIME, PB_SVC_THREAD, PB_SVC_PROP,
                                    PB_SVC_BLOCK, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.plugboard.cfi-flash",
    .version = "1.0", .license = "MIT", .vendor = "Plugboard", .doc = "CFI NOR flash",
    .needs = needs, .classes = classes, .n_classes = 1};
