/* SPDX-License-Identifier: MIT */
/* file.c - image files, mapped. */
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int why(char *text, const char *path)
{
    snprintf(text, IMAGE_TEXT, "%s: %s", path, strerror(errno));
    return -1;
}

int image_open(struct image *m, const char *path, char *text)
{
    struct stat st;

    memset(m, 0, sizeof *m);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* nobody may write to a pipe */
    if (fd < 0)
        return why(text, path);
    if (fstat(fd, &st) < 0) {
        why(text, path);
        close(fd);
        return -1;
    }
    if (!S_ISREG(st.st_mode) || st.st_size <= 0 || (uint64_t)st.st_size > IMAGE_MAX) {
        snprintf(text, IMAGE_TEXT, "%s: %s", path,
                 S_ISDIR(st.st_mode)    ? "is a directory"
                 : !S_ISREG(st.st_mode) ? "is not a regular file"
                 : st.st_size <= 0      ? "the file is empty"
                                        : "the file is larger than 4 GiB");
        close(fd);
        return -1;
    }
    m->map_len = (uint64_t)st.st_size;
    m->map = mmap(NULL, m->map_len, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (m->map == MAP_FAILED) {
        m->map = NULL;
        return why(text, path);
    }
    m->data = m->map;
    m->len = m->map_len;
    return 0;
}

void image_free(struct image *m)
{
    if (m->malloced)
        free(m->map);
    else if (m->map)
        munmap(m->map, m->map_len);
    memset(m, 0, sizeof *m);
}

int image_is_packed(const struct image *m)
{
    const uint8_t *d = m->data;

    return (m->len >= 64 && memcmp(d, "MZ", 2) == 0 && memcmp(d + 4, "zimg", 4) == 0) ||
           (m->len >= 18 && d[0] == 0x1f && d[1] == 0x8b);
}
