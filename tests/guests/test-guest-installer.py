#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian 13's riscv64 installer, unmodified, boots to its first dialogue with the network card up.

usage: test-guest-installer.py language|network [CPUS]
language  nothing given: the first dialogue asks for the language
network   language and keyboard given on the command line, as the installer's manual says: the
          first dialogue asks for the host's name, which it does once DHCP has given an address
"""
import sys
import console


def test():
    mode, cpus = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "1"
    files = console.artefact("installer-riscv64.sh")
    given = {"language": "", "network": " locale=en_US.UTF-8 keymap=us"}[mode]
    with console.Guest([
            *console.system(), "-M", "virt", "-m", "1024", "-smp", cpus, "-nographic",
            "-kernel", files["kernel"], "-initrd", files["initrd"],
            "-append", "console=ttyS0 quiet" + given,
            "-netdev", "user,id=n0", "-device", "virtio-net-device,netdev=n0"]) as guest:
        first = {"language": r"Select a language", "network": r"enter the hostname"}[mode]
        guest.expect(first, timeout=420 if int(cpus) <= 4 else 3000,
                     stop=r"Kernel panic|No Ethernet card|autoconfiguration failed")
        print("first dialogue:", first)


console.main(test)
