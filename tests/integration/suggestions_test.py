"""De-duplication of customers by their base records: what the rules merge, what people are asked, and that either is undone."""
import concurrent.futures
import itertools
import pathlib
import re
import sys
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from tributary import ADMIN, ANALYST, APP, Server, sample_config  # noqa: E402

NUMBERS = itertools.count(1)
NAME, NAME_BEIJING = "澄江科技有限公司", "澄江科技（北京）有限公司"


def configuration(**identity) -> dict:
    """Searches come when they are asked for."""
    config = sample_config()
    for source in config["sources"]:
        source["default_country"] = "CN"
    config["identity"] = {"duplicate_search_every": "0s", **identity}
    return config


class Workbench(unittest.TestCase):
    """A server per test: a search looks at everybody."""

    def serve(self, **identity) -> Server:
        self.server = Server(configuration(**identity))
        self.addCleanup(self.server.close)
        return self.server

    def save(self, name: str, phone: str = "13800001234", contact: str = "王芳", **properties) -> str:
        """A new customer; its number."""
        number = f"CX202601{next(NUMBERS):06}"
        body = {"anonymousId": str(uuid.uuid4()), "event": "Customer Record Saved", "messageId": f"save-{number}",
                "timestamp": "2026-01-10T10:00:00Z",
                "properties": {"name": name, "contact_name": contact, "contact_phone": phone, "customer_no": number, **properties}}
        body["properties"]["phone"] = body["properties"].pop("phone_of_person", None)
        self.server.post("/v1/track", body, write_key=APP).expect(200)
        return number

    def save_person(self, name: str, email: str, phone: str | None = None) -> str:
        return self.save(name, phone=None, contact=None, customer_type="person", email=email, phone_of_person=phone)

    def customer(self, number: str) -> str:
        return self.server.lookup("customer_no", number)["customer_id"]

    def admin(self, path: str, body=None):
        return self.server.post(path, {} if body is None else body, {"Authorization": f"Bearer {ADMIN}"})

    def search(self, **expected) -> dict:
        found = self.admin("/v1/identity/suggestions/search").expect(200).json()
        for member, value in expected.items():
            self.assertEqual(found[member], value, found)
        return found

    def suggestions(self, query: str = "") -> list[dict]:
        return self.server.get("/v1/identity/suggestions" + query, key=ANALYST).expect(200).json()["suggestions"]

    def explain(self, number: str) -> dict:
        return self.server.get(f"/v1/profiles/{self.customer(number)}/explain", key=ANALYST).expect(200).json()

    def decided_links(self, number: str) -> list[dict]:
        return [link for link in self.explain(number)["links"] if "assertion" in link]

    def merge_of(self, number: str) -> dict:
        link, = self.decided_links(number)
        return link

    def decide(self, link: dict, kind: str):
        a, b = (dict(zip(("kind", "value"), identifier.split(":", 1))) for identifier in link["link"])
        self.admin("/v1/identity/assertions", {"type": kind, "a": a, "b": b, "reason": "two companies"}).expect(200)

    def profile(self, number: str) -> dict:
        """Without what tells the time."""
        return self.server.lookup("customer_no", number, verbose=True)


class Merging(Workbench):
    def merged_pair(self) -> tuple[str, str, tuple[dict, dict]]:
        self.serve()
        first, second = self.save(NAME), self.save(NAME_BEIJING)
        before = self.profile(first), self.profile(second)
        self.assertNotEqual(before[0]["customer_id"], before[1]["customer_id"])
        self.search(customers=1, merged=1, suggested=0, groups_left_out=0, complete=True)
        self.assertEqual(self.customer(first), self.customer(second))
        return first, second, before

    def test_the_same_but_for_a_region_is_one_customer_by_rule_d2(self):
        first, second, _ = self.merged_pair()
        merge = self.merge_of(first)
        self.assertEqual(merge["assertion"]["author"], "rule:D2")
        self.assertRegex(merge["assertion"]["reason"], f"app:save-{first}")
        self.assertRegex(merge["assertion"]["reason"], f"app:save-{second}")
        name = self.profile(first)["record"]["fields"]["name"]
        self.assertEqual({name["value"], *(word["value"] for word in name["candidates"])},
                         {"澄江科技有限公司", "澄江科技(北京)有限公司"})
        self.search(customers=1, merged=0, suggested=0)

    def test_undone_it_is_two_as_before_and_left_so(self):
        for undo in ("unlink", "cannot_link"):
            with self.subTest(undo=undo):
                first, second, before = self.merged_pair()
                self.decide(self.merge_of(first), undo)
                self.assertEqual((self.profile(first), self.profile(second)), before)
                self.search(customers=2, merged=0, suggested=1 if undo == "unlink" else 0)
                self.assertEqual((self.profile(first), self.profile(second)), before)
                asked = [(each["rule"], each["guards"]) for each in self.suggestions()]
                self.assertEqual(asked, [("D2", ["decision_withdrawn"])] if undo == "unlink" else [])
                self.server.restart()
                self.search(merged=0)

    def test_the_same_name_contact_and_phone_is_d1(self):
        self.serve()
        first, second = self.save(NAME), self.save(" 澄江科技有限公司", contact="王芳女士", phone="+86 138-0000-1234")
        person, other = self.save_person("李四", "li@example.com"), self.save_person("李四", "si@example.com")
        self.search(customers=3, merged=1)
        self.assertEqual(self.merge_of(second)["assertion"]["author"], "rule:D1")
        self.assertEqual(self.customer(first), self.customer(second))
        self.assertNotEqual(self.customer(person), self.customer(other))

    def test_two_credit_codes_are_reviewed(self):
        self.serve()
        first = self.save(NAME, uscc="91350100M000100Y43")
        second = self.save(NAME_BEIJING, uscc="91110000600037341L")
        self.search(customers=2, merged=0, suggested=1)
        self.assertNotEqual(self.customer(first), self.customer(second))
        suggestion, = self.suggestions()
        self.assertEqual((suggestion["rule"], suggestion["kind"], suggestion["guards"]),
                         ("D2", "duplicate", ["unique_identifiers_differ"]))
        self.assertEqual({suggestion[side]["customer_id"] for side in "ab"}, {self.customer(first), self.customer(second)})
        self.assertEqual({suggestion[side]["phone"] for side in "ab"}, {"138****1234"})

    def test_a_masked_phone_finds_nothing(self):
        self.serve()
        self.save_person("李四", "li@example.com", "13800001234")
        self.save_person("李四", "si@example.com", "138****1234")
        self.save(NAME)
        self.save(NAME_BEIJING, phone="138****1234")  # not enough for a record
        self.search(customers=3, merged=0, suggested=0)

    def test_what_a_merge_makes_equal_is_merged_too(self):
        """Found at once, and told as one search."""
        self.serve()
        for name in (NAME, NAME_BEIJING, NAME, "澄江科技（上海）有限公司"):
            self.save(name)
        self.search(customers=1, suggested=0)
        self.search(customers=1, merged=0, suggested=0)

    def test_a_decision_survives_a_restart(self):
        first, second, _ = self.merged_pair()
        self.server.restart(kill=True)
        self.assertEqual(self.customer(first), self.customer(second))
        self.assertEqual(self.suggestions(), [])

    def test_rules_can_be_switched(self):
        self.serve(duplicates={"d2": "review", "d3": "off"})
        self.save(NAME), self.save(NAME_BEIJING), self.save("东湖贸易有限公司")
        self.search(merged=0, suggested=1)
        self.assertEqual([each["rule"] for each in self.suggestions()], ["D2"])

    def test_searches_come_by_themselves(self):
        self.serve(duplicate_search_every="1s")
        first, second = self.save(NAME), self.save(NAME_BEIJING)
        self.server.wait_until(lambda: self.customer(first) == self.customer(second), what="the merge")


class Review(Workbench):
    def suspected(self) -> tuple[str, str, dict]:
        self.serve()
        first, second = self.save(NAME), self.save("东湖贸易有限公司")
        self.search(merged=0, suggested=1)
        suggestion, = self.suggestions()
        self.assertEqual((suggestion["rule"], suggestion["kind"], suggestion["guards"]), ("D3", "suspected", []))
        return first, second, suggestion

    def answer(self, suggestion: dict, verb: str, body=None):
        return self.admin(f"/v1/identity/suggestions/{suggestion['id']}/{verb}", body)

    def test_accepted_they_are_one(self):
        first, second, suggestion = self.suspected()
        told = self.answer(suggestion, "accept", {"reason": "asked 王芳", "author": "li"}).expect(200).json()
        self.assertEqual(told["customers"], [self.customer(first)] * 2)
        self.assertEqual(self.customer(first), self.customer(second))
        decision = self.merge_of(first)["assertion"]
        self.assertEqual((decision["author"], decision["reason"]), ("li", "asked 王芳"))
        self.assertEqual(self.suggestions(), [])
        before = self.answer(suggestion, "reject").expect(409).json()["answer"]
        self.assertEqual((before["answer"], before["by"]), ("accepted", "li"))
        self.search(customers=1, suggested=0)
        self.answer(suggestion, "reject").expect(404)

    def test_rejected_they_stay_two_and_are_not_asked_about_again(self):
        first, second, suggestion = self.suspected()
        self.answer(suggestion, "reject").expect(200)
        self.assertNotEqual(self.customer(first), self.customer(second))
        self.assertEqual(self.suggestions(), [])
        self.answer(suggestion, "reject").expect(409)
        self.search(customers=2, merged=0, suggested=0)

    def test_of_many_answers_at_once_one_counts(self):
        self.serve()
        for number in range(5):
            for contact in ("王芳", "李娜"):
                self.save(f"澄江{number}号科技有限公司", contact=contact, phone=f"1391234{number + 5:04}")
        self.search(merged=0, suggested=5)
        for suggestion in self.suggestions():
            verbs = ["accept", "reject"] * 6
            with concurrent.futures.ThreadPoolExecutor(len(verbs)) as pool:
                answers = list(pool.map(lambda numbered: self.answer(suggestion, numbered[1], {"author": f"p{numbered[0]}"}),
                                        enumerate(verbs)))
            self.assertEqual(sorted(answer.status for answer in answers), [200] + [409] * (len(verbs) - 1))
            winner = next(number for number, answer in enumerate(answers) if answer.status == 200)
            self.assertEqual({answer.json()["answer"]["by"] for answer in answers if answer.status == 409}, {f"p{winner}"})

    def test_each_rule_of_suspicion(self):
        self.serve()
        self.save(NAME, contact="王芳"), self.save(NAME, contact="李娜")
        self.save("东湖贸易有限公司", contact="王芳")
        self.save_person("李四", "li@example.com"), self.save_person("李四", "si@example.com", "13900005678")
        self.search(customers=5, merged=0, suggested=3)
        self.assertEqual([each["rule"] for each in self.suggestions()], ["D3", "D4", "D5"])
        text = self.server.get("/v1/identity/suggestions", key=ANALYST).body.decode()
        self.assertIsNone(re.search("13800001234|13900005678", text), text)
        self.assertIn("139****5678", text)

    def test_pages_lead_through_all(self):
        self.serve()
        for number in range(6):
            self.save(f"公司{number}号")
        self.search(suggested=15)
        seen, cursor = [], ""
        while cursor is not None:
            page = self.server.get(f"/v1/identity/suggestions?limit=4&cursor={cursor}", key=ANALYST).expect(200).json()
            seen += [each["id"] for each in page["suggestions"]]
            cursor = page["next"]
        self.assertEqual(len(set(seen)), 15)
        self.assertEqual(seen, [each["id"] for each in self.suggestions()])

    def test_whoever_was_erased_or_merged_since_is_not_in_the_list(self):
        self.serve()
        numbers = [self.save(f"公司{number}号") for number in range(4)]
        self.search(suggested=6)
        before = self.suggestions()
        erased = next(each for each in before if self.customer(numbers[0]) in (each["a"]["customer_id"], each["b"]["customer_id"]))
        self.admin("/v1/erasures", {"customer_id": self.customer(numbers[0]), "reason": "asked to"}).expect(200)
        self.assertEqual(len(self.suggestions()), 3)
        self.assertNotIn("公司0号", str(self.suggestions()))
        self.answer(erased, "accept").expect(404)
        pair = {side: {"kind": "customer_no", "value": number} for side, number in zip("ab", numbers[1:])}
        self.admin("/v1/identity/assertions", {"type": "must_link", **pair, "reason": "one"}).expect(200)
        self.assertEqual(len(self.suggestions()), 2)

    def test_more_than_ten_are_not_joined_at_once(self):
        self.serve()
        for _ in range(11):
            self.save(NAME)
        self.search(merged=0, suggested=55)
        self.assertEqual({tuple(each["guards"]) for each in self.suggestions("?limit=1000")}, {("too_many_joined",)})

    def test_nobody_without_the_right_decides(self):
        _, _, suggestion = self.suspected()
        headers = {"Authorization": f"Bearer {ANALYST}"}
        for path in ("search", f"{suggestion['id']}/accept", f"{suggestion['id']}/reject"):
            self.server.post(f"/v1/identity/suggestions/{path}", {}, headers).expect(403)


if __name__ == "__main__":
    unittest.main(verbosity=2)
