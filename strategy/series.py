"""A series of bars: the last ones that were made, one by one, as columns or as a DataFrame."""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, overload

from tapewire.common import extras
from tapewire.common.events import Bar

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas
    import polars

BarKind = Literal["time", "tick", "volume"]
KEEP: Final = 1_000
KEEP_MAX: Final = 1_000_000
PRICES: Final = ("open", "high", "low", "close", "volume")
COLUMNS: Final = ("start_ns", "ts_ns", *PRICES, "count", "vwap")
"""What a bar has, beside its symbol."""
Column: TypeAlias = "npt.NDArray[Any]"


class BarSeries(Sequence[Bar]):
    """The last `keep` bars of one symbol and size, the oldest first: `series[-1]` is the newest.

    `is_warm` is whether the past that was asked for is in it; without any it is from the beginning.
    A slice is a list of bars.
    """

    def __init__(self, symbol: str, kind: BarKind, size: float | str, keep: int = KEEP) -> None:
        if not 1 <= keep <= KEEP_MAX:
            raise ValueError(f"keep is {keep}, must be a number of bars from 1 to {KEEP_MAX:,}")
        self.symbol, self.kind, self.size = symbol, kind, size
        self.is_warm = True
        self._bars: deque[Bar] = deque(maxlen=keep)

    def __repr__(self) -> str:
        return f"<{self.kind} bars of {self.symbol}, size {self.size}: {len(self)}>"

    def __len__(self) -> int:
        return len(self._bars)

    def __iter__(self) -> Iterator[Bar]:
        return iter(self._bars)

    @overload
    def __getitem__(self, index: int) -> Bar: ...

    @overload
    def __getitem__(self, index: slice) -> list[Bar]: ...

    def __getitem__(self, index: int | slice) -> Bar | list[Bar]:
        if isinstance(index, slice):
            return [self._bars[place] for place in range(*index.indices(len(self)))]
        return self._bars[index]

    def add(self, bar: Bar) -> None:
        """Take the next bar."""
        self._bars.append(bar)

    def column(self, name: str, last: int | None = None) -> Column:
        """One value of each bar, such as `close`, of all bars or of the `last` ones: floats, where
        a `vwap` that is not known is NaN; `start_ns`, `ts_ns` and `count` are whole numbers."""
        if name not in COLUMNS:
            raise ValueError(f"a bar has no {name!r}; it has {', '.join(COLUMNS)}")
        import numpy as np  # a strategy that reads no columns starts without it

        found = [getattr(bar, name) for bar in self._last(last)]
        is_whole = name in ("start_ns", "ts_ns", "count")
        return np.array(found, np.int64 if is_whole else np.float64)

    def columns(self, last: int | None = None) -> dict[str, Column]:
        """All columns by name, as `column` has each."""
        return {name: self.column(name, last) for name in COLUMNS}

    def to_pandas(self, last: int | None = None) -> "pandas.DataFrame":
        """The bars, or the `last` ones, as a DataFrame: its index, `time`, is when each begins
        (UTC). Raises `ConfigError` where pandas is not installed."""
        extras.require("to_pandas", "pandas", "data")
        import pandas

        columns = self.columns(last)
        index = pandas.to_datetime(columns.pop("start_ns"), utc=True).rename("time")
        return pandas.DataFrame(columns, index=index)

    def to_polars(self, last: int | None = None) -> "polars.DataFrame":
        """As `to_pandas`, with `time` as the first column. Raises `ConfigError` where polars is not
        installed."""
        extras.require("to_polars", "polars")
        import polars

        columns = self.columns(last)
        time = polars.Series("time", columns.pop("start_ns")).cast(polars.Datetime("ns", "UTC"))
        return polars.DataFrame({"time": time, **columns}, nan_to_null=False)

    def _last(self, last: int | None) -> Iterator[Bar]:
        if last is not None and last < 0:
            raise ValueError(f"last is {last}, must be a number of bars, 0 or above")
        first = 0 if last is None else max(0, len(self) - last)
        return islice(self._bars, first, None)
