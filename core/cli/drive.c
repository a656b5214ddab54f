/* SPDX-License-Identifier: MIT */
/* drive.c - -blockdev, -drive and its short forms (-hda, -cdrom, -pflash, …), -snapshot.
 *
 * A drive becomes two or three nodes: file, format and, for snapshot=on, an overlay; the top
 * one has the drive's id. Unless if=none the [drive IF] group of the manifest says which
 * device it gets; if=pflash gives node "pflashN", to which the board's flashes link.
 */
#include "sys.h"

#include "../backend/block-policy.h"
#include "../backend/medium.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static guint next_block; /* "#block000" */

static char *auto_name(void)
{
    return g_strdup_printf("#block%03u", next_block++);
}

/* ---- -blockdev ----------------------------------------------------------------------- */

/* "file.driver=file,file.filename=…": nodes below, made first. */
static int inline_nodes(struct pb_sys *s, const struct pb_class *c, struct pb_args *a, int depth);

static pb_dev *block_node(struct pb_sys *s, struct pb_args *a, const char *name, int depth)
{
    const char *driver = pb_args_get(a, "driver");
    const char *given = pb_args_get(a, "node-name");
    g_autofree char *id = g_strdup(name ? name : given);

    if (!driver) {
        pb_err_set(s->e, PB_EINVAL, "Parameter 'driver' is missing");
        pb_err_at(s->e, &a->place);
        return NULL;
    }
    const struct pb_class *c = pb_sys_class(PB_KIND_BLOCK, driver, "driver", &a->place, s->e);
    if (!c)
        return NULL;
    if (!id)
        id = auto_name();
    if (inline_nodes(s, c, a, depth) < 0)
        return NULL;
    for (uint32_t i = 0; i < c->n_props; i++) {
        gboolean there = !(c->props[i].flags & PB_P_REQUIRED);
        for (guint k = 0; !there && k < a->v->len; k++)
            there = !strcmp(((struct pb_arg *)a->v->pdata[k])->key, c->props[i].name);
        if (!there) {
            pb_err_set(s->e, PB_EINVAL, "Parameter '%s' is missing", c->props[i].name);
            pb_err_at(s->e, &a->place);
            return NULL;
        }
    }
    return pb_sys_node(s, PB_KIND_BLOCK, c->id, id, a);
}

static int inline_nodes(struct pb_sys *s, const struct pb_class *c, struct pb_args *a, int depth)
{
    for (uint32_t i = 0; i < c->n_props; i++) {
        if (c->props[i].type != PB_T_LINK)
            continue;
        g_autofree char *prefix = g_strconcat(c->props[i].name, ".", NULL);
        struct pb_args *sub = pb_args_split(a, prefix);
        pb_dev *below = NULL;
        if (sub->v->len && depth > 15)
            pb_err_set(s->e, PB_EINVAL, "%s: block nodes nested too deep", a->place.option);
        else if (sub->v->len)
            below = block_node(s, sub, NULL, depth + 1);
        gboolean bad = sub->v->len && !below;
        pb_args_free(sub);
        if (bad)
            return PB_EINVAL;
        if (below)
            pb_args_add(a, c->props[i].name, below->id);
    }
    return PB_OK;
}

int pb_sys_blockdev(struct pb_sys *s, struct pb_args *a)
{
    const char *name = pb_args_get(a, "node-name");
    pb_dev *d = NULL;

    if (name && pb_dev_find(s->m, name)) /* before those below it are made */
        pb_err_set(s->e, PB_EBUSY, "Duplicate ID '%s'", name);
    else if (name)
        d = block_node(s, a, NULL, 0);
    else if (!pb_args_get(a, "driver"))
        pb_err_set(s->e, PB_EINVAL, "Parameter 'driver' is missing");
    else
        pb_err_set(s->e, PB_EINVAL, "'node-name' must be specified for the root node");
    if (!d)
        pb_err_once(s->e, &a->place);
    return d ? PB_OK : PB_EINVAL;
}

/* ---- Format probing ------------------------------------------------------------------ */

static void could_not_open(pb_err *e, const char *file, int err)
{
    pb_err_set(e, PB_ENOENT, "Could not open '%s': %s", file, g_strerror(err));
    if (err == ENOENT)
        pb_err_hint(e, "check the path, or make an empty disk there: truncate -s 8G %s", file);
    else
        pb_err_hint_errno(e, err, file);
}

static const char *probe_format(const char *file, pb_err *e)
{
    GPtrArray *all = pb_class_list(PB_KIND_BLOCK);
    g_autofree uint8_t *head = g_malloc0(65536);
    const char *best = "raw";
    uint32_t score = 1;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd < 0 ? -1 : read(fd, head, 65536);

    if (n < 0)
        could_not_open(e, file, errno);
    if (fd >= 0)
        close(fd);
    for (guint i = 0; n >= 0 && i < all->len; i++) {
        const struct pb_class *c = all->pdata[i];
        pb_err ignore = {0};
        if (!(c->flags & PB_BACKEND_FORMAT) || pb_class_load(c, &ignore) < 0) {
            pb_err_clear(&ignore);
            continue;
        }
        const struct pb_backend_class *t = c->table;
        const struct pb_block_ops *ops = t->ops;
        uint32_t v = PB_HAS(struct pb_block_ops, ops, probe)
                         ? ops->probe(head, (uint32_t)n, file) : 0;
        if (v > score) {
            score = v;
            best = c->id;
        }
    }
    return n < 0 ? NULL : best;
}

static void raw_warning(const char *file)
{
    fprintf(stderr, "WARNING: Image format was not specified for '%s' and probing guessed raw.\n"
            "         Automatically detecting the format is dangerous for raw images, write "
            "operations on block 0 will be restricted.\n"
            "         Specify the 'raw' format explicitly to remove the restrictions.\n", file);
}

/* ---- -drive -------------------------------------------------------------------------- */

struct drive {
    struct pb_sys *s;
    struct pb_args *a;
    const char *file, *format, *iface, *media, *cache, *aio, *discard;
    gboolean snapshot, readonly, no_iface, removable;
    guint64 index;
    char *id;
    struct pb_block_policy policy;
};

static int drive_error(struct drive *d, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
static int drive_error(struct drive *d, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    pb_err_set(d->s->e, PB_EINVAL, "%s", text);
    pb_err_once(d->s->e, &d->a->place);
    return PB_EINVAL;
}

static int cache_mode(struct drive *d, struct pb_args *file)
{
    /* mode: O_DIRECT, ignore flushes, write through */
    static const struct { const char *name, *direct, *no_flush; gboolean through; } modes[] = {
        {"writeback", "off", "off", FALSE},   {"none", "on", "off", FALSE},
        {"writethrough", "off", "off", TRUE}, {"directsync", "on", "off", TRUE},
        {"unsafe", "off", "on", FALSE}};

    for (guint i = 0; d->cache && i < G_N_ELEMENTS(modes); i++)
        if (!strcmp(d->cache, modes[i].name)) {
            pb_args_add(file, "cache.direct", modes[i].direct);
            pb_args_add(file, "cache.no-flush", modes[i].no_flush);
            d->policy.write_through = modes[i].through;
            return PB_OK;
        }
    return d->cache ? drive_error(d, "invalid cache option '%s'", d->cache) : PB_OK;
}

/* What is said of the file itself, in -blockdev's words. */
static int file_keys(struct drive *d, struct pb_args *file)
{
    static const char *const keys[][2] = {{"cache.direct", "cache.direct"},
        {"cache.no-flush", "cache.no-flush"}, {"file.locking", "locking"}};
    gboolean writeback = !d->policy.write_through;
    int r = cache_mode(d, file);

    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        const char *v = pb_args_get(d->a, keys[i][0]);
        if (v)
            pb_args_add(file, keys[i][1], v);
    }
    if (r == PB_OK && pb_args_get(d->a, "cache.writeback")) {
        r = pb_args_bool(d->a, "cache.writeback", &writeback, d->s->e);
        d->policy.write_through = !writeback;
    }
    return r;
}

static int error_action(struct drive *d, const char *key, enum pb_on_error *out)
{
    static const char *const names[] = {"report", "ignore", "stop", "enospc"};
    const char *v = pb_args_get(d->a, key);
    gboolean read = *key == 'r';

    for (guint i = 0; v && i < (read ? 3u : 4u); i++)
        if (!strcmp(v, names[i])) {
            *out = (enum pb_on_error)i;
            return PB_OK;
        }
    return v ? drive_error(d, "'%s' invalid %s error action", v, read ? "read" : "write") : PB_OK;
}

/* werror, rerror and detect-zeroes: the same for every format and device. */
static int request_policy(struct drive *d)
{
    const char *v = pb_args_get(d->a, "detect-zeroes");

    d->policy.write = PB_ON_ERROR_ENOSPC;
    if (error_action(d, "rerror", &d->policy.read) < 0 ||
        error_action(d, "werror", &d->policy.write) < 0)
        return PB_EINVAL;
    if (!v || !strcmp(v, "off"))
        return PB_OK;
    if (strcmp(v, "on") && strcmp(v, "unmap"))
        return drive_error(d, "detect-zeroes=%s: want on, off or unmap", v);
    d->policy.zeroes = *v == 'u' ? PB_ZEROES_UNMAP : PB_ZEROES_ON;
    if (*v == 'u' && (!d->discard || strcmp(d->discard, "unmap")))
        return drive_error(d, "setting detect-zeroes to unmap is not allowed without setting "
                              "discard operation to unmap");
    return PB_OK;
}

static pb_dev *node(struct drive *d, struct pb_args *a, const char *id)
{
    pb_dev *n;

    a->place = d->a->place;
    n = block_node(d->s, a, id, 0);
    pb_args_free(a);
    return n;
}

static struct pb_args *driver(const char *name)
{
    g_autofree char *text = g_strdup(name);

    return pb_args_parse("-drive", text, "driver", NULL);
}

/* The nodes, bottom up; the id is the top one's. */
static pb_dev *drive_nodes(struct drive *d)
{
    struct pb_err *e = d->s->e;
    const char *format = d->format, *ro = d->readonly ? "on" : "off";
    gboolean probed = !format;

    if (!format && !(format = probe_format(d->file, e))) {
        pb_err_once(e, &d->a->place);
        return NULL;
    }
    if (!pb_class_find(PB_KIND_BLOCK, format) ||
        !(pb_class_find(PB_KIND_BLOCK, format)->flags & PB_BACKEND_FORMAT)) {
        const char *package = pb_class_package(PB_KIND_BLOCK, format);
        drive_error(d, "Unknown driver '%s'", format);
        if (package)
            pb_err_hint(e, "package %s provides it, not installed", package);
        return NULL;
    }
    if (probed && !strcmp(format, "raw"))
        raw_warning(d->file);
    struct pb_args *file = driver("file");
    g_autofree char *file_id = auto_name(), *format_id = auto_name();
    pb_args_add(file, "filename", d->file);
    /* under an overlay, or a driver that only reads, the image itself is never written */
    const struct pb_class *fc = pb_class_find(PB_KIND_BLOCK, format);
    gboolean reads_only = strcmp(format, "raw") && !pb_class_prop(fc, "read-only");
    pb_args_add(file, "read-only", d->snapshot || reads_only ? "on" : ro);
    if (d->aio)
        pb_args_add(file, "aio", d->aio);
    if (d->discard)
        pb_args_add(file, "discard", d->discard);
    if (file_keys(d, file) < 0) {
        pb_args_free(file);
        return NULL;
    }
    if (!node(d, file, file_id))
        return NULL;
    struct pb_args *top = driver(format);
    pb_args_add(top, "file", file_id);
    if (probed && !strcmp(format, "raw"))
        pb_args_add(top, "probed", "on");
    if (pb_class_prop(fc, "read-only"))
        pb_args_add(top, "read-only", d->snapshot ? "on" : ro);
    pb_dev *n = node(d, top, d->snapshot ? format_id : d->id);
    if (!n || !d->snapshot)
        return n;
    struct pb_args *over = driver("overlay");
    pb_args_add(over, "file", format_id);
    return node(d, over, d->id);
}

static const struct pb_plan_drive *drive_kind(struct pb_sys *s, const char *iface)
{
    for (guint i = 0; i < s->plan->drives->len; i++) {
        const struct pb_plan_drive *x = s->plan->drives->pdata[i];
        if (!strcmp(x->iface, iface))
            return x;
    }
    return NULL;
}

gboolean pb_sys_board_links(const struct pb_sys *s, const char *slot)
{
    for (guint i = 0; i < s->plan->devs->len; i++) {
        const struct pb_plan_dev *x = s->plan->devs->pdata[i];
        for (guint k = 0; k < x->sets->len; k++)
            if (!strcmp(g_array_index(x->sets, struct pb_plan_set, k).value, slot))
                return TRUE;
    }
    return FALSE;
}

/* First index of the interface that is free, or the one asked for. */
static int take_index(struct drive *d, gboolean given)
{
    for (;; d->index++) {
        g_autofree char *key = g_strdup_printf("%s:%" PRIu64, d->iface, (uint64_t)d->index);
        if (g_hash_table_add(d->s->drive_units, g_steal_pointer(&key)))
            return PB_OK;
        if (given)
            return drive_error(d, "drive with bus=0, unit=%" PRIu64 " (index=%" PRIu64 ") exists",
                               (uint64_t)d->index, (uint64_t)d->index);
    }
}

static int front_end(struct drive *d, const char *bus)
{
    struct pb_sys *s = d->s;
    const struct pb_plan_drive *kind = drive_kind(s, d->iface);

    if (!strcmp(d->iface, "pflash"))
        return PB_OK; /* the board's flash links to it */
    struct pb_wanted *w = pb_sys_want(s, kind->device, bus ? bus : kind->bus, &d->a->place);
    for (guint i = 0; i < kind->sets->len; i++) {
        const struct pb_plan_set *x = &g_array_index(kind->sets, struct pb_plan_set, i);
        pb_wanted_set(w, x->key, x->value);
    }
    pb_wanted_set(w, "drive", d->id);
    return PB_OK;
}

static int check_interface(struct drive *d, gboolean index_given)
{
    static const char *const all[] = {"none", "ide", "scsi", "sd", "mtd", "floppy", "pflash",
                                      "virtio", "xen", NULL};
    struct pb_sys *s = d->s;

    if (!g_strv_contains(all, d->iface))
        return drive_error(d, "unsupported bus type '%s'", d->iface);
    d->no_iface = !strcmp(d->iface, "none");
    if (d->no_iface)
        return PB_OK;
    if (take_index(d, index_given) < 0)
        return PB_EINVAL;
    g_autofree char *slot = g_strdup_printf("pflash%" PRIu64, (uint64_t)d->index);
    gboolean flash = !strcmp(d->iface, "pflash");
    if (flash ? !pb_sys_board_links(s, slot) : !drive_kind(s, d->iface))
        return drive_error(d, "machine type does not support if=%s,bus=0,unit=%" PRIu64,
                           d->iface, (uint64_t)d->index);
    if (flash) {
        g_free(d->id);
        d->id = g_steal_pointer(&slot);
    }
    return PB_OK;
}

/* file= and format= as block nodes have them, too: file.filename=, driver=, "file:NAME". */
static int spellings(struct drive *d)
{
    static const char *const protocols[] = {"fat", "nbd", "ssh", "http", "https", "ftp", "iscsi",
                                            "json", "null-co", "rbd", "vvfat", NULL};
    const char *below = pb_args_get(d->a, "file.driver"), *name = pb_args_get(d->a, "file");
    const char *flat = pb_args_get(d->a, "file.filename"), *kind = pb_args_get(d->a, "driver");

    d->format = pb_args_get(d->a, "format");
    if (below && strcmp(below, "file") && strcmp(below, "host_device"))
        return drive_error(d, "file.driver=%s: a drive is a file or a block device", below);
    if ((flat && name) || (kind && d->format))
        return drive_error(d, "'%s' and '%s' say the same: give one of them",
                           flat && name ? "file" : "format", flat && name ? "file.filename"
                                                                          : "driver");
    d->file = flat ? flat : name;
    d->format = kind ? kind : d->format;
    const char *colon = name ? strchr(name, ':') : NULL;
    g_autofree char *scheme = colon ? g_strndup(name, (gsize)(colon - name)) : NULL;
    if (scheme && !strcmp(scheme, "file"))
        d->file = colon + 1;
    else if (scheme && g_strv_contains(protocols, scheme) && access(name, F_OK))
        return drive_error(d, "'%s': protocol '%s' is not there yet, a drive is a file or a block "
                              "device", name, scheme);
    return PB_OK;
}

static int read_drive(struct drive *d, const char *dflt)
{
    static const char *const absent[] = {"copy-on-read", "bus", NULL};
    static const char *const later[] = {"cache.direct", "cache.no-flush", "cache.writeback",
                                        "file.locking", NULL}; /* file_keys() */
    static const char *const known[] = {"file",   "format", "if",    "index",    "media",    "id",
                                        "unit", "cache",  "aio", "discard", "snapshot", "readonly",
                                        "read-only", "werror", "rerror", "detect-zeroes",
                                        "driver", "file.driver", "file.filename",
                                        "cache.direct", "cache.no-flush", "cache.writeback",
                                        "file.locking", NULL};
    struct pb_args *a = d->a;
    pb_err *e = d->s->e;
    int r;

    if (spellings(d) < 0)
        return PB_EINVAL;
    d->iface = pb_args_get(a, "if");
    d->media = pb_args_get(a, "media");
    d->cache = pb_args_get(a, "cache");
    d->aio = pb_args_get(a, "aio");
    d->discard = pb_args_get(a, "discard");
    d->id = g_strdup(pb_args_get(a, "id"));
    gboolean index = pb_args_get(a, "index") != NULL, unit = pb_args_get(a, "unit") != NULL;
    if (index && unit)
        return drive_error(d, "'index' and 'unit' say the same: give one of them");
    if ((r = pb_args_bool(a, "snapshot", &d->snapshot, e)) < 0 ||
        (r = pb_args_bool(a, "readonly", &d->readonly, e)) < 0 ||
        (r = pb_args_bool(a, "read-only", &d->readonly, e)) < 0 ||
        (r = pb_args_uint(a, unit ? "unit" : "index", &d->index, e)) < 0)
        return r;
    for (const char *const *x = absent; *x; x++)
        if (pb_args_get(a, *x))
            return drive_error(d, "'%s' is not there yet", *x);
    for (const char *const *x = later; *x; x++)
        (void)pb_args_get(a, *x);
    if ((r = request_policy(d)) < 0 || (r = pb_args_done(a, known, e)) < 0)
        return r;
    if (d->media && strcmp(d->media, "disk") && strcmp(d->media, "cdrom"))
        return drive_error(d, "'%s' invalid media", d->media);
    gboolean cd = d->media && !strcmp(d->media, "cdrom");
    d->readonly |= cd;
    if (!d->iface) {
        const char *kind = cd ? g_hash_table_lookup(d->s->plan->defaults, "cdrom") : NULL;
        if (!kind)
            kind = g_hash_table_lookup(d->s->plan->defaults, "drive");
        d->iface = kind ? kind : dflt;
    }
    if (d->format && !strcmp(d->format, "help")) {
        pb_help_backends(PB_KIND_BLOCK, "Supported formats:", "  ", stdout);
        return PB_DONE;
    }
    gboolean empty = !d->file || !*d->file;
    if (empty && strcmp(d->iface, "none"))
        return drive_error(d, "'file' is missing: an empty drive is for if=none and a device with "
                              "removable media");
    r = check_interface(d, index || unit);
    d->removable = d->no_iface && (cd || empty);
    if (empty)
        d->file = NULL;
    return r;
}

/* A drive that may lose its medium: that one is a node of its own. */
static pb_dev *removable_drive(struct drive *d)
{
    g_autofree char *id = g_steal_pointer(&d->id);
    pb_dev *medium = NULL, *n;

    if (d->file) {
        d->id = auto_name();
        medium = drive_nodes(d);
        g_free(d->id);
        d->id = NULL;
        if (!medium)
            return NULL;
    }
    n = node(d, driver(pb_medium_class()), id);
    if (n)
        pb_block_set_policy(n, &d->policy);
    return n && pb_medium_put(n, medium, d->s->e) == PB_OK ? n : NULL;
}

int pb_sys_change(struct pb_machine *m, pb_dev *slot, const char *file, const char *format,
                  gboolean readonly, pb_err *e)
{
    struct pb_sys s = {.m = m, .e = e};
    struct drive d = {.s = &s, .a = driver("medium"), .file = file, .format = format,
                      .readonly = readonly, .id = auto_name()};
    guint had = m->devs->len;

    d.a->place.option = "change";
    pb_dev *n = drive_nodes(&d);
    int r = n ? pb_medium_put(slot, n, e) : PB_EINVAL;

    while (r < 0 && m->devs->len > had) /* what was made before it failed */
        pb_dev_free(m->devs->pdata[m->devs->len - 1]);
    pb_args_free(d.a);
    g_free(d.id);
    return r;
}

static int one_drive(struct pb_sys *s, struct pb_args *a)
{
    struct drive d = {.s = s, .a = a, .snapshot = pb_cli_flag(s->cli, "snapshot")};
    int r = read_drive(&d, "none");

    if (r == PB_OK && d.no_iface && !d.id)
        d.id = g_strdup_printf("none%u", s->n_drive);
    if (r == PB_OK && !d.id)
        d.id = g_strdup_printf("%s%" PRIu64, d.iface, (uint64_t)d.index);
    pb_dev *n = NULL;
    if (r == PB_OK)
        n = d.removable ? removable_drive(&d) : drive_nodes(&d);
    if (r == PB_OK && !n) {
        pb_err_once(s->e, &a->place);
        r = PB_EINVAL;
    }
    if (n && !d.removable)
        pb_block_set_policy(n, &d.policy);
    if (r == PB_OK && !d.no_iface)
        r = front_end(&d, NULL);
    s->n_drive++;
    g_free(d.id);
    return r;
}

/* The short forms, as -drive. */
static struct pb_args *short_form(const struct pb_given *g, pb_err *e)
{
    static const struct { const char *opt, *more; } forms[] = {
        {"hda", "index=0,media=disk"},  {"hdb", "index=1,media=disk"},
        {"hdc", "index=2,media=disk"},  {"hdd", "index=3,media=disk"},
        {"cdrom", "index=2,media=cdrom"}, {"pflash", "if=pflash"}, {"sd", "if=sd"},
        {"mtdblock", "if=mtd"},         {"fda", "if=floppy,index=0"},
        {"fdb", "if=floppy,index=1"}};

    for (guint i = 0; i < G_N_ELEMENTS(forms); i++) {
        if (strcmp(g->opt->name, forms[i].opt))
            continue;
        struct pb_args *a = pb_args_parse("-drive", forms[i].more, NULL, e);
        g_autofree char *where = g_strdup_printf("-%s %s", g->opt->name, g->arg);
        a->place.option = g_intern_string(where);
        pb_args_add(a, "file", g->arg);
        return a;
    }
    return NULL;
}

/* -M pflashN=NODE: the board's flash N links to that node instead of one of -drive if=pflash. */
static int flashes(struct pb_sys *s)
{
    GHashTableIter it;
    gpointer slot, node;

    g_hash_table_iter_init(&it, s->flashes);
    while (g_hash_table_iter_next(&it, &slot, &node)) {
        const pb_dev *d = pb_dev_find(s->m, node);
        if (!pb_sys_board_links(s, slot)) {
            pb_err_set(s->e, PB_ENOENT, "-M: Property '%s-machine.%s' not found", s->plan->name,
                       (char *)slot);
            pb_err_hint(s->e, "-M %s,help lists what the machine takes", s->plan->name);
        } else if (pb_dev_find(s->m, slot)) {
            pb_err_set(s->e, PB_EBUSY, "-M %s=%s: that flash has an image by -drive or -pflash "
                       "already", (char *)slot, (char *)node);
            pb_err_hint(s->e, "leave one of the two out");
        } else if (!d || d->cls->kind != PB_KIND_BLOCK) {
            pb_err_set(s->e, PB_ENOENT, "-M: Property '%s-machine.%s' can't find value '%s'",
                       s->plan->name, (char *)slot, (char *)node);
            pb_err_hint(s->e, "make the node: -blockdev driver=file,node-name=%s,filename=FILE",
                        (char *)node);
        }
        if (s->e->code)
            return s->e->code;
        g_hash_table_replace(s->m->options, g_strdup(slot), g_strdup(node));
        g_hash_table_add(s->m->used, g_strdup(slot));
    }
    return PB_OK;
}

int pb_sys_block(struct pb_sys *s)
{
    struct pb_given *g;

    for (guint i = 0; (g = pb_cli_nth(s->cli, "blockdev", i)); i++) {
        struct pb_args *a = pb_args_parse("-blockdev", g->arg, "driver", s->e);
        int r = a ? pb_sys_blockdev(s, a) : PB_EINVAL;
        pb_args_free(a);
        if (r < 0)
            return r;
    }
    pb_cli_flag(s->cli, "snapshot");
    for (guint i = 0; i < s->cli->given->len; i++) {
        g = s->cli->given->pdata[i];
        struct pb_args *a = !strcmp(g->opt->name, "drive")
                                ? pb_args_parse("-drive", g->arg, NULL, s->e)
                                : short_form(g, s->e);
        if (s->e->code) {
            pb_args_free(a);
            return s->e->code;
        }
        if (!a)
            continue;
        g->used = TRUE;
        int r = one_drive(s, a);
        pb_args_free(a);
        if (r)
            return r;
    }
    return flashes(s);
}
