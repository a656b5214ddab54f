#!/bin/sh
# SPDX-License-Identifier: MIT
# firmware-riscv64.sh - OpenSBI's fw_dynamic as Debian 12 (1.1) and 13 (1.6) ship it, and Debian
# 13's UEFI (for two flashes) and U-Boot, which OpenSBI starts or which starts in M mode.
# Prints bookworm=, trixie=, code=, vars=, uboot=, uboot-m=PATH. Copy vars before you boot with it.
set -eu
[ $# -eq 0 ] || { echo "usage: firmware-riscv64.sh" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"

if guest_begin firmware-riscv64; then
    host=$(dpkg --print-architecture)
    for suite in bookworm trixie; do
        suite "$suite" "$host" unpack "$tmp/$suite" opensbi
        mv "$tmp/$suite/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin" "$tmp/$suite.bin"
        rm -rf "${tmp:?}/$suite"
    done
    suite trixie "$host" unpack "$tmp/deb" qemu-efi-riscv64 u-boot-qemu
    mv "$tmp/deb/usr/share/qemu-efi-riscv64/RISCV_VIRT_CODE.fd" "$tmp/code.fd"
    mv "$tmp/deb/usr/share/qemu-efi-riscv64/RISCV_VIRT_VARS.fd" "$tmp/vars.fd"
    mv "$tmp/deb/usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin" "$tmp/uboot.bin"
    mv "$tmp/deb/usr/lib/u-boot/qemu-riscv64/u-boot.bin" "$tmp/uboot-m.bin"
    rm -rf "$tmp/deb"
    guest_end
fi
echo "bookworm=$out/bookworm.bin"
echo "trixie=$out/trixie.bin"
echo "code=$out/code.fd"
echo "vars=$out/vars.fd"
echo "uboot=$out/uboot.bin"
echo "uboot-m=$out/uboot-m.bin"
