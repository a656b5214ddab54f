#!/bin/sh
# SPDX-License-Identifier: MIT
# raspi-image.sh - a card for the Raspberry Pi 3 as its vendor's images are: an MBR, a FAT32 boot
# partition with config.txt, cmdline.txt, kernel, device trees and initial RAM disk, and behind it
# the root file system of rootfs-arm64.sh. The RAM disk is Debian's, with the modules of the board's
# card and USB hosts added. Prints disk=, kernel=, initrd=, dtb=, dtb-3b=, stream=PATH: the same
# kernel, RAM disk and trees beside the card. Copy the disk before you write to it.
set -eu
[ $# -eq 0 ] || { echo "usage: raspi-image.sh" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"
PATH=$PATH:/usr/sbin:/sbin

wanted='bcm2835_wdt bcm2835_rng bcm2835 sdhci_iproc phy_generic dwc2 cdc_ether rndis_host'

parts=$("$here/rootfs-arm64.sh") || { status=$?; echo "$parts"; exit $status; }
root=$(echo "$parts" | value disk -)
if guest_begin raspi-image "$here/rootfs-debian.sh" "$here"/rootfs/*; then
    need debugfs depmod modprobe cpio gzip sfdisk mkfs.vfat mmd mcopy
    # All from the root file system, so that modules and kernel are of one version.
    for folder in modules linux-image; do
        path=$(debugfs -R 'ls -p /usr/lib' "$root" 2>/dev/null |
            awk -F/ -v name="$folder" 'index($6, name) == 1 { print $6; exit }')
        [ -n "$path" ] || die "$root has no /usr/lib/$folder"
        debugfs -R "rdump /usr/lib/$path $tmp" "$root" >/dev/null 2>&1
        [ "$path" = "$folder" ] || mv "$tmp/$path" "$tmp/$folder"
    done
    version=$(basename "$tmp"/modules/*)
    mkdir -p "$tmp/all/usr/lib" "$tmp/more/usr/lib/modules/$version"
    mv "$tmp/modules" "$tmp/all/usr/lib/"
    ln -s usr/lib "$tmp/all/lib"
    for name in $wanted; do
        modprobe -d "$tmp/all" -S "$version" --show-depends "$name" || die "no module $name"
    done | awk '$1 == "insmod" { print $2 }' | sort -u | while read -r path; do
        path=${path#*/lib/modules/}
        install -D -m 644 "$tmp/all/usr/lib/modules/$path" "$tmp/more/usr/lib/modules/$path"
    done
    # These name modules that are not there, too, which is nothing to whoever looks one up.
    cp "$tmp/all/usr/lib/modules/$version"/modules.* "$tmp/more/usr/lib/modules/$version/"
    pack_cpio "$tmp/more" >"$tmp/more.gz"
    cat "$(echo "$parts" | value initrd -)" "$tmp/more.gz" >"$tmp/initrd"
    cp "$(echo "$parts" | value kernel -)" "$tmp/kernel8.img"
    for board in 3-b 3-b-plus; do
        cp "$tmp/linux-image/broadcom/bcm2837-rpi-$board.dtb" "$tmp/"
    done
    cat >"$tmp/config.txt" <<'END'
# Raspberry Pi 3: as on Debian's images
arm_64bit=1
enable_uart=1
[pi4]
kernel=another-board.img
[pi3]
initramfs initrd.img followkernel
[all]
device_tree=bcm2837-rpi-3-b.dtb
END
    echo "console=tty0 console=ttyAMA0,115200 root=/dev/mmcblk0p2 rw rootwait rootfstype=ext4" \
        "systemd.default_device_timeout_sec=600" >"$tmp/cmdline.txt"
    mkfs.vfat -C -F 32 -n BOOT "$tmp/fat" 131072 >/dev/null
    mcopy -i "$tmp/fat" "$tmp/config.txt" "$tmp/cmdline.txt" "$tmp/kernel8.img" "$tmp"/*.dtb ::/
    mcopy -i "$tmp/fat" "$tmp/initrd" ::/initrd.img
    # In MiB: 4 for the table, 128, the root.
    mib=$(($(stat -c %s "$root") >> 20))
    truncate -s $((mib + 132))M "$tmp/disk.raw"
    printf 'label: dos\nlabel-id: 0x50420123\nstart=4MiB size=128MiB type=c\n%s\n' \
        "start=132MiB size=${mib}MiB type=83" | sfdisk -q "$tmp/disk.raw"
    dd if="$tmp/fat" of="$tmp/disk.raw" bs=1M seek=4 conv=notrunc,sparse status=none
    dd if="$root" of="$tmp/disk.raw" bs=1M seek=132 conv=notrunc,sparse status=none
    rm -rf "$tmp/all" "$tmp/more" "$tmp/more.gz" "$tmp/linux-image" "$tmp/fat" "$tmp"/*.txt
    guest_end
fi
echo "disk=$out/disk.raw"
echo "kernel=$out/kernel8.img"
echo "initrd=$out/initrd"
echo "dtb=$out/bcm2837-rpi-3-b-plus.dtb"
echo "dtb-3b=$out/bcm2837-rpi-3-b.dtb"
echo "stream=$(echo "$parts" | value stream -)"
