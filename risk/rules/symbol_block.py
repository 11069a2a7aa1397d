"""SymbolBlock: symbols that must not be traded.

A position that is there when a symbol is blocked may stay and may be closed. What it was is kept
over restarts, and becomes smaller as the position does: so whatever makes it larger again is found,
also if it happened while risk was down.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from tapewire.common.accounting.book import ZERO
from tapewire.common.events import (
    EVERYTHING,
    Event,
    Fill,
    PositionReported,
    Scope,
    SubmitOrder,
)
from tapewire.risk.rules.base import Rule, Violation, keys_of
from tapewire.risk.rules.enforcement import HALT, Enforcement
from tapewire.risk.rules.view import View

Allowed = dict[str, dict[str, Decimal]]
"""The position that may stay, by symbol and account."""


class SymbolBlockParameters(msgspec.Struct, frozen=True):
    """`symbols`: at least one."""

    symbols: tuple[str, ...]


class SymbolBlock(Rule):
    """Orders in `symbols` are denied if they add risk, and no position in them may grow."""

    Parameters = SymbolBlockParameters
    looks_at = (Fill, PositionReported)
    rests_with = "ticks"

    def __init__(
        self,
        parameters: SymbolBlockParameters,
        scope: Scope = EVERYTHING,
        enforcement: Enforcement = HALT,
    ) -> None:
        super().__init__(parameters, scope, enforcement)
        if not all(parameters.symbols) or not parameters.symbols:
            raise ValueError(f"{self.name} symbols is empty; name the symbols that are blocked")
        self.symbols = frozenset(parameters.symbols)
        self._allowed: Allowed = {}

    def denial(self, order: SubmitOrder, view: View) -> str:
        """Deny what could add risk in a blocked symbol."""
        if order.symbol not in self.symbols or view.is_reducing(order):
            return ""
        return f"{self.name}: {order.symbol} is blocked, and this order could add risk"

    def on_event(self, event: Event, view: View) -> Iterable[Violation]:
        """The positions that the event is about."""
        for account, symbol in keys_of(event):
            if symbol in self._allowed:  # the first check of everything comes before
                yield from self._broken(account, symbol, view)

    def on_timer(self, view: View) -> Iterable[Violation]:
        """Every position in a blocked symbol."""
        keys = [key for key in view.keys() if key[1] in self.symbols]  # noqa: SIM118
        for symbol in self.symbols - self._allowed.keys():
            held = {account: view.held(account, symbol) for account, of in keys if of == symbol}
            self._allowed[symbol] = {account: held[account] for account in held if held[account]}
        for account, symbol in keys:
            yield from self._broken(account, symbol, view)

    def _broken(self, account: str, symbol: str, view: View) -> Iterable[Violation]:
        if not self.scope.covers(account, self.scope.strategy, symbol):
            return
        allowed, held = self._allowed[symbol], view.held(account, symbol)
        before = allowed.get(account, ZERO)
        if held * before < 0 or abs(held) > abs(before):
            reason = f"{symbol} is blocked, and its position has grown from {before:f} to {held:f}"
            yield self.violation(reason, account=account, position=symbol)
        elif held != before:
            allowed[account] = held
            if not held:
                del allowed[account]

    def save(self) -> bytes:
        """The positions that may stay."""
        return msgspec.json.encode(self._allowed, order="sorted") if self._allowed else b""

    def restore(self, state: bytes) -> None:
        """Take them back; a symbol that is not blocked any more has none."""
        saved = msgspec.json.decode(state, type=Allowed)
        self._allowed = {symbol: saved[symbol] for symbol in saved if symbol in self.symbols}
