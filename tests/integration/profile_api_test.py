"""Segment's Profile API, asked as its documentation shows: https://segment.com/docs/unify/profile-api/"""
import json
import pathlib
import sys
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from tributary import ANALYST, APP, WEB, Server, basic, sample_config  # noqa: E402


class ProfileApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(sample_config())
        cls.addClassCleanup(cls.server.close)
        cls.tell("identify", "i1", "2026-01-01T00:00:00Z", userId="bob/1+1", anonymousId="device-1", traits={
            "first_name": "Bob", "phone": "+8613800001234", "city": "杭州", "big": 12345678901234567890123})
        for number in range(5):
            cls.tell("track", f"t{number}", f"2026-02-0{number + 1}T00:00:00Z", userId="bob/1+1",
                     event="Viewed" if number % 2 else "Bought", properties={"n": number, "exact": 1.10},
                     context={"ip": "1.2.3.4"})
        cls.tell("identify", "i2", "2026-03-01T00:00:00Z", userId="bob/1+1", context={
            "externalIds": [{"id": "张三", "type": "crm", "collection": "users", "encoding": "none"}]}, traits={})
        for number, group in enumerate(("acme", "globex", "acme")):
            cls.tell("group", f"g{number}", f"2026-04-0{number + 1}T00:00:00Z", userId="bob/1+1", groupId=group)

    @classmethod
    def tell(cls, verb, message_id, at, write_key=APP, **fields):
        body = {"messageId": message_id, "timestamp": at, **fields}
        cls.server.post(f"/v1/{verb}", body, write_key=write_key).expect(200)

    def ask(self, external_id, route, status=200, space="default", collection="users", **query):
        path = f"/v1/spaces/{space}/collections/{collection}/profiles/{urllib.parse.quote(external_id, safe=':')}/{route}"
        if query:
            path += "?" + urllib.parse.urlencode(query)
        answer = self.server.request("GET", path, None, {"Authorization": basic(ANALYST)})
        self.assertEqual(answer.status, status, answer)
        self.assertTrue(answer.headers["Request-Id"])
        self.assertEqual(answer.headers.get_content_type(), "application/json")
        self.assertNotIn("Access-Control-Allow-Origin", answer.headers)
        return answer.json()

    def pages(self, external_id, route, member, **query):
        found, seen = [], 0
        while True:
            answer = self.ask(external_id, route, **query)
            found.append(answer[member])
            cursor = answer["cursor"]
            self.assertEqual(cursor["limit"], query.get("limit", 10))
            self.assertTrue(cursor["url"].endswith("/" + route), cursor)
            if not cursor["has_more"]:
                self.assertEqual(cursor["next"], "")
                return found
            query["next"] = cursor["next"]
            seen += 1
            self.assertLess(seen, 50)

    def test_every_identifier_finds_the_profile(self):
        for external_id in ("user_id:bob/1+1", "anonymous_id:device-1", "phone:+8613800001234", "phone:+86 138-0000-1234",
                            "crm:张三", self.server.lookup("user_id", "bob/1+1")["customer_id"]):
            with self.subTest(external_id):
                self.assertEqual(self.ask(external_id, "traits", include="first_name")["traits"], {"first_name": "Bob"})

    def test_traits(self):
        answer = self.ask("user_id:bob/1+1", "traits")
        self.assertEqual(answer["traits"]["city"], "杭州")
        self.assertEqual(answer["traits"]["big"], 12345678901234567890123)
        self.assertEqual(answer["cursor"]["url"],
                         "/v1/spaces/default/collections/users/profiles/user_id%3Abob%2F1%2B1/traits")
        verbose = self.ask("user_id:bob/1+1", "traits", include="city,first_name,none", verbose="true")["traits"]
        self.assertEqual(set(verbose), {"city", "first_name"})
        self.assertEqual(verbose["city"], {"value": "杭州", "source_id": "app", "updated_at": "2026-01-01T00:00:00.000Z"})
        self.assertEqual(self.ask("user_id:bob/1+1", "traits", **{"class": "audience"})["traits"], {})

    def test_traits_in_pages(self):
        whole = self.ask("user_id:bob/1+1", "traits", limit=200)["traits"]
        pages = self.pages("user_id:bob/1+1", "traits", "traits", limit=1)
        self.assertEqual([len(page) for page in pages], [1] * len(whole))
        self.assertEqual({name: value for page in pages for name, value in page.items()}, whole)

    def test_external_ids_name_their_first_event(self):
        data = self.ask("user_id:bob/1+1", "external_ids", limit=200)["data"]
        found = {entry["type"]: entry for entry in data}
        self.assertEqual(found["crm"], {
            "source_id": "app", "collection": "users", "id": "张三", "type": "crm", "created_at": "2026-03-01T00:00:00.000Z",
            "encoding": "none", "first_message_id": "i2"})
        self.assertEqual(found["user_id"]["first_message_id"], "i1")
        self.assertEqual(found["phone"]["id"], "+8613800001234")
        only = self.ask("user_id:bob/1+1", "external_ids", include="user_id,anonymous_id")["data"]
        self.assertEqual([entry["type"] for entry in only], ["anonymous_id", "user_id"])
        pages = self.pages("user_id:bob/1+1", "external_ids", "data", limit=1)
        self.assertEqual([entry for page in pages for entry in page], data)

    def test_events_both_ways(self):
        down = self.ask("user_id:bob/1+1", "events", limit=200)["data"]
        self.assertEqual([entry["message_id"] for entry in down],
                         ["g2", "g1", "g0", "i2", "t4", "t3", "t2", "t1", "t0", "i1"])
        up = self.ask("user_id:bob/1+1", "events", limit=200, sort="asc")["data"]
        self.assertEqual(up, down[::-1])
        for sort, wanted in (("asc", up), ("desc", down)):
            pages = self.pages("user_id:bob/1+1", "events", "data", limit=3, sort=sort)
            self.assertEqual([entry for page in pages for entry in page], wanted)

    def test_an_event_as_it_came(self):
        entry = self.ask("user_id:bob/1+1", "events", include="Bought", limit=1)["data"][0]
        customer = self.server.lookup("user_id", "bob/1+1")["customer_id"]
        self.assertEqual(entry, {
            "external_ids": [{"collection": "users", "type": "user_id", "id": "bob/1+1", "encoding": "none"}],
            "context": {"ip": "1.2.3.4"}, "type": "track", "message_id": "t4", "source_id": "app",
            "timestamp": "2026-02-05T00:00:00.000Z", "properties": {"n": 4, "exact": 1.1}, "event": "Bought",
            "related": {"users": customer}})

    def test_events_are_filtered(self):
        def ids(**query):
            return [entry["message_id"] for entry in self.ask("user_id:bob/1+1", "events", limit=200, **query)["data"]]
        self.assertEqual(ids(include="Bought,Viewed", sort="asc"), ["t0", "t1", "t2", "t3", "t4"])
        self.assertEqual(ids(exclude="Bought", start="2026-02-01", end="2026-03-01"), ["t3", "t1"])
        self.assertEqual(ids(start="2026-02-02T00:00:00Z", end="2026-02-03", sort="asc"), ["t1"])
        self.assertEqual(ids(start="2030-01-01"), [])

    def test_metadata(self):
        self.assertEqual(self.ask("user_id:bob/1+1", "metadata")["metadata"], {
            "created_at": "2026-01-01T00:00:00.000Z", "updated_at": "2026-04-03T00:00:00.000Z", "expires_at": None,
            "first_message_id": "i1", "first_source_id": "app", "last_message_id": "g2", "last_source_id": "app"})

    def test_links_are_groups(self):
        data = self.ask("user_id:bob/1+1", "links")["data"]
        self.assertEqual([link["external_ids"][0]["id"] for link in data], ["acme", "globex"])
        self.assertEqual(data[0]["external_ids"][0]["created_at"], "2026-04-01T00:00:00.000Z")
        self.assertEqual(len(self.ask("user_id:bob/1+1", "links", limit=1)["data"]), 1)

    def test_who_is_not_there(self):
        for external_id in ("user_id:nobody", "phone:nonsense", "email:", "nothing", ":", "user_id:", "a" * 26, "user_id:%%"):
            with self.subTest(external_id):
                error = self.ask(external_id, "traits", status=404)["error"]
                self.assertEqual(error, {"code": "not_found", "message": "Profile was not found."})
        self.ask("user_id:bob/1+1", "traits", status=404, space="other")
        self.ask("user_id:bob/1+1", "traits", status=404, collection="accounts")

    def test_what_is_wrong_is_named(self):
        error = self.ask("user_id:bob/1+1", "traits", status=400, collection="users!")["error"]
        self.assertEqual(error, {"code": "invalid_request_error",
                                 "message": "The parameter `collection` has invalid character(s) `!`"})
        error = self.ask("us张er:bob", "traits", status=400)["error"]
        self.assertEqual(error["message"], "The parameter `type` has invalid character(s) `张`")
        for route, query in (("events", {"start": "soon"}), ("events", {"sort": "up"}), ("events", {"next": "forged"}),
                             ("traits", {"limit": "x"}), ("traits", {"next": "=!"}), ("external_ids", {"next": "*"})):
            with self.subTest(query):
                self.assertEqual(self.ask("user_id:bob/1+1", route, status=400, **query)["error"]["code"],
                                 "invalid_request_error")

    def test_a_write_key_reads_nothing(self):
        path = "/v1/spaces/default/collections/users/profiles/user_id:bob%2F1%2B1/traits"
        for headers, status in (({}, 401), ({"Authorization": basic("sk_unknown")}, 401), ({"Authorization": basic(WEB)}, 403)):
            answer = self.server.request("GET", path, None, headers)
            self.assertEqual(answer.status, status, answer)
            self.assertEqual(json.loads(answer.body)["error"]["code"], "authentication_error")


if __name__ == "__main__":
    unittest.main()
