"""A real mosquitto for a test, and just enough of MQTT 5 to publish. Standard library only."""
from __future__ import annotations

import secrets
import socket
import struct
import time

from broker import Broker

CONNACK, PUBLISH, PUBACK = 2, 3, 4  # types of packets
NO_MATCHING_SUBSCRIBERS = 0x10
FAILED_FROM = 0x80  # reason codes
GROUP = "tributary"

CONFIGURATION = """user root
listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {directory}/
max_queued_messages 0
max_inflight_messages 0
"""


class MqttBroker(Broker):
    program = "mosquitto"
    kind = "mqtt"

    def arguments(self) -> list[str]:
        configuration = self.directory / "mosquitto.conf"
        configuration.write_text(CONFIGURATION.format(port=self.port, directory=self.directory))
        return ["-c", str(configuration)]

    def client(self) -> "MqttClient":
        return MqttClient(self)

    def prepare(self):
        self.client().close()

    def kill(self):
        """SIGTERM: mosquitto writes its sessions to disk when it ends, and has nothing of them there before."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)
            self.process = None

    def forget(self):
        """Delivers again what was published last, under the same names."""
        with self.client() as client:
            client.publish(*self.last)

    def waiting(self, patience: float = 0.5) -> int:
        """How many messages the session still has. For when nobody is connected; takes nothing."""
        with MqttClient(self, GROUP) as client:
            return client.count_deliveries(patience)

    def source(self, address: str | None = None, **more) -> dict:
        return {"id": "feed", "workspace": "default", "kind": "mqtt", "servers": [address or self.address],
                "topics": ["orders"], "group": GROUP, "options": {"keep_alive": "2s"}, "trust": "server", **more}


def integer(number: int) -> bytes:
    """A variable byte integer."""
    out = b""
    while True:
        number, rest = number >> 7, number & 127
        if not number:
            return out + bytes([rest])
        out += bytes([rest | 128])


def text(value: str) -> bytes:
    return struct.pack(">H", len(value.encode())) + value.encode()


def packet(first: int, body: bytes) -> bytes:
    return bytes([first]) + integer(len(body)) + body


class MqttClient:
    """One connection. Raises OSError when the server goes away. With a session: takes that one over."""

    def __init__(self, broker: MqttBroker, session: str = ""):
        self._broker = broker
        self._name, self._named = secrets.token_hex(4), 0
        self._socket = socket.create_connection(("127.0.0.1", broker.port), timeout=10)
        self._input = self._socket.makefile("rb")
        try:
            properties = b"\x11" + struct.pack(">I", 3600 if session else 0)  # when the session ends
            self._socket.sendall(packet(0x10, text("MQTT") + bytes([5, 0 if session else 2]) + struct.pack(">H", 0) +
                                        integer(len(properties)) + properties + text(session)))
            kind, body = self._packet()
            if kind != CONNACK or body[1] != 0:
                raise ConnectionResetError(f"mosquitto refuses: {body!r}")
        except BaseException:
            self.close()
            raise

    def _bytes(self, count: int) -> bytes:
        found = self._input.read(count)
        if len(found) < count:
            raise ConnectionResetError("mosquitto closed the connection")
        return found

    def _packet(self) -> tuple[int, bytes]:
        first, length, shift = self._bytes(1)[0], 0, 0
        while True:
            byte = self._bytes(1)[0]
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return first >> 4, self._bytes(length)

    def publish(self, texts: list[str], names: list[str] | None = None, topic: str = "orders", window: int = 500):
        """Returns when the broker answers for everything. Each message has its name as `message-id`."""
        names = names or [f"{self._name}-{number}" for number in range(self._named, self._named + len(texts))]
        self._named += len(texts)
        self._broker.last = (texts, names)
        for at in range(0, len(texts), window):
            piece = list(zip(texts[at:at + window], names[at:at + window]))
            deadline = time.monotonic() + 30
            # What nobody subscribes to is dropped: it is said again until the session is there.
            while piece := self._without_subscriber(piece, topic):
                assert time.monotonic() < deadline, f"nobody subscribes to {topic}"
                time.sleep(0.05)

    def _without_subscriber(self, piece: list[tuple[str, str]], topic: str) -> list[tuple[str, str]]:
        out = b""
        for number, (body, name) in enumerate(piece, 1):
            properties = b"\x26" + text("message-id") + text(name)
            out += packet(0x32, text(topic) + struct.pack(">H", number) + integer(len(properties)) + properties +
                          body.encode())
        self._socket.sendall(out)
        again = []
        for _ in piece:
            kind, body = self._packet()
            reason = body[2] if len(body) > 2 else 0
            if kind != PUBACK or reason >= FAILED_FROM:
                raise ConnectionResetError(f"packet {kind} instead of an acknowledgement: {body!r}")
            if reason == NO_MATCHING_SUBSCRIBERS:
                again.append(piece[struct.unpack(">H", body[:2])[0] - 1])
        return again

    def count_deliveries(self, patience: float) -> int:
        count = 0
        self._socket.settimeout(patience)
        while True:
            try:
                count += self._packet()[0] == PUBLISH
            except TimeoutError:
                return count

    def close(self):
        self._input.close()
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
