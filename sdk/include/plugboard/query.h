/* SPDX-License-Identifier: MIT */
/* plugboard/query.h - what a device tells programs of itself, such as a bus its topology: the
 * command query-NAME of QMP, as `info NAME` (pb_info) is for people. ABI 1.1.
 */
#ifndef PLUGBOARD_QUERY_H
#define PLUGBOARD_QUERY_H

#include <plugboard/device.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PB_QUERY "pb.query/1"
struct pb_query {
    uint32_t size, reserved;
    const char *name, *doc; /* "pci", "the functions on the bus" */
    /* One JSON value (RFC 8259) into buf[n], ended by a zero; bytes that all of it takes without
     * the zero. [main], the CPUs stand still */
    uint32_t (*json)(void *self, char *buf, uint32_t n);
};

#ifdef __cplusplus
}
#endif
#endif
