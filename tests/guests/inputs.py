# SPDX-License-Identifier: MIT
"""inputs.py - do the keys and moves of the monitor arrive in the guest?"""
import re
import console


def wait_for(guest, what):
    guest.run(f"n=0; until {what}; do n=$((n+1)); [ $n -lt 300 ] || break; usleep 100000; done; "
              f"{what}", timeout=60)


def heard(guest, monitor, name, commands, count):
    """The events (type, code, value) that the input device `name` gives for the commands."""
    find = f"grep -l '{name}' /sys/class/input/event*/device/name"
    wait_for(guest, f"{find} >/dev/null")
    path = guest.run(find).strip().splitlines()[-1].split("/")[4]
    guest.send(f"cat /dev/input/{path} >/tmp/{path} & echo PB-''READS\n")
    guest.expect(r"^PB-READS$")
    guest.run("usleep 500000")
    for command in commands:
        monitor.do(command)
    guest.run(f"n=0; until [ $(wc -c </tmp/{path}) -ge {24 * count} ]; do n=$((n+1)); "
              "[ $n -lt 100 ] || break; usleep 100000; done; busybox killall cat", timeout=60)
    dump = guest.run(f"busybox od -An -v -tx1 /tmp/{path}")
    data = bytes.fromhex("".join(re.findall(r"^(?: [0-9a-f]{2})+ *$", dump, re.M)))
    return [(int.from_bytes(data[i + 16:i + 18], "little"),
             int.from_bytes(data[i + 18:i + 20], "little"),
             int.from_bytes(data[i + 20:i + 24], "little", signed=True))
            for i in range(0, len(data) - 23, 24)]


def must(events, wanted):
    """`wanted` is in `events`, in order."""
    left = iter(events)
    if not all(w in left for w in wanted):
        raise console.Failed(f"wanted {wanted}, the guest had {events}")


def arrive(guest, monitor):
    """usb-kbd, usb-mouse and usb-tablet, plugged in in that order."""
    keys = heard(guest, monitor, "USB Keyboard", ["sendkey shift-a 50", "sendkey f1 50"], 12)
    must(keys, [(1, 42, 1), (1, 30, 1), (1, 30, 0), (1, 42, 0)])
    must(keys, [(1, 59, 1), (1, 59, 0)])
    monitor.do("mouse_set 0")
    moves = heard(guest, monitor, "USB Mouse", ["mouse_move 300 -7", "mouse_button 1",
                                                "mouse_button 0"], 8)
    must(moves, [(2, 0, 127), (2, 0, 127), (2, 0, 46), (1, 0x110, 1), (1, 0x110, 0)])
    monitor.do("mouse_set 1")
    places = heard(guest, monitor, "USB Tablet", ["mouse_move 1000 32767"], 3)
    must(places, [(3, 0, 1000), (3, 1, 32767)])
