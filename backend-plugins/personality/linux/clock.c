/* SPDX-License-Identifier: MIT */
/* clock.c - reading clocks, without a system call where the host's vDSO can do it.
 * clock_gettime(2), gettimeofday(2), getcpu(2), vdso(7).
 *
 * The program's vDSO calls the system for the time (vdso.c); then at least we need not.
 */
#include "linux.h"

#include <errno.h>
#include <sched.h>
#include <sys/time.h>
#include <time.h>

LX_HANDLER(clock_gettime)
{
    struct timespec now;

    (void)t, (void)c;
    if (clock_gettime((clockid_t)a[0], &now) < 0)
        return -errno;
    return lx_put(a[1], &now, sizeof now);
}

LX_HANDLER(gettimeofday)
{
    struct timeval now;

    if (a[1]) /* hardly anybody asks for the zone */
        return lx_pass(t, c, a);
    gettimeofday(&now, NULL);
    return a[0] ? lx_put(a[0], &now, sizeof now) : 0;
}

LX_HANDLER(getcpu)
{
    unsigned cpu, node;

    (void)t, (void)c;
    if (getcpu(&cpu, &node) < 0)
        return -errno;
    if ((a[0] && lx_put(a[0], &cpu, sizeof cpu) < 0) ||
        (a[1] && lx_put(a[1], &node, sizeof node) < 0))
        return -EFAULT;
    return 0;
}
