/* SPDX-License-Identifier: MIT */
/* codemem.c - memory for generated code: one memfd mapped twice, once to write and once to
 * run, so that no page is ever writable and executable through the same address.
 *
 * Units are laid one behind the other; a table by rising address finds the unit of a host
 * pc, without a lock, while others add to it. It has its final size from the start: memory
 * that is not used yet costs nothing. There is no reuse of single units: when the memory is
 * full everything is forgotten.
 *
 * A memfd stays shared over fork(), so a child maps a copy of what was used of it in its place.
 */
#include "x86.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x10u /* Linux 6.3: without it, vm.memfd_noexec may forbid to run it */
#endif

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14; older ones refuse it */
#endif

#define THUNKS (20u << 10) /* bytes written at the start, roughly */
#define MIN_UNIT 32 /* no unit is shorter: an exit and its cold path */
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
    if (m->rw != MAP_FAILED) /* the thunks, in one call rather than page by page */
        madvise(m->rw, THUNKS < m->size ? THUNKS : m->size, MADV_POPULATE_WRITE);
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

/* Before: what is used, to a new file. */
static int copy_used(const struct x86_mem *m, int *copy)
{
    size_t at = 0;

    *copy = new_memory();
    if (*copy < 0)
        return PB_ENOMEM;
    while (at < m->used) {
        ssize_t n = write(*copy, m->rw + at, m->used - at);

        if (n <= 0)
            break;
        at += (size_t)n;
    }
    if (at == m->used && ftruncate(*copy, (off_t)m->size) == 0)
        return PB_OK;
    close(*copy);
    *copy = -1;
    return PB_ENOMEM;
}

int x86_mem_fork(const struct x86_mem *m, uint32_t stage, int *copy)
{
    const int how = MAP_SHARED | MAP_FIXED;

    if (stage == 0)
        return copy_used(m, copy);
    if (stage == 2 &&
        (mmap(m->rw, m->size, PROT_READ | PROT_WRITE, how, *copy, 0) == MAP_FAILED ||
         mmap(m->rx, m->size, PROT_READ | PROT_EXEC, how, *copy, 0) == MAP_FAILED))
        abort(); /* running on would write to the parent's code */
    close(*copy);
    *copy = -1;
    return PB_OK;
}

void x86_mem_reset(struct x86_mem *m)
{
    m->used = m->keep;
    m->n_units = 0;
}

void x86_mem_begin(struct x86_mem *m, struct xasm *a)
{
    size_t at = (m->used + 15) & ~(size_t)15;

    memset(a, 0, sizeof(*a));
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
