#!/bin/sh
# SPDX-License-Identifier: MIT
# get-qemu.sh - Debian sid's QEMU beside the host's: its system emulators, user emulators and
# tools with every library they need, in a cached tree of their own.
#
# The tree's bin/ holds a wrapper for each program, which runs it by the tree's own dynamic loader
# (ld.so(8), --library-path), so that nothing of the host's is mixed in. System emulators get -L
# for their firmware; static programs are run as they are. Prints bin=DIR and version=VERSION.
set -eu
# --check also boots the finisher programs with it and looks at their exit status.
case "$*" in '' | --check) ;; *) echo "usage: get-qemu.sh [--check]" >&2; exit 2 ;; esac
here=$(cd "$(dirname "$0")/../guests" && pwd)
# shellcheck source=../guests/lib.sh
. "$here/lib.sh"

packages='qemu-system-riscv qemu-system-arm qemu-system-data qemu-user qemu-utils opensbi'
host=$(dpkg --print-architecture)

if guest_begin qemu-sid; then
    need dpkg-deb readelf
    # shellcheck disable=SC2086 # a list
    suite sid "$host" closure $packages >"$tmp/debs"
    while read -r deb; do
        dpkg-deb -x "$deb" "$tmp/tree"
    done <"$tmp/debs"
    rm -rf "$tmp/tree/usr/share/doc" "$tmp/tree/usr/share/man" "$tmp/tree/usr/share/locale"
    mkdir "$tmp/bin"
    # The loader's name as the programs want it; its place in the tree, never the host's.
    first=$tmp/tree/usr/bin/qemu-system-riscv64
    loader=$(readelf -p .interp "$first" | sed -n 's/^ *\[[^]]*\] *\(.*\)/\1/p')
    loader=$(cd "$tmp/tree" && find usr/lib -type f -name "$(basename "$loader")" | head -n 1)
    [ -n "$loader" ] || die "no dynamic loader in the unpacked tree"
    libs=$(cd "$tmp/tree" && find usr/lib -name 'lib*.so.*' -exec dirname {} + | sort -u |
        sed "s|^|$out/tree/|" | paste -sd:)
    modules=$(dirname "$loader")/qemu
    for file in "$tmp"/tree/usr/bin/qemu-*; do
        name=$(basename "$file")
        [ -x "$file" ] || continue
        case $name in qemu-system-*) data=" -L $out/tree/usr/share/qemu" ;; *) data= ;; esac
        if readelf -l "$file" 2>/dev/null | grep -q INTERP; then
            cat >"$tmp/bin/$name" <<END
#!/bin/sh
export QEMU_MODULE_DIR="$out/tree/$modules"
exec "$out/tree/$loader" --library-path "$libs" --argv0 "\$0" "$out/tree/usr/bin/$name"$data "\$@"
END
        elif readelf -h "$file" >/dev/null 2>&1; then
            printf '#!/bin/sh\nexec "%s" "$@"\n' "$out/tree/usr/bin/$name" >"$tmp/bin/$name"
        else
            continue
        fi
        chmod 755 "$tmp/bin/$name"
    done
    guest_end
fi
echo "bin=$out/bin"
echo "version=$("$out/bin/qemu-system-riscv64" --version | sed -n 's/.*version \([^ ]*\).*/\1/p')"
if [ "${1:-}" = --check ]; then
    "$here/baremetal-riscv64.sh" | sed -n 's/^\(pass\|code\)=//p' | while read -r image; do
        case $image in *-pass.elf) want=0 ;; *) want=7 ;; esac
        status=0
        timeout 20 "$out/bin/qemu-system-riscv64" -M virt -nographic -bios none \
            -kernel "$image" </dev/null || status=$?
        [ "$status" -eq "$want" ] || die "$image gave $status, not $want"
    done
    for tool in qemu-img qemu-riscv64 qemu-system-aarch64; do
        "$out/bin/$tool" --version | head -n 1
    done
fi
