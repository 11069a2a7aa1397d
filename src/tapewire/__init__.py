"""Tapewire: a group of small processes that trades through Interactive Brokers.

What strategies and notebooks need can be imported from here. Each name is loaded when it is first
used, so that a command which needs little starts quickly.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tapewire.backtest.notebook import run_backtest
    from tapewire.backtest.sweep.notebook import run_sweep
    from tapewire.common.errors import ConfigError
    from tapewire.common.events import Bar, Fill, Quote, Tick, Trade
    from tapewire.strategy.base import Strategy
    from tapewire.strategy.indicators import Indicator
    from tapewire.strategy.series import BarSeries

__all__ = [
    "Bar", "BarSeries", "ConfigError", "Fill", "Indicator", "Quote", "Strategy", "Tick", "Trade",
    "run_backtest", "run_sweep",
]  # fmt: skip

_HOMES: Final = {
    "Bar": "tapewire.common.events",
    "BarSeries": "tapewire.strategy.series",
    "ConfigError": "tapewire.common.errors",
    "Fill": "tapewire.common.events",
    "Indicator": "tapewire.strategy.indicators",
    "Quote": "tapewire.common.events",
    "Strategy": "tapewire.strategy.base",
    "Tick": "tapewire.common.events",
    "Trade": "tapewire.common.events",
    "run_backtest": "tapewire.backtest.notebook",
    "run_sweep": "tapewire.backtest.sweep.notebook",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module tapewire has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(home), name)
    return value
