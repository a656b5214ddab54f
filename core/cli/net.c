/* SPDX-License-Identifier: MIT */
/* net.c - -netdev, -nic, -net: network backends and the cards for them. */
#include "sys.h"

#include "../backend/backend.h"

#include <string.h>

static guint next_net; /* "#net000" */

static pb_dev *net_node(struct pb_sys *s, struct pb_args *a, const char *id)
{
    const char *type = pb_args_get(a, "type");

    if (!type) {
        pb_err_set(s->e, PB_EINVAL, "Parameter 'type' is missing");
        pb_err_at(s->e, &a->place);
        return NULL;
    }
    if (!pb_sys_class(PB_KIND_NET, type, "type", &a->place, s->e))
        return NULL;
    return pb_sys_node(s, PB_KIND_NET, type, id, a);
}

int pb_sys_netdev(struct pb_sys *s, struct pb_args *a)
{
    const char *id = pb_args_get(a, "id");

    if (!id) {
        pb_err_set(s->e, PB_EINVAL, "Parameter 'id' is missing");
        pb_err_at(s->e, &a->place);
    }
    return id && net_node(s, a, id) ? PB_OK : PB_EINVAL;
}

static char *auto_id(void)
{
    return g_strdup_printf("#net%03u", next_net++);
}

static int mac_ok(struct pb_sys *s, const char *mac, const struct pb_place *at)
{
    static const struct pb_prop p = {.name = "mac", .type = PB_T_MAC};
    struct pb_class c = {.id = (char *)"nic"};

    if (!mac || pb_plan_check_value(&c, &p, mac, s->e) == PB_OK)
        return PB_OK;
    pb_err_at(s->e, at);
    return PB_EINVAL;
}

/* Class of the card: model=, or the machine's. */
static const char *card_model(struct pb_sys *s, const char *model, const struct pb_place *at)
{
    const char *dflt = g_hash_table_lookup(s->plan->defaults, "nic");

    if (!model)
        model = dflt;
    if (!model || !strcmp(model, "none")) {
        pb_err_set(s->e, PB_ENOTSUP, "machine '%s' has no default network card", s->plan->name);
        pb_err_hint(s->e, "name one with model=");
        pb_err_at(s->e, at);
        return NULL;
    }
    /* "virtio" and such: a name that the board's own card completes */
    const struct pb_class *c = pb_class_find(PB_KIND_DEVICE, model);
    if (!c && dflt && g_str_has_prefix(dflt, model))
        c = pb_class_find(PB_KIND_DEVICE, dflt);
    if (!c || g_strcmp0(c->category, "network") || (c->flags & PB_DEV_NO_USER)) {
        const char *package = pb_class_package(PB_KIND_DEVICE, model);
        pb_err_set(s->e, PB_ENOENT, "Unsupported NIC model: %s", model);
        if (package)
            pb_err_hint(s->e, "package %s provides it, not installed", package);
        else
            pb_err_hint(s->e, "model=help lists them");
        pb_err_at(s->e, at);
        return NULL;
    }
    return c->id;
}

static void list_models(void)
{
    GPtrArray *all = pb_class_list(PB_KIND_DEVICE);

    puts("Available NIC models:");
    for (guint i = 0; i < all->len; i++) {
        const struct pb_class *c = all->pdata[i];
        if (!g_strcmp0(c->category, "network") && !(c->flags & PB_DEV_NO_USER))
            puts(c->id);
    }
}

static int want_card(struct pb_sys *s, const char *model, const char *netdev, const char *mac,
                     const char *id, const struct pb_place *at)
{
    const char *cls = card_model(s, model, at);

    if (!cls || mac_ok(s, mac, at) < 0)
        return PB_EINVAL;
    struct pb_wanted *w = pb_sys_want(s, cls, NULL, at);
    if (netdev)
        pb_wanted_set(w, "netdev", netdev);
    if (mac)
        pb_wanted_set(w, "mac", mac);
    if (id)
        pb_wanted_set(w, "id", id);
    s->n_nic++;
    return PB_OK;
}

static int nic(struct pb_sys *s, const char *text)
{
    struct pb_args *a = pb_args_parse("-nic", text, "type", s->e);
    int r = a ? PB_OK : PB_EINVAL;

    if (!a)
        return r;
    g_autofree char *id = g_strdup(pb_args_get(a, "id"));
    const char *type = pb_args_get(a, "type");
    const char *model = pb_args_get(a, "model"), *mac = pb_args_get(a, "mac");
    if (!g_strcmp0(type, "none")) {
        r = a->v->len > 1 ? pb_args_done(a, NULL, s->e) : PB_OK;
    } else if (!g_strcmp0(model, "help")) {
        list_models();
        r = PB_DONE;
    } else {
        if (!id)
            id = auto_id();
        pb_dev *d = net_node(s, a, id);
        r = d ? want_card(s, model, id, mac, NULL, &a->place) : PB_EINVAL;
    }
    pb_args_free(a);
    return r;
}

/* -net nic and -net user: the first of each are one pair, the second the next. */
struct pair { GPtrArray *cards, *nets; };

static int net(struct pb_sys *s, struct pair *p, const char *text)
{
    static const char *const known[] = {"model", "netdev", "macaddr", "name", "id", NULL};
    struct pb_args *a = pb_args_parse("-net", text, "type", s->e);
    int r = PB_OK;

    if (!a)
        return PB_EINVAL;
    const char *type = pb_args_get(a, "type");
    if (!g_strcmp0(type, "nic")) {
        const char *model = pb_args_get(a, "model"), *netdev = pb_args_get(a, "netdev");
        const char *mac = pb_args_get(a, "macaddr"), *name = pb_args_get(a, "name");
        if (!g_strcmp0(model, "help")) {
            list_models();
            r = PB_DONE;
        } else if (netdev && !pb_dev_find(s->m, netdev)) {
            r = pb_err_set(s->e, PB_ENOENT, "netdev '%s' not found", netdev);
            pb_err_hint(s->e, "make it with an option such as -netdev user,id=%s", netdev);
            pb_err_at(s->e, &a->place);
        } else if ((r = pb_args_done(a, known, s->e)) == PB_OK) {
            guint at = s->wanted->len;
            r = want_card(s, model, netdev, mac, name, &a->place);
            if (r == PB_OK && !netdev)
                g_ptr_array_add(p->cards, s->wanted->pdata[at]);
        }
    } else if (g_strcmp0(type, "none")) {
        g_autofree char *id = auto_id();
        pb_dev *d = net_node(s, a, id);
        r = d ? PB_OK : PB_EINVAL;
        if (d)
            g_ptr_array_add(p->nets, d);
    }
    pb_args_free(a);
    return r;
}

static void join(struct pair *p)
{
    for (guint i = 0; i < p->cards->len && i < p->nets->len; i++)
        pb_wanted_set(p->cards->pdata[i], "netdev", ((pb_dev *)p->nets->pdata[i])->id);
    if (p->cards->len > p->nets->len)
        pb_warn("hub 0 is not connected to host network");
    if (p->nets->len > p->cards->len)
        pb_warn("hub 0 with no nics");
}

static int default_card(struct pb_sys *s)
{
    const char *model = g_hash_table_lookup(s->plan->defaults, "nic");

    if (!model || !strcmp(model, "none") || !pb_class_find(PB_KIND_DEVICE, model) ||
        !pb_class_find(PB_KIND_NET, "user"))
        return PB_OK;
    return nic(s, "user");
}

int pb_sys_net(struct pb_sys *s)
{
    struct pair p = {g_ptr_array_new(), g_ptr_array_new()};
    gboolean nodefaults = pb_cli_flag(s->cli, "nodefaults");
    gboolean asked = FALSE;
    struct pb_given *g;
    int r = PB_OK;

    for (guint i = 0; r == PB_OK && (g = pb_cli_nth(s->cli, "netdev", i)); i++) {
        struct pb_args *a = pb_args_parse("-netdev", g->arg, "type", s->e);
        asked = TRUE;
        r = a ? pb_sys_netdev(s, a) : PB_EINVAL;
        pb_args_free(a);
    }
    for (guint i = 0; r == PB_OK && (g = pb_cli_nth(s->cli, "nic", i)); i++, asked = TRUE)
        r = nic(s, g->arg);
    for (guint i = 0; r == PB_OK && (g = pb_cli_nth(s->cli, "net", i)); i++, asked = TRUE)
        r = net(s, &p, g->arg);
    if (r == PB_OK)
        join(&p);
    g_ptr_array_unref(p.cards);
    g_ptr_array_unref(p.nets);
    if (r == PB_OK && !asked && !nodefaults)
        r = default_card(s);
    return r;
}

int pb_sys_check_peers(struct pb_sys *s)
{
    for (guint i = 0; i < s->m->devs->len; i++) {
        pb_dev *d = s->m->devs->pdata[i];
        if (!d->backend || pb_backend_consumer(d))
            continue;
        if (d->cls->kind == PB_KIND_NET)
            pb_warn("netdev %s has no peer", d->name);
    }
    return PB_OK;
}
