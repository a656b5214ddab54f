/* SPDX-License-Identifier: MIT */
/* overlay.c - overlays of the card onto its device tree, by libfdt.
 * Devicetree Overlay Notes (libfdt's fdt_overlay_apply); Raspberry Pi documentation, "Device trees,
 * overlays, and parameters".
 *
 * libfdt leaves both blobs damaged when it fails, so each overlay goes onto a copy.
 *
 * Not modelled: parameters (__overrides__).
 */
#include "raspi-boot.h"

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#define BIGGEST (4u << 20) /* of a tree or an overlay */
#define SPARE 4096

const char *pi_overlay(struct image *tree, const uint8_t *overlay, uint64_t n)
{
    if (n > BIGGEST || fdt_check_full(overlay, n) != 0)
        return "it is no device tree blob";
    if (tree->len > BIGGEST || fdt_check_full(tree->data, tree->len) != 0)
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
