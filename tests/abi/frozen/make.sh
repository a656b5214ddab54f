#!/bin/sh
# SPDX-License-Identifier: MIT
# make.sh VERSION REVISION - builds the plugins of tests/abi/frozen/VERSION/ with the headers and
# the sidecar writer that the repository had at REVISION, into VERSION/MACHINE/, and notes in
# VERSION/MACHINE/made what they were made from. Run once when an ABI version is released; from
# then on the files are never touched again.
set -eu
[ $# -eq 2 ] || { echo "usage: make.sh epoch-E.M REVISION" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
version=$1
revision=$(git -C "$root" rev-parse --verify "$2^{commit}")
out=$here/$version/$(uname -m)
[ ! -e "$out" ] || { echo "make.sh: $out is frozen" >&2; exit 1; }
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
git -C "$root" archive "$revision" sdk | tar -x -C "$T"
mkdir "$out"
cc=${CC:-cc}
"$cc" -O2 -std=c11 -D_GNU_SOURCE -I "$T/sdk/include" -o "$T/sidecar" "$T/sdk/tools/sidecar.c" -ldl
cd "$here/$version"
for c in *.c; do
    so=$out/frozen-${c%.c}.so
    "$cc" -O2 -std=c11 -fPIC -shared -fvisibility=hidden -I "$T/sdk/include" -Wall -Wextra -Werror \
        -Wl,--version-script="$T/sdk/cmake/plugin.map" -Wl,-z,defs -Wl,-z,now -Wl,-z,relro \
        -Wl,--build-id=none -s -o "$so" "$c"
    "$T/sidecar" "$so" "${so%.so}.plugin"
done
{
    echo "# headers and sidecar writer of commit $revision"
    echo "# $("$cc" --version | head -1)"
    sha256sum ./*.c
} >"$out/made"
ls -l "$out"
