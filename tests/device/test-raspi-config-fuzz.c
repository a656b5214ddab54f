/* SPDX-License-Identifier: MIT */
/* A card's config.txt and overlays are hostile: lines of settings, cut and changed, with includes
 * in circles; device trees and overlays with changed bytes. `--count N` for the long form. */
#include "suite.h"

#include "config.h"
#include "raspi-boot.h"

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#define TREE 2048u

static uint64_t count, seed;

static uint32_t below(uint32_t n)
{
    return (uint32_t)(pbt_rand(&seed) >> 16) % n;
}

/* ---- config.txt ------------------------------------------------------------------------- */

static const char *const words[] = {
    "[all]\n", "[pi3]\n", "[pi4]\n", "[board-type=0x08]\n", "[boot_partition=1]\n", "[0x1]\n",
    "[", "]", "=", "\n", " ", "\r\n", "#", "kernel", "kernel=a.img\n", "os_prefix=p/\n",
    "initramfs x followkernel\n", "initramfs x 0x800000\n", "dtoverlay=y,z=1\n", "dtoverlay=\n",
    "dtparam=spi=on\n", "arm_64bit=1\n", "gpu_mem=16\n", "device_tree=\n", "include a\n",
    "include self\n", "include none\n", "overlay_prefix=", "total_mem=1\n", "ramfsfile=", "\t",
    "cmdline=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "\x80\xff", "99999999999999999999"};

static char *compose(void)
{
    size_t n = 0, size = 2048;
    char *s = malloc(size);

    for (uint32_t k = below(30); k--;) {
        const char *w = words[below(sizeof words / sizeof *words)];
        size_t len = strlen(w);
        if (n + len < size) {
            memcpy(s + n, w, len);
            n += len;
        }
    }
    s[n] = 0;
    if (n && below(3) == 0)
        s[below((uint32_t)n)] = (char)below(256);
    return realloc(s, n + 1); /* so that a byte too far is seen */
}

static char *include(void *opaque, const char *path)
{
    (void)opaque;
    return strcmp(path, "none") == 0 ? NULL : compose();
}

static int ends(const char *s, size_t room)
{
    return memchr(s, 0, room) != NULL;
}

static void test_config(void)
{
    struct pi_board board = {1, 1};
    uint64_t named = 0;

    for (uint64_t i = 0; i < count; i++) {
        struct pi_config *c = malloc(sizeof *c);
        char *s = compose();
        pi_config_init(c);
        pi_config_read(c, &board, s, include, NULL);
        free(s);
        int fine = ends(c->kernel, CONFIG_NAME) && ends(c->initramfs, CONFIG_NAME) &&
                   ends(c->cmdline, CONFIG_NAME) && ends(c->device_tree, CONFIG_NAME) &&
                   ends(c->os_prefix, CONFIG_NAME) && ends(c->overlay_prefix, CONFIG_NAME) &&
                   ends(c->notes, CONFIG_NOTES) && c->n_overlays <= CONFIG_OVERLAYS;
        for (uint32_t k = 0; fine && k < c->n_overlays; k++)
            fine = ends(c->overlay[k], CONFIG_NAME);
        named += *c->kernel != 0;
        free(c);
        if (!fine) {
            CU_FAIL("a name does not end");
            return;
        }
    }
    CU_ASSERT(named > 0);
}

/* ---- Overlays --------------------------------------------------------------------------- */

static void make_tree(void *t)
{
    CU_ASSERT_EQUAL(fdt_create(t, TREE), 0);
    fdt_finish_reservemap(t);
    fdt_begin_node(t, "");
    fdt_begin_node(t, "soc");
    fdt_property_u32(t, "phandle", 1);
    fdt_property_string(t, "status", "disabled");
    fdt_end_node(t);
    fdt_begin_node(t, "__symbols__");
    fdt_property_string(t, "soc", "/soc");
    fdt_end_node(t);
    fdt_end_node(t);
    CU_ASSERT_EQUAL(fdt_finish(t), 0);
}

static void make_overlay(void *t)
{
    CU_ASSERT_EQUAL(fdt_create(t, TREE), 0);
    fdt_finish_reservemap(t);
    fdt_begin_node(t, "");
    fdt_begin_node(t, "fragment@0");
    fdt_property_u32(t, "target", 0xffffffff);
    fdt_begin_node(t, "__overlay__");
    fdt_property_string(t, "status", "okay");
    fdt_begin_node(t, "dev@1");
    fdt_property_u32(t, "phandle", 1);
    fdt_property_u32(t, "self", 1);
    fdt_end_node(t);
    fdt_end_node(t);
    fdt_end_node(t);
    fdt_begin_node(t, "__fixups__");
    fdt_property_string(t, "soc", "/fragment@0:target:0");
    fdt_end_node(t);
    fdt_begin_node(t, "__local_fixups__");
    fdt_begin_node(t, "fragment@0");
    fdt_begin_node(t, "__overlay__");
    fdt_begin_node(t, "dev@1");
    fdt_property_u32(t, "self", 0);
    fdt_end_node(t);
    fdt_end_node(t);
    fdt_end_node(t);
    fdt_end_node(t);
    fdt_end_node(t);
    CU_ASSERT_EQUAL(fdt_finish(t), 0);
}

/* A copy of just the length that the file has, which may be cut. */
static uint8_t *damaged(const uint8_t *t, uint64_t *len, uint32_t changes)
{
    *len = fdt_totalsize(t);
    uint8_t *copy = malloc(*len);
    memcpy(copy, t, *len);
    for (uint32_t i = 0; i < changes; i++)
        copy[below((uint32_t)*len)] = (uint8_t)below(below(2) ? 256 : 8);
    if (changes && below(8) == 0)
        *len = below((uint32_t)*len);
    return realloc(copy, *len + !*len);
}

static void test_overlays(void)
{
    uint8_t tree[TREE], overlay[TREE];
    uint64_t applied = 0, refused = 0;

    make_tree(tree);
    make_overlay(overlay);
    for (uint64_t i = 0; i < count; i++) {
        uint32_t changes = i ? below(4) : 0;
        struct image to = {.malloced = 1};
        uint64_t n;
        to.map = damaged(tree, &to.len, below(2) ? 0 : changes);
        to.data = to.map;
        uint8_t *copy = damaged(overlay, &n, changes);
        if (pi_overlay(&to, copy, n)) {
            refused++;
        } else {
            applied++;
            if (fdt_check_full(to.data, to.len) != 0) {
                CU_FAIL("the result is no tree");
                i = count;
            }
        }
        if (i == 0) {
            int node = fdt_path_offset(to.data, "/soc/dev@1");
            CU_ASSERT(node > 0);
            CU_ASSERT_STRING_EQUAL((const char *)fdt_getprop(
                to.data, fdt_path_offset(to.data, "/soc"), "status", NULL), "okay");
        }
        free(copy);
        image_free(&to);
    }
    CU_ASSERT(applied > 0 && refused > 0);
}

int main(int argc, char **argv)
{
    static const struct suite_test tests[] = {{"config.txt", test_config},
                                              {"overlays", test_overlays}};

    seed = 11;
    count = pbt_count_arg(argc, argv, 20000);
    return SUITE_RUN("raspi-config-fuzz", tests);
}
