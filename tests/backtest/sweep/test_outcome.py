"""The best of many runs: what counts, in which order, and what the verdict says."""

import pytest

from tapewire.backtest.scan import Window
from tapewire.backtest.sweep.deflated import Moments
from tapewire.backtest.sweep.outcome import (
    Outcome,
    Span,
    columns,
    judged,
    rank_of,
    ranked,
    warning,
)
from tapewire.backtest.sweep.trial import Task, Trial


def trial(fast: int, error: str = "", **figures: float | None) -> Trial:
    figures = {"sharpe": None, "net": 0.0, "days_per_year": 252.0, **figures}
    sharpe = figures["sharpe"]
    moments = None if sharpe is None else Moments(252, sharpe / 252**0.5, 0.0, 3.0)
    return Trial(Task(Window(), {"fast": fast}), figures, moments, error=error)


def test_the_best_is_first_and_what_failed_or_is_unknown_is_not_ranked():
    runs = [
        trial(1, sharpe=1.0), trial(2, sharpe=2.0), trial(3, sharpe=9.0, error="a fault"),
        trial(4), trial(5, sharpe=2.0), Trial(Task(Window(), {"fast": 6}), error="refused"),
    ]  # fmt: skip
    assert [one.parameters["fast"] for one in ranked(runs, "sharpe")] == [2, 5, 1]


def test_the_sharpe_ratio_ranks_unless_no_run_has_one():
    assert rank_of("", [trial(1), trial(2, sharpe=1.0)]) == "sharpe"
    assert rank_of("", [trial(1), trial(2)]) == "net"
    assert rank_of("calmar", [trial(1)]) == "calmar"


def span(*sharpes: float) -> Span:
    runs = [trial(n, sharpe=sharpe) for n, sharpe in enumerate(sharpes)]
    best = ranked(runs, "sharpe")
    return Span(runs, best, judged(best[0], runs))


def test_a_best_that_chance_explains_is_called_luck():
    found = span(*(n / 4 for n in range(-10, 11)))
    assert found.verdict.trials == 21
    said = warning(found)
    assert "the best of 21 runs has a Sharpe ratio of 2.50" in said
    assert "It may be luck" in said


def test_a_best_far_above_chance_is_not():
    found = span(*(4 + n / 10 for n in range(10)))
    assert found.verdict.is_confident
    assert "Luck alone hardly explains it" in warning(found)


def test_without_a_sharpe_ratio_there_is_no_verdict():
    runs = [trial(1), trial(2)]
    assert judged(runs[0], runs) is None
    assert judged(None, []) is None
    assert warning(Span(runs, runs, None)) == ""


def test_every_run_is_a_row_and_a_parameter_never_hides_a_figure():
    first = Trial(Task(Window(1, 2), {"fast": 1, "net": 5}), {"net": 7.0})
    failed = Trial(Task(Window(1, 2), {"fast": 2, "net": 5}), error="refused")
    test = Trial(Task(Window(2, 3), {"fast": 1, "net": 5}, with_curve=True), {"net": -1.0})
    one = Span([first, failed], [first], None, test)
    found = columns(
        Outcome("s", "t", {"fast": (1, 2), "net": (5,)}, "net", [one], None, 3, True, [])
    )
    assert found == {
        "fold": [0, 0, 0], "span": ["train", "train", "test"],
        "from_ns": [1, 1, 2], "to_ns": [2, 2, 3],
        "fast": [1, 2, 1], "parameter_net": [5, 5, 5],
        "net": [7.0, None, -1.0], "error": ["", "refused", ""],
    }  # fmt: skip


@pytest.mark.parametrize("sharpe", [1.0, -1.0])
def test_equal_runs_have_a_verdict_too(sharpe):
    assert span(sharpe, sharpe).verdict.by_luck == pytest.approx(0)
