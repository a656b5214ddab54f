/* SPDX-License-Identifier: MIT */
/* char.c - character routing: one backend, one consumer; or, with mux=on, up to eight that
 * share the output and take turns at the input.
 *
 * On a mux, C-a is an escape (two of them send one): C-a h help, C-a c next consumer,
 * C-a x quit, C-a b break. Input that the focused consumer has no room for stays with the
 * backend, which is asked again by accept(). A mux keeps a little of it itself, so that an
 * escape is seen although the guest does not listen.
 *
 * With logfile= what goes to the backend is also written to a file, ten times a second.
 *
 * While a machine's state is taken or given back (pb_char_hold) its devices are not called and
 * send nothing: what they took would be in no state, what they sent would be sent again.
 *
 * Locking: `lock` guards the list of consumers and the log, never held while a consumer or
 * the backend is called; consumers only come and go on the main thread while the machine is
 * stopped or the node is being closed. A mux's input is delivered on the main thread only.
 */
#include "backend.h"

#include "../machine/doctor.h"
#include "../machine/machine.h"
#include "../thread/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MAX_FRONTS 8
#define MUX_KEEPS 64u
#define LOG_BYTES 16384u
#define LOG_MS 100

struct node;

struct pb_char {
    struct node *node;
    pb_dev *consumer;
    const struct pb_char_ops *ops;
    void *self;
    void (*drained)(void *self);
    void *drained_self;
    guint held;    /* atomic: input kept for a consumer without room, mux only */
    gboolean away; /* the consumer is made anew and comes back: plugin_reload */
    uint8_t keep[MUX_KEEPS];
    struct pb_doctor doctor;
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
    int log_fd;                    /* -1: none */
    guint log_len, log_timer;
    uint8_t log[LOG_BYTES];
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

gboolean pb_char_in_use(pb_dev *node)
{
    return ((struct node *)node->backend)->n_fronts != 0;
}

gboolean pb_char_hang_up(pb_char *c)
{
    const struct pb_char_ops *ops = c->node->ops;

    if (!PB_HAS(struct pb_char_ops, ops, event))
        return FALSE;
    ops->event(c->node->dev->self, PB_CHR_CLOSED);
    return TRUE;
}

static struct pb_char *focused(struct node *n)
{
    guint i = (guint)g_atomic_int_get(&n->focus);
    return i < MAX_FRONTS ? n->front[i] : NULL;
}

/* ---- Hold ---------------------------------------------------------------------------- */

static gint held;  /* atomic: how often */
static gint calls; /* atomic: into devices, under way */

/* May the consumer be called? Then leave() follows. A monitor is no device. */
static gboolean enter(const struct pb_char *f)
{
    if (!f->consumer)
        return TRUE;
    g_atomic_int_inc(&calls);
    if (!g_atomic_int_get(&held))
        return TRUE;
    g_atomic_int_add(&calls, -1);
    return FALSE;
}

static void leave(const struct pb_char *f)
{
    if (f->consumer)
        g_atomic_int_add(&calls, -1);
}

/* Nobody hears it now, but somebody will. */
static gboolean waits(const struct pb_char *f)
{
    return f && f->consumer && g_atomic_int_get(&held);
}

static uint32_t front_room(const struct pb_char *f)
{
    if (!f || !f->ops || !f->ops->room || !enter(f))
        return 0;
    uint32_t n = f->ops->room(f->self);
    leave(f);
    return n;
}

static int front_data(struct pb_char *f, const uint8_t *buf, uint32_t n)
{
    if (!enter(f))
        return 0;
    int took = f->ops->data(f->self, buf, n);
    leave(f);
    return took;
}

static void send_event(pb_dev *dev, uint32_t ev); /* backend to device */

static void late_break(void *node)
{
    send_event(node, PB_CHR_BREAK);
}

static void late_opened(void *node)
{
    send_event(node, PB_CHR_OPENED);
}

static void late_closed(void *node)
{
    send_event(node, PB_CHR_CLOSED);
}

static void send_event(pb_dev *dev, uint32_t ev)
{
    static void (*const late[])(void *) = {
        [PB_CHR_BREAK] = late_break, [PB_CHR_OPENED] = late_opened, [PB_CHR_CLOSED] = late_closed};
    struct node *n = dev->backend;
    struct pb_char *f = n ? focused(n) : NULL;

    if (!f || !f->ops || !PB_HAS(struct pb_char_ops, f->ops, event))
        return;
    if (enter(f)) {
        f->ops->event(f->self, ev);
        leave(f);
    } else if (ev < G_N_ELEMENTS(late) && late[ev]) {
        pb_main_turn(dev, late[ev], dev);
    }
}

/* ---- logfile= ---------------------------------------------------------------------- */

/* Holds lock. What cannot be written is dropped: a full disk must not stop the guest. */
static void log_write(struct node *n)
{
    guint at = 0;

    while (at < n->log_len) {
        ssize_t k = write(n->log_fd, n->log + at, n->log_len - at);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            break;
        at += (guint)k;
    }
    n->log_len = 0;
}

static gboolean log_due(gpointer user)
{
    struct node *n = user;

    g_mutex_lock(&n->lock);
    n->log_timer = 0;
    log_write(n);
    g_mutex_unlock(&n->lock);
    return G_SOURCE_REMOVE;
}

static void log_bytes(struct node *n, const uint8_t *buf, guint len)
{
    g_mutex_lock(&n->lock);
    while (len) {
        guint run = MIN(len, LOG_BYTES - n->log_len);
        memcpy(n->log + n->log_len, buf, run);
        n->log_len += run;
        buf += run;
        len -= run;
        if (n->log_len == LOG_BYTES)
            log_write(n);
    }
    if (n->log_len && !n->log_timer)
        n->log_timer = g_timeout_add(LOG_MS, log_due, n);
    g_mutex_unlock(&n->lock);
}

int pb_char_set_log(pb_dev *dev, const char *path, gboolean append, pb_err *e)
{
    struct node *n = dev->backend;
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC);
    int fd = open(path, flags, 0666);

    if (fd < 0)
        return pb_err_set(e, PB_EIO, "logfile=%s: %s", path, g_strerror(errno));
    if (n->log_fd >= 0)
        close(n->log_fd);
    n->log_fd = fd;
    return PB_OK;
}

static void log_close(struct node *n)
{
    if (n->log_timer)
        g_source_remove(n->log_timer);
    if (n->log_fd < 0)
        return;
    log_write(n);
    close(n->log_fd);
}

/* ---- Mux --------------------------------------------------------------------------- */

/* To the backend; how much it took. */
static int to_backend(struct node *n, const uint8_t *buf, uint32_t len)
{
    int took = n->ops->data(n->dev->self, buf, len);

    if (n->log_fd >= 0 && took > 0)
        log_bytes(n, buf, (guint)took);
    return took;
}

static void say(struct node *n, const char *text)
{
    to_backend(n, (const uint8_t *)text, (uint32_t)strlen(text));
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
        if (f)
            send_event(n->dev, PB_CHR_BREAK);
        break;
    default:
        break;
    }
}

/* Keep what a mux's consumer has no room for; how much was kept. */
static uint32_t keep(struct pb_char *f, const uint8_t *buf, uint32_t len)
{
    uint32_t n = MIN(len, MUX_KEEPS - f->held);

    memcpy(f->keep + f->held, buf, n);
    g_atomic_int_set(&f->held, f->held + n);
    return n;
}

/* What was kept, as far as there is room now. [main] */
static void give_kept(struct pb_char *f)
{
    while (f->held && f->ops) {
        uint32_t n = MIN(f->held, front_room(f));
        int took = n ? front_data(f, f->keep, n) : 0;
        if (took <= 0)
            break;
        memmove(f->keep, f->keep + took, f->held - (guint)took);
        g_atomic_int_set(&f->held, f->held - (guint)took);
    }
}

static void mux_accept(void *opaque)
{
    struct node *n = opaque;

    for (guint i = 0; i < MAX_FRONTS; i++)
        if (n->front[i])
            give_kept(n->front[i]);
    if (n->accept)
        n->accept(n->accept_self);
}

/* ---- Backend side ------------------------------------------------------------------ */

static uint32_t device_room(pb_dev *dev)
{
    struct node *n = dev->backend;
    struct pb_char *f = n ? focused(n) : NULL;

    if (n && n->mux)
        return !f ? 1 : f->held ? MUX_KEEPS - f->held : MAX(front_room(f), MUX_KEEPS);
    return f && !f->ops && !waits(f) ? 256 : front_room(f); /* deaf: deliver() drops it */
}

/* As many of n as it takes now. Who is deaf, and does not come back, takes all, as a wire without a
 * receiver. */
static int front_takes(struct pb_char *f, const uint8_t *buf, uint32_t n)
{
    int took = (int)n;

    if (f->held || !enter(f))
        return 0;
    const struct pb_char_ops *ops = g_atomic_pointer_get(&f->ops); /* it stays until leave() */
    if (ops) {
        uint32_t room = ops->room ? ops->room(f->self) : 0;
        took = room ? ops->data(f->self, buf, MIN(n, room)) : 0;
    }
    leave(f);
    return took;
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
        uint32_t run = 1;
        while (done + run < len && !n->escaped && (!n->mux || buf[done + run] != escape_char))
            run++;
        int took = f ? front_takes(f, buf + done, run) : n->mux ? (int)run : 0;
        if (took <= 0 && n->mux)
            took = (int)keep(f, buf + done, run);
        if (took <= 0)
            break;
        n->escaped = FALSE;
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
        if (!f || !f->drained || !enter(f))
            continue;
        f->drained(f->drained_self);
        leave(f);
    }
}

void pb_char_hold(struct pb_machine *m, gboolean on)
{
    g_atomic_int_add(&held, on ? 1 : -1);
    while (on && g_atomic_int_get(&calls))
        g_thread_yield();
    if (g_atomic_int_get(&held))
        return;
    for (guint i = 0; i < m->devs->len; i++) {
        pb_dev *dev = m->devs->pdata[i];
        if (dev->cls->kind != PB_KIND_CHAR || !dev->backend)
            continue;
        drained(dev);
        mux_accept(dev->backend);
    }
}

/* ---- Consumer side ----------------------------------------------------------------- */

static int attach_ops(pb_char *c, const struct pb_char_ops *device, void *self)
{
    c->self = self;
    if (!device)
        c->drained = NULL; /* the code may go with the device */
    g_atomic_pointer_set(&c->ops, device);
    if (device && c->node->accept)
        c->node->accept(c->node->accept_self);
    return PB_OK;
}

static int char_write(pb_char *c, const uint8_t *buf, uint32_t len)
{
    if (waits(c))
        return 0;
    int took = to_backend(c->node, buf, len);

    if (took > 0)
        pb_doctor_text(&c->doctor, c->node->dev, buf, (uint32_t)took);
    return took;
}

static void on_drained(pb_char *c, void (*fn)(void *), void *self)
{
    c->drained_self = self;
    c->drained = fn;
}

static void accept_more(pb_char *c)
{
    struct node *n = c->node;

    if (g_atomic_int_get(&c->held))
        pb_main_soon(n->dev, mux_accept, n); /* not here: the device may be in a call */
    else if (n->accept && focused(n) == c)
        n->accept(n->accept_self);
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
    n->log_fd = -1;
    g_mutex_init(&n->lock);
    return n;
}

static void char_close(pb_dev *dev)
{
    struct node *n = dev->backend;

    for (guint i = 0; i < MAX_FRONTS; i++)
        g_free(n->front[i]);
    log_close(n);
    g_mutex_clear(&n->lock);
    g_free(n);
}

static void *char_attach(pb_dev *consumer, pb_dev *dev, pb_err *e)
{
    struct node *n = dev->backend;
    guint slot = 0;

    for (guint i = 0; i < MAX_FRONTS; i++) {
        struct pb_char *c = n->front[i];
        if (c && c->away && c->consumer == consumer) {
            c->away = FALSE;
            return c;
        }
    }
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

    attach_ops(c, NULL, NULL);
    if (c->consumer && c->consumer->reloading) {
        c->away = TRUE; /* keeps its turn at the input, and what was kept for it */
        return;
    }
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
