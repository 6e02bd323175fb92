"""Computed traits: live after each event, the same after a restart, a rebuild and for a trait that is declared later."""
import csv
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from tributary import ADMIN, ANALYST, APP, Server, find_binary, sample_config  # noqa: E402

SPENT = {"name": "spent", "event": "order_completed", "value": "properties.total", "aggregate": "sum",
         "where": [{"property": "properties.currency", "is": "CNY"}]}
ORDERS = {"name": "orders_30d", "event": "Order Completed", "aggregate": "count", "window": "30d"}
LAST = {"name": "last_page", "type": "page", "value": "properties.path", "aggregate": "last"}
AVERAGE = {"name": "average", "event": "Order Completed", "value": "properties.total", "aggregate": "average"}
TAGS = {"name": "prizes", "event": "抽奖", "value": "properties.prize", "aggregate": "unique_list", "window": "2cd"}
ALL = [SPENT, ORDERS, LAST, AVERAGE, TAGS]


class ComputedTraits(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = pathlib.Path(folder.name) / "traits.yaml"
        self.declare(ALL)
        config = sample_config()
        config.setdefault("profile", {})["computed_traits"] = str(self.file)
        config["profile"]["time_zone"] = "Asia/Shanghai"
        self.server = Server(config)
        self.addCleanup(self.server.close)
        self.user = f"u-{uuid.uuid4()}"

    def declare(self, traits: list):
        self.file.write_text(json.dumps({"computed_traits": traits}))

    def tell(self, call: str, user: str = "", at: str = "2026-01-10T10:00:00Z", message: str = "", **members):
        body = {"userId": user or self.user, "timestamp": at, "messageId": message or str(uuid.uuid4()), **members}
        self.server.post(f"/v1/{call}", body, write_key=APP).expect(200)

    def order(self, total, currency="CNY", **members):
        number = str(uuid.uuid4())
        self.tell("track", event="Order Completed",
                  properties={"order_id": number, "total": total, "revenue": total, "currency": currency}, **members)

    def traits(self, user: str = "", as_of: str = "2026-01-20T00:00:00Z", verbose: bool = False) -> dict:
        query = f"/v1/profiles/lookup?as_of={as_of}" + ("&verbose=true" if verbose else "")
        body = {"kind": "user_id", "value": user or self.user}
        answer = self.server.request("POST", query, body, {"Authorization": f"Bearer {ANALYST}"})
        return answer.expect(200).json()["computed_traits"]

    def decide(self, what: str, other: str):
        body = {"type": what, "reason": "a test", "a": {"kind": "user_id", "value": self.user},
                "b": {"kind": "user_id", "value": other}}
        self.server.post("/v1/identity/assertions", body, key=ADMIN).expect(200)

    def rebuild(self):
        self.server.stop()
        subprocess.run([find_binary(), "rebuild", "--config", str(self.server.config_path)], check=True,
                       cwd=self.server.directory, capture_output=True)
        self.server.start()

    def test_live_after_each_event(self):
        self.tell("identify", traits={"name": "Ann"})
        self.assertEqual({"spent": 0, "orders_30d": 0, "last_page": None, "average": None, "prizes": []}, self.traits())
        self.order(10.10)
        self.assertEqual((10.1, 1, 10.1), tuple(self.traits()[name] for name in ("spent", "orders_30d", "average")))
        self.order("0.20", message="twice")
        self.order("0.20", message="twice")
        self.assertEqual(10.3, self.traits()["spent"])
        self.order(100, currency="EUR")
        self.assertEqual((10.3, 3, 36.766667), tuple(self.traits()[name] for name in ("spent", "orders_30d", "average")))
        self.tell("page", properties={"path": "/a"}, at="2026-01-11T00:00:00Z")
        self.tell("page", properties={"path": "/earlier"}, at="2026-01-09T00:00:00Z")
        self.assertEqual("/a", self.traits()["last_page"])

    def test_windows_end_with_the_moment(self):
        self.order(1, at="2026-01-10T10:00:00Z")
        for moment, orders in (("2026-01-10T09:59:59Z", 0), ("2026-01-10T10:00:00Z", 1), ("2026-02-09T09:59:59Z", 1),
                               ("2026-02-09T10:00:00Z", 0)):
            self.assertEqual(orders, self.traits(as_of=moment)["orders_30d"], moment)
        # 2026-01-10T17:00:00Z is the 11th in Shanghai.
        self.tell("track", event="抽奖", properties={"prize": "cup"}, at="2026-01-10T17:00:00Z")
        for moment, prizes in (("2026-01-12T15:59:59Z", ["cup"]), ("2026-01-12T16:00:00Z", [])):
            self.assertEqual(prizes, self.traits(as_of=moment)["prizes"], moment)

    def test_verbose_definitions_and_exports(self):
        self.order(1)
        self.order(2)
        shown = self.traits(verbose=True)
        self.assertEqual({"value": 3, "count": 2, "window": "all", "complete": True}, shown["spent"])
        answer = self.server.get("/v1/computed-traits", key=ANALYST).expect(200).json()["computed_traits"]
        self.assertEqual(sorted(each["name"] for each in ALL), [each["name"] for each in answer])
        self.assertEqual({"name": "spent", "type": "track", "event": "Order Completed",
                          "where": [{"property": "properties.currency", "is": "CNY"}], "value": "properties.total",
                          "aggregate": "sum", "window": "all"}, answer[-1])
        export = "/v1/export?what=profiles&as_of=2026-01-20T00:00:00Z"
        lines = self.server.get(export, key=ANALYST).expect(200).body.decode().splitlines()
        self.assertEqual(self.traits(), json.loads(lines[0])["computed_traits"])
        text = self.server.get(export + "&format=csv", key=ANALYST).expect(200).body.decode()
        row = next(csv.DictReader(io.StringIO(text)))
        self.assertEqual(self.traits(), json.loads(row["computed_traits"]))

    def test_the_same_after_restart_rebuild_and_when_declared_later(self):
        self.declare([LAST])
        self.server.restart()
        other = f"o-{uuid.uuid4()}"
        for user in (self.user, other):
            self.order(5, user=user)
            self.order(7.5, user=user, at="2026-01-11T10:00:00Z")
            self.tell("page", user=user, properties={"path": "/a"})
        self.order(7.5, user=other, message="m", at="2026-01-11T10:00:00Z")
        self.order(7.5, user=other, message="m", at="2026-01-11T10:00:00Z")
        self.assertEqual({"last_page": "/a"}, self.traits())
        self.declare(ALL)
        self.server.restart()
        self.assertGreater(self.server.metrics()["tributary_measure_backfill_seconds"], 0)
        wanted = {user: self.traits(user) for user in (self.user, other)}
        self.assertEqual({"spent": 12.5, "orders_30d": 2, "last_page": "/a", "average": 6.25, "prizes": []},
                         wanted[self.user])
        self.assertEqual(20, wanted[other]["spent"])
        self.order(1, user=other)
        self.assertEqual(21, self.traits(other)["spent"])
        wanted[other] = self.traits(other)
        for again in (self.server.restart, lambda: self.server.restart(kill=True), self.rebuild):
            again()
            self.assertEqual(0, self.server.metrics()["tributary_measure_backfill_seconds"])
            self.assertEqual(wanted, {user: self.traits(user) for user in wanted})

    def test_one_that_is_gone_is_not_shown_and_comes_back_whole(self):
        self.order(5)
        self.declare([LAST])
        self.server.restart()
        self.assertEqual({"last_page": None}, self.traits())
        self.order(6)
        self.declare([LAST, SPENT])
        self.server.restart()
        self.assertEqual({"last_page": None, "spent": 11}, self.traits())

    def test_merge_and_undo(self):
        guest = f"g-{uuid.uuid4()}"
        self.order(5)
        self.order(6, user=guest)
        apart = self.traits(), self.traits(guest)

        self.decide("must_link", guest)
        self.assertEqual(11, self.traits()["spent"])
        self.assertEqual(self.traits(), self.traits(guest))
        self.decide("unlink", guest)
        self.assertEqual(apart, (self.traits(), self.traits(guest)))

    def test_erased_with_the_customer(self):
        self.order(5)
        self.declare([])
        self.server.restart()
        body = {"identifier": {"kind": "user_id", "value": self.user}, "reason": "asked for it"}
        self.server.post("/v1/erasures", body, key=ADMIN).expect(200)
        self.declare(ALL)  # read from the log, which has the event still
        self.server.restart()
        self.assertIsNone(self.server.lookup("user_id", self.user))
        self.server.post("/v1/erasures", body, key=ADMIN).expect(404)
        self.assertEqual(0, self.server.metrics()["tributary_customers"])


if __name__ == "__main__":
    unittest.main()
