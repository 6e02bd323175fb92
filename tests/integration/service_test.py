"""Talks, tickets, answers and preferences: told by every channel in any order, read on the profile and page by page."""
import datetime
import pathlib
import random
import sys
import unittest
import urllib.parse
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from tributary import ANALYST, APP, WEB, Server, sample_config  # noqa: E402

SHANGHAI = datetime.timezone(datetime.timedelta(hours=8))  # where the server's local days are
DAY = (datetime.datetime.now(SHANGHAI) - datetime.timedelta(days=10)).date()  # browsers are believed 30 days back


def at(clock: str, days: int = 0) -> str:
    """A moment of that day, or days after it."""
    return f"{DAY + datetime.timedelta(days=days)}T{clock}:00+08:00"


def utc(clock: str, days: int = 0) -> str:
    """The same as answers have it."""
    return datetime.datetime.fromisoformat(at(clock, days)).astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


LATER = utc("08:00", 9)


class Service(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(sample_config())
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.user = f"u-{uuid.uuid4()}"

    def tell(self, event: str, when: str = at("10:00"), write_key: str = APP, user: str = "", message: str = "", **properties):
        body = {"userId": user or self.user, "event": event, "timestamp": when, "properties": properties,
                "messageId": message or str(uuid.uuid4())}
        self.server.post("/v1/track", body, write_key=write_key).expect(200)

    def profile(self, user: str = "", as_of: str = LATER) -> dict:
        body = {"kind": "user_id", "value": user or self.user}
        headers = {"Authorization": f"Bearer {ANALYST}"}
        return self.server.request("POST", f"/v1/profiles/lookup?as_of={as_of}", body, headers).expect(200).json()

    def pages(self, name: str, limit: int = 1000, user: str = "", as_of: str = LATER) -> list:
        customer, found, cursor = self.profile(user)["customer_id"], [], ""
        while True:
            query = urllib.parse.urlencode({"limit": limit, "cursor": cursor, "as_of": as_of})
            page = self.server.get(f"/v1/profiles/{customer}/{name}?{query}", key=ANALYST).expect(200).json()
            self.assertLessEqual(len(page[name]), limit)
            found += page[name]
            if not page["next"]:
                return found
            cursor = page["next"]

    def preferences(self, **when) -> dict:
        return {(p["kind"], p["value"]): (p["weight"], p["origin"]) for p in self.profile(**when)["preferences"]}

    def exclusions(self, **when) -> dict:
        return {(e["kind"], e["value"]): e["origin"] for e in self.profile(**when)["exclusions"]}

    def test_a_ticket_told_in_any_order_and_twice_is_one(self):
        told = [("Ticket Created", at("09:00"), {"ticket_type": "投诉", "topic": "slow", "sentiment": "negative"}),
                ("Ticket Assigned", at("09:05"), {"assignee": "li"}),
                ("Ticket First Responded", at("09:20"), {}),
                ("Ticket Solved", at("11:00"), {"resolution": "sent again"}),
                ("Ticket Reopened", at("12:00"), {}),
                ("Ticket Solved", at("13:00"), {"resolution": "money back"}),
                ("Ticket Closed", at("18:00"), {})]
        shuffle = random.Random(7)
        seen = []
        for number in range(4):
            user = f"{self.user}-{number}"
            messages = [str(uuid.uuid4()) for _ in told]
            arrival = list(range(len(told))) * 2
            if number > 0:
                shuffle.shuffle(arrival)
            for i in arrival:
                event, when, more = told[i]
                self.tell(event, when, user=user, message=messages[i], ticket_id="t1", **more)
            seen.append((self.pages("tickets", user=user), self.profile(user)["service"]))
        for other in seen[1:]:
            self.assertEqual(other, seen[0])
        [ticket], service = seen[0]
        self.assertEqual(ticket, {
            "ticket_id": "t1", "state": "closed", "ticket_type": "complaint", "topic": "slow", "sentiment": -1, "assignee": "li",
            "resolution": "money back", "created_at": utc("09:00"), "first_response_at": utc("09:20"),
            "solved_at": utc("13:00"), "closed_at": utc("18:00"), "response_minutes": 20.0,
            "response_target_minutes": 30, "in_target": True, "same_day": True, "within_24h": True, "inbound_contacts": 1,
            "first_contact_resolved": False, "reopened": 1})
        self.assertEqual((service["tickets"], service["complaints"], service["solved"], service["first_contact_resolved"]), (1, 1, 1, 0))

    def test_graded_response_and_what_is_open(self):
        for ticket, minutes in (("a", 20), ("b", 60)):
            self.tell("Ticket Created", at("09:00"), ticket_id=ticket, ticket_type="complaint", topic="late")
            self.tell("Ticket First Responded", at(f"{9 + minutes // 60:02}:{minutes % 60:02}"), ticket_id=ticket)
        self.tell("Ticket Solved", at("12:00"), ticket_id="a")
        service = self.profile()["service"]
        self.assertEqual((service["response_minutes_avg"], service["targets"], service["in_target"]), (40.0, 2, 1))
        self.assertEqual(service["open_tickets"], [
            {"ticket_id": "b", "ticket_type": "complaint", "topic": "late", "created_at": utc("09:00")}])
        self.assertEqual(self.profile(as_of=utc("10:30"))["service"]["tickets_open"], 2)

    def test_solved_after_midnight(self):
        self.tell("Ticket Created", at("23:50"), ticket_id="a", ticket_type="fault")
        self.tell("Ticket Solved", at("00:10", 1), ticket_id="a")
        [ticket] = self.pages("tickets")
        self.assertEqual((ticket["same_day"], ticket["within_24h"]), (False, True))

    def test_a_second_contact_is_no_first_contact_resolution(self):
        for ticket in ("a", "b", "c"):
            self.tell("Ticket Created", ticket_id=ticket, ticket_type="enquiry")
            self.tell("Ticket Solved", at("12:00"), ticket_id=ticket)
        self.tell("Call Completed", at("10:02"), direction="inbound", duration_ms=180_000, ticket_id="a")  # led to it
        self.tell("Call Completed", at("11:00"), direction="inbound", ticket_id="b")
        self.tell("Social Message Received", at("13:00"), account="shop", text="thanks", ticket_id="c")
        first = {ticket["ticket_id"]: ticket["first_contact_resolved"] for ticket in self.pages("tickets")}
        self.assertEqual(first, {"a": True, "b": False, "c": True})

    def test_pages_run_from_the_newest_to_the_oldest(self):
        for number in range(7):
            self.tell("Ticket Created", at(f"1{number}:00"), ticket_id=str(number), ticket_type="enquiry")
        self.assertEqual([ticket["ticket_id"] for ticket in self.pages("tickets", limit=3)], list("6543210"))

    def test_a_visitor_who_turns_out_to_be_a_customer_has_one_list(self):
        visitor = f"v-{uuid.uuid4()}"
        self.server.post("/v1/track", {"anonymousId": visitor, "event": "Ticket Created", "timestamp": at("09:00"),
                                       "properties": {"ticket_id": "a", "ticket_type": "enquiry", "topic": "size"}},
                         write_key=WEB).expect(200)
        self.tell("Ticket Solved", at("11:00"), ticket_id="a")
        [ticket] = self.pages("tickets")
        self.assertEqual((ticket["created_at"], ticket["state"]), (None, "solved"))
        self.server.post("/v1/identify", {"anonymousId": visitor, "userId": self.user}, write_key=APP).expect(200)
        [ticket] = self.pages("tickets")
        self.assertEqual((ticket["created_at"], ticket["topic"], ticket["state"]), (utc("09:00"), "size", "solved"))

    def test_answers_and_feelings(self):
        self.tell("Survey Answered", at("10:00"), survey_id="s", kind="nps", score=6)
        self.tell("Survey Answered", at("09:00"), survey_id="s", kind="nps", score=9)
        for score in (5, 4, 3, 2):
            self.tell("Survey Answered", survey_id="s", kind="csat", score=score)
        self.tell("Product Reviewed", at("10:00"), product_id="p", sentiment=1)
        self.tell("Mention Found", at("10:00", -5), text_ref="r", sentiment="negative")
        self.tell("Ticket Created", at("10:00"), ticket_id="t", ticket_type="fault", sentiment="-0.5")
        feedback = self.profile()["feedback"]
        self.assertEqual((feedback["nps_last"], feedback["nps_class"], feedback["nps_last_at"]), (6, "detractor", utc("10:00")))
        self.assertEqual((feedback["csat_avg_90d"], feedback["csat_count_90d"], feedback["csat_satisfied_90d"]), (3.5, 4, 2))
        self.assertEqual((feedback["sentiment_avg_90d"], feedback["negative_count_90d"]), (-0.166667, 2))
        feedback = self.profile(as_of=utc("10:00", 86))["feedback"]
        self.assertEqual((feedback["sentiment_avg_90d"], feedback["negative_count_90d"]), (0.25, 1))

    def test_orders_make_preferences_unless_they_are_gifts(self):
        toy = [{"category": "toy", "price": 5}]
        self.tell("Order Completed", order_id="1", currency="CNY", products=toy)
        self.assertEqual(self.preferences(), {("category", "toy"): (0.333, "inferred")})
        self.tell("Order Updated", at("11:00"), order_id="1", is_gift=True)
        self.assertEqual(self.preferences(), {})
        self.tell("Order Updated", at("12:00"), order_id="1", is_gift=False)
        self.assertEqual(self.preferences(), {("category", "toy"): (0.333, "inferred")})
        self.tell("Order Updated", at("13:00"), order_id="1", products=[{**toy[0], "is_gift": True}])
        self.assertEqual(self.preferences(), {})
        self.tell("Order Updated", at("14:00"), order_id="1", products=toy)
        self.tell("Order Completed", at("15:00"), WEB, order_id="1", currency="CNY", products=toy)  # the browser's own word, another order
        self.assertEqual(self.preferences(), {("category", "toy"): (0.5, "inferred")})
        self.tell("Order Cancelled", order_id="1")
        self.assertEqual(self.preferences(), {("category", "toy"): (0.333, "inferred")})

    def test_an_order_told_by_two_sources_counts_once(self):
        shop = {"order_namespace": "shop", "order_id": "1", "currency": "CNY", "products": [{"category": "toy", "price": 5}]}
        self.tell("Order Completed", at("10:00"), APP, **shop)
        self.tell("Order Completed", at("10:01"), WEB, **shop)
        self.assertEqual(self.preferences(), {("category", "toy"): (0.333, "inferred")})

    def test_what_the_customer_says_wins(self):
        self.tell("Order Completed", order_id="1", currency="CNY", products=[{"category": "Toy", "price": 5}])
        self.tell("Preference Set", kind="category", value="toy", weight=0)
        [preference] = self.profile()["preferences"]
        self.assertEqual((preference["weight"], preference["origin"], preference["inferred_weight"]), (0, "explicit", 0.333))
        self.tell("Recommendation Dismissed", at("11:00"), WEB, item_kind="category", item="TOY")
        self.assertEqual((self.preferences(), self.exclusions()), ({}, {("category", "TOY"): "dismissal"}))
        self.assertEqual(self.exclusions(as_of=utc("11:00", 365)), {})
        self.tell("Preference Set", at("12:00"), WEB, kind="category", value="toy", weight=0.5)
        self.assertEqual((self.preferences(), self.exclusions()), ({("category", "toy"): (0.5, "explicit")}, {}))
        self.tell("Exclusion Added", at("13:00"), kind="category", value="toy", reason="不再推荐")
        [exclusion] = self.profile()["exclusions"]
        self.assertEqual((exclusion["origin"], exclusion["reason"], exclusion["until"]), ("explicit", "不再推荐", None))
        self.tell("Exclusion Removed", at("14:00"), kind="品类", value="toy")
        self.assertEqual(self.exclusions(), {})

    def test_a_bad_review_excludes_the_product(self):
        self.tell("Product Reviewed", product_id="p", rating=1, category="toy")
        self.assertEqual(self.exclusions(), {("product", "p"): "rating"})
        self.assertEqual(self.preferences(), {("category", "toy"): (-0.333, "inferred")})

    def test_browsing_makes_preferences_for_180_days(self):
        for event in ("Product Viewed", "Product Added to Wishlist", "Product Added", "Product Removed", "Product Tried On"):
            self.tell(event, product_id="p", category="toy", brand="lego")
        self.assertEqual(self.preferences(), {("category", "toy"): (0.474, "inferred"), ("brand", "lego"): (0.474, "inferred")})
        self.assertEqual(self.preferences(as_of=utc("10:00", 180)), {})


if __name__ == "__main__":
    unittest.main()
