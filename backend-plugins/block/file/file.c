/* SPDX-License-Identifier: MIT */
/* file.c - block driver `file`: a file or block device of the host.
 *
 * Requests go to io_uring, or to the host's I/O pool where that is missing (or when it is
 * asked for by aio=threads). The length is the file's, rounded up to 512 bytes: the rest
 * of the last sector reads as zeros. With cache.direct, requests whose place or memory is
 * not aligned as O_DIRECT wants go through the page cache, which the kernel keeps coherent.
 * open(2), fallocate(2), fcntl_locking(2).
 * Not modelled: resizing, writethrough, zoned devices.
 */
#include "file.h"

#include <plugboard/plugin.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { P_FILENAME, P_AIO, P_DIRECT, P_NO_FLUSH, P_LOCKING, P_DISCARD, P_READ_ONLY, P_AUTO_RO };
static const char *const aio_names[] = {"auto", "threads", "io_uring", "native", NULL};
static const char *const locking_names[] = {"auto", "on", "off", NULL};
static const char *const discard_names[] = {"ignore", "unmap", "off", "on", NULL};
static const struct pb_prop props[] = {
    {.name = "filename", .doc = "file or block device", .type = PB_T_STR, .flags = PB_P_REQUIRED},
    {.name = "aio", .doc = "how requests reach the kernel; native: by io_uring where it is there",
     .def = "auto", .choices = aio_names, .type = PB_T_ENUM},
    {.name = "cache.direct", .doc = "bypass the host's page cache (O_DIRECT)", .def = "off",
     .type = PB_T_BOOL},
    {.name = "cache.no-flush", .doc = "ignore flushes: fast, and unsafe", .def = "off",
     .type = PB_T_BOOL},
    {.name = "locking", .doc = "lock the image against other programs", .def = "auto",
     .choices = locking_names, .type = PB_T_ENUM},
    {.name = "discard", .doc = "what a guest's discard does; off is ignore, on is unmap",
     .def = "ignore", .choices = discard_names, .type = PB_T_ENUM},
    {.name = "read-only", .doc = "never write", .def = "off", .type = PB_T_BOOL},
    {.name = "auto-read-only", .doc = "open read-only where writing is not allowed",
     .def = "off", .type = PB_T_BOOL},
};

static int fail(struct file *f, pb_err *e, int code, const char *what)
{
    char text[600];

    snprintf(text, sizeof text, "Could not open '%s': %s", f->path, what);
    return f->h->fail(e, code, text);
}

/* ---- Doing it with plain system calls --------------------------------------------- */

static int failure(void)
{
    return errno == ENOSPC || errno == EDQUOT ? PB_ENOSPC : PB_EIO;
}

int file_fd(const struct file *f, const struct pb_block_req *r)
{
    uint64_t all = r->offset;

    if (f->cached_fd < 0)
        return f->fd;
    for (uint32_t i = 0; i < r->n_iov; i++)
        all |= (uintptr_t)r->iov[i].base | r->iov[i].len;
    return all & (DIRECT_ALIGN - 1) ? f->cached_fd : f->fd;
}

static int do_rw(struct file *f, const struct pb_block_req *r)
{
    int fd = file_fd(f, r);
    struct iovec v[64];
    uint64_t at = r->offset, skip = 0;
    uint32_t k = 0;

    while (k < r->n_iov) {
        int n = 0;
        for (uint32_t i = k; i < r->n_iov && n < 64; i++, n++) {
            v[n].iov_base = (char *)r->iov[i].base + (i == k ? skip : 0);
            v[n].iov_len = r->iov[i].len - (i == k ? skip : 0);
        }
        ssize_t got = r->op == PB_BLK_READ ? preadv(fd, v, n, (off_t)at)
                                           : pwritev(fd, v, n, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return failure();
        if (got == 0 && r->op == PB_BLK_READ) { /* the file ends here: zeros */
            for (int i = 0; i < n; i++)
                memset(v[i].iov_base, 0, v[i].iov_len);
            got = 0;
            for (int i = 0; i < n; i++)
                got += (ssize_t)v[i].iov_len;
        } else if (got == 0) {
            return PB_EIO;
        }
        at += (uint64_t)got;
        skip += (uint64_t)got;
        while (k < r->n_iov && skip >= r->iov[k].len)
            skip -= r->iov[k++].len;
    }
    return PB_OK;
}

static int write_zeros(struct file *f, uint64_t at, uint64_t bytes)
{
    static const uint8_t zeros[65536];
    int fd = f->cached_fd < 0 ? f->fd : f->cached_fd;

    while (bytes) {
        size_t run = bytes < sizeof zeros ? (size_t)bytes : sizeof zeros;
        ssize_t n = pwrite(fd, zeros, run, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return failure();
        at += (uint64_t)n;
        bytes -= (uint64_t)n;
    }
    return PB_OK;
}

static int punch(struct file *f, uint64_t at, uint64_t bytes)
{
    if (f->is_block) {
        uint64_t range[2] = {at, bytes};
        return ioctl(f->fd, BLKDISCARD, range) ? PB_ENOTSUP : PB_OK;
    }
    return fallocate(f->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)bytes)
               ? PB_ENOTSUP
               : PB_OK;
}

static int do_zero(struct file *f, const struct pb_block_req *r)
{
    if (!f->is_block && (r->flags & PB_BLK_MAY_UNMAP) && f->unmap &&
        punch(f, r->offset, r->bytes) == PB_OK)
        return PB_OK;
    if (!f->is_block && fallocate(f->fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
                                  (off_t)r->offset, (off_t)r->bytes) == 0)
        return PB_OK;
    return write_zeros(f, r->offset, r->bytes);
}

int file_do(struct file *f, const struct pb_block_req *r)
{
    int rc;

    switch (r->op) {
    case PB_BLK_READ:
    case PB_BLK_WRITE:
        rc = do_rw(f, r);
        break;
    case PB_BLK_FLUSH:
        rc = f->no_flush || fdatasync(f->fd) == 0 ? PB_OK : PB_EIO;
        break;
    case PB_BLK_DISCARD:
        if (f->unmap)
            punch(f, r->offset, r->bytes); /* a hint: what cannot be punched stays */
        return PB_OK;
    case PB_BLK_ZERO:
        rc = do_zero(f, r);
        break;
    default:
        return PB_ENOTSUP;
    }
    if (rc == PB_OK && (r->flags & PB_BLK_FUA) && r->op != PB_BLK_READ && !f->no_flush)
        rc = fdatasync(f->fd) ? PB_EIO : PB_OK;
    return rc;
}

static void pool_do(void *opaque)
{
    struct pb_block_req *r = opaque;
    r->status = file_do(r->provider[0], r);
}

static void pool_done(void *opaque)
{
    struct pb_block_req *r = opaque;
    r->done(r);
}

static void submit(void *self, struct pb_block_req *r)
{
    struct file *f = self;

    r->provider[0] = f;
    if (f->ring && uring_submit(f->ring, r))
        return;
    f->thread->pool(f->node, pool_do, pool_done, r);
}

static int info(void *self, struct pb_block_info *i)
{
    struct file *f = self;

    i->align = 512;
    i->bytes = f->bytes;
    i->ops = 1u << PB_BLK_READ | 1u << PB_BLK_FLUSH | 1u << PB_BLK_DISCARD | 1u << PB_BLK_ZERO |
             1u << PB_BLK_WRITE;
    i->max_iov = 1024;
    i->read_only = f->read_only;
    i->max_bytes = 1u << 30;
    return PB_OK;
}

/* ---- Life --------------------------------------------------------------------------- */

static int measure(struct file *f, pb_err *e)
{
    struct stat st;
    uint64_t n = 0;
    int sector = 512;

    if (fstat(f->fd, &st))
        return fail(f, e, PB_EIO, strerror(errno));
    if (S_ISBLK(st.st_mode)) {
        f->is_block = 1;
        if (ioctl(f->fd, BLKGETSIZE64, &n) || ioctl(f->fd, BLKSSZGET, &sector))
            return fail(f, e, PB_EIO, strerror(errno));
    } else if (S_ISREG(st.st_mode)) {
        n = (uint64_t)st.st_size;
    } else {
        return fail(f, e, PB_EINVAL, S_ISDIR(st.st_mode) ? "it is a directory"
                                                         : "it is no file and no block device");
    }
    f->bytes = (n + 511) & ~511ull;
    return PB_OK;
}

static int open_fd(struct file *f, const struct pb_svc_prop *prop, pb_err *e)
{
    int direct = prop->get_int(f->node, P_DIRECT) ? O_DIRECT : 0, mode;
    char text[200];

    f->read_only = (uint32_t)prop->get_int(f->node, P_READ_ONLY);
    mode = O_CLOEXEC | (f->read_only ? O_RDONLY : O_RDWR);
    f->fd = open(f->path, mode | direct);
    if (f->fd < 0 && !f->read_only && prop->get_int(f->node, P_AUTO_RO) &&
        (errno == EACCES || errno == EROFS)) {
        f->read_only = 1;
        mode = O_CLOEXEC | O_RDONLY;
        f->fd = open(f->path, mode | direct);
    }
    if (f->fd >= 0 && direct)
        f->cached_fd = open(f->path, mode);
    if (f->fd >= 0 && (!direct || f->cached_fd >= 0))
        return PB_OK;
    int err = errno;
    snprintf(text, sizeof text, "%s%s", strerror(err),
             (err == EACCES || err == EROFS || err == EPERM) && !f->read_only
                 ? "; open it with read-only=on if the guest need not write"
                 : direct && err == EINVAL ? "; its file system has no O_DIRECT: leave out "
                                             "cache.direct (cache=none)" : "");
    return fail(f, e, err == ENOENT ? PB_ENOENT : PB_EACCES, text);
}

static void close_fds(struct file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    if (f->cached_fd >= 0)
        close(f->cached_fd);
}

static int file_open(void *self, pb_dev *node, const pb_host *h, pb_err *e)
{
    struct file *f = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    int rc;

    f->node = node;
    f->h = h;
    f->thread = h->get(h, PB_SVC_THREAD);
    f->path = prop->get_str(node, P_FILENAME);
    f->no_flush = (uint32_t)prop->get_int(node, P_NO_FLUSH);
    f->unmap = prop->get_int(node, P_DISCARD) & 1; /* unmap, on */
    f->fd = f->cached_fd = -1;
    rc = open_fd(f, prop, e);
    if (rc == PB_OK)
        rc = measure(f, e);
    if (rc == PB_OK && prop->get_int(node, P_LOCKING) != 2 && image_lock(f->fd, !f->read_only)) {
        char who[128], text[900];
        image_holder(f->fd, who, sizeof who);
        snprintf(text, sizeof text,
                 "Failed to get %s lock: is another process using the image [%s]?%s%s",
                 f->read_only ? "shared \"write\"" : "\"write\"", f->path,
                 who[0] ? " It is locked by " : "", who);
        rc = h->fail(e, PB_EBUSY, text);
    }
    if (rc < 0) {
        close_fds(f);
        return rc;
    }
    if (prop->get_int(node, P_AIO) != 1)
        f->ring = uring_new(f);
    if (!f->ring && prop->get_int(node, P_AIO) == 2) {
        close_fds(f);
        return h->fail(e, PB_ENOTSUP, "aio=io_uring: this kernel does not offer it; use threads");
    }
    return PB_OK;
}

static void file_close(void *self)
{
    struct file *f = self;

    if (f->ring)
        uring_free(f->ring);
    close_fds(f);
}

static void describe(void *self, char *buf, uint32_t n)
{
    snprintf(buf, n, "%s", ((struct file *)self)->path);
}

static const char *filename(void *self)
{
    return ((struct file *)self)->path;
}

static const struct pb_block_ops ops = {
    .size = sizeof ops, .info = info, .submit = submit, .filename = filename};
static const char *const aliases[] = {"host_device", NULL};

static const struct pb_backend_class file_class = {
    .size = sizeof file_class,
    .flags = PB_BACKEND_PROTOCOL,
    .id = "file",
    .aliases = aliases,
    .doc = "file or block device of the host",
    .props = props,
    .n_props = sizeof props / sizeof *props,
    .instance_size = sizeof(struct file),
    .ops = &ops,
    .open = file_open,
    .close = file_close,
    .describe = describe,
};

static const struct pb_class_ref classes[] = {{PB_CLASS_BLOCK, &file_class}};
static const char *const needs[] = {PB_SVC_BLOCK, PB_SVC_THREAD, PB_SVC_PROP, NULL};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin),
    .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR,
    .id = "org.plugboard.block-file",
    .version = "0.1.0",
    .license = "MIT",
    .doc = "Block driver for files and block devices",
    .needs = needs,
    .classes = classes,
    .n_classes = 1,
};
