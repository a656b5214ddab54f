/* SPDX-License-Identifier: MIT */
/* semihost.c - a bare program that has only what its CPU's semihosting gives it, for virt of either
 * architecture, entered by float-entry.S. Says "PB-SEMI bad LINE" for what is not as it should be.
 * Not modelled: nothing; this is a guest. */
#include <stdint.h>

enum { OPEN = 1, CLOSE, WRITEC, WRITE0, WRITE, READ, READC, ISERROR, ISTTY, SEEK, FLEN = 0x0c,
       TMPNAM, REMOVE, RENAME, CLOCK, TIME, SYSTEM, ERRNO, GET_CMDLINE = 0x15, HEAPINFO,
       EXIT_EXTENDED = 0x20, ELAPSED = 0x30, TICKFREQ = 0x31 };
#define FILE_BYTES 3000000u /* more than is moved in one go */

static uint64_t call(uint64_t op, const void *arg)
{
#if defined(__riscv)
    register uint64_t a0 __asm__("a0") = op;
    register const void *a1 __asm__("a1") = arg;

    __asm__ volatile(".balign 16\n\t.option push\n\t.option norvc\n\tslli zero, zero, 0x1f\n\t"
                     "ebreak\n\tsrai zero, zero, 7\n\t.option pop"
                     : "+r"(a0) : "r"(a1) : "memory");
    return a0;
#else
    register uint64_t x0 __asm__("x0") = op;
    register const void *x1 __asm__("x1") = arg;

    __asm__ volatile("hlt #0xf000" : "+r"(x0) : "r"(x1) : "memory");
    return x0;
#endif
}

static uint64_t call4(uint64_t op, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    volatile uint64_t block[4] = {a, b, c, d};

    return call(op, (const void *)block);
}
#define AT(p) ((uint64_t)(uintptr_t)(p))

static void say(const char *text)
{
    call(WRITE0, text);
}

static void number(uint64_t v)
{
    char text[24];
    int i = 23;

    text[i] = 0;
    do
        text[--i] = (char)('0' + v % 10);
    while (v /= 10);
    say(text + i);
}

static void check(int good, uint64_t line)
{
    if (good)
        return;
    say("PB-SEMI bad ");
    number(line);
    say("\n");
}
#define CHECK(x) check((x), __LINE__)

static uint64_t open_file(const char *name, uint64_t mode)
{
    uint64_t n = 0;

    while (name[n])
        n++;
    return call4(OPEN, AT(name), mode, n, 0);
}

static uint8_t pattern(uint64_t i)
{
    return (uint8_t)(i * 7 + i / 251 + (i >> 16));
}

static void files(uint8_t *buf)
{
    static const char name[] = "semihost.dat", other[] = "semihost.moved";
    uint64_t good = 1, f = open_file(name, 5);

    CHECK(f != 0 && (int64_t)f > 0);
    for (uint64_t i = 0; i < FILE_BYTES; i++)
        buf[i] = pattern(i);
    CHECK(call4(WRITE, f, AT(buf), FILE_BYTES, 0) == 0);
    CHECK(call4(ISTTY, f, 0, 0, 0) == 0);
    CHECK(call4(CLOSE, f, 0, 0, 0) == 0);
    CHECK(call4(CLOSE, f, 0, 0, 0) == -1ull && call(ERRNO, 0) == 9);
    CHECK(call4(RENAME, AT(name), sizeof name - 1, AT(other), sizeof other - 1) == 0);
    f = open_file(other, 1);
    CHECK(call4(FLEN, f, 0, 0, 0) == FILE_BYTES);
    CHECK(call4(SEEK, f, 1000, 0, 0) == 0);
    for (uint64_t i = 0; i < FILE_BYTES; i++)
        buf[i] = 0;
    CHECK(call4(READ, f, AT(buf), FILE_BYTES, 0) == 1000); /* so much was not there */
    for (uint64_t i = 0; i < FILE_BYTES - 1000; i++)
        good &= buf[i] == pattern(i + 1000);
    CHECK(good);
    CHECK(call4(READ, f, AT(buf), 10, 0) == 10); /* at the end */
    CHECK(call4(WRITE, f, AT(buf), 10, 0) == 10); /* it is for reading */
    CHECK(call4(CLOSE, f, 0, 0, 0) == 0);
    CHECK(call4(REMOVE, AT(other), sizeof other - 1, 0, 0) == 0);
    CHECK(open_file(other, 0) == -1ull && call(ERRNO, 0) == 2);
    CHECK(open_file("semihost.fifo", 0) == -1ull);
    CHECK(call4(OPEN, ~0ull - 100, 0, 8, 0) == -1ull && call(ERRNO, 0) == 14);
    CHECK(call4(TMPNAM, AT(buf), 17, 64, 0) == 0 && buf[0] == '/');
    CHECK(call4(SYSTEM, AT("id"), 2, 0, 0) == -1ull && call(ERRNO, 0) == 38);
}

static void features(uint8_t *buf)
{
    uint64_t f = open_file(":semihosting-features", 0);

    CHECK(call4(FLEN, f, 0, 0, 0) == 5);
    CHECK(call4(READ, f, AT(buf), 8, 0) == 3 && buf[0] == 'S' && buf[1] == 'H' && buf[2] == 'F' &&
          buf[3] == 'B' && (buf[4] & 3) == 3);
    CHECK(call4(CLOSE, f, 0, 0, 0) == 0);
}

static void time_passes(void)
{
    uint64_t first, last, clock = call(CLOCK, 0);

    CHECK(call(TICKFREQ, 0) == 1000000000);
    CHECK(call(ELAPSED, &first) == 0);
    do
        CHECK(call(ELAPSED, &last) == 0 && last >= first);
    while (last - first < 30000000);
    CHECK(call(CLOCK, 0) >= clock + 2);
    CHECK(call(TIME, 0) > 1700000000);
}

static void console(uint8_t *buf)
{
    uint64_t in = open_file(":tt", 0), out = open_file(":tt", 4), n = 0, c, left;

    CHECK(call4(ISTTY, out, 0, 0, 0) == 1);
    CHECK(call4(WRITE, out, AT("PB-SEMI asks\n"), 13, 0) == 0);
    if ((c = call(READC, 0)) == -1ull) {
        CHECK(call4(READ, in, AT(buf), 8, 0) == 8);
        say("PB-SEMI deaf\n");
        return;
    }
    say("PB-SEMI heard ");
    for (buf[n++] = (uint8_t)c; buf[n - 1] != '\n' && n < 100; n += 8 - left)
        left = call4(READ, in, AT(buf + n), 8, 0);
    for (uint64_t i = 0; i < n; i++)
        call(WRITEC, buf + i);
}

void kernel_main(void);
void kernel_main(void)
{
    uint64_t heap[4] = {0}, at = AT(heap), line[2];
    const uint64_t code = 42;
    uint8_t *buf;

    CHECK(call(HEAPINFO, &at) == 0);
    CHECK(heap[0] && heap[1] - heap[0] > 2 * FILE_BYTES && heap[2] == heap[1]);
    buf = (uint8_t *)(uintptr_t)heap[0] + 65536; /* behind the stack that we took */
    line[0] = AT(buf);
    line[1] = 4096;
    CHECK(call(GET_CMDLINE, line) == 0);
    buf[line[1]] = 0;
    say("PB-SEMI args ");
    say((const char *)buf);
    say("\n");
    line[1] = 0;
    CHECK(call(GET_CMDLINE, line) == -1ull);
    CHECK(call4(ISERROR, -5ull, 0, 0, 0) != 0 && call4(ISERROR, 5, 0, 0, 0) == 0);
    CHECK(call(0x77, 0) == -1ull);
    files(buf);
    features(buf);
    time_passes();
    console(buf);
    say("PB-SEMI good\n");
    call4(EXIT_EXTENDED, 0x20026, code, 0, 0);
    for (;;)
        ;
}
