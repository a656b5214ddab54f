#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's kernel on raspi3b, with its own device tree for the board.

usage: test-guest-raspi.py CASE
  probe      four CPUs, the hardware's random numbers; poweroff ends with status 0
  mini-uart  the same on the mini UART as second -serial, the tree left as it is
  reset      a reboot through the watchdog boots again"""
import sys
import console


def command(dtb, words, *options, machine="raspi3b", tty="ttyAMA0"):
    """The slide's line, with a busybox initrd."""
    files = console.artefact("raspi-initrd.sh")
    return [*console.system("aarch64"), "-m", "1024", "-M", machine, "-smp", "4", "-nographic",
            "-kernel", files["kernel"], "-initrd", files["initrd"], "-dtb", files[dtb],
            "-append", f"console={tty} quiet panic=-1 {words}", *options]


def finish(guest, timeout=150):
    done = guest.expect(r"^PB-DONE (\d+) failed$", timeout=timeout, stop=r"Kernel panic")
    if done.group(1) != "0":
        raise console.Failed("a job in the guest failed")
    guest.ends(0)


def probe():
    with console.Guest(command("dtb", "pbcmd=probe")) as guest:
        guest.expect(r"node removed: bluetooth, wifi", timeout=10)
        finish(guest)
        for fact in ("PB-PROBE cpus 4", "PB-PROBE rng 3f104000.rng"):
            if fact not in guest.text:
                raise console.Failed(f"the guest did not say '{fact}'")


def mini_uart():
    with console.Guest(command("dtb-3b", "pbcmd=shell", "-serial", "null", "-serial", "stdio",
                               "-monitor", "none", machine="raspi3b,dtb-patch=off",
                               tty="ttyS1")) as guest:
        guest.expect(r"^PB-INIT-REACHED$", timeout=120, stop=r"Kernel panic")
        guest.run("test $(grep -c ^processor /proc/cpuinfo) = 4", timeout=60)
        guest.send("poweroff -f\n")
        guest.ends(0)


def reset():
    with console.Guest(command("dtb", "pbcmd=shell")) as guest:
        for _ in range(2):
            guest.expect(r"^PB-INIT-REACHED$", timeout=120, stop=r"Kernel panic")
            guest.run("test -c /dev/watchdog", timeout=60)
            guest.send("busybox reboot -f\n")
        guest.expect(r"^PB-INIT-REACHED$", timeout=120, stop=r"Kernel panic")


console.main({"probe": probe, "mini-uart": mini_uart, "reset": reset}[sys.argv[1]])
