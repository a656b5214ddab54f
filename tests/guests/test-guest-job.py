#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One device of the small guest at work: disk, net or 9p (see busybox/init); or reboot: the disk
DEVICE and a network card at work across three boots in one run.

usage: test-guest-job.py [--arch=ARCH] [--machine=M] [--cpu=C] [--words=W] JOB [DEVICE [MIB
[MODULE]]]: by that device, that much, and again after its driver was unloaded and loaded. USB
devices are on the board of machines/virt-usb.machine. W is more for the kernel's command line."""
import contextlib
import hashlib
import os
import re
import socket
import sys
import threading
import busybox
import console

ARCH = sys.argv.pop(1)[7:] if sys.argv[1].startswith("--arch=") else "riscv64"
MACHINE = sys.argv.pop(1)[10:] if sys.argv[1].startswith("--machine=") else "virt"
CPU = sys.argv.pop(1)[6:] if sys.argv[1].startswith("--cpu=") else None
WORDS = sys.argv.pop(1)[8:] if sys.argv[1].startswith("--words=") else ""
JOB = sys.argv[1]
DEVICE = sys.argv[2] if len(sys.argv) > 2 else {"disk": "virtio-blk-device",
                                                "net": "virtio-net-device",
                                                "9p": "virtio-9p-device",
                                                "reboot": "virtio-blk-device"}[JOB]
MIB = int(sys.argv[3]) if len(sys.argv) > 3 else 16
NET_MIB = MIB if len(sys.argv) > 3 else 6
MODULE = sys.argv[4] if len(sys.argv) > 4 else None
USB = DEVICE.startswith("usb-")
if USB:
    ARCH = "arm64"
    MACHINE = os.path.join(console.HERE, "machines", "virt-usb.machine")


def disk(folder):
    path = os.path.join(folder, "disk.raw")
    with open(path, "wb") as file:
        file.truncate(MIB << 20)
    options = ["-drive", f"file={path},format=raw,if=none,id=d0",
               "-device", f"{DEVICE},drive=d0"]

    def check(guest):
        # After a reload the guest writes again, and less: the image begins with the last.
        written, wrote = re.findall(r"PB-NOTE disk (\d+) MiB wrote (\w+) ", guest.text)[-1]
        with open(path, "rb") as file:
            digest = hashlib.md5(file.read(int(written) << 20)).hexdigest()
        if digest != wrote:
            raise console.Failed("the image does not hold what the guest wrote")
    name = "pbdisk=nvme0n1 " if DEVICE.startswith("nvme") else "pbdisk=sda " if USB else ""
    return options, f"{name}pbmib={MIB}", check


def net(_):
    """Sends as much to the guest as it takes from it."""
    payload = os.urandom((8 if MIB == 16 else MIB) << 20)
    got = hashlib.md5()
    done = threading.Event()
    give, take = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))

    def serve_give():
        while True: # again after a reload
            caller, _ = give.accept()
            with caller:
                caller.sendall(payload)

    def serve_take():
        caller, _ = take.accept()
        with caller:
            while block := caller.recv(1 << 18):
                got.update(block)
        done.set()
        while True:
            caller, _ = take.accept()
            with caller:
                while caller.recv(1 << 18):
                    pass
    for serve in (serve_give, serve_take):
        threading.Thread(target=serve, daemon=True).start()
    options = ["-netdev", "user,id=n0", "-device", f"{DEVICE},netdev=n0"]
    words = f"pbmib={NET_MIB} pbget={give.getsockname()[1]} pbput={take.getsockname()[1]}"

    def check(guest):
        if f"PB-NOTE get {hashlib.md5(payload).hexdigest()}" not in guest.text:
            raise console.Failed("what came to the guest is not what was sent")
        if not done.wait(10) or f"PB-NOTE put {got.hexdigest()}" not in guest.text:
            raise console.Failed("what came to the host is not what the guest sent")
    return options, words, check


def share(folder):
    options = ["-fsdev", f"local,id=f0,path={folder},security_model=none",
               "-device", f"{DEVICE},fsdev=f0,mount_tag=host"]

    def check(_):
        for i in range(500):
            with open(os.path.join(folder, f"tree/d{i // 100}/f{i}"), encoding="ascii") as file:
                if file.read() != f"file {i} of the shared tree\n":
                    raise console.Failed(f"file {i} on the host is not what the guest wrote")
    return options, "pbfiles=500", check


def reboot(folder):
    """NVMe comes with an e1000, what sits on virtio-mmio or PCI with its like."""
    card = "e1000" if DEVICE.startswith("nvme") else DEVICE.replace("blk", "net")
    payload = os.urandom(1 << 20)
    give = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            caller, _ = give.accept()
            with caller, contextlib.suppress(OSError): # which the reboot cuts off
                caller.sendall(payload)
    threading.Thread(target=serve, daemon=True).start()
    options, words, _ = disk(folder)
    options += ["-netdev", "user,id=n0", "-device", f"{card},netdev=n0"]

    def check(guest):
        digest = hashlib.md5(payload).hexdigest()
        boots = re.findall(r"PB-NOTE boot (\d+) get (\w+) ", guest.text)
        if boots != [("0", digest), ("1", digest), ("2", digest)]:
            raise console.Failed(f"the boots were {boots}, not three that got {digest}")
        with open(os.path.join(folder, "disk.raw"), "rb") as file:
            file.seek(1 << 20)
            got = hashlib.md5(file.read()).hexdigest()
        if f"PB-NOTE kept {got}" not in guest.text:
            raise console.Failed("the image does not hold what the guest read back")
    port = give.getsockname()[1]
    return options, words.replace(f"pbmib={MIB}", f"pbmib={MIB - 1} pbget={port}"), check


JOBS = {"disk": disk, "net": net, "9p": share, "reboot": reboot}


def test():
    with console.scratch() as folder:
        options, words, check = JOBS[JOB](folder)
        jobs = f"{JOB},reload,{JOB}" if MODULE else JOB
        jobs = f"usb,{jobs}" if USB else jobs
        options += ["-cpu", CPU] if CPU else []
        words += f" {WORDS} {'pbnic=usb0' if USB else ''}"
        words += f" pbmods={MODULE}" if MODULE else ""
        with console.Guest(busybox.line(jobs, *options, words=words, arch=ARCH,
                                        machine=MACHINE, once=JOB != "reboot")) as guest:
            busybox.finish(guest, timeout=(360 if JOB == "reboot" else 120) + 2 * MIB)
            check(guest)


console.main(test)
