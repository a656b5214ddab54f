#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One device of the small guest at work: disk, net or 9p (see busybox/init)."""
import hashlib
import os
import socket
import sys
import threading
import busybox
import console

MIB, NET_MIB = 16, 6


def disk(folder):
    path = os.path.join(folder, "disk.raw")
    with open(path, "wb") as file:
        file.truncate(MIB << 20)
    options = ["-drive", f"file={path},format=raw,if=none,id=d0",
               "-device", "virtio-blk-device,drive=d0"]

    def check(guest):
        with open(path, "rb") as file:
            digest = hashlib.md5(file.read()).hexdigest()
        if f"wrote {digest} " not in guest.text:
            raise console.Failed("the image does not hold what the guest wrote")
    return options, f"pbmib={MIB}", check


def net(_):
    """Sends 8 MiB to the guest and takes NET_MIB from it."""
    payload = os.urandom(8 << 20)
    got = hashlib.md5()
    done = threading.Event()
    give, take = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))

    def serve_give():
        caller, _ = give.accept()
        with caller:
            caller.sendall(payload)

    def serve_take():
        caller, _ = take.accept()
        with caller:
            while block := caller.recv(1 << 18):
                got.update(block)
        done.set()
    for serve in (serve_give, serve_take):
        threading.Thread(target=serve, daemon=True).start()
    options = ["-netdev", "user,id=n0", "-device", "virtio-net-device,netdev=n0"]
    words = f"pbmib={NET_MIB} pbget={give.getsockname()[1]} pbput={take.getsockname()[1]}"

    def check(guest):
        if f"PB-NOTE get {hashlib.md5(payload).hexdigest()}" not in guest.text:
            raise console.Failed("what came to the guest is not what was sent")
        if not done.wait(10) or f"PB-NOTE put {got.hexdigest()}" not in guest.text:
            raise console.Failed("what came to the host is not what the guest sent")
    return options, words, check


def share(folder):
    options = ["-fsdev", f"local,id=f0,path={folder},security_model=none",
               "-device", "virtio-9p-device,fsdev=f0,mount_tag=host"]

    def check(_):
        for i in range(500):
            with open(os.path.join(folder, f"tree/d{i // 100}/f{i}"), encoding="ascii") as file:
                if file.read() != f"file {i} of the shared tree\n":
                    raise console.Failed(f"file {i} on the host is not what the guest wrote")
    return options, "pbfiles=500", check


def test():
    job = sys.argv[1]
    with console.scratch() as folder:
        options, words, check = {"disk": disk, "net": net, "9p": share}[job](folder)
        with console.Guest(busybox.line(job, *options, words=words)) as guest:
            busybox.finish(guest)
            check(guest)


console.main(test)
