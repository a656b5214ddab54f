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
import inputs
from inputs import wait_for

MACHINE = os.path.join(console.HERE, "machines", "virt-usb.machine")


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
    keys = inputs.heard(guest, monitor, "USB Keyboard", ["sendkey ret 50"], 4)
    inputs.must(keys, [(1, 28, 1), (1, 28, 0)])


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
            inputs.arrive(guest, monitor)
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
