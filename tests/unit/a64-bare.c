/* SPDX-License-Identifier: MIT */
/* a64-bare.c - a host without a machine for tests of AArch64's user-level instructions. */
#include "a64-bare.h"

#include "props.h"

#include <plugboard/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

extern const struct pb_plugin pb_plugin_v0;
static struct a64_bare *the; /* opaque handles of the ABI carry nothing here */
static uint8_t log_on[8] = {1, 1, 0, 0, 0, 0};

static int span(pb_cpu *c, uint64_t gpa, struct pb_span *s)
{
    (void)c;
    *s = (struct pb_span){0};
    if (gpa < the->base || gpa - the->base >= the->size)
        return PB_EFAULT;
    s->gpa = the->base;
    s->len = the->size;
    s->host = the->ram;
    s->code = the->code;
    s->writable = 1;
    return PB_OK;
}

static int io(pb_cpu *c, const struct pb_span *s, struct pb_txn *t)
{
    (void)c, (void)s, (void)t;
    return PB_EFAULT;
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
    .stop_others = nothing, .resume_others = nothing,
};

static int64_t now(const pb_host *h, uint32_t clock)
{
    (void)h, (void)clock;
    return 0;
}

static pb_timer *timer(pb_dev *d, const char *name, uint32_t clock, void (*fn)(void *opaque),
                       void *opaque, pb_err *e)
{
    (void)d, (void)name, (void)clock, (void)fn, (void)opaque, (void)e;
    return (pb_timer *)the;
}

static void arm(pb_timer *t, int64_t when)
{
    (void)t, (void)when;
}

static void disarm(pb_timer *t)
{
    (void)t;
}

static const struct pb_svc_time svc_time = {
    .size = sizeof svc_time, .now = now, .timer = timer, .arm = arm, .disarm = disarm};

static int64_t get_int(pb_dev *d, uint32_t i)
{
    (void)d, (void)i;
    return 0;
}

static const char *get_str(pb_dev *d, uint32_t i)
{
    (void)d;
    return i == A64_P_ENGINE ? the->engine : NULL;
}

static uint32_t is_set(pb_dev *d, uint32_t i)
{
    (void)d, (void)i;
    return 0;
}

static const void *get_link(pb_dev *d, uint32_t i, const char *iface, void **self)
{
    (void)d, (void)i, (void)iface, (void)self;
    return NULL;
}

static const struct pb_svc_prop svc_prop = {.size = sizeof svc_prop, .get_int = get_int,
                                            .get_str = get_str, .is_set = is_set,
                                            .get_link = get_link};

static const void *get(const pb_host *h, const char *id)
{
    (void)h;
    return !strcmp(id, PB_SVC_CPU) ? (const void *)&svc_cpu
           : !strcmp(id, PB_SVC_TIME) ? (const void *)&svc_time
           : !strcmp(id, PB_SVC_PROP) ? (const void *)&svc_prop : NULL;
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

struct a64_bare *a64_bare_new(uint64_t base, uint64_t size, const char *engine)
{
    struct a64_bare *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    the = r;
    r->h = (pb_host){.size = sizeof r->h, .name = "test", .version = "0", .get = get,
                     .fail = fail, .log = log_line, .log_on = log_on};
    r->cls = pb_plugin_v0.classes[0].cls;
    r->base = base;
    r->size = size;
    r->engine = engine;
    r->ram = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    r->code = calloc(size >> 12, 1);
    r->cpu = aligned_alloc(64, (sizeof *r->cpu + 63) & ~63u);
    if (r->ram == MAP_FAILED || !r->code || !r->cpu)
        return NULL;
    memset(r->cpu, 0, sizeof *r->cpu);
    if (r->cls->realize(r->cpu, (pb_cpu *)r, (pb_dev *)r, &r->h, "max", NULL) < 0)
        return NULL;
    r->cls->reset(r->cpu, base, NULL, 0);
    return r;
}

void a64_bare_free(struct a64_bare *r)
{
    the = r;
    r->cls->unrealize(r->cpu);
    munmap(r->ram, r->size);
    free(r->code);
    free(r->cpu);
    free(r->shared);
    free(r);
}

int a64_bare_run(struct a64_bare *r, uint64_t end)
{
    the = r;
    if (r->cls->breakpoint(r->cpu, 0, end, 4, 1) < 0)
        return -1;
    for (int k = 0; k < 100 && r->cls->run(r->cpu) != PB_EXIT_DEBUG; k++)
        ;
    r->cls->breakpoint(r->cpu, 0, end, 4, 0);
    return r->cpu->x.pc == end ? 0 : -1;
}

int a64_bare_step(struct a64_bare *r)
{
    the = r;
    r->cls->step(r->cpu, 1);
    int ended = r->cls->run(r->cpu) == PB_EXIT_DEBUG ? 0 : -1;
    r->cls->step(r->cpu, 0);
    return ended;
}
