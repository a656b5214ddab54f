/* SPDX-License-Identifier: MIT */
/* loader.c - QEMU's generic loader: `-device loader,…` puts a file or a number into memory,
 * and may start a CPU there.
 * QEMU documentation, "Generic Loader" (docs/system/generic-loader.rst).
 *
 * Not modelled: Intel HEX files, U-Boot uImage headers (both are loaded as raw bytes).
 */
#include <plugboard/board.h>
#include <plugboard/device.h>
#include <plugboard/plugin.h>

#include "image.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { P_FILE, P_ADDR, P_CPU, P_FORCE_RAW, P_DATA, P_DATA_LEN, P_DATA_BE };

struct loader {
    const pb_host *h;
    pb_dev *dev;
    const struct pb_svc_prop *prop;
    const struct pb_svc_board *board;
};

static int fail(struct loader *l, pb_err *e, int code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static int fail(struct loader *l, pb_err *e, int code, const char *fmt, ...)
{
    char text[IMAGE_TEXT + 100];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return l->h->fail(e, code, text);
}

static int set_pc(struct loader *l, uint64_t pc, pb_err *e)
{
    uint64_t cpu = (uint64_t)l->prop->get_int(l->dev, P_CPU);

    if (!l->prop->is_set(l->dev, P_CPU))
        return PB_OK;
    if (cpu >= l->board->n_cpus(l->dev))
        return fail(l, e, PB_EINVAL, "Specified boot CPU#%llu is nonexistent",
                    (unsigned long long)cpu);
    return l->board->entry(l->dev, (uint32_t)cpu, pc, NULL, 0, e);
}

static int load_data(struct loader *l, pb_err *e)
{
    uint64_t v = (uint64_t)l->prop->get_int(l->dev, P_DATA), at;
    uint32_t n = (uint32_t)l->prop->get_int(l->dev, P_DATA_LEN);
    uint8_t bytes[8];
    char what[80];

    if (!l->prop->is_set(l->dev, P_DATA_LEN) || n == 0)
        return fail(l, e, PB_EINVAL, "'data-len' must be specified with 'data': 1 to 8");
    if (!l->prop->is_set(l->dev, P_ADDR))
        return fail(l, e, PB_EINVAL, "'addr' must be specified with 'data'");
    at = (uint64_t)l->prop->get_int(l->dev, P_ADDR);
    for (uint32_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(v >> 8 * (l->prop->get_int(l->dev, P_DATA_BE) ? n - 1 - i : i));
    snprintf(what, sizeof what, "loader data 0x%llx", (unsigned long long)v);
    int rc = l->board->load(l->dev, what, at, bytes, n, e);
    return rc < 0 ? rc : set_pc(l, at, e);
}

static int load_elf(struct loader *l, const char *what, const struct image *m, pb_err *e)
{
    struct image_segment s;

    for (uint32_t n = 0; image_segment(m, n, &s); n++) {
        struct pb_board_reg ram = {0, 0};
        l->board->ram(l->dev, &ram, 1);
        int headers = s.data == m->data; /* nothing is missed of these */
        if (image_trim(&s, ram.addr) && !headers && l->h->log_on[PB_LOG_WARN])
            l->h->log(l->h, l->dev, PB_LOG_WARN, "loader: the part of the ELF file that lies below "
                      "main memory is left out");
        if (s.memsz > ram.len && s.memsz != s.filesz)
            return fail(l, e, PB_ENOSPC, "%s: a part of %llu MiB does not fit into memory", what,
                        (unsigned long long)s.memsz >> 20);
        uint8_t *buf = calloc(1, s.memsz);
        if (!buf)
            return fail(l, e, PB_ENOMEM, "%s: out of memory", what);
        memcpy(buf, s.data, s.filesz);
        int rc = l->board->load(l->dev, what, s.addr, buf, s.memsz, e);
        free(buf);
        if (rc < 0)
            return rc;
    }
    return PB_OK;
}

static int load_file(struct loader *l, const char *path, pb_err *e)
{
    uint64_t at = (uint64_t)l->prop->get_int(l->dev, P_ADDR), pc = at;
    char what[300], text[IMAGE_TEXT];
    struct image_info i = {.kind = IMAGE_RAW};
    struct image m;
    int rc;

    if (image_open(&m, path, text) < 0)
        return fail(l, e, PB_EIO, "Cannot load specified image %s: %s", path, text);
    snprintf(what, sizeof what, "loader image '%s'", path);
    if (!l->prop->get_int(l->dev, P_FORCE_RAW) &&
        image_identify(&m, IMAGE_ANY_MACHINE, &i, text) < 0) {
        image_free(&m);
        return fail(l, e, PB_EINVAL, "Cannot load specified image %s: it is %s", path, text);
    }
    if (i.kind == IMAGE_ELF) {
        rc = load_elf(l, what, &m, e);
        pc = i.entry;
    } else if (!l->prop->is_set(l->dev, P_ADDR)) {
        rc = fail(l, e, PB_EINVAL, "Cannot load specified image %s: it is raw, so 'addr' must be "
                  "given", path);
    } else {
        rc = l->board->load(l->dev, what, at, m.data, m.len, e);
    }
    image_free(&m);
    return rc < 0 ? rc : set_pc(l, pc, e);
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    struct loader *l = self;

    *l = (struct loader){h, d, h->get(h, PB_SVC_PROP), h->get(h, PB_SVC_BOARD)};
    const char *file = l->prop->get_str(d, P_FILE);
    uint32_t data = l->prop->is_set(d, P_DATA);

    if (file && data)
        return fail(l, e, PB_EINVAL, "Specifying a file is not supported when loading memory "
                    "values");
    if (file)
        return load_file(l, file, e);
    if (data)
        return load_data(l, e);
    if (!l->prop->is_set(d, P_ADDR) || !l->prop->is_set(d, P_CPU))
        return fail(l, e, PB_EINVAL, "please include valid arguments: file, or data with addr and "
                    "data-len, or addr with cpu-num");
    return set_pc(l, (uint64_t)l->prop->get_int(d, P_ADDR), e);
}

static const struct pb_prop props[] = {
    {.name = "file", .doc = "Image to load, ELF or raw", .type = PB_T_STR, .qemu_type = "str"},
    {.name = "addr", .doc = "Where it goes, and where the CPU starts", .def = "0",
     .type = PB_T_UINT, .qemu_type = "uint64"},
    {.name = "cpu-num", .doc = "CPU to start there", .def = "0", .min = 0, .max = 0xfffffffe,
     .type = PB_T_UINT, .qemu_type = "uint32"},
    {.name = "force-raw", .doc = "Do not look for headers in the file", .def = "off",
     .type = PB_T_BOOL, .qemu_type = "bool"},
    {.name = "data", .doc = "Number to store instead of a file", .def = "0", .type = PB_T_UINT,
     .qemu_type = "uint64"},
    {.name = "data-len", .doc = "Bytes of data", .def = "0", .min = 0, .max = 8,
     .type = PB_T_UINT, .qemu_type = "uint8"},
    {.name = "data-be", .doc = "Store data big-endian", .def = "off", .type = PB_T_BOOL,
     .qemu_type = "bool"},
};

static const struct pb_device_class loader = {
    .size = sizeof loader, .id = "loader", .title = "Generic Loader", .category = "misc",
    .spec = "QEMU generic loader", .props = props, .n_props = sizeof props / sizeof *props,
    .instance_size = sizeof(struct loader), .state_version = 1, .realize = realize,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &loader}};
static const char *const needs[] = {PB_SVC_PROP, PB_SVC_BOARD, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.plugboard.loader",
    .version = "1.0", .license = "MIT", .vendor = "Plugboard", .doc = "Generic loader",
    .needs = needs, .classes = classes, .n_classes = 1};
