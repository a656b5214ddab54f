# SPDX-License-Identifier: MIT
"""debian.py - the Debian 13 guest of rootfs-debian.sh: boots a copy of its disk to a login."""
import hashlib
import os
import subprocess
import busybox
import console

# systemd gives a device 90 s of the wall clock, which a busy host may need.
PATIENCE = "systemd.default_device_timeout_sec=600"


def files(arch="riscv64"):
    return console.artefact("rootfs-debian.sh", arch)


def copy_file(path, folder):
    """A private, sparse copy."""
    copy = os.path.join(folder, os.path.basename(path))
    subprocess.run(["cp", "--sparse=always", "--reflink=auto", path, copy], check=True)
    return copy


def copy_disk(folder, arch="riscv64"):
    return copy_file(files(arch)["disk"], folder)


def line(disk, *options, cpus=1, memory=1024, disk_format="raw", arch="riscv64", machine="virt",
         device="virtio-blk-device", once=True):
    """`device` is what the root disk is attached by; `once`: a reboot is the end."""
    found = files(arch)
    ours, tty = busybox.ARCHS[arch]
    root = "/dev/nvme0n1" if device.startswith("nvme") else "/dev/vda"
    return [*console.system(ours), "-M", machine, "-m", str(memory), "-smp", str(cpus),
            "-nographic", *(["-no-reboot"] if once else []),
            "-kernel", found["kernel"], "-initrd", found["initrd"],
            "-append", f"root={root} rw console={tty} quiet {PATIENCE}",
            "-drive", f"file={disk},format={disk_format},if=none,id=root",
            "-device", f"{device},drive=root", *options]


class Stream:
    """The bytes of pb-stream SEED MIB on the host."""

    def __init__(self, program, seed, mib):
        self.words = [program, seed, str(mib)]

    def blocks(self):
        with subprocess.Popen(self.words, stdout=subprocess.PIPE) as made:
            while block := made.stdout.read(1 << 20):
                yield block

    def md5(self):
        digest = hashlib.md5()
        for block in self.blocks():
            digest.update(block)
        return digest.hexdigest()


def login(guest, timeout=240):
    """From the start to a plain shell of root's: no echo, no prompts, no escape sequences. A host
    that needs long for the first part needs long for the shell, too."""
    guest.expect(r"plugboard login: ", timeout=timeout, stop=r"Kernel panic|emergency mode")
    guest.send("root\n")
    guest.expect(r"root@plugboard:~# ", timeout=max(60, timeout // 4))
    guest.send("exec env -i HOME=/root PATH=$PATH TERM=dumb PS1= sh\n")
    guest.send("stty -echo; echo PB-''READY\n")
    guest.expect(r"^PB-READY$", timeout=max(30, timeout // 8))


def write_disk(guest, mib=64):
    """So that same_disk() knows it, now or after a reboot."""
    guest.run(f"pb-stream kept {mib} >/root/kept && sync && echo 3 >/proc/sys/vm/drop_caches",
              timeout=300)


def same_disk(guest, mib=64):
    guest.run(f'test "$(md5sum </root/kept)" = "$(pb-stream kept {mib} | md5sum)"', timeout=300)


def network(guest):
    """An address by DHCP."""
    guest.run("for i in $(seq 120); do ip -4 addr show scope global | grep -q inet && break; "
              "sleep 0.5; done; ip -4 -o addr show scope global dynamic | grep ' 10[.]0[.]2[.]'",
              timeout=120)


def reboot(guest):
    """Straight to init: logind denies it while it is still about the login."""
    guest.send("systemctl --no-block --job-mode=replace-irreversibly start reboot.target\n")


def power_off(guest, timeout=90):
    guest.send("poweroff\n")
    guest.ends(0, timeout)
