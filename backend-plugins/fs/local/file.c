/* SPDX-License-Identifier: MIT */
/* file.c - opened files and directories: open, create, read, write, readdir, sync, locks.
 *
 * Data goes between the host's page cache and the guest's own buffers without a copy here.
 */
#include "local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <unistd.h>

#define IOV_MAX_LOCAL 260u
#define L_RDONLY_MASK 3u

/* 9P2000.L open flags are those of generic Linux, whatever the host's architecture. */
enum { L_CREATE = 0100, L_EXCL = 0200, L_TRUNC = 01000, L_APPEND = 02000, L_NONBLOCK = 04000,
       L_DSYNC = 010000, L_DIRECTORY = 0200000, L_NOFOLLOW = 0400000, L_SYNC = 04000000 };

static int host_flags(uint32_t l)
{
    int f = (int)(l & L_RDONLY_MASK) | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY;

    f |= l & L_TRUNC ? O_TRUNC : 0;
    f |= l & L_NONBLOCK ? O_NONBLOCK : 0;
    f |= l & L_DSYNC ? O_DSYNC : 0;
    f |= l & L_SYNC ? O_SYNC : 0;
    return f | (l & L_DIRECTORY ? O_DIRECTORY : 0);
}

static int set_open(struct msg *m, struct fid *f, int fd)
{
    struct stat st;
    int rc = 0;

    if (fstat(fd, &st))
        rc = errno;
    pthread_mutex_lock(&f->lock);
    if (rc == 0 && f->io >= 0)
        rc = EBUSY;
    if (rc == 0 && S_ISDIR(st.st_mode)) {
        f->dir = fdopendir(fd);
        f->dir_at = 0;
        rc = f->dir ? 0 : errno;
    }
    if (rc == 0)
        f->io = fd;
    pthread_mutex_unlock(&f->lock);
    if (rc) {
        close(fd);
        return rc;
    }
    sec_stat(m->s, f->path, &st);
    put_qid(m, &st);
    put(m, 0, 4); /* iounit: what msize allows */
    return 0;
}

int m_lopen(struct msg *m)
{
    struct fid *f = fid_get(m->s, (uint32_t)get(m, 4));
    uint32_t flags = (uint32_t)get(m, 4);
    struct stat st;
    char path[32];
    int rc = 0, fd;

    if (!f)
        return EBADF;
    if (m->bad || f->xattr)
        rc = EINVAL;
    else if (m->s->read_only && ((flags & L_RDONLY_MASK) != O_RDONLY || (flags & L_TRUNC)))
        rc = EROFS;
    else if (fstatat(f->path, "", &st, AT_EMPTY_PATH))
        rc = errno;
    else if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        rc = S_ISLNK(st.st_mode) ? ELOOP : ENXIO; /* a device of the host is not shared */
    if (rc == 0) {
        fd_path(f->path, path);
        fd = open(path, host_flags(flags) & ~O_NOFOLLOW);
        rc = fd < 0 ? errno : set_open(m, f, fd);
    }
    fid_put(m->s, f);
    return rc;
}

int m_lcreate(struct msg *m) /* the fid becomes the new file */
{
    uint32_t id = (uint32_t)get(m, 4);
    struct fid *dir = fid_get(m->s, id), *f = NULL;
    char name[NAME_BYTES];
    int ok = get_name(m, name), fd = -1, path = -1, rc;
    uint32_t flags = (uint32_t)get(m, 4), mode = (uint32_t)get(m, 4), gid = (uint32_t)get(m, 4);

    rc = !dir ? EBADF : !ok || m->bad ? EINVAL : sec_hidden(m->s, name) ? EACCES : 0;
    if (rc == 0 && dir->io >= 0)
        rc = EBUSY;
    if (rc == 0) {
        int excl = !(faccessat(dir->path, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) ||
                   (flags & L_EXCL);
        fd = openat(dir->path, name, host_flags(flags) | O_CREAT | (excl ? O_EXCL : 0),
                    (mode_t)sec_host_mode(m->s, mode, 0));
        rc = fd < 0 ? errno : 0;
        if (rc == 0 && excl)
            rc = sec_created(m->s, dir->path, name, NOFID, gid, S_IFREG | (mode & 07777), 0);
    }
    if (rc == 0 && (path = open_path(dir->path, name)) < 0)
        rc = errno;
    fid_put(m->s, dir);
    if (rc == 0) {
        fid_drop(m->s, id);
        rc = fid_add(m->s, id, path, &f);
        path = -1;
    }
    if (rc == 0) {
        rc = set_open(m, f, fd);
        fd = -1;
    }
    if (fd >= 0)
        close(fd);
    if (path >= 0)
        close(path);
    fid_put(m->s, f);
    return rc;
}

/* ---- Data ------------------------------------------------------------------------------------ */

static uint32_t limit(struct msg *m, uint32_t n, uint32_t overhead)
{
    uint32_t most = __atomic_load_n(&m->s->msize, __ATOMIC_ACQUIRE);

    most = most > overhead ? most - overhead : 0;
    return n < most ? n : most;
}

int m_read(struct msg *m)
{
    struct fid *f = fid_get(m->s, (uint32_t)get(m, 4));
    uint64_t at = get(m, 8);
    uint32_t n = limit(m, (uint32_t)get(m, 4), HEADER + 4);
    struct pb_iov v[IOV_MAX_LOCAL];
    ssize_t got = 0;
    int rc = 0;

    if (!f)
        return EBADF;
    if (f->xattr) {
        rc = xattr_read(m, f, at, n);
    } else if (m->bad || f->io < 0 || f->dir || at > (uint64_t)INT64_MAX - n) {
        rc = f->dir ? EISDIR : EBADF;
    } else {
        uint32_t k = answer_room(m, HEADER + 4, n, v, IOV_MAX_LOCAL);
        do
            got = k ? preadv(f->io, (struct iovec *)(void *)v, (int)k, (off_t)at) : 0;
        while (got < 0 && errno == EINTR);
        rc = got < 0 ? errno : 0;
        if (rc == 0) {
            put(m, (uint32_t)got, 4);
            m->data_len = (uint32_t)got;
        }
    }
    fid_put(m->s, f);
    return rc;
}

int m_write(struct msg *m)
{
    struct fid *f = fid_get(m->s, (uint32_t)get(m, 4));
    uint64_t at = get(m, 8);
    uint32_t n = (uint32_t)get(m, 4);
    struct pb_iov v[IOV_MAX_LOCAL];
    ssize_t did = 0;
    int rc = 0;

    if (!f)
        return EBADF;
    if (m->bad || n > m->size - (HEADER + 16)) {
        rc = EINVAL;
    } else if (f->xattr) {
        rc = xattr_write(m, f, at, n);
    } else if (f->io < 0 || f->dir || at > (uint64_t)INT64_MAX - n) {
        rc = EBADF;
    } else {
        uint32_t k = message_data(m, HEADER + 16, n, v, IOV_MAX_LOCAL);
        do
            did = k ? pwritev(f->io, (struct iovec *)(void *)v, (int)k, (off_t)at) : 0;
        while (did < 0 && errno == EINTR);
        rc = did < 0 ? errno : 0;
        if (rc == 0)
            put(m, (uint32_t)did, 4);
    }
    fid_put(m->s, f);
    return rc;
}

int m_fsync(struct msg *m)
{
    struct fid *f = fid_get(m->s, (uint32_t)get(m, 4));
    uint32_t data_only = (uint32_t)get(m, 4);
    int rc = !f || f->io < 0 ? EBADF : 0;

    if (rc == 0 && (data_only ? fdatasync(f->io) : fsync(f->io)))
        rc = errno;
    fid_put(m->s, f);
    return rc;
}

/* ---- Directories: qid[13] offset[8] type[1] name[s], as many as fit ---------------------- */

/* Append one entry to the data; 0 when it does not fit. */
static int entry(struct msg *m, const struct dirent *d, uint32_t room, const struct pb_iov *v,
                 uint32_t n_v)
{
    uint8_t buf[24 + NAME_BYTES];
    uint16_t len = (uint16_t)strlen(d->d_name);
    uint32_t total = 24u + len, at = 0, skip = m->data_len;
    uint64_t ino = d->d_ino, off = (uint64_t)d->d_off;
    uint32_t zero = 0;

    if (m->data_len + total > room)
        return 0;
    buf[0] = d->d_type == DT_DIR ? 0x80 : d->d_type == DT_LNK ? 0x02 : 0;
    memcpy(buf + 1, &zero, 4);
    memcpy(buf + 5, &ino, 8);
    memcpy(buf + 13, &off, 8);
    buf[21] = d->d_type;
    memcpy(buf + 22, &len, 2);
    memcpy(buf + 24, d->d_name, len);
    for (uint32_t i = 0; i < n_v && at < total; i++) {
        if (skip >= v[i].len) {
            skip -= (uint32_t)v[i].len;
            continue;
        }
        uint32_t k = (uint32_t)v[i].len - skip;
        k = k < total - at ? k : total - at;
        memcpy((uint8_t *)v[i].base + skip, buf + at, k);
        at += k;
        skip = 0;
    }
    if (at < total)
        return 0;
    m->data_len += total;
    return 1;
}

int m_readdir(struct msg *m)
{
    struct fid *f = fid_get(m->s, (uint32_t)get(m, 4));
    uint64_t at = get(m, 8);
    uint32_t n = limit(m, (uint32_t)get(m, 4), HEADER + 4);
    struct pb_iov v[IOV_MAX_LOCAL];
    struct dirent *d;
    int rc = 0;

    if (!f)
        return EBADF;
    pthread_mutex_lock(&f->lock);
    if (m->bad || !f->dir) {
        rc = ENOTDIR;
    } else {
        uint32_t k = answer_room(m, HEADER + 4, n, v, IOV_MAX_LOCAL);
        if (at != f->dir_at) {
            if (at == 0)
                rewinddir(f->dir);
            else
                seekdir(f->dir, (long)at);
            f->dir_at = at;
        }
        for (;;) {
            long before = telldir(f->dir);
            errno = 0;
            d = readdir(f->dir);
            if (!d) {
                rc = errno;
                break;
            }
            if (sec_hidden(m->s, d->d_name)) {
                f->dir_at = (uint64_t)d->d_off;
                continue;
            }
            if (!entry(m, d, n, v, k)) {
                seekdir(f->dir, before);
                break;
            }
            f->dir_at = (uint64_t)d->d_off;
        }
        if (rc == 0)
            put(m, m->data_len, 4);
    }
    pthread_mutex_unlock(&f->lock);
    fid_put(m->s, f);
    return rc;
}

/* ---- Locks: 9p.h; type[1] flags[4] start[8] length[8] proc_id[4] client_id[s] ------------ */

enum { LOCK_SUCCESS = 0, LOCK_BLOCKED = 1, LOCK_ERROR = 2 };
static const short lock_types[] = {F_RDLCK, F_WRLCK, F_UNLCK};

int m_lock(struct msg *m)
{
    struct fid *f = fid_get(m->s, (uint32_t)get(m, 4));
    uint32_t type = (uint32_t)get(m, 1);
    get(m, 4);
    uint64_t start = get(m, 8), len = get(m, 8);
    struct flock l = {.l_whence = SEEK_SET, .l_start = (off_t)start, .l_len = (off_t)len};
    int status;

    if (!f || f->io < 0 || m->bad || type > 2) {
        fid_put(m->s, f);
        return f ? EINVAL : EBADF;
    }
    l.l_type = lock_types[type];
    status = fcntl(f->io, F_OFD_SETLK, &l) == 0               ? LOCK_SUCCESS
             : errno == EAGAIN || errno == EACCES ? LOCK_BLOCKED
                                                  : LOCK_ERROR;
    put(m, (uint32_t)status, 1);
    fid_put(m->s, f);
    return 0;
}

int m_getlock(struct msg *m)
{
    struct fid *f = fid_get(m->s, (uint32_t)get(m, 4));
    uint32_t type = (uint32_t)get(m, 1);
    uint64_t start = get(m, 8), len = get(m, 8);
    uint32_t proc = (uint32_t)get(m, 4);
    char client[NAME_BYTES];
    struct flock l = {.l_whence = SEEK_SET, .l_start = (off_t)start, .l_len = (off_t)len};
    int rc = 0;

    if (!f || f->io < 0 || !get_string(m, client, sizeof client) || type > 1)
        rc = f ? EINVAL : EBADF;
    if (rc == 0) {
        l.l_type = lock_types[type];
        if (fcntl(f->io, F_OFD_GETLK, &l))
            rc = errno;
    }
    if (rc == 0) {
        put(m, l.l_type == F_UNLCK ? 2 : l.l_type == F_WRLCK ? 1 : 0, 1);
        put(m, (uint64_t)l.l_start, 8);
        put(m, (uint64_t)l.l_len, 8);
        put(m, proc, 4);
        put_string(m, client);
    }
    fid_put(m->s, f);
    return rc;
}

int m_statfs(struct msg *m)
{
    struct fid *f = fid_get(m->s, (uint32_t)get(m, 4));
    struct statfs s;
    uint64_t id;
    int rc = f ? 0 : EBADF;

    if (rc == 0 && fstatfs(f->path, &s))
        rc = errno;
    fid_put(m->s, f);
    if (rc)
        return rc;
    memcpy(&id, &s.f_fsid, 8);
    put(m, 0x01021997, 4); /* V9FS_MAGIC */
    put(m, (uint32_t)s.f_bsize, 4);
    put(m, s.f_blocks, 8);
    put(m, s.f_bfree, 8);
    put(m, s.f_bavail, 8);
    put(m, s.f_files, 8);
    put(m, s.f_ffree, 8);
    put(m, id, 8);
    put(m, 255, 4);
    return 0;
}
