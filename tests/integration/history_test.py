"""What changed about a customer, as one list, over HTTP."""
import pathlib
import sys
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from tributary import ADMIN, ANALYST, APP, REPOSITORY, Server, sample_config  # noqa: E402


def config() -> dict:
    served = sample_config()
    served.setdefault("profile", {})["rules"] = str(REPOSITORY / "config/profile.yaml")
    return served


class Histories(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(config())
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.user = f"u-{uuid.uuid4()}"

    def tell(self, event: str, at: str, user: str = "", **properties) -> str:
        return self.track({"userId": user or self.user, "event": event, "timestamp": at, "properties": properties})

    def track(self, body: dict) -> str:
        body["messageId"] = str(uuid.uuid4())
        self.server.post("/v1/track", body, write_key=APP).expect(200)
        return body["messageId"]

    def customer(self, user: str = "") -> str:
        return self.server.lookup("user_id", user or self.user)["customer_id"]

    def call(self, method: str, path: str, body=None, key: str = ADMIN):
        return self.server.request(method, path, body, {"Authorization": f"Bearer {key}"})

    def page(self, customer: str = "", suffix: str = "") -> dict:
        path = f"/v1/profiles/{customer or self.customer()}/history{suffix}"
        return self.call("GET", path, key=ANALYST).expect(200).json()

    def told(self, customer: str = "", suffix: str = "") -> list:
        return [(entry["what"], entry["subject"], entry["from"], entry["to"])
                for entry in self.page(customer, suffix)["history"]]

    def story(self) -> list[dict]:
        """Events of one customer, oldest first."""
        order = {"order_id": "o-1", "currency": "CNY", "revenue": "100.00", "products": [{"product_id": "p", "category": "toy"}]}
        return [{"userId": self.user, "timestamp": f"2026-03-0{day}T10:00:00Z", "event": event, "properties": properties}
                for day, (event, properties) in enumerate([
                    ("Customer Record Saved", {"name": "李四", "email": f"{self.user}@example.com", "owner": "li"}),
                    ("Order Completed", order),
                    ("Customer Record Saved", {"partial": True, "owner": "wu"}),
                    ("Tag Added", {"type": "need", "name": "降低成本", "by": "wu", "note": "said so"}),
                    ("Preference Set", {"kind": "category", "value": "toy", "weight": 0.5}),
                    ("Recommendation Dismissed", {"item_kind": "category", "item": "tea"}),
                    ("Tag Removed", {"type": "need", "name": "降低成本", "by": "wu", "reason": "too dear"})], 1)]

    STORY = [("tag_removed", "need", "降低成本", None), ("exclusion_added", "category", None, "tea"),
             ("preference_set", "category/toy", None, "0.5"), ("tag_added", "need", None, "降低成本"),
             ("field_changed", "owner", "li", "wu"), ("status_changed", None, "potential", "won"),
             ("lifecycle_changed", None, "acquisition", "growth"), ("field_changed", "owner", None, "li")]

    def test_one_list_has_all_that_changed_newest_first(self):
        ids = [self.track(event) for event in self.story()]
        suffix = "?as_of=2026-03-10T00:00:00Z"
        told = self.told(suffix=suffix)
        self.assertEqual(told[:len(self.STORY)], self.STORY)
        self.assertEqual({entry[0] for entry in told[len(self.STORY):]}, {"field_changed"})
        page = self.page(suffix=suffix)
        self.assertEqual((page["complete"], page["next"]), (True, None))
        removal, order = page["history"][0], page["history"][5]
        self.assertEqual((removal["at"], removal["by"], removal["reason"], removal["source"], removal["message_id"]),
                         ("2026-03-07T10:00:00.000Z", "wu", "too dear", "app", ids[6]))
        self.assertEqual((order["at"], order["by"]), ("2026-03-02T10:00:00.000Z", "rule:first_order"))
        self.assertIn("o-1", order["evidence"])

    def test_the_order_of_arrival_does_not_count(self):
        for event in reversed(self.story()):
            self.track(event)
        self.assertEqual(self.told(suffix="?as_of=2026-03-10T00:00:00Z")[:len(self.STORY)], self.STORY)

    def test_time_alone_changes_it_too(self):
        for event in self.story():
            self.track(event)
        told = self.told(suffix="?as_of=2026-12-31T00:00:00Z")
        self.assertIn(("lifecycle_changed", None, "growth", "decline"), told)
        self.assertIn(("status_changed", None, "won", "lost"), told)
        self.assertEqual(self.told(suffix="?as_of=2026-03-01T09:59:59Z"), [])

    def test_pages_go_on_where_they_ended(self):
        for event in self.story():
            self.track(event)
        customer, entries, cursor = self.customer(), [], ""
        while cursor is not None:
            page = self.page(customer, f"?limit=3&as_of=2026-03-10T00:00:00Z&cursor={cursor}")
            self.assertLessEqual(len(page["history"]), 3)
            entries += page["history"]
            cursor = page["next"]
        self.assertEqual(entries, self.page(customer, "?as_of=2026-03-10T00:00:00Z")["history"])

    def test_requests_and_decisions_of_people(self):
        self.tell("Signed In", "2026-03-01T00:00:00Z")
        status = f"/v1/profiles/{self.customer()}/status"
        asked = {"to": "lost", "reason": "price", "author": "li"}
        request = self.call("POST", status, asked, ANALYST).expect(200).json()["status"]["open_requests"][0]["request_id"]
        self.call("POST", f"{status}/{request}/reject", {"author": "wu", "remark": "call again"}).expect(200)
        entries = self.page()["history"]
        self.assertEqual([(entry["what"], entry["to"], entry["by"], entry["reason"]) for entry in entries],
                         [("status_rejected", "lost", "wu", "call again"), ("status_requested", "lost", "li", "price")])

    def test_a_merge_is_told_with_what_both_were_before(self):
        other = f"a-{uuid.uuid4()}"
        self.tell("Tag Added", "2026-03-01T10:00:00Z", type="need", name="提升效率", by="li")
        self.track({"anonymousId": other, "event": "Tag Added", "timestamp": "2026-03-02T10:00:00Z",
                    "properties": {"type": "need", "name": "降低成本", "by": "wu"}})
        self.track({"anonymousId": other, "userId": self.user, "event": "Signed In", "timestamp": "2026-03-03T10:00:00Z"})
        told = self.told()
        merge = [entry for entry in told if entry[0] == "merged"]
        self.assertEqual(len(merge), 1)
        self.assertEqual(merge[0][3], self.customer())
        self.assertEqual(self.told(merge[0][2]), told)  # the former id still finds it
        self.assertEqual([entry for entry in told if entry[0] == "tag_added"],
                         [("tag_added", "need", None, "降低成本"), ("tag_added", "need", None, "提升效率")])

    def test_a_restart_tells_the_same(self):
        for event in self.story():
            self.track(event)
        before = self.page(suffix="?as_of=2026-03-10T00:00:00Z")
        self.server.restart()
        self.assertEqual(self.page(suffix="?as_of=2026-03-10T00:00:00Z"), before)


if __name__ == "__main__":
    unittest.main(verbosity=2)
