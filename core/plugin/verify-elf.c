/* SPDX-License-Identifier: MIT */
/* verify-elf.c - what a shared object exports and which libraries it asks for, read from its
 * dynamic section headers (System V ABI, chapter 4 and 5) without opening it.
 */
#include "verify.h"

#include <elf.h>
#include <string.h>

struct elf {
    GMappedFile *map;
    const char *base;
    size_t len;
    const Elf64_Ehdr *h;
};

/* A table of n * each bytes inside the file, or NULL. */
static const void *inside(const struct elf *f, uint64_t off, uint64_t n, uint64_t each)
{
    if (off > f->len || each == 0 || n > (f->len - off) / each)
        return NULL;
    return f->base + off;
}

static gboolean elf_open(struct elf *f, const char *path)
{
    f->map = g_mapped_file_new(path, FALSE, NULL);
    if (!f->map)
        return FALSE;
    f->base = g_mapped_file_get_contents(f->map);
    f->len = g_mapped_file_get_length(f->map);
    f->h = f->base ? inside(f, 0, 1, sizeof *f->h) : NULL;
    if (f->h && !memcmp(f->h->e_ident, ELFMAG, SELFMAG) &&
        f->h->e_ident[EI_CLASS] == ELFCLASS64 && f->h->e_shoff % 8 == 0 &&
        f->h->e_shentsize == sizeof(Elf64_Shdr))
        return TRUE;
    g_mapped_file_unref(f->map);
    return FALSE;
}

/* The section of `type` with entries of `each` bytes, its strings in *str; NULL: none. */
static const void *section(const struct elf *f, uint32_t type, size_t each, uint64_t *n,
                           const Elf64_Shdr **str)
{
    const Elf64_Shdr *s = inside(f, f->h->e_shoff, f->h->e_shnum, sizeof *s);

    for (uint32_t i = 0; s && i < f->h->e_shnum; i++) {
        if (s[i].sh_type != type || s[i].sh_link >= f->h->e_shnum || s[i].sh_offset % 8)
            continue;
        *n = s[i].sh_size / each;
        *str = &s[s[i].sh_link];
        return inside(f, s[i].sh_offset, *n, each);
    }
    return NULL;
}

/* String `at` of the table; NULL when it is not one. */
static const char *string(const struct elf *f, const Elf64_Shdr *str, uint64_t at)
{
    const char *p = at < str->sh_size ? inside(f, str->sh_offset, str->sh_size, 1) : NULL;

    return p && memchr(p + at, 0, str->sh_size - at) ? p + at : NULL;
}

void pb_verify_exports(const char *path, GPtrArray *bad)
{
    struct elf f;
    const Elf64_Shdr *str = NULL;
    uint64_t n = 0;

    if (!elf_open(&f, path))
        return;
    const Elf64_Sym *s = section(&f, SHT_DYNSYM, sizeof *s, &n, &str);
    for (uint64_t i = 0; s && i < n; i++) {
        const char *name = string(&f, str, s[i].st_name);
        if (s[i].st_shndx == SHN_UNDEF || s[i].st_shndx == SHN_ABS || !name || !*name ||
            ELF64_ST_BIND(s[i].st_info) == STB_LOCAL || !strcmp(name, "pb_plugin_v0"))
            continue;
        g_ptr_array_add(bad, g_strdup_printf("exports '%s': only pb_plugin_v0 may be seen "
                                             "(link with the SDK's plugin.map)", name));
    }
    g_mapped_file_unref(f.map);
}

char **pb_verify_libraries(const char *path)
{
    GPtrArray *v = g_ptr_array_new();
    struct elf f;
    const Elf64_Shdr *str = NULL;
    uint64_t n = 0;

    if (elf_open(&f, path)) {
        const Elf64_Dyn *d = section(&f, SHT_DYNAMIC, sizeof *d, &n, &str);
        for (uint64_t i = 0; d && i < n && d[i].d_tag != DT_NULL; i++) {
            const char *name = d[i].d_tag == DT_NEEDED ? string(&f, str, d[i].d_un.d_val) : NULL;
            if (name)
                g_ptr_array_add(v, g_strdup(name));
        }
        g_mapped_file_unref(f.map);
    }
    g_ptr_array_add(v, NULL);
    return (char **)g_ptr_array_free(v, FALSE);
}
