/* SPDX-License-Identifier: MIT */
/* static.c - plugboard-ARCH-static: user mode in one file that needs no other.
 *
 * The kernel opens a binfmt_misc interpreter of flag F when it is registered, so it can be run
 * where it cannot be found: in a chroot, a container, a root file system that is still being
 * made. Shared libraries and plugins are looked up there all the same. So this program has the
 * two plugins that it needs linked in; they are the ones that plugboard-ARCH loads, object for
 * object, behind the same table.
 */
#include "main/main.h"
#include "plugin/registry.h"

#include <string.h>

extern const struct pb_plugin pb_plugin_v0;  /* the Linux personality */
extern const struct pb_plugin pb_plugin_cpu; /* PB_STATIC_ARCH's, renamed by the build */

int main(int argc, char **argv)
{
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;

    pb_progname = slash ? slash + 1 : argc > 0 ? argv[0] : "plugboard-" PB_STATIC_ARCH "-static";
    if (!pb_errors_option(&argc, argv))
        return 1;
    pb_registry_add_static(&pb_plugin_v0);
    pb_registry_add_static(&pb_plugin_cpu);
    return pb_user_main(PB_STATIC_ARCH, argc, argv);
}
