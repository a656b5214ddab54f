#!/bin/sh
# SPDX-License-Identifier: MIT
# New plugins on the previous host: each plugin of the tree, built with today's headers, is run by
# the bench as a host of ABI minor 0, whose tables end where they ended then. It does as well as on
# today's, or its sidecar says that it needs minor 1, and it is refused in one sentence.
# usage: test-abi-old-host.sh BUILD-TREE
set -u
build=$(cd "$1" && pwd)
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
fail=0 ran=0 refused=0 orphans=0
say() { echo "$*"; fail=1; }
NEEDS="needs pb.minor-1/1, which this bench (ABI 1.0) does not offer"
PBT_ABI_MINOR=0
export PBT_ABI_MINOR
for so in "$build"/lib/plugboard/1/*.so; do
    name=$(basename "$so" .so)
    timeout 60 "$build/bin/plugboard" test "$so" --count 2000 >"$T/out" 2>&1 </dev/null
    status=$?
    if grep -q '^needs = .*pb\.minor-1/1' "${so%.so}.plugin"; then
        refused=$((refused + 1))
        grep -qF "$name.so $NEEDS" "$T/out" || grep -q '^nothing was tested' "$T/out" ||
            { cat "$T/out"; say "$name is not refused in one sentence"; }
        grep -q ' ok$' "$T/out" && say "$name needs minor 1 and does without"
    elif grep -qF "$NEEDS" "$T/out"; then # the controller of its bus is one of those
        orphans=$((orphans + 1))
        grep -qF "$name.so $NEEDS" "$T/out" && say "$name: its sidecar does not say what it needs"
    elif [ "$status" = 0 ]; then
        ran=$((ran + 1))
    else # a class that wants words of its own is left out, on today's host too
        grep -q '^nothing was tested' "$T/out" || { cat "$T/out"; say "$name fails on minor 0"; }
    fi
done
# The test's own test: who does not ask is found.
cat >"$T/rash.c" <<'END'
#include <plugboard/device.h>
#include <plugboard/plugin.h>
static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    const struct pb_svc_mem *mem = h->get(h, PB_SVC_MEM);
    return mem->gate(d, mem->as(d), e) && self ? PB_OK : PB_ENOMEM;
}
static const struct pb_device_class rash = {.size = sizeof rash, .id = "rash", .title = "rash",
                                            .instance_size = 8, .realize = realize};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &rash}};
PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
                   .abi_minor = PB_ABI_MINOR, .id = "org.example.rash", .version = "1",
                   .license = "MIT", .classes = classes, .n_classes = 1};
END
${CC:-cc} -std=c11 -shared -fPIC -I"$(cd "$(dirname "$0")/../.." && pwd)/sdk/include" \
    -o "$T/rash.so" "$T/rash.c" || fail=1
"$build/bin/plugboard-sidecar" "$T/rash.so" "$T/rash.plugin"
"$build/bin/plugboard" test "$T/rash.so" >"$T/out" 2>&1 && say "a call past a table's end is not seen"
grep -q 'this host of minor 0 has not' "$T/out" || { cat "$T/out"; say "nor told"; }
echo "$ran plugins ran on minor 0, $refused need minor 1, $orphans sit on a bus of those"
[ "$fail" = 0 ] && [ "$ran" -ge 25 ] && [ "$refused" -ge 4 ]
