/* SPDX-License-Identifier: MIT */
/* scsi-driver.c - see scsi-driver.h. */
#include "scsi-driver.h"

#include <stdio.h>
#include <string.h>

static void lun_bytes(uint8_t *b, uint32_t target, uint32_t lun)
{
    memset(b, 0, 8);
    b[0] = 1;
    b[1] = (uint8_t)target;
    b[2] = (uint8_t)(0x40 | lun >> 8);
    b[3] = (uint8_t)lun;
}

static uint32_t le32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void sx_new(struct sx *s, const char *props)
{
    memset(s, 0, sizeof *s);
    s->b = pbt_new();
    pbt_load(s->b, "virtio-mmio");
    pbt_load(s->b, "virtio-scsi");
    pbt_load(s->b, "scsi-disk");
    s->mmio = pbt_add(s->b, "virtio-mmio", "m0", "packed=on");
    s->host = pbt_add_child(s->mmio, 0, "virtio-scsi-device", "s0", props);
    vd_init(&s->v, s->b, s->mmio, NULL);
    s->cdb_size = 32;
    s->sense_size = 96;
}

pb_dev *sx_disk(struct sx *s, const char *cls, const char *name, const char *props)
{
    char node[40], text[200];

    snprintf(node, sizeof node, "K%s", name);
    if (!pbt_find(s->b, node))
        pbt_block_new(s->b, node, SCSI_DISK_BYTES, 0);
    snprintf(text, sizeof text, "drive=%s%s%s", node, props ? "," : "", props ? props : "");
    return pbt_add_child(s->host, 0, cls, name, text);
}

uint8_t *sx_medium(struct sx *s, const char *name)
{
    char node[40];

    snprintf(node, sizeof node, "K%s", name);
    return pbt_block_data(pbt_find(s->b, node));
}

static void offer_event(struct sx *s)
{
    struct vd_buf buf = {vd_alloc(&s->v, 16, 8), 16, 1};

    vd_add(&s->v, SCSI_EVENTS, &buf, 1, 0);
}

int sx_start(struct sx *s, uint64_t features, uint32_t num)
{
    if (!vd_start(&s->v, PB_VIRTIO_F_VERSION_1 | features, 3, num))
        return 0;
    for (uint32_t i = 0; i < 4 && i < num; i++)
        offer_event(s);
    vd_kick(&s->v, SCSI_EVENTS);
    return 1;
}

void sx_free(struct sx *s)
{
    pbt_free(s->b);
}

struct sx_call sx_offer(struct sx *s, uint32_t target, uint32_t lun, uint64_t tag,
                        const uint8_t *cdb, uint32_t cdb_len, const void *out, uint32_t n,
                        uint32_t in)
{
    struct vd_buf buf[3];
    struct sx_call c = {.n = n, .in = in};
    uint32_t k = 0, head = 19 + s->cdb_size, resp = 12 + s->sense_size;
    uint64_t at = vd_alloc(&s->v, head, 8);
    uint8_t *h = vd_host(&s->v, at);

    lun_bytes(h, target, lun);
    memcpy(h + 8, &tag, 8);
    memcpy(h + 19, cdb, cdb_len < s->cdb_size ? cdb_len : s->cdb_size);
    c.resp = vd_alloc(&s->v, resp, 8);
    memset(vd_host(&s->v, c.resp), 0xee, resp);
    c.data = vd_alloc(&s->v, n ? n : 1, 8);
    if (out)
        memcpy(vd_host(&s->v, c.data), out, n);
    buf[k++] = (struct vd_buf){at, head, 0};
    if (n && !in)
        buf[k++] = (struct vd_buf){c.data, n, 0};
    buf[k++] = (struct vd_buf){c.resp, resp, 1};
    if (n && in)
        buf[k++] = (struct vd_buf){c.data, n, 1};
    c.id = vd_add(&s->v, SCSI_REQUESTS, buf, k, 0);
    return c;
}

void sx_result(struct sx *s, const struct sx_call *c, struct sx_result *r)
{
    const uint8_t *p = vd_host(&s->v, c->resp), *sense = p + 12;

    r->sense_len = le32(p);
    r->residual = le32(p + 4);
    r->status = p[10];
    r->response = p[11];
    r->sense = r->info = 0;
    if (r->sense_len >= 14)
        r->sense = (uint32_t)sense[2] << 16 | (uint32_t)sense[12] << 8 | sense[13];
    if (r->sense_len >= 14 && sense[0] & 0x80)
        r->info = (uint32_t)sense[3] << 24 | (uint32_t)sense[4] << 16 | (uint32_t)sense[5] << 8 |
                  sense[6];
    if (c->in && c->n <= sizeof r->data)
        memcpy(r->data, vd_host(&s->v, c->data), c->n);
}

int sx_over(struct sx *s, uint32_t *len)
{
    uint32_t id;

    return vd_used(&s->v, SCSI_REQUESTS, &id, len) == 1 ? (int)id : -1;
}

int sx_do(struct sx *s, uint32_t target, uint32_t lun, const uint8_t *cdb, uint32_t cdb_len,
          const void *out, uint32_t n, uint32_t in, struct sx_result *r)
{
    struct sx_call c = sx_offer(s, target, lun, 1, cdb, cdb_len, out, n, in);

    vd_kick(&s->v, SCSI_REQUESTS);
    pbt_settle(s->b);
    if (sx_over(s, &r->len) != c.id)
        return -1;
    sx_result(s, &c, r);
    s->v.heap -= s->v.heap > VD_RAM + VD_RAM_LEN / 2 ? VD_RAM_LEN / 4 : 0; /* used again */
    return (int)(r->response << 8 | r->status);
}

struct sx_call sx_tmf(struct sx *s, uint32_t subtype, uint32_t target, uint32_t lun, uint64_t tag)
{
    struct sx_call c = {.n = 1, .in = 1};
    uint64_t at = vd_alloc(&s->v, 24, 8);
    uint8_t *h = vd_host(&s->v, at);

    memcpy(h + 4, &subtype, 4);
    lun_bytes(h + 8, target, lun);
    memcpy(h + 16, &tag, 8);
    c.resp = vd_alloc(&s->v, 1, 1);
    struct vd_buf buf[2] = {{at, 24, 0}, {c.resp, 1, 1}};
    c.id = vd_add(&s->v, SCSI_CONTROL, buf, 2, 0);
    vd_kick(&s->v, SCSI_CONTROL);
    return c;
}

int sx_tmf_over(struct sx *s, const struct sx_call *c)
{
    uint32_t id, len;

    if (vd_used(&s->v, SCSI_CONTROL, &id, &len) != 1 || (int)id != c->id)
        return -1;
    return *vd_host(&s->v, c->resp);
}

int sx_event(struct sx *s, uint32_t *event, uint32_t *target, uint32_t *lun, uint32_t *reason)
{
    uint32_t id, len;
    const uint8_t *p;

    if (vd_used(&s->v, SCSI_EVENTS, &id, &len) != 1)
        return 0;
    p = vd_host(&s->v, s->v.q[SCSI_EVENTS].desc + 16ull * id); /* split: the address is there */
    uint64_t gpa;
    memcpy(&gpa, p, 8);
    p = vd_host(&s->v, gpa);
    *event = le32(p);
    *target = p[5];
    *lun = (uint32_t)(p[6] & 0x3f) << 8 | p[7];
    *reason = le32(p + 12);
    offer_event(s);
    vd_kick(&s->v, SCSI_EVENTS);
    return 1;
}

void sx_ready(struct sx *s, uint32_t target, uint32_t lun)
{
    static struct sx_result r;
    const uint8_t tur[6] = {0};

    for (int i = 0; i < 8 && sx_do(s, target, lun, tur, 6, NULL, 0, 0, &r) == PB_OK + 2; i++)
        ;
}
