"""What strategies raise in a back-test: told once an error, few of very many."""

from tapewire.backtest.failures import TOLD_MAX, Failures
from tapewire.strategy.loading.faults import Failure


def failure(strategy: str, error: str, number: int = 1) -> Failure:
    return Failure(strategy, error, f"Quote({number})", number, 10, f"Traceback of {error}\n")


def test_the_same_error_is_one_note_with_its_count_and_its_first_subject():
    failures = Failures([].append)
    for number, error in enumerate(("KeyError: 'A' at a.py:1", "B at a.py:2") * 2, start=1):
        failures.add(failure("dip", error, number))
    failures.add(failure("other", "B at a.py:2"))
    assert list(failures.notes()) == [
        "strategy dip raised KeyError: 'A' at a.py:1, 2 times, the first on Quote(1)",
        "strategy dip raised B at a.py:2, 2 times, the first on Quote(2)",
        "strategy other raised B at a.py:2, once on Quote(1)",
    ]


def test_the_traceback_is_told_at_once_for_the_first_error_of_each_strategy():
    said: list[str] = []
    failures = Failures(said.append)
    failures.add(failure("dip", "A"))
    assert said == ["strategy dip: Traceback of A"]
    failures.add(failure("dip", "B"))
    failures.add(failure("other", "A"))
    assert said[1:] == ["strategy other: Traceback of A"]


def test_of_very_many_errors_only_some_are_told_and_the_rest_counted():
    failures = Failures([].append)
    for number in range(TOLD_MAX + 3):
        failures.add(failure("dip", f"E{number}"))
    *told, rest = failures.notes()
    assert (len(told), rest) == (TOLD_MAX, "strategies raised 3 other errors as well")
