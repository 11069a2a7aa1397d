"""What came of a sweep: the best of each span, how far it can be trusted, and what was joined."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from tapewire.backtest.report.performance import Statistics
from tapewire.backtest.scan import Window
from tapewire.backtest.sweep.deflated import Verdict, verdict
from tapewire.backtest.sweep.grid import Grid
from tapewire.backtest.sweep.trial import Trial
from tapewire.common.ticks.stamps import iso

RANKS: Final = (
    "sharpe", "return", "cagr", "sortino", "calmar", "profit_factor", "expectancy", "sqn",
    "win_rate", "net",
)  # fmt: skip
"""The figures by which runs can be ranked: of each, more is better."""
DEFAULT_RANK: Final = "sharpe"
WITHOUT_DAYS: Final = "net"
"""Ranks runs of a single day, which have no Sharpe ratio."""


class Span(msgspec.Struct, frozen=True):
    """The trials of one span of time in the grid's order, the best of them first in `ranked`.

    With walk-forward, `test` is the run of the best one's parameters on the span behind it. The
    `verdict` is on the best; None where there is no Sharpe ratio.
    """

    trials: list[Trial]
    ranked: list[Trial]
    verdict: Verdict | None
    test: Trial | None = None

    @property
    def best(self) -> Trial | None:
        """The best; None if no run went well."""
        return self.ranked[0] if self.ranked else None


class Outcome(msgspec.Struct, frozen=True):
    """What came of a sweep.

    `rank` is the figure by which runs are ranked. Plain, there is one span; with walk-forward there
    are several, and `joined` are the statistics of their tests, one after the other. `runs` is how
    many runs there are to be; `is_whole` is whether all of them are done.
    """

    name: str
    title: str
    grid: Grid
    rank: str
    spans: list[Span]
    joined: Statistics | None
    runs: int
    is_whole: bool
    notes: list[str]

    @property
    def trials(self) -> list[Trial]:
        """All runs on spans to choose on."""
        return [one for span in self.spans for one in span.trials]

    @property
    def all_runs(self) -> list[Trial]:
        """All runs: those to choose on, and those that judge."""
        return [one for span in self.spans for _, one in _runs(span)]


def rank_of(given: str, trials: Sequence[Trial]) -> str:
    """The figure to rank by: the one that is `given`, or the Sharpe ratio where any run has one."""
    if given:
        return given
    has_days = any(one.figures.get(DEFAULT_RANK) is not None for one in trials)
    return DEFAULT_RANK if has_days or not trials else WITHOUT_DAYS


def ranked(trials: Sequence[Trial], rank: str) -> list[Trial]:
    """Those that ran without a fault and have the figure, the best first."""
    known = [(one.figures.get(rank), one) for one in trials if not one.error]
    found = [(value, one) for value, one in known if value is not None]
    return [one for _, one in sorted(found, key=lambda pair: -pair[0])]


def judged(best: Trial | None, tried: Sequence[Trial]) -> Verdict | None:
    """The verdict on the best of all that were tried on the same span."""
    moments = [one.moments for one in tried if one.moments is not None and not one.error]
    if best is None or best.moments is None or len(moments) < 2:
        return None
    return verdict(best.moments, [one.sharpe for one in moments])


def warning(span: Span) -> str:
    """What a person should think of the best, in a sentence or two; empty without a verdict."""
    found, best = span.verdict, span.best
    if found is None or best is None:
        return ""
    yearly = (best.figures.get("days_per_year") or 0.0) ** 0.5
    sharpe = best.figures.get("sharpe") or 0.0
    told = (
        f"the best of {found.trials:,} runs has a Sharpe ratio of {sharpe:z.2f}; without any"
        f" skill, {found.by_luck * yearly:z.2f} was to be expected of the best of so many"
        f" (deflated Sharpe ratio {found.deflated:.2f})"
    )
    if found.is_confident:
        return f"{told}. Luck alone hardly explains it"
    return f"{told}. It may be luck: judge it on days on which it was not chosen"


def span_text(window: Window) -> str:
    """A span for reading: its days, or its hours where it does not begin at midnight."""
    return " to ".join("" if ns is None else _moment(ns) for ns in (window.from_ns, window.to_ns))


def _moment(ts_ns: int) -> str:
    text = iso(ts_ns)
    return text[:10] if text[11:19] == "00:00:00" else text[:16].replace("T", " ")


def columns(outcome: Outcome) -> dict[str, list[Any]]:
    """Every run as a row: its span, its parameters by their names, its figures and its error.

    A parameter with the name of another column is `parameter_NAME`.
    """
    rows = [
        (number, kind, one)
        for number, span in enumerate(outcome.spans)
        for kind, one in _runs(span)
    ]
    names = figure_names(outcome.trials)
    found: dict[str, list[Any]] = {
        "fold": [number for number, _, _ in rows],
        "span": [kind for _, kind, _ in rows],
        "from_ns": [one.task.window.from_ns for _, _, one in rows],
        "to_ns": [one.task.window.to_ns for _, _, one in rows],
    }
    taken = {*found, *names, "error"}
    for name in outcome.grid:
        column = f"parameter_{name}" if name in taken else name
        found[column] = [one.parameters.get(name) for _, _, one in rows]
    for name in names:
        found[name] = [one.figures.get(name) for _, _, one in rows]
    found["error"] = [one.error for _, _, one in rows]
    return found


def figure_names(trials: Sequence[Trial]) -> list[str]:
    """The names of the figures, as a run has them."""
    return list(next((one.figures for one in trials if one.figures), {}))


def _runs(span: Span) -> list[tuple[str, Trial]]:
    tests = [] if span.test is None else [("test", span.test)]
    return [*(("train", one) for one in span.trials), *tests]
