"""Signals for groups at the executor: taken once and whole, or denied in words."""

import pytest
from msgspec.structs import replace

from tapewire.common.events import GroupCreated, OrderCreated, OrderDenied
from tests.executor.group_desk import GROUP, Desk, bracket, group_signal, leg
from tests.executor.orders import NOW, executor

# ---- taken, or denied as a whole -----------------------------------------------------------------


def test_a_bracket_is_one_command_and_one_group_in_the_journal():
    desk = Desk(bracket())
    assert isinstance(desk.journal[0], GroupCreated)
    assert [e.order.intent_id for e in desk.journal if isinstance(e, OrderCreated)] == [
        f"{GROUP}/1", f"{GROUP}/2", f"{GROUP}/3",
    ]  # fmt: skip
    assert desk.orders() == ["1", "2", "3"]
    entry, target, stop = desk.group.plan.orders
    assert (entry.parent_id, target.parent_id, stop.parent_id) == ("", f"{GROUP}/1", f"{GROUP}/1")
    assert (entry.terms.oca, target.terms.oca, stop.terms.oca) == ("", "reduce", "reduce")
    assert target.terms.group == stop.terms.group == f"{GROUP}/0"


def test_the_entry_alone_is_measured_by_the_price_that_the_strategy_saw():
    desk = Desk(replace(bracket(), trigger_price=150.5))
    created = [event for event in desk.journal if isinstance(event, OrderCreated)]
    assert [event.trigger_price for event in created] == [150.5, None, None]


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (bracket(quantity=101), "entry s-e-1/1: MaxContractsPerInstrument"),
        (bracket(quantity=0), "entry s-e-1/1: quantity is 0"),
        (group_signal("bracket", leg("entry", "BUY", 10)), "at least one of them"),
        (
            group_signal("bracket", leg("entry", "BUY", 10), leg("stop", "BUY", 10, stop=140)),
            "the other side of the same symbol",
        ),
        (
            group_signal("bracket", leg("entry", "BUY", 10), leg("stop", "SELL", 9, stop=140)),
            "its exits are for 9 and its entry for 10",
        ),
        (
            group_signal(
                "bracket", leg("entry", "BUY", 10),
                leg("target", "SELL", 10, limit=140), leg("stop", "SELL", 10, stop=140),
            ),
            "the target must be above it",
        ),
        (
            group_signal(
                "bracket", leg("entry", "SELL", 10),
                leg("target", "BUY", 10, limit=140), leg("stop", "BUY", 10, stop=130),
            ),
            "the target must be below it",
        ),
        (
            group_signal(
                "bracket", leg("entry", "BUY", 10),
                leg("stop", "SELL", 10, stop=140), leg("stop", "SELL", 10, stop=130),
            ),
            "two orders that are its stop",
        ),
    ],
)  # fmt: skip
def test_a_group_that_cannot_be_is_denied_as_a_whole(wanted, reason: str):
    events, commands = executor().on_signal(wanted, NOW)
    (denied,) = events
    assert isinstance(denied, OrderDenied)
    assert (denied.signal_id, commands) == (GROUP, [])
    assert reason in denied.reason


def test_the_limit_has_room_for_a_bracket_and_its_exits():
    assert Desk(bracket(100)).orders() == ["1", "2", "3"]


def test_a_signal_that_is_sent_again_makes_no_second_group():
    desk = Desk(bracket())
    assert desk.executor.on_signal(bracket(), NOW) == ([], [])


def test_a_group_without_an_answer_is_asked_for_again_as_a_whole():
    one = executor()
    _, (group,) = one.on_signal(bracket(), NOW)
    assert one.tick(NOW + 600_000_000) == [group]
