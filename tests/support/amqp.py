"""Publishes to RabbitMQ and waits until the broker has it on disk (publisher confirms). AMQP 0-9-1 by hand, no more of
it than that takes; standard library only.

    with Publisher(port) as publisher:
        publisher.declare("orders")
        publisher.publish("orders", [b"one", b"two"])
"""
from __future__ import annotations

import socket
import struct

METHOD, HEADER, BODY, HEARTBEAT = 1, 2, 3, 8
FRAME_END = b"\xce"
# Class and method ids of the specification.
START, START_OK, TUNE, TUNE_OK, OPEN, OPEN_OK, CLOSE = (10, 10), (10, 11), (10, 30), (10, 31), (10, 40), (10, 41), (10, 50)
CHANNEL_OPEN, CHANNEL_OPEN_OK = (20, 10), (20, 11)
QUEUE_DECLARE, QUEUE_DECLARE_OK = (50, 10), (50, 11)
PUBLISH, ACK = (60, 40), (60, 80)
CONFIRM, CONFIRM_OK = (85, 10), (85, 11)
# Which properties follow: content type, delivery mode, message id.
HAS_CONTENT_TYPE, HAS_DELIVERY_MODE, HAS_MESSAGE_ID = 1 << 15, 1 << 12, 1 << 7


def short(text: str) -> bytes:
    return bytes([len(text.encode())]) + text.encode()


def long(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def frame(kind: int, channel: int, payload: bytes) -> bytes:
    return struct.pack(">BHI", kind, channel, len(payload)) + payload + FRAME_END


def method(channel: int, ids: tuple[int, int], arguments: bytes = b"") -> bytes:
    return frame(METHOD, channel, struct.pack(">HH", *ids) + arguments)


class Publisher:
    def __init__(self, port: int, timeout: float = 30):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout)
        self._input = b""
        self._published, self._unconfirmed = 0, set()  # delivery tags
        self._socket.sendall(b"AMQP\x00\x00\x09\x01")
        self._wait(START)
        self._socket.sendall(method(0, START_OK, long(b"") + short("PLAIN") + long(b"\0guest\0guest") + short("en_US")))
        tune = self._wait(TUNE)
        self._socket.sendall(method(0, TUNE_OK, tune[:6] + struct.pack(">H", 0)) +
                             method(0, OPEN, short("/") + short("") + b"\0"))
        self._wait(OPEN_OK)
        self._socket.sendall(method(1, CHANNEL_OPEN, short("")))
        self._wait(CHANNEL_OPEN_OK)
        self._socket.sendall(method(1, CONFIRM, b"\0"))
        self._wait(CONFIRM_OK)

    def close(self):
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def declare(self, queue: str):
        """A durable queue. Returns how many messages wait in it."""
        self._socket.sendall(method(1, QUEUE_DECLARE, b"\0\0" + short(queue) + b"\x02" + long(b"")))
        answer = self._wait(QUEUE_DECLARE_OK)
        return struct.unpack(">I", answer[1 + answer[0]:][:4])[0]

    def publish(self, queue: str, bodies: list[bytes], message_ids: list[str] | None = None):
        """Returns when the broker answers for every one of them."""
        for at in range(0, len(bodies), 500):
            out = b""
            for number, body in enumerate(bodies[at:at + 500], at):
                flags, properties = HAS_CONTENT_TYPE | HAS_DELIVERY_MODE, short("application/json") + b"\x02"
                if message_ids:
                    flags, properties = flags | HAS_MESSAGE_ID, properties + short(message_ids[number])
                out += method(1, PUBLISH, b"\0\0" + short("") + short(queue) + b"\0")
                out += frame(HEADER, 1, struct.pack(">HHQH", 60, 0, len(body), flags) + properties)
                out += frame(BODY, 1, body) if body else b""  # none where the header says 0 bytes
                self._published += 1
                self._unconfirmed.add(self._published)
            self._socket.sendall(out)
            while self._unconfirmed:
                self._wait(ACK)

    def _read(self, count: int) -> bytes:
        while len(self._input) < count:
            got = self._socket.recv(65536)
            if not got:
                raise ConnectionError("the broker closed the connection")
            self._input += got
        taken, self._input = self._input[:count], self._input[count:]
        return taken

    def _wait(self, wanted: tuple[int, int]) -> bytes:
        """The arguments of the next method of that kind."""
        while True:
            kind, _, size = struct.unpack(">BHI", self._read(7))
            payload = self._read(size + 1)[:-1]
            if kind != METHOD:
                continue
            ids, arguments = struct.unpack(">HH", payload[:4]), payload[4:]
            if ids == ACK:
                tag, several = struct.unpack(">QB", arguments)
                self._unconfirmed -= {one for one in self._unconfirmed if one == tag or (several and one < tag)}
            elif ids in (CLOSE, (20, 40)):
                raise ConnectionError(f"the broker closes: {arguments!r}")
            if ids == wanted:
                return arguments
