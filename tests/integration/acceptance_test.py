"""Acceptance examples over HTTP, named after their requirements; those that other tests hold already are not repeated."""
import datetime
import pathlib
import sys
import time
import unittest
import urllib.parse
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from tributary import ADMIN, ANALYST, APP, REPOSITORY, SLOW, WEB, Server, sample_config  # noqa: E402

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def ago(**lengths) -> str:
    return (NOW - datetime.timedelta(**lengths)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def phone() -> str:
    """A number of this test alone."""
    return "139" + str(uuid.uuid4().int)[:8]


class Acceptance(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        config = sample_config()
        config["sources"] += [
            {"id": "till", "workspace": "default", "kind": "sdk", "write_keys": ["wk_till"], "default_country": "CN",
             "trust": "server", "channel": "store"}]
        config["profile"] = {"rules": str(REPOSITORY / "config/profile.yaml")}
        cls.server = Server(config)
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.user = f"u-{uuid.uuid4()}"

    def tell(self, event: str, at: str = "", write_key: str = APP, ids: list | None = None, channel: str = "", **properties):
        """Of `self.user`, or of whom `ids` name: pairs of kind and value, beside a visit's own anonymous id."""
        body = {"event": event, "timestamp": at or ago(hours=1), "messageId": str(uuid.uuid4()), "properties": properties}
        if channel:
            body["channel"] = channel
        if ids is None:
            body["userId"] = self.user
        else:
            body["anonymousId"] = f"visit-{uuid.uuid4()}"
            body["context"] = {"externalId": [{"type": kind, "id": value, "collection": "users", "encoding": "none"}
                                              for kind, value in ids]}
        self.server.post("/v1/track", body, write_key=write_key).expect(200)

    def customer(self, kind: str, value: str) -> str:
        return self.server.lookup(kind, value)["customer_id"]

    def profile(self, user: str = "") -> dict:
        return self.server.lookup("user_id", user or self.user)

    def call(self, method: str, path: str, body=None, key: str = ADMIN, **headers):
        return self.server.request(method, path, body, {"Authorization": f"Bearer {key}", **headers})


class Section1(Acceptance):
    """Channels and touchpoints."""

    def test_ch4_one_person_across_channels(self):
        social, number = f"weibo:shop:{uuid.uuid4()}", phone()
        by_social, by_phone = [("social_id/weibo", social)], [("phone", number)]
        self.tell("Order Picked Up", ago(hours=1), "wk_till", by_phone, order_id="1")
        self.tell("Post Commented", ago(hours=4), ids=by_social, channel="social", post_id="p")
        self.tell("Product Viewed", ago(hours=3), ids=by_social, channel="website", product_id="p")
        self.assertNotEqual(self.customer(*by_social[0]), self.customer(*by_phone[0]))
        self.tell("Order Completed", ago(hours=2), ids=by_social + by_phone, channel="app", order_id="1", currency="CNY", revenue=9)
        customer = self.customer(*by_social[0])
        self.assertEqual(self.customer(*by_phone[0]), customer)
        self.assertEqual(set(self.server.profile(customer)["channels"]), {"social", "website", "app", "store"})
        timeline = [(event["name"], event["channel"]) for event in self.server.events(customer)]
        self.assertEqual(timeline, [("Order Picked Up", "store"), ("Order Completed", "app"), ("Product Viewed", "website"),
                                    ("Post Commented", "social")])

    def test_ch5_what_was_accepted_is_on_the_profile_at_once(self):
        """The answer to the event is the token: what it acknowledged is read after it, each time."""
        for number in range(1, 51):
            self.tell("Product Viewed", product_id="p", category=f"c{number}")
            asked = time.monotonic()
            profile = self.profile()
            self.assertLess(time.monotonic() - asked, SLOW)
            self.assertEqual(profile["event_counts"]["Product Viewed"], number)
            self.assertEqual(len(profile["preferences"]), number)

    def test_ch6_back_office_and_surveys_are_no_activity(self):
        self.tell("Order Completed", ago(days=100), channel="app", order_id="1", currency="CNY", revenue=9)
        self.tell("Order Updated", ago(days=1), channel="erp", order_id="1", shipping=1)
        self.tell("Survey Answered", ago(days=1), channel="survey", survey_id="s", kind="nps", score=9)
        profile = self.profile()
        self.assertEqual(profile["lifecycle"], "decline")
        self.assertEqual(profile["value"]["last_order_at"], ago(days=100))


class Section2(Acceptance):
    """The event catalogue."""

    def test_2_2_offline_product_tried_on_before_any_purchase(self):
        self.tell("Product Tried On", write_key="wk_till", product_id="p", category="shoes", store_id="s")
        profile = self.profile()
        self.assertEqual(profile["channels"], ["store"])
        [preference] = [each for each in profile["preferences"] if each["kind"] == "category"]
        self.assertEqual((preference["value"], preference["weight"]), ("shoes", 0.231))
        self.assertEqual(profile["lifecycle"], "acquisition")

    def test_2_2_social_followed_then_unfollowed_are_both_on_the_timeline(self):
        self.tell("Account Unfollowed", ago(hours=1), channel="official_account", account="shop")
        self.tell("Account Followed", ago(hours=2), channel="official_account", account="shop")
        names = [event["name"] for event in self.server.events(self.profile()["customer_id"])]
        self.assertEqual(names, ["Account Unfollowed", "Account Followed"])

    def test_2_2_ecommerce_order_completed_without_amount(self):
        self.tell("Order Completed", order_id="1", currency="CNY")
        profile = self.profile()
        self.assertEqual(profile["value"]["orders_count"], 0)
        [event] = self.server.events(profile["customer_id"])
        self.assertIn("property_missing", event["flags"])


class Section3(Acceptance):
    """Customer base records."""

    def test_3_3_all_spellings_of_a_mobile_number_are_one_customer(self):
        digits = phone()
        spaced = f"{digits[:3]} {digits[3:7]} {digits[7:]}"
        wide = "".join(chr(ord(digit) + 0xFEE0) for digit in digits)
        spellings = [spaced, spaced.replace(" ", "-"), wide, "+86 " + digits, "0086-" + digits, "86 " + spaced, "'" + digits,
                     digits + ".0"]
        for number, spelling in enumerate(spellings):
            visitor = f"{number}-{uuid.uuid4()}"
            body = {"anonymousId": visitor, "event": "Customer Record Saved", "timestamp": ago(hours=number + 1),
                    "messageId": visitor, "properties": {"name": "李四", "phone": spelling}}
            self.server.post("/v1/track", body, write_key=APP).expect(200)
        found = {self.customer("phone", spelling) for spelling in spellings}
        self.assertEqual(len(found), 1)
        profile = self.server.profile(found.pop())
        self.assertEqual(profile["event_counts"]["Customer Record Saved"], len(spellings))
        phones = [each["value"] for each in profile["identifiers"] if each["kind"] == "phone"]
        self.assertEqual(phones, ["+86" + digits])

    def test_3_3_a_number_that_a_spreadsheet_mangled_is_refused(self):
        answer = self.call("POST", "/v1/profiles", {"fields": {"name": "n", "email": f"{self.user}@example.com",
                                                              "phone": "1.38E+10"}}).expect(422).json()
        self.assertEqual([(each["field"], each["code"]) for each in answer["mistakes"]], [("phone", "phone_mangled")])

    def test_3_6_one_person_in_store_on_the_website_and_at_the_till(self):
        number, mail, card = phone(), f"{uuid.uuid4()}@example.com", f"vip:{uuid.uuid4()}"
        self.tell("Signed Up", ago(hours=3), "wk_till", [("phone", number)], user_id="x")
        self.tell("Signed Up", ago(hours=2), ids=[("email", mail)], channel="website", user_id="x")
        self.assertNotEqual(self.customer("phone", number), self.customer("email", mail))
        self.tell("Store Visited", ago(hours=1), "wk_till", [("phone", number), ("email", mail), ("member_card", card)], store_id="s")
        customer = self.customer("phone", number)
        self.assertEqual({self.customer("email", mail), self.customer("member_card", card)}, {customer})
        kinds = [each["kind"] for each in self.server.profile(customer)["identifiers"] if each["kind"] != "anonymous_id"]
        self.assertEqual(sorted(kinds), ["email", "member_card", "phone"])

    def test_3_6_a_browser_with_two_customers_addresses_joins_nothing(self):
        number, mail = phone(), f"{uuid.uuid4()}@example.com"
        self.call("POST", "/v1/profiles", {"fields": {"name": "ann", "phone": number}}).expect(201)
        self.call("POST", "/v1/profiles", {"fields": {"name": "bob", "email": mail}}).expect(201)
        ann, bob = self.customer("phone", number), self.customer("email", mail)
        body = {"anonymousId": f"visitor-{self.user}", "traits": {"email": mail, "phone": number}}
        self.server.post("/v1/identify", body, write_key=WEB).expect(200)
        self.assertEqual((self.customer("phone", number), self.customer("email", mail)), (ann, bob))
        query = urllib.parse.urlencode({"a": f"phone:+86{number}", "b": f"email:{mail}"})
        told = self.server.get(f"/v1/profiles/{ann}/explain?{query}", key=ANALYST).expect(200).json()
        self.assertEqual(told["refusal"]["rule"], "join_not_trusted")


class Section4(Acceptance):
    """Interaction records."""

    def test_4_on_time_late_and_vague(self):
        talk = {"subject": "offer", "feedback": "interested", "logged_by": "wang"}
        self.tell("Interaction Logged", ago(minutes=90), mode="visit", summary="s", interaction_no="HDCX20261015001",
                  next_action={"what": "send the quote", "who": "wang", "due": "2030-01-01"}, **talk)
        self.tell("Interaction Logged", ago(hours=49, minutes=30), mode="phone", summary="s", interaction_no="HDCX20261010001",
                  next_action="后续跟进", **talk)
        customer = self.profile()["customer_id"]
        told = self.server.get(f"/v1/profiles/{customer}/interactions", key=ANALYST).expect(200).json()["interactions"]
        self.assertEqual([each["flags"] for each in told], [[], ["late", "next_action_vague"]])
        self.assertEqual(sum("late" not in each["flags"] for each in told) / len(told), 0.5)


class Section6(Acceptance):
    """Three-level classification."""

    def band(self, **fields) -> dict:
        created = self.call("POST", "/v1/profiles", {"fields": {"name": "n", "email": f"{uuid.uuid4()}@example.com", **fields}})
        return created.expect(201).json()["classification"]

    def test_6_budget_bands(self):
        for budget, band in (("99999.99", "under_100k"), ("10万", "100k_to_500k"), ("¥500,000", "100k_to_500k"),
                             ("500000.01", "over_500k")):
            self.assertEqual(self.band(annual_budget=budget)["budget_band"], band, budget)

    def test_6_exactly_three_years_of_cooperation(self):
        local = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))).date()
        if (local.month, local.day) == (2, 29):
            self.skipTest("that day has no anniversary three years before")
        three = local.replace(year=local.year - 3)
        self.assertEqual(self.band(cooperation_since=str(three))["cooperation_band"], "1y_to_3y")
        before = three - datetime.timedelta(days=1)
        self.assertEqual(self.band(cooperation_since=str(before))["cooperation_band"], "over_3y")


class Section10(Acceptance):
    """Value and churn."""

    def test_va4_churn_bands_by_ones_own_gap(self):
        for day, order in ((0, "1"), (30, "2"), (60, "3")):
            when = NOW - datetime.timedelta(days=200) + datetime.timedelta(days=day)
            self.tell("Order Completed", when.isoformat(), order_id=order, currency="CNY", revenue=9)
        customer = self.profile()["customer_id"]
        for day, band in ((100, "low"), (110, "medium"), (150, "high")):
            as_of = (NOW - datetime.timedelta(days=200 - day)).strftime("%Y-%m-%dT%H:%M:%SZ")
            value = self.server.get(f"/v1/profiles/{customer}?as_of={as_of}", key=ANALYST).expect(200).json()["value"]
            self.assertEqual((value["expected_gap_days"], value["churn_band"]), (30, band), day)


class Section15(Acceptance):
    """Service and feedback."""

    def test_sv3_who_answers_the_chat_sees_the_open_ticket_and_the_call_of_yesterday(self):
        self.tell("Call Completed", ago(hours=26), channel="call_center", direction="inbound", topic="late delivery",
                  ticket_id="t", sentiment="negative")
        self.tell("Ticket Created", ago(hours=26), channel="call_center", ticket_id="t", ticket_type="complaint",
                  topic="late delivery")
        self.tell("Social Message Received", ago(hours=1), channel="official_account", account="shop", text="where is it?")
        profile = self.profile()
        [ticket] = profile["service"]["open_tickets"]
        self.assertEqual((ticket["ticket_id"], ticket["topic"], ticket["ticket_type"]), ("t", "late delivery", "complaint"))
        told = self.server.get(f"/v1/profiles/{profile['customer_id']}/interactions", key=ANALYST).expect(200).json()
        self.assertEqual([(each["kind"], each.get("ticket_id")) for each in told["interactions"]],
                         [("message_received", None), ("call", "t")])

    def test_sv4_history_preferences_and_tags_are_at_hand(self):
        """Both tags on the profile during a call, and nothing of payment in it."""
        self.tell("Order Completed", order_id="1", currency="CNY", revenue=9, payment_method="card",
                  products=[{"category": "toy", "price": 9}])
        customer = self.profile()["customer_id"]
        for name in ("prefers phone", "complained about slow answers"):
            name = f"{name} {self.user}"
            self.call("POST", "/v1/tags", {"type": "risk", "name": name, "author": "ann"}).expect(200)
            self.call("POST", urllib.parse.quote(f"/v1/tags/risk/{name}/approve"), {"author": "bob"}).expect(200)
            self.call("POST", f"/v1/profiles/{customer}/tags", {"type": "risk", "name": name, "note": "said so"}).expect(200)
        answer = self.server.get(f"/v1/profiles/{customer}", key=ANALYST).expect(200)
        self.assertEqual(len(answer.json()["tags"]), 2)
        self.assertEqual(len(answer.json()["preferences"]), 1)
        self.assertNotIn("payment", answer.body.decode())


if __name__ == "__main__":
    unittest.main()
