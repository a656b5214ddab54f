/* SPDX-License-Identifier: MIT */
/* clock.c - what time it is, and seeded randomness.
 *
 * The virtual clock is the monotonic clock minus the time that the machine stood still.
 * All time and randomness that plugins see pass here: deterministic mode replaces raw().
 */
#include "clock.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static struct {
    _Atomic uint32_t seq;         /* odd while the fields below change */
    _Atomic uint32_t running;
    _Atomic int64_t virtual_base; /* running: virtual = raw - base; else the time it shows */
    _Atomic int64_t host_offset;  /* PB_CLK_HOST = source + offset */
    _Atomic uint32_t host_virtual;
} clk;

static int64_t raw(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int64_t virtual_now(void)
{
    for (;;) {
        uint32_t seq = atomic_load_explicit(&clk.seq, memory_order_acquire);
        uint32_t on = atomic_load_explicit(&clk.running, memory_order_acquire);
        int64_t base = atomic_load_explicit(&clk.virtual_base, memory_order_acquire);
        int64_t now = on ? raw(CLOCK_MONOTONIC) - base : base;
        if (!(seq & 1) && atomic_load_explicit(&clk.seq, memory_order_relaxed) == seq)
            return now;
    }
}

int64_t pb_clock_now(uint32_t clock)
{
    if (clock == PB_CLK_VIRTUAL)
        return virtual_now();
    if (clock == PB_CLK_HOST)
        return (atomic_load(&clk.host_virtual) ? virtual_now() : raw(CLOCK_REALTIME)) +
               atomic_load(&clk.host_offset);
    return raw(CLOCK_MONOTONIC);
}

static void set(uint32_t running, int64_t base)
{
    atomic_fetch_add(&clk.seq, 1);
    atomic_store(&clk.running, running);
    atomic_store(&clk.virtual_base, base);
    atomic_fetch_add(&clk.seq, 1);
}

void pb_clock_run(gboolean on)
{
    int64_t now = virtual_now();

    if (atomic_load(&clk.running) == (uint32_t)on)
        return;
    set((uint32_t)on, on ? raw(CLOCK_MONOTONIC) - now : now);
    pb_time_poke();
}

gboolean pb_clock_running(void)
{
    return (gboolean)atomic_load(&clk.running);
}

void pb_clock_set_virtual(int64_t ns)
{
    g_return_if_fail(!atomic_load(&clk.running));
    set(0, ns);
}

void pb_clock_set_host(int64_t ns, gboolean virtual_)
{
    atomic_store(&clk.host_virtual, (uint32_t)virtual_);
    atomic_store(&clk.host_offset, 0);
    atomic_store(&clk.host_offset, ns - pb_clock_now(PB_CLK_HOST));
    pb_time_poke();
}

void pb_clock_reset(void)
{
    set(0, 0);
    atomic_store(&clk.host_virtual, 0);
    atomic_store(&clk.host_offset, 0);
}

/* ---- Randomness: SplitMix64 (Steele, Lea, Flood 2014): one atomic addition and a mix --- */

static _Atomic uint64_t random_state;

void pb_random_seed(uint64_t seed)
{
    atomic_store(&random_state, seed);
}

uint64_t pb_random(void)
{
    uint64_t z = atomic_fetch_add(&random_state, 0x9e3779b97f4a7c15u) + 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void pb_random_bytes(struct pb_machine *m, void *buf, uint32_t n)
{
    uint8_t *p = buf;

    while (!m->deterministic && n) {
        ssize_t got = getrandom(p, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            break; /* no such call here: the seed must do */
        p += got;
        n -= (uint32_t)got;
    }
    while (n) {
        uint64_t v = pb_random();
        uint32_t part = n < 8 ? n : 8;
        memcpy(p, &v, part);
        p += part;
        n -= part;
    }
}
