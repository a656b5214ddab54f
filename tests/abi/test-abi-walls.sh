#!/bin/sh
# SPDX-License-Identifier: MIT
# Plugins see the SDK only (CPU plugins also the engine), the core names no plugin, and each
# built plugin exports its entry and nothing else.
# usage: test-abi-walls.sh SOURCE_DIR PLUGIN_DIR
set -eu
src=$1 plugins=$2 bad=0
complain() {
    echo "$1"
    bad=1
}
# "virtio" alone is a word of -drive if=, as "ide" is.
# A quoted include may name a file of the plugin's own folder tree, never the core's.
hits=$(grep -rnE '#include +["<]([^">]*/)?core/' "$src/cpu-plugins" "$src/device-plugins" \
    "$src/backend-plugins" "$src/sdk" || true)
[ -z "$hits" ] || complain "a plugin includes the core: $hits"
hits=$(grep -rnE '#include +"\.\./(\.\./)+' "$src/device-plugins" "$src/backend-plugins" || true)
[ -z "$hits" ] || complain "a plugin reaches over its folder: $hits"
hits=$(grep -rnE '#include +["<][^">]*xl\.h' "$src/device-plugins" "$src/backend-plugins" \
    "$src/core" || true)
[ -z "$hits" ] || complain "only CPU plugins may include the engine: $hits"
hits=$(grep -rniE '\b(riscv|aarch64|virtio|plic|ns16550|pl011|opensbi)\b' "$src/core" \
    --include='*.[ch]' | grep -vE ':[0-9]+: *(/\*|\*)|/\*|"virtio", "xen"' || true)
[ -z "$hits" ] || complain "the core names a chip or bus: $hits"
n=0
for so in "$plugins"/*.so; do
    n=$((n + 1))
    names=$(nm -D --defined-only "$so" | awk '$2 != "A" {print $3}' | sed 's/@.*//')
    [ "$names" = pb_plugin_v0 ] || complain "$so exports: $names"
    [ -f "${so%.so}.plugin" ] || complain "$so has no sidecar"
done
echo "$n plugins"
[ "$n" -gt 0 ] && [ "$bad" = 0 ]
