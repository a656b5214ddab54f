/* SPDX-License-Identifier: MIT */
/* cipher.c - a block cipher in plain C: AES-128 (FIPS 197), byte by byte as its text has it, in
 * counter mode. The S-box is computed from its definition (5.1.1).
 * Not modelled: nothing; these are a guest's programs. */
#include "bench.h"

#include <string.h>

static uint8_t sbox[256];

static uint8_t times2(uint8_t x)
{
    return (uint8_t)(x << 1 ^ (x >> 7) * 0x1b);
}

/* 3 generates the field's group: p runs through it, q through the inverses (by 0xf6 = 1/3). */
static void make_sbox(void)
{
    uint8_t p = 1, q = 1;
    do {
        p = (uint8_t)(p ^ times2(p));
        q ^= (uint8_t)(q << 1);
        q ^= (uint8_t)(q << 2);
        q ^= (uint8_t)(q << 4);
        if (q & 0x80)
            q ^= 0x09;
        uint8_t s = q;
        for (int n = 1; n < 5; n++)
            s ^= (uint8_t)(q << n | q >> (8 - n));
        sbox[p] = s ^ 0x63;
    } while (p != 1);
    sbox[0] = 0x63;
}

/* 5.2 */
static void expand(uint8_t key[176])
{
    uint8_t round = 1;
    for (int i = 16; i < 176; i += 4) {
        uint8_t t[4];
        memcpy(t, key + i - 4, 4);
        if (i % 16 == 0) {
            uint8_t first = t[0];
            for (int k = 0; k < 3; k++)
                t[k] = sbox[t[k + 1]];
            t[3] = sbox[first];
            t[0] ^= round;
            round = times2(round);
        }
        for (int k = 0; k < 4; k++)
            key[i + k] = key[i + k - 16] ^ t[k];
    }
}

static void add_key(uint8_t s[16], const uint8_t *key)
{
    for (int i = 0; i < 16; i++)
        s[i] ^= key[i];
}

/* SubBytes and ShiftRows (5.1.1, 5.1.2) */
static void substitute(uint8_t s[16])
{
    uint8_t t[16];
    for (int i = 0; i < 16; i++)
        t[i] = sbox[s[(i + i % 4 * 4) % 16]];
    memcpy(s, t, 16);
}

/* 5.1.3 */
static void mix_columns(uint8_t s[16])
{
    for (uint8_t *c = s; c < s + 16; c += 4) {
        uint8_t all = c[0] ^ c[1] ^ c[2] ^ c[3], first = c[0];
        for (int k = 0; k < 3; k++)
            c[k] ^= all ^ times2(c[k] ^ c[k + 1]);
        c[3] ^= all ^ times2(c[3] ^ first);
    }
}

static void encrypt(uint8_t s[16], const uint8_t key[176])
{
    add_key(s, key);
    for (int round = 1; round < 10; round++) {
        substitute(s);
        mix_columns(s);
        add_key(s, key + 16 * round);
    }
    substitute(s);
    add_key(s, key + 160);
}

uint64_t int_aes(unsigned scale)
{
    uint8_t key[176], block[16];
    uint64_t sum = 0;
    make_sbox();
    for (int i = 0; i < 16; i++)
        key[i] = (uint8_t)i;
    expand(key);
    for (uint32_t n = 0; n < 150000 * scale; n++) {
        memset(block, 0x5a, sizeof block);
        for (int k = 0; k < 4; k++)
            block[k] = (uint8_t)(n >> 8 * k);
        encrypt(block, key);
        sum = sum * 31 + block[n & 15] + ((uint64_t)block[3] << 56);
    }
    return sum;
}
