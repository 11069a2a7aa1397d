"""DataFrames: ticks from one, and the executions, trades and equity of a back-test as some.

pandas is imported only here, and only when a DataFrame is asked for: it is in the extra `data`.
Amounts and prices are floats.
"""

from typing import TYPE_CHECKING, Any, Final

from tapewire.backtest.report.performance import Statistics
from tapewire.backtest.report.results import Results
from tapewire.backtest.report.series import in_force
from tapewire.backtest.report.statistics import depths
from tapewire.common import extras
from tapewire.common.errors import ConfigError
from tapewire.common.ticks.memory import InMemory

if TYPE_CHECKING:
    from pandas import DataFrame

NAME: Final = "the DataFrame"
"""What errors call it."""
TRADES: Final = (
    "strategy", "symbol", "direction", "quantity", "entry", "entry_price", "exit", "exit_price",
    "gross", "fees", "net",
)  # fmt: skip
FILLS: Final = (
    "time", "account", "strategy", "symbol", "side", "quantity", "price", "commission", "exec_id",
)  # fmt: skip


def is_frame(data: object) -> bool:
    """Whether it is a DataFrame; pandas need not be there to tell."""
    return hasattr(data, "to_csv") and hasattr(data, "columns")


def csv_of(frame: "DataFrame") -> InMemory:
    """A DataFrame as a CSV in memory.

    An index becomes a column if it has a name or is one of times. Raises `ConfigError` for columns
    of several levels.
    """
    if getattr(frame.columns, "nlevels", 1) > 1:
        raise ConfigError(
            "the columns of the DataFrame have several levels; flatten them:"
            " frame.columns = frame.columns.get_level_values(0)"
        )
    if type(frame.index).__name__ == "DatetimeIndex" and frame.index.name is None:
        frame = frame.rename_axis("time")
    is_named = any(name is not None for name in frame.index.names)
    return InMemory(NAME, frame.to_csv(index=is_named, lineterminator="\n"))


def trades(results: Results) -> "DataFrame":
    """The round trips in the order of their entries, then the open ones, without an exit."""
    rows = [
        (
            one.strategy, one.symbol, one.direction, float(one.quantity), one.entry_ns,
            float(one.entry_price), one.exit_ns, _float(one.exit_price), float(one.gross),
            float(one.fees), float(one.net),
        )
        for one in (*results.trades, *results.open_trades)
    ]  # fmt: skip
    return _frame(rows, TRADES, "entry", "exit")


def fills(results: Results) -> "DataFrame":
    """The executions in order of time, each with its commission."""
    rows = [
        (
            one.ts_ns, one.account, one.strategy, one.symbol, one.side, float(one.quantity),
            float(one.price), _float(results.commissions.get(one.exec_id)), one.exec_id,
        )
        for one in results.fills
    ]  # fmt: skip
    return _frame(rows, FILLS, "time")


def equity(stats: Statistics) -> "DataFrame":
    """Equity, its drawdown (0 or below, as a share of the highest before) and the benchmark, at
    every sample and execution. The benchmark is missing where it is not known."""
    curve, held = stats.equity, stats.held
    pandas = _pandas()
    frame = pandas.DataFrame(
        {"equity": curve.values, "drawdown": depths(curve.values)},
        index=pandas.to_datetime(curve.times_ns, utc=True).rename("time"),
    )
    if held is not None:
        frame["benchmark"] = in_force(
            held.times_ns, held.values, curve.times_ns, float(stats.capital)
        )
    return frame


def _frame(rows: list[Any], names: tuple[str, ...], *times: str) -> "DataFrame":
    """Rows as a DataFrame. Times are made of whole numbers: a float has no room for nanoseconds."""
    pandas = _pandas()
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    by_name = dict(zip(names, map(list, columns), strict=True))
    for name in times:
        by_name[name] = pandas.to_datetime(pandas.array(by_name[name], dtype="Int64"), utc=True)
    return pandas.DataFrame(by_name)


def _pandas() -> Any:
    extras.require("a DataFrame", "pandas", "data")
    import pandas

    return pandas


def _float(value: Any) -> float:
    return float("nan") if value is None else float(value)
