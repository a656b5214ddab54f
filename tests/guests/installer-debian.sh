#!/bin/sh
# SPDX-License-Identifier: MIT
# installer-debian.sh ARCH 12|13 - kernel and initrd of Debian's network installer, unmodified.
# Source: package debian-installer-RELEASE-netboot-ARCH. Prints kernel=PATH, initrd=PATH.
set -eu
usage() {
    echo "usage: installer-debian.sh riscv64|arm64 12|13" >&2
    exit 2
}
[ $# -eq 2 ] || usage
arch=$1 release=$2
case $arch in riscv64 | arm64) ;; *) usage ;; esac
case $release in 12) suite=bookworm ;; 13) suite=trixie ;; *) usage ;; esac
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"

if guest_begin "installer-$arch-$release"; then
    need dpkg-deb
    suite "$suite" "$arch" unpack "$tmp/deb" "debian-installer-$release-netboot-$arch"
    from=$tmp/deb/usr/lib/debian-installer/images/$release/$arch/text/debian-installer/$arch
    mv "$from/linux" "$from/initrd.gz" "$tmp/"
    rm -rf "$tmp/deb"
    guest_end
fi
echo "kernel=$out/linux"
echo "initrd=$out/initrd.gz"
