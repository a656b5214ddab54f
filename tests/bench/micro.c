/* SPDX-License-Identifier: MIT */
/* micro.c - what the short paths of the core cost: best of several rounds, ns per operation.
 *
 * Not a test: numbers to compare before and after a change. Prints one line an operation:
 * domain enter and leave, a line to a parallel sink and to a serial one, a span lookup, an
 * I/O access of a vCPU, DMA copies, timer arm and disarm, the virtual clock.
 */
#include "../unit/core-fixture.h"
#include "mem/epoch.h"

#include <time.h>

#define LOOPS 200000
#define ROUNDS 15

static struct fx_dev *serial, *par, *from;
static struct fx_cpu *cpu;
static pb_as *as;
static pb_timer *timer;
static struct pb_span span;
static uint64_t buf[512];

static void none(void *opaque)
{
    (void)opaque;
}

static void op_lock(int i)
{
    (void)i;
    pb_domain_lock(serial->d->domain);
    pb_tl.held = serial->d->domain;
    pb_domain_unlock(serial->d->domain);
}

static void op_frame(int i)
{
    struct pb_frame f;

    (void)i;
    pb_cb_enter(&f, serial->d);
    pb_cb_leave(&f);
}

static void op_line_same(int i)
{
    (void)i;
    pb_line_set(fx_out(from, 0), 0);
}

static const struct pb_line *to_par, *to_serial;

static void op_line_par(int i)
{
    pb_line_set(to_par, i & 1);
}

static void op_line_serial(int i)
{
    pb_line_set(to_serial, i & 1);
}

static void op_span(int i)
{
    struct pb_span s;

    pb_cpu_service.span(cpu->c, 0x80000000 + ((uint64_t)i << 12 & 0xfffff), &s);
}

static void op_io(int i)
{
    struct pb_txn t = {.off = 8, .bytes = 4};

    (void)i;
    pb_cpu_service.io(cpu->c, &span, &t);
}

static void op_dma8(int i)
{
    pb_dma_read(as, 0x80000000 + ((uint64_t)i << 3 & 0xfff8), buf, 8);
}

static void op_dma4k(int i)
{
    pb_dma_write(as, 0x80000000 + ((uint64_t)i << 12 & 0xff000), buf, 4096);
}

static void op_map(int i)
{
    struct pb_window w;

    pb_dma_map(as, 0x80000000 + ((uint64_t)i << 12 & 0xff000), 4096, 1, &w);
    pb_mem_service.unmap(as, &w, 0);
}

static void op_timer(int i)
{
    pb_timer_arm(timer, INT64_MAX - i);
    pb_timer_disarm(timer);
}

static void op_clock(int i)
{
    (void)i;
    buf[0] += (uint64_t)pb_clock_now(PB_CLK_VIRTUAL);
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void bench(const char *what, void (*op)(int))
{
    double best = 1e18;

    for (int r = 0; r < ROUNDS; r++) {
        double start = now();
        for (int i = 0; i < LOOPS; i++)
            op(i);
        best = MIN(best, now() - start);
    }
    printf("%-44s %7.1f ns\n", what, best / LOOPS);
}

static void all(void)
{
    struct pb_machine *m = fx_machine();
    pb_err e = {0};

    pb_machine_add_ram(m, "ram", 0x80000000, 0x100000, &e);
    cpu = fx_make_cpu(m);
    pb_dev *d = fx_add(m, "fx-own", "from"), *p = fx_add(m, "fx-parallel", "par");
    serial = fx_make(m, "fx-serial", "serial");
    pb_dev_wire(d, "out", 1, p, 1, FALSE, &e);
    pb_dev_wire(d, "out", 2, serial->d, 2, FALSE, &e);
    pb_dev_realize(d, &e);
    pb_dev_realize(p, &e);
    from = d->self;
    par = p->self;
    for (int i = 0; i < 40; i++) { /* a view of a machine's usual size */
        struct fx_dev *f = fx_make(m, "fx-serial", NULL);
        pb_dev_place(f->d, 0, 0x10000000 + (uint64_t)i * 0x1000, &e);
    }
    pb_dev_place(serial->d, 0, 0x1000, &e);
    pb_dev_place(par->d, 0, 0x2000, &e);
    as = pb_mem_service.as(serial->d);
    to_par = fx_out(from, 1);
    to_serial = fx_out(from, 2);
    timer = pb_timer_new(d, "t", PB_CLK_VIRTUAL, none, NULL, &e);
    pb_clock_run(TRUE);
    pb_tl.cpu = cpu->c;
    pb_epoch_enter(); /* as a vCPU thread is while it runs */
    bench("domain lock and unlock", op_lock);
    bench("callback frame with domain", op_frame);
    bench("line, same level", op_line_same);
    bench("line to a parallel sink", op_line_par);
    bench("line to a sink in a free domain", op_line_serial);
    bench("vCPU: span lookup", op_span);
    pb_cpu_service.span(cpu->c, 0x1000, &span);
    bench("vCPU: 4-byte read of a serial device", op_io);
    pb_cpu_service.span(cpu->c, 0x2000, &span);
    bench("vCPU: 4-byte read of a parallel device", op_io);
    pb_epoch_leave();
    bench("DMA: read 8 bytes", op_dma8);
    bench("DMA: write 4 KiB", op_dma4k);
    bench("DMA: map and unmap a window", op_map);
    bench("timer arm and disarm", op_timer);
    bench("virtual clock", op_clock);
    pb_machine_free(m);
}

int main(void)
{
    return fx_run("core", "short paths\n", all);
}
