/* SPDX-License-Identifier: MIT */
/* fuzz-virtio.c - a hostile driver against one virtio device.
 *
 *     fuzz-virtio PLUGIN CLASS [FORM] [--count N] [--seed S]
 *
 * FORM is how it is attached and driven: --mmio (the default), --pci (transitional, by a modern
 * driver), --modern (non-transitional), --legacy (transitional, by a legacy driver), --old-mmio
 * (a slot of version 1).
 *
 * Mixes valid chains with damaged descriptors, indices, wrap counters and indirect tables,
 * random register accesses, frames and typing from the backend, changes of the memory map,
 * resets and reloads. Exits 0 when the device survived and still serves a driver that
 * behaves, after every reset; a sanitizer, the bench or a crash says otherwise. */
#include "virtio-driver.h"

#include <stdlib.h>
#include <string.h>

static pbt *b;
static struct pd pci;
#define BDF 0x08u
static pb_dev *m, *disk, *wire, *chr, *scsi; /* scsi: a host with units */
static struct vd v;
static uint64_t seed = 1, served, resets;
static uint32_t n_queues = 1;
static enum { MMIO, PCI, MODERN, LEGACY, OLD_MMIO } form;
#define IS_MMIO (form == MMIO || form == OLD_MMIO)
static const char *const forms[] = {"--mmio", "--pci", "--modern", "--legacy", "--old-mmio"};

static uint32_t rnd(uint32_t n)
{
    return (uint32_t)(pbt_rand(&seed) % n);
}

static int32_t answer(void *user, const uint8_t *t, uint32_t n, uint8_t *r, uint32_t max)
{
    (void)user;
    (void)t;
    if (max < 11)
        return -1;
    memset(r, (int)n, 11);
    return 11;
}

static uint64_t wild(void)
{
    static const uint32_t some[] = {0, 1, 2, 15, 16, 17, 255, 256, 0x7fff, 0x8000, 0xffff,
                                    0x10000, 0x7fffffff, 0x80000000, 0xffffffff};
    switch (rnd(4)) {
    case 0:
        return pbt_rand(&seed);
    case 1:
        return VD_RAM + rnd(VD_RAM_LEN);
    case 2:
        return VD_RAM + VD_RAM_LEN - rnd(64);
    default:
        return some[rnd(sizeof some / sizeof *some)];
    }
}

static void restart(void)
{
    static const uint32_t sizes[] = {1, 2, 4, 8, 16, 64};
    uint64_t f = (vd_offered(&v) & pbt_rand(&seed)) | PB_VIRTIO_F_VERSION_1;

    v.heap = VD_RAM;
    pbt_settle(b);
    if (v.pci) { /* whatever was done to it: place it anew */
        pci.mem = PD_MEM;
        pci.high = PD_HIGH;
        pci.io = 0x1000;
        pd_setup(&pci, BDF);
        pd_set(&pci, BDF, pd_cap(&pci, BDF, 0x11) + 2, 0, 2); /* MSI-X moves the I/O BAR's end */
        v.bar = pd_bar(&pci, BDF, form == LEGACY ? 0 : 4);
        f = (vd_offered(&v) & pbt_rand(&seed)) | PB_VIRTIO_F_VERSION_1;
    }
    if (vd_reg(&v, VR_DeviceID) == 0)
        return;
    vd_negotiate(&v, f);
    if (!v.legacy && !(vd_reg(&v, VR_Status) & VS_FEATURES_OK)) {
        fprintf(stderr, "fuzz-virtio: offered features were refused\n");
        exit(1);
    }
    for (uint32_t q = 0; q < n_queues; q++) {
        vd_set(&v, VR_QueueSel, q);
        uint32_t max = vd_reg(&v, VR_QueueNumMax), num = sizes[rnd(6)];
        vd_queue(&v, q, num < max ? num : max);
    }
    vd_go(&v);
    if (vd_reg(&v, VR_Status) & VS_NEEDS_RESET) {
        fprintf(stderr, "fuzz-virtio: a reset did not recover the device\n");
        exit(1);
    }
    resets++;
}

static struct vd_buf buffer(uint32_t len, uint32_t write)
{
    return (struct vd_buf){vd_alloc(&v, len ? len : 1, 1), len ? len : 1, write};
}

static void scsi_head(uint32_t q, uint8_t *p)
{
    static const uint8_t ops[] = {0x00, 0x03, 0x08, 0x0a, 0x12, 0x15, 0x1a, 0x1b, 0x1e, 0x25, 0x28,
                                  0x2a, 0x2f, 0x35, 0x41, 0x42, 0x43, 0x46, 0x4a, 0x51, 0x55, 0x5a,
                                  0x88, 0x8a, 0x8f, 0x93, 0x9e, 0xa0, 0xa8, 0xbd, 0xbe};
    uint8_t *lun = q ? p : p + 8, *cdb = p + 19;

    lun[0] = 1;
    lun[1] = (uint8_t)rnd(3);
    lun[3] = (uint8_t)(rnd(4) == 0);
    if (rnd(16) == 0)
        lun[rnd(8)] = (uint8_t)rnd(256);
    p[q ? 8 : 16] = (uint8_t)rnd(16); /* tag */
    if (q == 0) {
        p[0] = (uint8_t)(rnd(8) ? 0 : rnd(4));
        p[4] = (uint8_t)rnd(9);
        return;
    }
    for (uint32_t i = 0; i < 16; i++)
        cdb[i] = (uint8_t)(rnd(3) ? 0 : rnd(rnd(8) ? 16 : 256));
    cdb[0] = rnd(16) ? ops[rnd(sizeof ops)] : (uint8_t)rnd(256);
    cdb[1] = (uint8_t)(rnd(4) ? 0 : rnd(256));
}

/* A command, a task management function, or room for an event. */
static uint32_t scsi_chain(uint32_t q, struct vd_buf *buf)
{
    uint32_t n = 0, len = rnd(2) ? 512 * (1 + rnd(8)) : rnd(300);

    if (q == 1) {
        buf[n++] = buffer(rnd(16) ? 16 : rnd(16), 1);
        return n;
    }
    buf[n] = buffer(q ? 51 : 24, 0);
    scsi_head(q, vd_host(&v, buf[n++].gpa));
    if (q && rnd(2)) {
        buf[n] = buffer(len, 0);
        for (uint32_t k = 0; k < buf[n].len && k < 64; k++)
            vd_host(&v, buf[n].gpa)[k] = (uint8_t)(rnd(2) ? 0 : rnd(32));
        n++;
    }
    buf[n++] = buffer(q ? 108 : 1, 1);
    if (q && rnd(2))
        buf[n++] = buffer(len, 1);
    return n;
}

/* A chain with a likely shape and a likely beginning. */
static void chain(uint32_t q, int broken)
{
    struct vd_buf buf[24];
    uint32_t n = 1 + rnd(rnd(4) ? 4 : 20), out = rnd(n + 1);

    if (disk && !scsi && rnd(32)) { /* a header and a status, else it is no request at all */
        n = n < 2 ? 2 : n;
        out = 1 + rnd(n - 1);
    }
    if (v.heap > VD_RAM + VD_RAM_LEN / 2)
        v.heap = VD_RAM + VD_RAM_LEN / 4;
    if (scsi && rnd(32)) {
        n = scsi_chain(q, buf);
        if (broken)
            buf[rnd(n)].gpa = wild();
        vd_add(&v, q, buf, n, (v.features & PB_VIRTIO_F_INDIRECT_DESC) && rnd(3) == 0);
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t len = disk && i == 0 ? 16 : rnd(4) ? 1 + rnd(64) : 512;
        buf[i] = (struct vd_buf){vd_alloc(&v, len, 1), len, i >= out};
        uint8_t *p = vd_host(&v, buf[i].gpa);
        for (uint32_t k = 0; k < len && k < 32; k++)
            p[k] = (uint8_t)(rnd(3) ? rnd(16) : rnd(256));
        if (i == 0 && len >= 16) { /* as a block header or a control command */
            static const uint8_t types[] = {0, 1, 4, 8, 11, 13, 99, 2};
            memset(p, 0, 16);
            p[0] = types[rnd(8)];
            p[8] = (uint8_t)rnd(256);
            p[1] = (uint8_t)(rnd(8) ? 0 : rnd(4));
        }
        if (broken && rnd(4) == 0)
            buf[i].gpa = wild();
        if (broken && rnd(4) == 0)
            buf[i].len = (uint32_t)wild();
    }
    vd_add(&v, q, buf, n, (v.features & PB_VIRTIO_F_INDIRECT_DESC) && rnd(3) == 0);
}

static void poke(uint64_t gpa, uint64_t val, uint32_t n)
{
    if (gpa >= VD_RAM && gpa + n <= VD_RAM + VD_RAM_LEN)
        memcpy(vd_host(&v, gpa), &val, n);
}

static void damage(uint32_t i)
{
    struct vd_queue *q = &v.q[i];
    uint32_t num = q->num ? q->num : 1;

    switch (rnd(6)) {
    case 0: /* a field of a descriptor */
        poke(q->desc + 16ull * rnd(num) + (uint64_t[]){0, 8, 12, 14}[rnd(4)], wild(), 2);
        break;
    case 1: /* its flags */
        poke(q->desc + 16ull * rnd(num) + (q->packed ? 14 : 12),
             rnd(8) | (rnd(2) ? 1 << 7 : 0) | (rnd(2) ? 1 << 15 : 0), 2);
        break;
    case 2: /* the avail ring, or the driver's event area */
        poke(q->driver + 2ull * rnd(q->packed ? 2 : 3 + num), wild(), 2);
        break;
    case 3: /* the used ring, or the device's event area */
        poke(q->device + 2ull * rnd(q->packed ? 2 : 3 + 4 * num), wild(), 2);
        break;
    case 4:
        poke(q->desc + 16ull * rnd(num), wild(), 8);
        break;
    default:
        poke(VD_RAM + rnd(VD_RAM_LEN / 2), wild(), 1 + rnd(8));
        break;
    }
}

/* Either layout's registers, or configuration space: BARs, command, capabilities. */
static void pci_registers(uint32_t off, uint32_t n)
{
    uint64_t at = pd_bar(&pci, BDF, 4) + 0x1000 * rnd(4) + off, io = pd_bar(&pci, BDF, 0) + rnd(64);
    uint32_t cfg = rnd(4) ? rnd(256) & ~3u : 4;

    switch (rnd(8)) {
    case 0:
        pd_write(&pci, at, wild(), n);
        break;
    case 1:
        pd_read(&pci, at, n);
        break;
    case 2:
        pd_io_write(&pci, io, wild(), n > 4 ? 4 : n);
        break;
    case 3:
        pd_io_read(&pci, io, n > 4 ? 4 : n);
        break;
    case 4:
        pd_set(&pci, BDF, cfg, (uint32_t)wild(), 4);
        break;
    default:
        pd_cfg(&pci, BDF, cfg, 4);
        break;
    }
}

static void registers(void)
{
    static const uint8_t bytes[] = {1, 2, 4, 4, 4, 8};
    uint32_t off = rnd(3) ? 4 * rnd(0x40) : rnd(0x200), n = bytes[rnd(6)];

    pbt_settle(b); /* on one thread a reset cannot wait */
    if (v.pci) {
        pci_registers(off, n);
        return;
    }
    if (rnd(2))
        pbt_read(m, 0, off, n);
    else
        pbt_write(m, 0, off, wild(), n);
}

static void backend(void)
{
    uint8_t frame[2000];
    uint32_t n = 1 + rnd(rnd(2) ? 100 : sizeof frame);

    if (wire) {
        for (uint32_t i = 0; i < 40; i++)
            frame[i] = (uint8_t)rnd(256);
        memset(frame + 40, 0x5a, sizeof frame - 40);
        pbt_net_inject(wire, frame, n, 0);
        pbt_net_full(wire, rnd(4) == 0);
        while (pbt_net_sent(wire) > 100)
            pbt_net_take(wire, frame, sizeof frame, NULL);
    }
    if (chr) {
        memset(frame, 'x', n);
        pbt_char_type(chr, frame, n);
        pbt_char_limit(chr, rnd(3) ? UINT32_MAX : rnd(50));
        pbt_char_clear(chr);
    }
    if (disk)
        pbt_block_fail(disk, 1 + rnd(5), rnd(3) ? 0 : PB_EIO);
}

/* A unit comes or goes. */
static void plug(void)
{
    pb_dev *u = pbt_find(b, "u2");

    if (u)
        pbt_unplug(u);
    else
        pbt_add_child(scsi, 0, "scsi-hd", "u2", "drive=k2,scsi-id=0,lun=1");
}

static void collect(uint32_t q)
{
    uint32_t id, len;

    while (vd_used(&v, q, &id, &len) == 1)
        served++;
}

static void step(void)
{
    uint32_t q = rnd(n_queues), what = rnd(1000);

    if (what < 550) {
        chain(q, what < 20);
        vd_kick(&v, q);
    } else if (what < 700) {
        collect(q);
    } else if (what < 740) {
        damage(q);
        vd_kick(&v, q);
    } else if (what < 800) {
        registers();
    } else if (what < 880) {
        backend();
    } else if (what < 960) {
        pbt_settle(b);
    } else if (what < 970) {
        pbt_remap(b);
    } else if (what < 975) {
        pbt_run_ns(b, 1000000ll * rnd(100000));
    } else if (what < 980 && scsi) {
        plug();
    } else if (what == 999 && rnd(20) == 0 && !(vd_reg(&v, VR_DeviceID) == 9)) {
        pbt_settle(b);
        pbt_reload(b);
    } else if (what > 990) {
        pbt_settle(b);
        pbt_reset_all(b, PB_RESET_COLD);
        restart();
    }
    if ((vd_reg(&v, VR_Status) & VS_NEEDS_RESET) && rnd(8) == 0)
        restart();
}

static const char *make_backend(const char *cls)
{
    if (strstr(cls, "blk")) {
        disk = pbt_block_new(b, "k0", 1 << 20, 0);
        n_queues = 2;
        return "drive=k0,num-queues=2";
    }
    if (strstr(cls, "scsi")) {
        disk = pbt_block_new(b, "k0", 1 << 20, 0);
        pbt_block_new(b, "k1", 3 << 20, 1);
        pbt_block_new(b, "k2", 1 << 20, 0);
        n_queues = 4;
        return "num_queues=2";
    }
    if (strstr(cls, "net")) {
        wire = pbt_net_new(b, "n0");
        n_queues = 5;
        return "netdev=n0,queues=2";
    }
    if (strstr(cls, "console")) {
        chr = pbt_char_new(b, "c0");
        n_queues = 2;
        return "chardev=c0";
    }
    if (strstr(cls, "9p")) {
        pbt_fs_new(b, "f0", answer, NULL);
        return "fsdev=f0,mount_tag=x";
    }
    return "max-bytes=200,period=1000";
}

static void make_device(const char *plugin, const char *cls)
{
    static const char *const names[] = {"", "", "-non-transitional", "-transitional"};
    char name[64], all[160];

    if (!IS_MMIO) {
        pd_init(&pci, 1);
        b = pci.b;
        pbt_load(b, "virtio-pci");
    } else {
        b = pbt_new();
        pbt_load(b, "virtio-mmio");
    }
    pbt_load(b, plugin);
    const char *props = make_backend(cls);
    if (!IS_MMIO) { /* NAME-device is carried by NAME-pci */
        snprintf(name, sizeof name, "%.*spci%s", (int)(strlen(cls) - strlen("device")), cls,
                 names[form]);
        snprintf(all, sizeof all, "addr=1,packed=on,%s", props);
        pbt_add_child(pci.host, 0, name, "d0", all);
        pd_setup(&pci, BDF);
        vd_init_pci(&v, &pci, BDF);
        if (form == LEGACY)
            vd_legacy(&v);
    } else {
        m = pbt_add(b, "virtio-mmio", "m0",
                    form == MMIO ? "packed=on" : "packed=on,force-legacy=on");
        pbt_add_child(m, 0, cls, "d0", props);
        vd_init(&v, b, m, NULL);
        if (form == OLD_MMIO)
            vd_legacy(&v);
    }
    if (strstr(cls, "scsi")) {
        pbt_load(b, "scsi-disk");
        scsi = pbt_find(b, IS_MMIO ? "d0" : "d0.inner");
        pbt_add_child(scsi, 0, "scsi-hd", "u0", "drive=k0,wwn=1");
        pbt_add_child(scsi, 0, "scsi-cd", "u1", "drive=k1");
    }
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: fuzz-virtio PLUGIN CLASS [--mmio|--pci|--modern|--legacy|"
                        "--old-mmio] [--count N] [--seed S]\n");
        return 2;
    }
    uint64_t count = pbt_count_arg(argc, argv, 100000);
    seed = pbt_seed_arg(argc, argv, seed);
    for (uint32_t i = 0; argc > 3 && i < sizeof forms / sizeof *forms; i++)
        form = strcmp(argv[3], forms[i]) ? form : i;
    make_device(argv[1], argv[2]);
    restart();
    for (uint64_t i = 0; i < count; i++)
        step();
    pbt_settle(b);
    restart(); /* as good as new */
    printf("%s %s: %llu steps, %llu chains served, %llu starts, %llu guest errors\n",
           argv[2], forms[form], (unsigned long long)count, (unsigned long long)served,
           (unsigned long long)resets, (unsigned long long)pbt_guest_errors(b));
    pbt_free(b);
    return served == 0;
}
