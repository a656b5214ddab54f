/* SPDX-License-Identifier: MIT */
/* gdb-data.c - registers and memory for the debugger: g, G, p, P, m, M, X.
 * GDB manual, appendix E.2.
 */
#include "debug.h"

#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define G pb_user_dbg

/* ---- Registers --------------------------------------------------------------------------- */

static const struct pb_cpu_reg *find_reg(uint32_t gdb)
{
    const struct pb_cpu_reg *r;
    uint32_t n = G.cls->regs(G.selected->self, &r);

    for (uint32_t i = 0; i < n; i++)
        if (r[i].gdb == gdb)
            return &r[i];
    return NULL;
}

static void append_reg(GString *s, const struct pb_cpu_reg *r)
{
    uint32_t bytes = (r->bits + 7) / 8;
    uint8_t v[64] = {0};

    if (bytes <= sizeof v && G.cls->reg_get(G.selected->self, r->id, v, bytes) >= 0)
        pb_gdb_hex(s, v, bytes);
    else
        for (uint32_t i = 0; i < bytes; i++)
            g_string_append(s, "xx");
}

void pb_user_gdb_registers(const char *p, gboolean write)
{
    g_autoptr(GString) s = g_string_new(NULL);
    const struct pb_cpu_reg *r;
    uint8_t v[4096];
    int n = write ? pb_gdb_unhex(p, v, sizeof v) : 0, at = 0;

    for (uint32_t i = 0; (r = find_reg(i)) && (r->flags & PB_REG_GROUP_GENERAL); i++) {
        int bytes = (int)(r->bits + 7) / 8;
        if (!write)
            append_reg(s, r);
        else if (bytes <= n - at)
            G.cls->reg_set(G.selected->self, r->id, v + at, (uint32_t)bytes);
        at += bytes;
    }
    pb_user_gdb_reply(write ? (n > 0 ? "OK" : "E01") : s->str);
}

void pb_user_gdb_register(const char *p, gboolean write)
{
    g_autoptr(GString) s = g_string_new(NULL);
    const struct pb_cpu_reg *r;
    uint8_t v[64];
    uint64_t i;
    int n;

    if (!pb_gdb_number(&p, &i) || !(r = find_reg((uint32_t)i))) {
        pb_user_gdb_reply("E01");
    } else if (!write) {
        append_reg(s, r);
        pb_user_gdb_reply(s->str);
    } else {
        n = *p == '=' ? pb_gdb_unhex(p + 1, v, sizeof v) : -1;
        pb_user_gdb_reply(n == (int)(r->bits + 7) / 8 &&
              G.cls->reg_set(G.selected->self, r->id, v, (uint32_t)n) >= 0 ? "OK" : "E01");
    }
}

/* ---- Memory: our own, by a call that does not fault -------------------------------------- */

void pb_user_gdb_memory(const char *p, gsize len, char kind)
{
    g_autoptr(GString) s = g_string_new(NULL);
    uint8_t buf[PB_GDB_PACKET_MAX];
    const char *end = p + len;
    uint64_t va, n;
    int have = -1;

    if (!pb_gdb_number(&p, &va) || *p++ != ',' || !pb_gdb_number(&p, &n)) {
        pb_user_gdb_reply("E01");
        return;
    }
    struct iovec here = {buf, MIN(n, sizeof buf / 2 - 8)}, there = {(void *)(uintptr_t)va, 0};
    if (kind == 'm') {
        there.iov_len = here.iov_len;
        ssize_t k = va < PB_USER_TOP ? process_vm_readv(getpid(), &here, 1, &there, 1, 0) : -1;
        if (k > 0)
            pb_gdb_hex(s, buf, (gsize)k);
        pb_user_gdb_reply(k > 0 || !n ? s->str : "E14");
        return;
    }
    if (*p++ == ':') {
        have = kind == 'X' ? (int)(end - p) : pb_gdb_unhex(p, buf, sizeof buf);
        if (kind == 'X' && have >= 0)
            memcpy(buf, p, (gsize)have);
    }
    if (have < 0 || (uint64_t)have != n) {
        pb_user_gdb_reply("E01");
        return;
    }
    here.iov_len = there.iov_len = (gsize)have;
    gboolean done = !n || (va < PB_USER_TOP &&
                           process_vm_writev(getpid(), &here, 1, &there, 1, 0) == have);
    if (done && n)
        G.user->code_check(G.selected->self, va, n);
    pb_user_gdb_reply(done ? "OK" : "E14");
}
