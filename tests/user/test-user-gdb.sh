#!/bin/sh
# SPDX-License-Identifier: MIT
# test-user-gdb.sh EMULATOR DIR - gdb stops a program at its breakpoints, steps, reads and changes
# registers and memory, sees its fault and its exit status.
set -u
emulator=$1 victim=$2/victim
command -v gdb-multiarch >/dev/null || exit 77
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# debug LOG ARGS...: gdb's commands come from stdin
debug() {
    log=$1
    shift
    cat >"$scratch/commands"
    "$emulator" -g "$scratch/socket" "$victim" "$@" >"$scratch/out" 2>&1 &
    i=0
    while [ ! -S "$scratch/socket" ] && [ $i -lt 100 ]; do
        sleep 0.1
        i=$((i + 1))
    done
    timeout 60 gdb-multiarch -nx -batch -ex "set confirm off" -ex "set pagination off" \
        -ex "file $victim" -ex "target remote $scratch/socket" -x "$scratch/commands" >"$scratch/$log" 2>&1
    wait $!
    status=$?
}

fail=0
# has LOG PATTERN
has() {
    grep -q -- "$2" "$scratch/$1" && return
    echo "no '$2' in:"
    cat "$scratch/$1"
    fail=1
}

case $emulator in
*aarch64) argc=x0 argv=x1 ;;
*) argc=a0 argv=a1 ;;
esac

debug first x exit=5 <<END
break *main
continue
print \$$argc
x/s *(char **)(\$$argv + 8)
set var \$$argc = 2
stepi
info registers pc
delete
continue
END
has first "Breakpoint 1, "
has first '[$]1 = 3'
has first '"x"'
has first 'exited normally\|exited with code 00'
[ "$status" -eq 0 ] || { echo "argc was not changed: status $status"; fail=1; }

debug second segv <<'END'
continue
backtrace 1
kill
END
has second "SIGSEGV, Segmentation fault"
exit $fail
