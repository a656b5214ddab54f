/* SPDX-License-Identifier: MIT */
/* ports.c - structures of which there is one for each -smbios option that gives its type: port
 * connectors, slots, on-board devices.
 * DSP0134 3.0: 7.9, 7.10, 7.42; QEMU documentation, -smbios.
 *
 * pcidev= and pci_device= name a -device of the root bus; the guest is told its slot and function.
 * Not modelled: devices behind bridges, whose bus number only the guest's firmware gives. */
#include "smbios.h"

#include <stdlib.h>
#include <string.h>

enum { T_PORT = 8, T_SLOT = 9, T_ONBOARD = 41 };
enum { UNKNOWN = 2, BUS_NONE = 0xff, SEGMENT_NONE = 0xffff, ENABLED = 0x80 };

const char *const smbios_kinds[] = {"other", "unknown", "video", "scsi", "ethernet", "tokenring",
                                    "sound", "pata", "sata", "sas", NULL}; /* 7.42.2, from 1 */

/* What option `o` says of it. */
static const char *given(const struct smbios_writer *w, uint32_t o, const char *name)
{
    const char *found = NULL;

    for (uint32_t i = 0; i < w->u->n; i++) {
        const struct smbios_value *v = &w->u->v[i];
        if (v->option == o && v->type == w->type && strcmp(v->name, name) == 0)
            found = v->value;
    }
    return found;
}

static uint64_t number(const struct smbios_writer *w, uint32_t o, const char *name, uint64_t dflt)
{
    const char *v = given(w, o, name);

    return v ? strtoull(v, NULL, 0) : dflt;
}

/* Slot << 3 | function of the device of that id, by the path that its bus gives it; -1: none. */
static int devfn(struct boot *b, const char *id)
{
    const struct pb_svc_bus *bus = b->h->get(b->h, PB_SVC_BUS);
    pb_dev *host, *child[256];
    void *self;

    for (uint32_t i = 0; bus && (host = b->board->device(b->dev, i)) != NULL; i++) {
        const struct pb_boot_path *path = bus->side(host, PB_BOOT_PATH, &self);
        uint32_t n = path ? bus->children(host, 0, child, 256) : 0;
        for (uint32_t k = 0; k < n && k < 256; k++) {
            char text[64], *at;
            const char *name = bus->name(child[k]);
            if (!name || strcmp(name, id) || path->element(self, child[k], text, sizeof text) <= 0)
                continue;
            if (!(at = strrchr(text, '@'))) /* the host's own element may be before it */
                continue;
            unsigned long slot = strtoul(at + 1, &at, 16);
            return (int)((slot & 31) << 3 | (*at == ',' ? strtoul(at + 1, NULL, 16) & 7 : 0));
        }
    }
    return -1;
}

/* Segment, bus, device and function. */
static void place(struct smbios_writer *w, uint32_t o, const char *key, uint32_t none)
{
    const char *id = given(w, o, key);
    int at = id ? devfn(w->b, id) : -1;

    if (id && at < 0 && !w->missing)
        w->missing = id;
    smbios_num(w, at < 0 && none ? SEGMENT_NONE : 0, 2);
    smbios_num(w, at < 0 ? none : 0, 1);
    smbios_num(w, at < 0 ? none : (uint32_t)at, 1);
}

static void port(struct smbios_writer *w, uint32_t o)
{
    smbios_text(w, given(w, o, "internal_reference"));
    smbios_num(w, 0, 1); /* no connector inside */
    smbios_text(w, given(w, o, "external_reference"));
    smbios_num(w, number(w, o, "connector_type", 0), 1);
    smbios_num(w, number(w, o, "port_type", 0), 1);
}

static void slot(struct smbios_writer *w, uint32_t o)
{
    smbios_text(w, given(w, o, "slot_designation"));
    smbios_num(w, number(w, o, "slot_type", UNKNOWN), 1);
    smbios_num(w, number(w, o, "slot_data_bus_width", UNKNOWN), 1);
    smbios_num(w, number(w, o, "current_usage", UNKNOWN), 1);
    smbios_num(w, number(w, o, "slot_length", UNKNOWN), 1);
    smbios_num(w, number(w, o, "slot_id", 0), 2);
    smbios_num(w, number(w, o, "slot_characteristics1", 0), 1);
    smbios_num(w, number(w, o, "slot_characteristics2", 0), 1);
    place(w, o, "pci_device", BUS_NONE);
}

static void onboard(struct smbios_writer *w, uint32_t o)
{
    const char *kind = given(w, o, "kind");
    uint32_t k = 0;

    while (kind && smbios_kinds[k + 1] && strcmp(kind, smbios_kinds[k]))
        k++;
    smbios_text(w, given(w, o, "designation"));
    smbios_num(w, ENABLED | (k + 1), 1);
    smbios_num(w, number(w, o, "instance", 0), 1);
    place(w, o, "pcidev", 0);
}

void smbios_ports(struct smbios_writer *w)
{
    static const struct {
        uint32_t type, len, handle;
        void (*fill)(struct smbios_writer *w, uint32_t o);
    } all[] = {{T_PORT, 9, 0x800, port}, {T_SLOT, 0x11, 0x900, slot},
               {T_ONBOARD, 11, 0x2900, onboard}};

    for (uint32_t i = 0; i < sizeof all / sizeof *all; i++) {
        uint32_t last = UINT32_MAX, n = 0;
        for (uint32_t k = 0; k < w->u->n; k++) {
            const struct smbios_value *v = &w->u->v[k];
            if (v->type != all[i].type || v->option == last)
                continue;
            last = v->option;
            smbios_begin(w, v->type, all[i].len, all[i].handle + n++);
            all[i].fill(w, last);
            smbios_end(w);
        }
    }
}
