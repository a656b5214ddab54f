/* SPDX-License-Identifier: MIT */
/* doctor.c - "boot doctor" for the board: what the command line asks for and the machine does not
 * have is said before the kernel runs, in one line each.
 * Linux Documentation/admin-guide/kernel-parameters.txt (root=, console=); block/early-lookup.c.
 *
 * Not modelled: root= by label or UUID of a file system, which an initial RAM disk resolves.
 */
#include "raspi-boot.h"

#include <libfdt.h>
#include <string.h>

/* The value of the last KEY= (or of the n-th from the front) in a command line. */
static const char *word(const char *line, const char *key, uint32_t nth, size_t *len)
{
    size_t k = strlen(key);

    for (const char *p = line; *p; p += strcspn(p, " "), p += strspn(p, " ")) {
        if (strncmp(p, key, k) == 0 && nth-- == 0) {
            *len = strcspn(p + k, " ");
            return p + k;
        }
    }
    return NULL;
}

/* ---- root= ----------------------------------------------------------------------------- */

static void list(const struct parts *t, char *out, size_t n)
{
    size_t k = 0;

    snprintf(out, n, "no partition");
    for (uint32_t i = 0; i < t->n && k + 40 < n; i++)
        k += (size_t)snprintf(out + k, n - k, "%smmcblk0p%u (%llu MiB)", i ? ", " : "",
                              t->v[i].number, (unsigned long long)(t->v[i].bytes >> 20));
}

/* Is there the partition that `root`, n characters, names? Also yes to what is not ours. */
static int has_root(const struct parts *t, const char *root, size_t n)
{
    static const char device[] = "/dev/mmcblk0p", uuid[] = "PARTUUID=";
    size_t d = sizeof device - 1, u = sizeof uuid - 1;
    int partuuid = n > u && strncmp(root, uuid, u) == 0;

    if (!partuuid && !(n > d && strncmp(root, device, d) == 0))
        return 1;
    for (uint32_t i = 0; i < t->n; i++) {
        char number[12];
        snprintf(number, sizeof number, "%u", t->v[i].number);
        if (partuuid ? n - u == strlen(t->v[i].uuid) && strncasecmp(root + u, t->v[i].uuid,
                                                                    n - u) == 0
                     : n - d == strlen(number) && memcmp(root + d, number, n - d) == 0)
            return 1;
    }
    return partuuid && memchr(root, '/', n); /* an offset from another partition */
}

static void check_root(struct raspi_boot *b, const char *line)
{
    char text[IMAGE_TEXT] = "";
    struct parts t = {.n = 0};
    struct medium m;
    size_t n = 0;
    const char *root = word(line, "root=", 0, &n);
    int card = root && pi_card(b, &m);

    if (card)
        parts_read(&m, &t, text); /* none, if the table is damaged */
    if (!root || has_root(&t, root, n))
        return;
    list(&t, text, sizeof text);
    pi_say(b, PB_LOG_INFO, "boot doctor: root=%.*s names no partition of the SD card; %s%s%s",
           (int)(n < 60 ? n : 60), root, card ? "there is " : "there is no card: give one by -sd",
           card ? text : "", card ? "" : " FILE");
}

/* ---- console= -------------------------------------------------------------------------- */

/* A serial port that the kernel may call `tty`, and the number of -serial that it is. */
static int serial_of(const char *tty, size_t n)
{
    return n >= 6 && strncmp(tty, "ttyAMA", 6) == 0 ? 0 : n >= 4 && strncmp(tty, "ttyS", 4) == 0
                                                              ? 1 : -1;
}

static int is_read(struct raspi_boot *b, const char *tty, size_t n)
{
    int serial = serial_of(tty, n);
    char name[20];

    if (serial < 0)
        return n < 3 || strncmp(tty, "tty", 3) != 0; /* a device's, such as ttyUSB0's */
    snprintf(name, sizeof name, "serial%d", serial);
    return b->c.board->option(b->c.dev, name) != NULL;
}

static void check_console(struct raspi_boot *b, const char *line)
{
    const char *first = NULL, *tty;
    size_t n = 0, first_len = 0;

    for (uint32_t i = 0; (tty = word(line, "console=", i, &n)) != NULL; i++) {
        n = n < strcspn(tty, ",") ? n : strcspn(tty, ",");
        if (is_read(b, tty, n))
            return;
        if (!first || serial_of(first, first_len) < 0) {
            first = tty;
            first_len = n;
        }
    }
    if (!first)
        return;
    first_len = first_len < 40 ? first_len : 40;
    if (serial_of(first, first_len) == 1)
        pi_say(b, PB_LOG_INFO, "boot doctor: nobody reads console=%.*s, the board's mini UART: "
               "give it a second -serial ('-serial null -serial stdio'), or use console=ttyAMA0",
               (int)first_len, first);
    else
        pi_say(b, PB_LOG_INFO, "boot doctor: nobody reads console=%.*s%s; use console=ttyAMA0 with "
               "-nographic or -serial stdio", (int)first_len, first,
               serial_of(first, first_len) < 0 ? ", the screen, which screendump alone shows" : "");
}

void pi_doctor(struct raspi_boot *b, const void *fdt)
{
    int n = 0;
    const char *line = fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), "bootargs", &n);

    if (!line || n < 1 || line[n - 1] != 0)
        return;
    check_root(b, line);
    check_console(b, line);
}
