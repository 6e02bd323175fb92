"""NATS JetStream against a real nats-server."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from certificates import make_certificate  # noqa: E402
from nats_broker import NatsBroker  # noqa: E402
from stream_suite import OverTls, StreamSuite  # noqa: E402


class NatsStreamTest(StreamSuite, OverTls, unittest.TestCase):
    Broker = NatsBroker
    PLACE = r"\(at SHOP/\d+"

    def test_over_tls(self):
        broker = self.start_broker(tls=True)
        self.expect_over_tls(broker, broker.port, make_certificate(broker.directory)[0])


if __name__ == "__main__":
    unittest.main(verbosity=2)
