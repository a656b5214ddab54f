/* SPDX-License-Identifier: MIT */
/* slirp-part.h - libslirp's calls, as the part that the backend `user` opens. */
#ifndef SLIRP_PART_H
#define SLIRP_PART_H

#include <libslirp.h>
#include <stdint.h>

#define SLIRP_PART "org.plugboard.slirp/1"

/* Each is libslirp's function of that name with slirp_ before it. */
struct slirp_part {
    uint32_t size;
    Slirp *(*new)(const SlirpConfig *cfg, const SlirpCb *callbacks, void *opaque);
    void (*cleanup)(Slirp *s);
    void (*input)(Slirp *s, const uint8_t *frame, int len);
    void (*pollfds_fill)(Slirp *s, uint32_t *timeout, SlirpAddPollCb add_poll, void *opaque);
    void (*pollfds_poll)(Slirp *s, int select_error, SlirpGetREventsCb get_revents, void *opaque);
    int (*add_hostfwd)(Slirp *s, int udp, struct in_addr host, int host_port, struct in_addr guest,
                       int guest_port);
    int (*remove_hostfwd)(Slirp *s, int udp, struct in_addr host, int host_port);
    int (*add_exec)(Slirp *s, const char *command, struct in_addr *guest, int guest_port);
    int (*add_unix)(Slirp *s, const char *path, struct in_addr *guest, int guest_port);
    char *(*connection_info)(Slirp *s);
};

#endif
