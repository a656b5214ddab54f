#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A disk and a network card, both at work, are unplugged and plugged again and again.

usage: test-guest-plug.py TIMES [ARCH]: on riscv64, whose kernel has no driver for the slots, the
guest's init is one (job plug), and commands go to the human monitor; arm64's kernel has its own
(hotplug), and QMP is spoken."""
import os
import socket
import sys
import threading
import busybox
import console

TIMES = int(sys.argv[1])
ARCH = sys.argv[2] if len(sys.argv) > 2 else "riscv64"
BAD = r"PB-JOB \w+ FAILED|Kernel panic"
JOB = {"riscv64": "plug", "arm64": "hotplug"}[ARCH]
DISK = "nvme,serial=pb,drive=d0,bus=rp0"
CARD = "virtio-net-pci,netdev=n0,bus=rp1"


def endless(server):
    while True:
        caller, _ = server.accept()
        with caller:
            try:
                while True:
                    caller.sendall(bytes(1 << 16))
            except OSError:
                pass


class Human:
    """Plugs by lines for people."""

    def __init__(self, path):
        self.monitor = console.Monitor(path)

    def add(self, text):
        self.monitor.do(f"device_add {text}")

    def remove(self, *names):
        for name in names:
            self.monitor.do(f"device_del {name}")

    def gone(self, *names):
        tree = self.monitor.do("info qtree")
        for name in names:
            if name in tree:
                raise console.Failed(f"{name} is still there")

    def shut_down(self):
        pass # is not told


class Program:
    """Plugs by QMP, which tells when a device has gone."""

    def __init__(self, path):
        self.qmp = console.Qmp(path)

    def add(self, text):
        driver, *rest = text.split(",")
        self.qmp.do("device_add", driver=driver, **dict(word.split("=", 1) for word in rest))

    def remove(self, *names):
        for name in names:
            self.qmp.do("device_del", id=name)

    def gone(self, *names):
        found = {self.qmp.event("DEVICE_DELETED")["data"]["device"] for _ in names}
        if found != set(names):
            raise console.Failed(f"{found} have gone, not {names}")

    def shut_down(self):
        self.qmp.event("SHUTDOWN", guest=True, reason="guest-shutdown")


def test():
    with console.scratch() as folder:
        disk, path = os.path.join(folder, "disk.raw"), os.path.join(folder, "monitor")
        with open(disk, "wb") as file:
            file.truncate(64 << 20)
        server = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=endless, args=(server,), daemon=True).start()
        option, kind = ("-qmp", Program) if ARCH == "arm64" else ("-monitor", Human)
        options = [option, f"unix:{path},server=on,wait=off",
                   "-drive", f"file={disk},format=raw,if=none,id=d0", "-netdev", "user,id=n0",
                   "-device", "pcie-root-port,id=rp0,chassis=1,slot=1",
                   "-device", "pcie-root-port,id=rp1,chassis=1,slot=2",
                   "-device", f"{DISK},id=disk0", "-device", f"{CARD},id=card0"]
        words = f"pbdisk=nvme0n1 pbplug={TIMES} pbget={server.getsockname()[1]}"
        with console.Guest(busybox.line(JOB, *options, words=words, arch=ARCH)) as guest:
            guest.wait_for_file(path, 30)
            monitor = kind(path)
            guest.expect(r"^PB-INIT-REACHED$", timeout=120)
            for i in range(TIMES):
                guest.expect(rf"^PB-NOTE in {i}$", timeout=90, stop=BAD)
                monitor.remove(f"disk{i}", f"card{i}")
                guest.expect(rf"^PB-NOTE out {i}$", timeout=90, stop=BAD)
                if i + 1 == TIMES:
                    break
                monitor.gone(f"disk{i}", f"card{i}")
                monitor.add(f"{DISK},id=disk{i + 1}")
                monitor.add(f"{CARD},id=card{i + 1}")
            guest.expect(r"^PB-DONE 0 failed$", timeout=60, stop=r"Kernel panic|FAILED")
            monitor.shut_down()
            guest.ends(0)


console.main(test)
