/* SPDX-License-Identifier: MIT */
/* topology.c - how the machine's CPUs are grouped, as -smp says: sockets, clusters, cores, threads.
 * A CPU's number counts through them, threads first. */
#include "boot.h"

#include <stdlib.h>

struct boot_topology boot_topology(struct boot *b)
{
    const char *text = b->board->option(b->dev, "smp");
    uint32_t n = b->board->n_cpus(b->dev);
    struct boot_topology t = {1, 0, n, 1};
    uint64_t v[4] = {0};
    char *end = (char *)text;

    for (int i = 0; text && i < 4; i++) {
        v[i] = strtoull(end, &end, 10);
        end += *end == ',';
        if (v[i] > n)
            return t;
    }
    uint64_t all = v[0] * (v[1] ? v[1] : 1);
    if (all > n || v[2] * v[3] > n || all * v[2] * v[3] != n)
        return t; /* none was given */
    return (struct boot_topology){(uint32_t)v[0], (uint32_t)v[1], (uint32_t)v[2], (uint32_t)v[3]};
}
