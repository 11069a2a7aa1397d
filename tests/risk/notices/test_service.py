"""The notifier's service on files of a run directory: saved before it is sent, and at the end."""

import json
import os
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tapewire.common.clock import VirtualClock
from tapewire.common.config.settings import Config, InstrumentConfig
from tapewire.common.events import Commission, Event, Fill
from tapewire.common.runtime.journal import SqliteJournal
from tapewire.risk.notices import state_file
from tapewire.risk.notices.delivery import Send
from tapewire.risk.notices.notifier import Notifier
from tapewire.risk.notices.sending import Outcome
from tapewire.risk.notices.service import NoticesService
from tapewire.risk.notices.state_file import StateFile
from tests.risk.notices.kit import SECOND, T0, config, halt, violation

TRANSPORT: Any = SimpleNamespace(poll=lambda _: [], send=lambda *_: True)


class Sender:
    """Sends nowhere: what it was given arrives when a test says so."""

    def __init__(self) -> None:
        self.sent: list[Send] = []
        self.arrived: list[Outcome] = []
        self.at_once = False

    def start(self, send: Send) -> None:
        self.sent.append(send)
        if self.at_once:
            self.arrived.append(Outcome(send.target, send.attempt, ""))

    def outcomes(self) -> list[Outcome]:
        found, self.arrived = self.arrived, []
        return found


class Bench:
    """A run directory with a notifier, which can crash."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        for name in ("journals", "dead-letters", "status"):
            (run_dir / name).mkdir()
        self.clock = VirtualClock(T0)
        self.config = Config(
            run_dir=run_dir, notices=config(), instruments=(InstrumentConfig(symbol="AAPL"),)
        )
        self.start()

    def start(self) -> None:
        self.sender = Sender()
        saved, self.fault = StateFile(self.run_dir).read()
        notifier = Notifier(
            self.config.notices, self.config.days(), saved, "group 1", self.clock.now()
        )
        self.service = NoticesService(
            notifier, self.sender, self.config, self.run_dir, TRANSPORT, self.clock, epoch="1"
        )

    def happens(self, *events: Event, source: str = "risk") -> None:
        journal = SqliteJournal(self.run_dir / "journals" / f"{source}.sqlite", "NORMAL")
        journal.append(events)
        journal.close()

    def turns(self, seconds: float = 2.0) -> list[str]:
        """Turns over a time; the titles of what was sent in them."""
        before = len(self.sender.sent)
        for _ in range(round(seconds / 0.5)):
            self.clock.advance_to(self.clock.mono_ns() + SECOND // 2)
            self.service.turn(0)
        return [one.message.title for one in self.sender.sent[before:]]

    def arrives(self) -> None:
        send = self.sender.sent[-1]
        self.sender.arrived.append(Outcome(send.target, send.attempt, ""))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_what_a_journal_gets_is_sent_within_two_seconds(bench):
    bench.turns()
    bench.happens(violation())
    assert bench.turns() == ["Tapewire: 1 violation (message 1)"]


def test_it_is_on_disk_before_it_is_sent(bench, monkeypatch):
    saved = []

    def start(self: Sender, send: Send) -> None:
        saved.append(json.loads((bench.run_dir / state_file.NAME).read_text()))

    monkeypatch.setattr(Sender, "start", start)
    bench.happens(violation())
    bench.turns()
    (found,) = saved
    assert found["places"]["risk"]["seq"] == 1
    assert list(found["waiting"]) == ["1"]


@pytest.mark.parametrize("arrived", [False, True])
def test_a_crash_sends_again_only_what_nobody_knows_to_have_arrived(bench, arrived):
    bench.happens(violation())
    bench.turns()
    if arrived:
        bench.arrives()
        bench.turns()
    bench.start()
    assert bench.turns() == ([] if arrived else ["Tapewire: 1 violation (message 1)"])


def test_what_happened_while_it_was_down_is_sent_after_its_start(bench):
    bench.turns()
    bench.happens(violation())
    bench.happens(halt(), source="risk")
    bench.start()
    assert bench.turns() == ["Tapewire: 1 violation, 1 enforcement (message 1)"]


def test_on_a_disk_that_takes_nothing_nothing_is_sent_until_it_does(bench, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("tapewire.common.runtime.private_file.write", full)
        bench.happens(violation())
        assert bench.turns() == []
        state = bench.service.readiness(bench.clock.now())
        assert state == (
            "READY", "nothing is sent until the disk takes it: No space left on device",
        )  # fmt: skip
    assert bench.turns() == ["Tapewire: 1 violation (message 1)"]
    assert bench.service.readiness(bench.clock.now()) == ("READY", "")


def test_a_state_that_cannot_be_read_is_said_and_begins_anew(bench):
    (bench.run_dir / state_file.NAME).write_text("{")
    bench.start()
    assert bench.fault.endswith("; notices start over")
    bench.happens(violation())
    assert bench.turns() == ["Tapewire: 1 violation (message 1)"]


def test_its_state_is_for_its_user_alone(bench):
    bench.turns()
    assert (bench.run_dir / state_file.NAME).stat().st_mode & 0o777 == 0o600


def test_at_the_end_what_waits_is_sent_at_once(bench):
    bench.turns()
    bench.sender.at_once = True
    bench.happens(violation())
    assert bench.service.stop() == ""
    assert [one.message.title for one in bench.sender.sent] == ["Tapewire: 1 violation (message 1)"]
    bench.start()
    assert bench.turns() == []


def test_what_cannot_be_sent_at_the_end_waits_for_the_next_start(bench, monkeypatch):
    bench.turns()
    bench.happens(violation())

    def passes(_: int) -> list[object]:
        bench.clock.advance_to(bench.clock.mono_ns() + SECOND)
        return []

    monkeypatch.setattr(TRANSPORT, "poll", passes)
    assert bench.service.stop() == "1 notice waits for the next start"


def test_a_status_is_watched(bench):
    path = bench.run_dir / "status" / "gateway.json"
    status = {
        "epoch": "1", "pid": os.getpid(), "state": "READY", "reason": "", "ended": "",
        "ts_ns": 2**62,
    }  # fmt: skip
    path.write_text(json.dumps(status))
    bench.turns()
    path.write_text(json.dumps({**status, "state": "HALTED", "reason": "its journal is damaged"}))
    bench.turns()
    assert "gateway is HALTED: its journal is damaged" in bench.sender.sent[0].message.body


def test_the_day_is_summed_up_from_both_gateways_journals(bench):
    def fill(number: int, side: Any, price: int) -> Fill:
        return Fill(
            T0 + number, "DU1", f"{number}.01", "1", "AAPL", side, Decimal(10), Decimal(price)
        )

    bench.happens(fill(1, "BUY", 100), fill(2, "SELL", 95), source="gateway")
    cost = Commission(T0, "DU1", "2.01", Decimal(3), "USD")
    bench.happens(fill(2, "SELL", 95), cost, source="liquidation")
    bench.happens(violation())
    bench.turns()
    assert bench.service.notifier.day == date(2023, 11, 14)
    bench.arrives()
    bench.turns()
    bench.clock.advance_to(T0 + 3600 * SECOND)
    bench.turns()
    account, counted = bench.sender.sent[-1].message.body.splitlines()
    assert account.endswith(
        "2023-11-14 DU1: net -53.00 USD (-50.00 realised, 3.00 commission), 2 executions; flat"
    )
    assert counted.endswith("2023-11-14: 1 violation")


def test_a_journal_that_cannot_be_read_costs_the_summary_and_says_so(bench):
    (bench.run_dir / "journals" / "gateway.sqlite").write_bytes(b"this is not a database" * 100)
    bench.turns()
    bench.clock.advance_to(T0 + 3600 * SECOND)
    bench.turns()
    bodies = "\n".join(one.message.body for one in bench.sender.sent)
    assert "2023-11-14: no summary: " in bodies
    assert bench.service.notifier.day == date(2023, 11, 15)


def test_an_event_that_cannot_be_told_costs_itself_and_not_the_process(bench, monkeypatch):
    def fails(source: str, event: Event) -> None:
        raise ValueError("an event nobody thought of")

    bench.turns()
    with monkeypatch.context() as patch:
        patch.setattr("tapewire.risk.notices.notifier.notice_of", fails)
        bench.happens(violation())
        assert bench.turns() == []
    letter = bench.service.dead_letters[-1]
    assert (letter.origin, letter.reason) == ("risk", "ValueError('an event nobody thought of')")
    bench.happens(halt())
    assert bench.turns() == ["Tapewire: 1 enforcement (message 1)"]


def test_a_clock_that_was_ahead_at_the_very_first_start_keeps_nothing_from_being_told(bench):
    bench.turns()
    bench.clock.step_wall(-3600 * SECOND)
    bench.happens(violation(ts_ns=bench.clock.now_ns()))
    assert bench.turns() == ["Tapewire: 1 violation (message 1)"]
    bench.start()
    bench.happens(halt(ts_ns=bench.clock.now_ns()))
    assert "1 enforcement" in bench.turns()[-1]
