/* SPDX-License-Identifier: MIT */
/* nvm.c - EEPROM and PHY of the 8254x. Intel 317453: 5.2 to 5.6 (EEPROM), 13.4.3 (EECD),
 * 13.4.4 (EERD), 13.4.7 (MDIC), 13.5 (PHY registers of the 88E1000 family).
 * Not modelled: writing the EEPROM; a link that comes up other than at once, at 1000 Mb/s.
 */
#include "e1000.h"

#include <string.h>

/* ---- EEPROM ------------------------------------------------------------------------------ */

enum { EECD_SK = 1, EECD_CS = 2, EECD_DI = 4, EECD_DO = 8, EECD_FWE = 0x30, EECD_REQ = 0x40,
       EECD_GNT = 0x80, EECD_PRES = 0x100 };

/* 5.6: the address, identities, and a checksum that makes all words 0xbaba. */
void eeprom_make(struct e1000 *e)
{
    uint16_t sum = 0;

    memset(e->eeprom, 0, sizeof e->eeprom);
    for (uint32_t i = 0; i < 3; i++)
        e->eeprom[i] = (uint16_t)(e->mac[2 * i] | e->mac[2 * i + 1] << 8);
    e->eeprom[0x08] = e->eeprom[0x09] = 0xffff; /* no part number */
    e->eeprom[0x0a] = 0x4008;
    e->eeprom[0x0b] = 0x1100;
    e->eeprom[0x0c] = 0x1af4;
    e->eeprom[0x0d] = e->device;
    e->eeprom[0x0e] = 0x8086;
    e->eeprom[0x0f] = 0x3040;
    for (uint32_t i = 0; i < EEPROM_WORDS - 1; i++)
        sum = (uint16_t)(sum + e->eeprom[i]);
    e->eeprom[EEPROM_WORDS - 1] = (uint16_t)(0xbaba - sum);
}

/* Microwire: a start bit, two of opcode, six of address in; a word out, the highest bit
 * first. Data moves on rising clocks while the chip is selected. */
static void microwire_clock(struct e1000 *e, uint32_t di)
{
    if (e->ee_reading) {
        e->ee_out = e->ee_bits < 16 ? e->ee_in >> (15 - e->ee_bits) & 1 : 0;
        e->ee_bits++;
        return;
    }
    if (e->ee_bits == 0 && !di)
        return; /* no start bit yet */
    e->ee_in = e->ee_in << 1 | di;
    if (++e->ee_bits < 9)
        return;
    if ((e->ee_in >> 6 & 7) == 6) { /* read */
        e->ee_in = e->eeprom[e->ee_in & (EEPROM_WORDS - 1)];
        e->ee_reading = 1;
    }
    e->ee_bits = e->ee_out = 0;
}

void eecd_write(struct e1000 *e, uint32_t v)
{
    uint32_t old = e->EECD;

    e->EECD = v & (EECD_SK | EECD_CS | EECD_DI | EECD_FWE | EECD_REQ);
    if (!(v & EECD_CS)) {
        e->ee_bits = e->ee_in = e->ee_reading = 0;
        e->ee_out = 1; /* ready */
    } else if ((v & EECD_SK) && !(old & EECD_SK)) {
        microwire_clock(e, !!(v & EECD_DI));
    }
}

uint32_t eecd_read(struct e1000 *e)
{
    return (e->EECD & ~(uint32_t)EECD_DO) | EECD_PRES | (e->EECD & EECD_REQ ? EECD_GNT : 0) |
           (e->ee_out ? EECD_DO : 0);
}

void eerd_write(struct e1000 *e, uint32_t v)
{
    uint32_t word = v >> 8 & 0xff;

    e->EERD = v & 0xff00;
    if (v & 1) /* start; it is done at once */
        e->EERD |= 0x10u | (uint32_t)(word < EEPROM_WORDS ? e->eeprom[word] : 0xffff) << 16;
}

/* ---- PHY --------------------------------------------------------------------------------- */

enum { PHY_CTRL = 0, PHY_STATUS = 1, PHY_ID1 = 2, PHY_ID2 = 3, PHY_ANAR = 4, PHY_LPAR = 5,
       PHY_ANER = 6, PHY_GCON = 9, PHY_GSTAT = 10, PHY_EXT = 15, PHY_PSCON = 16,
       PHY_PSSTAT = 17, PHY_INTEN = 18, PHY_INT = 19, PHY_EPSCON = 20, PHY_ERRORS = 21 };

/* What software can write, by register; the rest is status. */
static const uint16_t phy_mask[PHY_REGS] = {
    [PHY_CTRL] = 0x7d40, [PHY_ANAR] = 0xffff, [PHY_GCON] = 0xff00, [PHY_PSCON] = 0xffff,
    [PHY_INTEN] = 0xffff, [PHY_EPSCON] = 0xffff, [29] = 0xffff, [30] = 0xffff,
};

/* The link is there while the wire is, and the PHY has power. */
void link_update(struct e1000 *e)
{
    uint32_t was = e->STATUS & STATUS_LU;
    uint32_t up = e->cable && !(e->phy[PHY_CTRL] & 0x0c00); /* power down, isolate */

    e->phy[PHY_STATUS] = (uint16_t)(0x7949 | (up ? 0x0024 : 0)); /* link, negotiated */
    e->phy[PHY_PSSTAT] = up ? 0xac04 : 0x8000;
    e->phy[PHY_LPAR] = up ? 0x45e1 : 0;
    e->phy[PHY_GSTAT] = up ? 0x7c00 : 0;
    e->STATUS = (e->STATUS & ~STATUS_LU) | (up ? STATUS_LU : 0);
    if (was != (e->STATUS & STATUS_LU))
        set_cause(e, ICR_LSC);
}

void phy_reset(struct e1000 *e)
{
    memset(e->phy, 0, sizeof e->phy);
    e->phy[PHY_CTRL] = 0x1140;
    e->phy[PHY_ID1] = 0x0141;
    e->phy[PHY_ID2] = e->device == 0x100c ? 0x0c50 : 0x0c20; /* M88E1000, M88E1011 */
    e->phy[PHY_ANAR] = 0x0de1;
    e->phy[PHY_ANER] = 0x000d;
    e->phy[PHY_GCON] = 0x0e00;
    e->phy[PHY_EXT] = 0x3000;
    e->phy[PHY_PSCON] = 0x0360;
    e->phy[PHY_EPSCON] = 0x0d60;
}

static void phy_write(struct e1000 *e, uint32_t reg, uint16_t v)
{
    e->phy[reg] = (uint16_t)((e->phy[reg] & ~phy_mask[reg]) | (v & phy_mask[reg]));
    if (reg != PHY_CTRL)
        return;
    if (v & 0x8000) { /* reset, which clears itself; so does the restart of negotiation */
        phy_reset(e);
        e->phy[PHY_CTRL] = (uint16_t)((v & 0x3d40) | 0x0040);
    }
    e->phy[PHY_CTRL] &= (uint16_t)~0x0200;
    link_update(e);
    if (v & 0x0200)
        set_cause(e, ICR_LSC);
}

/* 13.4.7: operation, PHY, register, data; our PHY is number 1. */
void mdic_write(struct e1000 *e, uint32_t v)
{
    uint32_t op = v >> 26 & 3, reg = v >> 16 & 31;

    e->MDIC = v & 0x2fffffff;
    if ((v >> 21 & 31) != 1 || (op != 1 && op != 2)) {
        e->MDIC |= 0x50000000; /* ready, error */
    } else {
        if (op == 1)
            phy_write(e, reg, (uint16_t)v);
        else
            e->MDIC = (e->MDIC & 0xffff0000) | e->phy[reg];
        if (op == 2 && (reg == PHY_INT || reg == PHY_ERRORS))
            e->phy[reg] = 0;
        e->MDIC |= 0x10000000;
    }
    if (v & 0x20000000)
        set_cause(e, ICR_MDAC);
}
