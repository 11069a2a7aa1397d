"""A fill traced back: tick, signal, order, execution and its cost, each with its time.

All of it comes from the journals: an order carries the times and ids of its signal and its tick,
and `order.accepted` carries the time at which it was written to TWS.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

from tapewire.common import roles
from tapewire.common.events import (
    Commission,
    Event,
    Fill,
    OrderAccepted,
    OrderCreated,
    OrderDenied,
    OrderExpired,
    OrderIntended,
    OrderModified,
    OrderModifyIntended,
    OrderStateChanged,
    OrderTermsChanged,
    SubmitOrder,
)
from tapewire.console.records.journals import Entry, Journals

NAMED_MAX: Final = 3


class NotFound(ValueError):
    """An id that is in no journal, or the start of several ids."""


class Subject(NamedTuple):
    """What is traced: an order, one fill of it or of an order that is not ours, or a signal that
    was denied."""

    intent_id: str | None = None
    exec_id: str | None = None
    signal_id: str | None = None


class Step(NamedTuple):
    """One step of the way. `source` is the process that reported it, `name` what happened."""

    ts_ns: int
    name: str
    source: str
    detail: str


class Trace(NamedTuple):
    """The way of a subject, in time order. `order` is None for a trade that is not ours."""

    subject: Subject
    order: SubmitOrder | None
    steps: list[Step]

    def spans_us(self) -> list[float | None]:
        """Microseconds from the step before to each step; None for the first."""
        return [None, *((b.ts_ns - a.ts_ns) / 1000 for a, b in pairwise(self.steps))]

    def ids(self) -> dict[str, str]:
        """The ids in full, by what each one names."""
        order, subject = self.order, self.subject
        named = {
            "fill": subject.exec_id,
            "order": subject.intent_id,
            "signal": order.signal_id if order else subject.signal_id,
            "tick": order.cause_id if order else None,
        }
        return {name: found for name, found in named.items() if found}

    def total_us(self) -> float:
        """Microseconds from the first step to the last."""
        return (self.steps[-1].ts_ns - self.steps[0].ts_ns) / 1000


def trace(run_dir: Path, text: str, from_ns: int = 0) -> Trace:
    """Trace what `text` names: an exec id, intent id or signal id, or how one alone begins. What is
    older than `from_ns` is not looked at."""
    with Journals(run_dir, from_ns) as journals:
        subject = _find(journals.until(), text)
    with Journals(run_dir, from_ns) as journals:
        return _follow(journals.until(), subject)


def as_json(found: Trace) -> dict[str, Any]:
    """A trace as one JSON object."""
    order = found.order
    steps = [
        {**step._asdict(), "us": span}
        for step, span in zip(found.steps, found.spans_us(), strict=True)
    ]
    return {
        "intent_id": found.subject.intent_id,
        "exec_id": found.subject.exec_id,
        "signal_id": order.signal_id if order else found.subject.signal_id,
        "strategy": order.strategy if order else None,
        "symbol": order.symbol if order else None,
        "total_us": found.total_us(),
        "steps": steps,
    }


def _find(entries: Iterator[Entry], text: str) -> Subject:
    """The one subject that `text` names: exactly, or else as the start of its id."""
    exact: set[Subject] = set()
    begun: dict[Subject, str] = {}
    for entry in entries:
        for name, subject in _named(entry.event):
            if name == text:
                exact.add(subject)
            elif name.startswith(text):
                begun[subject] = name
    found = _with_orders(exact or set(begun))
    if not found:
        raise NotFound(
            f"{text!r} is in no journal, expected the start of an exec id, intent id or signal id;"
            " `tapewire fills` lists fills"
        )
    if len(found) > 1:
        names = sorted(begun[one] for one in found if one in begun)[:NAMED_MAX]
        raise NotFound(
            f"{len(found)} ids start with {text!r}, such as {', '.join(names)}; give more of the id"
        )
    return found.pop()


def _with_orders(found: set[Subject]) -> set[Subject]:
    """Without executions whose order is not known, where another gateway knows it."""
    known = {one.exec_id for one in found if one.intent_id is not None}
    return {one for one in found if one.intent_id is not None or one.exec_id not in known - {None}}


def _named(event: Event) -> list[tuple[str, Subject]]:
    """The ids that an event introduces, and what each one names."""
    if isinstance(event, Fill):
        fill = Subject(event.intent_id, event.exec_id)
        order = [(event.intent_id, Subject(event.intent_id))] if event.intent_id else []
        return [(event.exec_id, fill), *order]
    if isinstance(event, OrderCreated | OrderIntended):
        subject = Subject(event.order.intent_id)
        return [(event.order.intent_id, subject), (event.order.signal_id, subject)]
    if isinstance(event, OrderDenied | OrderExpired) and event.signal_id:
        return [(event.signal_id, Subject(signal_id=event.signal_id))]
    return []


def _follow(entries: Iterator[Entry], subject: Subject) -> Trace:
    order: SubmitOrder | None = None
    steps: list[Step] = []
    reported: set[tuple[type[Event], str]] = set()  # both gateways may report one execution
    for entry in entries:
        event = entry.event
        if isinstance(event, Fill | Commission):
            key = (type(event), event.exec_id)
            mine = (Fill, event.exec_id) in reported or _is_fill_of(event, subject)
            if not mine or key in reported:
                continue
            reported.add(key)
        elif not _belongs(event, subject):
            continue
        if isinstance(event, OrderCreated | OrderIntended):
            order = event.order
        steps += _steps(entry)
    first = _cause(order) if order else []
    return Trace(subject, order, sorted([*first, *steps], key=lambda step: step.ts_ns))


def _is_fill_of(event: Fill | Commission, subject: Subject) -> bool:
    if not isinstance(event, Fill):
        return False
    if subject.exec_id is not None:
        return event.exec_id == subject.exec_id
    return event.intent_id is not None and event.intent_id == subject.intent_id


def _belongs(event: Event, subject: Subject) -> bool:
    """Whether an event is about the traced order or signal, and does not only repeat another."""
    if isinstance(event, OrderStateChanged | OrderTermsChanged):
        return False
    if subject.intent_id is None:
        return subject.signal_id is not None and subject.signal_id == id_of(event, "signal_id")
    return subject.intent_id == id_of(event, "intent_id")


def id_of(event: Event, field: str) -> str | None:
    """An event's id: its own, or that of the order that it carries."""
    for owner in (event, getattr(event, "order", None)):
        found = getattr(owner, field, None)
        if isinstance(found, str):
            return found
    return None


def _cause(order: SubmitOrder) -> list[Step]:
    """What came before the order: its tick and its signal, with the times that it carries."""
    steps = []
    if order.cause_ns:
        steps.append(Step(order.cause_ns, "tick", roles.GATEWAY, order.cause_id))
    if order.signal_ns:
        steps.append(Step(order.signal_ns, "signal", order.strategy, order.signal_id))
    return steps


def _steps(entry: Entry) -> list[Step]:
    event = entry.event
    step = Step(entry.ts_ns, entry.name, entry.source, _detail(event))
    if isinstance(event, OrderAccepted) and event.sent_ns:
        return [Step(event.sent_ns, "sent", entry.source, "written to TWS"), step]
    return [step]


def _detail(event: Event) -> str:
    describe = _DETAILS.get(type(event))
    return describe(event) if describe else str(getattr(event, "reason", ""))


def _scaled(event: OrderCreated) -> str:
    """What the signal asked for, where its confidence made it less."""
    asked = event.signal_quantity
    if asked is None or asked == event.order.terms.quantity:
        return ""
    return f", of {asked:f} at confidence {event.confidence:g}"


_DETAILS: Final[dict[type[Event], Callable[[Any], str]]] = {
    OrderCreated: lambda event: f"{event.order.symbol} {event.order.terms}{_scaled(event)}",
    OrderIntended: lambda event: f"order id {event.order_id}",
    OrderAccepted: lambda event: f"permanent id {event.permanent_id}",
    OrderModifyIntended: lambda event: f"to {event.modify.terms}",
    OrderModified: lambda event: f"now {event.terms}",
    Fill: lambda event: f"{event.side} {event.quantity:f} {event.symbol} at {event.price:f}",
    Commission: lambda event: f"{event.amount:f} {event.currency}",
}
