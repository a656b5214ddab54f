/* SPDX-License-Identifier: MIT */
/* console.c - does the kernel's command line name a console of this machine? One that it does not
 * have takes all output, and the boot looks dead.
 * Linux Documentation/admin-guide/serial-console.rst. */
#include "boot.h"

#include <string.h>

/* Serial ports are the machine's; virtual terminals and hypervisor consoles come with devices. */
static int is_there(const char *name, size_t n, const char *serial)
{
    if (n >= 3 && strncmp(name, "tty", 3) == 0 && (n == 3 || (name[3] >= '0' && name[3] <= '9')))
        return 1;
    if (n < 3 || strncmp(name, "tty", 3) != 0)
        return 1;
    return n == strlen(serial) && memcmp(name, serial, n) == 0;
}

void boot_check_console(struct boot *b, const char *serial)
{
    const char *at = b->board->option(b->dev, "append"), *first = NULL;
    size_t first_len = 0;
    char text[300];

    for (; at && *serial && (at = strstr(at, "console=")) != NULL; at++) {
        const char *name = at + strlen("console=");
        size_t n = strcspn(name, " ,");
        if (at != b->board->option(b->dev, "append") && at[-1] != ' ')
            continue; /* of another word */
        if (is_there(name, n, serial))
            return;
        first = first ? first : name;
        first_len = first == name ? n : first_len;
    }
    if (!first || !b->h->log_on[PB_LOG_INFO])
        return;
    snprintf(text, sizeof text, "boot doctor: -append names console=%.*s, which this machine does "
             "not have, so nothing that the kernel says is seen; use console=%s",
             (int)(first_len < 40 ? first_len : 40), first, serial);
    b->h->log(b->h, NULL, PB_LOG_INFO, text);
}
