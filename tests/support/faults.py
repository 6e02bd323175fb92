"""Things that break: tools for tests that must see a server survive them."""
from __future__ import annotations

import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time
import typing
import unittest
import uuid

from tributary import ANALYST, Server, StartFailed


def run_command(server: Server, *arguments: str) -> subprocess.CompletedProcess:
    """`tributary ARGUMENTS --config <the server's file>`."""
    return subprocess.run([server.binary, *arguments, "--config", str(server.config_path)], cwd=server.directory,
                          capture_output=True, text=True, check=False, timeout=120)


def verify(server: Server) -> dict:
    """What `tributary verify` reports of a sound store."""
    result = run_command(server, "verify")
    if result.returncode != 0:
        raise AssertionError(f"verify ended with {result.returncode}: {result.stdout}{result.stderr}")
    return json.loads(result.stdout)["log"]


def start_refused(server: Server) -> StartFailed:
    """Starts, and returns the refusal; a server that starts is the failure."""
    try:
        server.start()
    except StartFailed as refused:
        return refused
    server.kill()
    raise AssertionError("the server started on damaged data")


class Known:
    """Events a server has acknowledged, so that a later one can be asked for every one of them."""

    def __init__(self):
        self.sent: dict[str, bytes] = {}
        self.user_of: dict[str, str] = {}

    def event(self, user: str, pad: int = 200) -> tuple[str, bytes]:
        message_id = str(uuid.uuid4())
        text = json.dumps({"type": "track", "userId": user, "event": "e", "messageId": message_id,
                           "properties": {"pad": "x" * pad}}).encode()
        return message_id, text

    def note(self, user: str, message_id: str, text: bytes):
        self.sent[message_id], self.user_of[message_id] = text, user

    def post(self, server: Server, count: int, users: int = 5, pad: int = 200) -> "Known":
        """Posts in batches, all of which must be accepted."""
        for start in range(0, count, 100):
            items = [(f"user-{n % users}", *self.event(f"user-{n % users}", pad)) for n in range(start, min(count, start + 100))]
            body = b'{"batch":[' + b",".join(text for _, _, text in items) + b"]}"
            answer = server.post("/v1/batch", body, write_key="wk_app").expect(200).json()
            assert answer["accepted"] == len(items), answer
            for item in items:
                self.note(*item)
        return self

    def differences(self, server: Server) -> list[str]:
        """What is missing, doubled or other than it was sent. Empty when all is well. A read refused as damaged is named."""
        wrong = []
        for user in sorted(set(self.user_of.values())):
            mine = {m: t for m, t in self.sent.items() if self.user_of[m] == user}
            profile = server.lookup("user_id", user)
            if profile is None:
                wrong.append(f"{user}: no profile, {len(mine)} events lost")
                continue
            if profile["events"] != len(mine):
                wrong.append(f"{user}: profile counts {profile['events']} of {len(mine)} events")
            bodies = timeline_pages(server, profile["customer_id"])
            for message_id, text in mine.items():
                times = sum(body.count(text) for body in bodies)
                if times != 1:
                    wrong.append(f"{user}: {message_id} stands {times} times")
        return wrong

    def expect_all(self, server: Server):
        wrong = self.differences(server)
        if wrong:
            raise AssertionError(f"{len(wrong)} differences: {wrong[:5]}")


class ReadRefused(Exception):
    """A read answered 500 damaged instead of wrong data."""


def timeline_pages(server: Server, customer: str) -> list[bytes]:
    bodies, cursor = [], ""
    while True:
        path = f"/v1/profiles/{customer}/events?limit=1000" + (f"&cursor={cursor}" if cursor else "")
        answer = server.get(path, key=ANALYST)
        if answer.status == 500:
            raise ReadRefused(answer.body.decode(errors="replace"))
        bodies.append(answer.expect(200).body)
        cursor = answer.json()["next"]
        if not cursor:
            return bodies


def overwrite(path: pathlib.Path, offset: int, data: bytes):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(data)


def flip_bit(path: pathlib.Path, offset: int, bit: int = 0):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ (1 << bit)]))


def flip_random_bit(path: pathlib.Path, random_: random.Random) -> int:
    offset = random_.randrange(path.stat().st_size)
    flip_bit(path, offset, random_.randrange(8))
    return offset


def copy_store(source: pathlib.Path, target: pathlib.Path) -> pathlib.Path:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    return target


# -- a process that is traced ---------------------------------------------------------------------------------------

# By which log and state reach the disk; with ? where a processor has none of that name.
WRITING_CALLS = ("write,pwrite64,writev,pwritev,?pwritev2,fdatasync,fsync,?sync_file_range,fallocate,ftruncate,"
                 "?rename,?renameat,renameat2,?unlink,unlinkat")


class Call(typing.NamedTuple):
    """The n-th time that a thread makes a call. Thread "" is the first one that comes so far."""
    thread: str
    call: str
    nth: int

    def __str__(self):
        return f"{self.call} {self.nth} of {self.thread or 'any thread'}"

    def kill(self) -> list[str]:
        """Arguments of strace: the process ends before this call."""
        return ["-e", f"trace={self.call}", "-e", f"inject={self.call}:signal=SIGKILL:when={self.nth}"]


def threads_of(pid: int) -> dict[int, str]:
    """Names by id; the first thread is `main`."""
    names = {int(task.name): (task / "comm").read_text().strip() for task in pathlib.Path(f"/proc/{pid}/task").iterdir()}
    return {**names, pid: "main"}


def children_of(pid: int) -> list[int]:
    tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def trace(pid: int, threads: list[int], *arguments: str) -> subprocess.Popen:
    """strace on these threads of a running process. Returns when it follows them; ends with the process."""
    attach = [argument for thread in threads for argument in ("-p", str(thread))]
    tracer = subprocess.Popen(["strace", "-qq", *arguments, *attach], stderr=subprocess.PIPE)
    status = [pathlib.Path(f"/proc/{pid}/task/{thread}/status") for thread in threads]
    deadline = time.monotonic() + 20
    while not all(f"TracerPid:\t{tracer.pid}\n" in each.read_text() for each in status):
        if tracer.poll() is not None or time.monotonic() > deadline:
            tracer.kill()
            raise AssertionError(f"strace does not follow: {tracer.communicate()[1].decode()}")
        time.sleep(0.001)
    return tracer


def can_trace() -> bool:
    if not shutil.which("strace"):
        return False
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        try:
            trace(sleeper.pid, [sleeper.pid], "-e", "trace=fsync", "-o", os.devnull)
            return True
        except AssertionError:
            return False
        finally:
            sleeper.send_signal(signal.SIGKILL)


needs_trace = unittest.skipUnless(can_trace(), "SKIPPED LOUDLY: tracing a running process is not permitted here")


def calls_on(directory: pathlib.Path, traced: str, threads: dict[int, str]) -> list[Call]:
    """Of what `strace -y` saw of these threads: the calls that name something in the directory. RocksDB's LOG is for people."""
    counts: dict[tuple[str, str], int] = {}
    found = []
    for line in traced.splitlines():
        match = re.match(r"(\d+) +(\w+)\(", line)
        if not match or int(match[1]) not in threads:
            continue
        key = threads[int(match[1])], match[2]
        counts[key] = counts.get(key, 0) + 1
        if str(directory) in line and "/LOG" not in line:
            found.append(Call(*key, counts[key]))
    return found


# -- file systems of our own ----------------------------------------------------------------------------------------


def can_mount() -> bool:
    with tempfile.TemporaryDirectory() as directory:
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", directory], capture_output=True,
                          check=False).returncode != 0:
            return False
        subprocess.run(["umount", directory], check=True)
        return True


needs_mount = unittest.skipUnless(can_mount(), "SKIPPED LOUDLY: mounting a file system is not permitted here")


class Mount:
    """A mounted file system for one test; everything in it goes at the end."""

    def __init__(self, *arguments: str, image_mib: int = 0):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="tributary-mount-"))
        self.path = self.root / "mnt"
        self.path.mkdir()
        if image_mib:
            image = self.root / "image"
            with open(image, "wb") as file:
                file.truncate(image_mib << 20)
            subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True, capture_output=True)
            arguments = (*arguments, str(image))
        subprocess.run(["mount", *arguments, str(self.path)], check=True, capture_output=True)

    @staticmethod
    def tmpfs(size_mib: int, inodes: int = 0) -> "Mount":
        return Mount("-t", "tmpfs", "-o", f"size={size_mib}m" + (f",nr_inodes={inodes}" if inodes else ""), "tmpfs")

    @staticmethod
    def ext4(size_mib: int) -> "Mount":
        return Mount("-o", "loop,errors=remount-ro", image_mib=size_mib)

    def free_bytes(self) -> int:
        status = os.statvfs(self.path)
        return status.f_bavail * status.f_frsize

    def free_inodes(self) -> int:
        return os.statvfs(self.path).f_favail

    def turn_read_only(self):
        """Reports an error to the mounted ext4, which answers as it would to a broken block: EROFS from now on."""
        device = subprocess.run(["findmnt", "-n", "-o", "SOURCE", str(self.path)], check=True, capture_output=True,
                                text=True).stdout.strip()
        (pathlib.Path("/sys/fs/ext4") / pathlib.Path(device).name / "trigger_fs_error").write_text("test")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "--lazy", str(self.path)], check=False, capture_output=True)
        shutil.rmtree(self.root, ignore_errors=True)
