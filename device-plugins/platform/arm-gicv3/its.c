/* SPDX-License-Identifier: MIT */
/* its.c - the Interrupt Translation Service of a GICv3: messages of devices become LPIs.
 * IHI 0069H, 5.2 (tables), 5.3 (commands), 12.19 (GITS_*).
 *
 * (DeviceID, EventID) leads through the device table to an interrupt translation table, whose
 * entry names an LPI and a collection; the collection table names a CPU. All are the guest's
 * memory and may hold anything: each entry is 8 bytes that are checked whenever they are used.
 * Commands run while GITS_CWRITER is written; one that is wrong is logged and skipped.
 *
 * Entries: device: valid 63, ITT 51:8, EventID bits less one 4:0; collection: valid 63, CPU
 * 15:0; interrupt: valid 63, collection 47:32, LPI 31:0.
 *
 * Not modelled: two-level tables (GITS_BASERn.Indirect is 0), virtual LPIs, messages of CPUs by
 * stores to GITS_TRANSLATER.
 */
#include "gicv3.h"

#include <plugboard/msi.h>

#include <string.h>

enum { P_GIC, P_FRAME };
enum { R_CTLR, R_IIDR, R_TYPER, R_CBASER, R_CWRITER, R_CREADR, R_BASER, R_ID, R_TRANSLATER };
enum { C_MOVI = 1, C_INT = 3, C_CLEAR = 4, C_SYNC = 5, C_MAPD = 8, C_MAPC = 9, C_MAPTI = 10,
       C_MAPI = 11, C_INV = 12, C_INVALL = 13, C_MOVALL = 14, C_DISCARD = 15 };

#define VALID (1ull << 63)
#define EVENT_BITS 16u
#define DEVICE_BITS 16u
#define TRANSLATER 0x10040ull
#define BASER_MASK 0xb8e0ffffffffffffull /* all but Indirect, Type and Entry_Size */
#define CBASER_MASK 0xb8e0ffffffffffffull
enum { DEVICES, COLLECTIONS, TABLES };

struct its {
    const pb_host *h;
    pb_dev *dev;
    const struct pb_svc_mem *mem;
    pb_as *as;
    const struct gicv3_lpis *lpis;
    void *gic;
    uint64_t frame;
    pthread_mutex_t lock; /* before the GIC's */
    uint32_t ctlr;
    uint64_t cbaser, cwriter, creadr, baser[TABLES];
};

static void guest_error(struct its *s, const char *text)
{
    if (s->h->log_on[PB_LOG_GUEST])
        s->h->log(s->h, s->dev, PB_LOG_GUEST, text);
}

/* ---- Tables in guest memory ---------------------------------------------------------- */

/* Main memory only: an entry that lies elsewhere is not there. */
static int get(struct its *s, uint64_t at, void *to, uint32_t n)
{
    struct pb_window w;

    if (s->mem->map(s->as, at, n, 0, &w) < 0)
        return PB_EFAULT;
    memcpy(to, w.host, n);
    s->mem->unmap(s->as, &w, 0);
    return PB_OK;
}

static int put(struct its *s, uint64_t at, uint64_t v)
{
    struct pb_window w;

    if (s->mem->map(s->as, at, sizeof v, 1, &w) < 0)
        return PB_EFAULT;
    memcpy(w.host, &v, sizeof v);
    s->mem->unmap(s->as, &w, sizeof v);
    return PB_OK;
}

/* Address of entry `i` of a table; 0: there is none. */
static uint64_t slot(const struct its *s, uint32_t table, uint64_t i)
{
    static const uint32_t page_bits[4] = {12, 14, 16, 16};
    uint64_t b = s->baser[table];
    uint32_t page = page_bits[b >> 8 & 3];

    if (!(b & VALID) || i >= ((b & 0xff) + 1) << page >> 3)
        return 0;
    return (b & 0xfffffffff000ull & ~((1ull << page) - 1)) + 8 * i;
}

static uint64_t entry(struct its *s, uint64_t at)
{
    uint64_t v = 0;

    return at && get(s, at, &v, sizeof v) == PB_OK && v & VALID ? v : 0;
}

/* Address of the translation of (device, event); 0: the device is not mapped so far. */
static uint64_t ite_slot(struct its *s, uint64_t device, uint64_t event)
{
    uint64_t d = device >> DEVICE_BITS ? 0 : entry(s, slot(s, DEVICES, device));

    if (!d || event >= 2ull << (d & 31))
        return 0;
    return (d & 0xfffffffffff00ull) + 8 * event;
}

/* CPU of a collection, or NO_CPU. */
static uint32_t target(struct its *s, uint64_t icid)
{
    uint64_t c = entry(s, slot(s, COLLECTIONS, icid & 0xffff));

    return c && (c & 0xffff) < s->lpis->n_cpus(s->gic) ? c & 0xffff : NO_CPU;
}

static uint32_t lpi_of(uint64_t ite)
{
    return (uint32_t)ite >= FIRST_LPI ? (uint32_t)ite : 0;
}

/* ---- Messages -------------------------------------------------------------------------- */

static void send(void *sink, uint64_t device, uint64_t event)
{
    struct its *s = sink;

    pthread_mutex_lock(&s->lock);
    uint64_t ite = s->ctlr & 1 ? entry(s, ite_slot(s, device, event)) : 0;
    uint32_t cpu = ite ? target(s, ite >> 32) : NO_CPU;
    if (cpu != NO_CPU && lpi_of(ite))
        s->lpis->pend(s->gic, cpu, lpi_of(ite), 1);
    pthread_mutex_unlock(&s->lock);
}

static int resolve(void *self, uint32_t requester, uint64_t addr, uint32_t data,
                   struct pb_msi_route *r)
{
    struct its *s = self;

    if (addr != s->frame + TRANSLATER)
        return PB_ENOENT;
    *r = (struct pb_msi_route){send, s, requester, data};
    return PB_OK;
}

/* ---- Commands (5.3) ---------------------------------------------------------------------- */

static int mapd(struct its *s, const uint64_t c[4])
{
    uint64_t at = c[0] >> 32 >> DEVICE_BITS ? 0 : slot(s, DEVICES, c[0] >> 32);
    uint64_t size = c[1] & 31;

    if (!at || size >= EVENT_BITS)
        return PB_EINVAL;
    return put(s, at, c[2] & VALID ? VALID | (c[2] & 0xfffffffffff00ull) | size : 0);
}

static int mapc(struct its *s, const uint64_t c[4])
{
    uint64_t at = slot(s, COLLECTIONS, c[2] & 0xffff), cpu = c[2] >> 16 & 0x7ffffffff;

    if (!at || (c[2] & VALID && cpu >= s->lpis->n_cpus(s->gic)))
        return PB_EINVAL;
    return put(s, at, c[2] & VALID ? VALID | cpu : 0);
}

static int mapti(struct its *s, const uint64_t c[4], uint64_t intid)
{
    uint64_t at = ite_slot(s, c[0] >> 32, c[1] & 0xffffffff);

    if (!at || intid < FIRST_LPI || intid >> ID_BITS)
        return PB_EINVAL;
    return put(s, at, VALID | (c[2] & 0xffff) << 32 | intid);
}

/* To another collection, with what is pending. */
static int movi(struct its *s, uint64_t at, uint64_t ite, uint64_t icid)
{
    uint32_t from = target(s, ite >> 32), to = target(s, icid);

    if (to == NO_CPU)
        return PB_EINVAL;
    if (from != NO_CPU && from != to && s->lpis->pending(s->gic, from, lpi_of(ite))) {
        s->lpis->pend(s->gic, from, lpi_of(ite), 0);
        s->lpis->pend(s->gic, to, lpi_of(ite), 1);
    }
    return put(s, at, (ite & ~(0xffffull << 32)) | (icid & 0xffff) << 32);
}

/* Commands about one mapped event. */
static int event_command(struct its *s, uint32_t op, const uint64_t c[4])
{
    uint64_t at = ite_slot(s, c[0] >> 32, c[1] & 0xffffffff), ite = entry(s, at);
    uint32_t cpu = ite ? target(s, ite >> 32) : NO_CPU, lpi = lpi_of(ite);

    if (!ite || !lpi)
        return PB_EINVAL;
    if (op == C_MOVI)
        return movi(s, at, ite, c[2]);
    if (cpu == NO_CPU && op != C_DISCARD)
        return PB_EINVAL;
    if (op == C_INV)
        s->lpis->reload(s->gic, cpu, lpi, lpi);
    else if (cpu != NO_CPU)
        s->lpis->pend(s->gic, cpu, lpi, op == C_INT);
    return op == C_DISCARD ? put(s, at, 0) : PB_OK;
}

static int command(struct its *s, const uint64_t c[4])
{
    uint32_t op = c[0] & 0xff, cpu;

    switch (op) {
    case C_SYNC: /* everything is done when it returns */
        return PB_OK;
    case C_MAPD:
        return mapd(s, c);
    case C_MAPC:
        return mapc(s, c);
    case C_MAPTI:
        return mapti(s, c, c[1] >> 32);
    case C_MAPI:
        return mapti(s, c, c[1] & 0xffffffff);
    case C_INVALL:
        cpu = target(s, c[2]);
        if (cpu == NO_CPU)
            return PB_EINVAL;
        s->lpis->reload(s->gic, cpu, FIRST_LPI, UINT32_MAX);
        return PB_OK;
    case C_MOVALL:
        return s->lpis->move(s->gic, c[2] >> 16 & 0x7ffffffff, c[3] >> 16 & 0x7ffffffff);
    case C_MOVI: case C_INT: case C_CLEAR: case C_INV: case C_DISCARD:
        return event_command(s, op, c);
    default:
        return PB_EINVAL;
    }
}

static void run_commands(struct its *s)
{
    uint64_t base = s->cbaser & 0xffffffffff000ull, size = ((s->cbaser & 0xff) + 1) << 12;
    uint64_t c[4];

    if (!(s->ctlr & 1) || !(s->cbaser & VALID) || s->cwriter >= size)
        return;
    while (s->creadr != s->cwriter) {
        if (get(s, base + s->creadr, c, sizeof c) < 0) {
            guest_error(s, "arm-gicv3-its: the command queue is not in memory, section 5.3");
            s->creadr = s->cwriter; /* nothing can be read: nothing is left to wait for */
            return;
        }
        if (command(s, c) < 0)
            guest_error(s, "arm-gicv3-its: a command is not valid, section 5.3");
        s->creadr = s->creadr + 32 >= size ? 0 : s->creadr + 32;
    }
}

/* ---- Registers ---------------------------------------------------------------------------- */

static uint64_t baser(const struct its *s, uint32_t i)
{
    static const uint64_t type[TABLES] = {1, 4};

    return i < TABLES ? s->baser[i] | type[i] << 56 | 7ull << 48 : 0;
}

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    static const uint8_t id[12] = {0x04, 0, 0, 0, 0x94, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1};
    struct its *s = self;

    switch (r->id) {
    case R_CTLR:
        return s->ctlr | 1u << 31; /* Quiescent */
    case R_TYPER: /* entries of 8 bytes, targets by processor number, collections in memory */
        return 1 | 7u << 4 | (EVENT_BITS - 1) << 8 | (DEVICE_BITS - 1) << 13;
    case R_CBASER:
        return s->cbaser;
    case R_CWRITER:
        return s->cwriter;
    case R_CREADR:
        return s->creadr;
    case R_BASER:
        return baser(s, i);
    default:
        return id[i];
    }
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t v)
{
    struct its *s = self;

    switch (r->id) {
    case R_CTLR:
        s->ctlr = v & 1;
        run_commands(s);
        break;
    case R_CBASER:
        if (!(s->ctlr & 1)) {
            s->cbaser = v & CBASER_MASK;
            s->creadr = s->cwriter = 0;
        }
        break;
    case R_CWRITER:
        s->cwriter = v & 0xfffe0;
        run_commands(s);
        break;
    case R_BASER:
        if (i < TABLES && !(s->ctlr & 1))
            s->baser[i] = v & BASER_MASK & ~(31ull << 48) & ~(7ull << 56);
        break;
    default: /* R_TRANSLATER */
        guest_error(s, "arm-gicv3-its: GITS_TRANSLATER written by a CPU, which has no DeviceID");
    }
}

#define HOOKS (PB_REG_HOOK_R | PB_REG_HOOK_W)
#define REG(n, o, w, acc, cnt, sec) {.name = "GITS_" #n, .off = o, .width = w, .access = acc, \
    .mask = ~0ull, .id = R_##n, .count = cnt, .stride = w, .flags = HOOKS, .section = sec}
static const struct pb_reg regs[] = {
    REG(CTLR, 0x0000, 4, PB_R_RW, 1, "12.19.5"),
    {.name = "GITS_IIDR", .off = 0x0004, .width = 4, .access = PB_R_RO, .id = R_IIDR,
     .reset = 0x43b, .section = "12.19.7"},
    REG(TYPER, 0x0008, 8, PB_R_RO, 1, "12.19.14"),
    REG(CBASER, 0x0080, 8, PB_R_RW, 1, "12.19.2"),
    REG(CWRITER, 0x0088, 8, PB_R_RW, 1, "12.19.6"),
    REG(CREADR, 0x0090, 8, PB_R_RO, 1, "12.19.4"),
    REG(BASER, 0x0100, 8, PB_R_RW, 8, "12.19.1"),
    REG(ID, 0xffd0, 4, PB_R_RO, 12, "12.19"),
    REG(TRANSLATER, TRANSLATER, 4, PB_R_WO, 1, "12.19.13"),
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs,
                                     "arm-gicv3-its", reg_read, reg_write};

static int mmio(void *self, struct pb_txn *t)
{
    struct its *s = self;

    pthread_mutex_lock(&s->lock);
    gicv3_reg_access(&table, s, s->h, s->dev, t);
    pthread_mutex_unlock(&s->lock);
    return PB_OK;
}

/* ---- Life ---------------------------------------------------------------------------------- */

static void unrealize(void *self)
{
    struct its *s = self;

    pthread_mutex_destroy(&s->lock);
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {.access = mmio, .min = 4, .max = 8, .impl_min = 4,
                                             .impl_max = 8};
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    struct its *s = self;

    s->h = h;
    s->dev = d;
    s->mem = h->get(h, PB_SVC_MEM);
    s->as = s->mem->as(d);
    s->frame = (uint64_t)prop->get_int(d, P_FRAME);
    s->lpis = prop->get_link(d, P_GIC, GICV3_LPIS, &s->gic);
    if (!s->lpis)
        return h->fail(e, PB_EINVAL, "arm-gicv3-its: link gic has to name an arm-gicv3");
    if (!s->lpis->enabled(s->gic))
        return h->fail(e, PB_EINVAL, "arm-gicv3-its: its GIC has no LPIs: set has-lpi=on there");
    pb_region *r = s->mem->io(d, "frames", 0x20000, &ops, s, e);
    int rc = r ? s->mem->publish(d, 0, r, e) : PB_ENOMEM;
    if (rc == PB_OK)
        pthread_mutex_init(&s->lock, NULL);
    return rc;
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct its *s = self;

    (void)kind;
    if (phase != PB_RESET_ENTER)
        return;
    pthread_mutex_lock(&s->lock);
    s->ctlr = 0;
    s->cbaser = s->cwriter = s->creadr = 0;
    memset(s->baser, 0, sizeof s->baser);
    pthread_mutex_unlock(&s->lock);
}

static int load(void *self, pb_state *st, pb_err *e)
{
    struct its *s = self;

    (void)st, (void)e;
    s->ctlr &= 1;
    s->cwriter &= 0xfffe0;
    s->creadr &= 0xfffe0;
    s->cbaser &= CBASER_MASK;
    if (s->creadr >= ((s->cbaser & 0xff) + 1) << 12)
        s->creadr = 0;
    for (uint32_t i = 0; i < TABLES; i++)
        s->baser[i] &= BASER_MASK & ~(31ull << 48) & ~(7ull << 56);
    return PB_OK;
}

static const struct pb_field state[] = {
    PB_FIELD(struct its, ctlr, PB_S_U32), PB_FIELD(struct its, cbaser, PB_S_U64),
    PB_FIELD(struct its, cwriter, PB_S_U64), PB_FIELD(struct its, creadr, PB_S_U64),
    PB_FIELD_ARRAY(struct its, baser, PB_S_U64, TABLES),
};
static const char *const gics[] = {GICV3_LPIS, NULL};
static const struct pb_prop props[] = {
    {.name = "gic", .doc = "The GIC whose LPIs messages become", .choices = gics,
     .type = PB_T_LINK, .flags = PB_P_REQUIRED},
    {.name = "frame", .doc = "Address of the frames, as in the manifest's reg: buses look "
     "messages up by it", .type = PB_T_UINT, .flags = PB_P_REQUIRED},
};
static const struct pb_msi msi = {.size = sizeof msi, .resolve = resolve};
static const struct pb_provide provides[] = {{PB_MSI, &msi}};

const struct pb_device_class gicv3_its_class = {
    .size = sizeof gicv3_its_class, .flags = PB_DEV_NO_USER | PB_DEV_PARALLEL,
    .id = "arm-gicv3-its", .title = "Arm GICv3 Interrupt Translation Service",
    .category = "misc", .spec = "ARM IHI 0069H", .props = props,
    .n_props = sizeof props / sizeof *props, .n_regions = 1, .provides = provides,
    .n_provides = 1, .instance_size = sizeof(struct its), .state_version = 1,
    .n_state = sizeof state / sizeof *state, .state = state, .regs = &table,
    .realize = realize, .unrealize = unrealize, .reset = reset, .load = load,
};
