#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian 13's own kernel, initramfs and systemd boot from root=/dev/vda to a login; poweroff
ends the process with status 0. Arguments: CPUs, Debian's architecture, machine."""
import sys
import busybox
import console
import debian


def test(cpus="1", arch="riscv64", machine="virt"):
    with console.scratch() as folder:
        with console.Guest(debian.line(debian.copy_disk(folder, arch), cpus=cpus, arch=arch,
                                       machine=machine)) as guest:
            debian.login(guest)
            if guest.run("nproc").strip() != cpus:
                raise console.Failed(f"the guest does not see {cpus} CPUs")
            if guest.run("uname -m").strip() != busybox.ARCHS[arch][0]:
                raise console.Failed(f"the guest is not {arch}")
            failed = guest.run("systemctl --failed --no-legend --plain").strip()
            if failed:
                raise console.Failed(f"units failed in the guest: {failed}")
            debian.power_off(guest)


console.main(lambda: test(*sys.argv[1:]))
