"""The disk runs out, runs out of inodes, or turns read-only: refused with 503 in time, reads go on, nothing is lost.

X6 fills slowly, X7 start on a full disk, X8 out of inodes, X10 read-only. Needs the right to mount; without it every test
here is skipped, loudly.
"""
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from faults import Known, Mount, copy_store, needs_mount, start_refused  # noqa: E402
from tributary import Server, sample_config  # noqa: E402

MIB = 1 << 20


def config(low="16MiB", ballast="4MiB"):
    return {**sample_config(), "log": {"segment_bytes": "1MiB", "disk_low_bytes": low, "ballast_bytes": ballast}}


def write_file(path: pathlib.Path, size: int):
    with open(path, "wb") as file:
        for start in range(0, size, MIB):
            file.write(bytes(min(MIB, size - start)))


def post_until_refused(test, server, known, limit_s=60):
    """Accepts, then the first refusal, which is 503 disk_full with Retry-After; returns it. Nothing in between."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        message_id, text = known.event("user-disk", pad=200_000)
        answer = server.post("/v1/track", text, write_key="wk_app")
        if answer.status != 200:
            test.assertEqual((answer.status, answer.json()["code"]), (503, "disk_full"), answer)
            test.assertRegex(answer.headers["Retry-After"] or "", r"^[1-9][0-9]{0,2}$")
            return answer
        known.note("user-disk", message_id, text)
    raise AssertionError("the disk never became full")


@needs_mount
class DiskFull(unittest.TestCase):
    def expect_refusing_but_reading(self, server, known):
        ready = server.get("/readyz?verbose", ops=True)
        self.assertEqual(ready.status, 503, ready)
        self.assertIn(b"disk", ready.body)
        self.assertEqual(server.get("/livez", ops=True).status, 200)
        known.expect_all(server)

    def expect_accepting_again(self, server, known):
        def accepted():
            message_id, text = known.event("user-disk")
            if server.post("/v1/track", text, write_key="wk_app").status != 200:
                return False
            known.note("user-disk", message_id, text)
            return True
        server.wait_until(accepted, timeout=10, what="accepting again after space returned")
        self.assertEqual(server.get("/readyz", ops=True).status, 200)
        known.expect_all(server)

    def test_x6_refused_before_the_disk_is_full_and_again_accepted(self):
        with Mount.tmpfs(96) as mount:
            filler = mount.path / "filler"
            write_file(filler, 30 * MIB)
            with Server(config(), data_dir=mount.path / "data") as server:
                process, known = server.process, Known()
                known.post(server, 100)
                post_until_refused(self, server, known)
                self.assertGreater(mount.free_bytes(), 8 * MIB, "refused too late")
                self.expect_refusing_but_reading(server, known)
                filler.unlink()
                self.expect_accepting_again(server, known)
                self.assertIs(server.process, process)
                server.restart(kill=True)
                known.expect_all(server)

    def test_x6_somebody_else_fills_the_rest(self):
        """The low mark is passed at one stroke: the ballast goes, no ENOSPC ends the process."""
        with Mount.tmpfs(96) as mount:
            with Server(config(), data_dir=mount.path / "data") as server:
                known = Known().post(server, 500)
                filler = mount.path / "filler"
                write_file(filler, mount.free_bytes() - MIB)
                post_until_refused(self, server, known, limit_s=5)
                self.assertIsNone(server.process.poll(), server.stderr()[-2000:])
                self.expect_refusing_but_reading(server, known)
                filler.unlink()
                self.expect_accepting_again(server, known)

    def test_x7_start_on_a_full_disk(self):
        with Mount.tmpfs(64) as mount:
            data = mount.path / "data"
            with Server(config(), data_dir=data) as server:
                known = Known().post(server, 200)
                server.kill()
                while (free := mount.free_bytes()) > 0:
                    try:
                        write_file(mount.path / f"filler{free}", free)
                    except OSError:
                        break
                refused = start_refused(server)
                self.assertEqual(refused.exit_code, 75, refused)
                self.assertIn(str(mount.path), refused.stderr)
                self.assertRegex(refused.stderr, r"free")
                for filler in mount.path.glob("filler*"):
                    filler.unlink()
                server.start()
                known.expect_all(server)

    def test_x7_first_start_on_a_full_disk(self):
        with Mount.tmpfs(8) as mount:
            server = Server(config(), data_dir=mount.path / "data", start=False)
            self.addCleanup(server.close)
            refused = start_refused(server)
            self.assertEqual(refused.exit_code, 75, refused)

    def test_x8_out_of_inodes(self):
        with Mount.tmpfs(256, inodes=400) as mount:
            with Server(config(), data_dir=mount.path / "data") as server:
                known = Known().post(server, 100)
                fillers = []
                while mount.free_inodes() > 4:
                    fillers.append(mount.path / f"inode-{len(fillers)}")
                    fillers[-1].touch()
                post_until_refused(self, server, known, limit_s=5)
                self.assertIsNone(server.process.poll(), server.stderr()[-2000:])
                self.expect_refusing_but_reading(server, known)
                for filler in fillers:
                    filler.unlink()
                self.expect_accepting_again(server, known)


@needs_mount
class ReadOnly(unittest.TestCase):
    def test_x10_a_file_system_that_turns_read_only(self):
        """The real thing: ext4 is told of an error and answers EROFS. No acknowledgement after it; exit 74; nothing lost."""
        with Mount.ext4(256) as mount:
            with Server(config(), data_dir=mount.path / "data") as server:
                known = Known().post(server, 300)
                mount.turn_read_only()
                message_id, text = known.event("user-0")
                answer = server.post("/v1/track", text, write_key="wk_app")
                self.assertEqual((answer.status, answer.json()["code"]), (503, "not_ready"), answer)
                self.assertEqual(server.process.wait(15), 74, server.stderr()[-2000:])
                store = pathlib.Path(server.directory) / "saved"
                # What the disk holds now is what a restart finds after the administrator has mounted it again.
                copy_store(mount.path / "data", store)
                with Server(config(), data_dir=store) as again:
                    profile = again.lookup("user_id", "user-0")
                    if profile["events"] > sum(user == "user-0" for user in known.user_of.values()):
                        known.note("user-0", message_id, text)  # present once although never acknowledged: allowed
                    known.expect_all(again)


if __name__ == "__main__":
    unittest.main(verbosity=2)
