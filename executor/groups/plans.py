"""Plans: the orders that a group's signal leads to, and which groups make sense.

A bracket has one entry, and a target, a stop or both to leave it; a ladder has the same for each of
several parts of its entry. Their exits are children of the entry at the broker, so that they work
once it has filled and go with it if it does not; and those of one part are one OCA group there, so
that together they leave it once.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from msgspec.structs import replace

from tapewire.common.events import (
    OPPOSITE,
    GroupLeg,
    GroupSignal,
    Oca,
    OrderTerms,
    SubmitGroup,
    SubmitOrder,
)

NAME_MAX: Final = 64
"""The longest name of a group that an order's terms can have."""


def plan_of(signal: GroupSignal, account: str, now_ns: int) -> SubmitGroup:
    """The group that a signal leads to; `group_fault` has no objection to it."""
    orders = [_order(signal, n, account, now_ns) for n in range(1, len(signal.legs) + 1)]
    later: list[SubmitOrder] = []
    if signal.kind == "vertical":
        orders, later = orders[:1], orders[1:]
    return SubmitGroup(
        signal.id, now_ns, signal.kind, tuple(orders), tuple(later), signal.within_ms
    )


def leg_id(group_id: str, number: int) -> str:
    """The intent of a group's order by its number, from 1."""
    return f"{group_id}/{number}"


def number_of(intent_id: str) -> int:
    """The number of a group's order, from its intent."""
    return int(intent_id.rpartition("/")[2])


def oca_name(group_id: str, part: int) -> str:
    """The name of an OCA group at the broker: no two groups have the same."""
    name = f"{group_id}/{part}"
    return name if len(name) <= NAME_MAX else blake2b(name.encode(), digest_size=16).hexdigest()


def _order(signal: GroupSignal, number: int, account: str, now_ns: int) -> SubmitOrder:
    leg = signal.legs[number - 1]
    is_exit = leg.role in ("target", "stop")
    return SubmitOrder(
        intent_id=leg_id(signal.id, number),
        ts_ns=now_ns,
        account=account,
        strategy=signal.strategy,
        symbol=leg.symbol,
        terms=_terms(signal, leg),
        expires_ns=signal.expires_ns,
        signal_id=signal.id,
        signal_ns=signal.ts_ns,
        cause_id=signal.cause_id,
        cause_ns=signal.cause_ns,
        expires_mono_ns=signal.expires_mono_ns,
        parent_id=leg_id(signal.id, 1) if is_exit else "",
        group_id=signal.id,
        legs=leg.legs,
        role=leg.role,
        part=leg.part,
    )


def _terms(signal: GroupSignal, leg: GroupLeg) -> OrderTerms:
    oca: Oca = ""
    if signal.kind == "oco":
        oca = "cancel"
    elif leg.role in ("target", "stop"):
        oca = "reduce"
    return replace(leg.terms, oca=oca, group=oca_name(signal.id, leg.part) if oca else "")


# ---- which groups make sense ---------------------------------------------------------------------


def group_fault(signal: GroupSignal) -> str:
    """Why no group can be made of a signal, in a sentence; empty if one can."""
    if signal.kind in ("bracket", "ladder"):
        return _bracket_fault(signal.legs)
    if signal.kind == "oco":
        if len(signal.legs) < 2 or any(leg.role != "order" for leg in signal.legs):
            return "a one-cancels-other has two orders or more, and nothing else"
        return ""
    if signal.kind == "combo":
        return "" if _is_combo(signal.legs) else "a combo is one order with its legs"
    if len(signal.legs) > 1 and signal.within_ms <= 0:
        return f"its second order may take {signal.within_ms} ms; it must be above 0"
    return _vertical_fault(signal.legs)


def _bracket_fault(legs: Sequence[GroupLeg]) -> str:
    entry, *exits = legs
    if entry.role != "entry" or not exits or any(e.role not in ("target", "stop") for e in exits):
        return "a bracket has one entry and then its targets and stops, at least one of them"
    for leg in exits:
        if leg.symbol != entry.symbol or leg.terms.side != OPPOSITE[entry.terms.side]:
            return (
                f"its entry is {entry.terms.side} {entry.symbol}, and its {leg.role} is"
                f" {leg.terms.side} {leg.symbol}; it must be the other side of the same symbol"
            )
    return _parts_fault(entry, exits)


def _parts_fault(entry: GroupLeg, exits: Sequence[GroupLeg]) -> str:
    parts: dict[int, dict[str, GroupLeg]] = {}
    for leg in exits:
        part = parts.setdefault(leg.part, {})
        if leg.role in part:
            return f"part {leg.part} has two orders that are its {leg.role}; it can have one"
        part[leg.role] = leg
    for number, part in parts.items():
        if len({leg.terms.quantity for leg in part.values()}) > 1:
            return f"target and stop of part {number} have different quantities"
        if fault := _sides_fault(entry, part):
            return fault
    whole = sum(next(iter(part.values())).terms.quantity for part in parts.values())
    if whole != entry.terms.quantity:
        return f"its exits are for {whole:f} and its entry for {entry.terms.quantity:f}"
    return ""


def _sides_fault(entry: GroupLeg, part: dict[str, GroupLeg]) -> str:
    """A target that is not beyond the stop would be filled at once, or the stop triggered."""
    stop = part["stop"].terms.stop if "stop" in part else None
    target = part["target"].terms.limit if "target" in part else None
    is_long = entry.terms.side == "BUY"
    if stop is not None and target is not None and (target <= stop if is_long else target >= stop):
        beyond = "above" if is_long else "below"
        return f"its target is {target:f} and its stop {stop:f}; the target must be {beyond} it"
    return ""


def _vertical_fault(legs: Sequence[GroupLeg]) -> str:
    if len(legs) == 1:
        return "" if _is_combo(legs) else "a vertical in one order has the legs of its combo"
    if len(legs) != 2 or [leg.role for leg in legs] != ["entry", "cover"]:
        return "a vertical is one combo, or an entry and what covers it"
    first, second = legs
    if first.symbol == second.symbol or first.terms.side == second.terms.side:
        return "the two orders of a vertical are opposite sides of two symbols"
    if first.terms.quantity != second.terms.quantity:
        return "the two orders of a vertical have the same quantity"
    return ""


def _is_combo(legs: Sequence[GroupLeg]) -> bool:
    return len(legs) == 1 and legs[0].role == "order" and bool(legs[0].legs)
