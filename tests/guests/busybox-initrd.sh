#!/bin/sh
# SPDX-License-Identifier: MIT
# busybox-initrd.sh FLAVOUR - a small initramfs for the kernel of kernel-debian.sh: Debian's
# busybox-static for riscv64 or arm64, the modules, our init with its jobs (see busybox/init) and
# the benchmark programs of tests/bench/programs. Prints kernel=PATH, initrd=PATH.
set -eu
case ${1-} in
riscv64) cc=riscv64-linux-gnu-gcc ;;
arm64 | arm64-16k) cc=aarch64-linux-gnu-gcc ;;
*) echo "usage: busybox-initrd.sh riscv64|arm64|arm64-16k" >&2; exit 2 ;;
esac
flavour=$1 arch=${1%-16k}
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"

kernel=$("$here/kernel-debian.sh" "$flavour")
modules=$(echo "$kernel" | sed -n 's/^modules=//p')
if guest_begin "busybox-$flavour" "$here/kernel-debian.sh" "$here"/busybox/* \
    "$repo"/tests/bench/programs/*; then
    need "$cc" cpio gzip dpkg-deb
    root=$tmp/root
    mkdir -p "$root/bin" "$root/bench" "$root/dev" "$root/proc" "$root/sys" "$root/tmp" \
        "$root/etc" "$root/share"
    suite trixie "$arch" unpack "$tmp/deb" busybox-static
    cp "$tmp/deb/usr/bin/busybox" "$root/bin/busybox"
    for applet in sh mount umount insmod echo cat grep sed head sort cut wc find xargs md5sum \
        dd sync sleep usleep ip udhcpc nc poweroff date readlink mkdir rm ls setsid cttyhack \
        dmesg ps free df test true false uname tail ln cp mv chmod ping wget vi; do
        ln -sf busybox "$root/bin/$applet"
    done
    cp -r "$modules" "$root/modules"
    cp "$here/busybox/init" "$root/init"
    cp "$here/busybox/lease" "$root/bin/lease"
    chmod 755 "$root/init" "$root/bin/lease"
    programs=$repo/tests/bench/programs
    flags='-std=c11 -O2 -static -s -pthread -Wall -Wextra -Werror'
    # shellcheck disable=SC2086 # flags are words
    {
        "$cc" $flags -o "$root/bin/pb-stream" "$here/busybox/pb-stream.c"
        "$cc" $flags -o "$root/bin/pb-pread" "$here/busybox/pb-pread.c"
        "$cc" $flags -o "$root/bin/pb-tcp" "$here/busybox/pb-tcp.c"
        "$cc" $flags -o "$root/bin/pb-tray" "$here/busybox/pb-tray.c"
        "$cc" $flags -o "$root/bench/pbbench" \
            "$programs/main.c" "$programs/programs.c" "$programs/integer.c" \
            "$programs/float.c" "$programs/mix.c" "$programs/cipher.c" "$programs/vector.c" \
            "$programs/system.c" -lm
    }
    pack_cpio "$root" >"$tmp/initrd.gz"
    rm -rf "$root" "$tmp/deb"
    guest_end
fi
echo "$kernel" | grep '^kernel='
echo "initrd=$out/initrd.gz"
