/* SPDX-License-Identifier: MIT */
/* futex.h - sleep on a word and wake its sleepers: futex(2), process-private. */
#ifndef PB_CORE_FUTEX_H
#define PB_CORE_FUTEX_H

#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Sleep while *word == val; `timeout` is relative, NULL: for ever. May return early. */
static inline void pb_futex_wait(_Atomic uint32_t *word, uint32_t val,
                                 const struct timespec *timeout)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, val, timeout, NULL, 0);
}

static inline void pb_futex_wake(_Atomic uint32_t *word, int n)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, n, NULL, NULL, 0);
}

#endif
