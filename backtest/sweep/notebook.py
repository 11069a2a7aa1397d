"""A sweep from a script or a notebook: `run_sweep`, and what comes of it."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tapewire.backtest.arguments import (
    configured,
    listed,
    plain,
    strategy_of,
    ticks_of,
    voice,
    with_fills,
)
from tapewire.backtest.display import HEIGHT_PX, show
from tapewire.backtest.given import named
from tapewire.backtest.report import performance
from tapewire.backtest.scan import Time, Window
from tapewire.backtest.sweep import run
from tapewire.backtest.sweep.fingerprint import fingerprint, source_of
from tapewire.backtest.sweep.grid import required
from tapewire.backtest.sweep.outcome import Outcome, columns, warning
from tapewire.backtest.sweep.page import sweep_page
from tapewire.backtest.sweep.saved import REPORT, save
from tapewire.backtest.sweep.store import stored
from tapewire.backtest.sweep.tables import failed
from tapewire.backtest.sweep.trial import Settings
from tapewire.backtest.sweep.walk import walk_of
from tapewire.backtest.sweep.workers import Cores
from tapewire.common.amounts import counted
from tapewire.common.ticks.file import BarTime
from tapewire.strategy.base import Strategy

if TYPE_CHECKING:
    from pandas import DataFrame


class Sweep:
    """The outcome of a sweep.

    `best` are the best parameters; with walk-forward, those of the last span. `warning` says how
    far the best can be trusted. `stats` are the statistics of the days on which nothing was chosen,
    joined; None without walk-forward. `notes` are what a reader should know.
    """

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        last = outcome.spans[-1]
        self.best: dict[str, Any] | None = None if last.best is None else dict(last.best.parameters)
        self.warning = warning(last)
        joined = outcome.joined
        self.stats = None if joined is None else performance.as_json(joined)
        incomplete = [] if outcome.is_whole else ["it was stopped before all runs were done"]
        self.notes = [*incomplete, *failed(outcome), *outcome.notes]

    def __repr__(self) -> str:
        runs = counted(len(self.outcome.all_runs), "run")
        return f"<{self.outcome.title}: {runs}, best {self.best}; {self.warning}>"

    @cached_property
    def results(self) -> "DataFrame":
        """Every run as a row: its parameters, its figures, and the error of one that failed."""
        from tapewire.common import extras

        extras.require("DataFrames", "pandas", "data")
        import pandas

        frame = pandas.DataFrame(columns(self.outcome))
        for name in ("from", "to"):
            place = frame.columns.get_loc(f"{name}_ns")
            frame.insert(place, name, pandas.to_datetime(frame.pop(f"{name}_ns"), utc=True))
        return frame

    @cached_property
    def html(self) -> str:
        """The heat map and the best runs: one HTML page that needs nothing else."""
        return sweep_page(self.outcome)

    def plot(self, path: str | Path | None = None, *, height: int = HEIGHT_PX) -> Path | None:
        """Show the page, as `Backtest.plot` does."""
        return show(self.html, path, height)


def run_sweep(
    strategy: type[Strategy] | str,
    data: "str | PathLike[str] | DataFrame",
    parameters: Mapping[str, Iterable[Any] | Any],
    *,
    walk_forward: str = "",
    rank: str = "",
    jobs: int | None = None,
    folder: str | Path | None = None,
    symbols: str | Sequence[str] = (),
    bars: str | Sequence[str] = (),
    capital: Decimal | float | str | None = None,
    benchmark: str = "",
    start: Time | None = None,
    end: Time | None = None,
    timezone: str = "",
    bar_time: BarTime = "start",
    step_ms: int = 0,
    full: bool = False,
    config: str | Path | None = None,
    verbose: bool = False,
    **fills: Any,
) -> Sweep:
    """Run a strategy with every combination of `parameters`, on `jobs` cores (all if not given).

    Each parameter has values to try, such as `range(5, 55, 5)` or `[0.5, 1.0]`; a text or a number
    stands for itself. With a `folder` every run is kept there, and the same call goes on where it
    was stopped. `walk_forward`, such as `90d:30d`, chooses on 90 days and judges on the next 30,
    over and over. `rank` is the figure to rank by: the Sharpe ratio if not given. All else is as in
    `run_backtest`, as are the errors; `fills` are `margin`, `slippage` and the others there that
    take the place of a key of `[backtest]`.
    """
    own = listed(symbols)
    window = Window.between(start, end)
    grid = required({name: _values(of) for name, of in parameters.items()})
    walk = walk_of(walk_forward) if walk_forward else None
    arguments = {"step_ns": step_ms * 1_000_000, "benchmark": benchmark, "full": full}
    fills["capital"] = plain(capital)
    file = ticks_of(data, own, timezone, bar_time)
    with named(strategy) as (name, dotted):
        wanted = strategy_of(name=name, strategy=dotted, symbols=own, bars=listed(bars))
        settings = Settings(file, with_fills(configured(config, wanted), fills), name, arguments)
        plan = run.planned(settings, window, grid, walk, rank, f"Sweep of {name}")
        place = None if folder is None else Path(folder) / _folder(plan, window, strategy)
        with stored(place) as store:
            outcome = run.sweep(plan, store, Cores(run.jobs_of(jobs)), voice(verbose))
    if place is not None:
        save(outcome, place, place / REPORT, voice(verbose))
    return Sweep(outcome)


def _folder(plan: run.Plan, window: Window, strategy: Any) -> str:
    found = fingerprint(plan.settings, window, frozenset(plan.grid), source_of(strategy))
    return f"{plan.settings.name}-{found}"


def _values(given: Any) -> tuple[Any, ...]:
    is_one = isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable)
    return (given,) if is_one else tuple(given)
