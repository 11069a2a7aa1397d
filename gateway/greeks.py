"""Greeks of the options that are read: TWS's, and those computed here where TWS sends none.

TWS computes greeks only with a subscription to what an option is on, and its simulation in a
back-test computes none. So an option that has quotes, and of which TWS has sent no model for a
while, is computed from the midpoint of its quote and the newest price of its underlying, twice per
second at most. The event says which of both it is. The underlying has to be configured, since its
line is opened with the option's.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from tapewire.common import greeks as library
from tapewire.common.clock import Now
from tapewire.common.events import Greeks, Quote, Tick, Trade
from tapewire.common.instruments import Instrument
from tapewire.common.options import OptionTerms, terms_of, years_left

TWS_SILENT_NS: Final = 10_000_000_000
"""Without a model from TWS for so long, greeks are computed here."""
AGE_MAX_NS: Final = 300_000_000_000
"""Of what greeks are computed from."""

Newest = Callable[[str], Tick | None]


class OptionGreeks:
    """The options of one login. `rate` is the interest per year, continuously compounded."""

    def __init__(self, instruments: Iterable[Instrument], rate: float = 0.0) -> None:
        terms = {one.symbol: terms_of(one) for one in instruments}
        self._options = {name: found for name, found in terms.items() if found is not None}
        self._on: dict[str, list[str]] = {}  # options by what they are on
        for symbol, found in self._options.items():
            self._on.setdefault(found.underlying, []).append(symbol)
        self._rate = rate
        self._sent_ns: dict[str, int] = {}  # when TWS sent a model
        self._moved_ns: dict[str, int] = {}  # when an option that cannot be computed moved first
        self.complaint = ""  # why greeks that are needed are not computed
        self.lacking = library.lacking() if self._options else ""
        if self._options and not self.lacking:
            library.load()

    def __bool__(self) -> bool:
        return bool(self._options)

    def underlying(self, symbol: str) -> str:
        """What an option is on; "" for anything else."""
        terms = self._options.get(symbol)
        return terms.underlying if terms is not None else ""

    def sent(self, greeks: Iterable[Greeks], now: Now) -> None:
        """TWS has sent these."""
        for one in greeks:
            if one.basis == "model" and one.delta is not None:
                self._sent_ns[one.symbol] = now.mono_ns

    def due(self, moved: Iterable[str], newest: Newest, now: Now) -> Iterator[Greeks]:
        """The greeks of options that moved, or whose underlying did, and that TWS has not sent."""
        affected = {
            option: None
            for symbol in moved
            for option in ([symbol] if symbol in self._options else self._on.get(symbol, ()))
        }
        for symbol in affected:
            sent_ns = self._sent_ns.get(symbol)
            if sent_ns is not None and now.mono_ns - sent_ns < TWS_SILENT_NS:
                continue
            if self.lacking:
                self._complain(symbol, now)
                continue
            greeks = self._computed(symbol, self._options[symbol], newest, now)
            if greeks is not None:
                yield greeks

    def _complain(self, symbol: str, now: Now) -> None:
        """Say once that an option's greeks are missing, when TWS has had its time to send them."""
        if now.mono_ns - self._moved_ns.setdefault(symbol, now.mono_ns) >= TWS_SILENT_NS:
            self.complaint = self.complaint or (
                f"TWS sends no greeks of {symbol}, and none can be computed: {self.lacking}"
            )

    def _computed(self, symbol: str, terms: OptionTerms, newest: Newest, now: Now) -> Greeks | None:
        price, spot = (_price(newest(name), now) for name in (symbol, terms.underlying))
        if price is None or spot is None:
            return None
        years = years_left(terms.expiry, now.wall_ns)
        found = library.compute(
            terms.right, float(terms.strike), spot, years, price=price, rate=self._rate
        )
        if found is None:
            return None
        return Greeks(
            symbol, now.wall_ns, "computed", "model", found.implied_vol, found.delta, found.gamma,
            found.vega, found.theta, price, spot,
        )  # fmt: skip


def _price(tick: Tick | None, now: Now) -> float | None:
    """The midpoint of a quote, or a trade's price; None of one that is old, or delayed."""
    if tick is None or tick.delayed or now.wall_ns - tick.ts_ns > AGE_MAX_NS:
        return None
    if isinstance(tick, Trade):
        return tick.price
    return tick.mid if isinstance(tick, Quote) else None
