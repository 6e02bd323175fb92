"""The client's own record of what it sent and what it was told: the witness no fault can touch.

Append-only NDJSON outside the data directory. A `send` line is flushed before the first byte goes out; an `ack` line
follows the last byte of the answer. What has a send and no ack is unknown: it may be stored once, or not at all.
"""
import hashlib
import json
import threading
import time
from dataclasses import dataclass, field


def amount_of(message_id: str) -> int:
    """31 bits out of the message id, so that a lost and a doubled event cannot cancel out in a sum."""
    return int.from_bytes(hashlib.sha256(message_id.encode()).digest()[:4], "big") >> 1


@dataclass
class Sent:
    """One event. `told` is the last answer about it: accepted, duplicate, rejected; None while unknown."""
    message_id: str
    text: bytes
    identifiers: tuple[tuple[str, str], ...]
    bad: bool
    round: int
    tries: int = 0
    told: str | None = None
    answers: list[str] = field(default_factory=list)

    @property
    def amount(self) -> int:
        return amount_of(self.message_id)


class Ledger:
    """Thread-safe; the file is the record, the dictionary its index."""

    def __init__(self, path: str):
        self.events: dict[str, Sent] = {}
        self._file = open(path, "a", encoding="utf-8")  # noqa: SIM115 - lives as long as the run
        self._lock = threading.Lock()

    def sending(self, events: list[Sent]):
        with self._lock:
            for event in events:
                event.tries += 1
                self.events.setdefault(event.message_id, event)
                self._line(ph="send", id=event.message_id, amount=event.amount, round=event.round, **{"try": event.tries},
                           sha=hashlib.sha256(event.text).hexdigest())
            self._file.flush()

    def acknowledged(self, event: Sent, told: str):
        with self._lock:
            event.told = told
            event.answers.append(told)
            self._line(ph="ack", id=event.message_id, **{"as": told})

    def cut(self, events: list[Sent], why: str):
        with self._lock:
            for event in events:
                self._line(ph="cut", id=event.message_id, why=why)

    def unknown(self) -> list[Sent]:
        return [event for event in self.events.values() if event.told is None]

    def of_round(self, number: int) -> list[Sent]:
        return [event for event in self.events.values() if event.round == number]

    def _line(self, **members):
        members["t"] = round(time.monotonic(), 6)
        self._file.write(json.dumps(members) + "\n")

    def close(self):
        self._file.close()
