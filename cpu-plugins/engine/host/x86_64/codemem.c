/* SPDX-License-Identifier: MIT */
/* codemem.c - memory for generated code: one memfd mapped twice, once to write and once to
 * run, so that no page is ever writable and executable through the same address.
 *
 * Units are laid one behind the other; a table by rising address finds the unit of a host
 * pc, without a lock, while others add to it. It has its final size from the start: memory
 * that is not used yet costs nothing. There is no reuse of single units: when the memory is
 * full everything is forgotten.
 *
 * A memfd stays shared over fork(). Most children run what their parent ran and end, and most
 * parents have no more to translate: so both only read from then on (`borrowed`), a fork costs
 * nothing here, and whoever has code to write makes a copy of its own in its place first.
 */
#include "x86.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x10u /* Linux 6.3: without it, vm.memfd_noexec may forbid to run it */
#endif

#ifndef MADV_POPULATE_WRITE /* Linux 5.14; older ones refuse both */
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

#define AHEAD (64u << 10)  /* made present in both mappings at once, before it is written */
#define MIN_UNIT 32 /* no unit is shorter: an exit and its cold path */
#define ENOUGH 2048u /* most units are shorter */
#define RESERVE 64 /* behind an xasm's limit: the longest instructions still fit */

static int new_memory(void)
{
    int fd = memfd_create("plugboard-code", MFD_CLOEXEC | MFD_EXEC);

    if (fd < 0) /* an older kernel */
        fd = memfd_create("plugboard-code", MFD_CLOEXEC);
    return fd;
}

int x86_mem_init(struct x86_mem *m, size_t size)
{
    int fd = new_memory();

    memset(m, 0, sizeof(*m));
    if (fd < 0)
        return PB_ENOTSUP;
    m->size = (size + 0xffff) & ~(size_t)0xffff;
    m->rw = m->rx = MAP_FAILED;
    if (ftruncate(fd, (off_t)m->size) == 0) {
        m->rw = mmap(NULL, m->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        m->rx = mmap(NULL, m->size, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    }
    close(fd);
    m->max_units = (uint32_t)(m->size / MIN_UNIT);
    m->unit = calloc(m->max_units, sizeof(*m->unit));
    m->start = calloc(m->max_units, sizeof(*m->start));
    if (m->rw == MAP_FAILED || m->rx == MAP_FAILED || !m->unit || !m->start) {
        x86_mem_fini(m);
        return PB_ENOTSUP;
    }
    return PB_OK;
}

void x86_mem_fini(struct x86_mem *m)
{
    if (m->rw && m->rw != MAP_FAILED)
        munmap(m->rw, m->size);
    if (m->rx && m->rx != MAP_FAILED)
        munmap(m->rx, m->size);
    free(m->unit);
    free(m->start);
    memset(m, 0, sizeof(*m));
}

static size_t ahead(size_t used)
{
    return (used + AHEAD - 1) & ~(size_t)(AHEAD - 1);
}

/* A fault for each page and mapping is most of what a short program's code costs. */
static void make_present(struct x86_mem *m, size_t end)
{
    if (end <= m->present)
        return;
    madvise(m->rw + m->present, AHEAD, MADV_POPULATE_WRITE);
    madvise(m->rx + m->present, AHEAD, MADV_POPULATE_READ);
    m->present += AHEAD;
}

/* ---- Around fork() ------------------------------------------------------------------------ */

/* Memory with a copy of what is used. No descriptors: they are the program's. */
static uint8_t *copy_used(const struct x86_mem *m)
{
    uint8_t *p = mmap(NULL, m->size, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (p == MAP_FAILED)
        return NULL;
    madvise(p, ahead(m->used), MADV_POPULATE_WRITE);
    memcpy(p, m->rx, m->used);
    return p;
}

/* A mapping takes the place of another in one step, as other threads may be running there. */
static int put_over(uint8_t *to, uint8_t *from, size_t n)
{
    return mremap(from, n, n, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to;
}

void x86_mem_own(struct x86_mem *m, uint32_t *borrowed)
{
    uint8_t *rw, *rx;

    if (!*borrowed)
        return;
    rw = copy_used(m);
    rx = rw ? mremap(rw, 0, m->size, MREMAP_MAYMOVE) : MAP_FAILED; /* a second mapping of it */
    if (rx == MAP_FAILED || mprotect(rx, m->size, PROT_READ | PROT_EXEC) ||
        !put_over(m->rw, rw, m->size) || !put_over(m->rx, rx, m->size)) {
        fputs("plugboard: no memory for this process's own translations\n", stderr);
        abort(); /* what is here may not be run on: it cannot be unlinked */
    }
    m->present = ahead(m->used);
    madvise(m->rx, m->present, MADV_POPULATE_READ);
    *borrowed = 0;
}

void x86_mem_reset(struct x86_mem *m)
{
    m->used = m->keep;
    m->n_units = 0;
}

void x86_mem_begin(struct x86_mem *m, struct xasm *a, uint32_t later)
{
    size_t at = ((m->used + 15) & ~(size_t)15) + later;

    make_present(m, at + ENOUGH < m->size ? at + ENOUGH : m->size);
    a->full = a->n_begun = 0;
    a->head = NULL;
    a->rx = m->rx - m->rw;
    a->limit = m->rw + m->size - RESERVE;
    a->p = m->rw + at < a->limit ? m->rw + at : a->limit;
}

/* Keep what was written at the place of x86_mem_begin() up to a->p, as the code of `u`. */
int x86_mem_commit(struct x86_mem *m, struct xasm *a, struct xl_unit *u)
{
    uint32_t n = m->n_units;

    if (a->full || (u && n == m->max_units))
        return PB_ENOSPC;
    if (u) {
        m->start[n] = (uint32_t)((uint8_t *)u->code - m->rx);
        m->unit[n] = u;
        __atomic_store_n(&m->n_units, n + 1, __ATOMIC_RELEASE);
    }
    m->used = (size_t)(a->p - m->rw);
    return PB_OK;
}

struct xl_unit *x86_mem_find(struct x86_mem *m, uintptr_t pc)
{
    uintptr_t base = (uintptr_t)m->rx;
    uint32_t lo = 0, hi = __atomic_load_n(&m->n_units, __ATOMIC_ACQUIRE);

    if (pc < base + m->keep || pc >= base + m->size)
        return NULL;
    while (lo < hi) { /* first unit that starts behind pc */
        uint32_t mid = lo + (hi - lo) / 2;

        if (base + m->start[mid] <= pc)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo ? m->unit[lo - 1] : NULL;
}
