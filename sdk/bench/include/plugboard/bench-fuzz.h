/* SPDX-License-Identifier: MIT */
/* plugboard/bench-fuzz.h - a device class driven by bytes, for fuzzers that search by coverage.
 *
 * plugboard_fuzz() in CMake makes a program of a plugin's sources and share/plugboard/fuzz/
 * fuzz-main.c, which calls these. What the bytes mean: bench.md, "Fuzzing by bytes".
 */
#ifndef PLUGBOARD_BENCH_FUZZ_H
#define PLUGBOARD_BENCH_FUZZ_H

#include <plugboard/plugin.h>

struct pb_bench_fuzz {
    uint32_t size, reserved;
    const struct pb_plugin *plugin; /* the program's own pb_plugin_v0 */
    const char *cls;   /* a device class of it; NULL: the first */
    const char *props; /* as -device takes them, or NULL; backends that are not named are made */
    const char *bus;   /* who offers its bus, "virtio-mmio:virtio-mmio": plugin, class; or NULL */
};

/* Once, before the first pb_bench_fuzz_one(). Lives until the program ends. */
void pb_bench_fuzz_target(const struct pb_bench_fuzz *t);
/* A new bench with one device of the class does what the bytes say, is saved and loaded, and goes.
 * 0; the bench, a sanitizer or a signal ends the program when something is wrong. */
int pb_bench_fuzz_one(const uint8_t *data, size_t size);

#endif
