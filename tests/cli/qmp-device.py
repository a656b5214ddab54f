# SPDX-License-Identifier: MIT
"""Devices and backends that come and go by QMP; every answer is what the schema says it is."""
import os
import console
from qmp import Machine, Schema, equal, refused


def answers(q, schema):
    """All commands that take nothing and change nothing."""
    asked = 0
    for name, entry in schema.commands.items():
        arguments = schema.types[entry["arg-type"]]["members"]
        if name.startswith("query-") and all("default" in m for m in arguments):
            schema.check(entry["ret-type"], q.do(name), name,
                         open_ended=name == "query-qmp-schema")
            asked += 1
    if asked < 17:
        raise console.Failed(f"only {asked} were asked")
    equal(sorted(c["name"] for c in q.do("query-commands")), sorted(schema.commands))


def devices(q, schema):
    equal(q.do("device_add", driver="Toy-hot", id="h"), {})
    equal([c["name"] for c in q.do("qom-list", path="/machine/peripheral") if c["name"] == "h"],
          ["h"])
    equal(q.do("qom-get", path="/machine/peripheral/h", property="type"), "Toy-hot")
    for item in q.do("qom-list", path="h"):
        q.do("qom-get", path="h", property=item["name"])
    refused(q.ask("qom-get", path="h", property="zz"), "Property 'Toy-hot.zz' not found")
    refused(q.ask("qom-list", path="/machine/zz"), "Device '/machine/zz' not found",
            "DeviceNotFound")
    refused(q.ask("device_add", driver="Toy-hot", id="h"), "Duplicate ID 'h' for device")
    refused(q.ask("device_add", driver="Toy-hot", id="5x"), "Parameter 'id' expects an identifier")
    refused(q.ask("device_add", driver="Toy-hot", zz=1), "Property 'Toy-hot.zz' not found")
    refused(q.ask("device_add", driver="nosuch"), "'nosuch' is not a valid device model name")
    refused(q.ask("device_add"), "Parameter 'driver' is missing")
    refused(q.ask("device_add", driver="toy-nic"), "")
    equal(q.do("device_del", id="/machine/peripheral/h"), {})
    event = q.event("DEVICE_DELETED")
    equal(event["data"], {"device": "h", "path": "/machine/peripheral/h"})
    schema.check(schema.events["DEVICE_DELETED"]["arg-type"], event["data"], "DEVICE_DELETED")
    refused(q.ask("device_del", id="h"), "Device 'h' not found", "DeviceNotFound")
    refused(q.ask("device_del", id="uart0"), "Device 'uart0' is part of the board")
    names = [t["name"] for t in q.do("qom-list-types", implements="device")]
    for name in names:
        answer = q.ask("device-list-properties", typename=name)
        if "return" in answer:
            schema.check("[ObjectPropertyInfo]", answer["return"], name)
    refused(q.ask("device-list-properties", typename="zz"), "Device 'zz' not found",
            "DeviceNotFound")


def backends(q, _schema):
    q.do("netdev_add", type="user", id="n9", hostname="x")
    refused(q.ask("netdev_add", type="user", id="n9"), "Duplicate ID 'n9'")
    refused(q.ask("netdev_add", type="zz", id="n8"), "Parameter 'type' does not accept value 'zz'")
    q.do("netdev_del", id="n9")
    refused(q.ask("netdev_del", id="n9"), "Device 'n9' not found", "DeviceNotFound")
    with open("b.raw", "wb") as file:
        file.truncate(1 << 20)
    node = {"driver": "raw", "node-name": "b9", "file": {"driver": "file", "filename": "b.raw"}}
    count = len(q.do("query-named-block-nodes"))
    for _ in range(3):
        q.do("blockdev-add", node)
        equal(len(q.do("query-named-block-nodes")), count + 2)
        found = [b for b in q.do("query-block") if b["device"] == "b9"][0]["inserted"]
        equal((found["file"], found["drv"], found["image"]["virtual-size"]),
              ("b.raw", "raw", 1 << 20))
        refused(q.ask("blockdev-add", node), "Duplicate ID 'b9'")
        q.do("blockdev-del", {"node-name": "b9"})
        equal(len(q.do("query-named-block-nodes")), count, "nodes left behind")
    refused(q.ask("blockdev-del", {"node-name": "b9"}),
            "Failed to find node with node-name='b9'")
    refused(q.ask("blockdev-del", {"node-name": "d0"}), "'d0' is in use by ")
    refused(q.ask("blockdev-add", driver="raw"), "'node-name' must be specified")
    bad = {"driver": "qcow9", "node-name": "b8", "file": node["file"]}
    refused(q.ask("blockdev-add", bad), "Parameter 'driver' does not accept value 'qcow9'")
    bad = {"driver": "raw", "node-name": "b8", "offset": "zz", "file": node["file"]}
    refused(q.ask("blockdev-add", bad), "")
    equal(len(q.do("query-named-block-nodes")), count, "nodes left behind by a failure")
    q.do("object-add", {"qom-type": "iothread", "id": "io9"})
    q.do("object-del", id="io9")
    refused(q.ask("object-del", id="io9"), "object 'io9' not found")
    refused(q.ask("object-add", {"qom-type": "zz", "id": "z"}), "object type 'zz' is not there")


def character(q, _schema):
    def labels():
        return [c["label"] for c in q.do("query-chardev")]

    equal(q.do("chardev-add", id="c9", backend={"type": "null", "data": {}}), {})
    refused(q.ask("chardev-add", id="c9", backend={"type": "null", "data": {}}),
            "Duplicate ID 'c9'")
    path = q.do("chardev-add", id="p9", backend={"type": "pty", "data": {}})["pty"]
    if not os.path.exists(path):
        raise console.Failed(f"{path} is not there")
    address = {"type": "unix", "data": {"path": "late"}}
    refused(q.ask("chardev-add", id="s9", backend={
        "type": "socket", "data": {"addr": address, "wait": True}}), "'wait' is for the command line")
    q.do("chardev-add", id="s9", backend={"type": "socket", "data": {"addr": address}})
    equal([x for x in labels() if x.endswith("9")], ["c9", "p9", "s9"])
    for name in ("c9", "p9", "s9"):
        q.do("chardev-remove", id=name)
    refused(q.ask("chardev-remove", id="c9"), "Chardev 'c9' not found")
    own = [c["label"] for c in q.do("query-chardev") if "qmp" in c["filename"]][0]
    refused(q.ask("chardev-remove", id=own), f"Chardev '{own}' is busy")
    refused(q.ask("chardev-remove", id="serial0"), "Chardev 'serial0' is busy")


def guest(q, _schema):
    """Memory, keys, pictures: what the board has not got is said."""
    q.do("pmemsave", val=0x80000000, size=100000, filename="memory")
    equal(os.path.getsize("memory"), 100000)
    refused(q.ask("pmemsave", val=0, size=1 << 62, filename="memory"), "Cannot access memory at")
    refused(q.ask("memsave", {"val": 0, "size": 1, "filename": "m", "cpu-index": 7}),
            "Parameter 'cpu-index' expects a CPU number")
    refused(q.ask("pmemsave", val=0x80000000, size=-1, filename="m"), "Parameter 'size' expects")
    refused(q.ask("pmemsave", val=0x80000000, size=1, filename="no/m"), "could not write 'no/m'")
    refused(q.ask("send-key", keys=[{"type": "qcode", "data": "a"}]),
            "machine 'board' has no keyboard")
    refused(q.ask("send-key", keys=[{"type": "qcode"}]), "Parameter 'keys[0].data' is missing")
    for kind, data in (("qcode", "zz"), ("qcode", 5), ("number", "a"), ("number", 1 << 40),
                       ("qcode", []), ("qcode", None)):
        refused(q.ask("send-key", keys=[{"type": kind, "data": data}]), "Parameter 'data' does not")
    key = {"down": True, "key": {"type": "qcode", "data": "a"}}
    for event, text in (({"type": "key", "data": key}, "machine 'board' has no keyboard"),
                        ({"type": "key", "data": {"down": True}}, "Parameter 'key' is missing"),
                        ({"type": "rel", "data": {"axis": "x", "value": 1 << 40}},
                         "Parameter 'value' is from"),
                        ({"type": "abs", "data": {"axis": "x", "value": 1}},
                         "machine 'board' has no mouse"),
                        ({"type": "btn", "data": []}, "Invalid parameter type for 'data'"),
                        ({"type": "zz", "data": {}},
                         "Parameter 'events[0].type' does not accept value 'zz'")):
        refused(q.ask("input-send-event", events=[event]), text)
    refused(q.ask("input-send-event", events=[{"type": "key", "data": key}] * 65), "Parameter 'events'")
    refused(q.ask("screendump", filename="x"), "machine 'board' has no display")
    refused(q.ask("inject-nmi"), "machine does not provide NMIs")
    refused(q.ask("eject", id="d0"), "Device 'd0' is not removable")
    refused(q.ask("eject", id="zz"), "Device 'zz' not found", "DeviceNotFound")
    refused(q.ask("eject"), "Need exactly one of 'device' and 'id'")
    refused(q.ask("blockdev-change-medium", id="d0", filename="x"), "Device 'd0' is not removable")


def test():
    with open("d.raw", "wb") as file:
        file.truncate(1 << 20)
    with Machine("-drive", "file=d.raw,format=raw,id=d0", "-name", "foo") as machine:
        with machine.qmp() as q:
            schema = Schema(q.do("query-qmp-schema"))
            for part in (answers, devices, backends, character, guest):
                part(q, schema)
                print(f"{part.__name__}: ok")
            equal(q.do("query-name"), {"name": "foo"})
            cpus = q.do("query-cpus-fast")
            threads = os.listdir(f"/proc/{machine.process.pid}/task")
            equal([str(c["thread-id"]) in threads for c in cpus], [True] * len(cpus))
            q.do("quit")
        machine.ends()


console.main(test)
