#!/usr/bin/env python3
"""How fast events of a Kafka become durable and folded, and how fast the broker gives them to anybody, in one run.

    benchmarks/stream/kafka_benchmark.py                    some minutes
    benchmarks/stream/kafka_benchmark.py --events 200000 --rounds 1

A KRaft broker (one process, 512 MiB, four partitions) is filled ahead with Segment events of about 590 bytes, one to a message
and fifty to a message. Then, in turn and in each round on a group of its own:
  read       a bare consumer of librdkafka that counts messages: what broker and library can give;
  consume    the consumer of a feed, acknowledging at once: the same without parsing, log and fold;
  tributary  a fresh `tributary serve` until every event is durable and folded. The clock runs from its first events on.
Everything shares the machine's cores; the share of the broker is its processor time over the wall time of all cores.
What runs: build/release. Data lies below --directory, by default build/, on the real disk.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from kafka_broker import KafkaBroker, KafkaUnavailable  # noqa: E402
from tributary import Server, sample_config  # noqa: E402

TOOL = ROOT / "build/release/benchmarks/stream/tributary_kafka"


def say(text):
    print(text, file=sys.stderr, flush=True)


def tool(*words) -> dict:
    done = subprocess.run([TOOL, *map(str, words)], capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise SystemExit(f"tributary_kafka {words[0]}: {done.stderr}")
    return json.loads(done.stdout)


def processor_seconds(process: int) -> float:
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Benchmark:
    def __init__(self, broker: KafkaBroker, directory: pathlib.Path):
        self.broker, self.directory = broker, directory

    def client(self, what: str, topic: str, messages: int, batch: int, group: str) -> dict:
        before = self.broker.cpu_seconds()
        ran = tool(what, self.broker.address, topic, "--messages", messages, "--group", group)
        return self.figures(messages * batch, ran["seconds"], ran["cpu_seconds"], self.broker.cpu_seconds() - before)

    def tributary(self, topic: str, messages: int, batch: int, group: str) -> dict:
        config = sample_config()
        config["sources"].append({"id": "kafka", "workspace": "default", "kind": "kafka", "trust": "server", "group": group,
                                  "servers": [self.broker.address], "topics": [topic]})
        with tempfile.TemporaryDirectory(dir=self.directory) as data, Server(config, data_dir=data) as server:
            samples = []
            while True:
                folded = server.metrics().get("tributary_events_total", outcome="accepted")
                if folded:
                    samples.append((time.monotonic(), folded, processor_seconds(server.process.pid),
                                    self.broker.cpu_seconds()))
                if folded >= messages * batch:
                    break
                time.sleep(0.05)
            resident = int(pathlib.Path(f"/proc/{server.process.pid}/statm").read_text().split()[1]) * 4096
        (begin, first, cpu, broker_cpu), (end, last, cpu_end, broker_cpu_end) = samples[0], samples[-1]
        made = self.figures(last - first, end - begin, cpu_end - cpu, broker_cpu_end - broker_cpu)
        return {**made, "resident_mb": resident / 1e6}

    @staticmethod
    def figures(events: float, seconds: float, cpu: float, broker_cpu: float) -> dict:
        cores = os.cpu_count()
        return {"rate": events / seconds, "cpu_us": cpu / events * 1e6, "broker_us": broker_cpu / events * 1e6,
                "broker_share": broker_cpu / seconds / cores}


def measure(benchmark: Benchmark, topic: str, events: int, batch: int, compression: str, rounds: int) -> dict:
    benchmark.broker.create(topic)
    messages = events // batch
    wrote = tool("write", benchmark.broker.address, topic, "--messages", messages, "--batch", batch, "--compression",
                 compression)
    found = {"read": [], "consume": [], "tributary": []}
    for number in range(rounds):
        for what in ("read", "consume"):
            found[what].append(benchmark.client(what, topic, messages, batch, f"{what}-{number}"))
        found["tributary"].append(benchmark.tributary(topic, messages, batch, f"tributary-{number}"))
        say(f"  round {number + 1}: " + ", ".join(f"{what} {runs[-1]['rate']:,.0f}/s" for what, runs in found.items()))
    ratio = statistics.median(t["rate"] / r["rate"] for t, r in zip(found["tributary"], found["read"]))
    return {"batch": batch, "compression": compression, "event_bytes": wrote["bytes"] / messages / batch, "runs": found,
            "ratio": ratio}


def print_table(measured: list[dict]):
    print(f"{'events/message':>14} {'codec':>6}  {'who':<10} {'events/s':>10} {'own us':>7} {'broker us':>9} {'broker share':>12}")
    for one in measured:
        for what, runs in one["runs"].items():
            middle = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
            more = f"  {one['ratio']:.2f} of read, {middle['resident_mb']:.0f} MB resident" if what == "tributary" else ""
            print(f"{one['batch']:>14} {one['compression']:>6}  {what:<10} {middle['rate']:>10,.0f} {middle['cpu_us']:>7.2f} "
                  f"{middle['broker_us']:>9.2f} {middle['broker_share']:>11.0%}{more}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_500_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--compression", default="none")
    parser.add_argument("--directory", default=str(ROOT / "build"))
    parser.add_argument("--json")
    options = parser.parse_args()
    if os.getloadavg()[0] > 0.5:
        say(f"the machine is busy (load {os.getloadavg()[0]:.1f}): ratios hold longer than numbers")
    try:
        broker = KafkaBroker(fast=True)
    except KafkaUnavailable as why:
        raise SystemExit(f"no Kafka: {why}") from None
    with broker:
        benchmark = Benchmark(broker, pathlib.Path(options.directory))
        measured = []
        for batch in (1, 50):
            say(f"{options.events:,} events, {batch} to a message")
            measured.append(measure(benchmark, f"events-{batch}", options.events, batch, options.compression, options.rounds))
    print_table(measured)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(measured, indent=1))


if __name__ == "__main__":
    main()
