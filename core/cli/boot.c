/* SPDX-License-Identifier: MIT */
/* boot.c - -kernel, -initrd, -append, -dtb, -bios, -boot, -fw_cfg, -smbios, -uuid, -L: what the boot
 * plugin gets.
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

static int give_file(struct pb_sys *s, const char *name, const char *file, const char *text)
{
    for (guint i = 0; i < s->m->devs->len; i++) {
        void *self = NULL;
        const struct pb_fw_files *t = pb_dev_interface(s->m->devs->pdata[i], PB_FW_FILES, &self);
        g_autofree char *data = NULL;
        g_autoptr(GError) err = NULL;
        gsize n = 0;
        if (!t)
            continue;
        if (file && !g_file_get_contents(file, &data, &n, &err))
            return pb_err_set(s->e, PB_EIO, "%s", err->message);
        if (n > G_MAXUINT32)
            return pb_err_set(s->e, PB_EINVAL, "'%s' is larger than 4 GiB", file);
        return t->add(self, name, file ? data : text, (uint32_t)(file ? n : strlen(text)), s->e);
    }
    pb_err_set(s->e, PB_ENOTSUP, "machine '%s' has no fw_cfg device", s->plan->name);
    pb_err_hint(s->e, "take a machine that has one, or give its manifest a [device] for it");
    return PB_ENOTSUP;
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

/* -boot: for the machine's boot plugin; one that takes none of it is named as an error. */
static int boot_order(struct pb_sys *s)
{
    static const char *const known[] = {"order", "once", "menu", NULL};
    struct pb_given *g;
    int r = PB_OK;

    for (guint i = 0; r == PB_OK && (g = pb_cli_nth(s->cli, "boot", i)); i++) {
        struct pb_args *a = pb_args_parse("-boot", g->arg, "order", s->e);
        gboolean menu = FALSE;
        if (!a)
            return PB_EINVAL;
        const char *order = pb_args_get(a, "order"), *once = pb_args_get(a, "once");
        gboolean asked = pb_args_get(a, "menu") != NULL;
        if (!(order && (r = check_drives(order, s->e)) < 0) &&
            !(once && (r = check_drives(once, s->e)) < 0) &&
            (r = pb_args_bool(a, "menu", &menu, s->e)) == PB_OK)
            r = pb_args_done(a, known, s->e);
        if (r == PB_OK && order)
            option(s, "boot-order", order);
        if (r == PB_OK && once)
            option(s, "boot-once", once);
        if (r == PB_OK && asked)
            option(s, "boot-menu", menu ? "on" : "off");
        if (r < 0)
            pb_err_once(s->e, &a->place);
        pb_args_free(a);
    }
    return r;
}

/* "smbios0", "smbios1" …: the boot plugin reads them. A machine without SMBIOS has its UUID for
 * its owner's books only. */
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
    g_hash_table_add(s->m->used, g_strdup("uuid"));
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
    return identity(s) < 0 ? s->e->code : boot_order(s);
}
