/* SPDX-License-Identifier: MIT */
/* absent.c - QEMU's options that this version has not got, so that who brings a command line of
 * QEMU's learns that the word is right and what there is in its place.
 */
#include "cli.h"

#include <string.h>

static const struct absent {
    const char *name;
    const char *instead; /* NULL: nothing */
} absent[] = {
    {"acpitable", NULL},
    {"add-fd", NULL},
    {"async-teardown", NULL},
    {"audio", NULL},
    {"audiodev", NULL},
    {"balloon", NULL},
    {"chroot", NULL},
    {"compat", NULL},
    {"curses", "-nographic"},
    {"debugcon", "-serial and -device take character devices"},
    {"dfilter", NULL},
    {"dump-vmstate", NULL},
    {"enable-kvm", "the translator is -accel tcg"},
    {"full-screen", "'screendump' of the monitor shows the screen"},
    {"icount", NULL},
    {"incoming", NULL},
    {"iscsi", NULL},
    {"jitdump", NULL},
    {"k", NULL},
    {"loadvm", NULL},
    {"localtime", "-rtc base=localtime"},
    {"mem-path", NULL},
    {"mem-prealloc", NULL},
    {"msg", NULL},
    {"nodefconfig", "-no-user-config"},
    {"numa", NULL},
    {"only-migratable", NULL},
    {"option-rom", NULL},
    {"overcommit", NULL},
    {"perfmap", NULL},
    {"plugin", NULL},
    {"preconfig", "-S stops before the first instruction"},
    {"readconfig", "a machine of one's own: -M FILE.machine"},
    {"realtime", NULL},
    {"redir", "-netdev user,hostfwd=…"},
    {"runas", NULL},
    {"run-with", NULL},
    {"sdl", "'screendump' of the monitor shows the screen"},
    {"set", "-global CLASS.PROPERTY=VALUE sets a property of every device of a class"},
    {"singlestep", NULL},
    {"soundhw", NULL},
    {"spice", "'screendump' of the monitor shows the screen"},
    {"tftp", "-netdev user,tftp=DIR"},
    {"tpmdev", NULL},
    {"trace", "-d help lists what can be logged"},
    {"usb", "where a machine has a USB host: -device usb-…"},
    {"usbdevice", "-device usb-…; '-device help' lists them"},
    {"watchdog", NULL},
    {"watchdog-action", NULL},
    {"writeconfig", "-M NAME,dump prints the machine"},
};

gboolean pb_cli_absent(const char *word, const char *name, pb_err *e)
{
    for (guint i = 0; i < G_N_ELEMENTS(absent); i++) {
        if (strcmp(absent[i].name, name) != 0)
            continue;
        pb_err_set(e, PB_ENOTSUP, "%s: an option of QEMU's that this version has not got", word);
        pb_err_hint(e, "%s", absent[i].instead ? absent[i].instead : "-h lists all options");
        return TRUE;
    }
    return FALSE;
}
