/* SPDX-License-Identifier: MIT */
/* memory.c - what the program has mapped where: mmap and its family.
 *
 * Host and program share addresses, so a mapping is the host's with the program's place and
 * without PROT_EXEC: nothing of the program is ever run by the host. A sorted table remembers
 * permissions for instruction fetches, and finds room: below the last thing mapped, as the
 * kernel does. `lock` covers the table and the calls that change it, so both agree.
 *
 * Not modelled: MAP_GROWSDOWN (the mapping does not grow), PROT_BTI and PROT_MTE.
 */
#include "linux.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096u
#define ROUND(n) (((n) + PAGE - 1) & ~(uint64_t)(PAGE - 1))
#define LOWEST 65536u /* vm.mmap_min_addr is this almost everywhere */
#define SHM_SEGS 256u

struct area {
    uint64_t start, end;
    uint32_t how; /* PB_UMAP_* */
};

static struct {
    pthread_mutex_t lock;
    struct area *v;
    uint32_t n, room;
    uint64_t ceiling, hint; /* look for room below these */
    uint64_t kept, kept_end; /* the host's own: pb_svc_user */
    uint64_t brk_start, brk, brk_mapped;
    struct { uint64_t start, len; } shm[SHM_SEGS]; /* attached segments */
} M = {.lock = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP};

/* ---- The table --------------------------------------------------------------------------- */

/* Index of the first area that ends behind addr. */
static uint32_t first_behind(uint64_t addr)
{
    uint32_t lo = 0, hi = M.n;

    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (M.v[mid].end > addr)
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}

static uint32_t at(uint64_t addr, uint64_t *end)
{
    uint32_t i = first_behind(addr);

    if (i < M.n && M.v[i].start <= addr) {
        *end = M.v[i].end;
        return M.v[i].how;
    }
    *end = i < M.n ? M.v[i].start : L.svc->top;
    return 0;
}

uint32_t lx_at(uint64_t addr, uint64_t *end)
{
    uint32_t how;

    pthread_mutex_lock(&M.lock);
    how = at(addr, end);
    pthread_mutex_unlock(&M.lock);
    return how;
}

/* Room for two more areas, so that no change fails half-way. */
static int reserve(void)
{
    if (M.n + 2 > M.room) {
        uint32_t room = M.room ? 2 * M.room : 256;
        struct area *v = realloc(M.v, room * sizeof *v);

        if (!v)
            return -ENOMEM;
        M.v = v;
        M.room = room;
    }
    return 0;
}

static void insert(uint32_t i, struct area a)
{
    memmove(&M.v[i + 1], &M.v[i], (M.n - i) * sizeof *M.v);
    M.v[i] = a;
    M.n++;
}

/* Take [start, end) out; PB_UMAP_EXEC if code may have been there. */
static uint32_t take(uint64_t start, uint64_t end)
{
    uint32_t i = first_behind(start), was = 0, n = 0;

    if (i < M.n && M.v[i].start < start) {
        struct area a = M.v[i];

        was |= a.how;
        M.v[i].end = start;
        i++;
        if (a.end > end) {
            insert(i, (struct area){end, a.end, a.how});
            return was & PB_UMAP_EXEC;
        }
    }
    while (i + n < M.n && M.v[i + n].end <= end)
        was |= M.v[i + n++].how;
    if (i + n < M.n && M.v[i + n].start < end) {
        was |= M.v[i + n].how;
        M.v[i + n].start = end;
    }
    memmove(&M.v[i], &M.v[i + n], (M.n - i - n) * sizeof *M.v);
    M.n -= n;
    return was & PB_UMAP_EXEC;
}

static uint32_t give(uint64_t start, uint64_t end, uint32_t how)
{
    uint32_t was = take(start, end), i = first_behind(start);

    if (i > 0 && M.v[i - 1].end == start && M.v[i - 1].how == how) {
        M.v[i - 1].end = end;
        if (i < M.n && M.v[i].start == end && M.v[i].how == how) {
            M.v[i - 1].end = M.v[i].end;
            memmove(&M.v[i], &M.v[i + 1], (M.n - i - 1) * sizeof *M.v);
            M.n--;
        }
    } else if (i < M.n && M.v[i].start == end && M.v[i].how == how) {
        M.v[i].start = start;
    } else {
        insert(i, (struct area){start, end, how});
    }
    return was;
}

static int is_kept(uint64_t start, uint64_t len)
{
    return start < M.kept_end && start + len > M.kept;
}

static int is_free(uint64_t start, uint64_t len)
{
    uint64_t end;

    return start >= LOWEST && start < L.svc->top && len <= L.svc->top - start &&
           !at(start, &end) && end - start >= len;
}

/* The highest hole of `len` bytes that ends at or below `below`; 0: none. */
static uint64_t hole(uint64_t len, uint64_t below)
{
    uint32_t i = first_behind(below);
    uint64_t end = i < M.n && M.v[i].start < below ? M.v[i].start : below;

    for (;;) {
        uint64_t start = i ? M.v[i - 1].end : LOWEST;

        if (end > start && end - start >= len)
            return end - len;
        if (!i)
            return 0;
        i--;
        end = M.v[i].start < end ? M.v[i].start : end;
    }
}

static uint64_t find_room(uint64_t len)
{
    uint64_t r = hole(len, M.hint);

    if (!r)
        r = hole(len, M.ceiling);
    if (!r)
        r = hole(len, L.svc->top);
    if (r)
        M.hint = r;
    return r;
}

/* Something at the end of the mapped part went away: look from there. */
static void freed(uint64_t end)
{
    if (end > M.hint && end <= M.ceiling)
        M.hint = end;
}

static uint32_t how_of(int prot, int flags)
{
    return (prot & PROT_READ ? PB_UMAP_READ : 0) | (prot & PROT_WRITE ? PB_UMAP_WRITE : 0) |
           (prot & PROT_EXEC ? PB_UMAP_EXEC : 0) |
           ((flags & MAP_TYPE) != MAP_PRIVATE ? PB_UMAP_SHARED : 0) | 16u; /* never 0 */
}

/* The translator reads what the program may run. */
static int host_prot(int prot)
{
    int p = prot & (PROT_READ | PROT_WRITE);

    return prot & PROT_EXEC ? p | PROT_READ : p;
}

static void code_gone(uint64_t start, uint64_t len, uint32_t was)
{
    if ((was & PB_UMAP_EXEC) && lx_self)
        L.cpu->map_changed(lx_self->self, start, len);
}

/* ---- mmap, munmap, mprotect ------------------------------------------------------------------ */

static int64_t place_for(uint64_t addr, uint64_t len, int flags)
{
    uint64_t r;

    if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
        if (addr & (PAGE - 1))
            return -EINVAL;
        if (addr < LOWEST)
            return -EPERM;
        if (addr >= L.svc->top || len > L.svc->top - addr || is_kept(addr, len))
            return -ENOMEM;
        if (!(flags & MAP_FIXED) && !is_free(addr, len))
            return -EEXIST;
        return (int64_t)addr;
    }
    addr = ROUND(addr);
    if (addr && is_free(addr, len))
        return (int64_t)addr;
    r = find_room(len);
    return r ? (int64_t)r : -ENOMEM;
}

int64_t lx_mmap(uint64_t addr, uint64_t len, int prot, int flags, int fd, uint64_t off)
{
    int host_flags = (flags & ~(MAP_GROWSDOWN | MAP_FIXED_NOREPLACE | MAP_32BIT)) | MAP_FIXED;
    uint32_t was = 0;
    int64_t r;
    void *p;

    if (!len || (off & (PAGE - 1)))
        return -EINVAL;
    if (len > L.svc->top)
        return -ENOMEM;
    len = ROUND(len);
    pthread_mutex_lock(&M.lock);
    r = reserve();
    if (!r)
        r = place_for(addr, len, flags);
    if (r > 0) {
        p = mmap((void *)(uintptr_t)r, len, host_prot(prot), host_flags, fd, (off_t)off);
        if (p == MAP_FAILED)
            r = -errno;
        else
            was = give((uint64_t)r, (uint64_t)r + len, how_of(prot, flags));
    }
    pthread_mutex_unlock(&M.lock);
    if (r > 0)
        code_gone((uint64_t)r, len, was);
    return r;
}

int64_t lx_munmap(uint64_t addr, uint64_t len)
{
    uint32_t was = 0;
    int64_t r;

    if ((addr & (PAGE - 1)) || !len || lx_bad(addr) || ROUND(len) > L.svc->top - addr)
        return -EINVAL;
    len = ROUND(len);
    if (is_kept(addr, len))
        return -EINVAL;
    pthread_mutex_lock(&M.lock);
    r = reserve();
    if (!r && munmap((void *)(uintptr_t)addr, len) < 0)
        r = -errno;
    if (!r) {
        was = take(addr, addr + len);
        freed(addr + len);
    }
    pthread_mutex_unlock(&M.lock);
    code_gone(addr, len, was);
    return r;
}

int64_t lx_mprotect(uint64_t addr, uint64_t len, int prot)
{
    uint32_t was = 0;
    int64_t r = 0;
    uint64_t end;

    len = ROUND(len);
    if (addr & (PAGE - 1))
        return -EINVAL;
    if (!len)
        return 0;
    if (lx_bad(addr) || len > L.svc->top - addr || is_kept(addr, len))
        return -ENOMEM;
    prot &= PROT_READ | PROT_WRITE | PROT_EXEC;
    pthread_mutex_lock(&M.lock);
    if (mprotect((void *)(uintptr_t)addr, len, host_prot(prot)) < 0)
        r = -errno;
    for (uint64_t a = addr; !r && a < addr + len; a = end) {
        uint32_t how = at(a, &end);

        if (end > addr + len)
            end = addr + len;
        if (!how) {
            r = -ENOMEM;
            break;
        }
        r = reserve();
        if (!r)
            was |= give(a, end, how_of(prot, how & PB_UMAP_SHARED ? MAP_SHARED : MAP_PRIVATE));
    }
    pthread_mutex_unlock(&M.lock);
    code_gone(addr, len, was);
    return r;
}

LX_HANDLER(mmap)
{
    (void)t, (void)c;
    return lx_mmap(a[0], a[1], (int)a[2], (int)a[3], (int)a[4], a[5]);
}

LX_HANDLER(munmap)
{
    (void)t, (void)c;
    return lx_munmap(a[0], a[1]);
}

LX_HANDLER(mprotect)
{
    (void)t, (void)c;
    return lx_mprotect(a[0], a[1], (int)a[2]);
}

/* Only key -1, none, is there: as where the hardware has no keys. */
LX_HANDLER(pkey_mprotect)
{
    (void)t, (void)c;
    return (int)a[3] == -1 ? lx_mprotect(a[0], a[1], (int)a[2]) : -EINVAL;
}

/* ---- mremap ------------------------------------------------------------------------------ */

static int64_t remap(uint64_t old, uint64_t len, uint64_t want, uint64_t to, int flags)
{
    void *p = mremap((void *)(uintptr_t)old, len, want, flags, (void *)(uintptr_t)to);

    return p == MAP_FAILED ? -errno : (int64_t)(uintptr_t)p;
}

/* With the lock. *was, *was_to: what had code. */
static int64_t move(uint64_t *a, uint32_t *was, uint32_t *was_to)
{
    uint64_t old = a[0], len = ROUND(a[1]), want = ROUND(a[2]), flags = a[3], to = a[4], end;
    uint32_t how = at(old, &end);
    int64_t r;

    if (!how || is_kept(old, 1) || (len && end - old < len))
        return -EFAULT;
    if (flags & MREMAP_FIXED) {
        if (!(flags & MREMAP_MAYMOVE) || (to & (PAGE - 1)) || lx_bad(to) ||
            want > L.svc->top - to || to < LOWEST || is_kept(to, want))
            return -EINVAL;
    } else if (!(flags & MREMAP_DONTUNMAP) && want <= len) {
        r = remap(old, len, want, 0, 0);
        if (r >= 0 && want < len)
            *was = take(old + want, old + len);
        return r;
    } else if (!(flags & MREMAP_DONTUNMAP) && end == old + len && is_free(end, want - len)) {
        r = remap(old, len, want, 0, 0);
        if (r >= 0)
            give(old, old + want, how);
        if (r != -ENOMEM || !(flags & MREMAP_MAYMOVE))
            return r;
    } else if (!(flags & MREMAP_MAYMOVE)) {
        return -ENOMEM;
    }
    if (!(flags & MREMAP_FIXED) && !(to = find_room(want)))
        return -ENOMEM;
    r = remap(old, len, want, to, (int)flags | MREMAP_FIXED);
    if (r < 0)
        return r;
    if (len && !(flags & MREMAP_DONTUNMAP))
        *was = take(old, old + len);
    if (reserve() < 0)
        return -ENOMEM;
    *was_to = give(to, to + want, how);
    return r;
}

LX_HANDLER(mremap)
{
    uint32_t was = 0, was_to = 0;
    int64_t r;

    (void)t, (void)c;
    if ((a[0] & (PAGE - 1)) || lx_bad(a[0]) || a[1] > L.svc->top || a[2] > L.svc->top || !a[2] ||
        (a[3] & ~(uint64_t)(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)))
        return -EINVAL;
    pthread_mutex_lock(&M.lock);
    r = reserve();
    if (!r)
        r = move(a, &was, &was_to);
    pthread_mutex_unlock(&M.lock);
    code_gone(a[0], ROUND(a[1]), was);
    if (r > 0)
        code_gone((uint64_t)r, ROUND(a[2]), was_to);
    return r;
}

/* ---- brk --------------------------------------------------------------------------------- */

void lx_brk_init(uint64_t start)
{
    M.brk_start = M.brk = M.brk_mapped = ROUND(start);
}

uint64_t lx_brk_start(void)
{
    return M.brk_start;
}

LX_HANDLER(brk)
{
    uint64_t want = a[0], end = ROUND(want);
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS;

    (void)t, (void)c;
    if (want < M.brk_start || want >= L.svc->top)
        return (int64_t)M.brk;
    if (end > M.brk_mapped) {
        int64_t r = lx_mmap(M.brk_mapped, end - M.brk_mapped, PROT_READ | PROT_WRITE,
                            flags | MAP_FIXED_NOREPLACE, -1, 0);
        if (r < 0)
            return (int64_t)M.brk;
        M.brk_mapped = end;
    } else if (end < M.brk_mapped) {
        lx_munmap(end, M.brk_mapped - end);
        M.brk_mapped = end;
    }
    M.brk = want;
    return (int64_t)want;
}

/* ---- System V shared memory -------------------------------------------------------------- */

LX_HANDLER(shmat)
{
    struct shmid_ds ds;
    int flags = (int)a[2], slot = -1;
    uint64_t addr = a[1], len;
    int64_t r;

    (void)t, (void)c;
    if (shmctl((int)a[0], IPC_STAT, &ds) < 0)
        return -errno;
    len = ROUND(ds.shm_segsz);
    if (addr && (flags & SHM_RND))
        addr &= ~(uint64_t)(PAGE - 1);
    if ((addr & (PAGE - 1)) || lx_bad(addr) || len > L.svc->top - addr)
        return -EINVAL;
    pthread_mutex_lock(&M.lock);
    for (uint32_t i = 0; i < SHM_SEGS && slot < 0; i++)
        slot = M.shm[i].len ? -1 : (int)i;
    r = slot < 0 ? -EMFILE : reserve();
    if (!r && !addr && !(addr = find_room(len)))
        r = -ENOMEM;
    else if (!r && (is_kept(addr, len) || (!(flags & SHM_REMAP) && !is_free(addr, len))))
        r = -EINVAL;
    if (!r && shmat((int)a[0], (void *)(uintptr_t)addr, flags & ~SHM_EXEC) == (void *)-1)
        r = -errno;
    if (!r) {
        int prot = PROT_READ | (flags & SHM_RDONLY ? 0 : PROT_WRITE) |
                   (flags & SHM_EXEC ? PROT_EXEC : 0);

        give(addr, addr + len, how_of(prot, MAP_SHARED));
        M.shm[slot].start = addr;
        M.shm[slot].len = len;
        r = (int64_t)addr;
    }
    pthread_mutex_unlock(&M.lock);
    return r;
}

LX_HANDLER(shmdt)
{
    uint64_t len = 0;
    uint32_t was = 0;
    int64_t r = -EINVAL;

    (void)t, (void)c;
    pthread_mutex_lock(&M.lock);
    for (uint32_t i = 0; i < SHM_SEGS && r; i++) {
        if (!M.shm[i].len || M.shm[i].start != a[0])
            continue;
        len = M.shm[i].len;
        r = shmdt((void *)(uintptr_t)a[0]) < 0 ? -errno : reserve();
        if (r)
            break;
        M.shm[i].len = 0;
        was = take(a[0], a[0] + len);
    }
    pthread_mutex_unlock(&M.lock);
    code_gone(a[0], len, was);
    return r;
}

/* ---- The rest ---------------------------------------------------------------------------- */

void lx_memory_ceiling(uint64_t top)
{
    M.ceiling = M.hint = top;
}

void lx_memory_init(void)
{
    M.ceiling = M.hint = L.svc->top - PAGE;
    if (!PB_HAS(struct pb_svc_user, L.svc, kept_end) || !L.svc->kept || reserve() < 0)
        return;
    M.kept = L.svc->kept;
    M.kept_end = L.svc->kept_end;
    give(M.kept, M.kept_end, how_of(PROT_NONE, MAP_PRIVATE));
}

void lx_memory_fork(int stage)
{
    static const pthread_mutex_t fresh = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;

    if (stage == 0)
        pthread_mutex_lock(&M.lock);
    else if (stage == 1)
        pthread_mutex_unlock(&M.lock);
    else /* its owner was another thread: that of the parent */
        M.lock = fresh;
}

/* The child of a vfork() had our thread-local storage, so what it held when it was killed is ours
 * in the eyes of the C library, and this fails when there is nothing. */
void lx_memory_vforked(void)
{
    pthread_mutex_unlock(&M.lock);
}
