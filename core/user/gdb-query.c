/* SPDX-License-Identifier: MIT */
/* gdb-query.c - what the debugger asks beforehand: features, the auxiliary vector, threads.
 * GDB manual, appendix E.4 (general queries).
 */
#include "debug.h"

#include <string.h>

#define G pb_user_dbg

/* "OFFSET,LENGTH" of `total` bytes: 'm' more, 'l' last. */
static void transfer(const char *p, const char *bytes, gsize total)
{
    uint64_t off, len;

    if (!bytes || !pb_gdb_number(&p, &off) || *p++ != ',' || !pb_gdb_number(&p, &len)) {
        pb_user_gdb_reply("E00");
        return;
    }
    off = MIN(off, total);
    len = MIN(MIN(len, total - off), PB_GDB_PACKET_MAX / 2);
    g_autoptr(GString) s = g_string_new(off + len < total ? "m" : "l");
    g_string_append_len(s, bytes + off, (gssize)len);
    pb_user_gdb_reply_bytes(s->str, s->len);
}

static void features(const char *p)
{
    const char *colon = strchr(p, ':');
    g_autofree char *annex = colon ? g_strndup(p, (gsize)(colon - p)) : NULL;
    const char *text = annex && PB_HAS(struct pb_cpu_class, G.cls, gdb_xml)
                           ? G.cls->gdb_xml(G.selected->self, annex) : NULL;

    transfer(colon ? colon + 1 : p, text, text ? strlen(text) : 0);
}

static void thread_list(void)
{
    g_autoptr(GString) s = g_string_new(NULL);

    for (struct pb_user_thread *t = G.threads; t && s->len < PB_GDB_PACKET_MAX / 2; t = t->next)
        g_string_append_printf(s, "%c%x", s->len ? ',' : 'm', (guint)t->tid);
    pb_user_gdb_reply(s->str);
}

static void thread_info(const char *p)
{
    g_autoptr(GString) s = g_string_new(NULL);
    struct pb_user_thread *t;
    uint64_t id;

    if (!pb_gdb_number(&p, &id) || !(t = pb_user_thread_find((int)id))) {
        pb_user_gdb_reply("E22");
        return;
    }
    const char *text = t->away ? "in a system call" : t->held ? "held" : "stopped";
    pb_gdb_hex(s, text, strlen(text));
    pb_user_gdb_reply(s->str);
}

void pb_user_gdb_query(const char *p)
{
    const void *auxv;
    char buf[24];
    uint32_t n;

    if (g_str_has_prefix(p, "Supported")) {
        pb_user_gdb_reply("PacketSize=4000;qXfer:features:read+;qXfer:auxv:read+;QStartNoAckMode+;"
              "vContSupported+");
    } else if (g_str_has_prefix(p, "Xfer:features:read:")) {
        features(p + 19);
    } else if (g_str_has_prefix(p, "Xfer:auxv:read::")) {
        auxv = pb_user_auxv(&n);
        transfer(p + 16, auxv, n);
    } else if (!strcmp(p, "C")) {
        g_snprintf(buf, sizeof buf, "QC%x", (guint)G.selected->tid);
        pb_user_gdb_reply(buf);
    } else if (!strcmp(p, "fThreadInfo")) {
        thread_list();
    } else if (!strcmp(p, "sThreadInfo")) {
        pb_user_gdb_reply("l");
    } else if (g_str_has_prefix(p, "ThreadExtraInfo,")) {
        thread_info(p + 16);
    } else {
        pb_user_gdb_reply(g_str_has_prefix(p, "Attached") ? "0" : "");
    }
}
