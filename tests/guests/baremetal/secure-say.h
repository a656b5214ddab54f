/* SPDX-License-Identifier: MIT */
/* secure-say.h - what the bare programs of virt with secure=on say: "PB-SECURE name value" lines by a
 * PL011, of which each Security state has one.
 * Not modelled: nothing; this is a guest. */
#ifndef SECURE_SAY_H
#define SECURE_SAY_H

#include <stdint.h>

#define WORD(a) (*(volatile uint32_t *)(uintptr_t)(a))

static void put(uint32_t uart, char c)
{
    while (WORD(uart + 0x18) & 1u << 5)
        ;
    WORD(uart) = (uint8_t)c;
}

static void say(uint32_t uart, const char *name, uint64_t v)
{
    const char *const begin = "PB-SECURE ";

    for (const char *s = begin; *s; s++)
        put(uart, *s);
    for (; *name; name++)
        put(uart, *name);
    put(uart, ' ');
    for (int shift = 60; shift >= 0; shift -= 4)
        put(uart, "0123456789abcdef"[v >> shift & 15]);
    put(uart, '\n');
}

#endif
