"""A group that trades on a TWS in which things go wrong, and what tests ask of both.

The TWS is a simulator that is not part of the group, at an address as a real one has it: so nothing
is different because the two know each other.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tapewire.common import roles
from tapewire.common.bus import wire
from tapewire.common.bus.endpoints import endpoint
from tapewire.common.bus.transport import ZmqTransport
from tapewire.common.config import settings as configuration
from tapewire.common.events import (
    CancelSignal,
    Difference,
    Event,
    Fill,
    ModifySignal,
    OrderAccepted,
    OrderCancelled,
    OrderConflict,
    OrderCreated,
    OrderFilled,
    OrderIntended,
    OrderRejected,
    OrderTerms,
    Scope,
    TermChanges,
    name_of,
)
from tapewire.common.runtime.journal import SqliteJournal, events_of
from tapewire.console.group import control
from tapewire.console.group.supervisor import Group
from tapewire.console.records import books
from tapewire.testing import SimulatedTws
from tests.pipeline.audited import Audit
from tests.pipeline.running import Running
from tests.pipeline.test_bad_messages import _push, signal

SYMBOLS = ("AAPL", "MSFT", "ESZ6")
APART = "IBM"
"""What nobody trades, for what leaves books that differ."""
HURRIED = """
[tws]
port = {port}
reconnect_ms = 100
reconnect_max_ms = 400
handshake_timeout_ms = 1500
request_timeout_ms = 1000
answer_ms = 500
settle_ms = 200
probe_after_ms = 300
hang_up_after_ms = 2000
open_orders_ms = 500

[gateway]
silent_after_s = 2
"""
"""What a gateway waits for, in times that a test has; `port` is to be filled in."""
TOML = (
    HURRIED
    + """
[risk]
lease_ms = 1500

[[risk.rules]]
rule = "MaxContractsPerInstrument"
parameters = {{ limit = 1000 }}

[[instruments]]
symbol = "AAPL"

[[instruments]]
symbol = "MSFT"

[[instruments]]
symbol = "ESZ6"
sec_type = "FUT"
exchange = "CME"
multiplier = 50
min_tick = 0.25

[[instruments]]
symbol = "IBM"

[[strategies]]
name = "steady"
strategy = "tests.pipeline.steady:Steady"
symbols = ["AAPL", "MSFT", "ESZ6"]
"""
)
FAR = OrderTerms("BUY", Decimal(1), "LMT", Decimal(1))
END = {OrderFilled: "Filled", OrderCancelled: "Cancelled", OrderRejected: "Inactive"}
"""The ends of an order with TWS's words for them."""
ALARM = "dead letter"
LINES_MAX = 20  # of a log, for one scenario


class Night(Running):
    """A group in which one scenario after the other is played."""

    def __init__(self, group: Group, tws: SimulatedTws, audit: Path) -> None:
        super().__init__(group)
        self.tws = tws
        self.audit = Audit(audit)
        self.excused: set[str] = set()  # executions that TWS does not list
        self.lost: set[str] = set()  # intents of orders that TWS never had
        self._events: dict[str, list[Event]] = {role: [] for role in roles.JOURNALED}
        self._journals: dict[str, SqliteJournal] = {}
        self._marks: dict[str, int] = {}
        self._number = 0
        self._market = ZmqTransport()
        address = endpoint("market", group.config.bus, self.run_dir)
        self._market.connect("market", "sub", address, [b"tick."])

    def close(self) -> None:
        self._market.close()
        for journal in self._journals.values():
            journal.close()

    # ---- what happens --------------------------------------------------------------------------

    def begin(self) -> None:
        """Whatever is read from now on belongs to the next scenario."""
        self.tws.command({"do": "clear"})
        self.until_ready()
        self._marks = {role: len(self.events(role, since=0)) for role in self._events}
        self._marks |= {f"{p.stem}.log": p.stat().st_size for p in self._logs()}

    def inject(self, what: str, **given: object) -> None:
        """Let it happen, and wait until it has."""
        number = self.tws.command({"do": "inject", "what": what, **given})["number"]
        self.until(lambda: number not in self._armed(), f"{what} to act")

    def _armed(self) -> set[int]:
        return {one["number"] for one in self.tws.command({"do": "list"})["faults"]}

    def order(self, terms: OrderTerms = FAR, symbol: str = "AAPL") -> str:
        """Let the executor place an order; the signal's id."""
        self._number += 1
        sent = signal(f"{time.monotonic_ns()}-{self._number}", terms, symbol)
        _push(self, [wire.encode(sent)])
        return sent.id

    def working(self, terms: OrderTerms = FAR, symbol: str = "AAPL") -> str:
        """An order that TWS has accepted; the signal's id."""
        sent = self.order(terms, symbol)
        self.until_event(OrderAccepted, lambda e: e.intent_id == self.intent_of(sent))
        return sent

    def intent_of(self, signal_id: str) -> str:
        created = (e for e in self.events(roles.EXECUTOR) if isinstance(e, OrderCreated))
        return next((e.order.intent_id for e in created if e.signal_id == signal_id), "-")

    def cancel(self, signal_id: str) -> None:
        one = signal(f"{signal_id}-cancel".removeprefix("test-"))
        sent = CancelSignal(one.id, one.ts_ns, "", "test", signal_id, one.expires_ns)
        _push(self, [wire.encode(sent)])

    def modify(self, signal_id: str, changes: TermChanges) -> None:
        one = signal(f"{signal_id}-modify".removeprefix("test-"))
        sent = ModifySignal(one.id, one.ts_ns, "", "test", signal_id, one.expires_ns, changes)
        _push(self, [wire.encode(sent)])

    def resume(self, scope: Scope) -> None:
        """A person has looked at it."""
        config = self.group.config
        self.until(lambda: control.ask(config, "resume", "looked at it", scope).ok, "the resume")

    # ---- what is read --------------------------------------------------------------------------

    def events(self, role: str, since: int | None = None) -> list[Event]:
        """The events of a journal, of this scenario unless `since` says otherwise."""
        known = self._events[role]
        path = self.run_dir / "journals" / f"{role}.sqlite"
        if role not in self._journals and path.exists():
            self._journals[role] = SqliteJournal(path, read_only=True)
        if role in self._journals:
            known += events_of(self._journals[role], len(known) + 1)
        return known[self._marks.get(role, 0) if since is None else since :]

    def until_event(
        self, kind: type[Event], which: Callable[[Any], object] = lambda _: True, role: str = ""
    ) -> Any:
        """Wait for an event of this scenario, in the gateway's journal if no other is named."""

        def found() -> list[Event]:
            events = self.events(role or roles.GATEWAY)
            return [one for one in events if isinstance(one, kind) and which(one)]

        self.until(found, kind.__name__, 15)
        return found()[0]

    def until_it_trades(self) -> None:
        """An order of the strategy that is written from now on is filled."""
        before = len(self.events(roles.GATEWAY, since=0))

        def filled() -> bool:
            return any(isinstance(e, Fill) for e in self.events(roles.GATEWAY, since=before))

        self.until(filled, "a fill")

    def until_it_ticks(self) -> None:
        """Each symbol has a tick from now on."""
        while self._market.poll(0):
            pass
        left = {f"tick.{symbol}" for symbol in SYMBOLS}

        def ticked() -> bool:
            for _, frames in self._market.poll(10):
                left.discard(wire.topic_name(frames[0]))
            return not left

        self.until(ticked, "a tick of each symbol")

    def until_all_is_counted(self) -> None:
        """Every execution that the broker has is in the journals."""
        theirs = {one["exec_id"] for one in self.audit.read().executions} - self.excused

        def missing() -> set[str]:
            ours = {
                e.exec_id
                for role in roles.GATEWAYS
                for e in self.events(role, since=0)
                if isinstance(e, Fill)
            }
            return theirs - ours

        self.until(lambda: not missing(), "every execution to be in the journals")

    def faults(self) -> list[str]:
        """What must never be: two orders for an intent, or an id, or a log that fills up."""
        placed = self.audit.read().placed
        doubled = [f"two orders for {ref}" for ref, count in placed.items() if count > 1]
        again = [f"{ref} was sent again" for ref in self.lost if placed[ref]]
        events = self.events(roles.GATEWAY, since=0)
        ids = Counter(e.order_id for e in events if isinstance(e, OrderIntended))
        reused = [
            f"order id {one} was used {count} times" for one, count in ids.items() if count > 1
        ]
        return [*doubled, *again, *reused, *self._floods()]

    def ends_that_differ(self) -> list[str]:
        """Orders that TWS took, and that did not come to the same end here as there."""
        ends: dict[str, str] = {}
        conflicts = set()
        for role in roles.GATEWAYS:
            for event in self.events(role, since=0):
                if type(event) in END:
                    ends[event.intent_id] = END[type(event)]  # type: ignore[attr-defined]
                elif isinstance(event, OrderConflict):
                    conflicts.add(event.intent_id)
        theirs = self.audit.read().statuses
        return [
            f"{ref} is {theirs[ref]} at TWS, and {ends.get(ref)} here"
            for ref in theirs.keys() - conflicts
            if theirs[ref] != ends.get(ref)
        ]

    def differences(self) -> list[str]:
        """Stop both, and compare their books, but for what is excused."""
        self.group.down()
        self.tws.stop()
        apart = books.differences(self.traded(), books.all_broker_books(self.run_dir))
        return [str(one) for one in apart if not self._is_excused(one)]

    def _is_excused(self, one: Difference) -> bool:
        return one.subject in self.excused or one.symbol == APART

    def _floods(self) -> Iterator[str]:
        for path in self._logs():
            lines = self.log(path.stem).splitlines()
            if len(lines) > LINES_MAX:
                yield f"{path.stem} logged {len(lines)} lines: {lines}"
            yield from (f"{path.stem} repeats {a}" for a, b in pairwise(lines) if a == b)

    def log(self, name: str) -> str:
        """What a process has logged in this scenario, a line for each entry."""
        with (self.run_dir / "logs" / f"{name}.log").open() as file:
            file.seek(self._marks.get(f"{name}.log", 0))
            entries = [json.loads(line) for line in file if line.startswith("{")]
        shown = ("event", "state", "origin", "reason")
        return "".join(" ".join(str(e.get(k, "")) for k in shown) + "\n" for e in entries)

    def _logs(self) -> list[Path]:
        found = sorted((self.run_dir / "logs").glob("*.log"))
        return [one for one in found if one.stem != "supervisord"]

    def read(self) -> str:
        """All that an operator can read of this scenario: the gateways' logs, and all events."""
        events = [e for role in self._events for e in self.events(role)]
        logs = "".join(map(self.log, roles.GATEWAYS))
        return logs + "".join(f"{name_of(e)} {e}\n" for e in events)


@contextmanager
def a_night(run_dir: Path, folder: Path) -> Iterator[Night]:
    """A group, and a TWS for it; both are ended, whatever the tests did."""
    audit = run_dir / "audit.jsonl"
    options = [f"--audit={audit}", "--rate=150", "--version-max=178"]
    with SimulatedTws(symbols="AAPL,MSFT,IBM,ESZ6:FUT:CME:50:0.25", options=options) as tws:
        file = folder / "night.toml"
        file.write_text(TOML.format(port=tws.port))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TAPEWIRE_CONFIG", str(file))
            patch.setenv("TAPEWIRE_RUN_DIR", str(run_dir))
            group = Group(configuration.load())
        group.up()
        night = Night(group, tws, audit)
        try:
            yield night
        finally:
            night.close()
            if group.is_up():
                group.down()
