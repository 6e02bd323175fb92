"""Stored data that is torn, flipped, missing or emptied: opened when nothing acknowledged is hurt, refused by name if not.

X3 torn tails, X4 flipped bits, X5 files missing or empty. Exit code 65 is the refusal.
"""
import os
import pathlib
import random
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from faults import Known, ReadRefused, copy_store, flip_bit, flip_random_bit, overwrite, run_command  # noqa: E402
from faults import start_refused, verify  # noqa: E402
from tributary import Server, StartFailed, sample_config  # noqa: E402

EVENTS, FLIPS = 1500, int(os.environ.get("FLIPS", "40"))
SEGMENT_HEADER_BYTES = 4096


class DamagedStore(unittest.TestCase):
    """A store with several sealed and open segments and flushed state, made once; each test damages a copy."""

    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="tributary-damage-"))
        cls.addClassCleanup(shutil.rmtree, cls.root, True)
        cls.known = Known()
        config = cls.config(cls.root / "whole")
        with Server(config) as server:
            cls.known.post(server, EVENTS, pad=1500)
            server.restart()  # flushed state
            cls.known.post(server, 300)
            server.kill()     # and records that only the log has
            cls.report = verify(server)

    @staticmethod
    def config(data_dir):
        return {**sample_config(), "data_dir": str(data_dir),
                "log": {"segment_bytes": "1MiB", "disk_low_bytes": "16MiB", "ballast_bytes": 0}}

    def setUp(self):
        self.store = copy_store(self.root / "whole", self.root / self.id().rsplit(".", 1)[-1])
        self.server = Server(self.config(self.store), start=False)
        self.addCleanup(self.server.close)
        self.addCleanup(shutil.rmtree, self.store, True)

    def log_files(self):
        return sorted(path for path in (self.store / "log").iterdir() if path.is_file())

    @property
    def last_segment(self):
        return self.store / "log" / self.report["last_segment"]

    def expect_refusal(self, *names):
        """Serving and verifying refuse with 65, and say which file."""
        refused = start_refused(self.server)
        self.assertEqual(refused.exit_code, 65, refused)
        checked = run_command(self.server, "verify")
        self.assertEqual(checked.returncode, 65, checked.stdout + checked.stderr)
        for name in names:
            self.assertIn(name, refused.stderr)
            self.assertIn(name, checked.stdout + checked.stderr)
        return refused


class TornTail(DamagedStore):
    """X3. Bytes behind the last acknowledged record were never promised."""

    def open_and_check(self):
        self.server.start()
        dropped = self.server.metrics()["tributary_log_tail_dropped_bytes"]
        self.known.expect_all(self.server)
        self.server.post("/v1/track", {"userId": "after", "event": "e"}, write_key="wk_app").expect(200)
        self.assertEqual(self.server.lookup("user_id", "after")["events"], 1)
        self.server.restart(kill=True)
        self.assertEqual(self.server.lookup("user_id", "after")["events"], 1)
        return dropped

    def test_the_store_as_it_is(self):
        self.assertEqual(self.open_and_check(), 0)

    def test_a_torn_record(self):
        end = self.report["end_offset"]
        whole = self.last_segment.read_bytes()
        for length in (3, 7, 100):
            with self.subTest(length=length):
                overwrite(self.last_segment, end, whole[SEGMENT_HEADER_BYTES:SEGMENT_HEADER_BYTES + length])
                self.assertGreater(self.open_and_check(), 0)
            self.server.kill()
            copy_store(self.root / "whole", self.store)

    def test_random_bytes_and_zeros(self):
        overwrite(self.last_segment, self.report["end_offset"], random.Random(3).randbytes(50))
        self.assertGreater(self.open_and_check(), 0)
        self.server.kill()
        copy_store(self.root / "whole", self.store)
        overwrite(self.last_segment, self.report["end_offset"], bytes(4096))
        self.open_and_check()

    def test_a_file_that_ends_at_the_last_record(self):
        os.truncate(self.last_segment, self.report["end_offset"])
        self.open_and_check()

    def test_a_cut_below_the_mark_is_refused(self):
        end = self.report["end_offset"]
        for length in (8, 400):  # up to 7 bytes only fill the last record up
            with self.subTest(length=length):
                overwrite(self.last_segment, end - length, bytes(length))
                self.expect_refusal(self.last_segment.name)
            copy_store(self.root / "whole", self.store)
        os.truncate(self.last_segment, end - 8)
        self.expect_refusal(self.last_segment.name)

    def test_a_flip_in_the_last_acknowledged_record_is_refused(self):
        flip_bit(self.last_segment, self.report["end_offset"] - 40)
        self.expect_refusal(self.last_segment.name)


class Flips(DamagedStore):
    """X4. One flipped bit anywhere: refused by name, or harmless; never a wrong answer."""

    def test_in_the_middle_of_the_log(self):
        path = self.last_segment
        flip_bit(path, self.report["end_offset"] // 2 + 2048, 3)
        refused = self.expect_refusal(path.name)
        self.assertRegex(refused.stderr, r"offset\D{0,12}\d+")

    def test_in_a_sealed_segment(self):
        sealed = [path for path in self.log_files() if path != self.last_segment and path.stat().st_size > 10_000
                  and path.read_bytes().strip(b"\0")]
        self.assertTrue(sealed, self.log_files())
        path = max(sealed, key=lambda p: len(p.read_bytes().rstrip(b"\0")))
        flip_bit(path, len(path.read_bytes().rstrip(b"\0")) // 2)
        checked = run_command(self.server, "verify")
        self.assertEqual(checked.returncode, 65, checked.stdout + checked.stderr)
        self.assertIn(path.name, checked.stdout + checked.stderr)

    def test_anywhere(self):
        seed = int(os.environ.get("SEED", "20"))
        random_ = random.Random(seed)
        files = sorted(p for p in self.store.rglob("*") if p.is_file() and p.stat().st_size and p.name != "LOCK")
        refused = harmless = failed_reads = 0
        for number in range(FLIPS):
            # Small files would never be hit if bytes were drawn; every second flip draws the file first.
            path = random_.choice(files) if number % 2 else random_.choices(files, [p.stat().st_size for p in files])[0]
            offset = flip_random_bit(path, random_)
            with self.subTest(seed=seed, number=number, file=str(path.relative_to(self.store)), offset=offset):
                try:
                    self.server.start()
                    self.known.expect_all(self.server)
                    harmless += 1
                    self.assertEqual(self.server.stop(), 0)
                except StartFailed as failure:
                    self.assertEqual(failure.exit_code, 65, failure)
                    self.assertIn(path.name, failure.stderr)
                    refused += 1
                except ReadRefused as failure:
                    self.assertIn(path.name, self.server.stderr(), failure)
                    failed_reads += 1
            self.server.kill()
            copy_store(self.root / "whole", self.store)
        print(f"seed {seed}: {refused} refused, {failed_reads} reads refused, {harmless} harmless", file=sys.stderr)
        self.assertGreater(refused, 0)


class DamagedTables(DamagedStore):
    """RocksDB's message may name the manifest when a table's properties are damaged; ours names the table."""

    def test_the_table_is_named_wherever_its_end_is_damaged(self):
        path = max((self.store / "state").rglob("*.sst"), key=lambda p: p.stat().st_size)
        size = path.stat().st_size
        refused = 0
        for offset in range(max(0, size - 900), size, 37):
            flip_bit(path, offset)
            with self.subTest(offset=offset, size=size):
                try:
                    self.server.start()
                except StartFailed as failure:
                    self.assertEqual(failure.exit_code, 65, failure)
                    self.assertIn(path.name, failure.stderr)
                    refused += 1
            self.server.kill()
            copy_store(self.root / "whole", self.store)
        self.assertGreater(refused, 10)


class MissingFiles(DamagedStore):
    """X5. What was acknowledged and is not there is refused; giving it up is a decision of its own, written down."""

    def first_segment(self):
        return next(path for path in self.log_files() if path.stat().st_size > 4096 and path != self.last_segment
                    and path.read_bytes()[4096:].strip(b"\0"))

    def test_a_segment_in_the_middle(self):
        for damage in (pathlib.Path.unlink, lambda path: os.truncate(path, 0)):
            path = self.first_segment()
            damage(path)
            self.expect_refusal()
            copy_store(self.root / "whole", self.store)

    def test_the_last_segment_is_given_up_only_on_demand(self):
        for damage in (pathlib.Path.unlink, lambda path: os.truncate(path, 0)):
            damage(self.last_segment)
            self.expect_refusal()
            self.accept_loss()
            copy_store(self.root / "whole", self.store)

    def accept_loss(self):
        self.server.prefix = ["sh", "-c", 'exec "$@" --accept-loss', "sh"]
        self.server.start()
        self.assertGreater(self.server.metrics()["tributary_log_accepted_loss_records"], 0)
        self.server.post("/v1/track", {"userId": "after", "event": "e"}, write_key="wk_app").expect(200)
        self.assertIn("accept", self.server.stderr())
        self.server.kill()
        self.server.prefix = []
        self.server.start()  # the decision was made once and is not needed again
        self.assertEqual(self.server.lookup("user_id", "after")["events"], 1)
        self.server.kill()

    def test_the_mark(self):
        marks = [path for path in self.store.rglob("*mark*") if path.is_file()]
        self.assertEqual(len(marks), 1, "the store's acked mark")
        for damage in (pathlib.Path.unlink, lambda path: os.truncate(path, 0)):
            damage(marks[0])
            self.expect_refusal(marks[0].name)
            copy_store(self.root / "whole", self.store)

    def test_the_state_can_always_be_made_again(self):
        shutil.rmtree(self.store / "state")
        rebuilt = run_command(self.server, "rebuild")
        self.assertEqual(rebuilt.returncode, 0, rebuilt.stderr)
        self.server.start()
        self.known.expect_all(self.server)


if __name__ == "__main__":
    unittest.main(verbosity=2)
