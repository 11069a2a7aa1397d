"""Brackets and ladders: an entry, and for each part of it a target, a stop or both.

The broker does the work as long as all goes well: it starts the exits when the entry fills, lets
one of a part fill, and ends the rest. Here is decided what the broker does not do: what to make of
an order that failed, of an entry that filled in part and ended, of a stop that is gone.

    the stop of a part is gone, and the part is open  -> its target is cancelled; a new stop, once
                                                         what is known has settled
    the broker ends that one too                      -> all is cancelled, the rest closed at market
    an exit is for more than is open                  -> it is made smaller, or cancelled
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from tapewire.common.accounting.book import ZERO
from tapewire.common.accounting.groups import EXITS, FAILED, OrderGroup, filled_of
from tapewire.common.events import OPPOSITE, OrderTerms
from tapewire.executor.groups.machine import TRANSITIONS, Fact
from tapewire.executor.groups.steps import (
    Cancel,
    Look,
    Place,
    Release,
    Shrink,
    Tell,
    Wanted,
)
from tapewire.executor.orders import ExecutorOrder

Group = OrderGroup[ExecutorOrder]
IN_THE_WAY: Final = (
    "other orders that work may close as much as the account holds; cancel them, if they are not to"
)
ENDED_BY_BROKER: Final = ("REJECTED", "CANCELLED", "LOST")


def facts(group: Group, look: Look) -> Mapping[Fact, str]:
    """What is true of a bracket or a ladder, as far as it leads anywhere from its state: each group
    with news is looked at ten times per second, and most of those are DONE."""
    found: dict[Fact, str] = {}
    matters = TRANSITIONS[group.state]
    live, entry, entered, left = group.live, group.entry, group.entered, group.open
    if entered:
        found["entered"] = ""
    if live:
        found["working"] = "an order that was given up works after all"
    elif entry is not None and _is_over(group, look, left):
        found["over"] = _why_over(group, left) if "over" in matters else ""
    if left > 0 and "over" not in found:  # what has no exit left is left as it is
        found["open"] = ""
    may_fail = "failed" in matters and not (entered or _leaves(group))
    if may_fail and (failed := failed_of(group)) is not None:
        found["failed"] = f"{failed.intent_id} is {failed.state}: {failed.reason}"
    if "placed" in matters and is_placed(group):
        found["placed"] = ""
    if "unprotected" in matters and look.settled and (lost := _lost_twice(group)) is not None:
        found["unprotected"] = f"its new stop {lost.intent_id} is {lost.state}: {lost.reason}"
    return found


def steps(group: Group, look: Look) -> Iterator[Wanted]:
    """What is to be done about it in its present state."""
    if group.state in ("CANCELLING", "DONE"):
        yield from map(Cancel, group.live)
    elif group.state == "PROTECTING":
        yield from _protect(group, look)
    elif group.state == "CLOSING":
        yield from close(group, look)


# ---- protecting ----------------------------------------------------------------------------------


def _protect(group: Group, look: Look) -> Iterator[Wanted]:
    entry, needed = group.entry, _needed(group)
    for part in group.parts:
        yield from _without_stop(group, part)
        yield from _surplus(group, part)
    if look.settled and (needed or look.contested):
        if (release := released(group, look)) is not None:
            yield release
        else:
            yield from _new_stops(group, needed, look)
            yield from _bare(needed, look)
    if entry is not None and look.settled:
        if not entry.live:
            yield from _smaller_exits(group)
        elif group.released:  # whoever closed what it has entered does not want more of it
            yield Cancel(entry)


def _without_stop(group: Group, part: int) -> Iterator[Cancel]:
    """The stop of a part is gone. What the entry would still fill has none, and the target must not
    fill beside the stop that is to come: at the broker no order can join the two's OCA group."""
    if _is_gone(group, part):
        yield from (Cancel(one) for one in group.of("entry") if one.live)
        yield from (Cancel(one) for one in group.of("target", part=part) if one.live)


def _surplus(group: Group, part: int) -> Iterator[Cancel]:
    """A stop that was given up works after all, beside the one that took its place: the newest that
    are enough stay."""
    left = max(group.open_by_part()[part], ZERO)
    stops = [one for one in group.of("stop", part=part) if one.live]
    for one in reversed(stops) if len(stops) > 1 else ():
        if left <= 0:
            yield Cancel(one)
        left -= one.remaining


def _needed(group: Group) -> dict[int, Decimal]:
    """What is open and has no stop, by part; parts that are to have no stop left out."""
    found: dict[int, Decimal] = {}
    for part, quantity in group.open_by_part().items():
        stops = group.of("stop", part=part)
        covered = sum((one.remaining for one in stops), ZERO)
        if stops and quantity > covered:
            found[part] = quantity - covered
    return found


def _is_over(group: Group, look: Look, left: Decimal) -> bool:
    """Whether nothing has to be done, as nothing works: what is to be closed has to be, and of what
    somebody else may have closed it has to be known whether they have."""
    if left <= 0:
        return True
    return not (group.state == "CLOSING" or look.contested or _needed(group))


def _is_gone(group: Group, part: int) -> bool:
    stops = group.of("stop", part=part)
    if any(one.live for one in stops) or not any(one.state in FAILED for one in stops):
        return False
    left = sum(map(filled_of, group.of("target", "stop", part=part)), ZERO)
    return left < group.parts[part]  # or the broker has ended it, for the part is left


def _new_stops(group: Group, needed: Mapping[int, Decimal], look: Look) -> Iterator[Place]:
    """What is missing, as far as there is room for it: like the stop that was planned, alone."""
    left = look.room() if needed else ZERO
    for part, missing in needed.items():
        quantity = min(missing, left)
        if quantity <= 0 or any(one.live for one in group.of("target", part=part)):
            continue
        left -= quantity
        planned = group.of("stop", part=part)[0]
        terms = replace(planned.terms, quantity=quantity, time_in_force="GTC")
        yield Place("stop", part, replace(terms, good_till_ns=None, oca="", group=""))


def _bare(needed: Mapping[int, Decimal], look: Look) -> Iterator[Tell]:
    missing = sum(needed.values(), ZERO)
    if missing > look.held:
        yield Tell(f"has {missing:f} open without a stop: {_held(look)}")
    elif missing > look.room():
        yield Tell(f"has {missing:f} open without a stop: {IN_THE_WAY}", again=True)


def _held(look: Look) -> str:
    return (
        f"of that the account holds {look.held:f}, by the fills and by the broker's word;"
        " compare both"
    )


def _smaller_exits(group: Group) -> Iterator[Wanted]:
    """The entry fills no more: no exit may be for more than is open of its part."""
    for part, quantity in group.open_by_part().items():
        for one in group.of("target", "stop", part=part):
            if one.live and one.remaining > max(quantity, ZERO):
                yield Shrink(one, one.filled + quantity) if quantity > 0 else Cancel(one)


def _lost_twice(group: Group) -> ExecutorOrder | None:
    """A stop that took the place of another, and that the broker ended, where one is needed."""
    planned = {order.intent_id for order in group.plan.orders}
    for part in _needed(group):
        for one in group.of("stop", part=part):
            if one.intent_id not in planned and one.state in ENDED_BY_BROKER:
                return one
    return None


# ---- what other kinds do as well -----------------------------------------------------------------


def _leaves(group: Group) -> bool:
    """Whether an exit has filled, and the entry works by its last report: that it has filled is
    known, though not told yet."""
    has_left = any(map(filled_of, group.of(*EXITS)))
    return has_left and group.entry is not None and group.entry.live


def failed_of(group: Group) -> ExecutorOrder | None:
    """An order of the plan that ended without having been filled; the first."""
    planned = {order.intent_id for order in group.plan.orders}
    return next((o for o in group.orders if o.state in FAILED and o.intent_id in planned), None)


def is_placed(group: Group) -> bool:
    """Whether the broker has all orders of the plan, or had."""
    known = {one.intent_id: one.state for one in group.orders}
    return all(known.get(o.intent_id) in ("ACCEPTED", "FILLED") for o in group.plan.orders)


def released(group: Group, look: Look) -> Release | None:
    """Where the account holds less than is open, by its fills and by the broker's word: somebody
    else has closed the rest."""
    left = max(look.most, ZERO)
    if left >= group.open:
        return None
    return Release(group.open - left, f"the account holds {left:f} of the {group.open:f} open")


def close(group: Group, look: Look) -> Iterator[Wanted]:
    """Cancel all that works; then close at market what is open, as far as the account holds it."""
    others = [one for one in group.live if one.order.role != "close"]
    yield from map(Cancel, others)
    if others or group.open <= 0 or not look.settled or (group.of("close") and group.live):
        return
    if (release := released(group, look)) is not None:
        yield release
    elif look.held > 0 and (room := look.room()) > 0:
        side = OPPOSITE[group.plan.orders[0].terms.side]
        yield Place("close", 0, OrderTerms(side, min(group.open, room)))
    elif look.held > 0:
        yield Tell(f"cannot close the {group.open:f} it has open: {IN_THE_WAY}", again=True)
    else:
        yield Tell(f"cannot close the {group.open:f} it has open: {_held(look)}")


def left_more(group: Group) -> str:
    """That it has left more than it had entered, in a clause; empty if it has not."""
    if (left := group.open) >= 0 or any(one.live for one in group.of("entry")):
        return ""
    return f"has left {-left:f} more than it had entered"


def _why_over(group: Group, left: Decimal) -> str:
    """Why it ended; empty where it went as planned."""
    if left > 0:
        return f"nothing of it works, and {left:f} of it are left open"
    if left < 0:
        return f"it {left_more(group)}"
    failed = failed_of(group)
    if group.entered or failed is None:
        return ""
    return f"{failed.intent_id} is {failed.state}: {failed.reason}"
