"""RabbitMQ against a real one: a single broker, and a queue for each test."""
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from certificates import make_certificate  # noqa: E402
from rabbitmq_broker import RabbitBroker  # noqa: E402
from stream_suite import OverTls, StreamSuite  # noqa: E402


class RabbitStreamTest(StreamSuite, OverTls, unittest.TestCase):
    Broker = RabbitBroker
    PLACE = r"\(at test_\w+/[0-9a-f]+-\d+\)"
    broker = None

    @classmethod
    def tearDownClass(cls):
        if cls.broker is not None:
            cls.broker.close()

    def start_broker(self, start: bool = True):
        if self.broker is None:
            type(self).broker = RabbitBroker(start=False)
        self.broker.queue = self._testMethodName
        if not start:
            self.broker.kill()
        elif self.broker.process is None:
            self.broker.start()
        else:
            self.broker.prepare()
        return self.broker

    def test_over_tls(self):
        broker = self.start_broker()
        self.expect_over_tls(broker, broker.tls_port, make_certificate(broker.directory)[0])

    def expect_nothing_left(self, server, broker):
        """The lag leaves out what was delivered; that is in the queue again when the connection has ended."""
        super().expect_nothing_left(server, broker)
        server.stop()
        time.sleep(0.5)
        self.assertEqual(broker.waiting(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
