"""How far a customer has come: asked for, approved, refused and taken back over HTTP, and found by rule."""
import concurrent.futures
import json
import pathlib
import sys
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from tributary import ADMIN, ANALYST, APP, WEB, Server, sample_config  # noqa: E402


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
        again = self.decide("approve", request, author="cyn")
        self.assertEqual((again.status, again.json()["code"]), (409, "conflict"))
        self.assertEqual((again.json()["decision"]["decision"], again.json()["decision"]["by"]), ("approved", "bob"))
        self.assertEqual(self.decide("approve", "never-asked").status, 404)
        self.assertEqual(self.decide("revert", request, author="ann").status, 403)
        self.decide("revert", request, remark="another customer").expect(200)
        self.assertEqual(self.current(), "potential")
        change = self.shown()["history"][0]
        self.assertEqual((change["reverted_by"], change["revert_remark"]), ("bob", "another customer"))
        names = [event["name"] for event in self.server.events(self.customer)][:3]
        self.assertEqual(names, ["Status Change Reverted", "Status Change Approved", "Status Change Requested"])

    def test_of_many_answers_at_once_one_counts(self):
        for _ in range(5):
            request = self.ask("lost", "competitor").expect(200).json()["status"]["open_requests"][0]
            acts = ["approve", "reject"] * 8
            with concurrent.futures.ThreadPoolExecutor(len(acts)) as pool:
                answers = list(pool.map(lambda numbered: self.decide(numbered[1], request["request_id"], f"p{numbered[0]}"),
                                        enumerate(acts)))
            self.assertEqual(sorted(answer.status for answer in answers), [200] + [409] * (len(acts) - 1))
            winner = next(number for number, answer in enumerate(answers) if answer.status == 200)
            decision = {"approve": "approved", "reject": "rejected"}[acts[winner]]
            for answer in answers:
                if answer.status == 409:
                    self.assertEqual((answer.json()["decision"]["decision"], answer.json()["decision"]["by"]),
                                     (decision, f"p{winner}"))
            said = {"approve": "Status Change Approved", "reject": "Status Change Rejected"}
            names = [event["name"] for event in self.server.events(self.customer) if event["name"] in said.values()]
            self.assertEqual((len(names), names[0]), (1, said[acts[winner]]))
            self.setUp()

    def test_a_retried_decision_is_the_same_decision(self):
        request = self.ask("lost", "price").expect(200).json()["status"]["open_requests"][0]["request_id"]
        body, retry = {"author": "bob"}, {"Idempotency-Key": str(uuid.uuid4())}
        first = self.call("POST", f"/{request}/approve", body, **retry).expect(200).json()
        self.assertEqual(self.call("POST", f"/{request}/approve", body, **retry).expect(200).json(), first)
        self.assertEqual(self.call("POST", f"/{request}/approve", body).status, 409)

    def test_long_idempotency_keys_that_begin_alike_are_two_requests(self):
        keys = ["k" * 64 + end for end in ("1", "2")]
        for key in keys:
            for _ in range(2):  # the second is a retry
                body = {"to": "lost", "reason": "price", "author": "ann"}
                self.call("POST", "", body, ANALYST, **{"Idempotency-Key": key}).expect(200)
        requests = self.shown()["status"]["open_requests"]
        self.assertEqual(len({one["request_id"] for one in requests}), 2)
        for one in requests:
            self.assertLessEqual(len(one["request_id"]), 64)
            self.decide("reject", one["request_id"]).expect(200)

    def test_an_idempotency_key_that_no_path_can_hold_still_names_a_request(self):
        answer = self.call("POST", "", {"to": "lost", "reason": "price", "author": "ann"}, ANALYST, **{"Idempotency-Key": ".."})
        request, = answer.expect(200).json()["status"]["open_requests"]
        self.assertNotEqual(request["request_id"], "..")
        self.decide("reject", request["request_id"]).expect(200)

    def test_a_profile_shows_the_newest_requests_and_the_pages_all(self):
        for number in range(13):
            self.tell("Status Change Requested", f"2026-01-11T10:00:{number:02}Z", request_id=f"r/{number:02}", to="lost",
                      reason="price", text="x" * 3000, by="ann")
        status = self.server.profile(self.customer)["status"]
        self.assertEqual(status["open_requests_total"], 13)
        self.assertEqual([one["request_id"] for one in status["open_requests"]], [f"r/{number:02}" for number in range(3, 13)])
        self.assertLess(len(json.dumps(status)), 40_000)
        found, cursor = [], ""
        while cursor is not None:
            page = self.call("GET", f"/requests?limit=5&cursor={cursor}", key=ANALYST).expect(200).json()
            self.assertEqual(page["total"], 13)
            found += [one["request_id"] for one in page["requests"]]
            cursor = page["next"]
        self.assertEqual(found, [f"r/{number:02}" for number in range(13)])
        self.decide("approve", "r/00").expect(200)
        self.assertEqual(self.shown()["status"]["open_requests_total"], 12)

    def test_what_a_browser_claims_moves_nobody_by_itself(self):
        for event, properties in (("Order Completed", {"order_id": self.user, "currency": "CNY", "revenue": 100}),
                                  ("Trial Requested", {"product": "p"}),
                                  ("Interaction Logged", {"mode": "visit", "subject": "offer", "summary": "likes it",
                                                          "feedback": "interested"})):
            body = {"userId": self.user, "event": event, "timestamp": "2026-01-10T10:00:00Z", "properties": properties}
            self.server.post("/v1/track", body, write_key=WEB).expect(200)
        profile = self.server.profile(self.customer)
        self.assertEqual((profile["status"]["current"], self.shown()["history"]), ("potential", []))
        self.assertEqual(profile["value"]["orders_count"], 1)
        self.ask("won").expect(200)  # a person may take it for what it is
        self.tell("Order Completed", order_id=self.user, currency="CNY", revenue=100)
        self.assertEqual(self.server.profile(self.customer)["status"]["actor"], "rule:first_order")

    def test_who_asked_and_decided_stands_beside_the_key_they_used(self):
        request = self.ask("lost", "price").expect(200).json()["status"]["open_requests"][0]
        self.assertEqual((request["by"], request["via"]), ("ann", "api:analyst"))
        self.decide("approve", request["request_id"]).expect(200)
        change, = self.shown()["history"]
        self.assertEqual((change["approver"], change["asked_via"], change["approved_via"]), ("bob", "api:analyst", "api:admin"))

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
