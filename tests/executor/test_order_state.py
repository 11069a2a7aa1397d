"""The table of order states: every pair, and what must hold over any sequence."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewire.common.events import (
    Commission,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderIntended,
    OrderLost,
    OrderRefused,
    OrderRejected,
    OrderUnknown,
    SubmitOrder,
)
from tapewire.executor.order_state import FINAL, TRANSITIONS, after

ORDER = SubmitOrder("i", 1, "s", "AAPL", "BUY", Decimal(1), "MKT", 2)
EVENTS = {
    "intended": OrderIntended(1, 1, ORDER),
    "refused": OrderRefused(1, "i", ""),
    "accepted": OrderAccepted(1, "i", 1, 1),
    "rejected": OrderRejected(1, "i", 201, ""),
    "cancelled": OrderCancelled(1, "i"),
    "filled": OrderFilled(1, "i"),
    "unknown": OrderUnknown(1, "i", ""),
    "lost": OrderLost(1, "i", ""),
}
_ = None
EXPECTED = {
    # state: intended, refused, accepted, rejected, cancelled, filled, unknown, lost
    "CREATED": ["INTENDED", "REFUSED", _, _, _, _, _, _],
    "INTENDED": [
        _, "REFUSED", "ACCEPTED", "REJECTED", "CANCELLED", "FILLED", "UNKNOWN", "LOST",
    ],
    "ACCEPTED": [_, _, _, "REJECTED", "CANCELLED", "FILLED", _, "LOST"],
    "UNKNOWN": [_, _, "ACCEPTED", "REJECTED", "CANCELLED", "FILLED", _, "LOST"],
    "LOST": [_, _, "ACCEPTED", _, _, "FILLED", _, _],
    "CANCELLED": [_, _, "ACCEPTED", _, _, "FILLED", _, _],
    "REJECTED": [_, _, "ACCEPTED", _, _, "FILLED", _, _],
    "REFUSED": [_] * 8,
    "FILLED": [_] * 8,
}  # fmt: skip
PAIRS = [
    (state, name, expected or state)
    for state, row in EXPECTED.items()
    for name, expected in zip(EVENTS, row, strict=True)
]


@pytest.mark.parametrize(("state", "name", "expected"), PAIRS)
def test_each_event_in_each_state(state: str, name: str, expected: str):
    assert after(state, EVENTS[name]) == expected


def test_the_table_names_every_state():
    assert set(TRANSITIONS) == set(EXPECTED)
    assert set(FINAL) < set(TRANSITIONS)


def test_other_events_change_nothing():
    for state in TRANSITIONS:
        assert after(state, Commission(1, "e", Decimal(1), "USD")) == state


history = st.lists(st.sampled_from(sorted(EVENTS)), max_size=12)


@given(history)
def test_filled_and_refused_are_never_left(names: list[str]):
    state = "CREATED"
    for name in names:
        before, state = state, after(state, EVENTS[name])
        if before in ("FILLED", "REFUSED"):
            assert state == before


@given(history)
def test_an_event_twice_is_an_event_once(names: list[str]):
    state = "CREATED"
    for name in names:
        state = after(state, EVENTS[name])
        assert after(state, EVENTS[name]) == state


@given(history)
def test_nothing_but_the_gateways_intent_leads_out_of_created(names: list[str]):
    state = "CREATED"
    for name in names:
        state = after(state, EVENTS[name])
    if "intended" not in names and "refused" not in names:
        assert state == "CREATED"
