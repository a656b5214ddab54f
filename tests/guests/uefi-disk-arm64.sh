#!/bin/sh
# SPDX-License-Identifier: MIT
# uefi-disk-arm64.sh - the root file system of rootfs-arm64.sh on a disk that UEFI boots: a GPT, an
# EFI system partition with Debian's GRUB as the removable default, and the root behind it.
# UEFI 2.10, sections 5.3 and 3.5.1.1. Source of GRUB: package grub-efi-arm64-unsigned.
# Prints disk=PATH. Copy the disk before you write to it.
set -eu
[ $# -eq 0 ] || { echo "usage: uefi-disk-arm64.sh" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"
PATH=$PATH:/usr/sbin:/sbin

root=$("$here/rootfs-arm64.sh" | value disk -)
if guest_begin uefi-disk-arm64 "$here/rootfs-debian.sh" "$here"/rootfs/*; then
    need sfdisk mkfs.vfat mmd mcopy dpkg-deb
    suite trixie arm64 unpack "$tmp/deb" grub-efi-arm64-unsigned
    # Debian's GRUB reads the grub.cfg of the partition it came from.
    cat >"$tmp/grub.cfg" <<'EOF'
set timeout=0
search --no-floppy --label --set=root plugboard
linux /vmlinuz root=LABEL=plugboard rw console=ttyAMA0 systemd.default_device_timeout_sec=600
initrd /initrd.img
boot
EOF
    mkfs.vfat -C -n ESP "$tmp/esp" 65536 >/dev/null
    mmd -i "$tmp/esp" ::/EFI ::/EFI/BOOT ::/EFI/debian
    mcopy -i "$tmp/esp" "$tmp/deb/usr/lib/grub/arm64-efi/monolithic/grubaa64.efi" \
        ::/EFI/BOOT/BOOTAA64.EFI
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
