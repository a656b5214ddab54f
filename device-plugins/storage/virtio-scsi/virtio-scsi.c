/* SPDX-License-Identifier: MIT */
/* virtio-scsi.c - virtio SCSI host. VIRTIO 1.2, section 5.6.
 *
 * The bus below it takes any unit (plugboard/scsi.h): 256 targets of 16384 units on one channel.
 * A reset waits for what is in flight: no transfer touches guest memory afterwards.
 * Not modelled: protection information (F_T10_PI, not offered), commands that move data both ways
 * (no unit has one), LUNs of several levels, task attributes (all are simple).
 */
#include "virtio-scsi.h"

#include <plugboard/plugin.h>

#include <string.h>

enum { P_QUEUES, P_SECTORS, P_CMDS, P_HOTPLUG, P_PARAM_CHANGE, P_SIZE, P_IOTHREAD };

struct config { /* 5.6.4; little-endian as hosts are */
    uint32_t num_queues, seg_max, max_sectors, cmd_per_lun, event_info_size, sense_size, cdb_size;
    uint16_t max_channel, max_target;
    uint32_t max_lun;
};
PB_STATIC_ASSERT(sizeof(struct config) == 36, "5.6.4");

/* ---- The virtio side --------------------------------------------------------------------- */

static uint64_t features(void *self)
{
    struct vscsi *v = self;

    return F_INOUT | (v->hotplug ? F_HOTPLUG : 0) | (v->param_change ? F_CHANGE : 0);
}

static uint32_t n_queues(void *self)
{
    return Q_REQUEST + ((struct vscsi *)self)->n_queues;
}

static uint32_t queue_size(void *self, uint32_t q)
{
    (void)q;
    return ((struct vscsi *)self)->queue_size;
}

static void accepted(void *self, uint64_t f)
{
    ((struct vscsi *)self)->features = f;
}

static void defaults(struct vscsi *v)
{
    v->cdb_size = CDB_SIZE;
    v->sense_size = SENSE_SIZE;
    v->n_events = v->missed = 0;
}

static void running(void *self, uint32_t on)
{
    struct vscsi *v = self;

    v->driver_ok = on;
    if (on)
        return;
    vscsi_wait(v);
    v->features = 0;
    defaults(v);
}

static void kick(void *self, uint32_t q)
{
    struct vscsi *v = self;

    if (q >= Q_REQUEST) {
        vscsi_requests(v, q);
    } else if (q == Q_EVENT) {
        vscsi_tell(v);
    } else {
        pthread_mutex_lock(&v->lock);
        vscsi_control(v);
        pthread_mutex_unlock(&v->lock);
    }
}

static struct config config(const struct vscsi *v)
{
    return (struct config){.num_queues = v->n_queues,
                           .seg_max = v->queue_size < QUEUE_MAX ? v->queue_size - 2 : SEG_MAX,
                           .max_sectors = v->max_sectors, .cmd_per_lun = v->cmd_per_lun,
                           .event_info_size = EVENT_SIZE, .sense_size = v->sense_size,
                           .cdb_size = v->cdb_size, .max_channel = 0, .max_target = MAX_TARGET,
                           .max_lun = MAX_LUN};
}

static void config_read(void *self, uint32_t off, void *buf, uint32_t n)
{
    struct config c = config(self);

    memcpy(buf, (uint8_t *)&c + off, n);
}

static void config_write(void *self, uint32_t off, const void *buf, uint32_t n)
{
    struct vscsi *v = self;
    struct config c = config(v);

    memcpy((uint8_t *)&c + off, buf, n);
    if (c.sense_size > SENSE_SIZE_MAX || c.cdb_size > CDB_SIZE_MAX) {
        if (v->bus.h->log_on[PB_LOG_GUEST])
            v->bus.h->log(v->bus.h, v->bus.dev, PB_LOG_GUEST, "virtio-scsi: sense_size above "
                          "65535 or cdb_size above 255: they stay as they are");
        return;
    }
    v->sense_size = c.sense_size; /* all else is read-only */
    v->cdb_size = c.cdb_size;
}

static const struct pb_virtio_dev virtio_dev = {
    .size = sizeof virtio_dev,
    .device_id = 8,
    .config_len = sizeof(struct config),
    .queue_max = QUEUE_MAX,
    .features = features,
    .n_queues = n_queues,
    .queue_size = queue_size,
    .accepted = accepted,
    .running = running,
    .kick = kick,
    .config_read = config_read,
    .config_write = config_write,
};

/* ---- Life -------------------------------------------------------------------------------- */

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    struct vscsi *v = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    const struct pb_svc_bus *bus = h->get(h, PB_SVC_BUS);

    v->virtio = bus->parent(d, PB_VIRTIO, &v->transport);
    if (!v->virtio)
        return h->fail(e, PB_EINVAL, "virtio-scsi-device sits on no virtio bus");
    v->time = h->get(h, PB_SVC_TIME);
    v->tell = v->time->timer(d, "tell", PB_CLK_VIRTUAL, vscsi_tell, v, e);
    if (!v->tell)
        return PB_ENOMEM;
    v->n_queues = (uint32_t)prop->get_int(d, P_QUEUES);
    v->max_sectors = (uint32_t)prop->get_int(d, P_SECTORS);
    v->cmd_per_lun = (uint32_t)prop->get_int(d, P_CMDS);
    v->hotplug = (uint32_t)prop->get_int(d, P_HOTPLUG);
    v->param_change = (uint32_t)prop->get_int(d, P_PARAM_CHANGE);
    v->queue_size = (uint32_t)prop->get_int(d, P_SIZE);
    if (v->queue_size & (v->queue_size - 1))
        return h->fail(e, PB_EINVAL, "virtqueue_size must be a power of two");
    v->bus.max_target = MAX_TARGET;
    v->bus.max_lun = MAX_LUN;
    v->bus.own_target = UINT32_MAX;
    v->bus.came = vscsi_came;
    v->bus.went = vscsi_went;
    v->bus.event = vscsi_event;
    scsi_bus_init(&v->bus, d, h);
    for (uint32_t i = 0; i < n_queues(v); i++)
        v->vq[i] = v->virtio->queue(v->transport, i);
    pthread_mutex_init(&v->lock, NULL);
    pthread_cond_init(&v->idle, NULL);
    defaults(v);
    return PB_OK;
}

static void unrealize(void *self)
{
    struct vscsi *v = self;

    running(v, 0);
    vscsi_forget(v);
    scsi_bus_fini(&v->bus);
    pthread_mutex_destroy(&v->lock);
    pthread_cond_destroy(&v->idle);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    (void)kind;
    if (phase == PB_RESET_ENTER)
        running(self, 0);
}

static int load(void *self, pb_state *s, pb_err *e)
{
    struct vscsi *v = self;
    uint32_t bad = v->sense_size > SENSE_SIZE_MAX || v->cdb_size > CDB_SIZE_MAX ||
                   v->n_events > EVENTS_MAX;

    (void)s;
    for (uint32_t i = 0; !bad && i < v->n_events; i++)
        bad = v->event_target[i] > MAX_TARGET || v->event_lun[i] > MAX_LUN;
    if (!bad)
        return PB_OK;
    defaults(v);
    return v->bus.h->fail(e, PB_EINVAL, "virtio-scsi: the saved state is damaged");
}

static const struct pb_prop props[] = {
    {.name = "num_queues", .doc = "request queues", .def = "1", .type = PB_T_UINT, .min = 1,
     .max = MAX_QUEUES, .qemu_type = "uint32"},
    {.name = "max_sectors", .doc = "of 512 bytes, most in a command; told to the driver",
     .def = "65535", .type = PB_T_UINT, .min = 1, .max = UINT32_MAX, .qemu_type = "uint32"},
    {.name = "cmd_per_lun", .doc = "commands under way of a unit; told to the driver",
     .def = "128", .type = PB_T_UINT, .min = 1, .max = UINT32_MAX, .qemu_type = "uint32"},
    {.name = "hotplug", .doc = "tell of units that come and go", .def = "on", .type = PB_T_BOOL},
    {.name = "param_change", .doc = "tell of media that change their size", .def = "on",
     .type = PB_T_BOOL},
    {.name = "virtqueue_size", .doc = "descriptors of a queue", .def = "256", .type = PB_T_UINT,
     .min = 4, .max = 1024, .qemu_type = "uint32"},
    {.name = "iothread", .doc = "ID of an -object iothread; a drive has its threads anyhow",
     .type = PB_T_STR, .qemu_type = "link<iothread>"},
};
#define EV(m) PB_FIELD_ARRAY(struct vscsi, m, PB_S_U32, EVENTS_MAX)
static const struct pb_field state[] = {
    PB_FIELD(struct vscsi, sense_size, PB_S_U32), PB_FIELD(struct vscsi, cdb_size, PB_S_U32),
    PB_FIELD(struct vscsi, n_events, PB_S_U32), PB_FIELD(struct vscsi, missed, PB_S_U32),
    EV(event_type), EV(event_reason), EV(event_target), EV(event_lun),
};
static const struct pb_provide provides[] = {
    {PB_VIRTIO_DEV, &virtio_dev}, {PB_BUS_PARENT, &scsi_bus_parent}, {PB_SCSI_HOST, &scsi_host}};
static const char *const buses_out[] = {"scsi=" PB_SCSI_BUS, NULL};

static const struct pb_device_class scsi_class = {
    .size = sizeof scsi_class,
    .id = "virtio-scsi-device",
    .category = "storage",
    .spec = "VIRTIO 1.2, 5.6",
    .bus = PB_VIRTIO_BUS,
    .props = props,
    .n_props = sizeof props / sizeof *props,
    .buses_out = buses_out,
    .provides = provides,
    .n_provides = sizeof provides / sizeof *provides,
    .instance_size = sizeof(struct vscsi),
    .state_version = 1,
    .n_state = sizeof state / sizeof *state,
    .state = state,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .load = load,
};

static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &scsi_class}};
static const char *const needs[] = {PB_SVC_BUS, PB_SVC_PROP, PB_SVC_THREAD, PB_SVC_TIME,
                                    PB_SVC_MINOR_1, NULL};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin),
    .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR,
    .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.virtio-scsi",
    .version = "0.1.0",
    .license = "MIT",
    .doc = "virtio SCSI host",
    .needs = needs,
    .classes = classes,
    .n_classes = 1,
};
