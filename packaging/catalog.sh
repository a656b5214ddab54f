#!/bin/sh
# SPDX-License-Identifier: MIT
# catalog.sh MAP PLUGIN-DIR - prints plugins.catalog: for each package of MAP the classes, by kind,
# that the sidecars of PLUGIN-DIR say its plugins have. With it a core names the package of what
# is not installed.
set -eu
[ $# -eq 2 ] || { echo "usage: catalog.sh MAP PLUGIN-DIR" >&2; exit 2; }
map=$1 dir=$2
here=$(cd "$(dirname "$0")" && pwd)
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
for f in "$dir"/*.plugin; do
    package=$("$here/package-of.sh" "$map" "$(basename "$f" .plugin)")
    sed -n 's/^\[\([a-z]*\) \(.*\)\]$/\1 \2/p; s/^aliases = \(.*\)/alias \1/p' "$f" |
        awk -v package="$package" '
            $1 == "alias" { for (i = 2; i <= NF; i++) print package, kind, $i; next }
            { kind = $1; print package, kind, $2 }' >>"$T/all"
done
echo "# Made by packaging/catalog.sh: which package has which class, installed or not."
LC_ALL=C sort -u "$T/all" | awk '
    $1 != package { close_kind(); package = $1; kind = ""; printf "\n[package %s]", package }
    $2 != kind { kind = $2; printf "\n%s =", kind }
    { printf " %s", $3 }
    function close_kind() { if (package != "") print "" }
    END { print "" }'
