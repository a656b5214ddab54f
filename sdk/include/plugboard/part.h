/* SPDX-License-Identifier: MIT */
/* plugboard/part.h - a part: what another plugin opens when it first needs it.
 *
 * A large library that most runs never call costs each of them its loading. A plugin that needs
 * such a library only sometimes puts the calls into a second plugin, whose class of kind
 * PB_CLASS_PART is nothing but a table, and opens that when the time has come. Both agree on the
 * table's type: name it as a service is named, "org.example.thing/1", and raise the number when it
 * changes.
 */
#ifndef PLUGBOARD_PART_H
#define PLUGBOARD_PART_H

#include <plugboard/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PB_CLASS_PART "pb.class.part/1" /* struct pb_part_class */

struct pb_part_class {
    uint32_t size; /* sizeof(struct pb_part_class) */
    uint32_t reserved;
    const char *id;    /* "org.example.thing/1" */
    const char *doc;   /* one line */
    const void *table; /* constant; what id says */
};

#define PB_SVC_PART "pb.part/1"

struct pb_svc_part {
    uint32_t size, reserved;
    /* The table of part `id`, whose plugin is opened now unless it is. NULL: it is not installed
     * or cannot be opened; `err` says why, and names the package. Valid as long as the program
     * runs. `dev`: who needs it. [main] */
    const void *(*open)(pb_dev *dev, const char *id, pb_err *err);
};

#ifdef __cplusplus
}
#endif
#endif
