# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034
# lib.sh - sourced by the tests of whole commands: BUILD is the build tree. Sets T (scratch,
# removed at exit), TOY (plugboard-system-toy) and the search paths of the toy board.
BUILD=${1:?usage: $0 BUILD-TREE}
HERE=$(cd "$(dirname "$0")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
# a program of its own in an empty tree: only the toys and some backends are found
mkdir "$T/bin" "$T/backends"
cp "$BUILD/bin/plugboard" "$T/bin/plugboard-system-toy"
TOY=$T/bin/plugboard-system-toy
for f in char-basic block-file block-raw block-overlay net-user slirp fs-local; do
    find "$BUILD/lib" -name "$f.*" -path '*/plugboard/1/*' -exec cp {} "$T/backends/" \;
done
PLUGBOARD_PLUGIN_PATH=$BUILD/tests/plugins:$T/backends
PLUGBOARD_MACHINE_PATH=$ROOT/tests/cli/machines
XDG_CONFIG_HOME=$T/none XDG_DATA_HOME=$T/none LC_ALL=C
export PLUGBOARD_PLUGIN_PATH PLUGBOARD_MACHINE_PATH XDG_CONFIG_HOME XDG_DATA_HOME LC_ALL
cd "$T" || exit 1
