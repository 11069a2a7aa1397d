"""`tapewire orders resolve`: what a person says of an order, put to the gateway that knows it."""

import getpass

import pytest

from tapewire.common.events import NO_SUCH_ORDER, OrderAnswer, ResolveOrder
from tapewire.console.commands import orders
from tapewire.console.group import control

RESOLVE = ("orders", "resolve", "dip-e-1/1")


@pytest.fixture
def asked(monkeypatch, run_dir) -> list[tuple[str, ResolveOrder]]:
    """A group of which the liquidation gateway alone knows the order; what was asked of whom."""
    found: list[tuple[str, ResolveOrder]] = []

    def resolve(_group, role: str, command: ResolveOrder) -> OrderAnswer:
        found.append((role, command))
        known = role == "liquidation" and command.outcome != "lost"
        reason = "" if known else "it is FILLED" if role == "liquidation" else NO_SUCH_ORDER
        return OrderAnswer(command.intent_id, known, reason)

    monkeypatch.setattr(control, "resolve", resolve)
    monkeypatch.setattr(orders, "running", lambda *_: control.Launched(run_dir))
    return found


def test_the_gateway_that_placed_the_order_is_told_who_said_so_and_why(tapewire, asked):
    ended = tapewire(*RESOLVE, "cancelled", "--reason", "gone")
    assert ended.status == 0
    assert ended.out == "dip-e-1/1 is CANCELLED: gone; positions are read again\n"
    assert [role for role, _ in asked] == ["gateway", "liquidation"]
    command = asked[-1][1]
    assert (command.outcome, command.reason, command.by) == ("cancelled", "gone", getpass.getuser())


def test_a_refusal_has_its_reason_and_status_1(tapewire, asked):
    ended = tapewire(*RESOLVE, "lost", "--reason", "gone", "--json")
    assert ended.status == 1
    assert ended.json == {"ok": False, "text": "it is FILLED"}


def test_what_became_of_it_must_be_one_of_three_and_a_reason_is_needed(tapewire, asked):
    assert tapewire(*RESOLVE, "vanished", "--reason", "x").status == 2
    assert tapewire(*RESOLVE, "lost").status == 2
    assert asked == []
