"""How the figures of a sweep's runs are called and written, on the terminal and in the page."""

from collections.abc import Callable, Mapping
from typing import Final

from tapewire.backtest.report.summary import UNKNOWN, ratio, share
from tapewire.backtest.sweep.trial import Trial

SHARES: Final = frozenset(
    ["return", "cagr", "volatility", "max_drawdown", "exposure", "win_rate", "kelly"]
)
RATIOS: Final = frozenset(["sharpe", "sortino", "calmar", "profit_factor", "sqn"])
AMOUNTS: Final = frozenset(["expectancy", "net"])
LABELS: Final[Mapping[str, str]] = {
    "cagr": "CAGR", "sharpe": "Sharpe", "sortino": "Sortino", "calmar": "Calmar",
    "max_drawdown": "max drawdown", "win_rate": "win rate", "profit_factor": "profit factor",
    "sqn": "SQN", "kelly": "Kelly",
}  # fmt: skip
SHOWN: Final = ("sharpe", "return", "max_drawdown", "profit_factor", "trades", "net")
"""The figures that stand in a table of runs, beside the one that ranks them."""
DRAWN: Final = (
    "sharpe", "return", "cagr", "volatility", "sortino", "calmar", "max_drawdown", "exposure",
    "trades", "win_rate", "profit_factor", "expectancy", "sqn", "net",
)  # fmt: skip
"""The figures that the heat map can show."""


def label(name: str) -> str:
    """What a person calls a figure."""
    return LABELS.get(name, name)


def kind(name: str) -> str:
    """`share`, `ratio`, `amount` or `count`."""
    for what, names in (("share", SHARES), ("ratio", RATIOS), ("amount", AMOUNTS)):
        if name in names:
            return what
    return "count"


def text(name: str, value: float | None) -> str:
    """A figure for reading."""
    if value is None:
        return UNKNOWN
    write: Callable[[float], str] = {
        "share": share, "ratio": ratio, "amount": lambda v: f"{v:z,.2f}",
        "count": lambda v: f"{v:,.0f}",
    }[kind(name)]  # fmt: skip
    return write(value)


def shown_with(rank: str) -> list[str]:
    """The figures of a table, the one that ranks first."""
    return [rank, *(name for name in SHOWN if name != rank)]


def cells(one: Trial, rank: str) -> list[str]:
    """The figures of a run for a table."""
    return [text(name, one.figures.get(name)) for name in shown_with(rank)]
