"""All 318 files of the JSON test suite over HTTP: raw as the body, and embedded as a property.

n_ must be refused with 400, y_ is never refused as JSON and comes back byte for byte, i_ may go either way. No file makes a
5xx or ends the process.
"""
import base64
import http.client
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from tributary import Server, basic  # noqa: E402

CORPUS = HERE.parent / "data/json_test_suite/test_parsing"


class JsonSuite(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.files = sorted(CORPUS.glob("*.json"))
        cls.server = Server()
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.client = self.server.client()
        self.addCleanup(self.client.close)

    def tearDown(self):
        self.assertTrue(self.server.running(), self.server.stderr()[-4000:])
        self.post("/v1/track", b'{"userId":"u","event":"e"}').expect(200)

    def post(self, path, body):
        try:
            return self.client.request("POST", path, body, {"Authorization": basic("wk_app")})
        except http.client.RemoteDisconnected:
            return self.client.request("POST", path, body, {"Authorization": basic("wk_app")})

    def of_kind(self, prefix):
        return [path for path in self.files if path.name.startswith(prefix)]

    def test_the_corpus_is_complete(self):
        counts = {prefix: len(self.of_kind(prefix)) for prefix in ("y_", "n_", "i_")}
        self.assertEqual(counts, {"y_": 95, "n_": 188, "i_": 35})

    def test_raw_bodies(self):
        for path in self.files:
            body = path.read_bytes()
            for route in ("/v1/track", "/v1/batch"):
                answer = self.post(route, body)
                with self.subTest(file=path.name, route=route):
                    self.assertLess(answer.status, 500, answer)
                    if path.name.startswith("n_"):
                        self.assertEqual(answer.status, 400, answer)
                    if path.name.startswith("y_") and answer.status != 200:
                        # Most are no objects, so another code is right; a lone scalar is no body at all.
                        whole = body.strip(b" \t\r\n")[:1] in (b"{", b"[")
                        self.assertTrue(answer.json()["code"] != "invalid_json" or not whole, answer)

    def test_embedded_as_a_property(self):
        kept = {}
        for path in self.files:
            value = path.read_bytes()
            user = path.name.encode()
            head = b'{"userId":"%s","event":"e","properties":{"v":' % base64.b16encode(user)
            answer = self.post("/v1/track", head + value + b"}}")
            with self.subTest(file=path.name):
                self.assertLess(answer.status, 500, answer)
                if path.name.startswith("n_"):
                    self.assertEqual(answer.status, 400, f"{value[:80]!r} {answer}")
                if path.name.startswith("y_"):
                    self.assertEqual(answer.status, 200, f"{value[:80]!r} {answer}")
                    kept[base64.b16encode(user).decode()] = b'"properties":{"v":' + value + b"}"
        for user, text in kept.items():
            with self.subTest(read_back=base64.b16decode(user)):
                customer = self.server.lookup("user_id", user)["customer_id"]
                answer = self.server.get(f"/v1/profiles/{customer}/events", key="sk_analyst").expect(200)
                self.assertIn(text, answer.body)

    def test_a_bad_property_fails_its_item_or_its_request_but_never_more(self):
        """As item 3 of a batch: what breaks the borders between items refuses the request, the rest its item alone."""
        good = b'{"type":"track","userId":"u","event":"e"}'
        for path in self.files:
            item = b'{"type":"track","userId":"u","event":"e","properties":{"v":' + path.read_bytes() + b"}}"
            answer = self.post("/v1/batch", b'{"batch":[' + b",".join([good, good, good, item, good]) + b"]}")
            with self.subTest(file=path.name):
                self.assertIn(answer.status, (200, 400), answer)
                if path.name.startswith("y_"):
                    self.assertEqual((answer.status, answer.json()["accepted"]), (200, 5), answer)
                elif path.name.startswith("n_") and answer.status == 200:
                    self.assertEqual((answer.json()["accepted"], answer.json()["rejected"]), (4, 1), answer)


if __name__ == "__main__":
    unittest.main(verbosity=2)
