#!/bin/sh
# SPDX-License-Identifier: MIT
# The monitor on stdio and behind the mux: commands, errors, quitting.
. "$(dirname "$0")/lib.sh"
truncate -s 1M disk.raw disc.iso
fail=0
mon() { # COMMANDS… one a line, on a paused board
    { printf '%s\n' "$@"; echo quit; } |
        timeout 10 "$TOY" -M board -S -serial null -monitor stdio \
            -drive file=disk.raw,format=raw,id=d0 -drive if=none,id=cd,media=cdrom 2>&1 | tr -d '\r' | sed 's/.*\x1b\[K//'
}
check() { # PATTERN COMMANDS…
    pattern=$1; shift
    out=$(mon "$@")
    printf '%s' "$out" | grep -q -e "$pattern" ||
        { echo "'$*': expected '$pattern', got:"; echo "$out"; fail=1; }
}
check "VM status: paused (prelaunch)" "info status"
check "VM status: running" c "info status"
check "VM status: paused$" c stop "info status"
check "unknown command: 'info blk'; did you mean 'info block'" "info blk"
check "unknown command: 'foo'" foo
check "d0: .*disk.raw" "info block"
check "Attached to: .*toy-disk" "info block"
check "Size:  *1048576 bytes" "info block"
check "Device 'zz' not found" "info block zz"
check "serial0: filename=null" "info chardev"
check "t1000" "info cpus"
check "id \"uart1\"" "info qtree"
check "depth = 16" "info qtree"
check "0000000080000000-0000000080ffffff (prio 0, ram): ram" "info mtree"
check "r0  *0000000000000000" "info registers"
check "80000000: 0x00000000 0x00000000$" "xp /2xw 0x80000000"
check "80000000: 0 0 0$" "xp /3db 0x80000000"
check "Cannot access memory at 0x7fffffff00000000" "xp 0x7fffffff00000000"
check "a parameter is missing" x
check "'nosuch' is not a valid device model name" "device_add nosuch"
check "Device 'nope' not found" "device_del nope"
check "does not support hotplugging" "device_add toy-nic"
check "dev: Toy-hot, id \"h\"" "device_add Toy-hot,id=h" "info qtree"
check "Device 'h' not found" "device_add Toy-hot,id=h" "device_del h" "device_del h"
check "is part of the board" "device_del uart0"
check "Invalid host forwarding rule .foo" "hostfwd_add foo"
check "unrecognized netdev id .zz" "hostfwd_add zz tcp::1-:1"
check "machine 'board' has no keyboard" "sendkey a"
check "'foo' is no name of a key" "sendkey ctrl-foo"
check "invalid hold time '0'" "sendkey a 0"
check "has no mouse or tablet" "mouse_move 1 1"
check "'8' is no state of buttons" "mouse_button 8"
check "Mouse at index '0' not found" "mouse_set 0"
check "No mouse devices connected" "info mice"
check "no power button" system_powerdown
check "'zz' is no size" "memsave 0x80000000 zz m"
check "could not write 'no/m'" "pmemsave 0x80000000 4 no/m"
check "Cannot access memory" "pmemsave 0x7fffffff00000000 4 m"
check "VM status: paused (prelaunch)" "pmemsave 0x80000000 100000 m" "info status"
[ "$(stat -c %s m)" = 100000 ] || { echo "pmemsave wrote $(stat -c %s m) bytes"; fail=1; }
check "VM status: paused (prelaunch)" c stop system_reset "info status"
check "Device 'd0' is not removable" "eject d0"
check "cd: .not inserted" "info block cd"
check "cd: .*disc.iso (raw, read-only)" "change cd disc.iso raw" "info block cd"
check "cd: .not inserted" "change cd disc.iso raw" "eject cd" "info block cd"
check "cd: .*disc.iso" "change cd disc.iso raw" "change cd nosuch.iso" "info block cd"
check "Could not open 'nosuch.iso'" "change cd nosuch.iso"
check "a file name is missing" "change -f cd"
check "Invalid parameter 'rw'" "change cd disc.iso raw rw"
check "system_reset -- reset the system" help
check "invalid CPU index: there are 1" "cpu 7"
check "log takes" "log foo"

# quit ends the process with status 0, and so does end of file on the mux with C-a x
echo quit | timeout 10 "$TOY" -M board -S -serial null -monitor stdio >/dev/null || fail=1
printf '\001cinfo status\n\001x' | timeout 10 "$TOY" -M board -S -nographic >out 2>&1 || fail=1
grep -q "VM status: paused (prelaunch)" out || { echo "mux: no monitor:"; cat out; fail=1; }
exit $fail
