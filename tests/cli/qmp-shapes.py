#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Commands, answers and events have the members and types that those of QEMU 7.2 have, which
qmp-shapes.json lists. `qmp-shapes.py --write QEMU-SYSTEM` makes it anew, for the names in it and
those that Plugboard ($TOY) has."""
import json
import os
import subprocess
import sys
import console
from qmp import Machine, Schema, equal

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "qmp-shapes.json")


def ours():
    with Machine() as machine, machine.qmp() as q:
        return Schema(q.do("query-qmp-schema"))


def write(qemu):
    asked = b'{"execute": "qmp_capabilities"}{"execute": "query-qmp-schema"}{"execute": "quit"}'
    done = subprocess.run([qemu, "-M", "none", "-nodefaults", "-display", "none", "-qmp", "stdio"],
                          input=asked, stdout=subprocess.PIPE, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    entries = [a["return"] for a in answers if isinstance(a.get("return"), list)][0]
    mine = ours()
    shapes = Schema(entries).shapes({*mine.commands, *mine.events})
    with open(FILE, "w", encoding="utf-8") as file:
        lines = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(shapes.items())]
        file.write("{\n" + ",\n".join(lines) + "\n}\n")


def compare(mine, theirs, where, answer):
    """An answer has all that QEMU's always has. Arguments that it does not need are not needed
    here. Neither has anything that QEMU's has not; what is only a `value` here, code looks at."""
    if mine == "value" and not answer:
        return
    if isinstance(mine, list) and isinstance(theirs, list):
        compare(mine[0], theirs[0], where + "[]", answer)
    elif isinstance(mine, dict) and isinstance(theirs, dict):
        names = {m.rstrip("?"): m for m in mine}
        known = {m.rstrip("?"): m for m in theirs}
        equal(sorted(set(names) - set(known)), [], f"{where}: members that QEMU has not")
        must = known.values() if answer else names.values()
        lost = [m for m in must if not m.endswith("?") and
                (names if answer else known).get(m) != m]
        equal(lost, [], f"{where}: members that {'QEMU always has' if answer else 'it needs not'}")
        for name, key in names.items():
            compare(mine[key], theirs[known[name]], f"{where}.{name}", answer)
    else:
        equal(mine, theirs, where)


def test():
    with open(FILE, encoding="utf-8") as file:
        known = json.load(file)
    schema = ours()
    shapes = schema.shapes({*schema.commands, *schema.events})
    equal(sorted(set(shapes) - set(known)), [], "names that QEMU has not")
    for name, mine in shapes.items():
        event = name in schema.events
        compare(mine[0], known[name][0], name, event)
        if not event:
            compare(mine[1], known[name][1], f"answer to {name}", True)
    print(f"{len(shapes)} names")


if len(sys.argv) == 3 and sys.argv[1] == "--write":
    write(sys.argv[2])
else:
    console.main(test)
