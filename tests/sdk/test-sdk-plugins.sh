#!/bin/sh
# SPDX-License-Identifier: MIT
# `plugboard check` and `plugboard test` find nothing wrong with any plugin of the tree. What a
# class must be given stands here; a class that needs no more than loop-backs needs no line.
# usage: test-sdk-plugins.sh BUILD-TREE
set -u
build=$(cd "$1" && pwd)
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
cd "$T" || exit 1
truncate -s 1M disk && mkdir share && mkfifo fifo.in fifo.out
props() {
    case $1 in
    block-file) echo "filename=$T/disk" ;;
    fs-local) echo "path=$T/share,security_model=none" ;;
    cfi-flash) echo "size=64K,sector-length=4K" ;;
    loader) echo "addr=0x80000000,data=1,data-len=4" ;;
    virtio-9p) echo "mount_tag=tag" ;;
    esac
}
fail=0 n=0 tested=0
for so in $(find "$build"/lib -path '*/plugboard/1/*.so' | sort); do
    name=$(basename "$so" .so)
    n=$((n + 1))
    "$build/bin/plugboard" check "$so" >check.out 2>&1 || { cat check.out; fail=1; }
    p=$(props "$name")
    set -- "$so" --count 20000
    [ "$name" != cfi-flash ] || set -- "$@" --bare
    [ -z "$p" ] || set -- "$@" --props "$p"
    if timeout 120 "$build/bin/plugboard" test "$@" >test.out 2>&1 </dev/null; then
        tested=$((tested + 1))
    elif grep -q '^nothing was tested' test.out; then
        echo "$name: not tested:" && sed 's/^/    /' test.out
    else
        echo "$name:" && cat test.out && fail=1
    fi
done
echo "$n plugins checked, $tested of them tested"
[ "$fail" = 0 ] && [ "$tested" -ge 15 ]
