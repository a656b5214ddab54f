#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A card of raspi-image.sh boots raspi3b to a login: Debian 13, its root on the card, four CPUs,
network by usb-net; `poweroff` ends with status 0.

usage: test-guest-raspi-card.py slide [MIB] | image
  image  the card alone, in one word
  slide  kernel, device tree and command line by options, as a course types them. A server in the
         guest answers on a port that hostfwd opens: MIB (100) each way over TCP, checksummed. The
         same login on the mini UART as second -serial, the tree left as it is"""
import hashlib
import socket
import sys
import console
import debian

FILES = console.artefact("raspi-image.sh")
WAIT = 300 # seconds for a command, on a host that has much else to do


def slide_line(card, *options, machine="raspi3b", tty="ttyAMA0", dtb="dtb"):
    return [*console.system("aarch64"), "-m", "1024", "-M", machine, "-smp", "4", "-nographic",
            "-kernel", FILES["kernel"], "-append", f"console={tty} root=/dev/mmcblk0p2 rw "
            f"rootwait rootfstype=ext4 {debian.PATIENCE}", "-dtb", FILES[dtb],
            "-initrd", FILES["initrd"], "-sd", card, *options]


def check_board(guest):
    guest.run("dmesg -n 1", WAIT) # drivers that probe late would write into the answers
    if guest.run("nproc", WAIT).strip() != "4":
        raise console.Failed("the guest does not see four CPUs")
    if guest.run("findmnt -no SOURCE /", WAIT).strip() != "/dev/mmcblk0p2":
        raise console.Failed("the guest's root is not on the card")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as any_port:
        return any_port.getsockname()[1]


def call(guest, port, command):
    """A connection to `command` in the guest, which listens on port 22 of its own."""
    guest.run(f"{command} & until grep -q ':0016 00000000:0000 0A' /proc/net/tcp; do sleep 0.2; "
              "done", WAIT)
    peer = socket.create_connection(("127.0.0.1", port), 30)
    peer.settimeout(600)
    return peer


def stream_both_ways(guest, port, mib):
    sent = debian.Stream(FILES["stream"], "down", mib)
    with call(guest, port, "nc -4l 22 </dev/null | md5sum >/tmp/sum") as peer:
        for block in sent.blocks():
            peer.sendall(block)
    if guest.run("wait; cat /tmp/sum", timeout=600).split()[0] != sent.md5():
        raise console.Failed("what came to the guest over TCP is not what was sent")
    digest = hashlib.md5()
    with call(guest, port, f"pb-stream up {mib} | nc -4lN 22") as peer:
        while block := peer.recv(1 << 18):
            digest.update(block)
    if digest.hexdigest() != debian.Stream(FILES["stream"], "up", mib).md5():
        raise console.Failed("what came to the host over TCP is not what the guest sent")


def slide(mib=100):
    port = free_port()
    net = ["-device", "usb-net,netdev=net0",
           "-netdev", f"user,id=net0,hostfwd=tcp::{port}-:22"]
    serial = ["-serial", "null", "-serial", "stdio", "-monitor", "none"]
    with console.scratch() as folder:
        card = debian.copy_file(FILES["disk"], folder)
        with console.Guest(slide_line(card, *net)) as guest:
            debian.login(guest, timeout=900)
            check_board(guest)
            stream_both_ways(guest, port, int(mib))
            debian.power_off(guest, 300)
        print("ttyAMA0 and network: ok", flush=True)
        with console.Guest(slide_line(card, *serial, machine="raspi3b,dtb-patch=off", tty="ttyS1",
                                      dtb="dtb-3b")) as guest:
            debian.login(guest, timeout=900)
            check_board(guest)
            debian.power_off(guest, 300)


def image():
    with console.scratch() as folder:
        card = debian.copy_file(FILES["disk"], folder)
        with console.Guest([*console.system("aarch64"), "-M", "raspi3b", "-nographic",
                            card]) as guest:
            debian.login(guest, timeout=900)
            check_board(guest)
            debian.power_off(guest, 300)


console.main(lambda: {"slide": slide, "image": image}[sys.argv[1]](*sys.argv[2:]))
