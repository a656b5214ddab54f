/* SPDX-License-Identifier: MIT */
/* a64-random.c - random A64 programs from the rows of a64.decode.
 *
 * A program loads all registers from a table, runs a body of random instructions `loops`
 * times, stores all registers and writes them and its buffer out. It never traps: x28 and SP
 * point into the buffer, x29 counts, none of them is a destination; accesses use x28, SP or x27,
 * which is set first where it is written back or must be aligned; indices are masked in x26;
 * jumps go a few units forward.
 */
#include "a64-random.h"

#include "decode.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_UNITS 8192u
#define MAX_FIXES 4096u
enum { INDEX = 26, SCRATCH = 27, BASE = 28, COUNT = 29, SP = 31 };

struct gen {
    struct a64r *r;
    uint64_t s;
    uint32_t at; /* offset in the image */
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

static void put(struct gen *g, uint32_t w)
{
    memcpy(&g->r->image[g->at], &w, 4);
    g->at += 4;
}

/* ---- Encoders for what the frame needs ------------------------------------------------------ */

static uint32_t field(uint32_t w, uint32_t hi, uint32_t lo, uint32_t v)
{
    uint32_t mask = ((2u << (hi - lo)) - 1) << lo;
    return (w & ~mask) | (v << lo & mask);
}

static void mov(struct gen *g, uint32_t rd, uint64_t v)
{
    put(g, 0xd2800000 | (uint32_t)(v & 0xffff) << 5 | rd);
    for (uint32_t i = 1; i < 4; i++)
        if (v >> 16 * i & 0xffff)
            put(g, 0xf2800000 | i << 21 | (uint32_t)(v >> 16 * i & 0xffff) << 5 | rd);
}

static void add_imm(struct gen *g, uint32_t rd, uint32_t rn, uint32_t imm)
{
    put(g, 0x91000000 | imm << 10 | rn << 5 | rd);
}

static uint32_t b(int32_t off)
{
    return 0x14000000 | ((uint32_t)off >> 2 & 0x3ffffff);
}

/* ---- The body ------------------------------------------------------------------------------- */

static int begins(uint32_t row, const char *s)
{
    return !strncmp(a64_rows[row].name, s, strlen(s));
}

static int is_jump(uint32_t op)
{
    return op >= A64_b && op <= A64_tbnz;
}

static int is_memory(uint32_t op)
{
    return op >= A64_stxrb && op < A64_OP_COUNT;
}

/* exclusive accesses come in pairs: put_exclusive() */
static int is_exclusive(uint32_t row)
{
    return (begins(row, "st") || begins(row, "ld")) && strstr(a64_rows[row].name, "x");
}

/* Rows that the body does not draw. */
static int excluded(const struct gen *g, uint32_t row)
{
    const struct a64_row *r = &a64_rows[row];
    if (row >= A64_FIRST_a64_simd || r->ext == A64_X_PAUTH || r->ext == A64_X_LOR)
        return 1;
    if (g->r->without && !strcmp(g->r->without, r->name))
        return 1;
    if (g->r->only && !begins(row, g->r->only))
        return 1;
    if (g->r->privileged && row >= A64_svc && row <= A64_dcps3)
        return 0;
    if (row >= A64_br && row <= A64_dcps3)
        return 1;
    if (g->r->privileged && (row == A64_msr_imm || row == A64_sys || row == A64_sb))
        return 0;
    switch (row) {
    case A64_hint: case A64_wfe: case A64_wfi: case A64_esb:
    case A64_sys: case A64_sysl: case A64_sb:
    case A64_msr_imm: return 1;
    default: break;
    }
    return is_exclusive(row);
}

static int reserved(uint32_t x)
{
    return x == BASE || x == COUNT;
}

static void fixup(struct gen *g, uint32_t row)
{
    if (g->n_fixes == MAX_FIXES)
        return;
    g->fix[g->n_fixes].at = g->at;
    g->fix[g->n_fixes].unit = g->n + 1 + pick(g, 4);
    g->fix[g->n_fixes++].row = row;
}

/* A register that may be written and is none of the others. */
static uint32_t other(struct gen *g, uint32_t a, uint32_t c, uint32_t d)
{
    uint32_t r;
    do
        r = pick(g, 31);
    while (r == a || r == c || r == d || reserved(r) || r == SCRATCH);
    return r;
}

static void put_exclusive(struct gen *g)
{
    uint32_t size = pick(g, 4), order = pick(g, 2) << 15, t = other(g, 32, 32, 32);
    uint32_t t2 = other(g, t, 32, 32), s = other(g, t, t2, 32), pair = size > 1 && !pick(g, 3);
    uint32_t w = size << 30 | 0x08007c00 | pair << 21 | order | SCRATCH << 5;
    if (pair)
        w = field(w, 14, 10, t2);
    add_imm(g, SCRATCH, BASE, pick(g, 200) * 16);
    put(g, (w & ~(31u << 16)) | 1u << 22 | 31u << 16 | t);
    if (!pick(g, 6))
        put(g, 0xd503305f | pick(g, 16) << 8); /* clrex */
    put(g, field(field(w, 20, 16, s), 4, 0, pick(g, 2) ? t : other(g, s, 32, 32)));
}

/* NZCV, TPIDR_EL0, FPCR and FPSR read and written. */
static void put_register(struct gen *g, uint32_t w)
{
    static const uint16_t some[] = {0xda10, 0xda10, 0xda10, 0xde82};
    static const uint16_t system[] = {
        0xde82, 0xde83, 0xc684, 0xc208, 0xc201, 0xc200, 0xc290, 0xc300, 0xda10, 0xda11, 0xc210,
        0xc212, 0xc213, 0xc214, 0xc082, 0xc510, 0xc3a0, 0xc000, 0xc005, 0xc020, 0xc038, 0xd801,
        0xc708, 0xdf01, 0xdf18, 0xdf19, 0xdf1a, 0xdce0, 0xdce1, 0xdce8, 0xdcf0, 0xe088, 0xe201,
        0xc681, 0xd807, 0xd000, 0x8012, 0x8224, 0xc609};
    uint32_t no = system[pick(g, sizeof system / sizeof *system)];
    if (no == 0xc208 && !(w >> 21 & 1)) /* a SP_EL0 of the program's making leads anywhere */
        no = 0xc684;
    if (g->r->privileged)
        put(g, field(w, 20, 5, no));
    else
        put(g, field(w, 20, 5, some[pick(g, 4)]));
}

/* ---- Privileged ----------------------------------------------------------------------------- */

static uint32_t eor_bit(uint32_t rd, uint32_t bit)
{
    return 0xd2400000 | ((64 - bit) & 63) << 16 | rd << 5 | rd;
}

/* Fields of PSTATE; any combination of bits to those registers would end the program. */
static void put_pstate(struct gen *g)
{
    static const uint16_t what[] = {0x04, 0x04, 0x03, 0x05, 0x1e, 0x1f, 0x1a, 0x1c};
    uint32_t w = what[pick(g, 8)];
    if (w == 5) { /* SPSel, and back: SP points somewhere else */
        put(g, 0xd50040bf);
        put(g, 0xd50041bf);
        return;
    }
    put(g, 0xd500401f | (w >> 3) << 16 | (w & 7) << 5 | pick(g, 16) << 8);
}

/* TLBI, AT, DC and IC, some with an address. */
static void put_sys(struct gen *g)
{
    static const uint16_t op[] = {0x4038 + 0x400, 0x4439, 0x443a, 0x443b, 0x443d, 0x443f, 0x4418,
                                  0x4419, 0x43c0, 0x43c1, 0x43c2, 0x43c3, 0x43c8, 0x43a8, 0x43b1,
                                  0x5ba1, 0x5bd1, 0x5bf1, 0x5bd9, 0x5ba9, 0x43b2, 0x43a8, 0x6439};
    add_imm(g, SCRATCH, BASE, pick(g, 0xf00));
    put(g, 0xd5000000 | (uint32_t)op[pick(g, sizeof op / sizeof *op)] << 5 | SCRATCH);
}

/* A bit of a register that the walk of the vectors needs is changed. Where EL2 traps the read only
 * (HCR_EL2.TRVM without TVM), what is written is `usual` with that bit: never what happened to be
 * in the scratch register, with which no exception would find its vector again. */
static void put_flip(struct gen *g, uint32_t msr, uint64_t usual, uint32_t bit)
{
    mov(g, SCRATCH, usual);
    put(g, msr | 1u << 21 | SCRATCH);
    put(g, eor_bit(SCRATCH, bit));
    put(g, msr | SCRATCH);
}

/* Another ASID, a changed bit of SCTLR_EL1, or a changed entry of a page of the buffer and an
 * invalidation of some form. */
static void put_mapping(struct gen *g)
{
    static const uint8_t pte[] = {0, 6, 7, 10, 11, 51, 53, 54};
    static const uint8_t sctlr[] = {0, 1, 14, 15, 16, 18, 23, 26, 9};
    static const uint32_t tlbi[] = {0xd508871f, 0xd5088720 | SCRATCH, 0xd5088760 | SCRATCH,
                                    0xd50887a0 | SCRATCH, 0xd508831f, 0xd5088360 | SCRATCH};
    uint32_t page = A64R_EDGE / 4096 - pick(g, 2), kind = pick(g, 6);
    if (kind == 0) {
        put_flip(g, 0xd5182000, A64R_TTBR0, 48 + pick(g, 2));
    } else if (kind == 1) {
        put_flip(g, 0xd5181000, A64R_SCTLR, sctlr[pick(g, sizeof sctlr)]);
    } else {
        mov(g, INDEX, A64R_PT + (page - 0x400) * 8);
        put(g, 0xf9400000 | INDEX << 5 | SCRATCH);
        put(g, eor_bit(SCRATCH, pte[pick(g, sizeof pte)]));
        put(g, 0xf9000000 | INDEX << 5 | SCRATCH);
        mov(g, SCRATCH, page);
        put(g, 0xd5033f9f);
        put(g, tlbi[pick(g, 6)]);
        put(g, 0xd5033f9f);
    }
    put(g, 0xd5033fdf);
}

/* Return to the next unit at some level: EL0, EL1 with either SP, or where it must not go. */
static void put_eret(struct gen *g)
{
    static const uint8_t mode[] = {0, 0, 5, 5, 4, 9, 1, 0x10};
    if (pick(g, 2)) {
        put(g, 0xd4000001); /* svc: EL0 comes back */
        return;
    }
    mov(g, SCRATCH, (uint64_t)pick(g, 16) << 28 | pick(g, 16) << 6 | mode[pick(g, 8)]);
    put(g, 0xd5184000 | SCRATCH); /* spsr_el1 */
    put(g, 0x10000000 | 3 << 5 | SCRATCH);
    put(g, 0xd5184020 | SCRATCH); /* elr_el1 */
    put(g, 0xd69f03e0);
}

/* msr of a register with op0 = 2, op1 = 0. */
static void put_msr2(struct gen *g, uint32_t crn, uint32_t crm, uint32_t op2, uint64_t v)
{
    mov(g, SCRATCH, v);
    put(g, 0xd5100000 | crn << 12 | crm << 8 | op2 << 5 | SCRATCH);
}

/* A breakpoint at a unit ahead or for a context, a watchpoint in the buffer, what turns them on and
 * single step, the OS lock. */
static void put_debug(struct gen *g)
{
    static const uint16_t mdscr[] = {0x8000, 0xa000, 0xa000, 0xa000, 0xa001, 0x2001, 1, 0};
    uint32_t kind = pick(g, 8), n = pick(g, kind < 3 ? 6 : 4);
    uint32_t who = 1 | pick(g, 4) << 1 | pick(g, 2) << 13 | pick(g, 4) << 14 | pick(g, 6) << 16;
    if (kind == 0) { /* the context that is, or another */
        n = 4 + pick(g, 2);
        put_msr2(g, 0, n, 4, pick(g, 2));
        put_msr2(g, 0, n, 5, who | (2 + pick(g, 2)) << 20);
        mov(g, SCRATCH, pick(g, 2));
        put(g, 0xd518d020 | SCRATCH); /* contextidr_el1 */
    } else if (kind < 3) {
        fixup(g, A64_adr);
        put(g, 0x10000000 | SCRATCH);
        put(g, 0xd5100080 | n << 8 | SCRATCH);
        put_msr2(g, 0, n, 5, who | 0x1e0 | pick(g, 2) << 20);
    } else if (kind < 5) {
        put_msr2(g, 0, n, 6, A64R_EDGE - 0x400 + pick(g, 0x1000));
        put_msr2(g, 0, n, 7, who | pick(g, 4) << 3 | (1 + pick(g, 255)) << 5 | pick(g, 2) << 20 |
                                 (pick(g, 4) ? 0 : 3 + pick(g, 10)) << 24);
    } else if (kind < 7) {
        put_msr2(g, 0, 2, 2, mdscr[pick(g, 8)]);
    } else {
        put_msr2(g, 1, 0, 4, !pick(g, 4));
    }
    put(g, 0xd5033fdf);
}

/* adr and br, blr or ret to a unit ahead. */
static void put_br(struct gen *g)
{
    static const uint32_t op[] = {0xd61f0000, 0xd63f0000, 0xd65f0000};
    fixup(g, A64_adr);
    put(g, 0x10000000 | SCRATCH);
    put(g, op[pick(g, 3)] | SCRATCH << 5);
}

/* A load or store with an address in the buffer. 0: draw again. */
static int put_access(struct gen *g, uint32_t row, uint32_t w)
{
    const char *f = a64_rows[row].operands;
    struct a64_insn i;
    uint32_t base = pick(g, 3) ? BASE : SP;
    a64_decode(w, ~0ull, &i);
    if (reserved(i.rd) || i.rd == SCRATCH || i.ra == SCRATCH || i.rm == SCRATCH)
        return 0;
    if (strstr(f, "target")) { /* literal: the program itself */
        put(g, field(w, 23, 5, pick(g, 64) & ~1u));
        return 1;
    }
    if (strstr(f, "ra") && (reserved(i.ra) || i.ra == i.rd))
        return 0;
    if (strstr(f, "rm") && (reserved(i.rm) || reserved(i.rm + 1) || i.rm == i.rd))
        return 0;
    if (i.amount == A64_AT_REG && strstr(f, "mem")) {
        put(g, 0x12001c00 | INDEX << 5 | INDEX); /* and w26, w26, #0xff */
        w = field(w, 20, 16, INDEX);
    } else if (strstr(f, "mem") && i.imm > 0xf00) {
        w = field(w, 21, 10, pick(g, 0xf00 >> i.size));
    }
    if (!strstr(f, "mem") || i.amount == A64_AT_PRE || i.amount == A64_AT_POST ||
        a64_rows[row].ext == A64_X_LRCPC2) { /* aligned, or written back */
        base = SCRATCH;
        add_imm(g, SCRATCH, BASE, pick(g, 0x90) * 16);
    }
    if (a64_rows[row].ext == A64_X_LRCPC2)
        w = field(w, 20, 12, pick(g, 32) * 8);
    if (strstr(f, "rd1") && ((i.rd | i.rm) & 1 || i.rd > 24 || i.rm > 24))
        return 0;
    put(g, field(w, 9, 5, base));
    return 1;
}

/* One random instruction of `row` with operands that are safe; 0: draw again. */
static int put_row(struct gen *g, uint32_t row)
{
    const struct a64_row *r = &a64_rows[row];
    uint32_t w = r->match | ((uint32_t)(rnd(g) >> 32) & ~r->mask);
    struct a64_insn i;
    a64_decode(w, ~0ull, &i);
    if (i.op != row)
        return 0;
    if (row == A64_msr_imm) {
        put_pstate(g);
        return 1;
    }
    if (row == A64_sys) {
        put_sys(g);
        return 1;
    }
    if (is_memory(row))
        return put_access(g, row, w);
    if (reserved(i.rd) && !is_jump(row))
        return 0;
    if (!strncmp(r->operands, "rdsp", 4) && i.rd == SP)
        return 0;
    if (row == A64_mrs || row == A64_msr) {
        put_register(g, w);
        return 1;
    }
    if (is_jump(row))
        fixup(g, row);
    put(g, w);
    return 1;
}

static void patch(struct gen *g)
{
    for (uint32_t k = 0; k < g->n_fixes; k++) {
        uint32_t at = g->fix[k].at, unit = g->fix[k].unit > g->n ? g->n : g->fix[k].unit, w;
        int32_t off = (int32_t)(g->start[unit] - at);
        memcpy(&w, &g->r->image[at], 4);
        switch (g->fix[k].row) {
        case A64_b:
        case A64_bl: w = field(w, 25, 0, (uint32_t)off >> 2); break;
        case A64_tbz:
        case A64_tbnz: w = field(w, 18, 5, (uint32_t)off >> 2); break;
        default: w = field(w, 23, 5, (uint32_t)off >> 2); break; /* adr: a multiple of 4 */
        }
        memcpy(&g->r->image[at], &w, 4);
    }
}

/* ---- The frame ------------------------------------------------------------------------------ */

static void prologue(struct gen *g)
{
    mov(g, 30, A64R_TABLE);
    put(g, 0xf9400000 | 31 << 10 | 30 << 5);
    put(g, 0xd51b4200); /* msr nzcv, x0 */
    for (uint32_t x = 0; x < 30; x++)
        put(g, 0xf9400000 | x << 10 | 30 << 5 | x);
    mov(g, BASE, g->r->privileged ? A64R_EDGE : A64R_BUFFER + A64R_BUFFER_SIZE / 2);
    add_imm(g, SP, BASE, 0);
    mov(g, COUNT, g->r->loops);
}

static void epilogue(struct gen *g, uint32_t body)
{
    put(g, 0xd1000400 | COUNT << 5 | COUNT);         /* sub */
    put(g, 0xb4000040 | COUNT);                      /* cbz .+8 */
    put(g, b((int32_t)(body - g->at)));
    g->r->end_pc = A64R_BASE + g->at;
    if (g->r->privileged) {
        put(g, 0xd4000001);
        return;
    }
    mov(g, COUNT, A64R_DUMP);
    for (uint32_t x = 0; x < 31; x++)
        put(g, 0xf9000000 | x << 10 | COUNT << 5 | x);
    add_imm(g, 0, SP, 0);
    put(g, 0xf9000000 | 31 << 10 | COUNT << 5);
    put(g, 0xd53b4200);                              /* mrs x0, nzcv */
    put(g, 0xf9000000 | 32 << 10 | COUNT << 5);
    mov(g, 0, 1);
    add_imm(g, 1, COUNT, 0);
    mov(g, 2, A64R_DUMP_SIZE);
    mov(g, 8, 64);                                   /* write */
    put(g, 0xd4000001);
    mov(g, 0, 0);
    mov(g, 8, 93);                                   /* exit */
    put(g, 0xd4000001);
}

static uint64_t value(struct gen *g)
{
    static const uint64_t special[] = {0, 1, ~0ull, 1ull << 63, ~(1ull << 63), 0x80000000,
                                       0x7fffffff, 0xffffffff80000000ull, 0xffffffff, 0x100000000};
    uint64_t v = rnd(g);
    switch (pick(g, 4)) {
    case 0: return special[pick(g, sizeof special / sizeof *special)];
    case 1: return v >> pick(g, 64);
    case 2: return (uint64_t)((int64_t)v >> pick(g, 64));
    default: return v;
    }
}

static void fill(struct gen *g, uint32_t address, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        uint64_t v = value(g);
        memcpy(&g->r->image[address - A64R_BASE + 8 * i], &v, 8);
    }
}

void a64r_make(struct a64r *r)
{
    static struct gen g;
    uint32_t body, tries = 0;
    memset(&g, 0, sizeof g);
    g.r = r;
    g.s = r->seed * 0x9e3779b97f4a7c15ull | 1;
    for (int i = 0; i < 8; i++)
        rnd(&g);
    memset(r->image, 0, sizeof r->image);
    fill(&g, A64R_TABLE, 32);
    fill(&g, A64R_BUFFER, A64R_BUFFER_SIZE / 8);
    prologue(&g);
    body = g.at;
    while (g.n < r->units && g.n < MAX_UNITS && g.at < A64R_TABLE - A64R_BASE - 1024 &&
           tries++ < 100000000) {
        uint32_t row = 1 + pick(&g, A64_FIRST_a64_simd - 1);
        g.start[g.n] = g.at;
        if (!r->only && pick(&g, 60) == 0)
            put_br(&g);
        else if (!r->only && pick(&g, 40) == 0)
            put_exclusive(&g);
        else if (r->privileged && pick(&g, 40) == 0)
            put_eret(&g);
        else if (r->privileged && pick(&g, 20) == 0)
            put_mapping(&g);
        else if (r->privileged && pick(&g, 40) == 0)
            put_debug(&g);
        else if (excluded(&g, row) || !put_row(&g, row)) {
            g.at = g.start[g.n];
            continue;
        }
        g.n++;
    }
    g.start[g.n] = g.at;
    epilogue(&g, body);
    patch(&g);
    r->units = g.n;
}

int a64r_write_elf(const struct a64r *r, const char *path)
{
    Elf64_Ehdr eh = {.e_type = ET_EXEC, .e_machine = EM_AARCH64, .e_version = 1, .e_phnum = 1,
                     .e_entry = A64R_BASE, .e_phoff = sizeof eh, .e_ehsize = sizeof eh,
                     .e_phentsize = sizeof(Elf64_Phdr)};
    Elf64_Phdr ph = {.p_type = PT_LOAD, .p_flags = PF_R | PF_W | PF_X, .p_offset = 4096,
                     .p_vaddr = A64R_BASE, .p_paddr = A64R_BASE, .p_filesz = A64R_SIZE,
                     .p_memsz = A64R_SIZE, .p_align = 4096};
    static const char zero[4096];
    memcpy(eh.e_ident, "\177ELF\2\1\1", 7);
    FILE *f = fopen(path, "wb");
    if (!f)
        return -1;
    fwrite(&eh, sizeof eh, 1, f);
    fwrite(&ph, sizeof ph, 1, f);
    fwrite(zero, 4096 - sizeof eh - sizeof ph, 1, f);
    fwrite(r->image, A64R_SIZE, 1, f);
    return fclose(f) || chmod(path, 0755) ? -1 : 0;
}
