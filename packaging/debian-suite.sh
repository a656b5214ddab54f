#!/bin/sh
# SPDX-License-Identifier: MIT
# debian-suite.sh - packages of any Debian suite and architecture, without touching the host's apt.
# sources.list(5), apt.conf(5), apt-secure(8).
#
# A private apt tree under the cache has its own sources, lists and archives. It takes the mirror
# and the download settings (proxies and the like) from the host's apt, and the host's Debian
# keyring. Signatures are always checked: when the keyring is too old for a suite, a newer one
# comes out of the debian-archive-keyring package of a suite that it does verify.
set -eu

usage() {
    cat >&2 <<'END'
usage: debian-suite.sh SUITE ARCH fetch PACKAGE...       print the paths of their .debs
       debian-suite.sh SUITE ARCH closure PACKAGE...     the same, with all that they depend on
       debian-suite.sh SUITE ARCH unpack DIR PACKAGE...  unpack them into DIR
       debian-suite.sh SUITE ARCH version PACKAGE        print its version
       debian-suite.sh SUITE ARCH sources                print one sources.list line
       debian-suite.sh SUITE ARCH config                 print the apt configuration file
The cache is $PLUGBOARD_GUEST_CACHE, else $XDG_CACHE_HOME/plugboard/guests. $PLUGBOARD_KEYRING
is a keyring to trust instead of the host's.
END
    exit 2
}

die() {
    echo "debian-suite.sh: $*" >&2
    exit 1
}

[ $# -ge 3 ] || usage
suite=$1 arch=$2 verb=$3
shift 3
case $suite$arch in *[!a-z0-9.-]*) usage ;; esac

cache=${PLUGBOARD_GUEST_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/plugboard/guests}
tree=$cache/apt/$suite-$arch
conf=$tree/apt.conf

# host_uris: "URI SUITE COMPONENT..." for each archive in the host's sources, one-line and deb822 forms.
host_uris() {
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ ! -r "$file" ] || sed -n 's/\[[^]]*\]//; s/#.*//;
            s/[[:space:]]\{1,\}/ /g; s/^ //; s/^deb //p' "$file"
    done
    for file in /etc/apt/sources.list.d/*.sources; do
        [ ! -r "$file" ] || awk '
            function flush(   i, j) {
                if (on && types ~ /(^| )deb( |$)/)
                    for (i = 1; i <= nu; i++)
                        for (j = 1; j <= ns; j++)
                            print u[i], s[j], components
                nu = ns = 0; types = components = ""; on = 1
            }
            BEGIN { on = 1 }
            /^#/ { next }
            /^[ \t]*$/ { flush(); next }
            /^[^ \t]/ { key = tolower($1); sub(/:.*/, "", key); sub(/^[^:]*:[ \t]*/, "") }
            key == "types" { types = types " " $0 }
            key == "enabled" && tolower($1) == "no" { on = 0 }
            key == "components" { components = components " " $0 }
            key == "uris" { for (i = 1; i <= NF; i++) u[++nu] = $i }
            key == "suites" { for (i = 1; i <= NF; i++) s[++ns] = $i }
            END { flush() }' "$file"
    done
}

# mirror: the URI from which the host takes main of its own suite, else Debian's redirector. Other
# archives use Debian's suite names too; a wrong guess could only fail, never be trusted.
mirror() {
    code=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release 2>/dev/null | tr -d '"')
    uri=$(host_uris | awk -v code="${code:-none}" '
        !/ main( |$)/ { next }
        $2 == code { print $1; exit }
        $2 ~ /^(oldstable|stable|testing|unstable|sid)$/ && $1 ~ /\/debian\/?$/ { print $1; exit }')
    case $uri in
    http://* | https://* | file:/*) echo "${uri%/}" ;;
    *) echo http://deb.debian.org/debian ;;
    esac
}

host_keyring() {
    if [ -n "${PLUGBOARD_KEYRING:-}" ]; then
        echo "$PLUGBOARD_KEYRING"
        return
    fi
    for ring in /usr/share/keyrings/debian-archive-keyring.pgp \
        /usr/share/keyrings/debian-archive-keyring.gpg; do
        if [ -r "$ring" ]; then
            echo "$ring"
            return
        fi
    done
    die "no Debian keyring in /usr/share/keyrings: install debian-archive-keyring"
}

write_config() {
    keyring=$1
    mkdir -p "$tree/parts" "$tree/trusted" "$tree/lists/partial" "$tree/archives/partial"
    : >"$tree/status"
    # The host's way to the network, and none of its leave to skip verification.
    apt-config dump | grep '^Acquire::' |
        grep -v -i -e insecure -e weak -e unauth -e '^Acquire::IndexTargets' >"$conf.new" || :
    cat >>"$conf.new" <<END
APT::Architecture "$arch";
#clear APT::Architectures;
APT::Architectures { "$arch"; };
APT::Install-Recommends "false";
APT::Sandbox::User "root";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::Languages "none";
Acquire::Retries "3";
Dir::Etc::Main "/dev/null";
Dir::Etc::Parts "$tree/parts";
Dir::Etc::SourceList "$tree/sources.list";
Dir::Etc::SourceParts "$tree/parts";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "$tree/parts";
Dir::Etc::Trusted "/dev/null";
Dir::Etc::TrustedParts "$tree/trusted";
Dir::State "$tree";
Dir::State::Lists "$tree/lists";
Dir::State::Status "$tree/status";
Dir::State::Extended_states "$tree/extended_states";
Dir::Cache "$tree";
Dir::Cache::Archives "$tree/archives";
Dir::Cache::PkgCache "";
Dir::Cache::SrcPkgCache "";
Dir::Log "$tree";
DPkg::Use-Pty "false";
END
    mv "$conf.new" "$conf"
    echo "deb [signed-by=$keyring] $(mirror) $suite main" >"$tree/sources.list"
}

apt() {
    APT_CONFIG=$conf LC_ALL=C DEBIAN_FRONTEND=noninteractive apt-get -qq "$@"
}

# refresh: brings the lists up to date; a signature that does not verify is an error.
refresh() {
    [ -e "$conf" ] || write_config "$(host_keyring)"
    if apt update >"$tree/log" 2>&1 && ! grep -q '^[WE]:' "$tree/log"; then
        touch "$tree/fresh"
        return 0
    fi
    if grep -q -e NO_PUBKEY -e 'not signed' -e 'Missing key' "$tree/log"; then
        newer_keyring
        if apt update >"$tree/log" 2>&1 && ! grep -q '^[WE]:' "$tree/log"; then
            touch "$tree/fresh"
            return 0
        fi
    fi
    cat "$tree/log" >&2
    return 1
}

# newer_keyring: the keyring of trixie, or of sid as trixie's chain reaches it, verified by the
# host's keyring through the ordinary check.
newer_keyring() {
    case $suite in trixie | bookworm) die "the host's keyring does not verify $suite" ;; esac
    rm -rf "$tree/keyring"
    "$0" trixie "$arch" unpack "$tree/keyring" debian-archive-keyring
    ring=$(find "$tree/keyring/usr/share/keyrings" -name 'debian-archive-keyring.[gp]*' |
        sort | head -n 1)
    [ -n "$ring" ] || die "trixie's debian-archive-keyring holds no keyring"
    echo "deb [signed-by=$ring] $(mirror) $suite main" >"$tree/sources.list"
}

# ready: lists exist and are of today; yesterday's serve when the mirror cannot be reached.
ready() {
    if [ -e "$tree/fresh" ] && [ -n "$(find "$tree/fresh" -mmin -1440)" ]; then
        return
    fi
    refresh || [ -e "$tree/fresh" ] || die "cannot read the package lists of $suite ($arch)"
}

again() {
    "$@" && return
    refresh && "$@"
}

# fetch PACKAGE[=VERSION]...: into the archives, and their paths to stdout. Called where set -e
# does not reach, so each step says that it failed.
fetch() {
    (cd "$tree/archives" && apt download "$@" >&2) || return 1
    apt --print-uris download "$@" >"$tree/uris" || return 1
    awk -v dir="$tree/archives/" '/^\047/ { print dir $2 }' "$tree/uris"
}

# closure: with an empty status file everything that the packages need is still to be installed.
closure() {
    APT_CONFIG=$conf LC_ALL=C apt-get -qq -s -y install "$@" >"$tree/plan" || return 1
    # shellcheck disable=SC2046 # package names and versions have no blanks
    fetch $(awk '$1 == "Inst" { sub(/^\(/, "", $3); print $2 "=" $3 }' "$tree/plan")
}

mkdir -p "$tree"
exec 9>"$tree/lock.debian-suite"
flock 9
case $verb in
fetch)
    [ $# -ge 1 ] || usage
    ready
    again fetch "$@" || die "cannot fetch $* of $suite ($arch)"
    ;;
closure)
    [ $# -ge 1 ] || usage
    ready
    again closure "$@" || die "cannot fetch $* of $suite ($arch) and their dependencies"
    ;;
unpack)
    [ $# -ge 2 ] || usage
    dir=$1
    shift
    ready
    files=$(again fetch "$@") || die "cannot fetch $* of $suite ($arch)"
    mkdir -p "$dir"
    for file in $files; do
        dpkg-deb -x "$file" "$dir"
    done
    ;;
version)
    [ $# -eq 1 ] || usage
    ready
    APT_CONFIG=$conf LC_ALL=C apt-cache policy "$1" | sed -n 's/^ *Candidate: //p'
    ;;
sources)
    ready
    cat "$tree/sources.list"
    ;;
config)
    ready
    echo "$conf"
    ;;
*) usage ;;
esac
