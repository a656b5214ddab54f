/* SPDX-License-Identifier: MIT */
/* control.c - receive filter and control queue of virtio-net. VIRTIO 1.2, 5.1.6.5. */
#include "virtio-net.h"

#include <string.h>

enum { CLS_RX = 0, CLS_MAC = 1, CLS_VLAN = 2, CLS_ANNOUNCE = 3, CLS_MQ = 4 };
enum { OK = 0, ERR = 1 };

void filter_reset(struct net *n)
{
    pthread_mutex_lock(&n->filter_lock);
    memset(&n->filter, 0, sizeof n->filter);
    n->filter.promisc = 1; /* until the driver says otherwise, everything is passed on */
    memset(n->filter.vlan, 0xff, sizeof n->filter.vlan);
    memcpy(n->cfg.mac, n->default_mac, 6);
    pthread_mutex_unlock(&n->filter_lock);
}

static int in_table(const struct filter *f, int multi, const uint8_t *mac)
{
    for (uint32_t i = 0; i < f->n_mac[multi]; i++)
        if (!memcmp(f->mac[multi][i], mac, 6))
            return 1;
    return f->overflow[multi];
}

int wanted(struct net *n, const uint8_t *p, uint32_t len)
{
    static const uint8_t broadcast[6] = {255, 255, 255, 255, 255, 255};
    const struct filter *f = &n->filter;
    int yes;

    if (len < 14)
        return 0;
    pthread_mutex_lock(&n->filter_lock);
    if (f->promisc)
        yes = 1;
    else if (len >= 16 && p[12] == 0x81 && p[13] == 0 &&
             !(f->vlan[((p[14] & 15) << 8 | p[15]) / 32] >> (p[15] & 31) & 1))
        yes = 0;
    else if (!memcmp(p, broadcast, 6))
        yes = !f->nobcast;
    else if (p[0] & 1)
        yes = !f->nomulti && (f->allmulti || in_table(f, 1, p));
    else
        yes = !f->nouni && (f->alluni || !memcmp(p, n->cfg.mac, 6) || in_table(f, 0, p));
    pthread_mutex_unlock(&n->filter_lock);
    return yes;
}

static uint8_t rx_mode(struct net *n, uint8_t cmd, const uint8_t *data, uint32_t len)
{
    uint8_t *const flags[] = {&n->filter.promisc, &n->filter.allmulti, &n->filter.alluni,
                              &n->filter.nomulti, &n->filter.nouni,    &n->filter.nobcast};

    if (len != 1 || cmd >= sizeof flags / sizeof *flags)
        return ERR;
    *flags[cmd] = data[0] & 1;
    return OK;
}

/* Two tables of {le32 entries, mac[entries][6]}, 5.1.6.5.2. Too many: accept all. */
static uint8_t mac_table(struct net *n, const uint8_t *data, uint32_t len)
{
    struct filter *f = &n->filter;

    for (int multi = 0; multi < 2; multi++) {
        uint32_t count;
        if (len < 4)
            return ERR;
        memcpy(&count, data, 4);
        data += 4;
        len -= 4;
        if (count > len / 6)
            return ERR;
        f->overflow[multi] = count > MAC_TABLE;
        f->n_mac[multi] = count > MAC_TABLE ? 0 : count;
        memcpy(f->mac[multi], data, 6ull * f->n_mac[multi]);
        data += 6ull * count;
        len -= 6 * count;
    }
    return len == 0 ? OK : ERR;
}

static uint8_t vlan(struct net *n, uint8_t cmd, const uint8_t *data, uint32_t len)
{
    if (len != 2 || cmd > 1)
        return ERR;
    uint32_t id = (uint32_t)data[0] | (uint32_t)data[1] << 8;
    if (id > 4095)
        return ERR;
    if (cmd == 0)
        n->filter.vlan[id / 32] |= 1u << (id % 32);
    else
        n->filter.vlan[id / 32] &= ~(1u << (id % 32));
    return OK;
}

uint8_t control(struct net *n, uint8_t class_, uint8_t cmd, const uint8_t *data, uint32_t len)
{
    uint8_t rc = ERR;

    pthread_mutex_lock(&n->filter_lock);
    if (class_ == CLS_RX) {
        rc = rx_mode(n, cmd, data, len);
    } else if (class_ == CLS_MAC && cmd == 0) {
        rc = mac_table(n, data, len);
    } else if (class_ == CLS_MAC && cmd == 1 && len == 6) {
        memcpy(n->cfg.mac, data, 6);
        rc = OK;
    } else if (class_ == CLS_VLAN) {
        rc = vlan(n, cmd, data, len);
    } else if (class_ == CLS_ANNOUNCE && cmd == 0) {
        rc = OK;
    } else if ((n->features & F_MQ) && class_ == CLS_MQ && cmd == 0 && len == 2) {
        uint32_t pairs = (uint32_t)data[0] | (uint32_t)data[1] << 8;
        if (pairs >= 1 && pairs <= n->pairs) {
            __atomic_store_n(&n->active, pairs, __ATOMIC_RELEASE);
            rc = OK;
        }
    }
    pthread_mutex_unlock(&n->filter_lock);
    return rc;
}
