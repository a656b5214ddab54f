#!/bin/sh
# SPDX-License-Identifier: MIT
# Plugins built when an ABI version was released are loaded and run by today's bench and core,
# byte for byte as they were: check, bench, a guest that uses them, a filter under a disk.
# Packagers for other machines may delete frozen/*/MACHINE. usage: test-abi-frozen.sh BUILD-TREE
set -u
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)/frozen
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
fail=0 n=0
sets=$(find "$here" -mindepth 2 -maxdepth 2 -type d -name "$(uname -m)" | sort)
[ -n "$sets" ] || { echo "nothing was frozen for $(uname -m)"; exit 77; }
say() { echo "$*"; fail=1; }

for set in $sets; do
    version=$(basename "$(dirname "$set")")
    (cd "$set/.." && sha256sum -c --quiet "$set/made") || say "$version: a source changed"
    for so in "$set"/*.so; do
        n=$((n + 1))
        "$build/bin/plugboard" check "$so" >"$T/out" 2>&1 || { cat "$T/out"; say "check failed"; }
        "$build/bin/plugboard" test "$so" --count 50000 >"$T/out" 2>&1 ||
            { cat "$T/out"; say "$so: bench failed"; }
    done
    command -v riscv64-linux-gnu-gcc >/dev/null || { echo "no guest: no cross compiler"; continue; }
    riscv64-linux-gnu-gcc -nostdlib -static -march=rv64imac -mabi=lp64 -no-pie \
        -Wl,-Ttext=0x80000000 -Wl,--build-id=none -Wl,--no-warn-rwx-segments \
        -o "$T/probe" "$here/probe.S" || say "the guest does not build"
    mkdir -p "$T/machines/riscv64/virt.machine.d"
    cat >"$T/machines/riscv64/virt.machine.d/50-frozen.conf" <<'END'
[device frozen0]
type = frozen-counter
reg = 0x4000000 0x1000
irq = plic:60
[device frozen1]
type = frozen-copier
reg = 0x4001000 0x1000
irq = plic:61
[device frozen2]
type = frozen-uart
reg = 0x4002000 0x1000
irq = plic:62
link.chardev = serial1
[defaults]
serial = uart0 frozen2
END
    truncate -s 1M "$T/disk"
    PLUGBOARD_PLUGIN_PATH=$set PLUGBOARD_MACHINE_PATH=$T/machines timeout 60 \
        "$build/bin/plugboard-system-riscv64" -M virt -bios none -kernel "$T/probe" -nodefaults \
        -display none -serial null -serial "file:$T/serial" \
        -blockdev "driver=file,node-name=f0,filename=$T/disk" \
        -blockdev driver=frozen-filter,node-name=n0,file=f0 \
        -device virtio-blk-device,drive=n0 >"$T/out" 2>&1 </dev/null
    status=$?
    [ "$status" = 0 ] || { cat "$T/out"; say "$version: the guest ends with status $status"; }
    [ "$(cat "$T/serial")" = "frozen ok" ] || say "$version: the frozen UART sent nothing"
    echo "$version: ran under a guest"
done
echo "$n frozen plugins"
[ "$fail" = 0 ] && [ "$n" -ge 4 ]
