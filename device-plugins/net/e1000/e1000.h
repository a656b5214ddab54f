/* SPDX-License-Identifier: MIT */
/* e1000.h - the parts of the 8254x gigabit controllers. Intel 317453 (PCI/PCI-X Family of
 * Gigabit Ethernet Controllers Software Developer's Manual); "13.4" below is a section of it. */
#ifndef E1000_H
#define E1000_H

#include <plugboard/backend.h>
#include <plugboard/device.h>
#include <plugboard/pci.h>
#include <plugboard/reg.h>

#define FRAME_MAX 16384u    /* of the wire */
#define TX_BYTES 65792u     /* largest TCP segment and its headers */
#define STATS 75u           /* registers from 0x4000 on, 13.7 */
#define EEPROM_WORDS 64u
#define PHY_REGS 32u

/* Interrupt causes, 13.4.17. */
#define ICR_TXDW 0x01u
#define ICR_TXQE 0x02u
#define ICR_LSC 0x04u
#define ICR_RXDMT0 0x10u
#define ICR_RXO 0x40u
#define ICR_RXT0 0x80u
#define ICR_MDAC 0x200u
#define ICR_ALL 0x1ffffu

#define CTRL_SLU (1u << 6)
#define CTRL_RST (1u << 26)
#define CTRL_VME (1u << 30)
#define CTRL_PHY_RST (1u << 31)
#define STATUS_LU 0x2u
#define RCTL_EN (1u << 1)
#define TCTL_EN (1u << 1)

/* Statistics by register offset, 13.7. */
enum { S_MPC = 0x4010, S_PRC64 = 0x405c, S_GPRC = 0x4074, S_BPRC = 0x4078, S_MPRC = 0x407c,
       S_GPTC = 0x4080, S_GORCL = 0x4088, S_GOTCL = 0x4090, S_RNBC = 0x40a0, S_RUC = 0x40a4,
       S_ROC = 0x40ac, S_TORL = 0x40c0, S_TOTL = 0x40c8, S_TPR = 0x40d0, S_TPT = 0x40d4,
       S_PTC64 = 0x40d8, S_MPTC = 0x40f0, S_BPTC = 0x40f4, S_TSCTC = 0x40f8 };

struct context { /* 3.3.6: what the last context descriptor said */
    uint8_t ipcss, ipcso, tucss, tucso, hdrlen, tucmd;
    uint16_t ipcse, tucse, mss;
    uint32_t paylen;
};

struct e1000 {
    pb_dev *dev;
    const pb_host *h;
    const struct pb_svc_mem *mem;
    const struct pb_svc_net *net;
    const struct pb_svc_time *time;
    const struct pb_svc_thread *thread;
    const struct pb_pci *pci;
    pb_pci_fn *fn;
    pb_as *as;
    pb_net *wire;
    pb_timer *itr_timer, *rx_timer, *tx_timer;
    uint8_t mac[6];
    uint16_t device;
    uint32_t cable; /* the wire has a link */
    /* registers, named as in 13.2 */
    uint32_t CTRL, STATUS, EECD, EERD, CTRL_EXT, FLA, MDIC, FCAL, FCAH, FCT, VET, ICR, ITR, IMS,
        RCTL, FCTTV, TXCW, RXCW, TCTL, TIPG, AIFS, LEDCTL, PBA, FCRTL, FCRTH, RDBAL, RDBAH, RDLEN,
        RDH, RDT, RDTR, RXDCTL, RADV, RSRPD, TDBAL, TDBAH, TDLEN, TDH, TDT, TIDV, TXDCTL, TADV,
        TSPMT, RXCSUM, WUC, WUFC, MANC, IOADDR;
    uint32_t STAT[STATS], MTA[128], RA[32], VFTA[128];
    uint16_t eeprom[EEPROM_WORDS], phy[PHY_REGS];
    /* microwire, 5.3.1 */
    uint32_t ee_bits, ee_in, ee_out, ee_reading;
    /* interrupt moderation, 13.4.18 */
    int64_t itr_next, rx_by, tx_by; /* ns, virtual */
    uint32_t up;
    /* the packet that is being put together, 3.3 and 3.5 */
    struct context ctx[2]; /* checksums, segmentation */
    uint8_t data[TX_BYTES], out[TX_BYTES];
    uint32_t tx_len, tx_sum, tx_css, tx_cso, tx_popts, tx_tse, tx_vlan, tx_tag, tx_bad, tx_first;
    uint32_t tx_at, tx_ready; /* next payload byte of a segmented one; a frame waits in data */
};

/* e1000.c */
void set_cause(struct e1000 *e, uint32_t cause);
uint32_t read_icr(struct e1000 *e);
void update_irq(struct e1000 *e);
void count(struct e1000 *e, uint32_t reg);
void count64(struct e1000 *e, uint32_t reg, uint64_t n);
void count_size(struct e1000 *e, uint32_t first, uint32_t bytes);

/* regs.c */
extern const struct pb_regs e1000_regs;
void e1000_registers_reset(struct e1000 *e);

/* tx.c, rx.c; the domain is held */
void transmit(struct e1000 *e);
void transmit_reset(struct e1000 *e);
int receive(struct e1000 *e, const struct pb_iov *v, uint32_t cnt); /* bytes or PB_EAGAIN */
void tx_expired(void *self);
void rx_expired(void *self);
uint16_t sum16(const uint8_t *p, uint32_t n, uint32_t start); /* folded, not inverted */

/* nvm.c: EEPROM and PHY */
void eeprom_make(struct e1000 *e);
void eecd_write(struct e1000 *e, uint32_t v);
uint32_t eecd_read(struct e1000 *e);
void eerd_write(struct e1000 *e, uint32_t v);
void mdic_write(struct e1000 *e, uint32_t v);
void phy_reset(struct e1000 *e);
void link_update(struct e1000 *e);

static inline uint32_t be16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}
static inline void set16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}
static inline uint64_t le64(const uint8_t *p)
{
    uint64_t v = 0;

    for (int i = 7; i >= 0; i--)
        v = v << 8 | p[i];
    return v;
}
static inline uint32_t le32(const uint8_t *p)
{
    return (uint32_t)(p[0] | p[1] << 8 | p[2] << 16) | (uint32_t)p[3] << 24;
}
static inline void put_le(uint8_t *p, uint64_t v, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

#endif
