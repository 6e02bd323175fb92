"""The channels of a workspace over HTTP: what they are held to be, who changed it, and what held when."""
import datetime
import pathlib
import sys
import unittest
import urllib.parse
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from tributary import ADMIN, ANALYST, APP, Server, sample_config  # noqa: E402

OTHER_ANALYST = "sk_of_another_workspace"


def config() -> dict:
    served = sample_config()
    served["api_keys"].append({"id": "other", "workspace": "other", "role": "analyst", "secret": OTHER_ANALYST})
    return served


class Channels(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(config())
        cls.addClassCleanup(cls.server.close)

    def call(self, method: str, path: str, body=None, key: str = ADMIN, **headers):
        return self.server.request(method, path, body, {"Authorization": f"Bearer {key}", **headers})

    def put(self, path: str, /, idempotency_key: str = "", **body) -> dict:
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self.call("PUT", f"/v1/channels/{path}", body, **headers).expect(200).json()

    def channel(self, code: str, at: datetime.datetime | None = None, key: str = ANALYST) -> dict:
        suffix = f"?at={urllib.parse.quote(at.isoformat())}" if at else ""
        listed = self.call("GET", "/v1/channels" + suffix, key=key).expect(200).json()["channels"]
        return next(channel for channel in listed if channel["code"] == code)

    def history(self, code: str) -> list:
        return self.call("GET", f"/v1/channels/{code}/history", key=ANALYST).expect(200).json()["history"]

    # -- the acceptance example of channels ----------------------------------------------------------------------------

    def test_reclassified_as_own_yesterday_still_shows_partner(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        self.assertEqual(self.channel("live_stream")["class"], "partner")
        answer = self.put("live_stream", **{"class": "own"}, reason="we stream ourselves", author="ann")
        self.assertEqual((answer["class"], answer["role"], answer["by"]), ("own", "acquire, sell", "ann"))
        self.assertEqual(self.channel("live_stream")["class"], "own")
        yesterday = self.channel("live_stream", now - datetime.timedelta(days=1))
        self.assertEqual((yesterday["class"], yesterday["since"], yesterday["by"]), ("partner", None, None))
        self.assertEqual(self.channel("live_stream", key=OTHER_ANALYST)["class"], "partner")
        change = self.history("live_stream")[0]
        self.assertEqual((change["from"]["class"], change["to"]["class"], change["by"], change["reason"]),
                         ("partner", "own", "ann", "we stream ourselves"))

    # -- the rest ------------------------------------------------------------------------------------------------------

    def test_touchpoints_are_as_their_channel_but_for_what_was_said(self):
        place = urllib.parse.quote("social:小红书/1", safe="")
        self.put(f"social/touchpoints/{place}", priority=1)
        self.put("social", role="brand")
        channel = self.channel("social")
        self.assertEqual((channel["role"], channel["priority"]), ("brand", None))
        touchpoint = channel["touchpoints"][0]
        self.assertEqual((touchpoint["touchpoint"], touchpoint["class"], touchpoint["role"], touchpoint["priority"]),
                         ("social:小红书/1", "partner", "brand", 1))
        self.put(f"social/touchpoints/{place}", priority=None, **{"class": "own"})
        touchpoint = self.channel("social")["touchpoints"][0]
        self.assertEqual((touchpoint["class"], touchpoint["priority"]), ("own", None))
        self.assertEqual([change["touchpoint"] for change in self.history("social")],
                         ["social:小红书/1", None, "social:小红书/1"])

    def test_one_idempotency_key_is_one_change(self):
        key = str(uuid.uuid4())
        self.put("sms", idempotency_key=key, priority=2)
        self.assertEqual(self.put("sms", idempotency_key=key, priority=3)["priority"], 2)
        self.assertEqual(len(self.history("sms")), 1)

    def test_what_makes_no_sense_is_refused(self):
        for body in ({}, {"class": "ours"}, {"class": ""}, {"role": "x" * 201}, {"priority": 0}, {"priority": 1001},
                     {"priority": "1"}, {"priority": 1.5}, {"klass": "own"}, {"reason": "no more than that"}):
            answer = self.call("PUT", "/v1/channels/email", body)
            self.assertEqual((answer.status, answer.json()["code"]), (400, "invalid_parameter"), body)
        self.assertEqual(self.call("PUT", "/v1/channels/moon", {"class": "own"}).status, 404)
        self.assertEqual(self.call("PUT", "/v1/channels/email/touchpoints/" + "x" * 129, {"class": "own"}).status, 400)
        self.assertEqual(self.call("PUT", "/v1/channels/email", {"class": "own"}, ANALYST).status, 403)
        self.assertEqual(self.history("email"), [])

    def test_a_restart_keeps_it(self):
        self.put("store", priority=7, author="ann")
        before = self.channel("store")
        self.server.restart()
        self.assertEqual(self.channel("store"), before)

    # -- classification of customers by channel ------------------------------------------------------------------------

    def test_the_channel_of_three_contacts_is_preferred(self):
        user = f"u-{uuid.uuid4()}"
        for number in range(3):
            self.assertIsNone(self.preferred(user) if number else None)
            self.server.post("/v1/track", {
                "userId": user, "event": "Social Message Received", "channel": "official_account",
                "timestamp": f"2026-03-0{number + 1}T10:00:00Z", "messageId": str(uuid.uuid4()),
                "properties": {"account": "shop", "text": "hello"}}, write_key=APP).expect(200)
        self.assertEqual(self.preferred(user), "official_account")
        self.server.post("/v1/track", {
            "userId": user, "event": "Preference Set", "timestamp": "2026-03-05T10:00:00Z", "messageId": str(uuid.uuid4()),
            "properties": {"kind": "channel", "value": "sms", "weight": 1}}, write_key=APP).expect(200)
        self.assertEqual(self.preferred(user), "sms")

    def preferred(self, user: str):
        customer = self.server.lookup("user_id", user)["customer_id"]
        profile = self.call("GET", f"/v1/profiles/{customer}?as_of=2026-03-10T00:00:00Z", key=ANALYST).expect(200).json()
        return profile["classification"]["preferred_channel"]


if __name__ == "__main__":
    unittest.main(verbosity=2)
