"""Journals of a run are compared with the model."""

from pathlib import Path

from tapewire.common.events import Event, OrderAccepted, OrderFilled, OrderIntended
from tapewire.common.runtime.journal import SqliteJournal
from tests.gateway.tws_bench import submit
from tests.gateway.tws_messages import ACCOUNT
from tests.model.journals import gateway_moves, strange_moves

INTENDED = OrderIntended(0, "1", submit("a-1/1", "BUY", 2), "1")
ACCEPTED = OrderAccepted(0, ACCOUNT, "a-1/1", "1", "9001")
FILLED = OrderFilled(0, ACCOUNT, "a-1/1")


def run_with(run_dir: Path, *events: Event) -> Path:
    (run_dir / "journals").mkdir()
    journal = SqliteJournal(run_dir / "journals" / "gateway.sqlite")
    journal.append(events)
    journal.close()
    return run_dir


def test_what_the_model_can_do_is_no_fault(tmp_path: Path):
    assert strange_moves(run_with(tmp_path, INTENDED, ACCEPTED, FILLED)) == []
    assert [move for _, move in gateway_moves([INTENDED, FILLED])] == [
        ("NONE", "INTENDED"),
        ("INTENDED", "FILLED"),
    ]


def test_an_order_that_was_accepted_after_it_was_denied_is_one(monkeypatch, tmp_path: Path):
    monkeypatch.setattr("tests.model.journals._known", lambda _which: {("NONE", "DENIED")})
    (fault,) = strange_moves(run_with(tmp_path, INTENDED))
    assert "from NONE to INTENDED: a-1" in fault


def test_a_run_without_journals_has_no_faults(tmp_path: Path):
    assert strange_moves(tmp_path) == []
