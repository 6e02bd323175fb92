"""Starts a real `tributary serve` for a test and talks to it. Standard library only.

    with Server() as server:
        server.post("/v1/track", {"userId": "u1", "event": "e"}, write_key="wk_web").expect(200)
        server.lookup("user_id", "u1")["events"]

The binary is $TRIBUTARY_BINARY, or the release build of this checkout. Without a data directory a temporary one is made
and removed at the end; with one, it stays, so that a second Server (or restart()) continues on the same data.
"""
from __future__ import annotations

import base64
import copy
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.parse

# How much longer things may take: a sanitizer costs a factor, and so does a second test on the same cores.
SLOW = 5 if os.environ.get("SANITIZED") else 2

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]

ANALYST = "sk_analyst"
ADMIN = "sk_admin"
WEB = "wk_web"  # write key of a browser source
APP = "wk_app"  # write key of a source with trust: server

SAMPLE_CONFIG = {
    "data_dir": "./data",
    "server": {"listen": "127.0.0.1:0"},
    "ops": {"listen": "127.0.0.1:0"},
    "shutdown": {"announce": "0s"},  # no balancer has to turn away: a stop costs no time
    "sources": [
        {"id": "web", "workspace": "default", "kind": "sdk", "write_keys": [WEB], "default_country": "CN"},
        {"id": "app", "workspace": "default", "kind": "sdk", "write_keys": [APP], "default_country": "CN",
         "trust": "server"},
    ],
    "api_keys": [
        {"id": "analyst", "workspace": "default", "role": "analyst", "secret": ANALYST},
        {"id": "admin", "workspace": "default", "role": "admin", "secret": ADMIN},
    ],
}


def sample_config() -> dict:
    """A copy of the sample configuration that a test may change."""
    return copy.deepcopy(SAMPLE_CONFIG)


def find_binary() -> str:
    given = os.environ.get("TRIBUTARY_BINARY")
    path = pathlib.Path(given) if given else REPOSITORY / "build/release/engine/app/tributary"
    if not path.is_file():
        raise FileNotFoundError(f"no tributary binary at {path}; build it or set TRIBUTARY_BINARY")
    return str(path.resolve())


class Answer:
    """One HTTP answer. `headers` look-up ignores case."""

    def __init__(self, status: int, headers: http.client.HTTPMessage, body: bytes):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    def expect(self, status: int) -> "Answer":
        """This answer when it has the status, else an AssertionError that shows what came instead."""
        if self.status != status:
            raise AssertionError(f"expected {status}, got {self.status}: {self.body[:600]!r}")
        return self

    def __repr__(self):
        return f"Answer({self.status}, {self.body[:200]!r})"


class Client:
    """A keep-alive connection for one thread: several times faster than a connection per request."""

    def __init__(self, address: str, timeout: float = 30):
        host, port = address.rsplit(":", 1)
        self._connection = http.client.HTTPConnection(host, int(port), timeout=timeout)

    def request(self, method: str, path: str, body=None, headers: dict | None = None) -> Answer:
        """`body`: bytes and str go as they are, anything else as JSON. Sends once: a broken connection raises."""
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body, ensure_ascii=False)
        if isinstance(body, str):
            body = body.encode()
        try:
            self._connection.request(method, path, body=body, headers=headers or {})
            response = self._connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise

    def close(self):
        self._connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def basic(key: str) -> str:
    """The Authorization header value by which Segment's SDKs send a write key."""
    return "Basic " + base64.b64encode(f"{key}:".encode()).decode()


class StartFailed(Exception):
    """The process ended, or was silent too long, before its ready line."""

    def __init__(self, message: str, exit_code: int | None, stderr: str):
        super().__init__(f"{message} (exit code {exit_code})\n{stderr[-4000:]}")
        self.exit_code = exit_code
        self.stderr = stderr


class Server:
    """One `tributary serve` process. After start: `.http` and `.ops` are the real `host:port`, `.process` the process.

    config:    a dict (written as JSON, which is YAML), the text of a configuration, or None for the sample. A relative
               data_dir is relative to `directory`, where the process runs.
    data_dir:  replaces the configuration's; may hold data of an earlier run. None: ./data in the directory.
    prefix:    a command to run the binary under, e.g. ["prlimit", "--fsize=1000000"].
    """

    def __init__(self, config: dict | str | None = None, data_dir: str | os.PathLike | None = None,
                 binary: str | None = None, extra_env: dict | None = None, *, prefix: list[str] | None = None,
                 directory: str | os.PathLike | None = None, start_timeout: float = 60, start: bool = True):
        self.binary = str(pathlib.Path(binary).resolve()) if binary else find_binary()
        self.extra_env = extra_env or {}
        self.prefix = prefix or []
        self.start_timeout = start_timeout
        self._owned_directory = directory is None
        self.directory = pathlib.Path(directory or tempfile.mkdtemp(prefix="tributary-test-"))
        self.config_path = self.directory / "tributary.yaml"
        self.stderr_path = self.directory / "stderr.log"
        self.data_dir = pathlib.Path(data_dir) if data_dir else None
        self.configure(config)
        self.process: subprocess.Popen | None = None
        self.http = self.ops = ""
        if start:
            try:
                self.start()
            except BaseException:
                self.close()
                raise

    def configure(self, config: dict | str | None):
        """Writes the configuration file; the next start (or reload) reads it."""
        if isinstance(config, str):
            self.config_path.write_text(config)
            return
        settings = copy.deepcopy(SAMPLE_CONFIG if config is None else config)
        if self.data_dir is not None:
            settings["data_dir"] = str(self.data_dir.resolve())
        self.config_path.write_text(json.dumps(settings, indent=1))
        if self.data_dir is None:
            self.data_dir = self.directory / settings.get("data_dir", "data")

    # -- life ---------------------------------------------------------------------------------------------------------

    def start(self) -> "Server":
        """Starts the process and waits for its ready line. Raises StartFailed with what it wrote to stderr."""
        environment = dict(os.environ, **{key: str(value) for key, value in self.extra_env.items()})
        with open(self.stderr_path, "ab") as stderr:
            self._stderr_from = stderr.tell()
            self.process = subprocess.Popen(
                [*self.prefix, self.binary, "serve", "--config", str(self.config_path)], cwd=self.directory,
                env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr)
        ready = self._ready_line()
        self.http, self.ops = ready["http"], ready["ops"]
        return self

    def _ready_line(self) -> dict:
        lines: list[bytes] = []
        reader = threading.Thread(target=lambda: lines.append(self.process.stdout.readline()), daemon=True)
        reader.start()
        reader.join(self.start_timeout)
        if not lines:
            self.kill()
            raise StartFailed(f"no ready line within {self.start_timeout} s", None, self.stderr())
        try:
            ready = json.loads(lines[0])
        except ValueError:
            ready = {}
        if ready.get("ready") is not True:
            code = self._wait_or_kill(10)
            self.process.stdout.close()
            raise StartFailed(f"not ready: {lines[0]!r}", code, self.stderr())
        return ready

    def _wait_or_kill(self, seconds: float) -> int | None:
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def stop(self, timeout: float = 15) -> int:
        """SIGTERM, and the exit code. A process that does not end in time is killed and the test fails."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"did not end within {timeout} s of SIGTERM\n{self.stderr()[-4000:]}") from None
        self.process.stdout.close()
        return code

    def kill(self):
        """SIGKILL: what the kernel has not been told to keep is gone from the process, not from the page cache."""
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()
            self.process.stdout.close()

    def restart(self, kill: bool = False) -> "Server":
        """Stops (or kills) and starts again on the same configuration and data. Ports change."""
        if kill:
            self.kill()
        else:
            code = self.stop()
            assert code == 0, f"exit code {code}\n{self.stderr()[-4000:]}"
        return self.start()

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stderr(self) -> str:
        """What the current process wrote to stderr, its log lines."""
        with open(self.stderr_path, "rb") as stream:
            stream.seek(getattr(self, "_stderr_from", 0))
            return stream.read().decode(errors="replace")

    def close(self):
        """Ends the process without a check and removes what this object made."""
        self.kill()
        if self._owned_directory:
            shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None and self.running():
                code = self.stop()
                assert code == 0, f"exit code {code}\n{self.stderr()[-4000:]}"
        finally:
            self.close()

    # -- requests -----------------------------------------------------------------------------------------------------

    def client(self, timeout: float = 30) -> Client:
        return Client(self.http, timeout)

    def request(self, method: str, path: str, body=None, headers: dict | None = None, *, ops: bool = False,
                timeout: float = 30) -> Answer:
        """One request on a connection of its own."""
        with Client(self.ops if ops else self.http, timeout) as client:
            return client.request(method, path, body, headers)

    def post(self, path: str, body=None, headers: dict | None = None, *, write_key: str | None = None,
             key: str | None = None) -> Answer:
        """`write_key` goes as Basic user name, `key` (an API key) as Bearer."""
        return self.request("POST", path, b"" if body is None else body, _with_key(headers, write_key, key))

    def get(self, path: str, headers: dict | None = None, *, key: str | None = None, write_key: str | None = None,
            ops: bool = False) -> Answer:
        return self.request("GET", path, None, _with_key(headers, write_key, key), ops=ops)

    def lookup(self, kind: str, value: str, *, key: str = ANALYST, verbose: bool = False) -> dict | None:
        """The profile that holds the identifier, or None when there is none."""
        answer = self.post("/v1/profiles/lookup" + ("?verbose=true" if verbose else ""),
                           {"kind": kind, "value": value}, key=key)
        return None if answer.status == 404 else answer.expect(200).json()

    def profile(self, customer_id: str, *, key: str = ANALYST, verbose: bool = False) -> dict | None:
        answer = self.get(f"/v1/profiles/{customer_id}" + ("?verbose=true" if verbose else ""), key=key)
        return None if answer.status == 404 else answer.expect(200).json()

    def events(self, customer_id: str, *, key: str = ANALYST, **filters) -> list[dict]:
        """The whole timeline, newest first, over all pages. Filters as in the API; `from_` stands for `from`."""
        return self._pages(f"/v1/profiles/{customer_id}/events", "events", key, filters)

    def rejected(self, *, key: str = ANALYST, **filters) -> list[dict]:
        """Every rejected event that matches, newest first, over all pages."""
        return self._pages("/v1/rejected", "rejected", key, filters)

    def _pages(self, path: str, member: str, key: str, filters: dict) -> list[dict]:
        query = {name.rstrip("_"): value for name, value in filters.items()}
        query.setdefault("limit", 1000)
        found: list[dict] = []
        while True:
            page = self.get(f"{path}?{urllib.parse.urlencode(query)}", key=key).expect(200).json()
            found += page[member]
            if not page["next"]:
                return found
            query["cursor"] = page["next"]

    # -- metrics ------------------------------------------------------------------------------------------------------

    def metrics(self) -> "Metrics":
        return Metrics(self.get("/metrics", ops=True).expect(200).body.decode())

    def wait_until(self, condition, timeout: float = 10, what: str = "condition"):
        """Polls for what no answer announces (a gauge, a log line). Returns the first true value."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            value = condition()
            if value:
                return value
            time.sleep(0.02)
        raise AssertionError(f"{what} not met within {timeout} s")


class Metrics:
    """One reading of /metrics: `metrics["tributary_events_total"]`, `metrics.get("name", outcome="accepted")`."""

    _LINE = re.compile(r'^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)')
    _LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

    def __init__(self, text: str):
        self.text = text
        self.samples: list[tuple[str, dict[str, str], float]] = []
        for line in text.splitlines():
            match = None if line.startswith("#") else self._LINE.match(line)
            if match:
                labels = dict(self._LABEL.findall(match.group(2) or ""))
                self.samples.append((match.group(1), labels, float(match.group(3))))

    def get(self, name: str, default: float = 0.0, **labels: str) -> float:
        """Sum of the samples with this name that have at least these labels; `default` when there is none."""
        values = [value for sample, have, value in self.samples
                  if sample == name and all(have.get(key) == wanted for key, wanted in labels.items())]
        return sum(values) if values else default

    def __getitem__(self, name: str) -> float:
        if not any(sample == name for sample, _, _ in self.samples):
            raise KeyError(name)
        return self.get(name)


def _with_key(headers: dict | None, write_key: str | None, key: str | None) -> dict:
    out = dict(headers or {})
    if write_key is not None:
        out.setdefault("Authorization", basic(write_key))
    if key is not None:
        out.setdefault("Authorization", f"Bearer {key}")
    return out
