/* SPDX-License-Identifier: MIT */
/* backend.c - the steps of a backend class: opened and closed, described, and used through
 * the service of its kind as a device would use it.
 */
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct rig {
    pbt *b;
    pb_dev *node;
    int why;
};

static struct rig set_up(const struct options *o, const struct pb_class_ref *r)
{
    const struct pb_backend_class *c = r->cls;
    struct rig g = {.b = pbt_new(), .why = 2};

    pbt_load(g.b, o->plugin);
    char *props = make_props(g.b, c->props, c->n_props, o->props, o->bare);
    if (!props)
        return g;
    g.node = pbt_backend(g.b, r->kind, c->id, "node", *props ? props : NULL);
    free(props);
    if (!g.node)
        g.why = refused(o, pbt_error(g.b));
    return g;
}

static int life(const struct options *o, const void *cls)
{
    const struct pb_class_ref *r = cls;
    const struct pb_backend_class *c = r->cls;
    struct rig g = set_up(o, r);
    char text[64];

    if (!g.node)
        return g.why;
    pbt_settle(g.b);
    if (PB_HAS(struct pb_backend_class, c, describe)) {
        memset(text, 'x', sizeof text);
        c->describe(pbt_self(g.node), text, sizeof text);
        if (!memchr(text, 0, sizeof text))
            return failed("describe() wrote no end of text within the %zu bytes", sizeof text);
    }
    pbt_settle(g.b);
    pbt_remove(g.node);
    pbt_settle(g.b);
    pbt_free(g.b);
    return 0;
}

/* ---- Block ----------------------------------------------------------------------------- */

struct done {
    struct pb_block_req r; /* first */
    _Atomic uint32_t calls; /* a backend's own thread may complete */
    uint32_t inside;
};
static _Thread_local int submitting;

static void block_done(struct pb_block_req *r)
{
    struct done *d = (void *)r;

    d->inside |= submitting;
    d->calls++;
}

/* One request to its end; its status, 1 when done() was not called exactly once, 2 when it was
 * called inside submit(). */
static int32_t block_do(struct rig *g, uint32_t op, uint64_t off, void *buf, uint64_t n)
{
    const pb_host *h = pbt_host(g->b);
    const struct pb_svc_block *s = h->get(h, PB_SVC_BLOCK);
    struct pb_iov v = {buf, n};
    struct done d = {.r = {.size = sizeof d.r, .op = op, .offset = off, .bytes = n, .iov = &v,
                           .n_iov = buf ? 1 : 0, .done = block_done}};

    submitting = 1;
    s->submit(pbt_block_of(g->node), &d.r);
    submitting = 0;
    for (int ms = 0; ms < 10000 && !d.calls; ms++) { /* it may be the kernel's turn */
        pbt_settle(g->b);
        if (!d.calls)
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return d.inside ? 2 : d.calls == 1 ? d.r.status : 1;
}

static int use_block(struct rig *g, uint64_t seed)
{
    const pb_host *h = pbt_host(g->b);
    const struct pb_svc_block *s = h->get(h, PB_SVC_BLOCK);
    struct pb_block_info i = {.size = sizeof i};
    uint8_t out[4096], in[4096];

    if (s->info(pbt_block_of(g->node), &i) < 0)
        return left_out("there is no medium");
    if (i.align < 512 || (i.align & (i.align - 1)) || i.bytes % i.align)
        return failed("info: align %u, %llu bytes", i.align, (unsigned long long)i.bytes);
    if (i.bytes < sizeof in || i.align > sizeof in)
        return left_out("a medium of %llu bytes is too small", (unsigned long long)i.bytes);
    for (int k = 0; k < 64; k++) {
        uint64_t off = pbt_rand(&seed) % (i.bytes - sizeof in + 1) / i.align * i.align;
        for (size_t b = 0; b < sizeof out; b++)
            out[b] = (uint8_t)pbt_rand(&seed);
        int32_t w = i.read_only ? 0 : block_do(g, PB_BLK_WRITE, off, out, sizeof out);
        int32_t r = block_do(g, PB_BLK_READ, off, in, sizeof in);
        if (w || r)
            return failed("%s at %llu: %s (%d)", w ? "write" : "read", (unsigned long long)off,
                          w == 2 || r == 2   ? "done() was called inside submit()"
                          : w == 1 || r == 1 ? "done() was not called exactly once"
                                             : "it failed", w ? w : r);
        if (!i.read_only && memcmp(in, out, sizeof in))
            return failed("what was written at %llu is not read back", (unsigned long long)off);
    }
    if ((i.ops & 1u << PB_BLK_FLUSH) && block_do(g, PB_BLK_FLUSH, 0, NULL, 0))
        return failed("flush failed");
    if (block_do(g, PB_BLK_READ, i.bytes, in, sizeof in) >= 0)
        return failed("a read past the end did not fail");
    return 0;
}

/* ---- The others ------------------------------------------------------------------------ */

static int took;

static int take_frame(void *self, const struct pb_iov *v, uint32_t n, uint32_t flags)
{
    uint64_t len = 0;

    (void)self, (void)flags;
    for (uint32_t i = 0; i < n; i++)
        len += v[i].len;
    took++;
    return (int)len;
}

static void no_ready(void *self)
{
    (void)self;
}

static int use_net(struct rig *g, uint64_t seed)
{
    static const struct pb_net_ops device = {.size = sizeof device, .frame = take_frame,
                                             .ready = no_ready};
    const pb_host *h = pbt_host(g->b);
    const struct pb_svc_net *s = h->get(h, PB_SVC_NET);
    uint8_t frame[1600];

    if (s->attach(pbt_net_of(g->node), &device, NULL) < 0)
        return failed("a device cannot be attached");
    for (int k = 0; k < 2000; k++) {
        uint32_t n = k < 1600 ? (uint32_t)k : (uint32_t)(pbt_rand(&seed) % sizeof frame);
        for (uint32_t i = 0; i < n; i++)
            frame[i] = (uint8_t)pbt_rand(&seed);
        struct pb_iov v[2] = {{frame, n / 2}, {frame + n / 2, n - n / 2}};
        int r = s->to_wire(pbt_net_of(g->node), v, 2, 0);
        if (r > (int)n)
            return failed("a frame of %u bytes: %d were taken", n, r);
        pbt_settle(g->b);
    }
    s->attach(pbt_net_of(g->node), NULL, NULL);
    fprintf(report, " %d frames came back,", took);
    return 0;
}

static uint32_t char_room(void *self)
{
    (void)self;
    return 64;
}

static int char_data(void *self, const uint8_t *buf, uint32_t n)
{
    (void)self, (void)buf;
    took += (int)n;
    return (int)n;
}

static int use_char(struct rig *g, uint64_t seed)
{
    static const struct pb_char_ops device = {.size = sizeof device, .room = char_room,
                                              .data = char_data};
    const pb_host *h = pbt_host(g->b);
    const struct pb_svc_char *s = h->get(h, PB_SVC_CHAR);
    uint8_t buf[300];

    if (s->attach(pbt_char_of(g->node), &device, NULL) < 0)
        return failed("a device cannot be attached");
    for (int k = 0; k < 500; k++) {
        uint32_t n = (uint32_t)(pbt_rand(&seed) % sizeof buf);
        for (uint32_t i = 0; i < n; i++)
            buf[i] = (uint8_t)pbt_rand(&seed);
        int r = s->write(pbt_char_of(g->node), buf, n);
        if (r < 0 || r > (int)n)
            return failed("write() of %u bytes gave %d", n, r);
        pbt_settle(g->b);
    }
    fprintf(report, " %d bytes came back,", took);
    return 0;
}

static void fs_done(void *user, int32_t n)
{
    *(int32_t *)user = n;
}

static int use_fs(struct rig *g, uint64_t seed)
{
    const pb_host *h = pbt_host(g->b);
    const struct pb_svc_fs *s = h->get(h, PB_SVC_FS);
    uint8_t t[256] = {21, 0, 0, 0, 100, 0xff, 0xff, 0, 0x20, 0, 0, 8, 0, '9', 'P', '2', '0', '0',
                      '0', '.', 'L'}, r[8192];
    struct pb_iov out = {t, 21}, in = {r, sizeof r};

    for (int k = 0; k < 3000; k++) { /* Tversion first, then what no client would send */
        int32_t n = -1000;
        s->submit(pbt_fs_of(g->node), &out, 1, &in, 1, fs_done, &n);
        pbt_settle(g->b);
        if (n == -1000)
            return failed("done() was not called for message %d", k);
        if (n > (int32_t)sizeof r || (k == 0 && (n < 7 || r[4] != 101)))
            return failed("message %d got an answer of %d bytes, type %u", k, n, r[4]);
        out.len = 7 + pbt_rand(&seed) % (sizeof t - 7);
        for (size_t i = 7; i < out.len; i++)
            t[i] = (uint8_t)pbt_rand(&seed);
        t[0] = (uint8_t)out.len;
        t[4] = (uint8_t)(pbt_rand(&seed) % 60 * 2);
    }
    s->reset(pbt_fs_of(g->node));
    return 0;
}

static int use(const struct options *o, const void *cls)
{
    const struct pb_class_ref *r = cls;
    struct rig g = set_up(o, r);

    if (!g.node)
        return g.why;
    int bad = strcmp(r->kind, PB_CLASS_BLOCK) == 0  ? use_block(&g, o->seed)
              : strcmp(r->kind, PB_CLASS_NET) == 0  ? use_net(&g, o->seed)
              : strcmp(r->kind, PB_CLASS_CHAR) == 0 ? use_char(&g, o->seed)
                                                    : use_fs(&g, o->seed);
    if (!bad) {
        pbt_remove(g.node);
        pbt_free(g.b);
    }
    return bad;
}

const struct step backend_steps[] = {{"life", life}, {"use", use}, {NULL, NULL}};
