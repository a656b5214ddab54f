/* SPDX-License-Identifier: MIT */
/* plugin.c - scsi-hd and scsi-cd: a disk and a CD drive on a SCSI bus. SPC-4, SBC-3, MMC-6.
 *
 * A disk may change its size: the host is told with the next command, and at once by a controller
 * that can. A CD comes and goes (pb.media/1).
 * Not modelled: persistent reservations, logs, protection information, several ports.
 */
#include "disk.h"

#include <plugboard/board.h>
#include <plugboard/plugin.h>

#include <stdio.h>
#include <string.h>

#define CD_BLOCK 2048u

enum { P_DRIVE = PB_SCSI_P_N, P_SERIAL, P_VENDOR, P_PRODUCT, P_VER, P_WWN, P_PORT_WWN, P_VERSION,
       P_DEVICE_ID, /* and of the disk alone: */ P_LOGICAL, P_PHYSICAL, P_GRANULARITY, P_WCE,
       P_SHARE, P_REMOVABLE, P_DPOFUA, P_ROTATION };

/* ---- Changes of the medium --------------------------------------------------------------- */

/* It grew or shrank. [main] */
static void changed(void *self)
{
    struct disk *d = self;

    pthread_mutex_lock(&d->lock);
    uint64_t before = d->u.blocks;
    scsi_refresh(&d->u);
    uint32_t resized = d->u.blocks != before;
    if (resized)
        scsi_attend(&d->u, ATTENTION_RESIZED);
    pthread_mutex_unlock(&d->lock);
    if (resized)
        d->host->event(d->bus, d->dev, 0x2a09); /* CAPACITY DATA HAS CHANGED */
}

/* A medium came, went or is another one. [main] */
static void exchanged(void *self)
{
    struct disk *d = self;
    struct scsi_unit *u = &d->u;

    pthread_mutex_lock(&d->lock);
    u->open = 0;
    scsi_refresh(u);
    u->open = !u->blocks;
    u->locked = u->locked && u->blocks;
    u->news = u->blocks ? SCSI_NEWS_MEDIUM : SCSI_NEWS_GONE;
    if (u->blocks)
        scsi_attend(u, ATTENTION_MEDIUM);
    pthread_mutex_unlock(&d->lock);
    d->host->event(d->bus, d->dev, 0x2800); /* MEDIUM MAY HAVE CHANGED */
}

static uint32_t media_locked(void *self)
{
    struct disk *d = self;

    pthread_mutex_lock(&d->lock);
    uint32_t locked = d->u.locked && !d->u.open;
    pthread_mutex_unlock(&d->lock);
    return locked;
}

static void media_ask(void *self)
{
    struct disk *d = self;

    pthread_mutex_lock(&d->lock);
    d->u.news = SCSI_NEWS_ASKED;
    pthread_mutex_unlock(&d->lock);
}

static const struct pb_media media = {.size = sizeof media, .locked = media_locked,
                                      .ask = media_ask};

/* ---- Life -------------------------------------------------------------------------------- */

static int check_text(const struct disk *d, const char *name, const char *v, uint32_t most,
                      pb_err *e)
{
    char text[120];

    for (uint32_t i = 0; v[i]; i++) {
        if (i < most && v[i] >= 0x20 && v[i] < 0x7f)
            continue;
        snprintf(text, sizeof text, "%s is at most %u printable ASCII characters", name, most);
        return d->h->fail(e, PB_EINVAL, text);
    }
    return PB_OK;
}

static const char *text_of(const struct pb_svc_prop *prop, pb_dev *dev, uint32_t i)
{
    const char *v = prop->get_str(dev, i);

    return v ? v : "";
}

static int identity(struct disk *d, const struct pb_svc_prop *prop, pb_err *e)
{
    struct scsi_unit *u = &d->u;
    int rc;

    u->vendor = text_of(prop, d->dev, P_VENDOR);
    u->product = text_of(prop, d->dev, P_PRODUCT);
    u->version = text_of(prop, d->dev, P_VER);
    u->serial = text_of(prop, d->dev, P_SERIAL);
    u->id = text_of(prop, d->dev, P_DEVICE_ID);
    if (!*u->id)
        u->id = *u->serial ? u->serial : u->node ? u->svc->id(u->node) : "";
    u->wwn = (uint64_t)prop->get_int(d->dev, P_WWN);
    u->port_wwn = (uint64_t)prop->get_int(d->dev, P_PORT_WWN);
    u->scsi_version = (uint32_t)prop->get_int(d->dev, P_VERSION);
    rc = check_text(d, "vendor", u->vendor, 8, e);
    rc = rc < 0 ? rc : check_text(d, "product", u->product, 16, e);
    rc = rc < 0 ? rc : check_text(d, "ver", u->version, 4, e);
    rc = rc < 0 ? rc : check_text(d, "serial", u->serial, 36, e);
    return rc < 0 ? rc : check_text(d, "device_id", u->id, 64, e);
}

static int geometry(struct disk *d, const struct pb_svc_prop *prop, pb_err *e)
{
    struct scsi_unit *u = &d->u;
    struct pb_block_info i = {.size = sizeof i};

    u->block_size = (uint32_t)prop->get_int(d->dev, P_LOGICAL);
    u->physical = (uint32_t)prop->get_int(d->dev, P_PHYSICAL);
    u->granularity = (uint32_t)prop->get_int(d->dev, P_GRANULARITY);
    if ((u->block_size & (u->block_size - 1)) || (u->physical & (u->physical - 1)) ||
        u->physical < u->block_size)
        return d->h->fail(e, PB_EINVAL, "logical_block_size and physical_block_size must be powers "
                          "of two, the physical one not smaller");
    if (u->granularity % u->block_size)
        return d->h->fail(e, PB_EINVAL, "discard_granularity must be a multiple of "
                          "logical_block_size");
    if (u->svc->info(u->node, &i) < 0)
        return d->h->fail(e, PB_EINVAL, "scsi-hd: drive has no medium");
    if (i.align > u->block_size)
        return d->h->fail(e, PB_EINVAL, "the drive needs larger blocks: set "
                          "logical_block_size=4096 and physical_block_size=4096, or "
                          "cache.direct=off");
    return PB_OK;
}

static int attach(struct disk *d, pb_dev *dev, const pb_host *h, pb_err *e)
{
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    const struct pb_svc_bus *bus = h->get(h, PB_SVC_BUS);

    d->dev = dev;
    d->h = h;
    d->u.svc = h->get(h, PB_SVC_BLOCK);
    d->u.node = prop->get_block(dev, P_DRIVE);
    d->u.tagged = 1;
    d->host = bus->parent(dev, PB_SCSI_HOST, &d->bus);
    if (!d->host)
        return h->fail(e, PB_EINVAL, "a SCSI unit sits on no SCSI bus");
    return identity(d, prop, e);
}

static void begin(struct disk *d, void (*on_change)(void *self))
{
    pthread_mutex_init(&d->lock, NULL);
    scsi_refresh(&d->u);
    if (d->u.node)
        d->u.svc->on_change(d->u.node, on_change, d);
}

static int hd_realize(void *self, pb_dev *dev, const pb_host *h, pb_err *e)
{
    struct disk *d = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);

    d->u.type = SCSI_DISK;
    d->u.removable = (uint32_t)prop->get_int(dev, P_REMOVABLE);
    d->u.dpofua = (uint32_t)prop->get_int(dev, P_DPOFUA);
    d->u.rotation = (uint32_t)prop->get_int(dev, P_ROTATION);
    d->u.cached = d->u.write_cache = (uint32_t)prop->get_int(dev, P_WCE);
    int rc = attach(d, dev, h, e);
    rc = rc < 0 ? rc : geometry(d, prop, e);
    if (rc < 0)
        return rc;
    begin(d, changed);
    return PB_OK;
}

static int cd_realize(void *self, pb_dev *dev, const pb_host *h, pb_err *e)
{
    struct disk *d = self;
    struct pb_block_info i = {.size = sizeof i};

    d->u.type = SCSI_CD;
    d->u.removable = 1;
    d->u.block_size = d->u.physical = CD_BLOCK;
    int rc = attach(d, dev, h, e);
    if (rc < 0)
        return rc;
    if (d->u.node && d->u.svc->info(d->u.node, &i) == PB_OK && i.align > CD_BLOCK)
        return h->fail(e, PB_EINVAL, "scsi-cd: the drive needs larger blocks than a CD has: "
                                     "cache.direct=off");
    begin(d, exchanged);
    return PB_OK;
}

static void unrealize(void *self)
{
    struct disk *d = self;

    if (d->u.node)
        d->u.svc->on_change(d->u.node, NULL, NULL);
    disk_forget(d);
    pthread_mutex_destroy(&d->lock);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct disk *d = self;

    (void)kind;
    if (phase != PB_RESET_ENTER)
        return;
    pthread_mutex_lock(&d->lock);
    scsi_attend(&d->u, ATTENTION_POWER);
    d->u.write_cache = d->u.cached;
    d->u.stopped = d->u.locked = 0;
    pthread_mutex_unlock(&d->lock);
}

static void drain(void *self)
{
    struct disk *d = self;

    for (;;) { /* a command may take several requests */
        pthread_mutex_lock(&d->lock);
        uint32_t busy = d->under_way;
        pthread_mutex_unlock(&d->lock);
        if (!busy)
            return;
        d->u.svc->drain(d->u.node);
    }
}

/* The medium may have been exchanged since. */
static int load(void *self, pb_state *st, pb_err *e)
{
    struct disk *d = self;
    uint64_t told = d->u.blocks;

    (void)st, (void)e;
    d->u.attention &= (1u << ATTENTIONS) - 1;
    d->u.write_cache = !!d->u.write_cache;
    d->u.stopped = !!d->u.stopped;
    d->u.open = !!d->u.open;
    d->u.locked = !!d->u.locked;
    d->u.news = d->u.news <= SCSI_NEWS_GONE ? d->u.news : SCSI_NEWS_NONE;
    scsi_refresh(&d->u);
    if (d->u.blocks != told)
        scsi_attend(&d->u, d->u.type == SCSI_CD ? ATTENTION_MEDIUM : ATTENTION_RESIZED);
    return PB_OK;
}

/* As QEMU's firmware paths have it. */
static int path_element(void *self, pb_dev *dev, char *buf, uint32_t n)
{
    struct disk *d = self;
    const struct pb_svc_prop *prop = d->h->get(d->h, PB_SVC_PROP);

    return dev != d->dev ? 0
                         : snprintf(buf, n, "channel@%x/disk@%x,%x",
                                    (uint32_t)prop->get_int(dev, PB_SCSI_P_CHANNEL),
                                    (uint32_t)prop->get_int(dev, PB_SCSI_P_ID),
                                    (uint32_t)prop->get_int(dev, PB_SCSI_P_LUN));
}

static const struct pb_boot_path boot_path = {sizeof boot_path, 0, path_element};
static const struct pb_provide hd_provides[] = {{PB_SCSI_TARGET, &hd_target},
                                                {PB_BOOT_PATH, &boot_path}};
static const struct pb_provide cd_provides[] = {
    {PB_SCSI_TARGET, &cd_target}, {PB_BOOT_PATH, &boot_path}, {PB_MEDIA, &media}};
static const char *const block_kinds[] = {PB_IF_BLOCK, NULL};
static const char *const off_only[] = {"off", NULL};
#define COMMON(need, what)                                                                     \
    PB_SCSI_PROPS,                                                                             \
    {.name = "drive", .doc = "Node name or ID of a block device to use as a backend",          \
     .choices = block_kinds, .type = PB_T_LINK, .flags = need, .qemu_type = "str"},            \
    {.name = "serial", .doc = "unit serial number", .type = PB_T_STR},                         \
    {.name = "vendor", .doc = "8 characters", .def = "PLUGBRD", .type = PB_T_STR},             \
    {.name = "product", .doc = "16 characters", .def = what, .type = PB_T_STR},                \
    {.name = "ver", .doc = "product revision, 4 characters", .def = "0.1", .type = PB_T_STR},  \
    {.name = "wwn", .doc = "world wide name of the unit; 0: none", .def = "0",                 \
     .type = PB_T_UINT, .qemu_type = "uint64"},                                                \
    {.name = "port_wwn", .doc = "world wide name of its port; 0: none", .def = "0",            \
     .type = PB_T_UINT, .qemu_type = "uint64"},                                                \
    {.name = "scsi_version", .doc = "of INQUIRY: 5 is SPC-3, 6 SPC-4", .def = "5",             \
     .type = PB_T_INT, .min = 3, .max = 6, .qemu_type = "int32"},                              \
    {.name = "device_id", .doc = "designator; default: the serial number or the drive's name", \
     .type = PB_T_STR}

static const struct pb_prop cd_props[] = {COMMON(0, "CD-ROM")};
static const struct pb_prop hd_props[] = {
    COMMON(PB_P_REQUIRED, "HARDDISK"),
    {.name = "logical_block_size", .doc = "smallest unit of a transfer", .def = "512",
     .type = PB_T_SIZE, .min = 512, .max = 4096},
    {.name = "physical_block_size", .doc = "unit the medium works in", .def = "512",
     .type = PB_T_SIZE, .min = 512, .max = 65536},
    {.name = "discard_granularity", .doc = "unit of an unmap; 0: not said", .def = "0",
     .type = PB_T_SIZE, .min = 0, .max = 1 << 30},
    {.name = "write-cache", .doc = "completed writes may be volatile until a flush", .def = "on",
     .type = PB_T_BOOL, .qemu_type = "OnOffAuto"},
    {.name = "share-rw", .doc = "a drive has one device", .def = "off", .choices = off_only,
     .type = PB_T_ENUM, .qemu_type = "bool"},
    {.name = "removable", .doc = "the guest is told that the medium can be taken out",
     .def = "off", .type = PB_T_BOOL},
    {.name = "dpofua", .doc = "offer writes that are durable when done (FUA)", .def = "on",
     .type = PB_T_BOOL},
    {.name = "rotation_rate", .doc = "in 1/min; 1: does not rotate, 0: not said", .def = "0",
     .type = PB_T_UINT, .max = 65534, .qemu_type = "uint16"},
};
#define S(m, t) {#m, t, (uint32_t)offsetof(struct disk, u.m), 1, 1}
static const struct pb_field state[] = {
    S(blocks, PB_S_U64), S(attention, PB_S_U32), S(write_cache, PB_S_U32), S(stopped, PB_S_U32),
    S(open, PB_S_U32),   S(locked, PB_S_U32),    S(news, PB_S_U32)};

#define CLASS(var, name, what, from)                                                            \
    static const struct pb_device_class var##_class = {                                        \
        .size = sizeof var##_class,                                                            \
        .flags = PB_DEV_HOTPLUG,                                                               \
        .id = name,                                                                            \
        .title = what,                                                                         \
        .category = "storage",                                                                 \
        .spec = from,                                                                          \
        .bus = PB_SCSI_BUS,                                                                    \
        .props = var##_props,                                                                  \
        .n_props = sizeof var##_props / sizeof *var##_props,                                   \
        .provides = var##_provides,                                                            \
        .n_provides = sizeof var##_provides / sizeof *var##_provides,                          \
        .instance_size = sizeof(struct disk),                                                  \
        .state_version = 1,                                                                    \
        .n_state = sizeof state / sizeof *state,                                               \
        .state = state,                                                                        \
        .realize = var##_realize,                                                              \
        .unrealize = unrealize,                                                                \
        .reset = reset,                                                                        \
        .load = load,                                                                          \
        .drain = drain,                                                                        \
    };
CLASS(hd, "scsi-hd", "virtual SCSI disk", "SPC-4, SBC-3")
CLASS(cd, "scsi-cd", "virtual SCSI CD-ROM", "SPC-4, MMC-6")

static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &hd_class},
                                              {PB_CLASS_DEVICE, &cd_class}};
static const char *const needs[] = {PB_SVC_BLOCK, PB_SVC_BUS, PB_SVC_PROP, NULL};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin),
    .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR,
    .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.scsi-disk",
    .version = "0.1.0",
    .license = "MIT",
    .doc = "SCSI disk and CD drive",
    .needs = needs,
    .classes = classes,
    .n_classes = sizeof classes / sizeof *classes,
};
