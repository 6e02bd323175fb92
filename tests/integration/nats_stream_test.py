"""NATS JetStream against a real nats-server."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from nats_broker import NatsBroker  # noqa: E402
from stream_suite import StreamSuite  # noqa: E402


class NatsStreamTest(StreamSuite, unittest.TestCase):
    Broker = NatsBroker
    PLACE = r"\(at SHOP/\d+"


if __name__ == "__main__":
    unittest.main(verbosity=2)
