/* SPDX-License-Identifier: MIT */
/* slirp.c - libslirp, which brings GLib along, as a part: a guest that sends nothing loads
 * neither. */
#include "slirp-part.h"

#include <plugboard/part.h>

static const struct slirp_part table = {
    .size = sizeof table,
    .new = slirp_new,
    .cleanup = slirp_cleanup,
    .input = slirp_input,
    .pollfds_fill = slirp_pollfds_fill,
    .pollfds_poll = slirp_pollfds_poll,
    .add_hostfwd = slirp_add_hostfwd,
    .remove_hostfwd = slirp_remove_hostfwd,
    .add_exec = slirp_add_exec,
    .add_unix = slirp_add_unix,
    .connection_info = slirp_connection_info,
};

static const struct pb_part_class slirp = {
    .size = sizeof slirp,
    .id = SLIRP_PART,
    .doc = "NAT and its DHCP, DNS and TFTP servers (libslirp)",
    .table = &table,
};

static const struct pb_class_ref classes[] = {{PB_CLASS_PART, &slirp}};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin),
    .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR,
    .id = "org.plugboard.slirp",
    .version = "0.1.0",
    .license = "MIT",
    .doc = "libslirp, opened with the first frame of a user network",
    .classes = classes,
    .n_classes = 1,
};
