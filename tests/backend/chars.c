/* SPDX-License-Identifier: MIT */
/* chars.c - see chars.h. */
#include "chars.h"

static uint32_t room(void *self)
{
    return ((struct port *)self)->room;
}

static int data(void *self, const uint8_t *buf, uint32_t n)
{
    struct port *p = self;

    CU_ASSERT_FATAL(n <= p->room && p->n + n <= sizeof p->in);
    memcpy(p->in + p->n, buf, n);
    p->n += n;
    p->room -= n;
    return (int)n;
}

static void event(void *self, uint32_t ev)
{
    struct port *p = self;

    p->opened += ev == PB_CHR_OPENED;
    p->closed += ev == PB_CHR_CLOSED;
    p->breaks += ev == PB_CHR_BREAK;
}

static void drained(void *self)
{
    ((struct port *)self)->drained++;
}

struct port *port_new(const char *node, uint32_t bytes)
{
    static const struct pb_char_ops ops = {sizeof ops, 0, room, data, event};
    struct port *p = g_new0(struct port, 1);

    p->d = bk_device(PB_KIND_CHAR, node);
    p->room = bytes;
    bk_chr->on_drained(p->d->chr, drained, p);
    bk_chr->attach(p->d->chr, &ops, p);
    return p;
}

void port_free(struct port *p)
{
    bk_undevice(p->d);
    g_free(p);
}

void port_more(struct port *p, uint32_t bytes)
{
    p->room += bytes;
    bk_chr->accept(p->d->chr);
}

int port_write(struct port *p, const void *buf, uint32_t n)
{
    const uint8_t *at = buf;
    int refused = 0;

    for (gint64 end = g_get_monotonic_time() + 20000000; n && g_get_monotonic_time() < end;) {
        uint32_t before = p->drained;
        int took = bk_chr->write(p->d->chr, at, n);
        CU_ASSERT_FATAL(took >= 0 && (uint32_t)took <= n);
        at += took;
        n -= (uint32_t)took;
        if (took)
            continue;
        refused++;
        while (p->drained == before && g_get_monotonic_time() < end)
            if (!g_main_context_iteration(NULL, FALSE))
                g_usleep(50);
    }
    CU_ASSERT_EQUAL(n, 0);
    return refused;
}

struct wait {
    struct port *p;
    uint32_t n;
};

static gboolean came(void *user)
{
    struct wait *w = user;
    return w->p->n >= w->n;
}

gboolean port_wait(struct port *p, uint32_t n, int ms)
{
    struct wait w = {p, n};
    return bk_until(came, &w, ms);
}

uint64_t port_syscalls(void)
{
    unsigned long long n = 0;
    char line[128];
    FILE *f = fopen("/proc/self/io", "r");

    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "syscw: %llu", &n) == 1)
            break;
    if (f)
        fclose(f);
    return n;
}
