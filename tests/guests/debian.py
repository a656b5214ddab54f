# SPDX-License-Identifier: MIT
"""debian.py - the Debian 13 guest of rootfs-riscv64.sh: boots a copy of its disk to a login."""
import os
import subprocess
import console

# systemd gives a device 90 s of the wall clock, which a busy host may need.
PATIENCE = "systemd.default_device_timeout_sec=600"


def files():
    return console.artefact("rootfs-riscv64.sh")


def copy_disk(folder):
    """A private, sparse copy of the root disk."""
    disk = os.path.join(folder, "root.raw")
    subprocess.run(["cp", "--sparse=always", "--reflink=auto", files()["disk"], disk], check=True)
    return disk


def line(disk, *options, cpus=1, memory=1024, disk_format="raw"):
    found = files()
    return [*console.system(), "-M", "virt", "-m", str(memory), "-smp", str(cpus), "-nographic",
            "-no-reboot", "-kernel", found["kernel"], "-initrd", found["initrd"],
            "-append", "root=/dev/vda rw console=ttyS0 quiet " + PATIENCE,
            "-drive", f"file={disk},format={disk_format},if=none,id=root",
            "-device", "virtio-blk-device,drive=root", *options]


def login(guest, timeout=240):
    """From the start to a plain shell of root's: no echo, no prompts, no escape sequences."""
    guest.expect(r"plugboard login: ", timeout=timeout, stop=r"Kernel panic|emergency mode")
    guest.send("root\n")
    guest.expect(r"root@plugboard:~# ", timeout=60)
    guest.send("exec env -i HOME=/root PATH=$PATH TERM=dumb PS1= sh\n")
    guest.send("stty -echo; echo PB-''READY\n")
    guest.expect(r"^PB-READY$", timeout=30)


def power_off(guest, timeout=90):
    guest.send("poweroff\n")
    guest.ends(0, timeout)
