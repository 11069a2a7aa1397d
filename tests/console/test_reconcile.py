"""`tapewire reconcile`: what the gateway found when it was asked, or the last time."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common.errors import ConfigError
from tapewire.common.events import (
    Difference,
    Gap,
    OrderAnswer,
    Reconcile,
    ReconciliationCompleted,
)
from tapewire.common.logins import Login, Logins
from tapewire.console.commands.common import gateway_role
from tapewire.console.group import control
from tapewire.console.group.control import Launched
from tests.console.journaled import ACCOUNT, MS, T0, fill, write

ADOPTED = Difference("execution", "a.01", "none", "it", Decimal(1), "adopt", ACCOUNT, "AAPL")
ALARM = Difference("position", "DU1 AAPL", "50", "40", Decimal(10), "alarm", ACCOUNT, "AAPL")
AGREED = ReconciliationCompleted(T0, "start", "", "", 3, 12, 4, gaps=())


@pytest.fixture
def asked(monkeypatch, run_dir):
    """A group whose gateway answers a request at once with what `answers` makes of it."""

    def answering(result, reason: str = "") -> list[Reconcile]:
        commands: list[Reconcile] = []

        def ask(_group, _role, command: Reconcile) -> OrderAnswer:
            commands.append(command)
            if result is not None:
                done = replace(result, ts_ns=T0 + 400 * MS, trigger="request", id=command.id)
                write(run_dir, "gateway", [done])
            return OrderAnswer(command.id, not reason, reason)

        monkeypatch.setattr(control, "find", lambda *_: Launched(run_dir))
        monkeypatch.setattr(control, "reconcile", ask)
        return commands

    return answering


def test_the_gateway_is_asked_and_its_result_is_shown(tapewire, asked):
    commands = asked(AGREED)
    ended = tapewire("reconcile")
    assert ended.status == 0
    assert ended.out == (
        "2026-11-20T11:32:18.400000Z  request  3 orders, 12 executions, 4 positions:"
        " no differences\n"
    )
    assert len(commands) == 1


def test_what_was_adopted_is_shown_and_needs_nobody(tapewire, asked):
    asked(replace(AGREED, differences=(ADOPTED,)))
    ended = tapewire("reconcile")
    assert ended.status == 0
    assert "adopt  execution a.01: we have none, the broker has it" in ended.out


def test_what_a_person_has_to_look_at_has_status_1(tapewire, asked):
    asked(replace(AGREED, differences=(ALARM, ADOPTED), omitted=3))
    ended = tapewire("reconcile")
    assert ended.status == 1
    assert ended.out.splitlines()[1:] == [
        "ALARM  position DU1 AAPL: we have 50, the broker has 40",
        "adopt  execution a.01: we have none, the broker has it",
        "and 3 differences more",
    ]


def test_it_is_one_object_of_json(tapewire, asked):
    asked(replace(AGREED, differences=(ALARM,), gaps=(Gap(ACCOUNT, "AAPL", Decimal(40)),)))
    found = tapewire("reconcile", "--json").json
    assert found["problem"] == ""
    assert found["result"]["trigger"] == "request"
    assert found["result"]["differences"] == [
        {
            "kind": "position", "subject": "DU1 AAPL", "ours": "50", "theirs": "40",
            "amount": "10", "rule": "alarm", "account": ACCOUNT, "symbol": "AAPL",
        }
    ]  # fmt: skip
    assert found["result"]["gaps"] == [{"account": ACCOUNT, "symbol": "AAPL", "quantity": "40"}]


def test_what_could_not_be_compared_has_status_1(tapewire, asked):
    asked(replace(AGREED, reason="the broker did not list its positions"))
    ended = tapewire("reconcile")
    assert ended.status == 1
    assert ended.out.endswith("no differences; the broker did not list its positions\n")


def test_a_refusal_is_said_before_the_last_result(tapewire, run_dir, asked):
    write(run_dir, "gateway", [AGREED])
    asked(None, "not connected to the broker yet")
    ended = tapewire("reconcile")
    assert ended.status == 1
    assert ended.err == ("not compared: not connected to the broker yet; this is the last result\n")
    assert "  start  3 orders" in ended.out


def test_a_gateway_that_does_not_finish_is_not_waited_for_for_ever(tapewire, asked):
    asked(None)
    ended = tapewire("reconcile", "--timeout", "0.2")
    assert ended.status == 1
    assert "the gateway has not finished it within 0.2 s" in ended.err
    assert ended.out == "nothing was compared yet\n"


def test_with_no_time_to_wait_nobody_is_asked(tapewire, run_dir, asked):
    write(run_dir, "gateway", [AGREED])
    commands = asked(AGREED)
    assert tapewire("reconcile", "--timeout", "0").status == 0
    assert commands == []


def test_without_a_group_the_last_result_is_shown(tapewire, run_dir):
    many = [fill(f"n{n}.01", 300, 1, "100", None) for n in range(1200)]
    older = replace(AGREED, differences=(ALARM,))
    write(run_dir, "gateway", [older, AGREED, *many])
    ended = tapewire("reconcile")
    assert ended.status == 0
    assert ended.err == "no group runs; this is the last result\n"
    assert "  start  3 orders, 12 executions, 4 positions: no differences" in ended.out


def test_events_show_a_reconciliation_in_a_line_and_as_json(tapewire, run_dir):
    write(run_dir, "gateway", [replace(AGREED, differences=(ALARM, ADOPTED))])
    shown = tapewire("events", "--type", "reconciliation.").out
    assert "position DU1 AAPL: we have 50, the broker has 40, execution a.01: we have" in shown
    (found,) = tapewire("events", "--type", "reconciliation.", "--json").lines
    assert [one["kind"] for one in found["fields"]["differences"]] == ["position", "execution"]


@pytest.mark.parametrize(
    ("name", "says"),
    [("", "--gateway is missing; name one of eu, us"), ("uk", "--gateway is 'uk', which is none")],
)
def test_one_of_several_gateways_has_to_be_named(name: str, says: str):
    logins = Logins([Login("us", ("DU1",)), Login("eu", ("DU2",))])
    with pytest.raises(ConfigError, match=says):
        gateway_role(logins, name)
    assert gateway_role(logins, "eu") == "gateway-eu"
    assert gateway_role(Logins([Login()]), "") == "gateway"
