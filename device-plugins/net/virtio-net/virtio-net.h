/* SPDX-License-Identifier: MIT */
/* virtio-net.h - the parts of the virtio network device. VIRTIO 1.2, section 5.1. */
#ifndef VIRTIO_NET_H
#define VIRTIO_NET_H

#include <plugboard/backend.h>
#include <plugboard/device.h>
#include <plugboard/virtio.h>

#include <pthread.h>

/* 5.1.3 */
#define F_CSUM (1ull << 0)
#define F_MTU (1ull << 3)
#define F_MAC (1ull << 5)
#define F_HOST_TSO4 (1ull << 11)
#define F_HOST_TSO6 (1ull << 12)
#define F_HOST_ECN (1ull << 13)
#define F_MRG_RXBUF (1ull << 15)
#define F_STATUS (1ull << 16)
#define F_CTRL_VQ (1ull << 17)
#define F_CTRL_RX (1ull << 18)
#define F_CTRL_VLAN (1ull << 19)
#define F_GUEST_ANNOUNCE (1ull << 21)
#define F_MQ (1ull << 22)
#define F_CTRL_MAC_ADDR (1ull << 23)

#define HDR_BYTES 12u /* struct virtio_net_hdr, 5.1.6 */
#define HDR_LEGACY 10u /* without num_buffers: legacy drivers that do not merge, 5.1.6.1 */
#define PAIRS_MAX 8u
#define QUEUE_MAX 1024u
#define CONTROL_SIZE 64u
#define IOV_MAX_CHAIN 64u
#define FRAME_MAX 65550u
#define MAC_TABLE 64u

struct config { /* 5.1.4 */
    uint8_t mac[6];
    uint16_t status, max_virtqueue_pairs, mtu;
};
#define CONFIG_LEN 12u
#define STATUS_LINK_UP 1u

struct pair {
    struct net *n;
    pb_vq *rx, *tx;
    pthread_mutex_t rx_lock, tx_lock; /* each ring's calls come one at a time */
    uint32_t rx_starved; /* a frame found no buffer: a kick of rx wakes the wire */
    uint32_t tx_waiting; /* the wire takes no more: ready() goes on */
    uint32_t sent;       /* of the payload of the large segment at the head of tx */
    uint8_t *out;        /* FRAME_MAX bytes, where offload() makes frames; or NULL */
};

/* What the driver wants to receive, 5.1.6.5. Guarded by filter_lock. */
struct filter {
    uint8_t promisc, allmulti, alluni, nomulti, nouni, nobcast, overflow[2];
    uint32_t n_mac[2];             /* unicast, multicast */
    uint8_t mac[2][MAC_TABLE][6];
    uint32_t vlan[4096 / 32];
};

struct net {
    pb_dev *dev;
    const pb_host *h;
    const struct pb_svc_net *svc;
    const struct pb_virtio *virtio;
    void *bus;
    pb_net *wire;
    pb_vq *ctrl;
    uint32_t rx_size, tx_size; /* of queues */
    uint32_t pairs, active; /* offered; in use (5.1.6.5.5) */
    uint64_t features;
    uint32_t hdr; /* HDR_BYTES or HDR_LEGACY */
    struct config cfg;
    uint8_t default_mac[6];
    pthread_mutex_t filter_lock;
    struct filter filter;
    uint32_t running; /* atomic */
    struct pair pair[PAIRS_MAX];
};

/* A reader of a frame's iovecs. */
struct source {
    const struct pb_iov *v;
    uint32_t n, at;
    size_t used;
};
uint32_t copy_out(struct source *s, uint8_t *to, uint32_t n); /* bytes that there were */

/* offload.c: a frame of `bytes` to the wire, done as its header `h` says. Bytes, PB_EAGAIN: again
 * from where it stopped, or 0: it makes no sense. */
int offload(struct net *n, struct pair *p, const struct pb_iov *v, uint32_t cnt, uint32_t bytes,
            const uint8_t *h);
/* control.c: the control queue, 5.1.6.5. Returns VIRTIO_NET_OK (0) or _ERR (1). */
uint8_t control(struct net *n, uint8_t class_, uint8_t cmd, const uint8_t *data, uint32_t len);
/* Does the driver want a frame that begins with these bytes? */
int wanted(struct net *n, const uint8_t *frame, uint32_t len);
void filter_reset(struct net *n);

#endif
