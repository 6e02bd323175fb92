"""`tributary import` against a running server: real purchases in, the same numbers out as a few lines of Python find."""
import collections
import csv
import decimal
import gzip
import json
import os
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


class RecordImportTest(ImportTest):
    """Base records from spreadsheets: joined, judged, saved once."""

    def setUp(self):
        super().setUp()
        self.key_file = self.directory / "admin.key"
        self.key_file.write_text(tributary.ADMIN + "\n")

    def import_records(self, path, *flags, expect=0):
        words = [self.server.binary, "import", str(path), "--server", self.server.http, "--api-key-file",
                 str(self.key_file), *flags]
        done = subprocess.run(words, capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, expect, done.stderr[-2000:])
        self.stderr = done.stderr
        return json.loads(done.stdout)

    def table(self, name, *lines, encoding="utf-8"):
        path = self.directory / name
        path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
        return path

    def notes(self, path):
        with open(f"{path}.report.csv", encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def codes(self, path):
        return {(int(note["line"]), note["code"]) for note in self.notes(path)}

    def refuse(self, path, words, *flags):
        """No row of a table with such a mistake is sent."""
        done = subprocess.run([self.server.binary, "import", str(path), "--as", "records", "--server", self.server.http,
                               "--api-key-file", str(self.key_file), *flags], capture_output=True, text=True, timeout=300)
        self.assertEqual((done.returncode, done.stdout), (65, ""), done.stderr)
        self.assertIn(words, done.stderr)
        self.assertEqual(self.profiles(), [])

    def profiles(self):
        lines = self.server.get("/v1/export?what=profiles", key=tributary.ANALYST).expect(200).body.splitlines()
        return [profile for profile in map(json.loads, lines) if "customer_id" in profile]

    def test_the_nine_rows_of_the_acceptance_example(self):
        path = self.copy(ROOT / "tests/data/import/customers.csv")
        told = self.import_records(path, "--as", "records", "--dry-run", expect=65)
        numbers = {"rows": 9, "created": 4, "merged": 2, "refused": 3, "to_complete": 3}
        self.assertEqual({name: told[name] for name in numbers}, numbers)
        self.assertEqual(self.profiles(), [])
        dry_notes = self.notes(path)
        self.assertIn("software_it", self.stderr)

        told = self.import_records(path, "--as", "records", expect=65)
        self.assertEqual({name: told[name] for name in numbers}, numbers)
        self.assertEqual(told["already_imported"], 0)
        self.assertEqual(self.notes(path), dry_notes)
        notes = {(int(note["line"]), note["code"]): note for note in dry_notes}
        expected = {(3, "joins"): "D2 line 2", (4, "joins"): "D1 line 2", (5, "value_masked"): "138****1234",
                    (6, "phone_mangled"): "1.38E+10", (10, "required_missing"): "", (7, "date_ambiguous"): "10/11/2023",
                    (8, "status_vague"): "跟进中", (9, "field_missing"): ""}
        self.assertTrue(pathlib.Path(told["report"]).read_bytes().startswith(b"\xef\xbb\xbfline,"))
        self.assertEqual({key: note["value"] for key, note in notes.items()}, expected)
        errors = {key[0] for key, note in notes.items() if note["severity"] == "error"}
        self.assertEqual(errors, {5, 6, 10})
        self.assertEqual((notes[6, "phone_mangled"]["column"], notes[6, "phone_mangled"]["fix"]),
                         ("联系方式", "format the column as text and enter the number again"))
        self.assertEqual(told["codes"]["phone_mangled"], 1)

        records = {profile["record"]["fields"]["contact_phone"]: profile for profile in self.profiles()}
        self.assertEqual(sorted(records), ["+8613600004567", "+8613700003456", "+8613800001234", "+8613900002345"])
        joined = records["+8613800001234"]["record"]
        self.assertEqual(joined["fields"]["industry"], "software_it")
        self.assertEqual((joined["completeness"], joined["fields"]["name"]), (100, "澄江科技有限公司"))
        self.assertRegex(joined["fields"]["customer_no"], r"^CX\d{11}$")
        verbose = self.server.get(f"/v1/profiles/{records['+8613800001234']['customer_id']}?verbose",
                                  key=tributary.ANALYST).expect(200).json()["record"]["fields"]["name"]
        self.assertEqual(verbose["source_kind"], "import")
        self.assertIn("澄江科技(北京)有限公司", [word["value"] for word in verbose["candidates"]])

        before = self.profiles()
        told = self.import_records(path, "--as", "records", expect=65)
        self.assertEqual((told["created"], told["merged"], told["refused"], told["already_imported"]), (0, 6, 3, 6))
        self.assertEqual(self.profiles(), before)

        with self.subTest("the rows to be mended can be mended and uploaded"):
            rows = pathlib.Path(told["to_fix"]).read_text(encoding="utf-8-sig").splitlines()
            self.assertEqual([row.split(",")[0] for row in rows[1:]],
                             ["远山机械有限公司", "海岸贸易有限公司", "北山建筑有限公司", "南湖软件有限公司", "西岭制造有限公司"])
            fixed = self.table("fixed.csv", rows[0], *[
                row.replace("138****1234", "13800009999").replace("1.38E+10", "13800008888").replace(",,采购", ",陈静,采购")
                .replace("10/11/2023", "2023-11-10").replace("跟进中", "意向客户") for row in rows[1:]])
            told = self.import_records(fixed, "--as", "records")
            self.assertEqual((told["created"], told["merged"], told["refused"], told["to_complete"]), (3, 2, 0, 0))
            self.assertEqual(len(self.profiles()), 7)

    def test_a_saved_mapping_is_used_again_and_gb18030_is_found(self):
        lines = ("公司;姓名;手机;预算;备注", "长河物流有限公司;何平;13911112222;10万;老客户")
        path = self.table("gb.csv", *lines, encoding="gb18030")
        shown = subprocess.run([self.server.binary, "import", str(path), "--as", "records", "--show-mapping",
                                "--keep-columns"], capture_output=True, text=True, check=True).stdout
        self.assertIn("encoding: gb18030", shown)
        mapping = self.directory / "records.yaml"
        mapping.write_text(shown, encoding="utf-8")
        told = self.import_records(path, "--mapping", str(mapping))
        self.assertEqual((told["created"], told["refused"]), (1, 0))
        profile, = self.profiles()
        fields = profile["record"]["fields"]
        self.assertEqual((fields["contact_name"], fields["annual_budget"]["minor"]), ("何平", 10_000_000))
        self.assertEqual(profile["traits"]["备注"], "老客户")

    def test_a_status_that_differs_becomes_a_request(self):
        header = "客户名称,联系人,联系方式,客户状态"
        self.import_records(self.table("a.csv", header, "青石有限公司,林涛,13922223333,意向客户"), "--as", "records")
        path = self.table("b.csv", header, "青石有限公司,林涛,13922223333,成交客户")
        for flags in (["--dry-run"], []):
            told = self.import_records(path, "--as", "records", *flags)
            self.assertEqual((told["merged"], told["codes"]["approval_needed"]), (1, 1))
        self.assertEqual(self.status(), ("interested", ["won"]))
        with self.subTest("what waits already is not asked for again"):
            path = self.table("c.csv", header + ",备注", "青石有限公司,林涛,13922223333,成交客户,x")
            self.assertEqual(self.import_records(path, "--as", "records")["codes"]["approval_needed"], 1)
            self.assertEqual(self.status(), ("interested", ["won"]))
        with self.subTest("there is no way back"):
            path = self.table("d.csv", header, "青石有限公司,林涛,13922223333,潜在客户")
            codes = self.import_records(path, "--as", "records")["codes"]
            self.assertEqual((codes.get("approval_needed"), codes["transition_not_allowed"]), (None, 1))
            self.assertEqual(self.status(), ("interested", ["won"]))

    def status(self):
        """Of the only customer: where it stands, and what waits for a decision."""
        profile, = self.profiles()
        path = f"/v1/profiles/{profile['customer_id']}/status"
        status = self.server.get(path, key=tributary.ANALYST).expect(200).json()["status"]
        return status["current"], [request["to"] for request in status["open_requests"]]

    def test_persons_join_by_what_names_them(self):
        path = self.table("p.csv", "姓名,手机,邮箱,性别", "李四,13933334444,,女", "李 四,+86 139 3333 4444,LI@example.com,",
                          "王五,,li@example.com,")
        told = self.import_records(path, "--as", "records")
        self.assertEqual((told["created"], told["merged"]), (1, 2))
        self.assertEqual(len(self.profiles()), 1)

    def test_suspected_duplicates_are_told_and_stay_two(self):
        path = self.table("s.csv", "客户名称,联系人,联系方式", "红叶有限公司,钱一,13944445555", "红叶有限公司,孙二,13944445555")
        told = self.import_records(path, "--as", "records")
        self.assertEqual((told["created"], told["codes"]["duplicate_suspected"]), (2, 1))
        self.assertIn("D4 line 2", [note["value"] for note in self.notes(path)])

    def test_interactions_tags_and_orders_by_their_columns(self):
        self.import_records(self.table("c.csv", "客户编号,客户名称,联系人,联系方式", "CX2023100001,白云有限公司,郑和,13955556666"),
                            "--as", "records")
        tables = {
            "interactions": ("客户编号,互动时间,互动方式,互动主题,内容摘要,客户反馈,下一步行动,跟进人",
                             "CX2023100001,2023-10-15 14:30,上门,报价,谈了价格,有兴趣,发送报价单,wang"),
            "orders": ("客户编号,订单号,下单时间,订单金额", "CX2023100001,A-1,2023/10/16 09:00,120.50"),
            "tags": ("客户编号,标签类型,标签,时间", "CX2023100001,需求标签,降低成本,2023-10-17")}
        for kind, lines in tables.items():
            counts = self.run_import(self.table(kind + ".csv", *lines), "--as", kind)
            self.assertEqual((counts["accepted"], counts["rejected"]), (1, 0), kind)
        profile = self.lookups(["CX2023100001"], "customer_no")["CX2023100001"]
        path = f"/v1/profiles/{profile['customer_id']}"
        interaction, = self.server.get(path + "/interactions", key=tributary.ANALYST).expect(200).json()["interactions"]
        self.assertEqual((interaction["mode"], interaction["feedback"]), ("visit", "interested"))
        order, = self.server.get(path + "/orders", key=tributary.ANALYST).expect(200).json()["orders"]
        self.assertEqual(order["order_id"], "A-1")

    def test_tables_as_spreadsheets_save_them(self):
        header = "客户名称,联系人,联系方式,首次接触时间,客户地址,,"
        rows = ("晨光有限公司,丁一,'13811110001,45214,'=1+1,,", ",,,,,,", "暮色有限公司,丁二,13811110002.0,2023/10/16,'-1+1,,",
                '星河有限公司,丁三,１３８－１１１１－０００３,2023年10月17日,"二\n行",,', ",,,,,,")
        table = "\r\n".join(("客户信息表,,,,,,", header, *rows)) + "\r\n"
        expected = {"+8613811110001": ("2023-10-15", "=1+1"), "+8613811110002": ("2023-10-16", "-1+1"),
                    "+8613811110003": ("2023-10-17", "二行")}
        saved = {"bom.csv": b"\xef\xbb\xbf" + table.encode(), "unicode.txt": table.replace(",", "\t").encode("utf-16"),
                 "gbk.csv": table.encode("gbk")}
        for number, (name, content) in enumerate(saved.items()):
            with self.subTest(name):
                path = self.directory / name
                path.write_bytes(content)
                told = self.import_records(path, "--as", "records")
                self.assertEqual((told["rows"], told["refused"]), (3, 0))
                self.assertEqual((told["created"], told["merged"]), (0, 3) if number else (3, 0))
                records = [profile["record"]["fields"] for profile in self.profiles()]
                self.assertEqual({fields["contact_phone"]: (fields["first_contact_date"], fields["address"])
                                  for fields in records}, expected)
        self.assertIn("skip_rows: 1", self.stderr)

    def test_files_that_are_no_table(self):
        self.refuse(self.table("twice.csv", "客户名称,电话,电话", "a,1,2"), "电话 twice")
        self.refuse(self.table("unknown.csv", "a,b", "1,2"), "客户名称")
        empty = self.table("empty.csv")
        empty.write_bytes(b"")
        self.refuse(empty, "no header row")
        old_lines = self.table("old.csv")
        old_lines.write_bytes("客户名称,联系人,联系电话\r甲公司,王,13811110000\r".encode())
        self.refuse(old_lines, "no rows below its header")
        workbook = self.table("book.xlsx")
        workbook.write_bytes(b"PK\x03\x04" + bytes(100))
        self.refuse(workbook, "save its sheet as CSV")
        shown = subprocess.run([self.server.binary, "import", str(self.table("m.csv", "姓名,手机", "a,13811112222")), "--as",
                                "records", "--show-mapping"], capture_output=True, text=True, check=True).stdout
        mapping = self.directory / "m.yaml"
        mapping.write_text(shown, encoding="utf-8")
        self.refuse(self.table("other.csv", "姓名,电话", "a,13811112222"), 'no column "手机"', "--mapping", str(mapping))
        long = self.table("long.csv")
        long.write_bytes(("姓名,手机\n" + "a,1\n" * 1_000_001).encode())
        self.refuse(long, "more than 1,000,000 rows")

    def test_damaged_rows_cost_only_themselves(self):
        path = self.directory / "damaged.csv"
        path.write_bytes("\n".join((
            "姓名,手机,地址", "a,13811113331", '"b,13811113332,x', "c,13811113333,\udcff", "d,13811113334," + "x" * (1 << 20),
            "e,13811113335," + "x" * (300 << 10), "f,13811113336,x")).encode(errors="surrogateescape") + b"\n")
        told = self.import_records(path, "--as", "records", expect=65)
        self.assertEqual((told["rows"], told["created"], told["refused"]), (6, 1, 5))
        self.assertLessEqual({(2, "ragged_row"), (3, "unterminated_quote"), (4, "invalid_utf8"), (5, "row_too_long"),
                              (6, "row_too_long")}, self.codes(path))
        self.assertTrue(all(note["fix"] for note in self.notes(path) if note["severity"] == "error"))

    def test_rows_to_fix_keep_the_shape_of_their_table(self):
        lines = ("客户;;;;", "客户名称;联系人;联系方式;所属行业;来源", '"甲;乙有限公司";周一;13811114441;月球业;"x""y"')
        path = self.table("semicolon.csv", *lines, encoding="gb18030")
        told = self.import_records(path, "--as", "records", "--dry-run")
        self.assertEqual(told["codes"]["enum_unknown"], 2)
        rows = pathlib.Path(told["to_fix"]).read_text(encoding="utf-8-sig").splitlines()
        self.assertEqual(rows[:2], ["", lines[1] + ";import_problems"])
        self.assertEqual(next(csv.reader(rows[2:], delimiter=";"))[:5], ["甲;乙有限公司", "周一", "13811114441", "月球业", 'x"y'])
        self.assertEqual(len(next(csv.reader(rows[2:], delimiter=";"))), 6)
        told = self.import_records(pathlib.Path(told["to_fix"]), "--as", "records", "--dry-run")
        self.assertEqual((told["rows"], told["created"], told["codes"]["enum_unknown"]), (1, 1, 2))

    def test_values_against_those_of_the_customer(self):
        header = "客户名称,联系人,联系方式,所属行业,负责人"
        old = self.table("old.csv", header, "白石有限公司,马一,13811115551,零售业,zhang")
        new = self.table("new.csv", header, "白石有限公司,马一,13811115551,制造业,zhang")
        os.utime(old, (1_700_000_000, 1_700_000_000))
        self.import_records(new, "--as", "records")
        self.assertEqual(self.codes(new), {(2, "field_missing")})
        for flags in (["--dry-run"], [], []):  # the same is told each time
            told = self.import_records(old, "--as", "records", *flags)
            self.assertEqual((told["merged"], self.codes(old)), (1, {(2, "joins"), (2, "value_older"), (2, "field_missing")}))
        newer = self.table("newer.csv", header, "白石有限公司,马一,13811115551,建筑业,zhang")
        self.import_records(newer, "--as", "records")
        self.assertEqual(self.codes(newer), {(2, "joins"), (2, "value_replaced"), (2, "field_missing")})
        profile, = self.profiles()
        self.assertEqual(profile["record"]["fields"]["industry"], "construction")

    def test_nobody_who_was_erased_comes_back_by_a_table(self):
        path = self.table("p.csv", "姓名,邮箱", "甲,gone@example.com", "乙,stays@example.com")
        self.import_records(path, "--as", "records")
        gone = self.lookups(["gone@example.com"], "email")["gone@example.com"]["customer_id"]
        admin = {"Authorization": f"Bearer {tributary.ADMIN}"}
        self.server.request("POST", "/v1/erasures", {"customer_id": gone, "reason": "asked for it"}, admin).expect(200)
        path = self.table("q.csv", "姓名,邮箱,手机", "甲,gone@example.com,", "乙,stays@example.com,13811116661")
        for flags in (["--dry-run"], []):
            told = self.import_records(path, "--as", "records", *flags, expect=65)
            self.assertEqual((told["refused"], told["merged"], told["created"]), (1, 1, 0))
            self.assertIn((2, "erased_identifier"), self.codes(path))
        self.assertEqual(len(self.profiles()), 1)

    def test_a_row_never_makes_one_customer_of_two(self):
        self.import_records(self.table("a.csv", "姓名,手机,邮箱", "甲,13811117771,", "乙,,b@example.com"), "--as", "records")
        path = self.table("b.csv", "姓名,手机,邮箱", "甲,13811117771,b@example.com")
        for flags in (["--dry-run"], []):
            told = self.import_records(path, "--as", "records", *flags, expect=65)
            self.assertEqual((told["refused"], self.codes(path)), (1, {(2, "identifier_taken")}))
        self.assertEqual(len(self.profiles()), 2)

    def test_an_import_that_was_killed_is_resumed_by_repeating_it(self):
        path = self.table("many.csv", "姓名,邮箱", *[f"n{i},n{i}@example.com" for i in range(3000)])
        words = [self.server.binary, "import", str(path), "--as", "records", "--server", self.server.http,
                 "--api-key-file", str(self.key_file)]
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as killed:
            while self.server.metrics()["tributary_customers"] < 200:
                self.assertIsNone(killed.poll())
            killed.kill()
        saved = len(self.profiles())
        self.assertLess(saved, 3000)
        told = self.import_records(path, "--as", "records")
        self.assertEqual((told["created"] + told["merged"], told["merged"]), (3000, told["already_imported"]))
        self.assertGreaterEqual(told["already_imported"], saved)
        numbers = {profile["record"]["fields"]["customer_no"] for profile in self.profiles()}
        self.assertEqual(len(numbers), 3000)

    def test_mistakes_of_the_command(self):
        path = self.table("x.csv", "a,b", "1,2")
        for flags, code, words in ((["--as", "records"], 65, "客户名称"), (["--as", "orders"], 65, "whose")):
            done = subprocess.run([self.server.binary, "import", str(path), *flags], capture_output=True, text=True)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(words, done.stderr)
        path = self.table("y.csv", "客户名称", "a")
        done = subprocess.run([self.server.binary, "import", str(path), "--as", "records", "--server", self.server.http],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 64)
        self.assertIn("--api-key-file", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
