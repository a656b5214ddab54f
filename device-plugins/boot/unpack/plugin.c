/* SPDX-License-Identifier: MIT */
/* plugin.c - zlib and libzstd as a part: a run whose images are not packed loads neither. */
#include "unpack.h"

#include <plugboard/part.h>

static const struct unpack_part table = {.size = sizeof table, .image = unpack_image};

static const struct pb_part_class unpack = {
    .size = sizeof unpack,
    .id = UNPACK_PART,
    .doc = "gzip and zstd kernel images (zlib, libzstd)",
    .table = &table,
};

static const struct pb_class_ref classes[] = {{PB_CLASS_PART, &unpack}};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin),
    .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR,
    .id = "org.plugboard.unpack",
    .version = "0.1.0",
    .license = "MIT",
    .doc = "Packed kernel images, opened with the first one",
    .classes = classes,
    .n_classes = 1,
};
