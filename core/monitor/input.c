/* SPDX-License-Identifier: MIT */
/* input.c - sendkey, mouse_move, mouse_button, mouse_set, info mice: the hand of the user. */
#include "command.h"
#include "keys.h"

#include <plugboard/input.h>

#include <string.h>

#define HELD_MS 100
#define KEYS_MAX 16

static guint chosen = G_MAXUINT; /* by mouse_set; else the pointer that came last */
static guint buttons;            /* as mouse_button left them */

/* The n-th device that takes any of `what`; of those the last for G_MAXUINT. */
static const struct pb_input *find(struct pb_machine *m, uint32_t what, guint n, void **self)
{
    const struct pb_input *found = NULL;
    guint count = 0;

    for (guint i = 0; i < m->devs->len; i++) {
        void *at;
        pb_dev *d = m->devs->pdata[i];
        const struct pb_input *p = d->realized ? pb_dev_interface(d, PB_INPUT, &at) : NULL;
        if (!PB_HAS(struct pb_input, p, events) || !(p->takes & what))
            continue;
        if (n == G_MAXUINT || n == count) {
            found = p;
            *self = at;
        }
        count++;
    }
    return found;
}

static int nobody(struct pb_mon *x, const char *what, const char *device, pb_err *e)
{
    pb_err_set(e, PB_ENOENT, "machine '%s' has no %s", x->m->name, what);
    pb_err_hint(e, "add one, e.g. with device_add %s on a machine that has USB", device);
    return PB_ENOENT;
}

/* ---- Keys -------------------------------------------------------------------------------- */

struct press {
    struct pb_machine *m;
    guint n;
    struct pb_input_event v[KEYS_MAX];
};

static gboolean release(gpointer user)
{
    struct press *p = user;
    void *self;
    const struct pb_input *k = find(p->m, PB_INPUT_KEYS, G_MAXUINT, &self);

    for (guint i = p->n; k && i-- > 0;) { /* in the opposite order */
        p->v[i].value = 0;
        k->events(self, &p->v[i], 1);
    }
    return G_SOURCE_REMOVE;
}

static int parse_keys(const char *text, struct press *p, pb_err *e)
{
    g_auto(GStrv) names = g_strsplit(text, "-", -1);

    for (char **w = names; *w; w++) {
        int code = pb_key_named(*w);
        if (code < 0)
            return pb_err_set(e, PB_EINVAL, "invalid parameter: '%s' is no name of a key; "
                              "examples: a, ret, ctrl-alt-f1, 0x1e", *w);
        if (p->n == KEYS_MAX)
            return pb_err_set(e, PB_EINVAL, "too many keys: %d can be down together", KEYS_MAX);
        p->v[p->n++] = (struct pb_input_event){PB_INPUT_KEY, (uint32_t)code, 1, 0};
    }
    return PB_OK;
}

int pb_mon_sendkey(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    struct press p = {.m = x->m};
    gint64 ms = HELD_MS;
    void *self;
    const struct pb_input *k = find(x->m, PB_INPUT_KEYS, G_MAXUINT, &self);

    if (n > 1 && !g_ascii_string_to_signed(v[1], 10, 1, 60000, &ms, NULL))
        return pb_err_set(e, PB_EINVAL, "invalid hold time '%s': milliseconds, 1 to 60000", v[1]);
    if (parse_keys(v[0], &p, e) < 0)
        return PB_EINVAL;
    if (!k)
        return nobody(x, "keyboard", "usb-kbd", e);
    for (guint i = 0; i < p.n; i++)
        k->events(self, &p.v[i], 1);
    g_timeout_add_full(G_PRIORITY_DEFAULT, (guint)ms, release, g_memdup2(&p, sizeof p), g_free);
    return PB_OK;
}

/* ---- Pointers ---------------------------------------------------------------------------- */

static int number(const char *text, gint64 *v, pb_err *e)
{
    if (!g_ascii_string_to_signed(text, 10, -PB_INPUT_AXIS_MAX, PB_INPUT_AXIS_MAX, v, NULL))
        return pb_err_set(e, PB_EINVAL, "'%s' is not a number from -%d to %d", text,
                          PB_INPUT_AXIS_MAX, PB_INPUT_AXIS_MAX);
    return PB_OK;
}

static const struct pb_input *pointer(struct pb_mon *x, void **self)
{
    const struct pb_input *p = find(x->m, PB_INPUT_POINTER, chosen, self);

    return p ? p : find(x->m, PB_INPUT_POINTER, G_MAXUINT, self);
}

int pb_mon_mouse_move(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    struct pb_input_event ev[3];
    void *self;
    const struct pb_input *p = pointer(x, &self);

    if (!p)
        return nobody(x, "mouse or tablet", "usb-mouse", e);
    for (guint i = 0; i < n; i++) {
        gint64 a = 0;
        if (number(v[i], &a, e) < 0)
            return PB_EINVAL;
        gboolean place = i < 2 && (p->takes & PB_INPUT_ABSOLUTE);
        ev[i] = (struct pb_input_event){place ? PB_INPUT_PLACE : PB_INPUT_MOVE, i, (int32_t)a, 0};
    }
    p->events(self, ev, n);
    return PB_OK;
}

/* Bits: left, right, middle. */
int pb_mon_mouse_button(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    struct pb_input_event ev[3];
    gint64 state = 0;
    void *self;
    const struct pb_input *p = pointer(x, &self);
    guint k = 0;

    (void)n;
    if (!g_ascii_string_to_signed(v[0], 10, 0, 7, &state, NULL))
        return pb_err_set(e, PB_EINVAL, "'%s' is no state of buttons: the sum of 1 (left), 2 "
                          "(right), 4 (middle)", v[0]);
    if (!p)
        return nobody(x, "mouse or tablet", "usb-mouse", e);
    for (guint i = 0; i < 3; i++)
        if (((guint)state ^ buttons) >> i & 1)
            ev[k++] = (struct pb_input_event){PB_INPUT_KEY, PB_BTN_LEFT + i,
                                              (int32_t)(state >> i & 1), 0};
    buttons = (guint)state;
    p->events(self, ev, k);
    return PB_OK;
}

int pb_mon_mouse_set(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    guint64 i;
    void *self;

    (void)n;
    if (!g_ascii_string_to_unsigned(v[0], 10, 0, G_MAXUINT - 1, &i, NULL) ||
        !find(x->m, PB_INPUT_POINTER, (guint)i, &self))
        return pb_err_set(e, PB_ENOENT, "Mouse at index '%s' not found; see 'info mice'", v[0]);
    chosen = (guint)i;
    return PB_OK;
}

const struct pb_input *pb_mon_mouse(struct pb_mon *x, guint i, gboolean *now)
{
    void *self, *active = NULL;
    const struct pb_input *p = find(x->m, PB_INPUT_POINTER, i, &self);

    pointer(x, &active);
    *now = p && self == active;
    return p;
}

int pb_info_mice(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    const struct pb_input *p;
    gboolean now;

    (void)n, (void)v, (void)e;
    if (!pb_mon_mouse(x, 0, &now))
        g_string_append(x->out, "No mouse devices connected\n");
    for (guint i = 0; (p = pb_mon_mouse(x, i, &now)); i++)
        g_string_append_printf(x->out, "%c Mouse #%u: %s%s\n", now ? '*' : ' ', i, p->title,
                               p->takes & PB_INPUT_ABSOLUTE ? " (absolute)" : "");
    return PB_OK;
}

int pb_mon_input(struct pb_mon *x, gboolean keys, const struct pb_input_event *v, guint n,
                 pb_err *e)
{
    void *self;
    const struct pb_input *p = keys ? find(x->m, PB_INPUT_KEYS, G_MAXUINT, &self)
                                    : pointer(x, &self);

    if (!p)
        return keys ? nobody(x, "keyboard", "usb-kbd", e)
                    : nobody(x, "mouse or tablet", "usb-mouse", e);
    p->events(self, v, n);
    return PB_OK;
}
