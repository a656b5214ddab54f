/* SPDX-License-Identifier: MIT */
/* check.h - for programs that run in user mode: a claim that fails says where and ends. */
#ifndef USER_CHECK_H
#define USER_CHECK_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(c)                                                                               \
    do {                                                                                       \
        if (!(c)) {                                                                            \
            fprintf(stderr, "%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #c, errno);          \
            _Exit(1);                                                                          \
        }                                                                                      \
    } while (0)

static inline unsigned long long next_random(unsigned long long *s) /* xorshift64 */
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    return *s ^= *s << 17;
}

#endif
