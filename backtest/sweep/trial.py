"""One back-test of a sweep: what it is of, and what is kept of its outcome."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from tapewire.backtest.arguments import silence
from tapewire.backtest.report import performance
from tapewire.backtest.report.statistics import returns_of
from tapewire.backtest.run import Outcome, run
from tapewire.backtest.scan import Window
from tapewire.backtest.sweep.deflated import Moments, moments_of
from tapewire.common import amounts
from tapewire.common.config.settings import Config
from tapewire.common.config.text import named
from tapewire.common.errors import ConfigError
from tapewire.common.ticks.file import TickFile

FIGURES: Final = (
    "return", "cagr", "volatility", "sharpe", "sortino", "calmar", "max_drawdown", "exposure",
    "trades", "win_rate", "profit_factor", "expectancy", "sqn", "kelly", "net", "days",
    "days_per_year",
)  # fmt: skip
"""What is known of each run, as `statistics` names it, and the net P&L."""


class Settings(msgspec.Struct, frozen=True):
    """What the runs of a sweep have in common: the file, the configuration, the strategy's name in
    it, and the other arguments of `run`."""

    file: TickFile
    config: Config
    name: str
    arguments: dict[str, Any]


class Task(msgspec.Struct, frozen=True):
    """A run: the span of the file and the parameters. With `with_curve`, its equity is kept."""

    window: Window
    parameters: dict[str, Any]
    with_curve: bool = False


class Curve(msgspec.Struct, frozen=True):
    """Equity over time (UTC nanoseconds), and what it was at each day's end (ISO dates); `closes`
    begins with the capital. `nets` are those of the closed trades."""

    times_ns: list[int]
    values: list[float]
    days: list[str]
    closes: list[float]
    nets: list[float]
    exposure: float | None


class Trial(msgspec.Struct, frozen=True):
    """What came of a run. `figures` are empty where there is an `error` because of which it did not
    run; a run with a fault has both."""

    task: Task
    figures: dict[str, float | None] = {}
    moments: Moments | None = None
    curve: Curve | None = None
    error: str = ""
    notes: list[str] = []

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters that it ran with."""
        return self.task.parameters


def combined(config: Config, name: str, parameters: Mapping[str, Any]) -> Config:
    """The configuration with these parameters of the strategy `name` in place of its own."""
    found = tuple(
        one.model_copy(update={"parameters": {**one.parameters, **parameters}})
        if one.name == name
        else one
        for one in config.strategies
    )
    return config.model_copy(update={"strategies": found})


def tried(settings: Settings, task: Task) -> Trial:
    """Run it; whatever goes wrong is the trial's error."""
    config = combined(settings.config, settings.name, task.parameters)
    try:
        outcome = run(
            settings.file, task.window, config, [settings.name], say=silence, **settings.arguments
        )
    except (ConfigError, ValueError) as error:
        return Trial(task, error=str(error))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a strategy's code fails its run alone
        return Trial(task, error=named(error))
    return _trial(task, outcome)


def encoded(settings: Settings, task: Task) -> bytes:
    """Run it: the trial as JSON."""
    return msgspec.json.encode(tried(settings, task))


def _trial(task: Task, outcome: Outcome) -> Trial:
    stats = outcome.statistics
    known = {**performance.as_json(stats), "net": amounts.text(outcome.results.total.net)}
    figures = {name: _number(known[name]) for name in FIGURES}
    faults: list[str] = outcome.figures["faults"]
    return Trial(
        task=task,
        figures=figures,
        moments=moments_of(returns_of(stats.equity.closes)),
        curve=_curve(outcome) if task.with_curve else None,
        error="; ".join(faults),
        notes=list(outcome.notes),
    )


def _curve(outcome: Outcome) -> Curve:
    equity = outcome.statistics.equity
    return Curve(
        times_ns=equity.times_ns.tolist(),
        values=equity.values.tolist(),
        days=[day.isoformat() for day in equity.days],
        closes=equity.closes.tolist(),
        nets=[float(one.net) for one in outcome.results.trades],
        exposure=outcome.statistics.exposure,
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
