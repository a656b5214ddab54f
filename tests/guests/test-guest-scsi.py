#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A disk and a CD drive behind virtio-scsi under Linux's drivers: written and read, unmapped, looked
at, plugged and unplugged, media changed, the plugins exchanged while they work.

usage: test-guest-scsi.py [ARCH]"""
import hashlib
import os
import re
import sys
import busybox
import console
from inputs import wait_for

ARCH = sys.argv[1] if len(sys.argv) > 1 else "riscv64"
MIB = 64
TIMES = 20


def must(said, want):
    if want not in said:
        raise console.Failed(f"the guest says '{said.strip()}', not '{want}'")


def shows(guest):
    """What the kernel made of INQUIRY, vital product data and mode pages."""
    at = "/sys/block/sda/device"
    must(guest.run(f"cat {at}/vendor {at}/model {at}/rev"), "PLUGBRD")
    must(guest.run(f"tail -c +5 {at}/vpd_pg80; echo"), "PB-77")
    must(guest.run(f"cat {at}/wwid"), "naa.5000c50015ea71ac")
    must(guest.run("cat /sys/class/scsi_disk/*/cache_type"), "write back")
    must(guest.run("echo FUA=$(cat /sys/class/scsi_disk/*/FUA)"), "FUA=1")
    must(guest.run("echo MAX=$(cat /sys/block/sda/queue/discard_max_bytes)"), "MAX=4294966784")
    guest.run("echo write through >$(echo /sys/class/scsi_disk/*/cache_type)")
    must(guest.run("cat /sys/class/scsi_disk/*/cache_type"), "write through")


def unmaps(guest, disk):
    guest.run(f"pb-stream x {MIB} | dd of=/dev/sda bs=1M 2>/dev/null; sync", timeout=60)
    full = os.stat(disk).st_blocks
    guest.run("busybox blkdiscard -o 0 -l 33554432 /dev/sda")
    holes = os.stat(disk).st_blocks
    if full - holes < 32 << 11:
        raise console.Failed(f"{full} blocks before an unmap of 32 MiB, {holes} after it")


def plugging(guest, monitor):
    for i in range(TIMES):
        monitor.do(f"device_add scsi-hd,drive=hot,bus=scsi0.0,scsi-id=5,id=hot{i},serial=H{i}")
        wait_for(guest, "test -b /dev/sdb")
        must(guest.run("tail -c +5 /sys/block/sdb/device/vpd_pg80; echo"), f"H{i}")
        guest.send("dd if=/dev/sdb of=/dev/null bs=64k 2>/dev/null & echo PB-''BUSY\n")
        guest.expect(r"^PB-BUSY$")
        monitor.do(f"device_del hot{i}")
        wait_for(guest, "! test -e /sys/block/sdb")


def reloads(guest, monitor):
    """Plugins are exchanged while the disk is written."""
    guest.send(f"(pb-stream y {MIB} | dd of=/dev/sda bs=256k 2>/dev/null; sync; echo PB-''END) &\n")
    for _ in range(5):
        for name in ("virtio-scsi-device", "scsi-hd"):
            must(monitor.do(f"plugin_reload {name}"), "bytes of state")
    guest.expect(r"PB-END$", timeout=120)
    guest.run("echo 3 >/proc/sys/vm/drop_caches")
    want = re.search(r"[0-9a-f]{32}", guest.run(f"pb-stream y {MIB} | md5sum")).group()
    must(guest.run(f"dd if=/dev/sda bs=1M count={MIB} 2>/dev/null | md5sum", timeout=60), want)


def reads_as(guest, path):
    """The CD is what the host has there."""
    with open(path, "rb") as file:
        want = hashlib.md5(file.read()).hexdigest()
    wait_for(guest, f"dd if=/dev/sr0 bs=64k 2>/dev/null | md5sum | grep -q {want}")


def media(guest, monitor, discs):
    wait_for(guest, "test -b /dev/sr0")
    must(guest.run("echo CD=$(dd if=/dev/sr0 of=/tmp/x bs=2k count=1 2>&1 | grep -c medium)"), "CD=1")
    for disc in discs * 2:
        monitor.do(f"change cd {disc} raw")
        reads_as(guest, disc)
    guest.run("exec 5</dev/sr0") # an open one is locked
    must(monitor.say("eject cd"), "is locked")
    reads_as(guest, discs[-1])
    monitor.do("eject -f cd")
    guest.run("exec 5<&-")
    wait_for(guest, "! dd if=/dev/sr0 of=/tmp/x bs=2k count=1 2>/dev/null")
    must(monitor.do("info block"), "cd: [not inserted]")
    monitor.do(f"change unit1 {discs[0]}") # by the device's name
    reads_as(guest, discs[0])
    guest.run("pb-tray /dev/sr0 open && ! dd if=/dev/sr0 of=/tmp/x bs=2k count=1 2>/dev/null")
    guest.run("pb-tray /dev/sr0 close")
    reads_as(guest, discs[0])


def test():
    with console.scratch() as folder:
        path = os.path.join(folder, "monitor")
        disk, hot = os.path.join(folder, "disk.raw"), os.path.join(folder, "hot.raw")
        for name in (disk, hot):
            with open(name, "wb") as file:
                file.truncate(MIB << 20)
        discs = [os.path.join(folder, name) for name in ("one.iso", "two.iso")]
        for name in discs:
            with open(name, "wb") as file:
                file.write(os.urandom(1 << 20) * (1 + discs.index(name)))
        options = ["-monitor", f"unix:{path},server=on,wait=off",
                   "-device", "virtio-scsi-pci,id=scsi0",
                   "-drive", f"file={disk},format=raw,if=none,id=hd,discard=unmap",
                   "-device", "scsi-hd,drive=hd,bus=scsi0.0,serial=PB-77,wwn=0x5000c50015ea71ac",
                   "-drive", f"file={hot},format=raw,if=none,id=hot",
                   "-drive", "if=none,id=cd,media=cdrom", "-device", "scsi-cd,drive=cd,id=unit1"]
        command = busybox.line("scsi,disk,shell", *options, arch=ARCH, cpus=2,
                               words=f"loglevel=1 pbdisk=sda pbmib={MIB}")
        with console.Guest(command) as guest:
            guest.wait_for_file(path, 30)
            monitor = console.Monitor(path)
            guest.expect(r"^PB-JOB disk ok$", timeout=120, stop=r"FAILED|Kernel panic")
            shows(guest)
            unmaps(guest, disk)
            media(guest, monitor, discs)
            plugging(guest, monitor)
            reloads(guest, monitor)
            guest.send("poweroff -f\n")
            guest.ends(0)


console.main(test)
