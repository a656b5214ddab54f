/* SPDX-License-Identifier: MIT */
/* epoch.c - the readers of flat views. */
#include "epoch.h"

#include <glib.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

_Thread_local struct pb_reader *pb_reader_self;
_Atomic uint64_t pb_epoch_now = 1;
uint32_t pb_epoch_slow;

static struct pb_reader *_Atomic readers; /* only grows; records are used again */
static _Atomic uint32_t n_readers;        /* living threads with a record */
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void gone(void *p)
{
    struct pb_reader *r = p;

    r->depth = 0;
    atomic_store(&r->seen, 0);
    atomic_store(&r->used, 0);
    atomic_fetch_sub(&n_readers, 1);
}

static void init(void)
{
    pthread_key_create(&key, gone);
    if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) != 0)
        pb_epoch_slow = 1;
}

void pb_epoch_init(void)
{
    pthread_once(&once, init);
}

struct pb_reader *pb_reader_register(void)
{
    struct pb_reader *r;

    pb_epoch_init();
    atomic_fetch_add(&n_readers, 1);
    for (r = atomic_load(&readers); r; r = r->next) {
        uint32_t unused = 0;
        if (atomic_compare_exchange_strong(&r->used, &unused, 1))
            break;
    }
    if (!r) {
        r = g_new0(struct pb_reader, 1);
        atomic_store(&r->used, 1);
        struct pb_reader *head = atomic_load(&readers);
        do
            r->next = head;
        while (!atomic_compare_exchange_weak(&readers, &head, r));
    }
    pb_reader_self = r;
    pthread_setspecific(key, r);
    return r;
}

void pb_barrier_all(void)
{
    if (!PB_EPOCH_FENCED && !pb_epoch_slow)
        syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

uint64_t pb_epoch_advance(void)
{
    uint64_t e = atomic_fetch_add(&pb_epoch_now, 1) + 1;

    /* A thread that registers from here on sees what was swapped in before. */
    if (atomic_load(&n_readers) > (pb_reader_self != NULL))
        pb_barrier_all();
    return e;
}

uint64_t pb_epoch_oldest(void)
{
    uint64_t oldest = UINT64_MAX;

    for (struct pb_reader *r = atomic_load(&readers); r; r = r->next) {
        uint64_t seen = atomic_load(&r->seen);
        if (seen && seen < oldest)
            oldest = seen;
    }
    return oldest;
}
