# SPDX-License-Identifier: MIT
"""QMP on arm64's virt: what its devices tell, plugging on PCI, the power button."""
import json
import os
import console
from qmp import Machine, equal, refused

HERE = os.path.dirname(os.path.abspath(__file__))
CARD = {"driver": "virtio-net-pci", "netdev": "n0", "id": "card", "bus": "rp0",
        "mac": "52:54:00:11:22:33"}


def fits(value, shape, where):
    """A value has QEMU's form (qmp-shapes.json)."""
    if shape == "value":
        return
    if isinstance(shape, list):
        for item in value:
            fits(item, shape[0], where + "[]")
    elif isinstance(shape, dict):
        names = {k.rstrip("?"): v for k, v in shape.items()}
        equal(sorted(set(value) - set(names)), [], f"{where}: members that QEMU has not")
        equal([k for k in shape if not k.endswith("?") and k not in value], [],
              f"{where}: members that QEMU always has")
        for key, item in value.items():
            fits(item, names[key], f"{where}.{key}")
    else:
        kind = {"string": str, "int": int, "boolean": bool, "number": (int, float)}[shape]
        equal(isinstance(value, kind), True, f"{where} = {value!r} is {shape}")


# ldr w1, [GPIO's pin 3]; until it is set; then PSCI's SYSTEM_OFF
WAITS = "d2a12060 b9402001 34ffffe1 52b08000 72800100 d4000002 14000000"


def button():
    """A guest that waits for the button goes, and the emulator with it."""
    with open("waits", "wb") as file:
        file.write(b"".join(bytes.fromhex(word)[::-1] for word in WAITS.split()))
    with Machine("-nodefaults", "-device", "loader,file=waits,addr=0x40080000", "-device",
                 "loader,addr=0x40080000,cpu-num=0", program=os.environ["VIRT"], board="virt",
                 paused=False) as machine, machine.qmp() as q:
        equal(q.do("query-status")["running"], True)
        q.do("system_powerdown")
        q.event("POWERDOWN")
        q.event("SHUTDOWN", guest=True, reason="guest-shutdown")
        machine.ends()


def bridge(q):
    """The function called rp0."""
    return [f for f in q.do("query-pci")[0]["devices"] if f["qdev_id"] == "rp0"][0]


def test():
    if not os.access(os.environ["VIRT"], os.X_OK):
        console.skip(f"needs {os.environ['VIRT']}")
    for name in ("PLUGBOARD_PLUGIN_PATH", "PLUGBOARD_MACHINE_PATH"):
        os.environ.pop(name, None)
    with open(os.path.join(HERE, "qmp-shapes.json"), encoding="utf-8") as file:
        shapes = json.load(file)
    with open("v.raw", "wb") as file:
        file.truncate(1 << 20)
    with Machine("-nodefaults", "-netdev", "user,id=n0", "-smp", "2", "-uuid",
                 "12345678-1234-1234-1234-123456789abc", "-drive",
                 "file=v.raw,if=none,format=raw,id=v,cache=none,werror=stop",
                 "-device", "virtio-blk-pci,drive=v,id=disk",
                 "-device", "pcie-root-port,id=rp0,chassis=1", program=os.environ["VIRT"],
                 board="virt") as machine, machine.qmp() as q:
        for name in (c["name"] for c in q.do("query-commands")):
            if name.startswith("query-"):
                fits(q.do(name), shapes[name][1], name)
        equal(q.do("query-uuid"), {"UUID": "12345678-1234-1234-1234-123456789abc"})
        equal(q.do("query-target"), {"arch": "aarch64"})
        drive = q.do("query-block")[0]
        equal([drive["device"], drive["qdev"], drive["inserted"]["cache"]["direct"]],
              ["v", "/machine/peripheral/disk", True])
        refused(q.ask("query-pci", a=1), "Parameter 'a' is unexpected")
        equal(bridge(q)["class_info"], {"class": 0x604, "desc": "PCI bridge"})
        q.do("device_add", CARD)
        equal(q.do("qom-get", path="card", property="mac"), CARD["mac"])
        refused(q.ask("device_add", CARD), "Duplicate ID 'card'")
        refused(q.ask("netdev_del", id="n0"), "'n0' is in use by 'card")
        fits(q.do("qom-list", path="card"), shapes["qom-list"][1], "qom-list")
        fits(q.do("device-list-properties", typename="nvme"), shapes["device-list-properties"][1],
             "device-list-properties")
        q.do("system_powerdown")
        q.event("POWERDOWN")
        q.do("quit")
        machine.ends()
    button()


console.main(test)
