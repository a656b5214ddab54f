/* SPDX-License-Identifier: MIT */
/* monitor.c - sessions: a monitor on a character node. Input arrives on any thread and is
 * taken to the main one, where lines are edited and commands run; output waits here while
 * the backend takes none.
 */
#include "monitor.h"

#include "../backend/backend.h"
#include "../thread/thread.h"
#include "command.h"
#include "edit.h"
#include "qmp.h"

#include <string.h>

#define INPUT_MAX 4096u

struct session {
    struct pb_mon mon;
    pb_dev *node;
    pb_char *end;
    struct pb_edit edit;
    GMutex lock;    /* in, waiting */
    GString *in;
    gboolean waiting; /* a main-loop call is on its way */
    GString *pending; /* output that the backend did not take */
    gboolean greeted;
};

static GPtrArray *sessions;
static void (*quit_fn)(void);

void pb_monitor_on_quit(void (*quit)(void))
{
    quit_fn = quit;
}

void pb_mon_quit(void)
{
    if (quit_fn)
        quit_fn();
}

/* Nobody has to hear of a moment's stop. */
gboolean pb_mon_pause(struct pb_mon *x)
{
    gboolean ran = x->m->state == PB_RUN_RUNNING;

    if (ran) {
        void (*event)(struct pb_machine *, const char *, const struct pb_fact *) = x->m->event;
        x->m->event = NULL;
        pb_machine_stop(x->m, PB_RUN_PAUSED);
        x->m->event = event;
    }
    return ran;
}

void pb_mon_resume(struct pb_mon *x, gboolean ran)
{
    if (ran) {
        void (*event)(struct pb_machine *, const char *, const struct pb_fact *) = x->m->event;
        x->m->event = NULL;
        pb_machine_start(x->m);
        x->m->event = event;
    }
}

/* ---- Output -------------------------------------------------------------------------- */

static void flush(struct session *s)
{
    while (s->pending->len) {
        int n = pb_char_service.write(s->end, (const uint8_t *)s->pending->str,
                                      (uint32_t)s->pending->len);
        if (n <= 0)
            break;
        g_string_erase(s->pending, 0, n);
    }
}

/* A terminal needs CR LF. */
static void print(struct session *s, const char *text)
{
    for (; *text; text++) {
        if (*text == '\n')
            g_string_append_c(s->pending, '\r');
        g_string_append_c(s->pending, *text);
    }
    flush(s);
}

static gboolean flush_main(gpointer p)
{
    for (guint i = 0; sessions && i < sessions->len; i++)
        if (sessions->pdata[i] == p)
            flush(p);
    return G_SOURCE_REMOVE;
}

static void drained(void *self)
{
    g_idle_add_full(G_PRIORITY_DEFAULT, flush_main, self, NULL);
}

static void greet(struct session *s)
{
    print(s, "Plugboard " PB_VERSION " monitor - type 'help' for more information\n");
    print(s, pb_edit_prompt());
    s->greeted = TRUE;
}

/* ---- Input --------------------------------------------------------------------------- */

static void edit_print(void *user, const char *text)
{
    print(user, text);
}

static void edit_line(void *user, const char *line)
{
    struct session *s = user;

    g_string_truncate(s->mon.out, 0);
    pb_command_line(&s->mon, line);
    print(s, s->mon.out->str);
}

static char **edit_complete(void *user, const char *text)
{
    return pb_command_complete(&((struct session *)user)->mon, text);
}

static gboolean input_main(gpointer p)
{
    struct session *s = p;
    gboolean there = FALSE;

    for (guint i = 0; sessions && i < sessions->len; i++)
        there |= sessions->pdata[i] == p;
    if (!there)
        return G_SOURCE_REMOVE;
    if (pb_main_nested()) /* a command waits for the host's disk; one at a time */
        return G_SOURCE_CONTINUE;
    g_mutex_lock(&s->lock);
    g_autofree char *text = g_memdup2(s->in->str, s->in->len + 1);
    gsize n = s->in->len;
    g_string_truncate(s->in, 0);
    s->waiting = FALSE;
    g_mutex_unlock(&s->lock);
    for (gsize i = 0; i < n; i++)
        pb_edit_byte(&s->edit, (unsigned char)text[i]);
    pb_char_service.accept(s->end);
    return G_SOURCE_REMOVE;
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
    gboolean call;

    g_mutex_lock(&s->lock);
    n = MIN(n, INPUT_MAX - MIN((uint32_t)s->in->len, INPUT_MAX));
    g_string_append_len(s->in, (const char *)buf, n);
    call = !s->waiting && n;
    s->waiting |= call;
    g_mutex_unlock(&s->lock);
    if (call)
        g_idle_add_full(G_PRIORITY_DEFAULT, input_main, s, NULL); /* its turn comes */
    return (int)n;
}

static gboolean opened_main(gpointer p)
{
    for (guint i = 0; sessions && i < sessions->len; i++)
        if (sessions->pdata[i] == p) {
            struct session *s = p;
            if (s->greeted)
                print(s, pb_edit_prompt());
            else
                greet(s);
        }
    return G_SOURCE_REMOVE;
}

static void event(void *self, uint32_t ev)
{
    if (ev == PB_CHR_OPENED)
        g_idle_add_full(G_PRIORITY_DEFAULT, opened_main, self, NULL);
}

static const struct pb_char_ops ops = {.size = sizeof ops, .room = room, .data = data,
                                       .event = event};

/* ---- Sessions ------------------------------------------------------------------------ */

int pb_monitor_open(struct pb_machine *m, const char *chardev, pb_err *e)
{
    pb_dev *node = pb_dev_find(m, chardev);
    struct session *s = g_new0(struct session, 1);

    gboolean shared = node && pb_backend_consumer(node);
    if (node)
        s->end = pb_backend_attach(NULL, node, e);
    if (!s->end) {
        g_free(s);
        return pb_err_set(e, PB_ENOENT, "chardev \"%s\" not found", chardev);
    }
    s->node = node;
    s->mon.m = m;
    s->mon.out = g_string_new(NULL);
    s->in = g_string_new(NULL);
    s->pending = g_string_new(NULL);
    g_mutex_init(&s->lock);
    pb_edit_init(&s->edit, edit_print, edit_line, edit_complete, s);
    if (!sessions)
        sessions = g_ptr_array_new();
    g_ptr_array_add(sessions, s);
    pb_char_service.on_drained(s->end, drained, s);
    pb_char_service.attach(s->end, &ops, s);
    if (!shared && !s->greeted)
        greet(s); /* of a mux it is not in front: C-a c gets there */
    return PB_OK;
}

void pb_monitor_close_all(void)
{
    pb_qmp_close_all();
    for (guint i = 0; sessions && i < sessions->len; i++) {
        struct session *s = sessions->pdata[i];
        flush(s);
        pb_backend_detach(s->node, s->end);
        pb_edit_fini(&s->edit);
        g_string_free(s->mon.out, TRUE);
        g_string_free(s->in, TRUE);
        g_string_free(s->pending, TRUE);
        g_mutex_clear(&s->lock);
        g_free(s);
    }
    if (sessions)
        g_ptr_array_unref(sessions);
    sessions = NULL;
}

void pb_monitor_event(struct pb_machine *m, const char *what, const struct pb_fact *facts)
{
    (void)m; /* the human monitor shows none */
    pb_qmp_event(what, facts);
}
