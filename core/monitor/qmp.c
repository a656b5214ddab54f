/* SPDX-License-Identifier: MIT */
/* qmp.c - sessions: QMP on a character node. QEMU's "QMP Protocol Specification", 2.
 *
 * Input arrives on any thread and is taken to the main one, where one command after the other is
 * run and answered. A peer that comes (again) is greeted and has to negotiate; what was meant for
 * the one before is forgotten.
 *
 * Nothing waits for a peer. What the backend does not take waits here; while that is a lot, no
 * further command is taken, and who does not even read events is dropped.
 */
#include "qmp.h"

#include "../backend/backend.h"
#include "../thread/thread.h"
#include "monitor.h"
#include "qmp-stream.h"

#include <string.h>

#define INPUT_MAX 65536u
#define MANY (64u << 10)    /* bytes that wait: no command is taken */
#define TOO_MANY (1u << 20) /* the peer is dropped */

struct session {
    struct pb_mon mon;
    pb_dev *node;
    pb_char *end;
    gboolean pretty, negotiated;
    gboolean deaf;        /* dropped, and it has not come back */
    struct pb_qmp_stream stream;
    GString *out;         /* what the backend did not take yet */
    guint peer;           /* the one that `out` and `stream` are about */
    GMutex lock;          /* of what follows */
    GString *in;
    guint peers;          /* how many came and went */
    gboolean there;       /* the last one came */
    gboolean waiting;     /* a main-loop call is on its way */
};

static GPtrArray *sessions;

static void turn(void *opaque);

/* It is not closed yet. */
static gboolean live(const struct session *s)
{
    return sessions && g_ptr_array_find(sessions, s, NULL);
}

static void soon(struct session *s)
{
    g_mutex_lock(&s->lock);
    gboolean call = !s->waiting;
    s->waiting = TRUE;
    g_mutex_unlock(&s->lock);
    if (call)
        pb_main_turn(s->node, turn, s); /* commands change the machine */
}

static gboolean same_peer(struct session *s)
{
    g_mutex_lock(&s->lock);
    gboolean same = s->peer == s->peers;
    g_mutex_unlock(&s->lock);
    return same;
}

/* ---- Output -------------------------------------------------------------------------- */

static void flush(struct session *s)
{
    while (s->out->len && same_peer(s)) {
        int n = pb_char_service.write(s->end, (const uint8_t *)s->out->str,
                                      (uint32_t)s->out->len);
        if (n <= 0)
            break;
        g_string_erase(s->out, 0, n);
    }
}

static void flush_main(void *opaque)
{
    struct session *s = opaque;

    if (!live(s))
        return;
    flush(s);
    if (s->deaf || s->out->len < MANY)
        soon(s); /* commands may wait */
}

static void drained(void *self)
{
    pb_main_soon(((struct session *)self)->node, flush_main, self);
}

static void drop(struct session *s)
{
    pb_warn("the QMP client of chardev '%s' does not read what it is told: %u MiB wait, it is "
            "dropped", s->node->name, TOO_MANY >> 20);
    g_string_truncate(s->out, 0);
    s->deaf = TRUE;
    s->negotiated = FALSE;
    pb_char_hang_up(s->end);
}

/* One line; `text` is JSON. */
static void say(struct session *s, const char *text)
{
    if (s->deaf || !same_peer(s))
        return; /* for somebody who is not there any more */
    if (s->out->len > TOO_MANY) {
        drop(s);
        return;
    }
    g_string_append(s->out, text);
    g_string_append(s->out, "\r\n");
    flush(s);
}

static struct pb_writer writer(const struct session *s)
{
    return (struct pb_writer){.text = g_string_new(NULL), .flat = !s->pretty};
}

static void say_written(struct session *s, struct pb_writer *w)
{
    say(s, w->text->str);
    g_string_free(w->text, TRUE);
}

static void greet(struct session *s)
{
    struct pb_writer w = writer(s);

    pb_write_open(&w, NULL, '{');
    pb_write_open(&w, "QMP", '{');
    pb_qmp_version(&w, "version");
    pb_write_list(&w, "capabilities", NULL);
    pb_write_close(&w, '}');
    pb_write_close(&w, '}');
    say_written(s, &w);
}

/* ---- Input --------------------------------------------------------------------------- */

static void command(struct session *s)
{
    pb_err e = {0};
    struct pb_writer w = writer(s);
    struct pb_qmp q = {.mon = &s->mon, .m = s->mon.m, .negotiated = s->negotiated, .e = &e};

    pb_qmp_dispatch(&q, s->stream.text->str, &w);
    pb_err_clear(&e);
    s->negotiated = q.negotiated;
    say_written(s, &w);
}

static void fault(struct session *s)
{
    struct pb_writer w = writer(s);
    g_autofree char *desc = g_strdup_printf("JSON parse error, %s", s->stream.fault);

    pb_qmp_refuse(&w, NULL, desc);
    say_written(s, &w);
}

/* As far as answers may go. FALSE: something is left. */
static gboolean take(struct session *s, const char *text, gsize n, gsize *used)
{
    for (*used = 0; *used < n;) {
        gsize k;
        if (s->deaf || s->out->len >= MANY || !same_peer(s))
            return FALSE;
        enum pb_qmp_found found = pb_qmp_stream_feed(&s->stream, text + *used, n - *used, &k);
        *used += k;
        if (found == PB_QMP_VALUE)
            command(s);
        else if (found == PB_QMP_BAD)
            fault(s);
    }
    return TRUE;
}

/* Somebody came or left; or who was dropped reads again, where a connection has no end. */
static void restart(struct session *s, guint peer, gboolean there)
{
    g_string_assign(s->out, s->peer == peer ? "\r\n" : "");
    s->peer = peer;
    s->negotiated = s->deaf = FALSE;
    pb_qmp_stream_reset(&s->stream);
    if (there)
        greet(s);
}

static void turn(void *opaque)
{
    struct session *s = opaque;
    gsize used;

    if (!live(s))
        return;
    g_mutex_lock(&s->lock);
    guint peers = s->peers;
    gboolean there = s->there;
    GString *in = s->in;
    s->in = g_string_new(NULL);
    s->waiting = FALSE;
    g_mutex_unlock(&s->lock);
    if (s->peer != peers || s->deaf)
        restart(s, peers, there);
    gboolean all = take(s, in->str, in->len, &used);
    g_mutex_lock(&s->lock);
    if (!all && s->peers == peers) /* before what has come meanwhile */
        g_string_prepend_len(s->in, in->str + used, (gssize)(in->len - used));
    g_mutex_unlock(&s->lock);
    g_string_free(in, TRUE);
    pb_char_service.accept(s->end);
}

static uint32_t room(void *self)
{
    struct session *s = self;

    g_mutex_lock(&s->lock);
    uint32_t n = s->in->len < INPUT_MAX ? INPUT_MAX - (uint32_t)s->in->len : 0;
    g_mutex_unlock(&s->lock);
    return n;
}

static int data(void *self, const uint8_t *buf, uint32_t n)
{
    struct session *s = self;

    g_mutex_lock(&s->lock);
    n = MIN(n, INPUT_MAX - MIN((uint32_t)s->in->len, INPUT_MAX));
    g_string_append_len(s->in, (const char *)buf, n);
    g_mutex_unlock(&s->lock);
    if (n)
        soon(s);
    return (int)n;
}

static void event(void *self, uint32_t ev)
{
    struct session *s = self;

    if (ev != PB_CHR_OPENED && ev != PB_CHR_CLOSED)
        return;
    g_mutex_lock(&s->lock);
    g_string_truncate(s->in, 0);
    s->peers++;
    s->there = ev == PB_CHR_OPENED;
    g_mutex_unlock(&s->lock);
    soon(s);
}

static const struct pb_char_ops ops = {.size = sizeof ops, .room = room, .data = data,
                                       .event = event};

/* ---- Sessions ------------------------------------------------------------------------ */

int pb_qmp_open(struct pb_machine *m, const char *chardev, gboolean pretty, pb_err *e)
{
    pb_dev *node = pb_dev_find(m, chardev);

    if (!node || !node->backend)
        return pb_err_set(e, PB_ENOENT, "chardev \"%s\" not found", chardev);
    if (pb_char_is_mux(node)) {
        pb_err_set(e, PB_EINVAL, "chardev '%s' is shared (mux=on): there is no room for QMP "
                   "beside another use", chardev);
        pb_err_hint(e, "give QMP a chardev of its own, such as -qmp unix:PATH,server=on,wait=off");
        return PB_EINVAL;
    }
    pb_char *end = pb_backend_attach(NULL, node, e);
    if (!end)
        return e->code;
    struct session *s = g_new0(struct session, 1);
    *s = (struct session){.mon = {.m = m, .out = g_string_new(NULL)}, .node = node, .end = end,
                          .pretty = pretty, .out = g_string_new(NULL),
                          .in = g_string_new(NULL), .there = TRUE};
    pb_qmp_stream_init(&s->stream);
    g_mutex_init(&s->lock);
    if (!sessions)
        sessions = g_ptr_array_new();
    g_ptr_array_add(sessions, s);
    pb_char_service.on_drained(end, drained, s);
    pb_char_service.attach(end, &ops, s);
    greet(s); /* of a socket without a peer it goes nowhere */
    return PB_OK;
}

void pb_qmp_close_all(void)
{
    for (guint i = 0; sessions && i < sessions->len; i++) {
        struct session *s = sessions->pdata[i];
        flush(s);
        pb_backend_detach(s->node, s->end);
        pb_qmp_stream_fini(&s->stream);
        g_string_free(s->mon.out, TRUE);
        g_string_free(s->in, TRUE);
        g_string_free(s->out, TRUE);
        g_mutex_clear(&s->lock);
        g_free(s);
    }
    if (sessions)
        g_ptr_array_unref(sessions);
    sessions = NULL;
}

void pb_qmp_event(const char *what, const struct pb_fact *facts)
{
    gint64 now = g_get_real_time();

    for (guint i = 0; sessions && i < sessions->len; i++) {
        struct session *s = sessions->pdata[i];
        if (!s->negotiated)
            continue;
        struct pb_writer w = writer(s);
        pb_write_open(&w, NULL, '{');
        pb_write_open(&w, "timestamp", '{');
        pb_write_int(&w, "seconds", now / G_USEC_PER_SEC);
        pb_write_int(&w, "microseconds", now % G_USEC_PER_SEC);
        pb_write_close(&w, '}');
        pb_write_text(&w, "event", what);
        if (facts->key)
            pb_write_open(&w, "data", '{');
        for (const struct pb_fact *f = facts; f->key; f++) {
            if (f->text)
                pb_write_text(&w, f->key, f->text);
            else
                pb_write_bool(&w, f->key, f->truth);
        }
        if (facts->key)
            pb_write_close(&w, '}');
        pb_write_close(&w, '}');
        say_written(s, &w);
    }
}
