"""Option chains: the configured options on an underlying, each with its quote and greeks."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from datetime import date, datetime

from tapewire.client.newest import Newest
from tapewire.client.ticker import Ticker
from tapewire.common import options
from tapewire.common.errors import ConfigError
from tapewire.common.instruments import Instrument
from tapewire.common.options import OptionTerms, Right
from tapewire.strategy.terms import Number, decimal_of

Expiry = str | date
"""A date, or one as YYYYMMDD or YYYY-MM-DD."""
SHOWN_MAX = 8


class LiveChain:
    """Options on `symbol`, in the order of expiry, strike and right. It is a collection of tickers;
    `async for` gives the tickers that have something new."""

    def __init__(self, symbol: str, tickers: Mapping[OptionTerms, Ticker]) -> None:
        self.symbol = symbol
        self._tickers = dict(tickers)
        self._changed: Newest[Ticker] = Newest()
        for one in self:
            one.watch(self._changed_of(one))

    def _changed_of(self, ticker: Ticker) -> Callable[[], object]:
        return lambda: self._changed.put(ticker.symbol, ticker)

    def __repr__(self) -> str:
        return f"<LiveChain {self.symbol}: {len(self)} options>"

    def __len__(self) -> int:
        return len(self._tickers)

    def __iter__(self) -> Iterator[Ticker]:
        return iter(self._tickers.values())

    @property
    def terms(self) -> list[OptionTerms]:
        """What each of its options is."""
        return [*self._tickers]

    def option(self, expiry: Expiry, right: str, strike: Number) -> Ticker:
        """The ticker of one option; KeyError if it is not in the chain."""
        found = _wanted(self._tickers, expiry, [strike], right)
        if not found:
            raise KeyError(f"{self!r} has no {right} at {strike} of {expiry}")
        return self._tickers[found[0]]

    def __aiter__(self) -> AsyncIterator[Ticker]:
        """The tickers that have something new from now on, each once for all that is new of it."""
        return self._changed.read()

    def close(self) -> None:
        """Nothing more comes; whoever reads it is at the end."""
        self._changed.end()


def options_on(
    instruments: Iterable[Instrument],
    symbol: str,
    expiry: Expiry | None = None,
    strikes: Iterable[Number] | None = None,
    right: str | None = None,
) -> dict[OptionTerms, Instrument]:
    """The configured options on `symbol` that fit; raises `ConfigError` where none does."""
    on: dict[OptionTerms, Instrument] = {}
    for one in instruments:
        terms = options.terms_of(one)
        if terms is not None and terms.underlying == symbol:
            on[terms] = one
    found = _wanted(on, expiry, strikes, right)
    if not found:
        raise ConfigError(_none(symbol, on))
    return {terms: on[terms] for terms in found}


def _none(symbol: str, on: Iterable[OptionTerms]) -> str:
    names = sorted({f"{one.expiry:%Y%m%d} {one.right} {one.strike:f}" for one in on})
    if not names:
        return (
            f"[[instruments]] has no option on {symbol}; what is read or traded has to be there."
            f" `client.chain({symbol!r})` lists those that the broker has"
        )
    more = ", ..." if len(names) > SHOWN_MAX else ""
    return f"no option on {symbol} fits; configured are {', '.join(names[:SHOWN_MAX])}{more}"


def _wanted(
    among: Iterable[OptionTerms],
    expiry: Expiry | None,
    strikes: Iterable[Number] | None,
    right: str | None,
) -> list[OptionTerms]:
    day = None if expiry is None else _day(expiry)
    prices = None if strikes is None else {decimal_of("strike", one) for one in strikes}
    side = None if right is None else _right(right)
    fitting = [
        one
        for one in among
        if day in (None, one.expiry)
        and (prices is None or one.strike in prices)
        and side in (None, one.right)
    ]
    return sorted(fitting, key=lambda one: (one.expiry, one.strike, one.right))


def _day(expiry: Expiry) -> date:
    if isinstance(expiry, datetime):  # a date as well, but equal to none
        return expiry.date()
    if isinstance(expiry, date):
        return expiry
    try:
        return options.read_expiry(expiry.replace("-", ""))
    except ValueError:
        raise ValueError(f"expiry is {expiry!r}; it must be a date, such as 20261218") from None


def _right(right: str) -> Right:
    if right.upper() in ("C", "CALL"):
        return "C"
    if right.upper() in ("P", "PUT"):
        return "P"
    raise ValueError(f"right is {right!r}; it must be C or P")


def spread_of(
    instruments: Iterable[Instrument],
    symbol: str,
    expiry: Expiry,
    right: str,
    strikes: tuple[Number, Number],
) -> tuple[str, str]:
    """The symbols of two options that differ in their strike."""
    known = [*instruments]
    found = [options_on(known, symbol, expiry, [strike], right) for strike in strikes]
    first, second = (next(iter(one.values())).symbol for one in found)
    return first, second
