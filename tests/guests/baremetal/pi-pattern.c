/* SPDX-License-Identifier: MIT */
/* pi-pattern.c - a bare program for the Raspberry Pi 3: asks the VideoCore for a framebuffer of 320
 * by 240 pixels by the mailbox (channel 8, property tags 0x48003 to 0x48006, 0x40001, 0x40008),
 * draws a pattern into it, says so on the PL011 and waits for ever. Raspberry Pi firmware wiki,
 * "Mailbox property interface". Red grows to the right, green downwards, blue in squares of 16.
 * Not modelled: nothing; this is a guest. */
#include <stdint.h>

#define MAILBOX ((volatile uint32_t *)0x3f00b880)
#define UART ((volatile uint32_t *)0x3f201000)
enum { WIDTH = 320, HEIGHT = 240, CHANNEL = 8 };
enum { READ = 0, STATUS = 6, WRITE = 8 }; /* words from 0x3f00b880 */

static volatile uint32_t request[] __attribute__((aligned(16))) = {
    35 * 4, 0,
    0x48003, 8, 0, WIDTH, HEIGHT,
    0x48004, 8, 0, WIDTH, HEIGHT,
    0x48009, 8, 0, 0, 0,
    0x48005, 4, 0, 32,
    0x48006, 4, 0, 1, /* RGB */
    0x40001, 8, 0, 4096, 0,
    0x40008, 4, 0, 0,
    0,
};
enum { ADDRESS = 28, PITCH = 33 };

static void say(const char *text)
{
    for (; *text; text++) {
        while (UART[6] & 1u << 5)
            ;
        UART[0] = (uint8_t)*text;
    }
}

static int call(void)
{
    uint32_t letter = (uint32_t)(uintptr_t)request | CHANNEL;

    while (MAILBOX[STATUS] & 1u << 31)
        ;
    MAILBOX[WRITE] = letter;
    do {
        while (MAILBOX[STATUS] & 1u << 30)
            ;
    } while (MAILBOX[READ] != letter);
    return request[1] == 0x80000000;
}

void kernel_main(void)
{
    if (!call() || !request[ADDRESS]) {
        say("PB-PATTERN refused\n");
        return;
    }
    volatile uint8_t *pixels = (volatile uint8_t *)(uintptr_t)(request[ADDRESS] & 0x3fffffff);
    for (uint32_t y = 0; y < HEIGHT; y++) {
        for (uint32_t x = 0; x < WIDTH; x++) {
            volatile uint8_t *p = pixels + y * request[PITCH] + 4 * x;
            p[0] = (uint8_t)(x * 255 / (WIDTH - 1));
            p[1] = (uint8_t)(y * 255 / (HEIGHT - 1));
            p[2] = (x / 16 + y / 16) % 2 ? 255 : 0;
            p[3] = 0;
        }
    }
    say("PB-PATTERN drawn\n");
}
