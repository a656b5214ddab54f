#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian 13's own kernel, initramfs and systemd boot from root=/dev/vda to a login; poweroff
ends the process with status 0. With DISK and CARD, the devices of root disk and network: it reboots
first, in the same run, and finds the disk as it was.

usage: test-guest-debian.py [CPUS [ARCH [MACHINE [DISK CARD]]]]"""
import sys
import busybox
import console
import debian


def reboot(guest):
    debian.write_disk(guest)
    debian.reboot(guest)
    debian.login(guest)
    debian.same_disk(guest)
    debian.network(guest)


def test(cpus="1", arch="riscv64", machine="virt", disk=None, card=None):
    options = ["-netdev", "user,id=n0", "-device", f"{card},netdev=n0"] if card else []
    with console.scratch() as folder:
        with console.Guest(debian.line(debian.copy_disk(folder, arch), *options, cpus=cpus,
                                       arch=arch, machine=machine, once=not disk,
                                       device=disk or "virtio-blk-device")) as guest:
            debian.login(guest)
            if disk:
                reboot(guest)
            if guest.run("nproc").strip() != cpus:
                raise console.Failed(f"the guest does not see {cpus} CPUs")
            if guest.run("uname -m").strip() != busybox.ARCHS[arch][0]:
                raise console.Failed(f"the guest is not {arch}")
            failed = guest.run("systemctl --failed --no-legend --plain").strip()
            if failed:
                raise console.Failed(f"units failed in the guest: {failed}")
            debian.power_off(guest)


console.main(lambda: test(*sys.argv[1:]))
