/* SPDX-License-Identifier: MIT */
/* regs.c - register table of the 8254x. Intel 317453, 13.2 and 13.4. */
#include "e1000.h"

#include <string.h>

enum {
    R_plain, R_CTRL, R_EECD, R_EERD, R_MDIC, R_ICR, R_ICS, R_IMS, R_IMC, R_RCTL, R_TCTL, R_RDT,
    R_TDT, R_STAT, R_RDH, R_TDH
};

#define RW(n, o, m, s)                                                                         \
    {.name = #n, .off = o, .width = 4, .access = PB_R_RW, .mask = m, .id = R_plain,            \
     .var = PB_REG_VAR(struct e1000, n), .section = s}
#define RO(n, o, s)                                                                            \
    {.name = #n, .off = o, .width = 4, .access = PB_R_RO, .id = R_plain,                       \
     .var = PB_REG_VAR(struct e1000, n), .section = s}
#define HOOK(n, o, m, f, s)                                                                    \
    {.name = #n, .off = o, .width = 4, .access = PB_R_RW, .mask = m, .id = R_##n, .flags = f,  \
     .var = PB_REG_VAR(struct e1000, n), .section = s}
#define BARE(n, o, a, f, s)                                                                    \
    {.name = #n, .off = o, .width = 4, .access = a, .id = R_##n, .flags = f, .section = s}
#define ARRAY(n, o, c, m, s)                                                                   \
    {.name = #n, .off = o, .width = 4, .access = PB_R_RW, .mask = m, .id = R_plain,            \
     .count = c, .stride = 4, .var = PB_REG_VAR(struct e1000, n), .section = s}
#define W PB_REG_HOOK_W
#define RW_HOOKS (PB_REG_HOOK_R | PB_REG_HOOK_W)
#define ALL UINT32_MAX

static const struct pb_reg reg[] = {
    HOOK(CTRL, 0x0000, ALL, W, "13.4.1"),
    RO(STATUS, 0x0008, "13.4.2"),
    BARE(EECD, 0x0010, PB_R_RW, RW_HOOKS, "13.4.3"),
    HOOK(EERD, 0x0014, ALL, W, "13.4.4"),
    RW(CTRL_EXT, 0x0018, 0x0fffffff, "13.4.6"),
    RW(FLA, 0x001c, 0x0000000f, "13.4.5"),
    HOOK(MDIC, 0x0020, ALL, W, "13.4.7"),
    RW(FCAL, 0x0028, ALL, "13.4.8"),
    RW(FCAH, 0x002c, 0xffff, "13.4.9"),
    RW(FCT, 0x0030, 0xffff, "13.4.10"),
    RW(VET, 0x0038, 0xffff, "13.4.11"),
    BARE(ICR, 0x00c0, PB_R_RW, RW_HOOKS, "13.4.17"),
    RW(ITR, 0x00c4, 0xffff, "13.4.18"),
    BARE(ICS, 0x00c8, PB_R_WO, W, "13.4.19"),
    HOOK(IMS, 0x00d0, ICR_ALL, W, "13.4.20"),
    BARE(IMC, 0x00d8, PB_R_WO, W, "13.4.21"),
    HOOK(RCTL, 0x0100, 0x0fffffff, W, "13.4.22"),
    RW(FCTTV, 0x0170, 0xffff, "13.4.12"),
    RW(TXCW, 0x0178, ALL, "13.4.13"),
    RO(RXCW, 0x0180, "13.4.14"),
    HOOK(TCTL, 0x0400, 0x0fffffff, W, "13.4.33"),
    RW(TIPG, 0x0410, 0x3fffffff, "13.4.34"),
    RW(AIFS, 0x0458, 0xffff, "13.4.35"),
    RW(LEDCTL, 0x0e00, ALL, "13.4.15"),
    RW(PBA, 0x1000, 0xffff, "13.4.16"),
    RW(FCRTL, 0x2160, 0x8000fff8, "13.4.23"),
    RW(FCRTH, 0x2168, 0x8000fff8, "13.4.24"),
    RW(RDBAL, 0x2800, 0xfffffff0, "13.4.25"),
    RW(RDBAH, 0x2804, ALL, "13.4.26"),
    RW(RDLEN, 0x2808, 0x000fff80, "13.4.27"),
    HOOK(RDH, 0x2810, 0xffff, W, "13.4.28"),
    HOOK(RDT, 0x2818, 0xffff, W, "13.4.29"),
    RW(RDTR, 0x2820, 0xffff, "13.4.30"),
    RW(RXDCTL, 0x2828, ALL, "13.4.43"),
    RW(RADV, 0x282c, 0xffff, "13.4.31"),
    RW(RSRPD, 0x2c00, 0x0fff, "13.4.32"),
    RW(TDBAL, 0x3800, 0xfffffff0, "13.4.36"),
    RW(TDBAH, 0x3804, ALL, "13.4.37"),
    RW(TDLEN, 0x3808, 0x000fff80, "13.4.38"),
    HOOK(TDH, 0x3810, 0xffff, W, "13.4.39"),
    HOOK(TDT, 0x3818, 0xffff, W, "13.4.40"),
    RW(TIDV, 0x3820, 0xffff, "13.4.41"),
    RW(TXDCTL, 0x3828, ALL, "13.4.42"),
    RW(TADV, 0x382c, 0xffff, "13.4.45"),
    RW(TSPMT, 0x3830, ALL, "13.4.46"),
    {.name = "STAT", .off = 0x4000, .width = 4, .access = PB_R_RC, .id = R_STAT, .count = STATS,
     .stride = 4, .var = PB_REG_VAR(struct e1000, STAT), .section = "13.7"},
    RW(RXCSUM, 0x5000, 0x07ff, "13.4.44"),
    ARRAY(MTA, 0x5200, 128, ALL, "13.5.1"),
    ARRAY(RA, 0x5400, 32, ALL, "13.5.2"),
    ARRAY(VFTA, 0x5600, 128, ALL, "13.5.4"),
    RW(WUC, 0x5800, 0x000f, "13.6.1"),
    RW(WUFC, 0x5808, 0x000fffff, "13.6.2"),
    RW(MANC, 0x5820, ALL, "13.6.9"),
};

/* 14.5: software reset. What the EEPROM sets is set anew; the PHY stays as it is. */
void e1000_registers_reset(struct e1000 *e)
{
    uint32_t link = e->STATUS & STATUS_LU;

    pb_regs_reset(&e1000_regs, e);
    e->CTRL = 0x00000200; /* 1000 Mb/s by default */
    e->STATUS = 0x81 | link;
    e->EECD = e->EERD = e->ICR = e->IMS = e->IOADDR = 0;
    e->ee_bits = e->ee_in = e->ee_reading = 0;
    e->ee_out = 1;
    e->MDIC = 0x10000000;
    e->LEDCTL = 0x07068302;
    e->PBA = 0x00100030;
    e->RDTR = e->RADV = e->TIDV = e->TADV = 0;
    memset(e->RA, 0, sizeof e->RA);
    put_le((uint8_t *)&e->RA[0], le32(e->mac), 4);
    e->RA[1] = 0x80000000u | e->mac[4] | (uint32_t)e->mac[5] << 8; /* valid */
    e->itr_next = 0;
    e->rx_by = e->tx_by = INT64_MAX;
    e->time->disarm(e->itr_timer);
    e->time->disarm(e->rx_timer);
    e->time->disarm(e->tx_timer);
    transmit_reset(e);
}

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    struct e1000 *e = self;

    (void)i;
    return r->id == R_EECD ? eecd_read(e) : read_icr(e);
}

static void ctrl(struct e1000 *e, uint32_t v)
{
    if (v & CTRL_RST) {
        e1000_registers_reset(e);
        update_irq(e);
        return;
    }
    if (v & CTRL_PHY_RST) {
        phy_reset(e);
        link_update(e);
    }
    e->CTRL = v & ~(CTRL_RST | CTRL_PHY_RST);
    e->STATUS = (e->STATUS & ~1u) | (v & 1); /* duplex as forced */
}

static void ring(struct e1000 *e, uint32_t id, uint32_t v)
{
    switch (id) {
    case R_RDT:
        e->RDT = v;
        if (e->RCTL & RCTL_EN)
            e->net->resume(e->wire);
        break;
    case R_TDT:
        e->TDT = v;
        transmit(e);
        break;
    case R_RDH:
        e->RDH = v;
        break;
    default:
        e->TDH = v;
        break;
    }
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t val)
{
    struct e1000 *e = self;
    uint32_t v = (uint32_t)val;

    (void)i;
    switch (r->id) {
    case R_CTRL:
        ctrl(e, v);
        break;
    case R_EECD:
        eecd_write(e, v);
        break;
    case R_EERD:
        eerd_write(e, v);
        break;
    case R_MDIC:
        mdic_write(e, v);
        break;
    case R_ICR: /* ones clear */
        e->ICR &= ~v;
        update_irq(e);
        break;
    case R_ICS:
        set_cause(e, v & ICR_ALL);
        break;
    case R_IMS:
        e->IMS |= v & ICR_ALL;
        update_irq(e);
        break;
    case R_IMC:
        e->IMS &= ~v;
        update_irq(e);
        break;
    case R_RCTL:
        e->RCTL = v & 0x0fffffff;
        if (v & RCTL_EN)
            e->net->resume(e->wire);
        break;
    case R_TCTL:
        e->TCTL = v & 0x0fffffff;
        transmit(e);
        break;
    default:
        ring(e, r->id, v & 0xffff);
        break;
    }
}

const struct pb_regs e1000_regs = {
    .size = sizeof e1000_regs,
    .n = sizeof reg / sizeof *reg,
    .reg = reg,
    .name = "e1000",
    .read = reg_read,
    .write = reg_write,
};
