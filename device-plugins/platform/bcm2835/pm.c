/* SPDX-License-Identifier: MIT */
/* pm.c - the BCM2835's power manager: reset, watchdog, power domains; and the bridges that
 * isolate a domain (ASB).
 * Linux Documentation/devicetree/bindings/soc/bcm/brcm,bcm2835-pm.yaml; register names as in its
 * drivers. Writes need the password.
 *
 * The watchdog counts 1/65536 s down from WDOG while RSTC asks for a full reset. At 0 the
 * machine resets; when the guest has written "partition 63" into RSTS, which the boot firmware
 * takes for a halt, it powers off with status 0. A domain that is switched on says so at once.
 *
 * Not modelled: what a domain without power would do; partial resets; the analogue parts keep
 * what is written.
 */
#include "soc.h"

#include <plugboard/board.h>

#define NS 1000000000ull
#define WDOG_HZ 65536u
enum { RSTC_WRCFG = 0x30, RSTC_FULL_RESET = 0x20 };
enum { RSTS_HALT = 0x555, RSTS_HADWRF = 0x20, RSTS_HADPOR = 0x1000 };
enum { PM_POWUP = 1, PM_POWOK = 2, PM_ISPOW = 4, PM_MEMREP = 8, PM_MRDONE = 16 };
enum { ASB_REQ_STOP = 1, ASB_ACK = 2, ASB_EMPTY = 4 };
enum { REQUEST_RESET, REQUEST_POWER_OFF };
enum { R_PLAIN, R_RSTC, R_WDOG, R_DOMAIN, R_ASB };

struct pm {
    struct soc_block b;
    const struct pb_svc_board *board;
    pb_timer *timer;
    uint32_t low[7], rstc, rsts, wdog, high[25], domain[3], dummy;
    uint32_t fired; /* the reset that follows is the watchdog's */
};

static void expired(void *self)
{
    struct pm *p = self;

    if ((p->rsts & RSTS_HALT) == RSTS_HALT) {
        p->board->request(p->b.dev, REQUEST_POWER_OFF, 0);
    } else {
        p->fired = 1;
        p->board->request(p->b.dev, REQUEST_RESET, 0);
    }
}

static void count_down(struct pm *p)
{
    if ((p->rstc & RSTC_WRCFG) == RSTC_FULL_RESET)
        p->b.time->arm(p->timer, (int64_t)(soc_now(&p->b) + p->wdog * NS / WDOG_HZ));
    else
        p->b.time->disarm(p->timer);
}

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    struct pm *p = self;

    if (r->id == R_WDOG) {
        int64_t due = p->b.time->deadline(p->timer), left = due - (int64_t)soc_now(&p->b);
        return due < 0 ? p->wdog : left < 0 ? 0 : (uint64_t)left * WDOG_HZ / NS;
    }
    uint32_t v = p->domain[i]; /* R_DOMAIN */
    return (v & PM_POWUP ? v | PM_POWOK : v) | (v & PM_MEMREP ? PM_MRDONE : 0);
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t v)
{
    struct pm *p = self;

    if (!soc_unlocked(&p->b, r, v))
        return;
    *((uint32_t *)pb_reg_slot(r, p, i)) = (uint32_t)(v & r->mask);
    if (r->id == R_RSTC || r->id == R_WDOG)
        count_down(p);
}

#define VAR(m) .var = PB_REG_VAR(struct pm, m)
#define REG(n, o, k, m, fl, ...) {.name = "PM_" n, .off = o, .width = 4, .access = PB_R_RW, \
    .mask = m, .id = k, .flags = fl, __VA_ARGS__}
#define HOOKS (PB_REG_HOOK_R | PB_REG_HOOK_W)
static const struct pb_reg regs[] = {
    REG("GNRIC", 0x00, R_PLAIN, 0xffffff, PB_REG_HOOK_W, VAR(low), .count = 7, .stride = 4,
        .doc = "GNRIC, AUDIO, …, STATUS"),
    REG("RSTC", 0x1c, R_RSTC, 0xffffff, PB_REG_HOOK_W, VAR(rstc), .reset = 0x102),
    REG("RSTS", 0x20, R_PLAIN, 0xffffff, PB_REG_HOOK_W, VAR(rsts), .reset = RSTS_HADPOR),
    REG("WDOG", 0x24, R_WDOG, 0xfffff, HOOKS, VAR(wdog)),
    REG("PADS", 0x28, R_PLAIN, 0xffffff, PB_REG_HOOK_W, VAR(high), .count = 25, .stride = 4,
        .doc = "PADS0 … AVS_INTEN"),
    REG("DUMMY", 0xfc, R_PLAIN, 0xffffff, PB_REG_HOOK_W, VAR(dummy)),
    REG("IMAGE", 0x108, R_DOMAIN, 0x7fffe9, HOOKS, VAR(domain), .count = 3, .stride = 4,
        .doc = "IMAGE, GRAFX, PROC", .reset = 0x1000),
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs,
                                     "bcm2835-pm", reg_read, reg_write};

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    const struct pb_svc_time *time = h->get(h, PB_SVC_TIME);
    struct pm *p = self;

    p->board = h->get(h, PB_SVC_BOARD);
    p->timer = time->timer(d, "watchdog", PB_CLK_VIRTUAL, expired, p, e);
    return p->timer ? soc_realize(&p->b, d, h, &table, 0x114, e) : PB_ENOMEM;
}

/* RSTS tells the next system why it starts; the partition survives. */
static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct pm *p = self;
    uint32_t rsts = p->fired ? (p->rsts & RSTS_HALT) | RSTS_HADWRF : RSTS_HADPOR;

    (void)kind;
    if (phase != PB_RESET_ENTER)
        return;
    pb_regs_reset(&table, p);
    p->rsts = rsts;
    p->fired = 0;
    p->b.time->disarm(p->timer);
}

static const struct pb_field state[] = {
    PB_FIELD_ARRAY(struct pm, low, PB_S_U32, 7), PB_FIELD(struct pm, rstc, PB_S_U32),
    PB_FIELD(struct pm, rsts, PB_S_U32), PB_FIELD(struct pm, wdog, PB_S_U32),
    PB_FIELD_ARRAY(struct pm, high, PB_S_U32, 25), PB_FIELD_ARRAY(struct pm, domain, PB_S_U32, 3),
    PB_FIELD(struct pm, dummy, PB_S_U32), PB_FIELD(struct pm, fired, PB_S_U32),
};

const struct pb_device_class bcm2835_pm_class = {
    .size = sizeof bcm2835_pm_class, .flags = PB_DEV_NO_USER, .id = "bcm2835-pm",
    .title = "BCM2835 power manager and watchdog", .category = "watchdog",
    .spec = "brcm,bcm2835-pm", .n_regions = 1, .instance_size = sizeof(struct pm),
    .state_version = 1, .n_state = sizeof state / sizeof *state, .state = state, .regs = &table,
    .realize = realize, .reset = reset,
};

/* ---- Bridges --------------------------------------------------------------------------- */

struct asb {
    struct soc_block b;
    uint32_t cpr, ctrl[6];
};

/* A bridge that is asked to stop has nothing left to carry. */
static uint64_t asb_read(void *self, const struct pb_reg *r, uint32_t i)
{
    uint32_t v = ((struct asb *)self)->ctrl[i];

    (void)r;
    return (v & ASB_REQ_STOP ? v | ASB_ACK : v) | ASB_EMPTY;
}

static void asb_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t v)
{
    struct asb *a = self;

    if (soc_unlocked(&a->b, r, v))
        *((uint32_t *)pb_reg_slot(r, a, i)) = (uint32_t)(v & r->mask);
}

static const struct pb_reg asb_regs[] = {
    {.name = "ASB_BRDG_VERSION", .off = 0, .width = 4, .access = PB_R_RO},
    {.name = "ASB_CPR_CTRL", .off = 4, .width = 4, .access = PB_R_RW, .mask = 0xff,
     .var = PB_REG_VAR(struct asb, cpr), .flags = PB_REG_HOOK_W},
    {.name = "ASB_CTRL", .off = 8, .width = 4, .access = PB_R_RW, .mask = ASB_REQ_STOP,
     .var = PB_REG_VAR(struct asb, ctrl), .flags = PB_REG_HOOK_R | PB_REG_HOOK_W, .count = 6,
     .stride = 4, .doc = "V3D, ISP, H264, each slave and master"},
    {.name = "ASB_AXI_BRDG_ID", .off = 0x20, .width = 4, .access = PB_R_RO,
     .reset = 0x62726467, .doc = "\"BRDG\""},
};
static const struct pb_regs asb_table = {sizeof asb_table, sizeof asb_regs / sizeof *asb_regs,
                                         asb_regs, "bcm2835-asb", asb_read, asb_write};

static int asb_realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    return soc_realize(self, d, h, &asb_table, 0x24, e);
}

static void asb_reset(void *self, uint32_t kind, uint32_t phase)
{
    (void)kind;
    if (phase == PB_RESET_ENTER)
        pb_regs_reset(&asb_table, self);
}

static const struct pb_field asb_state[] = {
    PB_FIELD(struct asb, cpr, PB_S_U32), PB_FIELD_ARRAY(struct asb, ctrl, PB_S_U32, 6),
};

const struct pb_device_class bcm2835_asb_class = {
    .size = sizeof bcm2835_asb_class, .flags = PB_DEV_NO_USER, .id = "bcm2835-asb",
    .title = "BCM2835 power domain bridges", .category = "misc", .spec = "brcm,bcm2835-pm",
    .n_regions = 1, .instance_size = sizeof(struct asb), .state_version = 1,
    .n_state = sizeof asb_state / sizeof *asb_state, .state = asb_state, .regs = &asb_table,
    .realize = asb_realize, .reset = asb_reset,
};
