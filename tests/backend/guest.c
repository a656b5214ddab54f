/* SPDX-License-Identifier: MIT */
/* guest.c - see guest.h. */
#include "guest.h"

#include <arpa/inet.h>

static const uint8_t mac[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};
enum { ETH = 14, IP = 20, UDP = 8, TCP = 20, MSS = 1400 };
enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

static void p16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void p32(uint8_t *p, uint32_t v)
{
    p16(p, v >> 16);
    p16(p + 2, v & 0xffff);
}

static unsigned g16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static uint32_t g32(const uint8_t *p)
{
    return (uint32_t)g16(p) << 16 | g16(p + 2);
}

static uint32_t sum(const uint8_t *p, uint32_t n, uint32_t s)
{
    for (uint32_t i = 0; i + 1 < n; i += 2)
        s += g16(p + i);
    return n & 1 ? s + (uint32_t)(p[n - 1] << 8) : s;
}

static unsigned fold(uint32_t s)
{
    while (s >> 16)
        s = (s & 0xffff) + (s >> 16);
    return ~s & 0xffff;
}

static void transmit(struct guest *g, uint8_t *f, uint32_t n)
{
    struct pb_iov v[2] = {{f, 13}, {f + 13, n - 13}}; /* cut in the middle of a header */

    int rc = PB_EAGAIN;

    while (rc == PB_EAGAIN) { /* as a device does: with its own lock held */
        pthread_mutex_lock(&g->domain);
        rc = bk_net->to_wire(g->d->net, v, 2, 0);
        pthread_mutex_unlock(&g->domain);
    }
    CU_ASSERT_EQUAL(rc, (int)n);
}

static void ethernet(struct guest *g, uint8_t *f, unsigned type)
{
    memcpy(f, g->peer, 6);
    memcpy(f + 6, mac, 6);
    p16(f + 12, type);
}

static void ip_send(struct guest *g, uint8_t *f, uint32_t to, int proto, uint32_t payload)
{
    uint8_t *h = f + ETH;

    ethernet(g, f, 0x800);
    memset(h, 0, IP);
    h[0] = 0x45;
    p16(h + 2, IP + payload);
    h[8] = 64;
    h[9] = (uint8_t)proto;
    p32(h + 12, g->ip);
    p32(h + 16, to);
    p16(h + 10, fold(sum(h, IP, 0)));
    int at = proto == 6 ? 16 : 6;
    p16(h + IP + at, 0);
    uint32_t s = sum(h + 12, 8, (uint32_t)proto + payload);
    p16(h + IP + at, fold(sum(h + IP, payload, s)));
    transmit(g, f, ETH + IP + payload);
}

void guest_udp(struct guest *g, uint32_t to, uint16_t sport, uint16_t dport, const void *data,
               uint32_t n)
{
    uint8_t f[1600], *u = f + ETH + IP;

    p16(u, sport);
    p16(u + 2, dport);
    p16(u + 4, UDP + n);
    memcpy(u + UDP, data, n);
    ip_send(g, f, to, 17, UDP + n);
}

static void tcp_send(struct guest *g, int flags, const void *data, uint32_t n)
{
    uint8_t f[1600], *t = f + ETH + IP;

    p16(t, g->lport);
    p16(t + 2, g->rport);
    p32(t + 4, g->snd);
    p32(t + 8, flags & ACK ? g->rcv : 0);
    t[12] = TCP / 4 << 4;
    t[13] = (uint8_t)flags;
    p16(t + 14, 60000);
    p32(t + 16, 0);
    if (n)
        memcpy(t + TCP, data, n);
    ip_send(g, f, g->rip, 6, TCP + n);
}

/* ---- What comes ---------------------------------------------------------------------------- */

static int rx(void *self, const struct pb_iov *v, uint32_t n, uint32_t flags)
{
    struct guest *g = self;
    GByteArray *a;

    (void)flags;
    if (g_atomic_int_get(&g->full)) {
        g_atomic_int_inc(&g->refused);
        return PB_EAGAIN;
    }
    a = g_byte_array_new();
    pthread_mutex_lock(&g->domain);
    for (uint32_t i = 0; i < n; i++)
        g_byte_array_append(a, v[i].base, (guint)v[i].len);
    int len = (int)a->len;
    GBytes *b = g_byte_array_free_to_bytes(a);
    __atomic_fetch_add(&g->pushed, 1, __ATOMIC_RELEASE); /* for thread checkers: GLib's own */
    g_async_queue_push(g->rx, b);                        /* locks are not seen by them */
    pthread_mutex_unlock(&g->domain);
    return len;
}

static void answer_arp(struct guest *g, const uint8_t *f)
{
    uint8_t r[60] = {0};

    if (g16(f + ETH + 6) != 1 || g32(f + ETH + 24) != g->ip)
        return;
    memcpy(r, f + 6, 6);
    memcpy(r + 6, mac, 6);
    memcpy(r + 12, f + 12, 8);
    p16(r + ETH + 6, 2);
    memcpy(r + ETH + 8, mac, 6);
    p32(r + ETH + 14, g->ip);
    memcpy(r + ETH + 18, f + ETH + 8, 10);
    transmit(g, r, sizeof r);
}

static void tcp_in(struct guest *g, const uint8_t *h, uint32_t total)
{
    const uint8_t *t = h + (h[0] & 15) * 4;
    uint32_t off = (uint32_t)(t - h) + (t[12] >> 4) * 4u, n = total > off ? total - off : 0;
    uint32_t seq = g32(t + 4);
    int flags = t[13];

    if (g16(t + 2) != g->lport || (g->rport && g16(t) != g->rport))
        return;
    if (flags & RST) {
        g->rst = TRUE;
        return;
    }
    if (flags & SYN) {
        g->rip = g32(h + 12);
        g->rport = (uint16_t)g16(t);
        g->rcv = seq + 1;
        if (!(flags & ACK)) { /* we are the server */
            tcp_send(g, SYN | ACK, NULL, 0);
            g->snd++;
        } else {
            g->snd = g32(t + 8);
            tcp_send(g, ACK, NULL, 0);
        }
        g->up = TRUE;
        return;
    }
    if (!g->up)
        return;
    if (seq == g->rcv && n) {
        g_byte_array_append(g->in, h + off, n);
        g->rcv += n;
    }
    if ((flags & FIN) && seq + n == g->rcv && !g->fin) {
        g->rcv++;
        g->fin = TRUE;
    }
    if (n || (flags & FIN))
        tcp_send(g, ACK, NULL, 0);
}

/* One frame if it comes within `ms`; the UDP part is left to the caller. */
static GBytes *next_frame(struct guest *g, int ms)
{
    GBytes *b = g_async_queue_timeout_pop(g->rx, (guint64)MAX(ms, 1) * 1000);
    gsize n;

    (void)__atomic_load_n(&g->pushed, __ATOMIC_ACQUIRE);
    const uint8_t *f = b ? g_bytes_get_data(b, &n) : NULL;
    while (g_main_context_iteration(NULL, FALSE))
        ;
    if (!f)
        return NULL;
    if (n >= 42 && g16(f + 12) == 0x806)
        answer_arp(g, f);
    else if (n >= ETH + IP + TCP && g16(f + 12) == 0x800 && f[ETH + 9] == 6)
        tcp_in(g, f + ETH, g16(f + ETH + 2));
    return b;
}

void guest_step(struct guest *g, int ms)
{
    GBytes *b = next_frame(g, ms);

    if (b)
        g_bytes_unref(b);
}

int guest_udp_wait(struct guest *g, uint16_t port, uint8_t *out, uint32_t room, int ms)
{
    gint64 end = g_get_monotonic_time() + ms * 1000;

    while (g_get_monotonic_time() < end) {
        g_autoptr(GBytes) b = next_frame(g, 20);
        gsize n;
        const uint8_t *f = b ? g_bytes_get_data(b, &n) : NULL;
        if (!f || n < ETH + IP + UDP || g16(f + 12) != 0x800 || f[ETH + 9] != 17 ||
            g16(f + ETH + IP + 2) != port)
            continue;
        uint32_t len = g16(f + ETH + IP + 4) - UDP;
        if (len > room || len > n)
            return -1;
        memcpy(out, f + ETH + IP + UDP, len);
        return (int)len;
    }
    return -1;
}

/* ---- DHCP and ARP ---------------------------------------------------------------------------- */

static int dhcp_step(struct guest *g, int type, uint32_t want, int ms)
{
    uint8_t m[300] = {1, 1, 6, 0, 1, 2, 3, 4}, r[1500], *o = m + 240;

    memcpy(m + 28, mac, 6);
    p32(m + 236, 0x63825363);
    memcpy(o, (uint8_t[]){53, 1, (uint8_t)type}, 3);
    o += 3;
    if (want) {
        memcpy(o, (uint8_t[]){50, 4}, 2);
        p32(o + 2, want);
        o += 6;
    }
    *o = 255;
    guest_udp(g, 0xffffffff, 68, 67, m, sizeof m);
    int n = guest_udp_wait(g, 68, r, sizeof r, ms), got = 0;
    if (n < 244 || g32(r + 4) != 0x01020304)
        return 0;
    g->dns = g->router = 0;
    for (int i = 240; i + 1 < n && r[i] != 255; i += 2 + r[i + 1]) {
        if (r[i] == 53)
            got = r[i + 2];
        if (r[i] == 3)
            g->router = g32(r + i + 2);
        if (r[i] == 6)
            g->dns = g32(r + i + 2);
        if (r[i] == 12)
            snprintf(g->hostname, sizeof g->hostname, "%.*s", r[i + 1], (char *)r + i + 2);
    }
    if (type == 1)
        g->rip = g32(r + 16);
    else
        g->ip = g32(r + 16);
    return got;
}

gboolean guest_dhcp(struct guest *g, int ms)
{
    memset(g->peer, 0xff, 6);
    return dhcp_step(g, 1, 0, ms) == 2 && dhcp_step(g, 3, g->rip, ms) == 5;
}

gboolean guest_arp(struct guest *g, uint32_t ip, int ms)
{
    uint8_t f[60] = {0};
    gint64 end = g_get_monotonic_time() + ms * 1000;

    memset(g->peer, 0xff, 6);
    ethernet(g, f, 0x806);
    memcpy(f + ETH, (uint8_t[]){0, 1, 8, 0, 6, 4, 0, 1}, 8);
    memcpy(f + ETH + 8, mac, 6);
    p32(f + ETH + 14, g->ip);
    p32(f + ETH + 24, ip);
    transmit(g, f, sizeof f);
    while (g_get_monotonic_time() < end) {
        g_autoptr(GBytes) b = next_frame(g, 20);
        gsize n;
        const uint8_t *r = b ? g_bytes_get_data(b, &n) : NULL;
        if (!r || g16(r + 12) != 0x806 || g16(r + ETH + 6) != 2 || g32(r + ETH + 14) != ip)
            continue;
        memcpy(g->peer, r + ETH + 8, 6);
        return TRUE;
    }
    return FALSE;
}

/* ---- TCP ------------------------------------------------------------------------------------- */

static gboolean until_up(struct guest *g, int ms)
{
    gint64 end = g_get_monotonic_time() + ms * 1000;

    while (!g->up && !g->rst && g_get_monotonic_time() < end)
        guest_step(g, 20);
    return g->up;
}

static void fresh(struct guest *g)
{
    g->up = g->fin = g->rst = FALSE;
    g->rport = 0;
    g->rcv = 0;
    g->snd = 1000;
    g_byte_array_set_size(g->in, 0);
}

gboolean guest_connect(struct guest *g, uint32_t ip, uint16_t port, int ms)
{
    static uint16_t next = 40000;

    fresh(g);
    g->lport = next++;
    g->rip = ip;
    g->rport = port;
    tcp_send(g, SYN, NULL, 0);
    return until_up(g, ms);
}

gboolean guest_listen(struct guest *g, uint16_t port, int ms)
{
    fresh(g);
    g->lport = port;
    return until_up(g, ms);
}

gboolean guest_send(struct guest *g, const void *data, uint32_t n, int ms)
{
    gint64 end = g_get_monotonic_time() + ms * 1000;

    for (uint32_t at = 0; at < n; at += MSS) { /* slowly: there are no retransmissions */
        uint32_t run = MIN(n - at, (uint32_t)MSS);
        tcp_send(g, PSH | ACK, (const char *)data + at, run);
        g->snd += run;
        guest_step(g, 2);
        if (g->rst || g_get_monotonic_time() > end)
            return FALSE;
    }
    return TRUE;
}

gboolean guest_wait(struct guest *g, uint32_t n, int ms)
{
    gint64 end = g_get_monotonic_time() + ms * 1000;

    while (g->in->len < n && !g->fin && g_get_monotonic_time() < end)
        guest_step(g, 20);
    return g->in->len >= n;
}

struct guest *guest_new(const char *node)
{
    static const struct pb_net_ops ops = {.size = sizeof ops, .frame = rx};
    struct guest *g = g_new0(struct guest, 1);
    pthread_mutexattr_t nested;

    pthread_mutexattr_init(&nested);
    pthread_mutexattr_settype(&nested, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&g->domain, &nested);
    g->rx = g_async_queue_new_full((GDestroyNotify)g_bytes_unref);
    g->in = g_byte_array_new();
    g->d = bk_device(PB_KIND_NET, node);
    bk_net->attach(g->d->net, &ops, g);
    return g;
}

void guest_free(struct guest *g)
{
    bk_net->attach(g->d->net, NULL, NULL);
    bk_undevice(g->d);
    g_async_queue_unref(g->rx);
    g_byte_array_free(g->in, TRUE);
    g_free(g);
}
