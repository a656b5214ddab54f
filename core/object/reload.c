/* SPDX-License-Identifier: MIT */
/* reload.c - a plugin's object is exchanged under the running machine.
 *
 * The machine stands and its requests drain; the state of all devices is saved, as a snapshot
 * has it, and would have to load into the new object's tables; then the devices of the plugin, and
 * what sits on their buses, are unrealized with the old object, realized with the new one, put
 * where they were, and everyone gets its state back. Wires, links and backends stay. When the new
 * object cannot make a device, the old one makes them all again.
 *
 * They are made in the order in which they were first realized, which is not that of their
 * creation: a device may have made another one, a hub that it sits behind, before it was done
 * itself. A place that its bus chose is a property by then (pb_svc_prop.settle).
 *
 * Refused: what a device outside of these is linked to, because it may keep the table it got;
 * and what is waiting for the host's disk.
 */
#include "../backend/backend.h"
#include "../line/line.h"
#include "../mem/mem.h"
#include "../plugin/renew.h"
#include "instance.h"
#include "object.h"

#include <stdlib.h>
#include <string.h>

struct reload {
    struct pb_machine *m;
    struct pb_renewed *r;
    GPtrArray *devs;   /* pb_dev *: as they were realized */
    GHashTable *set;   /* the same */
    GPtrArray *places; /* GArray * of struct pb_board_reg, one a device */
    GByteArray *state;
    guint had;         /* devices of the machine before */
    gboolean lost;     /* the machine is not what it was: it stays stopped */
};

static struct pb_plugin_file *plugin_of(struct pb_machine *m, const char *name, pb_err *e)
{
    GPtrArray *all = pb_plugin_list();
    const pb_dev *d = pb_dev_find(m, name);
    const struct pb_class *c = d ? d->cls : NULL;

    for (int kind = 0; !c && kind < PB_KINDS; kind++)
        c = pb_class_find((enum pb_kind)kind, name);
    for (guint i = 0; !c && i < all->len; i++)
        if (!strcmp(((struct pb_plugin_file *)all->pdata[i])->id, name))
            return all->pdata[i];
    if (!c) {
        pb_err_set(e, PB_ENOENT, "'%s' is no plugin, class or device", name);
        pb_err_hint(e, "'info qtree' shows the devices");
    }
    return c ? c->plugin : NULL;
}

/* `d` and what sits below it. */
static void take(struct reload *x, pb_dev *d)
{
    if (!d->realized || !g_hash_table_add(x->set, d))
        return;
    for (guint i = 0; i < d->buses->len; i++) {
        const pb_bus *b = d->buses->pdata[i];
        for (guint k = 0; k < b->children->len; k++)
            take(x, b->children->pdata[k]);
    }
}

/* A carried device is made by its carrier: that one is the root. */
static pb_dev *root_of(pb_dev *d)
{
    while (d->bus && d->bus->ctl && d->bus->ctl->inner == d)
        d = d->bus->ctl;
    return d;
}

static int check_links(struct reload *x, pb_err *e)
{
    for (guint i = 0; i < x->m->devs->len; i++) {
        pb_dev *d = x->m->devs->pdata[i];
        uint32_t n = 0;
        const struct pb_prop *p = d->vals ? pb_dev_props(d, &n) : NULL;
        for (uint32_t k = 0; !g_hash_table_contains(x->set, d) && k < n; k++) {
            const pb_dev *to = d->vals[k].target;
            if (to && g_hash_table_contains(x->set, to))
                return pb_err_set(e, PB_EBUSY, "'%s' is linked to '%s' (%s) and keeps what it got "
                                  "there", d->name, to->name, p[k].name);
        }
    }
    return PB_OK;
}

static gint by_turn(gconstpointer a, gconstpointer b)
{
    const pb_dev *x = *(pb_dev *const *)a, *y = *(pb_dev *const *)b;

    return (x->turn > y->turn) - (x->turn < y->turn);
}

static int gather(struct reload *x, pb_err *e)
{
    struct pb_machine *m = x->m;

    x->had = m->devs->len;
    for (guint i = 0; i < m->devs->len; i++) {
        pb_dev *d = m->devs->pdata[i];
        if (d->cls->plugin == x->r->p)
            take(x, root_of(d));
    }
    for (guint i = 0; i < m->devs->len; i++) {
        pb_dev *d = m->devs->pdata[i];
        if (g_hash_table_contains(x->set, d))
            g_ptr_array_add(x->devs, d);
    }
    g_ptr_array_sort(x->devs, by_turn);
    for (guint i = 0; i < x->devs->len; i++) {
        const pb_dev *d = x->devs->pdata[i];
        GArray *at = g_array_new(FALSE, TRUE, sizeof(struct pb_board_reg));
        g_array_append_vals(at, d->reg_addr->data, d->reg_addr->len);
        g_ptr_array_add(x->places, at);
    }
    return check_links(x, e);
}

/* Would the state load into the tables of the new object? */
static int check_state(struct reload *x, pb_err *e)
{
    pb_renew_swap(x->r);
    int rc = pb_machine_load_check(x->m, x->state->data, x->state->len, e);
    pb_renew_swap(x->r);
    return rc;
}

static void unmake(struct reload *x)
{
    for (guint i = 0; i < x->devs->len; i++)
        ((pb_dev *)x->devs->pdata[i])->reloading = TRUE;
    for (guint i = x->devs->len; i-- > 0;)
        pb_dev_unrealize(x->devs->pdata[i]);
}

static int renew_instance(pb_dev *d, pb_err *e)
{
    const struct pb_device_class *c = d->cls->table;
    void *self = pb_instance_new(c->instance_size);

    if (!self)
        return pb_err_set(e, PB_ENOMEM, "no memory for '%s'", d->name);
    pb_instance_free(d->self, d->self_size);
    d->self = self;
    d->self_size = c->instance_size;
    pb_line_renew(d);
    return PB_OK;
}

/* After its controller: what a controller makes or carries was realized before it was done. */
static int make_one(struct reload *x, pb_dev *d, pb_err *e)
{
    pb_dev *ctl = d->bus ? d->bus->ctl : NULL;
    int rc = PB_OK;

    if (ctl && !ctl->realized && g_hash_table_contains(x->set, ctl))
        rc = make_one(x, ctl, e);
    return rc == PB_OK && !d->realized ? pb_dev_realize(d, e) : rc;
}

static int make(struct reload *x, pb_err *e)
{
    int rc = PB_OK;

    for (guint i = 0; rc == PB_OK && i < x->devs->len; i++)
        rc = renew_instance(x->devs->pdata[i], e);
    for (guint i = 0; rc == PB_OK && i < x->devs->len; i++) {
        pb_dev *d = x->devs->pdata[i];
        const GArray *at = x->places->pdata[i];
        rc = make_one(x, d, e);
        for (guint k = 0; rc == PB_OK && k < at->len; k++) {
            const struct pb_board_reg *r = &g_array_index(at, struct pb_board_reg, k);
            if (r->len)
                rc = pb_dev_place(d, k, r->addr, e);
        }
    }
    for (guint i = 0; rc == PB_OK && i < x->devs->len; i++) {
        const pb_dev *d = x->devs->pdata[i];
        if (d->bus) /* its neighbours may have stayed */
            g_ptr_array_sort(d->bus->children, by_turn);
    }
    return rc;
}

/* What an object made besides before it failed. */
static void free_new(struct reload *x)
{
    while (x->m->devs->len > x->had)
        pb_dev_free(x->m->devs->pdata[x->m->devs->len - 1]);
}

static int exchange(struct reload *x, pb_err *e)
{
    pb_err again = {0};

    unmake(x);
    pb_renew_swap(x->r);
    int rc = make(x, e);
    if (rc < 0) {
        unmake(x);
        free_new(x);
        pb_renew_swap(x->r);
        x->lost = make(x, &again) < 0;
        if (x->lost)
            pb_warn("plugin_reload: the old devices do not come back either: %s", again.text);
        pb_err_clear(&again);
    }
    for (guint i = 0; i < x->devs->len; i++)
        ((pb_dev *)x->devs->pdata[i])->reloading = FALSE;
    if (pb_machine_load(x->m, x->state->data, x->state->len, rc < 0 ? &again : e) < 0) {
        pb_warn("plugin_reload: the state does not load, the machine stays stopped");
        x->lost = TRUE;
        rc = rc < 0 ? rc : PB_EIO;
    }
    pb_err_clear(&again);
    return rc;
}

static int reload(struct reload *x, pb_err *e)
{
    int rc = gather(x, e);

    if (rc < 0)
        return rc;
    pb_char_hold(x->m, TRUE); /* what came between the two would be forgotten */
    rc = pb_machine_save_devices(x->m, x->set, x->state, e);
    if (rc == PB_OK)
        rc = check_state(x, e);
    if (rc == PB_OK)
        rc = exchange(x, e);
    pb_char_hold(x->m, FALSE);
    return rc;
}

int pb_dev_reload(struct pb_machine *m, const char *name, GString *said, pb_err *e)
{
    struct reload x = {.m = m};
    struct pb_plugin_file *p = plugin_of(m, name, e);
    gboolean ran = m->state == PB_RUN_RUNNING;

    if (!p)
        return PB_ENOENT;
    if (m->state == PB_RUN_IO_ERROR)
        return pb_err_set(e, PB_EBUSY, "a request waits for the host's disk: 'cont' first");
    x.r = pb_renew_open(p, e);
    if (!x.r)
        return PB_EINVAL;
    x.devs = g_ptr_array_new();
    x.set = g_hash_table_new(NULL, NULL);
    x.places = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
    x.state = g_byte_array_new();
    if (ran)
        pb_machine_stop(m, PB_RUN_PAUSED);
    int rc = reload(&x, e);
    if (rc == PB_OK)
        g_string_append_printf(said, "plugin %s %s: %u device%s, %u bytes of state\n", p->id,
                               p->entry->version, x.devs->len, x.devs->len == 1 ? "" : "s",
                               x.state->len);
    pb_renew_close(x.r);
    if (ran && !x.lost)
        pb_machine_start(m);
    g_ptr_array_unref(x.devs);
    g_hash_table_unref(x.set);
    g_ptr_array_unref(x.places);
    g_byte_array_unref(x.state);
    return rc;
}
