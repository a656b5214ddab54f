/* SPDX-License-Identifier: MIT */
/* elf.c - loads a program and its interpreter.
 * System V ABI, chapters 4 and 5 (ELF-64); the processor supplements for RISC-V and AArch64.
 *
 * The file is somebody else's: every offset, count and address in its headers is checked before
 * it is used. A program that may lie anywhere goes where Linux puts it, to two thirds of the
 * address space; its interpreter where the next mapping would go.
 * Not modelled: executable-stack requests, properties (BTI), a.out, flat binaries.
 */
#include "linux.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096u
#define DOWN(a) ((a) & ~(uint64_t)(PAGE - 1))
#define UP(a) DOWN((a) + PAGE - 1)
#define MAX_PHDRS 256u

struct image {
    int fd;
    uint64_t size;     /* of the file */
    Elf64_Ehdr h;
    Elf64_Phdr ph[MAX_PHDRS];
    uint64_t lo, hi;   /* of all segments, in the file's addresses */
    char *why;
    size_t n;
};

const char *lx_machine_name(unsigned m)
{
    static const struct { unsigned m; const char *name; } names[] = {
        {EM_RISCV, "RISC-V"}, {EM_AARCH64, "AArch64"}, {EM_X86_64, "x86-64"}, {EM_386, "i386"},
        {EM_ARM, "ARM"}, {EM_PPC64, "PowerPC 64"}, {EM_S390, "S/390"}, {EM_MIPS, "MIPS"},
        {EM_SPARCV9, "SPARC V9"}, {258, "LoongArch"}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].m == m)
            return names[i].name;
    return "unknown";
}

enum lx_kind lx_elf_kind(const uint8_t *head, size_t n)
{
    const Elf64_Ehdr *h = (const void *)head;

    if (n >= 2 && head[0] == '#' && head[1] == '!')
        return LX_SCRIPT;
    if (n < sizeof *h || memcmp(head, ELFMAG, SELFMAG))
        return LX_OTHER;
    if (head[EI_CLASS] == ELFCLASS64 && head[EI_DATA] == ELFDATA2LSB) {
        if (h->e_machine == L.arch->elf)
            return LX_OURS;
        if (h->e_machine == EM_X86_64)
            return LX_HOSTS;
    }
    return head[EI_CLASS] == ELFCLASS32 && h->e_machine == EM_386 ? LX_HOSTS : LX_OTHER;
}

static int wrong(const struct image *m, const char *what)
{
    snprintf(m->why, m->n, "%s", what);
    return -ENOEXEC;
}

static int read_at(const struct image *m, void *to, uint64_t off, uint64_t n)
{
    if (off > m->size || n > m->size - off)
        return -ENOEXEC;
    return pread(m->fd, to, n, (off_t)off) == (ssize_t)n ? 0 : -EIO;
}

/* ---- Headers ------------------------------------------------------------------------- */

static int check_header(struct image *m)
{
    const Elf64_Ehdr *h = &m->h;
    struct stat st;

    if (fstat(m->fd, &st) < 0 || !S_ISREG(st.st_mode))
        return wrong(m, "not a regular file");
    m->size = (uint64_t)st.st_size;
    if (m->size < SELFMAG || read_at(m, &m->h, 0, m->size < sizeof *h ? m->size : sizeof *h) < 0 ||
        memcmp(h->e_ident, ELFMAG, SELFMAG))
        return wrong(m, "not an ELF program");
    if (m->size < sizeof *h)
        return wrong(m, "truncated: it ends in the ELF header");
    if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB ||
        h->e_machine != L.arch->elf) {
        snprintf(m->why, m->n, "Invalid ELF image for this architecture: it is for %s (%s-bit, "
                 "%s-endian), this runs %s", lx_machine_name(h->e_machine),
                 h->e_ident[EI_CLASS] == ELFCLASS64 ? "64" : "32",
                 h->e_ident[EI_DATA] == ELFDATA2LSB ? "little" : "big", L.arch->id);
        return -ENOEXEC;
    }
    if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
        return wrong(m, "neither a program nor a shared object");
    if (h->e_phentsize != sizeof(Elf64_Phdr) || !h->e_phnum || h->e_phnum > MAX_PHDRS)
        return wrong(m, "its program headers have a wrong size or number");
    if (read_at(m, m->ph, h->e_phoff, h->e_phnum * sizeof *m->ph) < 0)
        return wrong(m, "truncated: it ends in the program headers");
    return 0;
}

static int check_segments(struct image *m)
{
    m->lo = UINT64_MAX;
    for (uint32_t i = 0; i < m->h.e_phnum; i++) {
        const Elf64_Phdr *p = &m->ph[i];

        if (p->p_type != PT_LOAD || !p->p_memsz)
            continue;
        if (p->p_filesz > p->p_memsz || p->p_vaddr >= L.svc->top ||
            p->p_memsz > L.svc->top - p->p_vaddr ||
            ((p->p_vaddr ^ p->p_offset) & (PAGE - 1)))
            return wrong(m, "a segment has impossible sizes or addresses");
        if (p->p_offset > m->size || p->p_filesz > m->size - p->p_offset)
            return wrong(m, "truncated: a segment lies behind its end");
        if (p->p_vaddr < m->lo)
            m->lo = p->p_vaddr;
        if (p->p_vaddr + p->p_memsz > m->hi)
            m->hi = p->p_vaddr + p->p_memsz;
    }
    if (m->lo == UINT64_MAX)
        return wrong(m, "nothing in it is to be loaded");
    m->lo = DOWN(m->lo);
    m->hi = UP(m->hi);
    return 0;
}

/* ---- Mapping ----------------------------------------------------------------------------- */

static int prot_of(uint32_t flags)
{
    return (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0) |
           (flags & PF_X ? PROT_EXEC : 0);
}

static int map_segment(struct image *m, const Elf64_Phdr *p, uint64_t base)
{
    uint64_t at = base + p->p_vaddr, file_end = at + p->p_filesz, end = UP(at + p->p_memsz);
    int prot = prot_of(p->p_flags);
    int64_t r;

    if (p->p_filesz) {
        r = lx_mmap(DOWN(at), UP(file_end) - DOWN(at), prot, MAP_PRIVATE | MAP_FIXED, m->fd,
                    DOWN(p->p_offset));
        if (r < 0)
            return (int)r;
    } else {
        file_end = DOWN(at);
    }
    if (p->p_filesz && p->p_memsz > p->p_filesz && (file_end & (PAGE - 1)) &&
        (p->p_flags & PF_W)) {
        static const uint8_t zeros[PAGE];

        lx_put(file_end, zeros, UP(file_end) - file_end);
    }
    if (end > UP(file_end)) {
        r = lx_mmap(UP(file_end), end - UP(file_end), prot,
                    MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0);
        if (r < 0)
            return (int)r;
    }
    return 0;
}

/* Where everything goes: the bias to add, after all of its room was taken. */
static int64_t take_room(struct image *m, uint64_t wish)
{
    uint64_t len = m->hi - m->lo;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    int64_t r;

    if (m->h.e_type == ET_EXEC) {
        r = lx_mmap(m->lo, len, PROT_NONE, flags | MAP_FIXED_NOREPLACE, -1, 0);
        if (r == -EPERM)
            wrong(m, "it wants an address below vm.mmap_min_addr, which this system keeps free; "
                     "link it higher or lower that sysctl");
        else if (r < 0)
            wrong(m, "no room at the addresses that it wants");
        return r < 0 ? r : 0;
    }
    r = lx_mmap(wish, len, PROT_NONE, flags, -1, 0);
    if (r < 0)
        return wrong(m, "no room in the address space");
    return r - (int64_t)m->lo;
}

static int map_all(struct image *m, uint64_t wish, struct lx_elf *e)
{
    int64_t base = take_room(m, wish);

    if (base < 0 && (m->h.e_type == ET_EXEC || base == -ENOEXEC))
        return (int)base;
    e->base = (uint64_t)base;
    e->start = m->lo + e->base;
    e->end = 0;
    e->code_start = UINT64_MAX;
    for (uint32_t i = 0; i < m->h.e_phnum; i++) {
        const Elf64_Phdr *p = &m->ph[i];
        uint64_t end = e->base + p->p_vaddr + p->p_memsz;
        int r;

        if (p->p_type == PT_PHDR)
            e->phdr = e->base + p->p_vaddr;
        if (p->p_type != PT_LOAD || !p->p_memsz)
            continue;
        if ((r = map_segment(m, p, e->base)) < 0) {
            snprintf(m->why, m->n, "a segment cannot be mapped: %s", strerror(-r));
            return r;
        }
        if (!e->phdr && m->h.e_phoff >= p->p_offset &&
            m->h.e_phoff - p->p_offset < p->p_filesz)
            e->phdr = e->base + p->p_vaddr + (m->h.e_phoff - p->p_offset);
        if (end > e->end)
            e->end = end;
        if ((p->p_flags & PF_X) && e->base + p->p_vaddr < e->code_start) {
            e->code_start = e->base + p->p_vaddr;
            e->code_end = e->code_start + p->p_filesz;
        }
    }
    e->entry = m->h.e_entry + e->base;
    e->phnum = m->h.e_phnum;
    e->phent = m->h.e_phentsize;
    return lx_bad(e->entry) ? wrong(m, "its entry point is no address") : 0;
}

/* ---- Interpreter -------------------------------------------------------------------------- */

static int interp_name(struct image *m, char *to)
{
    *to = 0;
    for (uint32_t i = 0; i < m->h.e_phnum; i++) {
        const Elf64_Phdr *p = &m->ph[i];

        if (p->p_type != PT_INTERP)
            continue;
        if (p->p_filesz < 2 || p->p_filesz > LX_PATH || read_at(m, to, p->p_offset, p->p_filesz) ||
            to[p->p_filesz - 1])
            return wrong(m, "the name of its interpreter is broken");
        return 0;
    }
    return 0;
}

static int load_interp(struct lx_elf *e, char *why, size_t n)
{
    struct image m = {.why = why, .n = n};
    struct lx_elf in = {0};
    char real[LX_PATH];
    int r;

    m.fd = open(lx_prefix(e->interp, real), O_RDONLY | O_CLOEXEC);
    if (m.fd < 0) {
        snprintf(why, n, "Could not open '%s', its interpreter: %s; -L DIR names the directory "
                 "that has the program's system, for example /usr/%s-linux-gnu of package "
                 "libc6-%s-cross", e->interp, strerror(errno), L.arch->id,
                 !strcmp(L.arch->id, "aarch64") ? "arm64" : L.arch->id);
        return -ENOENT;
    }
    r = check_header(&m);
    if (!r)
        r = check_segments(&m);
    if (!r)
        r = map_all(&m, 0, &in);
    close(m.fd);
    if (r < 0) {
        char text[256];

        snprintf(text, sizeof text, "%s", why);
        snprintf(why, n, "its interpreter %s: %s", e->interp, text);
        return r;
    }
    e->interp_base = in.base;
    e->interp_entry = in.entry;
    return 0;
}

int lx_elf_load(int fd, struct lx_elf *e, char *why, size_t n)
{
    struct image m = {.fd = fd, .why = why, .n = n};
    uint64_t wish = DOWN(L.svc->top / 3 * 2);
    int r = check_header(&m);

    if (!r)
        r = check_segments(&m);
    if (!r)
        r = interp_name(&m, e->interp);
    if (!r)
        r = map_all(&m, e->interp[0] ? wish : 0, e);
    if (!r && e->interp[0])
        r = load_interp(e, why, n);
    return r;
}
