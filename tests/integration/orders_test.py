"""Orders and what customers are worth: told by every channel in any order, and equal to what a few lines of Python find."""
import bisect
import collections
import csv
import datetime
import decimal
import itertools
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from tributary import ADMIN, ANALYST, APP, REPOSITORY, WEB, Server, sample_config  # noqa: E402

CDNOW = REPOSITORY / "tests/data/cdnow/CDNOW_master.txt"
RETAIL = REPOSITORY / "tests/data/online_retail/online_retail_30k.csv"
Decimal = decimal.Decimal


def shop_config() -> dict:
    """Sources of one shop, and one of another."""
    config = sample_config()
    for source in config["sources"]:
        source["order_namespace"] = "shop"
    config["sources"].append({"id": "till", "workspace": "default", "kind": "sdk", "write_keys": ["wk_till"],
                              "trust": "server", "order_namespace": "shop"})
    config["sources"].append({"id": "market", "workspace": "default", "kind": "sdk", "write_keys": ["wk_market"],
                              "trust": "server"})
    return config


class Shop(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(shop_config())
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.user = f"u-{uuid.uuid4()}"

    def tell(self, event: str, write_key: str = APP, at: str = "2026-01-10T10:00:00Z", message: str = "", user: str = "",
             **properties):
        body = {"userId": user or self.user, "event": event, "timestamp": at, "properties": properties,
                "messageId": message or str(uuid.uuid4())}
        self.server.post("/v1/track", body, write_key=write_key).expect(200)

    def profile(self, user: str = "", as_of: str = "2026-01-20T00:00:00Z") -> dict:
        body = {"kind": "user_id", "value": user or self.user}
        headers = {"Authorization": f"Bearer {ANALYST}"}
        return self.server.request("POST", f"/v1/profiles/lookup?as_of={as_of}", body, headers).expect(200).json()

    def value(self, **when) -> dict:
        return self.profile(**when)["value"]

    def orders(self, user: str = "", limit: int = 1000) -> list:
        customer, found, cursor = self.profile(user)["customer_id"], [], ""
        while True:
            query = urllib.parse.urlencode({"limit": limit, "cursor": cursor})
            page = self.server.get(f"/v1/profiles/{customer}/orders?{query}", key=ANALYST).expect(200).json()
            self.assertLessEqual(len(page["orders"]), limit)
            found += page["orders"]
            if not page["next"]:
                return found
            cursor = page["next"]

    def test_9_1_refunds_in_any_order_each_twice(self):
        statements = [("Order Completed", {"revenue": "100.00"}), ("Order Refunded", {"refund_id": "r1", "amount": 30}),
                      ("Order Refunded", {"refund_id": "r2", "amount": 70})]
        for number, arrival in enumerate(itertools.permutations(statements)):
            user = f"{self.user}-{number}"
            for event, properties in [*arrival, *arrival]:
                self.tell(event, user=user, order_id=str(number), currency="CNY", **properties)
            value = self.profile(user)["value"]
            self.assertEqual((value["orders_count"], value["revenue_minor"], value["refunds_minor"]), (0, 0, 10_000))
        self.tell("Order Completed", order_id="x", currency="CNY", revenue="100.00")
        self.tell("Order Refunded", order_id="x", amount=30)
        value = self.value()
        self.assertEqual((value["orders_count"], value["revenue_minor"], value["refunds_minor"]), (1, 7_000, 3_000))

    def test_one_order_of_several_channels_is_one(self):
        self.tell("Order Completed", "wk_till", order_id="7", currency="USD", total=25.5, shipping=5, tax="0.5")
        self.tell("下单完成", APP, at="2026-01-10T10:00:05Z", order_id=7, currency="usd", total="25.50", shipping=5, tax=0.5)
        self.tell("order_updated", APP, at="2026-01-11T00:00:00Z", order_id="7", total=35.5)
        [order] = self.orders()
        self.assertEqual((order["order_namespace"], order["net_minor"], order["status"]), ("shop", 3_000, "completed"))
        self.assertEqual(order["occurred_at"], "2026-01-10T10:00:00.000Z")
        self.tell("Order Completed", "wk_market", order_id="7", currency="USD", revenue=1)
        self.assertEqual(sorted(order["order_namespace"] for order in self.orders()), ["market", "shop"])
        self.assertEqual(self.value()["orders_count"], 2)
        customer = self.profile()["customer_id"]
        for spelling in ("Order Completed", "order_completed", "下单完成"):
            events = self.server.events(customer, name=spelling)
            self.assertEqual([event["name"] for event in events], ["Order Completed"] * 3)
        self.assertEqual(len(self.server.events(customer, name="OrderUpdated")), 1)

    def test_what_does_not_count(self):
        self.tell("Order Completed", order_id="free", currency="USD", revenue=0)
        self.tell("Order Completed", order_id="test", currency="USD", revenue=5, test=True)
        self.tell("Order Completed", order_id="no currency", revenue=5)
        self.tell("Order Completed", order_id="no amount", currency="USD")
        self.tell("Order Completed", order_id="given back", currency="USD", revenue=5)
        self.tell("Order Refunded", order_id="given back")
        self.tell("Order Cancelled", order_id="cancelled")
        self.tell("Order Completed", order_id="cancelled", currency="USD", revenue=5)
        self.tell("Order Updated", order_id="never completed", currency="USD", revenue=5)
        self.tell("Order Completed", currency="USD", revenue=5)
        status = {order["order_id"]: (order["status"], order["counts"]) for order in self.orders()}
        self.assertEqual(status, {
            "free": ("completed", False), "test": ("completed", False), "no currency": ("completed", False),
            "no amount": ("completed", False), "given back": ("refunded", False), "cancelled": ("cancelled", False),
            "never completed": ("pending", False)})
        profile = self.profile()
        self.assertEqual((profile["value"]["orders_count"], profile["lifecycle"]), (0, "acquisition"))
        flags = collections.Counter(flag for event in self.server.events(profile["customer_id"]) for flag in event["flags"])
        self.assertEqual(flags, {"property_missing": 3})
        self.assertEqual(profile["event_counts"]["Order Completed"], 7)

    def test_lines_and_pages(self):
        for number in range(25):
            self.tell("Order Completed", order_id=str(number), currency="JPY", at=f"2026-01-{1 + number // 2:02}T10:00:00Z",
                      discount=1, products=[{"sku": f"s{number}", "price": "1.5", "quantity": 2, "secret": "x"},
                                            {"name": "n", "price": 10, "is_gift": True}])
        pages = self.orders(limit=4)
        self.assertEqual(pages, self.orders())
        self.assertEqual(len({order["order_id"] for order in pages}), 25)
        times = [order["occurred_at"] for order in pages]
        self.assertEqual(times, sorted(times, reverse=True))
        for order in pages:
            self.assertEqual((order["net_minor"], order["quantity"], order["line_count"]), (12, 3, 2))
            self.assertEqual(order["lines"], [{"sku": f"s{order['order_id']}", "price": 1.5, "quantity": 2},
                                              {"name": "n", "price": 10, "is_gift": True}])

    def test_a_merge_joins_orders_and_its_undo_divides_them(self):
        one, two = self.user + "-1", self.user + "-2"
        mail = f"{uuid.uuid4()}@example.com"

        def told(user, email, event, **properties):
            context = {"traits": {"email": email}} if email else {}
            self.server.post("/v1/track", {"userId": user, "event": event, "context": context,
                                           "timestamp": "2026-01-10T10:00:00Z", "properties": properties},
                             write_key=APP).expect(200)

        told(one, f"1{mail}", "Order Completed", order_id="m", currency="USD", revenue=10)
        self.server.post("/v1/track", {"anonymousId": two, "event": "Order Refunded", "timestamp": "2026-01-11T00:00:00Z",
                                       "context": {"traits": {"email": f"2{mail}"}},
                                       "properties": {"order_id": "m", "amount": 4}}, write_key=APP).expect(200)
        self.server.post("/v1/track", {"anonymousId": two, "event": "Order Completed", "timestamp": "2026-01-12T00:00:00Z",
                                       "context": {"traits": {"email": f"2{mail}"}},
                                       "properties": {"order_id": "n", "currency": "USD", "revenue": 3}},
                         write_key=APP).expect(200)
        before = self.profile(one)
        self.assertEqual(before["value"]["revenue_minor"], 1_000)

        def decide(state):
            body = {"type": state, "a": {"kind": "email", "value": f"1{mail}"}, "b": {"kind": "email", "value": f"2{mail}"},
                    "reason": "test"}
            return self.server.request("POST", "/v1/identity/assertions", body, {"Authorization": f"Bearer {ADMIN}"})

        decide("must_link").expect(200)
        merged = self.profile(one)
        self.assertEqual((merged["value"]["orders_count"], merged["value"]["revenue_minor"]), (2, 900))
        self.assertEqual([(order["order_id"], order["value_minor"]) for order in self.orders(one)], [("n", 300), ("m", 600)])
        decide("unlink").expect(200)
        after = self.profile(one)
        self.assertEqual(after, before)

    def test_erased_orders_are_gone(self):
        self.tell("Order Completed", order_id="e", currency="USD", revenue=10)
        customer = self.profile()["customer_id"]
        self.server.request("POST", "/v1/erasures", {"customer_id": customer, "reason": "asked"},
                            {"Authorization": f"Bearer {ADMIN}"}).expect(200)
        self.server.get(f"/v1/profiles/{customer}/orders", key=ANALYST).expect(404)

    def test_a_browser_takes_nothing_back(self):
        self.server.post("/v1/identify", {"userId": self.user, "anonymousId": f"a-{self.user}"}, write_key=APP).expect(200)
        self.tell("Order Completed", order_id="b", currency="USD", revenue=10)
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        for event in ("Order Cancelled", "Order Refunded", "Order Updated"):
            self.tell(event, WEB, at=now, order_id="b", revenue=1, amount=10)
        [order] = self.orders()
        self.assertEqual((order["status"], order["value_minor"]), ("completed", 1_000))
        self.tell("Order Refunded", order_id="b", amount=4)
        [order] = self.orders()
        self.assertEqual((order["status"], order["value_minor"]), ("partially_refunded", 600))

    def test_what_cannot_be_read_is_no_guess(self):
        self.tell("Order Completed", order_id="1", currency="CNY", products=[{"price": "x"}, {"price": 1}])
        self.tell("Order Completed", order_id="2", currency="CNY", products=[{"price": 1, "quantity": "2 pcs"}])
        self.tell("Order Completed", order_id="3", currency="CNY",
                  products=[{"price": 12.299999999999999, "quantity": 0.3333}, {"price": 1}])
        self.tell("Order Completed", order_id="4", currency="CNY", revenue=100)
        self.tell("Order Refunded", order_id="4", currency="USD", amount=10)
        for message in ("m1", "m2"):
            self.tell("Order Refunded", message=message + self.user, order_id="4", refund_id="n/a", amount=5)
        orders = {order["order_id"]: order for order in self.orders()}
        self.assertEqual([orders[name]["net_minor"] for name in "1234"], [None, None, 510, 10_000])
        self.assertEqual((orders["4"]["value_minor"], orders["4"]["flags"]), (9_000, ["refund_in_other_currency"]))

    def test_many_refunds_are_said_to_be_cut(self):
        self.tell("Order Completed", order_id="m", currency="USD", revenue=1000)
        refunds = [{"type": "track", "userId": self.user, "event": "Order Refunded", "messageId": f"{self.user}-{number}",
                    "timestamp": "2026-01-11T00:00:00Z", "properties": {"order_id": "m", "amount": 1}} for number in range(300)]
        self.server.post("/v1/batch", {"batch": refunds}, write_key=APP).expect(200)
        [order] = self.orders()
        self.assertEqual((order["refunded_minor"], order["flags"]), (20_000, ["refunds_cut"]))

    def test_numbers_that_attack(self):
        for amount in ("1e400", "-5", 1e308, "9" * 60, {"a": 1}, [1], True, "", "NaN", "1" + "0" * 20, "0." + "0" * 19 + "1"):
            self.tell("Order Completed", order_id=str(amount), currency="USD", revenue=amount, total=amount,
                      products=[{"price": amount, "quantity": amount}] * 3)
            self.tell("Order Refunded", order_id=str(amount), amount=amount)
        for properties in ({"order_id": {}}, {"order_id": "x" * 5000}, {"order_id": "a\u0000b"}, {"order_id": "q", "products": 7},
                           {"order_id": "q", "products": [[], 1, None]}, {"order_id": "q", "currency": "dollars"}):
            self.tell("Order Completed", **properties)
        value = self.value()
        self.assertEqual((value["orders_count"], value["revenue_minor"]), (0, 0))
        self.assertTrue(all(order["status"] in ("completed", "refunded", "partially_refunded") for order in self.orders()))


def rank(value, bounds):
    """5 for the first bound reached, 1 for none."""
    return next((5 - place for place, bound in enumerate(bounds) if value >= bound), 1)


class Figures:
    """The definitions once more, over plain lists: [(time, minor value)] of orders that count."""

    def __init__(self, orders, as_of, usual_gap=30, zone_hours=8):
        day = lambda moment: (moment + datetime.timedelta(hours=zone_hours)).date()  # noqa: E731
        self.orders_count = len(orders)
        self.revenue_minor = sum(minor for _, minor in orders)
        days = sorted({day(moment) for moment, _ in orders})
        self.last = max(moment for moment, _ in orders)
        self.r_days = (day(as_of) - days[-1]).days
        gaps = [(b - a).days for a, b in zip(days, days[1:])]
        own_gap = statistics.median(gaps) if len(gaps) >= 2 else None
        self.expected_gap_days = max(own_gap if own_gap is not None else usual_gap, 7)
        ratio = self.r_days / self.expected_gap_days
        self.churn_band = "low" if ratio < 1.5 else "medium" if ratio < 3 else "high"
        limit = datetime.timedelta(days=max(90, 2 * own_gap if own_gap is not None else 0))
        self.lifecycle = ("decline" if as_of - self.last >= limit else "mature" if len(orders) >= 5 else "growth")
        self.aov_minor = int((Decimal(self.revenue_minor) / len(orders)).quantize(Decimal(1), decimal.ROUND_HALF_EVEN))
        self.cell = "".join(map(str, (
            rank(-self.r_days, (-30, -60, -90, -180)), rank(len(orders), (10, 6, 3, 2)),
            rank(self.revenue_minor, (500_000, 200_000, 100_000, 30_000)))))
        self.aov_score = rank(self.aov_minor, (100_000, 50_000, 20_000, 5_000))


class Quintiles:
    """The rule of scores once more, over all buyers: {customer: Figures}."""

    LETTERS = {"r": lambda figures: -figures.r_days, "f": lambda figures: figures.orders_count,
               "m": lambda figures: figures.revenue_minor, "aov": lambda figures: figures.aov_minor}

    def __init__(self, buyers):
        self.scores, self.cuts = collections.defaultdict(dict), {}
        for letter, value_of in self.LETTERS.items():
            values = sorted(map(value_of, buyers.values()))
            weakest = {}
            for customer, figures in buyers.items():
                value = value_of(figures)
                score = 1 + 5 * bisect.bisect_left(values, value) // len(values)
                self.scores[customer][letter] = score
                for reached in range(2, score + 1):
                    weakest[reached] = min(value, weakest.get(reached, value))
            self.cuts[letter] = [weakest.get(score) for score in (2, 3, 4, 5)]
        self.cuts["r"] = [None if cut is None else -cut for cut in self.cuts["r"]]

    def cell(self, customer):
        return "".join(str(self.scores[customer][letter]) for letter in "rfm")

    def counts(self, letter):
        counts = collections.Counter(scores[letter] for scores in self.scores.values())
        return [counts[score] for score in (1, 2, 3, 4, 5)]


def usual_gap(bought, as_of, zone_hours=8):
    """Count and median of the days between two order days of a customer, both of the last 365 days."""
    gaps = []
    for orders in bought.values():
        days = sorted({(moment + datetime.timedelta(hours=zone_hours)).date() for moment, _ in orders
                       if datetime.timedelta(0) <= as_of - moment < datetime.timedelta(days=365)})
        gaps += [(b - a).days for a, b in zip(days, days[1:])]
    return len(gaps), statistics.median(gaps)


class RealDataTest(unittest.TestCase):
    """Every figure of every customer of both data sets."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="tributary-orders-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        config = sample_config()
        config["profile"] = {"rfm_window": "0s", "rfm_recompute_at": "off"}
        self.config = config
        self.server = Server(config)
        self.addCleanup(self.server.close)

    def import_all(self, path, mapping):
        file = shutil.copy(path, self.directory)
        subprocess.run([self.server.binary, "import", file, "--source", "app", "--server", self.server.http, "--write-key",
                        APP, "--mapping", str(REPOSITORY / "config/import" / mapping)], check=True, capture_output=True,
                       timeout=300)

    def profiles(self, as_of):
        """Identifier -> profile as of that time, of all."""
        answer = self.server.get(f"/v1/export?what=profiles&as_of={as_of:%Y-%m-%dT%H:%M:%SZ}", key=ANALYST).expect(200)
        lines = [json.loads(line) for line in answer.body.decode().splitlines()]
        self.assertTrue(lines.pop()["end"])
        return {profile["identifiers"][0]["value"]: profile for profile in lines}

    def check(self, profile, orders, as_of):
        value = profile["value"]
        if not orders:
            self.assertEqual((value["orders_count"], value["revenue_minor"], value["rfm"], profile["lifecycle"]),
                             (0, 0, None, "acquisition"))
            return
        expected = Figures(orders, as_of)
        seen = {"orders_count": value["orders_count"], "revenue_minor": value["revenue_minor"],
                "aov_minor": value["aov_minor"], "r_days": value["rfm"]["r_days"], "cell": value["rfm"]["cell"],
                "aov_score": value["rfm"]["aov_score"], "expected_gap_days": value["expected_gap_days"],
                "churn_band": value["churn_band"], "lifecycle": profile["lifecycle"]}
        self.assertEqual(seen, {name: getattr(expected, name) for name in seen}, profile)
        self.assertEqual((value["rfm"]["scale"], value["rfm"]["scale_computed_at"]), ("fixed", None))
        self.assertEqual(value["clv_minor"], expected.revenue_minor)
        self.assertEqual(value["rfm"]["f_count"], expected.orders_count)
        self.assertEqual(value["last_order_at"], expected.last.strftime("%Y-%m-%dT%H:%M:%S.000Z"))

    def compute_scale(self, as_of):
        admin = {"Authorization": f"Bearer {ADMIN}"}
        self.server.get("/v1/rfm/scale", key=ANALYST).expect(404)
        before = self.server.metrics()["tributary_rfm_scale_computed_timestamp_seconds"]
        self.assertEqual(before, 0)
        scale = self.server.request("POST", f"/v1/rfm/scale?as_of={as_of:%Y-%m-%dT%H:%M:%SZ}", None, admin).expect(200).json()
        self.assertEqual(self.server.get("/v1/rfm/scale", key=ANALYST).expect(200).json(), scale)
        metrics = self.server.metrics()
        self.assertEqual(metrics["tributary_rfm_scale_customers"], scale["customers"])
        self.assertAlmostEqual(metrics["tributary_rfm_scale_computed_timestamp_seconds"], time.time(), delta=600)
        return scale

    def check_quintiles(self, bought, as_of, currency):
        """The scale, and with it every customer; that both survive a restart and a rebuild, and what the setting does."""
        gaps, median = usual_gap(bought, as_of)
        buyers = {customer: Figures(orders, as_of, median) for customer, orders in bought.items() if orders}
        expected = Quintiles(buyers)
        scale = self.compute_scale(as_of)
        [own] = scale["currencies"]
        self.assertEqual(own, {"currency": currency, "customers": len(buyers), "scale": "quintiles",
                               "r_days": expected.cuts["r"], "f_count": expected.cuts["f"],
                               "m_minor": expected.cuts["m"], "aov_minor": expected.cuts["aov"]})
        self.assertEqual((scale["customers"], scale["gaps"], scale["median_gap_days"], scale["window_seconds"]),
                         (len(buyers), gaps, median, None))
        self.assertEqual(scale["as_of"], as_of.strftime("%Y-%m-%dT%H:%M:%S.000Z"))
        profiles = self.profiles(as_of)
        self.assertEqual(set(profiles), set(bought))
        for customer, orders in bought.items():
            value = profiles[customer]["value"]
            if not orders:
                self.assertIsNone(value["rfm"])
                continue
            rfm = value["rfm"]
            self.assertEqual({letter: rfm[f"{letter}_score"] for letter in Quintiles.LETTERS}, expected.scores[customer])
            self.assertEqual((rfm["cell"], rfm["scale"], rfm["scale_computed_at"]),
                             (expected.cell(customer), "quintiles", scale["computed_at"]))
            self.assertEqual((value["expected_gap_days"], value["churn_band"]),
                             (buyers[customer].expected_gap_days, buyers[customer].churn_band), customer)
        self.server.restart(kill=True)
        self.assertEqual(self.server.get("/v1/rfm/scale", key=ANALYST).expect(200).json(), scale)
        self.server.stop()
        subprocess.run([self.server.binary, "rebuild", "--config", self.server.config_path], cwd=self.server.directory,
                       check=True, capture_output=True, timeout=300)
        self.config["profile"]["rfm_scoring"] = "fixed"
        self.config["profile"]["expected_order_gap"] = "30d"
        self.server.configure(self.config)
        self.server.start()
        own["scale"] = "fixed"
        self.assertEqual(self.server.get("/v1/rfm/scale", key=ANALYST).expect(200).json(), scale)
        profiles = self.profiles(as_of)
        for customer, orders in bought.items():
            self.check(profiles[customer], orders, as_of)
        return expected

    def test_9_2_cdnow(self):
        as_of = datetime.datetime(1998, 7, 1)
        bought = collections.defaultdict(list)
        for line in CDNOW.read_text().splitlines()[1:]:
            customer, date, _, dollars = line.split()
            minor = int(Decimal(dollars) * 100)
            bought[customer] += [(datetime.datetime.strptime(date, "%Y%m%d"), minor)] if minor else []
        self.import_all(CDNOW, "cdnow.yaml")
        profiles = self.profiles(as_of)
        self.assertEqual(set(profiles), set(bought))
        for customer, orders in bought.items():
            self.check(profiles[customer], orders, as_of)
        values = [profile["value"] for profile in profiles.values()]
        self.assertEqual(len(values), 23_570)
        self.assertEqual(sum(value["orders_count"] > 0 for value in values), 23_502)
        self.assertEqual(sum(value["orders_count"] for value in values), 69_579)
        self.assertEqual(sum(value["revenue_minor"] for value in values), 250_031_563)
        known = {"00001": (546, 1, 1_177), "00002": (535, 2, 8_900), "00003": (34, 6, 15_646), "00004": (201, 4, 10_050)}
        rfm = {customer: profiles[customer]["value"]["rfm"] for customer in known}
        self.assertEqual({c: (r["r_days"], r["f_count"], r["m_minor"]) for c, r in rfm.items()}, known)
        scale = self.check_quintiles(bought, as_of, "USD")
        # What is published of this data set.
        self.assertEqual({letter: scale.counts(letter) for letter in "rfm"}, {
            "r": [4_705, 4_870, 4_534, 4_703, 4_690], "f": [11_843, 0, 4_079, 3_655, 3_925],
            "m": [4_749, 4_656, 4_697, 4_700, 4_700]})
        self.assertEqual({letter: scale.cuts[letter] for letter in "rfm"}, {
            "r": [512, 484, 430, 140], "f": [2, 2, 3, 5], "m": [1_537, 3_156, 6_006, 13_430]})
        self.assertEqual([scale.cell(customer) for customer in known], ["111", "134", "555", "444"])
        cells = collections.Counter(map(scale.cell, scale.scores))
        self.assertEqual((cells["555"], cells["111"]), (2_348, 1_710))

    def test_online_retail(self):
        as_of = datetime.datetime(2011, 12, 10)
        invoices = collections.defaultdict(list)
        with open(RETAIL, encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                invoices[row["InvoiceNo"]].append(row)
        bought = collections.defaultdict(list)
        for number, rows in invoices.items():
            customer = rows[0]["CustomerID"].removesuffix(".0") or f"guest-{number}"
            net = sum(Decimal(row["Quantity"]) * Decimal(row["UnitPrice"]) for row in rows)
            minor = int((net * 100).quantize(Decimal(1), decimal.ROUND_HALF_EVEN))
            at = datetime.datetime.strptime(rows[0]["InvoiceDate"], "%Y-%m-%d %H:%M:%S")
            bought[customer] += [(at, minor)] if minor >= 1 and not number.startswith("C") else []
        self.import_all(RETAIL, "online_retail.yaml")
        profiles = self.profiles(as_of)
        self.assertEqual(set(profiles), set(bought))
        for customer, orders in bought.items():
            self.check(profiles[customer], orders, as_of)
        self.check_quintiles(bought, as_of, "GBP")


if __name__ == "__main__":
    unittest.main()
