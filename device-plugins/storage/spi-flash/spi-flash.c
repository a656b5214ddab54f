/* SPDX-License-Identifier: MIT */
/* spi-flash.c - serial NOR flash on SPI: Winbond W25Q and Macronix MX25L of up to 16 MiB.
 * Winbond W25Q64FV (rev. S), chapter 8; Macronix MX25L12805D (rev. 1.2), "Command description".
 *
 * A command begins with the chip's selection and ends with it: what programs, erases or writes the
 * status register collects its bytes meanwhile and does it when it is deselected, if it is whole.
 * The contents are a region that nobody maps, so they are saved with the machine; a drive keeps
 * them longer.
 *
 * Not modelled: times of programming and erasing (the chip is never busy), block protection (its
 * bits are kept), SFDP (no signature), unique ID and security registers, dual and quad transfers.
 */
#include "flash-store.h"

#include <plugboard/plugin.h>
#include <plugboard/spi.h>

#include <stdio.h>
#include <string.h>

#define PAGE 256u
enum { SR_WEL = 2, SR_KEPT = 0xfc };
enum { P_DRIVE, P_CS };
enum { WRSR = 0x01, PP = 0x02, READ = 0x03, WRDI = 0x04, RDSR = 0x05, WREN = 0x06,
       FAST_READ = 0x0b, ERASE_4K = 0x20, WRSR2 = 0x31, RDSR2 = 0x35, ERASE_32K = 0x52,
       ERASE_ALL2 = 0x60, RESET_ENABLE = 0x66, REMS = 0x90, RESET = 0x99, RDID = 0x9f,
       WAKE = 0xab, SLEEP = 0xb9, ERASE_ALL = 0xc7, ERASE_64K = 0xd8 };

struct chip {
    const char *id;
    uint32_t jedec, size;
};

static const struct chip chips[] = {
    {"w25q32", 0xef4016, 4u << 20},
    {"w25q64", 0xef4017, 8u << 20},
    {"mx25l6405d", 0xc22017, 8u << 20},
    {"mx25l12805d", 0xc22018, 16u << 20},
};

struct spi_flash {
    struct flash_store store;
    const struct chip *chip;
    uint32_t cs;
    uint32_t selected, asleep, may_reset; /* the last command was RESET_ENABLE */
    uint32_t n;        /* bytes of this command so far, the first of all is its code */
    uint32_t code, at; /* and its address */
    uint8_t sr[2];
    uint8_t page[PAGE]; /* to be programmed, by place; what did not come is all ones */
};

static void complain(struct spi_flash *f, const char *what)
{
    char text[120];

    if (!f->store.h->log_on[PB_LOG_GUEST])
        return;
    snprintf(text, sizeof text, "%s: command 0x%02x %s", f->chip->id, f->code, what);
    f->store.h->log(f->store.h, f->store.dev, PB_LOG_GUEST, text);
}

static void power_on(struct spi_flash *f)
{
    f->selected = f->asleep = f->may_reset = f->n = f->code = f->at = 0;
    f->sr[0] &= SR_KEPT; /* those are not volatile */
}

/* ---- What is done at the end of a command ----------------------------------------------- */

static void program(struct spi_flash *f)
{
    uint8_t *to = f->store.host + (f->at & ~(PAGE - 1));

    for (uint32_t i = 0; i < PAGE; i++)
        to[i] &= f->page[i];
    flash_store_touch(&f->store, f->at & ~(PAGE - 1), PAGE);
}

static void erase(struct spi_flash *f, uint32_t bytes)
{
    uint64_t from = f->at & ~(bytes - 1);

    memset(f->store.host + from, 0xff, bytes);
    flash_store_touch(&f->store, from, bytes);
}

static uint32_t erases(const struct spi_flash *f)
{
    switch (f->code) {
    case ERASE_4K: return 4096;
    case ERASE_32K: return 32768;
    case ERASE_64K: return 65536;
    case ERASE_ALL: case ERASE_ALL2: return f->chip->size;
    default: return 0;
    }
}

/* Commands that need WEL, and take it back. */
static void change(struct spi_flash *f)
{
    uint32_t bytes = erases(f), whole = bytes == f->chip->size ? f->n == 1 : f->n == 4;

    if (!(f->sr[0] & SR_WEL)) {
        complain(f, "without WREN before it does nothing");
        return;
    }
    if (bytes ? !whole : f->n < (f->code == PP ? 5u : 2u))
        return; /* cut off: as if it had not been */
    f->sr[0] &= (uint8_t)~SR_WEL;
    if (f->code == WRSR || f->code == WRSR2)
        return; /* the bytes were taken as they came */
    if (f->store.read_only)
        complain(f, "changes nothing: the drive is read-only");
    else if (bytes)
        erase(f, bytes);
    else
        program(f);
}

static void end(struct spi_flash *f)
{
    uint32_t reset = f->code == RESET && f->may_reset;

    f->may_reset = f->n == 1 && f->code == RESET_ENABLE;
    switch (f->code) {
    case WREN: f->sr[0] |= SR_WEL; break;
    case WRDI: f->sr[0] &= (uint8_t)~SR_WEL; break;
    case SLEEP: f->asleep = 1; break;
    case WAKE: f->asleep = 0; break;
    case WRSR: case WRSR2: case PP: case ERASE_4K: case ERASE_32K: case ERASE_64K: case ERASE_ALL:
    case ERASE_ALL2: change(f); break;
    case RESET:
        if (reset)
            power_on(f);
        break;
    default: break;
    }
}

/* ---- Bytes ------------------------------------------------------------------------------ */

static int has_address(uint32_t code)
{
    return code == READ || code == FAST_READ || code == PP || code == ERASE_4K ||
           code == ERASE_32K || code == ERASE_64K || code == REMS || code == WAKE;
}

static uint8_t read_on(struct spi_flash *f)
{
    uint8_t v = f->store.host[f->at];

    f->at = (f->at + 1) % f->chip->size;
    return v;
}

static void page_byte(struct spi_flash *f, uint8_t v)
{
    if (f->n == 4)
        memset(f->page, 0xff, PAGE);
    f->page[f->at % PAGE] = v;
    f->at = (f->at & ~(PAGE - 1)) | ((f->at + 1) & (PAGE - 1)); /* wraps within the page */
}

static void status_byte(struct spi_flash *f, uint8_t v)
{
    uint32_t which = f->n - 1 + (f->code == WRSR2);

    if (!(f->sr[0] & SR_WEL))
        return;
    if (which == 0)
        f->sr[0] = (uint8_t)((v & SR_KEPT) | SR_WEL);
    else if (which == 1)
        f->sr[1] = v;
}

/* Byte n of the command, which is not the first nor of its address. */
static uint8_t data(struct spi_flash *f, uint8_t v)
{
    switch (f->code) {
    case READ: return read_on(f);
    case FAST_READ: return f->n == 4 ? 0 : read_on(f);
    case PP: page_byte(f, v); return 0;
    case WRSR: case WRSR2: status_byte(f, v); return 0;
    case RDSR: return f->sr[0];
    case RDSR2: return f->sr[1];
    case RDID: return (uint8_t)(f->chip->jedec >> 8 * (2 - (f->n - 1) % 3));
    case REMS:
        return (uint8_t)((f->at + f->n) % 2 ? f->chip->jedec - 1 : f->chip->jedec >> 16);
    case WAKE: return (uint8_t)(f->chip->jedec - 1); /* the ID that older drivers ask for */
    default: return 0;
    }
}

static uint8_t byte(struct spi_flash *f, uint8_t v)
{
    uint8_t in = 0;

    if (f->n == 0) {
        f->code = f->asleep && v != WAKE ? 0 : v;
        f->at = 0;
    } else if (f->n < 4 && has_address(f->code)) {
        f->at = (f->at << 8 | v) % f->chip->size;
    } else {
        in = data(f, v);
    }
    f->n += f->n < UINT32_MAX;
    return in;
}

/* ---- The bus ---------------------------------------------------------------------------- */

static uint32_t chip_select(void *self)
{
    return ((struct spi_flash *)self)->cs;
}

static void select_chip(void *self, uint32_t on)
{
    struct spi_flash *f = self;

    if (f->selected && !on && f->n)
        end(f);
    f->selected = on;
    f->n = 0;
    f->code = 0;
}

static void exchange(void *self, const uint8_t *out, uint8_t *in, uint32_t n)
{
    struct spi_flash *f = self;

    for (uint32_t i = 0; f->selected && i < n; i++)
        in[i] = byte(f, out[i]);
}

/* ---- The class -------------------------------------------------------------------------- */

static int realize(struct spi_flash *f, const struct chip *chip, pb_dev *d, const pb_host *h,
                   pb_err *e)
{
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    const struct pb_svc_mem *mem = h->get(h, PB_SVC_MEM);

    f->chip = chip;
    f->cs = (uint32_t)prop->get_int(d, P_CS);
    f->store = (struct flash_store){.h = h, .dev = d, .what = chip->id, .size = chip->size,
                                    .drive = prop->get_block(d, P_DRIVE)};
    f->store.region = mem->ram(d, "contents", chip->size, 0, &f->store.host, e);
    if (!f->store.region)
        return PB_ENOMEM;
    memset(f->store.host, 0xff, chip->size);
    int rc = flash_store_open(&f->store, e);
    if (rc < 0)
        flash_store_close(&f->store);
    return rc;
}

static void unrealize(void *self)
{
    flash_store_close(&((struct spi_flash *)self)->store);
}

static void drain(void *self)
{
    flash_store_drain(&((struct spi_flash *)self)->store);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    (void)kind;
    if (phase == PB_RESET_ENTER)
        power_on(self);
}

static int load(void *self, pb_state *s, pb_err *e)
{
    struct spi_flash *f = self;

    (void)s;
    if (f->at >= f->chip->size)
        return f->store.h->fail(e, PB_EINVAL, "spi-flash: a saved address is too high");
    /* the contents came with the state: the drive has what was written back before */
    if (f->store.drive && !f->store.read_only)
        flash_store_touch(&f->store, 0, f->chip->size);
    return PB_OK;
}

#define U32(m) PB_FIELD(struct spi_flash, m, PB_S_U32)
static const struct pb_field state[] = {
    U32(selected), U32(asleep), U32(may_reset), U32(n), U32(code), U32(at),
    PB_FIELD_ARRAY(struct spi_flash, sr, PB_S_BYTES, 2),
    PB_FIELD_ARRAY(struct spi_flash, page, PB_S_BYTES, PAGE),
};
static const struct pb_spi_target target = {sizeof target, 0, chip_select, select_chip, exchange};
static const struct pb_provide provides[] = {{PB_SPI_TARGET, &target}};
static const char *const drive_ifs[] = {PB_IF_BLOCK, NULL};
static const struct pb_prop props[] = {
    {.name = "drive", .doc = "Node that keeps the contents", .choices = drive_ifs,
     .type = PB_T_LINK, .qemu_type = "str"},
    {.name = "cs", .doc = "Chip select of the bus", .def = "0", .max = 3, .type = PB_T_UINT,
     .qemu_type = "uint8"},
};

#define CHIP(i, name) \
    static int realize_##name(void *self, pb_dev *d, const pb_host *h, pb_err *e) \
    { \
        return realize(self, &chips[i], d, h, e); \
    } \
    static const struct pb_device_class name = { \
        .size = sizeof name, .id = #name, .title = "SPI NOR flash " #name, \
        .category = "storage", .spec = "JEDEC ID and commands of the " #name, .bus = "spi-bus", \
        .props = props, .n_props = sizeof props / sizeof *props, .provides = provides, \
        .n_provides = 1, .instance_size = sizeof(struct spi_flash), .state_version = 1, \
        .n_state = sizeof state / sizeof *state, .state = state, .realize = realize_##name, \
        .unrealize = unrealize, .reset = reset, .load = load, .drain = drain, \
    };
CHIP(0, w25q32)
CHIP(1, w25q64)
CHIP(2, mx25l6405d)
CHIP(3, mx25l12805d)

static const struct pb_class_ref classes[] = {
    {PB_CLASS_DEVICE, &w25q32},
    {PB_CLASS_DEVICE, &w25q64},
    {PB_CLASS_DEVICE, &mx25l6405d},
    {PB_CLASS_DEVICE, &mx25l12805d},
};
static const char *const needs[] = {PB_SVC_MEM, PB_SVC_TIME, PB_SVC_THREAD, PB_SVC_PROP,
                                    PB_SVC_BLOCK, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.plugboard.spi-flash",
    .version = "1.0", .license = "MIT", .vendor = "Plugboard", .doc = "Serial NOR flash on SPI",
    .needs = needs, .classes = classes, .n_classes = sizeof classes / sizeof *classes};
