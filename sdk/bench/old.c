/* SPDX-License-Identifier: MIT */
/* old.c - the bench as a host of ABI minor 0: PBT_ABI_MINOR=0 in the environment.
 *
 * Tables end where they ended then, and whoever looks beyond their size, without PB_HAS(), finds
 * functions that end the test. What minor 1 added to classes and to pb.bus-parent/1 is not looked
 * at, as a host that was built before does not.
 */
#include "internal.h"

#include <stdlib.h>

/* Where the tables that have grown ended: sdk/abi/epoch-1.layout. */
static const struct {
    const char *id;
    size_t size, full;
} grown[] = {
    {PB_SVC_MEM, offsetof(struct pb_svc_mem, gate), sizeof(struct pb_svc_mem)},
    {PB_SVC_BUS, offsetof(struct pb_svc_bus, unplugged), sizeof(struct pb_svc_bus)},
    {PB_SVC_BOARD, offsetof(struct pb_svc_board, cpu_start), sizeof(struct pb_svc_board)},
    {PB_CLASS_DEVICE, offsetof(struct pb_device_class, carries), sizeof(struct pb_device_class)},
};

static void absent(void)
{
    pbt__die(NULL, "a function was called that this host of minor 0 has not: ask PB_HAS() first, "
                   "or list PB_SVC_MINOR_1 in needs");
}

uint32_t pbt__minor(void)
{
    const char *v = getenv("PBT_ABI_MINOR");
    uint32_t n = v ? (uint32_t)strtoul(v, NULL, 10) : PB_ABI_MINOR;

    return n < PB_ABI_MINOR ? n : PB_ABI_MINOR;
}

size_t pbt__size_of(const char *id, size_t now)
{
    for (size_t i = 0; i < sizeof grown / sizeof *grown; i++)
        if (strcmp(grown[i].id, id) == 0 && pbt__minor() == 0)
            return grown[i].size;
    return now;
}

const void *pbt__table(const char *id, const void *table)
{
    static uint64_t old[sizeof grown / sizeof *grown][64]; /* one for each that has grown */
    void (*fn)(void) = absent;

    for (size_t i = 0; i < sizeof grown / sizeof *grown; i++) {
        if (pbt__minor() || strcmp(grown[i].id, id))
            continue;
        memcpy(old[i], table, grown[i].size);
        *(uint32_t *)(void *)old[i] = (uint32_t)grown[i].size;
        for (size_t at = grown[i].size; at < grown[i].full; at += sizeof fn)
            memcpy((char *)old[i] + at, &fn, sizeof fn);
        return old[i];
    }
    return table;
}
