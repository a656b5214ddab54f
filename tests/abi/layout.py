#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Golden layout of the ABI: layout.py print OBJECT, or layout.py check OBJECT GOLDEN [MINOR].

One line a member: struct, member, offset, size, type as pahole prints it. The check accepts
two kinds of change only: members appended to a struct whose first member is `size`, and new
structs. Everything else is a break and needs a new epoch.

GOLDEN is that of the newest released minor version; MINOR is the one that the headers say. When
it is the golden one, nothing may be added; when it is the next, it is still open and additions
are what it is for; `print` makes its golden file at its release."""
import re
import subprocess
import sys


def layout(obj):
    out = subprocess.run(["pahole", "--show_only_data_members", obj], capture_output=True,
                         text=True)
    if out.returncode:
        out = subprocess.run(["pahole", obj], capture_output=True, text=True, check=True)
    structs, name, depth = {}, None, 0
    for line in out.stdout.splitlines():
        start = re.match(r"^struct (pb_\w+) \{", line)
        if start:
            name, depth = start.group(1), 1
            structs[name] = []
            continue
        if name is None:
            continue
        depth += line.count("{") - line.count("}")
        member = re.match(r"^\t(.*?);\s*/\*\s*(\d+)\s+(\d+)\s*\*/", line)
        if member and depth == 1:
            decl = " ".join(member.group(1).split())
            word = re.search(r"\(\*(\w+)\)", decl) or re.search(r"(\w+)(\[\d+\])*$", decl)
            structs[name].append((word.group(1), int(member.group(2)), int(member.group(3)),
                                  decl))
        total = re.match(r"^\t/\* size: (\d+)", line)
        if total:
            structs[name].append(("*", int(total.group(1)), 0, "total"))
        if depth == 0:
            name = None
    return structs


def lines(structs):
    for name in sorted(structs):
        for member, offset, size, decl in structs[name]:
            yield f"{name}\t{member}\t{offset}\t{size}\t{decl}"


def check(now, golden_path, minor=None):
    golden = {}
    released = None
    with open(golden_path, encoding="utf-8") as f:
        for line in f:
            head = re.match(r"# ABI epoch \d+, minor (\d+)", line)
            if head:
                released = int(head.group(1))
            if line.startswith("#") or not line.strip():
                continue
            name, member, offset, size, decl = line.rstrip("\n").split("\t")
            golden.setdefault(name, []).append((member, int(offset), int(size), decl))
    faults, added = [], []
    for name, old in golden.items():
        new = now.get(name)
        if new is None:
            faults.append(f"struct {name} is gone")
            continue
        old_m = [m for m in old if m[0] != "*"]
        new_m = [m for m in new if m[0] != "*"]
        for i, m in enumerate(old_m):
            if i >= len(new_m) or new_m[i] != m:
                got = new_m[i][3] if i < len(new_m) else "nothing"
                faults.append(f"struct {name}: '{m[3]}' at {m[1]} is now '{got}'")
        added += [f"{name}.{m[0]}" for m in new_m[len(old_m):]]
        if len(new_m) > len(old_m) and old_m[0][0] != "size":
            faults.append(f"struct {name} is frozen and grew '{new_m[len(old_m)][3]}'")
    added += sorted(set(now) - set(golden))
    if minor is not None and released is not None:
        if minor not in (released, released + 1):
            faults.append(f"the headers say minor {minor}, after {released} comes {released + 1}")
        if minor == released and added:
            faults.append(f"minor {released} is released, but has grown {', '.join(added)}: raise "
                          "PB_ABI_MINOR")
        if minor == released + 1 and added:
            print(f"minor {minor} is open and adds: {' '.join(added)}")
    for fault in faults:
        print(f"ABI break: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "print":
        print("\n".join(lines(layout(sys.argv[2]))))
    elif len(sys.argv) in (4, 5) and sys.argv[1] == "check":
        sys.exit(check(layout(sys.argv[2]), sys.argv[3], *map(int, sys.argv[4:])))
    else:
        sys.exit("usage: layout.py print OBJECT | layout.py check OBJECT GOLDEN [MINOR]")
