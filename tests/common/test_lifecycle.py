"""The one table of order states: every pair, what must hold of it, and its diagram in the docs."""

import subprocess
import sys
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewire.common.accounting.lifecycle import (
    AT_BROKER,
    GIVEN_UP,
    INITIAL,
    LIVE,
    TRANSITIONS,
    UNCONFIRMED,
    diagram,
    state_after,
)
from tapewire.common.events import (
    Commission,
    OrderAccepted,
    OrderCancelled,
    OrderDenied,
    OrderFilled,
    OrderIntended,
    OrderLost,
    OrderRejected,
    OrderTerms,
    OrderUnknown,
    SubmitOrder,
)
from tests.places import ROOT

ORDER = SubmitOrder("i", 1, "DU1", "s", "AAPL", OrderTerms("BUY", Decimal(1)), 2)
EVENTS = {
    "intended": OrderIntended(1, "1", ORDER),
    "denied": OrderDenied(1, "DU1", "s", "gateway", "", "i"),
    "accepted": OrderAccepted(1, "DU1", "i", "1", "1"),
    "rejected": OrderRejected(1, "DU1", "i", 201, ""),
    "cancelled": OrderCancelled(1, "DU1", "i"),
    "filled": OrderFilled(1, "DU1", "i"),
    "unknown": OrderUnknown(1, "DU1", "i", ""),
    "lost": OrderLost(1, "DU1", "i", ""),
}
_ = None
EXPECTED = {
    # state: intended, denied, accepted, rejected, cancelled, filled, unknown, lost
    "CREATED": ["INTENDED", "DENIED", _, _, _, _, _, _],
    "INTENDED": [
        _, "DENIED", "ACCEPTED", "REJECTED", "CANCELLED", "FILLED", "UNKNOWN", "LOST",
    ],
    "ACCEPTED": [_, _, _, "REJECTED", "CANCELLED", "FILLED", _, "LOST"],
    "UNKNOWN": [_, _, "ACCEPTED", "REJECTED", "CANCELLED", "FILLED", _, "LOST"],
    "LOST": [_, _, "ACCEPTED", _, _, "FILLED", _, _],
    "CANCELLED": [_, _, "ACCEPTED", _, _, "FILLED", _, _],
    "REJECTED": [_, _, "ACCEPTED", _, _, "FILLED", _, _],
    "DENIED": [_] * 8,
    "FILLED": [_] * 8,
}  # fmt: skip
PAIRS = [
    (state, name, expected or state)
    for state, row in EXPECTED.items()
    for name, expected in zip(EVENTS, row, strict=True)
]
STEPS = [(before, after) for before, steps in TRANSITIONS.items() for after in steps.values()]


@pytest.mark.parametrize(("state", "name", "expected"), PAIRS)
def test_each_event_in_each_state(state: str, name: str, expected: str):
    assert state_after(state, EVENTS[name]) == expected


# ---- the table itself ---------------------------------------------------------------------------


def test_the_table_names_every_state():
    assert set(TRANSITIONS) == set(EXPECTED)
    assert {after for _, after in STEPS} | {INITIAL} == set(TRANSITIONS), "each can be reached"


def test_filled_and_denied_have_no_way_out():
    assert [state for state, steps in TRANSITIONS.items() if not steps] == ["FILLED", "DENIED"]


def test_no_state_leads_back_to_created_and_only_created_to_intended():
    assert [before for before, after in STEPS if after == "CREATED"] == []
    assert [before for before, after in STEPS if after == "INTENDED"] == ["CREATED"]


def test_denied_is_entered_only_before_a_byte_was_written():
    assert {before for before, after in STEPS if after == "DENIED"} == {"CREATED", "INTENDED"}


def test_what_was_given_up_or_lost_is_left_only_for_accepted_and_filled():
    for state in (*GIVEN_UP, "LOST"):
        assert set(TRANSITIONS[state].values()) == {"ACCEPTED", "FILLED"}


def test_nobody_becomes_unknown_once_the_broker_has_answered():
    assert {before for before, after in STEPS if after == "UNKNOWN"} == {"INTENDED"}


def test_the_groups_of_states():
    assert {"CREATED", "INTENDED", "ACCEPTED", "UNKNOWN"} == LIVE
    assert {"INTENDED", "ACCEPTED", "UNKNOWN"} == AT_BROKER
    assert {"INTENDED", "UNKNOWN", "LOST"} == UNCONFIRMED
    assert {"CANCELLED", "REJECTED"} == GIVEN_UP
    over = set(TRANSITIONS) - LIVE
    assert over == {"FILLED", "CANCELLED", "REJECTED", "DENIED", "LOST"}


def test_other_events_change_nothing():
    for state in TRANSITIONS:
        assert state_after(state, Commission(1, "DU1", "e", Decimal(1), "USD")) == state


# ---- over any sequence --------------------------------------------------------------------------

history = st.lists(st.sampled_from(sorted(EVENTS)), max_size=12)


def last_state(names: list[str], state: str = INITIAL) -> str:
    for name in names:
        state = state_after(state, EVENTS[name])
    return state


@given(history)
def test_an_event_twice_is_an_event_once(names: list[str]):
    state = last_state(names)
    for event in EVENTS.values():
        once = state_after(state, event)
        assert state_after(once, event) == once


@given(history)
def test_nothing_but_the_gateways_intent_or_denial_leads_out_of_created(names: list[str]):
    if "intended" not in names and "denied" not in names:
        assert last_state(names) == "CREATED"


@given(history, st.integers(0, 12))
def test_a_journal_that_is_read_again_from_its_beginning_ends_where_it_ended(
    names: list[str], known: int
):
    journal, state = [], INITIAL
    for name in names:  # a gateway emits only what leads on
        after = state_after(state, EVENTS[name])
        if after != state:
            journal.append(name)
            state = after
    assert last_state(journal, last_state(journal[:known])) == state


# ---- the diagram --------------------------------------------------------------------------------


def test_the_diagram_has_a_line_for_each_step_and_each_end():
    lines = diagram().splitlines()
    assert lines[:2] == ["stateDiagram-v2", "    [*] --> CREATED"]
    assert len(lines) == 2 + len(STEPS) + 2
    assert "    INTENDED --> UNKNOWN: order.unknown" in lines
    assert lines[-2:] == ["    FILLED --> [*]", "    DENIED --> [*]"]


def test_the_architecture_shows_the_diagram_that_the_module_prints():
    printed = subprocess.run(
        [sys.executable, "-m", "tapewire.common.accounting.lifecycle"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert printed == diagram() + "\n"
    document = (ROOT / "docs" / "architecture.md").read_text()
    assert f"```mermaid\n{printed}```\n" in document
