"""`status`, and what `up` and `down` say of it: who is READY, and what is only the past."""

import json
import os
import subprocess
import time

import pytest

from tapewire.console.commands import lifecycle
from tapewire.console.group import status as told
from tapewire.console.group.supervisor import Group, Stopped
from tapewire.console.views.plural import counted
from tests.console.journaled import T0

NAMES = ("gateway", "way-out", "risk", "executor")
STATUS = {
    "state": "READY", "reason": "", "pid": os.getpid(), "ended": "", "orders": {"FILLED": 1},
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
    monkeypatch.setattr(Group, "processes", lambda _: {})


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
    rows = [line for line in ended.out.splitlines() if f" {os.getpid()} " in line]
    assert [row.split()[1] for row in rows] == ["ENDED"] * 4
    assert "executor: parent died" in ended.out
    for live in ("ACTIVE", "realised", "latency", "SIGTERM"):
        assert live not in ended.out


def test_a_flatten_that_is_not_over_is_said_of_a_group_that_has_ended(tapewire, tell):
    held = {"AAPL": "-30"}
    tell("risk", ended="SIGTERM", flatten="CLOSING, attempt 2", held=held)
    said = "a flatten is not over, AAPL -30 left: the next `tapewire up` goes on with it"
    assert said in tapewire("status").out.replace("\n", " ")


def test_a_process_that_was_killed_is_not_ready_whatever_it_said_last(tapewire, tell, up):
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    for name in NAMES:
        tell(name)
    tell("risk", pid=gone.pid)
    ended = tapewire("status")
    assert ended.status == 1
    assert f"risk: process {gone.pid} died" in ended.out
    assert ended.out.startswith(" trading STOPPED   risk is ENDED\n")


LOG = """\
2026-11-20 14:00:00,000 INFO supervisord started with pid 1
2026-11-20 14:00:03,000 WARN exited: gateway (terminated by SIGKILL; not expected)
2026-11-20 14:10:00,000 INFO supervisord started with pid 2
2026-11-20 14:10:03,000 WARN exited: risk (terminated by SIGKILL; not expected)
2026-11-20 14:10:04,000 INFO spawned: 'risk' with pid 9
2026-11-20 14:10:05,000 INFO stopped: executor (exit status 0)
2026-11-20 14:10:06,000 WARN exited: risk (exit status 1; not expected)
2026-11-20 14:10:07,000 INFO exited: way-out (exit status 0; expected)
"""


def test_how_often_a_process_was_restarted_and_when_last_is_said(
    tapewire, tell, up, run_dir, monkeypatch
):
    for name in NAMES:
        tell(name)
    (run_dir / "logs").mkdir()
    (run_dir / "logs" / "supervisord.log").write_text(LOG)
    start = {name: {"start": T0 // 1_000_000_000} for name in NAMES}
    monkeypatch.setattr(Group, "processes", lambda _: start)
    said = [line for line in tapewire("status").out.splitlines() if "restarted" in line]
    assert [line.rstrip() for line in said] == ["risk: restarted 2x, 11:32:18"]
    assert tapewire("status", "--json").json["risk"]["restarts"] == 2


def test_only_what_was_done_gives_way_on_a_narrow_terminal(tapewire, tell, up):
    states = dict.fromkeys(("ACCEPTED", "CANCELLED", "FILLED", "REJECTED", "UNKNOWN"), 1_000_000)
    for name in NAMES:
        tell(name, orders=states, pid=os.getpid())
    rows = tapewire("status").out.splitlines()
    assert max(map(len, rows)) <= 80
    row = next(row for row in rows if row.startswith("gateway"))
    assert row.split()[:3] == ["gateway", "READY", str(os.getpid())]


@pytest.fixture
def starting(run_dir, monkeypatch, up):
    """A group whose start is nothing but what it says of itself then."""
    monkeypatch.setattr(Group, "up", lambda *_: None)


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
        "what is BROKEN has to be mended, `tapewire doctor` says more; then `tapewire down` and"
        " `tapewire up`",
    ]


def test_a_strategy_that_was_stopped_is_to_be_corrected_and_not_resumed(tapewire, tell, starting):
    for name in NAMES:
        tell(name)
    tell("executor", state="HALTED", reason="its tail is lost")
    assert "compare orders and positions with TWS" in tapewire("up").out
    assert lifecycle.next_step("strategy-dip", "HALTED") == (
        "correct the HALTED strategy, then `tapewire down` and `tapewire up`"
    )
    assert "resume" in lifecycle.next_step("risk", "HALTED")


def test_what_is_broken_has_no_process_id(tapewire, tell, up, monkeypatch):
    for name in NAMES[:3]:
        tell(name)
    monkeypatch.setattr(Group, "broken", lambda _: {"executor": "no such key"})
    row = next(r for r in tapewire("status").out.splitlines() if r.startswith("executor"))
    assert row.split()[:2] == ["executor", "BROKEN"]
    assert " 0 " not in row
    assert tapewire("status", "--json").json["executor"]["pid"] is None


@pytest.mark.parametrize("counters", [{}, {"rows": 1}], ids=["none", "others"])
@pytest.mark.parametrize("name", ["simulator", *NAMES, "strategy-momentum-fast"])
def test_a_process_without_its_counters_is_shown(tapewire, tell, up, run_dir, name, counters):
    (run_dir / "programs").mkdir()
    for program in ("simulator", "strategy-momentum-fast"):
        (run_dir / "programs" / f"{program}.conf").touch()
    for other in ("simulator", *NAMES, "strategy-momentum-fast"):
        tell(other)
    tell(name, counters=counters)
    ended = tapewire("status")
    assert (ended.status, ended.err) == (0, "")
    assert any(row.startswith(name) for row in ended.out.splitlines())


@pytest.mark.parametrize("name", ["simulator", *NAMES])
def test_a_process_that_never_came_up_is_shown_as_broken(
    tapewire, tell, up, run_dir, monkeypatch, name
):
    (run_dir / "programs").mkdir()
    (run_dir / "programs" / "simulator.conf").touch()
    for other in {"simulator", *NAMES} - {name}:
        tell(other)
    monkeypatch.setattr(Group, "broken", lambda _: {name: "address in use"})
    ended = tapewire("status")
    assert (ended.status, ended.err) == (1, "")
    assert f"{name}: address in use" in ended.out


def test_orders_that_the_broker_has_not_listed_are_not_said_to_be_none(tapewire, tell, up):
    for name in NAMES:
        tell(name, orders={}, orders_reported=name != "gateway")
    rows = {row.split()[0]: row for row in tapewire("status").out.splitlines() if row.strip()}
    assert rows["gateway"].rstrip().endswith("orders: not known")
    assert rows["way-out"].rstrip().endswith("orders: none")


NOT_CONNECTED = "gateway: cannot connect to TWS"
STOPPED = {
    ("keep", "nothing was cancelled", 0, "", False, NOT_CONNECTED): (
        f"it is not known which orders work at the broker ({NOT_CONNECTED})"
    ),
    ("keep", "nothing was cancelled", 3, "", False, NOT_CONNECTED): (
        f"3 orders may work at the broker, which has not confirmed it ({NOT_CONNECTED})"
    ),
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
    ("keep", "nothing was cancelled", 0, "AAPL 10, MSFT -5", True): (
        "no orders work at the broker; positions stay open: AAPL 10, MSFT -5; a flatten is under"
        " way: it goes on with the next `tapewire up`"
    ),
}


@pytest.mark.parametrize(
    ("stopped", "said"),
    STOPPED.items(),
    ids=["unknown-0", "unknown-3", "keep-0", "keep-1", "keep-3", "cancel-0", "flatten"],
)
def test_down_says_what_became_of_working_orders_without_contradiction(stopped, said):
    assert str(Stopped(*stopped)) == said


def test_what_the_broker_has_not_reported_is_named():
    ready = {"state": "READY", "reason": "", "ended": "SIGTERM", "orders_reported": True}
    alone = {"gateway": ready}
    waiting = {**ready, "state": "WAITING", "reason": "no TWS", "orders_reported": False}
    died = {**ready, "ended": "process 9 died", "orders_reported": False}
    assert told.unreported({**alone, "way-out": ready}) == ""
    assert told.unreported(alone) == "way-out: no status yet"
    assert told.unreported({**alone, "way-out": waiting}) == "way-out: no TWS"
    assert told.unreported({**alone, "way-out": died}) == "way-out: process 9 died"


def test_a_gateway_that_was_killed_no_longer_vouches_for_the_orders(run_dir, tell):
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    for name in NAMES:
        tell(name, orders_reported=True, pid=gone.pid if name == "gateway" else os.getpid())
    assert told.unreported(told.read(run_dir)) == f"gateway: process {gone.pid} died"
    tell("gateway", orders_reported=True)
    assert told.unreported(told.read(run_dir)) == ""
    assert told.unreported(told.read(run_dir, {"gateway": "it ended"})) == "gateway: it ended"


def test_numbers_have_their_nouns():
    found = [counted(number, "order") for number in (0, 1, 2, 1000)]
    assert found == ["no orders", "1 order", "2 orders", "1,000 orders"]
