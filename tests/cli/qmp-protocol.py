# SPDX-License-Identifier: MIT
"""What is said before, between and around commands; peers that break the rules, come again, or
do not listen."""
import json
import socket
import subprocess
import threading
import console
from qmp import Machine, equal, refused

STATUS = {"status": "prelaunch", "singlestep": False, "running": False}


def negotiation(machine):
    with machine.qmp(negotiate=False) as q:
        version = q.greeting["QMP"]["version"]
        equal(sorted(version), ["package", "qemu"])
        equal(sorted(version["qemu"]), ["major", "micro", "minor"])
        equal(q.greeting["QMP"]["capabilities"], [])
        refused(q.ask("query-status"), "Expecting capabilities negotiation with "
                "'qmp_capabilities'", "CommandNotFound")
        refused(q.ask("qmp_capabilities", enable=["oob"]), "Capability 'oob' is not available")
        refused(q.ask("qmp_capabilities", enable=5),
                "Invalid parameter type for 'enable', expected: array")
        equal(q.ask("qmp_capabilities"), {"return": {}})
        refused(q.ask("qmp_capabilities"), "Capabilities negotiation is already complete",
                "CommandNotFound")
        equal(q.do("query-version"), version)


def envelope(machine):
    wrong = [(b"[]", "QMP input must be a JSON object"), (b"5 ", "QMP input must be a JSON object"),
             (b'"x"', "QMP input must be a JSON object"), (b"foo ", "JSON parse error, "),
             (b"}", "JSON parse error, "), (b"{]\n", "JSON parse error, "),
             (b'{"execute": "query-status" "x"}', "JSON parse error, "),
             (b'{"execute": "a\n', "JSON parse error, "),
             (b'{"a": 1, "a": 1}', "JSON parse error, "),
             (b'{"execute": "\xc3"}', "JSON parse error, "),
             (b'{"execute": 5}', "QMP input member 'execute' must be a string"),
             (b'{"execute": "stop", "arguments": 5}',
              "QMP input member 'arguments' must be an object"),
             (b'{"exec": "x"}', "QMP input member 'exec' is unexpected"),
             (b'{"exec-oob": "stop"}', "QMP input member 'exec-oob' is unexpected"),
             (b"{}", "QMP input lacks member 'execute'"),
             (b"[" * 40 + b"\n", "JSON parse error, nested too deep"),
             (b"\xff", "JSON parse error, "), (b'{"execute": \xff', "JSON parse error, "),
             (b'{"execute": "st\x01', "JSON parse error, "),
             (b"[" + b"0," * 20000 + b"0]\n", "JSON parse error, too many"),
             (b'"' + b"x" * (1 << 20) + b'"\n', "JSON parse error, too long")]
    with machine.qmp() as q:
        for data, text in wrong:
            q.send(data)
            refused(q.answer(), text)
            # whatever a fault leaves behind, a control character ends it
            q.send(b'\x1b{"execute": "query-status", "id": "again"}')
            refused(q.answer(), "JSON parse error, ")
            equal(q.answer(), {"return": STATUS, "id": "again"}, text)
        q.send(b'{"execute": 5, "id": {"a": [1.50e3, null, true, "\\u00e9"]}}')
        equal(q.answer()["id"], {"a": [1500.0, None, True, "\u00e9"]})
        refused(q.ask("nosuch"), "The command nosuch has not been found", "CommandNotFound")


def arguments(machine):
    human = "human-monitor-command"
    with machine.qmp() as q:
        refused(q.ask("query-status", a=1), "Parameter 'a' is unexpected")
        refused(q.ask(human), "Parameter 'command-line' is missing")
        refused(q.ask(human, {"command-line": 5}),
                "Invalid parameter type for 'command-line', expected: string")
        refused(q.ask(human, {"command-line": "stop", "cpu-index": 1.5}),
                "Invalid parameter type for 'cpu-index', expected: integer")
        for cpu in (-1, 4, 1 << 62):
            refused(q.ask(human, {"command-line": "stop", "cpu-index": cpu}),
                    "Parameter 'cpu-index' expects a CPU number")
        equal(q.do(human, {"command-line": "info status"}), "VM status: paused (prelaunch)\r\n")
        equal(q.do(human, {"command-line": "nosuch"}), "unknown command: 'nosuch'\r\n")


def pieces(machine):
    """Several commands in one write, one in many, with every kind of blank between."""
    one = b'{"execute": "query-status", "id": %d}'
    with machine.qmp() as q:
        q.send(b"".join(one % i + b" \r\n\t" * (i % 3) for i in range(200)))
        for i in range(200):
            equal(q.answer(), {"return": STATUS, "id": i})
        q.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        for i in one % 7:
            q.send(bytes([i]))
        equal(q.answer()["id"], 7)
        q.send(b"{'execute': 'query-status', 'id': 'it\\'s'}")
        equal(q.answer()["id"], "it's")


def again(machine):
    """Each peer is greeted and has to negotiate; half a command dies with its peer."""
    for _ in range(3):
        with machine.qmp() as q:
            q.send(b'{"execute": "query-st')
    with machine.qmp(negotiate=False) as q:
        refused(q.ask("query-status"), "Expecting capabilities", "CommandNotFound")
        q.do("qmp_capabilities")
        equal(q.do("query-status"), STATUS)


def slow(machine):
    """Who sends and does not read: his commands wait. Who does not even read events is dropped;
    the machine goes on meanwhile."""
    with machine.qmp() as q, console.Qmp("second") as other:
        command = b'{"execute": "query-commands"}' * 64
        q.socket.setblocking(False)
        sent, full = 0, 0
        while full < 20:
            try:
                sent += q.socket.send(command)
                full = 0
            except BlockingIOError:
                full += 1
                equal(other.do("query-status"), STATUS)
        q.socket.setblocking(True)
        rest = len(command) - sent % len(command)
        got = 0
        threading.Thread(target=q.send, args=(command[-rest:],), daemon=True).start()
        while got < sent // len(command) * 64:
            q.answer()
            got += 1
    with machine.qmp(), console.Qmp("second") as other:
        turns = 0
        while "does not read" not in machine.said():
            other.send(b'{"execute": "cont"}{"execute": "stop"}' * 500)
            for _ in range(1000):
                other.answer()
            other.events.clear()
            turns += 1
            if turns > 100:
                raise console.Failed("a peer that does not read was not dropped")
    with machine.qmp() as q:
        q.do("system_reset")
        equal(q.do("query-status"), STATUS)


class Watched(Machine):
    """Its words are read while it runs."""

    def __init__(self, *options):
        super().__init__(*options)
        self.text = ""
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.text += line.decode()

    def said(self):
        return self.text


def stdio():
    line = b'{"execute": "qmp_capabilities"}\n{"execute": "quit", "id": 1}\n'
    with Machine("-qmp-pretty", "stdio", stdin=subprocess.PIPE) as machine:
        out = machine.process.communicate(line, 30)[0].decode()
        equal(machine.process.returncode, 0, "exit status")
        found, rest = [], out
        while rest.strip():
            value, end = json.JSONDecoder().raw_decode(rest.lstrip())
            rest = rest.lstrip()[end:]
            found.append(value)
        equal([sorted(v) for v in found],
              [["QMP"], ["return"], ["id", "return"], ["data", "event", "timestamp"]])
        if "\n  " not in out:
            raise console.Failed("-qmp-pretty does not indent")


def test():
    with Watched("-chardev", "socket,id=c,path=second,server=on,wait=off",
                 "-mon", "chardev=c,mode=control") as machine:
        for part in (negotiation, envelope, arguments, pieces, again, slow):
            part(machine)
            print(f"{part.__name__}: ok")
        with machine.qmp() as q:
            q.do("quit")
        machine.ends()
    stdio()


console.main(test)
