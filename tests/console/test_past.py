"""`positions`, `orders` and `risk --at`: what was known at a time, and why it may not be."""

import sqlite3
import time

import pytest

from tapewire.common.config import settings
from tapewire.common.events import EVERYTHING, RiskResumed
from tapewire.common.runtime.boot import boot_id
from tapewire.common.runtime.head_file import HeadFile
from tapewire.common.runtime.heads import Memory, Remembered
from tapewire.console.group import launch
from tapewire.console.records import past
from tapewire.console.views import times
from tapewire.risk.state import state_of
from tests.console.journaled import EVENTS, MS, T0, write
from tests.replay import risk as replayed_risk


@pytest.fixture(autouse=True)
def _an_hour_later(monkeypatch):
    monkeypatch.setattr(time, "time_ns", lambda: T0 + 3600 * 1000 * MS)


def at(ms: float) -> list[str]:
    """The option for so many ms after the beginning."""
    return ["--at", times.iso(T0 + int(ms * MS))]


STATES = {
    10: {"dip-e-1/1": "CREATED"},
    12: {"dip-e-1/1": "INTENDED"},
    13: {"dip-e-1/1": "ACCEPTED"},
    99: {"dip-e-1/1": "FILLED"},
    102: {"dip-e-1/1": "FILLED", "dip-e-2/1": "ACCEPTED"},
}


def test_orders_are_shown_in_the_state_that_they_had(tapewire, run_dir):
    for ms, states in STATES.items():
        found = tapewire("orders", "--json", *at(ms)).json["orders"]
        assert {one["intent_id"]: one["state"] for one in found} == states


def test_positions_are_what_had_been_executed_by_then(tapewire, run_dir):
    for ms, held in ((14, ("4", "0.35")), (15, ("10", "0.35")), (50, ("11", "1"))):
        (found,) = tapewire("positions", "--json", *at(ms)).json["positions"]
        assert (found["quantity"], found["fees"]) == held
        assert found["account_quantity"] is None, "the broker reports it at 210 ms"


def test_the_last_moment_is_the_present(tapewire, run_dir):
    for command in ("orders", "positions"):
        assert tapewire(command, "--json", *at(300)).out == tapewire(command, "--json").out


def test_a_moment_as_events_shows_it_takes_in_what_is_shown_with_it(tapewire, run_dir):
    line = next(one for one in tapewire("events").out.splitlines() if "execution" in one)
    found = tapewire("positions", "--json", "--at", line.split()[0]).json["positions"]
    assert found[0]["quantity"] == "4"


def test_a_moment_is_named_as_everywhere(tapewire, run_dir, monkeypatch):
    monkeypatch.setattr(time, "time_ns", lambda: T0 + 60_014 * MS)
    ended = tapewire("positions", "--json", "--at", "-1m")
    assert ended.json["positions"][0]["quantity"] == "4"
    assert "as of 2026-11-20T11:32:18.014" in ended.err


def test_signals_that_came_later_are_not_spoken_of(tapewire, run_dir):
    assert "1 signal had no effect" in tapewire("orders", *at(60)).out
    assert "no effect" not in tapewire("orders", *at(59)).out


# ---- risk ----------------------------------------------------------------------------------------


def test_risk_is_shown_as_it_was(tapewire, run_dir):
    write(run_dir, "risk", [RiskResumed(T0 + 250 * MS, EVERYTHING, "back", "ann")])
    states = [tapewire("risk", "--json", *at(ms)).json for ms in (149, 150, 250)]
    assert [one["trading"] for one in states] == ["ACTIVE", "HALTED", "ACTIVE"]
    assert [len(one["history"]) for one in states] == [0, 1, 2]
    assert states[1]["halts"][0]["reason"] == "manual"
    shown = tapewire("risk", *at(150)).out
    assert "trading HALTED" in shown
    assert "tapewire resume" not in shown


def test_limits_count_what_was_held_and_worked_then(tapewire, run_dir):
    used = [
        {(row["rule"], row["symbol"]): row["used"] for row in found["headroom"]}
        for found in (tapewire("risk", "--json", *at(ms)).json for ms in (13, 200))
    ]
    key = ("MaxContractsPerInstrument", "AAPL")
    assert (used[0][key], used[1][key]) == ("10", "11")


def test_risk_of_the_last_moment_is_what_a_start_would_know(tapewire, run_dir, config):
    loaded = settings.load()
    found, _ = past.risk_at(loaded, T0 + 1000 * MS)
    known = state_of(replayed_risk(loaded, EVENTS), "HALTED")
    same = ("trading", "halts", "held", "flatten", "foreign_orders", "rules")
    assert {key: found[key] for key in same} == {key: known[key] for key in same}


# ---- what is not known ---------------------------------------------------------------------------


def refused(tapewire, *arguments: str) -> str:
    """The error of a command that shows nothing."""
    ended = tapewire(*arguments)
    assert (ended.status, ended.out) in ((1, ""), (2, ""))
    return ended.err


def test_a_moment_before_the_first_record_and_a_bad_one_are_refused(tapewire, run_dir):
    for command in ("orders", "positions", "risk"):
        found = refused(tapewire, command, "--at", "2026-11-20T11:32")
        assert "before the journals in" in found
        assert "which begin at 2026-11-20T11:32:18." in found
        found = refused(tapewire, command, "--at", "noon")
        assert "--at is 'noon', must be a time in UTC such as" in found


def test_a_moment_that_is_still_to_come_is_refused(tapewire, run_dir):
    assert "which is still to come" in refused(tapewire, "orders", "--at", "2100-01-01")


def test_a_journal_that_has_lost_records_is_refused(tapewire, run_dir):
    memory = Memory(boot_id(), {"gateway": Remembered(40, "x")})
    (run_dir / "heads").mkdir()
    HeadFile(run_dir, "risk").write(memory)
    found = refused(tapewire, "orders", *at(20))
    assert "gateway's journal ends at record 12, but 40 were seen" in found
    (run_dir / "journals" / "gateway.sqlite").unlink()
    assert "gateway's journal ends at record 0, but 40 were seen" in refused(
        tapewire, "risk", *at(20)
    )


def test_a_journal_without_its_first_records_is_refused(tapewire, run_dir):
    with sqlite3.connect(run_dir / "journals" / "gateway.sqlite") as db:
        db.execute("DELETE FROM records WHERE seq < 3")
    db.close()
    assert "record 1 is missing" in refused(tapewire, "positions", *at(20))


def test_what_was_archived_is_looked_at_where_it_is(tapewire, run_dir):
    archive = launch.archived(run_dir, ["gateway", "executor", "liquidation"])
    found = refused(tapewire, "orders", *at(20))
    assert f"look at it with --run-dir {archive}" in found


def test_halts_are_not_told_without_the_journal_that_has_them(tapewire, run_dir):
    """An archive has none of risk's: a halt outlives the account of a simulator."""
    launch.keep(settings.load(), run_dir)
    archive = launch.archived(run_dir, ["gateway", "executor", "liquidation"])
    where = ("--run-dir", str(archive))
    assert tapewire("orders", *where, *at(300)).status == 0
    assert "no journal of risk in" in refused(tapewire, "risk", *where, *at(300))


def test_following_and_looking_back_exclude_each_other(tapewire, run_dir):
    assert "use one of them" in refused(tapewire, "risk", "--follow", "--at", "-1m")
