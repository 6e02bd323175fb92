"""Faults of the machine around a running server: failing syncs, signals, clients that vanish, a second process.

X9 fdatasync fails, X17 signals, X18 clients vanish, X20 two processes on one directory.
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from faults import Known, children_of, start_refused  # noqa: E402
from raw_http import connect, request_bytes, reset_now  # noqa: E402
from tributary import SLOW, Server, StartFailed, basic, sample_config  # noqa: E402


def kill_children(process):
    """A killed strace lets its tracee go on; so the tracee goes first."""
    if process is None or process.poll() is not None:
        return
    for child in children_of(process.pid):
        os.kill(child, signal.SIGKILL)


class FailingSync(unittest.TestCase):
    """X9. After one failed fdatasync nobody knows what the disk holds: no later acknowledgement, exit 74, no retry."""

    def setUp(self):
        if not shutil.which("strace"):
            self.fail("strace is not installed")

    def run_until_it_fails(self, when, error="EIO", call="fdatasync", stop=True):
        """Posts one event after the other; returns what was acknowledged, what was not, and the exit code.

        With `stop` a supervisor ends it once it has refused for half a second; otherwise it ends by itself, seconds later.
        """
        self.data = tempfile.mkdtemp(prefix="tributary-sync-")
        self.addCleanup(shutil.rmtree, self.data, True)
        trace = pathlib.Path(tempfile.mkdtemp(prefix="tributary-trace-")) / "trace"
        self.addCleanup(shutil.rmtree, trace.parent, True)
        prefix = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", str(trace), "-e", f"trace={call}",
                  "-e", f"inject={call}:error={error}:when={when}"]
        server = Server(data_dir=self.data, prefix=prefix, start=False)
        try:
            return self.post_until_it_fails(server, trace, stop)
        finally:
            kill_children(server.process)
            server.close()

    def post_until_it_fails(self, server, trace, stop):
        known, refused, stopping = Known(), [], None
        try:
            server.start()
        except StartFailed as failure:  # the fault met the start
            self.assertIn("INJECTED", trace.read_text(), failure)
            return known, refused, failure.exit_code
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and server.process.poll() is None:
            item = known.event(f"user-{len(known.sent) % 5}")
            try:
                answer = server.post("/v1/track", item[1], write_key="wk_app")
            except OSError:
                refused.append(item)
                break
            if answer.status == 200:
                self.assertEqual(refused, [], "acknowledged after a failed sync")
                known.note(f"user-{len(known.sent) % 5}", *item)
            else:
                self.assertEqual(answer.status, 503, answer)
                self.assertIn(answer.json()["code"], ("not_ready", "shutting_down"))
                self.assertTrue(answer.headers["Retry-After"])
                if not refused:
                    self.assertEqual(server.get("/readyz", ops=True).status, 503)
                    stopping = time.monotonic() + 0.5
                refused.append(item)
                time.sleep(0.02)  # a refusal costs nothing: without a pause they would be thousands
                if stop and time.monotonic() > stopping:
                    with contextlib.suppress(OSError):  # it was quicker
                        for child in children_of(server.process.pid):
                            os.kill(child, signal.SIGTERM)
                    break
        self.assertIn("INJECTED", trace.read_text(), "the fault never fired: the run proves nothing")
        return known, refused, server.process.wait(20)

    def expect_restart_without_loss(self, known, refused):
        with Server(data_dir=self.data) as server:
            for item in refused[:1]:  # never acknowledged: present once, or not at all; its retry makes it once
                answer = server.post("/v1/track", item[1], write_key="wk_app").expect(200).json()
                self.assertEqual(answer["accepted"] + answer["duplicate"], 1)
                known.note(json.loads(item[1])["userId"], *item)
            known.expect_all(server)

    def test_one_failed_sync_ends_the_process(self):
        for when in (1, 2, 3, 5, 9, 20, 40):
            with self.subTest(nth_sync_of_a_thread=when):
                known, refused, code = self.run_until_it_fails(when, stop=when != 5)
                self.assertEqual(code, 74)
                self.expect_restart_without_loss(known, refused)

    def test_a_write_that_fails(self):
        for call in ("pwritev", "pwrite64"):
            with self.subTest(call=call):
                try:
                    known, refused, code = self.run_until_it_fails("12", "EIO", call)
                except AssertionError as failure:
                    if "never fired" in str(failure):
                        continue  # the log writes with the other one
                    raise
                self.assertEqual(code, 74)
                self.expect_restart_without_loss(known, refused)


class Sender:
    """Posts one event after the other on a connection of its own until the server is gone; remembers the answers."""

    def __init__(self, server, user):
        self.server, self.user, self.known = server, user, Known()
        self.unknown, self.odd = [], []
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            with self.server.client(timeout=20) as client:
                while True:
                    item = self.known.event(self.user)
                    try:
                        answer = client.request("POST", "/v1/track", item[1], {"Authorization": basic("wk_app")})
                    except Exception:  # noqa: BLE001 - whatever broke, this event's fate is unknown
                        self.unknown.append(item)
                        return
                    if answer.status == 200:
                        self.known.note(self.user, *item)
                    elif answer.status == 503 and answer.headers["Retry-After"]:
                        self.unknown.append(item)
                        if answer.json()["code"] == "shutting_down":
                            return
                    else:
                        self.odd.append(answer)
        except OSError:
            return

    def join(self):
        self.thread.join(30)
        assert not self.thread.is_alive(), "a request found no end"


def announcing(seconds):
    return {**sample_config(), "shutdown": {"announce": f"{seconds}s"}}


class Signals(unittest.TestCase):
    """X17."""

    def check_after(self, server, senders):
        server.start()
        for sender in senders:
            sender.join()
            self.assertEqual(sender.odd, [])
            for item in sender.unknown:
                server.post("/v1/track", item[1], write_key="wk_app").expect(200)
                sender.known.note(sender.user, *item)
            if sender.known.sent:
                sender.known.expect_all(server)
        self.assertGreater(sum(len(s.known.sent) for s in senders), 20)

    def test_sigterm_drains(self):
        for _ in range(3):
            with Server(announcing(1)) as server:
                senders = [Sender(server, f"term-{i}") for i in range(4)]
                time.sleep(0.3)
                server.process.send_signal(signal.SIGTERM)
                started = time.monotonic()
                server.wait_until(lambda: server.get("/readyz", ops=True).status == 503, timeout=1, what="readiness red")
                self.assertEqual(server.process.wait(10), 0, server.stderr()[-2000:])
                self.assertLess(time.monotonic() - started, 10 * SLOW)
                server.process.stdout.close()
                self.check_after(server, senders)

    def test_a_second_sigterm_ends_at_once(self):
        with Server(announcing(5)) as server:
            senders = [Sender(server, f"twice-{i}") for i in range(4)]
            time.sleep(0.3)
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.2)
            started = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            server.process.wait(5 * SLOW)
            self.assertLess(time.monotonic() - started, 1 * SLOW)
            server.process.stdout.close()
            self.check_after(server, senders)

    def test_sighup_reloads_and_keeps_connections(self):
        with Server() as server, server.client() as client:
            def post(key):
                body = {"userId": "hup", "event": "e"}
                return client.request("POST", "/v1/track", body, {"Authorization": basic(key)}).status
            self.assertEqual((post("wk_app"), post("wk_new")), (200, 401))
            local = client._connection.sock.getsockname()
            config = sample_config()
            config["sources"][1]["write_keys"] = ["wk_app", "wk_new"]
            server.configure(config)
            server.process.send_signal(signal.SIGHUP)
            server.wait_until(lambda: post("wk_new") == 200, what="the new key works")
            self.assertEqual(client._connection.sock.getsockname(), local, "the connection was dropped")

    def test_sighup_with_a_bad_file_keeps_the_old_settings_and_says_so(self):
        with Server() as server:
            good = server.config_path.read_text()
            server.config_path.write_text(good.replace('"data_dir"', '"data_dri"'))
            server.process.send_signal(signal.SIGHUP)
            server.wait_until(lambda: server.metrics()["tributary_config_last_reload_successful"] == 0, what="reload refused")
            self.assertIn("data_dri", server.stderr())
            server.post("/v1/track", {"userId": "hup", "event": "e"}, write_key="wk_app").expect(200)
            server.config_path.write_text(good)
            server.process.send_signal(signal.SIGHUP)
            server.wait_until(lambda: server.metrics()["tributary_config_last_reload_successful"] == 1, what="reload accepted")


class VanishingClients(unittest.TestCase):
    """X18. A client resets its connection; its event is stored once or not at all, and its retry makes it exactly once."""

    def test_before_the_end_of_the_body_before_and_during_the_answer(self):
        with Server() as server:
            known = Known()
            for number in range(60):
                user = f"gone-{number % 5}"
                message_id, text = known.event(user)
                headers = [("Host", "h"), ("Authorization", basic("wk_app"))]
                data = request_bytes("POST", "/v1/track", headers, text)
                connection = connect(server.http)
                if number % 3 == 0:
                    connection.sendall(data[:-1])
                elif number % 3 == 1:
                    connection.sendall(data)
                else:
                    connection.sendall(data)
                    connection.recv(10)
                reset_now(connection)
                answer = server.post("/v1/track", text, write_key="wk_app").expect(200).json()
                self.assertEqual(answer["accepted"] + answer["duplicate"], 1)
                if number % 3 == 0:
                    self.assertEqual(answer["accepted"], 1, "an incomplete request was stored")
                if number % 3 == 2:
                    self.assertEqual(answer["duplicate"], 1, "answered, and not stored")
                known.note(user, message_id, text)
            known.expect_all(server)
            server.restart(kill=True)
            known.expect_all(server)

    def test_many_at_once_leave_nothing_behind(self):
        with Server() as server:
            before = server.metrics()["tributary_http_connections"]
            for _ in range(5):
                connections = [connect(server.http) for _ in range(100)]
                for number, connection in enumerate(connections):
                    connection.sendall(b"POST /v1/track HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n{"[: 20 + number % 60])
                for connection in connections:
                    reset_now(connection)
            server.wait_until(lambda: server.metrics()["tributary_http_connections"] <= before, what="connections gone")
            server.post("/v1/track", {"userId": "u", "event": "e"}, write_key="wk_app").expect(200)


class TwoProcesses(unittest.TestCase):
    """X20. The second process on a data directory refuses and names the first."""

    def test_the_second_refuses_naming_the_first(self):
        with Server() as first:
            known = Known().post(first, 50)
            second = Server(data_dir=first.data_dir, start=False)
            self.addCleanup(second.close)
            refused = start_refused(second)
            self.assertEqual(refused.exit_code, 69, refused)
            self.assertIn(f"locked by pid {first.process.pid}", refused.stderr)
            for command in ("rebuild", "verify"):
                result = subprocess.run([first.binary, command, "--config", str(first.config_path)], cwd=first.directory,
                                        capture_output=True, text=True, check=False, timeout=30)
                self.assertEqual(result.returncode, 69, result.stderr)
            known.post(first, 50)
            known.expect_all(first)

    def test_a_lock_left_by_a_kill_is_no_lock(self):
        with Server() as server:
            known = Known().post(server, 50)
            server.restart(kill=True)
            known.expect_all(server)

    def test_a_taken_port(self):
        with Server() as first:
            config = sample_config()
            config["server"]["listen"] = first.http
            second = Server(config, start=False)
            self.addCleanup(second.close)
            refused = start_refused(second)
            self.assertEqual(refused.exit_code, 69, refused)
            self.assertIn(first.http.rsplit(":", 1)[1], refused.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
