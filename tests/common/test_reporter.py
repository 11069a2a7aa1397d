"""What a process reports of itself: dead letters in its log, and never more than a log can take."""

from collections import deque
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tapewire.common.bus.wire import DeadLetter
from tapewire.common.clock import VirtualClock
from tapewire.common.runtime.reporter import REASONS_MAX, Reporter


class Log:
    """Keeps what is reported to it."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.infos: list[str] = []

    def info(self, event: str, **values: Any) -> None:
        self.infos.append(values["reason"])

    def warning(self, event: str, **values: Any) -> None:
        self.lines.append({"event": event, **values})


@pytest.fixture
def letters() -> "deque[DeadLetter]":
    return deque()


@pytest.fixture
def logged(tmp_path: Path, letters: "deque[DeadLetter]") -> Any:
    (tmp_path / "status").mkdir()
    service = SimpleNamespace(
        role="risk",
        dead_letters=letters,
        status=lambda: {"state": "READY", "reason": ""},
        report_now=False,
    )
    log = Log()
    reporter = Reporter(tmp_path, VirtualClock(1), service, log)  # type: ignore[arg-type]

    def report() -> list[dict[str, Any]]:
        log.lines.clear()
        reporter.report()
        return log.lines

    return report


def test_a_dead_letter_is_a_warning_with_its_origin_and_reason(logged: Any, letters: Any):
    letters.append(DeadLetter("requests", "no token", b""))
    assert logged() == [{"event": "dead letter", "origin": "requests", "reason": "no token"}]
    assert logged() == []


def test_a_flood_of_the_same_is_one_line_with_their_number(logged: Any, letters: Any):
    letters.extend(DeadLetter("requests", "no token", b"") for _ in range(1000))
    assert logged() == [
        {"event": "dead letter", "origin": "requests", "reason": "no token", "times": 1000}
    ]


def test_of_many_reasons_the_first_are_logged_and_the_others_counted(logged: Any, letters: Any):
    letters.extend(DeadLetter("requests", f"bad {n}", b"") for n in range(REASONS_MAX + 5))
    lines = logged()
    assert len(lines) == REASONS_MAX + 1
    assert lines[-1] == {"event": "more dead letters", "times": 5}


def test_a_silence_that_lasts_is_logged_once_and_another_reason_again(tmp_path: Path):
    (tmp_path / "status").mkdir()
    found, log = {"state": "READY", "reason": ""}, Log()
    service = SimpleNamespace(role="door", dead_letters=deque(), status=lambda: found)
    reporter = Reporter(tmp_path, VirtualClock(1), service, log)  # type: ignore[arg-type]
    reasons = ["silent for 8 s", "silent for 9 s", "silent for 1,010 s", "2 letters", "3 letters"]
    for reason in reasons:
        found["reason"] = reason
        reporter.report()
    assert log.infos == ["silent for 8 s", "2 letters", "3 letters"]


def test_what_cannot_wait_is_reported_at_once_and_the_rest_in_its_time(tmp_path: Path):
    (tmp_path / "status").mkdir()
    found = {"state": "WAITING", "reason": "refused"}
    service = SimpleNamespace(
        role="gateway", dead_letters=deque(), status=lambda: found, report_now=False
    )
    reporter = Reporter(tmp_path, VirtualClock(1), service, Log())  # type: ignore[arg-type]
    assert reporter.report_when_due()
    assert not reporter.report_when_due()
    service.report_now = True
    assert reporter.report_when_due()
    assert not reporter.report_when_due(), "once for each change"
