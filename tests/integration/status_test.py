"""How far a customer has come: asked for, approved, refused and taken back over HTTP, and found by rule."""
import pathlib
import sys
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from tributary import ADMIN, ANALYST, APP, Server, sample_config  # noqa: E402


class Status(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        config = sample_config()
        # What was bought in January must not be silence by now.
        config.setdefault("profile", {})["expected_order_gap"] = "36600d"
        cls.server = Server(config)
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.user = f"u-{uuid.uuid4()}"
        self.tell("Signed In")
        self.customer = self.server.lookup("user_id", self.user)["customer_id"]

    def tell(self, event: str, at: str = "2026-01-10T10:00:00Z", **properties):
        body = {"userId": self.user, "event": event, "timestamp": at, "properties": properties}
        self.server.post("/v1/track", body, write_key=APP).expect(200)

    def call(self, method: str, path: str = "", body=None, key: str = ADMIN, **headers):
        path = f"/v1/profiles/{self.customer}/status{path}"
        return self.server.request(method, path, body, {"Authorization": f"Bearer {key}", **headers})

    def ask(self, to: str, reason: str = "said so", **members):
        return self.call("POST", "", {"to": to, "reason": reason, "author": "ann", **members}, ANALYST)

    def decide(self, act: str, request: str, author: str = "bob", remark: str = "checked"):
        return self.call("POST", f"/{request.replace(' ', '%20').replace('/', '%2F')}/{act}",
                         {"author": author, "remark": remark})

    def current(self) -> str:
        return self.server.profile(self.customer)["status"]["current"]

    def shown(self) -> dict:
        return self.call("GET", key=ANALYST).expect(200).json()

    # -- the acceptance examples of status -----------------------------------------------------------------------------

    def test_nobody_approves_what_they_asked_for(self):
        request = self.ask("interested", text="wants an offer").expect(200).json()["status"]["open_requests"][0]["request_id"]
        answer = self.decide("approve", request, author="ann")
        self.assertEqual((answer.status, answer.json()["code"]), (403, "self_approval"))
        self.assertEqual(self.current(), "potential")
        self.decide("approve", request).expect(200)
        self.assertEqual(self.current(), "interested")
        change = self.shown()["history"][0]
        self.assertEqual((change["from"], change["to"], change["actor"], change["approver"], change["reason"], change["remark"]),
                         ("potential", "interested", "ann", "bob", "said so", "checked"))

    def test_won_never_goes_back_to_potential(self):
        self.tell("Order Completed", order_id=self.user, currency="CNY", revenue=100)
        for target in ("potential", "interested"):
            answer = self.ask(target, text="x")
            self.assertEqual((answer.status, answer.json()["code"], answer.json()["allowed"]),
                             (409, "transition_not_allowed", ["lost"]))
        self.assertEqual(self.current(), "won")

    def test_the_first_paid_order_of_a_person_wins(self):
        self.tell("Order Completed", order_id=self.user, currency="CNY", revenue=100)
        status = self.server.profile(self.customer)["status"]
        self.assertEqual((status["current"], status["actor"], status["since"]),
                         ("won", "rule:first_order", "2026-01-10T10:00:00.000Z"))
        self.assertEqual(self.shown()["history"][0]["evidence"], f"app/{self.user}")

    def test_when_the_only_order_is_cancelled_a_revert_is_asked_for(self):
        self.tell("Order Completed", order_id=self.user, currency="CNY", revenue=100)
        self.tell("Order Cancelled", "2026-01-11T10:00:00Z", order_id=self.user)
        status = self.server.profile(self.customer)["status"]
        self.assertEqual(status["current"], "won")
        self.assertEqual([(one["kind"], one["to"]) for one in status["open_requests"]], [("revert", "potential")])
        self.decide("revert", status["open_requests"][0]["request_id"]).expect(200)
        status = self.server.profile(self.customer)["status"]
        self.assertEqual((status["current"], status["open_requests"]), ("potential", []))

    # -- the rest ------------------------------------------------------------------------------------------------------

    def test_a_loss_has_a_reason_and_can_be_taken_back(self):
        self.assertEqual(self.ask("lost", "because").status, 400)
        self.assertEqual(self.ask("lost", "other").json()["code"], "transition_not_allowed")
        request = self.ask("流失客户", "competitor").expect(200).json()["status"]["open_requests"][0]["request_id"]
        self.decide("approve", request).expect(200)
        self.assertEqual(self.current(), "lost")
        self.assertEqual(self.decide("approve", request).status, 404)
        self.assertEqual(self.decide("revert", request, author="ann").status, 403)
        self.decide("revert", request, remark="another customer").expect(200)
        self.assertEqual(self.current(), "potential")
        change = self.shown()["history"][0]
        self.assertEqual((change["reverted_by"], change["revert_remark"]), ("bob", "another customer"))
        names = [event["name"] for event in self.server.events(self.customer)][:3]
        self.assertEqual(names, ["Status Change Reverted", "Status Change Approved", "Status Change Requested"])

    def test_refused_requests_change_nothing(self):
        request = self.ask("interested", text="x").expect(200).json()["status"]["open_requests"][0]["request_id"]
        self.assertEqual(self.call("POST", f"/{request}/reject", {"author": "bob"}).status, 400)
        self.decide("reject", request).expect(200)
        status = self.shown()
        self.assertEqual((status["status"]["current"], status["status"]["open_requests"], status["history"]), ("potential", [], []))

    def test_vague_words_are_refused(self):
        for word in ("跟进中", "有希望", "", 1):
            self.assertEqual(self.call("POST", "", {"to": word, "reason": "x"}).status, 400)

    def test_events_ask_and_decide_in_any_order(self):
        self.tell("Status Change Approved", "2026-01-12T10:00:00Z", request_id="r", by="bob")
        self.assertEqual(self.current(), "potential")
        self.tell("Status Change Requested", "2026-01-11T10:00:00Z", request_id="r", to="lost", reason="price", by="ann")
        self.assertEqual(self.current(), "lost")

    def test_without_rules_an_order_changes_nothing(self):
        config = sample_config()
        config.setdefault("profile", {})["status_by_rule"] = False
        with Server(config) as server:
            body = {"userId": "u", "event": "Order Completed", "properties": {"order_id": "1", "currency": "CNY", "revenue": 5}}
            server.post("/v1/track", body, write_key=APP).expect(200)
            self.assertEqual(server.lookup("user_id", "u")["status"]["current"], "potential")


if __name__ == "__main__":
    unittest.main()
