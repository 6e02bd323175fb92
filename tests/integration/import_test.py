"""`tributary import` against a running server: real purchases in, the same numbers out as a few lines of Python find."""
import collections
import csv
import decimal
import json
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import tributary  # noqa: E402

ROOT = tributary.REPOSITORY
CDNOW = ROOT / "tests/data/cdnow/CDNOW_master.txt"
RETAIL = ROOT / "tests/data/online_retail/online_retail_30k.csv"
Decimal = decimal.Decimal


def cdnow_orders():
    """Customer id -> [(date, quantity, value)], straight from the file."""
    orders = collections.defaultdict(list)
    for line in CDNOW.read_text().splitlines()[1:]:
        customer, date, quantity, value = line.split()
        orders[customer].append((date, int(quantity), Decimal(value)))
    return orders


def retail_invoices():
    """Invoice -> its rows, straight from the file."""
    invoices = collections.defaultdict(list)
    with open(RETAIL, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            invoices[row["InvoiceNo"]].append(row)
    return invoices


class ImportTest(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="tributary-import-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.server = tributary.Server()
        self.addCleanup(self.server.close)

    def tearDown(self):
        if self.server.running():
            self.assertEqual(self.server.stop(), 0)

    def copy(self, path):
        return pathlib.Path(shutil.copy(path, self.directory))

    def command(self, path, *flags, mapping=None):
        words = [self.server.binary, "import", str(path), "--source", "app", "--server", self.server.http, "--write-key",
                 tributary.APP, *flags]
        return words + (["--mapping", str(ROOT / "config/import" / mapping)] if mapping else [])

    def run_import(self, path, *flags, mapping=None, expect=0):
        """The counts of one import that ends with the expected code."""
        done = subprocess.run(self.command(path, *flags, mapping=mapping), capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, expect, done.stderr[-2000:])
        self.stderr = done.stderr
        return json.loads(done.stdout)

    def payloads(self, customer_id):
        """The events of a timeline with exact numbers."""
        events, cursor = [], ""
        while True:
            answer = self.server.get(f"/v1/profiles/{customer_id}/events?limit=1000{cursor}", key=tributary.ANALYST)
            page = json.loads(answer.expect(200).body, parse_float=Decimal)
            events += page["events"]
            if not page["next"]:
                return events
            cursor = "&cursor=" + page["next"]

    def lookups(self, values, kind="user_id"):
        """Value -> profile, over one connection."""
        found = {}
        headers = {"Authorization": f"Bearer {tributary.ANALYST}"}
        with self.server.client() as client:
            for value in values:
                answer = client.request("POST", "/v1/profiles/lookup", {"kind": kind, "value": value}, headers)
                found[value] = answer.expect(200).json()
        return found


class CdnowTest(ImportTest):
    def check_everything(self, sample_size=100):
        """23,570 customers with the file's order counts, and each purchase to the cent for a sample and the two busiest."""
        orders = cdnow_orders()
        self.assertEqual(len(orders), 23_570)
        self.assertEqual(self.server.metrics()["tributary_customers"], 23_570)
        profiles = self.lookups(orders)
        counts = {customer: profile["events"] for customer, profile in profiles.items()}
        self.assertEqual(counts, {customer: len(bought) for customer, bought in orders.items()})
        self.assertEqual(len({profile["customer_id"] for profile in profiles.values()}), 23_570)
        sample = random.Random(33).sample(sorted(orders), sample_size)
        busiest = sorted(orders, key=lambda customer: len(orders[customer]))[-2:]
        for customer in sample + busiest:
            self.check_purchases(profiles[customer], orders[customer])

    def check_purchases(self, profile, bought):
        seen = []
        for event in self.payloads(profile["customer_id"]):
            properties = event["event"]["properties"]
            date = event["event"]["timestamp"][:10].replace("-", "")
            seen.append((date, properties["products"][0]["quantity"], properties["total"]))
        self.assertEqual(sorted(seen), sorted(bought))
        self.assertEqual(sum(value for _, _, value in seen), sum(value for _, _, value in bought))
        self.assertEqual(profile["event_counts"], {"Order Completed": len(bought)})
        self.assertEqual(profile["first_seen"][:10].replace("-", ""), min(date for date, _, _ in bought))

    def test_customers_and_orders_are_those_of_the_file(self):
        counts = self.run_import(self.copy(CDNOW), mapping="cdnow.yaml")
        self.assertEqual(counts, {"complete": True, "events": 69_659, "accepted": 69_659, "duplicate": 0, "rejected": 0})
        self.check_everything(sample_size=500)
        with self.subTest("a second import counts everything as duplicate"):
            counts = self.run_import(self.copy(CDNOW), mapping="cdnow.yaml")
            self.assertEqual((counts["accepted"], counts["duplicate"], counts["rejected"]), (0, 69_659, 0))
            self.assertEqual(self.server.metrics()["tributary_customers"], 23_570)

    def import_until_half(self, path):
        """An import that has kept a part of the file as progress, against a server that is stopped (SIGSTOP): however
        fast the machine, it cannot end before `self.go_on()`."""
        process = subprocess.Popen(self.command(path, "--batch-events", "20", "--in-flight", "2", mapping="cdnow.yaml"),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        self.server.wait_until(lambda: self.server.metrics().get("tributary_events_total") > 200, 60, "some events")
        self.server.process.send_signal(signal.SIGSTOP)
        checkpoint = pathlib.Path(f"{path}.app.checkpoint")
        self.server.wait_until(checkpoint.exists, 60, "a checkpoint")
        self.assertIsNone(process.poll(), "the import ended before it could be interrupted")
        return process

    def go_on(self):
        self.server.process.send_signal(signal.SIGCONT)

    def test_killed_import_resumes_without_double_count(self):
        path = self.copy(CDNOW)
        process = self.import_until_half(path)
        process.kill()
        process.wait()
        self.go_on()
        begun = json.loads(pathlib.Path(f"{path}.app.checkpoint").read_text())
        self.assertGreater(begun["accepted"], 0)
        self.assertLess(begun["accepted"], 69_659)
        counts = self.run_import(path, "--resume", mapping="cdnow.yaml")
        # What was answered behind the last checkpoint comes back as duplicate; each event is counted once by the server.
        self.assertEqual(counts["events"], 69_659)
        self.check_everything()

    def test_interrupted_import_says_how_to_resume(self):
        path = self.copy(CDNOW)
        process = self.import_until_half(path)
        process.send_signal(signal.SIGINT)
        self.go_on()
        stdout, stderr = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130, stderr)
        self.assertFalse(json.loads(stdout)["complete"])
        hint = stderr.strip().splitlines()[-1]
        self.assertIn(f"tributary import {path} ", hint)
        self.assertIn("--resume", hint)
        self.assertNotIn(tributary.APP, hint)
        words = hint.split("tributary import ")[1].replace("--write-key KEY", f"--write-key {tributary.APP}").split()
        done = subprocess.run([self.server.binary, "import", *words], capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        counts = json.loads(done.stdout)
        self.assertEqual((counts["accepted"], counts["duplicate"]), (69_659, 0))
        self.assertEqual(self.server.metrics()["tributary_customers"], 23_570)

    def test_server_killed_and_restarted_in_between(self):
        config = tributary.sample_config()
        self.server.close()
        self.server = tributary.Server(config, data_dir=self.directory / "data")
        self.addCleanup(self.server.close)
        config["server"]["listen"] = self.server.http  # the port stays, so that the import finds the server again
        self.server.configure(config)
        path = self.copy(CDNOW)
        process = self.import_until_half(path)
        self.server.restart(kill=True)
        stdout, stderr = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, stderr)
        self.assertEqual(json.loads(stdout)["events"], 69_659)
        self.check_everything()


class OnlineRetailTest(ImportTest):
    def test_invoices_are_orders_and_their_values_the_files(self):
        invoices = retail_invoices()
        counts = self.run_import(self.copy(RETAIL), mapping="online_retail.yaml")
        self.assertEqual((counts["events"], counts["accepted"], counts["rejected"]), (12_392, 12_392, 0))
        by_customer = collections.defaultdict(dict)
        for number, rows in invoices.items():
            customer = rows[0]["CustomerID"].removesuffix(".0") or f"guest-{number}"
            by_customer[customer][number] = sum(Decimal(row["Quantity"]) * Decimal(row["UnitPrice"]) for row in rows)
        guests = [customer for customer in by_customer if customer.startswith("guest-")]
        members = [customer for customer in by_customer if not customer.startswith("guest-")]
        self.assertEqual((len(members), len(guests)), (3_569, 665))
        self.assertEqual(self.server.metrics()["tributary_customers"], 3_569 + 665)
        profiles = self.lookups(members) | self.lookups(guests, "anonymous_id")
        total = Decimal(0)
        for customer, expected in by_customer.items():
            seen = {}
            for event in self.payloads(profiles[customer]["customer_id"]):
                properties = event["event"]["properties"]
                refund = event["name"] == "Order Refunded"
                self.assertEqual(refund, properties["order_id"].startswith("C"))
                seen[properties["order_id"]] = -properties["amount"] if refund else Decimal(properties["total"])
                self.assertEqual(len(properties["products"]), len(invoices[properties["order_id"]]))
            self.assertEqual(seen, expected)
            total += sum(seen.values())
        self.assertEqual(total, Decimal("575574.67"))


class RejectedRowsTest(ImportTest):
    def write(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return path

    def report(self, path):
        return [json.loads(line) for line in pathlib.Path(f"{path}.app.rejected.ndjson").read_text().splitlines()]

    def test_bad_rows_end_with_65_and_a_report_without_values(self):
        path = self.write("cd.txt", "customer_id date number_of_cds dollar_value\n00001 19970101 1 11.77\n00002 19970230 1 1.00\n"
                                    "00003 19970101 1\n00004 19970101 one 5.00\n00005 19970101 2 9.99\n")
        counts = self.run_import(path, mapping="cdnow.yaml", expect=65)
        self.assertEqual((counts["accepted"], counts["rejected"]), (2, 3))
        found = [(entry["line"], entry["code"]) for entry in self.report(path)]
        self.assertEqual(found, [(3, "bad_time"), (4, "ragged_row"), (5, "bad_integer")])
        self.assertNotIn("19970230", pathlib.Path(f"{path}.app.rejected.ndjson").read_text())
        self.assertEqual(self.server.lookup("user_id", "00005")["events"], 1)

    def test_corrected_rows_are_new_and_the_others_known(self):
        head = "customer_id date number_of_cds dollar_value\n00001 19970101 1 11.77\n"
        self.run_import(self.write("a.txt", head + "00002 19970230 1 1.00\n"), mapping="cdnow.yaml", expect=65)
        counts = self.run_import(self.write("a.txt", head + "00002 19970228 1 1.00\n"), "--restart", mapping="cdnow.yaml")
        self.assertEqual((counts["accepted"], counts["duplicate"]), (1, 1))

    def test_events_in_ndjson_with_the_servers_own_reasons(self):
        lines = [{"type": "track", "event": "e", "userId": "u1", "messageId": "m1", "properties": {"n": 1}},
                 {"type": "track", "event": "e"}, {"type": "fly", "userId": "u1"}, {"type": "page", "userId": "u1"}]
        text = "".join(json.dumps(line) + "\n" for line in lines) + '{"type":"page"\n'
        text += '{"type":"track","event":"big","userId":"u1","properties":{"n":9007199254740993,"x":12.50}}\n'
        path = self.write("events.ndjson", text)
        counts = self.run_import(path, expect=65)
        self.assertEqual((counts["accepted"], counts["rejected"]), (3, 3))
        found = [(entry["line"], entry["code"]) for entry in self.report(path)]
        self.assertEqual(found, [(2, "missing_id"), (3, "unknown_type"), (5, "invalid_json")])
        self.assertEqual(len(self.server.rejected(source="app")), 2)
        profile = self.server.lookup("user_id", "u1")
        self.assertEqual(profile["events"], 3)
        page = self.server.get(f"/v1/profiles/{profile['customer_id']}/events", key=tributary.ANALYST)
        self.assertIn(b'"n":9007199254740993,"x":12.50', page.expect(200).body)
        again = self.run_import(path, "--restart", expect=65)
        self.assertEqual((again["accepted"], again["duplicate"]), (0, 3))

    def test_usage_and_connection_have_codes_of_their_own(self):
        path = self.write("e.ndjson", '{"type":"page","userId":"u"}\n')
        words = [self.server.binary, "import", str(path), "--source", "app"]

        def code(*flags):
            return subprocess.run([*words, *flags], capture_output=True, timeout=60).returncode
        self.assertEqual(code("--server", self.server.http), 64)
        self.assertEqual(code("--server", self.server.http, "--write-key", "wk_wrong"), 64)
        self.assertEqual(code("--server", "127.0.0.1:1", "--write-key", "k"), 69)
        config = tributary.sample_config() | {"server": {"listen": self.server.http}}
        (self.directory / "c.yaml").write_text(json.dumps(config))
        self.assertEqual(code("--config", str(self.directory / "c.yaml")), 0)
        mapping = self.write("m.yaml", "name: x\nfromat: csv\n")
        self.assertEqual(code("--server", self.server.http, "--write-key", tributary.APP, "--format", "table", "--mapping",
                              str(mapping)), 78)


if __name__ == "__main__":
    unittest.main(verbosity=2)
