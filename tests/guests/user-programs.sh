#!/bin/sh
# SPDX-License-Identifier: MIT
# user-programs.sh ARCH - a tree of Debian 13 programs of another architecture, for user mode:
# interpreters, compressors, a compiler, and programs written in Rust, Go and JavaScript, with
# all that they load. Prints tree=PATH. Nothing of it is run here and nothing is configured: the
# emulators get the tree by -L.
set -eu
[ $# -eq 1 ] || { echo "usage: user-programs.sh riscv64|arm64" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"

case $1 in
arm64) triplet=aarch64-linux-gnu ;;
riscv64) triplet=riscv64-linux-gnu ;;
*) die "no Debian port '$1' here: arm64 or riscv64" ;;
esac
packages="python3 libpython3.13-testsuite openssl sqlite3 xz-utils zstd perl bash dash coreutils
    sed grep mawk diffutils findutils cpp-14-$triplet ripgrep gron nodejs"

if guest_begin "user-programs-$1"; then
    need dpkg-deb
    # shellcheck disable=SC2086 # a list
    suite trixie "$1" closure $packages >"$tmp/debs"
    mkdir "$tmp/tree"
    # Debian 13 has one /usr; base-files makes the links when it is configured.
    for dir in bin sbin lib lib64; do
        mkdir -p "$tmp/tree/usr/$dir"
        ln -s "usr/$dir" "$tmp/tree/$dir"
    done
    while read -r deb; do
        dpkg-deb --fsys-tarfile "$deb" |
            tar -x -C "$tmp/tree" --keep-directory-symlink --no-same-owner --exclude='./dev' \
                --exclude='./usr/share/doc' --exclude='./usr/share/man' \
                --exclude='./usr/share/locale'
    done <"$tmp/debs"
    rm "$tmp/debs"
    guest_end
fi
echo "tree=$out/tree"
