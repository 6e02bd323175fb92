"""Redis Streams against a real redis-server."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from redis_broker import RedisBroker  # noqa: E402
from stream_suite import StreamSuite  # noqa: E402


class RedisStreamTest(StreamSuite, unittest.TestCase):
    Broker = RedisBroker
    PLACE = r"\(at orders/\d+-\d+"


if __name__ == "__main__":
    unittest.main(verbosity=2)
