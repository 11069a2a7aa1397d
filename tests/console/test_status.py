"""`status`, and what `up` and `down` say of it: who is READY, and what is only the past."""

import json
import time

import pytest

from console import tables
from console.commands.common import out
from console.group import Group, Stopped
from console.words import counted
from tests.console.journaled import T0

NAMES = ("gateway", "way-out", "risk", "executor")
STATUS = {
    "state": "READY", "reason": "", "pid": 7, "ended": "", "orders": {"FILLED": 1},
    "counters": {"ticks_published.AAPL": 1}, "missed": {},
}  # fmt: skip
RISK = {
    "trading": "ACTIVE", "flatten": "", "held": {}, "positions": {}, "orders": {},
    "realised": "-1234567.89", "unrealised": "-1234567.89", "commission": "12345.67",
}  # fmt: skip


@pytest.fixture
def tell(run_dir):
    """Write down what a process says of itself, now unless `ts_ns` is given."""
    (run_dir / "status").mkdir(exist_ok=True)

    def tell(name: str, **changes: object) -> None:
        more = RISK if name == "risk" else {}
        status = {**STATUS, "ts_ns": time.time_ns(), **more, **changes}
        (run_dir / "status" / f"{name}.json").write_text(json.dumps(status))

    return tell


@pytest.fixture
def up(monkeypatch):
    """As if supervisord answered, and had nothing to tell."""
    monkeypatch.setattr(Group, "is_up", lambda _: True)
    monkeypatch.setattr(Group, "broken", lambda _: {})


def test_where_no_group_has_run_it_is_said_in_a_sentence(tapewire, tmp_path):
    ended = tapewire("status")
    assert ended.status == 1
    assert ended.out == f"no group has run in {tmp_path / 'r'} yet; `tapewire up` starts one\n"


def test_all_ready_is_status_0_and_no_line_is_too_long(tapewire, tell, up):
    for name in NAMES:
        tell(name)
    ended = tapewire("status")
    assert ended.status == 0
    assert ended.out.startswith(" trading ACTIVE ")
    assert "1 tick, orders: 1 filled" in ended.out
    first = "realised -1,234,567.89   unrealised -1,234,567.89   commissions 12,345.67"
    assert ended.out.splitlines()[1].rstrip() == first


def test_a_group_that_has_ended_shows_no_figures_as_if_it_ran(tapewire, tell):
    for name in NAMES:
        tell(name, ended="SIGTERM", ts_ns=T0)
    tell("executor", ended="parent died", ts_ns=T0)
    ended = tapewire("status")
    assert ended.status == 1
    assert ended.out.startswith(" stopped ")
    assert "since 2026-11-20T11:32:18Z; no group runs in" in ended.out
    assert [line.split()[1] for line in ended.out.splitlines() if " 7 " in line] == ["ENDED"] * 4
    assert "executor: parent died" in ended.out
    for live in ("ACTIVE", "realised", "latency", "SIGTERM"):
        assert live not in ended.out


def test_a_flatten_under_way_stands_in_the_headline(tapewire, tell, up):
    tell("risk", trading="HALTED", flatten="CLOSING, attempt 2", held={"AAPL": "-30"})
    shown = tapewire("status").out.splitlines()[0]
    assert shown.rstrip() == " trading HALTED   flatten CLOSING, attempt 2: AAPL -30 left"


def test_rates_of_a_busy_group_fit_a_terminal(capsys):
    rates = {"ticks": 123_456.0, "signals": 1_234.0, "orders": 1_234.0}
    out.print(tables.headline({"risk": {**STATUS, **RISK, "age_s": 0}}, rates))
    assert [len(line) <= 80 for line in capsys.readouterr().out.splitlines()] == [True, True]


@pytest.fixture
def starting(run_dir, monkeypatch, up):
    """A group whose start is nothing but what it says of itself then."""
    monkeypatch.setattr(Group, "up", lambda _: None)


def test_up_says_when_all_are_ready(tapewire, tell, starting, run_dir):
    for name in NAMES:
        tell(name)
    ended = tapewire("up")
    assert ended.status == 0
    assert ended.out == f"started 4 processes in {run_dir}, all READY\n"


def test_up_names_those_that_are_not_ready_in_time(tapewire, tell, starting, run_dir):
    for name in ("way-out", "risk"):
        tell(name)
    tell("gateway", state="WAITING", reason="cannot connect to TWS")
    ended = tapewire("up", "--wait", "0.01")
    assert ended.status == 1
    assert ended.out.splitlines()[:3] == [
        f"started 4 processes in {run_dir}; not READY:",
        "  gateway: WAITING: cannot connect to TWS",
        "  executor: STARTING: no status yet",
    ]
    found = tapewire("up", "--wait", "0.01", "--json").json
    assert found["not_ready"]["gateway"] == {
        "state": "WAITING", "reason": "cannot connect to TWS",
    }  # fmt: skip


def test_up_need_not_wait(tapewire, starting, run_dir):
    ended = tapewire("up", "--wait", "0")
    assert ended.status == 0
    assert ended.out == f"started 4 processes in {run_dir}; `tapewire status` shows them\n"


def test_a_halt_is_not_waited_for_since_only_a_person_lifts_it(tapewire, tell, starting):
    for name in NAMES:
        tell(name)
    tell("risk", state="HALTED", reason="lunch")
    ended = tapewire("up", "--wait", "1e9")
    assert ended.status == 1
    assert "  risk: HALTED: lunch\n" in ended.out
    assert "`tapewire resume` lifts it" in ended.out


def test_what_is_broken_is_not_waited_for_since_only_a_person_mends_it(
    tapewire, tell, starting, monkeypatch
):
    for name in NAMES[:3]:
        tell(name)
    monkeypatch.setattr(Group, "broken", lambda _: {"executor": "no such key"})
    ended = tapewire("up", "--wait", "1e9")
    assert ended.status == 1
    assert ended.out.splitlines()[1:] == [
        "  executor: BROKEN: no such key",
        "what is BROKEN has to be mended; then `tapewire down` and `tapewire up`",
    ]


STOPPED = {
    ("keep", "nothing was cancelled", 0): "no orders work at the broker",
    ("keep", "nothing was cancelled", 1): (
        '1 order works at the broker; it was kept, as executor.on_stop is "keep"'
    ),
    ("keep", "nothing was cancelled", 3): (
        '3 orders work at the broker; they were kept, as executor.on_stop is "keep"'
    ),
    ("cancel", "every order of the account was cancelled", 0): (
        "every order of the account was cancelled; no orders work at the broker"
    ),
}


@pytest.mark.parametrize(
    ("stopped", "said"), STOPPED.items(), ids=["keep-0", "keep-1", "keep-3", "cancel-0"]
)
def test_down_says_what_became_of_working_orders_without_contradiction(stopped, said):
    assert str(Stopped(*stopped)) == said


def test_numbers_have_their_nouns():
    found = [counted(number, "order") for number in (0, 1, 2, 1000)]
    assert found == ["no orders", "1 order", "2 orders", "1,000 orders"]
