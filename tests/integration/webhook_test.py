"""Platforms that call: genuine or not, once or twice, well formed or not; and one customer of what several of them tell."""
import base64
import hashlib
import hmac
import http.client
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from tributary import ADMIN, Server, find_binary, sample_config  # noqa: E402

SHOPIFY, STRIPE, LINE = "shop-secret", "stripe-secret", "line-secret"
DOMAIN = "lake.myshopify.com"

PRIVATE = """
name: kiosk
version: 1
title: Our kiosk
verify: {algorithm: hmac-sha256, signature: {header: X-Kiosk, encoding: hex}, template: "{body}"}
message_id: /id
identifiers: [{kind: member_card, scope: plus, value: /card}]
event:
  - when: {equals: [/what, sale]}
    emit: {name: Order Completed, properties: {order_id: /id, total: {number: /total}}}
"""


def config(**settings) -> dict:
    made = sample_config()
    common = {"workspace": "default", "kind": "webhook"}
    made["sources"] += [
        {"id": "shop", "connector": "shopify", "secrets": ["newer-secret", SHOPIFY], "path": "shop-4f0c9a7e", **common},
        {"id": "pay", "connector": "stripe", "secrets": [STRIPE], **common},
        {"id": "chat", "connector": "line", "secrets": [LINE], "settings": {"provider": "p1"}, **common},
        {"id": "clouds", "connector": "cloudevents", "secrets": ["cloud-token"], **common},
        {"id": "off", "connector": "stripe", "secrets": [STRIPE], "enabled": False, **common},
    ]
    made.update(settings)
    return made


def base64_hmac(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def order(number: int, **members) -> dict:
    return {"id": number, "name": f"#{number}", "email": "ann@example.com", "created_at": "2026-10-01T10:00:00+08:00",
            "updated_at": "2026-10-01T10:00:05+08:00", "financial_status": "paid", "currency": "CNY",
            "total_price": "129.90", "customer": {"id": 9007199254740995, "email": "ann@example.com", "state": "enabled"},
            "line_items": [{"product_id": 1, "title": "茶", "price": "129.90", "quantity": 1}], **members}


class WebhookTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(config())
        cls.addClassCleanup(cls.server.close)

    def call(self, path, body: bytes, headers=None, method="POST"):
        return self.server.request(method, path, body, {"Content-Type": "application/json", **(headers or {})})

    def shopify(self, topic, document, secret=SHOPIFY, event_id="e", signature=None, **headers):
        body = document if isinstance(document, bytes) else json.dumps(document, ensure_ascii=False).encode()
        return self.call("/v1/webhooks/shop-4f0c9a7e", body, {
            "X-Shopify-Topic": topic, "X-Shopify-Shop-Domain": DOMAIN, "X-Shopify-Event-Id": event_id,
            "X-Shopify-Hmac-Sha256": base64_hmac(secret, body) if signature is None else signature, **headers})

    def stripe(self, document, secret=STRIPE, at=None, path="pay"):
        body = json.dumps(document).encode()
        stamp = str(int(time.time()) if at is None else at)
        signed = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        return self.call(f"/v1/webhooks/{path}", body, {"Stripe-Signature": f"t={stamp},v1={signed}"})

    def customer(self, kind, value):
        found = self.server.lookup(kind, value)
        self.assertIsNotNone(found, f"no customer has {kind} {value}")
        return found

    def names(self, profile):
        return sorted(event["event"].get("event", event["event"]["type"])
                      for event in self.server.events(profile["customer_id"]))


class OneCustomer(WebhookTest):
    def test_a_shops_order_its_visitor_and_a_payment_are_one_customer_with_one_order(self):
        page = {"type": "page", "anonymousId": "visit-31", "messageId": "p1", "name": "Tea"}
        self.server.post("/v1/page", page, write_key="wk_web").expect(200)
        visited = order(7001, email="bea@example.com", customer={"id": 7, "email": "bea@example.com", "state": "enabled"},
                        note_attributes=[{"name": "anonymousId", "value": "visit-31"}])
        self.shopify("orders/create", visited, event_id="7a").expect(200)
        self.shopify("orders/paid", visited, event_id="7b").expect(200)
        charge = {"id": "evt_7", "object": "event", "type": "payment_intent.succeeded", "created": int(time.time()),
                  "data": {"object": {"id": "pi_7", "object": "payment_intent", "customer": "cus_7", "amount": 12990,
                                      "amount_received": 12990, "currency": "cny", "receipt_email": "Bea@Example.com"}}}
        self.stripe(charge).expect(200)
        ids = {self.customer(kind, value)["customer_id"] for kind, value in (
            ("email", "bea@example.com"), ("anonymous_id", "visit-31"), ("external_id/stripe", "cus_7"),
            ("marketplace_buyer/shopify", f"shopify:{DOMAIN}:7"))}
        self.assertEqual(len(ids), 1, "one customer")
        profile = self.customer("email", "bea@example.com")
        self.assertEqual(self.names(profile).count("Order Completed"), 1, "one order, told by two topics")
        self.assertIn("Payment Succeeded", self.names(profile))

    def test_numbers_keep_every_digit(self):
        self.shopify("orders/paid", order(9007199254740993), event_id="big").expect(200)
        profile = self.customer("marketplace_buyer/shopify", f"shopify:{DOMAIN}:9007199254740995")
        text = json.dumps(self.server.events(profile["customer_id"]))
        self.assertIn("9007199254740993", text)


class Signatures(WebhookTest):
    def test_a_wrong_one_is_refused_counted_and_kept_without_its_body(self):
        before = self.server.metrics().get("tributary_webhook_signature_refused_total", reason="mismatch")
        answer = self.shopify("orders/paid", order(1, note="s3cr3t-note"), secret="wrong").expect(401)
        self.assertEqual(answer.json()["code"], "bad_signature")
        self.assertIsNone(self.server.lookup("email", "nobody@example.com"))
        after = self.server.metrics().get("tributary_webhook_signature_refused_total", reason="mismatch")
        self.assertEqual(after, before + 1)
        kept = [r for r in self.server.rejected(key=ADMIN) if r["code"] == "bad_signature"]
        self.assertTrue(kept)
        self.assertNotIn("s3cr3t-note", json.dumps(kept))
        self.assertIn("body_sha256", json.dumps(kept))

    def test_none_at_all(self):
        self.shopify("orders/paid", order(1), signature="").expect(401)
        self.call("/v1/webhooks/pay", b"{}").expect(401)

    def test_one_changed_byte(self):
        body = json.dumps(order(2)).encode()
        good = base64_hmac(SHOPIFY, body)
        self.shopify("orders/paid", body + b" ", signature=good).expect(401)

    def test_an_old_secret_still_counts_and_is_seen(self):
        before = self.server.metrics().get("tributary_webhook_old_secret_total")
        self.shopify("orders/paid", order(3), secret=SHOPIFY, event_id="o3").expect(200)
        self.shopify("orders/paid", order(4), secret="newer-secret", event_id="o4").expect(200)
        self.assertEqual(self.server.metrics().get("tributary_webhook_old_secret_total"), before + 1)

    def test_time_is_tolerated_in_both_directions_and_not_further(self):
        event = {"id": "evt_t", "object": "event", "type": "customer.created", "created": 1,
                 "data": {"object": {"id": "cus_t", "object": "customer", "email": "t@example.com"}}}
        now = int(time.time())
        for shift, status in ((-290, 200), (290, 200), (-320, 401), (320, 401)):
            self.stripe(event, at=now + shift).expect(status)

    def test_a_flood_of_strangers_does_not_fill_the_log(self):
        lsn = self.server.metrics()["tributary_log_last_lsn"]
        for number in range(200):
            self.shopify("orders/paid", order(number), secret="flood")
        self.assertLess(self.server.metrics()["tributary_log_last_lsn"] - lsn, 40)


class Answers(WebhookTest):
    def test_a_repeated_delivery_is_a_duplicate(self):
        self.shopify("orders/paid", order(5001), event_id="d1").expect(200)
        self.assert_duplicate(lambda: self.shopify("orders/paid", order(5001), event_id="d1"))

    def assert_duplicate(self, call):
        before = self.server.metrics()
        call().expect(200)
        after = self.server.metrics()
        changes = [after.get("tributary_events_total", outcome=name) - before.get("tributary_events_total", outcome=name)
                   for name in ("accepted", "duplicate")]
        self.assertEqual(changes, [0, 1])

    def test_what_is_not_mapped_is_a_named_event_with_its_payload(self):
        told = {"id": 88, "email": "carl@example.com", "customer": {"id": 88}, "unheard_of": {"of": 12345678901234567890}}
        self.shopify("draft_orders/create", told, event_id="u1").expect(200)
        profile = self.customer("marketplace_buyer/shopify", f"shopify:{DOMAIN}:88")
        event = self.server.events(profile["customer_id"])[0]["event"]
        self.assertIn("draft_orders/create", event["event"])
        self.assertEqual(event["properties"]["unheard_of"]["of"], 12345678901234567890)

    def test_a_genuine_body_that_cant_be_read_is_kept_and_answered_with_success(self):
        body = b'{"id": 1, "broken": '
        self.shopify("orders/paid", body, event_id="broken").expect(200)
        kept = [r for r in self.server.rejected(key=ADMIN) if r["code"] == "not_mapped"]
        self.assertTrue(any("broken" in json.dumps(r) for r in kept), kept)

    def test_privacy_topics_are_recorded(self):
        redact = {"shop_id": 1, "shop_domain": DOMAIN, "customer": {"id": 4242, "email": "gone@example.com"},
                  "orders_to_redact": [1]}
        self.shopify("customers/redact", redact, event_id="gdpr").expect(200)
        profile = self.customer("marketplace_buyer/shopify", f"shopify:{DOMAIN}:4242")
        self.assertIn("Customer Erasure Requested", self.names(profile))

    def test_a_button_that_only_asks_whether_we_are_there(self):
        body = b'{"destination":"U1","events":[]}'
        answer = self.call("/v1/webhooks/chat", body, {"x-line-signature": base64_hmac(LINE, body)})
        self.assertEqual(answer.expect(200).status, 200)

    def test_permission_to_send_events_is_asked_with_options(self):
        answer = self.call("/v1/webhooks/clouds", b"", {"WebHook-Request-Origin": "events.example.com"}, "OPTIONS").expect(200)
        self.assertEqual(answer.headers["WebHook-Allowed-Origin"], "events.example.com")
        self.call("/v1/webhooks/clouds", b"", {}, "OPTIONS").expect(401)

    def test_events_in_headers(self):
        headers = {"ce-specversion": "1.0", "ce-type": "tea.sold", "ce-source": "/shop", "ce-id": "c1",
                   "Authorization": "Bearer cloud-token"}
        body = b'{"user_id": "cloud-1", "total": 12345678901234567890}'
        answer = self.call("/v1/webhooks/clouds", body, headers).expect(204)
        self.assertNotIn("Content-Length", answer.headers)
        self.assertEqual(self.names(self.customer("user_id", "cloud-1")), ["tea.sold"])
        self.call("/v1/webhooks/clouds?access_token=wrong", body, {**headers, "Authorization": ""}).expect(401)

    def test_unknown_disabled_and_too_large(self):
        self.assertEqual(self.call("/v1/webhooks/nobody", b"{}").expect(404).json()["code"], "not_found")
        self.assertEqual(self.call("/v1/webhooks/shop", b"{}").expect(404).json()["code"], "not_found")
        self.assertEqual(self.stripe({}, path="off").expect(404).json()["code"], "source_disabled")
        self.shopify("orders/paid", b" " * (1 << 20) + b"{}").expect(413)

    def test_http_1_0(self):
        body = json.dumps(order(6001)).encode()
        connection = http.client.HTTPConnection(self.server.http, timeout=10)
        connection._http_vsn, connection._http_vsn_str = 10, "HTTP/1.0"
        connection.request("POST", "/v1/webhooks/shop-4f0c9a7e", body, {
            "X-Shopify-Topic": "orders/paid", "X-Shopify-Shop-Domain": DOMAIN, "X-Shopify-Event-Id": "h10",
            "X-Shopify-Hmac-Sha256": base64_hmac(SHOPIFY, body)})
        self.assertEqual(connection.getresponse().status, 200)
        connection.close()

    def test_it_survives_a_kill(self):
        self.shopify("orders/paid", order(7777, email="kill@example.com", customer={"id": 77}), event_id="k1").expect(200)
        self.server.restart(kill=True)
        self.assertIn("Order Completed", self.names(self.customer("email", "kill@example.com")))
        self.assert_duplicate(
            lambda: self.shopify("orders/paid", order(7777, email="kill@example.com", customer={"id": 77}), event_id="k1"))


class LimitsOfOthers(unittest.TestCase):
    def test_a_delivery_is_no_batch_of_an_sdk(self):
        with Server(config(ingest={"max_batch_events": 2})) as server:
            events = [{"type": "follow", "webhookEventId": f"w{n}", "timestamp": 1790000000000 + n,
                       "source": {"type": "user", "userId": f"U{n}"}} for n in range(5)]
            body = json.dumps({"destination": "U", "events": events}).encode()
            server.request("POST", "/v1/webhooks/chat", body, {"x-line-signature": base64_hmac(LINE, body)}).expect(200)
            self.assertEqual(server.metrics().get("tributary_events_total", outcome="accepted"), 5)
            self.assertEqual(server.rejected(key=ADMIN), [])


class OwnFiles(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="tributary-webhook-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        (self.directory / "kiosk.yaml").write_text(PRIVATE)

    def config(self, **source):
        made = sample_config()
        made["webhooks"] = {"connectors": str(self.directory)}
        made["sources"].append({"id": "kiosk", "workspace": "default", "kind": "webhook", "connector": "kiosk",
                                "secrets": ["k"], **source})
        return made

    def server(self, **source):
        server = Server(self.config(**source))
        self.addCleanup(server.close)
        return server

    def test_a_private_platform_is_one_file(self):
        server = self.server()
        body = b'{"id": "s1", "what": "sale", "card": "C-100", "total": 12.50}'
        signature = hmac.new(b"k", body, hashlib.sha256).hexdigest()
        server.request("POST", "/v1/webhooks/kiosk", body, {"X-Kiosk": signature}).expect(200)
        profile = server.lookup("member_card", "plus:C-100")
        self.assertEqual(profile["event_counts"], {"Order Completed": 1})

    def command(self, *words):
        return subprocess.run([find_binary(), "webhook", *words], capture_output=True, text=True, timeout=60)

    def test_show_prints_the_file_that_counts(self):
        self.assertEqual(self.command("show", "kiosk", "--connectors", str(self.directory)).stdout, PRIVATE)
        (self.directory / "shopify.yaml").write_text(PRIVATE)
        self.assertEqual(self.command("show", "shopify", "--connectors", str(self.directory)).stdout, PRIVATE)
        self.assertIn("name: shopify", self.command("show", "shopify").stdout)

    def test_a_folder_is_no_payload(self):
        tried = self.command("test", "shopify", str(self.directory))
        self.assertEqual(tried.returncode, 64)
        self.assertIn("Is a directory", tried.stderr)

    def test_a_setting_on_the_command_line_replaces_that_of_the_configuration(self):
        made = config()
        path = self.directory / "tributary.yaml"
        path.write_text(json.dumps(made))
        body = self.directory / "body.json"
        body.write_text(json.dumps({"destination": "U", "events": [
            {"type": "follow", "webhookEventId": "w1", "timestamp": 1790000000000, "source": {"type": "user", "userId": "U1"}}]}))
        tried = self.command("test", "line", str(body), "--config", str(path), "--source", "chat", "--sign", "--setting", "provider=p2")
        self.assertIn("p2:U1", tried.stdout)

    def test_a_setting_that_the_connector_does_not_have_is_refused(self):
        for setting, hint in (("provder=p", 'did you mean "provider"?'), ("colour=p", "; it has ")):
            tried = self.command("test", "line", "--setting", setting)
            self.assertEqual((tried.returncode, tried.stdout), (78, ""), tried.stderr)
            self.assertIn(hint, tried.stderr)
        self.assertIn("provider", tried.stderr)

    def test_a_reload_takes_over_new_secrets(self):
        server = self.server()
        server.configure(self.config(secrets=["k2"]))
        server.process.send_signal(signal.SIGHUP)
        body = b'{"id": "s2", "what": "sale", "card": "C-200", "total": 1}'
        signature = hmac.new(b"k2", body, hashlib.sha256).hexdigest()
        server.wait_until(lambda: server.request("POST", "/v1/webhooks/kiosk", body, {"X-Kiosk": signature}).status == 200)


if __name__ == "__main__":
    unittest.main(verbosity=2)
