#!/bin/sh
# SPDX-License-Identifier: MIT
# build-deb.sh OUT - builds the Debian packages of the committed tree with dpkg-buildpackage and puts
# them into OUT. The tree itself is not touched: it is copied to OUT/tree, always the same place, so
# that a ccache ($PB_CCACHE) knows what it compiled before. dpkg-buildpackage(1); needs what
# debian/control says.
set -eu
[ $# -eq 1 ] || { echo "usage: build-deb.sh OUT" >&2; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
T=$out/tree
rm -rf "$T"
mkdir "$T"
trap 'rm -rf "$T"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$T/plugboard"
git -C "$root" ls-files -z | tar -C "$root" --null -T - -c | tar -C "$T/plugboard" -x
mv "$T/plugboard/packaging/debian" "$T/plugboard/debian"
cd "$T/plugboard"
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
dpkg-buildpackage -b -us -uc ${PB_DEB_OPTIONS:-} >"$out/build.log" 2>&1 || {
    tail -60 "$out/build.log" >&2
    exit 1
}
mv "$T"/*.deb "$T"/*.changes "$T"/*.buildinfo "$out"/
ls "$out"
