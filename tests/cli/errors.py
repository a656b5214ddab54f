#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""errors.py CATALOGUE DIR ROOT [--update] - runs the wrong inputs of a catalogue.

The catalogue is a series of "$ WORDS", what is said, "[STATUS]" and an empty line. WORDS are for
plugboard-system-toy, or begin with `plugboard`; `nobody` before them runs them as a user without
rights, and PORT in them is a TCP port that this process has taken.

Of each, three things are claimed: the text; that there is a cure beside the cause, or the cause
says what was wanted; and that --errors=json says the same: PROGRAM: PLACE: CAUSE, and CURE after
"; " or on the next line."""
import json
import os
import re
import shlex
import socket
import subprocess
import sys

catalogue, scratch, root = sys.argv[1:4]
update = sys.argv[4:] == ["--update"]
taken = socket.create_server(("127.0.0.1", 0))
port = str(taken.getsockname()[1])
nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []

WANTED = re.compile(r"expect|takes|at most|The max|must|choose|needs|read-only=on") # cause and cure


def plain(text):
    """What differs from run to run gets a name."""
    text = text.replace(scratch, "TMP").replace(root, "ROOT").replace(port, "PORT")
    text = re.sub(r"\buser \d+ the right", "user UID the right", text)
    return re.sub(r"\bpid \d+|\(\d+\)", "pid PID", text)


def run(words, *more):
    argv = shlex.split(words.replace("PORT", port))
    as_nobody = argv[0] == "nobody"
    argv = argv[1:] if as_nobody else argv
    program = "plugboard" if argv[0] == "plugboard" else "plugboard-system-toy"
    argv = argv[1:] if program == "plugboard" else argv
    try:
        return finished(as_nobody, program, [*more, *argv])
    except subprocess.TimeoutExpired:
        return "it runs", 0


def finished(as_nobody, program, argv):
    done = subprocess.run((nobody if as_nobody else []) + [f"{scratch}/bin/{program}", *argv],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=10, cwd=scratch, check=False)
    return plain(done.stdout.decode(errors="replace")), done.returncode


def twin(words, text):
    """What is wrong with the JSON form, or None."""
    lines, said = [], run(words, "--errors=json")[0]
    for line in said.splitlines():
        try:
            o = json.loads(line)
        except ValueError:
            return f"no JSON: {line}"
        if not o.get("cure") and o["severity"] == "error" and not WANTED.search(o.get("cause", "")):
            return f"no cause or no cure: {line}"
        place = o.get("option") or o.get("file") and ":".join(
            str(o[k]) for k in ("file", "line", "column") if k in o)
        head = "" if o.get("file") and "line" in o and "column" in o else f"{o['program']}: "
        head += "warning: " if o["severity"] == "warning" else ""
        if place and o["cause"].startswith(place):
            place = None # "-append only allowed with …"
        lines.append(head + (f"{place}: " if place else "") + o["cause"])
        lines += o["cure"].splitlines() if o.get("cure") else []
    if "\n".join(lines).replace("; ", "\n") + "\n" != text.replace("; ", "\n"):
        return "it says something else:\n" + "\n".join(lines)
    return None


def main():
    blocks = open(catalogue, encoding="utf-8").read().strip("\n").split("\n\n$ ")
    out, bad = [], 0
    for block in blocks:
        words, _, want = block.removeprefix("$ ").partition("\n")
        text, status = run(words)
        got = f"{text}[{status}]"
        out.append(f"$ {words}\n{got}\n")
        faults = [] if update or got == want.rstrip("\n") else [f"said:\n{got}\nwanted:\n{want}"]
        if status == 0:
            faults.append("it is not refused")
        faults.append(twin(words, text))
        for fault in filter(None, faults):
            print(f"$ {words}\n{fault}\n")
            bad += 1
    if update:
        with open(catalogue, "w", encoding="utf-8") as f:
            f.write("\n".join(out))
    print(f"{len(blocks)} wrong inputs, {bad} faults")
    return 1 if bad or len(blocks) < 120 else 0


sys.exit(main())
