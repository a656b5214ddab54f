/* SPDX-License-Identifier: MIT */
/* pb-stream.c - SEED MIB: MIB mebibytes of bytes that depend on SEED and do not repeat, to stdout.
 * xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators", 2016):
 * cheap enough that a disk or network check measures the disk or the network.
 * Not modelled: nothing; it is a guest's tool. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t block[65536 / 8];

int main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("usage: pb-stream SEED MIB\n", stderr);
        return 2;
    }
    uint64_t x = 0xcbf29ce484222325;
    for (const char *p = argv[1]; *p; p++)
        x = (x ^ (unsigned char)*p) * 0x100000001b3;
    x |= 1;
    for (long n = atol(argv[2]) * 16; n > 0; n--) {
        for (size_t i = 0; i < sizeof block / sizeof block[0]; i++) {
            x ^= x >> 12;
            x ^= x << 25;
            x ^= x >> 27;
            block[i] = x * 0x2545f4914f6cdd1d;
        }
        if (fwrite(block, sizeof block, 1, stdout) != 1)
            return 1;
    }
    return fflush(stdout) != 0;
}
