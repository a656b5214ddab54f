# SPDX-License-Identifier: MIT
"""qmp.py - a toy machine with QMP, for the tests of it."""
import os
import subprocess
import console


class Machine:
    """plugboard-system-toy with a QMP socket; `options` are added."""

    def __init__(self, *options, path="qmp", paused=True, stdin=subprocess.DEVNULL, program=None,
                 board="board"):
        self.path = os.path.abspath(path)
        line = [program or os.environ["TOY"], "-M", board, "-serial", "null", "-display", "none",
                "-qmp", f"unix:{self.path},server=on,wait=off", *options]
        if paused:
            line.append("-S")
        self.process = subprocess.Popen(line, stdin=stdin, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.process.poll() is None:
            self.process.kill()
        out = self.process.communicate()[0].decode()
        if kind is not None:
            print(out)

    def qmp(self, **more):
        return console.Qmp(self.path, **more)

    def ends(self, status=0):
        self.process.wait(30)
        equal(self.process.returncode, status, "exit status")


def equal(got, want, what=""):
    if got != want:
        raise console.Failed(f"{what}: got {got!r}, not {want!r}")


def refused(answer, text, cls="GenericError"):
    """An error of that class whose description begins with text."""
    error = answer.get("error", {})
    if error.get("class") != cls or not error.get("desc", "").startswith(text):
        raise console.Failed(f"got {answer!r}, not {cls}: {text}")


class Schema:
    """What query-qmp-schema says, to hold answers and events against."""

    def __init__(self, entries):
        self.types = {e["name"]: e for e in entries if e["meta-type"] not in ("command", "event")}
        self.commands = {e["name"]: e for e in entries if e["meta-type"] == "command"}
        self.events = {e["name"]: e for e in entries if e["meta-type"] == "event"}

    def check(self, name, value, where, open_ended=False):
        """`value` is of type `name`: all members that must be there, and no others."""
        entry = self.types[name]
        kind = entry["meta-type"]
        if kind == "builtin":
            wanted = {"string": str, "int": int, "number": (int, float), "boolean": bool,
                      "null": type(None), "value": object}[entry["json-type"]]
            good = isinstance(value, wanted) and (wanted is not int or value is not True)
        elif kind == "enum":
            good = value in entry["values"]
        elif kind == "array":
            good = isinstance(value, list)
            for item in value if good else ():
                self.check(entry["element-type"], item, where + "[]", open_ended)
        else:
            members = {m["name"]: m for m in entry["members"]}
            good = (isinstance(value, dict) and (open_ended or set(value) <= set(members)) and
                    all(m in value for m in members if "default" not in members[m]))
            for key, item in value.items() if good else ():
                if key in members:
                    self.check(members[key]["type"], item, f"{where}.{key}", open_ended)
        if not good:
            raise console.Failed(f"{where}: {value!r} is no {name}")

    def shape(self, name, seen=()):
        """A type without names that are nobody's business but the schema's: members by name (with
        ? where they may be left out), [element], or JSON's word."""
        entry = self.types[name]
        kind = entry["meta-type"]
        if kind == "builtin":
            return entry["json-type"]
        if kind == "array":
            return [self.shape(entry["element-type"], seen)]
        if kind == "enum":
            return "string"
        if kind == "alternate" or name in seen:
            return "value"
        found = {m["name"] + ("?" if "default" in m else ""): self.shape(m["type"], (*seen, name))
                 for m in entry["members"]}
        cases = [self.types[c["type"]]["members"] for c in entry.get("variants", ())]
        for member in [m for case in cases for m in case]:
            always = all(any(m["name"] == member["name"] and "default" not in m for m in case)
                         for case in cases)
            found[member["name"] + ("" if always else "?")] = "value"
        return dict(sorted(found.items()))

    def shapes(self, names):
        """Of those commands and events: arguments or data, and what is returned."""
        found = {}
        for entry in [*self.commands.values(), *self.events.values()]:
            if entry["name"] in names:
                found[entry["name"]] = [self.shape(entry[k]) for k in ("arg-type", "ret-type")
                                        if k in entry]
        return found
