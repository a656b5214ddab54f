#!/bin/sh
# SPDX-License-Identifier: MIT
# inside.sh WORK ARCH MACHINE INTERPRETER - the part of rootfs-debian.sh that runs as root of a
# namespace: registers INTERPRETER for programs of that ELF machine, builds the tree in WORK/root,
# and leaves WORK/kernel, initrd and disk.raw.
set -eu
[ $# -eq 4 ] || { echo "usage: inside.sh WORK ARCH MACHINE INTERPRETER" >&2; exit 2; }
work=$1 arch=$2 machine=$3 interpreter=$4
here=$(cd "$(dirname "$0")" && pwd)

# ELF, 64 bits, little-endian, EXEC or DYN, MACHINE; F opens the interpreter now, so that it is
# found inside the tree too, P lets a program see the name it was called by.
mount -t binfmt_misc none "$work/binfmt"
name=plugboard-$arch-$$
trap 'echo -1 >"$work/binfmt/$name"; umount "$work/binfmt"' EXIT
trap 'exit 1' HUP INT TERM
zeros='\x00\x00\x00\x00\x00\x00\x00\x00'
ones='\xff\xff\xff\xff\xff\xff\xff'
printf '%s' ":$name:M::\x7fELF\x02\x01\x01\x00$zeros\x02\x00$machine\x00" \
    ":$ones\x00$ones\xff\xfe\xff\xff\xff:$interpreter:PF" >"$work/binfmt/register"

packages=systemd-sysv,udev,dbus,kmod,initramfs-tools,busybox,zstd,linux-image-$arch
packages=$packages,iproute2,netcat-openbsd,procps,e2fsprogs,login,passwd

sed -n 's/^\(Acquire::.*\)/\1/p' "$work/apt.conf" >"$work/aptopts"
# The initramfs is made by Debian's initramfs-tools, with the modules of this machine alone: those
# for every machine take minutes to gather under emulation.
cat >"$work/quick" <<'END'
MODULES=list
COMPRESS=zstd
COMPRESSLEVEL=1
END
printf '%s\n' virtio_mmio virtio_blk virtio_net virtio-rng nvme e1000 ext4 >"$work/modules"
# Said to dpkg and not to mmdebstrap, which would start a filter for each package.
printf 'path-exclude=/usr/share/%s/*\n' man locale doc >"$work/lean"
modules=usr/share/initramfs-tools/modules.d
# dpkg waits for the disk after every package; where memory allows, the tree lies there meanwhile.
mkdir "$work/root"
available=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo)
[ "$available" -lt 3000000 ] || mount -t tmpfs -o size=1536m,mode=755 none "$work/root" || :
TMPDIR=$work mmdebstrap --mode=root --arch="$arch" --variant=minbase --format=directory \
    --skip=check/qemu,chroot/mount/sys,chroot/mount/dev --include="$packages" \
    --aptopt="$work/aptopts" --aptopt='APT::Sandbox::User "root"' \
    --aptopt='Acquire::Languages "none"' \
    --essential-hook="install -D '$work/quick' \"\$1/etc/initramfs-tools/conf.d/quick\"" \
    --essential-hook="install -D '$work/modules' \"\$1/$modules/plugboard\"" \
    --extract-hook="install -D '$work/lean' \"\$1/etc/dpkg/dpkg.cfg.d/lean\"" \
    --dpkgopt=force-unsafe-io trixie "$work/root" - <"$work/sources"

root=$work/root
rm -f "$root/etc/apt/apt.conf.d/99mmdebstrap"
cp "$work/pb-stream" "$root/usr/local/bin/"
cp "$here/dhcp.network" "$root/etc/systemd/network/"
echo plugboard >"$root/etc/hostname"
echo 'LABEL=plugboard / ext4 defaults 0 1' >"$root/etc/fstab"
: >"$root/etc/machine-id"
chroot "$root" passwd -d root
chroot "$root" systemctl enable systemd-networkd.service
chroot "$root" systemctl mask apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer \
    fstrim.timer dpkg-db-backup.timer systemd-networkd-wait-online.service

rm -rf "$root/usr/share/man" "$root/usr/share/locale" "$root/usr/share/doc"
cp "$root"/boot/vmlinu?-* "$work/kernel"
cp "$root"/boot/initrd.img-* "$work/initrd"
chmod 644 "$work/kernel" "$work/initrd"
rm -f "$root"/var/cache/apt/*.bin

# 1 GiB for the system, 1.5 GiB free for the disk check.
truncate -s 2560M "$work/disk.raw"
mke2fs -q -t ext4 -L plugboard -E root_owner=0:0 -d "$root" "$work/disk.raw"
umount "$root" 2>/dev/null || :
rm -rf "$root"
