"""Vertical spread: the call at the money against one above it, traded as one order."""

import msgspec

from tapewire import Quote, Strategy
from tapewire.common import combos
from tapewire.common.events.queries import OptionChain


class VerticalSpreadParameters(msgspec.Struct, frozen=True):
    """`chain` is underlying and expiry (`AAPL 20261218`), `above` a share of the price."""

    chain: str
    above: float = 0.02
    hold_s: float = 1.0


class VerticalSpread(Strategy[VerticalSpreadParameters]):
    """Strikes by the first price of the underlying; every order is a combo with a limit."""

    def on_start(self) -> None:
        """Wait for a price of the underlying."""
        self.quotes, self.legs, self.price, self.sell_ns = dict[str, Quote](), list[str](), 0.0, 0

    def on_quote(self, quote: Quote) -> None:
        """Ask for the chain once; then trade the spread at what it is quoted."""
        self.quotes[quote.symbol] = quote
        if self.parameters.chain.startswith(f"{quote.symbol} ") and quote.mid and not self.price:
            self.price = quote.mid
            self.chain(quote.symbol, then=self._choose)
        elif quote.symbol in self.legs and self.quotes.keys() >= {*self.legs}:
            self._trade(*(self.quotes[leg] for leg in self.legs))

    def _choose(self, chains: tuple[OptionChain, ...]) -> None:
        calls = {s: f"{self.parameters.chain} C{s:g}" for one in chains for s in one.strikes}
        read = [s for s, call in calls.items() if combos.symbol_of(call) in self.symbols]
        low = min(read, key=lambda strike: abs(strike - self.price))
        high = min(read, key=lambda strike: abs(strike - self.price * (1 + self.parameters.above)))
        self.spread = f"{self.parameters.chain} C {low:g}/{high:g}"
        self.legs = [leg.symbol for leg in combos.read(self.spread)]

    def _trade(self, bought: Quote, sold: Quote) -> None:
        held, waits = self.position(bought.symbol), self.pending(bought.symbol)
        if not (held or waits) and bought.ask and sold.bid:
            self.buy(self.spread, 1, limit=round(bought.ask - sold.bid, 4), tif="IOC")
            self.sell_ns = self.clock.now_ns() + int(self.parameters.hold_s * 1e9)
        elif held and not waits and self.clock.now_ns() >= self.sell_ns and bought.bid and sold.ask:
            self.sell(self.spread, held, limit=round(bought.bid - sold.ask, 4), tif="IOC")
