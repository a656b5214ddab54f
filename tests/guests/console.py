# SPDX-License-Identifier: MIT
"""console.py - drives an emulator by its console; what the guest tests and benchmarks share.

A Guest runs the command with its standard input and output on pipes, keeps all that it says,
waits for patterns and types. Nothing waits for ever: every wait has a limit, and the process
ends with the Guest. On a failure the log's end is printed and the whole log is kept.

The emulator comes from $PLUGBOARD_SYSTEM (a command, split as the shell would; default: the
build tree's plugboard-system-riscv64), so any test here runs under qemu-system-riscv64 too.
"""
import json
import os
import re
import selectors
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(HERE))
SKIPPED = 77  # what CMakeLists.txt declares as SKIP_RETURN_CODE


# ECMA-48 control sequences and strings: terminals' business, not the tests'.
ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)"
                    r"|[()#][0-9A-Za-z]|[0-9=>A-Z])")
PARTIAL = re.compile(r"\x1b[^\x1b]{0,200}\Z")


class Failed(Exception):
    """A guest did not do what the test expects."""


def system(arch="riscv64"):
    """The emulator's command as a list."""
    default = os.path.join(os.environ.get("PLUGBOARD_BUILD", os.path.join(REPO, "build/release")),
                           "bin/plugboard-system-" + arch)
    return shlex.split(os.environ.get("PLUGBOARD_SYSTEM", "")) or [default]


def is_qemu():
    """True when the emulator under test is QEMU itself: a few lines differ between releases."""
    return "qemu" in os.path.basename(system()[-1])


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def artefact(builder, *args):
    """Runs tests/guests/BUILDER and returns its KEY=PATH lines as a dict."""
    done = subprocess.run([os.path.join(HERE, builder), *args], stdout=subprocess.PIPE,
                          text=True, check=False)
    if done.returncode == SKIPPED:
        skip(done.stdout.strip() or builder)
    if done.returncode:
        raise Failed(f"{builder} failed with status {done.returncode}")
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


def scratch(name="plugboard-"):
    """A directory that goes away with the test: a TemporaryDirectory."""
    return tempfile.TemporaryDirectory(prefix=name, dir=os.environ.get("PLUGBOARD_SCRATCH"))


class Guest:
    """One run of an emulator. `command` is the whole command line."""

    def __init__(self, command, log=None, env=None):
        self.command = [str(word) for word in command]
        self.text = ""        # all output so far, without escape sequences
        self.pending = ""     # the beginning of one that has not come whole
        self.seen = 0         # up to where expect() has looked
        self.status = None
        self.log = log
        self.started = time.monotonic()
        try:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                            env=env, start_new_session=True)
        except OSError as error:
            raise Failed(f"cannot run {self.command[0]}: {error.strerror}; build it, or name "
                         "another emulator in PLUGBOARD_SYSTEM") from error
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)
        self.eof = False

    def wait_for_file(self, path, timeout):
        """The emulator makes `path`, such as a socket, before its guest runs."""
        end = time.monotonic() + timeout
        while not os.path.exists(path):
            if self.process.poll() is not None or time.monotonic() > end:
                raise Failed(f"{path} did not come to be")
            time.sleep(0.05)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.kill()
        if kind is not None:
            self.keep_log()

    def keep_log(self):
        path = self.log
        if not path:
            folder = os.environ.get("PLUGBOARD_TEST_LOGS", tempfile.gettempdir())
            os.makedirs(folder, exist_ok=True)
            path = os.path.join(folder, os.path.basename(sys.argv[0]) + ".console")
        with open(path, "w", encoding="utf-8") as out:
            out.write("$ " + shlex.join(self.command) + "\n" + self.text)
        print(f"--- command: {shlex.join(self.command)}\n--- end of console ({path}):",
              file=sys.stderr)
        print("\n".join(self.text.splitlines()[-30:]), file=sys.stderr)

    def read(self, limit):
        """Takes in what comes within `limit` seconds; False at the end of output."""
        if self.eof:
            return False
        if self.selector.select(max(limit, 0)):
            # Not by the file object: it may keep a rest in a buffer of which select() knows nothing.
            data = os.read(self.process.stdout.fileno(), 1 << 16)
            if not data:
                self.eof = True
                return False
            fresh = self.pending + data.decode("utf-8", "replace").replace("\r", "")
            fresh = ESCAPE.sub("", fresh)
            partial = PARTIAL.search(fresh)
            self.pending = partial.group(0) if partial else ""
            self.text += fresh[:len(fresh) - len(self.pending)]
        return True

    def expect(self, *patterns, timeout=60, stop=None):
        """Waits until one of the patterns comes; returns the match (its .re tells which).
        `stop` is a pattern that must not come first."""
        # A line counts when it is whole: `$` is not the end of what has come so far.
        wanted = [re.compile(re.sub(r"\$$", r"(?=\\n)", p), re.M) for p in patterns]
        never = re.compile(stop, re.M) if stop else None
        deadline = time.monotonic() + timeout
        while True:
            hits = [m for m in (w.search(self.text, self.seen) for w in wanted) if m]
            if never:
                bad = never.search(self.text, self.seen)
                if bad and not any(m.start() <= bad.start() for m in hits):
                    raise Failed(f"the guest said {bad.group(0)!r} before {patterns}")
            if hits:
                match = min(hits, key=lambda m: m.start())
                self.seen = match.end()
                return match
            left = deadline - time.monotonic()
            if left <= 0:
                raise Failed(f"nothing matched {patterns} within {timeout} s")
            if not self.read(min(left, 1)):
                raise Failed(f"the emulator ended (status {self.wait(5)}) before {patterns}")

    def send(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def command_line(self, line, timeout=60):
        """Types a shell command and returns (status, output). The words that mark the end are
        not in what is typed, so the console's echo is not taken for them."""
        self.send(f"{line}; echo PB-''STATUS $?\n")
        begin = self.seen
        match = self.expect(r"^PB-STATUS (\d+)$", timeout=timeout)
        return int(match.group(1)), self.text[begin:match.start()].partition("\n")[2]

    def run(self, line, timeout=60):
        """command_line that must succeed."""
        status, output = self.command_line(line, timeout)
        if status:
            raise Failed(f"in the guest, {line!r} gave {status}: {output[-500:]}")
        return output

    def wait(self, timeout):
        """Waits for the emulator's end, taking in output; returns its status."""
        deadline = time.monotonic() + timeout
        while not self.eof and time.monotonic() < deadline:
            self.read(min(1, deadline - time.monotonic()))
        try:
            self.status = self.process.wait(max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired as late:
            raise Failed(f"the emulator still runs after {timeout} s") from late
        return self.status

    def ends(self, status=0, timeout=30):
        got = self.wait(timeout)
        if got != status:
            raise Failed(f"the emulator's exit status is {got}, not {status}")

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            try:
                pipe.close()
            except BrokenPipeError:
                pass

    def cpu(self):
        """CPU seconds that the emulator has spent, all its threads (clock_getcpuclockid(3))."""
        return time.clock_gettime_ns(~self.process.pid << 3 | 2) / 1e9


class Monitor:
    """The emulator's monitor, by a socket."""

    def __init__(self, path):
        for _ in range(100): # the file is there a moment before somebody listens
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(30)
            try:
                self.socket.connect(path)
                break
            except ConnectionRefusedError:
                self.socket.close()
                time.sleep(0.05)
        self.answer()

    def answer(self):
        text = ""
        while not text.endswith(") "):
            data = self.socket.recv(4096)
            if not data:
                raise Failed("the monitor went away")
            text += data.decode("utf-8", "replace")
        return text

    def say(self, line):
        """What comes back, an error or not."""
        self.socket.sendall(line.encode() + b"\n")
        return self.answer()

    def do(self, line):
        text = self.say(line)
        if re.search(r"^Error|^[^(]*: error", text, re.M):
            raise Failed(f"{line}: {text}")
        return text


class Qmp:
    """The emulator's QMP monitor: a socket's path, or a pair of streams of bytes."""

    def __init__(self, path, negotiate=True, timeout=30):
        self.timeout = timeout
        self.events = []      # that nobody waited for yet
        self.pending = b""
        end = time.monotonic() + timeout
        while True: # the file is there a moment before somebody listens
            self.socket = socket.socket(socket.AF_UNIX)
            try:
                self.socket.connect(path)
                break
            except OSError as error:
                self.socket.close()
                if time.monotonic() > end:
                    raise Failed(f"{path}: {error}") from error
                time.sleep(0.05)
        self.greeting = self.message()
        if "QMP" not in self.greeting:
            raise Failed(f"not a greeting: {self.greeting}")
        if negotiate:
            self.do("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else json.dumps(data).encode())

    def message(self, timeout=None):
        """The next that comes, an event or not; None at the end."""
        end = time.monotonic() + (timeout or self.timeout)
        while b"\n" not in self.pending:
            self.socket.settimeout(max(end - time.monotonic(), 0.01))
            try:
                data = self.socket.recv(1 << 16)
            except TimeoutError as late:
                raise Failed(f"QMP said nothing; what it said before: {self.pending!r}") from late
            except ConnectionResetError:
                data = b""
            if not data:
                return None
            self.pending += data
        line, _, self.pending = self.pending.partition(b"\n")
        return json.loads(line)

    def answer(self):
        """The next that is no event; events are kept."""
        while True:
            message = self.message()
            if message is None:
                raise Failed("QMP went away")
            if "event" not in message:
                return message
            self.events.append(message)

    def ask(self, name, arguments=None, **more):
        """One command; its whole answer."""
        arguments = {**(arguments or {}), **more}
        self.send({"execute": name, **({"arguments": arguments} if arguments else {})})
        return self.answer()

    def do(self, name, arguments=None, **more):
        """One command that must succeed; what it returns."""
        answer = self.ask(name, arguments, **more)
        if "return" not in answer:
            raise Failed(f"QMP {name}: {answer}")
        return answer["return"]

    def event(self, name, timeout=None, **data):
        """Waits for an event with that data; those before it are forgotten."""
        end = time.monotonic() + (timeout or self.timeout)
        while True:
            while not self.events:
                message = self.message(end - time.monotonic())
                if message is None:
                    raise Failed(f"QMP went away before {name}")
                self.events.append(message)
            event = self.events.pop(0)
            if event.get("event") == name and data.items() <= event.get("data", {}).items():
                return event


def main(test):
    """Runs a test function; status 0, 1 or SKIPPED."""
    try:
        test()
    except Failed as failure:
        print(f"FAILED: {failure}", file=sys.stderr)
        sys.exit(1)
    print("ok")
