/* SPDX-License-Identifier: MIT */
/* bus.c - who is plugged in where. USB 2.0, 4.1 (topology).
 *
 * All devices are children of the controller; "port" makes the tree. A device without one takes
 * the first free port, and the last free root port gets a usb-hub first, so that there is
 * always room for one more. Which one it took is then its "port": when a plugin is exchanged, all
 * are found again where they were.
 */
#include "usb-bus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void forget_pending(struct usb_bus *b)
{
    while (b->pending) {
        pb_usb_fn *f = b->pending;
        b->pending = f->next;
        free(f);
    }
}

void usb_bus_init(struct usb_bus *b, pb_dev *d, const pb_host *h, uint32_t n_ports)
{
    b->h = h;
    b->dev = d;
    b->n_ports = n_ports;
    b->bus = h->get(h, PB_SVC_BUS);
    b->prop = h->get(h, PB_SVC_PROP);
    b->time = h->get(h, PB_SVC_TIME);
    b->thread = h->get(h, PB_SVC_THREAD);
    b->state = h->get(h, PB_SVC_STATE);
}

void usb_bus_fini(struct usb_bus *b)
{
    forget_pending(b);
    while (b->plugged) {
        pb_usb_fn *f = b->plugged;
        b->plugged = f->next;
        free(f);
    }
}

void usb_bus_reset(struct usb_bus *b)
{
    for (pb_usb_fn *f = b->plugged; f; f = f->next)
        memset(&f->s, 0, sizeof f->s);
}

/* ---- Places ------------------------------------------------------------------------------ */

static pb_usb_fn *at_path(struct usb_bus *b, const char *path, size_t n)
{
    for (pb_usb_fn *f = b->plugged; f; f = f->next)
        if (strlen(f->path) == n && !memcmp(f->path, path, n) && !f->orphan)
            return f;
    return NULL;
}

static int refuse(struct usb_bus *b, pb_err *e, int code, const char *what, const char *path,
                  const char *why)
{
    char text[200];

    snprintf(text, sizeof text, "%s: port '%.40s' %s", what, path, why);
    return b->h->fail(e, code, text);
}

/* "1.2" of the user's: f->hub and f->port. */
static int place_at(pb_usb_fn *f, const char *path, pb_err *e)
{
    struct usb_bus *b = f->bus;
    const char *name = b->bus->name(f->dev), *dot = strrchr(path, '.');
    const char *last = dot ? dot + 1 : path;
    char *end;
    unsigned long port = strtoul(last, &end, 10);

    if (*last < '1' || *last > '9' || *end || port > 255 || strlen(path) >= sizeof f->path)
        return refuse(b, e, PB_EINVAL, name, path, "is not of the form 1 or 1.2: ports count "
                      "from 1, a dot leads behind a hub");
    f->hub = dot ? at_path(b, path, (size_t)(dot - path)) : NULL;
    if (dot && (!f->hub || !f->hub->n_ports))
        return refuse(b, e, PB_ENOENT, name, path, "is behind a hub that is not there: add "
                      "-device usb-hub,port=… before it");
    if (port > (f->hub ? f->hub->n_ports : b->n_ports))
        return refuse(b, e, PB_ENOENT, name, path, "does not exist: the hub or controller has "
                      "fewer");
    f->port = (uint32_t)port;
    if (usb_port_device(b, f->hub, f->port))
        return refuse(b, e, PB_EBUSY, name, path, "is in use: name another, or none for a free "
                      "one");
    return PB_OK;
}

static uint32_t free_port(struct usb_bus *b, const pb_usb_fn *hub, uint32_t n, uint32_t *many)
{
    uint32_t first = 0;

    *many = 0;
    for (uint32_t p = 1; p <= n; p++) {
        if (usb_port_device(b, hub, p))
            continue;
        first = first ? first : p;
        ++*many;
    }
    return first;
}

/* The first free port: of the controller, else of a hub. */
static int place_free(pb_usb_fn *f, pb_err *e)
{
    struct usb_bus *b = f->bus;
    uint32_t many;

    f->port = free_port(b, NULL, b->n_ports, &many);
    if (many == 1 && !b->chaining && f->info.desc->cls != 9) { /* 9: itself a hub */
        b->chaining = 1;
        pb_dev *hub = b->bus->create_child(b->dev, 0, "usb-hub", NULL);
        b->chaining = 0;
        if (hub)
            f->port = 0;
    }
    for (pb_usb_fn *h = b->plugged; !f->port && h; h = h->next) {
        if (h->orphan || h->depth == USB_DEPTH)
            continue;
        f->port = free_port(b, h, h->n_ports, &many);
        f->hub = f->port ? h : NULL;
    }
    if (!f->port)
        return b->h->fail(e, PB_EBUSY, "no USB port is free: add -device usb-hub with a port= "
                          "of its own before this device");
    return PB_OK;
}

static int place(pb_usb_fn *f, pb_err *e)
{
    struct usb_bus *b = f->bus;
    const char *path = b->prop->get_str(f->dev, PB_USB_P_PORT);
    uint32_t chosen = !path || !*path;
    int rc = chosen ? place_free(f, e) : place_at(f, path, e);

    if (rc < 0)
        return rc;
    f->depth = f->hub ? f->hub->depth + 1 : 0;
    if (f->depth > USB_DEPTH)
        return refuse(b, e, PB_EINVAL, b->bus->name(f->dev), path, "is behind more than five "
                      "hubs, which USB does not allow");
    if (f->hub)
        snprintf(f->path, sizeof f->path, "%.26s.%u", f->hub->path, f->port);
    else
        snprintf(f->path, sizeof f->path, "%u", f->port);
    if (chosen && PB_HAS(struct pb_svc_prop, b->prop, settle))
        b->prop->settle(f->dev, PB_USB_P_PORT, f->path);
    return PB_OK;
}

/* ---- PB_USB ------------------------------------------------------------------------------ */

static pb_usb_fn *svc_add(void *bus, pb_dev *d, const struct pb_usb_info *i, pb_err *e)
{
    struct usb_bus *b = bus;
    pb_usb_fn *f = calloc(1, sizeof *f);

    if (!f) {
        b->h->fail(e, PB_ENOMEM, "out of memory");
        return NULL;
    }
    f->bus = b;
    f->dev = d;
    memcpy(&f->info, i, i->size < sizeof f->info ? i->size : sizeof f->info);
    f->info.size = sizeof f->info;
    f->serial = b->prop->get_str(d, PB_USB_P_SERIAL);
    if (place(f, e) < 0) {
        free(f);
        return NULL;
    }
    forget_pending(b);
    f->next = b->pending;
    b->pending = f;
    return f;
}

static void retry(void *opaque)
{
    struct usb_bus *b = opaque;

    b->retry(b);
}

static void svc_ready(pb_usb_fn *f, uint32_t ep)
{
    (void)ep; /* the few that wait are asked again, all of them */
    f->bus->time->soon(f->bus->dev, retry, f->bus);
}

static uint32_t halt_bit(uint32_t ep)
{
    return 1u << ((ep & 15) + (ep & PB_USB_IN ? 16 : 0));
}

static void svc_halt(pb_usb_fn *f, uint32_t ep)
{
    f->s.halted |= halt_bit(ep);
}

static uint32_t svc_speed(pb_usb_fn *f)
{
    return f->s.speed;
}

static int svc_ports(pb_usb_fn *f, uint32_t n, void (*changed)(void *self, uint32_t port),
                     pb_err *e)
{
    if (n == 0 || n > 31)
        return f->bus->h->fail(e, PB_EINVAL, "a hub has 1 to 31 ports");
    f->n_ports = n;
    f->changed = changed;
    return PB_OK;
}

static uint32_t svc_below(pb_usb_fn *f, uint32_t port)
{
    const pb_usb_fn *x = usb_port_device(f->bus, f, port);

    return x ? 1 + usb_speed_below(x, f->s.speed) : 0;
}

static void svc_port_reset(pb_usb_fn *f, uint32_t port)
{
    usb_port_reset(f->bus, f, port, f->s.speed);
}

static void svc_port_enable(pb_usb_fn *f, uint32_t port, uint32_t on)
{
    usb_port_enable(f->bus, f, port, on);
}

static uint32_t svc_port_woke(pb_usb_fn *f, uint32_t port)
{
    pb_usb_fn *x = usb_port_device(f->bus, f, port);
    uint32_t woke = x ? x->s.woke : 0;

    if (x)
        x->s.woke = 0;
    return woke;
}

const struct pb_usb usb_service = {
    .size = sizeof usb_service, .add = svc_add, .ready = svc_ready, .halt = svc_halt,
    .speed = svc_speed, .wake = usb_wake, .ports = svc_ports, .below = svc_below,
    .port_reset = svc_port_reset, .port_enable = svc_port_enable, .port_woke = svc_port_woke,
};

/* ---- Coming and going: [main] ------------------------------------------------------------ */

static void tell(pb_usb_fn *f)
{
    if (f->hub)
        f->hub->changed(f->hub->info.self, f->port);
    else if (!f->orphan)
        f->bus->changed(f->bus, f->port);
}

/* A hub that was exchanged has behind it again what stayed there meanwhile. */
static void adopt(pb_usb_fn *hub)
{
    size_t n = strlen(hub->path);

    for (pb_usb_fn *x = hub->bus->plugged; x; x = x->next) {
        const char *last = strrchr(x->path, '.');
        if (!x->orphan || x->hub || !last || (size_t)(last - x->path) != n ||
            memcmp(x->path, hub->path, n) || x->port > hub->n_ports)
            continue;
        x->hub = hub;
        x->orphan = 0;
    }
}

static int parent_attach(void *self, uint32_t bus, pb_dev *child, pb_err *e)
{
    struct usb_bus *b = self;
    pb_usb_fn *f = b->pending, **end = &b->plugged;

    (void)bus;
    if (!f || f->dev != child)
        return b->h->fail(e, PB_EINVAL, "the device did not plug itself into its USB bus");
    b->thread->enter(b->dev);
    b->pending = f->next;
    f->next = NULL;
    while (*end)
        end = &(*end)->next;
    *end = f;
    adopt(f);
    tell(f);
    b->thread->leave(b->dev);
    return PB_OK;
}

static void parent_detach(void *self, uint32_t bus, pb_dev *child)
{
    struct usb_bus *b = self;
    pb_usb_fn **p = &b->plugged;

    (void)bus;
    while (*p && (*p)->dev != child)
        p = &(*p)->next;
    pb_usb_fn *f = *p;
    if (!f)
        return;
    b->thread->enter(b->dev);
    *p = f->next;
    memset(&f->s, 0, sizeof f->s);
    for (pb_usb_fn *x = b->plugged; x; x = x->next) { /* exchanged, or the end */
        x->orphan |= x->hub == f;
        x->hub = x->hub == f ? NULL : x->hub;
    }
    tell(f);
    f->next = b->pending; /* the device may still call us until it is unrealized */
    b->pending = f;
    b->thread->leave(b->dev);
}

static uint32_t parent_hotplug(void *self, uint32_t bus)
{
    (void)self, (void)bus;
    return 1;
}

static int parent_unplug(void *self, uint32_t bus, pb_dev *child, pb_err *e)
{
    struct usb_bus *b = self;

    (void)bus;
    for (pb_usb_fn *f = b->plugged; f; f = f->next)
        if (f->hub && f->hub->dev == child)
            return refuse(b, e, PB_EBUSY, b->bus->name(child), f->path, "is in use: remove what "
                          "is plugged into the hub first");
    return PB_OK;
}

const struct pb_bus_parent usb_bus_parent = {
    .size = sizeof usb_bus_parent, .attach = parent_attach, .detach = parent_detach,
    .hotplug = parent_hotplug, .unplug = parent_unplug};
