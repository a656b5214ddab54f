/* SPDX-License-Identifier: MIT */
/* test-virtio-net-offload.c - claim: frames whose checksum or segmentation the driver left to the
 * device reach the wire as VIRTIO 1.2, 5.1.6.2 and TCP have them, none twice where the wire is
 * full meanwhile, and headers that make no sense break nothing. */
#include "suite.h"
#include "virtio-driver.h"

#include <string.h>

#define F_CSUM (1ull << 0)
#define TSO (7ull << 11) /* IPv4, IPv6, ECN */
#define HDR 12u
#define MSS 1000u
#define PAYLOAD 4500u

enum { CSUM = 1, TCP4 = 1, TCP6 = 4, ECN = 0x80 };
enum { FIN = 1, PSH = 8, ACK = 16, CWR = 128 };

static pbt *b;
static pb_dev *wire;
static struct vd v;

static void plug(const char *props, uint64_t f)
{
    b = pbt_new();
    pbt_load(b, "virtio-mmio");
    pbt_load(b, "virtio-net");
    wire = pbt_net_new(b, "n0");
    pb_dev *m = pbt_add(b, "virtio-mmio", "m0", NULL);
    pbt_add_child(m, 0, "virtio-net-device", "d0", props);
    vd_init(&v, b, m, NULL);
    CU_ASSERT_TRUE_FATAL(vd_start(&v, PB_VIRTIO_F_VERSION_1 | f, 2, 64));
}

static void put16(uint8_t *p, uint32_t x)
{
    p[0] = (uint8_t)(x >> 8);
    p[1] = (uint8_t)x;
}

static uint32_t get16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

/* Word by word, as RFC 1071 has it: 0xffff when the checksum in it is right. */
static uint32_t sum(uint32_t s, const uint8_t *p, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        s += i & 1 ? p[i] : (uint32_t)p[i] << 8;
    while (s >> 16)
        s = (s & 0xffff) + (s >> 16);
    return s;
}

static uint32_t pseudo(const uint8_t *ip, uint32_t proto, uint32_t len)
{
    return *ip >> 4 == 6 ? sum(proto + len, ip + 8, 32) : sum(proto + len, ip + 12, 8);
}

/* A TCP frame, header and all, into `f`; its length. Option bytes make TCP's header 32 long. */
static uint32_t tcp(uint8_t *f, int v6, uint32_t vlan, uint32_t payload, uint8_t flags)
{
    uint8_t *e = f + HDR, *ip = e + 14 + vlan, *t = ip + (v6 ? 40 : 20);
    uint32_t ip_len = (uint32_t)(t - ip) + 32 + payload;

    memset(f, 0, HDR + 14 + vlan + ip_len);
    f[0] = CSUM;
    f[1] = v6 ? TCP6 : TCP4;
    f[4] = MSS & 255;
    f[5] = MSS >> 8;
    f[6] = (uint8_t)(t - e);
    f[8] = 16;
    memset(e, 0x52, 12);
    if (vlan)
        put16(e + 12, 0x8100);
    put16(ip - 2, v6 ? 0x86dd : 0x0800);
    ip[0] = v6 ? 0x60 : 0x45;
    put16(ip + (v6 ? 4 : 2), v6 ? ip_len - 40 : ip_len);
    ip[v6 ? 6 : 9] = 6;
    if (!v6)
        put16(ip + 4, 0xfffe); /* the identification wraps */
    memset(ip + (v6 ? 8 : 12), 0xa5, v6 ? 32 : 8);
    memset(t + 4, 0xff, 3); /* and so does the sequence number */
    t[12] = 0x80;
    t[13] = flags;
    put16(t + 16, pseudo(ip, 6, ip_len - (uint32_t)(t - ip)));
    for (uint32_t i = 0; i < payload; i++)
        t[32 + i] = (uint8_t)(i * 7 + i / 256);
    return HDR + 14 + vlan + ip_len;
}

static void post(const uint8_t *f, uint32_t n)
{
    uint64_t at = vd_alloc(&v, n, 1);
    uint32_t cut = 1 + n % (n - 1);
    struct vd_buf buf[] = {{at, cut, 0}, {at + cut, n - cut, 0}};

    memcpy(vd_host(&v, at), f, n);
    CU_ASSERT_TRUE(vd_add(&v, 1, buf, 2, 0) >= 0);
    vd_kick(&v, 1);
    pbt_settle(b);
}

/* The segments that are on the wire now, from payload byte `at` on; where they end. */
static uint32_t check(int v6, uint32_t vlan, uint32_t at, uint8_t flags)
{
    uint8_t f[2000], *ip = f + 14 + vlan, *t = ip + (v6 ? 40 : 20);
    size_t len;

    while ((len = pbt_net_take(wire, f, sizeof f, NULL))) {
        uint32_t k = PAYLOAD - at < MSS ? PAYLOAD - at : MSS, wrong = 0;
        uint8_t want = flags;

        CU_ASSERT_EQUAL(len, (size_t)(t + 32 - f) + k);
        if (v6) {
            CU_ASSERT_EQUAL(get16(ip + 4), 32 + k);
        } else {
            CU_ASSERT_EQUAL(get16(ip + 2), 52 + k);
            CU_ASSERT_EQUAL(get16(ip + 4), (0xfffe + at / MSS) & 0xffff);
            CU_ASSERT_EQUAL(sum(0, ip, 20), 0xffff);
        }
        CU_ASSERT_EQUAL(get16(t + 4) << 16 | get16(t + 6), 0xffffff00 + at);
        want &= (uint8_t)~((at + k < PAYLOAD ? FIN | PSH : 0) | (at ? CWR : 0));
        CU_ASSERT_EQUAL(t[13], want);
        CU_ASSERT_EQUAL(sum(pseudo(ip, 6, 32 + k), t, 32 + k), 0xffff);
        for (uint32_t i = 0; i < k; i++, at++)
            wrong += t[32 + i] != (uint8_t)(at * 7 + at / 256);
        CU_ASSERT_EQUAL(wrong, 0);
    }
    return at;
}

static void cut_up(void)
{
    const uint8_t flags = FIN | PSH | ACK | CWR;
    uint8_t f[8192];
    uint32_t id, len;

    for (uint32_t k = 0; k < 8; k++) {
        uint32_t v6 = k & 1, vlan = k & 2 ? 4 : 0, n, at;

        plug("netdev=n0", F_CSUM | TSO);
        n = tcp(f, (int)v6, vlan, PAYLOAD, flags);
        f[1] |= ECN;
        pbt_net_full(wire, k & 4 ? 3 : 0); /* or two go, then the wire is full */
        post(f, n);
        at = check((int)v6, vlan, 0, flags);
        CU_ASSERT_EQUAL(at, k & 4 ? 2 * MSS : PAYLOAD);
        CU_ASSERT_EQUAL(vd_used(&v, 1, &id, &len), !(k & 4));
        pbt_net_full(wire, 0);
        pbt_settle(b);
        CU_ASSERT_EQUAL(check((int)v6, vlan, at, flags), PAYLOAD);
        post(f, n); /* and the next one is whole */
        CU_ASSERT_EQUAL(check((int)v6, vlan, 0, flags), PAYLOAD);
        pbt_free(b);
    }
}

/* A wire that takes more at once gets it, in pieces of which each is many of the driver's. */
static void large_wire(void)
{
    uint8_t f[8192], got[4000];

    plug("netdev=n0", F_CSUM | TSO);
    pbt_net_largest(wire, 66 + 2 * MSS + 500);
    post(f, tcp(f, 0, 0, PAYLOAD, PSH | ACK));
    for (uint32_t at = 0; at < PAYLOAD; at += 2 * MSS) {
        uint32_t k = PAYLOAD - at < 2 * MSS ? PAYLOAD - at : 2 * MSS;
        CU_ASSERT_EQUAL(pbt_net_take(wire, got, sizeof got, NULL), 66 + k);
        CU_ASSERT_EQUAL(get16(got + 16), 52 + k);
        CU_ASSERT_EQUAL(sum(0, got + 14, 20), 0xffff);
        CU_ASSERT_EQUAL(sum(pseudo(got + 14, 6, 32 + k), got + 34, 32 + k), 0xffff);
        CU_ASSERT_EQUAL(memcmp(got + 66, f + HDR + 66 + at, k), 0);
        CU_ASSERT_EQUAL(got[47], at + k < PAYLOAD ? ACK : PSH | ACK);
    }
    CU_ASSERT_EQUAL(pbt_net_sent(wire), 0);
    pbt_free(b);
}

static void summed(void)
{
    uint8_t f[2000], got[2000];

    for (uint32_t k = 0; k < 40; k++) {
        uint32_t n, len = 8 + k * 31;
        uint8_t *ip = f + HDR + 14, *u = ip + 20;

        plug(k & 1 ? "netdev=n0,host_tso4=off,host_tso6=off" : "netdev=n0", F_CSUM);
        n = tcp(f, 0, 0, len, 0) - 32;
        put16(ip + 2, 20 + len);
        f[1] = 0;
        f[8] = 6;
        ip[9] = 17;
        put16(u + 6, pseudo(ip, 17, len));
        if (k == 5) /* it comes to zero */
            put16(u, 0xffff ^ sum(0, u, len));
        post(f, n);
        CU_ASSERT_EQUAL(pbt_net_take(wire, got, sizeof got, NULL), n - HDR);
        CU_ASSERT_EQUAL(sum(pseudo(got + 14, 17, len), got + 34, len), 0xffff);
        CU_ASSERT_NOT_EQUAL(get16(got + 40), 0);
        put16(u + 6, get16(got + 40));
        CU_ASSERT_EQUAL(memcmp(got, f + HDR, n - HDR), 0);
        pbt_free(b);
    }
}

static void offers(void)
{
    plug("netdev=n0,csum=off", 0);
    CU_ASSERT_EQUAL(vd_offered(&v) & (F_CSUM | TSO), 0);
    pbt_free(b);
    plug("netdev=n0,host_tso6=off,host_ecn=off", 0);
    CU_ASSERT_EQUAL(vd_offered(&v) & (F_CSUM | TSO), F_CSUM | 1ull << 11);
    pbt_free(b);
}

/* Frames with a few bytes of their headers changed, cut short, and the wire full now and then. */
static void nonsense(void)
{
    static uint8_t f[70000];
    uint64_t seed = 1;
    uint32_t id, len;

    plug("netdev=n0", F_CSUM | TSO);
    uint64_t heap = v.heap;
    for (uint32_t k = 0; k < 4000; k++) {
        uint32_t big = pbt_rand(&seed) % 64 == 0 ? 65000 : (uint32_t)(pbt_rand(&seed) % 3000);
        uint32_t n = tcp(f, (int)(pbt_rand(&seed) & 1), k % 3 ? 0 : 4, big, ACK);

        for (uint64_t i = pbt_rand(&seed) % 4; i > 0; i--)
            f[pbt_rand(&seed) % 90] = (uint8_t)(pbt_rand(&seed) >> (pbt_rand(&seed) % 8));
        if (pbt_rand(&seed) % 4 == 0)
            n = HDR + 20 + (uint32_t)(pbt_rand(&seed) % (n - HDR - 20));
        pbt_net_full(wire, (uint32_t)(pbt_rand(&seed) % 3));
        v.heap = heap;
        post(f, n);
        pbt_net_full(wire, 0);
        pbt_settle(b);
        CU_ASSERT_EQUAL_FATAL(vd_used(&v, 1, &id, &len), 1);
        while ((len = (uint32_t)pbt_net_take(wire, f, sizeof f, NULL)))
            CU_ASSERT_TRUE_FATAL(len <= n);
    }
    CU_ASSERT_EQUAL(vd_reg(&v, VR_Status) & VS_NEEDS_RESET, 0);
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"large TCP segments", cut_up},
        {"large wire", large_wire},
        {"checksums", summed},
        {"what is offered", offers},
        {"headers that make no sense", nonsense},
    };
    return SUITE_RUN("virtio-net-offload", tests);
}
