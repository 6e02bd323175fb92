"""What holds for every broker that names its messages and delivers them again: counts are exact, whatever fails.

A test file makes a subclass with its broker. Counting: every event belongs to one of a few customers, whose profiles
count the events that were folded.
"""
from __future__ import annotations

import json
import threading
import time

from broker import find_program
from certificates import make_certificate
from stopped_threads import resident_bytes, stopped_threads
from tcp_proxy import TcpProxy
from tributary import ADMIN, SLOW, Server, sample_config

CUSTOMERS = 5


def event(number: int, **members) -> str:
    return json.dumps({"type": "track", "event": "Order Placed", "userId": f"u{number % CUSTOMERS}",
                       "timestamp": "2026-10-01T10:00:00Z", "properties": {"number": number, "filler": "x" * 300},
                       **members})


class Load(threading.Thread):
    """Publishes numbered events in the background, again those that a dying broker may have lost: they have ids."""

    def __init__(self, broker, count: int, piece: int = 200, pause: float = 0.02):
        super().__init__(daemon=True)
        self.broker, self.count, self.piece, self.pause = broker, count, piece, pause
        self.sent = 0
        self.start()

    def run(self):
        client = None
        while self.sent < self.count:
            numbers = range(self.sent, min(self.sent + self.piece, self.count))
            try:
                client = client or self.broker.client()
                client.publish([event(number, messageId=f"load-{number}") for number in numbers])
                self.sent = numbers.stop
                time.sleep(self.pause)
            except OSError:
                if client is not None:
                    client.close()
                client = None
                time.sleep(0.05)
        client.close()

    def wait_for(self, count: int):
        deadline = time.monotonic() + 30 * SLOW
        while self.sent < count:
            assert time.monotonic() < deadline, f"published {self.sent} of {count}"
            time.sleep(0.01)


class StreamSuite:
    """Mixed into a unittest.TestCase. `Broker`: the class of the broker."""

    Broker = None
    EVENTS = 8_000

    def setUp(self):
        if find_program(self.Broker.program) is None:
            self.skipTest(f"SKIPPED LOUDLY: {self.Broker.program} is not installed")

    def start_broker(self, **arguments):
        broker = self.Broker(**arguments)
        self.addCleanup(broker.close)
        return broker

    def start_server(self, source: dict) -> Server:
        config = sample_config()
        config["sources"].append(source)
        server = Server(config)
        self.addCleanup(server.close)
        return server

    # -- what is asked ------------------------------------------------------------------------------------------------

    def feed(self, server: Server) -> dict:
        sources = server.get("/v1/sources", key=ADMIN).expect(200).json()["sources"]
        return next(source for source in sources if source["id"] == "feed")

    def counted(self, server: Server) -> int:
        profiles = [server.lookup("user_id", f"u{number}") for number in range(CUSTOMERS)]
        return sum(profile["events"] for profile in profiles if profile)

    def expect_exactly(self, server: Server, count: int, timeout: float = 40):
        """All arrive, and nothing more comes after them."""
        server.wait_until(lambda: self.counted(server) >= count, timeout * SLOW / 2,
                          f"{count} events: {self.feed(server)}")
        time.sleep(0.5)
        self.assertEqual(self.counted(server), count)

    def wait_for_state(self, server: Server, state: str) -> dict:
        return server.wait_until(lambda: (found := self.feed(server))["state"] == state and found, 45 * SLOW / 2,
                                 f"state {state}")

    def expect_nothing_left(self, server: Server, broker):
        server.wait_until(lambda: (lag := self.feed(server)["lag"]) and lag[0]["messages"] == 0, 20 * SLOW, "no lag")

    # -- what holds ---------------------------------------------------------------------------------------------------

    def test_every_event_is_counted_once_and_the_broker_keeps_nothing(self):
        broker = self.start_broker()
        server = self.start_server(broker.source())
        with broker.client() as client:
            client.publish([event(number) for number in range(self.EVENTS)])
        self.expect_exactly(server, self.EVENTS)
        feed = server.wait_until(lambda: (found := self.feed(server))["messages"] >= self.EVENTS and found, 20 * SLOW,
                                 "all acknowledged")
        self.assertEqual((feed["state"], feed["messages"], feed["last_error"]), ("running", self.EVENTS, None))
        self.expect_nothing_left(server, broker)

    def test_everything_delivered_again_changes_nothing(self):
        broker = self.start_broker()
        server = self.start_server(broker.source())
        with broker.client() as client:
            client.publish([event(number) for number in range(1_000)])
        self.expect_exactly(server, 1_000)
        server.stop()
        broker.forget()
        server.start()
        server.wait_until(lambda: self.feed(server)["messages"] == 1_000, 20 * SLOW, "all delivered again")
        self.expect_exactly(server, 1_000)

    def test_a_message_that_is_no_event_is_kept_with_its_place(self):
        broker = self.start_broker()
        server = self.start_server(broker.source())
        with broker.client() as client:
            client.publish([event(1), "no json {", "[1, 2]", "", event(2)])
        self.expect_exactly(server, 2)
        kept = server.wait_until(lambda: len(found := server.rejected(key=ADMIN, source="feed")) >= 3 and found, 10,
                                 "rejected events")
        for entry in kept:
            self.assertRegex(entry["message"], self.PLACE)
        server.wait_until(lambda: self.feed(server)["messages"] == 5, 10, "all acknowledged, the bad ones too")

    def test_with_the_fold_stopped_upstream_waits_and_memory_stays(self):
        count, filler = 1_200, "x" * 50_000  # 60 MB, several times what may be under way
        broker = self.start_broker()
        server = self.start_server(broker.source())
        with broker.client() as client:
            client.publish([event(0, messageId="first")])
            self.expect_exactly(server, 1)
            before = resident_bytes(server.process.pid)
            with stopped_threads(server.process.pid, "trib-fold"):
                for first in range(0, count, 50):
                    client.publish([event(number, messageId=f"m{number}", properties={"filler": filler})
                                    for number in range(first, first + 50)])
                fetched = 0
                while (now := self.fetched(server)) > fetched:  # until it fetches nothing more
                    fetched = now
                    time.sleep(1)
                self.assertLess(fetched, count)
                self.assertEqual(self.feed(server)["messages"], 1)  # nothing was acknowledged
                grown = resident_bytes(server.process.pid) - before
                self.assertLess(grown, 40 << 20 if SLOW == 1 else 200 << 20)
            self.expect_exactly(server, count + 1)

    def fetched(self, server: Server) -> int:
        """Events that are in the log, folded or not."""
        return int(server.metrics().get("tributary_log_last_lsn"))

    def test_a_killed_tributary_neither_loses_nor_counts_twice(self):
        broker = self.start_broker()
        server = self.start_server(broker.source())
        load = Load(broker, self.EVENTS)
        for part in (0.25, 0.5, 0.75):
            load.wait_for(int(self.EVENTS * part))
            server.restart(kill=True)
        load.join()
        self.expect_exactly(server, self.EVENTS)

    def test_a_killed_broker_neither_loses_nor_counts_twice(self):
        broker = self.start_broker()
        server = self.start_server(broker.source())
        load = Load(broker, self.EVENTS)
        for part in (0.3, 0.6):
            load.wait_for(int(self.EVENTS * part))
            broker.kill()
            broker.start()
        load.join()
        self.expect_exactly(server, self.EVENTS)
        feed = self.wait_for_state(server, "running")
        self.assertGreaterEqual(feed["connections"], 2)

    def test_a_network_that_stalls_and_breaks_is_survived(self):
        broker = self.start_broker()
        with TcpProxy(("127.0.0.1", broker.port)) as proxy:
            server = self.start_server(broker.source(proxy.address))
            load = Load(broker, self.EVENTS)
            load.wait_for(self.EVENTS // 5)
            proxy.reset()
            load.wait_for(self.EVENTS * 2 // 5)
            proxy.cut()
            broken = self.wait_for_state(server, "broken")
            self.assertTrue(broken["last_error"])
            proxy.heal()
            self.wait_for_state(server, "running")
            proxy.stall()
            self.wait_for_state(server, "broken")  # found out though nobody closed the connection
            proxy.reset()
            proxy.heal()
            load.join()
            self.expect_exactly(server, self.EVENTS)

    def test_a_broker_that_is_not_there_stops_nobody_and_is_used_when_it_comes(self):
        broker = self.start_broker(start=False)
        server = self.start_server(broker.source())
        feed = self.wait_for_state(server, "broken")
        self.assertIn(broker.address, feed["last_error"])
        self.assertEqual(feed["connections"], 0)
        server.post("/v1/track", {"type": "track", "event": "e", "userId": "u0", "messageId": "by-http"},
                    write_key="wk_app").expect(200)
        broker.start()
        with broker.client() as client:
            client.publish([event(number) for number in range(100)])
        self.expect_exactly(server, 101)
        self.assertTrue(self.feed(server)["last_error_at"])


class OverTls:
    """Mixed in beside StreamSuite, of brokers that listen for TLS."""

    def expect_over_tls(self, broker, port: int, certificate: str):
        """Messages come by the broker's name and its authority, and by no other."""
        good = broker.source(address=f"localhost:{port}", tls=True, ca_file=certificate)
        server = self.start_server(good)
        with broker.client() as client:
            client.publish([event(number) for number in range(100)])
        self.expect_exactly(server, 100)
        stranger, _ = make_certificate(broker.directory, "stranger.test")
        for wrong in (dict(good, ca_file=stranger), {name: value for name, value in good.items() if name != "ca_file"},
                      dict(good, servers=[f"127.0.0.1:{port}"])):  # the certificate is for localhost only
            config = sample_config()
            config["sources"].append(wrong)
            server.configure(config)
            server.restart()
            feed = server.wait_until(lambda: (found := self.feed(server))["last_error"] and found, 20 * SLOW, "an error")
            self.assertNotEqual(feed["state"], "running", wrong)
