/* SPDX-License-Identifier: MIT */
/* char.c - character routing: one backend, one consumer; or, with mux=on, up to eight that
 * share the output and take turns at the input.
 *
 * On a mux, C-a is an escape (two of them send one): C-a h help, C-a c next consumer,
 * C-a x quit, C-a b break. Input that the focused consumer has no room for stays with the
 * backend, which is asked again by accept().
 *
 * Locking: `lock` guards the list of consumers and the escape state, never held while a
 * consumer or the backend is called; consumers only come and go on the main thread while
 * the machine is stopped or the node is being closed.
 */
#include "backend.h"

#include <string.h>

#define MAX_FRONTS 8

struct node;

struct pb_char {
    struct node *node;
    pb_dev *consumer;
    const struct pb_char_ops *ops;
    void *self;
    void (*drained)(void *self);
    void *drained_self;
};

struct node {
    pb_dev *dev;
    const struct pb_char_ops *ops; /* the backend's */
    gboolean mux, escaped;
    GMutex lock;
    struct pb_char *front[MAX_FRONTS];
    guint n_fronts;
    gint focus;                    /* atomic: index in front[] */
    void (*accept)(void *self);
    void *accept_self;
};

static int escape_char = 1;
static void (*quit_fn)(void);

void pb_char_set_escape(int c)
{
    escape_char = c;
}

void pb_char_on_quit(void (*quit)(void))
{
    quit_fn = quit;
}

void pb_char_set_mux(pb_dev *node)
{
    struct node *n = node->backend;
    n->mux = TRUE;
}

gboolean pb_char_is_mux(pb_dev *node)
{
    return ((struct node *)node->backend)->mux;
}

static struct pb_char *focused(struct node *n)
{
    guint i = (guint)g_atomic_int_get(&n->focus);
    return i < MAX_FRONTS ? n->front[i] : NULL;
}

static void say(struct node *n, const char *text)
{
    n->ops->data(n->dev->self, (const uint8_t *)text, (uint32_t)strlen(text));
}

static void next_focus(struct node *n)
{
    guint i = (guint)g_atomic_int_get(&n->focus), k;

    for (k = 1; k <= MAX_FRONTS && !n->front[(i + k) % MAX_FRONTS]; k++)
        ;
    struct pb_char *old = focused(n);
    g_atomic_int_set(&n->focus, (gint)((i + k) % MAX_FRONTS));
    struct pb_char *now = focused(n);
    if (old && old != now && old->ops && PB_HAS(struct pb_char_ops, old->ops, event))
        old->ops->event(old->self, PB_CHR_CLOSED);
    if (now && old != now && now->ops && PB_HAS(struct pb_char_ops, now->ops, event))
        now->ops->event(now->self, PB_CHR_OPENED);
}

static void escape_key(struct node *n, uint8_t c)
{
    struct pb_char *f = focused(n);

    switch (c) {
    case 'h':
    case '?':
        say(n, "\r\nC-a h    print this help\r\nC-a x    exit emulator\r\n"
               "C-a c    switch between console and monitor\r\nC-a b    send break\r\n"
               "C-a C-a  send C-a\r\n");
        break;
    case 'x':
        say(n, "\r\nTerminated\r\n");
        if (quit_fn)
            quit_fn();
        break;
    case 'c':
        next_focus(n);
        break;
    case 'b':
        if (f && f->ops && PB_HAS(struct pb_char_ops, f->ops, event))
            f->ops->event(f->self, PB_CHR_BREAK);
        break;
    default:
        break;
    }
}

static uint32_t front_room(const struct pb_char *f)
{
    return f && f->ops && f->ops->room ? f->ops->room(f->self) : 0;
}

/* ---- Backend side ------------------------------------------------------------------ */

static uint32_t device_room(pb_dev *dev)
{
    struct node *n = dev->backend;
    const struct pb_char *f = n ? focused(n) : NULL;

    /* Attached, but nobody listens: deliver() drops it. A mux needs it for its escapes. */
    return f && !f->ops ? 256 : front_room(f);
}

/* On a mux, runs of plain bytes go out at once; escapes are taken one by one. */
static int deliver(pb_dev *dev, const uint8_t *buf, uint32_t len)
{
    struct node *n = dev->backend;
    uint32_t done = 0;

    while (n && done < len) {
        struct pb_char *f = focused(n);
        if (n->mux && n->escaped) {
            if (buf[done] != escape_char) {
                n->escaped = FALSE;
                escape_key(n, buf[done++]);
                continue;
            }
        } else if (n->mux && buf[done] == escape_char) {
            n->escaped = TRUE;
            done++;
            continue;
        }
        uint32_t run = 1, room = front_room(f);
        while (done + run < len && !n->escaped && (!n->mux || buf[done + run] != escape_char))
            run++;
        if (f && !f->ops)
            room = run; /* nobody listens yet: as a wire without a receiver */
        if (room == 0)
            break;
        run = MIN(run, room);
        int took = f && f->ops ? f->ops->data(f->self, buf + done, run) : (int)run;
        n->escaped = FALSE;
        if (took <= 0)
            break;
        done += (uint32_t)took;
    }
    return (int)done;
}

static void on_accept(pb_dev *dev, void (*fn)(void *), void *self)
{
    struct node *n = dev->backend;
    n->accept_self = self;
    n->accept = fn;
}

static void drained(pb_dev *dev)
{
    struct node *n = dev->backend;

    for (guint i = 0; n && i < MAX_FRONTS; i++) {
        struct pb_char *f = n->front[i];
        if (f && f->drained)
            f->drained(f->drained_self);
    }
}

static void send_event(pb_dev *dev, uint32_t ev)
{
    struct node *n = dev->backend;
    struct pb_char *f = n ? focused(n) : NULL;

    if (f && f->ops && PB_HAS(struct pb_char_ops, f->ops, event))
        f->ops->event(f->self, ev);
}

/* ---- Consumer side ----------------------------------------------------------------- */

static int attach_ops(pb_char *c, const struct pb_char_ops *device, void *self)
{
    c->self = self;
    g_atomic_pointer_set(&c->ops, device);
    if (device && c->node->accept)
        c->node->accept(c->node->accept_self);
    return PB_OK;
}

static int char_write(pb_char *c, const uint8_t *buf, uint32_t len)
{
    return c->node->ops->data(c->node->dev->self, buf, len);
}

static void on_drained(pb_char *c, void (*fn)(void *), void *self)
{
    c->drained_self = self;
    c->drained = fn;
}

static void accept_more(pb_char *c)
{
    if (c->node->accept && focused(c->node) == c)
        c->node->accept(c->node->accept_self);
}

const struct pb_svc_char pb_char_service = {
    .size = sizeof(struct pb_svc_char),
    .attach = attach_ops,
    .write = char_write,
    .on_drained = on_drained,
    .accept = accept_more,
    .deliver = deliver,
    .device_room = device_room,
    .on_accept = on_accept,
    .drained = drained,
    .send_event = send_event,
};

/* ---- Nodes -------------------------------------------------------------------------- */

static void *char_open(pb_dev *dev, pb_err *e)
{
    const struct pb_backend_class *c = dev->cls->table;

    if (!c->ops || !((const struct pb_char_ops *)c->ops)->data) {
        pb_err_set(e, PB_EINVAL, "character backend '%s' has no data()", c->id);
        return NULL;
    }
    struct node *n = g_new0(struct node, 1);
    n->dev = dev;
    n->ops = c->ops;
    g_mutex_init(&n->lock);
    return n;
}

static void char_close(pb_dev *dev)
{
    struct node *n = dev->backend;

    for (guint i = 0; i < MAX_FRONTS; i++)
        g_free(n->front[i]);
    g_mutex_clear(&n->lock);
    g_free(n);
}

static void *char_attach(pb_dev *consumer, pb_dev *dev, pb_err *e)
{
    struct node *n = dev->backend;
    guint slot = 0;

    while (slot < MAX_FRONTS && n->front[slot])
        slot++;
    if (slot == MAX_FRONTS || (n->n_fronts && !n->mux)) {
        pb_err_set(e, PB_EBUSY, "chardev '%s' is already in use", dev->name);
        pb_err_hint(e, n->mux ? "a mux serves at most 8" : "add mux=on to share it");
        return NULL;
    }
    struct pb_char *c = g_new0(struct pb_char, 1);
    c->node = n;
    c->consumer = consumer;
    g_mutex_lock(&n->lock);
    n->front[slot] = c;
    n->n_fronts++;
    g_mutex_unlock(&n->lock);
    return c;
}

static void char_detach(pb_dev *dev, void *end)
{
    struct node *n = dev->backend;
    pb_char *c = end;

    g_atomic_pointer_set(&c->ops, NULL);
    g_mutex_lock(&n->lock);
    for (guint i = 0; i < MAX_FRONTS; i++)
        if (n->front[i] == c) {
            n->front[i] = NULL;
            n->n_fronts--;
            if ((gint)i == g_atomic_int_get(&n->focus) && n->n_fronts)
                next_focus(n);
        }
    g_mutex_unlock(&n->lock);
    g_free(c);
}

static pb_dev *char_consumer(pb_dev *dev)
{
    struct node *n = dev->backend;

    for (guint i = 0; i < MAX_FRONTS; i++)
        if (n->front[i])
            return n->front[i]->consumer;
    return NULL;
}

static void char_info(pb_dev *dev, char *buf, size_t len)
{
    const struct pb_backend_class *c = dev->cls->table;
    char what[256] = "";

    if (PB_HAS(struct pb_backend_class, c, describe))
        c->describe(dev->self, what, sizeof what);
    g_snprintf(buf, len, "%s: filename=%s%s", dev->name, what[0] ? what : c->id,
               pb_char_is_mux(dev) ? " (mux)" : "");
}

const struct pb_backend_kind pb_char_kind = {
    .open = char_open,
    .close = char_close,
    .attach = char_attach,
    .detach = char_detach,
    .consumer = char_consumer,
    .info = char_info,
};
