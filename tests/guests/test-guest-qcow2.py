#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A qcow2 with a backing file, made by qemu-img, boots Debian with -snapshot; the guest writes,
and both files are the same afterwards."""
import hashlib
import os
import shutil
import subprocess
import console
import debian


def digest(path):
    whole = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            whole.update(block)
    return whole.hexdigest()


def test():
    if not shutil.which("qemu-img"):
        console.skip("needs qemu-img (package qemu-utils)")
    with console.scratch() as folder:
        base, top = os.path.join(folder, "base.qcow2"), os.path.join(folder, "top.qcow2")
        quiet = {"check": True, "stdout": subprocess.DEVNULL}
        subprocess.run(["qemu-img", "convert", "-O", "qcow2", debian.files()["disk"], base],
                       **quiet)
        subprocess.run(["qemu-img", "create", "-f", "qcow2", "-b", base, "-F", "qcow2", top],
                       **quiet)
        before = digest(base), digest(top)
        with console.Guest(debian.line(top, "-snapshot", disk_format="qcow2")) as guest:
            debian.login(guest)
            guest.run("pb-stream snapshot 64 >/root/written && sync && "
                      "echo 3 >/proc/sys/vm/drop_caches", timeout=120)
            guest.run('test "$(md5sum </root/written)" = "$(pb-stream snapshot 64 | md5sum)"',
                      timeout=120)
            debian.power_off(guest)
        if (digest(base), digest(top)) != before:
            raise console.Failed("-snapshot let the guest's writes through to the image")


console.main(test)
