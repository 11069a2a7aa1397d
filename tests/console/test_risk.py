"""`tapewire risk`: the halts, how much of each limit is used, and what was decided."""

import json
import time
from decimal import Decimal

import pytest

from tapewire.common.events import (
    FlattenCompleted,
    FlattenStarted,
    LockOutEnded,
    RiskHalted,
    RiskResumed,
    RiskViolation,
    RuleStateChanged,
    Scope,
)
from tests.console.journaled import T0, write
from tests.console.test_status import RISK, STATUS

HALF = {
    "rule": "MaxContracts", "account": "DU1", "symbol": "", "used": "5", "limit": "10",
    "unit": "contracts",
}  # fmt: skip
OVER = {**HALF, "rule": "UnrealizedLoss", "symbol": "AAPL", "used": "11", "unit": "money"}
UNKNOWN = {**HALF, "rule": "DailyRealizedLoss", "used": None, "unit": "money"}
ROWS = [HALF, OVER, UNKNOWN]
HALT = {"scope": "account DU1", "reason": "lost", "ts_ns": T0, "until_ns": T0 + 10**9, "by": "x"}


@pytest.fixture
def reported(run_dir):
    """What risk reports of itself."""
    (run_dir / "status").mkdir(exist_ok=True)

    def report(**changes: object) -> None:
        status = {**STATUS, **RISK, "ts_ns": time.time_ns(), "headroom": [], **changes}
        (run_dir / "status" / "risk.json").write_text(json.dumps(status))

    return report


def test_each_limit_is_a_row_with_a_bar_and_the_most_used_comes_first(tapewire, reported):
    reported(headroom=ROWS)
    rows = [" ".join(line.split()) for line in tapewire("risk").out.splitlines()]
    table = rows[rows.index("rule account symbol used limit") :]
    assert table[1] == "DailyRealizedLoss DU1 all not known 10 money ?"
    assert table[2] == "UnrealizedLoss DU1 AAPL 11 10 money 110% ██████████"
    assert table[3] == "MaxContracts DU1 all 5 10 contracts 50% █████·····"


def test_what_a_pattern_keeps_and_left_out_is_a_line_below_the_limits(tapewire, reported):
    counts = {"rule": "PatternRule", "pattern": "thrice", "kept": 2, "dropped": 0, "late": 0}
    reported(patterns=[{**counts, "keys": 0}, {**counts, "kept": 200, "late": 1500, "keys": 3}])
    shown = tapewire("risk").out.splitlines()
    assert [line for line in shown if line.startswith("PatternRule")] == [
        "PatternRule thrice: keeps 2 events",
        "PatternRule thrice: keeps 200 events; left out: late 1,500, keys 3",
    ]
    assert [one["kept"] for one in tapewire("risk", "--json").json["patterns"]] == [2, 200]


def test_a_lock_out_is_shown_with_its_end(tapewire, reported):
    reported(halts=[HALT])
    assert "halted: account DU1, since 11:32:18 until 11:32:19: lost" in tapewire("risk").out


def test_of_a_flatten_that_only_reduces_it_is_said_to_what(tapewire, reported, run_dir):
    reported()
    scope, five = Scope("DU1", symbol="AAPL"), Decimal(5)
    write(run_dir, "risk", [
        FlattenStarted(T0, scope, "too many", five), FlattenCompleted(T0, scope, keep=five),
        FlattenStarted(T0, scope, "lunch"), FlattenCompleted(T0, scope),
    ])  # fmt: skip
    shown = [line.split("  ")[1].strip() for line in tapewire("risk").out.splitlines()[-4:]]
    assert shown == ["reduce to 5", "reduced to 5", "flatten", "flat"]


def test_its_decisions_are_shown_with_who_and_why(tapewire, reported, run_dir):
    reported()
    scope = Scope("DU1")
    write(run_dir, "risk", [
        RiskViolation(T0, scope, "MaxContracts", "too many"),
        RiskHalted(T0, scope, "x", until_ns=T0 + 60 * 10**9, by="y"),
        LockOutEnded(T0, scope, T0 + 60 * 10**9),
        RiskHalted(T0, scope, "lunch", by="ann"),
        RiskResumed(T0, scope, "back", "ann"),
    ])  # fmt: skip
    rows = [" ".join(line.split()) for line in tapewire("risk", "--last", "4").out.splitlines()]
    at = "2026-11-20T11:32"
    assert rows[-4] == f"{at} halt account DU1 x (until 2026-11-20T11:33), by y"
    assert rows[-3] == f"{at} lock-out ended account DU1"
    assert rows[-2:] == [
        f"{at} halt account DU1 lunch, by ann", f"{at} resume account DU1 back, by ann",
    ]  # fmt: skip
    assert not any("violation" in row for row in rows)


def test_as_json_it_is_all_there(tapewire, reported, run_dir):
    reported(headroom=ROWS, halts=[HALT])
    write(run_dir, "risk", [RiskHalted(T0, Scope(), "lunch", by="ann")])
    found = tapewire("risk", "--json", "--last", "1").json
    assert (found["headroom"], found["halts"], found["trading"]) == (ROWS, [HALT], "ACTIVE")
    (halted,) = found["history"]
    assert (halted["kind"], halted["by"], halted["reason"]) == ("risk.halted", "ann", "lunch")


def test_without_a_risk_process_it_says_so(tapewire):
    assert tapewire("risk").out == "risk has not reported its state yet\n"


def test_its_decisions_are_followed_until_ctrl_c(tapewire, run_dir, monkeypatch):
    scope, naps = Scope("DU1"), []

    def pause(_seconds: float) -> None:
        naps.append(len(naps))
        if naps == [0]:
            write(run_dir, "risk", [
                RiskViolation(T0 + 1, scope, "MaxContracts", "too many"),
                RuleStateChanged(T0 + 1, "MaxContracts", b"x"),
                RiskHalted(T0 + 1, scope, "x", by="MaxContracts"),
            ])  # fmt: skip
        elif len(naps) > 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(time, "time_ns", lambda: T0 + 10**9)
    monkeypatch.setattr(time, "sleep", pause)
    write(run_dir, "risk", [RiskResumed(T0, scope, "back", "ann")])
    ended = tapewire("risk", "--follow", "--last", "1")
    assert ended.status == 0
    assert [line.split("  ", 1)[1] for line in ended.out.splitlines()] == [
        "risk 2  resume: account DU1, back, by ann",
        "risk 3  violation: account DU1, MaxContracts: too many",
        "risk 5  halt: account DU1, x, by MaxContracts",
    ]
    naps[:] = [7, 8]
    found = tapewire("risk", "--follow", "--last", "2", "--json").lines
    assert [(one["event"], one["seq"]) for one in found] == [
        ("risk.violation", 3), ("risk.halted", 5),
    ]  # fmt: skip


def test_whether_the_group_trades_is_judged_by_the_gateway_too(tapewire, reported, run_dir):
    def says(state: str) -> str:
        gateway = {**STATUS, "role": "gateway", "state": state, "ts_ns": time.time_ns()}
        (run_dir / "status" / "gateway.json").write_text(json.dumps(gateway))
        return " ".join(tapewire("risk").out.splitlines()[0].split())

    reported()
    assert says("READY") == "trading ACTIVE"
    assert says("WAITING") == "trading ACTIVE but no TWS"


def test_of_a_time_that_is_over_no_gateway_is_asked(tapewire, run_dir):
    write(run_dir, "risk", [RiskResumed(T0, Scope(), "lunch", by="x")])
    shown = tapewire("risk", "--at", "2026-11-20T11:33").out.splitlines()[0]
    assert " ".join(shown.split()) == "trading ACTIVE"
