/* SPDX-License-Identifier: MIT */
/* slow.c - memory accesses that the inline lookup did not serve: TLB misses, misaligned and
 * page-crossing ones, devices, watched pages; atomics; and helpers' own accesses.
 *
 * Load-linked remembers address and value, store-conditional is a compare-and-exchange with
 * that value: a location that was changed and changed back meanwhile (ABA) counts as
 * untouched, which the architectures forbid and real code does not mind.
 *
 * A misaligned access within a page is done byte by byte, so it is not single-copy atomic;
 * one that crosses pages checks both before it changes anything. Atomics on what is not
 * plain RAM raise XL_FAULT_BUS.
 */
#include "priv.h"

#include "../cache/cache.h"

static uint64_t get_bytes(const uint8_t *p, uint32_t n)
{
    uint64_t v = 0;

    for (uint32_t i = 0; i < n; i++)
        v |= xl_ram_ld(p + i, 1) << (8 * i);
    return v;
}

static void put_bytes(uint8_t *p, uint32_t n, uint64_t v)
{
    for (uint32_t i = 0; i < n; i++)
        xl_ram_st(p + i, 1, v >> (8 * i));
}

/* n bytes within a page, little-endian. */
static uint64_t load_part(struct xl_vcpu *x, uint64_t va, uint32_t n)
{
    struct xl_acc a;
    uint64_t v = 0;

    xl_resolve(x, va, n, XL_R, &a);
    if (a.host)
        return va & (n - 1) || n & (n - 1) ? get_bytes(a.host, n) : xl_ram_ld(a.host, n);
    if (n & (n - 1)) { /* part of a crossing access */
        for (uint32_t i = 0; i < n; i++)
            v |= load_part(x, va + i, 1) << (8 * i);
        return v;
    }
    if (xl_io(x, &a.span, a.pa, n, 0, &v) != PB_OK)
        xl_raise(x, va, XL_R, XL_FAULT_BUS);
    return v;
}

static void store_to(struct xl_vcpu *x, const struct xl_acc *a, uint64_t va, uint32_t n,
                     uint64_t v)
{
    if (a->host) {
        if (va & (n - 1) || n & (n - 1))
            put_bytes(a->host, n, v);
        else
            xl_ram_st(a->host, n, v);
        xl_barrier(x); /* then look: see watch.c */
        if (!x->top && (a->watched || xl_watched(x->engine, a->pa))) {
            xl_r(x)->n_watched++;
            xl_stored(x, a->pa, n);
        }
        return;
    }
    if (n & (n - 1)) {
        for (uint32_t i = 0; i < n; i++) {
            uint64_t byte = v >> (8 * i) & 0xff;

            if (xl_io(x, &a->span, a->pa + i, 1, 1, &byte) != PB_OK)
                xl_raise(x, va + i, XL_W, XL_FAULT_BUS);
        }
        return;
    }
    if (xl_io(x, &a->span, a->pa, n, 1, &v) != PB_OK)
        xl_raise(x, va, XL_W, XL_FAULT_BUS);
}

/* Raise what a misaligned access raises. */
static void check_align(struct xl_vcpu *x, uint64_t va, uint32_t memop, uint32_t access)
{
    if ((memop & (XL_M_ALIGN | XL_M_ATOMIC)) && (va & (XL_M_SIZE_OF(memop) - 1)))
        xl_raise(x, va, access, XL_FAULT_ALIGN);
}

/* Chaos: every n-th access of RAM fails before it has any effect, as if nothing answered. TLBs stay
 * empty then, so generated code comes here with each one, as the interpreter does. */
static void fail_nth(struct xl_vcpu *x, uint64_t va, uint32_t access)
{
    struct xl_run *r = xl_r(x);
    struct xl_acc a;

    if (!x->engine->chaos_fault)
        return;
    xl_resolve(x, va, 1, access, &a);
    if (!a.host || ++r->n_counted < x->engine->chaos_fault)
        return;
    r->n_counted = 0;
    xl_raise(x, va, access, XL_FAULT_BUS);
}

/* Bytes of [va, va+n) in the page of va. */
static uint32_t head_of(uint64_t va, uint32_t n)
{
    uint64_t left = XL_PAGE_SIZE - (va & XL_PAGE_MASK);

    return left < n ? (uint32_t)left : n;
}

uint64_t xl_slow_ld(struct xl_vcpu *x, uint64_t va, uint64_t memop)
{
    uint32_t m = (uint32_t)memop, n = XL_M_SIZE_OF(m), head = head_of(va, n);
    struct xl_acc a;
    uint64_t v;

    xl_r(x)->n_misses++;
    if (m & XL_M_BESIDE)
        xl_ctx_beside(x);
    check_align(x, va, m, XL_R);
    fail_nth(x, va, XL_R);
    if ((m & XL_M_SEQ) == XL_M_SEQ)
        xl_barrier(x);
    if (head == n) {
        v = load_part(x, va, n);
    } else {
        xl_resolve(x, va + head, n - head, XL_R, &a); /* its fault comes before any effect */
        v = load_part(x, va, head);
        v |= load_part(x, va + head, n - head) << (8 * head);
    }
    if (m & XL_M_BESIDE)
        xl_ctx_back(x);
    if (m & XL_M_ACQ)
        xl_barrier(x);
    return xl_extend(xl_swap(v, m), m);
}

void xl_slow_st(struct xl_vcpu *x, uint64_t va, uint64_t v, uint64_t memop)
{
    uint32_t m = (uint32_t)memop, n = XL_M_SIZE_OF(m), head = head_of(va, n);
    struct xl_acc a, a2;

    xl_r(x)->n_misses++;
    if (m & XL_M_BESIDE)
        xl_ctx_beside(x);
    check_align(x, va, m, XL_W);
    fail_nth(x, va, XL_W);
    if (m & XL_M_REL)
        xl_barrier(x);
    v = xl_swap(v, m);
    xl_resolve(x, va, head, XL_W, &a);
    if (head < n) {
        xl_resolve(x, va + head, n - head, XL_W, &a2);
        store_to(x, &a, va, head, v);
        store_to(x, &a2, va + head, n - head, v >> (8 * head));
    } else {
        store_to(x, &a, va, n, v);
    }
    if (m & XL_M_BESIDE)
        xl_ctx_back(x);
    if ((m & XL_M_SEQ) == XL_M_SEQ)
        xl_barrier(x);
}

/* ---- Vectors ---------------------------------------------- */

/* The eight bytes at va, in one page or two, both checked before. */
static uint64_t load_half(struct xl_vcpu *x, uint64_t va)
{
    uint32_t head = head_of(va, 8);
    uint64_t v = load_part(x, va, head);

    return head < 8 ? v | load_part(x, va + head, 8 - head) << (8 * head) : v;
}

static void store_half(struct xl_vcpu *x, uint64_t va, uint64_t v)
{
    uint32_t head = head_of(va, 8);
    struct xl_acc a;

    xl_resolve(x, va, head, XL_W, &a);
    store_to(x, &a, va, head, v);
    if (head == 8)
        return;
    xl_resolve(x, va + head, 8 - head, XL_W, &a);
    store_to(x, &a, va + head, 8 - head, v >> (8 * head));
}

/* Two halves: not indivisible, and a device sees two accesses. A big-endian vector has its
 * bytes the other way round. */
void xl_slow_ld128(struct xl_vcpu *x, uint64_t va, uint64_t memop)
{
    uint32_t m = (uint32_t)memop, head = head_of(va, 16), big = m & XL_M_BIG ? 1 : 0;
    struct xl_v128 v;
    struct xl_acc a;

    xl_r(x)->n_misses++;
    check_align(x, va, m, XL_R);
    fail_nth(x, va, XL_R);
    if ((m & XL_M_SEQ) == XL_M_SEQ)
        xl_barrier(x);
    xl_resolve(x, va, head, XL_R, &a); /* faults come before any effect */
    if (head < 16)
        xl_resolve(x, va + head, 16 - head, XL_R, &a);
    v.d[0] = load_half(x, va);
    v.d[1] = load_half(x, va + 8);
    if (m & XL_M_ACQ)
        xl_barrier(x);
    for (uint32_t i = 0; i < 2; i++)
        x->cell[0].d[i] = big ? __builtin_bswap64(v.d[1 - i]) : v.d[i];
}

void xl_slow_st128(struct xl_vcpu *x, uint64_t va, uint64_t memop)
{
    uint32_t m = (uint32_t)memop, head = head_of(va, 16), big = m & XL_M_BIG ? 1 : 0;
    struct xl_v128 v = x->cell[3];
    struct xl_acc a;

    xl_r(x)->n_misses++;
    check_align(x, va, m, XL_W);
    fail_nth(x, va, XL_W);
    if (m & XL_M_REL)
        xl_barrier(x);
    xl_resolve(x, va, head, XL_W, &a);
    if (head < 16)
        xl_resolve(x, va + head, 16 - head, XL_W, &a);
    for (uint32_t i = 0; i < 2; i++)
        store_half(x, va + 8 * i, big ? __builtin_bswap64(v.d[1 - i]) : v.d[i]);
    if ((m & XL_M_SEQ) == XL_M_SEQ)
        xl_barrier(x);
}

/* ---- Atomics ---------------------------------------------- */

/* Where an atomic of this size operates; raises if it cannot. */
static void *atomic_at(struct xl_vcpu *x, uint64_t va, uint32_t memop, struct xl_acc *a)
{
    check_align(x, va, memop | XL_M_ATOMIC, XL_W);
    fail_nth(x, va, XL_W);
    xl_resolve(x, va, XL_M_SIZE_OF(memop), XL_W, a);
    if (!a->host)
        xl_raise(x, va, XL_W, XL_FAULT_BUS);
    return a->host;
}

/* The same for one that reads as well: that may be what is not allowed. */
static void *rmw_at(struct xl_vcpu *x, uint64_t va, uint32_t memop, struct xl_acc *a)
{
    void *p = atomic_at(x, va, memop, a);
    struct xl_acc r;

    xl_resolve(x, va, XL_M_SIZE_OF(memop), XL_R, &r);
    return p;
}

/* Compare and exchange of 1 << l bytes; *expect is what was there. */
static int cas_ram(void *p, uint32_t l, uint64_t *expect, uint64_t v)
{
    uint8_t e8 = (uint8_t)*expect;
    uint16_t e16 = (uint16_t)*expect;
    uint32_t e32 = (uint32_t)*expect;
    int ok;

#define CAS(T, e)                                                                              \
    ok = __atomic_compare_exchange_n((T *)p, &e, (T)v, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
    *expect = e
    switch (l) {
    case 0: CAS(uint8_t, e8); break;
    case 1: CAS(uint16_t, e16); break;
    case 2: CAS(uint32_t, e32); break;
    default:
        ok = __atomic_compare_exchange_n((uint64_t *)p, expect, v, 0, __ATOMIC_SEQ_CST,
                                         __ATOMIC_SEQ_CST);
        break;
    }
#undef CAS
    return ok;
}

static void after_atomic(struct xl_vcpu *x, const struct xl_acc *a, uint32_t n)
{
    if (!x->top && (a->watched || xl_watched(x->engine, a->pa)))
        xl_stored(x, a->pa, n);
}

/* The new value; old and v are extended to 64 bits alike, as the kind's signedness wants. */
static uint64_t combine(uint32_t kind, uint64_t old, uint64_t v)
{
    switch (kind) {
    case XL_RMW_XCHG: return v;
    case XL_RMW_ADD: return old + v;
    case XL_RMW_AND: return old & v;
    case XL_RMW_OR: return old | v;
    case XL_RMW_XOR: return old ^ v;
    case XL_RMW_MIN: return (int64_t)old < (int64_t)v ? old : v;
    case XL_RMW_MAX: return (int64_t)old > (int64_t)v ? old : v;
    case XL_RMW_MINU: return old < v ? old : v;
    default: return old > v ? old : v;
    }
}

uint64_t xl_slow_rmw(struct xl_vcpu *x, uint64_t va, uint64_t v, uint64_t memop, uint64_t kind)
{
    uint32_t m = (uint32_t)memop, size = m & 7u;
    uint32_t wide = size | (kind == XL_RMW_MIN || kind == XL_RMW_MAX ? XL_M_SIGN : 0);
    uint64_t old, next;
    struct xl_acc a;
    void *p = rmw_at(x, va, m, &a);

    xl_r(x)->n_misses++;
    old = xl_ram_ld(p, 1u << size);
    do {
        next = combine((uint32_t)kind, xl_extend(xl_swap(old, m), wide), xl_extend(v, wide));
        next = xl_swap(xl_extend(next, size), m);
    } while (!cas_ram(p, size, &old, next));
    after_atomic(x, &a, 1u << size);
    return xl_extend(xl_swap(old, m), m);
}

uint64_t xl_slow_cas(struct xl_vcpu *x, uint64_t va, uint64_t expect, uint64_t v, uint64_t memop)
{
    uint32_t m = (uint32_t)memop, size = m & 7u;
    uint64_t old;
    struct xl_acc a;
    void *p = rmw_at(x, va, m, &a);

    xl_r(x)->n_misses++;
    old = xl_swap(xl_extend(expect, size), m);
    cas_ram(p, size, &old, xl_swap(xl_extend(v, size), m));
    after_atomic(x, &a, 1u << size);
    return xl_extend(xl_swap(old, m), m);
}

uint64_t xl_slow_ll(struct xl_vcpu *x, uint64_t va, uint64_t memop)
{
    uint32_t m = (uint32_t)memop;
    struct xl_acc a;
    uint64_t v;

    xl_r(x)->n_misses++;
    check_align(x, va, m | XL_M_ATOMIC, XL_R);
    fail_nth(x, va, XL_R);
    xl_resolve(x, va, XL_M_SIZE_OF(m), XL_R, &a);
    if (!a.host)
        xl_raise(x, va, XL_R, XL_FAULT_BUS);
    v = xl_extend(xl_swap(xl_ram_ld(a.host, XL_M_SIZE_OF(m)), m), m);
    xl_barrier(x);
    x->ll_addr = va;
    x->ll_value = v;
    return v;
}

uint64_t xl_slow_sc(struct xl_vcpu *x, uint64_t va, uint64_t v, uint64_t memop)
{
    uint32_t m = (uint32_t)memop, size = m & 7u;
    uint64_t old;
    struct xl_acc a;
    int ok;
    void *p;

    xl_r(x)->n_misses++;
    check_align(x, va, m | XL_M_ATOMIC, XL_W);
    if (x->ll_addr != va) { /* fails without an access, as it may */
        x->ll_addr = UINT64_MAX;
        return 1;
    }
    p = atomic_at(x, va, m, &a);
    x->ll_addr = UINT64_MAX;
    old = xl_swap(xl_extend(x->ll_value, size), m);
    ok = cas_ram(p, size, &old, xl_swap(xl_extend(v, size), m));
    if (ok)
        after_atomic(x, &a, 1u << size);
    return !ok;
}

/* ---- For helpers ---------------------------------------------- */

/* The same lookup that generated code makes; aligned and plain accesses only. */
static void *hit(struct xl_vcpu *x, uint32_t access, uint64_t va, uint32_t memop)
{
    const struct xl_ctx *c = x->ctx;
    const uint64_t *tags = access == XL_W ? c->tag_w : c->tag_r;
    uint64_t i = (va >> XL_PAGE_BITS) & (c->tlb_mask >> 3);
    uint32_t size = XL_M_SIZE_OF(memop);

    if (va < x->top && !(va & (size - 1)) && !(memop & (XL_M_BIG | XL_M_SEQ)) &&
        !xl_r(x)->n_wp) {
        xl_r(x)->touch = 1;
        return (void *)(uintptr_t)va;
    }

    if ((memop & (XL_M_BIG | XL_M_SEQ)) ||
        tags[i] != (va & ~(uint64_t)(XL_PAGE_MASK & ~(size - 1))))
        return NULL;
    return (void *)(uintptr_t)(c->add[i] + va);
}

uint64_t xl_ld(struct xl_vcpu *x, uint64_t va, uint32_t memop)
{
    const void *p = hit(x, XL_R, va, memop);

    return p ? xl_extend(xl_ram_ld(p, XL_M_SIZE_OF(memop)), memop) : xl_slow_ld(x, va, memop);
}

void xl_st(struct xl_vcpu *x, uint64_t va, uint64_t v, uint32_t memop)
{
    void *p = hit(x, XL_W, va, memop);

    if (p)
        xl_ram_st(p, XL_M_SIZE_OF(memop), v);
    else
        xl_slow_st(x, va, v, memop);
}

void xl_clear(struct xl_vcpu *x, uint64_t va, uint32_t n)
{
    const struct xl_ctx *c = x->ctx;
    uint64_t i = (va >> XL_PAGE_BITS) & (c->tlb_mask >> 3);
    uint8_t *p = (uint8_t *)(uintptr_t)(c->add[i] + va);
    int plain = c->tag_w[i] == (va & ~(uint64_t)XL_PAGE_MASK);

    for (uint32_t k = 0; k < n; k += 8) {
        if (plain)
            xl_ram_st(p + k, 8, 0);
        else
            xl_st(x, va + k, 0, XL_M_SIZE(3));
    }
}

void xl_probe(struct xl_vcpu *x, uint64_t va, uint32_t n, uint32_t access)
{
    struct xl_acc a;

    while (n) {
        uint32_t part = head_of(va, n);

        if (access == XL_X) {
            xl_resolve_x(x, va);
        } else {
            fail_nth(x, va, access);
            xl_resolve(x, va, part, access, &a);
        }
        if (x->top && access == XL_R)
            (void)*(volatile uint8_t *)a.host;
        else if (x->top && access == XL_W)
            __atomic_fetch_or(a.host, 0, __ATOMIC_RELAXED);
        va += part;
        n -= part;
    }
}

void *xl_ptr(struct xl_vcpu *x, uint64_t va, uint32_t n, uint32_t access)
{
    struct xl_acc a;

    if (n == 0 || head_of(va, n) != n || access == XL_X)
        return NULL;
    fail_nth(x, va, access);
    if (x->top) /* whoever uses the pointer is not prepared for faults */
        xl_probe(x, va, n, access);
    xl_resolve(x, va, n, access, &a);
    return a.watched || xl_r(x)->n_wp ? NULL : a.host;
}
