#!/bin/sh
# SPDX-License-Identifier: MIT
# firmware-arm64.sh - UEFI for the AArch64 board as Debian 13 ships it, for -bios or a first
# -pflash, and the empty variable store for a second one. Source: package qemu-efi-aarch64.
# Prints bios=, code=, vars=PATH. Copy vars before you boot with it.
set -eu
[ $# -eq 0 ] || { echo "usage: firmware-arm64.sh" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"

if guest_begin firmware-arm64; then
    suite trixie "$(dpkg --print-architecture)" unpack "$tmp/deb" qemu-efi-aarch64
    mv "$tmp/deb/usr/share/qemu-efi-aarch64/QEMU_EFI.fd" "$tmp/bios.fd"
    mv "$tmp/deb/usr/share/AAVMF/AAVMF_CODE.no-secboot.fd" "$tmp/code.fd"
    mv "$tmp/deb/usr/share/AAVMF/AAVMF_VARS.fd" "$tmp/vars.fd"
    rm -rf "$tmp/deb"
    guest_end
fi
echo "bios=$out/bios.fd"
echo "code=$out/code.fd"
echo "vars=$out/vars.fd"
