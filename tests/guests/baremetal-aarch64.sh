#!/bin/sh
# SPDX-License-Identifier: MIT
# baremetal-aarch64.sh - builds the bare programs of baremetal/, flat images: for the Raspberry Pi 3
# at 0x80000, for virt float.img and semihost.img at 0x40080000, secure.img and gic.img at its reset
# vector. Prints pattern=, float=, secure=, gic=, semihost=PATH.
set -eu
[ $# -eq 0 ] || { echo "usage: baremetal-aarch64.sh" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"

from=$here/baremetal
if guest_begin baremetal-aarch64 "$from"/pi-* "$from"/float* "$from"/secure* "$from"/gic* \
    "$from"/semihost*; then
    need aarch64-linux-gnu-gcc aarch64-linux-gnu-objcopy
    # The caches are off, where unaligned accesses trap.
    aarch64-linux-gnu-gcc -mstrict-align -mgeneral-regs-only -nostdlib -static -ffreestanding \
        -fno-pic -no-pie -O2 -std=c11 -Wall -Wextra -Werror -Wl,--build-id=none \
        -Wl,--no-warn-rwx-segments -Wl,-Ttext=0x80000 -Wl,-N -o "$tmp/pattern.elf" \
        "$from/pi-entry.S" "$from/pi-pattern.c"
    aarch64-linux-gnu-objcopy -O binary "$tmp/pattern.elf" "$tmp/pattern.img"
    aarch64-linux-gnu-gcc -mstrict-align -nostdlib -static -ffreestanding -fno-pic -no-pie -O2 \
        -std=c11 -Wall -Wextra -Werror -ffp-contract=off -frounding-math -Wl,--build-id=none \
        -Wl,--no-warn-rwx-segments -Wl,-Ttext=0x40080000 -Wl,-N -Wl,--defsym=bss_end=_end \
        -o "$tmp/float.elf" "$from/float-entry.S" "$from/float.c"
    aarch64-linux-gnu-objcopy -O binary "$tmp/float.elf" "$tmp/float.img"
    aarch64-linux-gnu-gcc -mstrict-align -nostdlib -static -ffreestanding -fno-pic -no-pie -O2 \
        -fno-tree-loop-distribute-patterns -std=c11 -Wall -Wextra -Werror -Wl,--build-id=none \
        -Wl,--no-warn-rwx-segments -Wl,-Ttext=0x40080000 -Wl,-N -Wl,--defsym=bss_end=_end \
        -o "$tmp/semihost.elf" "$from/float-entry.S" "$from/semihost.c"
    aarch64-linux-gnu-objcopy -O binary "$tmp/semihost.elf" "$tmp/semihost.img"
    for name in secure gic; do
        aarch64-linux-gnu-gcc -mstrict-align -mgeneral-regs-only -nostdlib -static -ffreestanding \
            -fno-pic -no-pie -O2 -std=gnu11 -Wall -Wextra -Werror -Wl,--build-id=none \
            -Wl,--no-warn-rwx-segments -Wl,-Ttext=0 -Wl,-N -o "$tmp/$name.elf" \
            "$from/$name-entry.S" "$from/$name.c"
        aarch64-linux-gnu-objcopy -O binary "$tmp/$name.elf" "$tmp/$name.img"
    done
    guest_end
fi
echo "pattern=$out/pattern.img"
echo "float=$out/float.img"
echo "secure=$out/secure.img"
echo "gic=$out/gic.img"
echo "semihost=$out/semihost.img"
