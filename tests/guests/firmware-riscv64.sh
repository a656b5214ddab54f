#!/bin/sh
# SPDX-License-Identifier: MIT
# firmware-riscv64.sh - OpenSBI's fw_dynamic as Debian 12 (1.1) and 13 (1.6) ship it.
# Prints bookworm=PATH, trixie=PATH.
set -eu
[ $# -eq 0 ] || { echo "usage: firmware-riscv64.sh" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"

if guest_begin firmware-riscv64; then
    host=$(dpkg --print-architecture)
    for suite in bookworm trixie; do
        suite "$suite" "$host" unpack "$tmp/$suite" opensbi
        mv "$tmp/$suite/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin" "$tmp/$suite.bin"
        rm -rf "${tmp:?}/$suite"
    done
    guest_end
fi
echo "bookworm=$out/bookworm.bin"
echo "trixie=$out/trixie.bin"
