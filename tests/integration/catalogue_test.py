"""Channels and tracking plans: what an event is called, where it came from, and whether it is as agreed."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from tributary import ANALYST, APP, WEB, Server, find_binary, sample_config  # noqa: E402

PLAN = {
    "on_violation": "pass",
    "events": {
        "Order Completed": {"on_violation": "quarantine", "schema": {
            "type": "object", "required": ["order_id"],
            "properties": {"order_id": {"type": "string"}, "total": {"type": "number", "minimum": 0}}}},
        "Signed Up": {"on_violation": "strip", "schema": {"properties": {"email": {"type": "string", "format": "email"},
                                                                         "order_no": {"type": "string"}}}},
        "Feature Used": {"schema": {"properties": {"feature": {"enum": ["search", "chat"]}}}},
    },
}


class Catalogue(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.plan = pathlib.Path(directory.name) / "plan.json"
        self.plan.write_text(json.dumps(PLAN))
        self.config = sample_config()
        self.config["sources"][1]["tracking_plan"] = str(self.plan)
        self.config["sources"].append({"id": "till", "workspace": "default", "kind": "sdk", "write_keys": ["wk_till"],
                                       "trust": "server", "channel": "store"})
        self.server = Server(self.config)
        self.addCleanup(self.server.close)
        self.user = f"u-{uuid.uuid4()}"

    def tell(self, event: str, write_key: str = APP, status: int = 200, **members):
        body = {"userId": self.user, "event": event, "messageId": str(uuid.uuid4()), **members}
        return self.server.post("/v1/track", body, write_key=write_key).expect(status)

    def events(self, **filters) -> list:
        return self.server.events(self.server.lookup("user_id", self.user)["customer_id"], **filters)

    # -- channels -----------------------------------------------------------------------------------------------------

    def test_ch_1_every_event_carries_a_channel(self):
        unknown = "tributary_unknown_channel_total"
        self.tell("A", WEB, channel="门店", touchpoint="store:hz-01")
        self.assertEqual(self.server.metrics().get(unknown, source="web"), 0)
        self.tell("B", WEB, channel="月球")
        self.tell("C", "wk_till")
        self.tell("D", "wk_till", channel="server", context={"channel": "小程序"})
        self.tell("E", WEB)
        stored = {event["name"]: event for event in self.events()}
        self.assertEqual({name: (event["channel"], event["touchpoint"], event["flags"]) for name, event in stored.items()},
                         {"A": ("store", "store:hz-01", []), "B": ("other", None, ["unknown_channel"]),
                          "C": ("store", None, []), "D": ("mini_program", None, []), "E": (None, None, [])})
        self.assertEqual(stored["B"]["event"]["channel"], "月球")
        self.assertEqual(self.server.metrics().get(unknown, source="web"), 1)
        self.assertEqual(sorted(self.server.lookup("user_id", self.user)["channels"]), ["mini_program", "other", "store"])
        codes = {channel["code"] for channel in self.server.get("/v1/channels", key=ANALYST).expect(200).json()["channels"]}
        self.assertLess({"store", "mini_program", "other"}, codes)
        self.server.restart(kill=True)
        self.assertEqual({event["touchpoint"] for event in self.events(name="A")}, {"store:hz-01"})

    # -- tracking plans -----------------------------------------------------------------------------------------------

    def violations(self, event: str, action: str) -> float:
        return self.server.metrics().get("tributary_tracking_plan_violations_total", source="app", event=event, action=action)

    def test_quarantine_rejects_and_names_the_place(self):
        answer = self.tell("order_completed", status=400, properties={"order_id": "1", "total": "12"}).json()
        self.assertEqual((answer["code"], answer["message"]), ("tracking_plan", "Order Completed: total must be number"))
        batch = [{"type": "track", "userId": self.user, "event": "Order Completed", "properties": properties}
                 for properties in ({"order_id": "1", "total": 12, "currency": "CNY"}, {"total": 12})]
        answer = self.server.post("/v1/batch", {"batch": batch}, write_key=APP).expect(200).json()
        self.assertEqual([error["code"] for error in answer["errors"]], ["tracking_plan"])
        paths = {entry["path"] for entry in self.server.rejected(code="tracking_plan")}
        self.assertEqual(paths, {"/properties/total", "/batch/1/properties"})
        self.assertEqual([event["flags"] for event in self.events()], [["generated_message_id"]])
        self.assertEqual(self.violations("Order Completed", "quarantine"), 2)
        self.tell("Order Completed", WEB, properties={"total": "12"})  # a source without a plan

    def test_strip_keeps_the_event_and_counts_without_what_offends(self):
        sent = {"email": 7, "plan": "free"}
        self.tell("Signed Up", properties=sent)
        [event] = self.events()
        self.assertEqual((event["flags"], event["event"]["properties"]), (["plan_violated"], sent))
        self.assertEqual(self.violations("Signed Up", "strip"), 1)

    def test_pass_keeps_and_flags(self):
        self.tell("Feature Used", properties={"feature": "search"})
        self.tell("Feature Used", properties={"feature": "teleport"})
        self.tell("Something Else", properties={"feature": "teleport"})
        self.assertEqual([(e["name"], e["flags"]) for e in reversed(self.events())],
                         [("Feature Used", []), ("Feature Used", ["plan_violated"]), ("Something Else", [])])
        self.assertEqual(self.violations("Feature Used", "pass"), 1)

    def test_a_changed_plan_is_reloaded_and_a_bad_one_refused(self):
        self.tell("Something Else")
        self.plan.write_text(json.dumps({**PLAN, "unplanned": "quarantine"}))
        os.kill(self.server.process.pid, signal.SIGHUP)
        self.server.wait_until(lambda: "configuration reloaded" in self.server.stderr(), what="the reload")
        self.tell("Something Else", status=400)
        self.assertEqual(self.violations("", "quarantine"), 1)
        self.plan.write_text('events:\n  A:\n    schema: {properties: {a: {pattern: "["}}}\n')
        os.kill(self.server.process.pid, signal.SIGHUP)
        self.server.wait_until(lambda: self.server.metrics()["tributary_config_last_reload_successful"] == 0,
                               what="the refused reload")
        self.tell("Something Else", status=400)
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(self.config, file)
            file.flush()
            checked = subprocess.run([find_binary(), "check-config", file.name], capture_output=True, text=True)
        self.assertEqual(checked.returncode, 78, checked)
        self.assertIn(f"{self.plan}:3:", checked.stdout + checked.stderr)


if __name__ == "__main__":
    unittest.main()
