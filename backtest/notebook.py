"""A back-test from a script or a notebook: `run_backtest`, and what comes of it.

It is the same run as that of `tapewire backtest`, with the same configuration, rules and figures.
"""

import sys
import tempfile
import webbrowser
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import cached_property
from html import escape
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from tapewire.backtest import frames
from tapewire.backtest.given import named
from tapewire.backtest.group import CASH
from tapewire.backtest.report import performance
from tapewire.backtest.report.page import page, write
from tapewire.backtest.run import Outcome, run
from tapewire.backtest.scan import Time, Window
from tapewire.common import amounts
from tapewire.common.config import faults
from tapewire.common.config import settings as configuration
from tapewire.common.config.settings import Config, ConfigError, StrategyConfig
from tapewire.common.ticks.file import TickFile
from tapewire.strategy.base import Strategy

if TYPE_CHECKING:
    from pandas import DataFrame

HEIGHT_PX: Final = 900


class Backtest:
    """The outcome of a back-test.

    `stats` are the statistics by name, as `tapewire backtest --json` has them: shares and plain
    numbers, None where one cannot be known. `notes` are what a reader of them should know, `faults`
    what makes them doubtful. The DataFrames need pandas; without it they raise `ConfigError`.
    """

    def __init__(self, outcome: Outcome, title: str) -> None:
        self.outcome = outcome
        self.stats: dict[str, Any] = performance.as_json(outcome.statistics)
        self.notes = list(outcome.notes)
        self.faults: list[str] = list(outcome.figures["faults"])
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
        if path is None and in_notebook():
            from IPython.display import display

            display(Inline(self.html, height))
            return None
        if path is None:
            folder = Path(tempfile.mkdtemp(prefix="tapewire-"))
            file = folder / "report.html"
        else:
            file = Path(path)
        write(self.html, file)
        if path is None:
            webbrowser.open(file.as_uri())
        return file


class Inline:
    """A page as a part of a notebook: in a frame of its own, which cannot reach the notebook."""

    def __init__(self, html: str, height: int) -> None:
        self._html, self._height = html, height

    def _repr_html_(self) -> str:
        return (
            f'<iframe sandbox="allow-scripts" srcdoc="{escape(self._html)}"'
            f' style="width:100%;height:{self._height}px;border:0"></iframe>'
        )


def in_notebook() -> bool:
    """Whether this runs in Jupyter, which can show HTML."""
    python = sys.modules.get("IPython")
    shell = python.get_ipython() if python is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"


def run_backtest(
    strategy: type[Strategy[Any]] | str,
    data: "str | PathLike[str] | DataFrame",
    *,
    parameters: Mapping[str, Any] | None = None,
    symbols: str | Sequence[str] = (),
    bars: str | Sequence[str] = (),
    capital: Decimal | float | str | None = None,
    benchmark: str = "",
    start: Time | None = None,
    end: Time | None = None,
    step_ms: int = 0,
    full: bool = False,
    config: str | Path | None = None,
    verbose: bool = False,
) -> Backtest:
    """Run one strategy on ticks or bars, and return what came of it.

    `strategy` is a class, wherever it is defined, or a text such as `strategies.dip:Dip`; `data` is
    the path of a file, or a DataFrame with the same columns. Without a column of symbols all of it
    is of the only one of `symbols`. `bars` are widths, such as `1m`. `capital` is the cash of each
    account. `start` is included, `end` is not; both are UTC if they have no zone. `config` is found
    as by `tapewire backtest` if it is not given: its instruments, rules and fees are in force, its
    strategies are not. With `verbose` what goes on is printed on standard error.

    Raises `ConfigError` for what is given wrongly and ValueError for broken data, with the
    sentences of `tapewire backtest`, whose options the other arguments are.
    """
    own = _listed(symbols)
    window = Window.between(start, end)
    file = _ticks(data, own)
    cash = CASH if capital is None else _amount(capital)
    with named(strategy) as (name, dotted):
        wanted = _strategy(
            name=name, strategy=dotted, symbols=own, bars=_listed(bars),
            parameters=dict(parameters or {}),
        )  # fmt: skip
        outcome = run(
            file, window, _configuration(config, wanted), [name],
            step_ns=step_ms * 1_000_000, full=full, cash=cash, benchmark=benchmark,
            say=_print if verbose else _ignore,
        )  # fmt: skip
    return Backtest(outcome, f"Back-test of {name}")


def _ticks(data: Any, symbols: tuple[str, ...]) -> TickFile:
    only = symbols[0] if len(symbols) == 1 else ""
    if isinstance(data, str | PathLike):
        return TickFile(Path(data), only)
    if not frames.is_frame(data):
        raise ConfigError(f"data is {data!r:.60}, must be the path of a file or a DataFrame")
    file = TickFile(frames.csv_of(data), only)
    if file.only_symbol is not None and not only:
        raise ConfigError(
            "the DataFrame has no column of symbols; name the one that it is of: symbols='AAPL'"
        )
    return file


def _configuration(path: str | Path | None, strategy: StrategyConfig) -> Config:
    """The configuration with this strategy alone, and with the bars that it wants."""
    found = configuration.load(None if path is None else str(path))
    made = dict.fromkeys((*found.gateway.bars, *strategy.bars))
    gateway = found.gateway.model_copy(update={"bars": tuple(made)})
    return found.model_copy(update={"strategies": (strategy,), "gateway": gateway})


def _strategy(**given: Any) -> StrategyConfig:
    try:
        return StrategyConfig(**given)
    except ValidationError as error:
        sentences = [faults.sentence(one, StrategyConfig) for one in error.errors()]
        raise ConfigError("\n".join(sentences)) from error


def _listed(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _amount(capital: Decimal | float | str) -> Decimal:
    try:
        return Decimal(str(capital))
    except InvalidOperation:
        raise ConfigError(f"the capital is {capital!r:.60}, must be a number above 0") from None


def _print(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def _ignore(_sentence: str) -> None:
    pass
