/* SPDX-License-Identifier: MIT */
/* nvme.h - the parts of the NVMe controller. NVM Express 1.4; "4.2" below is a section of it.
 *
 * `lock` guards everything but the block requests under way. It is never held while a block
 * request is submitted. Guest memory is reached by windows only, so a queue or list that lies
 * in a device's registers is an error and never a call back into a device.
 */
#ifndef NVME_H
#define NVME_H

#include <plugboard/backend.h>
#include <plugboard/board.h>
#include <plugboard/device.h>
#include <plugboard/pci.h>

#include <pthread.h>

#define QUEUES_MAX 65u   /* the admin pair and 64 for I/O */
#define ENTRIES_MAX 2048u
#define NS_MAX 256u
#define SEGS_MAX 260u    /* pieces of guest memory in one command */
#define IN_FLIGHT_MAX 1024u
#define AER_MAX 8u
#define EVENTS_MAX 16u
#define SQE_BYTES 64u
#define CQE_BYTES 16u

/* Status field, 4.6.1: type << 8 | code. */
enum {
    S_OK = 0, S_OPCODE = 0x001, S_FIELD = 0x002, S_TRANSFER = 0x004, S_INTERNAL = 0x006,
    S_ABORTED = 0x007, S_NAMESPACE = 0x00b, S_SGL_DESC = 0x00d, S_SGL_COUNT = 0x00e,
    S_SGL_LENGTH = 0x00f, S_SGL_TYPE = 0x011, S_PRP_OFFSET = 0x013, S_LBA_RANGE = 0x080,
    S_FORMATTING = 0x084, S_CQ_INVALID = 0x100, S_QID = 0x101, S_QSIZE = 0x102,
    S_AER_LIMIT = 0x105, S_VECTOR = 0x108, S_LOG_PAGE = 0x109, S_FORMAT = 0x10a,
    S_QUEUE_DELETE = 0x10c, S_NOT_SAVEABLE = 0x10d, S_NOT_CHANGEABLE = 0x10e,
    S_NS_ATTACHED = 0x118, S_NS_NOT_ATTACHED = 0x11a, S_CTRL_LIST = 0x11c,
    S_READ_ONLY = 0x182, S_WRITE_FAULT = 0x280, S_READ_ERROR = 0x281, S_COMPARE = 0x285
};
#define S_DNR 0x4000u /* do not retry */
#define S_PENDING UINT32_MAX     /* r is filled: submit it */
#define S_TAKEN (UINT32_MAX - 1) /* the request is no longer ours: it waits for an event */

/* Controller registers, 3.1. */
#define CC_EN 0x1u
#define CSTS_RDY 0x1u
#define CSTS_CFS 0x2u

struct nvme;

struct ns { /* a namespace: of the controller's own drive, or of an nvme-ns */
    struct nvme *n;
    pb_dev *dev;
    const pb_host *h;
    const struct pb_svc_block *svc;
    pb_block *node;
    struct pb_block_info info;
    uint32_t nsid, shift; /* log2 of the block size */
    uint32_t attached, formatting;
    uint8_t uuid[16], eui64[8];
};

struct sq {
    uint64_t gpa;
    uint32_t exists, size, head, tail, cqid, busy;
};

struct req;
struct cq {
    uint64_t gpa;
    uint32_t exists, size, head, tail, phase, ien, vector;
    struct req *wait, **wait_tail; /* done, but the queue is full */
};

struct req {
    struct pb_block_req r; /* first */
    struct nvme *n;
    struct ns *ns;
    struct req *next;
    uint32_t cmd[16];
    uint32_t sqid, cid, epoch, status, result;
    uint32_t n_seg, to_guest, internal;
    uint64_t bytes;
    struct pb_window win[SEGS_MAX];
    struct pb_iov iov[SEGS_MAX];
    uint8_t *buf;  /* compare's copy, or the list of ranges */
    uint64_t at, end;
    /* What comes after a block request is done: 1: r.r was filled anew; 0: the end. */
    int (*step)(struct req *q);
};

struct nvme {
    pb_dev *dev;
    const pb_host *h;
    const struct pb_svc_mem *mem;
    const struct pb_svc_bus *bus;
    const struct pb_svc_block *block;
    const struct pb_svc_prop *prop;
    const struct pb_svc_time *time;
    const struct pb_pci *pci;
    pb_pci_fn *fn;
    pb_as *as;
    pthread_mutex_t lock;
    pthread_cond_t idle;
    /* registers; named as in 3.1 */
    uint32_t CAP[2], VS, INTM, CC, CSTS, AQA, ASQ[2], ACQ[2];
    uint32_t page, epoch, in_flight, want_enable;
    struct sq sq[QUEUES_MAX];
    struct cq cq[QUEUES_MAX];
    struct req *spare;
    uint32_t n_reqs, starved;
    /* what the user chose */
    uint32_t max_pairs, n_vectors, mdts, aerl;
    char serial[20];
    struct ns own, *ns[NS_MAX + 1]; /* by nsid */
    /* features, 5.21 */
    uint32_t f_arbitration, f_power, f_temp_over, f_temp_under, f_recovery, f_wce, f_queues,
        f_coalesce, f_vector[QUEUES_MAX + 1], f_atomic, f_events;
    uint64_t f_time, f_time_set;
    /* asynchronous events, 5.2 */
    uint16_t aer[AER_MAX];
    uint32_t n_aer, events[EVENTS_MAX], n_events, masked; /* by type: until its log is read */
    uint32_t changed[NS_MAX], n_changed;
    /* what SMART tells, 5.14.1.2 */
    uint64_t read_units, written_units, reads, writes, power_cycles;
    int64_t since;
    uint32_t shutting;
};

/* ---- queue.c: queues; the lock is held ---- */
struct req *req_new(struct nvme *n);
void req_free(struct req *q);
void queue_run(struct nvme *n, uint32_t sqid);    /* drops the lock meanwhile */
void queue_post(struct req *q);                   /* complete with q->status, q->result */
void queue_head(struct nvme *n, uint32_t cqid);   /* the guest took entries */
void queue_irq(struct nvme *n);                   /* the pin follows the queues */
void queues_reset(struct nvme *n);
void controller_enable(struct nvme *n);           /* nvme.c: CC.EN was set */
void req_submit(struct req *q);                   /* the lock is NOT held */
void req_done(struct pb_block_req *r);
void fatal(struct nvme *n, const char *why);
void go_on(struct nvme *n);                       /* queues that waited for requests */

/* ---- data.c: a command's memory, 4.3 and 4.4; S_* ---- */
uint32_t data_map(struct req *q, uint64_t bytes, uint32_t to_guest);
void data_unmap(struct req *q, uint32_t written);
/* Copy between the mapped memory and `buf`. */
void data_put(struct req *q, const void *buf, uint64_t bytes);
void data_get(struct req *q, void *buf, uint64_t bytes);
/* Map, copy out, unmap: the answer of an admin command. */
uint32_t data_answer(struct req *q, const void *buf, uint64_t bytes);

/* ---- commands: S_*, or S_PENDING ---- */
uint32_t admin_command(struct req *q);                    /* admin.c */
uint32_t identify(struct req *q);                         /* identify.c */
uint32_t log_page(struct req *q);                         /* log.c */
uint32_t get_features(struct req *q);                     /* feature.c */
uint32_t set_features(struct req *q);
void features_reset(struct nvme *n);
int nvme_save(void *self, pb_state *s, pb_err *e);        /* state.c */
int nvme_load(void *self, pb_state *s, pb_err *e);
uint32_t io_command(struct req *q);                       /* io.c */
uint32_t format(struct req *q);
void shutdown_begin(struct nvme *n);                      /* drops the lock meanwhile */
void event(struct nvme *n, uint32_t type, uint32_t info, uint32_t log); /* admin.c */
void events_send(struct nvme *n);
void ns_changed(struct nvme *n, uint32_t nsid);

/* ---- ns.c ---- */
int ns_init(struct ns *s, struct nvme *n, pb_dev *d, pb_block *node, uint32_t nsid, uint32_t lbs,
            pb_err *e);
int ns_add(struct nvme *n, struct ns *s, pb_err *e);
void ns_remove(struct nvme *n, struct ns *s);
void ns_watch(struct ns *s, uint32_t on); /* hear of a medium that grows; [main] */
struct ns *ns_find(struct nvme *n, uint32_t nsid); /* attached ones */
uint64_t ns_blocks(const struct ns *s);
extern const struct pb_device_class ns_class;
#define NVME_BUS "nvme-bus"
#define NVME_CTRL "org.plugboard.nvme/1" /* the controller, to an nvme-ns of this plugin */

static inline uint64_t pair(const uint32_t *v)
{
    return v[0] | (uint64_t)v[1] << 32;
}
static inline void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}
static inline void put32(uint8_t *p, uint32_t v)
{
    put16(p, v);
    put16(p + 2, v >> 16);
}
static inline void put64(uint8_t *p, uint64_t v)
{
    put32(p, (uint32_t)v);
    put32(p + 4, (uint32_t)(v >> 32));
}
static inline uint64_t min64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

#endif
