"""The arguments of a program, as the configuration and the command line would have them."""

import sys
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from os import PathLike
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tapewire.backtest import frames
from tapewire.common.config import faults
from tapewire.common.config import settings as configuration
from tapewire.common.config.settings import Config, ConfigError, StrategyConfig
from tapewire.common.ticks.file import BarTime, TickFile


def ticks_of(
    data: Any, symbols: tuple[str, ...], timezone: str = "", bar_time: BarTime = "start"
) -> TickFile:
    """The path of a file, or a DataFrame, as a file of ticks; all of it is of the only symbol,
    where there is one."""
    only = symbols[0] if len(symbols) == 1 else ""
    if isinstance(data, str | PathLike):
        return TickFile(Path(data), only, timezone=timezone, bar_time=bar_time)
    if not frames.is_frame(data):
        raise ConfigError(f"data is {data!r:.60}, must be the path of a file or a DataFrame")
    file = TickFile(frames.csv_of(data), only, timezone=timezone, bar_time=bar_time)
    if file.only_symbol is not None and not only:
        raise ConfigError(
            "the DataFrame has no column of symbols; name the one that it is of: symbols='AAPL'"
        )
    return file


def configured(path: str | Path | None, strategy: StrategyConfig) -> Config:
    """The configuration with this strategy alone, and with the bars that it wants."""
    found = configuration.load(None if path is None else str(path))
    made = dict.fromkeys((*found.gateway.bars, *strategy.bars))
    gateway = found.gateway.model_copy(update={"bars": tuple(made)})
    return found.model_copy(update={"strategies": (strategy,), "gateway": gateway})


def strategy_of(**given: Any) -> StrategyConfig:
    """An entry of `[[strategies]]`; raises `ConfigError` with what is wrong in it."""
    try:
        return StrategyConfig(**given)
    except ValidationError as error:
        sentences = [faults.sentence(one, StrategyConfig) for one in error.errors()]
        raise ConfigError("\n".join(sentences)) from error


def listed(given: str | Sequence[str]) -> tuple[str, ...]:
    """One text, or several."""
    return (given,) if isinstance(given, str) else tuple(given)


def plain(number: Decimal | float | str | None) -> str | None:
    """A number as a person writes it: a float stands for its shortest text."""
    return None if number is None else str(number)


def with_fills(config: Config, given: Mapping[str, Any]) -> Config:
    """A configuration with what is `given` of `[backtest]` for one run; see
    `BacktestConfig.changed`."""
    return config.model_copy(update={"backtest": config.backtest.changed(given)})


def voice(verbose: bool) -> Callable[[str], None]:
    """Prints sentences on standard error, or nothing."""
    return _print if verbose else silence


def silence(_sentence: str) -> None:
    """Says nothing."""


def _print(sentence: str) -> None:
    print(sentence, file=sys.stderr)
