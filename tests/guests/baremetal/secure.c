/* SPDX-License-Identifier: MIT */
/* secure.c - a bare program for virt with secure=on, run from the Secure flash at EL3: what is
 * Secure's alone is there for it, and nothing for Non-secure EL1, for a page that is marked
 * Non-secure, and for a bus master. Other CPUs come to the same vector at once and wait there until
 * the first one asks, as firmware's do. It ends by a pin of the Secure GPIO controller.
 * Arm DDI 0487, D8.3 (descriptors), IHI 0048B, 4.3.4 (GICD_IGROUPR), DDI 0190B (PL061).
 *
 * "PB-SECURE name value" lines come by the Secure UART from EL3, by the other from EL1.
 * Not modelled: nothing; this is a guest. */
#include "secure-say.h"

uint64_t probe(uint64_t address);
void descend(void (*to)(void), uint64_t offset);
void call_up(void);
extern char _end[];

enum { FLASH = 0, GROUPS = 0x8000084, NS_UART = 0x9000000, FW_CFG = 0x9020000, S_UART = 0x9040000,
       S_GPIO = 0x90b0000, S_RAM = 0xe000000, PEN = 0xe000008, TABLE = 0xe020000, COPY = 0x40100000,
       DMA = 0x40002000 };
#define NS_VIEW 0x80000000u /* where the first GiB is once more, marked Non-secure */
#define LONG(a) (*(volatile uint64_t *)(uintptr_t)(a))

/* Stage 1 of EL3: two GiB as they are, and the first once more with NS set. */
static void translate(void)
{
    enum { BLOCK = 1, NS = 1 << 5, AF = 1 << 10 };
    const uint64_t tcr = 25 | 2 << 16; /* 39 bits, 4 KiB, 40 bits out */
    uint64_t sctlr;

    for (uint32_t i = 0; i < 512; i++)
        LONG(TABLE + 8 * i) = 0;
    LONG(TABLE) = BLOCK | AF;
    LONG(TABLE + 8) = 0x40000000 | BLOCK | AF;
    LONG(TABLE + 16) = BLOCK | AF | NS;
    __asm__ volatile("msr mair_el3, xzr\n msr tcr_el3, %0\n msr ttbr0_el3, %1\n"
                     "dsb sy\n isb"
                     : : "r"(tcr), "r"((uint64_t)TABLE));
    __asm__ volatile("mrs %0, sctlr_el3\n orr %0, %0, 1\n msr sctlr_el3, %0\n isb"
                     : "=r"(sctlr) : : "memory");
}

/* fw_cfg's signature, by DMA into Secure memory; what the device says of it. */
static uint32_t dma(void)
{
    LONG(DMA) = (uint64_t)__builtin_bswap32(4) << 32 | __builtin_bswap32(8 | 2);
    LONG(DMA + 8) = __builtin_bswap64(S_RAM);
    LONG(FW_CFG + 16) = __builtin_bswap64(DMA);
    return __builtin_bswap32(WORD(DMA));
}

/* Non-secure EL1, in main memory. */
static void el1_main(void)
{
    say(NS_UART, "flash", probe(FLASH));
    say(NS_UART, "memory", probe(S_RAM));
    say(NS_UART, "uart", probe(S_UART));
    say(NS_UART, "gpio", probe(S_GPIO));
    say(NS_UART, "main", probe(COPY));
    say(NS_UART, "groups", WORD(GROUPS));
    say(NS_UART, "dma", dma());
    call_up();
}

/* Its number and its level: only once it is asked, and only to a mailbox in Secure memory. */
void el3_other(uint64_t level)
{
    uint64_t mpidr;

    __asm__("mrs %0, mpidr_el1" : "=r"(mpidr));
    while (WORD(PEN) != 1)
        __asm__ volatile("wfe");
    WORD(PEN) = (uint32_t)((mpidr & 0xff) << 8 | level >> 2);
    __asm__ volatile("dsb sy\n sev");
}

static uint32_t call_other(void)
{
    WORD(PEN) = 1;
    __asm__ volatile("dsb sy\n sev");
    while (WORD(PEN) == 1)
        __asm__ volatile("wfe");
    return WORD(PEN);
}

void el3_called(void)
{
    say(S_UART, "kept", WORD(S_RAM));
    WORD(S_GPIO + 0x400) = 1; /* GPIODIR, GPIODATA: pin 0 */
    WORD(S_GPIO + 4) = 1;
    for (;;)
        ;
}

void el3_main(void)
{
    WORD(S_RAM) = 0x5ec0de;
    WORD(GROUPS) = 0xfffffffe;
    say(S_UART, "flash", probe(FLASH));
    say(S_UART, "groups", WORD(GROUPS));
    if (WORD(0x8000004) >> 5 & 7) /* GICD_TYPER: there is another CPU */
        say(S_UART, "other", call_other());
    translate();
    say(S_UART, "memory", WORD(S_RAM));
    say(S_UART, "view-main", probe(NS_VIEW + NS_UART + 0x18));
    say(S_UART, "view-memory", probe(NS_VIEW + S_RAM));
    say(S_UART, "view-uart", probe(NS_VIEW + S_UART));
    for (uint64_t at = 0; at < (uint64_t)(uintptr_t)_end; at += 8)
        LONG(COPY + at) = LONG(FLASH + at);
    descend(el1_main, COPY);
}
