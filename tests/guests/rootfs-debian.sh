#!/bin/sh
# SPDX-License-Identifier: MIT
# rootfs-debian.sh ARCH - a Debian 13 root file system with systemd, on a raw ext4 image, with
# Debian's own kernel and initramfs in its /boot and beside it. root logs in on the console without
# a password. Prints kernel=, initrd=, disk=, stream=PATH. Copy the disk before you write to it.
# stream is the host's own pb-stream (see busybox/pb-stream.c): the same bytes on both sides, for
# checksums.
#
# mmdebstrap's second stage runs the guest's programs: Plugboard's own static user mode does,
# through binfmt_misc. Since Linux 6.7 a user namespace has a binfmt_misc of its own, so the host's
# stays as it is; on an older kernel root registers the interpreter in the host's for the while.
# Status 77 where neither can be had.
# $PLUGBOARD_BUILD: the build tree, build/release unless given.
set -eu
case ${1-} in
riscv64) cc=riscv64-linux-gnu-gcc ours=riscv64 machine='\xf3' ;;
arm64) cc=aarch64-linux-gnu-gcc ours=aarch64 machine='\xb7' ;;
*) echo "usage: rootfs-debian.sh riscv64|arm64" >&2; exit 2 ;;
esac
arch=$1
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"
PATH=$PATH:/usr/sbin:/sbin

# in_namespace COMMAND...: as root of a new user namespace that owns its binfmt_misc.
in_namespace() {
    if [ "$(id -u)" -ne 0 ]; then
        unshare --user --map-root-user --map-auto --mount --pid --fork --kill-child --mount-proc \
            "$@"
        return
    fi
    # root may write the maps without /etc/subuid; entering afterwards gives full capabilities.
    unshare --user sleep 3600 &
    holder=$!
    tries=0
    until [ "$(readlink "/proc/$holder/ns/user")" != "$(readlink /proc/self/ns/user)" ]; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || break
        sleep 0.05
    done
    trap 'rm -rf "$tmp"; kill "$holder" 2>/dev/null' EXIT
    status=0
    { echo "0 0 65536" >"/proc/$holder/uid_map" && echo "0 0 65536" >"/proc/$holder/gid_map"; } &&
        nsenter --user --target "$holder" unshare --mount --pid --fork --kill-child --mount-proc \
            "$@" || status=$?
    kill "$holder" 2>/dev/null || :
    return $status
}

# with_mounts COMMAND...: root in a mount namespace of its own. A plain chroot's / is no mount
# point, so nothing can be made private there: the command gets one that is, bound to itself.
with_mounts() {
    if awk '$5 == "/" { found = 1 } END { exit !found }' /proc/self/mountinfo; then
        unshare --mount --pid --fork --kill-child --mount-proc "$@"
        return
    fi
    mkdir -p "$tmp/self"
    status=0
    # shellcheck disable=SC2016 # its own parameters
    unshare --mount --propagation unchanged --pid --fork --kill-child sh -euc '
        mount --rbind / "$1"
        mount --make-rprivate "$1"
        exec chroot "$@"' sh "$tmp/self" sh -euc 'mount -t proc proc /proc; exec "$@"' sh "$@" ||
        status=$?
    umount -l "$tmp/self" 2>/dev/null || : # where the mount was seen outside, too
    rmdir "$tmp/self"
    return $status
}

if guest_begin "rootfs-$arch" "$here"/rootfs/* "$here/busybox/pb-stream.c"; then
    need mmdebstrap mke2fs unshare nsenter "$cc" gcc
    interpreter=${PLUGBOARD_BUILD:-$repo/build/release}/bin/plugboard-$ours-static
    [ -x "$interpreter" ] || die "$interpreter is not there: build the release preset first"
    suite trixie "$arch" sources >"$tmp/sources"
    grep '^Acquire::' "$(suite trixie "$arch" config)" >"$tmp/apt.conf" || :
    "$cc" -std=c11 -O2 -static -s -o "$tmp/pb-stream" "$here/busybox/pb-stream.c"
    gcc -std=c11 -O2 -o "$tmp/stream" "$here/busybox/pb-stream.c"
    mkdir "$tmp/binfmt"
    if in_namespace mount -t binfmt_misc none "$tmp/binfmt" 2>/dev/null; then
        in_namespace sh "$here/rootfs/inside.sh" "$tmp" "$arch" "$machine" \
            "$interpreter" >"$tmp/log" 2>&1 || failed=$?
    elif [ "$(id -u)" -eq 0 ] && with_mounts mount -t binfmt_misc none "$tmp/binfmt"; then
        with_mounts sh "$here/rootfs/inside.sh" "$tmp" "$arch" "$machine" \
            "$interpreter" >"$tmp/log" 2>&1 || failed=$?
    else
        echo "no binfmt_misc to be had here, so $arch programs cannot run at build time"
        exit 77
    fi
    if [ "${failed:-0}" -ne 0 ]; then
        tail -n 40 "$tmp/log" >&2
        die "building the root file system failed"
    fi
    rm -rf "$tmp/binfmt" "$tmp/pb-stream" "$tmp/sources" "$tmp/apt.conf" \
        "$tmp/aptopts" "$tmp/quick" "$tmp/modules" "$tmp/lean"
    guest_end
fi
echo "kernel=$out/kernel"
echo "initrd=$out/initrd"
echo "disk=$out/disk.raw"
echo "stream=$out/stream"
