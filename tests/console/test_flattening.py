"""A flatten: what it will do, how it ended, and what is left."""

import pytest

from tapewire.common.events import (
    EVERYTHING,
    ControlReply,
    FlattenCompleted,
    FlattenDelayed,
    FlattenStarted,
    Scope,
)
from tapewire.console.group import control
from tapewire.console.group.supervisor import Group
from tapewire.console.views import flattening
from tests.console.journaled import MS, T0, write
from tests.console.running import answering


def held(account: str, symbol: str, quantity: str) -> dict[str, str]:
    return {"account": account, "symbol": symbol, "quantity": quantity}


HOLDING = {
    "gateway": {"orders": {"FILLED": 3, "ACCEPTED": 1}},
    "liquidation": {"orders": {"UNKNOWN": 1}},
    "risk": {
        "held": [held("DU1", "AAPL", "-30"), held("DU1", "ESZ6", "10")],
        "flatten": "CLOSING, attempt 2",
    },
}
BOTH = {"risk": {"held": [held("DU1", "AAPL", "-30"), held("DU2", "AAPL", "5")]}}
LEFT = "still open after 20 attempts: ESZ6 10"
OF_A_SYMBOL = Scope(symbol="AAPL")


def test_the_plan_names_what_will_be_cancelled_and_closed():
    assert flattening.plan(HOLDING) == (
        "cancelling every order of the login (2 orders known to work), closing AAPL -30, ESZ6 10"
    )
    assert flattening.plan({"gateway": {"orders": {"INTENDED": 1}}}) == (
        "cancelling every order of the login (1 order known to work),"
        " no position is known to be held"
    )


def test_the_plan_for_a_part_names_only_that_part():
    assert flattening.plan(HOLDING, OF_A_SYMBOL) == (
        "cancelling our orders in symbol AAPL, closing AAPL -30"
    )


def test_holdings_name_accounts_where_there_are_several():
    assert flattening.holdings(BOTH) == "DU1 AAPL -30, DU2 AAPL 5"
    assert flattening.holdings(BOTH, Scope(account="DU2")) == "DU2 AAPL 5"


def test_an_ending_is_a_sentence():
    def sentence(over: bool, left: str = "", scope: Scope = EVERYTHING) -> str:
        return flattening.Ending(over, left, scope).sentence(HOLDING, 30)

    assert sentence(True).startswith("flat: every position was closed; trading is HALTED until")
    assert sentence(True, LEFT).startswith(f"not flat: {LEFT}; trading is HALTED until")
    assert sentence(False) == "not flat after 30 s: CLOSING, attempt 2, AAPL -30, ESZ6 10 left"
    assert sentence(True, scope=OF_A_SYMBOL) == (
        "flat: every position in symbol AAPL was closed;"
        " symbol AAPL stays halted until `tapewire resume --symbol AAPL`"
    )


def test_only_the_end_of_the_last_flatten_counts(run_dir):
    first = FlattenStarted(T0 + 200 * MS, EVERYTHING, "x")
    write(run_dir, "risk", [first, FlattenCompleted(T0 + 201 * MS, EVERYTHING, LEFT)])
    assert flattening.wait(run_dir, 0) == (True, LEFT, EVERYTHING)
    write(run_dir, "risk", [FlattenStarted(T0 + 300 * MS, OF_A_SYMBOL, "x")])
    assert flattening.wait(run_dir, 0) == (False, "", OF_A_SYMBOL)
    unfinished = flattening.unfinished(run_dir)
    assert unfinished is not None
    assert unfinished.ts_ns == T0 + 300 * MS
    write(run_dir, "risk", [FlattenCompleted(T0 + 301 * MS, OF_A_SYMBOL)])
    assert flattening.wait(run_dir, 0).flat
    assert flattening.unfinished(run_dir) is None


def test_of_two_beside_each_other_the_one_that_was_asked_for_is_waited_for(run_dir):
    first, second = Scope("DU1"), Scope("DU2")
    write(run_dir, "risk", [FlattenStarted(T0, first, "x"), FlattenStarted(T0 + MS, second, "x")])
    write(run_dir, "risk", [FlattenCompleted(T0 + 2 * MS, second)])
    assert flattening.wait(run_dir, 0, scope=second) == (True, "", second)
    assert flattening.wait(run_dir, 0, scope=first) == (False, "", first)
    unfinished = flattening.unfinished(run_dir)
    assert unfinished is not None
    assert unfinished.scope == first


def test_what_delays_the_newest_flatten_is_reported_once_while_it_is_waited_for(run_dir):
    heard: list[str] = []
    first = [FlattenStarted(T0, EVERYTHING, "x"), FlattenDelayed(T0, EVERYTHING, "old")]
    write(run_dir, "risk", [*first, FlattenCompleted(T0 + MS, EVERYTHING)])
    write(run_dir, "risk", [
        FlattenStarted(T0 + 2 * MS, OF_A_SYMBOL, "x"),
        FlattenDelayed(T0 + 3 * MS, OF_A_SYMBOL, "Every order of the login is cancelled"),
    ])  # fmt: skip
    flattening.wait(run_dir, 0.3, heard.append)
    assert heard == ["Every order of the login is cancelled"]


@pytest.fixture
def risk(run_dir, monkeypatch):
    """A group that is up, whose risk starts a flatten on request; gives what was requested."""
    asked: list[tuple[object, ...]] = []
    answer = answering(asked)

    def ask(group, action: str, reason: str, scope: Scope = EVERYTHING) -> ControlReply:
        write(run_dir, "risk", [FlattenStarted(T0 + 300 * MS, scope, reason)])
        return answer(group, action, reason, scope)

    monkeypatch.setattr(Group, "is_up", lambda _: True)
    monkeypatch.setattr(control, "ask", ask)
    return asked


def test_a_flatten_that_takes_longer_than_the_wait_fails_and_says_so(tapewire, risk):
    ended = tapewire("flatten", "--wait", "0.01", "--reason", "lunch")
    assert ended.status == 1
    assert ended.err.startswith("trading is HALTED: lunch; cancelling every order of the login")
    assert ended.out.startswith("not flat after 0.01 s")
    assert ended.out.endswith("; risk continues by itself; `tapewire status` shows how far it is\n")
    assert risk == [("flatten", "lunch", "everything")]


def test_a_flatten_without_a_wait_succeeds_once_risk_has_taken_it(tapewire, risk):
    ended = tapewire("flatten", "--wait", "0", "--json")
    assert (ended.status, ended.json) == (0, {
        "ok": True, "state": "HALTED", "text": "manual",
        "scope": {"account": "", "strategy": "", "symbol": ""},
        "over": False, "flat": False, "left": "",
    })  # fmt: skip


def test_a_flatten_may_be_of_an_account_or_a_symbol(tapewire, risk):
    ended = tapewire("flatten", "--wait", "0", "--account", "DU1", "--symbol", "AAPL")
    assert ended.status == 0
    assert risk == [("flatten", "manual", "account DU1, symbol AAPL")]
    assert ended.err.startswith("account DU1, symbol AAPL is halted; trading as a whole is ACTIVE")


def test_a_symbol_that_is_neither_configured_nor_held_is_refused(tapewire, risk):
    ended = tapewire("flatten", "--symbol", "APPL")
    assert (ended.status, risk) == (2, [])
    assert "--symbol is 'APPL', which is not known; did you mean AAPL?" in ended.err


def test_what_could_not_be_closed_is_named_and_fails(tapewire, risk, monkeypatch):
    monkeypatch.setattr(flattening, "wait", lambda *_: flattening.Ending(True, LEFT))
    ended = tapewire("flatten")
    assert (ended.status, ended.out.partition(";")[0]) == (1, f"not flat: {LEFT}")
