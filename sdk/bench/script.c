/* SPDX-License-Identifier: MIT */
/* script.c - register tests as text, one command a line, '#' begins a comment:
 *
 *     write REG VALUE          REG: a name of the register table, NAME[3] for an element, or
 *     read REG VALUE [MASK]         OFFSET.BYTES of region 0 (0x10.4), N:OFFSET.BYTES of N
 *     line OUTPUT[N] LEVEL     the output's level is LEVEL
 *     input N LEVEL            drive input N
 *     ram ADDRESS VALUE        a 64-bit word of the 1 MiB at 0x80000000
 *     expect-ram ADDRESS VALUE
 *     type TEXT                to the first character backend
 *     sent TEXT                all that the device wrote to it since the last `sent`
 *     guest-errors N           since the last time
 *     run NS | settle | reset cold|warm | reload
 *
 * A VALUE is a number in C spelling; in `read`, '*' is any.
 */
#include "internal.h"

#include <plugboard/reg.h>

#include <errno.h>
#include <stdarg.h>

#define WORDS 4

struct run {
    pb_dev *d;
    char *word[WORDS];
    int n;
    uint64_t errors_seen;
    char *why;
    size_t why_len;
};

static int bad(struct run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int bad(struct run *r, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(r->why, r->why_len, fmt, ap);
    va_end(ap);
    return -1;
}

static int number(struct run *r, int i, uint64_t *v)
{
    char *end = NULL;

    errno = 0;
    *v = i < r->n ? strtoull(r->word[i], &end, 0) : 0;
    if (i >= r->n || end == r->word[i] || *end || errno)
        return bad(r, "'%s' takes a number, not '%s'", r->word[0], i < r->n ? r->word[i] : "");
    return 0;
}

struct target {
    uint32_t region, bytes;
    uint64_t off;
};

/* "STATUS", "BUF[3]", "0x10.4", "1:0x10.4". */
static int target(struct run *r, const char *text, struct target *t)
{
    const struct pb_regs *table = r->d->cls->regs;
    size_t n = strcspn(text, "[");
    uint32_t element = text[n] ? (uint32_t)strtoul(text + n + 1, NULL, 0) : 0;
    unsigned long long off;

    for (uint32_t i = 0; table && i < table->n; i++) {
        const struct pb_reg *g = &table->reg[i];
        if (strlen(g->name) != n || strncmp(g->name, text, n))
            continue;
        if (element >= (g->count ? g->count : 1u))
            return bad(r, "register %s has %u elements", g->name, g->count ? g->count : 1);
        *t = (struct target){0, g->width,
                             g->off + (uint64_t)element * (g->stride ? g->stride : g->width)};
        return 0;
    }
    t->region = 0;
    if ((sscanf(text, "%u:%lli.%u", &t->region, (long long *)&off, &t->bytes) != 3 ||
         !strchr(text, ':')) &&
        sscanf(text, "%lli.%u", (long long *)&off, &t->bytes) != 2)
        return bad(r, "'%s' is no register of '%s', and not OFFSET.BYTES", text, r->d->cls->id);
    t->off = off;
    if (t->region >= r->d->cls->n_regions || !t->bytes || t->bytes > 8 ||
        t->off > pbt_region_len(r->d, t->region))
        return bad(r, "'%s' is outside the device", text);
    return 0;
}

static int do_read(struct run *r)
{
    struct target t;
    uint64_t want = 0, mask = ~0ull;

    if (r->n < 3)
        return bad(r, "'read' takes a register and a value");
    if (target(r, r->word[1], &t) < 0 || (r->n > 3 && number(r, 3, &mask) < 0))
        return -1;
    int any = strcmp(r->word[2], "*") == 0;
    if (!any && number(r, 2, &want) < 0)
        return -1;
    uint64_t v = pbt_read(r->d, t.region, t.off, t.bytes);
    if (!any && (v & mask) != (want & mask))
        return bad(r, "%s reads 0x%llx, wanted 0x%llx", r->word[1],
                   (unsigned long long)(v & mask), (unsigned long long)(want & mask));
    return 0;
}

static int do_write(struct run *r)
{
    struct target t;
    uint64_t v;

    if (r->n < 3)
        return bad(r, "'write' takes a register and a value");
    if (target(r, r->word[1], &t) < 0 || number(r, 2, &v) < 0)
        return -1;
    pbt_write(r->d, t.region, t.off, v, t.bytes);
    return 0;
}

static int do_line(struct run *r)
{
    uint64_t level;

    if (r->n < 3 || number(r, 2, &level) < 0)
        return r->n < 3 ? bad(r, "'line' takes an output and a level") : -1;
    char *bracket = strchr(r->word[1], '[');
    uint32_t i = bracket ? (uint32_t)strtoul(bracket + 1, NULL, 0) : 0;
    if (bracket)
        *bracket = 0;
    if (!pbt_has_output(r->d, r->word[1], i))
        return bad(r, "'%s' has no output '%s'", r->d->cls->id, r->word[1]);
    if ((uint64_t)pbt_level(r->d, r->word[1], i) != level)
        return bad(r, "line %s is %d, wanted %llu", r->word[1], pbt_level(r->d, r->word[1], i),
                   (unsigned long long)level);
    return 0;
}

static int do_input(struct run *r)
{
    uint64_t n, level;

    if (number(r, 1, &n) < 0 || number(r, 2, &level) < 0)
        return -1;
    if (n >= r->d->n_in)
        return bad(r, "'%s' has %u inputs", r->d->cls->id, r->d->n_in);
    pbt_line(r->d, (uint32_t)n, (int32_t)level);
    return 0;
}

static int do_ram(struct run *r)
{
    uint64_t at, v;

    if (number(r, 1, &at) < 0 || number(r, 2, &v) < 0)
        return -1;
    for (uint32_t i = 0; i < r->d->b->n_ram; i++) {
        struct pbt_ram *m = &r->d->b->ram[i];
        uint64_t now;
        if (at < m->gpa || m->len < 8 || at - m->gpa > m->len - 8)
            continue;
        if (*r->word[0] == 'r') {
            memcpy(m->host + (at - m->gpa), &v, 8);
            return 0;
        }
        memcpy(&now, m->host + (at - m->gpa), 8);
        return now == v ? 0 : bad(r, "memory at %s holds 0x%llx, wanted 0x%llx", r->word[1],
                                  (unsigned long long)now, (unsigned long long)v);
    }
    return bad(r, "there is no memory at %s", r->word[1]);
}

static int do_text(struct run *r)
{
    pb_dev *c = r->d->b->devs;
    const char *want = r->n > 1 ? r->word[1] : "";
    size_t n = 0;

    while (c && !(c->node == NODE_BACKEND && strcmp(c->kind, PB_CLASS_CHAR) == 0))
        c = c->next;
    if (!c)
        return bad(r, "the device has no character backend");
    if (*r->word[0] == 't') {
        if (pbt_char_type(c, want, (uint32_t)strlen(want)) != strlen(want))
            return bad(r, "the device does not take '%s'", want);
        return 0;
    }
    pbt_settle(r->d->b);
    const uint8_t *got = pbt_char_sent(c, &n);
    int same = n == strlen(want) && memcmp(got, want, n) == 0;
    if (!same)
        bad(r, "the device sent '%.*s', wanted '%s'", (int)n, (const char *)got, want);
    pbt_char_clear(c);
    return same ? 0 : -1;
}

static int do_errors(struct run *r)
{
    uint64_t want, now = pbt_guest_errors(r->d->b);

    if (number(r, 1, &want) < 0)
        return -1;
    uint64_t since = now - r->errors_seen;
    r->errors_seen = now;
    return since == want ? 0 : bad(r, "%llu guest errors, wanted %llu",
                                   (unsigned long long)since, (unsigned long long)want);
}

static int do_time(struct run *r)
{
    uint64_t ns;

    if (number(r, 1, &ns) < 0)
        return -1;
    pbt_run_ns(r->d->b, (int64_t)ns);
    return 0;
}

static int do_reset(struct run *r)
{
    int warm = r->n > 1 && strcmp(r->word[1], "warm") == 0;

    if (!warm && (r->n < 2 || strcmp(r->word[1], "cold")))
        return bad(r, "'reset' takes cold or warm");
    pbt_reset(r->d, warm ? PB_RESET_WARM : PB_RESET_COLD);
    return 0;
}

static int do_settle(struct run *r)
{
    pbt_settle(r->d->b);
    return 0;
}

static int do_reload(struct run *r)
{
    pbt_reload(r->d->b);
    return 0;
}

static int do_word(struct run *r)
{
    static const struct {
        const char *word;
        int (*fn)(struct run *);
    } verbs[] = {{"write", do_write}, {"read", do_read},           {"line", do_line},
                 {"input", do_input}, {"ram", do_ram},             {"expect-ram", do_ram},
                 {"type", do_text},   {"sent", do_text},           {"guest-errors", do_errors},
                 {"run", do_time},    {"reset", do_reset},         {"settle", do_settle},
                 {"reload", do_reload}};

    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verbs[i].word, r->word[0]) == 0)
            return verbs[i].fn(r);
    return bad(r, "'%s' is no command of a script", r->word[0]);
}

int pbt_script(pb_dev *d, const char *path, char *why, size_t why_len)
{
    struct run r = {.d = d, .errors_seen = pbt_guest_errors(d->b)};
    FILE *f = fopen(path, "r");
    char line[512], text[256];
    int at = 0, rc = 0;

    if (!f) {
        snprintf(why, why_len, "%s: %s", path, strerror(errno));
        return -1;
    }
    r.why = text;
    r.why_len = sizeof text;
    while (rc == 0 && fgets(line, sizeof line, f)) {
        char *save = NULL;
        at++;
        line[strcspn(line, "#\n")] = 0;
        r.n = 0;
        for (char *w = strtok_r(line, " \t", &save); w && r.n < WORDS;
             w = strtok_r(NULL, " \t", &save))
            r.word[r.n++] = w;
        if (r.n)
            rc = do_word(&r);
    }
    fclose(f);
    if (rc < 0)
        snprintf(why, why_len, "%s:%d: %s", path, at, text);
    return rc;
}
