/* SPDX-License-Identifier: MIT */
/* image.c - open a qcow image with its backing chain, and read through it.
 *
 * Plain clusters are read where the map says, by any number of threads; compressed and
 * encrypted ones by libqcow, one lock an image because it is not thread-safe. What is
 * nowhere comes from the backing file, what is beyond that one's end is zeros.
 * Every file of the chain is locked against writers. A backing file's format is what the
 * image says; libqcow is given the open descriptor, so no name is looked up twice.
 * Not modelled: backing files that are no files (json:, nbd:…); compressed or encrypted
 * clusters of version 1 with tables of another length than a cluster's, which libqcow
 * misreads.
 */
#include "qcow.h"

#include "../file/file.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* "why" becomes "'path': why". */
static struct image *refuse(struct image *m, char *why, size_t n)
{
    char text[700];

    snprintf(text, sizeof text, "%s", why);
    snprintf(why, n, "Could not open '%s': %s", m->path ? m->path : "?", text);
    image_close(m);
    return NULL;
}

static int open_file(struct image *m, const struct image *above, char *why, size_t n)
{
    struct stat st;
    char who[128];

    m->fd = open(m->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (m->fd < 0 || fstat(m->fd, &st)) {
        snprintf(why, n, "%s", strerror(errno));
        return -1;
    }
    if (S_ISBLK(st.st_mode)) {
        off_t end = lseek(m->fd, 0, SEEK_END);
        m->file_bytes = end < 0 ? 0 : (uint64_t)end;
    } else if (S_ISREG(st.st_mode)) {
        m->file_bytes = (uint64_t)st.st_size;
    } else {
        snprintf(why, n, "it is neither a file nor a block device");
        return -1;
    }
    if (above && image_lock(m->fd, 0)) {
        image_holder(m->fd, who, sizeof who);
        snprintf(why, n, "another process writes to it (%s)", who[0] ? who : "unknown");
        return -1;
    }
    return 0;
}

static void lib_reason(libqcow_error_t **e, const char *what, char *why, size_t n)
{
    char text[500] = "";

    if (*e)
        libqcow_error_sprint(*e, text, sizeof text);
    libqcow_error_free(e);
    text[strcspn(text, "\n")] = 0;
    snprintf(why, n, "%s%s%s", what, *text ? ": " : "", text);
}

/* libqcow reads an image that has a backing file only when it is given that as a qcow file,
 * which it may not be. It gets an empty one of the same length. That is never read, but if a
 * damaged table made libqcow look there, it would wait forever for bytes of a shorter one. */
static int give_parent(struct image *m, libqcow_error_t **e)
{
    uint8_t empty[512] = {'Q', 'F', 'I', 0xfb, [7] = 2, [23] = 21, [46] = 2, [54] = 4, [59] = 1};
    uint64_t bytes = htobe64(m->head.bytes);
    uint32_t entries = htobe32((uint32_t)(m->head.bytes >> 39) + 1);
    char name[64];
    int fd = memfd_create("qcow", MFD_CLOEXEC), ok;

    memcpy(empty + 24, &bytes, 8);
    memcpy(empty + 36, &entries, 4);
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ok = fd >= 0 && write(fd, empty, sizeof empty) == (ssize_t)sizeof empty &&
         !ftruncate(fd, 1 << 30) && libqcow_file_initialize(&m->nobody, e) == 1 &&
         libqcow_file_open(m->nobody, name, LIBQCOW_OPEN_READ, e) == 1 &&
         libqcow_file_set_parent_file(m->lib, m->nobody, e) == 1;
    if (fd >= 0)
        close(fd);
    return ok ? 0 : -1;
}

static int open_lib(struct image *m, const char *password, char *why, size_t n)
{
    libqcow_error_t *e = NULL;
    char name[64];

    m->lib_fits = m->head.l2_bits == m->head.cluster_bits - 3;
    if (m->head.crypt && !m->lib_fits) {
        snprintf(why, n, "it is encrypted and has tables that libqcow cannot read; qemu-img "
                 "convert -O qcow2 makes an image that it can");
        return -1;
    }
    if (m->head.crypt && (!password || !*password)) {
        snprintf(why, n, "it is encrypted; give its password with password-file= or password=");
        return -1;
    }
    snprintf(name, sizeof name, "/proc/self/fd/%d", m->fd);
    if (libqcow_file_initialize(&m->lib, &e) != 1) {
        lib_reason(&e, "libqcow does not start", why, n);
        return -1;
    }
    if (m->head.crypt &&
        libqcow_file_set_utf8_password(m->lib, (const uint8_t *)password, strlen(password),
                                       &e) != 1) {
        lib_reason(&e, "libqcow does not take the password", why, n);
        return -1;
    }
    if (libqcow_file_open(m->lib, name, LIBQCOW_OPEN_READ, &e) != 1) {
        lib_reason(&e, "libqcow cannot read it", why, n);
        return -1;
    }
    if (m->head.backing[0] && give_parent(m, &e) < 0) {
        lib_reason(&e, "libqcow does not take a backing file", why, n);
        return -1;
    }
    return 0;
}

/* The backing file's path: as it is, or beside the image that names it. */
static char *resolve(const struct image *m, char *why, size_t n)
{
    const char *b = m->head.backing, *slash = strrchr(m->path, '/'), *colon;
    char *out = NULL;

    if (!strncmp(b, "file:", 5))
        b += 5;
    colon = strchr(b, ':');
    if (colon && !memchr(b, '/', (size_t)(colon - b))) {
        snprintf(why, n, "its backing file '%.200s' is no file but an address, which is not "
                 "supported; qemu-img rebase or convert can make one", b);
        return NULL;
    }
    size_t dir = *b == '/' || !slash ? 0 : (size_t)(slash - m->path) + 1;
    out = malloc(dir + strlen(b) + 1);
    if (!out) {
        snprintf(why, n, "no memory");
        return NULL;
    }
    memcpy(out, m->path, dir);
    strcpy(out + dir, b);
    return out;
}

static int same_file(const struct image *a, const struct image *b)
{
    struct stat x, y;

    return !fstat(a->fd, &x) && !fstat(b->fd, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static int admit_format(struct image *m, const struct image *above, char *why, size_t n)
{
    const char *f = above->head.backing_format;
    uint8_t head[8];

    if (!strcmp(f, "raw")) {
        m->is_raw = 1;
    } else if (!*f) { /* older images do not say */
        m->is_raw = pread(m->fd, head, 8, 0) != 8 || !qcow_probe(head, 8);
    } else if (strcmp(f, "qcow2") && strcmp(f, "qcow")) {
        snprintf(why, n, "it is a backing file of format '%s', which is not supported; raw, qcow "
                 "and qcow2 are", f);
        return -1;
    }
    return 0;
}

/* One image, without what is behind it. `above` NULL: the top of the chain. */
static struct image *open_one(char *path, const struct image *top, const struct image *above,
                              const char *password, char *why, size_t n)
{
    struct image *m = calloc(1, sizeof *m);

    if (!m) {
        free(path);
        snprintf(why, n, "no memory");
        return NULL;
    }
    m->path = path;
    m->fd = -1;
    pthread_mutex_init(&m->lock, NULL);
    if (open_file(m, above, why, n) < 0)
        return refuse(m, why, n);
    for (const struct image *x = top; x && x != m; x = x->backing)
        if (same_file(x, m)) {
            snprintf(why, n, "the backing chain comes back to it");
            return refuse(m, why, n);
        }
    if (above && admit_format(m, above, why, n) < 0)
        return refuse(m, why, n);
    m->bytes = m->file_bytes;
    if (m->is_raw)
        return m;
    if (qcow_read_header(m->fd, m->file_bytes, &m->head, why, n) < 0 || map_open(m, why, n) < 0 ||
        open_lib(m, password, why, n) < 0)
        return refuse(m, why, n);
    m->bytes = m->head.bytes;
    return m;
}

struct image *image_open(const char *path, const char *password, char *why, size_t n)
{
    char *name = strdup(path);
    struct image *top = name ? open_one(name, NULL, NULL, password, why, n) : NULL, *m = top;

    for (unsigned depth = 1; m && !m->is_raw && m->head.backing[0]; depth++) {
        if (depth == CHAIN_MAX) {
            snprintf(why, n, "Could not open '%s': its backing chain has more than %u files",
                     path, CHAIN_MAX);
            image_close(top);
            return NULL;
        }
        name = resolve(m, why, n);
        m->backing = name ? open_one(name, top, m, password, why, n) : NULL;
        if (!m->backing) {
            if (!name)
                return refuse(top, why, n);
            image_close(top);
            return NULL;
        }
        m = m->backing;
    }
    return top;
}

void image_close(struct image *m)
{
    while (m) {
        struct image *next = m->backing;
        if (m->lib)
            libqcow_file_free(&m->lib, NULL);
        if (m->nobody)
            libqcow_file_free(&m->nobody, NULL);
        map_close(m);
        if (m->fd >= 0)
            close(m->fd);
        pthread_mutex_destroy(&m->lock);
        free(m->path);
        free(m);
        m = next;
    }
}

static int read_plain(struct image *m, uint64_t at, uint8_t *buf, uint64_t len)
{
    while (len) {
        ssize_t got = pread(m->fd, buf, len, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return PB_EIO;
        if (got == 0) { /* a last cluster that was not written to its end */
            memset(buf, 0, len);
            return PB_OK;
        }
        at += (uint64_t)got;
        buf += got;
        len -= (uint64_t)got;
    }
    return PB_OK;
}

static int read_lib(struct image *m, uint64_t at, uint8_t *buf, uint64_t len)
{
    int rc = PB_OK;

    pthread_mutex_lock(&m->lock);
    while (len && rc == PB_OK) {
        ssize_t got = libqcow_file_read_buffer_at_offset(m->lib, buf, (size_t)len, (off64_t)at,
                                                         NULL);
        if (got <= 0 || (uint64_t)got > len) {
            rc = PB_EIO;
            break;
        }
        at += (uint64_t)got;
        buf += got;
        len -= (uint64_t)got;
    }
    pthread_mutex_unlock(&m->lock);
    return rc;
}

/* Recursion is bounded by CHAIN_MAX. */
int image_read(struct image *m, uint64_t at, uint8_t *buf, uint64_t len)
{
    int rc = PB_OK;

    while (len && rc == PB_OK) {
        uint64_t run = len, host = at, left = !m || at >= m->bytes ? 0 : m->bytes - at;
        if (!left) {
            memset(buf, 0, len);
            return PB_OK;
        }
        if (run > left)
            run = left;
        int kind = m->is_raw ? MAP_DATA : map_look(m, at, run, &run, &host);
        if (kind == MAP_NONE)
            rc = image_read(m->backing, at, buf, run);
        else if (kind == MAP_ZERO)
            memset(buf, 0, run);
        else if (kind == MAP_DATA)
            rc = read_plain(m, host, buf, run);
        else
            rc = kind == MAP_LIB ? read_lib(m, at, buf, run) : PB_EIO;
        at += run;
        buf += run;
        len -= run;
    }
    return rc;
}
