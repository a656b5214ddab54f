/* SPDX-License-Identifier: MIT */
/* admin.c - admin commands: queues, abort, events, attachment. NVM Express 1.4, chapter 5. */
#include "nvme.h"

#include <string.h>

enum { A_DELETE_SQ = 0x00, A_CREATE_SQ = 0x01, A_LOG = 0x02, A_DELETE_CQ = 0x04,
       A_CREATE_CQ = 0x05, A_IDENTIFY = 0x06, A_ABORT = 0x08, A_SET_FEATURES = 0x09,
       A_GET_FEATURES = 0x0a, A_EVENT = 0x0c, A_ATTACH = 0x15, A_FORMAT = 0x80 };

/* ---- Queues: 5.3 to 5.6 ------------------------------------------------------------------ */

static uint32_t queue_place(const struct req *q, uint32_t qid, uint32_t size)
{
    const struct nvme *n = q->n;

    if (qid == 0 || qid > n->max_pairs)
        return S_QID | S_DNR;
    if (size < 2 || size > ENTRIES_MAX)
        return S_QSIZE | S_DNR;
    if ((n->CC >> 16 & 15) != 6 || (n->CC >> 20 & 15) != 4) /* IOSQES, IOCQES */
        return S_QSIZE | S_DNR;
    if (!(q->cmd[11] & 1)) /* CAP.CQR: in one piece */
        return S_FIELD | S_DNR;
    return pair(&q->cmd[6]) & (n->page - 1) ? S_PRP_OFFSET | S_DNR : S_OK;
}

static uint32_t create_cq(struct req *q)
{
    struct nvme *n = q->n;
    uint32_t qid = q->cmd[10] & 0xffff, size = (q->cmd[10] >> 16) + 1, iv = q->cmd[11] >> 16;
    uint32_t rc = queue_place(q, qid, size);

    if (rc)
        return rc;
    if (n->cq[qid].exists)
        return S_QID | S_DNR;
    if (iv >= (n->pci->messages(n->fn) == 2 ? n->n_vectors : 32))
        return S_VECTOR | S_DNR;
    struct cq *c = &n->cq[qid];
    *c = (struct cq){.gpa = pair(&q->cmd[6]), .exists = 1, .size = size, .phase = 1,
                     .ien = q->cmd[11] >> 1 & 1, .vector = iv};
    c->wait_tail = &c->wait;
    return S_OK;
}

static uint32_t create_sq(struct req *q)
{
    struct nvme *n = q->n;
    uint32_t qid = q->cmd[10] & 0xffff, size = (q->cmd[10] >> 16) + 1, cq = q->cmd[11] >> 16;
    uint32_t rc = queue_place(q, qid, size);

    if (rc)
        return rc;
    if (cq == 0 || cq > n->max_pairs || !n->cq[cq].exists)
        return S_CQ_INVALID | S_DNR;
    if (n->sq[qid].exists || n->sq[qid].busy)
        return S_QID | S_DNR;
    n->sq[qid] = (struct sq){.gpa = pair(&q->cmd[6]), .exists = 1, .size = size, .cqid = cq};
    return S_OK;
}

/* What is under way is completed to nobody: software is to wait for it first, 5.6. */
static uint32_t delete_sq(struct req *q)
{
    uint32_t qid = q->cmd[10] & 0xffff;

    if (qid == 0 || qid >= QUEUES_MAX || !q->n->sq[qid].exists)
        return S_QID | S_DNR;
    q->n->sq[qid].exists = 0;
    q->n->sq[qid].head = q->n->sq[qid].tail = 0;
    return S_OK;
}

static uint32_t delete_cq(struct req *q)
{
    struct nvme *n = q->n;
    uint32_t qid = q->cmd[10] & 0xffff;

    if (qid == 0 || qid >= QUEUES_MAX || !n->cq[qid].exists)
        return S_QID | S_DNR;
    for (uint32_t i = 0; i < QUEUES_MAX; i++)
        if (n->sq[i].exists && n->sq[i].cqid == qid)
            return S_QUEUE_DELETE | S_DNR;
    struct cq *c = &n->cq[qid];
    while (c->wait) {
        struct req *w = c->wait;
        c->wait = w->next;
        req_free(w);
    }
    memset(c, 0, sizeof *c);
    c->wait_tail = &c->wait;
    queue_irq(n);
    return S_OK;
}

/* ---- Asynchronous events, 5.2 ------------------------------------------------------------ */

/* Answer the commands that wait for an event, one event each. */
void events_send(struct nvme *n)
{
    for (uint32_t i = 0; i < n->n_events && n->n_aer;) {
        uint32_t ev = n->events[i], type = ev & 7;
        struct req *q = n->masked >> type & 1 ? NULL : req_new(n);
        if (!q) {
            i++;
            continue;
        }
        q->sqid = 0;
        q->cid = n->aer[--n->n_aer];
        q->result = ev;
        n->masked |= 1u << type; /* until its log page is read */
        n->n_events--;
        memmove(&n->events[i], &n->events[i + 1], (n->n_events - i) * sizeof *n->events);
        queue_post(q);
    }
}

void event(struct nvme *n, uint32_t type, uint32_t info, uint32_t log)
{
    uint32_t ev = type | info << 8 | log << 16;

    for (uint32_t i = 0; i < n->n_events; i++)
        if (n->events[i] == ev)
            return;
    if (n->n_events < EVENTS_MAX)
        n->events[n->n_events++] = ev;
    events_send(n);
}

/* 5.14.1.4: the list of changed namespaces, and a notice when the host wants them. */
void ns_changed(struct nvme *n, uint32_t nsid)
{
    for (uint32_t i = 0; i < n->n_changed; i++)
        if (n->changed[i] == nsid)
            return;
    if (n->n_changed < NS_MAX)
        n->changed[n->n_changed++] = nsid;
    if ((n->f_events & 0x100) && (n->CSTS & CSTS_RDY))
        event(n, 2, 0, 4);
}

static uint32_t event_request(struct req *q)
{
    struct nvme *n = q->n;

    if (n->n_aer > n->aerl)
        return S_AER_LIMIT | S_DNR;
    n->aer[n->n_aer++] = (uint16_t)q->cid;
    req_free(q); /* its answer will be one of its own */
    events_send(n);
    return S_TAKEN;
}

/* 5.1: only commands that wait for events can be taken back; others are under way. */
static uint32_t abort_command(struct req *q)
{
    struct nvme *n = q->n;
    uint32_t sqid = q->cmd[10] & 0xffff, cid = q->cmd[10] >> 16;

    q->result = 1;
    for (uint32_t i = 0; sqid == 0 && i < n->n_aer; i++) {
        struct req *a = n->aer[i] == cid ? req_new(n) : NULL;
        if (!a)
            continue;
        n->n_aer--;
        memmove(&n->aer[i], &n->aer[i + 1], (n->n_aer - i) * sizeof *n->aer);
        a->sqid = 0;
        a->cid = cid;
        a->status = S_ABORTED;
        queue_post(a);
        q->result = 0;
        break;
    }
    return S_OK;
}

/* ---- Namespace attachment, 5.12 ---------------------------------------------------------- */

static uint32_t attachment(struct req *q)
{
    struct nvme *n = q->n;
    uint32_t sel = q->cmd[10] & 15, nsid = q->cmd[1];
    uint16_t list[2048];

    if (nsid == 0 || nsid > NS_MAX || !n->ns[nsid])
        return S_NAMESPACE | S_DNR;
    if (sel > 1)
        return S_FIELD | S_DNR;
    uint32_t rc = data_map(q, sizeof list, 0);
    if (rc)
        return rc | S_DNR;
    data_get(q, list, sizeof list);
    data_unmap(q, 0);
    if (list[0] != 1 || list[1] != 0) /* we are controller 0, and alone */
        return S_CTRL_LIST | S_DNR;
    struct ns *s = n->ns[nsid];
    if (s->attached == !sel)
        return (sel ? S_NS_NOT_ATTACHED : S_NS_ATTACHED) | S_DNR;
    s->attached = !sel;
    ns_changed(n, nsid);
    return S_OK;
}

uint32_t admin_command(struct req *q)
{
    switch (q->cmd[0] & 0xff) {
    case A_DELETE_SQ:
        return delete_sq(q);
    case A_CREATE_SQ:
        return create_sq(q);
    case A_LOG:
        return log_page(q);
    case A_DELETE_CQ:
        return delete_cq(q);
    case A_CREATE_CQ:
        return create_cq(q);
    case A_IDENTIFY:
        return identify(q);
    case A_ABORT:
        return abort_command(q);
    case A_SET_FEATURES:
        return set_features(q);
    case A_GET_FEATURES:
        return get_features(q);
    case A_EVENT:
        return event_request(q);
    case A_ATTACH:
        return attachment(q);
    case A_FORMAT:
        return format(q);
    default:
        return S_OPCODE | S_DNR;
    }
}
