"""A real RabbitMQ for a test, with an Erlang port mapper of its own. Standard library only."""
from __future__ import annotations

import secrets
import shutil
import subprocess

from amqp import Publisher
from broker import Broker, find_program, free_port
from certificates import make_certificate


class RabbitBroker(Broker):
    """Erlang starts slowly: one broker may serve several tests, each with a queue of its own."""

    program = "/usr/lib/rabbitmq/bin/rabbitmq-server"  # the one of PATH changes the user
    kind = "rabbitmq"
    start_patience = 180  # seconds; Erlang on a busy machine

    def __init__(self, start: bool = True):
        self.queue = "orders"
        self._names_port, self._distribution_port, self.tls_port = free_port(), free_port(), free_port()
        self._names = subprocess.Popen([find_program("epmd"), "-port", str(self._names_port), "-address", "127.0.0.1"],
                                       stdin=subprocess.DEVNULL)
        try:
            super().__init__(start)
        except BaseException:
            self._end_names()
            raise

    def environment(self) -> dict[str, str]:
        directory = str(self.directory)
        certificate, key = make_certificate(self.directory)
        (self.directory / "tls.conf").write_text(
            f"listeners.ssl.1 = 127.0.0.1:{self.tls_port}\nssl_options.verify = verify_none\n"
            f"ssl_options.cacertfile = {certificate}\nssl_options.certfile = {certificate}\nssl_options.keyfile = {key}\n")
        return {
            "HOME": directory, "RABBITMQ_NODENAME": f"test{self.port}@localhost",
            "RABBITMQ_MNESIA_BASE": f"{directory}/mnesia", "RABBITMQ_LOG_BASE": directory, "RABBITMQ_LOGS": "-",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1", "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution_port), "ERL_EPMD_PORT": str(self._names_port),
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{directory}/plugins", "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": f"{directory}/tls.conf", "RABBITMQ_PID_FILE": f"{directory}/pid",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-setcookie test +sbwt none",
            "RUNNING_UNDER_SYSTEMD": "1",  # the script becomes the server, which kill() then hits
        }

    def arguments(self) -> list[str]:
        return []

    def client(self) -> "RabbitClient":
        return RabbitClient(self)

    def prepare(self):
        with self.client() as client:
            client.declare(self.queue)

    def forget(self):
        """Delivers again what was published last, under the same names."""
        with self.client() as client:
            client.publish(*self.last)

    def waiting(self) -> int:
        """How many messages nobody has acknowledged. For when nobody consumes."""
        with self.client() as client:
            return client.declare(self.queue)

    def source(self, address: str | None = None, **more) -> dict:
        return {"id": "feed", "workspace": "default", "kind": "rabbitmq", "servers": [address or self.address],
                "topics": [self.queue], "group": "tributary", "options": {"heartbeat": "2s"}, "trust": "server", **more}

    def _end_names(self):
        self._names.kill()
        self._names.wait()

    def close(self):
        self.kill()
        self._end_names()
        shutil.rmtree(self.directory, ignore_errors=True)


class RabbitClient(Publisher):
    """Publishes to the broker's queue; each message has a name as `message-id`."""

    def __init__(self, broker: RabbitBroker):
        super().__init__(broker.port)
        self._broker = broker
        self._name, self._named = secrets.token_hex(4), 0

    def publish(self, texts: list[str], names: list[str] | None = None):
        names = names or [f"{self._name}-{number}" for number in range(self._named, self._named + len(texts))]
        self._named += len(texts)
        self._broker.last = (texts, names)
        super().publish(self._broker.queue, [text.encode() for text in texts], names)
