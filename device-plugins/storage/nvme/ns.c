/* SPDX-License-Identifier: MIT */
/* ns.c - namespaces: the controller's own drive, or nvme-ns devices on its bus. */
#include "nvme.h"

#include <stdio.h>
#include <string.h>

enum { P_DRIVE, P_NSID, P_UUID, P_EUI64, P_LBS, P_DETACHED };

uint64_t ns_blocks(const struct ns *s)
{
    return s->info.bytes >> s->shift;
}

struct ns *ns_find(struct nvme *n, uint32_t nsid)
{
    struct ns *s = nsid && nsid <= NS_MAX ? n->ns[nsid] : NULL;

    return s && s->attached ? s : NULL;
}

/* A name for the medium that stays the same over runs: from serial and number. */
static void default_uuid(const struct nvme *n, struct ns *s)
{
    uint64_t h = 0xcbf29ce484222325ull; /* FNV-1a, 64 bits */

    for (uint32_t i = 0; i < 16; i++) {
        for (uint32_t k = 0; k < sizeof n->serial; k++)
            h = (h ^ (uint8_t)n->serial[k]) * 0x100000001b3ull;
        h = (h ^ s->nsid ^ i << 8) * 0x100000001b3ull;
        s->uuid[i] = (uint8_t)(h >> 32);
    }
    s->uuid[6] = (s->uuid[6] & 0x0f) | 0x80; /* RFC 9562: version 8, of our own making */
    s->uuid[8] = (s->uuid[8] & 0x3f) | 0x80;
}

int ns_init(struct ns *s, struct nvme *n, pb_dev *d, pb_block *node, uint32_t nsid, uint32_t lbs,
            pb_err *e)
{
    s->n = n;
    s->dev = d;
    s->h = n->h;
    s->svc = n->block;
    s->node = node;
    s->nsid = nsid;
    s->attached = 1;
    if (!node || s->svc->info(node, &s->info) < 0)
        return s->h->fail(e, PB_EINVAL, "the namespace's drive has no medium");
    if (lbs != 512 && lbs != 4096)
        return s->h->fail(e, PB_EINVAL, "logical_block_size is 512 or 4096");
    if (s->info.align > lbs)
        return s->h->fail(e, PB_EINVAL, "the drive needs larger blocks: set "
                          "logical_block_size=4096, or cache.direct=off");
    s->shift = lbs == 4096 ? 12 : 9;
    default_uuid(n, s);
    return PB_OK;
}

int ns_add(struct nvme *n, struct ns *s, pb_err *e)
{
    char text[100];

    pthread_mutex_lock(&n->lock);
    for (uint32_t i = 1; !s->nsid && i <= NS_MAX; i++)
        if (!n->ns[i])
            s->nsid = i;
    uint32_t bad = s->nsid == 0 || s->nsid > NS_MAX || n->ns[s->nsid];
    if (!bad) {
        n->ns[s->nsid] = s;
        ns_changed(n, s->nsid);
    }
    pthread_mutex_unlock(&n->lock);
    if (!bad)
        return PB_OK;
    snprintf(text, sizeof text, "namespace id '%u' already allocated, or not 1 to %u", s->nsid,
             NS_MAX);
    return n->h->fail(e, PB_EBUSY, text);
}

/* Nothing of it is under way when this returns. [main] */
void ns_remove(struct nvme *n, struct ns *s)
{
    pthread_mutex_lock(&n->lock);
    if (n->ns[s->nsid] == s) {
        n->ns[s->nsid] = NULL;
        ns_changed(n, s->nsid);
    }
    while (n->in_flight)
        pthread_cond_wait(&n->idle, &n->lock);
    pthread_mutex_unlock(&n->lock);
}

/* The medium grew or shrank. [main] */
static void resized(void *self)
{
    struct ns *s = self;
    struct pb_block_info i;

    if (s->svc->info(s->node, &i) < 0)
        return;
    pthread_mutex_lock(&s->n->lock);
    s->info.bytes = i.bytes;
    ns_changed(s->n, s->nsid);
    pthread_mutex_unlock(&s->n->lock);
}

void ns_watch(struct ns *s, uint32_t on)
{
    s->svc->on_change(s->node, on ? resized : NULL, on ? s : NULL);
}

/* ---- nvme-ns ----------------------------------------------------------------------------- */

static int hex(const char *t, uint8_t *out, uint32_t n)
{
    uint32_t k = 0;
    unsigned v;

    for (; *t && k < n; t++) {
        if (*t == '-' || *t == ':')
            continue;
        if (sscanf(t, "%2x", &v) != 1 || !t[1])
            return 0;
        out[k++] = (uint8_t)v;
        t++;
    }
    return k == n && !*t;
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    struct ns *s = self;
    const struct pb_svc_bus *bus = h->get(h, PB_SVC_BUS);
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    const char *uuid = prop->get_str(d, P_UUID);
    uint64_t eui = (uint64_t)prop->get_int(d, P_EUI64);
    void *ctrl;

    if (!bus->parent(d, NVME_CTRL, &ctrl))
        return h->fail(e, PB_EINVAL, "an nvme-ns goes on the bus of an nvme controller");
    s->n = ctrl;
    s->h = h;
    int rc = ns_init(s, ctrl, d, prop->get_block(d, P_DRIVE), (uint32_t)prop->get_int(d, P_NSID),
                     (uint32_t)prop->get_int(d, P_LBS), e);
    if (rc < 0)
        return rc;
    if (uuid && strcmp(uuid, "auto") && !hex(uuid, s->uuid, 16))
        return h->fail(e, PB_EINVAL, "uuid takes 32 hexadecimal digits, or auto");
    for (uint32_t i = 0; i < 8; i++)
        s->eui64[i] = (uint8_t)(eui >> (56 - 8 * i));
    s->attached = !prop->get_int(d, P_DETACHED);
    rc = ns_add(ctrl, s, e);
    if (rc == PB_OK)
        ns_watch(s, 1);
    return rc;
}

static void unrealize(void *self)
{
    struct ns *s = self;

    ns_watch(s, 0);
    ns_remove(s->n, s);
}

static void drain(void *self)
{
    struct ns *s = self;

    pthread_mutex_lock(&s->n->lock);
    while (s->n->in_flight)
        pthread_cond_wait(&s->n->idle, &s->n->lock);
    pthread_mutex_unlock(&s->n->lock);
}

static const char *const block_kinds[] = {PB_IF_BLOCK, NULL};
static const struct pb_prop props[] = {
    {.name = "drive", .doc = "Node name or ID of a block device to use as a backend",
     .choices = block_kinds, .type = PB_T_LINK, .flags = PB_P_REQUIRED, .qemu_type = "str"},
    {.name = "nsid", .doc = "number of the namespace; the first free one when 0", .def = "0",
     .type = PB_T_UINT, .max = NS_MAX, .qemu_type = "uint32"},
    {.name = "uuid", .doc = "its UUID", .def = "auto", .type = PB_T_STR},
    {.name = "eui64", .doc = "its EUI-64; 0: none", .def = "0", .type = PB_T_UINT,
     .qemu_type = "uint64"},
    {.name = "logical_block_size", .doc = "block size it is formatted with: 512 or 4096",
     .def = "512", .type = PB_T_SIZE, .min = 512, .max = 4096},
    {.name = "detached", .doc = "there, but not attached to the controller", .def = "off",
     .type = PB_T_BOOL},
};
static const struct pb_field state[] = {
    PB_FIELD(struct ns, shift, PB_S_U32),
    PB_FIELD(struct ns, attached, PB_S_U32),
};

const struct pb_device_class ns_class = {
    .size = sizeof ns_class,
    .flags = PB_DEV_PARALLEL | PB_DEV_HOTPLUG,
    .id = "nvme-ns",
    .title = "Virtual NVMe namespace",
    .category = "storage",
    .spec = "NVM Express 1.4",
    .bus = NVME_BUS,
    .props = props,
    .n_props = sizeof props / sizeof *props,
    .instance_size = sizeof(struct ns),
    .state_version = 1,
    .n_state = sizeof state / sizeof *state,
    .state = state,
    .realize = realize,
    .unrealize = unrealize,
    .drain = drain,
};
