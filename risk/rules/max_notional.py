"""MaxNotional: what the positions of an account are worth, with all that could still fill.

    gross   the worst that each position could come to, long or short, all added up
    net     the worst that long and short ones could come to together, on either side

Each is quantity times newest price times multiplier, of the instruments in one currency: amounts in
two are not added up, so each needs a rule of its own. A price below zero counts with its size.

It fails closed. Without a price of something that is held or ordered, nobody can tell what that is
worth. Then no order that adds risk passes the gateway, and after `missing_ms` risk says so, and
halts where anything is halted for this rule; nothing is closed because of a price that is missing.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

import msgspec

from tapewire.common.accounting.book import ZERO, Key
from tapewire.common.accounting.exposure import Exposure
from tapewire.common.events import EVERYTHING, Scope, SubmitOrder
from tapewire.risk.rules.base import ADDS_RISK, AccountRule, Reading, Violation, positive_limit
from tapewire.risk.rules.confirmation import Confirmation
from tapewire.risk.rules.enforcement import HALT, Enforcement
from tapewire.risk.rules.spans import Span, certain, worst
from tapewire.risk.rules.view import View


class MaxNotionalParameters(msgspec.Struct, frozen=True):
    """`gross`, `net`: money in `currency`, above 0; at least one of them. It is broken once it has
    been for `confirm_ms` and over `confirm_marks` new prices, if prices alone have done it, and
    after `missing_ms` without a price nothing may add risk."""

    gross: Decimal | None = None
    net: Decimal | None = None
    currency: str = "USD"
    confirm_ms: int = 1000
    confirm_marks: int = 2
    missing_ms: int = 5000


class Worth(NamedTuple):
    """What an account could come to; `missing` are the symbols of which nobody can tell."""

    gross: Decimal
    net: Decimal
    missing: tuple[str, ...] = ()


Prices = Mapping[str, Decimal]


class MaxNotional(AccountRule):
    """What the positions of an account are worth must stay within `gross` and `net`.

    What became too much by a fill or an order is broken at once. What became so by a price alone
    may be one bad tick, and has to be confirmed; so has what is found at a start.
    """

    Parameters = MaxNotionalParameters
    looks_at = ADDS_RISK
    reduces = True
    watches_marks = True

    def __init__(
        self,
        parameters: MaxNotionalParameters,
        scope: Scope = EVERYTHING,
        enforcement: Enforcement = HALT,
    ) -> None:
        super().__init__(parameters, scope, enforcement)
        given = {"gross": parameters.gross, "net": parameters.net}
        self.limits = {k: positive_limit(self.name, one) for k, one in given.items() if one}
        if not self.limits or len(self.limits) < sum(one is not None for one in given.values()):
            raise ValueError(f"{self.name} needs gross or net, or both, above 0")
        self.currency = parameters.currency
        ms, marks = parameters.confirm_ms, parameters.confirm_marks
        self._over: Confirmation[str] = Confirmation(ms, marks)
        self._found: Confirmation[str] = Confirmation(ms, 0)
        self._missing: Confirmation[str] = Confirmation(parameters.missing_ms, 0)
        self._prices: dict[str, Prices] = {}  # at which an account was within its limits last
        self._started = False  # everything was looked at once
        self._unsure: set[str] = set()  # accounts that have not been within them since then

    # ---- before --------------------------------------------------------------------------------

    def denial(self, order: SubmitOrder, view: View) -> str:
        """Deny an order that could bring the account further beyond a limit; never an exit."""
        return self.combo_denial(order, view)

    def combo_denial(self, combo: SubmitOrder, view: View) -> str:
        """What all of its legs could add counts together."""
        legs = [leg for leg in combo.singles if self._counts(leg.symbol, view)]
        if not (legs and view.sees_market) or view.is_reducing(combo):
            return ""
        keys = {*self._keys(combo.account, view), *((leg.account, leg.symbol) for leg in legs)}
        before = {key: view.exposure(*key) for key in keys}
        after = before.copy()
        for leg in legs:
            key = (leg.account, leg.symbol)
            after[key] = after[key].with_order(leg.terms)
        worth = self._worth(after, worst, view)
        if worth.missing:
            return f"{self.name}: {_unknown(worth)}"
        return self._too_much_more(worth, before, view)

    def _too_much_more(self, worth: Worth, before: Mapping[Key, Exposure], view: View) -> str:
        for kind, limit in self.limits.items():
            amount = getattr(worth, kind)
            if amount > limit and amount > getattr(self._worth(before, worst, view), kind):
                return f"{self.name}: with this order {self._sentence(kind, amount)}"
        return ""

    # ---- after ---------------------------------------------------------------------------------

    def on_timer(self, view: View) -> Iterable[Violation]:
        """Every account."""
        yield from super().on_timer(view)
        self._started = True

    def readings(self, view: View) -> Iterable[Reading]:
        """Of every account that the rule is about, the limit of which most is used."""
        for account in sorted(view.accounts()):
            if self.scope.account not in ("", account):
                continue
            worth = self._worth(self._exposures(account, view), certain, view)
            kind = max(self.limits, key=lambda one: getattr(worth, one) / self.limits[one])
            used = None if worth.missing else getattr(worth, kind)
            unit = f"{self.currency} {kind}"
            yield self.reading(used, self.limits[kind], account, "", unit)

    def broken(self, account: str, view: View) -> Iterable[Violation]:
        """See `AccountRule.broken`."""
        if self.scope.account not in ("", account):
            return
        exposures = self._exposures(account, view)
        worth = self._worth(exposures, certain, view)
        broken = self._too_much(worth)
        marks = sum(view.marks(symbol) for _, symbol in exposures)
        confirmed = self._over.holds(account, bool(broken), marks, view)
        if not self._started and (broken or worth.missing):
            self._unsure.add(account)
        if not broken:
            self._within(account, exposures, view, is_known=not worth.missing)
        elif confirmed or self._is_certain(account, exposures, view):
            sentence, symbol, allowed = self._sentence(broken, getattr(worth, broken)), "", None
            if self.enforcement.trades_position:
                symbol, allowed = self._largest(exposures, broken, view)
            yield self.violation(sentence, account=account, position=symbol, allowed=allowed)
        if self._missing.holds(account, bool(worth.missing), 0, view) and not broken:
            one = self.violation(_unknown(worth), account=account)
            yield one._replace(enforcement=HALT) if self.enforcement.halts else one

    def _within(
        self, account: str, exposures: Iterable[Key], view: View, *, is_known: bool
    ) -> None:
        """An account is within its limits, at these prices."""
        newest = {symbol: view.price(symbol) for _, symbol in exposures}
        self._prices[account] = {s: price[0] for s, price in newest.items() if price is not None}
        self._found.forget(account)
        if is_known:
            self._unsure.discard(account)

    def _is_certain(self, account: str, exposures: Mapping[Key, Exposure], view: View) -> bool:
        """Whether it is too much at the prices at which it was not, too."""
        if account in self._unsure:
            return self._found.holds(account, is_true=True, marks=0, view=view)
        prices = self._prices.get(account, {})
        return bool(self._too_much(self._worth(exposures, certain, view, prices)))

    def _too_much(self, worth: Worth) -> str:
        """The kind of which it is too much; "" if it is none. What is missing can only add to what
        is gross, and make any difference to what is net."""
        for kind, limit in self.limits.items():
            if getattr(worth, kind) > limit and (kind == "gross" or not worth.missing):
                return kind
        return ""

    # ---- what it is worth ----------------------------------------------------------------------

    def _counts(self, symbol: str, view: View) -> bool:
        """Whether a symbol is in the currency; of one that is not configured nobody can tell."""
        if self.scope.symbol not in ("", symbol):
            return False
        instrument = view.instrument(symbol)
        return instrument is None or instrument.currency == self.currency

    def _keys(self, account: str, view: View) -> list[Key]:
        return [key for key in view.keys(account) if self._counts(key[1], view)]

    def _exposures(self, account: str, view: View) -> dict[Key, Exposure]:
        return {key: view.exposure(*key) for key in self._keys(account, view)}

    def _worth(
        self,
        exposures: Mapping[Key, Exposure],
        span: Callable[[Exposure], Span],
        view: View,
        prices: Prices | None = None,
    ) -> Worth:
        """What these could come to, at `prices` where it is in them, else at the newest."""
        gross = highest = lowest = ZERO
        missing: list[str] = []
        for (_, symbol), exposure in exposures.items():
            most, high, low = span(exposure)
            if not most:
                continue
            unit = _unit(symbol, view, prices)
            if unit is None:
                missing.append(symbol)
                continue
            gross += most * unit
            highest, lowest = highest + high * unit, lowest + low * unit
        return Worth(gross, max(highest, -lowest), tuple(sorted(missing)))

    def _largest(
        self, exposures: Mapping[Key, Exposure], kind: str, view: View
    ) -> tuple[str, Decimal | None]:
        """The position that is worth most, on the side of which it is too much, and how much of it
        may stay beside the others; "" and None where that cannot be told. Where what is held is not
        too much, that in which orders could add most, all of which may stay."""
        worth: dict[str, Decimal] = {}
        for (_, symbol), exposure in exposures.items():
            unit = _unit(symbol, view)
            if exposure.held and unit is None:
                return "", None
            worth[symbol] = exposure.held * (unit or ZERO)
        total = sum(map(abs, worth.values()) if kind == "gross" else worth.values(), ZERO)
        if abs(total) <= self.limits[kind]:
            return self._most_ordered(exposures, view)
        side = {s: one for s, one in worth.items() if one and (kind == "gross" or one * total > 0)}
        symbol = max(sorted(side), key=lambda one: abs(side[one]))
        left = abs(side[symbol]) - (abs(total) - self.limits[kind])
        return symbol, left / (_unit(symbol, view) or ZERO)

    @staticmethod
    def _most_ordered(exposures: Mapping[Key, Exposure], view: View) -> tuple[str, Decimal]:
        held = {symbol: abs(one.held) for (_, symbol), one in exposures.items()}
        more = {
            symbol: (one.certain - held[symbol]) * (_unit(symbol, view) or ZERO)
            for (_, symbol), one in exposures.items()
        }
        symbol = max(sorted(more), key=lambda one: more[one])
        return symbol, held[symbol]

    def _sentence(self, kind: str, worth: Decimal) -> str:
        return (
            f"the account is or could get worth {worth:.2f} {self.currency} {kind}, the limit is"
            f" {self.limits[kind]:f}"
        )


def _unit(symbol: str, view: View, prices: Prices | None = None) -> Decimal | None:
    """What one of a symbol is worth, at `prices` where it is in them, else at the newest."""
    instrument = view.instrument(symbol)
    price = prices.get(symbol) if prices is not None else None
    if price is None and (newest := view.price(symbol)) is not None:
        price = newest[0]
    if instrument is None or price is None:
        return None
    return abs(price) * instrument.multiplier


def _unknown(worth: Worth) -> str:
    symbols = ", ".join(worth.missing)
    return f"what the account is worth is not known: there is no price of {symbols}"
