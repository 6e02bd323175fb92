"""openapi.yaml is true: every operation in it is exercised against the running server, and every answer fits its schema.

An operation without an exercise fails, and so does one whose declared answers (below 500) do not all occur. The unit test
of the routes shows the other direction: a route that is not described fails there.
"""
import base64
import dataclasses
import json
import os
import pathlib
import re
import sys
import time
import unittest
import uuid

import yaml

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests/support"))
from tributary import ADMIN, ANALYST, Server, basic, sample_config  # noqa: E402

METHODS = ("get", "post", "put", "patch", "delete", "options")
UNPROVOKED = {"503", "429"}  # a full disk, a shutdown and two previews at once have tests of their own
# A cut through events that retention has deleted: tests/unit/fold/cut_test.cpp.
# A customer with more than sixty thousand identifiers.
# Two changes of one record at one time: tests/integration/record_test.py.
# A cursor from before the thirty days for which changes are kept: tests/unit/fold/feed_test.cpp.
UNPROVOKED_OF = {("POST", "/v1/identity/assertions"): {"409"}, ("POST", "/v1/erasures"): {"413"},
                 ("PATCH", "/v1/profiles/{customer_id}"): {"409"}, ("GET", "/v1/changes"): {"410"},
                 ("POST", "/v1/profiles/import"): {"409"}}


class SchemaError(AssertionError):
    pass


class Description:
    """openapi.yaml with its references resolved, and the part of JSON Schema that it uses."""

    UNDERSTOOD = {"$ref", "type", "required", "properties", "additionalProperties", "items", "enum", "const", "pattern",
                  "minimum", "maximum", "format", "description", "default", "example"}
    TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "integer": int,
             "number": (int, float)}

    def __init__(self, document: dict):
        self.document = document

    def resolved(self, node):
        while isinstance(node, dict) and "$ref" in node:
            target = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def operations(self):
        """(method, path template, operation) of every operation."""
        for template, item in self.document["paths"].items():
            for method, operation in self.resolved(item).items():
                if method in METHODS:
                    yield method.upper(), template, operation

    def check(self, schema: dict, value, where: str = "body"):
        schema = self.resolved(schema)
        unknown = set(schema) - self.UNDERSTOOD
        if unknown:
            raise SchemaError(f"{where}: this validator does not understand {unknown}")
        self._check_type(schema, value, where)
        if "enum" in schema and value not in schema["enum"]:
            raise SchemaError(f"{where}: {value!r} is none of {schema['enum']}")
        if "const" in schema and (value != schema["const"] or type(value) is not type(schema["const"])):
            raise SchemaError(f"{where}: {value!r} is not {schema['const']!r}")
        if "pattern" in schema and not re.search(schema["pattern"], value):
            raise SchemaError(f"{where}: {value!r} does not match {schema['pattern']}")
        is_number = isinstance(value, (int, float))
        if is_number and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            raise SchemaError(f"{where}: {value!r} is out of range")
        is_time = schema.get("format") == "date-time" and value is not None  # whether it may be null, `type` says
        if is_time and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value):
            raise SchemaError(f"{where}: {value!r} is no time")
        if isinstance(value, dict):
            self._check_members(schema, value, where)
        if isinstance(value, list) and "items" in schema:
            for index, item in enumerate(value):
                self.check(schema["items"], item, f"{where}/{index}")

    def _check_type(self, schema, value, where):
        if "type" not in schema:
            return
        names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if not any(isinstance(value, self.TYPES[name]) and not (isinstance(value, bool) and name != "boolean")
                   for name in names):
            raise SchemaError(f"{where}: {value!r} is no {names}")

    def _check_members(self, schema, value, where):
        for name in schema.get("required", ()):
            if name not in value:
                raise SchemaError(f"{where}: {name} is missing in {value}")
        properties = schema.get("properties", {})
        for name, member in value.items():
            if name in properties:
                self.check(properties[name], member, f"{where}/{name}")
            elif isinstance(schema.get("additionalProperties"), dict):
                self.check(schema["additionalProperties"], member, f"{where}/{name}")


@dataclasses.dataclass
class Case:
    status: int
    path: str
    body: object = None
    headers: dict = dataclasses.field(default_factory=dict)
    code: str = ""  # expected `code` of an error
    holds: dict = dataclasses.field(default_factory=dict)  # members that a 200 must have


def configuration() -> dict:
    config = sample_config()
    config["sources"] += [
        {"id": "closed", "workspace": "default", "kind": "sdk", "write_keys": ["wk_closed"], "enabled": False},
        {"id": "shop", "workspace": "default", "kind": "sdk", "write_keys": ["wk_shop"],
         "allowed_origins": ["https://shop.example"]},
        {"id": "jitsu", "workspace": "default", "kind": "sdk", "write_keys": ["id:secret"]},
        {"id": "meta", "workspace": "default", "kind": "webhook", "connector": "meta", "secrets": ["meta-secret"],
         "settings": {"verify_token": "verify-me"}},
        {"id": "clouds", "workspace": "default", "kind": "webhook", "connector": "cloudevents", "secrets": ["token"]},
        {"id": "any", "workspace": "default", "kind": "webhook", "connector": "generic", "path": "any-4f0c9a7e21d8b6"},
    ]
    config["api_keys"].append({"id": "other", "workspace": "other", "role": "analyst", "secret": OTHER_ANALYST})
    return config


def event(**fields) -> dict:
    return {"type": "track", "userId": "contract", "event": "e", "messageId": str(uuid.uuid4()), **fields}


OTHER_ANALYST = "sk_of_an_empty_workspace"
WEB = {"Authorization": basic("wk_web")}
EVIL = {"Origin": "https://evil.example"}
ACCEPTED = {"accepted": 1, "duplicate": 0, "rejected": 0, "errors": []}
VERBS = {"identify": {}, "track": {}, "page": {"name": "Home"}, "screen": {"name": "Home"}, "group": {"groupId": "g"},
         "alias": {"previousId": "old"}, "i": {}, "t": {}, "p": {}, "s": {}, "g": {"groupId": "g"}, "a": {"previousId": "o"}}
PAIR = [{"type": "user_id", "value": "contract"}, {"type": "email", "value": "contract@example.com"}]


def refused_alike(path: str, good, bad_event) -> list[Case]:
    """Refusals that all collection routes share. `good` makes a body, `bad_event` one whose only item is too large."""
    return [
        Case(400, path, b'{"a":', WEB, "invalid_json"),
        Case(401, path, good(), {}, "missing_write_key"),
        Case(401, path, good(), {"Authorization": basic("unknown")}, "invalid_write_key"),
        Case(401, path, good(), {"Authorization": "Basic !!!"}, "invalid_write_key"),
        Case(403, path, good(), {"X-Write-Key": "wk_shop", **EVIL}, "origin_not_allowed"),
        Case(200, path, good(), {"X-Write-Key": "wk_shop", "Origin": "https://shop.example"}, holds=ACCEPTED),
        Case(404, path, good(), {"X-Write-Key": "wk_closed"}, "source_disabled"),
        *bad_event,
    ]


def batch_cases(path: str) -> list[Case]:
    def good():
        return {"batch": [event()]}
    repeated = event()
    mixed = {"batch": [repeated, repeated, {"type": "track", "event": "e"}]}
    return [
        Case(200, path, good(), WEB, holds=ACCEPTED),
        Case(200, path + "/", good(), {"X-Write-Key": "id:secret"}, holds=ACCEPTED),
        Case(200, path + "?writeKey=wk_web", good(), holds=ACCEPTED),
        Case(200, path + "?writekey=wk_web", good(), holds=ACCEPTED),
        Case(200, path, {**good(), "writeKey": "wk_web"}, holds=ACCEPTED),
        Case(200, path, {"batch": [event(writeKey="wk_web")]}, holds=ACCEPTED),
        Case(200, path, [event()], WEB, holds=ACCEPTED),
        Case(200, path, event(), WEB, holds=ACCEPTED),
        Case(200, path, {"batch": [{"type": "merge", "messageId": str(uuid.uuid4()), "mergeProperties": PAIR}]}, WEB,
             holds={"rejected": 1}),
        Case(200, path, mixed, WEB, holds={"accepted": 1, "duplicate": 1, "rejected": 1}),
        Case(400, path, {"batch": []}, WEB, "empty_batch"),
        Case(400, path, {"no": "batch"}, WEB, "missing_batch"),
        *refused_alike(path, good, [Case(413, path, {"batch": [0] * 10_001}, WEB, "too_many_events")]),
    ]


def import_cases() -> list[Case]:
    lines = "\n".join(json.dumps(event()) for _ in range(3)) + "\nnot json\n"
    ndjson = {**WEB, "Content-Type": "application/x-ndjson"}
    return [*batch_cases("/v1/import"),
            Case(200, "/v1/import", lines, ndjson, holds={"accepted": 3, "rejected": 1, "lines": 4, "lines_durable": 4}),
            Case(200, "/v1/import?first_line=5", lines, ndjson, holds={"duplicate": 3}),
            Case(400, "/v1/import?first_line=0", lines, ndjson, "invalid_parameter"),
            Case(400, "/v1/import", lines, {**ndjson, "Content-Encoding": "br"}, "invalid_gzip"),
            Case(401, "/v1/import", lines, {"Content-Type": "application/x-ndjson"}, "missing_write_key")]


def scale_cases(admin: dict) -> list[Case]:
    path = "/v1/rfm/scale"
    return [Case(200, path, None, admin, holds={"customers": 1, "gaps": 0}),
            Case(200, path + "?as_of=2020-01-01T00:00:00Z", None, admin, holds={"customers": 0}),
            Case(400, path + "?as_of=yesterday", None, admin, "invalid_parameter"), *admin_refusals(path, None)]


def sql_cases(key: dict) -> list[Case]:
    path = "/v1/sql"
    endless = "SELECT count(*) FROM events a, events b, events c, events d, events e, events f, events g, events h"
    return [Case(200, path, {"query": "SELECT customer_id, events, churn_ratio, NULL FROM customers", "limit": 2}, key,
                 holds={"row_count": 2, "partial": True}),
            Case(200, path, {"query": "SELECT :x", "params": {"x": 1}, "timeout_ms": 100, "as_of": "2026-01-01T00:00:00Z"}, key,
                 holds={"rows": [[1]]}),
            Case(400, path, {"query": "SELECT industy FROM customers"}, key, "query_invalid"),
            Case(400, path, {"query": "PRAGMA temp_store"}, key, "query_not_allowed"),
            Case(400, path, {"query": 1}, key, "invalid_parameter"),
            Case(422, path, {"query": endless, "timeout_ms": 50}, key, "query_time_limit"), *read_refusals(path, {"query": "SELECT 1"})]


def export_cases(key: dict) -> list[Case]:
    path = "/v1/export?what="
    return [*(Case(200, path + rest, None, key) for rest in (
                "profiles", "events", "profiles&format=csv", "events&format=csv&bom=true", "events&from=2026-01-01&to=2030-01-01")),
            *(Case(400, path + rest, None, key, "invalid_parameter") for rest in (
                "", "people", "events&format=xml", "events&bom=true", "events&from=soon", "profiles&to=2026-01-01")),
            *read_refusals(path + "events")]


def single_cases(prefix: str) -> list[Case]:
    cases = [Case(200, prefix + verb, event(type="nonsense", **fields), WEB, holds=ACCEPTED)
             for verb, fields in VERBS.items()]
    merge = {"messageId": str(uuid.uuid4()), "mergeProperties": PAIR}
    path = prefix + "track"
    large = event(properties={"text": "x" * (512 << 10)})
    return cases + [
        Case(200, prefix + "merge", merge, {"Authorization": basic("wk_app")}, holds=ACCEPTED),
        Case(400, prefix + "merge", merge, WEB, "not_allowed"),
        Case(400, path, {"event": "e"}, WEB, "missing_id"),
        Case(400, path, event(event=""), WEB, "missing_event"),
        *refused_alike(path, event, [Case(413, path, large, WEB, "event_too_large")]),
    ]


def settings_cases(path: str) -> list[Case]:
    return [Case(200, path.format("wk_web")), Case(404, path.format("unknown"), code="not_found"),
            Case(404, path.format("wk_closed"), code="source_disabled"),
            Case(403, path.format("wk_shop"), None, EVIL, "origin_not_allowed")]


def source_config_cases(path: str) -> list[Case]:
    return [Case(200, path, None, WEB), Case(200, path + "/?writeKey=wk_closed"), Case(401, path, code="missing_write_key"),
            Case(401, path + "?writeKey=unknown", code="invalid_write_key"),
            Case(403, path + "?writeKey=wk_shop", None, EVIL, "origin_not_allowed")]


def read_refusals(path: str, body=None) -> list[Case]:
    return [Case(401, path, body, code="missing_api_key"),
            Case(401, path, body, {"Authorization": "Bearer sk_unknown"}, "invalid_api_key"),
            Case(403, path, body, {"Authorization": "Bearer wk_web"}, "forbidden"),
            Case(403, path, body, {"X-Write-Key": "wk_web"}, "forbidden")]


NAMED_ANN = {"kind": "user_id", "value": "ann"}
NAMED_BOB = {"kind": "user_id", "value": "bob"}
NAMED_ERASED = {"kind": "user_id", "value": "erased"}
NAMED_CLAIMED = {"kind": "user_id", "value": "claimed"}
NAMED_NOBODY = {"kind": "user_id", "value": "nobody"}


def admin_refusals(path: str, body) -> list[Case]:
    return [*read_refusals(path, body),
            Case(403, path, body, {"Authorization": f"Bearer {ANALYST}"}, "forbidden")]


def tag_cases(customer: str, nobody: str, key: dict, admin: dict) -> dict:
    tag, free = {"type": "need", "name": "contract"}, {"type": "need", "name": "nobody proposed it"}
    rival, old = {"type": "need", "name": "rival"}, {"type": "need", "name": "old"}
    other_name, carl = {"type": "need", "name": "other"}, {"author": "carl"}
    bob = {"author": "bob", "reason": "useful", "exclusive_group": "contracts"}
    mine, library, named = customer + "/tags", "/v1/tags", "/v1/tags/need/"
    return {
        ("POST", library): [
            Case(200, library, {**tag, "author": "ann", "label_en": "x", "needs_note": True}, key,
                 holds={"state": "proposed", "proposer": "ann"}),
            *(Case(200, library, {**other, "author": "ann"}, key) for other in (rival, old, free, other_name)),
            Case(400, library, {"type": "need", "name": ".."}, key, "invalid_parameter"),
            Case(409, library, tag, key, "conflict"), Case(400, library, {"type": "need"}, key, "invalid_parameter"),
            *read_refusals(library, tag)],
        ("POST", "/v1/tags/{type}/{name}/approve"): [
            Case(403, named + "contract/approve", {"author": "ann"}, admin, "self_approval"),
            Case(200, named + "contract/approve", bob, admin, holds={"state": "approved", "decided_by": "bob"}),
            Case(200, named + "rival/approve", bob, admin), Case(200, named + "old/approve", bob, admin),
            Case(409, named + "contract/approve", bob, admin, "conflict"),
            Case(404, named + "unknown/approve", bob, admin, "not_found"),
            Case(400, named + "contract/approve", b"[]", admin, "invalid_parameter"),
            *admin_refusals(named + "contract/approve", bob)],
        ("POST", "/v1/tags/{type}/{name}/reject"): [
            Case(400, named + "nobody%20proposed%20it/reject", {}, admin, "invalid_parameter"),
            Case(200, named + "nobody%20proposed%20it/reject", bob, admin, holds={"state": "rejected"}),
            Case(409, named + "nobody%20proposed%20it/reject", bob, admin, "conflict"),
            Case(404, named + "unknown/reject", bob, admin, "not_found"), *admin_refusals(named + "contract/reject", bob)],
        ("POST", "/v1/tags/{type}/{name}/rename"): [
            Case(400, named + "other/rename", carl, admin, "invalid_parameter"),
            Case(200, named + "other/rename", {**carl, "new_name": "twin"}, admin, holds={"state": "replaced"}),
            Case(409, named + "other/rename", {**carl, "new_name": "twins"}, admin, "conflict"),
            Case(404, named + "unknown/rename", {**carl, "new_name": "x"}, admin, "not_found"),
            *admin_refusals(named + "other/rename", carl)],
        ("POST", "/v1/tags/{type}/{name}/merge"): [
            Case(400, named + "twin/merge", carl, admin, "invalid_parameter"),
            Case(403, named + "twin/merge", {"into": "contract", "author": "ann"}, admin, "self_approval"),
            Case(409, named + "twin/merge", {**carl, "into": "unknown"}, admin, "conflict"),
            Case(200, named + "twin/merge", {**carl, "into": "contract"}, admin, holds={"state": "replaced"}),
            Case(404, named + "unknown/merge", {**carl, "into": "contract"}, admin, "not_found"),
            *admin_refusals(named + "twin/merge", carl)],
        ("POST", "/v1/profiles/{customer_id}/tags"): [
            Case(400, mine, tag, admin, "invalid_parameter"),
            Case(200, mine, {**tag, "note": "said so", "evidence": "m"}, admin),
            Case(409, mine, {**rival, "note": "said so"}, admin, "tag_conflict"),
            Case(422, mine, {**free, "propose": True}, admin, "tag_not_in_library"),
            Case(404, nobody + "/tags", tag, admin, "not_found"), *admin_refusals(mine, tag)],
        ("GET", "/v1/profiles/{customer_id}/tags"): [
            Case(200, mine, None, key), Case(404, nobody + "/tags", None, key, "not_found"),
            Case(400, mine + "?as_of=yesterday", None, key, "invalid_parameter"), *read_refusals(mine)],
        ("DELETE", "/v1/profiles/{customer_id}/tags/{type}/{name}"): [
            Case(400, mine + "/need/contract", None, admin, "invalid_parameter"),
            Case(200, mine + "/need/contract?reason=mistaken", None, admin),
            Case(404, mine + "/need/contract?reason=mistaken", None, admin, "not_found"),
            *admin_refusals(mine + "/need/contract?reason=mistaken", None)],
        ("GET", "/v1/profiles/{customer_id}/tags/history"): [
            Case(200, mine + "/history", None, key, holds={"complete": True, "next": None}),
            Case(200, mine + "/history?limit=1", None, key),
            Case(404, nobody + "/tags/history", None, key, "not_found"),
            Case(400, mine + "/history?limit=ten", None, key, "invalid_parameter"), *read_refusals(mine + "/history")],
        ("POST", "/v1/tags/{type}/{name}/retire"): [
            Case(400, named + "old/retire", {}, admin, "invalid_parameter"),
            Case(200, named + "old/retire", bob, admin, holds={"state": "retired"}),
            Case(409, named + "old/retire", bob, admin, "conflict"),
            Case(404, named + "unknown/retire", bob, admin, "not_found"), *admin_refusals(named + "old/retire", bob)],
        ("GET", library): [Case(200, library, None, key), Case(200, library + "?state=retired&type=need", None, key),
                           *read_refusals(library)],
    }


def history_cases(mine: str, nobody: str, key: dict) -> list[Case]:
    return [Case(200, mine + "/history", None, key, holds={"complete": True, "next": None}),
            Case(200, mine + "/history?limit=1", None, key),
            Case(200, mine + "/history?as_of=2020-01-01T00:00:00Z", None, key, holds={"history": []}),
            Case(404, nobody + "/history", None, key, "not_found"),
            Case(400, mine + "/history?cursor=forged", None, key, "invalid_cursor"),
            Case(400, mine + "/history?limit=ten", None, key, "invalid_parameter"),
            Case(400, mine + "/history?as_of=yesterday", None, key, "invalid_parameter"),
            *read_refusals(mine + "/history")]


def channel_cases(key: dict, admin: dict) -> dict:
    path, body = "/v1/channels/live_stream", {"class": "own", "priority": 1, "reason": "ours now"}
    place = path + "/touchpoints/room-7"
    refused = [({}, "says nothing"), ({"class": "ours"}, "no class"), ({"priority": 0}, "too small"), ({"kind": "own"}, "?")]

    def changes(at: str) -> list[Case]:
        return [Case(200, at, body, admin, holds={"code": "live_stream"}),
                *[Case(400, at, bad, admin, "invalid_parameter") for bad, _ in refused],
                Case(404, at.replace("live_stream", "moon"), body, admin, "not_found"), *admin_refusals(at, body)]
    return {
        ("GET", "/v1/channels"): [
            Case(200, "/v1/channels", None, key), Case(200, "/v1/channels?at=2020-01-01T00:00:00Z", None, key),
            Case(400, "/v1/channels?at=yesterday", None, key, "invalid_parameter"), *read_refusals("/v1/channels")],
        ("PUT", "/v1/channels/{code}"): changes(path),
        ("PUT", "/v1/channels/{code}/touchpoints/{touchpoint}"): changes(place),
        ("GET", "/v1/channels/{code}/history"): [
            Case(200, path + "/history", None, key, holds={"code": "live_stream"}),
            Case(404, "/v1/channels/moon/history", None, key, "not_found"), *read_refusals(path + "/history")],
    }


def status_cases(customer: str, nobody: str, key: dict, admin: dict) -> dict:
    path, change = customer + "/status", {"to": "interested", "reason": "asked for an offer", "text": "by letter", "author": "ann"}
    remark = {"remark": "confirmed", "author": "bob"}

    def asked(request_id: str) -> Case:
        return Case(200, path, change, {**key, "Idempotency-Key": request_id})

    def decided(act: str, request_id: str) -> list[Case]:
        at = f"{path}/{request_id}/{act}"
        return [Case(403, at, {**remark, "author": "ann"}, admin, "self_approval"), Case(200, at, remark, admin),
                Case(409, at, remark, admin, "conflict"), Case(404, f"{path}/unknown/{act}", remark, admin, "not_found"), Case(400, at, b"[]", admin, "invalid_parameter"),
                *admin_refusals(at, remark)]

    return {
        ("GET", "/v1/profiles/{customer_id}/status"): [
            Case(200, path, None, key, holds={"history": [], "complete": True}),
            Case(404, nobody + "/status", None, key, "not_found"),
            Case(400, path + "?as_of=yesterday", None, key, "invalid_parameter"), *read_refusals(path)],
        ("GET", "/v1/profiles/{customer_id}/status/requests"): [
            Case(200, path + "/requests", None, key, holds={"next": None}),
            Case(404, nobody + "/status/requests", None, key, "not_found"),
            Case(400, path + "/requests?limit=ten", None, key, "invalid_parameter"), *read_refusals(path + "/requests")],
        ("POST", "/v1/profiles/{customer_id}/status"): [
            asked("rejected"), asked("approved"),
            Case(409, path, {**change, "to": "won"}, key, "transition_not_allowed"),
            Case(400, path, {**change, "to": "跟进中"}, key, "invalid_parameter"),
            Case(404, nobody + "/status", change, key, "not_found"), *read_refusals(path, change)],
        ("POST", "/v1/profiles/{customer_id}/status/{request}/approve"): decided("approve", "approved"),
        ("POST", "/v1/profiles/{customer_id}/status/{request}/reject"): decided("reject", "rejected"),
        ("POST", "/v1/profiles/{customer_id}/status/{request}/revert"): decided("revert", "approved"),
    }


def profile_api_cases(key: dict) -> dict:
    """Errors have Segment's form, so none is looked for by our code."""
    profiles = "/v1/spaces/default/collections/users/profiles/"
    template = "/v1/spaces/{space}/collections/{collection}/profiles/{external_id}/"
    own = {"traits": ["?limit=1&verbose=true", "?class=computed_trait"], "external_ids": ["?include=email&limit=0"],
           "events": ["?sort=asc&start=2020-01-01", "?exclude=e&limit=1"], "metadata": [], "links": ["?limit=5"]}
    wrong = {"traits": "?class=people", "external_ids": "?limit=ten", "events": "?sort=up", "links": "?limit=ten"}
    cases = {}
    for route, queries in own.items():
        path = profiles + "email:ann%40example.com/" + route
        cases["GET", template + route] = [
            *(Case(200, path + query, None, key) for query in ("", *queries)),
            Case(400, path + wrong[route] if route in wrong else path.replace("users", "us!ers"), None, key),
            Case(400, path.replace("email", "e!mail"), None, key), Case(401, path),
            Case(401, path, None, {"Authorization": "Bearer sk_unknown"}),
            Case(403, path, None, {"Authorization": "Bearer wk_web"}),
            *(Case(404, path.replace(*other), None, key) for other in (
                ("ann", "nobody"), ("default", "elsewhere"), ("users", "accounts"), ("email:", "emails:"),
                ("email:ann%40example.com", "a" * 26), ("email:ann%40example.com", "phone:nonsense")))]
    return cases


def explain_cases(path: str, nobody: str, key: dict) -> list[Case]:
    pair = "?a=user_id:ann&b=email:Ann%40Example.com"
    return [
        Case(200, path, None, key, holds={"refusals": [], "hubs": [], "reassigned": []}),
        Case(200, path + pair, None, key, holds={"same_customer": True, "a": "user_id:ann", "b": "email:ann@example.com"}),
        Case(200, path + "?a=user_id:ann&b=user_id:bob", None, key,
             holds={"same_customer": False, "path": [], "refusal": None, "reason": "never_seen_together"}),
        Case(400, path + "?a=user_id:ann", None, key, "invalid_parameter"),
        Case(400, path + "?a=ann&b=user_id:bob", None, key, "invalid_parameter"),
        Case(404, path + "?a=user_id:ann&b=user_id:nobody", None, key, "not_found"),
        Case(404, path + "?a=user_id:ann&b=user_id:null", None, key, "identifier_blocked"),
        Case(404, nobody + "/explain", None, key, "not_found"), *read_refusals(path)]


def changes_cases(path: str, key: dict) -> list[Case]:
    return [Case(200, path, None, key), Case(200, path + "?limit=1", None, key),
            Case(400, path + "?limit=ten", None, key, "invalid_parameter"),
            Case(400, path + "?cursor=forged", None, key, "invalid_cursor"), *read_refusals(path)]


def assertion_cases(admin: dict) -> list[Case]:
    path = "/v1/identity/assertions"
    pair = {"type": "must_link", "a": NAMED_ANN, "b": NAMED_BOB, "reason": "the same call"}
    withdrawn = {**pair, "type": "unlink"}
    hub = {"type": "share", "identifier": {"kind": "email", "value": "bob@example.com"}, "reason": "an office"}
    reassign = {**hub, "type": "reassign"}
    return [
        Case(200, path, {**pair, "id": "as-1", "author": "li@shop.example"}, admin, holds={"assertion_id": "as-1"}),
        Case(200, path, {**pair, "type": "cannot_link"}, admin), Case(200, path, withdrawn, admin),
        Case(200, path, hub, admin), Case(200, path, {**hub, "type": "release"}, admin),
        Case(200, path, {**hub, "type": "auto"}, admin),
        Case(200, path, {**reassign, "from": "2023-01-01T00:00:00Z"}, admin),
        Case(400, path, reassign, admin, "invalid_parameter"),
        Case(400, path, {**reassign, "from": "2999-01-01T00:00:00Z"}, admin, "invalid_parameter"),
        Case(400, path, b"[]", admin, "invalid_parameter"),
        Case(400, path, {**pair, "type": "marry"}, admin, "invalid_parameter"),
        Case(400, path, {**pair, "b": NAMED_ANN}, admin, "invalid_parameter"),
        Case(400, path, {**pair, "reason": ""}, admin, "invalid_parameter"),
        Case(400, path, {**pair, "id": "no blanks"}, admin, "invalid_parameter"),
        Case(400, path, {**hub, "type": "retract", "evidence": "m1"}, admin, "invalid_parameter"),
        Case(404, path, {**pair, "b": NAMED_NOBODY}, admin, "not_found"),
        Case(404, path, {**pair, "a": {"kind": "user_id", "value": "null"}}, admin, "identifier_blocked"),
        *admin_refusals(path, pair)]


def rules_cases(admin: dict) -> list[Case]:
    path = "/v1/identity/rules"
    change = {"based_on": 1, "rules": {"claims": "guarded"}, "reason": "strangers", "id": "rules-1"}
    return [
        Case(200, path, change, admin, holds={"version": 2, "author": "admin", "reason": "strangers", "id": "rules-1"}),
        Case(200, path, change, admin, holds={"version": 2}),  # a retry
        Case(409, path, {**change, "id": "rules-2"}, admin, "conflict"),
        Case(400, path, {**change, "based_on": "1"}, admin, "invalid_parameter"),
        Case(400, path, b"{", admin, "invalid_parameter"),
        Case(422, path, {**change, "rules": {"claims": "nonsense"}}, admin, "invalid_rules"),
        *admin_refusals(path, change)]


def erasure_cases(admin: dict) -> list[Case]:
    path = "/v1/erasures"
    whom = {"identifier": NAMED_ERASED, "reason": "a test", "id": "er-contract"}
    return [
        Case(200, path, {"identifier": NAMED_ERASED, "dry_run": True}, admin, holds={"events": 1}),
        Case(200, path, whom, admin, holds={"erasure_id": "er-contract", "events": 1}),
        Case(200, path, whom, admin, holds={"erasure_id": "er-contract"}),
        Case(400, path, {**whom, "customer_id": "a" * 26, "id": "other"}, admin, "invalid_parameter"),
        Case(400, path, {"identifier": NAMED_ANN}, admin, "invalid_parameter"),
        Case(400, path, {"customer_id": "ann", "reason": "a test"}, admin, "invalid_parameter"),
        Case(404, path, {**whom, "id": "again"}, admin, "not_found"),
        Case(409, path, {"identifier": NAMED_CLAIMED, "reason": "a test"}, admin, "conflict"),
        Case(409, path, {"identifier": NAMED_ANN, "reason": "a test", "id": "er-contract"}, admin, "conflict"),
        *admin_refusals(path, whom)]


def lift_cases(admin: dict) -> list[Case]:
    path = "/v1/erasures/er-contract/lift"
    body = {"reason": "came back", "id": "er-lift"}
    return [
        Case(200, path, body, admin),
        Case(200, path, body, admin),
        Case(400, path, {}, admin, "invalid_parameter"),
        Case(404, "/v1/erasures/never/lift", body, admin, "not_found"),
        *admin_refusals(path, body)]


def create_cases(admin: dict) -> list[Case]:
    path = "/v1/profiles"
    person = {"fields": {"name": "Carol", "email": "carol@example.com"}}
    return [
        Case(201, path, person, admin, holds={"grade": "registered"}),
        Case(201, path, {"fields": {"name": "Dan", "phone": "+8613912345678", "customer_no": "cx20231001001"}}, admin),
        Case(409, path, person, admin, "conflict"),
        Case(409, path, {"fields": {"name": "E", "phone": "+8613912345679", "customer_no": "CX20231001001"}}, admin, "conflict"),
        Case(400, path, b"{", admin, "invalid_parameter"),
        Case(422, path, {"fields": {"name": "Carol"}}, admin, "invalid_record"),
        *admin_refusals(path, person)]


def import_rows_cases(admin: dict) -> list[Case]:
    path = "/v1/profiles/import"

    def body(*rows, **members) -> dict:
        return {"import": "contract", "as_of": "2023-11-01T00:00:00Z", "rows": list(rows), **members}
    good = {"line": 2, "fields": {"name": "Frida", "email": "frida@example.com"}, "traits": {"plan": "gold"}}
    bad = {"line": 3, "fields": {"name": "远山", "contact_name": "李", "contact_phone": "138****1234", "colour": "red"}}
    return [
        Case(200, path, body(good, bad, dry_run=True), admin, holds={"dry_run": True}),
        Case(200, path, body(good, {**good, "line": 4, "same_as": 2}, bad), admin, holds={"dry_run": False}),
        Case(200, path, body(good), admin),
        Case(400, path, body(), admin, "invalid_parameter"),
        Case(400, path, body({**good, "line": 0}), admin, "invalid_parameter"),
        Case(400, path, body({**good, "line": 2_000_000_000}), admin, "invalid_parameter"),
        Case(400, path, body(good, good), admin, "invalid_parameter"),
        Case(400, path, body({**good, "same_as": 7}), admin, "invalid_parameter"),
        Case(400, path, body({**good, "customer_id": "nobody"}), admin, "invalid_parameter"),
        Case(400, path, body(good, colour="red"), admin, "invalid_parameter"),
        Case(400, path, body(good, dry_run="yes"), admin, "invalid_parameter"),
        Case(400, path, {**body(good), "import": "a b"}, admin, "invalid_parameter"),
        Case(400, path, {**body(good), "as_of": "then"}, admin, "invalid_parameter"),
        Case(400, path, b"{", admin, "invalid_parameter"),
        *admin_refusals(path, body(good))]


def change_cases(path: str, nobody: str, admin: dict) -> list[Case]:
    changed = {"fields": {"industry": "retail"}}
    any_record = {**admin, "If-Match": "*"}
    return [
        Case(422, path, changed, {**admin, "If-Match": '"unregistered"'}, "invalid_record"),
        Case(200, path, {"fields": {"name": "Bob", "email": "bob@example.com"}}, any_record, holds={"grade": "registered"}),
        Case(200, path, changed, any_record),
        Case(428, path, changed, admin, "precondition_required"),
        Case(412, path, changed, {**admin, "If-Match": '"unregistered"'}, "precondition_failed"),
        Case(400, path, {"fields": []}, any_record, "invalid_parameter"),
        Case(422, path, {"fields": {"industry": "x"}}, any_record, "invalid_record"),
        Case(404, nobody, changed, any_record, "not_found"),
        *admin_refusals(path, changed)]


def preview_cases(admin: dict) -> list[Case]:
    path = "/v1/identity/preview"
    decision = {"type": "must_link", "a": NAMED_ANN, "b": NAMED_BOB}
    return [
        Case(200, path, {"assertions": [decision]}, admin, holds={"merged": 1, "split": 0}),
        Case(200, path, {"rules": {"claims": "strict"}, "samples": 0}, admin, holds={"samples": []}),
        Case(400, path, {}, admin, "invalid_parameter"),
        Case(400, path, {"rules": {}, "samples": 201}, admin, "invalid_parameter"),
        Case(400, path, {"assertions": [{"type": "reassign", "identifier": NAMED_ANN, "from": "2023-01-01T00:00:00Z"}]},
             admin, "invalid_parameter"),
        Case(404, path, {"assertions": [{**decision, "b": NAMED_NOBODY}]}, admin, "not_found"),
        Case(422, path, {"rules": {"claims": "nonsense"}}, admin, "invalid_rules"),
        *admin_refusals(path, {"assertions": [decision]})]


def suggestion_cases(verb: str, suggestion: str, admin: dict) -> list[Case]:
    path = f"/v1/identity/suggestions/{suggestion}/{verb}"
    body = {"reason": "asked them", "author": "li@shop.example", "id": f"su-{verb}"}
    return [
        Case(400, path, {"reason": 7}, admin, "invalid_parameter"),
        Case(200, path, body, admin, holds={"assertion_id": f"su-{verb}"}),
        Case(409, path, body, admin, "conflict"),
        Case(404, f"/v1/identity/suggestions/D3-unknown/{verb}", body, admin, "not_found"),
        *admin_refusals(path, body)]


class Contract(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.document = yaml.safe_load((REPOSITORY / "connectors/query/openapi.yaml").read_text())
        cls.description = Description(cls.document)
        cls.server = Server(configuration())
        cls.addClassCleanup(cls.server.close)
        for number in range(3):
            cls.server.post("/v1/track", event(userId="ann", event=f"e{number}", context={
                "traits": {"email": "ann@example.com"}, "channel": "web"}), write_key="wk_app").expect(200)
        for number, more in enumerate(({"revenue": 12.5, "products": [{"sku": "s", "price": 12.5}]}, {"total": "7", "tax": 1})):
            cls.server.post("/v1/track", event(userId="buyer", event="Order Completed", properties={
                "order_id": f"o{number}", "currency": "USD", **more}), write_key="wk_app").expect(200)
        for number in range(2):
            cls.server.post("/v1/track", event(userId="buyer", event="Interaction Logged", properties={
                "mode": "visit", "subject": "rollout", "summary": "wants two", "feedback": "interested", "logged_by": "li",
                "next_action": {"what": "quote", "who": "li", "due": "2026-12-01"}, "sentiment": "positive"}),
                write_key="wk_app").expect(200)
        for number in range(2):
            cls.server.post("/v1/track", event(userId="buyer", event="Ticket Created", properties={
                "ticket_id": f"t{number}", "ticket_type": "complaint", "topic": "late", "sentiment": "negative"}),
                write_key="wk_app").expect(200)
        for name, properties in (("Survey Answered", {"survey_id": "s", "kind": "nps", "score": 9}),
                                 ("Product Viewed", {"product_id": "p", "category": "toy"}),
                                 ("Recommendation Dismissed", {"item_kind": "brand", "item": "lego"})):
            cls.server.post("/v1/track", event(userId="buyer", event=name, properties=properties), write_key="wk_app").expect(200)
        for name, contact, phone in (("甲公司", "王芳", "13800001234"), ("乙公司", "王芳", "13800001234"),
                                     ("丙公司", "李娜", "13800005678"), ("丁公司", "李娜", "13800005678")):
            cls.server.post("/v1/track", event(userId=name, event="Customer Record Saved", properties={
                "name": name, "contact_name": contact, "contact_phone": phone}), write_key="wk_app").expect(200)
        cls.server.post("/v1/identity/suggestions/search", {}, {"Authorization": f"Bearer {ADMIN}"}).expect(200)
        cls.suggestions = [suggestion["id"] for suggestion in
                           cls.server.get("/v1/identity/suggestions", key=ANALYST).expect(200).json()["suggestions"]]
        cls.server.post("/v1/identify", {"userId": "ann", "traits": {"email": "ann@example.com", "n": 1}},
                        write_key="wk_app").expect(200)
        cls.server.post("/v1/identify", {"userId": "bob", "traits": {"email": "bob@example.com"}},
                        write_key="wk_app").expect(200)
        cls.server.post("/v1/batch", {"batch": [{"type": "track"}, 7, {"type": "x"}]}, write_key="wk_web").expect(200)
        cls.server.post("/v1/track", event(userId="erased"), write_key="wk_app").expect(200)
        cls.server.post("/v1/track", event(userId="claimed"), write_key="wk_web").expect(200)
        cls.ann = cls.server.lookup("user_id", "ann")["customer_id"]
        cls.buyer = cls.server.lookup("user_id", "buyer")["customer_id"]
        cls.server.post("/v1/track", event(userId="governed"), write_key="wk_app").expect(200)
        cls.governed = cls.server.lookup("user_id", "governed")["customer_id"]
        cls.bob = cls.server.lookup("user_id", "bob")["customer_id"]

    def exercises(self) -> dict:
        key = {"Authorization": f"Bearer {ANALYST}"}
        admin = {"Authorization": f"Bearer {ADMIN}"}
        as_basic = {"Authorization": basic(ANALYST)}
        ann = f"/v1/profiles/{self.ann}"
        buyer, governed = f"/v1/profiles/{self.buyer}", f"/v1/profiles/{self.governed}"
        nobody = "/v1/profiles/" + "a" * 26
        look_up = {"kind": "email", "value": " Ann@Example.com "}
        data = base64.b64encode(json.dumps({"event": "e", "userId": "contract"}).encode()).decode()
        batches = {("POST", path): batch_cases(path) for path in (
            "/v1/batch", "/v1/b", "/v1/batch/b", "/batch", "/b", "/batch/b", "/beacon/v1/batch",
            "/api/s/s2s/batch")}
        batches[("POST", "/v1/import")] = import_cases()
        singles = {("POST", prefix + "{verb}"): single_cases(prefix) for prefix in ("/v1/", "/api/s/", "/api/s/s2s/")}
        settings = {(method, path.format("{write_key}")): settings_cases(path) for method in ("GET", "POST") for path in (
            "/v1/projects/{}/settings", "/v1/projects/projects/{}/settings", "/projects/{}/settings",
            "/projects/projects/{}/settings")}
        return {
            **batches, **singles, **settings,
            ("GET", "/pixel/v1/{verb}"): [
                Case(200, "/pixel/v1/track?writeKey=wk_web&event=e&userId=contract&context.page.url=http://x/"),
                Case(200, "/pixel/v1/page?writeKey=wk_web&anonymousId=%22a%22"), Case(200, "/pixel/v1/track")],
            ("GET", "/api/px/{verb}"): [
                *(Case(200, f"/api/px/{verb}?writeKey=wk_web&data={data}") for verb in (*VERBS, "merge")),
                Case(200, "/api/px/track?data=!")],
            ("POST", "/v1/webhooks/{path}"): [
                Case(200, "/v1/webhooks/any-4f0c9a7e21d8b6", {"event": "Visited", "email": "hook@example.com"}),
                Case(401, "/v1/webhooks/meta", {"object": "page"}, code="bad_signature"),
                Case(404, "/v1/webhooks/any", {}, code="not_found"),
                Case(413, "/v1/webhooks/meta", b" " * ((1 << 20) + 1), code="payload_too_large")],
            ("PUT", "/v1/webhooks/{path}"): [
                Case(200, "/v1/webhooks/any-4f0c9a7e21d8b6", {"event": "Put"}),
                Case(401, "/v1/webhooks/meta", {}, code="bad_signature"), Case(404, "/v1/webhooks/any", {})],
            ("GET", "/v1/webhooks/{path}"): [
                Case(200, "/v1/webhooks/meta?hub.mode=subscribe&hub.verify_token=verify-me&hub.challenge=1158201444"),
                Case(401, "/v1/webhooks/clouds", code="bad_signature"), Case(404, "/v1/webhooks/any")],
            ("OPTIONS", "/v1/webhooks/{path}"): [
                Case(200, "/v1/webhooks/clouds", None, {"WebHook-Request-Origin": "events.example.com"}),
                Case(401, "/v1/webhooks/clouds", code="bad_signature"), Case(404, "/v1/webhooks/any")],
            ("POST", "/v1/m"): [Case(200, "/v1/m", {"series": []}), Case(200, "/v1/m", b"no json")],
            ("POST", "/rsaMetrics"): [Case(200, "/rsaMetrics", {"any": "thing"})],
            ("GET", "/sourceConfig"): source_config_cases("/sourceConfig"),
            ("POST", "/v1/profiles/lookup"): [
                Case(200, "/v1/profiles/lookup", look_up, key, holds={"customer_id": self.ann, "workspace": "default"}),
                Case(200, "/v1/profiles/lookup?verbose=true", look_up, as_basic, holds={"customer_id": self.ann}),
                Case(404, "/v1/profiles/lookup", {"kind": "email", "value": "nobody@example.com"}, key, "not_found"),
                Case(404, "/v1/profiles/lookup", {"kind": "user_id", "value": "null"}, key, "identifier_blocked"),
                Case(400, "/v1/profiles/lookup", {"kind": "email", "value": "no address"}, key, "invalid_parameter"),
                Case(400, "/v1/profiles/lookup", {"kind": "!", "value": "x"}, key, "invalid_parameter"),
                Case(200, "/v1/profiles/lookup", {**look_up, "at": "2023-01-01T00:00:00Z"}, key),
                Case(400, "/v1/profiles/lookup", {**look_up, "at": "then"}, key, "invalid_parameter"),
                Case(400, "/v1/profiles/lookup", b"[]", key, "invalid_parameter"),
                Case(400, "/v1/profiles/lookup?verbose=maybe", look_up, key, "invalid_parameter"),
                *read_refusals("/v1/profiles/lookup", look_up)],
            ("POST", "/v1/profiles"): create_cases(admin),
            ("POST", "/v1/profiles/import"): import_rows_cases(admin),
            ("PATCH", "/v1/profiles/{customer_id}"): change_cases(f"/v1/profiles/{self.bob}", nobody, admin),
            ("GET", "/v1/profiles/{customer_id}"): [
                Case(200, ann, None, key, holds={"customer_id": self.ann, "events": 4}),
                Case(200, ann + "?verbose=true", None, key), Case(404, nobody, None, key, "not_found"),
                Case(404, "/v1/profiles/nonsense", None, key, "not_found"),
                Case(200, buyer, None, key), Case(200, buyer + "?as_of=2020-01-01T00:00:00Z", None, key),
                Case(400, ann + "?as_of=yesterday", None, key, "invalid_parameter"),
                Case(400, ann + "?verbose=maybe", None, key, "invalid_parameter"), *read_refusals(ann)],
            **tag_cases(governed, nobody, key, admin),
            **status_cases(governed, nobody, key, admin),
            ("GET", "/v1/computed-traits"): [
                Case(200, "/v1/computed-traits", None, key, holds={"computed_traits": []}),
                *read_refusals("/v1/computed-traits")],
            ("GET", "/v1/profiles/{customer_id}/interactions"): [
                Case(200, ann + "/interactions", None, key, holds={"interactions": [], "complete": True, "next": None}),
                Case(200, buyer + "/interactions", None, key, holds={"customer_id": self.buyer, "next": None}),
                Case(200, buyer + "/interactions?limit=1", None, key),
                Case(404, nobody + "/interactions", None, key, "not_found"),
                Case(400, ann + "/interactions?cursor=forged", None, key, "invalid_cursor"),
                Case(400, ann + "/interactions?limit=ten", None, key, "invalid_parameter"),
                *read_refusals(ann + "/interactions")],
            ("GET", "/v1/profiles/{customer_id}/tickets"): [
                Case(200, ann + "/tickets", None, key, holds={"tickets": [], "complete": True, "next": None}),
                Case(200, buyer + "/tickets", None, key, holds={"customer_id": self.buyer, "next": None}),
                Case(200, buyer + "/tickets?limit=1", None, key),
                Case(200, buyer + "/tickets?as_of=2020-01-01T00:00:00Z", None, key, holds={"tickets": []}),
                Case(404, nobody + "/tickets", None, key, "not_found"),
                Case(400, ann + "/tickets?cursor=forged", None, key, "invalid_cursor"),
                Case(400, ann + "/tickets?limit=ten", None, key, "invalid_parameter"),
                Case(400, ann + "/tickets?as_of=yesterday", None, key, "invalid_parameter"),
                *read_refusals(ann + "/tickets")],
            ("GET", "/v1/profiles/{customer_id}/orders"): [
                Case(200, ann + "/orders", None, key, holds={"customer_id": self.ann, "orders": [], "next": None}),
                Case(200, buyer + "/orders", None, key, holds={"complete": True, "next": None}),
                Case(200, buyer + "/orders?limit=1", None, key),
                Case(404, nobody + "/orders", None, key, "not_found"),
                Case(400, ann + "/orders?cursor=forged", None, key, "invalid_cursor"),
                Case(400, ann + "/orders?limit=ten", None, key, "invalid_parameter"), *read_refusals(ann + "/orders")],
            ("GET", "/v1/profiles/{customer_id}/events"): [
                Case(200, ann + "/events", None, key, holds={"customer_id": self.ann, "next": None}),
                Case(200, ann + "/events?type=track&name=e1&source=app&from=2020-01-01&limit=1000000000", None, key),
                Case(404, nobody + "/events", None, key, "not_found"),
                Case(400, ann + "/events?cursor=forged", None, key, "invalid_cursor"),
                Case(400, ann + "/events?limit=ten", None, key, "invalid_parameter"),
                Case(400, ann + "/events?type=%27%20OR%201=1", None, key, "invalid_parameter"),
                Case(400, ann + "/events?until=yesterday", None, key, "invalid_parameter"), *read_refusals(ann + "/events")],
            **channel_cases(key, admin),
            ("GET", "/v1/changes"): [
                *changes_cases("/v1/changes", key), Case(200, "/v1/changes?kind=rfm_cell", None, key),
                Case(400, "/v1/changes?kind=weather", None, key, "invalid_parameter"),
                Case(400, "/v1/changes?wait=long", None, key, "invalid_parameter")],
            ("GET", "/v1/sources"): [Case(200, "/v1/sources", None, key), *read_refusals("/v1/sources")],
            ("GET", "/v1/rejected"): [
                Case(200, "/v1/rejected", None, key), Case(200, "/v1/rejected?code=missing_id&source=web&limit=1", None, key),
                Case(400, "/v1/rejected?code=nonsense", None, key, "invalid_parameter"),
                Case(400, "/v1/rejected?cursor=forged", None, key, "invalid_cursor"), *read_refusals("/v1/rejected")],
            ("GET", "/v1/export"): export_cases(key),
            ("POST", "/v1/rfm/scale"): scale_cases(admin),
            ("POST", "/v1/sql"): sql_cases(key),
            ("GET", "/v1/rfm/scale"): [
                Case(404, "/v1/rfm/scale", None, {"Authorization": f"Bearer {OTHER_ANALYST}"}, "not_found"),
                Case(200, "/v1/rfm/scale", None, key, holds={"as_of": "2020-01-01T00:00:00.000Z"}),
                *read_refusals("/v1/rfm/scale")],
            ("GET", "/v1/profiles/{customer_id}/explain"): explain_cases(ann + "/explain", nobody, key),
            ("GET", "/v1/profiles/{customer_id}/changes"): [
                *changes_cases(ann + "/changes", key), Case(404, nobody + "/changes", None, key, "not_found")],
            ("GET", "/v1/profiles/{customer_id}/history"): history_cases(governed, nobody, key),
            ("GET", "/v1/identity/changes"): [
                *changes_cases("/v1/identity/changes", key),
                Case(400, "/v1/identity/changes?wait=long", None, key, "invalid_parameter")],
            ("POST", "/v1/identity/assertions"): assertion_cases(admin),
            **profile_api_cases(key),
            ("GET", "/v1/identity/rules"): [
                Case(200, "/v1/identity/rules", None, key), *read_refusals("/v1/identity/rules")],
            ("PUT", "/v1/identity/rules"): rules_cases(admin),
            ("POST", "/v1/identity/preview"): preview_cases(admin),
            ("GET", "/v1/identity/suggestions"): [
                Case(200, "/v1/identity/suggestions", None, key, holds={"complete": True}),
                Case(200, "/v1/identity/suggestions?limit=1", None, key),
                Case(400, "/v1/identity/suggestions?limit=ten", None, key, "invalid_parameter"),
                *read_refusals("/v1/identity/suggestions")],
            ("POST", "/v1/identity/suggestions/search"): [
                Case(200, "/v1/identity/suggestions/search", {}, admin, holds={"merged": 0, "complete": True}),
                *admin_refusals("/v1/identity/suggestions/search", {})],
            ("POST", "/v1/identity/suggestions/{suggestion_id}/accept"):
                suggestion_cases("accept", self.suggestions[0], admin),
            ("POST", "/v1/identity/suggestions/{suggestion_id}/reject"):
                suggestion_cases("reject", self.suggestions[1], admin),
            ("POST", "/v1/erasures"): erasure_cases(admin),
            ("GET", "/v1/erasures"): [
                Case(200, "/v1/erasures", None, admin), *admin_refusals("/v1/erasures", None)],
            ("POST", "/v1/erasures/{erasure_id}/lift"): lift_cases(admin),
            ("GET", "/openapi.json"): [Case(200, "/openapi.json")],
            ("GET", "/health"): [Case(200, "/health", holds={"status": "ok"})],
            ("GET", "/version"): [Case(200, "/version")],
            ("GET", "/robots.txt"): [Case(200, "/robots.txt")],
            ("GET", "/"): [Case(200, "/")],
        }

    def test_every_operation_answers_as_described(self):
        exercises = self.exercises()
        with self.server.client() as client:
            for method, template, operation in self.description.operations():
                with self.subTest(operation=f"{method} {template}"):
                    self.assertIn((method, template), exercises, "the operation has no exercise")
                    cases = exercises.pop((method, template))
                    seen = {str(self.run_case(client, method, operation, case)) for case in cases}
                    unprovoked = UNPROVOKED | UNPROVOKED_OF.get((method, template), set())
                    self.assertEqual(seen, set(operation["responses"]) - unprovoked, "declared answers that never came")
                    self.check_verbs(template, operation, cases)
        self.assertEqual(set(exercises), set(), "exercises of operations that are not described")

    def run_case(self, client, method, operation, case) -> int:
        answer = client.request(method, case.path, case.body, case.headers)
        deadline = time.monotonic() + 30
        while answer.status == 429 and case.status != 429 and time.monotonic() < deadline:  # rules are being followed
            time.sleep(0.1)
            answer = client.request(method, case.path, case.body, case.headers)
        label = f"{method} {case.path[:100]} {case.headers} -> {answer}"
        self.assertEqual(answer.status, case.status, label)
        self.check_answer(operation, answer, label)
        if case.code:
            self.assertEqual(answer.json()["code"], case.code, label)
        for name, value in case.holds.items():
            self.assertEqual(answer.json()[name], value, f"{name}: {label}")
        return answer.status

    def check_answer(self, operation, answer, label):
        response = self.description.resolved(operation["responses"][str(answer.status)])
        media_type = answer.headers.get_content_type()
        self.assertIn(media_type, response["content"], label)
        self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff", label)
        self.assertTrue(answer.headers["X-Request-Id"], label)
        schema = response["content"][media_type].get("schema")
        if schema:
            try:
                self.description.check(schema, answer.json() if media_type.endswith("json") else answer.body.decode())
            except SchemaError as fault:
                self.fail(f"{fault}\n{label}")

    def check_verbs(self, template, operation, cases):
        """Each value of {verb} has a case that succeeds."""
        if not template.endswith("{verb}"):
            return
        parameters = map(self.description.resolved, operation["parameters"])
        declared = next(p["schema"]["enum"] for p in parameters if p["name"] == "verb")
        prefix = template.removesuffix("{verb}")
        shown = {case.path.removeprefix(prefix).split("?")[0] for case in cases if case.status == 200}
        self.assertEqual(set(declared), shown)

    def test_the_served_description_is_the_file(self):
        self.assertEqual(self.server.get("/openapi.json").expect(200).json(), self.document)

    def test_a_page_leads_to_the_next_until_all_are_seen(self):
        path = f"/v1/profiles/{self.ann}/events?limit=1"
        seen, cursor = [], ""
        while cursor is not None:
            page = self.server.get(path + (f"&cursor={cursor}" if cursor else ""), key=ANALYST).expect(200).json()
            self.assertLessEqual(len(page["events"]), 1)
            seen += page["events"]
            cursor = page["next"]
            self.assertRegex(cursor or "", r"^[A-Za-z0-9_-]*$", "goes into an address as it is")
        self.assertEqual([item["name"] for item in seen if item["type"] == "track"], ["e2", "e1", "e0"])
        self.assertEqual(len(seen), 4)
        self.assertEqual(seen, self.server.events(self.ann))

    def test_timeline_filters_keep_what_they_name(self):
        all_of = self.server.events(self.ann)
        self.assertEqual([e["type"] for e in self.server.events(self.ann, type="identify")], ["identify"])
        self.assertEqual([e["name"] for e in self.server.events(self.ann, name="e1")], ["e1"])
        self.assertEqual(self.server.events(self.ann, source="app"), all_of)
        self.assertEqual(self.server.events(self.ann, source="web"), [])
        newest = all_of[0]["occurred_at"]
        self.assertNotIn(newest, [e["occurred_at"] for e in self.server.events(self.ann, until=newest)])
        self.assertIn(newest, [e["occurred_at"] for e in self.server.events(self.ann, from_=newest)])

    def test_rejected_events_are_listed_with_reason_and_bytes(self):
        with_code = {entry["code"]: entry for entry in self.server.rejected(source="web")}
        self.assertEqual(with_code["not_an_object"]["raw"], "7")
        self.assertEqual(with_code["unknown_type"]["path"].split("/")[:3], ["", "batch", "2"])
        self.assertEqual({e["code"] for e in self.server.rejected(code="not_an_object")}, {"not_an_object"})
        self.assertEqual(self.server.rejected(source="app", code="not_an_object"), [])
        self.assertEqual(self.server.rejected(until="2020-01-01"), [])

    def test_verbose_traits_name_their_event(self):
        trait = self.server.profile(self.ann, verbose=True)["traits"]["n"]
        self.assertEqual((trait["value"], trait["source"]), (1, "app"))
        self.assertIn(trait["message_id"], [e["message_id"] for e in self.server.events(self.ann, type="identify")])

    def test_the_pixel_stores_its_event_and_counts_a_rejected_one(self):
        before = self.server.metrics()
        image = self.server.get("/pixel/v1/track?writeKey=wk_web&event=Opened&userId=pixel&properties.mail=7").expect(200)
        self.assertEqual(len(image.body), 43)
        self.assertEqual(image.headers["Cache-Control"], "no-store")
        profile = self.server.lookup("user_id", "pixel")
        stored = self.server.events(profile["customer_id"])[0]
        self.assertEqual(stored["event"]["properties"], {"mail": "7"})
        self.assertEqual(stored["event"]["channel"], "web")
        self.assertEqual(stored["channel"], "website")
        self.server.get("/pixel/v1/track?writeKey=wk_web&event=&userId=pixel").expect(200)
        after = self.server.metrics()
        name = "tributary_events_rejected_total"
        self.assertEqual(after.get(name, code="missing_event") - before.get(name, code="missing_event"), 1)

    def test_settings_lead_the_sdk_back_here(self):
        answer = self.server.get("/v1/projects/wk_web/settings").expect(200)
        self.assertEqual(answer.json()["integrations"]["Segment.io"],
                         {"apiKey": "wk_web", "apiHost": f"{self.server.http}/v1", "protocol": "http"})
        self.assertEqual(answer.headers["Cache-Control"], "no-store")

    def test_a_disabled_source_tells_its_sdk_to_be_silent(self):
        self.assertIs(self.server.get("/sourceConfig", write_key="wk_closed").expect(200).json()["source"]["enabled"], False)

    def test_counts_add_up(self):
        metrics = self.server.metrics()
        events = "tributary_events_total"
        parts = [metrics.get(events, outcome=outcome) for outcome in ("accepted", "duplicate", "rejected")]
        self.assertEqual(metrics["tributary_events_received_total"], sum(parts))
        self.assertEqual(metrics.get("tributary_events_rejected_total"), parts[2])


class Cors(unittest.TestCase):
    """Collection mirrors, reading does not, a refused origin gets nothing."""

    ORIGIN = {"Origin": "https://shop.example"}

    @classmethod
    def setUpClass(cls):
        cls.server = Server(configuration())
        cls.addClassCleanup(cls.server.close)

    def cors_headers(self, answer) -> dict:
        return {name.lower(): value for name, value in answer.headers.items()
                if name.lower().startswith("access-control-")}

    def test_every_answer_of_a_collection_route_mirrors_the_origin(self):
        answers = {
            200: self.server.post("/v1/track", event(), self.ORIGIN, write_key="wk_web"),
            400: self.server.post("/v1/track", b"{", self.ORIGIN, write_key="wk_web"),
            401: self.server.post("/v1/track", event(), self.ORIGIN),
            413: self.server.post("/v1/batch", {"batch": [0] * 10_001}, self.ORIGIN, write_key="wk_web"),
            405: self.server.request("DELETE", "/v1/track", None, self.ORIGIN),
        }
        for status, answer in answers.items():
            headers = self.cors_headers(answer.expect(status))
            self.assertEqual(headers["access-control-allow-origin"], "https://shop.example", status)
            self.assertEqual(headers["access-control-allow-credentials"], "true", status)
            self.assertEqual(headers["access-control-expose-headers"], "Retry-After, X-Request-Id", status)
            self.assertIn("Origin", answer.headers["Vary"], status)

    def test_preflight_echoes_what_it_is_asked(self):
        asked = "authorization,x-retry-count,rsa-retry-attempt"
        for path in ("/v1/t", "/v1/batch/", "/projects/wk_web/settings", "/sourceConfig", "/pixel/v1/page"):
            answer = self.server.request("OPTIONS", path, None, {
                **self.ORIGIN, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": asked}).expect(200)
            self.assertEqual(answer.body, b"")
            headers = self.cors_headers(answer)
            self.assertEqual(headers["access-control-allow-origin"], "https://shop.example")
            self.assertEqual(headers["access-control-allow-headers"], asked)
            self.assertEqual(headers["access-control-max-age"], "86400")
            self.assertNotIn("access-control-allow-private-network", headers)

    def test_reading_has_no_cors_header_ever(self):
        for answer in (self.server.get("/v1/rejected", self.ORIGIN, key=ANALYST),
                       self.server.get("/v1/rejected", self.ORIGIN),
                       self.server.post("/v1/profiles/lookup", b"", self.ORIGIN, key=ANALYST),
                       self.server.request("OPTIONS", "/v1/profiles/lookup", None, self.ORIGIN),
                       self.server.get("/openapi.json", self.ORIGIN)):
            self.assertEqual(self.cors_headers(answer), {}, answer)

    def test_a_refused_origin_gets_no_cors_header(self):
        for answer in (self.server.post("/v1/track", event(), EVIL, write_key="wk_shop"),
                       self.server.get("/v1/projects/wk_shop/settings", EVIL),
                       self.server.get("/sourceConfig", EVIL, write_key="wk_shop")):
            self.assertEqual(self.cors_headers(answer.expect(403)), {})


class Validator(unittest.TestCase):
    """The validator itself can fail."""

    def test_faults_are_found(self):
        description = Description({"x": {"type": "string"}})
        good = {"type": "object", "required": ["a"], "properties": {"a": {"type": "array", "items": {"$ref": "#/x"}}}}
        description.check(good, {"a": ["s"], "b": 1})
        faults = [(good, []), (good, {}), (good, {"a": [1]}), ({"enum": [1]}, 2), ({"const": True}, 1),
                  ({"type": "integer"}, True), ({"type": ["string", "null"]}, 1), ({"type": "integer", "minimum": 0}, -1),
                  ({"type": "string", "pattern": "^a$"}, "b"), ({"type": "string", "format": "date-time"}, "today"),
                  ({"type": "object", "additionalProperties": {"type": "integer"}}, {"a": "b"}), ({"oneOf": []}, 1)]
        for schema, value in faults:
            with self.subTest(schema=schema, value=value), self.assertRaises(SchemaError):
                description.check(schema, value)


if __name__ == "__main__":
    if len(sys.argv) > 1 and os.path.isfile(sys.argv[1]):
        os.environ["TRIBUTARY_BINARY"] = sys.argv.pop(1)
    unittest.main()
