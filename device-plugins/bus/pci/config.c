/* SPDX-License-Identifier: MIT */
/* config.c - configuration space: bytes with write masks, found by bus number.
 *
 * PCI Local Bus Specification 3.0, 6.1 to 6.3; PCI-to-PCI Bridge Architecture 1.2, 3.2;
 * PCI Express Base 4.0, 7.3 (routing) and 2.3.2 (what answers when nobody does).
 */
#include "pci-bus.h"

#include <stdio.h>
#include <string.h>

uint32_t cfg_get(const pb_pci_fn *f, uint32_t off, uint32_t n)
{
    uint32_t v = 0;

    for (uint32_t i = 0; i < n && off + i < CFG_MAX; i++)
        v |= (uint32_t)f->cfg[off + i] << 8 * i;
    return v;
}

void cfg_put(pb_pci_fn *f, uint32_t off, uint32_t v, uint32_t n)
{
    for (uint32_t i = 0; i < n && off + i < CFG_MAX; i++)
        f->cfg[off + i] = (uint8_t)(v >> 8 * i);
}

void cfg_init(pb_pci_fn *f, uint32_t off, uint32_t v, uint32_t wmask, uint32_t n)
{
    cfg_put(f, off, v, n);
    for (uint32_t i = 0; i < n; i++) {
        f->first[off + i] = (uint8_t)(v >> 8 * i);
        f->wmask[off + i] = (uint8_t)(wmask >> 8 * i);
    }
}

void cfg_reset(pb_pci_fn *f)
{
    memcpy(f->cfg, f->first, f->cfg_len);
    msg_reset(f);
    map_function(f);
}

/* ---- Routing ---------------------------------------------------------------------------- */

/* The bus of that number, by the bridges' registers. */
static struct pbus *route(struct pbus *b, uint32_t number)
{
    for (uint32_t depth = 0; depth < 32; depth++) {
        struct pbus *next = NULL;
        if (pbus_number(b) == number)
            return b;
        for (uint32_t i = 0; i < 256 && !next; i++) {
            pb_pci_fn *f = b->powered ? b->slot[i] : NULL;
            if (f && f->below && f->cfg[C_SECONDARY] && f->cfg[C_SECONDARY] <= number &&
                number <= f->cfg[C_SUBORDINATE])
                next = f->below;
        }
        if (!next)
            return NULL;
        b = next;
    }
    return NULL;
}

static pb_pci_fn *find(struct fabric *fab, uint32_t bus, uint32_t devfn, uint32_t off)
{
    struct pbus *b = route(fab->root, bus);
    pb_pci_fn *f = b && b->powered ? b->slot[devfn & 0xff] : NULL;

    return f && off < f->cfg_len ? f : NULL;
}

/* ---- Accesses ---------------------------------------------------------------------------- */

uint32_t config_read(struct fabric *fab, uint32_t bus, uint32_t devfn, uint32_t off, uint32_t n)
{
    uint32_t v = UINT32_MAX;

    pthread_mutex_lock(&fab->access);
    pthread_mutex_lock(&fab->lock);
    pb_pci_fn *f = find(fab, bus, devfn, off);
    pthread_mutex_unlock(&fab->lock);
    if (f && f->info.reading)
        f->info.reading(f->info.self, off, n);
    pthread_mutex_lock(&fab->lock);
    if (f) {
        v = cfg_get(f, off, n);
        if (off <= C_STATUS && C_STATUS < off + n && __atomic_load_n(&f->level, __ATOMIC_ACQUIRE))
            v |= STATUS_INTX << 8 * (C_STATUS - off);
    }
    pthread_mutex_unlock(&fab->lock);
    pthread_mutex_unlock(&fab->access);
    return v;
}

static uint32_t touches(uint32_t off, uint32_t n, uint32_t first, uint32_t len)
{
    return off < first + len && first < off + n;
}

/* Bytes of the header changed that decide who is reached where. lock is held. */
static void header_written(pb_pci_fn *f, uint32_t off, uint32_t n, uint32_t was_ctl)
{
    uint32_t bridge = f->below != NULL;

    if (touches(off, n, C_COMMAND, 2) || touches(off, n, C_BAR, bridge ? 8 : 24) ||
        touches(off, n, bridge ? C_BRIDGE_ROM : C_ROM, 4))
        map_function(f);
    if (!bridge)
        return;
    if (touches(off, n, C_BRIDGE_CTL, 2) && !(was_ctl & BRIDGE_RESET) &&
        (cfg_get(f, C_BRIDGE_CTL, 2) & BRIDGE_RESET))
        fn_reset_below(f->below);
    if (touches(off, n, C_COMMAND, 2) || touches(off, n, C_PRIMARY, 0x34 - C_PRIMARY))
        map_bus(f->below);
}

/* Function-level reset, PCI Express 6.6.2. lock is held. */
static void flr(pb_pci_fn *f)
{
    if (!f->express || !(cfg_get(f, f->express + 8, 2) & 0x8000))
        return;
    cfg_put(f, f->express + 8, 0, 2);
    if (f->below || !f->info.reset)
        return;
    cfg_reset(f);
    if (f->info.reset)
        f->bus->fab->time->soon(f->dev, f->info.reset, f->info.self);
}

void config_write(struct fabric *fab, uint32_t bus, uint32_t devfn, uint32_t off, uint32_t v,
                  uint32_t n)
{
    pthread_mutex_lock(&fab->access);
    pthread_mutex_lock(&fab->lock);
    pb_pci_fn *f = find(fab, bus, devfn, off);
    if (f) {
        uint32_t was_ctl = cfg_get(f, C_BRIDGE_CTL, 2);
        for (uint32_t i = 0; i < n && off + i < f->cfg_len; i++) {
            uint8_t b = (uint8_t)(v >> 8 * i), *c = &f->cfg[off + i];
            *c = (uint8_t)((*c & ~f->wmask[off + i]) | (b & f->wmask[off + i]));
            *c &= (uint8_t)~(b & f->w1c[off + i]);
        }
        header_written(f, off, n, was_ctl);
        msg_written(f, off, n);
        flr(f);
    }
    pthread_mutex_unlock(&fab->lock);
    if (f) {
        irq_update(f);
        if (f->info.written)
            f->info.written(f->info.self, off, n);
    }
    pthread_mutex_unlock(&fab->access);
}

/* ---- Saved state: what software can change, by place on the bus -------------------------- */

int config_save(struct pbus *b, pb_state *s, pb_err *e)
{
    const struct pb_svc_state *st = b->h->get(b->h, PB_SVC_STATE);
    int rc = PB_OK;

    for (uint32_t i = 0; i < 256 && rc >= 0; i++) {
        pb_pci_fn *f = b->slot[i];
        char name[32];
        if (!f)
            continue;
        snprintf(name, sizeof name, "%02x.%x.config", i >> 3, i & 7);
        rc = st->put(s, name, PB_S_BYTES, f->cfg, f->cfg_len);
        snprintf(name, sizeof name, "%02x.%x.level", i >> 3, i & 7);
        uint8_t level = (uint8_t)__atomic_load_n(&f->level, __ATOMIC_ACQUIRE);
        rc = rc < 0 ? rc : st->put(s, name, PB_S_U8, &level, 1);
        rc = rc < 0 ? rc : msg_save(f, s, e);
    }
    return rc;
}

static int load_fn(pb_pci_fn *f, const struct pb_svc_state *st, pb_state *s, pb_err *e)
{
    struct fabric *fab = f->bus->fab;
    uint8_t saved[CFG_MAX], level;
    char name[32];

    snprintf(name, sizeof name, "%02x.%x.config", f->devfn >> 3, f->devfn & 7);
    if (st->get(s, name, PB_S_BYTES, saved, f->cfg_len) < 0)
        return f->bus->h->fail(e, PB_EINVAL, "PCI: the saved state is of other devices");
    snprintf(name, sizeof name, "%02x.%x.level", f->devfn >> 3, f->devfn & 7);
    if (st->get(s, name, PB_S_U8, &level, 1) < 0)
        return f->bus->h->fail(e, PB_EINVAL, "PCI: the saved state is of other devices");
    pthread_mutex_lock(&fab->lock);
    for (uint32_t i = 0; i < f->cfg_len; i++) { /* what is fixed stays as it is */
        uint8_t m = f->wmask[i] | f->w1c[i] | msg_waits(f, i);
        f->cfg[i] = (uint8_t)((f->cfg[i] & ~m) | (saved[i] & m));
    }
    pthread_mutex_unlock(&fab->lock);
    __atomic_store_n(&f->level, level & 1, __ATOMIC_RELEASE);
    return msg_load(f, s, e);
}

int config_load(struct pbus *b, pb_state *s, pb_err *e)
{
    const struct pb_svc_state *st = b->h->get(b->h, PB_SVC_STATE);
    int rc = PB_OK;

    for (uint32_t i = 0; i < 256 && rc >= 0; i++)
        if (b->slot[i])
            rc = load_fn(b->slot[i], st, s, e);
    pthread_mutex_lock(&b->fab->lock);
    map_bus(b);
    pthread_mutex_unlock(&b->fab->lock);
    for (uint32_t i = 0; i < 256; i++)
        if (b->slot[i])
            irq_update(b->slot[i]);
    return rc;
}
