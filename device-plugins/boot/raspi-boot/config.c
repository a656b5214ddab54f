/* SPDX-License-Identifier: MIT */
/* config.c - config.txt: settings, conditional sections, includes.
 * Raspberry Pi documentation, "config.txt": "Conditional filters", "Boot options", "Device Tree".
 *
 * Conditions of a section are of several kinds that hold together; one of the same kind takes the
 * place of the former, and [all] ends them. Settings of the display, of clocks and of other things
 * that the machine has no use for are passed over, like comments; what would change what boots and
 * is not applied is noted.
 *
 * Not modelled: dtparam and parameters of overlays, addresses of kernel, RAM disk and tree,
 * [EDID=…], [gpio…] and [HDMI:1] (never true).
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE 256u
#define MOST_INCLUDES 8u
#define BOARD_TYPE 0x08u /* Raspberry Pi 3 Model B, in the revision code */
#define GPU_MEM 64       /* as machines/aarch64/raspi3b.machine has it */

enum { F_MODEL, F_SERIAL, F_OTHER, F_KINDS };

struct reader {
    struct pi_config *c;
    const struct pi_board *board;
    pi_include include;
    void *opaque;
    uint8_t unmet[F_KINDS];
};

void pi_config_init(struct pi_config *c)
{
    *c = (struct pi_config){.arm_64bit = -1, .cmdline = "cmdline.txt",
                            .overlay_prefix = "overlays/"};
}

void pi_config_note(struct pi_config *c, const char *what)
{
    size_t n = strlen(c->notes);

    if (!strstr(c->notes, what))
        snprintf(c->notes + n, sizeof c->notes - n, "%s%s", n ? ", " : "", what);
}

/* ---- Sections -------------------------------------------------------------------------- */

static void filter(struct reader *r, const char *name)
{
    static const char *const models[] = {"pi1", "pi2", "pi3", "pi3+", "pi4", "pi5", "pi400",
                                         "pi500", "cm1", "cm3", "cm3+", "cm4", "cm4s", "cm5",
                                         "pi0", "pi0w", "pi02", "pi10", "none"};

    if (strcmp(name, "all") == 0) {
        memset(r->unmet, 0, sizeof r->unmet);
        return;
    }
    if (strncmp(name, "board-type=", 11) == 0) {
        r->unmet[F_MODEL] = strtoul(name + 11, NULL, 0) != BOARD_TYPE;
        return;
    }
    if (strncmp(name, "boot_partition=", 15) == 0) {
        r->unmet[F_OTHER] = strtoul(name + 15, NULL, 0) != r->board->partition;
        return;
    }
    if (strncmp(name, "0x", 2) == 0) {
        r->unmet[F_SERIAL] = strtoul(name, NULL, 16) != r->board->serial;
        return;
    }
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        if (strcmp(name, models[i]) == 0) {
            r->unmet[F_MODEL] = strcmp(name, "pi3") != 0;
            return;
        }
    }
    r->unmet[F_OTHER] = strcmp(name, "HDMI:0") != 0;
}

static int met(const struct reader *r)
{
    for (uint32_t i = 0; i < F_KINDS; i++) {
        if (r->unmet[i])
            return 0;
    }
    return 1;
}

/* ---- Settings -------------------------------------------------------------------------- */

/* The firmware cuts what is too long; here it is not applied. */
static void name(struct pi_config *c, char to[CONFIG_NAME], const char *key, const char *value)
{
    if (strlen(value) >= CONFIG_NAME)
        pi_config_note(c, key);
    else
        strcpy(to, value);
}

static void overlay(struct pi_config *c, const char *value)
{
    if (!*value)
        return; /* ends the parameters of the one before */
    if (c->n_overlays == CONFIG_OVERLAYS || strlen(value) >= CONFIG_NAME)
        pi_config_note(c, "dtoverlay");
    else
        strcpy(c->overlay[c->n_overlays++], value);
}

static void initramfs(struct pi_config *c, const char *value)
{
    char file[LINE];
    size_t n = strcspn(value, " \t");

    snprintf(file, sizeof file, "%.*s", (int)n, value);
    value += n + strspn(value + n, " \t");
    name(c, c->initramfs, "initramfs", file);
    if (strcmp(value, "followkernel") != 0 && strtoul(value, NULL, 0) != 0)
        pi_config_note(c, "address of initramfs"); /* it is put behind the kernel */
}

static int file_setting(struct pi_config *c, const char *key, const char *value)
{
    const struct {
        const char *key;
        char *to;
    } names[] = {{"kernel", c->kernel}, {"ramfsfile", c->initramfs}, {"cmdline", c->cmdline},
                 {"device_tree", c->device_tree}, {"os_prefix", c->os_prefix},
                 {"overlay_prefix", c->overlay_prefix}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(key, names[i].key) != 0)
            continue;
        name(c, names[i].to, key, value);
        if (names[i].to == c->device_tree)
            c->no_tree = !*value;
        return 1;
    }
    return 0;
}

static void setting(struct pi_config *c, const char *key, const char *value)
{
    static const char *const unapplied[] = {
        "dtparam", "device_tree_param", "kernel_address", "kernel_old", "ramfsaddr",
        "device_tree_address", "device_tree_end", "total_mem"};

    if (file_setting(c, key, value))
        return;
    if (strcmp(key, "initramfs") == 0)
        initramfs(c, value);
    else if (strcmp(key, "arm_64bit") == 0)
        c->arm_64bit = atoi(value) != 0;
    else if (strcmp(key, "arm_control") == 0)
        c->arm_64bit = (strtoul(value, NULL, 0) & 0x200) != 0;
    else if (strcmp(key, "auto_initramfs") == 0)
        c->auto_initramfs = atoi(value) != 0;
    else if (strcmp(key, "upstream_kernel") == 0)
        c->upstream = atoi(value) != 0;
    else if (strcmp(key, "dtoverlay") == 0 || strcmp(key, "device_tree_overlay") == 0)
        overlay(c, value);
    else if (strncmp(key, "gpu_mem", 7) == 0 && strcmp(key, "gpu_mem_256") != 0 &&
             strcmp(key, "gpu_mem_512") != 0 && atoi(value) != GPU_MEM)
        pi_config_note(c, "gpu_mem (the machine's VideoCore has 64 MiB)");
    for (size_t i = 0; i < sizeof unapplied / sizeof *unapplied; i++) {
        if (strcmp(key, unapplied[i]) == 0)
            pi_config_note(c, key);
    }
}

/* ---- Lines ----------------------------------------------------------------------------- */

static void text(struct reader *r, const char *s);

static void include(struct reader *r, const char *path)
{
    if (r->c->includes++ >= MOST_INCLUDES) { /* in all: a file may include itself */
        pi_config_note(r->c, "include (too many, or in a circle)");
        return;
    }
    char *more = r->include ? r->include(r->opaque, path) : NULL;
    if (!more) {
        pi_config_note(r->c, "include (no such file)");
        return;
    }
    text(r, more);
    free(more);
}

static void line(struct reader *r, char *s)
{
    size_t n = strlen(s);

    while (n && strchr(" \t\r", s[n - 1]))
        s[--n] = 0;
    s += strspn(s, " \t");
    if (*s == '#' || !*s)
        return;
    if (*s == '[') {
        s[strcspn(s, "]")] = 0;
        filter(r, s + 1);
        return;
    }
    if (!met(r))
        return;
    char *value = s + strcspn(s, "= \t");
    if (*value)
        *value++ = 0;
    value += strspn(value, "= \t");
    if (strcmp(s, "include") == 0)
        include(r, value);
    else
        setting(r->c, s, value);
}

static void text(struct reader *r, const char *s)
{
    char buf[LINE];

    while (*s) {
        size_t n = strcspn(s, "\n");
        if (n < sizeof buf) {
            memcpy(buf, s, n);
            buf[n] = 0;
            line(r, buf);
        } else {
            pi_config_note(r->c, "a line of more than 255 characters");
        }
        s += n + (s[n] == '\n');
    }
}

void pi_config_read(struct pi_config *c, const struct pi_board *b, const char *s,
                    pi_include include_fn, void *opaque)
{
    struct reader r = {.c = c, .board = b, .include = include_fn, .opaque = opaque};

    text(&r, s);
}
