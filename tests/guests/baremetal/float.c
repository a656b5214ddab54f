/* SPDX-License-Identifier: MIT */
/* float.c - computes under each rounding mode, and with subnormal numbers flushed to zero where the
 * CPU can (FPCR.FZ), beside a device that computes as well: plugins/float-unit.c at UNIT. For virt
 * of either architecture, entered by float-entry.S.
 *
 * A round mixes both: each step's result goes to the device, the device's results are folded into
 * a hash of their bits. After each mode one line says what came of it:
 *     PB-FLOAT mode flush x subnormal hash flags
 * The mode is 0 to nearest, 1 up, 2 down, 3 to zero; flags are those of a device's work between two
 * exact steps of ours, and must be 0. test-guest-float.py computes the same in rationals.
 * Not modelled: nothing; this is a guest. */
#include <stdint.h>

#define ROUNDS 400
#define KEEP(v) __asm__ volatile("" : FP(v)) /* neither folded nor moved */

#if defined(__riscv)
#define UNIT 0x10200000
#define FP(v) "+f"(v)

static void set_mode(uint32_t mode, uint32_t flush)
{
    static const uint8_t frm[] = {0, 3, 2, 1};

    (void)flush;
    __asm__ volatile("fsrm %0\n\tfsflags zero" : : "r"((uint64_t)frm[mode]) : "memory");
}

static uint32_t get_flags(void)
{
    uint64_t v;

    __asm__ volatile("frflags %0" : "=r"(v) : : "memory");
    return (uint32_t)v;
}

static void send(double a, double b)
{
    __asm__ volatile("fsd %0, 0(%2)\n\tfsd %1, 8(%2)" : : "f"(a), "f"(b), "r"((uint64_t)UNIT)
                     : "memory");
}

static void put(char c)
{
    *(volatile uint8_t *)0x10000000 = (uint8_t)c;
}

static void leave(void)
{
    *(volatile uint32_t *)0x100000 = 0x5555;
}
#else
#define UNIT 0x9100000
#define FP(v) "+w"(v)

static void set_mode(uint32_t mode, uint32_t flush)
{
    __asm__ volatile("msr fpcr, %0\n\tmsr fpsr, xzr"
                     : : "r"((uint64_t)(mode << 22 | flush << 24)) : "memory");
}

static uint32_t get_flags(void)
{
    uint64_t v;

    __asm__ volatile("mrs %0, fpsr" : "=r"(v) : : "memory");
    return (uint32_t)v;
}

/* Both at once: a vector is two accesses to the device. */
static void send(double a, double b)
{
    __asm__ volatile("fmov d16, %d0\n\tfmov x9, %d1\n\tmov v16.d[1], x9\n\tstr q16, [%2]"
                     : : "w"(a), "w"(b), "r"((uint64_t)UNIT) : "x9", "v16", "memory");
}

static void put(char c)
{
    *(volatile uint32_t *)0x9000000 = (uint8_t)c;
}

static void leave(void)
{
    register uint64_t x0 __asm__("x0") = 0x84000008; /* PSCI SYSTEM_OFF */

    __asm__ volatile("hvc 0" : "+r"(x0) : : "memory");
}
#endif

static void print_hex(uint64_t v)
{
    put(' ');
    for (int shift = 60; shift >= 0; shift -= 4)
        put("0123456789abcdef"[v >> shift & 15]);
}

static uint64_t bits(double v)
{
    union {
        double d;
        uint64_t u;
    } u = {v};

    return u.u;
}

static uint64_t hash;

static void fold(uint64_t off)
{
    hash = (hash ^ *(volatile uint64_t *)(UNIT + off)) * 0x100000001b3u;
}

static void one_mode(uint32_t mode, uint32_t flush)
{
    double x = 1.0, tenth = 0.1, third = 0x1.5555555555555p-2, small = 0x1.8p-1026, sum = 0, y;
    uint32_t flags;

    hash = 0xcbf29ce484222325u;
    set_mode(mode, flush);
    KEEP(x);
    KEEP(tenth);
    KEEP(third);
    KEEP(small);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        KEEP(x);
        y = x * tenth;
        KEEP(y);
        send(x, y); /* between two operations that round */
        x = y + third;
        KEEP(x);
        fold(16);
        x = x / tenth;
        fold(24);
        x = x - y;
        KEEP(x);
        fold(32);
        x = i & 1 ? -x / 3 : x; /* stays small */
        KEEP(x);
        fold(40);
        y = small * x; /* below the least normal number half of the time */
        KEEP(y);
        send(y, tenth);
        y = y * 0x1p500; /* what is left of it */
        KEEP(y);
        fold(16);
        sum = sum + y;
        KEEP(sum);
    }
    set_mode(mode, flush);
    y = 1.0;
    KEEP(y);
    send(tenth, third);
    fold(24);
    y = y + y;
    KEEP(y);
    flags = get_flags();
    put('P'), put('B'), put('-'), put('F'), put('L'), put('O'), put('A'), put('T');
    put(' '), put((char)('0' + mode)), put(' '), put((char)('0' + flush));
    print_hex(bits(x));
    print_hex(bits(sum));
    print_hex(hash);
    print_hex(flags);
    put('\r'), put('\n');
}

void kernel_main(void)
{
    for (uint32_t mode = 0; mode < 4; mode++) {
        one_mode(mode, 0);
#if !defined(__riscv)
        one_mode(mode, 1);
#endif
    }
    leave();
}
