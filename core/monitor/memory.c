/* SPDX-License-Identifier: MIT */
/* memory.c - x, xp, memsave, pmemsave: memory as the CPU and as the bus sees it. "/FMT" is a count,
 * a format (x d u o c i) and a size (b h w g), each optional; they last until the next.
 */
#include "command.h"

#include "../cpu/cpu.h"
#include "../mem/mem.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct format { guint count, size; char how; };

static struct format last = {1, 4, 'x'};

static int parse_format(const char *text, struct format *f, pb_err *e)
{
    char *end;

    f->count = 1;
    if (isdigit((unsigned char)*text)) {
        guint64 n = g_ascii_strtoull(text, &end, 10);
        if (!n || n > 4096)
            return pb_err_set(e, PB_EINVAL, "the count is 1 to 4096");
        f->count = (guint)n;
        text = end;
    }
    for (; *text; text++) {
        const char *sizes = "bhw.g", *s;
        if (strchr("xduoci", *text))
            f->how = *text;
        else if (*text != '.' && (s = strchr(sizes, *text)))
            f->size = *text == 'g' ? 8 : *text == 'w' ? 4 : *text == 'h' ? 2 : 1;
        else
            return pb_err_set(e, PB_EINVAL, "invalid format '%c'; it takes x d u o c i, sizes "
                              "b h w g", *text);
    }
    return PB_OK;
}

/* ADDR: a number or "$register" of the current CPU. */
static int parse_addr(struct pb_mon *x, const char *text, uint64_t *v, pb_err *e)
{
    pb_dev *d = x->m->cpus->pdata[x->cpu];
    const struct pb_cpu_class *c = d->cls->table;
    const struct pb_cpu_reg *r = NULL;

    if (*text == '$') {
        guint n = PB_HAS(struct pb_cpu_class, c, regs) ? c->regs(d->self, &r) : 0;
        for (guint i = 0; i < n; i++)
            if (!strcmp(r[i].name, text + 1) && r[i].bits <= 64) {
                uint8_t b[8] = {0};
                if (c->reg_get(d->self, r[i].id, b, (r[i].bits + 7) / 8) < 0)
                    break;
                *v = 0;
                for (int k = 7; k >= 0; k--)
                    *v = *v << 8 | b[k];
                return PB_OK;
            }
        return pb_err_set(e, PB_ENOENT, "unknown register '%s'", text);
    }
    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, v, NULL) &&
        !(g_str_has_prefix(text, "0x") &&
          g_ascii_string_to_unsigned(text + 2, 16, 0, G_MAXUINT64, v, NULL)))
        return pb_err_set(e, PB_EINVAL, "'%s' is no address", text);
    return PB_OK;
}

/* Bytes at `addr`; what is no memory fails. Pages one by one: each has its translation. */
static int fetch(struct pb_mon *x, gboolean virt, uint64_t addr, uint8_t *b, guint n, pb_err *e)
{
    pb_dev *d = x->m->cpus->pdata[x->cpu];
    const struct pb_cpu_class *c = d->cls->table;

    while (n) {
        guint part = (guint)MIN((uint64_t)n, PB_PAGE - addr % PB_PAGE);
        uint64_t pa = addr;
        if (virt && PB_HAS(struct pb_cpu_class, c, translate) &&
            c->translate(d->self, addr, 0, &pa) < 0)
            return pb_err_set(e, PB_EFAULT, "Cannot access memory at 0x%" PRIx64
                              ": no translation", addr);
        if (pb_dma_read(&pb_mem(x->m)->system, pa, b, part) < 0)
            return pb_err_set(e, PB_EFAULT, "Cannot access memory at 0x%" PRIx64, addr);
        addr += part;
        b += part;
        n -= part;
    }
    return PB_OK;
}

static void one_value(GString *out, const struct format *f, const uint8_t *b)
{
    uint64_t v = 0;

    for (guint i = f->size; i-- > 0;)
        v = v << 8 | b[i];
    int64_t s = (int64_t)(v << (64 - 8 * f->size)) >> (64 - 8 * f->size);
    switch (f->how) {
    case 'd': g_string_append_printf(out, " %" PRId64, s); break;
    case 'u': g_string_append_printf(out, " %" PRIu64, v); break;
    case 'o': g_string_append_printf(out, " 0%" PRIo64, v); break;
    case 'c':
        if (v < 128 && isprint((int)v))
            g_string_append_printf(out, " '%c'", (int)v);
        else
            g_string_append_printf(out, " '\\x%02x'", (unsigned)v & 0xff);
        break;
    default: g_string_append_printf(out, " 0x%0*" PRIx64, (int)(2 * f->size), v); break;
    }
}

static int instructions(struct pb_mon *x, gboolean virt, uint64_t addr, guint count, pb_err *e)
{
    pb_dev *d = x->m->cpus->pdata[x->cpu];
    const struct pb_cpu_class *c = d->cls->table;

    if (!PB_HAS(struct pb_cpu_class, c, disassemble))
        return pb_err_set(e, PB_ENOTSUP, "this CPU plugin has no disassembler");
    for (guint i = 0; i < count; i++) {
        uint8_t b[16];
        guint n = sizeof b;
        char text[128] = "";
        pb_err ignore = {0};
        while (n && fetch(x, virt, addr, b, n, &ignore) < 0) {
            pb_err_clear(&ignore); /* the page may end here */
            n -= 2;
        }
        int used = n ? c->disassemble(d->self, addr, b, n, text, sizeof text) : 0;
        if (used <= 0)
            return pb_err_set(e, PB_EFAULT, "Cannot access memory at 0x%" PRIx64, addr);
        g_string_append_printf(x->out, "0x%016" PRIx64 ":  %s\n", addr, text);
        addr += (uint64_t)used;
    }
    return PB_OK;
}

static int dump(struct pb_mon *x, gboolean virt, uint64_t addr, const struct format *f, pb_err *e)
{
    guint per_line = 16 / f->size;

    if (f->how == 'i')
        return instructions(x, virt, addr, f->count, e);
    for (guint i = 0; i < f->count; i++, addr += f->size) {
        uint8_t b[8];
        if (fetch(x, virt, addr, b, f->size, e) < 0) {
            if (i % per_line)
                g_string_append_c(x->out, '\n');
            return PB_EFAULT;
        }
        if (i % per_line == 0)
            g_string_append_printf(x->out, "%s%016" PRIx64 ":", i ? "\n" : "", addr);
        one_value(x->out, f, b);
    }
    g_string_append_c(x->out, '\n');
    return PB_OK;
}

static int examine(struct pb_mon *x, gboolean virt, guint n, char **v, pb_err *e)
{
    struct format f = last;
    uint64_t addr;

    f.count = 1;
    if (*v[0] == '/' && n < 2)
        return pb_err_set(e, PB_EINVAL, "an address is missing");
    if (*v[0] == '/' && parse_format(v[0] + 1, &f, e) < 0)
        return PB_EINVAL;
    if (*v[0] != '/' && n > 1)
        return pb_err_set(e, PB_EINVAL, "the format begins with '/': x /4xw ADDRESS");
    gboolean ran = pb_mon_pause(x);
    int r = parse_addr(x, v[n - 1], &addr, e);
    if (r == PB_OK)
        r = dump(x, virt, addr, &f, e);
    pb_mon_resume(x, ran);
    last = f;
    return r;
}

int pb_mon_x(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    return examine(x, TRUE, n, v, e);
}

int pb_mon_xp(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    return examine(x, FALSE, n, v, e);
}

/* ---- memsave, pmemsave ------------------------------------------------------------------ */

static int copy(struct pb_mon *x, gboolean virt, uint64_t addr, uint64_t bytes, FILE *f,
                pb_err *e)
{
    g_autofree uint8_t *b = g_malloc(65536);

    while (bytes) {
        guint n = (guint)MIN(bytes, 65536u);
        int r = fetch(x, virt, addr, b, n, e);
        if (r < 0)
            return r;
        if (fwrite(b, 1, n, f) != n)
            return PB_EIO;
        addr += n;
        bytes -= n;
    }
    return PB_OK;
}

int pb_mon_save_memory(struct pb_mon *x, gboolean virt, uint64_t addr, uint64_t bytes,
                       const char *file, pb_err *e)
{
    FILE *f = fopen(file, "wbe");
    int r = f ? PB_OK : PB_EIO;

    if (f) {
        gboolean ran = pb_mon_pause(x);
        r = copy(x, virt, addr, bytes, f, e);
        pb_mon_resume(x, ran);
        if (fclose(f) && r == PB_OK)
            r = PB_EIO;
    }
    if (r == PB_EIO) {
        int err = errno;
        pb_err_set(e, r, "could not write '%s': %s", file, g_strerror(err));
        pb_err_hint_errno(e, err, file);
    }
    return r;
}

static int save(struct pb_mon *x, gboolean virt, char **v, pb_err *e)
{
    uint64_t addr, bytes;

    if (parse_addr(x, v[0], &addr, e) < 0)
        return PB_EINVAL;
    if (!g_ascii_string_to_unsigned(v[1], 10, 1, G_MAXUINT64, &bytes, NULL))
        return pb_err_set(e, PB_EINVAL, "'%s' is no size: a number of bytes", v[1]);
    return pb_mon_save_memory(x, virt, addr, bytes, v[2], e);
}

int pb_mon_memsave(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    (void)n;
    return save(x, TRUE, v, e);
}

int pb_mon_pmemsave(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    (void)n;
    return save(x, FALSE, v, e);
}
