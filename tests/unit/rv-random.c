/* SPDX-License-Identifier: MIT */
/* rv-random.c - random user-level RISC-V programs from the rows of rv64.decode.
 *
 * A program loads all registers from a table, runs a body of random instructions `loops`
 * times, stores all registers and writes them and its buffer out. It never traps: x8 and x2
 * point into the buffer, x9 counts, none of them is a destination; accesses use them as base;
 * atomics get an aligned address in x31 first; jumps go a few units forward. Integers and
 * floats begin with a mix of special and random values.
 */
#include "rv-random.h"

#include "decode.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_UNITS 8192u
#define MAX_FIXES 4096u

struct gen {
    struct rvr *r;
    uint64_t s;
    uint32_t at;                 /* offset in the image */
    uint32_t start[MAX_UNITS + 1], n;
    struct { uint32_t at, unit, row; } fix[MAX_FIXES];
    uint32_t n_fixes;
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

static void put(struct gen *g, uint32_t w, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++)
        g->r->image[g->at++] = (uint8_t)(w >> (8 * i));
}

/* ---- Encoders for what the frame needs ---------------------------------------------------- */

static uint32_t enc_i(uint32_t op, uint32_t f3, uint32_t rd, uint32_t rs1, int32_t imm)
{
    return op | rd << 7 | f3 << 12 | rs1 << 15 | (uint32_t)imm << 20;
}

static uint32_t enc_s(uint32_t op, uint32_t f3, uint32_t rs1, uint32_t rs2, int32_t imm)
{
    uint32_t u = (uint32_t)imm;
    return op | (u & 31) << 7 | f3 << 12 | rs1 << 15 | rs2 << 20 | (u >> 5 & 127) << 25;
}

static uint32_t enc_b(uint32_t w, uint32_t off)
{
    return w | (off >> 11 & 1) << 7 | (off >> 1 & 15) << 8 | (off >> 5 & 63) << 25 |
           (off >> 12 & 1) << 31;
}

static uint32_t enc_j(uint32_t w, uint32_t off)
{
    return w | (off & 0xff000) | (off >> 11 & 1) << 20 | (off >> 1 & 0x3ff) << 21 |
           (off >> 20 & 1) << 31;
}

static uint32_t enc_cb(uint32_t w, uint32_t off)
{
    return w | (off >> 8 & 1) << 12 | (off >> 3 & 3) << 10 | (off >> 6 & 3) << 5 |
           (off >> 1 & 3) << 3 | (off >> 5 & 1) << 2;
}

static uint32_t enc_cj(uint32_t w, uint32_t off)
{
    return w | (off >> 11 & 1) << 12 | (off >> 4 & 1) << 11 | (off >> 8 & 3) << 9 |
           (off >> 10 & 1) << 8 | (off >> 6 & 1) << 7 | (off >> 7 & 1) << 6 |
           (off >> 1 & 7) << 3 | (off >> 5 & 1) << 2;
}

static void load_address(struct gen *g, uint32_t rd, uint32_t a)
{
    put(g, 0x37 | rd << 7 | ((a + 0x800) & 0xfffff000u), 4);
    put(g, enc_i(0x13, 0, rd, rd, (int32_t)(a << 20) >> 20), 4);
}

/* ---- The body ------------------------------------------------------------------------------- */

static int reserved(uint32_t x)
{
    return x == 2 || x == 8 || x == 9;
}

/* Rows that the body does not draw. */
static int excluded(const struct gen *g, uint32_t row)
{
    const struct rv_row *r = &rv_rows[row];
    if (g->r->without && !strcmp(g->r->without, r->name))
        return 1;
    switch (row) {
    case RV_jalr: case RV_c_jr: case RV_c_jalr: case RV_lr_w: case RV_lr_d: case RV_sc_w:
    case RV_sc_d: return 1;
    default: break;
    }
    if (g->r->privileged)
        return row == RV_sret || (r->ext == RV_X_ZICOND && !g->r->zicond);
    return row == RV_c_ebreak || row == RV_ecall || row == RV_ebreak || row == RV_mret ||
           row == RV_wfi || r->ext == RV_X_S || r->ext == RV_X_SVINVAL || r->ext == RV_X_ZICBOM ||
           ((r->ext == RV_X_ZICBOZ || r->ext == RV_X_ZICOND) && !g->r->zicond);
}

static void fixup(struct gen *g, uint32_t row)
{
    if (g->n_fixes == MAX_FIXES)
        return;
    g->fix[g->n_fixes].at = g->at;
    g->fix[g->n_fixes].unit = g->n + 1 + pick(g, 4);
    g->fix[g->n_fixes++].row = row;
}

static int is_jump(uint32_t op)
{
    return op == RV_jal || (op >= RV_beq && op <= RV_bgeu);
}

/* fflags by any form; frm and fcsr only so that the rounding mode stays a real one. */
static void put_csr(struct gen *g, uint32_t w, uint32_t row)
{
    static const uint16_t some[] = {1, 2, 3, 0x100, 0x100, 0x104, 0x105, 0x106, 0x10a, 0x140,
                                    0x141, 0x142, 0x143, 0x144, 0x14d, 0x300, 0x344, 0x7c0, 0xf14};
    uint32_t csr = 1, kind = pick(g, 4);
    if (g->r->privileged) {
        csr = some[pick(g, sizeof some / sizeof *some)];
        if (g->r->delegated && (csr == 0x105 || csr == 0x140))
            csr = 0x144;
        put(g, (w & 0xfffff) | csr << 20, 4);
        return;
    }
    if (row == RV_csrrwi && kind == 0) {
        csr = 2;
        w = (w & ~(31u << 15)) | pick(g, 5) << 15;
    } else if (row == RV_csrrs && kind == 0) {
        csr = 2 + pick(g, 2);
        w &= ~(31u << 15);
    } else if (row == RV_csrrwi && kind == 1) {
        csr = 3;
    }
    put(g, (w & 0xfffff) | csr << 20, 4);
}

static void put_atomic(struct gen *g, uint32_t w)
{
    uint32_t offset = pick(g, 255) * 8;
    if (g->r->privileged && !pick(g, 8))
        offset += pick(g, 8);
    put(g, enc_i(0x13, 0, 31, 8, (int32_t)offset), 4);
    w = (w & ~(31u << 15)) | 31u << 15;
    if (pick(g, 4)) {
        put(g, w, 4);
        return;
    }
    /* lr and sc of the same width, the pair that must succeed */
    uint32_t size = w & 0x7000, rd = (w & 0xf80) == 0xf80 ? 0 : w & 0xf80; /* x31 is needed */
    put(g, rv_rows[RV_lr_w].match | (size ^ 0x2000) | 31u << 15 | rd, 4);
    put(g, rv_rows[RV_sc_w].match | (size ^ 0x2000) | 31u << 15 | (w & (31u << 20)) | rd, 4);
}

/* auipc and jalr to a unit ahead. */
static void put_jalr(struct gen *g)
{
    uint32_t rd = pick(g, 32);
    put(g, 0x17 | 31 << 7, 4);
    fixup(g, RV_jalr);
    put(g, enc_i(0x67, 0, reserved(rd) ? 1 : rd, 31, 0), 4);
}

/* Return to S or U at the next unit; what U may not do the test skips, and its ECALL leads back to
 * S. */
static void put_sret(struct gen *g)
{
    uint32_t to_user = !pick(g, 3);
    if (!pick(g, 3)) {
        put(g, 0x73, 4);
        return;
    }
    put(g, enc_i(0x13, 0, 31, 0, 0x100), 4);
    put(g, to_user ? 0x100fb073 : 0x100fa073, 4); /* csrc or csrs sstatus,t6 */
    put(g, 0x37 | 30 << 7 | (to_user ? RVR_USER : 0), 4);
    put(g, 0x17 | 31 << 7, 4);
    put(g, enc_i(0x13, 0, 31, 31, 20), 4);
    put(g, 0x01ef8fb3, 4); /* add t6,t6,t5 */
    put(g, 0x141f9073, 4); /* csrw sepc,t6 */
    put(g, 0x10200073, 4);
}

/* Another ASID, or a changed entry for a page of the buffer and a fence of some form. */
static void put_mapping(struct gen *g)
{
    static const uint8_t bit[] = {1, 2, 4, 16, 64, 128};
    if (!pick(g, 3)) {
        put(g, enc_i(0x13, 0, 30, 0, 1), 4);
        put(g, enc_i(0x13, 1, 30, 30, 44 + (int32_t)pick(g, 3)), 4);
        put(g, 0x18002ff3, 4); /* csrr t6,satp */
        put(g, 0x01efcfb3, 4); /* xor t6,t6,t5 */
        put(g, 0x180f9073, 4);
        return;
    }
    int32_t at = (int32_t)((RVR_EDGE >> 12) - 0x400 - pick(g, 2)) * 8;
    put(g, 0x37 | 30 << 7 | RVR_PT, 4);
    put(g, enc_i(0x03, 3, 31, 30, at), 4);
    put(g, enc_i(0x13, 4, 31, 31, bit[pick(g, sizeof bit)]), 4);
    put(g, enc_s(0x23, 3, 30, 31, at), 4);
    put(g, 0x12000073, 4); /* sfence.vma */
}

/* One random instruction of `row` with operands that are safe; 0: draw again. */
static int put_row(struct gen *g, uint32_t row)
{
    const struct rv_row *r = &rv_rows[row];
    uint32_t w = r->match | ((uint32_t)(rnd(g) >> 32) & ~r->mask);
    struct rv_insn i;
    if (r->len == 2)
        w &= 0xffff;
    if (strstr(r->operands, "(rs1)") && r->len == 4)
        w = (w & ~(31u << 15)) | 8u << 15;
    if (strstr(r->operands, "(rs1)") && r->len == 2 && (w & 3) == 0)
        w &= ~(7u << 7);
    rv_decode(w, ~0ull, &i);
    if (i.row != row || (strncmp(r->operands, "frd", 3) && reserved(i.rd)))
        return 0;
    if (strstr(r->operands, "rm") && (i.rm == 5 || i.rm == 6))
        w |= 7u << 12;
    if (is_jump(i.op)) {
        fixup(g, row);
        /* keep the registers, clear the offset */
        uint32_t regs = r->len == 4 ? 0x1fff000 : 0x380;
        if (i.op == RV_jal)
            regs = r->len == 4 ? 0xf80 : 0;
        w = r->match | (w & ~r->mask & regs);
    }
    if (r->ext == RV_X_A)
        put_atomic(g, w);
    else if (r->ext == RV_X_ZICSR)
        put_csr(g, w, row);
    else
        put(g, w, r->len);
    return 1;
}

static void patch(struct gen *g)
{
    for (uint32_t k = 0; k < g->n_fixes; k++) {
        uint32_t at = g->fix[k].at, unit = g->fix[k].unit > g->n ? g->n : g->fix[k].unit;
        uint32_t off = g->start[unit] - at, w = 0, op = g->fix[k].row;
        uint32_t bytes = rv_rows[op].len;
        for (uint32_t i = 0; i < bytes; i++)
            w |= (uint32_t)g->r->image[at + i] << (8 * i);
        if (op == RV_jalr)
            w = (w & 0xfffff) | (off + 4) << 20;
        else if (op == RV_jal)
            w = enc_j(w, off);
        else if (op == RV_c_j)
            w = enc_cj(w, off);
        else
            w = bytes == 4 ? enc_b(w, off) : enc_cb(w, off);
        for (uint32_t i = 0; i < bytes; i++)
            g->r->image[at + i] = (uint8_t)(w >> (8 * i));
    }
}

/* ---- The frame ------------------------------------------------------------------------------- */

static void prologue(struct gen *g)
{
    load_address(g, 31, RVR_TABLE);
    for (uint32_t f = 0; f < 32; f++)
        put(g, enc_i(0x07, 3, f, 31, 256 + 8 * (int32_t)f), 4);
    put(g, enc_i(0x03, 3, 5, 31, 512), 4);
    put(g, 0x00329073, 4); /* csrw fcsr,t0 */
    for (uint32_t x = 1; x < 31; x++)
        if (!reserved(x))
            put(g, enc_i(0x03, 3, x, 31, 8 * (int32_t)x), 4);
    put(g, enc_i(0x03, 3, 31, 31, 8 * 31), 4);
    load_address(g, 8, g->r->privileged ? RVR_EDGE : RVR_BUFFER + RVR_BUFFER_SIZE / 2);
    put(g, enc_i(0x13, 0, 2, 8, 0), 4);
    load_address(g, 9, g->r->loops);
}

static void epilogue(struct gen *g, uint32_t body)
{
    put(g, enc_i(0x13, 0, 9, 9, -1), 4);
    put(g, enc_b(0x63 | 9 << 15, 8), 4); /* beqz s1,.+8 */
    put(g, enc_j(0x6f, body - g->at), 4);
    g->r->end_pc = RVR_BASE + g->at;
    if (g->r->privileged) {
        put(g, 0x73, 4);
        return;
    }
    load_address(g, 9, RVR_DUMP);
    for (uint32_t x = 0; x < 32; x++)
        put(g, enc_s(0x23, 3, 9, x, 8 * (int32_t)x), 4);
    for (uint32_t f = 0; f < 32; f++)
        put(g, enc_s(0x27, 3, 9, f, 256 + 8 * (int32_t)f), 4);
    put(g, 0x003022f3, 4); /* csrr t0,fcsr */
    put(g, enc_s(0x23, 3, 9, 5, 512), 4);
    put(g, enc_i(0x13, 0, 10, 0, 1), 4);
    put(g, enc_i(0x13, 0, 11, 9, 0), 4);
    load_address(g, 12, RVR_DUMP_SIZE);
    put(g, enc_i(0x13, 0, 17, 0, 64), 4); /* write */
    put(g, 0x73, 4);
    put(g, enc_i(0x13, 0, 10, 0, 0), 4);
    put(g, enc_i(0x13, 0, 17, 0, 93), 4); /* exit */
    put(g, 0x73, 4);
}

static uint64_t value(struct gen *g)
{
    static const uint64_t special[] = {
        0, 1, ~0ull, 1ull << 63, ~(1ull << 63), 0x80000000, 0x7fffffff, 0xffffffff80000000ull,
        0x3ff0000000000000, 0xbff0000000000000, 0x7ff0000000000000, 0xfff0000000000000,
        0x7ff8000000000000, 0x7ff0000000000001, 0x0010000000000000, 0x000fffffffffffff,
        0x0000000000000001, 0x7fefffffffffffff, 0x43e0000000000000, 0xc3e0000000000000,
        0xffffffff3f800000, 0xffffffff7f800000, 0xffffffffff800000, 0xffffffff7fc00000,
        0xffffffff7f800001, 0xffffffff00000001, 0xffffffff007fffff, 0xffffffff7f7fffff,
        0xffffffff80000000, 0xffffffff00000000, 0xffffffff4f000000, 0xffffffffdf000000,
        0xffffffff5f000000, 0x000000003f800000};
    uint64_t v = rnd(g);
    switch (pick(g, 4)) {
    case 0: return special[pick(g, sizeof special / sizeof *special)];
    case 1: return v | 0xffffffff00000000ull;
    case 2: /* near 1.0, where operations meet */
        return (v & 0x800fffffffffffffull) | (1010 + (uint64_t)pick(g, 30)) << 52;
    default: return v;
    }
}

static void fill(struct gen *g, uint32_t address, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        uint64_t v = value(g);
        memcpy(&g->r->image[address - RVR_BASE + 8 * i], &v, 8);
    }
}

void rvr_make(struct rvr *r)
{
    static struct gen g;
    memset(&g, 0, sizeof g);
    g.r = r;
    g.s = r->seed * 0x9e3779b97f4a7c15ull | 1;
    for (int i = 0; i < 8; i++)
        rnd(&g);
    memset(r->image, 0, sizeof r->image);
    fill(&g, RVR_TABLE, 64);
    fill(&g, RVR_BUFFER, RVR_BUFFER_SIZE / 8);
    r->image[RVR_TABLE - RVR_BASE + 512] = (uint8_t)(pick(&g, 5) << 5);
    prologue(&g);
    uint32_t body = g.at;
    while (g.n < r->units && g.n < MAX_UNITS && g.at < RVR_TABLE - RVR_BASE - 1024) {
        uint32_t row = 1 + pick(&g, RV_OP_COUNT - 1);
        g.start[g.n] = g.at;
        if (pick(&g, 60) == 0)
            put_jalr(&g);
        else if (r->privileged && pick(&g, 40) == 0)
            put_sret(&g);
        else if (r->privileged && pick(&g, 20) == 0)
            put_mapping(&g);
        else if (excluded(&g, row) || !put_row(&g, row))
            continue;
        g.n++;
    }
    g.start[g.n] = g.at;
    epilogue(&g, body);
    patch(&g);
    r->units = g.n;
}

int rvr_write_elf(const struct rvr *r, const char *path)
{
    Elf64_Ehdr eh = {.e_type = ET_EXEC, .e_machine = EM_RISCV, .e_version = 1, .e_phnum = 1,
                     .e_entry = RVR_BASE, .e_phoff = sizeof eh, .e_ehsize = sizeof eh,
                     .e_phentsize = sizeof(Elf64_Phdr), .e_flags = 5};
    Elf64_Phdr ph = {.p_type = PT_LOAD, .p_flags = PF_R | PF_W | PF_X, .p_offset = 4096,
                     .p_vaddr = RVR_BASE, .p_paddr = RVR_BASE, .p_filesz = RVR_SIZE,
                     .p_memsz = RVR_SIZE, .p_align = 4096};
    static const char zero[4096];
    memcpy(eh.e_ident, "\177ELF\2\1\1", 7);
    FILE *f = fopen(path, "wb");
    if (!f)
        return -1;
    fwrite(&eh, sizeof eh, 1, f);
    fwrite(&ph, sizeof ph, 1, f);
    fwrite(zero, 4096 - sizeof eh - sizeof ph, 1, f);
    fwrite(r->image, RVR_SIZE, 1, f);
    return fclose(f) || chmod(path, 0755) ? -1 : 0;
}
