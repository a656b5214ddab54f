#!/bin/sh
# SPDX-License-Identifier: MIT
# baremetal-riscv64.sh - builds the bare programs of baremetal/: finisher-pass.elf and
# finisher-code.elf (code 7) at 0x80000000; the rCore-style hello.elf and hello.bin at 0x80200000
# and, as low, at 0x80000000; float.elf and semihost.elf there, too. Prints pass=, code=, elf=, bin=,
# lowelf=, lowbin=, float=, semihost=PATH.
set -eu
[ $# -eq 0 ] || { echo "usage: baremetal-riscv64.sh" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"

from=$here/baremetal
if guest_begin baremetal-riscv64 "$from"/*; then
    need riscv64-linux-gnu-gcc riscv64-linux-gnu-objcopy
    # link BASE OUT SOURCE...
    link() {
        base=$1 to=$2
        shift 2
        riscv64-linux-gnu-gcc -march=rv64imac_zicsr -mabi=lp64 -mcmodel=medany -nostdlib -static \
            -ffreestanding -fno-pic -no-pie -O2 -std=c11 -Wall -Wextra -Werror \
            -Wl,--build-id=none -Wl,--no-warn-rwx-segments -Wl,--defsym=BASE="$base" \
            -T "$from/kernel.ld" -o "$to" "$@"
    }
    link 0x80000000 "$tmp/finisher-pass.elf" "$from/finisher-pass.S"
    link 0x80000000 "$tmp/finisher-code.elf" -DCODE=7 "$from/finisher-code.S"
    link 0x80200000 "$tmp/hello.elf" "$from/entry.S" "$from/hello.c"
    link 0x80000000 "$tmp/hello-low.elf" "$from/entry.S" "$from/hello.c"
    link 0x80000000 "$tmp/float.elf" -march=rv64gc_zicsr -mabi=lp64d -ffp-contract=off \
        -frounding-math "$from/float-entry.S" "$from/float.c"
    link 0x80000000 "$tmp/semihost.elf" -march=rv64gc_zicsr -mabi=lp64d \
        -fno-tree-loop-distribute-patterns "$from/float-entry.S" "$from/semihost.c"
    riscv64-linux-gnu-objcopy -O binary "$tmp/hello.elf" "$tmp/hello.bin"
    riscv64-linux-gnu-objcopy -O binary "$tmp/hello-low.elf" "$tmp/hello-low.bin"
    guest_end
fi
echo "pass=$out/finisher-pass.elf"
echo "code=$out/finisher-code.elf"
echo "elf=$out/hello.elf"
echo "bin=$out/hello.bin"
echo "lowelf=$out/hello-low.elf"
echo "lowbin=$out/hello-low.bin"
echo "float=$out/float.elf"
echo "semihost=$out/semihost.elf"
