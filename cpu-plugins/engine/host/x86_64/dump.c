/* SPDX-License-Identifier: MIT */
/* dump.c - `-d out_asm`: a unit's host code as text, by Zydis when it was there at build
 * time, else as bytes.
 */
#include "x86.h"

#include <inttypes.h>
#include <stdio.h>

#ifdef XL_HAVE_ZYDIS
#include <Zydis/Zydis.h>

static uint32_t one(const uint8_t *p, size_t left, char *out, size_t len)
{
    ZydisDecoder d;
    ZydisFormatter f;
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];

    ZydisDecoderInit(&d, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ZydisFormatterInit(&f, ZYDIS_FORMATTER_STYLE_INTEL);
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&d, p, left, &insn, ops)))
        return 0;
    ZydisFormatterFormatInstruction(&f, &insn, ops, insn.operand_count_visible, out, len,
                                    (ZyanU64)(uintptr_t)p, NULL);
    return insn.length;
}
#else
static uint32_t one(const uint8_t *p, size_t left, char *out, size_t len)
{
    uint32_t n = left < 16 ? (uint32_t)left : 16, at = 0;

    for (uint32_t i = 0; i < n; i++)
        at += (uint32_t)snprintf(out + at, len - at, "%02x", p[i]);
    return n;
}
#endif

static void say(const struct xl_engine *e, const char *text)
{
    if (e->host && e->host->log)
        e->host->log(e->host, NULL, PB_LOG_DEBUG, text);
    else
        fprintf(stderr, "%s\n", text);
}

void x86_dump(const struct xl_engine *e, const struct xl_unit *u)
{
    const uint8_t *p = u->code;
    size_t left = u->code_size;
    char text[128], line[192];

    snprintf(line, sizeof(line), "OUT: guest 0x%" PRIx64 " (%u bytes), %u host bytes", u->pa,
             u->bytes, u->code_size);
    say(e, line);
    while (left) {
        uint32_t n = one(p, left, text, sizeof(text));

        if (n == 0) {
            n = 1;
            snprintf(text, sizeof(text), ".byte 0x%02x", *p);
        }
        snprintf(line, sizeof(line), "%p: %s", (const void *)p, text);
        say(e, line);
        p += n;
        left -= n;
    }
}
