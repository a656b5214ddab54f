/* SPDX-License-Identifier: MIT */
/* irq.c - interrupt pins and messages of functions.
 *
 * PCI Local Bus Specification 3.0, 2.2.6 (pins), 6.8.1 (MSI), 6.8.2 (MSI-X); the swizzle of
 * PCI-to-PCI Bridge Architecture 1.2, 9.1. A message's route is asked for when it is first
 * sent after a change and kept until the next one. A message is a write by the function, so
 * it needs bus mastering.
 */
#include "pci-bus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Pins ------------------------------------------------------------------------------- */

void irq_update(pb_pci_fn *f)
{
    struct fabric *fab = f->bus->fab;

    if (!f->info.pin)
        return;
    pthread_mutex_lock(&fab->irq_lock);
    uint32_t off = cfg_get(f, C_COMMAND, 2) & CMD_INTX_OFF;
    uint32_t want = f->live && !off && __atomic_load_n(&f->level, __ATOMIC_ACQUIRE);
    if (want != f->driven) {
        uint32_t was = fab->drivers[f->line];
        f->driven = want;
        fab->drivers[f->line] = want ? was + 1 : was - 1;
        if (!was != !fab->drivers[f->line])
            pb_line_set(fab->line[f->line], fab->drivers[f->line] != 0);
    }
    pthread_mutex_unlock(&fab->irq_lock);
}

void fn_intx(pb_pci_fn *f, uint32_t level)
{
    __atomic_store_n(&f->level, !!level, __ATOMIC_RELEASE);
    irq_update(f);
}

/* ---- Messages: what the registers say ---------------------------------------------------- */

/* MSI-X Message Control, 6.8.2.3, and MSI's, 6.8.1.3. */
#define MSIX_ENABLE 0x8000u
#define MSIX_MASK_ALL 0x4000u
#define MSI_ENABLE 0x1u
/* Offsets in the MSI capability with 64-bit address and masks, 6.8.1. */
enum { MSI_CTL = 2, MSI_ADDR = 4, MSI_ADDR_HI = 8, MSI_DATA = 12, MSI_MASK = 16, MSI_PENDING = 20,
       MSI_LEN = 24 };

static uint32_t msix_on(const pb_pci_fn *f)
{
    return f->msix && (cfg_get(f, f->msix + 2, 2) & MSIX_ENABLE);
}

static uint32_t msi_on(const pb_pci_fn *f)
{
    return f->msi && (cfg_get(f, f->msi + MSI_CTL, 2) & MSI_ENABLE);
}

uint32_t fn_messages(pb_pci_fn *f)
{
    return msix_on(f) ? 2 : msi_on(f) ? 1 : 0;
}

/* Vectors that MSI software has given, 1 to n. */
static uint32_t msi_given(const pb_pci_fn *f)
{
    uint32_t n = 1u << (cfg_get(f, f->msi + MSI_CTL, 2) >> 4 & 7);

    return min32(n, f->n_msi);
}

static uint32_t masked(const pb_pci_fn *f, uint32_t n)
{
    if (msix_on(f))
        return (cfg_get(f, f->msix + 2, 2) & MSIX_MASK_ALL) || (f->vec[n].control & 1);
    return cfg_get(f, f->msi + MSI_MASK, 4) >> n & 1;
}

static void set_pending(pb_pci_fn *f, uint32_t n, uint32_t on)
{
    if (msix_on(f)) {
        f->pending[n / 8] = (uint8_t)((f->pending[n / 8] & ~(1u << n % 8)) | on << n % 8);
    } else {
        uint32_t p = cfg_get(f, f->msi + MSI_PENDING, 4);
        cfg_put(f, f->msi + MSI_PENDING, (p & ~(1u << n)) | on << n, 4);
    }
}

static uint32_t is_pending(const pb_pci_fn *f, uint32_t n)
{
    if (msix_on(f))
        return f->pending[n / 8] >> n % 8 & 1;
    return cfg_get(f, f->msi + MSI_PENDING, 4) >> n & 1;
}

static uint32_t requester(const pb_pci_fn *f)
{
    return pbus_number(f->bus) << 8 | f->devfn;
}

/* What would be stored where. */
static void message(const pb_pci_fn *f, uint32_t n, uint64_t *addr, uint32_t *data)
{
    if (msix_on(f)) {
        *addr = f->vec[n].addr;
        *data = f->vec[n].data;
        return;
    }
    uint32_t low = msi_given(f) - 1;
    *addr = cfg_get(f, f->msi + MSI_ADDR, 4) | (uint64_t)cfg_get(f, f->msi + MSI_ADDR_HI, 4) << 32;
    *data = (cfg_get(f, f->msi + MSI_DATA, 2) & ~low) | (n & low); /* 6.8.3.4 */
}

static void no_route(void *sink, uint64_t a, uint64_t b)
{
    pb_pci_fn *f = sink;
    const struct pb_svc_mem *m = f->bus->fab->mem;
    uint32_t data = (uint32_t)b;

    if (f->gate && m->write(f->gate, a, &data, 4) < 0 && f->bus->h->log_on[PB_LOG_GUEST])
        f->bus->h->log(f->bus->h, f->dev, PB_LOG_GUEST, "a message goes where nobody hears it");
}

/* The route of vector n; vec_lock is held. */
static struct pb_msi_route route_of(pb_pci_fn *f, uint32_t n)
{
    struct fabric *fab = f->bus->fab;
    struct vector *v = &f->vec[n];
    uint32_t rid = requester(f), data;
    uint64_t addr;

    if (v->known && v->rid == rid)
        return v->route;
    message(f, n, &addr, &data);
    v->known = 1;
    v->rid = rid;
    if (!fab->msi || fab->msi->resolve(fab->msi_self, rid, addr, data, &v->route) < 0)
        v->route = (struct pb_msi_route){no_route, f, addr, data};
    return v->route;
}

void fn_send(pb_pci_fn *f, uint32_t n)
{
    struct pb_msi_route r = {0};

    if (!f->vec)
        return;
    pthread_mutex_lock(&f->vec_lock);
    uint32_t limit = msix_on(f) ? f->n_msix : msi_on(f) ? f->n_msi : 0;
    if (n < limit && map_master(f)) {
        if (masked(f, n))
            set_pending(f, n, 1);
        else
            r = route_of(f, n);
    }
    pthread_mutex_unlock(&f->vec_lock);
    if (r.send)
        pb_msi_send(&r);
}

/* Vectors that were pending and are no longer masked go out. */
static void release(pb_pci_fn *f)
{
    uint32_t limit = msix_on(f) ? f->n_msix : msi_on(f) ? f->n_msi : 0;

    for (uint32_t n = 0; n < limit; n++) {
        struct pb_msi_route r = {0};
        pthread_mutex_lock(&f->vec_lock);
        if (is_pending(f, n) && !masked(f, n)) {
            set_pending(f, n, 0);
            if (map_master(f))
                r = route_of(f, n);
        }
        pthread_mutex_unlock(&f->vec_lock);
        if (r.send)
            pb_msi_send(&r);
    }
}

static void forget_routes(pb_pci_fn *f)
{
    uint32_t n = f->n_msix > f->n_msi ? f->n_msix : f->n_msi;

    for (uint32_t i = 0; i < n; i++)
        f->vec[i].known = 0;
}

static uint32_t hits(uint32_t off, uint32_t n, uint32_t cap, uint32_t len)
{
    return cap && off < cap + len && cap < off + n;
}

void msg_written(pb_pci_fn *f, uint32_t off, uint32_t n)
{
    if (!hits(off, n, f->msi, MSI_LEN) && !hits(off, n, f->msix, 4))
        return;
    pthread_mutex_lock(&f->vec_lock);
    forget_routes(f);
    pthread_mutex_unlock(&f->vec_lock);
    release(f);
}

void msg_reset(pb_pci_fn *f)
{
    if (!f->vec)
        return;
    pthread_mutex_lock(&f->vec_lock);
    forget_routes(f);
    for (uint32_t i = 0; i < f->n_msix; i++)
        f->vec[i] = (struct vector){.control = 1};
    if (f->pending)
        memset(f->pending, 0, (f->n_msix + 63) / 64 * 8);
    pthread_mutex_unlock(&f->vec_lock);
}

/* ---- Making them ------------------------------------------------------------------------- */

static int make_vectors(pb_pci_fn *f, uint32_t n, pb_err *e)
{
    uint32_t have = f->n_msix > f->n_msi ? f->n_msix : f->n_msi;

    if (have >= n)
        return PB_OK;
    struct vector *v = realloc(f->vec, n * sizeof *v);
    if (!v)
        return f->bus->h->fail(e, PB_ENOMEM, "PCI: no memory for message vectors");
    memset(v + have, 0, (n - have) * sizeof *v);
    f->vec = v;
    return PB_OK;
}

int fn_msi(pb_pci_fn *f, uint32_t n, pb_err *e)
{
    uint8_t body[MSI_LEN - 2] = {0}, wmask[MSI_LEN - 2] = {0};
    uint32_t log2 = 0;

    while (1u << log2 < n)
        log2++;
    if (f->msi || n == 0 || n > 32 || 1u << log2 != n)
        return f->bus->h->fail(e, PB_EINVAL, "PCI: MSI takes 1, 2, 4, 8, 16 or 32 vectors, once");
    int rc = make_vectors(f, n, e);
    if (rc < 0)
        return rc;
    body[0] = (uint8_t)(log2 << 1 | 0x80); /* 64-bit */
    body[1] = 1;                           /* masks */
    wmask[0] = 0x71;
    memset(wmask + MSI_ADDR - 2, 0xff, 8);
    wmask[MSI_ADDR - 2] = 0xfc;
    memset(wmask + MSI_DATA - 2, 0xff, 2);
    for (uint32_t i = 0; i < n; i++)
        wmask[MSI_MASK - 2 + i / 8] |= (uint8_t)(1u << i % 8);
    rc = fn_cap(f, CAP_MSI, body, wmask, sizeof body, e);
    if (rc < 0)
        return rc;
    f->n_msi = n;
    f->msi = (uint32_t)rc;
    return rc;
}

/* The table and the pending bits, 6.8.2.6: a region of the function's. */
static uint64_t table_read(void *opaque, uint64_t off, uint32_t bytes)
{
    pb_pci_fn *f = opaque;
    uint64_t v = 0;

    (void)bytes;
    pthread_mutex_lock(&f->vec_lock);
    if (off / 16 < f->n_msix) {
        const struct vector *t = &f->vec[off / 16];
        const uint32_t word[4] = {(uint32_t)t->addr, (uint32_t)(t->addr >> 32), t->data,
                                  t->control};
        v = word[off / 4 % 4];
    } else {
        off -= 16ull * ((f->n_msix + 7) & ~7u);
        for (uint32_t i = 0; i < 4 && off + i < (f->n_msix + 63) / 64 * 8; i++)
            v |= (uint64_t)f->pending[off + i] << 8 * i;
    }
    pthread_mutex_unlock(&f->vec_lock);
    return v;
}

static void table_write(void *opaque, uint64_t off, uint64_t val, uint32_t bytes)
{
    pb_pci_fn *f = opaque;

    (void)bytes;
    if (off / 16 >= f->n_msix)
        return; /* pending bits are read-only */
    pthread_mutex_lock(&f->vec_lock);
    struct vector *t = &f->vec[off / 16];
    t->known = 0;
    switch (off / 4 % 4) {
    case 0:
        t->addr = (t->addr & ~0xffffffffull) | (val & ~3u);
        break;
    case 1:
        t->addr = (t->addr & 0xffffffffull) | val << 32;
        break;
    case 2:
        t->data = (uint32_t)val;
        break;
    default:
        t->control = val & 1;
        break;
    }
    pthread_mutex_unlock(&f->vec_lock);
    release(f);
}

int fn_msix(pb_pci_fn *f, uint32_t n, uint32_t bar, pb_region *box, uint32_t off, pb_err *e)
{
    static const struct pb_region_ops ops = {.read = table_read, .write = table_write, .min = 4,
                                             .max = 8, .impl_min = 4, .impl_max = 4};
    const struct pb_svc_mem *m = f->bus->fab->mem;
    uint32_t pba = 16 * ((n + 7) & ~7u), len = pba + (n + 63) / 64 * 8, size = 4096;
    uint32_t words[2] = {off | bar, (off + pba) | bar};
    uint8_t body[10], wmask[10] = {0, 0xc0};
    int rc;

    if (f->msix || n == 0 || n > 2048 || bar > 5 || (off & 7))
        return f->bus->h->fail(e, PB_EINVAL, "PCI: MSI-X takes 1 to 2048 vectors, once");
    f->pending = calloc((n + 63) / 64, 8);
    if (!f->pending || make_vectors(f, n, e) < 0)
        return PB_ENOMEM;
    while (size < len)
        size *= 2;
    pb_region *r = m->io(f->dev, "msix", box ? len : size, &ops, f, e);
    if (!r)
        return PB_ENOMEM;
    rc = box ? m->place(box, r, off, 1, e)
             : pci_service.bar(f, bar, PB_PCI_BAR_MEM32, r, size, e);
    if (rc < 0)
        return rc;
    body[0] = (uint8_t)(n - 1);
    body[1] = (uint8_t)((n - 1) >> 8);
    for (uint32_t i = 0; i < 8; i++)
        body[2 + i] = (uint8_t)(words[i / 4] >> 8 * (i % 4));
    rc = fn_cap(f, CAP_MSIX, body, wmask, sizeof body, e);
    if (rc < 0)
        return rc;
    f->n_msix = n;
    f->msix = (uint32_t)rc;
    msg_reset(f);
    return rc;
}

/* ---- Saved state ------------------------------------------------------------------------- */

int msg_save(pb_pci_fn *f, pb_state *s, pb_err *e)
{
    const struct pb_svc_state *st = f->bus->h->get(f->bus->h, PB_SVC_STATE);
    uint64_t *v;
    char name[32];

    if (!f->n_msix)
        return PB_OK;
    v = calloc(f->n_msix, 16);
    if (!v)
        return f->bus->h->fail(e, PB_ENOMEM, "PCI: no memory to save message vectors");
    for (uint32_t i = 0; i < f->n_msix; i++) {
        v[2 * i] = f->vec[i].addr;
        v[2 * i + 1] = f->vec[i].data | (uint64_t)f->vec[i].control << 32;
    }
    snprintf(name, sizeof name, "%02x.%x.msix", f->devfn >> 3, f->devfn & 7);
    int rc = st->put(s, name, PB_S_U64, v, 2 * f->n_msix);
    free(v);
    snprintf(name, sizeof name, "%02x.%x.pending", f->devfn >> 3, f->devfn & 7);
    return rc < 0 ? rc : st->put(s, name, PB_S_BYTES, f->pending, (f->n_msix + 63) / 64 * 8);
}

uint8_t msg_waits(const pb_pci_fn *f, uint32_t i)
{
    uint32_t at = f->msi + MSI_PENDING;

    return f->msi && i - at < 4 ? f->wmask[i - MSI_PENDING + MSI_MASK] : 0;
}

int msg_load(pb_pci_fn *f, pb_state *s, pb_err *e)
{
    const struct pb_svc_state *st = f->bus->h->get(f->bus->h, PB_SVC_STATE);
    uint64_t *v;
    char name[32];

    if (!f->n_msix)
        return PB_OK;
    v = calloc(f->n_msix, 16);
    if (!v)
        return f->bus->h->fail(e, PB_ENOMEM, "PCI: no memory to load message vectors");
    snprintf(name, sizeof name, "%02x.%x.msix", f->devfn >> 3, f->devfn & 7);
    int rc = st->get(s, name, PB_S_U64, v, 2 * f->n_msix);
    for (uint32_t i = 0; rc >= 0 && i < f->n_msix; i++)
        f->vec[i] = (struct vector){.addr = v[2 * i] & ~3ull, .data = (uint32_t)v[2 * i + 1],
                                    .control = v[2 * i + 1] >> 32 & 1};
    free(v);
    snprintf(name, sizeof name, "%02x.%x.pending", f->devfn >> 3, f->devfn & 7);
    if (rc >= 0)
        rc = st->get(s, name, PB_S_BYTES, f->pending, (f->n_msix + 63) / 64 * 8);
    return rc < 0 ? f->bus->h->fail(e, PB_EINVAL, "PCI: message vectors are missing in the "
                                    "saved state") : PB_OK;
}
