"""Status files: of this host's processes, and at home of those on far hosts."""

import json
import os
import time
from pathlib import Path

import pytest

from tapewire.common.clock import SystemClock
from tapewire.common.runtime import home_clock, statuses
from tapewire.common.runtime.home_clock import HomeTime
from tapewire.common.runtime.statuses import SILENT_AFTER_S, read, state_of

S = 1_000_000_000


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    (tmp_path / "status" / "hosts").mkdir(parents=True)
    return tmp_path


def status(ts_ns: int, pid: int | None = None) -> dict[str, object]:
    return {"state": "READY", "reason": "", "ts_ns": ts_ns, "pid": pid or os.getpid(), "ended": ""}


def write(run_dir: Path, role: str, ts_ns: int) -> None:
    (run_dir / "status" / f"{role}.json").write_text(json.dumps(status(ts_ns)))


def test_home_shows_the_processes_of_far_hosts_beside_its_own(run_dir: Path):
    now_ns = time.time_ns()
    write(run_dir, "risk", now_ns)
    there = {"strategy-dip": status(now_ns, pid=2**22 + 1)}  # no process of this machine has that
    path = statuses.path_of_host(run_dir, "far")
    path.write_text(json.dumps({"received_ns": now_ns, "statuses": there}))
    found = read(run_dir)
    assert {name: one.get("host") for name, one in found.items()} == {
        "risk": None, "strategy-dip": "far",
    }  # fmt: skip
    assert state_of(found["strategy-dip"])[0] == "READY", "its pid is not one of this machine"


def test_a_far_host_that_reports_no_more_is_silent(run_dir: Path):
    old_ns = time.time_ns() - int((SILENT_AFTER_S + 10) * S)
    path = statuses.path_of_host(run_dir, "far")
    path.write_text(json.dumps({"statuses": {"strategy-dip": status(old_ns)}}))
    assert state_of(read(run_dir)["strategy-dip"])[0] == "SILENT"


@pytest.mark.parametrize("before", ["a", "z"])
def test_a_strategy_that_has_moved_is_shown_where_it_runs_now(run_dir: Path, before: str):
    now_ns = time.time_ns()
    for host, ts_ns in ((before, now_ns - 60 * S), ("m", now_ns)):
        path = statuses.path_of_host(run_dir, host)
        path.write_text(json.dumps({"statuses": {"strategy-dip": status(ts_ns)}}))
    found = read(run_dir)["strategy-dip"]
    assert (found["host"], state_of(found)[0]) == ("m", "READY")


def test_on_a_far_host_ages_are_by_homes_time_as_the_stamps_are(run_dir: Path):
    ahead_ns = 3600 * S
    now_ns, mono_ns = time.time_ns(), time.monotonic_ns()
    write(run_dir, "strategy-dip", now_ns + ahead_ns - 2 * S)
    found = HomeTime(now_ns + ahead_ns, mono_ns, 0, ahead_ns)
    home_clock.write(home_clock.path_of(run_dir), found)
    assert [*read(run_dir)] == ["strategy-dip"]
    assert 2 <= read(run_dir)["strategy-dip"]["age_s"] < SILENT_AFTER_S


def test_a_report_that_is_being_replaced_is_passed_over(run_dir: Path):
    statuses.path_of_host(run_dir, "far").write_text("{")
    write(run_dir, "risk", time.time_ns())
    assert [*read(run_dir)] == ["risk"]


def test_whoever_cannot_report_on_a_read_only_disk_is_not_taken_for_one_that_hangs(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(statuses.reserve, "unwritable", lambda folder: f"{folder} is read-only")
    now_ns = time.time_ns()
    write(run_dir, "gateway", now_ns)
    assert "unwritable" not in read(run_dir)["gateway"], "nobody looks while all report"
    write(run_dir, "risk", now_ns - 19 * S)
    expected = ("SILENT", f"no status for 19 s; {run_dir} is read-only")
    assert state_of(read(run_dir)["risk"]) == expected


@pytest.mark.parametrize("ahead_h", [-24, 24])
def test_the_age_of_a_report_is_not_by_a_clock_that_somebody_sets(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch, ahead_h: int
):
    """One that hangs since before the clock was put back would be READY for as long as that."""
    stamps = statuses.stamps(SystemClock())
    for role, ago_s in (("gateway", 1), ("risk", 19)):
        then = {name: value - ago_s * S for name, value in stamps.items() if name != "boot"}
        written = {**status(0), **stamps, **then}
        (run_dir / "status" / f"{role}.json").write_text(json.dumps(written))
    now_ns = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now_ns + ahead_h * 3600 * S)
    found = {role: state_of(one)[0] for role, one in read(run_dir).items()}
    assert found == {"gateway": "READY", "risk": "SILENT"}


def test_a_report_of_before_the_machine_was_started_is_as_old_as_its_stamp(run_dir: Path):
    stamps = {**statuses.stamps(SystemClock()), "boot": "another start"}
    old = {"ts_ns": time.time_ns() - 3600 * S}
    (run_dir / "status" / "risk.json").write_text(json.dumps({**status(0), **stamps, **old}))
    assert read(run_dir)["risk"]["age_s"] >= 3600
