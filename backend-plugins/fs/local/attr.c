/* SPDX-License-Identifier: MIT */
/* attr.c - attributes: Tgetattr and Tsetattr of 9P2000.L. */
#include "local.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/time.h>
#include <unistd.h>

#define GETATTR_BASIC 0x7ffull

/* Tsetattr's valid bits, 9p.h */
enum { A_MODE = 1, A_UID = 2, A_GID = 4, A_SIZE = 8, A_ATIME = 16, A_MTIME = 32, A_CTIME = 64,
       A_ATIME_SET = 128, A_MTIME_SET = 256 };

static void put_time(struct msg *m, const struct timespec *t)
{
    put(m, (uint64_t)t->tv_sec, 8);
    put(m, (uint64_t)t->tv_nsec, 8);
}

int m_getattr(struct msg *m)
{
    struct fid *f = fid_get(m->s, (uint32_t)get(m, 4));
    struct stat st;
    int rc = f ? 0 : EBADF;

    get(m, 8); /* the mask asked for: the basic set is what stat() gives anyway */
    if (rc == 0 && fstatat(f->path, "", &st, AT_EMPTY_PATH))
        rc = errno;
    if (rc == 0)
        sec_stat(m->s, f->path, &st);
    fid_put(m->s, f);
    if (rc)
        return rc;
    put(m, GETATTR_BASIC, 8);
    put_qid(m, &st);
    put(m, st.st_mode, 4);
    put(m, st.st_uid, 4);
    put(m, st.st_gid, 4);
    put(m, st.st_nlink, 8);
    put(m, st.st_rdev, 8);
    put(m, (uint64_t)st.st_size, 8);
    put(m, (uint64_t)st.st_blksize, 8);
    put(m, (uint64_t)st.st_blocks, 8);
    put_time(m, &st.st_atim);
    put_time(m, &st.st_mtim);
    put_time(m, &st.st_ctim);
    put(m, 0, 8); /* birth time, generation and data version are not in the basic set */
    put(m, 0, 8);
    put(m, 0, 8);
    put(m, 0, 8);
    return 0;
}

static int set_times(struct fid *f, uint32_t valid, const struct timespec in[2])
{
    struct timespec t[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_OMIT}};
    char path[32];

    if (valid & A_ATIME)
        t[0] = valid & A_ATIME_SET ? in[0] : (struct timespec){.tv_nsec = UTIME_NOW};
    if (valid & A_MTIME)
        t[1] = valid & A_MTIME_SET ? in[1] : (struct timespec){.tv_nsec = UTIME_NOW};
    fd_path(f->path, path);
    return utimensat(AT_FDCWD, path, t, 0) ? errno : 0;
}

int m_setattr(struct msg *m)
{
    struct fid *f = fid_get(m->s, (uint32_t)get(m, 4));
    uint32_t valid = (uint32_t)get(m, 4), mode = (uint32_t)get(m, 4);
    uint32_t uid = (uint32_t)get(m, 4), gid = (uint32_t)get(m, 4);
    uint64_t size = get(m, 8);
    struct timespec t[2];
    char path[32];
    int rc = f ? 0 : EBADF;

    for (int i = 0; i < 2; i++) {
        t[i].tv_sec = (time_t)get(m, 8);
        t[i].tv_nsec = (long)get(m, 8);
        if (t[i].tv_nsec < 0 || t[i].tv_nsec > 999999999)
            m->bad = 1;
    }
    if (rc == 0 && (m->bad || size > INT64_MAX))
        rc = EINVAL;
    if (rc == 0 && (valid & (A_MODE | A_UID | A_GID)))
        rc = sec_set(m->s, f->path, valid & (A_MODE | A_UID | A_GID), mode, uid, gid);
    if (rc == 0 && (valid & A_SIZE)) {
        fd_path(f->path, path);
        if (f->io >= 0 ? ftruncate(f->io, (off_t)size) && truncate(path, (off_t)size)
                       : truncate(path, (off_t)size))
            rc = errno;
    }
    if (rc == 0 && (valid & (A_ATIME | A_MTIME)))
        rc = set_times(f, valid, t);
    fid_put(m->s, f);
    return rc;
}
