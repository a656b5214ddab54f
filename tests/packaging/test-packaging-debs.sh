#!/bin/sh
# SPDX-License-Identifier: MIT
# The Debian packages, from the committed tree to a guest: built, clean under lintian, installed in a
# Debian system of their own; the quick start's guest boots there; each optional package can be
# removed, takes exactly its lines from -device help, is named when asked for, and comes back; the
# autopkgtest passes; the tutorial is followed to the letter, within 15 minutes; what it makes
# becomes a package by the debhelper addon. Root, for chroot(8).
# usage: test-packaging-debs.sh BUILD-TREE
# $PLUGBOARD_DEBS: packages already built; $PLUGBOARD_SUITE: another system than bookworm
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
cache=${PLUGBOARD_GUEST_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/plugboard/guests}
[ "$(id -u)" = 0 ] || { echo "needs root for chroot"; exit 77; }
for tool in dpkg-buildpackage dh mmdebstrap; do
    command -v $tool >/dev/null || { echo "needs $tool"; exit 77; }
done
T=$(mktemp -d)
finish() {
    umount "$T/root/proc" "$T/root/dev/pts" 2>/dev/null
    rm -rf --one-file-system "$T"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM
fail=0
say() { echo "$*"; fail=1; }

debs=${PLUGBOARD_DEBS:-$cache/debs-$(git -C "$root" rev-parse HEAD | cut -c1-12)}
if [ -z "$(find "$debs" -name '*.deb' 2>/dev/null)" ]; then
    PB_CCACHE=$(command -v ccache) CCACHE_DIR=${CCACHE_DIR:-$HOME/.cache/ccache} \
        DEB_BUILD_OPTIONS="parallel=$(nproc) nocheck" "$root/packaging/build-deb.sh" "$debs" ||
        exit 1
fi
if command -v lintian >/dev/null; then
    lintian --allow-root --fail-on error,warning "$debs"/*.changes || say "lintian has something to say"
fi

# A minimal system with apt, cached; it takes the host's mirror.
name=${PLUGBOARD_SUITE:-bookworm}
base=$cache/$name-$(dpkg --print-architecture).tar
suite() { "$root/packaging/debian-suite.sh" "$name" "$(dpkg --print-architecture)" "$@"; }
if [ ! -f "$base" ]; then
    suite sources >"$T/sources"
    grep '^Acquire::' "$(suite config)" >"$T/apt.conf" || :
    mmdebstrap --quiet --mode=root --variant=apt --aptopt="$T/apt.conf" "$name" "$T/base.tar" \
        "$T/sources" || exit 1
    mv "$T/base.tar" "$base"
fi
mkdir "$T/root"
tar -C "$T/root" -xf "$base"
cp -L /etc/resolv.conf "$T/root/etc/" 2>/dev/null
grep '^Acquire::' "$(suite config)" >"$T/root/etc/apt/apt.conf.d/90mirror" || :
mkdir "$T/root/debs" "$T/root/guest"
find "$debs" -name "*.deb" ! -name "*-dbgsym_*" -exec cp {} "$T/root/debs/" \;
mount -t proc proc "$T/root/proc"
in_root() { chroot "$T/root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C \
    DEBIAN_FRONTEND=noninteractive "$@"; }
(cd "$T/root/debs" && in_root sh -c 'apt-get -qq update && apt-get -qq install -y \
    --no-install-recommends /debs/*.deb opensbi >/tmp/install.log 2>&1') ||
    { tail -20 "$T/root/tmp/install.log"; exit 1; }
in_root plugboard doctor >"$T/doctor" || { cat "$T/doctor"; say "doctor is not content"; }
in_root plugboard check || say "check found something"

# Each optional package goes and comes back.
optional=$(in_root dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' 'plugboard-*' |
    sed -n 's/^ii *//p' | grep -v -- '-sdk$\|-doc$')
help_lines() { in_root plugboard-system-riscv64 -device help | grep '^name' | sort; }
help_lines >"$T/all"
for package in $optional; do
    in_root dpkg -L "$package" | grep '\.plugin$' | while read -r f; do
        sed -n 's/^\[device \(.*\)\]$/name "\1"/p' "$T/root$f"
    done >"$T/own"
    in_root dpkg -r "$package" >"$T/log" 2>&1 || { cat "$T/log"; say "$package cannot be removed"; }
    help_lines >"$T/now"
    comm -23 "$T/all" "$T/now" | sed 's/^\(name "[^"]*"\).*/\1/' | sort >"$T/lost"
    grep -vxFf "$T/own" "$T/lost" && say "$package took lines that are not its own"
    while read -r line; do # what is not listed was no user's
        grep -qF "$line" "$T/now" && say "$package: $line stayed"
    done <"$T/own"
    while read -r word name; do
        name=$(echo "$name" | tr -d '"')
        said=$(in_root plugboard-system-riscv64 -device "$name,help" 2>&1)
        case $said in
        *"package $package provides it, not installed"*) ;;
        *) say "$package: '$word $name' said: $said" ;;
        esac
    done <"$T/lost"
    in_root sh -c "dpkg -i /debs/${package}_*.deb" >"$T/log" 2>&1 || say "$package does not return"
    help_lines | cmp -s - "$T/all" || say "$package came back as another"
    echo "$package: $(wc -l <"$T/lost") lines went and came"
done

# The quick start's guest.
guest=$("$root/tests/guests/quickstart-initrd.sh")
for key in kernel initrd; do
    cp "$(echo "$guest" | sed -n "s/^$key=//p")" "$T/root/guest/$key"
done
in_root timeout 900 plugboard-system-riscv64 -M virt -m 512 -smp 2 -nographic -no-reboot \
    -kernel /guest/kernel -initrd /guest/initrd -append "console=ttyS0 quiet pbcheck" \
    -netdev user,id=net0 -device virtio-net-device,netdev=net0 </dev/null >"$T/console" 2>&1
tr -d '\r' <"$T/console" | grep -qx 'PB-CHECK OK 42' ||
    { tail -20 "$T/console"; say "the quick start's guest did not boot"; }

# What an author does, in the same clean system.
in_root sh -c 'apt-get -qq install -y --no-install-recommends gcc libc6-dev make ninja-build \
    gcc-riscv64-linux-gnu >/tmp/install.log 2>&1' || say "no compiler"
cp "$root/packaging/debian/tests/template" "$root/tests/sdk/follow.sh" "$T/root/tmp/"
in_root sh -c 'mkdir /tmp/auto && AUTOPKGTEST_TMP=/tmp/auto sh /tmp/template' >"$T/auto" 2>&1 ||
    { tail -30 "$T/auto"; say "the autopkgtest fails"; }
began=$(date +%s)
in_root sh -c 'mkdir /tmp/author && cd /tmp/author &&
    zcat -f /usr/share/doc/plugboard-doc/sdk/tutorial.md* >/tmp/tutorial.md &&
    bash /tmp/follow.sh /tmp/tutorial.md /tmp/said' ||
    say "the tutorial is not true of the packages"
took=$(($(date +%s) - began))
echo "the tutorial took $took seconds"
[ "$took" -le 900 ] || say "that is more than 15 minutes"

# Its project as a package, as sdk/doc/packaging.md says.
in_root sh -c 'apt-get -qq install -y --no-install-recommends debhelper build-essential fakeroot \
    >/tmp/install.log 2>&1' || say "no debhelper"
"$root/packaging/outside-package.sh" "$T/root/tmp/author/npu" || say "no debian/ for it"
in_root sh -c 'cd /tmp/author/npu && dpkg-buildpackage -b -us -uc && dpkg -i ../*npu_*.deb' \
    >"$T/outside" 2>&1 || { tail -20 "$T/outside"; say "an outside plugin's package fails"; }
in_root dpkg-query -W -f '${Depends}\n' plugboard-device-npu | grep -q 'plugboard-abi-1 (>= 1\.' ||
    say "the addon wrote no dependency on the ABI"
in_root plugboard-system-riscv64 -device npu,help | grep -q STATUS ||
    say "the packaged plugin is not found"
exit $fail
