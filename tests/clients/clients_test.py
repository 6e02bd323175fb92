"""The SDKs that people already run, pinned, against a running server; what they sent is read back through the API.

Each SDK runs as a process of its own, so that an unhandled rejection is seen as its exit code. There is no polling for
results: an event whose request was answered 200 is readable. Needs `npm ci --ignore-scripts` in this folder; the browser
half also needs Chromium.
"""
import collections
import gzip
import http.client
import http.server
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import threading
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from tributary import Server, sample_config  # noqa: E402

LARGE, BULK = 60_000, 250
ORDER = {"order_id": "o-1001", "total": 129.9, "revenue": 118.4, "currency": "EUR",
         "products": [{"product_id": "p-1", "sku": "SKU-1", "name": "Kaffee", "price": 19.95, "quantity": 2},
                      {"product_id": "p-2", "sku": "SKU-2", "name": "茶", "price": 45, "quantity": 2}]}


def run_node(script, url, write_key, prefix, *arguments, **environment):
    """Runs a script of this folder to its end and returns what it printed; a non-zero exit code is a failure."""
    result = subprocess.run(["node", str(HERE / script), *arguments], cwd=HERE, capture_output=True, text=True, timeout=120,
                            check=False, env={**os.environ, "TRIBUTARY_URL": url, "WRITE_KEY": write_key, "PREFIX": prefix,
                                              **environment})
    if result.returncode != 0:
        raise AssertionError(f"{script} {prefix} ended with {result.returncode}\n{result.stderr[-3000:]}")
    return result.stdout


class ReadBack(unittest.TestCase):
    """Profiles and timelines as the API tells them."""

    def profile(self, server, kind, value):
        profile = server.lookup(kind, value)
        self.assertIsNotNone(profile, f"no customer has {kind} {value}")
        return profile

    def timeline(self, server, kind, value):
        """The payloads of a customer's events; every message id stands once and the profile counts the same number."""
        profile = self.profile(server, kind, value)
        events = server.events(profile["customer_id"])
        ids = collections.Counter(e["message_id"] for e in events)
        self.assertEqual([i for i, n in ids.items() if n > 1], [], "stored more than once")
        self.assertEqual(profile["events"], len(events))
        return [e["event"] for e in events]

    def identifiers(self, server, kind, value):
        return {(i["kind"], i["value"]) for i in self.profile(server, kind, value)["identifiers"]}


def names(payloads):
    return sorted(p.get("event") or p["type"] for p in payloads)


def of_event(payloads, name):
    return next(p for p in payloads if p.get("event") == name)


class NodeSdks(ReadBack):
    SDKS = (("sdk/segment_node.mjs", "segnode"), ("sdk/rudder_node.mjs", "rudnode"))

    def test_every_case_arrives_exactly_once_and_survives_a_restart(self):
        with Server() as server:
            for script, prefix in self.SDKS:
                run_node(script, f"http://{server.http}", "wk_app", prefix)
            for again in (False, True):
                if again:
                    server.restart()
                for _, prefix in self.SDKS:
                    with self.subTest(sdk=prefix, after_restart=again):
                        self.check_customers(server, prefix)
            metrics = server.metrics()
            self.assertEqual(metrics.get("tributary_events_total", outcome="rejected"), 0)

    def check_customers(self, server, prefix):
        ann = self.timeline(server, "user_id", f"{prefix}-ann")
        self.assertEqual(names(ann), sorted(["identify", "Order Completed", "page", "group", "注文完了 🎉", "Large"]))
        self.assertEqual(of_event(ann, "Order Completed")["properties"], ORDER)
        self.assertEqual(of_event(ann, "注文完了 🎉")["properties"], {"text": "Größe — ‏שלום‎ — 𝒳", "emoji": "👩‍👩‍👧"})
        self.assertEqual(len(of_event(ann, "Large")["properties"]["blob"]), LARGE)
        self.assertIn(("email", f"ann@{prefix}.example"), self.identifiers(server, "user_id", f"{prefix}-ann"))
        self.assertEqual(self.profile(server, "email", f"ann@{prefix}.example")["traits"]["name"], "Anna 安娜 🦊")

        alias = self.timeline(server, "user_id", f"{prefix}-alias")
        self.assertEqual(names(alias), sorted(["Before alias", "alias", "After alias"]))

        login = self.timeline(server, "email", f"login@{prefix}.example")
        self.assertEqual(names(login), sorted(["Visited", "identify", "Logged in"]))
        kinds = {kind for kind, _ in self.identifiers(server, "user_id", f"{prefix}-login")}
        self.assertEqual(kinds, {"anonymous_id", "user_id", "email"})

        bulk = self.timeline(server, "user_id", f"{prefix}-bulk")
        self.assertEqual(sorted(p["properties"]["n"] for p in bulk), list(range(BULK)))


class Faults(ReadBack):
    """A front that answers by script shows what the SDKs retry; the event is stored once whatever happened on the way."""

    CASES = (("503, 503, 200", ["503", "503", "pass"]), ("429 then 200", ["429", "pass"]),
             ("answer lost after it was stored", ["cut", "pass"]))

    def test_retries_never_count_twice(self):
        with Server() as server:
            for script, sdk in NodeSdks.SDKS:
                for number, (what, actions) in enumerate(self.CASES):
                    with self.subTest(sdk=sdk, fault=what), ScriptedFront(server.http, actions) as front:
                        prefix = f"{sdk}{number}"
                        before = server.metrics().get("tributary_events_total", outcome="duplicate")
                        run_node(script, front.url, "wk_app", prefix, ONLY_ONE="1")
                        self.assertEqual(front.served, actions)
                        self.assertEqual(names(self.timeline(server, "user_id", f"{prefix}-one")), ["One"])
                        after = server.metrics().get("tributary_events_total", outcome="duplicate")
                        self.assertEqual(after - before, actions.count("cut"))


class ScriptedFront:
    """Answers POSTs by a list of actions, then passes all on: `pass`, a status, or `cut` (pass on, reset the client)."""

    def __init__(self, upstream, actions):
        self.served, todo, lock = [], list(actions), threading.Lock()
        front = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with lock:
                    action = todo.pop(0) if todo else "pass"
                    front.served.append(action)
                if action.isdigit():
                    self.answer(int(action), b'{"success":false,"code":"overloaded","message":"m","error":"m"}')
                    return
                status, answer = forward(upstream, self.path, self.headers, body)
                if action == "cut":
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    self.close_connection = True
                    self.connection.close()
                    return
                self.answer(status, answer)

            def answer(self, status, body):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                if status == 429:
                    self.send_header("Retry-After", "1")
                self.end_headers()
                self.wfile.write(body)

            def finish(self):
                try:
                    super().finish()
                except (OSError, ValueError):
                    pass  # the connection was reset on purpose

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def forward(upstream, path, headers, body):
    host, port = upstream.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    kept = {k: v for k, v in headers.items() if k.lower() not in ("host", "connection", "content-length")}
    try:
        connection.request("POST", path, body, kept)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def chromium():
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


class BrowserSdks(ReadBack):
    """Headless Chromium opens a page of another origin, so each route is asked for by a real preflight first."""

    SDKS = (("segment", "segweb"), ("rudder", "rudweb"))

    def test_a_visit_from_another_origin_becomes_one_customer(self):
        if not chromium():
            self.fail("no Chromium: install it or set CHROMIUM")
        with Server() as server:
            visits = {}
            for sdk, prefix in self.SDKS:
                visits[prefix] = json.loads(run_node("browser/run.mjs", f"http://{server.http}", "wk_web", prefix, sdk))
                with self.subTest(sdk=sdk):
                    self.assertEqual(visits[prefix]["problems"], [])
                    self.assertEqual(visits[prefix]["failures"], [])
                    self.assertEqual({a["status"] for a in visits[prefix]["answers"]}, {200})
            for again in (False, True):
                if again:
                    server.restart()
                for sdk, prefix in self.SDKS:
                    with self.subTest(sdk=sdk, after_restart=again):
                        self.check_visit(server, prefix, visits[prefix])

    def check_visit(self, server, prefix, visit):
        payloads = self.timeline(server, "anonymous_id", visit["anonymousId"])
        self.assertEqual(names(payloads),
                         sorted(["page", "Visited", "Large", "identify", "Order Completed", "group", "alias"]))
        self.assertEqual(sorted(p["messageId"] for p in payloads), sorted(visit["messageIds"]))
        order = of_event(payloads, "Order Completed")["properties"]
        self.assertEqual({key: order[key] for key in ORDER}, ORDER)
        self.assertEqual(of_event(payloads, "Visited")["properties"]["text"], "你好 🎉")
        self.assertEqual(len(of_event(payloads, "Large")["properties"]["blob"]), LARGE)
        self.assertLessEqual({("user_id", f"{prefix}-ann"), ("anonymous_id", visit["anonymousId"])},
                             self.identifiers(server, "user_id", f"{prefix}-ann"))
        self.assertEqual(self.profile(server, "user_id", f"{prefix}-ann")["traits"]["name"], "Anna 安娜 🦊")


class RecordedSdks(ReadBack):
    """Requests of SDKs that cannot run here (they insist on TLS, or on another language), byte for byte as recorded."""

    # Customers by user id, and what they did. Two accounts of one alias stay two, and the alias belongs to one of them:
    # which one, the installation's key of hashes decides.
    EXPECTED = {
        "python-2.3.4": {("u1", "anon-1"): ["alias", "identify", "Order Completed"]},
        "ruby-2.5.0": {("u1",): ["group", "identify"], ("42",): ["Order Completed"]},
        "rudder-python-2.1.4": {("u1",): ["identify", "Order Completed"]},
    }

    def test_recorded_bytes_are_understood(self):
        config = sample_config()
        config["sources"][1]["write_keys"].append("WK")
        for name, expected in self.EXPECTED.items():
            with self.subTest(sdk=name), Server(config) as server:
                status, answer = self.replay(server, name)
                count = sum(map(len, expected.values()))
                self.assertEqual((status, answer["success"], answer["accepted"], answer["errors"]), (200, True, count, []))
                _, answer = self.replay(server, name)
                self.assertEqual((answer["accepted"], answer["duplicate"]), (0, count))
                server.restart()
                self.assertEqual(self.profile(server, "email", "ann@example.com")["traits"]["email"], "ann@example.com")
                for users, events in expected.items():
                    found = [payload for user in users for payload in self.timeline(server, "user_id", user)]
                    self.assertEqual(names(found), sorted(events))

    def replay(self, server, name):
        head, body = (HERE / f"recorded/{name}.http").read_bytes().split(b"\n\n", 1)
        if b"Content-Encoding: gzip" in head:
            body = gzip.compress(body)
        if b"Content-Length" not in head:
            head += b"\nContent-Length: %d" % len(body)
        host, port = server.http.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(head.replace(b"\n", b"\r\n") + b"\r\n\r\n" + body)
            response = http.client.HTTPResponse(connection)
            response.begin()
            return response.status, json.loads(response.read())


if __name__ == "__main__":
    unittest.main(verbosity=2)
