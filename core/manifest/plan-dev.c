/* SPDX-License-Identifier: MIT */
/* plan-dev.c - [device NAME] and [boot]: instances, places, properties, links, clocks. */
#include "plan.h"

#include <string.h>

static const char *const device_keys[] = {"type",  "doc",   "count", "when", "reg",
                                          "irq",   "clock", "fdt",   "bus",  "prop.",
                                          "link.", "line.", "reg.",  "fdt.", "secure", "fill",
                                          NULL};
#define MAX_COUNT 1024

struct pb_plan_dev *pb_plan_find(const struct pb_plan *p, const char *id)
{
    for (guint i = 0; i < p->devs->len; i++) {
        struct pb_plan_dev *d = p->devs->pdata[i];
        if (!strcmp(d->id, id))
            return d;
    }
    return NULL;
}

const struct pb_prop *pb_class_prop(const struct pb_class *c, const char *name)
{
    for (uint32_t i = 0; i < c->n_props; i++)
        if (!strcmp(c->props[i].name, name))
            return &c->props[i];
    const struct pb_class *inner = pb_class_carried(c);
    return inner ? pb_class_prop(inner, name) : NULL;
}

const char **pb_class_prop_names(const struct pb_class *c)
{
    const struct pb_class *in = pb_class_carried(c);
    const char **v = g_new0(const char *, c->n_props + (in ? in->n_props : 0) + 1);

    for (uint32_t i = 0; i < c->n_props; i++)
        v[i] = c->props[i].name;
    for (uint32_t i = 0; in && i < in->n_props; i++)
        v[c->n_props + i] = in->props[i].name;
    return v;
}

/* "virtio-bus[1]" is a virtio-bus for one child. */
char *pb_class_bus(const struct pb_class *c, guint i)
{
    if (i >= g_strv_length(c->buses_out))
        return NULL;
    return g_strndup(c->buses_out[i], strcspn(c->buses_out[i], "["));
}

gboolean pb_class_has_bus(const struct pb_class *c, const char *kind)
{
    for (guint i = 0; c->buses_out[i]; i++) {
        g_autofree char *k = pb_class_bus(c, i);
        if (!strcmp(k, kind))
            return TRUE;
    }
    return FALSE;
}

static struct pb_scope scope_of(struct pb_plan *p, const struct pb_plan_dev *d)
{
    struct pb_scope s = p->scope;

    s.counted = d->counted;
    s.n = d->n;
    return s;
}

/* ---- reg ----------------------------------------------------------------------------- */

static void plan_reg(struct pb_plan *p, struct pb_plan_dev *d, const struct pb_ini_key *k,
                     struct pb_faults *f)
{
    struct pb_scope s = scope_of(p, d);
    struct pb_place at = pb_plan_at(k);
    pb_err e = {0};
    g_autofree char *text = pb_value_expand(k->value, &s, &e);
    g_auto(GStrv) w = pb_value_words(text ? text : "");
    guint first = 0, n = g_strv_length(w);

    if (!text) {
        pb_fault_err(f, &at, &e);
        return;
    }
    if (k->key[3] == '.') {
        uint64_t v;
        if (!pb_value_size(k->key + 4, &v) || v > 63 || n > 2) {
            pb_fault_add(f, &k->place, "device '%s': expected 'reg.NUMBER = ADDRESS [SIZE]'",
                         d->g->name);
            return;
        }
        first = (guint)v;
    }
    for (guint i = 0; i < n; i += 2) {
        struct pb_plan_reg r = {.region = first + i / 2, .place = at};
        if (pb_value_expr(w[i], &s, &r.addr, &e) < 0 ||
            (w[i + 1] && pb_value_expr(w[i + 1], &s, &r.len, &e) < 0)) {
            pb_err_prefix(&e, "device '%s': reg: ", d->g->name);
            pb_fault_err(f, &at, &e);
            return;
        }
        if (r.len && r.len - 1 > UINT64_MAX - r.addr) {
            pb_fault_add(f, &at, "device '%s': reg ends beyond the address space", d->g->name);
            return;
        }
        if (r.region >= d->cls->n_regions) {
            pb_fault_add(f, &at, "device '%s': %s has %u regions, this is number %u", d->g->name,
                         d->cls->id, d->cls->n_regions, r.region + 1);
            return;
        }
        g_array_append_val(d->regs, r);
    }
}

/* ---- Properties and links ------------------------------------------------------------ */

static gboolean fits(const struct pb_prop *p, gboolean ok, int64_t v)
{
    return ok && (p->min >= p->max || (v >= p->min && v <= p->max));
}

/* The same rules as the object tree's, without an object. */
int pb_plan_check_value(const struct pb_class *c, const struct pb_prop *p, const char *text,
                        pb_err *e)
{
    const char *minus = *text == '-' ? text + 1 : text;
    uint64_t v = 0;
    gboolean b, ok = TRUE;
    unsigned m[6];

    switch (p->type) {
    case PB_T_BOOL:
        ok = pb_value_bool(text, &b) || /* a number with QEMU */
             (p->qemu_type && g_str_has_prefix(p->qemu_type, "uint") &&
              (!strcmp(text, "0") || !strcmp(text, "1")));
        break;
    case PB_T_INT:
        ok = pb_value_size(minus, &v) && v <= (uint64_t)INT64_MAX;
        ok = fits(p, ok, minus != text ? -(int64_t)v : (int64_t)v);
        break;
    case PB_T_UINT:
    case PB_T_SIZE:
        ok = pb_value_size(text, &v);
        ok = fits(p, ok, (int64_t)MIN(v, (uint64_t)INT64_MAX));
        break;
    case PB_T_FREQ:
        ok = pb_value_freq(text, &v);
        ok = fits(p, ok, (int64_t)MIN(v, (uint64_t)INT64_MAX));
        break;
    case PB_T_ENUM:
        ok = p->choices && pb_value_choice(p->choices, text) >= 0;
        break;
    case PB_T_MAC:
        ok = strlen(text) == 17 && sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x", m, m + 1, m + 2, m + 3,
                                          m + 4, m + 5) == 6;
        break;
    default:
        break;
    }
    if (ok)
        return PB_OK;
    pb_err_set(e, PB_EINVAL, "Property '%s.%s' doesn't take value '%s'", c->id, p->name, text);
    if (p->type == PB_T_ENUM && p->choices) {
        g_autofree char *all = g_strjoinv(", ", (char **)p->choices);
        pb_err_hint(e, "it takes one of %s", all);
    } else if (p->min < p->max) {
        pb_err_hint(e, "it takes %" PRId64 " to %" PRId64, p->min, p->max);
    } else if (p->type == PB_T_MAC) {
        pb_err_hint(e, "it takes six bytes, as 52:54:00:12:34:56");
    } else if (p->type == PB_T_BOOL) {
        pb_err_hint(e, "it takes 'on' or 'off'");
    }
    return PB_EINVAL;
}

/* serial, pflash, nic: by the instance's number when the name has none. */
static char *slot_name(const struct pb_plan_dev *d, const char *text)
{
    size_t n = strlen(text);

    return g_ascii_isdigit(text[n ? n - 1 : 0]) ? g_strdup(text)
                                               : g_strdup_printf("%s%u", text, d->n);
}

static gboolean is_backend(const struct pb_prop *p)
{
    static const char *const ids[] = {PB_IF_BLOCK, PB_IF_NET, PB_IF_CHAR, PB_IF_FS, NULL};

    for (const char *const *c = p->choices; c && *c; c++)
        if (g_strv_contains(ids, *c))
            return TRUE;
    return FALSE;
}

static void check_link(struct pb_plan *p, const struct pb_plan_dev *d, const struct pb_prop *prop,
                       const char *text, const struct pb_place *at, struct pb_faults *f)
{
    if (pb_plan_is_slot(text)) {
        if (!is_backend(prop))
            pb_fault_add(f, at, "device '%s': '%s' is given by the command line, but link '%s' is "
                         "to a device", d->g->name, text, prop->name);
        return;
    }
    const struct pb_plan_dev *to = pb_plan_find(p, text);
    if (!to) {
        g_autofree const char **names = g_new0(const char *, p->devs->len + 1);
        for (guint i = 0; i < p->devs->len; i++)
            names[i] = ((struct pb_plan_dev *)p->devs->pdata[i])->id;
        g_autofree char *hint = pb_did_you_mean(text, names);
        pb_fault_add(f, at, "device '%s': link '%s': there is no device '%s'%s", d->g->name,
                     prop->name, text, *hint ? hint : "; name one that has a [device] group");
        return;
    }
    for (const char *const *c = prop->choices; c && *c; c++)
        if (g_strv_contains((const char *const *)to->cls->provides, *c))
            return;
    if (prop->choices && *prop->choices)
        pb_fault_add(f, at, "device '%s': link '%s' needs %s, which '%s' (%s) does not provide",
                     d->g->name, prop->name, prop->choices[0], text, to->cls->id);
}

static void plan_set(struct pb_plan *p, struct pb_plan_dev *d, const struct pb_ini_key *k,
                     struct pb_faults *f)
{
    gboolean link = k->key[0] == 'l';
    const char *name = k->key + 5;
    const struct pb_prop *prop = pb_class_prop(d->cls, name);
    struct pb_scope s = scope_of(p, d);
    struct pb_place at = pb_plan_at(k);
    pb_err e = {0};

    if (!prop) {
        g_autofree const char **names = pb_class_prop_names(d->cls);
        g_autofree char *hint = pb_did_you_mean(name, names);
        pb_fault_add(f, &k->place, "device '%s': Property '%s.%s' not found%s", d->g->name,
                     d->cls->id, name, hint);
        return;
    }
    if (link != (prop->type == PB_T_LINK)) {
        pb_fault_add(f, &k->place, "device '%s': '%s' is %s: write %s.%s", d->g->name, name,
                     link ? "a value" : "a link", link ? "prop" : "link", name);
        return;
    }
    char *text = pb_value_expand(k->value, &s, &e);
    if (text && link) {
        if (pb_plan_is_slot(text)) {
            char *slot = slot_name(d, text);
            g_free(text);
            text = slot;
        }
        check_link(p, d, prop, text, &at, f);
    } else if (text && pb_plan_check_value(d->cls, prop, text, &e) < 0) {
        pb_err_prefix(&e, "device '%s': ", d->g->name);
        pb_fault_err(f, &at, &e);
    }
    if (!text)
        pb_fault_err(f, &at, &e);
    else
        pb_plan_add_set(d->sets, name, text, &at);
}

/* ---- The rest ------------------------------------------------------------------------ */

static void plan_clock(struct pb_plan *p, struct pb_plan_dev *d, const struct pb_ini_key *k,
                       struct pb_faults *f)
{
    g_autofree char *text = pb_plan_text(p, k, f);
    g_auto(GStrv) w = pb_value_words(text ? text : "");
    guint n = g_strv_length(w);
    uint64_t hz = 0;

    /* [NAME] FREQUENCY for each input in turn */
    for (guint i = 0; i < n; i++) {
        if (pb_value_freq(w[i], &hz) && hz) {
            g_array_append_val(d->clocks, hz);
        } else if (i + 1 >= n || pb_value_freq(w[i], &hz)) {
            struct pb_place at = pb_plan_at(k);
            pb_fault_add(f, &at, "device '%s': expected 'clock = NAME FREQUENCY'", d->g->name);
            return;
        }
    }
}

static void plan_bus(struct pb_plan_dev *d, const struct pb_ini_key *k, struct pb_faults *f)
{
    const char *dot = strrchr(k->value, '.');
    uint64_t v = 0;

    d->bus_place = pb_plan_at(k);
    d->bus = g_strdup(k->value);
    if (dot && pb_value_size(dot + 1, &v) && v < 64) {
        d->bus[dot - k->value] = '\0';
        d->bus_index = (guint)v;
    }
    if (!d->cls->bus)
        pb_fault_add(f, &d->bus_place, "device '%s': %s sits on no bus", d->g->name, d->cls->id);
}

static gboolean fill_down(const struct pb_ini_group *g, const struct pb_ini_key *k,
                          struct pb_faults *f)
{
    if (strcmp(k->value, "up") && strcmp(k->value, "down")) {
        struct pb_place at = pb_plan_at(k);
        pb_fault_add(f, &at, "device '%s': fill takes 'up' or 'down'", g->name);
    }
    return !strcmp(k->value, "down");
}

static void plan_key(struct pb_plan *p, struct pb_plan_dev *d, const struct pb_ini_key *k,
                     struct pb_faults *f)
{
    gboolean b;

    if (!strcmp(k->key, "reg") || !strncmp(k->key, "reg.", 4))
        plan_reg(p, d, k, f);
    else if (!strncmp(k->key, "prop.", 5) || !strncmp(k->key, "link.", 5))
        plan_set(p, d, k, f);
    else if (!strcmp(k->key, "clock"))
        plan_clock(p, d, k, f);
    else if (!strcmp(k->key, "bus"))
        plan_bus(d, k, f);
    else if (!strcmp(k->key, "secure"))
        d->secure = pb_plan_secure(d->g, k, f);
    else if (!strcmp(k->key, "fill"))
        d->fill_down = fill_down(d->g, k, f);
    else if (!strcmp(k->key, "fdt")) {
        struct pb_place at = pb_plan_at(k);
        if (!pb_value_bool(k->value, &b))
            pb_fault_add(f, &at, "device '%s': fdt takes 'yes' or 'no'", d->g->name);
        else
            d->no_fdt = !b;
    } else if (!strncmp(k->key, "fdt.", 4)) {
        char *text = pb_plan_text(p, k, f);
        struct pb_place at = pb_plan_at(k);
        if (text)
            pb_plan_add_set(d->fdt, k->key + 4, text, &at);
    } else if (strcmp(k->key, "irq") && strncmp(k->key, "line.", 5) &&
               !g_strv_contains(device_keys, k->key)) {
        pb_plan_unknown(d->g, k, device_keys, f);
    }
}

static guint group_count(struct pb_plan *p, const struct pb_ini_group *g, gboolean *counted,
                         struct pb_faults *f)
{
    const struct pb_ini_key *k = pb_ini_get(g, "count");
    g_autofree char *text = k ? pb_plan_text(p, k, f) : NULL;
    uint64_t v = 1;

    *counted = k != NULL;
    if (text && (!pb_value_size(text, &v) || v > MAX_COUNT)) {
        struct pb_place at = pb_plan_at(k);
        pb_fault_add(f, &at, "device '%s': count takes a number up to %d, not '%s'", g->name,
                     MAX_COUNT, text);
        v = 1;
    }
    return (guint)v;
}

static void new_devices(struct pb_plan *p, const struct pb_ini_group *g, gboolean boot,
                        struct pb_faults *f)
{
    const struct pb_ini_key *type = pb_ini_get(g, "type");
    struct pb_place at = type ? pb_plan_at(type) : g->place;
    g_autofree char *what = boot ? g_strdup("boot") : g_strdup_printf("device '%s'", g->name);
    const struct pb_class *c = NULL;
    gboolean counted;

    if (!boot && !*g->name) {
        pb_fault_add(f, &g->place, "a device needs a name: [device NAME]");
        return;
    }
    if (!boot && (!strcmp(g->name, "cpu") || pb_plan_is_slot(g->name))) {
        pb_fault_add(f, &g->place, "device '%s': that name has a meaning of its own", g->name);
        return;
    }
    if (!type)
        pb_fault_add(f, &g->place, "%s: 'type =' is missing", what);
    else
        c = pb_plan_class(PB_KIND_DEVICE, type->value, &at, what, f);
    guint count = group_count(p, g, &counted, f);
    if (!c)
        return;
    for (guint i = 0; i < count; i++) {
        struct pb_plan_dev *d = g_new0(struct pb_plan_dev, 1);
        d->g = g;
        d->cls = c;
        d->id = boot ? g_strdup("boot") : counted ? g_strdup_printf("%s%u", g->name, i)
                                                  : g_strdup(g->name);
        d->n = i;
        d->count = count;
        d->counted = counted;
        d->regs = g_array_new(FALSE, FALSE, sizeof(struct pb_plan_reg));
        d->lines = g_array_new(FALSE, FALSE, sizeof(struct pb_plan_line));
        d->clocks = g_array_new(FALSE, FALSE, sizeof(uint64_t));
        d->sets = pb_plan_sets();
        d->fdt = pb_plan_sets();
        if (pb_plan_find(p, d->id))
            pb_fault_add(f, &g->place, "device '%s': the name '%s' is taken", g->name, d->id);
        g_ptr_array_add(p->devs, d);
        if (boot)
            p->boot = d;
    }
}

static void check_complete(struct pb_plan_dev *d, struct pb_faults *f)
{
    for (uint32_t i = 0; i < d->cls->n_props; i++) {
        const struct pb_prop *prop = &d->cls->props[i];
        gboolean set = !(prop->flags & PB_P_REQUIRED);
        for (guint s = 0; !set && s < d->sets->len; s++)
            set = !strcmp(g_array_index(d->sets, struct pb_plan_set, s).key, prop->name);
        if (!set)
            pb_fault_add(f, &d->g->place, "device '%s': %s.%s is missing (%s)", d->g->name,
                         prop->type == PB_T_LINK ? "link" : "prop", prop->name,
                         prop->doc ? prop->doc : "required");
    }
    if (d->cls->bus && !d->bus)
        pb_fault_add(f, &d->g->place, "device '%s': 'bus =' is missing: %s sits on a %s",
                     d->g->name, d->cls->id, d->cls->bus);
}

static void check_bus(struct pb_plan *p, struct pb_plan_dev *d, struct pb_faults *f)
{
    const struct pb_plan_dev *on = d->bus ? pb_plan_find(p, d->bus) : NULL;
    g_autofree char *kind = on ? pb_class_bus(on->cls, d->bus_index) : NULL;

    if (!d->bus || !d->cls->bus)
        return;
    if (!on)
        pb_fault_add(f, &d->bus_place, "device '%s': there is no device '%s' with a bus",
                     d->g->name, d->bus);
    else if (!kind)
        pb_fault_add(f, &d->bus_place, "device '%s': '%s' has %u buses", d->g->name, d->bus,
                     g_strv_length(on->cls->buses_out));
    else if (strcmp(kind, d->cls->bus))
        pb_fault_add(f, &d->bus_place, "device '%s': %s needs a %s, bus %u of '%s' is a %s",
                     d->g->name, d->cls->id, d->cls->bus, d->bus_index, d->bus, kind);
}

void pb_plan_devices(struct pb_plan *p, struct pb_faults *f)
{
    const struct pb_ini_group *boot = pb_ini_group(p->ini, "boot", "");

    for (guint i = 0; i < p->ini->groups->len; i++) {
        const struct pb_ini_group *g = p->ini->groups->pdata[i];
        if (!strcmp(g->kind, "device") && pb_plan_when(p, g, f))
            new_devices(p, g, FALSE, f);
    }
    if (boot)
        new_devices(p, boot, TRUE, f);
    for (guint i = 0; i < p->devs->len; i++) {
        struct pb_plan_dev *d = p->devs->pdata[i];
        guint before = f->v->len;
        for (guint k = 0; k < d->g->keys->len; k++)
            plan_key(p, d, d->g->keys->pdata[k], f);
        check_complete(d, f);
        check_bus(p, d, f);
        pb_plan_lines(p, d, f);
        if (f->v->len > before) /* the other instances have the same faults */
            while (i + 1 < p->devs->len &&
                   ((struct pb_plan_dev *)p->devs->pdata[i + 1])->g == d->g)
                i++;
    }
}
