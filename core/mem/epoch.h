/* SPDX-License-Identifier: MIT */
/* epoch.h - when may a replaced flat view be freed?
 *
 * A reader publishes the epoch in which it began; a writer that replaced something frees
 * it when every reader began later. Reading costs two plain stores: the barrier between a
 * reader's store and its loads is paid for by the writer, with membarrier(2). Where that
 * is missing, and under ThreadSanitizer, readers use an atomic exchange.
 */
#ifndef PB_CORE_EPOCH_H
#define PB_CORE_EPOCH_H

#include <stdatomic.h>
#include <stdint.h>

struct pb_reader {
    _Atomic uint64_t seen; /* epoch it began in; 0: not reading */
    uint32_t depth;
    _Atomic uint32_t used; /* belongs to a living thread */
    struct pb_reader *next;
};

extern _Thread_local struct pb_reader *pb_reader_self;
extern _Atomic uint64_t pb_epoch_now;
extern uint32_t pb_epoch_slow; /* no membarrier */
void pb_epoch_init(void);
struct pb_reader *pb_reader_register(void);
uint64_t pb_epoch_advance(void); /* after the swap: the epoch that frees what was replaced */
uint64_t pb_epoch_oldest(void);  /* of all readers; UINT64_MAX: nobody reads */
/* Barrier on every thread of the process that runs now. */
void pb_barrier_all(void);

#if defined(__SANITIZE_THREAD__)
#define PB_EPOCH_FENCED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PB_EPOCH_FENCED 1
#endif
#endif
#ifndef PB_EPOCH_FENCED
#define PB_EPOCH_FENCED 0
#endif

/* A store that the loads after it cannot overtake, as far as pb_barrier_all() callers see. */
#define PB_STORE_THEN_LOAD(obj, val)                                                     \
    do {                                                                                 \
        if (PB_EPOCH_FENCED || pb_epoch_slow) {                                          \
            atomic_exchange(obj, val);                                                   \
        } else {                                                                         \
            atomic_store_explicit(obj, val, memory_order_relaxed);                       \
            atomic_signal_fence(memory_order_seq_cst);                                   \
        }                                                                                \
    } while (0)

static inline void pb_epoch_enter(void)
{
    struct pb_reader *r = pb_reader_self;

    if (!r)
        r = pb_reader_register();
    if (r->depth++ == 0) {
        uint64_t now = atomic_load_explicit(&pb_epoch_now, memory_order_acquire);
        PB_STORE_THEN_LOAD(&r->seen, now);
    }
}

static inline void pb_epoch_leave(void)
{
    struct pb_reader *r = pb_reader_self;

    if (--r->depth == 0)
        atomic_store_explicit(&r->seen, 0, memory_order_release);
}

#endif
