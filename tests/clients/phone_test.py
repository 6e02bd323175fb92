"""Phone numbers against npm awesome-phonenumber, which is Google's libphonenumber compiled to JavaScript.

The recorded table tests/data/phone/numbers.tsv is compared by the unit tests of ingest, without Node.js. Here the package
itself is asked: whether it still says what was recorded, and about numbers of a fresh seed. Needs `npm ci
--ignore-scripts` in this folder and the built unit tests.
"""
import os
import pathlib
import random
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RECORDED = ROOT / "tests/data/phone/numbers.tsv"
UNIT_TESTS = pathlib.Path(os.environ.get("TRIBUTARY_INGEST_TEST", ROOT / "build/release/tests/unit/ingest/ingest_test"))


def numbers(*arguments):
    """The table that the package gives for a seed and a number of rounds."""
    result = subprocess.run(["node", str(HERE / "phone/numbers.mjs"), *map(str, arguments)], capture_output=True, text=True,
                            timeout=300, check=False)
    if result.returncode != 0:
        raise AssertionError(f"numbers.mjs ended with {result.returncode}\n{result.stderr[-3000:]}")
    return result.stdout


class PhoneNumbers(unittest.TestCase):
    def test_the_recorded_table_is_what_the_package_says(self):
        recorded = RECORDED.read_text(encoding="utf-8").splitlines()
        said = numbers().splitlines()
        changed = [pair for pair in zip(recorded, said) if pair[0] != pair[1]]
        self.assertEqual(changed[:20], [])
        self.assertEqual(len(recorded), len(said))

    def test_numbers_of_a_fresh_seed(self):
        seed = random.SystemRandom().randrange(1 << 32)
        with tempfile.NamedTemporaryFile("w", suffix=".tsv", encoding="utf-8") as table:
            table.write(numbers(seed, 8))
            table.flush()
            result = subprocess.run([str(UNIT_TESTS), "--gtest_filter=RecordedPhones.*"], capture_output=True, text=True,
                                    timeout=120, check=False, env={**os.environ, "TRIBUTARY_PHONE_NUMBERS": table.name})
        print(f"seed {seed}\n{result.stdout}")
        self.assertEqual(result.returncode, 0, f"seed {seed}\n{result.stdout[-6000:]}{result.stderr[-2000:]}")
        self.assertIn("[  PASSED  ] 1 test.", result.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
