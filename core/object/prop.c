/* SPDX-License-Identifier: MIT */
/* prop.c - properties: from the user's text to checked values, and pb.prop/1. */
#include "../backend/backend.h"
#include "../cpu/cpu.h"
#include "../manifest/value.h"
#include "object.h"
#include "parse.h"

#include <inttypes.h>
#include <string.h>

const struct pb_prop *pb_dev_props(const pb_dev *d, uint32_t *n)
{
    const void *t = d->cls->table;

    if (!t) {
        *n = d->cls->n_props;
        return d->cls->props;
    }
    switch (d->cls->kind) {
    case PB_KIND_DEVICE:
        *n = ((const struct pb_device_class *)t)->n_props;
        return ((const struct pb_device_class *)t)->props;
    case PB_KIND_CPU:
        *n = ((const struct pb_cpu_class *)t)->n_props;
        return ((const struct pb_cpu_class *)t)->props;
    default:
        *n = ((const struct pb_backend_class *)t)->n_props;
        return ((const struct pb_backend_class *)t)->props;
    }
}

static int find_prop(const pb_dev *d, const char *key)
{
    uint32_t n;
    const struct pb_prop *p = pb_dev_props(d, &n);

    for (uint32_t i = 0; i < n; i++)
        if (!strcmp(p[i].name, key))
            return (int)i;
    return -1;
}

/* "file.locking" when "file" is an open property. */
static gboolean is_open_key(const pb_dev *d, const char *key)
{
    uint32_t n;
    const struct pb_prop *p = pb_dev_props(d, &n);
    const char *dot = strchr(key, '.');

    for (uint32_t i = 0; dot && i < n; i++)
        if ((p[i].flags & PB_P_OPEN) && strlen(p[i].name) == (size_t)(dot - key) &&
            !strncmp(p[i].name, key, (size_t)(dot - key)))
            return TRUE;
    return FALSE;
}

gboolean pb_dev_has_prop(const pb_dev *d, const char *key)
{
    return find_prop(d, key) >= 0 || is_open_key(d, key) ||
           (d->inner && pb_dev_has_prop(d->inner, key));
}

static int not_found(pb_dev *d, const char *key, const struct pb_place *where, pb_err *e)
{
    uint32_t n;
    const struct pb_prop *p = pb_dev_props(d, &n), *in = NULL;
    uint32_t k = 0;

    if (d->inner)
        in = pb_dev_props(d->inner, &k);
    g_autofree const char **names = g_new0(const char *, n + k + 1);
    for (uint32_t i = 0; i < n; i++)
        names[i] = p[i].name;
    for (uint32_t i = 0; i < k; i++)
        names[n + i] = in[i].name;
    pb_err_set(e, PB_EINVAL, "Property '%s.%s' not found", d->cls->id, key);
    const char *near = pb_nearest(key, names);
    if (near)
        pb_err_hint(e, "did you mean '%s'?", near);
    else if (d->cls->kind == PB_KIND_DEVICE)
        pb_err_hint(e, "'-device %s,help' lists its properties", d->cls->id);
    pb_err_at(e, where);
    return PB_EINVAL;
}

static int bad_value(pb_dev *d, const struct pb_prop *p, const char *value, const char *why,
                     pb_err *e)
{
    pb_err_set(e, PB_EINVAL, "Property '%s.%s' doesn't take value '%s'%s%s%s", d->cls->id,
               p->name, value, *why ? " (" : "", why, *why ? ")" : "");
    if (p->type == PB_T_ENUM && p->choices) {
        g_autofree char *all = g_strjoinv(", ", (char **)p->choices);
        pb_err_hint(e, "it takes: %s", all);
    } else if (p->type == PB_T_BOOL) {
        pb_err_hint(e, "it takes 'on' or 'off'");
    } else if (p->type == PB_T_MAC) {
        pb_err_hint(e, "it takes six bytes, as 52:54:00:12:34:56");
    } else if (p->min < p->max) {
        pb_err_hint(e, "it takes %" PRId64 " to %" PRId64, p->min, p->max);
    } else {
        pb_err_hint(e, "it takes a number%s%s", p->unit ? ", in " : "", p->unit ? p->unit : "");
    }
    return PB_EINVAL;
}

/* Parse `value` for property `p` into *num; text and links are taken as they are. */
static int parse(pb_dev *d, const struct pb_prop *p, const char *value, int64_t *num, pb_err *e)
{
    g_autofree char *why = NULL;
    gboolean ok;

    switch (p->type) {
    case PB_T_STR:
    case PB_T_LINK:
        return 0;
    case PB_T_BOOL:
        ok = pb_parse_bool(value, num) || (p->qemu_type && g_str_has_prefix(p->qemu_type, "uint") &&
                                           pb_parse_uint(value, (uint64_t *)num) && *num >> 1 == 0);
        break;
    case PB_T_INT:
        ok = pb_parse_int(value, num);
        break;
    case PB_T_UINT:
        ok = pb_parse_uint(value, (uint64_t *)num);
        break;
    case PB_T_SIZE:
        ok = pb_parse_size(value, (uint64_t *)num);
        break;
    case PB_T_FREQ:
        ok = pb_parse_freq(value, (uint64_t *)num);
        break;
    case PB_T_MAC:
        ok = pb_parse_mac(value, (uint64_t *)num);
        break;
    case PB_T_ENUM:
        *num = p->choices ? pb_value_choice(p->choices, value) : -1;
        ok = *num >= 0;
        break;
    default:
        ok = FALSE;
    }
    if (ok && p->min < p->max && p->type != PB_T_ENUM && p->type != PB_T_BOOL) {
        gboolean is_unsigned = p->type != PB_T_INT && p->min >= 0;
        if (is_unsigned ? (uint64_t)*num < (uint64_t)p->min || (uint64_t)*num > (uint64_t)p->max
                        : *num < p->min || *num > p->max) {
            why = g_strdup_printf("minimum: %" G_GINT64_FORMAT ", maximum: %" G_GINT64_FORMAT,
                                  p->min, p->max);
            ok = FALSE;
        }
    }
    return ok ? 0 : bad_value(d, p, value, why ? why : "", e);
}

int pb_props_init(pb_dev *d, pb_err *e)
{
    uint32_t n;
    const struct pb_prop *p = pb_dev_props(d, &n);

    d->vals = g_new0(struct pb_propval, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        int rc = p[i].def ? parse(d, &p[i], p[i].def, &d->vals[i].num, e) : 0;
        if (rc < 0) {
            pb_err_prefix(e, "default of its own class: ");
            return rc;
        }
        d->vals[i].text = g_strdup(p[i].def);
    }
    return 0;
}

void pb_props_free(pb_dev *d)
{
    uint32_t n;

    if (!d->vals)
        return;
    pb_dev_props(d, &n);
    for (uint32_t i = 0; i < n; i++)
        g_free(d->vals[i].text);
    g_free(d->vals);
    d->vals = NULL;
}

static void remember(pb_dev *d, const char *key, const char *value,
                     const struct pb_place *where)
{
    struct pb_pair pair = {g_strdup(key), g_strdup(value), {0}};

    if (where)
        pair.place = *where;
    g_array_append_val(d->pairs, pair);
}

/* A live device: only what its class can change, and it may refuse. */
static int change(pb_dev *d, uint32_t i, const char *value, int64_t num, pb_err *e)
{
    const struct pb_device_class *c = d->cls->table;
    uint32_t n;
    const struct pb_prop *p = &pb_dev_props(d, &n)[i];
    struct pb_propval *v = &d->vals[i], old = *v;

    if (d->cls->kind != PB_KIND_DEVICE || !(p->flags & PB_P_RUNTIME) || p->type == PB_T_LINK ||
        !PB_HAS(struct pb_device_class, c, prop_changed))
        return pb_err_set(e, PB_EBUSY, "Property '%s.%s' cannot be changed after the device is "
                          "made", d->cls->id, p->name);
    v->num = num;
    v->text = g_strdup(value);
    v->set = TRUE;
    int rc = c->prop_changed(d->self, i, e);
    if (rc < 0) {
        g_free(v->text);
        *v = old;
        return pb_err_set(e, rc, "'%s' refuses %s=%s", d->name, p->name, value);
    }
    g_free(old.text);
    return 0;
}

int pb_dev_set(pb_dev *d, const char *key, const char *value, const struct pb_place *where,
               pb_err *e)
{
    int i = find_prop(d, key);
    int64_t num = 0;
    uint32_t n;

    if (i < 0 && d->inner && pb_dev_has_prop(d->inner, key))
        return pb_dev_set(d->inner, key, value, where, e);
    if (i < 0 && !is_open_key(d, key))
        return not_found(d, key, where, e);
    if (i >= 0) {
        int rc = parse(d, &pb_dev_props(d, &n)[i], value, &num, e);
        if (rc == 0 && d->realized)
            rc = change(d, (uint32_t)i, value, num, e);
        if (rc < 0) {
            pb_err_at(e, where);
            return rc;
        }
        struct pb_propval *v = &d->vals[i];
        if (!d->realized) {
            g_free(v->text);
            v->text = g_strdup(value);
            v->num = num;
            v->set = TRUE;
        }
    }
    remember(d, key, value, where);
    return 0;
}

char *pb_dev_get_text(pb_dev *d, const char *key)
{
    int i = find_prop(d, key);
    uint32_t n;

    if (i < 0)
        return d->inner ? pb_dev_get_text(d->inner, key) : NULL;
    const struct pb_prop *p = &pb_dev_props(d, &n)[i];
    const struct pb_propval *v = &d->vals[i];
    switch (p->type) {
    case PB_T_BOOL:
        return g_strdup(v->num ? "on" : "off");
    case PB_T_INT:
        return g_strdup_printf("%" G_GINT64_FORMAT, v->num);
    case PB_T_UINT:
    case PB_T_SIZE:
    case PB_T_FREQ:
        return g_strdup_printf("%" G_GUINT64_FORMAT, (uint64_t)v->num);
    default:
        return g_strdup(v->text ? v->text : "");
    }
}

/* ---- Links ------------------------------------------------------------------------------ */

static gboolean is_backend(const pb_dev *d)
{
    return d->cls->kind >= PB_KIND_BLOCK;
}

static const char *const backend_if[PB_KINDS] = {
    [PB_KIND_BLOCK] = PB_IF_BLOCK, [PB_KIND_NET] = PB_IF_NET,
    [PB_KIND_CHAR] = PB_IF_CHAR, [PB_KIND_FS] = PB_IF_FS,
};

/* Does the target offer one of the interfaces that the property asks for? */
static gboolean suits(const struct pb_prop *p, pb_dev *to)
{
    void *self;

    if (!p->choices || !p->choices[0])
        return TRUE;
    for (const char *const *c = p->choices; *c; c++)
        if (is_backend(to) ? !strcmp(*c, backend_if[to->cls->kind])
                           : pb_dev_interface(to, *c, &self) != NULL)
            return TRUE;
    return FALSE;
}

static const struct pb_place *place_of(const pb_dev *d, const char *key)
{
    for (guint i = d->pairs->len; i-- > 0;) {
        const struct pb_pair *p = &g_array_index(d->pairs, struct pb_pair, i);
        if (!strcmp(p->key, key) && (p->place.file || p->place.option))
            return &p->place;
    }
    return d->place.file || d->place.option ? &d->place : NULL;
}

static int resolve(pb_dev *d, const struct pb_prop *p, struct pb_propval *v, pb_err *e)
{
    pb_dev *to = pb_dev_find(d->m, v->text);

    if (!to || !suits(p, to)) {
        pb_err_set(e, PB_ENOENT, "Property '%s.%s' can't find value '%s'", d->cls->id, p->name,
                   v->text);
        if (to)
            pb_err_hint(e, "'%s' is a %s, which does not offer what this property needs",
                        v->text, to->cls->id);
        return PB_ENOENT;
    }
    v->target = to;
    if (!is_backend(to))
        return 0;
    v->end = pb_backend_attach(d, to, e);
    if (v->end)
        return 0;
    int rc = e && e->code ? e->code : PB_EBUSY;
    pb_err_set(e, rc, "Property '%s.%s' can't take value '%s', it's in use", d->cls->id,
               p->name, v->text);
    return rc;
}

static int required(const pb_dev *d, const struct pb_prop *p, pb_err *e)
{
    pb_err_set(e, PB_EINVAL, "Property '%s.%s' is required and not set", d->cls->id, p->name);
    pb_err_hint(e, "add %s=…: %s", p->name, p->doc ? p->doc : "the class does not say what");
    return PB_EINVAL;
}

int pb_props_resolve(pb_dev *d, pb_err *e)
{
    uint32_t n;
    const struct pb_prop *p = pb_dev_props(d, &n);

    for (uint32_t i = 0; i < n; i++) {
        struct pb_propval *v = &d->vals[i];
        int rc = 0;
        if ((p[i].flags & PB_P_REQUIRED) && (!v->text || !*v->text))
            rc = required(d, &p[i], e);
        else if (p[i].type == PB_T_LINK && v->text && *v->text)
            rc = resolve(d, &p[i], v, e);
        if (rc < 0) {
            pb_err_at(e, place_of(d, p[i].name));
            return rc;
        }
    }
    return 0;
}

void pb_props_release(pb_dev *d)
{
    uint32_t n;

    if (!d->vals)
        return;
    pb_dev_props(d, &n);
    for (uint32_t i = 0; i < n; i++) {
        struct pb_propval *v = &d->vals[i];
        if (v->end)
            pb_backend_detach(v->target, v->end);
        v->end = NULL;
        v->target = NULL;
    }
}

/* ---- pb.prop/1 --------------------------------------------------------------------------- */

static struct pb_propval *val(pb_dev *d, uint32_t i)
{
    uint32_t n;

    pb_dev_props(d, &n);
    g_return_val_if_fail(i < n, &d->vals[n]); /* the spare one: unset */
    return &d->vals[i];
}

static int64_t prop_get_int(pb_dev *d, uint32_t i)
{
    return val(d, i)->num;
}

static const char *prop_get_str(pb_dev *d, uint32_t i)
{
    return val(d, i)->text;
}

static uint32_t prop_is_set(pb_dev *d, uint32_t i)
{
    return (uint32_t)val(d, i)->set;
}

static const void *prop_get_link(pb_dev *d, uint32_t i, const char *iface, void **self)
{
    pb_dev *to = val(d, i)->target;

    return to ? pb_dev_interface(to, iface, self) : NULL;
}

static void *end_of(pb_dev *d, uint32_t i, enum pb_kind kind)
{
    struct pb_propval *v = val(d, i);

    return v->target && v->target->cls->kind == kind ? v->end : NULL;
}

static pb_block *prop_get_block(pb_dev *d, uint32_t i)
{
    return end_of(d, i, PB_KIND_BLOCK);
}

static pb_net *prop_get_net(pb_dev *d, uint32_t i)
{
    return end_of(d, i, PB_KIND_NET);
}

static pb_char *prop_get_char(pb_dev *d, uint32_t i)
{
    return end_of(d, i, PB_KIND_CHAR);
}

static pb_fs *prop_get_fs(pb_dev *d, uint32_t i)
{
    return end_of(d, i, PB_KIND_FS);
}

static uint32_t prop_pair(pb_dev *d, uint32_t n, const char **key, const char **value)
{
    if (n >= d->pairs->len)
        return 0;
    const struct pb_pair *p = &g_array_index(d->pairs, struct pb_pair, n);
    *key = p->key;
    *value = p->value;
    return 1;
}

static int prop_settle(pb_dev *d, uint32_t i, const char *value)
{
    struct pb_propval *v = val(d, i);
    uint32_t n;
    const struct pb_prop *p = pb_dev_props(d, &n);

    if (i >= n || (p[i].type != PB_T_STR && p[i].type != PB_T_INT))
        return PB_EINVAL;
    if (v->text)
        return PB_EBUSY;
    v->text = g_strdup(value);
    if (p[i].type == PB_T_INT)
        v->num = g_ascii_strtoll(value, NULL, 10);
    return PB_OK;
}

const struct pb_svc_prop pb_prop_service = {
    .size = sizeof(struct pb_svc_prop),
    .get_int = prop_get_int,
    .get_str = prop_get_str,
    .is_set = prop_is_set,
    .get_link = prop_get_link,
    .get_block = prop_get_block,
    .get_net = prop_get_net,
    .get_char = prop_get_char,
    .get_fs = prop_get_fs,
    .pair = prop_pair,
    .settle = prop_settle,
};
