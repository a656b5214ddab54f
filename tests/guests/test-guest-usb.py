#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""USB devices under Linux's drivers: keys and moves arrive, a serial port speaks, a disk is read;
all through unplugging, unbinding and a hub, and the idle guest sleeps."""
import hashlib
import os
import re
import socket
import time
import busybox
import console

MACHINE = os.path.join(console.HERE, "machines", "virt-usb.machine")


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


def inputs(guest, monitor):
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


def serial(guest, line):
    wait_for(guest, "test -c /dev/ttyUSB0")
    guest.run("busybox stty -F /dev/ttyUSB0 raw -echo 115200")
    guest.send("head -n 1 </dev/ttyUSB0 | sed s/^/PB-LINE-/ & echo PB-''WAITS\n")
    guest.expect(r"^PB-WAITS$")
    guest.run("usleep 300000")
    line.sendall(b"from the host\n")
    guest.expect(r"PB-LINE-from the host$", timeout=30)
    guest.run("pb-stream put 1 | head -c 65536 >/dev/ttyUSB0", timeout=60)
    said = guest.run("pb-stream put 1 | head -c 65536 | md5sum")
    want = re.search(r"[0-9a-f]{32}", said).group()
    got = b""
    while len(got) < 65536:
        got += line.recv(65536)
    if hashlib.md5(got).hexdigest() != want:
        raise console.Failed("the bytes of the serial port are not those that were sent")


def plugging(guest, monitor):
    for i in range(3):
        monitor.do(f"device_add usb-storage,drive=d0,id=stick{i},serial=S{i}")
        wait_for(guest, "test -b /dev/sda")
        guest.run("dd if=/dev/sda of=/dev/null bs=64k count=16 2>/dev/null")
        guest.send("dd if=/dev/sda of=/dev/null bs=64k 2>/dev/null & echo PB-''BUSY\n")
        guest.expect(r"^PB-BUSY$")
        monitor.do(f"device_del stick{i}") # at work
        wait_for(guest, "! test -e /sys/block/sda")
    if "stick" in monitor.do("info usb"):
        raise console.Failed("a removed device is still shown")


def unbinding(guest, monitor):
    """The serial port's device leaves its driver and comes back, and then the whole bus."""
    guest.run("device=$(grep -l 6001 /sys/bus/usb/devices/*/idProduct); name=${device%/*}; "
              "name=${name##*/}; echo $name >/sys/bus/usb/drivers/usb/unbind; "
              "echo $name >/sys/bus/usb/drivers/usb/bind")
    wait_for(guest, "test -c /dev/ttyUSB0")
    guest.run("cd /sys/bus/platform/drivers/dwc2; name=$(echo *.usb); echo $name >unbind; "
              "! test -c /dev/ttyUSB0 && echo $name >bind; cd /", timeout=60)
    wait_for(guest, "test -c /dev/ttyUSB0")
    keys = heard(guest, monitor, "USB Keyboard", ["sendkey ret 50"], 4)
    must(keys, [(1, 28, 1), (1, 28, 0)])


def idles(guest):
    guest.run("usleep 3000000") # what was plugged in has settled
    used = guest.cpu()
    time.sleep(10)
    used = (guest.cpu() - used) / 10
    print(f"idle: {100 * used:.2f} % of a CPU")
    if used > 0.03:
        raise console.Failed(f"the idle guest uses {100 * used:.1f} % of a CPU")


def test():
    with console.scratch() as folder:
        path, disk = os.path.join(folder, "monitor"), os.path.join(folder, "disk.raw")
        with open(disk, "wb") as file:
            file.truncate(256 << 20)
        listener = socket.create_server(("127.0.0.1", 0))
        options = ["-monitor", f"unix:{path},server=on,wait=off",
                   "-drive", f"file={disk},format=raw,if=none,id=d0",
                   "-chardev", f"socket,id=c0,host=127.0.0.1,port={listener.getsockname()[1]}",
                   "-device", "usb-kbd", "-device", "usb-mouse,usb_version=1",
                   "-device", "usb-tablet", "-device", "usb-serial,chardev=c0"]
        command = busybox.line("usb,shell", *options, arch="arm64", machine=MACHINE,
                               words="loglevel=1")
        with console.Guest(command) as guest:
            guest.wait_for_file(path, 30)
            monitor = console.Monitor(path)
            line, _ = listener.accept()
            line.settimeout(60)
            guest.expect(r"^PB-JOB usb ok$", timeout=120)
            inputs(guest, monitor)
            serial(guest, line)
            plugging(guest, monitor)
            unbinding(guest, monitor)
            monitor.do("system_reset") # in mid-flight, and all begins again
            guest.expect(r"^PB-JOB usb ok$", timeout=120)
            wait_for(guest, "test -c /dev/ttyUSB0")
            idles(guest)
            guest.send("poweroff -f\n")
            guest.ends(0)


console.main(test)
