#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian 13's own kernel, initramfs and systemd boot from root=/dev/vda to a login; poweroff
ends the process with status 0. Argument: the number of CPUs."""
import sys
import console
import debian


def test():
    cpus = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    with console.scratch() as folder:
        with console.Guest(debian.line(debian.copy_disk(folder), cpus=cpus)) as guest:
            debian.login(guest)
            if guest.run("nproc").strip() != str(cpus):
                raise console.Failed(f"the guest does not see {cpus} CPUs")
            if guest.run("uname -m").strip() != "riscv64":
                raise console.Failed("the guest is not riscv64")
            failed = guest.run("systemctl --failed --no-legend --plain").strip()
            if failed:
                raise console.Failed(f"units failed in the guest: {failed}")
            debian.power_off(guest)


console.main(test)
