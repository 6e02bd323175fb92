"""The base record of a customer: saved by events in any order, edited and made by the API, with numbers nobody ever had."""
import concurrent.futures
import datetime
import itertools
import pathlib
import re
import sys
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from tributary import ADMIN, ANALYST, APP, WEB, Server, sample_config  # noqa: E402


def config() -> dict:
    served = sample_config()
    for source in served["sources"]:
        source["default_country"] = "CN"
    return served


PERSON = {"name": "李四", "email": "li.si@example.com"}
COMPANY = {"name": "澄江科技（北京）有限公司", "contact_name": "王芳", "contact_phone": "138 0000 1234"}


class Records(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(config())
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.user = f"u-{uuid.uuid4()}"

    def save(self, at: str, user: str = "", write_key: str = APP, **properties):
        body = {"userId": user or self.user, "event": "Customer Record Saved", "timestamp": at, "properties": properties,
                "messageId": str(uuid.uuid4())}
        self.server.post("/v1/track", body, write_key=write_key).expect(200)

    def look_up(self, kind: str = "user_id", value: str = "", suffix: str = ""):
        headers = {"Authorization": f"Bearer {ANALYST}"}
        return self.server.request("POST", "/v1/profiles/lookup" + suffix, {"kind": kind, "value": value or self.user}, headers)

    def record(self, user: str = "", suffix: str = "") -> dict:
        return self.look_up(value=user, suffix=suffix).expect(200).json()["record"]

    def change(self, customer: str, fields: dict, if_match: str | None, key: str = ADMIN, **headers):
        headers["Authorization"] = f"Bearer {key}"
        if if_match is not None:
            headers["If-Match"] = if_match
        return self.server.request("PATCH", f"/v1/profiles/{customer}", {"fields": fields}, headers)

    def create(self, fields: dict, key: str = ADMIN, **headers):
        headers["Authorization"] = f"Bearer {key}"
        return self.server.request("POST", "/v1/profiles", {"fields": fields}, headers)

    def new_person(self, **fields) -> tuple[str, str, dict]:
        answer = self.create({"name": "n", "email": f"{uuid.uuid4()}@example.com", **fields}).expect(201)
        return answer.json()["customer_id"], answer.headers["ETag"], answer.json()["record"]

    def refused(self, answer, status: int) -> dict:
        return {mistake["field"]: mistake["code"] for mistake in answer.expect(status).json()["mistakes"]}

    def test_keep_latest_in_any_order_of_arrival(self):
        saves = [("2023-10-01T00:00:00Z", {**COMPANY, "industry": "零售业", "address": "X"}),
                 ("2023-10-15T00:00:00Z", {**COMPANY, "industry": "制造业", "address": ""}),
                 ("2023-10-10T00:00:00Z", {"partial": True, "owner": "zhang", "size": None})]
        for number, arrival in enumerate(itertools.permutations(saves)):
            user = f"{self.user}-{number}"
            for at, properties in arrival:
                self.save(at, user, **properties)
            record = self.record(user)
            self.assertEqual(record["fields"]["industry"], "manufacturing")
            self.assertEqual(record["fields"]["address"], "X")
            self.assertEqual(record["fields"]["name"], "澄江科技(北京)有限公司")
            self.assertEqual(record["fields"]["contact_phone"], "+8613800001234")
            self.assertEqual(record["updated_at"], "2023-10-15T00:00:00.000Z")
            self.assertEqual(record["created_at"], "2023-10-01T00:00:00.000Z")
        told = self.record(user, "?verbose")["fields"]["industry"]
        self.assertEqual((told["value"], [word["value"] for word in told["candidates"]]), ("manufacturing", ["retail"]))

    def test_completeness_as_of(self):
        self.save("2026-10-16T02:00:00Z", **COMPANY, size="medium", contact_title="总监", source="referral",
                  first_contact_date="2026-10-01", status="potential", owner="zhang")
        before = self.record(suffix="?as_of=2026-10-21T01:59:59Z")
        self.assertEqual((before["completeness"], before["completion_state"], before["missing"], before["completion_due_at"]),
                         (90, "pending", ["industry"], "2026-10-21T02:00:00.000Z"))
        self.assertEqual(self.record(suffix="?as_of=2026-10-21T02:00:00Z")["completion_state"], "incomplete")
        self.save("2026-10-22T00:00:00Z", partial=True, industry="制造业-汽车零部件", province="浙江省", annual_budget="10万")
        after = self.record()
        self.assertEqual((after["completeness"], after["completion_state"]), (100, "complete"))
        classes = self.look_up().expect(200).json()["classification"]
        self.assertEqual((classes["region"], classes["budget_band"]), ("east_china", "100k_to_500k"))
        self.assertEqual(after["fields"]["annual_budget"], {"minor": 10000000, "currency": "CNY"})

    def test_what_cannot_be_saved_is_noted(self):
        self.save("2026-10-16T02:00:00Z", name="李四")
        profile = self.look_up().json()
        self.assertEqual((profile["record"], profile["grade"]), (None, "known"))
        self.assertIn("property_missing", self.server.events(profile["customer_id"])[0]["flags"])
        self.save("2026-10-17T02:00:00Z", **PERSON, phone="1.38E+10", birthday="10/11/1990")
        profile = self.look_up().json()
        self.assertEqual(profile["grade"], "registered")
        self.assertEqual({(flag["field"], flag["code"]) for flag in profile["record"]["flags"]},
                         {("phone", "phone_mangled"), ("birthday", "date_ambiguous")})
        self.save("2026-10-18T02:00:00Z", write_key=WEB, **PERSON, industry="retail")
        self.assertNotIn("industry", self.record()["fields"])

    def test_what_else_becomes_of_the_customer_is_no_change_of_the_record(self):
        customer, etag, record = self.new_person()
        for event in ("Product Viewed", "Order Completed", "Call Completed"):
            properties = {"product_id": "p", "category": "toy", "order_id": customer, "currency": "CNY", "total": 5, "direction": "inbound"}
            body = {"userId": f"of {customer}", "context": {"traits": {"email": record["fields"]["email"]}}, "event": event, "properties": properties}
            self.server.post("/v1/track", body, write_key=APP).expect(200)
        profile = self.server.get(f"/v1/profiles/{customer}", key=ANALYST)
        self.assertEqual((profile.json()["value"]["orders_count"], profile.json()["interactions"]["count"]), (1, 1))
        self.assertEqual(profile.headers["ETag"], etag)
        self.change(customer, {"address": "X"}, etag).expect(200)

    def test_change(self):
        customer, etag, record = self.new_person(industry="retail")
        self.assertEqual(self.change(customer, {"industry": "other"}, None).expect(428).json()["code"], "precondition_required")
        self.assertEqual(self.change(customer, {"industry": "other"}, '"old"').expect(412).json()["code"], "precondition_failed")
        self.change(customer, {"industry": "other"}, etag, key=ANALYST).expect(403)
        answer = self.change(customer, {"industry": "服务业", "address": "X"}, etag).expect(200)
        changed = answer.json()["record"]
        self.assertEqual((changed["fields"]["industry"], changed["fields"]["address"]), ("services", "X"))
        self.assertNotEqual(answer.headers["ETag"], etag)
        self.assertEqual(self.server.get(f"/v1/profiles/{customer}", key=ANALYST).headers["ETag"], answer.headers["ETag"])
        cleared = self.change(customer, {"address": None}, f'"other", {answer.headers["ETag"]}').expect(200)
        self.assertNotIn("address", cleared.json()["record"]["fields"])
        self.change(customer, {"address": "Y"}, etag).expect(412)
        told = self.server.profile(customer, verbose=True)["record"]["fields"]["industry"]
        self.assertEqual((told["actor"], told["source_kind"]), ("admin", "staff"))
        self.assertEqual(self.server.events(customer)[0]["name"], "Customer Record Saved")

    def test_refused_changes_save_nothing(self):
        customer, etag, record = self.new_person(status="潜在客户")
        mistakes = self.refused(self.change(customer, {"industry": "软件", "phone": "138****1234", "address": "X"}, etag), 422)
        self.assertEqual(mistakes, {"industry": "enum_unknown", "phone": "value_masked"})
        for fields, expected in [({"status": "won"}, {"status": "approval_needed"}), ({"nme": "x"}, {"nme": "field_unknown"}),
                                 ({"name": None}, {"name": "required_missing"}),
                                 ({"email": None}, {"phone_or_email": "required_missing"}),
                                 ({"status": "跟进中"}, {"status": "status_vague"}),
                                 ({"customer_type": "organisation"},
                                  {"contact_name": "required_missing", "contact_phone": "required_missing"}),
                                 ({"customer_no": "CX20231001001"}, {"customer_no": "read_only"})]:
            self.assertEqual(self.refused(self.change(customer, fields, etag), 422), expected, fields)
        for body in [{}, {"fields": 1}, {"fields": {}, "more": 1}, []]:
            headers = {"Authorization": f"Bearer {ADMIN}", "If-Match": etag}
            self.server.request("PATCH", f"/v1/profiles/{customer}", body, headers).expect(400)
        self.change(customer, {}, etag).expect(400)
        self.assertEqual(self.server.get(f"/v1/profiles/{customer}", key=ANALYST).headers["ETag"], etag)
        self.change(customer, {"status": "potential", "owner": "zhang"}, etag).expect(200)

    def test_no_concurrent_change_is_lost(self):
        customer, etag, record = self.new_person(address="0")
        done = 0
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for _ in range(10):
                answers = list(pool.map(lambda n: self.change(customer, {"address": f"{n}"}, etag), range(8)))
                self.assertLessEqual({answer.status for answer in answers}, {200, 409, 412})
                [won] = [answer for answer in answers if answer.status == 200]
                etag = won.headers["ETag"]
                done += 1
                self.assertEqual(self.server.get(f"/v1/profiles/{customer}", key=ANALYST).headers["ETag"], etag)
        told = self.server.profile(customer, verbose=True)["record"]["fields"]["address"]
        self.assertEqual(len(told["candidates"]), done)

    def test_of_records_made_at_once_one_has_the_identifier(self):
        for number in range(5):
            email = f"{uuid.uuid4()}@example.com"
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                answers = list(pool.map(lambda n: self.create({"name": f"n{n}", "email": email}), range(4)))
            self.assertEqual(sorted(answer.status for answer in answers), [201, 409, 409, 409], number)

    def test_an_identifier_of_another_record_cannot_be_taken(self):
        ann, ann_etag, record = self.new_person()
        bob, bob_etag, _ = self.new_person()
        email = record["fields"]["email"]
        self.assertEqual(self.change(bob, {"email": email}, bob_etag).expect(409).json()["customer_id"], ann)
        self.change(ann, {"email": email, "address": "A"}, ann_etag).expect(200)

    def test_the_last_of_many_saves_counts(self):
        """20,000 are read of a customer: the newest."""
        saves = [{"type": "track", "userId": self.user, "event": "Customer Record Saved", "messageId": f"{self.user}-{n}",
                  "timestamp": f"2026-01-01T00:00:00.{n:06}Z",
                  "properties": {"customer_type": "person", "name": f"n{n}", "phone": "+8613812345678"}} for n in range(20_200)]
        for first in range(0, len(saves), 5_000):
            self.server.post("/v1/batch", {"batch": saves[first:first + 5_000]}, write_key=APP).expect(200)
        self.assertEqual(self.record()["fields"]["name"], "n20199")

    def test_one_idempotency_key_never_hides_a_change(self):
        once = {"Idempotency-Key": str(uuid.uuid4())}
        ann, ann_etag, _ = self.new_person()
        bob, bob_etag, _ = self.new_person()
        changed = self.change(ann, {"address": "A"}, ann_etag, **once).expect(200)
        self.assertEqual(self.change(bob, {"address": "B"}, bob_etag, **once).expect(200).json()["record"]["fields"]["address"], "B")
        self.assertEqual(self.change(ann, {"address": "C"}, changed.headers["ETag"], **once).expect(409).json()["code"], "conflict")
        self.assertEqual(self.server.profile(ann)["record"]["fields"]["address"], "A")

    def test_created_with_a_number_that_finds_it(self):
        answer = self.create({**COMPANY, "uscc": "91350100M000100Y43"}).expect(201)
        profile = answer.json()
        number = profile["record"]["fields"]["customer_no"]
        today = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))).strftime("%Y%m%d")
        self.assertRegex(number, f"^CX{today}[0-9]{{3,}}$")
        self.assertEqual(answer.headers["Location"], f"/v1/profiles/{profile['customer_id']}")
        wide = "".join(chr(ord(c) + 0xFEE0) for c in number)
        for spelling in (number, number.lower(), wide):
            self.assertEqual(self.look_up("customer_no", spelling).expect(200).json()["customer_id"], profile["customer_id"])
        self.assertEqual({identifier["kind"] for identifier in profile["identifiers"]}, {"customer_no", "uscc"})
        again = self.create({**COMPANY, "uscc": "91350100M000100Y43"})
        self.assertEqual(again.expect(409).json()["customer_id"], profile["customer_id"])
        self.create({**COMPANY, "customer_no": number}).expect(409)
        self.assertEqual(self.refused(self.create({"name": "x"}), 422), {"phone_or_email": "required_missing"})
        self.create(PERSON, key=ANALYST).expect(403)

    def test_a_known_visitor_becomes_registered(self):
        phone = "1391234" + str(uuid.uuid4().int)[:4]
        body = {"userId": self.user, "event": "Seen", "messageId": self.user, "context": {"traits": {"phone": phone}}}
        self.server.post("/v1/track", body, write_key=APP).expect(200)
        created = self.create({"name": "n", "phone": phone}).expect(201).json()
        self.assertEqual(self.look_up().json()["customer_id"], created["customer_id"])
        self.create({"name": "n", "phone": phone}).expect(409)

    def test_numbers_are_never_shared_and_never_used_again(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda _: self.new_person()[2]["fields"]["customer_no"], range(40)))
        self.assertEqual(len(set(made)), 40)
        newest = max(made)
        customer = self.look_up("customer_no", newest).json()["customer_id"]
        erasure = {"customer_id": customer, "reason": "asked for it"}
        self.server.request("POST", "/v1/erasures", erasure, {"Authorization": f"Bearer {ADMIN}"}).expect(200)
        self.look_up("customer_no", newest).expect(404)
        self.server.restart(kill=True)
        self.assertGreater(int(re.sub("[^0-9]", "", self.new_person()[2]["fields"]["customer_no"])),
                           int(re.sub("[^0-9]", "", newest)))

    def test_an_erased_identifier_is_refused_until_it_is_lifted(self):
        gone, bob = self.new_person(), self.new_person()
        email, erasure = gone[2]["fields"]["email"], f"er-{uuid.uuid4()}"
        admin = {"Authorization": f"Bearer {ADMIN}"}
        body = {"customer_id": gone[0], "reason": "asked for it", "id": erasure}
        self.server.request("POST", "/v1/erasures", body, admin).expect(200)
        expected = {"email": "erased_identifier"}
        self.assertEqual(self.refused(self.create({"name": "n", "email": email}), 422), expected)
        self.assertIn("/lift", self.create({"name": "n", "email": email}).json()["detail"])
        self.assertEqual(self.refused(self.change(bob[0], {"email": email, "industry": "retail"}, bob[1]), 422), expected)
        self.assertEqual(self.look_up("email", bob[2]["fields"]["email"]).json()["record"], bob[2])
        pair = {"type": "must_link", "a": {"kind": "email", "value": email},
                "b": {"kind": "email", "value": bob[2]["fields"]["email"]}, "reason": "one person"}
        self.server.request("POST", "/v1/identity/assertions", pair, admin).expect(404)
        self.server.request("POST", f"/v1/erasures/{erasure}/lift", {"reason": "is back"}, admin).expect(200)
        back = self.create({"name": "n", "email": email}).expect(201).json()
        self.assertNotEqual(back["customer_id"], gone[0])

    def test_saved_numbers_and_contacts_identify_persons(self):
        number = "CX2023100" + str(uuid.uuid4().int)[:3]
        mail = f"{uuid.uuid4()}@example.com"
        self.save("2026-10-16T02:00:00Z", name="李四", email=mail, customer_no=number.lower())
        found = self.look_up("customer_no", number).expect(200).json()
        self.assertEqual(found["customer_id"], self.look_up("email", mail).json()["customer_id"])
        trust = {identifier["kind"]: identifier["trust"] for identifier in found["identifiers"]}
        self.assertEqual(trust, {"user_id": "verified", "customer_no": "verified", "email": "verified"})
        company = f"{self.user}-company"
        self.save("2026-10-16T02:00:00Z", company, **COMPANY, phone="13900001111", email=f"x{mail}")
        kinds = [identifier["kind"] for identifier in self.look_up(value=company).json()["identifiers"]]
        self.assertEqual(kinds, ["user_id"])


if __name__ == "__main__":
    unittest.main()
