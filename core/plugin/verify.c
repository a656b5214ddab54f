/* SPDX-License-Identifier: MIT */
/* verify.c - a plugin's tables against the rules of plugboard/abi.h, property by property,
 * field by field, register by register.
 */
#include "verify.h"

#include "../object/parse.h"
#include "sidecar.h"

#include <plugboard/draft/cpu.h>
#include <plugboard/draft/personality.h>
#include <plugboard/reg.h>

#include <string.h>

#define INSTANCE_MAX (1u << 30)

struct at { /* what is being looked at */
    GPtrArray *bad;
    const char *kind, *id;
};

static void say(const struct at *a, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
static void say(const struct at *a, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    g_ptr_array_add(a->bad, g_strdup_printf("%s '%s': %s", a->kind, a->id, text));
}

/* Is the default what a user might have typed for that type? */
static gboolean default_fits(const struct pb_prop *p)
{
    int64_t v = 0;

    switch (p->type) {
    case PB_T_BOOL:
        return pb_parse_bool(p->def, &v);
    case PB_T_INT:
        return pb_parse_int(p->def, &v) && (p->min >= p->max || (v >= p->min && v <= p->max));
    case PB_T_UINT:
        return pb_parse_uint(p->def, (uint64_t *)&v);
    case PB_T_SIZE:
        return pb_parse_size(p->def, (uint64_t *)&v);
    case PB_T_FREQ:
        return pb_parse_freq(p->def, (uint64_t *)&v);
    case PB_T_MAC:
        return pb_parse_mac(p->def, (uint64_t *)&v);
    case PB_T_ENUM:
        return p->choices && g_strv_contains(p->choices, p->def);
    default:
        return TRUE;
    }
}

static void check_prop(const struct at *a, const struct pb_prop *p)
{
    if (p->type < PB_T_BOOL || p->type > PB_T_LINK) {
        say(a, "property '%s' has type %u, there is none", p->name, p->type);
        return;
    }
    if (!p->doc || !*p->doc)
        say(a, "property '%s' has no doc: -device %s,help shows it", p->name, a->id);
    if (p->type == PB_T_ENUM && (!p->choices || !*p->choices))
        say(a, "property '%s' is an enum without choices", p->name);
    else if (p->def && !default_fits(p))
        say(a, "property '%s' has a default that is no %s: '%s'", p->name,
            pb_type_names[p->type], p->def);
    if (p->min > p->max)
        say(a, "property '%s' has minimum %lld above maximum %lld", p->name, (long long)p->min,
            (long long)p->max);
}

static void check_props(const struct at *a, const struct pb_prop *p, uint32_t n)
{
    if (n && !p) {
        say(a, "has %u properties but no table of them", n);
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (!p[i].name || !*p[i].name) {
            say(a, "property %u has no name", i);
            continue;
        }
        for (uint32_t k = 0; k < i; k++)
            if (p[k].name && !strcmp(p[k].name, p[i].name))
                say(a, "property '%s' is listed twice", p[i].name);
        check_prop(a, &p[i]);
    }
}

static uint32_t state_width(uint32_t type)
{
    static const uint8_t w[] = {0, 1, 2, 4, 8, 8, 1};

    return type < sizeof w ? w[type] : 0;
}

static void check_state(const struct at *a, const struct pb_device_class *c)
{
    if (c->n_state && !c->state) {
        say(a, "has %u state fields but no table of them", c->n_state);
        return;
    }
    if (c->n_state && !c->state_version)
        say(a, "has state fields but state_version 0: versions begin at 1");
    for (uint32_t i = 0; i < c->n_state; i++) {
        const struct pb_field *f = &c->state[i];
        const char *name = f->name ? f->name : "";
        uint32_t w = state_width(f->type);
        if (!*name || !w)
            say(a, "state field %u ('%s') has %s", i, name, *name ? "an unknown type" : "no name");
        if (f->offset > c->instance_size || (uint64_t)f->count * w > c->instance_size - f->offset)
            say(a, "state field '%s' ends outside the instance of %u bytes", name,
                c->instance_size);
        if (f->since > c->state_version)
            say(a, "state field '%s' is since version %u, the class has version %u", name,
                f->since, c->state_version);
        for (uint32_t k = 0; k < i; k++)
            if (c->state[k].name && !strcmp(c->state[k].name, name))
                say(a, "state field '%s' is listed twice", name);
    }
}

static uint64_t reg_end(const struct pb_reg *r)
{
    uint32_t n = r->count ? r->count : 1, stride = r->stride ? r->stride : r->width;

    return r->off + (uint64_t)(n - 1) * stride + r->width;
}

static void check_reg(const struct at *a, const struct pb_device_class *c, const struct pb_reg *r)
{
    const char *name = r->name ? r->name : "";
    uint32_t n = r->count ? r->count : 1;
    gboolean width = r->width == 1 || r->width == 2 || r->width == 4 || r->width == 8;

    if (!*name)
        say(a, "the register at 0x%x has no name", r->off);
    if (!width)
        say(a, "register %s is %u bytes wide; 1, 2, 4 and 8 are", name, r->width);
    if (r->access < PB_R_RW || r->access > PB_R_RSVD)
        say(a, "register %s has access kind %u, there is none", name, r->access);
    if (r->var && (r->var - 1 > c->instance_size ||
                   (uint64_t)n * r->width > c->instance_size - (r->var - 1)))
        say(a, "register %s is stored outside the instance of %u bytes", name, c->instance_size);
    if ((r->flags & PB_REG_HOOK_R) && !c->regs->read)
        say(a, "register %s asks for a read hook, the table has none", name);
    if ((r->flags & PB_REG_HOOK_W) && !c->regs->write)
        say(a, "register %s asks for a write hook, the table has none", name);
    for (uint32_t i = 0; r->fields && i < r->n_fields; i++)
        if (!r->fields[i].width || r->fields[i].lsb + r->fields[i].width > r->width * 8)
            say(a, "field %s of register %s does not fit its %u bits",
                r->fields[i].name ? r->fields[i].name : "?", name, r->width * 8);
}

static void check_regs(const struct at *a, const struct pb_device_class *c)
{
    const struct pb_regs *t = c->regs;

    if (!t)
        return;
    if (t->size < offsetof(struct pb_regs, read) || (t->n && !t->reg)) {
        say(a, "its register table has %u bytes%s", t->size, t->reg ? "" : " and no registers");
        return;
    }
    for (uint32_t i = 0; i < t->n; i++) {
        const struct pb_reg *r = &t->reg[i];
        check_reg(a, c, r);
        /* interleaved arrays are told apart by their stride */
        if (i && r->off < t->reg[i - 1].off)
            say(a, "register %s (0x%x) stands after %s (0x%x): order them by offset",
                r->name ? r->name : "?", r->off, t->reg[i - 1].name, t->reg[i - 1].off);
        else if (i && !t->reg[i - 1].stride && reg_end(&t->reg[i - 1]) > r->off)
            say(a, "register %s (0x%x) overlaps %s, which ends at 0x%llx",
                r->name ? r->name : "?", r->off, t->reg[i - 1].name,
                (unsigned long long)reg_end(&t->reg[i - 1]));
    }
}

static void check_device(const struct at *a, const struct pb_device_class *c)
{
    if (c->instance_size > INSTANCE_MAX)
        say(a, "wants an instance of %u bytes", c->instance_size);
    check_props(a, c->props, c->n_props);
    check_state(a, c);
    check_regs(a, c);
    for (uint32_t i = 0; i < c->n_provides; i++)
        if (!c->provides || !c->provides[i].id || !c->provides[i].table)
            say(a, "interface %u that it provides has no id or no table", i);
}

/* The callbacks that a kind of backend cannot do without. */
static const char *backend_lacks(const char *kind, const void *ops)
{
    const struct pb_block_ops *b = ops;
    const struct pb_net_ops *n = ops;
    const struct pb_char_ops *c = ops;
    const struct pb_fs_ops *f = ops;

    if (!strcmp(kind, PB_CLASS_BLOCK))
        return !PB_HAS(struct pb_block_ops, b, info)     ? "info()"
               : !PB_HAS(struct pb_block_ops, b, submit) ? "submit()"
                                                         : NULL;
    if (!strcmp(kind, PB_CLASS_NET))
        return PB_HAS(struct pb_net_ops, n, frame) ? NULL : "frame()";
    if (!strcmp(kind, PB_CLASS_CHAR))
        return PB_HAS(struct pb_char_ops, c, data) ? NULL : "data()";
    return PB_HAS(struct pb_fs_ops, f, submit) ? NULL : "submit()";
}

static void check_backend(const struct at *a, const char *kind, const struct pb_backend_class *c)
{
    const char *lacks = c->ops ? backend_lacks(kind, c->ops) : NULL;

    if (lacks)
        say(a, "its operations lack %s", lacks);
    if (c->instance_size > INSTANCE_MAX)
        say(a, "wants an instance of %u bytes", c->instance_size);
    check_props(a, c->props, c->n_props);
}

static size_t least_size(int kind)
{
    return kind == PB_KIND_DEVICE      ? offsetof(struct pb_device_class, unrealize)
         : kind == PB_KIND_CPU         ? offsetof(struct pb_cpu_class, regs)
         : kind == PB_KIND_PERSONALITY ? sizeof(struct pb_personality_class)
         : kind == PB_KIND_PART        ? sizeof(struct pb_part_class)
                                       : offsetof(struct pb_backend_class, describe);
}

static void check_class(int kind, const struct pb_class_ref *r, uint32_t i, GPtrArray *bad)
{
    const struct pb_device_class *c = r->cls; /* every table begins with its size */
    const struct pb_cpu_class *cpu = r->cls;
    const struct pb_backend_class *b = r->cls;
    const struct pb_personality_class *p = r->cls;
    const struct pb_part_class *part = r->cls;
    struct at a = {bad, pb_kind_names[kind], kind == PB_KIND_CPU      ? cpu->id
                                             : kind == PB_KIND_DEVICE ? c->id
                                                                      : b->id};
    struct pb_device_class whole;

    if (!a.id || !*a.id) {
        g_ptr_array_add(bad, g_strdup_printf("class %u (%s) has no id", i, a.kind));
    } else if (c->size < least_size(kind)) {
        say(&a, "its table has %u bytes, at least %zu are needed", c->size, least_size(kind));
    } else if (kind == PB_KIND_DEVICE) {
        memset(&whole, 0, sizeof whole); /* it may be from older headers */
        memcpy(&whole, c, MIN(c->size, sizeof whole));
        check_device(&a, &whole);
    } else if (kind == PB_KIND_CPU) {
        check_props(&a, cpu->props, cpu->n_props);
    } else if (kind == PB_KIND_PERSONALITY) {
        if (!p->run)
            say(&a, "lacks run()");
        check_props(&a, p->props, p->n_props);
    } else if (kind == PB_KIND_PART) {
        if (!part->table)
            say(&a, "has no table");
    } else {
        check_backend(&a, r->kind, b);
    }
}

void pb_verify_classes(const struct pb_plugin *entry, GPtrArray *bad)
{
    for (uint32_t i = 0; i < entry->n_classes; i++) {
        const struct pb_class_ref *r = &entry->classes[i];
        int kind = 0;
        while (r->kind && kind < PB_KINDS && strcmp(r->kind, pb_kind_ids[kind]))
            kind++;
        if (!r->kind || !r->cls)
            g_ptr_array_add(bad, g_strdup_printf("class %u has no kind or no table", i));
        else if (kind < PB_KINDS) /* another one is a later host's business */
            check_class(kind, r, i, bad);
    }
}
