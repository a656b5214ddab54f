# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# lib.sh - sourced by the SDK's tests with the build tree as $1: installs it into $T/sdk, moves
# that to $T/moved (what is installed must not know where it lay) and gives an environment in
# which only that is found. The word "installed" instead takes what packages put into /usr. The
# working directory is empty.
BUILD=${1:?usage: $0 BUILD-TREE|installed}
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
trap 'exit 1' HUP INT TERM
SDK=/usr
if [ "$BUILD" != installed ]; then
    cmake --install "$BUILD" --prefix "$T/sdk" >"$T/install.log" 2>&1 ||
        { cat "$T/install.log"; exit 1; }
    mv "$T/sdk" "$T/moved"
    SDK=$T/moved
fi
unset PLUGBOARD_PLUGIN_PATH PLUGBOARD_MACHINE_PATH CMAKE_MODULE_PATH
PATH=$SDK/bin:$PATH
CMAKE_PREFIX_PATH=$SDK CMAKE_GENERATOR=Ninja XDG_CONFIG_HOME=$T/none XDG_DATA_HOME=$T/none LC_ALL=C
export PATH CMAKE_PREFIX_PATH CMAKE_GENERATOR XDG_CONFIG_HOME XDG_DATA_HOME LC_ALL
command -v ninja >/dev/null || CMAKE_GENERATOR="Unix Makefiles"
mkdir "$T/work"
cd "$T/work" || exit 1
