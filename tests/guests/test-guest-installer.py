#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's installer, unmodified, boots to its first dialogue with the network card up.

usage: test-guest-installer.py language|network [CPUS [ARCH [12|13 [MACHINE]]]]
language  nothing given: the first dialogue asks for the language
network   language and keyboard given on the command line, as the installer's manual says: the
          first dialogue asks for the host's name, which it does once DHCP has given an address
"""
import sys
import busybox
import console


def test(mode, cpus="1", arch="riscv64", release="13", machine="virt"):
    files = console.artefact("installer-debian.sh", arch, release)
    ours, tty = busybox.ARCHS[arch]
    given = {"language": "", "network": " locale=en_US.UTF-8 keymap=us"}[mode]
    with console.Guest([
            *console.system(ours), "-M", machine, "-m", "1024", "-smp", cpus, "-nographic",
            "-kernel", files["kernel"], "-initrd", files["initrd"],
            "-append", f"console={tty} quiet{given}",
            "-netdev", "user,id=n0", "-device", "virtio-net-device,netdev=n0"]) as guest:
        first = {"language": r"Select a language", "network": r"enter the hostname"}[mode]
        guest.expect(first, timeout=420 if int(cpus) <= 4 else 1000,
                     stop=r"Kernel panic|No Ethernet card|autoconfiguration failed")
        print("first dialogue:", first)


console.main(lambda: test(*sys.argv[1:]))
