"""Every kind of bad input gets its answer, and the process stays as it was: alive, counting, serving the next request.

The numbers B1 to B38 name the rows of the table of bad inputs. Item errors are tested twice: alone (their own status)
and as item 3 of a batch of 100 (200, 99 accepted).
"""
import datetime
import gzip
import io
import json
import pathlib
import random
import signal
import struct
import sys
import time
import unittest
import uuid
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from raw_http import exchange, request_bytes  # noqa: E402
from tributary import SLOW, Server, basic, sample_config  # noqa: E402

MIB = 1 << 20
BROTLI = bytes.fromhex("0b15807b22757365724964223a227531222c226576656e74223a2265222c2270726f70657274696573223a7b7d7d03")


def config_with_two_workspaces():
    config = sample_config()
    config["sources"].append({"id": "foreign", "workspace": "other", "kind": "sdk", "write_keys": ["wk_other"]})
    config["api_keys"].append({"id": "foreigner", "workspace": "other", "role": "analyst", "secret": "sk_other"})
    return config


def event(properties=b"{}", *, user=b'"u1"', extra=b"", message_id=None, kind=b"track") -> bytes:
    """The text of one event with exactly these bytes in it."""
    message_id = (message_id or str(uuid.uuid4())).encode()
    return (b'{"type":"%s","userId":%s,"event":"e","messageId":"%s",%s"properties":%s}'
            % (kind, user, message_id, extra, properties))


def batch_of(items) -> bytes:
    return b'{"batch":[' + b",".join(items) + b"]}"


class BadInput(unittest.TestCase):
    """One server for all rows; after each row it must be as good as before it."""

    CONFIG = staticmethod(config_with_two_workspaces)

    @classmethod
    def setUpClass(cls):
        cls.server = Server(cls.CONFIG())
        cls.addClassCleanup(cls.server.close)
        cls.process = cls.server.process

    def setUp(self):
        self.before = self.server.metrics()

    def tearDown(self):
        self.assertIs(self.process, self.server.process)
        self.assertIsNone(self.server.process.poll(), f"the process died\n{self.server.stderr()[-4000:]}")
        self.post(event()).expect(200)
        metrics = self.server.metrics()
        outcomes = sum(metrics.get("tributary_events_total", outcome=o) for o in ("accepted", "duplicate", "rejected"))
        self.assertEqual(metrics["tributary_events_received_total"], outcomes)

    # -- sending ------------------------------------------------------------------------------------------------------

    def post(self, body, path="/v1/track", write_key="wk_app", **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.server.post(path, body, named, write_key=write_key)

    def raw(self, data, **options):
        return exchange(self.server.http, data, **options)

    def headers(self, *more):
        return [("Host", "127.0.0.1"), ("Authorization", basic("wk_app")), *more]

    # -- expecting ----------------------------------------------------------------------------------------------------

    def counted(self, code):
        """Rejections and refusals with this code since the row began."""
        now = self.server.metrics()
        return sum(now.get(name, code=code) - self.before.get(name, code=code)
                   for name in ("tributary_events_rejected_total", "tributary_requests_refused_total"))

    def expect_error(self, answer, status, code):
        self.assertEqual(answer.status, status, answer)
        body = answer.json()
        self.assertIs(body["success"], False)
        self.assertEqual(body["code"], code)
        self.assertTrue(body["message"] and body["error"] and body["request_id"], body)

    def expect_refused(self, answer, status, code):
        """A request refused as a whole, and counted once."""
        self.expect_error(answer, status, code)
        self.assertEqual(self.counted(code), 1)

    def expect_item_error(self, item, code, status=400, alone=None):
        """`item` fails alone with its own status, and in a batch it fails by itself. `alone`: its code there, if other."""
        already = self.counted(code)
        self.expect_error(self.post(item), status, alone or code)
        items = [event() for _ in range(100)]
        items[3] = item
        body = self.post(batch_of(items), "/v1/batch").expect(200).json()
        self.assertEqual((body["success"], body["accepted"], body["duplicate"], body["rejected"]), (True, 99, 0, 1), body)
        self.assertEqual([(e["index"], e["code"]) for e in body["errors"]], [(3, code)])
        self.assertTrue(body["errors"][0]["path"].startswith("/batch/3"), body)
        self.assertEqual(self.counted(code) - already, 1 if alone else 2)

    def expect_closed(self, data, *statuses, code="malformed_request"):
        """One answer with one of the statuses, then the connection closes: nothing behind it is taken for a request."""
        result = self.raw(data)
        self.assertEqual(len(result.answers), 1, f"{data[:300]!r} -> {result}")
        self.assertIn(result.answers[0].status, statuses, f"{data[:300]!r} -> {result}")
        self.assertTrue(result.closed, f"{data[:300]!r}: still open")
        self.assertEqual(result.rest, b"")
        if code:
            self.assertEqual(result.answers[0].json()["code"], code)
        return result

    def expect_accepted(self, item, path="/v1/track", **headers):
        answer = self.post(item, path, **headers).expect(200).json()
        self.assertEqual((answer["accepted"], answer["errors"]), (1, []), answer)

    def payload_text(self, user):
        """The timeline of a user as text, so that numbers and escapes can be seen as they came."""
        customer = self.server.lookup("user_id", user)["customer_id"]
        answer = self.server.get(f"/v1/profiles/{customer}/events", key="sk_analyst").expect(200)
        json.loads(answer.body)
        return answer.body


class Json(BadInput):
    def test_b1_empty_null_and_empty_array(self):
        for path in ("/v1/track", "/v1/batch"):
            self.expect_error(self.post(b"", path), 400, "invalid_json")
            self.assertEqual(self.post(b"null", path).status, 400)
        self.expect_refused(self.post(b"[]", "/v1/batch"), 400, "empty_batch")

    def test_b2_truncated_json_names_the_offset(self):
        answer = self.post(b'{"a":1')
        self.expect_refused(answer, 400, "invalid_json")
        self.assertRegex(answer.json()["message"], r"\d")

    def test_b4_bytes_behind_the_document(self):
        for count, rest in enumerate((b"x", b"{}", b"]", event(), b"\x00"), 1):
            self.expect_error(self.post(event() + rest), 400, "invalid_json")
            self.assertEqual(self.counted("invalid_json"), count)
        self.expect_error(self.post(batch_of([event()]) + b"]", "/v1/batch"), 400, "invalid_json")

    def test_b5_depth(self):
        def nested(depth):  # the event is level 1, properties level 2
            return event(b'{"v":' + b"[" * (depth - 2) + b"]" * (depth - 2) + b"}")
        self.expect_accepted(nested(63))
        self.expect_accepted(nested(64))
        self.post(batch_of([nested(64)]), "/v1/batch").expect(200)
        self.expect_item_error(nested(65), "too_deep")
        for path in ("/v1/track", "/v1/batch"):
            seconds = []
            for _ in range(5):
                started = time.monotonic()
                self.assertEqual(self.post(b"[" * 100_000, path).status, 400)
                seconds.append(time.monotonic() - started)
            self.assertLess(min(seconds), 0.02)
        self.assertEqual(self.post(event(b'{"v":' + b"[" * 100_000 + b"]" * 100_000 + b"}")).status, 400)

    def test_b6_the_last_of_two_properties_counts_and_the_bytes_stay(self):
        self.expect_accepted(b'{"userId":"b6","traits":{"plan":"x","plan":"y"}}', "/v1/identify")
        self.assertEqual(self.server.lookup("user_id", "b6")["traits"]["plan"], "y")
        self.assertIn(b'{"plan":"x","plan":"y"}', self.payload_text("b6"))

    def test_b6_an_identity_member_twice_with_different_values(self):
        base = {b"userId": b'"u1"', b"anonymousId": b'"a1"', b"type": b'"track"', b"event": b'"e"', b"messageId": b'"m"'}
        for name in base:
            members = [b'"%s":%s' % (key, value) for key, value in base.items() if key != b"messageId" or name == key]
            self.expect_item_error(b"{" + b",".join(members) + b',"%s":"other"}' % name, "duplicate_key")
        self.expect_accepted(b'{"userId":"u1","event":"e","userId":"u1"}')

    def test_b7_invalid_utf8_fails_its_item(self):
        for bad in (b"\xff", b"\xc0\xaf", b"\xe0\x80\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82"):
            self.expect_item_error(event(b'{"v":"a%sb"}' % bad), "invalid_utf8")
            self.expect_item_error(event(b'{"a%sb":1}' % bad), "invalid_utf8")

    def test_b7_a_lone_surrogate_becomes_the_replacement_character(self):
        self.expect_accepted(rb'{"userId":"b7","traits":{"name":"a\ud800b","k\udfffk":1}}', "/v1/identify")
        traits = self.server.lookup("user_id", "b7")["traits"]
        self.assertEqual(traits["name"], "a\ufffdb")
        self.payload_text("b7").decode("utf-8")

    def test_b7_ids_that_differ_in_lone_surrogates_do_not_become_one(self):
        for escape in (rb"\ud800", rb"\udbff"):
            self.expect_item_error(event(user=b'"%salice"' % escape), "invalid_field")
        self.assertIsNone(self.server.lookup("user_id", "\ufffdalice"))
        self.expect_accepted(rb'{"userId":"b7-mail","traits":{"email":"\ud800b7@example.com"}}', "/v1/identify")
        profile = self.server.lookup("user_id", "b7-mail")
        self.assertEqual([identifier["kind"] for identifier in profile["identifiers"]], ["user_id"])
        entry, = self.server.events(profile["customer_id"])
        self.assertEqual(entry["flags"], ["generated_message_id", "replaced_surrogate"])

    def test_b8_nul(self):
        self.expect_item_error(event(user=rb'"u\u0000"'), "invalid_field")
        self.expect_accepted(event(rb'{"v":"a\u0000b"}', user=b'"b8"'))
        self.assertIn(rb'"a\u0000b"', self.payload_text("b8"))

    def test_b9_one_byte_order_mark_is_stripped(self):
        self.expect_accepted(b"\xef\xbb\xbf" + event())
        self.expect_refused(self.post(b"\xef\xbb\xbf\xef\xbb\xbf" + event()), 400, "invalid_json")

    def test_b10_numbers_come_back_as_they_came(self):
        numbers = [b"18446744073709551615", b"9007199254740993", b"-0", b"12.50", b"1e-999", b"1.000000000000000005"]
        for number in numbers:
            self.expect_accepted(event(b'{"v":%s}' % number, user=b'"b10"'))
        text = self.payload_text("b10")
        for number in numbers:
            self.assertIn(b'{"v":%s}' % number, text)

    def test_b10_numbers_that_no_type_holds_are_kept_as_text(self):
        numbers = [b"1e999", b"18446744073709551616", b"123456789012345678901234567890", b"-9223372036854775809"]
        answer = self.post(batch_of([event(b'{"v":%s}' % number, user=b'"b10big"') for number in numbers]), "/v1/batch")
        self.assertEqual(answer.expect(200).json()["accepted"], len(numbers), answer)
        for number in numbers:
            self.assertIn(b'{"v":%s}' % number, self.payload_text("b10big"))


class Sizes(BadInput):
    def body_of(self, size):
        """A valid batch of exactly `size` bytes, no event above its own limit."""
        items = [event(b'{"v":"%s"}' % (b"x" * 400_000)) for _ in range(size // 500_000)]
        body = batch_of(items)
        return body + b" " * (size - len(body))

    def test_b11_body_at_the_limit(self):
        self.post(self.body_of(4 * MIB - 1), "/v1/batch").expect(200)
        self.post(self.body_of(4 * MIB), "/v1/batch").expect(200)
        self.expect_refused(self.post(self.body_of(4 * MIB + 1), "/v1/batch"), 413, "payload_too_large")

    def test_b12_a_huge_length_is_refused_before_its_body(self):
        head = request_bytes("POST", "/v1/track", self.headers(("Content-Length", "10000000000")), length=False)
        started = time.monotonic()
        result = self.raw(head, answers=1)
        self.assertLess(time.monotonic() - started, 1 * SLOW)
        self.expect_refused(result.answers[0], 413, "payload_too_large")
        result = self.raw(head, wait=8)
        self.assertTrue(result.closed)

    def test_b13_endless_chunks(self):
        head = request_bytes("POST", "/v1/track", self.headers(("Transfer-Encoding", "chunked")), length=False)
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        result = self.raw(head + chunk * 200)
        self.assertEqual([a.status for a in result.answers], [413], result)
        self.assertTrue(result.closed)
        self.expect_refused(result.answers[0], 413, "payload_too_large")

    def test_b14_the_answer_reaches_a_client_that_is_still_sending(self):
        for size in (4 * MIB + 100, 5 * MIB - 1000, 6 * MIB):
            data = request_bytes("POST", "/v1/batch", self.headers(), self.body_of(size))
            result = self.raw(data, wait=5)
            self.assertEqual([a.status for a in result.answers], [413], f"{size}: {result}")

    def test_b14_below_the_drain_limit_the_connection_may_be_used_again(self):
        data = request_bytes("POST", "/v1/batch", self.headers(), self.body_of(4 * MIB + 100))
        result = self.raw(data + request_bytes("POST", "/v1/track", self.headers(), event()), wait=2)
        statuses = [a.status for a in result.answers]
        self.assertIn(statuses, ([413], [413, 200]))
        self.assertTrue(result.closed or statuses == [413, 200], result)

    def test_b15_bombs_and_foreign_archives(self):
        bomb = gzip.compress(bytes(64 * MIB))
        self.assertLess(len(bomb), 128 * 1024)
        self.expect_refused(self.post(bomb), 413, "payload_too_large")
        self.expect_error(self.post(gzip.compress(gzip.compress(event()))), 400, "invalid_json")
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("a.json", event(), compress_type=zipfile.ZIP_DEFLATED)
        self.expect_error(self.post(archive.getvalue()), 400, "invalid_json")

    def test_b15_decompressed_size_at_the_limit(self):
        """About 15:1, as JSON goes: the ratio that gives a bomb away is far beyond."""
        noise = random.Random(15).randbytes(20_000).hex().encode()
        items = [event(b'{"v":"%s%s"}' % (noise, b"x" * 400_000)) for _ in range(32)]
        body = batch_of(items)
        for size, status in ((16 * MIB - 1, 200), (16 * MIB, 200), (16 * MIB + 1, 413)):
            sized = body + b" " * (size - len(body))
            self.assertEqual(len(sized), size)
            answer = self.post(gzip.compress(sized), "/v1/batch")
            self.assertEqual(answer.status, status, answer)
        self.expect_refused(answer, 413, "payload_too_large")

    def test_b16_gzip_is_known_by_its_bytes(self):
        good = gzip.compress(event())
        wrong_crc = good[:-8] + bytes(b ^ 0xFF for b in good[-8:-4]) + good[-4:]
        for count, bad in enumerate((wrong_crc, good[:-3], good[: len(good) // 2], good + b"x", good + b"\x1f\x8b"), 1):
            self.expect_error(self.post(bad, Content_Encoding="gzip"), 400, "invalid_gzip")
            self.assertEqual(self.counted("invalid_gzip"), count)
        self.expect_accepted(event(), Content_Encoding="gzip")
        self.expect_accepted(gzip.compress(event()))
        halves = event()
        self.expect_accepted(gzip.compress(halves[:40]) + gzip.compress(halves[40:]))

    def test_b17_other_encodings(self):
        def zstd(body):  # one frame with one raw block; single segment, one byte of content size
            return b"\x28\xb5\x2f\xfd\x20" + bytes([len(body)]) + struct.pack("<I", len(body) << 3 | 1)[:3] + body
        self.expect_error(self.post(BROTLI, Content_Encoding="br"), 400, "invalid_json")
        twice = gzip.compress(gzip.compress(event()))
        self.assertEqual(self.post(twice, Content_Encoding="gzip, gzip").status, 400)
        self.expect_accepted(event(), Content_Encoding="x")
        self.expect_accepted(zstd(event()), Content_Encoding="zstd")
        self.assertEqual(self.post(zstd(event())[:-9], Content_Encoding="zstd").status, 400)
        self.assertEqual(self.post(b"\x28\xb5\x2f\xfdrubbish", Content_Encoding="zstd").status, 400)

    def test_b18_the_content_type_is_never_trusted(self):
        self.expect_accepted(gzip.compress(event()), Content_Type="application/x-www-form-urlencoded")
        self.expect_accepted(event(), Content_Type="application/x-www-form-urlencoded")
        self.expect_accepted(event(), Content_Type="text/plain")
        result = self.raw(request_bytes("POST", "/v1/track", self.headers(), event()), answers=1)
        self.assertEqual(result.answers[0].status, 200)

    def test_b19_forms_and_xml(self):
        form = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n'
        self.expect_error(self.post(form, Content_Type="multipart/form-data; boundary=b"), 400, "invalid_json")
        self.expect_error(self.post(b"<a/>", Content_Type="application/xml"), 400, "invalid_json")
        self.assertEqual(self.counted("invalid_json"), 2)


class Items(BadInput):
    def test_b20_how_many(self):
        self.expect_refused(self.post(b'{"batch":[]}', "/v1/batch"), 400, "empty_batch")
        self.expect_refused(self.post(b'{"events":[]}', "/v1/batch"), 400, "missing_batch")
        items = [b'{"type":"track","event":"e","userId":"b20"}'] * 10_001
        self.assertEqual(self.post(batch_of(items[:9_999]), "/v1/batch").expect(200).json()["accepted"], 9_999)
        self.assertEqual(self.post(batch_of(items[:10_000]), "/v1/batch").expect(200).json()["accepted"], 10_000)
        self.expect_refused(self.post(batch_of(items), "/v1/batch"), 413, "too_many_events")

    def test_b21_bad_items_are_stored_and_the_good_ones_accepted(self):
        items = [event() for _ in range(100)]
        for index in (0, 50, 99):
            items[index] = b'{"type":"track","event":"b21"}'
        stored = len(self.server.rejected(code="missing_id"))
        body = self.post(batch_of(items), "/v1/batch").expect(200).json()
        self.assertEqual((body["accepted"], body["rejected"], [e["index"] for e in body["errors"]]), (97, 3, [0, 50, 99]))
        body = self.post(batch_of([b'{"type":"track","event":"b21"}'] * 100), "/v1/batch").expect(200).json()
        self.assertEqual((body["success"], body["accepted"], body["rejected"]), (True, 0, 100))
        self.assertEqual(len(self.server.rejected(code="missing_id")), stored + 103)
        self.assertEqual(self.counted("missing_id"), 103)

    def test_b22_items_that_are_no_events(self):
        self.expect_item_error(b'{"type":"track","event":"e"}', "missing_id")
        self.expect_item_error(b'{"type":"track","userId":"u1"}', "missing_event")
        self.expect_item_error(b'{"type":"track","userId":"u1","event":""}', "missing_event")
        items = [event() for _ in range(100)]
        for item, code in ((b'{"type":"dance","userId":"u1"}', "unknown_type"), (b'{"userId":"u1"}', "missing_type"),
                           (b'{"type":"group","userId":"u1"}', "missing_group_id"), (b"7", "not_an_object"),
                           (b"null", "not_an_object"), (b'"track"', "not_an_object"),
                           (b'{"type":"track","event":"e","userId":"u1","properties":"x"}', "invalid_field")):
            items[3] = item
            body = self.post(batch_of(items), "/v1/batch").expect(200).json()
            self.assertEqual([(e["index"], e["code"]) for e in body["errors"]], [(3, code)], item)
            items = [event() for _ in range(100)]
        self.assertEqual(self.post(b"7").status, 400)
        self.expect_error(self.post(b'{"userId":"u1"}', "/v1/group"), 400, "missing_group_id")

    def test_b22_a_missing_id_is_worded_as_sdks_expect(self):
        message = self.post(b'{"event":"e"}').json()["message"].lower()
        self.assertIn("request neither has anonymousid nor userid", message)

    def test_b23_odd_times_are_accepted_and_kept(self):
        now = time.time()
        for number, stamp in enumerate(("rubbish", "", 7, "0000-01-01T00:00:00Z", "3000-01-01T00:00:00Z",
                                        "1970-01-01T00:00:00Z", "99999-01-01T00:00:00Z", "2024-02-30T00:00:00Z")):
            user = f"b23-{number}"
            text = json.dumps(stamp).encode()
            self.expect_accepted(event(user=b'"%s"' % user.encode(), extra=b'"timestamp":%s,' % text))
            profile = self.server.lookup("user_id", user)
            entry, = self.server.events(profile["customer_id"])
            self.assertEqual(entry["event"]["timestamp"], stamp)
            if stamp not in ("1970-01-01T00:00:00Z", "0000-01-01T00:00:00Z"):
                self.assertEqual(entry["occurred_at"], entry["received_at"], stamp)
        self.assertIn("future_clamped", json.dumps(self.server.events(self.customer("b23-4"))))

    def test_b23_sent_at_corrects_a_wrong_clock(self):
        def iso(seconds):
            return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)).encode()
        day = 86_400
        now = int(time.time())
        self.expect_accepted(event(user=b'"b23-clock"', extra=b'"timestamp":"%s","sentAt":"%s",'
                                   % (iso(now - day - 100), iso(now - day))))
        entry, = self.server.events(self.customer("b23-clock"))
        occurred = datetime.datetime.fromisoformat(entry["occurred_at"].replace("Z", "+00:00")).timestamp()
        self.assertAlmostEqual(occurred, now - 100, delta=5)

    def customer(self, user):
        return self.server.lookup("user_id", user)["customer_id"]

    def test_b37_the_same_message_twice(self):
        first = event(user=b'"b37"', message_id="b37")
        self.expect_accepted(first)
        body = self.post(first).expect(200).json()
        self.assertEqual((body["accepted"], body["duplicate"], body["rejected"]), (0, 1, 0))
        conflicts = self.server.metrics().get("tributary_conflicting_duplicate_total")
        self.assertEqual(conflicts, self.before.get("tributary_conflicting_duplicate_total"))
        other = event(b'{"other":1}', user=b'"b37"', message_id="b37")
        body = self.post(other).expect(200).json()
        self.assertEqual((body["accepted"], body["duplicate"], body["rejected"]), (0, 1, 0))
        self.assertEqual(self.server.metrics().get("tributary_conflicting_duplicate_total"), conflicts + 1)
        entry, = self.server.events(self.customer("b37"))
        self.assertEqual(entry["event"]["properties"], {})
        body = self.post(batch_of([event(message_id="b37-batch"), event(message_id="b37-batch")]), "/v1/batch")
        self.assertEqual((body.expect(200).json()["accepted"], body.json()["duplicate"]), (1, 1))

    def test_b38_large_and_strange(self):
        self.expect_accepted(event(user=b'"%s"' % (b"i" * 1023)))
        self.expect_accepted(event(user=b'"%s"' % (b"i" * 1024)))
        self.expect_item_error(event(user=b'"%s"' % (b"i" * 1025)), "invalid_field")
        self.expect_item_error(event(user=b'"%s"' % (b"i" * 4096)), "invalid_field")
        self.expect_item_error(event(b'{"v":"%s"}' % (b"x" * MIB)), "event_too_large", 413)
        padding = 512 * 1024 - len(event(b'{"v":""}'))
        self.expect_accepted(event(b'{"v":"%s"}' % (b"x" * padding)))
        self.expect_item_error(event(b'{"v":"%s"}' % (b"x" * (padding + 1))), "event_too_large", 413)
        many = json.dumps({f"p{i}": i for i in range(10_000)}).encode()
        self.expect_accepted(event(many, user=b'"b38many"'))
        strange = {"__proto__": {"a": 1}, "constructor": 1, "$where": "1==1", "<script>": "x", "=HYPERLINK()": "=1+1"}
        self.expect_accepted(event(json.dumps(strange).encode(), user=b'"b38"'))
        entry, = self.server.events(self.customer("b38"))
        self.assertEqual(entry["event"]["properties"], strange)


class PropertyLimit(BadInput):
    @staticmethod
    def CONFIG():
        return {**sample_config(), "ingest": {"max_properties": 10}}

    def test_b38_more_properties_than_configured(self):
        for count in (9, 10):
            self.expect_accepted(event(json.dumps({f"p{i}": i for i in range(count)}).encode()))
        self.expect_item_error(event(json.dumps({f"p{i}": i for i in range(11)}).encode()), "too_many_properties")


class Framing(BadInput):
    """Requests on which two HTTP parsers could disagree: one answer, then the connection ends."""

    SMUGGLED = b"POST /v1/track HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"

    def post_head(self, *lines, version="HTTP/1.1", host=b"Host: 127.0.0.1\r\n"):
        head = b"POST /v1/track " + version.encode() + b"\r\n" + host
        head += b"Authorization: " + basic("wk_app").encode() + b"\r\n"
        return head + b"".join(line + b"\r\n" for line in lines) + b"\r\n"

    def chunked(self, data):
        return self.post_head(b"Transfer-Encoding: chunked") + data

    def test_a_good_request_of_the_same_form_is_accepted(self):
        body = event()
        whole = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        for data in (self.post_head(b"Content-Length: %d" % len(body)) + body, self.chunked(whole)):
            self.assertEqual([a.status for a in self.raw(data, answers=1).answers], [200])

    def test_b24_length_and_transfer_encoding(self):
        chunks = b"0\r\n\r\n" + self.SMUGGLED
        for lines in ((b"Content-Length: 6", b"Transfer-Encoding: chunked"),
                      (b"Transfer-Encoding: chunked", b"Content-Length: 6"),
                      (b"Transfer-Encoding: gzip", b"Content-Length: 6"),
                      (b"Content-Length: 6", b"Transfer-Encoding: gzip")):
            self.expect_closed(self.post_head(*lines) + chunks, 400)
        self.assertEqual(self.counted("malformed_request"), 4)

    def test_b25_transfer_encodings(self):
        chunks = b"0\r\n\r\n" + self.SMUGGLED
        for lines in ((b"Transfer-Encoding: xchunked",), (b"Transfer-Encoding: chunked, identity",),
                      (b"Transfer-Encoding: chunked, chunked",), (b"Transfer-Encoding: identity",),
                      (b"Transfer-Encoding: gzip, chunked",), (b"Transfer-Encoding:",), (b"Transfer-Encoding: \x0bchunked",),
                      (b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
                      (b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity")):
            self.expect_closed(self.post_head(*lines) + chunks, 400)
        self.expect_closed(self.post_head(b"Transfer-Encoding: chunked", version="HTTP/1.0") + chunks, 400)

    def test_b26_lengths(self):
        for value in (b"5, 5", b"+5", b"-5", b"0x5", b"5 5", b"5;", b"", b"12345678901234567890", b"99999999999999999999"):
            self.expect_closed(self.post_head(b"Content-Length: " + value) + b"{}   " + self.SMUGGLED, 400)
        for second in (b"5", b"6"):
            lines = (b"Content-Length: 5", b"Content-Length: " + second)
            self.expect_closed(self.post_head(*lines) + b"{}   " + self.SMUGGLED, 400)

    def test_b27_hosts(self):
        for host in (b"", b"Host: a\r\nHost: a\r\n", b"Host: a\r\nHost: b\r\n", b"Host: a b\r\n", b"Host: a/b\r\n",
                     b"Host: a@b\r\n", b"Host:\r\n", b"Host:  \r\n"):
            self.expect_closed(self.post_head(b"Content-Length: 0", host=host), 400)

    def test_b28_header_lines(self):
        for line in (b"X-A: 1\r\n folded", b"X-A: 1\r\n\tfolded", b"X-A : 1", b"X-A: a\x00b", b"X-A: a\rb", b": empty",
                     b"no colon", b"X A: 1", b"X-A: a\nb: c"):
            self.expect_closed(self.post_head(line, b"Content-Length: 0"), 400)
        self.expect_closed(self.post_head(b"Content-Length: 0").replace(b"\r\n", b"\n"), 400)

    def test_b29_chunks(self):
        body = event()
        good = b"%x\r\n%s\r\n" % (len(body), body)
        for data in (b"1" + b"0" * 16 + b"\r\n", b"f" * 17 + b"\r\n", b"0x5\r\n12345\r\n0\r\n\r\n",
                     b" 5\r\n12345\r\n0\r\n\r\n", b"5 \r\n12345\r\n0\r\n\r\n", b"-5\r\n12345\r\n0\r\n\r\n",
                     b"\r\n12345\r\n0\r\n\r\n", good.replace(b"\r\n", b"\n") + b"0\n\n", good[:-2] + b"xx0\r\n\r\n",
                     b"5;" + b"a" * 65536 + b"\r\n12345\r\n0\r\n\r\n",
                     good + b"0\r\nAuthorization: Basic eDo=\r\n\r\n", good + b"0\r\nContent-Length: 5\r\n\r\n",
                     good + b"0\r\nTransfer-Encoding: chunked\r\n\r\n", good + b"0\r\nHost: x\r\n\r\n"):
            self.expect_closed(self.chunked(data), 400)
        for data in (good + b"0\r\nX-Checksum: 1\r\n\r\n", b"%x;name=value\r\n%s\r\n0\r\n\r\n" % (len(body), body),
                     b"%X\r\n%s\r\n0\r\n\r\n" % (len(body), body)):
            self.assertEqual([a.status for a in self.raw(self.chunked(data), answers=1).answers], [200], data)

    def test_b30_sizes_of_the_head(self):
        self.expect_closed(b"GET /" + b"a" * 9 * 1024 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 414, code="uri_too_long")
        self.expect_closed(self.post_head(b"X-A: " + b"a" * 33 * 1024), 431, code="headers_too_large")
        for count in (101, 10_000):
            lines = [b"X-%d: 1" % i for i in range(count)]
            self.expect_closed(self.post_head(*lines), 431, code="headers_too_large")
        body = event()
        lines = [b"X-%d: 1" % i for i in range(97)] + [b"Content-Length: %d" % len(body)]
        self.assertEqual([a.status for a in self.raw(self.post_head(*lines) + body, answers=1).answers], [200])

    def test_b31_other_protocols(self):
        tls = bytes.fromhex("16030100c8010000c40303") + bytes(range(200))
        noise = random.Random(7).randbytes(4096)
        for data in (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), b"GET / HTTP/1.2\r\nHost: h\r\n\r\n",
                     b"GET / HTTP/9.9\r\nHost: h\r\n\r\n", b"GET / HTTP/2\r\nHost: h\r\n\r\n", b"GET /\r\n\r\n",
                     b"GET / XTTP/1.1\r\nHost: h\r\n\r\n", tls, noise, b"\r\n" * 2000, bytes(2000)):
            result = self.raw(data)
            self.assertTrue(result.closed, f"{data[:40]!r}: {result}")
            self.assertLess(result.seconds, 1, data[:40])
            self.assertIn([a.status for a in result.answers], ([], [400], [431]), data[:40])

    def test_b32_paths(self):
        for path in ("/..%2f..%2f..%2fetc/passwd", "/v1/%00", "/v1/..%2f..%2f/batch", "/%c0%af%c0%af", "/%ff",
                     "/" + "a/" * 4000, "/v1/%zz", "/v1/%", "/./v1/../../etc/passwd"):
            result = self.raw(request_bytes("GET", path, self.headers(), length=False), answers=1)
            self.assertIn(result.answers[0].status, (400, 404), f"{path[:40]} {result}")
        self.post(batch_of([event()]), "//v1//batch").expect(200)
        self.post(batch_of([event()]), "/v1/batch/").expect(200)

    def test_b33_methods(self):
        answer = self.server.get("/v1/batch", write_key="wk_app")
        self.expect_error(answer, 405, "method_not_allowed")
        self.assertIn("POST", answer.headers["Allow"])
        for method in ("DELETE", "PUT", "PATCH", "TRACE"):
            result = self.raw(request_bytes(method, "/v1/track", self.headers()), answers=1)
            self.assertEqual(result.answers[0].status, 405, result)
            self.assertIn("POST", result.answers[0].header("Allow"))
        result = self.raw(request_bytes("BREW", "/v1/track", self.headers()), answers=1)
        self.assertIn(result.answers[0].status, (400, 405), result)
        result = self.raw(request_bytes("CONNECT", "example.com:443", self.headers(), length=False))
        self.assertEqual([a.status for a in result.answers], [405], result)
        self.assertTrue(result.closed)


class Keys(BadInput):
    def test_b34_write_keys(self):
        self.expect_refused(self.server.post("/v1/track", event()), 401, "missing_write_key")
        self.expect_refused(self.post(event(), write_key="wk_unknown"), 401, "invalid_write_key")
        answer = self.server.post("/v1/track", event(), {"Authorization": "Basic !!!"})
        self.expect_error(answer, 401, "invalid_write_key")
        self.assertIn("invalid write key", answer.json()["message"])

    def test_b34_a_write_key_reads_nothing(self):
        lookup = {"kind": "user_id", "value": "u1"}
        for headers in ({"Authorization": "Bearer wk_app"}, {"Authorization": basic("wk_app")}):
            for method, path in (("POST", "/v1/profiles/lookup"), ("GET", "/v1/rejected")):
                answer = self.server.request(method, path, lookup if method == "POST" else None, headers)
                self.assertEqual(answer.status, 403, f"{path} {headers}: {answer}")
        self.assertEqual(self.server.post("/v1/profiles/lookup", lookup).status, 401)
        self.assertEqual(self.server.post("/v1/profiles/lookup", lookup, key="sk_unknown").status, 401)

    def test_b34_another_workspace_is_as_if_it_were_not_there(self):
        self.expect_accepted(event(user=b'"secret-person"'))
        own = self.server.lookup("user_id", "secret-person")["customer_id"]
        absent = own[:-6] + ("000000" if not own.endswith("000000") else "111111")

        def body(path, **lookup):
            answer = (self.server.post(path, lookup, key="sk_other") if lookup else self.server.get(path, key="sk_other"))
            self.assertEqual(answer.status, 404, path)
            document = answer.json()
            return {k: v for k, v in document.items() if k not in ("request_id", "instance")}
        for suffix in ("", "/events"):
            foreign, nowhere = body(f"/v1/profiles/{own}{suffix}"), body(f"/v1/profiles/{absent}{suffix}")
            self.assertEqual(json.dumps(foreign).replace(own, "ID"), json.dumps(nowhere).replace(absent, "ID"))
        self.assertEqual(body("/v1/profiles/lookup", kind="user_id", value="secret-person"),
                         body("/v1/profiles/lookup", kind="user_id", value="nobody-at-all"))

    def test_b34_timing_tells_nothing(self):
        """Medians of 200 alternating look-ups: a foreign id and an absent one differ by less than half a millisecond."""
        self.expect_accepted(event(user=b'"timed-person"'))
        own = self.server.lookup("user_id", "timed-person")["customer_id"]
        absent = own[:-6] + ("000000" if not own.endswith("000000") else "111111")
        seconds = {own: [], absent: []}
        with self.server.client() as client:
            for _ in range(200):
                for customer in (own, absent):
                    started = time.perf_counter()
                    client.request("GET", f"/v1/profiles/{customer}", None, {"Authorization": "Bearer sk_other"})
                    seconds[customer].append(time.perf_counter() - started)
        medians = [sorted(values)[len(values) // 2] for values in seconds.values()]
        self.assertLess(abs(medians[0] - medians[1]), 0.0005, medians)

    def test_b34_a_revoked_key_is_unknown_after_reload(self):
        config = config_with_two_workspaces()
        config["sources"][0]["write_keys"] = ["wk_web", "wk_old"]
        with Server(config) as server:
            server.post("/v1/track", event(), write_key="wk_old").expect(200)
            server.configure(config_with_two_workspaces())
            server.process.send_signal(signal.SIGHUP)
            server.wait_until(lambda: server.post("/v1/track", event(), write_key="wk_old").status == 401,
                              what="the old key is refused")
            server.post("/v1/track", event(), write_key="wk_web").expect(200)


class Logs(BadInput):
    def test_nothing_of_the_input_reaches_the_log(self):
        canary = "CANARY" + "x" * 100
        for body in (event(user=b'"%s"' % (canary.encode() * 20)), b'{"%s":' % canary.encode(), canary.encode(),
                     b'{"type":"%s","userId":"u"}' % canary.encode()):
            self.post(body)
            self.post(b'{"batch":[' + body + b"]}", "/v1/batch")
        self.raw(request_bytes("POST", f"/v1/{canary}?writeKey={canary}", self.headers(), event()), answers=1)
        self.raw(b"GET /" + canary.encode() + b" HTTP/9\r\n" + canary.encode() + b"\r\n\r\n")
        self.assertNotIn(canary, self.server.stderr())

    def test_an_answer_echoes_at_most_64_bytes(self):
        for body in (b'{"type":"track","userId":"u","event":7,"x":"%s"}' % (b"E" * 500),
                     b'{"type":"track","event":"e","userId":{"%s":1}}' % (b"E" * 500), b"E" * 500):
            self.assertNotIn(b"E" * 65, self.post(body).body)
        answer = self.server.post("/v1/profiles/lookup", {"kind": "E" * 500, "value": "x"}, key="sk_analyst")
        self.assertNotIn(b"E" * 65, answer.body)


if __name__ == "__main__":
    unittest.main(verbosity=2)
