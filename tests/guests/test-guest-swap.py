#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The plugins of the serial port and the network card are exchanged again and again under a guest
that uses both: no character and no frame is lost, and nothing of the old objects stays.

usage: test-guest-swap.py TIMES [MACHINE]"""
import hashlib
import os
import random
import socket
import sys
import threading
import time
import busybox
import console

TIMES = int(sys.argv[1])
MACHINE = sys.argv[2] if len(sys.argv) > 2 else "virt"
PLUGINS = ("ns16550a", "virtio-net-device")
TAIL = ", which is as long as a line may be before it is another line"


def serve(server, payload):
    while True:
        caller, _ = server.accept()
        with caller:
            caller.sendall(payload)


def objects(guest):
    """How many mapped objects the emulator has."""
    with open(f"/proc/{guest.process.pid}/maps", encoding="utf-8") as maps:
        return len(maps.readlines())


def swap(guest, monitor, seed):
    rng = random.Random(seed)
    most = 0
    for i in range(TIMES):
        guest.send(f"{i}\n")
        time.sleep(rng.random() / 100)
        for name in PLUGINS:
            said = monitor.do(f"plugin_reload {name}")
            if "bytes of state" not in said:
                raise console.Failed(f"plugin_reload {name}: {said}")
        guest.expect(rf"^PB-NOTE heard {i}{TAIL}$", timeout=60, stop=r"Kernel panic|FAILED")
        most = objects(guest) if i == 1 else most
    if TIMES > 1 and objects(guest) > most + 20:
        raise console.Failed(f"{most} mappings became {objects(guest)}: old objects stay")


def test():
    seed = int(os.environ.get("PLUGBOARD_SEED", "1"))
    payload = random.Random(seed).randbytes(2 << 20)
    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, args=(server, payload), daemon=True).start()
    with console.scratch() as folder:
        path = os.path.join(folder, "monitor")
        options = ["-monitor", f"unix:{path},server=on,wait=off", "-serial", "stdio",
                   "-netdev", "user,id=n0", "-device", "virtio-net-device,netdev=n0"]
        words = f"pbget={server.getsockname()[1]}"
        with console.Guest(busybox.line("traffic", *options, cpus=2, words=words,
                                        machine=MACHINE)) as guest:
            guest.wait_for_file(path, 30)
            monitor = console.Monitor(path)
            guest.expect(r"^PB-NOTE listening$", timeout=120)
            swap(guest, monitor, seed)
            guest.send("end\n")
            guest.expect(r"^PB-NOTE lost 0$", timeout=120, stop=r"PB-NOTE lost [1-9]")
            guest.expect(r"^PB-DONE 0 failed$", timeout=60, stop=r"Kernel panic|FAILED")
            guest.ends(0)
        gets = [l.split()[2] for l in guest.text.splitlines() if l.startswith("PB-NOTE get ")]
        good = hashlib.md5(payload).hexdigest()
        if not gets or set(gets) != {good}:
            raise console.Failed(f"fetched {gets}, sent {good}")
        print(f"seed {seed}: {TIMES} exchanges of each plugin, {len(gets)} fetches of 2 MiB")


console.main(test)
