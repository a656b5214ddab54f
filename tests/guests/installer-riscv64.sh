#!/bin/sh
# SPDX-License-Identifier: MIT
# installer-riscv64.sh - kernel and initrd of Debian 13's riscv64 network installer, unmodified.
# Source: package debian-installer-13-netboot-riscv64 (trixie). Prints kernel=PATH, initrd=PATH.
set -eu
[ $# -eq 0 ] || { echo "usage: installer-riscv64.sh" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"

if guest_begin installer-riscv64; then
    need dpkg-deb
    suite trixie riscv64 unpack "$tmp/deb" debian-installer-13-netboot-riscv64
    from=$tmp/deb/usr/lib/debian-installer/images/13/riscv64/text/debian-installer/riscv64
    mv "$from/linux" "$from/initrd.gz" "$tmp/"
    rm -rf "$tmp/deb"
    guest_end
fi
echo "kernel=$out/linux"
echo "initrd=$out/initrd.gz"
