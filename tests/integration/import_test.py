"""`tributary import` against a running server: real purchases in, the same numbers out as a few lines of Python find."""
import collections
import csv
import decimal
import gzip
import json
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
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

    def report(self, path):
        """(row, code) of each rejected row."""
        with open(f"{path}.app.rejected.csv", encoding="utf-8", newline="") as file:
            return [(int(row["row"]), row["code"]) for row in csv.DictReader(file)]

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


class PassingInputTest(ImportTest):
    """gzip, zstd and standard input: what a file gives is what it gives compressed and through a pipe."""

    def events(self, count):
        return "".join(json.dumps({"type": "track", "event": "e", "userId": f"u{n % 50}", "messageId": f"m{n}",
                                   "properties": {"n": n}}) + "\n" for n in range(count)).encode()

    def zstd(self, data):
        return subprocess.run(["zstd", "-q", "-c"], input=data, capture_output=True, check=True).stdout

    def feed(self, data, *flags, mapping=None, expect=0):
        """An import from standard input."""
        done = subprocess.run(self.command("-", *flags, mapping=mapping), input=data, capture_output=True, timeout=300,
                              cwd=self.directory)
        self.stderr = done.stderr.decode()
        self.assertEqual(done.returncode, expect, self.stderr[-2000:])
        return json.loads(done.stdout)

    def write(self, name, data):
        path = self.directory / name
        path.write_bytes(data)
        return path

    def test_compressed_files_and_pipes_give_the_same_events(self):
        data = self.events(5_000)
        self.assertEqual(self.run_import(self.write("e.ndjson.gz", gzip.compress(data)))["accepted"], 5_000)
        self.assertEqual(self.run_import(self.write("e.ndjson.zst", self.zstd(data)))["duplicate"], 5_000)
        self.assertEqual(self.run_import(self.write("plain.ndjson", gzip.compress(data)))["duplicate"], 5_000)
        for fed in (data, gzip.compress(data), self.zstd(data)):
            self.assertEqual(self.feed(fed)["duplicate"], 5_000)
        self.assertEqual(list(self.directory.glob("stdin*")), [])
        self.assertEqual(self.server.metrics()["tributary_customers"], 50)

    def test_tables_pass_by_too_and_groups_are_found_in_them(self):
        self.assertEqual(self.feed(gzip.compress(CDNOW.read_bytes()), mapping="cdnow.yaml")["accepted"], 69_659)
        self.assertEqual(self.feed(self.zstd(RETAIL.read_bytes()), mapping="online_retail.yaml")["accepted"], 12_392)
        counts = self.run_import(self.copy(RETAIL), mapping="online_retail.yaml")
        self.assertEqual((counts["accepted"], counts["duplicate"]), (0, 12_392))

    def test_what_stands_before_the_damage_is_imported(self):
        whole = gzip.compress(self.events(20_000))
        path = self.write("e.ndjson.gz", whole[:len(whole) // 2])
        counts = self.run_import(path, expect=65)
        self.assertFalse(counts["complete"])
        self.assertGreater(counts["accepted"], 5_000)
        self.assertEqual(counts["rejected"], 0)
        self.assertIn(f"the gzip data ends too early, at byte {len(whole) // 2}", self.stderr)
        counts = self.run_import(self.write("e.ndjson.gz", whole))
        self.assertEqual(counts["accepted"] + counts["duplicate"], 20_000)
        self.assertGreater(counts["duplicate"], 5_000)

    def test_groups_of_a_damaged_file_are_not_guessed(self):
        whole = gzip.compress(RETAIL.read_bytes())
        path = self.write("r.csv.gz", whole[:len(whole) // 2])
        done = subprocess.run(self.command(path, mapping="online_retail.yaml"), capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 65)
        self.assertIn("ends too early", done.stderr)
        self.assertEqual(self.server.metrics()["tributary_customers"], 0)

    def test_a_compressed_file_resumes_at_its_place(self):
        path = self.write("cd.txt.gz", gzip.compress(CDNOW.read_bytes()))
        process = subprocess.Popen(self.command(path, "--batch-events", "20", "--in-flight", "2", mapping="cdnow.yaml"),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        checkpoint = pathlib.Path(f"{path}.app.checkpoint")
        self.server.wait_until(lambda: self.server.metrics().get("tributary_events_total") > 200, 60, "some events")
        self.server.process.send_signal(signal.SIGSTOP)
        self.server.wait_until(checkpoint.exists, 60, "a checkpoint")
        process.kill()
        process.wait()
        self.server.process.send_signal(signal.SIGCONT)
        self.assertLess(json.loads(checkpoint.read_text())["accepted"], 69_659)
        counts = self.run_import(path, "--resume", mapping="cdnow.yaml")
        self.assertIn("resuming at line", self.stderr)
        self.assertEqual(counts["events"], 69_659)
        self.assertEqual(self.server.metrics()["tributary_customers"], 23_570)

    def test_standard_input_is_fed_again_and_not_resumed(self):
        data = self.events(100)
        done = subprocess.run(self.command("-", "--resume"), input=data, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 64)
        self.assertIn(b"feed it again", done.stderr)
        self.feed(data[:len(data) // 2 + 1].rpartition(b"\n")[0])
        self.assertEqual(self.feed(data)["events"], 100)
        self.assertEqual(self.server.lookup("user_id", "u7")["events"], 2)

    def test_an_interrupted_pipe_ends_at_once(self):
        process = subprocess.Popen(self.command("-"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        process.stdin.write(self.events(1_000))
        process.stdin.flush()
        self.server.wait_until(lambda: self.server.metrics().get("tributary_events_total") == 1_000, 60, "the events")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=10), 143)
        self.assertEqual(json.loads(process.stdout.read())["accepted"], 1_000)
        self.assertIn(b"feed the same again", process.stderr.read())

    def test_memory_is_bounded_whatever_passes_by(self):
        line = json.dumps({"type": "track", "event": "e", "userId": "u", "messageId": "m"}).encode() + b"\n"
        path = self.directory / "bomb.ndjson.gz"
        with gzip.open(path, "wb") as bomb:
            for _ in range(300):
                bomb.write(b" " * (1 << 20))
            bomb.write(b"\n" + line)
        process = subprocess.Popen(self.command(path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        peak = 0  # KiB; what wait4() tells begins with the peak of the process that this one comes from
        while process.poll() is None:
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            peak = max([peak, *map(int, re.findall(r"VmHWM:\s+(\d+) kB", status))])
            time.sleep(0.005)
        self.assertEqual(process.returncode, 65)
        self.assertEqual(self.report(path), [(1, "event_too_large")])
        self.assertTrue(1 << 10 < peak < 150 << 10, peak)

class RejectedRowsTest(ImportTest):
    def write(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return path

    def test_bad_rows_end_with_65_and_a_report_without_values(self):
        path = self.write("cd.txt", "customer_id date number_of_cds dollar_value\n00001 19970101 1 11.77\n00002 19970230 1 1.00\n"
                                    "00003 19970101 1\n00004 19970101 one 5.00\n00005 19970101 2 9.99\n")
        counts = self.run_import(path, mapping="cdnow.yaml", expect=65)
        self.assertEqual((counts["accepted"], counts["rejected"]), (2, 3))
        self.assertEqual(self.report(path), [(3, "bad_time"), (4, "ragged_row"), (5, "bad_integer")])
        text = pathlib.Path(f"{path}.app.rejected.csv").read_text()
        self.assertNotIn("19970230", text)
        self.assertIn("3,date,bad_time,", text)
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
        self.assertEqual(self.report(path), [(2, "missing_id"), (3, "unknown_type"), (5, "invalid_json")])
        self.assertEqual(len(self.server.rejected(source="app")), 2)
        profile = self.server.lookup("user_id", "u1")
        self.assertEqual(profile["events"], 3)
        page = self.server.get(f"/v1/profiles/{profile['customer_id']}/events", key=tributary.ANALYST)
        self.assertIn(b'"n":9007199254740993,"x":12.50', page.expect(200).body)
        again = self.run_import(path, "--restart", expect=65)
        self.assertEqual((again["accepted"], again["duplicate"]), (0, 3))

    def test_a_dry_run_tells_what_an_import_will_and_sends_nothing(self):
        path = self.write("cd.txt", "customer_id date number_of_cds dollar_value\n00001 19970101 1 11.77\n"
                                    "00002 19970230 1 1.00\n" + "x" * 2000 + " 19970101 1 5.00\n")
        words = [self.server.binary, "import", str(path), "--source", "app", "--mapping", str(ROOT / "config/import/cdnow.yaml")]
        done = subprocess.run([*words, "--dry-run"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 65, done.stderr)
        dry, found = json.loads(done.stdout), self.report(path)
        self.assertTrue(dry.pop("dry_run"))
        self.assertEqual(self.server.metrics()["tributary_customers"], 0)
        self.assertFalse(pathlib.Path(f"{path}.app.checkpoint").exists())
        self.assertEqual(self.run_import(path, mapping="cdnow.yaml", expect=65), dry)
        self.assertEqual(self.report(path), found)

    def test_reports_as_ndjson_for_programs(self):
        path = self.write("e.ndjson", "[]\n")
        self.run_import(path, "--report-format", "ndjson", expect=65)
        lines = pathlib.Path(f"{path}.app.rejected.ndjson").read_text().splitlines()
        self.assertEqual(json.loads(lines[0])["code"], "not_an_object")

    def test_chinese_exports_in_their_own_encoding(self):
        mapping = self.write("m.yaml", "name: zh\nformat: csv\nencoding: gbk\ndelimiter: '|'\nuser_id: '{用户}'\n"
                                       "time: {column: 时间, format: unix_seconds}\n"
                                       "events: [{name: 下单, properties: {商品: '{商品}'}}]\n")
        path = self.directory / "zh.csv"
        # The second byte of the first product's character is that of the delimiter.
        rows = ["用户|时间|商品", "张三|1700000000|穦", "李四|1700000001|\"多行\n商品\""]
        text = "\n".join(rows).encode("gb18030") + b"\nbad\xff|1700000002|x\n" + "王五|1700000003|茶\n".encode("gb18030")
        path.write_bytes(text)
        counts = self.run_import(path, "--mapping", str(mapping), "--format", "table", expect=65)
        self.assertEqual((counts["accepted"], counts["rejected"]), (3, 1))
        self.assertEqual(self.report(path), [(5, "invalid_utf8")])
        customer = self.server.lookup("user_id", "张三")["customer_id"]
        self.assertEqual(self.payloads(customer)[0]["event"]["properties"], {"商品": "穦"})
        with self.subTest("UTF-16 is known by its mark, whatever the mapping says"):
            utf16 = self.directory / "zh16.csv"
            utf16.write_bytes("\n".join(rows).encode("utf-16"))
            counts = self.run_import(utf16, "--mapping", str(mapping), "--format", "table")
            self.assertEqual((counts["accepted"], counts["duplicate"]), (0, 2))

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
        missing = subprocess.run([self.server.binary, "import", "nofile", "--source", "app"], capture_output=True, text=True)
        self.assertEqual((missing.returncode, missing.stderr), (66, "import: opening nofile: No such file or directory\n"))
        mapping = self.write("m.yaml", "name: x\nfromat: csv\n")
        self.assertEqual(code("--server", self.server.http, "--write-key", tributary.APP, "--format", "table", "--mapping",
                              str(mapping)), 78)


if __name__ == "__main__":
    unittest.main(verbosity=2)
