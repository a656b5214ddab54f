/* SPDX-License-Identifier: MIT */
/* reset.c - reset in three phases over the tree, in creation order.
 *
 * ENTER: everyone puts its own state back. HOLD: everyone is in reset and drives its
 * lines. Then the images of the boot plugin are written, so that a reset boots afresh.
 * EXIT: everyone leaves reset.
 */
#include "reset.h"

#include "../cpu/cpu.h"
#include "../line/line.h"
#include "../mem/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static void phase_of(pb_dev *d, uint32_t kind, uint32_t phase)
{
    const struct pb_device_class *c = d->cls->table;
    struct pb_frame f;

    if (!d->realized || d->cls->kind != PB_KIND_DEVICE ||
        !PB_HAS(struct pb_device_class, c, reset))
        return;
    pb_cb_enter(&f, d);
    c->reset(d->self, kind, phase);
    pb_cb_leave(&f);
}

void pb_reset_device(pb_dev *d, uint32_t kind)
{
    for (uint32_t phase = PB_RESET_ENTER; phase <= PB_RESET_EXIT; phase++)
        phase_of(d, kind, phase);
}

static void reset_cpu(pb_dev *d)
{
    struct pb_cpu *c = d->cpu;

    if (!d->realized)
        return;
    c->halted = 0;
    pb_cpu_power_reset(c);
    c->cls->reset(d->self, c->pc, c->args, c->n_args);
    pb_line_tell_all(d); /* its inputs are what they are */
}

#define KEEP_IN_MEMORY (1u << 20)
#define PIECE (1u << 20)
#define LARGE (512u << 10)

static gboolean write_all(int fd, const uint8_t *p, uint64_t len)
{
    while (len) {
        ssize_t n = write(fd, p, MIN(len, 1u << 30));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return FALSE;
        p += n;
        len -= (uint64_t)n;
    }
    return TRUE;
}

void pb_load_keep(struct pb_load *l, const void *data)
{
    const char *dir = g_getenv("TMPDIR");

    l->data = NULL;
    l->fd = l->len < KEEP_IN_MEMORY
                ? -1
                : open(dir && *dir ? dir : "/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (l->fd >= 0 && write_all(l->fd, data, l->len))
        return;
    if (l->fd >= 0)
        close(l->fd); /* no room there: memory has it */
    l->fd = -1;
    l->data = g_memdup2(data, l->len);
}

static int write_load(struct pb_machine *m, const struct pb_load *l)
{
    if (l->fd < 0)
        return pb_mem_poke(m, l->gpa, l->data, l->len);
    g_autofree uint8_t *buf = g_malloc(PIECE);
    for (uint64_t at = 0; at < l->len;) {
        ssize_t n = pread(l->fd, buf, MIN(l->len - at, PIECE), (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 || pb_mem_poke(m, l->gpa + at, buf, (uint64_t)n) < 0)
            return PB_EIO;
        at += (uint64_t)n;
    }
    return PB_OK;
}

/* Those of a size for huge pages, or the others. */
static void write_loads(struct pb_machine *m, gboolean large)
{
    for (guint i = 0; i < m->loads->len; i++) {
        struct pb_load *l = &g_array_index(m->loads, struct pb_load, i);
        if ((l->len >= LARGE) == large && write_load(m, l) < 0)
            pb_warn("%s: the memory at 0x%" PRIx64 " is gone, it was not loaded", l->what,
                    l->gpa);
    }
}

void pb_reset_all(struct pb_machine *m, uint32_t kind)
{
    for (uint32_t phase = PB_RESET_ENTER; phase <= PB_RESET_EXIT; phase++) {
        for (guint i = 0; i < m->devs->len; i++)
            phase_of(g_ptr_array_index(m->devs, i), kind, phase);
        if (phase == PB_RESET_ENTER)
            for (guint i = 0; i < m->cpus->len; i++)
                reset_cpu(g_ptr_array_index(m->cpus, i));
        if (phase == PB_RESET_HOLD && kind != PB_RESET_SNAPSHOT) {
            write_loads(m, FALSE);
            pb_ram_advise();
            write_loads(m, TRUE);
        }
    }
}

static void clear_load(void *p)
{
    struct pb_load *l = p;

    g_free(l->what);
    g_free(l->data);
    if (l->fd >= 0)
        close(l->fd);
}

void pb_loads_init(struct pb_machine *m)
{
    m->loads = g_array_new(FALSE, TRUE, sizeof(struct pb_load));
    g_array_set_clear_func(m->loads, clear_load);
}

void pb_loads_free(struct pb_machine *m)
{
    g_array_free(m->loads, TRUE);
    m->loads = NULL;
}
