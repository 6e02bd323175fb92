"""Load from several connections until the server is gone: persons whose identifiers meet, retries, bad events."""
import http.client
import json
import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from ledger import Ledger, Sent, amount_of  # noqa: E402
from tributary import Client, basic  # noqa: E402

PERSONS, CONNECTIONS = 6, 6
HEADERS = {"Authorization": basic("wk_app"), "Content-Type": "application/json"}


def make_event(random_, round_number: int) -> Sent:
    """An event of one of the round's persons, with two or three of that person's identifiers, so that clusters grow and
    merge while the process dies. One in a hundred is bad."""
    person = f"{round_number}-{random_.randrange(PERSONS)}"
    message_id = f"m-{round_number}-{random_.getrandbits(64):016x}"
    members: dict = {"messageId": message_id}
    identifiers = []
    pick = random_.random()
    if pick < 0.7:
        members["anonymousId"] = f"device-{person}-{random_.randrange(3)}"
        identifiers.append(("anonymous_id", members["anonymousId"]))
    if pick > 0.6 or not identifiers:
        members["userId"] = f"user-{person}"
        identifiers.append(("user_id", members["userId"]))
    properties = {"amount": amount_of(message_id), "note": "ä✓", "pad": "x" * random_.randrange(300)}
    if random_.random() < 0.2:
        properties["email"] = f"mail-{person}-{random_.randrange(2)}@crash.example"
        identifiers.append(("email", properties["email"]))
    bad = random_.random() < 0.01
    members["type"] = "track"
    if not bad:
        members["event"] = "Paid"
    members["properties"] = properties
    text = json.dumps(members, ensure_ascii=False).encode()
    return Sent(message_id, text, () if bad else tuple(identifiers), bad, round_number)


def send(client: Client, ledger: Ledger, events: list[Sent]) -> bool:
    """Sends one request and writes down what came of it. False when the connection broke."""
    ledger.sending(events)
    try:
        if len(events) == 1:
            answer = client.request("POST", "/v1/track", events[0].text, HEADERS)
        else:
            body = b'{"batch":[' + b",".join(e.text for e in events) + b"]}"
            answer = client.request("POST", "/v1/batch", body, HEADERS)
    except (OSError, http.client.HTTPException) as broken:
        ledger.cut(events, type(broken).__name__)
        return False
    if answer.status == 503:
        ledger.cut(events, "503")
        return True
    record_outcomes(ledger, events, answer.status, answer.json())
    return True


def record_outcomes(ledger: Ledger, events: list[Sent], status: int, answer: dict):
    if len(events) == 1 and status == 400:
        ledger.acknowledged(events[0], "rejected")
        return
    if status != 200:
        raise AssertionError(f"unexpected answer {status}: {answer}")
    rejected = {error["index"] for error in answer["errors"]}
    good = [event for index, event in enumerate(events) if index not in rejected]
    counts = (answer["accepted"], answer["duplicate"], answer["rejected"])
    if sum(counts) != len(events) or counts[2] != len(rejected):
        raise AssertionError(f"counts {counts} for {len(events)} events, {len(rejected)} errors listed")
    for index in rejected:
        ledger.acknowledged(events[index], "rejected")
    for event in good:
        # A batch of both kinds does not say which is which; accepted is the weaker claim for the checker.
        ledger.acknowledged(event, "duplicate" if counts[0] == 0 else "accepted")


class Load:
    """CONNECTIONS threads that send events of one round until stopped or until the server is gone."""

    def __init__(self, address: str, ledger: Ledger, round_number: int, seed: int):
        self._stop = threading.Event()
        self.failures: list[BaseException] = []
        self._threads = [threading.Thread(target=self._guarded, args=(address, ledger, round_number, f"{seed}/{round_number}/{i}"))
                         for i in range(CONNECTIONS)]
        for thread in self._threads:
            thread.start()

    def _guarded(self, *arguments):
        try:
            self._run(*arguments)
        except BaseException as failure:  # noqa: BLE001 - reported by the main thread
            self.failures.append(failure)

    def _run(self, address, ledger, round_number, seed):
        random_ = random.Random(seed)
        acked: list[Sent] = []
        try:
            client = Client(address, timeout=20)
        except OSError:
            return
        with client:
            while not self._stop.is_set():
                size = 1 if random_.random() < 0.5 else random_.randrange(2, 20)
                events = [make_event(random_, round_number) for _ in range(size)]
                if acked and random_.random() < 0.3:
                    events.append(random_.choice(acked))  # about one in twenty is resent on purpose
                if not send(client, ledger, events):
                    return
                acked += [e for e in events if e.told in ("accepted", "duplicate") and e.tries == 1]

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(30)
            if thread.is_alive():
                raise AssertionError("a request got neither an answer nor an end within 30 s")
        if self.failures:
            raise self.failures[0]


def retry_unknown(address: str, ledger: Ledger, deadline_s: float = 30):
    """The same message ids, the same bytes, until each has an answer."""
    deadline = time.monotonic() + deadline_s
    with Client(address, timeout=20) as client:
        while left := ledger.unknown():
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(left)} events found no answer within {deadline_s} s of the restart")
            for start in range(0, len(left), 50):
                send(client, ledger, left[start:start + 50])
