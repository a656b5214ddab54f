/* SPDX-License-Identifier: MIT */
/* sources.c - interrupt sources of a domain: what makes them pending, and where they go then.
 * The RISC-V Advanced Interrupt Architecture 1.0, 4.5.2 (modes), 4.7 (pending bits), 4.8 and 4.9
 * (delivery). All with the root's lock held but aplic_line(). */
#include "aplic.h"

/* ---- Sources (4.5.2, 4.7) ------------------------------------------------------------------ */

static uint32_t mode(const struct aplic *a, uint32_t n)
{
    return a->sourcecfg[n] & SOURCECFG_D ? SM_INACTIVE : a->sourcecfg[n];
}

int aplic_active(const struct aplic *a, uint32_t n)
{
    return n >= 1 && n <= a->n_sources && mode(a, n) != SM_INACTIVE;
}

int aplic_input(struct aplic *a, uint32_t n)
{
    uint32_t m = n >= 1 && n <= a->n_sources ? mode(a, n) : SM_INACTIVE;

    return m >= SM_EDGE1 && aplic_bit(aplic_root(a)->level, n) != (int)(m & 1);
}

static int is_level(const struct aplic *a, uint32_t n)
{
    return mode(a, n) >= SM_LEVEL1;
}

/* ---- Delivery (4.8, 4.9) ------------------------------------------------------------------- */

uint32_t aplic_topi(const struct aplic *a, uint32_t hart)
{
    uint32_t floor = a->idc[hart].ithreshold ? a->idc[hart].ithreshold : a->prio_mask + 1, top = 0;

    for (uint32_t w = 0; w <= a->n_sources / 32; w++) {
        for (uint32_t m = a->ip[w] & a->ie[w]; m; m &= m - 1) {
            uint32_t n = w * 32 + (uint32_t)__builtin_ctz(m), prio = a->target[n] & a->prio_mask;
            if (a->target[n] >> 18 == hart && prio < floor) {
                floor = prio;
                top = n << 16 | prio;
            }
        }
    }
    return top;
}

void aplic_drive(struct aplic *a, uint32_t hart)
{
    const struct idc *c = &a->idc[hart];

    pb_line_set(c->out, !a->msimode && (a->domaincfg & DOMAINCFG_IE) && c->idelivery &&
                            (c->iforce || aplic_topi(a, hart)));
}

uint32_t aplic_claim(struct aplic *a, uint32_t hart)
{
    uint32_t top = aplic_topi(a, hart);

    if (!top)
        a->idc[hart].iforce = 0;
    else if (!is_level(a, top >> 16)) /* a level is pending as long as it is there */
        aplic_put_bit(a->ip, top >> 16, 0);
    aplic_drive(a, hart);
    return top;
}

void aplic_message(struct aplic *a, uint32_t hart, uint32_t guest, uint32_t eiid)
{
    const uint32_t *c = aplic_root(a)->msiaddrcfg;
    uint32_t lhxw = c[1] >> 12 & 0xf, hhxw = c[1] >> 16 & 7, hhxs = c[1] >> 24 & 0x1f;
    const uint32_t *base = a->parent ? c + 2 : c;
    uint64_t group = hart >> lhxw & ((1u << hhxw) - 1), index = hart & ((1u << lhxw) - 1);
    uint64_t ppn = (uint64_t)(base[1] & 0xfff) << 32 | base[0];
    struct pb_msi_route r;

    ppn |= group << (hhxs + 12) | index << (base[1] >> 20 & 7) | guest;
    if (a->msi && a->msi->resolve(a->msi_self, 0, ppn << 12, eiid, &r) == PB_OK)
        pb_msi_send(&r);
    else if (a->h->log_on[PB_LOG_GUEST])
        a->h->log(a->h, a->dev, PB_LOG_GUEST, "riscv-aplic: nobody hears messages at the address "
                  "that mmsiaddrcfg and smsiaddrcfg give");
}

/* Source n may go out now. */
static void deliver(struct aplic *a, uint32_t n)
{
    uint32_t t = a->target[n];

    if (!a->msimode) {
        aplic_drive(a, t >> 18);
    } else if ((a->domaincfg & DOMAINCFG_IE) && aplic_bit(a->ip, n) && aplic_bit(a->ie, n)) {
        aplic_put_bit(a->ip, n, 0);
        aplic_message(a, t >> 18, t >> 12 & 0x3f, t & 0x7ff);
    }
}

void aplic_deliver(struct aplic *a)
{
    for (uint32_t i = 0; !a->msimode && i < a->n_harts; i++)
        aplic_drive(a, i);
    for (uint32_t w = 0; a->msimode && w <= a->n_sources / 32; w++) {
        for (uint32_t m = a->ip[w] & a->ie[w]; m; m &= m - 1)
            deliver(a, w * 32 + (uint32_t)__builtin_ctz(m));
    }
}

/* ---- What changes pending and enable bits -------------------------------------------------- */

void aplic_set_pending(struct aplic *a, uint32_t n, int on)
{
    if (!aplic_active(a, n) || (is_level(a, n) && !a->msimode))
        return; /* a copy of the input */
    if (on && is_level(a, n) && !aplic_input(a, n))
        return;
    aplic_put_bit(a->ip, n, on);
    deliver(a, n);
}

void aplic_set_enabled(struct aplic *a, uint32_t n, int on)
{
    if (!aplic_active(a, n))
        return;
    aplic_put_bit(a->ie, n, on);
    deliver(a, n);
}

/* The input of an active source is `high` now, and was not before or the other way round. */
static void input_changed(struct aplic *a, uint32_t n, int high)
{
    if (high || is_level(a, n))
        aplic_put_bit(a->ip, n, high);
    deliver(a, n);
}

void aplic_line(void *self, uint32_t n, int32_t level)
{
    struct aplic *root = aplic_root(self), *a = root;

    if (n == 0 || n > root->n_sources)
        return;
    pthread_mutex_lock(&root->lock);
    if (root->child && root->sourcecfg[n] & SOURCECFG_D)
        a = root->child;
    int before = aplic_bit(root->level, n);
    aplic_put_bit(root->level, n, level != 0);
    if (before != (level != 0) && aplic_active(a, n) && mode(a, n) >= SM_EDGE1)
        input_changed(a, n, aplic_input(a, n));
    pthread_mutex_unlock(&root->lock);
}

/* Inactive: everything of the source is zero (4.5.2). */
static void deactivate(struct aplic *a, uint32_t n)
{
    uint32_t hart = a->target[n] >> 18;

    a->sourcecfg[n] = a->target[n] = 0;
    aplic_put_bit(a->ip, n, 0);
    aplic_put_bit(a->ie, n, 0);
    aplic_drive(a, hart);
}

void aplic_configure(struct aplic *a, uint32_t n, uint32_t v)
{
    int kept = a->parent && !(a->parent->sourcecfg[n] & SOURCECFG_D); /* by the parent */

    if (n > a->n_sources || kept)
        return; /* read-only zero */
    if (v & SOURCECFG_D) {
        deactivate(a, n);
        if (a->child && n <= a->child->n_sources)
            a->sourcecfg[n] = SOURCECFG_D; /* child 0, the only one */
        return;
    }
    if (a->child && a->sourcecfg[n] & SOURCECFG_D)
        deactivate(a->child, n);
    v &= 7;
    if (v == SM_INACTIVE || v == 2 || v == 3) { /* reserved ones are inactive (WARL) */
        deactivate(a, n);
        return;
    }
    if (!aplic_active(a, n))
        a->target[n] = a->msimode ? 0 : 1;
    a->sourcecfg[n] = v;
    if (is_level(a, n))
        aplic_put_bit(a->ip, n, aplic_input(a, n));
    deliver(a, n);
}
