"""A flatten as it is followed: what it is going to do, its end, and what is left."""

import pytest

from tapewire.common.events import ControlReply, FlattenCompleted, FlattenStarted
from tapewire.common.runtime.journal import SqliteJournal
from tapewire.console.group import control
from tapewire.console.group.supervisor import Group
from tapewire.console.views import flattening
from tests.console.journaled import MS, T0

HOLDING = {
    "gateway": {"orders": {"FILLED": 3, "ACCEPTED": 1}},
    "way-out": {"orders": {"UNKNOWN": 1}},
    "risk": {"held": {"AAPL": "-30", "ESZ6": "10"}, "flatten": "CLOSING, attempt 2"},
}
LEFT = "still open after 20 attempts: ESZ6 10"


def test_it_is_said_beforehand_what_will_be_cancelled_and_closed():
    assert flattening.plan(HOLDING) == (
        "cancelling every order of the account (2 orders known to work), closing AAPL -30, ESZ6 10"
    )
    assert flattening.plan({"gateway": {"orders": {"INTENDED": 1}}}) == (
        "cancelling every order of the account (1 order known to work),"
        " no position is known to be held"
    )


def test_an_ending_is_a_sentence():
    def said(over: bool, left: str = "") -> str:
        return flattening.Ending(over, left).sentence(HOLDING, 30)

    assert said(True).startswith("flat: every position was closed; trading is HALTED until")
    assert said(True, LEFT).startswith(f"not flat: {LEFT}; trading is HALTED until")
    assert said(False).startswith("not flat after 30 s: CLOSING, attempt 2, AAPL -30, ESZ6 10 left")


def journaled(run_dir, *events) -> None:
    journal = SqliteJournal(run_dir / "journals" / "risk.sqlite")
    journal.append(events)
    journal.close()


def test_only_the_end_of_the_last_flatten_counts(run_dir):
    journaled(run_dir, FlattenStarted(T0 + 200 * MS, "x"), FlattenCompleted(T0 + 201 * MS, LEFT))
    assert flattening.wait(run_dir, 0) == (True, LEFT)
    journaled(run_dir, FlattenStarted(T0 + 300 * MS, "x"))
    assert flattening.wait(run_dir, 0) == (False, "")
    unfinished = flattening.unfinished(run_dir)
    assert unfinished is not None
    assert unfinished.ts_ns == T0 + 300 * MS
    journaled(run_dir, FlattenCompleted(T0 + 301 * MS))
    assert flattening.wait(run_dir, 0).flat
    assert flattening.unfinished(run_dir) is None


@pytest.fixture
def risk(run_dir, monkeypatch):
    """A group that is up, whose risk starts a flatten when it is asked to; gives what was asked."""
    asked = []

    def ask(_config, action: str, reason: str) -> ControlReply:
        asked.append((action, reason))
        journaled(run_dir, FlattenStarted(T0 + 300 * MS, reason))
        return ControlReply(ok=True, state="HALTED", text=reason)

    monkeypatch.setattr(Group, "is_up", lambda _: True)
    monkeypatch.setattr(control, "ask", ask)
    return asked


def test_the_command_says_that_it_is_not_over_and_fails(tapewire, risk):
    ended = tapewire("flatten", "--wait", "0.01", "--reason", "lunch")
    assert ended.status == 1
    assert ended.err.startswith("trading is HALTED: lunch; cancelling every order of the account")
    assert ended.out.startswith("not flat after 0.01 s")
    assert ended.out.endswith("; risk goes on by itself; `tapewire status` shows how far it is\n")
    assert risk == [("flatten", "lunch")]


def test_the_command_need_not_wait(tapewire, risk):
    ended = tapewire("flatten", "--wait", "0", "--json")
    assert (ended.status, ended.json) == (0, {
        "ok": True, "state": "HALTED", "text": "flattened by hand",
        "over": False, "flat": False, "left": "",
    })  # fmt: skip


def test_what_could_not_be_closed_is_said_and_fails(tapewire, risk, run_dir, monkeypatch):
    monkeypatch.setattr(flattening, "wait", lambda *_: flattening.Ending(True, LEFT))
    ended = tapewire("flatten")
    assert (ended.status, ended.out.partition(";")[0]) == (1, f"not flat: {LEFT}")
