"""Dead letters: whole, on disk, bounded, and handed back when somebody asks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tapewire.common.bus.wire import WireError
from tapewire.common.clock import Now
from tapewire.common.delivery import letter_file
from tapewire.common.delivery.letter_file import LetterFile
from tapewire.common.delivery.letters import A_SECOND_MAX, REASON_MAX, DeadLetters, Letter
from tapewire.common.runtime.metrics import Metrics

SECOND = 1_000_000_000
BODY = bytes(range(256)) * 8


def at(seconds: float) -> Now:
    return Now(1_000 * SECOND + round(seconds * SECOND), round(seconds * SECOND))


@pytest.fixture
def file(tmp_path: Path) -> Iterator[LetterFile]:
    one = LetterFile(tmp_path / "dead-letters" / "executor.sqlite")
    yield one
    one.close()


@pytest.fixture
def letters(file: LetterFile) -> DeadLetters:
    one = DeadLetters(Metrics())
    one.store = file
    one.hand_back(at(1), never)
    return one


def never(letter: Letter, now: Now) -> str:
    raise AssertionError("nobody asked")


def test_a_letter_is_kept_whole_with_its_time_origin_and_reason(
    letters: DeadLetters, file: LetterFile
):
    letters.add("gateway.events", "cannot", BODY)
    (letter,) = letter_file.read(file.path)
    assert letter == Letter(1, at(1).wall_ns, "gateway.events", "cannot", BODY, 1, False)
    assert letters.recent[0].body == BODY[:256], "what is at hand is for the log"


def test_a_letter_that_is_asked_for_is_handed_back_and_forgotten_once_it_was_taken(
    letters: DeadLetters, file: LetterFile
):
    letters.add("gateway.events", "cannot", BODY)
    taken: list[Letter] = []
    other = LetterFile(file.path)
    assert other.want(1)
    letters.hand_back(at(2), lambda letter, now: taken.append(letter) or "")
    assert [letter.body for letter in taken] == [BODY]
    assert file.all() == []
    other.close()


def test_one_that_fails_again_stays_with_the_new_reason_and_one_more_attempt(
    letters: DeadLetters, file: LetterFile
):
    letters.add("gateway.events", "cannot", BODY)

    def fails(letter: Letter, now: Now) -> str:
        letters.add(letter.origin, "cannot yet", letter.body)
        return ""

    ask(file, 1)
    letters.hand_back(at(2), fails)
    (letter,) = file.all()
    assert (letter.reason, letter.attempts, letter.wanted) == ("cannot yet", 2, False)
    letters.hand_back(at(3), never)


def test_one_that_cannot_be_read_or_is_refused_stays_with_that_reason(
    letters: DeadLetters, file: LetterFile
):
    letters.add("gateway.events", "cannot", b"")
    letters.add("requests", "cannot", b"")

    def refuses(letter: Letter, now: Now) -> str:
        if letter.origin == "requests":
            return "never"
        raise WireError("no event")

    ask(file, 1)
    ask(file, 2)
    letters.hand_back(at(2), refuses)
    assert [letter.reason for letter in file.all()] == ["no event", "never"]


def test_the_file_is_looked_at_once_in_a_while_and_read_only_after_somebody_wrote(
    letters: DeadLetters, file: LetterFile
):
    letters.add("gateway.events", "cannot", BODY)
    ask(file, 1)
    letters.hand_back(at(1.4), never)
    letters.hand_back(at(1.6), lambda letter, now: "no")
    assert file.all()[0].reason == "no"
    assert file.wanted() == []


def test_a_reason_that_quotes_something_endless_is_kept_in_part(
    letters: DeadLetters, file: LetterFile
):
    letters.add("market", f"symbol {'x' * 1_000_000} is subscribed, not configured", b"")
    assert len(letters.recent[-1].reason) == REASON_MAX


def test_a_flood_is_counted_and_not_written(letters: DeadLetters, file: LetterFile):
    for _ in range(A_SECOND_MAX + 5):
        letters.add("requests", "rubbish", b"x")
    assert len(file.all()) == A_SECOND_MAX
    counters = letters._metrics.counters
    assert counters["dead_letters_unwritten", ""] == 5
    assert counters["dead_letters", "requests"] == A_SECOND_MAX + 5
    letters.hand_back(at(2), never)
    letters.add("requests", "rubbish", b"x")
    assert len(file.all()) == A_SECOND_MAX + 1, "a new second"


def test_of_too_many_the_oldest_go(
    letters: DeadLetters, file: LetterFile, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(letter_file, "LETTERS_MAX", 3)
    for n in range(5):
        letters.add("requests", f"{n}", b"")
    assert [letter.reason for letter in file.all()] == ["2", "3", "4"]


def test_of_too_many_bytes_the_oldest_go(file: LetterFile, monkeypatch: pytest.MonkeyPatch):
    """A peer may send messages of megabytes that nobody can read, one after the other."""
    monkeypatch.setattr(letter_file, "BYTES_MAX", 3 * len(BODY))
    for again in (file, LetterFile(file.path)):
        for n in range(5):
            again.keep(n, "tws", f"{n}", BODY)
        assert [letter.reason for letter in file.all()] == ["2", "3", "4"]


def test_of_a_letter_that_is_too_long_the_beginning_is_kept(
    file: LetterFile, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(letter_file, "BODY_MAX", 100)
    file.keep(1, "tws", "rubbish", BODY)
    (letter,) = file.all()
    assert letter.body == BODY[:100]
    assert letter.reason == f"rubbish (the first 100 of {len(BODY)} bytes are kept)"


def test_a_file_that_cannot_be_written_costs_the_letter_and_nothing_else(
    letters: DeadLetters, file: LetterFile
):
    file.close()
    letters.add("requests", "rubbish", b"x")
    letters.hand_back(at(2), never)
    assert letters._metrics.counters["dead_letters_unwritten", ""] == 2


def test_letters_outlive_their_process(tmp_path: Path):
    path = tmp_path / "dead-letters" / "risk.sqlite"
    for reason in ("first", "second"):
        one = LetterFile(path)
        one.keep(1, "requests", reason, b"")
        one.close()
    assert [(letter.id, letter.reason) for letter in letter_file.read(path)] == [
        (1, "first"), (2, "second"),
    ]  # fmt: skip


def ask(file: LetterFile, letter_id: int) -> None:
    """As another process does."""
    other = LetterFile(file.path)
    assert other.want(letter_id)
    other.close()
