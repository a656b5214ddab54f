/* SPDX-License-Identifier: MIT */
/* doctor.c - "boot doctor": a guest that says on its console that it finds no root file system
 * gets one line on the host that says which disks there are and what to change.
 *
 * Characters pass by on the device's thread; a whole line that is one of those complaints makes
 * the main thread look at the machine. Linux: init/do_mounts.c; Debian's initramfs-tools.
 */
#include "doctor.h"

#include "../backend/backend.h"
#include "../object/host.h"
#include "../object/object.h"
#include "../thread/thread.h"
#include "machine.h"

#include <string.h>

static gint told;

static gboolean complains(const char *line)
{
    return strstr(line, "VFS: Unable to mount root fs on") ||
           (strstr(line, "ALERT!") && strstr(line, "does not exist"));
}

static void add_disks(struct pb_machine *m, GString *to)
{
    guint n = 0;

    for (guint i = 0; i < m->devs->len; i++) {
        pb_dev *d = m->devs->pdata[i];
        pb_dev *user = d->cls->kind == PB_KIND_BLOCK && d->backend ? pb_backend_consumer(d) : NULL;
        if (!user || user->cls->kind == PB_KIND_BLOCK)
            continue;
        g_string_append_printf(to, "%s%s (%s)", n++ ? ", " : "", d->name, user->cls->id);
    }
    if (!n)
        g_string_append(to, "none");
}

static void report(void *opaque)
{
    pb_dev *d = opaque;
    const char *append = g_hash_table_lookup(d->m->options, "append");
    const char *root = append ? strstr(append, "root=") : NULL;
    g_autoptr(GString) text = g_string_new("boot doctor: the guest finds no root file system: ");

    if (root && root != append && root[-1] != ' ')
        root = NULL;
    if (root)
        g_string_append_printf(text, "%.*s", (int)MIN(strcspn(root, " "), 60), root);
    else
        g_string_append(text, "no root= on its command line");
    g_string_append(text, "; disks of this machine: ");
    add_disks(d->m, text);
    g_string_append(text, ". Name one of them by root=, attach it with -drive, or give the "
                    "drivers that the kernel lacks with -initrd");
    pb_the_host.log(&pb_the_host, NULL, PB_LOG_INFO, text->str);
}

void pb_doctor_text(struct pb_doctor *o, pb_dev *d, const uint8_t *buf, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        if (buf[i] != '\n') {
            if (o->n < sizeof o->line - 1)
                o->line[o->n++] = (char)(buf[i] ? buf[i] : ' ');
            continue;
        }
        o->line[o->n] = 0;
        o->n = 0;
        if (complains(o->line) && g_atomic_int_compare_and_exchange(&told, 0, 1))
            pb_main_soon(d, report, d);
    }
}
