"""`status`, and what `up` and `down` report: which processes are READY, and which are not."""

import json
import os
import subprocess
import time

import pytest

from tapewire.common.amounts import counted
from tapewire.common.config.settings import Config
from tapewire.console.commands import lifecycle
from tapewire.console.group import status, supervisor
from tapewire.console.group.shutdown import Stopped, stages
from tapewire.console.group.supervisor import Group
from tests.console.journaled import T0

NAMES = ("gateway", "liquidation", "risk", "executor")
STATUS = {
    "state": "READY", "reason": "", "pid": os.getpid(), "ended": "", "orders": {"FILLED": 1},
    "counters": {"ticks_published.AAPL": 1}, "missed": {},
}  # fmt: skip
RISK = {
    "trading": "ACTIVE", "flatten": "", "held": [], "halts": [], "positions": [], "orders": {},
    "earned": {
        "USD": {"realised": "-1234567.89", "unrealised": "-1234567.89", "fees": "12345.67"},
    },
}  # fmt: skip


@pytest.fixture
def tell(run_dir):
    """Write the status of a process, now unless `ts_ns` is given."""
    (run_dir / "status").mkdir(exist_ok=True)

    def tell(name: str, **changes: object) -> None:
        more = RISK if name == "risk" else {}
        written = {**STATUS, "ts_ns": time.time_ns(), **more, **changes}
        (run_dir / "status" / f"{name}.json").write_text(json.dumps(written))

    return tell


@pytest.fixture
def up(monkeypatch):
    """As if supervisord answered, and all was well."""
    monkeypatch.setattr(Group, "is_up", lambda _: True)
    monkeypatch.setattr(Group, "broken", lambda _: {})
    monkeypatch.setattr(Group, "processes", lambda _: {})


def test_without_any_group_there_is_a_sentence(tapewire, tmp_path):
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
    first = "realised -1,234,567.89   unrealised -1,234,567.89   fees 12,345.67 USD"
    assert ended.out.splitlines()[1].rstrip() == first


def test_a_group_that_has_ended_does_not_look_as_if_it_ran(tapewire, tell):
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


def test_a_process_that_never_reported_does_not_start_in_a_group_that_has_ended(tapewire, tell):
    tell("risk", ended="SIGTERM", ts_ns=T0)  # the others were BROKEN before their first status
    rows = [line.split()[:2] for line in tapewire("status").out.splitlines()]
    assert ["executor", "STOPPED"] in rows


def test_an_unfinished_flatten_is_shown_for_a_group_that_has_ended(tapewire, tell):
    held = [{"account": "DU1", "symbol": "AAPL", "quantity": "-30"}]
    tell("risk", ended="SIGTERM", flatten="CLOSING, attempt 2", held=held)
    sentence = "unfinished flatten, AAPL -30 left: the next `tapewire up` continues it"
    assert sentence in tapewire("status").out.replace("\n", " ")


def test_a_killed_process_is_not_ready_whatever_its_last_status(tapewire, tell, up):
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
2026-11-20 14:10:07,000 INFO exited: liquidation (exit status 0; expected)
"""


def test_restarts_are_counted_with_the_time_of_the_last(tapewire, tell, up, run_dir, monkeypatch):
    for name in NAMES:
        tell(name)
    (run_dir / "logs").mkdir()
    (run_dir / "logs" / "supervisord.log").write_text(LOG)
    start = {name: {"start": T0 // 1_000_000_000} for name in NAMES}
    monkeypatch.setattr(Group, "processes", lambda _: start)
    shown = [line for line in tapewire("status").out.splitlines() if "restarted" in line]
    assert [line.rstrip() for line in shown] == ["risk: restarted 2x, 11:32:18"]
    assert tapewire("status", "--json").json["risk"]["restarts"] == 2


def test_a_program_reads_the_same_states_as_a_person(tapewire, tell, up):
    gone = subprocess.Popen(["true"])
    gone.wait()
    for name in NAMES:
        tell(name)
    tell("executor", ts_ns=time.time_ns() - 19_000_000_000)
    tell("risk", pid=gone.pid)
    read = tapewire("status", "--json")
    assert read.status == 1
    shown = {name: (read.json[name]["state"], read.json[name]["reason"]) for name in NAMES}
    assert shown["gateway"] == ("READY", "")
    assert shown["executor"] == ("SILENT", "no status for 19 s")
    assert shown["risk"] == ("ENDED", f"process {gone.pid} died")


def test_only_the_last_column_is_cut_on_a_narrow_terminal(tapewire, tell, up):
    states = dict.fromkeys(("ACCEPTED", "CANCELLED", "FILLED", "REJECTED", "UNKNOWN"), 1_000_000)
    for name in NAMES:
        tell(name, orders=states, pid=os.getpid())
    rows = tapewire("status").out.splitlines()
    assert max(map(len, rows)) <= 80
    row = next(row for row in rows if row.startswith("gateway"))
    assert row.split()[:3] == ["gateway", "READY", str(os.getpid())]


@pytest.fixture
def starting(run_dir, monkeypatch, up):
    """A group that starts no process: its statuses are what the test writes."""
    monkeypatch.setattr(Group, "up", lambda *_: None)


def test_up_reports_that_all_are_ready(tapewire, tell, starting, run_dir):
    for name in NAMES:
        tell(name)
    ended = tapewire("up")
    assert ended.status == 0
    assert ended.out == f"started 4 processes in {run_dir}, all READY\n"


def test_up_names_those_that_are_not_ready_in_time(tapewire, tell, starting, run_dir):
    for name in ("liquidation", "risk"):
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


def test_up_does_not_wait_for_a_halt_to_be_lifted(tapewire, tell, starting):
    for name in NAMES:
        tell(name)
    tell("risk", state="HALTED", reason="lunch")
    ended = tapewire("up", "--wait", "1e9")
    assert ended.status == 1
    assert "  risk: HALTED: lunch\n" in ended.out
    assert "`tapewire resume` lifts it" in ended.out


def test_up_does_not_wait_for_a_broken_process(tapewire, tell, starting, monkeypatch):
    for name in NAMES[:3]:
        tell(name)
    monkeypatch.setattr(Group, "broken", lambda _: {"executor": "no such key"})
    ended = tapewire("up", "--wait", "1e9")
    assert ended.status == 1
    assert ended.out.splitlines()[1:] == [
        "  executor: BROKEN: no such key",
        "fix what is BROKEN, `tapewire doctor` may show why; then `tapewire down` and"
        " `tapewire up`",
    ]


def test_what_waits_for_a_broken_process_is_not_said_to_continue_by_itself(
    tapewire, tell, starting, monkeypatch
):
    for name in NAMES[:2]:
        tell(name)
    tell("risk", state="WAITING", reason="waiting for executor")
    monkeypatch.setattr(Group, "broken", lambda _: {"executor": "no such key"})
    assert tapewire("up", "--wait", "0.01").out.splitlines()[3:] == [
        "fix what is BROKEN, `tapewire doctor` may show why; then `tapewire down` and"
        " `tapewire up`, which also starts what waits for it",
    ]


@pytest.mark.parametrize(
    ("broken", "risk", "is_over"),
    [
        ("executor", "WAITING", True),
        ("executor", "STARTING", False),  # it may be BROKEN too: all are to be named at once
        ("strategy-dip", "WAITING", False),  # nobody waits for a strategy
    ],
)
def test_up_does_not_wait_for_what_waits_for_a_broken_process(
    tell, up, run_dir, monkeypatch, broken, risk, is_over
):
    looks: list[bool] = []
    monkeypatch.setattr(supervisor, "HELD_S", 0)
    monkeypatch.setattr(supervisor, "wait_for", lambda over, *_: looks.append(over()))
    monkeypatch.setattr(Group, "broken", lambda _: {broken: "no such key"})
    tell("risk", state=risk, reason="waiting for executor")
    late = Group(Config(run_dir=run_dir)).wait_ready(30, ["risk", broken])
    assert (looks, [*late]) == ([is_over], ["risk", broken])


def test_up_waits_a_little_for_a_broken_process_that_is_started_again(
    tell, up, run_dir, monkeypatch
):
    looks: list[bool] = []
    monkeypatch.setattr(supervisor, "wait_for", lambda over, *_: looks.append(over()))
    monkeypatch.setattr(Group, "broken", lambda _: {"executor": "address in use"})
    tell("risk", state="WAITING", reason="waiting for executor")
    Group(Config(run_dir=run_dir)).wait_ready(30, ["risk", "executor"])
    assert looks == [False]


def test_up_names_the_default_rules_where_no_others_are_configured(tapewire, starting, config):
    default = "the default is in force: MaxContractsPerInstrument with limit 100\n"
    assert tapewire("up", "--wait", "0").err.endswith(default)
    own = '[[risk.rules]]\nrule = "MaxContractsPerInstrument"\nparameters = { limit = 100 }\n'
    config.write_text(config.read_text() + own)
    assert tapewire("up", "--wait", "0").err == ""


def test_the_next_step_depends_on_the_process(tapewire, tell, starting):
    for name in NAMES:
        tell(name)
    tell("executor", state="HALTED", reason="its tail is lost")
    assert "compare orders and positions with TWS" in tapewire("up").out
    assert lifecycle.next_step("strategy-dip", "HALTED") == (
        "correct the HALTED strategy, then `tapewire down` and `tapewire up`"
    )
    assert "resume" in lifecycle.next_step("risk", "HALTED")


def test_a_broken_process_has_no_process_id(tapewire, tell, up, monkeypatch):
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
def test_a_process_that_never_started_is_shown_as_broken(
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


def test_orders_that_the_broker_has_not_listed_are_shown_as_not_known(tapewire, tell, up):
    for name in NAMES:
        tell(name, orders={}, orders_reported=name != "gateway")
    rows = {row.split()[0]: row for row in tapewire("status").out.splitlines() if row.strip()}
    assert rows["gateway"].rstrip().endswith("orders: not known")
    assert rows["liquidation"].rstrip().endswith("orders: none")


NOT_CONNECTED = "gateway: cannot connect to TWS"
STOPPED = {
    ("keep", "nothing was cancelled", 0, "", False, NOT_CONNECTED): (
        f"it is not known which orders work at the broker ({NOT_CONNECTED})"
    ),
    ("keep", "nothing was cancelled", 3, "", False, NOT_CONNECTED): (
        f"3 orders may work at the broker, which has not confirmed it ({NOT_CONNECTED})"
    ),
    ("keep", "nothing was cancelled", 0): "no orders work at the broker",
    ("keep", "nothing was cancelled", 0, "", False, "", 2): (
        "no orders of ours work at the broker; 2 orders not ours work there"
    ),
    ("keep", "nothing was cancelled", 1): (
        '1 order works at the broker; it was kept, as executor.on_stop is "keep"'
    ),
    ("keep", "nothing was cancelled", 3): (
        '3 orders work at the broker; they were kept, as executor.on_stop is "keep"'
    ),
    ("cancel", "every order of the login was cancelled", 0): (
        "every order of the login was cancelled; no orders work at the broker"
    ),
    ("keep", "nothing was cancelled", 0, "AAPL 10, MSFT -5", True): (
        "no orders work at the broker; positions stay open: AAPL 10, MSFT -5; unfinished"
        " flatten: the next `tapewire up` continues it"
    ),
}


@pytest.mark.parametrize(
    ("stopped", "sentence"),
    STOPPED.items(),
    ids=["unknown-0", "unknown-3", "keep-0", "foreign", "keep-1", "keep-3", "cancel-0", "flatten"],
)
def test_down_reports_what_became_of_working_orders(stopped, sentence):
    assert str(Stopped(*stopped)) == sentence


def test_the_gateway_that_has_not_reported_its_orders_is_named():
    ready = {"state": "READY", "reason": "", "ended": "SIGTERM", "orders_reported": True}
    alone = {"gateway": ready}
    waiting = {**ready, "state": "WAITING", "reason": "no TWS", "orders_reported": False}
    died = {**ready, "ended": "process 9 died", "orders_reported": False}
    assert status.unreported({**alone, "liquidation": ready}) == ""
    assert status.unreported(alone) == "liquidation: no status yet"
    assert status.unreported({**alone, "liquidation": waiting}) == "liquidation: no TWS"
    assert status.unreported({**alone, "liquidation": died}) == "liquidation: process 9 died"


def test_the_orders_of_a_killed_gateway_are_not_known(run_dir, tell):
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    for name in NAMES:
        tell(name, orders_reported=True, pid=gone.pid if name == "gateway" else os.getpid())
    assert status.unreported(status.read(run_dir)) == f"gateway: process {gone.pid} died"
    tell("gateway", orders_reported=True)
    assert status.unreported(status.read(run_dir)) == ""
    assert status.unreported(status.read(run_dir, {"gateway": "it ended"})) == "gateway: it ended"


def test_numbers_have_their_nouns():
    found = [counted(number, "order") for number in (0, 1, 2, 1000)]
    assert found == ["no orders", "1 order", "2 orders", "1,000 orders"]


def test_whoever_sends_requests_stops_before_whoever_answers_them():
    names = [
        "notices", "recorder", "gateway", "simulator", "strategy-b", "risk", "executor",
        "strategy-a", "liquidation", "door",
    ]  # fmt: skip
    assert stages(names) == [
        ["strategy-a", "strategy-b"], ["door"], ["executor"], ["risk"], ["gateway", "liquidation"],
        ["simulator"], ["recorder"], ["notices"],
    ]  # fmt: skip
