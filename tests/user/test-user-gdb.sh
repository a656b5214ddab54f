#!/bin/sh
# SPDX-License-Identifier: MIT
# test-user-gdb.sh EMULATOR DIR - gdb stops a program at its breakpoints and watchpoints, in any
# thread, interrupts it, steps, reads and changes registers, vectors too, and memory, sees its
# signals, its fault and its exit status, and leaves it.
set -u
emulator=$1 dir=$2 program=$2/victim
command -v gdb-multiarch >/dev/null || exit 77
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# debug LOG ARGS...: gdb's commands come from stdin
debug() {
    log=$1
    shift
    cat >"$scratch/commands"
    "$emulator" -g "$scratch/socket" "$program" "$@" >"$scratch/out" 2>&1 &
    i=0
    while [ ! -S "$scratch/socket" ] && [ $i -lt 100 ]; do
        sleep 0.1
        i=$((i + 1))
    done
    timeout 60 gdb-multiarch -nx -batch -ex "set confirm off" -ex "set pagination off" \
        -ex "file $program" -ex "target remote $scratch/socket" -x "$scratch/commands" \
        >"$scratch/$log" 2>&1
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
maint packet vCont;c:7ffffff0
maint packet vCont;
maint packet vCont;c:8000000000000000
maint packet H
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
[ "$(grep -c 'received: "E01"' "$scratch/first")" = 3 ] ||
    { echo "a vCont that names nobody was not refused"; cat "$scratch/first"; fail=1; }
has first 'exited normally\|exited with code 00'
[ "$status" -eq 0 ] || { echo "argc was not changed: status $status"; fail=1; }

debug second segv <<'END'
continue
backtrace 1
kill
END
has second "SIGSEGV, Segmentation fault"

program=$dir/debuggee
case $emulator in
*aarch64) float=d0 part=f ;;
*) float=fa0 part=double ;;
esac

# What a watchpoint sees, and a float argument that is changed.
debug third <<END
break write_it
continue
watch watched
rwatch other
continue
print watched
delete
break floats
continue
print \$$float.$part
set var \$$float.$part = 99
set var other = 99
delete
break in_thread
continue
kill
END
has third 'Hardware watchpoint 2: watched'
has third 'New value = 42'
has third '[$]1 = 42'
has third '[$]2 = 1[.]5'
has third 'hit Breakpoint 5, in_thread' # the changed product was believed

if [ $float = d0 ]; then
    debug vectors <<'END'
break floats
continue
set var $v7.d.u[0] = 0x1122334455667788
set var $v7.d.u[1] = 0x99aabbccddeeff00
stepi
print/x $v7.s.u
print $v1.d.f[0]
kill
END
    has vectors '[$]1 = {0x55667788, 0x11223344, 0xddeeff00, 0x99aabbcc}'
    has vectors '[$]2 = 2[.]25'
fi

# Threads: those that wait in the system, those that run; a step of one; an interrupt of a loop,
# with a signal to go on with.
debug fourth <<'END'
break in_thread
continue
info threads
set scheduler-locking step
stepi
stepi
set scheduler-locking off
delete
break spin
continue
delete
python
import os, signal, threading
threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
end
continue
info threads
print counts[0] > 1000
handle SIGUSR1 nostop noprint pass
set var spinning = 0
signal SIGUSR1
END
has fourth 'hit Breakpoint 1, in_thread'
has fourth 'in a system call'
has fourth 'hit Breakpoint 2, spin'
has fourth 'received signal SIGINT'
has fourth '[$]1 = 1'
has fourth 'exited with code 07'
[ "$status" -eq 7 ] || { echo "with a signal from gdb: status $status"; fail=1; }

# Left alone it runs to its end.
debug fifth <<'END'
break in_thread
watch watched
continue
continue
set var spinning = 0
detach
END
has fifth 'detached'
[ "$status" -eq 3 ] || { echo "after detach: status $status"; fail=1; }
grep -q '^watched 42 counts 2 2 usr1 0$' "$scratch/out" || { cat "$scratch/out"; fail=1; }
exit $fail
