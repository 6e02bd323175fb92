"""A real Kafka as a source: nothing lost and nothing counted twice, whoever dies, and whatever comes."""
import json
import pathlib
import shutil
import signal
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from kafka_broker import PASSWORD, USER, KafkaBroker, KafkaUnavailable, free_ports  # noqa: E402
from tributary import ADMIN, SLOW, Server, sample_config  # noqa: E402

USERS = 7
broker: KafkaBroker
topics = 0


def setUpModule():
    global broker
    try:
        broker = KafkaBroker()
    except KafkaUnavailable as why:
        print(f"SKIPPED LOUDLY: no test against a real Kafka: {why}", flush=True)
        raise unittest.SkipTest(str(why)) from None


def tearDownModule():
    broker.close()


def new_topic() -> str:
    global topics
    topics += 1
    name = f"orders{topics}"
    broker.create(name)
    return name


def event(number: int, **members) -> bytes:
    return json.dumps({"type": "track", "event": "Order Completed", "userId": f"u{number % USERS}", "messageId": f"m{number}",
                       "properties": {"order_id": str(number), "note": "x" * 200}, **members}).encode()


def events(first: int, count: int) -> list[bytes]:
    return [event(number) for number in range(first, first + count)]


def source(topic: str, **settings) -> dict:
    return {"id": "orders", "workspace": "default", "kind": "kafka", "trust": "server", "servers": [broker.address],
            "topics": [topic], "group": f"tributary-{topic}",
            "options": {"session.timeout.ms": 3000 * SLOW, "heartbeat.interval.ms": 500}, **settings}


def config(*sources: dict, **settings) -> dict:
    made = sample_config()
    made["sources"] += list(sources)
    made.update(settings)
    return made


def counts(*servers: Server) -> list[int]:
    """Events of each user, over all servers."""
    found = [0] * USERS
    for server in servers:
        for user in range(USERS):
            profile = server.lookup("user_id", f"u{user}")
            found[user] += sum(profile["event_counts"].values()) if profile else 0
    return found


def expected(count: int) -> list[int]:
    return [len(range(user, count, USERS)) for user in range(USERS)]


def state(server: Server, source_id: str = "orders") -> dict:
    listed = server.get("/v1/sources", key=ADMIN).expect(200).json()["sources"]
    return next(one for one in listed if one["id"] == source_id)


def produced(topic: str, values: list[bytes]) -> bool:
    try:
        broker.produce(topic, values, settings={"message.timeout.ms": 10_000})
        return True
    except RuntimeError:
        return False


class KafkaStreamTest(unittest.TestCase):
    def start(self, made: dict) -> Server:
        server = Server(made)
        self.addCleanup(server.close)
        return server

    def assert_counted(self, count: int, *servers: Server):
        """Exactly these, now and a moment later."""
        def all_there():
            return sum(counts(*servers)) >= count
        servers[0].wait_until(all_there, 60 * SLOW, f"{count} events")
        self.assertEqual(counts(*servers), expected(count))

    def load(self, topic: str, count: int, chunk: int = 500, first: int = 0) -> threading.Thread:
        """Produces in the background. A chunk that fails while the broker is down is produced again: a duplicate has the
        message id of its first copy."""
        def produce():
            for begin in range(first, first + count, chunk):
                while not produced(topic, events(begin, chunk)):
                    time.sleep(0.2)
        thread = threading.Thread(target=produce)
        thread.start()
        self.addCleanup(thread.join)
        return thread


class Flow(KafkaStreamTest):
    def test_compressed_batches_of_all_partitions_count_once(self):
        topic = new_topic()
        server = self.start(config(source(topic)))
        for number, compression in enumerate(("none", "gzip", "snappy", "lz4", "zstd")):
            broker.produce(topic, events(number * 400, 400), compression=compression, partition=number % 4)
        self.assert_counted(2000, server)
        server.wait_until(lambda: broker_has(topic, 2000), 20 * SLOW, "all offsets committed")

    def test_a_message_may_be_a_batch(self):
        topic = new_topic()
        server = self.start(config(source(topic)))
        broker.produce(topic, [b'{"batch":[' + b",".join(events(first, 50)) + b"]}" for first in range(0, 1000, 50)])
        self.assert_counted(1000, server)

    def test_topics_by_name_and_by_pattern(self):
        named, found = new_topic(), new_topic()
        broker.create(f"shop.{found}")
        broker.create(f"shopping-{found}")
        server = self.start(config(source(named, topics=[named, f"^shop\\.{found}$"])))
        broker.produce(named, events(0, 100))
        broker.produce(f"shop.{found}", events(100, 100))
        broker.produce(f"shopping-{found}", events(200, 100))
        self.assert_counted(200, server)

    def test_what_comes_twice_counts_once_and_what_has_no_id_is_its_place(self):
        topic = new_topic()
        server = self.start(config(source(topic)))
        broker.produce(topic, events(0, 300))
        broker.produce(topic, events(0, 300))
        nameless = {"type": "track", "event": "Seen", "userId": "nameless"}
        broker.produce(topic, [json.dumps(nameless).encode()] * 5, partition=2)
        self.assert_counted(300, server)
        server.wait_until(lambda: server.lookup("user_id", "nameless"), 20)
        server.wait_until(lambda: server.lookup("user_id", "nameless")["event_counts"] == {"Seen": 5}, 20, "five events")
        profile = server.lookup("user_id", "nameless")
        ids = {one["message_id"] for one in server.events(profile["customer_id"])}
        self.assertEqual(len(ids), 5)
        self.assertTrue(all(f"{topic}/2/" in one for one in ids), ids)

    def test_poison_is_a_rejected_event_that_names_its_place(self):
        topic = new_topic()
        server = self.start(config(source(topic)))
        broker.produce(topic, [b"not json", *events(0, 50), b'{"type":"track"}', b"[1,2]", b"\xff\xfe"], partition=1)
        self.assert_counted(50, server)
        server.wait_until(lambda: len(server.rejected(key=ADMIN)) >= 4, 20, "rejected events")
        told = json.dumps(server.rejected(key=ADMIN))
        for offset in (0, 51, 52, 53):
            self.assertIn(f"{topic}/1/{offset}", told)

    def test_keys_and_headers_reach_a_mapping(self):
        directory = pathlib.Path(tempfile.mkdtemp(prefix="tributary-kafka-mapping-"))
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        (directory / "till.yaml").write_text("""
name: till
version: 1
title: Our tills
verify: none
identifiers: [{kind: member_card, scope: plus, value: $header/tributary-key}]
event:
  - emit: {name: $header/X-What, properties: {total: {number: /total}, topic: $header/tributary-topic}}
""")
        topic = new_topic()
        server = self.start(config(source(topic, mapping="till"), webhooks={"connectors": str(directory)}))
        broker.produce(topic, [b'C-7\t{"total": 12.5}'] * 3, keys=True, headers={"X-What": "Bought"})
        server.wait_until(lambda: server.lookup("member_card", "plus:C-7"), 30 * SLOW, "the customer")
        server.wait_until(lambda: server.lookup("member_card", "plus:C-7")["event_counts"] == {"Bought": 3}, 20)
        profile = server.lookup("member_card", "plus:C-7")
        for one in server.events(profile["customer_id"]):
            self.assertEqual(one["event"]["properties"], {"total": 12.5, "topic": topic})

    def test_signed_in_over_tls(self):
        topic = new_topic()
        broker.produce(topic, events(0, 100))
        server = self.start(config(source(topic, servers=[broker.secure], username=USER, password=PASSWORD, tls=True,
                                          ca_file=broker.ca_file)))
        self.assert_counted(100, server)

    def test_a_wrong_password_is_told_and_stops_nobody(self):
        topic, other = new_topic(), new_topic()
        broker.produce(other, events(0, 100))
        wrong = source(topic, id="locked", servers=[broker.secure], username=USER, password="sea", tls=True,
                       ca_file=broker.ca_file)
        server = self.start(config(wrong, source(other)))
        self.assert_counted(100, server)
        server.wait_until(lambda: state(server, "locked")["last_error"], 30 * SLOW, "an error")
        told = state(server, "locked")
        self.assertIn("uthentication", told["last_error"])
        self.assertNotIn("sea", json.dumps(told) + server.stderr())


def broker_has(topic: str, count: int) -> bool:
    return sum(broker.committed(f"tributary-{topic}", topic).values()) == count


class Deaths(KafkaStreamTest):
    def test_of_tributary_under_load(self):
        topic = new_topic()
        server = self.start(config(source(topic)))
        loading = self.load(topic, 12_000)
        for _ in range(3):
            before = sum(counts(server))
            server.wait_until(lambda: sum(counts(server)) > before or not loading.is_alive(), 60 * SLOW, "events to come")
            server.restart(kill=True)
        loading.join()
        self.assert_counted(12_000, server)
        server.restart()
        self.assertEqual(counts(server), expected(12_000))

    def test_of_the_broker_under_load(self):
        topic = new_topic()
        server = self.start(config(source(topic)))
        loading = self.load(topic, 12_000)
        server.wait_until(lambda: sum(counts(server)) > 1000, 60 * SLOW, "events to come")
        broker.kill()
        broker.start()
        loading.join()
        self.assert_counted(12_000, server)

    def test_of_the_network(self):
        topic = new_topic()
        server = self.start(config(source(topic, servers=[broker.proxy.address])))
        self.addCleanup(broker.proxy.heal)
        loading = self.load(topic, 9_000)
        for _ in range(3):
            before = sum(counts(server))
            server.wait_until(lambda: sum(counts(server)) > before or not loading.is_alive(), 60 * SLOW, "events to come")
            broker.proxy.cut()
            time.sleep(0.5)
            broker.proxy.heal()
        loading.join()
        self.assert_counted(9_000, server)

    def test_of_the_broker_before_the_start(self):
        (port,) = free_ports(1)
        server = self.start(config(source("absent", servers=[f"127.0.0.1:{port}"])))
        server.wait_until(lambda: state(server)["last_error"], 30, "an error")
        self.assertIn("Connection refused", state(server)["last_error"])
        server.post("/v1/track", {"userId": "u0", "event": "e"}, write_key="wk_web").expect(200)

    def test_it_recovers_when_the_broker_comes(self):
        topic = new_topic()
        broker.produce(topic, events(0, 200))
        broker.proxy.cut()
        self.addCleanup(broker.proxy.heal)
        server = self.start(config(source(topic, servers=[broker.proxy.address])))
        server.wait_until(lambda: state(server)["last_error"], 30, "an error")
        broker.proxy.heal()
        self.assert_counted(200, server)
        self.assertEqual(state(server)["state"], "running")


class Members(KafkaStreamTest):
    def test_two_processes_in_one_group_share_and_lose_nothing(self):
        topic = new_topic()
        first = self.start(config(source(topic)))
        loading = self.load(topic, 16_000, chunk=400)
        first.wait_until(lambda: sum(counts(first)) > 500, 60 * SLOW, "events to come")
        second = self.start(config(source(topic)))
        second.wait_until(lambda: sum(counts(second)) > 0 or not loading.is_alive(), 60 * SLOW, "a share")
        loading.join()
        more = self.load(topic, 4_000, chunk=400, first=16_000)
        first.configure(config())
        self.assertEqual(first.stop(), 0)
        more.join()
        first.start()  # without the source, to be asked
        self.assert_counted(20_000, first, second)
        self.assertGreater(sum(counts(second)), 0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    unittest.main(verbosity=2)
