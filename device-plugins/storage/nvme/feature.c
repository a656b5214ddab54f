/* SPDX-License-Identifier: MIT */
/* feature.c - Get Features and Set Features. NVM Express 1.4: 5.9, 5.21, 7.8. */
#include "nvme.h"

#include <string.h>

enum { F_ARBITRATION = 0x01, F_POWER = 0x02, F_TEMPERATURE = 0x04, F_RECOVERY = 0x05,
       F_CACHE = 0x06, F_QUEUES = 0x07, F_COALESCING = 0x08, F_VECTOR = 0x09, F_ATOMICITY = 0x0a,
       F_EVENTS = 0x0b, F_TIMESTAMP = 0x0e };
#define KELVIN 313u

void features_reset(struct nvme *n)
{
    n->f_arbitration = 6;
    n->f_power = n->f_recovery = n->f_coalesce = n->f_atomic = n->f_events = 0;
    n->f_temp_over = 343;
    n->f_temp_under = 0;
    n->f_wce = 1;
    n->f_queues = 0;
    n->f_time = n->f_time_set = 0;
    memset(n->f_vector, 0, sizeof n->f_vector);
}

static uint32_t pairs(const struct nvme *n)
{
    return (n->max_pairs - 1) | (n->max_pairs - 1) << 16;
}

/* 5.21.1.14: milliseconds since 1970, or since the controller was reset. */
static uint64_t timestamp(struct nvme *n)
{
    uint64_t now = (uint64_t)(n->time->now(n->h, PB_CLK_VIRTUAL) / 1000000);

    return (n->f_time + (now - n->f_time_set)) & 0xffffffffffffull;
}

static uint32_t value(struct nvme *n, uint32_t id, uint32_t dw11, uint32_t *v)
{
    switch (id) {
    case F_ARBITRATION:
        *v = n->f_arbitration;
        return S_OK;
    case F_POWER:
        *v = n->f_power;
        return S_OK;
    case F_TEMPERATURE:
        if (dw11 >> 16 & 15) /* the composite one is all we have */
            return S_FIELD | S_DNR;
        *v = dw11 >> 20 & 3 ? n->f_temp_under : n->f_temp_over;
        return S_OK;
    case F_RECOVERY:
        *v = n->f_recovery;
        return S_OK;
    case F_CACHE:
        *v = n->f_wce;
        return S_OK;
    case F_QUEUES:
        *v = pairs(n);
        return S_OK;
    case F_COALESCING:
        *v = n->f_coalesce;
        return S_OK;
    case F_VECTOR:
        if ((dw11 & 0xffff) >= (n->n_vectors ? n->n_vectors : 1))
            return S_FIELD | S_DNR;
        *v = n->f_vector[dw11 & 0xffff] | (dw11 & 0xffff);
        return S_OK;
    case F_ATOMICITY:
        *v = n->f_atomic;
        return S_OK;
    case F_EVENTS:
        *v = n->f_events;
        return S_OK;
    default:
        return S_FIELD | S_DNR;
    }
}

static uint32_t is_feature(uint32_t id)
{
    return (id >= F_ARBITRATION && id <= F_EVENTS && id != 0x03) || id == F_TIMESTAMP;
}

uint32_t get_features(struct req *q)
{
    struct nvme *n = q->n;
    uint32_t id = q->cmd[10] & 0xff, select = q->cmd[10] >> 8 & 7;
    uint8_t b[8] = {0};

    if (!is_feature(id))
        return S_FIELD | S_DNR;
    if (select == 3) { /* capabilities: changeable, not saveable, not of a namespace */
        q->result = 4;
        return S_OK;
    }
    if (select == 1 || select == 2) { /* default; saved, which is the same */
        struct nvme d = {.n_vectors = n->n_vectors, .max_pairs = n->max_pairs};
        features_reset(&d);
        return id == F_TIMESTAMP ? S_OK : value(&d, id, q->cmd[11], &q->result);
    }
    if (select > 3)
        return S_FIELD | S_DNR;
    if (id != F_TIMESTAMP)
        return value(n, id, q->cmd[11], &q->result);
    put64(b, timestamp(n));
    b[6] = n->f_time ? 2 : 0; /* set by the host */
    return data_answer(q, b, sizeof b);
}

static uint32_t set_timestamp(struct req *q)
{
    struct nvme *n = q->n;
    uint64_t v;
    uint32_t rc = data_map(q, 8, 0);

    if (rc)
        return rc | S_DNR;
    data_get(q, &v, 8);
    data_unmap(q, 0);
    n->f_time = v & 0xffffffffffffull;
    n->f_time_set = (uint64_t)(n->time->now(n->h, PB_CLK_VIRTUAL) / 1000000);
    return S_OK;
}

static uint32_t set_temperature(struct nvme *n, uint32_t v)
{
    uint32_t under = v >> 20 & 3;

    if ((v >> 16 & 15) || under > 1)
        return S_FIELD | S_DNR;
    *(under ? &n->f_temp_under : &n->f_temp_over) = v & 0xffff;
    if ((KELVIN >= n->f_temp_over || KELVIN <= n->f_temp_under) && (n->f_events & 2))
        event(n, 1, 1, 2); /* SMART: temperature */
    return S_OK;
}

static uint32_t set_queues(struct req *q, uint32_t v)
{
    for (uint32_t i = 1; i < QUEUES_MAX; i++)
        if (q->n->sq[i].exists || q->n->cq[i].exists)
            return S_FIELD | S_DNR; /* 5.21.1.7: before any is made */
    if ((v & 0xffff) == 0xffff || v >> 16 == 0xffff)
        return S_FIELD | S_DNR;
    q->n->f_queues = v;
    q->result = pairs(q->n);
    return S_OK;
}

uint32_t set_features(struct req *q)
{
    struct nvme *n = q->n;
    uint32_t id = q->cmd[10] & 0xff, v = q->cmd[11];

    if (!is_feature(id))
        return S_FIELD | S_DNR;
    if (q->cmd[10] >> 31)
        return S_NOT_SAVEABLE | S_DNR;
    switch (id) {
    case F_ARBITRATION:
        n->f_arbitration = v;
        return S_OK;
    case F_POWER:
        if (v & 31)
            return S_FIELD | S_DNR; /* there is but one state */
        n->f_power = v & 0xff;
        return S_OK;
    case F_TEMPERATURE:
        return set_temperature(n, v);
    case F_RECOVERY:
        n->f_recovery = v & 0xffff;
        return S_OK;
    case F_CACHE:
        n->f_wce = v & 1;
        return S_OK;
    case F_QUEUES:
        return set_queues(q, v);
    case F_COALESCING:
        n->f_coalesce = v & 0xffff; /* a hint: nothing is held back */
        return S_OK;
    case F_VECTOR:
        if ((v & 0xffff) >= (n->n_vectors ? n->n_vectors : 1))
            return S_FIELD | S_DNR;
        n->f_vector[v & 0xffff] = v & 0x10000;
        return S_OK;
    case F_ATOMICITY:
        n->f_atomic = v & 1;
        return S_OK;
    case F_EVENTS:
        n->f_events = v & 0x31f;
        events_send(n);
        return S_OK;
    default:
        return set_timestamp(q);
    }
}
