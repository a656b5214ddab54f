/* SPDX-License-Identifier: MIT */
/* fdt.c - the device tree: generated from the machine's parts, or the user's own (-dtb) with
 * memory and /chosen patched in.
 * Devicetree Specification 0.4, chapters 3 (required nodes) and 3.6 (/chosen). */
#include "boot.h"

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#define SPARE 0x2000 /* bytes for /chosen and what fill() adds */
#define BIGGEST (8 << 20)

/* ---- The generated tree ------------------------------------------------------------ */

static int write_memory(struct boot *b, void *fdt)
{
    struct pb_board_reg v[16];
    uint32_t n = b->board->ram(b->dev, v, 16);
    char name[40];
    int rc;

    for (uint32_t i = 0; i < n && i < 16; i++) {
        fdt64_t reg[2] = {cpu_to_fdt64(v[i].addr), cpu_to_fdt64(v[i].len)};
        snprintf(name, sizeof name, "memory@%llx", (unsigned long long)v[i].addr);
        if ((rc = fdt_begin_node(fdt, name)) ||
            (rc = fdt_property_string(fdt, "device_type", "memory")) ||
            (rc = fdt_property(fdt, "reg", reg, sizeof reg)) || (rc = fdt_end_node(fdt)))
            return rc;
    }
    return 0;
}

/* Below the root, or below a bus node of one level: "/soc". */
static int write_devices(struct boot *b, void *fdt, pb_err *e)
{
    int rc;

    if (!*b->isa->bus)
        return boot_fdt_devices(b, fdt, e);
    if ((rc = fdt_begin_node(fdt, b->isa->bus + 1)) ||
        (rc = fdt_property_u32(fdt, "#address-cells", 2)) ||
        (rc = fdt_property_u32(fdt, "#size-cells", 2)) ||
        (rc = fdt_property_string(fdt, "compatible", "simple-bus")) ||
        (rc = fdt_property(fdt, "ranges", NULL, 0)) || (rc = boot_fdt_devices(b, fdt, e)))
        return rc;
    return fdt_end_node(fdt);
}

static int write_tree(struct boot *b, void *fdt, int size, pb_err *e)
{
    int rc;

    if ((rc = fdt_create(fdt, size)) || (rc = fdt_finish_reservemap(fdt)) ||
        (rc = fdt_begin_node(fdt, "")) || (rc = fdt_property_u32(fdt, "#address-cells", 2)) ||
        (rc = fdt_property_u32(fdt, "#size-cells", 2)) || (rc = write_memory(b, fdt)) ||
        (rc = b->isa->cpus(b, fdt)) || (rc = write_devices(b, fdt, e)) ||
        (rc = fdt_end_node(fdt)))
        return rc;
    return fdt_finish(fdt);
}

/* The node at `path`, made with its parents when it is not there. */
static int node_at(void *fdt, const char *path)
{
    int node = 0;

    while (*path) {
        size_t n = strcspn(path, "/");
        if (n) {
            int sub = fdt_subnode_offset_namelen(fdt, node, path, (int)n);
            if (sub == -FDT_ERR_NOTFOUND)
                sub = fdt_add_subnode_namelen(fdt, node, path, (int)n);
            if (sub < 0)
                return sub;
            node = sub;
        }
        path += n + (path[n] == '/');
    }
    return node;
}

/* [fdt PATH] groups of the manifest: keys are "PATH KEY". */
static int add_groups(struct boot *b, void *fdt, pb_err *e)
{
    uint8_t out[BOOT_VALUE_MAX];
    char path[200], text[IMAGE_TEXT];
    const char *key;

    for (uint32_t i = 0; (key = b->board->dev_fdt_key(b->dev, i)) != NULL; i++) {
        const char *sp = strrchr(key, ' ');
        if (!sp || *key != '/')
            continue; /* fdt.KEY of the boot group itself means nothing */
        snprintf(path, sizeof path, "%.*s", (int)(sp - key), key);
        int n = boot_fdt_value(b, b->board->dev_fdt(b->dev, key), out, text);
        if (n < 0) {
            boot_fail(b, e, PB_EINVAL, "[fdt %s] %s: %s", path, sp + 1, text);
            return -FDT_ERR_BADVALUE;
        }
        int node = node_at(fdt, path);
        int rc = node < 0 ? node : fdt_setprop(fdt, node, sp + 1, out, n);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* fill() of those that offer it, and aliases; *console is the path of serial0. */
static int add_details(struct boot *b, void *fdt, char *console, size_t n, pb_err *e)
{
    pb_dev *d;

    for (uint32_t i = 0; (d = b->board->device(b->dev, i)) != NULL; i++) {
        char name[100], path[120];
        void *self = NULL;
        const char *alias = b->board->dev_fdt(d, "alias");
        if (!boot_node_name(b, d, name, sizeof name))
            continue;
        snprintf(path, sizeof path, "%s/%s", b->isa->bus, name);
        const struct pb_fdt_node *f = b->bus->side(d, PB_FDT_NODE, &self);
        if (PB_HAS(struct pb_fdt_node, f, fill)) {
            int node = fdt_path_offset(fdt, path);
            if (node < 0)
                return node;
            int filled = f->fill(self, fdt, node, e);
            if (filled < 0)
                return filled == PB_ENOSPC ? -FDT_ERR_NOSPACE : -FDT_ERR_BADVALUE;
        }
        if (!alias)
            continue;
        int node = node_at(fdt, "/aliases");
        int rc = node < 0 ? node : fdt_setprop_string(fdt, node, alias, path);
        if (rc < 0)
            return rc;
        if (strcmp(alias, "serial0") == 0)
            snprintf(console, n, "%s", path);
    }
    return 0;
}

/* ---- /chosen ----------------------------------------------------------------------- */

const char *boot_append(struct boot *b)
{
    const char *given = b->board->option(b->dev, "append");

    return given ? given : b->append;
}

static int set_chosen(struct boot *b, void *fdt, const char *console)
{
    const char *append = boot_append(b), *seeds = b->board->option(b->dev, "dtb-randomness");
    uint64_t kaslr = b->time->random(b->dev);
    uint8_t seed[32];
    int rc, node = node_at(fdt, "/chosen");

    if (node < 0)
        return node;
    b->time->random_bytes(b->dev, seed, sizeof seed);
    b->time->random_bytes(b->dev, &kaslr, sizeof kaslr);
    if (!seeds || strcmp(seeds, "off") != 0) {
        if ((rc = fdt_setprop(fdt, node, "rng-seed", seed, sizeof seed)) ||
            (rc = fdt_setprop_u64(fdt, node, "kaslr-seed", kaslr)))
            return rc;
    }
    b->board->used(b->dev, "dtb-randomness");
    if (*console && (rc = fdt_setprop_string(fdt, node, "stdout-path", console)))
        return rc;
    if (append && *append && (rc = fdt_setprop_string(fdt, node, "bootargs", append)))
        return rc;
    b->board->used(b->dev, "append");
    if (b->initrd && ((rc = fdt_setprop_u64(fdt, node, "linux,initrd-start", b->initrd)) ||
                      (rc = fdt_setprop_u64(fdt, node, "linux,initrd-end", b->initrd_end))))
        return rc;
    return 0;
}

/* ---- Both ways to a tree ----------------------------------------------------------- */

static int generate(struct boot *b, void *fdt, int size, pb_err *e)
{
    char console[120] = "";
    int rc;

    if ((rc = write_tree(b, fdt, size, e)) || (rc = fdt_open_into(fdt, fdt, size)) ||
        (rc = add_groups(b, fdt, e)) || (rc = add_details(b, fdt, console, sizeof console, e)))
        return rc;
    return set_chosen(b, fdt, console);
}

/* reg of a node below the root. libfdt's own appendprop_addrrange() refuses address 0 in trees of
 * one cell. */
static int set_range(void *fdt, int node, uint64_t addr, uint64_t len)
{
    int ac = fdt_address_cells(fdt, 0), sc = fdt_size_cells(fdt, 0);
    fdt32_t cell[4];
    int n = 0;

    if ((ac != 1 && ac != 2) || (sc != 1 && sc != 2))
        return -FDT_ERR_BADNCELLS;
    if ((ac == 1 && addr > UINT32_MAX) || (sc == 1 && len > UINT32_MAX))
        return -FDT_ERR_BADVALUE;
    if (ac == 2)
        cell[n++] = cpu_to_fdt32((uint32_t)(addr >> 32));
    cell[n++] = cpu_to_fdt32((uint32_t)addr);
    if (sc == 2)
        cell[n++] = cpu_to_fdt32((uint32_t)(len >> 32));
    cell[n++] = cpu_to_fdt32((uint32_t)len);
    return fdt_setprop(fdt, node, "reg", cell, 4 * n);
}

/* A node with device_type "memory", or a new one, tells of our main memory. */
static int patch_memory(struct boot *b, void *fdt)
{
    int node = fdt_node_offset_by_prop_value(fdt, -1, "device_type", "memory", 7);
    char name[40];
    int rc;

    if (node == -FDT_ERR_NOTFOUND) {
        snprintf(name, sizeof name, "/memory@%llx", (unsigned long long)b->ram.addr);
        node = node_at(fdt, name);
        if (node >= 0 && (rc = fdt_setprop_string(fdt, node, "device_type", "memory")))
            return rc;
    }
    if (node < 0)
        return node;
    return set_range(fdt, node, b->ram.addr, b->ram.len);
}

static int patch(struct boot *b, const struct image *m, void *fdt, int size)
{
    int rc;

    if ((rc = fdt_open_into(m->data, fdt, size)) || (rc = patch_memory(b, fdt)) ||
        (rc = set_chosen(b, fdt, "")))
        return rc;
    return b->isa->patch ? b->isa->patch(b, fdt) : 0;
}

/* The user's tree into `m`; the boot plugin's own when there is none. */
static int read_dtb(struct boot *b, const char *path, struct image *m, pb_err *e)
{
    char text[IMAGE_TEXT];

    if (!path)
        *m = (struct image){.data = b->tree->data, .len = b->tree->len};
    else if (image_open(m, path, text) < 0)
        return boot_fail(b, e, PB_EIO, "-dtb: %s", text);
    int rc = m->len > BIGGEST / 2 ? -FDT_ERR_NOSPACE : fdt_check_full(m->data, m->len);
    if (rc == 0)
        return PB_OK;
    image_free(m);
    return boot_fail(b, e, PB_EINVAL, "%s%s: not a device tree blob: %s",
                   path ? "-dtb " : "the device tree that was found", path ? path : "",
                   rc == -FDT_ERR_NOSPACE ? "it is larger than 4 MiB" : fdt_strerror(rc));
}

void *boot_make_fdt(struct boot *b, uint32_t *len, pb_err *e)
{
    const char *path = b->board->option(b->dev, "dtb");
    struct image m = {0};
    uint8_t *fdt = NULL;
    int given = path || b->tree, rc = -FDT_ERR_NOSPACE;

    b->board->used(b->dev, "dtb");
    if (given && read_dtb(b, path, &m, e) < 0)
        return NULL;
    int size = given ? (int)m.len + SPARE : 0x8000;
    for (; rc == -FDT_ERR_NOSPACE && size <= BIGGEST; size *= 2) {
        uint8_t *more = realloc(fdt, (size_t)size);
        if (!more)
            break;
        fdt = more;
        rc = given ? patch(b, &m, fdt, size) : generate(b, fdt, size, e);
    }
    image_free(&m);
    if (rc == 0)
        rc = fdt_pack(fdt);
    if (rc) {
        boot_fail(b, e, PB_EINVAL, "cannot make the device tree: %s", fdt_strerror(rc));
        free(fdt);
        return NULL;
    }
    *len = fdt_totalsize(fdt);
    return fdt;
}
