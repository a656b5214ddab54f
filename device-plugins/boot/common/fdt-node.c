/* SPDX-License-Identifier: MIT */
/* fdt-node.c - the nodes of devices, written in order.
 * Devicetree Specification 0.4, chapter 2.
 *
 * A device is in the tree when its manifest group gives fdt.compatible. It gets reg from its
 * places, interrupts from its wires, clock-frequency from its clock, and every other fdt.KEY
 * as it stands, except four: fdt.node names the node, fdt.alias an alias of it, fdt.join
 * the device whose node takes this one's places, fdt.wires = no leaves out interrupts. What
 * lists its clocks itself (fdt.clocks) gets no clock-frequency.
 */
#include "boot.h"

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#define MAX_REGS 16u

uint32_t boot_dev_phandle(struct boot *b, pb_dev *d)
{
    pb_dev *k;

    for (uint32_t i = 0; (k = b->board->device(b->dev, i)) != NULL; i++) {
        if (k == d && b->board->dev_fdt(d, "compatible"))
            return b->isa->first_phandle(b) + i;
    }
    return 0;
}

/* ---- Devices ----------------------------------------------------------------------- */

static void put32(uint8_t *at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(v >> (24 - 8 * i));
}

static uint32_t add_regs(struct boot *b, pb_dev *d, struct pb_board_reg *v, uint32_t n)
{
    if (n >= MAX_REGS)
        return n;
    uint32_t k = b->board->dev_regs(d, v + n, MAX_REGS - n);
    return n + (k < MAX_REGS - n ? k : MAX_REGS - n);
}

/* Places of `d` and of those that join it. */
static uint32_t all_regs(struct boot *b, pb_dev *d, struct pb_board_reg *v)
{
    uint32_t n = add_regs(b, d, v, 0);
    pb_dev *k;

    for (uint32_t i = 0; (k = b->board->device(b->dev, i)) != NULL; i++) {
        const char *join = b->board->dev_fdt(k, "join");
        if (join && strcmp(join, b->board->dev_name(d)) == 0)
            n = add_regs(b, k, v, n);
    }
    return n;
}

static int put_regs(struct boot *b, void *fdt, pb_dev *d)
{
    struct pb_board_reg v[MAX_REGS];
    uint32_t n = all_regs(b, d, v);
    uint8_t out[MAX_REGS * 16];

    for (uint32_t i = 0; i < n; i++) {
        put32(out + 16 * i, (uint32_t)(v[i].addr >> 32));
        put32(out + 16 * i + 4, (uint32_t)v[i].addr);
        put32(out + 16 * i + 8, (uint32_t)(v[i].len >> 32));
        put32(out + 16 * i + 12, (uint32_t)v[i].len);
    }
    return n ? fdt_property(fdt, "reg", out, (int)(16 * n)) : 0;
}

const char *boot_node_name(struct boot *b, pb_dev *d, char *buf, size_t n)
{
    const char *node = b->board->dev_fdt(d, "node");
    struct pb_board_reg r;

    if (!b->board->dev_fdt(d, "compatible"))
        return NULL;
    if (!node)
        node = b->board->dev_name(d);
    if (b->board->dev_regs(d, &r, 1))
        snprintf(buf, n, "%s@%llx", node, (unsigned long long)r.addr);
    else
        snprintf(buf, n, "%s", node);
    return buf;
}

/* Controller's phandle and specifier of one wire; 0 when the sink is no interrupt. */
static uint32_t specifier(struct boot *b, const struct pb_board_wire *w, uint32_t *phandle,
                          uint32_t cells[4])
{
    void *self = NULL;

    for (uint32_t i = 0; i < b->board->n_cpus(b->dev); i++) {
        if (b->board->cpu(b->dev, i) == w->sink) {
            if (!b->isa->cpu_intc)
                return 0;
            *phandle = b->isa->cpu_intc(i);
            cells[0] = w->input;
            return 1;
        }
    }
    const struct pb_fdt_node *f = b->bus->side(w->sink, PB_FDT_NODE, &self);
    *phandle = boot_dev_phandle(b, w->sink);
    uint32_t n = *phandle && PB_HAS(struct pb_fdt_node, f, interrupt)
                     ? f->interrupt(self, w->input, cells) : 0;
    return n <= 4 ? n : 0;
}

uint32_t boot_wire(struct boot *b, pb_dev *d, const char *output, uint32_t *phandle,
                   uint32_t cells[4])
{
    struct pb_board_wire w[64];
    uint32_t n = b->board->dev_wires(d, w, 64);

    for (uint32_t i = 0; i < n && i < 64; i++) {
        if (w[i].index == 0 && strcmp(w[i].output, output) == 0)
            return specifier(b, &w[i], phandle, cells);
    }
    return 0;
}

static const struct pb_board_wire *sort_base;

/* By element, then by the order in which the host lists the outputs. */
static int by_index(const void *a, const void *z)
{
    const struct pb_board_wire *x = sort_base + *(const uint32_t *)a;
    const struct pb_board_wire *y = sort_base + *(const uint32_t *)z;

    if (x->index != y->index)
        return x->index < y->index ? -1 : 1;
    return x < y ? -1 : x > y;
}

/* "interrupts" when one controller takes them all and is no hart, else the extended form. */
static int write_interrupts(void *fdt, const uint8_t *ext, uint32_t n, const uint8_t *plain,
                            uint32_t n_plain, uint32_t parent, int extended)
{
    int rc;

    if (!n)
        return 0;
    if (extended)
        return fdt_property(fdt, "interrupts-extended", ext, (int)n);
    if ((rc = fdt_property(fdt, "interrupts", plain, (int)n_plain)))
        return rc;
    return fdt_property_u32(fdt, "interrupt-parent", parent);
}

static int put_interrupts(struct boot *b, void *fdt, pb_dev *d)
{
    uint32_t count = b->board->dev_wires(d, NULL, 0), n = 0, n_plain = 0, parent = 0;
    int extended = 0, rc = 0;

    if (!count || b->board->dev_fdt(d, "wires"))
        return 0;
    struct pb_board_wire *w = calloc(count, sizeof *w);
    uint32_t *order = calloc(count, sizeof *order);
    uint8_t *ext = malloc(count * 20), *plain = malloc(count * 16);
    if (!w || !order || !ext || !plain) {
        rc = -FDT_ERR_NOSPACE;
        goto out;
    }
    b->board->dev_wires(d, w, count);
    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    sort_base = w;
    qsort(order, count, sizeof *order, by_index);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t cells[4], ph = 0, k = specifier(b, &w[order[i]], &ph, cells);
        if (!k)
            continue;
        extended |= ph < b->isa->first_phandle(b) || (parent && parent != ph);
        parent = ph;
        put32(ext + n, ph);
        n += 4;
        for (uint32_t c = 0; c < k; c++, n += 4, n_plain += 4) {
            put32(ext + n, cells[c]);
            put32(plain + n_plain, cells[c]);
        }
    }
    rc = write_interrupts(fdt, ext, n, plain, n_plain, parent, extended);
out:
    free(w);
    free(order);
    free(ext);
    free(plain);
    return rc;
}

static int own_key(const char *key)
{
    return strcmp(key, "node") == 0 || strcmp(key, "alias") == 0 || strcmp(key, "join") == 0 ||
           strcmp(key, "wires") == 0;
}

static int put_keys(struct boot *b, void *fdt, pb_dev *d, pb_err *e)
{
    uint8_t out[BOOT_VALUE_MAX];
    char text[IMAGE_TEXT];
    const char *key;
    int rc;

    for (uint32_t i = 0; (key = b->board->dev_fdt_key(d, i)) != NULL; i++) {
        if (own_key(key))
            continue;
        int n = boot_fdt_value(b, b->board->dev_fdt(d, key), out, text);
        if (n < 0) {
            boot_fail(b, e, PB_EINVAL, "device '%s': fdt.%s: %s", b->board->dev_name(d), key, text);
            return -FDT_ERR_BADVALUE;
        }
        if ((rc = fdt_property(fdt, key, out, n)))
            return rc;
    }
    return 0;
}

static int put_controller(struct boot *b, void *fdt, pb_dev *d)
{
    void *self = NULL;
    const struct pb_fdt_node *f = b->bus->side(d, PB_FDT_NODE, &self);
    uint32_t cells[4], n = 0;
    int rc, is_controller = PB_HAS(struct pb_fdt_node, f, interrupt);

    for (uint32_t i = 0; is_controller && i < 1024 && !n; i++)
        n = f->interrupt(self, i, cells);
    if (n && ((rc = fdt_property_u32(fdt, "#interrupt-cells", n)) ||
              (rc = fdt_property(fdt, "interrupt-controller", NULL, 0))))
        return rc;
    if (n || boot_fdt_referred(b, b->board->dev_name(d)))
        return fdt_property_u32(fdt, "phandle", boot_dev_phandle(b, d));
    return 0;
}

int boot_fdt_devices(struct boot *b, void *fdt, pb_err *e)
{
    pb_dev *d;
    int rc;

    for (uint32_t i = 0; (d = b->board->device(b->dev, i)) != NULL; i++) {
        char name[100];
        uint64_t hz = b->board->dev_fdt(d, "clocks") ? 0 : b->board->dev_clock(d, 0);
        if (!boot_node_name(b, d, name, sizeof name))
            continue;
        if ((rc = fdt_begin_node(fdt, name)) || (rc = put_keys(b, fdt, d, e)) ||
            (rc = put_regs(b, fdt, d)) || (rc = put_interrupts(b, fdt, d)) ||
            (rc = put_controller(b, fdt, d)) ||
            (rc = hz ? fdt_property_u32(fdt, "clock-frequency", (uint32_t)hz) : 0) ||
            (rc = fdt_end_node(fdt)))
            return rc;
    }
    return 0;
}
