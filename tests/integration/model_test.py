"""`tributary model fit`: published numbers of CDNOW's customers, and the way from orders to traits and back."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from tributary import ANALYST, APP, REPOSITORY, SLOW, Server, find_binary  # noqa: E402

CDNOW = REPOSITORY / "tests/data/cdnow"
MASTER, SAMPLE = CDNOW / "CDNOW_master.txt", CDNOW / "CDNOW_sample.txt"
CALIBRATION = ("--until", "1997-09-30")
EXTERNAL = {"type": "till_account", "collection": "users", "encoding": "none"}


class ModelTest(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="tributary-model-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def fit(self, path, *flags, expect=0, **options):
        done = subprocess.run([find_binary(), "model", "fit", str(path), *flags], capture_output=True, text=True,
                              timeout=60 * SLOW, **options)
        self.assertEqual(done.returncode, expect, done.stderr[-2000:])
        self.stderr = done.stderr
        return json.loads(done.stdout) if expect == 0 else None

    def near(self, found, expected, part):
        for name, value in expected.items():
            self.assertAlmostEqual(found[name] / value, 1, delta=part, msg=name)


class FitTest(ModelTest):
    def test_the_tenth_of_the_customers_has_the_published_parameters(self):
        fitted = self.fit(SAMPLE, "--format", "cdnow", "--keep-zero", *CALIBRATION)
        self.assertEqual((fitted["customers"], fitted["repeat_customers"]), (2357, 946))
        self.near(fitted["parameters"], {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426, "p": 6.25, "q": 3.74, "v": 15.44},
                  0.02)
        self.near(fitted["log_likelihoods"], {"bg_nbd": -9582.429}, 1e-6)

    def test_all_customers_and_a_prediction_for_each(self):
        path = self.directory / "predictions.ndjson"
        flags = ("--format", "cdnow", "--horizon", "39", "--predictions", str(path), *CALIBRATION)
        fitted = self.fit(MASTER, *flags)
        self.assertEqual((fitted["customers"], fitted["repeat_customers"]), (23_500, 9449))
        self.assertEqual(fitted["orders_left_out"]["worth_nothing"], 80)
        self.assertAlmostEqual(fitted["expected_purchases"], 16_876, delta=1)
        first = path.read_bytes()
        events = [json.loads(line) for line in first.splitlines()]
        self.assertEqual(fitted["predictions"], 23_500)
        self.assertEqual(len({event["messageId"] for event in events}), 23_500)
        self.assertAlmostEqual(sum(event["traits"]["expected_purchases"] for event in events), 16_876, delta=3)
        self.fit(MASTER, *flags)
        self.assertEqual(path.read_bytes(), first)
        # What is bought later is worth less.
        self.fit(MASTER, *flags, "--discount", "0")
        for event, full in zip(events[:100], map(json.loads, path.read_text().splitlines())):
            self.assertEqual(event["messageId"], full["messageId"])
            self.assertLess(event["traits"]["clv_predicted_minor"], full["traits"]["clv_predicted_minor"])
            worth = full["traits"]["expected_purchases"] * full["traits"]["expected_order_value"] * 100
            self.assertAlmostEqual(full["traits"]["clv_predicted_minor"], worth, delta=0.01 * worth + 5)

    def test_mistakes_have_their_exit_codes(self):
        few = self.directory / "few.txt"
        few.write_text("1 19970101 1 1.00\n1 19970201 1 1.00\n")
        sample = (SAMPLE, "--format", "cdnow")
        for arguments, code, said in (
                ((few, "--format", "cdnow"), 65, "too few customers: 1"),
                ((SAMPLE,), 65, "line 1: it is no JSON object"),
                ((*sample, "--until", "1996-01-01"), 65, "too few customers: 0"),
                ((*sample, "--until", "30.9.1997"), 64, "--until"),
                ((*sample, "--zone", "Mars"), 64, "--zone"),
                ((*sample, "--currency", "XYZ"), 64, "--currency"),
                ((*sample, "--horizon", "0"), 64, "--horizon"),
                ((self.directory / "none",), 74, "none: No such file"),
                ((*sample, "--predictions", "/nowhere/file"), 74, "/nowhere/file.part")):
            self.fit(*arguments, expect=code)
            self.assertIn(said, self.stderr)


class PredictionsTest(ModelTest):
    def test_what_is_no_file_is_left_alone_and_nothing_is_left_behind(self):
        link = self.directory / "link"
        link.symlink_to(self.directory / "elsewhere")
        for path in (link, self.directory):
            self.fit(SAMPLE, "--format", "cdnow", "--predictions", str(path), expect=74)
            self.assertIn("no regular file", self.stderr)
        self.assertTrue(link.is_symlink())
        self.fit(SAMPLE, "--format", "cdnow", "--predictions", str(self.directory / "no/such/folder"), expect=74)
        self.assertEqual(list(self.directory.iterdir()), [link])
        self.fit(SAMPLE, "--format", "cdnow", "--discount", "nan", expect=64)


class RoundTripTest(ModelTest):
    """Orders into a server, its export into the models, their predictions into the server."""

    def run_tributary(self, *words):
        done = subprocess.run([find_binary(), *map(str, words)], capture_output=True, text=True, timeout=120 * SLOW)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        return done.stdout

    def orders(self, path):
        """Every second customer has a user id, the others an account of the till."""
        with open(path, "w", encoding="utf-8") as file:
            for number, line in enumerate(SAMPLE.read_text().splitlines()):
                customer, _, date, _, dollars = line.split()
                who = {"userId": customer} if int(customer) % 2 else {
                    "anonymousId": f"till-{customer}", "context": {"externalIds": [{"id": customer, **EXTERNAL}]}}
                event = {"type": "track", "event": "Order Completed", "messageId": f"o{number}", **who,
                         "timestamp": f"{date[:4]}-{date[4:6]}-{date[6:]}T12:00:00Z",
                         "properties": {"total": "TOTAL", "currency": "USD", "order_id": str(number)}}
                file.write(json.dumps(event).replace('"TOTAL"', dollars) + "\n")

    def test_predictions_become_traits_of_those_who_ordered(self):
        orders, export, predictions = (self.directory / f"{name}.ndjson" for name in ("orders", "export", "predictions"))
        key = self.directory / "key"
        key.write_text(ANALYST + "\n")
        self.orders(orders)
        with Server() as server:
            to_server = ("--source", "app", "--write-key", APP, "--server", server.http)
            self.run_tributary("import", orders, *to_server)
            self.run_tributary("export", "events", "--api-key-file", key, "--server", server.http, "-o", export)
            fitted = self.fit(export, *CALIBRATION, "--predictions", predictions)
            self.assertEqual(self.stderr, "")
            self.assertEqual((fitted["customers"], fitted["repeat_customers"], fitted["currency"]), (2349, 946, "USD"))
            self.assertEqual((fitted["predictions"], fitted["customers_without_identifier"]), (2349, 0))
            direct = self.fit(SAMPLE, "--format", "cdnow", *CALIBRATION)
            self.near(fitted["parameters"], direct["parameters"], 1e-6)  # batches may come in another order
            self.run_tributary("import", predictions, *to_server)
            self.check_traits(server, predictions)

    def check_traits(self, server, predictions):
        for line in predictions.read_text().splitlines()[:200]:
            event = json.loads(line)
            if "userId" in event:
                profile = server.lookup("user_id", event["userId"])
            else:
                external = event["context"]["externalIds"][0]
                profile = server.lookup(f"external_id/{external['type']}", external["id"])
            self.assertGreater(profile["event_counts"]["Order Completed"], 0)
            self.assertEqual({name: profile["traits"][name] for name in event["traits"]}, event["traits"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
