/* SPDX-License-Identifier: MIT */
/* device.c - device_add, device_del, plugin_reload, change, eject: parts that come and go. */
#include "command.h"

#include "../cli/sys.h"

#include <string.h>

int pb_mon_device_add(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    g_autofree char *text = g_strjoinv(" ", v);

    (void)n;
    return pb_sys_hotplug(x->m, pb_args_parse("device_add", text, "driver", e), pb_sys_device, e);
}

int pb_mon_device_del(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    pb_dev *d = pb_dev_find(x->m, v[0]);

    (void)n;
    if (!d || d->cls->kind != PB_KIND_DEVICE)
        return pb_err_set(e, PB_ENOENT, "Device '%s' not found", v[0]);
    if (d->manifest)
        return pb_err_set(e, PB_ENOTSUP, "Device '%s' is part of the board", v[0]);
    return pb_dev_unplug(d, e);
}

int pb_mon_plugin_reload(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    (void)n;
    return pb_dev_reload(x->m, v[0], x->out, e);
}

/* A medium can be changed where the device says so; no installed one does. */
static int removable(struct pb_mon *x, const char *name, pb_err *e)
{
    const pb_dev *d = pb_dev_find(x->m, name);

    if (!d)
        return pb_err_set(e, PB_ENOENT, "Device '%s' not found", name);
    return pb_err_set(e, PB_ENOTSUP, "Device '%s' is not removable", name);
}

int pb_mon_change(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    gboolean force = !strcmp(v[0], "-f");

    if (n < 2 + (guint)force)
        return pb_err_set(e, PB_EINVAL, "a file name is missing");
    return removable(x, v[force], e);
}

int pb_mon_eject(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    gboolean force = !strcmp(v[0], "-f");

    if (n < 1 + (guint)force)
        return pb_err_set(e, PB_EINVAL, "a device is missing");
    return removable(x, v[force], e);
}
