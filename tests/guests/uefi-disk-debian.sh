#!/bin/sh
# SPDX-License-Identifier: MIT
# uefi-disk-debian.sh ARCH - the root file system of rootfs-debian.sh on a disk that UEFI boots: a
# GPT, an EFI system partition with Debian's GRUB as the removable default, and the root behind it.
# UEFI 2.10, sections 5.3 and 3.5.1.1. Source of GRUB: package grub-efi-ARCH-unsigned.
# Prints disk=PATH. Copy the disk before you write to it.
set -eu
[ $# -eq 1 ] || { echo "usage: uefi-disk-debian.sh ARCH" >&2; exit 2; }
arch=$1
case $arch in
arm64) grub=arm64-efi/monolithic/grubaa64.efi boot=BOOTAA64.EFI tty=ttyAMA0 ;;
riscv64) grub=riscv64-efi/monolithic/grubriscv64.efi boot=BOOTRISCV64.EFI tty=ttyS0 ;;
*) echo "uefi-disk-debian.sh: no UEFI known for '$arch'" >&2; exit 2 ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"
PATH=$PATH:/usr/sbin:/sbin

root=$("$here/rootfs-debian.sh" "$arch" | value disk -)
if guest_begin "uefi-disk-$arch" "$here/rootfs-debian.sh" "$here"/rootfs/*; then
    need sfdisk mkfs.vfat mmd mcopy dpkg-deb
    suite trixie "$arch" unpack "$tmp/deb" "grub-efi-$arch-unsigned"
    # Debian's GRUB reads the grub.cfg of the partition it came from.
    cat >"$tmp/grub.cfg" <<EOF
set timeout=0
search --no-floppy --label --set=root plugboard
linux /vmlinuz root=LABEL=plugboard rw console=$tty systemd.default_device_timeout_sec=600
initrd /initrd.img
boot
EOF
    mkfs.vfat -C -n ESP "$tmp/esp" 65536 >/dev/null
    mmd -i "$tmp/esp" ::/EFI ::/EFI/BOOT ::/EFI/debian
    mcopy -i "$tmp/esp" "$tmp/deb/usr/lib/grub/$grub" "::/EFI/BOOT/$boot"
    mcopy -i "$tmp/esp" "$tmp/grub.cfg" ::/EFI/debian/grub.cfg
    # In MiB: 1 for the table, 64, the root, 1 for the second table.
    mib=$(($(stat -c %s "$root") >> 20))
    truncate -s $((mib + 66))M "$tmp/disk.raw"
    printf 'label: gpt\nstart=1MiB size=64MiB type=U\nstart=65MiB size=%uMiB type=L\n' "$mib" |
        sfdisk -q "$tmp/disk.raw"
    dd if="$tmp/esp" of="$tmp/disk.raw" bs=1M seek=1 conv=notrunc,sparse status=none
    dd if="$root" of="$tmp/disk.raw" bs=1M seek=65 conv=notrunc,sparse status=none
    rm -rf "$tmp/deb" "$tmp/esp" "$tmp/grub.cfg"
    guest_end
fi
echo "disk=$out/disk.raw"
