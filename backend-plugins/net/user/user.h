/* SPDX-License-Identifier: MIT */
/* user.h - the parts of the network backend `user` (libslirp). */
#ifndef NET_USER_H
#define NET_USER_H

#include "../slirp/slirp-part.h"

#include <plugboard/backend.h>
#include <plugboard/time.h>

#include <poll.h>
#include <pthread.h>

#define BACKLOG_MAX 256u /* frames that wait for the guest */

struct frame {
    struct frame *next;
    uint32_t len;
    uint8_t data[];
};

struct slirp_timer {
    struct slirp_timer *next;
    SlirpTimerCb fn;
    void *opaque;
    int64_t when; /* ms of the virtual clock, -1: off */
};

struct user {
    pb_dev *node;
    const pb_host *h;
    const struct pb_svc_net *net;
    const struct pb_svc_time *time;
    const struct pb_svc_thread *on;
    /* libslirp, from the first frame or rule on: see user_need_slirp(). */
    const struct slirp_part *part;
    SlirpConfig config;
    const char *search[33]; /* config's */
    Slirp *slirp;           /* atomic until it is there */
    int asked, failed;      /* atomic: it is on its way; it cannot be had */
    struct in_addr vnet, mask, host, dns, dhcp;
    pthread_mutex_t lock; /* everything of slirp, and below */
    struct slirp_timer *timers;
    struct frame *backlog, **backlog_end; /* frames the device did not take yet */
    uint32_t n_backlog;
    /* Frames of the guest that came while slirp was busy: see loop_input(). */
    pthread_mutex_t in_lock;
    struct frame *inbox, **inbox_end;
    uint32_t n_inbox; /* atomic to read */
    int turned_away;
    /* loop.c */
    pthread_t thread;
    int wake; /* eventfd */
    int started, quit; /* atomic */
    int woken; /* atomic: told, and not looking yet */
    int restricted;
    struct pollfd *fds;
    uint32_t n_fds, cap_fds;
    struct forward *forwards;
};

/* ---- user.c -------------------------------------------------------------------------------- */

/* Open libslirp and start it, unless that is done. [main] */
int user_need_slirp(struct user *u, pb_err *e);
void user_want_slirp(struct user *u); /* the same, soon. [any] */

/* ---- loop.c: the thread that waits for slirp's sockets ---------------------------------- */

extern const SlirpCb user_callbacks;
int loop_start(struct user *u); /* unless it runs; at the first thing there is to do; [any] */
void loop_stop(struct user *u);
void loop_wake(struct user *u); /* [any] something changed: look at the sockets again */
void loop_flush_backlog(struct user *u); /* holds lock */
int loop_input(struct user *u, const uint8_t *data, uint32_t len); /* a frame of the guest; [any] */

/* ---- forward.c: hostfwd and guestfwd ------------------------------------------------------ */

/* Add "[tcp|udp]:[hostaddr]:hostport-[guestaddr]:guestport". PB_* with the reason in `e`. */
int forward_add(struct user *u, const char *rule, pb_err *e);
int forward_remove(struct user *u, const char *rule, pb_err *e);
int forward_guest(struct user *u, const char *rule, pb_err *e);
void forward_free(struct user *u);

#endif
