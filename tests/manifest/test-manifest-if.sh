#!/bin/sh
# SPDX-License-Identifier: MIT
# "[GROUP if CONDITION]" and `when = OPTION=VALUE`: groups count exactly when their condition
# holds, are merged onto the group of their name, and survive a dump.
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/../cli/lib.sh"
cat >if.machine <<'END'
[machine]
format = 1
title = T
arch = toy
ram.base = 0x80000000
[option colour]
choices = red green blue
default = red
[option shiny]
default = off
[cpu]
default = t1000
max = 4
line.tick = intc:in.2+n
[cpu if colour=blue shiny]
line.tick = intc:in.7+n
[device intc]
type = toy-intc
reg = 0x100000 0x1000 0x110000 0x1000
line.out = cpu:irq.1
[device uart if colour=green|blue !shiny]
type = toy-uart
reg = 0x130000 0x1000
irq = intc:1
[device uart if colour=blue !shiny]
prop.depth = 1000
[device timer]
type = toy-timer
when = colour=green
reg = 0x130000 0x1000
END
fail=0
good() { "$TOY" -M "./if.machine,$1,check" -smp 2 || { echo "$1 is good"; fail=1; }; }
bad() {
    out=$("$TOY" -M "./if.machine,$1,check" -smp 2 2>&1) && { echo "$1 is bad"; fail=1; }
    printf '%s\n' "$out" | grep -q "$2" || { echo "$1: $out"; fail=1; }
}
good colour=red                                  # no uart, no timer
good colour=red,shiny=on
bad colour=green overlaps                        # both lie at one address
good colour=green,shiny=on                       # the timer alone
bad colour=blue "uart.*depth"                    # the second group was merged onto the first
bad colour=blue,shiny=on "cpu: intc:in.7+n"      # for CPU 1 there is no input 8
"$TOY" -M ./if.machine,dump >again.machine || exit 1
grep -qx '\[device uart if colour=green|blue !shiny\]' again.machine || { cat again.machine; fail=1; }
"$TOY" -M ./again.machine,dump | grep -v '^#' >b
grep -v '^#' again.machine | diff - b || fail=1
exit $fail
