"""Ledger plus the product's public API gives the verdict. Knows nothing of the fault."""
import collections
import json
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ledger import Ledger, Sent
from tributary import ANALYST, Server


@dataclass
class Verdict:
    checked: int = 0
    lost: int = 0       # acknowledged and absent
    doubled: int = 0    # in more than one place, or twice in one
    phantom: int = 0    # present and never sent
    corrupt: int = 0    # present with other bytes
    miscounted: int = 0  # a profile that does not agree with its timeline, or metrics that do not add up
    unlisted: int = 0   # a rejected event that is not listed, listed twice, or in the history
    details: list[str] = field(default_factory=list)

    def ok(self) -> bool:
        return not (self.lost or self.doubled or self.phantom or self.corrupt or self.miscounted or self.unlisted)

    def note(self, what: str):
        if len(self.details) < 50:
            self.details.append(what)

    def add(self, other: "Verdict"):
        for name in ("checked", "lost", "doubled", "phantom", "corrupt", "miscounted", "unlisted"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for detail in other.details:
            self.note(detail)


class Customer:
    """One profile and the raw text of its whole timeline."""

    def __init__(self, server: Server, profile: dict):
        self.profile = profile
        self.pages: list[bytes] = []
        self.entries: list[dict] = []
        cursor = ""
        while True:
            query = urllib.parse.urlencode({"limit": 1000, **({"cursor": cursor} if cursor else {})})
            path = f"/v1/profiles/{profile['customer_id']}/events?{query}"
            page = server.get(path, key=ANALYST).expect(200)
            self.pages.append(page.body)
            parsed = page.json()
            self.entries += parsed["events"]
            cursor = parsed["next"]
            if not cursor:
                return

    def holds_bytes(self, text: bytes) -> bool:
        return any(text in page for page in self.pages)


def check(server: Server, ledger: Ledger, events: list[Sent], seen_rejected: dict[str, int] | None = None) -> Verdict:
    """Every event of `events` must have been told something; unknown ones are for the caller to retry first."""
    verdict = Verdict(checked=len(events))
    customer_of, customers = read_customers(server, events)
    places = collections.Counter()
    found_in = {}
    for customer_id, customer in customers.items():
        check_profile(verdict, ledger, customer)
        for entry in customer.entries:
            places[entry["message_id"]] += 1
            found_in[entry["message_id"]] = customer_id
    for event in events:
        if not event.bad:
            check_event(verdict, event, places[event.message_id], found_in, customer_of, customers)
    check_rejected(server, verdict, [e for e in events if e.bad], places)
    check_metrics(server, verdict)
    return verdict


def read_customers(server: Server, events: list[Sent]):
    identifiers = sorted({identifier for event in events for identifier in event.identifiers})
    with ThreadPoolExecutor(4) as pool:
        profiles = list(pool.map(lambda i: server.lookup(*i), identifiers))
        distinct = {p["customer_id"]: p for p in profiles if p is not None}
        customers = dict(zip(distinct, pool.map(lambda p: Customer(server, p), distinct.values())))
    customer_of = {i: p["customer_id"] if p else None for i, p in zip(identifiers, profiles)}
    return customer_of, customers


def check_profile(verdict: Verdict, ledger: Ledger, customer: Customer):
    if customer.profile["events"] != len(customer.entries):
        verdict.miscounted += 1
        verdict.note(f"profile counts {customer.profile['events']}, timeline holds {len(customer.entries)}")
    told = sum(ledger.events[e["message_id"]].amount for e in customer.entries if e["message_id"] in ledger.events)
    held = sum(e["event"]["properties"]["amount"] for e in customer.entries)
    phantoms = [e["message_id"] for e in customer.entries if e["message_id"] not in ledger.events]
    if phantoms:
        verdict.phantom += len(phantoms)
        verdict.note(f"never sent: {phantoms[:3]}")
    elif told != held:
        verdict.corrupt += 1
        verdict.note(f"amounts sum to {held}, sent were {told}")


def check_event(verdict: Verdict, event: Sent, times: int, found_in, customer_of, customers):
    if times == 0:
        verdict.lost += 1
        verdict.note(f"lost: {event.message_id} of round {event.round}, answers {event.answers}, tries {event.tries}")
        return
    if times > 1:
        verdict.doubled += 1
        verdict.note(f"doubled: {event.message_id} stands {times} times")
    home = found_in[event.message_id]
    strangers = [i for i in event.identifiers if customer_of[i] != home]
    if strangers:
        verdict.lost += 1
        verdict.note(f"{event.message_id} is not readable through {strangers}")
    if not customers[home].holds_bytes(event.text):
        verdict.corrupt += 1
        verdict.note(f"{event.message_id} came back with other bytes")


def check_rejected(server: Server, verdict: Verdict, bad: list[Sent], places):
    if not bad:
        return
    listed = collections.Counter(e["message_id"] for e in server.rejected(code="missing_event"))
    for event in bad:
        # A rejection may be stored without its answer having arrived; its retry is a second try of the same event.
        if event.told != "rejected" or not 1 <= listed[event.message_id] <= event.tries or places[event.message_id]:
            verdict.unlisted += 1
            verdict.note(f"rejected {event.message_id}: told {event.told}, listed {listed[event.message_id]} times, "
                         f"{places[event.message_id]} times in the history, tries {event.tries}")


def check_metrics(server: Server, verdict: Verdict):
    metrics = server.metrics()
    outcomes = {o: metrics.get("tributary_events_total", outcome=o) for o in ("accepted", "duplicate", "rejected")}
    if metrics["tributary_events_received_total"] != sum(outcomes.values()):
        verdict.miscounted += 1
        verdict.note(f"received {metrics['tributary_events_received_total']} is not the sum of {json.dumps(outcomes)}")
