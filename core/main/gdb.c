/* SPDX-License-Identifier: MIT */
/* gdb.c - where the gdb stub will be reached from. Until it is there, -gdb and -s say so. */
#include "main.h"

int pb_gdb_start(struct pb_machine *m, const char *dev, pb_err *e)
{
    (void)m;
    pb_err_set(e, PB_ENOTSUP, "-gdb %s: this plugboard has no gdb stub yet", dev);
    return PB_ENOTSUP;
}
