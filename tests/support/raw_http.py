"""Bytes to a server and every answer back: for requests that no HTTP library would send."""
from __future__ import annotations

import json
import select
import socket
import struct
import time


class RawAnswer:
    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes):
        self.status, self.headers, self.body = status, headers, body

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name.lower()), None)

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"RawAnswer({self.status}, {self.body[:160]!r})"


class Exchange:
    """What came back: complete answers in order, whether the peer closed (`closed`) or reset (`reset`), and seconds."""

    def __init__(self):
        self.answers: list[RawAnswer] = []
        self.closed = self.reset = False
        self.rest = b""
        self.seconds = 0.0

    def __repr__(self):
        return f"Exchange({self.answers}, closed={self.closed}, reset={self.reset}, rest={self.rest[:80]!r})"


def connect(address: str, timeout: float = 10) -> socket.socket:
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=timeout)


def exchange(address: str, data: bytes, *, wait: float = 3.0, answers: int | None = None, chunk: int = 65536) -> Exchange:
    """Sends `data` while reading, until the peer closes, `answers` answers are complete, or `wait` seconds are silent.

    Sending goes on after the answer began, as a client does that looks at the answer only when it has sent everything;
    an error of send() ends sending, not reading.
    """
    result, received, started = Exchange(), bytearray(), time.monotonic()
    with connect(address) as connection:
        connection.setblocking(False)
        left, quiet_since = memoryview(data), time.monotonic()
        while time.monotonic() - quiet_since < wait:
            readable, writable, _ = select.select([connection], [connection] if left else [], [], 0.2)
            if writable:
                try:
                    left = left[connection.send(left[:chunk]):]
                    quiet_since = time.monotonic()
                except (BrokenPipeError, ConnectionResetError):
                    left = left[:0]
            if readable:
                try:
                    part = connection.recv(65536)
                except ConnectionResetError:
                    result.closed = result.reset = True
                    break
                if not part:
                    result.closed = True
                    break
                received += part
                quiet_since = time.monotonic()
                if answers is not None and len(split_answers(bytes(received))[0]) >= answers and not left:
                    break
    result.answers, result.rest = split_answers(bytes(received))
    result.seconds = time.monotonic() - started
    return result


def split_answers(data: bytes) -> tuple[list[RawAnswer], bytes]:
    """Answers with a Content-Length (or 1xx, 204, 304, which have no body), and the bytes behind the last complete one."""
    answers = []
    while b"\r\n\r\n" in data:
        head, rest = data.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        headers = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]
        length = int(next((value for name, value in headers if name == "content-length"), 0))
        if len(rest) < length:
            break
        answers.append(RawAnswer(status, headers, rest[:length]))
        data = rest[length:]
    return answers, data


def reset_now(connection: socket.socket) -> None:
    """Closes with RST: what a client that vanished looks like."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def request_bytes(method: str, target: str, headers: list[tuple[str, str]], body: bytes = b"", *,
                  version: str = "HTTP/1.1", length: bool = True) -> bytes:
    """A request with exactly these header lines, plus Content-Length unless told not to."""
    lines = [f"{method} {target} {version}"] + [f"{name}: {value}" for name, value in headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body
