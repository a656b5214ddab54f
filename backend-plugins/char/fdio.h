/* SPDX-License-Identifier: MIT */
/* fdio.h - a character backend over file descriptors: buffered output, paced input.
 *
 * Output goes to a ring that the main loop writes: the first byte at once, what follows
 * once a millisecond, so that a UART's byte costs a copy, not a system call. Input is read
 * only while the device has room for it; what it does not take after all is kept.
 */
#ifndef FDIO_H
#define FDIO_H

#include <plugboard/backend.h>
#include <plugboard/time.h>

#include <pthread.h>

#define FDIO_RING 65536u

struct fdio {
    const pb_host *h;
    const struct pb_svc_char *chr;
    const struct pb_svc_thread *thread;
    const struct pb_svc_time *time;
    pb_dev *node;
    pb_timer *timer;   /* the next flush */
    int rfd, wfd;      /* -1: none; may be equal. Owned unless `borrowed` or `keep` */
    int borrowed, keep; /* borrowed: others use them too: they stay blocking */
    int wants_out;     /* [main] waiting for wfd to become writable */
    int asked_in, hup; /* [main] watched for input; the peer hung up */
    pthread_mutex_t lock; /* ring */
    uint32_t head, len;
    int flushing, starved; /* flush is due; a writer was turned away */
    int timed;             /* the flush waits for the timer */
    void (*eof)(void *opaque); /* [main] the input ended or failed; optional */
    void *opaque;
    uint32_t in_at, in_len; /* [main] input that the device did not take */
    uint8_t in[4096];
    uint8_t ring[FDIO_RING];
};

/* Prepare without descriptors; finish with fdio_fini. [main] */
void fdio_init(struct fdio *f, pb_dev *node, const pb_host *h);
/* Use these descriptors from now on; sets O_NONBLOCK unless borrowed. [main] */
void fdio_start(struct fdio *f, int rfd, int wfd);
/* Stop using them; closes them unless borrowed or kept. The ring stays as it is. [main] */
void fdio_stop(struct fdio *f);
void fdio_forget(struct fdio *f); /* drop what waits in both directions. [main] */
/* Write out what is left, for at most a second, and let go. [main] */
void fdio_fini(struct fdio *f);
/* pb_char_ops.data and room of a backend whose instance begins with a struct fdio. [any] */
int fdio_data(void *self, const uint8_t *buf, uint32_t n);
uint32_t fdio_room(void *self);

/* The text of a failed call: "WHAT: strerror". */
int fdio_fail(const pb_host *h, pb_err *e, const char *what, const char *arg);

extern const struct pb_backend_class char_null, char_file, char_pipe, char_stdio, char_pty,
    char_ringbuf, char_socket;

#endif
