/* SPDX-License-Identifier: MIT */
/* plugboard/pack.h - a pack: second copies of several plugins in one shared object.
 *
 * Opening a dozen shared objects costs a run two milliseconds, a quarter of a short one.
 * A pack NAME.pack beside them has their code once more, behind one table; a machine that names it
 * ([machine] pack = NAME) has its plugins taken from there. It is a hint and no more: each plugin
 * stays a file with a sidecar, which say whether it is installed and what it offers, and a member
 * stands for that file only while it has the build ID that the member was made from.
 *
 * Written by plugboard_pack() of PlugboardPlugin.cmake.
 */
#ifndef PLUGBOARD_PACK_H
#define PLUGBOARD_PACK_H

#include <plugboard/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pb_pack_member {
    const char *library;  /* the plugin's file, beside the pack: "npu.so" */
    const char *build_id; /* of that file: its note NT_GNU_BUILD_ID in lower-case hex */
    const struct pb_plugin *entry; /* as the file's pb_plugin_v0 */
};

/* The one exported symbol of a pack is `const struct pb_pack pb_pack_v0`. */
struct pb_pack {
    uint32_t size;  /* sizeof(struct pb_pack) */
    uint32_t epoch; /* PB_ABI_EPOCH; another one is not used */
    uint32_t n;
    uint32_t member_size; /* sizeof(struct pb_pack_member) */
    const struct pb_pack_member *members;
};

#ifdef __cplusplus
}
#endif
#endif
