/* SPDX-License-Identifier: MIT */
/* prop.c - pb.prop/1: "key=value,key=value" checked against the declared table. */
#include "internal.h"

#include <ctype.h>
#include <errno.h>

const char *pbt__kv(struct pbt_kv *v, uint32_t n, const char *key)
{
    const char *found = NULL;

    for (uint32_t i = 0; i < n; i++) {
        if (strcmp(v[i].key, key) == 0)
            found = v[i].value; /* the last one counts */
    }
    return found;
}

static void kv_add(struct pbt_kv **v, uint32_t *n, const char *key, const char *value)
{
    *v = pbt__grow(*v, *n, sizeof **v);
    (*v)[(*n)++] = (struct pbt_kv){pbt__dup(key), pbt__dup(value)};
}

void pbt__kv_set(struct pbt_kv **v, uint32_t *n, const char *key, const char *value)
{
    for (uint32_t i = 0; i < *n; i++) {
        if (strcmp((*v)[i].key, key) == 0) {
            free((*v)[i].value);
            (*v)[i].value = pbt__dup(value);
            return;
        }
    }
    kv_add(v, n, key, value);
}

void pbt__kv_free(struct pbt_kv *v, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        free(v[i].key);
        free(v[i].value);
    }
    free(v);
}

/* "a=b,c=d,,e": c is "d,e". */
int pbt__parse_props(pb_dev *d, const char *props)
{
    const char *p = props;

    while (p && *p) {
        char key[64], *value = pbt__alloc(strlen(p) + 1);
        size_t k = strcspn(p, "=,"), n = 0;
        if (k >= sizeof key) {
            free(value);
            return pbt__fail(d->b, PB_EINVAL, "property name too long");
        }
        snprintf(key, sizeof key, "%.*s", (int)k, p);
        p += k;
        if (*p == '=') {
            for (p++; *p && !(*p == ',' && p[1] != ','); p++) {
                if (*p == ',')
                    p++;
                value[n++] = *p;
            }
        } else {
            strcpy(value, "on");
        }
        kv_add(&d->kv, &d->n_kv, key, value);
        free(value);
        if (*p == ',')
            p++;
    }
    return PB_OK;
}

static int scaled(const char *s, int64_t k, int64_t *out)
{
    static const char units[] = "KMGT";
    char clean[64], *end;
    size_t n = 0;

    for (; *s && n < sizeof clean - 1; s++) {
        if (*s != '_')
            clean[n++] = *s;
    }
    clean[n] = 0;
    errno = 0;
    uint64_t v = strtoull(clean, &end, 0);
    if (end == clean || errno)
        return -1;
    const char *u = *end && k ? strchr(units, toupper((unsigned char)*end)) : NULL;
    for (const char *q = units; u && q <= u; q++)
        v *= (uint64_t)k;
    if (u)
        end++;
    *out = (int64_t)v;
    return *end ? -1 : 0;
}

static int parse_bool(const char *s, int64_t *out)
{
    static const char *const words[] = {"off", "on", "no", "yes", "false", "true"};

    for (int i = 0; i < 6; i++) {
        if (strcmp(s, words[i]) == 0) {
            *out = i & 1;
            return 0;
        }
    }
    return -1;
}

static int parse_mac(const char *s, int64_t *out)
{
    unsigned m[6];
    int n = 0;

    if (sscanf(s, "%2x:%2x:%2x:%2x:%2x:%2x%n", m, m + 1, m + 2, m + 3, m + 4, m + 5, &n) != 6 ||
        s[n])
        return -1;
    *out = 0;
    for (int i = 0; i < 6; i++)
        *out = *out << 8 | m[i];
    return 0;
}

static int parse_value(const struct pb_prop *p, const char *s, int64_t *out)
{
    switch (p->type) {
    case PB_T_BOOL:
        return parse_bool(s, out);
    case PB_T_INT:
    case PB_T_UINT: {
        int64_t v;
        int neg = p->type == PB_T_INT && *s == '-';
        if (scaled(s + neg, 0, &v))
            return -1;
        *out = neg ? -v : v;
        return 0;
    }
    case PB_T_SIZE:
        return scaled(s, 1024, out);
    case PB_T_FREQ:
        return scaled(s, 1000, out);
    case PB_T_MAC:
        return parse_mac(s, out);
    case PB_T_ENUM:
        for (int i = 0; p->choices && p->choices[i]; i++) {
            if (strcmp(p->choices[i], s) == 0) {
                *out = i;
                return 0;
            }
        }
        return -1;
    default:
        *out = 0;
        return 0;
    }
}

const struct pb_prop *pbt__prop_table(pb_dev *d, uint32_t *n)
{
    *n = d->cls ? d->cls->n_props : d->bcls ? d->bcls->n_props : 0;
    return d->cls ? d->cls->props : d->bcls ? d->bcls->props : NULL;
}

static int check_one(pb_dev *d, const struct pb_prop *p, const char *value)
{
    int64_t v;

    if (parse_value(p, value, &v))
        return pbt__fail(d->b, PB_EINVAL, "property '%s': bad value '%s'", p->name, value);
    if (p->min < p->max && p->type <= PB_T_SIZE + 4 && (v < p->min || v > p->max) &&
        p->type != PB_T_STR && p->type != PB_T_LINK)
        return pbt__fail(d->b, PB_EINVAL, "property '%s': %s is not in %lld to %lld", p->name,
                         value, (long long)p->min, (long long)p->max);
    if (p->type == PB_T_LINK && *value && !pbt_find(d->b, value))
        return pbt__fail(d->b, PB_ENOENT, "property '%s': no node '%s'", p->name, value);
    return PB_OK;
}

int pbt__check_props(pb_dev *d, const struct pb_prop *table, uint32_t n)
{
    for (uint32_t i = 0; i < d->n_kv; i++) {
        const struct pb_prop *p = NULL;
        uint32_t open = 0;
        for (uint32_t k = 0; k < n; k++) {
            open |= table[k].flags & PB_P_OPEN;
            if (strcmp(table[k].name, d->kv[i].key) == 0)
                p = &table[k];
        }
        if (!p && !open)
            return pbt__fail(d->b, PB_ENOENT, "no property '%s'", d->kv[i].key);
        if (p && check_one(d, p, d->kv[i].value) < 0)
            return d->b->err.code;
    }
    for (uint32_t k = 0; k < n; k++) {
        if ((table[k].flags & PB_P_REQUIRED) && !pbt__kv(d->kv, d->n_kv, table[k].name))
            return pbt__fail(d->b, PB_EINVAL, "property '%s' must be given", table[k].name);
        if (table[k].def && check_one(d, &table[k], table[k].def) < 0)
            return d->b->err.code;
    }
    return PB_OK;
}

int pbt_set_prop(pb_dev *d, const char *key, const char *value)
{
    uint32_t n;
    const struct pb_prop *t = pbt__prop_table(d, &n);

    for (uint32_t i = 0; i < n; i++) {
        struct pbt_ctx c;
        if (strcmp(t[i].name, key) != 0)
            continue;
        d->b->err.code = 0;
        d->b->err.text[0] = 0;
        if (check_one(d, &t[i], value) < 0)
            return d->b->err.code;
        if (d->live && !(t[i].flags & PB_P_RUNTIME))
            return pbt__fail(d->b, PB_EBUSY, "property '%s' cannot change while running", key);
        pbt__kv_set(&d->kv, &d->n_kv, key, value);
        if (!d->live || !d->cls || !d->cls->prop_changed)
            return PB_OK;
        pbt__enter(d->b, &c, TAG_MAIN, d);
        int rc = d->cls->prop_changed(d->self, i, &d->b->err);
        pbt__leave(d->b, &c, d);
        return rc;
    }
    return pbt__fail(d->b, PB_ENOENT, "no property '%s'", key);
}

/* ---- The service ------------------------------------------------------------------- */

static const struct pb_prop *row(pb_dev *d, uint32_t i, const char *what)
{
    uint32_t n;
    const struct pb_prop *t = pbt__prop_table(d, &n);

    if (i >= n)
        pbt__die(d->b, "pb.prop %s(%u): '%s' has %u properties", what, i, d->name, n);
    return &t[i];
}

static const char *text(pb_dev *d, const struct pb_prop *p)
{
    const char *v = pbt__kv(d->kv, d->n_kv, p->name);

    v = v ? v : pbt__kv(d->settled, d->n_settled, p->name);
    return v ? v : p->def;
}

static int64_t prop_get_int(pb_dev *d, uint32_t i)
{
    const struct pb_prop *p = row(d, i, "get_int");
    const char *s = text(d, p);
    int64_t v = 0;

    if (p->type == PB_T_STR || p->type == PB_T_LINK)
        pbt__die(d->b, "pb.prop get_int() of '%s', which is text", p->name);
    if (s)
        parse_value(p, s, &v);
    return v;
}

static const char *prop_get_str(pb_dev *d, uint32_t i)
{
    return text(d, row(d, i, "get_str"));
}

static uint32_t prop_is_set(pb_dev *d, uint32_t i)
{
    return pbt__kv(d->kv, d->n_kv, row(d, i, "is_set")->name) != NULL;
}

static pb_dev *linked(pb_dev *d, uint32_t i, const char *what)
{
    const struct pb_prop *p = row(d, i, what);
    const char *s = text(d, p);

    if (p->type != PB_T_LINK)
        pbt__die(d->b, "pb.prop %s() of '%s', which is no link", what, p->name);
    return s && *s ? pbt_find(d->b, s) : NULL;
}

static const void *prop_get_link(pb_dev *d, uint32_t i, const char *iface, void **self)
{
    pb_dev *t = linked(d, i, "get_link");
    const void *table = t ? pbt_provides(t, iface) : NULL;

    if (t && !t->realized)
        pbt__die(d->b, "'%s' links to '%s', which is not realized", d->name, t->name);
    if (table)
        *self = t->self;
    return table;
}

static pb_block *prop_get_block(pb_dev *d, uint32_t i)
{
    pb_dev *t = linked(d, i, "get_block");
    return t ? pbt__block_end(t) : NULL;
}

static pb_net *prop_get_net(pb_dev *d, uint32_t i)
{
    pb_dev *t = linked(d, i, "get_net");
    return t ? pbt__net_end(t) : NULL;
}

static pb_char *prop_get_char(pb_dev *d, uint32_t i)
{
    pb_dev *t = linked(d, i, "get_char");
    return t ? pbt__char_end(t) : NULL;
}

static pb_fs *prop_get_fs(pb_dev *d, uint32_t i)
{
    pb_dev *t = linked(d, i, "get_fs");
    return t ? pbt__fs_end(t) : NULL;
}

static uint32_t prop_pair(pb_dev *d, uint32_t n, const char **key, const char **value)
{
    if (n >= d->n_kv)
        return 0;
    *key = d->kv[n].key;
    *value = d->kv[n].value;
    return 1;
}

static int prop_settle(pb_dev *d, uint32_t i, const char *value)
{
    const struct pb_prop *p = row(d, i, "settle");

    pbt__need_main(d->b, "pb.prop settle()");
    if (p->type != PB_T_STR && p->type != PB_T_INT)
        pbt__die(d->b, "pb.prop settle() of '%s', which is neither text nor INT", p->name);
    if (text(d, p))
        return PB_EBUSY;
    kv_add(&d->settled, &d->n_settled, p->name, value);
    return PB_OK;
}

const struct pb_svc_prop pbt__svc_prop = {
    .size = sizeof pbt__svc_prop, .get_int = prop_get_int, .get_str = prop_get_str,
    .is_set = prop_is_set, .get_link = prop_get_link, .get_block = prop_get_block,
    .get_net = prop_get_net, .get_char = prop_get_char, .get_fs = prop_get_fs,
    .pair = prop_pair, .settle = prop_settle,
};
