/* SPDX-License-Identifier: MIT */
/* log.c - the text that -d in_asm, op, exec and int ask for, and `info jit`. */
#include "priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void xl_log(struct xl_vcpu *x, const char *fmt, ...)
{
    char s[256];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(s, sizeof(s), fmt, ap);
    va_end(ap);
    x->host->log(x->host, x->svc->dev(x->cpu), PB_LOG_DEBUG, s);
}

static void log_line(void *user, const char *s)
{
    struct xl_vcpu *x = user;

    x->host->log(x->host, x->svc->dev(x->cpu), PB_LOG_DEBUG, s);
}

/* The bytes at offset `at` of the block's page, which may go on in the second. */
static void code_bytes(const struct xl_fetch *f, uint32_t at, uint8_t *out, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++, at++) {
        const uint8_t *p = at < XL_PAGE_SIZE ? f->page + at
                           : f->page2 ? f->page2 + (at - XL_PAGE_SIZE) : NULL;

        out[i] = p ? (uint8_t)xl_ram_ld(p, 1) : 0;
    }
}

void xl_log_unit(struct xl_vcpu *x, const struct xl_block *b, const struct xl_fetch *f)
{
    uint64_t page = b->pc & ~(uint64_t)XL_PAGE_MASK;

    if ((x->engine->log & XL_LOG_IN_ASM) && x->guest->disassemble) {
        for (uint32_t i = 0; i < b->n_ops; i++) {
            const struct xl_op *o = &b->op[i];
            uint8_t raw[16] = {0};
            char text[128] = "";
            uint64_t word = 0;
            uint32_t n;

            if (o->op != XL_OP_insn)
                continue;
            n = o->c < sizeof(raw) ? o->c : (uint32_t)sizeof(raw);
            code_bytes(f, (uint32_t)o->imm, raw, n);
            for (uint32_t j = n < 8 ? n : 8; j-- > 0;)
                word = word << 8 | raw[j];
            x->guest->disassemble(page + (uint64_t)o->imm, raw, n, text, sizeof(text));
            xl_log(x, "0x%08" PRIx64 ":  %0*" PRIx64 "  %s", page + (uint64_t)o->imm,
                   (int)(n < 8 ? n : 8) * 2, word, text);
        }
    }
    if (x->engine->log & XL_LOG_OP)
        xl_print(b, log_line, x);
}

/* ---- info jit ---------------------------------------------- */

struct out {
    void (*line)(void *user, const char *);
    void *user;
};

__attribute__((format(printf, 2, 3))) static void say(const struct out *o, const char *fmt, ...)
{
    char s[160];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(s, sizeof(s), fmt, ap);
    va_end(ap);
    o->line(o->user, s);
}

static void say_cpu(const struct out *o, struct xl_vcpu *x)
{
    const struct xl_run *r = xl_r(x);
    uint32_t used = 0;
    uint64_t entries = 0, resets = 0;

    for (uint32_t i = 0; i < XL_CTXS; i++) {
        if (!r->ctxs[i].stamp)
            continue;
        used++;
        entries += (r->ctxs[i].tlb_mask >> 3) + 1;
    }
    say(o, "cpu %u: contexts %u with %" PRIu64 " TLB entries", x->svc->index(x->cpu), used,
        entries);
    say(o, "cpu %u: TLB fills %" PRIu64 ", slow accesses %" PRIu64 ", flushes %" PRIu64
        ", device accesses %" PRIu64, x->svc->index(x->cpu), r->n_fills, r->n_misses,
        r->n_flushes, r->n_io);
    for (uint32_t i = 0; i < XL_CTXS; i++)
        resets += r->ctxs[i].flushes;
    say(o, "cpu %u: contexts emptied %" PRIu64 " times, stores beside code %" PRIu64,
        x->svc->index(x->cpu), resets, r->n_watched);
    say(o, "cpu %u: unit lookups %" PRIu64 ", exceptions %" PRIu64, x->svc->index(x->cpu),
        r->n_lookups, r->n_leaves);
}

void xl_info(struct xl_vcpu *x, void (*line)(void *user, const char *), void *user)
{
    struct xl_engine *e = x->engine;
    struct out o = {line, user};

    pthread_mutex_lock(&e->lock);
    say(&o, "back end           %s", e->host_code ? e->host_code->name : "interpreter");
    say(&o, "memory for units   %" PRIu64 " MiB", e->code_bytes >> 20);
    say(&o, "units              %u, and %u dropped but not freed", e->n_units, e->n_dead);
    say(&o, "unit records       %" PRIu64 " KiB", e->unit_bytes >> 10);
    say(&o, "translated         %" PRIu64 " units, %" PRIu64 " guest bytes", e->n_translated,
        e->guest_bytes);
    say(&o, "host code          %" PRIu64 " bytes", e->host_bytes);
    say(&o, "dropped            %" PRIu64 " units by writes or changed maps", e->n_dropped);
    say(&o, "flushes            %" PRIu64 " of everything", e->n_flushes);
    pthread_mutex_unlock(&e->lock);
    for (uint32_t i = 0; i < e->n_vcpus; i++) {
        struct xl_vcpu *y = __atomic_load_n(&e->vcpu[i], __ATOMIC_ACQUIRE);

        if (y)
            say_cpu(&o, y);
    }
}
