#!/bin/sh
# SPDX-License-Identifier: MIT
# debug-initrd.sh - an initramfs of one program (debug/) that profiles and debugs by the CPU's own
# means under Debian's arm64 kernel. Prints kernel=PATH, initrd=PATH.
set -eu
[ $# -eq 0 ] || { echo "usage: debug-initrd.sh" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"

kernel=$("$here/kernel-debian.sh" arm64)
if guest_begin debug-initrd "$here/kernel-debian.sh" "$here"/debug/*; then
    need aarch64-linux-gnu-gcc cpio gzip
    mkdir -p "$tmp/root/dev"
    aarch64-linux-gnu-gcc -std=gnu11 -O2 -static -s -Wall -Wextra -Werror -o "$tmp/root/init" \
        "$here"/debug/*.c
    pack_cpio "$tmp/root" >"$tmp/initrd.gz"
    rm -rf "$tmp/root"
    guest_end
fi
echo "$kernel" | grep '^kernel='
echo "initrd=$out/initrd.gz"
