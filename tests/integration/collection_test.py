"""What SDKs rely on and the description cannot say: where a key counts, whose identity an event tells, time, exactness."""
import base64
import datetime
import gzip
import json
import os
import pathlib
import sys
import threading
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from tributary import ANALYST, Server, basic, sample_config  # noqa: E402


def event(user: str, **fields) -> dict:
    return {"type": "track", "userId": user, "event": "e", "messageId": str(uuid.uuid4()), **fields}


class Collection(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        config = sample_config()
        config["sources"].append({"id": "jitsu", "workspace": "default", "kind": "sdk", "write_keys": ["id:secret"],
                                  "trust": "server"})
        cls.server = Server(config)
        cls.addClassCleanup(cls.server.close)

    def source_of(self, user: str) -> str:
        customer = self.server.lookup("user_id", user)["customer_id"]
        return self.server.events(customer)[0]["source"]

    def identifiers(self, kind: str, value: str) -> set:
        return {(i["kind"], i["value"]) for i in self.server.lookup(kind, value)["identifiers"]}

    def stored(self, user: str) -> list:
        return self.server.events(self.server.lookup("user_id", user)["customer_id"])

    # -- write keys ---------------------------------------------------------------------------------------------------

    def test_the_first_place_that_has_a_key_wins(self):
        places = [({"Authorization": basic("wk_web"), "X-Write-Key": "wk_app"}, "?writeKey=wk_app", "wk_app", "web"),
                  ({"X-Write-Key": "wk_web"}, "?writeKey=wk_app", "wk_app", "web"),
                  ({}, "?writekey=wk_web", "wk_app", "web"), ({}, "", "wk_app", "app"),
                  ({"Authorization": "Bearer wk_web"}, "", "wk_app", "app"),
                  ({"Authorization": "Basic " + base64.b64encode(b"wk_web").decode()}, "", "wk_app", "web")]
        for number, (headers, query, in_body, source) in enumerate(places):
            user = f"keys-{number}"
            self.server.post("/v1/batch" + query, {"writeKey": in_body, "batch": [event(user)]}, headers).expect(200)
            self.assertEqual(self.source_of(user), source, (headers, query))

    def test_a_wrong_key_is_not_rescued_by_a_later_place(self):
        answer = self.server.post("/v1/track?writeKey=wk_web", event("u"), {"X-Write-Key": "unknown"}).expect(401)
        self.assertEqual(answer.json()["code"], "invalid_write_key")

    def test_jitsus_key_needs_its_secret(self):
        self.server.post("/api/s/s2s/track", event("u", writeKey="id:***"), {"X-Write-Key": "id:secret"}).expect(200)
        self.server.post("/api/s/s2s/track", event("u"), {"X-Write-Key": "id:wrong"}).expect(401)
        self.server.post("/api/s/s2s/track", event("u"), {"X-Write-Key": "id"}).expect(401)

    def test_an_api_key_is_no_write_key(self):
        self.server.post("/v1/track", event("u"), {"X-Write-Key": ANALYST}).expect(401)

    # -- identity -----------------------------------------------------------------------------------------------------

    def test_jitsus_server_client_does_not_join_its_users(self):
        """One client object keeps one anonymousId, and the traits of the user it identified last, for all users."""
        def send(kind, **fields):
            context = {"traits": {"email": "bob@jitsu.example"}}
            self.server.post(f"/api/s/s2s/{kind}", {"anonymousId": "shared", "messageId": str(uuid.uuid4()),
                                                    "context": context, **fields}, {"X-Write-Key": "id:secret"}).expect(200)
        send("identify", userId="j1", traits={"email": "ann@jitsu.example"})
        send("identify", userId="j2", traits={"email": "bob@jitsu.example"})
        send("track", userId="j3", event="B")
        customers = {user: self.server.lookup("user_id", user)["customer_id"] for user in ("j1", "j2", "j3")}
        self.assertEqual(len(set(customers.values())), 3, customers)
        self.assertEqual(self.server.lookup("email", "bob@jitsu.example")["customer_id"], customers["j2"])
        self.assertEqual(self.identifiers("user_id", "j3"), {("user_id", "j3")})
        self.assertEqual(self.stored("j3")[0]["event"]["anonymousId"], "shared")

    def test_in_a_browser_the_same_members_do_join(self):
        self.server.post("/api/s/identify", {"anonymousId": "browser-1", "userId": "j9", "messageId": str(uuid.uuid4()),
                                             "traits": {}}, {"X-Write-Key": "id:secret"}).expect(200)
        self.assertIn(("user_id", "j9"), self.identifiers("anonymous_id", "browser-1"))

    def test_a_lookup_normalises_like_an_event(self):
        self.server.post("/v1/identify", {"userId": "norm", "traits": {"email": "Norm@Example.COM", "phone": "138 1234 5678"}},
                         write_key="wk_app").expect(200)
        own = self.server.lookup("user_id", "norm")["customer_id"]
        for kind, value in (("email", "  norm@EXAMPLE.com "), ("Email", "norm@example.com"), ("phone", "+86 138-1234-5678"),
                            ("phone", "13812345678"), ("phone", "008613812345678")):
            found = self.server.lookup(kind, value) or {}
            self.assertEqual(found.get("customer_id"), own, (kind, value))

    # -- time and bytes -----------------------------------------------------------------------------------------------

    def test_sent_at_of_the_header_corrects_the_clock(self):
        self.server.post("/v1/track", event("clock", originalTimestamp="2020-01-01T00:00:00Z"),
                         {"SentAt": "2020-01-01T00:00:00Z"}, write_key="wk_web").expect(200)
        stored = self.stored("clock")[0]
        self.assertEqual(stored["occurred_at"], stored["received_at"])

    def test_an_import_without_sent_at_keeps_its_time(self):
        self.server.post("/v1/import", {"batch": [event("history", timestamp="2019-05-01T10:00:00+02:00")]},
                         write_key="wk_app").expect(200)
        self.assertEqual(self.stored("history")[0]["occurred_at"], "2019-05-01T08:00:00.000Z")

    def test_a_public_key_reaches_only_so_far_back(self):
        def seconds_back(server, user):
            server.post("/v1/track", event(user, timestamp="2019-05-01T08:00:00Z"), write_key="wk_web").expect(200)
            stored, = server.events(server.lookup("user_id", user)["customer_id"])
            times = [datetime.datetime.fromisoformat(stored[name].replace("Z", "+00:00"))
                     for name in ("received_at", "occurred_at")]
            return (times[0] - times[1]).total_seconds()

        self.assertEqual(seconds_back(self.server, "back-default"), 30 * 86_400)
        with Server({**sample_config(), "time": {"max_past_public": "2h"}}) as server:
            self.assertEqual(seconds_back(server, "back-2h"), 7200)
        with Server({**sample_config(), "time": {"max_past_public": 0}}) as server:
            self.assertGreater(seconds_back(server, "back-off"), 7 * 365 * 86_400)

    def test_the_timeline_gives_the_bytes_that_came(self):
        text = ('{ "userId":"exact",\t"event":"e", "type":"track","messageId":"x-1", "properties":{"big":90071992547409931234,'
                '"money":12.50, "small":1E-7, "twice":1, "twice":2, "text":"\\u00e9\\/é"}}')
        self.server.post("/v1/track", text, write_key="wk_web").expect(200)
        customer = self.server.lookup("user_id", "exact")["customer_id"]
        page = self.server.get(f"/v1/profiles/{customer}/events", key=ANALYST).expect(200)
        self.assertIn(text.encode(), page.body)

    def test_gzip_is_recognised_without_any_header(self):
        body = gzip.compress(json.dumps(event("zipped")).encode())
        self.server.post("/v1/track", body, {"Content-Type": "application/x-www-form-urlencoded"},
                         write_key="wk_web").expect(200)
        self.assertEqual(len(self.stored("zipped")), 1)

    # -- answers ------------------------------------------------------------------------------------------------------

    def test_the_long_list_of_errors_is_cut_and_the_counts_are_exact(self):
        body = {"batch": [{"type": "track", "event": "e"}] * 1_200}
        answer = self.server.post("/v1/batch", body, write_key="wk_web").expect(200).json()
        self.assertEqual((answer["accepted"], answer["rejected"], len(answer["errors"])), (0, 1_200, 1_000))
        self.assertIs(answer["errors_truncated"], True)

    def test_a_single_event_that_is_rejected_is_kept(self):
        self.server.post("/v1/track", {"event": "kept-rejection"}, write_key="wk_web").expect(400)
        newest = self.server.rejected(code="missing_id")[0]
        self.assertEqual(json.loads(newest["raw"]), {"event": "kept-rejection"})

    def test_a_connection_goes_on_after_a_refusal(self):
        with self.server.client() as client:
            for body, headers, status in ((b"{", {"X-Write-Key": "wk_web"}, 400), (b"{}", {}, 401),
                                          (json.dumps(event("alive")), {"X-Write-Key": "wk_web"}, 200)):
                self.assertEqual(client.request("POST", "/v1/track", body, headers).status, status)

    def test_requests_in_flight_at_once_keep_their_own_answers(self):
        """Parsers belong to threads and requests wait for the log meanwhile: nothing of one may leak into another."""
        wrong, threads = [], 8

        def run(thread: int):
            with self.server.client() as client:
                for round_number in range(60):
                    good, bad = 1 + (thread + round_number) % 7, (thread * round_number) % 4
                    user = f"flight-{thread}-{round_number}"
                    items = [event(user) for _ in range(good)] + [{"type": "track", "event": user}] * bad
                    answer = client.request("POST", "/v1/batch", {"batch": items}, {"X-Write-Key": "wk_web"}).json()
                    found = client.request("POST", "/v1/profiles/lookup", {"kind": "user_id", "value": user},
                                           {"Authorization": f"Bearer {ANALYST}"}).json()
                    expected = (good, 0, bad, list(range(good, good + bad)), good)
                    got = (answer["accepted"], answer["duplicate"], answer["rejected"],
                           [e["index"] for e in answer["errors"]], found.get("events"))
                    if got != expected:
                        wrong.append((user, expected, got))
        workers = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.assertEqual(wrong, [])


class StartUp(unittest.TestCase):
    def test_settings_name_the_public_address_and_the_retry_policy(self):
        config = sample_config()
        config["server"]["public_url"] = "https://cdp.example.com/events/"
        config["sources"][0]["sdk_http_config"] = {"backoffConfig": {"maxRetryCount": 3}}
        with Server(config) as server:
            answer = server.get("/v1/projects/wk_web/settings").expect(200)
            self.assertEqual(answer.json()["integrations"]["Segment.io"],
                             {"apiKey": "wk_web", "apiHost": "cdp.example.com/events/v1", "protocol": "https",
                              "httpConfig": {"backoffConfig": {"maxRetryCount": 3}}})
            self.assertEqual(answer.headers["Cache-Control"], "public, max-age=300")


if __name__ == "__main__":
    if len(sys.argv) > 1 and os.path.isfile(sys.argv[1]):
        os.environ["TRIBUTARY_BINARY"] = sys.argv.pop(1)
    unittest.main()
