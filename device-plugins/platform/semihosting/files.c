/* SPDX-License-Identifier: MIT */
/* files.c - the host's files by a handle: SYS_OPEN to SYS_RENAME. */
#include "semihosting.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ":semihosting-features": exit codes, and standard output apart from standard error. */
static const uint8_t features[] = {'S', 'H', 'F', 'B', 3};

/* A name of `len` bytes: 1, or 0 with SYS_ERRNO set. */
static int name_at(struct call *k, uint64_t va, uint64_t len, char name[PATH])
{
    if (len == 0 || len >= PATH) {
        failed(k->s, len ? ENAMETOOLONG : ENOENT);
        return 0;
    }
    if (!get_bytes(k, va, name, len)) {
        failed(k->s, EFAULT);
        return 0;
    }
    name[len] = 0;
    if (strlen(name) == len)
        return 1;
    failed(k->s, EINVAL);
    return 0;
}

/* The handle in the block's first word, of these kinds; HANDLES with SYS_ERRNO set. */
static uint32_t handle(struct call *k)
{
    uint64_t n = k->word[0] - 1;

    if (n < HANDLES && k->s->kind[n] != H_FREE)
        return (uint32_t)n;
    failed(k->s, EBADF);
    return HANDLES;
}

static uint32_t free_handle(const struct semihosting *s)
{
    uint32_t n = 0;

    while (n < HANDLES && s->kind[n] != H_FREE)
        n++;
    return n;
}

/* Modes are fopen's: r, r+, w, w+, a, a+, each with a 'b' that means nothing here. What would make
 * the vCPU wait, a pipe that nobody writes, is no file for a program. */
static int open_host(const char *name, uint32_t mode)
{
    static const int how[] = {O_RDONLY, O_RDWR, O_WRONLY | O_CREAT | O_TRUNC,
                              O_RDWR | O_CREAT | O_TRUNC, O_WRONLY | O_CREAT | O_APPEND,
                              O_RDWR | O_CREAT | O_APPEND};
    int fd = open(name, how[mode / 2] | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
    struct stat st;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISCHR(st.st_mode)))
        return fd;
    close(fd);
    return S_ISDIR(st.st_mode) ? -EISDIR : -EACCES;
}

int64_t file_open(struct call *k)
{
    struct semihosting *s = k->s;
    uint64_t mode = k->word[1];
    uint32_t n = free_handle(s);
    char name[PATH];

    if (!name_at(k, k->word[0], k->word[2], name))
        return -1;
    if (mode > 11)
        return failed(s, EINVAL);
    if (n == HANDLES)
        return failed(s, EMFILE);
    if (!strcmp(name, ":tt")) {
        s->kind[n] = mode < 4 ? H_IN : H_OUT;
    } else if (!strcmp(name, ":semihosting-features")) {
        if (mode >= 2)
            return failed(s, EACCES);
        s->kind[n] = H_FEATURES;
        s->at[n] = 0;
    } else {
        int fd = open_host(name, (uint32_t)mode);
        if (fd < 0)
            return failed(s, -fd);
        s->kind[n] = H_FILE;
        s->fd[n] = fd;
    }
    return n + 1;
}

int64_t file_close(struct call *k)
{
    struct semihosting *s = k->s;
    uint32_t n = handle(k), kind;

    if (n == HANDLES)
        return -1;
    kind = s->kind[n];
    s->kind[n] = H_FREE;
    return kind == H_FILE && close(s->fd[n]) < 0 ? failed(s, errno) : 0;
}

void files_close(struct semihosting *s)
{
    for (uint32_t n = 0; n < HANDLES; n++) {
        if (s->kind[n] == H_FILE)
            close(s->fd[n]);
        s->kind[n] = H_FREE;
    }
}

/* ---- Reading and writing: what is left of the length is the result ------------------------- */

static int64_t write_host(struct call *k, int fd, uint64_t va, uint64_t n)
{
    struct semihosting *s = k->s;
    uint64_t from = transfer_begin(k, va, n), done = from;
    uint8_t buf[CHUNK];

    while (done < n) {
        uint32_t part = n - done < CHUNK ? (uint32_t)(n - done) : CHUNK;
        if (done - from >= AT_ONCE)
            return transfer_later(k, va, n, done);
        if (!get_bytes(k, va + done, buf, part)) {
            failed(s, EFAULT);
            break;
        }
        ssize_t got = write(fd, buf, part);
        if (got < 0)
            failed(s, errno);
        if (got <= 0)
            break;
        done += (uint64_t)got;
    }
    return (int64_t)(n - done);
}

int64_t file_write(struct call *k)
{
    struct semihosting *s = k->s;
    uint64_t va = k->word[1], len = k->word[2];
    uint32_t n = handle(k);
    int64_t rc;

    if (n == HANDLES)
        return (int64_t)len;
    if (s->kind[n] == H_FILE)
        return write_host(k, s->fd[n], va, len);
    rc = s->kind[n] == H_OUT ? console_write(k, va, len) : failed(s, EBADF);
    return rc == AGAIN || rc == 0 ? rc : (int64_t)len;
}

/* Of handle n, at most `most` bytes: 0 at the end, -1, or AGAIN. */
static int64_t read_some(struct semihosting *s, uint32_t n, uint8_t *buf, uint32_t most)
{
    uint32_t left;
    ssize_t got;

    switch (s->kind[n]) {
    case H_IN:
        return console_read(s, buf, most < INPUT ? most : INPUT);
    case H_FEATURES:
        left = (uint32_t)sizeof features - s->at[n];
        most = most < left ? most : left;
        memcpy(buf, features + s->at[n], most);
        s->at[n] += most;
        return most;
    case H_FILE:
        got = read(s->fd[n], buf, most);
        return got < 0 ? failed(s, errno) : got;
    default:
        return failed(s, EBADF);
    }
}

int64_t file_read(struct call *k)
{
    struct semihosting *s = k->s;
    uint64_t va = k->word[1], len = k->word[2];
    uint64_t from = transfer_begin(k, va, len), done = from;
    uint32_t n = handle(k);
    uint8_t buf[CHUNK];

    while (n < HANDLES && done < len) {
        if (done - from >= AT_ONCE)
            return transfer_later(k, va, len, done);
        int64_t got = read_some(s, n, buf, len - done < CHUNK ? (uint32_t)(len - done) : CHUNK);
        if (got == AGAIN)
            return AGAIN;
        if (got <= 0)
            break;
        if (!put_bytes(k, va + done, buf, (uint64_t)got)) {
            failed(s, EFAULT);
            break;
        }
        done += (uint64_t)got;
        if (s->kind[n] == H_IN)
            break; /* a person's line need not be as long */
    }
    return (int64_t)(len - done);
}

/* ---- The rest ------------------------------------------------------------------------------ */

int64_t file_tty(struct call *k)
{
    uint32_t n = handle(k);

    if (n == HANDLES)
        return -1;
    if (k->s->kind[n] == H_FILE)
        return isatty(k->s->fd[n]);
    return k->s->kind[n] != H_FEATURES;
}

int64_t file_seek(struct call *k)
{
    struct semihosting *s = k->s;
    uint32_t n = handle(k);

    if (n == HANDLES)
        return -1;
    if (s->kind[n] == H_FEATURES && k->word[1] <= sizeof features) {
        s->at[n] = (uint32_t)k->word[1];
        return 0;
    }
    if (s->kind[n] != H_FILE || k->word[1] > INT64_MAX)
        return failed(s, s->kind[n] == H_IN || s->kind[n] == H_OUT ? ESPIPE : EINVAL);
    return lseek(s->fd[n], (off_t)k->word[1], SEEK_SET) < 0 ? failed(s, errno) : 0;
}

int64_t file_length(struct call *k)
{
    struct semihosting *s = k->s;
    uint32_t n = handle(k);
    struct stat st;

    if (n == HANDLES)
        return -1;
    if (s->kind[n] == H_FEATURES)
        return sizeof features;
    if (s->kind[n] != H_FILE)
        return failed(s, ESPIPE);
    return fstat(s->fd[n], &st) < 0 ? failed(s, errno) : (int64_t)st.st_size;
}

int64_t file_remove(struct call *k)
{
    char name[PATH];

    if (!name_at(k, k->word[0], k->word[1], name))
        return -1;
    return remove(name) < 0 ? failed(k->s, errno) : 0;
}

int64_t file_rename(struct call *k)
{
    char from[PATH], to[PATH];

    if (!name_at(k, k->word[0], k->word[1], from) || !name_at(k, k->word[2], k->word[3], to))
        return -1;
    return rename(from, to) < 0 ? failed(k->s, errno) : 0;
}

/* Buffer, identifier 0 to 255, length of the buffer. */
int64_t file_temporary(struct call *k)
{
    char name[64];
    int n = snprintf(name, sizeof name, "/tmp/plugboard-%x%02x", (unsigned)getpid(),
                     (unsigned)(k->word[1] & 0xff));

    if (k->word[1] > 255 || (uint64_t)n + 1 > k->word[2])
        return failed(k->s, EINVAL);
    return put_bytes(k, k->word[0], name, (uint64_t)n + 1) ? 0 : failed(k->s, EFAULT);
}
