/* SPDX-License-Identifier: MIT */
/* fs.c - pb.fs/1: a file share whose answers the test makes, and real backend plugins. */
#include "internal.h"

#define MSG_MAX (1u << 20)

struct pb_fs {
    pb_dev *d;
    int32_t (*answer)(void *, const uint8_t *, uint32_t, uint8_t *, uint32_t);
    void *user;
    uint32_t in_flight;
};

struct call {
    struct pb_fs *f;
    void (*done)(void *, int32_t);
    void *user;
    int32_t n;
};

pb_fs *pbt__fs_end(pb_dev *d)
{
    if (!d->end || strcmp(d->kind, PB_CLASS_FS) != 0)
        pbt__die(d->b, "'%s' is no file share", d->name);
    return d->end;
}

pb_fs *pbt_fs_of(pb_dev *node)
{
    return pbt__fs_end(node);
}

pb_dev *pbt_fs_new(pbt *b, const char *name,
                   int32_t (*answer)(void *, const uint8_t *, uint32_t, uint8_t *, uint32_t),
                   void *user)
{
    pb_dev *d = pbt__node(b, name, NODE_BACKEND);
    struct pb_fs *f = pbt__alloc(sizeof *f);

    *f = (struct pb_fs){d, answer, user, 0};
    d->kind = PB_CLASS_FS;
    d->end = f;
    return d;
}

void pbt__fs_free(pb_dev *d)
{
    if (d->end && strcmp(d->kind, PB_CLASS_FS) == 0)
        free(d->end);
}

static void finish(void *opaque)
{
    struct call c = *(struct call *)opaque;

    free(opaque);
    c.f->in_flight--;
    c.done(c.user, c.n);
}

/* Bytes of the buffers that a message has, whole ones; *n: how many those are. */
static uint32_t fit(const struct pb_iov *v, uint32_t *n)
{
    uint32_t len = 0, i = 0;

    for (; i < *n && v[i].len <= MSG_MAX - len; i++)
        len += (uint32_t)v[i].len;
    *n = i;
    return len;
}

static void fs_submit(pb_fs *f, const struct pb_iov *out, uint32_t n_out,
                      const struct pb_iov *in, uint32_t n_in, void (*done)(void *, int32_t),
                      void *user)
{
    uint32_t len, room, at = 0;

    if (f->d->bcls) {
        ((const struct pb_fs_ops *)f->d->bcls->ops)->submit(f->d->self, out, n_out, in, n_in,
                                                            done, user);
        return;
    }
    len = fit(out, &n_out);
    room = fit(in, &n_in);
    uint8_t *t = pbt__alloc(len), *r = pbt__alloc(room); /* no larger: a sanitizer sees the ends */
    for (uint32_t i = 0; i < n_out; i++) {
        memcpy(t + at, out[i].base, out[i].len);
        at += (uint32_t)out[i].len;
    }
    at = 0;
    struct call *c = pbt__alloc(sizeof *c);
    *c = (struct call){f, done, user, f->answer(f->user, t, len, r, room)};
    for (uint32_t i = 0; i < n_in && c->n > 0 && at < (uint32_t)c->n; i++) {
        uint32_t k = (uint32_t)c->n - at;
        k = k < in[i].len ? k : (uint32_t)in[i].len;
        memcpy(in[i].base, r + at, k);
        at += k;
    }
    free(t);
    free(r);
    f->in_flight++;
    pbt__job(f->d, TAG_IO, NULL, finish, c);
}

static void fs_reset(pb_fs *f)
{
    if (f->in_flight)
        pbt__die(f->d->b, "pb.fs reset() with %u requests in flight", f->in_flight);
    if (f->d->bcls)
        ((const struct pb_fs_ops *)f->d->bcls->ops)->reset(f->d->self);
}

const struct pb_svc_fs pbt__svc_fs = {
    .size = sizeof pbt__svc_fs, .submit = fs_submit, .reset = fs_reset,
};

/* ---- Real backends ----------------------------------------------------------------- */

static pb_dev *make_end(pbt *b, const char *kind, const char *name)
{
    if (strcmp(kind, PB_CLASS_CHAR) == 0)
        return pbt_char_new(b, name);
    if (strcmp(kind, PB_CLASS_BLOCK) == 0)
        return pbt_block_new(b, name, 0, 0);
    if (strcmp(kind, PB_CLASS_NET) == 0)
        return pbt_net_new(b, name);
    return pbt_fs_new(b, name, NULL, NULL);
}

pb_dev *pbt_backend(pbt *b, const char *kind, const char *cls, const char *name,
                    const char *props)
{
    const struct pb_backend_class *c = (const void *)pbt__find_class(b, kind, cls);
    struct pbt_ctx x;

    if (!c)
        pbt__die(b, "no %s backend '%s'", kind, cls);
    b->err.code = 0;
    b->err.text[0] = 0;
    pb_dev *d = make_end(b, kind, name);
    d->bcls = c;
    d->self = pbt__alloc(c->instance_size);
    if (pbt__parse_props(d, props) < 0 || pbt__check_props(d, c->props, c->n_props) < 0) {
        d->bcls = NULL;
        pbt_remove(d);
        return NULL;
    }
    pbt__enter(b, &x, TAG_MAIN, d);
    int rc = c->open(d->self, d, &b->host, &b->err);
    pbt__leave(b, &x, d);
    if (rc < 0) {
        d->bcls = NULL;
        pbt_remove(d);
        return NULL;
    }
    return d;
}

void pbt_describe(pb_dev *d, char *buf, uint32_t n)
{
    struct pbt_ctx x;

    buf[0] = 0;
    if (!PB_HAS(struct pb_backend_class, d->bcls, describe))
        return;
    pbt__enter(d->b, &x, TAG_MAIN, d);
    d->bcls->describe(d->self, buf, n);
    pbt__leave(d->b, &x, d);
}
