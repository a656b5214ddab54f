#!/bin/sh
# SPDX-License-Identifier: MIT
# A pack changes how a board's plugins are opened and nothing else: a plugin that was exchanged is
# opened from its own file, one that was taken away is gone, and a packed one can be reloaded.
. "$(dirname "$0")/lib.sh"
fail=0
trap "" PIPE # a board that was refused reads no more
unset PLUGBOARD_PLUGIN_PATH PLUGBOARD_MACHINE_PATH
dir=$(cd "$BUILD" && find lib -name riscv-virt.pack) && dir=$(dirname "$dir")
[ -f "$BUILD/$dir/riscv-virt.pack" ] || { echo "skipped: built without packs"; exit 77; }
mkdir whole && cp -r "$BUILD/bin" "$BUILD/lib" "$BUILD/share" whole/

fresh() { rm -rf tree && cp -r whole tree; }
# What a board that stands before its reset has mapped, and says; then COMMAND is given to it.
board() { # [COMMAND [OPTION...]]
    command=${1:-info status}
    [ $# -eq 0 ] || shift
    rm -f in && mkfifo in
    timeout 30 tree/bin/plugboard-system-riscv64 -M virt -S -bios none -display none \
        -serial null -monitor stdio "$@" <in >said 2>&1 &
    pid=$!
    exec 9>in
    echo "$command" >&9 2>/dev/null
    until grep -q "^VM status\|^plugin " said || ! kill -0 $pid; do sleep 0.05; done 2>/dev/null
    cat "/proc/$(pgrep -P $pid)/maps" >maps 2>/dev/null
    echo quit >&9 2>/dev/null
    exec 9>&-
    wait $pid
}
mapped() { grep -qF "$1" maps || { echo "$2: $1 is not open"; fail=1; }; }
unmapped() { ! grep -qF "$1" maps || { echo "$2: $1 is open"; fail=1; }; }

fresh
board || { cat said; fail=1; }
mapped riscv-virt.pack "as built"
unmapped sifive-test.so "as built"
unmapped virtio-mmio.so "as built"

board "plugin_reload sifive-test" || { cat said; fail=1; }
grep -q "sifive-test 1: 1 device\|1 device" said || { echo "no reload:"; cat said; fail=1; }
mapped memfd:sifive-test.so "reloaded"
mapped riscv-virt.pack "reloaded" # what the others live in

# another build of one plugin
python3 - tree/"$dir"/sifive-test.so <<'EOF'
import re, sys
data = open(sys.argv[1], "rb").read()
at = data.index(b"\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0") + 16
open(sys.argv[1], "wb").write(data[:at] + bytes(20) + data[at + 20:])
EOF
board || { cat said; fail=1; }
mapped sifive-test.so "exchanged"
unmapped virtio-mmio.so "exchanged"

fresh
rm tree/"$dir"/sifive-test.so
board && { echo "a plugin without its file runs"; fail=1; }
grep -q "sifive-test.so: No such file" said || { echo "no library:"; cat said; fail=1; }

fresh
rm tree/"$dir"/virtio-net.*
board "info status" -nic none -device virtio-net-device &&
    { echo "a plugin that is not installed runs"; fail=1; }
grep -q "'virtio-net-device' is not a valid device" said || { echo "gone:"; cat said; fail=1; }

fresh
rm tree/"$dir"/riscv-virt.pack
board || { cat said; fail=1; }
mapped sifive-test.so "without a pack"

head -c 3000 whole/"$dir"/riscv-virt.pack >tree/"$dir"/riscv-virt.pack
board || { cat said; fail=1; }
mapped sifive-test.so "with half a pack"
grep -q "riscv-virt.pack is not used: .*truncated" said || { echo "silent:"; cat said; fail=1; }
exit $fail
