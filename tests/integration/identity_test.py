"""Identity from end to end: a shared tablet, a wrong merge undone, decisions of people, other rules, and the reasons."""
import base64
import os
import pathlib
import sys
import threading
import time
import unittest
import urllib.parse
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from faults import run_command  # noqa: E402
from tributary import ADMIN, ANALYST, APP, SLOW, WEB, Server, basic  # noqa: E402

BASE_DAY = "2026-03-01T10:00:{:02}Z"


class Workspace(unittest.TestCase):
    """A server of its own for each class: counts are exact."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.close)

    def send(self, second: int, write_key: str = APP, **ids) -> str:
        """One event that names these identifiers; its message id."""
        traits = {name: ids.pop(name) for name in ("email", "phone") if name in ids}
        message = f"m-{second}-{uuid.uuid4()}"
        self.server.post("/v1/identify", {"messageId": message, "timestamp": BASE_DAY.format(second), "traits": traits,
                                          **ids}, write_key=write_key).expect(200)
        return message

    def customer(self, kind: str, value: str) -> str:
        return self.server.lookup(kind, value)["customer_id"]

    def members(self, kind: str, value: str) -> set:
        return {f"{i['kind']}:{i['value']}" for i in self.server.lookup(kind, value)["identifiers"]}

    def explain(self, customer: str, a: str = "", b: str = "") -> dict:
        query = "?" + urllib.parse.urlencode({"a": a, "b": b}) if a else ""
        return self.server.get(f"/v1/profiles/{customer}/explain{query}", key=ANALYST).expect(200).json()

    def changes(self, path: str = "/v1/identity/changes", limit: int = 1000) -> list:
        """The whole feed, over all pages."""
        found, cursor = [], ""
        while True:
            query = urllib.parse.urlencode({"limit": limit, "cursor": cursor})
            page = self.server.get(f"{path}?{query}", key=ANALYST).expect(200).json()
            self.assertLessEqual(len(page["changes"]), limit)
            found += page["changes"]
            cursor = page["next_cursor"]
            if page["at_end"]:
                return found

    def history(self, customer: str) -> list:
        return self.changes(f"/v1/profiles/{customer}/changes")

    def decide(self, type: str, *names: str, key: str = ADMIN, status: int = 200, **more) -> dict:
        """`names`: `kind:value`, two of a pair and one otherwise."""
        named = [dict(zip(("kind", "value"), name.split(":", 1))) for name in names]
        members = dict(zip(("a", "b") if len(named) == 2 else ("identifier",), named))
        body = {"type": type, "reason": "a test", **members, **more}
        return self.server.post("/v1/identity/assertions", body, key=key).expect(status).json()


class SharedTablet(Workspace):
    """Five people log in on one tablet, and once nobody does."""

    TABLET = "till-tablet-nine"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        test = cls()
        test.send(1, userId="guest-one", anonymousId=cls.TABLET)
        cls.first_ids = {test.customer("user_id", "guest-one"), test.customer("anonymous_id", cls.TABLET)}
        for second, user in enumerate(("guest-two", "guest-three", "guest-four", "guest-five"), 2):
            test.send(second, userId=user, anonymousId=cls.TABLET)
        test.send(6, anonymousId=cls.TABLET)

    def test_the_tablet_joins_nobody(self):
        self.assertEqual(len(self.first_ids), 1, "with one user the tablet is hers")
        customers = {self.customer("user_id", f"guest-{n}") for n in ("one", "two", "three", "four", "five")}
        customers.add(self.customer("anonymous_id", self.TABLET))
        self.assertEqual(len(customers), 6)
        for user in ("one", "two", "three", "four", "five"):
            self.assertEqual(self.server.lookup("user_id", f"guest-{user}")["events"], 1, user)
        self.assertEqual(self.server.lookup("anonymous_id", self.TABLET)["events"], 1)

    def test_explain_names_the_tablet(self):
        customer = self.customer("user_id", "guest-one")
        found = self.explain(customer, "user_id:guest-one", "user_id:guest-two")
        self.assertIs(found["same_customer"], False)
        self.assertEqual((found["path"], found["refusal"]), ([], None))
        hub, = found["hubs"]
        self.assertEqual((hub["identifier"], hub["reason"], hub["met"], hub["threshold"]),
                         (f"anonymous_id:{self.TABLET}", "threshold", "user_id", 1))
        self.assertGreater(hub["count"], 1)
        self.assertNotIn("reason", found)

    def test_the_feed_told_it_once(self):
        hubs = [change for change in self.changes() if change["type"] == "hub_detected"]
        self.assertEqual([change["hub"]["identifier"] for change in hubs], [f"anonymous_id:{self.TABLET}"])
        self.assertEqual(hubs[0]["cause"]["kind"], "event")

    def test_the_first_guest_was_split_off_and_the_old_id_resolves(self):
        old, = self.first_ids
        splits = [change for change in self.history(old) if change["type"] == "split"]
        self.assertEqual([change["from"] for change in splits], [old])
        self.assertEqual(set(splits[0]["into"]),
                         {self.customer("user_id", "guest-one"), self.customer("anonymous_id", self.TABLET)})
        self.assertIn(self.server.profile(old)["customer_id"], splits[0]["into"])

    def test_people_who_never_met_are_told_so(self):
        self.send(20, userId="far-away")
        found = self.explain(self.customer("user_id", "far-away"), "user_id:far-away", "user_id:guest-one")
        self.assertEqual(found["reason"], "never_seen_together")


class WrongMerge(Workspace):
    """A till types another customer's address; the evidence is retracted."""

    def test_the_story(self):
        self.send(1, userId="wanda", email="wanda@example.com")
        joined = self.send(2, anonymousId="visitor-xylo", email="vera@example.com", phone="+8613912345678")
        before = {kind: self.customer(*kind) for kind in (("user_id", "wanda"), ("email", "vera@example.com"))}
        self.assertEqual(len(set(before.values())), 2)
        mistake = self.send(3, userId="wanda", email="vera@example.com")
        merged = self.customer("user_id", "wanda")
        self.assertEqual(self.customer("phone", "+8613912345678"), merged)

        found = self.explain(merged, "user_id:wanda", "phone:+8613912345678")
        self.assertIs(found["same_customer"], True)
        self.assertEqual([set(link["link"]) for link in found["path"]],
                         [{"user_id:wanda", "email:vera@example.com"},
                          {"email:vera@example.com", "phone:+8613912345678"}])
        self.assertEqual([link["message_id"] for link in found["path"]], [mistake, joined])
        self.assertEqual({(link["source"], link["trust"]) for link in found["path"]}, {("app", "verified")})
        evidence = found["path"][0]["evidence"]
        merges = [change for change in self.changes() if change["type"] == "merged"]
        self.assertEqual([(change["into"], change["cause"]) for change in merges],
                         [(merged, {"kind": "event", "message_id": mistake, "source": "app"})])

        answer = self.decide("retract", "user_id:wanda", evidence=evidence, author="li@shop.example")
        self.assertEqual(answer["customers"], [before["user_id", "wanda"]])
        self.assertEqual({kind: self.customer(*kind) for kind in before}, before, "as if it had never been")
        self.assertEqual(self.members("user_id", "wanda"), {"user_id:wanda", "email:wanda@example.com"})
        self.assertEqual(self.server.lookup("user_id", "wanda")["events"], 1)
        split = self.changes()[-1]
        self.assertEqual((split["type"], split["from"], split["cause"]["author"]), ("split", merged, "li@shop.example"))
        for customer in (*before.values(), merged):
            self.assertIsNotNone(self.server.profile(customer), "every id ever given out resolves")

        self.decide("restore", "user_id:wanda", evidence=evidence)
        self.assertEqual(self.customer("phone", "+8613912345678"), merged)
        self.assertEqual(self.customer("user_id", "wanda"), merged)


class PhoneOfAnotherPerson(Workspace):
    """A number is given to somebody else, and the shop is told years later."""

    PHONE = "+8613712345678"

    def look_up(self, at: str) -> dict:
        body = {"kind": "phone", "value": self.PHONE, "at": at}
        return self.server.post("/v1/profiles/lookup", body, key=ANALYST).expect(200).json()

    def test_the_story(self):
        self.send(1, userId="before", phone=self.PHONE)
        self.send(2, phone=self.PHONE, anonymousId="visitor-before")
        self.send(4, userId="after", phone=self.PHONE)
        self.send(5, phone=self.PHONE, anonymousId="visitor-after")
        self.assertEqual(self.customer("phone", self.PHONE), self.customer("user_id", "before"))
        answer = self.decide("reassign", f"phone:{self.PHONE}", author="li@shop.example", **{"from": BASE_DAY.format(3)})
        after = self.customer("user_id", "after")
        self.assertEqual(answer["customers"], [after])
        for _ in range(2):
            self.assertEqual(self.customer("phone", self.PHONE), after)
            self.assertEqual(self.look_up(BASE_DAY.format(2))["customer_id"], self.customer("user_id", "before"))
            self.assertEqual(self.customer("anonymous_id", "visitor-after"), after)
            self.assertEqual(self.server.lookup("user_id", "before")["events"], 2)
            self.assertEqual(self.server.lookup("user_id", "after")["events"], 2)
            told, = self.explain(after)["reassigned"]
            self.assertEqual((told["identifier"], told["assertion"]["author"]),
                             (f"phone:{self.PHONE}", "li@shop.example"))
            since, = [i.get("from") for i in self.server.lookup("user_id", "after")["identifiers"] if i["kind"] == "phone"]
            self.assertEqual(since, told["from"])
            split = [change for change in self.changes() if change["type"] == "split"]
            self.assertEqual([change["cause"]["author"] for change in split], ["li@shop.example"])
            self.server.restart()


class Decisions(Workspace):
    def pair_of(self, name: str) -> tuple:
        """Two people who have nothing in common: their identifiers, and their customers."""
        for number, end in enumerate(("left", "right")):
            self.send(number, userId=f"{name}-{end}", email=f"{name}-{end}@example.com")
        names = (f"user_id:{name}-left", f"user_id:{name}-right")
        return names, tuple(self.customer(*each.split(":")) for each in names)

    def test_a_must_link_joins_and_its_withdrawal_parts(self):
        (left, right), before = self.pair_of("must")
        start = len(self.changes())
        answer = self.decide("must_link", left, right, id="as-must-1", author="li@shop.example", reason="the same call")
        self.assertEqual(answer["assertion_id"], "as-must-1")
        self.assertEqual(len(set(answer["customers"])), 1)
        self.assertIn(answer["customers"][0], before, "a merge keeps one of the ids")
        for customer in before:
            self.assertEqual(self.server.profile(customer)["customer_id"], answer["customers"][0])
        link, = self.explain(before[0], left, right)["path"]
        self.assertEqual({key: link["assertion"][key] for key in ("id", "author", "reason")},
                         {"id": "as-must-1", "author": "li@shop.example", "reason": "the same call"})
        merged, = self.changes()[start:]
        self.assertEqual((merged["type"], merged["cause"]),
                         ("merged", {"kind": "assertion", "id": "as-must-1", "author": "li@shop.example",
                                     "reason": "the same call"}))
        self.assertEqual({merged["into"], *merged["from"]}, set(before))
        self.assertEqual(tuple(self.decide("unlink", left, right)["customers"]), before)
        self.assertEqual(self.explain(before[0], left, right)["reason"], "never_seen_together")

    def test_a_cannot_link_parts_what_evidence_joined(self):
        self.send(1, userId="sister", email="family@example.com")
        self.send(2, anonymousId="sisters-phone-browser", email="family@example.com")
        a, b = "user_id:sister", "anonymous_id:sisters-phone-browser"
        self.assertEqual(self.customer(*a.split(":")), self.customer(*b.split(":")))
        answer = self.decide("cannot_link", a, b, author="li@shop.example", reason="two sisters")
        self.assertEqual(len(set(answer["customers"])), 2)
        found = self.explain(answer["customers"][0], a, b)
        self.assertIs(found["same_customer"], False)
        self.assertEqual(found["refusal"]["rule"], "cannot_link")
        self.assertEqual(found["refusal"]["assertion"]["reason"], "two sisters")
        self.assertIn("li@shop.example", found["refusal"]["text"])
        self.assertEqual(len(set(self.decide("must_link", a, b)["customers"])), 1, "the later decision holds")

    def test_a_limit_is_explained_with_its_numbers(self):
        self.send(1, userId="limit-one", phone="+8613712345678")
        self.send(2, userId="limit-two", phone="+8613712345678")
        found = self.explain(self.customer("user_id", "limit-one"), "user_id:limit-one", "user_id:limit-two")
        refusal = found["refusal"]
        self.assertEqual((refusal["rule"], refusal["kind"], refusal["counts"], refusal["most"]),
                         ("limit", "user_id", [1, 1], 1))
        self.assertEqual(set(refusal["link"]), {"user_id:limit-two", "phone:+8613712345678"})
        whole = self.explain(self.customer("user_id", "limit-one"))
        self.assertEqual([set(link["link"]) for link in whole["links"]],
                         [{"user_id:limit-one", "phone:+8613712345678"}])
        self.assertEqual([set(each["link"]) for each in whole["refusals"]], [set(refusal["link"])])

    def test_a_shared_identifier_is_nobodys_until_it_is_released(self):
        self.send(1, userId="shared-one", email="office@example.com")
        joined = self.customer("user_id", "shared-one")
        self.decide("share", "email:office@example.com")
        self.assertNotEqual(self.customer("user_id", "shared-one"), self.customer("email", "office@example.com"))
        self.decide("release", "email:office@example.com")
        self.assertEqual(self.customer("email", "office@example.com"), joined)
        self.decide("share", "email:office@example.com")
        self.decide("auto", "email:office@example.com")
        self.assertEqual(self.customer("email", "office@example.com"), joined)

    def test_only_admins_decide(self):
        (left, right), before = self.pair_of("rights")
        for key in (ANALYST, WEB, APP):
            self.assertEqual(self.decide("must_link", left, right, key=key, status=403)["code"], "forbidden")
        headers = {"X-Write-Key": APP}
        self.server.post("/v1/identity/assertions", {"type": "must_link"}, headers).expect(403)
        self.server.post("/v1/identity/assertions", {"type": "must_link"}).expect(401)
        self.assertEqual(tuple(self.customer(*each.split(":")) for each in (left, right)), before)

    def test_a_decision_is_about_known_identifiers(self):
        (left, _), _ = self.pair_of("known")
        self.assertIn("b is not known", self.decide("must_link", left, "user_id:nobody", status=404)["detail"])
        self.assertEqual(self.decide("share", "user_id:null", status=404)["code"], "identifier_blocked")
        self.decide("must_link", left, left, status=400)

    def test_a_preview_writes_nothing(self):
        (left, right), before = self.pair_of("preview")
        feed = self.changes()
        names = [dict(zip(("kind", "value"), each.split(":"))) for each in (left, right)]
        body = {"assertions": [{"type": "must_link", "a": names[0], "b": names[1]}]}
        view = self.server.post("/v1/identity/preview", body, key=ADMIN).expect(200).json()
        self.assertEqual((view["merged"], view["split"]), (1, 0))
        sample, = view["samples"]
        self.assertEqual({sample["into"], *sample["from"]}, set(before))
        self.assertEqual(self.changes(), feed)
        self.assertEqual(tuple(self.customer(*each.split(":")) for each in (left, right)), before)


class Erased(Workspace):
    """S13 over HTTP: erased, suppressed, lifted, back as another customer."""

    def erase(self, status: int = 200, **more) -> dict:
        body = {"reason": "asked for it", **more}
        return self.server.post("/v1/erasures", body, key=ADMIN).expect(status).json()

    def records(self) -> float:
        return self.server.metrics()["tributary_log_last_lsn"]

    def counted(self, name: str) -> float:
        return self.server.metrics()[f"tributary_events_{name}_total"]

    def test_the_story(self):
        member = {"kind": "user_id", "value": "erased-member"}
        self.send(1, userId="erased-member", email="erased@shop.example")
        self.send(2, userId="erased-member", anonymousId="erased-device")
        self.send(3, userId="somebody-else", email="else@shop.example")
        old = self.customer("user_id", "erased-member")
        foretold = self.erase(identifier=member, dry_run=True)
        self.assertEqual(foretold["customer_id"], old)
        self.assertEqual(set(foretold["names"]), self.members("user_id", "erased-member"))
        self.assertEqual(foretold["events"], 2)

        done = self.erase(identifier=member, id="er-1")
        self.assertEqual((done["identifiers"], done["events"], done["customer_id"]), (3, 2, old))
        self.assertEqual(self.erase(identifier=member, id="er-1"), done)
        self.erase(404, identifier=member)
        self.erase(409, identifier={"kind": "user_id", "value": "somebody-else"}, id="er-1")
        self.assert_gone(old)
        told = self.changes()[-1]
        self.assertEqual((told["type"], told["from"], told["cause"]["kind"]), ("erased", old, "erasure"))

        # Nothing that names them is stored any more; the answer does not tell.
        before = self.records()
        suppressed = self.counted("suppressed")
        for ids in ({"userId": "erased-member"}, {"anonymousId": "erased-device"},
                    {"userId": "somebody-new", "email": "ERASED@shop.example"}):
            self.send(10, **ids)
        answer = self.server.post("/v1/batch", {"batch": [
            {"type": "track", "event": "a", "userId": "somebody-else", "messageId": "kept-1"},
            {"type": "track", "event": "b", "userId": "erased-member", "messageId": "dropped"},
            {"type": "track", "event": "c", "userId": "somebody-else", "messageId": "kept-2"}]}, write_key=APP)
        self.assertEqual(answer.expect(200).json()["accepted"], 3)
        self.assertEqual(self.counted("suppressed") - suppressed, 4)
        self.assertEqual(self.records() - before, 2)
        self.assertIsNone(self.server.lookup("user_id", "somebody-new"))
        self.assert_gone(old)

        self.server.restart(kill=True)
        self.assert_gone(old)
        before = self.records()
        self.send(11, userId="erased-member")
        self.assertEqual(self.records(), before)

        lifted = self.server.post("/v1/erasures/er-1/lift", {"reason": "is back", "id": "er-1"}, key=ADMIN)
        lifted = lifted.expect(200).json()
        self.assertEqual(lifted["lifted"]["reason"], "is back")
        late = self.counted("erased_late")
        self.send(12, userId="erased-member")
        self.assertEqual(self.counted("erased_late") - late, 1)
        self.assertEqual(self.records(), before + 1)  # the lift itself
        self.assert_gone(old)
        self.server.post("/v1/track", {"event": "Back", "userId": "erased-member", "anonymousId": "new-device"},
                         write_key=APP).expect(200)
        back = self.server.lookup("user_id", "erased-member", verbose=True)
        self.assertEqual((back["events"], len(back["identifiers"])), (1, 2))
        self.assertNotEqual(back["customer_id"], old)
        self.assertNotIn("from", str(back["identifiers"]))
        self.assertIsNone(self.server.profile(old))
        self.assertIsNone(self.server.lookup("email", "erased@shop.example"))
        self.rebuilt_is_the_same()

    def assert_gone(self, old: str):
        for kind, value in (("user_id", "erased-member"), ("email", "erased@shop.example"),
                            ("anonymous_id", "erased-device")):
            self.assertIsNone(self.server.lookup(kind, value))
        for path in ("", "/events", "/explain", "/changes", "/history"):
            self.server.get(f"/v1/profiles/{old}{path}", key=ANALYST).expect(404)
        self.assertEqual(self.server.lookup("user_id", "somebody-else")["customer_id"],
                         self.customer("email", "else@shop.example"))

    def rebuilt_is_the_same(self):
        def seen():
            return (self.server.lookup("user_id", "erased-member", verbose=True),
                    self.server.lookup("user_id", "somebody-else", verbose=True), self.changes(),
                    self.server.get("/v1/erasures", key=ADMIN).expect(200).json())
        before = seen()
        self.server.stop()
        rebuilt = run_command(self.server, "rebuild")
        self.assertEqual(rebuilt.returncode, 0, rebuilt.stderr)
        self.server.start()
        self.assertEqual(seen(), before)

    def test_events_that_are_under_way_leave_nothing(self):
        """Senders that go on while somebody is erased: what came before is erased, what comes after is not taken."""
        self.send(20, userId="busy-member", email="busy@shop.example")
        stop = threading.Event()
        answers = []

        headers = {"Authorization": basic(APP), "Content-Type": "application/json"}

        def go_on(writer: int):
            with self.server.client() as client:
                for number in range(100000):
                    if stop.is_set():
                        return
                    body = {"type": "track", "event": "e", "userId": "busy-member",
                            "anonymousId": f"busy-{writer}-{number % 7}", "timestamp": BASE_DAY.format(30)}
                    answers.append(client.request("POST", "/v1/batch", {"batch": [body]}, headers).status)
        writers = [threading.Thread(target=go_on, args=(n,)) for n in range(4)]
        for writer in writers:
            writer.start()
        self.server.wait_until(lambda: len(answers) > 100, what="some events")
        self.erase(identifier={"kind": "user_id", "value": "busy-member"})
        seen = len(answers)
        self.server.wait_until(lambda: len(answers) > seen + 100, what="more events")
        stop.set()
        for writer in writers:
            writer.join()
        self.assertEqual(set(answers), {200})
        self.assertIsNone(self.server.lookup("user_id", "busy-member"))
        for writer in range(4):
            for number in range(7):
                self.assertIsNone(self.server.lookup("anonymous_id", f"busy-{writer}-{number}"))

    def test_a_claimed_identifier_erases_nobody(self):
        self.send(40, WEB, userId="claimed-member", email="claimed@shop.example")
        refused = self.erase(409, identifier={"kind": "email", "value": "claimed@shop.example"})
        self.assertIn("claimed", refused["detail"])
        self.erase(customer_id=self.customer("email", "claimed@shop.example"))
        self.assertIsNone(self.server.lookup("email", "claimed@shop.example"))

    def test_only_admins_erase(self):
        self.send(50, userId="stays")
        body = {"identifier": {"kind": "user_id", "value": "stays"}, "reason": "x"}
        self.server.post("/v1/erasures", body, key=ANALYST).expect(403)
        self.server.get("/v1/erasures", key=ANALYST).expect(403)
        self.server.post("/v1/erasures/er-1/lift", {"reason": "x"}, key=ANALYST).expect(403)
        self.assertIsNotNone(self.server.lookup("user_id", "stays"))


class OtherRules(Workspace):
    """A stranger claims a known address: by default believed, under `guarded` not."""

    def rules(self) -> dict:
        return self.server.get("/v1/identity/rules", key=ANALYST).expect(200).json()

    def activate(self, based_on: int, rules: dict, status: int = 200) -> dict:
        body = {"based_on": based_on, "rules": rules, "reason": "strangers claim addresses", "author": "li@shop.example"}
        answer = self.server.request("PUT", "/v1/identity/rules", body, {"Authorization": f"Bearer {ADMIN}"})
        return answer.expect(status).json()

    def wait_until_applied(self):
        self.server.wait_until(lambda: not self.rules()["applying"], 30 * SLOW, "rules are applied")

    def test_the_story(self):
        self.send(1, anonymousId="claims-visitor", email="known@example.com", phone="+8613612345678")
        self.send(2, WEB, userId="stranger", anonymousId="strangers-browser", email="known@example.com")
        joined = self.customer("user_id", "stranger")
        self.assertEqual(self.customer("phone", "+8613612345678"), joined)
        first = self.rules()
        self.assertEqual((first["version"], first["author"], first["at"]), (1, "", None))
        guarded = {**first["rules"], "claims": "guarded"}

        view = self.server.post("/v1/identity/preview", {"rules": guarded}, key=ADMIN).expect(200).json()
        self.assertEqual(view["customers"], {"before": 1, "after": 2})
        self.assertEqual((view["split"], view["merged"], view["rules_version"]), (1, 0, 1))
        self.assertEqual(view["refusals"]["after"].get("join_not_trusted"), 1)
        self.assertEqual([sample["from"] for sample in view["samples"]], [joined])
        self.assertEqual(self.rules(), first, "a preview writes nothing")
        self.assertEqual(self.customer("user_id", "stranger"), joined)

        second = self.activate(1, guarded)
        self.assertEqual((second["version"], second["author"]), (2, "li@shop.example"))
        self.assertEqual(second["rules"], guarded)
        self.wait_until_applied()
        parts = {self.customer("user_id", "stranger"), self.customer("phone", "+8613612345678")}
        self.assertEqual(len(parts), 2)
        found = self.explain(joined, "user_id:stranger", "email:known@example.com")
        self.assertEqual(found["refusal"]["rule"], "join_not_trusted")
        changes = self.changes()
        self.assertIn("rules_activated", [change["type"] for change in changes])
        split, = (change for change in changes if change["type"] == "split")
        self.assertEqual((split["from"], set(split["into"]), split["cause"]["kind"]), (joined, parts, "rules"))

        self.assertEqual(self.activate(1, guarded, 409)["code"], "conflict")
        self.activate(2, first["rules"])
        self.wait_until_applied()
        self.assertEqual(self.customer("user_id", "stranger"), joined, "there and back is as before")
        self.assertEqual(self.customer("phone", "+8613612345678"), joined)

    def test_mistakes_are_listed_with_their_place(self):
        body = '{"based_on":1,"reason":"r",\n"rules":{\n  "claims":"nonsense"}}'
        answer = self.server.request("PUT", "/v1/identity/rules", body, {"Authorization": f"Bearer {ADMIN}"}).expect(422)
        self.assertEqual([mistake["line"] for mistake in answer.json()["mistakes"]], [3])

    def test_only_admins_change_them(self):
        for key, status in ((ANALYST, 403), (WEB, 403), ("sk_unknown", 401)):
            self.server.request("PUT", "/v1/identity/rules", {}, {"Authorization": f"Bearer {key}"}).expect(status)


class Feed(Workspace):
    def join(self, name: str):
        """Something that makes one change."""
        self.send(1, userId=f"{name}-u")
        self.send(2, anonymousId=f"{name}-browser", email=f"{name}@example.com")
        self.send(3, userId=f"{name}-u", email=f"{name}@example.com")

    def test_pages_and_restarts_give_the_same_feed(self):
        for name in ("feed-alpha", "feed-beta", "feed-gamma"):
            self.join(name)
        whole = self.changes()
        self.assertGreaterEqual(len(whole), 3)
        self.assertEqual(self.changes(limit=1), whole)
        self.assertEqual(len({change["seq"] for change in whole}), len(whole))
        places = [tuple(map(int, change["seq"].split(":"))) for change in whole]
        self.assertEqual(places, sorted(places))
        for change in whole:
            if change["type"] == "merged":
                for customer in (change["into"], *change["from"]):
                    self.assertIn(change, self.history(customer))
        self.server.restart(kill=True)
        self.assertEqual(self.changes(), whole)

    def test_a_waiting_reader_is_told_when_something_comes(self):
        page = self.server.get("/v1/identity/changes?limit=1000", key=ANALYST).expect(200).json()
        query = urllib.parse.urlencode({"cursor": page["next_cursor"], "wait": 30})
        answers = []

        def wait():
            with self.server.client(timeout=60) as client:
                answers.append(client.request("GET", f"/v1/identity/changes?{query}", None,
                                              {"Authorization": f"Bearer {ANALYST}"}))
        reader = threading.Thread(target=wait)
        started = time.monotonic()
        reader.start()
        self.join("feed-waited")
        reader.join(60)
        self.assertLess(time.monotonic() - started, 10 * SLOW)
        self.assertEqual([change["type"] for change in answers[0].expect(200).json()["changes"]], ["merged"])

    def test_a_reader_does_not_hold_up_the_end_of_the_server(self):
        with Server() as server, server.client(timeout=60) as client:
            def wait():
                client.request("GET", "/v1/identity/changes?wait=30", None, {"Authorization": f"Bearer {ANALYST}"})
            reader = threading.Thread(target=wait)
            reader.start()
            # The connection that asks is one of them.
            server.wait_until(lambda: server.metrics().get("tributary_http_connections") >= 2, what="the reader is there")
            started = time.monotonic()
            self.assertEqual(server.stop(timeout=30), 0)
            self.assertLess(time.monotonic() - started, 4 * SLOW, "until the reader's next look")
            reader.join(30)


class DecisionsUnderLoad(Workspace):
    """Four people, whose events come in while somebody ties and parts two of them again and again."""

    PEOPLE = ["load-a", "load-b", "load-c", "load-d"]
    WRITERS, BATCHES, PER_BATCH, DECISIONS = 4, 40, 25, 120

    def total(self) -> int:
        """Each customer once, as readers see them one after the other."""
        seen = {}
        for person in self.PEOPLE:
            profile = self.server.lookup("user_id", person)
            seen[profile["customer_id"]] = profile
        return sum(profile["traits"].get("orders", 0) for profile in seen.values())

    def write(self, writer: int) -> None:
        headers = {"Authorization": "Basic " + base64.b64encode(f"{APP}:".encode()).decode()}
        with self.server.client(timeout=60) as client:
            for batch in range(self.BATCHES):
                events = [{"type": "identify", "userId": self.PEOPLE[n % 4], "messageId": f"load-{writer}-{batch}-{n}",
                           "traits": {"$increment": {"orders": 1}}} for n in range(self.PER_BATCH)]
                client.request("POST", "/v1/batch", {"batch": events}, headers).expect(200)

    def test_nothing_is_lost_or_doubled(self):
        for second, person in enumerate(self.PEOPLE):
            self.send(second, userId=person)
        writers = [threading.Thread(target=self.write, args=(n,)) for n in range(self.WRITERS)]
        for writer in writers:
            writer.start()
        for n in range(self.DECISIONS):
            kind = ("must_link", "unlink", "cannot_link")[n % 3]
            self.decide(kind, f"user_id:{self.PEOPLE[n % 2]}", f"user_id:{self.PEOPLE[2]}")
        for writer in writers:
            writer.join(120)
        for pair in ((0, 2), (1, 2)):
            self.decide("unlink", *(f"user_id:{self.PEOPLE[n]}" for n in pair))
        self.assertEqual(len({self.customer("user_id", person) for person in self.PEOPLE}), 4)
        self.assertEqual(self.total(), self.WRITERS * self.BATCHES * self.PER_BATCH)
        before = [self.server.lookup("user_id", person) for person in self.PEOPLE]
        whole = self.changes()
        self.server.restart(kill=True)
        self.assertEqual([self.server.lookup("user_id", person) for person in self.PEOPLE], before)
        self.assertEqual(self.changes(), whole)


if __name__ == "__main__":
    if len(sys.argv) > 1 and os.path.isfile(sys.argv[1]):
        os.environ["TRIBUTARY_BINARY"] = sys.argv.pop(1)
    unittest.main()
