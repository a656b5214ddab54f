#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `plugboard inspect MACHINE --json` says is in its --svg: each device, address range and bus
once, each wire once, nothing else, and no text wider than its place.

usage: picture.py SVG JSON"""
import collections
import json
import re
import sys
import xml.etree.ElementTree as ET

SVG = "{http://www.w3.org/2000/svg}"
RUN = re.compile(r"(\w[\w-]*)\[(\d+)-(\d+)\] to (.*)")


def expand(label):
    """The wires of one label: "irq[0-1] to spi.8-9, x to y" has three."""
    for run in re.sub(r" \(shared\)", "", label).split(", "):
        many = RUN.fullmatch(run)
        if not many:
            yield tuple(run.split(" to "))
            continue
        out, first, last, to = many[1], int(many[2]), int(many[3]), many[4]
        ends = re.fullmatch(r"(.*?)(\d+)-(\d+)", to)
        for i in range(last - first + 1):
            yield f"{out}[{first + i}]", f"{ends[1]}{int(ends[2]) + i}" if ends else to
        if ends and int(ends[3]) - int(ends[2]) != last - first:
            yield run, "has not as many inputs as outputs"


def wanted(machine):
    for d in machine["devices"]:
        yield "device", f"{d['name']}  ({d['class']})"
        for r in d["regions"]:
            end = f"-0x{r['address'] + r['size'] - 1:x}" if r["size"] else ""
            yield "range", f"0x{r['address']:x}{end}"
        for line in d["lines"]:
            yield "wire", (line["output"], line["sink"].split(":")[1])
        if d["buses"]:
            yield "bus", "bus: " + ", ".join(d["buses"])
    first = machine["cpu-lines"][:1]  # the other CPUs' are like these
    for line in first[0]["lines"] if first else []:
        yield "wire", (line["output"], line["sink"].split(":")[1])
    for m in machine["memory"]:
        yield "range", f"0x{m['address']:x}-0x{m['address'] + m['size'] - 1:x}"


def drawn(root):
    for t in root.iter(SVG + "text"):
        text, kind = t.text or "", t.get("class")
        if kind == "wirename":
            if len(text) > 36:
                raise SystemExit(f"'{text}' runs into the lanes")
            for wire in expand(text):
                yield "wire", wire
        elif kind == "sub" and len(text) > 62:
            raise SystemExit(f"'{text}' is wider than its box")
        elif kind == "addr":
            yield "range", text
        elif kind == "name" and "  (" in text:
            yield "device", text
        elif kind == "bus" and text.startswith("bus: "):
            yield "bus", text


with open(sys.argv[2], encoding="utf-8") as f:
    WANT = collections.Counter(wanted(json.load(f)))
HAVE = collections.Counter(drawn(ET.parse(sys.argv[1]).getroot()))
for item in sorted(set(WANT) | set(HAVE), key=str):
    if WANT[item] != HAVE[item]:
        print(f"{item[0]} {item[1]}: {HAVE[item]} times, not {WANT[item]}")
sys.exit(WANT != HAVE)
