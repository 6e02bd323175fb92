#!/usr/bin/env python3
"""kill -9 under load, again and again; nothing acknowledged may be lost or counted twice.

Usage: run.py [--rounds 50] [--seed N] [--binary FILE] [--bug NAME]
One JSON line on stdout is the verdict; exit 1 when it is red. With --bug the binary must be a build with named defects,
the defect is switched on, and green is the failure: a test that cannot see the defect sees nothing.
"""
import argparse
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from checker import Verdict, check  # noqa: E402
from ledger import Ledger  # noqa: E402
from load import Load, retry_unknown  # noqa: E402
from tributary import Server, find_binary, sample_config  # noqa: E402

READY_S = 10


def config(random_):
    """Options drawn from the seed: small segments and memory, so that rotation, sealing and flushes meet the kills."""
    settings = sample_config()
    settings["log"] = {"segment_bytes": random_.choice(["1MiB", "2MiB", "64MiB"]), "seal": random_.random() < 0.7,
                       "disk_low_bytes": "16MiB", "ballast_bytes": 0}
    settings["server"]["listen"] = settings["ops"]["listen"] = "127.0.0.1:0"
    return settings


class Run:
    def __init__(self, options):
        self.options, self.random = options, random.Random(options.seed)
        self.verdict, self.slowest_start, self.kills = Verdict(), 0.0, 0
        self.keep = pathlib.Path(tempfile.mkdtemp(prefix="tributary-crash-ledger-"))
        self.ledger = Ledger(str(self.keep / "ledger.ndjson"))
        self.environment = {"TRIBUTARY_BUG": options.bug} if options.bug else {}

    def rounds(self, server):
        for number in range(self.options.rounds):
            load = Load(server.http, self.ledger, number, self.options.seed)
            time.sleep(self.random.uniform(0.05, 0.4))
            server.kill()
            load.stop()
            self.kills += 1
            server.configure(config(self.random))
            started = time.monotonic()
            server.start()
            self.slowest_start = max(self.slowest_start, time.monotonic() - started)
            self.settle_and_check(server, number)
            if not self.verdict.ok():
                return

    def settle_and_check(self, server, number):
        acked_before = [e for e in self.ledger.of_round(number) if e.told is not None]
        self.verdict.add(check(server, self.ledger, acked_before))  # before any retry could put a lost event back
        retry_unknown(server.http, self.ledger)
        self.verdict.add(check(server, self.ledger, self.ledger.of_round(number)))

    def final(self, server):
        """Everything of all rounds once more: as it stands, after a clean stop, and after a rebuild from the log."""
        everything = list(self.ledger.events.values())
        self.verdict.add(check(server, self.ledger, everything))
        for command in (["verify"], ["rebuild"]):
            if server.stop() != 0:
                self.verdict.miscounted += 1
                self.verdict.note("SIGTERM did not end with 0")
            result = subprocess.run([server.binary, *command, "--config", str(server.config_path)], cwd=server.directory,
                                    capture_output=True, text=True, check=False, timeout=300)
            if result.returncode != 0:
                self.verdict.corrupt += 1
                self.verdict.note(f"tributary {command[0]}: {result.returncode} {result.stdout} {result.stderr[-500:]}")
            server.start()
            self.verdict.add(check(server, self.ledger, everything))

    def execute(self):
        started = time.monotonic()
        with_server = Server(config(self.random), binary=self.options.binary, extra_env=self.environment,
                             start_timeout=READY_S)
        try:
            self.rounds(with_server)
            if self.verdict.ok() and not self.options.bug:
                self.final(with_server)
        except (AssertionError, OSError, RuntimeError) as failure:
            self.verdict.lost += 1
            self.verdict.note(f"{type(failure).__name__}: {failure}")
        except Exception as failure:  # noqa: BLE001 - StartFailed and what a broken answer raises are a red run
            self.verdict.lost += 1
            self.verdict.note(f"{type(failure).__name__}: {failure}")
        finally:
            if not self.verdict.ok() and not self.options.bug:
                self.keep_evidence(with_server)
            with_server.close()
            self.ledger.close()
        return time.monotonic() - started

    def keep_evidence(self, server):
        with_data = self.keep / "server"
        server.kill()
        shutil.copytree(server.directory, with_data, dirs_exist_ok=True)
        self.verdict.note(f"evidence kept in {self.keep}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--binary", default=None)
    parser.add_argument("--bug", default="")
    options = parser.parse_args()
    options.binary = options.binary or find_binary()
    print(f"crash: seed {options.seed}, {options.rounds} rounds{', defect ' + options.bug if options.bug else ''}",
          file=sys.stderr, flush=True)
    run = Run(options)
    seconds = run.execute()
    verdict, ok = run.verdict, run.verdict.ok()
    for detail in verdict.details:
        print(f"crash: {detail}", file=sys.stderr)
    print(json.dumps({"figure": "F1", "seed": options.seed, "bug": options.bug, "kills": run.kills,
                      "sent": len(run.ledger.events), "checked": verdict.checked, "lost": verdict.lost,
                      "doubled": verdict.doubled, "phantom": verdict.phantom, "corrupt": verdict.corrupt,
                      "miscounted": verdict.miscounted, "unlisted": verdict.unlisted,
                      "slowest_start_s": round(run.slowest_start, 2), "seconds": round(seconds, 1), "ok": ok}))
    if ok or options.bug:
        shutil.rmtree(run.keep, ignore_errors=True)
    if options.bug:
        return 1 if ok else 0
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
