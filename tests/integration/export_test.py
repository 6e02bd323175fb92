"""Everything out again, and lines of any number in: GET /v1/export, `tributary export`, POST /v1/import with NDJSON."""
import csv
import gzip
import http.client
import io
import json
import os
import pathlib
import random
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests/support"))
from tributary import ADMIN, ANALYST, APP, SLOW, WEB, Server, basic, sample_config  # noqa: E402

NDJSON = {"Authorization": basic(APP), "Content-Type": "application/x-ndjson"}
csv.field_size_limit(1 << 24)


def peak_kib(server) -> int:
    """The most memory that the process had since forget_peak()."""
    for line in pathlib.Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise AssertionError("no VmHWM")


def forget_peak(server) -> int:
    pathlib.Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")
    return peak_kib(server)


def small_memory() -> dict:
    """Little of the engine's own memory, so that what a stream would hold is seen."""
    config = sample_config()
    config["state"] = {"block_cache_bytes": "8MiB", "write_buffer_bytes": "16MiB", "front_table_bytes": "16MiB"}
    return config


def track(number: int, customers: int = 5000, pad: int = 400) -> dict:
    return {"type": "track", "event": "seen", "userId": f"u{number % customers}", "messageId": f"m{number}",
            "timestamp": f"2026-{1 + number % 9:02d}-01T00:00:00.{number % 1000:03d}Z",
            "properties": {"number": number, "pad": "x" * pad}}


def lines_of(numbers, **options):
    """Bodies of a thousand lines each."""
    block = []
    for number in numbers:
        block.append(json.dumps(track(number, **options)))
        if len(block) == 1000:
            yield ("\n".join(block) + "\n").encode()
            block = []
    if block:
        yield ("\n".join(block) + "\n").encode()


def upload(server, body, path="/v1/import", headers=None, timeout=120):
    connection = http.client.HTTPConnection(server.http, timeout=timeout)
    connection.request("POST", path, body=body, headers={**NDJSON, **(headers or {})},
                       encode_chunked=not isinstance(body, (bytes, str)))
    response = connection.getresponse()
    answer = response.status, json.loads(response.read())
    connection.close()
    return answer


def export(server, query: str, key=ANALYST):
    return server.get("/v1/export?" + query, key=key).expect(200)


def objects(answer) -> list[dict]:
    """The lines of an NDJSON export without its end, which is checked."""
    lines = [json.loads(line) for line in answer.body.decode().split("\n")[:-1]]
    end = lines.pop()
    if end != {"end": True, "count": len(lines)}:
        raise AssertionError(f"not the end: {end}, {len(lines)} lines")
    return lines


def rows(answer) -> list[dict]:
    """The rows of a CSV export as Python reads them, without its end, which is checked."""
    table = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"), newline=""), strict=True))
    names, end = table[0], table.pop()
    if end != ["#end", str(len(table) - 1)]:
        raise AssertionError(f"not the end: {end}")
    for row in table:
        if len(row) != len(names):
            raise AssertionError(f"{len(row)} cells: {row}")
    return [dict(zip(names, row)) for row in table[1:]]


class Contents(unittest.TestCase):
    """What is exported, beside what the API says of each."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.close)
        post = cls.server.post
        cls.events = [
            {"type": "identify", "userId": "ann", "messageId": "a1", "traits": {"email": "ann@example.com", "n": 1, "list": [1, 2]}},
            {"type": "identify", "userId": "ann", "messageId": "a2", "traits": {"phone": "+8613812345678", "plan": "=1+1"}},
            {"type": "track", "event": '=HYPERLINK("http://evil.example")', "userId": "a|b\\c", "messageId": "-formula"},
            {"type": "track", "event": 'quoted "name", with\nline end', "userId": "@home", "messageId": "q1",
             "context": {"channel": "web"}},
            {"type": "track", "event": "e", "anonymousId": "anon-1", "messageId": "e1", "timestamp": "2026-03-01T00:00:00Z"},
            {"type": "track", "event": "e", "anonymousId": "anon-2", "messageId": "e2", "timestamp": "2026-03-02T00:00:00Z"},
            {"type": "track", "event": "e", "anonymousId": "anon-2", "userId": "bob", "messageId": "e3",
             "timestamp": "2026-03-03T00:00:00Z", "context": {"externalId": [
                 {"type": "crm", "id": "M1", "collection": "users", "encoding": "none"}]}},
        ]
        for event in cls.events:
            for _ in range(2):  # sent twice
                # Pretty-printed, so that its own bytes have line ends.
                post("/v1/batch", json.dumps({"batch": [event]}, indent=2), write_key=APP).expect(200)
        post("/v1/track", {"event": "e", "userId": "gone", "messageId": "g1"}, write_key=APP).expect(200)
        gone = cls.server.lookup("user_id", "gone")["customer_id"]
        post("/v1/erasures", {"customer_id": gone, "author": "li", "reason": "asked"}, key=ADMIN).expect(200)
        post("/v1/track", {"event": "e"}, write_key=APP)  # rejected

    def test_each_accepted_event_is_exported_once_in_the_order_of_receipt(self):
        exported = objects(export(self.server, "what=events"))
        self.assertEqual([entry["message_id"] for entry in exported], [event["messageId"] for event in self.events])
        for entry, event in zip(exported, self.events):
            self.assertEqual(entry["event"], event)

    def test_an_event_looks_as_on_its_timeline(self):
        exported = objects(export(self.server, "what=events"))
        timelines = {entry["message_id"]: (customer, entry)
                     for customer in {entry["customer_id"] for entry in exported}
                     for entry in self.server.events(customer)}
        self.assertEqual(len(timelines), len(exported))
        for entry in exported:
            customer, shown = timelines[entry["message_id"]]
            self.assertEqual(entry, {"customer_id": customer, **shown})

    def test_events_of_a_time_are_exported_alone(self):
        exported = objects(export(self.server, "what=events&from=2026-03-02&to=2026-03-03"))
        self.assertEqual([entry["message_id"] for entry in exported], ["e2"])

    def test_profiles_are_those_of_the_api(self):
        profiles = objects(export(self.server, "what=profiles"))
        ids = {profile["customer_id"] for profile in profiles}
        self.assertEqual(len(ids), len(profiles))
        self.assertEqual(ids, {entry["customer_id"] for entry in objects(export(self.server, "what=events"))})
        for profile in profiles:
            self.assertEqual(profile, self.server.profile(profile["customer_id"]))
        self.assertEqual(self.server.metrics()["tributary_customers"], len(profiles))

    def test_csv_holds_the_same_events(self):
        for entry, row in zip(objects(export(self.server, "what=events")), rows(export(self.server, "what=events&format=csv"))):
            self.assertEqual(json.loads(row["event"]), entry["event"])
            for name in ("customer_id", "type", "source", "occurred_at", "received_at"):
                self.assertEqual(row[name], entry[name])
            for name in ("name", "message_id"):
                self.assertEqual(row[name].removeprefix("'"), entry[name])

    def test_csv_holds_the_same_profiles(self):
        table = {row["customer_id"]: row for row in rows(export(self.server, "what=profiles&format=csv"))}
        ann = self.server.lookup("user_id", "ann")
        row = table[ann["customer_id"]]
        self.assertEqual((row["user_id"], row["email"], row["phone"]), ("ann", "ann@example.com", "'+8613812345678"))
        self.assertEqual(json.loads(row["traits"]), ann["traits"])
        self.assertEqual(json.loads(row["event_counts"]), ann["event_counts"])
        self.assertEqual((int(row["events"]), row["first_seen"]), (2, ann["first_seen"]))
        bob = table[self.server.lookup("user_id", "bob")["customer_id"]]
        self.assertEqual((bob["anonymous_id"], bob["identifiers"]), ("anon-2", "external_id/crm:M1"))
        self.assertIn("a\\|b\\\\c", [row["user_id"] for row in table.values()])
        web = table[self.server.lookup("user_id", "@home")["customer_id"]]
        self.assertEqual(web["channels"], "website")

    def test_no_cell_begins_like_a_formula(self):
        for what in ("events", "profiles"):
            for row in rows(export(self.server, f"what={what}&format=csv")):
                for cell in row.values():
                    self.assertNotIn(cell[:1], ("=", "+", "-", "@", "\t", "\r"), row)
        names = [row["name"] for row in rows(export(self.server, "what=events&format=csv"))]
        self.assertIn('\'=HYPERLINK("http://evil.example")', names)

    def test_a_byte_order_mark_comes_only_when_asked_for(self):
        self.assertTrue(export(self.server, "what=events&format=csv&bom=true").body.startswith(b"\xef\xbb\xbfcustomer_id,"))
        self.assertTrue(export(self.server, "what=events&format=csv").body.startswith(b"customer_id,"))

    def test_another_workspace_exports_nothing_of_this_one(self):
        config = sample_config()
        config["api_keys"].append({"id": "other", "workspace": "other", "role": "admin", "secret": "sk_other"})
        with Server(config) as server:
            server.post("/v1/track", {"event": "e", "userId": "u"}, write_key=WEB).expect(200)
            for what in ("events", "profiles"):
                self.assertEqual(objects(export(server, f"what={what}", key="sk_other")), [])
                self.assertEqual(len(objects(export(server, f"what={what}"))), 1)


class Command(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.close)
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="tributary-export-"))
        cls.addClassCleanup(lambda: subprocess.run(["rm", "-r", str(cls.directory)], check=True))
        cls.key = cls.directory / "key"
        cls.key.write_text(ANALYST + "\n")
        cls.count = 40_000
        status, answer = upload(cls.server, lines_of(range(cls.count)))
        assert status == 200 and answer["accepted"] == cls.count, answer

    def run_export(self, *arguments, server=None, **options):
        return subprocess.run([self.server.binary, "export", *arguments, "--api-key-file", str(self.key), "--server",
                               server or self.server.http], capture_output=True, timeout=60 * SLOW, **options)

    def test_an_export_goes_to_standard_output(self):
        done = self.run_export("profiles")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(done.stdout.splitlines()), 5001)
        self.assertIn(b"5000 profiles", done.stderr)

    def test_a_file_gets_its_name_when_it_is_whole(self):
        path = self.directory / "events.csv"
        done = self.run_export("events", "--format", "csv", "--bom", "--output", str(path))
        self.assertEqual((done.returncode, done.stdout), (0, b""), done.stderr)
        self.assertTrue(path.read_bytes().startswith(b"\xef\xbb\xbf"))
        self.assertTrue(path.read_bytes().endswith(b"#end,40000\r\n"))
        self.assertFalse(path.with_name("events.csv.part").exists())
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)

    def test_a_link_is_followed_and_what_is_no_file_stays_what_it_is(self):
        target, link = self.directory / "target.ndjson", self.directory / "link.ndjson"
        target.write_text("old")
        link.symlink_to(target)
        self.assertEqual(self.run_export("profiles", "--output", str(link)).returncode, 0)
        self.assertTrue(link.is_symlink())
        self.assertEqual(len(target.read_bytes().splitlines()), 5001)
        pipe = self.directory / "pipe"
        os.mkfifo(pipe)
        read = self.directory / "read.ndjson"
        with open(read, "wb") as out, subprocess.Popen(["cat", str(pipe)], stdout=out) as reader:
            self.assertEqual(self.run_export("profiles", "--output", str(pipe)).returncode, 0)
            reader.wait(timeout=30)
        self.assertEqual(len(read.read_bytes().splitlines()), 5001)
        self.assertTrue(stat.S_ISFIFO(pipe.stat().st_mode))
        done = self.run_export("profiles", "--output", "-")
        self.assertEqual((done.returncode, len(done.stdout.splitlines())), (0, 5001), done.stderr)

    def test_times_are_passed_on(self):
        done = self.run_export("events", "--from", "2026-02-01T00:00:00Z", "--to", "2026-03-01")
        self.assertEqual(done.returncode, 0, done.stderr)
        numbers = [json.loads(line)["event"]["properties"]["number"] for line in done.stdout.splitlines()[:-1]]
        self.assertEqual(numbers, [number for number in range(self.count) if number % 9 == 1])

    def test_mistakes_have_their_exit_codes(self):
        wrong = self.directory / "wrong"
        wrong.write_text("sk_unknown")
        command = [self.server.binary, "export", "events", "--server", self.server.http, "--api-key-file"]
        done = subprocess.run([*command, str(wrong)], capture_output=True)
        self.assertEqual(done.returncode, 64)
        self.assertIn(b"401 invalid_api_key", done.stderr)
        self.assertEqual(subprocess.run([*command, "/nowhere"], capture_output=True).returncode, 64)
        self.assertEqual(self.run_export("people").returncode, 64)
        self.assertEqual(self.run_export("events", "--from", "soon").returncode, 64)
        self.assertEqual(self.run_export("profiles", "--bom").returncode, 64)
        self.assertEqual(self.run_export("events", server="127.0.0.1:1").returncode, 69)
        done = self.run_export("events", "--output", "/nowhere/file")
        self.assertEqual(done.returncode, 74)
        self.assertIn(b"/nowhere/file.part", done.stderr)

    def test_a_full_disk_is_told(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([self.server.binary, "export", "events", "--api-key-file", str(self.key), "--server",
                                   self.server.http], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 74)
        self.assertIn(b"No space left", done.stderr)

    def test_a_server_that_is_killed_in_the_middle_is_noticed(self):
        with Server() as server:
            upload(server, lines_of(range(100_000), pad=1000))
            path = self.directory / "cut.ndjson"
            process = subprocess.Popen([server.binary, "export", "events", "--api-key-file", str(self.key), "--server",
                                        server.http, "--output", str(path)], stderr=subprocess.PIPE)
            part = path.with_name("cut.ndjson.part")
            server.wait_until(lambda: part.exists() and part.stat().st_size > 1 << 20, what="some of the export")
            server.kill()
            _, stderr = process.communicate(timeout=30)
            self.assertEqual(process.returncode, 69, stderr)
            self.assertIn(b"broke off", stderr)
            self.assertFalse(path.exists())
            self.assertTrue(part.exists())

    def test_an_answer_without_its_last_line_is_no_export(self):
        """Behind a proxy that closes a cut answer politely only the last line tells."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def serve():
            connection, _ = listener.accept()
            connection.recv(65536)
            body = b'{"customer_id":"a"}\n{"end":true,"count"'
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        path = self.directory / "polite.ndjson"
        done = self.run_export("events", "--output", str(path), server="127.0.0.1:%d" % listener.getsockname()[1])
        thread.join()
        self.assertEqual(done.returncode, 65, done.stderr)
        self.assertIn(b"broke off", done.stderr)
        self.assertFalse(path.exists())


class Streams(unittest.TestCase):
    """What holds while an export is being read."""

    COUNT = 200_000

    @classmethod
    def setUpClass(cls):
        cls.server = Server(small_memory())
        cls.addClassCleanup(cls.server.close)
        status, answer = upload(cls.server, lines_of(range(cls.COUNT)))
        assert status == 200 and answer["accepted"] == cls.COUNT, answer

    def reader(self, query: str, receive_buffer: int = 0) -> socket.socket:
        host, port = self.server.http.rsplit(":", 1)
        reader = socket.socket()
        if receive_buffer:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        reader.connect((host, int(port)))
        reader.settimeout(60)
        reader.sendall(f"GET /v1/export?{query} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {ANALYST}\r\n\r\n".encode())
        self.addCleanup(reader.close)
        return reader

    def test_memory_does_not_grow_with_the_export(self):
        before = forget_peak(self.server)
        for what, count in (("events", self.COUNT), ("profiles", 5000)):
            answer = export(self.server, "what=" + what)
            self.assertGreaterEqual(json.loads(answer.body.splitlines()[-1])["count"], count)  # other tests add some
        grown = peak_kib(self.server) - before
        print(f"export of {self.COUNT} events: peak grew by {grown} KiB")
        self.assertLess(grown, 64 << 10)

    def test_what_comes_after_the_beginning_is_not_exported(self):
        reader = self.reader("what=events", receive_buffer=65536)
        self.assertTrue(reader.recv(1000).startswith(b"HTTP/1.1 200 "))
        self.server.post("/v1/track", {"event": "late", "userId": "late", "messageId": "late"}, write_key=WEB).expect(200)
        body = b""
        while not body.endswith(b"\r\n0\r\n\r\n"):
            part = reader.recv(1 << 20)
            self.assertTrue(part, "the export broke off")
            body = body[-100:] + part
        self.assertIn(b'"end":true', body)
        self.assertNotIn(b'"late"', body)
        self.assertIsNotNone(self.server.lookup("user_id", "late"))

    def test_a_slow_reader_holds_up_nobody_else(self):
        slow = [self.reader("what=events", receive_buffer=4096) for _ in range(2)]
        for reader in slow:
            self.assertTrue(reader.recv(100).startswith(b"HTTP/1.1 200 "))
        refused = self.server.get("/v1/export?what=profiles", key=ANALYST).expect(503)
        self.assertEqual(refused.json()["code"], "overloaded")
        self.assertGreaterEqual(int(refused.headers["Retry-After"]), 1)
        started = time.monotonic()
        for number in range(200):
            self.server.post("/v1/track", {"event": "e", "userId": f"slow{number}"}, write_key=WEB).expect(200)
        self.assertLess(time.monotonic() - started, 10 * SLOW)
        slow[0].close()
        self.server.wait_until(lambda: self.server.get("/v1/export?what=profiles", key=ANALYST).status == 200, 30 * SLOW,
                               "the place of a reader that left")

    def test_who_takes_nothing_is_cut_off(self):
        config = sample_config()
        config["http"] = {"write_timeout": "2s"}
        with Server(config) as server:
            upload(server, lines_of(range(40_000), pad=1000))
            readers = []
            for _ in range(2):
                reader = socket.socket()
                reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                self.addCleanup(reader.close)
                host, port = server.http.rsplit(":", 1)
                reader.connect((host, int(port)))
                reader.settimeout(60)
                reader.sendall(f"GET /v1/export?what=events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {ANALYST}\r\n\r\n"
                               .encode())
                self.assertTrue(reader.recv(100).startswith(b"HTTP/1.1 200 "))
                readers.append(reader)
            server.get("/v1/export?what=profiles", key=ANALYST).expect(503)
            server.wait_until(lambda: server.get("/v1/export?what=profiles", key=ANALYST).status == 200, 15 * SLOW,
                              "the places of readers that take nothing")
            body = b""
            try:
                while part := readers[0].recv(1 << 16):
                    body = body[-100:] + part
            except ConnectionResetError:
                pass
            self.assertFalse(body.endswith(b"\r\n0\r\n\r\n"))

    def test_a_stop_does_not_wait_for_an_export(self):
        with Server() as server:
            upload(server, lines_of(range(60_000), pad=1000))
            host, port = server.http.rsplit(":", 1)
            with socket.create_connection((host, int(port))) as reader:
                reader.sendall(f"GET /v1/export?what=events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {ANALYST}\r\n\r\n".encode())
                self.assertTrue(reader.recv(100).startswith(b"HTTP/1.1 200 "))
                started = time.monotonic()
                self.assertEqual(server.stop(), 0)
                self.assertLess(time.monotonic() - started, 10 * SLOW)


class Import(unittest.TestCase):
    COUNT = 300_000

    def test_lines_of_any_number_go_in_with_constant_memory(self):
        with Server(small_memory()) as server:
            status, answer = upload(server, lines_of(range(self.COUNT)))
            self.assertEqual((status, answer["accepted"], answer["lines_durable"]), (200, self.COUNT, self.COUNT), answer)
            # The state is there now: what a second time adds is the stream's own.
            before = forget_peak(server)
            status, answer = upload(server, lines_of(range(self.COUNT)))
            self.assertEqual((status, answer["accepted"], answer["duplicate"]), (200, 0, self.COUNT), answer)
            grown = peak_kib(server) - before
            print(f"import of {self.COUNT} lines: peak grew by {grown} KiB")
            self.assertLess(grown, 96 << 10)
            self.assertEqual(server.lookup("user_id", "u7")["events"], self.COUNT // 5000)

    def test_compressed_lines_count_like_plain_ones(self):
        with Server() as server:
            plain = b"".join(lines_of(range(20_000)))
            members = gzip.compress(plain[:1_000_000]) + gzip.compress(plain[1_000_000:])
            status, answer = upload(server, members, headers={"Content-Encoding": "gzip"})
            self.assertEqual((status, answer["accepted"], answer["lines"]), (200, 20_000, 20_000), answer)
            zstd = subprocess.run(["zstd", "-c"], input=plain, capture_output=True, check=True).stdout
            status, answer = upload(server, zstd, headers={"Content-Encoding": "zstd"})
            self.assertEqual((status, answer["duplicate"]), (200, 20_000), answer)
            for damaged in (members[:-50], members[:5000] + b"\0" * 50 + members[5050:]):
                status, answer = upload(server, damaged)
                self.assertEqual((status, answer["code"]), (400, "invalid_gzip"), answer)
                self.assertLess(answer["lines_durable"], 20_000)
            self.assertEqual(server.metrics().get("tributary_events_total", outcome="accepted"), 20_000)

    def test_a_bad_line_fails_alone(self):
        with Server() as server:
            good = [json.dumps(track(number)) for number in range(3000)]
            bad = {1234: "not json", 1500: "[1]", 2000: '{"type":"track","event":"e"}', 2500: '{"a":"' + "x" * 600_000 + '"}',
                   2600: '{"type":"track"', 2700: ""}
            lines = list(good)
            for number, text in bad.items():
                lines[number - 1] = text
            status, answer = upload(server, "\r\n".join(lines))  # the last line has no end
            self.assertEqual(status, 200, answer)
            self.assertEqual((answer["accepted"], answer["rejected"], answer["lines"]), (2994, 5, 3000))
            found = {error["line"]: error["code"] for error in answer["errors"]}
            self.assertEqual(found, {1234: "not_an_object", 1500: "not_an_object", 2000: "missing_id",
                                     2500: "event_too_large", 2600: "not_an_object"})
            self.assertEqual(len(server.rejected()), 5)
            again, answer = upload(server, "\r\n".join(lines))
            self.assertEqual((answer["accepted"], answer["duplicate"]), (0, 2994))
            self.assertEqual(len(server.rejected()), 5, "what was refused is kept once")

    def test_lines_without_ids_are_those_of_the_import_command(self):
        with Server() as server, tempfile.TemporaryDirectory() as directory:
            lines = [json.dumps({"type": "track", "event": "e", "userId": f"u{number}"}) for number in range(2000)]
            file = pathlib.Path(directory) / "events.ndjson"
            file.write_text("\n".join(lines) + "\n")
            self.assertEqual(upload(server, file.read_bytes())[1]["accepted"], 2000)
            self.assertEqual(upload(server, file.read_bytes())[1]["duplicate"], 2000)
            rest = "\n".join(lines[1500:])
            self.assertEqual(upload(server, rest, path="/v1/import?first_line=1501")[1]["duplicate"], 500)
            done = subprocess.run([server.binary, "import", str(file), "--source", "app", "--server", server.http,
                                   "--write-key", APP], capture_output=True, text=True)
            self.assertIn('"duplicate":2000', done.stdout, done.stderr)

    def test_an_upload_that_breaks_off_keeps_its_whole_lines_and_can_be_repeated(self):
        seed = random.randrange(1 << 30)
        print(f"seed {seed}")
        cut = random.Random(seed).randrange(1_000_000, 9_000_000)
        body = b"".join(lines_of(range(20_000)))
        with Server() as server:
            host, port = server.http.rsplit(":", 1)
            with socket.create_connection((host, int(port))) as sender:
                sender.sendall(f"POST /v1/import HTTP/1.1\r\nHost: a\r\nAuthorization: {basic(APP)}\r\nContent-Type: "
                               f"application/x-ndjson\r\nContent-Length: {len(body)}\r\n\r\n".encode())
                sender.sendall(body[:cut])
                sender.shutdown(socket.SHUT_WR)
                answer = b""
                while part := sender.recv(65536):
                    answer += part
            head, _, text = answer.partition(b"\r\n\r\n")
            self.assertTrue(head.startswith(b"HTTP/1.1 400 "), answer)
            durable = json.loads(text)["lines_durable"]
            self.assertEqual(durable, body[:cut].count(b"\n"))
            self.assertEqual(server.metrics().get("tributary_events_total", outcome="accepted"), durable)
            # On from there, or all again: the same.
            rest = body.split(b"\n", durable)[durable]
            status, answer = upload(server, rest, path=f"/v1/import?first_line={durable + 1}")
            self.assertEqual((status, answer["accepted"]), (200, 20_000 - durable), answer)
            status, answer = upload(server, body)
            self.assertEqual((status, answer["duplicate"]), (200, 20_000), answer)

    def test_a_stop_tells_a_sender_how_far_it_came(self):
        with Server() as server:
            host, port = server.http.rsplit(":", 1)
            with socket.create_connection((host, int(port))) as sender:
                sender.settimeout(30)
                sender.sendall(f"POST /v1/import HTTP/1.1\r\nHost: a\r\nAuthorization: {basic(APP)}\r\nContent-Type: "
                               "application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
                block = next(lines_of(range(1000)))
                sender.sendall(b"%x\r\n%s\r\n" % (len(block), block))
                accepted = lambda: server.metrics().get("tributary_events_total", outcome="accepted")  # noqa: E731
                server.wait_until(lambda: accepted() >= 500, what="the first batch")
                stopping = threading.Thread(target=server.stop)
                stopping.start()
                answer = b""
                while part := sender.recv(65536):
                    answer += part
                stopping.join()
            self.assertTrue(answer.startswith(b"HTTP/1.1 503 "), answer)
            told = json.loads(answer.partition(b"\r\n\r\n")[2])
            self.assertEqual((told["code"], told["lines_durable"]), ("shutting_down", 1000))

    def test_a_wrong_key_is_refused_before_the_body_is_sent(self):
        with Server() as server:
            host, port = server.http.rsplit(":", 1)
            with socket.create_connection((host, int(port))) as sender:
                sender.settimeout(20)
                sender.sendall(f"POST /v1/import HTTP/1.1\r\nHost: a\r\nAuthorization: {basic('wk_unknown')}\r\n"
                               "Content-Type: application/x-ndjson\r\nExpect: 100-continue\r\n"
                               "Content-Length: 100000000000\r\n\r\n".encode())
                self.assertTrue(sender.recv(65536).startswith(b"HTTP/1.1 401 "))


if __name__ == "__main__":
    unittest.main()
