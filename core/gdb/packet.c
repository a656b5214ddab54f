/* SPDX-License-Identifier: MIT */
/* packet.c - packets of the GDB remote serial protocol (GDB manual, appendix E.1).
 *
 * "$payload#xx", xx the payload's byte sum; '}' escapes a byte that is then XORed with
 * 0x20. Whatever comes in is bounded and checked; nothing here knows what it means.
 */
#include "gdb.h"

enum { IDLE, PAYLOAD, SUM_HIGH, SUM_LOW };

static int digit(uint8_t c)
{
    return g_ascii_xdigit_value((char)c);
}

static enum pb_gdb_event idle(struct pb_gdb_rx *rx, uint8_t byte)
{
    if (byte == 3)
        return PB_GDB_INTERRUPT;
    if (byte == '-')
        return PB_GDB_NAK;
    if (byte == '$') {
        rx->state = PAYLOAD;
        rx->len = 0;
        rx->sum = 0;
        rx->escaped = 0;
    }
    return PB_GDB_NOTHING; /* '+' and noise between packets */
}

enum pb_gdb_event pb_gdb_feed(struct pb_gdb_rx *rx, uint8_t byte)
{
    switch (rx->state) {
    case IDLE:
        return idle(rx, byte);
    case PAYLOAD:
        if (byte == '#') {
            rx->state = SUM_HIGH;
            return PB_GDB_NOTHING;
        }
        if (byte == '$') /* the sender began again */
            return idle(rx, byte);
        rx->sum = (uint8_t)(rx->sum + byte);
        if (byte == '}' && !rx->escaped) {
            rx->escaped = 1;
            return PB_GDB_NOTHING;
        }
        if (rx->len == PB_GDB_PACKET_MAX) {
            rx->state = IDLE;
            return PB_GDB_BAD;
        }
        rx->buf[rx->len++] = (char)(rx->escaped ? byte ^ 0x20 : byte);
        rx->escaped = 0;
        return PB_GDB_NOTHING;
    case SUM_HIGH:
        rx->state = digit(byte) < 0 ? IDLE : SUM_LOW;
        if (rx->state == IDLE)
            return PB_GDB_BAD;
        rx->want = (uint8_t)(digit(byte) << 4);
        return PB_GDB_NOTHING;
    default:
        rx->state = IDLE;
        if (digit(byte) < 0 || (rx->want | digit(byte)) != rx->sum)
            return PB_GDB_BAD;
        rx->buf[rx->len] = 0;
        return PB_GDB_PACKET;
    }
}

void pb_gdb_frame(GString *out, const char *payload, gsize n)
{
    uint8_t sum = 0;

    g_string_append_c(out, '$');
    for (gsize i = 0; i < n; i++) {
        char c = payload[i];
        if (c == '$' || c == '#' || c == '}' || c == '*') {
            g_string_append_c(out, '}');
            sum = (uint8_t)(sum + '}');
            c ^= 0x20;
        }
        g_string_append_c(out, c);
        sum = (uint8_t)(sum + (uint8_t)c);
    }
    g_string_append_printf(out, "#%02x", sum);
}

void pb_gdb_hex(GString *out, const void *bytes, gsize n)
{
    for (gsize i = 0; i < n; i++)
        g_string_append_printf(out, "%02x", ((const uint8_t *)bytes)[i]);
}

int pb_gdb_unhex(const char *hex, uint8_t *bytes, gsize max)
{
    gsize n = 0;

    for (; hex[0]; hex += 2, n++) {
        int hi = digit((uint8_t)hex[0]), lo = hi < 0 ? -1 : digit((uint8_t)hex[1]);
        if (lo < 0 || n == max)
            return -1;
        bytes[n] = (uint8_t)(hi << 4 | lo);
    }
    return (int)n;
}

gboolean pb_gdb_number(const char **p, uint64_t *v)
{
    int digits = 0;

    for (*v = 0; digit((uint8_t)**p) >= 0; (*p)++, digits++) {
        if (digits == 16)
            return FALSE;
        *v = *v << 4 | (uint64_t)digit((uint8_t)**p);
    }
    return digits > 0;
}
