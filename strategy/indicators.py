"""Indicators: TA-Lib's functions, bar by bar and on whole columns, with equal values.

`Indicator("RSI", timeperiod=14)` takes one bar at a time and gives one value, in constant time; its
`column` takes all bars at once. Both are the same C code of TA-Lib, whose streams promise the
values of its functions. So what was seen in research is what the strategy sees.

TA-Lib is in the extra `indicators`, and imported only when the first indicator is made.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from tapewire.common import extras
from tapewire.common.config.near import expected

Column = npt.NDArray[np.float64]
FIELDS: Final = ("open", "high", "low", "close", "volume")
"""What of a bar an indicator can be about."""


class Prices(Protocol):
    """A bar: a `Bar` or a `HistoryBar`."""

    @property
    def close(self) -> float:
        """Its last price."""


class Indicator:
    """One of TA-Lib's functions, such as `SMA`, with its parameters under TA-Lib's names.

    `source` is what of a bar it is about, where the function takes one column: `close` unless it is
    named. Those that take several, such as `ATR`, take each from its own. `outputs` are the names
    of what it gives; the first is its value. Raises `ConfigError` without TA-Lib, ValueError for a
    function or a parameter that there is not.
    """

    def __init__(self, name: str, *, source: str = "close", **parameters: float) -> None:
        self.name = name
        self.parameters = parameters
        about = _described(name, parameters)
        self.inputs = tuple(_inputs(name, about["input_names"], source))
        self.outputs: tuple[str, ...] = tuple(about["output_names"])
        self._opener = _stream(name)
        self._stream: Any = None
        self._values: tuple[float, ...] | None = None
        self._begun: list[tuple[float, ...]] = []  # until there are enough to open the stream

    def __repr__(self) -> str:
        given = "".join(f", {name}={value}" for name, value in self.parameters.items())
        return f"<{self.name}{given}: {self.value}>"

    @property
    def value(self) -> float | None:
        """The newest value of the first output; None until there have been enough bars."""
        return None if self._values is None else self._values[0]

    def __getitem__(self, output: str) -> float | None:
        """The newest value of an output by its name; as `value`."""
        place = self._place(output)
        return None if self._values is None else self._values[place]

    def update(self, bar: Prices | float) -> float | None:
        """Take the next bar, or the next number for a function of one column; returns `value`.
        Raises ValueError for what is not a finite number, and stays as it was."""
        row = self._row(bar)
        if self._stream is not None:
            self._values = _tuple(self._stream.update(*row))
        else:
            self._begun.append(row)
            self._open()
        return self.value

    def column(self, data: Any, output: str = "") -> Column:
        """One output for each row of `data`, NaN before there is one: what `update` gives for the
        same rows. `data` has columns by name (`BarSeries.columns()`, a DataFrame of pandas or
        polars), or is one column. What was given to `update` has no part in it."""
        place = self._place(output) if output else 0
        return self._all(data)[place]

    def columns(self, data: Any) -> dict[str, Column]:
        """All outputs by name; as `column`."""
        return dict(zip(self.outputs, self._all(data), strict=True))

    # ---- one by one ------------------------------------------------------------------------------

    def _open(self) -> None:
        columns = [np.array(one, np.float64) for one in zip(*self._begun, strict=True)]
        opened = _tried(self._opener, columns, self.parameters)
        if opened is not None:
            self._stream = opened
            self._values = _tuple(opened.value)
            self._begun.clear()

    def _row(self, bar: Prices | float) -> tuple[float, ...]:
        if isinstance(bar, int | float):
            if len(self.inputs) != 1:
                raise ValueError(f"{self.name} needs a bar, for its {', '.join(self.inputs)}")
            row: tuple[Any, ...] = (bar,)
        else:
            row = tuple(getattr(bar, field, None) for field in self.inputs)
        for field, value in zip(self.inputs, row, strict=True):
            if value is None or not np.isfinite(value):
                raise ValueError(f"{self.name} needs a number for {field}, and was given {value!r}")
        return tuple(map(float, row))

    def _place(self, output: str) -> int:
        if output not in self.outputs:
            raise ValueError(f"{self.name} has no {output!r}; it has {', '.join(self.outputs)}")
        return self.outputs.index(output)

    # ---- on columns ------------------------------------------------------------------------------

    def _all(self, data: Any) -> list[Column]:
        columns = [_numbers(one, self.name, field) for one, field in self._columns_of(data)]
        lengths = {len(one) for one in columns}
        if len(lengths) > 1:
            raise ValueError(f"{self.name}: its columns have {sorted(lengths)} rows, not the same")
        found = [np.full(len(columns[0]), np.nan) for _ in self.outputs]
        filled = _tried(self._opener.open_and_fill, columns, self.parameters)
        if filled is not None:
            stream, values = filled
            first = stream.out_range.begidx
            for into, value in zip(found, _tuple(values), strict=True):
                into[first:] = value[first:]
        return found

    def _columns_of(self, data: Any) -> Iterator[tuple[Any, str]]:
        if not (isinstance(data, Mapping) or hasattr(data, "columns")):
            if len(self.inputs) != 1:
                names = ", ".join(self.inputs)
                raise ValueError(f"{self.name} needs columns by name: {names}")
            yield data, self.inputs[0]
            return
        for field in self.inputs:
            known = list(data) if isinstance(data, Mapping) else list(data.columns)
            if field not in known:
                raise ValueError(f"{self.name} needs a column {field}; found {known}")
            yield data[field], field


def _described(name: str, parameters: Mapping[str, float]) -> Any:
    """What TA-Lib says of a function; ValueError for one, or a parameter, that there is not."""
    extras.require("an indicator", "talib", "indicators")
    import talib.abstract

    abstract: Any = talib.abstract  # its stubs leave out what makes its functions
    functions = talib.get_functions()
    if name not in functions:
        raise ValueError(f"TA-Lib has no {name!r:.40}; {expected(name, functions)}")
    about = abstract.Function(name).info
    known = list(about["parameters"])
    for key in parameters:
        if key not in known:
            raise ValueError(
                f"{name} has no parameter {key!r}; it has {', '.join(known) or 'none'}"
            )
    try:
        is_possible = abstract.Function(name, **parameters).lookback >= 0
    except TypeError as error:
        raise ValueError(f"{name}: {error}") from error
    if not is_possible:
        shown = ", ".join(f"{key}={value}" for key, value in parameters.items())
        raise ValueError(f"{name} cannot have {shown}: a value is out of TA-Lib's bounds")
    return about


def _inputs(name: str, given: Mapping[str, Any], source: str) -> Iterator[str]:
    """The fields that a function takes, in its order."""
    if source not in FIELDS:
        raise ValueError(f"source is {source!r}, must be one of {', '.join(FIELDS)}")
    for key, fields in given.items():
        for field in (
            [source] if key == "price" else [fields] if isinstance(fields, str) else fields
        ):
            if field not in FIELDS:
                raise ValueError(f"{name} needs {field}, which bars do not have")
            yield field


def _stream(name: str) -> Any:
    from talib import stream

    return getattr(stream, name)


def _tried(opener: Any, columns: list[Column], parameters: Mapping[str, float]) -> Any:
    """What opens a stream, or None where there are too few rows."""
    import talib

    try:
        return opener(*columns, **parameters)
    except talib.InsufficientHistory:
        return None


def _tuple(values: Any) -> tuple[Any, ...]:
    return values if isinstance(values, tuple) else (values,)


def _numbers(column: Any, name: str, field: str) -> Column:
    numbers = np.ascontiguousarray(column, np.float64)
    broken = np.flatnonzero(~np.isfinite(numbers))
    if len(broken):
        raise ValueError(
            f"{name}: row {broken[0]} of {field} is {numbers[broken[0]]}, must be a number; leave"
            " such rows out or fill them"
        )
    return numbers
