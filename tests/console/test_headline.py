"""The first rows of `status` and of the live view: whether it trades, and if not, why."""

import io

import pytest
from rich.console import Console
from rich.text import Text

from tapewire.console.views import tables
from tapewire.console.views.clip import Fitting
from tests.console.journaled import T0

READY = {"state": "READY", "reason": "", "ended": "", "age_s": 0}
RISK = {
    **READY, "trading": "ACTIVE", "halted_ns": 0, "flatten": "", "held": {},
    "realised": "-1234567.89", "unrealised": "-1234567.89", "commission": "12345.67",
}  # fmt: skip
HALTED = {**RISK, "state": "HALTED", "trading": "HALTED", "halted_ns": T0, "reason": "lunch"}
NO_TWS = {**READY, "state": "WAITING", "reason": "cannot connect to TWS"}
RATES = {"ticks": 123_456.0, "signals": 1_234.0, "orders": 1_234.0}
SHOWN_RATES = "ticks 123,456/s   signals 1,234/s   orders 1,234/s"


def rows(shown, height: int = 25) -> list[str]:
    file = io.StringIO()
    Console(file=file, width=80, height=height).print(shown)
    return [row.rstrip() for row in file.getvalue().splitlines()]


SAID = {
    "active": ({"risk": RISK, "gateway": READY}, "ACTIVE"),
    "no TWS": ({"risk": RISK, "gateway": NO_TWS}, "ACTIVE   but no TWS"),
    "silent": (
        {"risk": RISK, "gateway": {**READY, "age_s": 9}}, "ACTIVE   but the gateway is SILENT",
    ),
    "halted": ({"risk": HALTED}, "HALTED   lunch, 11:32:18; `tapewire resume` lifts it"),
    "flatten": ({"risk": {**HALTED, "flatten": "CLOSING"}}, "HALTED   lunch, 11:32:18"),
    "unheard": ({}, "STARTING   risk has not told its state yet"),
    "waiting": (
        {"risk": {**RISK, "trading": "HALTED", "state": "WAITING", "reason": "for the gateway"}},
        "STARTING   risk is WAITING: for the gateway",
    ),
    "halted and waiting": (
        {"risk": {**HALTED, "state": "WAITING", "reason": "for the gateway"}},
        "HALTED   risk is WAITING: for the gateway",
    ),
    "ended": ({"risk": {**RISK, "ended": "parent died"}}, "STOPPED   risk is ENDED"),
}  # fmt: skip


@pytest.mark.parametrize(("statuses", "said"), SAID.values(), ids=SAID)
def test_it_says_whether_it_trades_and_if_not_why(statuses, said: str):
    assert rows(tables.headline(statuses, {}))[0] == f" trading {said}"


def test_rates_of_a_busy_group_fit_a_terminal():
    shown = rows(tables.headline({"risk": RISK, "gateway": READY}, RATES))
    assert shown == [
        f" trading ACTIVE   {SHOWN_RATES}",
        "realised -1,234,567.89   unrealised -1,234,567.89   commissions 12,345.67",
    ]


def test_a_flatten_under_way_stands_below_the_reason_with_what_is_left():
    risk = {**HALTED, "flatten": "CLOSING, attempt 2", "held": {"AAPL": "-30"}}
    shown = rows(tables.headline({"risk": risk}, {"ticks": 5.0}))
    assert shown[1] == "ticks 5/s   flatten CLOSING, attempt 2: AAPL -30 left"


def test_rows_that_do_not_fit_are_counted():
    text = Text("\n".join(f"row {number}" for number in range(30)))
    shown = rows(Fitting(text), height=24)
    assert (len(shown), shown[22]) == (24, "row 22")
    assert shown[23] == "7 more rows; `tapewire status` shows all"
    assert len(rows(Fitting(text), height=30)) == 30
