/* SPDX-License-Identifier: MIT */
/* kinds.c - ELF and Linux kernel headers.
 * System V ABI, chapter 4 and 5 (ELF header, program header); Linux
 * Documentation/arch/{riscv/boot-image-header,arm64/booting,x86/boot}.rst. */
#include "image.h"

#include <stdio.h>
#include <string.h>

static uint64_t le(const uint8_t *p, unsigned bytes)
{
    uint64_t v = 0;

    while (bytes--)
        v = v << 8 | p[bytes];
    return v;
}

enum { PT_LOAD = 1, CLASS32 = 1, CLASS64 = 2, DATA_LE = 1, ET_EXEC = 2, ET_DYN = 3 };

struct ehdr {
    uint64_t entry, phoff;
    uint32_t machine, type, phentsize, phnum, is64;
};

static const char *machine_name(uint32_t em)
{
    static const struct {
        uint32_t em;
        const char *name;
    } known[] = {{3, "i386"},   {8, "MIPS"},     {20, "PowerPC"}, {21, "PowerPC 64"},
                 {22, "S/390"}, {40, "Arm"},     {62, "x86-64"},  {183, "AArch64"},
                 {243, "RISC-V"}, {258, "LoongArch"}};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].em == em)
            return known[i].name;
    }
    return "an unknown machine";
}

/* 1: an ELF file of a class and order that we read. */
static int read_ehdr(const struct image *m, struct ehdr *h)
{
    const uint8_t *d = m->data;

    if (m->len < 52 || memcmp(d, "\177ELF", 4) != 0)
        return 0;
    h->is64 = d[4] == CLASS64;
    if ((d[4] != CLASS32 && d[4] != CLASS64) || d[5] != DATA_LE || (h->is64 && m->len < 64))
        return 0;
    h->type = (uint32_t)le(d + 16, 2);
    h->machine = (uint32_t)le(d + 18, 2);
    h->entry = h->is64 ? le(d + 24, 8) : le(d + 24, 4);
    h->phoff = h->is64 ? le(d + 32, 8) : le(d + 28, 4);
    h->phentsize = (uint32_t)le(d + (h->is64 ? 54 : 42), 2);
    h->phnum = (uint32_t)le(d + (h->is64 ? 56 : 44), 2);
    return 1;
}

/* Program header `i`: 1 a part to load, 0 something else, -1 beyond the file. */
static int read_phdr(const struct image *m, const struct ehdr *h, uint32_t i,
                     struct image_segment *s, uint64_t *vaddr)
{
    uint32_t size = h->is64 ? 56 : 32;
    uint64_t at = h->phoff + (uint64_t)i * h->phentsize, off;

    if (h->phentsize < size || h->phoff > m->len || at > m->len || size > m->len - at)
        return -1;
    const uint8_t *p = m->data + at;
    if (le(p, 4) != PT_LOAD)
        return 0;
    off = h->is64 ? le(p + 8, 8) : le(p + 4, 4);
    *vaddr = h->is64 ? le(p + 16, 8) : le(p + 8, 4);
    s->addr = h->is64 ? le(p + 24, 8) : le(p + 12, 4);
    s->filesz = h->is64 ? le(p + 32, 8) : le(p + 16, 4);
    s->memsz = h->is64 ? le(p + 40, 8) : le(p + 20, 4);
    if (s->memsz == 0)
        return 0;
    if (s->filesz > s->memsz || off > m->len || s->filesz > m->len - off ||
        s->memsz > UINT64_MAX - s->addr)
        return -1;
    s->data = m->data + off;
    return 1;
}

int image_segment(const struct image *m, uint32_t n, struct image_segment *s)
{
    struct ehdr h;
    uint64_t vaddr;

    if (!read_ehdr(m, &h))
        return 0;
    for (uint32_t i = 0; i < h.phnum; i++) {
        if (read_phdr(m, &h, i, s, &vaddr) == 1 && n-- == 0)
            return 1;
    }
    return 0;
}

uint64_t image_trim(struct image_segment *s, uint64_t low)
{
    if (s->addr >= low || s->memsz <= low - s->addr)
        return 0;
    uint64_t cut = low - s->addr, file = cut < s->filesz ? cut : s->filesz;

    s->addr = low;
    s->memsz -= cut;
    s->filesz -= file;
    s->data += file;
    return cut;
}

static int identify_elf(const struct image *m, const struct ehdr *h, uint32_t em,
                        struct image_info *i, char *text)
{
    struct image_segment s;
    uint64_t vaddr;

    if (em && h->machine != em) {
        snprintf(text, IMAGE_TEXT, "an ELF file for %s, expected %s", machine_name(h->machine),
                 machine_name(em));
        return -1;
    }
    if (h->type != ET_EXEC && h->type != ET_DYN) {
        snprintf(text, IMAGE_TEXT, "an ELF file that cannot be loaded (e_type %u)", h->type);
        return -1;
    }
    *i = (struct image_info){.kind = IMAGE_ELF, .entry = h->entry, .low = UINT64_MAX,
                             .bits = h->is64 ? 64 : 32, .movable = h->type == ET_DYN};
    for (uint32_t k = 0; k < h->phnum; k++) {
        int rc = read_phdr(m, h, k, &s, &vaddr);
        if (rc < 0) {
            snprintf(text, IMAGE_TEXT, "a truncated or damaged ELF file (program header %u)", k);
            return -1;
        }
        if (rc == 0)
            continue;
        i->segments++;
        if (s.addr < i->low)
            i->low = s.addr;
        if (s.addr + s.memsz > i->high)
            i->high = s.addr + s.memsz;
        /* e_entry is virtual; what runs is physical */
        if (h->entry >= vaddr && h->entry - vaddr < s.memsz)
            i->entry = s.addr + (h->entry - vaddr);
    }
    if (!i->segments) {
        snprintf(text, IMAGE_TEXT, "an ELF file with nothing to load");
        return -1;
    }
    return 0;
}

static const char *foreign_kernel(const struct image *m, uint32_t em)
{
    const uint8_t *d = m->data;

    if (m->len >= 0x206 && memcmp(d + 0x202, "HdrS", 4) == 0 && le(d + 0x1fe, 2) == 0xaa55)
        return "a Linux kernel for x86 (bzImage)";
    if (m->len >= 64 && memcmp(d + 56, "ARM\x64", 4) == 0 && em && em != IMAGE_EM_AARCH64)
        return "a Linux kernel for AArch64 (Image)";
    if (m->len >= 64 && memcmp(d + 56, "RSC\x05", 4) == 0 && em && em != IMAGE_EM_RISCV)
        return "a Linux kernel for RISC-V (Image)";
    if (m->len >= 0x28 && le(d + 0x24, 4) == 0x016f2818)
        return "a Linux kernel for Arm (zImage)";
    return NULL;
}

/* Linux Documentation/arch/arm64/booting.rst, section 4. */
static void arm64_flags(struct image_info *i, uint64_t flags)
{
    static const uint32_t page[] = {0, 4, 16, 64};

    if (i->image_size == 0) { /* kernels before 3.17: no flags either */
        i->text_offset = 0x80000;
        return;
    }
    i->big_endian = flags & 1;
    i->page = page[flags >> 1 & 3];
}

/* Kernels with an EFI stub are PE files, too (Microsoft PE Format, section table): where the last
 * section ends in the file; 0: no PE header. */
static uint64_t pe_end(const struct image *m)
{
    const uint8_t *d = m->data;
    uint64_t at, last = 0;

    if (memcmp(d, "MZ", 2) != 0 || (at = le(d + 0x3c, 4)) > m->len || m->len - at < 24 ||
        memcmp(d + at, "PE\0\0", 4) != 0)
        return 0;
    uint64_t n = le(d + at + 6, 2), table = at + 24 + le(d + at + 20, 2);
    for (uint64_t i = 0; i < n; i++) {
        uint64_t s = table + 40 * i;
        if (s > m->len || m->len - s < 40)
            return s + 40;
        uint64_t end = le(d + s + 16, 4) + le(d + s + 20, 4);
        last = end > last ? end : last;
    }
    return last;
}

int image_identify(const struct image *m, uint32_t em, struct image_info *i, char *text)
{
    const char *foreign = foreign_kernel(m, em);
    struct ehdr h;

    *i = (struct image_info){.kind = IMAGE_RAW};
    if (em && foreign) {
        snprintf(text, IMAGE_TEXT, "%s, expected one for %s", foreign, machine_name(em));
        return -1;
    }
    if (read_ehdr(m, &h))
        return identify_elf(m, &h, em, i, text);
    if (m->len >= 4 && memcmp(m->data, "\177ELF", 4) == 0) {
        snprintf(text, IMAGE_TEXT, "a truncated ELF file, or a big-endian one");
        return -1;
    }
    if (m->len >= 64 && (memcmp(m->data + 56, "RSC\x05", 4) == 0 ||
                         memcmp(m->data + 56, "ARM\x64", 4) == 0)) {
        uint64_t whole = pe_end(m);
        if (whole > m->len) {
            snprintf(text, IMAGE_TEXT, "a Linux kernel that is cut off: %llu of %llu bytes; copy "
                     "it again", (unsigned long long)m->len, (unsigned long long)whole);
            return -1;
        }
        i->kind = IMAGE_LINUX;
        i->text_offset = le(m->data + 8, 8);
        i->image_size = le(m->data + 16, 8);
        if (m->data[56] == 'A')
            arm64_flags(i, le(m->data + 24, 8));
        if (i->image_size < m->len)
            i->image_size = m->len;
    }
    return 0;
}
