"""Tags of customers and the library that governs them, over HTTP."""
import concurrent.futures
import json
import pathlib
import sys
import tempfile
import unittest
import urllib.parse
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from faults import run_command  # noqa: E402
from tributary import ADMIN, ANALYST, APP, REPOSITORY, WEB, Server, sample_config  # noqa: E402


def tags_config() -> dict:
    config = sample_config()
    config.setdefault("profile", {})["rules"] = str(REPOSITORY / "config/profile.yaml")
    return config


class Tags(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(tags_config())
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.customer = self.new_customer()

    def new_customer(self, **traits) -> str:
        self.user = f"u-{uuid.uuid4()}"
        self.tell("Signed In", APP)
        return self.server.lookup("user_id", self.user)["customer_id"]

    def tell(self, event: str, write_key: str, at: str = "2026-01-10T10:00:00Z", **properties):
        body = {"userId": self.user, "event": event, "timestamp": at, "properties": properties}
        self.server.post("/v1/track", body, write_key=write_key).expect(200)

    def call(self, method: str, path: str, body=None, key: str = ADMIN, **headers):
        return self.server.request(method, path, body, {"Authorization": f"Bearer {key}", **headers})

    def add(self, type_: str, name: str, customer: str = "", **members):
        path = f"/v1/profiles/{customer or self.customer}/tags"
        return self.call("POST", path, {"type": type_, "name": name, **members})

    def remove(self, type_: str, name: str, reason: str = "a mistake", customer: str = ""):
        quoted = urllib.parse.quote(f"/v1/profiles/{customer or self.customer}/tags/{type_}/{name}")
        return self.call("DELETE", quoted + "?" + urllib.parse.urlencode({"reason": reason}))

    def decide(self, act: str, type_: str, name: str, **body):
        return self.call("POST", urllib.parse.quote(f"/v1/tags/{type_}/{name}/{act}"), body)

    def held(self, customer: str = "") -> list:
        profile = self.server.profile(customer or self.customer)
        return sorted(f"{tag['type']}/{tag['name']}" for tag in profile["tags"])

    def standings(self) -> dict:
        answer = self.call("GET", f"/v1/profiles/{self.customer}/tags", key=ANALYST).expect(200).json()
        return {tag["name"]: tag["standing"] for tag in answer["tags"]}

    def entry(self, type_: str, name: str) -> dict:
        library = self.call("GET", f"/v1/tags?type={type_}", key=ANALYST).expect(200).json()["tags"]
        return next(tag for tag in library if tag["name"] == name)

    # -- the acceptance examples of tags -------------------------------------------------------------------------------

    def test_a_tag_is_refused_then_proposed_approved_and_assignable(self):
        name = f"多门店管理需求 {uuid.uuid4()}"
        answer = self.add("need", name)
        self.assertEqual((answer.status, answer.json()["code"]), (422, "tag_not_in_library"))
        proposal = {"type": "需求标签", "name": name, "label_en": "Several stores", "author": "ann"}
        self.assertEqual(self.call("POST", "/v1/tags", proposal, ANALYST).expect(200).json()["state"], "proposed")
        self.assertEqual(self.add("need", name).json()["code"], "tag_not_in_library")
        own = self.decide("approve", "need", name, author="ann")
        self.assertEqual((own.status, own.json()["code"]), (403, "self_approval"))
        approved = self.decide("approve", "need", name, author="bob", reason="asked for often").expect(200).json()
        self.assertEqual((approved["state"], approved["proposer"], approved["decided_by"]), ("approved", "ann", "bob"))
        self.add("need", name).expect(200)
        self.assertEqual(self.held(), [f"need/{name}"])

    def test_a_tag_of_the_same_exclusive_group_is_refused_and_nothing_changes(self):
        self.add("value", "高价值").expect(200)
        before = self.server.profile(self.customer)
        answer = self.add("value", "低价值")
        self.assertEqual((answer.status, answer.json()["code"]), (409, "tag_conflict"))
        self.assertEqual(answer.json()["present"], {"type": "value", "name": "高价值"})
        self.assertEqual(self.server.profile(self.customer), before)

    def test_a_customer_holds_several_tags_at_once(self):
        for type_, name in (("industry", "制造业"), ("need", "提升效率"), ("value", "高价值")):
            self.add(type_, name).expect(200)
        self.assertEqual(self.held(), ["industry/制造业", "need/提升效率", "value/高价值"])

    # -- the rest ------------------------------------------------------------------------------------------------------

    def test_an_unknown_tag_is_proposed_when_the_caller_asks(self):
        name = f"n-{uuid.uuid4()}"
        answer = self.add("need", name, propose=True, author="ann")
        self.assertEqual((answer.status, answer.json()["proposal"]["state"]), (422, "proposed"))
        self.assertEqual(self.entry("need", name)["proposer"], "ann")
        self.assertNotIn("proposal", self.add("need", name, propose=True).json())

    def test_opinions_and_missing_notes(self):
        answer = self.add("risk", "流失风险")
        self.assertEqual((answer.status, answer.json()["code"]), (400, "invalid_parameter"))
        self.add("risk", "流失风险", note="客户可能要走").expect(200)
        tag = self.server.profile(self.customer)["tags"][0]
        self.assertEqual((tag["note"], tag["flags"], tag["origin"]), ("客户可能要走", ["note_subjective"], "manual"))

    def test_removing_keeps_the_history(self):
        self.add("industry", "制造业", note="business licence", author="ann").expect(200)
        self.remove("industry", "制造业", "sold the factory").expect(200)
        self.assertEqual(self.held(), [])
        self.assertEqual(self.standings(), {"制造业": "removed"})
        self.assertEqual(self.remove("industry", "制造业").status, 404)
        history = self.call("GET", f"/v1/profiles/{self.customer}/tags/history", key=ANALYST).expect(200).json()["history"]
        self.assertEqual([(word["act"], word.get("note", word.get("reason"))) for word in history],
                         [("removed", "sold the factory"), ("added", "business licence")])
        self.assertEqual(history[1]["by"], "ann")
        names = [event["name"] for event in self.server.events(self.customer)]
        self.assertEqual(names[:2], ["Tag Removed", "Tag Added"])
        self.assertEqual(len(self.call("GET", f"/v1/profiles/{self.customer}/tags/history?limit=1").json()["history"]), 1)

    def test_retiring_removes_a_tag_everywhere_and_can_be_taken_back(self):
        name = f"n-{uuid.uuid4()}"
        self.call("POST", "/v1/tags", {"type": "need", "name": name, "author": "ann"}).expect(200)
        self.decide("approve", "need", name, author="bob").expect(200)
        self.add("need", name).expect(200)
        self.assertEqual(self.decide("retire", "need", name).status, 400)  # says no reason
        self.decide("retire", "need", name, reason="nobody uses it").expect(200)
        self.assertEqual(self.held(), [])
        self.assertEqual(self.standings(), {name: "retired"})
        self.assertEqual(self.decide("retire", "need", name, reason="again").status, 409)
        self.decide("approve", "need", name, reason="somebody does").expect(200)
        self.assertEqual(self.held(), [f"need/{name}"])

    def test_after_a_merge_both_are_left_out_until_somebody_decides(self):
        first, first_user = self.customer, self.user
        self.add("value", "高价值").expect(200)
        second = self.new_customer()
        self.add("value", "低价值", customer=second).expect(200)
        pair = {"type": "must_link", "a": {"kind": "user_id", "value": first_user},
                "b": {"kind": "user_id", "value": self.user}, "reason": "one company"}
        self.call("POST", "/v1/identity/assertions", pair).expect(200)
        profile = self.server.profile(first)
        self.assertEqual(profile["tags"], [])
        conflict = profile["tag_conflicts"][0]
        self.assertEqual((conflict["exclusive_group"], {tag["name"] for tag in conflict["tags"]}),
                         ("value_grade", {"高价值", "低价值"}))
        self.remove("value", "低价值", customer=first).expect(200)
        self.assertEqual(self.held(first), ["value/高价值"])
        self.assertEqual(self.server.profile(first)["tag_conflicts"], [])

    def test_events_tag_when_they_come_from_a_server(self):
        self.tell("Tag Added", APP, type="industry", name="零售业")
        self.tell("Tag Added", WEB, type="industry", name="制造业")
        self.assertEqual(self.held(), ["industry/零售业"])
        self.tell("Tag Added", APP, type="value", name="高价值", origin="rule")
        self.tell("Tag Added", APP, "2026-01-11T10:00:00Z", type="value", name="低价值", origin="rule")
        self.assertEqual(self.held(), ["industry/零售业", "value/低价值"])
        self.assertEqual(self.standings()["高价值"], "replaced")

    def test_a_retry_does_nothing_twice(self):
        key = {"Idempotency-Key": str(uuid.uuid4())}
        path = f"/v1/profiles/{self.customer}/tags"
        for _ in range(2):
            self.call("POST", path, {"type": "industry", "name": "制造业"}, **key).expect(200)
        self.assertEqual(len(self.call("GET", path + "/history").json()["history"]), 1)

    def test_what_is_refused(self):
        path = f"/v1/profiles/{self.customer}/tags"
        for body in ({"type": "need"}, {"type": "need", "name": 1}, {"type": "No!", "name": "x"}, {"naem": "x"}, [],
                     {"type": "need", "name": "x" * 300}):
            self.assertEqual(self.call("POST", path, body).status, 400, body)
        self.assertEqual(self.call("POST", path, {"type": "industry", "name": "制造业"}, ANALYST).status, 403)
        nobody = "/v1/profiles/" + "a" * 26 + "/tags"
        self.assertEqual(self.call("POST", nobody, {"type": "industry", "name": "制造业"}).status, 404)
        self.assertEqual(self.decide("approve", "need", "nobody proposed it").status, 404)
        self.assertEqual(self.call("POST", "/v1/tags", {"type": "industry", "name": "制造业"}).status, 409)

    def test_of_many_tags_of_one_group_at_once_one_is_given(self):
        for _ in range(5):
            names = ["高价值", "中价值", "低价值"] * 4
            with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
                answers = list(pool.map(lambda name: (name, self.add("value", name)), names))
            given = {name for name, answer in answers if answer.status == 200}
            self.assertEqual(len(given), 1)
            for name, answer in answers:
                if name not in given:
                    self.assertEqual((answer.status, answer.json()["code"]), (409, "tag_conflict"))
            self.assertEqual(self.held(), [f"value/{name}" for name in given])
            self.assertEqual(self.server.profile(self.customer)["tag_conflicts"], [])
            self.setUp()

    def test_of_many_decisions_about_one_proposal_one_counts(self):
        name = f"n-{uuid.uuid4()}"
        self.call("POST", "/v1/tags", {"type": "need", "name": name, "author": "ann"}).expect(200)
        acts = ["approve", "reject"] * 6
        with concurrent.futures.ThreadPoolExecutor(len(acts)) as pool:
            answers = list(pool.map(lambda numbered: self.decide(numbered[1], "need", name, author=f"p{numbered[0]}", reason="so"),
                                    enumerate(acts)))
        self.assertEqual(sorted(answer.status for answer in answers), [200] + [409] * (len(acts) - 1))
        winner = next(number for number, answer in enumerate(answers) if answer.status == 200)
        entry = self.entry("need", name)
        self.assertEqual((entry["decided_by"], entry["state"]),
                         (f"p{winner}", {"approve": "approved", "reject": "rejected"}[acts[winner]]))

    def test_a_name_that_no_path_can_hold_is_not_proposed(self):
        for name in (".", "..", " .. ", "．", "a\0b"):
            answer = self.call("POST", "/v1/tags", {"type": "need", "name": name, "author": "ann"})
            self.assertEqual((answer.status, answer.json()["code"]), (400, "invalid_parameter"), name)
            self.assertIn("path", answer.json()["detail"])
            self.assertEqual(self.add("need", name, propose=True).status, 400, name)
        for name in ("...", "a/b", "50% + ?#&", "\\", " a "):
            self.call("POST", "/v1/tags", {"type": "need", "name": name, "author": "ann"}).expect(200)
            path = f"/v1/tags/need/{urllib.parse.quote(name, safe='')}/approve"
            self.assertEqual(self.call("POST", path, {"author": "bob"}).expect(200).json()["state"], "approved", name)

    def test_a_proposal_is_renamed_or_merged_and_customers_follow(self):
        first, second = f"n-{uuid.uuid4()}", f"n-{uuid.uuid4()}"
        self.call("POST", "/v1/tags", {"type": "need", "name": first, "author": "ann"}).expect(200)
        self.tell("Tag Added", APP, type="need", name=first)
        for body in ({}, {"new_name": ".."}, {"new_name": second, "into_type": "risk"}):
            self.assertEqual(self.decide("rename", "need", first, **body).status, 400, body)
        self.assertEqual(self.decide("rename", "need", first, new_name="提升效率").status, 409)
        renamed = self.decide("rename", "need", first, new_name=second, author="bob").expect(200).json()
        self.assertEqual((renamed["state"], renamed["replaced_by"], renamed["decided_by"]),
                         ("replaced", {"type": "need", "name": second}, "bob"))
        self.assertEqual((self.entry("need", second)["state"], self.entry("need", second)["proposer"]), ("proposed", "ann"))
        self.assertEqual(self.standings(), {second: "not_in_library"})
        self.assertEqual(self.decide("merge", "need", second, into="nobody has it").status, 409)
        own = self.decide("merge", "need", second, into="提升效率", author="ann")
        self.assertEqual((own.status, own.json()["code"]), (403, "self_approval"))
        merged = self.decide("merge", "need", second, into="提升效率", author="bob", reason="the same").expect(200).json()
        self.assertEqual((merged["state"], merged["replaced_by"]["name"], merged["reason"]), ("replaced", "提升效率", "the same"))
        self.assertEqual(self.held(), ["need/提升效率"])
        self.assertEqual(self.decide("approve", "need", second, author="bob").status, 409)
        self.add("need", first).expect(200)  # by its old name
        self.assertEqual(self.held(), ["need/提升效率"])
        self.remove("need", "提升效率").expect(200)
        self.assertEqual(self.held(), [])

    def test_the_library_survives_a_restart_and_a_rebuild(self):
        with tempfile.TemporaryDirectory() as directory, Server(tags_config(), data_dir=directory) as server:
            headers = {"Authorization": f"Bearer {ADMIN}"}
            proposal = {"type": "need", "name": "x", "author": "ann", "needs_note": True}
            server.request("POST", "/v1/tags", proposal, headers).expect(200)
            server.request("POST", "/v1/tags/need/x/approve", {"author": "bob"}, headers).expect(200)
            server.request("POST", "/v1/tags", {**proposal, "name": "y"}, headers).expect(200)
            server.request("POST", "/v1/tags/need/y/merge", {"author": "bob", "into": "x"}, headers).expect(200)
            before = server.get("/v1/tags", key=ANALYST).expect(200).json()
            server.restart(kill=True)
            self.assertEqual(server.get("/v1/tags", key=ANALYST).expect(200).json(), before)
            server.stop()
            rebuilt = run_command(server, "rebuild")
            self.assertEqual(rebuilt.returncode, 0, rebuilt.stderr)
            server.start()
            self.assertEqual(server.get("/v1/tags", key=ANALYST).expect(200).json(), before)
            self.assertEqual(next(tag for tag in before["tags"] if tag["name"] == "x")["state"], "approved")


if __name__ == "__main__":
    unittest.main()
