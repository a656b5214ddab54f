#!/bin/sh
# SPDX-License-Identifier: MIT
# The index of plugins changes what a run reads and nothing else: not what it finds, not what it
# lists, also when the index is old, wrong or gone.
. "$(dirname "$0")/lib.sh"
fail=0
unset PLUGBOARD_PLUGIN_PATH PLUGBOARD_MACHINE_PATH
mkdir tree && cp -r "$BUILD/bin" "$BUILD/lib" "$BUILD/share" tree/
index=$(find tree/lib -name plugins.index)
dir=$(dirname "$index")
[ -s "$index" ] || { echo "the build made no index"; exit 1; }
system=$T/tree/bin/plugboard-system-riscv64

answers() { # what a run finds through its aliases, lists and errors
    "$system" -device help
    "$system" -device virtio-rng,help
    "$system" -M virt,dump
    "$system" -M virt -device virtio-rgn </dev/null
    "$T/tree/bin/plugboard" list devices
} 2>&1

want() { # LABEL
    answers >now
    cmp -s full now || { echo "$1: other answers than without an index:"; diff full now; fail=1; }
}

mv "$index" kept
answers >full
grep -q "virtio-rng-device" full || { echo "no answers"; exit 1; }
cp kept "$index"
want "a good index"
sed 's/ device:virtio-rng[^ ]*//g' kept >"$index"
want "an index that lacks a class"
sed 's/device:virtio-rng-device/device:virtio-net-device/' kept >"$index"
want "an index with a class in the wrong file"
sed '3,9d' kept >"$index"
want "an index that lacks files"
head -c 700 kept >"$index"
want "a truncated index"
: >"$index"
want "an empty index"
head -c 3000 /dev/urandom >"$index"
want "noise"

# Who asks is told of an old one, and how to make it anew.
tells() { "$T/tree/bin/plugboard" doctor | grep -A1 "^note .*/plugins.index is not of"; }
cp kept "$index"
tells && { echo "doctor blames a good index"; fail=1; }
sed '3,9d' kept >"$index"
cure=$(tells | sed -n '2s/^ *//p')
case $cure in
"plugboard-sidecar --index "*) (PATH=$T/tree/bin:$PATH && $cure) || fail=1 ;;
*) echo "doctor does not tell of an old index: $cure"; fail=1 ;;
esac
cmp -s kept "$index" || { echo "the cure does not make it anew"; fail=1; }

# A run reads what it uses: a sidecar that is not its own may be nonsense, unnoticed.
cp kept "$index"
echo nonsense >"$dir/virtio-rng.plugin"
"$system" -M virt,dump >one 2>&1
grep -q nonsense one && { echo "a run read what it does not use:"; cat one; fail=1; }
"$system" -device help 2>&1 | grep -q "virtio-rng.plugin:1" ||
    { echo "a list did not read all"; fail=1; }
exit $fail
