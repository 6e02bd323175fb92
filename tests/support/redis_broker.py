"""A real redis-server for a test, and just enough of its protocol. Standard library only."""
from __future__ import annotations

import socket

from broker import Broker


class RedisBroker(Broker):
    program = "redis-server"
    kind = "redis"

    def arguments(self) -> list[str]:
        return ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.directory), "--save", "",
                "--appendonly", "yes", "--appendfsync", "always"]

    def client(self) -> "RedisClient":
        return RedisClient(self.port)

    def prepare(self):
        with self.client() as client:
            client.say("PING")

    def forget(self):
        """Makes the broker deliver everything again."""
        with self.client() as client:
            client.say("XGROUP", "DESTROY", "orders", "tributary")

    def source(self, address: str | None = None, **more) -> dict:
        return {"id": "feed", "workspace": "default", "kind": "redis", "servers": [address or self.address],
                "topics": ["orders"], "group": "tributary", "options": {"consumer": "one"}, "trust": "server", **more}


class RedisClient:
    """One connection. Raises OSError when the server goes away."""

    def __init__(self, port: int):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._input = self._socket.makefile("rb")

    @staticmethod
    def _encoded(words) -> bytes:
        parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)

    def _reply(self):
        line = self._input.readline()
        if not line:
            raise ConnectionResetError("redis-server closed the connection")
        kind, rest = line[:1], line[1:].rstrip(b"\r\n")
        if kind == b"-":
            # LOADING: it was just started, and is as good as not there.
            raise (ConnectionResetError if rest.startswith(b"LOADING") else AssertionError)(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self._input.read(int(rest) + 2)[:-2].decode()
        if kind == b"*":
            return None if rest == b"-1" else [self._reply() for _ in range(int(rest))]
        return rest.decode()

    def say(self, *words):
        self._socket.sendall(self._encoded(words))
        return self._reply()

    def publish(self, texts: list[str], topic: str = "orders", window: int = 500):
        for at in range(0, len(texts), window):
            piece = texts[at:at + window]
            self._socket.sendall(b"".join(self._encoded(("XADD", topic, "*", "value", text)) for text in piece))
            for _ in piece:
                self._reply()

    def close(self):
        self._input.close()
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
