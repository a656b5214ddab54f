#!/bin/sh
# SPDX-License-Identifier: MIT
# plugboard's verbs on the real machines: JSON is JSON, the picture is well-formed and shows every
# device, bus, address range and interrupt once, wrong words are answered exactly, and with
# --errors=json each error is one object that says the same.
. "$(dirname "$0")/lib.sh"
PB=$BUILD/bin/plugboard
unset PLUGBOARD_PLUGIN_PATH PLUGBOARD_MACHINE_PATH
fail=0 n=0
json() { # WORDS: is JSON
    n=$((n + 1))
    "$PB" "$@" >json 2>err || { echo "$*: status $?"; cat err; fail=1; }
    python3 -c 'import json, sys; assert json.load(open("json"))' || { echo "$*: no JSON"; fail=1; }
}
for what in plugins machines cpus devices buses backends block net char fs; do
    json list $what --json
done
json inspect ns16550a --json
json inspect plugin org.plugboard.char-basic --json
"$PB" inspect riscv64/virt --dot | grep -q '^digraph "virt" {' || { echo "no dot"; fail=1; }
"$PB" inspect ns16550a --markdown | grep -q '^| 0x3 | LCR | 1 | RW |' || { echo "no page"; fail=1; }
for machine in riscv64/virt aarch64/virt aarch64/raspi3b; do
    json inspect $machine --json
    "$PB" inspect $machine --svg >svg || fail=1
    python3 "$HERE/picture.py" svg json || { echo "in the picture of $machine"; fail=1; }
    ! command -v rsvg-convert >/dev/null || rsvg-convert svg -o png || fail=1
done
expect() { # WORDS EXPECTED: both the text and the object
    n=$((n + 1))
    # shellcheck disable=SC2086 # words
    out=$("$PB" $1 2>&1 >/dev/null) && { echo "$1: was not refused"; fail=1; }
    [ "$out" = "$2" ] || { echo "$1: wanted: $2"; echo "$1: said: $out"; fail=1; }
}
expect "lsit" "plugboard: 'lsit' is no verb
did you mean 'list'? 'plugboard help' lists them"
expect "list devcies" "plugboard: list: 'devcies' is none of plugins, machines, buses, backends, devices, cpus, block, net, char, fs, personalities
did you mean 'devices'?"
expect "list --xml" "plugboard: list: unknown option '--xml'
'plugboard help list' lists them"
expect "inspect" "plugboard: inspect: takes one plugin, class or machine, and one form
'plugboard help inspect' lists them"
expect "inspect ns16550a --svg" "plugboard: a plugin has no picture: --json, --markdown or none"
expect "inspect ns16550" "plugboard: there is no plugin, class or machine 'ns16550'
did you mean 'ns16550a'?"
expect "inspect machine virtt" "plugboard: there is no machine 'virtt'
did you mean 'virt'?"
expect "man nobody" "plugboard: man: there is no class 'nobody'
'plugboard list devices' shows them; 'man' alone is the page of plugboard-system, 'man plugboard' that of this command"
expect "doctor now" "plugboard: doctor: takes no words, not 'now'
give it none"
expect "--errors=xml list" "plugboard: -errors xml: errors are told as 'text' or 'json'"
expect "--errors=json inspect machine virtt" '{"severity": "error", "program": "plugboard", "cause": "there is no machine '"'virtt'"'", "cure": "did you mean '"'virt'"'?"}'
# of a manifest, all of its faults
many=$ROOT/tests/manifest/bad/many-at-once.machine
"$BUILD/bin/plugboard-system-riscv64" --errors=json -M "$many" 2>objects
python3 -c 'import json
v = [json.loads(line) for line in open("objects")]
assert len(v) >= 4 and all(x["line"] and x["column"] and x["cause"] for x in v), v' || fail=1
echo "$n commands"
exit $fail
