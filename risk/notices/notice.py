"""Notices: which events people are notified of, and in which words."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec

from tapewire.common.amounts import text
from tapewire.common.config.notices import Kind
from tapewire.common.events import (
    BrokerErrorReported,
    CircuitChanged,
    ConnectionLost,
    ConnectionUp,
    ErrorClass,
    Event,
    FlattenCompleted,
    FlattenDeferred,
    FlattenDelayed,
    FlattenStarted,
    LockOutEnded,
    OrderLost,
    ReconciliationCompleted,
    RiskHalted,
    RiskResumed,
    RiskViolation,
    RiskWarned,
    RulesChanged,
)
from tapewire.risk.reloading import AT_START

Level = Literal["info", "success", "warning", "failure"]
"""How bad it is, by apprise's own names."""
LEVELS: Final[tuple[Level, ...]] = ("info", "success", "warning", "failure")
TEXT_MAX: Final = 400


class Notice(msgspec.Struct, frozen=True):
    """One thing to notify people of: when it happened (UTC), what it is about, how bad it is."""

    ts_ns: int
    kind: Kind
    level: Level
    text: str

    @property
    def rank(self) -> int:
        """Its level as a number: the worst has the highest."""
        return LEVELS.index(self.level)


def notice(ts_ns: int, kind: Kind, level: Level, words: str) -> Notice:
    """A notice of one line and of bounded length."""
    line = " ".join(words.split())
    return Notice(
        ts_ns, kind, level, line if len(line) <= TEXT_MAX else f"{line[: TEXT_MAX - 3]}..."
    )


def notice_of(source: str, event: Event) -> Notice | None:
    """The notice of an event in `source`'s journal; None if it is not one to notify of."""
    teller = _TELLERS.get(type(event))
    told = teller(source, event) if teller is not None else None
    return notice(event.ts_ns, *told) if told is not None else None  # type: ignore[attr-defined]


def moment(ts_ns: int) -> str:
    """A time for reading, in UTC and to the second."""
    return f"{datetime.fromtimestamp(ts_ns // 1_000_000_000, UTC):%Y-%m-%d %H:%M:%S}Z"


# ---- the events and their words ------------------------------------------------------------------

Told = tuple[Kind, Level, str]


def _violation(_: str, event: RiskViolation) -> Told:
    measures = f"; follows: {', '.join(event.measures)}" if event.measures else ""
    what = f"{event.rule} is broken ({event.scope}): {event.reason}"
    return "violations", "warning", f"{what}{measures}"


def _warned(_: str, event: RiskWarned) -> Told:
    return "violations", "warning", f"{event.rule} warns ({event.scope}): {event.reason}"


def _differs(source: str, event: ReconciliationCompleted) -> Told | None:
    """Differences that a person has to look at; what the broker's word settles is none."""
    found = [one for one in event.differences if one.rule != "adopt"]
    if not found:
        return None
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return "violations", "warning", f"{source} differs from the broker: {found[0]}{more}"


def _halted(_: str, event: RiskHalted) -> Told:
    until = f"until {moment(event.until_ns)}" if event.until_ns else "until a person resumes"
    by = f", by {event.by}" if event.by else ""
    return "enforcements", "failure", f"halted {until} ({event.scope}): {event.reason}{by}"


def _resumed(_: str, event: RiskResumed) -> Told:
    by = f", by {event.by}" if event.by else ""
    return "enforcements", "info", f"resumed ({event.scope}): {event.reason}{by}"


def _lock_out_ended(_: str, event: LockOutEnded) -> Told:
    return "enforcements", "info", f"the lock-out is over ({event.scope})"


def _flatten(_: str, event: FlattenStarted) -> Told:
    what = f"reducing to {text(event.keep)}" if event.keep else "flatten started"
    return "enforcements", "failure", f"{what} ({event.scope}): {event.reason}"


def _deferred(_: str, event: FlattenDeferred) -> Told:
    what = f"flatten waits for another one ({event.scope}): {event.reason}"
    return "enforcements", "failure", what


def _delayed(_: str, event: FlattenDelayed) -> Told:
    return "enforcements", "failure", f"flatten delayed ({event.scope}): {event.reason}"


def _flat(_: str, event: FlattenCompleted) -> Told:
    left = f": {event.reason}" if event.reason else ""
    what = f"reduced to {text(event.keep)}" if event.keep else "flat"
    return "enforcements", "success", f"{what}, as the broker lists it ({event.scope}){left}"


def _rules(_: str, event: RulesChanged) -> Told | None:
    """That the configured rules are in force at a start is not news."""
    if event.by == AT_START:
        return None
    reason = f": {event.reason}" if event.reason else ""
    return "enforcements", "info", f"other rules are in force, by {event.by or '?'}{reason}"


def _lost(source: str, event: ConnectionLost) -> Told:
    if event.expected:
        waits = f"{source} waits for the broker's daily restart: {event.reason}"
        return "connection", "info", waits
    return "connection", "failure", f"{source} has lost the broker: {event.reason}"


def _up(source: str, event: ConnectionUp) -> Told:
    accounts = f" ({', '.join(event.accounts)})" if event.accounts else ""
    return "connection", "success", f"{source} is connected to the broker{accounts}"


LEVEL_OF: Final[Mapping[ErrorClass, Level]] = {
    "server_lost": "failure", "cut_off": "failure", "reconnect": "failure", "farm_lost": "warning",
    "server_restored": "success", "data_lost": "success", "farm_back": "success",
}  # fmt: skip
"""Error messages about the connection. What others amount to is notified of as a dead letter, or as
what became of the order."""


def _broker_error(source: str, event: BrokerErrorReported) -> Told | None:
    level = LEVEL_OF.get(event.error_class)
    return level and ("connection", level, f"{source}: {event.text} ({event.code})")


def _circuit(source: str, event: CircuitChanged) -> Told | None:
    """The trial in between is not news."""
    if event.after == "OPEN":
        return "retries", "warning", f"{source} has stopped {event.circuit}: {event.reason}"
    if event.after == "CLOSED":
        return "retries", "success", f"{source} goes on with {event.circuit}: {event.reason}"
    return None


def _order_lost(source: str, event: OrderLost) -> Told:
    about = f"order {event.intent_id} in {event.account} is lost"
    return "retries", "warning", f"{source}: {about}: {event.reason}"


_TELLERS: Final[Mapping[type[Event], Callable[[str, Any], Told | None]]] = {
    RiskViolation: _violation,
    RiskWarned: _warned,
    ReconciliationCompleted: _differs,
    RiskHalted: _halted,
    RiskResumed: _resumed,
    LockOutEnded: _lock_out_ended,
    FlattenStarted: _flatten,
    FlattenDeferred: _deferred,
    FlattenDelayed: _delayed,
    FlattenCompleted: _flat,
    RulesChanged: _rules,
    ConnectionLost: _lost,
    ConnectionUp: _up,
    BrokerErrorReported: _broker_error,
    CircuitChanged: _circuit,
    OrderLost: _order_lost,
}
