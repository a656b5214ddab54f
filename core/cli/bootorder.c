/* SPDX-License-Identifier: MIT */
/* bootorder.c - what firmware learns from fw_cfg of what to boot: bootindex= of devices as file
 * "bootorder", -boot's menu and waiting times. QEMU documentation, docs/specs/fw_cfg.rst and
 * docs/system/bootindex.rst; paths as in IEEE 1275.
 *
 * A device that has a drive or a network may have a bootindex; it is the command line's, not the
 * device's, so plugins know nothing of it.
 */
#include "sys.h"

#include <plugboard/backend.h>
#include <plugboard/board.h>

#include <stdlib.h>
#include <string.h>

/* The kind of backend that a device works on, or NULL. */
static const char *works_on(const struct pb_class *c)
{
    const struct pb_class *in = pb_class_carried(c);

    for (uint32_t i = 0; i < c->n_props; i++) {
        const struct pb_prop *p = &c->props[i];
        if (p->type != PB_T_LINK || !p->choices)
            continue;
        if (g_strv_contains(p->choices, PB_IF_BLOCK))
            return PB_IF_BLOCK;
        if (g_strv_contains(p->choices, PB_IF_NET))
            return PB_IF_NET;
    }
    return in ? works_on(in) : NULL;
}

gboolean pb_cli_bootable(const struct pb_class *c)
{
    return c->kind == PB_KIND_DEVICE && works_on(c) && c->bus;
}

int pb_sys_boot_index(struct pb_sys *s, pb_dev *d, const char *text)
{
    struct pb_bootable x = {.dev = d};

    if (!strcmp(text, "-1"))
        return PB_OK; /* none */
    if (!pb_value_size(text, &x.index) || x.index > INT32_MAX) {
        pb_err_set(s->e, PB_EINVAL, "Property '%s.bootindex' doesn't take value '%s'", d->cls->id,
                   text);
        pb_err_hint(s->e, "it takes a number: 0 is tried first");
        return PB_EINVAL;
    }
    if (!s->bootable) {
        pb_err_set(s->e, PB_ENOTSUP, "bootindex: firmware was told its order at the start");
        pb_err_hint(s->e, "leave it out when a device is plugged");
        return PB_ENOTSUP;
    }
    for (guint i = 0; i < s->bootable->len; i++) {
        const struct pb_bootable *e = &g_array_index(s->bootable, struct pb_bootable, i);
        if (e->index != x.index)
            continue;
        pb_err_set(s->e, PB_EBUSY, "The bootindex %" PRIu64 " has already been used by '%s'",
                   x.index, e->dev->name);
        pb_err_hint(s->e, "give each device another one");
        return PB_EBUSY;
    }
    g_array_append_val(s->bootable, x);
    return PB_OK;
}

/* The elements of `d` and of all above it, from the root. */
static void add_path(pb_dev *d, GString *to)
{
    pb_dev *ctl = d->bus ? d->bus->ctl : NULL;
    void *self = NULL;
    const struct pb_boot_path *p = ctl ? pb_dev_interface(ctl, PB_BOOT_PATH, &self) : NULL;
    char text[200];

    if (ctl)
        add_path(ctl, to);
    if (p && p->element(self, d, text, sizeof text) > 0)
        g_string_append_printf(to, "/%s", text);
    else if (!ctl && d->reg_addr->len && !pb_dev_interface(d, PB_BOOT_PATH, &self))
        g_string_append_printf(to, "/%s@%016" PRIx64, d->cls->id,
                               g_array_index(d->reg_addr, struct pb_board_reg, 0).addr);
}

static int by_index(const void *a, const void *b)
{
    const struct pb_bootable *x = a, *y = b;

    return (x->index > y->index) - (x->index < y->index);
}

/* "bootorder": a path a line, HALT when nothing else is to be tried. */
static char *order(struct pb_sys *s, gboolean strict)
{
    GString *text = g_string_new(NULL);

    qsort(s->bootable->data, s->bootable->len, sizeof(struct pb_bootable), by_index);
    for (guint i = 0; i < s->bootable->len; i++) {
        pb_dev *d = g_array_index(s->bootable, struct pb_bootable, i).dev;
        void *self = NULL;
        const struct pb_boot_path *own = pb_dev_interface(d, PB_BOOT_PATH, &self);
        char below[100];
        g_string_append(text, text->len ? "\n" : "");
        g_autoptr(GString) path = g_string_new(NULL);
        add_path(d, path);
        if (!own || own->element(self, d, below, sizeof below) <= 0)
            g_strlcpy(below, g_strcmp0(works_on(d->cls), PB_IF_NET) ? "disk@0,0"
                                                                    : "ethernet-phy@0",
                      sizeof below);
        g_string_append_printf(text, "%s/%s", path->str, below);
    }
    if (strict)
        g_string_append_printf(text, "%sHALT", text->len ? "\n" : "");
    return g_string_free(text, FALSE);
}

/* A number, little-endian, as file `name` or, without one, as item `key`. */
static int give_number(struct pb_sys *s, const char *name, uint32_t key, gint64 v, guint bytes)
{
    uint8_t le[4];

    for (guint i = 0; i < bytes; i++)
        le[i] = (uint8_t)(v >> 8 * i);
    return name ? pb_sys_fw_file(s, name, le, bytes) : pb_sys_fw_item(s, key, le, bytes);
}

int pb_sys_boot_order(struct pb_sys *s)
{
    enum { MENU = 0x0e };
    const struct pb_boot_words *w = &s->boot;
    int r = PB_OK;

    if (s->bootable->len || w->strict) {
        g_autofree char *text = order(s, w->strict);
        r = pb_sys_fw_file(s, "bootorder", text, strlen(text) + 1);
        pb_err_prefix(s->e, s->bootable->len ? "bootindex: " : "-boot strict=on: ");
    }
    if (r == PB_OK && w->menu >= 0)
        r = give_number(s, NULL, MENU, w->menu, 2);
    if (r == PB_OK && w->splash_time >= 0)
        r = give_number(s, "etc/boot-menu-wait", 0, w->splash_time, 2);
    if (r == PB_OK && w->fail_wait >= 0)
        r = give_number(s, "etc/boot-fail-wait", 0, w->fail_wait, 4);
    return r;
}
