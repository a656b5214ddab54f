#!/bin/sh
# SPDX-License-Identifier: MIT
# packaging/quickstart.sh --check runs a command in the guest and exits 0; with an emulator that
# does nothing it does not.
set -eu
[ $# -eq 0 ] || { echo "usage: test-guest-quickstart.sh" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
build=${PLUGBOARD_BUILD:-$here/../../build/release}
export PLUGBOARD_SYSTEM="${PLUGBOARD_SYSTEM:-$build/bin/plugboard-system-riscv64}"
"$here/../../packaging/quickstart.sh" --check
if PLUGBOARD_SYSTEM=true "$here/../../packaging/quickstart.sh" --check 2>/dev/null; then
    echo "quickstart.sh --check passed without a guest" >&2
    exit 1
fi
