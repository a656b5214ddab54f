/* SPDX-License-Identifier: MIT */
/* card.c - boot from the card alone: what the firmware finds in its boot partition.
 * Raspberry Pi documentation, "The boot folder", "config.txt" (boot options), "Kernel command
 * line".
 *
 * The first FAT partition is the boot partition. config.txt names the files; without it the
 * firmware's own names count. Where a file is missing that the firmware would go on without, a line
 * says so. Nothing is written.
 *
 * Not modelled: the firmware's own files (bootcode.bin, start.elf), tryboot, network boot, 32-bit
 * kernels.
 */
#include "raspi-boot.h"

#include "config.h"

#include <stdlib.h>
#include <string.h>

#define MOST (1ull << 30) /* bytes of a kernel or RAM disk: as much as the board has memory */
#define MOST_TEXT 65536u
#define MOST_TREE (4u << 20)

struct card {
    struct raspi_boot *b;
    struct parts parts;
    struct fat fat;
    const struct part *boot;
    struct pi_config conf;
    pb_err *e;
};

/* ---- The medium ------------------------------------------------------------------------ */

static int card_read(void *self, uint64_t at, void *buf, uint32_t n)
{
    const struct raspi_boot *b = self;
    void *card = NULL;
    const struct pb_sd_card *t = b->slot->card(b->slot_self, &card);

    return t->peek(card, at, buf, n);
}

int pi_card(struct raspi_boot *b, struct medium *m)
{
    void *card = NULL;
    const struct pb_sd_card *t = b->slot ? b->slot->card(b->slot_self, &card) : NULL;

    if (!PB_HAS(struct pb_sd_card, t, peek) || !PB_HAS(struct pb_sd_card, t, bytes))
        return 0;
    *m = (struct medium){card_read, b, t->bytes(card)};
    return 1;
}

/* ---- Files ----------------------------------------------------------------------------- */

/* `name` below os_prefix. 0, FAT_NONE or -1 with the message in c->e. */
static int file(struct card *c, const char *prefix, const char *name, uint64_t most,
                uint8_t **data, uint64_t *len)
{
    char path[2 * CONFIG_NAME + 16], text[IMAGE_TEXT];

    snprintf(path, sizeof path, "%s%s", prefix, name);
    int rc = fat_file(&c->fat, path, most, data, len, text);
    if (rc < 0)
        boot_fail(&c->b->c, c->e, PB_EIO, "SD card, partition %u: %s; check the image with "
                  "fsck.fat or copy it again, or give the files by -kernel, -initrd and -dtb",
                  c->boot->number, text);
    return rc;
}

static int exists(struct card *c, const char *name)
{
    char path[2 * CONFIG_NAME + 16], text[IMAGE_TEXT];

    snprintf(path, sizeof path, "%s%s", c->conf.os_prefix, name);
    return fat_file(&c->fat, path, MOST, NULL, NULL, text) == 0;
}

static char *included(void *opaque, const char *path)
{
    struct card *c = opaque;
    uint8_t *data = NULL;
    uint64_t len;

    return file(c, "", path, MOST_TEXT, &data, &len) == 0 ? (char *)data : NULL;
}

/* ---- Partition and config.txt ---------------------------------------------------------- */

/* A table that says more than the image has: it was cut, or the table lies. */
static void check_ends(struct card *c, const struct medium *m)
{
    for (uint32_t i = 0; i < c->parts.n; i++) {
        const struct part *p = &c->parts.v[i];
        if (p->at <= m->bytes && p->bytes <= m->bytes - p->at)
            continue;
        pi_say(c->b, PB_LOG_WARN, "SD card: partition %u ends at byte %llu, behind the end of the "
               "image (%llu): the image is truncated; copy it again, or lengthen it with "
               "'truncate -s'", p->number, (unsigned long long)(p->at + p->bytes),
               (unsigned long long)m->bytes);
    }
}

static int find_partition(struct card *c, const struct medium *m)
{
    char text[IMAGE_TEXT];

    if (parts_read(m, &c->parts, text) < 0)
        return boot_fail(&c->b->c, c->e, PB_EINVAL, "SD card: %s; give an image as it is written "
                         "to a card, or a kernel by -kernel", text);
    check_ends(c, m);
    snprintf(text, sizeof text, "none is of a FAT type");
    for (uint32_t i = 0; i < c->parts.n; i++) {
        c->boot = &c->parts.v[i];
        if (c->boot->boot && fat_open(&c->fat, m, c->boot->at, c->boot->bytes, text) == 0)
            return PB_OK;
    }
    return boot_fail(&c->b->c, c->e, PB_EINVAL, "SD card: no boot partition among its %u: %s; "
                     "give an image for the Raspberry Pi, or a kernel by -kernel", c->parts.n,
                     text);
}

static int read_config(struct card *c)
{
    struct pi_board board = {(uint32_t)c->b->serial, c->boot->number};
    uint8_t *data;
    uint64_t len;
    int rc = file(c, "", "config.txt", MOST_TEXT, &data, &len);

    pi_config_init(&c->conf);
    if (rc < 0)
        return rc;
    if (rc == 0) {
        pi_config_read(&c->conf, &board, (char *)data, included, c);
        free(data);
    }
    return PB_OK;
}

/* ---- Kernel and RAM disk --------------------------------------------------------------- */

static int no_kernel(struct card *c, const char *name)
{
    const char *other = exists(c, "kernel7.img") ? "kernel7.img"
                        : exists(c, "kernel.img") ? "kernel.img" : NULL;

    if (other)
        return boot_fail(&c->b->c, c->e, PB_ENOTSUP, "SD card, partition %u: no kernel '%s%s', "
                         "only %s, which is of 32 bits: this machine runs AArch64 alone; take a "
                         "64-bit image", c->boot->number, c->conf.os_prefix, name, other);
    return boot_fail(&c->b->c, c->e, PB_ENOENT, "SD card, partition %u: no kernel found: there is "
                     "no '%s%s'; give an image for the Raspberry Pi 3, name its kernel in "
                     "config.txt (kernel=), or give one by -kernel", c->boot->number,
                     c->conf.os_prefix, name);
}

static int load_kernel(struct card *c)
{
    const char *name = *c->conf.kernel ? c->conf.kernel : "kernel8.img";
    char what[CONFIG_NAME * 2 + 40];
    struct image m = {0};
    uint8_t *data;
    uint64_t len;

    if (*c->conf.os_prefix && !exists(c, name)) {
        pi_config_note(&c->conf, "os_prefix (no kernel there)");
        *c->conf.os_prefix = 0;
    }
    int rc = file(c, c->conf.os_prefix, name, MOST, &data, &len);
    if (rc)
        return rc == FAT_NONE ? no_kernel(c, name) : PB_EIO;
    if (c->conf.arm_64bit == 0)
        pi_config_note(&c->conf, "arm_64bit=0");
    m = (struct image){.data = data, .len = len, .map = data, .malloced = 1};
    snprintf(what, sizeof what, "kernel '%s%s' of the SD card", c->conf.os_prefix, name);
    if (len == 0) {
        image_free(&m);
        return boot_fail(&c->b->c, c->e, PB_EINVAL, "could not load %s: it is empty", what);
    }
    return boot_arm64_kernel_image(&c->b->c, what, &m, &c->b->kernel, c->e);
}

/* Several files, separated by commas, are one RAM disk. */
static int load_initramfs(struct card *c)
{
    const char *name = c->conf.initramfs;
    uint8_t *all = NULL, *data;
    uint64_t n = 0, len;
    int rc = PB_OK;

    if (!*name && c->conf.auto_initramfs)
        name = "initramfs8";
    while (*name && rc == PB_OK) {
        char one[CONFIG_NAME];
        size_t k = strcspn(name, ",");
        snprintf(one, sizeof one, "%.*s", (int)k, name);
        name += k + (name[k] == ',');
        rc = file(c, c->conf.os_prefix, one, MOST, &data, &len);
        if (rc == FAT_NONE) {
            pi_say(c->b, PB_LOG_WARN, "SD card: config.txt names the RAM disk '%s%s', which is not "
                   "there", c->conf.os_prefix, one);
            rc = PB_OK;
        } else if (rc == 0) {
            uint8_t *more = n + len <= MOST ? realloc(all, n + len + 1) : NULL;
            if (more)
                memcpy((all = more) + n, data, len);
            else
                rc = boot_fail(&c->b->c, c->e, PB_ENOMEM, "SD card: its RAM disk is too large");
            n += len;
            free(data);
        }
    }
    if (rc == PB_OK && n)
        rc = boot_arm64_initrd_image(&c->b->c, "RAM disk of the SD card", all, n,
                                     c->b->kernel.end, c->e);
    free(all);
    return rc;
}

/* ---- Device tree ----------------------------------------------------------------------- */

/* The display's overlays are for blocks that the machine lacks. */
static int is_for_absent(const struct card *c, const char *overlay)
{
    return c->b->patch && strncmp(overlay, "vc4-", 4) == 0;
}

static int apply_overlays(struct card *c)
{
    char path[CONFIG_NAME + 8], note[2 * CONFIG_NAME];
    uint8_t *data;
    uint64_t len;

    for (uint32_t i = 0; i < c->conf.n_overlays; i++) {
        const char *name = c->conf.overlay[i];
        size_t n = strcspn(name, ",:");
        const char *why = is_for_absent(c, name) ? "its hardware is not there" : NULL;
        snprintf(path, sizeof path, "%s%.*s.dtbo", c->conf.overlay_prefix, (int)n, name);
        int rc = why ? FAT_NONE : file(c, c->conf.os_prefix, path, MOST_TREE, &data, &len);
        if (rc < 0)
            return rc;
        if (rc == 0) {
            why = pi_overlay(&c->b->tree, data, len);
            free(data);
        } else if (!why) {
            why = "no such file";
        }
        if (!why && name[n])
            why = "its parameters";
        snprintf(note, sizeof note, "dtoverlay=%s (%s)", name, why ? why : "");
        if (why)
            pi_config_note(&c->conf, note);
    }
    return PB_OK;
}

/* config.txt's own tree, else the first of those that the firmware takes for the board. */
static int load_tree(struct card *c)
{
    static const char *const names[] = {"bcm2710-rpi-3-b.dtb", "bcm2837-rpi-3-b.dtb",
                                        "bcm2710-rpi-3-b-plus.dtb", "bcm2837-rpi-3-b-plus.dtb"};
    uint8_t *data;
    uint64_t len;
    int rc = FAT_NONE;

    if (c->conf.no_tree || c->b->c.board->option(c->b->c.dev, "dtb"))
        return PB_OK;
    for (uint32_t i = 0; i < 4 && rc == FAT_NONE; i++) {
        const char *name = *c->conf.device_tree ? c->conf.device_tree : names[i ^ c->conf.upstream];
        rc = file(c, c->conf.os_prefix, name, MOST_TREE, &data, &len);
    }
    if (rc == FAT_NONE && *c->conf.device_tree)
        return boot_fail(&c->b->c, c->e, PB_ENOENT, "SD card, partition %u: config.txt names the "
                         "device tree '%s%s', which is not there; correct it, or give one by "
                         "-dtb", c->boot->number, c->conf.os_prefix, c->conf.device_tree);
    if (rc)
        return rc < 0 ? PB_EIO : PB_OK;
    c->b->tree = (struct image){.data = data, .len = len, .map = data, .malloced = 1};
    c->b->c.tree = &c->b->tree;
    return apply_overlays(c);
}

/* The first line of cmdline.txt. serial0 is resolved when the tree is done. */
static int load_cmdline(struct card *c)
{
    uint8_t *data;
    uint64_t len;
    int rc = file(c, c->conf.os_prefix, c->conf.cmdline, MOST_TEXT, &data, &len);

    if (rc)
        return rc < 0 ? PB_EIO : PB_OK;
    size_t n = strcspn((char *)data, "\r\n");
    int fits = n < sizeof c->b->cmdline;
    if (fits)
        snprintf(c->b->cmdline, sizeof c->b->cmdline, "%.*s", (int)n, (char *)data);
    free(data);
    c->b->c.append = c->b->cmdline;
    return fits ? PB_OK : boot_fail(&c->b->c, c->e, PB_EINVAL, "SD card, partition %u: the command "
                                    "line in '%s' is longer than the 4095 characters that a kernel "
                                    "takes", c->boot->number, c->conf.cmdline);
}

int pi_card_boot(struct raspi_boot *b, const struct medium *m, pb_err *e)
{
    struct card c = {.b = b, .e = e};
    int rc;

    if ((rc = find_partition(&c, m)) < 0 || (rc = read_config(&c)) < 0 ||
        (rc = load_kernel(&c)) < 0 || (rc = load_initramfs(&c)) < 0 || (rc = load_tree(&c)) < 0 ||
        (rc = load_cmdline(&c)) < 0)
        return rc;
    if (*c.conf.notes)
        pi_say(b, PB_LOG_INFO, "config.txt: not applied: %s", c.conf.notes);
    return PB_OK;
}
