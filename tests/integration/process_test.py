"""The process as its operator sees it: start, signals, reload, exit codes, and the commands beside `serve`."""
import hashlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from tributary import REPOSITORY, SLOW, Client, Server, StartFailed, find_binary, sample_config  # noqa: E402

BINARY = find_binary()


def run(*arguments, cwd=None, env=None):
    return subprocess.run([BINARY, *map(str, arguments)], cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True,
                          text=True, timeout=120, check=False)


def sample_with(**changes):
    """The sample, with other sections."""
    return {**sample_config(), **changes}


def track(user, message_id, **properties):
    return {"type": "track", "event": "e", "userId": user, "messageId": message_id, "properties": properties}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def log_lines(server):
    return [json.loads(line) for line in server.stderr().splitlines() if line.startswith("{")]


def child_of(process):
    """Of a process that runs under strace."""
    children = [child for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir()
                for child in (task / "children").read_text().split()]
    return int(children[0])


def digest(server):
    """Everything the API tells of two customers, in one hash."""
    known = hashlib.sha256()
    for user in ("u1", "u2"):
        profile = server.lookup("user_id", user, verbose=True)
        known.update(json.dumps(profile, sort_keys=True).encode())
        known.update(json.dumps(server.events(profile["customer_id"]), sort_keys=True).encode())
    known.update(json.dumps(server.rejected(), sort_keys=True).encode())
    return known.hexdigest()


class Start(unittest.TestCase):
    def test_the_ready_line_is_the_only_output_and_names_real_ports(self):
        with Server(sample_with()) as server:
            for address in (server.http, server.ops):
                self.assertRegex(address, r"^127\.0\.0\.1:[1-9][0-9]*$")
            self.assertNotEqual(server.http, server.ops)
            server.get("/livez", ops=True).expect(200)
            server.get("/readyz", ops=True).expect(200)
            self.assertEqual(server.metrics()["tributary_ready"], 1)
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(server.process.wait(15), 0)
            self.assertEqual(server.process.stdout.read(), b"", "one line on stdout, no more")

    def test_flags_win_over_the_file(self):
        with tempfile.TemporaryDirectory() as directory, Server(sample_with()) as server:
            server.stop()
            port = free_port()
            process = subprocess.Popen(
                [BINARY, "serve", "--config", server.config_path, "--data-dir", f"{directory}/other", "--listen",
                 f"127.0.0.1:{port}"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=server.directory)
            try:
                self.assertEqual(json.loads(process.stdout.readline())["http"], f"127.0.0.1:{port}")
                self.assertTrue(pathlib.Path(directory, "other/log").is_dir())
            finally:
                process.terminate()
                process.wait(15)
                process.stdout.close()

    def test_a_second_process_is_told_who_has_the_directory(self):
        with Server(sample_with()) as server:
            second = run("serve", "--config", server.config_path, cwd=server.directory)
            self.assertEqual(second.returncode, 69, second.stderr)
            self.assertIn(f"locked by pid {server.process.pid}", second.stderr)
            self.assertEqual(second.stdout, "")
            for command in ("verify", "rebuild"):
                refused = run(command, "--config", server.config_path, cwd=server.directory)
                self.assertEqual(refused.returncode, 69, refused.stderr)
                self.assertIn(f"locked by pid {server.process.pid}", refused.stderr)
            server.post("/v1/track", track("u1", "m1"), write_key="wk_web").expect(200)

    def test_a_taken_port_is_named(self):
        with Server(sample_with()) as server:
            for section, address in (("server", server.http), ("ops", server.ops)):
                with self.subTest(section):
                    with self.assertRaises(StartFailed) as refused:
                        Server(sample_with(**{section: {"listen": address}}))
                    self.assertEqual(refused.exception.exit_code, 69)
                    self.assertIn(address, refused.exception.stderr)

    def test_a_directory_that_cannot_be_made_is_an_io_error(self):
        with self.assertRaises(StartFailed) as refused:
            Server({**sample_with(), "data_dir": "/proc/tributary"})
        self.assertEqual(refused.exception.exit_code, 74)
        self.assertIn("/proc/tributary", refused.exception.stderr)

    def test_the_supervisor_hears_of_it(self):
        with tempfile.TemporaryDirectory() as directory:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
                supervisor.bind(f"{directory}/notify")
                supervisor.settimeout(10)
                with Server(sample_with(), extra_env={"NOTIFY_SOCKET": f"{directory}/notify"}) as server:
                    self.assertEqual(supervisor.recv(100), b"READY=1")
                    server.stop()
                    self.assertEqual(supervisor.recv(100), b"STOPPING=1")

    def test_what_is_written_is_for_its_owner_only(self):
        with Server(sample_with()) as server:
            server.post("/v1/track", track("u1", "m1"), write_key="wk_web").expect(200)
            open_to_others = [path for path in server.data_dir.rglob("*") if path.stat().st_mode & 0o077]
            self.assertEqual(open_to_others, [])

    def test_threads_are_named(self):
        with Server(sample_with(io_threads=2)) as server:
            names = {path.read_text().strip() for path in pathlib.Path(f"/proc/{server.process.pid}/task").glob("*/comm")}
            self.assertLessEqual({"trib-io-0", "trib-io-1", "trib-ops-0", "trib-signals"}, names)

    def stop_while_replaying(self, server, ops):
        """Nothing has been acknowledged yet, so the first signal ends it."""
        with subprocess.Popen([BINARY, "serve", "--config", server.config_path], cwd=server.directory,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            while process.poll() is None:
                try:
                    with Client(ops, timeout=5) as client:
                        if b"replaying" in client.request("GET", "/readyz?verbose").body:
                            break
                except (OSError, http.client.HTTPException):
                    time.sleep(0.002)
            process.terminate()
            self.assertEqual(process.wait(5 * SLOW), 0)
            self.assertEqual(process.stdout.read(), b"", "never said to be ready")

    def test_ops_answers_while_the_log_is_replayed(self):
        ops = f"127.0.0.1:{free_port()}"
        config = sample_with(ops={"listen": ops}, state={"flush_interval": "1h"})
        with Server(config) as server:
            with server.client() as client:
                for batch in range(150):
                    events = [track(f"u{n}", f"m{batch}-{n}", pad="x" * 400) for n in range(1000)]
                    answer = client.request("POST", "/v1/batch", {"batch": events, "writeKey": "wk_app"})
                    answer.expect(200)
            server.kill()
            self.stop_while_replaying(server, ops)
            seen = set()
            ended = threading.Event()

            def watch():
                while not ended.is_set():
                    try:
                        with Client(ops, timeout=5) as client:
                            live = client.request("GET", "/livez").status
                            ready = client.request("GET", "/readyz?verbose")
                        seen.add((live, ready.status, "replaying" if b"replaying" in ready.body else "-"))
                    except (OSError, http.client.HTTPException):
                        pass
                    time.sleep(0.002)

            watcher = threading.Thread(target=watch)
            watcher.start()
            try:
                server.start()
                server.wait_until(lambda: (200, 200, "-") in seen, what="readiness")
            finally:
                ended.set()
                watcher.join()
            self.assertIn((200, 503, "replaying"), seen)
            self.assertEqual(server.lookup("user_id", "u7")["events"], 150)


class DescriptorLimit(unittest.TestCase):
    """Connections must not take the descriptors that the log needs: a log without its next segment is the end."""

    LIMIT = 64

    def start(self, limit, **changes):
        return Server(sample_with(log={"segment_bytes": "1MiB"}, **changes), prefix=["prlimit", f"--nofile={limit}:{limit}"])

    def test_connections_leave_the_log_its_files(self):
        with self.start(self.LIMIT) as server:
            host, port = server.http.split(":")
            with server.client() as before:
                before.request("GET", "/health").expect(200)
                idle = [socket.create_connection((host, int(port))) for _ in range(2 * self.LIMIT)]
                server.wait_until(lambda: server.metrics()["tributary_http_connections_refused_total"] > self.LIMIT,
                                  what="refused connections")
                opened = lambda: len(list(pathlib.Path(f"/proc/{server.process.pid}/fd").iterdir()))  # noqa: E731
                # One that is about to be refused is open for a moment.
                server.wait_until(lambda: opened() <= self.LIMIT - 12, what="room for what log and state open next")
                for segment in range(8):  # each batch is most of a log file
                    events = [track(f"u{n}", f"m{segment}-{n}", pad="x" * 40_000) for n in range(20)]
                    answer = before.request("POST", "/v1/batch", {"batch": events, "writeKey": "wk_app"})
                    self.assertEqual(answer.expect(200).json()["accepted"], 20)
            for connection in idle:
                connection.close()
            server.wait_until(lambda: server.metrics()["tributary_http_connections"] < 4, what="free connections")
            self.assertEqual(server.lookup("user_id", "u7")["events"], 8)
            warnings = [line for line in log_lines(server) if "fewer connections" in line["msg"]]
            self.assertEqual(len(warnings), 1, warnings)
            self.assertEqual((warnings[0]["open_files"], warnings[0]["configured"]), (self.LIMIT, 10_000))

    def test_a_limit_that_is_wide_enough_changes_nothing(self):
        with self.start(4096, http={"max_connections": 100}) as server:
            self.assertEqual([line for line in log_lines(server) if "fewer connections" in line["msg"]], [])

    def test_a_limit_without_room_for_connections_is_named(self):
        with self.assertRaises(StartFailed) as refused:
            self.start(48)
        self.assertEqual(refused.exception.exit_code, 69)
        self.assertIn("open files", refused.exception.stderr)


class CheckConfig(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)

    def write(self, text):
        path = pathlib.Path(self.directory.name, "t.yaml")
        path.write_text(text)
        return path

    def test_all_mistakes_at_once_with_their_places(self):
        path = self.write("server: {listn: x}\npartitions: 010\nsources:\n  - {id: a, workspace: w, write_keys: [k, k]}\n")
        result = run("check-config", path)
        self.assertEqual(result.returncode, 78)
        self.assertEqual(result.stderr.splitlines(), [
            f'{path}:1:10: unknown key "listn", did you mean "listen"?',
            f'{path}:2:13: partitions: a number must not begin with 0, got "010"',
            f"{path}:4:43: sources[0].write_keys[1]: the same key already belongs to sources[0]",
        ])
        serving = run("serve", "--config", path)
        self.assertEqual(serving.returncode, 78)
        self.assertEqual(len(serving.stderr.splitlines()), 3)

    def test_a_good_file_is_called_valid(self):
        result = run("check-config", self.write(json.dumps(sample_config())))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("valid", result.stderr)

    def test_the_environment_counts_unless_told_otherwise(self):
        path = self.write("")
        wrong = {"TRIBUTARY__IO_THREADS": "many"}
        result = run("check-config", path, env=wrong)
        self.assertEqual(result.returncode, 78)
        self.assertEqual(result.stderr, 'environment: TRIBUTARY__IO_THREADS: expected a whole number, got "many"\n')
        self.assertEqual(run("check-config", path, "--no-environment", env=wrong).returncode, 0)

    def test_a_missing_file_is_a_configuration_mistake(self):
        result = run("check-config", "/nowhere/t.yaml")
        self.assertEqual(result.returncode, 78)
        self.assertIn("/nowhere/t.yaml", result.stderr)

    def test_committed_files_are_valid_and_the_sample_is_current(self):
        for path in ("config/tributary.yaml", "config/demo.yaml"):
            result = run("check-config", REPOSITORY / path)
            self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(run("config", "sample").stdout, (REPOSITORY / "config/tributary.yaml").read_text())

    def test_the_schema_is_json_and_knows_the_sections(self):
        schema = json.loads(run("config", "schema").stdout)
        self.assertEqual(schema["$schema"], "https://json-schema.org/draft/2020-12/schema")
        self.assertLessEqual({"data_dir", "server", "ops", "sources", "api_keys", "log"}, set(schema["properties"]))


class CommandLine(unittest.TestCase):
    def test_usage_mistakes_are_64(self):
        for arguments in ((), ("sreve",), ("serve", "--no-such-flag"), ("config",), ("import",), ("verify", "extra"),
                          ("import", "f", "--source", "s", "--resume", "--restart")):
            with self.subTest(arguments):
                result = run(*arguments)
                self.assertEqual(result.returncode, 64, result.stderr)
                self.assertEqual(result.stdout, "")

    def test_help_and_version_are_no_mistakes(self):
        self.assertIn("serve", run("--help").stdout)
        version = run("version", "--json")
        self.assertEqual(version.returncode, 0)
        self.assertEqual(json.loads(version.stdout)["name"], "tributary")

    def test_version_is_the_one_that_is_served(self):
        version = json.loads(run("version", "--json").stdout)
        project = re.search(r"project\(tributary VERSION (\S+)", (REPOSITORY / "CMakeLists.txt").read_text()).group(1)
        with Server(sample_with()) as server:
            self.assertEqual(server.get("/version", ops=True).expect(200).json(), version)
            self.assertEqual(server.metrics().get("tributary_build_info", version=version["version"]), 1)
            self.assertEqual(server.get("/openapi.json").expect(200).json()["info"]["version"], version["version"])
        self.assertEqual(version["version"], project)


class Stop(unittest.TestCase):
    def test_readiness_goes_red_before_the_listener_closes_and_nothing_acknowledged_is_lost(self):
        with Server(sample_with(shutdown={"announce": "2s"})) as server:
            acknowledged, refusals, ended = [], [], threading.Event()

            def load(worker):
                client = server.client()
                for n in range(1_000_000):
                    message_id = f"m-{worker}-{n}"
                    try:
                        answer = client.request("POST", "/v1/batch", {
                            "batch": [track("u1", message_id)], "writeKey": "wk_app"})
                    except (OSError, http.client.HTTPException):
                        if ended.is_set():
                            return
                        client = server.client()
                        continue
                    if answer.status == 200:
                        acknowledged.append(message_id)
                    else:
                        refusals.append((answer.status, answer.json()["code"], answer.headers["Connection"],
                                         answer.headers["Retry-After"]))

            workers = [threading.Thread(target=load, args=(n,)) for n in range(4)]
            for worker in workers:
                worker.start()
            server.wait_until(lambda: len(acknowledged) > 50, what="load")
            started = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            red_while_serving = 0
            while server.running() and red_while_serving == 0:
                before = len(acknowledged)
                if server.get("/readyz?verbose", ops=True).status == 503:
                    server.wait_until(lambda: len(acknowledged) > before, timeout=2, what="answers while readiness is red")
                    red_while_serving = len(acknowledged) - before
            self.assertGreater(red_while_serving, 0)
            self.assertEqual(server.process.wait(15 * SLOW), 0, server.stderr())
            self.assertLess(time.monotonic() - started, 10 * SLOW)
            ended.set()
            for worker in workers:
                worker.join()
            server.process.stdout.close()
            for refusal in refusals:
                self.assertEqual(refusal[:3], (503, "shutting_down", "close"))
                self.assertRegex(refusal[3], r"^[1-9][0-9]*$")
            server.start()
            profile = server.lookup("user_id", "u1")
            stored = [event["message_id"] for event in server.events(profile["customer_id"])]
            self.assertEqual(len(stored), len(set(stored)))
            self.assertLessEqual(set(acknowledged), set(stored))
            self.assertEqual(profile["events"], len(stored))

    def test_a_long_announcement_and_a_slow_request_leave_time_to_flush(self):
        """Announcing and waiting for requests take 9 seconds; then each sync of the flush is slow."""
        with tempfile.TemporaryDirectory() as directory:
            slow_disk = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", f"{directory}/trace", "-e", "trace=fdatasync,fsync",
                         "-e", "inject=fdatasync,fsync:delay_enter=80ms"]
            # Leaks cannot be looked for in a traced process.
            no_leaks = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
            server = Server(sample_with(shutdown={"announce": "5s"}), prefix=slow_disk, extra_env=no_leaks)
            try:
                server.post("/v1/track", track("u1", "m1"), write_key="wk_app").expect(200)
                host, port = server.http.split(":")
                with socket.create_connection((host, int(port))) as slow:
                    slow.sendall(b"POST /v1/track HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
                    os.kill(child_of(server.process), signal.SIGTERM)
                    ended = time.monotonic() + 20
                    while server.running() and time.monotonic() < ended:
                        try:
                            slow.sendall(b" " * 500)  # just above the slowest rate that is let be
                        except OSError:
                            pass
                        time.sleep(0.25)
                self.assertEqual(server.process.wait(5), 0, server.stderr()[-2000:])
                self.assertNotIn("too long", server.stderr())
            finally:
                if server.running():
                    os.kill(child_of(server.process), signal.SIGKILL)
                server.close()

    def test_a_second_signal_ends_it_at_once(self):
        with Server(sample_with(shutdown={"announce": "5s"})) as server:
            server.post("/v1/track", track("u1", "m1"), write_key="wk_app").expect(200)
            server.process.send_signal(signal.SIGTERM)
            server.wait_until(lambda: server.get("/readyz", ops=True).status == 503, what="red readiness")
            started = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(server.process.wait(5), 128 + signal.SIGTERM)
            self.assertLess(time.monotonic() - started, 1 * SLOW)
            server.process.stdout.close()
            server.start()
            self.assertEqual(server.lookup("user_id", "u1")["events"], 1)
            server.kill()

    def test_interrupt_stops_it_as_well(self):
        with Server(sample_with()) as server:
            server.process.send_signal(signal.SIGINT)
            self.assertEqual(server.process.wait(15), 0)

    def test_idle_connections_do_not_hold_it_up(self):
        with Server(sample_with()) as server:
            host, port = server.http.split(":")
            idle = [socket.create_connection((host, int(port))) for _ in range(20)]
            idle[0].sendall(b"POST /v1/track HTTP/1.1\r\nHost: x\r\n")  # never ends
            started = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - started, 8 * SLOW)
            for connection in idle:
                connection.close()

    def test_a_closed_stdout_is_survived(self):
        with Server(sample_with()) as server:
            server.process.stdout.close()
            server.post("/v1/track", track("u1", "m1"), write_key="wk_app").expect(200)
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(server.process.wait(15), 0)


class Reload(unittest.TestCase):
    def reload(self, server, config):
        done = len([line for line in log_lines(server) if "reload" in line["msg"]])
        server.configure(config)
        server.process.send_signal(signal.SIGHUP)
        server.wait_until(lambda: len([line for line in log_lines(server) if "reload" in line["msg"]]) > done,
                          what="an answer to SIGHUP")

    def test_new_keys_open_and_old_ones_close_on_open_connections(self):
        with Server(sample_with()) as server, server.client() as client:
            def post(key):
                return client.request("POST", "/v1/batch", {"batch": [track("u1", f"m-{key}")], "writeKey": key}).status

            self.assertEqual((post("wk_app"), post("wk_new")), (200, 401))
            changed = sample_with()
            changed["sources"][1]["write_keys"] = ["wk_new"]
            changed["api_keys"][0]["secret"] = "sk_new"
            self.reload(server, changed)
            self.assertEqual((post("wk_app"), post("wk_new")), (401, 200))
            self.assertEqual(server.metrics()["tributary_config_last_reload_successful"], 1)
            self.assertEqual(server.lookup("user_id", "u1", key="sk_new")["events"], 2)
            server.post("/v1/profiles/lookup", {"kind": "user_id", "value": "u1"}, key="sk_analyst").expect(401)

    def test_a_bad_file_keeps_the_old_settings_and_says_so(self):
        with Server(sample_with()) as server:
            self.assertEqual(server.metrics()["tributary_config_last_reload_successful"], 1)
            self.reload(server, "sources:\n  - {id: web, workspace: default, write_keys: [wk_hush_hush], trsut: x}\n")
            self.assertEqual(server.metrics()["tributary_config_last_reload_successful"], 0)
            mistakes = [line["mistake"] for line in log_lines(server) if "mistake" in line]
            self.assertEqual(len(mistakes), 1)
            self.assertIn(':2:', mistakes[0])
            self.assertIn('did you mean "trust"', mistakes[0])
            self.assertNotIn("hush", server.stderr())
            server.post("/v1/track", track("u1", "m1"), write_key="wk_app").expect(200)
            self.reload(server, sample_with())
            self.assertEqual(server.metrics()["tributary_config_last_reload_successful"], 1)

    def test_what_needs_a_restart_is_named(self):
        with Server(sample_with()) as server:
            self.reload(server, sample_with(partitions=1, io_threads=7))
            named = [line["setting"] for line in log_lines(server) if "setting" in line]
            self.assertIn("io_threads", named)
            self.assertNotIn("partitions", named)


class Tls(unittest.TestCase):
    def test_the_listener_speaks_https_with_the_configured_certificate(self):
        with tempfile.TemporaryDirectory() as directory:
            certificate, key = f"{directory}/certificate.pem", f"{directory}/key.pem"
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                            "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost",
                            "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"], check=True, capture_output=True)
            tls = {"certificate_file": certificate, "key_file": key}
            with Server(sample_with(server={"listen": "127.0.0.1:0", "tls": tls})) as server:
                host, port = server.http.split(":")
                context = ssl.create_default_context(cafile=certificate)
                connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=10)
                body = json.dumps({"batch": [track("u1", "m1")], "writeKey": "wk_app"})
                connection.request("POST", "/v1/batch", body)
                self.assertEqual(json.loads(connection.getresponse().read())["accepted"], 1)
                connection.request("GET", "/health")
                self.assertEqual(connection.getresponse().read(), b'{"status":"ok"}')
                connection.close()
                with self.assertRaises((OSError, http.client.HTTPException)):
                    server.get("/health")  # plain text to a TLS port
                server.get("/readyz", ops=True).expect(200)

    def test_a_key_of_another_certificate_is_a_configuration_mistake(self):
        with tempfile.TemporaryDirectory() as directory:
            for name in ("a", "b"):
                subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                                "-nodes", "-keyout", f"{directory}/{name}.key", "-out", f"{directory}/{name}.pem",
                                "-subj", "/CN=localhost"], check=True, capture_output=True)
            path = pathlib.Path(directory, "t.yaml")
            path.write_text(f"server:\n  tls: {{certificate_file: {directory}/a.pem, key_file: {directory}/b.key}}\n")
            result = run("check-config", path)
            self.assertEqual(result.returncode, 78)
            self.assertIn(f"{path}:2:27: server.tls: ", result.stderr)


class VerifyAndRebuild(unittest.TestCase):
    def fill(self, server):
        for n in range(30):
            events = [{**track(f"u{n % 2 + 1}", f"m{n}-{k}", amount=k, id=12345678901234567890 + k),
                       "context": {"traits": {"email": f"u{n % 2 + 1}@example.com"}}} for k in range(10)]
            events.append({"type": "bogus", "userId": "u1", "messageId": f"bad{n}"})
            server.post("/v1/batch", {"batch": events}, write_key="wk_app").expect(200)

    def test_no_store_is_made_where_there_is_none(self):
        with Server(sample_with()) as server, tempfile.TemporaryDirectory() as elsewhere:
            server.stop()
            for command in ("verify", "rebuild"):
                refused = run(command, "--config", pathlib.Path(server.config_path).resolve(), cwd=elsewhere)
                self.assertEqual(refused.returncode, 78, refused.stderr)
                self.assertIn("there is no store at", refused.stderr)
                self.assertEqual(os.listdir(elsewhere), [])

    def test_a_sound_store_is_reported_and_a_rebuilt_one_answers_the_same(self):
        with Server(sample_with(profile={"changes": False})) as server:  # no records of its own
            self.fill(server)
            before = digest(server)
            server.stop()
            report = run("verify", "--config", server.config_path, cwd=server.directory)
            self.assertEqual(report.returncode, 0, report.stderr)
            report = json.loads(report.stdout)
            self.assertTrue(report["ok"])
            self.assertEqual(report["log"]["records"], 330)
            self.assertEqual(report["log"]["last_lsn"], 330)
            self.assertEqual(report["log"]["mark"], 330)
            self.assertEqual(report["applied"], [330])
            self.assertEqual(report["customers"], 2)
            self.assertTrue((server.data_dir / "log" / report["log"]["last_segment"]).is_file())
            self.assertGreater(report["log"]["end_offset"], 0)

            rebuilt = run("rebuild", "--config", server.config_path, cwd=server.directory)
            self.assertEqual(rebuilt.returncode, 0, rebuilt.stderr)
            self.assertEqual(json.loads(run("verify", "--config", server.config_path, cwd=server.directory).stdout)["applied"],
                             [330])
            server.start()
            self.assertEqual(digest(server), before)
            again = server.post("/v1/track", track("u1", "m0-0"), write_key="wk_app").expect(200).json()
            self.assertEqual(again["duplicate"], 1, "rebuilding keeps the message ids")

    def test_state_files_may_be_deleted(self):
        with Server(sample_with()) as server:
            self.fill(server)
            before = digest(server)
            server.stop()
            subprocess.run(["rm", "-r", server.data_dir / "state"], check=True)
            server.start()
            self.assertEqual(digest(server), before)

    def trimmed_server(self):
        """A stopped server whose log no longer begins at its first record, and what it knows."""
        config = sample_with(log={"segment_bytes": "1MiB", "retention_bytes": "2MiB", "ballast_bytes": 0},
                             state={"flush_interval": "200ms"})
        server = Server(config)
        self.addCleanup(server.close)
        server.post("/v1/track", track("early", "first"), write_key="wk_app").expect(200)
        deadline, n = time.monotonic() + 60, 0
        while "log trimmed" not in server.stderr():
            self.assertLess(time.monotonic(), deadline, "the log was never trimmed")
            events = [track("u1", f"t{n}-{k}", pad="x" * 2000) for k in range(100)]
            server.post("/v1/batch", {"batch": events}, write_key="wk_app").expect(200)
            n += 1
        return server, 100 * n

    def test_retention_shortens_timelines_and_nothing_else(self):
        server, sent = self.trimmed_server()
        profile = server.lookup("user_id", "u1")
        self.assertEqual(profile["events"], sent)
        kept = server.events(profile["customer_id"])
        self.assertTrue(0 < len(kept) < sent, len(kept))
        early = server.lookup("user_id", "early")
        self.assertEqual(server.events(early["customer_id"]), [])

    def test_a_trimmed_log_is_not_folded_again_unless_asked_to(self):
        server, _ = self.trimmed_server()
        early = server.lookup("user_id", "early")
        server.stop()
        refused = run("rebuild", "--config", server.config_path, cwd=server.directory)
        self.assertEqual(refused.returncode, 65, refused.stderr)
        self.assertIn("the log begins at record", refused.stderr)
        server.start()
        self.assertEqual(server.lookup("user_id", "early"), early, "a refused rebuild leaves the state as it was")
        server.stop()
        subprocess.run(["cp", "-r", server.data_dir / "state", server.directory / "kept"], check=True)
        subprocess.run(["rm", "-r", server.data_dir / "state"], check=True)
        with self.assertRaises(StartFailed) as start:
            server.start()
        self.assertEqual(start.exception.exit_code, 65)
        rebuilt = run("rebuild", "--config", server.config_path, "--accept-loss", cwd=server.directory)
        self.assertEqual(rebuilt.returncode, 0, rebuilt.stderr)
        server.start()
        self.assertIsNone(server.lookup("user_id", "early"))

    def test_a_store_is_spread_over_another_number_of_partitions_by_rebuilding(self):
        sources = [{"id": f"s{n}", "workspace": f"w{n}", "kind": "sdk", "write_keys": [f"wk_{n}"], "trust": "server"}
                   for n in range(5)]
        keys = [{"id": f"k{n}", "secret": f"sk_{n}", "workspace": f"w{n}", "role": "analyst"} for n in range(5)]

        def known(server):
            return [server.lookup("user_id", "u1", key=f"sk_{n}") for n in range(5)]

        config = sample_with(sources=sources, api_keys=keys, partitions=3)
        with Server(config) as server:
            for n in range(5):
                for k in range(n + 1):
                    server.post("/v1/track", track("u1", f"m{k}"), write_key=f"wk_{n}").expect(200)
            before = known(server)
            server.stop()
            for partitions in (1, 4, 3):
                server.configure({**config, "partitions": partitions})
                with self.assertRaises(StartFailed) as refused:
                    server.start()
                self.assertEqual(refused.exception.exit_code, 78, refused.exception)
                checked = run("verify", "--config", server.config_path, cwd=server.directory)
                self.assertNotEqual(checked.returncode, 0, "a part was reported as the whole")
                rebuilt = run("rebuild", "--config", server.config_path, cwd=server.directory)
                self.assertEqual(rebuilt.returncode, 0, rebuilt.stderr)
                server.start()
                self.assertEqual(known(server), before)
                again = server.post("/v1/track", track("u1", "m0"), write_key="wk_4").expect(200).json()
                self.assertEqual(again["duplicate"], 1)
                server.stop()

    def test_damage_is_65_and_named(self):
        with Server(sample_with()) as server:
            self.fill(server)
            server.stop()
            segment = next((server.data_dir / "log").glob("*.seg"))
            with open(segment, "r+b") as file:
                file.seek(6000)
                byte = file.read(1)[0]
                file.seek(6000)
                file.write(bytes([byte ^ 0x10]))
            report = run("verify", "--config", server.config_path, cwd=server.directory)
            self.assertEqual(report.returncode, 65, report.stderr)
            self.assertFalse(json.loads(report.stdout)["ok"])
            self.assertIn(segment.name, report.stderr)
            with self.assertRaises(StartFailed) as refused:
                server.start()
            self.assertEqual(refused.exception.exit_code, 65)
            self.assertIn(segment.name, refused.exception.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
