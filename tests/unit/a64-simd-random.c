/* SPDX-License-Identifier: MIT */
/* a64-simd-random.c - random programs from the rows of a64-simd.decode.
 *
 * Programs never trap: base registers point into the buffer, offsets in registers are small,
 * general registers that are written are X0 to X7. Operands are special values of every lane
 * width as often as random ones.
 */
#include "a64-simd-random.h"

#include "decode-formats.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct gen {
    struct a64s *p;
    uint64_t s;
};

static uint64_t rnd(struct gen *g)
{
    g->s ^= g->s << 13;
    g->s ^= g->s >> 7;
    g->s ^= g->s << 17;
    return g->s * 0x2545f4914f6cdd1dull;
}

static uint32_t pick(struct gen *g, uint32_t n)
{
    return (uint32_t)(rnd(g) >> 33) % n;
}

/* ---- Values ------------------------------------------------------------------------------- */

static uint64_t special(struct gen *g, uint32_t size)
{
    static const uint16_t half[] = {
        0, 0x8000, 0x3c00, 0xbc00, 0x7c00, 0xfc00, 0x7e00, 0xfe01, 0x7c01, 0xfd55, 0x0001, 0x83ff,
        0x0400, 0x8400, 0x7bff, 0xfbff, 0x3e00, 0x4000, 0x0100, 0x0101, 0x7fff, 0x4248, 0x5800};
    static const uint32_t single[] = {
        0, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc01234,
        0x7f800001, 0xff812345, 0x00000001, 0x807fffff, 0x00800000, 0x80800000, 0x7f7fffff,
        0xff7fffff, 0x4f000000, 0xcf000000, 0x5f000000, 0x477fe000, 0x47800000, 0x33000000,
        0x38800000, 0x3effffff, 0x40490fdb, 0x4b000001, 0x00200000, 0x7e800000, 0x477ff000};
    static const uint64_t dbl[] = {
        0, 1ull << 63, 0x3ff0000000000000, 0xbff0000000000000, 0x7ff0000000000000,
        0xfff0000000000000, 0x7ff8000000000000, 0xfff8000000001234, 0x7ff0000000000001,
        0xfff4000000000000, 1, 0x800fffffffffffff, 0x0010000000000000, 0x7fefffffffffffff,
        0x43e0000000000000, 0xc3e0000000000000, 0x41e0000000000000, 0x41dfffffffc00000,
        0x3fdfffffffffffff, 0x400921fb54442d18, 0x36a0000000000000, 0x47efffffefffffff,
        0x3810000000000000, 0x40effe0000000000, 0x3e60000000000000, 0x0004000000000000,
        0x7fd0000000000000, 0x40f0000000000000};
    static const uint8_t byte[] = {0, 1, 0x7f, 0x80, 0xff, 0x81, 8, 0xf8, 63, 64, 31, 32, 0xc0};
    switch (size) {
    case 0: return byte[pick(g, sizeof byte)];
    case 1: return half[pick(g, sizeof half / sizeof *half)];
    case 2: return single[pick(g, sizeof single / sizeof *single)];
    default: return dbl[pick(g, sizeof dbl / sizeof *dbl)];
    }
}

/* Near each other, where additions cancel and conversions fit. */
static uint64_t middling(struct gen *g, uint32_t size)
{
    uint64_t v = rnd(g);
    switch (size) {
    case 1: return (v & 0x83ff) | (uint64_t)(12 + pick(g, 8)) << 10;
    case 2: return (v & 0x807fffff) | (uint64_t)(120 + pick(g, 40)) << 23;
    case 3: return (v & 0x800fffffffffffff) | (uint64_t)(1015 + pick(g, 60)) << 52;
    default: return v & 255;
    }
}

static void value(struct gen *g, uint64_t out[2])
{
    uint32_t size = pick(g, 4), kind = pick(g, 5), bits = 8u << size;
    for (uint32_t h = 0; h < 2; h++) {
        out[h] = 0;
        for (uint32_t at = 0; at < 64; at += bits) {
            uint64_t v = kind == 0 ? rnd(g) : kind < 3 ? special(g, size) : middling(g, size);
            if (kind == 4 && !pick(g, 3))
                v = special(g, size);
            out[h] |= (bits == 64 ? v : v & ((1ull << bits) - 1)) << at;
        }
    }
}

/* ---- Instructions -------------------------------------------------------------------------- */

static void put(struct gen *g, uint32_t w)
{
    g->p->insn[g->p->n_insns++] = w;
}

static uint32_t field(uint32_t w, uint32_t at, uint32_t bits, uint32_t v)
{
    uint32_t mask = ((1u << bits) - 1) << at;
    return (w & ~mask) | (v << at & mask);
}

static void load_operand(struct gen *g, uint32_t v)
{
    put(g, 0x3dc00000 | pick(g, 4096) << 10 | 8 << 5 | v); /* ldr qv,[x8,#…] */
}

static int is_memory(uint32_t w)
{
    return (w & 0x0a000000) == 0x08000000;
}

/* Registers and offsets that keep an access inside the buffer. */
static uint32_t tame(struct gen *g, uint32_t w, uint32_t row)
{
    const char *operands = a64_rows[row].operands;
    if (strstr(operands, "lit"))
        return field(w, 5, 19, pick(g, A64S_TABLE_SIZE / 16) * 4);
    w = field(w, 5, 5, 10 + pick(g, 6));
    if (strstr(operands, "uimm"))
        return field(w, 10, 12, pick(g, 256));
    if (strstr(operands, "reg"))
        return field(w, 16, 5, 19);
    if (strstr(operands, "basep"))
        return field(w, 16, 5, pick(g, 2) ? 31 : 16 + pick(g, 3));
    return w;
}

static int excluded(const struct gen *g, uint32_t row)
{
    const char *name = a64_rows[row].name, *all = g->p->without;
    if (g->p->group && strncmp(name, g->p->group, strlen(g->p->group)))
        return 1;
    for (size_t n = strlen(name); all && (all = strstr(all, name)); all++)
        if (all[-1] == ',' && all[n] == ',')
            return 1;
    return 0;
}

static int put_row(struct gen *g, uint32_t row)
{
    const struct a64_row *r = &a64_rows[row];
    uint32_t w = r->match | ((uint32_t)(rnd(g) >> 32) & ~r->mask);
    struct a64_insn i;
    if (is_memory(w))
        w = tame(g, w, row) & ~r->mask;
    else if (!strncmp(r->operands, "grd", 3) || !strncmp(r->operands, "qrd", 3))
        w = field(w, 0, 5, pick(g, 8));
    else if (strstr(r->operands, "grn"))
        w = field(w, 5, 5, pick(g, 8));
    w = r->match | (w & ~r->mask);
    a64_decode(w, ~0ull, &i);
    if (i.op != row)
        return 0;
    if (!is_memory(w)) {
        if (pick(g, 4))
            load_operand(g, i.rn);
        if (pick(g, 4))
            load_operand(g, i.rm);
        if (pick(g, 2))
            load_operand(g, i.rd);
        if (!pick(g, 4))
            load_operand(g, i.ra);
    }
    put(g, w);
    return 1;
}

uint32_t a64s_place(uint32_t w, uint64_t pc)
{
    if ((w & 0x3f000000) != 0x1c000000)
        return w;
    return field(w, 5, 19, (uint32_t)((A64S_TABLE - pc) / 4) + (w >> 5 & 0x7ffff));
}

static void registers(struct gen *g)
{
    struct a64s *p = g->p;
    for (uint32_t n = 0; n < 32; n++) {
        uint64_t v[2];
        value(g, v);
        p->x[n] = v[0];
        value(g, p->v[n]);
    }
    p->x[8] = A64S_TABLE;
    for (uint32_t n = 10; n < 16; n++)
        p->x[n] = A64S_BUFFER + 0x4000 + (n - 10) * 0x8000;
    for (uint32_t n = 16; n < 19; n++)
        p->x[n] = (uint64_t)(int64_t)((int)pick(g, 129) - 64);
    p->x[19] = pick(g, 256);
    p->x[31] = 0;
}

void a64s_make(struct a64s *p)
{
    struct gen g = {.p = p, .s = p->seed * 0x9e3779b97f4a7c15ull | 1};
    for (int k = 0; k < 8; k++)
        rnd(&g);
    p->fpcr = rnd(&g) & p->fpcr_mask;
    if (pick(&g, 3) == 0)
        p->fpcr = 0;
    registers(&g);
    for (uint32_t at = 0; at < A64S_TABLE_SIZE; at += 16) {
        uint64_t v[2];
        value(&g, v);
        memcpy(p->table + at, v, 16);
    }
    for (uint32_t at = 0; at < A64S_BUFFER_SIZE; at += 8) {
        uint64_t v = rnd(&g);
        memcpy(p->buffer + at, &v, 8);
    }
    p->n_insns = 0;
    for (uint32_t n = 0; n < p->units;) {
        uint32_t row = A64_FIRST_a64_simd + pick(&g, A64_OP_COUNT - A64_FIRST_a64_simd);
        uint32_t first = p->n_insns;
        if (excluded(&g, row) || !put_row(&g, row))
            continue;
        p->unit[n++] = (struct a64s_unit){first, p->n_insns - first, row};
    }
}

/* ---- The ELF file --------------------------------------------------------------------------- */

struct out {
    uint8_t *image;
    uint32_t at;
};

static void emit(struct out *o, uint32_t w)
{
    memcpy(o->image + o->at, &w, 4);
    o->at += 4;
}

static void move(struct out *o, uint32_t x, uint64_t v)
{
    for (uint32_t k = 0; k < 4; k++)
        emit(o, (k ? 0xf2800000 : 0xd2800000) | k << 21 | (uint32_t)(v >> (16 * k) & 0xffff) << 5 |
                    x);
}

static void prologue(struct out *o, const struct a64s *p)
{
    move(o, 28, A64S_LOG);
    for (uint32_t n = 0; n < 32; n++) {
        emit(o, 0x3dc00000 | n << 10 | 28 << 5 | n); /* ldr qn,[x28,#16n] */
        if (n < 28)
            move(o, n, p->x[n]);
    }
    move(o, 27, A64S_LOG);
    move(o, 29, p->fpcr);
    emit(o, 0xd51b4400 | 29); /* msr fpcr,x29 */
    emit(o, 0xd51b4420 | 31); /* msr fpsr,xzr */
    emit(o, 0xd51b4200 | 31); /* msr nzcv,xzr */
}

static void log_unit(struct out *o, uint32_t rd)
{
    emit(o, 0xd53b4420 | 29);                     /* mrs x29,fpsr */
    emit(o, 0xf8008400 | 27 << 5 | 29);           /* str x29,[x27],#8 */
    emit(o, 0xd53b4200 | 29);                     /* mrs x29,nzcv */
    emit(o, 0xf8008400 | 27 << 5 | 29);
    emit(o, 0xf8008400 | 27 << 5 | (rd < 8 ? rd : 31));
    emit(o, 0x3c810400 | 27 << 5 | rd);           /* str q,[x27],#16 */
    emit(o, 0xd51b4420 | 31);
}

static void write_out(struct out *o, uint64_t at, uint64_t bytes)
{
    move(o, 0, 1);
    move(o, 1, at);
    move(o, 2, bytes);
    move(o, 8, 64);
    emit(o, 0xd4000001); /* svc #0 */
}

int a64s_write_elf(const struct a64s *p, const char *path)
{
    static uint8_t image[A64S_LOG - A64S_BASE + 0x1000];
    uint32_t log_size = (uint32_t)(p->units * sizeof(struct a64s_log));
    struct out o = {image, 0};
    Elf64_Ehdr eh = {.e_type = ET_EXEC, .e_machine = EM_AARCH64, .e_version = 1, .e_phnum = 1,
                     .e_entry = A64S_BASE, .e_phoff = sizeof eh, .e_ehsize = sizeof eh,
                     .e_phentsize = sizeof(Elf64_Phdr)};
    Elf64_Phdr ph = {.p_type = PT_LOAD, .p_flags = PF_R | PF_W | PF_X, .p_offset = 4096,
                     .p_vaddr = A64S_BASE, .p_paddr = A64S_BASE, .p_filesz = sizeof image,
                     .p_memsz = sizeof image + log_size, .p_align = 4096};
    static const char zero[4096];
    memcpy(eh.e_ident, "\177ELF\2\1\1", 7);
    memcpy(image + (A64S_TABLE - A64S_BASE), p->table, sizeof p->table);
    memcpy(image + (A64S_BUFFER - A64S_BASE), p->buffer, sizeof p->buffer);
    memcpy(image + (A64S_LOG - A64S_BASE), p->v, sizeof p->v);
    prologue(&o, p);
    for (uint32_t u = 0; u < p->units; u++) {
        for (uint32_t k = 0; k < p->unit[u].n; k++)
            emit(&o, a64s_place(p->insn[p->unit[u].first + k], A64S_BASE + o.at));
        log_unit(&o, p->insn[p->unit[u].first + p->unit[u].n - 1] & 31);
    }
    write_out(&o, A64S_LOG, log_size);
    write_out(&o, A64S_BUFFER, A64S_BUFFER_SIZE);
    move(&o, 8, 93);
    move(&o, 0, 0);
    emit(&o, 0xd4000001);
    FILE *f = fopen(path, "wb");
    if (!f || o.at > A64S_TABLE - A64S_BASE)
        return -1;
    fwrite(&eh, sizeof eh, 1, f);
    fwrite(&ph, sizeof ph, 1, f);
    fwrite(zero, 4096 - sizeof eh - sizeof ph, 1, f);
    fwrite(image, sizeof image, 1, f);
    return fclose(f) || chmod(path, 0755) ? -1 : 0;
}
