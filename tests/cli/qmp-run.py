# SPDX-License-Identifier: MIT
"""Run state and its events, their order, and what the schema says of all of it."""
import time
import console
from qmp import Machine, equal, refused


def events(q):
    """Names and data of those that have come."""
    got = [(e["event"], e.get("data")) for e in q.events]
    q.events.clear()
    return got


def run_state(machine):
    before = time.time()
    with machine.qmp() as q:
        equal(q.do("stop"), {})
        equal(events(q), [], "stop of a stopped machine")
        q.do("cont")
        stamp = q.events[0]["timestamp"]
        now = stamp["seconds"] + stamp["microseconds"] / 1e6
        if not before - 1 < now < time.time() + 1:
            raise console.Failed(f"the event's time is {now}")
        equal(events(q), [("RESUME", None)])
        equal(q.do("query-status"), {"status": "running", "singlestep": False, "running": True})
        q.do("human-monitor-command", {"command-line": "info registers"})
        q.do("pmemsave", val=0x80000000, size=16, filename="memory")
        equal(events(q), [], "a look at the machine")
        q.do("human-monitor-command", {"command-line": "stop"})
        equal(events(q), [("STOP", None)])
        equal(q.do("query-status")["status"], "paused")
        q.do("system_reset")
        equal(events(q), [("RESET", {"guest": False, "reason": "host-qmp-system-reset"})])
        equal(q.do("query-status")["status"], "prelaunch")
        refused(q.ask("system_powerdown"), "machine 'board' has no power button")


def order(machine):
    """Events and answers of a burst: none overtakes another."""
    with machine.qmp() as q:
        q.send(b'{"execute": "cont", "id": 0}{"execute": "stop", "id": 1}' * 100)
        seen = [q.message() for _ in range(400)]
        words = [m.get("event", m.get("id")) for m in seen]
        equal(words, ["RESUME", 0, "STOP", 1] * 100)
        times = [m["timestamp"] for m in seen if "event" in m]
        flat = [t["seconds"] * 10**6 + t["microseconds"] for t in times]
        equal(flat, sorted(flat), "times")


def both(machine):
    """An event reaches every client that has negotiated."""
    with machine.qmp() as q, console.Qmp("second", negotiate=False) as other:
        q.do("cont")
        q.do("stop")
        equal(other.ask("qmp_capabilities"), {"return": {}})
        equal(other.events, [], "events before negotiation")
        q.do("cont")
        other.event("RESUME")


def test():
    with Machine("-chardev", "socket,id=c,path=second,server=on,wait=off",
                 "-mon", "c,mode=control,pretty=off") as machine:
        for part in (run_state, order, both):
            part(machine)
            print(f"{part.__name__}: ok")
        with machine.qmp() as q, console.Qmp("second") as other:
            q.do("quit")
            other.event("SHUTDOWN", guest=False, reason="host-qmp-quit")
            equal(other.message(), None, "after the end")
        machine.ends()
    with Machine() as machine, machine.qmp() as q:
        machine.process.terminate()
        q.event("SHUTDOWN", guest=False, reason="host-signal")
        machine.ends()


console.main(test)
