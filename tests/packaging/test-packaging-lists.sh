#!/bin/sh
# SPDX-License-Identifier: MIT
# What the packages' lists are made by: every plugin of the build has a package that debian/control
# and the spec know, every class is in the catalog once, a core with the catalog names the package
# of a plugin that is absent, and each class has a manual page that man(1) accepts. And the core's
# scripts: the index that they make is of the plugins that are there.
# usage: test-packaging-lists.sh BUILD-TREE
set -u
build=$(cd "$1" && pwd)
root=$(cd "$(dirname "$0")/../.." && pwd)
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
cd "$T" || exit 1
fail=0
say() { echo "$*"; fail=1; }
cmake --install "$build" --prefix "$T/stage/usr" >install.log || { cat install.log; exit 1; }
plugins=$(dirname "$(find stage -name sifive-test.plugin)")
packaging=$root/packaging

"$packaging/catalog.sh" "$packaging/packages.map" "$plugins" >catalog || say "no catalog"
"$packaging/man-pages.sh" stage/usr/bin/plugboard stage/usr/share/man || say "no manual pages"
"$packaging/split.sh" "$packaging/packages.map" stage split || say "no lists"
for list in split/*; do
    package=$(basename "$list")
    grep -qx "Package: $package" "$packaging/debian/control" || say "control lacks $package"
    grep -qx "%package ${package#plugboard-}" "$packaging/plugboard.spec" || say "spec lacks $package"
    grep -qx "\[package $package\]" catalog || say "the catalog lacks $package"
done
n=$(find "$plugins" -name '*.plugin' | wc -l)
listed=$(cat split/* | grep -c '\.so$')
[ "$n" = "$listed" ] || say "$n plugins, $listed in the lists"
pages=$(cat split/* | grep -c '\.7$')
classes=$(cat "$plugins"/*.plugin | grep -c '^\[\(device\|cpu\|block\|net\|char\|fs\|personality\) ')
[ "$pages" = "$classes" ] || say "$classes classes, $pages manual pages in the lists"
for page in stage/usr/share/man/man[17]/*; do
    if command -v man >/dev/null; then
        text=$(MANROFFSEQ='' MANWIDTH=80 man --warnings -l "$page" 2>&1 >/dev/null)
        [ -z "$text" ] || say "$page: $text"
    fi
done

# Take one package's files away: exactly its lines go, and asking names it.
cp catalog stage/usr/share/plugboard/plugins.catalog
unset PLUGBOARD_PLUGIN_PATH
XDG_DATA_HOME=$T/none
export XDG_DATA_HOME
system=stage/usr/bin/plugboard-system-riscv64
"$system" -device help | grep '^name' | sort >before
sed -n 's/^name "\([^"]*\)".*/\1/p' before >names
for f in $(grep 'virtio-[b9n].*\.plugin$\|sifive.*\.plugin$' split/*); do
    sed -n 's/^\[device \(.*\)\]$/\1/p' "stage/${f#*:}"
done | sort >gone
while read -r file; do rm "stage/${file#*:}"; done <<END
$(grep -h 'virtio-[b9n][^/]*\.\(so\|plugin\)$\|sifive[^/]*\.\(so\|plugin\)$' split/*)
END
"$system" -device help | grep '^name' | sort >after
comm -23 before after | sed -n 's/^name "\([^"]*\)".*/\1/p' | sort >lost
comm -12 names gone >wanted 2>/dev/null
sort -o wanted wanted
diff wanted lost >/dev/null || { diff wanted lost; say "other lines went than those"; }
[ -z "$(comm -13 before after)" ] || say "lines came"

# The core's scripts make an index of just what is there, and take it away; no list opens a plugin.
script() { # NAME WORDS: debian/plugboard.NAME, for the stage
    name=$1
    shift
    sed "s|/usr/lib/#DEB_HOST_MULTIARCH#/plugboard/1|$T/$plugins|" \
        "$packaging/debian/plugboard.$name" | (PATH=$T/stage/usr/bin:$PATH sh -s "$@")
}
script postinst triggered "/usr/lib/x/plugboard/1" || say "postinst fails"
(cd "$plugins" && LC_ALL=C ls -- *.plugin) >there
cut -d' ' -f1 "$plugins/plugins.index" | diff there - || say "the index is not of what is there"
LD_DEBUG=files "$system" -device help >opened 2>&1
grep -q 'libc\.so' opened || say "LD_DEBUG does not tell"
grep 'plugboard/1/.*\.so' opened && say "-device help opens plugins"
script prerm upgrade 2 && [ -f "$plugins/plugins.index" ] || say "an upgrade loses the index"
script prerm remove && [ ! -e "$plugins/plugins.index" ] || say "the index stays behind"
out=$("$system" -device virtio-net-device,help 2>&1)
case $out in
*"package plugboard-device-virtio provides it, not installed"*) ;;
*) say "-device virtio-net-device,help: the package is not named: $out" ;;
esac
out=$("$system" -M virt 2>&1 </dev/null)
case $out in
*"plugboard-device-riscv provides it, not installed"*) ;;
*) say "-M virt: the package is not named: $out" ;;
esac
stage/usr/bin/plugboard list devices | grep -q '^sifive-plic *package plugboard-device-riscv' ||
    say "list does not name the package"
echo "$n plugins, $classes classes, $(wc -l <lost) lines went and their packages were named"
exit $fail
