/* SPDX-License-Identifier: MIT */
/* namespace.c - names: attach, walk, make, link, rename, remove.
 *
 * Every name is one component (message.c refuses '/', "." and ".."), and ".." is walked by
 * m_walk alone, which stops at the root. openat2 resolves below its directory and follows
 * nothing.
 */
#include "local.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WALK_MAX 16u

void fd_path(int fd, char buf[32])
{
    snprintf(buf, 32, "/proc/self/fd/%d", fd);
}

int open_path(int dir, const char *name)
{
    struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
                                      RESOLVE_NO_MAGICLINKS};

    return (int)syscall(SYS_openat2, dir, name, &how, sizeof how);
}

static int is_root(struct share *s, const struct stat *st)
{
    return st->st_dev == s->root_dev && st->st_ino == s->root_ino;
}

/* The parent of `dir`, never above the root: the way up must meet the root again. */
static int open_parent(struct share *s, int dir)
{
    struct stat st;
    int up, probe;

    if (fstat(dir, &st))
        return -1;
    if (is_root(s, &st))
        return openat(dir, ".", O_PATH | O_CLOEXEC);
    up = openat(dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
    probe = up < 0 ? -1 : fcntl(up, F_DUPFD_CLOEXEC, 0);
    for (int depth = 0; probe >= 0 && depth < 1024; depth++) {
        struct stat here;
        if (fstat(probe, &here))
            break;
        if (is_root(s, &here)) {
            close(probe);
            return up;
        }
        int next = openat(probe, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        struct stat above;
        int top = next < 0 || fstat(next, &above) ||
                  (above.st_dev == here.st_dev && above.st_ino == here.st_ino);
        close(probe);
        probe = next;
        if (top)
            break;
    }
    if (probe >= 0)
        close(probe);
    if (up >= 0)
        close(up);
    errno = EACCES;
    return -1;
}

int m_attach(struct msg *m)
{
    struct share *s = m->s;
    uint32_t id = (uint32_t)get(m, 4);
    char uname[NAME_BYTES], aname[4096];
    struct stat st;
    int fd, rc;

    get(m, 4); /* afid: no authentication */
    get_string(m, uname, sizeof uname);
    get_string(m, aname, sizeof aname);
    get(m, 4); /* n_uname: every user of the guest has what the share's owner has */
    if (m->bad)
        return EINVAL;
    fd = openat(s->root, ".", O_PATH | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st)) {
        rc = errno;
        if (fd >= 0)
            close(fd);
        return rc;
    }
    rc = fid_add(s, id, fd, NULL);
    if (rc == 0)
        put_qid(m, &st);
    return rc;
}

/* One step; takes `fd` and gives the next one, or -1 and errno (fd is closed). */
static int step(struct msg *m, int fd, struct stat *st)
{
    char name[NAME_BYTES];
    int next;

    if (!get_string(m, name, sizeof name) || !name[0] || strchr(name, '/')) {
        errno = EINVAL;
        next = -1;
    } else if (!strcmp(name, "..")) {
        next = open_parent(m->s, fd);
    } else if (!strcmp(name, ".") || sec_hidden(m->s, name)) {
        errno = ENOENT;
        next = -1;
    } else {
        next = open_path(fd, name);
    }
    int keep = errno;
    close(fd);
    if (next >= 0 && fstatat(next, "", st, AT_EMPTY_PATH)) {
        keep = errno;
        close(next);
        next = -1;
    }
    errno = keep;
    return next;
}

int m_walk(struct msg *m)
{
    uint32_t id = (uint32_t)get(m, 4), new_id = (uint32_t)get(m, 4), n = (uint32_t)get(m, 2);
    struct fid *f = fid_get(m->s, id);
    struct stat st;
    uint32_t k;
    int fd, rc = 0;

    if (!f)
        return EBADF;
    fd = n > WALK_MAX || m->bad ? -1 : fcntl(f->path, F_DUPFD_CLOEXEC, 0);
    rc = fd >= 0 ? 0 : n > WALK_MAX || m->bad ? EINVAL : errno;
    int opened = f->io >= 0;
    fid_put(m->s, f);
    if (rc)
        return rc;
    if (opened && n) {
        close(fd);
        return EBUSY;
    }
    put(m, 0, 2);
    for (k = 0; k < n && fd >= 0; k++) {
        fd = step(m, fd, &st);
        if (fd < 0)
            break;
        sec_stat(m->s, fd, &st);
        put_qid(m, &st);
    }
    if (fd < 0 && k == 0)
        return errno;
    memcpy(m->r + HEADER, &(uint16_t){(uint16_t)k}, 2);
    if (k < n)
        return 0; /* a partial walk makes no fid */
    if (new_id == id)
        fid_drop(m->s, id);
    return fid_add(m->s, new_id, fd, NULL);
}

/* The fid's directory, a name and what follows: common to everything that makes one. */
struct making {
    struct fid *dir;
    char name[NAME_BYTES];
};

static int begin(struct msg *m, struct making *k)
{
    k->dir = fid_get(m->s, (uint32_t)get(m, 4));
    if (!k->dir)
        return EBADF;
    if (!get_name(m, k->name))
        return EINVAL;
    return sec_hidden(m->s, k->name) ? EACCES : 0;
}

/* It was made, or not: owner and mode, then the qid. */
static int made(struct msg *m, struct making *k, int rc, uint32_t gid, uint32_t mode,
                uint64_t rdev)
{
    struct stat st;

    if (rc == 0)
        rc = sec_created(m->s, k->dir->path, k->name, NOFID, gid, mode, rdev);
    if (rc == 0) {
        int fd = open_path(k->dir->path, k->name);
        if (fd < 0 || fstatat(fd, "", &st, AT_EMPTY_PATH))
            rc = errno;
        if (fd >= 0) {
            sec_stat(m->s, fd, &st);
            close(fd);
        }
        if (rc == 0)
            put_qid(m, &st);
    }
    fid_put(m->s, k->dir);
    return rc;
}

int m_mkdir(struct msg *m)
{
    struct making k = {0};
    int rc = begin(m, &k);
    uint32_t mode = (uint32_t)get(m, 4), gid = (uint32_t)get(m, 4);

    if (rc == 0 && m->bad)
        rc = EINVAL;
    if (rc == 0 && mkdirat(k.dir->path, k.name, (mode_t)sec_host_mode(m->s, mode, 1)))
        rc = errno;
    return made(m, &k, rc, gid, S_IFDIR | (mode & 07777), 0);
}

/* In a mapped model a link or special file is a regular one that says what it stands for. */
static int make_plain(struct msg *m, struct making *k, const char *content)
{
    int fd = openat(k->dir->path, k->name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC,
                    (mode_t)m->s->fmode);
    int rc = fd < 0 ? errno : 0;
    size_t n = strlen(content);

    if (fd >= 0) {
        if (n && write(fd, content, n) != (ssize_t)n)
            rc = EIO;
        close(fd);
    }
    return rc;
}

int m_symlink(struct msg *m)
{
    struct making k = {0};
    char target[4096];
    int rc = begin(m, &k);

    if (rc == 0 && !get_string(m, target, sizeof target))
        rc = EINVAL;
    uint32_t gid = (uint32_t)get(m, 4);
    if (rc == 0 && (m->s->model == MAPPED_XATTR || m->s->model == MAPPED_FILE))
        rc = make_plain(m, &k, target);
    else if (rc == 0 && symlinkat(target, k.dir->path, k.name))
        rc = errno;
    return made(m, &k, rc, gid, S_IFLNK | 0777, 0);
}

int m_mknod(struct msg *m)
{
    struct making k = {0};
    int rc = begin(m, &k);
    uint32_t mode = (uint32_t)get(m, 4), major_ = (uint32_t)get(m, 4), minor_ = (uint32_t)get(m, 4);
    uint32_t gid = (uint32_t)get(m, 4);
    uint64_t rdev = (uint64_t)(major_ & 0xfff) << 8 | (minor_ & 0xff) |
                    (uint64_t)(minor_ & ~0xffu) << 12;

    if (rc == 0 && m->bad)
        rc = EINVAL;
    if (rc == 0 && (m->s->model == MAPPED_XATTR || m->s->model == MAPPED_FILE))
        rc = make_plain(m, &k, "");
    else if (rc == 0 && mknodat(k.dir->path, k.name, (mode_t)mode, (dev_t)rdev))
        rc = errno;
    return made(m, &k, rc, gid, mode, rdev);
}

int m_link(struct msg *m)
{
    struct making k = {0};
    struct fid *f;
    char path[32];
    int rc;

    k.dir = fid_get(m->s, (uint32_t)get(m, 4));
    f = fid_get(m->s, (uint32_t)get(m, 4));
    rc = !k.dir || !f ? EBADF : !get_name(m, k.name) ? EINVAL : 0;
    if (rc == 0 && sec_hidden(m->s, k.name))
        rc = EACCES;
    if (rc == 0 && m->s->model == MAPPED_FILE)
        rc = EOPNOTSUPP; /* its attributes are kept by name */
    if (rc == 0) {
        fd_path(f->path, path);
        if (linkat(AT_FDCWD, path, k.dir->path, k.name, AT_SYMLINK_FOLLOW))
            rc = errno;
    }
    fid_put(m->s, f);
    fid_put(m->s, k.dir);
    return rc;
}

int m_readlink(struct msg *m)
{
    struct fid *f = fid_get(m->s, (uint32_t)get(m, 4));
    char buf[4096], path[32];
    struct stat st;
    ssize_t n = -1;
    int rc = f ? 0 : EBADF;

    if (f && m->s->model != PASSTHROUGH && m->s->model != NONE &&
        !fstatat(f->path, "", &st, AT_EMPTY_PATH) && S_ISREG(st.st_mode)) {
        sec_stat(m->s, f->path, &st);
        fd_path(f->path, path);
        int fd = S_ISLNK(st.st_mode) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        if (fd >= 0) {
            n = read(fd, buf, sizeof buf - 1);
            close(fd);
        } else {
            errno = EINVAL;
        }
    } else if (f) {
        n = readlinkat(f->path, "", buf, sizeof buf - 1);
    }
    if (rc == 0 && n < 0)
        rc = errno;
    fid_put(m->s, f);
    if (rc)
        return rc;
    buf[n] = 0;
    put_string(m, buf);
    return 0;
}

static int do_rename(struct msg *m, int from, const char *old, int to, const char *new_)
{
    if (sec_hidden(m->s, old) || sec_hidden(m->s, new_))
        return EACCES;
    if (renameat(from, old, to, new_))
        return errno;
    sec_renamed(m->s, from, old, to, new_);
    return 0;
}

int m_renameat(struct msg *m)
{
    struct fid *from = fid_get(m->s, (uint32_t)get(m, 4)), *to;
    char old[NAME_BYTES], new_[NAME_BYTES];
    int ok = get_name(m, old), rc;

    to = fid_get(m->s, (uint32_t)get(m, 4));
    rc = !from || !to ? EBADF : !ok || !get_name(m, new_) ? EINVAL : 0;
    if (rc == 0)
        rc = do_rename(m, from->path, old, to->path, new_);
    fid_put(m->s, from);
    fid_put(m->s, to);
    return rc;
}

/* Name of a fid in its directory, as the kernel knows it: for the two messages that name a
 * file by fid alone. Only directories below the root have one that can be trusted. */
static int own_name(struct share *s, int fd, int *dir, char name[NAME_BYTES])
{
    char path[32], link[4096], root[4096];
    ssize_t n, r;

    fd_path(fd, path);
    n = readlink(path, link, sizeof link - 1);
    fd_path(s->root, path);
    r = readlink(path, root, sizeof root - 1);
    if (n < 0 || r < 0)
        return errno;
    link[n] = root[r] = 0;
    if (r == 1)
        r = 0; /* the root is "/" */
    if (n <= r || strncmp(link, root, (size_t)r) || link[r] != '/')
        return ENOENT;
    char *base = strrchr(link, '/');
    if (strlen(base + 1) >= NAME_BYTES)
        return ENAMETOOLONG;
    strcpy(name, base + 1);
    *base = 0;
    struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
    *dir = (int)syscall(SYS_openat2, s->root, link[r] ? link + r + 1 : ".", &how, sizeof how);
    if (*dir < 0)
        return errno;
    struct stat a, b; /* still the same file? */
    if (fstatat(*dir, name, &a, AT_SYMLINK_NOFOLLOW) || fstatat(fd, "", &b, AT_EMPTY_PATH) ||
        a.st_ino != b.st_ino || a.st_dev != b.st_dev) {
        close(*dir);
        return ESTALE;
    }
    return 0;
}

int m_rename(struct msg *m)
{
    struct fid *f = fid_get(m->s, (uint32_t)get(m, 4)), *to = fid_get(m->s, (uint32_t)get(m, 4));
    char old[NAME_BYTES], new_[NAME_BYTES];
    int dir = -1, rc;

    rc = !f || !to ? EBADF : !get_name(m, new_) ? EINVAL : 0;
    if (rc == 0)
        rc = own_name(m->s, f->path, &dir, old);
    if (rc == 0)
        rc = do_rename(m, dir, old, to->path, new_);
    if (dir >= 0)
        close(dir);
    fid_put(m->s, f);
    fid_put(m->s, to);
    return rc;
}

static int unlink_name(struct share *s, int dir, const char *name, uint32_t flags)
{
    if (sec_hidden(s, name))
        return EACCES;
    if (unlinkat(dir, name, flags & AT_REMOVEDIR ? AT_REMOVEDIR : 0))
        return errno;
    sec_removed(s, dir, name);
    return 0;
}

int m_unlinkat(struct msg *m)
{
    struct making k = {0};
    int rc = begin(m, &k);
    uint32_t flags = (uint32_t)get(m, 4);

    if (rc == 0)
        rc = m->bad ? EINVAL : unlink_name(m->s, k.dir->path, k.name, flags);
    fid_put(m->s, k.dir);
    return rc;
}

int m_remove(struct msg *m) /* the fid goes away even when the removal fails */
{
    uint32_t id = (uint32_t)get(m, 4);
    struct fid *f = fid_get(m->s, id);
    char name[NAME_BYTES];
    struct stat st;
    int dir = -1, rc;

    if (!f)
        return EBADF;
    rc = own_name(m->s, f->path, &dir, name);
    if (rc == 0 && fstatat(f->path, "", &st, AT_EMPTY_PATH))
        rc = errno;
    if (rc == 0)
        rc = unlink_name(m->s, dir, name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
    if (dir >= 0)
        close(dir);
    fid_put(m->s, f);
    fid_drop(m->s, id);
    return rc;
}
