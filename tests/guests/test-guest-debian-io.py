#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A Debian 13 guest's network, disk and shared directory carry what they are given.

usage: test-guest-debian-io.py [KEY=VALUE...] [MIB] net|disk|share...
net    an address by DHCP, then MIB (1024) mebibytes over TCP each way, checksummed
disk   MIB mebibytes written to a file, dropped from the cache and read back, checksummed
share  a tree of 10,000 files written through 9p, and another read, checksummed
Keys, with their defaults: arch=riscv64, machine=virt, and the devices by which each goes:
root=virtio-blk-device, net=virtio-net-device, share=virtio-9p-device.
"""
import hashlib
import os
import socket
import sys
import threading
import console
import debian

FILES = 10000
KEYS = {"arch": "riscv64", "machine": "virt", "root": "virtio-blk-device",
        "net": "virtio-net-device", "share": "virtio-9p-device"}


def stream(seed, mib):
    return debian.Stream(debian.files(KEYS["arch"])["stream"], seed, mib)


def once(handle):
    """A TCP peer on the loopback for one caller; returns (port, thread)."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with listener:
            caller, _ = listener.accept()
            with caller:
                handle(caller)
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return listener.getsockname()[1], thread


def check_net(guest, mib, _):
    guest.run("for i in $(seq 60); do ip -4 addr show scope global | grep -q inet && break; "
              "sleep 0.5; done", timeout=60)
    address = guest.run("ip -4 -o addr show scope global dynamic")
    if " 10.0.2." not in address:
        raise console.Failed(f"no address by DHCP: {address!r}")

    down = stream("down", mib)
    port, thread = once(lambda caller: [caller.sendall(block) for block in down.blocks()])
    got = guest.run(f"nc 10.0.2.2 {port} </dev/null | md5sum", timeout=900).split()[0]
    if got != down.md5():
        raise console.Failed("what came to the guest over TCP is not what was sent")
    thread.join(10)

    digest = hashlib.md5()

    def take(caller):
        while block := caller.recv(1 << 18):
            digest.update(block)
    port, thread = once(take)
    guest.run(f"pb-stream up {mib} | nc -N 10.0.2.2 {port}", timeout=900)
    thread.join(30)
    if digest.hexdigest() != stream("up", mib).md5():
        raise console.Failed("what came to the host over TCP is not what the guest sent")


def check_disk(guest, mib, _):
    guest.run(f"pb-stream disk {mib} >/root/big && sync", timeout=900)
    guest.run("echo 3 >/proc/sys/vm/drop_caches")
    got = guest.run("md5sum </root/big", timeout=900).split()[0]
    if got != stream("disk", mib).md5():
        raise console.Failed("what the disk gave back is not what was written")
    guest.run("rm /root/big")


def tree_sum(folder):
    """md5 over the sorted names and contents, as the guest's pipeline below computes it."""
    lines = []
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            with open(path, "rb") as file:
                digest = hashlib.md5(file.read()).hexdigest()
            lines.append(f"{digest}  ./{os.path.relpath(path, folder)}\n")
    lines.sort(key=lambda line: line[34:])
    return len(lines), hashlib.md5("".join(lines).encode()).hexdigest()


def check_share(guest, _, share):
    for i in range(FILES):
        folder = os.path.join(share, "host", f"d{i // 100}")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, f"f{i}"), "w", encoding="ascii") as file:
            file.write(f"host file {i}\n" * (i % 50 + 1))
    guest.run("mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 host /mnt")
    walk = "find . -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum | md5sum"
    got = guest.run(f"cd /mnt/host && {walk}; cd /", timeout=600).split()[0]
    if (FILES, got) != tree_sum(os.path.join(share, "host")):
        raise console.Failed("the guest does not read through 9p what the host wrote")
    guest.run("mkdir /mnt/guest && cd /mnt/guest && i=0; while [ $i -lt 100 ]; do mkdir d$i; "
              "j=0; while [ $j -lt 100 ]; do echo guest file $i $j >d$i/f$j || exit 1; "
              "j=$((j+1)); done; i=$((i+1)); done; cd /", timeout=600)
    guest.run("umount /mnt && mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 host /mnt")
    again = guest.run(f"cd /mnt/guest && {walk}; cd /", timeout=600).split()[0]
    if (FILES, again) != tree_sum(os.path.join(share, "guest")):
        raise console.Failed("the host does not read what the guest wrote through 9p")


CHECKS = {"net": check_net, "disk": check_disk, "share": check_share}


def test():
    words = []
    for word in sys.argv[1:]:
        key, equals, value = word.partition("=")
        if equals:
            if key not in KEYS:
                raise console.Failed(f"there is no key {key}")
            KEYS[key] = value
        else:
            words.append(word)
    mib = int(words.pop(0)) if words and words[0].isdigit() else 1024
    with console.scratch() as folder:
        share = os.path.join(folder, "share")
        os.mkdir(share)
        devices = ["-netdev", "user,id=n0", "-device", f"{KEYS['net']},netdev=n0",
                   "-fsdev", f"local,id=f0,path={share},security_model=none",
                   "-device", f"{KEYS['share']},fsdev=f0,mount_tag=host"]
        disk = debian.copy_disk(folder, KEYS["arch"])
        with console.Guest(debian.line(disk, *devices, arch=KEYS["arch"], machine=KEYS["machine"],
                                       device=KEYS["root"])) as guest:
            debian.login(guest)
            for word in words or CHECKS:
                CHECKS[word](guest, mib, share)
                print(f"{word}: ok", flush=True)
            debian.power_off(guest)


console.main(test)
