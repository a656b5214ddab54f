#!/bin/sh
# SPDX-License-Identifier: MIT
# split.sh MAP STAGE OUT - a staged installation told apart: for each plugin package OUT/PACKAGE
# lists the files that are its own, library, sidecar and the manual pages of its classes, as
# paths below STAGE.
set -eu
[ $# -eq 3 ] || { echo "usage: split.sh MAP STAGE OUT" >&2; exit 2; }
map=$1 stage=$2 out=$3
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$out"
find "$stage" -path '*/plugboard/1/*.plugin' | LC_ALL=C sort | while read -r f; do
    name=$(basename "$f" .plugin)
    package=$("$here/package-of.sh" "$map" "$name")
    base=${f%.plugin}
    {
        echo "${base#"$stage"/}.so"
        echo "${f#"$stage"/}"
        sed -n 's/^\[\([a-z]* .*\)\]$/\1/p' "$f" | while read -r kind class; do
            page=usr/share/man/man7/plugboard-$kind-$class.7
            [ "$kind" != device ] || page=usr/share/man/man7/plugboard-$class.7
            [ ! -f "$stage/$page" ] || echo "$page"
        done
    } >>"$out/$package"
done
