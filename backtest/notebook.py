"""A back-test from a script or a notebook: `run_backtest`, and what comes of it.

It is the same run as that of `tapewire backtest`, with the same configuration, rules and figures.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tapewire.backtest import frames
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
from tapewire.backtest.report.card import card
from tapewire.backtest.report.page import page
from tapewire.backtest.run import Outcome, run
from tapewire.backtest.scan import Time, Window
from tapewire.common import amounts
from tapewire.common.ticks.file import BarTime
from tapewire.strategy.base import Strategy

if TYPE_CHECKING:
    from pandas import DataFrame


class Backtest:
    """The outcome of a back-test.

    `stats` are the statistics by name, as `tapewire backtest --json` has them: shares and plain
    numbers, None where one cannot be known. `notes` are what a reader of them should know, `faults`
    what makes them doubtful. `log` are the lines that the strategy wrote. The DataFrames need
    pandas; without it they raise `ConfigError`.
    """

    def __init__(self, outcome: Outcome, title: str) -> None:
        self.outcome = outcome
        self.stats: dict[str, Any] = performance.as_json(outcome.statistics)
        self.notes = list(outcome.notes)
        self.faults: list[str] = list(outcome.figures["faults"])
        self.log = list(outcome.log)
        self._title = title

    def __repr__(self) -> str:
        total, earned = self.outcome.results.total, self.stats["return"]
        share = "unknown" if earned is None else f"{earned:z.2%}"
        told = [amounts.counted(len(self.notes), "note")]
        told += [amounts.counted(len(self.faults), "fault")] if self.faults else []
        return (
            f"<{self._title}: {amounts.counted(total.trades, 'trade')},"
            f" net {amounts.money(total.net)}, return {share}; {', '.join(told)}>"
        )

    def _repr_html_(self) -> str:
        """What a notebook shows of it: the figures, and the equity as a small picture."""
        return card(self.outcome, self._title)

    @cached_property
    def trades(self) -> "DataFrame":
        """The round trips, open ones last; `exit` and `exit_price` are missing there."""
        return frames.trades(self.outcome.results)

    @cached_property
    def fills(self) -> "DataFrame":
        """The executions, with their commissions."""
        return frames.fills(self.outcome.results)

    @cached_property
    def equity(self) -> "DataFrame":
        """Equity, drawdown and benchmark by time (UTC)."""
        return frames.equity(self.outcome.statistics)

    @cached_property
    def html(self) -> str:
        """The report: one HTML page that needs nothing else."""
        return page(self.outcome, self._title)

    def plot(self, path: str | Path | None = None, *, height: int = HEIGHT_PX) -> Path | None:
        """Show the report. With a `path` it is written there, and the path returned.

        Without one a notebook shows it below the cell, `height` pixels high; elsewhere it is
        written to a temporary file, which the browser opens. Raises `OSError` if it cannot write.
        """
        return show(self.html, path, height)


def run_backtest(
    strategy: type[Strategy[Any]] | str,
    data: "str | PathLike[str] | DataFrame",
    *,
    parameters: Mapping[str, Any] | None = None,
    symbols: str | Sequence[str] = (),
    bars: str | Sequence[str] = (),
    capital: Decimal | float | str | None = None,
    margin: str | None = None,
    latency_ms: float | None = None,
    slippage: float | str | None = None,
    commission: str | None = None,
    queue: str | None = None,
    partial_fills: bool | None = None,
    at_end: str | None = None,
    benchmark: str = "",
    start: Time | None = None,
    end: Time | None = None,
    timezone: str = "",
    bar_time: BarTime = "start",
    step_ms: int = 0,
    full: bool = False,
    config: str | Path | None = None,
    verbose: bool = False,
) -> Backtest:
    """Run one strategy on ticks or bars, and return what came of it.

    `strategy` is a class, wherever it is defined, or a text such as `strategies.dip:Dip`; `data` is
    the path of a file, or a DataFrame with the same columns. Without a column of symbols all of it
    is of the only one of `symbols`. Times without a zone are of `timezone`, UTC if it is not given;
    `bar_time` is which end of a bar its time is, "start" or "end". `bars` are widths, such as `1m`.
    `capital` is the cash of each account; it, `margin`, `latency_ms`, `slippage`, `commission`,
    `queue`, `partial_fills` and `at_end` take the place of the keys of `[backtest]`. `start` is
    included, `end` is not; both are UTC if they have no zone. `config` is found as by `tapewire
    backtest` if it is not given: its instruments, rules and fees are in force, its strategies are
    not. With `verbose` what goes on is printed on standard error.

    Raises `ConfigError` for what is given wrongly and ValueError for broken data, with the
    sentences of `tapewire backtest`, whose options the other arguments are.
    """
    own = listed(symbols)
    window = Window.between(start, end)
    file = ticks_of(data, own, timezone, bar_time)
    fills = {
        "capital": plain(capital), "margin": margin, "latency_ms": latency_ms,
        "slippage": plain(slippage), "commission": commission, "queue": queue,
        "partial_fills": partial_fills, "at_end": at_end,
    }  # fmt: skip
    with named(strategy) as (name, dotted):
        wanted = strategy_of(
            name=name, strategy=dotted, symbols=own, bars=listed(bars),
            parameters=dict(parameters or {}),
        )  # fmt: skip
        outcome = run(
            file, window, with_fills(configured(config, wanted), fills), [name],
            step_ns=step_ms * 1_000_000, full=full, benchmark=benchmark, say=voice(verbose),
        )  # fmt: skip
    return Backtest(outcome, f"Back-test of {name}")
