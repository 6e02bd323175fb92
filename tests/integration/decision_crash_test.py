"""Crashes while people decide: whatever the process was doing, a decision is made or not made, never half.

The process is killed before its n-th call that writes, syncs, renames or removes something in the data directory,
counted in each thread by itself: in the log, in a flush of the state, in a replay, in a sweep. After the next start
everything that can be read equals what a server shows that was never killed: after the decision when it was
acknowledged, otherwise before or after it, whole. Another restart changes nothing, and neither does asking again.
"""
import contextlib
import datetime
import http.client
import itertools
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from faults import (WRITING_CALLS, Call, calls_on, children_of, copy_store, needs_trace, threads_of, trace,  # noqa: E402
                    verify)
from tributary import ADMIN, ANALYST, APP, SLOW, Server, StartFailed, sample_config  # noqa: E402

SEED = int(os.environ.get("SEED", "11"))
POINTS = int(os.environ.get("POINTS", "16"))  # crashes of each kind
PAIRS = 4000  # that a sweep joins; so many that the state is flushed several times in the middle of it

BASE = "2025-03-01T10:00:{:02}Z"
NAMES = ["user_id:A", "user_id:B", "user_id:C", "user_id:D", "user_id:E", "user_id:F", "anonymous_id:visitor-x",
         "anonymous_id:visitor-y", "email:e1@example.com", "email:e2@example.com", "email:e3@example.com",
         "phone:+8613912345678", "phone:+8613712345678", "phone:+8613612345678"]
GAUGES = ("customers", "identifiers", "containers", "containers_not_simple", "hubs")


def named(name: str) -> dict:
    return dict(zip(("kind", "value"), name.split(":", 1)))


def is_applying(server: Server) -> bool:
    return server.get("/v1/identity/rules", key=ANALYST).expect(200).json()["applying"]


def wait_until_applied(server: Server):
    server.wait_until(lambda: not is_applying(server), 30 * SLOW, "rules are applied")


class Reader:
    """Everything that an analyst can read, in a form that can be compared."""

    def __init__(self, server: Server, names: list, deep: bool):
        self.server, self.names, self.deep = server, names, deep

    def read(self) -> dict:
        wait_until_applied(self.server)
        metrics = self.server.metrics()
        with self.server.client() as self.client:
            found = {"gauges": {name: metrics[f"tributary_{name}"] for name in GAUGES},
                     "rules": self.ask("/v1/identity/rules"), "changes": self.changes("/v1/identity/changes"),
                     "rejected": self.ask("/v1/rejected"),
                     "lookups": {name: self.ask("/v1/profiles/lookup?verbose=true", named(name)) for name in self.names}}
            if self.deep:
                found["customers"] = {each: self.customer(each) for each in self.customers(found)}
                found["pairs"] = self.pairs(next(iter(found["customers"])))
        return found

    @staticmethod
    def customers(found: dict) -> list:
        """Every id that was ever told."""
        return sorted(set(re.findall(r'"([a-z2-7]{26})"', json.dumps([found["lookups"], found["changes"]]))))

    def customer(self, customer: str) -> dict:
        path = f"/v1/profiles/{customer}"
        return {"profile": self.ask(path), "events": self.ask(f"{path}/events"), "history": self.changes(f"{path}/changes"),
                "explain": self.ask(f"{path}/explain")}

    def pairs(self, customer: str) -> dict:
        """Why any two are one customer, or not."""
        return {f"{a} {b}": self.ask(f"/v1/profiles/{customer}/explain?" + urllib.parse.urlencode({"a": a, "b": b}))
                for a, b in itertools.combinations(self.names, 2)}

    def changes(self, path: str) -> list:
        """A sweep may tell again what it did, under another number."""
        found, cursor = {}, ""
        while True:
            page = self.ask(f"{path}?" + urllib.parse.urlencode({"limit": 1000, "cursor": cursor}))
            for change in page.get("changes", ()):
                if change["cause"]["kind"] == "rules" and change["type"] != "rules_activated":
                    del change["seq"]
                found.setdefault(json.dumps(change), change)
            if page.get("at_end", True):
                return list(found.values())
            cursor = page["next_cursor"]

    def ask(self, path: str, body=None) -> dict:
        answer = self.client.request("POST" if body else "GET", path, body, {"Authorization": f"Bearer {ANALYST}"})
        return answer.json() if answer.status == 200 else {"status": answer.status, "code": answer.json()["code"]}


def without_times(found, since: str):
    """Two servers decide at two times: later ones than `since` are left out."""
    if isinstance(found, dict):
        return {key: "then" if key == "at" and value and value > since else without_times(value, since)
                for key, value in found.items()}
    return [without_times(each, since) for each in found] if isinstance(found, list) else found


def differences(a, b, path: str = "") -> list:
    if isinstance(a, dict) and isinstance(b, dict):
        return [line for key in sorted({*a, *b}) for line in differences(a.get(key), b.get(key), f"{path}/{key}")]
    if isinstance(a, list) and isinstance(b, list):
        pairs = enumerate(itertools.zip_longest(a, b))
        return [line for number, pair in pairs for line in differences(*pair, f"{path}/{number}")]
    return [] if a == b else [f"{path}: {json.dumps(a)[:300]} instead of {json.dumps(b)[:300]}"]


class Stage:
    """A store at rest, what is done to it, and what can be read before and after. Without `decide` the same."""

    def __init__(self, store: pathlib.Path, config: dict, decide=None, names=NAMES, deep: bool = True):
        self.store, self.config, self.decide, self.names, self.deep = store, config, decide, names, deep
        self.since = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")
        self.before = self.after = None

    def read(self, server: Server) -> dict:
        return Reader(server, self.names, self.deep).read()

    def run_unbroken(self, kill: bool = False) -> pathlib.Path:
        """Notes what is to be seen; returns a store for what comes next."""
        after = copy_store(self.store, self.store.with_name(self.store.name + "+"))
        with Server(self.config, after) as server:
            self.before = self.read(server)
            if self.decide:
                self.decide(server)
            self.after = self.read(server)
            if kill:
                server.kill()
        return after

    def expect(self, found: dict, acknowledged: bool):
        """Raises unless it is one of the two, or when it was acknowledged the second."""
        found = without_times(found, self.since)
        wrong = differences(found, without_times(self.after, self.since))
        if not wrong or (not acknowledged and found == without_times(self.before, self.since)):
            return
        raise AssertionError(f"{'acknowledged' if acknowledged else 'not acknowledged'}, and {len(wrong)} differences: "
                             + "\n".join(wrong[:6]))


class Crash:
    """One run of a stage that is killed at a call."""

    def __init__(self, stage: Stage, directory: pathlib.Path):
        self.stage, self.directory = stage, directory
        self.server = Server(stage.config, copy_store(stage.store, directory / "crash"), start=False)
        self.trace_file = directory / "trace"
        self.killed = self.in_sweep = False

    def calls_of_a_start(self) -> list:
        """The calls from the first on, by the thread that would be killed first."""
        self.traced_start("-y", "-e", f"trace={WRITING_CALLS}")
        self.end_traced()
        traced = self.trace_file.read_text()
        threads = {int(pid): pid for pid in re.findall(r"^(\d+)", traced, re.MULTILINE)}
        found = calls_on(self.directory, traced, threads)
        return sorted({Call("", each.call, each.nth) for each in found})

    def calls_of_a_decision(self) -> list:
        self.server.start()
        threads = self.threads()
        tracer = trace(self.server.process.pid, list(threads), "-y", "-o", str(self.trace_file), "-e", f"trace={WRITING_CALLS}")
        self.decide_and_stop()
        tracer.communicate()
        return sorted(set(calls_on(self.directory, self.trace_file.read_text(), threads)))

    def threads(self) -> dict:
        pid = self.server.process.pid
        named = {"trib-log", "trib-mark", "trib-logkeep"}  # each names itself when it first runs
        self.server.wait_until(lambda: named <= set(threads_of(pid).values()), what="threads have their names")
        return threads_of(pid)

    def traced_start(self, *arguments: str):
        self.server.prefix = ["strace", "-f", "-qq", "-o", str(self.trace_file), *arguments]
        self.server.start()

    def end_traced(self):
        for child in children_of(self.server.process.pid):
            os.kill(child, signal.SIGTERM)
        self.server.process.wait(20)

    def decide_and_stop(self) -> bool:
        """True when the decision was acknowledged."""
        acknowledged = self.stage.decide is None
        try:
            if self.stage.decide:
                self.stage.decide(self.server)
            acknowledged = True
            wait_until_applied(self.server)
        except (OSError, http.client.HTTPException):
            pass
        self.server.stop()
        return acknowledged

    def close(self):
        """A killed strace lets its tracee go on; so the tracee goes first."""
        if self.server.prefix and self.server.running():
            for child in children_of(self.server.process.pid):
                os.kill(child, signal.SIGKILL)
        self.server.close()

    def run(self, call: Call):
        if call.thread == "":
            with contextlib.suppress(StartFailed):
                self.traced_start(*call.kill())
                self.end_traced()
            acknowledged = False
        else:
            self.server.start()
            thread, = (tid for tid, name in self.threads().items() if name == call.thread)
            tracer = trace(self.server.process.pid, [thread], "-o", str(self.trace_file), *call.kill())
            acknowledged = self.decide_and_stop()
            tracer.communicate()
        self.server.kill()
        self.killed = self.server.process.returncode == -signal.SIGKILL
        self.server.prefix = []
        self.check(acknowledged, kill_again=call.nth % 2 == 0)

    def check(self, acknowledged: bool, kill_again: bool):
        self.in_sweep = is_applying(self.server.start())
        found = self.stage.read(self.server)
        self.stage.expect(found, acknowledged)
        self.server.kill() if kill_again else self.server.stop()
        verify(self.server)
        again = self.stage.read(self.server.start())
        if again != found:
            raise AssertionError("another restart changed something: " + "\n".join(differences(again, found)[:6]))
        if self.stage.decide:
            self.stage.decide(self.server)
            self.stage.expect(self.stage.read(self.server), True)


def ask(server: Server, method: str, path: str, body) -> dict:
    return server.request(method, path, body, {"Authorization": f"Bearer {ADMIN}"}).expect(200).json()


def assertion(type: str, *names: str, **more):
    """A decision; made twice it is the same one."""
    members = dict(zip(("a", "b") if len(names) == 2 else ("identifier",), map(named, names)))
    body = {"type": type, "id": f"as-{type}", "author": "li@shop.example", "reason": "a test", **members, **more}
    return lambda server: ask(server, "POST", "/v1/identity/assertions", body)


def erase_b(server: Server):
    body = {"identifier": named("user_id:B"), "id": "er-b", "author": "li@shop.example", "reason": "a test"}
    ask(server, "POST", "/v1/erasures", body)


def two_user_ids(server: Server):
    """Activates rules by which a customer may have two."""
    rules = {"kinds": {"user_id": {"priority": 10, "class": "strong", "limits": [{"count": 2}], "owner": "oldest"}}}
    ask(server, "PUT", "/v1/identity/rules", {"based_on": 1, "id": "rules-2", "reason": "a test", "rules": rules})


def event(second: int, message: str = "", *, email: str = "", phone: str = "", **ids) -> dict:
    traits = {"plan": f"plan-{second}", f"seen-{second}": True, "$increment": {"visits": second, "points": 10 * second}}
    traits |= {name: value for name, value in (("email", email), ("phone", phone)) if value}
    return {"type": "identify", "messageId": message or f"m-{second}", "timestamp": BASE.format(second), "traits": traits,
            "context": {"channel": ("web", "server")[second % 2]}, **ids}


EVENTS = [event(1, userId="A", email="e1@example.com"), event(2, userId="B", email="e2@example.com"),
          event(3, email="e3@example.com", phone="+8613912345678", anonymousId="visitor-y"),
          event(4, "mistake", userId="A", email="e3@example.com"),
          event(5, userId="C", phone="+8613712345678"), event(6, phone="+8613712345678", anonymousId="visitor-x"),
          event(8, userId="D", phone="+8613712345678"), event(9, phone="+8613712345678", anonymousId="visitor-x"),
          event(10, userId="E", phone="+8613612345678"), event(11, userId="F", phone="+8613612345678")]


def evidence_of(server: Server, message: str, name: str) -> str:
    customer = server.lookup(*name.split(":", 1))["customer_id"]
    links = server.get(f"/v1/profiles/{customer}/explain", key=ANALYST).expect(200).json()["links"]
    evidence, = {link["evidence"] for link in links if link.get("message_id") == message}
    return evidence


@needs_trace
class Crashes(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="tributary-decision-"))
        self.addCleanup(shutil.rmtree, self.directory, True)
        self.random = random.Random(SEED)
        self.config = sample_config()
        self.config["log"] = {"segment_bytes": "1MiB", "spare_segments": 1, "ballast_bytes": 0, "disk_low_bytes": "16MiB"}

    def store_of(self, events: list, kill: bool = False) -> pathlib.Path:
        with Server(self.config, self.directory / "store") as server:
            for start in range(0, len(events), 1000):
                server.post("/v1/batch", {"batch": events[start:start + 1000]}, write_key=APP).expect(200)
            self.mistake = evidence_of(server, "mistake", "user_id:A")
            if kill:
                server.kill()
        return self.directory / "store"

    def decisions(self) -> dict:
        """In the order in which they are made: each finds what those before it left."""
        a, b, phone = "user_id:A", "user_id:B", "phone:+8613712345678"
        return {"must_link": assertion("must_link", a, b), "unlink": assertion("unlink", a, b),
                "retract": assertion("retract", a, evidence=self.mistake),
                "reassign": assertion("reassign", phone, **{"from": BASE.format(7)}), "erase": erase_b, "rules": two_user_ids}

    def crash_at(self, name: str, stage: Stage, calls: list, count: int) -> int:
        """First at those of the log, then of the flush, then of the rest. Returns how many ended in the middle of a sweep."""
        rank = {"trib-log": 0, "trib-mark": 0, "rocksdb:high": 1}
        chosen = sorted(calls, key=lambda call: (rank.get(call.thread, 2), self.random.random()))[:count]
        started, killed, in_sweep = time.monotonic(), 0, 0
        for call in chosen:
            crash = Crash(stage, self.directory)
            with self.subTest(stage=name, call=str(call), seed=SEED):
                try:
                    crash.run(call)
                finally:
                    crash.close()
            killed, in_sweep = killed + crash.killed, in_sweep + crash.in_sweep
        print(f"{name}: seed {SEED}, {killed} of {len(chosen)} killed, {in_sweep} in a sweep, of {len(calls)} calls, "
              f"{time.monotonic() - started:.1f} s", file=sys.stderr)
        self.assertGreater(killed, len(chosen) / 3, "the crashes did not happen: this proves nothing")
        return in_sweep

    def calls(self, stage: Stage, of) -> list:
        crash = Crash(stage, self.directory)
        try:
            return of(crash)
        finally:
            crash.close()

    def test_in_a_decision_and_its_flush(self):
        store, stages = self.store_of(EVENTS), {}
        for name, decide in self.decisions().items():
            stage = stages[name] = Stage(store, self.config, decide)
            store = stage.run_unbroken()
            self.assertNotEqual(stage.before["lookups"], stage.after["lookups"], f"{name} changes nothing")
            count = 2 * POINTS if name == "must_link" else POINTS
            self.crash_at(name, stage, self.calls(stage, Crash.calls_of_a_decision), count)
        self.assertEqual(stages["unlink"].after["lookups"], stages["must_link"].before["lookups"], "as if never linked")

    def test_in_a_replay_and_its_flush(self):
        """All is in the log, nothing in the state."""
        store = self.store_of(EVENTS, kill=True)
        for decide in self.decisions().values():
            store = Stage(store, self.config, decide).run_unbroken(kill=True)
        stage = Stage(store, self.config)
        stage.run_unbroken()
        self.crash_at("start", stage, self.calls(stage, Crash.calls_of_a_start), 2 * POINTS)
        self.crash_at("flush", stage, self.calls(stage, Crash.calls_of_a_decision), 2 * POINTS)

    def test_in_a_sweep(self):
        self.config["state"] = {"write_buffer_bytes": "1MiB", "flush_interval": "100ms"}
        events = [event(number % 60, f"m-{user}-{number}", userId=f"{user}-{number}", email=f"{number}@example.com")
                  for number in range(PAIRS) for user in ("one", "other")]
        names = [f"user_id:{user}-{number}" for number in range(0, PAIRS, PAIRS // 50) for user in ("one", "other")]
        stage = Stage(self.store_of(EVENTS + events), self.config, two_user_ids, names, deep=False)
        stage.run_unbroken()
        self.assertEqual(stage.after["gauges"]["customers"], stage.before["gauges"]["customers"] - PAIRS - 2)
        calls = [call for call in self.calls(stage, Crash.calls_of_a_decision) if call.thread != "rocksdb:low"]
        self.assertGreater(self.crash_at("sweep", stage, calls, POINTS), 0, "no crash met the sweep: this proves nothing")


if __name__ == "__main__":
    unittest.main(verbosity=2)
