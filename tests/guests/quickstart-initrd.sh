#!/bin/sh
# SPDX-License-Identifier: MIT
# quickstart-initrd.sh - the installer's initrd plus a small cpio that offers a shell instead of
# the installer, once udev has run. With pbcheck on the kernel's command line a command is run
# unattended and the guest powers off. Linux: Documentation/driver-api/early-userspace/
# buffer-format.rst (archives may be concatenated). Prints kernel=PATH, initrd=PATH.
set -eu
[ $# -eq 0 ] || { echo "usage: quickstart-initrd.sh" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"

installer=$("$here/installer-riscv64.sh")
kernel=$(echo "$installer" | value kernel -)
initrd=$(echo "$installer" | value initrd -)
if guest_begin quickstart-riscv64 "$here/quickstart/inittab" "$here/quickstart/start" \
    "$here/quickstart/shell" "$here/installer-debian.sh"; then
    need cpio gzip
    mkdir -p "$tmp/add/etc" "$tmp/add/plugboard"
    cp "$here/quickstart/inittab" "$tmp/add/etc/"
    cp "$here/quickstart/start" "$here/quickstart/shell" "$tmp/add/plugboard/"
    chmod 755 "$tmp/add/plugboard/start" "$tmp/add/plugboard/shell"
    # Each member of the whole begins at a multiple of four.
    cat "$initrd" >"$tmp/initrd.gz"
    truncate -s %4 "$tmp/initrd.gz"
    pack_cpio "$tmp/add" >>"$tmp/initrd.gz"
    rm -rf "$tmp/add"
    guest_end
fi
echo "kernel=$kernel"
echo "initrd=$out/initrd.gz"
