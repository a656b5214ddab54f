#!/bin/sh
# SPDX-License-Identifier: MIT
# install-deps.sh [--tests] [--long] - readies a Debian 12 or 13 machine to build and run Plugboard:
# afterwards cmake --preset release && cmake --build --preset release && cmake --install … works.
# --tests adds what tests/run.sh needs, --long what its --long needs beyond that. Quick and silent
# when everything is there; otherwise uses apt-get, through sudo unless run by root.
# dpkg-query(1), apt-get(8).
set -eu

usage() {
    echo "usage: install-deps.sh [--tests] [--long]" >&2
    exit 2
}

# One name per line; what each is for.
build_packages() {
    cat <<'END'
gcc                 the compiler
libc6-dev           its headers
cmake               the build
ninja-build
pkgconf             finds the libraries
libltdl-dev         the core: opens plugins
libglib2.0-dev      the core: main loop
libfdt-dev          boot plugins: device trees
libslirp-dev        the user network backend
libqcow-dev         the qcow block backend
liburing-dev        the file block backend
zlib1g-dev          boot plugins: gzip
libzstd-dev         boot plugins: kernels packed with zstd
libzydis-dev        the engine: prints generated code
libcunit1-dev       the unit tests, which the release preset builds too
libmpfr-dev         their reference for floating point
opensbi             firmware of -bios default
cpio                guests: the quick start's addition to the installer's initrd
gzip
debian-archive-keyring  guests: signatures of Debian's packages
ca-certificates
END
}

test_packages() {
    cat <<'END'
ccache              quicker second builds
python3             drives guests
gcc-riscv64-linux-gnu   guests' own programs
libc6-dev-riscv64-cross
gcc-aarch64-linux-gnu   the same for arm64
libc6-dev-arm64-cross
binutils            readelf
make                the public riscv-tests' own Makefiles
kmod                depmod, for the small initramfs
xz-utils
mmdebstrap          the Debian root file system
mount               user mode in a chroot; root file systems
uidmap
e2fsprogs
fdisk               disks that UEFI boots: partition table
dosfstools          their EFI system partition
mtools              and its files
qemu-user           peer of the translator's tests
qemu-utils          qemu-img makes the qcow2 images
qemu-system-arm     peer of the arm64 guests' benchmarks
ipxe-qemu           its network card's ROM
gdb-multiarch       drives the gdb stub
device-tree-compiler
acpica-tools        iasl reads the ACPI tables
dmidecode           reads the SMBIOS tables
pahole              reads the ABI's layout
procps              pgrep: finds what a test started
socat
expect
busybox-static
zstd                what a guest packed is unpacked by the host
shellcheck          reads our scripts
librsvg2-bin        draws the pictures of machines
END
    # The system emulator that tests compare with: trixie took riscv out of qemu-system-misc.
    case $(sed -n 's/^VERSION_ID="\{0,1\}\([0-9]*\).*/\1/p' /etc/os-release) in
    12) echo qemu-system-misc ;;
    *) echo qemu-system-riscv ;;
    esac
}

long_packages() {
    cat <<'END'
dpkg-dev            the Debian packages: builds them
debhelper           their rules
lintian             their critic
rpm                 the rpm packages: rpmbuild
libtool             a configure script for user mode
END
}

tests='' long=
for word in "$@"; do
    case $word in
    --tests) tests=1 ;;
    --long) long=1 ;;
    *) usage ;;
    esac
done

wanted() {
    {
        build_packages
        [ -z "$tests" ] || test_packages
        [ -z "$long" ] || long_packages
    } | awk '{ print $1 }'
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "install-deps.sh: no apt here; needed is what Debian calls" >&2
    wanted | sed 's/^/  /' >&2
    exit 1
fi

missing=
for package in $(wanted); do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || state=
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    as_root=sudo
    if ! command -v sudo >/dev/null; then
        echo "install-deps.sh: not root, and no sudo; as root: apt-get install$missing" >&2
        exit 1
    fi
fi
echo "install-deps.sh: installing$missing" >&2
# apt_get WORDS: waits for another apt, asks nothing.
apt_get() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 "$@"
}
# shellcheck disable=SC2086 # a list
if ! apt_get install --no-install-recommends $missing >/dev/null 2>&1; then
    apt_get update
    apt_get install --no-install-recommends $missing
fi
