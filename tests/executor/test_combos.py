"""Combos at the executor: the rules see each leg, and a spread in one order goes its way."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common import roles
from tapewire.common.events import (
    ComboLeg,
    ConnectionUp,
    Event,
    Fill,
    GroupKind,
    GroupLeg,
    GroupSignal,
    GroupStateChanged,
    ModifySignal,
    OrderDenied,
    OrderFilled,
    OrderModifyPending,
    OrderStateChanged,
    OrderTerms,
    SubmitGroup,
    TermChanges,
    signed,
)
from tapewire.executor.confidence import Confidence
from tapewire.executor.executor import Executor
from tests.executor.group_desk import GROUP, Desk, group_signal
from tests.executor.orders import AAPL, MSFT, NOW, SECOND, T0, executor, fill, rules

D100 = Decimal(100)
LEGS = (ComboLeg("AAPL", 1, "BUY"), ComboLeg("MSFT", 2, "SELL"))


def spread(quantity: int = 10, kind: GroupKind = "vertical", **more: object) -> GroupSignal:
    terms = OrderTerms("BUY", Decimal(quantity), "LMT", Decimal(5))
    given = {"role": "order", "legs": LEGS, **more}
    return group_signal(kind, GroupLeg(symbol="AAPL - 2 MSFT", terms=terms, **given))


def denial(signal: GroupSignal, one: Executor | None = None) -> str:
    events, commands = (one or executor()).on_signal(signal, NOW)
    assert commands == []
    (denied,) = events
    assert isinstance(denied, OrderDenied)
    return denied.reason


def legs_fill(desk: Desk, *quantities: tuple[str, int]) -> None:
    order = desk.order(1).order
    for single in order.singles:
        for symbol, quantity in quantities:
            if symbol == single.symbol:
                desk.report(fill(single, quantity, f"e{len(desk.gateway)}.01"))


def announced(desk: Desk) -> list[tuple[str, Decimal]]:
    changes = [event for event in desk.journal if isinstance(event, OrderStateChanged)]
    return [(event.state, event.filled) for event in changes]


@pytest.mark.parametrize(
    ("signal", "reason"),
    [
        (spread(51), "MSFT could get 102 short with this order"),
        (spread(legs=LEGS[:1]), "a combo trades two symbols or more"),
        (spread(legs=(LEGS[0], ComboLeg("GOOG", 1, "SELL"))), "symbol GOOG is not configured"),
        (spread(role="entry"), "a vertical in one order has the legs of its combo"),
        (spread(kind="combo", role="entry"), "a combo is one order with its legs"),
        (spread(kind="combo", legs=()), "a combo is one order with its legs"),
    ],
)
def test_it_is_denied_where_one_leg_must_not_go(signal: GroupSignal, reason: str):
    assert reason in denial(signal)


def test_on_a_full_disk_it_goes_only_if_each_leg_reduces():
    one = executor()
    one.admission.no_room = "the disk is full"
    assert "the disk is full" in denial(spread(), one)
    desk = Desk()
    desk.executor.admission.no_room = "the disk is full"
    for symbol, side, quantity in (("AAPL", "SELL", 10), ("MSFT", "BUY", 20)):
        desk.report(Fill(T0, "DU1", f"{symbol}.01", "9", symbol, side, Decimal(quantity), D100))
        desk.move(symbol, signed(side, Decimal(quantity)))
    events, commands = desk.executor.on_signal(spread(), NOW)
    assert len(events) == 2
    assert [type(command) for command in commands] == [SubmitGroup]


@pytest.mark.parametrize("kind", ["vertical", "combo"])
def test_a_spread_is_done_when_whole_and_its_filled_quantity_counts_whole_ones(kind: GroupKind):
    desk = Desk(spread(kind=kind))
    desk.accept(1)
    desk.pass_s(1)
    assert desk.state == "WORKING"
    legs_fill(desk, ("AAPL", 10), ("MSFT", 8))
    desk.pass_s(3)
    assert (desk.state, announced(desk)[-1]) == ("WORKING", ("ACCEPTED", 4))
    legs_fill(desk, ("MSFT", 12))
    desk.report(OrderFilled(T0, "DU1", f"{GROUP}/1"))
    desk.pass_s(3)
    assert (desk.state, desk.group.reason) == ("DONE", "")
    assert announced(desk)[-1] == ("FILLED", 10)
    exposures = [desk.executor.ledger.exposure("DU1", symbol) for symbol in ("AAPL", "MSFT")]
    assert [one.position for one in exposures] == [10, -20]
    assert [(one.buying, one.selling) for one in exposures] == [(0, 0), (0, 0)]


@pytest.mark.parametrize("how", ["CANCELLED", "REJECTED", "LOST", "DENIED"])
def test_one_that_fails_is_over_with_the_reason(how: str):
    desk = Desk(spread())
    if how != "DENIED":
        desk.accept(1)
    desk.end(1, how)
    desk.pass_s(3)
    assert desk.state == "DONE"
    assert f"{GROUP}/1 is {how}" in desk.group.reason


def test_a_restart_comes_to_the_same():
    desk = Desk(spread())
    desk.accept(1)
    legs_fill(desk, ("AAPL", 10), ("MSFT", 8))
    desk.pass_s(1)
    before = desk.executor.snapshot()
    desk.restart()
    assert desk.executor.snapshot() == before


def test_its_limit_can_be_modified_under_the_groups_id_and_not_its_quantity():
    desk = Desk(spread())
    desk.accept(1)

    def modify(name: str, changes: TermChanges) -> list[Event]:
        signal = ModifySignal(name, T0, "", "s", GROUP, T0 + 5 * SECOND, changes)
        return list(desk.executor.on_signal(signal, NOW)[0])

    (taken,) = modify("s-e-8", TermChanges(limit=Decimal(6)))
    assert isinstance(taken, OrderModifyPending)
    (denied,) = modify("s-e-9", TermChanges(quantity=Decimal(11)))
    assert isinstance(denied, OrderDenied)


@pytest.mark.parametrize(("lot", "quantity"), [(1, 5), (2, 4)])
def test_confidence_scales_it_to_whole_combos_of_whole_lots(lot: int, quantity: int):
    scaled = Confidence(scales=True)
    given = [AAPL, replace(MSFT, lot=Decimal(lot))]
    one = Executor(rules(1000), given, confidence=lambda _strategy: scaled)
    one.places.connected(ConnectionUp(0, 157, ("DU1",)), roles.GATEWAY)
    one.caught_up(NOW)
    _, (group,) = one.on_signal(replace(spread(), confidence=0.59), NOW)
    assert isinstance(group, SubmitGroup)
    assert group.orders[0].terms.quantity == quantity


def test_a_flatten_that_closes_a_leg_releases_nothing_of_it():
    desk = Desk(spread())
    desk.accept(1)
    legs_fill(desk, ("AAPL", 10), ("MSFT", 20))
    assert desk.group.open == 0
    assert not any(
        isinstance(event, GroupStateChanged) and event.state == "PROTECTING"
        for event in desk.journal
    )
