#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A hostile debugger: packets that are wrong in every way, at a bare program that runs, stands or
steps; one that asks and never reads. The emulator lives, and its monitor answers.

usage: test-guest-gdb-hostile.py ARCH [PACKETS [SEED]]"""
import os
import random
import re
import select
import socket
import sys
import time
import console

ARCH = sys.argv[1]
PACKETS = int(sys.argv[2]) if len(sys.argv) > 2 else 4000
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else 8
RAM = {"riscv64": 0x80000000, "aarch64": 0x40000000}[ARCH]
TEXTS = ("?", "g", "G", "c", "s", "D", "qC", "qfThreadInfo", "qSupported:xmlRegisters=i386",
         "vCont?", "QStartNoAckMode", "qXfer:features:read:target.xml:0,ffb", "qqemu.PhyMemMode",
         "Qqemu.PhyMemMode:1", "Qqemu.PhyMemMode:0", "qXfer:features:read:", "vCont", "qRcmd,", "")
LINES = ("info registers", "info status", "cont", "stop", "system_reset", "x /4i $pc", "p $pc",
         "info qtree", "xp /8xg 0", "gdbserver none", "%s%n", "x" * 900)
rnd = random.Random(SEED)


def number():
    return rnd.choice(("0", "1", "2", "4", "-1", "", f"{rnd.getrandbits(64):x}", "f" * 16, "f" * 17,
                       f"{RAM + rnd.getrandbits(20):x}", f"{rnd.getrandbits(12):x}", "zz"))


def payload():
    kind = rnd.randrange(12)
    if kind < 3:
        return rnd.choice(TEXTS).encode()
    if kind == 3:
        return f"{rnd.choice('mpHT')}{rnd.choice(('', 'g', 'c'))}{number()},{number()}".encode()
    if kind == 4:
        return f"{rnd.choice('zZ')}{rnd.randrange(6)},{number()},{number()}".encode()
    if kind == 5:
        data = bytes(rnd.getrandbits(8) for _ in range(rnd.randrange(40)))
        return f"X{number()},{rnd.choice((number(), f'{len(data):x}'))}:".encode() + data
    if kind == 6:
        end = rnd.choice(("", "5", "x"))
        return f"M{number()},{number()}:{'5a' * rnd.randrange(40)}{end}".encode()
    if kind == 7:
        return f"P{number()}={number()}".encode()
    if kind == 8:
        return b"vCont" + "".join(
            f";{rnd.choice('csCSt')}{rnd.choice(('', ':', number()))}{number()}"
            for _ in range(rnd.randrange(4))).encode()
    if kind == 9:
        return b"qRcmd," + rnd.choice(LINES).encode().hex().encode()
    if kind == 10:
        return b"qXfer:features:read:" + rnd.choice((b"target.xml", b"x", b"")) + \
            f":{number()},{number()}".encode()
    return bytes(rnd.choice(b"gGmMXzZvqQHTpP\0,;:*#$}") for _ in range(rnd.randrange(30)))


def frame(data):
    data = re.sub(rb"[$#}*]", lambda m: b"}" + bytes([m[0][0] ^ 0x20]), data)
    return b"$%s#%02x" % (data, sum(data) & 255)


def packet():
    whole = frame(payload())
    kind = rnd.randrange(20)
    if kind == 0:
        return whole[:rnd.randrange(len(whole))]
    if kind == 1:
        return bytes(rnd.getrandbits(8) for _ in range(rnd.randrange(100)))
    if kind == 2:
        return b"$" + rnd.choice((b"m", b"}", b"X0,1:")) * 20000 + b"#00"
    return whole + rnd.choice((b"", b"", b"\3", b"-"))


def connect(path):
    peer = socket.socket(socket.AF_UNIX)
    peer.connect(path) # with a timeout it would not wait while the backlog is full
    peer.settimeout(60)
    return peer


def lives(peer):
    """Stops what runs; a packet that came whole is answered."""
    peer.sendall(b"#00\3" + frame(b"qC"))
    text, end = b"", time.monotonic() + 60
    while b"$QC" not in text:
        if time.monotonic() > end:
            raise console.Failed(f"qC was not answered but: {text[-200:]}")
        data = peer.recv(65536)
        if not data: # a "D" was among them
            return False
        text = text[-10:] + data
    return True


def test():
    print(f"seed {SEED}, {PACKETS} packets")
    program = console.artefact(f"baremetal-{ARCH}.sh")
    with console.scratch() as folder:
        gdb, path = os.path.join(folder, "gdb"), os.path.join(folder, "monitor")
        with console.Guest([*console.system(ARCH), "-M", "virt", "-smp", "2", "-nographic", "-S",
                            "-kernel", program["lowelf" if ARCH == "riscv64" else "float"],
                            *(["-bios", "none"] if ARCH == "riscv64" else []),
                            "-no-shutdown", "-gdb", f"unix:{gdb}",
                            "-monitor", f"unix:{path},server=on,wait=off"]) as guest:
            guest.wait_for_file(path, 30)
            monitor = console.Monitor(path)
            peer = connect(gdb)
            for i in range(PACKETS):
                try:
                    peer.sendall(packet())
                    gone = i % 20 == 0 and not lives(peer)
                    if select.select([peer], [], [], 0)[0]:
                        gone = not peer.recv(1 << 20)
                except OSError:
                    gone = True
                if gone or rnd.randrange(100) == 0:
                    peer.close()
                    peer = connect(gdb)
                guest.read(0)
            peer.close()
            monitor.do("info status")
            peer = connect(gdb)
            peer.setblocking(False)
            ask, end = frame(b"m%x,1ff0" % RAM) * 100, time.monotonic() + 60
            while time.monotonic() < end: # until it is sent away
                try:
                    peer.send(ask)
                except BlockingIOError:
                    time.sleep(0.01)
                except OSError:
                    break
            monitor.do("info status")
            monitor.socket.sendall(b"quit\n")
            guest.ends(0)


console.main(test)
