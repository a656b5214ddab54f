/* SPDX-License-Identifier: MIT */
/* overlay.c - overlays of the card onto its device tree, by libfdt.
 * Devicetree Overlay Notes (libfdt's fdt_overlay_apply); Raspberry Pi documentation, "Device trees,
 * overlays, and parameters".
 *
 * libfdt leaves both blobs damaged when it fails, so each overlay goes onto a copy. It believes the
 * offsets that fixups name, and goes as deep as the nodes do: both are looked at before.
 *
 * Not modelled: parameters (__overrides__).
 */
#include "raspi-boot.h"

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#define BIGGEST (4u << 20) /* of a tree or an overlay */
#define SPARE 4096
#define DEEPEST 32

static int is_shallow(const void *fdt)
{
    int depth = 0;

    for (int node = 0; node >= 0; node = fdt_next_node(fdt, node, &depth)) {
        if (depth > DEEPEST)
            return 0;
    }
    return 1;
}

/* Each string of each property ends in ":offset". */
static int fixups_fit(const void *fdt)
{
    int fixups = fdt_path_offset(fdt, "/__fixups__"), prop, len;

    if (fixups < 0)
        return 1;
    fdt_for_each_property_offset(prop, fdt, fixups) {
        const char *s = fdt_getprop_by_offset(fdt, prop, NULL, &len);
        if (!s || len < 1 || s[len - 1])
            return 0;
        for (const char *end = s + len; s < end; s += strlen(s) + 1) {
            const char *last = strrchr(s, ':');
            if (!last || strtoul(last + 1, NULL, 10) > BIGGEST)
                return 0;
        }
    }
    return 1;
}

/* Properties of the node `fixup` are offsets into those of `node` by the same names. */
static int local_fixups_fit(const void *fdt, int fixup, int node)
{
    int prop, child, len, room;

    fdt_for_each_property_offset(prop, fdt, fixup) {
        const char *name;
        const fdt32_t *v = fdt_getprop_by_offset(fdt, prop, &name, &len);
        if (!v || len % 4 || !fdt_getprop(fdt, node, name, &room))
            return 0;
        for (int i = 0; i < len / 4; i++) {
            if (room < 4 || fdt32_to_cpu(v[i]) > (uint32_t)room - 4)
                return 0;
        }
    }
    fdt_for_each_subnode(child, fdt, fixup) {
        const char *name = fdt_get_name(fdt, child, NULL);
        int of = name ? fdt_subnode_offset(fdt, node, name) : -1;
        if (of < 0 || !local_fixups_fit(fdt, child, of))
            return 0;
    }
    return 1;
}

static int is_sound(const void *fdt)
{
    int fixups = fdt_path_offset(fdt, "/__local_fixups__");

    return is_shallow(fdt) && fixups_fit(fdt) && (fixups < 0 || local_fixups_fit(fdt, fixups, 0));
}

const char *pi_overlay(struct image *tree, const uint8_t *overlay, uint64_t n)
{
    if (n > BIGGEST || fdt_check_full(overlay, n) != 0)
        return "it is no device tree blob";
    if (!is_sound(overlay))
        return "its fixups do not fit, or it is too deep";
    if (tree->len > BIGGEST || fdt_check_full(tree->data, tree->len) != 0 ||
        !is_shallow(tree->data))
        return "the device tree is damaged";
    size_t size = tree->len + 2 * n + SPARE;
    uint8_t *copy = malloc(n), *to = malloc(size);
    int rc = copy && to ? fdt_open_into(tree->data, to, (int)size) : -FDT_ERR_NOSPACE;

    if (rc == 0) {
        memcpy(copy, overlay, n);
        rc = fdt_overlay_apply(to, copy);
    }
    free(copy);
    if (rc == 0)
        rc = fdt_pack(to);
    if (rc) {
        free(to);
        return rc == -FDT_ERR_NOTFOUND ? "the device tree has not the symbols that it needs"
                                       : fdt_strerror(rc);
    }
    image_free(tree);
    *tree = (struct image){.data = to, .len = fdt_totalsize(to), .map = to, .malloced = 1};
    return NULL;
}
