/* SPDX-License-Identifier: MIT */
/* @name@.c - a share with one read-only file, `hello`, whose text is a property.
 *
 *     -fsdev @name@,id=f,text=Hi -device virtio-9p-device,fsdev=f,mount_tag=t
 *     (guest) mount -t 9p -o trans=virtio,version=9p2000.L t /mnt
 *
 * Speaks whole 9P2000.L messages: a T-message comes in, an R-message goes out, by the Linux
 * kernel's 9p documentation. What it does not know is answered by Rlerror.
 *
 * Not modelled: writing, and everything that a larger tree would need.
 */
#include <plugboard/backend.h>
#include <plugboard/plugin.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { P_TEXT };
enum { MSG = 8192, FIDS = 64 };
enum { RLERROR = 7, TLOPEN = 12, TGETATTR = 24, TREADDIR = 40, TVERSION = 100,
       TATTACH = 104, TFLUSH = 108, TWALK = 110, TREAD = 116, TCLUNK = 120 };
enum { ROOT = 1, FILE_ = 2 }; /* what a fid stands for; also the qid's path */

static const struct pb_prop props[] = {
    {.name = "text", .doc = "what the file says", .def = "hello", .type = PB_T_STR},
};

struct @ident@ {
    const struct pb_svc_thread *thread;
    pb_dev *node;
    const char *text;
    struct {
        uint32_t fid, what; /* what 0: free */
    } fids[FIDS];
};

/* A message being read or written; `bad` once it did not fit. */
struct msg {
    uint8_t *p;
    uint32_t at, len, bad;
};

static uint64_t get(struct msg *m, uint32_t n)
{
    uint64_t v = 0;

    if (m->bad || n > m->len - m->at) {
        m->bad = 1;
        return 0;
    }
    for (uint32_t i = 0; i < n; i++)
        v |= (uint64_t)m->p[m->at++] << 8 * i;
    return v;
}

static void put(struct msg *m, uint64_t v, uint32_t n)
{
    if (m->bad || n > m->len - m->at) {
        m->bad = 1;
        return;
    }
    for (uint32_t i = 0; i < n; i++)
        m->p[m->at++] = (uint8_t)(v >> 8 * i);
}

static void put_qid(struct msg *m, uint32_t what)
{
    put(m, what == ROOT ? 0x80 : 0, 1); /* QTDIR */
    put(m, 0, 4);
    put(m, what, 8);
}

/* The entry of `fid`; with `make`, a free one when there is none. NULL: none. */
static uint32_t *lookup(struct @ident@ *f, uint32_t fid, int make)
{
    for (int i = 0; i < FIDS; i++)
        if (f->fids[i].what && f->fids[i].fid == fid)
            return &f->fids[i].what;
    for (int i = 0; make && i < FIDS; i++)
        if (!f->fids[i].what) {
            f->fids[i].fid = fid;
            return &f->fids[i].what;
        }
    return NULL;
}

static int walk(struct @ident@ *f, uint32_t what, struct msg *t, struct msg *r)
{
    uint32_t newfid = (uint32_t)get(t, 4), n = (uint32_t)get(t, 2);
    uint32_t *to;

    if (n > 1)
        return ENOENT;
    put(r, n, 2);
    if (n) {
        uint32_t len = (uint32_t)get(t, 2);
        if (what != ROOT || len != 5 || len > t->len - t->at || memcmp(t->p + t->at, "hello", 5))
            return ENOENT;
        what = FILE_;
        put_qid(r, what);
    }
    if (t->bad)
        return EINVAL;
    to = lookup(f, newfid, 1);
    if (!to)
        return EMFILE;
    *to = what;
    return 0;
}

static int getattr(struct @ident@ *f, uint32_t what, struct msg *r)
{
    uint64_t size = what == FILE_ ? strlen(f->text) : 0;

    put(r, 0x7ff, 8); /* P9_STATS_BASIC */
    put_qid(r, what);
    put(r, what == ROOT ? 0040555 : 0100444, 4);
    put(r, 0, 4); /* uid, gid */
    put(r, 0, 4);
    put(r, what == ROOT ? 2 : 1, 8);
    put(r, 0, 8); /* rdev */
    put(r, size, 8);
    put(r, 4096, 8);
    put(r, (size + 511) / 512, 8);
    for (int i = 0; i < 10; i++) /* four times, two words each; gen; data_version */
        put(r, 0, 8);
    return 0;
}

static int read_file(struct @ident@ *f, uint32_t what, struct msg *t, struct msg *r)
{
    uint64_t off = get(t, 8), n = get(t, 4), size = strlen(f->text);

    if (what != FILE_)
        return EISDIR;
    n = off >= size ? 0 : n < size - off ? n : size - off;
    if (n > r->len - r->at - 4)
        n = r->len - r->at - 4;
    put(r, n, 4);
    memcpy(r->p + r->at, f->text + (n ? off : 0), n);
    r->at += (uint32_t)n;
    return 0;
}

static int read_dir(uint32_t what, struct msg *t, struct msg *r)
{
    uint64_t off = get(t, 8), n = get(t, 4);

    if (what != ROOT)
        return ENOTDIR;
    if (off || n < 24 + 5) {
        put(r, 0, 4);
        return 0;
    }
    put(r, 24 + 5, 4);
    put_qid(r, FILE_);
    put(r, 1, 8); /* where the next one would begin */
    put(r, 8, 1); /* DT_REG */
    put(r, 5, 2);
    for (int i = 0; i < 5; i++)
        put(r, (uint64_t)"hello"[i], 1);
    return 0;
}

/* The body of the answer; 0, or an errno of Linux. */
static int answer(struct @ident@ *f, uint8_t type, struct msg *t, struct msg *r)
{
    uint32_t fid = type == TVERSION || type == TFLUSH ? 0 : (uint32_t)get(t, 4);
    uint32_t *what = lookup(f, fid, type == TATTACH);

    switch (type) {
    case TVERSION:
        memset(f->fids, 0, sizeof f->fids);
        put(r, get(t, 4) < MSG ? 4096 : MSG, 4);
        put(r, 8, 2);
        for (int i = 0; i < 8; i++)
            put(r, (uint64_t)"9P2000.L"[i], 1);
        return 0;
    case TFLUSH:
        return 0;
    }
    if (!what)
        return type == TATTACH ? EMFILE : EBADF;
    switch (type) {
    case TATTACH:
        *what = ROOT;
        put_qid(r, ROOT);
        return 0;
    case TWALK:
        return walk(f, *what, t, r);
    case TGETATTR:
        return getattr(f, *what, r);
    case TLOPEN:
        put_qid(r, *what);
        put(r, 0, 4);
        return get(t, 4) & 3 ? EROFS : 0;
    case TREAD:
        return read_file(f, *what, t, r);
    case TREADDIR:
        return read_dir(*what, t, r);
    case TCLUNK:
        *what = 0;
        return 0;
    }
    return EOPNOTSUPP;
}

/* One message of n bytes in `in`; the length of the answer in `out`. */
static int32_t speak(struct @ident@ *f, const uint8_t *in, uint32_t n, uint8_t *out, uint32_t room)
{
    struct msg t = {(uint8_t *)in, 0, n, 0}, r = {out, 7, room, room < 11};
    uint32_t size = (uint32_t)get(&t, 4);
    uint8_t type = (uint8_t)get(&t, 1);
    uint16_t tag = (uint16_t)get(&t, 2);

    if (r.bad || t.bad || size != n)
        return PB_EINVAL;
    int rc = answer(f, type, &t, &r);
    if (rc == 0 && (t.bad || r.bad))
        rc = EINVAL;
    if (rc) {
        r = (struct msg){out, 7, room, 0};
        put(&r, (uint64_t)rc, 4);
    }
    uint32_t len = r.at;
    r = (struct msg){out, 0, room, 0};
    put(&r, len, 4);
    put(&r, rc ? RLERROR : type + 1u, 1);
    put(&r, tag, 2);
    return (int32_t)len;
}

struct call {
    void (*done)(void *user, int32_t n);
    void *user;
    int32_t n;
};

static void nothing(void *opaque)
{
    (void)opaque;
}

static void give_back(void *opaque)
{
    struct call c = *(struct call *)opaque;

    free(opaque);
    c.done(c.user, c.n);
}

/* Messages of one share come from its device's one queue; done() never inside submit(). */
static void submit(void *self, const struct pb_iov *out, uint32_t n_out, const struct pb_iov *in,
                   uint32_t n_in, void (*done)(void *user, int32_t n), void *user)
{
    struct @ident@ *f = self;
    uint8_t t[MSG], r[MSG];
    uint32_t len = 0, room = 0, at = 0;
    struct call *c = malloc(sizeof *c);

    if (!c)
        abort();
    for (uint32_t i = 0; i < n_out && len < MSG; i++) {
        uint32_t k = (uint32_t)(out[i].len < MSG - len ? out[i].len : MSG - len);
        memcpy(t + len, out[i].base, k);
        len += k;
    }
    for (uint32_t i = 0; i < n_in && room < MSG; i++)
        room += (uint32_t)(in[i].len < MSG - room ? in[i].len : MSG - room);
    *c = (struct call){done, user, speak(f, t, len, r, room)};
    for (uint32_t i = 0; i < n_in && c->n > 0 && at < (uint32_t)c->n; i++) {
        uint32_t k = (uint32_t)(in[i].len < (uint32_t)c->n - at ? in[i].len : (uint32_t)c->n - at);
        memcpy(in[i].base, r + at, k);
        at += k;
    }
    f->thread->pool(f->node, nothing, give_back, c);
}

static void reset(void *self)
{
    struct @ident@ *f = self;

    memset(f->fids, 0, sizeof f->fids);
}

static int share_open(void *self, pb_dev *node, const pb_host *h, pb_err *e)
{
    struct @ident@ *f = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);

    (void)e;
    f->thread = h->get(h, PB_SVC_THREAD);
    f->node = node;
    f->text = prop->get_str(node, P_TEXT);
    return PB_OK;
}

static void share_close(void *self)
{
    (void)self;
}

static const struct pb_fs_ops ops = {.size = sizeof ops, .submit = submit, .reset = reset};

static const struct pb_backend_class @ident@ = {
    .size = sizeof @ident@, .id = "@name@", .doc = "a share with one file", .props = props,
    .n_props = sizeof props / sizeof *props, .instance_size = sizeof(struct @ident@),
    .ops = &ops, .open = share_open, .close = share_close,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_FS, &@ident@}};
static const char *const needs[] = {PB_SVC_PROP, PB_SVC_THREAD, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.example.@name@",
    .version = "0.1.0", .license = "MIT", .vendor = "Example", .doc = "File share @name@",
    .needs = needs, .classes = classes, .n_classes = 1};
