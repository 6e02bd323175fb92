"""Starts a real Apache Kafka, one KRaft broker that is its own controller, for tests and benchmarks.

    with KafkaBroker() as broker:
        broker.create("orders", partitions=4)
        broker.produce("orders", [b'{"a":1}', b'{"a":2}'], compression="zstd")
        broker.kill(); broker.start()     # the same data, the same port

The jars come from Maven once per checkout (about 50 MB, build/kafka). Where they can't be had, libraries() raises
KafkaUnavailable, and a test says `SKIPPED LOUDLY`.
"""
from __future__ import annotations

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from certificates import make_certificate
from tcp_proxy import TcpProxy

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
POM = REPOSITORY / "tests/kafka/pom.xml"
LIBRARIES = REPOSITORY / "build/kafka/libs"
USER, PASSWORD = "tributary", "river"
PARTITIONS = 4  # of a topic that says nothing else
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
# A small heap and the simple collector and compiler: a test wants it soon, not fast.
JAVA = ["-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
# A benchmark wants the broker's own speed.
JAVA_FAST = ["-Xms512m", "-Xmx512m", "-XX:+UseSerialGC"]

LOG4J = """log4j.rootLogger=WARN, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d %p %c %m%n
"""

PROPERTIES = """process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},PROXIED://127.0.0.1:{inner},SECURE://127.0.0.1:{secure},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},PROXIED://127.0.0.1:{proxied},SECURE://localhost:{secure}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,SECURE:SASL_SSL
listener.name.secure.sasl.enabled.mechanisms=PLAIN
listener.name.secure.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_{user}="{password}";
listener.name.secure.ssl.keystore.type=PEM
listener.name.secure.ssl.keystore.location={directory}/server.pem
log.dirs={data}
num.partitions={partitions}
auto.create.topics.enable=true
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
num.network.threads=1
num.io.threads=2
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
controller.quorum.election.timeout.ms=500
{more}
"""


class KafkaUnavailable(Exception):
    """There is no Kafka to be had here, and why."""


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def libraries() -> pathlib.Path:
    """The folder of jars; fetched at the first call."""
    for tool in ("java", "kcat"):
        if shutil.which(tool) is None:
            raise KafkaUnavailable(f"{tool} is not installed (deploy/setup --test)")
    if (LIBRARIES / ".complete").exists():
        return LIBRARIES
    if shutil.which("mvn") is None:
        raise KafkaUnavailable("Maven is not installed (deploy/setup --test)")
    LIBRARIES.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(["mvn", "-q", "-B", "-f", str(POM), COPY, "-DincludeScope=runtime",
                               f"-DoutputDirectory={LIBRARIES}"], capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        raise KafkaUnavailable("Maven did not fetch Apache Kafka within 300 s") from None
    if done.returncode != 0:
        words = [line for line in done.stdout.splitlines() if "ERROR" in line][:1]
        raise KafkaUnavailable("Maven can't fetch Apache Kafka: " + " ".join(words)[:300])
    (LIBRARIES / ".complete").touch()
    return LIBRARIES


class KafkaBroker:
    """`address`: for everybody. `proxy`: a TcpProxy by whose address the broker can be reached, and cut off. `secure`:
    asks for SASL PLAIN (USER, PASSWORD) over TLS, whose authority is in `ca_file`."""

    def __init__(self, fast: bool = False, more: str = ""):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="tributary-kafka-"))
        self.port, inner_port, secure_port, controller = free_ports(4)
        self.proxy = TcpProxy(("127.0.0.1", inner_port))
        self.secure = f"localhost:{secure_port}"
        self.ca_file = str(self.directory / "ca.pem")
        self.process: subprocess.Popen | None = None
        self._java = ["java", *(JAVA_FAST if fast else JAVA),
                      f"-Dlog4j.configuration=file:{self.directory}/log4j.properties", "-cp", f"{libraries()}/*"]
        (self.directory / "log4j.properties").write_text(LOG4J)
        (self.directory / "server.properties").write_text(PROPERTIES.format(
            port=self.port, inner=inner_port, proxied=self.proxy.port, secure=secure_port, controller=controller,
            partitions=PARTITIONS, user=USER, password=PASSWORD, directory=self.directory,
            data=self.directory / "data", more=more))
        self._make_certificate()
        self._run("kafka.tools.StorageTool", "format", "-t", "dHJpYnV0YXJ5LXRlc3RzMA", "-c", "server.properties")
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def _make_certificate(self) -> None:
        certificate, key = (pathlib.Path(file) for file in make_certificate(self.directory))
        pathlib.Path(self.ca_file).write_text(certificate.read_text())
        (self.directory / "server.pem").write_text(key.read_text() + certificate.read_text())

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def _run(self, *words: str) -> str:
        done = subprocess.run([*self._java, *words], cwd=self.directory, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"{words[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout

    def start(self) -> None:
        """Returns when it answers."""
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen([*self._java, "kafka.Kafka", "server.properties"], cwd=self.directory,
                                            stdout=log, stderr=log)
        deadline = time.monotonic() + 120
        while subprocess.run(["kcat", "-b", self.address, "-L", "-m", "2"], capture_output=True).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("Kafka did not start: " + (self.directory / "log").read_text()[-3000:])

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(60)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
        self.proxy.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> "KafkaBroker":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def cpu_seconds(self) -> float:
        """Processor time of the broker so far."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    # ------------------------------------------------------------------------------------------------------- topics

    def create(self, topic: str, partitions: int = PARTITIONS, **config) -> None:
        if partitions == PARTITIONS and not config:
            return self._ask_for(topic)
        words = ["--create", "--topic", topic, "--partitions", str(partitions)]
        for name, value in config.items():
            words += ["--config", f"{name.replace('_', '.')}={value}"]
        self._topics(*words)

    def delete(self, topic: str) -> None:
        self._topics("--delete", "--topic", topic)

    def _ask_for(self, topic: str) -> None:
        """The broker makes a topic that is asked for; a Java tool would take seconds."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            told = subprocess.run(["kcat", "-b", self.address, "-L", "-t", topic, "-X", "allow.auto.create.topics=true"],
                                  capture_output=True, text=True)
            if f"with {PARTITIONS} partitions" in told.stdout and "not available" not in told.stdout:
                return
        raise RuntimeError(f"Kafka did not make the topic {topic}: {told.stdout}{told.stderr}")

    def _topics(self, *words: str) -> None:
        self._run("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", self.address, *words)

    def produce(self, topic: str, values, *, partition: int | None = None, compression: str = "none", keys: bool = False,
                headers: dict | None = None, settings: dict | None = None) -> None:
        """Returns when the broker has them all. `values`: bytes without line feeds; with `keys`, `key\\tvalue`."""
        words = ["kcat", "-P", "-E", "-b", self.address, "-t", topic, "-z", compression, "-X", "acks=all"]
        if partition is not None:
            words += ["-p", str(partition)]
        if keys:
            words += ["-K", "\t"]
        for name, value in (headers or {}).items():
            words += ["-H", f"{name}={value}"]
        for name, value in (settings or {}).items():
            words += ["-X", f"{name}={value}"]
        done = subprocess.run(words, input=b"".join(value + b"\n" for value in values), capture_output=True, timeout=300)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.decode()[-1000:])

    def committed(self, group: str, topic: str) -> dict[int, int]:
        """The group's offset of each partition that has one."""
        listed = self._run("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", "--bootstrap-server",
                           self.address, "--describe", "--offsets", "--group", group)
        rows = [line.split() for line in listed.splitlines()]
        return {int(row[2]): int(row[3]) for row in rows
                if len(row) > 4 and row[0] == group and row[1] == topic and row[3].isdigit()}
