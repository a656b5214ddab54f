/* SPDX-License-Identifier: MIT */
/* plan.c - the groups of a manifest that are not devices: [machine], [cpu], [memory],
 * [option], [defaults], [drive], [fdt], [compat]. Every fault is recorded, none stops the
 * pass. Grammar: machines/doc/manifest.md.
 */
#include "plan.h"

#include <string.h>

static const char *const group_kinds[] = {"machine",  "cpu",    "memory", "device", "drive",
                                          "defaults", "option", "boot",   "fdt",    "compat",
                                          NULL};
static const char *const default_keys[] = {"drive", "cdrom", "nic", "serial", "display", "floppy",
                                           "share", NULL};

GArray *pb_plan_sets(void)
{
    return g_array_new(FALSE, FALSE, sizeof(struct pb_plan_set));
}

void pb_plan_add_set(GArray *v, const char *key, char *value, const struct pb_place *at)
{
    struct pb_plan_set s = {.key = g_strdup(key), .value = value, .place = *at};

    g_array_append_val(v, s);
}

static void free_sets(GArray *v)
{
    for (guint i = 0; v && i < v->len; i++) {
        g_free(g_array_index(v, struct pb_plan_set, i).key);
        g_free(g_array_index(v, struct pb_plan_set, i).value);
    }
    if (v)
        g_array_unref(v);
}

struct pb_place pb_plan_at(const struct pb_ini_key *k)
{
    struct pb_place at = k->place;

    at.col = k->vcol;
    return at;
}

/* The value with '$' replaced, or NULL and a fault. g_free. */
char *pb_plan_text(struct pb_plan *p, const struct pb_ini_key *k, struct pb_faults *f)
{
    pb_err e = {0};
    struct pb_place at = pb_plan_at(k);
    char *text = pb_value_expand(k->value, &p->scope, &e);

    if (!text)
        pb_fault_err(f, &at, &e);
    return text;
}

/* Fault: no such key; keys that begin "x-" are nobody's business. */
void pb_plan_unknown(const struct pb_ini_group *g, const struct pb_ini_key *k,
                     const char *const *known, struct pb_faults *f)
{
    if (!strncmp(k->key, "x-", 2))
        return;
    g_autofree char *hint = pb_did_you_mean(k->key, known);
    pb_fault_add(f, &k->place, "%s%s%s%s: unknown key '%s'%s", g->kind, *g->name ? " '" : "",
                 g->name, *g->name ? "'" : "", k->key, hint);
}

static void only_keys(const struct pb_ini_group *g, const char *const *known, struct pb_faults *f)
{
    for (guint i = 0; i < g->keys->len; i++) {
        const struct pb_ini_key *k = g->keys->pdata[i];
        if (!g_strv_contains(known, k->key))
            pb_plan_unknown(g, k, known, f);
    }
}

static gboolean get_size(struct pb_plan *p, const struct pb_ini_group *g, const char *key,
                         uint64_t *v, struct pb_faults *f)
{
    const struct pb_ini_key *k = pb_ini_get(g, key);
    g_autofree char *text = k ? pb_plan_text(p, k, f) : NULL;

    if (!text)
        return FALSE;
    if (pb_value_size(text, v))
        return TRUE;
    struct pb_place at = pb_plan_at(k);
    pb_fault_add(f, &at, "%s takes a size such as 0x1000 or 128M, not '%s'", key, text);
    return FALSE;
}

/* ---- [option NAME] ------------------------------------------------------------------- */

static void no_choice(const struct pb_ini_group *g, char **choices, const char *value,
                      const struct pb_place *at, struct pb_faults *f)
{
    gboolean single = choices[0] && !choices[1];
    const char *doc = single ? pb_ini_value(g, "doc") : NULL;
    g_autofree char *all = g_strjoinv(" ", choices);

    pb_fault_add(f, at, "option '%s' takes %s %s, not '%s'%s%s", g->name,
                 single ? "only" : "one of", all, value, doc ? "; " : "", doc ? doc : "");
}

static void plan_option(struct pb_plan *p, const struct pb_ini_group *g, struct pb_faults *f)
{
    static const char *const known[] = {"choices", "default", "doc", NULL};
    const struct pb_ini_key *def = pb_ini_get(g, "default"), *ch = pb_ini_get(g, "choices");
    const char *given = p->conf->options ? g_hash_table_lookup(p->conf->options, g->name) : NULL;
    struct pb_place here = given ? (struct pb_place){.option = "-M"} : g->place;

    only_keys(g, known, f);
    if (!*g->name) {
        pb_fault_add(f, &g->place, "an option needs a name: [option NAME]");
        return;
    }
    g_auto(GStrv) choices = pb_value_words(ch ? ch->value : "");
    gboolean single = choices[0] && !choices[1]; /* what the board is anyhow */
    const char *value = given ? given : def ? def->value : single ? choices[0] : "";
    int chosen = pb_value_choice((const char *const *)choices, value);
    gboolean b;
    if (ch && chosen < 0) {
        if (!given && def)
            here = pb_plan_at(def);
        no_choice(g, choices, value, &here, f);
    } else if (ch) {
        value = choices[chosen];
    } else if (def && pb_value_bool(def->value, &b)) {
        if (!pb_value_bool(value, &b))
            pb_fault_add(f, &here, "Parameter '%s' expects 'on' or 'off'", g->name);
        value = b ? "on" : "off";
    }
    if (single)
        g_hash_table_add(p->used, g_strdup(g->name));
    g_hash_table_replace(p->options, g_strdup(g->name), g_strdup(value));
    g_hash_table_replace(p->scope.vars, g_strdup(g->name), g_strdup(value));
}

static void options_known(struct pb_plan *p, struct pb_faults *f)
{
    GHashTableIter it;
    gpointer name;

    if (!p->conf->options)
        return;
    g_hash_table_iter_init(&it, p->conf->options);
    while (g_hash_table_iter_next(&it, &name, NULL)) {
        if (g_hash_table_contains(p->options, name))
            continue;
        g_autofree const char **names =
            (const char **)(void *)g_hash_table_get_keys_as_array(p->options, NULL);
        g_autofree char *near = pb_did_you_mean(name, names);
        struct pb_place at = {.option = "-M"};
        pb_fault_add(f, &at, "Property '%s-machine.%s' not found%s%s%s%s", p->name, (char *)name,
                     near, *near ? "" : "; -M ", *near ? "" : p->name,
                     *near ? "" : ",help lists what there is");
    }
}

/* ---- [machine], [cpu] ---------------------------------------------------------------- */

static void plan_ram(struct pb_plan *p, const struct pb_ini_group *g, struct pb_faults *f)
{
    uint64_t fixed = 0, least = 0, most = UINT64_MAX, top = UINT64_MAX;
    uint64_t want = p->conf->ram;
    g_autofree char *size = NULL;

    p->ram_size = 128u << 20;
    get_size(p, g, "ram.base", &p->ram_base, f);
    get_size(p, g, "ram.default", &p->ram_size, f);
    gboolean is_fixed = get_size(p, g, "ram.fixed", &fixed, f);
    get_size(p, g, "ram.min", &least, f);
    get_size(p, g, "ram.max", &most, f);
    get_size(p, g, "ram.top", &top, f);
    if (is_fixed)
        p->ram_size = fixed;
    struct pb_place at = {.option = "-m"};
    if (want && is_fixed && want != fixed) {
        size = g_format_size_full(fixed, G_FORMAT_SIZE_IEC_UNITS);
        const struct pb_ini_key *k = pb_ini_get(g, "ram.fixed");
        pb_fault_add(f, &at, "Invalid RAM size, should be %s (%s:%d fixes it)", size,
                     k->place.file, k->place.line);
    } else if (want) {
        p->ram_size = want;
    }
    if (p->ram_size < least || p->ram_size > most) {
        size = g_format_size_full(p->ram_size < least ? least : most, G_FORMAT_SIZE_IEC_UNITS);
        pb_fault_add(f, &at, "Invalid RAM size, machine '%s' takes at %s %s", p->name,
                     p->ram_size < least ? "least" : "most", size);
    }
    const struct pb_ini_key *base = pb_ini_get(g, "ram.base");
    if (base && !want)
        p->ram_place = pb_plan_at(base);
    if (p->ram_size > UINT64_MAX - p->ram_base)
        pb_fault_add(f, &p->ram_place, "main memory at 0x%" PRIx64
                     " does not fit the address space",
                     p->ram_base);
    else if (top > p->ram_base && p->ram_size > top - p->ram_base)
        p->ram_size = top - p->ram_base; /* the rest is there, but nobody can reach it */
}

/* pack = NAME: a file beside the plugins, so no path. */
static void plan_pack(struct pb_plan *p, const struct pb_ini_group *g, struct pb_faults *f)
{
    const struct pb_ini_key *k = pb_ini_get(g, "pack");
    const char *v = k ? k->value : "";

    while (g_ascii_isalnum(*v) || *v == '-' || *v == '_')
        v++;
    if (k && (*v || !*k->value)) {
        struct pb_place at = pb_plan_at(k);
        pb_fault_add(f, &at, "pack takes a name of letters, digits, '-' and '_', not '%s'",
                     k->value);
    } else if (k) {
        p->pack = g_strdup(k->value);
    }
}

static void plan_machine(struct pb_plan *p, struct pb_faults *f)
{
    static const char *const known[] = {"format",   "title",       "doc",     "arch",
                                        "aliases",  "default",     "ram.base", "ram.default",
                                        "ram.fixed", "ram.min",    "ram.max",  "ram.top",
                                        "pack",     NULL};
    const struct pb_ini_group *g = pb_ini_group(p->ini, "machine", "");
    struct pb_place at = {.file = p->ini->file, .line = 1, .col = 1};

    if (!g) {
        pb_fault_add(f, &at, "no [machine] group: this is no machine manifest; name another file");
        return;
    }
    only_keys(g, known, f);
    const struct pb_ini_key *format = pb_ini_get(g, "format"), *arch = pb_ini_get(g, "arch");
    const char *title = pb_ini_value(g, "title");
    p->title = g_strdup(title ? title : "");
    at = format ? pb_plan_at(format) : g->place;
    if (!format || strcmp(format->value, "1"))
        pb_fault_add(f, &at, format ? "format %s is not known; this plugboard reads 1"
                                    : "'format = 1' is missing%s",
                     format ? format->value : "");
    at = arch ? pb_plan_at(arch) : g->place;
    if (!arch)
        pb_fault_add(f, &at, "'arch =' is missing");
    else if (p->conf->arch && strcmp(arch->value, p->conf->arch))
        pb_fault_add(f, &at, "the machine is for %s, this is plugboard-system-%s", arch->value,
                     p->conf->arch);
    if (arch) {
        g_free(p->arch);
        p->arch = g_strdup(arch->value);
    }
    plan_pack(p, g, f);
    plan_ram(p, g, f);
}

static guint get_count(struct pb_plan *p, const struct pb_ini_group *g, const char *key,
                       guint dflt, struct pb_faults *f)
{
    const struct pb_ini_key *k = pb_ini_get(g, key);
    g_autofree char *text = k ? pb_plan_text(p, k, f) : NULL;
    uint64_t v = dflt;

    if (text && (!pb_value_size(text, &v) || v < 1 || v > 4096)) {
        struct pb_place at = pb_plan_at(k);
        pb_fault_add(f, &at, "%s takes a number from 1 to 4096, not '%s'", key, text);
        v = dflt;
    }
    return (guint)v;
}

static void plan_smp(struct pb_plan *p, const struct pb_ini_group *g, struct pb_faults *f)
{
    guint least = get_count(p, g, "min", 1, f), most = get_count(p, g, "max", 1, f);
    const struct pb_ini_key *fixed = pb_ini_get(g, "fixed");
    struct pb_place at = {.option = "-smp"};
    guint want = p->conf->cpus;

    p->cpus = get_count(p, g, "count", least, f);
    if (fixed)
        least = most = p->cpus = get_count(p, g, "fixed", 1, f);
    p->max_cpus = most;
    if (want && want < least)
        pb_fault_add(f, &at, "Invalid SMP CPUs %u. The min CPUs supported by machine '%s' is %u",
                     want, p->name, least);
    else if (want > most)
        pb_fault_add(f, &at, "Invalid SMP CPUs %u. The max CPUs supported by machine '%s' is %u",
                     want, p->name, most);
    else if (want)
        p->cpus = want;
    g_hash_table_replace(p->scope.vars, g_strdup("smp"), g_strdup_printf("%u", p->cpus));
    g_hash_table_replace(p->scope.vars, g_strdup("ram"),
                         g_strdup_printf("%" PRIu64, p->ram_size));
}

/* start = first: the others wait for pb_svc_board.cpu_start(). */
static void plan_start(struct pb_plan *p, const struct pb_ini_group *g, struct pb_faults *f)
{
    const struct pb_ini_key *k = pb_ini_get(g, "start");

    p->start_first = k && !strcmp(k->value, "first");
    if (k && !p->start_first && strcmp(k->value, "all")) {
        struct pb_place at = pb_plan_at(k);
        pb_fault_add(f, &at, "start takes 'all' or 'first', not '%s'", k->value);
    }
}

/* Each CPU's outputs, with n as its number. */
static void plan_cpu_lines(struct pb_plan *p, struct pb_faults *f)
{
    const struct pb_ini_group *g = pb_ini_group(p->ini, "cpu", "");

    for (guint i = 0; g && p->cpu && i < p->cpus; i++) {
        struct pb_plan_dev *d = g_new0(struct pb_plan_dev, 1);
        guint before = f->v->len;
        d->g = g;
        d->cls = p->cpu;
        d->id = g_strdup_printf("cpu%u", i);
        d->n = i;
        d->count = p->cpus;
        d->counted = TRUE;
        d->lines = g_array_new(FALSE, FALSE, sizeof(struct pb_plan_line));
        g_ptr_array_add(p->cpu_devs, d);
        pb_plan_lines(p, d, f);
        if (f->v->len > before)
            break; /* the other CPUs have the same faults */
    }
}

static void plan_cpu(struct pb_plan *p, struct pb_faults *f)
{
    static const char *const known[] = {"type",  "default", "min",   "max",   "count", "fixed",
                                        "start", "doc",     "prop.", "link.", "line.", NULL};
    const struct pb_ini_group *g = pb_ini_group(p->ini, "cpu", "");
    struct pb_place at = {.file = p->ini->file, .line = 1, .col = 1};

    if (!g) {
        pb_fault_add(f, &at, "no [cpu] group: what does the machine compute with?; add [cpu] with "
                     "type = CLASS");
        return;
    }
    plan_smp(p, g, f);
    const struct pb_ini_key *type = pb_ini_get(g, "type"), *model = pb_ini_get(g, "default");
    at = type ? pb_plan_at(type) : g->place;
    p->cpu = pb_plan_class(PB_KIND_CPU, type ? type->value : p->arch, &at, "cpu", f);
    if (model && p->cpu && !g_strv_contains((const char *const *)p->cpu->models, model->value)) {
        g_autofree char *hint = pb_did_you_mean(model->value, (const char *const *)p->cpu->models);
        at = pb_plan_at(model);
        pb_fault_add(f, &at, "unable to find CPU model '%s'%s", model->value, hint);
    }
    p->model = g_strdup(model ? model->value : NULL);
    plan_start(p, g, f);
    for (guint i = 0; i < g->keys->len; i++) {
        const struct pb_ini_key *k = g->keys->pdata[i];
        if (!strncmp(k->key, "line.", 5))
            continue; /* plan_cpu_lines(), when the devices are known */
        gboolean link = !strncmp(k->key, "link.", 5);
        if (!link && strncmp(k->key, "prop.", 5)) {
            if (!g_strv_contains(known, k->key))
                pb_plan_unknown(g, k, known, f);
            continue;
        }
        char *text = pb_plan_text(p, k, f);
        at = pb_plan_at(k);
        if (text)
            pb_plan_add_set(p->cpu_sets, k->key + 5, text, &at);
    }
}

/* The value of a key `secure`, if there is one. */
gboolean pb_plan_secure(const struct pb_ini_group *g, const struct pb_ini_key *k,
                        struct pb_faults *f)
{
    gboolean b = FALSE;

    if (k && !pb_value_bool(k->value, &b)) {
        struct pb_place at = pb_plan_at(k);
        pb_fault_add(f, &at, "%s '%s': secure takes 'yes' or 'no'", g->kind, g->name);
    }
    return b;
}

/* ---- [memory], [defaults], [drive], [fdt], [compat] ---------------------------------- */

static void plan_memory(struct pb_plan *p, const struct pb_ini_group *g, struct pb_faults *f)
{
    static const char *const known[] = {"type", "reg", "doc", "when", "secure", NULL};
    const struct pb_ini_key *type = pb_ini_get(g, "type"), *reg = pb_ini_get(g, "reg");
    struct pb_plan_mem m = {.name = g_strdup(g->name), .place = g->place};

    only_keys(g, known, f);
    if (type && (!strcmp(type->value, "rom") || !strcmp(type->value, "ram"))) {
        m.rom = !strcmp(type->value, "rom");
    } else {
        struct pb_place at = type ? pb_plan_at(type) : g->place;
        pb_fault_add(f, &at, "memory '%s': type is 'ram' or 'rom'; anything else is a [device]",
                     g->name);
    }
    m.secure = pb_plan_secure(g, pb_ini_get(g, "secure"), f);
    g_autofree char *text = reg ? pb_plan_text(p, reg, f) : NULL;
    g_auto(GStrv) w = pb_value_words(text ? text : "");
    if (g_strv_length(w) != 2 || !pb_value_size(w[0], &m.addr) || !pb_value_size(w[1], &m.len) ||
        !m.len || m.len - 1 > UINT64_MAX - m.addr) {
        struct pb_place at = reg ? pb_plan_at(reg) : g->place;
        pb_fault_add(f, &at, "memory '%s': expected 'reg = ADDRESS SIZE'", g->name);
        g_free(m.name);
        return;
    }
    g_array_append_val(p->mems, m);
}

static void plan_defaults(struct pb_plan *p, const struct pb_ini_group *g, struct pb_faults *f)
{
    only_keys(g, default_keys, f);
    for (guint i = 0; i < g->keys->len; i++) {
        const struct pb_ini_key *k = g->keys->pdata[i];
        char *text = pb_plan_text(p, k, f);
        if (text)
            g_hash_table_replace(p->defaults, g_strdup(k->key), text);
    }
}

static void plan_drive(struct pb_plan *p, const struct pb_ini_group *g, struct pb_faults *f)
{
    static const char *const known[] = {"device", "bus", "doc", "prop.", NULL};
    static const char *const ifs[] = {"ide", "scsi", "sd",  "mtd", "floppy", "pflash",
                                      "virtio", "xen", NULL};
    struct pb_plan_drive *d = g_new0(struct pb_plan_drive, 1);

    d->iface = g_strdup(g->name);
    d->device = g_strdup(pb_ini_value(g, "device"));
    d->bus = g_strdup(pb_ini_value(g, "bus"));
    d->sets = pb_plan_sets();
    d->place = g->place;
    g_ptr_array_add(p->drives, d);
    if (!g_strv_contains(ifs, g->name)) {
        g_autofree char *hint = pb_did_you_mean(g->name, ifs);
        pb_fault_add(f, &g->place, "drive '%s': no such interface%s", g->name, hint);
    }
    if (!d->device)
        pb_fault_add(f, &g->place, "drive '%s': 'device =' is missing", g->name);
    for (guint i = 0; i < g->keys->len; i++) {
        const struct pb_ini_key *k = g->keys->pdata[i];
        struct pb_place at = pb_plan_at(k);
        char *text = NULL;
        if (!strncmp(k->key, "prop.", 5) && (text = pb_plan_text(p, k, f)))
            pb_plan_add_set(d->sets, k->key + 5, text, &at);
        else if (strncmp(k->key, "prop.", 5) && !g_strv_contains(known, k->key))
            pb_plan_unknown(g, k, known, f);
    }
}

static void plan_fdt(struct pb_plan *p, const struct pb_ini_group *g, struct pb_faults *f)
{
    if (*g->name != '/') {
        pb_fault_add(f, &g->place, "[fdt PATH] takes the full path of a node, '/chosen'");
        return;
    }
    for (guint i = 0; i < g->keys->len; i++) {
        const struct pb_ini_key *k = g->keys->pdata[i];
        char *text = pb_plan_text(p, k, f);
        /* "fdt.#cells": a line that begins with # is a comment */
        const char *name = k->key + (strncmp(k->key, "fdt.", 4) ? 0 : 4);
        g_autofree char *key = g_strdup_printf("%s %s", g->name, name);
        struct pb_place at = pb_plan_at(k);
        if (text)
            pb_plan_add_set(p->fdt, key, text, &at);
    }
}

static void plan_compat(struct pb_plan *p, const struct pb_ini_group *g, struct pb_faults *f)
{
    for (guint i = 0; i < g->keys->len; i++) {
        const struct pb_ini_key *k = g->keys->pdata[i];
        const char *dot = strchr(k->key, '.');
        struct pb_place at = pb_plan_at(k);
        g_autofree char *cls = dot ? g_strndup(k->key, (gsize)(dot - k->key)) : NULL;
        const struct pb_class *c =
            cls ? pb_plan_class(PB_KIND_DEVICE, cls, &k->place, "compat", f) : NULL;
        if (!dot)
            pb_fault_add(f, &k->place, "compat: expected 'CLASS.PROPERTY = VALUE'");
        else if (c && !pb_class_prop(c, dot + 1)) {
            g_autofree const char **names = pb_class_prop_names(c);
            g_autofree char *hint = pb_did_you_mean(dot + 1, names);
            pb_fault_add(f, &k->place, "Property '%s' not found%s", k->key, hint);
        }
        pb_plan_add_set(p->compat, k->key, g_strdup(k->value), &at);
    }
}

gboolean pb_plan_is_slot(const char *name)
{
    static const char *const slots[] = {"serial", "pflash", "nic", NULL};

    for (const char *const *s = slots; *s; s++) {
        size_t n = strlen(*s);
        if (!strncmp(name, *s, n) && strspn(name + n, "0123456789") == strlen(name + n))
            return TRUE;
    }
    return FALSE;
}

const struct pb_class *pb_plan_class(enum pb_kind kind, const char *name,
                                     const struct pb_place *at, const char *what,
                                     struct pb_faults *f)
{
    const struct pb_class *c = pb_class_find(kind, name);

    if (c)
        return c;
    const char *package = pb_class_package(kind, name);
    if (package) {
        pb_fault_add(f, at, "%s: no class '%s'; package %s provides it, not installed", what, name,
                     package);
        return NULL;
    }
    GPtrArray *all = pb_class_list(kind);
    g_autofree const char **names = g_new0(const char *, all->len + 1);
    for (guint i = 0; i < all->len; i++)
        names[i] = ((struct pb_class *)all->pdata[i])->id;
    g_autofree char *hint = pb_did_you_mean(name, names);
    pb_fault_add(f, at, "%s: no class '%s' in any installed plugin%s", what, name, hint);
    return NULL;
}

/* ---- All together -------------------------------------------------------------------- */

static void check_defaults(struct pb_plan *p, struct pb_faults *f)
{
    const struct pb_ini_group *g = pb_ini_group(p->ini, "defaults", "");
    const struct pb_ini_key *serial = pb_ini_get(g, "serial");
    g_auto(GStrv) ports = pb_value_words(serial ? serial->value : "");

    for (char **s = ports; *s; s++)
        if (!pb_plan_find(p, *s)) {
            struct pb_place at = pb_plan_at(serial);
            pb_fault_add(f, &at, "serial: there is no device '%s'", *s);
        }
    static const char *const buses[] = {"drive", "cdrom"};
    for (guint i = 0; i < G_N_ELEMENTS(buses); i++) {
        const struct pb_ini_key *k = pb_ini_get(g, buses[i]);
        gboolean found = !k || !strcmp(k->value, "none");
        for (guint d = 0; !found && d < p->drives->len; d++)
            found = !strcmp(((struct pb_plan_drive *)p->drives->pdata[d])->iface, k->value);
        if (!found) {
            struct pb_place at = pb_plan_at(k);
            pb_fault_add(f, &at, "%s: there is no [drive %s]", buses[i], k->value);
        }
    }
}

static void plan_group(struct pb_plan *p, const struct pb_ini_group *g, struct pb_faults *f)
{
    if (!g_strv_contains(group_kinds, g->kind)) {
        if (!strncmp(g->kind, "x-", 2))
            return;
        g_autofree char *hint = pb_did_you_mean(g->kind, group_kinds);
        pb_fault_add(f, &g->place, "unknown group '%s'%s", g->kind, hint);
    } else if (!strcmp(g->kind, "memory") && pb_plan_when(p, g, f)) {
        plan_memory(p, g, f);
    } else if (!strcmp(g->kind, "defaults")) {
        plan_defaults(p, g, f);
    } else if (!strcmp(g->kind, "drive")) {
        plan_drive(p, g, f);
    } else if (!strcmp(g->kind, "fdt")) {
        plan_fdt(p, g, f);
    } else if (!strcmp(g->kind, "compat")) {
        plan_compat(p, g, f);
    } else if ((!strcmp(g->kind, "machine") || !strcmp(g->kind, "cpu") ||
                !strcmp(g->kind, "boot")) && *g->name) {
        pb_fault_add(f, &g->place, "[%s] takes no name", g->kind);
    }
}

struct pb_plan *pb_plan_make(const struct pb_manifest *m, const struct pb_mconf *conf,
                             struct pb_faults *f)
{
    struct pb_plan *p = g_new0(struct pb_plan, 1);
    GDestroyNotify fr = g_free;

    p->conf = conf;
    p->name = g_strdup(m->id);
    p->arch = g_strdup(conf->arch);
    p->ram_place = (struct pb_place){.option = "-m"};
    p->cpu_sets = pb_plan_sets();
    p->fdt = pb_plan_sets();
    p->compat = pb_plan_sets();
    p->devs = g_ptr_array_new();
    p->cpu_devs = g_ptr_array_new();
    p->drives = g_ptr_array_new();
    p->mems = g_array_new(FALSE, FALSE, sizeof(struct pb_plan_mem));
    p->defaults = g_hash_table_new_full(g_str_hash, g_str_equal, fr, fr);
    p->options = g_hash_table_new_full(g_str_hash, g_str_equal, fr, fr);
    p->used = g_hash_table_new_full(g_str_hash, g_str_equal, fr, NULL);
    p->scope.vars = g_hash_table_new_full(g_str_hash, g_str_equal, fr, fr);
    p->scope.seen = p->used;
    for (guint i = 0; i < m->ini->groups->len; i++) {
        const struct pb_ini_group *g = m->ini->groups->pdata[i];
        if (!strcmp(g->kind, "option"))
            plan_option(p, g, f);
    }
    options_known(p, f);
    p->ini = pb_plan_conditions(p, m->ini, f);
    plan_machine(p, f);
    plan_cpu(p, f);
    for (guint i = 0; i < p->ini->groups->len; i++)
        plan_group(p, p->ini->groups->pdata[i], f);
    pb_plan_devices(p, f);
    plan_cpu_lines(p, f);
    check_defaults(p, f);
    pb_plan_overlaps(p, f);
    return p;
}

static void free_dev(struct pb_plan_dev *d)
{
    for (guint i = 0; i < d->lines->len; i++) {
        g_free(g_array_index(d->lines, struct pb_plan_line, i).out);
        g_free(g_array_index(d->lines, struct pb_plan_line, i).sink);
    }
    g_array_unref(d->lines);
    if (d->regs) {
        g_array_unref(d->regs);
        g_array_unref(d->clocks);
    }
    free_sets(d->sets);
    free_sets(d->fdt);
    g_free(d->id);
    g_free(d->bus);
    g_free(d);
}

void pb_plan_free(struct pb_plan *p)
{
    if (!p)
        return;
    for (guint i = 0; i < p->devs->len; i++)
        free_dev(p->devs->pdata[i]);
    for (guint i = 0; i < p->cpu_devs->len; i++)
        free_dev(p->cpu_devs->pdata[i]);
    for (guint i = 0; i < p->drives->len; i++) {
        struct pb_plan_drive *d = p->drives->pdata[i];
        g_free(d->iface);
        g_free(d->device);
        g_free(d->bus);
        free_sets(d->sets);
        g_free(d);
    }
    for (guint i = 0; i < p->mems->len; i++)
        g_free(g_array_index(p->mems, struct pb_plan_mem, i).name);
    g_ptr_array_unref(p->devs);
    g_ptr_array_unref(p->cpu_devs);
    pb_ini_free(p->ini);
    g_ptr_array_unref(p->drives);
    g_array_unref(p->mems);
    free_sets(p->cpu_sets);
    free_sets(p->fdt);
    free_sets(p->compat);
    g_hash_table_unref(p->defaults);
    g_hash_table_unref(p->options);
    g_hash_table_unref(p->used);
    g_hash_table_unref(p->scope.vars);
    g_free(p->name);
    g_free(p->arch);
    g_free(p->title);
    g_free(p->pack);
    g_free(p->model);
    g_free(p);
}
