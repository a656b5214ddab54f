/* SPDX-License-Identifier: MIT */
/* vdso.c - the shared object that the kernel maps into each program: time and where a signal's
 * handler returns to, with what an unwinder needs to go on behind it.
 * vdso(7); System V ABI, 4 and 5 (ELF); DWARF 5, 6.4 (call frame information), 7.24; LSB 5.0 core,
 * 10.6 (.eh_frame); Linux arch/{arm64,riscv}/kernel/vdso: names and versions.
 *
 * It is made here, for the architecture at hand, as this emulator is built without assemblers for
 * others. Each function is its system call: what the kernel's do without one is done without one in
 * clock.c. The handler's return has rules for all registers, relative to the frame at the stack
 * pointer; they begin one instruction early, as unwinders look up the address before a return
 * address. Section headers are there because debuggers look for them.
 *
 * Not modelled: data pages (no time without a system call), vgetrandom().
 */
#include "linux.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define MAX_BYTES 4096u
#define TEXT 0x100u /* behind the headers */
#define SYMBOLS 6u

enum { S_TEXT = 1, S_DYNSYM, S_DYNSTR, S_HASH, S_VERSYM, S_VERDEF, S_DYNAMIC, S_HDR, S_FRAME,
       S_NAMES, S_COUNT };

static const struct {
    const char *name;
    uint16_t nr, of; /* of: e_machine that has it; 0: all */
} functions[SYMBOLS] = {{"rt_sigreturn", 139, 0}, {"gettimeofday", 169, 0},
                        {"clock_gettime", 113, 0}, {"clock_getres", 114, 0},
                        {"getcpu", 168, EM_RISCV}, {"flush_icache", 259, EM_RISCV}};

struct image {
    uint8_t b[MAX_BYTES];
    uint32_t n;
    Elf64_Shdr sh[S_COUNT];
    uint32_t at[SYMBOLS], n_symbols; /* where each function is; 0: it is not there */
    uint32_t soname, version;        /* in .dynstr */
};

/* ---- Bytes -------------------------------------------------------------------------------- */

static void put(struct image *m, const void *from, uint32_t bytes)
{
    if (m->n + bytes <= MAX_BYTES)
        memcpy(m->b + m->n, from, bytes);
    m->n += bytes;
}

static void put8(struct image *m, uint32_t v)
{
    put(m, &(uint8_t){(uint8_t)v}, 1);
}

static void put16(struct image *m, uint32_t v)
{
    put(m, &(uint16_t){(uint16_t)v}, 2);
}

static void put32(struct image *m, uint32_t v)
{
    put(m, &v, 4);
}

/* Padding is zeros: DW_CFA_nop as well. */
static void align(struct image *m, uint32_t to)
{
    while (m->n % to)
        put8(m, 0);
}

static Elf64_Shdr *begin(struct image *m, uint32_t s, uint32_t type, uint32_t unit)
{
    align(m, 8);
    m->sh[s] = (Elf64_Shdr){.sh_type = type, .sh_flags = SHF_ALLOC, .sh_addr = m->n,
                            .sh_offset = m->n, .sh_addralign = 8, .sh_entsize = unit};
    return &m->sh[s];
}

static void end(struct image *m, uint32_t s)
{
    m->sh[s].sh_size = m->n - m->sh[s].sh_offset;
}

/* ---- Code and names ------------------------------------------------------------------------ */

static void text(struct image *m, const struct lx_vdso *v)
{
    m->n = TEXT;
    begin(m, S_TEXT, SHT_PROGBITS, 0)->sh_flags |= SHF_EXECINSTR;
    put32(m, v->nop);
    for (uint32_t i = 0; i < SYMBOLS; i++) {
        if (functions[i].of && functions[i].of != L.arch->elf)
            continue;
        m->at[i] = m->n;
        m->n_symbols++;
        put32(m, v->set_nr | (uint32_t)functions[i].nr << v->nr_shift);
        put32(m, v->call);
        put32(m, v->ret);
    }
    end(m, S_TEXT);
}

static uint32_t put_name(struct image *m, const char *a, const char *b)
{
    uint32_t at = m->n - (uint32_t)m->sh[S_DYNSTR].sh_offset;

    put(m, a, (uint32_t)strlen(a));
    put(m, b, (uint32_t)strlen(b) + 1);
    return at;
}

static void symbols(struct image *m, const struct lx_vdso *v)
{
    uint32_t name[SYMBOLS] = {0};

    begin(m, S_DYNSTR, SHT_STRTAB, 0);
    put8(m, 0);
    m->soname = put_name(m, "linux-vdso.so.1", "");
    m->version = put_name(m, v->version, "");
    for (uint32_t i = 0; i < SYMBOLS; i++)
        if (m->at[i])
            name[i] = put_name(m, v->prefix, functions[i].name);
    end(m, S_DYNSTR);
    begin(m, S_DYNSYM, SHT_DYNSYM, sizeof(Elf64_Sym));
    m->sh[S_DYNSYM].sh_link = S_DYNSTR;
    m->sh[S_DYNSYM].sh_info = 1;
    put(m, &(Elf64_Sym){0}, sizeof(Elf64_Sym));
    for (uint32_t i = 0; i < SYMBOLS; i++) {
        Elf64_Sym s = {.st_name = name[i], .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
                       .st_shndx = S_TEXT, .st_value = m->at[i], .st_size = 12};

        if (m->at[i])
            put(m, &s, sizeof s);
    }
    end(m, S_DYNSYM);
    begin(m, S_HASH, SHT_HASH, 4); /* one chain of all */
    m->sh[S_HASH].sh_link = S_DYNSYM;
    put32(m, 1);
    put32(m, m->n_symbols + 1);
    put32(m, 1);
    for (uint32_t i = 0; i <= m->n_symbols; i++)
        put32(m, i && i < m->n_symbols ? i + 1 : 0);
    end(m, S_HASH);
}

/* ---- Versions ------------------------------------------------------------------------------ */

static uint32_t hash_of(const char *s)
{
    uint32_t h = 0;

    for (; *s; s++) {
        h = (h << 4) + (uint8_t)*s;
        h = (h ^ (h >> 28) << 4) & 0x0fffffff;
    }
    return h;
}

static void put_version(struct image *m, uint32_t flags, uint32_t index, uint32_t name, int last)
{
    const char *text = (const char *)m->b + m->sh[S_DYNSTR].sh_offset + name;
    Elf64_Verdef d = {.vd_version = 1, .vd_flags = (uint16_t)flags, .vd_ndx = (uint16_t)index,
                      .vd_cnt = 1, .vd_hash = hash_of(text), .vd_aux = sizeof d};
    Elf64_Verdaux a = {.vda_name = name};

    d.vd_next = last ? 0 : sizeof d + sizeof a;
    put(m, &d, sizeof d);
    put(m, &a, sizeof a);
}

static void versions(struct image *m)
{
    begin(m, S_VERSYM, SHT_GNU_versym, 2);
    m->sh[S_VERSYM].sh_link = S_DYNSYM;
    for (uint32_t i = 0; i <= m->n_symbols; i++)
        put16(m, i ? 2 : 0);
    end(m, S_VERSYM);
    begin(m, S_VERDEF, SHT_GNU_verdef, 0);
    m->sh[S_VERDEF].sh_link = S_DYNSTR;
    m->sh[S_VERDEF].sh_info = 2;
    put_version(m, VER_FLG_BASE, 1, m->soname, 0);
    put_version(m, 0, 2, m->version, 1);
    end(m, S_VERDEF);
}

static void dynamic(struct image *m)
{
    const uint64_t v[][2] = {
        {DT_SONAME, m->soname}, {DT_HASH, m->sh[S_HASH].sh_addr},
        {DT_STRTAB, m->sh[S_DYNSTR].sh_addr}, {DT_SYMTAB, m->sh[S_DYNSYM].sh_addr},
        {DT_STRSZ, m->sh[S_DYNSTR].sh_size}, {DT_SYMENT, sizeof(Elf64_Sym)},
        {DT_VERSYM, m->sh[S_VERSYM].sh_addr}, {DT_VERDEF, m->sh[S_VERDEF].sh_addr},
        {DT_VERDEFNUM, 2}, {DT_NULL, 0}};

    begin(m, S_DYNAMIC, SHT_DYNAMIC, 16);
    m->sh[S_DYNAMIC].sh_link = S_DYNSTR;
    put(m, v, sizeof v);
    end(m, S_DYNAMIC);
}

/* ---- Unwinding ------------------------------------------------------------------------------ */

enum { CFA_def_cfa = 0x0c, CFA_def_cfa_expression = 0x0f, CFA_expression = 0x10, OP_deref = 0x06,
       OP_breg0 = 0x70, PE_pcrel_sdata4 = 0x1b, PE_udata4 = 0x03, PE_datarel_sdata4 = 0x3b };

/* An entry begins with the length of what follows; returns where that is, for entry_end(). */
static uint32_t entry(struct image *m)
{
    put32(m, 0);
    return m->n;
}

static void entry_end(struct image *m, uint32_t from)
{
    uint32_t bytes;

    align(m, 4);
    bytes = m->n - from;
    if (m->n <= MAX_BYTES) /* else the whole is refused */
        memcpy(m->b + from - 4, &bytes, 4);
}

/* DW_OP_breg of the stack pointer: 3 bytes, as the offset, signed, is below 8192. */
static void put_breg(struct image *m, uint32_t off)
{
    put8(m, OP_breg0 + L.arch->r_sp);
    put8(m, (off & 127) | 128);
    put8(m, off >> 7);
}

static uint32_t put_cie(struct image *m, const struct lx_vdso *v, int signal)
{
    uint32_t at = m->n, from = entry(m);

    put32(m, 0);
    put8(m, 1);
    put(m, signal ? "zRS" : "zR", signal ? 4 : 3);
    put8(m, 4);    /* code alignment */
    put8(m, 0x78); /* data alignment: -8 */
    put8(m, signal ? v->pc_column : L.arch->r_link);
    put8(m, 1);
    put8(m, PE_pcrel_sdata4);
    if (!signal) {
        put8(m, CFA_def_cfa);
        put8(m, L.arch->r_sp);
        put8(m, 0);
    }
    entry_end(m, from);
    return at;
}

static uint32_t put_fde(struct image *m, uint32_t cie, uint32_t low, uint32_t high,
                        const struct lx_vdso *signal)
{
    uint32_t at = m->n, from = entry(m);

    put32(m, m->n - cie);
    put32(m, low - m->n);
    put32(m, high - low);
    put8(m, 0);
    if (signal) {
        put8(m, CFA_def_cfa_expression);
        put8(m, 4);
        put_breg(m, signal->sp_at);
        put8(m, OP_deref);
        for (const struct lx_vdso_rule *r = signal->rule; r->n; r++)
            for (uint32_t i = 0; i < r->n; i++) {
                put8(m, CFA_expression);
                put8(m, r->column + i);
                put8(m, 3);
                put_breg(m, r->at + i * r->step);
            }
    }
    entry_end(m, from);
    return at;
}

static void unwinding(struct image *m, const struct lx_vdso *v)
{
    uint32_t cie, first = m->at[0] - 4, behind = m->at[0] + 12, fde[2], hdr;
    uint32_t text_end = (uint32_t)(m->sh[S_TEXT].sh_offset + m->sh[S_TEXT].sh_size);

    begin(m, S_FRAME, SHT_PROGBITS, 0);
    cie = put_cie(m, v, 1);
    fde[0] = put_fde(m, cie, first, behind, v);
    cie = put_cie(m, v, 0);
    fde[1] = put_fde(m, cie, behind, text_end, NULL);
    put32(m, 0);
    end(m, S_FRAME);
    begin(m, S_HDR, SHT_PROGBITS, 0);
    hdr = m->n;
    put8(m, 1);
    put8(m, PE_pcrel_sdata4);
    put8(m, PE_udata4);
    put8(m, PE_datarel_sdata4);
    put32(m, (uint32_t)m->sh[S_FRAME].sh_addr - m->n);
    put32(m, 2);
    put32(m, first - hdr);
    put32(m, fde[0] - hdr);
    put32(m, behind - hdr);
    put32(m, fde[1] - hdr);
    end(m, S_HDR);
}

/* ---- The file ------------------------------------------------------------------------------- */

static void section_names(struct image *m)
{
    static const char *const name[S_COUNT] = {
        [S_TEXT] = ".text", [S_DYNSYM] = ".dynsym", [S_DYNSTR] = ".dynstr", [S_HASH] = ".hash",
        [S_VERSYM] = ".gnu.version", [S_VERDEF] = ".gnu.version_d", [S_DYNAMIC] = ".dynamic",
        [S_HDR] = ".eh_frame_hdr", [S_FRAME] = ".eh_frame", [S_NAMES] = ".shstrtab"};

    begin(m, S_NAMES, SHT_STRTAB, 0)->sh_flags = 0;
    put8(m, 0);
    for (uint32_t s = 1; s < S_COUNT; s++) {
        m->sh[s].sh_name = m->n - (uint32_t)m->sh[S_NAMES].sh_offset;
        put(m, name[s], (uint32_t)strlen(name[s]) + 1);
    }
    end(m, S_NAMES);
}

static Elf64_Phdr segment(const struct image *m, uint32_t type, uint32_t s)
{
    const Elf64_Shdr *h = &m->sh[s];

    return (Elf64_Phdr){.p_type = type, .p_flags = PF_R, .p_offset = h->sh_offset,
                        .p_vaddr = h->sh_addr, .p_paddr = h->sh_addr, .p_filesz = h->sh_size,
                        .p_memsz = h->sh_size, .p_align = 8};
}

static void headers(struct image *m)
{
    Elf64_Ehdr e = {.e_type = ET_DYN, .e_machine = L.arch->elf, .e_version = 1,
                    .e_phoff = sizeof e, .e_ehsize = sizeof e, .e_phentsize = sizeof(Elf64_Phdr),
                    .e_phnum = 3, .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = S_COUNT,
                    .e_shstrndx = S_NAMES};
    Elf64_Phdr p[3] = {[1] = segment(m, PT_DYNAMIC, S_DYNAMIC),
                       [2] = segment(m, PT_GNU_EH_FRAME, S_HDR)};

    memcpy(e.e_ident, ELFMAG "\2\1\1", 7);
    align(m, 8);
    e.e_shoff = m->n;
    put(m, m->sh, sizeof m->sh);
    p[0] = (Elf64_Phdr){.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_filesz = m->n,
                        .p_memsz = m->n, .p_align = 4096};
    _Static_assert(sizeof e + sizeof p <= TEXT, "code is behind the headers");
    memcpy(m->b, &e, sizeof e);
    memcpy(m->b + sizeof e, p, sizeof p);
}

int lx_vdso_map(void)
{
    struct image m;
    int64_t r = lx_mmap(0, MAX_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (r < 0)
        return (int)r;
    memset(&m, 0, sizeof m);
    text(&m, L.arch->vdso);
    symbols(&m, L.arch->vdso);
    versions(&m);
    dynamic(&m);
    unwinding(&m, L.arch->vdso);
    section_names(&m);
    headers(&m);
    if (m.n > MAX_BYTES || lx_put((uint64_t)r, m.b, MAX_BYTES) < 0)
        return -ENOSPC;
    L.vdso = (uint64_t)r;
    L.trampoline = L.vdso + m.at[0];
    return (int)lx_mprotect(L.vdso, MAX_BYTES, PROT_READ | PROT_EXEC);
}
