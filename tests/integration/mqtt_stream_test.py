"""MQTT 5 against a real mosquitto."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from mqtt_broker import MqttBroker  # noqa: E402
from stream_suite import StreamSuite  # noqa: E402


class MqttStreamTest(StreamSuite, unittest.TestCase):
    Broker = MqttBroker
    PLACE = r"\(at orders/[0-9a-f]+-\d+\)"

    def expect_nothing_left(self, server, broker):
        """MQTT tells nobody how much waits: who takes the session over sees it."""
        self.assertEqual(self.feed(server)["lag"], [])
        server.stop()
        self.assertEqual(broker.waiting(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
