"""Signatures against the platforms' own packages, in both directions: what a package signs the server takes, and what
`tributary webhook test --sign` signs the package takes. One changed byte is refused by both.

Needs `npm ci --ignore-scripts` in this folder. Random bodies: the seed is printed.
"""
import base64
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import time
import unittest
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from tributary import Server, find_binary, sample_config  # noqa: E402

SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))
ROUNDS = 200
PUBLIC_URL = "https://cdp.example.com"
STANDARD_SECRET = "whsec_" + base64.b64encode(b"tributary-test-secret-0001").decode()
SECRETS = {"stripe": "stripe-test", "standard-webhooks": STANDARD_SECRET, "svix": STANDARD_SECRET, "github": "It's",
           "meta": "meta-test", "twilio": "twilio-test", "wecom": "token", "line": "line-test"}
WECOM = {"corp_id": "wx5823bf96d3bd56c7", "aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"}


def vendor(jobs):
    result = subprocess.run(["node", str(HERE / "webhooks/vendor.mjs")], input=json.dumps(jobs), cwd=HERE, text=True,
                            capture_output=True, timeout=300, check=False)
    if result.returncode != 0:
        raise AssertionError(result.stderr[-3000:])
    return json.loads(result.stdout)


def encoded(body: bytes) -> str:
    return base64.b64encode(body).decode()


def random_bodies(generator, count):
    """Texts that a platform might send and some that it would not: empty members, any character, many kilobytes, CR LF."""
    for number in range(count):
        length = generator.choice((0, 1, 10, 100, 1000, 65536 if number % 20 == 0 else 10))
        text = "".join(chr(generator.choice((10, 13, 32, 34, 92, 127, 233, 0x4f60, 0x1f375, 97 + number % 26)))
                       for _ in range(length))
        ending = generator.choice(("", "\n", "\r\n", " "))
        yield (json.dumps({"id": f"b{number}", "text": text}, ensure_ascii=generator.random() < 0.5) + ending).encode()


class WebhookSignatures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print(f"webhook signatures: SEED={SEED}", file=sys.stderr)
        settings = {"wecom": WECOM, "line": {"provider": "p"}, "meta": {"verify_token": "v"}}
        config = sample_config()
        for platform, secret in SECRETS.items():
            config["sources"].append({"id": platform, "workspace": "default", "kind": "webhook", "connector": platform,
                                      "secrets": [secret], "public_url": PUBLIC_URL, "path": platform,
                                      **({"settings": settings[platform]} if platform in settings else {})})
        cls.settings = settings
        cls.server = Server(config)
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.random = random.Random(f"{SEED} {self.id()}")

    def post(self, platform, body, headers, query=""):
        return self.server.request("POST", f"/v1/webhooks/{platform}{query}", body, headers).status

    def signed_by_us(self, platform, body, headers=(), target=None):
        """The request as `tributary webhook test --sign` would send it."""
        words = [find_binary(), "webhook", "test", platform, "-", "--sign", "--secret", SECRETS[platform],
                 "--public-url", PUBLIC_URL]
        for name, value in self.settings.get(platform, {}).items():
            words += ["--setting", f"{name}={value}"]
        for header in headers:
            words += ["--header", header]
        if target:
            words += ["--target", target]
        done = subprocess.run(words, input=body, capture_output=True, timeout=60, check=False)
        shown = json.loads(done.stdout) if done.stdout else {}
        self.assertTrue(shown.get("verification", {}).get("genuine"), (done.stderr, shown))
        return shown["request"]

    # -- the body as it is ---------------------------------------------------------------------------------------------

    def check_both_directions(self, platform):
        now = int(time.time())
        bodies = list(random_bodies(self.random, ROUNDS))
        signed = vendor([{"do": "sign", "platform": platform, "secret": SECRETS[platform], "body": encoded(body), "time": now}
                         for body in bodies])
        for body, headers in zip(bodies, signed):
            self.assertIn(self.post(platform, body, headers), (200, 204), (platform, body[:200]))
        for body, headers in list(zip(bodies, signed))[:20]:
            self.assertEqual(self.post(platform, body + b" ", headers), 401, (platform, body[:200]))
        self.check_ours(platform, bodies[:20])

    def check_ours(self, platform, bodies):
        jobs = []
        for body in bodies:
            request = self.signed_by_us(platform, body)
            self.assertEqual(request["body"].encode(), body)
            jobs.append({"do": "verify", "platform": platform, "secret": SECRETS[platform], "body": encoded(body),
                         "headers": request["headers"]})
        altered = [dict(job, body=encoded(base64.b64decode(job["body"]) + b" ")) for job in jobs]
        self.assertEqual([result["ok"] for result in vendor(jobs)], [True] * len(jobs))
        self.assertEqual([result["ok"] for result in vendor(altered)], [False] * len(jobs))

    def test_stripe(self):
        self.check_both_directions("stripe")

    def test_standard_webhooks(self):
        self.check_both_directions("standard-webhooks")

    def test_svix(self):
        self.check_both_directions("svix")

    def test_github(self):
        self.check_both_directions("github")

    def test_meta(self):
        self.check_both_directions("meta")

    def test_line_has_only_a_verifier(self):
        self.check_ours("line", list(random_bodies(self.random, 20)))

    # -- address and parameters ----------------------------------------------------------------------------------------

    def forms(self, count):
        for number in range(count):
            alphabet = "abc ÄÖ你&=+%/?:\n~"
            value = lambda: "".join(self.random.choice(alphabet) for _ in range(self.random.randrange(12)))  # noqa: E731
            params = {"MessageSid": f"SM{number}", "From": "+15550100", "Body": value()}
            params.update({f"k{i}": value() for i in range(self.random.randrange(4))})
            yield params

    def test_twilio(self):
        now, url = int(time.time()), PUBLIC_URL + "/v1/webhooks/twilio?src=1"
        forms = list(self.forms(ROUNDS))
        signed = vendor([{"do": "sign", "platform": "twilio", "secret": SECRETS["twilio"], "url": url, "params": params,
                          "time": now} for params in forms])
        form_type = {"Content-Type": "application/x-www-form-urlencoded"}
        for params, headers in zip(forms, signed):
            body = urllib.parse.urlencode(params).encode()
            status = self.post("twilio", body, {**headers, **form_type}, "?src=1")
            self.assertIn(status, (200, 204), params)
            self.assertEqual(self.post("twilio", body + b"&x=1", {**headers, **form_type}, "?src=1"), 401)
        jobs = []
        for params in forms[:20]:
            request = self.signed_by_us("twilio", urllib.parse.urlencode(params).encode(),
                                        ["Content-Type: application/x-www-form-urlencoded"], "/v1/webhooks/twilio?src=1")
            jobs.append({"do": "verify", "platform": "twilio", "secret": SECRETS["twilio"], "url": url, "params": params,
                         "headers": request["headers"]})
        self.assertEqual([result["ok"] for result in vendor(jobs)], [True] * len(jobs))

    # -- sealed bodies -------------------------------------------------------------------------------------------------

    def wecom_message(self, number):
        text = "".join(self.random.choice("ab你好<>&") for _ in range(self.random.randrange(60)))
        return (f"<xml><ToUserName><![CDATA[{WECOM['corp_id']}]]></ToUserName><FromUserName><![CDATA[u{number}]]></FromUserName>"
                f"<CreateTime>1700000000</CreateTime><MsgType><![CDATA[text]]></MsgType>"
                f"<Content><![CDATA[{text}]]></Content><MsgId>{9223372036854775000 + number}</MsgId></xml>")

    def test_wecom(self):
        now = int(time.time())
        messages = [self.wecom_message(number) for number in range(ROUNDS)]
        common = {"platform": "wecom", "secret": SECRETS["wecom"], "key": WECOM["aes_key"], "id": WECOM["corp_id"]}
        signed = vendor([{"do": "sign", "body": encoded(message.encode()), "time": now, "nonce": f"n{i}", **common}
                         for i, message in enumerate(messages)])
        for i, made in enumerate(signed):
            query = f"?msg_signature={made['signature']}&timestamp={now}&nonce=n{i}"
            body = f"<xml><ToUserName><![CDATA[x]]></ToUserName><Encrypt><![CDATA[{made['sealed']}]]></Encrypt></xml>".encode()
            self.assertEqual(self.post("wecom", body, {}, query), 200, messages[i])
            other = query.replace(f"nonce=n{i}", "nonce=other")
            self.assertEqual(self.post("wecom", body, {}, other), 401)
        jobs = []
        for message in messages[:20]:
            request = self.signed_by_us("wecom", message.encode())
            query = dict(urllib.parse.parse_qsl(request["target"].partition("?")[2]))
            sealed = re.search(r"<Encrypt><!\[CDATA\[(.*?)\]\]></Encrypt>", request["body"]).group(1)
            jobs.append({"do": "verify", "body": encoded(message.encode()), "sealed": sealed, "query": query, **common})
        self.assertEqual([result for result in vendor(jobs) if not result["ok"]], [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
