"""A real nats-server with JetStream for a test, and just enough of its protocol to publish. Standard library only."""
from __future__ import annotations

import json
import secrets
import socket
import ssl

from broker import Broker
from certificates import make_certificate


class NatsBroker(Broker):
    program = "nats-server"
    kind = "nats"

    def __init__(self, start: bool = True, tls: bool = False):
        self.tls = tls
        super().__init__(start)

    def arguments(self) -> list[str]:
        certificate, key = make_certificate(self.directory)
        tls = ["--tls", "--tlscert", certificate, "--tlskey", key] if self.tls else []
        return ["-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(self.directory / "store"), *tls]

    def client(self) -> "NatsClient":
        return NatsClient(self.port, self.tls)

    def prepare(self):
        """The stream SHOP with the subject `orders`, and the client that may make it."""
        with self.client() as client:
            client.api("STREAM.CREATE.SHOP", {"name": "SHOP", "subjects": ["orders"], "storage": "file"})

    def forget(self):
        """Makes the broker deliver everything again."""
        with self.client() as client:
            client.api("CONSUMER.DELETE.SHOP.tributary", None)

    def source(self, address: str | None = None, **more) -> dict:
        return {"id": "feed", "workspace": "default", "kind": "nats", "servers": [address or self.address],
                "topics": ["orders"], "group": "tributary", "options": {"ack_wait": "2s"}, "trust": "server", **more}


class NatsClient:
    """One connection; publish() returns when the stream has everything. Raises OSError when the server goes away."""

    def __init__(self, port: int, tls: bool = False):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._input = self._socket.makefile("rb", buffering=0)
        self._inbox = "_INBOX." + secrets.token_hex(8)
        try:
            self._line()  # INFO
            if tls:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                self._socket = context.wrap_socket(self._socket)
            self._input = self._socket.makefile("rb")
            connect = {"verbose": False, "pedantic": False, "headers": True, "no_responders": True}
            self._socket.sendall(f"CONNECT {json.dumps(connect)}\r\nSUB {self._inbox}.* 1\r\nPING\r\n".encode())
            while self._line() != b"PONG":
                pass
        except BaseException:
            self.close()
            raise

    def _line(self) -> bytes:
        line = self._input.readline()
        if not line:
            raise ConnectionResetError("nats-server closed the connection")
        if line.startswith(b"-ERR"):
            raise ConnectionResetError(line.decode())
        return line.rstrip(b"\r\n")

    def _answer(self) -> dict:
        while True:
            words = self._line().split(b" ")
            if words[0] == b"PING":
                self._socket.sendall(b"PONG\r\n")
            elif words[0] in (b"MSG", b"HMSG"):
                body = self._input.read(int(words[-1]) + 2)[:-2]
                if words[0] == b"HMSG":
                    raise ConnectionResetError(body.decode())  # no responders: JetStream is not up yet
                return json.loads(body)

    def api(self, what: str, request: dict | None) -> dict:
        body = b"" if request is None else json.dumps(request).encode()
        self._socket.sendall(f"PUB $JS.API.{what} {self._inbox}.a {len(body)}\r\n".encode() + body + b"\r\n")
        answer = self._answer()
        if "error" in answer:
            raise AssertionError(f"{what}: {answer['error']}")
        return answer

    def publish(self, texts: list[str], topic: str = "orders", window: int = 500):
        for at in range(0, len(texts), window):
            piece = [text.encode() for text in texts[at:at + window]]
            self._socket.sendall(b"".join(
                f"PUB {topic} {self._inbox}.p {len(body)}\r\n".encode() + body + b"\r\n" for body in piece))
            for _ in piece:
                answer = self._answer()
                if "error" in answer:
                    raise ConnectionResetError(str(answer["error"]))

    def close(self):
        self._input.close()
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
