/* SPDX-License-Identifier: MIT */
/* xattr.c - extended attributes. A walk makes a fid whose data is the value (or, without a
 * name, the list); a create makes one that is written and set when it is clunked.
 *
 * Only "user.*" is passed, less the share's own "user.virtfs.*".
 */
#include "local.h"

#include <errno.h>
#include <stdlib.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define VALUE_MAX 65536u

static int allowed(const char *name)
{
    return !strncmp(name, "user.", 5) && strncmp(name, "user.virtfs.", 12);
}

/* The list, without what the guest may not see. */
static ssize_t filter_list(char *list, ssize_t n)
{
    ssize_t out = 0;

    for (ssize_t at = 0; at < n;) {
        ssize_t len = (ssize_t)strlen(list + at) + 1;
        if (allowed(list + at)) {
            memmove(list + out, list + at, (size_t)len);
            out += len;
        }
        at += len;
    }
    return out;
}

int m_xattrwalk(struct msg *m)
{
    struct fid *f = fid_get(m->s, (uint32_t)get(m, 4)), *nf = NULL;
    uint32_t new_id = (uint32_t)get(m, 4);
    struct xattr *x = NULL;
    char name[NAME_BYTES], path[32];
    ssize_t n = -1;
    int rc = !f ? EBADF : !get_string(m, name, sizeof name) ? EINVAL : 0;

    if (rc == 0 && name[0] && !allowed(name))
        rc = ENODATA;
    if (rc == 0) {
        x = calloc(1, sizeof *x);
        if (x)
            x->value = malloc(VALUE_MAX);
        rc = x && x->value ? 0 : ENOMEM;
    }
    if (rc == 0) {
        fd_path(f->path, path);
        n = name[0] ? getxattr(path, name, x->value, VALUE_MAX)
                    : listxattr(path, (char *)x->value, VALUE_MAX);
        rc = n < 0 ? errno : 0;
        if (n > 0 && !name[0])
            n = filter_list((char *)x->value, n);
    }
    int fd = rc == 0 ? fcntl(f->path, F_DUPFD_CLOEXEC, 0) : -1;
    if (rc == 0)
        rc = fd < 0 ? errno : fid_add(m->s, new_id, fd, &nf);
    fid_put(m->s, f);
    if (rc) {
        if (x)
            free(x->value);
        free(x);
        return rc;
    }
    x->size = (uint64_t)n;
    nf->xattr = x;
    fid_put(m->s, nf);
    put(m, (uint64_t)n, 8);
    return 0;
}

int m_xattrcreate(struct msg *m)
{
    struct fid *f = fid_get(m->s, (uint32_t)get(m, 4));
    struct xattr *x = calloc(1, sizeof *x);
    int rc = !f ? EBADF : !x ? ENOMEM : !get_string(m, x->name, NAME_BYTES) ? EINVAL : 0;

    if (rc == 0) {
        x->size = get(m, 8);
        x->flags = (uint32_t)get(m, 4);
        x->write = 1;
        rc = m->bad || x->size > VALUE_MAX ? ENOSPC : !allowed(x->name) ? EOPNOTSUPP : 0;
    }
    if (rc == 0) {
        x->value = calloc(1, x->size ? x->size : 1);
        rc = x->value ? 0 : ENOMEM;
    }
    if (f)
        pthread_mutex_lock(&f->lock);
    if (rc == 0 && (f->xattr || f->io >= 0))
        rc = EBUSY;
    if (rc == 0)
        f->xattr = x;
    if (f)
        pthread_mutex_unlock(&f->lock);
    if (rc && x) {
        free(x->value);
        free(x);
    }
    fid_put(m->s, f);
    return rc;
}

int xattr_read(struct msg *m, struct fid *f, uint64_t at, uint32_t n)
{
    struct xattr *x = f->xattr;
    struct pb_iov v[16];
    uint32_t done = 0, k;

    if (x->write)
        return EBADF;
    if (at > x->size)
        at = x->size;
    if (n > x->size - at)
        n = (uint32_t)(x->size - at);
    k = answer_room(m, HEADER + 4, n, v, 16);
    for (uint32_t i = 0; i < k; i++) {
        memcpy(v[i].base, x->value + at + done, v[i].len);
        done += (uint32_t)v[i].len;
    }
    put(m, done, 4);
    m->data_len = done;
    return 0;
}

int xattr_write(struct msg *m, struct fid *f, uint64_t at, uint32_t n)
{
    struct xattr *x = f->xattr;
    struct pb_iov v[16];
    uint32_t done = 0, k;
    int rc = 0;

    pthread_mutex_lock(&f->lock);
    if (!x->write || at != x->have || n > x->size - x->have)
        rc = EINVAL;
    k = rc ? 0 : message_data(m, HEADER + 16, n, v, 16);
    for (uint32_t i = 0; i < k; i++) {
        memcpy(x->value + at + done, v[i].base, v[i].len);
        done += (uint32_t)v[i].len;
    }
    x->have += done;
    pthread_mutex_unlock(&f->lock);
    if (rc == 0)
        put(m, done, 4);
    return rc;
}

int xattr_commit(struct fid *f)
{
    struct xattr *x = f->xattr;
    char path[32];

    if (!x->write)
        return 0;
    if (x->have != x->size)
        return EIO;
    fd_path(f->path, path);
    if (x->size == 0 && !x->flags) /* an empty value stands for removal, as clients send it */
        return removexattr(path, x->name) && errno != ENODATA ? errno : 0;
    return setxattr(path, x->name, x->value, x->size, (int)x->flags) ? errno : 0;
}
