"""Closing positions: nothing is sold twice, whatever still works on the symbol.

What must not go wrong
----------------------
A strategy holds 100 and a stop for 100 works at the broker. If `close` sold 100 at once, the stop
could fill in the same moment, and the strategy would be 100 short. So a close cancels what works on
the symbol, and its own order waits until nothing else can trade there:

*   **No order works, or may.** An order that the strategy's portfolio has as live could still fill.
*   **No signal is on its way.** One that nobody has answered may have become an order. That holds
    as well for one that was given up: it was delivered, and its answer may be late. The cancel of
    such a signal makes the executor answer it for good.
*   **All that was filled is counted.** The end of an order comes from the executor and its fills
    from the gateway, in whatever order. While the executor reports another filled quantity than the
    fills add up to, the position is not known.

A group closes what it has open itself, so that it stays protected until then; its exits are not
cancelled here.

The closing order is then for what is held. If that point is not reached within the lifetime of a
signal, the close expires, and the strategy gets an `OrderExpired`; it may close again.
"""

from typing import Any, NamedTuple

from tapewire.common.accounting.book import ZERO
from tapewire.common.clock import Now
from tapewire.common.delivery.outgoing import Outgoing
from tapewire.common.events import OrderExpired, OrderTerms, Signal
from tapewire.strategy.portfolio import Portfolio


class Closing(NamedTuple):
    """A close under way: its order's signal but for the terms; `ends_ns` is monotonic."""

    signal: dict[str, Any]
    ends_ns: int


class Closings:
    """The closes of one strategy that wait for its orders to end, by symbol. `ttl_ns` is how long
    a close waits, and how long the signal of its order lives from then on."""

    def __init__(self, portfolio: Portfolio, outgoing: Outgoing, ttl_ns: int) -> None:
        self._portfolio = portfolio
        self._outgoing = outgoing
        self._ttl_ns = ttl_ns
        self._under_way: dict[str, Closing] = {}

    def __bool__(self) -> bool:
        return bool(self._under_way)

    def of(self, symbol: str) -> str:
        """The id of the close of `symbol` that is under way; empty if there is none."""
        one = self._under_way.get(symbol)
        return one.signal["id"] if one is not None else ""

    def in_the_way(self, symbol: str) -> list[str]:
        """The orders and signals on `symbol` that could still trade, by their signals' ids."""
        unanswered = self._outgoing.may_trade(symbol)
        orders = [one for one in self._portfolio.live_orders() if one.trades(symbol)]
        groups = [one.id for one in self._portfolio.live_groups() if one.trades(symbol)]
        return unanswered + groups + [one.id for one in orders if one.group not in groups]

    def account_of(self, symbol: str) -> str:
        """The account that holds `symbol`; ValueError if several do, for an order has one."""
        accounts = self._portfolio.holders(symbol)
        if len(accounts) > 1:
            raise ValueError(
                f"{symbol} is held in {' and '.join(accounts)}; a close trades in one account"
            )
        return accounts[0] if accounts else ""

    def ask(self, now: Now, **signal: Any) -> str:
        """A close begins; `signal` are its order's fields but for the terms. Returns its id."""
        self._under_way[signal["symbol"]] = Closing(signal, now.mono_ns + self._ttl_ns)
        return str(signal["id"])

    def release(self, now: Now) -> list[OrderExpired]:
        """Send the closing orders whose way is free; returns the closes that end without one."""
        ended = []
        for symbol, one in list(self._under_way.items()):
            reason = self._waits_for(symbol)
            if reason and now.mono_ns <= one.ends_ns:
                continue
            del self._under_way[symbol]
            held = self._portfolio.position(symbol)
            if not held:
                reason = reason or f"nothing of {symbol} is held any more"
            if reason:
                ended.append(_ended(one, reason, now))
            else:
                terms = OrderTerms("SELL" if held > ZERO else "BUY", abs(held))
                self._outgoing.add(self._signal(one, terms, now), now)
        return ended

    def _waits_for(self, symbol: str) -> str:
        """Why a close of `symbol` cannot go yet, in a sentence; empty if it can."""
        if self.in_the_way(symbol):
            return f"the orders and signals on {symbol} were not over in time; close it again"
        if not self._portfolio.is_settled(symbol):
            return f"the fills of an order on {symbol} did not arrive in time; close it again"
        return ""

    def _signal(self, one: Closing, terms: OrderTerms, now: Now) -> Signal:
        """The signal of the closing order; it begins its life now."""
        lives = {
            "ts_ns": now.wall_ns,
            "expires_ns": now.wall_ns + self._ttl_ns,
            "expires_mono_ns": now.mono_ns + self._ttl_ns,
        }
        return Signal(terms=terms, **{**one.signal, **lives})


def _ended(one: Closing, reason: str, now: Now) -> OrderExpired:
    signal = one.signal
    return OrderExpired(now.wall_ns, signal["account"], signal["id"], signal["strategy"], reason)
