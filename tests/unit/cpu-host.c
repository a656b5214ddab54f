/* SPDX-License-Identifier: MIT */
/* cpu-host.c - a host without a machine for tests of CPU plugins.
 *
 * It offers what the plugin needs of pb.cpu/1, pb.time/1 and pb.prop/1, one CPU, flat RAM and
 * one page of I/O. Time is counted in looks at it, so that runs repeat.
 */
#include "cpu-host.h"

#include <elf.h>
#include <plugboard/draft/personality.h>
#include <plugboard/plugin.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

extern const struct pb_plugin pb_plugin_v0;
const void *(*cpu_host_link)(struct cpu_host *r, const char *iface, void **self);
static struct cpu_host *the; /* opaque handles of the ABI carry nothing here */
static uint8_t log_on[8] = {1, 1, 0, 0, 0, 0};

/* ---- pb.cpu/1 ---------------------------------------------------------------------------- */

static int span(pb_cpu *c, uint64_t gpa, struct pb_span *s)
{
    (void)c;
    *s = (struct pb_span){0};
    if (gpa >> 12 == the->io_page >> 12) {
        s->gpa = the->io_page;
        s->len = 4096;
        s->io = the;
        return PB_OK;
    }
    if (gpa < the->base || gpa - the->base >= the->size)
        return PB_EFAULT;
    s->gpa = the->base;
    s->len = the->size;
    if (the->io_page >= s->gpa && the->io_page < s->gpa + s->len) { /* a hole in RAM */
        if (gpa < the->io_page) {
            s->len = the->io_page - s->gpa;
        } else {
            s->gpa = the->io_page + 4096;
            s->len = the->base + the->size - s->gpa;
        }
    }
    s->host = the->ram + (s->gpa - the->base);
    s->code = the->code + ((s->gpa - the->base) >> 12);
    s->writable = 1;
    return PB_OK;
}

static int io(pb_cpu *c, const struct pb_span *s, struct pb_txn *t)
{
    (void)c;
    if (t->is_write)
        the->io_write(the, s->gpa + t->off, t->val, t->bytes);
    else
        t->val = 0;
    return PB_OK;
}

static void watch_code(pb_cpu *c, uint64_t gpa, uint32_t on)
{
    (void)c;
    if (gpa >= the->base && gpa - the->base < the->size)
        the->code[(gpa - the->base) >> 12] = (uint8_t)on;
}

static void code_stored(pb_cpu *c, uint64_t gpa, uint64_t len)
{
    (void)c, (void)gpa, (void)len;
}

static void request(pb_cpu *c, uint32_t what, int32_t code)
{
    (void)c, (void)what, (void)code;
    the->stop = 1;
}

static uint32_t zero_of(pb_cpu *c)
{
    (void)c;
    return 0;
}

static uint32_t one_of(pb_cpu *c)
{
    (void)c;
    return 1;
}

static pb_dev *dev_of(pb_cpu *c)
{
    return (pb_dev *)c;
}

static void *peer(pb_cpu *c, uint32_t i)
{
    (void)c;
    return i ? NULL : the->cpu;
}

static void *shared(pb_cpu *c, uint64_t bytes)
{
    (void)c;
    if (!the->shared)
        the->shared = calloc(1, bytes);
    return the->shared;
}

static void nothing(pb_cpu *c)
{
    (void)c;
}

static const struct pb_svc_cpu svc_cpu = {
    .size = sizeof svc_cpu, .span = span, .io = io, .watch_code = watch_code,
    .code_stored = code_stored, .request = request, .index = zero_of, .n_cpus = one_of,
    .dev = dev_of, .peer = peer, .shared = shared, .deterministic = zero_of,
    .stop_others = nothing, .resume_others = nothing, .wake = nothing,
};

/* ---- pb.time/1, pb.prop/1 ------------------------------------------------------------------ */

static int64_t now(const pb_host *h, uint32_t clock)
{
    (void)h, (void)clock;
    return the->now += 1000;
}

static pb_timer *timer(pb_dev *d, const char *name, uint32_t clock, void (*fn)(void *opaque),
                       void *opaque, pb_err *e)
{
    (void)d, (void)clock, (void)e;
    if (the->n_timers == sizeof the->timer / sizeof *the->timer)
        return NULL;
    the->timer[the->n_timers] = (struct cpu_host_timer){name, fn, opaque, -1};
    return (pb_timer *)&the->timer[the->n_timers++];
}

static void arm(pb_timer *t, int64_t when)
{
    ((struct cpu_host_timer *)t)->when = when;
}

static void disarm(pb_timer *t)
{
    ((struct cpu_host_timer *)t)->when = -1;
}

static const struct pb_svc_time svc_time = {
    .size = sizeof svc_time, .now = now, .timer = timer, .arm = arm, .disarm = disarm};

static const char *find_prop(uint32_t i)
{
    const char *name = the->cls->props[i].name, *p = the->props;
    while (p && *p) {
        size_t n = strlen(name);
        if (!strncmp(p, name, n) && p[n] == '=')
            return p + n + 1;
        p = strchr(p, ',');
        p = p ? p + 1 : NULL;
    }
    return NULL;
}

static int64_t get_int(pb_dev *d, uint32_t i)
{
    (void)d;
    const char *v = find_prop(i);
    if (!v)
        v = the->cls->props[i].def;
    if (!v || !strncmp(v, "off", 3))
        return 0;
    return !strncmp(v, "on", 2) ? 1 : strtoll(v, NULL, 0);
}

static const char *get_str(pb_dev *d, uint32_t i)
{
    (void)d;
    return strcmp(the->cls->props[i].name, "engine") ? NULL : the->engine;
}

static uint32_t is_set(pb_dev *d, uint32_t i)
{
    (void)d;
    return find_prop(i) != NULL;
}

static const void *get_link(pb_dev *d, uint32_t i, const char *iface, void **self)
{
    (void)d, (void)i;
    return cpu_host_link ? cpu_host_link(the, iface, self) : NULL;
}

static const struct pb_svc_prop svc_prop = {.size = sizeof svc_prop, .get_int = get_int,
                                            .get_str = get_str, .is_set = is_set,
                                            .get_link = get_link};

/* ---- The root ---------------------------------------------------------- */

static const void *get(const pb_host *h, const char *id)
{
    (void)h;
    if (!strcmp(id, PB_SVC_CPU))
        return &svc_cpu;
    if (!strcmp(id, PB_SVC_TIME))
        return &svc_time;
    return strcmp(id, PB_SVC_PROP) ? NULL : &svc_prop;
}

static int fail(pb_err *e, int code, const char *text)
{
    (void)e;
    fprintf(stderr, "%s\n", text);
    return code;
}

static void log_line(const pb_host *h, pb_dev *d, uint32_t level, const char *text)
{
    (void)h, (void)d, (void)level;
    fprintf(stderr, "%s\n", text);
}

struct cpu_host *cpu_host_new(uint64_t base, uint64_t size, const char *model, const char *props,
                            const char *engine)
{
    struct cpu_host *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    the = r;
    r->h = (pb_host){.size = sizeof r->h, .name = "test", .version = "0", .get = get,
                     .fail = fail, .log = log_line, .log_on = log_on};
    r->cls = pb_plugin_v0.classes[0].cls;
    r->base = base;
    r->size = size;
    r->io_page = ~0ull;
    r->props = props;
    r->engine = engine;
    r->ram = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    r->code = calloc(size >> 12, 1);
    r->cpu = aligned_alloc(64, (r->cls->instance_size + 63) & ~63u);
    if (r->ram == MAP_FAILED || !r->code || !r->cpu)
        return NULL;
    memset(r->cpu, 0, r->cls->instance_size);
    if (r->cls->realize(r->cpu, (pb_cpu *)r, (pb_dev *)r, &r->h, model, NULL) < 0) {
        free(r->cpu);
        r->cpu = NULL;
        cpu_host_free(r);
        return NULL;
    }
    return r;
}

struct cpu_host_timer *cpu_host_timer(struct cpu_host *r, const char *name)
{
    for (uint32_t i = 0; i < r->n_timers; i++)
        if (!strcmp(r->timer[i].name, name))
            return &r->timer[i];
    return NULL;
}

void cpu_host_free(struct cpu_host *r)
{
    the = r;
    if (r->cpu)
        r->cls->unrealize(r->cpu);
    munmap(r->ram, r->size);
    free((void *)r->code);
    free(r->cpu);
    free(r->shared);
    free(r);
}

/* ---- ELF ------------------------------------------------------------------------------------- */

static uint64_t find_symbol(const uint8_t *f, size_t n, const char *name)
{
    const Elf64_Ehdr *eh = (const void *)f;
    if (eh->e_shoff > n || eh->e_shnum * sizeof(Elf64_Shdr) > n - eh->e_shoff)
        return 0;
    const Elf64_Shdr *sh = (const void *)(f + eh->e_shoff);
    for (uint32_t i = 0; i < eh->e_shnum; i++) {
        if (sh[i].sh_type != SHT_SYMTAB || sh[i].sh_link >= eh->e_shnum)
            continue;
        const Elf64_Sym *s = (const void *)(f + sh[i].sh_offset);
        const char *str = (const char *)f + sh[sh[i].sh_link].sh_offset;
        for (uint64_t k = 0; k < sh[i].sh_size / sizeof *s; k++)
            if (!strcmp(str + s[k].st_name, name))
                return s[k].st_value;
    }
    return 0;
}

int cpu_host_load_elf(struct cpu_host *r, const char *path, uint64_t *entry, uint64_t *tohost)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return PB_ENOENT;
    fseek(f, 0, SEEK_END);
    size_t n = (size_t)ftell(f);
    rewind(f);
    uint8_t *b = malloc(n ? n : 1);
    if (!b || fread(b, 1, n, f) != n || n < sizeof(Elf64_Ehdr)) {
        fclose(f);
        free(b);
        return PB_EIO;
    }
    fclose(f);
    const Elf64_Ehdr *eh = (const void *)b;
    const Elf64_Phdr *ph = (const void *)(b + eh->e_phoff);
    for (uint32_t i = 0; i < eh->e_phnum; i++)
        if (ph[i].p_type == PT_LOAD && ph[i].p_paddr >= r->base &&
            ph[i].p_paddr + ph[i].p_memsz <= r->base + r->size)
            memcpy(r->ram + (ph[i].p_paddr - r->base), b + ph[i].p_offset, ph[i].p_filesz);
    *entry = eh->e_entry;
    *tohost = find_symbol(b, n, "tohost");
    free(b);
    return PB_OK;
}

/* ---- Run --------------------------------------------------------------- */

static void *watchdog(void *p)
{
    struct cpu_host *r = the;
    struct timespec t = {.tv_sec = *(uint32_t *)p};
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    nanosleep(&t, NULL);
    r->stop = 2;
    r->cls->kick(r->cpu);
    return NULL;
}

int cpu_host_run(struct cpu_host *r, uint32_t seconds)
{
    pthread_t w;
    the = r;
    r->stop = 0;
    if (pthread_create(&w, NULL, watchdog, &seconds))
        return -1;
    while (!r->stop) {
        uint32_t why = r->cls->run(r->cpu);
        if (why == PB_EXIT_TRAP && r->trap)
            r->trap(r);
        if (why == PB_EXIT_ERROR || why == PB_EXIT_DEBUG ||
            (why == PB_EXIT_HALT && !r->cls->can_run(r->cpu)))
            break;
    }
    pthread_cancel(w);
    pthread_join(w, NULL);
    return r->stop == 1 ? 0 : -1;
}
