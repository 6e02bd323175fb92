"""A real broker for a test: a child process with a port and a directory of its own."""
from __future__ import annotations

import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def find_program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin")


class Broker:
    """Subclasses name the program and its arguments. The directory stays over kill() and start()."""

    program = ""
    start_patience = 30  # seconds

    def __init__(self, start: bool = True):
        self.port = free_port()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="tributary-broker-"))
        self.process: subprocess.Popen | None = None
        if start:
            self.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def arguments(self) -> list[str]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """Variables beside those of the test."""
        return {}

    def prepare(self):
        """Makes what is published to. Raises OSError while the broker is not up."""

    def start(self) -> "Broker":
        with open(self.directory / "broker.log", "ab") as log:
            self.process = subprocess.Popen([find_program(self.program), *self.arguments()], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env=os.environ | self.environment())
        deadline = time.monotonic() + self.start_patience
        while True:
            try:
                self.prepare()
                return self
            except OSError as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    log = (self.directory / "broker.log").read_text(errors="replace")[-2000:]
                    raise AssertionError(f"{self.program} did not start: {error}\n{log}") from None
                time.sleep(0.05)

    def kill(self):
        """SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def close(self):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)
