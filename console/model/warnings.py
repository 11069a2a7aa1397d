"""Warnings: what somebody at the desk should look at, each in a sentence."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, Literal

from tapewire.common import roles
from tapewire.common.amounts import counted
from tapewire.common.clock import Now
from tapewire.common.events import EVERYTHING
from tapewire.console.group import status
from tapewire.console.group.status import state_of
from tapewire.console.views import flattening, words

if TYPE_CHECKING:
    from tapewire.console.model.group import GroupModel

Level = Literal["bad", "warn"]
Warned = tuple[str, Level, str]
"""What it is about, how bad it is, and the sentence."""
NEAR: Final = 0.8
"""A limit of which so much is used is worth a look."""


def warnings_of(model: "GroupModel", now: Now) -> dict[str, dict[str, Any]]:
    """All of them, by what they are about; the bad ones first."""
    found = [
        *_faults(model), *_halts(model), *_processes(model), *_orders(model), *_limits(model),
        *_feeds(model),
    ]  # fmt: skip
    found.sort(key=lambda one: one[1] != "bad")
    return {about: {"level": level, "text": text} for about, level, text in found}


def _faults(model: "GroupModel") -> Iterator[Warned]:
    if model.fault:
        yield "journals", "bad", model.fault
    elif not model.is_caught_up:
        read = counted(model.loaded, "event")
        yield "loading", "warn", f"reading the journals: {read} so far; figures are not complete"


def _halts(model: "GroupModel") -> Iterator[Warned]:
    risk = model.statuses.get(roles.RISK, {})
    for halt in risk.get("halts", []):
        if halt["scope"] != str(EVERYTHING):
            yield f"halt {halt['scope']}", "bad", f"{halt['scope']} is halted: {halt['reason']}"
    if flatten := flattening.in_progress(model.statuses):
        left = flattening.holdings(model.statuses) or "no known position"
        yield "flatten", "bad", f"flatten {flatten}: {left} left"


def _processes(model: "GroupModel") -> Iterator[Warned]:
    for name in model.names:
        known = model.statuses.get(name)
        if known is None:
            continue
        state, _ = state_of(known)
        why = words.why(name, known)
        if state in ("BROKEN", "SILENT", "ENDED", "HALTED"):
            yield f"process {name}", "bad", f"{name} is {state}{': ' + why if why else ''}"
        elif why:
            yield f"process {name}", "warn", f"{name}: {why}"
        if known.get("restarts"):
            again = counted(known["restarts"], "time")
            yield f"restarts {name}", "warn", f"{name} was restarted {again}"
        if letters := status.counter(known, "dead_letters"):
            lost = counted(letters, "message")
            yield f"letters {name}", "warn", f"{name} could not use {lost}"
        if missed := sum(known.get("missed", {}).values()):
            yield f"missed {name}", "warn", f"{name} missed {counted(missed, 'message')} of ticks"


def _orders(model: "GroupModel") -> Iterator[Warned]:
    unknown = [one for one in model.trading.orders.live() if one.state == "UNKNOWN"]
    if unknown:
        count = counted(len(unknown), "order")
        yield (
            "unknown", "bad", f"{count} UNKNOWN: the broker has not said what became of them"
        )  # fmt: skip
    foreign = len(model.trading.orders.foreign.counted())
    if foreign:
        yield "foreign", "warn", f"{counted(foreign, 'open order')} at the broker not ours"


def _limits(model: "GroupModel") -> Iterator[Warned]:
    for row in model.statuses.get(roles.RISK, {}).get("headroom") or []:
        if row["used"] is None:
            continue
        share = float(words.share(row))
        if share >= NEAR:
            about = " ".join(filter(None, (row["rule"], row["account"], row["symbol"])))
            of = f"{row['used']} of {row['limit']} {row['unit']}"
            yield f"limit {about}", "bad" if share >= 1 else "warn", f"{about}: {of} used"


def _feeds(model: "GroupModel") -> Iterator[Warned]:
    for name, gateway in status.of_kind(model.statuses, roles.GATEWAY).items():
        for symbol, feed in gateway.get("feeds", {}).items():
            if feed.get("problem"):
                yield f"feed {name} {symbol}", "warn", f"{symbol}: {feed['problem']}"
            if feed.get("halted"):
                yield f"halted {symbol}", "warn", f"{symbol} is halted at its exchange"
