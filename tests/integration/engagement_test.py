"""What a customer uses, is a member of and follows (social accounts, programs, pages, features), over HTTP."""
import datetime
import pathlib
import sys
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from tributary import ANALYST, APP, Server, sample_config  # noqa: E402


def ago(days: float) -> str:
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


class Engagement(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        config = sample_config()
        config.setdefault("profile", {}).update(features_declared=8, base_currency="CNY")
        cls.server = Server(config)
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.user = f"u-{uuid.uuid4()}"

    def tell(self, event: str, days_ago: float = 1, user: str = "", **properties) -> str:
        body = {"userId": user or self.user, "event": event, "timestamp": ago(days_ago), "messageId": str(uuid.uuid4()),
                "properties": properties}
        self.server.post("/v1/track", body, write_key=APP).expect(200)
        return body["messageId"]

    def profile(self, user: str = "") -> dict:
        return self.server.lookup("user_id", user or self.user)

    def flags(self) -> dict:
        customer = self.profile()["customer_id"]
        page = self.server.get(f"/v1/profiles/{customer}/events", key=ANALYST).expect(200).json()
        return {event["message_id"]: event["flags"] for event in page["events"]}

    def test_two_features_of_eight_are_a_quarter(self):
        for feature in ("export", "search", "export"):
            self.tell("Feature Used", feature=feature)
        self.tell("Feature Used", days_ago=31, feature="long ago")
        self.assertEqual(self.profile()["behaviour"],
                         {"dwell_ms_30d": 0, "features_used_30d": 2, "feature_depth_30d": 0.25, "complete": True})

    def test_dwelling_is_capped_and_flagged(self):
        fine = self.tell("Page Left", name="home", dwell_ms=30_000)
        capped = self.tell("离开页面", name="home", dwell_ms=2_000_000)
        negative = self.tell("Page Left", name="home", dwell_ms=-5)
        self.tell("Page Left", days_ago=31, name="home", dwell_ms=7)
        self.assertEqual(self.profile()["behaviour"]["dwell_ms_30d"], 1_830_000)
        flags = self.flags()
        self.assertEqual((flags[fine], flags[capped], flags[negative]), ([], ["property_wrong"], ["property_wrong"]))

    def test_followed_then_unfollowed_in_any_order_of_arrival(self):
        self.tell("Account Unfollowed", days_ago=1, account="shop")
        self.tell("Account Followed", days_ago=2, account="shop")
        following = self.profile()["following"]
        self.assertFalse(following["is_follower"])
        self.assertEqual([(each["account"], each["following"]) for each in following["accounts"]], [("shop", False)])
        self.tell("关注", days_ago=0.5, platform="douyin", account="shop")
        self.assertTrue(self.profile()["following"]["is_follower"])
        self.assertEqual(len(self.flags()), 3)

    def test_a_tier_by_spending_falls_with_a_refund(self):
        self.tell("Order Completed", days_ago=3, order_id=self.user, currency="CNY", revenue="5000.00")
        membership = self.profile()["membership"]
        self.assertEqual((membership["tier"], membership["tier_basis"]), ("gold", "spend"))
        self.tell("Order Refunded", days_ago=2, order_id=self.user, currency="CNY", amount="1.00")
        self.assertEqual(self.profile()["membership"]["tier"], "silver")

    def test_a_program_has_the_word_on_its_tier(self):
        self.tell("Membership Tier Changed", days_ago=1, program="plus", **{"from": "bronze", "to": "platinum"})
        self.tell("Membership Joined", days_ago=9, program="plus", card_no="0012")
        self.tell("Order Completed", days_ago=3, order_id=self.user, currency="CNY", revenue="5000.00")
        self.tell("Points Earned", points=120)
        self.tell("Points Earned", points="0.5")
        self.tell("Points Redeemed", points=20)
        wrong = self.tell("Points Earned", points=-1000)
        for referred in ("ann@example.com", "Ann@example.com ", "bob@example.com"):
            self.tell("Referral Completed", referred=referred)
        membership = self.profile()["membership"]
        self.assertEqual((membership["tier"], membership["tier_basis"], membership["points"], membership["referrals_count"]),
                         ("platinum", "program", 100.5, 2))
        [program] = membership["programs"]
        self.assertEqual((program["program"], program["card_no"], program["tier"]), ("plus", "0012", "platinum"))
        self.assertEqual(self.flags()[wrong], ["property_wrong"])

    def test_a_merge_adds_up_and_its_undoing_parts_again(self):
        other = self.user + "-app"
        for user in (self.user, other):
            self.tell("Page Left", user=user, name="home", dwell_ms=10)
            self.tell("Points Earned", user=user, points=1)
        ask = lambda action, reason: self.server.request(
            "POST", "/v1/identity/assertions",
            {"type": action, "a": {"kind": "user_id", "value": self.user}, "b": {"kind": "user_id", "value": other},
             "reason": reason}, {"Authorization": "Bearer sk_admin"})
        ask("must_link", "one person").expect(200)
        both = self.profile()
        self.assertEqual((both["behaviour"]["dwell_ms_30d"], both["membership"]["points"]), (20, 2))
        ask("cannot_link", "two after all").expect(200)
        for user in (self.user, other):
            one = self.profile(user)
            self.assertEqual((one["behaviour"]["dwell_ms_30d"], one["membership"]["points"]), (10, 1))


if __name__ == "__main__":
    unittest.main()
