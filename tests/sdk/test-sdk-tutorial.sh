#!/bin/sh
# SPDX-License-Identifier: MIT
# The tutorial's commands do what it says they do, with the SDK that this tree installs.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"
command -v riscv64-linux-gnu-gcc >/dev/null || { echo "no riscv64-linux-gnu-gcc"; exit 77; }
bash "$here/follow.sh" "$here/../../sdk/doc/tutorial.md" "$T"
