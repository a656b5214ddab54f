/* SPDX-License-Identifier: MIT */
/* gic.c - a bare program for virt with secure=on,gic-version=3 and two CPUs: three SGIs, one of each
 * group, as EL3, Secure EL1 and Non-secure EL1 find them.
 * IHI 0069H: 4.6 (groups, Security states), 4.8.1 (Non-secure views of priorities).
 *
 * Values of "PB-SECURE name value": lines are ISR_EL1 (bit 7: IRQ, bit 6: FIQ).
 * Not modelled: nothing; this is a guest. */
#include "secure-say.h"

void below(void (*to)(void), uint64_t scr);
void up(void);
extern char _end[];

enum { FLASH = 0, NS_UART = 0x9000000, S_UART = 0x9040000, S_GPIO = 0x90b0000, PEN = 0xe000008,
       COPY = 0x40100000 };
enum { DIST = 0x8000000, GICD_CTLR = DIST, GICD_TYPER = DIST + 4, RD = 0x80a0000,
       GICR_WAKER = RD + 0x14, SGI = RD + 0x10000, GICR_IGROUPR0 = SGI + 0x80,
       GICR_ISENABLER0 = SGI + 0x100, GICR_ISPENDR0 = SGI + 0x200, GICR_ICPENDR0 = SGI + 0x280,
       GICR_IPRIORITYR = SGI + 0x400, GICR_IGRPMODR0 = SGI + 0xd00, OTHER = 0x20000 };
enum { ZERO = 1, SECURE = 2, NONSECURE = 3 }; /* the SGIs, by their group */
enum { SCR_NS = 1, SCR_FIQ = 4, SCR_RW = 0x430 };
#define ICC_PMR "s3_0_c4_c6_0"
#define ICC_IAR0 "s3_0_c12_c8_0"
#define ICC_EOIR0 "s3_0_c12_c8_1"
#define ICC_SGI0R "s3_0_c12_c11_7"
#define ICC_SGI1R "s3_0_c12_c11_5"
#define ICC_IAR1 "s3_0_c12_c12_0"
#define ICC_EOIR1 "s3_0_c12_c12_1"
#define ICC_IGRPEN0 "s3_0_c12_c12_6"
#define ICC_IGRPEN1 "s3_0_c12_c12_7"
#define ICC_IGRPEN1_EL3 "s3_6_c12_c12_7"
#define MRS(r) ({ uint64_t v_; __asm__ volatile("mrs %0, " r : "=r"(v_)); v_; })
#define MSR(r, v) __asm__ volatile("msr " r ", %0\n isb" : : "r"((uint64_t)(v)) : "memory")

static void pend(uint32_t n)
{
    WORD(GICR_ISPENDR0) = 1u << n;
}

/* Lines, and what the registers of Group 0 and 1 give; an interrupt that was taken is ended. */
static uint64_t look(void)
{
    uint64_t lines = MRS("isr_el1"), zero = MRS(ICC_IAR0), one;

    if (zero < 16)
        MSR(ICC_EOIR0, zero);
    one = MRS(ICC_IAR1);
    if (one < 16)
        MSR(ICC_EOIR1, one);
    return lines << 32 | zero << 16 | one;
}

static void secure_el1(void)
{
    say(S_UART, "s-own", look());
    say(S_UART, "s-other", MRS("isr_el1") << 16 | MRS(ICC_IAR1));
    MSR(ICC_SGI1R, SECURE << 24 | 1); /* to itself */
    say(S_UART, "s-sgi", look());
    up();
}

static void nonsecure_el1(void)
{
    say(NS_UART, "ctlr", WORD(GICD_CTLR));
    say(NS_UART, "enabled", WORD(GICR_ISENABLER0));
    say(NS_UART, "groups", WORD(GICR_IGROUPR0));
    say(NS_UART, "priorities", WORD(GICR_IPRIORITYR));
    WORD(GICR_ISPENDR0) = 1u << ZERO | 1u << SECURE | 1u << NONSECURE;
    say(NS_UART, "pending", WORD(GICR_ISPENDR0));
    say(NS_UART, "lines", MRS("isr_el1"));
    MSR(ICC_IGRPEN1, 1);
    say(NS_UART, "enabled-lines", MRS("isr_el1"));
    say(NS_UART, "iar", MRS(ICC_IAR1));
    say(NS_UART, "rpr", MRS("s3_0_c12_c11_3"));
    MSR(ICC_EOIR1, NONSECURE);
    say(NS_UART, "pmr", MRS(ICC_PMR));
    MSR(ICC_PMR, 0x80);
    MRS(ICC_IAR0); /* EL3's */
    MSR(ICC_SGI0R, ZERO << 24 | 1);
    MSR(ICC_SGI1R, SECURE << 24 | 1);
    WORD(0x40001000) = 1; /* now the other CPU may */
    __asm__ volatile("dsb sy\n sev");
    while (WORD(0x40001000) != 2)
        ;
    up();
}

/* From below. */
void el3_trapped(uint64_t esr)
{
    say(S_UART, "trap", esr);
}

/* What Non-secure EL1 has masked, and yet it comes. */
void el3_fiq(void)
{
    uint64_t id = MRS(ICC_IAR0);

    say(S_UART, "fiq", id);
    MSR(ICC_EOIR0, id);
    WORD(0x40001000) = 2;
}

/* The second CPU, at EL3 from the start: waits until Non-secure EL1 runs, and interrupts it. */
void el3_other(void)
{
    while (WORD(0x40001000) != 1)
        ;
    MSR(ICC_SGI0R, ZERO << 24 | 1);
}

static void set_up(void)
{
    say(S_UART, "ctlr-reset", WORD(GICD_CTLR));
    say(S_UART, "states", WORD(GICD_TYPER) >> 10 & 1);
    say(S_UART, "waker", WORD(GICR_WAKER));
    WORD(GICR_WAKER) = 0;
    WORD(GICD_CTLR) = 7;
    say(S_UART, "ctlr", WORD(GICD_CTLR));
    WORD(GICR_IGROUPR0) = 1u << NONSECURE;
    WORD(GICR_IGRPMODR0) = 1u << SECURE;
    WORD(GICR_ISENABLER0) = 1u << ZERO | 1u << SECURE | 1u << NONSECURE;
    WORD(GICR_IPRIORITYR) = 0xa0402000;
    MSR(ICC_PMR, 0xff);
    MSR(ICC_IGRPEN0, 1);
    MSR(ICC_IGRPEN1_EL3, 3);
}

void el3_main(void)
{
    set_up();
    for (uint32_t n = ZERO; n <= NONSECURE; n++) { /* all come as FIQs, two to be passed on */
        pend(n);
        say(S_UART, n == ZERO ? "el3-zero" : n == SECURE ? "el3-secure" : "el3-nonsecure", look());
    }
    pend(SECURE);
    pend(NONSECURE);
    below(secure_el1, SCR_RW);
    WORD(GICR_ICPENDR0) = ~0u;
    MSR(ICC_IGRPEN1_EL3, 2);
    for (uint64_t at = 0; at < (uint64_t)(uintptr_t)_end; at += 4)
        WORD(COPY + at) = WORD(FLASH + at);
    WORD(0x40001000) = 0;
    below((void (*)(void))((uintptr_t)nonsecure_el1 + COPY), SCR_RW | SCR_NS | SCR_FIQ);
    say(S_UART, "enables", MRS(ICC_IGRPEN1_EL3));
    say(S_UART, "pmr", MRS(ICC_PMR));
    say(S_UART, "pending", WORD(GICR_ISPENDR0));
    WORD(S_GPIO + 0x400) = 1; /* GPIODIR, GPIODATA: pin 0, the end */
    WORD(S_GPIO + 4) = 1;
    for (;;)
        ;
}
