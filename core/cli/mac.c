/* SPDX-License-Identifier: MIT */
/* mac.c - a network card that was given no address gets the first of a row that no other card has,
 * so that two cards of a machine are two. The row is the one that scripts written for QEMU know. */
#include "../object/object.h"
#include "../object/parse.h"
#include "sys.h"

#include <string.h>

/* The address of `d` or of what it carries, NULL: it has none; *name is its property. */
static const struct pb_propval *address(const pb_dev *d, const char **name)
{
    uint32_t n;
    const struct pb_prop *p = pb_dev_props(d, &n);

    for (uint32_t i = 0; i < n; i++) {
        if (p[i].type != PB_T_MAC)
            continue;
        *name = p[i].name;
        return &d->vals[i];
    }
    return d->inner ? address(d->inner, name) : NULL;
}

static gboolean taken(const pb_dev *d, uint64_t mac)
{
    const char *name;

    for (guint i = 0; i < d->m->devs->len; i++) {
        const pb_dev *x = d->m->devs->pdata[i];
        const struct pb_propval *v = x == d || x == d->inner ? NULL : address(x, &name);
        if (v && (uint64_t)v->num == mac)
            return TRUE;
    }
    return FALSE;
}

int pb_sys_own_mac(pb_dev *d, const struct pb_place *at, pb_err *e)
{
    const char *name = NULL;
    const struct pb_propval *v = address(d, &name);
    char text[18];
    uint64_t mac;

    if (!v || v->set)
        return PB_OK;
    for (unsigned n = 0x56; n < 0x156; n++) {
        g_snprintf(text, sizeof text, "52:54:00:12:34:%02x", n & 0xff);
        if (pb_parse_mac(text, &mac) && !taken(d, mac))
            return pb_dev_set(d, name, text, at, e);
    }
    return pb_err_set(e, PB_EBUSY, "Property '%s.%s': no address is left; give one", d->cls->id,
                      name);
}
