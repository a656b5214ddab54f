/* SPDX-License-Identifier: MIT */
/* device.c - device_add, device_del, plugin_reload, change, eject: parts that come and go. */
#include "command.h"

#include "../backend/medium.h"
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

/* ---- Media ------------------------------------------------------------------------------- */

/* The drive by that name, or that of the device by that name. NULL and `e`: its medium stays. */
static pb_dev *drive_of(struct pb_mon *x, const char *name, pb_err *e)
{
    pb_dev *d = pb_dev_find(x->m, name);

    if (!d) {
        pb_err_set(e, PB_ENOENT, "Device '%s' not found", name);
        return NULL;
    }
    if (d->cls->kind == PB_KIND_DEVICE && pb_dev_has_prop(d, "drive")) {
        g_autofree char *drive = pb_dev_get_text(d, "drive");
        d = drive ? pb_dev_find(x->m, drive) : NULL;
    }
    if (pb_medium_drive(d))
        return d;
    pb_err_set(e, PB_ENOTSUP, "Device '%s' is not removable", name);
    pb_err_hint(e, "a drive of -drive if=none,media=cdrom at a device with removable media is");
    return NULL;
}

/* Does the device let go of it? */
static int let_go(pb_dev *drive, const char *name, gboolean force, pb_err *e)
{
    pb_dev *user = pb_backend_consumer(drive);
    void *self = NULL;
    const struct pb_media *t = user ? pb_dev_interface(user, PB_MEDIA, &self) : NULL;

    if (user && !t)
        return pb_err_set(e, PB_ENOTSUP, "Device '%s' is not removable", name);
    if (!t || force || !t->locked(self))
        return PB_OK;
    t->ask(self);
    pb_err_set(e, PB_EBUSY, "Device '%s' is locked and force was not specified, wait for tray to "
               "open and try again", name);
    pb_err_hint(e, "the guest was asked to let go of it; 'eject -f %s' does not wait", name);
    return PB_EBUSY;
}

int pb_mon_change(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    static const char *const modes[] = {"retain", "read-only", "read-write", NULL};
    gboolean force = !strcmp(v[0], "-f");
    const char *format = n > 2 + (guint)force ? v[2 + force] : NULL;
    const char *mode = n > 3 + (guint)force ? v[3 + force] : modes[0];

    if (n < 2 + (guint)force)
        return pb_err_set(e, PB_EINVAL, "a file name is missing");
    if (!g_strv_contains(modes, mode))
        return pb_err_set(e, PB_EINVAL, "Invalid parameter '%s': retain, read-only or read-write",
                          mode);
    pb_dev *d = drive_of(x, v[force], e);
    int rc = d ? let_go(d, v[force], force, e) : e->code;
    return rc < 0 ? rc : pb_sys_change(x->m, d, v[1 + force], format,
                                       strcmp(mode, "read-write") != 0, e);
}

int pb_mon_eject(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    gboolean force = !strcmp(v[0], "-f");

    if (n < 1 + (guint)force)
        return pb_err_set(e, PB_EINVAL, "a device is missing");
    pb_dev *d = drive_of(x, v[force], e);
    int rc = d ? let_go(d, v[force], force, e) : e->code;
    return rc < 0 ? rc : pb_medium_put(d, NULL, e);
}
