/* SPDX-License-Identifier: MIT */
/* pb-pread.c - DEVICE SEED COUNT: COUNT reads of 4 KiB, one after the other, past the page cache,
 * at places of DEVICE that depend on SEED. What is measured is a request's way, not the medium.
 * xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators", 2016).
 * Not modelled: nothing; it is a guest's tool. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK 4096

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "pb-pread: %s: %s\n", what, why);
    return 1;
}

int main(int argc, char **argv)
{
    static _Alignas(BLOCK) char block[BLOCK];

    if (argc != 4) {
        fputs("usage: pb-pread DEVICE SEED COUNT\n", stderr);
        return 2;
    }
    int fd = open(argv[1], O_RDONLY | O_DIRECT);
    off_t blocks = fd < 0 ? -1 : lseek(fd, 0, SEEK_END) / BLOCK;
    if (blocks <= 0)
        return fail(argv[1], fd < 0 ? strerror(errno) : "has not one block");
    uint64_t x = strtoull(argv[2], NULL, 0) | 1;
    for (long n = atol(argv[3]); n > 0; n--) {
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        off_t at = (off_t)((x * 0x2545f4914f6cdd1d >> 20) % (uint64_t)blocks) * BLOCK;
        if (pread(fd, block, BLOCK, at) != BLOCK)
            return fail(argv[1], strerror(errno));
    }
    return 0;
}
