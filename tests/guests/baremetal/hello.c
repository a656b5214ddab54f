/* SPDX-License-Identifier: MIT */
/* hello.c - an rCore-style kernel: entered at its first byte at 0x80200000, with a0 = hart and
 * a1 = device tree from the reset code (-bios none, by -device loader or -kernel) or from
 * OpenSBI. Prints over the NS16550A at 0x10000000 by polling its LSR (offset 5, THRE 0x20), and
 * leaves through the SiFive test finisher with the code 42. Harts but the first wait for ever.
 * Not modelled: nothing; this is a guest. */
#include <stdint.h>

#define UART ((volatile uint8_t *)0x10000000)
#define FINISHER ((volatile uint32_t *)0x100000)

static void put(char c)
{
    while (!(UART[5] & 0x20))
        ;
    UART[0] = (uint8_t)c;
}

static void print(const char *text)
{
    for (; *text; text++) {
        if (*text == '\n')
            put('\r');
        put(*text);
    }
}

static void print_hex(uint64_t value)
{
    for (int shift = 60; shift >= 0; shift -= 4)
        put("0123456789abcdef"[value >> shift & 15]);
}

static uint32_t initialised = 0x600d600d;
static uint64_t cleared[64];

void kernel_main(uint64_t hart, const uint8_t *fdt)
{
    uint64_t sum = 0;
    print("PB-BARE hello from hart ");
    print_hex(hart);
    print("\nPB-BARE device tree ");
    int tree = fdt && fdt[0] == 0xd0 && fdt[1] == 0x0d && fdt[2] == 0xfe && fdt[3] == 0xed;
    print(tree ? "yes" : "no");
    for (unsigned i = 0; i < sizeof cleared / sizeof cleared[0]; i++)
        sum |= cleared[i];
    print("\nPB-BARE data ");
    print(initialised == 0x600d600d && !sum ? "good" : "bad");
    print("\n");
    *FINISHER = 42u << 16 | 0x3333;
}
