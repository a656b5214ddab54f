# SPDX-License-Identifier: MIT
"""monitor.py - the emulator's monitor, typed at by a test."""
import re
import socket
import console


class Monitor:
    """The emulator's monitor, by a socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(path)
        self.answer()

    def answer(self):
        text = ""
        while not text.endswith(") "):
            data = self.socket.recv(4096)
            if not data:
                raise console.Failed("the monitor went away")
            text += data.decode("utf-8", "replace")
        return text

    def do(self, line):
        self.socket.sendall(line.encode() + b"\n")
        text = self.answer()
        if re.search(r"^Error|^[^(]*: error", text, re.M):
            raise console.Failed(f"{line}: {text}")
        return text
