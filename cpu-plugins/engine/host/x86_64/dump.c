/* SPDX-License-Identifier: MIT */
/* dump.c - `-d out_asm`: a unit's host code as text, by Zydis when it was there at build
 * time and still is, else as bytes.
 */
#include "x86.h"

#include <inttypes.h>
#include <stdio.h>

static uint32_t bytes(const uint8_t *p, size_t left, char *out, size_t len)
{
    uint32_t n = left < 16 ? (uint32_t)left : 16, at = 0;

    for (uint32_t i = 0; i < n; i++)
        at += (uint32_t)snprintf(out + at, len - at, "%02x", p[i]);
    return n;
}

#ifdef XL_ZYDIS
#include <Zydis/Zydis.h>
#include <dlfcn.h>

/* Opened when it is first asked for: no run but those with -d out_asm should pay for it. */
static struct zydis {
    __typeof__(&ZydisDecoderInit) decoder;
    __typeof__(&ZydisFormatterInit) formatter;
    __typeof__(&ZydisDecoderDecodeFull) decode;
    __typeof__(&ZydisFormatterFormatInstruction) format;
} z;

static int have_zydis(void)
{
    static int tried;
    void *lib = tried ? NULL : dlopen(XL_ZYDIS, RTLD_NOW | RTLD_LOCAL);

    tried = 1;
    if (lib) {
        *(void **)&z.decoder = dlsym(lib, "ZydisDecoderInit");
        *(void **)&z.formatter = dlsym(lib, "ZydisFormatterInit");
        *(void **)&z.decode = dlsym(lib, "ZydisDecoderDecodeFull");
        *(void **)&z.format = dlsym(lib, "ZydisFormatterFormatInstruction");
    }
    return z.decoder && z.formatter && z.decode && z.format;
}

static uint32_t one(const uint8_t *p, size_t left, char *out, size_t len)
{
    ZydisDecoder d;
    ZydisFormatter f;
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];

    if (!have_zydis())
        return bytes(p, left, out, len);
    z.decoder(&d, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    z.formatter(&f, ZYDIS_FORMATTER_STYLE_INTEL);
    if (!ZYAN_SUCCESS(z.decode(&d, p, left, &insn, ops)))
        return 0;
    z.format(&f, &insn, ops, insn.operand_count_visible, out, len, (ZyanU64)(uintptr_t)p, NULL);
    return insn.length;
}
#else
#define one bytes
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
