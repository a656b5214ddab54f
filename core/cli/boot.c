/* SPDX-License-Identifier: MIT */
/* boot.c - -kernel, -initrd, -append, -dtb, -bios, -boot, -fw_cfg, -smbios, -uuid, -L: what the
 * boot plugin gets.
 *
 * Files are opened once here, so that a missing one is reported before anything runs; the
 * boot plugin reads them. Files of -fw_cfg go to the device that provides PB_FW_FILES.
 */
#include "sys.h"

#include "../machine/reset.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int readable(const char *what, const char *path, const char *opt, pb_err *e)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0 || fstat(fd, &st) < 0 || S_ISDIR(st.st_mode)) {
        int err = fd < 0 ? errno : EISDIR;
        pb_err_set(e, PB_ENOENT, "could not open %s '%s': %s", what, path, g_strerror(err));
        pb_err_prefix(e, "-%s: ", opt);
        pb_err_hint_errno(e, err, path);
    }
    if (fd >= 0)
        close(fd);
    return e->code;
}

static void option(struct pb_sys *s, const char *name, const char *value)
{
    g_hash_table_replace(s->m->options, g_strdup(name), g_strdup(value));
}

static const struct pb_fw_files *fw_taker(struct pb_sys *s, void **self)
{
    for (guint i = 0; i < s->m->devs->len; i++) {
        const struct pb_fw_files *t = pb_dev_interface(s->m->devs->pdata[i], PB_FW_FILES, self);
        if (t)
            return t;
    }
    pb_err_set(s->e, PB_ENOTSUP, "machine '%s' has no fw_cfg device", s->plan->name);
    pb_err_hint(s->e, "take a machine that has one, or give its manifest a [device] for it");
    return NULL;
}

int pb_sys_fw_file(struct pb_sys *s, const char *name, const void *data, gsize n)
{
    void *self = NULL;
    const struct pb_fw_files *t = fw_taker(s, &self);

    return t ? t->add(self, name, data, (uint32_t)n, s->e) : PB_ENOTSUP;
}

int pb_sys_fw_item(struct pb_sys *s, uint32_t key, const void *data, gsize n)
{
    void *self = NULL;
    const struct pb_fw_files *t = fw_taker(s, &self);

    if (t && !PB_HAS(struct pb_fw_files, t, item))
        return pb_err_set(s->e, PB_ENOTSUP, "the fw_cfg device of machine '%s' takes files only",
                          s->plan->name);
    return t ? t->item(self, key, data, (uint32_t)n, s->e) : PB_ENOTSUP;
}

static int give_file(struct pb_sys *s, const char *name, const char *file, const char *text)
{
    g_autofree char *data = NULL;
    g_autoptr(GError) err = NULL;
    gsize n = text ? strlen(text) : 0;

    if (file && !g_file_get_contents(file, &data, &n, &err))
        return pb_err_set(s->e, PB_EIO, "%s", err->message);
    if (n > G_MAXUINT32)
        return pb_err_set(s->e, PB_EINVAL, "'%s' is larger than 4 GiB", file);
    return pb_sys_fw_file(s, name, file ? data : text, n);
}

int pb_sys_fw_cfg(struct pb_sys *s)
{
    static const char *const known[] = {"name", "file", "string", NULL};
    struct pb_given *g;
    int r = PB_OK;

    for (guint i = 0; r == PB_OK && (g = pb_cli_nth(s->cli, "fw_cfg", i)); i++) {
        struct pb_args *a = pb_args_parse("-fw_cfg", g->arg, "name", s->e);
        if (!a)
            return PB_EINVAL;
        const char *name = pb_args_get(a, "name"), *file = pb_args_get(a, "file");
        const char *text = pb_args_get(a, "string");
        if (!name || !*name || !file == !text)
            r = pb_err_set(s->e, PB_EINVAL, "expected name=NAME and either file=FILE or "
                           "string=TEXT");
        else if (strlen(name) > 55)
            r = pb_err_set(s->e, PB_EINVAL, "the name has more than 55 bytes");
        else if (file && readable("fw_cfg file", file, "fw_cfg", s->e) < 0)
            r = PB_ENOENT;
        else if (pb_args_done(a, known, s->e) == PB_OK)
            give_file(s, name, file, text);
        r = s->e->code;
        if (r < 0)
            pb_err_once(s->e, &a->place);
        pb_args_free(a);
    }
    return r;
}

static int check_drives(const char *v, pb_err *e)
{
    for (const char *p = v; *p; p++) {
        if (*p < 'a' || *p > 'p')
            return pb_err_set(e, PB_EINVAL, "Invalid boot device '%c'", *p);
        if (strchr(p + 1, *p))
            return pb_err_set(e, PB_EINVAL, "Boot device '%c' was given twice", *p);
    }
    return PB_OK;
}

static int check_wait(struct pb_args *a, const char *key, guint64 most, gint64 *out, pb_err *e)
{
    guint64 v = 0;
    const char *text = pb_args_get(a, key);

    if (!text || !strcmp(text, "-1")) /* for ever, as without it */
        return PB_OK;
    int r = pb_args_uint(a, key, &v, e);
    if (r < 0)
        return r;
    if (v > most)
        return pb_err_set(e, PB_EINVAL, "%s=%s: at most %" PRIu64 " milliseconds", key, text,
                          (uint64_t)most);
    *out = (gint64)v;
    return PB_OK;
}

static int boot_words(struct pb_sys *s, struct pb_args *a)
{
    static const char *const known[] = {"order", "once", "menu", "strict", "splash-time",
                                        "reboot-timeout", NULL};
    const char *order = pb_args_get(a, "order"), *once = pb_args_get(a, "once");
    gboolean menu = FALSE, asked = pb_args_get(a, "menu") != NULL;
    int r;

    if ((order && (r = check_drives(order, s->e)) < 0) ||
        (once && (r = check_drives(once, s->e)) < 0) ||
        (r = pb_args_bool(a, "menu", &menu, s->e)) < 0 ||
        (r = pb_args_bool(a, "strict", &s->boot.strict, s->e)) < 0 ||
        (r = check_wait(a, "splash-time", 0xffff, &s->boot.splash_time, s->e)) < 0 ||
        (r = check_wait(a, "reboot-timeout", 0xffff, &s->boot.fail_wait, s->e)) < 0)
        return r;
    if (asked)
        s->boot.menu = menu;
    if (order || once) /* letters are of a firmware that no board here has */
        pb_warn("-boot %s=%s has no effect on machine '%s': give the device bootindex=0",
                order ? "order" : "once", order ? order : once, s->plan->name);
    return pb_args_done(a, known, s->e);
}

/* -boot: what of it the firmware hears is bootorder.c's. */
static int boot_order(struct pb_sys *s)
{
    struct pb_given *g;
    int r = PB_OK;

    s->boot.menu = -1;
    s->boot.splash_time = s->boot.fail_wait = -1;
    for (guint i = 0; r == PB_OK && (g = pb_cli_nth(s->cli, "boot", i)); i++) {
        struct pb_args *a = pb_args_parse("-boot", g->arg, "order", s->e);
        if (!a)
            return PB_EINVAL;
        r = boot_words(s, a);
        if (r < 0)
            pb_err_once(s->e, &a->place);
        pb_args_free(a);
    }
    return r;
}

/* "uuid", "smbios0", "smbios1" …: the boot plugin reads them. */
static int identity(struct pb_sys *s)
{
    const char *uuid = pb_cli_text(s->cli, "uuid");
    struct pb_given *g;

    for (guint i = 0; (g = pb_cli_nth(s->cli, "smbios", i)); i++) {
        g_autofree char *name = g_strdup_printf("smbios%u", i);
        option(s, name, g->arg);
    }
    if (!uuid)
        return PB_OK;
    if (!g_uuid_string_is_valid(uuid)) {
        pb_err_set(s->e, PB_EINVAL, "-uuid: '%s' is no UUID", uuid);
        pb_err_hint(s->e, "they look like 12345678-1234-1234-1234-123456789abc");
        return PB_EINVAL;
    }
    option(s, "uuid", uuid);
    return PB_OK;
}

int pb_sys_boot(struct pb_sys *s)
{
    static const char *const files[][2] = {
        {"kernel", "kernel file"}, {"initrd", "initial RAM disk"}, {"dtb", "device tree"}};
    const char *bios = pb_cli_text(s->cli, "bios"), *append = pb_cli_text(s->cli, "append");
    struct pb_given *g;

    for (guint i = 0; (g = pb_cli_nth(s->cli, "L", i)); i++)
        pb_firmware_add_dir(g->arg);
    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        const char *v = pb_cli_text(s->cli, files[i][0]);
        if (!v)
            continue;
        if (readable(files[i][1], v, files[i][0], s->e) < 0)
            return PB_ENOENT;
        option(s, files[i][0], v);
    }
    if (!g_hash_table_contains(s->m->options, "kernel")) {
        gboolean initrd = g_hash_table_contains(s->m->options, "initrd");
        if (append || initrd) {
            pb_err_set(s->e, PB_EINVAL, "-%s only allowed with -kernel option",
                       append ? "append" : "initrd");
            pb_err_hint(s->e, "add -kernel FILE, or leave -%s out", append ? "append" : "initrd");
            return PB_EINVAL;
        }
    }
    if (append)
        option(s, "append", append);
    if (bios)
        option(s, "bios", bios);
    if (s->dumpdtb)
        option(s, "dumpdtb", s->dumpdtb);
    if (s->smp) {
        option(s, "smp", s->smp);
        g_hash_table_add(s->m->used, g_strdup("smp")); /* not every board tells its guest */
    }
    return identity(s) < 0 ? s->e->code : boot_order(s);
}
