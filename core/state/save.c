/* SPDX-License-Identifier: MIT */
/* save.c - a machine's state to bytes and back.
 *
 * Format (little-endian; texts are u16 length and bytes):
 *   "PLUGSTAT", u32 format, text machine, then sections: u32 tag, u64 length, payload.
 *   MACHINE  u64 virtual time in ns
 *   RAM      text owner, text region, u64 bytes, u64 pages, pages times (u64 index, page)
 *   DEV      text name, text class, u32 state version, u32 fields,
 *            fields times (text name, u8 type, u32 count, elements)
 *   LINE     text device, text output, u32 index, u8 level
 *   TIMER    text device, text timer, u64 deadline
 *   END      nothing
 * Only pages with something in them are kept, at most 3.5 GiB of them. The stream is from
 * outside: the whole of it is checked before anything of the machine is touched.
 */
#include "state.h"

#include "../backend/backend.h"
#include "../cpu/cpu.h"
#include "../line/line.h"
#include "../machine/reset.h"
#include "../mem/mem.h"
#include "../thread/domain.h"
#include "../time/clock.h"

#include <string.h>
#include <sys/mman.h>

/* What the three kinds of class say about state. */
struct kept {
    uint32_t version, n;
    const struct pb_field *f;
    int (*save)(void *self, pb_state *s, pb_err *e);
    int (*load)(void *self, pb_state *s, pb_err *e);
};

static gboolean kept_of(const pb_dev *d, struct kept *k)
{
    if (!d->realized)
        return FALSE;
    if (d->cls->kind == PB_KIND_DEVICE) {
        const struct pb_device_class *c = d->cls->table;
        *k = (struct kept){c->state_version, c->n_state, c->state, c->save, c->load};
        return TRUE;
    }
    if (d->cls->kind == PB_KIND_CPU) {
        const struct pb_cpu_class *c = d->cls->table;
        *k = (struct kept){c->state_version, c->n_state, c->state,
                           PB_HAS(struct pb_cpu_class, c, save) ? c->save : NULL,
                           PB_HAS(struct pb_cpu_class, c, load) ? c->load : NULL};
        return TRUE;
    }
    return FALSE;
}

/* ---- Saving ------------------------------------------------------------------------------ */

static guint section(GByteArray *out, uint32_t tag)
{
    pb_out_uint(out, tag, 4);
    pb_out_uint(out, 0, 8);
    return out->len;
}

static void section_end(GByteArray *out, guint start)
{
    uint64_t n = out->len - start;

    for (uint32_t i = 0; i < 8; i++)
        out->data[start - 8 + i] = (uint8_t)(n >> i * 8);
}

static gboolean empty_page(const uint8_t *p, uint64_t n)
{
    return p[0] == 0 && (n == 1 || memcmp(p, p + 1, n - 1) == 0);
}

#define MAX_STATE 0xe0000000u /* what a GByteArray holds, with room for the devices */

static int save_ram(const pb_region *r, GByteArray *out, pb_err *e)
{
    guint start = section(out, PB_SEC_RAM);
    uint64_t len = r->last + 1, pages = 0;

    pb_out_text(out, r->d ? r->d->name : "");
    pb_out_text(out, r->name);
    pb_out_uint(out, len, 8);
    guint count_at = out->len;
    pb_out_uint(out, 0, 8);
    for (uint64_t at = 0; at < len; at += PB_PAGE) {
        uint64_t n = MIN(PB_PAGE, len - at);
        if (empty_page(r->host + at, n))
            continue;
        if (out->len > MAX_STATE)
            return pb_err_set(e, PB_ENOSPC, "the machine's memory holds more than a saved state "
                              "can: 3.5 GiB");
        pb_out_uint(out, at >> PB_PAGE_BITS, 8);
        g_byte_array_append(out, r->host + at, (guint)n);
        pages++;
    }
    for (uint32_t i = 0; i < 8; i++)
        out->data[count_at + i] = (uint8_t)(pages >> i * 8);
    section_end(out, start);
    return 0;
}

static int save_dev(pb_dev *d, const struct kept *k, GByteArray *out, pb_err *e)
{
    guint start = section(out, PB_SEC_DEV);
    struct pb_state s = {.out = out, .version = k->version};

    pb_out_text(out, d->name);
    pb_out_text(out, d->cls->id);
    pb_out_uint(out, k->version, 4);
    guint count_at = out->len;
    pb_out_uint(out, 0, 4);
    for (uint32_t i = 0; i < k->n; i++)
        pb_state_service.put(&s, k->f[i].name, k->f[i].type,
                             (const uint8_t *)d->self + k->f[i].offset, k->f[i].count);
    int rc = k->save ? k->save(d->self, &s, e) : 0;
    if (rc < 0)
        return pb_err_set(e, rc, "'%s' cannot be saved now", d->name);
    for (uint32_t i = 0; i < 4; i++)
        out->data[count_at + i] = (uint8_t)(s.n_fields >> i * 8);
    section_end(out, start);
    return 0;
}

static void save_lines(pb_dev *d, GByteArray *out)
{
    for (guint i = 0; i < d->lines->len; i++) {
        struct pb_wire *w = g_ptr_array_index(d->lines, i);
        guint start = section(out, PB_SEC_LINE);
        pb_out_text(out, d->name);
        pb_out_text(out, w->out);
        pb_out_uint(out, w->index, 4);
        pb_out_uint(out, atomic_load(&w->level), 1);
        section_end(out, start);
    }
}

/* Not those of backends, which are no part of the machine. */
static void save_timers(pb_dev *d, GByteArray *out)
{
    g_autoptr(GPtrArray) v = pb_timers_of(d);

    if (d->cls->kind != PB_KIND_DEVICE && d->cls->kind != PB_KIND_CPU)
        return;
    for (guint i = 0; i < v->len; i++) {
        pb_timer *t = g_ptr_array_index(v, i);
        guint start = section(out, PB_SEC_TIMER);
        pb_out_text(out, d->name);
        pb_out_text(out, t->name);
        pb_out_uint(out, (uint64_t)pb_timer_deadline(t), 8);
        section_end(out, start);
    }
}

/* A CPU that is switched on and off: its state, and how it is to start. */
static void save_power(pb_dev *d, GByteArray *out)
{
    const struct pb_cpu *c = d->cpu;

    if (!c || (!d->m->start_first && atomic_load(&c->power) == CPU_ON))
        return;
    guint start = section(out, PB_SEC_POWER);
    pb_out_text(out, d->name);
    pb_out_uint(out, atomic_load(&c->power), 1);
    pb_out_uint(out, c->start_pc, 8);
    pb_out_uint(out, c->n_start, 1);
    for (uint32_t i = 0; i < c->n_start; i++)
        pb_out_uint(out, c->start_args[i], 8);
    section_end(out, start);
}

/* Whose memory is saved: everyone's without a set, else that of its members. */
static gboolean memory_of(const pb_region *r, GHashTable *set)
{
    return r->host && (!set || (r->d && g_hash_table_contains(set, r->d)));
}

static int save_all(struct pb_machine *m, GHashTable *set, GByteArray *out, pb_err *e)
{
    struct pb_mem *mem = pb_mem(m);
    struct kept k;

    g_byte_array_append(out, (const guint8 *)PB_STATE_MAGIC, 8);
    pb_out_uint(out, PB_STATE_FORMAT, 4);
    pb_out_text(out, m->name);
    guint start = section(out, PB_SEC_MACHINE);
    pb_out_uint(out, (uint64_t)pb_clock_now(PB_CLK_VIRTUAL), 8);
    section_end(out, start);
    for (guint i = 0; i < mem->regions->len; i++) {
        const pb_region *r = g_ptr_array_index(mem->regions, i);
        if (memory_of(r, set) && save_ram(r, out, e) < 0)
            return PB_ENOSPC;
    }
    for (guint i = 0; i < m->devs->len; i++) {
        pb_dev *d = g_ptr_array_index(m->devs, i);
        int rc = kept_of(d, &k) ? save_dev(d, &k, out, e) : 0;
        if (rc < 0)
            return rc;
        save_lines(d, out);
        save_timers(d, out);
        save_power(d, out);
    }
    section_end(out, section(out, PB_SEC_END));
    return 0;
}

static int save(struct pb_machine *m, GHashTable *set, GByteArray *out, pb_err *e)
{
    if (m->state == PB_RUN_RUNNING)
        return pb_err_set(e, PB_EBUSY, "the machine must be stopped before it is saved");
    int rc = pb_state_settle(m, e);
    if (rc < 0)
        return rc;
    pb_char_hold(m, TRUE);
    GPtrArray *frozen = pb_domains_freeze(m);
    rc = save_all(m, set, out, e);
    pb_domains_thaw(frozen);
    pb_char_hold(m, FALSE);
    return rc;
}

int pb_machine_save(struct pb_machine *m, GByteArray *out, pb_err *e)
{
    return save(m, NULL, out, e);
}

int pb_machine_save_devices(struct pb_machine *m, GHashTable *set, GByteArray *out, pb_err *e)
{
    return save(m, set, out, e);
}

/* ---- Loading ----------------------------------------------------------------------------- */

static pb_dev *dev_named(struct pb_machine *m, const char *name)
{
    for (guint i = 0; i < m->devs->len; i++)
        if (!strcmp(((pb_dev *)g_ptr_array_index(m->devs, i))->name, name))
            return g_ptr_array_index(m->devs, i);
    return NULL;
}

static pb_region *region_named(struct pb_machine *m, const char *owner, const char *name)
{
    GPtrArray *v = pb_mem(m)->regions;

    for (guint i = 0; i < v->len; i++) {
        pb_region *r = g_ptr_array_index(v, i);
        if (r->host && !strcmp(r->name, name) && !strcmp(r->d ? r->d->name : "", owner))
            return r;
    }
    return NULL;
}

#define BAD(e, ...) pb_err_set(e, PB_EINVAL, "saved state: " __VA_ARGS__)

enum how { CHECK, STRICT, APPLY }; /* what is done: STRICT also minds fields nobody knows */

static int load_ram(struct pb_machine *m, struct pb_in *in, enum how how, pb_err *e)
{
    g_autofree char *owner = pb_in_text(in), *name = pb_in_text(in);
    uint64_t len = pb_in_uint(in, 8), pages = pb_in_uint(in, 8);
    pb_region *r = region_named(m, owner, name);

    if (in->bad || !r || r->last + 1 != len)
        return BAD(e, "memory '%s' of %" PRIu64 " bytes is not part of this machine", name, len);
    if (how == APPLY)
        madvise(r->host, (r->last | (PB_PAGE - 1)) + 1, MADV_DONTNEED);
    for (uint64_t i = 0; i < pages && !in->bad; i++) {
        uint64_t index = pb_in_uint(in, 8);
        if (in->bad || index > r->last >> PB_PAGE_BITS)
            return BAD(e, "page %" PRIu64 " is outside of memory '%s'", index, name);
        uint64_t n = MIN(PB_PAGE, len - (index << PB_PAGE_BITS));
        const uint8_t *p = pb_in_bytes(in, n);
        if (p && how == APPLY)
            memcpy(r->host + (index << PB_PAGE_BITS), p, n);
    }
    if (how == APPLY)
        pb_written(r, 0, len);
    return in->bad ? BAD(e, "memory '%s' is cut short", name) : 0;
}

static GArray *read_items(struct pb_in *in)
{
    uint32_t n = (uint32_t)pb_in_uint(in, 4);
    GArray *v = g_array_new(FALSE, TRUE, sizeof(struct pb_item));

    for (uint32_t i = 0; i < n && !in->bad; i++) {
        struct pb_item f = {0};
        f.name_len = (uint32_t)pb_in_uint(in, 2);
        f.name = (const char *)pb_in_bytes(in, f.name_len);
        f.type = (uint32_t)pb_in_uint(in, 1);
        f.count = (uint32_t)pb_in_uint(in, 4);
        f.data = pb_in_bytes(in, (uint64_t)f.count * pb_state_elem(f.type));
        if (!in->bad && pb_state_elem(f.type))
            g_array_append_val(v, f);
        else
            in->bad = TRUE;
    }
    return v;
}

static int load_fields(pb_dev *d, const struct kept *k, struct pb_state *s, enum how how,
                       pb_err *e)
{
    for (uint32_t i = 0; i < k->n; i++) {
        const struct pb_field *f = &k->f[i];
        uint64_t bytes = (uint64_t)f->count * pb_state_elem(f->type);
        g_autofree uint8_t *scratch = how == APPLY ? NULL : g_malloc(bytes + 8);
        void *to = how == APPLY ? (uint8_t *)d->self + f->offset : scratch;
        int rc = pb_state_service.get(s, f->name, f->type, to, f->count);
        if (rc == PB_EINVAL)
            return BAD(e, "field '%s' of '%s' has another type or length", f->name, d->name);
        if (rc == PB_ENOENT && f->since <= s->version)
            return BAD(e, "field '%s' of '%s' is missing", f->name, d->name);
    }
    return 0;
}

/* What was planned in the time of the host that runs the machine now is of before. */
static void disarm_real(pb_dev *d)
{
    g_autoptr(GPtrArray) v = pb_timers_of(d);

    for (guint i = 0; i < v->len; i++)
        if (((pb_timer *)g_ptr_array_index(v, i))->clock == PB_CLK_REAL)
            pb_timer_disarm(g_ptr_array_index(v, i));
}

static int load_dev(struct pb_machine *m, struct pb_in *in, enum how how, pb_err *e)
{
    g_autofree char *name = pb_in_text(in), *cls = pb_in_text(in);
    struct pb_state s = {.version = (uint32_t)pb_in_uint(in, 4)};
    pb_dev *d = dev_named(m, name);
    struct kept k;
    int rc;

    if (in->bad || !d || strcmp(d->cls->id, cls) || !kept_of(d, &k))
        return BAD(e, "this machine has no '%s' of class '%s'", name, cls);
    if (s.version > k.version)
        return pb_err_set(e, PB_EVERSION, "saved state: '%s' is of version %u, this %s knows "
                          "up to %u", name, s.version, cls, k.version);
    g_autoptr(GArray) items = read_items(in);
    s.items = items;
    if (how == APPLY)
        disarm_real(d);
    rc = in->bad ? BAD(e, "the fields of '%s' are cut short", name)
                 : load_fields(d, &k, &s, how, e);
    if (rc == 0 && how == APPLY && k.load) {
        rc = k.load(d->self, &s, e);
        if (rc < 0)
            pb_err_set(e, rc, "'%s' refuses the saved state", name);
    }
    for (guint i = 0; rc == 0 && how != CHECK && i < items->len; i++) {
        const struct pb_item *f = &g_array_index(items, struct pb_item, i);
        if (!f->seen && how == STRICT && !k.load)
            rc = BAD(e, "'%s' does not know field '%.*s'", name, (int)f->name_len, f->name);
        else if (!f->seen && how == APPLY)
            pb_warn("saved state: '%s' does not know field '%.*s', it is skipped", name,
                    (int)f->name_len, f->name);
    }
    return rc;
}

static int load_line(struct pb_machine *m, struct pb_in *in, enum how how, pb_err *e)
{
    g_autofree char *name = pb_in_text(in), *out = pb_in_text(in);
    uint32_t index = (uint32_t)pb_in_uint(in, 4), level = (uint32_t)pb_in_uint(in, 1);
    pb_dev *d = dev_named(m, name);
    struct pb_wire *w = d ? pb_wire_get(d, out, index, FALSE) : NULL;

    if (in->bad || !w || level > 1)
        return BAD(e, "'%s' has no output '%s' %u", name, out, index);
    if (how == APPLY)
        pb_line_restore(w, level);
    return 0;
}

static int load_timer(struct pb_machine *m, struct pb_in *in, enum how how, pb_err *e)
{
    g_autofree char *name = pb_in_text(in), *timer = pb_in_text(in);
    int64_t when = (int64_t)pb_in_uint(in, 8);
    pb_dev *d = dev_named(m, name);
    g_autoptr(GPtrArray) v = d ? pb_timers_of(d) : g_ptr_array_new();

    for (guint i = 0; i < v->len && !in->bad; i++) {
        pb_timer *t = g_ptr_array_index(v, i);
        if (strcmp(t->name, timer))
            continue;
        if (how == APPLY && when >= 0)
            pb_timer_arm(t, when);
        else if (how == APPLY && t->clock != PB_CLK_REAL) /* such as load() planned stay */
            pb_timer_disarm(t);
        return 0;
    }
    return BAD(e, "'%s' has no timer '%s'", name, timer);
}

static int load_power(struct pb_machine *m, struct pb_in *in, enum how how, pb_err *e)
{
    g_autofree char *name = pb_in_text(in);
    uint32_t power = (uint32_t)pb_in_uint(in, 1);
    uint64_t pc = pb_in_uint(in, 8), args[8];
    uint32_t n = (uint32_t)pb_in_uint(in, 1);
    pb_dev *d = dev_named(m, name);
    struct pb_cpu *c = d ? d->cpu : NULL;

    if (in->bad || !c || power > CPU_STOPPING || n > G_N_ELEMENTS(args))
        return BAD(e, "'%s' is no CPU that can be switched on", name);
    for (uint32_t i = 0; i < n; i++)
        args[i] = pb_in_uint(in, 8);
    if (how != APPLY || in->bad)
        return in->bad ? BAD(e, "the power state of '%s' is cut short", name) : 0;
    c->start_pc = pc;
    c->n_start = n;
    memcpy(c->start_args, args, n * sizeof *args);
    atomic_store(&c->power, power);
    return 0;
}

static int load_section(struct pb_machine *m, uint32_t tag, struct pb_in *in, enum how how,
                        pb_err *e)
{
    switch (tag) {
    case PB_SEC_MACHINE: {
        int64_t now = (int64_t)pb_in_uint(in, 8);
        if (in->bad || now < 0)
            return BAD(e, "the machine's clock is not valid");
        if (how == APPLY)
            pb_clock_set_virtual(now);
        return 0;
    }
    case PB_SEC_RAM:
        return load_ram(m, in, how, e);
    case PB_SEC_DEV:
        return load_dev(m, in, how, e);
    case PB_SEC_LINE:
        return load_line(m, in, how, e);
    case PB_SEC_TIMER:
        return load_timer(m, in, how, e);
    case PB_SEC_POWER:
        return load_power(m, in, how, e);
    default:
        return BAD(e, "section %u is not known to this version", tag);
    }
}

static int walk(struct pb_machine *m, const uint8_t *data, size_t n, enum how how, pb_err *e)
{
    struct pb_in in = {data, data + n, FALSE};
    const uint8_t *magic = pb_in_bytes(&in, 8);
    int rc = 0;

    if (!magic || memcmp(magic, PB_STATE_MAGIC, 8))
        return BAD(e, "this is no saved state");
    uint32_t format = (uint32_t)pb_in_uint(&in, 4);
    if (format != PB_STATE_FORMAT)
        return pb_err_set(e, PB_EVERSION, "saved state: its format is %u, this version reads %u",
                          format, PB_STATE_FORMAT);
    g_autofree char *name = pb_in_text(&in);
    if (in.bad || strcmp(name, m->name))
        return BAD(e, "it is of machine '%s', this is '%s'", name, m->name);
    for (;;) {
        uint32_t tag = (uint32_t)pb_in_uint(&in, 4);
        uint64_t len = pb_in_uint(&in, 8);
        const uint8_t *p = pb_in_bytes(&in, len);
        if (in.bad)
            return BAD(e, "it is cut short");
        if (tag == PB_SEC_END)
            return 0;
        struct pb_in part = {p, p + len, FALSE};
        rc = load_section(m, tag, &part, how, e);
        if (rc < 0)
            return rc;
        if (part.p != part.end)
            return BAD(e, "a section is longer than what is in it");
    }
}

int pb_machine_load_check(struct pb_machine *m, const uint8_t *data, size_t n, pb_err *e)
{
    return walk(m, data, n, STRICT, e);
}

int pb_machine_load(struct pb_machine *m, const uint8_t *data, size_t n, pb_err *e)
{
    if (m->state == PB_RUN_RUNNING)
        return pb_err_set(e, PB_EBUSY, "the machine must be stopped before a state is loaded");
    int rc = walk(m, data, n, CHECK, e);
    if (rc < 0)
        return rc;
    pb_char_hold(m, TRUE);
    pb_state_rest(m);
    pb_reset_all(m, PB_RESET_SNAPSHOT);
    /* a device that goes on, before all others have their state, would do so with what is no more */
    pb_state_rest(m);
    GPtrArray *frozen = pb_domains_freeze(m);
    pb_tl.quiet = TRUE; /* a sink has its state, or gets it: it knows the lines as they were */
    rc = walk(m, data, n, APPLY, e);
    pb_tl.quiet = FALSE;
    pb_domains_thaw(frozen);
    pb_char_hold(m, FALSE);
    return rc;
}
