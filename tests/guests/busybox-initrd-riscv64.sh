#!/bin/sh
# SPDX-License-Identifier: MIT
# busybox-initrd-riscv64.sh - a small initramfs for the kernel of kernel-riscv64.sh: Debian's
# riscv64 busybox-static, the modules, our init with its jobs (see busybox/init) and the
# benchmark programs of tests/bench/programs. Prints kernel=PATH, initrd=PATH.
set -eu
[ $# -eq 0 ] || { echo "usage: busybox-initrd-riscv64.sh" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"

kernel=$("$here/kernel-riscv64.sh")
modules=$(echo "$kernel" | sed -n 's/^modules=//p')
if guest_begin busybox-riscv64 "$here/kernel-riscv64.sh" "$here"/busybox/* \
    "$repo"/tests/bench/programs/*; then
    need riscv64-linux-gnu-gcc cpio gzip dpkg-deb
    root=$tmp/root
    mkdir -p "$root/bin" "$root/bench" "$root/dev" "$root/proc" "$root/sys" "$root/tmp" \
        "$root/etc" "$root/share"
    suite trixie riscv64 unpack "$tmp/deb" busybox-static
    cp "$tmp/deb/usr/bin/busybox" "$root/bin/busybox"
    for applet in sh mount umount insmod echo cat grep sed head sort cut wc find xargs md5sum \
        dd sync sleep usleep ip udhcpc nc poweroff date readlink mkdir rm ls setsid cttyhack \
        dmesg ps free df test true false uname tail ln cp mv chmod ping wget vi; do
        ln -sf busybox "$root/bin/$applet"
    done
    cp -r "$modules" "$root/modules"
    cp "$here/busybox/init" "$root/init"
    cp "$here/busybox/lease" "$root/bin/lease"
    chmod 755 "$root/init" "$root/bin/lease"
    flags='-std=c11 -O2 -static -s -Wall -Wextra -Werror'
    # shellcheck disable=SC2086 # flags are words
    {
        riscv64-linux-gnu-gcc $flags -o "$root/bin/pb-stream" "$here/busybox/pb-stream.c"
        riscv64-linux-gnu-gcc $flags -o "$root/bin/pb-tcp" "$here/busybox/pb-tcp.c"
        riscv64-linux-gnu-gcc $flags -o "$root/bench/pbbench" \
            "$repo"/tests/bench/programs/*.c -lm
    }
    pack_cpio "$root" >"$tmp/initrd.gz"
    rm -rf "$root" "$tmp/deb"
    guest_end
fi
echo "$kernel" | grep '^kernel='
echo "initrd=$out/initrd.gz"
