/* SPDX-License-Identifier: MIT */
/* overlay.c - block format `overlay`: what the guest writes goes to a nameless temporary
 * file and is dropped at the end; the node below is only read. This is -snapshot.
 *
 * One bit a 512-byte sector says where the sector is, so no write ever needs to read
 * first. The bits are set when the data is in the file, before the write is done; a read
 * takes its decision at submit. Guests do not order overlapping requests, disks neither.
 * Not modelled: keeping what was written (commit).
 */
#include <plugboard/backend.h>
#include <plugboard/plugin.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define SECTOR 512u
#define MAX_IOV 1024u

enum { P_FILE, P_DIR };
static const char *const block_kinds[] = {PB_IF_BLOCK, NULL};
static const struct pb_prop props[] = {
    {.name = "file", .doc = "node below, only read", .choices = block_kinds, .type = PB_T_LINK,
     .flags = PB_P_REQUIRED},
    {.name = "dir", .doc = "directory of the temporary file; default TMPDIR or /var/tmp",
     .type = PB_T_STR},
};

struct overlay {
    const pb_host *h;
    pb_dev *node;
    const struct pb_svc_block *blk;
    const struct pb_svc_thread *thread;
    pb_block *below;
    int fd;
    uint64_t bytes;
    pthread_mutex_t lock; /* map */
    uint64_t *map;        /* bit per sector: 1 in the temporary file */
    uint64_t written;     /* sectors, for the closing line */
};

/* A request from above while its parts are done. */
struct job {
    struct overlay *o;
    struct pb_block_req *up;
    int32_t status; /* first failure; atomic */
    uint32_t parts; /* atomic */
};

/* A read of one run of sectors from below. */
struct part {
    struct pb_block_req r;
    struct job *job;
    struct pb_iov iov[];
};

static int bit(const struct overlay *o, uint64_t s)
{
    return (int)(o->map[s / 64] >> (s % 64) & 1);
}

/* Length in sectors, at most n, of the run from s with the same bit. Holds lock. */
static uint64_t run_length(const struct overlay *o, uint64_t s, uint64_t n)
{
    int b = bit(o, s);
    uint64_t k = 1;

    while (k < n) {
        uint64_t at = s + k;
        if (at % 64 == 0 && n - k >= 64 && o->map[at / 64] == (b ? ~0ull : 0))
            k += 64;
        else if (bit(o, at) == b)
            k++;
        else
            break;
    }
    return k;
}

static void mark(struct overlay *o, uint64_t s, uint64_t n)
{
    pthread_mutex_lock(&o->lock);
    for (; n; s++, n--) {
        o->written += !bit(o, s);
        o->map[s / 64] |= 1ull << (s % 64);
    }
    pthread_mutex_unlock(&o->lock);
}

/* The bytes [skip, skip+len) of iov[n] as another vector; how many entries. */
static uint32_t slice(const struct pb_iov *iov, uint32_t n, uint64_t skip, uint64_t len,
                      struct pb_iov *out)
{
    uint32_t k = 0;

    for (uint32_t i = 0; i < n && len; i++) {
        if (skip >= iov[i].len) {
            skip -= iov[i].len;
            continue;
        }
        uint64_t take = iov[i].len - skip < len ? iov[i].len - skip : len;
        out[k++] = (struct pb_iov){(char *)iov[i].base + skip, (size_t)take};
        len -= take;
        skip = 0;
    }
    return k;
}

static int move(struct overlay *o, uint32_t is_write, const struct pb_iov *iov, uint32_t n,
                uint64_t at)
{
    for (uint32_t i = 0; i < n; i++) {
        size_t done = 0;
        while (done < iov[i].len) {
            char *p = (char *)iov[i].base + done;
            ssize_t got = is_write ? pwrite(o->fd, p, iov[i].len - done, (off_t)(at + done))
                                   : pread(o->fd, p, iov[i].len - done, (off_t)(at + done));
            if (got < 0 && errno == EINTR)
                continue;
            if (got <= 0)
                return errno == ENOSPC ? PB_ENOSPC : PB_EIO;
            done += (size_t)got;
        }
        at += iov[i].len;
    }
    return PB_OK;
}

/* ---- Reads -------------------------------------------------------------------------- */

static void part_over(struct job *j, int status)
{
    int32_t none = PB_OK;

    if (status < 0)
        __atomic_compare_exchange_n(&j->status, &none, status, 0, __ATOMIC_ACQ_REL,
                                    __ATOMIC_RELAXED);
    if (__atomic_sub_fetch(&j->parts, 1, __ATOMIC_ACQ_REL))
        return;
    struct pb_block_req *up = j->up;
    up->status = j->status;
    free(j);
    up->done(up);
}

static void below_done(struct pb_block_req *r)
{
    struct part *p = (struct part *)r;
    struct job *j = p->job;
    int status = r->status;

    free(p);
    part_over(j, status);
}

static int read_below(struct job *j, uint64_t at, uint64_t len)
{
    struct part *p = malloc(sizeof *p + j->up->n_iov * sizeof p->iov[0]);

    if (!p)
        return PB_ENOMEM;
    p->job = j;
    p->r = (struct pb_block_req){.size = sizeof p->r, .op = PB_BLK_READ, .offset = at,
                                 .bytes = len, .iov = p->iov, .done = below_done};
    p->r.n_iov = slice(j->up->iov, j->up->n_iov, at - j->up->offset, len, p->iov);
    __atomic_add_fetch(&j->parts, 1, __ATOMIC_RELAXED);
    j->o->blk->submit(j->o->below, &p->r);
    return PB_OK;
}

static int read_own(struct job *j, uint64_t at, uint64_t len)
{
    struct pb_iov *v = malloc(j->up->n_iov * sizeof *v);

    if (!v)
        return PB_ENOMEM;
    int rc = move(j->o, 0, v, slice(j->up->iov, j->up->n_iov, at - j->up->offset, len, v), at);
    free(v);
    return rc;
}

static void read_parts(struct job *j)
{
    struct overlay *o = j->o;
    uint64_t s = j->up->offset / SECTOR, end = s + j->up->bytes / SECTOR;
    int rc = PB_OK;

    while (s < end && rc == PB_OK) {
        pthread_mutex_lock(&o->lock);
        int own = bit(o, s);
        uint64_t n = run_length(o, s, end - s);
        pthread_mutex_unlock(&o->lock);
        rc = own ? read_own(j, s * SECTOR, n * SECTOR) : read_below(j, s * SECTOR, n * SECTOR);
        s += n;
    }
    part_over(j, rc);
}

/* ---- Everything, on the I/O pool ------------------------------------------------------ */

static void run(void *opaque)
{
    struct job *j = opaque;
    struct overlay *o = j->o;
    struct pb_block_req *r = j->up;

    switch (r->op) {
    case PB_BLK_WRITE:
        j->status = move(o, 1, r->iov, r->n_iov, r->offset);
        break;
    case PB_BLK_ZERO:
    case PB_BLK_DISCARD: /* holes read as zeros */
        if (fallocate(o->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)r->offset,
                      (off_t)r->bytes))
            j->status = PB_EIO;
        break;
    default: /* a flush of what will be dropped */
        break;
    }
    if (r->op == PB_BLK_DISCARD || r->op == PB_BLK_FLUSH || j->status < 0)
        return;
    if (r->op != PB_BLK_READ)
        mark(o, r->offset / SECTOR, r->bytes / SECTOR);
}

static void run_done(void *opaque)
{
    struct job *j = opaque;

    if (j->up->op == PB_BLK_READ)
        read_parts(j);
    else
        part_over(j, PB_OK);
}

static void nothing(void *opaque)
{
    (void)opaque;
}

static void fail_late(void *opaque)
{
    struct pb_block_req *r = opaque;
    r->done(r);
}

static void submit(void *self, struct pb_block_req *r)
{
    struct overlay *o = self;
    struct job *j = malloc(sizeof *j);

    if (!j) {
        r->status = PB_ENOMEM;
        o->thread->pool(o->node, nothing, fail_late, r);
        return;
    }
    *j = (struct job){.o = o, .up = r, .parts = 1};
    o->thread->pool(o->node, run, run_done, j);
}

static int info(void *self, struct pb_block_info *i)
{
    struct overlay *o = self;
    int rc = o->blk->info(o->below, i);

    i->bytes = o->bytes;
    i->align = i->align > SECTOR ? i->align : SECTOR;
    i->ops = 1u << PB_BLK_READ | 1u << PB_BLK_WRITE | 1u << PB_BLK_FLUSH | 1u << PB_BLK_DISCARD |
             1u << PB_BLK_ZERO;
    i->max_iov = MAX_IOV;
    i->read_only = 0;
    return rc;
}

/* ---- Life --------------------------------------------------------------------------- */

static int overlay_open(void *self, pb_dev *node, const pb_host *h, pb_err *e)
{
    struct overlay *o = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    const char *dir = prop->get_str(node, P_DIR);
    struct pb_block_info i;
    char text[600];

    o->h = h;
    o->node = node;
    o->blk = h->get(h, PB_SVC_BLOCK);
    o->thread = h->get(h, PB_SVC_THREAD);
    o->below = prop->get_block(node, P_FILE);
    if (!o->below || o->blk->info(o->below, &i) < 0)
        return h->fail(e, PB_EINVAL, "overlay: the node below tells no length");
    if (!dir)
        dir = getenv("TMPDIR") ? getenv("TMPDIR") : "/var/tmp";
    o->fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    o->bytes = i.bytes & ~(uint64_t)(SECTOR - 1);
    if (o->fd < 0 || ftruncate(o->fd, (off_t)o->bytes)) {
        snprintf(text, sizeof text, "overlay: no temporary file in %s: %s; name another with dir=",
                 dir, strerror(errno));
        if (o->fd >= 0)
            close(o->fd);
        return h->fail(e, PB_EIO, text);
    }
    o->map = calloc((o->bytes / SECTOR + 63) / 64 + 1, sizeof *o->map);
    if (!o->map) {
        close(o->fd);
        return h->fail(e, PB_ENOMEM, "overlay: no memory for its map");
    }
    pthread_mutex_init(&o->lock, NULL);
    return PB_OK;
}

static void overlay_close(void *self)
{
    struct overlay *o = self;
    char text[200];

    if (o->written) {
        snprintf(text, sizeof text, "snapshot: %llu KiB written by the guest are dropped",
                 (unsigned long long)(o->written / 2));
        o->h->log(o->h, o->node, PB_LOG_INFO, text);
    }
    close(o->fd);
    free(o->map);
    pthread_mutex_destroy(&o->lock);
}

static void describe(void *self, char *buf, uint32_t n)
{
    struct overlay *o = self;
    snprintf(buf, n, "temporary overlay of %s", o->blk->id(o->below));
}

static const struct pb_block_ops ops = {.size = sizeof ops, .info = info, .submit = submit};

static const struct pb_backend_class overlay_class = {
    .size = sizeof overlay_class,
    .flags = PB_BACKEND_FORMAT,
    .id = "overlay",
    .doc = "temporary overlay: writes are dropped at the end",
    .props = props,
    .n_props = sizeof props / sizeof *props,
    .instance_size = sizeof(struct overlay),
    .ops = &ops,
    .open = overlay_open,
    .close = overlay_close,
    .describe = describe,
};

static const struct pb_class_ref classes[] = {{PB_CLASS_BLOCK, &overlay_class}};
static const char *const needs[] = {PB_SVC_BLOCK, PB_SVC_THREAD, PB_SVC_PROP, NULL};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin),
    .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR,
    .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.block-overlay",
    .version = "0.1.0",
    .license = "MIT",
    .doc = "Temporary overlay over any block node",
    .needs = needs,
    .classes = classes,
    .n_classes = 1,
};
