#!/bin/sh
# SPDX-License-Identifier: MIT
# kernel-debian.sh FLAVOUR - Debian 13's kernel (an Image) for riscv64, arm64 or arm64-16k (arm64
# with pages of 16 KiB) and the modules that the small initramfs needs, decompressed, with
# modules/order listing them so that each comes after those it depends on. What the kernel has built in is no module: virtio, virtio_pci,
# virtio_console, the UARTs and the clocks. Prints kernel=PATH, modules=PATH, version=VERSION.
set -eu
case ${1-} in
riscv64 | arm64 | arm64-16k) flavour=$1 arch=${1%-16k} ;;
*) echo "usage: kernel-debian.sh riscv64|arm64|arm64-16k" >&2; exit 2 ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"
PATH=$PATH:/usr/sbin:/sbin

wanted='virtio_mmio virtio_blk virtio_net virtio-rng 9pnet_virtio 9p ext4 qemu_fw_cfg overlay e1000
nvme'
# Loaded by the jobs that want them: lists of their own, modules/order-scsi and modules/order-usb.
scsi='virtio_scsi sd_mod sr_mod isofs'
usb='dwc2 cdc_ether rndis_host usbhid hid-generic evdev usb-storage sd_mod ftdi_sio'

# modules LIST NAME...: the modules, and those they depend on before them, as modules/LIST.
modules() {
    list=$1
    shift
    : >"$tmp/list"
    for name in "$@"; do
        builtin=$(echo "$name" | sed 's/[-_]/[-_]/g')
        ! grep -q "/$builtin\.ko$" "$tmp/deb/lib/modules/$version/modules.builtin" || continue
        # modules.dep: a module, a colon, all that it needs with the deepest need last.
        awk -v name="$name" '
            { file = $1; sub(/:$/, "", file); base = file; sub(/.*\//, "", base)
              sub(/\..*/, "", base); gsub(/-/, "_", base) }
            BEGIN { gsub(/-/, "_", name) }
            base == name { for (i = NF; i > 1; i--) print $i; print file; found = 1 }
            END { exit !found }' "$tmp/deb/lib/modules/$version/modules.dep" >>"$tmp/list" ||
            die "$package has no module $name"
    done
    awk '!seen[$0]++' "$tmp/list" | while read -r path; do
        file=$(basename "$path" .xz)
        ! grep -qsx "$file" "$tmp/modules/order" || continue
        xz -dc "$tmp/deb/lib/modules/$version/$path" >"$tmp/modules/$file"
        echo "$file" >>"$tmp/modules/$list"
    done
}

if guest_begin "kernel-$flavour"; then
    need dpkg-deb depmod xz awk
    meta=$(suite trixie "$arch" fetch "linux-image-$flavour")
    package=$(dpkg-deb -f "$meta" Depends | grep -o 'linux-image-[^ ,]*' | head -n 1)
    version=${package#linux-image-}
    suite trixie "$arch" unpack "$tmp/deb" "$package"
    mv "$tmp/deb/boot/vmlinu"[xz]"-$version" "$tmp/kernel"
    [ -e "$tmp/deb/lib" ] || ln -s usr/lib "$tmp/deb/lib"
    depmod -b "$tmp/deb" "$version"
    mkdir "$tmp/modules"
    # shellcheck disable=SC2086 # names are words
    modules order $wanted
    # shellcheck disable=SC2086
    modules order-scsi $scsi
    # shellcheck disable=SC2086
    [ "$arch" != arm64 ] || modules order-usb $usb
    echo "$version" >"$tmp/version"
    rm -rf "$tmp/deb" "$tmp/list"
    guest_end
fi
echo "kernel=$out/kernel"
echo "modules=$out/modules"
echo "version=$(cat "$out/version")"
