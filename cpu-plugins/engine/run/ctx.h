/* SPDX-License-Identifier: MIT */
/* ctx.h - one address-space context: its software TLB and jump cache.
 *
 * Each vCPU keeps XL_CTXS of them, found by key, so that switching ASID or privilege is
 * one pointer change (and one GS base change for generated code) and loses nothing. The
 * arrays are reserved at their largest size; untouched pages cost nothing.
 *
 * Inline lookup of an access of `size` bytes at `va`:
 *   i = (va >> 9) & tlb_mask            byte offset of entry (va >> 12) modulo entries
 *   hit iff ((va + size - 1) & ~0xfff | (va & align)) == tag[i]
 *   host address = add[i] + va
 * XL_M_BESIDE makes the same lookup in the context that `beside` points to.
 * An empty tag is all ones; in memory fresh from the kernel a zero, too, is one that nothing
 * matches, anywhere but in entry 0. Pages that are I/O, watched for code (writes), tracked for
 * dirt and still clean (writes), or under a watchpoint never enter the tag of that kind.
 */
#ifndef XL_CTX_H
#define XL_CTX_H

#include "../xl.h"

#define XL_CTXS 16
#define XL_TLB_MAX 8192u /* entries */
#define XL_TLB_MIN 256u
#define XL_JC_SIZE 16384u /* jump cache entries: jumps of a kernel push each other out of 4096 */
#define XL_JC_PART 256u /* entries that are cleared together: as large as a page */
#define XL_XTLB 256u     /* pages executed from, C only */
#define XL_IOTLB 32u     /* pages of devices, C only */
#define XL_BIGS 8u

struct xl_jc { /* virtual pc (all ones: empty) to code of the unit there */
    uint64_t va;
    void *host;
};

struct xl_xpage { /* a page that code ran from */
    uint64_t va, pa; /* va all ones: empty */
    const uint8_t *host;
    uint32_t mutable; /* user mode: its bytes may change unseen */
};

struct xl_range { /* addresses a with (a & mask) == base */
    uint64_t base, mask;
};

struct xl_iopage { /* a page without plain RAM behind it; tags as in the TLB */
    uint64_t tag_r, tag_w, pa;
    uint32_t attrs;
    struct pb_span span;
};

struct xl_ctx {
    uint64_t tlb_mask; /* (entries - 1) << 3 */
    struct xl_jc *jc_base; /* == jc, or the engine's empty table while a kick is pending */
    struct xl_ctx *beside; /* where XL_M_BESIDE goes; xl_ctx_none: not known */
    struct xl_vcpu *vcpu;
    struct xl_ctxkey key;
    uint64_t mode;     /* mode word the jump cache was filled under */
    uint32_t used, misses, fills, flushes; /* for sizing and replacement; fills: of all
                                            * tables since they were cleared */
    uint64_t stamp;    /* of the last switch to it; 0: free */
    uint64_t tag_r[XL_TLB_MAX];
    uint64_t tag_w[XL_TLB_MAX];
    uint64_t add[XL_TLB_MAX];
    uint64_t pa[XL_TLB_MAX]; /* physical page, for code watching and probes: C only */
    struct xl_jc jc[XL_JC_SIZE];
    /* C only. tag_c: may be written by C code, which looks whether the page is watched. */
    uint64_t tag_c[XL_TLB_MAX];
    struct xl_xpage x[XL_XTLB];
    struct xl_iopage io[XL_IOTLB];
    struct xl_range big[XL_BIGS]; /* hold every mapping of more than 4 KiB that was entered */
    uint32_t n_big;
    uint64_t jc_pages[64];        /* filter by virtual page of what the jump cache may hold */
    uint64_t jc_used;             /* bit n: of its n-th part, XL_JC_PART entries */
};

extern struct xl_ctx xl_ctx_none; /* one entry that nothing matches; shared by all vCPUs */

/* Index of a pc in the jump cache. Two within four bytes are rarely both jumped to. */
static inline uint32_t xl_jc_hash(uint64_t va)
{
    return (uint32_t)((va >> 2) ^ (va >> 14)) & (XL_JC_SIZE - 1);
}

#endif
