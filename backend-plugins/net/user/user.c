/* SPDX-License-Identifier: MIT */
/* user.c - network backend `user`: a NAT network inside the process, by libslirp.
 *
 * The guest sees DHCP, a gateway, a DNS forwarder and the host's network behind them,
 * without any privilege. Defaults are QEMU's: 10.0.2.0/24, host .2, DNS .3, leases from .15.
 * libslirp is a part: it is opened when the guest sends its first frame, or for a rule.
 * Not modelled: smb, guestfwd to a character device, hostfwd from a Unix socket or to IPv6.
 */
#include "user.h"

#include <plugboard/part.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum { P_NET, P_HOST, P_RESTRICT, P_DNS, P_DHCPSTART, P_HOSTNAME, P_DOMAINNAME, P_DNSSEARCH,
       P_TFTP, P_TFTP_NAME, P_BOOTFILE, P_IPV4, P_IPV6, P_IPV6_PREFIX, P_IPV6_HOST, P_HOSTFWD,
       P_GUESTFWD };
static const struct pb_prop props[] = {
    {.name = "net", .doc = "network, ADDRESS or ADDRESS/BITS", .def = "10.0.2.0/24",
     .type = PB_T_STR},
    {.name = "host", .doc = "the host as the guest sees it", .type = PB_T_STR},
    {.name = "restrict", .doc = "isolate the guest from host and network", .def = "off",
     .type = PB_T_BOOL},
    {.name = "dns", .doc = "virtual name server", .type = PB_T_STR},
    {.name = "dhcpstart", .doc = "first address that DHCP gives out", .type = PB_T_STR},
    {.name = "hostname", .doc = "name that DHCP tells the guest", .type = PB_T_STR},
    {.name = "domainname", .doc = "domain that DHCP tells the guest", .type = PB_T_STR},
    {.name = "dnssearch", .doc = "domain to search; may be repeated", .type = PB_T_STR},
    {.name = "tftp", .doc = "directory served by TFTP", .type = PB_T_STR},
    {.name = "tftp-server-name", .doc = "TFTP server name that DHCP tells", .type = PB_T_STR},
    {.name = "bootfile", .doc = "boot file that DHCP tells", .type = PB_T_STR},
    {.name = "ipv4", .doc = "serve IPv4", .def = "on", .type = PB_T_BOOL},
    {.name = "ipv6", .doc = "serve IPv6", .def = "on", .type = PB_T_BOOL},
    {.name = "ipv6-prefix", .doc = "IPv6 network prefix (64 bits)", .def = "fec0::",
     .type = PB_T_STR},
    {.name = "ipv6-host", .doc = "the host as the guest sees it", .def = "fec0::2",
     .type = PB_T_STR},
    {.name = "hostfwd", .doc = "[tcp|udp]:[hostaddr]:hostport-[guestaddr]:guestport; may be "
                               "repeated", .type = PB_T_STR},
    {.name = "guestfwd", .doc = "[tcp]:server:port-cmd:COMMAND or -unix:PATH; may be repeated",
     .type = PB_T_STR},
};

/* ---- Addresses --------------------------------------------------------------------------- */

static int bad_address(struct user *u, pb_err *e, const char *key, const char *v, const char *why)
{
    char text[300];

    snprintf(text, sizeof text, "user network: %s=%s: %s", key, v, why);
    return u->h->fail(e, PB_EINVAL, text);
}

static int parse_net(struct user *u, const char *v, pb_err *e)
{
    char addr[64];
    const char *slash = strchr(v, '/');
    size_t n = slash ? (size_t)(slash - v) : strlen(v);
    long bits = 24;
    char *end = NULL;

    if (n >= sizeof addr)
        return bad_address(u, e, "net", v, "not an address");
    memcpy(addr, v, n);
    addr[n] = 0;
    if (!inet_aton(addr, &u->vnet))
        return bad_address(u, e, "net", v, "not an address");
    if (slash) {
        bits = strtol(slash + 1, &end, 10);
        if (end == slash + 1 || *end || bits < 4 || bits > 28)
            return bad_address(u, e, "net", v, "the network takes 4 to 28 bits");
    }
    u->mask.s_addr = htonl(~0u << (32 - bits));
    u->vnet.s_addr &= u->mask.s_addr;
    return PB_OK;
}

/* The address of `prop`, or host number `def` of the network. Inside it, in any case. */
static int parse_host(struct user *u, const struct pb_svc_prop *prop, uint32_t i, uint32_t def,
                      struct in_addr *out, pb_err *e)
{
    const char *v = prop->get_str(u->node, i);

    out->s_addr = u->vnet.s_addr | htonl(def & ~ntohl(u->mask.s_addr));
    if (!v)
        return PB_OK;
    if (!inet_aton(v, out))
        return bad_address(u, e, props[i].name, v, "not an address");
    if ((out->s_addr & u->mask.s_addr) != u->vnet.s_addr)
        return bad_address(u, e, props[i].name, v, "outside net=");
    return PB_OK;
}

static int addresses(struct user *u, const struct pb_svc_prop *prop, pb_err *e)
{
    int rc = parse_net(u, prop->get_str(u->node, P_NET), e);

    if (rc == PB_OK)
        rc = parse_host(u, prop, P_HOST, 2, &u->host, e);
    if (rc == PB_OK)
        rc = parse_host(u, prop, P_DNS, 3, &u->dns, e);
    if (rc == PB_OK)
        rc = parse_host(u, prop, P_DHCPSTART, 15, &u->dhcp, e);
    if (rc == PB_OK && u->host.s_addr == u->dns.s_addr)
        rc = bad_address(u, e, "dns", inet_ntoa(u->dns), "the same as host=");
    return rc;
}

/* ---- Frames from the guest --------------------------------------------------------------- */

#define FRAME_MAX 65536u

static int frame(void *self, const struct pb_iov *v, uint32_t n, uint32_t flags)
{
    struct user *u = self;
    uint8_t buf[FRAME_MAX];
    size_t len = 0;

    (void)flags;
    if (n == 1) {
        len = v[0].len;
    } else {
        for (uint32_t i = 0; i < n; i++) {
            if (v[i].len > sizeof buf - len)
                return PB_EINVAL;
            memcpy(buf + len, v[i].base, v[i].len);
            len += v[i].len;
        }
    }
    if (len > sizeof buf)
        return PB_EINVAL;
    return loop_input(u, n == 1 ? v[0].base : buf, (uint32_t)len);
}

static void ready(void *self)
{
    struct user *u = self;

    if (!__atomic_load_n(&u->slirp, __ATOMIC_ACQUIRE))
        return; /* it has nothing for the guest yet */
    if (loop_start(u) < 0)
        u->h->log(u->h, u->node, PB_LOG_ERROR, "user network: no thread");
    loop_wake(u);
}

/* TCP ends in libslirp, for which a large segment is one send() in place of dozens. */
static const struct pb_net_ops ops = {.size = sizeof ops, .frame = frame, .ready = ready,
                                      .largest = FRAME_MAX};

/* ---- Life -------------------------------------------------------------------------------- */

/* Every value of a repeatable key. */
static int each(struct user *u, const struct pb_svc_prop *prop, const char *key,
                int (*fn)(struct user *, const char *, pb_err *), pb_err *e)
{
    const char *k, *v;
    int rc = PB_OK;

    for (uint32_t i = 0; rc == PB_OK && prop->pair(u->node, i, &k, &v); i++)
        if (!strcmp(k, key))
            rc = fn(u, v, e);
    return rc;
}

/* libslirp would only tell the guest, file by file. */
static int check_tftp(struct user *u, const char *dir, pb_err *e)
{
    struct stat st;

    if (!dir)
        return PB_OK;
    if (stat(dir, &st))
        return bad_address(u, e, "tftp", dir, strerror(errno));
    return S_ISDIR(st.st_mode) ? PB_OK : bad_address(u, e, "tftp", dir, "not a directory");
}

static int configure(struct user *u, const struct pb_svc_prop *prop, pb_err *e)
{
    SlirpConfig *c = &u->config;
    const char *k, *v;
    uint32_t n = 0;

    c->version = 4;
    for (uint32_t i = 0; n < 32 && prop->pair(u->node, i, &k, &v); i++)
        if (!strcmp(k, "dnssearch"))
            u->search[n++] = v;
    c->restricted = u->restricted = (int)prop->get_int(u->node, P_RESTRICT);
    c->in_enabled = prop->get_int(u->node, P_IPV4) != 0;
    c->in6_enabled = prop->get_int(u->node, P_IPV6) != 0;
    if (!c->in_enabled && !c->in6_enabled)
        return u->h->fail(e, PB_EINVAL, "user network: ipv4=off and ipv6=off leave nothing");
    c->vnetwork = u->vnet;
    c->vnetmask = u->mask;
    c->vhost = u->host;
    c->vdhcp_start = u->dhcp;
    c->vnameserver = u->dns;
    c->vprefix_len = 64;
    if (inet_pton(AF_INET6, prop->get_str(u->node, P_IPV6_PREFIX), &c->vprefix_addr6) != 1)
        return bad_address(u, e, "ipv6-prefix", prop->get_str(u->node, P_IPV6_PREFIX), "bad");
    if (inet_pton(AF_INET6, prop->get_str(u->node, P_IPV6_HOST), &c->vhost6) != 1)
        return bad_address(u, e, "ipv6-host", prop->get_str(u->node, P_IPV6_HOST), "bad");
    c->vnameserver6 = c->vprefix_addr6;
    c->vnameserver6.s6_addr[15] |= 3;
    c->vhostname = prop->get_str(u->node, P_HOSTNAME);
    c->vdomainname = prop->get_str(u->node, P_DOMAINNAME);
    c->vdnssearch = n ? u->search : NULL;
    c->tftp_server_name = prop->get_str(u->node, P_TFTP_NAME);
    c->tftp_path = prop->get_str(u->node, P_TFTP);
    c->bootfile = prop->get_str(u->node, P_BOOTFILE);
    return PB_OK;
}

int user_need_slirp(struct user *u, pb_err *e)
{
    const struct pb_svc_part *parts = u->h->get(u->h, PB_SVC_PART);

    if (u->slirp)
        return PB_OK;
    u->part = parts->open(u->node, SLIRP_PART, e);
    if (!u->part)
        return PB_ENOENT;
    Slirp *s = u->part->new(&u->config, &user_callbacks, u);
    if (!s)
        return u->h->fail(e, PB_EIO, "user network: libslirp refused to start");
    __atomic_store_n(&u->slirp, s, __ATOMIC_RELEASE);
    return PB_OK;
}

/* The guest's first frame waits in the inbox. [main] */
static void first_frame(void *opaque)
{
    struct user *u = opaque;

    if (user_need_slirp(u, NULL) == PB_OK && loop_start(u) == PB_OK)
        return;
    u->h->log(u->h, u->node, PB_LOG_ERROR,
              "user network: libslirp cannot be started, so nothing of what the guest sends "
              "arrives anywhere; is the package of plugin 'slirp' whole?");
    __atomic_store_n(&u->failed, 1, __ATOMIC_RELEASE);
}

void user_want_slirp(struct user *u)
{
    if (!__atomic_exchange_n(&u->asked, 1, __ATOMIC_ACQ_REL))
        u->on->main_soon(u->node, first_frame, u);
}

static void stop(struct user *u)
{
    if (u->slirp)
        u->part->cleanup(u->slirp);
    forward_free(u);
    while (u->timers) {
        struct slirp_timer *t = u->timers;
        u->timers = t->next;
        free(t);
    }
    close(u->wake);
    pthread_mutex_destroy(&u->lock);
    pthread_mutex_destroy(&u->in_lock);
}

static int user_open(void *self, pb_dev *node, const pb_host *h, pb_err *e)
{
    struct user *u = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    int rc;

    u->node = node;
    u->h = h;
    u->net = h->get(h, PB_SVC_NET);
    u->time = h->get(h, PB_SVC_TIME);
    u->on = h->get(h, PB_SVC_THREAD);
    u->backlog_end = &u->backlog;
    u->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (u->wake < 0)
        return h->fail(e, PB_EIO, "user network: no eventfd");
    u->inbox_end = &u->inbox;
    pthread_mutex_init(&u->lock, NULL);
    pthread_mutex_init(&u->in_lock, NULL);
    rc = addresses(u, prop, e);
    if (rc == PB_OK)
        rc = check_tftp(u, prop->get_str(node, P_TFTP), e);
    if (rc == PB_OK)
        rc = configure(u, prop, e);
    if (rc == PB_OK)
        rc = each(u, prop, "hostfwd", forward_add, e);
    if (rc == PB_OK)
        rc = each(u, prop, "guestfwd", forward_guest, e);
    if (rc < 0) {
        loop_stop(u);
        stop(u);
    }
    return rc;
}

static void user_close(void *self)
{
    struct user *u = self;

    loop_stop(u);
    stop(u);
}

static void describe(void *self, char *buf, uint32_t n)
{
    struct user *u = self;
    char net[INET_ADDRSTRLEN];

    snprintf(buf, n, "net=%s,restrict=%s", inet_ntop(AF_INET, &u->vnet, net, sizeof net),
             u->restricted ? "on" : "off");
}

static int command(void *self, const char *verb, const char *arg, char *out, uint32_t n, pb_err *e)
{
    struct user *u = self;

    if (!strcmp(verb, "hostfwd_add"))
        return forward_add(u, arg, e);
    if (!strcmp(verb, "hostfwd_remove")) {
        int rc = forward_remove(u, arg, e);
        if (rc == PB_OK)
            snprintf(out, n, "host forwarding rule for %s removed", arg);
        return rc;
    }
    if (!strcmp(verb, "usernet")) {
        if (user_need_slirp(u, e) < 0)
            return PB_ENOENT;
        pthread_mutex_lock(&u->lock);
        char *text = u->part->connection_info(u->slirp);
        pthread_mutex_unlock(&u->lock);
        snprintf(out, n, "%s", text ? text : "");
        free(text); /* g_free is free */
        return PB_OK;
    }
    return PB_ENOTSUP;
}

static const struct pb_backend_class user_class = {
    .size = sizeof user_class,
    .id = "user",
    .doc = "NAT inside the process, no privilege needed",
    .props = props,
    .n_props = sizeof props / sizeof *props,
    .instance_size = sizeof(struct user),
    .ops = &ops,
    .open = user_open,
    .close = user_close,
    .describe = describe,
    .command = command,
};

static const struct pb_class_ref classes[] = {{PB_CLASS_NET, &user_class}};
static const char *const needs[] = {PB_SVC_MINOR_1, PB_SVC_NET, PB_SVC_TIME, PB_SVC_PROP,
                                    PB_SVC_THREAD, PB_SVC_PART, NULL};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin),
    .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR,
    .id = "org.plugboard.net-user",
    .version = "0.1.0",
    .license = "MIT",
    .doc = "User-mode network by libslirp",
    .needs = needs,
    .classes = classes,
    .n_classes = 1,
};
