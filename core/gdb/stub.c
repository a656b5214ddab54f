/* SPDX-License-Identifier: MIT */
/* stub.c - the GDB remote stub (GDB manual, appendix E).
 *
 * A CPU is a thread, numbered from 1. Everything runs on the main thread; memory and
 * registers are touched only while the machine is stopped. With vCont a thread that is not
 * named stays held, so that a step moves one CPU alone.
 */
#include "gdb.h"

#include "../cpu/cpu.h"
#include "../monitor/command.h"

#include <plugboard/mem.h>

#include <inttypes.h>
#include <string.h>

struct point {
    uint32_t kind;
    uint64_t addr, len;
};

static pb_dev *cpu_dev(struct pb_gdb *g, guint i)
{
    return g_ptr_array_index(g->m->cpus, i < g->m->cpus->len ? i : 0);
}

static const struct pb_cpu_class *cpu_class(pb_dev *d)
{
    return ((struct pb_cpu *)d->cpu)->cls;
}

/* ---- Answers ----------------------------------------------------------------------------- */

static void reply_bytes(struct pb_gdb *g, const char *payload, gsize n)
{
    g_string_truncate(g->last, 0);
    pb_gdb_frame(g->last, payload, n);
    g->send(g, g->last->str, g->last->len);
}

static void reply(struct pb_gdb *g, const char *payload)
{
    reply_bytes(g, payload, strlen(payload));
}

static void reply_stop(struct pb_gdb *g)
{
    static const char *const watch[] = {[2] = "watch", [3] = "rwatch", [4] = "awatch"};
    pb_dev *d = cpu_dev(g, g->stopped);
    const struct pb_cpu_class *c = cpu_class(d);
    g_autoptr(GString) s = g_string_new(NULL);
    uint32_t kind = 0;

    g->running = FALSE;
    g->thread_g = g->thread_c = g->stopped;
    g_string_printf(s, "T%02xthread:%02x;", g->m->state == PB_RUN_DEBUG ? 5 : 2, g->stopped + 1);
    if (g->m->state == PB_RUN_DEBUG && PB_HAS(struct pb_cpu_class, c, stop_addr)) {
        uint64_t at = c->stop_addr(d->self, &kind);
        if (kind >= 2 && kind <= 4)
            g_string_append_printf(s, "%s:%" PRIx64 ";", watch[kind], at);
    }
    reply(g, s->str);
}

/* A CPU stopped; or the user did it. */
static void on_debug(struct pb_machine *m, pb_dev *cpu);

/* ---- Registers --------------------------------------------------------------------------- */

static const struct pb_cpu_reg *find_reg(pb_dev *d, uint32_t gdb)
{
    const struct pb_cpu_reg *r;
    uint32_t n = cpu_class(d)->regs(d->self, &r);

    for (uint32_t i = 0; i < n; i++)
        if (r[i].gdb == gdb)
            return &r[i];
    return NULL;
}

static void append_reg(GString *s, pb_dev *d, const struct pb_cpu_reg *r)
{
    uint8_t v[64] = {0};
    uint32_t bytes = (r->bits + 7) / 8;

    if (bytes <= sizeof v && cpu_class(d)->reg_get(d->self, r->id, v, bytes) >= 0)
        pb_gdb_hex(s, v, bytes);
    else
        for (uint32_t i = 0; i < bytes; i++)
            g_string_append(s, "xx");
}

/* The registers of the g packet, in gdb's order. */
static const struct pb_cpu_reg *general(pb_dev *d, uint32_t i)
{
    const struct pb_cpu_reg *r = find_reg(d, i);
    return r && (r->flags & PB_REG_GROUP_GENERAL) ? r : NULL;
}

static void read_all(struct pb_gdb *g)
{
    g_autoptr(GString) s = g_string_new(NULL);
    pb_dev *d = cpu_dev(g, g->thread_g);
    const struct pb_cpu_reg *r;

    for (uint32_t i = 0; (r = general(d, i)); i++)
        append_reg(s, d, r);
    reply(g, s->str);
}

static void write_all(struct pb_gdb *g, const char *p)
{
    pb_dev *d = cpu_dev(g, g->thread_g);
    uint8_t v[4096];
    int n = pb_gdb_unhex(p, v, sizeof v), at = 0;
    const struct pb_cpu_reg *r;

    for (uint32_t i = 0; n > 0 && (r = general(d, i)); i++) {
        int bytes = (int)(r->bits + 7) / 8;
        if (bytes > n - at)
            break;
        cpu_class(d)->reg_set(d->self, r->id, v + at, (uint32_t)bytes);
        at += bytes;
    }
    reply(g, n > 0 ? "OK" : "E01");
}

static void read_one(struct pb_gdb *g, const char *p)
{
    g_autoptr(GString) s = g_string_new(NULL);
    pb_dev *d = cpu_dev(g, g->thread_g);
    uint64_t i;
    const struct pb_cpu_reg *r = pb_gdb_number(&p, &i) ? find_reg(d, (uint32_t)i) : NULL;

    if (r)
        append_reg(s, d, r);
    reply(g, r ? s->str : "E01");
}

static void write_one(struct pb_gdb *g, const char *p)
{
    pb_dev *d = cpu_dev(g, g->thread_g);
    uint8_t v[64];
    uint64_t i;
    const struct pb_cpu_reg *r = pb_gdb_number(&p, &i) ? find_reg(d, (uint32_t)i) : NULL;
    int n = r && *p == '=' ? pb_gdb_unhex(p + 1, v, sizeof v) : -1;

    if (n < 0 || (uint32_t)n != (r->bits + 7) / 8 ||
        cpu_class(d)->reg_set(d->self, r->id, v, (uint32_t)n) < 0)
        reply(g, "E01");
    else
        reply(g, "OK");
}

/* ---- Memory ------------------------------------------------------------------------------ */

/* Move `n` bytes of the current thread's memory, page by page; how many went. */
static gsize move(struct pb_gdb *g, uint64_t va, uint8_t *buf, gsize n, gboolean write)
{
    const struct pb_svc_mem *mem = pb_the_host.get(&pb_the_host, PB_SVC_MEM);
    pb_dev *d = cpu_dev(g, g->thread_g);
    const struct pb_cpu_class *c = cpu_class(d);
    gsize done = 0;

    while (done < n) {
        uint64_t at = va + done, pa = at;
        gsize run = MIN(n - done, 4096 - (at & 4095));
        if (!g->phys && c->translate(d->self, at, 0, &pa) < 0)
            break;
        if ((write ? mem->write(mem->as(d), pa, buf + done, run)
                   : mem->read(mem->as(d), pa, buf + done, run)) < 0)
            break;
        done += run;
    }
    return done;
}

static void read_memory(struct pb_gdb *g, const char *p)
{
    g_autoptr(GString) s = g_string_new(NULL);
    uint8_t buf[PB_GDB_PACKET_MAX / 2];
    uint64_t va, n;

    if (!pb_gdb_number(&p, &va) || *p++ != ',' || !pb_gdb_number(&p, &n)) {
        reply(g, "E01");
        return;
    }
    gsize got = move(g, va, buf, MIN(n, sizeof buf - 8), FALSE);
    pb_gdb_hex(s, buf, got);
    reply(g, got || !n ? s->str : "E14");
}

/* M: hex after the colon; X: the bytes themselves. */
static void write_memory(struct pb_gdb *g, const char *p, gsize len, gboolean binary)
{
    const char *end = p + len;
    uint8_t buf[PB_GDB_PACKET_MAX];
    uint64_t va, n;
    int have = -1;

    if (pb_gdb_number(&p, &va) && *p++ == ',' && pb_gdb_number(&p, &n) && *p++ == ':') {
        have = binary ? (int)(end - p) : pb_gdb_unhex(p, buf, sizeof buf);
        if (binary)
            memcpy(buf, p, (gsize)have);
        if (have >= 0 && (uint64_t)have != n)
            have = -1;
    }
    if (have < 0)
        reply(g, "E01");
    else
        reply(g, move(g, va, buf, (gsize)have, TRUE) == (gsize)have ? "OK" : "E14");
}

/* ---- Points ------------------------------------------------------------------------------ */

static int set_point(struct pb_gdb *g, const struct point *pt, gboolean on)
{
    int rc = 0;

    for (guint i = 0; i < g->m->cpus->len && rc >= 0; i++) {
        pb_dev *d = cpu_dev(g, i);
        rc = cpu_class(d)->breakpoint(d->self, pt->kind, pt->addr, pt->len, on);
    }
    return rc;
}

static void point(struct pb_gdb *g, const char *p, gboolean on)
{
    struct point pt;
    uint64_t kind;

    if (!pb_gdb_number(&p, &kind) || kind > 4 || *p++ != ',' || !pb_gdb_number(&p, &pt.addr) ||
        *p++ != ',' || !pb_gdb_number(&p, &pt.len)) {
        reply(g, "E01");
        return;
    }
    pt.kind = (uint32_t)kind;
    if (set_point(g, &pt, on) < 0) {
        reply(g, "E22");
        return;
    }
    for (guint i = 0; i < g->points->len; i++) {
        struct point *x = &g_array_index(g->points, struct point, i);
        if (x->kind == pt.kind && x->addr == pt.addr && x->len == pt.len) {
            g_array_remove_index_fast(g->points, i);
            break;
        }
    }
    if (on)
        g_array_append_val(g->points, pt);
    reply(g, "OK");
}

/* ---- Running ----------------------------------------------------------------------------- */

static void step_cpu(struct pb_gdb *g, guint i, gboolean on)
{
    pb_dev *d = cpu_dev(g, i);
    cpu_class(d)->step(d->self, on);
}

/* actions[i]: 0 held, 'c' or 's'. */
static void resume(struct pb_gdb *g, const char *actions)
{
    for (guint i = 0; i < g->m->cpus->len; i++) {
        step_cpu(g, i, actions[i] == 's');
        pb_cpu_hold(cpu_dev(g, i), actions[i] == 0);
    }
    g->running = TRUE;
    pb_machine_start(g->m);
}

static void release_all(struct pb_gdb *g)
{
    for (guint i = 0; i < g->m->cpus->len; i++) {
        step_cpu(g, i, FALSE);
        pb_cpu_hold(cpu_dev(g, i), FALSE);
    }
}

/* "vCont;s:1;c" - the first action that names a thread, or names none, is the thread's. */
static void vcont(struct pb_gdb *g, const char *p)
{
    g_autofree char *act = g_malloc0(g->m->cpus->len);
    gboolean any = FALSE;

    while (*p == ';') {
        char a = *++p;
        uint64_t sig, id = 0;
        gboolean all = TRUE;
        p += *p != 0;
        if (a == 'C' || a == 'S') {
            pb_gdb_number(&p, &sig);
            a = a == 'C' ? 'c' : 's';
        }
        if (*p == ':') {
            p++;
            all = p[0] == '-' && p[1] == '1';
            p += all ? 2 : 0;
            if (!all && !pb_gdb_number(&p, &id))
                break;
        }
        if (a != 'c' && a != 's')
            break;
        for (guint i = 0; i < g->m->cpus->len; i++)
            if (!act[i] && (all || id == i + 1)) {
                act[i] = a;
                any = TRUE;
            }
    }
    if (*p || !any) /* nobody would run, and so nobody ever stop */
        reply(g, "E01");
    else
        resume(g, act);
}

static void run_one(struct pb_gdb *g, const char *p, char how)
{
    g_autofree char *act = g_malloc(g->m->cpus->len);
    uint64_t pc;

    memset(act, how == 's' ? 0 : 'c', g->m->cpus->len);
    act[MIN(g->thread_c, g->m->cpus->len - 1)] = how;
    if (pb_gdb_number(&p, &pc)) {
        pb_dev *d = cpu_dev(g, g->thread_c);
        cpu_class(d)->set_pc(d->self, pc);
    }
    resume(g, act);
}

static void on_debug_cpu(struct pb_gdb *g, pb_dev *cpu)
{
    for (guint i = 0; i < g->m->cpus->len; i++)
        if (cpu_dev(g, i) == cpu)
            g->stopped = i;
    release_all(g);
    reply_stop(g);
}

static struct pb_gdb *attached; /* the one debugger */

static void on_debug(struct pb_machine *m, pb_dev *cpu)
{
    (void)m;
    if (attached)
        on_debug_cpu(attached, cpu);
}

static void interrupt(struct pb_gdb *g)
{
    if (!g->running)
        return;
    pb_machine_stop(g->m, PB_RUN_PAUSED);
    release_all(g);
    reply_stop(g);
}

/* ---- Queries ----------------------------------------------------------------------------- */

/* "OFFSET,LENGTH" of a text: 'm' more, 'l' last. */
static void transfer(struct pb_gdb *g, const char *text, const char *p)
{
    uint64_t off, len;
    gsize total = strlen(text);

    if (!pb_gdb_number(&p, &off) || *p++ != ',' || !pb_gdb_number(&p, &len)) {
        reply(g, "E00");
        return;
    }
    off = MIN(off, total);
    len = MIN(MIN(len, total - off), PB_GDB_PACKET_MAX / 2);
    g_autoptr(GString) s = g_string_new(off + len < total ? "m" : "l");
    g_string_append_len(s, text + off, (gssize)len);
    reply_bytes(g, s->str, s->len);
}

static void features(struct pb_gdb *g, const char *p)
{
    pb_dev *d = cpu_dev(g, 0);
    const struct pb_cpu_class *c = cpu_class(d);
    const char *colon = strchr(p, ':');
    g_autofree char *annex = colon ? g_strndup(p, (gsize)(colon - p)) : NULL;
    const char *xml = annex && PB_HAS(struct pb_cpu_class, c, gdb_xml) ? c->gdb_xml(d->self, annex)
                                                                       : NULL;

    if (xml)
        transfer(g, xml, colon + 1);
    else
        reply(g, "E00");
}

static void monitor(struct pb_gdb *g, const char *hex)
{
    uint8_t line[1024];
    int n = pb_gdb_unhex(hex, line, sizeof line - 1);
    g_autoptr(GString) s = g_string_new(NULL);

    if (n < 0) {
        reply(g, "E01");
        return;
    }
    line[n] = 0;
    g_autoptr(GString) text = g_string_new(NULL);
    struct pb_mon mon = {.m = g->m, .cpu = g->thread_g, .out = text};
    pb_command_line(&mon, (char *)line);
    pb_gdb_hex(s, text->str, MIN(text->len, PB_GDB_PACKET_MAX / 2 - 16));
    reply(g, s->len ? s->str : "OK");
}

static void thread_list(struct pb_gdb *g)
{
    g_autoptr(GString) s = g_string_new("m");

    for (guint i = 0; i < g->m->cpus->len; i++)
        g_string_append_printf(s, "%s%x", i ? "," : "", i + 1);
    reply(g, s->str);
}

static void thread_info(struct pb_gdb *g, const char *p)
{
    g_autoptr(GString) s = g_string_new(NULL);
    uint64_t id;

    if (!pb_gdb_number(&p, &id) || id == 0 || id > g->m->cpus->len) {
        reply(g, "E22");
        return;
    }
    struct pb_cpu *c = cpu_dev(g, (guint)id - 1)->cpu;
    g_autofree char *text = g_strdup_printf("CPU#%u %s [%s]", c->index, c->cls->id,
                                            atomic_load(&c->power) != CPU_ON ? "off"
                                            : c->halted                   ? "halted"
                                                                          : "running");
    pb_gdb_hex(s, text, strlen(text));
    reply(g, s->str);
}

static void query(struct pb_gdb *g, const char *p)
{
    char buf[200];

    if (g_str_has_prefix(p, "qSupported")) {
        g_snprintf(buf, sizeof buf, "PacketSize=%x;qXfer:features:read+;vContSupported+;"
                   "QStartNoAckMode+;swbreak-;hwbreak-", PB_GDB_PACKET_MAX);
        reply(g, buf);
    } else if (g_str_has_prefix(p, "qXfer:features:read:")) {
        features(g, p + 20);
    } else if (g_str_has_prefix(p, "qRcmd,")) {
        monitor(g, p + 6);
    } else if (!strcmp(p, "qfThreadInfo")) {
        thread_list(g);
    } else if (!strcmp(p, "qsThreadInfo")) {
        reply(g, "l");
    } else if (g_str_has_prefix(p, "qThreadExtraInfo,")) {
        thread_info(g, p + 17);
    } else if (!strcmp(p, "qC")) {
        g_snprintf(buf, sizeof buf, "QC%x", g->thread_g + 1);
        reply(g, buf);
    } else if (g_str_has_prefix(p, "qAttached")) {
        reply(g, "1");
    } else if (!strcmp(p, "QStartNoAckMode")) {
        reply(g, "OK");
        g->no_ack = TRUE;
    } else if (!strcmp(p, "qqemu.PhyMemMode")) {
        reply(g, g->phys ? "1" : "0");
    } else if (g_str_has_prefix(p, "Qqemu.PhyMemMode:")) {
        g->phys = p[17] == '1';
        reply(g, "OK");
    } else {
        reply(g, ""); /* not known: the debugger does without */
    }
}

/* ---- Packets ----------------------------------------------------------------------------- */

static void select_thread(struct pb_gdb *g, const char *p)
{
    char what = *p ? *p++ : 0;
    uint64_t id = 1;

    if (!(p[0] == '-' && p[1] == '1') && !pb_gdb_number(&p, &id)) {
        reply(g, "E22");
        return;
    }
    if (id > g->m->cpus->len) {
        reply(g, "E22");
        return;
    }
    if (what == 'g')
        g->thread_g = id ? (guint)id - 1 : g->thread_g;
    else if (what == 'c')
        g->thread_c = id ? (guint)id - 1 : g->thread_c;
    reply(g, "OK");
}

static void verbose(struct pb_gdb *g, const char *p)
{
    if (!strcmp(p, "vCont?"))
        reply(g, "vCont;c;C;s;S");
    else if (g_str_has_prefix(p, "vCont"))
        vcont(g, p + 5);
    else if (g_str_has_prefix(p, "vKill")) {
        reply(g, "OK");
        pb_machine_request(g->m, 3, 0);
    } else
        reply(g, "");
}

static void handle(struct pb_gdb *g)
{
    const char *p = g->rx.buf;
    uint64_t id;

    if (g->m->state == PB_RUN_RUNNING) /* a monitor's "cont": the debugger thinks that it stands */
        pb_machine_stop(g->m, PB_RUN_PAUSED);
    switch (p[0]) {
    case '?': reply_stop(g); break;
    case 'g': read_all(g); break;
    case 'G': write_all(g, p + 1); break;
    case 'p': read_one(g, p + 1); break;
    case 'P': write_one(g, p + 1); break;
    case 'm': read_memory(g, p + 1); break;
    case 'M': write_memory(g, p + 1, g->rx.len - 1, FALSE); break;
    case 'X': write_memory(g, p + 1, g->rx.len - 1, TRUE); break;
    case 'Z': point(g, p + 1, TRUE); break;
    case 'z': point(g, p + 1, FALSE); break;
    case 'c': run_one(g, p + 1, 'c'); break;
    case 's': run_one(g, p + 1, 's'); break;
    case 'H': select_thread(g, p + 1); break;
    case 'T':
        p++;
        reply(g, pb_gdb_number(&p, &id) && id && id <= g->m->cpus->len ? "OK" : "E22");
        break;
    case 'q':
    case 'Q': query(g, p); break;
    case 'v': verbose(g, p); break;
    case 'D':
        reply(g, "OK");
        pb_gdb_detach(g);
        break;
    case 'k': pb_machine_request(g->m, 3, 0); break;
    default: reply(g, ""); break;
    }
}

void pb_gdb_receive(struct pb_gdb *g, const uint8_t *buf, gsize n)
{
    for (gsize i = 0; i < n && !g->detached; i++) {
        switch (pb_gdb_feed(&g->rx, buf[i])) {
        case PB_GDB_PACKET:
            if (!g->no_ack)
                g->send(g, "+", 1);
            if (!g->running) /* while running, only an interrupt is listened to */
                handle(g);
            break;
        case PB_GDB_BAD:
            if (!g->no_ack)
                g->send(g, "-", 1);
            break;
        case PB_GDB_INTERRUPT:
            interrupt(g);
            break;
        case PB_GDB_NAK:
            if (g->last->len && !g->no_ack)
                g->send(g, g->last->str, g->last->len);
            break;
        default:
            break;
        }
    }
}

/* ---- Life -------------------------------------------------------------------------------- */

void pb_gdb_init(struct pb_gdb *g, struct pb_machine *m)
{
    memset(g, 0, sizeof *g);
    g->m = m;
    g->last = g_string_new(NULL);
    g->points = g_array_new(FALSE, FALSE, sizeof(struct point));
}

void pb_gdb_fini(struct pb_gdb *g)
{
    if (attached == g)
        attached = NULL;
    g_string_free(g->last, TRUE);
    g_array_free(g->points, TRUE);
}

void pb_gdb_attach(struct pb_gdb *g)
{
    attached = g;
    g->m->debug = on_debug;
    if (g->m->state == PB_RUN_RUNNING)
        pb_machine_stop(g->m, PB_RUN_PAUSED);
}

void pb_gdb_exited(struct pb_gdb *g)
{
    char buf[8];

    g_snprintf(buf, sizeof buf, "W%02x", (unsigned)g->m->exit_code & 0xff);
    reply(g, buf);
}

void pb_gdb_detach(struct pb_gdb *g)
{
    if (g->detached)
        return;
    g->detached = TRUE;
    if (g->m->state == PB_RUN_RUNNING)
        pb_machine_stop(g->m, PB_RUN_PAUSED);
    for (guint i = 0; i < g->points->len; i++)
        set_point(g, &g_array_index(g->points, struct point, i), FALSE);
    g_array_set_size(g->points, 0);
    release_all(g);
    g->m->debug = NULL;
    attached = NULL;
    pb_machine_start(g->m);
    g->close(g);
}
