#!/bin/sh
# SPDX-License-Identifier: MIT
# kvm-initrd.sh - an initramfs of one program (kvm/init.c) that runs a guest of its own under the KVM
# of Debian's arm64 kernel. Prints kernel=PATH, initrd=PATH.
set -eu
[ $# -eq 0 ] || { echo "usage: kvm-initrd.sh" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"

kernel=$("$here/kernel-debian.sh" arm64)
if guest_begin kvm-initrd "$here/kernel-debian.sh" "$here"/kvm/*; then
    need aarch64-linux-gnu-gcc cpio gzip
    mkdir -p "$tmp/root/dev"
    aarch64-linux-gnu-gcc -std=gnu11 -O2 -static -s -Wall -Wextra -Werror -o "$tmp/root/init" \
        "$here/kvm/init.c" "$here/kvm/guest.S"
    pack_cpio "$tmp/root" >"$tmp/initrd.gz"
    rm -rf "$tmp/root"
    guest_end
fi
echo "$kernel" | grep '^kernel='
echo "initrd=$out/initrd.gz"
