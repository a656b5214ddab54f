/* SPDX-License-Identifier: MIT */
/* plugin.c - the character backends that need nothing but the C library. */
#include "fdio.h"

#include <plugboard/plugin.h>

static const struct pb_class_ref classes[] = {
    {PB_CLASS_CHAR, &char_null},    {PB_CLASS_CHAR, &char_file},  {PB_CLASS_CHAR, &char_pipe},
    {PB_CLASS_CHAR, &char_stdio},   {PB_CLASS_CHAR, &char_pty},   {PB_CLASS_CHAR, &char_ringbuf},
    {PB_CLASS_CHAR, &char_socket},
};
static const char *const needs[] = {PB_SVC_CHAR, PB_SVC_THREAD, PB_SVC_TIME, PB_SVC_PROP, NULL};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin),
    .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR,
    .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.char-basic",
    .version = "0.1.0",
    .license = "MIT",
    .doc = "Character backends: null, file, pipe, stdio, pty, ringbuf, socket",
    .needs = needs,
    .classes = classes,
    .n_classes = sizeof classes / sizeof *classes,
};
