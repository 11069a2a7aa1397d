"""The first rows of `status` and of the live view: whether it trades, and if not, why."""

import io
from contextlib import suppress

import pytest
from rich.console import Console
from rich.text import Text

from tapewire.console.views import tables
from tapewire.console.views.screen import Screen
from tapewire.console.views.terminal import Clipped
from tests.console.journaled import T0

READY = {"state": "READY", "reason": "", "ended": "", "age_s": 0}
RISK = {
    **READY, "trading": "ACTIVE", "halted_ns": 0, "flatten": "", "held": [], "halts": [],
    "earned": {
        "USD": {"realised": "-1234567.89", "unrealised": "-1234567.89", "fees": "12345.67"},
    },
}  # fmt: skip
HALTED = {**RISK, "state": "HALTED", "trading": "HALTED", "halted_ns": T0, "reason": "lunch"}
NO_TWS = {**READY, "state": "WAITING", "reason": "cannot connect to TWS"}
HELD = {"account": "DU1", "symbol": "AAPL", "quantity": "-30"}
RATES = {"ticks": 123_456.0, "signals": 1_234.0, "orders": 1_234.0}
LEAVES = "\x1b[?1049l"  # a terminal leaves its other screen
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
    "full disk": ({"risk": {**HALTED, "halted_ns": 0}}, "HALTED   lunch"),
    "halted": ({"risk": HALTED}, "HALTED   lunch, 11:32:18; `tapewire resume` lifts it"),
    "lock-out": (
        {"risk": {**HALTED, "ends_ns": T0 + 10**9}},
        "HALTED   lunch, 11:32:18; it ends at 11:32:19",
    ),
    "flatten": ({"risk": {**HALTED, "flatten": "CLOSING"}}, "HALTED   lunch, 11:32:18"),
    "no status": ({}, "STARTING   risk has not reported its state yet"),
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
def test_the_first_row_shows_the_trading_state_and_why(statuses, said: str):
    assert rows(tables.headline(statuses, {}))[0] == f" trading {said}"


def test_rates_of_a_busy_group_fit_a_terminal():
    shown = rows(tables.headline({"risk": RISK, "gateway": READY}, RATES))
    assert shown == [
        f" trading ACTIVE   {SHOWN_RATES}",
        "realised -1,234,567.89   unrealised -1,234,567.89   fees 12,345.67 USD",
    ]


def test_a_flatten_in_progress_is_shown_with_what_is_left():
    risk = {**HALTED, "flatten": "CLOSING, attempt 2", "held": [HELD]}
    shown = rows(tables.headline({"risk": risk}, {"ticks": 5.0}))
    assert shown[1] == "ticks 5/s   flatten CLOSING, attempt 2: AAPL -30 left"


def test_rows_that_do_not_fit_are_counted():
    text = Text("\n".join(f"row {number}" for number in range(30)))
    shown = rows(Clipped(text), height=24)
    assert (len(shown), shown[22]) == (24, "row 22")
    assert shown[23] == "7 more rows; `tapewire status` shows all"
    assert len(rows(Clipped(text), height=30)) == 30


def test_at_80x24_positions_are_shown_before_latencies():
    held = [
        {"account": "DU1", "symbol": name, "quantity": "5", "average_cost": "1", "mark": "1",
         "unrealised": "0", "realised": "0", "fees": "0"}
        for name in ("AAPL", "MSFT", "ESZ6")
    ]  # fmt: skip
    names = ["risk", "gateway", "executor", "liquidation", "simulator", "keeper", "strategy-a"]
    statuses = {"risk": {**RISK, "positions": held, "pid": 1}}
    shown = rows(Clipped(tables.live(statuses, names, RATES)), height=24)
    (symbols,) = [n for n, row in enumerate(shown) if row.startswith("symbol")]
    (hops,) = [n for n, row in enumerate(shown) if row.startswith("latency")]
    assert [row.split()[0] for row in shown[symbols + 1 : hops]] == ["AAPL", "MSFT", "ESZ6"]


def test_what_a_live_view_showed_last_stays_behind_whole():
    file = io.StringIO()
    terminal = Console(file=file, width=80, height=5, force_terminal=True)
    with suppress(KeyboardInterrupt), Screen(terminal) as view:
        for last in range(2):
            view.show(Text("\n".join(f"view {last} row {number}" for number in range(8))))
        raise KeyboardInterrupt
    left = file.getvalue().rpartition(LEAVES)[2]
    assert [row for row in left.splitlines() if row.startswith("view")] == [
        f"view 1 row {number}" for number in range(8)
    ]


def test_each_halt_of_a_part_has_a_line_with_its_scope_and_reason():
    halts = [
        {"scope": "everything", "reason": "lunch", "ts_ns": T0},
        {"scope": "symbol AAPL", "reason": "news", "ts_ns": T0 + 10**9},
        {"scope": "account DU1, strategy dip", "reason": "MaxContracts: 9", "ts_ns": T0},
    ]
    active = rows(tables.headline({"risk": {**RISK, "halts": halts[1:]}, "gateway": READY}, {}))
    assert active[:3] == [
        " trading ACTIVE",
        "halted: symbol AAPL, since 11:32:19: news",
        "halted: account DU1, strategy dip, since 11:32:18: MaxContracts: 9",
    ]
    halted = rows(tables.headline({"risk": {**HALTED, "halts": halts[:2]}}, {}))
    assert halted[:2] == [
        " trading HALTED   lunch, 11:32:18; `tapewire resume` lifts it",
        "halted: symbol AAPL, since 11:32:19: news",
    ]


def test_what_was_earned_in_two_currencies_is_not_added_up():
    euro = {"realised": "10", "unrealised": "0", "fees": "1"}
    risk = {**RISK, "earned": {"EUR": euro, "USD": {**euro, "realised": "5"}}}
    assert rows(tables.headline({"risk": risk, "gateway": READY}, {}))[-2:] == [
        "realised 10.00   unrealised 0.00   fees 1.00 EUR",
        "realised 5.00   unrealised 0.00   fees 1.00 USD",
    ]


def test_positions_name_accounts_where_there_are_several():
    row = {
        "account": "DU1", "symbol": "AAPL", "quantity": "5", "average_cost": "100", "mark": None,
        "unrealised": None, "realised": "0", "fees": "1",
    }  # fmt: skip
    assert rows(tables.positions({"positions": [row]}))[0].split()[:2] == ["symbol", "position"]
    shown = rows(tables.positions({"positions": [row, {**row, "account": "DU2"}]}))
    assert [line.split()[0] for line in shown] == ["account", "DU1", "DU2"]


def test_a_gateway_that_waits_for_its_connection_shows_the_state_of_that():
    reason = "TWS lost its server: gone"
    waiting = {**NO_TWS, "reason": reason, "pid": 1, "connection": {"reason": reason}}
    waiting["connection"]["state"] = "DEGRADED"
    assert rows(tables.processes({"gateway": waiting}, ["gateway"]))[-1] == (
        "gateway: connection DEGRADED, TWS lost its server: gone"
    )
    other = {**waiting, "reason": "waiting for risk"}
    assert rows(tables.processes({"gateway": other}, ["gateway"]))[-1] == (
        "gateway: waiting for risk"
    )
